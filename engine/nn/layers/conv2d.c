#include <glib/gi18n-lib.h>

#include "engine/nn/layers/layers.h"

/* Conv2D: height×width×channels to height'×width'×filters. Kernel (kh, kw, channels, filters), bias
 * (filters). */

static const LwField fields[] = {
  { .key = "filters",
    .label = N_("Filters"),
    .type = LW_FIELD_INT,
    .standard = { .i = 32 },
    .minimum = 1,
    .maximum = 65536,
    .required = TRUE,
    .brief = N_("%s filters") },
  { .key = "kernel_size",
    .label = N_("Kernel"),
    .type = LW_FIELD_PAIR,
    .standard = { .pair = { 3, 3 } },
    .minimum = 1,
    .maximum = 512,
    .required = TRUE,
    .brief = "%s" },
  { .key = "strides",
    .label = N_("Strides"),
    .type = LW_FIELD_PAIR,
    .standard = { .pair = { 1, 1 } },
    .minimum = 1,
    .maximum = 512,
    .rare = TRUE,
    .brief = N_("stride %s"),
    .silent = &lw_pair_one },
  { .key = "padding",
    .label = N_("Padding"),
    .type = LW_FIELD_CHOICE,
    .standard = { .choice = LW_PADDING_VALID },
    .choices = lw_paddings,
    .brief = "%s",
    .silent = &lw_choice_first },
  { .key = "dilation_rate",
    .label = N_("Dilation"),
    .type = LW_FIELD_PAIR,
    .standard = { .pair = { 1, 1 } },
    .minimum = 1,
    .maximum = 512,
    .rare = TRUE,
    .brief = N_("dilation %s"),
    .silent = &lw_pair_one },
  { .key = "activation",
    .label = N_("Activation"),
    .type = LW_FIELD_CHOICE,
    .standard = { .choice = LW_ACTIVATION_RELU },
    .keras = &lw_choice_first,
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
  const gint64   filters = lw_spec_get_int (layer, "filters");
  const gboolean use_bias = lw_spec_get_bool (layer, "use_bias");
  gint64         kernel[2];
  gint64         strides[2];
  gint64         dilation[2];
  gint64         channels;
  double         volume;

  lw_spec_get_pair (layer, "kernel_size", kernel);
  lw_spec_get_pair (layer, "strides", strides);
  lw_spec_get_pair (layer, "dilation_rate", dilation);

  if (MAX (strides[0], strides[1]) > 1 && MAX (dilation[0], dilation[1]) > 1)
    return lw_layer_fail (fault,
                          g_strdup_printf (_("%s has strides %d×%d and dilation %d×%d, which do not "
                                              "go together; set one of them to 1×1."),
                                           lw_layer_get_title (layer), (int) strides[0],
                                           (int) strides[1], (int) dilation[0], (int) dilation[1]),
                          LW_FIX_SET_DILATION, LW_FIX_REMOVE_LAYER);

  *info = (LwLayerInfo) { 0 };
  if (!lw_layer_slide (layer, _("kernel"), input, kernel, strides, dilation, &info->output, fault))
    return FALSE;

  channels = input->dims[2];
  info->output.dims[2] = filters;
  info->n_weights = use_bias ? 2 : 1;
  info->weights[0] = (LwWeightInfo) {
    .name = "kernel",
    .shape = LW_SHAPE (kernel[0], kernel[1], channels, filters),
    .initializer = lw_layer_get_initializer (layer, "kernel_initializer"),
    .fan_in = kernel[0] * kernel[1] * channels,
    .fan_out = kernel[0] * kernel[1] * filters,
    .trainable = TRUE,
    .l2 = lw_layer_get_l2 (layer),
  };
  if (use_bias)
    info->weights[1] = (LwWeightInfo) {
      .name = "bias",
      .shape = LW_SHAPE (filters),
      .initializer = lw_layer_get_initializer (layer, "bias_initializer"),
      .fan_in = filters,
      .fan_out = filters,
      .trainable = TRUE,
    };

  volume = lw_shape_get_volume (&info->output);
  info->flops = volume * (2.0 * (double) (kernel[0] * kernel[1] * channels) + use_bias)
                + lw_activation_get_flops (lw_layer_get_activation (layer), volume);
  return TRUE;
}

static LwTensor *
call (LwScope *s, const LwSpec *layer, LwTensor *x, LwVariable *const *weights, gboolean training,
      LwRng *rng)
{
  LwConv2d conv = { .padding = lw_layer_get_padding (layer) };
  gint64   strides[2];
  gint64   dilation[2];

  lw_spec_get_pair (layer, "strides", strides);
  lw_spec_get_pair (layer, "dilation_rate", dilation);
  for (int i = 0; i < 2; i++)
    {
      conv.strides[i] = (int) strides[i];
      conv.dilation[i] = (int) dilation[i];
    }
  return lw_conv2d (s, x, lw_variable_read (s, weights[0]),
                    lw_spec_get_bool (layer, "use_bias") ? lw_variable_read (s, weights[1]) : NULL,
                    &conv, lw_layer_get_activation (layer));
}

const LwLayerClass lw_conv2d_class = {
  .spec = { .family = LW_SPEC_LAYER,
            .class_name = "Conv2D",
            .snake_name = "conv2d",
            .label = "Conv2D",
            .summary = N_("Slides small filters over the image and looks for their patterns"),
            .group = N_("Convolution"),
            .fields = fields,
            .n_fields = G_N_ELEMENTS (fields) },
  .infer = infer,
  .call = call,
};
