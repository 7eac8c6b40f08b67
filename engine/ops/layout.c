/* Ops that only rearrange: reshape, flatten, transpose, expand_dims, squeeze, broadcast_to. Each takes
 * any dtype; the gradient of each is made of such ops again, so it can be differentiated in turn.
 * Source: array programming with NumPy (Harris et al., 2020): C order, axes by permutation, shapes
 * aligned at their last axes. */

#include "engine/ops/strided.h"

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

typedef struct {
  int permutation[LW_MAX_RANK];
} TransposeAttributes;

static void
transpose_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  const TransposeAttributes *attributes = node->attributes;
  int                        inverse[LW_MAX_RANK];

  for (int i = 0; i < lw_tensor_get_rank (gy); i++)
    inverse[attributes->permutation[i]] = i;
  gx[0] = lw_transpose_axes (s, gy, inverse);
}

static const LwOp transpose_op = { "transpose", transpose_gradient };

/* Fills y, whose axis i is x's axis permutation[i]. */
static void
transpose (LwScope *s, LwTensor *x, const int *permutation, LwTensor *y)
{
  const LwShape *shape = lw_tensor_get_shape (y);
  gssize         x_strides[LW_MAX_RANK], from[LW_MAX_RANK], to[LW_MAX_RANK];

  if (lw_tensor_get_count (y) == 0)
    return;
  if (shape->rank == 2 && permutation[0] == 1 && lw_tensor_get_dtype (x) == LW_FLOAT32
      && MAX (shape->dims[0], shape->dims[1]) <= G_MAXINT32)
    {
      lw_scope_get_device (s)->kernels->transpose ((int) shape->dims[1], (int) shape->dims[0],
                                                   lw_tensor_get_floats (x),
                                                   lw_tensor_get_mutable_data (y));
      return;
    }
  lw_strided_of (lw_tensor_get_shape (x), x_strides);
  lw_strided_of (shape, to);
  for (int i = 0; i < shape->rank; i++)
    from[i] = x_strides[permutation[i]];
  lw_strided_copy (shape, lw_dtype_get_size (lw_tensor_get_dtype (x)), lw_tensor_get_data (x), from,
                   lw_tensor_get_mutable_data (y), to);
}

static LwTensor *
fail_permutation (LwScope *s, const LwShape *shape, const int *permutation)
{
  g_autofree char *have = lw_shape_to_string (shape);
  g_autoptr (GString) axes = g_string_new (NULL);

  for (int i = 0; i < shape->rank; i++)
    g_string_append_printf (axes, "%s%d", i > 0 ? ", " : "", permutation[i]);
  return lw_scope_fail (s, LW_ERROR_SHAPE,
                        _("transpose cannot order the axes of a tensor of shape %s by (%s): each axis "
                          "from 0 to %d must come once"),
                        have, axes->str, shape->rank - 1);
}

LwTensor *
lw_transpose_axes (LwScope *s, LwTensor *x, const int *permutation)
{
  const LwShape      *shape = lw_tensor_get_shape (x);
  TransposeAttributes attributes = { { 0 } };
  LwShape             turned = { .rank = shape->rank };
  gboolean            seen[LW_MAX_RANK] = { FALSE };
  LwTensor           *y;

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  for (int i = 0; i < shape->rank; i++)
    {
      int axis = permutation != NULL ? permutation[i] : shape->rank - 1 - i;

      if (axis < -shape->rank || axis >= shape->rank)
        return fail_permutation (s, shape, permutation);
      axis += axis < 0 ? shape->rank : 0;
      if (seen[axis])
        return fail_permutation (s, shape, permutation);
      seen[axis] = TRUE;
      attributes.permutation[i] = axis;
      turned.dims[i] = shape->dims[axis];
    }
  y = lw_scope_new_tensor (s, lw_tensor_get_dtype (x), &turned);
  if (y == NULL)
    return lw_scope_get_invalid (s);
  transpose (s, x, attributes.permutation, y);
  lw_scope_record (s, &transpose_op, &x, 1, y, NULL, &attributes, sizeof attributes);
  return y;
}

