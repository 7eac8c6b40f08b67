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

static guint
n_training (LwSession *session)
{
  LwImages *images = lw_session_get_images (session);
  gsize     n = images != NULL ? (gsize) lw_tensor_get_dim (images->train_images, 0) : 60000;

  return (guint) lw_run_settings_get_n_training (&lw_session_get_document (session)->settings, n);
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

/* Where a run stands: steps per epoch, steps planned, the epoch it is in. */
typedef struct {
  gint64 step, per_epoch, planned;
  guint  epoch, epochs;
} Place;

static Place
place_of (LwSession *session)
{
  LwSessionRun *run = lw_session_get_run (session);
  Place         place = { 0 };
  LwImages     *images = lw_session_get_images (session);

  if (run == NULL)
    return place;
  place.per_epoch = lw_run_settings_get_steps_per_epoch (
      &run->document->settings, images != NULL ? (gsize) lw_tensor_get_dim (images->train_images, 0) : 60000);
  place.step = run->last.step;
  if (place.step == 0 && run->state != NULL)
    place.step = run->state->step;
  place.epochs = run->epochs;
  place.planned = place.per_epoch * place.epochs;
  place.epoch = place.step > 0 ? (guint) ((place.step - 1) / place.per_epoch) + 1 : 1;
  return place;
}

static void
fill_training (LwStatus *status, LwSession *session)
{
  LwSessionRun    *run = lw_session_get_run (session);
  Place            place = place_of (session);
  double           speed = lw_trainer_get_speed (lw_session_get_trainer (session));
  gint64           in_epoch = place.step - (gint64) (place.epoch - 1) * place.per_epoch;
  g_autofree char *now = lw_chart_format_count ((guint64) MAX (in_epoch, 0));
  g_autofree char *all = lw_chart_format_count ((guint64) place.per_epoch);

  status->fraction = place.planned > 0 ? CLAMP ((double) place.step / (double) place.planned, 0, 1) : 0;
  status->button = g_strdup (_("Stop"));
  status->icon = "media-playback-stop-symbolic";
  status->action = "win.stop";
  if (speed > 0)
    {
      double           images_left = (double) (place.planned - place.step) * run->document->settings.batch_size;
      g_autofree char *rate = lw_chart_format_count ((guint64) (speed >= 1000 ? round (speed / 100) * 100 : speed));
      g_autofree char *left = lw_status_clock (images_left / speed);

      status->text = g_strdup_printf (_("Epoch %u of %u · %s of %s · %s images/s · %s left"), place.epoch,
                                      place.epochs, now, all, rate, left);
    }
  else
    status->text = g_strdup_printf (_("Epoch %u of %u · %s of %s"), place.epoch, place.epochs, now, all);
}

static void
fill_finished (LwStatus *status, LwSession *session)
{
  LwSessionRun    *run = lw_session_get_run (session);
  guint            epochs = run->last.epoch > 0 ? (guint) run->last.epoch : run->epochs;
  g_autofree char *took = lw_status_clock (run->last.seconds);
  g_autofree char *percent = lw_chart_format_percent (run->test_accuracy, 1);

  if (isfinite (run->test_accuracy) && run->document->settings.validation == LW_VALIDATION_FRACTION)
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
  status->action = "win.continue";
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
  Place            place = place_of (session);
  g_autofree char *step = lw_chart_format_count ((guint64) place.step);

  status->text = g_strdup_printf (phase == LW_PHASE_PAUSED ? _("Paused · epoch %u of %u · step %s")
                                                           : _("Stopped · epoch %u of %u · step %s"),
                                  place.epoch, place.epochs, step);
  status->fraction = place.planned > 0 ? CLAMP ((double) place.step / (double) place.planned, 0, 1) : -1;
}

void
lw_status_fill (LwStatus *status, LwSession *session)
{
  LwPhase          phase = lw_session_get_phase (session);
  LwModelSpec     *model = lw_session_get_document (session)->model;
  const LwFault   *fault = lw_model_spec_get_fault (model);
  g_autofree char *obstacle = lw_session_get_obstacle (session);

  *status = (LwStatus) { .fraction = -1 };
  if (phase == LW_PHASE_TRAINING)
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
  g_autofree char *images = lw_chart_format_count (n_training (session));
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
