/* Elementwise arithmetic on two tensors with NumPy's broadcasting (broadcast.c). The gradient of a
 * repeated input is summed over its repetitions. All gradients are made of recorded ops, so that they
 * can be differentiated again. */

#include "engine/ops/broadcast.h"

#include <glib/gi18n-lib.h>

static LwTensor *
compute (LwScope *s, const LwOp *op, LwBroadcast kind, LwTensor *a, LwTensor *b)
{
  LwTensor *inputs[] = { a, b };
  LwTensor *y = lw_broadcast (s, op->name, kind, a, b);

  if (y == NULL)
    return lw_scope_get_invalid (s);
  lw_scope_record (s, op, inputs, 2, y, NULL, NULL, 0);
  return y;
}

static LwTensor *
sum_to_input (LwScope *s, LwTensor *g, const LwNode *node, int i)
{
  return lw_op_sum_to_shape (s, g, lw_tensor_get_shape (node->inputs[i]));
}

static void
add_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  for (int i = 0; i < 2; i++)
    if (needs[i])
      gx[i] = sum_to_input (s, gy, node, i);
}

static const LwOp add_op = { "add", add_gradient };

LwTensor *
lw_add (LwScope *s, LwTensor *a, LwTensor *b)
{
  return compute (s, &add_op, LW_BROADCAST_ADD, a, b);
}

static void
subtract_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  if (needs[0])
    gx[0] = sum_to_input (s, gy, node, 0);
  if (needs[1])
    gx[1] = lw_negate (s, sum_to_input (s, gy, node, 1));
}

static const LwOp subtract_op = { "subtract", subtract_gradient };

LwTensor *
lw_subtract (LwScope *s, LwTensor *a, LwTensor *b)
{
  return compute (s, &subtract_op, LW_BROADCAST_SUBTRACT, a, b);
}

static void
multiply_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  for (int i = 0; i < 2; i++)
    if (needs[i])
      gx[i] = sum_to_input (s, lw_multiply (s, gy, node->inputs[1 - i]), node, i);
}

static const LwOp multiply_op = { "multiply", multiply_gradient };

LwTensor *
lw_multiply (LwScope *s, LwTensor *a, LwTensor *b)
{
  return compute (s, &multiply_op, LW_BROADCAST_MULTIPLY, a, b);
}

/* d (a / b) = da / b - db · (a / b) / b */
static void
divide_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  LwTensor *g = lw_divide (s, gy, node->inputs[1]);

  if (needs[0])
    gx[0] = sum_to_input (s, g, node, 0);
  if (needs[1])
    gx[1] = lw_negate (s, sum_to_input (s, lw_multiply (s, g, node->output), node, 1));
}

static const LwOp divide_op = { "divide", divide_gradient };

LwTensor *
lw_divide (LwScope *s, LwTensor *a, LwTensor *b)
{
  return compute (s, &divide_op, LW_BROADCAST_DIVIDE, a, b);
}

LwTensor *
lw_scale (LwScope *s, LwTensor *x, double factor)
{
  LwDType   dtype = lw_tensor_get_dtype (x);
  LwTensor *scalar = lw_constant_scalar (s, dtype, factor);

  if (!lw_scope_has_failed (s) && !lw_dtype_is_floating (dtype) && lw_tensor_get_value (scalar, 0) != factor)
    return lw_scope_fail (s, LW_ERROR_VALUE, _("%s has no value %g to multiply by; cast the tensor to float32 "
                                               "first"), lw_dtype_get_name (dtype), factor);
  return lw_multiply (s, x, scalar);
}

/* -- powers -- */

/* 1 where x > 0, else 0: a constant. */
static LwTensor *
is_positive (LwScope *s, const char *op, LwTensor *x)
{
  LwTensor *sign = lw_broadcast_scalar (s, op, LW_BROADCAST_COMPARE, x, 0);
  LwTensor *y = sign != NULL ? lw_broadcast_scalar (s, op, LW_BROADCAST_MAXIMUM, sign, 0) : NULL;

  return y != NULL ? y : lw_scope_get_invalid (s);
}

