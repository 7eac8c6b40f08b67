/* Values of Keras' config.json: numbers, words, shapes, initializers, and a whole object as a spec. */

#include "engine/io/keras_config_private.h"
#include "engine/io/keras_names.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/core/error.h"

const char *
lw_keras_describe (JsonNode *node)
{
  if (node == NULL)
    return _("missing");
  switch (json_node_get_node_type (node))
    {
    case JSON_NODE_OBJECT:
      return _("an object");
    case JSON_NODE_ARRAY:
      return _("a list");
    case JSON_NODE_NULL:
      return _("null");
    case JSON_NODE_VALUE:
    default:
      switch (json_node_get_value_type (node))
        {
        case G_TYPE_STRING:
          return _("a text");
        case G_TYPE_BOOLEAN:
          return _("true or false");
        default:
          return _("a number");
        }
    }
}

/* Sets "The `key` of `owner` in config.json is …, but should be …" and returns FALSE. */
gboolean
lw_keras_fail_type (GError **error, const char *owner, const char *key, JsonNode *found,
           const char *expected)
{
  g_set_error (error, LW_ERROR, LW_ERROR_FILE,
               _("The %s of %s in config.json is %s, but should be %s; the file is damaged or of "
                 "another kind."),
               key, owner, lw_keras_describe (found), expected);
  return FALSE;
}

gboolean
lw_keras_is_null (JsonNode *node)
{
  return node == NULL || JSON_NODE_HOLDS_NULL (node);
}

