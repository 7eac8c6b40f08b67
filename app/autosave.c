#include "app/autosave.h"

/* After a change, and while training, fast or slowly. */
#define SOON_MS     1000
#define TRAINING_MS 30000

struct _LwAutosave {
  GObject     parent;

  LwSession  *session;
  LwWorkFile *file;      /* NULL: nothing has been kept yet */
  guint       timer;
  gboolean    soon;      /* what the timer waits for */
  gboolean    writing;   /* in a thread, at this moment */
  gboolean    changed;   /* since that began */
  gboolean    failed;    /* the last time */
  gboolean    discarded;
  GTask      *finish;    /* waits for the writing to end */
};

enum {
  FAILED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LwAutosave, lw_autosave, G_TYPE_OBJECT)

typedef struct {
  LwWorkFile *file; /* the autosave's, which lives on */
  LwRun      *run;
  GFile      *document;
} Work;

static void
work_free (gpointer data)
{
  Work *work = data;

  lw_run_free (work->run);
  g_clear_object (&work->document);
  g_free (work);
}

static void
write_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Work   *work = data;
  GError *error = NULL;

  if (lw_work_file_write (work->file, work->run, work->document, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void keep (LwAutosave *self);

static gboolean
on_timer (gpointer data)
{
  LwAutosave *self = data;

  self->timer = 0;
  keep (self);
  return G_SOURCE_REMOVE;
}

static void
schedule (LwAutosave *self, gboolean soon)
{
  /* What keeps changing must not put it off for ever. */
  if (self->discarded || self->finish != NULL || (self->timer != 0 && (self->soon || !soon)))
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  self->soon = soon;
  self->timer = g_timeout_add (soon ? SOON_MS : TRAINING_MS, on_timer, self);
}

static void
end_finish (LwAutosave *self, const GError *error)
{
  g_autoptr (GTask) finish = g_steal_pointer (&self->finish);

  if (error != NULL)
    g_task_return_error (finish, g_error_copy (error));
  else
    g_task_return_boolean (finish, TRUE);
}

static void
on_written (GObject *object, GAsyncResult *result, gpointer data)
{
  LwAutosave        *self = LW_AUTOSAVE (object);
  g_autoptr (GError) error = NULL;
  gboolean           failed_before = self->failed;

  self->writing = FALSE;
  self->failed = !g_task_propagate_boolean (G_TASK (result), &error);
  if (self->discarded)
    {
      lw_work_file_remove (self->file);
      if (self->finish != NULL)
        end_finish (self, NULL);
      return;
    }
  if (self->finish != NULL && self->changed)
    keep (self);
  else if (self->finish != NULL)
    end_finish (self, error);
  else
    {
      if (self->failed && !failed_before)
        g_signal_emit (self, signals[FAILED], 0, error->message);
      if (self->changed || lw_session_is_running (self->session))
        schedule (self, self->changed && !self->failed);
    }
}

/* Writes what there is, or removes it where all is saved. */
static void
keep (LwAutosave *self)
{
  g_autoptr (GTask)  task = NULL;
  g_autoptr (GError) error = NULL;
  Work              *work;

  self->changed = self->writing;
  if (self->writing)
    return;
  if (!lw_session_is_modified (self->session))
    {
      if (self->file != NULL)
        lw_work_file_remove (self->file);
      g_clear_pointer (&self->file, lw_work_file_free);
      if (self->finish != NULL)
        end_finish (self, NULL);
      return;
    }
  if (self->file == NULL)
    self->file = lw_work_file_new (&error);
  task = g_task_new (self, NULL, on_written, NULL);
  self->writing = TRUE;
  if (self->file == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  work = g_new0 (Work, 1);
  work->file = self->file;
  work->run = lw_session_snapshot (self->session);
  work->document = lw_session_get_file (self->session) != NULL
                       ? g_object_ref (lw_session_get_file (self->session)) : NULL;
  g_task_set_task_data (task, work, work_free);
  g_task_run_in_thread (task, write_thread);
}

static void
on_changed (LwAutosave *self)
{
  if (self->writing)
    self->changed = TRUE;
  else
    schedule (self, TRUE);
}

/* Phases come and go by the second in slow motion; what counts is whether it trains. */
static void
on_run_changed (LwAutosave *self)
{
  if (lw_session_is_running (self->session))
    schedule (self, FALSE);
  else
    on_changed (self);
}

void
lw_autosave_finish_async (LwAutosave *self, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (self->finish == NULL);

  g_clear_handle_id (&self->timer, g_source_remove);
  self->finish = g_task_new (self, NULL, callback, data);
  keep (self);
}

gboolean
lw_autosave_finish_finish (LwAutosave *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
lw_autosave_discard (LwAutosave *self)
{
  self->discarded = TRUE;
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->file != NULL && !self->writing)
    lw_work_file_remove (self->file);
}

static void
lw_autosave_dispose (GObject *object)
{
  LwAutosave *self = LW_AUTOSAVE (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->session != NULL)
    g_signal_handlers_disconnect_by_data (self->session, self);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (lw_autosave_parent_class)->dispose (object);
}

static void
lw_autosave_finalize (GObject *object)
{
  lw_work_file_free (LW_AUTOSAVE (object)->file);
  G_OBJECT_CLASS (lw_autosave_parent_class)->finalize (object);
}

static void
lw_autosave_class_init (LwAutosaveClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = lw_autosave_dispose;
  object_class->finalize = lw_autosave_finalize;
  signals[FAILED] = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
lw_autosave_init (LwAutosave *self)
{
}

LwAutosave *
lw_autosave_new (LwSession *session, LwWorkFile *file)
{
  LwAutosave *self = g_object_new (LW_TYPE_AUTOSAVE, NULL);

  self->session = g_object_ref (session);
  self->file = file;
  g_signal_connect_swapped (session, "document-changed", G_CALLBACK (on_changed), self);
  g_signal_connect_swapped (session, "runs-changed", G_CALLBACK (on_changed), self);
  g_signal_connect_swapped (session, "run-changed", G_CALLBACK (on_run_changed), self);
  return self;
}
