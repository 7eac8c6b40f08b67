#include "engine/train/trainer.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* How often a running training publishes its state. */
#define PUBLISH_USEC (G_USEC_PER_SEC * 2 / 5)

/* A state to go back to is kept at each epoch's start, before each change of the rate, and this often
 * in between: far enough from a loss that explodes not to be part of the explosion. */
#define GOOD_SECONDS 2.0

/* Live validation: on this many images, at most this often, for at most this share of the time. */
#define SAMPLE_IMAGES  1000
#define SAMPLE_SECONDS 1.0
#define SAMPLE_SHARE   0.03

typedef enum {
  COMMAND_WAIT,
  COMMAND_RUN,
  COMMAND_STEP,
  COMMAND_STEP_EXAMPLE,
  COMMAND_STOP,
  COMMAND_QUIT,
} Command;

struct _LwTrainer {
  GObject        parent;

  LwModelSpec   *model;
  LwRunSettings  settings;
  LwImages      *images;
  LwState       *start; /* the state to begin from, or NULL; the thread's after it has started */
  LwHistory     *history;
  LwDevice      *device;
  int            niceness;
  guint          steps_per_epoch;
  GMainContext  *context;
  GThread       *thread;

  /* Guarded by mutex. */
  GMutex         mutex;
  GCond          changed;
  Command        command;
  LwPhase        phase;
  LwState       *state;
  LwState       *good_state;
  GError        *error;
  double         new_rate; /* NaN: unchanged */
  gboolean       new_stopping; /* the two below are to be told to the training */
  guint          patience;
  gboolean       keep_best;
  guint          epochs;
  double         speed;
  gboolean       notify_pending;

  gint           cancel; /* atomic: leave a validation early */
  guint          serial; /* atomic */

  /* The thread's alone. */
  LwTraining    *training;
  LwState       *candidate; /* good if the next loss is finite */
  gint64         published_at;
  double         speed_seconds;
  gint64         speed_images;
  double         sampled_at;  /* training seconds */
  double         sample_cost; /* seconds the last one took */
};

enum {
  PROP_0,
  PROP_PHASE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LwTrainer, lw_trainer, G_TYPE_OBJECT)

/* -- what the thread tells -- */

static gboolean
notify_phase (gpointer data)
{
  LwTrainer *trainer = data;

  g_mutex_lock (&trainer->mutex);
  trainer->notify_pending = FALSE;
  g_mutex_unlock (&trainer->mutex);
  g_object_notify_by_pspec (G_OBJECT (trainer), properties[PROP_PHASE]);
  return G_SOURCE_REMOVE;
}

static void
set_phase (LwTrainer *trainer, LwPhase phase)
{
  gboolean notify;

  g_mutex_lock (&trainer->mutex);
  notify = trainer->phase != phase && !trainer->notify_pending;
  trainer->phase = phase;
  trainer->notify_pending = trainer->notify_pending || notify;
  g_mutex_unlock (&trainer->mutex);
  if (notify)
    {
      g_autoptr (GSource) source = g_idle_source_new ();

      g_source_set_priority (source, G_PRIORITY_DEFAULT);
      g_source_set_callback (source, notify_phase, g_object_ref (trainer), g_object_unref);
      g_source_attach (source, trainer->context);
    }
}

static void
publish (LwTrainer *trainer)
{
  LwState *state = lw_training_get_state (trainer->training);
  LwState *old;
  double   seconds = lw_training_get_seconds (trainer->training);

  g_mutex_lock (&trainer->mutex);
  old = trainer->state;
  trainer->state = state;
  if (seconds - trainer->speed_seconds > 0.2)
    {
      trainer->speed = (double) trainer->speed_images / (seconds - trainer->speed_seconds);
      trainer->speed_seconds = seconds;
      trainer->speed_images = 0;
    }
  g_mutex_unlock (&trainer->mutex);
  g_atomic_int_inc (&trainer->serial);
  lw_state_unref (old);
  trainer->published_at = g_get_monotonic_time ();
  lw_state_unref (trainer->candidate);
  trainer->candidate = lw_state_ref (state);
}

/* Takes the state as the one to go back to. */
static void
keep_good_state (LwTrainer *trainer, LwState *state)
{
  LwState *old;

  g_mutex_lock (&trainer->mutex);
  old = trainer->good_state;
  trainer->good_state = state;
  g_mutex_unlock (&trainer->mutex);
  lw_state_unref (old);
}

