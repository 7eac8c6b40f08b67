#include "app/toasts.h"

#include <glib/gi18n.h>

/* How long a toast comes, and a little more. */
#define COMING_MS 400

struct _LwToasts {
  AdwToastOverlay *overlay;
  GListModel      *children; /* of the overlay: the toast's widget is one, while it shows */
  AdwToast        *undo;     /* weak: the newest with an Undo button */
  guint            coming_id;
  gboolean         dismiss;  /* the Undo toast, when it has come */
};

static void
set_targets (LwToasts *toasts, gboolean can_target)
{
  GtkWidget *content = adw_toast_overlay_get_child (toasts->overlay);

  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (toasts->overlay)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (child != content)
      {
        gtk_widget_set_can_target (child, can_target);
        gtk_widget_set_can_focus (child, can_target);
      }
}

static gboolean
on_come (gpointer data)
{
  LwToasts *toasts = data;

  toasts->coming_id = 0;
  set_targets (toasts, TRUE);
  if (toasts->dismiss && toasts->undo != NULL)
    adw_toast_dismiss (toasts->undo);
  toasts->dismiss = FALSE;
  return G_SOURCE_REMOVE;
}

static void
on_children_changed (LwToasts *toasts, guint position, guint removed, guint added)
{
  if (added == 0)
    return;
  set_targets (toasts, FALSE);
  g_clear_handle_id (&toasts->coming_id, g_source_remove);
  toasts->coming_id = g_timeout_add (COMING_MS, on_come, toasts);
}

LwToasts *
lw_toasts_new (AdwToastOverlay *overlay)
{
  LwToasts *toasts = g_new0 (LwToasts, 1);

  toasts->overlay = overlay;
  toasts->children = gtk_widget_observe_children (GTK_WIDGET (overlay));
  g_signal_connect_swapped (toasts->children, "items-changed", G_CALLBACK (on_children_changed), toasts);
  return toasts;
}

void
lw_toasts_free (LwToasts *toasts)
{
  g_signal_handlers_disconnect_by_data (toasts->children, toasts);
  g_clear_handle_id (&toasts->coming_id, g_source_remove);
  g_clear_weak_pointer (&toasts->undo);
  g_object_unref (toasts->children);
  g_free (toasts);
}

void
lw_toasts_add (LwToasts *toasts, const char *text, gboolean undo)
{
  AdwToast *toast = adw_toast_new (text);

  if (undo)
    {
      adw_toast_set_button_label (toast, _("Undo"));
      adw_toast_set_action_name (toast, "win.undo");
      g_set_weak_pointer (&toasts->undo, toast);
      toasts->dismiss = FALSE;
    }
  adw_toast_overlay_add_toast (toasts->overlay, toast);
}

void
lw_toasts_dismiss_undo (LwToasts *toasts)
{
  if (toasts->coming_id != 0)
    toasts->dismiss = TRUE;
  else if (toasts->undo != NULL)
    adw_toast_dismiss (toasts->undo);
}
