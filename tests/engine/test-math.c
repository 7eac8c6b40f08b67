#include "gradient-check.h"

#include <math.h>
#include <string.h>

/* Elementwise functions and activations: their values, their gradients by finite differences in both
 * precisions, their second derivatives, and what they answer to shapes that do not fit. */

typedef LwTensor *(*Unary) (LwScope *s, LwTensor *x);
typedef LwTensor *(*Binary) (LwScope *s, LwTensor *a, LwTensor *b);

/* -- the functions of one tensor, with a plain formula in double for each -- */

static LwTensor *
clip_one (LwScope *s, LwTensor *x)
{
  return lw_clip (s, x, -1, 0.75);
}

static LwTensor *
relu_with_all (LwScope *s, LwTensor *x)
{
  return lw_relu_with (s, x, 0.1, 1.5, 0.3);
}

static LwTensor *
relu_with_threshold (LwScope *s, LwTensor *x)
{
  return lw_relu_with (s, x, 0, INFINITY, 1);
}

static LwTensor *
leaky (LwScope *s, LwTensor *x)
{
  return lw_leaky_relu (s, x, 0.2);
}

static LwTensor *
elu_half (LwScope *s, LwTensor *x)
{
  return lw_elu (s, x, 0.5);
}

static LwTensor *
gelu_exact (LwScope *s, LwTensor *x)
{
  return lw_gelu (s, x, FALSE);
}

static LwTensor *
gelu_by_tanh (LwScope *s, LwTensor *x)
{
  return lw_gelu (s, x, TRUE);
}

static LwTensor *
cube_by_pow (LwScope *s, LwTensor *x)
{
  return lw_pow (s, x, lw_constant_scalar (s, lw_tensor_get_dtype (x), 3));
}

static LwTensor *
cube_by_multiply (LwScope *s, LwTensor *x)
{
  return lw_multiply (s, lw_multiply (s, x, x), x);
}

static LwTensor *
cube_by_square (LwScope *s, LwTensor *x)
{
  return lw_multiply (s, lw_square (s, x), x);
}

static LwTensor *
reciprocal (LwScope *s, LwTensor *x)
{
  return lw_divide (s, lw_constant_scalar (s, lw_tensor_get_dtype (x), 1), x);
}

static LwTensor *
two_to_the (LwScope *s, LwTensor *x)
{
  return lw_pow (s, lw_constant_scalar (s, lw_tensor_get_dtype (x), 2), x);
}

static LwTensor *
larger_than_third (LwScope *s, LwTensor *x)
{
  return lw_multiply (s, x, lw_maximum (s, x, lw_constant_scalar (s, lw_tensor_get_dtype (x), 0.3)));
}

static LwTensor *
smaller_than_third (LwScope *s, LwTensor *x)
{
  return lw_multiply (s, x, lw_minimum (s, x, lw_constant_scalar (s, lw_tensor_get_dtype (x), 0.3)));
}

static double plain_square (double x) { return x * x; }
static double plain_negate (double x) { return -x; }
static double plain_clip (double x) { return x < -1 ? -1 : x > 0.75 ? 0.75 : x; }
static double plain_relu (double x) { return x > 0 ? x : 0; }
static double plain_with (double x) { return x >= 1.5 ? 1.5 : x < 0.3 ? 0.1 * (x - 0.3) : x; }
static double plain_threshold (double x) { return x >= 1 ? x : 0; }
static double plain_relu6 (double x) { return x < 0 ? 0 : x > 6 ? 6 : x; }
static double plain_leaky (double x) { return x < 0 ? 0.2 * x : x; }
static double plain_elu (double x) { return x > 0 ? x : 0.5 * expm1 (x); }
static double plain_sigmoid (double x) { return 1 / (1 + exp (-x)); }
static double plain_softplus (double x) { return MAX (x, 0) + log1p (exp (-fabs (x))); }
static double plain_silu (double x) { return x / (1 + exp (-x)); }
static double plain_gelu (double x) { return 0.5 * x * (1 + erf (x / sqrt (2))); }
static double plain_cube (double x) { return x * x * x; }
static double plain_reciprocal (double x) { return 1 / x; }
static double plain_larger (double x) { return x * MAX (x, 0.3); }
static double plain_smaller (double x) { return x * MIN (x, 0.3); }

static double
plain_gelu_tanh (double x)
{
  return 0.5 * x * (1 + tanh (sqrt (2 / G_PI) * (x + 0.044715 * x * x * x)));
}

