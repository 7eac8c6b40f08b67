#pragma once

#include <gtk/gtk.h>

/* LwEmptyStack: what stands in the place of the cards of a model without layers: how to add a first one, and
 * buttons that do ("model.add-layer"). */

G_BEGIN_DECLS

#define LW_TYPE_EMPTY_STACK (lw_empty_stack_get_type ())
G_DECLARE_FINAL_TYPE (LwEmptyStack, lw_empty_stack, LW, EMPTY_STACK, GtkWidget)

GtkWidget *lw_empty_stack_new (void);

G_END_DECLS
