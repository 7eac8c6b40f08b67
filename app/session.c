#include "app/session.h"

#include <glib/gi18n.h>
#include <math.h>

/* How strongly the training loss of the list of runs is smoothed. */
#define SMOOTHING 0.9

#define MAX_UNDO 200

/* What an edit replaced. Most touch the document alone; Reset and Open also the current run and the file
 * that Save writes. */
typedef struct {
  char         *name;
  LwDocument   *document;
  gboolean      with_run;
  LwSessionRun *run;
  GFile        *file;
} Edit;

struct _LwSession {
  GObject       parent;

  LwImages     *images;
  char         *data_error;

  LwDocument   *document;
  LwDocument   *saved; /* the document as it is on disk, or as it began */
  gboolean      run_unsaved;
  GFile        *file;
  char         *title; /* the file's name without its ending; NULL: not saved yet */
  GPtrArray    *undo; /* Edit */
  GPtrArray    *redo;

  GPtrArray    *runs; /* LwSessionRun, oldest first; the last may be the current one */
  LwSessionRun *run;  /* the current one, or NULL */
  guint         n_runs_made;
  LwTrainer    *trainer;
  gulong        phase_handler;
  guint         serial; /* of the state last told */
  gboolean      waiting;
  gboolean      waiting_for_step;
  gboolean      stepping; /* one batch was asked for and is not done yet */

  LwState      *initial;
  GCancellable *initial_cancellable;
  double        image_time; /* seconds that an image takes in training, < 0: not known */
};

enum {
  DOCUMENT_CHANGED,
  RUN_CHANGED,
  RUNS_CHANGED,
  STATE_CHANGED,
  DATA_CHANGED,
  TOAST,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LwSession, lw_session, G_TYPE_OBJECT)

static void
toast (LwSession *self, gboolean undo, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list          arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_signal_emit (self, signals[TOAST], 0, text, undo);
}

/* -- runs -- */

static LwSessionRun *
run_new (LwDocument *document, LwHistory *history, LwState *state)
{
  LwSessionRun *run = g_new0 (LwSessionRun, 1);

  run->document = lw_document_ref (document);
  run->history = lw_history_ref (history);
  run->state = state != NULL ? lw_state_ref (state) : NULL;
  run->epochs = document->settings.epochs;
  run->smoothed_loss = run->test_loss = run->test_accuracy = NAN;
  return run;
}

static LwSessionRun *
run_copy (const LwSessionRun *from)
{
  LwSessionRun *run = g_memdup2 (from, sizeof *from);

  run->name = g_strdup (from->name);
  run->note = g_strdup (from->note);
  lw_document_ref (run->document);
  lw_history_ref (run->history);
  if (run->state != NULL)
    lw_state_ref (run->state);
  return run;
}

static void
run_free (gpointer data)
{
  LwSessionRun *run = data;

  if (run == NULL)
    return;
  g_free (run->name);
  g_free (run->note);
  lw_document_unref (run->document);
  lw_history_unref (run->history);
  lw_state_unref (run->state);
  g_free (run);
}

static void
edit_free (gpointer data)
{
  Edit *edit = data;

  g_free (edit->name);
  lw_document_unref (edit->document);
  run_free (edit->run);
  g_clear_object (&edit->file);
  g_free (edit);
}

/* The exponential mean of the finite losses so far, corrected for having begun at zero, as the chart's
 * line (Kingma and Ba, "Adam", 2015, section 3). */
static void
smooth_loss (LwSessionRun *run, double loss)
{
  if (!isfinite (loss))
    return;
  run->loss_sum = SMOOTHING * run->loss_sum + (1 - SMOOTHING) * loss;
  run->loss_weight = SMOOTHING * run->loss_weight + (1 - SMOOTHING);
  run->smoothed_loss = run->loss_sum / run->loss_weight;
}

