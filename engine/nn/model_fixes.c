#include <glib/gi18n-lib.h>

#include "engine/nn/layers/layers.h"
#include "engine/nn/model_spec_private.h"
#include "engine/nn/schedule.h"

/* What mends a fault or answers a hint: the words on its button, and the model that it makes. And what a
 * new layer begins with, so that there is seldom something to mend. */

#define USUAL_DROPOUT 0.5
#define HIDDEN_UNITS  64 /* of a new Dense before another layer with weights */

static double
get_usual_rate (const LwModelSpec *model)
{
  return lw_spec_class_find (lw_spec_get_class (model->optimizer), "learning_rate", NULL)->standard.x;
}

char *
lw_fix_to_label (const LwModelSpec *model, const LwFault *fault, LwFixKind fix)
{
  switch (fix)
    {
    case LW_FIX_INSERT_FLATTEN:
      return g_strdup (_("Insert Flatten"));
    case LW_FIX_INSERT_GLOBAL_AVERAGE:
      return g_strdup (_("Insert GlobalAveragePooling2D"));
    case LW_FIX_USE_SAME_PADDING:
      return g_strdup (_("Use same padding"));
    case LW_FIX_SET_UNITS:
      return g_strdup_printf (_("Set units to %d"), lw_model_spec_get_fix_units (model, fault->layer));
    case LW_FIX_REMOVE_SOFTMAX:
      return g_strdup (_("Remove softmax"));
    case LW_FIX_FROM_LOGITS_OFF:
      return g_strdup (_("Turn from_logits off"));
    case LW_FIX_FROM_LOGITS_ON:
      return g_strdup (_("Turn from_logits on"));
    case LW_FIX_SET_INPUT_SIZE:
      return g_strdup_printf (_("Set input to %d×%d"), LW_STANDARD_SIZE, LW_STANDARD_SIZE);
    case LW_FIX_REMOVE_LAYER:
      g_return_val_if_fail (fault->layer >= 0, NULL);
      return g_strdup_printf (_("Remove %s"),
                              lw_spec_get_class (lw_model_spec_get_layer (model, fault->layer))->label);
    case LW_FIX_ADD_DENSE:
      return g_strdup_printf (_("Add Dense with %d units"), LW_N_CLASSES);
    case LW_FIX_SET_DILATION:
      return g_strdup (_("Set dilation to 1×1"));
    case LW_FIX_USE_RELU:
      return g_strdup (_("Use relu"));
    case LW_FIX_USE_SOFTMAX:
      return g_strdup (_("Use softmax"));
    case LW_FIX_REMOVE_ACTIVATION:
      return g_strdup_printf (_("Remove %s"),
                              lw_activations[lw_model_spec_get_activation (model, (guint) fault->layer)]);
    case LW_FIX_SET_RATE:
      return g_strdup_printf (_("Set rate to %g"), USUAL_DROPOUT);
    case LW_FIX_DRAW_WEIGHTS:
      return g_strdup (_("Use glorot_uniform"));
    case LW_FIX_SET_LEARNING_RATE:
      return g_strdup_printf (_("Set learning rate to %g"), get_usual_rate (model));
    case LW_FIX_NONE:
    default:
      g_return_val_if_reached (NULL);
    }
}

static LwModelSpec *
with_layer_value (const LwModelSpec *model, guint layer, const char *key, LwFieldValue value)
{
  const LwSpec      *spec = lw_model_spec_get_layer (model, layer);
  g_autoptr (LwSpec) changed = lw_spec_with_value (spec, key, value, NULL);

  g_return_val_if_fail (changed != NULL, NULL);
  return lw_model_spec_with_replaced (model, layer, changed);
}

static LwModelSpec *
with_from_logits (const LwModelSpec *model, gboolean from_logits)
{
  g_autoptr (LwSpec) loss = NULL;

  g_return_val_if_fail (lw_spec_has_field (model->loss, "from_logits"), NULL);
  loss = lw_spec_with_value (model->loss, "from_logits", (LwFieldValue) { .b = from_logits }, NULL);
  return lw_model_spec_with_loss (model, loss);
}

