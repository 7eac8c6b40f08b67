#include <glib/gi18n-lib.h>
#include <string.h>

#include "engine/nn/layers/layers.h"
#include "engine/nn/model_spec_private.h"
#include "engine/nn/optimizer.h"

/* What can be wrong with a model, in words. Faults are looked for from the input
 * to the loss; the first is the model's. Every fix leads towards a model that can train. */

#define HIDDEN_UNITS 128 /* of a hidden Dense that was too large */

char *
lw_fault_get_reason (const char *message)
{
  const char *end = strstr (message, "; ");
  const char *wide = strstr (message, "；");

  if (end == NULL || (wide != NULL && wide < end))
    end = wide;
  return end != NULL ? g_strndup (message, end - message) : g_strdup (message);
}

int
lw_model_spec_find_flatten_of_image (const LwModelSpec *model, guint layer)
{
  for (guint i = layer; i > 0; i--)
    {
      if (lw_model_spec_is_a (model, i - 1, "Flatten")
          && lw_model_spec_get_layer_input (model, i - 1)->rank == 3)
        return (int) i - 1;
      if (!lw_model_spec_is_a (model, i - 1, "Flatten")
          && !lw_layer_keeps_shape (lw_model_spec_get_layer (model, i - 1)))
        return -1;
    }
  return -1;
}

guint
lw_model_spec_get_insert_place (const LwModelSpec *model, int layer)
{
  if (layer >= 0
      && (lw_model_spec_is_a (model, layer, "Dense") || lw_model_spec_is_a (model, layer, "Flatten")))
    return layer;
  return model->layers->len;
}

static gboolean
fix_applies (const LwModelSpec *model, int layer, LwFixKind fix)
{
  guint place;

  if (fix != LW_FIX_INSERT_FLATTEN && fix != LW_FIX_INSERT_GLOBAL_AVERAGE)
    return fix != LW_FIX_NONE;

  place = lw_model_spec_get_insert_place (model, layer);
  if (fix == LW_FIX_INSERT_FLATTEN)
    return lw_shape_is_known (lw_model_spec_get_layer_input (model, place));
  return lw_model_spec_get_layer_input (model, place)->rank == 3
         || lw_model_spec_find_flatten_of_image (model, place) >= 0;
}

/* Takes over `message`. */
static void
set_fault (LwModelSpec *model, int layer, char *message, const LwFixKind *fixes)
{
  model->is_faulty = TRUE;
  model->fault.layer = layer;
  model->fault.message = message;
  model->fault.reason = lw_fault_get_reason (message);
  for (guint i = 0; i < LW_MAX_FIXES && fixes[i] != LW_FIX_NONE; i++)
    if (fix_applies (model, layer, fixes[i]))
      model->fault.fixes[model->fault.n_fixes++] = fixes[i];
}

#define FIXES(...) ((const LwFixKind[LW_MAX_FIXES + 1]) { __VA_ARGS__ })

gint64
lw_shape_get_capped_count (const LwShape *shape)
{
  gint64 count = 1;

  for (int i = 0; i < shape->rank; i++)
    {
      const gint64 n = shape->dims[i] == LW_DIM_ANY ? 1 : shape->dims[i];

      if (n > LW_MAX_OUTPUT_VALUES / count)
        return LW_MAX_OUTPUT_VALUES + 1;
      count *= MAX (n, 1);
    }
  return count;
}

static double
get_weight_bytes (const LwLayerInfo *info)
{
  double bytes = 0.0;

  for (guint i = 0; i < info->n_weights; i++)
    bytes += 4.0 * lw_shape_get_volume (&info->weights[i].shape);
  return bytes;
}

int
lw_model_spec_get_fix_units (const LwModelSpec *model, int layer)
{
  for (guint i = layer + 1; i < model->layers->len; i++)
    if (lw_model_spec_is_a (model, i, "Dense") || lw_model_spec_is_a (model, i, "Conv2D"))
      return HIDDEN_UNITS;
  return LW_N_CLASSES;
}

/* The Reshape that gives the layer its input, or -1. */
static int
find_reshape (const LwModelSpec *model, guint layer)
{
  for (guint i = layer; i > 0; i--)
    {
      if (lw_model_spec_is_a (model, i - 1, "Reshape"))
        return (int) i - 1;
      if (!lw_model_spec_is_a (model, i - 1, "Flatten")
          && !lw_layer_keeps_shape (lw_model_spec_get_layer (model, i - 1)))
        return -1;
    }
  return -1;
}

