#include "engine/io/keras_script.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/io/keras_names.h"
#include "engine/io/keras_script_columns.h"
#include "engine/io/python_text.h"
#include "engine/nn/schedule.h"
#include "engine/nn/summary.h"
#include "engine/train/early_stopping.h"

#define INDENT "    "

typedef struct {
  const LwModelSpec          *model;
  const LwRunSettings        *settings;
  const LwKerasScriptOptions *options;
  GString                    *text;
  char                      **names; /* each layer's, as Keras takes it */
} Writer;

/* -- names -- */

/* Keras refuses a name with a slash. */
static char *
make_name (const char *name)
{
  return g_strdelimit (g_strdup (name), "/", '_');
}

static gboolean
is_among (char **names, guint n, const char *name)
{
  for (guint i = 0; i < n; i++)
    if (strcmp (names[i], name) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_any_layer (const LwModelSpec *model, const char *name)
{
  for (guint i = 0; i < lw_model_spec_get_n_layers (model); i++)
    if (strcmp (lw_spec_get_name (lw_model_spec_get_layer (model, i)), name) == 0)
      return TRUE;
  return FALSE;
}

static char **
make_names (const LwModelSpec *model)
{
  const guint n = lw_model_spec_get_n_layers (model);
  char      **names = g_new0 (char *, n + 1);

  for (guint i = 0; i < n; i++)
    {
      const char *own = lw_spec_get_name (lw_model_spec_get_layer (model, i));
      char       *name = make_name (own);

      while (strcmp (own, name) != 0 && (is_any_layer (model, name) || is_among (names, i, name)))
        {
          char *longer = g_strconcat (name, "_", NULL);

          g_free (name);
          name = longer;
        }
      names[i] = name;
    }
  return names;
}

/* What TensorFlow takes as the name of a scope, which Keras makes of a layer's when it runs there. */
static gboolean
suits_tensorflow (const char *name)
{
  if (!g_ascii_isalnum (*name) && *name != '.')
    return FALSE;
  return strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.-") == strlen (name);
}

char *
lw_keras_script_get_save_path (const LwModelSpec *model)
{
  g_autofree char *name = make_name (lw_model_spec_get_name (model));

  return g_strconcat (name, ".keras", NULL);
}

/* -- values -- */

static void
append_pair (GString *text, const gint64 pair[2])
{
  if (pair[0] == pair[1])
    g_string_append_printf (text, "%" PRId64, pair[0]);
  else
    g_string_append_printf (text, "(%" PRId64 ", %" PRId64 ")", pair[0], pair[1]);
}

/* Shapes are tuples in Keras, a schedule's numbers a list. */
static void
append_list (GString *text, const LwField *field, const LwFieldValue *value)
{
  g_autofree char *joined = lw_field_value_to_string (field, value);
  g_auto (GStrv)   numbers = g_strsplit (joined, ", ", -1);
  const gboolean   is_shape = g_str_has_suffix (field->key, "_shape");

  g_string_append_c (text, is_shape ? '(' : '[');
  for (guint i = 0; numbers[i] != NULL; i++)
    {
      g_string_append (text, i > 0 ? ", " : "");
      if (field->whole)
        g_string_append (text, numbers[i]);
      else
        lw_keras_append_float (text, numbers[i]);
    }
  if (is_shape && value->list.n == 1)
    g_string_append_c (text, ',');
  g_string_append_c (text, is_shape ? ')' : ']');
}

static void
append_value (GString *text, const LwField *field, const LwFieldValue *value)
{
  g_autofree char *shown = lw_field_value_to_string (field, value);

  if (lw_keras_is_none (field, value) || strcmp (shown, "None") == 0)
    {
      g_string_append (text, "None");
      return;
    }
  switch (field->type)
    {
    case LW_FIELD_PAIR:
      append_pair (text, value->pair);
      break;
    case LW_FIELD_FLOAT:
      g_string_append (text, lw_keras_is_regularizer (field) ? "keras.regularizers.L2(" : "");
      lw_keras_append_float (text, shown);
      g_string_append (text, lw_keras_is_regularizer (field) ? ")" : "");
      break;
    case LW_FIELD_BOOL:
      g_string_append (text, value->b ? "True" : "False");
      break;
    case LW_FIELD_CHOICE:
      lw_python_append_string (text, shown);
      break;
    case LW_FIELD_LIST:
      append_list (text, field, value);
      break;
    case LW_FIELD_INT:
    default:
      g_string_append (text, shown);
      break;
    }
}

static gboolean
is_default (const LwField *field, const LwFieldValue *value)
{
  const LwFieldValue *standard = field->keras != NULL ? field->keras : &field->standard;
  g_autofree char    *a = lw_field_value_to_string (field, value);
  g_autofree char    *b = lw_field_value_to_string (field, standard);

  return strcmp (a, b) == 0;
}

/* -- calls -- */

static void
take_argument (GPtrArray *arguments, const char *key, GString *value)
{
  if (key != NULL)
    {
      g_string_prepend_c (value, '=');
      g_string_prepend (value, key);
    }
  g_ptr_array_add (arguments, g_string_free (value, FALSE));
}

static void
add_argument (GPtrArray *arguments, const char *key, const LwField *field, const LwFieldValue *value)
{
  GString *text = g_string_new (NULL);

  append_value (text, field, value);
  take_argument (arguments, key, text);
}

static void
add_string (GPtrArray *arguments, const char *key, const char *string)
{
  GString *text = g_string_new (NULL);

  lw_python_append_string (text, string);
  take_argument (arguments, key, text);
}

static void G_GNUC_PRINTF (2, 3)
add_word (GPtrArray *arguments, const char *format, ...)
{
  va_list list;

  va_start (list, format);
  g_ptr_array_add (arguments, g_strdup_vprintf (format, list));
  va_end (list);
}

static GPtrArray *
new_arguments (void)
{
  return g_ptr_array_new_with_free_func (g_free);
}

/* -- comments -- */

static void
append_fault (GString *text, const char *indent, const LwFault *fault)
{
  /* Translators: a comment above the line at fault; the sentence says what is wrong. */
  g_autofree char *sentence = g_strdup_printf (_("Cannot train: %s"), fault->message);

  lw_python_append_comment (text, indent, sentence);
}

/* -- the program's parts -- */

static void
append_head (Writer *w)
{
  GString         *text = w->text;
  /* Translators: the first line of a Python script; %s is the model's name. */
  g_autofree char *title = g_strdup_printf (_("%s: a model built in Layerwise. Runs in TensorFlow 2.16 or "
                                              "Keras 3."), lw_model_spec_get_name (w->model));

  g_string_append (text, "\"\"\"");
  lw_python_append_inside (text, title);
  g_string_append (text, "\"\"\"\nimport keras\n");
  if ((w->options->parts & LW_KERAS_SCRIPT_DATA) != 0 && w->options->data_path != NULL)
    g_string_append (text, "import numpy as np\n");
  if (lw_model_spec_get_n_layers (w->model) > 0)
    g_string_append (text, "from keras import layers\n");

  /* NumPy's generator takes 32 bits. */
  g_string_append_printf (text, "\nkeras.utils.set_random_seed(%" PRIu64 "%s)\n", w->settings->seed,
                          w->settings->seed > G_MAXUINT32 ? " % 2**32" : "");
}

/* Keras' losses but the sparse one compare rows of ten numbers. */
static gboolean
needs_rows (const LwModelSpec *model)
{
  return !lw_spec_is_a (lw_model_spec_get_loss (model), "SparseCategoricalCrossentropy");
}

static void
append_data (Writer *w)
{
  static const char *const halves[] = { "train", "test" };
  GString                 *text = w->text;
  const char              *path = w->options->data_path;

  g_string_append_c (text, '\n');
  if (path != NULL)
    {
      g_autoptr (GPtrArray) arguments = new_arguments ();

      add_string (arguments, NULL, path);
      lw_python_append_call (text, "", "with np.load", arguments, " as data:\n");
      for (guint i = 0; i < G_N_ELEMENTS (halves); i++)
        g_string_append_printf (text, INDENT "x_%s, y_%s = data[\"x_%s\"], data[\"y_%s\"]\n", halves[i],
                                halves[i], halves[i], halves[i]);
    }
  else
    g_string_append (text, "(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()\n");

  /* A file's images may have their axis of channels already. */
  for (guint i = 0; i < G_N_ELEMENTS (halves); i++)
    if (path != NULL)
      g_string_append_printf (text, "x_%s = x_%s.reshape(*x_%s.shape[:3], 1).astype(\"float32\") / 255\n",
                              halves[i], halves[i], halves[i]);
    else
      g_string_append_printf (text, "x_%s = x_%s[..., None].astype(\"float32\") / 255\n", halves[i], halves[i]);
  for (guint i = 0; i < G_N_ELEMENTS (halves) && needs_rows (w->model); i++)
    g_string_append_printf (text, "y_%s = keras.utils.to_categorical(y_%s, %d)\n", halves[i], halves[i],
                            LW_N_CLASSES);
}

static void
append_missing_data (Writer *w)
{
  const char *sentence = needs_rows (w->model)
                           ? _("x_train and x_test are images as float32 of shape (n, height, width, 1) from 0 "
                               "to 1, y_train and y_test their classes in rows of ten numbers, one of them 1.")
                           : _("x_train and x_test are images as float32 of shape (n, height, width, 1) from 0 "
                               "to 1, y_train and y_test their classes from 0 to 9.");

  lw_python_append_comment (w->text, "", sentence);
}

/* The name that Keras gives a layer without one: the first of a class bare, the others numbered. */
static char *
get_keras_name (const LwSpecClass *klass, GHashTable *counts)
{
  const guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, klass->snake_name));

  return n == 0 ? g_strdup (klass->snake_name) : g_strdup_printf ("%s_%u", klass->snake_name, n);
}

