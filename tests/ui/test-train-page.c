#include <adwaita.h>
#include <math.h>

#include "tests/wait.h"
#include "ui/charts/chart-view.h"
#include "ui/train/run-swatch.h"
#include "ui/train/runs-list.h"
#include "ui/train/status-line.h"
#include "ui/train/train-page.h"

/* Until @condition or five seconds. */
typedef struct {
  GtkWindow *window;
  LwTrainPage *page;
  LwBuilderPane *builder;
  LwChartPane *charts;
  LwPredictPane *predict;
} Fixture;

/* All widgets in @root of a type, or with a CSS class, in order. */
static void
collect (GtkWidget *root, GType type, const char *css_class, GPtrArray *found)
{
  if ((type == G_TYPE_INVALID || G_TYPE_CHECK_INSTANCE_TYPE (root, type))
      && (css_class == NULL || gtk_widget_has_css_class (root, css_class)))
    g_ptr_array_add (found, root);
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    collect (child, type, css_class, found);
}

static gpointer
find_one (gpointer root, GType type)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();

  collect (root, type, NULL, found);
  g_assert_cmpuint (found->len, >, 0);
  return g_ptr_array_index (found, 0);
}

static GtkWidget *
find_button (gpointer root, const char *label, const char *icon_name)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();

  collect (root, GTK_TYPE_BUTTON, NULL, found);
  for (guint i = 0; i < found->len; i++)
    {
      GtkButton *button = g_ptr_array_index (found, i);

      if ((label != NULL && g_strcmp0 (gtk_button_get_label (button), label) == 0)
          || (icon_name != NULL && g_strcmp0 (gtk_button_get_icon_name (button), icon_name) == 0))
        return GTK_WIDGET (button);
    }
  g_assert_not_reached ();
}

