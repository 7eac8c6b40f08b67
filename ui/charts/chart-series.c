#include <math.h>

#include "ui/charts/chart-private.h"
#include "ui/charts/pyramid.h"

/* Curves: point by point while there are few, else by pixel columns.
 *
 * A few points in a column: a stroke from its smallest to its largest value, which looks as the
 * points themselves would. Many: that would be a broad band of noise, and the line goes through the
 * columns' means instead, with the band drawn pale behind the selected run's line so that nothing is
 * hidden.
 *
 * Antialiasing is the fast kind: a third of the time, and no eye can tell on lines as crowded. */

#define ENVELOPE_FROM 1.0 /* points per column: batch values */
#define COLUMNS_FROM  2.0 /* the line */
#define MEANS_FROM    8.0

/* Bounds of columns may be off by this share of a column, so that they are where nodes of the curve's
 * pyramids have theirs and few of those have to be looked at. */
#define SLACK 4

typedef struct {
  gsize  first; /* the visible points, and one more at either end */
  gsize  end;
  int    n_columns;
  double density; /* points per column */
  gsize *ends;    /* for each column the index behind its last point; NULL where points are drawn */
} Extent;

static Extent
visible_extent (const LwChartCanvas *canvas, const LwCurve *curve)
{
  const LwChart *chart = canvas->chart;
  guint64       *visited = &canvas->work->n_visited;
  gsize          length = lw_curve_get_length (curve);
  gsize          first = lw_curve_find (curve, chart->x_unit, chart->x_min, 0, visited);
  gsize          end = lw_curve_find (curve, chart->x_unit, chart->x_max, first, visited);
  Extent         extent = { 0 };

  extent.n_columns = (int) canvas->area.width;
  extent.first = first > 0 ? first - 1 : 0;
  extent.end = MIN (end + 2, length);
  if (extent.first < extent.end)
    {
      double left = lw_chart_canvas_x (canvas, lw_curve_get_x (curve, extent.first, chart->x_unit));
      double right
          = lw_chart_canvas_x (canvas, lw_curve_get_x (curve, extent.end - 1, chart->x_unit));

      left = MAX (left, canvas->area.x);
      right = MIN (right, canvas->area.x + canvas->area.width);
      extent.density = (double) (extent.end - extent.first) / MAX (right - left, 1);
    }
  return extent;
}

/* The end of the stretch of points in a pixel column that begins at `from`. */
static gsize
column_end (const LwChartCanvas *canvas, const LwCurve *curve, int column, gsize from, gsize last)
{
  double right = lw_chart_pixel_to_x (canvas->chart, &canvas->area, canvas->area.x + column + 1);
  gsize  end = lw_curve_find (curve, canvas->chart->x_unit, right, from, &canvas->work->n_visited);
  gsize  node = 1;

  /* Where the curve ends, it ends. */
  if (end >= last)
    return end;
  while (node * LW_PYRAMID_FANOUT * SLACK <= end - from)
    node *= LW_PYRAMID_FANOUT;
  return end - end % node;
}

static void
find_columns (const LwChartCanvas *canvas, const LwCurve *curve, Extent *extent)
{
  gsize next = extent->first;

  extent->ends = g_new (gsize, (gsize) MAX (extent->n_columns, 1));
  for (int column = 0; column < extent->n_columns; column++)
    {
      if (next < extent->end)
        {
          next = MAX (column_end (canvas, curve, column, next, extent->end), next);
          canvas->work->n_columns++;
        }
      extent->ends[column] = next;
    }
}