LwTensor *
lw_transpose (LwScope *s, LwTensor *x)
{
  if (lw_scope_has_failed (s) || !lw_op_check_rank (s, "transpose", x, 2, _("a matrix")))
    return lw_scope_get_invalid (s);
  return lw_transpose_axes (s, x, NULL);
}

LwTensor *
lw_expand_dims (LwScope *s, LwTensor *x, int axis)
{
  const LwShape *shape = lw_tensor_get_shape (x);
  LwShape        longer = { .rank = shape->rank + 1 };

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  if (shape->rank == LW_MAX_RANK)
    {
      g_autofree char *have = lw_shape_to_string (shape);

      return lw_scope_fail (s, LW_ERROR_SHAPE,
                            _("expand_dims cannot add an axis to a tensor of shape %s: %d axes "
                              "are the most"),
                            have, LW_MAX_RANK);
    }
  if (!lw_strided_axis (s, "expand_dims", shape, longer.rank, &axis))
    return lw_scope_get_invalid (s);
  for (int i = 0; i < longer.rank; i++)
    longer.dims[i] = i == axis ? 1 : shape->dims[i - (i > axis)];
  return lw_reshape (s, x, &longer);
}

LwTensor *
lw_squeeze (LwScope *s, LwTensor *x, int axis)
{
  const LwShape *shape = lw_tensor_get_shape (x);
  LwShape        shorter = { .rank = shape->rank - 1 };

  if (lw_scope_has_failed (s) || !lw_strided_axis (s, "squeeze", shape, shape->rank, &axis))
    return lw_scope_get_invalid (s);
  if (shape->dims[axis] != 1)
    {
      g_autofree char *have = lw_shape_to_string (shape);

      return lw_scope_fail (s, LW_ERROR_SHAPE,
                            _("squeeze drops an axis of size 1, but axis %d of a tensor of "
                              "shape %s is of another size"),
                            axis, have);
    }
  for (int i = 0; i < shorter.rank; i++)
    shorter.dims[i] = shape->dims[i + (i >= axis)];
  return lw_reshape (s, x, &shorter);
}

static void
broadcast_to_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = lw_op_sum_to_shape (s, gy, lw_tensor_get_shape (node->inputs[0]));
}

static const LwOp broadcast_to_op = { "broadcast_to", broadcast_to_gradient };

LwTensor *
lw_broadcast_to (LwScope *s, LwTensor *x, const LwShape *shape)
{
  const LwShape *have = lw_tensor_get_shape (x);
  gssize         from[LW_MAX_RANK], to[LW_MAX_RANK];
  LwShape        common;
  LwTensor      *y;

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  if (lw_shape_equal (have, shape))
    return x;
  if (shape->rank < have->rank || !lw_shape_is_known (shape) || !lw_strided_broadcast (have, shape, &common)
      || !lw_shape_equal (&common, shape))
    {
      g_autofree char *have_text = lw_shape_to_string (have);
      g_autofree char *want_text = lw_shape_to_string (shape);

      return lw_scope_fail (s, LW_ERROR_SHAPE,
                            _("broadcast_to cannot repeat %s to %s: aligned at their ends, each size "
                              "must be the same or have been 1"),
                            have_text, want_text);
    }
  y = lw_scope_new_tensor (s, lw_tensor_get_dtype (x), shape);
  if (y == NULL)
    return lw_scope_get_invalid (s);
  lw_strided_of_broadcast (have, shape, from);
  lw_strided_of (shape, to);
  lw_strided_copy (shape, lw_dtype_get_size (lw_tensor_get_dtype (x)), lw_tensor_get_data (x), from,
                   lw_tensor_get_mutable_data (y), to);
  lw_scope_record (s, &broadcast_to_op, &x, 1, y, NULL, NULL, 0);
  return y;
}
