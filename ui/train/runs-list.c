#include "ui/train/runs-list.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/charts/chart.h"
#include "ui/train/run-name.h"
#include "ui/train/run-note-popover.h"
#include "ui/train/run-slot-popover.h"

#define ROW_HEIGHT 36
#define HEADER_HEIGHT 29
#define TOOL_END 26 /* from the middle of the button with the menu to the row's end */

struct _LwRunsList {
  GtkWidget parent_instance;

  /* owned */
  GListModel *model;
  GPtrArray *watched; /* the items of the model */
  GtkSingleSelection *selection;

  guint selected;    /* id of the run, 0 for none */
  gboolean selecting; /* by program: nobody is asked */
  gboolean narrow;
  guint n_rows;

  GtkWidget *overlay;
  GtkScrolledWindow *scrolled;
  GtkColumnView *view;
  GtkColumnViewColumn *train_loss; /* borrowed from the view */
  GtkWidget *compare;

  /* on demand */
  GtkWidget *menu;
  GtkWidget *note;
  GtkWidget *slot;
};

enum {
  PROP_0,
  PROP_NARROW,
  PROP_N_ROWS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LwRunsList, lw_runs_list, GTK_TYPE_WIDGET)

/* The row that a widget stands in, or NULL. */
static GtkWidget *
row_of (GtkWidget *widget)
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
  GtkWidget *row = row_of (name);
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
add_column (LwRunsList *self, const char *title, gpointer setup, gpointer bind, gpointer unbind)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkColumnViewColumn) column = gtk_column_view_column_new (title, factory);

  g_signal_connect (factory, "setup", G_CALLBACK (setup), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind), NULL);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind), NULL);
  gtk_column_view_append_column (self->view, column);
  return column;
}

/* -- the selected run -- */

static LwRunItem *
selected_item (LwRunsList *self)
{
  return self->selection != NULL ? gtk_single_selection_get_selected_item (self->selection) : NULL;
}

/* What the model holds of the run that is to be selected. */
static void
restore_selection (LwRunsList *self)
{
  guint n = self->model != NULL ? g_list_model_get_n_items (self->model) : 0;
  guint position = GTK_INVALID_LIST_POSITION;

  for (guint i = 0; i < n && position == GTK_INVALID_LIST_POSITION; i++)
    {
      g_autoptr (LwRunItem) item = g_list_model_get_item (self->model, i);

      if (lw_run_item_get_id (item) == self->selected)
        position = i;
    }
  if (self->selection == NULL)
    return;
  self->selecting = TRUE;
  gtk_single_selection_set_selected (self->selection, position);
  self->selecting = FALSE;
}

static void
on_selected (LwRunsList *self)
{
  LwRunItem *item = selected_item (self);

  /* A run that goes takes the selection along: that is not a wish. */
  if (self->selecting || item == NULL || lw_run_item_get_id (item) == self->selected)
    return;
  self->selected = lw_run_item_get_id (item);
  gtk_widget_activate_action (GTK_WIDGET (self), "runs.select", "u", self->selected);
}

void
lw_runs_list_set_selected (LwRunsList *self, guint id)
{
  guint position;

  g_return_if_fail (LW_IS_RUNS_LIST (self));

  if (self->selected == id)
    return;
  self->selected = id;
  restore_selection (self);
  position = self->selection != NULL ? gtk_single_selection_get_selected (self->selection)
                                     : GTK_INVALID_LIST_POSITION;
  if (position != GTK_INVALID_LIST_POSITION)
    gtk_widget_activate_action (gtk_widget_get_last_child (GTK_WIDGET (self->view)), "list.scroll-to-item", "u",
                                position);
}

guint
lw_runs_list_get_selected (LwRunsList *self)
{
  g_return_val_if_fail (LW_IS_RUNS_LIST (self), 0);

  return self->selected;
}

