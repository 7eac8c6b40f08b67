#pragma once

#include <gtk/gtk.h>

#include "ui/charts/chart-model.h"

/* LwChartView: one metric's chart, live. Several views of one LwChartModel move together.
 *
 * It draws when its model has changed; otherwise nothing runs. A change of range takes 250 ms.
 *
 * Pointer: moving reads values off, dragging zooms in on x, Shift+dragging moves the part in view,
 * double click fits, Alt+scroll and Ctrl+scroll zoom about the pointer. Plain scrolling does nothing.
 * Keys, with the focus: Ctrl+Left and Ctrl+Right move the reading line by one step, with Shift by a
 * twentieth of the axis, Ctrl+Home and Ctrl+End to the ends, Ctrl+Plus, Ctrl+Minus and Ctrl+0 zoom,
 * Shift+Left and Shift+Right move the part in view, Escape takes the line away. Plain arrows and
 * letters are left to the window.
 *
 * Its accessible role is img and its label says the value, and what happened there: "Loss, Run 3, 0.065 at
 * step 1,150", "Learning rate, Run 3, 0.0003 at step 200, rate 0.0003".
 * CSS node: chart.view.
 *
 * Properties: model (construct only), metric (construct only, int), show-axis-title, show-legend,
 * show-epoch-labels (boolean), factor (double, 1; presenter mode 1.75). */

G_BEGIN_DECLS

#define LW_TYPE_CHART_VIEW (lw_chart_view_get_type ())
G_DECLARE_FINAL_TYPE (LwChartView, lw_chart_view, LW, CHART_VIEW, GtkWidget)

/* `model` may be NULL: the view then has one of its own. At first the axis title is shown below accuracy
 * and the names of the epochs above loss, as for one chart over the other. */
GtkWidget    *lw_chart_view_new                   (LwChartModel *model,
                                                   LwChartMetric metric);
LwChartModel *lw_chart_view_get_model             (LwChartView *self);
void          lw_chart_view_set_show_axis_title   (LwChartView *self,
                                                   gboolean     show);
void          lw_chart_view_set_show_epoch_labels (LwChartView *self,
                                                   gboolean     show);
void          lw_chart_view_set_show_legend       (LwChartView *self,
                                                   gboolean     show);
void          lw_chart_view_set_factor            (LwChartView *self,
                                                   double       factor);

/* What a screen reader is told. */
char         *lw_chart_view_describe              (LwChartView *self) G_GNUC_MALLOC;

/* The chart as it is drawn just now, without series: ranges, for tests and for overlays. */
void          lw_chart_view_get_chart             (LwChartView *self,
                                                   LwChart     *chart);

G_END_DECLS
