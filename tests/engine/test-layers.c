#include "gradient-check.h"
#include "train-tools.h"

#include "engine/nn/initializer.h"
#include "engine/nn/sequential.h"

#include <math.h>
#include <string.h>

/* What each layer computes, written out once more in plain C: activations, ReLU with its arguments,
 * reshaping, batch normalization with its moving averages, L2 penalties; images of any size through one
 * built model; and weights that are not trainable on their way through training, states and resume. */

/* -- models from text -- */

static LwSpec *
make_layer (const char *class_name, const char *values)
{
  const LwLayerClass *klass = lw_layer_class_find (class_name);
  g_auto (GStrv)      pairs = g_strsplit (values, " ", -1);
  LwSpec             *layer;

  g_assert_nonnull (klass);
  layer = lw_spec_new (&klass->spec, NULL);
  for (guint i = 0; pairs[i] != NULL && *pairs[i] != '\0'; i++)
    {
      g_auto (GStrv)       pair = g_strsplit (pairs[i], "=", 2);
      g_autoptr (GVariant) value = NULL;
      g_autoptr (GError)   error = NULL;
      LwSpec              *changed;
      const LwField       *field = lw_spec_class_find (&klass->spec, pair[0], NULL);
      static const char   *types[] = { "x", "(xx)", "d", "b", "s", "ad" };

      g_assert_nonnull (field);
      value = g_variant_parse (G_VARIANT_TYPE (types[field->type]), pair[1], NULL, NULL, &error);
      g_assert_no_error (error);
      changed = lw_spec_with_variant (layer, pair[0], value, &error);
      g_assert_no_error (error);
      lw_spec_unref (layer);
      layer = changed;
    }
  return layer;
}

/* "Conv2D filters=4; Flatten; Dense": a class and GVariant values each, without blanks in them. */
static LwModelSpec *
make_model (const LwShape *input, const char *text)
{
  g_auto (GStrv) layers = g_strsplit (text, "; ", -1);
  LwModelSpec   *model = lw_model_spec_new ("model", input);

  for (guint i = 0; layers[i] != NULL; i++)
    {
      g_auto (GStrv)     words = g_strsplit (layers[i], " ", 2);
      g_autoptr (LwSpec) layer = make_layer (words[0], words[1] != NULL ? words[1] : "");
      LwModelSpec       *next = lw_model_spec_with_inserted (model, i, layer);

      lw_model_spec_unref (model);
      model = next;
    }
  return model;
}

static LwSequential *
build (LwModelSpec *model)
{
  g_autoptr (GError) error = NULL;
  LwSequential      *sequential = lw_sequential_new (model, 3, &error);

  g_assert_no_error (error);
  return sequential;
}

static LwTensor *
run (LwSequential *sequential, LwTensor *x, gboolean training)
{
  LwScope           *s = lw_scope_begin (check_device ());
  LwTensor          *y = lw_tensor_ref (lw_sequential_call (sequential, s, x, training));
  g_autoptr (GError) error = NULL;

  lw_scope_end (s, &error);
  g_assert_no_error (error);
  return y;
}

/* One layer, freshly built, on x. */
static LwTensor *
run_layer (const char *text, LwTensor *x)
{
  LwShape                  input = *lw_tensor_get_shape (x);
  g_autoptr (LwModelSpec)  model = NULL;
  g_autoptr (LwSequential) sequential = NULL;

  input.rank--;
  memmove (input.dims, input.dims + 1, sizeof input.dims - sizeof input.dims[0]);
  input.dims[LW_MAX_RANK - 1] = 0;
  model = make_model (&input, text);
  sequential = build (model);
  return run (sequential, x, FALSE);
}

static LwVariable *
find_variable (LwSequential *sequential, const char *name)
{
  guint              n;
  LwVariable *const *variables = lw_sequential_get_variables (sequential, &n);

  for (guint i = 0; i < n; i++)
    if (strcmp (lw_variable_get_name (variables[i]), name) == 0)
      return variables[i];
  g_error ("no variable %s", name);
}

static double
value_at (LwSequential *sequential, const char *name, gsize i)
{
  return lw_tensor_get_value (lw_variable_get_value (find_variable (sequential, name)), i);
}

static void
set_values (LwSequential *sequential, const char *name, double low, double high)
{
  LwVariable          *variable = find_variable (sequential, name);
  g_autoptr (LwTensor) value
    = check_random_tensor (LW_FLOAT32, lw_tensor_get_shape (lw_variable_get_value (variable)), low, high);

  g_assert_true (lw_variable_assign (variable, value, NULL));
}

