#include "ui/charts/chart-view-private.h"

#include <math.h>

/* A chart under pointer and keys: reading, zooming and panning. */

#define MIN_DRAG       6.0
#define PAN_STRIDE     0.2 /* of what is in view, a key press */

static double
pixel_to_x (LwChartView *self, double pixel, gboolean *inside)
{
  LwChart     chart;
  LwChartArea area;

  lw_chart_view_get_drawn_area (self, &chart, &area);
  if (inside)
    *inside = pixel >= area.x && pixel <= area.x + area.width;
  return lw_chart_pixel_to_x (&chart, &area, CLAMP (pixel, area.x, area.x + area.width));
}

static void
on_motion (GtkEventControllerMotion *motion, double x, double y, LwChartView *self)
{
  gboolean inside;

  self->pointer = pixel_to_x (self, x, &inside);
  self->reads_by_key = FALSE;
  lw_chart_model_set_hover (self->model, inside ? self->pointer : NAN, self);
}

static void
on_leave (GtkEventControllerMotion *motion, LwChartView *self)
{
  self->pointer = NAN;
  if (!self->reads_by_key)
    lw_chart_model_set_hover (self->model, NAN, self);
}

static void
set_panning (LwChartView *self, gboolean panning)
{
  self->panning = panning;
  self->panned = 0;
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), panning ? "grabbing" : NULL);
}

static void
on_drag_begin (GtkGestureDrag *drag, double x, double y, LwChartView *self)
{
  GdkModifierType state
      = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (drag));

  gtk_widget_grab_focus (GTK_WIDGET (self));
  self->drag_begin = pixel_to_x (self, x, NULL);
  set_panning (self, (state & GDK_SHIFT_MASK) != 0);
}

/* The curve stays under the pointer. */
static void
pan_to (LwChartView *self, double dx)
{
  LwChart     chart;
  LwChartArea area;

  lw_chart_view_get_drawn_area (self, &chart, &area);
  lw_chart_model_pan (self->model, (self->panned - dx) / area.width, LW_CHART_PANNED);
  self->panned = dx;
}

static void
on_drag_update (GtkGestureDrag *drag, double dx, double dy, LwChartView *self)
{
  double x, y;

  gtk_gesture_drag_get_start_point (drag, &x, &y);
  if (self->panning)
    pan_to (self, dx);
  else if (fabs (dx) >= MIN_DRAG)
    lw_chart_model_set_band (self->model, self->drag_begin, pixel_to_x (self, x + dx, NULL));
  else
    lw_chart_model_set_band (self->model, NAN, NAN);
}

static void
on_drag_end (GtkGestureDrag *drag, double dx, double dy, LwChartView *self)
{
  double x, y;

  gtk_gesture_drag_get_start_point (drag, &x, &y);
  lw_chart_model_set_band (self->model, NAN, NAN);
  if (!self->panning && fabs (dx) >= MIN_DRAG)
    lw_chart_model_zoom (self->model, self->drag_begin, pixel_to_x (self, x + dx, NULL));
  set_panning (self, FALSE);
}

static void
on_drag_cancel (GtkGesture *gesture, GdkEventSequence *sequence, LwChartView *self)
{
  lw_chart_model_set_band (self->model, NAN, NAN);
  set_panning (self, FALSE);
}

static void
on_pressed (GtkGestureClick *click, int n_press, double x, double y, LwChartView *self)
{
  if (n_press == 2)
    lw_chart_model_fit (self->model);
}

static double
reading_place (LwChartView *self)
{
  double  x = lw_chart_model_get_hover (self->model, NULL);
  LwChart chart;

  lw_chart_view_get_drawn_chart (self, &chart);
  return isfinite (x) ? x : lw_chart_share_to_x (&chart, 0.5);
}

static gboolean
on_scroll (GtkEventControllerScroll *scroll, double dx, double dy, LwChartView *self)
{
  GdkModifierType state
      = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (scroll));

  if (!(state & (GDK_ALT_MASK | GDK_CONTROL_MASK)))
    return GDK_EVENT_PROPAGATE;
  lw_chart_model_zoom_about (self->model,
                             isfinite (self->pointer) ? self->pointer : reading_place (self),
                             pow (1.25, dy));
  return GDK_EVENT_STOP;
}

/* Steps in a twentieth of the axis, as far as the first run goes there. */
static int
big_stride (LwChartView *self)
{
  const LwCurve *curve;
  LwChart        chart;
  gsize          first, end;

  lw_chart_view_fill_chart (self, &chart);
  if (chart.n_series == 0)
    return 1;
  curve = chart.series[0].curve;
  first = lw_curve_find (curve, chart.x_unit, chart.x_min, 0, NULL);
  end = lw_curve_find (curve, chart.x_unit, chart.x_max, first, NULL);
  return (int) CLAMP ((end - first) / 20, 1, G_MAXINT);
}

