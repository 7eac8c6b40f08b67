#pragma once

#include <gtk/gtk.h>

/* LwCostBar: the line along a card's lower edge, as long as the layer's share of the training time.
 * It says nothing that the card does not say in words, and is hidden from assistive tools. */

G_BEGIN_DECLS

#define LW_TYPE_COST_BAR (lw_cost_bar_get_type ())
G_DECLARE_FINAL_TYPE (LwCostBar, lw_cost_bar, LW, COST_BAR, GtkWidget)

GtkWidget *lw_cost_bar_new       (void);

/* From 0 to 1; NaN draws nothing. */
void       lw_cost_bar_set_share (LwCostBar *self, double share);

G_END_DECLS
