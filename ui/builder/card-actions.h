#pragma once

#include <gtk/gtk.h>

/* What can be done with a layer's card as a whole, by its keys and in its menu: "card.move-up",
 * "card.move-down", "card.duplicate" and "card.delete", which ask for the model's actions of that kind. */

G_BEGIN_DECLS

/* For the class of LwLayerCard: actions and keys, those of "card.menu" and of Space and Escape among them. */
void       lw_card_actions_install (GtkWidgetClass *widget_class);

/* The menu of these actions, a GtkPopoverMenu without a parent. */
GtkWidget *lw_card_menu_new        (void);

G_END_DECLS
