#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/charts/chart-private.h"
#include "ui/charts/chart-text.h"

/* What stands on the curves: validation results, the best epoch, the current value. */

#define FULL_SIZE     9.0
#define SUBSET_SIZE   4.4
#define MIN_DISTANCE  7.0 /* between neighbours of one kind; those in between are left out */
#define RING          8.0 /* about the best epoch's marker */
#define BEST_FROM     3   /* results from which "best" says something */

static gboolean
is_inside (const LwChartCanvas *canvas, double x, double y)
{
  return x >= canvas->area.x - 1 && x <= canvas->area.x + canvas->area.width + 1
         && y >= canvas->area.y - 1 && y <= canvas->area.y + canvas->area.height + 1;
}

void
lw_chart_ringed_marker (const LwChartCanvas *canvas, guint slot, double x, double y, double size)
{
  LwMarker marker = lw_chart_slot_marker (slot);

  lw_chart_set_source (canvas->cr, canvas->style->background, 1);
  lw_chart_marker (canvas->cr, marker, x, y, (size + 3) * canvas->scale);
  lw_chart_set_source (canvas->cr, lw_chart_slot_color (slot, canvas->style->dark), 1);
  lw_chart_marker (canvas->cr, marker, x, y, size * canvas->scale);
}

void
lw_chart_ringed_dot (const LwChartCanvas *canvas, guint slot, double x, double y)
{
  lw_chart_set_source (canvas->cr, canvas->style->background, 1);
  lw_chart_marker (canvas->cr, LW_MARKER_CIRCLE, x, y, (FULL_SIZE + 3) * canvas->scale);
  lw_chart_set_source (canvas->cr, lw_chart_slot_color (slot, canvas->style->dark), 1);
  lw_chart_marker (canvas->cr, LW_MARKER_CIRCLE, x, y, FULL_SIZE * canvas->scale);
}

static void
draw_subset_marker (const LwChartCanvas *canvas, guint slot, double x, double y)
{
  cairo_t *cr = canvas->cr;

  cairo_new_path (cr);
  cairo_arc (cr, x, y, SUBSET_SIZE / 2 * canvas->scale, 0, 2 * G_PI);
  lw_chart_set_source (cr, canvas->style->background, 1);
  cairo_fill_preserve (cr);
  lw_chart_set_source (cr, lw_chart_slot_color (slot, canvas->style->dark), 1);
  cairo_set_line_width (cr, 1.5 * canvas->scale);
  cairo_stroke (cr);
}

static void
draw_marks (const LwChartCanvas *canvas, const LwChartSeries *series, LwPointKind kind)
{
  const LwChart     *chart = canvas->chart;
  double             spacing = MIN_DISTANCE * canvas->scale;
  gsize              n_marks;
  const LwCurveMark *marks = lw_curve_get_marks (series->curve, kind, &n_marks);
  gsize              i = lw_curve_find_mark (series->curve, kind, chart->x_unit, chart->x_min, 0);

  while (i < n_marks)
    {
      double at = lw_curve_get_mark_x (series->curve, &marks[i], chart->x_unit);
      double value = marks[i].values[chart->metric];
      double x = lw_chart_canvas_x (canvas, at);
      double y = lw_chart_canvas_y (canvas, isfinite (value) ? value : 0);
      gsize  next;

      if (at > chart->x_max)
        break;
      canvas->work->n_visited++;
      if (isfinite (value) && is_inside (canvas, x, y))
        {
          if (kind == LW_POINT_TEST)
            lw_chart_ringed_marker (canvas, series->slot, x, y, FULL_SIZE);
          else
            draw_subset_marker (canvas, series->slot, x, y);
        }
      next = lw_curve_find_mark (series->curve,
                                 kind,
                                 chart->x_unit,
                                 lw_chart_pixel_to_x (chart, &canvas->area, x + spacing),
                                 i + 1);
      /* The newest result is always there. */
      i = next == n_marks && i + 1 < n_marks ? n_marks - 1 : next;
    }
}

