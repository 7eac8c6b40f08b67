#include "train-tools.h"

#include <math.h>
#include <string.h>

/* A run taken step by step: it learns, it counts right, and a state decides all of its future. */

#define N_TRAIN 600
#define N_TEST 100
#define STEPS 19 /* of an epoch in batches of 32 */

static LwImages *images;

static LwRunSettings
settings_new (guint batch_size)
{
  LwRunSettings settings = LW_RUN_SETTINGS_STANDARD;

  settings.epochs = 2;
  settings.batch_size = batch_size;
  settings.seed = 42;
  return settings;
}

static void
test_learns (void)
{
  static const char *const presets[] = { "mlp", "logistic", "convnet", "lenet5" };

  for (gsize i = 0; i < G_N_ELEMENTS (presets); i++)
    {
      g_autoptr (LwModelSpec) model = test_model_new (presets[i], "Adam", 0.005, 0);
      LwRunSettings           settings = settings_new (32);
      g_autoptr (LwTraining)  training = test_training_new (model, &settings, images, 2);
      double                  losses[3], accuracies[3];
      LwEvaluation            evaluation;
      GError                 *error = NULL;

      for (int epoch = 0; epoch < 3; epoch++)
        {
          test_take_steps (training, STEPS);
          lw_training_get_epoch_means (training, &losses[epoch], &accuracies[epoch]);
        }
      g_assert_cmpfloat (losses[2], <, losses[0] / 2);
      g_assert_cmpfloat (accuracies[2], >, 0.8);
      g_assert_true (lw_training_validate (training, 0, NULL, &evaluation, &error));
      g_assert_no_error (error);
      g_assert_cmpint (evaluation.n_images, ==, N_TEST);
      g_assert_cmpfloat (evaluation.accuracy, >, 0.9);
    }
}

/* Steps, epochs, places and means, with a short last batch in each epoch. */
static void
test_counters (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  LwRunSettings           settings = settings_new (32);
  g_autoptr (LwTraining)  training = test_training_new (model, &settings, images, 1);
  double                  loss_sum = 0, right = 0, loss, accuracy, seconds = 0;

  g_assert_cmpuint (lw_training_get_steps_per_epoch (training), ==, STEPS);
  g_assert_cmpuint (lw_run_settings_get_steps_per_epoch (&settings, N_TRAIN), ==, STEPS);
  g_assert_cmpuint (lw_training_get_epoch (training), ==, 1);
  g_assert_cmpint (lw_training_get_step (training), ==, 0);
  g_assert_false (lw_training_is_epoch_end (training));
  g_assert_true (lw_training_get_model (training) == model);
  g_assert_cmpuint (lw_training_get_settings (training)->batch_size, ==, 32);
  for (int step = 1; step <= 3 * STEPS; step++)
    {
      int                 in_epoch = (step - 1) % STEPS + 1, epoch = (step - 1) / STEPS + 1;
      gboolean            is_end = in_epoch == STEPS;
      g_autoptr (LwState) state = NULL;
      LwHistoryPoint      point;
      GError             *error = NULL;

      g_assert_true (lw_training_step (training, &point, &error));
      g_assert_no_error (error);
      g_assert_cmpint (point.kind, ==, LW_POINT_TRAIN);
      g_assert_cmpint (point.step, ==, step);
      g_assert_cmpint (point.epoch, ==, epoch);
      g_assert_cmpint (point.n_images, ==, is_end ? N_TRAIN - 32 * (STEPS - 1) : 32);
      g_assert_cmpfloat (point.seconds, >=, seconds);
      g_assert_cmpstr (point.note, ==, "");
      seconds = point.seconds;

      loss_sum += (double) point.loss * point.n_images;
      right += (double) point.accuracy * point.n_images;
      lw_training_get_epoch_means (training, &loss, &accuracy);
      g_assert_cmpfloat_with_epsilon (loss, loss_sum / MIN (32 * in_epoch, N_TRAIN), 1e-5);
      g_assert_cmpfloat_with_epsilon (accuracy, right / MIN (32 * in_epoch, N_TRAIN), 1e-6);

      g_assert_cmpint (lw_training_get_step (training), ==, step);
      g_assert_cmpuint (lw_training_get_epoch (training), ==, epoch);
      g_assert_true (lw_training_is_epoch_end (training) == is_end);

      state = lw_training_get_state (training);
      g_assert_cmpint (state->step, ==, step);
      g_assert_cmpuint (state->epoch, ==, step / STEPS);
      g_assert_cmpuint (state->position, ==, is_end ? 0 : 32 * in_epoch);
      g_assert_cmpint (state->n_counted, ==, is_end ? 0 : 32 * in_epoch);
      g_assert_cmpfloat (state->seconds, ==, point.seconds);
      if (is_end)
        loss_sum = right = 0;
    }
  g_assert_cmpfloat (lw_training_get_seconds (training), ==, seconds);
  g_assert_cmpfloat_with_epsilon (lw_training_get_samples_per_second (training), 3 * N_TRAIN / seconds, 1);
}

