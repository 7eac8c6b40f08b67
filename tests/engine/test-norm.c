#include "engine/kernels/reference.h"
#include "gradient-check.h"
#include "scope-tools.h"

#include <math.h>
#include <string.h>

/* Batch normalisation and pooling over whole images: values, gradients, hostile shapes, the kernels of
 * every instruction set against the reference, and the same bits for any number of threads. */

static void
assert_values (LwTensor *x, double tolerance, const LwShape *shape, ...)
{
  va_list values;

  g_assert_true (lw_shape_equal (lw_tensor_get_shape (x), shape));
  va_start (values, shape);
  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    {
      double want = va_arg (values, double);

      g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (x, i), want, tolerance);
    }
  va_end (values);
}

/* -- batch normalisation -- */

static void
test_training_values (void)
{
  const LwBatchNormalization options = { -1, 0.9, 0, TRUE };
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = test_floats (s, &LW_SHAPE (4, 2), 1., 10., 3., 20., 5., 10., 7., 20.);
  LwTensor *mean = test_floats (s, &LW_SHAPE (2), 1., 2.), *variance = test_floats (s, &LW_SHAPE (2), 3., 4.);
  LwTensor *gamma = test_floats (s, &LW_SHAPE (2), 2., 1.), *beta = test_floats (s, &LW_SHAPE (2), 0.5, -1.);
  LwTensor *new_mean, *new_variance;
  double    d = sqrt (5);

  /* Means 4 and 15, biased variances 5 and 25. */
  assert_values (lw_batch_normalization (s, x, NULL, NULL, mean, variance, &options, &new_mean,
                                         &new_variance),
                 1e-6, &LW_SHAPE (4, 2), -3 / d, -1., -1 / d, 1., 1 / d, -1., 3 / d, 1.);
  assert_values (new_mean, 1e-6, &LW_SHAPE (2), 1.3, 3.3);
  assert_values (new_variance, 1e-6, &LW_SHAPE (2), 3.2, 6.1);
  assert_values (lw_batch_normalization (s, x, gamma, beta, mean, variance, &options, NULL, NULL), 1e-6,
                 &LW_SHAPE (4, 2), -6 / d + 0.5, -2., -2 / d + 0.5, 0., 2 / d + 0.5, -2., 6 / d + 0.5, 0.);
  test_end_well (s);
}

static void
test_inference_values (void)
{
  const LwBatchNormalization options = { -1, 0.9, 1, FALSE };
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = test_floats (s, &LW_SHAPE (2, 2), 1., 10., 3., 20.);
  LwTensor *mean = test_floats (s, &LW_SHAPE (2), 1., 2.), *variance = test_floats (s, &LW_SHAPE (2), 3., 15.);
  LwTensor *gamma = test_floats (s, &LW_SHAPE (2), 2., 1.), *beta = test_floats (s, &LW_SHAPE (2), 0.5, -1.);
  LwTensor *new_mean, *new_variance;

  assert_values (lw_batch_normalization (s, x, gamma, beta, mean, variance, &options, &new_mean,
                                         &new_variance),
                 1e-6, &LW_SHAPE (2, 2), 0.5, 1., 2.5, 3.5);
  g_assert_true (new_mean == mean);
  g_assert_true (new_variance == variance);
  /* No batch, no trouble. */
  x = lw_batch_normalization (s, lw_fill (s, LW_FLOAT32, &LW_SHAPE (0, 7, 2), 0), gamma, beta, mean, variance,
                              &options, NULL, NULL);
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (x), &LW_SHAPE (0, 7, 2)));
  test_end_well (s);
}

/* Values of 10,000 ± 0.05 have a variance that sum (x²) - mean² would lose in float32, and a mean that
 * rounds to a float32 at a distance of two thousandths of the deviation. */
