/* Elementwise arithmetic on two tensors with NumPy's broadcasting. Axes along which both inputs move
 * alike are joined into one, so that equal shapes are a single long row; along a row each input either
 * moves by one element or stands still. float32 rows go to the kernels, other dtypes to plain loops.
 * Elements do not depend on each other: any division among threads gives the same bits. */

#include "engine/ops/broadcast.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#define GRAIN 16384 /* elements that are worth another thread */
#define SPLAT 256   /* a repeated number is laid out so many times for a kernel */

typedef void (*Kernel) (gsize n, const float *a, const float *b, float *y);

typedef struct {
  LwBroadcast      kind;
  LwDType          dtype;
  const LwKernels *kernels;
  int              rank; /* of the joined axes, at least 1 */
  gsize            dims[LW_MAX_RANK], a_strides[LW_MAX_RANK], b_strides[LW_MAX_RANK];
  const char      *a, *b;
  char            *y;
} Plan;

/* The common shape, or FALSE. */
static gboolean
join_shapes (const LwShape *a, const LwShape *b, LwShape *y)
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
find_strides (const LwShape *x, const LwShape *y, gsize strides[LW_MAX_RANK])
{
  gsize stride = 1;

  for (int i = y->rank - 1, j = x->rank - 1; i >= 0; i--, j--)
    {
      gint64 dim = j >= 0 ? x->dims[j] : 1;

      strides[i] = dim == 1 ? 0 : stride;
      stride *= (gsize) dim;
    }
}

/* Axes of size 1 are dropped; an axis joins the one behind it where a step equals a whole run there. */
static void
join_axes (Plan *plan, const LwShape *a, const LwShape *b, const LwShape *y)
{
  gsize a_strides[LW_MAX_RANK], b_strides[LW_MAX_RANK];

  find_strides (a, y, a_strides);
  find_strides (b, y, b_strides);
  plan->rank = 0;
  for (int i = 0; i < y->rank; i++)
    {
      gsize dim = (gsize) y->dims[i];
      int   last = plan->rank - 1;

      if (dim == 1)
        continue;
      if (last >= 0 && plan->a_strides[last] == a_strides[i] * dim
          && plan->b_strides[last] == b_strides[i] * dim)
        plan->dims[last] *= dim;
      else
        plan->dims[last = plan->rank++] = dim;
      plan->a_strides[last] = a_strides[i];
      plan->b_strides[last] = b_strides[i];
    }
  if (plan->rank == 0)
    {
      plan->rank = 1;
      plan->dims[0] = 1;
      plan->a_strides[0] = plan->b_strides[0] = 0;
    }
}

/* -- rows: y[i] from a[i · sa] and b[i · sb] -- */

#define EACH(EXPRESSION)                                                                           \
  for (gsize i = 0; i < n; i++)                                                                    \
    {                                                                                              \
      u = a[i * sa];                                                                               \
      v = b[i * sb];                                                                               \
      y[i] = (EXPRESSION);                                                                         \
    }                                                                                              \
  break

static void
row_f64 (LwBroadcast kind, gsize n, const double *a, gsize sa, const double *b, gsize sb, double *y)
{
  double u, v;

  switch (kind)
    {
    case LW_BROADCAST_ADD: EACH (u + v);
    case LW_BROADCAST_SUBTRACT: EACH (u - v);
    case LW_BROADCAST_MULTIPLY: EACH (u * v);
    case LW_BROADCAST_DIVIDE: EACH (u / v);
    case LW_BROADCAST_POW: EACH (pow (u, v));
    case LW_BROADCAST_MAXIMUM: EACH (u > v || isnan (u) ? u : v);
    case LW_BROADCAST_MINIMUM: EACH (u < v || isnan (u) ? u : v);
    case LW_BROADCAST_COMPARE: EACH ((u > v) - (u < v));
    }
}

/* Modulo 2^64, of which any narrower result is the low part. */
static guint64
integer_pow (guint64 base, guint64 exponent)
{
  guint64 y = 1;

  for (; exponent > 0; exponent >>= 1, base *= base)
    if (exponent & 1)
      y *= base;
  return y;
}

/* In 64 bits and without a sign, so that what overflows wraps around; -1 divides the least number
 * without a trap. */
