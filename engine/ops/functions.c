/* Elementwise functions of one tensor: negate, square, abs, sqrt, exp, log, clip. Their gradients are
 * made of recorded ops, so that they can be differentiated again: -1, 2 x, sign (x), 1 / (2 y), y, 1 / x,
 * and 1 within the bounds. */

#include "engine/kernels/reference.h"
#include "engine/ops/broadcast.h"
#include "engine/ops/pointwise.h"

#include <glib/gi18n-lib.h>
#include <math.h>

static LwTensor *
record (LwScope *s, const LwOp *op, LwTensor *x, LwTensor *y)
{
  if (y == NULL)
    return lw_scope_get_invalid (s);
  lw_scope_record (s, op, &x, 1, y, NULL, NULL, 0);
  return y;
}

static void
negate_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = lw_negate (s, gy);
}

static const LwOp negate_op = { "negate", negate_gradient };

LwTensor *
lw_negate (LwScope *s, LwTensor *x)
{
  if (lw_tensor_get_dtype (x) == LW_UINT8)
    return lw_scale (s, x, -1); /* which says why not */
  return record (s, &negate_op, x, lw_broadcast_scalar (s, "negate", LW_BROADCAST_MULTIPLY, x, -1));
}

static void
square_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = lw_multiply (s, gy, lw_scale (s, node->inputs[0], 2));
}

static const LwOp square_op = { "square", square_gradient };

LwTensor *
lw_square (LwScope *s, LwTensor *x)
{
  return record (s, &square_op, x, lw_broadcast (s, "square", LW_BROADCAST_MULTIPLY, x, x));
}

/* -- abs -- */

/* The sign of x (0 at 0) is a constant wherever abs has a derivative. */
static void
abs_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  LwTensor *sign = lw_broadcast_scalar (s, "abs", LW_BROADCAST_COMPARE, node->inputs[0], 0);

  if (sign != NULL)
    gx[0] = lw_multiply (s, gy, sign);
}

static const LwOp abs_op = { "abs", abs_gradient };

static void
abs_f32 (const LwKernels *k, const double *p, gsize n, const float *x, float *y)
{
  k->abs (n, x, y);
}

static void
abs_f64 (const double *p, gsize n, const double *x, double *y)
{
  for (gsize i = 0; i < n; i++)
    y[i] = fabs (x[i]);
}

static const LwPointwise abs_function = { .f32 = abs_f32, .f64 = abs_f64 };

LwTensor *
lw_abs (LwScope *s, LwTensor *x)
{
  LwDType   dtype = lw_tensor_get_dtype (x);
  LwTensor *opposite;

  if (lw_dtype_is_floating (dtype))
    return lw_pointwise (s, &abs_op, &abs_function, NULL, x);
  if (dtype == LW_UINT8)
    return x;
  /* The least integer has no opposite and stays what it is, as in NumPy. */
  opposite = lw_broadcast_scalar (s, "abs", LW_BROADCAST_MULTIPLY, x, -1);
  return record (s, &abs_op, x, opposite != NULL
                                    ? lw_broadcast (s, "abs", LW_BROADCAST_MAXIMUM, x, opposite) : NULL);
}

/* -- sqrt, exp, log -- */

#define DEFINE_FUNCTION(NAME)                                                                      \
  static void NAME##_f32 (const LwKernels *k, const double *p, gsize n, const float *x, float *y)  \
  {                                                                                                \
    k->NAME (n, x, y);                                                                             \
  }                                                                                                \
  static void NAME##_f64 (const double *p, gsize n, const double *x, double *y)                    \
  {                                                                                                \
    for (gsize i = 0; i < n; i++)                                                                  \
      y[i] = NAME (x[i]);                                                                          \
  }                                                                                                \
  static const LwPointwise NAME##_function = { .f32 = NAME##_f32, .f64 = NAME##_f64 };

DEFINE_FUNCTION (sqrt)
DEFINE_FUNCTION (exp)
DEFINE_FUNCTION (log)

static void
sqrt_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = lw_divide (s, gy, lw_scale (s, node->output, 2));
}

static const LwOp sqrt_op = { "sqrt", sqrt_gradient };

LwTensor *
lw_sqrt (LwScope *s, LwTensor *x)
{
  return lw_pointwise (s, &sqrt_op, &sqrt_function, NULL, x);
}

static void
exp_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = lw_multiply (s, gy, node->output);
}

static const LwOp exp_op = { "exp", exp_gradient };

LwTensor *
lw_exp (LwScope *s, LwTensor *x)
{
  return lw_pointwise (s, &exp_op, &exp_function, NULL, x);
}

static void
log_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = lw_divide (s, gy, node->inputs[0]);
}

static const LwOp log_op = { "log", log_gradient };

LwTensor *
lw_log (LwScope *s, LwTensor *x)
{
  return lw_pointwise (s, &log_op, &log_function, NULL, x);
}

/* -- clip -- */

LW_DEFINE_POINTWISE (clip, p[0], p[1])

static void
clip_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  LwTensor *x = node->inputs[0];

  if (lw_pointwise_is_watched (s, x, gy))
    gx[0] = lw_multiply (s, gy, lw_pointwise_slope (s, &clip_function, node->attributes, x));
  else
    gx[0] = lw_pointwise_gradient (s, &clip_function, node->attributes, x, gy);
}

static const LwOp clip_op = { "clip", clip_gradient };

/* An integer is held within the whole numbers between the bounds. */
static LwTensor *
clip_integers (LwScope *s, LwTensor *x, double low, double high)
{
  LwDType   dtype = lw_tensor_get_dtype (x);
  LwTensor *least = lw_constant_scalar (s, dtype, ceil (low));
  LwTensor *greatest = lw_constant_scalar (s, dtype, floor (high));
  double    first, last;

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  first = lw_tensor_get_value (least, 0);
  last = lw_tensor_get_value (greatest, 0);
  if (first > high || last < low || first > last)
    return lw_scope_fail (s, LW_ERROR_VALUE, _("%s has no number from %g to %g to clip to"),
                          lw_dtype_get_name (dtype), low, high);
  return lw_minimum (s, lw_maximum (s, x, least), greatest);
}

LwTensor *
lw_clip (LwScope *s, LwTensor *x, double low, double high)
{
  const double p[LW_POINTWISE_PARAMETERS] = { low, high };

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  if (!(low <= high))
    return lw_scope_fail (s, LW_ERROR_VALUE, _("clip takes a lower and an upper bound, not %g and %g"), low,
                          high);
  if (lw_dtype_is_floating (lw_tensor_get_dtype (x)) || lw_tensor_get_dtype (x) == LW_BOOL)
    return lw_pointwise (s, &clip_op, &clip_function, p, x);
  return clip_integers (s, x, low, high);
}
