#include <math.h>
#include <string.h>

#include "engine/io/json_text.h"
#include "engine/io/keras_config.h"
#include "engine/io/keras_names.h"
#include "engine/nn/schedule.h"

static void
append_list (GString *json, const LwField *field, const char *text)
{
  g_auto (GStrv) numbers = g_strsplit (text, ", ", -1);

  g_string_append_c (json, '[');
  for (char **number = numbers; *number != NULL; number++)
    {
      if (number > numbers)
        g_string_append_c (json, ',');
      if (field->whole)
        g_string_append (json, *number);
      else
        lw_keras_append_float (json, *number);
    }
  g_string_append_c (json, ']');
}

static void
append_value (GString *json, const LwField *field, const LwFieldValue *value)
{
  g_autofree char *text = lw_field_value_to_string (field, value);

  switch (field->type)
    {
    case LW_FIELD_PAIR:
      if (field->optional && value->pair[0] == 0 && value->pair[1] == 0)
        g_string_append (json, "null");
      else
        g_string_append_printf (json, "[%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]", value->pair[0],
                                value->pair[1]);
      break;
    case LW_FIELD_FLOAT:
      if (isnan (value->x))
        g_string_append (json, "null");
      else
        lw_keras_append_float (json, text);
      break;
    case LW_FIELD_LIST:
      if (value->list.n == 0)
        g_string_append (json, "null");
      else
        append_list (json, field, text);
      break;
    case LW_FIELD_CHOICE:
      lw_json_append_string (json, text);
      break;
    case LW_FIELD_INT:
    case LW_FIELD_BOOL:
    default:
      g_string_append (json, text);
      break;
    }
}

/* "GlorotUniform" for "glorot_uniform". */
static void
append_class_name (GString *json, const char *words)
{
  gboolean begin = TRUE;

  for (const char *p = words; *p != '\0'; p++)
    {
      if (*p != '_')
        g_string_append_c (json, begin ? g_ascii_toupper (*p) : *p);
      begin = *p == '_';
    }
}

/* An initializer as Keras up to 3.14 writes it; later releases read that too. */
static void
append_initializer (GString *json, const char *words)
{
  g_string_append (json, "{\"module\":\"keras.initializers\",\"class_name\":\"");
  append_class_name (json, words);
  g_string_append (json, "\",\"config\":{");
  if (strcmp (words, "random_uniform") == 0)
    g_string_append (json, "\"minval\":-0.05,\"maxval\":0.05,\"seed\":null");
  else if (strcmp (words, "random_normal") == 0 || strcmp (words, "truncated_normal") == 0)
    g_string_append (json, "\"mean\":0.0,\"stddev\":0.05,\"seed\":null");
  else if (strcmp (words, "zeros") != 0 && strcmp (words, "ones") != 0)
    g_string_append (json, "\"seed\":null");
  g_string_append (json, "},\"registered_name\":null}");
}

/* Initializers matter only for new weights, and releases differ in what they write: standard ones are
 * left out, as is a regularizer that is none. */
static gboolean
is_left_out (const LwField *field, const LwFieldValue *value)
{
  if (lw_keras_is_initializer (field))
    return value->choice == field->standard.choice;
  return lw_keras_is_regularizer (field) && value->x == 0.0;
}

static void
append_fields (GString *json, const LwSpec *spec)
{
  const LwSpecClass *klass = lw_spec_get_class (spec);

  for (guint i = 0; i < klass->n_fields; i++)
    {
      const LwField      *field = &klass->fields[i];
      const LwFieldValue *value = lw_spec_get_value (spec, i);
      LwFieldValue        pool;

      if (is_left_out (field, value))
        continue;
      if (json->str[json->len - 1] != '{')
        g_string_append_c (json, ',');
      g_string_append_printf (json, "\"%s\":", field->key);

      /* A pool's strides are written out, as Keras does, also where they go with its size. */
      if (strcmp (field->key, "strides") == 0 && field->optional && value->pair[0] == 0)
        {
          lw_spec_get_pair (spec, "pool_size", pool.pair);
          value = &pool;
        }
      if (lw_keras_is_initializer (field))
        append_initializer (json, field->choices[value->choice]);
      else if (lw_keras_is_regularizer (field))
        {
          g_string_append (json, "{\"module\":\"keras.regularizers\",\"class_name\":\"L2\","
                                 "\"config\":{\"l2\":");
          append_value (json, field, value);
          g_string_append (json, "},\"registered_name\":null}");
        }
      else
        append_value (json, field, value);
    }
}

/* With the batch axis in front, None as null. */
static void
append_batch_shape (GString *json, const LwShape *shape)
{
  g_string_append (json, "[null");
  for (int i = 0; i < shape->rank; i++)
    if (shape->dims[i] == LW_DIM_ANY)
      g_string_append (json, ",null");
    else
      g_string_append_printf (json, ",%" G_GINT64_FORMAT, shape->dims[i]);
  g_string_append_c (json, ']');
}

static void
begin_object (GString *json, const char *module, const char *class_name)
{
  g_string_append_printf (json, "{\"module\":\"%s\",\"class_name\":\"%s\",\"config\":{", module,
                          class_name);
}

