/* Activations. Each derivative stands above its function: relu' = [y > 0], sigmoid' = y (1 - y) and
 * tanh' = 1 - y² from the outputs, the others from the inputs (kernels.h has their formulas).
 *
 * A gradient is one fused kernel, unless an outer tape watches it: then it is made of recorded ops, and
 * can be differentiated again. */

#include "engine/kernels/reference.h"
#include "engine/ops/pointwise.h"

#include <glib/gi18n-lib.h>
#include <math.h>

static LwTensor *
scalar (LwScope *s, LwTensor *like, double value)
{
  return lw_constant_scalar (s, lw_tensor_get_dtype (like), value);
}

static LwTensor *
one_minus (LwScope *s, LwTensor *x)
{
  return lw_subtract (s, scalar (s, x, 1), x);
}

/* The gradient of what is made of straight lines: the slope is a constant. */
static LwTensor *
straight_gradient (LwScope *s, const LwPointwise *function, const double *p, LwTensor *x, LwTensor *gy)
{
  if (lw_pointwise_is_watched (s, x, gy))
    return lw_multiply (s, gy, lw_pointwise_slope (s, function, p, x));
  return lw_pointwise_gradient (s, function, p, x, gy);
}

LW_DEFINE_POINTWISE (relu)

static void
relu_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = straight_gradient (s, &relu_function, NULL, node->output, gy);
}

static const LwOp relu_op = { "relu", relu_gradient };

LwTensor *
lw_relu (LwScope *s, LwTensor *x)
{
  return lw_pointwise (s, &relu_op, &relu_function, NULL, x);
}

LW_DEFINE_POINTWISE (relu_with, p[0], p[1], p[2])

static void
relu_with_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = straight_gradient (s, &relu_with_function, node->attributes, node->inputs[0], gy);
}

static LwTensor *
compute_relu_with (LwScope *s, const LwOp *op, LwTensor *x, double negative_slope, double max_value,
                   double threshold)
{
  const double p[LW_POINTWISE_PARAMETERS] = { negative_slope, max_value, threshold };

  if (!lw_scope_has_failed (s) && (!isfinite (negative_slope) || !isfinite (threshold) || isnan (max_value)))
    return lw_scope_fail (s, LW_ERROR_VALUE, _("%s takes a finite slope and threshold and a maximum, not %g, "
                                               "%g and %g"), op->name, negative_slope, threshold, max_value);
  return lw_pointwise (s, op, &relu_with_function, p, x);
}

static const LwOp relu_with_op = { "relu", relu_with_gradient };

LwTensor *
lw_relu_with (LwScope *s, LwTensor *x, double negative_slope, double max_value, double threshold)
{
  return compute_relu_with (s, &relu_with_op, x, negative_slope, max_value, threshold);
}

static const LwOp relu6_op = { "relu6", relu_with_gradient };

LwTensor *
lw_relu6 (LwScope *s, LwTensor *x)
{
  return compute_relu_with (s, &relu6_op, x, 0, 6, 0);
}

static const LwOp leaky_relu_op = { "leaky_relu", relu_with_gradient };

LwTensor *
lw_leaky_relu (LwScope *s, LwTensor *x, double negative_slope)
{
  return compute_relu_with (s, &leaky_relu_op, x, negative_slope, INFINITY, 0);
}

LW_DEFINE_POINTWISE (elu, p[0])

/* 1 where x > 0, else alpha · exp (x) = y + alpha. */
static void
elu_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  const double *p = node->attributes;
  LwTensor     *x = node->inputs[0];

  if (lw_pointwise_is_watched (s, x, gy))
    {
      LwTensor *above = lw_pointwise_slope (s, &relu_function, NULL, x);
      LwTensor *below = lw_multiply (s, one_minus (s, above),
                                     lw_add (s, node->output, scalar (s, x, p[0])));

      gx[0] = lw_multiply (s, gy, lw_add (s, above, below));
    }
  else
    gx[0] = lw_pointwise_gradient (s, &elu_function, p, x, gy);
}

static const LwOp elu_op = { "elu", elu_gradient };

LwTensor *
lw_elu (LwScope *s, LwTensor *x, double alpha)
{
  const double p[LW_POINTWISE_PARAMETERS] = { alpha };

  if (!lw_scope_has_failed (s) && !isfinite (alpha))
    return lw_scope_fail (s, LW_ERROR_VALUE, _("elu takes a finite alpha, not %g"), alpha);
  return lw_pointwise (s, &elu_op, &elu_function, p, x);
}

LW_DEFINE_POINTWISE (softplus)

static void
softplus_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  LwTensor *x = node->inputs[0];

  if (lw_pointwise_is_watched (s, x, gy))
    gx[0] = lw_multiply (s, gy, lw_sigmoid (s, x));
  else
    gx[0] = lw_pointwise_gradient (s, &softplus_function, NULL, x, gy);
}

static const LwOp softplus_op = { "softplus", softplus_gradient };

LwTensor *
lw_softplus (LwScope *s, LwTensor *x)
{
  return lw_pointwise (s, &softplus_op, &softplus_function, NULL, x);
}

LW_DEFINE_POINTWISE (silu)

/* s + x · s (1 - s) with s = sigmoid (x) */
static void
silu_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  LwTensor *x = node->inputs[0];

  if (lw_pointwise_is_watched (s, x, gy))
    {
      LwTensor *sigmoid = lw_sigmoid (s, x);
      LwTensor *rise = lw_multiply (s, sigmoid, one_minus (s, sigmoid));

      gx[0] = lw_multiply (s, gy, lw_add (s, sigmoid, lw_multiply (s, x, rise)));
    }
  else
    gx[0] = lw_pointwise_gradient (s, &silu_function, NULL, x, gy);
}

