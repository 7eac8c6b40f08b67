#include "ui/train/compare-window.h"

#include <glib/gi18n-lib.h>

#include "ui/train/run-swatch.h"
#include "ui/ui-resources.h"

#define MAX_CELL_CHARS 30

struct _LwCompareWindow {
  AdwWindow parent_instance;

  /* owned */
  LwCompareTable *table;
  GPtrArray *columns; /* GtkSizeGroup of each run's head and cells */
  GPtrArray *shown;   /* the cells' GtkLabel, borrowed, by row and column */

  /* template */
  AdwWindowTitle *title;
  AdwToastOverlay *toasts;
  GtkScrolledWindow *head_scroll;
  GtkBox *head;
  GtkScrolledWindow *label_scroll;
  GtkListBox *labels;
  GtkScrolledWindow *cell_scroll;
  GtkGrid *cells;
};

G_DEFINE_FINAL_TYPE (LwCompareWindow, lw_compare_window, ADW_TYPE_WINDOW)

static LwCompareRow *
nth_row (LwCompareTable *table, guint i)
{
  return g_ptr_array_index (table->rows, i);
}

/* "★ 98.30 %" */
static char *
cell_text (const LwCompareRow *row, guint column)
{
  const char *cell = row->cells[column];

  if (cell == NULL)
    return g_strdup ("—");
  return row->best[column] ? g_strdup_printf ("★ %s", cell) : g_strdup (cell);
}

/* Columns are as wide as what they hold, within reason: then the table scrolls. */
static void
reserve_width (GtkWidget *label, const char *text)
{
  gtk_label_set_width_chars (GTK_LABEL (label), MIN ((int) g_utf8_strlen (text, -1), MAX_CELL_CHARS));
}

static void
update_cell (GtkLabel *label, const LwCompareRow *row, guint column)
{
  g_autofree char *text = cell_text (row, column);

  if (g_strcmp0 (gtk_label_get_text (label), text) == 0)
    return;
  gtk_label_set_text (label, text);
  reserve_width (GTK_WIDGET (label), text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (label), g_utf8_strlen (text, -1) > MAX_CELL_CHARS ? text : NULL);
  if (row->best[column])
    gtk_widget_add_css_class (GTK_WIDGET (label), "heading");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (label), "heading");
}

/* "train loss: Run 2 0.0950, Run 1 0.0650 (best)" */
static void
update_row_name (LwCompareWindow *self, guint i)
{
  const LwCompareRow *row = nth_row (self->table, i);
  GtkWidget *label = g_object_get_data (G_OBJECT (g_ptr_array_index (self->shown, i * self->table->n_columns)),
                                        "lw-row");
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint column = 0; column < self->table->n_columns; column++)
    g_string_append_printf (text, "%s%s %s%s%s", column > 0 ? ", " : "", self->table->columns[column].name,
                            row->cells[column] != NULL ? row->cells[column] : "—", row->best[column] ? " " : "",
                            row->best[column] ? _("(best)") : "");
  {
    /* Translators: a row of a table for a screen reader: its name, then what the runs have. */
    g_autofree char *name = g_strdup_printf (_("%s: %s"), row->label, text->str);

    gtk_accessible_update_property (GTK_ACCESSIBLE (label), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  }
}

static void
clear (LwCompareWindow *self)
{
  GtkWidget *child;

  g_ptr_array_set_size (self->columns, 0);
  g_ptr_array_set_size (self->shown, 0);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->head))) != NULL)
    gtk_box_remove (self->head, child);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->labels))) != NULL)
    gtk_list_box_remove (self->labels, child);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->cells))) != NULL)
    gtk_grid_remove (self->cells, child);
}

static GtkWidget *
new_label (const char *text, const char *css_class)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, css_class);
  return label;
}

static GtkWidget *
new_cell (const char *text, const char *css_class)
{
  GtkWidget *label = new_label (text, css_class);

  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  reserve_width (label, text);
  gtk_label_set_max_width_chars (GTK_LABEL (label), MAX_CELL_CHARS);
  return label;
}