static void
end_object (GString *json)
{
  g_string_append (json, "},\"registered_name\":null}");
}

static void
append_layer (GString *json, const LwSpec *layer)
{
  const char *class_name = lw_spec_get_class (layer)->class_name;

  begin_object (json, "keras.layers", class_name);
  g_string_append (json, "\"name\":");
  lw_json_append_string (json, lw_spec_get_name (layer));
  g_string_append (json, ",\"dtype\":\"float32\",\"trainable\":true");
  append_fields (json, layer);
  if (strcmp (class_name, "Conv2D") == 0)
    g_string_append (json, ",\"groups\":1");
  /* Left out, it would follow the settings of whoever reads the file. */
  if (g_str_has_suffix (class_name, "2D") || strcmp (class_name, "Flatten") == 0)
    g_string_append (json, ",\"data_format\":\"channels_last\"");
  end_object (json);
}

/* The schedule as an object of its own, which takes the rate's place. */
static void
append_schedule (GString *json, const LwSpec *optimizer)
{
  const LwSpecClass *klass = lw_spec_get_class (optimizer);
  const char        *name = lw_spec_get_choice (optimizer, "schedule");

  begin_object (json, "keras.optimizers.schedules", name);
  for (guint i = 0; i < klass->n_fields; i++)
    {
      const LwField *field = &klass->fields[i];
      const char    *key = lw_keras_get_schedule_key (optimizer, field);

      if (key == NULL)
        continue;
      if (json->str[json->len - 1] != '{')
        g_string_append_c (json, ',');
      g_string_append_printf (json, "\"%s\":", key);
      append_value (json, field, lw_spec_get_value (optimizer, i));
    }
  /* Keras calls this one so. */
  g_string_append_printf (json, ",\"name\":\"%s\"",
                          strcmp (name, "PiecewiseConstantDecay") == 0 ? "PiecewiseConstant" : name);
  end_object (json);
}

static void
append_optimizer_fields (GString *json, const LwSpec *optimizer)
{
  const LwSpecClass *klass = lw_spec_get_class (optimizer);

  for (guint i = 0; i < klass->n_fields; i++)
    {
      const LwField      *field = &klass->fields[i];
      const LwFieldValue *value = lw_spec_get_value (optimizer, i);

      if (lw_keras_is_schedule_field (field))
        continue;
      g_string_append_printf (json, ",\"%s\":", field->key);
      if (strcmp (field->key, "learning_rate") == 0 && lw_schedule_is_used (optimizer))
        append_schedule (json, optimizer);
      else if (lw_keras_is_none (field, value))
        g_string_append (json, "null");
      else
        append_value (json, field, value);
    }
}

static void
append_compile_config (GString *json, const LwModelSpec *model)
{
  const LwSpec *optimizer = lw_model_spec_get_optimizer (model);
  const LwSpec *loss = lw_model_spec_get_loss (model);
  const char   *name = lw_spec_get_class (optimizer)->snake_name;

  g_string_append (json, "{\"optimizer\":");
  begin_object (json, "keras.optimizers", lw_spec_get_class (optimizer)->class_name);
  /* Keras calls this one by its class name. */
  g_string_append_printf (json, "\"name\":\"%s\"", lw_spec_is_a (optimizer, "SGD") ? "SGD" : name);
  append_optimizer_fields (json, optimizer);
  end_object (json);

  g_string_append (json, ",\"loss\":");
  begin_object (json, "keras.losses", lw_spec_get_class (loss)->class_name);
  append_fields (json, loss);
  end_object (json);

  g_string_append (json, ",\"loss_weights\":null,\"metrics\":[\"accuracy\"],"
                         "\"weighted_metrics\":null,\"run_eagerly\":false,"
                         "\"steps_per_execution\":1,\"jit_compile\":false}");
}

char *
lw_keras_config_write (const LwModelSpec *model)
{
  GString         *json = g_string_new (NULL);
  g_autofree char *input_name = lw_keras_get_input_name (model);
  const LwShape   *input = lw_model_spec_get_input (model);

  begin_object (json, "keras", "Sequential");
  g_string_append (json, "\"name\":");
  lw_json_append_string (json, lw_model_spec_get_name (model));
  g_string_append (json, ",\"trainable\":true,\"dtype\":\"float32\",\"layers\":[");

  begin_object (json, "keras.layers", "InputLayer");
  g_string_append (json, "\"name\":");
  lw_json_append_string (json, input_name);
  g_string_append (json, ",\"dtype\":\"float32\",\"batch_shape\":");
  append_batch_shape (json, input);
  end_object (json);

  for (guint i = 0; i < lw_model_spec_get_n_layers (model); i++)
    {
      g_string_append_c (json, ',');
      append_layer (json, lw_model_spec_get_layer (model, i));
    }
  g_string_append (json, "],\"build_input_shape\":");
  append_batch_shape (json, input);

  g_string_append (json, "},\"registered_name\":null,\"build_config\":{\"input_shape\":");
  append_batch_shape (json, input);
  g_string_append (json, "},\"compile_config\":");
  append_compile_config (json, model);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}