/* -- bit-exact -- */

typedef struct {
  const char *preset, *optimizer;
  double      rate, momentum;
  guint       batch_size, shuffle;
} Case;

static const Case cases[] = {
  { "mlp", "Adam", 0.001, 0, 32, G_MAXUINT },
  { "mlp", "SGD", 0.05, 0.9, 32, 50 },
  { "mlp", "SGD", 0.05, 0, 50, 0 },
  { "convnet", "Adam", 0.001, 0, 100, G_MAXUINT },
};

static LwModelSpec *
case_model (const Case *c)
{
  return test_model_new (c->preset, c->optimizer, c->rate, c->momentum);
}

static LwRunSettings
case_settings (const Case *c)
{
  LwRunSettings settings = settings_new (c->batch_size);

  settings.shuffle = c->shuffle;
  return settings;
}

/* Two epochs in one go, and with a stop after k steps, for k in the middle and at the ends of epochs. */
static void
test_resume (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LwModelSpec) model = case_model (&cases[i]);
      LwRunSettings           settings = case_settings (&cases[i]);
      guint                   per_epoch = lw_run_settings_get_steps_per_epoch (&settings, N_TRAIN);
      guint                   n = 2 * per_epoch;
      const guint             stops[] = { 0, 1, per_epoch / 2, per_epoch - 1, per_epoch, per_epoch + 1, n - 1, n };
      g_autoptr (LwTraining)  training = test_training_new (model, &settings, images, 2);
      LwState                *states[G_N_ELEMENTS (stops)];
      g_autoptr (LwState)     whole = NULL;

      for (gsize k = 0; k < G_N_ELEMENTS (stops); k++)
        {
          test_take_steps (training, stops[k] - (guint) lw_training_get_step (training));
          states[k] = lw_training_get_state (training);
        }
      whole = lw_training_get_state (training);
      g_assert_cmpuint (whole->epoch, ==, 2);

      for (gsize k = 0; k < G_N_ELEMENTS (stops); k++)
        {
          GError                *error = NULL;
          g_autoptr (LwDevice)   device = lw_device_new (k % 2 ? 1 : 3, 0, NULL);
          g_autoptr (LwTraining) resumed = lw_training_new_from_state (device, states[k], images, &error);
          g_autoptr (LwState)    begun = NULL, ended = NULL;

          g_assert_no_error (error);
          g_assert_cmpint (lw_training_get_step (resumed), ==, stops[k]);
          begun = lw_training_get_state (resumed);
          g_assert_true (lw_state_equal (begun, states[k]));
          test_take_steps (resumed, n - stops[k]);
          ended = lw_training_get_state (resumed);
          g_assert_true (lw_state_equal (ended, whole));
          g_assert_true (lw_state_equal (begun, ended) == (stops[k] == n));
          lw_state_unref (states[k]);
        }
    }
}

