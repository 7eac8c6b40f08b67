/* cast: any of the six dtypes to any other, element by element, rounded once.
 *
 *   float to float     the nearest value, ties to even; too large gives infinity, NaN stays NaN; what is too
 *                      small for a normal number becomes 0, as all engine code flushes it
 *   integer to float   the nearest value, ties to even, straight from the integer: an int64 is not rounded
 *                      to float64 on its way to float32
 *   float to integer   cut towards zero; outside the range the nearest end of it, NaN gives 0
 *   integer to integer modulo 2^bits (two's complement): 300 as uint8 is 44, -1 is 255
 *   anything to bool   whether it is other than 0; NaN is
 *   bool to anything   1 or 0
 *
 * These are tf.cast's rules; where it leaves the result to the processor (a float outside an integer's
 * range) tf.saturate_cast's hold. Only float to float has a gradient: gy cast back. */

#include "engine/ops/op.h"

#include <math.h>

#define GRAIN 16384

typedef void (*CastFunc) (gsize n, gconstpointer from, gpointer to);

static inline gint32
int32_of (double value)
{
  return isnan (value)         ? 0
         : value <= G_MININT32 ? G_MININT32
         : value >= G_MAXINT32 ? G_MAXINT32
                               : (gint32) value;
}

static inline gint64
int64_of (double value)
{
  return isnan (value) ? 0 : value < -0x1p63 ? G_MININT64 : value >= 0x1p63 ? G_MAXINT64 : (gint64) value;
}

static inline guint8
uint8_of (double value)
{
  return isnan (value) || value <= 0 ? 0 : value >= 255 ? 255 : (guint8) value;
}

#define DEFINE_CAST(FROM, TO, NAME, VALUE)                                                         \
  static void cast_##NAME (gsize n, gconstpointer from, gpointer to)                               \
  {                                                                                                \
    for (gsize i = 0; i < n; i++)                                                                  \
      {                                                                                            \
        const FROM x = ((const FROM *) from)[i];                                                   \
        ((TO *) to)[i] = (TO) (VALUE);                                                             \
      }                                                                                            \
  }

#define DEFINE_FROM_FLOAT(FROM, NAME)                                                              \
  DEFINE_CAST (FROM, gint32, NAME##_int32, int32_of (x))                                           \
  DEFINE_CAST (FROM, gint64, NAME##_int64, int64_of (x))                                           \
  DEFINE_CAST (FROM, guint8, NAME##_uint8, uint8_of (x))                                           \
  DEFINE_CAST (FROM, guint8, NAME##_bool, x != 0)

/* Narrowing keeps the low bits: both compilers define the conversion to a signed type so. */
#define DEFINE_FROM_INTEGER(FROM, NAME)                                                            \
  DEFINE_CAST (FROM, float, NAME##_float32, x)                                                     \
  DEFINE_CAST (FROM, double, NAME##_float64, x)                                                    \
  DEFINE_CAST (FROM, gint32, NAME##_int32, x)                                                      \
  DEFINE_CAST (FROM, gint64, NAME##_int64, x)                                                      \
  DEFINE_CAST (FROM, guint8, NAME##_uint8, x)                                                      \
  DEFINE_CAST (FROM, guint8, NAME##_bool, x != 0)

DEFINE_CAST (float, double, float32_float64, x)
DEFINE_CAST (double, float, float64_float32, x)
DEFINE_FROM_FLOAT (float, float32)
DEFINE_FROM_FLOAT (double, float64)
DEFINE_FROM_INTEGER (gint32, int32)
DEFINE_FROM_INTEGER (gint64, int64)
DEFINE_FROM_INTEGER (guint8, uint8)

/* A bool is a byte of 0 or 1. */
#define FROM_INTEGER(NAME)                                                                         \
  {                                                                                                \
    [LW_FLOAT32] = cast_##NAME##_float32, [LW_FLOAT64] = cast_##NAME##_float64,                    \
    [LW_INT32] = cast_##NAME##_int32,     [LW_INT64] = cast_##NAME##_int64,                        \
    [LW_UINT8] = cast_##NAME##_uint8,     [LW_BOOL] = cast_##NAME##_bool,                          \
  }

static const CastFunc casts[LW_N_DTYPES][LW_N_DTYPES] = {
  [LW_FLOAT32] = { [LW_FLOAT64] = cast_float32_float64, [LW_INT32] = cast_float32_int32,
                   [LW_INT64] = cast_float32_int64,     [LW_UINT8] = cast_float32_uint8,
                   [LW_BOOL] = cast_float32_bool },
  [LW_FLOAT64] = { [LW_FLOAT32] = cast_float64_float32, [LW_INT32] = cast_float64_int32,
                   [LW_INT64] = cast_float64_int64,     [LW_UINT8] = cast_float64_uint8,
                   [LW_BOOL] = cast_float64_bool },
  [LW_INT32] = FROM_INTEGER (int32),
  [LW_INT64] = FROM_INTEGER (int64),
  [LW_UINT8] = FROM_INTEGER (uint8),
  [LW_BOOL] = FROM_INTEGER (uint8),
};

typedef struct {
  CastFunc    func;
  const char *from;
  char       *to;
  gsize       from_size, to_size;
} Work;

static void
cast_range (gpointer data, gsize first, gsize n)
{
  const Work *work = data;

  work->func (n, work->from + first * work->from_size, work->to + first * work->to_size);
}

static void
cast_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  if (lw_dtype_is_floating (lw_tensor_get_dtype (node->inputs[0]))
      && lw_dtype_is_floating (lw_tensor_get_dtype (node->output)))
    gx[0] = lw_cast (s, gy, lw_tensor_get_dtype (node->inputs[0]));
}

static const LwOp cast_op = { "cast", cast_gradient };

LwTensor *
lw_cast (LwScope *s, LwTensor *x, LwDType dtype)
{
  LwDType   from = lw_tensor_get_dtype (x);
  gsize     n = lw_tensor_get_count (x);
  LwTensor *y;

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  g_return_val_if_fail (dtype < LW_N_DTYPES, lw_scope_get_invalid (s));
  if (from == dtype)
    return x;
  y = lw_scope_new_tensor (s, dtype, lw_tensor_get_shape (x));
  if (y == NULL)
    return lw_scope_get_invalid (s);
  if (from == LW_UINT8 && dtype == LW_FLOAT32)
    lw_scope_get_device (s)->kernels->scale_u8 (n, 1, 0, lw_tensor_get_data (x),
                                                lw_tensor_get_mutable_data (y));
  else
    {
      Work work = { casts[from][dtype], lw_tensor_get_data (x), lw_tensor_get_mutable_data (y),
                    lw_dtype_get_size (from), lw_dtype_get_size (dtype) };

      lw_op_run_range (s, n, GRAIN, cast_range, &work);
    }
  lw_scope_record (s, &cast_op, &x, 1, y, NULL, NULL, 0);
  return y;
}