/* One layer's line or lines, without a newline at the end. */
static char *
make_layer (const LwSpec *layer, const char *name, GHashTable *counts)
{
  const LwSpecClass    *klass = lw_spec_get_class (layer);
  g_autoptr (GPtrArray) arguments = new_arguments ();
  g_autofree char      *head = g_strconcat ("layers.", klass->class_name, NULL);
  g_autofree char      *keras_name = get_keras_name (klass, counts);
  GString              *text = g_string_new (NULL);

  for (guint i = 0; i < klass->n_fields; i++)
    {
      const LwField      *field = &klass->fields[i];
      const LwFieldValue *value = lw_spec_get_value (layer, i);
      /* What Keras insists on stands first in its constructors; AveragePooling2D's size has no default. */
      const gboolean      is_first = field->required || strcmp (field->key, "pool_size") == 0;

      if (is_first || !is_default (field, value))
        add_argument (arguments, is_first ? NULL : field->key, field, value);
    }
  if (strcmp (name, keras_name) == 0)
    g_hash_table_insert (counts, (gpointer) klass->snake_name,
                         GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (counts, klass->snake_name))
                                           + 1));
  else
    add_string (arguments, "name", name);
  lw_python_append_call (text, INDENT, head, arguments, ",");
  return g_string_free (text, FALSE);
}

