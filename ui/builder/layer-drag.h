#pragma once

#include <gtk/gtk.h>

#include "ui/builder/layer-card.h"
#include "ui/builder/layer-list.h"

/* LwLayerDrag: moving cards of a list with the pointer, and dropping rows of the palette on it: what is
 * gripped, the mark where it would fall, scrolling near the edges, and the "model.move-layer" or
 * "model.add-layer" at the end. It belongs to one list. */

G_BEGIN_DECLS

#define LW_TYPE_LAYER_DRAG (lw_layer_drag_get_type ())
G_DECLARE_FINAL_TYPE (LwLayerDrag, lw_layer_drag, LW, LAYER_DRAG, GObject)

/* For a list, which is not kept alive by it and unrefs it when it is disposed of. */
LwLayerDrag *lw_layer_drag_new        (LwLayerList *list);

/* Takes drops on another widget as well, which is to be the ground below the list: what falls there comes
 * behind the last card. */
void         lw_layer_drag_add_target (LwLayerDrag *self, GtkWidget *widget);

/* Lets a card of that list be dragged by its head. */
void         lw_layer_drag_add_card   (LwLayerDrag *self, LwLayerCard *card);

G_END_DECLS