static void
set_weight_fault (LwModelSpec *model, guint layer)
{
  const LwLayerInfo *info = &model->infos[layer];
  const char        *title = lw_layer_get_title (lw_model_spec_get_layer (model, layer));
  g_autofree char   *kernel = lw_shape_to_string (&info->weights[0].shape);
  g_autofree char   *size = NULL;
  char              *message;

  size = g_format_size_full ((guint64) get_weight_bytes (info), G_FORMAT_SIZE_IEC_UNITS);
  message = g_strdup_printf (_("The weights of the model are too large, most of all the %s of %s "
                               "with %s; the whole model may have 2 GiB, so make this layer "
                               "smaller."),
                             kernel, title, size);

  if (lw_model_spec_is_a (model, layer, "Dense") && lw_model_spec_find_flatten_of_image (model, layer) >= 0)
    set_fault (model, layer, message, FIXES (LW_FIX_INSERT_GLOBAL_AVERAGE, LW_FIX_REMOVE_LAYER));
  else if (lw_model_spec_is_a (model, layer, "Dense")
           && lw_spec_get_int (lw_model_spec_get_layer (model, layer), "units")
                > lw_model_spec_get_fix_units (model, layer))
    set_fault (model, layer, message, FIXES (LW_FIX_SET_UNITS, LW_FIX_REMOVE_LAYER));
  else if (lw_model_spec_is_a (model, layer, "Dense")
           && lw_shape_get_capped_count (&model->input) > LW_MAX_INPUT_SIZE)
    set_fault (model, layer, message, FIXES (LW_FIX_SET_INPUT_SIZE, LW_FIX_REMOVE_LAYER));
  else if (lw_model_spec_is_a (model, layer, "Dense") && find_reshape (model, layer) >= 0)
    {
      /* Without it there is an image, which GlobalAveragePooling2D makes small. */
      model->n_infos = (guint) find_reshape (model, layer);
      set_fault (model, (int) model->n_infos, message, FIXES (LW_FIX_REMOVE_LAYER));
    }
  else
    set_fault (model, layer, message, FIXES (LW_FIX_REMOVE_LAYER));
}

/* Shapes, layer by layer, until one cannot stand where it stands. */
static void
check_layers (LwModelSpec *model)
{
  double bytes = 0.0;
  guint  largest = 0;

  if (lw_shape_get_capped_count (&model->input) > LW_MAX_OUTPUT_VALUES)
    {
      g_autofree char *size = lw_shape_to_string (&model->input);

      set_fault (model, -1,
                 g_strdup_printf (_("An input of %s has too many numbers; set the input to %d×%d."),
                                  size, LW_STANDARD_SIZE, LW_STANDARD_SIZE),
                 FIXES (LW_FIX_SET_INPUT_SIZE));
      return;
    }

  for (guint i = 0; i < model->layers->len; i++)
    {
      const LwSpec  *layer = lw_model_spec_get_layer (model, i);
      const LwShape *input = lw_model_spec_get_layer_input (model, i);
      LwLayerInfo   *info = &model->infos[i];
      LwLayerFault   fault = { 0 };

      if (!lw_layer_class_of (layer)->infer (layer, input, info, &fault))
        {
          set_fault (model, (int) i, fault.message, fault.fixes);
          return;
        }

      if (lw_shape_get_capped_count (&info->output) > LW_MAX_OUTPUT_VALUES)
        {
          g_autofree char *size = lw_shape_to_string (&info->output);

          set_fault (model, (int) i,
                     g_strdup_printf (_("The output of %s is %s, which is too many numbers for one "
                                        "image; make the layer smaller or remove it."),
                                      lw_layer_get_title (layer), size),
                     FIXES (LW_FIX_REMOVE_LAYER));
          return;
        }

      bytes += get_weight_bytes (info);
      if (get_weight_bytes (info) > get_weight_bytes (&model->infos[largest]))
        largest = i;
      if (bytes > (double) LW_MAX_WEIGHT_BYTES)
        {
          model->n_infos = largest;
          set_weight_fault (model, largest);
          return;
        }
      model->n_infos = i + 1;
    }
}

/* The layer that gives the output its shape: the last one but for those that keep the shape. */
static guint
get_shaping_layer (const LwModelSpec *model)
{
  for (guint i = model->layers->len; i > 0; i--)
    if (!lw_layer_keeps_shape (lw_model_spec_get_layer (model, i - 1)))
      return i - 1;
  return model->layers->len - 1;
}

