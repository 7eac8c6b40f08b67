#include "ui/charts/chart-view-private.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/charts/chart-range.h"
#include "ui/charts/chart-text.h"
#include "ui/charts/chart-widget-style.h"

#define LABEL_INTERVAL G_TIME_SPAN_SECOND /* a screen reader cannot follow every frame */
#define TIGHTEN_AFTER  (4 * G_TIME_SPAN_SECOND)

/* Every picture drawn while training stops it for as long as the drawing takes: a range that follows
 * the data gets there in fewer. */
#define GROWN_INTERVAL (40 * G_TIME_SPAN_MILLISECOND)

G_DEFINE_FINAL_TYPE (LwChartView, lw_chart_view, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_MODEL,
  PROP_METRIC,
  PROP_SHOW_AXIS_TITLE,
  PROP_SHOW_EPOCH_LABELS,
  PROP_SHOW_LEGEND,
  PROP_FACTOR,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void ensure_tick (LwChartView *self);

void
lw_chart_view_fill_chart (LwChartView *self, LwChart *chart)
{
  gconstpointer owner;

  lw_chart_init (chart, self->metric);
  lw_chart_model_fill (self->model, chart);
  lw_chart_model_get_hover (self->model, &owner);
  chart->show_axis_title = self->show_axis_title;
  chart->show_epoch_labels = self->show_epoch_labels;
  chart->show_legend = self->show_legend;
  chart->show_hover_table = owner == self;
}

static void
set_shown (LwChartView *self, LwChart *chart)
{
  chart->x_min = self->glide.shown.x_min;
  chart->x_max = self->glide.shown.x_max;
  chart->y_min = self->glide.shown.y_min;
  chart->y_max = self->glide.shown.y_max;
  chart->log_y = self->log_y;
}

void
lw_chart_view_get_drawn_chart (LwChartView *self, LwChart *chart)
{
  lw_chart_view_fill_chart (self, chart);
  if (self->has_range)
    set_shown (self, chart);
}

void
lw_chart_view_get_drawn_area (LwChartView *self, LwChart *chart, LwChartArea *area)
{
  LwChartStyle style;

  lw_chart_style_init_for_widget (&style, GTK_WIDGET (self), self->factor);
  lw_chart_view_get_drawn_chart (self, chart);
  *area = lw_chart_plot_area (chart,
                              &style,
                              gtk_widget_get_width (GTK_WIDGET (self)),
                              gtk_widget_get_height (GTK_WIDGET (self)));
}

static gboolean
animations_enabled (LwChartView *self)
{
  gboolean enabled = FALSE;

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return FALSE;
  g_object_get (gtk_widget_get_settings (GTK_WIDGET (self)),
                "gtk-enable-animations",
                &enabled,
                NULL);
  return enabled;
}

/* Heads for the ranges that the data and the model ask for now. */
static void
retarget (LwChartView *self, LwChartChange change)
{
  gint64       now = g_get_monotonic_time ();
  gboolean     grown = change == LW_CHART_GREW;
  gboolean     same_axes;
  LwChart      chart;
  LwChartRange target;

  lw_chart_view_fill_chart (self, &chart);
  lw_chart_fit_y (&chart);
  target = (LwChartRange) { chart.x_min, chart.x_max, chart.y_min, chart.y_max };

  same_axes = self->has_range && self->x_unit == chart.x_unit && self->log_x == chart.log_x
              && self->log_y == chart.log_y;
  if (same_axes && grown && target.y_min >= self->glide.target.y_min
      && target.y_max <= self->glide.target.y_max && now - self->targeted < TIGHTEN_AFTER)
    {
      /* A wider range is needed at once; a tighter one would only fidget. */
      target.y_min = self->glide.target.y_min;
      target.y_max = self->glide.target.y_max;
    }
  if (same_axes && memcmp (&target, &self->glide.target, sizeof target) == 0)
    return;

  self->targeted = now;
  self->by_growth = grown;
  self->x_unit = chart.x_unit;
  self->log_x = chart.log_x;
  self->log_y = chart.log_y;
  self->has_range = TRUE;
  if (!same_axes || !animations_enabled (self))
    {
      lw_chart_glide_jump (&self->glide, target);
    }
  else
    {
      GdkFrameClock *clock = gtk_widget_get_frame_clock (GTK_WIDGET (self));

      lw_chart_glide_start (&self->glide,
                            target,
                            self->log_y,
                            gdk_frame_clock_get_frame_time (clock));
      if (change == LW_CHART_PANNED)
        lw_chart_glide_jump_x (&self->glide);
      ensure_tick (self);
    }
}

static const LwChartSeries *
first_series (const LwChart *chart)
{
  return chart->n_series > 0 ? &chart->series[0] : NULL;
}

/* What happened at a step, or NULL. */
static const char *
event_at (const LwCurve *curve, gint64 step)
{
  gsize              n_marks;
  const LwCurveMark *marks = lw_curve_get_marks (curve, LW_POINT_EVENT, &n_marks);
  gsize i = lw_curve_find_mark (curve, LW_POINT_EVENT, LW_CHART_X_STEP, (double) step, 0);

  return i < n_marks && marks[i].step == step && marks[i].note[0] != '\0' ? marks[i].note : NULL;
}

char *
lw_chart_view_describe (LwChartView *self)
{
  const LwChartSeries *series;
  LwChart              chart;
  gsize                index;
  g_autofree char     *value = NULL;
  g_autofree char     *place = NULL;
  const char          *event;

  g_return_val_if_fail (LW_IS_CHART_VIEW (self), NULL);

  lw_chart_view_fill_chart (self, &chart);
  series = first_series (&chart);
  if (series == NULL
      || (!lw_curve_find_nearest (series->curve, chart.x_unit, chart.hover_x, &index)
          && !lw_curve_get_last (series->curve, self->metric, &index)))
    return g_strdup_printf (_("%s, no values yet"), lw_chart_metric_name (self->metric));

  value = lw_chart_format_value (self->metric,
                                 lw_curve_get_smoothed (series->curve, self->metric, index),
                                 3);
  place = lw_chart_format_count (lw_curve_get_step (series->curve, index));
  event = event_at (series->curve, lw_curve_get_step (series->curve, index));
  /* Translators: metric, name of the run, value, step, ", " and what happened there or nothing: "Loss,
   * Run 3, 0.065 at step 1,150, resumed" */
  return g_strdup_printf (_("%s, %s, %s at step %s%s%s"),
                          lw_chart_metric_name (self->metric),
                          series->name,
                          value,
                          place,
                          event ? _(", ") : "",
                          event ? event : "");
}

static void update_label (LwChartView *self, gboolean grown);

static gboolean
on_label_due (gpointer user_data)
{
  LwChartView *self = user_data;

  self->label_id = 0;
  update_label (self, FALSE);
  return G_SOURCE_REMOVE;
}

static void
update_label (LwChartView *self, gboolean grown)
{
  gint64           now = g_get_monotonic_time ();
  gint64           left = self->labelled + LABEL_INTERVAL - now;
  g_autofree char *label = NULL;

  if (grown && left > 0)
    {
      /* The last of them must not be missed, whether another follows or not. */
      if (self->label_id == 0)
        self->label_id = g_timeout_add ((guint) (left / G_TIME_SPAN_MILLISECOND) + 1,
                                        on_label_due,
                                        self);
      return;
    }
  g_clear_handle_id (&self->label_id, g_source_remove);
  self->labelled = now;
  label = lw_chart_view_describe (self);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  label,
                                  -1);
}

