#pragma once

#include <gtk/gtk.h>

#include "ui/charts/chart-model.h"
#include "ui/train/status-line.h"

G_BEGIN_DECLS

/* Training for a room full of people: one chart with large type and thick lines, three figures, the
 * names of the runs and a large status line. Everything grows once more on screens above 1700 × 1000.
 *
 * Tab on the chart, or the two buttons at the side, change between loss and accuracy; Ctrl+Tab moves
 * the focus. Escape activates "win.presenter". How to leave is said for three seconds at first, and
 * again whenever the pointer moves.
 *
 * CSS node: presenter, with the class roomy but on low screens, and large or huge on large ones.
 *
 * Properties: chart-model, runs (construct only), metric (int, LwChartMetric; loss at first). */
#define LW_TYPE_PRESENTER (lw_presenter_get_type ())
G_DECLARE_FINAL_TYPE (LwPresenter, lw_presenter, LW, PRESENTER, GtkWidget)

#define LW_PRESENTER_N_FIGURES 3

/* @model: what the chart shows, shared with the Train page; @runs: of LwRunItem, newest first. */
GtkWidget    *lw_presenter_new              (LwChartModel  *model,
                                             GListModel    *runs);

LwChartMetric lw_presenter_get_metric       (LwPresenter   *self);
void          lw_presenter_set_metric       (LwPresenter   *self,
                                             LwChartMetric  metric);

/* The line at the bottom, with the words for it left to the caller. */
LwStatusLine *lw_presenter_get_status_line  (LwPresenter   *self);

/* See lw_train_hint_set_sentence(). */
void          lw_presenter_set_hint         (LwPresenter   *self,
                                             const char    *sentence);

/* See lw_presenter_figure_set(); @i counts from 0. */
void          lw_presenter_set_figure       (LwPresenter   *self,
                                             guint          i,
                                             const char    *title,
                                             const char    *value,
                                             const char    *caption);

/* The keys of the chart and of training need the focus there. */
void          lw_presenter_grab_chart_focus (LwPresenter   *self);

G_END_DECLS