static gboolean
has_trainable_weights (const LwModelSpec *model)
{
  for (guint i = 0; i < model->n_infos; i++)
    for (guint w = 0; w < model->infos[i].n_weights; w++)
      if (model->infos[i].weights[w].trainable)
        return TRUE;
  return FALSE;
}

static void
set_output_fault (LwModelSpec *model, const LwShape *output)
{
  const guint      layer = get_shaping_layer (model);
  const LwSpec    *spec = lw_model_spec_get_layer (model, layer);
  const char      *title = lw_layer_get_title (spec);
  const gboolean   is_dense = lw_spec_is_a (spec, "Dense");
  g_autofree char *size = lw_shape_to_string (output);

  if (output->rank != 3 && !lw_shape_is_known (output))
    set_fault (model, (int) layer,
               g_strdup_printf (_("The length of the output of %s is not known because the input's "
                                  "height and width are None; set the input to %d×%d."),
                                title, LW_STANDARD_SIZE, LW_STANDARD_SIZE),
               FIXES (LW_FIX_SET_INPUT_SIZE));
  else if (!has_trainable_weights (model))
    set_fault (model, (int) layer,
               g_strdup_printf (_("The model has no weights to train; add Dense with %d units."),
                                LW_N_CLASSES),
               FIXES (LW_FIX_ADD_DENSE));
  else if (output->rank == 1 && is_dense)
    set_fault (model, (int) layer,
               g_strdup_printf (_("The output of %s is one row of %s, but the loss compares one "
                                  "row of %d per image; set units to %d."),
                                title, size, LW_N_CLASSES, LW_N_CLASSES),
               FIXES (LW_FIX_SET_UNITS, LW_FIX_ADD_DENSE));
  else if (output->rank == 1)
    set_fault (model, (int) layer,
               g_strdup_printf (_("The output of %s is one row of %s, but the loss compares one "
                                  "row of %d per image; add Dense with %d units after it."),
                                title, size, LW_N_CLASSES, LW_N_CLASSES),
               FIXES (LW_FIX_ADD_DENSE));
  else if (is_dense && lw_shape_is_known (output))
    set_fault (model, (int) layer,
               g_strdup_printf (_("The output of %s is %s, but the loss compares one row of %d per "
                                  "image; insert Flatten before it."),
                                title, size, LW_N_CLASSES),
               FIXES (LW_FIX_INSERT_FLATTEN, LW_FIX_INSERT_GLOBAL_AVERAGE));
  else if (is_dense)
    set_fault (model, (int) layer,
               g_strdup_printf (_("The output of %s is %s, but the loss compares one row of %d per "
                                  "image; insert GlobalAveragePooling2D before it."),
                                title, size, LW_N_CLASSES),
               FIXES (LW_FIX_INSERT_GLOBAL_AVERAGE));
  else if (output->dims[output->rank - 1] == LW_N_CLASSES)
    set_fault (model, (int) layer,
               g_strdup_printf (_("The output of %s is %s, but the loss compares one row of %d per "
                                  "image; insert GlobalAveragePooling2D or Dense after it."),
                                title, size, LW_N_CLASSES),
               FIXES (LW_FIX_INSERT_GLOBAL_AVERAGE, LW_FIX_ADD_DENSE));
  else
    set_fault (model, (int) layer,
               g_strdup_printf (_("The output of %s is %s, but the loss compares one row of %d per "
                                  "image; add Dense with %d units after it."),
                                title, size, LW_N_CLASSES, LW_N_CLASSES),
               FIXES (LW_FIX_ADD_DENSE));
}

LwActivation
lw_model_spec_get_activation (const LwModelSpec *model, guint i)
{
  const LwSpec *layer = lw_model_spec_get_layer (model, i);

  if (lw_spec_has_field (layer, "activation"))
    return lw_layer_get_activation (layer);
  /* Over another axis than the last, its numbers are no probabilities of classes. */
  if (lw_spec_is_a (layer, "Softmax")
      && (lw_spec_get_int (layer, "axis") == -1
          || lw_spec_get_int (layer, "axis") == lw_model_spec_get_layer_input (model, i)->rank))
    return LW_ACTIVATION_SOFTMAX;
  return lw_spec_is_a (layer, "ReLU") ? LW_ACTIVATION_RELU : LW_ACTIVATION_LINEAR;
}