static LwModelSpec *
with_new_layer (const LwModelSpec *model, guint place, const LwLayerClass *klass)
{
  g_autoptr (LwSpec) layer = lw_spec_new (&klass->spec, NULL);

  return lw_model_spec_with_inserted (model, place, layer);
}

/* Before `place`, or in the stead of the Flatten that made the image a row. */
static LwModelSpec *
with_global_average (const LwModelSpec *model, guint place)
{
  const int               flatten = lw_model_spec_find_flatten_of_image (model, place);
  g_autoptr (LwModelSpec) without_flatten = NULL;

  if (lw_model_spec_get_layer_input (model, place)->rank == 3)
    return with_new_layer (model, place, &lw_global_average_pooling2d_class);

  g_return_val_if_fail (flatten >= 0, NULL);
  without_flatten = lw_model_spec_with_removed (model, flatten);
  return with_new_layer (without_flatten, flatten, &lw_global_average_pooling2d_class);
}

/* The activation that makes of the last layer's numbers what the loss takes. */
static LwActivation
get_output_activation (const LwModelSpec *model)
{
  if (!lw_spec_has_field (model->loss, "from_logits") || lw_spec_get_bool (model->loss, "from_logits"))
    return LW_ACTIVATION_LINEAR;
  return lw_model_spec_is_binary (model) ? LW_ACTIVATION_SIGMOID : LW_ACTIVATION_SOFTMAX;
}

LwSpec *
lw_model_spec_suggest_layer (const LwModelSpec *model, guint place, const LwLayerClass *klass)
{
  g_autoptr (LwSpec) layer = lw_spec_new (&klass->spec, NULL);
  g_autoptr (LwSpec) sized = NULL;
  gboolean           last = TRUE;

  if (klass != &lw_dense_class)
    return g_steal_pointer (&layer);

  for (guint i = place; i < model->layers->len; i++)
    if (lw_model_spec_is_a (model, i, "Dense") || lw_model_spec_is_a (model, i, "Conv2D"))
      last = FALSE;
  sized = lw_spec_with_value (layer, "units", (LwFieldValue) { .i = last ? LW_N_CLASSES : HIDDEN_UNITS }, NULL);
  return lw_spec_with_value (
    sized, "activation",
    (LwFieldValue) { .choice = last ? get_output_activation (model) : LW_ACTIVATION_RELU }, NULL);
}

/* Dense at the end, behind what makes its input flat. */
static LwModelSpec *
with_dense (const LwModelSpec *model)
{
  const LwShape          *output = lw_model_spec_get_layer_input (model, model->layers->len);
  g_autoptr (LwModelSpec) flat = NULL;
  g_autoptr (LwSpec)      dense = NULL;

  if (output->rank == 1)
    flat = lw_model_spec_ref ((LwModelSpec *) model);
  else if (output->rank == 3
           && (!lw_shape_is_known (output)
               || lw_shape_get_capped_count (output) > LW_MAX_WEIGHT_BYTES / 4 / LW_N_CLASSES))
    flat = with_new_layer (model, model->layers->len, &lw_global_average_pooling2d_class);
  else
    flat = with_new_layer (model, model->layers->len, &lw_flatten_class);

  dense = lw_model_spec_suggest_layer (flat, flat->layers->len, &lw_dense_class);
  return lw_model_spec_with_inserted (flat, flat->layers->len, dense);
}

static LwModelSpec *
with_standard_input (const LwModelSpec *model)
{
  LwShape input = model->input;

  input.dims[0] = LW_STANDARD_SIZE;
  if (input.rank > 1)
    input.dims[1] = LW_STANDARD_SIZE;
  /* The channels are what is left to make smaller. */
  if (input.rank == 3
      && (lw_shape_get_capped_count (&input) > LW_MAX_OUTPUT_VALUES
          || lw_shape_equal (&input, &model->input)))
    input.dims[2] = 1;
  return lw_model_spec_with_input (model, &input);
}

