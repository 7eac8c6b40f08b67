#include "ui/train/runs-list.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/charts/chart.h"
#include "ui/train/run-swatch.h"

#define N_ROWS 3
#define ROW_HEIGHT 36
#define HEADER_HEIGHT 29

struct _LwRunsList {
  GtkWidget parent_instance;

  /* owned */
  GListModel *model;

  GtkWidget *scrolled;
  GtkColumnView *view;
};

G_DEFINE_FINAL_TYPE (LwRunsList, lw_runs_list, GTK_TYPE_WIDGET)

/* A cell follows its item by bindings that end when the cell is given another. */
static void
bind_cell (GtkListItem *cell, const char *property, gpointer target, const char *target_property,
           GBindingFlags flags, GBindingTransformFunc transform)
{
  GPtrArray *bindings = g_object_get_data (G_OBJECT (cell), "lw-bindings");
  GBinding *binding;

  if (bindings == NULL)
    {
      bindings = g_ptr_array_new_with_free_func (g_object_unref);
      g_object_set_data_full (G_OBJECT (cell), "lw-bindings", bindings,
                              (GDestroyNotify) g_ptr_array_unref);
    }
  binding = g_object_bind_property_full (gtk_list_item_get_item (cell), property, target,
                                         target_property, flags | G_BINDING_SYNC_CREATE, transform,
                                         NULL, NULL, NULL);
  g_ptr_array_add (bindings, g_object_ref (binding));
}

static void
unbind_cell (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  GPtrArray *bindings = g_object_get_data (G_OBJECT (cell), "lw-bindings");

  for (guint i = 0; bindings != NULL && i < bindings->len; i++)
    g_binding_unbind (g_ptr_array_index (bindings, i));
  g_object_set_data (G_OBJECT (cell), "lw-bindings", NULL);
}

static GtkWidget *
new_label (float xalign, const char *css_class)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), xalign);
  if (css_class != NULL)
    gtk_widget_add_css_class (label, css_class);
  return label;
}

static void
setup_name (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *note = new_label (0, "dim-label");

  gtk_label_set_ellipsize (GTK_LABEL (note), PANGO_ELLIPSIZE_END);
  gtk_box_append (GTK_BOX (box), lw_run_swatch_new ());
  gtk_box_append (GTK_BOX (box), new_label (0, "heading"));
  gtk_box_append (GTK_BOX (box), note);
  gtk_list_item_set_child (cell, box);
}

static void
bind_name (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  GtkWidget *swatch = gtk_widget_get_first_child (gtk_list_item_get_child (cell));
  GtkWidget *name = gtk_widget_get_next_sibling (swatch);
  GtkWidget *note = gtk_widget_get_next_sibling (name);
  GtkWidget *column = gtk_widget_get_parent (gtk_list_item_get_child (cell));
  GtkWidget *row = column != NULL ? gtk_widget_get_parent (column) : NULL;
  LwRunItem *item = gtk_list_item_get_item (cell);

  /* A row is a list item without a name of its own. */
  if (row != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                    lw_run_item_get_name (item),
                                    GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                    lw_run_item_get_note (item) ? lw_run_item_get_note (item) : "",
                                    -1);
  bind_cell (cell, "slot", swatch, "slot", 0, NULL);
  bind_cell (cell, "name", name, "label", 0, NULL);
  bind_cell (cell, "note", note, "label", 0, NULL);
  bind_cell (cell, "note", note, "tooltip-text", 0, NULL);
}

static void
setup_state (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  GtkWidget *label = new_label (1, "dim-label");

  gtk_widget_add_css_class (label, "numeric");
  gtk_list_item_set_child (cell, label);
}

static void
bind_state (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  bind_cell (cell, "state", gtk_list_item_get_child (cell), "label", 0, NULL);
}

static void
setup_figure (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  gtk_list_item_set_child (cell, new_label (1, "numeric"));
}

static void
setup_accuracy (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  GtkWidget *label = new_label (1, "numeric");

  gtk_widget_add_css_class (label, "heading");
  gtk_list_item_set_child (cell, label);
}

static void
set_figure (GValue *to, LwChartMetric metric, double value)
{
  if (isnan (value))
    g_value_set_static_string (to, "—");
  else
    g_value_take_string (to, lw_chart_format_value (metric, value, 3));
}

static gboolean
loss_text (GBinding *binding, const GValue *from, GValue *to, gpointer user_data)
{
  set_figure (to, LW_CHART_LOSS, g_value_get_double (from));
  return TRUE;
}

static gboolean
accuracy_text (GBinding *binding, const GValue *from, GValue *to, gpointer user_data)
{
  set_figure (to, LW_CHART_ACCURACY, g_value_get_double (from));
  return TRUE;
}

static void
bind_train_loss (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  bind_cell (cell, "train-loss", gtk_list_item_get_child (cell), "label", 0, loss_text);
}

static void
bind_test_loss (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  bind_cell (cell, "test-loss", gtk_list_item_get_child (cell), "label", 0, loss_text);
}

static void
bind_accuracy (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  bind_cell (cell, "test-accuracy", gtk_list_item_get_child (cell), "label", 0, accuracy_text);
}

