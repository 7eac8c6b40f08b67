#pragma once

#include <gtk/gtk.h>

#include "ui/train/run-item.h"

G_BEGIN_DECLS

/* An entry for a run's note. Return and "Save" activate "runs.set-note" (us) with the run's id; an empty
 * note gives its place to the list's own words. Escape changes nothing. */
#define LW_TYPE_RUN_NOTE_POPOVER (lw_run_note_popover_get_type ())
G_DECLARE_FINAL_TYPE (LwRunNotePopover, lw_run_note_popover, LW, RUN_NOTE_POPOVER, GtkPopover)

GtkWidget *lw_run_note_popover_new      (void);

void       lw_run_note_popover_set_item (LwRunNotePopover *self,
                                         LwRunItem        *item);

G_END_DECLS
