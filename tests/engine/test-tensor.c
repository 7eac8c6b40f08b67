#include "engine/ops/constant.h"

#include "gradient-check.h"
#include "scope-tools.h"
#include "print-cases.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* What tensors are made from and shown as: literals, ranges, random numbers, casts, text. */

static void
assert_is (LwTensor *x, LwDType dtype, LwShape shape, const char *expected)
{
  g_assert_cmpstr (lw_dtype_get_name (lw_tensor_get_dtype (x)), ==, lw_dtype_get_name (dtype));
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (x), &shape));
  test_assert_text (x, expected);
}

static void
end_badly (LwScope *s, int code, const char *word)
{
  GError *error = NULL;

  g_assert_false (lw_scope_end (s, &error));
  g_assert_error (error, LW_ERROR, code);
  g_assert_nonnull (strstr (error->message, word));
  g_error_free (error);
}

/* -- text -- */

static LwTensor *
make_print_case (const PrintCase *c)
{
  LwTensor *x = lw_tensor_new (NULL, c->dtype, &c->shape, NULL);

  g_assert_nonnull (x);
  if (c->data != NULL)
    memcpy (lw_tensor_get_mutable_data (x), c->data, lw_tensor_get_byte_size (x));
  else
    for (gsize i = 0; i < lw_tensor_get_count (x); i++)
      {
        double   value = c->start + (double) i * c->step;
        gpointer data = lw_tensor_get_mutable_data (x);

        switch (c->dtype)
          {
          case LW_FLOAT32: ((float *) data)[i] = (float) value; break;
          case LW_FLOAT64: ((double *) data)[i] = value; break;
          case LW_INT32: ((gint32 *) data)[i] = (gint32) value; break;
          case LW_INT64: ((gint64 *) data)[i] = (gint64) value; break;
          case LW_UINT8: ((guint8 *) data)[i] = (guint8) value; break;
          case LW_BOOL: ((guint8 *) data)[i] = value != 0; break;
          case LW_N_DTYPES: g_assert_not_reached ();
          }
      }
  return x;
}

static void
test_print (gconstpointer data)
{
  const PrintCase *c = data;
  LwTensor        *x = make_print_case (c);
  LwScope         *s;

  test_assert_text (x, c->text);

  /* Within a scope, whose floating-point mode is another, it reads the same. */
  s = lw_scope_begin (check_device ());
  test_assert_text (x, c->text);
  test_end_well (s);
  lw_tensor_unref (x);
}

/* -- literals -- */

