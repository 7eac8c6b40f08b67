/* Parts of tensors and tensors of parts: slice, concat, stack, gather, one_hot. All but one_hot keep any
 * dtype; their gradients put each number back where it came from, in the order of the result's elements,
 * and are ops themselves, so that they can be differentiated in turn. Slices count as Python's do (the
 * language reference, "Slicings"); gather and one_hot as tf.gather and tf.one_hot. */

#include "engine/ops/strided.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

/* Which elements of a tensor of shape `whole` a slice takes along each axis. */
typedef struct {
  LwShape whole, part;
  gint64  first[LW_MAX_RANK], step[LW_MAX_RANK];
} SliceAttributes;

static LwTensor *slice_part  (LwScope *s, LwTensor *x, const SliceAttributes *attributes);
static LwTensor *slice_whole (LwScope *s, LwTensor *y, const SliceAttributes *attributes);

static void
slice_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = slice_whole (s, gy, node->attributes);
}

static const LwOp slice_op = { "slice", slice_gradient };

static void
slice_gradient_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  gx[0] = slice_part (s, gy, node->attributes);
}

static const LwOp slice_gradient_op = { "the gradient of slice", slice_gradient_gradient };

/* The offset of the first element taken, and how far one step along each axis goes. */
static gssize
slice_strides (const SliceAttributes *attributes, gssize strides[LW_MAX_RANK])
{
  gssize offset = 0;

  lw_strided_of (&attributes->whole, strides);
  for (int i = 0; i < attributes->whole.rank; i++)
    {
      offset += strides[i] * (gssize) attributes->first[i];
      strides[i] *= (gssize) attributes->step[i];
    }
  return offset;
}

static LwTensor *
slice_part (LwScope *s, LwTensor *x, const SliceAttributes *attributes)
{
  gsize     size = lw_dtype_get_size (lw_tensor_get_dtype (x));
  gssize    from[LW_MAX_RANK], to[LW_MAX_RANK];
  gssize    offset;
  LwTensor *y;

  if (lw_scope_has_failed (s)
      || (y = lw_scope_new_tensor (s, lw_tensor_get_dtype (x), &attributes->part)) == NULL)
    return lw_scope_get_invalid (s);
  if (lw_tensor_get_count (y) > 0)
    {
      offset = slice_strides (attributes, from);
      lw_strided_of (&attributes->part, to);
      lw_strided_copy (&attributes->part, size,
                       (const char *) lw_tensor_get_data (x) + offset * (gssize) size, from,
                       lw_tensor_get_mutable_data (y), to);
    }
  lw_scope_record (s, &slice_op, &x, 1, y, NULL, attributes, sizeof *attributes);
  return y;
}

/* Zeros, with y in the places from which the slice took it. */
static LwTensor *
slice_whole (LwScope *s, LwTensor *y, const SliceAttributes *attributes)
{
  gsize     size = lw_dtype_get_size (lw_tensor_get_dtype (y));
  gssize    from[LW_MAX_RANK], to[LW_MAX_RANK];
  gssize    offset;
  LwTensor *x;

  if (lw_scope_has_failed (s)
      || (x = lw_scope_new_tensor (s, lw_tensor_get_dtype (y), &attributes->whole)) == NULL)
    return lw_scope_get_invalid (s);
  memset (lw_tensor_get_mutable_data (x), 0, lw_tensor_get_byte_size (x));
  if (lw_tensor_get_count (y) > 0)
    {
      offset = slice_strides (attributes, to);
      lw_strided_of (&attributes->part, from);
      lw_strided_copy (&attributes->part, size, lw_tensor_get_data (y), from,
                       (char *) lw_tensor_get_mutable_data (x) + offset * (gssize) size, to);
    }
  lw_scope_record (s, &slice_gradient_op, &y, 1, x, NULL, attributes, sizeof *attributes);
  return x;
}

