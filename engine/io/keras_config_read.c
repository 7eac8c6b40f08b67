#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "engine/core/error.h"
#include "engine/io/json_guard.h"
#include "engine/io/keras_config.h"
#include "engine/nn/schedule.h"

#define MAX_LAYERS 256

static const char *
describe (JsonNode *node)
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
static gboolean
fail_type (GError **error, const char *owner, const char *key, JsonNode *found,
           const char *expected)
{
  g_set_error (error, LW_ERROR, LW_ERROR_FILE,
               _("The %s of %s in config.json is %s, but should be %s; the file is damaged or of "
                 "another kind."),
               key, owner, describe (found), expected);
  return FALSE;
}

static gboolean
is_null (JsonNode *node)
{
  return node == NULL || JSON_NODE_HOLDS_NULL (node);
}

static gboolean
is_value_of (JsonNode *node, GType type)
{
  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

static const char *
get_string (JsonNode *node)
{
  return is_value_of (node, G_TYPE_STRING) ? json_node_get_string (node) : NULL;
}

static JsonObject *
get_object (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/* A list, also in the form that TF-Keras gives to tuples. */
static JsonArray *
get_array (JsonNode *node)
{
  JsonObject *tuple = get_object (node);

  if (tuple != NULL
      && g_strcmp0 (get_string (json_object_get_member (tuple, "class_name")), "__tuple__") == 0)
    node = json_object_get_member (tuple, "items");
  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

static gboolean
get_number (JsonNode *node, double *number)
{
  if (is_value_of (node, G_TYPE_INT64))
    *number = (double) json_node_get_int (node);
  else if (is_value_of (node, G_TYPE_DOUBLE))
    *number = json_node_get_double (node);
  else
    return FALSE;
  return isfinite (*number);
}

/* 3 and 3.0, but not 3.5. */
static gboolean
get_whole (JsonNode *node, gint64 *whole)
{
  double number;

  if (is_value_of (node, G_TYPE_INT64))
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
static gboolean
is_neutral (JsonNode *node)
{
  double number;

  if (is_null (node))
    return TRUE;
  if (JSON_NODE_HOLDS_OBJECT (node))
    return json_object_get_size (json_node_get_object (node)) == 0;
  if (JSON_NODE_HOLDS_ARRAY (node))
    return json_array_get_length (json_node_get_array (node)) == 0;
  if (is_value_of (node, G_TYPE_BOOLEAN))
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
  JsonObject *function = get_object (node);
  const char *word;

  if (function == NULL)
    return get_string (node);
  word = get_string (json_object_get_member (function, "config"));
  return word != NULL ? word : get_string (json_object_get_member (function, "class_name"));
}

static gboolean
read_choice (const LwField *field, const char *owner, JsonNode *node, LwFieldValue *value,
             GError **error)
{
  const char      *word = get_word (node);
  g_autofree char *known = NULL;

  /* No activation is linear, and some have a second name. */
  if (is_null (node) && strcmp (field->key, "activation") == 0)
    word = "linear";
  else if (g_strcmp0 (word, "swish") == 0 && strcmp (field->key, "activation") == 0)
    word = "silu";
  if (word == NULL)
    return fail_type (error, owner, field->key, node, _("a text"));

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
  JsonObject *object = get_object (node);
  const char *name = object != NULL ? get_string (json_object_get_member (object, "class_name"))
                                    : get_string (node);

  *value = field->standard;
  if (is_null (node))
    return TRUE;
  if (name == NULL)
    return fail_type (error, owner, field->key, node, _("an initializer"));
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
  JsonObject *object = get_object (node);
  JsonObject *config = NULL;
  const char *name = get_string (node);

  value->x = 0.0;
  if (is_null (node) || (object != NULL && json_object_get_size (object) == 0))
    return TRUE;
  if (object != NULL)
    {
      name = get_string (json_object_get_member (object, "class_name"));
      config = get_object (json_object_get_member (object, "config"));
    }
  if (name == NULL)
    return fail_type (error, owner, field->key, node, _("a regularizer"));
  if ((g_ascii_strcasecmp (name, "L2") != 0 && g_ascii_strcasecmp (name, "L1L2") != 0)
      || (config != NULL && !is_neutral (json_object_get_member (config, "l1"))))
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
    return fail_type (error, owner, "l2", json_object_get_member (config, "l2"),
                      _("a finite number"));
  return TRUE;
}

static gboolean
read_pair (const LwField *field, const char *owner, JsonNode *node, LwFieldValue *value,
           GError **error)
{
  JsonArray *array = get_array (node);

  if (field->optional && is_null (node))
    {
      value->pair[0] = value->pair[1] = 0;
      return TRUE;
    }
  if (get_whole (node, &value->pair[0]))
    value->pair[1] = value->pair[0];
  else if (array == NULL || json_array_get_length (array) != 2
           || !get_whole (json_array_get_element (array, 0), &value->pair[0])
           || !get_whole (json_array_get_element (array, 1), &value->pair[1]))
    return fail_type (error, owner, field->key, node, _("one or two whole numbers"));

  /* {0, 0} means None to a spec, and nothing to Keras. */
  if (field->optional && value->pair[0] == 0 && value->pair[1] == 0)
    return fail_type (error, owner, field->key, node, _("one or two whole numbers above 0"));
  return TRUE;
}

/* A list of numbers, or one number alone for a list of one. */
static gboolean
read_list (const LwField *field, const char *owner, JsonNode *node, LwFieldValue *value,
           GError **error)
{
  JsonArray *array = get_array (node);
  guint      n = array != NULL ? json_array_get_length (array) : 1;

  value->list = (LwFieldList) { 0 };
  if (field->optional && is_null (node))
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

      if (field->whole && get_whole (number, &whole))
        value->list.x[i] = (double) whole;
      else if (field->whole)
        return fail_type (error, owner, field->key, number, _("a list of whole numbers"));
      else if (get_number (number, &value->list.x[i]))
        value->list.x[i] = get_meant (value->list.x[i]);
      else
        return fail_type (error, owner, field->key, number, _("a list of finite numbers"));
    }
  return TRUE;
}

static gboolean
read_value (const LwField *field, const char *owner, JsonNode *node, LwFieldValue *value,
            GError **error)
{
  if (g_str_has_suffix (field->key, "_initializer"))
    return read_initializer (field, owner, node, value, error);
  if (strcmp (field->key, "kernel_regularizer") == 0)
    return read_regularizer (field, owner, node, value, error);

  switch (field->type)
    {
    case LW_FIELD_INT:
      /* TF-Keras has the axis of BatchNormalization in a list. */
      if (get_array (node) != NULL && json_array_get_length (get_array (node)) == 1
          && strcmp (field->key, "axis") == 0)
        node = json_array_get_element (get_array (node), 0);
      if (!get_whole (node, &value->i))
        return fail_type (error, owner, field->key, node, _("a whole number"));
      return TRUE;
    case LW_FIELD_PAIR:
      return read_pair (field, owner, node, value, error);
    case LW_FIELD_FLOAT:
      if (field->optional && is_null (node))
        value->x = NAN;
      else if (get_number (node, &value->x))
        value->x = get_meant (value->x);
      else
        return fail_type (error, owner, field->key, node, _("a finite number"));
      return TRUE;
    case LW_FIELD_BOOL:
      if (!is_value_of (node, G_TYPE_BOOLEAN))
        return fail_type (error, owner, field->key, node, _("true or false"));
      value->b = json_node_get_boolean (node);
      return TRUE;
    case LW_FIELD_LIST:
      return read_list (field, owner, node, value, error);
    case LW_FIELD_CHOICE:
    default:
      return read_choice (field, owner, node, value, error);
    }
}

static gboolean
check_dtype (const char *owner, JsonNode *node, GError **error)
{
  JsonObject *policy = get_object (node);
  const char *dtype = get_string (node);

  if (is_null (node))
    return TRUE;
  if (policy != NULL)
    {
      JsonObject *config = get_object (json_object_get_member (policy, "config"));

      if (config != NULL)
        dtype = get_string (json_object_get_member (config, "name"));
    }
  if (dtype == NULL)
    return fail_type (error, owner, "dtype", node, _("a text or a DTypePolicy"));
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

static gboolean
fail_option (GError **error, const char *owner, const char *key)
{
  g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
               _("Layerwise does not know the option %s of %s yet; save the model without it."),
               key, owner);
  return FALSE;
}

/* A key of a layer that is not among its fields: may it be passed over? */
static gboolean
check_layer_option (const char *owner, const char *key, JsonNode *node, GError **error)
{
  gint64 whole;

  /* Only new weights need initializers and seeds; the input's shape is read elsewhere. */
  if (strcmp (key, "name") == 0 || strcmp (key, "seed") == 0
      || g_str_has_suffix (key, "_initializer") || strcmp (key, "batch_input_shape") == 0
      || strcmp (key, "batch_shape") == 0 || strcmp (key, "input_shape") == 0)
    return TRUE;
  if (strcmp (key, "dtype") == 0)
    return check_dtype (owner, node, error);

  /* On one machine a batch is synchronized by itself, and without renorm its arguments have no use. */
  if (strcmp (key, "synchronized") == 0 || g_str_has_prefix (key, "renorm_"))
    return TRUE;

  if (strcmp (key, "trainable") == 0)
    {
      if (is_null (node) || (is_value_of (node, G_TYPE_BOOLEAN) && json_node_get_boolean (node)))
        return TRUE;
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("%s is frozen (trainable is false), which Layerwise cannot keep yet; save the "
                     "model with trainable layers."),
                   owner);
      return FALSE;
    }
  if (strcmp (key, "data_format") == 0)
    {
      const char *format = get_string (node);

      if (is_null (node) || g_strcmp0 (format, "channels_last") == 0)
        return TRUE;
      if (format == NULL)
        return fail_type (error, owner, key, node, _("a text"));
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("%s has data_format %s, but Layerwise has channels last; save the model with "
                     "channels_last."),
                   owner, format);
      return FALSE;
    }
  if (strcmp (key, "groups") == 0 && get_whole (node, &whole) && whole == 1)
    return TRUE;
  return is_neutral (node) || fail_option (error, owner, key);
}

static gboolean
check_optimizer_option (const char *owner, const char *key, JsonNode *node, GError **error)
{
  if (strcmp (key, "name") == 0 || strcmp (key, "jit_compile") == 0
      || strcmp (key, "is_legacy_optimizer") == 0)
    return TRUE;
  return is_neutral (node) || fail_option (error, owner, key);
}

static gboolean
check_loss_option (const char *owner, const char *key, JsonNode *node, GError **error)
{
  const char *word = get_string (node);
  gint64      whole;

  if (strcmp (key, "name") == 0)
    return TRUE;
  if (strcmp (key, "dtype") == 0)
    return check_dtype (owner, node, error);
  if (strcmp (key, "reduction") == 0
      && (g_strcmp0 (word, "sum_over_batch_size") == 0 || g_strcmp0 (word, "auto") == 0))
    return TRUE;
  if (strcmp (key, "axis") == 0 && get_whole (node, &whole) && whole == -1)
    return TRUE;
  return is_neutral (node) || fail_option (error, owner, key);
}

typedef gboolean (*CheckOption) (const char *owner, const char *key, JsonNode *node,
                                 GError **error);

/* A spec from a `config` object (NULL: empty). What the object leaves out has Keras' default. */
static LwSpec *
read_spec (const LwSpecClass *klass, const char *name, const char *owner, JsonObject *config,
           CheckOption check_option, GError **error)
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
          fail_type (error, owner, field->key, NULL, _("given"));
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

/* Keras writes a pool's strides out where they are its size; to us they then go with the size. */
static LwSpec *
simplify_strides (LwSpec *layer)
{
  gint64  pool[2];
  gint64  strides[2];
  LwSpec *simple;

  if (lw_spec_class_find (lw_spec_get_class (layer), "pool_size", NULL) == NULL)
    return layer;
  lw_spec_get_pair (layer, "pool_size", pool);
  lw_spec_get_pair (layer, "strides", strides);
  if (pool[0] != strides[0] || pool[1] != strides[1])
    return layer;

  simple = lw_spec_with_value (layer, "strides", (LwFieldValue) { .pair = { 0, 0 } }, NULL);
  lw_spec_unref (layer);
  return simple;
}

/* The class_name and config of a serialized object. */
static gboolean
open_object (JsonNode *node, const char *owner, const char **class_name, JsonObject **config,
             GError **error)
{
  JsonObject *object = get_object (node);
  const char *registered;

  if (object == NULL)
    return fail_type (error, "Sequential", owner, node, _("an object"));

  *class_name = get_string (json_object_get_member (object, "class_name"));
  if (*class_name == NULL)
    return fail_type (error, owner, "class_name", json_object_get_member (object, "class_name"),
                      _("a text"));
  *config = get_object (json_object_get_member (object, "config"));
  if (*config == NULL)
    return fail_type (error, owner, "config", json_object_get_member (object, "config"),
                      _("an object"));

  /* "package>Name" is somebody's own class, whatever it is called. */
  registered = get_string (json_object_get_member (object, "registered_name"));
  if (registered != NULL && strchr (registered, '>') != NULL)
    *class_name = registered;
  return TRUE;
}

static LwSpec *
read_layer (JsonNode *node, guint place, GError **error)
{
  g_autofree char    *where = g_strdup_printf (_("layer %u"), place + 1);
  const char         *class_name;
  const char         *name;
  JsonObject         *config;
  const LwLayerClass *klass;
  LwSpec             *layer;

  if (!open_object (node, where, &class_name, &config, error))
    return NULL;
  if (json_object_has_member (config, "name")
      && get_string (json_object_get_member (config, "name")) == NULL)
    {
      fail_type (error, where, "name", json_object_get_member (config, "name"), _("a text"));
      return NULL;
    }
  name = get_string (json_object_get_member (config, "name"));
  if (name != NULL && *name == '\0')
    name = NULL;

  klass = lw_layer_class_find (class_name);
  if (klass == NULL)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("Layerwise does not know the layer %s (%s) yet; save the model without it."),
                   class_name, name != NULL ? name : where);
      return NULL;
    }

  layer = read_spec (&klass->spec, name, name != NULL ? name : where, config, check_layer_option,
                     error);
  return layer != NULL ? simplify_strides (layer) : NULL;
}