static void
test_literals (void)
{
  static const gint64 table[4][3] = { { 1, 2, 3 }, { 4, 5, 6 }, { 7, 8, 9 }, { 10, 11, 12 } };
  const guint8        bytes[] = { 1, 255 };
  float               changing[2] = { 1, 2 };
  int                 evaluated = 0;
  LwScope            *s = lw_scope_begin (check_device ());
  LwTensor           *x;

  assert_is (LW_TENSOR (s, 3), LW_INT32, LW_SCALAR, "3");
  assert_is (LW_TENSOR (s, -3), LW_INT32, LW_SCALAR, "-3");
  assert_is (LW_TENSOR (s, 3.5), LW_FLOAT32, LW_SCALAR, "3.5");
  assert_is (LW_TENSOR (s, 3.5f), LW_FLOAT32, LW_SCALAR, "3.5");
  assert_is (LW_TENSOR (s, 0.1), LW_FLOAT32, LW_SCALAR, "0.1");
  assert_is (LW_TENSOR (s, 3000000000), LW_INT64, LW_SCALAR, "3000000000");
  assert_is (LW_TENSOR (s, G_MININT64), LW_INT64, LW_SCALAR, "-9223372036854775808");
  assert_is (LW_TENSOR (s, (guint8) 200), LW_UINT8, LW_SCALAR, "200");
  assert_is (LW_TENSOR (s, (bool) 1), LW_BOOL, LW_SCALAR, "True");
  assert_is (LW_TENSOR (s, ++evaluated), LW_INT32, LW_SCALAR, "1");
  g_assert_cmpint (evaluated, ==, 1);

  assert_is (LW_TENSOR (s, ((float[2][2]) { { 1, 2 }, { 3, 4 } })), LW_FLOAT32, LW_SHAPE (2, 2), "[[1. 2.]\n [3. 4.]]");
  assert_is (LW_TENSOR (s, (float[1][1]) { { 4 } }), LW_FLOAT32, LW_SHAPE (1, 1), "[[4.]]");
  assert_is (LW_TENSOR (s, (double[]) { 0.1, 0.25 }), LW_FLOAT64, LW_SHAPE (2), "[0.1  0.25]");
  assert_is (LW_TENSOR (s, (int[][2]) { { 1, 2 }, { 3, 4 }, { 5, 6 } }), LW_INT32, LW_SHAPE (3, 2),
             "[[1 2]\n [3 4]\n [5 6]]");
  assert_is (LW_TENSOR (s, (bool[2]) { 1, 0 }), LW_BOOL, LW_SHAPE (2), "[ True False]");
  assert_is (LW_TENSOR (s, table), LW_INT64, LW_SHAPE (4, 3), "[[ 1  2  3]\n [ 4  5  6]\n [ 7  8  9]\n [10 11 12]]");
  assert_is (LW_TENSOR (s, table[1]), LW_INT64, LW_SHAPE (3), "[4 5 6]");
  assert_is (LW_TENSOR (s, bytes), LW_UINT8, LW_SHAPE (2), "[  1 255]");
  assert_is (LW_TENSOR (s, (float[1][2][1][1][2][1][1][1]) { { { { { { { { 1 } } }, { { { 2 } } } } } } } }), LW_FLOAT32,
             LW_SHAPE (1, 2, 1, 1, 2, 1, 1, 1), "[[[[[[[[1.]]]\n\n\n     [[[2.]]]]]]\n\n\n\n\n\n  [[[[[[0.]]]\n\n\n     [[[0.]]]]]]]]");

  x = LW_TENSOR (s, changing);
  changing[0] = 9;
  assert_is (x, LW_FLOAT32, LW_SHAPE (2), "[1. 2.]");

  assert_is (LW_TENSOR_AS (s, LW_FLOAT64, 3), LW_FLOAT64, LW_SCALAR, "3.0");
  assert_is (LW_TENSOR_AS (s, LW_UINT8, (int[2]) { 7, 300 }), LW_UINT8, LW_SHAPE (2), "[ 7 44]");
  test_end_well (s);
}

static void
test_names (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = LW_NAMED ("a", LW_TENSOR (s, 2));

  g_assert_cmpstr (lw_tensor_get_name (x), ==, "a");
  lw_tensor_set_name (x, lw_tensor_get_name (x));
  g_assert_cmpstr (lw_tensor_get_name (x), ==, "a");
  g_assert_null (lw_tensor_get_name (LW_TENSOR (s, 2)));
  lw_tensor_set_name (x, NULL);
  g_assert_null (lw_tensor_get_name (x));
  test_end_well (s);
}

/* -- fill and range -- */

static void
test_fill (void)
{
  LwScope *s = lw_scope_begin (check_device ());

  for (LwDType dtype = 0; dtype < LW_N_DTYPES; dtype++)
    for (gint64 n = 0; n < 9000; n = 3 * n + 1)
      {
        LwTensor *x = lw_fill (s, dtype, &LW_SHAPE (n), 7);

        g_assert_cmpuint (lw_tensor_get_count (x), ==, (gsize) n);
        for (gsize i = 0; i < lw_tensor_get_count (x); i++)
          g_assert_cmpfloat (lw_tensor_get_value (x, i), ==, dtype == LW_BOOL ? 1 : 7);
      }
  test_end_well (s);
}

