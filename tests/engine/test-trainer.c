#include "train-tools.h"

#include <math.h>
#include <string.h>

#include "tests/wait.h"

/* The training thread under its commands: whatever is asked and when, the run is the one that the
 * same steps by hand give. */

#define N_TRAIN 320
#define STEPS 10

static LwImages      *images;
static LwRunSettings  settings;

typedef struct {
  LwTrainer *trainer;
  LwHistory *history;
  GArray    *phases; /* as notified */
  gulong     handler;
} Fixture;

static void
on_phase (LwTrainer *trainer, GParamSpec *pspec, gpointer data)
{
  GArray *phases = data;
  int     phase;

  g_object_get (trainer, "phase", &phase, NULL);
  g_array_append_val (phases, phase);
}

static Fixture
fixture_new (LwModelSpec *model, LwState *state, LwHistory *history, LwImages *data, int n_threads)
{
  Fixture fixture;
  GError *error = NULL;

  fixture.history = history != NULL ? lw_history_ref (history) : lw_history_new ();
  fixture.phases = g_array_new (FALSE, FALSE, sizeof (int));
  fixture.trainer = lw_trainer_new (model, &settings, data, state, fixture.history, n_threads, 0, &error);
  g_assert_no_error (error);
  fixture.handler = g_signal_connect (fixture.trainer, "notify::phase", G_CALLBACK (on_phase), fixture.phases);
  return fixture;
}

static void
fixture_clear (Fixture *fixture)
{
  g_clear_signal_handler (&fixture->handler, fixture->trainer);
  g_clear_object (&fixture->trainer);
  lw_history_unref (fixture->history);
  g_array_unref (fixture->phases);
  settle (0);
}

static LwPhase
notified (Fixture *fixture)
{
  return fixture->phases->len > 0 ? (LwPhase) g_array_index (fixture->phases, int, fixture->phases->len - 1)
                                  : LW_PHASE_IDLE;
}

/* Runs the main loop until the phase was notified. */
static void
wait_for (Fixture *fixture, LwPhase phase)
{
  WAIT_UNTIL (notified (fixture) == phase);
  g_assert_cmpint (lw_trainer_get_phase (fixture->trainer), ==, phase);
}

static void
wait_for_points (Fixture *fixture, gsize n)
{
  gint64 until = g_get_monotonic_time () + WAIT_TIMEOUT * G_USEC_PER_SEC;

  while (lw_history_length (fixture->history) < n)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_usleep (200);
    }
}

/* Points of a kind; the newest of them is copied. */
static guint
count_points (LwHistory *history, LwPointKind kind, LwHistoryPoint *newest)
{
  LwHistoryCursor       cursor = { 0 };
  const LwHistoryPoint *points;
  gsize                 n;
  guint                 count = 0;

  while ((points = lw_history_read (history, &cursor, &n)) != NULL)
    for (gsize i = 0; i < n; i++)
      if (points[i].kind == kind)
        {
          count++;
          if (newest != NULL)
            *newest = points[i];
        }
  return count;
}

/* Training points are steps 1, 2, 3, …, up to `last`. */
static void
assert_steps (LwHistory *history, gint64 last)
{
  LwHistoryCursor       cursor = { 0 };
  const LwHistoryPoint *points;
  gsize                 n;
  gint64                step = 0;

  while ((points = lw_history_read (history, &cursor, &n)) != NULL)
    for (gsize i = 0; i < n; i++)
      if (points[i].kind == LW_POINT_TRAIN)
        {
          g_assert_cmpint (points[i].step, ==, ++step);
          g_assert_cmpint (points[i].epoch, ==, (step - 1) / STEPS + 1);
        }
  g_assert_cmpint (step, ==, last);
}

static void
assert_state (Fixture *fixture, LwModelSpec *model, guint steps)
{
  g_autoptr (LwState) state = lw_trainer_get_state (fixture->trainer);
  g_autoptr (LwState) want = test_state_after (model, &settings, images, steps);

  g_assert_cmpint (state->step, ==, steps);
  g_assert_true (lw_state_equal (state, want));
}

