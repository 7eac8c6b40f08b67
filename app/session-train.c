/* The session trains: a trainer for the current run, and what Train, Pause, Step and Stop do with it. */

#include "app/session-private.h"

#include <glib/gi18n.h>

#define NICENESS 19

/* -- the trainer of the current run -- */

void
lw_session_drop_trainer (LwSession *self)
{
  LwState *state;

  lw_session_set_step_phase (self, LW_STEP_NONE);
  if (self->trainer == NULL)
    return;
  self->stepping = FALSE;
  g_clear_signal_handler (&self->phase_handler, self->trainer);
  lw_trainer_join (self->trainer);
  state = lw_trainer_get_phase (self->trainer) == LW_PHASE_DIVERGED ? lw_trainer_get_good_state (self->trainer)
                                                                    : lw_trainer_get_state (self->trainer);
  lw_session_run_update (self->run);
  if (state != NULL)
    {
      lw_state_unref (self->run->state);
      self->run->state = state;
    }
  g_clear_object (&self->trainer);
}

static double
current_rate (LwSession *self)
{
  return lw_spec_get_float (lw_model_spec_get_optimizer (self->document->model), "learning_rate");
}

static void
on_phase (LwSession *self)
{
  LwPhase phase = lw_session_get_phase (self);

  self->stepping = FALSE;
  lw_session_tick (self);
  if (phase == LW_PHASE_DIVERGED)
    self->run->diverged_rate = current_rate (self);
  if (phase == LW_PHASE_FINISHED)
    {
      g_autoptr (LwState) state = lw_trainer_get_state (self->trainer);

      /* A run that has stopped early has done what was to do. Fewer epochs than planned are no sign of it: more
       * may have been asked for since it finished. */
      if (state != NULL && state->epoch < self->run->epochs
          && lw_early_stopping_has_stopped (&state->stopping, &state->settings, state->epoch))
        {
          self->run->stopped_early = TRUE;
          self->run->epochs = state->epoch;
          lw_trainer_set_epochs (self->trainer, self->run->epochs);
        }
    }
  if (phase == LW_PHASE_FINISHED || phase == LW_PHASE_DIVERGED || phase == LW_PHASE_FAILED)
    lw_session_set_step_phase (self, LW_STEP_NONE);
  lw_session_emit (self, LW_SESSION_STATE_CHANGED, FALSE);
  lw_session_emit (self, LW_SESSION_RUN_CHANGED);
}

static void
append_event (LwSessionRun *run, const char *note)
{
  LwHistoryPoint event = {
    .kind = LW_POINT_EVENT,
    .step = run->state->step,
    .epoch = MAX (run->last.epoch, 1),
    .seconds = run->state->seconds,
  };

  lw_history_point_set_note (&event, note);
  lw_history_append (run->history, &event);
}

/* A trainer for the current run, from where it stands; when it ends is as the document says now. */
static gboolean
make_trainer (LwSession *self)
{
  LwRunSettings      settings = self->run->document->settings;
  g_autoptr (GError) error = NULL;

  settings.patience = self->document->settings.patience;
  settings.keep_best = self->document->settings.keep_best;
  /* After a loss that was not finite the run stands before the end of its history. */
  if (self->run->last.step > (self->run->state != NULL ? self->run->state->step : 0))
    {
      lw_session_run_rewind (self->run);
      lw_session_emit (self, LW_SESSION_RUNS_CHANGED);
    }
  self->trainer = lw_trainer_new (self->run->document->model, &settings, self->images, self->run->state,
                                  self->run->history, (int) self->document->settings.threads, NICENESS, &error);
  if (self->trainer == NULL)
    {
      lw_session_toast (self, FALSE, "%s", error->message);
      return FALSE;
    }
  if (self->run->is_loaded && lw_session_run_is_trained (self->run))
    append_event (self->run, _("resumed"));
  self->run->is_loaded = FALSE;
  self->trainer_threads = self->document->settings.threads;
  lw_trainer_set_epochs (self->trainer, self->run->epochs);
  self->phase_handler = g_signal_connect_swapped (self->trainer, "notify::phase", G_CALLBACK (on_phase), self);
  self->serial = 0;
  return TRUE;
}

void
lw_session_pass_settings (LwSession *self, gboolean other_epochs)
{
  guint    threads = self->document->settings.threads;
  gboolean training;

  if (self->run == NULL || !lw_document_same_run (self->document, self->run->document))
    return;
  /* "Continue" may have raised the run's epochs above the document's. */
  if (other_epochs)
    self->run->epochs = self->document->settings.epochs;
  if (self->trainer == NULL)
    return;
  lw_trainer_set_learning_rate (self->trainer, current_rate (self));
  lw_trainer_set_epochs (self->trainer, self->run->epochs);
  lw_trainer_set_early_stopping (self->trainer, self->document->settings.patience,
                                 self->document->settings.keep_best);
  if (threads == self->trainer_threads)
    return;
  /* Other threads need another device. */
  training = lw_session_get_phase (self) == LW_PHASE_TRAINING;
  lw_session_drop_trainer (self);
  if (training && make_trainer (self))
    lw_trainer_start (self->trainer);
}

