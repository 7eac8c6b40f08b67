#include <gio/gio.h>
#include <math.h>
#include <string.h>

#include "engine/core/rng.h"
#include "engine/io/keras_config.h"
#include "engine/io/keras_script.h"
#include "engine/io/python_text.h"

#include "file-tools.h"

/* The scripts that this writes are run by tests/keras_script.py, with a Keras that only remembers what it
 * is asked for; what they build must be what the model's config.json says. */

#define N_IMAGES 60000 /* of the fake MNIST */
#define N_FILE   1001  /* of the fake numpy.load() */

static guint n_cases;

static LwRunSettings
settings_of (LwValidation validation, double fraction, guint shuffle)
{
  LwRunSettings settings = LW_RUN_SETTINGS_STANDARD;

  settings.validation = validation;
  settings.fraction = fraction;
  settings.shuffle = shuffle;
  return settings;
}

static const LwRunSettings *
get_standard (void)
{
  static LwRunSettings settings;

  settings = LW_RUN_SETTINGS_STANDARD;
  return &settings;
}

/* The parts of JSON that name files, in the way that the checker reads bytes. */
static char *
quote (const char *bytes)
{
  GString *json = g_string_new ("\"");

  for (; *bytes != '\0'; bytes++)
    g_string_append_printf (json, "\\u%04x", (guchar) *bytes);
  g_string_append_c (json, '"');
  return g_string_free (json, FALSE);
}

static char *
make_expectation (const LwModelSpec *model, const LwRunSettings *settings, const char *data_path)
{
  const gsize      n = data_path != NULL ? N_FILE : N_IMAGES;
  const gsize      n_training = lw_run_settings_get_n_training (settings, n);
  const gboolean   stops = settings->validation != LW_VALIDATION_NONE
                         && (settings->patience > 0 || settings->keep_best);
  g_autofree char *save = g_strdelimit (g_strconcat (lw_model_spec_get_name (model), ".keras", NULL), "/", '_');
  g_autofree char *quoted_path = data_path != NULL ? quote (data_path) : g_strdup ("");
  g_autofree char *validation = NULL;
  g_autofree char *stopping = NULL;
  GString         *json = g_string_new ("{");

  if (settings->validation == LW_VALIDATION_NONE)
    validation = g_strdup ("null");
  else if (settings->validation == LW_VALIDATION_TEST)
    validation = g_strdup_printf ("[\"test\", 0, %d]", data_path != NULL ? 100 : 10000);
  else
    validation = g_strdup_printf ("[\"train\", %d, %d]", (int) n_training, (int) (n - n_training));
  stopping = stops ? g_strdup_printf ("[%u, %s]", settings->patience > 0 ? settings->patience : settings->epochs,
                                      settings->keep_best ? "true" : "false")
                   : g_strdup ("null");
  g_string_append_printf (json, "\"n_training\": %d, \"batch_size\": %u, \"epochs\": %u, \"shuffle\": %s, ",
                          (int) n_training, settings->batch_size, settings->epochs,
                          settings->shuffle > 0 ? "true" : "false");
  g_string_append_printf (json, "\"seed\": %" G_GUINT64_FORMAT ", \"validation\": %s, \"stopping\": %s, ",
                          settings->seed, validation, stopping);
  g_string_append_printf (json, "\"rows\": %s, \"loaded\": [%s], \"save\": ",
                          lw_spec_is_a (lw_model_spec_get_loss (model), "SparseCategoricalCrossentropy") ? "false"
                                                                                                         : "true",
                          quoted_path);
  /* Names are UTF-8: JSON takes them as they are, but for what it escapes. */
  {
    g_auto (GStrv)   parts = g_strsplit (save, "\\", -1);
    g_autofree char *backslashed = g_strjoinv ("\\\\", parts);
    g_auto (GStrv)   pieces = g_strsplit (backslashed, "\"", -1);
    g_autofree char *safe = g_strjoinv ("\\\"", pieces);

    g_string_append_c (json, '"');
    for (const char *p = safe; *p != '\0'; p++)
      if ((guchar) *p < 0x20)
        g_string_append_printf (json, "\\u%04x", (guint) *p);
      else
        g_string_append_c (json, *p);
    g_string_append (json, "\"}");
  }
  return g_string_free (json, FALSE);
}