static void
test_run (void)
{
  static const char *const presets[] = { "mlp", "convnet" };

  for (gsize i = 0; i < G_N_ELEMENTS (presets); i++)
    {
      g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (presets[i]);
      Fixture                 fixture = fixture_new (model, NULL, NULL, images, 2);
      LwTrainer              *trainer = fixture.trainer;
      g_autoptr (LwState)     state = NULL;
      LwEvaluation            evaluation;
      LwHistoryPoint          tested;

      g_assert_cmpint (lw_trainer_get_n_threads (trainer), ==, 2);
      g_assert_cmpuint (lw_trainer_get_steps_per_epoch (trainer), ==, STEPS);
      g_assert_cmpuint (lw_trainer_get_epochs (trainer), ==, 2);
      g_assert_true (lw_trainer_get_model (trainer) == model);
      g_assert_true (lw_trainer_get_history (trainer) == fixture.history);
      g_assert_cmpint (lw_trainer_get_phase (trainer), ==, LW_PHASE_IDLE);
      g_assert_nonnull (lw_trainer_get_isa (trainer));

      lw_trainer_start (trainer);
      wait_for (&fixture, LW_PHASE_FINISHED);
      g_assert_cmpuint (fixture.phases->len, <=, 2);
      assert_state (&fixture, model, 2 * STEPS);
      assert_steps (fixture.history, 2 * STEPS);
      g_assert_null (lw_trainer_get_error (trainer));
      g_assert_cmpuint (lw_trainer_get_state_serial (trainer), >=, 4);

      /* The tests at the epochs' ends, on all of the test images. */
      g_assert_cmpuint (count_points (fixture.history, LW_POINT_TEST, &tested), ==, 2);
      g_assert_cmpint (tested.step, ==, 2 * STEPS);
      g_assert_cmpint (tested.epoch, ==, 2);
      g_assert_cmpint (tested.n_images, ==, 50);
      state = lw_trainer_get_state (trainer);
      {
        g_autoptr (LwDevice) device = lw_device_new (1, 0, NULL);

        g_assert_true (lw_state_evaluate (state, device, images->test_images, images->test_labels, &evaluation,
                                          NULL));
      }
      g_assert_cmpfloat (tested.loss, ==, (float) evaluation.loss);
      g_assert_cmpfloat (tested.accuracy, ==, (float) evaluation.accuracy);
      fixture_clear (&fixture);
    }
}

/* Steps one by one, from the very beginning on, also across an epoch's end. */
static void
test_steps (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  Fixture                 fixture = fixture_new (model, NULL, NULL, images, 1);

  for (guint step = 1; step <= STEPS + 2; step++)
    {
      guint serial = lw_trainer_get_state_serial (fixture.trainer);

      g_array_set_size (fixture.phases, 0);
      lw_trainer_step (fixture.trainer);
      wait_for_points (&fixture, step + (step >= STEPS));
      while (lw_trainer_get_state_serial (fixture.trainer) <= serial
             || lw_trainer_get_phase (fixture.trainer) != LW_PHASE_PAUSED)
        g_usleep (200);
      settle (0);
    }
  assert_state (&fixture, model, STEPS + 2);
  assert_steps (fixture.history, STEPS + 2);
  fixture_clear (&fixture);
}

