/* Sums, means and maxima over axes; the place of the maximum. Each output element is summed in the
 * order of its elements in memory, by one thread: its bits depend on the shape alone. */

#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>
#include <math.h>

typedef enum { SUM, MEAN, MAX_OF } Reduction;

typedef struct {
  gboolean reduced[LW_MAX_RANK];
  LwShape  kept; /* the result with reduced axes of size 1 */
} Axes;

static gboolean
resolve_axes (LwScope *s, const char *op, LwTensor *x, const int *axes, int n, Axes *resolved)
{
  const LwShape *shape = lw_tensor_get_shape (x);

  *resolved = (Axes) { .kept = *shape };
  for (int i = 0; i < (n > 0 ? n : shape->rank); i++)
    {
      int axis = n > 0 ? axes[i] : i;

      if (axis < 0)
        axis += shape->rank;
      if (axis < 0 || axis >= shape->rank)
        {
          g_autofree char *text = lw_shape_to_string (shape);

          lw_scope_fail (s, LW_ERROR_SHAPE, _("%s has no axis %d to work on in a tensor of shape %s"), op,
                         axes[i], text);
          return FALSE;
        }
      resolved->reduced[axis] = TRUE;
      resolved->kept.dims[axis] = 1;
    }
  return TRUE;
}

/* For each element of x in order, the index of its result. */
static void
result_strides (const LwShape *x, const Axes *axes, gsize strides[LW_MAX_RANK])
{
  gsize stride = 1;

  for (int i = x->rank - 1; i >= 0; i--)
    {
      strides[i] = axes->reduced[i] ? 0 : stride;
      stride *= (gsize) axes->kept.dims[i];
    }
}

#define DEFINE_REDUCE(TYPE, NAME)                                                                  \
  static void reduce_##NAME (Reduction kind, const LwShape *shape, const gsize *strides,           \
                             gsize n, const TYPE *x, gsize n_results, TYPE *y)                     \
  {                                                                                                \
    gint64 index[LW_MAX_RANK] = { 0 };                                                             \
    gsize  at = 0;                                                                                 \
    gsize  columns = shape->rank > 0 ? (gsize) shape->dims[shape->rank - 1] : 1;                   \
    gsize  step = shape->rank > 0 ? strides[shape->rank - 1] : 0;                                  \
    for (gsize i = 0; i < n_results; i++)                                                          \
      y[i] = kind == MAX_OF ? (TYPE) -INFINITY : 0;                                                \
    for (gsize i = 0; i < n; i += columns)                                                         \
      {                                                                                            \
        if (kind == MAX_OF)                                                                        \
          for (gsize c = 0; c < columns; c++)                                                      \
            y[at + c * step] = x[i + c] > y[at + c * step] || isnan (x[i + c])                     \
                                   ? x[i + c] : y[at + c * step];                                  \
        else                                                                                       \
          for (gsize c = 0; c < columns; c++)                                                      \
            y[at + c * step] += x[i + c];                                                          \
        for (int axis = shape->rank - 2; axis >= 0; axis--)                                        \
          {                                                                                        \
            at += strides[axis];                                                                   \
            if (++index[axis] < shape->dims[axis])                                                 \
              break;                                                                               \
            at -= strides[axis] * (gsize) shape->dims[axis];                                       \
            index[axis] = 0;                                                                       \
          }                                                                                        \
      }                                                                                            \
  }

DEFINE_REDUCE (float, f32)
DEFINE_REDUCE (double, f64)

static LwTensor *
reduce (LwScope *s, const LwOp *op, Reduction kind, LwTensor *x, const int *axes, int n_axes,
        gboolean keepdims)
{
  const LwShape *shape = lw_tensor_get_shape (x);
  gsize          n = lw_tensor_get_count (x);
  gsize          strides[LW_MAX_RANK];
  LwTensor      *y;
  Axes           resolved;

  if (lw_scope_has_failed (s) || !lw_op_check_floating (s, op->name, x)
      || !resolve_axes (s, op->name, x, axes, n_axes, &resolved))
    return lw_scope_get_invalid (s);
  y = lw_scope_new_tensor (s, lw_tensor_get_dtype (x), &resolved.kept);
  if (y == NULL)
    return lw_scope_get_invalid (s);

  result_strides (shape, &resolved, strides);
  if (lw_tensor_get_dtype (x) == LW_FLOAT32)
    reduce_f32 (kind, shape, strides, n, lw_tensor_get_data (x), lw_tensor_get_count (y),
                lw_tensor_get_mutable_data (y));
  else
    reduce_f64 (kind, shape, strides, n, lw_tensor_get_data (x), lw_tensor_get_count (y),
                lw_tensor_get_mutable_data (y));
  lw_scope_record (s, op, &x, 1, y, NULL, NULL, 0);

  if (kind == MEAN)
    y = lw_divide (s, y, lw_constant_scalar (s, lw_tensor_get_dtype (y),
                                             (double) n / (double) lw_tensor_get_count (y)));
  if (!keepdims)
    {
      LwShape dropped = { 0 };

      for (int i = 0; i < shape->rank; i++)
        if (!resolved.reduced[i])
          dropped.dims[dropped.rank++] = shape->dims[i];
      y = lw_reshape (s, y, &dropped);
    }
  return y;
}

