/* What a model in Keras' config.json is compiled with: the optimizer, its schedule, the loss. */

#include "engine/io/keras_config_private.h"
#include "engine/io/keras_names.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "engine/core/error.h"
#include "engine/nn/schedule.h"

static gboolean
check_optimizer_option (const char *owner, const char *key, JsonNode *node, GError **error)
{
  if (strcmp (key, "name") == 0 || strcmp (key, "jit_compile") == 0
      || strcmp (key, "is_legacy_optimizer") == 0)
    return TRUE;
  return lw_keras_is_neutral (node) || lw_keras_fail_option (error, owner, key);
}

static gboolean
check_loss_option (const char *owner, const char *key, JsonNode *node, GError **error)
{
  const char *word = lw_keras_get_string (node);
  gint64      whole;

  if (strcmp (key, "name") == 0)
    return TRUE;
  if (strcmp (key, "dtype") == 0)
    return lw_keras_check_dtype (owner, node, error);
  if (strcmp (key, "reduction") == 0
      && (g_strcmp0 (word, "sum_over_batch_size") == 0 || g_strcmp0 (word, "auto") == 0))
    return TRUE;
  if (strcmp (key, "axis") == 0 && lw_keras_get_whole (node, &whole) && whole == -1)
    return TRUE;
  return lw_keras_is_neutral (node) || lw_keras_fail_option (error, owner, key);
}

/* Keras' short names, in small or large letters. */
static const char *
get_full_name (const char *name)
{
  static const char *const names[][2] = { { "bce", "binary_crossentropy" },
                                          { "mae", "mean_absolute_error" },
                                          { "mse", "mean_squared_error" } };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_ascii_strcasecmp (names[i][0], name) == 0)
      return names[i][1];
  return name;
}

/* Finds the class and the config of an optimizer or a loss, given as an object or by name. */
static gboolean
open_compiled (JsonNode *node, const char *owner, const LwSpecClass *const *classes,
               const LwSpecClass **klass, JsonObject **config, GError **error)
{
  const char *class_name = lw_keras_get_string (node);

  *config = NULL;
  if (class_name == NULL)
    {
      JsonObject *object = lw_keras_get_object (node);

      if (object == NULL)
        return lw_keras_fail_type (error, "compile_config", owner, node, _("an object or a text"));
      class_name = lw_keras_get_string (json_object_get_member (object, "class_name"));
      if (g_strcmp0 (class_name, "function") == 0)
        class_name = lw_keras_get_string (json_object_get_member (object, "config"));
      else if (!lw_keras_open_object (node, owner, &class_name, config, error))
        return FALSE;
      if (class_name == NULL)
        return lw_keras_fail_type (error, owner, "config", json_object_get_member (object, "config"),
                          _("a text"));
    }

  class_name = get_full_name (class_name);
  for (; *classes != NULL; classes++)
    if (g_ascii_strcasecmp ((*classes)->class_name, class_name) == 0
        || strcmp ((*classes)->snake_name, class_name) == 0)
      {
        *klass = *classes;
        return TRUE;
      }
  g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
               _("Layerwise does not know the %s %s yet; compile the model with another one."),
               owner, class_name);
  return FALSE;
}

/* Keras keeps a schedule as an object in the place of the rate: its keys become the spec's fields. */
static gboolean
flatten_schedule (const char *owner, JsonNode *rate, JsonObject *flat, GError **error)
{
  const char        *class_name;
  const char *const *keys;
  JsonObject        *config;
  JsonObjectIter     iter;
  const char        *key;
  JsonNode          *node;
  guint              n_required = 0;

  class_name = lw_keras_get_string (json_object_get_member (lw_keras_get_object (rate), "class_name"));
  if (class_name == NULL)
    return lw_keras_fail_type (error, owner, "learning_rate", rate, _("a number or a schedule"));
  keys = lw_keras_get_schedule_keys (class_name, &n_required);
  if (keys == NULL)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("Layerwise does not know the learning rate schedule %s of %s yet; it knows "
                     "ExponentialDecay, CosineDecay and PiecewiseConstantDecay."),
                   class_name, owner);
      return FALSE;
    }
  if (!lw_keras_open_object (rate, "learning_rate", &class_name, &config, error))
    return FALSE;
  for (guint i = 0; i < n_required; i++)
    if (!json_object_has_member (config, keys[i]))
      return lw_keras_fail_type (error, class_name, keys[i], NULL, _("given"));

  json_object_set_string_member (flat, "schedule", class_name);
  json_object_iter_init (&iter, config);
  while (json_object_iter_next (&iter, &key, &node))
    if (g_strv_contains (keys, key))
      json_object_set_member (flat, strcmp (key, "initial_learning_rate") == 0 ? "learning_rate" : key,
                              json_node_copy (node));
    else if (strcmp (key, "name") != 0 && !lw_keras_is_neutral (node))
      return lw_keras_fail_option (error, class_name, key);
  return TRUE;
}