static void
write_text (const char *name, const char *ending, const char *text)
{
  g_autofree char *file = g_strconcat (name, ending, NULL);
  g_autofree char *path = test_path (file);

  test_write (path, text, strlen (text));
}

/* The line ranges follow each other and each has its layer's class. */
static void
check_lines (const LwModelSpec *model, const LwKerasScript *script)
{
  g_auto (GStrv) lines = g_strsplit (script->text, "\n", -1);
  guint          behind = 0;

  g_assert_true (g_utf8_validate (script->text, -1, NULL));
  g_assert_true (g_str_has_suffix (script->text, "\n"));
  g_assert_cmpuint (script->n_layers, ==, lw_model_spec_get_n_layers (model));
  for (guint i = 0; i < script->n_layers; i++)
    {
      const LwLineRange *range = &script->layers[i];
      g_autofree char   *call
        = g_strdup_printf ("    layers.%s(", lw_spec_get_class (lw_model_spec_get_layer (model, i))->class_name);
      gboolean           found = FALSE;

      g_assert_cmpuint (range->first, >=, behind);
      g_assert_cmpuint (range->n, >, 0);
      behind = range->first + range->n;
      for (guint line = range->first; line < behind; line++)
        {
          g_assert_cmpint (lw_keras_script_get_layer_at (script, line), ==, i);
          found = found || g_str_has_prefix (lines[line], call);
        }
      g_assert_true (found);
    }
  g_assert_cmpint (lw_keras_script_get_layer_at (script, 0), ==, -1);
  g_assert_cmpint (lw_keras_script_get_layer_at (script, behind), ==, -1);
  g_assert_cmpint (lw_keras_script_get_layer_at (script, G_MAXUINT), ==, -1);
}

/* Puts a case into the folder; takes the model. */
static void
add_case (LwModelSpec *model, const LwRunSettings *settings, const char *data_path)
{
  const LwKerasScriptOptions options = { .parts = LW_KERAS_SCRIPT_ALL, .data_path = data_path };
  g_autoptr (LwKerasScript)  script = lw_keras_script_new (model, settings, &options);
  g_autofree char           *config = lw_keras_config_write (model);
  g_autofree char           *expected = make_expectation (model, settings, data_path);
  g_autofree char           *name = g_strdup_printf ("case%04u", n_cases++);

  check_lines (model, script);
  write_text (name, ".py", script->text);
  write_text (name, ".json", config);
  write_text (name, ".expected.json", expected);
  lw_model_spec_unref (model);
}

/* Runs all cases so far, and takes them away. */
static void
run_cases (void)
{
  g_autofree char        *checker = g_test_build_filename (G_TEST_DIST, "keras_script.py", NULL);
  g_autofree char        *folder = test_path (".");
  g_autoptr (GError)      error = NULL;
  g_autoptr (GSubprocess) process
    = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, &error,
                        g_getenv ("LAYERWISE_TEST_PYTHON"), checker, folder, NULL);
  g_autofree char        *said = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (n_cases, >, 0);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &said, NULL, &error);
  g_assert_no_error (error);
  g_test_message ("%s", said);
  g_assert_true (g_subprocess_get_successful (process));
  g_assert_nonnull (strstr (said, " scripts, 0 wrong"));
  test_remove_folder ();
  n_cases = 0;
}

static LwModelSpec *
take_loss (LwModelSpec *model, LwSpec *loss)
{
  LwModelSpec *next = lw_model_spec_with_loss (model, loss);

  lw_model_spec_unref (model);
  lw_spec_unref (loss);
  return next;
}

static LwModelSpec *
take_optimizer (LwModelSpec *model, LwSpec *optimizer)
{
  LwModelSpec *next = lw_model_spec_with_optimizer (model, optimizer);

  lw_model_spec_unref (model);
  lw_spec_unref (optimizer);
  return next;
}

static LwModelSpec *
take_layer (LwModelSpec *model, LwSpec *layer)
{
  LwModelSpec *next = lw_model_spec_with_inserted (model, lw_model_spec_get_n_layers (model), layer);

  lw_model_spec_unref (model);
  lw_spec_unref (layer);
  return next;
}

