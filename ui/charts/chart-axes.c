#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/charts/chart-private.h"
#include "ui/charts/chart-text.h"
#include "ui/charts/chart-ticks.h"

/* What stands around the curves: grid, tick labels, titles, key. */

#define MIN_LABEL_GAP 24.0 /* px between two tick labels */

static char *
format_y_tick (const LwChart *chart, const LwChartTicks *ticks, double value)
{
  g_autofree char *number = NULL;

  switch (chart->metric)
    {
    case LW_CHART_ACCURACY:
      number = lw_chart_format_tick (value * 100, ticks->step * 100);
      return g_strconcat (number, "\342\200\257%", NULL);
    case LW_CHART_RATE:
      /* "0.00025" would not fit the margin. */
      return chart->y_max < 0.01 ? lw_chart_format_power (value, 3)
                                 : lw_chart_format_digits (value, 3);
    case LW_CHART_LOSS:
    default:
      return lw_chart_format_tick (value, ticks->step);
    }
}

static void
draw_y_axis (const LwChartCanvas *canvas)
{
  const LwChart    *chart = canvas->chart;
  cairo_t          *cr = canvas->cr;
  const LwChartArea area = canvas->area;
  guint             max_ticks = (guint) CLAMP (area.height / (26 * canvas->scale), 2, 6);
  LwChartTicks      ticks = chart->log_y
                                ? lw_chart_ticks_log (chart->y_min, chart->y_max, max_ticks)
                                : lw_chart_ticks_linear (chart->y_min, chart->y_max, max_ticks, 0);

  for (guint i = 0; i < ticks.n_values; i++)
    {
      double           y = floor (lw_chart_canvas_y (canvas, ticks.values[i])) + 0.5;
      g_autofree char *label = format_y_tick (chart, &ticks, ticks.values[i]);

      if (y > area.y + area.height)
        y -= 1;
      lw_chart_set_source (cr,
                           canvas->style->foreground,
                           canvas->style->high_contrast ? 0.4 : 0.09);
      cairo_set_line_width (cr, 1);
      cairo_move_to (cr, area.x, y);
      cairo_rel_line_to (cr, area.width, 0);
      cairo_stroke (cr);

      lw_chart_set_source (cr, canvas->style->foreground, lw_chart_dim (canvas));
      lw_chart_text (cr,
                     canvas->style,
                     LW_CHART_CAPTION,
                     label,
                     area.x - 8 * canvas->scale,
                     y,
                     1,
                     0.5);
    }
}

static char *
format_x_tick (const LwChart *chart, const LwChartTicks *ticks, double value)
{
  if (chart->x_unit != LW_CHART_X_SECONDS)
    return lw_chart_format_tick (value, ticks->step);
  if (ticks->step <= 0)
    return lw_chart_format_time (value, value >= 1 ? 0 : (int) ceil (-log10 (value) - 1e-9));
  /* One way of writing for the whole axis: "0:30, 1:00", not "30 s, 1:00". */
  if (ticks->values[ticks->n_values - 1] >= 60)
    return value < 60 ? g_strdup_printf ("0:%02d", (int) (value + 0.5))
                      : lw_chart_format_time (value, 0);
  return lw_chart_format_time (value, ticks->step >= 1 ? 0 : ticks->step >= 0.1 ? 1 : 2);
}

static LwChartTicks
x_ticks (const LwChart *chart, guint max_ticks)
{
  double       min_step = chart->x_unit == LW_CHART_X_STEP ? 1 : 0;
  LwChartTicks ticks;

  if (chart->x_unit == LW_CHART_X_SECONDS)
    return chart->log_x ? lw_chart_ticks_log_time (chart->x_min, chart->x_max, max_ticks)
                        : lw_chart_ticks_time (chart->x_min, chart->x_max, max_ticks);
  if (chart->log_x)
    {
      ticks = lw_chart_ticks_log (chart->x_min, chart->x_max, max_ticks);
      /* It falls back on linear ones, which know nothing of whole steps. */
      if (ticks.step == 0 || ticks.step >= min_step)
        return ticks;
    }
  return lw_chart_ticks_linear (chart->x_min, chart->x_max, max_ticks, min_step);
}

