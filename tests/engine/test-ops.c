#include "gradient-check.h"
#include "scope-tools.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* What the ops compute beyond their gradients: values, dtypes, and what they say to bad arguments.
 */

static LwTensor *
zeros (LwScope *s, LwDType dtype, const LwShape *shape)
{
  return lw_fill (s, dtype, shape, 0);
}

/* -- values -- */

static void
test_constants (void)
{
  const gint32 data[] = { 1, -2, 3, 4, 5, 6 };
  LwScope     *s = lw_scope_begin (check_device ());

  test_assert_text (lw_constant (s, LW_INT32, &LW_SHAPE (2, 3), data), "[[ 1 -2  3]\n [ 4  5  6]]");
  test_assert_text (lw_constant_scalar (s, LW_FLOAT64, 0.1), "0.1");
  test_assert_text (lw_fill (s, LW_BOOL, &LW_SHAPE (2), 3), "[ True  True]");
  test_assert_text (lw_fill (s, LW_UINT8, &LW_SHAPE (2), 255), "[255 255]");
  /* A bool is 0 or 1, whatever the bytes were. */
  test_assert_text (lw_cast (s, lw_constant (s, LW_BOOL, &LW_SHAPE (3), "\2\0\1"), LW_INT32), "[1 0 1]");
  test_assert_text (lw_ones_like (s, lw_fill (s, LW_INT64, &LW_SHAPE (1, 2), 9)), "[[1 1]]");
  test_assert_text (lw_zeros_like (s, lw_fill (s, LW_FLOAT32, &LW_SHAPE (2), 9)), "[0. 0.]");
  g_assert_cmpuint (lw_tensor_get_count (lw_fill (s, LW_FLOAT32, &LW_SHAPE (0, 4), 1)), ==, 0);
  test_end_well (s);
}

static void
test_integers (void)
{
  const gint32 a[] = { G_MAXINT32, G_MININT32, 7, -7 }, b[] = { 1, -1, 2, 2 };
  const guint8 u[] = { 250, 3 }, v[] = { 10, 5 };
  LwScope     *s = lw_scope_begin (check_device ());
  LwTensor *x = lw_constant (s, LW_INT32, &LW_SHAPE (4), a),
           *y = lw_constant (s, LW_INT32, &LW_SHAPE (4), b);
  LwTensor *p = lw_constant (s, LW_UINT8, &LW_SHAPE (2), u),
           *q = lw_constant (s, LW_UINT8, &LW_SHAPE (2), v);

  test_assert_text (lw_add (s, x, y), "[-2147483648  2147483647           9          -5]");
  test_assert_text (lw_subtract (s, x, y), "[ 2147483646 -2147483647           5          -9]");
  test_assert_text (lw_multiply (s, x, y), "[ 2147483647 -2147483648          14         -14]");
  test_assert_text (lw_divide (s, x, y), "[ 2147483647 -2147483648           3          -3]");
  test_assert_text (lw_add (s, p, q), "[4 8]");
  test_assert_text (lw_subtract (s, p, q), "[240 254]");
  test_assert_text (lw_divide (s, p, q), "[25  0]");
  test_assert_text (lw_scale (s, y, -2), "[-2  2 -4 -4]");
  test_end_well (s);

  s = lw_scope_begin (check_device ());
  lw_divide (s, zeros (s, LW_INT64, &LW_SHAPE (2)), zeros (s, LW_INT64, &LW_SHAPE (2)));
  g_assert_error (lw_scope_get_error (s), LW_ERROR, LW_ERROR_VALUE);
  g_assert_false (lw_scope_end (s, NULL));

  /* A scalar takes the tensor's dtype: one that it cannot hold is no silent 0. */
  for (int i = 0; i < 2; i++)
    {
      s = lw_scope_begin (check_device ());
      if (i == 0)
        lw_scale (s, zeros (s, LW_INT32, &LW_SHAPE (2)), 0.5);
      else
        lw_negate (s, zeros (s, LW_UINT8, &LW_SHAPE (2)));
      g_assert_error (lw_scope_get_error (s), LW_ERROR, LW_ERROR_VALUE);
      g_assert_false (lw_scope_end (s, NULL));
    }
}

static void
test_float_division (void)
{
  LwScope *s = lw_scope_begin (check_device ());

  test_assert_text (lw_divide (s, test_floats (s, &LW_SHAPE (3), 1., -1., 0.), test_floats (s, &LW_SCALAR, 0.)),
               "[ inf -inf  nan]");
  test_end_well (s);
}

static void
test_cast (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = test_floats (s, &LW_SHAPE (8), 1.9, -1.9, 300., -1e20, 1e20, (double)NAN, 0.4,
                        (double)-INFINITY);
  double    wide[] = { 0x1p63, -0x1p63, 9.5e18, -9.5e18, 1e300 };

  test_assert_text (lw_cast (s, x, LW_INT32),
               "[          1          -1         300 -2147483648  2147483647           0\n"
               "           0 -2147483648]");
  test_assert_text (lw_cast (s, x, LW_INT64),
               "[                   1                   -1                  300\n"
               " -9223372036854775808  9223372036854775807                    0\n"
               "                    0 -9223372036854775808]");
  test_assert_text (lw_cast (s, x, LW_UINT8), "[  1   0 255   0 255   0   0   0]");
  test_assert_text (lw_cast (s, x, LW_BOOL), "[ True  True  True  True  True  True  True  True]");
  test_assert_text (lw_cast (s, lw_constant (s, LW_FLOAT64, &LW_SHAPE (5), wide), LW_INT64),
               "[ 9223372036854775807 -9223372036854775808  9223372036854775807\n"
               " -9223372036854775808  9223372036854775807]");
  test_assert_text (lw_cast (s, lw_constant_scalar (s, LW_FLOAT64, 1e300), LW_FLOAT32), "inf");
  g_assert_true (lw_cast (s, x, LW_FLOAT32) == x);

  for (LwDType from = 0; from < LW_N_DTYPES; from++)
    for (LwDType to = 0; to < LW_N_DTYPES; to++)
      {
        LwTensor *y = lw_cast (s, lw_fill (s, from, &LW_SHAPE (2, 1), 7), to);

        g_assert_cmpint (lw_tensor_get_dtype (y), ==, to);
        g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), &LW_SHAPE (2, 1)));
        for (gsize i = 0; i < 2; i++)
          g_assert_cmpfloat (lw_tensor_get_value (y, i), ==,
                             from == LW_BOOL || to == LW_BOOL ? 1 : 7);
        g_assert_cmpuint (lw_tensor_get_count (lw_cast (s, zeros (s, from, &LW_SHAPE (0, 3)), to)),
                          ==, 0);
      }
  test_end_well (s);
}

/* Every byte as float32: the data path's cast. */
static void
test_cast_bytes (void)
{
  LwScope *s = lw_scope_begin (check_device ());
  guint8   bytes[256];
  LwTensor *y;

  for (int i = 0; i < 256; i++)
    bytes[i] = (guint8) i;
  y = lw_cast (s, lw_constant (s, LW_UINT8, &LW_SHAPE (256), bytes), LW_FLOAT32);
  for (gsize i = 0; i < 256; i++)
    g_assert_cmpfloat (lw_tensor_get_floats (y)[i], ==, (float) i);
  test_end_well (s);
}

