/* Sums, means and maxima over axes; the place of the maximum. Sums are taken in float64, also of float32, and
 * rounded once; in the order of the elements in memory, but for a last axis in eight interleaved parts joined
 * pairwise, by one thread: the bits depend on the shape alone. */

#include "engine/ops/strided.h"

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
      if (resolved->reduced[axis])
        {
          g_autofree char *text = lw_shape_to_string (shape);

          lw_scope_fail (s, LW_ERROR_SHAPE, _("%s was given axis %d of a tensor of shape %s twice"),
                         op, axis, text);
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

/* Moves index to the next row (all axes but the last), and *at with it. */
static void
next_row (const LwShape *shape, const gsize *strides, gint64 *index, gsize *at)
{
  for (int axis = shape->rank - 2; axis >= 0; axis--)
    {
      *at += strides[axis];
      if (++index[axis] < shape->dims[axis])
        break;
      *at -= strides[axis] * (gsize) shape->dims[axis];
      index[axis] = 0;
    }
}

#define DEFINE_REDUCE(TYPE, NAME)                                                                  \
  static double sum_row_##NAME (gsize n, const TYPE *x)                                            \
  {                                                                                                \
    double part[8] = { 0 };                                                                        \
    gsize  i;                                                                                      \
    for (i = 0; i + 8 <= n; i += 8)                                                                \
      for (gsize k = 0; k < 8; k++)                                                                \
        part[k] += x[i + k];                                                                       \
    for (gsize k = 0; i + k < n; k++)                                                              \
      part[k] += x[i + k];                                                                         \
    return ((part[0] + part[4]) + (part[2] + part[6])) + ((part[1] + part[5]) + (part[3] + part[7])); \
  }                                                                                                \
                                                                                                   \
  /* sums has been cleared. */                                                                     \
  static void sum_##NAME (const LwShape *shape, const gsize *strides, gsize n, const TYPE *x, double *sums) \
  {                                                                                                \
    gint64 index[LW_MAX_RANK] = { 0 };                                                             \
    gsize  at = 0;                                                                                 \
    gsize  columns = shape->rank > 0 ? (gsize) shape->dims[shape->rank - 1] : 1;                   \
    gsize  step = shape->rank > 0 ? strides[shape->rank - 1] : 0;                                  \
    for (gsize i = 0; i < n; i += columns, next_row (shape, strides, index, &at))                  \
      if (step == 0)                                                                               \
        sums[at] += sum_row_##NAME (columns, x + i);                                               \
      else                                                                                         \
        for (gsize c = 0; c < columns; c++)                                                        \
          sums[at + c] += x[i + c];                                                                \
  }                                                                                                \
                                                                                                   \
  static void max_##NAME (const LwShape *shape, const gsize *strides, gsize n, const TYPE *x,      \
                          gsize n_results, TYPE *y)                                                \
  {                                                                                                \
    gint64 index[LW_MAX_RANK] = { 0 };                                                             \
    gsize  at = 0;                                                                                 \
    gsize  columns = shape->rank > 0 ? (gsize) shape->dims[shape->rank - 1] : 1;                   \
    gsize  step = shape->rank > 0 ? strides[shape->rank - 1] : 0;                                  \
    for (gsize i = 0; i < n_results; i++)                                                          \
      y[i] = (TYPE) -INFINITY;                                                                     \
    for (gsize i = 0; i < n; i += columns, next_row (shape, strides, index, &at))                  \
      for (gsize c = 0; c < columns; c++)                                                          \
        if (x[i + c] > y[at + c * step] || isnan (x[i + c]))                                       \
          y[at + c * step] = x[i + c];                                                             \
  }                                                                                                \
                                                                                                   \
  /* 1 where x equals its (repeated) maximum y, else 0. */                                         \
  static void mark_maxima_##NAME (const LwShape *shape, const gsize *strides, gsize n, const TYPE *x, \
                                  const TYPE *y, TYPE *mask)                                       \
  {                                                                                                \
    gint64 index[LW_MAX_RANK] = { 0 };                                                             \
    gsize  at = 0;                                                                                 \
    gsize  columns = shape->rank > 0 ? (gsize) shape->dims[shape->rank - 1] : 1;                   \
    gsize  step = shape->rank > 0 ? strides[shape->rank - 1] : 0;                                  \
    for (gsize i = 0; i < n; i += columns, next_row (shape, strides, index, &at))                  \
      for (gsize c = 0; c < columns; c++)                                                          \
        mask[i + c] = x[i + c] == y[at + c * step];                                                \
  }

DEFINE_REDUCE (float, f32)
DEFINE_REDUCE (double, f64)