/* Reads what the history has gained; TRUE if anything. */
static gboolean
run_update (LwSessionRun *run)
{
  const LwHistoryPoint *points;
  gsize                 n;
  gboolean              gained = FALSE;

  while ((points = lw_history_read (run->history, &run->cursor, &n)) != NULL)
    for (gsize i = 0; i < n; i++)
      {
        const LwHistoryPoint *point = &points[i];

        gained = TRUE;
        if (point->kind == LW_POINT_TRAIN)
          {
            run->last = *point;
            smooth_loss (run, point->loss);
          }
        else if (point->kind != LW_POINT_EVENT)
          {
            run->test_loss = point->loss;
            run->test_accuracy = point->accuracy;
            run->n_tested = point->n_images;
          }
      }
  return gained;
}

static gboolean
slot_is_taken (LwSession *self, guint slot)
{
  for (guint i = 0; i < self->runs->len; i++)
    if (((LwSessionRun *) g_ptr_array_index (self->runs, i))->slot == slot)
      return TRUE;
  return FALSE;
}

static guint
free_slot (LwSession *self)
{
  for (guint slot = 0; slot < LW_MAX_RUNS; slot++)
    if (!slot_is_taken (self, slot))
      return slot;
  return 0;
}

static char *
run_note (LwDocument *document)
{
  const LwSpec *optimizer = lw_model_spec_get_optimizer (document->model);

  return g_strdup_printf ("%s, %s %g", lw_model_spec_get_name (document->model),
                          lw_spec_get_class (optimizer)->label,
                          lw_spec_get_float (optimizer, "learning_rate"));
}

/* Makes it the current run, at the end of the list. */
static void
adopt_run (LwSession *self, LwSessionRun *run)
{
  if (self->runs->len == LW_MAX_RUNS)
    g_ptr_array_remove_index (self->runs, 0);
  if (run->name == NULL)
    {
      run->id = ++self->n_runs_made;
      run->name = g_strdup_printf (_("Run %u"), run->id);
      run->note = run_note (run->document);
      run->slot = free_slot (self);
    }
  else if (slot_is_taken (self, run->slot))
    run->slot = free_slot (self);
  g_ptr_array_add (self->runs, run);
  self->run = run;
  run_update (run);
}

static void
drop_trainer (LwSession *self)
{
  if (self->trainer == NULL)
    return;
  self->stepping = FALSE;
  g_clear_signal_handler (&self->phase_handler, self->trainer);
  lw_trainer_stop (self->trainer);
  lw_trainer_join (self->trainer);
  if (self->run != NULL)
    {
      LwState *state = lw_trainer_get_phase (self->trainer) == LW_PHASE_DIVERGED
                           ? lw_trainer_get_good_state (self->trainer)
                           : lw_trainer_get_state (self->trainer);

      run_update (self->run);
      lw_state_unref (self->run->state);
      self->run->state = state;
    }
  g_clear_object (&self->trainer);
}

static void
forget_run (LwSession *self)
{
  drop_trainer (self);
  if (self->run != NULL)
    {
      g_ptr_array_remove (self->runs, self->run);
      self->run = NULL;
    }
}

static void
on_phase (LwSession *self)
{
  self->stepping = FALSE;
  lw_session_tick (self);
  if (self->run != NULL && lw_session_get_phase (self) == LW_PHASE_DIVERGED)
    self->run->diverged_rate
        = lw_spec_get_float (lw_model_spec_get_optimizer (self->document->model), "learning_rate");
  g_signal_emit (self, signals[STATE_CHANGED], 0, FALSE);
  g_signal_emit (self, signals[RUN_CHANGED], 0);
}

/* A trainer for the current run, from where it stands. */
static gboolean
make_trainer (LwSession *self)
{
  g_autoptr (GError) error = NULL;

  self->trainer = lw_trainer_new (self->run->document->model, &self->run->document->settings, self->images,
                                  self->run->state, self->run->history, 0, 19, &error);
  if (self->trainer == NULL)
    {
      toast (self, FALSE, "%s", error->message);
      return FALSE;
    }
  lw_trainer_set_epochs (self->trainer, self->run->epochs);
  self->phase_handler = g_signal_connect_swapped (self->trainer, "notify::phase", G_CALLBACK (on_phase), self);
  self->serial = 0;
  return TRUE;
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
    g_signal_emit (self, signals[STATE_CHANGED], 0, TRUE);
}