static void
test_layout (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = test_floats (s, &LW_SHAPE (2, 3), 1., 2., 3., 4., 5., 6.);
  LwTensor *y = lw_reshape (s, x, &LW_SHAPE (-1, 2));

  test_assert_text (y, "[[1. 2.]\n [3. 4.]\n [5. 6.]]");
  g_assert_true (lw_tensor_get_data (y) == lw_tensor_get_data (x));
  test_assert_text (lw_reshape (s, x, &LW_SHAPE (-1)), "[1. 2. 3. 4. 5. 6.]");
  test_assert_text (lw_reshape (s, lw_constant_scalar (s, LW_INT32, 3), &LW_SHAPE (1, 1)), "[[3]]");
  test_assert_text (lw_reshape (s, test_floats (s, &LW_SHAPE (1, 1), 2.), &LW_SCALAR), "2.0");
  test_assert_text (lw_transpose (s, x), "[[1. 4.]\n [2. 5.]\n [3. 6.]]");
  test_assert_text (lw_transpose (s, lw_cast (s, x, LW_FLOAT64)), "[[1. 4.]\n [2. 5.]\n [3. 6.]]");
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (
                                     lw_flatten (s, zeros (s, LW_FLOAT32, &LW_SHAPE (0, 2, 3)))),
                                 &LW_SHAPE (0, 6)));
  g_assert_true (
      lw_shape_equal (lw_tensor_get_shape (lw_flatten (s, zeros (s, LW_INT32, &LW_SHAPE (5)))),
                      &LW_SHAPE (5, 1)));
  g_assert_true (
      lw_shape_equal (lw_tensor_get_shape (lw_reshape (s, zeros (s, LW_FLOAT32, &LW_SHAPE (0, 3)),
                                                       &LW_SHAPE (-1, 3))),
                      &LW_SHAPE (0, 3)));
  test_end_well (s);
}

static void
test_reduce (void)
{
  const int one = 1, zero = 0;
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = test_floats (s, &LW_SHAPE (2, 3), 1., 2., 3., 4., 5., 9.);
  LwTensor *same = lw_fill (s, LW_FLOAT32, &LW_SHAPE (49), 0.1);

  test_assert_text (lw_reduce_sum (s, x, NULL, 0, FALSE), "24.0");
  test_assert_text (lw_reduce_sum (s, x, NULL, 0, TRUE), "[[24.]]");
  test_assert_text (lw_reduce_sum (s, x, &one, 1, FALSE), "[ 6. 18.]");
  test_assert_text (lw_reduce_mean (s, x, &zero, 1, TRUE), "[[2.5 3.5 6. ]]");
  test_assert_text (lw_reduce_max (s, x, &one, 1, FALSE), "[3. 9.]");
  test_assert_text (lw_reduce_mean (s, lw_fill (s, LW_FLOAT32, &LW_SHAPE (49), 1), NULL, 0, FALSE),
               "1.0");
  g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_reduce_mean (s, same, NULL, 0, FALSE), 0),
                                  0.1, 1e-7);
  test_assert_text (lw_reduce_max (s, test_floats (s, &LW_SHAPE (3), 1., (double)NAN, 2.), NULL, 0, FALSE),
               "nan");
  test_assert_text (lw_reduce_sum (s, zeros (s, LW_FLOAT32, &LW_SHAPE (0, 2)), &zero, 1, FALSE),
               "[0. 0.]");
  test_assert_text (lw_reduce_mean (s, zeros (s, LW_FLOAT32, &LW_SHAPE (0)), NULL, 0, FALSE), "nan");
  test_assert_text (lw_reduce_max (s, zeros (s, LW_FLOAT64, &LW_SHAPE (0)), NULL, 0, FALSE), "-inf");
  test_end_well (s);
}

/* Equal maxima share the gradient. */
static void
test_reduce_max_ties (void)
{
  const int one = 1;
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = test_floats (s, &LW_SHAPE (2, 3), 5., 1., 5., 2., 2., 2.);
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *grad;

  lw_tape_watch (tape, x);
  g_assert_true (
      lw_tape_gradient (tape, s, lw_reduce_max (s, x, &one, 1, FALSE), 1, &x, &grad, NULL));
  check_close ("ties", grad, test_floats (s, &LW_SHAPE (2, 3), .5, 0., .5, 1 / 3., 1 / 3., 1 / 3.),
               1e-6);
  lw_tape_free (tape);
  test_end_well (s);
}

static void
test_argmax (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *x = test_floats (s, &LW_SHAPE (3, 3), 1., 3., 3., -5., -7., -6., 0., 0., 1.);

  test_assert_text (lw_argmax (s, x), "[1 0 2]");
  test_assert_text (lw_argmax (s, lw_cast (s, x, LW_INT32)), "[1 0 2]");
  test_assert_text (lw_argmax (s, test_floats (s, &LW_SHAPE (4), 1., 2., 8., 4.)), "2");
  g_assert_cmpint (lw_tensor_get_dtype (lw_argmax (s, x)), ==, LW_INT64);
  g_assert_cmpuint (lw_tensor_get_count (lw_argmax (s, zeros (s, LW_FLOAT32, &LW_SHAPE (0, 3)))),
                    ==, 0);
  test_end_well (s);
}

/* Inner size 0: sums of nothing. */
static void
test_empty_products (void)
{
  LwScope *s = lw_scope_begin (check_device ());

  for (LwDType dtype = LW_FLOAT32; dtype <= LW_FLOAT64; dtype++)
    {
      LwTensor *bias = lw_fill (s, dtype, &LW_SHAPE (2), 3);

      test_assert_text (lw_matmul (s, zeros (s, dtype, &LW_SHAPE (2, 0)),
                              zeros (s, dtype, &LW_SHAPE (0, 3)), FALSE, FALSE),
                   "[[0. 0. 0.]\n [0. 0. 0.]]");
      test_assert_text (lw_dense (s, zeros (s, dtype, &LW_SHAPE (2, 0)),
                             zeros (s, dtype, &LW_SHAPE (0, 2)), bias, LW_ACTIVATION_LINEAR),
                   "[[3. 3.]\n [3. 3.]]");
      g_assert_cmpuint (lw_tensor_get_count (lw_matmul (s, zeros (s, dtype, &LW_SHAPE (0, 4)),
                                                        zeros (s, dtype, &LW_SHAPE (4, 3)), FALSE,
                                                        FALSE)),
                        ==, 0);
    }
  test_end_well (s);
}

