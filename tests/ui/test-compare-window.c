#include <adwaita.h>
#include <string.h>

#include "tests/wait.h"
#include "ui/train/compare-window.h"

/* Until @condition or five seconds. */
/* So many runs that differ in a number of rows, and one result of which the first run has the best. */
static LwCompareTable *
table_new (guint n_columns, guint n_rows, double result)
{
  LwCompareTable *table = lw_compare_table_new (n_columns);
  LwCompareRow *row;

  for (guint i = 0; i < n_columns; i++)
    {
      g_autofree char *name = g_strdup_printf ("Run %u", i + 1);

      lw_compare_table_set_column (table, i, name, i);
    }
  for (guint i = 0; i < n_rows; i++)
    {
      row = lw_compare_table_add_row (table, i < n_rows / 2 ? LW_COMPARE_MODEL : LW_COMPARE_TRAINING,
                                      g_strdup_printf ("setting %u", i));
      for (guint column = 0; column < n_columns; column++)
        row->cells[column] = column == 1 ? NULL : g_strdup_printf ("%u", i + column);
    }
  row = lw_compare_table_add_row (table, LW_COMPARE_RESULTS, g_strdup ("train loss"));
  for (guint column = 0; column < n_columns; column++)
    row->cells[column] = g_strdup_printf ("%.2f", result + column);
  row->best[0] = TRUE;
  return table;
}

static LwCompareWindow *
window_new (LwCompareTable *table)
{
  LwCompareWindow *window = LW_COMPARE_WINDOW (lw_compare_window_new (NULL));

  lw_compare_window_set_table (window, table);
  gtk_window_present (GTK_WINDOW (window));
  gtk_test_widget_wait_for_draw (GTK_WIDGET (window));
  return window;
}

static void
collect (GtkWidget *root, GType type, const char *css_class, GPtrArray *found)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE (root, type) && (css_class == NULL || gtk_widget_has_css_class (root, css_class)))
    g_ptr_array_add (found, root);
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    collect (child, type, css_class, found);
}

static GPtrArray *
find_all (gpointer root, GType type, const char *css_class)
{
  GPtrArray *found = g_ptr_array_new ();

  collect (root, type, css_class, found);
  return found;
}

static void
assert_name (gpointer widget, const char *name)
{
  g_autofree char *difference
      = gtk_test_accessible_check_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name);

  g_assert_null (difference);
}

static void
close_window (gpointer window)
{
  gpointer weak = window;

  g_object_add_weak_pointer (weak, &weak);
  gtk_window_destroy (window);
  WAIT_UNTIL (weak == NULL);
}

static float
top_of (gpointer widget, gpointer window)
{
  graphene_rect_t bounds;

  g_assert_true (gtk_widget_compute_bounds (widget, window, &bounds));
  return bounds.origin.y;
}

static void
test_content (void)
{
  g_autoptr (LwCompareTable) table = table_new (3, 4, 0.5);
  LwCompareWindow *window = window_new (table);
  g_autoptr (GPtrArray) cells = find_all (window, GTK_TYPE_LABEL, "compare-cell");
  g_autoptr (GPtrArray) labels = find_all (window, GTK_TYPE_LABEL, "compare-label");
  g_autoptr (GPtrArray) rows = find_all (window, GTK_TYPE_LIST_BOX_ROW, NULL);
  GtkLabel *best;

  g_assert_cmpuint (cells->len, ==, 3 * 5);
  g_assert_cmpuint (labels->len, ==, 5);
  g_assert_cmpuint (rows->len, ==, 5 + 3); /* with the sections */
  g_assert_cmpstr (gtk_label_get_text (g_ptr_array_index (cells, 1)), ==, "—");
  best = g_ptr_array_index (cells, 12);
  g_assert_cmpstr (gtk_label_get_text (best), ==, "★ 0.50");
  g_assert_true (gtk_widget_has_css_class (GTK_WIDGET (best), "heading"));
  g_assert_false (gtk_widget_has_css_class (g_ptr_array_index (cells, 13), "heading"));
  assert_name (g_ptr_array_index (rows, 7), "train loss: Run 1 0.50 (best), Run 2 1.50, Run 3 2.50");

  /* Both sides are level. */
  for (guint i = 0; i < labels->len; i++)
    g_assert_cmpfloat (top_of (g_ptr_array_index (labels, i), window), ==,
                       top_of (g_ptr_array_index (cells, 3 * i), window));

  /* The rows have the keys from the start. */
  g_assert_true (GTK_IS_LIST_BOX_ROW (gtk_window_get_focus (GTK_WINDOW (window))));
  close_window (window);
}

