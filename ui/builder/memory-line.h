#pragma once

#include <gtk/gtk.h>

/* LwMemoryLine: how much memory a layer takes: a bar as long as its share of all layers', and the figures.
 * Hidden while that is not known. */

G_BEGIN_DECLS

#define LW_TYPE_MEMORY_LINE (lw_memory_line_get_type ())
G_DECLARE_FINAL_TYPE (LwMemoryLine, lw_memory_line, LW, MEMORY_LINE, GtkWidget)

GtkWidget *lw_memory_line_new (void);

/* `share` from 0 to 1, NaN for not known. */
void       lw_memory_line_set (LwMemoryLine *self, gint64 bytes, double share);

G_END_DECLS
