/* Softmax and its logarithm along one axis:
 *
 *   softmax      y = exp (x - max) / sum (exp (x - max))    gx = y · (gy - sum (gy · y))
 *   log_softmax  y = x - max - log (sum (exp (x - max)))    gx = gy - exp (y) · sum (gy)
 *
 * The kernels work on rows; along another axis than the last its entries are first laid side by side.
 * Where an outer tape watches a gradient, it is made of recorded ops. */

#include "engine/kernels/reference.h"
#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>

typedef struct {
  void (*f64) (int rows, int cols, const double *x, double *y);
  void (*gradient_f64) (int rows, int cols, const double *y, const double *gy, double *gx);
  gboolean logarithm;
} Function;

/* x [outer, n, inner], softmax over n */
typedef struct {
  int    axis;
  gint64 outer, n, inner;
} Attributes;

static gboolean
resolve_axis (LwScope *s, const char *op, LwTensor *x, int axis, Attributes *attributes)
{
  const LwShape   *shape = lw_tensor_get_shape (x);
  g_autofree char *text = lw_shape_to_string (shape);
  int              resolved = shape->rank == 0 ? 0 : axis < 0 ? axis + shape->rank : axis;

  *attributes = (Attributes) { .axis = resolved, .outer = 1, .inner = 1 };
  if (shape->rank > 0 && (resolved < 0 || resolved >= shape->rank))
    {
      lw_scope_fail (s, LW_ERROR_SHAPE, _("%s has no axis %d to work on in a tensor of shape %s"), op, axis,
                     text);
      return FALSE;
    }
  for (int i = 0; i < resolved; i++)
    attributes->outer *= shape->dims[i];
  for (int i = resolved + 1; i < shape->rank; i++)
    attributes->inner *= shape->dims[i];
  attributes->n = shape->rank > 0 ? shape->dims[resolved] : 0;
  if (attributes->n < 1 || attributes->n > G_MAXINT32 || attributes->inner > G_MAXINT32
      || (attributes->inner > 0 && attributes->outer > G_MAXINT32 / attributes->inner))
    {
      lw_scope_fail (s, LW_ERROR_SHAPE, _("%s works on rows of at least one element, not on shape %s"), op,
                     text);
      return FALSE;
    }
  return TRUE;
}

/* y [outer, columns, rows] from x [outer, rows, columns]. */
static void
swap_inner (LwScope *s, LwDType dtype, gint64 outer, gint64 rows, gint64 columns, gconstpointer x, gpointer y)
{
  const LwKernels *kernels = lw_scope_get_device (s)->kernels;
  gsize            block = (gsize) rows * (gsize) columns;

  if (block == 0)
    return;
  for (gint64 i = 0; i < outer; i++)
    if (dtype == LW_FLOAT32)
      kernels->transpose ((int) rows, (int) columns, (const float *) x + (gsize) i * block,
                          (float *) y + (gsize) i * block);
    else
      for (gint64 r = 0; r < rows; r++)
        for (gint64 c = 0; c < columns; c++)
          ((double *) y)[(gsize) i * block + (gsize) (c * rows + r)]
              = ((const double *) x)[(gsize) i * block + (gsize) (r * columns + c)];
}

/* x with the axis last (x itself where it is so), not recorded; NULL for want of memory. */
static LwTensor *
to_rows (LwScope *s, const Attributes *a, LwTensor *x)
{
  LwTensor *rows;

  if (a->inner == 1)
    return x;
  rows = lw_op_new_like (s, x);
  if (rows != NULL)
    swap_inner (s, lw_tensor_get_dtype (x), a->outer, a->n, a->inner, lw_tensor_get_data (x),
                lw_tensor_get_mutable_data (rows));
  return rows;
}

static LwTensor *
from_rows (LwScope *s, const Attributes *a, LwTensor *rows)
{
  LwTensor *x;

  if (a->inner == 1)
    return rows;
  x = lw_op_new_like (s, rows);
  if (x != NULL)
    swap_inner (s, lw_tensor_get_dtype (x), a->outer, a->inner, a->n, lw_tensor_get_data (rows),
                lw_tensor_get_mutable_data (x));
  return x;
}