/* A state that is held while the training goes on stays what it was. */
static void
test_states_are_immutable (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LwModelSpec) model = case_model (&cases[i]);
      LwRunSettings           settings = case_settings (&cases[i]);
      g_autoptr (LwTraining)  training = test_training_new (model, &settings, images, 1);
      LwState                *states[4];

      for (guint k = 0; k < G_N_ELEMENTS (states); k++)
        {
          test_take_steps (training, k);
          states[k] = lw_training_get_state (training);
        }
      test_take_steps (training, 5);
      for (guint k = 0; k < G_N_ELEMENTS (states); k++)
        {
          g_autoptr (LwState) again = test_state_after (model, &settings, images, k * (k + 1) / 2);

          g_assert_true (lw_state_equal (states[k], again));
          if (k > 0)
            g_assert_false (lw_state_equal (states[k], states[k - 1]));
        }
      for (guint k = 0; k < G_N_ELEMENTS (states); k++)
        lw_state_unref (states[k]);
    }
}

static void
test_threads (void)
{
  static const int n_threads[] = { 1, 2, 3, 8 };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LwModelSpec) model = case_model (&cases[i]);
      LwRunSettings           settings = case_settings (&cases[i]);
      g_autoptr (LwState)     want = test_state_after (model, &settings, images, 8);

      for (gsize t = 0; t < G_N_ELEMENTS (n_threads); t++)
        {
          g_autoptr (LwTraining) training = test_training_new (model, &settings, images, n_threads[t]);
          g_autoptr (LwState)    state = NULL;

          g_assert_cmpint (lw_device_get_n_threads (lw_training_get_device (training)), ==, n_threads[t]);
          test_take_steps (training, 8);
          state = lw_training_get_state (training);
          g_assert_true (lw_state_equal (state, want));
        }
    }
}

/* What makes two states' futures differ makes them unequal. */
static void
test_state_equal (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  LwRunSettings           settings = settings_new (32);
  g_autoptr (LwState)     state = test_state_after (model, &settings, images, 3);
  LwState                 fields = *state;
  LwRng                   rngs[3];

  g_assert_cmpuint (state->n_rngs, ==, G_N_ELEMENTS (rngs));
  for (int change = 0; change < 10; change++)
    {
      g_autoptr (LwState) other = NULL;

      fields = *state;
      memcpy (rngs, state->rngs, sizeof rngs);
      fields.rngs = rngs;
      switch (change)
        {
        case 0: fields.seconds += 1; fields.settings.epochs++; break;
        case 1: fields.step++; break;
        case 2: fields.epoch++; break;
        case 3: fields.position++; break;
        case 4: fields.shuffle.counter++; break;
        case 5: rngs[2].counter++; break;
        case 6: fields.learning_rate *= 2; break;
        case 7: fields.n_slots--; break;
        case 8: fields.loss_sum += 1; break;
        case 9: fields.settings.batch_size++; break;
        }
      other = lw_state_new (&fields);
      g_assert_true (lw_state_equal (state, other) == (change == 0));
    }
  fields = *state;
  fields.loss_sum = NAN;
  {
    g_autoptr (LwState) a = lw_state_new (&fields);
    g_autoptr (LwState) b = lw_state_new (&fields);

    g_assert_true (lw_state_equal (a, b));
  }
}

/* -- learning rate, NaN, faults -- */