/* Each with its formula, between bounds where it is smooth enough or crosses its kinks. */
static const struct {
  const char *name;
  Unary       op;
  double (*plain) (double x);
  double      low, high;
} functions[] = {
  { "negate", lw_negate, plain_negate, -3, 3 },
  { "square", lw_square, plain_square, -3, 3 },
  { "abs", lw_abs, fabs, -3, 3 },
  { "sqrt", lw_sqrt, sqrt, 0.2, 9 },
  { "exp", lw_exp, exp, -3, 3 },
  { "log", lw_log, log, 0.2, 9 },
  { "clip", clip_one, plain_clip, -2, 2 },
  { "relu", lw_relu, plain_relu, -3, 3 },
  { "relu with", relu_with_all, plain_with, -3, 3 },
  { "relu with a threshold", relu_with_threshold, plain_threshold, -3, 3 },
  { "relu6", lw_relu6, plain_relu6, -9, 9 },
  { "leaky_relu", leaky, plain_leaky, -3, 3 },
  { "elu", elu_half, plain_elu, -4, 4 },
  { "sigmoid", lw_sigmoid, plain_sigmoid, -6, 6 },
  { "tanh", lw_tanh, tanh, -4, 4 },
  { "softplus", lw_softplus, plain_softplus, -9, 9 },
  { "silu", lw_silu, plain_silu, -9, 9 },
  { "gelu", gelu_exact, plain_gelu, -5, 5 },
  { "gelu by tanh", gelu_by_tanh, plain_gelu_tanh, -5, 5 },
  { "cube by pow", cube_by_pow, plain_cube, -3, 3 },
  { "cube by multiply", cube_by_multiply, plain_cube, -3, 3 },
  { "cube by square", cube_by_square, plain_cube, -3, 3 },
  { "1 / x", reciprocal, plain_reciprocal, 0.4, 3 },
  { "2^x", two_to_the, exp2, -4, 4 },
  { "maximum", larger_than_third, plain_larger, -2, 2 },
  { "minimum", smaller_than_third, plain_smaller, -2, 2 },
};

static LwShape
random_shape (void)
{
  static const gint64 sizes[] = { 1, 1, 2, 3, 5, 7, 17, 33 };
  LwShape             shape = { .rank = check_random_int (0, 4) };

  for (int i = 0; i < shape.rank; i++)
    shape.dims[i] = sizes[check_random_int (0, shape.rank > 2 ? 4 : G_N_ELEMENTS (sizes) - 1)];
  return shape;
}

static void
test_values (void)
{
  for (gsize f = 0; f < G_N_ELEMENTS (functions); f++)
    for (int dtype = LW_FLOAT32; dtype <= LW_FLOAT64; dtype++)
      {
        LwScope  *s = lw_scope_begin (check_device ());
        LwTensor *x = lw_scope_take (s, check_random_tensor ((LwDType) dtype, &LW_SHAPE (3, 67),
                                                             functions[f].low, functions[f].high));
        LwTensor *y = functions[f].op (s, x);
        double    tolerance = dtype == LW_FLOAT32 ? 2e-6 : 1e-14;

        g_assert_false (lw_scope_has_failed (s));
        g_assert_cmpint (lw_tensor_get_dtype (y), ==, dtype);
        g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), lw_tensor_get_shape (x)));
        for (gsize i = 0; i < lw_tensor_get_count (x); i++)
          {
            double want = functions[f].plain (lw_tensor_get_value (x, i));

            if (!(fabs (lw_tensor_get_value (y, i) - want) <= tolerance * (1 + fabs (want))))
              g_error ("%s (%.9g) is %.9g, not %.9g", functions[f].name, lw_tensor_get_value (x, i),
                       lw_tensor_get_value (y, i), want);
          }
        g_assert_true (lw_scope_end (s, NULL));
      }
}

static LwTensor *
call_unary (LwScope *s, LwTensor *const *x, gpointer data)
{
  return functions[GPOINTER_TO_INT (data)].op (s, x[0]);
}

static LwTensor *
call_binary (LwScope *s, LwTensor *const *x, gpointer data)
{
  return ((Binary) data) (s, x[0], x[1]);
}

static void
test_gradients (void)
{
  for (gsize f = 0; f < G_N_ELEMENTS (functions); f++)
    for (int trial = 0; trial < 6; trial++)
      {
        LwShape   shape = random_shape ();
        LwTensor *x = check_random_tensor (LW_FLOAT64, &shape, functions[f].low, functions[f].high);

        check_gradients (functions[f].name, call_unary, GINT_TO_POINTER ((int) f), 1, &x);
      }
}

/* The gradient of y² as a function of its own: its differences are the second derivative, with the way
 * through what comes from above as a part of it. */
static LwTensor *
call_gradient (LwScope *s, LwTensor *const *x, gpointer data)
{
  GError   *error = NULL;
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *y, *gx = NULL;

  lw_tape_watch (tape, x[0]);
  y = call_unary (s, x, data);
  lw_tape_gradient (tape, s, lw_multiply (s, y, y), 1, x, &gx, &error);
  lw_tape_free (tape);
  g_assert_no_error (error);
  g_assert_nonnull (gx);
  return gx;
}

static void
test_second_derivatives (void)
{
  for (gsize f = 0; f < G_N_ELEMENTS (functions); f++)
    {
      LwTensor *x = check_random_tensor (LW_FLOAT64, &LW_SHAPE (3, 7), functions[f].low, functions[f].high);

      check_gradients (functions[f].name, call_gradient, GINT_TO_POINTER ((int) f), 1, &x);
    }
}

