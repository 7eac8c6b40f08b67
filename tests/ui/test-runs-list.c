#include <adwaita.h>

#include "tests/wait.h"
#include "ui/charts/chart-style.h"
#include "ui/train/run-name.h"
#include "ui/train/run-note-popover.h"
#include "ui/train/run-slot-popover.h"
#include "ui/train/runs-list.h"

/* Until @condition or five seconds. */
/* The list in a window whose actions write down what they were asked for. */
typedef struct {
  GtkWindow *window;
  LwRunsList *list;
  GListStore *runs;
  GString *asked; /* "select 3;" */
} Fixture;

static const char *const actions[][2] = {
  { "select", "u" }, { "rename", "(us)" }, { "set-note", "(us)" }, { "set-slot", "(uu)" },
  { "delete", "u" }, { "fork", "u" }, { "take-up", "u" },
};

static void
on_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  g_autofree char *text = parameter != NULL ? g_variant_print (parameter, FALSE) : g_strdup ("");

  g_string_append_printf (((Fixture *) data)->asked, "%s %s;", g_action_get_name (G_ACTION (action)), text);
}

static void
add_action (Fixture *f, GSimpleActionGroup *group, const char *name, const char *type)
{
  g_autoptr (GVariantType) parameter = type != NULL ? g_variant_type_new (type) : NULL;
  g_autoptr (GSimpleAction) action = g_simple_action_new (name, parameter);

  g_signal_connect (action, "activate", G_CALLBACK (on_action), f);
  g_action_map_add_action (G_ACTION_MAP (group), G_ACTION (action));
}

static void
assert_asked (Fixture *f, const char *wanted)
{
  g_assert_cmpstr (f->asked->str, ==, wanted);
  g_string_truncate (f->asked, 0);
}

static LwRunItem *
add_run (Fixture *f, guint id)
{
  g_autofree char *name = g_strdup_printf ("Run %u", id);
  g_autoptr (LwRunItem) item = lw_run_item_new (id, name, "mlp, Adam 0.001", id - 1);

  g_list_store_insert (f->runs, 0, item);
  return item;
}

static LwRunItem *
find_run (Fixture *f, guint id)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (f->runs)); i++)
    {
      g_autoptr (LwRunItem) item = g_list_model_get_item (G_LIST_MODEL (f->runs), i);

      if (lw_run_item_get_id (item) == id)
        return item;
    }
  g_assert_not_reached ();
}

/* Three runs, of which the newest, 3, is selected. */
static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GSimpleActionGroup) runs = g_simple_action_group_new ();
  g_autoptr (GSimpleActionGroup) win = g_simple_action_group_new ();

  f->asked = g_string_new (NULL);
  f->runs = g_list_store_new (LW_TYPE_RUN_ITEM);
  f->list = LW_RUNS_LIST (lw_runs_list_new ());
  f->window = GTK_WINDOW (gtk_window_new ());
  gtk_window_set_decorated (f->window, FALSE);
  gtk_widget_set_valign (GTK_WIDGET (f->list), GTK_ALIGN_END);
  gtk_window_set_child (f->window, GTK_WIDGET (f->list));
  gtk_window_set_default_size (f->window, 640, 400);
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    add_action (f, runs, actions[i][0], actions[i][1]);
  add_action (f, runs, "compare", NULL);
  add_action (f, win, "train", NULL);
  gtk_widget_insert_action_group (GTK_WIDGET (f->window), "runs", G_ACTION_GROUP (runs));
  gtk_widget_insert_action_group (GTK_WIDGET (f->window), "win", G_ACTION_GROUP (win));
  lw_runs_list_set_model (f->list, G_LIST_MODEL (f->runs));
  for (guint id = 1; id <= 3; id++)
    add_run (f, id);
  lw_runs_list_set_selected (f->list, 3);
  gtk_window_present (f->window);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (f->window));
  settle (60);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gpointer list = f->list;

  g_object_add_weak_pointer (list, &list);
  gtk_window_destroy (f->window);
  WAIT_UNTIL (list == NULL);
  g_assert_finalize_object (f->runs);
  g_string_free (f->asked, TRUE);
}

