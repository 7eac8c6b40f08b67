/* Activations. Their gradients are computed from the outputs: relu' = [y > 0], sigmoid' = y (1 - y),
 * tanh' = 1 - y²; for softmax gx = y · (gy - sum (gy · y)). */

#include "engine/kernels/reference.h"
#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>

#define GRAIN 16384

typedef void (*UnaryF32) (gsize n, const float *x, float *y);
typedef void (*UnaryF64) (gsize n, const double *x, double *y);
typedef void (*GradientF32) (gsize n, const float *y, const float *gy, float *gx);
typedef void (*GradientF64) (gsize n, const double *y, const double *gy, double *gx);

typedef struct {
  UnaryF32     unary;
  GradientF32  gradient;
  const float *x, *gy;
  float       *out;
} Work;

static void
run_unary (gpointer data, gsize first, gsize n)
{
  const Work *work = data;

  work->unary (n, work->x + first, work->out + first);
}

static void
run_gradient (gpointer data, gsize first, gsize n)
{
  const Work *work = data;

  work->gradient (n, work->x + first, work->gy + first, work->out + first);
}

static LwTensor *
compute (LwScope *s, const LwOp *op, UnaryF32 fast, UnaryF64 plain, LwTensor *x)
{
  LwTensor *y;

  if (lw_scope_has_failed (s) || !lw_op_check_floating (s, op->name, x) || (y = lw_op_new_like (s, x)) == NULL)
    return lw_scope_get_invalid (s);
  if (lw_tensor_get_dtype (x) == LW_FLOAT32)
    {
      Work work = { .unary = fast, .x = lw_tensor_get_floats (x), .out = lw_tensor_get_mutable_data (y) };

      lw_op_run_range (s, lw_tensor_get_count (x), GRAIN, run_unary, &work);
    }
  else
    plain (lw_tensor_get_count (x), lw_tensor_get_data (x), lw_tensor_get_mutable_data (y));
  lw_scope_record (s, op, &x, 1, y, NULL, NULL, 0);
  return y;
}

static LwTensor *
compute_gradient (LwScope *s, const LwOp *op, GradientF32 fast, GradientF64 plain, LwTensor *y, LwTensor *gy)
{
  LwTensor *inputs[] = { y, gy };
  LwTensor *gx;

  if (lw_scope_has_failed (s) || (gx = lw_op_new_like (s, y)) == NULL)
    return lw_scope_get_invalid (s);
  if (lw_tensor_get_dtype (y) == LW_FLOAT32)
    {
      Work work = { .gradient = fast, .x = lw_tensor_get_floats (y), .gy = lw_tensor_get_floats (gy),
                    .out = lw_tensor_get_mutable_data (gx) };

      lw_op_run_range (s, lw_tensor_get_count (y), GRAIN, run_gradient, &work);
    }
  else
    plain (lw_tensor_get_count (y), lw_tensor_get_data (y), lw_tensor_get_data (gy),
           lw_tensor_get_mutable_data (gx));
  lw_op_record_opaque (s, op, inputs, 2, gx);
  return gx;
}

static const LwOp relu_gradient_op = { "the gradient of relu", NULL };

static void
relu_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = compute_gradient (s, &relu_gradient_op, lw_scope_get_device (s)->kernels->relu_gradient,
                            lw_reference_relu_gradient_f64, node->output, gy);
}

static const LwOp relu_op = { "relu", relu_gradient };

LwTensor *
lw_relu (LwScope *s, LwTensor *x)
{
  return compute (s, &relu_op, lw_scope_get_device (s)->kernels->relu, lw_reference_relu_f64, x);
}

static const LwOp sigmoid_gradient_op = { "the gradient of sigmoid", NULL };

static void
sigmoid_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = compute_gradient (s, &sigmoid_gradient_op, lw_scope_get_device (s)->kernels->sigmoid_gradient,
                            lw_reference_sigmoid_gradient_f64, node->output, gy);
}

static const LwOp sigmoid_op = { "sigmoid", sigmoid_gradient };

LwTensor *
lw_sigmoid (LwScope *s, LwTensor *x)
{
  return compute (s, &sigmoid_op, lw_scope_get_device (s)->kernels->sigmoid, lw_reference_sigmoid_f64, x);
}

static const LwOp tanh_gradient_op = { "the gradient of tanh", NULL };

static void
tanh_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = compute_gradient (s, &tanh_gradient_op, lw_scope_get_device (s)->kernels->tanh_gradient,
                            lw_reference_tanh_gradient_f64, node->output, gy);
}

static const LwOp tanh_op = { "tanh", tanh_gradient };

LwTensor *
lw_tanh (LwScope *s, LwTensor *x)
{
  return compute (s, &tanh_op, lw_scope_get_device (s)->kernels->tanh, lw_reference_tanh_f64, x);
}

/* -- softmax over the last axis -- */

static gboolean
rows_of (LwScope *s, const char *op, LwTensor *x, int *rows, int *columns)
{
  gint64 last = lw_tensor_get_rank (x) > 0 ? lw_tensor_get_dim (x, -1) : 0;
  gsize  n;

  if (last < 1 || last > G_MAXINT32 || (n = lw_tensor_get_count (x) / (gsize) last) > G_MAXINT32)
    {
      g_autofree char *text = lw_shape_to_string (lw_tensor_get_shape (x));

      lw_scope_fail (s, LW_ERROR_SHAPE, _("%s works on rows of at least one element, not on shape %s"), op,
                     text);
      return FALSE;
    }
  *columns = (int) last;
  *rows = (int) n;
  return TRUE;
}

static const LwOp softmax_gradient_op = { "the gradient of softmax", NULL };

static void
softmax_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  LwTensor *y = node->output;
  LwTensor *inputs[] = { y, gy };
  int       rows, columns;

  if (!rows_of (s, "softmax", y, &rows, &columns) || (gx[0] = lw_op_new_like (s, y)) == NULL)
    return;
  if (lw_tensor_get_dtype (y) == LW_FLOAT32)
    lw_scope_get_device (s)->kernels->softmax_gradient (rows, columns, lw_tensor_get_floats (y),
                                                        lw_tensor_get_floats (gy),
                                                        lw_tensor_get_mutable_data (gx[0]));
  else
    lw_reference_softmax_gradient_f64 (rows, columns, lw_tensor_get_data (y), lw_tensor_get_data (gy),
                                       lw_tensor_get_mutable_data (gx[0]));
  lw_op_record_opaque (s, &softmax_gradient_op, inputs, 2, gx[0]);
}

static const LwOp softmax_op = { "softmax", softmax_gradient };

LwTensor *
lw_softmax (LwScope *s, LwTensor *x)
{
  LwTensor *y;
  int       rows, columns;

  if (lw_scope_has_failed (s) || !lw_op_check_floating (s, "softmax", x)
      || !rows_of (s, "softmax", x, &rows, &columns) || (y = lw_op_new_like (s, x)) == NULL)
    return lw_scope_get_invalid (s);
  if (lw_tensor_get_dtype (x) == LW_FLOAT32)
    lw_scope_get_device (s)->kernels->softmax (rows, columns, lw_tensor_get_floats (x),
                                               lw_tensor_get_mutable_data (y));
  else
    lw_reference_softmax_f64 (rows, columns, lw_tensor_get_data (x), lw_tensor_get_mutable_data (y));
  lw_scope_record (s, &softmax_op, &x, 1, y, NULL, NULL, 0);
  return y;
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
    }
  g_return_val_if_reached (x);
}