static void
add_column (LwCompareWindow *self, guint column)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 9);
  GtkWidget *swatch = lw_run_swatch_new ();
  GtkWidget *name = new_cell (self->table->columns[column].name, "heading");
  GtkSizeGroup *group = gtk_size_group_new (GTK_SIZE_GROUP_HORIZONTAL);

  g_object_set (swatch, "slot", self->table->columns[column].slot, NULL);
  gtk_widget_set_tooltip_text (name, self->table->columns[column].name);
  gtk_box_append (GTK_BOX (box), swatch);
  gtk_box_append (GTK_BOX (box), name);
  gtk_widget_add_css_class (box, "compare-head");
  gtk_box_append (self->head, box);
  gtk_size_group_add_widget (group, box);
  g_ptr_array_add (self->columns, group);
}

static GtkWidget *
add_list_row (LwCompareWindow *self, GtkWidget *label, gboolean is_section)
{
  GtkWidget *row = gtk_list_box_row_new ();

  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), label);
  gtk_list_box_row_set_selectable (GTK_LIST_BOX_ROW (row), !is_section);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_widget_set_focusable (row, !is_section);
  gtk_list_box_append (self->labels, row);
  return row;
}

/* Section heads take a line of the cells as well, so that the two sides stay level. */
static void
build (LwCompareWindow *self)
{
  int line = 0;

  clear (self);
  for (guint column = 0; column < self->table->n_columns; column++)
    add_column (self, column);
  for (guint i = 0; i < self->table->rows->len; i++)
    {
      const LwCompareRow *row = nth_row (self->table, i);
      GtkWidget *list_row;

      if (i == 0 || nth_row (self->table, i - 1)->section != row->section)
        {
          GtkWidget *section = new_label (lw_compare_section_name (row->section), "compare-section");

          gtk_accessible_update_property (GTK_ACCESSIBLE (add_list_row (self, section, TRUE)),
                                          GTK_ACCESSIBLE_PROPERTY_LABEL, lw_compare_section_name (row->section), -1);
          gtk_grid_attach (self->cells, new_label ("", "compare-section"), 0, line++, 1, 1);
        }
      list_row = add_list_row (self, new_label (row->label, "compare-label"), FALSE);
      for (guint column = 0; column < self->table->n_columns; column++)
        {
          GtkWidget *label = new_cell ("", "compare-cell");

          gtk_widget_add_css_class (label, "numeric");
          g_object_set_data (G_OBJECT (label), "lw-row", list_row);
          update_cell (GTK_LABEL (label), row, column);
          gtk_grid_attach (self->cells, label, (int) column, line, 1, 1);
          gtk_size_group_add_widget (g_ptr_array_index (self->columns, column), label);
          g_ptr_array_add (self->shown, label);
        }
      update_row_name (self, i);
      if (i == 0)
        {
          gtk_list_box_select_row (self->labels, GTK_LIST_BOX_ROW (list_row));
          gtk_window_set_focus (GTK_WINDOW (self), list_row);
        }
      line++;
    }
}

static gboolean
has_same_shape (LwCompareTable *a, LwCompareTable *b)
{
  if (a->n_columns != b->n_columns || a->rows->len != b->rows->len)
    return FALSE;
  for (guint i = 0; i < a->n_columns; i++)
    if (a->columns[i].slot != b->columns[i].slot || g_strcmp0 (a->columns[i].name, b->columns[i].name) != 0)
      return FALSE;
  for (guint i = 0; i < a->rows->len; i++)
    if (nth_row (a, i)->section != nth_row (b, i)->section
        || !g_str_equal (nth_row (a, i)->label, nth_row (b, i)->label))
      return FALSE;
  return TRUE;
}

static void
update_title (LwCompareWindow *self)
{
  guint n_settings = lw_compare_table_n_settings (self->table);
  g_autofree char *runs = g_strdup_printf (ngettext ("%u run", "%u runs", self->table->n_columns),
                                           self->table->n_columns);
  g_autofree char *settings
      = n_settings > 0 ? g_strdup_printf (ngettext ("%u difference", "%u differences", n_settings), n_settings)
                       : g_strdup (_("the same settings"));
  g_autofree char *subtitle = g_strdup_printf ("%s · %s", runs, settings);

  adw_window_title_set_subtitle (self->title, subtitle);
}

