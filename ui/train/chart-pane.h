#pragma once

#include <gtk/gtk.h>

#include "ui/charts/chart-stack.h"

G_BEGIN_DECLS

/* The Train page's middle: a toolbar, the charts with a hint in front of them as long as there is nothing
 * to see, and the list of runs. Its Export menu asks for the actions win.copy-chart, win.export-chart
 * and win.export-csv.
 *
 * Properties:
 *   "low"     little height: the runs are named by a legend in the loss chart, the list is in a popover
 *             of the toolbar, and the x axis has no title;
 *   "narrow"  little width: "Smoothing" is said by the slider's tooltip only, and the list goes without
 *             the training loss. */
#define LW_TYPE_CHART_PANE (lw_chart_pane_get_type ())
G_DECLARE_FINAL_TYPE (LwChartPane, lw_chart_pane, LW, CHART_PANE, GtkWidget)

GtkWidget    *lw_chart_pane_new               (void);

LwChartStack *lw_chart_pane_get_charts        (LwChartPane *self);

/* What the charts show. The pane's tools act on it directly. */
LwChartModel *lw_chart_pane_get_model         (LwChartPane *self);

/* The sentence under "Press Space to train": "5 epochs over 60,000 handwritten digits, about 25
 * seconds on this computer." NULL fades the hint out. */
void          lw_chart_pane_set_hint          (LwChartPane *self,
                                               const char  *sentence);

/* @runs: of LwRunItem, newest first, or NULL. An item's "visible" shows and hides the run of its
 * id in the charts. */
void          lw_chart_pane_set_runs          (LwChartPane *self,
                                               GListModel  *runs);

/* The run that the lists show as selected, by its id; 0 for none. Somebody who selects another one asks
 * for it by "runs.select"; see runs-list.h for what else they ask. */
void          lw_chart_pane_set_selected_run  (LwChartPane *self,
                                               guint        id);

/* The keys of the charts and of training need the focus there. */
void          lw_chart_pane_grab_chart_focus  (LwChartPane *self);

/* Puts a button before the toolbar's first tool, or behind its last one. */
void          lw_chart_pane_add_start_button  (LwChartPane *self,
                                               GtkWidget   *button);
void          lw_chart_pane_add_end_button    (LwChartPane *self,
                                               GtkWidget   *button);

gboolean      lw_chart_pane_get_low           (LwChartPane *self);
void          lw_chart_pane_set_low           (LwChartPane *self,
                                               gboolean     low);
gboolean      lw_chart_pane_get_narrow        (LwChartPane *self);
void          lw_chart_pane_set_narrow        (LwChartPane *self,
                                               gboolean     narrow);

G_END_DECLS