static void
test_learning_rate (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  LwRunSettings           settings = settings_new (32);
  g_autoptr (LwTraining)  training = test_training_new (model, &settings, images, 1);
  g_autoptr (LwTraining)  resumed = NULL;
  g_autoptr (LwState)     changed = NULL, constant = test_state_after (model, &settings, images, 6);
  g_autoptr (LwState)     middle = NULL, ended = NULL;

  test_take_steps (training, 3);
  g_assert_cmpfloat (lw_training_get_learning_rate (training), ==, 0.001);
  lw_training_set_learning_rate (training, 0.01);
  middle = lw_training_get_state (training);
  g_assert_cmpfloat (middle->learning_rate, ==, 0.01);
  test_take_steps (training, 3);
  changed = lw_training_get_state (training);
  g_assert_false (lw_tensor_equal (changed->weights[0], constant->weights[0]));

  resumed = lw_training_new_from_state (lw_training_get_device (training), middle, images, NULL);
  g_assert_cmpfloat (lw_training_get_learning_rate (resumed), ==, 0.01);
  test_take_steps (resumed, 3);
  ended = lw_training_get_state (resumed);
  g_assert_true (lw_state_equal (ended, changed));
}

/* A loss that is not finite is reported in the point; it is no error. */
static void
test_diverges (void)
{
  g_autoptr (LwModelSpec) model = test_model_new ("convnet", "SGD", 0.1, 0);
  LwRunSettings           settings = settings_new (32);
  g_autoptr (LwTraining)  training = test_training_new (model, &settings, images, 2);
  gboolean                seen = FALSE;
  LwHistoryPoint          point;

  lw_training_set_learning_rate (training, 1e30);
  for (int i = 0; i < 10; i++)
    {
      GError *error = NULL;

      g_assert_true (lw_training_step (training, &point, &error));
      g_assert_no_error (error);
      g_assert_cmpint (point.step, ==, i + 1);
      seen = seen || !isfinite (point.loss);
    }
  g_assert_true (seen);
}

static void
test_faults (void)
{
  g_autoptr (LwModelSpec) mlp = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwModelSpec) large = lw_model_spec_with_input (mlp, &LW_SHAPE (32, 32, 1));
  g_autoptr (LwModelSpec) empty = lw_model_spec_new ("empty", &LW_SHAPE (28, 28, 1));
  LwRunSettings           settings = settings_new (32);
  g_autoptr (LwDevice)    device = lw_device_new (1, 0, NULL);
  g_autoptr (GError)      error = NULL;

  g_assert_null (lw_training_new (device, large, &settings, images, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "32×32×1"));
  g_assert_nonnull (strstr (error->message, "28×28×1"));
  g_clear_error (&error);
  g_assert_null (lw_training_new (device, empty, &settings, images, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_cmpstr (error->message, ==, lw_model_spec_get_fault (empty)->message);
}

/* A state that was made with more images than there are now begins the next epoch. */
static void
test_fewer_images (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  LwRunSettings           settings = settings_new (32);
  g_autoptr (LwState)     state = test_state_after (model, &settings, images, 10);
  g_autoptr (LwImages)    few = test_images_new (64, 10);
  g_autoptr (LwDevice)    device = lw_device_new (1, 0, NULL);
  g_autoptr (LwTraining)  training = lw_training_new_from_state (device, state, few, NULL);
  LwHistoryPoint          point = { 0 };

  g_assert_true (lw_training_step (training, &point, NULL));
  g_assert_cmpint (point.step, ==, 11);
  g_assert_cmpint (point.n_images, ==, 32);
}

/* -- validation -- */

static void
test_fraction (void)
{
  static const struct {
    gsize  n;
    double fraction;
    gsize  n_training;
  } sizes[] = { { 600, 0.25, 450 }, { 600, 0.0001, 599 }, { 600, 0.9999, 1 }, { 2, 0.5, 1 }, { 7, 0.3, 5 } };
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  LwRunSettings           settings = settings_new (32);
  g_autoptr (LwTraining)  training = NULL;
  g_autoptr (LwState)     state = NULL;
  g_autoptr (LwTensor)    held_images = NULL, held_labels = NULL;
  LwEvaluation            held, want;
  GError                 *error = NULL;
  gint                    cancel = 1;

  settings.validation = LW_VALIDATION_FRACTION;
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      settings.fraction = sizes[i].fraction;
      g_assert_cmpuint (lw_run_settings_get_n_training (&settings, sizes[i].n), ==, sizes[i].n_training);
      g_assert_cmpuint (lw_run_settings_get_steps_per_epoch (&settings, sizes[i].n), ==,
                        (sizes[i].n_training + 31) / 32);
    }

  settings.fraction = 0.25;
  training = test_training_new (model, &settings, images, 1);
  g_assert_cmpuint (lw_training_get_steps_per_epoch (training), ==, 15);
  test_take_steps (training, 15);
  g_assert_true (lw_training_is_epoch_end (training));

  held_images = lw_tensor_new_from_data (NULL, LW_UINT8, &LW_SHAPE (150, 28, 28),
                                         (const guint8 *) lw_tensor_get_data (images->train_images)
                                             + 450 * 28 * 28, NULL);
  held_labels = lw_tensor_new_from_data (NULL, LW_INT32, &LW_SHAPE (150),
                                         (const gint32 *) lw_tensor_get_data (images->train_labels) + 450, NULL);
  g_assert_true (lw_training_validate (training, 0, NULL, &held, &error));
  g_assert_no_error (error);
  state = lw_training_get_state (training);
  g_assert_true (lw_state_evaluate (state, lw_training_get_device (training), held_images, held_labels, &want,
                                    &error));
  g_assert_no_error (error);
  g_assert_cmpint (held.n_images, ==, 150);
  g_assert_cmpfloat (held.loss, ==, want.loss);
  g_assert_cmpfloat (held.accuracy, ==, want.accuracy);

  g_assert_true (lw_training_validate (training, 40, NULL, &held, &error));
  g_assert_cmpint (held.n_images, ==, 40);
  g_assert_false (lw_training_validate (training, 0, &cancel, &held, &error));
  g_assert_no_error (error);
}

