/* The training loop's one step, readable from top to bottom in lw_training_step(): what the notes write
 * by hand as train_step(). */

#include "engine/train/training.h"

#include "engine/data/dataset.h"
#include "engine/nn/metrics.h"
#include "engine/nn/optimizer.h"
#include "engine/nn/sequential.h"
#include "engine/train/batch_gradient.h"
#include "engine/train/batch_plan.h"
#include "engine/train/inference.h"
#include "engine/train/tensor_list.h"

#include <glib/gi18n-lib.h>
#include <math.h>

struct _LwTraining {
  LwDevice      *device;
  LwDevice      *step_device; /* the same, or without threads for small steps */
  LwModelSpec   *model;
  LwRunSettings  settings;
  LwImages      *images;
  LwSequential  *sequential;
  LwOptimizer   *optimizer;
  LwDataset     *dataset;
  LwIterator    *iterator;
  LwBatchPlan    plan;
  LwTensor      *validation_images; /* NULL for none */
  LwTensor      *validation_labels;

  gint64         step;
  guint          epoch;      /* epochs finished */
  gboolean       epoch_end;  /* right after an epoch's last step */
  LwEarlyStopping stopping;
  LwMean         loss, accuracy;           /* of the current epoch */
  double         last_loss, last_accuracy; /* of the last finished one */
  double         seconds;
  double         seconds_here; /* since this object was made, with the images in them */
  gint64         images_here;
};

/* The pipeline's map: pixels to what the model takes. */
static void
scale_images (LwScope *s, LwTensor **components, guint n, gpointer data)
{
  components[0] = lw_images_scale (s, components[0]);
}

gboolean
lw_training_check_images (LwModelSpec *model, LwImages *images, GError **error)
{
  const LwFault *fault = lw_model_spec_get_fault (model);
  const LwShape *input = lw_model_spec_get_input (model);
  gint64         height = lw_tensor_get_dim (images->train_images, 1);
  gint64         width = lw_tensor_get_dim (images->train_images, 2);

  if (fault != NULL)
    {
      g_set_error_literal (error, LW_ERROR, LW_ERROR_SHAPE, fault->message);
      return FALSE;
    }
  if (input->rank != 3 || (input->dims[0] != LW_DIM_ANY && input->dims[0] != height)
      || (input->dims[1] != LW_DIM_ANY && input->dims[1] != width) || input->dims[2] != 1)
    {
      g_autofree char *want = lw_shape_to_string (input);
      g_autofree char *have = lw_shape_to_string (&LW_SHAPE (height, width, 1));

      g_set_error (error, LW_ERROR, LW_ERROR_SHAPE,
                   _("The model's input is %s, but the images of %s are %s; set the input to their size"),
                   want, images->name, have);
      return FALSE;
    }
  if (!lw_shape_is_known (input))
    {
      /* A model for any size may still have kernels too large for these images. */
      g_autoptr (LwModelSpec) sized = lw_model_spec_with_input (model, &LW_SHAPE (height, width, 1));

      fault = lw_model_spec_get_fault (sized);
      if (fault != NULL)
        {
          g_set_error_literal (error, LW_ERROR, LW_ERROR_SHAPE, fault->message);
          return FALSE;
        }
    }
  return TRUE;
}

/* Builds the input pipeline and what is held back for validation. */
static gboolean
prepare_data (LwTraining *training, GError **error)
{
  LwTensor             *tensors[] = { training->images->train_images, training->images->train_labels };
  g_autoptr (LwDataset) all = lw_dataset_from_tensor_slices (2, tensors, error);
  g_autoptr (LwDataset) used = NULL;
  g_autoptr (LwDataset) shuffled = NULL;
  g_autoptr (LwDataset) batched = NULL;
  gsize                 n, held;

  if (all == NULL)
    return FALSE;
  n = lw_dataset_get_n_elements (all);
  held = n - lw_run_settings_get_n_training (&training->settings, n);
  switch (training->settings.validation)
    {
    case LW_VALIDATION_NONE: break;
    case LW_VALIDATION_TEST:
      training->validation_images = lw_tensor_ref (training->images->test_images);
      training->validation_labels = lw_tensor_ref (training->images->test_labels);
      break;
    case LW_VALIDATION_FRACTION:
      training->validation_images = lw_tensor_new_rows (tensors[0], n - held, held);
      training->validation_labels = lw_tensor_new_rows (tensors[1], n - held, held);
      break;
    }
  if (n <= held)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_VALUE, _("%s has no images to train on"), training->images->name);
      return FALSE;
    }
  used = lw_dataset_slice (all, 0, n - held);
  shuffled = lw_dataset_shuffle (used, training->settings.shuffle);
  batched = lw_dataset_batch (shuffled, training->settings.batch_size, FALSE);
  training->dataset = lw_dataset_map (batched, scale_images, NULL);
  return TRUE;
}

