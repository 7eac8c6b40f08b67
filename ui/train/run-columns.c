#include "ui/train/run-columns.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/charts/chart.h"
#include "ui/train/run-name.h"

GtkWidget *
lw_run_columns_get_row (GtkWidget *widget)
{
  while (widget != NULL && g_strcmp0 (gtk_widget_get_css_name (widget), "row") != 0)
    widget = gtk_widget_get_parent (widget);
  return widget;
}

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
  gtk_list_item_set_child (cell, lw_run_name_new ());
}

/* A row is a list item without a name of its own. */
static void
update_row_name (LwRunItem *item, GParamSpec *pspec, GtkWidget *name)
{
  GtkWidget *row = lw_run_columns_get_row (name);
  const char *note = lw_run_item_get_note (item);

  if (row != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                    lw_run_item_get_name (item), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                    note != NULL ? note : "", -1);
}

static void
bind_name (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  GtkWidget *name = gtk_list_item_get_child (cell);
  LwRunItem *item = gtk_list_item_get_item (cell);

  lw_run_name_set_item (LW_RUN_NAME (name), item);
  update_row_name (item, NULL, name);
  g_signal_connect_object (item, "notify::name", G_CALLBACK (update_row_name), name, 0);
  g_signal_connect_object (item, "notify::note", G_CALLBACK (update_row_name), name, 0);
}

static void
unbind_name (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  GtkWidget *name = gtk_list_item_get_child (cell);

  g_signal_handlers_disconnect_by_data (gtk_list_item_get_item (cell), name);
  lw_run_name_set_item (LW_RUN_NAME (name), NULL);
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

/* The button with the menu is there on the selected row; on the others its place is kept. */
static void
setup_tools (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 3);
  GtkWidget *eye = gtk_toggle_button_new ();
  GtkWidget *room = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  GtkWidget *more = gtk_button_new_from_icon_name ("view-more-symbolic");

  gtk_widget_set_valign (eye, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (eye, "flat");
  gtk_widget_add_css_class (eye, "run-tool");
  gtk_widget_set_valign (more, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (more, _("More (Menu key)"));
  gtk_widget_add_css_class (more, "flat");
  gtk_widget_add_css_class (more, "run-tool");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (more), "runs-list.menu");
  gtk_widget_set_size_request (room, 28, -1);
  gtk_box_append (GTK_BOX (room), more);
  gtk_box_append (GTK_BOX (box), eye);
  gtk_box_append (GTK_BOX (box), room);
  gtk_list_item_set_child (cell, box);
  g_object_bind_property (cell, "selected", more, "visible", G_BINDING_SYNC_CREATE);
}

static void
name_tools (LwRunItem *item, GParamSpec *pspec, GtkWidget *box)
{
  GtkWidget *eye = gtk_widget_get_first_child (box);
  GtkWidget *more = gtk_widget_get_first_child (gtk_widget_get_last_child (box));
  /* Translators: the name of a toggle for a screen reader; %s is a run's name. */
  g_autofree char *eye_label = g_strdup_printf (_("%s in the charts"), lw_run_item_get_name (item));
  /* Translators: the name of a menu's button for a screen reader; %s is a run's name. */
  g_autofree char *more_label = g_strdup_printf (_("More on %s"), lw_run_item_get_name (item));

  gtk_accessible_update_property (GTK_ACCESSIBLE (eye), GTK_ACCESSIBLE_PROPERTY_LABEL, eye_label, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (more), GTK_ACCESSIBLE_PROPERTY_LABEL, more_label, -1);
}

static void
bind_tools (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  GtkWidget *box = gtk_list_item_get_child (cell);
  GtkWidget *eye = gtk_widget_get_first_child (box);
  LwRunItem *item = gtk_list_item_get_item (cell);

  name_tools (item, NULL, box);
  g_signal_connect_object (item, "notify::name", G_CALLBACK (name_tools), box, 0);
  bind_cell (cell, "visible", eye, "active", G_BINDING_BIDIRECTIONAL, NULL);
  bind_cell (cell, "visible", eye, "icon-name", 0, eye_icon);
  bind_cell (cell, "visible", eye, "tooltip-text", 0, eye_tooltip);
}

static void
unbind_tools (GtkSignalListItemFactory *factory, GtkListItem *cell)
{
  g_signal_handlers_disconnect_by_data (gtk_list_item_get_item (cell), gtk_list_item_get_child (cell));
  unbind_cell (factory, cell);
}

static GtkColumnViewColumn *
add_column (GtkColumnView *view, const char *title, gpointer setup, gpointer bind, gpointer unbind)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkColumnViewColumn) column = gtk_column_view_column_new (title, factory);

  g_signal_connect (factory, "setup", G_CALLBACK (setup), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind), NULL);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind), NULL);
  gtk_column_view_append_column (view, column);
  return column;
}

GtkColumnViewColumn *
lw_run_columns_append (GtkColumnView *view)
{
  GtkColumnViewColumn *name = add_column (view, _("Runs"), setup_name, bind_name, unbind_name);
  GtkColumnViewColumn *train_loss;

  gtk_column_view_column_set_expand (name, TRUE);
  add_column (view, "", setup_state, bind_state, unbind_cell);
  train_loss = add_column (view, _("Train loss"), setup_figure, bind_train_loss, unbind_cell);
  add_column (view, _("Test loss"), setup_figure, bind_test_loss, unbind_cell);
  add_column (view, _("Test accuracy"), setup_accuracy, bind_accuracy, unbind_cell);
  add_column (view, "", setup_tools, bind_tools, unbind_tools);
  return train_loss;
}