/* Python's slice.indices(): the first of the elements taken and how many there are. */
static void
resolve_slice (const LwSlice *slice, gint64 n, gint64 *first, gint64 *step, gint64 *count)
{
  const gint64 furthest = G_GINT64_CONSTANT (1) << 41; /* over any axis: no sum overflows */
  gint64       low, high, start, stop;

  if (slice->all)
    {
      *first = 0;
      *step = 1;
      *count = n;
      return;
    }
  *step = CLAMP (slice->step, -furthest, furthest);
  low = *step > 0 ? 0 : -1;
  high = *step > 0 ? n : n - 1;
  start = slice->start < 0 ? MAX (slice->start, -furthest) + n : slice->start;
  stop = slice->stop < 0 ? MAX (slice->stop, -furthest) + n : slice->stop;
  start = CLAMP (start, low, high);
  stop = CLAMP (stop, low, high);
  if (*step > 0)
    *count = stop > start ? (stop - start - 1) / *step + 1 : 0;
  else
    *count = start > stop ? (start - stop - 1) / -*step + 1 : 0;
  *first = start;
  if (*count <= 1)
    *step = 1; /* none is taken: its product with a stride might overflow */
}

LwTensor *
lw_slice (LwScope *s, LwTensor *x, const LwSlice *slices, int n)
{
  const LwShape  *shape = lw_tensor_get_shape (x);
  SliceAttributes attributes = { .whole = *shape, .part = *shape };

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  if (n < 0 || n > shape->rank)
    {
      g_autofree char *have = lw_shape_to_string (shape);

      return lw_scope_fail (s, LW_ERROR_SHAPE,
                            _("slice was given %d axes, but a tensor of shape %s has %d"), n, have,
                            shape->rank);
    }
  for (int i = 0; i < shape->rank; i++)
    {
      const LwSlice *slice = i < n ? &slices[i] : &(const LwSlice) { .all = TRUE };

      if (!slice->all && slice->step == 0)
        {
          g_autofree char *have = lw_shape_to_string (shape);

          return lw_scope_fail (s, LW_ERROR_VALUE,
                                _("slice cannot go through axis %d of a tensor of shape %s in steps "
                                  "of 0; 1 takes each element"),
                                i, have);
        }
      resolve_slice (slice, shape->dims[i], &attributes.first[i], &attributes.step[i],
                     &attributes.part.dims[i]);
    }
  return slice_part (s, x, &attributes);
}

/* -- concat, stack -- */

typedef struct {
  int axis;
} ConcatAttributes;

static void
concat_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  const ConcatAttributes *attributes = node->attributes;
  gint64                  start = 0;

  for (guint i = 0; i < node->n_inputs; i++)
    {
      LwSlice slices[LW_MAX_RANK] = { { .all = FALSE } };
      gint64  size = lw_tensor_get_dim (node->inputs[i], attributes->axis);

      for (int k = 0; k < attributes->axis; k++)
        slices[k].all = TRUE;
      slices[attributes->axis] = (LwSlice) { FALSE, start, start + size, 1 };
      if (needs[i])
        gx[i] = lw_slice (s, gy, slices, attributes->axis + 1);
      start += size;
    }
}

static const LwOp concat_op = { "concat", concat_gradient };

/* FALSE, having failed the scope, unless all have one dtype and, but for `axis`, one shape; axis -1: with it. */
static gboolean
check_parts (LwScope *s, const char *op, guint n, LwTensor *const *tensors, int axis)
{
  const LwShape *shape = lw_tensor_get_shape (tensors[0]);

  for (guint i = 1; i < n; i++)
    {
      LwShape other = *lw_tensor_get_shape (tensors[i]);

      if (!lw_op_check_same (s, op, tensors[0], tensors[i]))
        return FALSE;
      if (axis >= 0 && other.rank == shape->rank)
        other.dims[axis] = shape->dims[axis];
      if (!lw_shape_equal (&other, shape))
        {
          g_autofree char *first = lw_shape_to_string (shape);
          g_autofree char *here = lw_shape_to_string (lw_tensor_get_shape (tensors[i]));

          if (axis >= 0)
            lw_scope_fail (s, LW_ERROR_SHAPE,
                           _("%s cannot join %s and %s along axis %d: the other sizes must be "
                             "equal"),
                           op, first, here, axis);
          else
            lw_scope_fail (s, LW_ERROR_SHAPE, _("%s takes tensors of one shape, not %s and %s"), op,
                           first, here);
          return FALSE;
        }
    }
  return TRUE;
}

