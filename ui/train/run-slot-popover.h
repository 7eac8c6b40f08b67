#pragma once

#include <gtk/gtk.h>

#include "ui/train/run-item.h"

G_BEGIN_DECLS

/* All colours and dashes that a run can have: a column for each colour, a row for each dash, the run's
 * own pressed. One activates "runs.set-slot" (uu) with the run's id and the slot. Those of other runs can
 * be had as well, and say whose they are. */
#define LW_TYPE_RUN_SLOT_POPOVER (lw_run_slot_popover_get_type ())
G_DECLARE_FINAL_TYPE (LwRunSlotPopover, lw_run_slot_popover, LW, RUN_SLOT_POPOVER, GtkPopover)

GtkWidget *lw_run_slot_popover_new      (void);

/* @runs: of LwRunItem, all of them. */
void       lw_run_slot_popover_set_item (LwRunSlotPopover *self,
                                         LwRunItem        *item,
                                         GListModel       *runs);

/* "Blue, solid" */
char      *lw_run_slot_describe         (guint             slot,
                                         gboolean          dark) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