/* New figures in the same rows keep the widgets; other rows are built anew. */
static void
test_update (void)
{
  g_autoptr (LwCompareTable) table = table_new (2, 3, 0.5);
  g_autoptr (LwCompareTable) newer = table_new (2, 3, 0.25);
  g_autoptr (LwCompareTable) other = table_new (2, 2, 0.25);
  LwCompareWindow *window = window_new (table);
  g_autoptr (GPtrArray) cells = find_all (window, GTK_TYPE_LABEL, "compare-cell");
  GtkLabel *result = g_ptr_array_index (cells, 6);

  g_assert_cmpstr (gtk_label_get_text (result), ==, "★ 0.50");
  lw_compare_window_set_table (window, newer);
  g_assert_cmpstr (gtk_label_get_text (result), ==, "★ 0.25");
  {
    g_autoptr (GPtrArray) rows = find_all (window, GTK_TYPE_LIST_BOX_ROW, NULL);

    assert_name (g_ptr_array_index (rows, rows->len - 1), "train loss: Run 1 0.25 (best), Run 2 1.25");
  }
  lw_compare_window_set_table (window, other);
  {
    g_autoptr (GPtrArray) now = find_all (window, GTK_TYPE_LABEL, "compare-cell");

    g_assert_cmpuint (now->len, ==, 6);
  }
  close_window (window);
}

static void
on_text (GObject *clipboard, GAsyncResult *result, gpointer data)
{
  *(char **) data = gdk_clipboard_read_text_finish (GDK_CLIPBOARD (clipboard), result, NULL);
}

static void
test_copy (void)
{
  g_autoptr (LwCompareTable) table = table_new (2, 1, 0.5);
  LwCompareWindow *window = window_new (table);
  g_autofree char *text = NULL;

  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (window), "compare.copy", NULL));
  gdk_clipboard_read_text_async (gtk_widget_get_clipboard (GTK_WIDGET (window)), NULL, on_text, &text);
  WAIT_UNTIL (text != NULL);
  g_assert_cmpstr (text, ==, "\tRun 1\tRun 2\nsetting 0\t0\t\ntrain loss\t0.50\t1.50\n");
  close_window (window);
}

/* Thirteen runs go past the edge; names of things and heads stay with the cells. */
static void
test_thirteen (void)
{
  g_autoptr (LwCompareTable) table = table_new (13, 30, 0.5);
  LwCompareWindow *window = window_new (table);
  g_autoptr (GPtrArray) scrolled = find_all (window, GTK_TYPE_SCROLLED_WINDOW, NULL);
  g_autoptr (GPtrArray) heads = find_all (window, GTK_TYPE_BOX, "compare-head");
  g_autoptr (GPtrArray) labels = find_all (window, GTK_TYPE_LABEL, "compare-label");
  g_autoptr (GPtrArray) cells = find_all (window, GTK_TYPE_LABEL, "compare-cell");
  GtkScrolledWindow *body = g_ptr_array_index (scrolled, 2);
  GtkAdjustment *x = gtk_scrolled_window_get_hadjustment (body), *y = gtk_scrolled_window_get_vadjustment (body);
  graphene_rect_t head, cell;
  int minimum;

  g_assert_cmpuint (heads->len, ==, 13);
  g_assert_cmpfloat (gtk_adjustment_get_upper (x), >, gtk_adjustment_get_page_size (x));
  g_assert_cmpfloat (gtk_adjustment_get_upper (y), >, gtk_adjustment_get_page_size (y));
  gtk_adjustment_set_value (x, 10000);
  gtk_adjustment_set_value (y, 10000);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (window));
  g_assert_true (gtk_widget_compute_bounds (g_ptr_array_index (heads, 12), GTK_WIDGET (window), &head));
  g_assert_true (gtk_widget_compute_bounds (g_ptr_array_index (cells, cells->len - 1), GTK_WIDGET (window), &cell));
  g_assert_cmpfloat (head.origin.x, ==, cell.origin.x);
  g_assert_cmpfloat (top_of (g_ptr_array_index (labels, labels->len - 1), window), ==, cell.origin.y);
  g_assert_cmpfloat (cell.origin.x + cell.size.width, <=, gtk_widget_get_width (GTK_WIDGET (window)));

  /* It fits the smallest screen. */
  gtk_widget_measure (GTK_WIDGET (window), GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, 640);
  gtk_widget_measure (GTK_WIDGET (window), GTK_ORIENTATION_VERTICAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, 480);
  close_window (window);
}

/* What the application does by itself: sizes come from there. */
static void
load_style (void)
{
  g_autoptr (GtkCssProvider) provider = gtk_css_provider_new ();

  gtk_css_provider_load_from_resource (provider, "/io/github/layerwise/Layerwise/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  load_style ();

  g_test_add_func ("/compare-window/content", test_content);
  g_test_add_func ("/compare-window/update", test_update);
  g_test_add_func ("/compare-window/copy", test_copy);
  g_test_add_func ("/compare-window/thirteen", test_thirteen);
  return g_test_run ();
}
