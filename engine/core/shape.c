#include "engine/core/shape.h"

#include <glib/gi18n-lib.h>
#include <string.h>

gboolean
lw_shape_equal (const LwShape *a, const LwShape *b)
{
  if (a->rank != b->rank)
    return FALSE;
  for (int i = 0; i < a->rank; i++)
    if (a->dims[i] != b->dims[i])
      return FALSE;
  return TRUE;
}

gboolean
lw_shape_get_count (const LwShape *shape, gsize *count)
{
  const guint64 limit = G_GUINT64_CONSTANT (1) << 40;
  guint64       product = 1;
  gboolean      empty = FALSE;

  *count = 0;
  if (shape->rank < 0 || shape->rank > LW_MAX_RANK)
    return FALSE;
  for (int i = 0; i < shape->rank; i++)
    {
      if (shape->dims[i] < 0)
        return FALSE;
      if (shape->dims[i] == 0)
        empty = TRUE;
      else if ((guint64) shape->dims[i] > limit / product)
        return FALSE;
      else
        product *= (guint64) shape->dims[i];
    }
  *count = empty ? 0 : product;
  return TRUE;
}

double
lw_shape_get_volume (const LwShape *shape)
{
  double volume = 1.0;

  for (int i = 0; i < shape->rank; i++)
    volume *= shape->dims[i] == LW_DIM_ANY ? 0.0 : (double) shape->dims[i];
  return volume;
}

gboolean
lw_shape_is_known (const LwShape *shape)
{
  for (int i = 0; i < shape->rank; i++)
    if (shape->dims[i] == LW_DIM_ANY)
      return FALSE;
  return TRUE;
}

LwShape
lw_shape_tail (const LwShape *shape, int n)
{
  LwShape tail = { 0 };

  g_return_val_if_fail (n >= 0 && n <= shape->rank, tail);
  tail.rank = shape->rank - n;
  for (int i = 0; i < tail.rank; i++)
    tail.dims[i] = shape->dims[n + i];
  return tail;
}

LwShape
lw_shape_prepend (const LwShape *shape, gint64 dim)
{
  LwShape longer = { 0 };

  g_return_val_if_fail (shape->rank < LW_MAX_RANK, longer);
  longer.rank = shape->rank + 1;
  longer.dims[0] = dim;
  for (int i = 0; i < shape->rank; i++)
    longer.dims[i + 1] = shape->dims[i];
  return longer;
}

/* Written from its end: ops make these texts ahead of any error, so they are made without ado. */
static char *
join (const LwShape *shape, const char *times)
{
  char  text[LW_MAX_RANK * 32];
  char *at = text + sizeof text;

  if (shape->rank == 0)
    return g_strdup (_("scalar"));
  *--at = '\0';
  for (int i = shape->rank - 1; i >= 0; i--)
    {
      const gint64 dim = shape->dims[i];
      guint64      rest = dim < 0 ? -(guint64) dim : (guint64) dim;

      if (dim == LW_DIM_ANY)
        at = memcpy (at - 4, "None", 4);
      else
        do
          *--at = (char) ('0' + rest % 10);
        while ((rest /= 10) > 0);
      if (dim < 0 && dim != LW_DIM_ANY)
        *--at = '-';
      if (i > 0)
        {
          at -= strlen (times);
          memcpy (at, times, strlen (times));
        }
    }
  return g_strndup (at, (gsize) (text + sizeof text - at));
}

char *
lw_shape_to_string (const LwShape *shape)
{
  return join (shape, "×");
}

char *
lw_shape_to_label (const LwShape *shape)
{
  return join (shape, " × ");
}
