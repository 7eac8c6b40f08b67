#include "gradient-check.h"

#include <math.h>

#define MAX_CHECKED 40    /* elements of one input that are moved, spread over it */
#define STEP 1e-5
#define EXACT 2e-7        /* tape against differences, in float64 */
#define ROUNDED 3e-5      /* float32 against float64 */

static LwRng     rng = { 20240229, 77, 0 };
static LwDevice *device;
static GHashTable *seen; /* names of the ops that were differentiated; a set */

double
check_random (double low, double high)
{
  return low + (high - low) * lw_rng_next_double (&rng);
}

int
check_random_int (int low, int high)
{
  return low + (int) lw_rng_next_below (&rng, (guint32) (high - low + 1));
}

LwTensor *
check_random_tensor (LwDType dtype, const LwShape *shape, double low, double high)
{
  LwTensor *x = lw_tensor_new (NULL, dtype, shape, NULL);

  g_assert_nonnull (x);
  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    {
      float value = (float) check_random (low, high);

      if (dtype == LW_FLOAT32)
        ((float *) lw_tensor_get_mutable_data (x))[i] = value;
      else
        ((double *) lw_tensor_get_mutable_data (x))[i] = value;
    }
  return x;
}

LwTensor *
check_convert (LwTensor *x, LwDType dtype)
{
  LwTensor *y = lw_tensor_new (NULL, dtype, lw_tensor_get_shape (x), NULL);

  g_assert_nonnull (y);
  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    if (dtype == LW_FLOAT32)
      ((float *) lw_tensor_get_mutable_data (y))[i] = (float) lw_tensor_get_value (x, i);
    else
      ((double *) lw_tensor_get_mutable_data (y))[i] = lw_tensor_get_value (x, i);
  return y;
}

void
check_close (const char *what, LwTensor *got, LwTensor *want, double tolerance)
{
  g_autofree char *got_shape = lw_shape_to_string (lw_tensor_get_shape (got));
  g_autofree char *want_shape = lw_shape_to_string (lw_tensor_get_shape (want));

  g_assert_cmpstr (got_shape, ==, want_shape);
  for (gsize i = 0; i < lw_tensor_get_count (got); i++)
    {
      double a = lw_tensor_get_value (got, i), b = lw_tensor_get_value (want, i);

      if (!(fabs (a - b) <= tolerance * (1 + fabs (b))) && !(isnan (a) && isnan (b)) && a != b)
        g_error ("%s: element %" G_GSIZE_FORMAT " of %s is %.9g, not %.9g", what, i, got_shape, a,
                 b);
    }
}

LwDevice *
check_device (void)
{
  GError *error = NULL;

  if (device == NULL)
    device = lw_device_new (2, 0, &error);
  g_assert_no_error (error);
  return device;
}

void
check_device_free (void)
{
  g_clear_pointer (&device, lw_device_unref);
  g_clear_pointer (&seen, g_hash_table_unref);
}

/* sum (y · weights) without a tape. */
static double
evaluate (CheckFunc func, gpointer data, LwTensor *const *x, LwTensor *weights)
{
  GError  *error = NULL;
  LwScope *s = lw_scope_begin (check_device ());
  LwTensor *y = func (s, x, data);
  double    sum = 0;

  g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), lw_tensor_get_shape (weights)));
  for (gsize i = 0; i < lw_tensor_get_count (y); i++)
    sum += lw_tensor_get_value (y, i) * lw_tensor_get_value (weights, i);
  lw_scope_end (s, &error);
  g_assert_no_error (error);
  return sum;
}

static void
note_ops (LwTape *tape)
{
  if (seen == NULL)
    seen = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < lw_tape_get_n_nodes (tape); i++)
    g_hash_table_add (seen, (gpointer) lw_tape_get_node (tape, i)->op->name);
}

gboolean
check_has_differentiated (const char *op)
{
  return seen != NULL && g_hash_table_contains (seen, op);
}

