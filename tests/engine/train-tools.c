#include "train-tools.h"

#include <math.h>

#define SIDE 28

static LwTensor *
draw_images (guint n, guint first, LwRng *rng)
{
  LwTensor *images = lw_tensor_new (NULL, LW_UINT8, &LW_SHAPE (n, SIDE, SIDE), NULL);
  guint8   *pixels = lw_tensor_get_mutable_data (images);

  for (guint i = 0; i < n; i++)
    {
      guint label = (first + i) % LW_IMAGES_N_CLASSES;
      guint top = 2 + label / 4 * 8, left = 1 + label % 4 * 7;

      for (guint y = 0; y < SIDE; y++)
        for (guint x = 0; x < SIDE; x++)
          {
            gboolean bright = y >= top && y < top + 6 && x >= left && x < left + 5;

            pixels[(i * SIDE + y) * SIDE + x] = (guint8) (lw_rng_next_below (rng, 100) + (bright ? 150 : 0));
          }
    }
  return images;
}

static LwTensor *
make_labels (guint n, guint first)
{
  LwTensor *labels = lw_tensor_new (NULL, LW_INT32, &LW_SHAPE (n), NULL);

  for (guint i = 0; i < n; i++)
    ((gint32 *) lw_tensor_get_mutable_data (labels))[i] = (gint32) ((first + i) % LW_IMAGES_N_CLASSES);
  return labels;
}

LwImages *
test_images_new (guint n_train, guint n_test)
{
  LwImages *images = g_new0 (LwImages, 1);
  LwRng     rng = lw_rng_new (4, 99);

  g_atomic_ref_count_init (&images->ref_count);
  images->train_images = draw_images (n_train, 0, &rng);
  images->train_labels = make_labels (n_train, 0);
  images->test_images = draw_images (n_test, 3, &rng);
  images->test_labels = make_labels (n_test, 3);
  images->name = g_strdup ("Squares");
  return images;
}

LwTensor *
test_images_to_input (LwTensor *images, gsize first, gsize n)
{
  LwTensor *x = lw_tensor_new (NULL, LW_FLOAT32, &LW_SHAPE ((gint64) n, SIDE, SIDE, 1), NULL);
  float    *values = lw_tensor_get_mutable_data (x);

  for (gsize i = 0; i < n * SIDE * SIDE; i++)
    values[i] = (float) lw_tensor_get_value (images, first * SIDE * SIDE + i) * (1.0f / 255.0f);
  return x;
}

LwModelSpec *
test_model_new (const char *preset, const char *optimizer, double learning_rate, double momentum)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (preset);
  g_autoptr (LwSpec)      plain = lw_spec_new (lw_optimizer_class_find (optimizer), NULL);
  g_autoptr (LwSpec)      rated = lw_spec_with_value (plain, "learning_rate",
                                                      (LwFieldValue) { .x = learning_rate }, NULL);
  g_autoptr (LwSpec)      spec = NULL;

  g_assert_nonnull (rated);
  if (momentum > 0)
    spec = lw_spec_with_value (rated, "momentum", (LwFieldValue) { .x = momentum }, NULL);
  else
    spec = lw_spec_ref (rated);
  g_assert_nonnull (spec);
  return lw_model_spec_with_optimizer (model, spec);
}

LwTraining *
test_training_new (LwModelSpec *model, const LwRunSettings *settings, LwImages *images, int n_threads)
{
  GError              *error = NULL;
  g_autoptr (LwDevice) device = lw_device_new (n_threads, 0, &error);
  LwTraining          *training;

  g_assert_no_error (error);
  training = lw_training_new (device, model, settings, images, &error);
  g_assert_no_error (error);
  return training;
}

void
test_take_steps (LwTraining *training, guint steps)
{
  for (guint i = 0; i < steps; i++)
    {
      gint64         before = lw_training_get_step (training);
      LwHistoryPoint point;
      GError        *error = NULL;

      g_assert_true (lw_training_step (training, &point, &error));
      g_assert_no_error (error);
      g_assert_cmpint (point.step, ==, before + 1);
      g_assert_cmpint (lw_training_get_step (training), ==, before + 1);
    }
}

LwState *
test_state_after (LwModelSpec *model, const LwRunSettings *settings, LwImages *images, guint steps)
{
  g_autoptr (LwTraining) training = test_training_new (model, settings, images, 1);

  test_take_steps (training, steps);
  return lw_training_get_state (training);
}

static gboolean
is_finite (LwTensor *tensor)
{
  for (gsize i = 0; i < lw_tensor_get_count (tensor); i++)
    if (!isfinite (lw_tensor_get_value (tensor, i)))
      return FALSE;
  return TRUE;
}

gboolean
test_state_is_finite (LwState *state)
{
  for (guint i = 0; i < state->n_weights; i++)
    if (!is_finite (state->weights[i]))
      return FALSE;
  for (guint i = 0; i < state->n_slots; i++)
    if (!is_finite (state->slots[i]))
      return FALSE;
  return TRUE;
}