static void
test_no_validation (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  LwRunSettings           settings = settings_new (32);
  g_autoptr (LwTraining)  training = NULL;
  LwEvaluation            evaluation;
  GError                 *error = NULL;

  settings.validation = LW_VALIDATION_NONE;
  training = test_training_new (model, &settings, images, 1);
  g_assert_cmpuint (lw_training_get_steps_per_epoch (training), ==, STEPS);
  g_assert_false (lw_training_validate (training, 0, NULL, &evaluation, &error));
  g_assert_no_error (error);
}

/* Validation between steps changes nothing of the run. */
static void
test_validation_is_neutral (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");
  LwRunSettings           settings = settings_new (100);
  g_autoptr (LwState)     want = test_state_after (model, &settings, images, 4);
  g_autoptr (LwTraining)  training = test_training_new (model, &settings, images, 1);
  g_autoptr (LwState)     state = NULL;
  LwEvaluation            evaluation;

  for (int i = 0; i < 4; i++)
    {
      test_take_steps (training, 1);
      g_assert_true (lw_training_validate (training, 30, NULL, &evaluation, NULL));
    }
  state = lw_training_get_state (training);
  g_assert_true (lw_state_equal (state, want));
}

/* -- inference -- */

static void
check_predictions (const char *preset)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (preset);
  LwRunSettings           settings = settings_new (50);
  g_autoptr (LwState)     state = test_state_after (model, &settings, images, 12);
  g_autoptr (LwDevice)    device = lw_device_new (2, 0, NULL);
  g_autoptr (LwTensor)    x = test_images_to_input (images->test_images, 0, N_TEST);
  gboolean                from_logits = lw_spec_get_bool (lw_model_spec_get_loss (model), "from_logits");
  GError                 *error = NULL;
  g_autoptr (LwTensor)    y = lw_state_predict (state, device, x, &error);
  g_autoptr (LwTensor)    few = test_images_to_input (images->test_images, 5, 7);
  g_autoptr (LwTensor)    y_few = lw_state_predict (state, device, few, &error);
  g_autoptr (LwTensor)    rows = lw_tensor_new_rows (y, 5, 7);
  g_autoptr (LwTensor)    p = lw_state_predict_probabilities (state, device, x, &error);
  LwEvaluation            evaluation;
  double                  loss = 0;
  gint64                  right = 0;

  g_assert_no_error (error);
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), &LW_SHAPE (N_TEST, 10)));
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (p), &LW_SHAPE (N_TEST, 10)));
  g_assert_true (lw_tensor_equal (y_few, rows)); /* whichever others an image comes with */
  if (!from_logits)
    g_assert_true (lw_tensor_equal (y, p));

  g_assert_true (lw_state_evaluate (state, device, images->test_images, images->test_labels, &evaluation, &error));
  g_assert_no_error (error);
  for (gsize i = 0; i < N_TEST; i++)
    {
      const float *row = lw_tensor_get_floats (p) + 10 * i;
      const float *outputs = lw_tensor_get_floats (y) + 10 * i;
      int          label = (int) lw_tensor_get_value (images->test_labels, i);
      double       sum = 0, scale = 0;
      int          best = 0;

      for (int k = 0; k < 10; k++)
        {
          sum += (double) row[k];
          scale += exp ((double) outputs[k]);
          if (row[k] > row[best])
            best = k;
        }
      g_assert_cmpfloat_with_epsilon (sum, 1, 1e-5);
      if (from_logits)
        g_assert_cmpfloat_with_epsilon ((double) row[label], exp ((double) outputs[label]) / scale, 1e-5);
      loss -= log ((double) row[label]) / N_TEST;
      right += best == label;
    }
  g_assert_cmpfloat_with_epsilon (evaluation.accuracy, (double) right / N_TEST, 1e-12);
  g_assert_cmpfloat_with_epsilon (evaluation.loss, loss, 1e-4);
  g_assert_cmpint (evaluation.n_images, ==, N_TEST);
}