static LwTensor *
fail_empty (LwScope *s, const char *op)
{
  return lw_scope_fail (s, LW_ERROR_VALUE, _("%s needs at least one tensor"), op);
}

/* The parts one after another, each a run of memory for each index of the axes in front. */
static void
copy_parts (guint n, LwTensor *const *tensors, int axis, LwTensor *y)
{
  const LwShape *shape = lw_tensor_get_shape (y);
  char          *out = lw_tensor_get_mutable_data (y);
  gsize          outer = 1;

  if (lw_tensor_get_count (y) == 0)
    return;
  for (int i = 0; i < axis; i++)
    outer *= (gsize) shape->dims[i];
  for (gsize row = 0; row < outer; row++)
    for (guint i = 0; i < n; i++)
      {
        gsize bytes = lw_tensor_get_byte_size (tensors[i]) / outer;

        if (bytes > 0)
          memcpy (out, (const char *) lw_tensor_get_data (tensors[i]) + row * bytes, bytes);
        out += bytes;
      }
}

LwTensor *
lw_concat (LwScope *s, guint n, LwTensor *const *tensors, int axis)
{
  ConcatAttributes attributes;
  LwShape          shape;
  LwTensor        *y;

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  if (n == 0)
    return fail_empty (s, "concat");
  shape = *lw_tensor_get_shape (tensors[0]);
  if (!lw_strided_axis (s, "concat", &shape, shape.rank, &axis)
      || !check_parts (s, "concat", n, tensors, axis))
    return lw_scope_get_invalid (s);
  if (n == 1)
    return tensors[0];

  /* A node has room for a few inputs: longer lists are joined in groups, and these again. */
  if (n > LW_MAX_INPUTS && lw_scope_is_recording (s, tensors, n))
    {
      g_autofree LwTensor **groups = g_new (LwTensor *, (n + LW_MAX_INPUTS - 1) / LW_MAX_INPUTS);
      guint                 n_groups = 0;

      for (guint i = 0; i < n; i += LW_MAX_INPUTS)
        groups[n_groups++] = lw_concat (s, MIN (LW_MAX_INPUTS, n - i), tensors + i, axis);
      return lw_concat (s, n_groups, groups, axis);
    }

  for (guint i = 1; i < n; i++)
    shape.dims[axis] += lw_tensor_get_dim (tensors[i], axis);
  y = lw_scope_new_tensor (s, lw_tensor_get_dtype (tensors[0]), &shape);
  if (y == NULL)
    return lw_scope_get_invalid (s);
  copy_parts (n, tensors, axis, y);
  attributes.axis = axis;
  lw_scope_record (s, &concat_op, tensors, MIN (n, LW_MAX_INPUTS), y, NULL, &attributes, sizeof attributes);
  return y;
}

LwTensor *
lw_stack (LwScope *s, guint n, LwTensor *const *tensors, int axis)
{
  g_autofree LwTensor **longer = NULL;
  const LwShape        *shape;

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  if (n == 0)
    return fail_empty (s, "stack");
  shape = lw_tensor_get_shape (tensors[0]);
  if (!check_parts (s, "stack", n, tensors, -1)
      || (shape->rank < LW_MAX_RANK && !lw_strided_axis (s, "stack", shape, shape->rank + 1, &axis)))
    return lw_scope_get_invalid (s);
  longer = g_new (LwTensor *, n);
  for (guint i = 0; i < n; i++)
    longer[i] = lw_expand_dims (s, tensors[i], axis);
  return lw_concat (s, n, longer, axis);
}

/* -- gather -- */

typedef struct {
  LwShape whole;
  int     axis;
  gsize   outer, inner; /* indices of the axes in front; elements of those behind */
} GatherAttributes;

static LwTensor *gather_part (LwScope *s, LwTensor *x, LwTensor *indices,
                              const GatherAttributes *attributes);
static LwTensor *gather_whole (LwScope *s, LwTensor *y, LwTensor *indices,
                               const GatherAttributes *attributes);

