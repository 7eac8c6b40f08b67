#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"
#include "ui/builder/step-phase.h"

/* LwBuilderPane: the left pane of the Train page: the stack of layers with presets and palette, its
 * total, and the settings pinned below.
 *
 * It shows an immutable model and a run's settings, and asks for change by actions of two groups:
 *
 *   model.add-layer (su) class, place (G_MAXUINT32: nothing is selected)    model.remove-layer u
 *   model.move-layer (uu) from, to      model.duplicate-layer u     model.set-field (usv)
 *   model.rename-layer (us)             model.set-input (ii), -1 for None    model.apply-fix u
 *   model.apply-hint (uu) number among lw_model_hints_new(), fix         model.fit-input
 *   model.set-optimizer s   model.set-optimizer-field (sv)   model.set-loss s
 *   model.set-loss-field (sv)           model.load-preset s              model.start-empty
 *   run.set-epochs u   run.set-batch-size u   run.set-seed t   run.set-shuffle u
 *   run.set-validation (sd)   run.set-patience u   run.set-keep-best b   run.set-threads u
 *
 * Space on a card asks for "win.train". Ctrl+L, anywhere in the window, opens the palette. */

G_BEGIN_DECLS

#define LW_TYPE_BUILDER_PANE (lw_builder_pane_get_type ())
G_DECLARE_FINAL_TYPE (LwBuilderPane, lw_builder_pane, LW, BUILDER_PANE, GtkWidget)

/* Properties: "compact" (gboolean: cards on one line), "epoch-time" (double, seconds; below 0 if
 * not known). */
GtkWidget *lw_builder_pane_new            (void);

void       lw_builder_pane_set_model      (LwBuilderPane *self, LwModelSpec *model);
void       lw_builder_pane_set_settings   (LwBuilderPane *self, const LwRunSettings *settings);

/* What each layer costs, `n` of them, or NULL. Forgotten when the number of layers changes. */
void       lw_builder_pane_set_costs      (LwBuilderPane *self, const LwLayerCost *costs, guint n);

/* How long an epoch takes: an estimate ("about 4.3 s per epoch") or measured; below 0: not
 * known. */
void       lw_builder_pane_set_epoch_time (LwBuilderPane *self, double seconds, gboolean measured);

/* The name on the input's card ("MNIST" until set) and the number of training images (60,000). */
void       lw_builder_pane_set_data       (LwBuilderPane *self, const char *name, guint n_images);

/* The images are not as the model's input wants them: a sentence for the input's card, and the label of
 * the button that asks for "model.fit-input"; both NULL if they are. */
void       lw_builder_pane_set_data_fault (LwBuilderPane *self, const char *sentence, const char *fix);

/* Shows where a training step is, in slow motion: `fraction`, 0 to 1, of its way through a phase. A ring
 * goes through the cards, forwards down and backwards up, is on the row of the loss, then on all cards with
 * weights and the row of the optimizer; the line under the stack says it in words, once a phase. Where
 * animations are off, the ring is on all that the phase is about. */
void       lw_builder_pane_set_phase      (LwBuilderPane *self, LwStepPhase phase, double fraction);

void       lw_builder_pane_set_compact    (LwBuilderPane *self, gboolean compact);

/* Scrolls to the card at fault and puts the focus on its first fix: what "Show card" does. */
void       lw_builder_pane_show_fault     (LwBuilderPane *self);

/* The parts: LwLayerList and LwSettingsRows. */
GtkWidget *lw_builder_pane_get_list       (LwBuilderPane *self);
GtkWidget *lw_builder_pane_get_rows       (LwBuilderPane *self);
/* Opens the palette of "Add layer". */
void       lw_builder_pane_open_palette   (LwBuilderPane *self);

G_END_DECLS
