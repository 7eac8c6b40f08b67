#include "gradient-check.h"

#include "engine/nn/initializer.h"
#include "engine/nn/loss.h"
#include "engine/nn/metrics.h"
#include "engine/nn/optimizer.h"
#include "engine/nn/sequential.h"

#include <math.h>
#include <string.h>

/* Built models: initial weights, variables, calls in training and out of it; losses and metrics. The
 * optimizers are in test-optimizer.c. */

/* -- initial weights -- */

#define N_DRAWS 200000

static LwTensor *
draw (LwInitializer initializer, gint64 fan_in, gint64 fan_out, LwRng *rng)
{
  const LwWeightInfo info = {
    .name = "kernel", .shape = LW_SHAPE (N_DRAWS), .initializer = initializer, .fan_in = fan_in, .fan_out = fan_out
  };
  GError   *error = NULL;
  LwTensor *weight = lw_weight_info_draw (&info, rng, &error);

  g_assert_no_error (error);
  g_assert_cmpint (lw_tensor_get_dtype (weight), ==, LW_FLOAT32);
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (weight), &info.shape));
  return weight;
}

typedef struct {
  double mean, variance, least, greatest;
} Moments;

static Moments
moments_of (LwTensor *x)
{
  gsize   n = lw_tensor_get_count (x);
  Moments moments = { 0, 0, INFINITY, -INFINITY };

  for (gsize i = 0; i < n; i++)
    {
      double value = lw_tensor_get_value (x, i);

      moments.mean += value / (double) n;
      moments.variance += value * value / (double) n;
      moments.least = MIN (moments.least, value);
      moments.greatest = MAX (moments.greatest, value);
    }
  moments.variance -= moments.mean * moments.mean;
  return moments;
}

/* U(-l, l): mean 0, variance l²/3, and draws right up to both ends. Bounds are five standard errors. */
static void
test_glorot (void)
{
  static const gint64 fans[][2] = { { 9, 288 }, { 784, 64 }, { 1, 1 } };

  for (gsize i = 0; i < G_N_ELEMENTS (fans); i++)
    {
      LwRng                rng = lw_rng_new (7, LW_STREAM_WEIGHTS);
      g_autoptr (LwTensor) x = draw (LW_INIT_GLOROT_UNIFORM, fans[i][0], fans[i][1], &rng);
      double               limit = sqrt (6.0 / (double) (fans[i][0] + fans[i][1]));
      double               variance = limit * limit / 3;
      Moments              moments = moments_of (x);

      g_assert_cmpfloat (moments.least, >=, -limit * (1 + 1e-6));
      g_assert_cmpfloat (moments.greatest, <=, limit * (1 + 1e-6));
      g_assert_cmpfloat (moments.least, <, -limit * 0.9998);
      g_assert_cmpfloat (moments.greatest, >, limit * 0.9998);
      g_assert_cmpfloat (fabs (moments.mean), <, 5 * sqrt (variance / N_DRAWS));
      /* The fourth moment of a uniform distribution is 9/5 of its squared variance. */
      g_assert_cmpfloat (fabs (moments.variance / variance - 1), <, 5 * sqrt (0.8 / N_DRAWS));
      g_assert_cmpuint (rng.counter, ==, N_DRAWS);
    }
}

/* A normal cut at two deviations, widened so that what is left has variance 2 / fan_in. */
static void
test_he_normal (void)
{
  static const gint64 fans[] = { 9, 784 };

  for (gsize i = 0; i < G_N_ELEMENTS (fans); i++)
    {
      LwRng                rng = lw_rng_new (8, LW_STREAM_WEIGHTS + 1);
      g_autoptr (LwTensor) x = draw (LW_INIT_HE_NORMAL, fans[i], 10, &rng);
      double               variance = 2.0 / (double) fans[i];
      double               cut = 2 * sqrt (variance) / 0.87962566103423978;
      Moments              moments = moments_of (x);
      gsize                n_inner = 0;

      g_assert_cmpfloat (moments.least, >=, -cut * (1 + 1e-6));
      g_assert_cmpfloat (moments.greatest, <=, cut * (1 + 1e-6));
      g_assert_cmpfloat (moments.greatest, >, cut * 0.99);
      g_assert_cmpfloat (fabs (moments.mean), <, 5 * sqrt (variance / N_DRAWS));
      g_assert_cmpfloat (fabs (moments.variance / variance - 1), <, 5 * sqrt (2.0 / N_DRAWS));

      /* Within one deviation: 0.682689 of a normal, of which the cut leaves 0.954500. */
      for (gsize k = 0; k < N_DRAWS; k++)
        n_inner += fabs (lw_tensor_get_value (x, k)) < cut / 2;
      g_assert_cmpfloat (fabs ((double) n_inner / N_DRAWS - 0.682689 / 0.954500), <, 5 * sqrt (0.2 / N_DRAWS));
    }
}