static void
test_pause (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");
  Fixture                 fixture = fixture_new (model, NULL, NULL, images, 1);
  gsize                   length;
  LwHistoryPoint          newest;

  lw_trainer_set_epochs (fixture.trainer, 1000);
  lw_trainer_start (fixture.trainer);
  wait_for (&fixture, LW_PHASE_TRAINING);
  wait_for_points (&fixture, 3);
  lw_trainer_pause (fixture.trainer);
  wait_for (&fixture, LW_PHASE_PAUSED);
  length = lw_history_length (fixture.history);
  g_usleep (30000);
  g_assert_cmpuint (lw_history_length (fixture.history), ==, length);
  count_points (fixture.history, LW_POINT_TRAIN, &newest);
  assert_state (&fixture, model, (guint) newest.step);

  lw_trainer_start (fixture.trainer);
  wait_for (&fixture, LW_PHASE_TRAINING);
  wait_for_points (&fixture, length + 3);
  lw_trainer_stop (fixture.trainer);
  wait_for (&fixture, LW_PHASE_STOPPED);
  count_points (fixture.history, LW_POINT_TRAIN, &newest);
  assert_state (&fixture, model, (guint) newest.step);
  assert_steps (fixture.history, newest.step);
  fixture_clear (&fixture);
}

/* A start that follows at once on another command is not lost. */
static void
test_quick_commands (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");

  for (int i = 0; i < 60; i++)
    {
      Fixture fixture = fixture_new (model, NULL, NULL, images, 1);

      if (i % 3 == 0)
        lw_trainer_start (fixture.trainer);
      g_usleep ((gulong) (i * 13 % 400));
      if (i % 2 == 0)
        lw_trainer_step (fixture.trainer);
      else
        lw_trainer_pause (fixture.trainer);
      g_usleep ((gulong) (i * 7 % 300));
      lw_trainer_start (fixture.trainer);
      wait_for (&fixture, LW_PHASE_FINISHED);
      assert_steps (fixture.history, 2 * STEPS);
      fixture_clear (&fixture);
    }
}

static void
test_learning_rate (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  Fixture                 fixture = fixture_new (model, NULL, NULL, images, 1);
  g_autoptr (LwTraining)  training = test_training_new (model, &settings, images, 1);
  g_autoptr (LwState)     state = NULL, want = NULL;
  LwHistoryPoint          event = { 0 };

  /* Before the first step it is no event; nor is the rate that it has. */
  lw_trainer_set_learning_rate (fixture.trainer, 0.002);
  lw_trainer_step (fixture.trainer);
  wait_for (&fixture, LW_PHASE_PAUSED);
  g_assert_cmpuint (count_points (fixture.history, LW_POINT_EVENT, NULL), ==, 0);
  lw_trainer_set_learning_rate (fixture.trainer, 0.002);
  lw_trainer_set_learning_rate (fixture.trainer, 0.0005);
  lw_trainer_start (fixture.trainer);
  wait_for (&fixture, LW_PHASE_FINISHED);
  g_assert_cmpuint (count_points (fixture.history, LW_POINT_EVENT, &event), ==, 1);
  g_assert_cmpstr (event.note, ==, "rate 0.0005");
  g_assert_cmpint (event.step, ==, 1);
  g_assert_cmpint (event.epoch, ==, 1);

  lw_training_set_learning_rate (training, 0.002);
  test_take_steps (training, 1);
  lw_training_set_learning_rate (training, 0.0005);
  test_take_steps (training, 2 * STEPS - 1);
  want = lw_training_get_state (training);
  state = lw_trainer_get_state (fixture.trainer);
  g_assert_true (lw_state_equal (state, want));
  fixture_clear (&fixture);
}

static void
test_continue (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  Fixture                 fixture = fixture_new (model, NULL, NULL, images, 2);

  lw_trainer_start (fixture.trainer);
  wait_for (&fixture, LW_PHASE_FINISHED);
  lw_trainer_set_epochs (fixture.trainer, 4);
  g_assert_cmpuint (lw_trainer_get_epochs (fixture.trainer), ==, 4);
  g_array_set_size (fixture.phases, 0);
  lw_trainer_start (fixture.trainer);
  wait_for (&fixture, LW_PHASE_FINISHED);
  assert_state (&fixture, model, 4 * STEPS);
  assert_steps (fixture.history, 4 * STEPS);

  /* Nothing left to do: finished as it is. */
  lw_trainer_step (fixture.trainer);
  lw_trainer_start (fixture.trainer);
  g_usleep (20000);
  g_assert_cmpint (lw_trainer_get_phase (fixture.trainer), ==, LW_PHASE_FINISHED);
  assert_steps (fixture.history, 4 * STEPS);
  fixture_clear (&fixture);
}

