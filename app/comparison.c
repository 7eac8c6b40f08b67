#include "app/comparison.h"

#include "app/run-diff.h"
#include "ui/train/compare-window.h"
#include "ui/train/run-item.h"

struct _LwComparison {
  /* owned */
  LwSession  *session;
  GListModel *items;
  GArray     *ids; /* guint, of the runs that are compared */

  /* borrowed */
  GtkWindow       *window;
  LwCompareWindow *shown; /* weak */
};

void
lw_comparison_update (LwComparison *self)
{
  g_autoptr (GPtrArray)      runs = g_ptr_array_new ();
  g_autoptr (LwCompareTable) table = NULL;

  if (self->shown == NULL)
    return;
  for (guint i = 0; i < self->ids->len; i++)
    {
      LwSessionRun *run = lw_session_find_run (self->session, g_array_index (self->ids, guint, i));

      if (run != NULL)
        g_ptr_array_add (runs, run);
    }
  if (runs->len == 0)
    {
      gtk_window_close (GTK_WINDOW (self->shown));
      return;
    }
  table = lw_run_diff ((LwSessionRun *const *) runs->pdata, runs->len);
  lw_compare_window_set_table (self->shown, table);
}

void
lw_comparison_open (LwComparison *self)
{
  g_array_set_size (self->ids, 0);
  for (guint i = 0; i < g_list_model_get_n_items (self->items); i++)
    {
      g_autoptr (LwRunItem) item = g_list_model_get_item (self->items, i);
      guint                 id = lw_run_item_get_id (item);

      if (lw_run_item_get_visible (item))
        g_array_append_val (self->ids, id);
    }
  if (self->ids->len < 2)
    return;
  if (self->shown == NULL)
    g_set_weak_pointer (&self->shown, LW_COMPARE_WINDOW (lw_compare_window_new (self->window)));
  lw_comparison_update (self);
  gtk_window_present (GTK_WINDOW (self->shown));
}

LwComparison *
lw_comparison_new (GtkWindow *window, LwSession *session, GListModel *items)
{
  LwComparison *self = g_new0 (LwComparison, 1);

  self->window = window;
  self->session = g_object_ref (session);
  self->items = g_object_ref (items);
  self->ids = g_array_new (FALSE, FALSE, sizeof (guint));
  return self;
}

void
lw_comparison_free (LwComparison *self)
{
  if (self->shown != NULL)
    gtk_window_destroy (GTK_WINDOW (self->shown));
  g_clear_weak_pointer (&self->shown);
  g_array_unref (self->ids);
  g_object_unref (self->session);
  g_object_unref (self->items);
  g_free (self);
}
