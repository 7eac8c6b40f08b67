#include "app/toasts.h"

#include "tests/wait.h"

/* Toasts that come and go quickly, which libadwaita 1.2 does not survive by itself. */

static guint n_undone;

static void
undo (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  n_undone++;
}

typedef struct {
  GtkWindow       *window;
  AdwToastOverlay *overlay;
  LwToasts        *toasts;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  static const GActionEntry      entries[] = { { "undo", undo, NULL, NULL, NULL, { 0 } } };
  g_autoptr (GSimpleActionGroup) group = g_simple_action_group_new ();

  g_action_map_add_action_entries (G_ACTION_MAP (group), entries, G_N_ELEMENTS (entries), NULL);
  f->window = GTK_WINDOW (gtk_window_new ());
  f->overlay = ADW_TOAST_OVERLAY (adw_toast_overlay_new ());
  adw_toast_overlay_set_child (f->overlay, gtk_label_new ("content"));
  gtk_window_set_child (f->window, GTK_WIDGET (f->overlay));
  gtk_widget_insert_action_group (GTK_WIDGET (f->window), "win", G_ACTION_GROUP (group));
  f->toasts = lw_toasts_new (f->overlay);
  gtk_window_present (f->window);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (f->window));
  n_undone = 0;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  lw_toasts_free (f->toasts);
  gtk_window_destroy (f->window);
}

/* The toast that is shown, or NULL. */
static GtkWidget *
get_toast (Fixture *f)
{
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (f->overlay)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (child != adw_toast_overlay_get_child (f->overlay))
      return child;
  return NULL;
}

/* Undone at any moment after it was told: as it comes, when it has come, when it is gone. */
static void
test_dismiss (Fixture *f, gconstpointer data)
{
  static const int moments[] = { 0, 5, 15, 40, 90, 150, 240, 320, 500 };

  for (guint i = 0; i < G_N_ELEMENTS (moments); i++)
    {
      lw_toasts_add (f->toasts, "Conv2D deleted", TRUE);
      settle (moments[i]);
      lw_toasts_dismiss_undo (f->toasts);
      lw_toasts_dismiss_undo (f->toasts);
      while (get_toast (f) != NULL)
        settle (5);
      lw_toasts_dismiss_undo (f->toasts);
    }
}

/* Only the newest Undo goes; a toast without one stays, and takes clicks when it has come. */
static void
test_others (Fixture *f, gconstpointer data)
{
  lw_toasts_add (f->toasts, "Saved digits.keras", FALSE);
  settle (10);
  g_assert_nonnull (get_toast (f));
  g_assert_false (gtk_widget_get_can_target (get_toast (f)));
  g_assert_true (gtk_widget_get_can_target (adw_toast_overlay_get_child (f->overlay)));
  lw_toasts_dismiss_undo (f->toasts);
  settle (900);
  g_assert_nonnull (get_toast (f));
  g_assert_true (gtk_widget_get_can_target (get_toast (f)));

  /* One that waits behind it is taken out of the row. */
  lw_toasts_add (f->toasts, "Conv2D deleted", TRUE);
  lw_toasts_dismiss_undo (f->toasts);
  settle (50);
  g_assert_nonnull (get_toast (f));
}

/* A window that goes while a toast comes. */
static void
test_window_goes (Fixture *f, gconstpointer data)
{
  lw_toasts_add (f->toasts, "Conv2D deleted", TRUE);
  lw_toasts_dismiss_undo (f->toasts);
  settle (20);
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add ("/toasts/dismiss", Fixture, NULL, set_up, test_dismiss, tear_down);
  g_test_add ("/toasts/others", Fixture, NULL, set_up, test_others, tear_down);
  g_test_add ("/toasts/window-goes", Fixture, NULL, set_up, test_window_goes, tear_down);
  return g_test_run ();
}