/* From a state and its history, in the middle of an epoch. */
static void
test_from_state (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwState)     middle = test_state_after (model, &settings, images, 7);
  g_autoptr (LwHistory)   history = lw_history_new ();
  Fixture                 fixture;
  g_autoptr (LwState)     first = NULL;

  for (int step = 1; step <= 7; step++)
    lw_history_append (history, &(LwHistoryPoint) { .kind = LW_POINT_TRAIN, .step = step, .epoch = 1 });
  fixture = fixture_new (model, middle, history, images, 3);
  while (first == NULL)
    first = lw_trainer_get_state (fixture.trainer);
  g_assert_true (lw_state_equal (first, middle));
  lw_trainer_start (fixture.trainer);
  wait_for (&fixture, LW_PHASE_FINISHED);
  assert_state (&fixture, model, 2 * STEPS);
  assert_steps (fixture.history, 2 * STEPS);
  fixture_clear (&fixture);
}

static void
test_diverges (void)
{
  g_autoptr (LwModelSpec) model = test_model_new ("convnet", "SGD", 0.01, 0);
  Fixture                 fixture = fixture_new (model, NULL, NULL, images, 1);
  g_autoptr (LwState)     good = NULL;
  LwHistoryPoint          last;

  for (int i = 0; i < 3; i++)
    {
      g_array_set_size (fixture.phases, 0);
      lw_trainer_step (fixture.trainer);
      wait_for_points (&fixture, (gsize) i + 1);
    }
  wait_for (&fixture, LW_PHASE_PAUSED);
  lw_trainer_set_learning_rate (fixture.trainer, 1e30);
  lw_trainer_start (fixture.trainer);
  wait_for (&fixture, LW_PHASE_DIVERGED);

  count_points (fixture.history, LW_POINT_TRAIN, &last);
  g_assert_false (isfinite (last.loss));
  assert_steps (fixture.history, last.step);
  good = lw_trainer_get_good_state (fixture.trainer);
  g_assert_nonnull (good);
  g_assert_cmpint (good->step, <, last.step);
  g_assert_true (test_state_is_finite (good));

  /* Stop changes nothing of that. */
  lw_trainer_stop (fixture.trainer);
  g_usleep (20000);
  g_assert_cmpint (lw_trainer_get_phase (fixture.trainer), ==, LW_PHASE_DIVERGED);
  lw_trainer_join (fixture.trainer);
  g_assert_cmpint (lw_trainer_get_phase (fixture.trainer), ==, LW_PHASE_DIVERGED);
  fixture_clear (&fixture);
}

