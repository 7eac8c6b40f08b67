#include <glib/gi18n-lib.h>

#include "engine/nn/layers/layers.h"

/* Activation: any shape, unchanged; softmax runs over the last axis. */

static const LwField fields[] = {
  { .key = "activation",
    .label = N_("Activation"),
    .type = LW_FIELD_CHOICE,
    .standard = { .choice = LW_ACTIVATION_RELU },
    .choices = lw_activations,
    .required = TRUE,
    .brief = "%s" },
};

static gboolean
infer (const LwSpec *layer, const LwShape *input, LwLayerInfo *info, LwLayerFault *fault)
{
  *info = (LwLayerInfo) { .output = *input };
  info->flops
    = lw_activation_get_flops (lw_layer_get_activation (layer), lw_shape_get_volume (input));
  return TRUE;
}

static LwTensor *
call (LwScope *s, const LwSpec *layer, LwTensor *x, LwVariable *const *weights, gboolean training,
      LwRng *rng)
{
  return lw_activate (s, x, lw_layer_get_activation (layer));
}

const LwLayerClass lw_activation_class = {
  .spec = { .family = LW_SPEC_LAYER,
            .class_name = "Activation",
            .snake_name = "activation",
            .label = "Activation",
            .summary = N_("Applies a function to every number"),
            .group = N_("Core"),
            .fields = fields,
            .n_fields = G_N_ELEMENTS (fields) },
  .infer = infer,
  .call = call,
};
