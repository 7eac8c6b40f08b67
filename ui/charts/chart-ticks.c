#include "ui/charts/chart-ticks.h"

#include <math.h>

/* A tick at the very end of the axis must not be lost to rounding. */
#define SLACK 1e-9

static void
push (LwChartTicks *ticks, double value)
{
  if (ticks->n_values < LW_CHART_MAX_TICKS)
    ticks->values[ticks->n_values++] = value;
}

static gboolean
range_is_usable (double low, double high)
{
  return isfinite (low) && isfinite (high) && low < high && isfinite (high - low);
}

double
lw_chart_nice_step (double step)
{
  double power, rest;

  g_return_val_if_fail (step > 0 && isfinite (step), 1);

  power = pow (10, floor (log10 (step)));
  rest = step / power;
  if (rest <= 1 + SLACK)
    return power;
  if (rest <= 2 + SLACK)
    return 2 * power;
  if (rest <= 5 + SLACK)
    return 5 * power;
  return 10 * power;
}

static guint
count_multiples (double low, double high, double step)
{
  double n = floor (high / step + SLACK) - ceil (low / step - SLACK) + 1;

  return n < 0 ? 0 : n > G_MAXINT ? G_MAXINT : (guint) n;
}

static void
push_multiples (LwChartTicks *ticks, double low, double high, double step)
{
  double first = ceil (low / step - SLACK);
  guint  n = MIN (count_multiples (low, high, step), LW_CHART_MAX_TICKS);

  ticks->step = step;
  for (guint i = 0; i < n; i++)
    {
      double value = (first + i) * step;

      push (ticks, value == 0 ? 0 : value); /* never -0 */
    }
}

LwChartTicks
lw_chart_ticks_linear (double low, double high, guint max_ticks, double min_step)
{
  LwChartTicks ticks = { .n_values = 0 };
  double       step;

  max_ticks = CLAMP (max_ticks, 2, LW_CHART_MAX_TICKS);
  if (!range_is_usable (low, high))
    return ticks;

  step = (high - low) / max_ticks;
  if (!(step > 0) || !isnormal (step))
    return ticks;
  step = lw_chart_nice_step (MAX (step, min_step));

  while (count_multiples (low, high, step) > max_ticks)
    step = lw_chart_nice_step (step * 1.5);
  push_multiples (&ticks, low, high, step);
  return ticks;
}

LwChartTicks
lw_chart_ticks_time (double low, double high, guint max_ticks)
{
  static const double steps[] = { 1,   2,   5,    10,   15,   30,   60,    120,
                                  300, 600, 900, 1800, 3600, 7200, 18000, 36000 };
  LwChartTicks        ticks = { .n_values = 0 };

  max_ticks = CLAMP (max_ticks, 2, LW_CHART_MAX_TICKS);
  if (!range_is_usable (low, high))
    return ticks;
  if (high - low < max_ticks)
    return lw_chart_ticks_linear (low, high, max_ticks, 0);

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      if (count_multiples (low, high, steps[i]) <= max_ticks)
        {
          push_multiples (&ticks, low, high, steps[i]);
          return ticks;
        }
    }
  return lw_chart_ticks_linear (low, high, max_ticks, 36000);
}

LwChartTicks
lw_chart_ticks_log_time (double low, double high, guint max_ticks)
{
  static const double times[]
      = { 0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 36000, 360000, 3600000 };
  LwChartTicks ticks = { .n_values = 0 };

  if (!range_is_usable (low, high) || low <= 0)
    return ticks;
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    if (times[i] >= low * (1 - SLACK) && times[i] <= high * (1 + SLACK))
      push (&ticks, times[i]);
  return ticks.n_values >= 2 && ticks.n_values <= max_ticks
             ? ticks
             : lw_chart_ticks_time (low, high, max_ticks);
}

LwChartTicks
lw_chart_ticks_log (double low, double high, guint max_ticks)
{
  LwChartTicks ticks = { .n_values = 0 };
  int          first, last, stride = 1;

  max_ticks = CLAMP (max_ticks, 2, LW_CHART_MAX_TICKS / 2);
  if (!range_is_usable (low, high) || low <= 0)
    return ticks;

  first = (int) floor (log10 (low) + SLACK);
  last = (int) floor (log10 (high) + SLACK);

  for (int power = first; power <= last && last - first < (int) max_ticks; power++)
    {
      double ten = pow (10, power);

      if (ten >= low * (1 - SLACK) && ten <= high * (1 + SLACK))
        push (&ticks, ten);
      if (3 * ten >= low * (1 - SLACK) && 3 * ten <= high * (1 + SLACK))
        push (&ticks, 3 * ten);
    }
  if (ticks.n_values >= 3 && ticks.n_values <= max_ticks)
    return ticks;
  if (last - first < (int) max_ticks && ticks.n_values < 3)
    return lw_chart_ticks_linear (low, high, max_ticks, 0);

  while ((last - first) / stride + 1 > (int) max_ticks)
    stride++;
  ticks.n_values = 0;
  for (int power = first; power <= last; power++)
    {
      double ten = pow (10, power);

      if (power % stride == 0 && ten >= low * (1 - SLACK) && ten <= high * (1 + SLACK))
        push (&ticks, ten);
    }
  return ticks;
}