static gboolean
read_batch_shape (JsonNode *node, const char *key, LwShape *input, GError **error)
{
  JsonArray *array = get_array (node);
  guint      n = array != NULL ? json_array_get_length (array) : 0;

  if (n < 2 || n > 4)
    return fail_type (error, "the input", key, node, _("a list of batch, height, width, channels"));

  *input = (LwShape) { .rank = (int) n - 1 };
  for (guint i = 1; i < n; i++)
    {
      JsonNode *size = json_array_get_element (array, i);

      if (is_null (size) && n == 4 && i < 3)
        input->dims[i - 1] = LW_DIM_ANY;
      else if (is_null (size))
        return fail_type (error, "the input", key, size, _("a size, for only height and width of "
                                                           "an image may be open"));
      else if (!get_whole (size, &input->dims[i - 1]))
        return fail_type (error, "the input", key, size, _("a whole number or null"));
      else if (input->dims[i - 1] < 1 || input->dims[i - 1] > LW_MAX_INPUT_SIZE)
        {
          g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
                       _("The %s of the input has a size of %" PRId64
                         ", but sizes go from 1 to %d; the file is damaged or of another kind."),
                       key, input->dims[i - 1], LW_MAX_INPUT_SIZE);
          return FALSE;
        }
    }
  return TRUE;
}

