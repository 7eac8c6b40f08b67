/* Constants and ranges: where tensors come from. */

#include "engine/ops/constant.h"
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
  if (dtype == LW_BOOL)
    for (gsize i = 0; i < lw_tensor_get_count (y); i++)
      ((guint8 *) lw_tensor_get_mutable_data (y))[i] = ((const guint8 *) data)[i] != 0;
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
  char     *data;
  gsize     bytes, done;

  if (lw_scope_has_failed (s) || (y = lw_scope_new_tensor (s, dtype, shape)) == NULL)
    return lw_scope_get_invalid (s);
  bytes = lw_tensor_get_byte_size (y);
  if (bytes == 0)
    return y;

  /* What is there already is copied behind itself, twice as much each time, up to what stays in a cache. */
  data = lw_tensor_get_mutable_data (y);
  store (data, dtype, 0, value);
  for (done = lw_dtype_get_size (dtype); done < bytes; done += MIN (MIN (done, 4096), bytes - done))
    memcpy (data + done, data, MIN (MIN (done, 4096), bytes - done));
  return y;
}

LwTensor *
lw_constant_scalar (LwScope *s, LwDType dtype, double value)
{
  return lw_fill (s, dtype, &LW_SCALAR, value);
}

LwTensor *
lw_constant_literal (LwScope *s, LwDType dtype, const gint64 *dims, gsize element_size, gconstpointer value)
{
  LwShape       shape = LW_SCALAR;
  gconstpointer data = value;
  float         rounded;

  if (dims != NULL)
    {
      while (shape.rank < LW_MAX_RANK && dims[shape.rank] >= 0)
        {
          shape.dims[shape.rank] = dims[shape.rank];
          shape.rank++;
        }
      memcpy (&data, value, sizeof data);
    }
  else if (dtype == LW_FLOAT32 && element_size == sizeof (double))
    {
      rounded = (float) *(const double *) value;
      data = &rounded;
    }
  return lw_constant (s, dtype, &shape, data);
}

LwTensor *
lw_constant_name (const char *name, LwTensor *tensor)
{
  lw_tensor_set_name (tensor, name);
  return tensor;
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

/* Whether every value from first to last, whole numbers apart, is one of the dtype's. */
static gboolean
range_fits (LwDType dtype, double start, double last, double delta)
{
  double low = dtype == LW_INT32 ? G_MININT32 : dtype == LW_UINT8 ? 0 : -0x1p53;
  double high = dtype == LW_INT32 ? G_MAXINT32 : dtype == LW_UINT8 ? 255 : 0x1p53;

  if (lw_dtype_is_floating (dtype))
    return TRUE;
  return start == trunc (start) && delta == trunc (delta) && MIN (start, last) >= low
         && MAX (start, last) <= high;
}

LwTensor *
lw_range (LwScope *s, LwDType dtype, double start, double limit, double delta)
{
  double    n = ceil ((limit - start) / delta);
  LwTensor *y;

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  if (dtype == LW_BOOL)
    return lw_scope_fail (s, LW_ERROR_DTYPE, _("range makes numbers, not bool; cast it afterwards"));
  if (!isfinite (start) || !isfinite (limit) || !isfinite (delta) || delta == 0)
    return lw_scope_fail (s, LW_ERROR_VALUE,
                          _("range cannot go from %g to %g in steps of %g: they must be finite, and "
                            "the step not 0"),
                          start, limit, delta);
  n = MAX (n, 0);
  if (n > 0x1p40)
    return lw_scope_fail (s, LW_ERROR_VALUE,
                          _("range from %g to %g in steps of %g would have more than 2^40 elements"),
                          start, limit, delta);
  if (!range_fits (dtype, start, start + MAX (n - 1, 0) * delta, delta))
    return lw_scope_fail (s, LW_ERROR_VALUE,
                          _("range from %g to %g in steps of %g has values that %s cannot hold"),
                          start, limit, delta, lw_dtype_get_name (dtype));
  y = lw_scope_new_tensor (s, dtype, &LW_SHAPE ((gint64) n));
  if (y == NULL)
    return lw_scope_get_invalid (s);
  for (gsize i = 0; i < lw_tensor_get_count (y); i++)
    store (lw_tensor_get_mutable_data (y), dtype, i, start + (double) i * delta);
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