gboolean
lw_keras_is_value_of (JsonNode *node, GType type)
{
  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

const char *
lw_keras_get_string (JsonNode *node)
{
  return lw_keras_is_value_of (node, G_TYPE_STRING) ? json_node_get_string (node) : NULL;
}

JsonObject *
lw_keras_get_object (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/* A list, also in the form that TF-Keras gives to tuples. */
JsonArray *
lw_keras_get_array (JsonNode *node)
{
  JsonObject *tuple = lw_keras_get_object (node);

  if (tuple != NULL
      && g_strcmp0 (lw_keras_get_string (json_object_get_member (tuple, "class_name")), "__tuple__") == 0)
    node = json_object_get_member (tuple, "items");
  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

static gboolean
get_number (JsonNode *node, double *number)
{
  if (lw_keras_is_value_of (node, G_TYPE_INT64))
    *number = (double) json_node_get_int (node);
  else if (lw_keras_is_value_of (node, G_TYPE_DOUBLE))
    *number = json_node_get_double (node);
  else
    return FALSE;
  return isfinite (*number);
}

/* 3 and 3.0, but not 3.5. */
gboolean
lw_keras_get_whole (JsonNode *node, gint64 *whole)
{
  double number;

  if (lw_keras_is_value_of (node, G_TYPE_INT64))
    {
      *whole = json_node_get_int (node);
      return TRUE;
    }
  if (!get_number (node, &number) || number != floor (number) || fabs (number) > 1e15)
    return FALSE;
  *whole = (gint64) number;
  return TRUE;
}

/* What an option looks like when it is not used. */
gboolean
lw_keras_is_neutral (JsonNode *node)
{
  double number;

  if (lw_keras_is_null (node))
    return TRUE;
  if (JSON_NODE_HOLDS_OBJECT (node))
    return json_object_get_size (json_node_get_object (node)) == 0;
  if (JSON_NODE_HOLDS_ARRAY (node))
    return json_array_get_length (json_node_get_array (node)) == 0;
  if (lw_keras_is_value_of (node, G_TYPE_BOOLEAN))
    return !json_node_get_boolean (node);
  return get_number (node, &number) && number == 0.0;
}

/* Keras writes a float32 rate as a double, 0.0010000000474974513. The shortest number that is the
 * same float32 is the one that was meant. */
static double
get_meant (double number)
{
  const float single = (float) number;

  if ((double) single != number)
    return number;
  for (int digits = 1; digits <= 9; digits++)
    {
      char   format[8];
      char   text[G_ASCII_DTOSTR_BUF_SIZE];
      double candidate;

      g_snprintf (format, sizeof format, "%%.%dg", digits);
      g_ascii_formatd (text, sizeof text, format, number);
      candidate = g_ascii_strtod (text, NULL);
      if ((float) candidate == single)
        return candidate;
    }
  return number;
}

/* A word, given as such or (activations) as a serialized function. */
static const char *
get_word (JsonNode *node)
{
  JsonObject *function = lw_keras_get_object (node);
  const char *word;

  if (function == NULL)
    return lw_keras_get_string (node);
  word = lw_keras_get_string (json_object_get_member (function, "config"));
  return word != NULL ? word : lw_keras_get_string (json_object_get_member (function, "class_name"));
}

static gboolean
read_choice (const LwField *field, const char *owner, JsonNode *node, LwFieldValue *value,
             GError **error)
{
  const char      *word = get_word (node);
  g_autofree char *known = NULL;

  /* No activation is linear, and some have a second name. */
  if (lw_keras_is_null (node) && strcmp (field->key, "activation") == 0)
    word = "linear";
  else if (g_strcmp0 (word, "swish") == 0 && strcmp (field->key, "activation") == 0)
    word = "silu";
  if (word == NULL)
    return lw_keras_fail_type (error, owner, field->key, node, _("a text"));

  for (int i = 0; field->choices[i] != NULL; i++)
    if (g_ascii_strcasecmp (field->choices[i], word) == 0)
      {
        value->choice = i;
        return TRUE;
      }

  known = g_strjoinv (", ", (char **) field->choices);
  g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
               _("Layerwise does not know the %s %s of %s yet; it knows %s."), field->key, word,
               owner, known);
  return FALSE;
}

/* Whether Keras' class "GlorotUniform", or its other name "glorotuniform", is `words`. */
static gboolean
is_spelled (const char *name, const char *words)
{
  for (;; name++, words++)
    {
      name += *name == '_';
      words += *words == '_';
      if (g_ascii_tolower (*name) != g_ascii_tolower (*words))
        return FALSE;
      if (*name == '\0')
        return TRUE;
    }
}

/* An initializer, by name or as an object. Only new weights need one, and the file has its own: one
 * that we do not have, or its arguments where they are not Keras' defaults, give way to the standard. */
static gboolean
read_initializer (const LwField *field, const char *owner, JsonNode *node, LwFieldValue *value,
                  GError **error)
{
  static const char *const aliases[][2] = { { "zero", "zeros" },
                                            { "one", "ones" },
                                            { "normal", "random_normal" },
                                            { "uniform", "random_uniform" } };
  JsonObject *object = lw_keras_get_object (node);
  const char *name = object != NULL ? lw_keras_get_string (json_object_get_member (object, "class_name"))
                                    : lw_keras_get_string (node);

  *value = field->standard;
  if (lw_keras_is_null (node))
    return TRUE;
  if (name == NULL)
    return lw_keras_fail_type (error, owner, field->key, node, _("an initializer"));
  for (guint i = 0; i < G_N_ELEMENTS (aliases); i++)
    if (g_ascii_strcasecmp (name, aliases[i][0]) == 0)
      name = aliases[i][1];
  for (int i = 0; field->choices[i] != NULL; i++)
    if (is_spelled (name, field->choices[i]))
      value->choice = i;
  return TRUE;
}

/* The l2 of a regularizer: null, "l2" (0.01), an L2 object, or an L1L2 object without l1. */
static gboolean
read_regularizer (const LwField *field, const char *owner, JsonNode *node, LwFieldValue *value,
                  GError **error)
{
  JsonObject *object = lw_keras_get_object (node);
  JsonObject *config = NULL;
  const char *name = lw_keras_get_string (node);

  value->x = 0.0;
  if (lw_keras_is_null (node) || (object != NULL && json_object_get_size (object) == 0))
    return TRUE;
  if (object != NULL)
    {
      name = lw_keras_get_string (json_object_get_member (object, "class_name"));
      config = lw_keras_get_object (json_object_get_member (object, "config"));
    }
  if (name == NULL)
    return lw_keras_fail_type (error, owner, field->key, node, _("a regularizer"));
  if ((g_ascii_strcasecmp (name, "L2") != 0 && g_ascii_strcasecmp (name, "L1L2") != 0)
      || (config != NULL && !lw_keras_is_neutral (json_object_get_member (config, "l1"))))
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("Layerwise does not know the %s %s of %s yet; it knows L2."), field->key, name,
                   owner);
      return FALSE;
    }
  if (config == NULL || !json_object_has_member (config, "l2"))
    value->x = g_ascii_strcasecmp (name, "L2") == 0 ? 0.01 : 0.0;
  else if (get_number (json_object_get_member (config, "l2"), &value->x))
    value->x = get_meant (value->x);
  else
    return lw_keras_fail_type (error, owner, "l2", json_object_get_member (config, "l2"),
                      _("a finite number"));
  return TRUE;
}