static LwSpec *
take_value (LwSpec *spec, const char *key, LwFieldValue value)
{
  g_autoptr (GError) error = NULL;
  LwSpec            *next = lw_spec_with_value (spec, key, value, &error);

  g_assert_no_error (error);
  lw_spec_unref (spec);
  return next;
}

static LwSpec *
take_choice (LwSpec *spec, const char *key, const char *word)
{
  g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_new_string (word));
  LwSpec              *next = lw_spec_with_variant (spec, key, variant, NULL);

  g_assert_nonnull (next);
  lw_spec_unref (spec);
  return next;
}

static LwSpec *
new_layer (const char *class_name, const char *name)
{
  return lw_spec_new (&lw_layer_class_find (class_name)->spec, name);
}

/* Values of a field other than its standard one; FALSE behind the last. */
static gboolean
get_other (const LwField *field, guint which, LwFieldValue *value)
{
  static const double numbers[] = { 0.1, 1, 0, 1.0 / 3.0, 1e-7 };

  *value = field->standard;
  switch (field->type)
    {
    case LW_FIELD_INT:
      value->i = 2 + which;
      return which < 2;
    case LW_FIELD_PAIR:
      *value = (LwFieldValue) { .pair = { 2 + which, 4 } };
      return which < 3;
    case LW_FIELD_FLOAT:
      if (which >= G_N_ELEMENTS (numbers))
        return FALSE;
      value->x = CLAMP (numbers[which], field->minimum, field->maximum);
      return TRUE;
    case LW_FIELD_BOOL:
      value->b = !value->b;
      return which < 1;
    case LW_FIELD_LIST:
      *value = (LwFieldValue) { .list = { (int) which + 1, { 7, 5, 16 } } };
      return which < 3;
    case LW_FIELD_CHOICE:
    default:
      value->choice = (int) which;
      return field->choices[which] != NULL;
    }
}

static LwModelSpec *
new_model (void)
{
  return lw_model_spec_new ("model", &LW_SHAPE (28, 28, 1));
}

static void
test_presets (void)
{
  LwRunSettings settings = LW_RUN_SETTINGS_STANDARD;

  for (const char *const *name = lw_model_spec_get_presets (); *name != NULL; name++)
    {
      settings.batch_size = lw_preset_get_batch_size (*name);
      add_case (lw_model_spec_new_preset (*name), &settings, NULL);
    }
  run_cases ();
}

/* Every field of every layer, with each of its values, alone in a model. */
static void
test_layers (void)
{
  guint                      n;
  const LwLayerClass *const *classes = lw_layer_classes (&n);

  for (guint i = 0; i < n; i++)
    {
      const LwSpecClass *klass = &classes[i]->spec;
      LwSpec            *all = lw_spec_new (klass, NULL);
      LwFieldValue       value;

      add_case (take_layer (new_model (), lw_spec_new (klass, NULL)), get_standard (), NULL);
      for (guint f = 0; f < klass->n_fields; f++)
        {
          for (guint which = 0; get_other (&klass->fields[f], which, &value); which++)
            add_case (take_layer (new_model (),
                                  take_value (lw_spec_new (klass, "mine"), klass->fields[f].key, value)),
                      get_standard (), NULL);
          get_other (&klass->fields[f], 0, &value);
          all = take_value (all, klass->fields[f].key, value);
        }
      add_case (take_layer (new_model (), all), get_standard (), NULL);
    }
  run_cases ();
}

static void
test_optimizers (void)
{
  for (const LwSpecClass *const *klass = lw_optimizer_classes (); *klass != NULL; klass++)
    {
      LwFieldValue value;

      add_case (take_optimizer (lw_model_spec_new_preset ("mlp"), lw_spec_new (*klass, NULL)), get_standard (), NULL);
      for (guint f = 0; f < (*klass)->n_fields; f++)
        for (guint which = 0; get_other (&(*klass)->fields[f], which, &value); which++)
          add_case (take_optimizer (lw_model_spec_new_preset ("mlp"),
                                    take_value (lw_spec_new (*klass, NULL), (*klass)->fields[f].key, value)),
                    get_standard (), NULL);
    }
  run_cases ();
}

