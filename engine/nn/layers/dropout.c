#include <glib/gi18n-lib.h>

#include "engine/nn/layers/layers.h"

/* Dropout: any shape, unchanged. In training each number is zero with probability `rate`, the others
 * are divided by 1 - rate. */

static const LwField fields[] = {
  { .key = "rate",
    .label = N_("Rate"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 0.5 },
    .minimum = 0.0,
    .maximum = 0.999, /* at 1 nothing would be left to scale up */
    .required = TRUE,
    .brief = N_("rate %s") },
};

static gboolean
infer (const LwSpec *layer, const LwShape *input, LwLayerInfo *info, LwLayerFault *fault)
{
  *info = (LwLayerInfo) { .output = *input };
  info->flops = lw_shape_get_volume (input);
  return TRUE;
}

static LwTensor *
call (LwScope *s, const LwSpec *layer, LwTensor *x, LwVariable *const *weights, gboolean training,
      LwRng *rng)
{
  const double rate = lw_spec_get_float (layer, "rate");

  return training && rate > 0 ? lw_dropout (s, x, rate, rng) : x;
}

const LwLayerClass lw_dropout_class = {
  .spec = { .family = LW_SPEC_LAYER,
            .class_name = "Dropout",
            .snake_name = "dropout",
            .label = "Dropout",
            .summary = N_("Leaves out random numbers in training, so that none is relied on too much"),
            .group = N_("Regularize"),
            .fields = fields,
            .n_fields = G_N_ELEMENTS (fields) },
  .draws = TRUE,
  .infer = infer,
  .call = call,
};