static gboolean
read_pair (const LwField *field, const char *owner, JsonNode *node, LwFieldValue *value,
           GError **error)
{
  JsonArray *array = lw_keras_get_array (node);

  if (field->optional && lw_keras_is_null (node))
    {
      value->pair[0] = value->pair[1] = 0;
      return TRUE;
    }
  if (lw_keras_get_whole (node, &value->pair[0]))
    value->pair[1] = value->pair[0];
  else if (array == NULL || json_array_get_length (array) != 2
           || !lw_keras_get_whole (json_array_get_element (array, 0), &value->pair[0])
           || !lw_keras_get_whole (json_array_get_element (array, 1), &value->pair[1]))
    return lw_keras_fail_type (error, owner, field->key, node, _("one or two whole numbers"));

  /* {0, 0} means None to a spec, and nothing to Keras. */
  if (field->optional && value->pair[0] == 0 && value->pair[1] == 0)
    return lw_keras_fail_type (error, owner, field->key, node, _("one or two whole numbers above 0"));
  return TRUE;
}

/* A list of numbers, or one number alone for a list of one. */
static gboolean
read_list (const LwField *field, const char *owner, JsonNode *node, LwFieldValue *value,
           GError **error)
{
  JsonArray *array = lw_keras_get_array (node);
  guint      n = array != NULL ? json_array_get_length (array) : 1;

  value->list = (LwFieldList) { 0 };
  if (field->optional && lw_keras_is_null (node))
    return TRUE;
  if (n > LW_FIELD_MAX_LIST)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("The %s of %s in config.json has %u numbers, but Layerwise takes at most %d; "
                     "use fewer."),
                   field->key, owner, n, LW_FIELD_MAX_LIST);
      return FALSE;
    }
  value->list.n = (int) n;
  for (guint i = 0; i < n; i++)
    {
      JsonNode *number = array != NULL ? json_array_get_element (array, i) : node;
      gint64    whole;

      if (field->whole && lw_keras_get_whole (number, &whole))
        value->list.x[i] = (double) whole;
      else if (field->whole)
        return lw_keras_fail_type (error, owner, field->key, number, _("a list of whole numbers"));
      else if (get_number (number, &value->list.x[i]))
        value->list.x[i] = get_meant (value->list.x[i]);
      else
        return lw_keras_fail_type (error, owner, field->key, number, _("a list of finite numbers"));
    }
  return TRUE;
}

static gboolean
read_value (const LwField *field, const char *owner, JsonNode *node, LwFieldValue *value,
            GError **error)
{
  if (lw_keras_is_initializer (field))
    return read_initializer (field, owner, node, value, error);
  if (lw_keras_is_regularizer (field))
    return read_regularizer (field, owner, node, value, error);

  switch (field->type)
    {
    case LW_FIELD_INT:
      /* TF-Keras has the axis of BatchNormalization in a list. */
      if (lw_keras_get_array (node) != NULL && json_array_get_length (lw_keras_get_array (node)) == 1
          && strcmp (field->key, "axis") == 0)
        node = json_array_get_element (lw_keras_get_array (node), 0);
      if (!lw_keras_get_whole (node, &value->i))
        return lw_keras_fail_type (error, owner, field->key, node, _("a whole number"));
      return TRUE;
    case LW_FIELD_PAIR:
      return read_pair (field, owner, node, value, error);
    case LW_FIELD_FLOAT:
      if (field->optional && lw_keras_is_null (node))
        value->x = NAN;
      else if (get_number (node, &value->x))
        value->x = get_meant (value->x);
      else
        return lw_keras_fail_type (error, owner, field->key, node, _("a finite number"));
      return TRUE;
    case LW_FIELD_BOOL:
      if (!lw_keras_is_value_of (node, G_TYPE_BOOLEAN))
        return lw_keras_fail_type (error, owner, field->key, node, _("true or false"));
      value->b = json_node_get_boolean (node);
      return TRUE;
    case LW_FIELD_LIST:
      return read_list (field, owner, node, value, error);
    case LW_FIELD_CHOICE:
    default:
      return read_choice (field, owner, node, value, error);
    }
}