void
lw_compare_window_set_table (LwCompareWindow *self, LwCompareTable *table)
{
  g_autoptr (LwCompareTable) before = NULL;

  g_return_if_fail (LW_IS_COMPARE_WINDOW (self));
  g_return_if_fail (table != NULL && table->n_columns > 0);

  before = self->table;
  self->table = lw_compare_table_ref (table);
  update_title (self);
  if (before == NULL || !has_same_shape (before, table))
    {
      build (self);
      return;
    }
  for (guint i = 0; i < table->rows->len; i++)
    {
      for (guint column = 0; column < table->n_columns; column++)
        update_cell (g_ptr_array_index (self->shown, i * table->n_columns + column), nth_row (table, i), column);
      update_row_name (self, i);
    }
}

static void
copy (GtkWidget *widget, const char *action, GVariant *parameter)
{
  LwCompareWindow *self = LW_COMPARE_WINDOW (widget);
  g_autofree char *text = self->table != NULL ? lw_compare_table_to_tsv (self->table) : NULL;

  if (text == NULL)
    return;
  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), text);
  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (_("Table copied")));
}

/* With thirteen runs the arrows show the columns that are out of sight. */
static gboolean
on_scroll_key (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  GtkAdjustment *adjustment = gtk_scrolled_window_get_hadjustment (LW_COMPARE_WINDOW (widget)->cell_scroll);
  double step = g_variant_get_int32 (args) * gtk_adjustment_get_step_increment (adjustment);

  gtk_adjustment_set_value (adjustment, gtk_adjustment_get_value (adjustment) + step);
  return TRUE;
}

static void
lw_compare_window_dispose (GObject *object)
{
  LwCompareWindow *self = LW_COMPARE_WINDOW (object);

  g_clear_pointer (&self->table, lw_compare_table_unref);
  G_OBJECT_CLASS (lw_compare_window_parent_class)->dispose (object);
}

static void
lw_compare_window_finalize (GObject *object)
{
  LwCompareWindow *self = LW_COMPARE_WINDOW (object);

  g_ptr_array_unref (self->columns);
  g_ptr_array_unref (self->shown);
  G_OBJECT_CLASS (lw_compare_window_parent_class)->finalize (object);
}

static void
lw_compare_window_class_init (LwCompareWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = lw_compare_window_dispose;
  object_class->finalize = lw_compare_window_finalize;
  lw_ui_resources_ensure ();
  gtk_widget_class_set_template_from_resource (widget_class, LW_UI_RESOURCE_PREFIX "/train/compare-window.ui");
  gtk_widget_class_bind_template_child (widget_class, LwCompareWindow, title);
  gtk_widget_class_bind_template_child (widget_class, LwCompareWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, LwCompareWindow, head_scroll);
  gtk_widget_class_bind_template_child (widget_class, LwCompareWindow, head);
  gtk_widget_class_bind_template_child (widget_class, LwCompareWindow, label_scroll);
  gtk_widget_class_bind_template_child (widget_class, LwCompareWindow, labels);
  gtk_widget_class_bind_template_child (widget_class, LwCompareWindow, cell_scroll);
  gtk_widget_class_bind_template_child (widget_class, LwCompareWindow, cells);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_DIALOG);
  gtk_widget_class_install_action (widget_class, "compare.copy", NULL, copy);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_c, GDK_CONTROL_MASK, "compare.copy", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Left, 0, on_scroll_key, "i", -1);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Right, 0, on_scroll_key, "i", 1);
}

static void
lw_compare_window_init (LwCompareWindow *self)
{
  self->columns = g_ptr_array_new_with_free_func (g_object_unref);
  self->shown = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  /* Heads and labels go where the cells go. */
  gtk_scrolled_window_set_hadjustment (self->head_scroll, gtk_scrolled_window_get_hadjustment (self->cell_scroll));
  gtk_scrolled_window_set_vadjustment (self->label_scroll, gtk_scrolled_window_get_vadjustment (self->cell_scroll));
}

GtkWidget *
lw_compare_window_new (GtkWindow *parent)
{
  return g_object_new (LW_TYPE_COMPARE_WINDOW, "transient-for", parent, "destroy-with-parent", TRUE, NULL);
}