static void
on_changed (LwChartModel *model, LwChartChange change, LwChartView *self)
{
  retarget (self, change);
  update_label (self, change == LW_CHART_GREW);
  ensure_tick (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  LwChartView *self = LW_CHART_VIEW (widget);
  gint64       now = gdk_frame_clock_get_frame_time (clock);

  if (self->by_growth && now - self->advanced < GROWN_INTERVAL)
    return G_SOURCE_CONTINUE;
  self->advanced = now;
  if (lw_chart_glide_advance (&self->glide, now))
    gtk_widget_queue_draw (widget);
  if (self->glide.moving)
    return G_SOURCE_CONTINUE;
  self->tick_id = 0;
  return G_SOURCE_REMOVE;
}

static void
ensure_tick (LwChartView *self)
{
  if (self->tick_id != 0 || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  if (self->glide.moving)
    self->tick_id = gtk_widget_add_tick_callback (GTK_WIDGET (self), on_tick, NULL, NULL);
}

static void
lw_chart_view_map (GtkWidget *widget)
{
  LwChartView *self = LW_CHART_VIEW (widget);

  GTK_WIDGET_CLASS (lw_chart_view_parent_class)->map (widget);
  lw_chart_model_update (self->model);
  ensure_tick (self);
}

static void
lw_chart_view_unmap (GtkWidget *widget)
{
  LwChartView *self = LW_CHART_VIEW (widget);

  if (self->tick_id != 0)
    gtk_widget_remove_tick_callback (widget, self->tick_id);
  self->tick_id = 0;
  lw_chart_glide_jump (&self->glide, self->glide.target);
  GTK_WIDGET_CLASS (lw_chart_view_parent_class)->unmap (widget);
}

static void
lw_chart_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  LwChartView    *self = LW_CHART_VIEW (widget);
  int             width = gtk_widget_get_width (widget);
  int             height = gtk_widget_get_height (widget);
  graphene_rect_t bounds = GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height);
  LwChartStyle    style;
  LwChart         chart;
  cairo_t        *cr;

  if (width <= 0 || height <= 0)
    return;
  lw_chart_style_init_for_widget (&style, GTK_WIDGET (self), self->factor);
  lw_chart_view_get_drawn_chart (self, &chart);
  cr = gtk_snapshot_append_cairo (snapshot, &bounds);
  lw_chart_draw (cr, width, height, &chart, &style, NULL);
  if (gtk_widget_has_visible_focus (widget))
    {
      lw_chart_rounded_rect (cr, 2, 2, width - 4, height - 4, 8);
      lw_chart_set_source (cr, style.accent, 0.5);
      cairo_set_line_width (cr, 2);
      cairo_stroke (cr);
    }
  cairo_destroy (cr);
}