/* Whether a label that can be seen reads @text. */
static gboolean
shows_text (gpointer root, const char *text)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();

  collect (root, GTK_TYPE_LABEL, NULL, found);
  for (guint i = 0; i < found->len; i++)
    {
      GtkWidget *label = g_ptr_array_index (found, i);

      if (gtk_widget_get_mapped (label)
          && g_strcmp0 (gtk_label_get_text (GTK_LABEL (label)), text) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
assert_name (gpointer widget, const char *name)
{
  g_autofree char *difference = gtk_test_accessible_check_property (GTK_ACCESSIBLE (widget),
                                                                    GTK_ACCESSIBLE_PROPERTY_LABEL,
                                                                    name);

  g_assert_null (difference);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->window = GTK_WINDOW (gtk_window_new ());
  gtk_window_set_decorated (f->window, FALSE);
  f->page = LW_TRAIN_PAGE (lw_train_page_new ());
  f->builder = lw_train_page_get_builder (f->page);
  f->charts = lw_train_page_get_chart_pane (f->page);
  f->predict = lw_train_page_get_predict_pane (f->page);
  gtk_window_set_child (f->window, GTK_WIDGET (f->page));
  gtk_window_set_default_size (f->window, 1280, 711);
  gtk_window_present (f->window);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (f->window));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gpointer page = f->page;

  g_object_add_weak_pointer (page, &page);
  gtk_window_destroy (f->window);
  WAIT_UNTIL (page == NULL);
}

static void
resize (Fixture *f, int width, int height)
{
  gtk_window_set_default_size (f->window, width, height);
  WAIT_UNTIL (gtk_widget_get_width (GTK_WIDGET (f->page)) == width
            && gtk_widget_get_height (GTK_WIDGET (f->page)) == height);
  settle (60);
  g_assert_cmpint (gtk_widget_get_width (GTK_WIDGET (f->page)), ==, width);
}

static gboolean
get_flag (gpointer object, const char *property)
{
  gboolean value;

  g_object_get (object, property, &value, NULL);
  return value;
}

/* @pane is inside the page, and nothing is cut off. */
static void
assert_inside (Fixture *f, gpointer pane)
{
  graphene_rect_t bounds;

  g_assert_true (gtk_widget_get_mapped (pane));
  g_assert_true (gtk_widget_compute_bounds (pane, GTK_WIDGET (f->page), &bounds));
  g_assert_cmpfloat (bounds.origin.x, >=, 0);
  g_assert_cmpfloat (bounds.origin.x + bounds.size.width, <=,
                     gtk_widget_get_width (GTK_WIDGET (f->page)));
}

static void
assert_details_folded (Fixture *f, gboolean folded)
{
  g_assert_cmpint (get_flag (f->builder, "compact"), ==, folded);
  g_assert_cmpint (get_flag (f->charts, "narrow"), ==, folded);
  g_assert_cmpint (get_flag (f->predict, "narrow"), ==, folded);
}

static void
assert_low (Fixture *f, gboolean low)
{
  g_assert_cmpint (get_flag (f->charts, "low"), ==, low);
  g_assert_cmpint (get_flag (f->predict, "compact"), ==, low);
}

static int
width_of (gpointer widget)
{
  return gtk_widget_get_width (widget);
}

/* A font with wide letters may need more than the width that a pane should have. */
static void
assert_width (gpointer pane, int wanted)
{
  int minimum;

  gtk_widget_measure (pane, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (width_of (pane), ==, MAX (wanted, minimum));
}

static void
test_wide (Fixture *f, gconstpointer data)
{
  assert_details_folded (f, FALSE);
  assert_low (f, FALSE);
  assert_width (f->builder, 320);
  assert_width (f->predict, 312);
  assert_inside (f, f->predict);
  g_assert_false (gtk_widget_get_visible (find_button (f->page, NULL, "sidebar-show-symbolic")));
  g_assert_false (
      gtk_widget_get_visible (find_button (f->page, NULL, "sidebar-show-right-symbolic")));
  g_assert_true (shows_text (f->charts, "Smoothing"));
}

static void
test_small (Fixture *f, gconstpointer data)
{
  resize (f, 1024, 551);
  assert_details_folded (f, TRUE);
  assert_low (f, TRUE);
  assert_width (f->builder, 284);
  assert_width (f->predict, 256);
  assert_inside (f, f->builder);
  assert_inside (f, f->charts);
  assert_inside (f, f->predict);
  g_assert_false (shows_text (f->charts, "Smoothing"));

  resize (f, 1280, 711);
  assert_details_folded (f, FALSE);
  assert_low (f, FALSE);
  assert_width (f->builder, 320);
  assert_width (f->predict, 312);
}

/* A window that starts small is as one that became so. */
static void
test_starts_small (Fixture *f, gconstpointer data)
{
  GtkWindow *window = GTK_WINDOW (gtk_window_new ());
  LwTrainPage *page = LW_TRAIN_PAGE (lw_train_page_new ());

  gtk_window_set_decorated (window, FALSE);
  gtk_window_set_child (window, GTK_WIDGET (page));
  gtk_window_set_default_size (window, 1024, 551);
  gtk_window_present (window);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (window));
  settle (100);

  g_assert_cmpint (width_of (page), ==, 1024);
  g_assert_true (get_flag (lw_train_page_get_builder (page), "compact"));
  g_assert_true (get_flag (lw_train_page_get_chart_pane (page), "low"));
  g_assert_true (lw_train_page_get_show_right (page));
  g_assert_true (gtk_widget_get_mapped (GTK_WIDGET (lw_train_page_get_predict_pane (page))));
  assert_width (lw_train_page_get_builder (page), 284);
  assert_width (lw_train_page_get_predict_pane (page), 256);
  gtk_window_destroy (window);
}

static void
test_only_middle_grows (Fixture *f, gconstpointer data)
{
  int middle = width_of (f->charts);

  resize (f, 1180, 711);
  assert_width (f->builder, 320);
  assert_width (f->predict, 312);
  g_assert_cmpint (width_of (f->charts), ==, middle - 100);
}

static void
test_right_flap (Fixture *f, gconstpointer data)
{
  GtkWidget *button = find_button (f->page, NULL, "sidebar-show-right-symbolic");

  resize (f, 900, 711);
  g_assert_false (lw_train_page_get_show_right (f->page));
  g_assert_true (lw_train_page_get_show_left (f->page));
  g_assert_true (gtk_widget_get_mapped (button));
  g_assert_false (gtk_widget_get_mapped (GTK_WIDGET (f->predict)));
  assert_inside (f, f->charts);
  assert_inside (f, f->builder);

  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (button), TRUE);
  g_assert_true (lw_train_page_get_show_right (f->page));
  WAIT_UNTIL (gtk_widget_get_mapped (GTK_WIDGET (f->predict)));
  settle (500);
  assert_inside (f, f->predict);

  lw_train_page_set_show_right (f->page, FALSE);
  g_assert_false (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (button)));
  WAIT_UNTIL (!gtk_widget_get_mapped (GTK_WIDGET (f->predict)));

  resize (f, 1280, 711);
  g_assert_true (lw_train_page_get_show_right (f->page));
  g_assert_false (gtk_widget_get_visible (button));
  assert_width (f->predict, 312);
  assert_inside (f, f->predict);
}

