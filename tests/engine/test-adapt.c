#include "train-tools.h"

#include <math.h>
#include <string.h>

/* Forks: what goes on from a state under another model or other settings, and that nothing changes where
 * nothing was changed. */

#define N_TRAIN 200

static LwImages *images;

static LwRunSettings
settings_new (guint batch_size)
{
  LwRunSettings settings = LW_RUN_SETTINGS_STANDARD;

  settings.batch_size = batch_size;
  settings.seed = 9;
  return settings;
}

static LwTraining *
resume (LwState *state)
{
  g_autoptr (LwDevice) device = lw_device_new (1, 0, NULL);
  GError              *error = NULL;
  LwTraining          *training = lw_training_new_from_state (device, state, images, &error);

  g_assert_no_error (error);
  return training;
}

static LwState *
state_after (LwState *state, guint steps)
{
  g_autoptr (LwTraining) training = resume (state);

  test_take_steps (training, steps);
  return lw_training_get_state (training);
}

static LwState *
adapt (LwState *state, LwModelSpec *model, const LwRunSettings *settings)
{
  GError  *error = NULL;
  LwState *adapted = lw_state_adapt (state, model, settings, &error);

  g_assert_no_error (error);
  g_assert_true (lw_model_spec_equal (adapted->model, model));
  return adapted;
}

static LwModelSpec *
with_optimizer_value (LwModelSpec *model, const char *class_name, const char *key, LwFieldValue value)
{
  g_autoptr (LwSpec) plain = lw_spec_new (lw_optimizer_class_find (class_name), NULL);
  g_autoptr (LwSpec) changed = key != NULL ? lw_spec_with_value (plain, key, value, NULL) : lw_spec_ref (plain);

  g_assert_nonnull (changed);
  return lw_model_spec_with_optimizer (model, changed);
}

/* A fork with nothing changed is its parent, and stays it. */
static void
test_unchanged (void)
{
  const LwSpecClass *const *optimizers = lw_optimizer_classes ();

  for (const char *const *preset = lw_model_spec_get_presets (); *preset != NULL; preset++)
    for (guint i = 0; optimizers[i] != NULL; i++)
      for (int with_average = 0; with_average < 2; with_average++)
        {
          g_autoptr (LwModelSpec) plain = lw_model_spec_new_preset (*preset);
          g_autoptr (LwModelSpec) model = with_optimizer_value (plain, optimizers[i]->class_name,
                                                                with_average ? "use_ema" : NULL,
                                                                (LwFieldValue) { .b = TRUE });
          const LwRunSettings     settings = settings_new (48);
          g_autoptr (LwState)     state = NULL, fork = NULL, whole = NULL, end = NULL;

          if (with_average && !g_str_equal (*preset, "mlp"))
            continue;
          state = test_state_after (model, &settings, images, 2);
          fork = adapt (state, model, &settings);
          whole = state_after (state, 4);
          end = state_after (fork, 4);
          g_assert_cmpuint (state->position, ==, 96);
          g_assert_true (lw_state_equal (fork, state));
          g_assert_cmpfloat (fork->seconds, ==, state->seconds);
          for (guint k = 0; k < fork->n_weights; k++)
            g_assert_true (fork->weights[k] == state->weights[k]); /* nothing is copied */
          for (guint k = 0; k < fork->n_slots; k++)
            g_assert_true (fork->slots[k] == state->slots[k]);
          g_assert_true (lw_state_equal (end, whole));
          g_assert_cmpuint (end->epoch, ==, 1);
        }
}

/* What the number of epochs and of threads changes: nothing. A rate that was set in the run goes on. */
static void
test_same_run (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");
  LwRunSettings           settings = settings_new (32);
  g_autoptr (LwTraining)  training = test_training_new (model, &settings, images, 1);
  g_autoptr (LwState)     state = NULL, fork = NULL;

  test_take_steps (training, 3);
  lw_training_set_learning_rate (training, 0.0003);
  state = lw_training_get_state (training);
  settings.epochs = 77;
  settings.threads = 3;
  fork = adapt (state, model, &settings);
  g_assert_true (lw_state_equal (fork, state));
  g_assert_cmpuint (fork->settings.epochs, ==, 77);
  g_assert_cmpuint (fork->settings.threads, ==, 3);
  g_assert_cmpfloat (fork->learning_rate, ==, 0.0003);
}