static gboolean
overlaps (LwChartArea a, LwChartArea b)
{
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/* Where the best epoch's marker is: that of the lowest loss, on every chart. FALSE where there is none to
 * be seen. */
static gboolean
find_best (const LwChartCanvas *canvas, const LwChartSeries *series, double *x, double *y)
{
  const LwChart     *chart = canvas->chart;
  const LwCurveMark *best = lw_curve_get_best (series->curve);
  gsize              n_marks;

  lw_curve_get_marks (series->curve, LW_POINT_TEST, &n_marks);
  if (n_marks < BEST_FROM || best == NULL || !isfinite (best->values[chart->metric]))
    return FALSE;
  *x = lw_chart_canvas_x (canvas, lw_curve_get_mark_x (series->curve, best, chart->x_unit));
  *y = lw_chart_canvas_y (canvas, best->values[chart->metric]);
  return is_inside (canvas, *x, *y);
}

/* `taken` is where the current value is written. */
static void
draw_best (const LwChartCanvas *canvas, const LwChartSeries *series, LwChartArea taken)
{
  const LwChart *chart = canvas->chart;
  double         x, y, side, left, right;
  LwChartArea    word;

  if (!find_best (canvas, series, &x, &y))
    return;

  lw_chart_ringed_marker (canvas, series->slot, x, y, FULL_SIZE);
  cairo_new_path (canvas->cr);
  cairo_arc (canvas->cr, x, y, RING * canvas->scale, 0, 2 * G_PI);
  lw_chart_set_source (canvas->cr, lw_chart_slot_color (series->slot, canvas->style->dark), 1);
  cairo_set_line_width (canvas->cr, 1.5 * canvas->scale);
  cairo_stroke (canvas->cr);

  /* Test loss mostly runs below the curve and test accuracy above it: there is room there. */
  side = chart->metric == LW_CHART_LOSS ? 1 : -1;
  lw_chart_text_size (canvas->cr,
                      canvas->style,
                      LW_CHART_CAPTION,
                      _("best"),
                      &word.width,
                      &word.height);
  left = canvas->area.x;
  right = canvas->area.x + canvas->area.width;
  word.x = CLAMP (x - word.width / 2, left, right - word.width);
  for (int i = 0; i < 2; i++, side = -side)
    {
      word.y = y + side * 18 * canvas->scale - word.height / 2;
      if (word.y < canvas->area.y || word.y + word.height > canvas->area.y + canvas->area.height
          || overlaps (word, taken))
        continue;
      /* It may stand on the batches' values. */
      lw_chart_rounded_rect (canvas->cr,
                             word.x - 2,
                             word.y,
                             word.width + 4,
                             word.height,
                             4 * canvas->scale);
      lw_chart_set_source (canvas->cr, canvas->style->background, 0.75);
      cairo_fill (canvas->cr);
      lw_chart_set_source (canvas->cr, canvas->style->foreground, lw_chart_dim (canvas));
      lw_chart_text (canvas->cr,
                     canvas->style,
                     LW_CHART_CAPTION,
                     _("best"),
                     word.x,
                     word.y,
                     0,
                     0);
      break;
    }
}

void
lw_chart_draw_tests (const LwChartCanvas *canvas, const LwChartSeries *series)
{
  draw_marks (canvas, series, LW_POINT_TEST);
}

/* How far below the end of the curve the middle of a label to its left is. Beside the curve, not on its end,
 * where test results mostly are not, and not on the best epoch. */
static double
choose_offset (const LwChartCanvas *canvas, const LwChartSeries *series, LwChartArea box)
{
  double       side = canvas->chart->metric == LW_CHART_LOSS ? -1 : 1;
  const double offsets[] = { side, -side, 2.2 * side, -2.2 * side };
  double       reach = (RING + 2) * canvas->scale;
  double       x, y;

  if (find_best (canvas, series, &x, &y))
    for (guint i = 0; i < G_N_ELEMENTS (offsets); i++)
      {
        LwChartArea ring = { x - reach, y - reach, 2 * reach, 2 * reach };
        LwChartArea moved = box;

        moved.y += offsets[i] * box.height;
        if (moved.y >= canvas->area.y
            && moved.y + moved.height <= canvas->area.y + canvas->area.height
            && !overlaps (moved, ring))
          return offsets[i] * box.height;
      }
  return side * box.height;
}

static LwChartArea
draw_value (const LwChartCanvas *canvas, const LwChartSeries *series)
{
  const LwChart   *chart = canvas->chart;
  cairo_t         *cr = canvas->cr;
  double           scale = canvas->scale;
  gsize            index;
  double           at, value, x, y, width, height, left, top;
  LwChartArea      box = { 0 };
  g_autofree char *text = NULL;

  if (!lw_curve_get_last (series->curve, chart->metric, &index))
    return box;
  at = lw_curve_get_x (series->curve, index, chart->x_unit);
  value = lw_curve_get_smoothed (series->curve, chart->metric, index);
  if (at < chart->x_min || at > chart->x_max)
    return box;

  x = lw_chart_canvas_x (canvas, at);
  y = lw_chart_canvas_y (canvas, value);
  if (is_inside (canvas, x, y))
    lw_chart_ringed_marker (canvas, series->slot, x, y, FULL_SIZE);

  text = lw_chart_format_value (chart->metric, value, 3);
  lw_chart_text_size (cr, canvas->style, LW_CHART_BODY_SMALL_BOLD, text, &width, &height);
  width = round (width + 14 * scale);
  height = round (height + 4 * scale);
  left = round (x + 7 * scale);
  top = y - height / 2;
  if (left + width > canvas->area.x + canvas->area.width)
    {
      left = round (x - 7 * scale - width);
      top += choose_offset (canvas, series, (LwChartArea) { left, top, width, height });
    }
  top = round (top);
  top = CLAMP (top, canvas->area.y, canvas->area.y + canvas->area.height - height);

  lw_chart_rounded_rect (cr, left + 0.5, top + 0.5, width - 1, height - 1, 6 * scale);
  lw_chart_set_source (cr, canvas->style->background, 1);
  cairo_fill_preserve (cr);
  lw_chart_set_source (cr, lw_chart_slot_color (series->slot, canvas->style->dark), 1);
  cairo_set_line_width (cr, 1.3 * scale);
  cairo_stroke (cr);
  lw_chart_set_source (cr, canvas->style->foreground, 1);
  lw_chart_text (cr,
                 canvas->style,
                 LW_CHART_BODY_SMALL_BOLD,
                 text,
                 left + width / 2,
                 top + height / 2,
                 0.5,
                 0.5);

  box = (LwChartArea) { left, top, width, height };
  return box;
}

void
lw_chart_draw_samples (const LwChartCanvas *canvas, const LwChartSeries *series)
{
  draw_marks (canvas, series, LW_POINT_SAMPLE);
}

void
lw_chart_draw_value (const LwChartCanvas *canvas, const LwChartSeries *series)
{
  draw_best (canvas, series, draw_value (canvas, series));
}
