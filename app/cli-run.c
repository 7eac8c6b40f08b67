#include "app/cli-run.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <math.h>

#define SNAPSHOT_INTERVAL (2 * G_USEC_PER_SEC)

/* Two snapshots: the newest, and the newest from which a step gave a finite loss, so that its
 * weights are known to be good. */
typedef struct {
  LwState *newest, *good;
  gint64   time; /* when the newest was taken */
} Snapshots;

static void
snapshots_take (Snapshots *snapshots, LwTraining *training)
{
  lw_state_unref (snapshots->newest);
  snapshots->newest = lw_training_get_state (training);
  snapshots->time = g_get_monotonic_time ();
}

/* A step from the newest snapshot on had a finite loss. */
static void
snapshots_confirm (Snapshots *snapshots)
{
  if (snapshots->newest == NULL)
    return;
  lw_state_unref (snapshots->good);
  snapshots->good = g_steal_pointer (&snapshots->newest);
}

static void
snapshots_clear (Snapshots *snapshots)
{
  g_clear_pointer (&snapshots->newest, lw_state_unref);
  g_clear_pointer (&snapshots->good, lw_state_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Snapshots, snapshots_clear)

/* Nine digits bring a float back exactly. */
static void
write_number (FILE *log, double value, const char *end)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  fputs (g_ascii_formatd (number, sizeof number, "%.9g", value), log);
  fputs (end, log);
}

/* Errors stick to the stream and are asked for at the end. */
static void
write_row (FILE *log, const LwHistoryPoint *point, const LwEvaluation *validation)
{
  if (log == NULL)
    return;
  fprintf (log, "%" PRId64 ",%d,", point->step, point->epoch);
  write_number (log, (double) point->loss, ",");
  write_number (log, (double) point->accuracy, ",");
  if (validation != NULL)
    {
      write_number (log, validation->loss, ",");
      write_number (log, validation->accuracy, ",");
    }
  else
    fputs (",,", log);
  write_number (log, point->seconds, "\n");
}

static gboolean
check_log (FILE *log, GError **error)
{
  int code;

  errno = 0;
  if (log == NULL || (fflush (log) == 0 && !ferror (log)))
    return TRUE;
  code = errno != 0 ? errno : EIO;
  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code),
               _("The log could not be written: %s; free some space or leave out --log"),
               g_strerror (code));
  return FALSE;
}

static guint
get_epochs_finished (LwTraining *training)
{
  return lw_training_get_epoch (training) - (lw_training_is_epoch_end (training) ? 0 : 1);
}

static gboolean
is_done (const LwCliPlan *plan)
{
  if (plan->until_epoch > 0)
    return get_epochs_finished (plan->training) >= plan->until_epoch;
  return lw_training_get_step (plan->training) >= plan->until_step;
}

/* Steps that are still to be taken. The place in the data decides: a run may have had steps of other sizes. */
static gint64
count_steps_left (const LwCliPlan *plan)
{
  LwTraining  *training = plan->training;
  const gint64 epochs_left = (gint64) plan->until_epoch - get_epochs_finished (training);

  if (plan->until_epoch == 0)
    return plan->until_step - lw_training_get_step (training);
  return (epochs_left - 1) * lw_training_get_steps_per_epoch (training) + lw_training_get_steps_left (training);
}

static LwProgressStatus
make_status (const LwCliPlan *plan, const LwCliResult *result)
{
  LwTraining      *training = plan->training;
  const gint64     steps_per_epoch = lw_training_get_steps_per_epoch (training);
  LwProgressStatus status = {
    .epoch = lw_training_get_epoch (training),
    .n_epochs = plan->until_epoch,
    .step = steps_per_epoch,
    .steps_per_epoch = steps_per_epoch,
    .speed = lw_training_get_samples_per_second (training),
    .n_done = result->n_steps,
    .n_total = result->n_steps + count_steps_left (plan),
  };

  if (!lw_training_is_epoch_end (training))
    status.step -= lw_training_get_steps_left (training);

  lw_training_get_epoch_means (training, &status.loss, &status.accuracy);
  return status;
}

/* FALSE with an error. There may be no result without one: none is asked for, or the person does
 * not want to wait. A loss that is not finite here is one that the next step would have. */
static gboolean
validate (const LwCliPlan *plan, LwTraining *training, LwCliResult *result, GError **error)
{
  GError *failure = NULL;

  result->has_validation
    = lw_training_validate (training, 0, plan->cancel, &result->validation, &failure);
  if (failure != NULL)
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  if (result->has_validation && !isfinite (result->validation.loss))
    result->outcome = LW_OUTCOME_DIVERGED;
  return TRUE;
}

/* The same at the place where the run stands, with a point of it in the history. */
static gboolean
validate_here (const LwCliPlan *plan, LwCliResult *result, GError **error)
{
  LwHistoryPoint point;

  if (!validate (plan, plan->training, result, error))
    return FALSE;
  if (!result->has_validation)
    return TRUE;
  point = (LwHistoryPoint) {
    .kind = LW_POINT_TEST,
    .epoch = (gint32) lw_training_get_epoch (plan->training),
    .step = lw_training_get_step (plan->training),
    .loss = (float) result->validation.loss,
    .accuracy = (float) result->validation.accuracy,
    .seconds = lw_training_get_seconds (plan->training),
    .n_images = (gint32) result->validation.n_images,
  };
  lw_history_append (plan->history, &point);
  result->stopped_early = lw_training_tell_validation (plan->training, &result->validation, plan->history);
  return TRUE;
}