static void
renew_initial (LwSession *self)
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
  g_signal_emit (self, signals[DATA_CHANGED], 0);
  g_signal_emit (self, signals[RUN_CHANGED], 0);
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

static void
set_document (LwSession *self, LwDocument *document)
{
  gboolean another = !lw_model_spec_equal (self->document->model, document->model)
                     || self->document->settings.seed != document->settings.seed;
  gboolean other_epochs = self->document->settings.epochs != document->settings.epochs;

  lw_document_ref (document);
  lw_document_unref (self->document);
  self->document = document;

  if (self->run != NULL && lw_document_same_run (document, self->run->document))
    {
      const LwSpec *optimizer = lw_model_spec_get_optimizer (document->model);

      /* "Continue" may have raised the run's epochs above the document's. */
      if (other_epochs)
        self->run->epochs = document->settings.epochs;
      if (self->trainer != NULL)
        {
          lw_trainer_set_learning_rate (self->trainer, lw_spec_get_float (optimizer, "learning_rate"));
          lw_trainer_set_epochs (self->trainer, self->run->epochs);
        }
    }
  if (another)
    {
      self->image_time = -1;
      renew_initial (self);
    }
  g_signal_emit (self, signals[DOCUMENT_CHANGED], 0);
  g_signal_emit (self, signals[RUN_CHANGED], 0);
}

/* What there is now, to come back to. with_run stops the current run and keeps it as it stands. */
static Edit *
edit_new (LwSession *self, const char *name, gboolean with_run)
{
  Edit *edit = g_new0 (Edit, 1);

  edit->name = g_strdup (name);
  edit->document = lw_document_ref (self->document);
  edit->with_run = with_run;
  if (with_run)
    {
      drop_trainer (self);
      edit->run = self->run != NULL ? run_copy (self->run) : NULL;
      edit->file = self->file != NULL ? g_object_ref (self->file) : NULL;
    }
  return edit;
}

static void
push (GPtrArray *stack, Edit *edit)
{
  g_ptr_array_add (stack, edit);
  if (stack->len > MAX_UNDO)
    g_ptr_array_remove_index (stack, 0);
}

void
lw_session_edit (LwSession *self, LwDocument *document, const char *name)
{
  if (lw_document_equal (self->document, document))
    return;
  push (self->undo, edit_new (self, name, FALSE));
  g_ptr_array_set_size (self->redo, 0);
  set_document (self, document);
}

static void set_file (LwSession *self, GFile *file);

/* Takes the newest edit of `from` back (or again), leaving its opposite on `to`. */
static gboolean
step_back (LwSession *self, GPtrArray *from, GPtrArray *to)
{
  Edit *edit;

  if (from->len == 0)
    return FALSE;
  edit = g_ptr_array_steal_index (from, from->len - 1);
  push (to, edit_new (self, edit->name, edit->with_run));
  if (edit->with_run)
    {
      forget_run (self);
      if (edit->run != NULL)
        adopt_run (self, g_steal_pointer (&edit->run));
      set_file (self, edit->file);
      self->run_unsaved = TRUE;
    }
  set_document (self, edit->document);
  if (edit->with_run)
    {
      if (self->run == NULL)
        renew_initial (self);
      g_signal_emit (self, signals[RUNS_CHANGED], 0);
      g_signal_emit (self, signals[STATE_CHANGED], 0, TRUE);
      g_signal_emit (self, signals[RUN_CHANGED], 0);
    }
  edit_free (edit);
  return TRUE;
}

gboolean
lw_session_undo (LwSession *self)
{
  return step_back (self, self->undo, self->redo);
}

