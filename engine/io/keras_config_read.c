/* A Sequential model from Keras' config.json: its layers and its input. */

#include "engine/io/keras_config.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#include "engine/core/error.h"
#include "engine/io/json_guard.h"
#include "engine/io/keras_config_private.h"

#define MAX_LAYERS 256

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
    return lw_keras_check_dtype (owner, node, error);

  /* On one machine a batch is synchronized by itself, and without renorm its arguments have no use. */
  if (strcmp (key, "synchronized") == 0 || g_str_has_prefix (key, "renorm_"))
    return TRUE;

  if (strcmp (key, "trainable") == 0)
    {
      if (lw_keras_is_null (node) || (lw_keras_is_value_of (node, G_TYPE_BOOLEAN) && json_node_get_boolean (node)))
        return TRUE;
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("%s is frozen (trainable is false), which Layerwise cannot keep yet; save the "
                     "model with trainable layers."),
                   owner);
      return FALSE;
    }
  if (strcmp (key, "data_format") == 0)
    {
      const char *format = lw_keras_get_string (node);

      if (lw_keras_is_null (node) || g_strcmp0 (format, "channels_last") == 0)
        return TRUE;
      if (format == NULL)
        return lw_keras_fail_type (error, owner, key, node, _("a text"));
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("%s has data_format %s, but Layerwise has channels last; save the model with "
                     "channels_last."),
                   owner, format);
      return FALSE;
    }
  if (strcmp (key, "groups") == 0 && lw_keras_get_whole (node, &whole) && whole == 1)
    return TRUE;
  return lw_keras_is_neutral (node) || lw_keras_fail_option (error, owner, key);
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

static LwSpec *
read_layer (JsonNode *node, guint place, GError **error)
{
  g_autofree char    *where = g_strdup_printf (_("layer %u"), place + 1);
  const char         *class_name;
  const char         *name;
  JsonObject         *config;
  const LwLayerClass *klass;
  LwSpec             *layer;

  if (!lw_keras_open_object (node, where, &class_name, &config, error))
    return NULL;
  if (json_object_has_member (config, "name")
      && lw_keras_get_string (json_object_get_member (config, "name")) == NULL)
    {
      lw_keras_fail_type (error, where, "name", json_object_get_member (config, "name"), _("a text"));
      return NULL;
    }
  name = lw_keras_get_string (json_object_get_member (config, "name"));
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

  layer = lw_keras_read_spec (&klass->spec, name, name != NULL ? name : where, config, check_layer_option,
                     error);
  return layer != NULL ? simplify_strides (layer) : NULL;
}

static gboolean
read_batch_shape (JsonNode *node, const char *key, LwShape *input, GError **error)
{
  JsonArray *array = lw_keras_get_array (node);
  guint      n = array != NULL ? json_array_get_length (array) : 0;

  if (n < 2 || n > 4)
    return lw_keras_fail_type (error, "the input", key, node, _("a list of batch, height, width, channels"));

  *input = (LwShape) { .rank = (int) n - 1 };
  for (guint i = 1; i < n; i++)
    {
      JsonNode *size = json_array_get_element (array, i);

      if (lw_keras_is_null (size) && n == 4 && i < 3)
        input->dims[i - 1] = LW_DIM_ANY;
      else if (lw_keras_is_null (size))
        return lw_keras_fail_type (error, "the input", key, size, _("a size, for only height and width of "
                                                           "an image may be open"));
      else if (!lw_keras_get_whole (size, &input->dims[i - 1]))
        return lw_keras_fail_type (error, "the input", key, size, _("a whole number or null"));
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
  JsonObject              *build = lw_keras_get_object (json_object_get_member (root, "build_config"));

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      *key = keys[i];
      *node = layer_config != NULL ? json_object_get_member (layer_config, *key) : NULL;
      if (!lw_keras_is_null (*node))
        return TRUE;
    }
  *key = "build_input_shape";
  *node = json_object_get_member (config, *key);
  if (!lw_keras_is_null (*node))
    return TRUE;
  *key = "input_shape";
  *node = build != NULL ? json_object_get_member (build, *key) : NULL;
  return !lw_keras_is_null (*node);
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

static LwModelSpec *
read_sequential (JsonNode *root_node, GError **error)
{
  g_autoptr (GPtrArray)   specs = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_spec_unref);
  g_autoptr (LwModelSpec) model = NULL;
  JsonObject             *root = lw_keras_get_object (root_node);
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
                   lw_keras_describe (root_node));
      return NULL;
    }
  class_name = lw_keras_get_string (json_object_get_member (root, "class_name"));
  if (class_name != NULL && strcmp (class_name, "Sequential") != 0)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("The model is of class %s, but Layerwise reads Sequential models; build it as "
                     "a Sequential model."),
                   class_name);
      return NULL;
    }
  if (!lw_keras_open_object (root_node, "Sequential", &class_name, &config, error))
    return NULL;
  if (!lw_keras_check_dtype ("Sequential", json_object_get_member (config, "dtype"), error)
      || !check_layer_option ("Sequential", "trainable",
                              json_object_get_member (config, "trainable"), error))
    return NULL;

  layers = lw_keras_get_array (json_object_get_member (config, "layers"));
  if (layers == NULL)
    {
      lw_keras_fail_type (error, "Sequential", "layers", json_object_get_member (config, "layers"),
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
      JsonObject *layer = lw_keras_get_object (node);
      LwSpec     *spec;

      if (i == 0 && layer != NULL)
        {
          first_config = lw_keras_get_object (json_object_get_member (layer, "config"));
          if (first_config != NULL
              && g_strcmp0 (lw_keras_get_string (json_object_get_member (layer, "class_name")), "InputLayer")
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

  name = lw_keras_get_string (json_object_get_member (config, "name"));
  model = lw_model_spec_new (name != NULL ? name : "sequential", &input);
  for (guint i = 0; i < specs->len; i++)
    lw_keras_take (&model, lw_model_spec_with_inserted (model, i, specs->pdata[i]));
  if (!lw_keras_read_compile_config (json_object_get_member (root, "compile_config"), &model, error))
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
