#pragma once

#include <gtk/gtk.h>

#include "ui/train/run-item.h"

G_BEGIN_DECLS

/* The runs under the charts: swatch, name and what differs, state, figures, an eye that takes the run out
 * of the charts, and on the selected row a button with what else can be done. In the model's order; three
 * rows, then it scrolls; nothing at all while the model is empty.
 *
 * It asks by named actions, the first u being the run's id: "runs.select" u when somebody selects a row,
 * "runs.rename" (us), "runs.set-note" (us), "runs.set-slot" (uu), "runs.fork" u, "runs.take-up" u (go on with it),
 * "runs.delete" u, and "runs.compare" from the button in its head, which needs two visible runs.
 *
 * Keys on a row: F2 renames in place, Delete deletes, Menu and Shift+F10 open the menu, Space trains by
 * "win.train" as elsewhere. Its own actions, on the selected run: "runs-list.rename", "runs-list.note",
 * "runs-list.slot", "runs-list.delete", "runs-list.toggle" (the eye), "runs-list.only", "runs-list.menu".
 *
 * Properties: narrow, little width: without the training loss; n-rows, before it scrolls, 3 at first. */
#define LW_TYPE_RUNS_LIST (lw_runs_list_get_type ())
G_DECLARE_FINAL_TYPE (LwRunsList, lw_runs_list, LW, RUNS_LIST, GtkWidget)

GtkWidget  *lw_runs_list_new          (void);

/* @model: of LwRunItem, or NULL; takes a reference. */
void        lw_runs_list_set_model    (LwRunsList *self,
                                       GListModel *model);
GListModel *lw_runs_list_get_model    (LwRunsList *self);

/* The selected run's id, 0 for none. Setting it asks for nothing; the run may still be to come. */
void        lw_runs_list_set_selected (LwRunsList *self,
                                       guint       id);
guint       lw_runs_list_get_selected (LwRunsList *self);

void        lw_runs_list_set_narrow   (LwRunsList *self,
                                       gboolean    narrow);
gboolean    lw_runs_list_get_narrow   (LwRunsList *self);
void        lw_runs_list_set_n_rows   (LwRunsList *self,
                                       guint       n_rows);
guint       lw_runs_list_get_n_rows   (LwRunsList *self);

G_END_DECLS