static void
test_predict (void)
{
  check_predictions ("mlp");
  check_predictions ("convnet");
  check_predictions ("tiny-cnn");
}

/* Without softmax or logits a row has numbers below 0 and above 1; its probabilities have not, and keep
 * the answer. */
static void
test_predict_shares (void)
{
  static const char *const losses[] = { "MeanSquaredError", "MeanAbsoluteError", "Huber" };
  g_autoptr (LwModelSpec)  preset = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwDevice)     device = lw_device_new (2, 0, NULL);
  g_autoptr (LwTensor)     x = test_images_to_input (images->test_images, 0, 20);
  LwRunSettings            settings = settings_new (32);

  for (gsize i = 0; i < G_N_ELEMENTS (losses); i++)
    {
      g_autoptr (GError)      error = NULL;
      g_autoptr (LwSpec)      loss = lw_spec_new (lw_loss_class_find (losses[i]), NULL);
      g_autoptr (LwModelSpec) model = lw_model_spec_with_loss (preset, loss);
      g_autoptr (LwState)     state = lw_state_new_initial (model, &settings, &error);
      g_autoptr (LwTensor)    y = lw_state_predict (state, device, x, &error);
      g_autoptr (LwTensor)    p = lw_state_predict_probabilities (state, device, x, &error);
      guint                   n_below = 0;

      g_assert_no_error (error);
      for (gsize row = 0; row < 20; row++)
        {
          gsize  first = 10 * row, of_y = first, of_p = first;
          double sum = 0;

          for (gsize k = first; k < first + 10; k++)
            {
              double share = lw_tensor_get_value (p, k);

              g_assert_cmpfloat (share, >=, 0);
              n_below += lw_tensor_get_value (y, k) < 0;
              sum += share;
              of_y = lw_tensor_get_value (y, k) > lw_tensor_get_value (y, of_y) ? k : of_y;
              of_p = share > lw_tensor_get_value (p, of_p) ? k : of_p;
            }
          g_assert_cmpfloat_with_epsilon (sum, 1, 1e-6);
          g_assert_cmpuint (of_y, ==, of_p);
        }
      g_assert_cmpuint (n_below, >, 0);
    }
}