static void
collect (GtkWidget *root, GType type, const char *css_class, GPtrArray *found)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE (root, type) && (css_class == NULL || gtk_widget_has_css_class (root, css_class)))
    g_ptr_array_add (found, root);
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    collect (child, type, css_class, found);
}

static gpointer
find_one (gpointer root, GType type, const char *css_class)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();

  collect (root, type, css_class, found);
  g_assert_cmpuint (found->len, >, 0);
  return g_ptr_array_index (found, 0);
}

static LwRunName *
find_name (Fixture *f, guint id)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();

  collect (GTK_WIDGET (f->list), LW_TYPE_RUN_NAME, NULL, found);
  for (guint i = 0; i < found->len; i++)
    {
      LwRunItem *item = lw_run_name_get_item (g_ptr_array_index (found, i));

      if (item != NULL && lw_run_item_get_id (item) == id)
        return g_ptr_array_index (found, i);
    }
  g_assert_not_reached ();
}

static GtkWidget *
find_row (Fixture *f, guint id)
{
  GtkWidget *row = GTK_WIDGET (find_name (f, id));

  while (g_strcmp0 (gtk_widget_get_css_name (row), "row") != 0)
    row = gtk_widget_get_parent (row);
  return row;
}

static gpointer
controller_of (gpointer widget, GType type)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (widget);

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

      if (G_TYPE_CHECK_INSTANCE_TYPE (controller, type))
        return controller;
    }
  g_assert_not_reached ();
}

/* Whether the class binds the key to that action: what GTK then does is its own. */
static void
assert_bound (Fixture *f, guint key, GdkModifierType state, const char *action)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (GTK_WIDGET (f->list));
  gboolean found = FALSE;

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

      for (guint j = 0; GTK_IS_SHORTCUT_CONTROLLER (controller) && j < g_list_model_get_n_items (G_LIST_MODEL (controller)); j++)
        {
          g_autoptr (GtkShortcut) shortcut = g_list_model_get_item (G_LIST_MODEL (controller), j);
          GtkShortcutTrigger *trigger = gtk_shortcut_get_trigger (shortcut);
          GtkShortcutAction *done = gtk_shortcut_get_action (shortcut);

          found |= GTK_IS_KEYVAL_TRIGGER (trigger) && GTK_IS_NAMED_ACTION (done)
                   && gtk_keyval_trigger_get_keyval (GTK_KEYVAL_TRIGGER (trigger)) == key
                   && gtk_keyval_trigger_get_modifiers (GTK_KEYVAL_TRIGGER (trigger)) == state
                   && g_str_equal (gtk_named_action_get_action_name (GTK_NAMED_ACTION (done)), action);
        }
    }
  g_assert_true (found);
}

static void
activate (Fixture *f, const char *action)
{
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (f->list), action, NULL));
}

static void
test_select (Fixture *f, gconstpointer data)
{
  /* By program nobody is asked. */
  assert_asked (f, "");
  g_assert_cmpuint (lw_runs_list_get_selected (f->list), ==, 3);

  /* As a click on the row, or the arrow keys, do. */
  gtk_widget_activate_action (find_row (f, 1), "listitem.select", "(bb)", FALSE, FALSE);
  assert_asked (f, "select 1;");
  g_assert_cmpuint (lw_runs_list_get_selected (f->list), ==, 1);

  /* The selected run stays so when others come and go, and when the list is made anew. */
  add_run (f, 4);
  g_list_store_remove (f->runs, 1);
  g_assert_cmpuint (lw_runs_list_get_selected (f->list), ==, 1);
  {
    g_autoptr (LwRunItem) item = g_object_ref (find_run (f, 1));

    g_list_store_remove_all (f->runs);
    g_list_store_append (f->runs, item);
  }
  settle (60);
  activate (f, "runs-list.delete");
  assert_asked (f, "delete 1;");

  /* A selected run that goes asks for nothing. */
  g_list_store_remove_all (f->runs);
  add_run (f, 5);
  settle (60);
  assert_asked (f, "");
  activate (f, "runs-list.delete");
  assert_asked (f, "");
}