static void
lw_chart_view_measure (GtkWidget     *widget,
                       GtkOrientation orientation,
                       int            for_size,
                       int           *minimum,
                       int           *natural,
                       int           *minimum_baseline,
                       int           *natural_baseline)
{
  double factor = LW_CHART_VIEW (widget)->factor;

  *minimum = (int) ((orientation == GTK_ORIENTATION_HORIZONTAL ? 240 : 110) * factor);
  *natural = (int) ((orientation == GTK_ORIENTATION_HORIZONTAL ? 580 : 240) * factor);
  *minimum_baseline = *natural_baseline = -1;
}

static void
lw_chart_view_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (lw_chart_view_parent_class)->css_changed (widget, change);
  gtk_widget_queue_draw (widget);
}

static void
lw_chart_view_constructed (GObject *object)
{
  LwChartView *self = LW_CHART_VIEW (object);
  GdkDisplay  *display = gtk_widget_get_display (GTK_WIDGET (self));

  G_OBJECT_CLASS (lw_chart_view_parent_class)->constructed (object);
  if (self->model == NULL)
    self->model = lw_chart_model_new ();
  self->show_axis_title = self->metric == LW_CHART_ACCURACY;
  self->show_epoch_labels = self->metric == LW_CHART_LOSS;
  g_signal_connect_object (self->model, "changed", G_CALLBACK (on_changed), self, 0);
  g_signal_connect_object (adw_style_manager_get_for_display (display),
                           "notify::high-contrast",
                           G_CALLBACK (gtk_widget_queue_draw),
                           self,
                           G_CONNECT_SWAPPED);
  retarget (self, LW_CHART_CHANGED);
  update_label (self, FALSE);
}

static void
lw_chart_view_dispose (GObject *object)
{
  LwChartView *self = LW_CHART_VIEW (object);

  g_clear_handle_id (&self->label_id, g_source_remove);
  if (self->model)
    g_signal_handlers_disconnect_by_func (self->model, on_changed, self);
  G_OBJECT_CLASS (lw_chart_view_parent_class)->dispose (object);
}

static void
lw_chart_view_finalize (GObject *object)
{
  g_clear_object (&LW_CHART_VIEW (object)->model);
  G_OBJECT_CLASS (lw_chart_view_parent_class)->finalize (object);
}