static void
assert_near (double got, double want, double tolerance)
{
  if (!(fabs (got - want) <= tolerance * (1 + fabs (want))))
    g_error ("%.9g is not %.9g", got, want);
}

/* -- elementwise layers -- */

static double
reference_activation (const char *name, double x)
{
  if (strcmp (name, "relu") == 0)
    return MAX (x, 0);
  if (strcmp (name, "sigmoid") == 0)
    return 1 / (1 + exp (-x));
  if (strcmp (name, "tanh") == 0)
    return tanh (x);
  if (strcmp (name, "leaky_relu") == 0)
    return x >= 0 ? x : 0.2 * x;
  if (strcmp (name, "elu") == 0)
    return x > 0 ? x : expm1 (x);
  if (strcmp (name, "relu6") == 0)
    return CLAMP (x, 0, 6);
  if (strcmp (name, "softplus") == 0)
    return log1p (exp (x));
  if (strcmp (name, "silu") == 0)
    return x / (1 + exp (-x));
  if (strcmp (name, "gelu") == 0)
    return 0.5 * x * (1 + erf (x / sqrt (2)));
  return x;
}

/* Activation, and the same inside Dense and Conv2D, over every word of the choice. */
static void
test_activations (void)
{
  g_autoptr (LwTensor) x = check_random_tensor (LW_FLOAT32, &LW_SHAPE (3, 4, 5, 7), -8, 8);
  guint                index;
  const LwField       *field = lw_spec_class_find (&lw_layer_class_find ("Activation")->spec, "activation", &index);
  guint                n = 0;

  for (; field->choices[n] != NULL; n++)
    {
      g_autofree char     *text = g_strdup_printf ("Activation activation='%s'", field->choices[n]);
      g_autofree char     *dense = g_strdup_printf ("Dense units=6 activation='%s'", field->choices[n]);
      g_autofree char     *dense_then = g_strdup_printf ("Dense units=6; Activation activation='%s'", field->choices[n]);
      g_autofree char     *conv = g_strdup_printf ("Conv2D activation='%s'", field->choices[n]);
      g_autofree char     *conv_then
        = g_strdup_printf ("Conv2D activation='linear'; Activation activation='%s'", field->choices[n]);
      g_autoptr (LwTensor) y = run_layer (text, x);
      g_autoptr (LwTensor) a = run_layer (dense, x), b = run_layer (dense_then, x);
      g_autoptr (LwTensor) c = run_layer (conv, x), d = run_layer (conv_then, x);

      check_close (dense, a, b, 1e-6);
      check_close (conv, c, d, 1e-6);
      for (gsize row = 0; row < 60; row++)
        {
          gboolean is_softmax = strstr (field->choices[n], "softmax") != NULL;
          gboolean is_log = strcmp (field->choices[n], "log_softmax") == 0;
          double   sum = 0;

          for (gsize i = row * 7; i < row * 7 + 7; i++)
            {
              double want = reference_activation (field->choices[n], lw_tensor_get_value (x, i));

              if (!is_softmax)
                assert_near (lw_tensor_get_value (y, i), want, 2e-6);
              sum += is_log ? exp (lw_tensor_get_value (y, i)) : lw_tensor_get_value (y, i);
            }
          if (is_softmax)
            assert_near (sum, 1, 1e-5);
        }
    }
  g_assert_cmpuint (n, ==, 12);
}

static void
test_relu (void)
{
  static const struct {
    const char *text;
    double      max_value, slope, threshold;
  } cases[] = {
    { "ReLU", INFINITY, 0, 0 },
    { "ReLU max_value=6.0", 6, 0, 0 },
    { "ReLU negative_slope=0.1", INFINITY, 0.1, 0 },
    { "ReLU max_value=0.55 negative_slope=0.1 threshold=0.4", 0.55, 0.1, 0.4 },
  };
  g_autoptr (LwTensor) x = check_random_tensor (LW_FLOAT32, &LW_SHAPE (5, 37), -8, 8);

  for (gsize k = 0; k < G_N_ELEMENTS (cases); k++)
    {
      g_autoptr (LwTensor) y = run_layer (cases[k].text, x);

      for (gsize i = 0; i < lw_tensor_get_count (x); i++)
        {
          double v = lw_tensor_get_value (x, i);
          double want = v >= cases[k].max_value   ? cases[k].max_value
                        : v >= cases[k].threshold ? v
                                                  : cases[k].slope * (v - cases[k].threshold);

          assert_near (lw_tensor_get_value (y, i), want, 1e-6);
        }
    }
}

