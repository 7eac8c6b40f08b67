#include <glib/gi18n-lib.h>
#include <math.h>

#include "engine/nn/layers/layers.h"

/* ReLU: any shape, unchanged, as keras.layers.ReLU:
 *   max_value                           where x >= max_value (None: nowhere)
 *   x                                   where threshold <= x < max_value
 *   negative_slope · (x - threshold)    elsewhere */

static const LwField fields[] = {
  { .key = "max_value",
    .label = N_("Largest"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = NAN },
    .minimum = 0,
    .maximum = 1e30,
    .optional = TRUE,
    .brief = N_("at most %s"),
    .silent = &(const LwFieldValue) { .x = NAN } },
  { .key = "negative_slope",
    .label = N_("Negative slope"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 0.0 },
    .minimum = 0,
    .maximum = 1000,
    .brief = N_("slope %s"),
    .silent = &lw_float_zero },
  { .key = "threshold",
    .label = N_("Threshold"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 0.0 },
    .minimum = 0,
    .maximum = 1e30,
    .brief = N_("from %s"),
    .silent = &lw_float_zero },
};

static gboolean
infer (const LwSpec *layer, const LwShape *input, LwLayerInfo *info, LwLayerFault *fault)
{
  *info = (LwLayerInfo) { .output = *input };
  info->flops = lw_activation_get_flops (LW_ACTIVATION_RELU, lw_shape_get_volume (input));
  return TRUE;
}

static LwTensor *
call (LwScope *s, const LwSpec *layer, LwTensor *x, LwVariable *const *weights, gboolean training,
      LwRng *rng)
{
  const double max_value = lw_spec_get_float (layer, "max_value");
  const double slope = lw_spec_get_float (layer, "negative_slope");
  const double threshold = lw_spec_get_float (layer, "threshold");

  if (isnan (max_value) && slope == 0 && threshold == 0)
    return lw_relu (s, x);
  return lw_relu_with (s, x, slope, isnan (max_value) ? INFINITY : max_value, threshold);
}

const LwLayerClass lw_re_lu_class = {
  .spec = { .family = LW_SPEC_LAYER,
            .class_name = "ReLU",
            .snake_name = "re_lu",
            .label = "ReLU",
            .summary = N_("Lets positive numbers through and cuts off negative ones"),
            .group = N_("Core"),
            .fields = fields,
            .n_fields = G_N_ELEMENTS (fields) },
  .infer = infer,
  .call = call,
};