static void
test_constants (void)
{
  LwRng                rng = lw_rng_new (1, LW_STREAM_WEIGHTS);
  g_autoptr (LwTensor) zeros = draw (LW_INIT_ZEROS, 3, 4, &rng);
  g_autoptr (LwTensor) ones = draw (LW_INIT_ONES, 3, 4, &rng);
  Moments              of_zeros = moments_of (zeros), of_ones = moments_of (ones);

  g_assert_cmpfloat (of_zeros.least, ==, 0);
  g_assert_cmpfloat (of_zeros.greatest, ==, 0);
  g_assert_cmpfloat (of_ones.least, ==, 1);
  g_assert_cmpfloat (of_ones.greatest, ==, 1);
  g_assert_cmpuint (rng.counter, ==, 0);
}

static void
test_draws_by_seed (void)
{
  LwRng                rngs[] = { { 3, 5, 0 }, { 3, 5, 0 }, { 4, 5, 0 }, { 3, 6, 0 } };
  g_autoptr (LwTensor) x = draw (LW_INIT_GLOROT_UNIFORM, 10, 10, &rngs[0]);
  g_autoptr (LwTensor) again = draw (LW_INIT_GLOROT_UNIFORM, 10, 10, &rngs[1]);
  g_autoptr (LwTensor) other_seed = draw (LW_INIT_GLOROT_UNIFORM, 10, 10, &rngs[2]);
  g_autoptr (LwTensor) other_stream = draw (LW_INIT_GLOROT_UNIFORM, 10, 10, &rngs[3]);
  g_autoptr (LwTensor) next = draw (LW_INIT_GLOROT_UNIFORM, 10, 10, &rngs[0]);

  g_assert_true (lw_tensor_equal (x, again));
  g_assert_false (lw_tensor_equal (x, other_seed));
  g_assert_false (lw_tensor_equal (x, other_stream));
  g_assert_false (lw_tensor_equal (x, next));
}

/* -- building -- */

static LwSequential *
build (LwModelSpec *model, guint64 seed)
{
  GError       *error = NULL;
  LwSequential *sequential = lw_sequential_new (model, seed, &error);

  g_assert_no_error (error);
  g_assert_nonnull (sequential);
  g_assert_true (lw_sequential_get_model (sequential) == model);
  return sequential;
}

static LwTensor *
value_of (LwSequential *sequential, guint i)
{
  guint              n;
  LwVariable *const *variables = lw_sequential_get_variables (sequential, &n);

  g_assert_cmpuint (i, <, n);
  return lw_variable_get_value (variables[i]);
}

static guint
n_variables (LwSequential *sequential)
{
  guint n;

  lw_sequential_get_variables (sequential, &n);
  return n;
}

