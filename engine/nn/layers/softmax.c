#include <glib/gi18n-lib.h>

#include "engine/nn/layers/layers.h"

/* Softmax: any shape, unchanged; numbers along the axis become probabilities that sum to 1. Axes count
 * as in Keras, the batch being axis 0; negative ones from the end. */

static const LwField fields[] = {
  { .key = "axis",
    .label = N_("Axis"),
    .type = LW_FIELD_INT,
    .standard = { .i = -1 },
    .minimum = -LW_MAX_RANK,
    .maximum = LW_MAX_RANK - 1,
    .rare = TRUE,
    .brief = N_("axis %s"),
    .silent = &(const LwFieldValue) { .i = -1 } },
};

static gboolean
infer (const LwSpec *layer, const LwShape *input, LwLayerInfo *info, LwLayerFault *fault)
{
  if (lw_layer_get_axis (layer, input->rank, fault) < 0)
    return FALSE;
  *info = (LwLayerInfo) { .output = *input };
  info->flops
    = lw_activation_get_flops (LW_ACTIVATION_SOFTMAX, lw_shape_get_volume (input));
  return TRUE;
}

static LwTensor *
call (LwScope *s, const LwSpec *layer, LwTensor *x, LwVariable *const *weights, gboolean training,
      LwRng *rng)
{
  const int axis = lw_layer_get_axis (layer, lw_tensor_get_rank (x) - 1, NULL);

  if (axis == lw_tensor_get_rank (x) - 1)
    return lw_softmax (s, x);
  return lw_softmax_over (s, x, (int) lw_spec_get_int (layer, "axis"));
}

const LwLayerClass lw_softmax_class = {
  .spec = { .family = LW_SPEC_LAYER,
            .class_name = "Softmax",
            .snake_name = "softmax",
            .label = "Softmax",
            .summary = N_("Turns a row of numbers into probabilities that sum to one"),
            .group = N_("Core"),
            .fields = fields,
            .n_fields = G_N_ELEMENTS (fields) },
  .infer = infer,
  .call = call,
};