static void
test_far_from_zero (void)
{
  const LwBatchNormalization options = { -1, 0.99, 0, TRUE };
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x32 = check_random_tensor (LW_FLOAT32, &LW_SHAPE (64, 9, 3), 9999.95, 10000.05);
  LwTensor *x64 = check_convert (x32, LW_FLOAT64);
  LwTensor *mean32, *variance32, *mean64, *variance64;
  LwTensor *y32, *y64;

  y32 = lw_batch_normalization (s, x32, NULL, NULL, lw_fill (s, LW_FLOAT32, &LW_SHAPE (3), 0),
                                lw_fill (s, LW_FLOAT32, &LW_SHAPE (3), 1), &options, &mean32, &variance32);
  y64 = lw_batch_normalization (s, x64, NULL, NULL, lw_fill (s, LW_FLOAT64, &LW_SHAPE (3), 0),
                                lw_fill (s, LW_FLOAT64, &LW_SHAPE (3), 1), &options, &mean64, &variance64);
  check_close ("far from zero", y32, y64, 2e-6);
  check_close ("mean", mean32, mean64, 1e-7);
  check_close ("variance", variance32, variance64, 1e-7);
  g_assert_cmpfloat (lw_tensor_get_value (variance64, 0), >, 0.99);
  test_end_well (s);
  lw_tensor_unref (x32);
  lw_tensor_unref (x64);
}

typedef struct {
  LwBatchNormalization options;
  gboolean             has_gamma, has_beta;
  LwTensor            *mean[2], *variance[2]; /* training: in float32 and in float64 */
} Normalization;

static LwTensor *
call_normalization (LwScope *s, LwTensor *const *x, gpointer data)
{
  const Normalization *n = data;
  LwDType              dtype = lw_tensor_get_dtype (x[0]);
  LwTensor            *gamma = n->has_gamma ? x[1] : NULL, *beta = n->has_beta ? x[1 + n->has_gamma] : NULL;
  LwTensor *const     *moments = x + 1 + n->has_gamma + n->has_beta;

  if (n->options.training)
    return lw_batch_normalization (s, x[0], gamma, beta, n->mean[dtype], n->variance[dtype], &n->options, NULL,
                                   NULL);
  return lw_batch_normalization (s, x[0], gamma, beta, moments[0], moments[1], &n->options, NULL, NULL);
}

static void
check_normalization (const LwShape *shape, int axis, gboolean training, gboolean has_gamma, gboolean has_beta)
{
  const LwShape channels = LW_SHAPE (shape->dims[axis < 0 ? axis + shape->rank : axis]);
  Normalization n = { { axis, 0.99, 0.05, training }, has_gamma, has_beta, { NULL, NULL }, { NULL, NULL } };
  LwTensor     *x[LW_MAX_INPUTS];
  guint         n_inputs = 0;

  for (int i = 0; i < 2; i++)
    {
      n.mean[i] = check_random_tensor (i == 0 ? LW_FLOAT32 : LW_FLOAT64, &channels, -1, 1);
      n.variance[i] = check_random_tensor (i == 0 ? LW_FLOAT32 : LW_FLOAT64, &channels, 0.5, 2);
    }
  x[n_inputs++] = check_random_tensor (LW_FLOAT64, shape, -2, 2);
  if (has_gamma)
    x[n_inputs++] = check_random_tensor (LW_FLOAT64, &channels, -2, 2);
  if (has_beta)
    x[n_inputs++] = check_random_tensor (LW_FLOAT64, &channels, -2, 2);
  if (!training)
    {
      x[n_inputs++] = check_random_tensor (LW_FLOAT64, &channels, -1, 1);
      x[n_inputs++] = check_random_tensor (LW_FLOAT64, &channels, 0.5, 2);
    }
  check_gradients (training ? "batch_normalization (training)" : "batch_normalization", call_normalization, &n,
                   n_inputs, x);
  for (int i = 0; i < 2; i++)
    {
      lw_tensor_unref (n.mean[i]);
      lw_tensor_unref (n.variance[i]);
    }
}