/* -- phases -- */

LwTrainer *
lw_session_get_trainer (LwSession *self)
{
  return self->trainer;
}

LwPhase
lw_session_get_phase (LwSession *self)
{
  if (self->trainer != NULL)
    return lw_trainer_get_phase (self->trainer);
  if (self->run != NULL && lw_session_run_is_trained (self->run))
    return self->run->state->epoch >= self->run->epochs ? LW_PHASE_FINISHED : LW_PHASE_STOPPED;
  return LW_PHASE_IDLE;
}

gboolean
lw_session_is_waiting (LwSession *self)
{
  return self->waiting;
}

gboolean
lw_session_is_running (LwSession *self)
{
  return self->waiting || self->step_phase != LW_STEP_NONE
         || lw_session_get_phase (self) == LW_PHASE_TRAINING;
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
  g_autoptr (GError) error = NULL;

  if (lw_session_get_phase (self) == LW_PHASE_TRAINING)
    return NULL;
  if (fault != NULL)
    return g_strdup (fault->reason);
  if (self->data_error != NULL)
    return g_strdup (self->data_error);
  if (self->images != NULL && !lw_training_check_images (self->document->model, self->images, &error))
    return lw_fault_get_reason (error->message);
  return NULL;
}

/* -- commands -- */

/* A fork takes up what has been changed since it was made. FALSE, with a toast, where it cannot. */
static gboolean
adapt_fork (LwSession *self)
{
  LwSessionRun       *run = self->run;
  g_autoptr (GError)  error = NULL;
  g_autoptr (LwState) state = NULL;

  if (!run->is_fork)
    return TRUE;
  if (!lw_document_same_run (self->document, run->document))
    {
      state = lw_state_adapt (run->state, self->document->model, &self->document->settings, &error);
      if (state == NULL)
        {
          lw_session_toast (self, FALSE, "%s", error->message);
          return FALSE;
        }
      lw_session_drop_trainer (self);
      lw_state_unref (run->state);
      run->state = g_steal_pointer (&state);
      lw_document_unref (run->document);
      run->document = lw_document_ref (self->document);
      run->epochs = MAX (run->document->settings.epochs, run->state->epoch + 1);
      lw_session_emit (self, LW_SESSION_RUNS_CHANGED);
      lw_session_emit (self, LW_SESSION_STATE_CHANGED, TRUE);
    }
  run->is_fork = FALSE;
  return TRUE;
}

/* Gets a trainer that is ready for a command; FALSE if there is none to be had now. */
static gboolean
prepare (LwSession *self, gboolean for_step)
{
  g_autofree char *obstacle = lw_session_get_obstacle (self);

  if (obstacle != NULL)
    return FALSE;
  if (self->images == NULL)
    {
      self->waiting = TRUE;
      self->waiting_for_step = for_step;
      lw_session_emit (self, LW_SESSION_RUN_CHANGED);
      return FALSE;
    }
  if (self->run != NULL && !adapt_fork (self))
    return FALSE;
  if (!can_go_on (self))
    {
      g_autoptr (LwHistory)    history = lw_history_new ();
      g_autoptr (LwSessionRun) run = lw_session_run_new (self->document, history, NULL);

      lw_session_insert_run (self, run);
      lw_session_set_current (self, run);
      lw_session_emit (self, LW_SESSION_RUNS_CHANGED);
      lw_session_emit (self, LW_SESSION_STATE_CHANGED, TRUE);
    }
  if (self->trainer == NULL && !make_trainer (self))
    return FALSE;
  lw_trainer_set_learning_rate (self->trainer, current_rate (self));
  self->run->stopped_early = FALSE;
  self->n_changes++;
  return TRUE;
}

/* Trains on and on, at full speed or slowly. */
static void
go (LwSession *self)
{
  if (self->speed == LW_SPEED_FULL && prepare (self, FALSE))
    lw_trainer_start (self->trainer);
  else if (self->speed == LW_SPEED_SLOW && prepare (self, FALSE))
    lw_session_set_step_phase (self, LW_STEP_FORWARD);
}

void
lw_session_train (LwSession *self)
{
  if (lw_session_is_running (self) && !self->waiting)
    return;
  if (self->speed == LW_SPEED_BATCH || self->speed == LW_SPEED_EXAMPLE)
    lw_session_step (self);
  else
    go (self);
}

void
lw_session_pause (LwSession *self)
{
  self->waiting = FALSE;
  lw_session_set_step_phase (self, LW_STEP_NONE);
  if (self->trainer != NULL)
    lw_trainer_pause (self->trainer);
  lw_session_emit (self, LW_SESSION_RUN_CHANGED);
}

static void
take_step (LwSession *self)
{
  self->stepping = TRUE;
  if (self->speed == LW_SPEED_EXAMPLE)
    lw_trainer_step_example (self->trainer);
  else
    lw_trainer_step (self->trainer);
}