gboolean
lw_session_redo (LwSession *self)
{
  return step_back (self, self->redo, self->undo);
}

static const char *
newest_name (GPtrArray *stack)
{
  return stack->len > 0 ? ((Edit *) g_ptr_array_index (stack, stack->len - 1))->name : NULL;
}

const char *
lw_session_get_undo_name (LwSession *self)
{
  return newest_name (self->undo);
}

const char *
lw_session_get_redo_name (LwSession *self)
{
  return newest_name (self->redo);
}

gboolean
lw_session_is_modified (LwSession *self)
{
  return self->run_unsaved || !lw_document_equal (self->document, self->saved);
}

const char *
lw_session_get_title (LwSession *self)
{
  return self->title != NULL ? self->title : _("Untitled");
}

static void
set_file (LwSession *self, GFile *file)
{
  g_autofree char *name = file != NULL ? g_file_get_basename (file) : NULL;

  g_set_object (&self->file, file);
  if (file == NULL)
    {
      g_clear_pointer (&self->title, g_free);
      return;
    }
  if (g_str_has_suffix (name, ".keras"))
    name[strlen (name) - strlen (".keras")] = '\0';
  g_free (self->title);
  self->title = g_filename_display_name (name);
}

GFile *
lw_session_get_file (LwSession *self)
{
  return self->file;
}

/* -- training -- */

LwPhase
lw_session_get_phase (LwSession *self)
{
  if (self->trainer != NULL)
    return lw_trainer_get_phase (self->trainer);
  if (self->run != NULL && self->run->state != NULL && self->run->state->step > 0)
    return self->run->state->epoch >= self->run->epochs ? LW_PHASE_FINISHED : LW_PHASE_STOPPED;
  return LW_PHASE_IDLE;
}

gboolean
lw_session_is_waiting (LwSession *self)
{
  return self->waiting;
}

/* TRUE if the current run is the one that the document describes, and has epochs to go. */
static gboolean
can_go_on (LwSession *self)
{
  LwPhase             phase = lw_session_get_phase (self);
  g_autoptr (LwState) state = NULL;

  if (self->run == NULL || !lw_document_same_run (self->document, self->run->document)
      || phase == LW_PHASE_FAILED || phase == LW_PHASE_DIVERGED)
    return FALSE;
  state = lw_session_get_state (self);
  return phase != LW_PHASE_FINISHED || (state != NULL && state->epoch < self->run->epochs);
}

char *
lw_session_get_obstacle (LwSession *self)
{
  const LwFault     *fault = lw_model_spec_get_fault (self->document->model);
  LwPhase            phase = lw_session_get_phase (self);
  g_autoptr (GError) error = NULL;

  if (phase == LW_PHASE_TRAINING)
    return NULL;
  if (fault != NULL)
    return g_strdup (fault->reason);
  if (self->data_error != NULL)
    return g_strdup (self->data_error);
  if (self->images != NULL && !lw_training_check_images (self->document->model, self->images, &error))
    return lw_fault_get_reason (error->message);
  return NULL;
}

/* Gets a trainer that is ready for a command; FALSE if there is none to be had now. */
static gboolean
prepare (LwSession *self, gboolean for_step)
{
  g_autofree char *obstacle = lw_session_get_obstacle (self);
  const LwSpec    *optimizer;

  if (obstacle != NULL)
    return FALSE;
  if (self->images == NULL)
    {
      self->waiting = TRUE;
      self->waiting_for_step = for_step;
      g_signal_emit (self, signals[RUN_CHANGED], 0);
      return FALSE;
    }
  if (!can_go_on (self))
    {
      g_autoptr (LwHistory) history = lw_history_new ();

      drop_trainer (self);
      adopt_run (self, run_new (self->document, history, NULL));
      g_signal_emit (self, signals[RUNS_CHANGED], 0);
      g_signal_emit (self, signals[STATE_CHANGED], 0, TRUE);
    }
  if (self->trainer == NULL && !make_trainer (self))
    return FALSE;
  optimizer = lw_model_spec_get_optimizer (self->document->model);
  lw_trainer_set_learning_rate (self->trainer, lw_spec_get_float (optimizer, "learning_rate"));
  self->run_unsaved = TRUE;
  return TRUE;
}

