#include <adwaita.h>
#include <math.h>

#include "tests/wait.h"
#include "ui/charts/chart-view.h"
#include "ui/train/presenter-figure.h"
#include "ui/train/presenter.h"
#include "ui/train/run-item.h"

/* Until @condition or five seconds. */
/* The presenter in a window whose action "win.presenter" is counted. */
typedef struct {
  GtkWindow *window;
  LwPresenter *presenter;
  LwChartModel *model;
  GListStore *runs;
  guint n_left;
} Fixture;

static void
on_leave (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  ((Fixture *) data)->n_left++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  static const GActionEntry entries[] = { { "presenter", on_leave, NULL, NULL, NULL, { 0 } } };
  g_autoptr (GSimpleActionGroup) group = g_simple_action_group_new ();

  f->model = lw_chart_model_new ();
  f->runs = g_list_store_new (LW_TYPE_RUN_ITEM);
  f->presenter = LW_PRESENTER (lw_presenter_new (f->model, G_LIST_MODEL (f->runs)));
  f->window = GTK_WINDOW (gtk_window_new ());
  gtk_window_set_decorated (f->window, FALSE);
  gtk_window_set_child (f->window, GTK_WIDGET (f->presenter));
  gtk_window_set_default_size (f->window, 1280, 800);
  g_action_map_add_action_entries (G_ACTION_MAP (group), entries, G_N_ELEMENTS (entries), f);
  gtk_widget_insert_action_group (GTK_WIDGET (f->window), "win", G_ACTION_GROUP (group));
  gtk_window_present (f->window);
  lw_presenter_grab_chart_focus (f->presenter);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (f->window));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gpointer presenter = f->presenter;

  g_object_add_weak_pointer (presenter, &presenter);
  gtk_window_destroy (f->window);
  WAIT_UNTIL (presenter == NULL);
  g_assert_finalize_object (f->model);
  g_assert_finalize_object (f->runs);
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
find_nth (Fixture *f, GType type, guint i)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();

  collect (GTK_WIDGET (f->presenter), type, NULL, found);
  g_assert_cmpuint (found->len, >, i);
  return g_ptr_array_index (found, i);
}

static gboolean
press (Fixture *f, guint key, GdkModifierType state)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (GTK_WIDGET (f->presenter));
  gboolean handled = FALSE;

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

      if (GTK_IS_EVENT_CONTROLLER_KEY (controller))
        g_signal_emit_by_name (controller, "key-pressed", key, 0, state, &handled);
    }
  return handled;
}

static void
move_pointer (Fixture *f, double x, double y)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (GTK_WIDGET (f->presenter));

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

      if (GTK_IS_EVENT_CONTROLLER_MOTION (controller))
        g_signal_emit_by_name (controller, "motion", x, y);
    }
}

static void
resize (Fixture *f, int width, int height)
{
  gtk_window_set_default_size (f->window, width, height);
  WAIT_UNTIL (gtk_widget_get_width (GTK_WIDGET (f->presenter)) == width
            && gtk_widget_get_height (GTK_WIDGET (f->presenter)) == height);
}

static LwRunItem *
add_run (Fixture *f)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (f->runs));
  g_autofree char *name = g_strdup_printf ("Run %u", n + 1);
  g_autoptr (LwRunItem) item = lw_run_item_new (n + 1, name, "mlp, Adam 0.001", n);

  g_list_store_insert (f->runs, 0, item);
  return item;
}

/* "Run 3|Run 2|and 1 more" */
static char *
get_names (Fixture *f)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new ();
  GString *names = g_string_new (NULL);

  collect (GTK_WIDGET (f->presenter), GTK_TYPE_WIDGET, "presenter-run", rows);
  for (guint i = 0; i < rows->len; i++)
    {
      GtkWidget *row = g_ptr_array_index (rows, i);
      GtkWidget *label = GTK_IS_LABEL (row) ? row : gtk_widget_get_last_child (row);

      g_string_append_printf (names, "%s%s", i > 0 ? "|" : "", gtk_label_get_text (GTK_LABEL (label)));
    }
  return g_string_free (names, FALSE);
}

