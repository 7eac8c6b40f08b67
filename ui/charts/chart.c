#include "ui/charts/chart.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/charts/chart-private.h"
#include "ui/charts/chart-text.h"

void
lw_chart_init (LwChart *chart, LwChartMetric metric)
{
  static const double y_ranges[LW_CHART_N_METRICS][2] = { { 0.02, 6 }, { 0.84, 1 }, { 0, 0.002 } };

  *chart = (LwChart) {
    .metric = metric,
    .selected = -1,
    .x_max = 1,
    .y_min = y_ranges[metric][0],
    .y_max = y_ranges[metric][1],
    .log_y = metric == LW_CHART_LOSS,
    .show_axis_title = TRUE,
    .show_epoch_labels = TRUE,
    .hover_x = NAN,
    .show_hover_table = TRUE,
    .band_begin = NAN,
    .band_end = NAN,
  };
}

LwChartArea
lw_chart_plot_area (const LwChart      *chart,
                    const LwChartStyle *style,
                    double              width,
                    double              height)
{
  double scale = lw_chart_style_scale (style);
  double left = round (54 * scale);
  double right = round (18 * scale);
  double top = round (30 * scale);
  double bottom = round ((chart->show_axis_title ? 38 : 24) * scale);

  return (LwChartArea) {
    left,
    top,
    MAX (floor (width) - left - right, 1),
    MAX (floor (height) - top - bottom, 1),
  };
}

double
lw_chart_x_to_share (const LwChart *chart, double x)
{
  if (!chart->log_x)
    return (x - chart->x_min) / (chart->x_max - chart->x_min);
  return x > 0 ? log (x / chart->x_min) / log (chart->x_max / chart->x_min) : -1e3;
}

double
lw_chart_share_to_x (const LwChart *chart, double share)
{
  if (!chart->log_x)
    return chart->x_min + share * (chart->x_max - chart->x_min);
  return chart->x_min * pow (chart->x_max / chart->x_min, share);
}

double
lw_chart_x_to_pixel (const LwChart *chart, const LwChartArea *area, double x)
{
  double pixel = area->x + lw_chart_x_to_share (chart, x) * area->width;

  /* Cairo's coordinates end at 2^23. */
  return CLAMP (pixel, -1e5, 1e5);
}

double
lw_chart_pixel_to_x (const LwChart *chart, const LwChartArea *area, double pixel)
{
  return lw_chart_share_to_x (chart, (pixel - area->x) / area->width);
}

double
lw_chart_y_to_pixel (const LwChart *chart, const LwChartArea *area, double y)
{
  double share;

  if (!chart->log_y)
    share = (y - chart->y_min) / (chart->y_max - chart->y_min);
  else if (y > 0)
    share = log (y / chart->y_min) / log (chart->y_max / chart->y_min);
  else
    share = -4; /* log 0: far below the frame */

  /* A value far outside leaves through the frame; how far outside does not matter. */
  return area->y + area->height * (1 - CLAMP (share, -4, 5));
}

const char *
lw_chart_metric_name (LwChartMetric metric)
{
  switch (metric)
    {
    case LW_CHART_ACCURACY:
      return _("Accuracy");
    case LW_CHART_RATE:
      return _("Learning rate");
    case LW_CHART_LOSS:
    default:
      return _("Loss");
    }
}

char *
lw_chart_format_value (LwChartMetric metric, double value, int decimals)
{
  switch (metric)
    {
    case LW_CHART_ACCURACY:
      return lw_chart_format_percent (value, MAX (decimals - 2, 0));
    case LW_CHART_RATE:
      return lw_chart_format_digits (value, decimals);
    case LW_CHART_LOSS:
    default:
      return lw_chart_format_number (value, decimals);
    }
}

static gboolean
ranges_are_usable (const LwChart *chart)
{
  return isfinite (chart->x_min) && isfinite (chart->x_max) && chart->x_min < chart->x_max
         && (!chart->log_x || chart->x_min > 0)
         && isfinite (chart->y_min) && isfinite (chart->y_max) && chart->y_min < chart->y_max
         && (!chart->log_y || chart->y_min > 0);
}

static void
draw_rubber_band (const LwChartCanvas *canvas)
{
  double begin = lw_chart_canvas_x (canvas, canvas->chart->band_begin);
  double end = lw_chart_canvas_x (canvas, canvas->chart->band_end);

  if (isnan (canvas->chart->band_begin) || isnan (canvas->chart->band_end))
    return;

  cairo_rectangle (canvas->cr,
                   MIN (begin, end),
                   canvas->area.y,
                   fabs (end - begin),
                   canvas->area.height);
  lw_chart_set_source (canvas->cr, canvas->style->accent, 0.15);
  cairo_fill_preserve (canvas->cr);
  lw_chart_set_source (canvas->cr, canvas->style->accent, 0.8);
  cairo_set_line_width (canvas->cr, 1);
  cairo_stroke (canvas->cr);
}

void
lw_chart_draw (cairo_t            *cr,
               double              width,
               double              height,
               const LwChart      *chart,
               const LwChartStyle *style,
               LwChartWork        *work)
{
  LwChartWork          ignored = { 0 };
  LwChartCanvas        canvas = { .cr = cr, .chart = chart, .style = style };
  const LwChartSeries *selected;

  g_return_if_fail (chart != NULL && style != NULL);
  g_return_if_fail (ranges_are_usable (chart));

  canvas.area = lw_chart_plot_area (chart, style, width, height);
  canvas.width = width;
  canvas.height = height;
  canvas.scale = lw_chart_style_scale (style);
  canvas.work = work ? work : &ignored;
  selected = lw_chart_get_selected (chart);

  cairo_save (cr);
  lw_chart_draw_bands (&canvas);
  lw_chart_draw_axes (&canvas);
  lw_chart_draw_titles (&canvas);

  cairo_save (cr);
  cairo_rectangle (cr, canvas.area.x, canvas.area.y, canvas.area.width, canvas.area.height);
  cairo_clip (cr);
  if (selected && chart->metric != LW_CHART_RATE)
    lw_chart_draw_batches (&canvas, selected);
  for (guint i = 0; i < chart->n_series; i++)
    if (&chart->series[i] != selected)
      lw_chart_draw_line (&canvas, &chart->series[i]);
  if (selected)
    {
      lw_chart_draw_line (&canvas, selected);
      lw_chart_draw_events (&canvas, selected);
    }
  cairo_restore (cr);

  /* Markers at the edge are seen whole: they stand on the plot, not in it. */
  for (guint i = 0; i < chart->n_series; i++)
    if (&chart->series[i] != selected)
      lw_chart_draw_tests (&canvas, &chart->series[i]);
  if (selected)
    {
      lw_chart_draw_samples (&canvas, selected);
      lw_chart_draw_tests (&canvas, selected);
    }
  draw_rubber_band (&canvas);
  lw_chart_draw_hover (&canvas);
  if (selected)
    lw_chart_draw_value (&canvas, selected);
  if (chart->show_hover_table)
    lw_chart_draw_table (&canvas);
  cairo_restore (cr);
}