static void
test_rescaling (void)
{
  g_autoptr (LwTensor) x = check_random_tensor (LW_FLOAT32, &LW_SHAPE (2, 3, 4, 1), 0, 255);
  g_autoptr (LwTensor) plain = run_layer ("Rescaling", x);
  g_autoptr (LwTensor) shifted = run_layer ("Rescaling scale=0.00784313725490196 offset=-1.0", x);

  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    {
      assert_near (lw_tensor_get_value (plain, i), lw_tensor_get_value (x, i) / 255, 1e-6);
      assert_near (lw_tensor_get_value (shifted, i), lw_tensor_get_value (x, i) / 127.5 - 1, 1e-6);
    }
}

static void
test_softmax (void)
{
  g_autoptr (LwTensor) x = check_random_tensor (LW_FLOAT32, &LW_SHAPE (2, 3, 4, 5), -5, 5);
  g_autoptr (LwTensor) last = run_layer ("Softmax", x);
  g_autoptr (LwTensor) same = run_layer ("Softmax axis=3", x);
  g_autoptr (LwTensor) height = run_layer ("Softmax axis=-3", x);

  g_assert_true (lw_tensor_equal (last, same));
  for (gsize outer = 0; outer < 2; outer++)
    for (gsize inner = 0; inner < 20; inner++)
      {
        double sum = 0;

        for (gsize h = 0; h < 3; h++)
          sum += exp (lw_tensor_get_value (x, (outer * 3 + h) * 20 + inner));
        for (gsize h = 0; h < 3; h++)
          {
            gsize i = (outer * 3 + h) * 20 + inner;

            assert_near (lw_tensor_get_value (height, i), exp (lw_tensor_get_value (x, i)) / sum, 1e-6);
          }
      }
}

static void
test_reshape (void)
{
  static const struct {
    const char *text;
    LwShape     output;
  } cases[] = {
    { "Reshape target_shape=[-1]", { 2, { 3, 24 } } },
    { "Reshape target_shape=[6,-1]", { 3, { 3, 6, 4 } } },
    { "Reshape target_shape=[2,2,2,3]", { 5, { 3, 2, 2, 2, 3 } } },
    { "Reshape target_shape=[-1,1,1,1,1,1,24]", { 8, { 3, 1, 1, 1, 1, 1, 1, 24 } } },
  };
  g_autoptr (LwTensor) x = check_random_tensor (LW_FLOAT32, &LW_SHAPE (3, 2, 4, 3), -1, 1);

  for (gsize k = 0; k < G_N_ELEMENTS (cases); k++)
    {
      g_autoptr (LwTensor) y = run_layer (cases[k].text, x);

      g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), &cases[k].output));
      for (gsize i = 0; i < lw_tensor_get_count (x); i++)
        g_assert_cmpfloat (lw_tensor_get_value (y, i), ==, lw_tensor_get_value (x, i));
    }
}

static void
test_global_pooling (void)
{
  g_autoptr (LwTensor) x = check_random_tensor (LW_FLOAT32, &LW_SHAPE (2, 5, 6, 7), -1, 1);
  g_autoptr (LwTensor) flat = run_layer ("GlobalMaxPooling2D", x);
  g_autoptr (LwTensor) kept = run_layer ("GlobalMaxPooling2D keepdims=true", x);
  g_autoptr (LwTensor) average = run_layer ("GlobalAveragePooling2D keepdims=true", x);

  g_assert_true (lw_shape_equal (lw_tensor_get_shape (flat), &LW_SHAPE (2, 7)));
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (kept), &LW_SHAPE (2, 1, 1, 7)));
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (average), &LW_SHAPE (2, 1, 1, 7)));
  for (gsize n = 0; n < 2; n++)
    for (gsize c = 0; c < 7; c++)
      {
        double largest = -INFINITY, sum = 0;

        for (gsize i = 0; i < 30; i++)
          {
            largest = MAX (largest, lw_tensor_get_value (x, (n * 30 + i) * 7 + c));
            sum += lw_tensor_get_value (x, (n * 30 + i) * 7 + c);
          }
        g_assert_cmpfloat (lw_tensor_get_value (flat, n * 7 + c), ==, largest);
        g_assert_cmpfloat (lw_tensor_get_value (kept, n * 7 + c), ==, largest);
        assert_near (lw_tensor_get_value (average, n * 7 + c), sum / 30, 1e-6);
      }
}

/* -- batch normalization -- */

#define CHANNELS 6

typedef struct {
  double mean[CHANNELS], variance[CHANNELS];
} ChannelMoments;

