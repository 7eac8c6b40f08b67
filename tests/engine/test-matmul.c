#include "engine/ops/constant.h"

#include "gradient-check.h"
#include "scope-tools.h"

#include <math.h>
#include <string.h>

/* matmul: batched, broadcast, transposed and sparse, against sums written out; its gradients; what it says
 * to shapes that have no product. */

/* Shapes of two operands that have a product: batch axes that are equal, missing or 1, and sizes with 0 and 1
 * among them. */
typedef struct {
  LwShape  a, b, y;
  gint64   m, k, n;
  LwMatmul options;
} Case;

static void
push (LwShape *shape, gint64 dim)
{
  shape->dims[shape->rank++] = dim;
}

static Case
random_case (int smallest, int largest)
{
  Case c = { .m = check_random_int (smallest, largest), .k = check_random_int (smallest, largest),
             .n = check_random_int (smallest, largest) };
  int  batch = check_random_int (0, 3), of_a = check_random_int (0, batch), of_b = check_random_int (0, 2) ? batch : 0;

  for (int i = 0; i < batch; i++)
    {
      gint64   dim = check_random_int (MIN (smallest, 1), 4);
      gboolean one_a = check_random_int (0, 3) == 0, one_b = check_random_int (0, 3) == 0;

      if (i >= batch - of_a)
        push (&c.a, one_a ? 1 : dim);
      if (i >= batch - of_b)
        push (&c.b, one_b ? 1 : dim);
      if ((i >= batch - of_a && !one_a) || (i >= batch - of_b && !one_b))
        push (&c.y, dim);
      else if (i >= batch - MAX (of_a, of_b))
        push (&c.y, 1);
    }
  c.options.transpose_a = check_random_int (0, 1);
  c.options.transpose_b = check_random_int (0, 1);
  push (&c.a, c.options.transpose_a ? c.k : c.m);
  push (&c.a, c.options.transpose_a ? c.m : c.k);
  push (&c.b, c.options.transpose_b ? c.n : c.k);
  push (&c.b, c.options.transpose_b ? c.k : c.n);
  push (&c.y, c.m);
  push (&c.y, c.n);
  if (check_random_int (0, 1))
    {
      c.options.adjoint_a = c.options.transpose_a;
      c.options.transpose_a = FALSE;
    }
  return c;
}

/* Element i of shape y, as an index into x, which was broadcast to it; the last two axes are left out. */
static gsize
batch_index (const LwShape *x, const LwShape *y, gsize i)
{
  gsize index = 0, stride = 1;

  for (int axis = y->rank - 3, j = x->rank - 3; axis >= 0; axis--, j--)
    {
      gsize here = i % (gsize) y->dims[axis];

      i /= (gsize) y->dims[axis];
      if (j < 0)
        continue;
      index += x->dims[j] == 1 ? 0 : here * stride;
      stride *= (gsize) x->dims[j];
    }
  return index;
}

/* The definition, in float64. */
static LwTensor *
multiply_plainly (const Case *c, LwTensor *a, LwTensor *b)
{
  LwTensor *y = lw_tensor_new (NULL, LW_FLOAT64, &c->y, NULL);
  double   *out = lw_tensor_get_mutable_data (y);
  gsize     m = (gsize) c->m, k = (gsize) c->k, n = (gsize) c->n;
  gboolean  ta = c->options.transpose_a || c->options.adjoint_a, tb = c->options.transpose_b;

  for (gsize i = 0; i < lw_tensor_get_count (y); i++)
    {
      gsize at_a = batch_index (&c->a, &c->y, i / (m * n)) * m * k, at_b = batch_index (&c->b, &c->y, i / (m * n)) * k * n;
      gsize row = i / n % m, column = i % n;

      out[i] = 0;
      for (gsize d = 0; d < k; d++)
        out[i] += lw_tensor_get_value (a, at_a + (ta ? d * m + row : row * k + d))
                  * lw_tensor_get_value (b, at_b + (tb ? column * k + d : d * n + column));
    }
  return y;
}