static gboolean
eye_icon (GBinding *binding, const GValue *from, GValue *to, gpointer user_data)
{
  g_value_set_static_string (to, g_value_get_boolean (from) ? "view-reveal-symbolic"
                                                            : "view-conceal-symbolic");
  return TRUE;
}

static gboolean
eye_tooltip (GBinding *binding, const GValue *from, GValue *to, gpointer user_data)
{
  g_value_set_string (to, g_value_get_boolean (from) ? _("Hide in the charts")
                                                     : _("Show in the charts"));
  return TRUE;
}

static void
setup_eye (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  GtkWidget *eye = gtk_toggle_button_new ();

  gtk_widget_set_valign (eye, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (eye, "flat");
  gtk_widget_add_css_class (eye, "run-eye");
  gtk_list_item_set_child (cell, eye);
}

static void
bind_eye (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  GtkWidget *eye = gtk_list_item_get_child (cell);
  /* Translators: the name of a toggle for a screen reader; %s is a run's name. */
  g_autofree char *label = g_strdup_printf (_("%s in the charts"),
                                            lw_run_item_get_name (gtk_list_item_get_item (cell)));

  gtk_accessible_update_property (GTK_ACCESSIBLE (eye), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  bind_cell (cell, "visible", eye, "active", G_BINDING_BIDIRECTIONAL, NULL);
  bind_cell (cell, "visible", eye, "icon-name", 0, eye_icon);
  bind_cell (cell, "visible", eye, "tooltip-text", 0, eye_tooltip);
}

static void
add_column (LwRunsList *self, const char *title, gpointer setup, gpointer bind, gboolean expand)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkColumnViewColumn) column = gtk_column_view_column_new (title, factory);

  g_signal_connect (factory, "setup", G_CALLBACK (setup), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind), NULL);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cell), NULL);
  gtk_column_view_column_set_expand (column, expand);
  gtk_column_view_append_column (self->view, column);
}

static void
update_visible (LwRunsList *self)
{
  guint n = self->model != NULL ? g_list_model_get_n_items (self->model) : 0;

  gtk_widget_set_visible (self->scrolled, n > 0);
}

void
lw_runs_list_set_model (LwRunsList *self, GListModel *model)
{
  g_return_if_fail (LW_IS_RUNS_LIST (self));
  g_return_if_fail (model == NULL || G_IS_LIST_MODEL (model));

  if (self->model == model)
    return;
  if (self->model != NULL)
    g_signal_handlers_disconnect_by_data (self->model, self);
  g_set_object (&self->model, model);
  if (model != NULL)
    {
      g_autoptr (GtkNoSelection) selection = gtk_no_selection_new (g_object_ref (model));

      g_signal_connect_swapped (model, "items-changed", G_CALLBACK (update_visible), self);
      gtk_column_view_set_model (self->view, GTK_SELECTION_MODEL (selection));
    }
  else
    {
      gtk_column_view_set_model (self->view, NULL);
    }
  update_visible (self);
}

GListModel *
lw_runs_list_get_model (LwRunsList *self)
{
  g_return_val_if_fail (LW_IS_RUNS_LIST (self), NULL);

  return self->model;
}

static void
lw_runs_list_dispose (GObject *object)
{
  LwRunsList *self = LW_RUNS_LIST (object);

  if (self->model != NULL)
    g_signal_handlers_disconnect_by_data (self->model, self);
  g_clear_object (&self->model);
  g_clear_pointer (&self->scrolled, gtk_widget_unparent);

  G_OBJECT_CLASS (lw_runs_list_parent_class)->dispose (object);
}

static void
lw_runs_list_class_init (LwRunsListClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lw_runs_list_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "runslist");
}

static void
lw_runs_list_init (LwRunsList *self)
{
  GtkScrolledWindow *scrolled = GTK_SCROLLED_WINDOW (gtk_scrolled_window_new ());
  GtkWidget *view = gtk_column_view_new (NULL);

  self->scrolled = GTK_WIDGET (scrolled);
  self->view = GTK_COLUMN_VIEW (view);
  gtk_accessible_update_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Runs"),
                                  -1);
  add_column (self, _("Runs"), setup_name, bind_name, TRUE);
  add_column (self, "", setup_state, bind_state, FALSE);
  add_column (self, _("Train loss"), setup_figure, bind_train_loss, FALSE);
  add_column (self, _("Test loss"), setup_figure, bind_test_loss, FALSE);
  add_column (self, _("Test accuracy"), setup_accuracy, bind_accuracy, FALSE);
  add_column (self, "", setup_eye, bind_eye, FALSE);

  gtk_scrolled_window_set_policy (scrolled, GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (scrolled, TRUE);
  gtk_scrolled_window_set_max_content_height (scrolled, HEADER_HEIGHT + N_ROWS * ROW_HEIGHT);
  gtk_scrolled_window_set_child (scrolled, view);
  gtk_widget_set_parent (self->scrolled, GTK_WIDGET (self));
  update_visible (self);
}

GtkWidget *
lw_runs_list_new (void)
{
  return g_object_new (LW_TYPE_RUNS_LIST, NULL);
}