/* Adds a rectangle for each column from its smallest to its largest value. */
static void
trace_envelope (const LwChartCanvas *canvas, const LwCurve *curve, gboolean smoothed, Extent extent)
{
  const LwChartArea area = canvas->area;
  gsize             next = extent.first;
  double            last_top = NAN, last_bottom = NAN;

  for (int column = 0; column < extent.n_columns && next < extent.end; column++)
    {
      gsize        first = next, end = extent.ends[column];
      double       top, bottom, meet_top, meet_bottom;
      LwCurveRange range;

      if (end <= first)
        continue;
      next = end;
      if (!lw_curve_get_range (curve,
                               canvas->chart->metric,
                               smoothed,
                               first,
                               end,
                               &range,
                               &canvas->work->n_visited))
        {
          last_top = last_bottom = NAN;
          continue;
        }
      top = lw_chart_canvas_y (canvas, range.max);
      bottom = lw_chart_canvas_y (canvas, range.min);

      /* Touch the column before, so that the curve is one piece. */
      meet_top = isnan (last_top) ? top : MIN (top, last_bottom);
      meet_bottom = isnan (last_top) ? bottom : MAX (bottom, last_top);
      last_top = top;
      last_bottom = bottom;
      top = floor (MAX (meet_top, area.y - 1));
      bottom = ceil (MIN (meet_bottom, area.y + area.height + 1));
      if (bottom - top >= 1)
        cairo_rectangle (canvas->cr, area.x + column, top, 1, bottom - top);
    }
}

/* On a logarithmic axis the first steps stand far apart and the last ones crowd: the first index from
 * which a pixel column has more than one. */
static gsize
find_crowd (Extent extent)
{
  gsize next = extent.first;

  for (int column = 0; column < extent.n_columns && next < extent.end; column++)
    {
      gsize first = next;

      next = extent.ends[column];
      /* In the first column is the point to its left, too. */
      if (next - first > (first == extent.first ? 3 : 1))
        return first;
    }
  return extent.end;
}

/* Adds the path of the points themselves; a gap lifts the pen. A learning rate is one for the whole of a
 * step and another for the next: it goes in stairs, which turn where the step before ended. */
static void
trace_points (const LwChartCanvas *canvas, const LwCurve *curve, gboolean smoothed, Extent extent)
{
  const LwChart *chart = canvas->chart;
  gboolean       stairs = chart->metric == LW_CHART_RATE;
  gboolean       pen_down = FALSE;
  double         last_x = 0;

  for (gsize i = extent.first; i < extent.end; i++)
    {
      float value = smoothed ? lw_curve_get_smoothed (curve, chart->metric, i)
                             : lw_curve_get_value (curve, chart->metric, i);
      double x, y;

      canvas->work->n_visited++;
      if (!isfinite (value))
        {
          pen_down = FALSE;
          continue;
        }
      x = lw_chart_canvas_x (canvas, lw_curve_get_x (curve, i, chart->x_unit));
      y = lw_chart_canvas_y (canvas, value);
      if (!pen_down)
        cairo_move_to (canvas->cr, x, y);
      else if (stairs)
        cairo_line_to (canvas->cr, last_x, y);
      /* Also to the point just moved to: a lone point between two gaps is a dot. */
      cairo_line_to (canvas->cr, x, y);
      pen_down = TRUE;
      last_x = x;
    }
}

/* Adds the path through the columns: from smallest to largest value, or through the means. Learning
 * rates have no noise to take out: what looks like it is a schedule. */