/* Another batch size in the middle of an epoch: the place stays, and all images are used once. */
static void
test_batch_size (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  const LwRunSettings     settings = settings_new (32), other = settings_new (50);
  g_autoptr (LwState)     state = test_state_after (model, &settings, images, 3);
  g_autoptr (LwState)     fork = adapt (state, model, &other);
  g_autoptr (LwTraining)  training = resume (fork), again = NULL;
  g_autoptr (LwState)     middle = NULL, end = NULL, end_again = NULL;
  static const int        sizes[] = { 50, 50, 4, 50 };
  gint64                  n = 96;

  g_assert_cmpuint (fork->position, ==, 96);
  g_assert_cmpuint (lw_training_get_steps_left (training), ==, 3);
  g_assert_cmpuint (lw_training_get_steps_per_epoch (training), ==, 4);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      LwHistoryPoint point;

      g_assert_true (lw_training_step (training, &point, NULL));
      g_assert_cmpint (point.n_images, ==, sizes[i]);
      g_assert_cmpint (point.step, ==, 4 + i);
      g_assert_cmpint (point.epoch, ==, i < 3 ? 1 : 2);
      g_assert_cmpint (lw_training_is_epoch_end (training), ==, i == 2);
      n += point.n_images;
      if (i == 0)
        middle = lw_training_get_state (training);
    }
  g_assert_cmpint (n, ==, 200 + 50);

  /* And from there the run is resumed like any. */
  again = resume (middle);
  test_take_steps (again, 3);
  end = lw_training_get_state (training);
  end_again = lw_training_get_state (again);
  g_assert_cmpuint (middle->position, ==, 146);
  g_assert_true (lw_state_equal (end, end_again));
}

/* Fewer training images than the epoch has used: that epoch is over. */
static void
test_fewer_images (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  const LwRunSettings     settings = settings_new (40);
  LwRunSettings           other = settings;
  g_autoptr (LwState)     state = test_state_after (model, &settings, images, 4), fork = NULL;
  g_autoptr (LwTraining)  training = NULL;
  LwHistoryPoint          point;
  double                  loss, accuracy;

  other.validation = LW_VALIDATION_FRACTION;
  other.fraction = 0.5;
  fork = adapt (state, model, &other);
  training = resume (fork);
  g_assert_cmpuint (state->position, ==, 160);
  g_assert_true (lw_training_is_epoch_end (training));
  g_assert_cmpuint (lw_training_get_epoch (training), ==, 1);
  lw_training_get_epoch_means (training, &loss, &accuracy);
  g_assert_cmpfloat (loss, ==, state->loss_sum / 160);
  g_assert_true (lw_training_step (training, &point, NULL));
  g_assert_cmpint (point.epoch, ==, 2);
  g_assert_cmpint (point.n_images, ==, 40);
}

/* -- other layers -- */

static gboolean
has_changed (LwState *fork, LwState *state, guint weight, guint old)
{
  return !lw_tensor_equal (fork->weights[weight], state->weights[old]);
}

/* A layer put in between and another size at the end: what fits goes on with its slots, the rest is drawn as
 * a fresh run's and has a fresh optimizer's. */