static void
test_gradients (void)
{
  const struct {
    LwShape shape;
    int     axis;
  } cases[] = {
    { LW_SHAPE (9, 6), -1 },      { LW_SHAPE (4, 5, 3, 2), -1 },    { LW_SHAPE (2, 3, 4, 17), 3 },
    { LW_SHAPE (70, 1), 1 },      { LW_SHAPE (1, 5), -1 },          { LW_SHAPE (7), 0 },
    { LW_SHAPE (1), 0 },          { LW_SHAPE (2, 1, 3, 1, 33), -1 }, { LW_SHAPE (3, 5, 2), 1 },
    { LW_SHAPE (5, 4, 3), 0 },    { LW_SHAPE (2, 3, 4, 2), -3 },    { LW_SHAPE (6, 2, 1, 1), 1 },
    { LW_SHAPE (2, 13, 13, 9), -1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (int flags = 0; flags < 8; flags++)
      check_normalization (&cases[i].shape, cases[i].axis, flags & 1, (flags & 2) != 0, (flags & 4) != 0);

  /* Nothing to add up: gradients of the vectors are 0, of x empty. */
  check_normalization (&LW_SHAPE (0, 3), -1, FALSE, TRUE, TRUE);
  check_normalization (&LW_SHAPE (4, 0), -1, FALSE, TRUE, TRUE);
  check_normalization (&LW_SHAPE (4, 0), -1, TRUE, TRUE, TRUE);
  check_normalization (&LW_SHAPE (2, 0, 5), -1, FALSE, TRUE, TRUE);
}

/* An outer tape is told that there is no second derivative, rather than given zeros. */
static void
test_second_derivative (void)
{
  const LwBatchNormalization options = { -1, 0.99, 0.001, TRUE };
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = lw_scope_take (s, check_random_tensor (LW_FLOAT64, &LW_SHAPE (4, 3), -1, 1));
  LwTensor *one = lw_fill (s, LW_FLOAT64, &LW_SHAPE (3), 1);
  LwTape   *outer = lw_tape_begin (s, FALSE), *inner = lw_tape_begin (s, FALSE);
  GError   *error = NULL;
  LwTensor *y, *gradient, *second;

  lw_tape_watch (outer, x);
  lw_tape_watch (inner, x);
  y = lw_square (s, lw_batch_normalization (s, x, NULL, NULL, one, one, &options, NULL, NULL));
  g_assert_true (lw_tape_gradient (inner, s, y, 1, &x, &gradient, &error));
  g_assert_no_error (error);
  g_assert_false (lw_tape_gradient (outer, s, gradient, 1, &x, &second, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  lw_tape_free (inner);
  lw_tape_free (outer);
  lw_scope_end (s, NULL);
}

static void
test_bad_normalization (void)
{
  const struct {
    LwShape              x, vector;
    LwDType              dtype, vector_dtype;
    LwBatchNormalization options;
    LwError              code;
    const char          *first, *second;
  } cases[] = {
    { LW_SHAPE (2, 3), LW_SHAPE (4), LW_FLOAT32, LW_FLOAT32, { -1, 0.9, 0.1, TRUE }, LW_ERROR_SHAPE, "2×3",
      "shape 4" },
    { LW_SHAPE (2, 3), LW_SHAPE (3, 1), LW_FLOAT32, LW_FLOAT32, { -1, 0.9, 0.1, FALSE }, LW_ERROR_SHAPE, "2×3",
      "3×1" },
    { LW_SHAPE (2, 3), LW_SCALAR, LW_FLOAT64, LW_FLOAT64, { -1, 0.9, 0.1, FALSE }, LW_ERROR_SHAPE, "2×3",
      "scalar" },
    { LW_SCALAR, LW_SHAPE (1), LW_FLOAT32, LW_FLOAT32, { -1, 0.9, 0.1, TRUE }, LW_ERROR_SHAPE, "scalar", "-1" },
    { LW_SHAPE (2, 3), LW_SHAPE (3), LW_FLOAT32, LW_FLOAT32, { 2, 0.9, 0.1, TRUE }, LW_ERROR_SHAPE, "2×3",
      "axis 2" },
    { LW_SHAPE (2, 3), LW_SHAPE (3), LW_FLOAT32, LW_FLOAT32, { -3, 0.9, 0.1, TRUE }, LW_ERROR_SHAPE, "2×3",
      "axis -3" },
    { LW_SHAPE (2, 3), LW_SHAPE (3), LW_FLOAT32, LW_FLOAT64, { 1, 0.9, 0.1, TRUE }, LW_ERROR_DTYPE, "float32",
      "float64" },
    { LW_SHAPE (2, 3), LW_SHAPE (3), LW_INT32, LW_INT32, { 1, 0.9, 0.1, TRUE }, LW_ERROR_DTYPE, "int32",
      "float64" },
    { LW_SHAPE (0, 3), LW_SHAPE (3), LW_FLOAT32, LW_FLOAT32, { 1, 0.9, 0.1, TRUE }, LW_ERROR_SHAPE, "0×3",
      "at least one" },
    { LW_SHAPE (2, 3), LW_SHAPE (3), LW_FLOAT32, LW_FLOAT32, { 1, 0.9, -0.1, TRUE }, LW_ERROR_VALUE, "-0.1",
      "epsilon" },
    { LW_SHAPE (2, 3), LW_SHAPE (3), LW_FLOAT32, LW_FLOAT32, { 1, (double) NAN, 0.1, TRUE }, LW_ERROR_VALUE,
      "nan", "momentum" },
    { LW_SHAPE (0, G_GINT64_CONSTANT (1) << 32), LW_SHAPE (3), LW_FLOAT32, LW_FLOAT32, { 1, 0.9, 0.1, FALSE },
      LW_ERROR_SHAPE, "0×4294967296", "shape 3" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTensor *x = lw_fill (s, cases[i].dtype, &cases[i].x, 1);
      LwTensor *vector = lw_fill (s, cases[i].vector_dtype, &cases[i].vector, 1);
      LwTensor *mean, *y;

      y = lw_batch_normalization (s, x, vector, NULL, vector, vector, &cases[i].options, &mean, NULL);
      g_assert_true (y == lw_scope_get_invalid (s));
      g_assert_true (mean == lw_scope_get_invalid (s));
      test_end_badly (s, cases[i].code, cases[i].first, cases[i].second, NULL);
    }
}

/* -- pooling over whole images -- */

static void
test_global_max_values (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = test_floats (s, &LW_SHAPE (1, 2, 2, 3), 1., -5., 2., 4., -7., 2., 3., -6., 1., 4., -5., 2.);
  LwTape   *tape = lw_tape_begin (s, FALSE);
  GError   *error = NULL;
  LwTensor *y, *gx;

  lw_tape_watch (tape, x);
  y = lw_global_max_pool2d (s, x, FALSE);
  assert_values (y, 1e-6, &LW_SHAPE (1, 3), 4., -5., 2.);
  g_assert_true (lw_tape_gradient (tape, s, lw_multiply (s, y, test_floats (s, &LW_SHAPE (3), 1., 2., 3.)), 1, &x,
                                   &gx, &error));
  g_assert_no_error (error);
  assert_values (gx, 1e-6, &LW_SHAPE (1, 2, 2, 3), 0., 1., 1., 0.5, 0., 1., 0., 0., 0., 0.5, 1., 1.);
  lw_tape_free (tape);

  y = lw_global_max_pool2d (s, x, TRUE);
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), &LW_SHAPE (1, 1, 1, 3)));
  /* A NaN is not hidden by a number, nor minus infinity taken for nothing. */
  y = lw_global_max_pool2d (s, test_floats (s, &LW_SHAPE (1, 1, 5, 1), 1., (double) NAN, 2., 3., 9.), FALSE);
  g_assert_true (isnan (lw_tensor_get_value (y, 0)));
  y = lw_global_max_pool2d (s, test_floats (s, &LW_SHAPE (1, 1, 2, 1), -HUGE_VAL, -HUGE_VAL), FALSE);
  g_assert_true (lw_tensor_get_value (y, 0) == -HUGE_VAL);
  y = lw_global_max_pool2d (s, lw_fill (s, LW_FLOAT32, &LW_SHAPE (0, 3, 3, 2), 0), FALSE);
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), &LW_SHAPE (0, 2)));
  test_end_well (s);
}