/* As many ticks as there is room for, up to one in 80 px. */
static LwChartTicks
fit_x_ticks (const LwChartCanvas *canvas)
{
  guint        most = (guint) CLAMP (canvas->area.width / (80 * canvas->scale), 2, 12);
  LwChartTicks ticks = { .n_values = 0 };

  for (guint max_ticks = most; max_ticks >= 2; max_ticks--)
    {
      double   right = -INFINITY;
      gboolean fits = TRUE;

      ticks = x_ticks (canvas->chart, max_ticks);
      for (guint i = 0; i < ticks.n_values && fits; i++)
        {
          g_autofree char *label = format_x_tick (canvas->chart, &ticks, ticks.values[i]);
          double           x = lw_chart_canvas_x (canvas, ticks.values[i]);
          double           width;

          lw_chart_text_size (canvas->cr, canvas->style, LW_CHART_CAPTION, label, &width, NULL);
          fits = x - width / 2 >= right + MIN_LABEL_GAP * canvas->scale;
          right = x + width / 2;
        }
      if (fits)
        break;
    }
  return ticks;
}

static void
draw_x_axis (const LwChartCanvas *canvas)
{
  cairo_t          *cr = canvas->cr;
  const LwChartArea area = canvas->area;
  LwChartTicks      ticks = fit_x_ticks (canvas);

  for (guint i = 0; i < ticks.n_values; i++)
    {
      double           x = lw_chart_canvas_x (canvas, ticks.values[i]);
      g_autofree char *label = format_x_tick (canvas->chart, &ticks, ticks.values[i]);
      double           width;

      lw_chart_set_source (cr,
                           canvas->style->foreground,
                           canvas->style->high_contrast ? 0.8 : 0.2);
      cairo_set_line_width (cr, 1);
      cairo_move_to (cr, MIN (floor (x), area.x + area.width - 1) + 0.5, area.y + area.height);
      cairo_rel_line_to (cr, 0, 4 * canvas->scale);
      cairo_stroke (cr);
      lw_chart_set_source (cr, canvas->style->foreground, lw_chart_dim (canvas));
      /* The last one may be wider than the margin. */
      lw_chart_text_size (cr, canvas->style, LW_CHART_CAPTION, label, &width, NULL);
      lw_chart_text (cr,
                     canvas->style,
                     LW_CHART_CAPTION,
                     label,
                     MIN (x, canvas->width - 2 - width / 2),
                     area.y + area.height + 13 * canvas->scale,
                     0.5,
                     0.5);
    }
}

void
lw_chart_draw_axes (const LwChartCanvas *canvas)
{
  draw_y_axis (canvas);
  draw_x_axis (canvas);
}

static char *
axis_title (const LwChart *chart)
{
  g_autofree char *steps = NULL;

  switch (chart->x_unit)
    {
    case LW_CHART_X_SECONDS:
      return g_strdup (_("Time (pauses not counted)"));
    case LW_CHART_X_EPOCH:
      if (chart->steps_per_epoch <= 0)
        return g_strdup (_("Epoch"));
      steps = lw_chart_format_count (chart->steps_per_epoch);
      return g_strdup_printf (_("Epoch (1 epoch = %s steps)"), steps);
    case LW_CHART_X_STEP:
    default:
      if (chart->batch_size <= 0)
        return g_strdup (_("Step"));
      return g_strdup_printf (ngettext ("Step (1 step = one batch of %d image)",
                                        "Step (1 step = one batch of %d images)",
                                        (gulong) chart->batch_size),
                              chart->batch_size);
    }
}

/* "line: training · ● 10,000 test images · ○ 1,000 of them", as far as there are such points. */
static char *
key_text (const LwChart *chart)
{
  const LwChartSeries *series = lw_chart_get_selected (chart);
  const LwCurveMark   *marks;
  GString             *key;
  gsize                n_marks;
  gboolean             has_test = FALSE;

  if (series == NULL || lw_curve_get_length (series->curve) == 0)
    return NULL;

  key = g_string_new (_("line: training"));
  marks = lw_curve_get_marks (series->curve, LW_POINT_TEST, &n_marks);
  if (n_marks > 0 && marks[n_marks - 1].n_images > 0)
    {
      g_autofree char *count = lw_chart_format_count (marks[n_marks - 1].n_images);

      g_string_append (key, " · ");
      g_string_append_printf (key, _("● %s test images"), count);
      has_test = TRUE;
    }
  marks = lw_curve_get_marks (series->curve, LW_POINT_SAMPLE, &n_marks);
  if (n_marks > 0 && marks[n_marks - 1].n_images > 0)
    {
      g_autofree char *count = lw_chart_format_count (marks[n_marks - 1].n_images);

      g_string_append (key, " · ");
      g_string_append_printf (key, has_test ? _("○ %s of them") : _("○ %s test images"), count);
    }
  return g_string_free (key, FALSE);
}