static void
test_keys (Fixture *f, gconstpointer data)
{
  gboolean handled;

  assert_bound (f, GDK_KEY_F2, 0, "runs-list.rename");
  assert_bound (f, GDK_KEY_Delete, 0, "runs-list.delete");
  assert_bound (f, GDK_KEY_Menu, 0, "runs-list.menu");
  assert_bound (f, GDK_KEY_F10, GDK_SHIFT_MASK, "runs-list.menu");

  /* Space trains from a row, and presses a button. */
  gtk_widget_grab_focus (find_row (f, 3));
  g_signal_emit_by_name (controller_of (f->list, GTK_TYPE_EVENT_CONTROLLER_KEY), "key-pressed", GDK_KEY_space, 0, 0,
                         &handled);
  g_assert_true (handled);
  assert_asked (f, "train ;");
  gtk_widget_grab_focus (find_one (find_row (f, 3), GTK_TYPE_TOGGLE_BUTTON, "run-tool"));
  g_signal_emit_by_name (controller_of (f->list, GTK_TYPE_EVENT_CONTROLLER_KEY), "key-pressed", GDK_KEY_space, 0, 0,
                         &handled);
  g_assert_false (handled);
  assert_asked (f, "");
}

static void
test_rename (Fixture *f, gconstpointer data)
{
  LwRunName *name = find_name (f, 3);
  GtkWidget *entry = find_one (name, GTK_TYPE_ENTRY, NULL);
  gboolean handled;

  activate (f, "runs-list.rename");
  g_assert_true (lw_run_name_is_editing (name));
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (entry)), ==, "Run 3");
  gtk_editable_set_text (GTK_EDITABLE (entry), "  small, \"quoted\"  ");
  g_signal_emit_by_name (entry, "activate");
  g_assert_false (lw_run_name_is_editing (name));
  assert_asked (f, "rename (3, 'small, \"quoted\"');");
  g_assert_true (gtk_root_get_focus (GTK_ROOT (f->window)) == find_row (f, 3));

  /* Nothing, spaces and the same name are no names. */
  for (guint i = 0; i < 3; i++)
    {
      static const char *const texts[] = { "", "   ", "Run 3" };

      activate (f, "runs-list.rename");
      gtk_editable_set_text (GTK_EDITABLE (entry), texts[i]);
      g_signal_emit_by_name (entry, "activate");
      g_assert_false (lw_run_name_is_editing (name));
      assert_asked (f, "");
    }

  activate (f, "runs-list.rename");
  gtk_editable_set_text (GTK_EDITABLE (entry), "other");
  g_signal_emit_by_name (controller_of (entry, GTK_TYPE_EVENT_CONTROLLER_KEY), "key-pressed", GDK_KEY_Escape, 0, 0,
                         &handled);
  g_assert_true (handled);
  g_assert_false (lw_run_name_is_editing (name));
  assert_asked (f, "");

  /* Leaving it keeps what was typed. */
  activate (f, "runs-list.rename");
  gtk_editable_set_text (GTK_EDITABLE (entry), "kept");
  gtk_widget_grab_focus (find_row (f, 1));
  settle (60);
  g_assert_true (g_str_has_prefix (f->asked->str, "rename (3, 'kept');"));
  g_string_truncate (f->asked, 0);

  /* The row is called what the run is called. */
  lw_run_item_set_name (find_run (f, 3), "kept");
  {
    g_autofree char *difference = gtk_test_accessible_check_property (GTK_ACCESSIBLE (find_row (f, 3)),
                                                                      GTK_ACCESSIBLE_PROPERTY_LABEL, "kept");

    g_assert_null (difference);
  }
}

