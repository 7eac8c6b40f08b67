#pragma once

#include <glib.h>

/* Where an axis has its ticks. Pure functions of the range; no drawing, no text. */

G_BEGIN_DECLS

#define LW_CHART_MAX_TICKS 64

typedef struct {
  double values[LW_CHART_MAX_TICKS];
  guint  n_values;
  double step; /* between neighbours on a linear axis; 0 on a logarithmic one */
} LwChartTicks;

/* The smallest of 1, 2, 5 times a power of ten that is not less than `step` (which is positive). */
double       lw_chart_nice_step    (double step);

/* The multiples of the smallest nice step that puts at most max_ticks of them on [low, high].
 * `min_step` is the smallest step allowed (1 for whole numbers, 0 for none). Empty unless
 * low < high and both are finite. */
LwChartTicks lw_chart_ticks_linear (double low,
                                    double high,
                                    guint  max_ticks,
                                    double min_step);

/* Seconds: steps of 1, 2, 5, 10, 15, 30 seconds, minutes or hours. */
LwChartTicks lw_chart_ticks_time   (double low,
                                    double high,
                                    guint  max_ticks);

/* Seconds on a logarithmic axis: decades up to 10 s, then 1 and 10 minutes, 1 and 10 hours. */
LwChartTicks lw_chart_ticks_log_time (double low,
                                      double high,
                                      guint  max_ticks);

/* 1 and 3 per decade (low > 0). With more than max_ticks of those, only powers of ten, then every
 * second, third, … power; with fewer than three, linear ticks. */
LwChartTicks lw_chart_ticks_log    (double low,
                                    double high,
                                    guint  max_ticks);

G_END_DECLS