static void
test_layers (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");
  const LwRunSettings     settings = settings_new (32);
  g_autoptr (LwState)     state = test_state_after (model, &settings, images, 5), fork = NULL, fresh = NULL;
  g_autoptr (LwSpec)      conv = lw_spec_new (&lw_layer_class_find ("Conv2D")->spec, NULL);
  g_autoptr (LwSpec)      same = NULL;
  g_autoptr (LwModelSpec) other = NULL;
  const guint             n = lw_model_spec_get_n_layers (model);
  guint                   dropout = 0;

  /* Conv2D(32, 3×3, same) in front of the first pooling has the shape of no old layer. */
  {
    const LwField *field = lw_spec_class_find (lw_spec_get_class (conv), "padding", NULL);
    int            choice = 0;

    while (!g_str_equal (field->choices[choice], "same"))
      choice++;
    same = lw_spec_with_value (conv, "padding", (LwFieldValue) { .choice = choice }, NULL);
  }
  other = lw_model_spec_with_inserted (model, 1, same);
  g_assert_null (lw_model_spec_get_fault (other));
  fork = adapt (state, other, &settings);
  fresh = lw_state_new_initial (other, &settings, NULL);

  g_assert_cmpuint (fork->n_weights, ==, state->n_weights + 2);
  for (guint i = 0; i < fork->n_weights; i++)
    if (i == 2 || i == 3)
      {
        g_assert_true (lw_tensor_equal (fork->weights[i], fresh->weights[i]));
        g_assert_true (lw_tensor_equal (fork->slots[2 * i], fresh->slots[2 * i]));
        g_assert_true (lw_tensor_equal (fork->slots[2 * i + 1], fresh->slots[2 * i + 1]));
      }
    else
      {
        const guint old = i < 2 ? i : i - 2;

        g_assert_true (fork->weights[i] == state->weights[old]);
        g_assert_true (fork->slots[2 * i] == state->slots[2 * old]);         /* m */
        g_assert_true (fork->slots[2 * i + 1] == state->slots[2 * old + 1]); /* v */
      }
  g_assert_cmpuint (fork->n_rngs, ==, n + 1);
  while (!lw_spec_is_a (lw_model_spec_get_layer (model, dropout), "Dropout"))
    dropout++;
  g_assert_cmpuint (state->rngs[dropout].counter, >, 0);
  g_assert_cmpmem (&fork->rngs[dropout + 1], sizeof (LwRng), &state->rngs[dropout], sizeof (LwRng));
  g_assert_cmpmem (&fork->rngs[1], sizeof (LwRng), &fresh->rngs[1], sizeof (LwRng));
  g_assert_cmpint (fork->step, ==, 5);
  g_assert_cmpint (fork->slots_begin, ==, 0);
  g_assert_cmpuint (fork->position, ==, 160);
  g_assert_cmpmem (&fork->shuffle, sizeof (LwRng), &state->shuffle, sizeof (LwRng));
  g_assert_cmpfloat (fork->loss_sum, ==, state->loss_sum);
  {
    g_autoptr (LwState) later = state_after (fork, 4);

    g_assert_true (test_state_is_finite (later));
    g_assert_true (has_changed (later, fork, 2, 2));
  }
}

static LwModelSpec *
dense_model (guint n, const char *const *names, const guint *units)
{
  LwModelSpec       *model = lw_model_spec_new ("dense", &LW_SHAPE (28, 28, 1));
  const LwSpecClass *flatten = &lw_layer_class_find ("Flatten")->spec;
  const LwSpecClass *dense = &lw_layer_class_find ("Dense")->spec;
  g_autoptr (LwSpec) first = lw_spec_new (flatten, NULL);
  g_autoptr (LwModelSpec) empty = model;

  model = lw_model_spec_with_inserted (empty, 0, first);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (LwSpec)      plain = lw_spec_new (dense, names[i]);
      g_autoptr (LwSpec)      sized = lw_spec_with_value (plain, "units", (LwFieldValue) { .i = units[i] }, NULL);
      g_autoptr (LwModelSpec) old = model;

      model = lw_model_spec_with_inserted (old, i + 1, sized);
    }
  return model;
}

/* Where several layers could be matched, names decide; where none can, a layer behind it may. */
static void
test_names (void)
{
  static const char *const before[] = { "in", "a", "b", "out" }, *const after[] = { "in", "b", "out" };
  g_autoptr (LwModelSpec)  model = dense_model (4, before, (guint[]) { 16, 16, 16, 10 });
  g_autoptr (LwModelSpec)  other = dense_model (3, after, (guint[]) { 16, 16, 10 });
  g_autoptr (LwModelSpec)  moved = NULL;
  const LwRunSettings      settings = settings_new (32);
  g_autoptr (LwState)      state = test_state_after (model, &settings, images, 2);
  g_autoptr (LwState)      fork = adapt (state, other, &settings), front = NULL;

  g_assert_true (fork->weights[0] == state->weights[0]);
  g_assert_true (fork->weights[2] == state->weights[4]); /* b's kernel, not a's */
  g_assert_true (fork->weights[3] == state->weights[5]);
  g_assert_true (fork->weights[4] == state->weights[6]);

  /* A first layer with other units: all behind it that fits stays, also where names do not. */
  {
    static const char *const names[] = { "in", "x", "y", "z" };

    moved = dense_model (4, names, (guint[]) { 12, 16, 16, 10 });
    front = adapt (state, moved, &settings);
    g_assert_false (lw_shape_equal (lw_tensor_get_shape (front->weights[0]),
                                    lw_tensor_get_shape (state->weights[0])));
    g_assert_true (front->weights[6] == state->weights[6]);
    g_assert_true (front->weights[4] == state->weights[2] || front->weights[4] == state->weights[4]);
  }
}