/* The cell with that run's name, or NULL. */
static LwRunName *
find_name (GtkWidget *root, LwRunItem *item)
{
  LwRunName *found = NULL;

  if (LW_IS_RUN_NAME (root))
    return item == NULL || lw_run_name_get_item (LW_RUN_NAME (root)) == item ? LW_RUN_NAME (root) : NULL;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_name (child, item);
  return found;
}

static LwRunName *
selected_name (LwRunsList *self)
{
  LwRunItem *item = selected_item (self);

  return item != NULL ? find_name (GTK_WIDGET (self->view), item) : NULL;
}

/* -- what can be done with it -- */

static void
act_rename (GtkWidget *widget, const char *action, GVariant *parameter)
{
  LwRunName *name = selected_name (LW_RUNS_LIST (widget));

  if (name != NULL)
    lw_run_name_edit (name);
}

static void
act_delete (GtkWidget *widget, const char *action, GVariant *parameter)
{
  LwRunItem *item = selected_item (LW_RUNS_LIST (widget));

  if (item != NULL)
    gtk_widget_activate_action (widget, "runs.delete", "u", lw_run_item_get_id (item));
}

static void
act_toggle (GtkWidget *widget, const char *action, GVariant *parameter)
{
  LwRunItem *item = selected_item (LW_RUNS_LIST (widget));

  if (item != NULL)
    lw_run_item_set_visible (item, !lw_run_item_get_visible (item));
}

static void
act_only (GtkWidget *widget, const char *action, GVariant *parameter)
{
  LwRunsList *self = LW_RUNS_LIST (widget);
  LwRunItem *selected = selected_item (self);

  for (guint i = 0; selected != NULL && i < self->watched->len; i++)
    {
      LwRunItem *item = g_ptr_array_index (self->watched, i);

      lw_run_item_set_visible (item, item == selected);
    }
}

/* Below the selected row, or its button; FALSE without one. */
static gboolean
point_to_selected (LwRunsList *self, GtkWidget *popover, gboolean at_end)
{
  LwRunName *name = selected_name (self);
  GtkWidget *row = name != NULL ? row_of (GTK_WIDGET (name)) : NULL;
  graphene_rect_t bounds;
  GdkRectangle place;

  if (row == NULL || !gtk_widget_compute_bounds (at_end ? row : GTK_WIDGET (name), GTK_WIDGET (self), &bounds))
    return FALSE;
  place = (GdkRectangle) { (int) bounds.origin.x, (int) bounds.origin.y, (int) bounds.size.width,
                           (int) bounds.size.height };
  if (at_end)
    {
      place.x += place.width - TOOL_END;
      place.width = 1;
    }
  else
    place.width = MIN (place.width, 120);
  gtk_popover_set_pointing_to (GTK_POPOVER (popover), &place);
  return TRUE;
}

/* The keys go back to the row, unless what was chosen has taken them. */
static void
on_popover_closed (LwRunsList *self)
{
  LwRunName *name = selected_name (self);
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  if (name == NULL || lw_run_name_is_editing (name)
      || (focus != NULL && gtk_widget_get_ancestor (focus, GTK_TYPE_POPOVER) != NULL
          && gtk_widget_get_mapped (focus) && gtk_widget_is_ancestor (focus, GTK_WIDGET (self))))
    return;
  gtk_widget_grab_focus (row_of (GTK_WIDGET (name)));
}

static GtkWidget *
adopt_popover (LwRunsList *self, GtkWidget *popover)
{
  gtk_widget_set_parent (popover, GTK_WIDGET (self));
  g_signal_connect_object (popover, "closed", G_CALLBACK (on_popover_closed), self, G_CONNECT_SWAPPED);
  return popover;
}

static void
act_note (GtkWidget *widget, const char *action, GVariant *parameter)
{
  LwRunsList *self = LW_RUNS_LIST (widget);

  if (self->note == NULL)
    self->note = adopt_popover (self, lw_run_note_popover_new ());
  if (!point_to_selected (self, self->note, FALSE))
    return;
  lw_run_note_popover_set_item (LW_RUN_NOTE_POPOVER (self->note), selected_item (self));
  gtk_popover_popup (GTK_POPOVER (self->note));
}

