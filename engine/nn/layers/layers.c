#include "engine/nn/layers/layers.h"

#include <glib/gi18n-lib.h>

const char *const lw_paddings[] = { "valid", "same", NULL };
const char *const lw_activations[]
  = { "linear", "relu", "softmax", "sigmoid", "tanh", "leaky_relu", "elu", "relu6", "softplus", "silu",
      "gelu", "log_softmax", NULL };
const char *const lw_initializers[]
  = { "zeros", "ones", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform",
      "lecun_normal", "random_normal", "random_uniform", "truncated_normal", NULL };

const LwFieldValue lw_choice_first = { .choice = 0 };
const LwFieldValue lw_pair_one = { .pair = { 1, 1 } };
const LwFieldValue lw_pair_none = { .pair = { 0, 0 } };
const LwFieldValue lw_float_zero = { .x = 0.0 };
const LwFieldValue lw_true = { .b = TRUE };
const LwFieldValue lw_false = { .b = FALSE };

static int
get_choice (const LwSpec *layer, const char *key)
{
  guint index = 0;

  g_return_val_if_fail (lw_spec_class_find (lw_spec_get_class (layer), key, &index) != NULL, 0);
  return lw_spec_get_value (layer, index)->choice;
}

LwPadding
lw_layer_get_padding (const LwSpec *layer)
{
  return (LwPadding) get_choice (layer, "padding");
}

LwPooling
lw_layer_get_pooling (const LwSpec *layer)
{
  LwPooling pooling = { .padding = lw_layer_get_padding (layer) };
  gint64    pool[2];
  gint64    strides[2];

  lw_spec_get_pair (layer, "pool_size", pool);
  lw_spec_get_pair (layer, "strides", strides);
  for (int i = 0; i < 2; i++)
    {
      pooling.pool_size[i] = (int) pool[i];
      pooling.strides[i] = (int) (strides[0] == 0 ? pool[i] : strides[i]);
    }
  return pooling;
}

LwActivation
lw_layer_get_activation (const LwSpec *layer)
{
  return (LwActivation) get_choice (layer, "activation");
}

LwInitializer
lw_layer_get_initializer (const LwSpec *layer, const char *key)
{
  return (LwInitializer) get_choice (layer, key);
}

double
lw_layer_get_l2 (const LwSpec *layer)
{
  return lw_spec_get_float (layer, "kernel_regularizer");
}

int
lw_layer_get_axis (const LwSpec *layer, int rank, LwLayerFault *fault)
{
  const gint64 given = lw_spec_get_int (layer, "axis");
  const gint64 axis = given < 0 ? given + rank + 1 : given;

  if (axis >= 1 && axis <= rank)
    return (int) axis;
  lw_layer_fail (fault,
                 g_strdup_printf (_("%s works along axis %d, but its input has %d axes behind the "
                                    "batch's; set axis to -1 or remove the layer."),
                                  lw_layer_get_title (layer), (int) given, rank),
                 LW_FIX_REMOVE_LAYER, LW_FIX_NONE);
  return -1;
}

gboolean
lw_layer_keeps_shape (const LwSpec *layer)
{
  static const LwLayerClass *const classes[]
    = { &lw_activation_class, &lw_re_lu_class,   &lw_softmax_class,
        &lw_rescaling_class,  &lw_dropout_class, &lw_batch_normalization_class };

  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    if (lw_spec_get_class (layer) == &classes[i]->spec)
      return TRUE;
  return FALSE;
}

const char *
lw_layer_get_title (const LwSpec *layer)
{
  const char *name = lw_spec_get_name (layer);

  return name != NULL ? name : lw_spec_get_class (layer)->class_name;
}

gboolean
lw_layer_fail (LwLayerFault *fault, char *message, LwFixKind first, LwFixKind second)
{
  if (fault != NULL)
    *fault = (LwLayerFault) { message, { first, second } };
  else
    g_free (message);
  return FALSE;
}

double
lw_activation_get_flops (LwActivation activation, double n)
{
  switch (activation)
    {
    case LW_ACTIVATION_RELU:
    case LW_ACTIVATION_RELU6:
    case LW_ACTIVATION_LEAKY_RELU:
      return n;
    case LW_ACTIVATION_SOFTMAX:
    case LW_ACTIVATION_SIGMOID:
    case LW_ACTIVATION_TANH:
    case LW_ACTIVATION_ELU:
    case LW_ACTIVATION_SILU:
    case LW_ACTIVATION_GELU:
    case LW_ACTIVATION_SOFTPLUS:
    case LW_ACTIVATION_LOG_SOFTMAX:
      /* An exponential is a polynomial of about ten operations. */
      return 12.0 * n;
    case LW_ACTIVATION_LINEAR:
    default:
      return 0.0;
    }
}

gboolean
lw_layer_needs_image (const LwSpec *layer, const LwShape *input, LwLayerFault *fault)
{
  g_autofree char *found = NULL;

  if (input->rank == 3)
    return TRUE;

  found = lw_shape_to_string (input);
  return lw_layer_fail (fault,
                        g_strdup_printf (_("%s needs an image of height×width×channels, but its "
                                            "input is %s; move it before Flatten or remove it."),
                                         lw_layer_get_title (layer), found),
                        LW_FIX_REMOVE_LAYER, LW_FIX_NONE);
}

gboolean
lw_layer_slide (const LwSpec *layer, const char *noun, const LwShape *input, const gint64 size[2],
                const gint64 strides[2], const gint64 dilation[2], LwShape *output,
                LwLayerFault *fault)
{
  const gboolean same = lw_layer_get_padding (layer) == LW_PADDING_SAME;
  gint64         reach[2];

  if (!lw_layer_needs_image (layer, input, fault))
    return FALSE;

  *output = *input;
  for (int i = 0; i < 2; i++)
    {
      const gint64 n = input->dims[i];

      reach[i] = (size[i] - 1) * dilation[i] + 1;
      if (n == LW_DIM_ANY)
        continue;
      if (same)
        output->dims[i] = n / strides[i] + (n % strides[i] != 0);
      else
        output->dims[i] = n < reach[i] ? 0 : (n - reach[i]) / strides[i] + 1;
    }

  if (output->dims[0] == 0 || output->dims[1] == 0)
    {
      const LwShape    image = LW_SHAPE (input->dims[0], input->dims[1]);
      const LwShape    window = LW_SHAPE (size[0], size[1]);
      const LwShape    spread = LW_SHAPE (reach[0], reach[1]);
      g_autofree char *image_size = lw_shape_to_string (&image);
      g_autofree char *window_size = lw_shape_to_string (&window);
      g_autofree char *spread_size = lw_shape_to_string (&spread);
      char            *message;

      if (lw_shape_equal (&window, &spread))
        message = g_strdup_printf (_("The %s %s of %s does not fit in an image of %s; use same "
                                      "padding, make it smaller, or remove the layer."),
                                   window_size, noun, lw_layer_get_title (layer), image_size);
      else
        message = g_strdup_printf (_("The %s %s of %s, spread to %s by its dilation, does not fit "
                                      "in an image of %s; use same padding, make it smaller, or "
                                      "remove the layer."),
                                   window_size, noun, lw_layer_get_title (layer), spread_size,
                                   image_size);
      return lw_layer_fail (fault, message, LW_FIX_USE_SAME_PADDING, LW_FIX_REMOVE_LAYER);
    }
  return TRUE;
}
