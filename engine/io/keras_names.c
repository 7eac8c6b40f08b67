#include "engine/io/keras_names.h"

#include <string.h>

#include "engine/nn/schedule.h"

gboolean
lw_keras_is_initializer (const LwField *field)
{
  return g_str_has_suffix (field->key, "_initializer");
}

gboolean
lw_keras_is_regularizer (const LwField *field)
{
  return strcmp (field->key, "kernel_regularizer") == 0;
}

void
lw_keras_append_float (GString *text, const char *number)
{
  g_string_append (text, number);
  if (strpbrk (number, ".e") == NULL)
    g_string_append (text, ".0");
}

gboolean
lw_keras_is_none (const LwField *field, const LwFieldValue *value)
{
  return strcmp (field->key, "ema_overwrite_frequency") == 0 && value->i == 0;
}

char *
lw_keras_get_input_name (const LwModelSpec *model)
{
  char *name = g_strdup ("input_layer");

  for (guint i = 0, number = 1; i < lw_model_spec_get_n_layers (model);)
    if (strcmp (lw_spec_get_name (lw_model_spec_get_layer (model, i)), name) == 0)
      {
        g_free (name);
        name = g_strdup_printf ("input_layer_%u", number++);
        i = 0;
      }
    else
      i++;
  return name;
}

/* -- schedules -- */

static const struct {
  const char *class_name;
  const char *keys[6];
  guint       n_required;
} schedules[] = {
  { "ExponentialDecay", { "initial_learning_rate", "decay_steps", "decay_rate", "staircase" }, 3 },
  { "CosineDecay",
    { "initial_learning_rate", "decay_steps", "alpha", "warmup_target", "warmup_steps" },
    2 },
  { "PiecewiseConstantDecay", { "boundaries", "values" }, 2 },
};

const char *const *
lw_keras_get_schedule_keys (const char *schedule, guint *n_required)
{
  for (guint i = 0; i < G_N_ELEMENTS (schedules); i++)
    if (strcmp (schedules[i].class_name, schedule) == 0)
      {
        *n_required = schedules[i].n_required;
        return schedules[i].keys;
      }
  return NULL;
}

gboolean
lw_keras_schedule_requires (const char *schedule, const char *key)
{
  guint              n_required = 0;
  const char *const *keys = lw_keras_get_schedule_keys (schedule, &n_required);

  for (guint i = 0; i < n_required; i++)
    if (strcmp (keys[i], key) == 0)
      return TRUE;
  return FALSE;
}

gboolean
lw_keras_is_schedule_field (const LwField *field)
{
  return strcmp (field->key, "schedule") == 0 || lw_schedule_has_key (field->key);
}

const char *
lw_keras_get_schedule_key (const LwSpec *optimizer, const LwField *field)
{
  guint              n_required;
  const char        *key = strcmp (field->key, "learning_rate") == 0 ? "initial_learning_rate" : field->key;
  const char *const *keys;

  if (!lw_schedule_is_used (optimizer))
    return NULL;
  keys = lw_keras_get_schedule_keys (lw_spec_get_choice (optimizer, "schedule"), &n_required);
  return keys != NULL && g_strv_contains (keys, key) ? key : NULL;
}