static void
act_slot (GtkWidget *widget, const char *action, GVariant *parameter)
{
  LwRunsList *self = LW_RUNS_LIST (widget);

  if (self->slot == NULL)
    self->slot = adopt_popover (self, lw_run_slot_popover_new ());
  if (!point_to_selected (self, self->slot, FALSE))
    return;
  lw_run_slot_popover_set_item (LW_RUN_SLOT_POPOVER (self->slot), selected_item (self), self->model);
  gtk_popover_popup (GTK_POPOVER (self->slot));
}

static void
append_action (GMenu *menu, const char *label, const char *action, const char *accelerator)
{
  g_autoptr (GMenuItem) item = g_menu_item_new (label, action);

  if (accelerator != NULL)
    g_menu_item_set_attribute (item, "accel", "s", accelerator);
  g_menu_append_item (menu, item);
}

static GMenuModel *
build_menu (LwRunItem *item)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) words = g_menu_new ();
  g_autoptr (GMenu) shown = g_menu_new ();
  g_autoptr (GMenu) others = g_menu_new ();
  g_autoptr (GMenuItem) fork = g_menu_item_new (_("_Fork Here"), NULL);

  append_action (words, _("_Rename"), "runs-list.rename", "F2");
  append_action (words, _("_Note…"), "runs-list.note", NULL);
  append_action (words, _("_Colour and Dash…"), "runs-list.slot", NULL);
  append_action (shown, lw_run_item_get_visible (item) ? _("_Hide in the Charts") : _("_Show in the Charts"),
                 "runs-list.toggle", NULL);
  append_action (shown, _("Show _Only This"), "runs-list.only", NULL);
  g_menu_item_set_action_and_target (fork, "runs.fork", "u", lw_run_item_get_id (item));
  g_menu_append_item (others, fork);
  append_action (others, _("_Delete"), "runs-list.delete", "Delete");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (words));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (shown));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (others));
  return G_MENU_MODEL (menu);
}

static void
prepare_menu (LwRunsList *self)
{
  g_autoptr (GMenuModel) model = build_menu (selected_item (self));

  if (self->menu == NULL)
    {
      self->menu = adopt_popover (self, gtk_popover_menu_new_from_model (NULL));
      gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
      gtk_accessible_update_property (GTK_ACCESSIBLE (self->menu), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Run"), -1);
    }
  gtk_popover_menu_set_menu_model (GTK_POPOVER_MENU (self->menu), model);
}

static void
act_menu (GtkWidget *widget, const char *action, GVariant *parameter)
{
  LwRunsList *self = LW_RUNS_LIST (widget);

  if (selected_item (self) == NULL)
    return;
  prepare_menu (self);
  gtk_widget_set_halign (self->menu, GTK_ALIGN_END);
  if (point_to_selected (self, self->menu, TRUE))
    gtk_popover_popup (GTK_POPOVER (self->menu));
}

/* The right button selects the row and opens its menu: when it is let go, for a popover that comes under a
 * button which is still down gets a release that GTK cannot account for. */
static void
on_right_released (LwRunsList *self, int n_press, double x, double y, GtkGesture *gesture)
{
  GtkWidget *picked = gtk_widget_pick (GTK_WIDGET (self), x, y, GTK_PICK_DEFAULT);
  GtkWidget *row = picked != NULL ? row_of (picked) : NULL;
  LwRunName *name = row != NULL ? find_name (row, NULL) : NULL;

  if (name == NULL || lw_run_name_is_editing (name))
    return;
  for (guint i = 0; i < self->watched->len; i++)
    if (g_ptr_array_index (self->watched, i) == lw_run_name_get_item (name))
      gtk_single_selection_set_selected (self->selection, i);
  gtk_widget_grab_focus (row);
  prepare_menu (self);
  gtk_widget_set_halign (self->menu, GTK_ALIGN_START);
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), &(GdkRectangle) { (int) x, (int) y, 1, 1 });
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