/* Images without channels have nothing to go through, whatever their size says. */
static void
test_pooling_without_channels (void)
{
  const LwPooling pooling = { { 2, 2 }, { 1, 1 }, LW_PADDING_SAME };
  const LwShape   large = LW_SHAPE (1 << 10, 1 << 15, 1 << 15, 0);
  const LwShape   many = LW_SHAPE (G_MAXINT32, 4, 4, 0);

  for (LwDType dtype = LW_FLOAT32; dtype <= LW_FLOAT64; dtype++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTape   *tape = lw_tape_begin (s, FALSE);
      LwTensor *sources[] = { zeros (s, dtype, &large), zeros (s, dtype, &many) };
      LwTensor *targets[5], *grads[2];
      GError   *error = NULL;

      lw_tape_watch (tape, sources[0]);
      lw_tape_watch (tape, sources[1]);
      targets[0] = lw_max_pool2d (s, sources[0], &pooling);
      targets[1] = lw_average_pool2d (s, sources[0], &pooling);
      targets[2] = lw_max_pool2d (s, sources[1], &pooling);
      targets[3] = lw_global_average_pool2d (s, sources[1], FALSE);
      targets[4] = lw_global_max_pool2d (s, sources[1], FALSE);
      g_assert_true (lw_shape_equal (lw_tensor_get_shape (targets[1]), &large));
      g_assert_true (lw_shape_equal (lw_tensor_get_shape (targets[2]), &many));
      g_assert_true (lw_shape_equal (lw_tensor_get_shape (targets[3]), &LW_SHAPE (G_MAXINT32, 0)));
      lw_tape_gradient_with (tape, s, 5, targets, 2, sources, NULL, grads, &error);
      g_assert_no_error (error);
      g_assert_true (lw_shape_equal (lw_tensor_get_shape (grads[0]), &large));
      lw_tape_free (tape);
      test_end_well (s);

      /* A side that no int holds is an error, not another side. */
      s = lw_scope_begin (check_device ());
      lw_max_pool2d (s, zeros (s, dtype, &LW_SHAPE (1, G_GINT64_CONSTANT (1) << 33, 2, 0)), &pooling);
      g_assert_false (lw_scope_end (s, &error));
      g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
      g_error_free (error);
    }
}

/* A batch of no images goes through everything, forwards and backwards. */
static void
test_empty_batch (void)
{
  const LwConv2d  conv = { { 1, 1 }, LW_PADDING_SAME, { 1, 1 } };
  const LwPooling pooling = { { 2, 2 }, { 2, 2 }, LW_PADDING_VALID };

  for (LwDType dtype = LW_FLOAT32; dtype <= LW_FLOAT64; dtype++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTape   *tape = lw_tape_begin (s, FALSE);
      LwRng     rng = lw_rng_new (1, LW_STREAM_DROPOUT);
      LwTensor *sources[]
          = { zeros (s, dtype, &LW_SHAPE (0, 4, 4, 3)),
              lw_fill (s, dtype, &LW_SHAPE (3, 3, 3, 6), 1), lw_fill (s, dtype, &LW_SHAPE (6), 1),
              lw_fill (s, dtype, &LW_SHAPE (24, 5), 1), lw_fill (s, dtype, &LW_SHAPE (5), 1) };
      LwTensor *grads[5], *y, *z;
      GError   *error = NULL;

      for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
        lw_tape_watch (tape, sources[i]);
      y = lw_conv2d (s, sources[0], sources[1], sources[2], &conv, LW_ACTIVATION_RELU);
      z = lw_average_pool2d (s, y, &pooling);
      y = lw_max_pool2d (s, y, &pooling);
      y = lw_dropout (s, lw_add (s, y, z), 0.5, &rng);
      g_assert_true (lw_shape_equal (lw_tensor_get_shape (lw_global_average_pool2d (s, y, FALSE)),
                                     &LW_SHAPE (0, 6)));
      y = lw_dense (s, lw_flatten (s, y), sources[3], sources[4], LW_ACTIVATION_RELU);
      y = lw_sigmoid (s, lw_tanh (s, lw_softmax (s, y)));
      g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), &LW_SHAPE (0, 5)));
      lw_tape_gradient (tape, s, y, 5, sources, grads, &error);
      g_assert_no_error (error);
      for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
        check_close ("empty batch", grads[i], lw_zeros_like (s, sources[i]), 0);
      lw_tape_free (tape);
      test_end_well (s);
    }
}

/* From probabilities, Keras normalises rows, then clips: 0 costs -log 1e-7, and no gradient passes.
 */
static void
test_probabilities (void)
{
  const gint32 data[] = { 0, 1 };

  for (LwDType dtype = LW_FLOAT32; dtype <= LW_FLOAT64; dtype++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTape   *tape = lw_tape_begin (s, FALSE);
      LwTensor *labels = lw_constant (s, LW_INT32, &LW_SHAPE (2), data);
      LwTensor *p = lw_cast (s, test_floats (s, &LW_SHAPE (2, 2), 0., 1., 1., 3.), dtype);
      LwTensor *loss, *grad;

      lw_tape_watch (tape, p);
      loss = lw_sparse_categorical_crossentropy (s, labels, p, FALSE);
      g_assert_cmpint (lw_tensor_get_rank (loss), ==, 0);
      g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (loss, 0), (-log (1e-7) - log (0.75)) / 2,
                                      1e-5);
      g_assert_true (lw_tape_gradient (tape, s, loss, 1, &p, &grad, NULL));
      /* d -log (p1 / (p0 + p1)) = 1 / S, 1 / S - 1 / p1; halved by the mean. */
      check_close ("clip", grad,
                   lw_cast (s, test_floats (s, &LW_SHAPE (2, 2), 0., 0., 0.125, (0.25 - 1 / 3.) / 2),
                            dtype),
                   1e-6);
      lw_tape_free (tape);
      test_end_well (s);
    }
}

/* Logits far apart: finite where exp would not be. */
static void
test_extreme_logits (void)
{
  const gint64 label = 1;

  for (LwDType dtype = LW_FLOAT32; dtype <= LW_FLOAT64; dtype++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTape   *tape = lw_tape_begin (s, FALSE);
      LwTensor *x = lw_cast (s, test_floats (s, &LW_SHAPE (1, 3), 1000., 0., -1000.), dtype);
      LwTensor *loss, *grad;

      lw_tape_watch (tape, x);
      loss
          = lw_sparse_categorical_crossentropy (s, lw_constant (s, LW_INT64, &LW_SHAPE (1), &label),
                                                x, TRUE);
      g_assert_cmpfloat (lw_tensor_get_value (loss, 0), ==, 1000);
      g_assert_true (lw_tape_gradient (tape, s, loss, 1, &x, &grad, NULL));
      test_assert_text (grad, "[[ 1. -1.  0.]]");
      test_assert_text (lw_softmax (s, x), "[[1. 0. 0.]]");
      test_assert_text (lw_sigmoid (s, x), "[[1.  0.5 0. ]]");
      test_assert_text (lw_tanh (s, x), "[[ 1.  0. -1.]]");
      lw_tape_free (tape);
      test_end_well (s);
    }
}

