#include "ui/train/runs-list.h"

#include <glib/gi18n-lib.h>

#include "ui/train/run-columns.h"
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
  GtkWidget *row = name != NULL ? lw_run_columns_get_row (GTK_WIDGET (name)) : NULL;
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
  gtk_widget_grab_focus (lw_run_columns_get_row (GTK_WIDGET (name)));
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
  g_autoptr (GMenuItem) take_up = g_menu_item_new (_("_Go On With This"), NULL);

  append_action (words, _("_Rename"), "runs-list.rename", "F2");
  append_action (words, _("_Note…"), "runs-list.note", NULL);
  append_action (words, _("_Colour and Dash…"), "runs-list.slot", NULL);
  append_action (shown, lw_run_item_get_visible (item) ? _("_Hide in the Charts") : _("_Show in the Charts"),
                 "runs-list.toggle", NULL);
  append_action (shown, _("Show _Only This"), "runs-list.only", NULL);
  g_menu_item_set_action_and_target (take_up, "runs.take-up", "u", lw_run_item_get_id (item));
  g_menu_append_item (others, take_up);
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
  GtkWidget *row = picked != NULL ? lw_run_columns_get_row (picked) : NULL;
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
  GtkWidget *popover = gtk_widget_get_ancestor (widget, GTK_TYPE_POPOVER);

  gtk_widget_activate_action (widget, "runs.compare", NULL);
  if (popover != NULL)
    gtk_popover_popdown (GTK_POPOVER (popover));
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
  self->train_loss = lw_run_columns_append (self->view);

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
