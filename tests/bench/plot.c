#include "tests/bench/bench.h"

#include <cairo.h>
#include <math.h>

/* A page of log-log panels, two columns wide. */

enum { PANEL_WIDTH = 560, PANEL_HEIGHT = 400, COLUMNS = 2 };
enum { LEFT = 70, RIGHT = 20, TOP = 40, BOTTOM = 50 };

typedef struct {
  double x0, x1, y0, y1; /* the axes' ends, logarithms to base 10 */
} Axes;

static double
to_x (const Axes *axes, double value)
{
  return LEFT + (log10 (value) - axes->x0) / (axes->x1 - axes->x0) * (PANEL_WIDTH - LEFT - RIGHT);
}

static double
to_y (const Axes *axes, double value)
{
  return PANEL_HEIGHT - BOTTOM
         - (log10 (value) - axes->y0) / (axes->y1 - axes->y0) * (PANEL_HEIGHT - TOP - BOTTOM);
}

static void
text_at (cairo_t *cr, const char *text, double x, double y, double align)
{
  cairo_text_extents_t extents;

  cairo_text_extents (cr, text, &extents);
  cairo_move_to (cr, x - align * extents.x_advance, y);
  cairo_show_text (cr, text);
  cairo_new_path (cr); /* the pen stays behind the text otherwise, and lines begin there */
}

/* From the smallest to the greatest value, with a little air; milliseconds up to whole decades. */
static Axes
find_axes (const BenchSeries *series)
{
  double low = INFINITY, high = 0;
  Axes   axes;

  for (guint i = 0; i < series->n; i++)
    for (guint side = 0; side < series->n_sides; side++)
      {
        const BenchPoint *point = &series->points[i];

        low = MIN (low, 1e3 * MIN (point->seconds[side], point->limit[side]));
        high = MAX (high, 1e3 * MAX (point->seconds[side], point->limit[side]));
      }
  axes.x0 = log10 (series->points[0].x) - 0.05;
  axes.x1 = log10 (series->points[series->n - 1].x) + 0.05;
  axes.y0 = floor (log10 (low));
  axes.y1 = ceil (log10 (high));
  return axes;
}

static void
draw_axes (cairo_t *cr, const Axes *axes, const BenchSeries *series)
{
  cairo_set_line_width (cr, 1);
  cairo_set_font_size (cr, 12);
  for (double decade = axes->y0; decade <= axes->y1 + 1e-9; decade++)
    {
      const double     y = floor (to_y (axes, pow (10, decade))) + 0.5;
      g_autofree char *label = g_strdup_printf ("%g", pow (10, decade));

      cairo_set_source_rgb (cr, 0.87, 0.87, 0.87);
      cairo_move_to (cr, LEFT, y);
      cairo_line_to (cr, PANEL_WIDTH - RIGHT, y);
      cairo_stroke (cr);
      cairo_set_source_rgb (cr, 0.2, 0.2, 0.2);
      text_at (cr, label, LEFT - 8, y + 4, 1);
    }
  for (guint i = 0; i < series->n; i++)
    {
      const double     x = floor (to_x (axes, series->points[i].x)) + 0.5;
      g_autofree char *label = g_strdup_printf ("%g", series->points[i].x);

      cairo_set_source_rgb (cr, 0.93, 0.93, 0.93);
      cairo_move_to (cr, x, TOP);
      cairo_line_to (cr, x, PANEL_HEIGHT - BOTTOM);
      cairo_stroke (cr);
      cairo_set_source_rgb (cr, 0.2, 0.2, 0.2);
      text_at (cr, label, x, PANEL_HEIGHT - BOTTOM + 18, 0.5);
    }
  text_at (cr, series->axis, (PANEL_WIDTH + LEFT - RIGHT) / 2.0, PANEL_HEIGHT - 12, 0.5);
  text_at (cr, "ms a step", 8, TOP - 8, 0);
  cairo_set_font_size (cr, 14);
  text_at (cr, series->title, (PANEL_WIDTH + LEFT - RIGHT) / 2.0, 22, 0.5);
}