static void
test_window_output (void)
{
  gint64 pad;

  g_assert_cmpint (lw_window_output (28, 3, 1, 1, LW_PADDING_VALID, &pad), ==, 26);
  g_assert_cmpint (pad, ==, 0);
  g_assert_cmpint (lw_window_output (28, 3, 1, 1, LW_PADDING_SAME, &pad), ==, 28);
  g_assert_cmpint (pad, ==, 1);
  g_assert_cmpint (lw_window_output (28, 3, 2, 1, LW_PADDING_SAME, &pad), ==, 14);
  g_assert_cmpint (pad, ==, 0); /* one in all, the smaller half before */
  g_assert_cmpint (lw_window_output (7, 3, 2, 2, LW_PADDING_VALID, &pad), ==, 2);
  g_assert_cmpint (lw_window_output (2, 3, 1, 1, LW_PADDING_VALID, &pad), <, 1);
  g_assert_cmpint (lw_window_output (2, 3, 5, 1, LW_PADDING_SAME, &pad), ==, 1);
}

/* -- dropout -- */

static LwTensor *
drop (LwDevice *device, LwDType dtype, gsize n, double rate, LwRng *rng)
{
  LwScope  *s = lw_scope_begin (device);
  LwTensor *y
      = lw_tensor_ref (lw_dropout (s, lw_fill (s, dtype, &LW_SHAPE ((gint64)n), 1), rate, rng));

  test_end_well (s);
  return y;
}

static void
test_dropout_rate (void)
{
  const gsize     n = 200000;
  const double    rates[] = { 0, 0.1, 0.5, 0.9 };
  LwRng           rng = lw_rng_new (3, LW_STREAM_DROPOUT);

  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      g_autoptr (LwTensor) y = drop (check_device (), LW_FLOAT32, n, rates[i], &rng);
      gsize                kept = 0;

      for (gsize e = 0; e < n; e++)
        {
          float value = lw_tensor_get_floats (y)[e];

          kept += value != 0;
          g_assert_true (value == 0 || value == (float) (1 / (1 - rates[i])));
        }
      /* Five standard deviations of a binomial. */
      g_assert_cmpfloat_with_epsilon ((double) kept / (double) n, 1 - rates[i],
                                      5 * sqrt (rates[i] * (1 - rates[i]) / (double) n) + 1e-12);
      g_assert_cmpuint (rng.counter, ==, (i + 1) * n);
    }
}

/* The same elements go for any number of threads and in both dtypes; the generator moves on. */
static void
test_dropout_bits (void)
{
  const gsize sizes[] = { 1, 5, 16384, 100003 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      LwRng start = lw_rng_new (G_GUINT64_CONSTANT (0x123456789abcdef), LW_STREAM_DROPOUT + 2);
      LwRng                rng = start;
      g_autoptr (LwTensor) want = drop (check_device (), LW_FLOAT64, sizes[i], 0.4, &rng);
      g_autoptr (LwTensor) next = drop (check_device (), LW_FLOAT64, sizes[i], 0.4, &rng);
      const guint64        after = rng.counter;

      if (sizes[i] > 100)
        g_assert_false (lw_tensor_equal (want, next));
      for (int threads = 1; threads <= 8; threads++)
        {
          g_autoptr (LwDevice) device = lw_device_new (threads, 0, NULL);
          g_autoptr (LwTensor) y = NULL, z = NULL;

          rng = start;
          y = drop (device, LW_FLOAT32, sizes[i], 0.4, &rng);
          z = drop (device, LW_FLOAT32, sizes[i], 0.4, &rng);
          check_close ("dropout", y, want, 1e-7);
          check_close ("dropout again", z, next, 1e-7);
          g_assert_cmpuint (rng.counter, ==, after);
        }
    }
}

/* -- errors -- */

/* Each of these is wrong in one way. */
typedef struct {
  const char *name;
  LwTensor *(*call) (LwScope *s);
  LwError     code;
  const char *says[3];
} BadCall;

#define BAD(NAME, EXPRESSION)                                                                      \
  static LwTensor *NAME (LwScope *s)                                                               \
  {                                                                                                \
    return EXPRESSION;                                                                             \
  }
#define Z(...) zeros (s, LW_FLOAT32, &LW_SHAPE (__VA_ARGS__))
#define Z64(...) zeros (s, LW_FLOAT64, &LW_SHAPE (__VA_ARGS__))
#define I(...) zeros (s, LW_INT32, &LW_SHAPE (__VA_ARGS__))
#define CONV(...) (&(LwConv2d) { __VA_ARGS__ })
#define POOL(...) (&(LwPooling) { __VA_ARGS__ })
#define AXES(...) (const int[]) { __VA_ARGS__ }
#define ONES { 1, 1 }

BAD (add_shapes, lw_add (s, Z (2, 3), Z (4)))
BAD (subtract_shapes, lw_subtract (s, Z (2, 3), Z (2)))
BAD (multiply_shapes, lw_multiply (s, Z (2, 3), Z (3, 2)))
BAD (divide_shapes, lw_divide (s, Z (5), Z (6)))
BAD (add_dtypes, lw_add (s, Z (2), I (2)))
BAD (subtract_dtypes, lw_subtract (s, Z (2), Z64 (2)))
BAD (multiply_bool,
     lw_multiply (s, zeros (s, LW_BOOL, &LW_SHAPE (2)), zeros (s, LW_BOOL, &LW_SHAPE (2))))