static void
append_input (Writer *w)
{
  const LwShape        *input = lw_model_spec_get_input (w->model);
  g_autofree char      *name = lw_keras_get_input_name (w->model);
  g_autoptr (GPtrArray) arguments = new_arguments ();
  GString              *shape = g_string_new ("(");

  for (int i = 0; i < input->rank; i++)
    if (input->dims[i] == LW_DIM_ANY)
      g_string_append (shape, i > 0 ? ", None" : "None");
    else
      g_string_append_printf (shape, "%s%" PRId64, i > 0 ? ", " : "", input->dims[i]);
  g_string_append (shape, input->rank == 1 ? ",)" : ")");
  take_argument (arguments, "shape", shape);
  if (strcmp (name, "input_layer") != 0)
    add_string (arguments, "name", name);
  lw_python_append_call (w->text, INDENT, "keras.Input", arguments, ",\n");
}

static guint
count_lines (const char *text)
{
  guint n = 0;

  for (; *text != '\0'; text++)
    n += *text == '\n';
  return n;
}

static void
append_name_hint (Writer *w, const char *model_name)
{
  gboolean suits = suits_tensorflow (model_name);

  for (char **name = w->names; *name != NULL && suits; name++)
    suits = suits_tensorflow (*name);
  if (!suits)
    lw_python_append_comment (w->text, "",
                              _("TensorFlow takes names of letters from A to Z, digits, “_”, “.” and “-” "
                                "only; on JAX and PyTorch the names below work as well."));
}

