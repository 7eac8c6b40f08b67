#include <json-glib/json-glib.h>
#include <string.h>

#include "engine/core/error.h"
#include "engine/io/json_guard.h"
#include "engine/io/keras_config.h"
#include "engine/nn/schedule.h"

static char *
load_fixture (const char *name)
{
  g_autofree char   *path = g_test_build_filename (G_TEST_DIST, "golden", "fixtures", name,
                                                   "model.json", NULL);
  g_autoptr (GError) error = NULL;
  char              *json = NULL;

  g_file_get_contents (path, &json, NULL, &error);
  g_assert_no_error (error);
  return json;
}

/* `json` with the first `from` in it replaced; `from` must be there. */
static char *
replace (const char *json, const char *from, const char *to)
{
  const char *place = strstr (json, from);

  g_assert_nonnull (place);
  return g_strdup_printf ("%.*s%s%s", (int) (place - json), json, to, place + strlen (from));
}

static LwModelSpec *
read_well (const char *json)
{
  g_autoptr (GError) error = NULL;
  LwModelSpec       *model = lw_keras_config_read (json, -1, &error);

  g_assert_no_error (error);
  g_assert_nonnull (model);
  return model;
}

static void
assert_refused (const char *json, LwError code, const char *part)
{
  g_autoptr (GError)      error = NULL;
  g_autoptr (LwModelSpec) model = lw_keras_config_read (json, -1, &error);

  g_assert_null (model);
  g_assert_error (error, LW_ERROR, (int) code);
  if (strstr (error->message, part) == NULL)
    g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_round_trip (void)
{
  for (const char *const *name = lw_model_spec_get_presets (); *name != NULL; name++)
    {
      g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (*name);
      g_autofree char        *json = lw_keras_config_write (model);
      g_autoptr (LwModelSpec) again = read_well (json);
      g_autofree char        *json_again = lw_keras_config_write (again);

      g_assert_true (lw_model_spec_equal (model, again));
      g_assert_cmpstr (json, ==, json_again);
    }
}

/* Every field away from its standard value comes back, and so do odd names. */
static void
test_round_trip_fields (void)
{
  guint                      n;
  const LwLayerClass *const *classes = lw_layer_classes (&n);
  const char                *names[] = { "input_layer", "a \"quoted\" \\ name", "卷积", "line\nbreak" };
  LwModelSpec               *model = lw_model_spec_new ("模型 \t\"x\"", &LW_SHAPE (LW_DIM_ANY, 28, 3));
  LwModelSpec               *next;
  g_autoptr (LwModelSpec)    again = NULL;
  g_autofree char           *json = NULL;
  LwSpec                    *optimizer;
  static const struct {
    const char *key;
    double      value;
  } rates[] = { { "learning_rate", 1e-10 }, { "beta_1", 0.5 }, { "beta_2", 0.0 }, { "epsilon", 1.0 } };

  for (guint i = 0; i < n; i++)
    {
      const LwSpecClass *klass = &classes[i]->spec;
      LwSpec            *layer = lw_spec_new (klass, names[i % G_N_ELEMENTS (names)]);

      for (guint f = 0; f < klass->n_fields; f++)
        {
          const LwField *field = &klass->fields[f];
          LwFieldValue   value = field->standard;
          LwSpec        *changed;

          if (field->type == LW_FIELD_INT)
            value.i = 7;
          else if (field->type == LW_FIELD_PAIR)
            value = (LwFieldValue) { .pair = { 4, 5 + f } };
          else if (field->type == LW_FIELD_FLOAT)
            value.x = 0.1;
          else if (field->type == LW_FIELD_BOOL)
            value.b = !value.b;
          else if (field->type == LW_FIELD_LIST)
            value.list = (LwFieldList) { 3, { 2, -1, 5 } };
          else
            value.choice = g_strv_length ((char **) field->choices) - 1;
          changed = lw_spec_with_value (layer, field->key, value, NULL);
          g_assert_nonnull (changed);
          lw_spec_unref (layer);
          layer = changed;
        }
      next = lw_model_spec_with_inserted (model, i, layer);
      lw_spec_unref (layer);
      lw_model_spec_unref (model);
      model = next;
    }

  optimizer = lw_spec_new (lw_optimizer_class_find ("Adam"), NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      LwSpec *changed = lw_spec_with_value (optimizer, rates[i].key,
                                            (LwFieldValue) { .x = rates[i].value }, NULL);

      g_assert_nonnull (changed);
      lw_spec_unref (optimizer);
      optimizer = changed;
    }
  next = lw_model_spec_with_optimizer (model, optimizer);
  lw_spec_unref (optimizer);
  lw_model_spec_unref (model);
  model = next;

  json = lw_keras_config_write (model);
  again = read_well (json);
  g_assert_true (lw_model_spec_equal (model, again));
  g_assert_nonnull (strstr (json, "\"learning_rate\":1e-10,"));
  g_assert_nonnull (strstr (json, "\"beta_2\":0.0,\"epsilon\":1.0,"));
  g_assert_nonnull (strstr (json, "\"name\":\"input_layer_1\",\"dtype\":\"float32\",\"batch_shape\":"
                                  "[null,null,28,3]"));
  lw_model_spec_unref (model);
}

/* What the real Keras wrote. */
static void
test_fixtures (void)
{
  static const struct {
    const char *name;
    gint64      parameters;
    gboolean    from_logits;
    const char *error;
  } cases[] = {
    { "seed_cnn", 2650, TRUE, NULL },
    { "mlp", 50890, FALSE, NULL },
    { "mnist_convnet", 34826, FALSE, NULL },
    { "versions/3.5.0/mlp", 50890, FALSE, NULL },
    { "versions/3.5.0/mnist_convnet", 34826, FALSE, NULL },
    { "versions/3.12.4/seed_cnn", 2650, TRUE, NULL },
    { "bn_mix", 0, FALSE, NULL },
    { "opt_adam", 0, TRUE, NULL },
    { "opt_sgd_momentum", 0, TRUE, NULL },
    { "versions/3.12.4/pool_mix", 0, FALSE, NULL },
    { "versions/3.5.0/named", 0, TRUE, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char        *json = load_fixture (cases[i].name);
      g_autoptr (LwModelSpec) model = NULL;

      if (cases[i].error != NULL)
        {
          assert_refused (json, LW_ERROR_UNSUPPORTED, cases[i].error);
          continue;
        }
      model = read_well (json);
      g_assert_nonnull (lw_model_spec_get_output (model));
      /* Some tell other numbers of classes apart than ten. */
      if (cases[i].parameters != 0)
        {
          g_assert_null (lw_model_spec_get_fault (model));
          g_assert_cmpint (lw_model_spec_get_n_parameters (model), ==, cases[i].parameters);
        }
      g_assert_true (lw_spec_get_bool (lw_model_spec_get_loss (model), "from_logits")
                     == cases[i].from_logits);
    }
}

/* The compile settings of the fixtures whose layers are not all known yet. */
static void
test_compile_config (void)
{
  static const struct {
    const char *name, *class_name, *error;
    double      learning_rate;
  } cases[] = {
    { "opt_adam", "Adam", NULL, 0.01 },
    { "opt_sgd_momentum", "SGD", NULL, 0.05 },
    { "opt_rmsprop", "RMSprop", NULL, 0.01 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char        *preset_json = NULL;
      g_autofree char        *fixture = load_fixture (cases[i].name);
      g_autofree char        *json = NULL;
      g_autoptr (LwModelSpec) preset = lw_model_spec_new_preset ("convnet");
      g_autoptr (LwModelSpec) model = NULL;
      const LwSpec           *optimizer;
      char                   *place;

      /* The fixture's compile_config in the place of ours. */
      preset_json = lw_keras_config_write (preset);
      place = strstr (preset_json, "\"compile_config\"");
      *place = '\0';
      json = g_strconcat (preset_json, strstr (fixture, "\"compile_config\""), NULL);

      if (cases[i].error != NULL)
        {
          assert_refused (json, LW_ERROR_UNSUPPORTED, cases[i].error);
          continue;
        }
      model = read_well (json);
      optimizer = lw_model_spec_get_optimizer (model);
      g_assert_true (lw_spec_is_a (optimizer, cases[i].class_name));
      g_assert_cmpfloat (lw_spec_get_float (optimizer, "learning_rate"), ==, cases[i].learning_rate);
      g_assert_true (lw_spec_get_bool (lw_model_spec_get_loss (model), "from_logits"));
    }
}

/* `spec` with one field set. Takes the spec. */
static LwSpec *
set_field (LwSpec *spec, const char *key, LwFieldValue value)
{
  GError *error = NULL;
  LwSpec *next = lw_spec_with_value (spec, key, value, &error);

  g_assert_no_error (error);
  lw_spec_unref (spec);
  return next;
}

static LwSpec *
set_schedule (LwSpec *spec, int schedule)
{
  static const LwFieldList boundaries = { 2, { 100, 250 } }, values = { 3, { 0.5, 0.25, 1e-5 } };

  spec = set_field (spec, "schedule", (LwFieldValue) { .choice = schedule });
  if (schedule == 1 || schedule == 2)
    spec = set_field (spec, "decay_steps", (LwFieldValue) { .i = 77 });
  if (schedule == 1)
    spec = set_field (spec, "decay_rate", (LwFieldValue) { .x = 0.9 });
  if (schedule == 1)
    spec = set_field (spec, "staircase", (LwFieldValue) { .b = TRUE });
  if (schedule == 2)
    spec = set_field (spec, "alpha", (LwFieldValue) { .x = 0.125 });
  if (schedule == 2)
    spec = set_field (spec, "warmup_target", (LwFieldValue) { .x = 0.75 });
  if (schedule == 2)
    spec = set_field (spec, "warmup_steps", (LwFieldValue) { .i = 11 });
  if (schedule == 3)
    spec = set_field (spec, "boundaries", (LwFieldValue) { .list = boundaries });
  if (schedule == 3)
    spec = set_field (spec, "values", (LwFieldValue) { .list = values });
  /* A file has no other place for it. */
  return set_field (spec, "learning_rate", (LwFieldValue) { .x = 0.5 });
}

/* Every optimizer with every schedule, and with each of its fields at another value. */
static void
test_optimizers (void)
{
  static const char *const schedules[] = {
    "\"learning_rate\":0.5,",
    "\"learning_rate\":{\"module\":\"keras.optimizers.schedules\",\"class_name\":\"ExponentialDecay\",\"config\":{"
    "\"initial_learning_rate\":0.5,\"decay_steps\":77,\"decay_rate\":0.9,\"staircase\":true,"
    "\"name\":\"ExponentialDecay\"},\"registered_name\":null},",
    "\"learning_rate\":{\"module\":\"keras.optimizers.schedules\",\"class_name\":\"CosineDecay\",\"config\":{"
    "\"initial_learning_rate\":0.5,\"decay_steps\":77,\"alpha\":0.125,\"warmup_target\":0.75,"
    "\"warmup_steps\":11,\"name\":\"CosineDecay\"},\"registered_name\":null},",
    "\"learning_rate\":{\"module\":\"keras.optimizers.schedules\",\"class_name\":\"PiecewiseConstantDecay\","
    "\"config\":{\"boundaries\":[100,250],\"values\":[0.5,0.25,1e-05],\"name\":\"PiecewiseConstant\"},"
    "\"registered_name\":null},",
  };
  g_autoptr (LwModelSpec) preset = lw_model_spec_new_preset ("mlp");

  for (guint i = 0; lw_optimizer_classes ()[i] != NULL; i++)
    for (int schedule = 0; schedule < 4; schedule++)
      {
        const LwSpecClass      *klass = lw_optimizer_classes ()[i];
        g_autoptr (LwSpec)      spec = set_schedule (lw_spec_new (klass, NULL), schedule);
        g_autoptr (LwModelSpec) plain = lw_model_spec_with_optimizer (preset, spec);
        g_autofree char        *plain_json = lw_keras_config_write (plain);
        g_autoptr (LwModelSpec) plain_again = read_well (plain_json);
        g_autoptr (LwModelSpec) model = NULL, again = NULL;
        g_autofree char        *json = NULL;

        g_assert_true (lw_model_spec_equal (plain, plain_again));
        g_assert_nonnull (strstr (plain_json, schedules[schedule]));
        g_assert_nonnull (strstr (plain_json, "\"clipnorm\":null,\"clipvalue\":null,\"global_clipnorm\":null,"
                                              "\"use_ema\":false,\"ema_momentum\":0.99,"
                                              "\"ema_overwrite_frequency\":null"));
        g_assert_null (strstr (plain_json, "\"schedule\""));
        for (guint f = 0; f < klass->n_fields; f++)
          {
            const LwField *field = &klass->fields[f];

            if (lw_schedule_has_key (field->key) || strcmp (field->key, "clipvalue") == 0
                || strcmp (field->key, "global_clipnorm") == 0)
              continue;
            if (field->type == LW_FIELD_FLOAT && strcmp (field->key, "learning_rate") != 0)
              spec = set_field (spec, field->key, (LwFieldValue) { .x = 0.375 });
            else if (field->type == LW_FIELD_INT)
              spec = set_field (spec, field->key, (LwFieldValue) { .i = 3 });
            else if (field->type == LW_FIELD_BOOL)
              spec = set_field (spec, field->key, (LwFieldValue) { .b = TRUE });
          }
        model = lw_model_spec_with_optimizer (preset, spec);
        json = lw_keras_config_write (model);
        again = read_well (json);
        g_assert_true (lw_model_spec_equal (model, again));
        g_assert_nonnull (strstr (json, "\"weight_decay\":0.375"));
        g_assert_nonnull (strstr (json, "\"ema_overwrite_frequency\":3"));
      }
}

/* Settings that do not go together can be read; the model then has a fault. */
static void
test_optimizer_faults (void)
{
  static const char *const cases[][2] = {
    { "\"clipnorm\":1.0,\"clipvalue\":1.0", "SGD has both clipnorm and clipvalue" },
    { "\"learning_rate\":{\"class_name\":\"PiecewiseConstantDecay\",\"config\":{\"boundaries\":[1,2],"
      "\"values\":[1.0]}}",
      "boundaries: 2, values: 1" },
  };
  g_autoptr (LwModelSpec) preset = lw_model_spec_new_preset ("mlp");
  g_autofree char        *whole = lw_keras_config_write (preset);
  char                   *place = strstr (whole, "\"compile_config\"");

  *place = '\0';
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char        *json = g_strdup_printf ("%s\"compile_config\":{\"optimizer\":{\"class_name\":\"SGD\","
                                                      "\"config\":{%s}}}}", whole, cases[i][0]);
      g_autoptr (LwModelSpec) model = read_well (json);
      g_autoptr (LwModelSpec) again = NULL;
      g_autofree char        *json_again = lw_keras_config_write (model);
      const LwFault          *fault = lw_model_spec_get_fault (model);

      g_assert_nonnull (fault);
      g_assert_cmpint (fault->layer, ==, -1);
      g_assert_nonnull (strstr (fault->message, cases[i][1]));
      g_assert_cmpuint (fault->n_fixes, ==, 0);
      again = read_well (json_again);
      g_assert_true (lw_model_spec_equal (model, again));
    }
}

#define SMALL                                                                                      \
  "{\"module\":\"keras\",\"class_name\":\"Sequential\",\"config\":{\"name\":\"m\",\"layers\":["      \
  "{\"class_name\":\"InputLayer\",\"config\":{\"batch_shape\":[null,8,8,1]}},"                       \
  "{\"class_name\":\"Conv2D\",\"config\":{\"name\":\"conv2d\",\"filters\":4,\"kernel_size\":3}},"     \
  "{\"class_name\":\"AveragePooling2D\",\"config\":{\"name\":\"pool\",\"pool_size\":[2,2],"           \
  "\"strides\":[2,2]}},"                                                                             \
  "{\"class_name\":\"Flatten\",\"config\":{\"name\":\"flatten\"}},"                                   \
  "{\"class_name\":\"Dense\",\"config\":{\"name\":\"dense\",\"units\":10}}]},"                        \
  "\"compile_config\":{\"optimizer\":\"sgd\",\"loss\":\"sparse_categorical_crossentropy\"}}"

/* What is left out has Keras' default, not the palette's. */
static void
test_defaults (void)
{
  g_autoptr (LwModelSpec) model = read_well (SMALL);
  const LwSpec           *conv = lw_model_spec_get_layer (model, 0);
  gint64                  pair[2];

  g_assert_cmpstr (lw_spec_get_choice (conv, "activation"), ==, "linear");
  g_assert_cmpstr (lw_spec_get_choice (conv, "padding"), ==, "valid");
  g_assert_cmpint (lw_spec_get_int (conv, "filters"), ==, 4);
  lw_spec_get_pair (conv, "kernel_size", pair);
  g_assert_cmpint (pair[1], ==, 3);
  lw_spec_get_pair (lw_model_spec_get_layer (model, 1), "strides", pair);
  g_assert_cmpint (pair[0], ==, 0);
  g_assert_true (lw_spec_is_a (lw_model_spec_get_optimizer (model), "SGD"));
  g_assert_cmpfloat (lw_spec_get_float (lw_model_spec_get_optimizer (model), "learning_rate"), ==,
                     0.01);
  g_assert_false (lw_spec_get_bool (lw_model_spec_get_loss (model), "from_logits"));
}

/* Other ways to say the same; all are the model of SMALL. */
static void
test_variants (void)
{
  static const char *const cases[][2] = {
    { "\"kernel_size\":3", "\"kernel_size\":[3,3]" },
    { "\"kernel_size\":3", "\"kernel_size\":3.0" },
    { "\"kernel_size\":3", "\"kernel_size\":{\"class_name\":\"__tuple__\",\"items\":[3,3]}" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"activation\":null" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"activation\":\"linear\"" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"padding\":\"VALID\"" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"activation\":{\"module\":\"builtins\",\"class_name\":"
                           "\"function\",\"config\":\"linear\",\"registered_name\":\"function\"}" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"dtype\":\"float32\"" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"dtype\":null" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"dtype\":{\"class_name\":\"DTypePolicy\",\"config\":"
                           "{\"name\":\"float32\"},\"shared_object_id\":139658325475920}" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"groups\":1,\"data_format\":\"channels_last\"" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"kernel_initializer\":{\"class_name\":\"Orthogonal\"}" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"kernel_initializer\":\"glorot_uniform\",\"bias_initializer\":"
                           "\"zero\"" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"kernel_regularizer\":{\"class_name\":\"L1L2\",\"config\":"
                           "{\"l1\":0.0,\"l2\":0.0}}" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"kernel_regularizer\":null,\"trainable\":true" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"quantization_config\":null,\"future\":false" },
    { "\"batch_shape\"", "\"batch_input_shape\"" },
    { "\"batch_shape\":[null,8,8,1]", "\"batch_shape\":[32,8,8,1],\"sparse\":false,\"optional\":false" },
    { "{\"class_name\":\"InputLayer\",\"config\":{\"batch_shape\":[null,8,8,1]}},", "" },
    { "\"strides\":[2,2]", "\"strides\":null" },
    { "\"pool_size\":[2,2],", "" },
    { "\"sgd\"", "\"SGD\"" },
    { "\"sgd\"", "{\"module\":\"keras.src.backend.torch.optimizers.torch_sgd\",\"class_name\":\"SGD\","
                 "\"registered_name\":\"SGD\",\"config\":{\"name\":\"SGD\",\"learning_rate\":"
                 "0.009999999776482582,\"is_legacy_optimizer\":false,\"jit_compile\":true,\"use_ema\":"
                 "false,\"ema_momentum\":0.99,\"weight_decay\":null,\"decay\":0.0}}" },
    { "\"sparse_categorical_crossentropy\"", "\"SparseCategoricalCrossentropy\"" },
    { "\"sparse_categorical_crossentropy\"",
      "{\"class_name\":\"SparseCategoricalCrossentropy\",\"config\":{\"reduction\":\"auto\",\"name\":"
      "\"x\",\"ignore_class\":null,\"axis\":-1}}" },
    { "\"sparse_categorical_crossentropy\"",
      "{\"module\":\"builtins\",\"class_name\":\"function\",\"config\":"
      "\"sparse_categorical_crossentropy\"}" },
    { "\"optimizer\"", "\"metrics\":[\"accuracy\"],\"steps_per_execution\":null,\"optimizer\"" },
  };
  g_autoptr (LwModelSpec) expected = read_well (SMALL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char        *text = replace (SMALL, cases[i][0], cases[i][1]);
      g_autofree char        *json = NULL;
      g_autoptr (LwModelSpec) model = NULL;

      /* Where the input layer goes, the shape is elsewhere. */
      if (*cases[i][1] == '\0' && strstr (cases[i][0], "InputLayer") != NULL)
        json = replace (text, "\"name\":\"m\"", "\"name\":\"m\",\"build_input_shape\":[null,8,8,1]");
      else
        json = g_steal_pointer (&text);
      model = read_well (json);
      if (!lw_model_spec_equal (model, expected))
        g_test_message ("%s", json);
      g_assert_true (lw_model_spec_equal (model, expected));
    }
}

#define MIXED(layer)                                                                               \
  "{\"class_name\":\"Sequential\",\"config\":{\"name\":\"m\",\"layers\":[{\"class_name\":\"InputLayer\","     \
  "\"config\":{\"batch_shape\":[null,8,8,2]}}," layer ",{\"class_name\":\"Flatten\",\"config\":{\"name\":"     \
  "\"flatten\"}},{\"class_name\":\"Dense\",\"config\":{\"name\":\"dense\",\"units\":10}}]}}"

/* Layers as releases of Keras write them, and what they then are. */
static void
test_layers (void)
{
  static const struct {
    const char *json, *summary, *written;
  } cases[] = {
    { MIXED ("{\"class_name\":\"BatchNormalization\",\"config\":{}}"), "", "\"axis\":-1,\"momentum\":0.99,"
      "\"epsilon\":0.001,\"center\":true,\"scale\":true}" },
    { MIXED ("{\"class_name\":\"BatchNormalization\",\"config\":{\"axis\":[3],\"momentum\":0.9,\"epsilon\":0.0001,"
             "\"center\":true,\"scale\":true,\"beta_initializer\":{\"module\":\"keras.initializers\",\"class_name\":"
             "\"Zeros\",\"config\":{},\"registered_name\":null},\"gamma_initializer\":\"ones\",\"beta_regularizer\":null,"
             "\"synchronized\":true,\"renorm\":false,\"renorm_clipping\":null,\"renorm_momentum\":0.99}}"),
      "axis 3 · momentum 0.9 · epsilon 0.0001", "\"axis\":3,\"momentum\":0.9,\"epsilon\":0.0001" },
    { MIXED ("{\"class_name\":\"ReLU\",\"config\":{\"max_value\":null,\"negative_slope\":0.0,\"threshold\":0.0}}"), "",
      "\"max_value\":null,\"negative_slope\":0.0,\"threshold\":0.0" },
    { MIXED ("{\"class_name\":\"ReLU\",\"config\":{\"max_value\":6}}"), "at most 6", "\"max_value\":6.0," },
    { MIXED ("{\"class_name\":\"Softmax\",\"config\":{\"axis\":-1}}"), "", "\"axis\":-1" },
    { MIXED ("{\"class_name\":\"Rescaling\",\"config\":{\"scale\":0.00784313725490196,\"offset\":-1}}"),
      "times 0.00784314 · plus -1", "\"scale\":0.00784313725490196,\"offset\":-1.0" },
    { MIXED ("{\"class_name\":\"Reshape\",\"config\":{\"target_shape\":{\"class_name\":\"__tuple__\",\"items\":[16,-1]}}}"),
      "to 16, -1", "\"target_shape\":[16,-1]" },
    { MIXED ("{\"class_name\":\"Reshape\",\"config\":{\"target_shape\":128}}"), "to 128", "\"target_shape\":[128]" },
    { MIXED ("{\"class_name\":\"Activation\",\"config\":{\"activation\":\"swish\"}}"), "silu", "\"activation\":\"silu\"" },
    { MIXED ("{\"class_name\":\"Conv2D\",\"config\":{\"filters\":4,\"kernel_size\":3,\"kernel_initializer\":{\"module\":"
             "\"keras.initializers\",\"class_name\":\"HeNormal\",\"config\":{\"seed\":null}},\"kernel_regularizer\":"
             "{\"module\":\"keras.regularizers\",\"class_name\":\"L2\",\"config\":{\"l2\":0.009999999776482582},"
             "\"registered_name\":null}}}"),
      "4 filters · 3×3 · L2 0.01", "\"kernel_initializer\":{\"module\":\"keras.initializers\",\"class_name\":\"HeNormal\","
      "\"config\":{\"seed\":null},\"registered_name\":null},\"kernel_regularizer\":{\"module\":\"keras.regularizers\","
      "\"class_name\":\"L2\",\"config\":{\"l2\":0.01},\"registered_name\":null}" },
    { MIXED ("{\"class_name\":\"Dense\",\"config\":{\"units\":4,\"kernel_regularizer\":\"l2\",\"bias_initializer\":"
             "\"random_uniform\"}}"),
      "4 units · L2 0.01", "\"bias_initializer\":{\"module\":\"keras.initializers\",\"class_name\":\"RandomUniform\","
      "\"config\":{\"minval\":-0.05,\"maxval\":0.05,\"seed\":null},\"registered_name\":null}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LwModelSpec) model = read_well (cases[i].json);
      g_autofree char        *summary = lw_spec_to_summary (lw_model_spec_get_layer (model, 0));
      g_autofree char        *json = lw_keras_config_write (model);
      g_autoptr (LwModelSpec) again = read_well (json);

      g_assert_nonnull (lw_model_spec_get_output (model));
      g_assert_cmpstr (summary, ==, cases[i].summary);
      if (strstr (json, cases[i].written) == NULL)
        g_error ("%s is not in %s", cases[i].written, json);
      g_assert_true (lw_model_spec_equal (model, again));
      /* Standard initializers and no regularizer go without saying. */
      g_assert_null (strstr (json, "GlorotUniform"));
      g_assert_null (strstr (json, "regularizer\":null"));
    }
}

static void
test_inputs (void)
{
  g_autofree char *row = NULL;
  g_autofree char *flat_image = NULL;
  g_autofree char *softmax = NULL;

  /* 8×8 before Flatten is 8×8×1. */
  flat_image = g_strdup ("{\"class_name\":\"Sequential\",\"config\":{\"layers\":[{\"class_name\":"
                         "\"InputLayer\",\"config\":{\"batch_shape\":[null,8,8]}},{\"class_name\":"
                         "\"Flatten\",\"config\":{}},{\"class_name\":\"Dense\",\"config\":{\"units\":"
                         "10}}]}}");
  {
    g_autoptr (LwModelSpec) model = read_well (flat_image);

    g_assert_true (lw_shape_equal (lw_model_spec_get_input (model), &LW_SHAPE (8, 8, 1)));
    g_assert_cmpstr (lw_model_spec_get_name (model), ==, "sequential");
    g_assert_cmpstr (lw_spec_get_name (lw_model_spec_get_layer (model, 1)), ==, "dense");
    g_assert_true (lw_spec_get_bool (lw_model_spec_get_loss (model), "from_logits"));
    g_assert_null (lw_model_spec_get_fault (model));
  }

  row = replace (flat_image, "[null,8,8]", "[null,784]");
  {
    g_autoptr (LwModelSpec) model = read_well (row);

    g_assert_true (lw_shape_equal (lw_model_spec_get_input (model), &LW_SHAPE (784)));
  }

  softmax = replace (flat_image, "\"units\":10", "\"units\":10,\"activation\":\"softmax\"");
  {
    g_autoptr (LwModelSpec) model = read_well (softmax);

    g_assert_false (lw_spec_get_bool (lw_model_spec_get_loss (model), "from_logits"));
    g_assert_null (lw_model_spec_get_fault (model));
  }
}

static void
test_refusals (void)
{
  static const struct {
    const char *from, *to;
    LwError     code;
    const char *message;
  } cases[] = {
    { "\"Conv2D\"", "\"LSTM\"", LW_ERROR_UNSUPPORTED, "the layer LSTM (conv2d) yet" },
    { "\"Conv2D\"", "\"Conv2D\",\"registered_name\":\"mine>Conv2D\"", LW_ERROR_UNSUPPORTED,
      "the layer mine>Conv2D (conv2d) yet" },
    { "\"Sequential\"", "\"Functional\"", LW_ERROR_UNSUPPORTED, "of class Functional" },
    { "\"filters\":4,", "", LW_ERROR_FILE, "The filters of conv2d in config.json is missing" },
    { "\"filters\":4", "\"filters\":\"4\"", LW_ERROR_FILE, "should be a whole number" },
    { "\"filters\":4", "\"filters\":4.5", LW_ERROR_FILE, "should be a whole number" },
    { "\"filters\":4", "\"filters\":0", LW_ERROR_VALUE, "The filters of conv2d cannot be 0" },
    { "\"filters\":4", "\"filters\":99999999999", LW_ERROR_VALUE, "from 1 to 65536" },
    { "\"filters\":4", "\"filters\":1e300", LW_ERROR_FILE, "should be a whole number" },
    { "\"filters\":4", "\"filters\":1e999", LW_ERROR_FILE, "should be a whole number" },
    { "\"filters\":4", "\"filters\":99999999999999999999", LW_ERROR_FILE, "not valid JSON" },
    { "\"kernel_size\":3", "\"kernel_size\":[3]", LW_ERROR_FILE, "one or two whole numbers" },
    { "\"kernel_size\":3", "\"kernel_size\":[3,null]", LW_ERROR_FILE, "one or two whole numbers" },
    { "\"strides\":[2,2]", "\"strides\":[0,0]", LW_ERROR_FILE, "whole numbers above 0" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"activation\":\"mish\"", LW_ERROR_UNSUPPORTED,
      "the activation mish of conv2d yet; it knows linear, relu" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"activation\":3", LW_ERROR_FILE, "a text" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"use_bias\":1", LW_ERROR_FILE, "true or false" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"groups\":2", LW_ERROR_UNSUPPORTED, "option groups" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"data_format\":\"channels_first\"",
      LW_ERROR_UNSUPPORTED, "data_format channels_first" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"kernel_regularizer\":{\"class_name\":\"L1\"}",
      LW_ERROR_UNSUPPORTED, "the kernel_regularizer L1 of conv2d yet; it knows L2" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"kernel_regularizer\":{\"class_name\":\"L1L2\",\"config\":"
                           "{\"l1\":0.1,\"l2\":0.1}}",
      LW_ERROR_UNSUPPORTED, "the kernel_regularizer L1L2 of conv2d" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"kernel_regularizer\":{\"class_name\":\"L2\",\"config\":"
                           "{\"l2\":-0.1}}",
      LW_ERROR_VALUE, "kernel_regularizer of conv2d cannot be -0.1" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"kernel_regularizer\":7", LW_ERROR_FILE, "a regularizer" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"bias_regularizer\":{\"class_name\":\"L2\"}",
      LW_ERROR_UNSUPPORTED, "option bias_regularizer of conv2d" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"kernel_initializer\":7", LW_ERROR_FILE, "an initializer" },
    { "\"Flatten\",\"config\":{", "\"Reshape\",\"config\":{\"target_shape\":[1,1.5],", LW_ERROR_FILE,
      "a list of whole numbers" },
    { "\"Flatten\",\"config\":{", "\"Reshape\",\"config\":{\"target_shape\":[],", LW_ERROR_VALUE,
      "The target_shape of flatten cannot be empty" },
    { "\"Flatten\",\"config\":{", "\"Reshape\",\"config\":{\"target_shape\":[1,1,1,1,1,1,1,1,1],",
      LW_ERROR_UNSUPPORTED, "has 9 numbers" },
    { "\"Flatten\",\"config\":{", "\"Reshape\",\"config\":{", LW_ERROR_FILE, "target_shape of flatten" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"kernel_constraint\":\"max_norm\"",
      LW_ERROR_UNSUPPORTED, "option kernel_constraint of conv2d" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"trainable\":false", LW_ERROR_UNSUPPORTED, "frozen" },
    { "\"kernel_size\":3", "\"kernel_size\":3,\"dtype\":\"mixed_float16\"", LW_ERROR_UNSUPPORTED,
      "dtype mixed_float16" },
    { "\"name\":\"conv2d\"", "\"name\":7", LW_ERROR_FILE, "The name of layer 2" },
    { "[null,8,8,1]", "[null,8,8,null]", LW_ERROR_FILE, "batch_shape of the input" },
    { "[null,8,8,1]", "[null,0,8,1]", LW_ERROR_VALUE, "sizes go from 1" },
    { "[null,8,8,1]", "[null,8,-1,1]", LW_ERROR_VALUE, "sizes go from 1" },
    { "[null,8,8,1]", "[null,8,99999999,1]", LW_ERROR_VALUE, "sizes go from 1" },
    { "[null,8,8,1]", "[null]", LW_ERROR_FILE, "a list of batch" },
    { "[null,8,8,1]", "[null,1,8,8,1]", LW_ERROR_FILE, "a list of batch" },
    { "[null,8,8,1]", "null", LW_ERROR_UNSUPPORTED, "does not say the shape" },
    { "[null,8,8,1]", "[null,8,8,1],\"sparse\":true", LW_ERROR_UNSUPPORTED, "option sparse" },
    { "[null,8,8,1]", "[null,8,8,1],\"dtype\":\"uint8\"", LW_ERROR_UNSUPPORTED, "dtype uint8" },
    { "\"sgd\"", "\"ftrl\"", LW_ERROR_UNSUPPORTED, "the optimizer ftrl yet" },
    { "\"sgd\"", "{\"class_name\":\"Lion\",\"config\":{}}", LW_ERROR_UNSUPPORTED,
      "the optimizer Lion yet" },
    { "\"sgd\"", "{\"class_name\":\"SGD\",\"config\":{\"loss_scale_factor\":2.0}}", LW_ERROR_UNSUPPORTED,
      "option loss_scale_factor of SGD" },
    { "\"sgd\"", "{\"class_name\":\"SGD\",\"config\":{\"gradient_accumulation_steps\":4}}",
      LW_ERROR_UNSUPPORTED, "option gradient_accumulation_steps of SGD" },
    { "\"sgd\"", "{\"class_name\":\"SGD\",\"config\":{\"decay_steps\":4}}", LW_ERROR_UNSUPPORTED,
      "option decay_steps of SGD" },
    { "\"sgd\"", "{\"class_name\":\"SGD\",\"config\":{\"learning_rate\":{\"class_name\":"
                 "\"ExponentialDecay\",\"config\":{\"initial_learning_rate\":0.1,\"decay_rate\":0.9}}}}",
      LW_ERROR_FILE, "The decay_steps of ExponentialDecay" },
    { "\"sgd\"", "{\"class_name\":\"SGD\",\"config\":{\"learning_rate\":{\"class_name\":"
                 "\"CosineDecay\",\"config\":{\"initial_learning_rate\":0.1,\"decay_steps\":9,"
                 "\"t_mul\":2.0}}}}",
      LW_ERROR_UNSUPPORTED, "option t_mul of CosineDecay" },
    { "\"sgd\"", "{\"class_name\":\"SGD\",\"config\":{\"learning_rate\":{}}}", LW_ERROR_FILE,
      "a number or a schedule" },
    { "\"sgd\"", "{\"class_name\":\"SGD\",\"config\":{\"learning_rate\":{\"class_name\":"
                 "\"PolynomialDecay\"}}}",
      LW_ERROR_UNSUPPORTED, "the learning rate schedule PolynomialDecay of SGD" },
    { "\"sgd\"", "{\"class_name\":\"SGD\",\"config\":{\"learning_rate\":1e999}}", LW_ERROR_FILE,
      "a finite number" },
    { "\"sgd\"", "{\"class_name\":\"SGD\",\"config\":{\"learning_rate\":-1}}", LW_ERROR_VALUE,
      "learning_rate of SGD" },
    { "\"sgd\"", "17", LW_ERROR_FILE, "The optimizer of compile_config" },
    { "\"sparse_categorical_crossentropy\"", "\"hinge\"", LW_ERROR_UNSUPPORTED, "the loss hinge yet" },
    { "\"sparse_categorical_crossentropy\"",
      "{\"class_name\":\"SparseCategoricalCrossentropy\",\"config\":{\"reduction\":\"sum\"}}",
      LW_ERROR_UNSUPPORTED, "option reduction" },
    { "\"sparse_categorical_crossentropy\"",
      "{\"class_name\":\"SparseCategoricalCrossentropy\",\"config\":{\"ignore_class\":3}}",
      LW_ERROR_UNSUPPORTED, "option ignore_class" },
    { "\"compile_config\":{", "\"compile_config\":[],\"x\":{", LW_ERROR_FILE,
      "The compile_config of Sequential in config.json is a list, but should be an object" },
  };
  g_autoptr (GString) many = g_string_new (NULL);
  g_autofree char    *json = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *changed = replace (SMALL, cases[i].from, cases[i].to);

      assert_refused (changed, cases[i].code, cases[i].message);
    }

  for (int i = 0; i < 300; i++)
    g_string_append (many, "{\"class_name\":\"Flatten\",\"config\":{}},");
  g_string_append (many, "{\"class_name\":\"Flatten\"");
  json = replace (SMALL, "{\"class_name\":\"Flatten\"", many->str);
  assert_refused (json, LW_ERROR_UNSUPPORTED, "at most 256");
}

static void
test_guard (void)
{
  static const char *const good[] = { "{}", " [1, -2.5e+3, true, false, null, \"a\\n\\u00e9\"] ", "0",
                                      "\"x\"", "-0.1", "[[[]]]", "123456789012345678" };
  static const char *const bad[] = { "",          " ",        "{",       "[1]]",     "[1] 2",
                                     "{} {}",     "[0123]",   "[0x10]",  "[1.]",     "[.5]",
                                     "[+1]",      "[1e]",     "[NaN]",   "[tru]",    "[-]",
                                     "['a']",     "[\"a",     "[\"\\q\"]", "[\"\\u12\"]", "[\"a\nb\"]",
                                     "[\"\\u0000\"]", "// x\n[]", "[/*\"*/]", "#\n[]",  "[\"\\",
                                     "[1234567890123456789]", "\xff",   "[\"\xc3\"]", ",", "]" };
  g_autofree char         *deep = g_strnfill (200000, '[');
  g_autofree char         *nested = g_strconcat ("{\"a\":", deep, NULL);
  g_autofree char         *large = g_strnfill (LW_JSON_MAX_BYTES + 1, ' ');
  g_autofree char         *hidden = g_strconcat ("/*\"*/", deep, NULL);
  g_autoptr (GError)       error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_assert_true (lw_json_guard (good[i], -1, "it", &error));
      g_assert_no_error (error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_false (lw_json_guard (bad[i], -1, "it", &error));
      g_assert_error (error, LW_ERROR, LW_ERROR_FILE);
      g_assert_true (g_str_has_prefix (error->message, "it "));
      g_clear_error (&error);
    }

  g_assert_false (lw_json_guard ("[1]\0", 4, "it", NULL));
  g_assert_true (lw_json_guard ("[1]x", 3, "it", NULL));

  assert_refused (deep, LW_ERROR_FILE, "nested more than 64 deep at byte 64");
  assert_refused (nested, LW_ERROR_FILE, "nested more than 64 deep");
  assert_refused (hidden, LW_ERROR_FILE, "not valid JSON at byte 0");
  assert_refused (large, LW_ERROR_FILE, "8 MiB");
}

/* A file that ends anywhere is an error. */
static void
test_truncated (void)
{
  const gsize length = strlen (SMALL);

  for (gsize n = 0; n < length; n++)
    {
      g_autofree char        *part = g_memdup2 (SMALL, n);
      g_autoptr (GError)      error = NULL;
      g_autoptr (LwModelSpec) model = lw_keras_config_read (part != NULL ? part : "", (gssize) n, &error);

      g_assert_null (model);
      g_assert_error (error, LW_ERROR, LW_ERROR_FILE);
    }
}

/* Any one byte changed: an answer, whatever it is. */
static void
test_mutated (void)
{
  static const char bytes[] = "\"\\{}[],:0-9.eN \n\x80";
  const gsize       length = strlen (SMALL);

  for (gsize i = 0; i < length; i++)
    for (guint b = 0; b < sizeof bytes - 1; b++)
      {
        g_autofree char        *json = g_strdup (SMALL);
        g_autoptr (GError)      error = NULL;
        g_autoptr (LwModelSpec) model = NULL;

        json[i] = bytes[b];
        model = lw_keras_config_read (json, (gssize) length, &error);
        g_assert_true ((model == NULL) == (error != NULL));
      }
}

static const char *const odd_values[] = {
  "null", "true",  "\"\"", "\"x\"", "0",  "-1",  "2.5", "1e308",    "999999999999999999",
  "[]",   "[null]", "{}",  "[[]]",  "[0,0]", "{\"class_name\":\"x\",\"config\":{}}",
  "{\"class_name\":\"function\"}",    "{\"class_name\":\"__tuple__\"}",
};

static void replace_everywhere (JsonNode *root, JsonNode *node, guint *n_tried);

/* Reads the document as it is now and asserts an answer. */
static void
read_now (JsonNode *root)
{
  g_autofree char        *json = json_to_string (root, FALSE);
  g_autoptr (GError)      error = NULL;
  g_autoptr (LwModelSpec) model = lw_keras_config_read (json, -1, &error);

  g_assert_true ((model == NULL) == (error != NULL));
  if (error != NULL)
    g_assert_true (g_utf8_strlen (error->message, -1) > 20);
}

static void
replace_member (JsonNode *root, JsonObject *object, const char *name, guint *n_tried)
{
  g_autoptr (JsonNode) original = json_node_ref (json_object_get_member (object, name));

  for (guint i = 0; i < G_N_ELEMENTS (odd_values); i++)
    {
      json_object_set_member (object, name, json_from_string (odd_values[i], NULL));
      read_now (root);
      (*n_tried)++;
    }
  json_object_remove_member (object, name);
  read_now (root);
  json_object_set_member (object, name, json_node_ref (original));
  replace_everywhere (root, original, n_tried);
}

static void
replace_everywhere (JsonNode *root, JsonNode *node, guint *n_tried)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonObject      *object = json_node_get_object (node);
      g_autoptr (GList) names = json_object_get_members (object);
      g_autoptr (GPtrArray) copies = g_ptr_array_new_with_free_func (g_free);

      for (GList *l = names; l != NULL; l = l->next)
        g_ptr_array_add (copies, g_strdup (l->data));
      for (guint i = 0; i < copies->len; i++)
        replace_member (root, object, copies->pdata[i], n_tried);
    }
  else if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);

      for (guint i = 0; i < json_array_get_length (array); i++)
        replace_everywhere (root, json_array_get_element (array, i), n_tried);
    }
}