BAD (exp_int, lw_exp (s, I (2)))
BAD (log_int, lw_log (s, I (2)))
BAD (relu_int, lw_relu (s, I (2)))
BAD (sigmoid_int, lw_sigmoid (s, I (2)))
BAD (tanh_int, lw_tanh (s, I (2)))
BAD (softmax_int, lw_softmax (s, I (2)))
BAD (softmax_scalar, lw_softmax (s, lw_constant_scalar (s, LW_FLOAT32, 1)))
BAD (softmax_empty_rows, lw_softmax (s, Z (3, 0)))
BAD (reshape_count, lw_reshape (s, Z (2, 3), &LW_SHAPE (4, 2)))
BAD (reshape_open, lw_reshape (s, Z (2, 3), &LW_SHAPE (-1, 4)))
BAD (reshape_two_open, lw_reshape (s, Z (2, 3), &LW_SHAPE (-1, -1)))
BAD (reshape_negative, lw_reshape (s, Z (2, 3), &LW_SHAPE (-2, -3)))
BAD (reshape_empty, lw_reshape (s, Z (0), &LW_SHAPE (-1, 0)))
BAD (flatten_scalar, lw_flatten (s, lw_constant_scalar (s, LW_FLOAT32, 1)))
BAD (transpose_rank, lw_transpose (s, Z (2, 3, 4)))
BAD (fill_unknown, lw_fill (s, LW_FLOAT32, &LW_SHAPE (LW_DIM_ANY, 2), 0))
BAD (fill_huge, lw_fill (s, LW_FLOAT32, &LW_SHAPE (G_MAXINT64, 2), 0))
BAD (sum_axis, lw_reduce_sum (s, Z (2, 3), AXES (2), 1, FALSE))
BAD (mean_axis, lw_reduce_mean (s, Z (2, 3), AXES (0, -3), 2, FALSE))
BAD (max_int, lw_reduce_max (s, I (2, 3), NULL, 0, FALSE))
BAD (sum_scalar_axis, lw_reduce_sum (s, lw_constant_scalar (s, LW_FLOAT32, 1), AXES (0), 1, FALSE))
BAD (argmax_scalar, lw_argmax (s, lw_constant_scalar (s, LW_FLOAT32, 1)))
BAD (argmax_empty, lw_argmax (s, Z (3, 0)))
BAD (matmul_inner, lw_matmul (s, Z (2, 3), Z (4, 5), FALSE, FALSE))
BAD (matmul_transposed, lw_matmul (s, Z (2, 3), Z (3, 5), TRUE, FALSE))
BAD (matmul_rank, lw_matmul (s, Z (2, 3), Z (3), FALSE, FALSE))
BAD (matmul_dtype, lw_matmul (s, Z (2, 3), Z64 (3, 2), FALSE, FALSE))
BAD (matmul_int, lw_matmul (s, I (2, 3), I (3, 2), FALSE, FALSE))
BAD (dense_inner, lw_dense (s, Z (2, 3), Z (4, 5), NULL, LW_ACTIVATION_RELU))
BAD (dense_bias, lw_dense (s, Z (2, 3), Z (3, 5), Z (4), LW_ACTIVATION_RELU))
BAD (dense_rank, lw_dense (s, Z (3), Z (3, 5), NULL, LW_ACTIVATION_RELU))
BAD (dense_dtype, lw_dense (s, Z (2, 3), Z64 (3, 5), NULL, LW_ACTIVATION_RELU))
BAD (conv_channels,
     lw_conv2d (s, Z (1, 5, 5, 3), Z (3, 3, 1, 8), NULL, CONV (ONES, LW_PADDING_VALID, ONES), 0))
BAD (conv_rank,
     lw_conv2d (s, Z (5, 5, 3), Z (3, 3, 3, 8), NULL, CONV (ONES, LW_PADDING_VALID, ONES), 0))
BAD (conv_bias,
     lw_conv2d (s, Z (1, 5, 5, 3), Z (3, 3, 3, 8), Z (3), CONV (ONES, LW_PADDING_VALID, ONES), 0))
BAD (conv_large,
     lw_conv2d (s, Z (1, 2, 5, 3), Z (3, 3, 3, 8), NULL, CONV (ONES, LW_PADDING_VALID, ONES), 0))
BAD (
    conv_dilated,
    lw_conv2d (s, Z (1, 5, 5, 3), Z (3, 3, 3, 8), NULL, CONV (ONES, LW_PADDING_VALID, { 3, 1 }), 0))
BAD (
    conv_stride,
    lw_conv2d (s, Z (1, 5, 5, 3), Z (3, 3, 3, 8), NULL, CONV ({ 0, 1 }, LW_PADDING_VALID, ONES), 0))
BAD (
    conv_dilation,
    lw_conv2d (s, Z (1, 5, 5, 3), Z (3, 3, 3, 8), NULL, CONV (ONES, LW_PADDING_SAME, { 1, -1 }), 0))
BAD (conv_wide, lw_conv2d (s, Z (1, 5, 5, 3), Z (3, 3, 3, 8), NULL,
                           CONV (ONES, LW_PADDING_SAME, { G_MAXINT, G_MAXINT }), 0))
BAD (conv_no_filters,
     lw_conv2d (s, Z (1, 5, 5, 3), Z (3, 3, 3, 0), NULL, CONV (ONES, LW_PADDING_VALID, ONES), 0))
BAD (conv_no_pixels,
     lw_conv2d (s, Z (1, 0, 5, 3), Z (3, 3, 3, 2), NULL, CONV (ONES, LW_PADDING_SAME, ONES), 0))
BAD (conv_dtype,
     lw_conv2d (s, Z64 (1, 5, 5, 3), Z (3, 3, 3, 8), NULL, CONV (ONES, LW_PADDING_VALID, ONES), 0))
BAD (conv_int,
     lw_conv2d (s, I (1, 5, 5, 3), I (3, 3, 3, 8), NULL, CONV (ONES, LW_PADDING_VALID, ONES), 0))
BAD (max_pool_rank, lw_max_pool2d (s, Z (5, 5, 3), POOL ({ 2, 2 }, { 2, 2 }, LW_PADDING_VALID)))
BAD (max_pool_large, lw_max_pool2d (s, Z (1, 5, 5, 3), POOL ({ 6, 2 }, { 2, 2 }, LW_PADDING_VALID)))
BAD (max_pool_window,
     lw_max_pool2d (s, Z (1, 5, 5, 3), POOL ({ 0, 2 }, { 2, 2 }, LW_PADDING_VALID)))
BAD (max_pool_huge,
     lw_max_pool2d (s, Z (1, 5, 5, 3), POOL ({ 65536, 65536 }, { 2, 2 }, LW_PADDING_SAME)))
BAD (average_pool_stride,
     lw_average_pool2d (s, Z (1, 5, 5, 3), POOL ({ 2, 2 }, { 2, 0 }, LW_PADDING_VALID)))
BAD (average_pool_int,
     lw_average_pool2d (s, I (1, 5, 5, 3), POOL ({ 2, 2 }, { 2, 2 }, LW_PADDING_VALID)))
BAD (average_pool_no_pixels,
     lw_average_pool2d (s, Z (1, 5, 0, 3), POOL ({ 2, 2 }, { 2, 2 }, LW_PADDING_SAME)))
BAD (global_rank, lw_global_average_pool2d (s, Z (5, 3), FALSE))
BAD (global_no_pixels, lw_global_average_pool2d (s, Z (2, 0, 5, 3), FALSE))
BAD (dropout_rate, lw_dropout (s, Z (3), 1, &(LwRng) { 1, 1, 0 }))
BAD (dropout_nan, lw_dropout (s, Z (3), (double) NAN, &(LwRng) { 1, 1, 0 }))
BAD (dropout_negative, lw_dropout (s, Z (3), -0.1, &(LwRng) { 1, 1, 0 }))
BAD (dropout_int, lw_dropout (s, I (3), 0.1, &(LwRng) { 1, 1, 0 }))
BAD (loss_rows, lw_sparse_categorical_crossentropy (s, I (4), Z (3, 10), TRUE))
BAD (loss_rank, lw_sparse_categorical_crossentropy (s, I (3), Z (3, 10, 2), TRUE))
BAD (loss_float_labels, lw_sparse_categorical_crossentropy (s, Z (3), Z (3, 10), TRUE))
BAD (loss_int_scores, lw_sparse_categorical_crossentropy (s, I (3), I (3, 10), TRUE))
BAD (loss_empty, lw_sparse_categorical_crossentropy (s, I (0), Z (0, 10), TRUE))
BAD (loss_label,
     lw_sparse_categorical_crossentropy (
         s, lw_fill (s, LW_INT64, &LW_SHAPE (3), 10), Z (3, 10), TRUE))