static void
test_left_flap (Fixture *f, gconstpointer data)
{
  resize (f, 700, 551);
  g_assert_false (lw_train_page_get_show_left (f->page));
  g_assert_false (gtk_widget_get_mapped (GTK_WIDGET (f->builder)));
  g_assert_cmpint (width_of (f->charts), ==, 700);
  assert_inside (f, f->charts);

  lw_train_page_set_show_left (f->page, TRUE);
  WAIT_UNTIL (gtk_widget_get_mapped (GTK_WIDGET (f->builder)));
  settle (500);
  assert_inside (f, f->builder);
  assert_inside (f, f->charts);

  /* One flap at a time. */
  lw_train_page_set_show_right (f->page, TRUE);
  g_assert_false (lw_train_page_get_show_left (f->page));
  WAIT_UNTIL (gtk_widget_get_mapped (GTK_WIDGET (f->predict)));
  settle (500);
  assert_inside (f, f->predict);

  resize (f, 640, 551);
  g_assert_cmpint (width_of (f->charts), ==, 640);

  /* All at once. */
  resize (f, 1280, 711);
  assert_details_folded (f, FALSE);
  g_assert_true (lw_train_page_get_show_left (f->page));
  g_assert_true (lw_train_page_get_show_right (f->page));
  assert_width (f->builder, 320);
  assert_width (f->predict, 312);
}

static void
test_every_width (Fixture *f, gconstpointer data)
{
  for (int width = 1280; width >= 640; width -= 17)
    {
      resize (f, width, 600);
      assert_inside (f, f->charts);
      if (gtk_widget_get_mapped (GTK_WIDGET (f->predict)))
        assert_inside (f, f->predict);
    }
}

static void
test_hysteresis (Fixture *f, gconstpointer data)
{
  resize (f, 1119, 711);
  assert_details_folded (f, TRUE);
  resize (f, 1140, 711);
  assert_details_folded (f, TRUE);
  resize (f, 1144, 711);
  assert_details_folded (f, FALSE);
  resize (f, 1121, 711);
  assert_details_folded (f, FALSE);

  resize (f, 1121, 600);
  assert_low (f, TRUE);
  resize (f, 1121, 630);
  assert_low (f, TRUE);
  resize (f, 1121, 640);
  assert_low (f, FALSE);
}

static void
test_hide_left (Fixture *f, gconstpointer data)
{
  lw_train_page_set_show_left (f->page, FALSE);
  WAIT_UNTIL (!gtk_widget_get_mapped (GTK_WIDGET (f->builder)));
  settle (60);
  g_assert_cmpint (width_of (f->charts), >, 900);
  assert_width (f->predict, 312);

  resize (f, 700, 711);
  resize (f, 1280, 711);
  g_assert_false (lw_train_page_get_show_left (f->page));
  g_assert_false (gtk_widget_get_mapped (GTK_WIDGET (f->builder)));

  lw_train_page_set_show_left (f->page, TRUE);
  settle (60);
  assert_width (f->builder, 320);
  assert_width (f->predict, 312);
}

static void
test_tools (Fixture *f, gconstpointer data)
{
  LwChartModel *model = lw_chart_pane_get_model (f->charts);
  GtkRange *slider = find_one (f->charts, GTK_TYPE_SCALE);
  GtkWidget *log_y = find_button (f->charts, "Log y", NULL);
  GtkWidget *epoch = find_button (f->charts, "Epoch", NULL);
  GtkWidget *time = find_button (f->charts, "Time", NULL);
  GtkWidget *fit = find_button (f->charts, "Fit", NULL);

  assert_name (slider, "Smoothing");
  g_assert_cmpfloat_with_epsilon (gtk_range_get_value (slider), 0.9, 1e-9);
  g_assert_true (shows_text (f->charts, "0.90"));
  g_assert_cmpstr (gtk_widget_get_tooltip_text (GTK_WIDGET (slider)), ==,
                   "Smoothing: about 10 batches");
  gtk_range_set_value (slider, 0.98);
  g_assert_cmpfloat_with_epsilon (lw_chart_model_get_smoothing (model), 0.98, 1e-9);
  g_assert_cmpstr (gtk_widget_get_tooltip_text (GTK_WIDGET (slider)), ==,
                   "Smoothing: about 50 batches");
  g_assert_true (shows_text (f->charts, "0.98"));
  gtk_range_set_value (slider, 0);
  g_assert_cmpfloat (lw_chart_model_get_smoothing (model), ==, 0);
  g_assert_cmpstr (gtk_widget_get_tooltip_text (GTK_WIDGET (slider)), ==,
                   "Smoothing: every batch by itself");

  g_assert_true (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (log_y)));
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (log_y), FALSE);
  g_assert_false (lw_chart_model_get_log_y (model));

  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (epoch), TRUE);
  g_assert_cmpint (lw_chart_model_get_x_unit (model), ==, LW_CHART_X_EPOCH);
  lw_chart_model_set_x_unit (model, LW_CHART_X_SECONDS);
  g_assert_true (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (time)));
  lw_chart_model_set_x_unit (model, LW_CHART_X_STEP);
  g_assert_false (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (time)));

  lw_chart_model_set_plan (model, 469, 5, 128);
  g_assert_false (gtk_widget_get_sensitive (fit));
  lw_chart_model_zoom (model, 100, 500);
  g_assert_true (gtk_widget_get_sensitive (fit));
  g_signal_emit_by_name (fit, "clicked");
  g_assert_true (lw_chart_model_get_following (model));
  g_assert_false (gtk_widget_get_sensitive (fit));
}

