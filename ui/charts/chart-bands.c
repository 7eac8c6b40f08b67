#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/charts/chart-private.h"
#include "ui/charts/chart-text.h"
#include "ui/charts/chart-ticks.h"

/* The epochs behind the curves: bands, and their names at the top. */

#define MIN_BAND       3.0  /* px; narrower bands would be a grey haze */
#define MIN_LABEL_STEP 48.0 /* px between two epochs' names */
#define MIN_LABEL_ROOM 12.0 /* px beside a name in its band */

/* Only every 2nd, 5th, 10th, … epoch is named when they are narrow. */
static int
epoch_label_stride (double band_width, double scale)
{
  double stride = MIN_LABEL_STEP * scale / band_width;

  return stride <= 1 ? 1 : (int) MIN (lw_chart_nice_step (stride), 1e9);
}

static void
draw_band (const LwChartCanvas *canvas, int number, double begin, double end, int stride)
{
  cairo_t          *cr = canvas->cr;
  const LwChartArea area = canvas->area;
  double            left = CLAMP (lw_chart_canvas_x (canvas, begin), area.x, area.x + area.width);
  double            right = CLAMP (lw_chart_canvas_x (canvas, end), area.x, area.x + area.width);
  double            width;
  g_autofree char  *label = NULL;

  if (right <= left)
    return;
  if (number % 2 == 1)
    {
      lw_chart_set_source (cr,
                           canvas->style->foreground,
                           canvas->style->high_contrast ? 0.08 : 0.03);
      cairo_rectangle (cr, round (left), area.y, round (right) - round (left), area.height);
      cairo_fill (cr);
    }

  if (!canvas->chart->show_epoch_labels || stride == 0 || number % stride != 0)
    return;
  label = g_strdup_printf (_("Epoch %d"), number);
  lw_chart_text_size (cr, canvas->style, LW_CHART_CAPTION, label, &width, NULL);
  if (stride == 1 && number > 1 && width + MIN_LABEL_ROOM * canvas->scale > right - left)
    {
      /* What the numbers count stands at the first. */
      g_free (label);
      label = lw_chart_format_count (number);
      lw_chart_text_size (cr, canvas->style, LW_CHART_CAPTION, label, &width, NULL);
    }
  if ((left + right - width) / 2 < area.x || (left + right + width) / 2 > area.x + area.width)
    return;
  if (stride == 1 && width > right - left)
    return;
  lw_chart_set_source (cr, canvas->style->foreground, lw_chart_dim (canvas));
  lw_chart_text (cr,
                 canvas->style,
                 LW_CHART_CAPTION,
                 label,
                 (left + right) / 2,
                 area.y + 10 * canvas->scale,
                 0.5,
                 0.5);
}

typedef struct {
  int    number;
  double begin, end;
} Band;

/* The i-th epoch from the run's start on. Those that were run have the length they had: steps of one
 * example make one longer. The plan tells of the others. FALSE where there is none to tell of. */
static gboolean
get_band (const LwChart *chart, const LwCurve *curve, guint i, Band *band)
{
  double planned = chart->x_unit == LW_CHART_X_EPOCH ? 1 : (double) chart->steps_per_epoch;
  guint  n_epochs = curve ? lw_curve_get_n_epochs (curve) : 0;
  guint  before = 0, n;
  double ignored;

  *band = (Band) { 0 };
  if (n_epochs > 0)
    {
      /* A history may begin amid a run. */
      int first;

      lw_curve_get_epoch (curve, 0, chart->x_unit, &first, &ignored, &ignored);
      before = (guint) MAX (first - 1, 0);
    }
  if (n_epochs > 0 && i >= before)
    {
      n = MIN (i - before, n_epochs - 1);
      lw_curve_get_epoch (curve, n, chart->x_unit, &band->number, &band->begin, &band->end);
      if (i == before + n)
        return TRUE;
      i -= before + n + 1;
    }
  /* So many planned ones behind the last that was run, or from the start on. */
  band->number += (int) i + 1;
  band->begin = band->end + i * planned;
  band->end = band->begin + planned;
  return planned > 0;
}

/* The first epoch that reaches into view. */
static guint
find_band (const LwChart *chart, const LwCurve *curve)
{
  guint low = 0, high = 1;
  Band  band;

  while (high < G_MAXINT / 2 && get_band (chart, curve, high, &band) && band.end <= chart->x_min)
    {
      low = high;
      high *= 2;
    }
  while (low < high)
    {
      guint middle = (low + high) / 2;

      if (get_band (chart, curve, middle, &band) && band.end <= chart->x_min)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static void
draw_bands_by_step (const LwChartCanvas *canvas)
{
  const LwChart       *chart = canvas->chart;
  const LwChartSeries *series = lw_chart_get_selected (chart);
  const LwCurve       *curve = series ? series->curve : NULL;
  double               planned = chart->x_unit == LW_CHART_X_EPOCH ? 1 : (double) chart->steps_per_epoch;
  int                  stride = 1;
  Band                 band;

  if (!chart->log_x && planned > 0)
    {
      double width = planned / (chart->x_max - chart->x_min) * canvas->area.width;

      if (width < MIN_BAND)
        return;
      stride = epoch_label_stride (width, canvas->scale);
    }
  for (guint i = find_band (chart, curve);
       get_band (chart, curve, i, &band) && band.begin < chart->x_max;
       i++)
    {
      /* On a logarithmic axis they get narrower to the right. */
      if (lw_chart_canvas_x (canvas, band.end) - lw_chart_canvas_x (canvas, band.begin) < MIN_BAND)
        break;
      draw_band (canvas, band.number, band.begin, band.end, stride);
    }
}

/* On the clock, only epochs that were run have a place. */
static void
draw_timed_bands (const LwChartCanvas *canvas)
{
  const LwChart       *chart = canvas->chart;
  const LwChartSeries *series = lw_chart_get_selected (chart);
  guint                n_epochs = series ? lw_curve_get_n_epochs (series->curve) : 0;
  double               last, mean;
  int                  stride = 1;

  if (n_epochs == 0)
    return;
  last = lw_curve_get_x (series->curve, lw_curve_get_length (series->curve) - 1, chart->x_unit);
  mean = (last - lw_curve_get_x (series->curve, 0, chart->x_unit)) / n_epochs
         / (chart->x_max - chart->x_min) * canvas->area.width;
  if (!chart->log_x && mean < MIN_BAND)
    return;
  if (!chart->log_x)
    stride = epoch_label_stride (mean, canvas->scale);
  for (guint i = 0; i < n_epochs; i++)
    {
      int      number;
      double   begin, end;
      gboolean open;

      lw_curve_get_epoch (series->curve, i, chart->x_unit, &number, &begin, &end);
      open = isnan (end);
      if (open)
        end = last;
      if (chart->log_x && i > 0
          && lw_chart_canvas_x (canvas, end) - lw_chart_canvas_x (canvas, begin) < MIN_BAND)
        break;
      /* The name of an epoch that still grows would creep along. */
      draw_band (canvas, number, begin, end, open && number > 1 ? 0 : stride);
    }
}

void
lw_chart_draw_bands (const LwChartCanvas *canvas)
{
  if (canvas->chart->x_unit == LW_CHART_X_SECONDS)
    draw_timed_bands (canvas);
  else
    draw_bands_by_step (canvas);
}