static void
test_range (void)
{
  LwScope *s = lw_scope_begin (check_device ());

  assert_is (lw_range (s, LW_INT32, 0, 5, 1), LW_INT32, LW_SHAPE (5), "[0 1 2 3 4]");
  assert_is (lw_range (s, LW_INT64, 3, 18, 3), LW_INT64, LW_SHAPE (5), "[ 3  6  9 12 15]");
  assert_is (lw_range (s, LW_INT32, 3, 1, -0x1p0), LW_INT32, LW_SHAPE (2), "[3 2]");
  assert_is (lw_range (s, LW_FLOAT32, 3, 1, -0.5), LW_FLOAT32, LW_SHAPE (4), "[3.  2.5 2.  1.5]");
  assert_is (lw_range (s, LW_FLOAT64, 0, 1, 0.25), LW_FLOAT64, LW_SHAPE (4), "[0.   0.25 0.5  0.75]");
  assert_is (lw_range (s, LW_UINT8, 250, 256, 1), LW_UINT8, LW_SHAPE (6), "[250 251 252 253 254 255]");
  assert_is (lw_range (s, LW_INT32, 5, 0, 1), LW_INT32, LW_SHAPE (0), "[]");
  assert_is (lw_range (s, LW_INT32, 5, 5, 1), LW_INT32, LW_SHAPE (0), "[]");
  /* No error adds up along the way. */
  g_assert_cmpfloat (lw_tensor_get_value (lw_range (s, LW_FLOAT32, 0, 100, 0.1), 999), ==, (float) (999 * 0.1));
  test_end_well (s);
}

