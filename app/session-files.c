/* The session and files: the document with its runs, opened and saved in threads. */

#include "app/session-private.h"

#include <glib/gi18n.h>

const char *
lw_session_get_title (LwSession *self)
{
  return self->title != NULL ? self->title : _("Untitled");
}

static char *
make_title (GFile *file)
{
  g_autofree char *name = g_file_get_basename (file);

  if (g_str_has_suffix (name, ".keras"))
    name[strlen (name) - strlen (".keras")] = '\0';
  return g_filename_display_name (name);
}

void
lw_session_set_file (LwSession *self, GFile *file)
{
  g_set_object (&self->file, file);
  g_free (self->title);
  self->title = file != NULL ? make_title (file) : NULL;
}

GFile *
lw_session_get_file (LwSession *self)
{
  return self->file;
}

/* -- opening -- */

static void
open_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autofree char *path = g_file_get_path (data);
  GError          *error = NULL;
  LwRun           *run = NULL;

  if (path == NULL)
    g_set_error_literal (&error, LW_ERROR, LW_ERROR_FILE, _("Only files on this computer can be opened"));
  else
    run = lw_document_load (path, &error);
  if (run != NULL)
    g_task_return_pointer (task, run, (GDestroyNotify) lw_run_free);
  else
    g_task_return_error (task, error);
}

void
lw_session_open_async (LwSession *self, GFile *file, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  g_task_set_task_data (task, g_object_ref (file), g_object_unref);
  g_task_run_in_thread (task, open_thread);
}

/* Brings a file's runs into the list, as part of the edit; the current one of the file is the last, or none
 * where its document has not been trained. */
static LwSessionRun *
bring_runs (LwSession *self, const LwRun *file, LwEdit *edit)
{
  LwSessionRun *run = NULL;
  guint         n = file->others != NULL ? file->others->len : 0;

  for (guint i = 0; i <= n; i++)
    {
      const LwRun *kept = i < n ? g_ptr_array_index (file->others, i) : file;

      if (i == n && kept->state == NULL)
        break;
      run = lw_session_run_from_file (kept);
      lw_session_insert_run (self, run);
      g_ptr_array_add (edit->come, run);
    }
  return n == edit->come->len ? NULL : run;
}

/* The session becomes what the file says. */
static LwEdit *
take_up_file (LwSession *self, const LwRun *run, GFile *file)
{
  g_autoptr (LwDocument) document = lw_document_new (run->model, &run->settings);
  LwEdit                *edit = lw_session_begin_edit (self, _("Open"));

  lw_session_set_current (self, NULL);
  for (guint i = 0; i < self->runs->len; i++)
    g_ptr_array_add (edit->gone, lw_session_run_ref (g_ptr_array_index (self->runs, i)));
  g_ptr_array_set_size (self->runs, 0);
  lw_session_set_current (self, bring_runs (self, run, edit));
  lw_session_set_file (self, file);
  self->n_moves++;
  lw_session_set_document (self, document);
  lw_session_set_saved (self, document, self->run != NULL ? self->run->state : NULL, self->n_changes);
  return edit;
}

static void
tell_file (LwSession *self)
{
  lw_session_emit (self, LW_SESSION_RUNS_CHANGED);
  lw_session_emit (self, LW_SESSION_STATE_CHANGED, TRUE);
  lw_session_emit (self, LW_SESSION_DOCUMENT_CHANGED);
  lw_session_emit (self, LW_SESSION_RUN_CHANGED);
}

gboolean
lw_session_open_finish (LwSession *self, GAsyncResult *result, GError **error)
{
  g_autoptr (LwRun) run = g_task_propagate_pointer (G_TASK (result), error);

  if (run == NULL)
    return FALSE;
  lw_session_end_edit (self, take_up_file (self, run, g_task_get_task_data (G_TASK (result))));
  tell_file (self);
  lw_session_toast (self, FALSE, _("Opened %s.keras"), lw_session_get_title (self));
  return TRUE;
}

void
lw_session_restore (LwSession *self, const LwRun *run, GFile *file)
{
  lw_edit_free (take_up_file (self, run, file));
  self->n_changes++;
  tell_file (self);
  if (self->run != NULL && lw_session_run_is_trained (self->run))
    lw_session_toast (self, FALSE, _("%s is back at step %d: press Space to train on"), self->run->name,
                      (int) self->run->state->step);
  else
    lw_session_toast (self, FALSE, "%s", _("Your model is back as you left it"));
}

/* -- saving -- */

typedef struct {
  GFile      *file;
  LwRun      *run;
  LwDocument *document;
  LwState    *state; /* the current run's, or NULL */
  guint       n_changes, n_moves;
} Saving;

static void
saving_free (gpointer data)
{
  Saving *saving = data;

  g_object_unref (saving->file);
  lw_run_free (saving->run);
  lw_document_unref (saving->document);
  lw_state_unref (saving->state);
  g_free (saving);
}

static void
save_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Saving          *saving = data;
  g_autofree char *path = g_file_get_path (saving->file);
  GError          *error = NULL;

  if (path == NULL)
    g_set_error_literal (&error, LW_ERROR, LW_ERROR_FILE, _("Files can be saved on this computer only"));
  else
    lw_document_save (path, saving->run, &error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

LwRun *
lw_session_snapshot (LwSession *self)
{
  g_autoptr (LwState) state = self->run != NULL ? lw_session_get_state (self) : NULL;
  gboolean            same = self->run != NULL && lw_document_same_run (self->document, self->run->document);
  LwRun              *kept = lw_run_new (self->document->model, &self->document->settings, same ? state : NULL,
                                         same ? self->run->history : NULL);

  kept->others = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_run_free);
  for (guint i = 0; i < self->runs->len; i++)
    {
      LwSessionRun *run = g_ptr_array_index (self->runs, i);
      /* The first weights that answers are given with are the document's, not those of a run that has none yet. */
      LwState      *stands = run != self->run ? run->state : state != self->initial ? state : NULL;

      if (same && run == self->run)
        {
          kept->name = g_strdup (run->name);
          kept->note = g_strdup (run->note);
          kept->slot = run->slot;
          kept->epochs = run->epochs;
        }
      else if (stands != NULL)
        g_ptr_array_add (kept->others, lw_session_run_to_file (run, stands));
    }
  return kept;
}

void
lw_session_save_async (LwSession *self, GFile *file, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  Saving           *saving = g_new0 (Saving, 1);

  saving->file = g_object_ref (file);
  saving->document = lw_document_ref (self->document);
  saving->state = self->run != NULL ? lw_session_get_state (self) : NULL;
  saving->n_changes = self->n_changes;
  saving->n_moves = self->n_moves;
  saving->run = lw_session_snapshot (self);
  g_task_set_task_data (task, saving, saving_free);
  g_task_run_in_thread (task, save_thread);
}

gboolean
lw_session_save_finish (LwSession *self, GAsyncResult *result, GError **error)
{
  Saving          *saving = g_task_get_task_data (G_TASK (result));
  g_autofree char *title = make_title (saving->file);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  /* Another file may have come meanwhile; then this one is no longer the session's. */
  if (saving->n_moves == self->n_moves)
    {
      lw_session_set_file (self, saving->file);
      lw_session_set_saved (self, saving->document, saving->state, saving->n_changes);
    }
  lw_session_emit (self, LW_SESSION_DOCUMENT_CHANGED);
  lw_session_toast (self, FALSE, _("Saved %s.keras"), title);
  return TRUE;
}
