#pragma once

#include "ui/charts/chart.h"

/* Which part of the axes to show. */

G_BEGIN_DECLS

/* The whole planned run, from its start, in whole epochs; more epochs when a curve goes further.
 * Seconds cannot be planned: the time so far and, by the selected run's pace, the rest, rounded up
 * to a round number. A logarithmic axis begins at the first step. */
void lw_chart_fit_x (LwChart *chart);

/* Sets y_min and y_max for what lies in the chart's x range.
 *
 * They are rounded to steps, so that they change seldom and by much instead of always and a little.
 * Loss: the middle 98 % of the values; a logarithmic axis reaches up to 2.6 times the first value,
 * so that the names of the epochs stand free. Accuracy: up to 100 %, and down to a round value
 * below the tenth percentile of the selected run, so that its first few steps may come in from below.
 * Learning rate: all of it, from 0 on, or logarithmic, whatever the loss's axis, where the largest is more
 * than ten times the smallest: log_y is set as well then.
 * Without data, or in the first third of a run that keeps within them, the ranges of
 * lw_chart_init() stay. */
void lw_chart_fit_y (LwChart *chart);

G_END_DECLS
