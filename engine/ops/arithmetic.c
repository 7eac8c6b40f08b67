/* Elementwise arithmetic with NumPy's broadcasting: shapes are aligned at their last axes, an axis of
 * size 1 is repeated. The gradient of a repeated input is summed over its repetitions. */

#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>
#include <math.h>

typedef enum { ADD, SUBTRACT, MULTIPLY, DIVIDE } Arithmetic;

/* The common shape, or FALSE. */
static gboolean
broadcast (const LwShape *a, const LwShape *b, LwShape *y)
{
  *y = (LwShape) { .rank = MAX (a->rank, b->rank) };
  for (int i = 1; i <= y->rank; i++)
    {
      gint64 m = i <= a->rank ? a->dims[a->rank - i] : 1;
      gint64 n = i <= b->rank ? b->dims[b->rank - i] : 1;

      if (m != n && m != 1 && n != 1)
        return FALSE;
      y->dims[y->rank - i] = m == 1 ? n : m;
    }
  return TRUE;
}

/* For each axis of y, how far one step there moves in x: 0 where x is repeated. */
static void
broadcast_strides (const LwShape *x, const LwShape *y, gsize strides[LW_MAX_RANK])
{
  gsize stride = 1;

  for (int i = y->rank - 1, j = x->rank - 1; i >= 0; i--, j--)
    {
      gint64 dim = j >= 0 ? x->dims[j] : 1;

      strides[i] = dim == 1 ? 0 : stride;
      stride *= (gsize) dim;
    }
}

#define DEFINE_ROW(TYPE, NAME)                                                                     \
  static void row_##NAME (Arithmetic op, gsize n, const TYPE *a, gsize sa, const TYPE *b,         \
                          gsize sb, TYPE *y)                                                       \
  {                                                                                                \
    switch (op)                                                                                    \
      {                                                                                            \
      case ADD: for (gsize i = 0; i < n; i++) y[i] = (TYPE) (a[i * sa] + b[i * sb]); break;        \
      case SUBTRACT: for (gsize i = 0; i < n; i++) y[i] = (TYPE) (a[i * sa] - b[i * sb]); break;   \
      case MULTIPLY: for (gsize i = 0; i < n; i++) y[i] = (TYPE) (a[i * sa] * b[i * sb]); break;   \
      case DIVIDE: for (gsize i = 0; i < n; i++) y[i] = (TYPE) (a[i * sa] / b[i * sb]); break;     \
      }                                                                                            \
  }

/* Signed integers wrap around: computed unsigned, and divided with care for the one overflow. */
#define DEFINE_INTEGER_ROW(TYPE, UNSIGNED, NAME)                                                   \
  static void row_##NAME (Arithmetic op, gsize n, const TYPE *a, gsize sa, const TYPE *b,         \
                          gsize sb, TYPE *y)                                                       \
  {                                                                                                \
    for (gsize i = 0; i < n; i++)                                                                  \
      {                                                                                            \
        TYPE u = a[i * sa], v = b[i * sb];                                                         \
        switch (op)                                                                                \
          {                                                                                        \
          case ADD: y[i] = (TYPE) ((UNSIGNED) u + (UNSIGNED) v); break;                            \
          case SUBTRACT: y[i] = (TYPE) ((UNSIGNED) u - (UNSIGNED) v); break;                       \
          case MULTIPLY: y[i] = (TYPE) ((UNSIGNED) u * (UNSIGNED) v); break;                       \
          case DIVIDE: y[i] = v == (TYPE) -1 ? (TYPE) (0 - (UNSIGNED) u) : (TYPE) (u / v); break;  \
          }                                                                                        \
      }                                                                                            \
  }

DEFINE_ROW (float, f32)
DEFINE_ROW (double, f64)
DEFINE_INTEGER_ROW (gint32, guint32, i32)
DEFINE_INTEGER_ROW (gint64, guint64, i64)
DEFINE_ROW (guint8, u8)

