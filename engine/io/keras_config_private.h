#pragma once

#include <json-glib/json-glib.h>

#include "engine/nn/model_spec.h"

/* What the parts of Keras' config reader share: the values of one object (keras_config_values.c), the
 * optimizer and the loss (keras_config_compile.c), the layers and the model (keras_config_read.c).
 * `owner` begins an error's sentence: whose key it is. */

G_BEGIN_DECLS

/* What a node is, for a sentence: "a text", "missing". */
const char *lw_keras_describe     (JsonNode *node);
/* Sets the error that `key` of `owner` should be `expected`; FALSE. */
gboolean    lw_keras_fail_type    (GError **error, const char *owner, const char *key, JsonNode *found,
                                   const char *expected);
/* Sets the error that `owner` has an option that Layerwise does not know; FALSE. */
gboolean    lw_keras_fail_option  (GError **error, const char *owner, const char *key);

/* The node's value, or NULL or FALSE where it is missing or of another type. */
const char *lw_keras_get_string   (JsonNode *node);
JsonObject *lw_keras_get_object   (JsonNode *node);
JsonArray  *lw_keras_get_array    (JsonNode *node);
gboolean    lw_keras_get_whole    (JsonNode *node, gint64 *whole);
gboolean    lw_keras_is_null      (JsonNode *node);
gboolean    lw_keras_is_value_of  (JsonNode *node, GType type);
/* TRUE where an unknown option's value cannot matter: null, false, nothing. */
gboolean    lw_keras_is_neutral   (JsonNode *node);

/* FALSE unless the dtype is float32 or not said. */
gboolean    lw_keras_check_dtype  (const char *owner, JsonNode *node, GError **error);

/* class_name and config of a serialized object, borrowed from it. */
gboolean    lw_keras_open_object  (JsonNode *node, const char *owner, const char **class_name,
                                   JsonObject **config, GError **error);

/* Whether a key that the class has not may be passed over. */
typedef gboolean (*LwKerasCheckOption) (const char *owner, const char *key, JsonNode *node, GError **error);

/* A spec from its config (NULL: Keras' defaults). */
LwSpec     *lw_keras_read_spec    (const LwSpecClass *klass, const char *name, const char *owner,
                                   JsonObject *config, LwKerasCheckOption check_option, GError **error);

/* Puts a model with the optimizer and the loss of `compile_config` (may be null) in *model's place. */
gboolean    lw_keras_read_compile_config (JsonNode *node, LwModelSpec **model, GError **error);

/* Replaces *model by a new one, taking it. */
static inline void
lw_keras_take (LwModelSpec **model, LwModelSpec *next)
{
  lw_model_spec_unref (*model);
  *model = next;
}

G_END_DECLS