void
lw_session_step (LwSession *self)
{
  lw_session_set_step_phase (self, LW_STEP_NONE);
  if (!prepare (self, TRUE))
    return;
  take_step (self);
  lw_session_emit (self, LW_SESSION_RUN_CHANGED);
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
  lw_session_set_step_phase (self, LW_STEP_NONE);
  if (self->trainer != NULL)
    lw_trainer_stop (self->trainer);
}

void
lw_session_halt (LwSession *self)
{
  self->waiting = FALSE;
  lw_session_drop_trainer (self);
  lw_session_emit (self, LW_SESSION_RUN_CHANGED);
}

void
lw_session_continue (LwSession *self, guint more_epochs)
{
  g_autoptr (LwState) state = NULL;

  if (self->run == NULL || lw_session_get_phase (self) != LW_PHASE_FINISHED || self->images == NULL)
    return;
  if (!adapt_fork (self) || (self->trainer == NULL && !make_trainer (self)))
    return;
  if (lw_document_same_run (self->document, self->run->document))
    lw_trainer_set_learning_rate (self->trainer, current_rate (self));
  state = lw_session_get_state (self);
  self->run->stopped_early = FALSE;
  self->run->epochs = state->epoch + more_epochs;
  lw_trainer_set_epochs (self->trainer, self->run->epochs);
  self->n_changes++;
  lw_session_emit (self, LW_SESSION_RUNS_CHANGED);
  lw_trainer_start (self->trainer);
}

gint64
lw_session_get_good_step (LwSession *self)
{
  g_autoptr (LwState) state = self->trainer != NULL ? lw_trainer_get_good_state (self->trainer) : NULL;

  return state != NULL ? state->step : 0;
}

void
lw_session_roll_back (LwSession *self)
{
  gint64 step = 0;

  if (self->trainer == NULL || lw_session_get_phase (self) != LW_PHASE_DIVERGED)
    return;
  lw_session_drop_trainer (self); /* leaves the last good state, or none */
  if (self->run->state == NULL)
    {
      lw_session_remove_run (self, self->run);
      lw_session_renew_initial (self);
    }
  else
    {
      step = self->run->state->step;
      lw_session_run_rewind (self->run);
    }
  lw_session_emit (self, LW_SESSION_RUNS_CHANGED);
  lw_session_emit (self, LW_SESSION_STATE_CHANGED, TRUE);
  lw_session_emit (self, LW_SESSION_RUN_CHANGED);
  lw_session_toast (self, FALSE, _("Back at step %d: choose a lower learning rate, then train on"), (int) step);
}

/* -- speed -- */

static gboolean
on_step_phase (gpointer data)
{
  LwSession  *self = data;
  LwStepPhase next = self->step_phase == LW_STEP_UPDATE ? LW_STEP_FORWARD : self->step_phase + 1;

  /* A step that takes longer than its phase is waited for. */
  lw_session_tick (self);
  if (self->stepping)
    return G_SOURCE_CONTINUE;
  self->step_phase = next;
  if (next == LW_STEP_UPDATE)
    take_step (self);
  lw_session_emit (self, LW_SESSION_STEP_PHASE, (int) next);
  lw_session_emit (self, LW_SESSION_RUN_CHANGED);
  return G_SOURCE_CONTINUE;
}

void
lw_session_set_step_phase (LwSession *self, LwStepPhase phase)
{
  if (self->step_phase == phase)
    return;
  self->step_phase = phase;
  g_clear_handle_id (&self->step_phase_id, g_source_remove);
  if (phase != LW_STEP_NONE)
    self->step_phase_id = g_timeout_add (LW_STEP_PHASE_MS, on_step_phase, self);
  lw_session_emit (self, LW_SESSION_STEP_PHASE, (int) phase);
  lw_session_emit (self, LW_SESSION_RUN_CHANGED);
}

LwStepPhase
lw_session_get_step_phase (LwSession *self)
{
  return self->step_phase;
}

LwSpeed
lw_session_get_speed (LwSession *self)
{
  return self->speed;
}

void
lw_session_set_speed (LwSession *self, LwSpeed speed)
{
  gboolean running = lw_session_is_running (self) && !self->waiting;

  if (self->speed == speed)
    return;
  if (running)
    lw_session_pause (self);
  self->speed = speed;
  /* What ran goes on in the new way; single steps are for the person to ask for. */
  if (running)
    go (self);
  lw_session_emit (self, LW_SESSION_RUN_CHANGED);
}

/* -- reading -- */

void
lw_session_tick (LwSession *self)
{
  if (self->run == NULL)
    return;
  lw_session_run_update (self->run);
  if (self->trainer != NULL && self->serial != lw_trainer_get_state_serial (self->trainer))
    {
      self->serial = lw_trainer_get_state_serial (self->trainer);
      lw_session_emit (self, LW_SESSION_STATE_CHANGED, FALSE);
      /* A step from one pause to the next changes no phase. */
      if (self->stepping)
        {
          self->stepping = FALSE;
          lw_session_emit (self, LW_SESSION_RUN_CHANGED);
        }
    }
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
