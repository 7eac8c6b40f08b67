#include "app/session-run.h"

#include <glib/gi18n.h>
#include <math.h>

/* How strongly the training loss of the list of runs is smoothed. */
#define SMOOTHING 0.9

static void
clear_figures (LwSessionRun *run)
{
  run->cursor = (LwHistoryCursor) { 0 };
  run->last = run->best = (LwHistoryPoint) { 0 };
  run->smoothed_loss = run->test_loss = run->test_accuracy = NAN;
  run->loss_sum = run->loss_weight = 0;
  run->epoch_steps = run->epoch_images = 0;
  run->n_tested = 0;
}

LwSessionRun *
lw_session_run_new (LwDocument *document, LwHistory *history, LwState *state)
{
  LwSessionRun *run = g_new0 (LwSessionRun, 1);

  run->ref_count = 1;
  run->document = lw_document_ref (document);
  run->history = lw_history_ref (history);
  run->state = state != NULL ? lw_state_ref (state) : NULL;
  run->epochs = document->settings.epochs;
  clear_figures (run);
  return run;
}

LwSessionRun *
lw_session_run_ref (LwSessionRun *run)
{
  run->ref_count++;
  return run;
}

void
lw_session_run_unref (LwSessionRun *run)
{
  if (run == NULL || --run->ref_count > 0)
    return;
  g_free (run->name);
  g_free (run->note);
  lw_document_unref (run->document);
  lw_history_unref (run->history);
  lw_state_unref (run->state);
  g_free (run);
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

static void
set_test (LwSessionRun *run, const LwHistoryPoint *point)
{
  run->test_loss = point->loss;
  run->test_accuracy = point->accuracy;
  run->n_tested = point->n_images;
}

void
lw_session_run_update (LwSessionRun *run)
{
  const LwHistoryPoint *points;
  gsize                 n;

  while ((points = lw_history_read (run->history, &run->cursor, &n)) != NULL)
    for (gsize i = 0; i < n; i++)
      {
        const LwHistoryPoint *point = &points[i];

        if (point->kind == LW_POINT_TRAIN)
          {
            if (point->epoch != run->last.epoch)
              run->epoch_steps = run->epoch_images = 0;
            run->epoch_steps++;
            run->epoch_images += point->n_images;
            run->last = *point;
            smooth_loss (run, point->loss);
          }
        else if (point->kind == LW_POINT_EVENT)
          {
            if (point->loss > 0 && run->best.n_images > 0)
              set_test (run, &run->best);
          }
        else
          {
            set_test (run, point);
            if (point->kind == LW_POINT_TEST && isfinite (point->loss)
                && (run->best.n_images == 0 || point->loss < run->best.loss))
              run->best = *point;
          }
      }
}

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
lw_session_run_rewind (LwSessionRun *run)
{
  LwHistory *history = history_until (run->history, run->state != NULL ? run->state->step : 0);

  lw_history_unref (run->history);
  run->history = history;
  clear_figures (run);
  lw_session_run_update (run);
}

LwSessionRun *
lw_session_run_fork (LwSessionRun *run)
{
  g_autoptr (LwHistory) history = NULL;
  LwHistoryPoint        event = { .kind = LW_POINT_EVENT };
  LwSessionRun         *fork;

  if (!lw_session_run_is_trained (run))
    return NULL;
  history = history_until (run->history, run->state->step);
  fork = lw_session_run_new (run->document, history, run->state);
  fork->epochs = run->epochs;
  fork->is_fork = TRUE;
  lw_session_run_update (fork);
  event.step = run->state->step;
  event.epoch = MAX (fork->last.epoch, 1);
  event.seconds = run->state->seconds;
  lw_history_point_set_note (&event, _("forked"));
  lw_history_append (history, &event);
  return fork;
}

gboolean
lw_session_run_is_trained (const LwSessionRun *run)
{
  return run->state != NULL && run->state->step > 0;
}

char *
lw_session_run_describe (const LwSessionRun *run)
{
  const LwSpec *optimizer = lw_model_spec_get_optimizer (run->document->model);

  return g_strdup_printf ("%s, %s %g", lw_model_spec_get_name (run->document->model),
                          lw_spec_get_class (optimizer)->label,
                          lw_spec_get_float (optimizer, "learning_rate"));
}

gint64
lw_session_run_get_steps_per_epoch (const LwSessionRun *run, LwImages *images)
{
  return lw_run_settings_get_steps_per_epoch (
      &run->document->settings, images != NULL ? (gsize) lw_tensor_get_dim (images->train_images, 0) : 60000);
}

LwRun *
lw_session_run_to_file (LwSessionRun *run, LwState *state)
{
  LwRun *kept = lw_run_new (run->document->model, &run->document->settings, state, run->history);

  kept->name = g_strdup (run->name);
  kept->note = g_strdup (run->note);
  kept->slot = run->slot;
  kept->epochs = run->epochs;
  return kept;
}

LwSessionRun *
lw_session_run_from_file (const LwRun *kept)
{
  g_autoptr (LwDocument) document = lw_document_new (kept->model, &kept->settings);
  g_autoptr (LwHistory)  history = kept->history != NULL ? lw_history_ref (kept->history) : lw_history_new ();
  LwSessionRun          *run = lw_session_run_new (document, history, kept->state);

  run->name = g_strdup (kept->name);
  run->note = g_strdup (kept->note);
  run->slot = kept->slot;
  run->is_loaded = TRUE;
  run->epochs = MAX (run->epochs, kept->epochs);
  if (kept->state != NULL)
    {
      const LwState *state = kept->state;

      run->epochs = MAX (run->epochs, state->epoch);
      run->stopped_early = state->epoch < run->epochs && state->position == 0
                           && lw_early_stopping_has_stopped (&state->stopping, &state->settings, state->epoch);
      if (run->stopped_early)
        run->epochs = state->epoch;
    }
  lw_session_run_update (run);
  /* A run that was saved while it trained has a newer history than weights. */
  if (kept->state != NULL && run->last.step > kept->state->step)
    lw_session_run_rewind (run);
  return run;
}