static LwTensor *
call_global_max (LwScope *s, LwTensor *const *x, gpointer data)
{
  return lw_global_max_pool2d (s, x[0], GPOINTER_TO_INT (data));
}

static void
test_global_max_gradients (void)
{
  const LwShape shapes[] = { LW_SHAPE (2, 5, 7, 3), LW_SHAPE (1, 1, 1, 1),  LW_SHAPE (3, 1, 4, 17),
                             LW_SHAPE (2, 6, 1, 8), LW_SHAPE (0, 2, 2, 3),  LW_SHAPE (2, 2, 2, 0),
                             LW_SHAPE (1, 3, 3, 33) };

  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    for (int keepdims = 0; keepdims < 2; keepdims++)
      {
        LwTensor *x = check_random_tensor (LW_FLOAT64, &shapes[i], -2, 2);

        check_gradients ("global_max_pool2d", call_global_max, GINT_TO_POINTER (keepdims), 1, &x);
      }
}

/* Every pooling, on what it cannot take. */
static void
test_bad_pooling (void)
{
  const LwShape shapes[] = { LW_SCALAR, LW_SHAPE (3), LW_SHAPE (2, 3, 4), LW_SHAPE (2, 0, 4, 1),
                             LW_SHAPE (2, 4, 0, 1), LW_SHAPE (1, 2, 3, 4, 5), LW_SHAPE (0, 1 << 20, 1 << 19, 2) };
  static const char *const words[] = { "scalar", "3", "2×3×4", "2×0×4×1", "2×4×0×1", "1×2×3×4×5",
                                       "0×1048576×524288×2" };
  const LwPooling pooling = { { 2, 2 }, { 2, 2 }, LW_PADDING_SAME };

  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    for (int op = 0; op < 4; op++)
      {
        LwScope  *s = lw_scope_begin (check_device ());
        LwTensor *x = lw_fill (s, LW_FLOAT32, &shapes[i], 0);

        if (op == 0)
          lw_max_pool2d (s, x, &pooling);
        else if (op == 1)
          lw_average_pool2d (s, x, &pooling);
        else if (op == 2)
          lw_global_max_pool2d (s, x, FALSE);
        else
          lw_global_average_pool2d (s, x, TRUE);
        test_end_badly (s, LW_ERROR_SHAPE, words[i], NULL);
      }
}