/* A layer that was moved keeps its weights, although more layers without any would match if it did not. */
static void
test_moved (void)
{
  static const char *const names[] = { "hidden", "out" };
  g_autoptr (LwModelSpec)  dense = dense_model (2, names, (guint[]) { 16, 10 });
  g_autoptr (LwSpec)       dropout = lw_spec_new (&lw_layer_class_find ("Dropout")->spec, NULL);
  g_autoptr (LwSpec)       relu = lw_spec_new (&lw_layer_class_find ("ReLU")->spec, NULL);
  g_autoptr (LwModelSpec)  longer = lw_model_spec_with_inserted (dense, 2, dropout);
  g_autoptr (LwModelSpec)  model = lw_model_spec_with_inserted (longer, 3, relu);
  g_autoptr (LwModelSpec)  moved = lw_model_spec_with_moved (model, 1, 3);
  const LwRunSettings      settings = settings_new (32);
  g_autoptr (LwState)      state = test_state_after (model, &settings, images, 2);
  g_autoptr (LwState)      fork = adapt (state, moved, &settings);

  g_assert_true (lw_spec_is_a (lw_model_spec_get_layer (moved, 3), "Dense"));
  for (guint i = 0; i < 4; i++)
    g_assert_true (fork->weights[i] == state->weights[i]);
}

/* -- the optimizer -- */

/* Another class: fresh slots, whose bias corrections begin with them, so that the first step is a first step. */
static void
test_other_optimizer (void)
{
  static const char *const classes[] = { "SGD", "Adam", "AdamW", "Nadam", "RMSprop", "Adagrad" };

  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    for (guint k = 0; k < G_N_ELEMENTS (classes); k++)
      {
        g_autoptr (LwModelSpec) plain = lw_model_spec_new_preset ("mlp");
        g_autoptr (LwModelSpec) from = with_optimizer_value (plain, classes[i], NULL, (LwFieldValue) { 0 });
        g_autoptr (LwModelSpec) to = with_optimizer_value (plain, classes[k], "learning_rate",
                                                           (LwFieldValue) { .x = 0.003 });
        const LwRunSettings     settings = settings_new (32);
        g_autoptr (LwState)     state = NULL, fork = NULL, later = NULL, alone = NULL, fresh = NULL;

        if (i == k)
          continue;
        state = test_state_after (from, &settings, images, 3);
        fork = adapt (state, to, &settings);
        fresh = lw_state_new_initial (to, &settings, NULL);
        g_assert_cmpint (fork->step, ==, 3);
        g_assert_cmpint (fork->slots_begin, ==, 3);
        g_assert_cmpfloat (fork->learning_rate, ==, 0.003);
        g_assert_cmpuint (fork->n_slots, ==, fresh->n_slots);
        for (guint s = 0; s < fork->n_slots; s++)
          g_assert_true (lw_tensor_equal (fork->slots[s], fresh->slots[s]));
        for (guint w = 0; w < fork->n_weights; w++)
          g_assert_true (fork->weights[w] == state->weights[w]);

        /* The same weights at the same place, as a run that has just begun: the step is the same. */
        later = state_after (fork, 2);
        {
          LwState             fields = *fork;
          g_autoptr (LwState) begun = NULL;

          fields.step = fields.slots_begin = 0;
          begun = lw_state_new (&fields);
          alone = state_after (begun, 2);
        }
        for (guint w = 0; w < fork->n_weights; w++)
          g_assert_true (lw_tensor_equal (later->weights[w], alone->weights[w]));
        for (guint s = 0; s < fork->n_slots; s++)
          g_assert_true (lw_tensor_equal (later->slots[s], alone->slots[s]));
      }
}

/* The same class with other options: slots that there were go on, new ones are fresh, and averages begin at
 * the weights. */