/* d² (x³) / dx² = 6 x, and the third derivative is 6. */
static void
test_cube (void)
{
  const Unary cubes[] = { cube_by_pow, cube_by_multiply, cube_by_square };

  for (gsize i = 0; i < G_N_ELEMENTS (cubes); i++)
    for (int at = -2; at <= 3; at++)
      {
        GError   *error = NULL;
        LwScope  *s = lw_scope_begin (check_device ());
        LwTensor *x = lw_constant_scalar (s, LW_FLOAT32, at);
        LwTape   *tapes[3];
        LwTensor *y, *g;
        double    want[] = { 3. * at * at, 6. * at, 6 };

        for (int order = 0; order < 3; order++)
          {
            tapes[order] = lw_tape_begin (s, FALSE);
            lw_tape_watch (tapes[order], x);
          }
        y = cubes[i] (s, x);
        for (int order = 0; order < 3; order++)
          {
            g_assert_true (lw_tape_gradient (tapes[2 - order], s, y, 1, &x, &g, &error));
            g_assert_no_error (error);
            g_assert_nonnull (g);
            g_assert_cmpfloat (fabs (lw_tensor_get_value (g, 0) - want[order]), <, 1e-5);
            y = g;
          }
        for (int order = 2; order >= 0; order--)
          lw_tape_free (tapes[order]);
        g_assert_true (lw_scope_end (s, NULL));
      }
}

/* -- two tensors -- */

static double
plain_binary (Binary op, double a, double b)
{
  return op == lw_add        ? a + b
         : op == lw_subtract ? a - b
         : op == lw_multiply ? a * b
         : op == lw_divide   ? a / b
         : op == lw_pow      ? pow (a, b)
         : op == lw_maximum  ? MAX (a, b)
                             : MIN (a, b);
}

static const struct {
  const char *name;
  Binary      op;
} binaries[] = { { "add", lw_add },         { "subtract", lw_subtract }, { "multiply", lw_multiply },
                 { "divide", lw_divide },   { "pow", lw_pow },           { "maximum", lw_maximum },
                 { "minimum", lw_minimum } };

/* Two shapes that broadcast: axes in front left out and sizes made 1 at random. */
static void
random_pair (LwShape *a, LwShape *b)
{
  LwShape whole = random_shape ();
  LwShape *const pair[] = { a, b };

  for (int k = 0; k < 2; k++)
    {
      *pair[k] = lw_shape_tail (&whole, check_random_int (0, 2) == 0 ? check_random_int (0, whole.rank) : 0);
      for (int i = 0; i < pair[k]->rank; i++)
        if (check_random_int (0, 2) == 0)
          pair[k]->dims[i] = 1;
    }
}

/* The index in x (broadcast) of the element that makes number i of y. */
static gsize
source_of (const LwShape *x, const LwShape *y, gsize i)
{
  gsize at = 0, stride = 1;

  for (int axis = 1; axis <= y->rank; axis++)
    {
      gsize dim = (gsize) y->dims[y->rank - axis], index = i % dim;

      i /= dim;
      if (axis <= x->rank)
        {
          at += x->dims[x->rank - axis] == 1 ? 0 : index * stride;
          stride *= (gsize) x->dims[x->rank - axis];
        }
    }
  return at;
}

static void
test_broadcasting (void)
{
  for (gsize f = 0; f < G_N_ELEMENTS (binaries); f++)
    for (int dtype = 0; dtype < LW_BOOL; dtype++)
      for (int trial = 0; trial < 12; trial++)
        {
          LwScope  *s = lw_scope_begin (check_device ());
          LwShape   a_shape, b_shape;
          LwTensor *a, *b, *y;

          random_pair (&a_shape, &b_shape);
          /* Differences are not negative; of what overflows a uint8, pow, the rest stays. */
          a = lw_scope_take (s, check_random_tensor (LW_FLOAT64, &a_shape, 4, 6));
          b = lw_scope_take (s, check_random_tensor (LW_FLOAT64, &b_shape, 1, 4));
          a = lw_cast (s, a, (LwDType) dtype);
          b = lw_cast (s, b, (LwDType) dtype);
          y = binaries[f].op (s, a, b);
          g_assert_false (lw_scope_has_failed (s));
          g_assert_cmpint (lw_tensor_get_dtype (y), ==, dtype);
          for (gsize i = 0; i < lw_tensor_get_count (y); i++)
            {
              double u = lw_tensor_get_value (a, source_of (&a_shape, lw_tensor_get_shape (y), i));
              double v = lw_tensor_get_value (b, source_of (&b_shape, lw_tensor_get_shape (y), i));
              double want = plain_binary (binaries[f].op, u, v);

              if (!lw_dtype_is_floating ((LwDType) dtype))
                want = dtype == LW_UINT8 ? fmod (trunc (want), 256) : trunc (want);
              g_assert_cmpfloat (fabs (lw_tensor_get_value (y, i) - want), <=, 1e-6 * fabs (want));
            }
          g_assert_true (lw_scope_end (s, NULL));
        }
}

static void
test_broadcasting_gradients (void)
{
  for (gsize f = 0; f < G_N_ELEMENTS (binaries); f++)
    for (int trial = 0; trial < 10; trial++)
      {
        LwShape   a, b;
        LwTensor *x[2];

        random_pair (&a, &b);
        x[0] = check_random_tensor (LW_FLOAT64, &a, 0.5, 2);
        x[1] = check_random_tensor (LW_FLOAT64, &b, 0.5, 2);
        check_gradients (binaries[f].name, call_binary, binaries[f].op, 2, x);
      }
}

