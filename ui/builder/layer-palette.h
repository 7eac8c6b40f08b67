#pragma once

#include <gtk/gtk.h>

/* LwLayerPalette: the popover behind "Add layer": every class of layer in its group, with a line on
 * what it does. Typing finds, Up and Down choose, Enter or a click takes; a row dragged out of it goes onto a
 * stack of cards.
 *
 * Signal "chosen" (const char *class_name): the popover has closed itself. */

G_BEGIN_DECLS

#define LW_TYPE_LAYER_PALETTE (lw_layer_palette_get_type ())
G_DECLARE_FINAL_TYPE (LwLayerPalette, lw_layer_palette, LW, LAYER_PALETTE, GtkPopover)

GtkWidget *lw_layer_palette_new        (void);

/* The search entry, for tests. */
GtkWidget *lw_layer_palette_get_search (LwLayerPalette *self);

G_END_DECLS
