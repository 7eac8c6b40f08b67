#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"
#include "ui/builder/card-note.h"

/* LwRunPopover: how a run goes through the data. It asks by "run.set-epochs" (u),
 * "run.set-batch-size" (u), "run.set-shuffle" (u; G_MAXUINT32 for the whole set), "run.set-seed"
 * (t), "run.set-validation" (sd; "none", "test" or "fraction", and the fraction), "run.set-patience"
 * (u; 0 for no early stopping), "run.set-keep-best" (b) and "run.set-threads" (u; 0 for all). */

G_BEGIN_DECLS

#define LW_TYPE_RUN_POPOVER (lw_run_popover_get_type ())
G_DECLARE_FINAL_TYPE (LwRunPopover, lw_run_popover, LW, RUN_POPOVER, GtkPopover)

GtkWidget *lw_run_popover_new           (void);
void       lw_run_popover_set_settings  (LwRunPopover *self, const LwRunSettings *settings);
/* How many training images there are: where the shuffle buffer's range ends. 60,000 until set. */
void       lw_run_popover_set_data_size (LwRunPopover *self, guint n_images);

/* The control in a row, by the action's word: "epochs", "batch-size", "shuffle", "seed",
 * "validation", "fraction", "patience", "keep-best", "threads"; or NULL. */
GtkWidget *lw_run_popover_find          (LwRunPopover *self, const char *setting);
/* Where a hint is told, above the rows. */
LwCardNote *lw_run_popover_get_note     (LwRunPopover *self);

G_END_DECLS