/* Another width of one layer, another seed: whose weights change. */
static void
test_weights_by_layer (void)
{
  g_autoptr (LwModelSpec)  model = lw_model_spec_new_preset ("tiny-cnn");
  const LwSpec            *dense = lw_model_spec_get_layer (model, 0);
  g_autoptr (LwSpec)       wider = lw_spec_with_value (dense, "filters", (LwFieldValue) { .i = 24 }, NULL);
  g_autoptr (LwModelSpec)  changed = lw_model_spec_with_replaced (model, 0, wider);
  g_autoptr (LwSequential) a = build (model, 11);
  g_autoptr (LwSequential) same = build (model, 11);
  g_autoptr (LwSequential) other = build (model, 12);
  g_autoptr (LwSequential) wide = build (changed, 11);

  for (guint i = 0; i < n_variables (a); i++)
    {
      gboolean is_bias = i % 2 == 1;

      g_assert_true (lw_tensor_equal (value_of (a, i), value_of (same, i)));
      g_assert_true (lw_tensor_equal (value_of (a, i), value_of (other, i)) == is_bias);
    }
  /* The first convolution has another width, the second other inputs; Dense is as it was. */
  g_assert_cmpint (lw_tensor_get_dim (value_of (wide, 0), 3), ==, 24);
  g_assert_cmpint (lw_tensor_get_dim (value_of (wide, 2), 2), ==, 24);
  g_assert_true (lw_tensor_equal (value_of (a, 4), value_of (wide, 4)));
  g_assert_true (lw_tensor_equal (value_of (a, 5), value_of (wide, 5)));
}

typedef struct {
  const char *preset;
  const char *variables; /* "name shape", in order */
  gboolean    any_size;
} BuildCase;

static const BuildCase build_cases[] = {
  { "tiny-cnn",
    "conv2d/kernel 3×3×1×16; conv2d/bias 16; conv2d_1/kernel 3×3×16×16; conv2d_1/bias 16; "
    "dense/kernel 16×10; dense/bias 10; ", TRUE },
  { "mlp", "dense/kernel 784×64; dense/bias 64; dense_1/kernel 64×10; dense_1/bias 10; ", FALSE },
  { "convnet",
    "conv2d/kernel 3×3×1×32; conv2d/bias 32; conv2d_1/kernel 3×3×32×64; conv2d_1/bias 64; "
    "dense/kernel 1600×10; dense/bias 10; ", FALSE },
  { "logistic", "dense/kernel 784×10; dense/bias 10; ", FALSE },
  { "lenet5",
    "conv2d/kernel 5×5×1×6; conv2d/bias 6; conv2d_1/kernel 5×5×6×16; conv2d_1/bias 16; "
    "dense/kernel 400×120; dense/bias 120; dense_1/kernel 120×84; dense_1/bias 84; "
    "dense_2/kernel 84×10; dense_2/bias 10; ", FALSE },
};

static void
assert_output (LwSequential *sequential, gint64 n, gint64 height, gint64 width)
{
  g_autoptr (LwTensor) x = check_random_tensor (LW_FLOAT32, &LW_SHAPE (n, height, width, 1), 0, 1);
  GError              *error = NULL;

  for (int training = 0; training < 2; training++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTensor *y = lw_sequential_call (sequential, s, x, training);

      lw_assert_shape (s, y, &LW_SHAPE (n, 10));
      for (gsize i = 0; i < lw_tensor_get_count (y); i++)
        g_assert_true (isfinite (lw_tensor_get_value (y, i)));
      lw_scope_end (s, &error);
      g_assert_no_error (error);
    }
}

static void
test_presets (void)
{
  g_assert_cmpuint (g_strv_length ((char **) lw_model_spec_get_presets ()), ==, G_N_ELEMENTS (build_cases));
  for (gsize i = 0; i < G_N_ELEMENTS (build_cases); i++)
    {
      g_autoptr (LwModelSpec)  model = lw_model_spec_new_preset (build_cases[i].preset);
      g_autoptr (LwSequential) sequential = build (model, 1);
      g_autoptr (GString)      found = g_string_new (NULL);
      guint                    n, n_trainable, n_rngs;
      LwVariable *const       *variables = lw_sequential_get_variables (sequential, &n);
      LwVariable *const       *trainable = lw_sequential_get_trainable_variables (sequential, &n_trainable);
      LwRng                   *rngs = lw_sequential_get_rngs (sequential, &n_rngs);

      g_assert_cmpuint (n, ==, n_trainable);
      for (guint v = 0; v < n; v++)
        {
          g_autofree char *shape = lw_shape_to_string (lw_tensor_get_shape (lw_variable_get_value (variables[v])));

          g_string_append_printf (found, "%s %s; ", lw_variable_get_name (variables[v]), shape);
          g_assert_true (variables[v] == trainable[v]);
        }
      g_assert_cmpstr (found->str, ==, build_cases[i].variables);

      g_assert_cmpuint (n_rngs, ==, lw_model_spec_get_n_layers (model));
      for (guint layer = 0; layer < n_rngs; layer++)
        {
          g_assert_cmpuint (rngs[layer].seed, ==, 1);
          g_assert_cmpuint (rngs[layer].stream, ==, LW_STREAM_DROPOUT + layer);
          g_assert_cmpuint (rngs[layer].counter, ==, 0);
        }

      assert_output (sequential, 3, 28, 28);
      assert_output (sequential, 1, 28, 28);
      if (build_cases[i].any_size)
        assert_output (sequential, 2, 32, 48);
    }
}

