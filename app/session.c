#include "app/session-private.h"

#include <glib/gi18n.h>

static guint signals[LW_SESSION_N_SIGNALS];

G_DEFINE_FINAL_TYPE (LwSession, lw_session, G_TYPE_OBJECT)

void
lw_session_emit (LwSession *self, LwSessionSignal which, ...)
{
  va_list arguments;

  va_start (arguments, which);
  g_signal_emit_valist (self, signals[which], 0, arguments);
  va_end (arguments);
}

void
lw_session_toast (LwSession *self, gboolean undo, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list          arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_signal_emit (self, signals[LW_SESSION_TOAST], 0, text, undo);
}

/* -- initial weights, for answers before training -- */

static void
make_initial (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  LwDocument *document = data;
  GError     *error = NULL;
  LwState    *state = lw_state_new_initial (document->model, &document->settings, &error);

  if (state != NULL)
    g_task_return_pointer (task, state, (GDestroyNotify) lw_state_unref);
  else
    g_task_return_error (task, error);
}

static void
on_initial (GObject *object, GAsyncResult *result, gpointer data)
{
  LwSession *self = LW_SESSION (object);
  LwState   *state = g_task_propagate_pointer (G_TASK (result), NULL);

  if (state == NULL)
    return;
  lw_state_unref (self->initial);
  self->initial = state;
  if (self->run == NULL)
    lw_session_emit (self, LW_SESSION_STATE_CHANGED, TRUE);
}

void
lw_session_renew_initial (LwSession *self)
{
  g_autoptr (GTask) task = NULL;

  g_cancellable_cancel (self->initial_cancellable);
  g_clear_object (&self->initial_cancellable);
  g_clear_pointer (&self->initial, lw_state_unref);
  if (lw_model_spec_get_fault (self->document->model) != NULL)
    return;
  self->initial_cancellable = g_cancellable_new ();
  task = g_task_new (self, self->initial_cancellable, on_initial, NULL);
  g_task_set_task_data (task, lw_document_ref (self->document), (GDestroyNotify) lw_document_unref);
  g_task_run_in_thread (task, make_initial);
}

/* -- data -- */

static void
read_data (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autofree char *path = lw_images_find_mnist ();
  GError          *error = NULL;
  LwImages        *images = lw_images_load (path, &error);

  if (images != NULL)
    g_task_return_pointer (task, images, (GDestroyNotify) lw_images_unref);
  else
    g_task_return_error (task, error);
}

static void
on_data (GObject *object, GAsyncResult *result, gpointer data)
{
  LwSession         *self = LW_SESSION (object);
  g_autoptr (GError) error = NULL;
  LwImages          *images = g_task_propagate_pointer (G_TASK (result), &error);
  gboolean           waiting = self->waiting;

  self->waiting = FALSE;
  g_clear_pointer (&self->data_error, g_free);
  if (images != NULL)
    {
      lw_images_unref (self->images);
      self->images = images;
    }
  else
    self->data_error = g_strdup (error->message);
  lw_session_emit (self, LW_SESSION_DATA_CHANGED);
  lw_session_emit (self, LW_SESSION_RUN_CHANGED);
  if (waiting && images != NULL)
    {
      if (self->waiting_for_step)
        lw_session_step (self);
      else
        lw_session_train (self);
    }
}

void
lw_session_load_data (LwSession *self)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, on_data, NULL);

  g_clear_pointer (&self->data_error, g_free);
  g_task_run_in_thread (task, read_data);
}

LwImages *
lw_session_get_images (LwSession *self)
{
  return self->images;
}

const char *
lw_session_get_data_error (LwSession *self)
{
  return self->data_error;
}

/* -- the document -- */

LwDocument *
lw_session_get_document (LwSession *self)
{
  return self->document;
}

/* With `plan`, the number of epochs is meant for the run that is current. */
static void
show_document (LwSession *self, LwDocument *document, gboolean plan)
{
  gboolean another = !lw_model_spec_equal (self->document->model, document->model)
                     || self->document->settings.seed != document->settings.seed;
  gboolean other_epochs = plan && self->document->settings.epochs != document->settings.epochs;

  lw_document_ref (document);
  lw_document_unref (self->document);
  self->document = document;
  lw_session_pass_settings (self, other_epochs);
  if (another)
    {
      self->image_time = -1;
      lw_session_renew_initial (self);
    }
  lw_session_emit (self, LW_SESSION_DOCUMENT_CHANGED);
  lw_session_emit (self, LW_SESSION_RUN_CHANGED);
}

void
lw_session_set_document (LwSession *self, LwDocument *document)
{
  show_document (self, document, FALSE);
}

LwEdit *
lw_session_begin_edit (LwSession *self, const char *name)
{
  LwEdit *edit = lw_edit_new (name, self->document);

  edit->with_runs = TRUE;
  edit->run = self->run != NULL ? lw_session_run_ref (self->run) : NULL;
  edit->file = self->file != NULL ? g_object_ref (self->file) : NULL;
  return edit;
}

void
lw_session_end_edit (LwSession *self, LwEdit *edit)
{
  edit->moves_run = edit->run != self->run;
  edit->moves_file = edit->file != self->file;
  lw_undo_push (self->undo, edit);
}

void
lw_session_edit (LwSession *self, LwDocument *document, const char *name)
{
  if (lw_document_equal (self->document, document))
    return;
  lw_undo_push (self->undo, lw_edit_new (name, self->document));
  show_document (self, document, TRUE);
}