/* The output, and the gradients of sum (y · weights), all kept; *weights NULL is made. */
static LwTensor *
differentiate (const char *what, CheckFunc func, gpointer data, guint n, LwTensor *const *x,
               LwTensor **weights, LwTensor **grads)
{
  GError   *error = NULL;
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *y, *target;

  for (guint i = 0; i < n; i++)
    lw_tape_watch (tape, x[i]);
  y = func (s, x, data);
  if (lw_scope_has_failed (s))
    g_error ("%s: %s", what, lw_scope_get_error (s)->message);
  g_assert_cmpint (lw_tensor_get_dtype (y), ==, lw_tensor_get_dtype (x[0]));
  if (*weights == NULL)
    *weights = check_random_tensor (lw_tensor_get_dtype (y), lw_tensor_get_shape (y), -1, 1);
  target = lw_reduce_sum (s, lw_multiply (s, y, *weights), NULL, 0, FALSE);
  note_ops (tape);
  lw_tape_gradient (tape, s, target, n, x, grads, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (lw_tape_get_n_nodes (tape), ==, 0);
  for (guint i = 0; i < n; i++)
    {
      if (grads[i] == NULL)
        g_error ("%s: no gradient for input %u", what, i);
      g_assert_true (lw_shape_equal (lw_tensor_get_shape (grads[i]), lw_tensor_get_shape (x[i])));
      g_assert_cmpint (lw_tensor_get_dtype (grads[i]), ==, lw_tensor_get_dtype (x[i]));
      lw_tensor_ref (grads[i]);
    }
  lw_tensor_ref (y);
  lw_tape_free (tape);
  lw_scope_end (s, &error);
  g_assert_no_error (error);
  return y;
}

/* The derivative of sum (y · weights) with respect to *element. */
static double
difference (CheckFunc func,
            gpointer data,
            LwTensor *const *x,
            LwTensor *weights,
            double *element,
            double step)
{
  const double before = *element;
  double       up, down;

  *element = before + step;
  up = evaluate (func, data, x, weights);
  *element = before - step;
  down = evaluate (func, data, x, weights);
  *element = before;
  return (up - down) / (2 * step);
}

static void
check_differences (const char *what,
                   CheckFunc func,
                   gpointer data,
                   guint n,
                   LwTensor *const *x,
                   LwTensor *weights,
                   LwTensor *const *grads)
{
  for (guint k = 0; k < n; k++)
    {
      gsize   count = lw_tensor_get_count (x[k]);
      gsize   stride = count / MAX_CHECKED + 1;
      double *data_k = lw_tensor_get_mutable_data (x[k]);

      for (gsize i = 0; i < count; i += stride)
        {
          double got = lw_tensor_get_value (grads[k], i);
          double want = difference (func, data, x, weights, data_k + i, STEP);

          /* Across the kink of a relu the difference means nothing: look again from closer by. */
          if (!(fabs (got - want) <= EXACT * (1 + fabs (want))))
            want = difference (func, data, x, weights, data_k + i, STEP / 100);
          if (!(fabs (got - want) <= 10 * EXACT * (1 + fabs (want))))
            g_error ("%s: the gradient of input %u at %" G_GSIZE_FORMAT
                     " is %.12g, by differences %.12g",
                     what, k, i, got, want);
        }
    }
}

void
check_gradients (const char *what, CheckFunc func, gpointer data, guint n, LwTensor **x)
{
  LwTensor *grads[LW_MAX_INPUTS], *grads32[LW_MAX_INPUTS], *x32[LW_MAX_INPUTS];
  LwTensor *weights = NULL, *weights32;
  LwTensor *y, *y32;

  y = differentiate (what, func, data, n, x, &weights, grads);
  check_differences (what, func, data, n, x, weights, grads);

  for (guint i = 0; i < n; i++)
    x32[i] = check_convert (x[i], LW_FLOAT32);
  weights32 = check_convert (weights, LW_FLOAT32);
  y32 = differentiate (what, func, data, n, x32, &weights32, grads32);
  check_close (what, y32, y, ROUNDED);
  for (guint i = 0; i < n; i++)
    {
      check_close (what, grads32[i], grads[i], ROUNDED);
      lw_tensor_unref (grads[i]);
      lw_tensor_unref (grads32[i]);
      lw_tensor_unref (x[i]);
      lw_tensor_unref (x32[i]);
    }
  lw_tensor_unref (y);
  lw_tensor_unref (y32);
  lw_tensor_unref (weights);
  lw_tensor_unref (weights32);
}
