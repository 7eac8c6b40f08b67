#include <adwaita.h>
#include <math.h>

#include "tests/wait.h"
#include "ui/charts/chart-view.h"

/* Loss over accuracy in a window, fed as a trainer feeds them. */

typedef struct {
  GtkWidget    *window;
  LwChartModel *model;
  LwChartView  *loss;
  LwChartView  *accuracy;
  LwHistory    *history;
  int           n_steps;
  int           n_notified; /* of "following" */
  int           n_grown;
} Fixture;

static void
on_following (Fixture *fixture)
{
  fixture->n_notified++;
}

static void
on_changed (LwChartModel *model, LwChartChange change, Fixture *fixture)
{
  if (change == LW_CHART_GREW)
    fixture->n_grown++;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  fixture->model = lw_chart_model_new ();
  fixture->loss = LW_CHART_VIEW (lw_chart_view_new (fixture->model, LW_CHART_LOSS));
  fixture->accuracy = LW_CHART_VIEW (lw_chart_view_new (fixture->model, LW_CHART_ACCURACY));
  fixture->history = lw_history_new ();
  lw_chart_model_set_plan (fixture->model, 100, 5, 128);
  g_signal_connect_swapped (fixture->model,
                            "notify::following",
                            G_CALLBACK (on_following),
                            fixture);
  g_signal_connect (fixture->model, "changed", G_CALLBACK (on_changed), fixture);

  gtk_box_append (GTK_BOX (box), GTK_WIDGET (fixture->loss));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (fixture->accuracy));
  fixture->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (fixture->window), 648, 520);
  gtk_window_set_child (GTK_WINDOW (fixture->window), box);
  gtk_window_present (GTK_WINDOW (fixture->window));
  gtk_test_widget_wait_for_draw (fixture->window);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  gtk_window_destroy (GTK_WINDOW (fixture->window));
  g_assert_finalize_object (fixture->model);
  lw_history_unref (fixture->history);
}

static void
train (Fixture *fixture, int n_steps)
{
  for (int i = 0; i < n_steps; i++)
    {
      int            step = ++fixture->n_steps;
      float          loss = 0.05f + 2.2f * expf (-(float) step / 40);
      LwHistoryPoint point = { .kind = LW_POINT_TRAIN,
                               .epoch = 1 + (step - 1) / 100,
                               .step = step,
                               .loss = loss,
                               .accuracy = 1 - loss / 2.5f,
                               .seconds = 0.01 * step,
                               .n_images = 128 };

      lw_history_append (fixture->history, &point);
    }
}

static void
assert_description (LwChartView *view, const char *expected)
{
  g_autofree char *text = lw_chart_view_describe (view);

  g_assert_cmpstr (text, ==, expected);
}

/* The pixels of a widget, as its snapshot renders, once what is to be drawn was drawn. */
static GdkTexture *
render (GtkWidget *widget)
{
  g_autoptr (GdkPaintable)  paintable = gtk_widget_paintable_new (widget);
  g_autoptr (GtkSnapshot)   snapshot = gtk_snapshot_new ();
  g_autoptr (GskRenderNode) node = NULL;
  g_autoptr (GskRenderer)   renderer = gsk_cairo_renderer_new ();
  g_autoptr (GError)        error = NULL;
  GdkTexture               *texture;

  settle (50);
  gdk_paintable_snapshot (paintable,
                          snapshot,
                          gtk_widget_get_width (widget),
                          gtk_widget_get_height (widget));
  node = gtk_snapshot_free_to_node (g_steal_pointer (&snapshot));
  g_assert_nonnull (node);
  g_assert_true (gsk_renderer_realize (renderer, NULL, &error));
  g_assert_no_error (error);
  texture = gsk_renderer_render_texture (renderer, node, NULL);
  gsk_renderer_unrealize (renderer);
  return texture;
}