void
lw_session_train (LwSession *self)
{
  if (lw_session_get_phase (self) == LW_PHASE_TRAINING || !prepare (self, FALSE))
    return;
  lw_trainer_start (self->trainer);
}

void
lw_session_pause (LwSession *self)
{
  self->waiting = FALSE;
  if (self->trainer != NULL)
    lw_trainer_pause (self->trainer);
  g_signal_emit (self, signals[RUN_CHANGED], 0);
}

void
lw_session_step (LwSession *self)
{
  if (!prepare (self, TRUE))
    return;
  self->stepping = TRUE;
  lw_trainer_step (self->trainer);
  g_signal_emit (self, signals[RUN_CHANGED], 0);
}

gboolean
lw_session_is_stepping (LwSession *self)
{
  return self->stepping;
}

void
lw_session_stop (LwSession *self)
{
  self->waiting = FALSE;
  if (self->trainer != NULL)
    lw_trainer_stop (self->trainer);
}

void
lw_session_continue (LwSession *self, guint more_epochs)
{
  if (self->run == NULL || lw_session_get_phase (self) != LW_PHASE_FINISHED || self->images == NULL)
    return;
  self->run->epochs += more_epochs;
  if (self->trainer == NULL && !make_trainer (self))
    return;
  lw_trainer_set_epochs (self->trainer, self->run->epochs);
  self->run_unsaved = TRUE;
  g_signal_emit (self, signals[RUNS_CHANGED], 0);
  lw_trainer_start (self->trainer);
}

void
lw_session_reset (LwSession *self)
{
  self->waiting = FALSE;
  if (self->run == NULL)
    return;
  push (self->undo, edit_new (self, _("Reset"), TRUE));
  g_ptr_array_set_size (self->redo, 0);
  forget_run (self);
  renew_initial (self);
  g_signal_emit (self, signals[RUNS_CHANGED], 0);
  g_signal_emit (self, signals[STATE_CHANGED], 0, TRUE);
  g_signal_emit (self, signals[DOCUMENT_CHANGED], 0);
  g_signal_emit (self, signals[RUN_CHANGED], 0);
  toast (self, TRUE, "%s", _("Weights reset"));
}

gint64
lw_session_get_good_step (LwSession *self)
{
  g_autoptr (LwState) state = self->trainer != NULL ? lw_trainer_get_good_state (self->trainer) : NULL;

  return state != NULL ? state->step : 0;
}

/* Drops every point behind the state's step, as if they had not been. */
static LwHistory *
history_until (LwHistory *history, gint64 step)
{
  LwHistory            *shorter = lw_history_new ();
  LwHistoryCursor       cursor = { 0 };
  const LwHistoryPoint *points;
  gsize                 n;

  while ((points = lw_history_read (history, &cursor, &n)) != NULL)
    for (gsize i = 0; i < n; i++)
      if (points[i].step <= step)
        lw_history_append (shorter, &points[i]);
  return shorter;
}

void
lw_session_roll_back (LwSession *self)
{
  g_autoptr (LwHistory) history = NULL;
  gint64                step;

  if (self->trainer == NULL || lw_session_get_phase (self) != LW_PHASE_DIVERGED)
    return;
  drop_trainer (self); /* leaves the last good state, or NULL when there was none */
  if (self->run->state == NULL)
    {
      forget_run (self);
      step = 0;
    }
  else
    {
      step = self->run->state->step;
      history = history_until (self->run->history, step);
      lw_history_unref (self->run->history);
      self->run->history = g_steal_pointer (&history);
      self->run->cursor = (LwHistoryCursor) { 0 };
      self->run->smoothed_loss = self->run->test_loss = self->run->test_accuracy = NAN;
      self->run->loss_sum = self->run->loss_weight = 0;
      self->run->last = (LwHistoryPoint) { 0 };
      self->run->n_tested = 0;
      run_update (self->run);
    }
  g_signal_emit (self, signals[RUNS_CHANGED], 0);
  g_signal_emit (self, signals[STATE_CHANGED], 0, TRUE);
  g_signal_emit (self, signals[RUN_CHANGED], 0);
  toast (self, FALSE, _("Back at step %d: choose a lower learning rate, then train on"), (int) step);
}

