#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

/* LwLayerCard: one row of the stack of layers: the input, or one layer. Closed, it shows name,
 * settings, output shape, parameters and cost; open, the editor of its fields; at fault or
 * suspicious, a sentence and the buttons that mend it.
 *
 * It never changes the model. It asks by "model.set-field", "model.rename-layer",
 * "model.set-input", "model.move-layer", "model.duplicate-layer", "model.remove-layer",
 * "model.apply-fix", "model.apply-hint" and "model.fit-input". Its own actions "card.move-up", "card.move-down", "card.duplicate",
 * "card.delete" and "card.menu" are on the keys Alt+Up, Alt+Down, Ctrl+D, Delete and Menu or
 * Shift+F10. */

G_BEGIN_DECLS

#define LW_TYPE_LAYER_CARD (lw_layer_card_get_type ())
G_DECLARE_FINAL_TYPE (LwLayerCard, lw_layer_card, LW, LAYER_CARD, GtkListBoxRow)

/* The input's card has index -1 and stands before all others. */
#define LW_LAYER_CARD_INPUT (-1)

/* Properties: "compact" (one line, without parameters), "expanded" (the editor is open). */
GtkWidget    *lw_layer_card_new            (void);

/* Shows layer `index` of the model, and a hint at it, which may be NULL, of that `number` among the
 * model's. A card keeps to one class of layer once it has shown one. */
void          lw_layer_card_set_layer      (LwLayerCard *self, const LwModelSpec *model,
                                            guint index, const LwHint *hint, guint number);
/* Shows the input; `data_name` ("MNIST") may be NULL, and is so with `data_fault`, a sentence, and
 * `data_fix`, the label of what mends it, where the images are as the input wants them. */
void          lw_layer_card_set_input      (LwLayerCard *self, const LwModelSpec *model,
                                            const char *data_name, const char *data_fault,
                                            const char *data_fix);

/* What the layer costs, and its share, 0 to 1, of all layers' memory; NULL when not known. */
void          lw_layer_card_set_cost       (LwLayerCard *self, const LwLayerCost *cost,
                                            double memory_share);
/* A ring in the accent colour: something happens here. */
void          lw_layer_card_set_lit        (LwLayerCard *self, gboolean lit);
void          lw_layer_card_set_compact    (LwLayerCard *self, gboolean compact);
/* How wide the list is, in px: where the settings do not fit in full, they are told in short. */
void          lw_layer_card_set_width      (LwLayerCard *self, int width);
void          lw_layer_card_set_expanded   (LwLayerCard *self, gboolean expanded);
gboolean      lw_layer_card_get_expanded   (LwLayerCard *self);
/* Plays the arrival of a new card: it grows in, then its ring glows for a moment. */
void          lw_layer_card_animate_in     (LwLayerCard *self);

int           lw_layer_card_get_index      (LwLayerCard *self);
/* The layer's spec; NULL for the input. Borrowed. */
const LwSpec *lw_layer_card_get_spec       (LwLayerCard *self);
gboolean      lw_layer_card_get_faulty     (LwLayerCard *self);
/* The first fix button, or NULL; the editor, or NULL before the card was first opened. */
GtkWidget    *lw_layer_card_get_fix_button (LwLayerCard *self);
GtkWidget    *lw_layer_card_get_editor     (LwLayerCard *self);
/* What may be gripped to drag the card: everything but the editor and the fault's buttons. */
GtkWidget    *lw_layer_card_get_head       (LwLayerCard *self);

G_END_DECLS