BAD (loss_negative,
     lw_sparse_categorical_crossentropy (
         s, lw_fill (s, LW_INT32, &LW_SHAPE (3), -1), Z (3, 10), FALSE))
BAD (loss_wide,
     lw_sparse_categorical_crossentropy (
         s, lw_fill (s, LW_INT64, &LW_SHAPE (3), 0x1p32), Z (3, 10), TRUE))

static LwTensor *
assert_shape (LwScope *s)
{
  lw_assert_shape (s, Z (32, 9), &LW_SHAPE (32, 10));
  return lw_scope_get_invalid (s);
}

static const BadCall bad_calls[] = {
  { "add", add_shapes, LW_ERROR_SHAPE, { "add", "2×3", "4" } },
  { "subtract", subtract_shapes, LW_ERROR_SHAPE, { "subtract", "2×3", "2:" } },
  { "multiply", multiply_shapes, LW_ERROR_SHAPE, { "multiply", "2×3", "3×2" } },
  { "divide", divide_shapes, LW_ERROR_SHAPE, { "divide", "5", "6" } },
  { "add dtypes", add_dtypes, LW_ERROR_DTYPE, { "add", "float32", "int32" } },
  { "subtract dtypes", subtract_dtypes, LW_ERROR_DTYPE, { "subtract", "float32", "float64" } },
  { "multiply bool", multiply_bool, LW_ERROR_DTYPE, { "multiply", "bool" } },
  { "exp", exp_int, LW_ERROR_DTYPE, { "exp", "int32" } },
  { "log", log_int, LW_ERROR_DTYPE, { "log", "int32" } },
  { "relu", relu_int, LW_ERROR_DTYPE, { "relu", "int32" } },
  { "sigmoid", sigmoid_int, LW_ERROR_DTYPE, { "sigmoid", "int32" } },
  { "tanh", tanh_int, LW_ERROR_DTYPE, { "tanh", "int32" } },
  { "softmax", softmax_int, LW_ERROR_DTYPE, { "softmax", "int32" } },
  { "softmax of a scalar", softmax_scalar, LW_ERROR_SHAPE, { "softmax", "scalar" } },
  { "softmax of nothing", softmax_empty_rows, LW_ERROR_SHAPE, { "softmax", "3×0" } },
  { "reshape", reshape_count, LW_ERROR_SHAPE, { "reshape", "2×3", "4×2" } },
  { "reshape -1", reshape_open, LW_ERROR_SHAPE, { "reshape", "2×3", "None×4" } },
  { "reshape -1 -1", reshape_two_open, LW_ERROR_SHAPE, { "reshape", "2×3" } },
  { "reshape negative", reshape_negative, LW_ERROR_SHAPE, { "reshape", "2×3" } },
  { "reshape empty", reshape_empty, LW_ERROR_SHAPE, { "reshape", "None×0" } },
  { "flatten", flatten_scalar, LW_ERROR_SHAPE, { "flatten", "scalar" } },
  { "transpose", transpose_rank, LW_ERROR_SHAPE, { "transpose", "2×3×4" } },
  { "fill unknown", fill_unknown, LW_ERROR_VALUE, { "None×2" } },
  { "fill huge", fill_huge, LW_ERROR_VALUE, { "2^40" } },
  { "reduce_sum", sum_axis, LW_ERROR_SHAPE, { "reduce_sum", "axis 2", "2×3" } },
  { "reduce_mean", mean_axis, LW_ERROR_SHAPE, { "reduce_mean", "axis -3", "2×3" } },
  { "reduce_max", max_int, LW_ERROR_DTYPE, { "reduce_max", "int32" } },
  { "reduce_sum of a scalar",
    sum_scalar_axis,
    LW_ERROR_SHAPE,
    { "reduce_sum", "axis 0", "scalar" } },
  { "argmax of a scalar", argmax_scalar, LW_ERROR_SHAPE, { "argmax", "scalar" } },
  { "argmax of nothing", argmax_empty, LW_ERROR_SHAPE, { "argmax", "3×0" } },
  { "matmul", matmul_inner, LW_ERROR_SHAPE, { "matmul", "2×3", "4×5" } },
  { "matmul transposed", matmul_transposed, LW_ERROR_SHAPE, { "matmul", "2×3 transposed", "3×5" } },
  { "matmul rank", matmul_rank, LW_ERROR_SHAPE, { "matmul", "shape 3" } },
  { "matmul dtypes", matmul_dtype, LW_ERROR_DTYPE, { "matmul", "float32", "float64" } },
  { "matmul int", matmul_int, LW_ERROR_DTYPE, { "matmul", "int32" } },
  { "dense", dense_inner, LW_ERROR_SHAPE, { "dense", "2×3", "4×5" } },
  { "dense bias", dense_bias, LW_ERROR_SHAPE, { "dense", "3×5", "not 4" } },
  { "dense rank", dense_rank, LW_ERROR_SHAPE, { "dense", "3×5", "shape 3" } },
  { "dense dtypes", dense_dtype, LW_ERROR_DTYPE, { "dense", "float32", "float64" } },
  { "conv2d channels", conv_channels, LW_ERROR_SHAPE, { "conv2d", "3×3×1×8", "1×5×5×3" } },
  { "conv2d rank", conv_rank, LW_ERROR_SHAPE, { "conv2d", "3×3×3×8", "5×5×3" } },
  { "conv2d bias", conv_bias, LW_ERROR_SHAPE, { "conv2d", "3×3×3×8", "not 3" } },
  { "conv2d large", conv_large, LW_ERROR_SHAPE, { "conv2d", "3×3×3×8", "1×2×5×3" } },
  { "conv2d dilated", conv_dilated, LW_ERROR_SHAPE, { "conv2d", "3×3×3×8", "1×5×5×3" } },
  { "conv2d strides", conv_stride, LW_ERROR_VALUE, { "conv2d", "strides" } },
  { "conv2d dilation", conv_dilation, LW_ERROR_VALUE, { "conv2d", "dilation" } },
  { "conv2d wide", conv_wide, LW_ERROR_SHAPE, { "conv2d", "3×3×3×8", "1×5×5×3" } },
  { "conv2d without filters", conv_no_filters, LW_ERROR_SHAPE, { "conv2d", "at least 1", "3×3×3×0" } },
  { "conv2d without pixels", conv_no_pixels, LW_ERROR_SHAPE, { "conv2d", "at least 1", "1×0×5×3" } },
  { "conv2d dtypes", conv_dtype, LW_ERROR_DTYPE, { "conv2d", "float64", "float32" } },
  { "conv2d int", conv_int, LW_ERROR_DTYPE, { "conv2d", "int32" } },
  { "max_pool2d rank", max_pool_rank, LW_ERROR_SHAPE, { "max_pool2d", "5×5×3" } },
  { "max_pool2d large", max_pool_large, LW_ERROR_SHAPE, { "max_pool2d", "6×2", "1×5×5×3" } },
  { "max_pool2d window", max_pool_window, LW_ERROR_VALUE, { "max_pool2d", "window" } },
  { "max_pool2d huge", max_pool_huge, LW_ERROR_VALUE, { "max_pool2d", "65536×65536" } },
  { "average_pool2d strides",
    average_pool_stride,
    LW_ERROR_VALUE,
    { "average_pool2d", "strides" } },
  { "average_pool2d int", average_pool_int, LW_ERROR_DTYPE, { "average_pool2d", "int32" } },
  { "average_pool2d without pixels",
    average_pool_no_pixels,
    LW_ERROR_SHAPE,
    { "average_pool2d", "1×5×0×3" } },
  { "global_average_pool2d", global_rank, LW_ERROR_SHAPE, { "global_average_pool2d", "5×3" } },
  { "global_average_pool2d of nothing",
    global_no_pixels,
    LW_ERROR_SHAPE,
    { "global_average_pool2d", "2×0×5×3" } },
  { "dropout 1", dropout_rate, LW_ERROR_VALUE, { "dropout", "not 1" } },
  { "dropout nan", dropout_nan, LW_ERROR_VALUE, { "dropout", "nan" } },
  { "dropout negative", dropout_negative, LW_ERROR_VALUE, { "dropout", "-0.1" } },
  { "dropout int", dropout_int, LW_ERROR_DTYPE, { "dropout", "int32" } },
  { "loss rows",
    loss_rows,
    LW_ERROR_SHAPE,
    { "sparse_categorical_crossentropy", "shape 4", "3×10" } },
  { "loss rank", loss_rank, LW_ERROR_SHAPE, { "sparse_categorical_crossentropy", "3×10×2" } },
  { "loss of float labels",
    loss_float_labels,
    LW_ERROR_DTYPE,
    { "sparse_categorical_crossentropy", "float32" } },
  { "loss of integer scores",
    loss_int_scores,
    LW_ERROR_DTYPE,
    { "sparse_categorical_crossentropy", "int32" } },
  { "loss of nothing", loss_empty, LW_ERROR_SHAPE, { "sparse_categorical_crossentropy", "0×10" } },
  { "label", loss_label, LW_ERROR_VALUE, { "10", "0 to 9" } },
  { "negative label", loss_negative, LW_ERROR_VALUE, { "-1", "0 to 9" } },
  { "wide label", loss_wide, LW_ERROR_VALUE, { "0 to 9" } },
  { "assert_shape", assert_shape, LW_ERROR_SHAPE, { "32×9", "32×10" } },
};