/* Long rows are cut among threads and laid out in pieces: the same values as element by element. */
static void
test_long_rows (void)
{
  const LwShape pairs[][2] = {
    { LW_SHAPE (70001), LW_SHAPE (70001) },  { LW_SHAPE (70001), LW_SCALAR },
    { LW_SCALAR, LW_SHAPE (70001) },         { LW_SHAPE (300, 1), LW_SHAPE (1, 301) },
    { LW_SHAPE (301, 300), LW_SHAPE (300) }, { LW_SHAPE (40000, 3), LW_SHAPE (40000, 1) },
  };

  for (gsize f = 0; f < G_N_ELEMENTS (binaries); f++)
    for (gsize p = 0; p < G_N_ELEMENTS (pairs); p++)
      {
        LwScope  *s = lw_scope_begin (check_device ());
        LwTensor *a = lw_scope_take (s, check_random_tensor (LW_FLOAT32, &pairs[p][0], 0.5, 3));
        LwTensor *b = lw_scope_take (s, check_random_tensor (LW_FLOAT32, &pairs[p][1], 0.5, 3));
        LwTensor *y = binaries[f].op (s, a, b);

        for (gsize i = 0; i < lw_tensor_get_count (y); i += 7)
          {
            double u = lw_tensor_get_value (a, source_of (&pairs[p][0], lw_tensor_get_shape (y), i));
            double v = lw_tensor_get_value (b, source_of (&pairs[p][1], lw_tensor_get_shape (y), i));
            double want = plain_binary (binaries[f].op, u, v);

            g_assert_cmpfloat (fabs (lw_tensor_get_value (y, i) - want), <=, 1e-6 * (fabs (want) + 1));
          }
        g_assert_true (lw_scope_end (s, NULL));
      }
}

/* -- edges -- */

/* As it prints, with one space for each gap between its columns. */
static void
assert_text (LwTensor *x, const char *want)
{
  g_autofree char *text = lw_tensor_to_string (x);
  gsize            n = 0;

  for (gsize i = 0; text[i] != '\0'; i++)
    if (!g_ascii_isspace (text[i]))
      text[n++] = text[i];
    else if (n > 1 && text[n - 1] != ' ')
      text[n++] = ' ';
  text[n] = '\0';
  g_assert_cmpstr (text, ==, want);
}

static LwTensor *
doubles (LwScope *s, int n, const double *x)
{
  return lw_constant (s, LW_FLOAT64, &LW_SHAPE (n), x);
}

static void
test_integer_arithmetic (void)
{
  const gint32 a[] = { 2, -3, 46341, G_MININT32, 0 }, b[] = { 10, 3, 2, 1, 0 };
  const gint64 c[] = { 3, -2, G_MININT64, 7 }, d[] = { 41, 63, -1, 1 };
  const guint8 u[] = { 3, 200, 16, 0 }, v[] = { 5, 100, 2, 0 };
  LwScope     *s = lw_scope_begin (check_device ());
  LwTensor *i = lw_constant (s, LW_INT32, &LW_SHAPE (5), a), *j = lw_constant (s, LW_INT32, &LW_SHAPE (5), b);
  LwTensor *k = lw_constant (s, LW_INT64, &LW_SHAPE (4), c), *l = lw_constant (s, LW_INT64, &LW_SHAPE (4), d);
  LwTensor *p = lw_constant (s, LW_UINT8, &LW_SHAPE (4), u), *q = lw_constant (s, LW_UINT8, &LW_SHAPE (4), v);

  assert_text (lw_pow (s, i, j), "[1024 -27 -2147479015 -2147483648 1]");
  assert_text (lw_square (s, i), "[4 9 -2147479015 0 0]");
  assert_text (lw_abs (s, i), "[2 3 46341 -2147483648 0]");
  assert_text (lw_negate (s, i), "[-2 3 -46341 -2147483648 0]");
  assert_text (lw_maximum (s, i, j), "[10 3 46341 1 0]");
  assert_text (lw_minimum (s, i, j), "[2 -3 2 -2147483648 0]");
  assert_text (lw_clip (s, i, -2.5, 9.9), "[2 -2 9 -2 0]");
  assert_text (lw_clip (s, i, -INFINITY, 2), "[2 -3 2 -2147483648 0]");
  assert_text (lw_divide (s, k, l), "[0 0 -9223372036854775808 7]");
  assert_text (lw_maximum (s, k, l), "[41 63 -1 7]");
  assert_text (lw_abs (s, k), "[3 2 -9223372036854775808 7]");
  /* Modulo 256. */
  assert_text (lw_add (s, p, q), "[8 44 18 0]");
  assert_text (lw_subtract (s, q, p), "[2 156 242 0]");
  assert_text (lw_multiply (s, p, q), "[15 32 32 0]");
  assert_text (lw_pow (s, p, q), "[243 0 0 1]");
  assert_text (lw_square (s, p), "[9 64 0 0]");
  assert_text (lw_abs (s, p), "[3 200 16 0]");
  assert_text (lw_maximum (s, p, q), "[5 200 16 0]");
  assert_text (lw_clip (s, p, 10, 1000), "[10 200 16 10]");
  g_assert_true (lw_scope_end (s, NULL));
}