int
lw_model_spec_get_activating_layer (const LwModelSpec *model)
{
  for (guint i = model->layers->len; i > 0; i--)
    {
      const LwSpec *layer = lw_model_spec_get_layer (model, i - 1);

      if (lw_spec_is_a (layer, "Activation")
          && lw_layer_get_activation (layer) == LW_ACTIVATION_LINEAR)
        continue;
      if (lw_spec_has_field (layer, "activation")
          || lw_model_spec_get_activation (model, i - 1) != LW_ACTIVATION_LINEAR)
        return (int) i - 1;
      if (lw_spec_is_a (layer, "MaxPooling2D") || lw_spec_is_a (layer, "GlobalMaxPooling2D")
          || lw_spec_is_a (layer, "BatchNormalization") || lw_spec_is_a (layer, "Rescaling")
          || lw_spec_is_a (layer, "Softmax"))
        return -1;
    }
  return -1;
}

static LwActivation
get_last_activation (const LwModelSpec *model)
{
  const int end = lw_model_spec_get_activating_layer (model);

  return end >= 0 ? lw_model_spec_get_activation (model, (guint) end) : LW_ACTIVATION_LINEAR;
}

gboolean
lw_model_spec_ends_in_probabilities (const LwModelSpec *model)
{
  const LwActivation activation = get_last_activation (model);

  return activation == LW_ACTIVATION_SOFTMAX || activation == LW_ACTIVATION_SIGMOID;
}

gboolean
lw_model_spec_is_binary (const LwModelSpec *model)
{
  return lw_spec_is_a (model->loss, "BinaryCrossentropy");
}

static void
check_loss (LwModelSpec *model)
{
  const gboolean from_logits
    = lw_spec_has_field (model->loss, "from_logits") && lw_spec_get_bool (model->loss, "from_logits");
  const int end = lw_model_spec_get_activating_layer (model);

  /* Losses of differences take any numbers. */
  if (!lw_spec_has_field (model->loss, "from_logits"))
    return;

  if (from_logits && lw_model_spec_is_binary (model) && get_last_activation (model) == LW_ACTIVATION_SIGMOID)
    set_fault (model, end,
               g_strdup_printf (_("The sigmoid of %s makes probabilities, but the loss expects "
                                  "logits; turn from_logits off or make the activation linear."),
                                lw_layer_get_title (lw_model_spec_get_layer (model, end))),
               FIXES (LW_FIX_FROM_LOGITS_OFF));
  else if (from_logits && get_last_activation (model) == LW_ACTIVATION_SOFTMAX)
    set_fault (model, end,
               g_strdup_printf (_("The softmax of %s makes probabilities, but the loss expects "
                                  "logits; remove softmax or turn from_logits off."),
                                lw_layer_get_title (lw_model_spec_get_layer (model, end))),
               FIXES (LW_FIX_REMOVE_SOFTMAX, LW_FIX_FROM_LOGITS_OFF));
  else if (!from_logits && !lw_model_spec_ends_in_probabilities (model))
    {
      const guint layer = end >= 0 ? (guint) end : model->layers->len - 1;

      set_fault (model, (int) layer,
                 g_strdup_printf (lw_model_spec_is_binary (model)
                                    ? _("The output of %s is not probabilities, but the loss expects "
                                        "them; turn from_logits on or end the model in sigmoid.")
                                    : _("The output of %s is not probabilities, but the loss expects "
                                        "them; turn from_logits on or end the model in softmax."),
                                  lw_layer_get_title (lw_model_spec_get_layer (model, layer))),
                 FIXES (LW_FIX_FROM_LOGITS_ON));
    }
}

/* Settings of the optimizer that do not go together. */
static void
check_optimizer (LwModelSpec *model)
{
  g_autoptr (GError) error = NULL;

  if (!lw_optimizer_spec_check (model->optimizer, &error))
    set_fault (model, -1, g_strdup (error->message), FIXES (LW_FIX_NONE));
}

void
lw_model_spec_check (LwModelSpec *model)
{
  const LwShape *output;

  model->infos = g_new0 (LwLayerInfo, model->layers->len);
  check_layers (model);
  for (guint i = 0; i < model->n_infos; i++)
    model->n_parameters += lw_layer_info_get_n_parameters (&model->infos[i]);
  if (model->is_faulty)
    return;

  output = lw_model_spec_get_output (model);
  if (output == NULL)
    set_fault (model, -1,
               g_strdup_printf (_("The model has no layers yet; add a first one, or Dense with %d units."),
                                LW_N_CLASSES),
               FIXES (LW_FIX_ADD_DENSE));
  else if (!lw_shape_equal (output, &LW_SHAPE (LW_N_CLASSES)) || !has_trainable_weights (model))
    set_output_fault (model, output);
  else
    check_loss (model);
  if (!model->is_faulty)
    check_optimizer (model);
}