/* Each schedule with each of its fields changed; those of the others must not show. */
static void
test_schedules (void)
{
  static const char *const schedules[] = { "ExponentialDecay", "CosineDecay", "PiecewiseConstantDecay" };

  for (guint s = 0; s < G_N_ELEMENTS (schedules); s++)
    {
      const LwSpecClass *klass = lw_optimizer_class_find (s == 0 ? "SGD" : "AdamW");

      for (guint f = 0; f < klass->n_fields; f++)
        {
          LwFieldValue value;

          if (strcmp (klass->fields[f].key, "schedule") == 0)
            continue;
          for (guint which = 0; get_other (&klass->fields[f], which, &value); which++)
            {
              LwSpec *optimizer = take_choice (lw_spec_new (klass, NULL), "schedule", schedules[s]);

              add_case (take_optimizer (lw_model_spec_new_preset ("mlp"),
                                        take_value (optimizer, klass->fields[f].key, value)),
                        get_standard (), NULL);
            }
        }
    }
  run_cases ();
}

static void
test_losses (void)
{
  for (const LwSpecClass *const *klass = lw_loss_classes (); *klass != NULL; klass++)
    {
      LwFieldValue value;

      add_case (take_loss (lw_model_spec_new_preset ("convnet"), lw_spec_new (*klass, NULL)), get_standard (), NULL);
      for (guint f = 0; f < (*klass)->n_fields; f++)
        for (guint which = 0; get_other (&(*klass)->fields[f], which, &value); which++)
          add_case (take_loss (lw_model_spec_new_preset ("convnet"),
                               take_value (lw_spec_new (*klass, NULL), (*klass)->fields[f].key, value)),
                    get_standard (), NULL);
    }
  run_cases ();
}

static void
test_settings (void)
{
  LwRunSettings settings;

  for (int validation = LW_VALIDATION_NONE; validation <= LW_VALIDATION_FRACTION; validation++)
    for (guint patience = 0; patience < 3; patience += 2)
      for (int keep_best = 0; keep_best < 2; keep_best++)
        {
          settings = settings_of ((LwValidation) validation, 0.1, G_MAXUINT);
          settings.patience = patience;
          settings.keep_best = keep_best;
          settings.epochs = 7;
          add_case (lw_model_spec_new_preset ("mlp"), &settings, NULL);
          add_case (lw_model_spec_new_preset ("mlp"), &settings, "digits.npz");
        }
  for (guint i = 0; i < 9; i++)
    {
      static const double fractions[] = { 1e-9, 1.0 / 3.0, 0.07, 0.29, 0.57, 0.58, 0.9, 0.99999999, 0.5 };

      settings = settings_of (LW_VALIDATION_FRACTION, fractions[i], i % 2 == 0 ? 0 : 1000);
      settings.seed = i == 0 ? G_MAXUINT64 : i == 1 ? (guint64) G_MAXUINT32 + 1 : i == 2 ? G_MAXUINT32 : i;
      settings.batch_size = 1 + i;
      add_case (lw_model_spec_new_preset ("tiny-cnn"), &settings, i % 2 == 0 ? NULL : "/data/my digits.npz");
    }
  run_cases ();
}

static const char *const hostile[] = {
  "\"", "'", "\\", "\\\"", "\"\"\"", "'''",
  "\"\"\"\nimport os\nos.abort()\n\"\"\"", "a\nb", "a\r\nb", "tab\there",
  "trailing\\", "# comment", "{x}", "%s %d", "卷积层", "é", "\u2028", "\u2029", "\u202e",
  "\x01\x7f", "\\n", "\\N{DASH}",
  "a b", "-", " ", "conv2d", "conv2d_1", "dense", "input_layer", "sequential", "a/b", "a_b",
  "a/b/c", "\U0001f600", "None",
};