static void
test_special_values (void)
{
  const double x[] = { NAN, INFINITY, -INFINITY, 0, -1 };
  const Unary  limits_low[] = { elu_half, lw_softplus, lw_silu, gelu_exact, gelu_by_tanh, lw_relu6, lw_sigmoid };

  for (int dtype = LW_FLOAT32; dtype <= LW_FLOAT64; dtype++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTensor *t = lw_cast (s, doubles (s, 5, x), (LwDType) dtype);
      LwTensor *y;

      for (gsize i = 0; i < G_N_ELEMENTS (limits_low); i++)
        {
          y = limits_low[i] (s, t);
          g_assert_true (isnan (lw_tensor_get_value (y, 0)));
          g_assert_cmpfloat (lw_tensor_get_value (y, 1), ==,
                             limits_low[i] == lw_relu6     ? 6
                             : limits_low[i] == lw_sigmoid ? 1
                                                           : INFINITY);
          g_assert_cmpfloat (lw_tensor_get_value (y, 2), ==, limits_low[i] == elu_half ? -0.5 : 0);
        }
      for (gsize f = 0; f < G_N_ELEMENTS (functions); f++)
        g_assert_true (isnan (lw_tensor_get_value (functions[f].op (s, t), 0)));
      y = lw_sqrt (s, t);
      g_assert_cmpfloat (lw_tensor_get_value (y, 1), ==, INFINITY);
      g_assert_true (isnan (lw_tensor_get_value (y, 2)));
      g_assert_cmpfloat (lw_tensor_get_value (y, 3), ==, 0);
      g_assert_true (isnan (lw_tensor_get_value (y, 4)));
      /* A NaN on either side is the result. */
      for (int i = 0; i < 5; i++)
        {
          const double other[] = { 1, NAN, NAN, NAN, NAN };

          y = lw_maximum (s, t, lw_cast (s, doubles (s, 5, other), (LwDType) dtype));
          g_assert_true (isnan (lw_tensor_get_value (y, (gsize) i)));
          y = lw_minimum (s, t, lw_cast (s, doubles (s, 5, other), (LwDType) dtype));
          g_assert_true (isnan (lw_tensor_get_value (y, (gsize) i)));
        }
      g_assert_true (lw_scope_end (s, NULL));
    }
}

/* Very large and very small arguments have gradients too: 0, 1, never NaN. */
static void
test_saturation (void)
{
  const double x[] = { -1e30, -200, -50, 50, 200, 1e30 };

  for (gsize f = 0; f < G_N_ELEMENTS (functions); f++)
    for (int dtype = LW_FLOAT32; dtype <= LW_FLOAT64; dtype++)
      {
        LwScope  *s = lw_scope_begin (check_device ());
        LwTape   *tape = lw_tape_begin (s, FALSE);
        LwTensor *t = lw_cast (s, doubles (s, 6, x), (LwDType) dtype);
        LwTensor *gx;

        if (strstr ("elu softplus silu gelu gelu by tanh sigmoid tanh", functions[f].name) != NULL)
          {
            lw_tape_watch (tape, t);
            g_assert_true (lw_tape_gradient (tape, s, functions[f].op (s, t), 1, &t, &gx, NULL));
            for (gsize i = 0; i < 6; i++)
              {
                double high = strstr ("sigmoid tanh", functions[f].name) != NULL ? 0 : 1;

                g_assert_cmpfloat (fabs (lw_tensor_get_value (gx, i) - (i < 3 ? 0 : high)), <, 1e-15);
              }
          }
        lw_tape_free (tape);
        g_assert_true (lw_scope_end (s, NULL));
      }
}

/* What gradients are where there is a choice: as in TensorFlow. */
static void
test_kinks (void)
{
  const double at[] = { -1, 0, 0.75, 6, 1.5, 0.3, 2 };
  enum { N = G_N_ELEMENTS (at) };
  static const struct {
    const char *name;
    Unary       op;
    double      want[N];
  } kinks[] = {
    { "abs", lw_abs, { -1, 0, 1, 1, 1, 1, 1 } },
    { "relu", lw_relu, { 0, 0, 1, 1, 1, 1, 1 } },
    { "relu6", lw_relu6, { 0, 0, 1, 0, 1, 1, 1 } },
    { "leaky_relu", leaky, { 0.2, 0.2, 1, 1, 1, 1, 1 } },
    { "clip", clip_one, { 1, 1, 1, 0, 0, 1, 0 } },
    { "relu with", relu_with_all, { 0.1, 0.1, 1, 0, 0, 0.1, 0 } },
  };

  for (gsize k = 0; k < G_N_ELEMENTS (kinks); k++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTape   *tape = lw_tape_begin (s, FALSE);
      LwTensor *x = doubles (s, N, at), *gx;

      lw_tape_watch (tape, x);
      g_assert_true (lw_tape_gradient (tape, s, kinks[k].op (s, x), 1, &x, &gx, NULL));
      for (gsize i = 0; i < N; i++)
        if (lw_tensor_get_value (gx, i) != kinks[k].want[i])
          g_error ("the gradient of %s at %g is %g", kinks[k].name, at[i], lw_tensor_get_value (gx, i));
      lw_tape_free (tape);
      g_assert_true (lw_scope_end (s, NULL));
    }
}

