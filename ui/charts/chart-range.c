#include "ui/charts/chart-range.h"

#include <math.h>

#define N_SAMPLES 256 /* per curve: enough for a percentile */
#define HEADROOM  2.6
#define N_FIRST   8 /* steps: one batch alone is chance */

/* The largest learning rate above this many times the smallest. */
#define RATE_LOG_FROM 10

static double
round_up (double value, const double *rungs, guint n_rungs)
{
  double power = pow (10, floor (log10 (value)));

  for (guint i = 0; i < n_rungs; i++)
    if (value <= rungs[i] * power * (1 + 1e-9))
      return rungs[i] * power;
  return 10 * power;
}

static double
round_down (double value, const double *rungs, guint n_rungs)
{
  double power = pow (10, floor (log10 (value) + 1e-12));

  for (guint i = n_rungs; i > 0; i--)
    if (value >= rungs[i - 1] * power * (1 - 1e-9))
      return rungs[i - 1] * power;
  return power;
}

/* Where the plan ends. Epochs that were run, or are being run, have the steps they have; the plan tells
 * of the others. */
static double
planned_steps (const LwChart *chart)
{
  double         whole = (double) chart->steps_per_epoch * chart->n_epochs;
  const LwCurve *curve;
  guint          n_epochs;
  int            number;
  double         begin, end;

  if (chart->selected < 0 || whole <= 0)
    return whole;
  curve = chart->series[chart->selected].curve;
  n_epochs = lw_curve_get_n_epochs (curve);
  if (n_epochs == 0)
    return whole;
  lw_curve_get_epoch (curve, n_epochs - 1, LW_CHART_X_STEP, &number, &begin, &end);
  return end + (double) chart->steps_per_epoch * MAX (chart->n_epochs - number, 0);
}

/* Where a logarithmic axis begins: at the first step, but not without end to the left. */
static double
first_x (const LwChart *chart)
{
  double first = INFINITY;

  for (guint i = 0; i < chart->n_series; i++)
    if (lw_curve_get_length (chart->series[i].curve) > 0)
      {
        double x = lw_curve_get_x (chart->series[i].curve, 0, chart->x_unit);

        if (x > 0)
          first = MIN (first, x);
      }
  if (chart->x_unit == LW_CHART_X_STEP)
    return isfinite (first) ? first : 1;
  if (isfinite (first))
    return MAX (first, chart->x_max * 1e-6);
  if (chart->x_unit == LW_CHART_X_EPOCH && chart->steps_per_epoch > 0)
    return 1 / (double) chart->steps_per_epoch;
  return chart->x_max / 1000;
}

static double
fit_seconds (const LwChart *chart)
{
  static const double rungs[] = { 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 };
  double              longest = 0;

  for (guint i = 0; i < chart->n_series; i++)
    {
      const LwCurve *curve = chart->series[i].curve;
      gsize          length = lw_curve_get_length (curve);
      double         seconds;

      if (length == 0)
        continue;
      seconds = lw_curve_get_x (curve, length - 1, LW_CHART_X_SECONDS);
      /* The pace of the first few steps says little. */
      if ((int) i == chart->selected && length > 20)
        seconds *= MAX (planned_steps (chart) / (double) lw_curve_get_step (curve, length - 1), 1);
      longest = MAX (longest, seconds);
    }
  return longest > 0 ? round_up (MAX (longest, 5), rungs, G_N_ELEMENTS (rungs)) : 30;
}

static double
fit_steps_or_epochs (const LwChart *chart)
{
  double end = chart->x_unit == LW_CHART_X_STEP ? planned_steps (chart) : chart->n_epochs;

  for (guint i = 0; i < chart->n_series; i++)
    {
      const LwCurve *curve = chart->series[i].curve;
      gsize          length = lw_curve_get_length (curve);
      double         last;

      if (length == 0)
        continue;
      last = lw_curve_get_x (curve, length - 1, chart->x_unit);
      if (last > end * (1 + 1e-9))
        {
          double epoch = chart->x_unit == LW_CHART_X_EPOCH ? 1 : (double) chart->steps_per_epoch;

          end = epoch > 0 ? ceil (last / epoch - 1e-9) * epoch : last;
        }
    }
  return end > 0 ? end : 1;
}