static gboolean
on_move_key (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  LwChartView *self = LW_CHART_VIEW (widget);
  int          direction, stride;

  g_variant_get (args, "(ii)", &direction, &stride);
  if (stride == 10)
    stride = big_stride (self);
  else if (stride == 100)
    stride = G_MAXINT;
  /* To an end from nowhere: first to the last step in view, then on from there. */
  if (stride == G_MAXINT && isnan (lw_chart_model_get_hover (self->model, NULL)))
    lw_chart_model_move_hover (self->model, 0, self);
  self->reads_by_key = lw_chart_model_move_hover (self->model, direction * stride, self);
  return TRUE;
}

static gboolean
on_zoom_key (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  LwChartView *self = LW_CHART_VIEW (widget);
  int          direction = g_variant_get_int32 (args);

  if (direction == 0)
    lw_chart_model_fit (self->model);
  else
    lw_chart_model_zoom_about (self->model, reading_place (self), direction > 0 ? 0.5 : 2);
  return TRUE;
}

static gboolean
on_pan_key (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  LwChartView *self = LW_CHART_VIEW (widget);

  lw_chart_model_pan (self->model, g_variant_get_int32 (args) * PAN_STRIDE, LW_CHART_CHANGED);
  return TRUE;
}

static gboolean
on_escape_key (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  LwChartView *self = LW_CHART_VIEW (widget);

  if (isnan (lw_chart_model_get_hover (self->model, NULL)))
    return FALSE;
  self->reads_by_key = FALSE;
  lw_chart_model_set_hover (self->model, NAN, self);
  return TRUE;
}

void
lw_chart_view_add_keys (GtkWidgetClass *widget_class)
{
  static const struct {
    guint           key, keypad;
    GdkModifierType modifiers;
    int             direction, stride; /* 1 a step, 10 a twentieth, 100 to the end */
  } moves[] = {
    { GDK_KEY_Left, GDK_KEY_KP_Left, GDK_CONTROL_MASK, -1, 1 },
    { GDK_KEY_Right, GDK_KEY_KP_Right, GDK_CONTROL_MASK, 1, 1 },
    { GDK_KEY_Left, GDK_KEY_KP_Left, GDK_CONTROL_MASK | GDK_SHIFT_MASK, -1, 10 },
    { GDK_KEY_Right, GDK_KEY_KP_Right, GDK_CONTROL_MASK | GDK_SHIFT_MASK, 1, 10 },
    { GDK_KEY_Home, GDK_KEY_KP_Home, GDK_CONTROL_MASK, -1, 100 },
    { GDK_KEY_End, GDK_KEY_KP_End, GDK_CONTROL_MASK, 1, 100 },
  };
  static const struct {
    guint key;
    int   direction;
  } zooms[] = {
    { GDK_KEY_plus, 1 },  { GDK_KEY_equal, 1 },        { GDK_KEY_KP_Add, 1 },
    { GDK_KEY_minus, -1 }, { GDK_KEY_KP_Subtract, -1 }, { GDK_KEY_0, 0 },
    { GDK_KEY_KP_0, 0 },
  }, pans[] = {
    { GDK_KEY_Left, -1 }, { GDK_KEY_KP_Left, -1 }, { GDK_KEY_Right, 1 }, { GDK_KEY_KP_Right, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (moves); i++)
    for (int keypad = 0; keypad < 2; keypad++)
      gtk_widget_class_add_binding (widget_class,
                                    keypad ? moves[i].keypad : moves[i].key,
                                    moves[i].modifiers,
                                    on_move_key,
                                    "(ii)",
                                    moves[i].direction,
                                    moves[i].stride);
  for (guint i = 0; i < G_N_ELEMENTS (zooms); i++)
    gtk_widget_class_add_binding (widget_class,
                                  zooms[i].key,
                                  GDK_CONTROL_MASK,
                                  on_zoom_key,
                                  "i",
                                  zooms[i].direction);
  for (guint i = 0; i < G_N_ELEMENTS (pans); i++)
    gtk_widget_class_add_binding (widget_class,
                                  pans[i].key,
                                  GDK_SHIFT_MASK,
                                  on_pan_key,
                                  "i",
                                  pans[i].direction);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Escape, 0, on_escape_key, NULL);
}

void
lw_chart_view_add_controllers (LwChartView *self)
{
  GtkWidget          *widget = GTK_WIDGET (self);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  GtkGesture         *drag = gtk_gesture_drag_new ();
  GtkGesture         *click = gtk_gesture_click_new ();
  GtkEventController *scroll
      = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);

  g_signal_connect (motion, "motion", G_CALLBACK (on_motion), self);
  g_signal_connect (motion, "leave", G_CALLBACK (on_leave), self);
  gtk_widget_add_controller (widget, motion);

  g_signal_connect (drag, "drag-begin", G_CALLBACK (on_drag_begin), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (on_drag_update), self);
  g_signal_connect (drag, "drag-end", G_CALLBACK (on_drag_end), self);
  g_signal_connect (drag, "cancel", G_CALLBACK (on_drag_cancel), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));

  g_signal_connect (click, "pressed", G_CALLBACK (on_pressed), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));

  g_signal_connect (scroll, "scroll", G_CALLBACK (on_scroll), self);
  gtk_widget_add_controller (widget, scroll);
}
