#include "engine/core/shape.h"

#include <glib/gi18n-lib.h>

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

static char *
join (const LwShape *shape, const char *times)
{
  GString *text = g_string_new (NULL);

  if (shape->rank == 0)
    g_string_append (text, _("scalar"));
  for (int i = 0; i < shape->rank; i++)
    {
      if (i > 0)
        g_string_append (text, times);
      if (shape->dims[i] == LW_DIM_ANY)
        g_string_append (text, "None");
      else
        g_string_append_printf (text, "%" G_GINT64_FORMAT, shape->dims[i]);
    }
  return g_string_free (text, FALSE);
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