static int
count_run_pixels (LwChartView *view, guint slot)
{
  g_autoptr (GdkTexture) texture = render (GTK_WIDGET (view));
  LwRgba                 color = lw_chart_slot_color (slot, FALSE);
  int                    width = gdk_texture_get_width (texture);
  int                    height = gdk_texture_get_height (texture);
  g_autofree guint32    *pixels = g_new (guint32, (gsize) width * (gsize) height);
  int                    count = 0;

  gdk_texture_download (texture, (guchar *) pixels, (gsize) width * 4);
  for (int i = 0; i < width * height; i++)
    if (ABS ((int) (pixels[i] >> 16 & 0xff) - 255 * color.red) < 3
        && ABS ((int) (pixels[i] >> 8 & 0xff) - 255 * color.green) < 3
        && ABS ((int) (pixels[i] & 0xff) - 255 * color.blue) < 3)
      count++;
  return count;
}

static void
test_launch (Fixture *fixture, gconstpointer data)
{
  LwChart chart;

  gtk_test_accessible_assert_role (GTK_ACCESSIBLE (fixture->loss), GTK_ACCESSIBLE_ROLE_IMG);
  assert_description (fixture->loss, "Loss, no values yet");
  lw_chart_view_get_chart (fixture->loss, &chart);
  g_assert_cmpfloat (chart.x_max, ==, 500);
  g_assert_cmpfloat (chart.y_min, ==, 0.02);
  g_assert_cmpfloat (chart.y_max, ==, 6);
  lw_chart_view_get_chart (fixture->accuracy, &chart);
  g_assert_cmpfloat (chart.y_min, ==, 0.84);
  g_assert_true (chart.show_axis_title);
  g_assert_false (chart.show_epoch_labels);
  g_assert_cmpint (count_run_pixels (fixture->loss, 0), ==, 0);
}

static void
test_live (Fixture *fixture, gconstpointer data)
{
  g_autofree char *label = NULL;

  lw_chart_model_set_run (fixture->model, 1, fixture->history, "Run 1", 0);
  train (fixture, 50);
  settle (100);
  /* Histories are read when asked to, and only then. */
  g_assert_cmpint (fixture->n_grown, ==, 0);

  train (fixture, 100);
  g_assert_true (lw_chart_model_update (fixture->model));
  settle (200);
  g_assert_cmpint (fixture->n_grown, ==, 1);
  g_assert_false (lw_chart_model_update (fixture->model));
  g_assert_cmpint (fixture->n_grown, ==, 1);
  g_assert_cmpint (count_run_pixels (fixture->loss, 0), >, 200);

  /* The last points count. */
  train (fixture, 50);
  lw_chart_model_settle (fixture->model);
  label = lw_chart_view_describe (fixture->loss);
  g_assert_true (g_str_has_prefix (label, "Loss, Run 1, 0."));
  g_assert_true (g_str_has_suffix (label, " at step 200"));
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (fixture->loss),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       label);
  train (fixture, 10);
  settle (100);
  g_assert_cmpint (fixture->n_grown, ==, 1);
}

static void
test_zoom_and_fit (Fixture *fixture, gconstpointer data)
{
  LwChart  chart;
  gboolean following;

  train (fixture, 300);
  lw_chart_model_set_run (fixture->model, 1, fixture->history, "Run 1", 0);
  g_object_get (fixture->model, "following", &following, NULL);
  g_assert_true (following);

  lw_chart_model_zoom (fixture->model, 200, 120);
  g_assert_cmpint (fixture->n_notified, ==, 1);
  g_assert_false (lw_chart_model_get_following (fixture->model));
  settle (400);
  for (int i = 0; i < 2; i++)
    {
      lw_chart_view_get_chart (i ? fixture->loss : fixture->accuracy, &chart);
      g_assert_cmpfloat_with_epsilon (chart.x_min, 120, 1e-9);
      g_assert_cmpfloat_with_epsilon (chart.x_max, 200, 1e-9);
    }

  /* What comes in does not move a zoomed chart. */
  train (fixture, 50);
  lw_chart_model_update (fixture->model);
  lw_chart_view_get_chart (fixture->loss, &chart);
  g_assert_cmpfloat_with_epsilon (chart.x_max, 200, 1e-9);

  /* Nor can one get lost: not out of the run, not into a single step. */
  lw_chart_model_zoom (fixture->model, -1000, -900);
  settle (400);
  lw_chart_view_get_chart (fixture->loss, &chart);
  g_assert_cmpfloat_with_epsilon (chart.x_min, 0, 1e-9);
  lw_chart_model_zoom (fixture->model, 150, 150);
  settle (400);
  lw_chart_view_get_chart (fixture->loss, &chart);
  g_assert_cmpfloat (chart.x_max - chart.x_min, >, 5);

  lw_chart_model_fit (fixture->model);
  g_assert_cmpint (fixture->n_notified, ==, 2);
  settle (400);
  lw_chart_view_get_chart (fixture->loss, &chart);
  g_assert_cmpfloat (chart.x_min, ==, 0);
  g_assert_cmpfloat (chart.x_max, ==, 500);
}