static const LwOp silu_op = { "silu", silu_gradient };

LwTensor *
lw_silu (LwScope *s, LwTensor *x)
{
  return lw_pointwise (s, &silu_op, &silu_function, NULL, x);
}

/* -- gelu: x · Φ (x), Φ' (x) = φ (x) = exp (-x² / 2) / sqrt (2 π) -- */

LW_DEFINE_POINTWISE (gelu)

/* The derivative of the derivative Φ (x) + x · φ (x): φ (x) · (2 - x²). */
static void
gelu_slope_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  LwTensor *squared = lw_square (s, node->inputs[0]);
  LwTensor *density = lw_scale (s, lw_exp (s, lw_scale (s, squared, -0.5)), 1 / sqrt (2 * G_PI));
  LwTensor *curve = lw_multiply (s, density, lw_subtract (s, scalar (s, squared, 2), squared));

  gx[0] = lw_multiply (s, gy, curve);
}

static const LwOp gelu_slope_op = { "the slope of gelu", gelu_slope_gradient };

static void
gelu_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  LwTensor *x = node->inputs[0];

  if (lw_pointwise_is_watched (s, x, gy))
    {
      LwTensor *slope = lw_pointwise_slope (s, &gelu_function, NULL, x);

      lw_scope_record (s, &gelu_slope_op, &x, 1, slope, NULL, NULL, 0);
      gx[0] = lw_multiply (s, gy, slope);
    }
  else
    gx[0] = lw_pointwise_gradient (s, &gelu_function, NULL, x, gy);
}

static const LwOp gelu_op = { "gelu", gelu_gradient };

LW_DEFINE_POINTWISE (gelu_tanh)

/* s + x · s (1 - s) · du with s = (1 + tanh (u / 2)) / 2 = sigmoid (u), u = x (a + b x²) and
 * du = a + 3 b x² */
static void
gelu_tanh_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  const double a = 2 * sqrt (2 / G_PI), b = a * 0.044715;
  LwTensor    *x = node->inputs[0];

  if (lw_pointwise_is_watched (s, x, gy))
    {
      LwTensor *squared = lw_scale (s, lw_square (s, x), b);
      LwTensor *u = lw_multiply (s, x, lw_add (s, squared, scalar (s, x, a)));
      LwTensor *du = lw_add (s, lw_scale (s, squared, 3), scalar (s, x, a));
      LwTensor *sigmoid = lw_sigmoid (s, u);
      LwTensor *rise = lw_multiply (s, lw_multiply (s, sigmoid, one_minus (s, sigmoid)), du);

      gx[0] = lw_multiply (s, gy, lw_add (s, sigmoid, lw_multiply (s, x, rise)));
    }
  else
    gx[0] = lw_pointwise_gradient (s, &gelu_tanh_function, NULL, x, gy);
}

static const LwOp gelu_tanh_op = { "gelu", gelu_tanh_gradient };

LwTensor *
lw_gelu (LwScope *s, LwTensor *x, gboolean approximate)
{
  return approximate ? lw_pointwise (s, &gelu_tanh_op, &gelu_tanh_function, NULL, x)
                     : lw_pointwise (s, &gelu_op, &gelu_function, NULL, x);
}

/* -- sigmoid and tanh, from their outputs -- */

LW_DEFINE_POINTWISE (sigmoid)

static void
sigmoid_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  LwTensor *y = node->output;

  if (lw_pointwise_is_watched (s, y, gy))
    gx[0] = lw_multiply (s, lw_multiply (s, gy, y), one_minus (s, y));
  else
    gx[0] = lw_pointwise_gradient (s, &sigmoid_function, NULL, y, gy);
}

static const LwOp sigmoid_op = { "sigmoid", sigmoid_gradient };

LwTensor *
lw_sigmoid (LwScope *s, LwTensor *x)
{
  return lw_pointwise (s, &sigmoid_op, &sigmoid_function, NULL, x);
}

LW_DEFINE_POINTWISE (tanh)

static void
tanh_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  LwTensor *y = node->output;

  if (lw_pointwise_is_watched (s, y, gy))
    gx[0] = lw_multiply (s, gy, one_minus (s, lw_square (s, y)));
  else
    gx[0] = lw_pointwise_gradient (s, &tanh_function, NULL, y, gy);
}

static const LwOp tanh_op = { "tanh", tanh_gradient };

LwTensor *
lw_tanh (LwScope *s, LwTensor *x)
{
  return lw_pointwise (s, &tanh_op, &tanh_function, NULL, x);
}

LwTensor *
lw_activate (LwScope *s, LwTensor *x, LwActivation activation)
{
  switch (activation)
    {
    case LW_ACTIVATION_LINEAR: return x;
    case LW_ACTIVATION_RELU: return lw_relu (s, x);
    case LW_ACTIVATION_SOFTMAX: return lw_softmax (s, x);
    case LW_ACTIVATION_SIGMOID: return lw_sigmoid (s, x);
    case LW_ACTIVATION_TANH: return lw_tanh (s, x);
    case LW_ACTIVATION_LEAKY_RELU: return lw_leaky_relu (s, x, 0.2);
    case LW_ACTIVATION_ELU: return lw_elu (s, x, 1);
    case LW_ACTIVATION_RELU6: return lw_relu6 (s, x);
    case LW_ACTIVATION_SOFTPLUS: return lw_softplus (s, x);
    case LW_ACTIVATION_SILU: return lw_silu (s, x);
    case LW_ACTIVATION_GELU: return lw_gelu (s, x, FALSE);
    case LW_ACTIVATION_LOG_SOFTMAX: return lw_log_softmax (s, x);
    }
  g_return_val_if_reached (x);
}