/* Images of a size that the model does not take fail the scope with a sentence. */
static void
test_wrong_image (void)
{
  g_autoptr (LwModelSpec)  model = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwSequential) sequential = build (model, 1);
  g_autoptr (LwTensor)     x = check_random_tensor (LW_FLOAT32, &LW_SHAPE (2, 20, 28, 1), 0, 1);
  g_autoptr (GError)       error = NULL;

  for (int training = 0; training < 2; training++)
    {
      LwScope *s = lw_scope_begin (check_device ());

      lw_sequential_call (sequential, s, x, training);
      g_assert_false (lw_scope_end (s, &error));
      g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
      g_assert_nonnull (strstr (error->message, "560"));
      g_clear_error (&error);
    }
}

static void
test_faulty (void)
{
  g_autoptr (LwModelSpec)  open = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwModelSpec)  model = lw_model_spec_with_input (open, &LW_SHAPE (4, 4, 1));
  g_autoptr (LwSequential) sequential = NULL;
  g_autoptr (GError)       error = NULL;
  const LwFault           *fault = lw_model_spec_get_fault (model);

  g_assert_nonnull (fault);
  sequential = lw_sequential_new (model, 1, &error);
  g_assert_null (sequential);
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_cmpstr (error->message, ==, fault->message);
}

/* -- calls -- */

static LwTensor *
call (LwSequential *sequential, LwTensor *x, gboolean training)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *y = lw_tensor_ref (lw_sequential_call (sequential, s, x, training));
  GError   *error = NULL;

  lw_scope_end (s, &error);
  g_assert_no_error (error);
  return y;
}

/* Only Dropout's generator moves, and only in training. */
static void
test_training_and_inference (void)
{
  g_autoptr (LwModelSpec)  model = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwSequential) sequential = build (model, 5);
  g_autoptr (LwTensor)     x = check_random_tensor (LW_FLOAT32, &LW_SHAPE (4, 28, 28, 1), 0, 1);
  guint                    n;
  LwRng                   *rngs = lw_sequential_get_rngs (sequential, &n);
  g_autofree LwRng        *before = g_memdup2 (rngs, n * sizeof *rngs);
  g_autoptr (LwTensor)     plain = call (sequential, x, FALSE);
  g_autoptr (LwTensor)     plain_again = call (sequential, x, FALSE);
  g_autoptr (LwTensor)     first = NULL, second = NULL, replayed = NULL, plain_later = NULL;

  g_assert_true (lw_tensor_equal (plain, plain_again));
  g_assert_cmpint (memcmp (before, rngs, n * sizeof *rngs), ==, 0);

  first = call (sequential, x, TRUE);
  for (guint i = 0; i < n; i++)
    {
      const LwSpec *layer = lw_model_spec_get_layer (model, i);

      g_assert_cmpuint (rngs[i].stream, ==, before[i].stream);
      if (lw_spec_is_a (layer, "Dropout"))
        g_assert_cmpuint (rngs[i].counter, >=, before[i].counter + 4 * 1600 / 4);
      else
        g_assert_cmpuint (rngs[i].counter, ==, before[i].counter);
    }
  second = call (sequential, x, TRUE);
  g_assert_false (lw_tensor_equal (first, plain));
  g_assert_false (lw_tensor_equal (first, second));

  memcpy (rngs, before, n * sizeof *rngs);
  replayed = call (sequential, x, TRUE);
  plain_later = call (sequential, x, FALSE);
  g_assert_true (lw_tensor_equal (replayed, first));
  g_assert_true (lw_tensor_equal (plain_later, plain));
}