static void
test_optimizer_options (void)
{
  g_autoptr (LwModelSpec) plain = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwModelSpec) rmsprop = with_optimizer_value (plain, "RMSprop", NULL, (LwFieldValue) { 0 });
  g_autoptr (LwModelSpec) centered = with_optimizer_value (plain, "RMSprop", "centered", (LwFieldValue) { .b = TRUE });
  g_autoptr (LwModelSpec) momentum = with_optimizer_value (plain, "RMSprop", "momentum", (LwFieldValue) { .x = 0.9 });
  g_autoptr (LwModelSpec) averaged = with_optimizer_value (plain, "RMSprop", "use_ema", (LwFieldValue) { .b = TRUE });
  const LwRunSettings     settings = settings_new (32);
  g_autoptr (LwState)     state = test_state_after (centered, &settings, images, 2);
  g_autoptr (LwState)     to_plain = adapt (state, rmsprop, &settings);
  g_autoptr (LwState)     to_momentum = adapt (state, momentum, &settings);
  g_autoptr (LwState)     back = adapt (to_plain, centered, &settings);
  g_autoptr (LwState)     to_average = adapt (state, averaged, &settings);
  g_autoptr (LwState)     later = NULL;

  g_assert_cmpuint (state->n_slots, ==, 8);
  g_assert_cmpuint (to_plain->n_slots, ==, 4);
  g_assert_cmpuint (to_momentum->n_slots, ==, 8);
  g_assert_cmpuint (to_average->n_slots, ==, 8);
  for (guint i = 0; i < 4; i++)
    {
      gsize n = lw_tensor_get_count (state->slots[i]);

      g_assert_true (to_plain->slots[i] == state->slots[i]);
      g_assert_true (to_momentum->slots[i] == state->slots[i]);
      g_assert_true (back->slots[i] == state->slots[i]);
      for (gsize k = 0; k < n; k++)
        {
          g_assert_cmpfloat (lw_tensor_get_value (to_momentum->slots[4 + i], k), ==, 0);
          g_assert_cmpfloat (lw_tensor_get_value (back->slots[4 + i], k), ==, 0);
        }
      g_assert_true (lw_tensor_equal (to_average->slots[i], state->weights[i]));
      g_assert_true (to_average->slots[4 + i] == state->slots[i]);
    }
  later = state_after (to_average, 1);
  g_assert_true (test_state_is_finite (later));
  g_assert_cmpint (to_plain->slots_begin, ==, 0);
}

/* Another rate or schedule in the model counts, at the step where the run is. */
static void
test_rate (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwModelSpec) slower = with_optimizer_value (model, "Adam", "learning_rate", (LwFieldValue) { .x = 0.0001 });
  g_autoptr (LwSpec)      scheduled = NULL, shorter = NULL;
  g_autoptr (LwModelSpec) decaying = NULL;
  const LwRunSettings     settings = settings_new (32);
  g_autoptr (LwTraining)  training = test_training_new (model, &settings, images, 1), later = NULL;
  g_autoptr (LwState)     state = NULL, fork = NULL, decayed = NULL;
  g_autoptr (GVariant)    cosine = g_variant_ref_sink (g_variant_new_string ("CosineDecay"));
  LwHistoryPoint          point;

  test_take_steps (training, 2);
  lw_training_set_learning_rate (training, 0.5);
  state = lw_training_get_state (training);
  fork = adapt (state, slower, &settings);
  g_assert_cmpfloat (fork->learning_rate, ==, 0.0001);
  g_assert_true (fork->slots[0] == state->slots[0]);

  scheduled = lw_spec_with_variant (lw_model_spec_get_optimizer (model), "schedule", cosine, NULL);
  shorter = lw_spec_with_value (scheduled, "decay_steps", (LwFieldValue) { .i = 4 }, NULL);
  g_assert_nonnull (shorter);
  decaying = lw_model_spec_with_optimizer (model, shorter);
  decayed = adapt (state, decaying, &settings);
  later = resume (decayed);
  g_assert_true (lw_training_step (later, &point, NULL));
  g_assert_cmpfloat (point.rate, ==, (float) lw_schedule_get_rate (shorter, 2));
  g_assert_cmpfloat (point.rate, <, 0.001f);

  /* Under another class too, although its slots begin here. */
  {
    g_autoptr (LwModelSpec) sgd = with_optimizer_value (model, "SGD", NULL, (LwFieldValue) { 0 });
    g_autoptr (LwState)     other = test_state_after (sgd, &settings, images, 2);
    g_autoptr (LwState)     turned = adapt (other, decaying, &settings);
    g_autoptr (LwTraining)  on = resume (turned);

    g_assert_cmpint (turned->slots_begin, ==, 2);
    g_assert_true (lw_training_step (on, &point, NULL));
    g_assert_cmpfloat (point.rate, ==, (float) lw_schedule_get_rate (shorter, 2));
  }
}

/* -- validations -- */