void
lw_chart_fit_x (LwChart *chart)
{
  chart->x_max
      = chart->x_unit == LW_CHART_X_SECONDS ? fit_seconds (chart) : fit_steps_or_epochs (chart);
  chart->x_min = chart->log_x ? first_x (chart) : 0;
  /* A run of one step. */
  if (chart->x_min >= chart->x_max)
    chart->x_max = chart->x_min * 10;
}

/* Whether the run is shown from its first step on. */
static gboolean
shows_start (const LwChart *chart)
{
  return chart->x_min <= (chart->log_x ? first_x (chart) : 0);
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
percentile (const GArray *sorted, double share)
{
  return g_array_index (sorted, double, (guint) (share * (sorted->len - 1) + 0.5));
}

static void
push (GArray *samples, double value, gboolean log_y)
{
  if (isfinite (value) && (!log_y || value > 0))
    g_array_append_val (samples, value);
}

static void
sample_curve (const LwChart *chart, const LwChartSeries *series, gboolean smoothed, GArray *samples)
{
  gsize first = lw_curve_find (series->curve, chart->x_unit, chart->x_min, 0, NULL);
  gsize end = lw_curve_find (series->curve, chart->x_unit, chart->x_max, first, NULL);
  gsize stride;

  end = MIN (end + 1, lw_curve_get_length (series->curve));
  stride = MAX ((end - first) / N_SAMPLES, 1);
  for (gsize i = first; i < end; i += stride)
    push (samples,
          smoothed ? lw_curve_get_smoothed (series->curve, chart->metric, i)
                   : lw_curve_get_value (series->curve, chart->metric, i),
          chart->log_y);
}

static void
sample_tests (const LwChart *chart, const LwChartSeries *series, GArray *samples)
{
  gsize              n_marks;
  const LwCurveMark *marks = lw_curve_get_marks (series->curve, LW_POINT_TEST, &n_marks);
  gsize              stride = MAX (n_marks / N_SAMPLES, 1);

  for (gsize i = 0; i < n_marks; i += stride)
    {
      double x = lw_curve_get_mark_x (series->curve, &marks[i], chart->x_unit);

      if (x >= chart->x_min && x <= chart->x_max)
        push (samples, marks[i].values[chart->metric], chart->log_y);
    }
}

/* The highest smoothed value of any curve's first visible steps; 0 if none. */
static double
first_value (const LwChart *chart)
{
  double highest = 0;

  for (guint i = 0; i < chart->n_series; i++)
    {
      const LwCurve *curve = chart->series[i].curve;
      gsize          first = lw_curve_find (curve, chart->x_unit, chart->x_min, 0, NULL);
      LwCurveRange   range;

      if (lw_curve_get_range (curve, chart->metric, TRUE, first, first + N_FIRST, &range, NULL))
        highest = MAX (highest, range.max);
    }
  return highest;
}

/* Whether the selected run is so young that its range may still be waited for. */
static gboolean
is_young (const LwChart *chart)
{
  const LwCurve *curve;
  gsize          length;

  if (chart->selected < 0 || !shows_start (chart))
    return FALSE;
  curve = chart->series[chart->selected].curve;
  length = lw_curve_get_length (curve);
  return length == 0
         || lw_curve_get_x (curve, length - 1, chart->x_unit) < (chart->x_max - chart->x_min) / 3;
}

static void
fit_loss_log (LwChart *chart, const GArray *samples)
{
  static const double rungs[] = { 1, 2, 3, 5 };
  static const double upper[] = { 1, 1.5, 2, 3, 5, 7 };
  LwChart             start;
  double              low, high, first = first_value (chart);

  /* Not upon the frame's lower edge, where half of a line would be cut off. */
  low = round_down (percentile (samples, 0.01) / 1.05, rungs, G_N_ELEMENTS (rungs));
  high = percentile (samples, 0.99) * 1.1;
  high = HEADROOM * first >= high ? HEADROOM * first
                                  : round_up (high, upper, G_N_ELEMENTS (upper));

  lw_chart_init (&start, chart->metric);
  if (is_young (chart) && percentile (samples, 0.01) < start.y_max)
    low = MIN (low, start.y_min);
  if (high / low < 2)
    low = high / 2;
  chart->y_min = MAX (low, 1e-300);
  chart->y_max = MAX (high, chart->y_min * 2);
}

static void
fit_loss_linear (LwChart *chart, const GArray *samples)
{
  static const double upper[] = { 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 };
  double              low = percentile (samples, 0.01);
  double              high = percentile (samples, 0.99);

  if (low >= 0 && low < 0.4 * high)
    {
      chart->y_min = 0;
      chart->y_max = round_up (high * 1.15, upper, G_N_ELEMENTS (upper));
    }
  else
    {
      double span = MAX (high - low, MAX (fabs (high), 1e-6) * 0.02);

      chart->y_min = low - 0.08 * span;
      chart->y_max = high + 0.2 * span;
    }
}

static void
fit_accuracy (LwChart *chart, const GArray *samples, const GArray *others)
{
  /* A little below a tick, so that the lowest label has room for its line. */
  static const double rungs[]
      = { 0.998, 0.989, 0.978, 0.948, 0.895, 0.84, 0.76, 0.68, 0.58, 0.38, 0 };
  double low = percentile (samples, shows_start (chart) ? 0.1 : 0.01);
  guint  i = 0;

  if (others->len > 0)
    low = MIN (low, percentile (others, 0));
  /* Room below the lowest, but not for a curve that is as good as all right. */
  low -= MIN (0.25 * (1 - low), 0.02);
  while (rungs[i] > low && i < G_N_ELEMENTS (rungs) - 1)
    i++;
  chart->y_min = rungs[i];
  chart->y_max = 1;
}

static void
fit_rate (LwChart *chart)
{
  static const double upper[] = { 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 };
  static const double lower[] = { 1, 2, 5 };
  double              low = INFINITY, high = 0;
  LwChart             start;

  for (guint i = 0; i < chart->n_series; i++)
    {
      const LwCurve *curve = chart->series[i].curve;
      gsize          first = lw_curve_find (curve, chart->x_unit, chart->x_min, 0, NULL);
      gsize          end = lw_curve_find (curve, chart->x_unit, chart->x_max, first, NULL);
      LwCurveRange   range;

      /* The line comes in from the step before and leaves for the one behind. */
      first -= MIN (first, 1);
      if (lw_curve_get_range (curve, LW_CHART_RATE, FALSE, first, end + 1, &range, NULL))
        {
          low = MIN (low, range.min);
          high = MAX (high, range.max);
        }
    }

  lw_chart_init (&start, LW_CHART_RATE);
  chart->log_y = low > 0 && high > RATE_LOG_FROM * low;
  chart->y_min = chart->log_y ? round_down (low / 1.15, lower, G_N_ELEMENTS (lower)) : MIN (low, 0);
  chart->y_max = high > 0 ? round_up (high * 1.15, upper, G_N_ELEMENTS (upper)) : start.y_max;
}

void
lw_chart_fit_y (LwChart *chart)
{
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) others = g_array_new (FALSE, FALSE, sizeof (double));
  LwChart            start;

  if (chart->metric == LW_CHART_RATE)
    {
      fit_rate (chart);
      return;
    }
  for (guint i = 0; i < chart->n_series; i++)
    {
      const LwChartSeries *series = &chart->series[i];
      gsize                index;

      if (chart->metric == LW_CHART_LOSS || (int) i == chart->selected || chart->selected < 0)
        {
          sample_curve (chart, series, TRUE, samples);
          sample_tests (chart, series, samples);
        }
      else if (lw_curve_get_last (series->curve, chart->metric, &index))
        {
          push (others, lw_curve_get_smoothed (series->curve, chart->metric, index), FALSE);
        }
      if (chart->metric == LW_CHART_LOSS && (int) i == chart->selected)
        sample_curve (chart, series, FALSE, samples);
    }
  g_array_sort (samples, compare_doubles);
  g_array_sort (others, compare_doubles);

  if (samples->len == 0)
    {
      lw_chart_init (&start, chart->metric);
      chart->y_min = chart->metric == LW_CHART_LOSS && !chart->log_y ? 0 : start.y_min;
      chart->y_max = chart->metric == LW_CHART_LOSS && !chart->log_y ? 3 : start.y_max;
    }
  else if (chart->metric == LW_CHART_ACCURACY)
    {
      fit_accuracy (chart, samples, others);
    }
  else if (chart->log_y)
    {
      fit_loss_log (chart, samples);
    }
  else
    {
      fit_loss_linear (chart, samples);
    }
}