static void
test_new_with (void)
{
  g_autoptr (LwModelSpec)  model = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwSequential) sequential = build (model, 21);
  g_autoptr (LwSequential) copy = NULL, other = NULL;
  g_autoptr (GError)       error = NULL;
  g_autoptr (LwTensor)     x = check_random_tensor (LW_FLOAT32, &LW_SHAPE (2, 28, 28, 1), 0, 1);
  g_autoptr (LwTensor)     a = NULL, b = NULL;
  g_autoptr (LwTensor)     integers = lw_tensor_new_zeros (NULL, LW_FLOAT64, &LW_SHAPE (10), NULL);
  guint                    n = n_variables (sequential), n_rngs;
  LwTensor                *weights[16];

  g_assert_cmpuint (n, ==, 6);
  for (guint i = 0; i < n; i++)
    weights[i] = value_of (sequential, i);
  lw_sequential_get_rngs (sequential, &n_rngs)[5].counter = 12;

  copy = lw_sequential_new_with (model, n, weights, lw_sequential_get_rngs (sequential, &n_rngs), &error);
  g_assert_no_error (error);
  for (guint i = 0; i < n; i++)
    g_assert_true (value_of (copy, i) == weights[i]);
  a = call (sequential, x, TRUE);
  b = call (copy, x, TRUE);
  g_assert_true (lw_tensor_equal (a, b));
  g_assert_cmpint (memcmp (lw_sequential_get_rngs (sequential, &n_rngs), lw_sequential_get_rngs (copy, &n_rngs),
                           n_rngs * sizeof (LwRng)), ==, 0);

  other = lw_sequential_new_with (model, n - 1, weights, NULL, &error);
  g_assert_null (other);
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "dense/bias"));
  g_clear_error (&error);

  weights[n] = weights[n - 1];
  other = lw_sequential_new_with (model, n + 1, weights, NULL, &error);
  g_assert_null (other);
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_clear_error (&error);

  weights[0] = weights[2];
  other = lw_sequential_new_with (model, n, weights, NULL, &error);
  g_assert_null (other);
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_cmpstr (error->message, ==, "The weight conv2d/kernel should be 3×3×1×32, but is 3×3×32×64");
  g_clear_error (&error);

  weights[0] = value_of (sequential, 0);
  weights[n - 1] = integers;
  other = lw_sequential_new_with (model, n, weights, NULL, &error);
  g_assert_null (other);
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
}

/* -- loss and metrics -- */

static void
test_loss (void)
{
  static const float   rows[] = { 0, 0, 0, 1, 2, 3 };
  static const gint32  classes[] = { 1, 0 };
  g_autoptr (LwSpec)   logits_loss = lw_spec_new (lw_loss_class_find ("SparseCategoricalCrossentropy"), NULL);
  g_autoptr (LwSpec)   loss = lw_spec_with_value (logits_loss, "from_logits", (LwFieldValue) { .b = TRUE }, NULL);
  g_autoptr (LwSpec)   plain_loss = lw_spec_with_value (loss, "from_logits", (LwFieldValue) { .b = FALSE }, NULL);
  LwScope             *s = lw_scope_begin (check_device ());
  LwTensor            *y_pred = lw_constant (s, LW_FLOAT32, &LW_SHAPE (2, 3), rows);
  LwTensor            *y_true = lw_constant (s, LW_INT32, &LW_SHAPE (2), classes);
  LwTensor            *from_logits = lw_loss_call (s, loss, y_true, y_pred);
  LwTensor            *from_rows = lw_loss_call (s, plain_loss, y_true, lw_softmax (s, y_pred));
  double               second = log (exp (1) + exp (2) + exp (3)) - 1;
  GError              *error = NULL;

  g_assert_cmpint (lw_tensor_get_rank (from_logits), ==, 0);
  g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (from_logits, 0), (log (3) + second) / 2, 1e-6);
  g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (from_rows, 0), (log (3) + second) / 2, 1e-6);
  lw_scope_end (s, &error);
  g_assert_no_error (error);
}