/* Steps on single images among steps on batches: the place in the data decides when an epoch ends. */
static void
test_examples (void)
{
  static const guint      sizes[] = { 1, 1, 0, 1, 0 };
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");
  Fixture                 fixture = fixture_new (model, NULL, NULL, images, 1);
  g_autoptr (LwTraining)  training = test_training_new (model, &settings, images, 1);
  g_autoptr (LwState)     state = NULL, want = NULL;
  LwHistoryPoint          last;
  gint64                  n_images = 0, n_steps;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      LwHistoryPoint point;

      g_array_set_size (fixture.phases, 0);
      if (sizes[i] == 1)
        lw_trainer_step_example (fixture.trainer);
      else
        lw_trainer_step (fixture.trainer);
      wait_for_points (&fixture, i + 1);
      while (lw_trainer_get_phase (fixture.trainer) != LW_PHASE_PAUSED)
        g_usleep (200);
      count_points (fixture.history, LW_POINT_TRAIN, &point);
      g_assert_cmpint (point.step, ==, i + 1);
      g_assert_cmpint (point.n_images, ==, sizes[i] == 1 ? 1 : 32);
      lw_training_set_max_rows (training, sizes[i]);
      test_take_steps (training, 1);
    }
  while (state == NULL || state->step < 5)
    {
      lw_state_unref (state);
      state = lw_trainer_get_state (fixture.trainer);
    }
  want = lw_training_get_state (training);
  g_assert_cmpuint (state->position, ==, 67);
  g_assert_true (lw_state_equal (state, want));

  /* Whole batches from there: 32 × 7 and 29, so the epoch has 13 steps, and the next one 10. */
  lw_trainer_start (fixture.trainer);
  wait_for (&fixture, LW_PHASE_FINISHED);
  n_steps = (gint64) count_points (fixture.history, LW_POINT_TRAIN, &last);
  g_assert_cmpint (n_steps, ==, 5 + 8 + STEPS);
  g_assert_cmpint (last.epoch, ==, 2);
  lw_training_set_max_rows (training, 0);
  while (lw_training_get_step (training) < n_steps)
    {
      g_assert_true (lw_training_step (training, &last, NULL));
      n_images += last.n_images;
      if (lw_training_get_step (training) == 13)
        g_assert_true (lw_training_is_epoch_end (training));
    }
  g_assert_cmpint (n_images, ==, 2 * N_TRAIN - 67);
  lw_state_unref (state);
  lw_state_unref (want);
  state = lw_trainer_get_state (fixture.trainer);
  want = lw_training_get_state (training);
  g_assert_true (lw_state_equal (state, want));
  g_assert_cmpuint (count_points (fixture.history, LW_POINT_TEST, NULL), ==, 2);
  fixture_clear (&fixture);
}

/* -- early stopping and the best weights -- */

/* The notes of the events with the steps they were at, and what else the history has behind. */
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
        g_string_append_printf (events, "%s@%d ", points[i].note, (int) points[i].step);
  return g_string_free (events, FALSE);
}

/* The same run by hand: until it stops early or has had its epochs. */
static LwState *
run_by_hand (LwTraining *training, LwHistory *history, guint epochs, gboolean keep)
{
  gboolean stops = FALSE;

  while (!stops && lw_training_get_epoch (training) - !lw_training_is_epoch_end (training) < epochs)
    {
      LwEvaluation evaluation;

      test_take_steps (training, STEPS);
      g_assert_true (lw_training_validate (training, 0, NULL, &evaluation, NULL));
      stops = lw_training_tell_validation (training, &evaluation, history);
    }
  if (keep)
    lw_training_keep_best (training, history);
  return lw_training_get_state (training);
}

/* A rate at which the loss goes up and down: the run ends early, is what it is by hand, and can go on. */
static void
test_early_stop (void)
{
  const LwRunSettings     before = settings;
  g_autoptr (LwModelSpec) model = test_model_new ("mlp", "Adam", 0.5, 0);
  Fixture                 fixture;
  g_autoptr (LwTraining)  training = NULL;
  g_autoptr (LwHistory)   history = lw_history_new ();
  g_autofree char        *events = NULL, *want_events = NULL;
  gint64                  step = 0;

  settings.epochs = 60;
  settings.patience = 1;
  settings.keep_best = TRUE;
  training = test_training_new (model, &settings, images, 1);
  fixture = fixture_new (model, NULL, NULL, images, 2);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (LwState) want = run_by_hand (training, history, 60, TRUE), state = NULL;

      g_assert_cmpint (want->step, >, step);
      g_assert_cmpint (want->step, <, 60 * STEPS);
      g_array_set_size (fixture.phases, 0);
      lw_trainer_start (fixture.trainer);
      wait_for (&fixture, LW_PHASE_FINISHED);
      state = lw_trainer_get_state (fixture.trainer);
      g_assert_true (lw_state_equal (state, want));
      g_assert_cmpuint (state->stopping.waited, ==, 0);
      step = want->step;
    }
  events = get_events (fixture.history);
  want_events = get_events (history);
  g_assert_cmpstr (events, ==, want_events);
  g_assert_nonnull (strstr (events, "early stop@"));
  g_assert_nonnull (strstr (events, "best: epoch "));
  assert_steps (fixture.history, step);
  fixture_clear (&fixture);
  settings = before;
}