static ChannelMoments
channel_moments (LwTensor *x)
{
  ChannelMoments moments = { 0 };
  gsize          rows = lw_tensor_get_count (x) / CHANNELS;

  for (gsize c = 0; c < CHANNELS; c++)
    {
      for (gsize i = 0; i < rows; i++)
        moments.mean[c] += lw_tensor_get_value (x, i * CHANNELS + c) / (double) rows;
      for (gsize i = 0; i < rows; i++)
        moments.variance[c]
          += pow (lw_tensor_get_value (x, i * CHANNELS + c) - moments.mean[c], 2) / (double) rows;
    }
  return moments;
}

static void
test_batch_normalization (void)
{
  g_autoptr (LwModelSpec)  model = make_model (&LW_SHAPE (5, 4, CHANNELS),
                                               "BatchNormalization momentum=0.9 epsilon=0.01");
  g_autoptr (LwSequential) sequential = build (model);
  g_autoptr (LwTensor)     x = check_random_tensor (LW_FLOAT32, &LW_SHAPE (7, 5, 4, CHANNELS), -3, 5);
  ChannelMoments           batch = channel_moments (x);
  g_autoptr (LwTensor)     trained = NULL, predicted = NULL, fresh = NULL;
  guint                    n, n_trainable;

  /* Keras' order, and what begins as ones and zeros. */
  lw_sequential_get_variables (sequential, &n);
  lw_sequential_get_trainable_variables (sequential, &n_trainable);
  g_assert_cmpuint (n, ==, 4);
  g_assert_cmpuint (n_trainable, ==, 2);
  for (gsize c = 0; c < CHANNELS; c++)
    {
      g_assert_cmpfloat (value_at (sequential, "batch_normalization/gamma", c), ==, 1);
      g_assert_cmpfloat (value_at (sequential, "batch_normalization/beta", c), ==, 0);
      g_assert_cmpfloat (value_at (sequential, "batch_normalization/moving_mean", c), ==, 0);
      g_assert_cmpfloat (value_at (sequential, "batch_normalization/moving_variance", c), ==, 1);
    }

  fresh = run (sequential, x, FALSE);
  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    assert_near (lw_tensor_get_value (fresh, i), lw_tensor_get_value (x, i) / sqrt (1.01), 1e-6);

  set_values (sequential, "batch_normalization/gamma", 0.5, 2);
  set_values (sequential, "batch_normalization/beta", -1, 1);
  trained = run (sequential, x, TRUE);
  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    {
      gsize  c = i % CHANNELS;
      double normal = (lw_tensor_get_value (x, i) - batch.mean[c]) / sqrt (batch.variance[c] + 0.01);

      assert_near (lw_tensor_get_value (trained, i),
                   normal * value_at (sequential, "batch_normalization/gamma", c)
                     + value_at (sequential, "batch_normalization/beta", c),
                   1e-5);
    }
  for (gsize c = 0; c < CHANNELS; c++)
    {
      assert_near (value_at (sequential, "batch_normalization/moving_mean", c), 0.1 * batch.mean[c], 1e-6);
      assert_near (value_at (sequential, "batch_normalization/moving_variance", c),
                   0.9 + 0.1 * batch.variance[c], 1e-6);
    }

  /* Prediction takes the moving averages, and leaves them. */
  predicted = run (sequential, x, FALSE);
  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    {
      gsize  c = i % CHANNELS;
      double normal = (lw_tensor_get_value (x, i) - 0.1 * batch.mean[c]) / sqrt (0.91 + 0.1 * batch.variance[c]);

      assert_near (lw_tensor_get_value (predicted, i),
                   normal * value_at (sequential, "batch_normalization/gamma", c)
                     + value_at (sequential, "batch_normalization/beta", c),
                   1e-5);
    }
  for (gsize c = 0; c < CHANNELS; c++)
    assert_near (value_at (sequential, "batch_normalization/moving_mean", c), 0.1 * batch.mean[c], 1e-6);
}