/* A row would take Space for selecting, which it has done when it got the focus. */
static gboolean
on_key (LwRunsList *self, guint key, guint code, GdkModifierType state)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  if ((key != GDK_KEY_space && key != GDK_KEY_KP_Space) || (state & gtk_accelerator_get_default_mod_mask ()) != 0
      || focus == NULL || g_strcmp0 (gtk_widget_get_css_name (focus), "row") != 0)
    return GDK_EVENT_PROPAGATE;
  gtk_widget_activate_action (GTK_WIDGET (self), "win.train", NULL);
  return GDK_EVENT_STOP;
}

/* -- the list -- */

static void
update_compare (LwRunsList *self)
{
  guint n = 0;

  for (guint i = 0; i < self->watched->len; i++)
    n += (guint) lw_run_item_get_visible (g_ptr_array_index (self->watched, i));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "runs-list.compare", n >= 2);
  gtk_widget_set_tooltip_text (self->compare, n >= 2 ? _("What differs between the visible runs")
                                                     : _("Two visible runs can be compared"));
}

static void
act_compare (GtkWidget *widget, const char *action, GVariant *parameter)
{
  gtk_widget_activate_action (widget, "runs.compare", NULL);
}

static void
unwatch (LwRunsList *self)
{
  for (guint i = 0; i < self->watched->len; i++)
    g_signal_handlers_disconnect_by_func (g_ptr_array_index (self->watched, i), update_compare, self);
  g_ptr_array_set_size (self->watched, 0);
}

static void
on_items_changed (LwRunsList *self)
{
  guint n = self->model != NULL ? g_list_model_get_n_items (self->model) : 0;

  unwatch (self);
  for (guint i = 0; i < n; i++)
    {
      LwRunItem *item = g_list_model_get_item (self->model, i);

      g_ptr_array_add (self->watched, item);
      g_signal_connect_swapped (item, "notify::visible", G_CALLBACK (update_compare), self);
    }
  update_compare (self);
  restore_selection (self);
  gtk_widget_set_visible (self->overlay, n > 0);
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
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  g_clear_object (&self->selection);
  g_set_object (&self->model, model);
  if (model != NULL)
    {
      self->selection = gtk_single_selection_new (NULL);
      gtk_single_selection_set_autoselect (self->selection, FALSE);
      gtk_single_selection_set_model (self->selection, model);
      g_signal_connect_swapped (self->selection, "notify::selected-item", G_CALLBACK (on_selected), self);
      /* After the selection, which keeps its place by itself where it can. */
      g_signal_connect_swapped (model, "items-changed", G_CALLBACK (on_items_changed), self);
    }
  gtk_column_view_set_model (self->view, GTK_SELECTION_MODEL (self->selection));
  on_items_changed (self);
}

GListModel *
lw_runs_list_get_model (LwRunsList *self)
{
  g_return_val_if_fail (LW_IS_RUNS_LIST (self), NULL);

  return self->model;
}

gboolean
lw_runs_list_get_narrow (LwRunsList *self)
{
  g_return_val_if_fail (LW_IS_RUNS_LIST (self), FALSE);

  return self->narrow;
}

void
lw_runs_list_set_narrow (LwRunsList *self, gboolean narrow)
{
  g_return_if_fail (LW_IS_RUNS_LIST (self));

  narrow = !!narrow;
  if (self->narrow == narrow)
    return;
  self->narrow = narrow;
  gtk_column_view_column_set_visible (self->train_loss, !narrow);
  if (narrow)
    gtk_widget_add_css_class (GTK_WIDGET (self), "narrow");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "narrow");
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NARROW]);
}

guint
lw_runs_list_get_n_rows (LwRunsList *self)
{
  g_return_val_if_fail (LW_IS_RUNS_LIST (self), 0);

  return self->n_rows;
}