/* Sums, or means, of x into y; FALSE where memory is out. */
static gboolean
sum_into (LwScope *s, LwTensor *x, const gsize *strides, double divisor, LwTensor *y)
{
  const LwShape *shape = lw_tensor_get_shape (x);
  gsize          n = lw_tensor_get_count (x), n_results = lw_tensor_get_count (y);
  gboolean       single = lw_tensor_get_dtype (x) == LW_FLOAT32;
  double        *sums = single ? lw_pool_alloc (lw_scope_get_device (s)->pool, n_results * sizeof (double))
                               : lw_tensor_get_mutable_data (y);

  if (sums == NULL)
    {
      lw_scope_fail (s, LW_ERROR_VALUE, _("There is not enough memory for a sum"));
      return FALSE;
    }
  for (gsize i = 0; i < n_results; i++)
    sums[i] = 0;
  if (single)
    sum_f32 (shape, strides, n, lw_tensor_get_data (x), sums);
  else
    sum_f64 (shape, strides, n, lw_tensor_get_data (x), sums);
  for (gsize i = 0; i < n_results; i++)
    if (single)
      ((float *) lw_tensor_get_mutable_data (y))[i] = (float) (sums[i] / divisor);
    else
      sums[i] /= divisor;
  if (single)
    lw_pool_free (sums);
  return TRUE;
}

static LwTensor *
reduce (LwScope *s, const LwOp *op, Reduction kind, LwTensor *x, const int *axes, int n_axes,
        gboolean keepdims)
{
  const LwShape *shape = lw_tensor_get_shape (x);
  gsize          n = lw_tensor_get_count (x);
  gsize          strides[LW_MAX_RANK];
  LwShape        dropped = { 0 };
  LwTensor      *y;
  Axes           resolved;

  if (lw_scope_has_failed (s) || !lw_op_check_floating (s, op->name, x)
      || !resolve_axes (s, op->name, x, axes, n_axes, &resolved))
    return lw_scope_get_invalid (s);
  y = lw_scope_new_tensor (s, lw_tensor_get_dtype (x), &resolved.kept);
  if (y == NULL)
    return lw_scope_get_invalid (s);

  result_strides (shape, &resolved, strides);
  if (kind != MAX_OF)
    {
      if (!sum_into (s, x, strides, kind == MEAN ? (double) n / (double) lw_tensor_get_count (y) : 1, y))
        return lw_scope_get_invalid (s);
    }
  else if (lw_tensor_get_dtype (x) == LW_FLOAT32)
    max_f32 (shape, strides, n, lw_tensor_get_data (x), lw_tensor_get_count (y),
             lw_tensor_get_mutable_data (y));
  else
    max_f64 (shape, strides, n, lw_tensor_get_data (x), lw_tensor_get_count (y),
             lw_tensor_get_mutable_data (y));
  lw_scope_record (s, op, &x, 1, y, NULL, NULL, 0);

  if (keepdims)
    return y;
  for (int i = 0; i < shape->rank; i++)
    if (!resolved.reduced[i])
      dropped.dims[dropped.rank++] = shape->dims[i];
  return lw_reshape (s, y, &dropped);
}

/* The recorded sum keeps its axes, so its gradient only has to be repeated. */
static void
sum_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = lw_broadcast_to (s, gy, lw_tensor_get_shape (node->inputs[0]));
}

static const LwOp sum_op = { "reduce_sum", sum_gradient };

LwTensor *
lw_reduce_sum (LwScope *s, LwTensor *x, const int *axes, int n_axes, gboolean keepdims)
{
  return reduce (s, &sum_op, SUM, x, axes, n_axes, keepdims);
}

static void
mean_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  double n = (double) lw_tensor_get_count (node->inputs[0]) / (double) lw_tensor_get_count (node->output);

  gy = lw_divide (s, gy, lw_constant_scalar (s, lw_tensor_get_dtype (gy), n));
  gx[0] = lw_broadcast_to (s, gy, lw_tensor_get_shape (node->inputs[0]));
}

static const LwOp mean_op = { "reduce_mean", mean_gradient };

LwTensor *
lw_reduce_mean (LwScope *s, LwTensor *x, const int *axes, int n_axes, gboolean keepdims)
{
  return reduce (s, &mean_op, MEAN, x, axes, n_axes, keepdims);
}