/* A window far greater than the image is the image, and takes no longer. */
static void
test_vast_window (void)
{
  const LwPooling vast = { { 46340, 46340 }, { 1, 1 }, LW_PADDING_SAME };

  for (LwDType dtype = LW_FLOAT32; dtype <= LW_FLOAT64; dtype++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTensor *x = lw_scope_take (s, check_random_tensor (dtype, &LW_SHAPE (2, 3, 4, 5), -1, 1));
      LwTensor *want = lw_broadcast_to (s, lw_global_max_pool2d (s, x, TRUE), lw_tensor_get_shape (x));

      check_close ("vast maximum", lw_max_pool2d (s, x, &vast), want, 0);
      want = lw_broadcast_to (s, lw_global_average_pool2d (s, x, TRUE), lw_tensor_get_shape (x));
      check_close ("vast mean", lw_average_pool2d (s, x, &vast), want, 1e-6);
      test_end_well (s);
    }
}

/* -- kernels -- */

static const int rows_tried[] = { 1, 2, 3, 4, 7, 64, 1000 };
static const int channels_tried[] = { 1, 2, 5, 8, 16, 17, 33 };

static void
compare_arrays (const LwKernels *kernels, const char *what, gsize n, const float *got, const double *want)
{
  for (gsize i = 0; i < n; i++)
    if (!(fabs (got[i] - want[i]) <= 1e-5 * (1 + fabs (want[i]))))
      g_error ("%s of %s: element %" G_GSIZE_FORMAT " is %.9g, not %.9g", what, kernels->name, i,
               (double) got[i], want[i]);
}

static float *
to_floats (gsize n, const double *x)
{
  float *y = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    y[i] = (float) x[i];
  return y;
}

static double *
random_doubles (gsize n)
{
  double *x = g_new (double, n);

  for (gsize i = 0; i < n; i++)
    x[i] = (float) check_random (-1, 1);
  return x;
}

