#include "file-tools.h"
#include "train-tools.h"

#include <math.h>
#include <string.h>

/* Early stopping and the best weights: what Keras' callback would do with the same losses, whatever the run
 * was interrupted by. */

#define N_TRAIN 96
#define STEPS 3 /* of an epoch */

static LwImages      *images;
static LwRunSettings  settings;

/* What `n` losses, told one epoch after another, lead to: "." goes on, "s" stops. */
static void
check_losses (guint patience, const double *losses, guint n, const char *want, guint best_epoch)
{
  LwRunSettings           given = settings;
  g_auto (LwEarlyStopping) stopping = { 0 };
  g_autoptr (GString)      got = g_string_new (NULL);

  given.patience = patience;
  given.keep_best = FALSE;
  for (guint i = 0; i < n; i++)
    g_string_append_c (got, lw_early_stopping_tell (&stopping, &given, i + 1, losses[i], 0, NULL) ? 's' : '.');
  g_assert_cmpstr (got->str, ==, want);
  g_assert_cmpuint (stopping.best_epoch, ==, best_epoch);
  if (best_epoch > 0)
    g_assert_cmpfloat (stopping.best_loss, ==, losses[best_epoch - 1]);
  g_assert_cmpuint (stopping.n_weights, ==, 0);
}

#define CHECK(patience, want, best_epoch, ...) \
  check_losses (patience, (const double[]) { __VA_ARGS__ }, \
                G_N_ELEMENTS (((const double[]) { __VA_ARGS__ })), want, best_epoch)

static void
test_losses (void)
{
  CHECK (1, "...", 3, 3, 2, 1);
  CHECK (1, "..s", 2, 3, 2, 2.5);
  CHECK (2, "...s", 2, 3, 2, 2.5, 2.4);
  CHECK (2, "....", 4, 3, 2, 2.5, 1.9);
  CHECK (0, "......", 1, 1, 2, 3, 4, 5, 6);

  /* A tie is not better, and neither is what is no number or infinite. */
  CHECK (1, ".s", 1, 2, 2);
  CHECK (2, "..s", 1, 2, NAN, 2);
  CHECK (1, ".s", 1, 2, NAN);
  CHECK (1, ".s", 1, 2, INFINITY);
  CHECK (1, ".s", 1, 2, -INFINITY);
  CHECK (1, "...", 3, 2, 1, -1);

  /* The first epoch does not end a run, whatever it brings; the wait counts it. */
  CHECK (1, ".s", 0, NAN, NAN);
  CHECK (1, ".s", 0, INFINITY, INFINITY);
  CHECK (2, ".s", 0, NAN, NAN);
  CHECK (1, ".", 0, NAN);
  CHECK (1, "..", 2, NAN, 3);
  CHECK (1, "..s", 2, INFINITY, 3, 3);

  /* After a stop it waits anew, and the best stays. */
  CHECK (2, "..s.s.s", 1, 1, 2, 2, 2, 2, 2, 2);
  CHECK (2, "..s..s", 4, 1, 2, 2, 0.5, 2, 2);
  CHECK (1, ".ssss", 1, 1, 2, 2, 2, 2);
}

static void
test_settings (void)
{
  LwRunSettings given = LW_RUN_SETTINGS_STANDARD;

  g_assert_false (lw_early_stopping_is_on (&given));
  given.keep_best = TRUE;
  g_assert_true (lw_early_stopping_is_on (&given));
  given.keep_best = FALSE;
  given.patience = 1;
  g_assert_true (lw_early_stopping_is_on (&given));
  given.validation = LW_VALIDATION_NONE;
  g_assert_false (lw_early_stopping_is_on (&given));
}