static void
test_bad_calls (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad_calls); i++)
    {
      const BadCall *bad = &bad_calls[i];
      LwScope       *s = lw_scope_begin (check_device ());
      GError        *error = NULL;

      if (bad->call (s) != lw_scope_get_invalid (s))
        g_error ("%s is taken", bad->name);
      g_assert_true (lw_scope_has_failed (s));
      g_assert_false (lw_scope_end (s, &error));
      if (!g_error_matches (error, LW_ERROR, (int) bad->code))
        g_error ("%s: another error: %s", bad->name, error->message);
      for (gsize k = 0; k < G_N_ELEMENTS (bad->says) && bad->says[k] != NULL; k++)
        if (strstr (error->message, bad->says[k]) == NULL)
          g_error ("%s: the message does not name “%s”: %s", bad->name, bad->says[k],
                   error->message);
      g_error_free (error);
    }
}

/* -- scopes -- */

static void
test_sticky_error (void)
{
  const LwConv2d  conv = { { 1, 1 }, LW_PADDING_SAME, { 1, 1 } };
  const LwPooling pooling = { { 2, 2 }, { 2, 2 }, LW_PADDING_VALID };
  LwScope        *s = lw_scope_begin (check_device ());
  LwTensor       *good = lw_fill (s, LW_FLOAT32, &LW_SHAPE (2, 2), 1);
  LwTensor       *bad = lw_add (s, good, lw_fill (s, LW_FLOAT32, &LW_SHAPE (3), 1));
  LwRng           rng = lw_rng_new (1, 1);
  GError         *error = NULL;
  float           value = 1;

  g_assert_cmpint (lw_tensor_get_rank (bad), ==, 0);
  g_assert_true (isnan (lw_tensor_get_value (bad, 0)));
  /* Whatever comes later is the invalid tensor, and the first error stays. */
  g_assert_true (lw_constant (s, LW_FLOAT32, &LW_SCALAR, &value) == bad);
  g_assert_true (lw_constant_scalar (s, LW_FLOAT32, 1) == bad);
  g_assert_true (lw_fill (s, LW_FLOAT32, &LW_SHAPE (1), 1) == bad);
  g_assert_true (lw_ones_like (s, good) == bad);
  g_assert_true (lw_add (s, good, good) == bad);
  g_assert_true (lw_scale (s, good, 2) == bad);
  g_assert_true (lw_square (s, good) == bad);
  g_assert_true (lw_exp (s, good) == bad);
  g_assert_true (lw_cast (s, good, LW_FLOAT32) == bad);
  g_assert_true (lw_cast (s, good, LW_INT32) == bad);
  g_assert_true (lw_reshape (s, good, &LW_SHAPE (2, 2)) == bad);
  g_assert_true (lw_flatten (s, good) == bad);
  g_assert_true (lw_transpose (s, good) == bad);
  g_assert_true (lw_reduce_sum (s, good, NULL, 0, FALSE) == bad);
  g_assert_true (lw_reduce_mean (s, good, NULL, 0, FALSE) == bad);
  g_assert_true (lw_reduce_max (s, good, NULL, 0, FALSE) == bad);
  g_assert_true (lw_argmax (s, good) == bad);
  g_assert_true (lw_matmul (s, good, bad, FALSE, FALSE) == bad);
  g_assert_true (lw_relu (s, bad) == bad);
  g_assert_true (lw_softmax (s, bad) == bad);
  g_assert_true (lw_conv2d (s, bad, bad, bad, &conv, LW_ACTIVATION_RELU) == bad);
  g_assert_true (lw_dense (s, bad, bad, bad, LW_ACTIVATION_SOFTMAX) == bad);
  g_assert_true (lw_max_pool2d (s, bad, &pooling) == bad);
  g_assert_true (lw_average_pool2d (s, bad, &pooling) == bad);
  g_assert_true (lw_global_average_pool2d (s, bad, TRUE) == bad);
  g_assert_true (lw_dropout (s, bad, 0.5, &rng) == bad);
  g_assert_true (lw_sparse_categorical_crossentropy (s, bad, bad, TRUE) == bad);
  g_assert_cmpuint (rng.counter, ==, 0);
  lw_assert_shape (s, good, &LW_SHAPE (9));
  lw_scope_fail (s, LW_ERROR_STATE, "later");

  g_assert_false (lw_scope_end (s, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "2×2"));
  g_error_free (error);
}