static void
test_metric (Fixture *f, gconstpointer data)
{
  LwChartView *loss = find_nth (f, LW_TYPE_CHART_VIEW, 0);
  LwChartView *accuracy = find_nth (f, LW_TYPE_CHART_VIEW, 1);
  GtkToggleButton *button = find_nth (f, GTK_TYPE_TOGGLE_BUTTON, 1);
  GtkRoot *root = GTK_ROOT (f->window);
  int metric;

  g_assert_true (gtk_widget_get_mapped (GTK_WIDGET (loss)));
  g_assert_false (gtk_widget_get_mapped (GTK_WIDGET (accuracy)));
  g_assert_true (gtk_root_get_focus (root) == GTK_WIDGET (loss));

  g_assert_true (press (f, GDK_KEY_Tab, 0));
  WAIT_UNTIL (gtk_widget_get_mapped (GTK_WIDGET (accuracy)) && !gtk_widget_get_mapped (GTK_WIDGET (loss)));
  g_assert_true (gtk_root_get_focus (root) == GTK_WIDGET (accuracy));
  g_assert_true (gtk_toggle_button_get_active (button));
  g_object_get (f->presenter, "metric", &metric, NULL);
  g_assert_cmpint (metric, ==, LW_CHART_ACCURACY);

  g_assert_true (press (f, GDK_KEY_ISO_Left_Tab, GDK_SHIFT_MASK));
  g_assert_cmpint (lw_presenter_get_metric (f->presenter), ==, LW_CHART_LOSS);
  g_assert_true (gtk_root_get_focus (root) == GTK_WIDGET (loss));

  /* The buttons do the same and leave the keys to the chart. */
  gtk_toggle_button_set_active (button, TRUE);
  g_assert_cmpint (lw_presenter_get_metric (f->presenter), ==, LW_CHART_ACCURACY);
  g_assert_true (gtk_root_get_focus (root) == GTK_WIDGET (accuracy));

  /* Elsewhere Tab goes on as ever, and Ctrl+Tab from the chart. */
  g_assert_false (press (f, GDK_KEY_Tab, GDK_CONTROL_MASK));
  gtk_widget_grab_focus (GTK_WIDGET (button));
  g_assert_false (press (f, GDK_KEY_Tab, 0));
  g_assert_cmpint (lw_presenter_get_metric (f->presenter), ==, LW_CHART_ACCURACY);
}

static void
test_escape (Fixture *f, gconstpointer data)
{
  g_assert_false (press (f, GDK_KEY_Escape, GDK_CONTROL_MASK));
  g_assert_cmpuint (f->n_left, ==, 0);
  g_assert_true (press (f, GDK_KEY_Escape, 0));
  g_assert_cmpuint (f->n_left, ==, 1);
  /* Keys of the window pass. */
  g_assert_false (press (f, GDK_KEY_space, 0));
  g_assert_false (press (f, GDK_KEY_Right, 0));
}

static void
test_leave_hint (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  g_autoptr (LwHistory) history = lw_history_new ();
  GtkRevealer *hint;

  for (int step = 1; step <= 20; step++)
    lw_history_append (history, &(LwHistoryPoint){ .kind = LW_POINT_TRAIN, .epoch = 1, .step = step, .loss = 1 });
  lw_chart_model_set_run (f->model, 1, history, "Run 1", 0);
  collect (GTK_WIDGET (f->presenter), GTK_TYPE_REVEALER, "presenter-leave", found);
  g_assert_cmpuint (found->len, ==, 1);
  hint = g_ptr_array_index (found, 0);
  g_assert_true (gtk_revealer_get_reveal_child (hint));
  g_assert_cmpstr (gtk_label_get_text (GTK_LABEL (gtk_revealer_get_child (hint))), ==,
                   "F11 or Esc leaves presenter mode");

  move_pointer (f, 400, 400);
  lw_chart_model_set_hover (f->model, 12, NULL);
  WAIT_UNTIL (!gtk_revealer_get_reveal_child (hint));
  /* A pointer at rest reads nothing. */
  g_assert_true (isnan (lw_chart_model_get_hover (f->model, NULL)));
  move_pointer (f, 401, 400);
  g_assert_false (gtk_revealer_get_reveal_child (hint));
  move_pointer (f, 420, 400);
  g_assert_true (gtk_revealer_get_reveal_child (hint) && gtk_widget_get_visible (GTK_WIDGET (hint)));

  /* What keys read stays. */
  press (f, GDK_KEY_Left, GDK_CONTROL_MASK);
  lw_chart_model_set_hover (f->model, 12, NULL);
  WAIT_UNTIL (!gtk_revealer_get_reveal_child (hint));
  g_assert_cmpfloat (lw_chart_model_get_hover (f->model, NULL), ==, 12);
}

static void
assert_name (gpointer widget, const char *name)
{
  g_autofree char *difference
      = gtk_test_accessible_check_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name);

  g_assert_null (difference);
}

