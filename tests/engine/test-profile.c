#include <math.h>

#include "train-tools.h"

#include "tests/engine/model-tools.h"

/* What a model costs. How long anything took is asserted nowhere; that it adds up is. */

static LwImages *images;

static void
assert_adds_up (const LwProfile *profile)
{
  double shares = 0, sum = 0;

  g_assert_cmpfloat (profile->step, >, 0);
  for (guint i = 0; i < profile->n_layers; i++)
    sum += profile->layers[i].forward + profile->layers[i].backward;
  for (guint i = 0; i < profile->n_layers; i++)
    {
      const LwLayerCost *cost = &profile->layers[i];

      g_assert_cmpfloat (cost->forward, >=, 0);
      g_assert_cmpfloat (cost->backward, >=, 0);
      g_assert_cmpfloat_with_epsilon (cost->share, (cost->forward + cost->backward) / sum, 1e-12);
      shares += cost->share;
    }
  g_assert_cmpfloat_with_epsilon (shares, 1, 1e-9);
}

static void
test_presets (void)
{
  const char *const    *presets = lw_model_spec_get_presets ();
  g_autoptr (LwDevice)  device = lw_device_new (2, 0, NULL);

  for (guint i = 0; presets[i] != NULL; i++)
    {
      g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (presets[i]);
      LwRunSettings           settings = LW_RUN_SETTINGS_STANDARD;
      g_autoptr (GError)      error = NULL;
      g_autoptr (LwProfile)   profile = NULL;

      settings.batch_size = lw_preset_get_batch_size (presets[i]);
      profile = lw_profile_new (device, model, &settings, images, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (profile->n_layers, ==, lw_model_spec_get_n_layers (model));
      assert_adds_up (profile);
      /* The estimate is nothing but steps, the last of them perhaps short. */
      g_assert_cmpfloat_with_epsilon (lw_profile_get_seconds (profile, 10 * settings.batch_size),
                                      10 * profile->step, 1e-9);
    }
}

/* Layers that join the batch, draw, and have weights that are not trained; a model without an activation; and
 * one whose first weights come late. */
static void
test_layers (void)
{
  static const char *const models[] = {
    "Conv2D; BatchNormalization; Dropout; MaxPooling2D; Flatten; Dense units=16 activation=gelu; Dense",
    "Flatten; Dense",
    "AveragePooling2D; Flatten; Dropout; Dense kernel_regularizer=0.01; Dense",
  };
  g_autoptr (LwDevice) device = lw_device_new (1, 0, NULL);
  LwRunSettings        settings = LW_RUN_SETTINGS_STANDARD;

  for (guint i = 0; i < G_N_ELEMENTS (models); i++)
    {
      g_autoptr (LwModelSpec) model = test_model_build (&LW_SHAPE (28, 28, 1), TRUE, models[i]);
      g_autoptr (GError)      error = NULL;
      g_autoptr (LwProfile)   profile = lw_profile_new (device, model, &settings, images, NULL, &error);

      g_assert_no_error (error);
      assert_adds_up (profile);
      /* Nobody asks for the gradient of pixels. */
      if (i == 2)
        for (guint layer = 0; layer < 3; layer++)
          g_assert_cmpfloat (profile->layers[layer].backward, ==, 0);
    }
}

static void
test_shares (void)
{
  LwLayerCost costs[3] = { { .forward = 1, .backward = 2 }, { .forward = 3, .backward = 4 }, { 0 } };
  LwLayerCost none[2] = { { 0 } };

  lw_layer_costs_share_out (costs, 3);
  g_assert_cmpfloat (costs[0].share, ==, 0.3);
  g_assert_cmpfloat (costs[1].share, ==, 0.7);
  g_assert_cmpfloat (costs[2].share, ==, 0);
  lw_layer_costs_share_out (none, 2);
  g_assert_cmpfloat (none[0].share, ==, 0.5);
}

static LwModelSpec *
with_optimizer (LwModelSpec *model, const char *class_name)
{
  g_autoptr (LwSpec) optimizer = lw_spec_new (lw_optimizer_class_find (class_name), NULL);

  return lw_model_spec_with_optimizer (model, optimizer);
}

/* Weights, gradients and Adam's two moments; nothing of the optimizer's with plain SGD. */
static void
test_bytes (void)
{
  const LwShape           image = LW_SHAPE (28, 28, 1);
  g_autoptr (LwModelSpec) adam = test_model_build (&LW_SHAPE (LW_DIM_ANY, LW_DIM_ANY, 1), TRUE,
                                                   "Conv2D filters=4; BatchNormalization; GlobalAveragePooling2D; "
                                                   "Dense");
  g_autoptr (LwModelSpec) sgd = with_optimizer (adam, "SGD");
  LwLayerCost             costs[4];

  lw_layer_costs_count_bytes (adam, &image, 8, costs);
  g_assert_cmpint (costs[0].weight_bytes, ==, 4 * 4 * (9 * 4 + 4));
  g_assert_cmpint (costs[1].weight_bytes, ==, 4 * (4 * (4 + 4) + (4 + 4)));
  g_assert_cmpint (costs[2].weight_bytes, ==, 0);
  g_assert_cmpint (costs[3].weight_bytes, ==, 4 * 4 * (40 + 10));
  g_assert_cmpint (costs[0].activation_bytes, ==, 2 * 4 * 8 * 26 * 26 * 4);
  g_assert_cmpint (costs[3].activation_bytes, ==, 2 * 4 * 8 * 10);

  lw_layer_costs_count_bytes (sgd, &image, 16, costs);
  g_assert_cmpint (costs[0].weight_bytes, ==, 2 * 4 * (9 * 4 + 4));
  g_assert_cmpint (costs[0].activation_bytes, ==, 2 * 4 * 16 * 26 * 26 * 4);
}

static void
test_errors (void)
{
  g_autoptr (LwDevice)     device = lw_device_new (1, 0, NULL);
  g_autoptr (LwModelSpec)  model = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwModelSpec)  faulty = test_model_build (&LW_SHAPE (28, 28, 1), TRUE, "Conv2D; Dense");
  g_autoptr (LwModelSpec)  empty = lw_model_spec_new ("empty", &LW_SHAPE (28, 28, 1));
  g_autoptr (LwModelSpec)  other = test_model_build (&LW_SHAPE (32, 32, 1), TRUE, "Flatten; Dense");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError)       error = NULL;
  LwRunSettings            settings = LW_RUN_SETTINGS_STANDARD;

  g_assert_null (lw_profile_new (device, faulty, &settings, images, NULL, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_clear_error (&error);
  g_assert_null (lw_profile_new (device, empty, &settings, images, NULL, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_clear_error (&error);
  g_assert_null (lw_profile_new (device, other, &settings, images, NULL, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_clear_error (&error);

  g_cancellable_cancel (cancellable);
  g_assert_null (lw_profile_new (device, model, &settings, images, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (20000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* From another thread while it runs, long before its rounds are over. */
static void
test_cancel_running (void)
{
  g_autoptr (LwDevice)     device = lw_device_new (1, 0, NULL);
  g_autoptr (LwModelSpec)  model
    = test_model_build (&LW_SHAPE (28, 28, 1), TRUE, "Conv2D filters=64; Conv2D filters=128; Flatten; Dense");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError)       error = NULL;
  LwRunSettings            settings = LW_RUN_SETTINGS_STANDARD;
  GThread                 *thread = g_thread_new ("cancel", cancel_soon, cancellable);

  settings.batch_size = 64;
  g_assert_null (lw_profile_new (device, model, &settings, images, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  images = test_images_new (200, 20);
  g_test_add_func ("/profile/presets", test_presets);
  g_test_add_func ("/profile/layers", test_layers);
  g_test_add_func ("/profile/shares", test_shares);
  g_test_add_func ("/profile/bytes", test_bytes);
  g_test_add_func ("/profile/errors", test_errors);
  g_test_add_func ("/profile/cancel-running", test_cancel_running);
  status = g_test_run ();
  lw_images_unref (images);
  return status;
}
