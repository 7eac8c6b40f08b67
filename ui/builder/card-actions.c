#include "ui/builder/card-actions.h"

#include <glib/gi18n-lib.h>

#include "ui/builder/layer-card.h"

static guint
get_index (GtkWidget *widget)
{
  return (guint) lw_layer_card_get_index (LW_LAYER_CARD (widget));
}

static void
move (GtkWidget *widget,
      int        by)
{
  guint index = get_index (widget);

  gtk_widget_activate_action (widget, "model.move-layer", "(uu)", index, index + (guint) by);
}

static void
move_up (GtkWidget  *widget,
         const char *action,
         GVariant   *parameter)
{
  move (widget, -1);
}

static void
move_down (GtkWidget  *widget,
           const char *action,
           GVariant   *parameter)
{
  move (widget, 1);
}

static void
duplicate (GtkWidget  *widget,
           const char *action,
           GVariant   *parameter)
{
  gtk_widget_activate_action (widget, "model.duplicate-layer", "u", get_index (widget));
}

static void
delete (GtkWidget  *widget,
        const char *action,
        GVariant   *parameter)
{
  gtk_widget_activate_action (widget, "model.remove-layer", "u", get_index (widget));
}

/* Delete belongs to the card only while the card itself has the focus, not a control in it. */
static gboolean
on_delete_key (GtkWidget *widget,
               GVariant  *arguments,
               gpointer   data)
{
  if (!gtk_widget_has_focus (widget))
    return FALSE;

  return gtk_widget_activate_action (widget, "card.delete", NULL);
}

/* The list box would take Space to select and open a card. In this window Space trains. */
static gboolean
on_space_key (GtkWidget *widget,
              GVariant  *arguments,
              gpointer   data)
{
  if (!gtk_widget_has_focus (widget))
    return FALSE;

  return gtk_widget_activate_action (widget, "win.train", NULL);
}

static gboolean
on_escape_key (GtkWidget *widget,
               GVariant  *arguments,
               gpointer   data)
{
  LwLayerCard *self = LW_LAYER_CARD (widget);

  if (!lw_layer_card_get_expanded (self))
    return FALSE;

  lw_layer_card_set_expanded (self, FALSE);
  return TRUE;
}

void
lw_card_actions_install (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "card.move-up", NULL, move_up);
  gtk_widget_class_install_action (widget_class, "card.move-down", NULL, move_down);
  gtk_widget_class_install_action (widget_class, "card.duplicate", NULL, duplicate);
  gtk_widget_class_install_action (widget_class, "card.delete", NULL, delete);

  /* The menu shows the last key that is bound to an action. */
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_KP_Up, GDK_ALT_MASK, "card.move-up",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_KP_Down, GDK_ALT_MASK,
                                       "card.move-down", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Up, GDK_ALT_MASK, "card.move-up",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Down, GDK_ALT_MASK, "card.move-down",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_d, GDK_CONTROL_MASK, "card.duplicate",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Menu, 0, "card.menu", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, "card.menu",
                                       NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Delete, 0, on_delete_key, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_KP_Delete, 0, on_delete_key, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_space, 0, on_space_key, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Escape, 0, on_escape_key, NULL);
}

GtkWidget *
lw_card_menu_new (void)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GMenu) moves = g_menu_new ();
  g_autoptr (GMenu) others = g_menu_new ();
  g_autoptr (GMenuItem) remove = NULL;
  GtkWidget *popover;

  g_menu_append (moves, _("Move up"), "card.move-up");
  g_menu_append (moves, _("Move down"), "card.move-down");
  g_menu_append (others, _("Duplicate"), "card.duplicate");
  remove = g_menu_item_new (_("Delete"), "card.delete");
  g_menu_item_set_attribute (remove, "accel", "s", "Delete");
  g_menu_append_item (others, remove);
  g_menu_append_section (menu, NULL, G_MENU_MODEL (moves));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (others));

  popover = gtk_popover_menu_new_from_model (G_MENU_MODEL (menu));
  gtk_popover_set_has_arrow (GTK_POPOVER (popover), FALSE);
  gtk_popover_set_position (GTK_POPOVER (popover), GTK_POS_BOTTOM);
  gtk_widget_set_halign (popover, GTK_ALIGN_START);
  gtk_accessible_update_property (GTK_ACCESSIBLE (popover), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _("Layer menu"), -1);

  return popover;
}
