#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"
#include "ui/builder/step-phase.h"

/* LwLayerList: the stack of cards of a model, the input first. It shows an immutable LwModelSpec
 * and asks for change by the "model.*" actions (see layer-card.h); whoever owns the model answers
 * with lw_layer_list_set_model(). Cards of layers that survive keep focus, selection, the open
 * editor and what is being typed in it.
 *
 * It belongs into a GtkScrolledWindow, which it scrolls while a card is dragged. */

G_BEGIN_DECLS

#define LW_TYPE_LAYER_LIST (lw_layer_list_get_type ())
G_DECLARE_FINAL_TYPE (LwLayerList, lw_layer_list, LW, LAYER_LIST, GtkWidget)

/* Properties: "compact" (every card on one line), "selected" (int: the selected layer; -1 if none is,
 * also if the input is). */
GtkWidget   *lw_layer_list_new           (void);

void         lw_layer_list_set_model     (LwLayerList *self, LwModelSpec *model);
LwModelSpec *lw_layer_list_get_model     (LwLayerList *self);

/* The name of the data on the input's card; "MNIST" until set. */
void         lw_layer_list_set_data_name (LwLayerList *self, const char *data_name);

/* The images are not as the model's input wants them: a sentence for its card, and the label of the
 * button that asks for "model.fit-input"; both NULL if all is well. */
void         lw_layer_list_set_data_fault (LwLayerList *self, const char *sentence, const char *fix);

/* What the layers cost, `n` of them; NULL if that is not known. Costs go with their cards when these
 * change places, and are forgotten when a card comes or goes. */
void         lw_layer_list_set_costs     (LwLayerList *self, const LwLayerCost *costs, guint n);

/* Rings the cards where a training step is: the one that `fraction`, 0 to 1, of the way through the phase
 * has come to; where animations are off, all that the phase is about. A card out of sight is scrolled to. */
void         lw_layer_list_set_phase     (LwLayerList *self, LwStepPhase phase, double fraction);

void         lw_layer_list_set_compact   (LwLayerList *self, gboolean compact);

/* The selected layer, or -1 (also if the input is selected). */
int          lw_layer_list_get_selected  (LwLayerList *self);
/* Selects its card, or none for -1 (the input's stays), without taking the focus. */
void         lw_layer_list_set_selected  (LwLayerList *self, int layer);
/* Where a new layer goes: behind the selected card, or G_MAXUINT32 if none is. */
guint        lw_layer_list_get_place     (LwLayerList *self);
/* Selects the card of a layer, or the input's for -1, scrolls to it and gives it the focus. */
void         lw_layer_list_show_layer    (LwLayerList *self, int layer);
/* The same for the card at fault, with the focus on its first fix. FALSE if there is none. */
gboolean     lw_layer_list_show_fault    (LwLayerList *self);
/* Asks for the first fix of the card at fault, as its button does. FALSE if there is none. */
gboolean     lw_layer_list_fix_fault     (LwLayerList *self);

/* The card of a layer, or of the input for -1, or NULL. */
GtkWidget   *lw_layer_list_get_card      (LwLayerList *self, int layer);

/* Where a card dropped at `y` (in the list's coordinates) is to be inserted: before that layer, or
 * behind all of them. */
guint        lw_layer_list_get_place_at  (LwLayerList *self, double y);
/* Takes what is dropped on another widget, the bare ground below the list, behind the last layer. */
void         lw_layer_list_add_ground    (LwLayerList *self, GtkWidget *ground);

G_END_DECLS