static void
assert_pair_gradients (Binary op, const double *a, const double *b, int n, const double *ga, const double *gb)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *x[] = { doubles (s, n, a), doubles (s, n, b) }, *gx[2];

  lw_tape_watch (tape, x[0]);
  lw_tape_watch (tape, x[1]);
  g_assert_true (lw_tape_gradient (tape, s, op (s, x[0], x[1]), 2, x, gx, NULL));
  for (gsize i = 0; i < (gsize) n; i++)
    {
      g_assert_cmpfloat (lw_tensor_get_value (gx[0], i), ==, ga[i]);
      g_assert_cmpfloat (lw_tensor_get_value (gx[1], i), ==, gb[i]);
    }
  lw_tape_free (tape);
  g_assert_true (lw_scope_end (s, NULL));
}

static void
test_ties_and_powers (void)
{
  const double a[] = { 1, 2, -1, 3 }, b[] = { 1, 1, -1, 4 };
  const double first[] = { 0.5, 1, 0.5, 0 }, second[] = { 0.5, 0, 0.5, 1 };
  const double base[] = { 0, 0, 0, -2, -1 }, exponent[] = { 0, 1, 2, 3, 2 };
  const double by_base[] = { 0, 1, 0, 12, -2 }, by_exponent[] = { 0, 0, 0, 0, 0 };

  assert_pair_gradients (lw_maximum, a, b, 4, first, second);
  assert_pair_gradients (lw_minimum, a, b, 4, second, first);
  assert_pair_gradients (lw_pow, base, exponent, 5, by_base, by_exponent);
}

/* -- softmax and its logarithm, along any axis -- */

typedef struct {
  LwTensor *(*op) (LwScope *s, LwTensor *x, int axis);
  int      axis;
  gboolean twice;
} Softmax;

static LwTensor *
call_softmax (LwScope *s, LwTensor *const *x, gpointer data)
{
  const Softmax *softmax = data;
  GError        *error = NULL;
  LwTape        *tape;
  LwTensor      *y, *gx = NULL;

  if (!softmax->twice)
    return softmax->op (s, x[0], softmax->axis);
  tape = lw_tape_begin (s, FALSE);
  lw_tape_watch (tape, x[0]);
  y = softmax->op (s, x[0], softmax->axis);
  lw_tape_gradient (tape, s, lw_multiply (s, y, y), 1, x, &gx, &error);
  lw_tape_free (tape);
  g_assert_no_error (error);
  return gx;
}

static void
test_softmax_axes (void)
{
  const LwShape shapes[] = { LW_SHAPE (1), LW_SHAPE (17), LW_SHAPE (3, 1), LW_SHAPE (5, 7), LW_SHAPE (2, 3, 17),
                             LW_SHAPE (2, 19, 3, 2) };

  for (int logarithm = 0; logarithm < 2; logarithm++)
    for (gsize p = 0; p < G_N_ELEMENTS (shapes); p++)
      for (int axis = -shapes[p].rank; axis < shapes[p].rank; axis++)
        for (int twice = 0; twice < 2; twice++)
          {
            Softmax   softmax = { logarithm ? lw_log_softmax_over : lw_softmax_over, axis, twice };
            LwTensor *x = check_random_tensor (LW_FLOAT64, &shapes[p], -3, 3);

            check_gradients (logarithm ? "log_softmax" : "softmax", call_softmax, &softmax, 1, &x);
          }
}

/* Entry i of x over n, with `inner` elements from one to the next, by definition. */
static double
softmax_by_definition (LwTensor *x, gsize i, gsize n, gsize inner)
{
  gsize  first = i / (n * inner) * (n * inner) + i % inner;
  double sum = 0;

  for (gsize k = 0; k < n; k++)
    sum += exp (lw_tensor_get_value (x, first + k * inner) - lw_tensor_get_value (x, i));
  return 1 / sum;
}

static void
test_softmax_values (void)
{
  const LwShape shape = LW_SHAPE (3, 21, 5);
  const gsize   inner[] = { 105, 5, 1 };

  for (int dtype = LW_FLOAT32; dtype <= LW_FLOAT64; dtype++)
    for (int axis = 0; axis < 3; axis++)
      {
        LwScope  *s = lw_scope_begin (check_device ());
        LwTensor *x = lw_scope_take (s, check_random_tensor ((LwDType) dtype, &shape, -20, 20));
        LwTensor *y = lw_softmax_over (s, x, axis), *log_y = lw_log_softmax_over (s, x, axis - 3);

        for (gsize i = 0; i < lw_tensor_get_count (x); i++)
          {
            double want = softmax_by_definition (x, i, (gsize) shape.dims[axis], inner[axis]);

            g_assert_cmpfloat (fabs (lw_tensor_get_value (y, i) - want), <, 1e-6);
            g_assert_cmpfloat (fabs (lw_tensor_get_value (log_y, i) - log (want)), <, 1e-5);
          }
        if (axis == 2)
          {
            check_close ("softmax", lw_softmax (s, x), y, 0);
            check_close ("log_softmax", lw_log_softmax (s, x), log_y, 0);
          }
        g_assert_true (lw_scope_end (s, NULL));
      }
}

/* -- through layers: conv2d and dense apply an activation before they return -- */