/* What one instruction set makes of an example, all in one array; to be freed. */
static float *
run_kernels (const LwKernels *kernels, int rows, int channels, const float *x, const float *gy,
             const float *vectors, gsize *n_results)
{
  const gsize n = (gsize) rows * (gsize) channels, c = (gsize) channels;
  float      *results;

  *n_results = 6 * c + 3 * n;
  /* A NaN behind each array would show that a kernel went too far. */
  results = g_new (float, *n_results + 1);
  for (gsize i = 0; i <= *n_results; i++)
    results[i] = NAN;
  kernels->batch_moments (rows, channels, x, results, results + c, results + 2 * c);
  kernels->batch_normalize_sums (rows, channels, x, vectors, gy, results + 3 * c, results + 4 * c);
  kernels->global_max (rows, channels, x, results + 5 * c);
  kernels->batch_normalize (rows, channels, x, vectors, vectors + c, vectors + 2 * c, results + 6 * c);
  kernels->batch_normalize_gradient (rows, channels, x, vectors, gy, vectors + c, vectors + 2 * c,
                                     vectors + 3 * c, results + 6 * c + n);
  kernels->global_max_gradient (rows, channels, x, results + 5 * c, gy, results + 6 * c + 2 * n);
  g_assert_true (isnan (results[*n_results]));
  return results;
}

static void
check_kernels (int rows, int channels)
{
  const gsize        n = (gsize) rows * (gsize) channels, c = (gsize) channels;
  g_autofree double *x = random_doubles (n), *gy = random_doubles (n), *vectors = random_doubles (4 * c);
  g_autofree float  *x32 = NULL, *gy32 = NULL, *vectors32 = NULL, *other = NULL;
  g_autofree double *mean = g_new (double, c), *variance = g_new (double, c), *sum = g_new (double, c);
  g_autofree double *dot = g_new (double, c), *maximum = g_new (double, c), *y = g_new (double, n);
  g_autofree double *gx = g_new (double, n), *shared = g_new (double, n);
  gsize              n_other = 0;

  for (gsize i = 0; i < n; i += 3)
    x[i] = 1; /* ties */
  x32 = to_floats (n, x);
  gy32 = to_floats (n, gy);
  vectors32 = to_floats (4 * c, vectors);
  lw_reference_batch_moments_f64 ((gsize) rows, c, x, mean, variance);
  lw_reference_batch_normalize_sums_f64 ((gsize) rows, c, x, vectors, gy, sum, dot);
  lw_reference_global_max_f64 (1, rows, channels, x, maximum);
  lw_reference_batch_normalize_f64 ((gsize) rows, c, x, vectors, vectors + c, vectors + 2 * c, y);
  lw_reference_batch_normalize_gradient_f64 ((gsize) rows, c, x, vectors, gy, vectors + c, vectors + 2 * c,
                                             vectors + 3 * c, gx);
  lw_reference_global_max_gradient_f64 (1, rows, channels, x, maximum, gy, shared);

  for (int isa = 0; isa < LW_N_ISAS; isa++)
    {
      const LwKernels  *kernels = lw_kernels_get ((LwIsa) isa);
      g_autofree float *got = NULL;
      gsize             n_results;

      if (kernels == NULL)
        continue;
      got = run_kernels (kernels, rows, channels, x32, gy32, vectors32, &n_results);
      compare_arrays (kernels, "the mean", c, got, mean);
      for (gsize i = 0; i < c; i++)
        {
          /* Joined as its user does it. */
          double rest = (double) got[c + i] / rows;

          g_assert_cmpfloat_with_epsilon (got[i] + rest, mean[i], 1e-6);
          g_assert_cmpfloat_with_epsilon (got[2 * c + i] / (double) rows - rest * rest, variance[i], 1e-5);
        }
      compare_arrays (kernels, "sum (gy)", c, got + 3 * c, sum);
      compare_arrays (kernels, "sum (gy·x)", c, got + 4 * c, dot);
      compare_arrays (kernels, "the maximum", c, got + 5 * c, maximum);
      compare_arrays (kernels, "batch_normalize", n, got + 6 * c, y);
      compare_arrays (kernels, "batch_normalize_gradient", n, got + 6 * c + n, gx);
      compare_arrays (kernels, "global_max_gradient", n, got + 6 * c + 2 * n, shared);

      /* None of them fuses multiplication with addition: the bits are everyone's. */
      if (other != NULL)
        g_assert_cmpmem (got, n_results * sizeof (float), other, n_other * sizeof (float));
      else
        other = g_steal_pointer (&got);
      n_other = n_results;
    }
}

