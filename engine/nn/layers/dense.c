#include <glib/gi18n-lib.h>

#include "engine/nn/layers/layers.h"

/* Dense: …×inputs to …×units, on the last axis of any rank. Kernel (inputs, units), bias (units). */

static const LwField fields[] = {
  { .key = "units",
    .label = N_("Units"),
    .type = LW_FIELD_INT,
    .standard = { .i = 10 },
    .minimum = 1,
    .maximum = 65536,
    .required = TRUE,
    .brief = N_("%s units") },
  { .key = "activation",
    .label = N_("Activation"),
    .type = LW_FIELD_CHOICE,
    .standard = { .choice = LW_ACTIVATION_LINEAR },
    .choices = lw_activations,
    .brief = "%s",
    .silent = &lw_choice_first },
  { .key = "use_bias",
    .label = N_("Bias"),
    .type = LW_FIELD_BOOL,
    .standard = { .b = TRUE },
    .rare = TRUE,
    .brief = N_("no bias"),
    .silent = &lw_true },
  LW_KERNEL_INITIALIZER_FIELD,
  LW_BIAS_INITIALIZER_FIELD,
  LW_KERNEL_REGULARIZER_FIELD,
};

static gboolean
infer (const LwSpec *layer, const LwShape *input, LwLayerInfo *info, LwLayerFault *fault)
{
  const gint64   units = lw_spec_get_int (layer, "units");
  const gboolean use_bias = lw_spec_get_bool (layer, "use_bias");
  gint64         inputs;
  double         volume;

  g_return_val_if_fail (input->rank >= 1, FALSE);

  inputs = input->dims[input->rank - 1];
  if (inputs == LW_DIM_ANY)
    return lw_layer_fail (fault,
                          g_strdup_printf (_("%s needs a known number of inputs, but gets None "
                                              "because the input's height and width are None; set "
                                              "the input to 28×28 or use GlobalAveragePooling2D."),
                                           lw_layer_get_title (layer)),
                          LW_FIX_SET_INPUT_SIZE, LW_FIX_INSERT_GLOBAL_AVERAGE);

  *info = (LwLayerInfo) { .output = *input, .n_weights = use_bias ? 2 : 1 };
  info->output.dims[input->rank - 1] = units;
  info->weights[0] = (LwWeightInfo) {
    .name = "kernel",
    .shape = LW_SHAPE (inputs, units),
    .initializer = lw_layer_get_initializer (layer, "kernel_initializer"),
    .fan_in = inputs,
    .fan_out = units,
    .trainable = TRUE,
    .l2 = lw_layer_get_l2 (layer),
  };
  if (use_bias)
    info->weights[1] = (LwWeightInfo) {
      .name = "bias",
      .shape = LW_SHAPE (units),
      .initializer = lw_layer_get_initializer (layer, "bias_initializer"),
      .fan_in = units,
      .fan_out = units,
      .trainable = TRUE,
    };

  volume = lw_shape_get_volume (&info->output);
  info->flops = volume * (2.0 * (double) inputs + use_bias)
                + lw_activation_get_flops (lw_layer_get_activation (layer), volume);
  return TRUE;
}

static LwTensor *
call (LwScope *s, const LwSpec *layer, LwTensor *x, LwVariable *const *weights, gboolean training,
      LwRng *rng)
{
  return lw_dense (s, x, lw_variable_read (s, weights[0]),
                   lw_spec_get_bool (layer, "use_bias") ? lw_variable_read (s, weights[1]) : NULL,
                   lw_layer_get_activation (layer));
}

const LwLayerClass lw_dense_class = {
  .spec = { .family = LW_SPEC_LAYER,
            .class_name = "Dense",
            .snake_name = "dense",
            .label = "Dense",
            .summary = N_("Connects every input with every unit"),
            .group = N_("Core"),
            .fields = fields,
            .n_fields = G_N_ELEMENTS (fields) },
  .infer = infer,
  .call = call,
};
