#pragma once

#include <gtk/gtk.h>

#include "ui/train/run-item.h"

G_BEGIN_DECLS

/* The first cell of a run in the list: its swatch, its name, and its note as far as there is room. The
 * name can be edited in its place: Return, or leaving it, activates "runs.rename" (us) with the run's id;
 * Escape, and a name without a letter, leave it as it was. */
#define LW_TYPE_RUN_NAME (lw_run_name_get_type ())
G_DECLARE_FINAL_TYPE (LwRunName, lw_run_name, LW, RUN_NAME, GtkWidget)

GtkWidget *lw_run_name_new        (void);

/* @item: NULL for none. */
void       lw_run_name_set_item   (LwRunName *self,
                                   LwRunItem *item);
LwRunItem *lw_run_name_get_item   (LwRunName *self);

/* Puts an entry with the whole name selected in the name's place. */
void       lw_run_name_edit       (LwRunName *self);
gboolean   lw_run_name_is_editing (LwRunName *self);

G_END_DECLS