/* One step, with everything that follows from it. */
static gboolean
take_step (const LwCliPlan *plan, Snapshots *snapshots, LwCliResult *result, GError **error)
{
  const LwEvaluation *validation = NULL;
  LwHistoryPoint      point;
  LwProgressStatus    status;

  if (!lw_training_step (plan->training, &point, error))
    return FALSE;
  lw_history_append (plan->history, &point);
  result->n_steps++;
  result->has_validation = FALSE;
  if (!isfinite (point.loss))
    {
      result->outcome = LW_OUTCOME_DIVERGED;
      write_row (plan->log, &point, NULL);
      return TRUE;
    }

  snapshots_confirm (snapshots);
  if (!lw_training_is_epoch_end (plan->training))
    {
      if (g_get_monotonic_time () - snapshots->time > SNAPSHOT_INTERVAL)
        snapshots_take (snapshots, plan->training);
      write_row (plan->log, &point, NULL);
      status = make_status (plan, result);
      lw_progress_update (plan->progress, &status);
      return TRUE;
    }

  if (!validate_here (plan, result, error))
    return FALSE;
  snapshots_take (snapshots, plan->training);
  validation = result->has_validation ? &result->validation : NULL;
  write_row (plan->log, &point, validation);
  status = make_status (plan, result);
  lw_progress_end_epoch (plan->progress, &status, validation);
  return check_log (plan->log, error);
}

/* The weights that the run is to leave, and what validation gives for them. */
static gboolean
keep_best (const LwCliPlan *plan, LwCliResult *result, GError **error)
{
  const gboolean      exchanged = lw_training_keep_best (plan->training, plan->history) > 0;
  g_autoptr (LwState) state = lw_training_get_state (plan->training);

  if (state->stopping.n_weights > 0)
    result->best_epoch = state->stopping.best_epoch;
  return !exchanged || validate (plan, plan->training, result, error);
}

/* Back to the newest state that is known to be good; the initial one if the first loss is not. */
static gboolean
go_back (const LwCliPlan *plan, Snapshots *snapshots, LwCliResult *result, GError **error)
{
  g_autoptr (LwTraining) training = NULL;

  result->loss = NAN;
  result->state = lw_state_ref (snapshots->good != NULL ? snapshots->good : snapshots->newest);
  training = lw_training_new_from_state (lw_training_get_device (plan->training), result->state,
                                         plan->images, error);
  return training != NULL && validate (plan, training, result, error);
}

static void
describe (const LwCliPlan *plan, LwCliResult *result)
{
  LwTraining *training = plan->training;

  result->step = lw_training_get_step (training);
  result->epoch = result->step > 0 ? lw_training_get_epoch (training) : 0;
  result->n_epochs = get_epochs_finished (training);
  result->seconds = lw_training_get_seconds (training);
  result->samples_per_second = lw_training_get_samples_per_second (training);
  result->loss = result->accuracy = NAN;
  if (result->n_steps > 0)
    lw_training_get_epoch_means (training, &result->loss, &result->accuracy);
}

gboolean
lw_cli_run (const LwCliPlan *plan, LwCliResult *result, GError **error)
{
  g_auto (Snapshots) snapshots = { 0 };
  gboolean           ok = TRUE;

  *result = (LwCliResult) { .outcome = LW_OUTCOME_FINISHED };
  if (plan->log != NULL)
    fputs ("step,epoch,loss,accuracy,val_loss,val_accuracy,seconds\n", plan->log);
  snapshots_take (&snapshots, plan->training);
  if (lw_training_owes_validation (plan->training))
    ok = validate_here (plan, result, error);
  while (ok && result->outcome == LW_OUTCOME_FINISHED && !result->stopped_early && !is_done (plan))
    {
      if (g_atomic_int_get (plan->cancel))
        result->outcome = LW_OUTCOME_INTERRUPTED;
      else
        ok = take_step (plan, &snapshots, result, error);
    }

  describe (plan, result);
  if (!ok)
    {
      result->state = lw_training_get_state (plan->training);
      return FALSE;
    }
  if (result->outcome == LW_OUTCOME_FINISHED && !result->has_validation)
    ok = validate_here (plan, result, error);
  if (ok && result->outcome == LW_OUTCOME_FINISHED && !g_atomic_int_get (plan->cancel))
    ok = keep_best (plan, result, error);
  if (result->outcome == LW_OUTCOME_DIVERGED)
    ok = go_back (plan, &snapshots, result, error);
  else
    result->state = lw_training_get_state (plan->training);
  if (g_atomic_int_get (plan->cancel) && result->outcome == LW_OUTCOME_FINISHED)
    result->outcome = LW_OUTCOME_INTERRUPTED;
  return ok && check_log (plan->log, error);
}

void
lw_cli_result_clear (LwCliResult *result)
{
  g_clear_pointer (&result->state, lw_state_unref);
}