gboolean
lw_keras_check_dtype (const char *owner, JsonNode *node, GError **error)
{
  JsonObject *policy = lw_keras_get_object (node);
  const char *dtype = lw_keras_get_string (node);

  if (lw_keras_is_null (node))
    return TRUE;
  if (policy != NULL)
    {
      JsonObject *config = lw_keras_get_object (json_object_get_member (policy, "config"));

      if (config != NULL)
        dtype = lw_keras_get_string (json_object_get_member (config, "name"));
    }
  if (dtype == NULL)
    return lw_keras_fail_type (error, owner, "dtype", node, _("a text or a DTypePolicy"));
  if (strcmp (dtype, "float32") != 0)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("%s has dtype %s, but Layerwise computes in float32; save the model in "
                     "float32."),
                   owner, dtype);
      return FALSE;
    }
  return TRUE;
}

gboolean
lw_keras_fail_option (GError **error, const char *owner, const char *key)
{
  g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
               _("Layerwise does not know the option %s of %s yet; save the model without it."),
               key, owner);
  return FALSE;
}

/* A spec from a `config` object (NULL: empty). What the object leaves out has Keras' default. */
LwSpec *
lw_keras_read_spec (const LwSpecClass *klass, const char *name, const char *owner, JsonObject *config,
           LwKerasCheckOption check_option, GError **error)
{
  g_autoptr (LwSpec) spec = lw_spec_new (klass, name);
  JsonObjectIter     iter;
  const char        *key;
  JsonNode          *node;

  for (guint i = 0; i < klass->n_fields; i++)
    {
      const LwField *field = &klass->fields[i];
      LwFieldValue   value = field->keras != NULL ? *field->keras : field->standard;
      LwSpec        *changed;

      node = config != NULL ? json_object_get_member (config, field->key) : NULL;
      if (node == NULL && field->required)
        {
          lw_keras_fail_type (error, owner, field->key, NULL, _("given"));
          return NULL;
        }
      if (node != NULL && !read_value (field, owner, node, &value, error))
        return NULL;

      changed = lw_spec_with_value (spec, field->key, value, error);
      if (changed == NULL)
        return NULL;
      lw_spec_unref (spec);
      spec = changed;
    }

  if (config != NULL)
    {
      json_object_iter_init (&iter, config);
      while (json_object_iter_next (&iter, &key, &node))
        if (lw_spec_class_find (klass, key, NULL) == NULL
            && !check_option (owner, key, node, error))
          return NULL;
    }
  return g_steal_pointer (&spec);
}

/* The class_name and config of a serialized object. */
gboolean
lw_keras_open_object (JsonNode *node, const char *owner, const char **class_name, JsonObject **config,
             GError **error)
{
  JsonObject *object = lw_keras_get_object (node);
  const char *registered;

  if (object == NULL)
    return lw_keras_fail_type (error, "Sequential", owner, node, _("an object"));

  *class_name = lw_keras_get_string (json_object_get_member (object, "class_name"));
  if (*class_name == NULL)
    return lw_keras_fail_type (error, owner, "class_name", json_object_get_member (object, "class_name"),
                      _("a text"));
  *config = lw_keras_get_object (json_object_get_member (object, "config"));
  if (*config == NULL)
    return lw_keras_fail_type (error, owner, "config", json_object_get_member (object, "config"),
                      _("an object"));

  /* "package>Name" is somebody's own class, whatever it is called. */
  registered = lw_keras_get_string (json_object_get_member (object, "registered_name"));
  if (registered != NULL && strchr (registered, '>') != NULL)
    *class_name = registered;
  return TRUE;
}