static void
lw_chart_view_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  LwChartView *self = LW_CHART_VIEW (object);

  switch (id)
    {
    case PROP_MODEL:
      g_value_set_object (value, self->model);
      break;
    case PROP_METRIC:
      g_value_set_int (value, (int) self->metric);
      break;
    case PROP_SHOW_AXIS_TITLE:
      g_value_set_boolean (value, self->show_axis_title);
      break;
    case PROP_SHOW_EPOCH_LABELS:
      g_value_set_boolean (value, self->show_epoch_labels);
      break;
    case PROP_SHOW_LEGEND:
      g_value_set_boolean (value, self->show_legend);
      break;
    case PROP_FACTOR:
      g_value_set_double (value, self->factor);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_chart_view_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  LwChartView *self = LW_CHART_VIEW (object);

  switch (id)
    {
    case PROP_MODEL:
      self->model = g_value_dup_object (value);
      break;
    case PROP_METRIC:
      self->metric = (LwChartMetric) g_value_get_int (value);
      break;
    case PROP_SHOW_AXIS_TITLE:
      lw_chart_view_set_show_axis_title (self, g_value_get_boolean (value));
      break;
    case PROP_SHOW_EPOCH_LABELS:
      lw_chart_view_set_show_epoch_labels (self, g_value_get_boolean (value));
      break;
    case PROP_SHOW_LEGEND:
      lw_chart_view_set_show_legend (self, g_value_get_boolean (value));
      break;
    case PROP_FACTOR:
      lw_chart_view_set_factor (self, g_value_get_double (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_chart_view_class_init (LwChartViewClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GParamFlags     once
      = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->constructed = lw_chart_view_constructed;
  object_class->dispose = lw_chart_view_dispose;
  object_class->finalize = lw_chart_view_finalize;
  object_class->get_property = lw_chart_view_get_property;
  object_class->set_property = lw_chart_view_set_property;
  widget_class->map = lw_chart_view_map;
  widget_class->unmap = lw_chart_view_unmap;
  widget_class->snapshot = lw_chart_view_snapshot;
  widget_class->measure = lw_chart_view_measure;
  widget_class->css_changed = lw_chart_view_css_changed;

  properties[PROP_MODEL]
      = g_param_spec_object ("model", NULL, NULL, LW_TYPE_CHART_MODEL, once);
  properties[PROP_METRIC] = g_param_spec_int (
      "metric", NULL, NULL, LW_CHART_LOSS, LW_CHART_RATE, LW_CHART_LOSS, once);
  properties[PROP_SHOW_AXIS_TITLE]
      = g_param_spec_boolean ("show-axis-title", NULL, NULL, FALSE, flags);
  properties[PROP_SHOW_EPOCH_LABELS]
      = g_param_spec_boolean ("show-epoch-labels", NULL, NULL, FALSE, flags);
  properties[PROP_SHOW_LEGEND] = g_param_spec_boolean ("show-legend", NULL, NULL, FALSE, flags);
  properties[PROP_FACTOR] = g_param_spec_double ("factor", NULL, NULL, 0.5, 4, 1, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_css_name (widget_class, "chart");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  lw_chart_view_add_keys (widget_class);
}

static void
lw_chart_view_init (LwChartView *self)
{
  self->factor = 1;
  self->pointer = NAN;
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_hexpand (GTK_WIDGET (self), TRUE);
  gtk_widget_set_vexpand (GTK_WIDGET (self), TRUE);
  gtk_widget_add_css_class (GTK_WIDGET (self), "view");
  lw_chart_view_add_controllers (self);
}

GtkWidget *
lw_chart_view_new (LwChartModel *model, LwChartMetric metric)
{
  return g_object_new (LW_TYPE_CHART_VIEW, "model", model, "metric", (int) metric, NULL);
}

LwChartModel *
lw_chart_view_get_model (LwChartView *self)
{
  g_return_val_if_fail (LW_IS_CHART_VIEW (self), NULL);

  return self->model;
}

static void
set_flag (LwChartView *self, gboolean *flag, gboolean value, int property)
{
  value = !!value;
  if (*flag == value)
    return;
  *flag = value;
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

void
lw_chart_view_set_show_axis_title (LwChartView *self, gboolean show)
{
  g_return_if_fail (LW_IS_CHART_VIEW (self));

  set_flag (self, &self->show_axis_title, show, PROP_SHOW_AXIS_TITLE);
}

void
lw_chart_view_set_show_epoch_labels (LwChartView *self, gboolean show)
{
  g_return_if_fail (LW_IS_CHART_VIEW (self));

  set_flag (self, &self->show_epoch_labels, show, PROP_SHOW_EPOCH_LABELS);
}

void
lw_chart_view_set_show_legend (LwChartView *self, gboolean show)
{
  g_return_if_fail (LW_IS_CHART_VIEW (self));

  set_flag (self, &self->show_legend, show, PROP_SHOW_LEGEND);
}

void
lw_chart_view_set_factor (LwChartView *self, double factor)
{
  g_return_if_fail (LW_IS_CHART_VIEW (self));

  factor = CLAMP (factor, 0.5, 4);
  if (self->factor == factor)
    return;
  self->factor = factor;
  gtk_widget_queue_resize (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FACTOR]);
}

void
lw_chart_view_get_chart (LwChartView *self, LwChart *chart)
{
  g_return_if_fail (LW_IS_CHART_VIEW (self));
  g_return_if_fail (chart != NULL);

  lw_chart_view_get_drawn_chart (self, chart);
  chart->series = NULL;
  chart->n_series = 0;
  chart->selected = -1;
}
