#include <errno.h>
#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "app/cli-options.h"
#include "app/cli-run.h"
#include "app/cli-train-options.h"
#include "app/cli.h"
#include "engine/core/error.h"
#include "engine/io/keras_archive.h"
#include "engine/nn/schedule.h"
#include "engine/train/adapt.h"

/* The command `train`: options in, a run, and what is left of it: files, one JSON object or a short
 * summary. The loop itself is in cli-run.c. */

#define COMMAND "train"

/* A run about to start. */
typedef struct {
  LwModelSpec  *model;
  LwRunSettings settings;
  LwState      *state; /* NULL: fresh weights */
  LwHistory    *history;
  LwRun        *resumed; /* the file's run, or NULL */
} Start;

static void
start_clear (Start *start)
{
  g_clear_pointer (&start->model, lw_model_spec_unref);
  g_clear_pointer (&start->state, lw_state_unref);
  g_clear_pointer (&start->history, lw_history_unref);
  g_clear_pointer (&start->resumed, lw_run_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Start, start_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FILE, fclose)

static gint interrupted;

/* The first Ctrl+C asks for an orderly end, the second does not ask. */
static void
on_signal (int number)
{
  if (g_atomic_int_get (&interrupted))
    _exit (130);
  g_atomic_int_set (&interrupted, TRUE);
}

static void
catch_signals (void)
{
  struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

  sigemptyset (&action.sa_mask);
  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
}

/* Better now than after an hour of training. */
static gboolean
check_save_path (const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *display = g_filename_display_name (path);
  const char      *reason = NULL;

  if (!g_file_test (directory, G_FILE_TEST_IS_DIR))
    reason = _("its folder does not exist");
  else if (g_access (directory, W_OK | X_OK) != 0)
    reason = g_strerror (errno);
  else if (g_file_test (path, G_FILE_TEST_EXISTS) && !g_file_test (path, G_FILE_TEST_IS_REGULAR))
    reason = _("it is not a regular file");
  if (reason == NULL)
    return TRUE;
  g_set_error (error, LW_ERROR, LW_ERROR_FILE,
               _("The run could not be saved as %s: %s; choose another place for --save"), display,
               reason);
  return FALSE;
}

/* The model with the optimizer and loss that were asked for. Takes `model`. */
static LwModelSpec *
compile (LwModelSpec *model, const LwTrainOptions *options, GError **error)
{
  g_autoptr (LwModelSpec) compiled = model;
  const LwSpec           *optimizer = lw_model_spec_get_optimizer (compiled);
  g_autoptr (LwSpec)      chosen = NULL;

  if (options->optimizer != NULL && lw_spec_get_class (optimizer) != options->optimizer)
    chosen = lw_spec_new (options->optimizer, NULL);
  else
    chosen = lw_spec_ref ((LwSpec *) optimizer);
  if (!isnan (options->learning_rate))
    {
      const LwField *field = lw_spec_class_find (lw_spec_get_class (chosen), "learning_rate", NULL);
      LwFieldValue   value = { .x = options->learning_rate };
      LwSpec        *changed;

      /* A model keeps to its field's limits; the run itself takes any rate. */
      value.x = CLAMP (value.x, field->minimum, field->maximum);
      changed = lw_spec_with_value (chosen, "learning_rate", value, error);
      if (changed == NULL)
        return NULL;
      lw_spec_unref (chosen);
      chosen = changed;
      /* A schedule begins with that rate; one that is a list of rates gives way to it. */
      if (lw_schedule_uses_key (chosen, "values"))
        {
          g_autoptr (GVariant) constant = g_variant_ref_sink (g_variant_new_string ("constant"));

          changed = lw_spec_with_variant (chosen, "schedule", constant, error);
          if (changed == NULL)
            return NULL;
          lw_spec_unref (chosen);
          chosen = changed;
        }
    }
  if (!lw_spec_equal (chosen, optimizer))
    {
      LwModelSpec *changed = lw_model_spec_with_optimizer (compiled, chosen);

      lw_model_spec_unref (compiled);
      compiled = changed;
    }

  if (options->loss != NULL
      && lw_spec_get_class (lw_model_spec_get_loss (compiled)) != options->loss)
    {
      g_autoptr (LwSpec)      loss = lw_spec_new (options->loss, NULL);
      g_autoptr (LwSpec)      fitting = NULL;
      g_autoptr (LwModelSpec) old = g_steal_pointer (&compiled);

      if (lw_spec_class_find (options->loss, "from_logits", NULL) != NULL)
        fitting
          = lw_spec_with_value (loss, "from_logits",
                                (LwFieldValue) { .b = !lw_model_spec_ends_in_probabilities (old) },
                                NULL);
      compiled = lw_model_spec_with_loss (old, fitting != NULL ? fitting : loss);
    }
  return g_steal_pointer (&compiled);
}

/* What a fresh run and one that goes on may be told alike. */
static void
apply_settings (const LwTrainWords *words, const LwTrainOptions *options, LwRunSettings *settings)
{
  if (words->patience != NULL)
    settings->patience = (guint) options->patience;
  if (words->keep_best)
    settings->keep_best = TRUE;
  if (options->threads > 0)
    settings->threads = (guint) options->threads;
}

static gboolean
start_fresh (const LwTrainWords *words, const LwTrainOptions *options, Start *start, GError **error)
{
  LwModelSpec   *model;
  LwRunSettings *settings = &start->settings;

  *settings = LW_RUN_SETTINGS_STANDARD;
  if (words->model != NULL)
    {
      model = lw_keras_archive_load_model (words->model, settings, error);
      if (model == NULL)
        return FALSE;
    }
  else
    {
      const char *preset = words->preset != NULL ? words->preset : "convnet";

      model = lw_cli_get_preset (preset, error);
      if (model == NULL)
        return FALSE;
      settings->batch_size = lw_preset_get_batch_size (preset);
    }
  start->model = compile (model, options, error);
  if (start->model == NULL)
    return FALSE;

  if (options->epochs > 0)
    settings->epochs = (guint) options->epochs;
  if (options->batch_size > 0)
    settings->batch_size = (guint) options->batch_size;
  if (words->shuffle != NULL)
    settings->shuffle = (guint) options->shuffle;
  if (words->seed != NULL)
    settings->seed = options->seed;
  if (options->has_validation)
    {
      settings->validation = options->validation;
      if (options->validation == LW_VALIDATION_FRACTION)
        settings->fraction = options->fraction;
    }
  apply_settings (words, options, settings);
  start->history = lw_history_new ();
  return TRUE;
}

static gboolean
start_resumed (const LwTrainWords *words, const LwTrainOptions *options, Start *start,
               GError **error)
{
  LwRun  *run = lw_cli_load_run (words->resume, error);
  guint64 epochs;

  if (run == NULL)
    return FALSE;
  start->resumed = run;
  start->settings = run->settings;
  if (options->has_validation)
    {
      if (run->settings.validation == LW_VALIDATION_FRACTION)
        {
          lw_cli_set_usage_error (error, _("--validation does not go with this file, whose run "
                                           "holds back a part of the training images"));
          return FALSE;
        }
      start->settings.validation = options->validation;
    }
  apply_settings (words, options, &start->settings);
  epochs = run->epochs;
  if (options->epochs > 0)
    epochs = run->state->epoch + options->epochs;
  else if (options->steps == 0 && run->state->epoch >= epochs)
    epochs = (guint64) run->state->epoch + LW_RUN_SETTINGS_STANDARD.epochs;
  if (epochs > LW_CLI_MAX_EPOCHS)
    {
      lw_cli_set_usage_error (error, _("a run has at most %d epochs, and this one has had %u"),
                              LW_CLI_MAX_EPOCHS, run->state->epoch);
      return FALSE;
    }

  start->settings.epochs = (guint) epochs;

  start->state = lw_state_adapt (run->state, run->model, &start->settings, error);
  if (start->state == NULL)
    return FALSE;
  start->model = lw_model_spec_ref (run->model);
  start->history = run->history != NULL ? lw_history_ref (run->history) : lw_history_new ();
  return TRUE;
}

/* Images trained on in that epoch, as the history tells; 0 where it does not. Steps do not tell: they may
 * have had single images, or batches of another size. */
static guint64
count_epoch_images (LwHistory *history, guint epoch)
{
  LwHistoryCursor       cursor = { 0 };
  const LwHistoryPoint *points;
  gsize                 n_points;
  guint64               n = 0;

  while ((points = lw_history_read (history, &cursor, &n_points)) != NULL)
    for (gsize i = 0; i < n_points; i++)
      if (points[i].kind == LW_POINT_TRAIN && points[i].epoch == (gint32) epoch)
        n += (guint64) points[i].n_images;
  return n;
}

/* A file does not hold its images, but going on with others would be another run. */
static gboolean
check_resumed_data (const LwTrainWords *words, const Start *start, LwImages *images, GError **error)
{
  g_autofree char *file = NULL;
  const guint64    n_images = (guint64) lw_tensor_get_dim (images->train_images, 0);
  const guint64    n_now = lw_run_settings_get_n_training (&start->settings, n_images);
  guint64          n_before;

  if (start->state == NULL)
    return TRUE;
  n_before = start->state->epoch > 0 ? count_epoch_images (start->history, start->state->epoch) : 0;
  if ((n_before == 0 || n_before == n_now) && start->state->position <= n_images)
    return TRUE;
  file = g_filename_display_name (words->resume);
  g_set_error (
    error, LW_ERROR, LW_ERROR_VALUE,
    _("The run in %s was trained on other images than those of %s: their numbers differ; name "
      "the ones it was started with by --data"),
    file, images->name);
  return FALSE;
}

static LwTraining *
make_training (const LwTrainWords *words, const LwTrainOptions *options, const Start *start,
               LwDevice *device, LwImages *images, GError **error)
{
  g_autoptr (LwTraining) training = NULL;

  if (start->state != NULL)
    training = lw_training_new_from_state (device, start->state, images, error);
  else
    training = lw_training_new (device, start->model, &start->settings, images, error);
  if (training == NULL || !check_resumed_data (words, start, images, error))
    return NULL;

  if (!isnan (options->learning_rate)
      && options->learning_rate != lw_training_get_learning_rate (training))
    {
      lw_training_set_learning_rate (training, options->learning_rate);
      if (start->state != NULL)
        {
          const LwHistoryPoint point = lw_training_make_rate_event (training);

          lw_history_append (start->history, &point);
        }
    }
  return g_steal_pointer (&training);
}

/* The history up to a step: after a way back, what came later is not the saved run's. */
static LwHistory *
copy_history (LwHistory *history, gint64 last_step)
{
  LwHistory            *copy = lw_history_new ();
  LwHistoryCursor       cursor = { 0 };
  const LwHistoryPoint *points;
  gsize                 n;

  while ((points = lw_history_read (history, &cursor, &n)) != NULL)
    for (gsize i = 0; i < n; i++)
      if (points[i].step <= last_step)
        lw_history_append (copy, &points[i]);
  return copy;
}

static gboolean
save (const char *path, const Start *start, LwState *state, GError **error)
{
  g_autoptr (LwHistory) history = copy_history (start->history, state->step);
  g_autoptr (LwRun)     run = lw_run_new (start->model, &start->settings, state, history);
  const LwRun          *resumed = start->resumed;

  if (resumed != NULL)
    {
      run->name = g_strdup (resumed->name);
      run->note = g_strdup (resumed->note);
      run->slot = resumed->slot;
      run->epochs = MAX (run->epochs, resumed->epochs);
      run->others = resumed->others != NULL ? g_ptr_array_ref (resumed->others) : NULL;
    }
  return lw_keras_archive_save (path, run, error);
}

static gboolean
print_json (const LwTrainWords *words, const Start *start, const LwCliResult *result,
            LwImages *images, LwDevice *device, const char *saved, GError **error)
{
  static const char *const outcomes[] = { "finished", "interrupted", "diverged" };
  g_autoptr (GString) json = lw_cli_json_begin ();
  const char      *preset = words->model == NULL && words->resume == NULL
                              ? (words->preset != NULL ? words->preset : "convnet")
                              : NULL;
  g_autofree char *resumed = words->resume != NULL ? g_filename_display_name (words->resume) : NULL;
  g_autofree char *file = saved != NULL ? g_filename_display_name (saved) : NULL;

  lw_cli_json_add_real (json, "loss", result->loss);
  lw_cli_json_add_real (json, "accuracy", result->accuracy);
  lw_cli_json_add_real (json, "val_loss", result->has_validation ? result->validation.loss : NAN);
  lw_cli_json_add_real (json, "val_accuracy",
                        result->has_validation ? result->validation.accuracy : NAN);
  lw_cli_json_add_real (json, "samples_per_second", result->samples_per_second);
  lw_cli_json_add_whole (json, "steps", (guint64) result->step);
  lw_cli_json_add_whole (json, "epochs", result->n_epochs);
  lw_cli_json_add_whole (json, "steps_taken", (guint64) result->n_steps);
  lw_cli_json_add_real (json, "seconds", result->seconds);
  lw_cli_json_add_whole (json, "threads", (guint64) lw_device_get_n_threads (device));
  lw_cli_json_add_string (json, "isa", device->kernels->name);
  lw_cli_json_add_string (json, "preset", preset);
  lw_cli_json_add_string (json, "model", lw_model_spec_get_name (start->model));
  lw_cli_json_add_whole (json, "parameters",
                         (guint64) lw_model_spec_get_n_parameters (start->model));
  lw_cli_json_add_string (json, "data", images->name);
  lw_cli_json_add_string (json, "optimizer",
                          lw_spec_get_class (lw_model_spec_get_optimizer (start->model))
                            ->class_name);
  lw_cli_json_add_real (json, "learning_rate",
                        result->state != NULL ? result->state->learning_rate : NAN);
  lw_cli_json_add_whole (json, "batch_size", start->settings.batch_size);
  lw_cli_json_add_whole (json, "seed", start->settings.seed);
  lw_cli_json_add_string (json, "resumed", resumed);
  lw_cli_json_add_string (json, "saved", file);
  lw_cli_json_add_string (json, "outcome", outcomes[result->outcome]);
  lw_cli_json_add_boolean (json, "stopped_early", result->stopped_early);
  if (result->best_epoch > 0)
    lw_cli_json_add_whole (json, "best_epoch", result->best_epoch);
  else
    lw_cli_json_add_real (json, "best_epoch", NAN);
  return lw_cli_json_print (json, error);
}

static gboolean
print_summary (const Start *start, const LwCliResult *result, LwImages *images, LwDevice *device,
               const char *saved, GError **error)
{
  g_print (_("%s trained on %s: %" PRId64
             " steps, %u epochs, %.1f s, %.0f images/s (threads: %d, %s)\n"),
           lw_model_spec_get_name (start->model), images->name, result->step, result->n_epochs,
           result->seconds, result->samples_per_second, lw_device_get_n_threads (device),
           device->kernels->name);
  if (result->stopped_early)
    g_print (ngettext ("Stopped early: %u epoch without a lower validation loss\n",
                       "Stopped early: %u epochs without a lower validation loss\n", start->settings.patience),
             start->settings.patience);
  if (result->best_epoch > 0)
    g_print (_("The weights are those of epoch %u, the best\n"), result->best_epoch);
  if (isfinite (result->loss))
    g_print (_("Training loss %.4f, accuracy %.4f\n"), result->loss, result->accuracy);
  if (result->has_validation)
    g_print (_("Validation loss %.4f, accuracy %.4f\n"), result->validation.loss,
             result->validation.accuracy);
  if (saved != NULL)
    {
      g_autofree char *display = g_filename_display_name (saved);

      g_print (_("Saved as %s\n"), display);
    }
  return lw_cli_flush (error);
}

/* The file and the answer; TRUE if both could be written. A run that cannot be saved still tells
 * its figures. */
static gboolean
finish (const LwTrainWords *words, const Start *start, const LwCliResult *result, LwImages *images,
        LwDevice *device, GError **error)
{
  const gboolean ok = words->save == NULL || save (words->save, start, result->state, error);
  const char    *saved = ok ? words->save : NULL;
  GError       **later = ok ? error : NULL;

  if (words->json)
    return print_json (words, start, result, images, device, saved, later) && ok;
  return (words->quiet || print_summary (start, result, images, device, saved, later)) && ok;
}

static void
set_divergence (const LwTrainWords *words, const LwCliResult *result, GError **error)
{
  if (words->save != NULL)
    g_set_error (error, LW_ERROR, LW_ERROR_NOT_FINITE,
                 _("The loss stopped being a number at step %" PRId64 ", probably because "
                   "the learning rate is too high; what was saved is the last good state, that of "
                   "step %" PRId64),
                 result->step, result->state->step);
  else
    g_set_error (error, LW_ERROR, LW_ERROR_NOT_FINITE,
                 _("The loss stopped being a number at step %" PRId64 ", probably because "
                   "the learning rate is too high; train again with a lower --learning-rate"),
                 result->step);
}

/* The exit status, or -1 with an error. */
static int
train (const LwTrainWords *words, const LwTrainOptions *options, GError **error)
{
  g_auto (Start)         start = { 0 };
  g_autoptr (LwDevice)   device = NULL;
  g_autoptr (LwImages)   images = NULL;
  g_autoptr (LwTraining) training = NULL;
  g_autoptr (LwProgress) progress = NULL;
  g_autoptr (FILE)       log = NULL;
  g_auto (LwCliResult)   result = { 0 };
  LwCliPlan              plan = { 0 };
  gboolean               ok;

  if (words->save != NULL && !check_save_path (words->save, error))
    return -1;
  ok = words->resume != NULL ? start_resumed (words, options, &start, error)
                             : start_fresh (words, options, &start, error);
  if (!ok || (device = lw_device_new ((int) start.settings.threads, 0, error)) == NULL
      || (images = lw_cli_load_images (words->data, error)) == NULL
      || (training = make_training (words, options, &start, device, images, error)) == NULL)
    return -1;
  if (words->log != NULL && (log = g_fopen (words->log, "we")) == NULL)
    {
      const int        code = errno;
      g_autofree char *display = g_filename_display_name (words->log);

      g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code),
                   _("The log %s cannot be written: %s; choose another place for --log"), display,
                   g_strerror (code));
      return -1;
    }

  progress = lw_progress_new (words->quiet);
  plan = (LwCliPlan) { training, images, start.history, progress, log, 0, 0, &interrupted };
  if (options->steps > 0)
    plan.until_step
      = lw_training_get_step (training)
        + MIN ((gint64) options->steps, G_MAXINT64 - lw_training_get_step (training));
  else
    plan.until_epoch = start.settings.epochs;

  ok = lw_cli_run (&plan, &result, error);
  g_clear_pointer (&progress, lw_progress_free);
  start.settings.epochs = CLAMP (result.epoch, start.settings.epochs, LW_CLI_MAX_EPOCHS);
  if (!ok)
    {
      /* What was learned is kept all the same; the first error is the one to tell. */
      if (words->save != NULL && result.state != NULL)
        save (words->save, &start, result.state, NULL);
      return -1;
    }
  if (!finish (words, &start, &result, images, device, error))
    return -1;
  if (result.outcome == LW_OUTCOME_DIVERGED)
    {
      set_divergence (words, &result, error);
      return -1;
    }
  return result.outcome == LW_OUTCOME_INTERRUPTED ? 130 : 0;
}

int
lw_cli_train (int argc, char **argv)
{
  g_auto (LwTrainWords) words = { 0 };
  LwTrainOptions        options = { 0 };
  g_autoptr (GError)    error = NULL;
  int                   status = -1;

  if (lw_train_options_parse (argc, argv, &words, &options, &error))
    {
      catch_signals ();
      status = train (&words, &options, &error);
    }
  return status >= 0 ? status : lw_cli_fail (COMMAND, g_steal_pointer (&error));
}