static void
test_mean (void)
{
  LwMean mean = { 0, 0 };

  g_assert_cmpfloat (lw_mean_result (&mean), ==, 0);
  lw_mean_update_state (&mean, 2, 1);
  lw_mean_update_state (&mean, 4, 1);
  g_assert_cmpfloat (lw_mean_result (&mean), ==, 3);
  lw_mean_update_state (&mean, 0.5, 6);
  g_assert_cmpfloat (lw_mean_result (&mean), ==, 9.0 / 8);
  lw_mean_reset_state (&mean);
  g_assert_cmpfloat (lw_mean_result (&mean), ==, 0);
  lw_mean_update_state (&mean, NAN, 1);
  g_assert_true (isnan (lw_mean_result (&mean)));
}

static void
test_accuracy (void)
{
  /* The second row's greatest entry comes twice: the first one counts. */
  static const float  rows[] = { 0.1f, 0.7f, 0.2f, 5, -1, 5, -3, -2, -1, 0, 0, 0 };
  static const gint64 right[] = { 1, 0, 2, 0 };
  static const gint64 half[] = { 1, 2, 2, 1 };
  LwScope            *s = lw_scope_begin (check_device ());
  LwTensor           *y_pred = lw_constant (s, LW_FLOAT32, &LW_SHAPE (4, 3), rows);
  LwTensor           *labels = lw_constant (s, LW_INT64, &LW_SHAPE (4), right);
  LwTensor           *other = lw_constant (s, LW_INT64, &LW_SHAPE (4), half);
  LwMean              mean = { 0, 0 };
  g_autoptr (GError)  error = NULL;

  g_assert_cmpint (lw_sparse_categorical_accuracy (s, labels, y_pred, &mean), ==, 4);
  g_assert_cmpfloat (lw_mean_result (&mean), ==, 1);
  g_assert_cmpint (lw_sparse_categorical_accuracy (s, lw_cast (s, other, LW_UINT8), lw_cast (s, y_pred, LW_FLOAT64),
                                                   &mean), ==, 2);
  g_assert_cmpfloat (lw_mean_result (&mean), ==, 0.75);
  g_assert_cmpfloat (mean.count, ==, 8);
  g_assert_cmpint (lw_sparse_categorical_accuracy (s, other, y_pred, NULL), ==, 2);
  g_assert_true (lw_scope_end (s, NULL));

  s = lw_scope_begin (check_device ());
  y_pred = lw_constant (s, LW_FLOAT32, &LW_SHAPE (4, 3), rows);
  labels = lw_constant (s, LW_INT64, &LW_SHAPE (3), right);
  g_assert_cmpint (lw_sparse_categorical_accuracy (s, labels, y_pred, &mean), ==, 0);
  g_assert_cmpfloat (mean.count, ==, 8);
  g_assert_false (lw_scope_end (s, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nn/initializer/glorot-uniform", test_glorot);
  g_test_add_func ("/nn/initializer/he-normal", test_he_normal);
  g_test_add_func ("/nn/initializer/constants", test_constants);
  g_test_add_func ("/nn/initializer/by-seed", test_draws_by_seed);
  g_test_add_func ("/nn/sequential/weights-by-layer", test_weights_by_layer);
  g_test_add_func ("/nn/sequential/presets", test_presets);
  g_test_add_func ("/nn/sequential/wrong-image", test_wrong_image);
  g_test_add_func ("/nn/sequential/faulty", test_faulty);
  g_test_add_func ("/nn/sequential/training-and-inference", test_training_and_inference);
  g_test_add_func ("/nn/sequential/new-with", test_new_with);
  g_test_add_func ("/nn/loss", test_loss);
  g_test_add_func ("/nn/metrics/mean", test_mean);
  g_test_add_func ("/nn/metrics/accuracy", test_accuracy);
  status = g_test_run ();
  check_device_free ();
  return status;
}