/* Without its activation: linear, or without the layer that is one. */
static LwModelSpec *
without_activation (const LwModelSpec *model, guint layer)
{
  const LwSpec *spec = lw_model_spec_get_layer (model, layer);

  if (lw_spec_is_a (spec, "Activation") || !lw_spec_has_field (spec, "activation"))
    return lw_model_spec_with_removed (model, layer);
  return with_layer_value (model, layer, "activation", (LwFieldValue) { .choice = LW_ACTIVATION_LINEAR });
}

/* A schedule that begins too fast goes as well: its rates are shares of the first, or a list of its own. */
static LwModelSpec *
with_usual_rate (const LwModelSpec *model)
{
  g_autoptr (LwSpec)   rated = lw_spec_with_value (model->optimizer, "learning_rate",
                                                   (LwFieldValue) { .x = get_usual_rate (model) }, NULL);
  g_autoptr (GVariant) constant = g_variant_ref_sink (g_variant_new_string ("constant"));
  g_autoptr (LwSpec)   optimizer = NULL;

  g_return_val_if_fail (rated != NULL, NULL);
  if (!lw_schedule_is_used (rated) || !lw_schedule_uses_key (rated, "values"))
    return lw_model_spec_with_optimizer (model, rated);
  optimizer = lw_spec_with_variant (rated, "schedule", constant, NULL);
  return lw_model_spec_with_optimizer (model, optimizer);
}

LwModelSpec *
lw_model_spec_with_fix (const LwModelSpec *model, const LwFault *fault, LwFixKind fix)
{
  LwFieldValue value = { 0 };

  switch (fix)
    {
    case LW_FIX_INSERT_FLATTEN:
      return with_new_layer (model, lw_model_spec_get_insert_place (model, fault->layer),
                             &lw_flatten_class);
    case LW_FIX_INSERT_GLOBAL_AVERAGE:
      return with_global_average (model, lw_model_spec_get_insert_place (model, fault->layer));
    case LW_FIX_USE_SAME_PADDING:
      value.choice = LW_PADDING_SAME;
      return with_layer_value (model, fault->layer, "padding", value);
    case LW_FIX_SET_UNITS:
      value.i = lw_model_spec_get_fix_units (model, fault->layer);
      return with_layer_value (model, fault->layer, "units", value);
    case LW_FIX_REMOVE_SOFTMAX:
    case LW_FIX_REMOVE_ACTIVATION:
      return without_activation (model, (guint) fault->layer);
    case LW_FIX_FROM_LOGITS_OFF:
      return with_from_logits (model, FALSE);
    case LW_FIX_FROM_LOGITS_ON:
      return with_from_logits (model, TRUE);
    case LW_FIX_SET_INPUT_SIZE:
      return with_standard_input (model);
    case LW_FIX_REMOVE_LAYER:
      return lw_model_spec_with_removed (model, fault->layer);
    case LW_FIX_ADD_DENSE:
      return with_dense (model);
    case LW_FIX_SET_DILATION:
      value.pair[0] = value.pair[1] = 1;
      return with_layer_value (model, fault->layer, "dilation_rate", value);
    case LW_FIX_USE_RELU:
      value.choice = LW_ACTIVATION_RELU;
      return with_layer_value (model, fault->layer, "activation", value);
    case LW_FIX_USE_SOFTMAX:
      value.choice = LW_ACTIVATION_SOFTMAX;
      return with_layer_value (model, fault->layer, "activation", value);
    case LW_FIX_SET_RATE:
      value.x = USUAL_DROPOUT;
      return with_layer_value (model, fault->layer, "rate", value);
    case LW_FIX_DRAW_WEIGHTS:
      value.choice = LW_INIT_GLOROT_UNIFORM;
      return with_layer_value (model, fault->layer, "kernel_initializer", value);
    case LW_FIX_SET_LEARNING_RATE:
      return with_usual_rate (model);
    case LW_FIX_NONE:
    default:
      g_return_val_if_reached (NULL);
    }
}