/* Whether validations at epochs' ends decide anything of the run. */
static gboolean
is_watched (LwTraining *training)
{
  return lw_early_stopping_is_on (&training->settings) && training->validation_images != NULL
         && lw_tensor_get_dim (training->validation_images, 0) > 0;
}

static LwTraining *
training_new (LwDevice *device, LwModelSpec *model, const LwRunSettings *settings, LwImages *images,
              GError **error)
{
  g_autoptr (LwTraining) training = NULL;
  LwShape                image;

  if (!lw_training_check_images (model, images, error))
    return NULL;
  training = g_new0 (LwTraining, 1);
  training->device = lw_device_ref (device);
  training->model = lw_model_spec_ref (model);
  training->settings = *settings;
  training->images = lw_images_ref (images);
  image = LW_SHAPE (lw_tensor_get_dim (images->train_images, 1), lw_tensor_get_dim (images->train_images, 2), 1);
  training->plan = lw_batch_plan_new (model, &image);
  training->step_device = lw_batch_plan_is_small (&training->plan, settings->batch_size)
                            ? lw_device_new_single (device)
                            : lw_device_ref (device);
  if (!prepare_data (training, error))
    return NULL;
  return g_steal_pointer (&training);
}

static gboolean
make_optimizer (LwTraining *training, GError **error)
{
  LwVariable *const *variables;
  guint              n;

  variables = lw_sequential_get_trainable_variables (training->sequential, &n);
  training->optimizer = lw_optimizer_new (lw_model_spec_get_optimizer (training->model), n, variables, error);
  return training->optimizer != NULL;
}

LwTraining *
lw_training_new (LwDevice *device, LwModelSpec *model, const LwRunSettings *settings, LwImages *images,
                 GError **error)
{
  g_autoptr (LwTraining) training = training_new (device, model, settings, images, error);

  if (training == NULL)
    return NULL;
  training->sequential = lw_sequential_new (model, settings->seed, error);
  if (training->sequential == NULL || !make_optimizer (training, error))
    return NULL;
  training->iterator = lw_iterator_new (training->dataset, lw_rng_new (settings->seed, LW_STREAM_SHUFFLE));
  return g_steal_pointer (&training);
}

static void
finish_epoch_if_due (LwTraining *training)
{
  LwDatasetPlace place = lw_iterator_get_place (training->iterator);

  if (place.position < lw_dataset_get_n_elements (training->dataset))
    return;
  lw_iterator_begin_epoch (training->iterator);
  training->epoch++;
  training->epoch_end = TRUE;
  training->stopping.owed = is_watched (training);
  training->last_loss = lw_mean_result (&training->loss);
  training->last_accuracy = lw_mean_result (&training->accuracy);
  lw_mean_reset_state (&training->loss);
  lw_mean_reset_state (&training->accuracy);
}

/* The weights that keep_best may put in place of the training's own. */
static gboolean
check_best (LwTraining *training, const LwState *state, GError **error)
{
  const LwEarlyStopping *stopping = &state->stopping;
  guint                  n, fit = 0;
  LwVariable *const     *variables = lw_sequential_get_variables (training->sequential, &n);

  while (fit < MIN (n, stopping->n_weights)
         && lw_tensor_get_dtype (stopping->weights[fit]) == LW_FLOAT32
         && lw_shape_equal (lw_tensor_get_shape (stopping->weights[fit]),
                            lw_tensor_get_shape (lw_variable_get_value (variables[fit]))))
    fit++;
  if (stopping->n_weights == 0 || (fit == n && fit == stopping->n_weights))
    return TRUE;
  g_set_error (error, LW_ERROR, LW_ERROR_SHAPE, _("The best weights that were kept are not those of the model %s"),
               lw_model_spec_get_name (training->model));
  return FALSE;
}