static void
gather_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  if (needs[0])
    gx[0] = gather_whole (s, gy, node->inputs[1], node->attributes);
}

static const LwOp gather_op = { "gather", gather_gradient };

static void
gather_gradient_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs,
                          LwTensor **gx)
{
  if (needs[0])
    gx[0] = gather_part (s, gy, node->inputs[1], node->attributes);
}

static const LwOp gather_gradient_op = { "the gradient of gather", gather_gradient_gradient };

static gint64
get_index (LwTensor *indices, gsize i)
{
  gconstpointer data = lw_tensor_get_data (indices);

  switch (lw_tensor_get_dtype (indices))
    {
    case LW_INT32: return ((const gint32 *) data)[i];
    case LW_INT64: return ((const gint64 *) data)[i];
    default: return ((const guint8 *) data)[i];
    }
}

static gboolean
check_indices (LwScope *s, const char *op, LwTensor *indices)
{
  LwDType dtype = lw_tensor_get_dtype (indices);

  if (dtype == LW_INT32 || dtype == LW_INT64 || dtype == LW_UINT8)
    return TRUE;
  lw_scope_fail (s, LW_ERROR_DTYPE,
                 _("%s takes indices of an integer dtype, not %s; cast them to int32"), op,
                 lw_dtype_get_name (dtype));
  return FALSE;
}

static LwTensor *
gather_part (LwScope *s, LwTensor *x, LwTensor *indices, const GatherAttributes *attributes)
{
  LwTensor *inputs[] = { x, indices };
  LwShape   shape = *lw_tensor_get_shape (x);
  int       axis = attributes->axis, behind = shape.rank - axis - 1;
  gsize     n = lw_tensor_get_count (indices);
  gsize     bytes = attributes->inner * lw_dtype_get_size (lw_tensor_get_dtype (x));
  LwTensor *y;
  char     *out;

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  shape.rank += lw_tensor_get_rank (indices) - 1;
  for (int i = 0; i < lw_tensor_get_rank (indices); i++)
    shape.dims[axis + i] = lw_tensor_get_dim (indices, i);
  for (int i = 0; i < behind; i++)
    shape.dims[shape.rank - behind + i] = attributes->whole.dims[axis + 1 + i];
  for (int i = shape.rank; i < LW_MAX_RANK; i++)
    shape.dims[i] = 0;
  y = lw_scope_new_tensor (s, lw_tensor_get_dtype (x), &shape);
  if (y == NULL)
    return lw_scope_get_invalid (s);
  out = lw_tensor_get_mutable_data (y);
  if (lw_tensor_get_count (y) > 0)
    for (gsize row = 0; row < attributes->outer; row++)
      for (gsize i = 0; i < n; i++, out += bytes)
        memcpy (out,
                (const char *) lw_tensor_get_data (x)
                    + (row * (gsize) attributes->whole.dims[axis] + (gsize) get_index (indices, i))
                          * bytes,
                bytes);
  lw_scope_record (s, &gather_op, inputs, 2, y, NULL, attributes, sizeof *attributes);
  return y;
}

/* Zeros, to which each entry of y is added where the gather took it from. */
static LwTensor *
gather_whole (LwScope *s, LwTensor *y, LwTensor *indices, const GatherAttributes *attributes)
{
  LwTensor *inputs[] = { y, indices };
  gsize     n = lw_tensor_get_count (indices), inner = attributes->inner;
  gsize     from = 0;
  LwTensor *x;

  if (lw_scope_has_failed (s)
      || (x = lw_scope_new_tensor (s, lw_tensor_get_dtype (y), &attributes->whole)) == NULL)
    return lw_scope_get_invalid (s);
  memset (lw_tensor_get_mutable_data (x), 0, lw_tensor_get_byte_size (x));
  if (lw_tensor_get_count (y) > 0)
    for (gsize row = 0; row < attributes->outer; row++)
      for (gsize i = 0; i < n; i++, from += inner)
        {
          gsize to = (row * (gsize) attributes->whole.dims[attributes->axis]
                      + (gsize) get_index (indices, i))
                     * inner;

          if (lw_tensor_get_dtype (y) == LW_FLOAT32)
            for (gsize k = 0; k < inner; k++)
              ((float *) lw_tensor_get_mutable_data (x))[to + k]
                  += ((const float *) lw_tensor_get_data (y))[from + k];
          else
            for (gsize k = 0; k < inner; k++)
              ((double *) lw_tensor_get_mutable_data (x))[to + k]
                  += ((const double *) lw_tensor_get_data (y))[from + k];
        }
  lw_scope_record (s, &gather_gradient_op, inputs, 2, x, NULL, attributes, sizeof *attributes);
  return x;
}