static void
test_predict_sizes (void)
{
  g_autoptr (LwModelSpec) open = lw_model_spec_new_preset ("tiny-cnn");
  g_autoptr (LwModelSpec) fixed = lw_model_spec_new_preset ("mlp");
  LwRunSettings           settings = settings_new (32);
  g_autoptr (GError)      error = NULL;
  g_autoptr (LwState)     any = lw_state_new_initial (open, &settings, &error);
  g_autoptr (LwState)     state = lw_state_new_initial (fixed, &settings, &error);
  g_autoptr (LwDevice)    device = lw_device_new (1, 0, NULL);
  const LwShape           shapes[] = { LW_SHAPE (3, 32, 48, 1), LW_SHAPE (28, 28, 1), LW_SHAPE (3, 28, 28, 3),
                                       LW_SHAPE (0, 28, 28, 1), LW_SHAPE (1, 28, 28, 1) };
  const struct {
    gboolean any, fixed;
  } fits[] = { { TRUE, FALSE }, { FALSE, FALSE }, { FALSE, FALSE }, { TRUE, TRUE }, { TRUE, TRUE } };

  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    for (int k = 0; k < 2; k++)
      {
        g_autoptr (LwTensor) x = lw_tensor_new_zeros (NULL, LW_FLOAT32, &shapes[i], NULL);
        g_autoptr (LwTensor) y = lw_state_predict (k ? state : any, device, x, &error);

        if (k ? fits[i].fixed : fits[i].any)
          {
            g_assert_no_error (error);
            g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), &LW_SHAPE (shapes[i].dims[0], 10)));
          }
        else
          {
            g_autofree char *found = lw_shape_to_string (&shapes[i]);

            g_assert_null (y);
            g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
            g_assert_nonnull (strstr (error->message, found));
            g_clear_error (&error);
          }
      }
  {
    g_autoptr (LwTensor) bytes = lw_tensor_new_zeros (NULL, LW_UINT8, &LW_SHAPE (1, 28, 28, 1), NULL);

    g_assert_null (lw_state_predict (state, device, bytes, &error));
    g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
    g_assert_nonnull (strstr (error->message, "uint8"));
  }
}

/* The untrained state is the one that a fresh run begins with. */
static void
test_initial_state (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LwModelSpec) model = case_model (&cases[i]);
      LwRunSettings           settings = case_settings (&cases[i]);
      g_autoptr (LwState)     initial = lw_state_new_initial (model, &settings, NULL);
      g_autoptr (LwState)     begun = test_state_after (model, &settings, images, 0);

      g_assert_nonnull (initial);
      g_assert_true (lw_state_equal (initial, begun));
    }
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  images = test_images_new (N_TRAIN, N_TEST);
  g_test_add_func ("/training/learns", test_learns);
  g_test_add_func ("/training/counters", test_counters);
  g_test_add_func ("/training/resume", test_resume);
  g_test_add_func ("/training/states-are-immutable", test_states_are_immutable);
  g_test_add_func ("/training/threads", test_threads);
  g_test_add_func ("/training/state-equal", test_state_equal);
  g_test_add_func ("/training/learning-rate", test_learning_rate);
  g_test_add_func ("/training/diverges", test_diverges);
  g_test_add_func ("/training/faults", test_faults);
  g_test_add_func ("/training/fewer-images", test_fewer_images);
  g_test_add_func ("/training/validation/fraction", test_fraction);
  g_test_add_func ("/training/validation/none", test_no_validation);
  g_test_add_func ("/training/validation/neutral", test_validation_is_neutral);
  g_test_add_func ("/training/predict", test_predict);
  g_test_add_func ("/training/predict/shares", test_predict_shares);
  g_test_add_func ("/training/predict/sizes", test_predict_sizes);
  g_test_add_func ("/training/initial-state", test_initial_state);
  status = g_test_run ();
  lw_images_unref (images);
  return status;
}