#define DEFINE_INTEGER_ROW(TYPE, NAME)                                                             \
  static void row_##NAME (LwBroadcast kind, gsize n, const TYPE *a, gsize sa, const TYPE *b,       \
                          gsize sb, TYPE *y)                                                       \
  {                                                                                                \
    gint64 u, v;                                                                                   \
                                                                                                   \
    switch (kind)                                                                                  \
      {                                                                                            \
      case LW_BROADCAST_ADD: EACH ((TYPE) ((guint64) u + (guint64) v));                            \
      case LW_BROADCAST_SUBTRACT: EACH ((TYPE) ((guint64) u - (guint64) v));                       \
      case LW_BROADCAST_MULTIPLY: EACH ((TYPE) ((guint64) u * (guint64) v));                       \
      case LW_BROADCAST_DIVIDE: EACH ((TYPE) (v == -1 ? 0 - (guint64) u : (guint64) (u / v)));     \
      case LW_BROADCAST_POW: EACH ((TYPE) integer_pow ((guint64) u, (guint64) v));                 \
      case LW_BROADCAST_MAXIMUM: EACH ((TYPE) MAX (u, v));                                         \
      case LW_BROADCAST_MINIMUM: EACH ((TYPE) MIN (u, v));                                         \
      case LW_BROADCAST_COMPARE: EACH ((TYPE) ((u > v) - (u < v)));                                \
      }                                                                                            \
  }

DEFINE_INTEGER_ROW (gint32, i32)
DEFINE_INTEGER_ROW (gint64, i64)
DEFINE_INTEGER_ROW (guint8, u8)

static void
compare_floats (gsize n, const float *a, const float *b, float *y)
{
  for (gsize i = 0; i < n; i++)
    y[i] = (float) ((a[i] > b[i]) - (a[i] < b[i]));
}

static Kernel
find_kernel (const LwKernels *kernels, LwBroadcast kind)
{
  switch (kind)
    {
    case LW_BROADCAST_ADD: return kernels->add;
    case LW_BROADCAST_SUBTRACT: return kernels->subtract;
    case LW_BROADCAST_MULTIPLY: return kernels->multiply;
    case LW_BROADCAST_DIVIDE: return kernels->divide;
    case LW_BROADCAST_POW: return kernels->pow;
    case LW_BROADCAST_MAXIMUM: return kernels->maximum;
    case LW_BROADCAST_MINIMUM: return kernels->minimum;
    case LW_BROADCAST_COMPARE: return compare_floats;
    }
  g_return_val_if_reached (NULL);
}

/* x itself where it moves, else its one number as often as a kernel is given at a time. */
static const float *
laid_out (const float *x, gsize stride, gsize n, float splat[SPLAT])
{
  if (stride != 0)
    return x;
  for (gsize i = 0; i < MIN (n, SPLAT); i++)
    splat[i] = *x;
  return splat;
}

static void
row_f32 (const Plan *plan, gsize n, const float *a, gsize sa, const float *b, gsize sb, float *y)
{
  Kernel       kernel = find_kernel (plan->kernels, plan->kind);
  float        a_splat[SPLAT], b_splat[SPLAT];
  const float *u = laid_out (a, sa, n, a_splat), *v = laid_out (b, sb, n, b_splat);
  gsize        step = sa != 0 && sb != 0 ? n : SPLAT;

  for (gsize i = 0; i < n; i += step)
    kernel (MIN (step, n - i), u + i * sa, v + i * sb, y + i);
}

static void
compute_row (const Plan *plan, gsize n, const char *a, gsize sa, const char *b, gsize sb, char *y)
{
  LwBroadcast kind = plan->kind;

  switch (plan->dtype)
    {
    case LW_FLOAT32: row_f32 (plan, n, (const float *) a, sa, (const float *) b, sb, (float *) y); break;
    case LW_FLOAT64: row_f64 (kind, n, (const double *) a, sa, (const double *) b, sb, (double *) y); break;
    case LW_INT32: row_i32 (kind, n, (const gint32 *) a, sa, (const gint32 *) b, sb, (gint32 *) y); break;
    case LW_INT64: row_i64 (kind, n, (const gint64 *) a, sa, (const gint64 *) b, sb, (gint64 *) y); break;
    case LW_UINT8: row_u8 (kind, n, (const guint8 *) a, sa, (const guint8 *) b, sb, (guint8 *) y); break;
    case LW_BOOL:
    case LW_N_DTYPES: g_assert_not_reached ();
    }
}

/* A part of the one row there is. */
static void
run_part (gpointer data, gsize first, gsize n)
{
  const Plan *plan = data;
  gsize       size = lw_dtype_get_size (plan->dtype);
  gsize       sa = plan->a_strides[0], sb = plan->b_strides[0];

  compute_row (plan, n, plan->a + first * sa * size, sa, plan->b + first * sb * size, sb,
               plan->y + first * size);
}