/* A step that ends the epoch may be the run's last. */
static void
test_early_stop_by_steps (void)
{
  const LwRunSettings     before = settings;
  g_autoptr (LwModelSpec) model = test_model_new ("mlp", "SGD", 0, 0); /* a rate of 0: the loss never changes */
  Fixture                 fixture;

  settings.patience = 1;
  settings.epochs = 5;
  fixture = fixture_new (model, NULL, NULL, images, 1);
  for (guint step = 1; step <= 2 * STEPS; step++)
    {
      g_array_set_size (fixture.phases, 0);
      lw_trainer_step (fixture.trainer);
      while (count_points (fixture.history, LW_POINT_TRAIN, NULL) < step)
        g_usleep (200);
      if (step < 2 * STEPS)
        while (lw_trainer_get_phase (fixture.trainer) != LW_PHASE_PAUSED)
          g_usleep (200);
    }
  wait_for (&fixture, LW_PHASE_FINISHED);
  {
    g_autofree char *events = get_events (fixture.history);

    g_assert_cmpstr (events, ==, "early stop@20 ");
  }
  lw_trainer_step (fixture.trainer);
  wait_for (&fixture, LW_PHASE_PAUSED);
  assert_steps (fixture.history, 2 * STEPS + 1);
  fixture_clear (&fixture);
  settings = before;
}

/* Weights of the best epoch at the end and by Stop; not in a pause, and not where the loss is no number. */
static void
test_keep_best (void)
{
  const LwRunSettings     before = settings;
  g_autoptr (LwModelSpec) model = test_model_new ("mlp", "Adam", 0.003, 0);
  Fixture                 fixture;
  g_autoptr (LwTraining)  training = NULL;
  g_autoptr (LwHistory)   history = lw_history_new ();
  g_autoptr (LwState)     paused = NULL, stopped = NULL, best = NULL;
  LwEvaluation            evaluation;

  settings.keep_best = TRUE;
  settings.epochs = 9;
  training = test_training_new (model, &settings, images, 1);
  test_take_steps (training, STEPS);
  g_assert_true (lw_training_validate (training, 0, NULL, &evaluation, NULL));
  lw_training_tell_validation (training, &evaluation, history);
  best = lw_training_get_state (training);

  fixture = fixture_new (model, NULL, NULL, images, 1);
  for (guint step = 1; step <= STEPS + 2; step++)
    {
      lw_trainer_step (fixture.trainer);
      while (count_points (fixture.history, LW_POINT_TRAIN, NULL) < step)
        g_usleep (200);
    }
  while (paused == NULL || paused->step < STEPS + 2)
    {
      lw_state_unref (paused);
      paused = lw_trainer_get_state (fixture.trainer);
    }
  g_assert_false (lw_tensor_equal (paused->weights[0], best->weights[0]));
  g_assert_cmpuint (count_points (fixture.history, LW_POINT_EVENT, NULL), ==, 0);
  lw_trainer_stop (fixture.trainer);
  wait_for (&fixture, LW_PHASE_STOPPED);
  stopped = lw_trainer_get_state (fixture.trainer);
  for (guint i = 0; i < stopped->n_weights; i++)
    g_assert_true (lw_tensor_equal (stopped->weights[i], best->weights[i]));
  for (guint i = 0; i < stopped->n_slots; i++)
    g_assert_true (lw_tensor_equal (stopped->slots[i], paused->slots[i]));
  g_assert_cmpint (stopped->step, ==, STEPS + 2);
  {
    g_autofree char *events = get_events (fixture.history);

    g_assert_cmpstr (events, ==, "best: epoch 1@12 ");
  }

  /* Diverging leaves the good state as it was. */
  lw_trainer_set_learning_rate (fixture.trainer, 1e30);
  lw_trainer_start (fixture.trainer);
  wait_for (&fixture, LW_PHASE_DIVERGED);
  {
    g_autoptr (LwState) good = lw_trainer_get_good_state (fixture.trainer);
    LwHistoryPoint      event;

    g_assert_cmpint (good->step, >=, STEPS + 2);
    g_assert_true (test_state_is_finite (good));
    count_points (fixture.history, LW_POINT_EVENT, &event);
    g_assert_true (g_str_has_prefix (event.note, "rate "));
  }
  fixture_clear (&fixture);
  settings = before;
}