static void
test_activate (void)
{
  for (int activation = LW_ACTIVATION_LINEAR; activation <= LW_ACTIVATION_LOG_SOFTMAX; activation++)
    for (int dtype = LW_FLOAT32; dtype <= LW_FLOAT64; dtype++)
      {
        LwScope       *s = lw_scope_begin (check_device ());
        const LwConv2d conv = { { 1, 1 }, LW_PADDING_VALID, { 1, 1 } };
        LwTensor *x = lw_scope_take (s, check_random_tensor ((LwDType) dtype, &LW_SHAPE (4, 6), -3, 3));
        LwTensor *w = lw_scope_take (s, check_random_tensor ((LwDType) dtype, &LW_SHAPE (6, 5), -3, 3));
        LwTensor *b = lw_scope_take (s, check_random_tensor ((LwDType) dtype, &LW_SHAPE (5), -1, 1));
        LwTensor *y = lw_dense (s, x, w, b, (LwActivation) activation);
        LwTensor *want = lw_activate (s, lw_dense (s, x, w, b, LW_ACTIVATION_LINEAR), (LwActivation) activation);

        g_assert_false (lw_scope_has_failed (s));
        check_close ("dense", y, want, 1e-6);
        x = lw_reshape (s, x, &LW_SHAPE (2, 2, 1, 6));
        w = lw_reshape (s, w, &LW_SHAPE (1, 1, 6, 5));
        y = lw_conv2d (s, x, w, b, &conv, (LwActivation) activation);
        check_close ("conv2d", lw_reshape (s, y, &LW_SHAPE (4, 5)), want, 1e-5);
        g_assert_true (lw_scope_end (s, NULL));
      }
}

/* -- what does not fit -- */

static void
test_empty (void)
{
  const LwShape shapes[] = { LW_SHAPE (0), LW_SHAPE (0, 3), LW_SHAPE (3, 0), LW_SHAPE (2, 0, 5) };

  for (gsize p = 0; p < G_N_ELEMENTS (shapes); p++)
    for (int dtype = LW_FLOAT32; dtype <= LW_FLOAT64; dtype++)
      {
        LwScope  *s = lw_scope_begin (check_device ());
        LwTape   *tape = lw_tape_begin (s, TRUE);
        LwTensor *x = lw_fill (s, (LwDType) dtype, &shapes[p], 1);
        LwTensor *one = lw_fill (s, (LwDType) dtype, &LW_SHAPE (1), 1);
        LwTensor *sources[] = { x, one }, *gx[2];
        GError   *error = NULL;

        lw_tape_watch (tape, x);
        lw_tape_watch (tape, one);
        for (gsize f = 0; f < G_N_ELEMENTS (functions); f++)
          {
            LwTensor *y = functions[f].op (s, x);

            g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), &shapes[p]));
            lw_tape_gradient (tape, s, y, 1, sources, gx, &error);
            g_assert_no_error (error);
            g_assert_true (lw_shape_equal (lw_tensor_get_shape (gx[0]), &shapes[p]));
          }
        for (gsize f = 0; f < G_N_ELEMENTS (binaries); f++)
          {
            LwTensor *y = binaries[f].op (s, x, one);

            g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), &shapes[p]));
            lw_tape_gradient (tape, s, y, 2, sources, gx, &error);
            g_assert_no_error (error);
            g_assert_true (lw_shape_equal (lw_tensor_get_shape (gx[0]), &shapes[p]));
            g_assert_cmpfloat (lw_tensor_get_value (gx[1], 0), ==, 0);
          }
        if (shapes[p].dims[shapes[p].rank - 1] > 0)
          g_assert_cmpuint (lw_tensor_get_count (lw_log_softmax (s, lw_softmax (s, x))), ==, 0);
        lw_tape_free (tape);
        g_assert_true (lw_scope_end (s, NULL));
      }
}

static void
assert_failure (LwScope *s, LwError code, const char *first, const char *second)
{
  const GError *error = lw_scope_get_error (s);

  g_assert_error (error, LW_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, first));
  g_assert_nonnull (strstr (error->message, second));
  g_assert_false (lw_scope_end (s, NULL));
}

static void
test_hostile (void)
{
  LwScope *s;

  for (gsize f = 0; f < G_N_ELEMENTS (binaries); f++)
    {
      s = lw_scope_begin (check_device ());
      binaries[f].op (s, lw_fill (s, LW_FLOAT32, &LW_SHAPE (2, 3), 1),
                      lw_fill (s, LW_FLOAT32, &LW_SHAPE (2, 4), 1));
      assert_failure (s, LW_ERROR_SHAPE, "2×3", "2×4");
      s = lw_scope_begin (check_device ());
      binaries[f].op (s, lw_fill (s, LW_FLOAT32, &LW_SHAPE (0), 1), lw_fill (s, LW_FLOAT32, &LW_SHAPE (2), 1));
      assert_failure (s, LW_ERROR_SHAPE, binaries[f].name, "0");
      s = lw_scope_begin (check_device ());
      binaries[f].op (s, lw_fill (s, LW_FLOAT32, &LW_SHAPE (2), 1), lw_fill (s, LW_INT32, &LW_SHAPE (2), 1));
      assert_failure (s, LW_ERROR_DTYPE, "float32", "int32");
      s = lw_scope_begin (check_device ());
      binaries[f].op (s, lw_fill (s, LW_BOOL, &LW_SHAPE (2), 1), lw_fill (s, LW_BOOL, &LW_SHAPE (2), 1));
      assert_failure (s, LW_ERROR_DTYPE, binaries[f].name, "bool");
      /* 2^42 elements. */
      s = lw_scope_begin (check_device ());
      binaries[f].op (s, lw_fill (s, LW_UINT8, &LW_SHAPE (1 << 21, 1), 1),
                      lw_fill (s, LW_UINT8, &LW_SHAPE (1, 1 << 21), 1));
      g_assert_true (lw_scope_has_failed (s));
      g_assert_false (lw_scope_end (s, NULL));
    }
  for (gsize f = 0; f < G_N_ELEMENTS (functions); f++)
    {
      s = lw_scope_begin (check_device ());
      functions[f].op (s, lw_fill (s, LW_BOOL, &LW_SHAPE (2), 1));
      assert_failure (s, LW_ERROR_DTYPE, "bool", "");
    }
}

