#include <glib/gi18n-lib.h>

#include "engine/nn/layers/layers.h"

/* MaxPooling2D and AveragePooling2D: height×width×channels to height'×width'×channels. Strides of
 * None are the pool's size. The two differ only in what they make of a window. */

static const LwField fields[] = {
  { .key = "pool_size",
    .label = N_("Pool"),
    .type = LW_FIELD_PAIR,
    .standard = { .pair = { 2, 2 } },
    .minimum = 1,
    .maximum = 512,
    .brief = "%s" },
  { .key = "strides",
    .label = N_("Strides"),
    .type = LW_FIELD_PAIR,
    .standard = { .pair = { 0, 0 } },
    .minimum = 1,
    .maximum = 512,
    .optional = TRUE,
    .brief = N_("stride %s"),
    .silent = &lw_pair_none },
  { .key = "padding",
    .label = N_("Padding"),
    .type = LW_FIELD_CHOICE,
    .standard = { .choice = LW_PADDING_VALID },
    .choices = lw_paddings,
    .brief = "%s",
    .silent = &lw_choice_first },
};

static gboolean
infer (const LwSpec *layer, const LwShape *input, LwLayerInfo *info, LwLayerFault *fault)
{
  const gint64 dilation[2] = { 1, 1 };
  gint64       pool[2];
  gint64       strides[2];

  lw_spec_get_pair (layer, "pool_size", pool);
  lw_spec_get_pair (layer, "strides", strides);
  if (strides[0] == 0)
    {
      strides[0] = pool[0];
      strides[1] = pool[1];
    }

  *info = (LwLayerInfo) { 0 };
  if (!lw_layer_slide (layer, _("pool"), input, pool, strides, dilation, &info->output, fault))
    return FALSE;

  info->flops = lw_shape_get_volume (&info->output) * (double) (pool[0] * pool[1]);
  return TRUE;
}

static LwTensor *
call_max (LwScope *s, const LwSpec *layer, LwTensor *x, LwVariable *const *weights,
          gboolean training, LwRng *rng)
{
  const LwPooling pooling = lw_layer_get_pooling (layer);

  return lw_max_pool2d (s, x, &pooling);
}

const LwLayerClass lw_max_pooling2d_class = {
  .spec = { .family = LW_SPEC_LAYER,
            .class_name = "MaxPooling2D",
            .snake_name = "max_pooling2d",
            .label = "MaxPooling2D",
            .summary = N_("Keeps the largest value of each small window, so the image shrinks"),
            .group = N_("Pooling"),
            .fields = fields,
            .n_fields = G_N_ELEMENTS (fields) },
  .infer = infer,
  .call = call_max,
};

static LwTensor *
call_average (LwScope *s, const LwSpec *layer, LwTensor *x, LwVariable *const *weights,
              gboolean training, LwRng *rng)
{
  const LwPooling pooling = lw_layer_get_pooling (layer);

  return lw_average_pool2d (s, x, &pooling);
}

const LwLayerClass lw_average_pooling2d_class = {
  .spec = { .family = LW_SPEC_LAYER,
            .class_name = "AveragePooling2D",
            .snake_name = "average_pooling2d",
            .label = "AveragePooling2D",
            .summary = N_("Averages each small window, so the image shrinks"),
            .group = N_("Pooling"),
            .fields = fields,
            .n_fields = G_N_ELEMENTS (fields) },
  .infer = infer,
  .call = call_average,
};