/* Holding the best costs a reference, and the next best lets go of it. */
static void
test_weights (void)
{
  LwRunSettings            given = settings;
  g_auto (LwEarlyStopping) stopping = { 0 };
  g_auto (LwEarlyStopping) copy = { 0 };
  LwTensor                *a[2], *b[2];

  for (int i = 0; i < 2; i++)
    {
      a[i] = lw_tensor_new_zeros (NULL, LW_FLOAT32, &LW_SHAPE (3), NULL);
      b[i] = lw_tensor_new_zeros (NULL, LW_FLOAT32, &LW_SHAPE (3), NULL);
    }
  given.keep_best = TRUE;
  g_assert_false (lw_early_stopping_tell (&stopping, &given, 1, 2, 2, a));
  g_assert_cmpuint (stopping.n_weights, ==, 2);
  g_assert_true (stopping.weights[1] == a[1]);
  g_assert_false (lw_tensor_is_unshared (a[0]));
  g_assert_false (lw_early_stopping_tell (&stopping, &given, 2, 3, 2, b));
  g_assert_true (stopping.weights[0] == a[0]);
  g_assert_cmpuint (stopping.best_epoch, ==, 1);

  copy = lw_early_stopping_copy (&stopping);
  g_assert_true (lw_early_stopping_equal (&copy, &stopping));
  g_assert_false (lw_early_stopping_tell (&stopping, &given, 3, 1, 2, b));
  g_assert_true (stopping.weights[0] == b[0]);
  g_assert_false (lw_early_stopping_equal (&copy, &stopping));
  g_assert_false (lw_tensor_is_unshared (a[0]));
  lw_early_stopping_clear (&copy);
  g_assert_true (lw_tensor_is_unshared (a[0]));
  lw_early_stopping_clear (&stopping);
  g_assert_true (lw_tensor_is_unshared (b[0]));
  for (int i = 0; i < 2; i++)
    {
      lw_tensor_unref (a[i]);
      lw_tensor_unref (b[i]);
    }
}

/* -- in a training: its steps are real, the losses are made up -- */

typedef struct {
  LwModelSpec *model;
  LwTraining  *training;
  LwHistory   *history;
} Run;