/* 1 where x is 0, else 0: a constant. */
static LwTensor *
is_zero (LwScope *s, const char *op, LwTensor *x)
{
  LwTensor *sign = lw_broadcast_scalar (s, op, LW_BROADCAST_COMPARE, x, 0);
  LwTensor *squared = sign != NULL ? lw_broadcast (s, op, LW_BROADCAST_MULTIPLY, sign, sign) : NULL;

  return squared != NULL ? lw_subtract (s, lw_constant_scalar (s, lw_tensor_get_dtype (x), 1), squared)
                         : lw_scope_get_invalid (s);
}

static void
positive_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = lw_multiply (s, gy, is_positive (s, "pow", node->inputs[0]));
}

static const LwOp positive_op = { "positive base", positive_gradient };

/* x where it is positive, else 1, of which the logarithm is 0. */
static LwTensor *
positive_or_one (LwScope *s, LwTensor *x)
{
  LwTensor *y;

  if (lw_scope_has_failed (s) || (y = lw_op_new_like (s, x)) == NULL)
    return lw_scope_get_invalid (s);
  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    {
      double value = lw_tensor_get_value (x, i);

      value = value <= 0 ? 1 : value;
      if (lw_tensor_get_dtype (x) == LW_FLOAT32)
        ((float *) lw_tensor_get_mutable_data (y))[i] = (float) value;
      else
        ((double *) lw_tensor_get_mutable_data (y))[i] = value;
    }
  lw_scope_record (s, &positive_op, &x, 1, y, NULL, NULL, 0);
  return y;
}

/* a^b: gy · b · a^(b - 1), and gy · a^b · log (a) with 0 for the logarithm where a <= 0. a^0 is 1 for any
 * a: where both are 0 the power stays 0 as well, or 0 · inf would be the slope of that. */
static void
pow_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  LwTensor *a = node->inputs[0], *b = node->inputs[1];

  if (needs[0])
    {
      LwTensor *both_zero = lw_multiply (s, is_zero (s, "pow", a), is_zero (s, "pow", b));
      LwTensor *one_less = lw_subtract (s, lw_constant_scalar (s, lw_tensor_get_dtype (a), 1), both_zero);
      LwTensor *slope = lw_multiply (s, b, lw_pow (s, a, lw_subtract (s, b, one_less)));

      gx[0] = sum_to_input (s, lw_multiply (s, gy, slope), node, 0);
    }
  if (needs[1])
    {
      LwTensor *slope = lw_multiply (s, node->output, lw_log (s, positive_or_one (s, a)));

      gx[1] = sum_to_input (s, lw_multiply (s, gy, slope), node, 1);
    }
}

static const LwOp pow_op = { "pow", pow_gradient };

LwTensor *
lw_pow (LwScope *s, LwTensor *a, LwTensor *b)
{
  return compute (s, &pow_op, LW_BROADCAST_POW, a, b);
}

/* -- the larger and the smaller -- */

/* The share of the gradient that input i gets: 1 where it is the result, 1/2 where both are. */
static void
choice_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx,
                 double direction)
{
  LwTensor *order = lw_broadcast (s, node->op->name, LW_BROADCAST_COMPARE, node->inputs[0],
                                  node->inputs[1]);
  LwTensor *half;

  if (order == NULL)
    return;
  half = lw_constant_scalar (s, lw_tensor_get_dtype (order), 0.5);
  for (int i = 0; i < 2; i++)
    if (needs[i])
      {
        LwTensor *share = lw_add (s, lw_scale (s, order, (i == 0 ? 0.5 : -0.5) * direction), half);

        gx[i] = sum_to_input (s, lw_multiply (s, gy, share), node, i);
      }
}

static void
maximum_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  choice_gradient (s, node, gy, needs, gx, 1);
}

static const LwOp maximum_op = { "maximum", maximum_gradient };

LwTensor *
lw_maximum (LwScope *s, LwTensor *a, LwTensor *b)
{
  return compute (s, &maximum_op, LW_BROADCAST_MAXIMUM, a, b);
}

static void
minimum_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  choice_gradient (s, node, gy, needs, gx, -1);
}

static const LwOp minimum_op = { "minimum", minimum_gradient };

LwTensor *
lw_minimum (LwScope *s, LwTensor *a, LwTensor *b)
{
  return compute (s, &minimum_op, LW_BROADCAST_MINIMUM, a, b);
}