static void
check_case (const Case *c)
{
  LwTensor *a = check_random_tensor (LW_FLOAT32, &c->a, -1, 1), *b = check_random_tensor (LW_FLOAT32, &c->b, -1, 1);
  LwTensor *want = multiply_plainly (c, a, b);
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *y = lw_matmul_with (s, a, b, &c->options);

  if (lw_scope_has_failed (s))
    g_error ("%s", lw_scope_get_error (s)->message);
  check_close ("matmul in float32", y, want, 1e-6 * (double) (c->k + 10));
  y = lw_matmul_with (s, lw_cast (s, a, LW_FLOAT64), lw_cast (s, b, LW_FLOAT64), &c->options);
  check_close ("matmul in float64", y, want, 1e-14 * (double) (c->k + 1));
  test_end_well (s);
  lw_tensor_unref (a);
  lw_tensor_unref (b);
  lw_tensor_unref (want);
}

static void
test_values (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *two = LW_TENSOR (s, ((float[1][1]) { { 2 } }));
  Case      c;

  test_assert_text (lw_matmul (s, two, two, FALSE, FALSE), "[[4.]]");
  test_end_well (s);
  for (int round = 0; round < 300; round++)
    {
      c = random_case (round % 4 == 0 ? 0 : 1, 20);
      check_case (&c);
    }
  for (int round = 0; round < 4; round++)
    {
      c = random_case (60, 90);
      check_case (&c);
    }
}

static LwTensor *
apply_matmul (LwScope *s, LwTensor *const *x, gpointer data)
{
  return lw_matmul_with (s, x[0], x[1], &((Case *) data)->options);
}

/* The sum of the squares of the gradients of sum (y²): its gradient is a second derivative. */
static LwTensor *
first_gradient (LwScope *s, LwTensor *const *x, gpointer data)
{
  GError   *error = NULL;
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *grads[2], *target;

  lw_tape_watch (tape, x[0]);
  lw_tape_watch (tape, x[1]);
  target = lw_reduce_mean (s, lw_square (s, apply_matmul (s, x, data)), NULL, 0, FALSE);
  lw_tape_gradient (tape, s, target, 2, x, grads, &error);
  g_assert_no_error (error);
  lw_tape_free (tape);
  return lw_add (s, lw_reduce_sum (s, lw_square (s, grads[0]), NULL, 0, FALSE),
                 lw_reduce_sum (s, lw_square (s, grads[1]), NULL, 0, FALSE));
}

static void
test_gradients (void)
{
  for (int round = 0; round < 40; round++)
    {
      Case      c = random_case (round % 5 == 0 ? 0 : 1, 4);
      LwTensor *x[2], *y[2];

      c.options.a_is_sparse = round % 2;
      c.options.b_is_sparse = round % 3 == 0;
      x[0] = check_random_tensor (LW_FLOAT64, &c.a, -1, 1);
      x[1] = check_random_tensor (LW_FLOAT64, &c.b, -1, 1);
      if (lw_tensor_get_count (x[0]) > 0 && lw_tensor_get_count (x[1]) > 0 && c.k > 0)
        {
          y[0] = check_convert (x[0], LW_FLOAT64);
          y[1] = check_convert (x[1], LW_FLOAT64);
          check_gradients ("matmul, twice", first_gradient, &c, 2, y);
        }
      check_gradients ("matmul", apply_matmul, &c, 2, x);
    }
}

/* -- sparse -- */

/* Clears lines of the matrices in x: line i is x[i · line_stride + …]; some to -0. */
static void
clear_lines (LwTensor *x, gint64 lines, gint64 depth, gint64 line_stride, gint64 depth_stride)
{
  float *data = lw_tensor_get_mutable_data (x);
  gsize  each = (gsize) (lines * depth);

  for (gsize first = 0; each > 0 && first < lw_tensor_get_count (x); first += each)
    for (gint64 line = 0; line < lines; line++)
      if (line / 40 % 2 == 1 || check_random_int (0, 3) == 0)
        for (gint64 d = 0; d < depth; d++)
          data[first + (gsize) (line * line_stride + d * depth_stride)] = check_random_int (0, 1) ? 0.f : -0.f;
}