static void
test_kernels (void)
{
  for (gsize r = 0; r < G_N_ELEMENTS (rows_tried); r++)
    for (gsize c = 0; c < G_N_ELEMENTS (channels_tried); c++)
      check_kernels (rows_tried[r], channels_tried[c]);
}

/* -- threads -- */

#define N_RESULTS 7

static void
run_network (LwDevice *device, LwTensor *const *sources, LwTensor **results)
{
  const LwBatchNormalization options = { -1, 0.99, 0.001, TRUE };
  LwScope  *s = lw_scope_begin (device);
  LwTape   *tape = lw_tape_begin (s, FALSE);
  GError   *error = NULL;
  LwTensor *y, *target;

  for (int i = 0; i < 3; i++)
    lw_tape_watch (tape, sources[i]);
  y = lw_batch_normalization (s, sources[0], sources[1], sources[2], sources[3], sources[4], &options,
                              &results[0], &results[1]);
  results[2] = y;
  results[3] = lw_global_max_pool2d (s, y, FALSE);
  target = lw_add (s, lw_reduce_sum (s, lw_square (s, y), NULL, 0, FALSE),
                   lw_reduce_sum (s, results[3], NULL, 0, FALSE));
  lw_tape_gradient (tape, s, target, 3, sources, results + 4, &error);
  g_assert_no_error (error);
  for (int i = 0; i < N_RESULTS; i++)
    lw_tensor_ref (results[i]);
  lw_tape_free (tape);
  test_end_well (s);
}

static void
test_threads (void)
{
  static const int threads[] = { 1, 2, 3, 8 };
  const LwShape    shapes[] = { LW_SHAPE (32, 13, 11, 24), LW_SHAPE (3, 40, 31, 1), LW_SHAPE (1, 1, 1, 5),
                                LW_SHAPE (7, 2, 3, 600) };

  for (gsize k = 0; k < G_N_ELEMENTS (shapes); k++)
    {
      const LwShape channels = LW_SHAPE (shapes[k].dims[3]);
      LwTensor     *sources[5] = { check_random_tensor (LW_FLOAT32, &shapes[k], -1, 1) };
      LwTensor     *want[N_RESULTS] = { NULL }; /* what the first that there is computes */

      for (int i = 1; i < 5; i++)
        sources[i] = check_random_tensor (LW_FLOAT32, &channels, 0.5, 1);
      for (LwIsa isa = 0; isa < LW_N_ISAS; isa++)
        for (gsize t = 0; t < G_N_ELEMENTS (threads) && lw_kernels_get (isa) != NULL; t++)
          {
            LwDevice *device = lw_device_new_with_kernels (lw_kernels_get (isa), threads[t], 0);
            LwTensor *got[N_RESULTS];

            run_network (device, sources, got);
            for (int i = 0; i < N_RESULTS; i++)
              {
                if (want[i] == NULL)
                  want[i] = lw_tensor_ref (got[i]);
                else if (!lw_tensor_equal (got[i], want[i]))
                  g_error ("result %d of shape %" G_GSIZE_FORMAT " differs on %s with %d threads", i, k,
                           lw_isa_name (isa), threads[t]);
                lw_tensor_unref (got[i]);
              }
            lw_device_unref (device);
          }
      for (int i = 0; i < N_RESULTS; i++)
        lw_tensor_unref (want[i]);
      for (int i = 0; i < 5; i++)
        lw_tensor_unref (sources[i]);
    }
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/norm/training-values", test_training_values);
  g_test_add_func ("/norm/inference-values", test_inference_values);
  g_test_add_func ("/norm/far-from-zero", test_far_from_zero);
  g_test_add_func ("/norm/gradients", test_gradients);
  g_test_add_func ("/norm/second-derivative", test_second_derivative);
  g_test_add_func ("/norm/bad-arguments", test_bad_normalization);
  g_test_add_func ("/global-max/values", test_global_max_values);
  g_test_add_func ("/global-max/gradients", test_global_max_gradients);
  g_test_add_func ("/pooling/bad-arguments", test_bad_pooling);
  g_test_add_func ("/pooling/vast-window", test_vast_window);
  g_test_add_func ("/norm/kernels", test_kernels);
  g_test_add_func ("/norm/threads", test_threads);
  result = g_test_run ();
  check_device_free ();
  return result;
}