static GtkWidget *
find_check (gpointer widget, const char *label)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();

  collect (widget, GTK_TYPE_CHECK_BUTTON, NULL, found);
  for (guint i = 0; i < found->len; i++)
    if (g_strcmp0 (gtk_check_button_get_label (g_ptr_array_index (found, i)), label) == 0)
      return g_ptr_array_index (found, i);
  g_assert_not_reached ();
}

static gboolean
is_shown (Fixture *f, LwChartMetric metric)
{
  LwChartView *view = lw_chart_stack_get_view (lw_chart_pane_get_charts (f->charts), metric);

  settle (60);
  return gtk_widget_get_mapped (GTK_WIDGET (view));
}

/* What the first and the last chart have that the others have not. */
static void
assert_ends (Fixture *f, LwChartMetric first, LwChartMetric last)
{
  for (int i = 0; i < LW_CHART_N_METRICS; i++)
    {
      LwChartView *view = lw_chart_stack_get_view (lw_chart_pane_get_charts (f->charts), (LwChartMetric) i);
      LwChart chart;

      lw_chart_view_get_chart (view, &chart);
      if (!is_shown (f, (LwChartMetric) i))
        continue;
      g_assert_cmpint (chart.show_epoch_labels, ==, (LwChartMetric) i == first);
      g_assert_cmpint (chart.show_axis_title, ==, (LwChartMetric) i == last);
    }
}

static void
test_charts (Fixture *f, gconstpointer data)
{
  LwChartStack *charts = lw_chart_pane_get_charts (f->charts);
  GtkCheckButton *loss = GTK_CHECK_BUTTON (find_check (f->charts, "Loss"));
  GtkCheckButton *accuracy = GTK_CHECK_BUTTON (find_check (f->charts, "Accuracy"));
  GtkCheckButton *rate = GTK_CHECK_BUTTON (find_check (f->charts, "Learning rate"));
  GtkCheckButton *log_x = GTK_CHECK_BUTTON (find_check (f->charts, "Logarithmic x"));
  LwChartModel *model = lw_chart_pane_get_model (f->charts);
  g_auto (GStrv) list = NULL;

  g_assert_true (gtk_check_button_get_active (loss));
  g_assert_true (gtk_check_button_get_active (accuracy));
  g_assert_false (gtk_check_button_get_active (rate));
  g_assert_false (is_shown (f, LW_CHART_RATE));
  assert_ends (f, LW_CHART_LOSS, LW_CHART_ACCURACY);

  gtk_check_button_set_active (rate, TRUE);
  g_assert_true (is_shown (f, LW_CHART_RATE));
  assert_ends (f, LW_CHART_LOSS, LW_CHART_RATE);
  gtk_check_button_set_active (loss, FALSE);
  g_assert_false (is_shown (f, LW_CHART_LOSS));
  assert_ends (f, LW_CHART_ACCURACY, LW_CHART_RATE);
  lw_chart_pane_grab_chart_focus (f->charts);
  g_assert_true (gtk_root_get_focus (GTK_ROOT (f->window))
                 == GTK_WIDGET (lw_chart_stack_get_view (charts, LW_CHART_ACCURACY)));

  /* The last one stays. */
  gtk_check_button_set_active (accuracy, FALSE);
  g_assert_false (gtk_widget_get_sensitive (GTK_WIDGET (rate)));
  lw_chart_stack_set_wanted (charts, LW_CHART_RATE, FALSE);
  g_assert_true (is_shown (f, LW_CHART_RATE));
  assert_ends (f, LW_CHART_RATE, LW_CHART_RATE);
  g_object_get (charts, "charts", &list, NULL);
  g_assert_cmpuint (g_strv_length (list), ==, 1);
  g_assert_cmpstr (list[0], ==, "rate");

  /* Settings may hold anything. */
  g_object_set (charts, "charts", (const char *[]) { "nonsense", NULL }, NULL);
  g_assert_true (is_shown (f, LW_CHART_RATE));
  g_object_set (charts, "charts", (const char *[]) { NULL }, NULL);
  g_assert_true (is_shown (f, LW_CHART_RATE));
  g_object_set (charts, "charts", (const char *[]) { "accuracy", "x", "loss", NULL }, NULL);
  g_assert_false (is_shown (f, LW_CHART_RATE));
  g_assert_true (gtk_check_button_get_active (loss));
  g_assert_true (gtk_widget_get_sensitive (GTK_WIDGET (loss)));

  gtk_check_button_set_active (log_x, TRUE);
  g_assert_true (lw_chart_model_get_log_x (model));
  lw_chart_model_set_log_x (model, FALSE);
  g_assert_false (gtk_check_button_get_active (log_x));
}