static void
test_animation (Fixture *fixture, gconstpointer data)
{
  GtkSettings *settings = gtk_widget_get_settings (fixture->window);
  LwChart      chart;

  train (fixture, 300);
  lw_chart_model_set_run (fixture->model, 1, fixture->history, "Run 1", 0);
  g_object_set (settings, "gtk-enable-animations", TRUE, NULL);
  settle (400);
  lw_chart_model_zoom (fixture->model, 100, 200);
  lw_chart_view_get_chart (fixture->loss, &chart);
  g_assert_cmpfloat (chart.x_max, ==, 500);
  settle (400);
  lw_chart_view_get_chart (fixture->loss, &chart);
  g_assert_cmpfloat (chart.x_max, ==, 200);

  g_object_set (settings, "gtk-enable-animations", FALSE, NULL);
  lw_chart_model_fit (fixture->model);
  lw_chart_view_get_chart (fixture->loss, &chart);
  g_assert_cmpfloat (chart.x_max, ==, 500);
  g_object_set (settings, "gtk-enable-animations", TRUE, NULL);
}

static void
test_reading (Fixture *fixture, gconstpointer data)
{
  gconstpointer owner;

  g_assert_false (lw_chart_model_move_hover (fixture->model, 1, fixture->loss));
  train (fixture, 300);
  lw_chart_model_set_run (fixture->model, 1, fixture->history, "Run 1", 0);

  lw_chart_model_set_hover (fixture->model, 123.4, fixture->accuracy);
  g_assert_cmpfloat (lw_chart_model_get_hover (fixture->model, &owner), ==, 123);
  g_assert_true (owner == fixture->accuracy);
  g_assert_true (lw_chart_model_move_hover (fixture->model, 2, fixture->loss));
  g_assert_cmpfloat (lw_chart_model_get_hover (fixture->model, NULL), ==, 125);
  lw_chart_model_move_hover (fixture->model, -1000, fixture->loss);
  g_assert_cmpfloat (lw_chart_model_get_hover (fixture->model, NULL), ==, 1);
  assert_description (fixture->loss, "Loss, Run 1, 2.196 at step 1");
  assert_description (fixture->accuracy, "Accuracy, Run 1, 12.2\342\200\257% at step 1");
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (fixture->loss),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Loss, Run 1, 2.196 at step 1");
  lw_chart_model_move_hover (fixture->model, G_MAXINT, fixture->loss);
  g_assert_cmpfloat (lw_chart_model_get_hover (fixture->model, NULL), ==, 300);
  lw_chart_model_set_hover (fixture->model, NAN, NULL);
  g_assert_true (isnan (lw_chart_model_get_hover (fixture->model, NULL)));
}