/* Without gamma and beta, from other initial values, along another axis. */
static void
test_batch_normalization_arguments (void)
{
  g_autoptr (LwModelSpec)  model
    = make_model (&LW_SHAPE (CHANNELS), "BatchNormalization center=false scale=false "
                                        "moving_mean_initializer='ones' moving_variance_initializer='zeros'");
  g_autoptr (LwSequential) sequential = build (model);
  g_autoptr (LwModelSpec)  rows = make_model (&LW_SHAPE (3, 4, 2), "BatchNormalization axis=1 scale=false");
  g_autoptr (LwSequential) by_row = build (rows);
  g_autoptr (LwTensor)     x = check_random_tensor (LW_FLOAT32, &LW_SHAPE (8, CHANNELS), -1, 1);
  g_autoptr (LwTensor)     z = check_random_tensor (LW_FLOAT32, &LW_SHAPE (2, 3, 4, 2), -1, 1);
  g_autoptr (LwTensor)     y = run (sequential, x, FALSE);
  g_autoptr (LwTensor)     w = run (by_row, z, TRUE);
  guint                    n;

  lw_sequential_get_variables (sequential, &n);
  g_assert_cmpuint (n, ==, 2);
  lw_sequential_get_trainable_variables (sequential, &n);
  g_assert_cmpuint (n, ==, 0);
  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    assert_near (lw_tensor_get_value (y, i), (lw_tensor_get_value (x, i) - 1) / sqrt (1e-3), 1e-5);

  lw_sequential_get_variables (by_row, &n);
  g_assert_cmpuint (n, ==, 3);
  for (gsize row = 0; row < 3; row++)
    {
      double sum = 0;

      for (gsize image = 0; image < 2; image++)
        for (gsize i = 0; i < 8; i++)
          sum += lw_tensor_get_value (w, (image * 3 + row) * 8 + i);
      g_assert_cmpfloat (fabs (sum), <, 1e-4);
    }
}

/* -- initial weights -- */

/* Variance and ends of each distribution, over many draws; bounds are five standard errors. */
static void
test_initializers (void)
{
  static const struct {
    LwInitializer initializer;
    const char   *word;
    double        variance;
    gboolean      uniform;
  } cases[] = {
    { LW_INIT_GLOROT_UNIFORM, "glorot_uniform", 2.0 / 400, TRUE },
    { LW_INIT_GLOROT_NORMAL, "glorot_normal", 2.0 / 400, FALSE },
    { LW_INIT_HE_UNIFORM, "he_uniform", 2.0 / 100, TRUE },
    { LW_INIT_HE_NORMAL, "he_normal", 2.0 / 100, FALSE },
    { LW_INIT_LECUN_UNIFORM, "lecun_uniform", 1.0 / 100, TRUE },
    { LW_INIT_LECUN_NORMAL, "lecun_normal", 1.0 / 100, FALSE },
    { LW_INIT_RANDOM_NORMAL, "random_normal", 0.0025, FALSE },
    { LW_INIT_RANDOM_UNIFORM, "random_uniform", 0.0025 / 3, TRUE },
    { LW_INIT_TRUNCATED_NORMAL, "truncated_normal", 0.0025 * 0.87962566103423978 * 0.87962566103423978, FALSE },
  };
  const gsize n = 100000;

  for (gsize k = 0; k < G_N_ELEMENTS (cases); k++)
    {
      g_autofree char         *text = g_strdup_printf ("Dense units=300 kernel_initializer='%s'", cases[k].word);
      g_autoptr (LwModelSpec)  model = make_model (&LW_SHAPE (100), text);
      const LwWeightInfo      *kernel = &lw_model_spec_get_info (model, 0)->weights[0];
      LwWeightInfo             many = *kernel;
      LwRng                    rng = lw_rng_new (5, LW_STREAM_WEIGHTS + k);
      g_autoptr (LwTensor)     x = NULL;
      double                   sum = 0, squares = 0, largest = 0;

      g_assert_cmpint (kernel->initializer, ==, cases[k].initializer);
      many.shape = LW_SHAPE ((gint64) n);
      x = lw_weight_info_draw (&many, &rng, NULL);
      for (gsize i = 0; i < n; i++)
        {
          double value = lw_tensor_get_value (x, i);

          sum += value;
          squares += value * value;
          largest = MAX (largest, fabs (value));
        }
      g_assert_cmpfloat (fabs (sum / (double) n), <, 5 * sqrt (cases[k].variance / (double) n));
      g_assert_cmpfloat (fabs (squares / (double) n / cases[k].variance - 1), <, 5 * sqrt (2.0 / (double) n));
      if (cases[k].uniform)
        g_assert_cmpfloat (largest, <=, sqrt (3 * cases[k].variance) * (1 + 1e-6));
      else if (cases[k].initializer != LW_INIT_RANDOM_NORMAL)
        g_assert_cmpfloat (largest, <=, 2 * sqrt (cases[k].variance) / 0.87962566103423978 * (1 + 1e-6));
      else
        g_assert_cmpfloat (largest, >, 0.15);
    }
}

/* -- any size -- */