/* Two fit where there is little height: the one asked for last is among them. */
/* The focus goes into the charts and out of them, forwards and backwards. */
static void
test_charts_focus (Fixture *f, gconstpointer data)
{
  LwChartStack *charts = lw_chart_pane_get_charts (f->charts);
  GtkWidget    *first = GTK_WIDGET (lw_chart_stack_get_view (charts, LW_CHART_LOSS));
  GtkWidget    *last = GTK_WIDGET (lw_chart_stack_get_view (charts, LW_CHART_ACCURACY));
  GtkRoot      *root = GTK_ROOT (f->window);

  lw_chart_pane_grab_chart_focus (f->charts);
  g_assert_true (gtk_root_get_focus (root) == first);
  g_assert_true (gtk_widget_child_focus (GTK_WIDGET (root), GTK_DIR_TAB_FORWARD));
  g_assert_true (gtk_root_get_focus (root) == last);
  g_assert_true (gtk_widget_child_focus (GTK_WIDGET (root), GTK_DIR_TAB_BACKWARD));
  g_assert_true (gtk_root_get_focus (root) == first);
  g_assert_true (gtk_widget_child_focus (GTK_WIDGET (root), GTK_DIR_TAB_BACKWARD));
  g_assert_false (gtk_widget_is_ancestor (gtk_root_get_focus (root), GTK_WIDGET (charts)));
  g_assert_true (gtk_widget_child_focus (GTK_WIDGET (root), GTK_DIR_TAB_FORWARD));
  g_assert_true (gtk_root_get_focus (root) == first);
}

static void
test_charts_low (Fixture *f, gconstpointer data)
{
  LwChartStack *charts = lw_chart_pane_get_charts (f->charts);
  LwChart chart;

  lw_chart_stack_set_wanted (charts, LW_CHART_RATE, TRUE);
  g_assert_false (lw_chart_stack_get_crowded (charts));
  resize (f, 1280, 551);
  g_assert_true (lw_chart_stack_get_crowded (charts));
  g_assert_true (is_shown (f, LW_CHART_LOSS));
  g_assert_false (is_shown (f, LW_CHART_ACCURACY));
  g_assert_true (is_shown (f, LW_CHART_RATE));
  lw_chart_view_get_chart (lw_chart_stack_get_view (charts, LW_CHART_LOSS), &chart);
  g_assert_true (chart.show_legend);
  lw_chart_view_get_chart (lw_chart_stack_get_view (charts, LW_CHART_RATE), &chart);
  g_assert_false (chart.show_legend);
  g_assert_false (chart.show_axis_title);

  lw_chart_stack_set_wanted (charts, LW_CHART_ACCURACY, FALSE);
  g_assert_false (lw_chart_stack_get_crowded (charts));
  lw_chart_stack_set_wanted (charts, LW_CHART_ACCURACY, TRUE);
  g_assert_true (is_shown (f, LW_CHART_ACCURACY));
  g_assert_false (is_shown (f, LW_CHART_RATE));

  resize (f, 1280, 711);
  g_assert_true (is_shown (f, LW_CHART_RATE));
  assert_ends (f, LW_CHART_LOSS, LW_CHART_RATE);
}