static void
test_stopping (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp"), other = NULL;
  LwRunSettings           settings = settings_new (100);
  g_autoptr (LwTraining)  training = NULL;
  g_autoptr (LwHistory)   history = lw_history_new ();
  g_autoptr (LwState)     state = NULL;
  g_autoptr (LwSpec)      wider = lw_spec_with_value (lw_model_spec_get_layer (model, 1), "units",
                                                      (LwFieldValue) { .i = 65 }, NULL);
  LwRunSettings           given[6];

  settings.patience = 5;
  settings.keep_best = TRUE;
  training = test_training_new (model, &settings, images, 1);
  for (int epoch = 0; epoch < 2; epoch++)
    {
      test_take_steps (training, 2);
      g_assert_false (lw_training_tell_validation (training, &(LwEvaluation) { 1, 1, 1 }, history));
    }
  state = lw_training_get_state (training);
  g_assert_cmpuint (state->stopping.best_epoch, ==, 1);
  g_assert_cmpuint (state->stopping.waited, ==, 1);

  for (guint i = 0; i < G_N_ELEMENTS (given); i++)
    given[i] = settings;
  given[0].patience = 9;
  given[1].keep_best = FALSE;
  given[2].validation = LW_VALIDATION_FRACTION;
  given[3].validation = LW_VALIDATION_NONE;
  given[4].patience = 0;
  given[4].keep_best = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (given); i++)
    {
      g_autoptr (LwState) fork = adapt (state, model, &given[i]);
      const gboolean      stays = i != 2 && i != 3 && i != 4;

      g_assert_cmpuint (fork->stopping.best_epoch, ==, stays ? 1 : 0);
      g_assert_cmpuint (fork->stopping.waited, ==, stays ? 1 : 0);
      g_assert_cmpuint (fork->stopping.n_weights, ==, stays && i != 1 ? state->n_weights : 0);
      if (i == 1)
        {
          /* Without the weights there is no best to go back to: it begins anew. */
          g_autoptr (LwState) again = adapt (fork, model, &settings);

          g_assert_cmpuint (again->stopping.best_epoch, ==, 0);
          g_assert_cmpuint (again->stopping.waited, ==, 0);
        }
    }
  other = lw_model_spec_with_replaced (model, 1, wider);
  {
    g_autoptr (LwState) fork = adapt (state, other, &settings);

    g_assert_cmpuint (fork->stopping.best_epoch, ==, 0);
    g_assert_cmpuint (fork->stopping.n_weights, ==, 0);
  }
}

static void
test_faults (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwModelSpec) empty = lw_model_spec_new ("empty", &LW_SHAPE (28, 28, 1));
  g_autoptr (LwModelSpec) headless = lw_model_spec_with_removed (model, 0);
  const LwRunSettings     settings = settings_new (32);
  g_autoptr (LwState)     state = test_state_after (model, &settings, images, 1), damaged = NULL;
  g_autoptr (GError)      error = NULL;
  LwState                 fields = *state;

  g_assert_null (lw_state_adapt (state, empty, &settings, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_cmpstr (error->message, ==, lw_model_spec_get_fault (empty)->message);
  g_clear_error (&error);
  g_assert_null (lw_state_adapt (state, headless, &settings, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_cmpstr (error->message, ==, lw_model_spec_get_fault (headless)->message);
  g_clear_error (&error);

  fields.n_weights--;
  damaged = lw_state_new (&fields);
  g_assert_null (lw_state_adapt (damaged, model, &settings, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  images = test_images_new (N_TRAIN, 20);
  g_test_add_func ("/adapt/unchanged", test_unchanged);
  g_test_add_func ("/adapt/same-run", test_same_run);
  g_test_add_func ("/adapt/batch-size", test_batch_size);
  g_test_add_func ("/adapt/fewer-images", test_fewer_images);
  g_test_add_func ("/adapt/layers", test_layers);
  g_test_add_func ("/adapt/names", test_names);
  g_test_add_func ("/adapt/moved", test_moved);
  g_test_add_func ("/adapt/other-optimizer", test_other_optimizer);
  g_test_add_func ("/adapt/optimizer-options", test_optimizer_options);
  g_test_add_func ("/adapt/rate", test_rate);
  g_test_add_func ("/adapt/stopping", test_stopping);
  g_test_add_func ("/adapt/faults", test_faults);
  status = g_test_run ();
  lw_images_unref (images);
  return status;
}
