#include <glib/gi18n-lib.h>

#include "engine/nn/layers/layers.h"

/* Rescaling: x · scale + offset for every number, any shape, unchanged; the same in training and
 * prediction. */

static const LwField fields[] = {
  { .key = "scale",
    .label = N_("Scale"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 1.0 / 255.0 },
    .minimum = -1e30,
    .maximum = 1e30,
    .required = TRUE,
    .brief = N_("times %s") },
  { .key = "offset",
    .label = N_("Offset"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 0.0 },
    .minimum = -1e30,
    .maximum = 1e30,
    .brief = N_("plus %s"),
    .silent = &lw_float_zero },
};

static gboolean
infer (const LwSpec *layer, const LwShape *input, LwLayerInfo *info, LwLayerFault *fault)
{
  *info = (LwLayerInfo) { .output = *input };
  info->flops = 2.0 * lw_shape_get_volume (input);
  return TRUE;
}

static LwTensor *
call (LwScope *s, const LwSpec *layer, LwTensor *x, LwVariable *const *weights, gboolean training,
      LwRng *rng)
{
  const LwDType dtype = lw_tensor_get_dtype (x);
  const double  scale = lw_spec_get_float (layer, "scale");
  const double  offset = lw_spec_get_float (layer, "offset");

  x = lw_multiply (s, x, lw_constant_scalar (s, dtype, scale));
  return offset == 0 ? x : lw_add (s, x, lw_constant_scalar (s, dtype, offset));
}

const LwLayerClass lw_rescaling_class = {
  .spec = { .family = LW_SPEC_LAYER,
            .class_name = "Rescaling",
            .snake_name = "rescaling",
            .label = "Rescaling",
            .summary = N_("Multiplies every number by a scale and adds an offset"),
            .group = N_("Core"),
            .fields = fields,
            .n_fields = G_N_ELEMENTS (fields) },
  .infer = infer,
  .call = call,
};