static void
test_range_errors (void)
{
  const struct {
    LwDType dtype;
    double  start, limit, delta;
    int     code;
  } bad[] = {
    { LW_INT32, 0, 5, 0, LW_ERROR_VALUE },         { LW_FLOAT32, 0, (double) INFINITY, 1, LW_ERROR_VALUE },
    { LW_FLOAT32, (double) NAN, 1, 1, LW_ERROR_VALUE }, { LW_INT32, 0, 5, 0.5, LW_ERROR_VALUE },
    { LW_INT32, 0.5, 5, 1, LW_ERROR_VALUE },       { LW_UINT8, 0, 257, 1, LW_ERROR_VALUE },
    { LW_UINT8, 3, -3, -1, LW_ERROR_VALUE },       { LW_INT32, 2147483640, 2147483650., 1, LW_ERROR_VALUE },
    { LW_FLOAT64, 0, 1e300, 1e-300, LW_ERROR_VALUE }, { LW_FLOAT32, 0, 1e15, 1, LW_ERROR_VALUE },
    { LW_BOOL, 0, 1, 1, LW_ERROR_DTYPE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      LwScope *s = lw_scope_begin (check_device ());

      g_assert_true (lw_range (s, bad[i].dtype, bad[i].start, bad[i].limit, bad[i].delta) == lw_scope_get_invalid (s));
      end_badly (s, bad[i].code, "range");
    }
}

/* -- random -- */

static void
test_random_uniform (void)
{
  LwRng     rng = lw_rng_new (42, 7), single = rng, again = rng;
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = lw_random_uniform (s, LW_FLOAT32, &LW_SHAPE (301, 100), 0, 1, &rng);
  double    sum = 0;

  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    {
      g_assert_cmpfloat (lw_tensor_get_floats (x)[i], ==, lw_rng_next_float (&single));
      sum += lw_tensor_get_value (x, i);
    }
  g_assert_cmpuint (rng.counter, ==, 30100);
  g_assert_cmpfloat_with_epsilon (sum / 30100, 0.5, 0.01);
  g_assert_true (lw_tensor_equal (x, lw_random_uniform (s, LW_FLOAT32, &LW_SHAPE (301, 100), 0, 1, &again)));
  g_assert_false (lw_tensor_equal (x, lw_random_uniform (s, LW_FLOAT32, &LW_SHAPE (301, 100), 0, 1, &again)));

  /* An odd start, in the middle of a block of four draws. */
  single = rng = lw_rng_new (1, 2);
  rng.counter = single.counter = 5;
  x = lw_random_uniform (s, LW_FLOAT64, &LW_SHAPE (1000), -3, 5, &rng);
  for (gsize i = 0; i < 1000; i++)
    g_assert_cmpfloat (lw_tensor_get_value (x, i), ==, -3 + 8 * lw_rng_next_double (&single));
  g_assert_cmpuint (rng.counter, ==, single.counter);

  /* Never the upper end, however little room there is; with none, the lower. */
  x = lw_random_uniform (s, LW_FLOAT32, &LW_SHAPE (1000), 1, 1 + 0x1p-23, &rng);
  for (gsize i = 0; i < 1000; i++)
    g_assert_cmpfloat (lw_tensor_get_value (x, i), ==, 1);
  test_assert_text (lw_random_uniform (s, LW_FLOAT64, &LW_SHAPE (2), 2, 2, &rng), "[2. 2.]");
  g_assert_cmpuint (lw_tensor_get_count (lw_random_uniform (s, LW_FLOAT64, &LW_SHAPE (0, 2), 0, 1, &rng)), ==, 0);
  test_end_well (s);
}

static void
test_random_normal (void)
{
  LwRng     rng = lw_rng_new (42, 7), single = rng;
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = lw_random_normal (s, LW_FLOAT64, &LW_SHAPE (40000), 0, 1, &rng);
  LwTensor *y;
  double    moment[5] = { 0 };

  for (gsize i = 0; i < 40000; i++)
    {
      double z = lw_tensor_get_value (x, i), want = lw_rng_next_normal (&single);

      g_assert_cmpfloat (fabs (z - want), <=, 2e-15 * (1 + fabs (want)));
      for (int k = 1; k < 5; k++)
        moment[k] += pow (z, k) / 40000;
    }
  g_assert_cmpuint (rng.counter, ==, single.counter);
  g_assert_cmpfloat_with_epsilon (moment[1], 0, 0.02);
  g_assert_cmpfloat_with_epsilon (moment[2], 1, 0.03);
  g_assert_cmpfloat_with_epsilon (moment[3], 0, 0.06);
  g_assert_cmpfloat_with_epsilon (moment[4], 3, 0.2);

  /* float32 is the float64 rounded, and these are its bits on every machine. */
  rng = lw_rng_new (42, 7);
  y = lw_random_normal (s, LW_FLOAT32, &LW_SHAPE (5000), 0, 1, &rng);
  for (gsize i = 0; i < 5000; i++)
    g_assert_cmpfloat (lw_tensor_get_floats (y)[i], ==, (float) lw_tensor_get_value (x, i));
  rng = lw_rng_new (42, 7);
  y = lw_random_normal (s, LW_FLOAT64, &LW_SHAPE (5000), -2, 0.5, &rng);
  for (gsize i = 0; i < 5000; i++)
    g_assert_cmpfloat (lw_tensor_get_value (y, i), ==, -2 + 0.5 * lw_tensor_get_value (x, i));
  test_assert_text (lw_random_normal (s, LW_FLOAT32, &LW_SHAPE (2), 3, 0, &rng), "[3. 3.]");
  test_end_well (s);
}

/* Whoever computes it. */
static void
test_random_threads (void)
{
  g_autoptr (LwDevice) alone = lw_device_new_single (check_device ());
  LwTensor            *kept[2];

  for (int i = 0; i < 2; i++)
    {
      LwScope *s = lw_scope_begin (i == 0 ? alone : check_device ());
      LwRng    rng = lw_rng_new (3, 4);

      kept[i] = lw_tensor_ref (lw_random_normal (s, LW_FLOAT32, &LW_SHAPE (70001), 0, 1, &rng));
      test_end_well (s);
    }
  g_assert_true (lw_tensor_equal (kept[0], kept[1]));
  lw_tensor_unref (kept[0]);
  lw_tensor_unref (kept[1]);
}

static void
test_random_errors (void)
{
  const double bad[][2] = { { 1, 0 }, { (double) NAN, 1 }, { 0, (double) INFINITY } };
  LwRng        rng = lw_rng_new (1, 1);
  LwScope     *s;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      s = lw_scope_begin (check_device ());
      lw_random_uniform (s, LW_FLOAT32, &LW_SHAPE (2), bad[i][0], bad[i][1], &rng);
      end_badly (s, LW_ERROR_VALUE, "random_uniform");
      s = lw_scope_begin (check_device ());
      lw_random_normal (s, LW_FLOAT32, &LW_SHAPE (2), bad[i][0], i == 0 ? -1 : bad[i][1], &rng);
      end_badly (s, LW_ERROR_VALUE, "random_normal");
    }
  s = lw_scope_begin (check_device ());
  lw_random_normal (s, LW_INT32, &LW_SHAPE (2), 0, 1, &rng);
  end_badly (s, LW_ERROR_DTYPE, "int32");
  s = lw_scope_begin (check_device ());
  lw_random_uniform (s, LW_FLOAT32, &LW_SHAPE (2), 0, 1e39, &rng);
  end_badly (s, LW_ERROR_VALUE, "random_uniform");
  s = lw_scope_begin (check_device ());
  lw_random_uniform (s, LW_FLOAT64, &LW_SHAPE (G_MAXINT32, G_MAXINT32, 9), 0, 1, &rng);
  end_badly (s, LW_ERROR_VALUE, "2147483647×2147483647×9");
  g_assert_cmpuint (rng.counter, ==, 0);
}