static void
test_note (Fixture *f, gconstpointer data)
{
  GtkWidget *popover, *entry;

  activate (f, "runs-list.note");
  popover = find_one (f->list, LW_TYPE_RUN_NOTE_POPOVER, NULL);
  entry = find_one (popover, GTK_TYPE_ENTRY, NULL);
  WAIT_UNTIL (gtk_widget_get_mapped (popover));
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (entry)), ==, "mlp, Adam 0.001");
  gtk_editable_set_text (GTK_EDITABLE (entry), "for the talk");
  g_signal_emit_by_name (entry, "activate");
  assert_asked (f, "set-note (3, 'for the talk');");
  WAIT_UNTIL (!gtk_widget_get_mapped (popover));
  g_assert_true (gtk_root_get_focus (GTK_ROOT (f->window)) == find_row (f, 3));

  /* An empty one is a wish as well; the same one is not. */
  lw_run_item_set_note (find_run (f, 3), "for the talk");
  activate (f, "runs-list.note");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (entry)), ==, "for the talk");
  g_signal_emit_by_name (find_one (popover, GTK_TYPE_BUTTON, NULL), "clicked");
  assert_asked (f, "");
  activate (f, "runs-list.note");
  gtk_editable_set_text (GTK_EDITABLE (entry), "");
  g_signal_emit_by_name (entry, "activate");
  assert_asked (f, "set-note (3, '');");
}

static void
test_slot (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) buttons = g_ptr_array_new ();
  g_autoptr (GHashTable) looks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GtkWidget *popover, *button;

  activate (f, "runs-list.slot");
  popover = find_one (f->list, LW_TYPE_RUN_SLOT_POPOVER, NULL);
  WAIT_UNTIL (gtk_widget_get_mapped (popover));
  collect (popover, GTK_TYPE_TOGGLE_BUTTON, "run-slot", buttons);
  g_assert_cmpuint (buttons->len, ==, LW_CHART_N_SLOTS * LW_CHART_N_SLOTS);
  for (guint slot = 0; slot < buttons->len; slot++)
    g_hash_table_add (looks, lw_run_slot_describe (slot, FALSE));
  g_assert_cmpuint (g_hash_table_size (looks), ==, buttons->len);

  /* The first row is solid: slot 0 is its first; its own is pressed and has the focus. */
  button = g_ptr_array_index (buttons, 0);
  g_assert_cmpstr (gtk_widget_get_tooltip_text (button), ==, "Blue, solid (Run 1)");
  g_assert_true (gtk_widget_has_css_class (button, "taken"));
  {
    GtkWidget *own = gtk_root_get_focus (GTK_ROOT (f->window));

    g_assert_true (GTK_IS_TOGGLE_BUTTON (own) && gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (own)));
    g_assert_cmpstr (gtk_widget_get_tooltip_text (own), ==, "Green, dotted");
    g_assert_false (gtk_widget_has_css_class (own, "taken"));
    /* Its own again changes nothing. */
    g_signal_emit_by_name (own, "clicked");
    assert_asked (f, "");
  }
  WAIT_UNTIL (!gtk_widget_get_mapped (popover));
  activate (f, "runs-list.slot");
  gtk_toggle_button_set_active (g_ptr_array_index (buttons, 1), TRUE);
  assert_asked (f, "");
  g_signal_emit_by_name (g_ptr_array_index (buttons, 1), "clicked");
  /* Orange and solid: the dashes have moved on five times. */
  assert_asked (f, "set-slot (3, 31);");
  WAIT_UNTIL (!gtk_widget_get_mapped (popover));
}

static void
test_visible (Fixture *f, gconstpointer data)
{
  LwRunItem *first = find_run (f, 1), *second = find_run (f, 2), *third = find_run (f, 3);
  GtkToggleButton *eye = find_one (find_row (f, 3), GTK_TYPE_TOGGLE_BUTTON, "run-tool");
  g_autofree char *difference = gtk_test_accessible_check_property (
      GTK_ACCESSIBLE (eye), GTK_ACCESSIBLE_PROPERTY_LABEL, "Run 3 in the charts");

  g_assert_null (difference);
  gtk_toggle_button_set_active (eye, FALSE);
  g_assert_false (lw_run_item_get_visible (third));
  activate (f, "runs-list.toggle");
  g_assert_true (lw_run_item_get_visible (third));
  lw_run_item_set_visible (third, FALSE);
  activate (f, "runs-list.only");
  g_assert_true (lw_run_item_get_visible (third));
  g_assert_false (lw_run_item_get_visible (first));
  g_assert_false (lw_run_item_get_visible (second));
  assert_asked (f, "");
}