void
lw_session_tick (LwSession *self)
{
  if (self->run == NULL)
    return;
  run_update (self->run);
  if (self->trainer != NULL && self->serial != lw_trainer_get_state_serial (self->trainer))
    {
      self->serial = lw_trainer_get_state_serial (self->trainer);
      g_signal_emit (self, signals[STATE_CHANGED], 0, FALSE);
      /* A step from one pause to the next changes no phase. */
      if (self->stepping)
        {
          self->stepping = FALSE;
          g_signal_emit (self, signals[RUN_CHANGED], 0);
        }
    }
}

LwTrainer *
lw_session_get_trainer (LwSession *self)
{
  return self->trainer;
}

LwSessionRun *
lw_session_get_run (LwSession *self)
{
  return self->run;
}

guint
lw_session_get_n_runs (LwSession *self)
{
  return self->runs->len;
}

LwSessionRun *
lw_session_get_nth_run (LwSession *self, guint i)
{
  g_return_val_if_fail (i < self->runs->len, NULL);
  return g_ptr_array_index (self->runs, self->runs->len - 1 - i);
}

LwState *
lw_session_get_state (LwSession *self)
{
  LwState *state = NULL;

  if (self->trainer != NULL)
    state = lw_trainer_get_phase (self->trainer) == LW_PHASE_DIVERGED
                ? lw_trainer_get_good_state (self->trainer)
                : lw_trainer_get_state (self->trainer);
  if (state == NULL && self->run != NULL && self->run->state != NULL)
    state = lw_state_ref (self->run->state);
  if (state == NULL && self->initial != NULL)
    state = lw_state_ref (self->initial);
  return state;
}

gboolean
lw_session_is_trained (LwSession *self)
{
  g_autoptr (LwState) state = lw_session_get_state (self);

  return state != NULL && state->step > 0;
}

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
  g_signal_emit (self, signals[RUN_CHANGED], 0);
}