/* To the bit, whatever stands in the other matrix: also where 0 meets infinity or NaN. */
static void
test_sparse (void)
{
  for (int round = 0; round < 60; round++)
    {
      Case      c = random_case (round % 6 == 0 ? 0 : 1, round % 2 ? 160 : 30);
      LwTensor *a = check_random_tensor (LW_FLOAT32, &c.a, -1, 1), *b = check_random_tensor (LW_FLOAT32, &c.b, -1, 1);
      gboolean  ta = c.options.transpose_a || c.options.adjoint_a, tb = c.options.transpose_b;
      LwScope  *s = lw_scope_begin (check_device ());
      LwMatmul  hinted = c.options;
      LwTensor *plain;

      clear_lines (a, c.m, c.k, ta ? 1 : c.k, ta ? c.m : 1);
      clear_lines (b, c.n, c.k, tb ? c.k : 1, tb ? 1 : c.n);
      if (round % 3 == 1 && lw_tensor_get_count (b) > 0)
        ((float *) lw_tensor_get_mutable_data (b))[lw_tensor_get_count (b) / 2] = INFINITY;
      if (round % 3 == 2 && lw_tensor_get_count (a) > 0)
        ((float *) lw_tensor_get_mutable_data (a))[lw_tensor_get_count (a) / 2] = NAN;
      plain = lw_matmul_with (s, a, b, &c.options);
      for (int hints = 1; hints < 4; hints++)
        {
          LwTensor *y;

          hinted.a_is_sparse = hints & 1;
          hinted.b_is_sparse = hints >> 1;
          y = lw_matmul_with (s, a, b, &hinted);
          g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), &c.y));
          for (gsize i = 0; i < lw_tensor_get_count (y); i++)
            {
              float want = lw_tensor_get_floats (plain)[i], got = lw_tensor_get_floats (y)[i];

              g_assert_true (memcmp (&want, &got, sizeof want) == 0 || (isnan (want) && isnan (got)));
            }
        }
      test_end_well (s);
      lw_tensor_unref (a);
      lw_tensor_unref (b);
    }
}

/* However the work is split. */
static void
test_threads (void)
{
  g_autoptr (LwDevice) alone = lw_device_new_single (check_device ());
  LwTensor            *a = check_random_tensor (LW_FLOAT32, &LW_SHAPE (50, 33, 17), -1, 1);
  LwTensor            *b = check_random_tensor (LW_FLOAT32, &LW_SHAPE (50, 17, 29), -1, 1);
  LwTensor            *kept[2];

  for (int i = 0; i < 2; i++)
    {
      LwScope *s = lw_scope_begin (i == 0 ? alone : check_device ());

      kept[i] = lw_tensor_ref (lw_matmul (s, a, b, FALSE, FALSE));
      /* One matrix of the batch by itself gives the same bits. */
      if (i == 1)
        {
          LwTensor *one = lw_matmul (s, lw_gather (s, a, LW_TENSOR (s, 7), 0), lw_gather (s, b, LW_TENSOR (s, 7), 0), FALSE,
                                     FALSE);

          g_assert_true (lw_tensor_equal (one, lw_gather (s, kept[i], LW_TENSOR (s, 7), 0)));
        }
      test_end_well (s);
    }
  g_assert_true (lw_tensor_equal (kept[0], kept[1]));
  lw_tensor_unref (kept[0]);
  lw_tensor_unref (kept[1]);
  lw_tensor_unref (a);
  lw_tensor_unref (b);
}

/* -- what does not fit -- */

