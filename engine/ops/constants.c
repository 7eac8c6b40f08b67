/* Constants, casts: where tensors come from. */

#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

LwTensor *
lw_constant (LwScope *s, LwDType dtype, const LwShape *shape, gconstpointer data)
{
  LwTensor *y;

  if (lw_scope_has_failed (s) || (y = lw_scope_new_tensor (s, dtype, shape)) == NULL)
    return lw_scope_get_invalid (s);
  if (lw_tensor_get_count (y) > 0)
    memcpy (lw_tensor_get_mutable_data (y), data, lw_tensor_get_byte_size (y));
  return y;
}

/* A float cut towards zero and held within [low, high]; NaN gives 0. */
static double
saturate (double value, double low, double high)
{
  return isnan (value) ? 0.0 : CLAMP (trunc (value), low, high);
}

static void
store (gpointer data, LwDType dtype, gsize i, double value)
{
  switch (dtype)
    {
    case LW_FLOAT32: ((float *) data)[i] = (float) value; break;
    case LW_FLOAT64: ((double *) data)[i] = value; break;
    case LW_INT32: ((gint32 *) data)[i] = (gint32) saturate (value, G_MININT32, G_MAXINT32); break;
    case LW_INT64:
      value = saturate (value, -0x1p63, 0x1p63);
      ((gint64 *) data)[i] = value >= 0x1p63 ? G_MAXINT64 : (gint64) value;
      break;
    case LW_UINT8: ((guint8 *) data)[i] = (guint8) saturate (value, 0, 255); break;
    case LW_BOOL: ((guint8 *) data)[i] = value != 0; break;
    case LW_N_DTYPES: g_assert_not_reached ();
    }
}

LwTensor *
lw_fill (LwScope *s, LwDType dtype, const LwShape *shape, double value)
{
  LwTensor *y;
  gsize     n;

  if (lw_scope_has_failed (s) || (y = lw_scope_new_tensor (s, dtype, shape)) == NULL)
    return lw_scope_get_invalid (s);
  n = lw_tensor_get_count (y);
  for (gsize i = 0; i < n; i++)
    store (lw_tensor_get_mutable_data (y), dtype, i, value);
  return y;
}

LwTensor *
lw_constant_scalar (LwScope *s, LwDType dtype, double value)
{
  return lw_fill (s, dtype, &LW_SCALAR, value);
}

LwTensor *
lw_ones_like (LwScope *s, LwTensor *x)
{
  return lw_fill (s, lw_tensor_get_dtype (x), lw_tensor_get_shape (x), 1);
}

LwTensor *
lw_zeros_like (LwScope *s, LwTensor *x)
{
  return lw_fill (s, lw_tensor_get_dtype (x), lw_tensor_get_shape (x), 0);
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
  if (from == dtype)
    return x;
  y = lw_scope_new_tensor (s, dtype, lw_tensor_get_shape (x));
  if (y == NULL)
    return lw_scope_get_invalid (s);
  if (from == LW_UINT8 && dtype == LW_FLOAT32)
    lw_scope_get_device (s)->kernels->scale_u8 (n, 1, 0, lw_tensor_get_data (x),
                                                lw_tensor_get_mutable_data (y));
  else if (from == LW_INT64 && dtype == LW_INT32)
    for (gsize i = 0; i < n; i++)
      ((gint32 *) lw_tensor_get_mutable_data (y))[i]
          = (gint32) CLAMP (((const gint64 *) lw_tensor_get_data (x))[i], G_MININT32, G_MAXINT32);
  else
    for (gsize i = 0; i < n; i++)
      store (lw_tensor_get_mutable_data (y), dtype, i, lw_tensor_get_value (x, i));
  lw_scope_record (s, &cast_op, &x, 1, y, NULL, NULL, 0);
  return y;
}

void
lw_assert_shape (LwScope *s, LwTensor *x, const LwShape *shape)
{
  g_autofree char *have = lw_shape_to_string (lw_tensor_get_shape (x));
  g_autofree char *want = lw_shape_to_string (shape);

  if (!lw_scope_has_failed (s) && !lw_shape_equal (lw_tensor_get_shape (x), shape))
    lw_scope_fail (s, LW_ERROR_SHAPE, _("The shape is %s, but should be %s"), have, want);
}