static void
draw_line (cairo_t *cr, const Axes *axes, const BenchSeries *series, guint side, gboolean limit)
{
  static const double dashes[] = { 5, 4 };

  cairo_save (cr);
  if (side == BENCH_ONE)
    cairo_set_source_rgb (cr, 0x08 / 255., 0x77 / 255., 0xbd / 255.);
  else
    cairo_set_source_rgb (cr, 0xf5 / 255., 0x93 / 255., 0x22 / 255.);
  cairo_set_line_width (cr, limit ? 1 : 2);
  if (limit)
    cairo_set_dash (cr, dashes, G_N_ELEMENTS (dashes), 0);
  for (guint i = 0; i < series->n; i++)
    {
      const BenchPoint *point = &series->points[i];

      cairo_line_to (cr, to_x (axes, point->x),
                     to_y (axes, 1e3 * (limit ? point->limit[side] : point->seconds[side])));
    }
  cairo_stroke (cr);
  for (guint i = 0; !limit && i < series->n; i++)
    {
      const double x = to_x (axes, series->points[i].x);
      const double y = to_y (axes, 1e3 * series->points[i].seconds[side]);

      /* Circles and squares: the sides differ by more than colour. */
      if (side == BENCH_ONE)
        cairo_arc (cr, x, y, 3.5, 0, 2 * G_PI);
      else
        cairo_rectangle (cr, x - 3.5, y - 3.5, 7, 7);
      cairo_fill (cr);
    }
  cairo_restore (cr);
}

static void
draw_legend (cairo_t *cr, int n_threads)
{
  const Axes        axes = { 0, 1, 0, 1 };
  g_autofree char  *all = g_strdup_printf ("%d threads, measured", n_threads);
  const char *const words[] = { "1 thread, measured", all,
                                "the arithmetic at the multiply-add limit" };

  cairo_set_font_size (cr, 13);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      BenchSeries sample = { .n = 2 };

      for (guint k = 0; k < 2; k++)
        {
          sample.points[k].x = k == 0 ? 1 : 1.3;
          for (guint side = 0; side < BENCH_N_SIDES; side++)
            sample.points[k].seconds[side] = sample.points[k].limit[side]
              = pow (10, 0.7 - 0.12 * i) * 1e-3;
        }
      draw_line (cr, &axes, &sample, i == 1 ? BENCH_ALL : BENCH_ONE, i == 2);
      cairo_set_source_rgb (cr, 0.1, 0.1, 0.1);
      text_at (cr, words[i], to_x (&axes, 1.4), to_y (&axes, pow (10, 0.7 - 0.12 * i)) + 4, 0);
    }
}

gboolean
bench_plot (const char *path, const BenchSeries *series, guint n, int n_threads, GError **error)
{
  const int        rows = (int) (n + COLUMNS) / COLUMNS; /* the legend is one more */
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, COLUMNS * PANEL_WIDTH,
                                                         rows * PANEL_HEIGHT);
  cairo_t         *cr = cairo_create (surface);
  cairo_status_t   status;

  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_paint (cr);
  cairo_select_font_face (cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  for (guint i = 0; i <= n; i++)
    {
      cairo_save (cr);
      cairo_translate (cr, (int) i % COLUMNS * PANEL_WIDTH, (int) i / COLUMNS * PANEL_HEIGHT);
      if (i == n)
        draw_legend (cr, n_threads);
      else
        {
          const Axes axes = find_axes (&series[i]);

          draw_axes (cr, &axes, &series[i]);
          for (guint side = 0; side < series[i].n_sides; side++)
            {
              draw_line (cr, &axes, &series[i], side, TRUE);
              draw_line (cr, &axes, &series[i], side, FALSE);
            }
        }
      cairo_restore (cr);
    }
  cairo_destroy (cr);
  status = cairo_surface_write_to_png (surface, path);
  cairo_surface_destroy (surface);
  if (status != CAIRO_STATUS_SUCCESS)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s could not be written: %s", path,
                 cairo_status_to_string (status));
  return status == CAIRO_STATUS_SUCCESS;
}