/* -- cast -- */

static void
test_cast_floats (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  double    values[] = { 1.9, -1.9, 300, -1e20, 1e20, (double) NAN, 0.4, (double) -INFINITY, -0.9, 2147483647.5 };
  LwTensor *x = LW_TENSOR (s, values);

  for (int single = 0; single < 2; single++)
    {
      LwTensor *y = single ? lw_cast (s, x, LW_FLOAT32) : x;

      test_assert_text (lw_cast (s, y, LW_INT32),
                   "[          1          -1         300 -2147483648  2147483647           0\n"
                   "           0 -2147483648           0  2147483647]");
      test_assert_text (lw_cast (s, y, LW_UINT8), "[  1   0 255   0 255   0   0   0   0 255]");
      test_assert_text (lw_cast (s, y, LW_BOOL), "[ True  True  True  True  True  True  True  True  True  True]");
      g_assert_cmpint (((const gint64 *) lw_tensor_get_data (lw_cast (s, y, LW_INT64)))[3], ==, G_MININT64);
      g_assert_cmpint (((const gint64 *) lw_tensor_get_data (lw_cast (s, y, LW_INT64)))[4], ==, G_MAXINT64);
      g_assert_cmpint (((const gint64 *) lw_tensor_get_data (lw_cast (s, y, LW_INT64)))[7], ==, G_MININT64);
    }
  g_assert_true (isinf (lw_tensor_get_value (lw_cast (s, LW_TENSOR (s, ((double[1]) { 1e300 })), LW_FLOAT32), 0)));
  /* Halfway to the next float32: to the even one. */
  g_assert_cmpfloat (lw_tensor_get_value (lw_cast (s, LW_TENSOR (s, ((double[1]) { 1 + 0x1p-24 })), LW_FLOAT32), 0), ==, 1);
  g_assert_cmpfloat (lw_tensor_get_value (lw_cast (s, LW_TENSOR (s, ((double[1]) { 1 + 0x3p-24 })), LW_FLOAT32), 0), ==,
                     1 + 0x1p-22);
  test_end_well (s);
}

static void
test_cast_integers (void)
{
  LwScope      *s = lw_scope_begin (check_device ());
  const gint64  wide[] = { 300, -1, G_MAXINT64, G_MININT64, 4294967298, -2147483649 };
  /* A little more than halfway between two float32: by way of float64 it would be a tie. */
  const gint64  twice = (G_GINT64_CONSTANT (1) << 60) + (G_GINT64_CONSTANT (1) << 36) + 1;
  const gint64  exact[] = { G_GINT64_CONSTANT (9007199254740993) };
  LwTensor     *x = LW_TENSOR (s, wide);

  test_assert_text (lw_cast (s, x, LW_INT32), "[       300         -1         -1          0          2 2147483647]");
  test_assert_text (lw_cast (s, x, LW_UINT8), "[ 44 255 255   0   2 255]");
  test_assert_text (lw_cast (s, x, LW_BOOL), "[ True  True  True  True  True  True]");
  test_assert_text (lw_cast (s, LW_TENSOR (s, ((int[3]) { -1, 256, 255 })), LW_UINT8), "[255   0 255]");
  test_assert_text (lw_cast (s, LW_TENSOR (s, ((int[3]) { -1, 256, 0 })), LW_INT64), "[ -1 256   0]");
  test_assert_text (lw_cast (s, LW_TENSOR (s, ((bool[2]) { 1, 0 })), LW_FLOAT32), "[1. 0.]");
  test_assert_text (lw_cast (s, LW_TENSOR (s, ((bool[2]) { 1, 0 })), LW_INT64), "[1 0]");
  g_assert_cmpfloat (lw_tensor_get_value (lw_cast (s, LW_TENSOR (s, twice), LW_FLOAT32), 0), ==, 0x1p60 + 0x1p37);
  g_assert_cmpfloat (lw_tensor_get_value (lw_cast (s, LW_TENSOR (s, exact), LW_FLOAT64), 0), ==, 9007199254740992.);
  test_end_well (s);
}

