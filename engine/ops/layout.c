/* Ops that only rearrange: reshape, flatten, transpose. */

#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>

static void
reshape_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = lw_reshape (s, gy, lw_tensor_get_shape (node->inputs[0]));
}

static const LwOp reshape_op = { "reshape", reshape_gradient };

/* Replaces a -1 among the axes by what makes `count` elements; FALSE where nothing does. */
static gboolean
complete (LwShape *shape, gsize count)
{
  int    open = -1;
  gint64 rest = 1;
  gsize  whole;

  for (int i = 0; i < shape->rank; i++)
    if (shape->dims[i] == -1)
      {
        if (open >= 0)
          return FALSE;
        open = i;
      }
  if (open >= 0)
    {
      shape->dims[open] = 1;
      if (!lw_shape_get_count (shape, &whole) || whole == 0)
        return FALSE;
      rest = (gint64) whole;
      shape->dims[open] = (gint64) count / rest;
    }
  return lw_shape_get_count (shape, &whole) && whole == count;
}

LwTensor *
lw_reshape (LwScope *s, LwTensor *x, const LwShape *shape)
{
  LwShape   whole = *shape;
  LwTensor *y;

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  if (lw_shape_equal (lw_tensor_get_shape (x), shape))
    return x;
  if (!complete (&whole, lw_tensor_get_count (x)))
    {
      g_autofree char *have = lw_shape_to_string (lw_tensor_get_shape (x));
      g_autofree char *want = lw_shape_to_string (shape);

      return lw_scope_fail (s, LW_ERROR_SHAPE,
                            _("reshape cannot lay out %s as %s: the numbers of elements differ"), have,
                            want);
    }
  y = lw_scope_take (s, lw_tensor_new_view (x, &whole));
  lw_scope_record (s, &reshape_op, &x, 1, y, NULL, NULL, 0);
  return y;
}

LwTensor *
lw_flatten (LwScope *s, LwTensor *x)
{
  const LwShape *shape = lw_tensor_get_shape (x);
  gint64         columns = 1;

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  if (shape->rank < 1)
    return lw_scope_fail (s, LW_ERROR_SHAPE, _("flatten takes a batch, not a scalar"));
  for (int i = 1; i < shape->rank; i++)
    columns *= shape->dims[i];
  return lw_reshape (s, x, &LW_SHAPE (shape->dims[0], columns));
}

static void
transpose_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = lw_transpose (s, gy);
}

static const LwOp transpose_op = { "transpose", transpose_gradient };

LwTensor *
lw_transpose (LwScope *s, LwTensor *x)
{
  LwTensor *y;
  gint64    rows, columns;

  if (lw_scope_has_failed (s) || !lw_op_check_rank (s, "transpose", x, 2, _("a matrix"))
      || !lw_op_check_floating (s, "transpose", x))
    return lw_scope_get_invalid (s);
  rows = lw_tensor_get_dim (x, 0);
  columns = lw_tensor_get_dim (x, 1);
  y = lw_scope_new_tensor (s, lw_tensor_get_dtype (x), &LW_SHAPE (columns, rows));
  if (y == NULL)
    return lw_scope_get_invalid (s);
  if (lw_tensor_get_dtype (x) == LW_FLOAT32)
    lw_scope_get_device (s)->kernels->transpose ((int) rows, (int) columns, lw_tensor_get_floats (x),
                                                 lw_tensor_get_mutable_data (y));
  else
    for (gint64 r = 0; r < rows; r++)
      for (gint64 c = 0; c < columns; c++)
        ((double *) lw_tensor_get_mutable_data (y))[c * rows + r]
            = ((const double *) lw_tensor_get_data (x))[r * columns + c];
  lw_scope_record (s, &transpose_op, &x, 1, y, NULL, NULL, 0);
  return y;
}
