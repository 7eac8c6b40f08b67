/* Losses with one value for each sample (Keras 3, losses/losses.py and the backends' nn.py), over the
 * last axis, of length C, with t = y_true and p = y_pred:
 *
 *   categorical cross-entropy   -sum t · log_softmax (p), from logits;
 *                               -sum t · log (clip (p / sum (p))), from probabilities
 *   binary cross-entropy        mean of t · softplus (-p) + (1 - t) · softplus (p), from logits: what
 *                               -t · log sigmoid (p) - (1 - t) · log (1 - sigmoid (p)) is, and stable;
 *                               mean of -t · log q - (1 - t) · log (1 - q), q = clip (p), else
 *   mean squared error          mean of (p - t)²
 *   mean absolute error         mean of |p - t|
 *   Huber                       mean of e²/2 where |e| <= delta, else delta · (|e| - delta/2); e = p - t
 *
 * clip is to [1e-7, 1 - 1e-7] and passes no gradient where it bites. Label smoothing by a replaces t
 * with t · (1 - a) + a / C (binary: + a / 2). They are made of other ops, which give the gradients. */

#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>

#define EPSILON 1e-7

static const int last_axis[] = { -1 };

static gboolean
check (LwScope *s, const char *op, LwTensor *y_true, LwTensor *y_pred)
{
  g_autofree char *want = NULL;
  g_autofree char *have = NULL;

  if (lw_scope_has_failed (s) || !lw_op_check_floating (s, op, y_pred)
      || !lw_op_check_same (s, op, y_true, y_pred))
    return FALSE;
  want = lw_shape_to_string (lw_tensor_get_shape (y_true));
  have = lw_shape_to_string (lw_tensor_get_shape (y_pred));
  if (!lw_shape_equal (lw_tensor_get_shape (y_true), lw_tensor_get_shape (y_pred)))
    {
      lw_scope_fail (s, LW_ERROR_SHAPE, _("%s compares tensors of one shape, but the true values have shape %s "
                                          "and the predictions %s"), op, want, have);
      return FALSE;
    }
  if (lw_tensor_get_rank (y_pred) < 1 || lw_tensor_get_dim (y_pred, -1) < 1)
    {
      lw_scope_fail (s, LW_ERROR_SHAPE, _("%s compares rows of at least one number, but the true values have "
                                          "shape %s and the predictions %s"), op, want, have);
      return FALSE;
    }
  return TRUE;
}

static LwTensor *
mean_of_rows (LwScope *s, LwTensor *x)
{
  return lw_reduce_mean (s, x, last_axis, 1, FALSE);
}

static LwTensor *
one_minus (LwScope *s, LwTensor *x)
{
  return lw_subtract (s, lw_constant_scalar (s, lw_tensor_get_dtype (x), 1), x);
}

/* y_true without gradient, mixed with 1 / classes in proportion `smoothing`. */
static LwTensor *
smooth (LwScope *s, const char *op, LwTensor *y_true, double smoothing, double classes)
{
  y_true = lw_stop_gradient (s, y_true);
  if (smoothing == 0)
    return y_true;
  if (!(smoothing >= 0 && smoothing <= 1))
    return lw_scope_fail (s, LW_ERROR_VALUE, _("%s takes a label smoothing from 0 to 1, not %g"), op,
                          smoothing);
  return lw_add (s, lw_scale (s, y_true, 1 - smoothing),
                 lw_constant_scalar (s, lw_tensor_get_dtype (y_true), smoothing / classes));
}

LwTensor *
lw_categorical_crossentropy (LwScope *s, LwTensor *y_true, LwTensor *y_pred, gboolean from_logits,
                             double label_smoothing)
{
  static const char *const op = "categorical_crossentropy";
  LwTensor                *logs;

  if (!check (s, op, y_true, y_pred))
    return lw_scope_get_invalid (s);
  y_true = smooth (s, op, y_true, label_smoothing, (double) lw_tensor_get_dim (y_pred, -1));
  if (from_logits)
    logs = lw_log_softmax (s, y_pred);
  else
    {
      LwTensor *sum = lw_reduce_sum (s, y_pred, last_axis, 1, TRUE);

      logs = lw_log (s, lw_clip (s, lw_divide (s, y_pred, sum), EPSILON, 1 - EPSILON));
    }
  return lw_negate (s, lw_reduce_sum (s, lw_multiply (s, y_true, logs), last_axis, 1, FALSE));
}

LwTensor *
lw_binary_crossentropy (LwScope *s, LwTensor *y_true, LwTensor *y_pred, gboolean from_logits,
                        double label_smoothing)
{
  static const char *const op = "binary_crossentropy";
  LwTensor                *if_one, *if_zero;

  if (!check (s, op, y_true, y_pred))
    return lw_scope_get_invalid (s);
  y_true = smooth (s, op, y_true, label_smoothing, 2);
  if (from_logits)
    {
      if_one = lw_softplus (s, lw_negate (s, y_pred));
      if_zero = lw_softplus (s, y_pred);
    }
  else
    {
      /* 1 - p is clipped as p is: float32 has no 1 - EPSILON, by whose complement the logarithm would
       * be a hundredth off. */
      LwTensor *one = lw_clip (s, y_pred, EPSILON, 1 - EPSILON);
      LwTensor *zero = lw_clip (s, one_minus (s, y_pred), EPSILON, 1 - EPSILON);

      if_one = lw_negate (s, lw_log (s, one));
      if_zero = lw_negate (s, lw_log (s, zero));
    }
  return mean_of_rows (s, lw_add (s, lw_multiply (s, y_true, if_one),
                                  lw_multiply (s, one_minus (s, y_true), if_zero)));
}

/* y_pred - y_true, after all checks. */
static LwTensor *
error_of (LwScope *s, const char *op, LwTensor *y_true, LwTensor *y_pred)
{
  if (!check (s, op, y_true, y_pred))
    return lw_scope_get_invalid (s);
  return lw_subtract (s, y_pred, lw_stop_gradient (s, y_true));
}

LwTensor *
lw_mean_squared_error (LwScope *s, LwTensor *y_true, LwTensor *y_pred)
{
  return mean_of_rows (s, lw_square (s, error_of (s, "mean_squared_error", y_true, y_pred)));
}

LwTensor *
lw_mean_absolute_error (LwScope *s, LwTensor *y_true, LwTensor *y_pred)
{
  return mean_of_rows (s, lw_abs (s, error_of (s, "mean_absolute_error", y_true, y_pred)));
}

/* With c = e clipped to ±delta both branches are c · (e - c/2). */
LwTensor *
lw_huber (LwScope *s, LwTensor *y_true, LwTensor *y_pred, double delta)
{
  LwTensor *error = error_of (s, "huber", y_true, y_pred);
  LwTensor *clipped;

  if (!lw_scope_has_failed (s) && !(delta > 0))
    return lw_scope_fail (s, LW_ERROR_VALUE, _("huber takes a delta above 0, not %g"), delta);
  clipped = lw_clip (s, error, -delta, delta);
  return mean_of_rows (s, lw_multiply (s, clipped, lw_subtract (s, error, lw_scale (s, clipped, 0.5))));
}