/* The recorded sum keeps its axes, so its gradient only has to be repeated. */
static void
sum_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = lw_multiply (s, lw_ones_like (s, node->inputs[0]), gy);
}

static const LwOp sum_op = { "reduce_sum", sum_gradient };

LwTensor *
lw_reduce_sum (LwScope *s, LwTensor *x, const int *axes, int n_axes, gboolean keepdims)
{
  return reduce (s, &sum_op, SUM, x, axes, n_axes, keepdims);
}

static const LwOp mean_op = { "reduce_mean", sum_gradient };

LwTensor *
lw_reduce_mean (LwScope *s, LwTensor *x, const int *axes, int n_axes, gboolean keepdims)
{
  return reduce (s, &mean_op, MEAN, x, axes, n_axes, keepdims);
}

/* 1 where x equals the (repeated) maximum y, else 0. */
static LwTensor *
is_maximum (LwScope *s, LwTensor *x, LwTensor *y)
{
  LwTensor *difference = lw_subtract (s, x, y);
  LwTensor *mask;
  gsize     n = lw_tensor_get_count (x);

  if (lw_scope_has_failed (s) || (mask = lw_op_new_like (s, x)) == NULL)
    return lw_scope_get_invalid (s);
  for (gsize i = 0; i < n; i++)
    {
      double one = lw_tensor_get_value (difference, i) == 0;

      if (lw_tensor_get_dtype (x) == LW_FLOAT32)
        ((float *) lw_tensor_get_mutable_data (mask))[i] = (float) one;
      else
        ((double *) lw_tensor_get_mutable_data (mask))[i] = one;
    }
  return mask;
}

static void
max_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  LwTensor *mask = is_maximum (s, node->inputs[0], node->output);

  if (!lw_scope_has_failed (s))
    gx[0] = lw_multiply (s, mask, lw_divide (s, gy, lw_op_sum_to_shape (
                                                        s, mask, lw_tensor_get_shape (node->output))));
}

static const LwOp max_op = { "reduce_max", max_gradient };

LwTensor *
lw_reduce_max (LwScope *s, LwTensor *x, const int *axes, int n_axes, gboolean keepdims)
{
  return reduce (s, &max_op, MAX_OF, x, axes, n_axes, keepdims);
}

LwTensor *
lw_argmax (LwScope *s, LwTensor *x)
{
  const LwShape *shape = lw_tensor_get_shape (x);
  LwShape        rows_shape;
  gsize          columns, rows;
  LwTensor      *y;

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  if (shape->rank < 1 || shape->dims[shape->rank - 1] < 1)
    {
      g_autofree char *text = lw_shape_to_string (shape);

      return lw_scope_fail (s, LW_ERROR_SHAPE, _("argmax takes rows of at least one element, not %s"), text);
    }
  rows_shape = *shape;
  rows_shape.rank--;
  rows_shape.dims[rows_shape.rank] = 0;
  y = lw_scope_new_tensor (s, LW_INT64, &rows_shape);
  if (y == NULL)
    return lw_scope_get_invalid (s);
  columns = (gsize) shape->dims[shape->rank - 1];
  rows = lw_tensor_get_count (y);
  for (gsize r = 0; r < rows; r++)
    {
      gsize best = 0;

      for (gsize c = 1; c < columns; c++)
        if (lw_tensor_get_value (x, r * columns + c) > lw_tensor_get_value (x, r * columns + best))
          best = c;
      ((gint64 *) lw_tensor_get_mutable_data (y))[r] = (gint64) best;
    }
  return y;
}