static void
trace_columns (const LwChartCanvas *canvas, const LwCurve *curve, Extent extent)
{
  const LwChart *chart = canvas->chart;
  gboolean       crowded = extent.density >= MEANS_FROM;
  gboolean       pen_down = FALSE;
  gsize          next = extent.first;

  for (int column = 0; column < extent.n_columns && next < extent.end; column++)
    {
      gsize        first = next, end = extent.ends[column];
      double       x = canvas->area.x + column + 0.5;
      double       from, to;
      gboolean     means;
      LwCurveRange range;

      if (end == first)
        continue;
      next = end;
      if (!lw_curve_get_range (curve,
                               chart->metric,
                               TRUE,
                               first,
                               end,
                               &range,
                               &canvas->work->n_visited))
        {
          pen_down = FALSE;
          continue;
        }
      if (chart->log_x)
        crowded = end - first >= (gsize) MEANS_FROM;
      means = crowded && chart->metric != LW_CHART_RATE;
      if (end - first == 1)
        x = lw_chart_canvas_x (canvas, lw_curve_get_x (curve, first, chart->x_unit));
      from = lw_chart_canvas_y (canvas, means ? range.mean : range.min);
      to = lw_chart_canvas_y (canvas, means ? range.mean : range.max);
      /* A falling column is walked downwards. */
      if (lw_curve_get_smoothed (curve, chart->metric, first)
          > lw_curve_get_smoothed (curve, chart->metric, end - 1))
        {
          double swap = from;

          from = to;
          to = swap;
        }
      /* Half a pixel of wiggle does not show, but strokes slowly and eats up dashes. */
      if (fabs (to - from) < 0.5)
        from = to = (from + to) / 2;
      if (!pen_down)
        cairo_move_to (canvas->cr, x, from);
      cairo_line_to (canvas->cr, x, from);
      if (to != from)
        cairo_line_to (canvas->cr, x, to);
      pen_down = TRUE;
    }
}

void
lw_chart_draw_batches (const LwChartCanvas *canvas, const LwChartSeries *series)
{
  Extent extent = visible_extent (canvas, series->curve);
  LwRgba color = lw_chart_slot_color (series->slot, canvas->style->dark);
  gsize  crowd = extent.first;

  if (extent.density >= ENVELOPE_FROM)
    find_columns (canvas, series->curve, &extent);
  cairo_save (canvas->cr);
  lw_chart_set_source (canvas->cr, color, canvas->style->high_contrast ? 0.5 : 0.26);
  if (extent.density < ENVELOPE_FROM)
    crowd = extent.end;
  else if (canvas->chart->log_x)
    crowd = find_crowd (extent);
  if (crowd > extent.first)
    {
      Extent apart = extent;

      apart.end = MIN (crowd + 1, extent.end);
      cairo_set_line_width (canvas->cr, canvas->scale);
      cairo_set_line_join (canvas->cr, CAIRO_LINE_JOIN_BEVEL);
      cairo_set_antialias (canvas->cr, CAIRO_ANTIALIAS_FAST);
      trace_points (canvas, series->curve, FALSE, apart);
      cairo_stroke (canvas->cr);
    }
  if (crowd < extent.end)
    {
      extent.first = crowd;
      trace_envelope (canvas, series->curve, FALSE, extent);
      cairo_fill (canvas->cr);
      if (extent.density >= MEANS_FROM)
        {
          trace_envelope (canvas, series->curve, TRUE, extent);
          cairo_fill (canvas->cr);
        }
    }
  cairo_restore (canvas->cr);
  g_free (extent.ends);
}

void
lw_chart_draw_line (const LwChartCanvas *canvas, const LwChartSeries *series)
{
  Extent extent = visible_extent (canvas, series->curve);

  cairo_save (canvas->cr);
  lw_chart_set_source (canvas->cr, lw_chart_slot_color (series->slot, canvas->style->dark), 1);
  cairo_set_line_width (canvas->cr, (canvas->style->high_contrast ? 3 : 2.4) * canvas->scale);
  cairo_set_line_join (canvas->cr, CAIRO_LINE_JOIN_ROUND);
  lw_chart_set_slot_dash (canvas->cr, series->slot, canvas->scale);

  cairo_set_antialias (canvas->cr, CAIRO_ANTIALIAS_FAST);
  if (extent.density >= COLUMNS_FROM)
    {
      find_columns (canvas, series->curve, &extent);
      trace_columns (canvas, series->curve, extent);
    }
  else
    {
      trace_points (canvas, series->curve, TRUE, extent);
    }
  cairo_stroke (canvas->cr);
  cairo_restore (canvas->cr);
  g_free (extent.ends);
}