/* What the view has for a key of its own, or NULL. Borrowed from the view's class. */
static GtkShortcut *
find_binding (LwChartView *view, guint key, GdkModifierType modifiers)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (GTK_WIDGET (view));

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

      if (!GTK_IS_SHORTCUT_CONTROLLER (controller))
        continue;
      for (guint j = 0; j < g_list_model_get_n_items (G_LIST_MODEL (controller)); j++)
        {
          g_autoptr (GtkShortcut) shortcut = g_list_model_get_item (G_LIST_MODEL (controller), j);
          GtkShortcutTrigger     *trigger = gtk_shortcut_get_trigger (shortcut);

          if (GTK_IS_KEYVAL_TRIGGER (trigger)
              && gtk_keyval_trigger_get_keyval (GTK_KEYVAL_TRIGGER (trigger)) == key
              && gtk_keyval_trigger_get_modifiers (GTK_KEYVAL_TRIGGER (trigger)) == modifiers)
            return shortcut;
        }
    }
  return NULL;
}

static gboolean
press (LwChartView *view, guint key, GdkModifierType modifiers)
{
  GtkShortcut *shortcut = find_binding (view, key, modifiers);

  g_assert_nonnull (shortcut);
  return gtk_shortcut_action_activate (gtk_shortcut_get_action (shortcut),
                                       GTK_SHORTCUT_ACTION_EXCLUSIVE,
                                       GTK_WIDGET (view),
                                       gtk_shortcut_get_arguments (shortcut));
}

/* Once the range has glided there, which takes as long as the machine is busy. */
static void
assert_in_view (Fixture *fixture, double begin, double end)
{
  LwChart chart;

  for (int i = 0; i < 100; i++)
    {
      lw_chart_view_get_chart (fixture->loss, &chart);
      if (fabs (chart.x_min - begin) < 1e-6 && fabs (chart.x_max - end) < 1e-6)
        return;
      settle (50);
    }
  g_assert_cmpfloat (chart.x_min, ==, begin);
  g_assert_cmpfloat (chart.x_max, ==, end);
}

static void
test_keys (Fixture *fixture, gconstpointer data)
{
  const GdkModifierType both = GDK_CONTROL_MASK | GDK_SHIFT_MASK;

  /* The window's: one step, start over, train. */
  g_assert_null (find_binding (fixture->loss, GDK_KEY_Right, 0));
  g_assert_null (find_binding (fixture->loss, GDK_KEY_Left, 0));
  g_assert_null (find_binding (fixture->loss, GDK_KEY_r, 0));
  g_assert_null (find_binding (fixture->loss, GDK_KEY_space, 0));
  g_assert_true (gtk_widget_grab_focus (GTK_WIDGET (fixture->loss)));

  /* Nothing to read yet, and nothing to move in. */
  press (fixture->loss, GDK_KEY_Left, GDK_CONTROL_MASK);
  press (fixture->loss, GDK_KEY_Left, GDK_SHIFT_MASK);
  g_assert_true (isnan (lw_chart_model_get_hover (fixture->model, NULL)));

  train (fixture, 300);
  lw_chart_model_set_run (fixture->model, 1, fixture->history, "Run 1", 0);
  press (fixture->loss, GDK_KEY_Left, GDK_CONTROL_MASK);
  g_assert_cmpfloat (lw_chart_model_get_hover (fixture->model, NULL), ==, 300);
  press (fixture->loss, GDK_KEY_Left, GDK_CONTROL_MASK);
  g_assert_cmpfloat (lw_chart_model_get_hover (fixture->model, NULL), ==, 299);
  press (fixture->accuracy, GDK_KEY_Left, both);
  g_assert_cmpfloat (lw_chart_model_get_hover (fixture->model, NULL), ==, 299 - 15);
  press (fixture->loss, GDK_KEY_Home, GDK_CONTROL_MASK);
  g_assert_cmpfloat (lw_chart_model_get_hover (fixture->model, NULL), ==, 1);
  press (fixture->loss, GDK_KEY_Escape, 0);
  g_assert_true (isnan (lw_chart_model_get_hover (fixture->model, NULL)));

  press (fixture->loss, GDK_KEY_plus, GDK_CONTROL_MASK);
  assert_in_view (fixture, 125, 375);
  press (fixture->loss, GDK_KEY_Left, GDK_SHIFT_MASK);
  assert_in_view (fixture, 75, 325);
  press (fixture->loss, GDK_KEY_Right, GDK_SHIFT_MASK);
  press (fixture->loss, GDK_KEY_Right, GDK_SHIFT_MASK);
  assert_in_view (fixture, 175, 425);
  for (int i = 0; i < 9; i++)
    press (fixture->loss, GDK_KEY_KP_Left, GDK_SHIFT_MASK);
  assert_in_view (fixture, 0, 250);
  press (fixture->loss, GDK_KEY_0, GDK_CONTROL_MASK);
  g_assert_true (lw_chart_model_get_following (fixture->model));
  assert_in_view (fixture, 0, 500);
}