/* What the first n runs take, each with 14 px before it. */
static double
legend_width (const LwChartCanvas *canvas, guint n)
{
  double sum = 0;

  for (guint i = 0; i < n; i++)
    {
      double width;

      lw_chart_text_size (canvas->cr,
                          canvas->style,
                          LW_CHART_CAPTION,
                          canvas->chart->series[i].name,
                          &width,
                          NULL);
      sum += width + (28 + 5 + 14) * canvas->scale;
    }
  return sum;
}

/* From the right, the selected run first; of names that do not fit it says how many there are. */
static void
draw_legend (const LwChartCanvas *canvas, double left_end, double middle)
{
  const LwChart   *chart = canvas->chart;
  double           scale = canvas->scale;
  double           x = canvas->area.x + canvas->area.width;
  double           widths = 0;
  guint            n_fit = 0;
  g_autofree char *rest = NULL;

  for (guint n = 1; n <= chart->n_series && x - legend_width (canvas, n) >= left_end; n++)
    n_fit = n;
  widths = legend_width (canvas, n_fit);
  if (n_fit < chart->n_series)
    {
      double width;

      /* It takes the room of the last one, and needs less. */
      n_fit -= MIN (n_fit, 1);
      rest = g_strdup_printf (_("+%u"), chart->n_series - n_fit);
      lw_chart_text_size (canvas->cr, canvas->style, LW_CHART_CAPTION, rest, &width, NULL);
      lw_chart_set_source (canvas->cr, canvas->style->foreground, lw_chart_dim (canvas));
      lw_chart_text (canvas->cr, canvas->style, LW_CHART_CAPTION, rest, x, middle, 1, 0.5);
      x -= width + 14 * scale;
      widths = legend_width (canvas, n_fit);
    }
  x -= widths;
  for (guint i = 0; i < n_fit; i++)
    {
      x += 14 * scale;
      lw_chart_swatch (canvas->cr, canvas->style, chart->series[i].slot, x, middle, 28 * scale);
      x += 33 * scale;
      lw_chart_set_source (canvas->cr,
                           canvas->style->foreground,
                           canvas->style->high_contrast ? 1 : 0.85);
      x += lw_chart_text (canvas->cr,
                          canvas->style,
                          LW_CHART_CAPTION,
                          chart->series[i].name,
                          x,
                          middle,
                          0,
                          0.5);
    }
}

void
lw_chart_draw_titles (const LwChartCanvas *canvas)
{
  const LwChart    *chart = canvas->chart;
  cairo_t          *cr = canvas->cr;
  const LwChartArea area = canvas->area;
  double            middle = 12.5 * canvas->scale;
  double            left_end = 12 * canvas->scale;
  g_autofree char  *axis = NULL;
  g_autofree char  *key = NULL;

  lw_chart_set_source (cr, canvas->style->foreground, 1);
  left_end += lw_chart_text (cr,
                             canvas->style,
                             LW_CHART_HEADING,
                             lw_chart_metric_name (chart->metric),
                             left_end,
                             middle,
                             0,
                             0.5)
              + 12 * canvas->scale;

  if (chart->show_legend)
    {
      draw_legend (canvas, left_end, middle);
    }
  else if (chart->show_epoch_labels && (key = key_text (chart)))
    {
      double width;

      lw_chart_text_size (cr, canvas->style, LW_CHART_CAPTION, key, &width, NULL);
      lw_chart_set_source (cr, canvas->style->foreground, lw_chart_dim (canvas));
      if (area.x + area.width - width >= left_end)
        lw_chart_text (cr,
                       canvas->style,
                       LW_CHART_CAPTION,
                       key,
                       area.x + area.width,
                       middle,
                       1,
                       0.5);
    }

  if (chart->show_axis_title)
    {
      axis = axis_title (chart);
      lw_chart_set_source (cr, canvas->style->foreground, lw_chart_dim (canvas));
      lw_chart_text (cr,
                     canvas->style,
                     LW_CHART_CAPTION,
                     axis,
                     area.x + area.width / 2,
                     area.y + area.height + 30 * canvas->scale,
                     0.5,
                     0.5);
    }
}