static void
append_model (Writer *w, LwLineRange *lines)
{
  const LwModelSpec      *model = w->model;
  const guint             n = lw_model_spec_get_n_layers (model);
  const LwFault          *fault = lw_model_spec_get_fault (model);
  g_autofree char        *name = make_name (lw_model_spec_get_name (model));
  g_auto (GStrv)          codes = g_new0 (char *, n + 1);
  g_autoptr (GHashTable)  counts = g_hash_table_new (g_str_hash, g_str_equal);
  LwScriptColumns         columns;
  GString                *text = w->text;

  for (guint i = 0; i < n; i++)
    codes[i] = make_layer (lw_model_spec_get_layer (model, i), w->names[i], counts);
  lw_script_columns_measure (model, codes, &columns);

  g_string_append_c (text, '\n');
  append_name_hint (w, name);
  if (fault != NULL && fault->layer < 0)
    append_fault (text, "", fault);
  g_string_append (text, "model = keras.Sequential([\n");
  append_input (w);
  for (guint i = 0; i < n; i++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, i);

      lines[i].first = count_lines (text->str);
      if (fault != NULL && fault->layer == (int) i)
        append_fault (text, INDENT, fault);
      g_string_append (text, codes[i]);
      if (info != NULL && (w->options->parts & LW_KERAS_SCRIPT_SHAPES) != 0)
        lw_script_columns_append (text, info, &columns);
      g_string_append_c (text, '\n');
      lines[i].n = count_lines (text->str) - lines[i].first;
    }
  g_string_append (text, "], name=");
  lw_python_append_string (text, name);
  g_string_append (text, ")\n");
}

static void
append_schedule (Writer *w)
{
  const LwSpec         *optimizer = lw_model_spec_get_optimizer (w->model);
  const LwSpecClass    *klass = lw_spec_get_class (optimizer);
  const char           *schedule = lw_spec_get_choice (optimizer, "schedule");
  g_autofree char      *head = g_strconcat ("learning_rate = keras.optimizers.schedules.", schedule, NULL);
  g_autoptr (GPtrArray) arguments = new_arguments ();

  for (guint i = 0; i < klass->n_fields; i++)
    {
      const LwField      *field = &klass->fields[i];
      const LwFieldValue *value = lw_spec_get_value (optimizer, i);
      const char         *key = lw_keras_get_schedule_key (optimizer, field);

      if (key != NULL && (lw_keras_schedule_requires (schedule, key) || !is_default (field, value)))
        add_argument (arguments, key, field, value);
    }
  lw_python_append_call (w->text, "", head, arguments, "\n");
}

static void
append_compile (Writer *w)
{
  const LwSpec         *optimizer = lw_model_spec_get_optimizer (w->model);
  const LwSpec         *loss = lw_model_spec_get_loss (w->model);
  const LwSpecClass    *klass = lw_spec_get_class (optimizer);
  g_autofree char      *optimizer_head = g_strconcat ("optimizer=keras.optimizers.", klass->class_name, NULL);
  g_autofree char      *loss_head = NULL;
  g_autoptr (GPtrArray) arguments = new_arguments ();
  GString              *text = w->text;

  g_string_append_c (text, '\n');
  if (lw_schedule_is_used (optimizer))
    append_schedule (w);
  g_string_append (text, "model.compile(\n");
  for (guint i = 0; i < klass->n_fields; i++)
    {
      const LwField      *field = &klass->fields[i];
      const LwFieldValue *value = lw_spec_get_value (optimizer, i);

      if (lw_keras_is_schedule_field (field))
        continue;
      if (strcmp (field->key, "learning_rate") == 0 && lw_schedule_is_used (optimizer))
        add_word (arguments, "learning_rate=learning_rate");
      else if (strcmp (field->key, "learning_rate") == 0 || !is_default (field, value))
        add_argument (arguments, field->key, field, value);
    }
  lw_python_append_call (text, INDENT, optimizer_head, arguments, ",\n");

  klass = lw_spec_get_class (loss);
  loss_head = g_strconcat ("loss=keras.losses.", klass->class_name, NULL);
  g_ptr_array_set_size (arguments, 0);
  for (guint i = 0; i < klass->n_fields; i++)
    if (!is_default (&klass->fields[i], lw_spec_get_value (loss, i)))
      add_argument (arguments, klass->fields[i].key, &klass->fields[i], lw_spec_get_value (loss, i));
  lw_python_append_call (text, INDENT, loss_head, arguments, ",\n");
  g_string_append (text, INDENT "metrics=[\"accuracy\"],\n)\n");
}

/* The last images validate, as many as lw_run_settings_get_n_training() takes away; Keras' own
 * validation_split rounds otherwise. */
static void
append_split (Writer *w)
{
  const LwField      field = { .key = "fraction", .type = LW_FIELD_FLOAT };
  const LwFieldValue fraction = { .x = w->settings->fraction };
  GString           *text = w->text;

  g_string_append (text, "n = min(max(int(len(x_train) * ");
  append_value (text, &field, &fraction);
  g_string_append (text, "), 1), len(x_train) - 1)\n"
                         "x_val, y_val = x_train[-n:], y_train[-n:]\n"
                         "x_train, y_train = x_train[:-n], y_train[:-n]\n");
}