/* Names that would get out of their quotes, and names that Keras gives by itself. */
static void
test_names (void)
{
  const guint  n = G_N_ELEMENTS (hostile);
  LwModelSpec *model = new_model ();

  for (guint i = 0; i < n; i++)
    {
      LwModelSpec *named = lw_model_spec_new (hostile[i], &LW_SHAPE (28, 28, 1));

      add_case (take_layer (named, new_layer ("Dense", hostile[n - 1 - i])),
                get_standard (), hostile[i]);
      model = take_layer (model, new_layer (i % 2 == 0 ? "Conv2D" : "Dense", hostile[i]));
      model = take_layer (model, new_layer ("Conv2D", NULL));
    }
  /* "a/b" has to give way to "a_b". */
  {
    g_autoptr (LwModelSpec) two = take_layer (new_model (), new_layer ("Dense", "a/b"));
    const LwKerasScriptOptions options = { .parts = LW_KERAS_SCRIPT_ALL };
    g_autoptr (LwKerasScript)  script = NULL;

    two = take_layer (g_steal_pointer (&two), new_layer ("Dense", "a_b"));
    script = lw_keras_script_new (two, get_standard (), &options);
    g_assert_nonnull (strstr (script->text, "name=\"a_b_\""));
    g_assert_nonnull (strstr (script->text, "name=\"a_b\""));
  }
  add_case (model, get_standard (), "\xff\xfe/not UTF-8 \\ \".npz");
  run_cases ();
}

/* Whatever double is in a field, Python reads it back. */
static void
test_floats (void)
{
  LwRng rng = lw_rng_new (11, 0);

  for (guint i = 0; i < 120; i++)
    {
      const int    exponent = (int) lw_rng_next_below (&rng, 130) - 100;
      const double scale = ldexp (1 + lw_rng_next_float (&rng) + ldexp (lw_rng_next_float (&rng), -24), exponent);
      LwSpec      *layer = new_layer ("Rescaling", NULL);
      LwSpec      *optimizer = lw_spec_new (lw_optimizer_class_find ("SGD"), NULL);

      layer = take_value (layer, "scale", (LwFieldValue) { .x = i % 2 == 0 ? scale : -scale });
      layer = take_value (layer, "offset", (LwFieldValue) { .x = i == 0 ? 1e30 : i == 1 ? -1e15 : scale * 3 });
      optimizer = take_value (optimizer, "learning_rate", (LwFieldValue) { .x = MIN (scale, 1000) });
      optimizer = take_value (optimizer, "momentum", (LwFieldValue) { .x = lw_rng_next_float (&rng) });
      add_case (take_optimizer (take_layer (new_model (), layer), optimizer), get_standard (), NULL);
    }
  run_cases ();
}

/* Layers that were deleted, moved and duplicated have the names that they keep, in the script as well. */
static void
test_edited (void)
{
  LwModelSpec *model = lw_model_spec_new_preset ("lenet5");

  for (guint i = 0; i < 4; i++)
    {
      LwModelSpec *next = lw_model_spec_with_removed (model, i);

      add_case (lw_model_spec_ref (next), get_standard (), NULL);
      lw_model_spec_unref (model);
      model = next;
    }
  lw_model_spec_unref (model);
  model = lw_model_spec_new_preset ("convnet");
  add_case (lw_model_spec_with_moved (model, 0, 3), get_standard (), NULL);
  add_case (lw_model_spec_with_moved (model, 3, 0), get_standard (), NULL);
  lw_model_spec_unref (model);
  add_case (new_model (), get_standard (), NULL); /* no layer at all */
  run_cases ();
}

static LwKerasScript *
write_script (const LwModelSpec *model, LwKerasScriptParts parts)
{
  return lw_keras_script_new (model, get_standard (), &(LwKerasScriptOptions) { .parts = parts });
}

