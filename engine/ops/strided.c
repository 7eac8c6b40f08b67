#include "engine/ops/strided.h"

#include <glib/gi18n-lib.h>
#include <string.h>

void
lw_strided_of (const LwShape *shape, gssize strides[LW_MAX_RANK])
{
  gssize stride = 1;

  for (int i = shape->rank - 1; i >= 0; i--)
    {
      strides[i] = stride;
      stride *= (gssize) shape->dims[i];
    }
}

void
lw_strided_of_broadcast (const LwShape *x, const LwShape *y, gssize strides[LW_MAX_RANK])
{
  gssize stride = 1;

  for (int i = y->rank - 1, j = x->rank - 1; i >= 0; i--, j--)
    {
      gint64 dim = j >= 0 ? x->dims[j] : 1;

      strides[i] = dim == 1 ? 0 : stride;
      stride *= (gssize) dim;
    }
}

#define DEFINE_COPY_ROW(TYPE, NAME)                                                                \
  static void copy_row_##NAME (gsize n, const TYPE *from, gssize from_step, TYPE *to,              \
                               gssize to_step)                                                     \
  {                                                                                                \
    for (gsize i = 0; i < n; i++)                                                                  \
      to[(gssize) i * to_step] = from[(gssize) i * from_step];                                     \
  }

DEFINE_COPY_ROW (guint8, 1)
DEFINE_COPY_ROW (guint32, 4)
DEFINE_COPY_ROW (guint64, 8)

static void
copy_row (gsize size, gsize n, const char *from, gssize from_step, char *to, gssize to_step)
{
  if (from_step == 1 && to_step == 1)
    memcpy (to, from, n * size);
  else if (size == 1)
    copy_row_1 (n, (const guint8 *) from, from_step, (guint8 *) to, to_step);
  else if (size == 4)
    copy_row_4 (n, (const guint32 *) from, from_step, (guint32 *) to, to_step);
  else
    copy_row_8 (n, (const guint64 *) from, from_step, (guint64 *) to, to_step);
}

void
lw_strided_copy (const LwShape *shape, gsize size, gconstpointer from, const gssize *from_strides,
                 gpointer to, const gssize *to_strides)
{
  const int last = shape->rank - 1;
  gint64    index[LW_MAX_RANK] = { 0 };
  gssize    at_from = 0, at_to = 0;
  int       axis;

  for (int i = 0; i < shape->rank; i++)
    if (shape->dims[i] == 0)
      return;
  if (shape->rank == 0)
    {
      memcpy (to, from, size);
      return;
    }
  do
    {
      copy_row (size, (gsize) shape->dims[last], (const char *) from + at_from * (gssize) size,
                from_strides[last], (char *) to + at_to * (gssize) size, to_strides[last]);
      for (axis = last - 1; axis >= 0; axis--)
        {
          at_from += from_strides[axis];
          at_to += to_strides[axis];
          if (++index[axis] < shape->dims[axis])
            break;
          at_from -= from_strides[axis] * (gssize) shape->dims[axis];
          at_to -= to_strides[axis] * (gssize) shape->dims[axis];
          index[axis] = 0;
        }
    }
  while (axis >= 0);
}

gboolean
lw_strided_broadcast (const LwShape *a, const LwShape *b, LwShape *y)
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

gboolean
lw_strided_axis (LwScope *s, const char *op, const LwShape *shape, int rank, int *axis)
{
  g_autofree char *text = NULL;

  if (*axis >= -rank && *axis < rank)
    {
      *axis += *axis < 0 ? rank : 0;
      return TRUE;
    }
  text = lw_shape_to_string (shape);
  lw_scope_fail (s, LW_ERROR_SHAPE, _("%s has no axis %d to work on in a tensor of shape %s"), op, *axis, text);
  return FALSE;
}