LwTraining *
lw_training_new_from_state (LwDevice *device, LwState *state, LwImages *images, GError **error)
{
  g_autoptr (LwTraining) training = training_new (device, state->model, &state->settings, images, error);
  LwDatasetPlace         place = { state->shuffle, state->position, state->epoch };

  if (training == NULL)
    return NULL;
  training->sequential = lw_sequential_new_with (state->model, state->n_weights, state->weights,
                                                 state->rngs, error);
  if (training->sequential == NULL || !make_optimizer (training, error)
      || !check_best (training, state, error))
    return NULL;
  if (state->n_slots > 0 && !lw_optimizer_set_slots (training->optimizer, state->n_slots, state->slots, error))
    return NULL;
  lw_optimizer_set_iterations (training->optimizer, state->step);
  lw_optimizer_set_begin (training->optimizer, state->slots_begin);
  lw_optimizer_set_learning_rate (training->optimizer, state->learning_rate);
  training->iterator = lw_iterator_new_at (training->dataset, &place);
  training->step = state->step;
  training->epoch = state->epoch;
  training->seconds = state->seconds;
  training->loss = (LwMean) { state->loss_sum, (double) state->n_counted };
  training->accuracy = (LwMean) { state->correct_sum, (double) state->n_counted };
  training->stopping = lw_early_stopping_copy (&state->stopping);
  lw_early_stopping_fit (&training->stopping, &training->settings);
  if (training->stopping.owed)
    {
      training->epoch_end = TRUE; /* what comes next is that epoch's validation */
      training->last_loss = training->last_accuracy = NAN;
    }
  finish_epoch_if_due (training); /* there may have been more images when the state was made */
  return g_steal_pointer (&training);
}

void
lw_training_free (LwTraining *training)
{
  if (training == NULL)
    return;
  lw_iterator_free (training->iterator);
  lw_dataset_unref (training->dataset);
  lw_optimizer_free (training->optimizer);
  lw_sequential_free (training->sequential);
  lw_tensor_unref (training->validation_images);
  lw_tensor_unref (training->validation_labels);
  lw_early_stopping_clear (&training->stopping);
  lw_images_unref (training->images);
  lw_model_spec_unref (training->model);
  lw_device_unref (training->step_device);
  lw_device_unref (training->device);
  g_free (training);
}

/* One step of gradient descent on a batch: what a hand-written train_step() does. */
static gboolean
train_step (LwTraining *training, LwScope *s, LwTensor *images, LwTensor *labels, LwBatchResult *result,
            GError **error)
{
  guint                 n;
  g_autofree LwTensor **grads = NULL;

  lw_sequential_get_trainable_variables (training->sequential, &n);
  grads = g_new0 (LwTensor *, n);
  return lw_batch_gradient (training->sequential, s, images, labels,
                            lw_batch_plan_get_rows (&training->plan, (gsize) lw_tensor_get_dim (labels, 0)), grads,
                            result, error)
         && lw_optimizer_apply_gradients (training->optimizer, s, n, grads, error);
}