static void
test_menu (Fixture *f, gconstpointer data)
{
  GtkWidget *row = find_row (f, 2);
  GtkWidget *menu;
  GMenuModel *model;
  graphene_point_t point;
  g_autoptr (GString) labels = g_string_new (NULL);

  /* By the right button: the row is selected first. */
  g_assert_true (gtk_widget_compute_point (row, GTK_WIDGET (f->list), &GRAPHENE_POINT_INIT (200, 18), &point));
  g_signal_emit_by_name (controller_of (f->list, GTK_TYPE_GESTURE_CLICK), "released", 1, (double) point.x,
                         (double) point.y);
  assert_asked (f, "select 2;");
  menu = find_one (f->list, GTK_TYPE_POPOVER_MENU, NULL);
  WAIT_UNTIL (gtk_widget_get_mapped (menu));

  model = gtk_popover_menu_get_menu_model (GTK_POPOVER_MENU (menu));
  for (int i = 0; i < g_menu_model_get_n_items (model); i++)
    {
      g_autoptr (GMenuModel) section = g_menu_model_get_item_link (model, i, G_MENU_LINK_SECTION);

      for (int j = 0; j < g_menu_model_get_n_items (section); j++)
        {
          g_autoptr (GVariant) label = g_menu_model_get_item_attribute_value (section, j, G_MENU_ATTRIBUTE_LABEL, NULL);

          g_string_append_printf (labels, "%s|", g_variant_get_string (label, NULL));
        }
    }
  g_assert_cmpstr (labels->str, ==,
                   "_Rename|_Note…|_Colour and Dash…|_Hide in the Charts|Show _Only This|_Go On With This|_Fork Here|_Delete|");

  gtk_popover_popdown (GTK_POPOVER (menu));
  WAIT_UNTIL (!gtk_widget_get_mapped (menu));
  g_assert_true (gtk_root_get_focus (GTK_ROOT (f->window)) == row);

  /* By key and by the button, for the selected run. */
  activate (f, "runs-list.menu");
  WAIT_UNTIL (gtk_widget_get_mapped (menu));
  gtk_widget_activate_action (menu, "runs.take-up", "u", 2);
  gtk_widget_activate_action (menu, "runs.fork", "u", 2);
  activate (f, "runs-list.delete");
  assert_asked (f, "take-up 2;fork 2;delete 2;");
  gtk_popover_popdown (GTK_POPOVER (menu));
  WAIT_UNTIL (!gtk_widget_get_mapped (menu));

  /* Beside the rows there is nothing to open a menu for. */
  g_signal_emit_by_name (controller_of (f->list, GTK_TYPE_GESTURE_CLICK), "released", 1, 20.0, 8.0);
  settle (60);
  g_assert_false (gtk_widget_get_mapped (menu));
}

static void
test_more_button (Fixture *f, gconstpointer data)
{
  for (guint id = 1; id <= 3; id++)
    {
      g_autoptr (GPtrArray) tools = g_ptr_array_new ();

      collect (find_row (f, id), GTK_TYPE_BUTTON, "run-tool", tools);
      g_assert_cmpuint (tools->len, ==, 2);
      g_assert_true (gtk_widget_get_mapped (g_ptr_array_index (tools, 0)));
      g_assert_true (gtk_widget_get_mapped (g_ptr_array_index (tools, 1)) == (id == 3));
    }
}