/* The candidate has given a finite loss: it is the state to go back to, if it is due. */
static void
promote_candidate (LwTrainer *trainer)
{
  g_autoptr (LwState) candidate = g_steal_pointer (&trainer->candidate);
  const LwState      *good = trainer->good_state; /* only this thread sets it */

  if (candidate != NULL
      && (good == NULL || candidate->epoch != good->epoch || candidate->seconds - good->seconds >= GOOD_SECONDS))
    keep_good_state (trainer, g_steal_pointer (&candidate));
}

/* A running training goes no further; any other command stays (mutex held). */
static void
end_running (LwTrainer *trainer)
{
  if (trainer->command == COMMAND_RUN)
    trainer->command = COMMAND_WAIT;
}

static void
fail (LwTrainer *trainer, GError *error)
{
  g_mutex_lock (&trainer->mutex);
  g_clear_error (&trainer->error);
  trainer->error = error;
  end_running (trainer);
  g_mutex_unlock (&trainer->mutex);
  set_phase (trainer, LW_PHASE_FAILED);
}

/* -- what the thread does -- */

/* TRUE if the run should stop early. */
static gboolean
validate (LwTrainer *trainer, LwPointKind kind, gsize limit)
{
  LwEvaluation      result;
  g_autoptr (GError) error = NULL;
  gint64            begin = g_get_monotonic_time ();

  if (!lw_training_validate (trainer->training, limit, &trainer->cancel, &result, &error))
    return FALSE;
  lw_history_append (trainer->history, &(LwHistoryPoint) {
                                         .kind = kind,
                                         .epoch = (gint32) lw_training_get_epoch (trainer->training),
                                         .step = lw_training_get_step (trainer->training),
                                         .loss = (float) result.loss,
                                         .accuracy = (float) result.accuracy,
                                         .seconds = lw_training_get_seconds (trainer->training),
                                         .n_images = (gint32) result.n_images,
                                       });
  trainer->sampled_at = lw_training_get_seconds (trainer->training);
  if (kind == LW_POINT_SAMPLE)
    trainer->sample_cost = (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC;
  return kind == LW_POINT_TEST && lw_training_tell_validation (trainer->training, &result, trainer->history);
}

static void
apply_new_rate (LwTrainer *trainer)
{
  LwHistoryPoint event;
  double         rate;

  g_mutex_lock (&trainer->mutex);
  rate = trainer->new_rate;
  trainer->new_rate = NAN;
  g_mutex_unlock (&trainer->mutex);
  if (isnan (rate) || rate == lw_training_get_learning_rate (trainer->training))
    return;
  keep_good_state (trainer, lw_training_get_state (trainer->training));
  lw_training_set_learning_rate (trainer->training, rate);
  event = lw_training_make_rate_event (trainer->training);
  if (event.step > 0)
    lw_history_append (trainer->history, &event);
}

static void
apply_new_stopping (LwTrainer *trainer)
{
  gboolean changed, keep_best;
  guint    patience;

  g_mutex_lock (&trainer->mutex);
  changed = trainer->new_stopping;
  trainer->new_stopping = FALSE;
  patience = trainer->patience;
  keep_best = trainer->keep_best;
  g_mutex_unlock (&trainer->mutex);
  if (changed)
    lw_training_set_early_stopping (trainer->training, patience, keep_best);
}

static guint
epochs_done (LwTrainer *trainer)
{
  guint epoch = lw_training_get_epoch (trainer->training);

  return lw_training_is_epoch_end (trainer->training) ? epoch : epoch - 1;
}

/* TRUE, and no longer running, if all epochs are done. In one go, so that a start that comes with more
 * epochs is not lost. */
static gboolean
is_finished (LwTrainer *trainer)
{
  gboolean finished;

  g_mutex_lock (&trainer->mutex);
  finished = epochs_done (trainer) >= trainer->epochs;
  if (finished)
    end_running (trainer);
  g_mutex_unlock (&trainer->mutex);
  return finished;
}

/* Tells where the training stands, until the next command. */
static void
rest (LwTrainer *trainer, LwPhase phase)
{
  publish (trainer);
  set_phase (trainer, phase);
}

/* The same where the run has ended, with the weights that it is to leave. */
static void
rest_at_end (LwTrainer *trainer, LwPhase phase)
{
  apply_new_stopping (trainer);
  lw_training_keep_best (trainer->training, trainer->history);
  rest (trainer, phase);
}

/* The whole validation at an epoch's end; FALSE when it was the run's. */
static gboolean
end_epoch (LwTrainer *trainer)
{
  if (validate (trainer, LW_POINT_TEST, 0))
    {
      g_mutex_lock (&trainer->mutex);
      end_running (trainer);
      g_mutex_unlock (&trainer->mutex);
      rest_at_end (trainer, LW_PHASE_FINISHED);
      return FALSE;
    }
  if (lw_early_stopping_is_on (lw_training_get_settings (trainer->training)))
    publish (trainer); /* with what was told */
  return TRUE;
}

/* What a state that was taken between an epoch's last step and its validation still owes. */
static gboolean
settle_epoch (LwTrainer *trainer)
{
  apply_new_stopping (trainer);
  return !lw_training_owes_validation (trainer->training) || end_epoch (trainer);
}

/* Takes one step with all that belongs to it; FALSE when the run has to rest. */
static gboolean
take_step (LwTrainer *trainer)
{
  LwHistoryPoint point;
  GError        *error = NULL;

  apply_new_rate (trainer);
  apply_new_stopping (trainer);
  if (!lw_training_step (trainer->training, &point, &error))
    {
      fail (trainer, error);
      return FALSE;
    }
  lw_history_append (trainer->history, &point);
  trainer->speed_images += point.n_images;
  if (!isfinite (point.loss))
    {
      g_mutex_lock (&trainer->mutex);
      end_running (trainer);
      g_mutex_unlock (&trainer->mutex);
      g_clear_pointer (&trainer->candidate, lw_state_unref);
      set_phase (trainer, LW_PHASE_DIVERGED);
      return FALSE;
    }
  promote_candidate (trainer);

  if (lw_training_is_epoch_end (trainer->training))
    {
      publish (trainer);
      return end_epoch (trainer);
    }
  else
    {
      double wait = MAX (SAMPLE_SECONDS, trainer->sample_cost / SAMPLE_SHARE);

      if (g_get_monotonic_time () - trainer->published_at > PUBLISH_USEC)
        publish (trainer);
      if (point.seconds - trainer->sampled_at > wait)
        validate (trainer, LW_POINT_SAMPLE, SAMPLE_IMAGES);
    }
  return TRUE;
}

/* Waits until there is something to do; the command is what it is. */
static Command
next_command (LwTrainer *trainer)
{
  Command command;

  g_mutex_lock (&trainer->mutex);
  while (trainer->command == COMMAND_WAIT)
    g_cond_wait (&trainer->changed, &trainer->mutex);
  command = trainer->command;
  if (command != COMMAND_RUN)
    trainer->command = command == COMMAND_QUIT ? COMMAND_QUIT : COMMAND_WAIT;
  g_mutex_unlock (&trainer->mutex);
  return command;
}

static gboolean
begin (LwTrainer *trainer)
{
  g_autoptr (LwState) start = g_steal_pointer (&trainer->start);
  GError             *error = NULL;

  if (start != NULL)
    trainer->training = lw_training_new_from_state (trainer->device, start, trainer->images, &error);
  else
    trainer->training = lw_training_new (trainer->device, trainer->model, &trainer->settings, trainer->images,
                                         &error);
  if (trainer->training == NULL)
    {
      fail (trainer, error);
      return FALSE;
    }
  trainer->speed_seconds = trainer->sampled_at = lw_training_get_seconds (trainer->training);
  publish (trainer);
  return TRUE;
}

static gboolean
is_running (LwTrainer *trainer)
{
  gboolean running;

  g_mutex_lock (&trainer->mutex);
  running = trainer->command == COMMAND_RUN;
  g_mutex_unlock (&trainer->mutex);
  return running;
}

/* A run that has ended keeps its phase; above all, weights that are not finite are not published. */
static gboolean
may_stop (LwTrainer *trainer)
{
  LwPhase phase = lw_trainer_get_phase (trainer);

  return phase == LW_PHASE_IDLE || phase == LW_PHASE_TRAINING || phase == LW_PHASE_PAUSED;
}

static gpointer
thread_main (gpointer data)
{
  LwTrainer *trainer = data;
  gboolean   able;

  if (trainer->niceness != 0)
    setpriority (PRIO_PROCESS, (id_t) gettid (), trainer->niceness);
  able = begin (trainer);

  for (;;)
    {
      Command command = next_command (trainer);

      if (command == COMMAND_QUIT)
        break;
      if (!able)
        {
          g_mutex_lock (&trainer->mutex);
          end_running (trainer);
          g_mutex_unlock (&trainer->mutex);
          continue;
        }
      switch (command)
        {
        case COMMAND_RUN:
          set_phase (trainer, LW_PHASE_TRAINING);
          lw_training_set_max_rows (trainer->training, 0);
          while (is_running (trainer))
            {
              if (!settle_epoch (trainer))
                break;
              if (is_finished (trainer))
                {
                  rest_at_end (trainer, LW_PHASE_FINISHED);
                  break;
                }
              if (!take_step (trainer))
                break;
            }
          if (lw_trainer_get_phase (trainer) == LW_PHASE_TRAINING)
            rest (trainer, LW_PHASE_PAUSED);
          break;
        case COMMAND_STEP:
        case COMMAND_STEP_EXAMPLE:
          lw_training_set_max_rows (trainer->training, command == COMMAND_STEP_EXAMPLE ? 1 : 0);
          if (!settle_epoch (trainer) || (!is_finished (trainer) && !take_step (trainer)))
            break;
          if (is_finished (trainer))
            rest_at_end (trainer, LW_PHASE_FINISHED);
          else
            rest (trainer, LW_PHASE_PAUSED);
          break;
        case COMMAND_STOP:
          if (may_stop (trainer))
            rest_at_end (trainer, LW_PHASE_STOPPED);
          break;
        case COMMAND_WAIT:
        case COMMAND_QUIT:
          break;
        }
    }
  return NULL;
}

/* -- commands -- */

static void
send (LwTrainer *trainer, Command command)
{
  g_atomic_int_set (&trainer->cancel, command == COMMAND_STOP || command == COMMAND_QUIT);
  g_mutex_lock (&trainer->mutex);
  /* A pause ends what runs; a step that was asked for, and not begun, is still taken. */
  if (trainer->command != COMMAND_QUIT && (command != COMMAND_WAIT || trainer->command == COMMAND_RUN))
    trainer->command = command;
  g_cond_signal (&trainer->changed);
  g_mutex_unlock (&trainer->mutex);
}

void
lw_trainer_start (LwTrainer *trainer)
{
  send (trainer, COMMAND_RUN);
}

void
lw_trainer_pause (LwTrainer *trainer)
{
  send (trainer, COMMAND_WAIT);
}

void
lw_trainer_step (LwTrainer *trainer)
{
  send (trainer, COMMAND_STEP);
}

void
lw_trainer_step_example (LwTrainer *trainer)
{
  send (trainer, COMMAND_STEP_EXAMPLE);
}

void
lw_trainer_stop (LwTrainer *trainer)
{
  send (trainer, COMMAND_STOP);
}

void
lw_trainer_set_learning_rate (LwTrainer *trainer, double rate)
{
  g_mutex_lock (&trainer->mutex);
  trainer->new_rate = rate;
  g_mutex_unlock (&trainer->mutex);
}

void
lw_trainer_set_early_stopping (LwTrainer *trainer, guint patience, gboolean keep_best)
{
  g_mutex_lock (&trainer->mutex);
  trainer->patience = patience;
  trainer->keep_best = keep_best;
  trainer->new_stopping = TRUE;
  g_mutex_unlock (&trainer->mutex);
}

void
lw_trainer_set_epochs (LwTrainer *trainer, guint epochs)
{
  g_mutex_lock (&trainer->mutex);
  trainer->epochs = epochs;
  g_mutex_unlock (&trainer->mutex);
}

void
lw_trainer_join (LwTrainer *trainer)
{
  if (trainer->thread == NULL)
    return;
  send (trainer, COMMAND_QUIT);
  g_thread_join (g_steal_pointer (&trainer->thread));
}

/* -- reading -- */

LwPhase
lw_trainer_get_phase (LwTrainer *trainer)
{
  LwPhase phase;

  g_mutex_lock (&trainer->mutex);
  phase = trainer->phase;
  g_mutex_unlock (&trainer->mutex);
  return phase;
}

static LwState *
get_state (LwTrainer *trainer, LwState **place)
{
  LwState *state;

  g_mutex_lock (&trainer->mutex);
  state = *place != NULL ? lw_state_ref (*place) : NULL;
  g_mutex_unlock (&trainer->mutex);
  return state;
}

LwState *
lw_trainer_get_state (LwTrainer *trainer)
{
  return get_state (trainer, &trainer->state);
}

LwState *
lw_trainer_get_good_state (LwTrainer *trainer)
{
  return get_state (trainer, &trainer->good_state);
}

guint
lw_trainer_get_state_serial (LwTrainer *trainer)
{
  return (guint) g_atomic_int_get (&trainer->serial);
}

const GError *
lw_trainer_get_error (LwTrainer *trainer)
{
  return trainer->error;
}

LwHistory *
lw_trainer_get_history (LwTrainer *trainer)
{
  return trainer->history;
}

const LwModelSpec *
lw_trainer_get_model (LwTrainer *trainer)
{
  return trainer->model;
}

guint
lw_trainer_get_epochs (LwTrainer *trainer)
{
  guint epochs;

  g_mutex_lock (&trainer->mutex);
  epochs = trainer->epochs;
  g_mutex_unlock (&trainer->mutex);
  return epochs;
}

guint
lw_trainer_get_steps_per_epoch (LwTrainer *trainer)
{
  return trainer->steps_per_epoch;
}

int
lw_trainer_get_n_threads (LwTrainer *trainer)
{
  return lw_device_get_n_threads (trainer->device);
}

const char *
lw_trainer_get_isa (LwTrainer *trainer)
{
  return trainer->device->kernels->name;
}

double
lw_trainer_get_speed (LwTrainer *trainer)
{
  double speed;

  g_mutex_lock (&trainer->mutex);
  speed = trainer->speed;
  g_mutex_unlock (&trainer->mutex);
  return speed;
}

/* -- the object -- */

LwTrainer *
lw_trainer_new (LwModelSpec *model, const LwRunSettings *settings, LwImages *images, LwState *state,
                LwHistory *history, int n_threads, int niceness, GError **error)
{
  g_autoptr (LwDevice)  device = NULL;
  LwTrainer            *trainer;

  if (!lw_training_check_images (state != NULL ? state->model : model, images, error))
    return NULL;
  device = lw_device_new (n_threads, niceness, error);
  if (device == NULL)
    return NULL;

  trainer = g_object_new (LW_TYPE_TRAINER, NULL);
  trainer->model = lw_model_spec_ref (model);
  trainer->settings = *settings;
  trainer->images = lw_images_ref (images);
  trainer->start = state != NULL ? lw_state_ref (state) : NULL;
  trainer->history = lw_history_ref (history);
  trainer->device = g_steal_pointer (&device);
  trainer->niceness = niceness;
  trainer->epochs = settings->epochs;
  lw_trainer_set_early_stopping (trainer, settings->patience, settings->keep_best);
  trainer->steps_per_epoch = lw_run_settings_get_steps_per_epoch (
      settings, (gsize) lw_tensor_get_dim (images->train_images, 0));
  trainer->context = g_main_context_ref_thread_default ();
  trainer->thread = g_thread_new ("lw-trainer", thread_main, trainer);
  return trainer;
}

static void
lw_trainer_dispose (GObject *object)
{
  lw_trainer_join (LW_TRAINER (object));
  G_OBJECT_CLASS (lw_trainer_parent_class)->dispose (object);
}

static void
lw_trainer_finalize (GObject *object)
{
  LwTrainer *trainer = LW_TRAINER (object);

  lw_training_free (trainer->training);
  lw_state_unref (trainer->candidate);
  lw_state_unref (trainer->state);
  lw_state_unref (trainer->good_state);
  lw_state_unref (trainer->start);
  g_clear_error (&trainer->error);
  g_clear_pointer (&trainer->history, lw_history_unref);
  lw_images_unref (trainer->images);
  lw_model_spec_unref (trainer->model);
  lw_device_unref (trainer->device);
  g_clear_pointer (&trainer->context, g_main_context_unref);
  g_mutex_clear (&trainer->mutex);
  g_cond_clear (&trainer->changed);
  G_OBJECT_CLASS (lw_trainer_parent_class)->finalize (object);
}

static void
lw_trainer_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_PHASE)
    g_value_set_int (value, (int) lw_trainer_get_phase (LW_TRAINER (object)));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
lw_trainer_class_init (LwTrainerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = lw_trainer_dispose;
  object_class->finalize = lw_trainer_finalize;
  object_class->get_property = lw_trainer_get_property;
  properties[PROP_PHASE] = g_param_spec_int ("phase", NULL, NULL, LW_PHASE_IDLE, LW_PHASE_FAILED, LW_PHASE_IDLE,
                                             G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
lw_trainer_init (LwTrainer *trainer)
{
  g_mutex_init (&trainer->mutex);
  g_cond_init (&trainer->changed);
  trainer->new_rate = NAN;
}