/* Looks for the shape where the several writers put it. */
static gboolean
find_batch_shape (JsonObject *layer_config, JsonObject *config, JsonObject *root, JsonNode **node,
                  const char **key)
{
  static const char *const keys[] = { "batch_shape", "batch_input_shape" };
  JsonObject              *build = get_object (json_object_get_member (root, "build_config"));

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      *key = keys[i];
      *node = layer_config != NULL ? json_object_get_member (layer_config, *key) : NULL;
      if (!is_null (*node))
        return TRUE;
    }
  *key = "build_input_shape";
  *node = json_object_get_member (config, *key);
  if (!is_null (*node))
    return TRUE;
  *key = "input_shape";
  *node = build != NULL ? json_object_get_member (build, *key) : NULL;
  return !is_null (*node);
}

static gboolean
check_input_layer (JsonObject *config, GError **error)
{
  JsonObjectIter iter;
  const char    *key;
  JsonNode      *node;

  json_object_iter_init (&iter, config);
  while (json_object_iter_next (&iter, &key, &node))
    if (!check_layer_option (_("the input"), key, node, error))
      return FALSE;
  return TRUE;
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
  const char *class_name = get_string (node);

  *config = NULL;
  if (class_name == NULL)
    {
      JsonObject *object = get_object (node);

      if (object == NULL)
        return fail_type (error, "compile_config", owner, node, _("an object or a text"));
      class_name = get_string (json_object_get_member (object, "class_name"));
      if (g_strcmp0 (class_name, "function") == 0)
        class_name = get_string (json_object_get_member (object, "config"));
      else if (!open_object (node, owner, &class_name, config, error))
        return FALSE;
      if (class_name == NULL)
        return fail_type (error, owner, "config", json_object_get_member (object, "config"),
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
  static const struct {
    const char *class_name;
    const char *keys[6];
    guint       n_required; /* of these, from the first on */
  } schedules[] = {
    { "ExponentialDecay", { "initial_learning_rate", "decay_steps", "decay_rate", "staircase" }, 3 },
    { "CosineDecay",
      { "initial_learning_rate", "decay_steps", "alpha", "warmup_target", "warmup_steps" },
      2 },
    { "PiecewiseConstantDecay", { "boundaries", "values" }, 2 },
  };
  const char    *class_name;
  JsonObject    *config;
  JsonObjectIter iter;
  const char    *key;
  JsonNode      *node;
  guint          which = 0;

  class_name = get_string (json_object_get_member (get_object (rate), "class_name"));
  if (class_name == NULL)
    return fail_type (error, owner, "learning_rate", rate, _("a number or a schedule"));
  while (which < G_N_ELEMENTS (schedules) && strcmp (schedules[which].class_name, class_name) != 0)
    which++;
  if (which == G_N_ELEMENTS (schedules))
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("Layerwise does not know the learning rate schedule %s of %s yet; it knows "
                     "ExponentialDecay, CosineDecay and PiecewiseConstantDecay."),
                   class_name, owner);
      return FALSE;
    }
  if (!open_object (rate, "learning_rate", &class_name, &config, error))
    return FALSE;
  for (guint i = 0; i < schedules[which].n_required; i++)
    if (!json_object_has_member (config, schedules[which].keys[i]))
      return fail_type (error, class_name, schedules[which].keys[i], NULL, _("given"));

  json_object_set_string_member (flat, "schedule", class_name);
  json_object_iter_init (&iter, config);
  while (json_object_iter_next (&iter, &key, &node))
    if (g_strv_contains (schedules[which].keys, key))
      json_object_set_member (flat, strcmp (key, "initial_learning_rate") == 0 ? "learning_rate" : key,
                              json_node_copy (node));
    else if (strcmp (key, "name") != 0 && !is_neutral (node))
      return fail_option (error, class_name, key);
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
        fail_option (error, owner, key);
        return NULL;
      }
    else if (strcmp (key, "learning_rate") == 0 && get_object (node) != NULL)
      {
        if (!flatten_schedule (owner, node, flat, error))
          return NULL;
      }
    /* None is 0 to a spec, and nothing to Keras. */
    else if (strcmp (key, "ema_overwrite_frequency") != 0 || !is_null (node))
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
  spec = read_spec (klass, NULL, klass->class_name, flat, check_optimizer_option, error);
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
  return read_spec (klass, NULL, klass->class_name, config, check_loss_option, error);
}