/* Takes the newest edit back (or again) and leaves its opposite on the other side. */
static gboolean
step_back (LwSession *self, gboolean redo)
{
  LwEdit                *edit = lw_undo_take (self->undo, redo);
  g_autoptr (LwDocument) document = NULL;

  if (edit == NULL)
    return FALSE;
  document = g_steal_pointer (&edit->document);
  edit->document = lw_document_ref (self->document);
  lw_undo_put (self->undo, !redo, edit);
  if (edit->with_runs)
    lw_session_swap_runs (self, edit);
  show_document (self, document, !edit->moves_run);
  return TRUE;
}

gboolean
lw_session_undo (LwSession *self)
{
  return step_back (self, FALSE);
}

gboolean
lw_session_redo (LwSession *self)
{
  return step_back (self, TRUE);
}

const char *
lw_session_get_undo_name (LwSession *self)
{
  return lw_undo_get_name (self->undo, FALSE);
}

const char *
lw_session_get_redo_name (LwSession *self)
{
  return lw_undo_get_name (self->undo, TRUE);
}

gboolean
lw_session_is_modified (LwSession *self)
{
  g_autoptr (LwState) state = self->run != NULL ? lw_session_get_state (self) : NULL;

  return self->n_changes != self->n_saved || !lw_document_equal (self->document, self->saved)
         || state != self->saved_state || lw_session_get_phase (self) == LW_PHASE_TRAINING;
}

void
lw_session_set_saved (LwSession *self, LwDocument *document, LwState *state, guint n_changes)
{
  lw_document_ref (document);
  lw_document_unref (self->saved);
  self->saved = document;
  if (state != NULL)
    lw_state_ref (state);
  lw_state_unref (self->saved_state);
  self->saved_state = state;
  self->n_saved = n_changes;
}

/* -- what a run would cost here -- */

double
lw_session_get_epoch_time (LwSession *self, gboolean *measured)
{
  double speed = self->trainer != NULL ? lw_trainer_get_speed (self->trainer) : 0;
  gsize  n = self->images != NULL ? (gsize) lw_tensor_get_dim (self->images->train_images, 0) : 60000;

  n = lw_run_settings_get_n_training (&self->document->settings, n);
  *measured = speed > 0 && self->run != NULL && lw_document_same_run (self->document, self->run->document);
  if (*measured)
    return (double) n / speed;
  if (self->image_time > 0)
    return (double) n * self->image_time;
  return -1;
}

void
lw_session_set_image_time (LwSession *self, double seconds)
{
  if (self->image_time == seconds)
    return;
  self->image_time = seconds;
  lw_session_emit (self, LW_SESSION_RUN_CHANGED);
}

int
lw_session_get_n_threads (LwSession *self)
{
  const char *text = g_getenv ("LW_THREADS");
  int         n = (int) self->document->settings.threads;

  if (self->trainer != NULL)
    return lw_trainer_get_n_threads (self->trainer);
  if (n == 0 && text != NULL)
    n = (int) g_ascii_strtoll (text, NULL, 10);
  return n > 0 ? n : (int) g_get_num_processors ();
}

const char *
lw_session_get_isa (LwSession *self)
{
  LwIsa isa;

  if (self->trainer != NULL)
    return lw_trainer_get_isa (self->trainer);
  if (g_getenv ("LW_ISA") != NULL && lw_isa_from_name (g_getenv ("LW_ISA"), &isa))
    return lw_isa_name (isa);
  return lw_kernels_best ()->name;
}

/* -- the object -- */

static void
lw_session_dispose (GObject *object)
{
  LwSession *self = LW_SESSION (object);

  lw_session_set_step_phase (self, LW_STEP_NONE);
  lw_session_drop_trainer (self);
  g_cancellable_cancel (self->initial_cancellable);
  G_OBJECT_CLASS (lw_session_parent_class)->dispose (object);
}

static void
lw_session_finalize (GObject *object)
{
  LwSession *self = LW_SESSION (object);

  g_clear_object (&self->initial_cancellable);
  lw_state_unref (self->initial);
  g_ptr_array_unref (self->runs);
  lw_undo_free (self->undo);
  g_clear_object (&self->file);
  lw_document_unref (self->document);
  lw_document_unref (self->saved);
  lw_state_unref (self->saved_state);
  lw_images_unref (self->images);
  g_free (self->data_error);
  g_free (self->title);
  G_OBJECT_CLASS (lw_session_parent_class)->finalize (object);
}

static void
lw_session_class_init (LwSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType         type = G_TYPE_FROM_CLASS (klass);
  static const struct {
    LwSessionSignal which;
    const char     *name;
  } plain[] = {
    { LW_SESSION_DOCUMENT_CHANGED, "document-changed" },
    { LW_SESSION_RUN_CHANGED, "run-changed" },
    { LW_SESSION_RUNS_CHANGED, "runs-changed" },
    { LW_SESSION_DATA_CHANGED, "data-changed" },
  };

  object_class->dispose = lw_session_dispose;
  object_class->finalize = lw_session_finalize;

  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    signals[plain[i].which] = g_signal_new (plain[i].name, type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                            G_TYPE_NONE, 0);
  signals[LW_SESSION_STATE_CHANGED] = g_signal_new ("state-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                                    NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  signals[LW_SESSION_STEP_PHASE] = g_signal_new ("step-phase", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                                 G_TYPE_NONE, 1, G_TYPE_INT);
  signals[LW_SESSION_TOAST] = g_signal_new ("toast", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                            2, G_TYPE_STRING, G_TYPE_BOOLEAN);
}

static void
lw_session_init (LwSession *self)
{
  self->document = lw_document_new_preset ("convnet");
  self->saved = lw_document_ref (self->document);
  self->undo = lw_undo_new ();
  self->runs = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_session_run_unref);
  self->image_time = -1;
  lw_session_renew_initial (self);
}

LwSession *
lw_session_new (void)
{
  return g_object_new (LW_TYPE_SESSION, NULL);
}
