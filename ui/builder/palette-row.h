#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

/* LwPaletteRow: one class of layer in the palette, with a line on what it does. It can be dragged: what is
 * dropped is the row itself (LW_TYPE_PALETTE_ROW, as a copy).
 *
 * Signal "drag-begun" (): the pointer took it up. */

G_BEGIN_DECLS

#define LW_TYPE_PALETTE_ROW (lw_palette_row_get_type ())
G_DECLARE_FINAL_TYPE (LwPaletteRow, lw_palette_row, LW, PALETTE_ROW, GtkListBoxRow)

/* Classes are static. */
GtkWidget         *lw_palette_row_new       (const LwSpecClass *klass);

const LwSpecClass *lw_palette_row_get_class (LwPaletteRow *self);

G_END_DECLS
