#include "ui/train/compare-table.h"

#include <glib/gi18n-lib.h>

static void
row_free (gpointer data)
{
  LwCompareRow *row = data;

  g_free (row->label);
  g_free (row->cells);
  g_free (row->best);
  g_free (row);
}

LwCompareTable *
lw_compare_table_new (guint n_columns)
{
  LwCompareTable *self = g_new0 (LwCompareTable, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->n_columns = n_columns;
  self->columns = g_new0 (LwCompareColumn, n_columns);
  self->rows = g_ptr_array_new_with_free_func (row_free);
  return self;
}

LwCompareTable *
lw_compare_table_ref (LwCompareTable *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
lw_compare_table_unref (LwCompareTable *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  /* A row does not know how many cells it has. */
  for (guint i = 0; i < self->rows->len; i++)
    {
      LwCompareRow *row = g_ptr_array_index (self->rows, i);

      for (guint column = 0; column < self->n_columns; column++)
        g_clear_pointer (&row->cells[column], g_free);
    }
  for (guint i = 0; i < self->n_columns; i++)
    g_free (self->columns[i].name);
  g_ptr_array_unref (self->rows);
  g_free (self->columns);
  g_free (self);
}

void
lw_compare_table_set_column (LwCompareTable *self, guint column, const char *name, guint slot)
{
  g_return_if_fail (column < self->n_columns);

  g_free (self->columns[column].name);
  self->columns[column] = (LwCompareColumn) { g_strdup (name), slot };
}

LwCompareRow *
lw_compare_table_add_row (LwCompareTable *self, LwCompareSection section, char *label)
{
  LwCompareRow *row = g_new0 (LwCompareRow, 1);

  row->section = section;
  row->label = label;
  row->cells = g_new0 (char *, self->n_columns);
  row->best = g_new0 (gboolean, self->n_columns);
  g_ptr_array_add (self->rows, row);
  return row;
}

guint
lw_compare_table_n_settings (LwCompareTable *self)
{
  guint n = 0;

  for (guint i = 0; i < self->rows->len; i++)
    n += ((LwCompareRow *) g_ptr_array_index (self->rows, i))->section != LW_COMPARE_RESULTS;
  return n;
}

const char *
lw_compare_section_name (LwCompareSection section)
{
  switch (section)
    {
    case LW_COMPARE_MODEL:
      return _("Model");
    case LW_COMPARE_TRAINING:
      return _("Training");
    case LW_COMPARE_RESULTS:
    default:
      return _("Results");
    }
}

/* A name may hold what separates cells. */
static void
append_cell (GString *text, const char *cell)
{
  for (; cell != NULL && *cell != '\0'; cell++)
    g_string_append_c (text, *cell == '\t' || *cell == '\n' || *cell == '\r' ? ' ' : *cell);
}

char *
lw_compare_table_to_tsv (LwCompareTable *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->n_columns; i++)
    {
      g_string_append_c (text, '\t');
      append_cell (text, self->columns[i].name);
    }
  g_string_append_c (text, '\n');
  for (guint i = 0; i < self->rows->len; i++)
    {
      LwCompareRow *row = g_ptr_array_index (self->rows, i);

      append_cell (text, row->label);
      for (guint column = 0; column < self->n_columns; column++)
        {
          g_string_append_c (text, '\t');
          append_cell (text, row->cells[column]);
        }
      g_string_append_c (text, '\n');
    }
  return g_string_free (text, FALSE);
}
