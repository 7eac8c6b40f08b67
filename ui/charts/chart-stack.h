#pragma once

#include <gtk/gtk.h>

#include "ui/charts/chart-view.h"

/* LwChartStack: loss, accuracy and learning rate above one another, sharing one LwChartModel: those of them
 * that are wanted, at least one. The first has the names of the epochs and, if low, the legend; the last
 * has the axis title, unless low.
 *
 * Properties:
 *   "charts"   GStrv    what is wanted: of "loss", "accuracy", "rate"; loss and accuracy at first. Unknown
 *                       names are ignored, and so is a list without any known one
 *   "low"      boolean  little height: two charts at most, a legend, no axis title
 *   "crowded"  boolean  read-only: low, and three are wanted. The one asked for last is then shown
 *
 * CSS node: chartstack.view. */

G_BEGIN_DECLS

#define LW_TYPE_CHART_STACK (lw_chart_stack_get_type ())
G_DECLARE_FINAL_TYPE (LwChartStack, lw_chart_stack, LW, CHART_STACK, GtkWidget)

GtkWidget    *lw_chart_stack_new         (void);
LwChartModel *lw_chart_stack_get_model   (LwChartStack *self);
LwChartView  *lw_chart_stack_get_view    (LwChartStack *self,
                                          LwChartMetric metric);

/* Whether a chart is wanted. The last one cannot be turned off. */
void          lw_chart_stack_set_wanted  (LwChartStack *self,
                                          LwChartMetric metric,
                                          gboolean      wanted);
gboolean      lw_chart_stack_get_wanted  (LwChartStack *self,
                                          LwChartMetric metric);
guint         lw_chart_stack_get_n_wanted (LwChartStack *self);
gboolean      lw_chart_stack_get_crowded (LwChartStack *self);

/* What is shown, from top to bottom; returns how many. */
guint         lw_chart_stack_get_shown   (LwChartStack *self,
                                          LwChartMetric metrics[LW_CHART_N_METRICS]);

gboolean      lw_chart_stack_get_low     (LwChartStack *self);
void          lw_chart_stack_set_low     (LwChartStack *self,
                                          gboolean      low);

G_END_DECLS
