#pragma once

#include "engine/nn/model_spec.h"

/* What a spec's fields are called and mean in Keras, where that is not the field itself: for whatever
 * writes or reads Keras' words, as JSON or as Python. */

G_BEGIN_DECLS

/* A word for an object of keras.initializers, and an l2 for one of keras.regularizers (0: None). */
gboolean    lw_keras_is_initializer   (const LwField *field);
gboolean    lw_keras_is_regularizer   (const LwField *field);

/* A number's shortest form, as Keras wants a real one: SGD refuses a momentum of 0. */
void        lw_keras_append_float     (GString *text, const char *number);

/* A number that stands for None: an ema_overwrite_frequency of 0. */
gboolean    lw_keras_is_none          (const LwField *field, const LwFieldValue *value);

/* "input_layer", or the first of its kind that no layer of the model has taken. Free with g_free. */
char       *lw_keras_get_input_name   (const LwModelSpec *model) G_GNUC_WARN_UNUSED_RESULT;

/* A spec has its learning-rate schedule among the optimizer's fields; in Keras it is an object in the
 * place of the rate. Whether a field has no place in the optimizer itself; what the optimizer's schedule
 * calls it, NULL where it is none of its arguments; and whether the schedule insists on that argument. */
gboolean    lw_keras_is_schedule_field (const LwField *field);
const char *lw_keras_get_schedule_key  (const LwSpec *optimizer, const LwField *field);
gboolean    lw_keras_schedule_requires (const char *schedule, const char *key);
/* The arguments of a schedule, NULL-terminated, those first that it requires; NULL for a schedule that
 * Layerwise does not know. */
const char *const *lw_keras_get_schedule_keys (const char *schedule, guint *n_required);

G_END_DECLS