void
lw_runs_list_set_n_rows (LwRunsList *self, guint n_rows)
{
  g_return_if_fail (LW_IS_RUNS_LIST (self));
  g_return_if_fail (n_rows > 0);

  if (self->n_rows == n_rows)
    return;
  self->n_rows = n_rows;
  gtk_scrolled_window_set_max_content_height (self->scrolled, HEADER_HEIGHT + (int) n_rows * ROW_HEIGHT);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_ROWS]);
}

/* "Compare" stands in the head, behind its first title. */
static gboolean
on_get_child_position (LwRunsList *self, GtkWidget *child, GdkRectangle *place)
{
  GtkWidget *header = gtk_widget_get_first_child (GTK_WIDGET (self->view));
  GtkWidget *title = header != NULL ? gtk_widget_get_first_child (header) : NULL;
  GtkWidget *label = title;
  graphene_rect_t label_bounds, header_bounds;
  int width, height;

  while (label != NULL && !GTK_IS_LABEL (label))
    label = gtk_widget_get_first_child (label);
  if (label == NULL || !gtk_widget_compute_bounds (label, self->overlay, &label_bounds)
      || !gtk_widget_compute_bounds (header, self->overlay, &header_bounds))
    return FALSE;
  gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &width, NULL, NULL);
  gtk_widget_measure (child, GTK_ORIENTATION_VERTICAL, -1, NULL, &height, NULL, NULL);
  *place = (GdkRectangle) { (int) (label_bounds.origin.x + label_bounds.size.width) + 12,
                            (int) (header_bounds.origin.y + (header_bounds.size.height - (float) height) / 2),
                            width, height };
  return TRUE;
}