/* 1 where x equals the maximum of its part y, which has kept its axes, else 0. */
static LwTensor *
mark_maxima (LwScope *s, LwTensor *x, LwTensor *y)
{
  Axes      axes = { .kept = *lw_tensor_get_shape (y) };
  gsize     strides[LW_MAX_RANK];
  LwTensor *mask = lw_op_new_like (s, x);

  if (mask == NULL)
    return NULL;
  for (int i = 0; i < axes.kept.rank; i++)
    axes.reduced[i] = axes.kept.dims[i] == 1;
  result_strides (lw_tensor_get_shape (x), &axes, strides);
  if (lw_tensor_get_dtype (x) == LW_FLOAT32)
    mark_maxima_f32 (lw_tensor_get_shape (x), strides, lw_tensor_get_count (x), lw_tensor_get_data (x),
                     lw_tensor_get_data (y), lw_tensor_get_mutable_data (mask));
  else
    mark_maxima_f64 (lw_tensor_get_shape (x), strides, lw_tensor_get_count (x), lw_tensor_get_data (x),
                     lw_tensor_get_data (y), lw_tensor_get_mutable_data (mask));
  return mask;
}

static void
max_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  LwTensor *mask;

  if (lw_scope_has_failed (s) || (mask = mark_maxima (s, node->inputs[0], node->output)) == NULL)
    return;
  gx[0] = lw_multiply (s, mask,
                       lw_divide (s, gy,
                                  lw_op_sum_to_shape (s, mask, lw_tensor_get_shape (node->output))));
}

static const LwOp max_op = { "reduce_max", max_gradient };

LwTensor *
lw_reduce_max (LwScope *s, LwTensor *x, const int *axes, int n_axes, gboolean keepdims)
{
  return reduce (s, &max_op, MAX_OF, x, axes, n_axes, keepdims);
}

/* Along lines of n elements, `step` apart; result (o, i) is that of the line beginning at o · n · step + i. */
#define DEFINE_ARGMAX(TYPE, NAME)                                                                  \
  static void argmax_##NAME (const TYPE *x, gsize outer, gsize n, gsize step, gint64 *y)           \
  {                                                                                                \
    for (gsize o = 0; o < outer; o++)                                                              \
      for (gsize i = 0; i < step; i++)                                                             \
        {                                                                                          \
          const TYPE *line = x + o * n * step + i;                                                 \
          gsize       best = 0;                                                                    \
          /* A NaN counts as the greatest: it alone differs from itself. */                        \
          for (gsize k = 1; k < n && line[best * step] == line[best * step]; k++)                  \
            if (line[k * step] > line[best * step] || line[k * step] != line[k * step])            \
              best = k;                                                                            \
          y[o * step + i] = (gint64) best;                                                         \
        }                                                                                          \
  }

DEFINE_ARGMAX (float, f32)
DEFINE_ARGMAX (double, f64)
DEFINE_ARGMAX (gint32, i32)
DEFINE_ARGMAX (gint64, i64)
DEFINE_ARGMAX (guint8, u8)

LwTensor *
lw_argmax_over (LwScope *s, LwTensor *x, int axis)
{
  const LwShape *shape = lw_tensor_get_shape (x);
  LwShape        rest = { .rank = shape->rank - 1 };
  gsize          n, outer = 1, step = 1;
  gconstpointer  data = lw_tensor_get_data (x);
  LwTensor      *y;
  gint64        *places;

  if (lw_scope_has_failed (s) || !lw_strided_axis (s, "argmax", shape, shape->rank, &axis))
    return lw_scope_get_invalid (s);
  if (shape->dims[axis] < 1)
    {
      g_autofree char *text = lw_shape_to_string (shape);

      return lw_scope_fail (s, LW_ERROR_SHAPE,
                            _("argmax takes rows of at least one element, not axis %d of %s"), axis,
                            text);
    }
  for (int i = 0; i < rest.rank; i++)
    rest.dims[i] = shape->dims[i + (i >= axis)];
  y = lw_scope_new_tensor (s, LW_INT64, &rest);
  if (y == NULL || lw_tensor_get_count (y) == 0)
    return y != NULL ? y : lw_scope_get_invalid (s);
  for (int i = 0; i < axis; i++)
    outer *= (gsize) shape->dims[i];
  for (int i = axis + 1; i < shape->rank; i++)
    step *= (gsize) shape->dims[i];
  n = (gsize) shape->dims[axis];
  places = lw_tensor_get_mutable_data (y);
  switch (lw_tensor_get_dtype (x))
    {
    case LW_FLOAT32: argmax_f32 (data, outer, n, step, places); break;
    case LW_FLOAT64: argmax_f64 (data, outer, n, step, places); break;
    case LW_INT32: argmax_i32 (data, outer, n, step, places); break;
    case LW_INT64: argmax_i64 (data, outer, n, step, places); break;
    case LW_UINT8:
    case LW_BOOL: argmax_u8 (data, outer, n, step, places); break;
    case LW_N_DTYPES: g_assert_not_reached ();
    }
  return y;
}

LwTensor *
lw_argmax (LwScope *s, LwTensor *x)
{
  return lw_argmax_over (s, x, -1);
}
