#pragma once

#include <gtk/gtk.h>

#include "ui/builder/builder-pane.h"
#include "ui/train/chart-pane.h"
#include "ui/train/predict-pane.h"

G_BEGIN_DECLS

/* The Train page: model, curves and digit pad side by side. The middle takes what a wider window
 * gives. With little room the page folds, by its own size: below 1120 px the panes' details, below
 * 960 the right pane into a flap, below 760 the left one too, or earlier where a font needs it; and
 * below 611 px of height the list of runs. It unfolds 24 px later.
 *
 * Properties:
 *   "show-left"   whether the left pane is seen; goes FALSE when the pane becomes a flap, and what
 *                 it was before comes back with the room
 *   "show-right"  the same for the right pane */
#define LW_TYPE_TRAIN_PAGE (lw_train_page_get_type ())
G_DECLARE_FINAL_TYPE (LwTrainPage, lw_train_page, LW, TRAIN_PAGE, GtkWidget)

GtkWidget     *lw_train_page_new              (void);

LwBuilderPane *lw_train_page_get_builder      (LwTrainPage *self);
LwChartPane   *lw_train_page_get_chart_pane   (LwTrainPage *self);
LwPredictPane *lw_train_page_get_predict_pane (LwTrainPage *self);

gboolean       lw_train_page_get_show_left    (LwTrainPage *self);
void           lw_train_page_set_show_left    (LwTrainPage *self,
                                               gboolean     show);
gboolean       lw_train_page_get_show_right   (LwTrainPage *self);
void           lw_train_page_set_show_right   (LwTrainPage *self,
                                               gboolean     show);

/* What "Show card" does: the left pane, if need be, and in it the card at fault. */
void           lw_train_page_show_fault       (LwTrainPage *self);

G_END_DECLS
