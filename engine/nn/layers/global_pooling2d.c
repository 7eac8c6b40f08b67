#include <glib/gi18n-lib.h>

#include "engine/nn/layers/layers.h"

/* GlobalAveragePooling2D and GlobalMaxPooling2D: height×width×channels to channels, or to 1×1×channels
 * with keepdims; height and width may be None. */

static const LwField fields[] = {
  { .key = "keepdims",
    .label = N_("Keep dimensions"),
    .type = LW_FIELD_BOOL,
    .standard = { .b = FALSE },
    .rare = TRUE,
    .brief = N_("keepdims"),
    .silent = &lw_false },
};

static gboolean
infer (const LwSpec *layer, const LwShape *input, LwLayerInfo *info, LwLayerFault *fault)
{
  *info = (LwLayerInfo) { 0 };
  if (!lw_layer_needs_image (layer, input, fault))
    return FALSE;

  if (lw_spec_get_bool (layer, "keepdims"))
    info->output = LW_SHAPE (1, 1, input->dims[2]);
  else
    info->output = LW_SHAPE (input->dims[2]);
  info->flops = lw_shape_get_volume (input);
  return TRUE;
}

static LwTensor *
call_average (LwScope *s, const LwSpec *layer, LwTensor *x, LwVariable *const *weights,
              gboolean training, LwRng *rng)
{
  return lw_global_average_pool2d (s, x, lw_spec_get_bool (layer, "keepdims"));
}

const LwLayerClass lw_global_average_pooling2d_class = {
  .spec = { .family = LW_SPEC_LAYER,
            .class_name = "GlobalAveragePooling2D",
            .snake_name = "global_average_pooling2d",
            .label = "GlobalAveragePooling2D",
            .summary = N_("Averages each channel over the whole image, whatever its size"),
            .group = N_("Pooling"),
            .fields = fields,
            .n_fields = G_N_ELEMENTS (fields) },
  .infer = infer,
  .call = call_average,
};

static LwTensor *
call_max (LwScope *s, const LwSpec *layer, LwTensor *x, LwVariable *const *weights,
          gboolean training, LwRng *rng)
{
  return lw_global_max_pool2d (s, x, lw_spec_get_bool (layer, "keepdims"));
}

const LwLayerClass lw_global_max_pooling2d_class = {
  .spec = { .family = LW_SPEC_LAYER,
            .class_name = "GlobalMaxPooling2D",
            .snake_name = "global_max_pooling2d",
            .label = "GlobalMaxPooling2D",
            .summary = N_("Keeps the largest value of each channel, wherever it is in the image"),
            .group = N_("Pooling"),
            .fields = fields,
            .n_fields = G_N_ELEMENTS (fields) },
  .infer = infer,
  .call = call_max,
};
