#pragma once

#include <gtk/gtk.h>

#include "ui/train/run-item.h"

G_BEGIN_DECLS

/* The runs under the charts: swatch, name and what differs, state, figures, and an eye that takes
 * the run out of the charts. In the model's order; three rows, then it scrolls; nothing at all
 * while the model is empty. */
#define LW_TYPE_RUNS_LIST (lw_runs_list_get_type ())
G_DECLARE_FINAL_TYPE (LwRunsList, lw_runs_list, LW, RUNS_LIST, GtkWidget)

GtkWidget  *lw_runs_list_new       (void);

/* @model: of LwRunItem, or NULL; takes a reference. */
void        lw_runs_list_set_model (LwRunsList *self,
                                    GListModel *model);
GListModel *lw_runs_list_get_model (LwRunsList *self);

G_END_DECLS