static void
test_text (void)
{
  g_autoptr (LwModelSpec)   model = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwKerasScript) script = write_script (model, LW_KERAS_SCRIPT_ALL);

  g_assert_cmpstr (script->text, ==,
                   "\"\"\"convnet: a model built in Layerwise. Runs in TensorFlow 2.16 or Keras 3.\"\"\"\n"
                   "import keras\n"
                   "from keras import layers\n"
                   "\n"
                   "keras.utils.set_random_seed(1)\n"
                   "\n"
                   "(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()\n"
                   "x_train = x_train[..., None].astype(\"float32\") / 255\n"
                   "x_test = x_test[..., None].astype(\"float32\") / 255\n"
                   "\n"
                   "model = keras.Sequential([\n"
                   "    keras.Input(shape=(28, 28, 1)),\n"
                   "    layers.Conv2D(32, 3, activation=\"relu\"),  # 26 x 26 x 32      320\n"
                   "    layers.MaxPooling2D(2),                   # 13 x 13 x 32\n"
                   "    layers.Conv2D(64, 3, activation=\"relu\"),  # 11 x 11 x 64   18,496\n"
                   "    layers.MaxPooling2D(2),                   #  5 x  5 x 64\n"
                   "    layers.Flatten(),                         #        1,600\n"
                   "    layers.Dropout(0.5),                      #        1,600\n"
                   "    layers.Dense(10),                         #           10   16,010\n"
                   "], name=\"convnet\")\n"
                   "\n"
                   "model.compile(\n"
                   "    optimizer=keras.optimizers.Adam(learning_rate=0.001),\n"
                   "    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),\n"
                   "    metrics=[\"accuracy\"],\n"
                   ")\n"
                   "\n"
                   "model.fit(\n"
                   "    x_train, y_train, batch_size=32, epochs=5,\n"
                   "    validation_data=(x_test, y_test),\n"
                   ")\n"
                   "model.evaluate(x_test, y_test)\n"
                   "model.save(\"convnet.keras\")\n");
  g_assert_cmpuint (script->layers[0].first, ==, 12);
  g_assert_cmpuint (script->layers[0].n, ==, 1);
  g_assert_cmpint (lw_keras_script_get_layer_at (script, 14), ==, 2);
  g_assert_cmpint (lw_keras_script_get_layer_at (script, 19), ==, -1);
}

/* Each part is there exactly when it is asked for, and the rest stays. */
static void
test_parts (void)
{
  static const struct {
    LwKerasScriptParts part;
    const char        *sign;
  } parts[] = { { LW_KERAS_SCRIPT_DATA, "mnist.load_data()" },
                { LW_KERAS_SCRIPT_TRAINING, "model.fit(" },
                { LW_KERAS_SCRIPT_SAVING, "model.save(\"mine/digits.keras\")" },
                { LW_KERAS_SCRIPT_SHAPES, "# 26 x 26 x 32" } };
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");

  for (guint set = 0; set < 16; set++)
    {
      const LwKerasScriptOptions options = { .parts = (LwKerasScriptParts) set, .save_path = "mine/digits.keras" };
      g_autoptr (LwKerasScript)  script = lw_keras_script_new (model, get_standard (), &options);

      for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
        g_assert_cmpint (strstr (script->text, parts[i].sign) != NULL, ==, (set & parts[i].part) != 0);
      g_assert_nonnull (strstr (script->text, "model.compile("));
      g_assert_null (strstr (script->text, "\n\n\n"));
      g_assert_null (strstr (script->text, " \n"));
      /* What it takes for granted is told. */
      g_assert_cmpint (strstr (script->text, "# x_train and x_test are") != NULL, ==,
                       (set & LW_KERAS_SCRIPT_TRAINING) != 0 && (set & LW_KERAS_SCRIPT_DATA) == 0);
      check_lines (model, script);
    }
}

/* What does not go over to Keras as it is, is told where it is so and nowhere else. */
static void
test_hints (void)
{
  static const struct {
    const char *name;
    gboolean    told;
  } cases[] = { { "first_conv-1.a", FALSE }, { ".dense", FALSE }, { "my layer", TRUE }, { "-dense", TRUE },
                { "卷积", TRUE }, { "", TRUE } };
  LwRunSettings settings = LW_RUN_SETTINGS_STANDARD;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LwModelSpec)   model
        = take_layer (new_model (), new_layer ("Flatten", cases[i].name));
      g_autoptr (LwKerasScript) script = write_script (model, LW_KERAS_SCRIPT_ALL);

      g_assert_cmpint (strstr (script->text, "# TensorFlow takes names") != NULL, ==, cases[i].told);
    }
  for (guint shuffle = 0; shuffle < 2; shuffle++)
    {
      g_autoptr (LwModelSpec)   model = lw_model_spec_new_preset ("mlp");
      g_autoptr (LwKerasScript) script = NULL;

      settings.shuffle = shuffle == 0 ? 1500 : G_MAXUINT;
      script = lw_keras_script_new (model, &settings, &(LwKerasScriptOptions) { .parts = LW_KERAS_SCRIPT_ALL });
      g_assert_cmpint (strstr (script->text, "# Layerwise draws from a buffer of 1,500 images") != NULL, ==,
                       shuffle == 0);
    }
}