/* Moved by a hand, the curve is at once where the hand is; by a key it goes there. */
static void
test_pan (Fixture *fixture, gconstpointer data)
{
  LwChart chart;

  train (fixture, 300);
  lw_chart_model_set_run (fixture->model, 1, fixture->history, "Run 1", 0);
  lw_chart_model_pan (fixture->model, 0.5, LW_CHART_PANNED);
  g_assert_true (lw_chart_model_get_following (fixture->model));

  lw_chart_model_zoom (fixture->model, 100, 200);
  assert_in_view (fixture, 100, 200);
  lw_chart_model_pan (fixture->model, 0.25, LW_CHART_PANNED);
  for (int i = 0; i < 2; i++)
    {
      lw_chart_view_get_chart (i ? fixture->loss : fixture->accuracy, &chart);
      g_assert_cmpfloat_with_epsilon (chart.x_min, 125, 1e-6);
      g_assert_cmpfloat_with_epsilon (chart.x_max, 225, 1e-6);
    }
  lw_chart_model_pan (fixture->model, 0.25, LW_CHART_CHANGED);
  lw_chart_view_get_chart (fixture->loss, &chart);
  g_assert_cmpfloat (chart.x_min, <, 140);
  assert_in_view (fixture, 150, 250);

  /* No further than the run goes, and as wide as before. */
  lw_chart_model_pan (fixture->model, 100, LW_CHART_PANNED);
  assert_in_view (fixture, 400, 500);
  lw_chart_model_pan (fixture->model, -100, LW_CHART_PANNED);
  assert_in_view (fixture, 0, 100);

  /* What comes in moves nothing, and neither does a run that comes or goes. */
  lw_chart_model_zoom (fixture->model, 100, 200);
  train (fixture, 150);
  lw_chart_model_update (fixture->model);
  assert_in_view (fixture, 100, 200);
  lw_chart_model_set_run (fixture->model, 2, fixture->history, "Run 2", 0);
  lw_chart_model_select_run (fixture->model, 2);
  lw_chart_model_keep_runs (fixture->model, (guint[]) { 2, 7 }, 2);
  assert_in_view (fixture, 100, 200);
}