/* Every key with every kind of wrong value, and without it. */
static void
test_wrong_types (void)
{
  static const char *const names[] = { "mnist_convnet", "opt_adam", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (LwModelSpec) preset = lw_model_spec_new_preset ("tiny-cnn");
      g_autofree char        *json = names[i] != NULL ? load_fixture (names[i])
                                                      : lw_keras_config_write (preset);
      g_autoptr (JsonNode)    root = json_from_string (json, NULL);
      guint                   n_tried = 0;

      g_assert_nonnull (root);
      replace_everywhere (root, root, &n_tried);
      g_assert_cmpuint (n_tried, >, 500);
      read_now (root);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keras-config/round-trip", test_round_trip);
  g_test_add_func ("/keras-config/round-trip-fields", test_round_trip_fields);
  g_test_add_func ("/keras-config/fixtures", test_fixtures);
  g_test_add_func ("/keras-config/compile-config", test_compile_config);
  g_test_add_func ("/keras-config/optimizers", test_optimizers);
  g_test_add_func ("/keras-config/optimizer-faults", test_optimizer_faults);
  g_test_add_func ("/keras-config/defaults", test_defaults);
  g_test_add_func ("/keras-config/variants", test_variants);
  g_test_add_func ("/keras-config/layers", test_layers);
  g_test_add_func ("/keras-config/inputs", test_inputs);
  g_test_add_func ("/keras-config/refusals", test_refusals);
  g_test_add_func ("/keras-config/guard", test_guard);
  g_test_add_func ("/keras-config/truncated", test_truncated);
  g_test_add_func ("/keras-config/mutated", test_mutated);
  g_test_add_func ("/keras-config/wrong-types", test_wrong_types);
  return g_test_run ();
}