/* Replaces *model by a new one. */
static void
take (LwModelSpec **model, LwModelSpec *next)
{
  lw_model_spec_unref (*model);
  *model = next;
}

static gboolean
read_compile_config (JsonNode *node, LwModelSpec **model, GError **error)
{
  JsonObject        *compiled = get_object (node);
  JsonNode          *part;
  g_autoptr (LwSpec) loss = NULL;

  if (compiled == NULL && !is_null (node))
    return fail_type (error, "Sequential", "compile_config", node, _("an object"));

  part = compiled != NULL ? json_object_get_member (compiled, "optimizer") : NULL;
  if (!is_null (part))
    {
      g_autoptr (LwSpec) optimizer = read_optimizer (part, error);

      if (optimizer == NULL)
        return FALSE;
      take (model, lw_model_spec_with_optimizer (*model, optimizer));
    }

  part = compiled != NULL ? json_object_get_member (compiled, "loss_weights") : NULL;
  if (!is_neutral (part))
    return fail_option (error, "compile_config", "loss_weights");

  part = compiled != NULL ? json_object_get_member (compiled, "loss") : NULL;
  if (!is_null (part))
    loss = read_loss (part, error);
  else
    {
      const LwFieldValue from_logits = { .b = !lw_model_spec_ends_in_probabilities (*model) };

      loss = lw_spec_with_value (lw_model_spec_get_loss (*model), "from_logits", from_logits,
                                 error);
    }
  if (loss == NULL)
    return FALSE;
  take (model, lw_model_spec_with_loss (*model, loss));
  return TRUE;
}