/* A state from between an epoch's last step and its validation: that comes first, and the run is what it
 * would have been. */
static void
test_owed_validation (void)
{
  const LwRunSettings     before = settings;
  g_autoptr (LwModelSpec) model = test_model_new ("mlp", "Adam", 0.5, 0);
  g_autoptr (LwTraining)  training = NULL;
  g_autoptr (LwHistory)   history = lw_history_new ();
  g_autoptr (LwState)     want = NULL, end = NULL;

  settings.patience = 2;
  settings.keep_best = TRUE;
  settings.epochs = 2;
  training = test_training_new (model, &settings, images, 1);
  want = run_by_hand (training, history, 2, TRUE);
  for (guint steps = STEPS; steps <= 2 * STEPS; steps += STEPS)
    {
      g_autoptr (LwTraining) begun = test_training_new (model, &settings, images, 1);
      g_autoptr (LwHistory)  part = lw_history_new ();
      g_autoptr (LwState)    state = NULL;
      Fixture                fixture;

      if (steps > STEPS)
        lw_state_unref (run_by_hand (begun, part, 1, FALSE));
      test_take_steps (begun, STEPS);
      state = lw_training_get_state (begun);
      g_assert_true (state->stopping.owed);
      fixture = fixture_new (model, state, part, images, 1);
      lw_trainer_start (fixture.trainer);
      wait_for (&fixture, LW_PHASE_FINISHED);
      g_clear_pointer (&end, lw_state_unref);
      end = lw_trainer_get_state (fixture.trainer);
      g_assert_true (lw_state_equal (end, want));
      g_assert_cmpuint (count_points (fixture.history, LW_POINT_TEST, NULL), ==, steps == STEPS ? 2 : 1);
      fixture_clear (&fixture);
    }
  settings = before;
}

static void
test_faults (void)
{
  g_autoptr (LwModelSpec) mlp = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwModelSpec) large = lw_model_spec_with_input (mlp, &LW_SHAPE (32, 32, 1));
  g_autoptr (LwModelSpec) empty = lw_model_spec_new ("empty", &LW_SHAPE (28, 28, 1));
  g_autoptr (LwHistory)   history = lw_history_new ();
  g_autoptr (GError)      error = NULL;

  g_assert_null (lw_trainer_new (empty, &settings, images, NULL, history, 1, 0, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_clear_error (&error);
  g_assert_null (lw_trainer_new (large, &settings, images, NULL, history, 1, 0, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "32×32×1"));
}

/* A state whose weights do not fit its model: the run fails with a sentence, and stays failed. */
static void
test_fails (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwState)     state = test_state_after (model, &settings, images, 0);
  LwState                 fields = *state;
  g_autoptr (LwState)     damaged = NULL;
  Fixture                 fixture;

  fields.n_weights--;
  damaged = lw_state_new (&fields);
  fixture = fixture_new (model, damaged, NULL, images, 1);
  wait_for (&fixture, LW_PHASE_FAILED);
  g_assert_error (lw_trainer_get_error (fixture.trainer), LW_ERROR, LW_ERROR_SHAPE);
  lw_trainer_start (fixture.trainer);
  lw_trainer_step (fixture.trainer);
  g_usleep (5000);
  g_assert_cmpint (lw_trainer_get_phase (fixture.trainer), ==, LW_PHASE_FAILED);
  g_assert_cmpuint (lw_history_length (fixture.history), ==, 0);
  fixture_clear (&fixture);
}

