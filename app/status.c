#include "app/status.h"

#include "ui/charts/chart-text.h"

#include <glib/gi18n.h>
#include <math.h>

#define MORE_EPOCHS 5

char *
lw_status_clock (double seconds)
{
  int whole = (int) CLAMP (ceil (seconds), 0, 359999);

  if (whole >= 3600)
    return g_strdup_printf ("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  return g_strdup_printf ("%d:%02d", whole / 60, whole % 60);
}

/* "AVX-512" for "avx512". */
static const char *
isa_label (const char *isa)
{
  if (g_str_equal (isa, "avx512"))
    return "AVX-512";
  if (g_str_equal (isa, "avx2"))
    return "AVX2";
  if (g_str_equal (isa, "neon"))
    return "NEON";
  return isa;
}

static gsize
n_training (LwSession *session, const LwRunSettings *settings)
{
  LwImages *images = lw_session_get_images (session);
  gsize     n = images != NULL ? (gsize) lw_tensor_get_dim (images->train_images, 0) : 60000;

  return lw_run_settings_get_n_training (settings, n);
}

static char *
ready_text (LwSession *session)
{
  LwDocument      *document = lw_session_get_document (session);
  const char      *model = lw_model_spec_get_name (document->model);
  gboolean         measured;
  double           seconds = lw_session_get_epoch_time (session, &measured);
  int              n_threads = lw_session_get_n_threads (session);
  guint            epochs = document->settings.epochs;
  g_autofree char *threads = g_strdup_printf (ngettext ("%d thread", "%d threads", (gulong) n_threads), n_threads);
  g_autofree char *clock = seconds >= 0 ? lw_status_clock (seconds * epochs) : NULL;
  g_autofree char *forecast = NULL;

  if (clock == NULL)
    return g_strdup_printf (_("Ready · %s on MNIST · %s, %s"), model, threads,
                            isa_label (lw_session_get_isa (session)));
  forecast = g_strdup_printf (ngettext ("about %s for %u epoch", "about %s for %u epochs", epochs), clock, epochs);
  return g_strdup_printf (_("Ready · %s on MNIST · %s, %s · %s"), model, threads,
                          isa_label (lw_session_get_isa (session)), forecast);
}

LwRunPlace
lw_status_get_place (LwSession *session)
{
  LwSessionRun *run = lw_session_get_run (session);
  LwRunPlace    place = { .epoch = 1, .epochs = 1 };
  gint64        n, in_epoch, batch;

  if (run == NULL)
    return place;
  n = (gint64) n_training (session, &run->document->settings);
  batch = run->document->settings.batch_size;
  place.epochs = run->epochs;
  place.step = run->last.step;
  if (place.step == 0 && run->state != NULL) /* a file that keeps no history */
    {
      place.step = run->state->step;
      place.epoch = MIN (run->state->epoch + 1, run->epochs);
    }
  else
    place.epoch = (guint) MAX (run->last.epoch, 1);
  in_epoch = MIN (run->epoch_images, n);
  place.epoch_steps = run->epoch_steps;
  place.epoch_steps_all = run->epoch_steps + (n - in_epoch + batch - 1) / batch;
  place.images_left = MAX ((gint64) place.epochs - place.epoch + 1, 0) * n - in_epoch;
  place.images_left = MAX (place.images_left, 0);
  place.planned = place.step + place.epoch_steps_all - place.epoch_steps
                  + MAX ((gint64) place.epochs - place.epoch, 0) * ((n + batch - 1) / batch);
  place.fraction = 1 - (double) place.images_left / ((double) n * place.epochs);
  return place;
}

static void
fill_training (LwStatus *status, LwSession *session)
{
  LwRunPlace       place = lw_status_get_place (session);
  double           speed = lw_trainer_get_speed (lw_session_get_trainer (session));
  g_autofree char *now = lw_chart_format_count ((guint64) place.epoch_steps);
  g_autofree char *all = lw_chart_format_count ((guint64) place.epoch_steps_all);

  status->fraction = place.fraction;
  status->button = g_strdup (_("Stop"));
  status->icon = "media-playback-stop-symbolic";
  status->action = "win.stop";
  if (speed > 0)
    {
      g_autofree char *rate = lw_chart_format_count ((guint64) (speed >= 1000 ? round (speed / 100) * 100 : speed));
      g_autofree char *left = lw_status_clock ((double) place.images_left / speed);

      status->text = g_strdup_printf (_("Epoch %u of %u · %s of %s · %s images/s · %s left"), place.epoch,
                                      place.epochs, now, all, rate, left);
    }
  else
    status->text = g_strdup_printf (_("Epoch %u of %u · %s of %s"), place.epoch, place.epochs, now, all);
}

/* Slow motion, in words: what the phase on the cards means. */
static void
fill_slow (LwStatus *status, LwSession *session)
{
  static const char *const phases[] = {
    [LW_STEP_FORWARD] = N_("forward: the images go through the layers"),
    [LW_STEP_LOSS] = N_("loss: the answers are compared with the labels"),
    [LW_STEP_BACKWARD] = N_("backward: each layer is told how its weights should change"),
    [LW_STEP_UPDATE] = N_("update: the optimizer changes the weights"),
  };
  LwRunPlace       place = lw_status_get_place (session);
  LwStepPhase      phase = lw_session_get_step_phase (session);
  gint64           step = phase == LW_STEP_UPDATE && !lw_session_is_stepping (session) ? place.step
                                                                                              : place.step + 1;
  g_autofree char *number = lw_chart_format_count ((guint64) step);

  status->fraction = place.fraction;
  status->button = g_strdup (_("Stop"));
  status->icon = "media-playback-stop-symbolic";
  status->action = "win.stop";
  status->text = g_strdup_printf (_("Step %s · %s"), number, _(phases[phase]));
}

static void
fill_finished (LwStatus *status, LwSession *session)
{
  LwSessionRun    *run = lw_session_get_run (session);
  guint            epochs = run->last.epoch > 0 ? (guint) run->last.epoch : run->epochs;
  g_autofree char *took = lw_status_clock (run->last.seconds);
  g_autofree char *percent = lw_chart_format_percent (run->test_accuracy, 1);

  if (run->stopped_early)
    status->text = g_strdup_printf (ngettext ("Stopped early after %u epoch: the validation loss fell no further · %s",
                                              "Stopped early after %u epochs: the validation loss fell no further · %s",
                                              epochs), epochs, took);
  else if (isfinite (run->test_accuracy) && run->document->settings.validation == LW_VALIDATION_FRACTION)
    status->text = g_strdup_printf (ngettext ("Done · %s of the validation images right · %u epoch in %s",
                                              "Done · %s of the validation images right · %u epochs in %s",
                                              epochs), percent, epochs, took);
  else if (isfinite (run->test_accuracy))
    status->text = g_strdup_printf (ngettext ("Done · %s of the test images right · %u epoch in %s",
                                              "Done · %s of the test images right · %u epochs in %s", epochs),
                                    percent, epochs, took);
  else
    status->text = g_strdup_printf (ngettext ("Done · %u epoch in %s", "Done · %u epochs in %s", epochs), epochs,
                                    took);
  status->button = g_strdup_printf (ngettext ("Continue for %d epoch", "Continue for %d epochs", MORE_EPOCHS),
                                    MORE_EPOCHS);
  status->action = "win.continue(uint32 " G_STRINGIFY (MORE_EPOCHS) ")";
  status->more = TRUE;
}

static void
fill_diverged (LwStatus *status, LwSession *session)
{
  LwSessionRun    *run = lw_session_get_run (session);
  g_autofree char *step = lw_chart_format_count ((guint64) run->last.step);
  g_autofree char *good = lw_chart_format_count ((guint64) lw_session_get_good_step (session));

  status->error = TRUE;
  status->text = g_strdup_printf (_("Stopped at step %s: the loss became %s. The learning rate %g is probably "
                                    "too high."), step, isnan (run->last.loss) ? "NaN" : _("infinite"),
                                  run->diverged_rate);
  status->button = g_strdup_printf (_("Back to step %s"), good);
  status->action = "win.rollback";
}

static void
fill_resting (LwStatus *status, LwSession *session, LwPhase phase)
{
  LwRunPlace       place = lw_status_get_place (session);
  g_autofree char *step = lw_chart_format_count ((guint64) place.step);

  status->text = g_strdup_printf (phase == LW_PHASE_PAUSED ? _("Paused · epoch %u of %u · step %s")
                                                           : _("Stopped · epoch %u of %u · step %s"),
                                  place.epoch, place.epochs, step);
  status->fraction = place.fraction;
}

void
lw_status_fill (LwStatus *status, LwSession *session)
{
  LwPhase          phase = lw_session_get_phase (session);
  LwModelSpec     *model = lw_session_get_document (session)->model;
  const LwFault   *fault = lw_model_spec_get_fault (model);
  g_autofree char *obstacle = lw_session_get_obstacle (session);

  *status = (LwStatus) { .fraction = -1 };
  if (lw_session_get_step_phase (session) != LW_STEP_NONE)
    fill_slow (status, session);
  else if (phase == LW_PHASE_TRAINING)
    fill_training (status, session);
  else if (fault != NULL && lw_model_spec_get_n_layers (model) == 0)
    status->text = g_strdup (fault->message);
  else if (fault != NULL || (obstacle != NULL && lw_session_get_data_error (session) == NULL))
    {
      status->error = TRUE;
      status->text = g_strdup_printf (_("Cannot train: %s"), obstacle);
      status->button = g_strdup (_("Show card"));
      status->action = "win.show-fault";
    }
  else if (lw_session_get_data_error (session) != NULL)
    {
      status->error = TRUE;
      status->text = g_strdup_printf (_("Cannot train: %s"), lw_session_get_data_error (session));
      status->button = g_strdup (_("Try again"));
      status->action = "win.reload-data";
    }
  else if (lw_session_is_waiting (session)
           || (lw_session_get_images (session) == NULL && phase == LW_PHASE_IDLE))
    status->text = g_strdup (_("Reading MNIST…"));
  else if (phase == LW_PHASE_DIVERGED)
    fill_diverged (status, session);
  else if (phase == LW_PHASE_FAILED)
    {
      status->error = TRUE;
      status->text = g_strdup (lw_trainer_get_error (lw_session_get_trainer (session))->message);
    }
  else if (lw_session_get_run (session) != NULL
           && !lw_document_same_run (lw_session_get_document (session), lw_session_get_run (session)->document))
    status->text = ready_text (session);
  else if (phase == LW_PHASE_FINISHED)
    fill_finished (status, session);
  else if (phase == LW_PHASE_PAUSED || phase == LW_PHASE_STOPPED)
    fill_resting (status, session, phase);
  else
    status->text = ready_text (session);
}

void
lw_status_clear (LwStatus *status)
{
  g_clear_pointer (&status->text, g_free);
  g_clear_pointer (&status->button, g_free);
}

char *
lw_status_hint (LwSession *session)
{
  gboolean         measured;
  double           seconds = lw_session_get_epoch_time (session, &measured);
  guint            epochs = lw_session_get_document (session)->settings.epochs;
  g_autofree char *images = lw_chart_format_count (n_training (session, &lw_session_get_document (session)->settings));
  g_autofree char *work = g_strdup_printf (ngettext ("%u epoch over %s handwritten digits",
                                                     "%u epochs over %s handwritten digits", epochs), epochs, images);
  double           all = seconds * epochs;

  if (seconds < 0)
    return g_strdup_printf ("%s.", work);
  if (all < 90)
    return g_strdup_printf (ngettext ("%s, about %d second on this computer.", "%s, about %d seconds on this computer.",
                                      (gulong) MAX (round (all), 1)), work, (int) MAX (round (all), 1));
  return g_strdup_printf (ngettext ("%s, about %d minute on this computer.", "%s, about %d minutes on this computer.",
                                    (gulong) round (all / 60)), work, (int) round (all / 60));
}