static void
test_cast_pairs (void)
{
  LwScope *s = lw_scope_begin (check_device ());

  for (LwDType from = 0; from < LW_N_DTYPES; from++)
    for (LwDType to = 0; to < LW_N_DTYPES; to++)
      for (gint64 n = 0; n < 70000; n = 40 * n + 1)
        {
          LwTensor *x = lw_fill (s, from, &LW_SHAPE (2, n), 7);
          LwTensor *y = lw_cast (s, x, to);

          g_assert_cmpint (lw_tensor_get_dtype (y), ==, to);
          g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), &LW_SHAPE (2, n)));
          for (gsize i = 0; i < lw_tensor_get_count (y); i++)
            g_assert_cmpfloat (lw_tensor_get_value (y, i), ==, from == LW_BOOL || to == LW_BOOL ? 1 : 7);
          if (from == to)
            g_assert_true (x == y);
        }
  test_end_well (s);
}

static LwTensor *
cast_there_and_back (LwScope *s, LwTensor *const *x, gpointer data)
{
  LwDType   dtype = lw_tensor_get_dtype (x[0]);
  LwTensor *y = lw_cast (s, lw_cast (s, x[0], dtype == LW_FLOAT32 ? LW_FLOAT64 : LW_FLOAT32), dtype);

  g_assert_cmpint (lw_tensor_get_dtype (y), ==, dtype);
  return lw_square (s, y);
}

static void
test_cast_gradient (void)
{
  LwTensor *x = check_random_tensor (LW_FLOAT64, &LW_SHAPE (3), -1, 1), *gx = NULL;
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, FALSE);

  /* float32 lies between, so that differences mean little: by the formula instead. */
  lw_tape_watch (tape, x);
  g_assert_true (lw_tape_gradient (tape, s, cast_there_and_back (s, &x, NULL), 1, &x, &gx, NULL));
  for (gsize i = 0; i < 3; i++)
    g_assert_cmpfloat (lw_tensor_get_value (gx, i), ==, 2 * lw_tensor_get_value (x, i));
  lw_tape_free (tape);
  tape = lw_tape_begin (s, FALSE);
  lw_tape_watch (tape, x);
  g_assert_true (lw_tape_gradient (tape, s, lw_cast (s, lw_cast (s, x, LW_INT32), LW_FLOAT64), 1, &x, &gx, NULL));
  g_assert_null (gx);
  lw_tape_free (tape);
  test_end_well (s);
  lw_tensor_unref (x);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (print_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/tensor/print/", print_cases[i].name, NULL);

      g_test_add_data_func (path, &print_cases[i], test_print);
    }
  g_test_add_func ("/tensor/literals", test_literals);
  g_test_add_func ("/tensor/names", test_names);
  g_test_add_func ("/tensor/fill", test_fill);
  g_test_add_func ("/tensor/range", test_range);
  g_test_add_func ("/tensor/range-errors", test_range_errors);
  g_test_add_func ("/tensor/random-uniform", test_random_uniform);
  g_test_add_func ("/tensor/random-normal", test_random_normal);
  g_test_add_func ("/tensor/random-threads", test_random_threads);
  g_test_add_func ("/tensor/random-errors", test_random_errors);
  g_test_add_func ("/tensor/cast-floats", test_cast_floats);
  g_test_add_func ("/tensor/cast-integers", test_cast_integers);
  g_test_add_func ("/tensor/cast-pairs", test_cast_pairs);
  g_test_add_func ("/tensor/cast-gradient", test_cast_gradient);
  result = g_test_run ();
  check_device_free ();
  return result;
}