static void
test_compare (Fixture *f, gconstpointer data)
{
  GtkWidget *compare = find_one (f->list, GTK_TYPE_BUTTON, "runs-compare");

  g_assert_true (gtk_widget_is_sensitive (compare));
  lw_run_item_set_visible (find_run (f, 1), FALSE);
  g_assert_true (gtk_widget_is_sensitive (compare));
  lw_run_item_set_visible (find_run (f, 2), FALSE);
  g_assert_false (gtk_widget_is_sensitive (compare));
  lw_run_item_set_visible (find_run (f, 2), TRUE);
  g_assert_true (gtk_widget_is_sensitive (compare));
  g_signal_emit_by_name (compare, "clicked");
  WAIT_UNTIL (f->asked->len > 0);
  assert_asked (f, "compare ;");
  g_list_store_remove (f->runs, 0);
  g_assert_false (gtk_widget_is_sensitive (compare));
}

/* Thirteen runs scroll; the selected one is seen, and its place is kept. */
static void
test_many (Fixture *f, gconstpointer data)
{
  int height = gtk_widget_get_height (GTK_WIDGET (f->list));
  GtkWidget *scrolled = find_one (f->list, GTK_TYPE_SCROLLED_WINDOW, NULL);
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (scrolled));
  graphene_rect_t bounds;

  for (guint id = 4; id <= 13; id++)
    add_run (f, id);
  settle (60);
  g_assert_cmpint (gtk_widget_get_height (GTK_WIDGET (f->list)), <=, height + 2);
  g_assert_cmpfloat (gtk_adjustment_get_upper (adjustment), >, 13 * 30);

  for (guint i = 0; i < 2; i++)
    {
      guint id = i == 0 ? 13 : 1;

      lw_runs_list_set_selected (f->list, id);
      settle (60);
      g_assert_true (gtk_widget_compute_bounds (find_row (f, id), scrolled, &bounds));
      g_assert_cmpfloat (bounds.origin.y, >=, 0);
      g_assert_cmpfloat (bounds.origin.y + bounds.size.height, <=, gtk_widget_get_height (scrolled) + 1);
    }
  add_run (f, 14);
  settle (60);
  g_assert_cmpuint (lw_runs_list_get_selected (f->list), ==, 1);
  assert_asked (f, "");

  lw_runs_list_set_n_rows (f->list, 6);
  settle (60);
  g_assert_cmpint (gtk_widget_get_height (GTK_WIDGET (f->list)), >, height + 2 * 30);
}

/* The columns have room in the narrowest pane that shows them. */
static void
test_narrow (Fixture *f, gconstpointer data)
{
  int minimum;

  for (guint id = 1; id <= 3; id++)
    {
      LwRunItem *item = find_run (f, id);

      g_object_set (item, "state", "training", "train-loss", 0.065, "test-loss", 0.058, "test-accuracy", 0.983, NULL);
    }
  lw_runs_list_set_narrow (f->list, TRUE);
  settle (60);
  gtk_widget_measure (GTK_WIDGET (f->list), GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, 440);
  lw_runs_list_set_narrow (f->list, FALSE);
  gtk_widget_measure (GTK_WIDGET (f->list), GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, 560);
}

/* What the application does by itself: sizes come from there. */
static void
load_style (void)
{
  g_autoptr (GtkCssProvider) provider = gtk_css_provider_new ();

  gtk_css_provider_load_from_resource (provider, "/io/github/layerwise/Layerwise/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
  gtk_icon_theme_add_resource_path (gtk_icon_theme_get_for_display (gdk_display_get_default ()),
                                    "/io/github/layerwise/Layerwise/icons");
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  load_style ();

#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/runs-list/select", test_select);
  ADD ("/runs-list/keys", test_keys);
  ADD ("/runs-list/rename", test_rename);
  ADD ("/runs-list/note", test_note);
  ADD ("/runs-list/slot", test_slot);
  ADD ("/runs-list/visible", test_visible);
  ADD ("/runs-list/menu", test_menu);
  ADD ("/runs-list/more-button", test_more_button);
  ADD ("/runs-list/compare", test_compare);
  ADD ("/runs-list/many", test_many);
  ADD ("/runs-list/narrow", test_narrow);
#undef ADD

  return g_test_run ();
}