static void
test_hint (Fixture *f, gconstpointer data)
{
  GtkWidget *hint = find_one (f->charts, GTK_TYPE_REVEALER);
  LwChartView *loss = find_one (f->charts, LW_TYPE_CHART_VIEW);
  graphene_point_t middle;

  g_assert_false (shows_text (f->charts, "Press Space to train"));
  lw_chart_pane_set_hint (f->charts, "5 epochs.");
  WAIT_UNTIL (shows_text (f->charts, "Press Space to train"));
  WAIT_UNTIL (gtk_revealer_get_child_revealed (GTK_REVEALER (hint)));
  g_assert_true (shows_text (f->charts, "5 epochs."));

  /* The pointer reaches the chart through it. */
  g_assert_true (gtk_widget_compute_point (hint, GTK_WIDGET (f->charts),
                                           &GRAPHENE_POINT_INIT (30, 30), &middle));
  g_assert_true (gtk_widget_pick (GTK_WIDGET (f->charts), middle.x, middle.y, GTK_PICK_DEFAULT)
                 == GTK_WIDGET (loss));

  lw_chart_pane_set_hint (f->charts, NULL);
  WAIT_UNTIL (!gtk_revealer_get_child_revealed (GTK_REVEALER (hint)));
  g_assert_false (shows_text (f->charts, "Press Space to train"));

  lw_chart_pane_grab_chart_focus (f->charts);
  g_assert_true (gtk_root_get_focus (GTK_ROOT (f->window)) == GTK_WIDGET (loss));
}

static LwRunItem *
add_run (GListStore *runs, guint slot)
{
  g_autofree char *name = g_strdup_printf ("Run %u", slot + 1);
  g_autoptr (LwRunItem) item = lw_run_item_new (slot + 1, name, "mlp, Adam 0.001", slot);

  g_list_store_insert (runs, 0, item);
  return item;
}

static void
test_runs (Fixture *f, gconstpointer data)
{
  g_autoptr (GListStore) runs = g_list_store_new (LW_TYPE_RUN_ITEM);
  g_autoptr (GPtrArray) eyes = g_ptr_array_new ();
  LwChartModel *model = lw_chart_pane_get_model (f->charts);
  g_autoptr (GPtrArray) lists = g_ptr_array_new ();
  GtkWidget *list;
  GtkWidget *row;
  LwRunItem *first, *second;
  LwChart chart;

  /* One is in the popover of a low pane, which comes first. */
  collect (GTK_WIDGET (f->charts), LW_TYPE_RUNS_LIST, NULL, lists);
  g_assert_cmpuint (lists->len, ==, 2);
  list = g_ptr_array_index (lists, 1);

  lw_chart_pane_set_runs (f->charts, G_LIST_MODEL (runs));
  settle (60);
  g_assert_cmpint (gtk_widget_get_height (list), ==, 0);

  first = add_run (runs, 0);
  second = add_run (runs, 1);
  for (guint slot = 0; slot < 2; slot++)
    {
      g_autoptr (LwHistory) history = lw_history_new ();

      lw_chart_model_set_run (model, slot + 1, history, "Run", slot);
    }
  g_object_set (second, "state", "training", "train-loss", 0.0654, "test-loss", NAN,
                "test-accuracy", 0.9834, NULL);
  WAIT_UNTIL (gtk_widget_get_height (list) > 72);
  WAIT_UNTIL (shows_text (list, "0.065"));
  g_assert_true (shows_text (list, "Run 2"));
  g_assert_true (shows_text (list, "mlp, Adam 0.001"));
  g_assert_true (shows_text (list, "training"));
  g_assert_true (shows_text (list, "—"));
  g_assert_true (shows_text (list, "98.3\u202f%"));
  g_assert_true (shows_text (list, "Test accuracy"));
  lw_run_item_set_train_loss (second, 0.0501);
  WAIT_UNTIL (shows_text (list, "0.050"));

  /* A swatch is in a box, in a cell, in a row. */
  row = find_one (list, LW_TYPE_RUN_SWATCH);
  for (int i = 0; i < 3; i++)
    row = gtk_widget_get_parent (row);
  assert_name (row, "Run 2");
  collect (list, GTK_TYPE_TOGGLE_BUTTON, "run-tool", eyes);
  g_assert_cmpuint (eyes->len, ==, 2);
  assert_name (g_ptr_array_index (eyes, 0), "Run 2 in the charts");
  assert_name (g_ptr_array_index (eyes, 1), "Run 1 in the charts");
  gtk_toggle_button_set_active (g_ptr_array_index (eyes, 1), FALSE);
  g_assert_false (lw_run_item_get_visible (first));
  g_assert_true (lw_run_item_get_visible (second));
  g_assert_cmpstr (gtk_button_get_icon_name (g_ptr_array_index (eyes, 1)), ==,
                   "view-conceal-symbolic");
  lw_chart_init (&chart, LW_CHART_LOSS);
  lw_chart_model_fill (model, &chart);
  g_assert_cmpuint (chart.n_series, ==, 1);
  g_assert_cmpuint (chart.series[0].slot, ==, 1);

  lw_run_item_set_visible (first, TRUE);
  g_assert_true (gtk_toggle_button_get_active (g_ptr_array_index (eyes, 1)));
  lw_chart_model_fill (model, &chart);
  g_assert_cmpuint (chart.n_series, ==, 2);

  /* Three rows fit, more scroll. */
  for (guint slot = 2; slot < 8; slot++)
    add_run (runs, slot);
  settle (100);
  g_assert_cmpint (gtk_widget_get_height (list), <, 5 * 36);

  resize (f, 1280, 551);
  g_assert_false (gtk_widget_get_mapped (list));
  g_list_store_remove_all (runs);
  resize (f, 1280, 711);
  g_assert_cmpint (gtk_widget_get_height (list), ==, 0);
}