/* Without patience it never stops a run early, and keeps the best weights all the same. */
static void
append_early_stopping (Writer *w)
{
  const LwRunSettings  *settings = w->settings;
  g_autoptr (GPtrArray) arguments = new_arguments ();

  add_string (arguments, "monitor", "val_loss");
  add_word (arguments, "patience=%u", settings->patience > 0 ? settings->patience : settings->epochs);
  if (settings->keep_best)
    add_word (arguments, "restore_best_weights=True");
  lw_python_append_call (w->text, "", "early_stopping = keras.callbacks.EarlyStopping", arguments, "\n");
}

static void
append_training (Writer *w)
{
  const LwRunSettings  *settings = w->settings;
  const gboolean        stops = lw_early_stopping_is_on (settings);
  g_autoptr (GPtrArray) arguments = new_arguments ();
  GString              *text = w->text;

  g_string_append_c (text, '\n');
  if ((w->options->parts & LW_KERAS_SCRIPT_DATA) == 0)
    append_missing_data (w);
  if (settings->validation == LW_VALIDATION_FRACTION)
    append_split (w);
  if (stops)
    append_early_stopping (w);
  if (settings->shuffle > 0 && settings->shuffle < G_MAXUINT)
    {
      g_autofree char *count = lw_summary_format_count (settings->shuffle);
      g_autofree char *sentence = g_strdup_printf (_("Layerwise draws from a buffer of %s images; Keras "
                                                     "shuffles all of them."), count);

      lw_python_append_comment (text, "", sentence);
    }

  add_word (arguments, "x_train");
  add_word (arguments, "y_train");
  add_word (arguments, "batch_size=%u", settings->batch_size);
  add_word (arguments, "epochs=%u", settings->epochs);
  if (settings->shuffle == 0)
    add_word (arguments, "shuffle=False");
  if (settings->validation == LW_VALIDATION_TEST)
    add_word (arguments, "validation_data=(x_test, y_test)");
  else if (settings->validation == LW_VALIDATION_FRACTION)
    add_word (arguments, "validation_data=(x_val, y_val)");
  if (stops)
    add_word (arguments, "callbacks=[early_stopping]");
  lw_python_append_call (text, "", "model.fit", arguments, "\n");
  g_string_append (text, "model.evaluate(x_test, y_test)\n");
}

static void
append_saving (Writer *w)
{
  g_autofree char *standard = lw_keras_script_get_save_path (w->model);

  g_string_append (w->text, (w->options->parts & LW_KERAS_SCRIPT_TRAINING) != 0 ? "model.save("
                                                                                 : "\nmodel.save(");
  lw_python_append_string (w->text, w->options->save_path != NULL ? w->options->save_path : standard);
  g_string_append (w->text, ")\n");
}

LwKerasScript *
lw_keras_script_new (const LwModelSpec *model, const LwRunSettings *settings,
                     const LwKerasScriptOptions *options)
{
  LwKerasScript           *script = g_new0 (LwKerasScript, 1);
  const LwKerasScriptParts parts = options->parts;
  g_auto (GStrv)           names = make_names (model);
  Writer w = { .model = model, .settings = settings, .options = options, .text = g_string_new (NULL),
               .names = names };

  script->n_layers = lw_model_spec_get_n_layers (model);
  script->layers = g_new0 (LwLineRange, script->n_layers);
  append_head (&w);
  if ((parts & LW_KERAS_SCRIPT_DATA) != 0)
    append_data (&w);
  append_model (&w, script->layers);
  append_compile (&w);
  if ((parts & LW_KERAS_SCRIPT_TRAINING) != 0)
    append_training (&w);
  if ((parts & LW_KERAS_SCRIPT_SAVING) != 0)
    append_saving (&w);
  script->text = g_string_free (w.text, FALSE);
  return script;
}

void
lw_keras_script_free (LwKerasScript *script)
{
  if (script == NULL)
    return;
  g_free (script->text);
  g_free (script->layers);
  g_free (script);
}

int
lw_keras_script_get_layer_at (const LwKerasScript *script, guint line)
{
  for (guint i = 0; i < script->n_layers; i++)
    if (line >= script->layers[i].first && line < script->layers[i].first + script->layers[i].n)
      return (int) i;
  return -1;
}