/* The script of a faulty model says what is wrong, above the layer at fault, in comments alone. */
static void
test_faults (void)
{
  g_autoptr (LwModelSpec)   convnet = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwModelSpec)   faulty = lw_model_spec_with_removed (convnet, 4);
  g_autoptr (LwModelSpec)   empty = new_model ();
  g_autoptr (LwKerasScript) script = write_script (faulty, LW_KERAS_SCRIPT_ALL);
  g_autoptr (LwKerasScript) nothing = write_script (empty, LW_KERAS_SCRIPT_ALL);
  g_auto (GStrv)            lines = g_strsplit (script->text, "\n", -1);
  const LwFault            *fault = lw_model_spec_get_fault (faulty);
  const LwLineRange        *range;
  g_autoptr (GString)       said = g_string_new (NULL);

  g_assert_cmpint (fault->layer, ==, 5);
  range = &script->layers[fault->layer];
  g_assert_cmpuint (range->n, >, 1);
  for (guint i = 0; i + 1 < range->n; i++)
    {
      g_assert_true (g_str_has_prefix (lines[range->first + i], "    # "));
      g_string_append (said, lines[range->first + i] + strlen ("    #"));
    }
  g_assert_nonnull (strstr (said->str, fault->message));
  g_assert_true (g_str_has_prefix (lines[range->first + range->n - 1], "    layers.Dense("));

  g_assert_nonnull (strstr (nothing->text, "# Cannot train: "));
  g_assert_null (strstr (nothing->text, "layers."));
}

/* A fault's sentence has the layer's name in it, which may try to end the comment. */
static void
test_fault_of_hostile_name (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (hostile); i++)
    {
      LwModelSpec *model = take_layer (new_model (), new_layer ("Dense", hostile[i]));

      g_assert_nonnull (lw_model_spec_get_fault (model));
      add_case (model, get_standard (), NULL);
    }
  run_cases ();
}

static void
test_python_text (void)
{
  static const char *const cases[][2] = {
    { "plain", "\"plain\"" },       { "a\"b", "\"a\\\"b\"" },       { "a\\b", "\"a\\\\b\"" },
    { "a\nb\r\t", "\"a\\nb\\r\\t\"" }, { "\x01\x7f", "\"\\x01\\x7f\"" }, { "\xff", "\"\\udcff\"" },
    { "\xc3", "\"\\udcc3\"" },       { "é卷", "\"é卷\"" },           { "\u2029", "\"\\u2029\"" },
    { "\u202e", "\"\\u202e\"" },     { "\U000e0001", "\"\\U000e0001\"" }, { "", "\"\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);

      lw_python_append_string (text, cases[i][0]);
      g_assert_cmpstr (text->str, ==, cases[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/keras-script/text", test_text);
  g_test_add_func ("/keras-script/parts", test_parts);
  g_test_add_func ("/keras-script/python-text", test_python_text);
  g_test_add_func ("/keras-script/hints", test_hints);
  g_test_add_func ("/keras-script/faults", test_faults);
  g_test_add_func ("/keras-script/presets", test_presets);
  g_test_add_func ("/keras-script/layers", test_layers);
  g_test_add_func ("/keras-script/optimizers", test_optimizers);
  g_test_add_func ("/keras-script/schedules", test_schedules);
  g_test_add_func ("/keras-script/losses", test_losses);
  g_test_add_func ("/keras-script/settings", test_settings);
  g_test_add_func ("/keras-script/names", test_names);
  g_test_add_func ("/keras-script/fault-of-hostile-name", test_fault_of_hostile_name);
  g_test_add_func ("/keras-script/floats", test_floats);
  g_test_add_func ("/keras-script/edited", test_edited);

  return g_test_run ();
}