static void
test_any_size (void)
{
  static const char *const models[] = {
    "Conv2D filters=16; Conv2D filters=16; GlobalAveragePooling2D; Dense",
    "Rescaling; Conv2D filters=8 padding='same' use_bias=false dilation_rate=(2,2); BatchNormalization; ReLU; "
    "MaxPooling2D; Conv2D filters=12 padding='same' strides=(2,2) activation='gelu'; GlobalMaxPooling2D; Dense",
  };
  static const LwShape sizes[]
    = { { 4, { 3, 28, 28, 1 } }, { 4, { 2, 32, 48, 1 } }, { 4, { 1, 100, 7, 1 } }, { 4, { 2, 28, 28, 1 } } };

  for (gsize k = 0; k < G_N_ELEMENTS (models); k++)
    {
      g_autoptr (LwModelSpec)  model = make_model (&LW_SHAPE (LW_DIM_ANY, LW_DIM_ANY, 1), models[k]);
      g_autoptr (LwSequential) sequential = build (model);

      g_assert_null (lw_model_spec_get_fault (model));
      for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
        {
          g_autoptr (LwTensor) x = check_random_tensor (LW_FLOAT32, &sizes[i], 0, 1);
          g_autoptr (LwTensor) trained = run (sequential, x, TRUE);
          g_autoptr (LwTensor) y = run (sequential, x, FALSE);

          g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), &LW_SHAPE (sizes[i].dims[0], 10)));
          g_assert_true (lw_shape_equal (lw_tensor_get_shape (trained), lw_tensor_get_shape (y)));
          for (gsize c = 0; c < lw_tensor_get_count (y); c++)
            g_assert_true (isfinite (lw_tensor_get_value (y, c)));
        }
    }
}