static void
test_bad_values (void)
{
  LwScope *s;

#define FAILS(CODE, FIRST, SECOND, CALL)                                                           \
  s = lw_scope_begin (check_device ());                                                            \
  CALL;                                                                                            \
  assert_failure (s, CODE, FIRST, SECOND)
#define F(...) lw_fill (s, LW_FLOAT32, &LW_SHAPE (__VA_ARGS__), 1)
#define I(VALUE) lw_fill (s, LW_INT32, &LW_SHAPE (2), VALUE)

  FAILS (LW_ERROR_VALUE, "pow", "int32", lw_pow (s, I (2), I (-1)));
  FAILS (LW_ERROR_VALUE, "divide", "int32", lw_divide (s, I (2), I (0)));
  FAILS (LW_ERROR_VALUE, "clip", "2", lw_clip (s, F (2), 2, 1));
  FAILS (LW_ERROR_VALUE, "clip", "nan", lw_clip (s, F (2), NAN, 1));
  FAILS (LW_ERROR_VALUE, "int32", "0.25", lw_clip (s, I (1), 0.25, 0.75));
  FAILS (LW_ERROR_VALUE, "int32", "3e+10", lw_clip (s, I (1), 3e10, 4e10));
  FAILS (LW_ERROR_VALUE, "leaky_relu", "inf", lw_leaky_relu (s, F (2), INFINITY));
  FAILS (LW_ERROR_VALUE, "relu", "nan", lw_relu_with (s, F (2), 0, NAN, 0));
  FAILS (LW_ERROR_VALUE, "elu", "nan", lw_elu (s, F (2), NAN));
  FAILS (LW_ERROR_DTYPE, "sqrt", "int32", lw_sqrt (s, I (4)));
  FAILS (LW_ERROR_DTYPE, "gelu", "int32", lw_gelu (s, I (4), FALSE));
  FAILS (LW_ERROR_DTYPE, "log_softmax", "int32", lw_log_softmax (s, I (4)));
  FAILS (LW_ERROR_SHAPE, "softmax", "axis 2", lw_softmax_over (s, F (2, 3), 2));
  FAILS (LW_ERROR_SHAPE, "log_softmax", "2×3", lw_log_softmax_over (s, F (2, 3), -3));
  FAILS (LW_ERROR_SHAPE, "softmax", "0×3", lw_softmax_over (s, F (0, 3), 0));
  FAILS (LW_ERROR_SHAPE, "log_softmax", "scalar", lw_log_softmax (s, lw_constant_scalar (s, LW_FLOAT32, 1)));
#undef FAILS
#undef F
#undef I
}

/* After an error every op hands the invalid tensor on. */
static void
test_after_failure (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *bad = lw_scope_fail (s, LW_ERROR_VALUE, "%s", "first");

  for (gsize f = 0; f < G_N_ELEMENTS (functions); f++)
    g_assert_true (functions[f].op (s, bad) == bad);
  for (gsize f = 0; f < G_N_ELEMENTS (binaries); f++)
    g_assert_true (binaries[f].op (s, bad, bad) == bad);
  g_assert_true (lw_softmax_over (s, bad, 3) == bad);
  g_assert_true (lw_log_softmax (s, bad) == bad);
  g_assert_cmpstr (lw_scope_get_error (s)->message, ==, "first");
  g_assert_false (lw_scope_end (s, NULL));
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/math/values", test_values);
  g_test_add_func ("/math/gradients", test_gradients);
  g_test_add_func ("/math/second-derivatives", test_second_derivatives);
  g_test_add_func ("/math/cube", test_cube);
  g_test_add_func ("/math/broadcasting", test_broadcasting);
  g_test_add_func ("/math/broadcasting-gradients", test_broadcasting_gradients);
  g_test_add_func ("/math/long-rows", test_long_rows);
  g_test_add_func ("/math/integers", test_integer_arithmetic);
  g_test_add_func ("/math/special-values", test_special_values);
  g_test_add_func ("/math/saturation", test_saturation);
  g_test_add_func ("/math/kinks", test_kinks);
  g_test_add_func ("/math/ties-and-powers", test_ties_and_powers);
  g_test_add_func ("/math/softmax-axes", test_softmax_axes);
  g_test_add_func ("/math/softmax-values", test_softmax_values);
  g_test_add_func ("/math/activate", test_activate);
  g_test_add_func ("/math/empty", test_empty);
  g_test_add_func ("/math/hostile", test_hostile);
  g_test_add_func ("/math/bad-values", test_bad_values);
  g_test_add_func ("/math/after-failure", test_after_failure);

  status = g_test_run ();
  check_device_free ();
  return status;
}