/* Zooming and moving go by factors. */
static void
test_log_x (Fixture *fixture, gconstpointer data)
{
  LwChart chart;

  train (fixture, 500);
  lw_chart_model_set_run (fixture->model, 1, fixture->history, "Run 1", 0);
  lw_chart_model_zoom (fixture->model, 100, 200);
  g_object_set (fixture->model, "log-x", TRUE, NULL);
  g_assert_true (lw_chart_model_get_log_x (fixture->model));
  g_assert_true (lw_chart_model_get_following (fixture->model));
  assert_in_view (fixture, 1, 500);

  lw_chart_model_zoom (fixture->model, 5, 50);
  assert_in_view (fixture, 5, 50);
  lw_chart_model_pan (fixture->model, 1, LW_CHART_PANNED);
  assert_in_view (fixture, 50, 500);
  lw_chart_model_pan (fixture->model, -0.5, LW_CHART_PANNED);
  assert_in_view (fixture, 50 / sqrt (10), 500 / sqrt (10));
  lw_chart_model_pan (fixture->model, -9, LW_CHART_PANNED);
  assert_in_view (fixture, 1, 10);
  lw_chart_model_zoom (fixture->model, 20, 80);
  lw_chart_model_zoom_about (fixture->model, 40, 0.5);
  assert_in_view (fixture, sqrt (20.0 * 40), sqrt (40.0 * 80));
  lw_chart_model_zoom (fixture->model, 30, 30);
  lw_chart_init (&chart, LW_CHART_LOSS);
  lw_chart_model_fill (fixture->model, &chart);
  g_assert_cmpfloat (chart.x_max - chart.x_min, >, 5);
  g_assert_cmpfloat (chart.x_max - chart.x_min, <, 15);
  lw_chart_model_zoom_about (fixture->model, 30, 1e6);
  g_assert_true (lw_chart_model_get_following (fixture->model));

  for (int unit = LW_CHART_X_STEP; unit <= LW_CHART_X_SECONDS; unit++)
    {
      lw_chart_model_set_x_unit (fixture->model, (LwChartXUnit) unit);
      settle (400);
      lw_chart_view_get_chart (fixture->loss, &chart);
      g_assert_true (chart.log_x);
      g_assert_cmpfloat (chart.x_min, >, 0);
      g_assert_cmpint (count_run_pixels (fixture->loss, 0), >, 200);
    }
}

static void
test_rate (Fixture *fixture, gconstpointer data)
{
  g_autoptr (LwHistory) history = lw_history_new ();
  LwChartView          *rate = g_object_ref_sink (
      LW_CHART_VIEW (lw_chart_view_new (fixture->model, LW_CHART_RATE)));
  LwHistoryPoint        point = { .kind = LW_POINT_TRAIN, .epoch = 1, .loss = 1, .accuracy = 0.9f,
                                  .n_images = 128, .rate = 0.01f };
  LwHistoryPoint        event = { .kind = LW_POINT_EVENT, .epoch = 1, .step = 50, .note = "rate 0.0003" };
  LwChart               chart;

  gtk_test_accessible_assert_role (GTK_ACCESSIBLE (rate), GTK_ACCESSIBLE_ROLE_IMG);
  assert_description (rate, "Learning rate, no values yet");
  for (point.step = 1; point.step <= 100; point.step++)
    {
      if (point.step == 51)
        {
          lw_history_append (history, &event);
          point.rate = 0.0003f;
        }
      lw_history_append (history, &point);
    }
  lw_chart_model_set_run (fixture->model, 1, history, "Run 1", 0);
  assert_description (rate, "Learning rate, Run 1, 0.0003 at step 100");
  lw_chart_model_set_hover (fixture->model, 50, rate);
  assert_description (rate, "Learning rate, Run 1, 0.01 at step 50, rate 0.0003");
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (rate),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Learning rate, Run 1, 0.01 at step 50, rate 0.0003");
  lw_chart_model_move_hover (fixture->model, 1, rate);
  assert_description (rate, "Learning rate, Run 1, 0.0003 at step 51");

  /* Whatever the loss's axis. */
  lw_chart_model_set_log_y (fixture->model, FALSE);
  lw_chart_view_get_chart (rate, &chart);
  g_assert_true (chart.log_y);
  g_object_unref (rate);
}