static void
run_clear (Run *run)
{
  g_clear_pointer (&run->model, lw_model_spec_unref);
  g_clear_pointer (&run->training, lw_training_free);
  g_clear_pointer (&run->history, lw_history_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static Run
run_new (const LwRunSettings *given)
{
  Run run = { .model = lw_model_spec_new_preset ("mlp"), .history = lw_history_new () };

  run.training = test_training_new (run.model, given, images, 1);
  return run;
}

/* The run goes on from a file that it was saved in. */
static void
run_through_file (Run *run)
{
  g_autofree char      *path = test_path ("run.keras");
  g_autoptr (LwState)   state = lw_training_get_state (run->training);
  g_autoptr (LwRun)     saved = lw_run_new (run->model, &state->settings, state, run->history);
  g_autoptr (LwRun)     back = NULL;
  g_autoptr (LwDevice)  device = lw_device_new (1, 0, NULL);
  GError               *error = NULL;

  g_assert_true (lw_keras_archive_save (path, saved, &error));
  g_assert_no_error (error);
  back = lw_keras_archive_load (path, &error);
  g_assert_no_error (error);
  g_assert_true (lw_state_equal (back->state, state));
  lw_training_free (run->training);
  run->training = lw_training_new_from_state (device, back->state, images, &error);
  g_assert_no_error (error);
  lw_history_unref (run->history);
  run->history = lw_history_ref (back->history);
}

static gboolean
tell (Run *run, double loss)
{
  return lw_training_tell_validation (run->training, &(LwEvaluation) { loss, 0.5, 10 }, run->history);
}

/* The notes of the events, with the steps they were at. */
static char *
get_events (LwHistory *history)
{
  GString              *events = g_string_new (NULL);
  LwHistoryCursor       cursor = { 0 };
  const LwHistoryPoint *points;
  gsize                 n;

  while ((points = lw_history_read (history, &cursor, &n)) != NULL)
    for (gsize i = 0; i < n; i++)
      if (points[i].kind == LW_POINT_EVENT)
        g_string_append_printf (events, "%s@%d/%d ", points[i].note, (int) points[i].step, points[i].epoch);
  return g_string_free (events, FALSE);
}

static void
test_training (void)
{
  LwRunSettings       given = settings;
  g_auto (Run)        run = { 0 };
  g_autoptr (LwState) best = NULL, last = NULL, end = NULL;
  g_autofree char    *events = NULL;

  given.patience = 2;
  given.keep_best = TRUE;
  run = run_new (&given);
  for (int epoch = 1; epoch <= 4; epoch++)
    {
      g_assert_false (lw_training_owes_validation (run.training));
      test_take_steps (run.training, STEPS - 1);
      g_assert_false (lw_training_owes_validation (run.training));
      g_assert_false (tell (&run, 0)); /* nothing is owed in the middle of an epoch */
      test_take_steps (run.training, 1);
      g_assert_true (lw_training_owes_validation (run.training));
      g_assert_cmpint (tell (&run, epoch == 2 ? 1 : 2), ==, epoch == 4);
      g_assert_false (lw_training_owes_validation (run.training));
      g_assert_false (tell (&run, 0));
      if (epoch == 2)
        best = lw_training_get_state (run.training);
    }
  last = lw_training_get_state (run.training);
  g_assert_cmpuint (lw_training_keep_best (run.training, run.history), ==, 2);
  end = lw_training_get_state (run.training);
  g_assert_cmpuint (end->n_weights, ==, best->n_weights);
  for (guint i = 0; i < end->n_weights; i++)
    {
      g_assert_true (lw_tensor_equal (end->weights[i], best->weights[i]));
      g_assert_true (lw_tensor_get_data (end->weights[i]) == lw_tensor_get_data (best->weights[i]));
    }
  for (guint i = 0; i < end->n_slots; i++)
    g_assert_true (lw_tensor_equal (end->slots[i], last->slots[i]));
  g_assert_cmpint (end->step, ==, 4 * STEPS);
  g_assert_cmpuint (end->epoch, ==, 4);

  /* Once more there is nothing to do; and the run goes on from there. */
  g_assert_cmpuint (lw_training_keep_best (run.training, run.history), ==, 0);
  test_take_steps (run.training, STEPS);
  g_assert_false (tell (&run, 2));
  test_take_steps (run.training, STEPS);
  g_assert_true (tell (&run, 2));
  events = get_events (run.history);
  g_assert_cmpstr (events, ==, "early stop@12/4 best: epoch 2@12/4 early stop@18/6 ");
}

/* The last epoch was the best, or none has been validated: nothing to change, and no event. */
static void
test_nothing_to_change (void)
{
  LwRunSettings    given = settings;
  g_auto (Run)     run = { 0 };
  g_autofree char *events = NULL;

  given.keep_best = TRUE;
  run = run_new (&given);
  g_assert_cmpuint (lw_training_keep_best (run.training, run.history), ==, 0);
  test_take_steps (run.training, STEPS);
  g_assert_cmpuint (lw_training_keep_best (run.training, run.history), ==, 0);
  g_assert_false (tell (&run, NAN));
  g_assert_cmpuint (lw_training_keep_best (run.training, run.history), ==, 0);
  test_take_steps (run.training, STEPS);
  g_assert_false (tell (&run, 2));
  g_assert_cmpuint (lw_training_keep_best (run.training, run.history), ==, 0);
  events = get_events (run.history);
  g_assert_cmpstr (events, ==, "");
}

/* Without validation images, or without being asked, a training owes nothing. */
static void
test_off (void)
{
  g_autoptr (LwImages) untested = test_images_new (N_TRAIN, 0);

  for (int i = 0; i < 3; i++)
    {
      LwRunSettings           given = settings;
      g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
      g_autoptr (LwTraining)  training = NULL;
      g_autoptr (LwHistory)   history = lw_history_new ();

      given.keep_best = i > 0;
      given.patience = i > 0;
      if (i == 1)
        given.validation = LW_VALIDATION_NONE;
      training = test_training_new (model, &given, i == 2 ? untested : images, 1);
      test_take_steps (training, STEPS);
      g_assert_true (lw_training_is_epoch_end (training));
      g_assert_false (lw_training_owes_validation (training));
      g_assert_false (lw_training_tell_validation (training, &(LwEvaluation) { 1, 1, 1 }, history));
      g_assert_cmpuint (lw_training_keep_best (training, history), ==, 0);
      g_assert_cmpuint (lw_history_length (history), ==, 0);
    }
}

/* The same bits, whether the run was in files in between or not: in mid-epoch, before an epoch's validation,
 * after it, after an early stop, with the best weights kept apart or the state's own. */
static void
test_interrupted (void)
{
  static const double losses[] = { 3, 2, 2.5, NAN, 2, 1, 1, 1, 1, 1 };

  for (int way = 0; way < 4; way++)
    {
      LwRunSettings       given = settings;
      g_auto (Run)        whole = { 0 };
      g_auto (Run)        parts = { 0 };
      g_autoptr (LwState) a = NULL, b = NULL;
      g_autofree char    *events_a = NULL, *events_b = NULL;

      given.patience = 3;
      given.keep_best = way != 3;
      whole = run_new (&given);
      parts = run_new (&given);
      for (guint epoch = 0; epoch < G_N_ELEMENTS (losses); epoch++)
        {
          gboolean stops;

          test_take_steps (whole.training, STEPS);
          stops = tell (&whole, losses[epoch]);

          test_take_steps (parts.training, 1);
          if (way == 0)
            run_through_file (&parts);
          test_take_steps (parts.training, STEPS - 1);
          if (way == 1)
            {
              run_through_file (&parts);
              g_assert_true (lw_training_owes_validation (parts.training));
              g_assert_true (lw_training_is_epoch_end (parts.training));
              g_assert_cmpuint (lw_training_get_epoch (parts.training), ==, epoch + 1);
            }
          g_assert_cmpint (tell (&parts, losses[epoch]), ==, stops);
          if (stops && way == 2)
            {
              g_assert_cmpuint (lw_training_keep_best (whole.training, whole.history), >, 0);
              g_assert_cmpuint (lw_training_keep_best (parts.training, parts.history), >, 0);
            }
          if (way >= 2)
            run_through_file (&parts);
        }
      a = lw_training_get_state (whole.training);
      b = lw_training_get_state (parts.training);
      g_assert_true (lw_state_equal (a, b));
      g_assert_cmpuint (a->stopping.best_epoch, ==, 6);
      events_a = get_events (whole.history);
      events_b = get_events (parts.history);
      g_assert_cmpstr (events_a, ==, events_b);
      g_assert_nonnull (strstr (events_a, "early stop@15/5"));
      g_assert_nonnull (strstr (events_a, "early stop@27/9"));
    }
}

/* What a step of the run's future hangs on is compared; a state that was put together wrongly is refused. */
static void
test_states (void)
{
  LwRunSettings        given = settings;
  g_auto (Run)         run = { 0 };
  g_autoptr (LwState)  state = NULL;
  g_autoptr (LwDevice) device = lw_device_new (1, 0, NULL);

  given.keep_best = TRUE;
  given.patience = 4;
  run = run_new (&given);
  test_take_steps (run.training, STEPS);
  g_assert_false (tell (&run, 2));
  test_take_steps (run.training, STEPS);
  g_assert_false (tell (&run, 3));
  state = lw_training_get_state (run.training);
  for (int i = 0; i < 8; i++)
    {
      LwState              fields = *state;
      g_autoptr (LwState)  other = NULL;
      g_autoptr (GError)   error = NULL;
      LwTraining          *training;

      switch (i)
        {
        case 0: break;
        case 1: fields.stopping.waited++; break;
        case 2: fields.stopping.best_epoch++; break;
        case 3: fields.stopping.best_loss = 2.5; break;
        case 4: fields.stopping.owed = TRUE; break;
        case 5: fields.settings.patience++; break;
        case 6: fields.settings.keep_best = FALSE; break;
        default: fields.stopping.n_weights--; break;
        }
      other = lw_state_new (&fields);
      g_assert_cmpint (lw_state_equal (state, other), ==, i == 0);
      training = lw_training_new_from_state (device, other, images, &error);
      if (i < 7)
        g_assert_no_error (error);
      else
        g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
      g_assert_cmpint (training != NULL, ==, i < 7);
      /* What the settings do not ask for is not done, whatever the state has. */
      if (training != NULL)
        g_assert_cmpuint (lw_training_keep_best (training, run.history), ==, i == 6 ? 0 : other->stopping.best_epoch);
      lw_training_free (training);
    }
}

/* Settings that change while a run trains. */
static void
test_change (void)
{
  LwRunSettings given = settings;
  g_auto (Run)  run = { 0 };

  given.patience = 2;
  given.keep_best = TRUE;
  run = run_new (&given);
  test_take_steps (run.training, STEPS);
  g_assert_false (tell (&run, 1));
  test_take_steps (run.training, STEPS);
  g_assert_false (tell (&run, 2));

  /* Less patience: the next epoch that is no better is the last. */
  lw_training_set_early_stopping (run.training, 1, TRUE);
  test_take_steps (run.training, STEPS);
  g_assert_true (tell (&run, 3));

  /* Without the weights: the best loss stays to be waited for; with them anew, it begins anew. */
  lw_training_set_early_stopping (run.training, 1, FALSE);
  g_assert_cmpuint (lw_training_keep_best (run.training, run.history), ==, 0);
  test_take_steps (run.training, STEPS);
  g_assert_true (tell (&run, 1.5));
  lw_training_set_early_stopping (run.training, 1, TRUE);
  test_take_steps (run.training, STEPS);
  g_assert_false (tell (&run, 1.5));
  test_take_steps (run.training, STEPS);
  g_assert_true (tell (&run, 1.7));
  g_assert_cmpuint (lw_training_keep_best (run.training, run.history), ==, 5);

  /* Off, and on again. */
  lw_training_set_early_stopping (run.training, 0, FALSE);
  test_take_steps (run.training, STEPS);
  g_assert_false (lw_training_owes_validation (run.training));
  lw_training_set_early_stopping (run.training, 1, FALSE);
  test_take_steps (run.training, STEPS);
  g_assert_false (tell (&run, 9));
  {
    g_autoptr (LwState) state = lw_training_get_state (run.training);

    g_assert_cmpuint (state->stopping.best_epoch, ==, 8);
    g_assert_cmpuint (state->stopping.n_weights, ==, 0);
    g_assert_cmpuint (state->settings.patience, ==, 1);
    g_assert_false (state->settings.keep_best);
  }
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  images = test_images_new (N_TRAIN, 20);
  settings = LW_RUN_SETTINGS_STANDARD;
  settings.seed = 5;
  g_test_add_func ("/early-stopping/losses", test_losses);
  g_test_add_func ("/early-stopping/settings", test_settings);
  g_test_add_func ("/early-stopping/weights", test_weights);
  g_test_add_func ("/early-stopping/training", test_training);
  g_test_add_func ("/early-stopping/nothing-to-change", test_nothing_to_change);
  g_test_add_func ("/early-stopping/off", test_off);
  g_test_add_func ("/early-stopping/interrupted", test_interrupted);
  g_test_add_func ("/early-stopping/states", test_states);
  g_test_add_func ("/early-stopping/change", test_change);
  status = g_test_run ();
  lw_images_unref (images);
  test_remove_folder ();
  return status;
}