static void
lw_runs_list_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  LwRunsList *self = LW_RUNS_LIST (object);

  switch (id)
    {
    case PROP_NARROW:
      g_value_set_boolean (value, self->narrow);
      break;
    case PROP_N_ROWS:
      g_value_set_uint (value, self->n_rows);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_runs_list_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  LwRunsList *self = LW_RUNS_LIST (object);

  switch (id)
    {
    case PROP_NARROW:
      lw_runs_list_set_narrow (self, g_value_get_boolean (value));
      break;
    case PROP_N_ROWS:
      lw_runs_list_set_n_rows (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

/* A popover has to be placed anew whenever its parent is. */
static void
lw_runs_list_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  LwRunsList *self = LW_RUNS_LIST (widget);
  GtkWidget *popovers[] = { self->menu, self->note, self->slot };

  gtk_widget_allocate (self->overlay, width, height, baseline, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (popovers); i++)
    if (popovers[i] != NULL)
      gtk_popover_present (GTK_POPOVER (popovers[i]));
}

static void
lw_runs_list_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                      int *minimum_baseline, int *natural_baseline)
{
  gtk_widget_measure (LW_RUNS_LIST (widget)->overlay, orientation, for_size, minimum, natural, NULL, NULL);
  *minimum_baseline = *natural_baseline = -1;
}

static void
lw_runs_list_dispose (GObject *object)
{
  LwRunsList *self = LW_RUNS_LIST (object);

  if (self->model != NULL)
    g_signal_handlers_disconnect_by_data (self->model, self);
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  unwatch (self);
  g_clear_object (&self->selection);
  g_clear_object (&self->model);
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  g_clear_pointer (&self->note, gtk_widget_unparent);
  g_clear_pointer (&self->slot, gtk_widget_unparent);
  g_clear_pointer (&self->overlay, gtk_widget_unparent);

  G_OBJECT_CLASS (lw_runs_list_parent_class)->dispose (object);
}

static void
lw_runs_list_finalize (GObject *object)
{
  g_ptr_array_unref (LW_RUNS_LIST (object)->watched);
  G_OBJECT_CLASS (lw_runs_list_parent_class)->finalize (object);
}

static void
lw_runs_list_class_init (LwRunsListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = lw_runs_list_get_property;
  object_class->set_property = lw_runs_list_set_property;
  object_class->dispose = lw_runs_list_dispose;
  object_class->finalize = lw_runs_list_finalize;
  widget_class->measure = lw_runs_list_measure;
  widget_class->size_allocate = lw_runs_list_size_allocate;

  properties[PROP_NARROW] = g_param_spec_boolean ("narrow", NULL, NULL, FALSE, flags);
  properties[PROP_N_ROWS] = g_param_spec_uint ("n-rows", NULL, NULL, 1, 1000, 3, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_install_action (widget_class, "runs-list.rename", NULL, act_rename);
  gtk_widget_class_install_action (widget_class, "runs-list.note", NULL, act_note);
  gtk_widget_class_install_action (widget_class, "runs-list.slot", NULL, act_slot);
  gtk_widget_class_install_action (widget_class, "runs-list.delete", NULL, act_delete);
  gtk_widget_class_install_action (widget_class, "runs-list.toggle", NULL, act_toggle);
  gtk_widget_class_install_action (widget_class, "runs-list.only", NULL, act_only);
  gtk_widget_class_install_action (widget_class, "runs-list.menu", NULL, act_menu);
  gtk_widget_class_install_action (widget_class, "runs-list.compare", NULL, act_compare);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F2, 0, "runs-list.rename", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Delete, 0, "runs-list.delete", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_KP_Delete, 0, "runs-list.delete", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Menu, 0, "runs-list.menu", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, "runs-list.menu", NULL);
  gtk_widget_class_set_css_name (widget_class, "runslist");
}

static void
lw_runs_list_init (LwRunsList *self)
{
  GtkWidget *view = gtk_column_view_new (NULL);
  GtkGesture *click = gtk_gesture_click_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();

  self->watched = g_ptr_array_new_with_free_func (g_object_unref);
  self->n_rows = 3;
  self->overlay = gtk_overlay_new ();
  self->scrolled = GTK_SCROLLED_WINDOW (gtk_scrolled_window_new ());
  self->view = GTK_COLUMN_VIEW (view);
  gtk_accessible_update_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Runs"),
                                  -1);
  gtk_column_view_column_set_expand (add_column (self, _("Runs"), setup_name, bind_name, unbind_name), TRUE);
  add_column (self, "", setup_state, bind_state, unbind_cell);
  self->train_loss = add_column (self, _("Train loss"), setup_figure, bind_train_loss, unbind_cell);
  add_column (self, _("Test loss"), setup_figure, bind_test_loss, unbind_cell);
  add_column (self, _("Test accuracy"), setup_accuracy, bind_accuracy, unbind_cell);
  add_column (self, "", setup_tools, bind_tools, unbind_tools);

  gtk_scrolled_window_set_policy (self->scrolled, GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (self->scrolled, TRUE);
  gtk_scrolled_window_set_max_content_height (self->scrolled, HEADER_HEIGHT + (int) self->n_rows * ROW_HEIGHT);
  gtk_scrolled_window_set_child (self->scrolled, view);

  self->compare = gtk_button_new_with_mnemonic (_("_Compare"));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->compare), "runs-list.compare");
  gtk_widget_add_css_class (self->compare, "runs-compare");
  gtk_widget_add_css_class (self->compare, "flat");
  gtk_overlay_set_child (GTK_OVERLAY (self->overlay), GTK_WIDGET (self->scrolled));
  gtk_overlay_add_overlay (GTK_OVERLAY (self->overlay), self->compare);
  g_signal_connect_object (self->overlay, "get-child-position", G_CALLBACK (on_get_child_position), self,
                           G_CONNECT_SWAPPED);
  gtk_widget_set_parent (self->overlay, GTK_WIDGET (self));

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  gtk_event_controller_set_propagation_phase (GTK_EVENT_CONTROLLER (click), GTK_PHASE_CAPTURE);
  g_signal_connect_swapped (click, "released", G_CALLBACK (on_right_released), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect_swapped (keys, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
  on_items_changed (self);
}

GtkWidget *
lw_runs_list_new (void)
{
  return g_object_new (LW_TYPE_RUNS_LIST, NULL);
}