/* An optimizer's config with the keys that a spec has. */
static JsonObject *
flatten_optimizer (const char *owner, JsonObject *config, GError **error)
{
  g_autoptr (JsonObject) flat = json_object_new ();
  JsonObjectIter         iter;
  const char            *key;
  JsonNode              *node;

  if (config == NULL)
    return g_steal_pointer (&flat);
  json_object_iter_init (&iter, config);
  while (json_object_iter_next (&iter, &key, &node))
    if (strcmp (key, "schedule") == 0 || lw_schedule_has_key (key))
      {
        lw_keras_fail_option (error, owner, key);
        return NULL;
      }
    else if (strcmp (key, "learning_rate") == 0 && lw_keras_get_object (node) != NULL)
      {
        if (!flatten_schedule (owner, node, flat, error))
          return NULL;
      }
    /* None is 0 to a spec, and nothing to Keras. */
    else if (strcmp (key, "ema_overwrite_frequency") != 0 || !lw_keras_is_null (node))
      json_object_set_member (flat, key, json_node_copy (node));
  return g_steal_pointer (&flat);
}

static LwSpec *
read_optimizer (JsonNode *node, GError **error)
{
  const LwSpecClass     *klass;
  JsonObject            *config;
  g_autoptr (JsonObject) flat = NULL;
  g_autoptr (LwSpec)     spec = NULL;

  if (!open_compiled (node, "optimizer", lw_optimizer_classes (), &klass, &config, error))
    return NULL;
  flat = flatten_optimizer (klass->class_name, config, error);
  if (flat == NULL)
    return NULL;
  spec = lw_keras_read_spec (klass, NULL, klass->class_name, flat, check_optimizer_option, error);
  if (spec == NULL)
    return NULL;
  /* A schedule without a rate of its own begins with its first value. */
  return lw_spec_with_value (spec, "learning_rate", (LwFieldValue) { .x = lw_schedule_get_initial (spec) },
                             error);
}

static LwSpec *
read_loss (JsonNode *node, GError **error)
{
  const LwSpecClass *klass;
  JsonObject        *config;

  if (!open_compiled (node, "loss", lw_loss_classes (), &klass, &config, error))
    return NULL;
  return lw_keras_read_spec (klass, NULL, klass->class_name, config, check_loss_option, error);
}

gboolean
lw_keras_read_compile_config (JsonNode *node, LwModelSpec **model, GError **error)
{
  JsonObject        *compiled = lw_keras_get_object (node);
  JsonNode          *part;
  g_autoptr (LwSpec) loss = NULL;

  if (compiled == NULL && !lw_keras_is_null (node))
    return lw_keras_fail_type (error, "Sequential", "compile_config", node, _("an object"));

  part = compiled != NULL ? json_object_get_member (compiled, "optimizer") : NULL;
  if (!lw_keras_is_null (part))
    {
      g_autoptr (LwSpec) optimizer = read_optimizer (part, error);

      if (optimizer == NULL)
        return FALSE;
      lw_keras_take (model, lw_model_spec_with_optimizer (*model, optimizer));
    }

  part = compiled != NULL ? json_object_get_member (compiled, "loss_weights") : NULL;
  if (!lw_keras_is_neutral (part))
    return lw_keras_fail_option (error, "compile_config", "loss_weights");

  part = compiled != NULL ? json_object_get_member (compiled, "loss") : NULL;
  if (!lw_keras_is_null (part))
    loss = read_loss (part, error);
  else
    {
      const LwFieldValue from_logits = { .b = !lw_model_spec_ends_in_probabilities (*model) };

      loss = lw_spec_with_value (lw_model_spec_get_loss (*model), "from_logits", from_logits,
                                 error);
    }
  if (loss == NULL)
    return FALSE;
  lw_keras_take (model, lw_model_spec_with_loss (*model, loss));
  return TRUE;
}