static LwModelSpec *
read_sequential (JsonNode *root_node, GError **error)
{
  g_autoptr (GPtrArray)   specs = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_spec_unref);
  g_autoptr (LwModelSpec) model = NULL;
  JsonObject             *root = get_object (root_node);
  JsonObject             *config;
  JsonObject             *first_config = NULL;
  JsonArray              *layers;
  JsonNode               *shape_node;
  const char             *class_name;
  const char             *name;
  const char             *shape_key;
  LwShape                 input;
  guint                   n;

  if (root == NULL)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("config.json is %s, but should be an object that describes a Sequential "
                     "model; the file is damaged or of another kind."),
                   describe (root_node));
      return NULL;
    }
  class_name = get_string (json_object_get_member (root, "class_name"));
  if (class_name != NULL && strcmp (class_name, "Sequential") != 0)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("The model is of class %s, but Layerwise reads Sequential models; build it as "
                     "a Sequential model."),
                   class_name);
      return NULL;
    }
  if (!open_object (root_node, "Sequential", &class_name, &config, error))
    return NULL;
  if (!check_dtype ("Sequential", json_object_get_member (config, "dtype"), error)
      || !check_layer_option ("Sequential", "trainable",
                              json_object_get_member (config, "trainable"), error))
    return NULL;

  layers = get_array (json_object_get_member (config, "layers"));
  if (layers == NULL)
    {
      fail_type (error, "Sequential", "layers", json_object_get_member (config, "layers"),
                 _("a list"));
      return NULL;
    }
  n = json_array_get_length (layers);
  if (n > MAX_LAYERS)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("The model has %u layers, but Layerwise takes at most %d; use fewer."), n,
                   MAX_LAYERS);
      return NULL;
    }

  for (guint i = 0; i < n; i++)
    {
      JsonNode   *node = json_array_get_element (layers, i);
      JsonObject *layer = get_object (node);
      LwSpec     *spec;

      if (i == 0 && layer != NULL)
        {
          first_config = get_object (json_object_get_member (layer, "config"));
          if (first_config != NULL
              && g_strcmp0 (get_string (json_object_get_member (layer, "class_name")), "InputLayer")
                     == 0)
            {
              if (!check_input_layer (first_config, error))
                return NULL;
              continue;
            }
        }
      spec = read_layer (node, i, error);
      if (spec == NULL)
        return NULL;
      g_ptr_array_add (specs, spec);
    }

  if (!find_batch_shape (first_config, config, root, &shape_node, &shape_key))
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("config.json does not say the shape of the model's input; give the model an "
                     "Input layer or build it before it is saved."));
      return NULL;
    }
  if (!read_batch_shape (shape_node, shape_key, &input, error))
    return NULL;
  if (input.rank == 2 && specs->len > 0 && lw_spec_is_a (specs->pdata[0], "Flatten"))
    input = LW_SHAPE (input.dims[0], input.dims[1], 1);

  name = get_string (json_object_get_member (config, "name"));
  model = lw_model_spec_new (name != NULL ? name : "sequential", &input);
  for (guint i = 0; i < specs->len; i++)
    take (&model, lw_model_spec_with_inserted (model, i, specs->pdata[i]));
  if (!read_compile_config (json_object_get_member (root, "compile_config"), &model, error))
    return NULL;
  return g_steal_pointer (&model);
}

LwModelSpec *
lw_keras_config_read (const char *json, gssize length, GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GError)     failure = NULL;

  g_return_val_if_fail (json != NULL, NULL);

  if (!lw_json_guard (json, length, "config.json", error))
    return NULL;

  parser = json_parser_new_immutable ();
  if (!json_parser_load_from_data (parser, json, length, &failure))
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("config.json is not valid JSON (%s); the file is damaged."), failure->message);
      return NULL;
    }
  return read_sequential (json_parser_get_root (parser), error);
}