static void
test_names (Fixture *f, gconstpointer data)
{
  resize (f, 700, 551);
  assert_name (find_button (f->page, NULL, "sidebar-show-symbolic"), "Model");
  assert_name (find_button (f->page, NULL, "sidebar-show-right-symbolic"), "Draw a digit");
}

static void
count (GSimpleAction *action, GVariant *parameter, gpointer n)
{
  *(int *) n += 1;
}

static void
test_status_line (void)
{
  GtkWindow *window = GTK_WINDOW (gtk_window_new ());
  LwStatusLine *line = LW_STATUS_LINE (lw_status_line_new ());
  GtkWidget *bar = find_one (line, GTK_TYPE_PROGRESS_BAR);
  GtkWidget *icon = find_one (line, GTK_TYPE_IMAGE);
  GtkWidget *button = find_one (line, GTK_TYPE_BUTTON);
  g_autoptr (GSimpleActionGroup) group = g_simple_action_group_new ();
  g_autoptr (GSimpleAction) stop = g_simple_action_new ("stop", NULL);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  graphene_rect_t before, after;
  int n_stopped = 0;
  int height;

  g_signal_connect (stop, "activate", G_CALLBACK (count), &n_stopped);
  g_action_map_add_action (G_ACTION_MAP (group), G_ACTION (stop));
  gtk_widget_insert_action_group (GTK_WIDGET (window), "win", G_ACTION_GROUP (group));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (line));
  gtk_window_set_child (window, box);
  gtk_window_set_default_size (window, 800, 100);
  gtk_window_present (window);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (window));

  gtk_test_accessible_assert_role (line, GTK_ACCESSIBLE_ROLE_STATUS);
  lw_status_line_set_text (line, "Ready");
  assert_name (line, "Ready");
  g_assert_cmpstr (lw_status_line_get_text (line), ==, "Ready");
  settle (60);
  height = gtk_widget_get_height (GTK_WIDGET (line));
  g_assert_cmpint (height, ==, 41); /* and the border */
  g_assert_false (gtk_widget_get_visible (bar));
  g_assert_false (gtk_widget_get_visible (button));
  g_assert_false (gtk_widget_get_visible (icon));

  /* The bar stays where it is, whatever the figures, and the height is the same. */
  lw_status_line_set_fraction (line, 0.25);
  lw_status_line_set_button (line, "Stop", "media-playback-stop-symbolic", "win.stop");
  lw_status_line_set_text (line, "Epoch 3 of 5 · 212 of 469 · 0:11 left");
  settle (60);
  g_assert_cmpfloat_with_epsilon (gtk_progress_bar_get_fraction (GTK_PROGRESS_BAR (bar)), 0.25,
                                  1e-9);
  g_assert_cmpint (gtk_widget_get_height (GTK_WIDGET (line)), ==, height);
  g_assert_true (gtk_widget_compute_bounds (bar, GTK_WIDGET (line), &before));
  g_assert_cmpfloat (before.size.width, >, 200);
  lw_status_line_set_text (line, "Epoch 3 of 5 · 99 of 469 · 0:9 left");
  settle (60);
  g_assert_true (gtk_widget_compute_bounds (bar, GTK_WIDGET (line), &after));
  g_assert_cmpfloat (before.origin.x, ==, after.origin.x);
  g_assert_cmpfloat (before.size.width, ==, after.size.width);
  /* No screen reader follows that. */
  assert_name (line, "Ready");

  g_signal_emit_by_name (button, "clicked");
  g_assert_cmpint (n_stopped, ==, 1);
  assert_name (button, "Stop");
  g_assert_true (gtk_widget_has_css_class (button, "flat"));

  lw_status_line_set_fraction (line, -1);
  lw_status_line_set_severity (line, LW_STATUS_ERROR);
  lw_status_line_set_text (line, "Cannot train: a long sentence that has no room in a line of this "
                                 "width and so ends before it is over, as long as it may be.");
  lw_status_line_set_button (line, "Show card", NULL, "win.show-fault");
  settle (60);
  g_assert_true (gtk_widget_get_mapped (icon));
  g_assert_false (gtk_widget_get_visible (bar));
  g_assert_false (gtk_widget_has_css_class (button, "flat"));
  g_assert_true (shows_text (line, "Show card"));
  g_assert_cmpint (gtk_widget_get_width (GTK_WIDGET (line)), ==, 800);
  g_assert_cmpint (gtk_widget_get_height (GTK_WIDGET (line)), ==, height);

  lw_status_line_set_severity (line, LW_STATUS_NORMAL);
  lw_status_line_set_button (line, NULL, NULL, NULL);
  lw_status_line_set_fraction (line, NAN);
  g_assert_false (gtk_widget_get_visible (icon));
  g_assert_false (gtk_widget_get_visible (button));
  g_assert_false (gtk_widget_get_visible (bar));
  gtk_window_destroy (window);
}

