#include "app/application.h"

#include <glib-unix.h>
#include <glib/gi18n.h>

struct _LwApplication {
  AdwApplication parent;
};

G_DEFINE_FINAL_TYPE (LwApplication, lw_application, ADW_TYPE_APPLICATION)

/* Takes the session, and the place where its work was kept. */
static LwWindow *
show_session (LwApplication *self, LwSession *session, LwWorkFile *left)
{
  LwWindow *window = lw_window_new (ADW_APPLICATION (self), session, left);

  gtk_window_present (GTK_WINDOW (window));
  lw_session_load_data (session);
  g_object_unref (session);
  return window;
}

LwWindow *
lw_application_new_window (LwApplication *self)
{
  return show_session (self, lw_session_new (), NULL);
}

/* -- what was left the last time -- */

typedef struct {
  LwWorkFile *file;
  GFile      *document;
} Left;

static void
left_free (gpointer data)
{
  Left *left = data;

  lw_work_file_free (left->file);
  g_clear_object (&left->document);
  g_free (left);
}

static void
read_left (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Left   *left = data;
  GError *error = NULL;
  LwRun  *run = lw_work_file_read (left->file, &left->document, &error);

  if (run != NULL)
    g_task_return_pointer (task, run, (GDestroyNotify) lw_run_free);
  else
    g_task_return_error (task, error);
}

static void
on_left (GObject *object, GAsyncResult *result, gpointer data)
{
  LwApplication      *self = LW_APPLICATION (object);
  Left               *left = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError)  error = NULL;
  g_autoptr (LwRun)   run = g_task_propagate_pointer (G_TASK (result), &error);
  LwWindow           *window;

  if (run != NULL)
    {
      window = show_session (self, lw_session_new (), g_steal_pointer (&left->file));
      lw_session_restore (lw_window_get_session (window), run, left->document);
    }
  else
    {
      lw_work_file_set_aside (left->file);
      window = lw_application_new_window (self);
      lw_window_tell (window, _("What was left the last time could not be read"), error);
    }
  g_application_release (G_APPLICATION (self));
}

/* Opens a window for each piece of unsaved work; FALSE if there is none. */
static gboolean
restore_left (LwApplication *self)
{
  g_autoptr (GPtrArray) files = lw_work_file_claim_all ();
  gboolean              any = files->len > 0;

  while (files->len > 0)
    {
      g_autoptr (GTask) task = g_task_new (self, NULL, on_left, NULL);
      Left             *left = g_new0 (Left, 1);

      left->file = g_ptr_array_steal_index (files, 0);
      g_task_set_task_data (task, left, left_free);
      g_application_hold (G_APPLICATION (self));
      g_task_run_in_thread (task, read_left);
    }
  return any;
}

/* -- the application -- */

static void
lw_application_activate (GApplication *application)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (application));

  if (window != NULL)
    gtk_window_present (window);
  else if (!restore_left (LW_APPLICATION (application)))
    lw_application_new_window (LW_APPLICATION (application));
}

static void
lw_application_open (GApplication *application, GFile **files, int n, const char *hint)
{
  for (int i = 0; i < n; i++)
    lw_window_open (lw_application_new_window (LW_APPLICATION (application)), files[i]);
}

static void
quit (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  GList *windows = g_list_copy_deep (gtk_application_get_windows (GTK_APPLICATION (data)),
                                     (GCopyFunc) (GCallback) g_object_ref, NULL);

  for (GList *l = windows; l != NULL; l = l->next)
    gtk_window_close (l->data);
  g_list_free_full (windows, g_object_unref);
}

/* The desktop's end is the program's: what is not saved is kept. */
static gboolean
on_signal (gpointer application)
{
  g_action_group_activate_action (G_ACTION_GROUP (application), "quit", NULL);
  return G_SOURCE_CONTINUE;
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
    { "model.start-empty", { "<Control><Shift>n" } },
    { "win.undo", { "<Control>z" } },
    { "win.redo", { "<Control><Shift>z" } },
    { "win.new", { "<Control>n" } },
    { "win.open", { "<Control>o" } },
    { "win.save", { "<Control>s" } },
    { "win.save-as", { "<Control><Shift>s" } },
    { "win.toggle-sidebar", { "F9" } },
    { "win.page::train", { "<Alt>1" } },
    { "win.page::code", { "<Alt>2" } },
    { "win.presenter", { "F11" } },
    { "win.menu", { "F10" } },
    { "win.show-help-overlay", { "<Control>question" } },
  };

  G_APPLICATION_CLASS (lw_application_parent_class)->startup (application);
  g_action_map_add_action_entries (G_ACTION_MAP (application), entries, G_N_ELEMENTS (entries), application);
  g_unix_signal_add (SIGTERM, on_signal, application);
  g_unix_signal_add (SIGINT, on_signal, application);
  g_unix_signal_add (SIGHUP, on_signal, application);
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