static void
test_runs (Fixture *fixture, gconstpointer data)
{
  g_autoptr (LwHistory) other = lw_history_new ();
  LwHistoryPoint        point = { .epoch = 1, .step = 1, .loss = 1, .accuracy = 0.9f };
  LwChart               chart;

  for (point.step = 1; point.step < 300; point.step++)
    lw_history_append (other, &point);
  train (fixture, 300);
  lw_chart_model_set_run (fixture->model, 1, fixture->history, "Run 2", 0);
  lw_chart_model_set_run (fixture->model, 2, other, "Run 1", 1);
  settle (50);
  g_assert_cmpint (count_run_pixels (fixture->loss, 1), >, 100);

  lw_chart_model_set_run_visible (fixture->model, 2, FALSE);
  g_assert_cmpint (count_run_pixels (fixture->loss, 1), ==, 0);
  lw_chart_model_set_run_visible (fixture->model, 2, TRUE);

  lw_chart_model_select_run (fixture->model, 2);
  lw_chart_init (&chart, LW_CHART_LOSS);
  lw_chart_model_fill (fixture->model, &chart);
  g_assert_cmpuint (chart.n_series, ==, 2);
  g_assert_cmpuint (chart.series[0].slot, ==, 1);
  g_assert_cmpint (chart.selected, ==, 0);
  assert_description (fixture->loss, "Loss, Run 1, 1.000 at step 299");

  /* Two may look the same; each is known by its number. */
  lw_chart_model_set_run (fixture->model, 9, other, "Run 9", 1);
  lw_chart_model_fill (fixture->model, &chart);
  g_assert_cmpuint (chart.n_series, ==, 3);
  g_assert_cmpstr (chart.series[0].name, ==, "Run 1");
  g_assert_cmpstr (chart.series[1].name, ==, "Run 9");
  g_assert_cmpstr (chart.series[2].name, ==, "Run 2");
  g_assert_cmpuint (chart.series[1].slot, ==, chart.series[0].slot);
  lw_chart_model_set_run_visible (fixture->model, 9, FALSE);
  lw_chart_model_fill (fixture->model, &chart);
  g_assert_cmpuint (chart.n_series, ==, 2);
  lw_chart_model_keep_runs (fixture->model, (guint[]) { 1, 2 }, 2);

  lw_chart_model_keep_runs (fixture->model, (guint[]) { 1 }, 1);
  assert_description (fixture->loss, "Loss, Run 2, 0.052 at step 300");
  lw_chart_model_keep_runs (fixture->model, NULL, 0);
  assert_description (fixture->loss, "Loss, no values yet");
}

static void
test_properties (Fixture *fixture, gconstpointer data)
{
  LwChart chart;

  train (fixture, 300);
  lw_chart_model_set_run (fixture->model, 1, fixture->history, "Run 1", 0);
  g_object_set (fixture->model,
                "x-unit",
                LW_CHART_X_EPOCH,
                "log-y",
                FALSE,
                "smoothing",
                0.5,
                NULL);
  g_assert_cmpint (lw_chart_model_get_x_unit (fixture->model), ==, LW_CHART_X_EPOCH);
  g_assert_false (lw_chart_model_get_log_y (fixture->model));
  g_assert_cmpfloat (lw_chart_model_get_smoothing (fixture->model), ==, 0.5);
  lw_chart_view_get_chart (fixture->loss, &chart);
  g_assert_cmpfloat (chart.x_max, ==, 5);
  g_assert_cmpfloat (chart.y_min, ==, 0);
  g_object_set (fixture->model, "x-unit", LW_CHART_X_SECONDS, NULL);
  lw_chart_view_get_chart (fixture->loss, &chart);
  g_assert_cmpfloat (chart.x_max, ==, 5);

  g_object_set (fixture->loss,
                "show-legend",
                TRUE,
                "show-axis-title",
                TRUE,
                "show-epoch-labels",
                FALSE,
                "factor",
                1.75,
                NULL);
  lw_chart_view_get_chart (fixture->loss, &chart);
  g_assert_true (chart.show_legend);
  g_assert_true (chart.show_axis_title);
  g_assert_false (chart.show_epoch_labels);
  g_assert_cmpint (count_run_pixels (fixture->loss, 0), >, 200);
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                      ADW_COLOR_SCHEME_FORCE_LIGHT);

#define ADD(path, function) \
  g_test_add ("/chart-view/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("launch", test_launch);
  ADD ("live", test_live);
  ADD ("zoom-and-fit", test_zoom_and_fit);
  ADD ("animation", test_animation);
  ADD ("reading", test_reading);
  ADD ("keys", test_keys);
  ADD ("pan", test_pan);
  ADD ("log-x", test_log_x);
  ADD ("rate", test_rate);
  ADD ("runs", test_runs);
  ADD ("properties", test_properties);

  return g_test_run ();
}