static void
run_rows (gpointer data, gsize first, gsize n)
{
  const Plan *plan = data;
  gsize       size = lw_dtype_get_size (plan->dtype);
  int         last = plan->rank - 1;
  gsize       columns = plan->dims[last];

  for (gsize row = first; row < first + n; row++)
    {
      gsize rest = row, at_a = 0, at_b = 0;

      for (int axis = last - 1; axis >= 0; axis--)
        {
          gsize index = rest % plan->dims[axis];

          rest /= plan->dims[axis];
          at_a += index * plan->a_strides[axis];
          at_b += index * plan->b_strides[axis];
        }
      compute_row (plan, columns, plan->a + at_a * size, plan->a_strides[last], plan->b + at_b * size,
                   plan->b_strides[last], plan->y + row * columns * size);
    }
}

static gboolean
has_less_than (LwTensor *x, double limit)
{
  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    if (lw_tensor_get_value (x, i) < limit)
      return TRUE;
  return FALSE;
}

static gboolean
has_zero (LwTensor *x)
{
  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    if (lw_tensor_get_value (x, i) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
check (LwScope *s, const char *name, LwBroadcast kind, LwTensor *a, LwTensor *b, LwShape *shape)
{
  LwDType dtype = lw_tensor_get_dtype (a);

  if (!lw_op_check_same (s, name, a, b))
    return FALSE;
  if (dtype == LW_BOOL)
    {
      lw_scope_fail (s, LW_ERROR_DTYPE, _("%s takes numbers, not bool; cast it first"), name);
      return FALSE;
    }
  if (!join_shapes (lw_tensor_get_shape (a), lw_tensor_get_shape (b), shape))
    {
      g_autofree char *have_a = lw_shape_to_string (lw_tensor_get_shape (a));
      g_autofree char *have_b = lw_shape_to_string (lw_tensor_get_shape (b));

      lw_scope_fail (s, LW_ERROR_SHAPE,
                     _("%s cannot match shapes %s and %s: aligned at their ends, two sizes must "
                       "be equal or one of them 1"), name, have_a, have_b);
      return FALSE;
    }
  if (lw_dtype_is_floating (dtype))
    return TRUE;
  if (kind == LW_BROADCAST_DIVIDE && has_zero (b))
    {
      lw_scope_fail (s, LW_ERROR_VALUE, _("%s by zero in %s; cast to float32 for infinities"), name,
                     lw_dtype_get_name (dtype));
      return FALSE;
    }
  if (kind == LW_BROADCAST_POW && has_less_than (b, 0))
    {
      lw_scope_fail (s, LW_ERROR_VALUE, _("%s to a negative exponent in %s; cast to float32 for fractions"),
                     name, lw_dtype_get_name (dtype));
      return FALSE;
    }
  return TRUE;
}

LwTensor *
lw_broadcast (LwScope *s, const char *name, LwBroadcast kind, LwTensor *a, LwTensor *b)
{
  Plan      plan = { .kind = kind, .dtype = lw_tensor_get_dtype (a),
                     .kernels = lw_scope_get_device (s)->kernels };
  LwShape   shape;
  gsize     n;
  LwTensor *y;

  if (lw_scope_has_failed (s) || !check (s, name, kind, a, b, &shape)
      || (y = lw_scope_new_tensor (s, plan.dtype, &shape)) == NULL)
    return NULL;
  n = lw_tensor_get_count (y);
  if (n == 0)
    return y;
  join_axes (&plan, lw_tensor_get_shape (a), lw_tensor_get_shape (b), &shape);
  plan.a = lw_tensor_get_data (a);
  plan.b = lw_tensor_get_data (b);
  plan.y = lw_tensor_get_mutable_data (y);
  if (plan.rank == 1)
    lw_op_run_range (s, n, GRAIN, run_part, &plan);
  else
    {
      gsize columns = plan.dims[plan.rank - 1];

      lw_op_run_range (s, n / columns, GRAIN / columns + 1, run_rows, &plan);
    }
  return y;
}

LwTensor *
lw_broadcast_scalar (LwScope *s, const char *name, LwBroadcast kind, LwTensor *a, double b)
{
  return lw_broadcast (s, name, kind, a, lw_constant_scalar (s, lw_tensor_get_dtype (a), b));
}