static void
on_gone (gpointer data, GObject *object)
{
  *(gboolean *) data = TRUE;
}

/* Dropped at any moment, it ends, and nothing is left of it. */
static void
test_dispose (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");

  for (int i = 0; i < 20; i++)
    {
      Fixture  fixture = fixture_new (model, NULL, NULL, images, 2);
      gboolean gone = FALSE;

      g_object_weak_ref (G_OBJECT (fixture.trainer), on_gone, &gone);
      if (i % 4 != 0)
        lw_trainer_start (fixture.trainer);
      if (i % 4 == 1)
        wait_for_points (&fixture, 2);
      if (i % 4 == 2)
        lw_trainer_set_learning_rate (fixture.trainer, 1e30);
      if (i % 4 == 3)
        wait_for (&fixture, LW_PHASE_TRAINING);
      g_usleep ((gulong) (i * 331 % 2000));
      fixture_clear (&fixture);
      /* A notification that the thread was about to send holds it for a moment. */
      WAIT_UNTIL (gone);
    }
}

/* Between an epoch's ends, a part of the test images is looked at about once a second. */
static void
test_sample (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwImages)    many = test_images_new (24000, 1200);
  Fixture                 fixture = fixture_new (model, NULL, NULL, many, 1);
  LwHistoryPoint          sample = { 0 };
  guint                   serial = lw_trainer_get_state_serial (fixture.trainer);

  lw_trainer_start (fixture.trainer);
  WAIT_UNTIL (count_points (fixture.history, LW_POINT_SAMPLE, &sample) > 0);
  g_assert_cmpint (sample.n_images, ==, 1000);
  g_assert_cmpint (sample.epoch, ==, 1);
  g_assert_true (isfinite (sample.loss));
  g_assert_cmpfloat (sample.seconds, >=, 1);
  g_assert_cmpuint (lw_trainer_get_state_serial (fixture.trainer), >, serial);
  g_assert_cmpfloat (lw_trainer_get_speed (fixture.trainer), >, 0);
  lw_trainer_stop (fixture.trainer);
  wait_for (&fixture, LW_PHASE_STOPPED);
  fixture_clear (&fixture);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  images = test_images_new (N_TRAIN, 50);
  settings = LW_RUN_SETTINGS_STANDARD;
  settings.epochs = 2;
  settings.seed = 3;
  g_test_add_func ("/trainer/run", test_run);
  g_test_add_func ("/trainer/steps", test_steps);
  g_test_add_func ("/trainer/pause", test_pause);
  g_test_add_func ("/trainer/quick-commands", test_quick_commands);
  g_test_add_func ("/trainer/learning-rate", test_learning_rate);
  g_test_add_func ("/trainer/continue", test_continue);
  g_test_add_func ("/trainer/from-state", test_from_state);
  g_test_add_func ("/trainer/diverges", test_diverges);
  g_test_add_func ("/trainer/examples", test_examples);
  g_test_add_func ("/trainer/early-stop", test_early_stop);
  g_test_add_func ("/trainer/early-stop/steps", test_early_stop_by_steps);
  g_test_add_func ("/trainer/keep-best", test_keep_best);
  g_test_add_func ("/trainer/owed-validation", test_owed_validation);
  g_test_add_func ("/trainer/faults", test_faults);
  g_test_add_func ("/trainer/fails", test_fails);
  g_test_add_func ("/trainer/dispose", test_dispose);
  g_test_add_func ("/trainer/sample", test_sample);
  status = g_test_run ();
  lw_images_unref (images);
  return status;
}