static LwTensor *
compute (LwScope *s, const LwOp *op, const Function *function, LwTensor *x, int axis)
{
  const LwKernels *k = lw_scope_get_device (s)->kernels;
  Attributes       a;
  LwTensor        *rows, *out, *y;

  if (lw_scope_has_failed (s) || !lw_op_check_floating (s, op->name, x)
      || !resolve_axis (s, op->name, x, axis, &a) || (rows = to_rows (s, &a, x)) == NULL
      || (out = lw_op_new_like (s, x)) == NULL)
    return lw_scope_get_invalid (s);
  if (lw_tensor_get_dtype (x) == LW_FLOAT32)
    (function->logarithm ? k->log_softmax : k->softmax) (
        (int) (a.outer * a.inner), (int) a.n, lw_tensor_get_floats (rows), lw_tensor_get_mutable_data (out));
  else
    function->f64 ((int) (a.outer * a.inner), (int) a.n, lw_tensor_get_data (rows),
                   lw_tensor_get_mutable_data (out));
  y = from_rows (s, &a, out);
  if (y == NULL)
    return lw_scope_get_invalid (s);
  lw_scope_record (s, op, &x, 1, y, NULL, &a, sizeof a);
  return y;
}

static LwTensor *
compute_gradient (LwScope *s, const Function *function, const LwNode *node, LwTensor *gy)
{
  const LwKernels  *k = lw_scope_get_device (s)->kernels;
  const Attributes *a = node->attributes;
  LwTensor         *y = to_rows (s, a, node->output), *g = to_rows (s, a, gy);
  LwTensor         *gx = lw_op_new_like (s, gy);

  if (y == NULL || g == NULL || gx == NULL)
    return NULL;
  if (lw_tensor_get_dtype (y) == LW_FLOAT32)
    (function->logarithm ? k->log_softmax_gradient : k->softmax_gradient) (
        (int) (a->outer * a->inner), (int) a->n, lw_tensor_get_floats (y), lw_tensor_get_floats (g),
        lw_tensor_get_mutable_data (gx));
  else
    function->gradient_f64 ((int) (a->outer * a->inner), (int) a->n, lw_tensor_get_data (y),
                            lw_tensor_get_data (g), lw_tensor_get_mutable_data (gx));
  return from_rows (s, a, gx);
}

static gboolean
is_watched (LwScope *s, const LwNode *node, LwTensor *gy)
{
  LwTensor *inputs[] = { node->output, gy };

  return lw_scope_is_recording (s, inputs, 2);
}

static const Function softmax_function = { lw_reference_softmax_f64, lw_reference_softmax_gradient_f64, FALSE };

static void
softmax_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  const Attributes *a = node->attributes;
  LwTensor         *y = node->output;

  if (is_watched (s, node, gy))
    gx[0] = lw_multiply (s, y, lw_subtract (s, gy, lw_reduce_sum (s, lw_multiply (s, gy, y), &a->axis, 1,
                                                                  TRUE)));
  else
    gx[0] = compute_gradient (s, &softmax_function, node, gy);
}

static const LwOp softmax_op = { "softmax", softmax_gradient };

LwTensor *
lw_softmax_over (LwScope *s, LwTensor *x, int axis)
{
  return compute (s, &softmax_op, &softmax_function, x, axis);
}

LwTensor *
lw_softmax (LwScope *s, LwTensor *x)
{
  return lw_softmax_over (s, x, -1);
}

static const Function log_softmax_function
    = { lw_reference_log_softmax_f64, lw_reference_log_softmax_gradient_f64, TRUE };

static void
log_softmax_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  const Attributes *a = node->attributes;

  if (is_watched (s, node, gy))
    gx[0] = lw_subtract (s, gy, lw_multiply (s, lw_exp (s, node->output),
                                             lw_reduce_sum (s, gy, &a->axis, 1, TRUE)));
  else
    gx[0] = compute_gradient (s, &log_softmax_function, node, gy);
}

static const LwOp log_softmax_op = { "log_softmax", log_softmax_gradient };

LwTensor *
lw_log_softmax_over (LwScope *s, LwTensor *x, int axis)
{
  return compute (s, &log_softmax_op, &log_softmax_function, x, axis);
}

LwTensor *
lw_log_softmax (LwScope *s, LwTensor *x)
{
  return lw_log_softmax_over (s, x, -1);
}