static void
test_run_item (void)
{
  g_autoptr (LwRunItem) item = lw_run_item_new (1, "Run 1", "mlp", 4);
  int n = 0;

  g_assert_cmpstr (lw_run_item_get_name (item), ==, "Run 1");
  g_assert_cmpstr (lw_run_item_get_note (item), ==, "mlp");
  g_assert_null (lw_run_item_get_state (item));
  g_assert_cmpuint (lw_run_item_get_slot (item), ==, 4);
  g_assert_true (isnan (lw_run_item_get_train_loss (item)));
  g_assert_true (lw_run_item_get_visible (item));

  /* Said once, and not at all when nothing changes. */
  g_signal_connect_swapped (item, "notify", G_CALLBACK (g_atomic_int_inc), &n);
  g_object_set (item, "train-loss", NAN, "visible", TRUE, "name", "Run 1", NULL);
  g_assert_cmpint (n, ==, 0);
  g_object_set (item, "train-loss", 0.5, "state", "stopped", NULL);
  g_assert_cmpint (n, ==, 2);
  g_object_set (item, "train-loss", NAN, NULL);
  g_assert_cmpint (n, ==, 3);
  g_assert_true (isnan (lw_run_item_get_train_loss (item)));
}

/* What the application does by itself: sizes come from there. */
static void
load_style (void)
{
  g_autoptr (GtkCssProvider) provider = gtk_css_provider_new ();

  gtk_css_provider_load_from_resource (provider, "/io/github/layerwise/Layerwise/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (),
                                              GTK_STYLE_PROVIDER (provider),
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
  g_test_add_func ("/train-page/run-item", test_run_item);
  g_test_add_func ("/train-page/status-line", test_status_line);
  ADD ("/train-page/wide", test_wide);
  ADD ("/train-page/small", test_small);
  ADD ("/train-page/starts-small", test_starts_small);
  ADD ("/train-page/only-the-middle-grows", test_only_middle_grows);
  ADD ("/train-page/right-flap", test_right_flap);
  ADD ("/train-page/left-flap", test_left_flap);
  ADD ("/train-page/every-width", test_every_width);
  ADD ("/train-page/hysteresis", test_hysteresis);
  ADD ("/train-page/hide-left", test_hide_left);
  ADD ("/train-page/tools", test_tools);
  ADD ("/train-page/charts", test_charts);
  ADD ("/train-page/charts-focus", test_charts_focus);
  ADD ("/train-page/charts-low", test_charts_low);
  ADD ("/train-page/hint", test_hint);
  ADD ("/train-page/runs", test_runs);
  ADD ("/train-page/names", test_names);
#undef ADD

  return g_test_run ();
}