static void
test_errors (void)
{
  const struct {
    LwShape     a, b;
    LwMatmul    options;
    const char *words[2];
    LwError     code;
  } bad[] = {
    { LW_SHAPE (2, 3), LW_SHAPE (4, 5), { 0 }, { "2×3", "4×5" }, LW_ERROR_SHAPE },
    { LW_SHAPE (2, 3), LW_SHAPE (3, 5), { .adjoint_a = TRUE }, { "2×3 transposed", "3×5" }, LW_ERROR_SHAPE },
    { LW_SHAPE (7, 2, 3), LW_SHAPE (4, 5), { 0 }, { "7×2×3", "4×5" }, LW_ERROR_SHAPE },
    { LW_SHAPE (7, 2, 3), LW_SHAPE (6, 3, 5), { 0 }, { "7×2×3", "6×3×5" }, LW_ERROR_SHAPE },
    { LW_SHAPE (2, 7, 2, 3), LW_SHAPE (2, 3, 5), { 0 }, { "2×7×2×3", "2×3×5" }, LW_ERROR_SHAPE },
    { LW_SHAPE (0, 2, 3), LW_SHAPE (4, 3, 5), { 0 }, { "0×2×3", "4×3×5" }, LW_ERROR_SHAPE },
    { LW_SHAPE (2, 0), LW_SHAPE (1, 5), { 0 }, { "2×0", "1×5" }, LW_ERROR_SHAPE },
    { LW_SHAPE (3), LW_SHAPE (3, 5), { 0 }, { "shape 3", "3×5" }, LW_ERROR_SHAPE },
    { LW_SHAPE (2, 3), LW_SHAPE (3), { 0 }, { "2×3", "shape 3" }, LW_ERROR_SHAPE },
    { LW_SCALAR, LW_SHAPE (3, 5), { 0 }, { "scalar", "3×5" }, LW_ERROR_SHAPE },
    { LW_SHAPE (G_GINT64_CONSTANT (1) << 33, 0), LW_SHAPE (0, 2), { 0 }, { "8589934592×0", "0×2" }, LW_ERROR_SHAPE },
    { LW_SHAPE (1 << 30, 0), LW_SHAPE (0, 1 << 30), { 0 }, { "1073741824×1073741824", "2^40" }, LW_ERROR_VALUE },
    { LW_SHAPE (1 << 30, 2, 0), LW_SHAPE (0, 1 << 30), { 0 }, { "1073741824", "2^40" }, LW_ERROR_VALUE },
    { LW_SHAPE (2, 2), LW_SHAPE (2, 2), { .transpose_a = TRUE, .adjoint_a = TRUE }, { "transpose", "adjoin a" }, LW_ERROR_VALUE },
    { LW_SHAPE (2, 2), LW_SHAPE (2, 2), { .transpose_b = TRUE, .adjoint_b = TRUE }, { "transpose", "adjoin b" }, LW_ERROR_VALUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      GError   *error = NULL;
      LwTensor *a = lw_fill (s, LW_FLOAT32, &bad[i].a, 1), *b = lw_fill (s, LW_FLOAT32, &bad[i].b, 1);

      g_assert_false (lw_scope_has_failed (s));
      g_assert_true (lw_matmul_with (s, a, b, &bad[i].options) == lw_scope_get_invalid (s));
      g_assert_false (lw_scope_end (s, &error));
      if (!g_error_matches (error, LW_ERROR, (int) bad[i].code) || strstr (error->message, bad[i].words[0]) == NULL
          || strstr (error->message, bad[i].words[1]) == NULL)
        g_error ("case %" G_GSIZE_FORMAT ": %s", i, error->message);
      g_error_free (error);
    }
}

static void
test_dtypes (void)
{
  for (LwDType a = 0; a < LW_N_DTYPES; a++)
    for (LwDType b = 0; b < LW_N_DTYPES; b++)
      {
        LwScope *s = lw_scope_begin (check_device ());
        GError  *error = NULL;

        lw_matmul (s, lw_fill (s, a, &LW_SHAPE (2, 2), 1), lw_fill (s, b, &LW_SHAPE (2, 2), 1), FALSE, FALSE);
        if (a == b && lw_dtype_is_floating (a))
          test_end_well (s);
        else
          {
            g_assert_false (lw_scope_end (s, &error));
            g_assert_error (error, LW_ERROR, LW_ERROR_DTYPE);
            g_error_free (error);
          }
      }
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/matmul/values", test_values);
  g_test_add_func ("/matmul/gradients", test_gradients);
  g_test_add_func ("/matmul/sparse", test_sparse);
  g_test_add_func ("/matmul/threads", test_threads);
  g_test_add_func ("/matmul/errors", test_errors);
  g_test_add_func ("/matmul/dtypes", test_dtypes);
  result = g_test_run ();
  check_device_free ();
  return result;
}
