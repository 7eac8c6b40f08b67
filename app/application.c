#include "app/application.h"

#include "app/window.h"

#include <glib/gi18n.h>

struct _LwApplication {
  AdwApplication parent;
};

G_DEFINE_FINAL_TYPE (LwApplication, lw_application, ADW_TYPE_APPLICATION)

static LwWindow *
new_window (LwApplication *self)
{
  g_autoptr (LwSession) session = lw_session_new ();
  LwWindow             *window = lw_window_new (ADW_APPLICATION (self), session);

  gtk_window_present (GTK_WINDOW (window));
  lw_session_load_data (session);
  return window;
}

static void
lw_application_activate (GApplication *application)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (application));

  if (window != NULL)
    gtk_window_present (window);
  else
    new_window (LW_APPLICATION (application));
}

static void
lw_application_open (GApplication *application, GFile **files, int n, const char *hint)
{
  for (int i = 0; i < n; i++)
    lw_window_open (new_window (LW_APPLICATION (application)), files[i]);
}

static void
quit (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  GList *windows = g_list_copy (gtk_application_get_windows (GTK_APPLICATION (data)));

  for (GList *l = windows; l != NULL; l = l->next)
    gtk_window_close (l->data);
  g_list_free (windows);
}

static void
lw_application_startup (GApplication *application)
{
  static const GActionEntry entries[] = { { "quit", quit, NULL, NULL, NULL, { 0 } } };
  static const struct {
    const char *action;
    const char *keys[3];
  } accelerators[] = {
    { "app.quit", { "<Control>q" } },
    { "window.close", { "<Control>w" } },
    { "win.train", { "F5", "<Control>r" } },
    { "win.undo", { "<Control>z" } },
    { "win.redo", { "<Control><Shift>z" } },
    { "win.new", { "<Control>n" } },
    { "win.open", { "<Control>o" } },
    { "win.save", { "<Control>s" } },
    { "win.save-as", { "<Control><Shift>s" } },
    { "win.toggle-sidebar", { "F9" } },
    { "win.page::train", { "<Alt>1" } },
    { "win.page::code", { "<Alt>2" } },
    { "win.menu", { "F10" } },
    { "win.show-help-overlay", { "<Control>question" } },
  };

  G_APPLICATION_CLASS (lw_application_parent_class)->startup (application);
  g_action_map_add_action_entries (G_ACTION_MAP (application), entries, G_N_ELEMENTS (entries), application);
  for (guint i = 0; i < G_N_ELEMENTS (accelerators); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (application), accelerators[i].action,
                                           (const char *const *) accelerators[i].keys);
}

static void
lw_application_class_init (LwApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  application_class->activate = lw_application_activate;
  application_class->open = lw_application_open;
  application_class->startup = lw_application_startup;
}

static void
lw_application_init (LwApplication *self)
{
}

LwApplication *
lw_application_new (void)
{
  GApplicationFlags flags = G_APPLICATION_HANDLES_OPEN;

  if (g_getenv ("LAYERWISE_NON_UNIQUE") != NULL)
    flags |= G_APPLICATION_NON_UNIQUE;
  return g_object_new (LW_TYPE_APPLICATION, "application-id", LW_APPLICATION_ID, "flags", flags, NULL);
}
