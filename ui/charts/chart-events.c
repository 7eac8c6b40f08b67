#include <math.h>

#include "ui/charts/chart-private.h"
#include "ui/charts/chart-text.h"

/* What happened to the run: a dotted line where it happened, and a flag at the bottom that says what.
 * Flags that would lie over each other stand one above the other; where that is not enough, the later
 * ones are left out, but never their lines. */

#define MAX_ROWS     3
#define MAX_AT_PLACE 3 /* of one pixel's events */

typedef struct {
  double right[MAX_ROWS]; /* where the next flag of a row may begin */
  double height;          /* of a row */
  double bottom;
} Rows;

/* A flag on the pole at `x`, notched where it flies away from its pole: to the right, or to the left
 * where there is no room. */
static void
draw_flag (const LwChartCanvas *canvas, Rows *rows, double x, const char *note)
{
  cairo_t         *cr = canvas->cr;
  double           scale = canvas->scale;
  double           width, height, away, left, bottom;
  int              row = 0;
  gboolean         high_contrast = canvas->style->high_contrast;

  lw_chart_text_size (cr, canvas->style, LW_CHART_CAPTION, note, &width, &height);
  width += 12 * scale;
  away = x + width > canvas->area.x + canvas->area.width ? -1 : 1;
  left = away < 0 ? x - width : x;
  while (row < MAX_ROWS && left < rows->right[row])
    row++;
  if (row == MAX_ROWS || left < canvas->area.x)
    return;

  rows->right[row] = left + width + 2 * scale;
  bottom = rows->bottom - row * rows->height;
  cairo_move_to (cr, x, bottom - height);
  cairo_rel_line_to (cr, away * width, 0);
  cairo_rel_line_to (cr, -away * 4 * scale, height / 2);
  cairo_rel_line_to (cr, away * 4 * scale, height / 2);
  cairo_rel_line_to (cr, -away * width, 0);
  cairo_close_path (cr);
  lw_chart_set_source (cr, canvas->style->background, 1);
  cairo_fill_preserve (cr);
  lw_chart_set_source (cr, canvas->style->foreground, 0.12);
  cairo_fill_preserve (cr);
  if (high_contrast)
    {
      lw_chart_set_source (cr, canvas->style->foreground, 1);
      cairo_set_dash (cr, NULL, 0, 0);
      cairo_stroke (cr);
    }
  cairo_new_path (cr);
  lw_chart_set_source (cr, canvas->style->foreground, high_contrast ? 1 : 0.85);
  lw_chart_text (cr,
                 canvas->style,
                 LW_CHART_CAPTION,
                 note,
                 left + (away < 0 ? 7 : 4) * scale,
                 bottom - height / 2,
                 0,
                 0.5);
}

static void
draw_pole (const LwChartCanvas *canvas, double x)
{
  static const double dots[] = { 1, 3 };
  cairo_t            *cr = canvas->cr;

  lw_chart_set_source (cr, canvas->style->foreground, canvas->style->high_contrast ? 1 : 0.6);
  cairo_set_line_width (cr, 1);
  cairo_set_dash (cr, dots, G_N_ELEMENTS (dots), 0);
  /* From below the epochs' names. */
  cairo_move_to (cr, x, canvas->area.y + 20 * canvas->scale);
  cairo_line_to (cr, x, canvas->area.y + canvas->area.height);
  cairo_stroke (cr);
}

void
lw_chart_draw_events (const LwChartCanvas *canvas, const LwChartSeries *series)
{
  const LwChart     *chart = canvas->chart;
  gsize              n_marks;
  const LwCurveMark *marks = lw_curve_get_marks (series->curve, LW_POINT_EVENT, &n_marks);
  gsize i = lw_curve_find_mark (series->curve, LW_POINT_EVENT, chart->x_unit, chart->x_min, 0);
  Rows  rows = { .bottom = canvas->area.y + canvas->area.height - 2 };

  if (i == n_marks)
    return;
  for (int row = 0; row < MAX_ROWS; row++)
    rows.right[row] = canvas->area.x;
  lw_chart_text_size (canvas->cr,
                      canvas->style,
                      LW_CHART_CAPTION,
                      marks[i].note,
                      NULL,
                      &rows.height);
  rows.height += 2;

  cairo_save (canvas->cr);
  while (i < n_marks)
    {
      double at = lw_curve_get_mark_x (series->curve, &marks[i], chart->x_unit);
      double x = floor (lw_chart_canvas_x (canvas, at)) + 0.5;
      gsize  next;

      if (at > chart->x_max)
        break;
      draw_pole (canvas, x);
      next = lw_curve_find_mark (series->curve,
                                 LW_POINT_EVENT,
                                 chart->x_unit,
                                 lw_chart_pixel_to_x (chart, &canvas->area, x + 2),
                                 i + 1);
      for (gsize k = i; k < MIN (next, i + MAX_AT_PLACE); k++, canvas->work->n_visited++)
        if (marks[k].note[0] != '\0')
          draw_flag (canvas, &rows, x, marks[k].note);
      i = next;
    }
  cairo_restore (canvas->cr);
}