static void
compute_row (Arithmetic op, LwDType dtype, gsize n, const char *a, gsize sa, const char *b, gsize sb,
             char *y)
{
  switch (dtype)
    {
    case LW_FLOAT32: row_f32 (op, n, (const float *) a, sa, (const float *) b, sb, (float *) y); break;
    case LW_FLOAT64: row_f64 (op, n, (const double *) a, sa, (const double *) b, sb, (double *) y); break;
    case LW_INT32: row_i32 (op, n, (const gint32 *) a, sa, (const gint32 *) b, sb, (gint32 *) y); break;
    case LW_INT64: row_i64 (op, n, (const gint64 *) a, sa, (const gint64 *) b, sb, (gint64 *) y); break;
    case LW_UINT8: row_u8 (op, n, (const guint8 *) a, sa, (const guint8 *) b, sb, (guint8 *) y); break;
    case LW_BOOL:
    case LW_N_DTYPES: g_assert_not_reached ();
    }
}

static void
compute_broadcast (Arithmetic op, LwTensor *a, LwTensor *b, LwTensor *y)
{
  const LwShape *shape = lw_tensor_get_shape (y);
  LwDType        dtype = lw_tensor_get_dtype (y);
  gsize          size = lw_dtype_get_size (dtype);
  gsize          sa[LW_MAX_RANK], sb[LW_MAX_RANK];
  gint64         index[LW_MAX_RANK] = { 0 };
  gsize          columns = shape->rank > 0 ? (gsize) shape->dims[shape->rank - 1] : 1;
  gsize          rows = columns > 0 ? lw_tensor_get_count (y) / columns : 0;
  gsize          at_a = 0, at_b = 0;
  char          *out = lw_tensor_get_mutable_data (y);

  broadcast_strides (lw_tensor_get_shape (a), shape, sa);
  broadcast_strides (lw_tensor_get_shape (b), shape, sb);
  for (gsize row = 0; row < rows; row++)
    {
      compute_row (op, dtype, columns, (const char *) lw_tensor_get_data (a) + at_a * size,
                   shape->rank > 0 ? sa[shape->rank - 1] : 0,
                   (const char *) lw_tensor_get_data (b) + at_b * size,
                   shape->rank > 0 ? sb[shape->rank - 1] : 0, out + row * columns * size);
      for (int axis = shape->rank - 2; axis >= 0; axis--)
        {
          at_a += sa[axis];
          at_b += sb[axis];
          if (++index[axis] < shape->dims[axis])
            break;
          at_a -= sa[axis] * (gsize) shape->dims[axis];
          at_b -= sb[axis] * (gsize) shape->dims[axis];
          index[axis] = 0;
        }
    }
}

static gboolean
has_zero (LwTensor *x)
{
  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    if (lw_tensor_get_value (x, i) == 0)
      return TRUE;
  return FALSE;
}

static LwTensor *
compute (LwScope *s, const LwOp *op, Arithmetic arithmetic, LwTensor *a, LwTensor *b)
{
  const LwKernels *kernels = lw_scope_get_device (s)->kernels;
  LwTensor        *inputs[] = { a, b };
  LwDType          dtype = lw_tensor_get_dtype (a);
  LwShape          shape;
  LwTensor        *y;

  if (lw_scope_has_failed (s) || !lw_op_check_same (s, op->name, a, b))
    return lw_scope_get_invalid (s);
  if (dtype == LW_BOOL)
    return lw_scope_fail (s, LW_ERROR_DTYPE, _("%s takes numbers, not bool; cast it first"), op->name);
  if (!broadcast (lw_tensor_get_shape (a), lw_tensor_get_shape (b), &shape))
    {
      g_autofree char *have_a = lw_shape_to_string (lw_tensor_get_shape (a));
      g_autofree char *have_b = lw_shape_to_string (lw_tensor_get_shape (b));

      return lw_scope_fail (s, LW_ERROR_SHAPE,
                            _("%s cannot match shapes %s and %s: aligned at their ends, two sizes must "
                              "be equal or one of them 1"), op->name, have_a, have_b);
    }
  if (arithmetic == DIVIDE && !lw_dtype_is_floating (dtype) && has_zero (b))
    return lw_scope_fail (s, LW_ERROR_VALUE, _("%s by zero in %s; cast to float32 for infinities"),
                          op->name, lw_dtype_get_name (dtype));
  y = lw_scope_new_tensor (s, dtype, &shape);
  if (y == NULL)
    return lw_scope_get_invalid (s);

  if (dtype == LW_FLOAT32 && arithmetic != DIVIDE && lw_tensor_get_count (a) == lw_tensor_get_count (y)
      && lw_tensor_get_count (b) == lw_tensor_get_count (y))
    (arithmetic == ADD ? kernels->add : arithmetic == SUBTRACT ? kernels->subtract : kernels->multiply) (
        lw_tensor_get_count (y), lw_tensor_get_floats (a), lw_tensor_get_floats (b),
        lw_tensor_get_mutable_data (y));
  else
    compute_broadcast (arithmetic, a, b, y);
  lw_scope_record (s, op, inputs, 2, y, NULL, NULL, 0);
  return y;
}