gboolean
lw_training_step (LwTraining *training, LwHistoryPoint *point, GError **error)
{
  LwTensor *batch[2];
  gint64    begin = g_get_monotonic_time ();
  LwScope  *s = lw_scope_begin (training->step_device);
  LwBatchResult result = { NAN, 0 };
  gint64    n_images;
  double    taken, rate = lw_optimizer_get_current_rate (training->optimizer);
  gboolean  ok;

  training->epoch_end = FALSE;
  if (!lw_iterator_next (training->iterator, s, batch))
    return lw_scope_end (s, error);

  n_images = lw_tensor_get_dim (batch[1], 0);
  ok = train_step (training, s, batch[0], batch[1], &result, error);
  if (!lw_scope_end (s, ok ? error : NULL) || !ok)
    return FALSE;

  taken = (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC;
  training->stopping.owed = FALSE;
  training->step++;
  training->seconds += taken;
  training->seconds_here += taken;
  training->images_here += n_images;
  lw_mean_update_state (&training->loss, result.loss, (double) n_images);
  training->accuracy.total += (double) result.n_right;
  training->accuracy.count += (double) n_images;
  *point = (LwHistoryPoint) {
    .kind = LW_POINT_TRAIN,
    .epoch = (gint32) training->epoch + 1,
    .step = training->step,
    .loss = (float) result.loss,
    .accuracy = (float) ((double) result.n_right / (double) n_images),
    .seconds = training->seconds,
    .n_images = (gint32) n_images,
    .rate = (float) rate,
  };
  finish_epoch_if_due (training);
  return TRUE;
}

void
lw_training_set_max_rows (LwTraining *training, guint n)
{
  lw_iterator_set_max_rows (training->iterator, n);
}

gboolean
lw_training_validate (LwTraining *training, gsize limit, const gint *cancel, LwEvaluation *result,
                      GError **error)
{
  if (training->validation_images == NULL || lw_tensor_get_dim (training->validation_images, 0) == 0)
    return FALSE;
  return lw_evaluate (training->sequential, training->device, training->validation_images,
                   training->validation_labels, limit, cancel, result, error);
}

/* Borrowed. */
static LwTensor **
get_weights (LwSequential *sequential, guint *n)
{
  LwVariable *const *variables = lw_sequential_get_variables (sequential, n);
  LwTensor         **weights = g_new (LwTensor *, *n);

  for (guint i = 0; i < *n; i++)
    weights[i] = lw_variable_get_value (variables[i]);
  return weights;
}

LwHistoryPoint
lw_training_make_event (LwTraining *training, const char *note)
{
  LwHistoryPoint event = { .kind = LW_POINT_EVENT,
                           .epoch = (gint32) lw_training_get_epoch (training),
                           .step = training->step,
                           .seconds = training->seconds };

  lw_history_point_set_note (&event, note);
  return event;
}

LwHistoryPoint
lw_training_make_rate_event (LwTraining *training)
{
  char             number[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *note = NULL;

  g_ascii_formatd (number, sizeof number, "%g", lw_training_get_learning_rate (training));
  note = g_strdup_printf (_("rate %s"), number);
  return lw_training_make_event (training, note);
}

gboolean
lw_training_owes_validation (LwTraining *training)
{
  return training->stopping.owed;
}

gboolean
lw_training_tell_validation (LwTraining *training, const LwEvaluation *validation, LwHistory *history)
{
  g_autofree LwTensor **weights = NULL;
  LwHistoryPoint        event;
  guint                 n;

  if (!training->stopping.owed)
    return FALSE;
  weights = get_weights (training->sequential, &n);
  if (!lw_early_stopping_tell (&training->stopping, &training->settings, training->epoch, validation->loss, n,
                               weights))
    return FALSE;
  event = lw_training_make_event (training, _("early stop"));
  lw_history_append (history, &event);
  return TRUE;
}

void
lw_training_set_early_stopping (LwTraining *training, guint patience, gboolean keep_best)
{
  training->settings.patience = patience;
  training->settings.keep_best = keep_best;
  lw_early_stopping_fit (&training->stopping, &training->settings);
}

guint
lw_training_keep_best (LwTraining *training, LwHistory *history)
{
  const LwEarlyStopping *stopping = &training->stopping;
  LwVariable *const     *variables;
  g_autofree LwTensor  **weights = NULL;
  g_autofree char       *note = NULL;
  LwHistoryPoint         event;
  guint                  n;

  weights = get_weights (training->sequential, &n);
  if (stopping->n_weights == 0
      || lw_tensor_list_equal (weights, n, stopping->weights, stopping->n_weights))
    return 0;
  variables = lw_sequential_get_variables (training->sequential, &n);
  for (guint i = 0; i < n; i++)
    if (!lw_variable_assign_holding (variables[i], stopping->weights[i], NULL))
      g_return_val_if_reached (0); /* they are this model's */
  training->stopping.owed = FALSE; /* it was one of the weights that are gone */
  note = g_strdup_printf (_("best: epoch %u"), stopping->best_epoch);
  event = lw_training_make_event (training, note);
  event.loss = (float) stopping->best_loss;
  lw_history_append (history, &event);
  return stopping->best_epoch;
}

static LwState *
make_state (LwModelSpec *model, const LwRunSettings *settings, LwSequential *sequential,
            LwOptimizer *optimizer, const LwState *counters)
{
  LwState               state = *counters;
  g_autofree LwTensor **weights = get_weights (sequential, &state.n_weights);
  g_autofree LwTensor **slots = g_new (LwTensor *, lw_optimizer_get_n_slots (optimizer));

  state.n_slots = lw_optimizer_get_n_slots (optimizer);
  for (guint i = 0; i < state.n_slots; i++)
    slots[i] = lw_optimizer_get_slot (optimizer, i);
  state.model = model;
  state.settings = *settings;
  state.weights = weights;
  state.slots = slots;
  state.slots_begin = lw_optimizer_get_begin (optimizer);
  state.learning_rate = lw_optimizer_get_learning_rate (optimizer);
  state.rngs = lw_sequential_get_rngs (sequential, &state.n_rngs);
  return lw_state_new (&state);
}

LwState *
lw_training_get_state (LwTraining *training)
{
  LwDatasetPlace place = lw_iterator_get_place (training->iterator);
  LwState        counters = {
           .step = training->step,
           .epoch = training->epoch,
           .position = place.position,
           .shuffle = place.rng,
           .loss_sum = training->loss.total,
           .correct_sum = training->accuracy.total,
           .n_counted = (gint64) training->loss.count,
           .seconds = training->seconds,
           .stopping = training->stopping,
  };

  return make_state (training->model, &training->settings, training->sequential, training->optimizer,
                     &counters);
}

LwState *
lw_state_new_initial (LwModelSpec *model, const LwRunSettings *settings, GError **error)
{
  g_autoptr (LwSequential) sequential = lw_sequential_new (model, settings->seed, error);
  g_autoptr (LwOptimizer)  optimizer = NULL;
  LwState                  counters = { .shuffle = lw_rng_new (settings->seed, LW_STREAM_SHUFFLE) };
  LwVariable *const       *variables;
  guint                    n;

  if (sequential == NULL)
    return NULL;
  variables = lw_sequential_get_trainable_variables (sequential, &n);
  optimizer = lw_optimizer_new (lw_model_spec_get_optimizer (model), n, variables, error);
  if (optimizer == NULL)
    return NULL;
  return make_state (model, settings, sequential, optimizer, &counters);
}

void
lw_training_set_learning_rate (LwTraining *training, double rate)
{
  lw_optimizer_set_learning_rate (training->optimizer, rate);
}

double
lw_training_get_learning_rate (LwTraining *training)
{
  return lw_optimizer_get_learning_rate (training->optimizer);
}

const LwModelSpec *
lw_training_get_model (LwTraining *training)
{
  return training->model;
}

const LwRunSettings *
lw_training_get_settings (LwTraining *training)
{
  return &training->settings;
}

LwDevice *
lw_training_get_device (LwTraining *training)
{
  return training->device;
}

gint64
lw_training_get_step (LwTraining *training)
{
  return training->step;
}

guint
lw_training_get_epoch (LwTraining *training)
{
  return training->epoch_end ? training->epoch : training->epoch + 1;
}

guint
lw_training_get_steps_per_epoch (LwTraining *training)
{
  return lw_dataset_get_n_batches (training->dataset);
}

guint
lw_training_get_steps_left (LwTraining *training)
{
  const guint64 n = lw_dataset_get_n_elements (training->dataset);
  const guint64 left = n - MIN (lw_iterator_get_place (training->iterator).position, n);

  return (guint) ((left + training->settings.batch_size - 1) / training->settings.batch_size);
}

gboolean
lw_training_is_epoch_end (LwTraining *training)
{
  return training->epoch_end;
}

void
lw_training_get_epoch_means (LwTraining *training, double *loss, double *accuracy)
{
  *loss = training->epoch_end ? training->last_loss : lw_mean_result (&training->loss);
  *accuracy = training->epoch_end ? training->last_accuracy : lw_mean_result (&training->accuracy);
}

double
lw_training_get_seconds (LwTraining *training)
{
  return training->seconds;
}

double
lw_training_get_samples_per_second (LwTraining *training)
{
  return training->seconds_here > 0 ? (double) training->images_here / training->seconds_here : 0;
}