/* Flatten and Dense over open sizes cannot be built: the fault says so, and its fix mends it. */
static void
test_flatten_of_any_size (void)
{
  g_autoptr (LwModelSpec) model = make_model (&LW_SHAPE (LW_DIM_ANY, LW_DIM_ANY, 1), "Conv2D; Flatten; Dense");
  g_autoptr (LwModelSpec) fixed = NULL;
  g_autoptr (GError)      error = NULL;
  const LwFault          *fault = lw_model_spec_get_fault (model);

  g_assert_nonnull (fault);
  g_assert_cmpint (fault->layer, ==, 2);
  g_assert_nonnull (strstr (fault->message, "set the input to 28×28"));
  g_assert_null (lw_sequential_new (model, 1, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  fixed = lw_model_spec_with_fix (model, fault, LW_FIX_SET_INPUT_SIZE);
  g_assert_null (lw_model_spec_get_fault (fixed));
  g_assert_true (lw_shape_equal (lw_model_spec_get_input (fixed), &LW_SHAPE (28, 28, 1)));
}

static void
test_names (void)
{
  static const char *const names[] = {
    "conv2d",         "batch_normalization",   "re_lu",       "conv2d_1", "batch_normalization_1",
    "re_lu_1",        "max_pooling2d",         "rescaling",   "reshape",  "average_pooling2d",
    "global_max_pooling2d", "dropout",         "flatten",     "dense",    "activation",
    "softmax",
  };
  g_autoptr (LwModelSpec) model
    = make_model (&LW_SHAPE (28, 28, 1),
                  "Conv2D; BatchNormalization; ReLU; Conv2D; BatchNormalization; ReLU; MaxPooling2D; "
                  "Rescaling; Reshape target_shape=[24,-1,16]; AveragePooling2D; GlobalMaxPooling2D; "
                  "Dropout; Flatten; Dense; Activation; Softmax");

  g_assert_cmpuint (lw_model_spec_get_n_layers (model), ==, G_N_ELEMENTS (names));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpstr (lw_spec_get_name (lw_model_spec_get_layer (model, i)), ==, names[i]);
}

/* -- training -- */

#define BATCH_MODEL \
  "Conv2D filters=6 use_bias=false kernel_initializer='he_normal'; BatchNormalization momentum=0.8; " \
  "ReLU max_value=4.0; MaxPooling2D; Flatten; Dense units=16 kernel_regularizer=0.01; " \
  "BatchNormalization scale=false; Activation activation='silu'; Dropout; Dense kernel_regularizer=0.001"

/* The penalty is l2 · sum (w²) over the kernels that have one, and its gradient 2 · l2 · w. */
static void
test_penalty (void)
{
  g_autoptr (LwModelSpec)  model = make_model (&LW_SHAPE (4, 4, 1), "Conv2D filters=3 kernel_regularizer=0.5; Flatten; "
                                                                    "Dense kernel_regularizer=0.01; Dense");
  g_autoptr (LwSequential) sequential = build (model);
  g_autoptr (LwModelSpec)  plain = make_model (&LW_SHAPE (4, 4, 1), "Flatten; Dense");
  g_autoptr (LwSequential) without = build (plain);
  g_autoptr (GError)       error = NULL;
  LwScope                 *s = lw_scope_begin (check_device ());
  LwTape                  *tape = lw_tape_begin (s, FALSE);
  LwTensor                *penalty = lw_sequential_get_penalty (sequential, s);
  LwVariable              *variables[] = { find_variable (sequential, "conv2d/kernel"),
                                           find_variable (sequential, "conv2d/bias"),
                                           find_variable (sequential, "dense/kernel"),
                                           find_variable (sequential, "dense_1/kernel") };
  LwTensor                *grads[4];
  double                   want = 0;

  g_assert_null (lw_sequential_get_penalty (without, s));
  g_assert_true (lw_tape_gradient_of_variables (tape, s, penalty, 4, variables, grads, &error));
  g_assert_no_error (error);
  g_assert_null (grads[1]);
  g_assert_null (grads[3]);
  for (int k = 0; k < 3; k += 2)
    {
      const double l2 = k == 0 ? 0.5 : 0.01;
      LwTensor    *w = lw_variable_get_value (variables[k]);

      for (gsize i = 0; i < lw_tensor_get_count (w); i++)
        {
          want += l2 * pow (lw_tensor_get_value (w, i), 2);
          assert_near (lw_tensor_get_value (grads[k], i), 2 * l2 * lw_tensor_get_value (w, i), 1e-6);
        }
    }
  assert_near (lw_tensor_get_value (penalty, 0), want, 1e-5);
  lw_tape_free (tape);
  g_assert_true (lw_scope_end (s, NULL));
}

/* What training and evaluation report has the penalty in it, as in Keras. */
static void
test_penalty_is_reported (void)
{
  g_autoptr (LwImages)    images = test_images_new (64, 32);
  g_autoptr (LwModelSpec) plain = make_model (&LW_SHAPE (28, 28, 1), "Flatten; Dense");
  g_autoptr (LwModelSpec) model = make_model (&LW_SHAPE (28, 28, 1), "Flatten; Dense kernel_regularizer=0.1");
  LwRunSettings           settings = LW_RUN_SETTINGS_STANDARD;
  g_autoptr (LwTraining)  a = test_training_new (plain, &settings, images, 1);
  g_autoptr (LwTraining)  b = test_training_new (model, &settings, images, 1);
  g_autoptr (LwState)     state = lw_training_get_state (b);
  LwEvaluation            of_a, of_b;
  LwHistoryPoint          step_a, step_b;
  double                  penalty = 0;
  g_autoptr (GError)      error = NULL;

  for (gsize i = 0; i < lw_tensor_get_count (state->weights[0]); i++)
    penalty += 0.1 * pow (lw_tensor_get_value (state->weights[0], i), 2);
  g_assert_cmpfloat (penalty, >, 0.5);

  g_assert_true (lw_training_validate (a, 0, NULL, &of_a, &error));
  g_assert_true (lw_training_validate (b, 0, NULL, &of_b, &error));
  assert_near (of_b.loss, of_a.loss + penalty, 1e-5);
  g_assert_true (lw_training_step (a, &step_a, &error));
  g_assert_true (lw_training_step (b, &step_b, &error));
  assert_near (step_b.loss, step_a.loss + penalty, 1e-5);
  /* The first step is the same but for the penalty's pull. */
  g_assert_cmpfloat (step_a.accuracy, ==, step_b.accuracy);
}

static LwRunSettings
batch_settings (void)
{
  LwRunSettings settings = LW_RUN_SETTINGS_STANDARD;

  settings.batch_size = 16;
  settings.shuffle = 50;
  settings.seed = 9;
  return settings;
}

/* Moving averages are part of a state: from any of them the run goes on bit for bit, on any number of
 * threads; a state that is held stays what it was. */
static void
test_resume (void)
{
  g_autoptr (LwImages)    images = test_images_new (100, 32);
  g_autoptr (LwModelSpec) model = make_model (&LW_SHAPE (28, 28, 1), BATCH_MODEL);
  LwRunSettings           settings = batch_settings ();
  g_autoptr (LwTraining)  training = test_training_new (model, &settings, images, 2);
  static const guint      stops[] = { 0, 1, 5, 7, 13, 14 };
  LwState                *states[G_N_ELEMENTS (stops)];
  g_autoptr (LwState)     whole = NULL;

  g_assert_null (lw_model_spec_get_fault (model));
  for (gsize k = 0; k < G_N_ELEMENTS (stops); k++)
    {
      test_take_steps (training, stops[k] - (guint) lw_training_get_step (training));
      states[k] = lw_training_get_state (training);
    }
  whole = lw_training_get_state (training);
  g_assert_true (test_state_is_finite (whole));
  /* kernel; gamma, beta, mean, variance; kernel, bias; beta, mean, variance; kernel, bias. Adam has two
   * slots for each of the eight that are trainable. */
  g_assert_cmpuint (whole->n_weights, ==, 12);
  g_assert_cmpuint (whole->n_slots, ==, 16);
  for (guint i = 0; i < whole->n_weights; i++)
    g_assert_false (lw_tensor_equal (whole->weights[i], states[0]->weights[i]));

  for (gsize k = 0; k < G_N_ELEMENTS (stops); k++)
    {
      g_autoptr (LwDevice)   device = lw_device_new (1 + (int) k % 3, 0, NULL);
      g_autoptr (GError)     error = NULL;
      g_autoptr (LwTraining) resumed = lw_training_new_from_state (device, states[k], images, &error);
      g_autoptr (LwState)    begun = NULL, ended = NULL;

      g_assert_no_error (error);
      begun = lw_training_get_state (resumed);
      g_assert_true (lw_state_equal (begun, states[k]));
      test_take_steps (resumed, 14 - stops[k]);
      ended = lw_training_get_state (resumed);
      g_assert_true (lw_state_equal (ended, whole));
      g_assert_true (lw_state_equal (begun, states[k]));
    }
  for (gsize k = 0; k < G_N_ELEMENTS (stops); k++)
    lw_state_unref (states[k]);
}

/* Validation and prediction neither look at the batch nor move the averages, and the model learns. */
static void
test_batch_model_learns (void)
{
  g_autoptr (LwImages)    images = test_images_new (300, 100);
  g_autoptr (LwModelSpec) model = make_model (&LW_SHAPE (28, 28, 1), BATCH_MODEL);
  LwRunSettings           settings = batch_settings ();
  g_autoptr (LwTraining)  training = test_training_new (model, &settings, images, 2);
  g_autoptr (LwState)     before = NULL, after = NULL;
  g_autoptr (LwTensor)    x = test_images_to_input (images->test_images, 0, 10);
  g_autoptr (LwTensor)    one = test_images_to_input (images->test_images, 4, 1);
  g_autoptr (LwTensor)    all = NULL, alone = NULL;
  g_autoptr (LwDevice)    device = lw_device_new (1, 0, NULL);
  g_autoptr (GError)      error = NULL;
  LwEvaluation            result;

  test_take_steps (training, 60);
  before = lw_training_get_state (training);
  g_assert_true (lw_training_validate (training, 0, NULL, &result, &error));
  after = lw_training_get_state (training);
  g_assert_true (lw_state_equal (before, after));
  g_assert_cmpfloat (result.accuracy, >, 0.9);

  all = lw_state_predict (before, device, x, &error);
  alone = lw_state_predict (before, device, one, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < 10; i++)
    assert_near (lw_tensor_get_value (alone, i), lw_tensor_get_value (all, 40 + i), 1e-5);
}

int
main (int argc, char *argv[])
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/layers/activations", test_activations);
  g_test_add_func ("/layers/relu", test_relu);
  g_test_add_func ("/layers/rescaling", test_rescaling);
  g_test_add_func ("/layers/softmax", test_softmax);
  g_test_add_func ("/layers/reshape", test_reshape);
  g_test_add_func ("/layers/global-pooling", test_global_pooling);
  g_test_add_func ("/layers/batch-normalization", test_batch_normalization);
  g_test_add_func ("/layers/batch-normalization-arguments", test_batch_normalization_arguments);
  g_test_add_func ("/layers/initializers", test_initializers);
  g_test_add_func ("/layers/any-size", test_any_size);
  g_test_add_func ("/layers/flatten-of-any-size", test_flatten_of_any_size);
  g_test_add_func ("/layers/names", test_names);
  g_test_add_func ("/layers/penalty", test_penalty);
  g_test_add_func ("/layers/penalty-is-reported", test_penalty_is_reported);
  g_test_add_func ("/layers/resume", test_resume);
  g_test_add_func ("/layers/batch-model-learns", test_batch_model_learns);
  result = g_test_run ();
  check_device_free ();
  return result;
}