static void
add_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  for (int i = 0; i < 2; i++)
    if (needs[i])
      gx[i] = lw_op_sum_to_shape (s, gy, lw_tensor_get_shape (node->inputs[i]));
}

static const LwOp add_op = { "add", add_gradient };

LwTensor *
lw_add (LwScope *s, LwTensor *a, LwTensor *b)
{
  return compute (s, &add_op, ADD, a, b);
}

static void
subtract_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  if (needs[0])
    gx[0] = lw_op_sum_to_shape (s, gy, lw_tensor_get_shape (node->inputs[0]));
  if (needs[1])
    gx[1] = lw_negate (s, lw_op_sum_to_shape (s, gy, lw_tensor_get_shape (node->inputs[1])));
}

static const LwOp subtract_op = { "subtract", subtract_gradient };

LwTensor *
lw_subtract (LwScope *s, LwTensor *a, LwTensor *b)
{
  return compute (s, &subtract_op, SUBTRACT, a, b);
}

static void
multiply_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  for (int i = 0; i < 2; i++)
    if (needs[i])
      gx[i] = lw_op_sum_to_shape (s, lw_multiply (s, gy, node->inputs[1 - i]),
                                  lw_tensor_get_shape (node->inputs[i]));
}

static const LwOp multiply_op = { "multiply", multiply_gradient };

LwTensor *
lw_multiply (LwScope *s, LwTensor *a, LwTensor *b)
{
  return compute (s, &multiply_op, MULTIPLY, a, b);
}

/* d (a / b) = da / b - db · (a / b) / b */
static void
divide_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  LwTensor *a = node->inputs[0], *b = node->inputs[1];
  LwTensor *g = lw_divide (s, gy, b);

  if (needs[0])
    gx[0] = lw_op_sum_to_shape (s, g, lw_tensor_get_shape (a));
  if (needs[1])
    gx[1] = lw_negate (s, lw_op_sum_to_shape (s, lw_multiply (s, g, lw_divide (s, a, b)),
                                              lw_tensor_get_shape (b)));
}

static const LwOp divide_op = { "divide", divide_gradient };

LwTensor *
lw_divide (LwScope *s, LwTensor *a, LwTensor *b)
{
  return compute (s, &divide_op, DIVIDE, a, b);
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

LwTensor *
lw_negate (LwScope *s, LwTensor *x)
{
  return lw_scale (s, x, -1);
}

LwTensor *
lw_square (LwScope *s, LwTensor *x)
{
  return lw_multiply (s, x, x);
}

static void
exp_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = lw_multiply (s, gy, node->output);
}

static const LwOp exp_op = { "exp", exp_gradient };

static void
log_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = lw_divide (s, gy, node->inputs[0]);
}

static const LwOp log_op = { "log", log_gradient };

static LwTensor *
compute_function (LwScope *s, const LwOp *op, void (*fast) (gsize, const float *, float *),
                  double (*plain) (double), LwTensor *x)
{
  gsize     n = lw_tensor_get_count (x);
  LwTensor *y;

  if (lw_scope_has_failed (s) || !lw_op_check_floating (s, op->name, x)
      || (y = lw_op_new_like (s, x)) == NULL)
    return lw_scope_get_invalid (s);
  if (lw_tensor_get_dtype (x) == LW_FLOAT32)
    fast (n, lw_tensor_get_floats (x), lw_tensor_get_mutable_data (y));
  else
    for (gsize i = 0; i < n; i++)
      ((double *) lw_tensor_get_mutable_data (y))[i] = plain (((const double *) lw_tensor_get_data (x))[i]);
  lw_scope_record (s, op, &x, 1, y, NULL, NULL, 0);
  return y;
}

LwTensor *
lw_exp (LwScope *s, LwTensor *x)
{
  return compute_function (s, &exp_op, lw_scope_get_device (s)->kernels->exp, exp, x);
}

LwTensor *
lw_log (LwScope *s, LwTensor *x)
{
  return compute_function (s, &log_op, lw_scope_get_device (s)->kernels->log, log, x);
}