static void
test_figures (Fixture *f, gconstpointer data)
{
  GtkWidget *figure = find_nth (f, LW_TYPE_PRESENTER_FIGURE, 0);

  lw_presenter_set_figure (f->presenter, 0, "Test accuracy", "98.3\u202f%", "after epoch 2, 10,000 images");
  assert_name (figure, "Test accuracy: 98.3\u202f%, after epoch 2, 10,000 images");
  gtk_test_accessible_assert_role (figure, GTK_ACCESSIBLE_ROLE_GROUP);
  lw_presenter_set_figure (f->presenter, 0, "Test accuracy", "—", "");
  assert_name (figure, "Test accuracy: —");
}

static void
test_names (Fixture *f, gconstpointer data)
{
  LwRunItem *first = add_run (f);
  g_autofree char *three = NULL;
  g_autofree char *renamed = NULL;
  g_autofree char *hidden = NULL;

  add_run (f);
  add_run (f);
  WAIT_UNTIL (g_strcmp0 ((three = (g_free (three), get_names (f))), "Run 3|Run 2|Run 1") == 0);
  lw_run_item_set_name (first, "baseline");
  renamed = get_names (f);
  g_assert_cmpstr (renamed, ==, "Run 3|Run 2|baseline");
  lw_run_item_set_visible (first, FALSE);
  hidden = get_names (f);
  g_assert_cmpstr (hidden, ==, "Run 3|Run 2");

  /* As many as there is room for, the others counted. */
  for (guint i = 0; i < 10; i++)
    add_run (f);
  for (guint size = 0; size < 2; size++)
    {
      g_autofree char *names = NULL;
      guint n_shown = 0, n_more = 0;
      g_autoptr (GPtrArray) rows = g_ptr_array_new ();

      resize (f, size == 0 ? 1280 : 1024, size == 0 ? 800 : 640);
      WAIT_UNTIL (strstr ((names = (g_free (names), get_names (f))), "more") != NULL);
      g_assert_true (g_str_has_prefix (names, "Run 13|"));
      collect (GTK_WIDGET (f->presenter), GTK_TYPE_BOX, "presenter-run", rows);
      n_shown = rows->len;
      g_assert_cmpint (sscanf (strstr (names, "and "), "and %u more", &n_more), ==, 1);
      g_assert_cmpuint (n_shown + n_more, ==, 12);
    }
}

/* Nothing needs more room than the smallest screen has; larger ones have larger type. */
static void
test_sizes (Fixture *f, gconstpointer data)
{
  LwChartView *loss = find_nth (f, LW_TYPE_CHART_VIEW, 0);
  GtkWidget *content = gtk_widget_get_first_child (GTK_WIDGET (f->presenter));
  int minimum;
  double factor;

  for (guint i = 0; i < LW_PRESENTER_N_FIGURES; i++)
    lw_presenter_set_figure (f->presenter, i, "Validation accuracy", "100.0\u202f%", "after epoch 2, 10,000 images");
  add_run (f);
  resize (f, 1024, 640);
  WAIT_UNTIL (!gtk_widget_has_css_class (GTK_WIDGET (f->presenter), "roomy"));
  gtk_widget_measure (content, GTK_ORIENTATION_VERTICAL, 1024, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, 640);
  gtk_widget_measure (content, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, 1024);
  g_object_get (loss, "factor", &factor, NULL);
  g_assert_cmpfloat (factor, ==, 1.75);

  resize (f, 1280, 800);
  WAIT_UNTIL (gtk_widget_has_css_class (GTK_WIDGET (f->presenter), "roomy"));
  resize (f, 1920, 1080);
  WAIT_UNTIL (gtk_widget_has_css_class (GTK_WIDGET (f->presenter), "large"));
  g_object_get (loss, "factor", &factor, NULL);
  g_assert_cmpfloat (factor, >, 2);
  resize (f, 2560, 1440);
  WAIT_UNTIL (gtk_widget_has_css_class (GTK_WIDGET (f->presenter), "huge"));
  g_assert_false (gtk_widget_has_css_class (GTK_WIDGET (f->presenter), "large"));
  resize (f, 1280, 800);
  WAIT_UNTIL (!gtk_widget_has_css_class (GTK_WIDGET (f->presenter), "huge"));
  g_object_get (loss, "factor", &factor, NULL);
  g_assert_cmpfloat (factor, ==, 1.75);
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
  ADD ("/presenter/metric", test_metric);
  ADD ("/presenter/escape", test_escape);
  ADD ("/presenter/leave-hint", test_leave_hint);
  ADD ("/presenter/figures", test_figures);
  ADD ("/presenter/names", test_names);
  ADD ("/presenter/sizes", test_sizes);
#undef ADD

  return g_test_run ();
}