LwTensor *
lw_gather (LwScope *s, LwTensor *x, LwTensor *indices, int axis)
{
  const LwShape   *shape = lw_tensor_get_shape (x);
  GatherAttributes attributes = { .whole = *shape, .outer = 1, .inner = 1 };

  if (lw_scope_has_failed (s) || !check_indices (s, "gather", indices)
      || !lw_strided_axis (s, "gather", shape, shape->rank, &axis))
    return lw_scope_get_invalid (s);
  if (shape->rank + lw_tensor_get_rank (indices) - 1 > LW_MAX_RANK)
    {
      g_autofree char *have = lw_shape_to_string (shape);
      g_autofree char *want = lw_shape_to_string (lw_tensor_get_shape (indices));

      return lw_scope_fail (s, LW_ERROR_SHAPE,
                            _("gather from a tensor of shape %s by indices of shape %s would make "
                              "more than %d axes"),
                            have, want, LW_MAX_RANK);
    }
  for (gsize i = 0; i < lw_tensor_get_count (indices); i++)
    {
      gint64 index = get_index (indices, i);

      if (index < 0 || index >= shape->dims[axis])
        {
          g_autofree char *have = lw_shape_to_string (shape);

          return lw_scope_fail (s, LW_ERROR_VALUE,
                                _("gather cannot take entry %" PRId64 " along axis %d of a tensor of shape "
                                  "%s: they count from 0 and there are %" PRId64), index, axis, have,
                                shape->dims[axis]);
        }
    }
  attributes.axis = axis;
  for (int i = 0; i < axis; i++)
    attributes.outer *= (gsize) shape->dims[i];
  for (int i = axis + 1; i < shape->rank; i++)
    attributes.inner *= (gsize) shape->dims[i];
  return gather_part (s, x, indices, &attributes);
}

/* -- one_hot -- */

LwTensor *
lw_one_hot (LwScope *s, LwTensor *indices, gint64 depth, LwDType dtype)
{
  LwShape   shape = *lw_tensor_get_shape (indices);
  gsize     size = lw_dtype_get_size (dtype);
  LwTensor *one, *y;

  if (lw_scope_has_failed (s) || !check_indices (s, "one_hot", indices))
    return lw_scope_get_invalid (s);
  if (depth < 0)
    return lw_scope_fail (s, LW_ERROR_VALUE, _("one_hot needs a depth of 0 or more, not %" PRId64), depth);
  if (shape.rank == LW_MAX_RANK)
    {
      g_autofree char *have = lw_shape_to_string (&shape);

      return lw_scope_fail (s, LW_ERROR_SHAPE,
                            _("one_hot cannot add an axis to indices of shape %s: %d axes are the "
                              "most"),
                            have, LW_MAX_RANK);
    }
  shape.dims[shape.rank++] = depth;
  one = lw_constant_scalar (s, dtype, 1);
  y = lw_scope_new_tensor (s, dtype, &shape);
  if (y == NULL)
    return lw_scope_get_invalid (s);
  memset (lw_tensor_get_mutable_data (y), 0, lw_tensor_get_byte_size (y));
  for (gsize i = 0; i < lw_tensor_get_count (indices); i++)
    {
      gint64 index = get_index (indices, i);

      if (index >= 0 && index < depth)
        memcpy ((char *) lw_tensor_get_mutable_data (y) + (i * (gsize) depth + (gsize) index) * size,
                lw_tensor_get_data (one), size);
    }
  return y;
}
