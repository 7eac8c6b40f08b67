#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"
#include "ui/builder/card-note.h"

/* LwSpecPopover: the optimizer or the loss: its kind and every field of that kind's class, the rare ones
 * behind "More". What a schedule or the averages need is shown while they are in use. It asks
 * by "model.set-optimizer" (s), "model.set-optimizer-field" (sv), "model.set-loss" (s) and
 * "model.set-loss-field" (sv). "Keras defaults" asks for the kind that is there already, which
 * means a fresh one. */

G_BEGIN_DECLS

#define LW_TYPE_SPEC_POPOVER (lw_spec_popover_get_type ())
G_DECLARE_FINAL_TYPE (LwSpecPopover, lw_spec_popover, LW, SPEC_POPOVER, GtkPopover)

/* For LW_SPEC_OPTIMIZER or LW_SPEC_LOSS. */
GtkWidget *lw_spec_popover_new      (LwSpecFamily family);
void       lw_spec_popover_set_spec (LwSpecPopover *self, const LwSpec *spec);

/* The control for a field, or NULL; the row that chooses the kind. */
GtkWidget *lw_spec_popover_find     (LwSpecPopover *self, const char *key);
GtkWidget *lw_spec_popover_get_kind (LwSpecPopover *self);
/* The row behind which the rare ones are folded, or NULL where there are none. */
GtkWidget *lw_spec_popover_get_more (LwSpecPopover *self);
/* Where a hint is told, above the rows; its "chosen" is for whoever sets it. */
LwCardNote *lw_spec_popover_get_note (LwSpecPopover *self);

G_END_DECLS