static void
test_nested_scopes (void)
{
  LwScope  *outer = lw_scope_begin (check_device ());
  LwScope  *inner = lw_scope_begin_nested (outer);
  LwScope  *innermost = lw_scope_begin_nested (inner);
  LwTensor *kept, *x;
  GError   *error = NULL;

  g_assert_true (lw_scope_get_device (innermost) == check_device ());
  x = lw_fill (outer, LW_FLOAT32, &LW_SHAPE (2), 3);
  kept = lw_tensor_ref (lw_square (innermost, x));
  test_end_well (innermost);
  test_end_well (inner);
  test_assert_text (kept, "[9. 9.]");
  test_assert_text (lw_add (outer, kept, x), "[12. 12.]");

  inner = lw_scope_begin_nested (outer);
  lw_add (inner, x, lw_fill (inner, LW_FLOAT32, &LW_SHAPE (3), 1));
  g_assert_true (lw_scope_has_failed (inner));
  g_assert_false (lw_scope_has_failed (outer));
  g_assert_false (lw_scope_end (inner, NULL));
  g_assert_true (lw_scope_has_failed (outer));
  g_assert_error (lw_scope_get_error (outer), LW_ERROR, LW_ERROR_SHAPE);

  /* A scope within a failed one does nothing, and its own failures do not take the first one's
   * place. */
  inner = lw_scope_begin_nested (outer);
  g_assert_true (lw_scope_has_failed (inner));
  g_assert_true (lw_fill (inner, LW_FLOAT32, &LW_SHAPE (3), 1) == lw_scope_get_invalid (inner));
  lw_scope_fail (inner, LW_ERROR_STATE, "later");
  lw_scope_end (inner, NULL);
  g_assert_false (lw_scope_end (outer, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_error_free (error);
  lw_tensor_unref (kept);
}

/* Kept results live on when scope, pool and device are gone. */
static void
test_kept_tensors (void)
{
  LwDevice *device = lw_device_new (1, 0, NULL);
  LwScope  *s = lw_scope_begin (device);
  LwTensor *x = lw_fill (s, LW_FLOAT32, &LW_SHAPE (2, 2), 2);
  LwTensor *view = lw_tensor_ref (lw_reshape (s, lw_square (s, x), &LW_SHAPE (4)));

  lw_device_unref (device);
  test_end_well (s);
  test_assert_text (view, "[4. 4. 4. 4.]");
  g_assert_true (lw_tensor_is_unshared (view));
  lw_tensor_unref (view);
}

/* Denormals are flushed inside, and the thread's own mode comes back. */
static void
test_float_mode (void)
{
  volatile float tiny = 0x1p-140f, one = 1;
  LwScope       *s, *inner;

  g_assert_true (tiny * one != 0);
  s = lw_scope_begin (check_device ());
  inner = lw_scope_begin_nested (s);
  g_assert_true (tiny * one == 0);
  test_end_well (inner);
  g_assert_true (tiny * one == 0);
  test_end_well (s);
  g_assert_true (tiny * one != 0);
}

#ifndef __SANITIZE_ADDRESS__
/* Bytes of address space that this process takes. */
static rlim_t
get_address_space (void)
{
  FILE         *file = fopen ("/proc/self/statm", "re");
  unsigned long n_pages = 0;

  g_assert_nonnull (file);
  g_assert_cmpint (fscanf (file, "%lu", &n_pages), ==, 1);
  fclose (file);
  return (rlim_t) n_pages * (rlim_t) sysconf (_SC_PAGESIZE);
}

/* A convolution whose images and weights are small, but not the zeros around them. */
static void
test_conv2d_memory (void)
{
  const LwConv2d       wide = { { 1, 1 }, LW_PADDING_SAME, { 8000, 8000 } };
  struct rlimit        limit;
  g_autoptr (LwTensor) x = NULL, w = NULL, y = NULL;
  g_autoptr (GError)   error = NULL;
  LwTensor            *sources[2], *grads[2];
  LwTape              *tape;
  LwScope             *s;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  /* Made while there is memory enough, with gradients to be had when there is not. */
  s = lw_scope_begin (check_device ());
  tape = lw_tape_begin (s, FALSE);
  sources[0] = x = lw_tensor_ref (lw_fill (s, LW_FLOAT32, &LW_SHAPE (2, 3, 3, 1), 1));
  sources[1] = w = lw_tensor_ref (lw_fill (s, LW_FLOAT32, &LW_SHAPE (3, 3, 1, 2), 1));
  lw_tape_watch (tape, x);
  lw_tape_watch (tape, w);
  y = lw_tensor_ref (lw_conv2d (s, x, w, NULL, &wide, LW_ACTIVATION_RELU));
  g_assert_cmpfloat (lw_tensor_get_value (y, 0), ==, 1);
  lw_pool_trim (check_device ()->pool);

  limit.rlim_cur = limit.rlim_max = get_address_space () + (64 << 20);
  g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);
  g_assert_false (lw_tape_gradient (tape, s, y, 2, sources, grads, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
  g_assert_nonnull (strstr (error->message, "not enough memory for conv2d"));
  g_clear_error (&error);
  lw_tape_free (tape);
  g_assert_false (lw_scope_end (s, NULL));

  s = lw_scope_begin (check_device ());
  lw_conv2d (s, x, w, NULL, &wide, LW_ACTIVATION_LINEAR);
  g_assert_false (lw_scope_end (s, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
  g_assert_nonnull (strstr (error->message, "not enough memory for conv2d on images of 3×3×1"));
}
#endif

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ops/constants", test_constants);
  g_test_add_func ("/ops/integers", test_integers);
  g_test_add_func ("/ops/float-division", test_float_division);
  g_test_add_func ("/ops/cast", test_cast);
  g_test_add_func ("/ops/cast-bytes", test_cast_bytes);
  g_test_add_func ("/ops/layout", test_layout);
  g_test_add_func ("/ops/reduce", test_reduce);
  g_test_add_func ("/ops/reduce-max-ties", test_reduce_max_ties);
  g_test_add_func ("/ops/argmax", test_argmax);
  g_test_add_func ("/ops/empty-products", test_empty_products);
  g_test_add_func ("/ops/empty-batch", test_empty_batch);
  g_test_add_func ("/ops/pooling-without-channels", test_pooling_without_channels);
  g_test_add_func ("/ops/probabilities", test_probabilities);
  g_test_add_func ("/ops/extreme-logits", test_extreme_logits);
  g_test_add_func ("/ops/window-output", test_window_output);
  g_test_add_func ("/ops/dropout-rate", test_dropout_rate);
  g_test_add_func ("/ops/dropout-bits", test_dropout_bits);
  g_test_add_func ("/ops/bad-calls", test_bad_calls);
#ifndef __SANITIZE_ADDRESS__
  g_test_add_func ("/ops/conv2d-memory", test_conv2d_memory);
#endif
  g_test_add_func ("/scope/sticky-error", test_sticky_error);
  g_test_add_func ("/scope/nested", test_nested_scopes);
  g_test_add_func ("/scope/kept-tensors", test_kept_tensors);
  g_test_add_func ("/scope/float-mode", test_float_mode);
  status = g_test_run ();
  check_device_free ();
  return status;
}