int
lw_session_get_n_threads (LwSession *self)
{
  const char *text = g_getenv ("LW_THREADS");
  int         n = text != NULL ? (int) g_ascii_strtoll (text, NULL, 10) : 0;

  if (self->trainer != NULL)
    return lw_trainer_get_n_threads (self->trainer);
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

/* -- files -- */

static void
open_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autofree char *path = g_file_get_path (data);
  GError          *error = NULL;
  LwRun           *run = NULL;

  if (path == NULL)
    g_set_error_literal (&error, LW_ERROR, LW_ERROR_FILE, _("Only files on this computer can be opened"));
  else
    run = lw_keras_archive_load (path, &error);
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

gboolean
lw_session_open_finish (LwSession *self, GAsyncResult *result, GError **error)
{
  g_autoptr (LwRun)      run = g_task_propagate_pointer (G_TASK (result), error);
  g_autoptr (LwDocument) document = NULL;
  g_autoptr (LwHistory)  history = NULL;

  if (run == NULL)
    return FALSE;
  document = lw_document_new (run->model, &run->settings);
  history = run->history != NULL ? lw_history_ref (run->history) : lw_history_new ();

  push (self->undo, edit_new (self, _("Open"), TRUE));
  g_ptr_array_set_size (self->redo, 0);
  forget_run (self);
  set_document (self, document);
  if (run->state != NULL)
    {
      adopt_run (self, run_new (document, history, run->state));
      self->run->epochs = MAX (self->run->epochs, run->state->epoch);
    }
  set_file (self, g_task_get_task_data (G_TASK (result)));
  lw_document_unref (self->saved);
  self->saved = lw_document_ref (document);
  self->run_unsaved = FALSE;
  g_signal_emit (self, signals[RUNS_CHANGED], 0);
  g_signal_emit (self, signals[STATE_CHANGED], 0, TRUE);
  g_signal_emit (self, signals[DOCUMENT_CHANGED], 0);
  g_signal_emit (self, signals[RUN_CHANGED], 0);
  toast (self, FALSE, _("Opened %s.keras"), lw_session_get_title (self));
  return TRUE;
}

typedef struct {
  GFile      *file;
  LwRun      *run;
  LwDocument *document;
} Saving;

static void
saving_free (gpointer data)
{
  Saving *saving = data;

  g_object_unref (saving->file);
  lw_run_free (saving->run);
  lw_document_unref (saving->document);
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
    {
      if (saving->run->state == NULL)
        saving->run->state = lw_state_new_initial (saving->run->model, &saving->run->settings, &error);
      if (saving->run->state != NULL)
        lw_keras_archive_save (path, saving->run, &error);
    }
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

void
lw_session_save_async (LwSession *self, GFile *file, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask)   task = g_task_new (self, NULL, callback, data);
  g_autoptr (LwState) state = self->run != NULL ? lw_session_get_state (self) : NULL;
  Saving             *saving = g_new0 (Saving, 1);
  gboolean            same = self->run != NULL && lw_document_same_run (self->document, self->run->document);

  saving->file = g_object_ref (file);
  saving->document = lw_document_ref (self->document);
  saving->run = lw_run_new (self->document->model, &self->document->settings, same ? state : NULL,
                            same ? self->run->history : NULL);
  g_task_set_task_data (task, saving, saving_free);
  g_task_run_in_thread (task, save_thread);
}

gboolean
lw_session_save_finish (LwSession *self, GAsyncResult *result, GError **error)
{
  Saving *saving = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  set_file (self, saving->file);
  lw_document_unref (self->saved);
  self->saved = lw_document_ref (saving->document);
  /* A run that the document no longer describes is not in the file. */
  if (saving->run->history != NULL)
    self->run_unsaved = lw_session_get_phase (self) == LW_PHASE_TRAINING;
  g_signal_emit (self, signals[DOCUMENT_CHANGED], 0);
  toast (self, FALSE, _("Saved %s.keras"), lw_session_get_title (self));
  return TRUE;
}

/* -- the object -- */

static void
lw_session_dispose (GObject *object)
{
  LwSession *self = LW_SESSION (object);

  drop_trainer (self);
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
  g_ptr_array_unref (self->undo);
  g_ptr_array_unref (self->redo);
  g_clear_object (&self->file);
  lw_document_unref (self->document);
  lw_document_unref (self->saved);
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

  object_class->dispose = lw_session_dispose;
  object_class->finalize = lw_session_finalize;

  signals[DOCUMENT_CHANGED] = g_signal_new ("document-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                            G_TYPE_NONE, 0);
  signals[RUN_CHANGED] = g_signal_new ("run-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 0);
  signals[RUNS_CHANGED] = g_signal_new ("runs-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 0);
  signals[STATE_CHANGED] = g_signal_new ("state-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  signals[DATA_CHANGED] = g_signal_new ("data-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 0);
  signals[TOAST] = g_signal_new ("toast", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                 G_TYPE_STRING, G_TYPE_BOOLEAN);
}

static void
lw_session_init (LwSession *self)
{
  self->document = lw_document_new_preset ("convnet");
  self->saved = lw_document_ref (self->document);
  self->undo = g_ptr_array_new_with_free_func (edit_free);
  self->redo = g_ptr_array_new_with_free_func (edit_free);
  self->runs = g_ptr_array_new_with_free_func (run_free);
  self->image_time = -1;
  renew_initial (self);
}

LwSession *
lw_session_new (void)
{
  return g_object_new (LW_TYPE_SESSION, NULL);
}
