#include "train-tools.h"

#include "engine/train/batch_gradient.h"
#include "engine/train/batch_plan.h"

#include <math.h>
#include <string.h>

/* A batch taken in parts gives what it gives in one go: the same loss, the same gradients but for the order
 * of additions, the same draws of dropout. */

#define N_IMAGES 40
#define SEED 11

static LwImages *images;

typedef struct {
  LwSequential *sequential;
  guint         n;
  LwTensor    **grads; /* owned */
  LwBatchResult result;
} Outcome;

static void
outcome_clear (Outcome *outcome)
{
  for (guint i = 0; i < outcome->n; i++)
    lw_tensor_unref (outcome->grads[i]);
  g_free (outcome->grads);
  lw_sequential_free (outcome->sequential);
}

static gboolean
differentiate (LwModelSpec *model, int threads, gsize n, gsize rows, LwTensor *labels, Outcome *outcome,
               GError **error)
{
  g_autoptr (LwDevice) device = lw_device_new (threads, 0, NULL);
  LwScope             *s = lw_scope_begin (device);
  LwTensor            *batch = lw_scope_take (s, lw_tensor_new_rows (images->train_images, 0, n));
  gboolean             ok;

  outcome->sequential = lw_sequential_new (model, SEED, NULL);
  lw_sequential_get_trainable_variables (outcome->sequential, &outcome->n);
  outcome->grads = g_new0 (LwTensor *, outcome->n);
  labels = lw_scope_take (s, lw_tensor_new_rows (labels, 0, n));
  ok = lw_batch_gradient (outcome->sequential, s, lw_images_scale (s, batch), labels, rows, outcome->grads,
                          &outcome->result, error);
  for (guint i = 0; ok && i < outcome->n; i++)
    lw_tensor_ref (outcome->grads[i]);
  lw_scope_end (s, NULL);
  return ok;
}

static void
assert_near (const char *what, LwTensor *a, LwTensor *b)
{
  double largest = 0, apart = 0;

  g_assert_true (lw_shape_equal (lw_tensor_get_shape (a), lw_tensor_get_shape (b)));
  for (gsize i = 0; i < lw_tensor_get_count (a); i++)
    {
      largest = MAX (largest, fabs (lw_tensor_get_value (b, i)));
      apart = MAX (apart, fabs (lw_tensor_get_value (a, i) - lw_tensor_get_value (b, i)));
    }
  if (!(apart <= 1e-5 * largest))
    g_error ("%s: %g apart, at most %g large", what, apart, largest);
}

/* Several sizes of parts, with short rests, on one thread and on several, against the whole. */
static void
check_parts (LwModelSpec *model, const char *what)
{
  static const struct {
    gsize n;
    gsize rows;
  } cases[] = { { 40, 4 }, { 40, 8 }, { 37, 4 }, { 33, 12 }, { 9, 4 }, { 5, 4 }, { 40, 20 } };

  for (gsize c = 0; c < G_N_ELEMENTS (cases); c++)
    {
      Outcome whole = { 0 }, alone = { 0 }, shared = { 0 };
      LwRng  *rngs, *whole_rngs;
      guint   n_rngs;
      GError *error = NULL;

      g_assert_true (differentiate (model, 1, cases[c].n, cases[c].n, images->train_labels, &whole, &error));
      g_assert_true (differentiate (model, 1, cases[c].n, cases[c].rows, images->train_labels, &alone, &error));
      g_assert_true (differentiate (model, 3, cases[c].n, cases[c].rows, images->train_labels, &shared, &error));
      g_assert_no_error (error);

      g_assert_cmpfloat_with_epsilon (alone.result.loss, whole.result.loss, 1e-5 * whole.result.loss);
      g_assert_cmpint (alone.result.n_right, ==, whole.result.n_right);
      g_assert_cmpfloat (alone.result.loss, ==, shared.result.loss);
      for (guint i = 0; i < whole.n; i++)
        {
          assert_near (what, alone.grads[i], whole.grads[i]);
          g_assert_true (lw_tensor_equal (alone.grads[i], shared.grads[i]));
        }
      rngs = lw_sequential_get_rngs (shared.sequential, &n_rngs);
      whole_rngs = lw_sequential_get_rngs (whole.sequential, &n_rngs);
      for (guint i = 0; i < n_rngs; i++)
        g_assert_cmpuint (rngs[i].counter, ==, whole_rngs[i].counter);
      outcome_clear (&whole);
      outcome_clear (&alone);
      outcome_clear (&shared);
    }
}

static void
test_presets (void)
{
  const char *const *presets = lw_model_spec_get_presets ();

  for (guint i = 0; presets[i] != NULL; i++)
    {
      g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (presets[i]);

      check_parts (model, presets[i]);
    }
}

/* Layers [Flatten, Dropout, Dense with L2, Dropout, Dense], 7 × 10 = 70 draws a row in the second dropout:
 * no multiple of four. */
static LwModelSpec *
new_dropout_model (void)
{
  static const char config[]
    = "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"m\", \"layers\": ["
      "{\"class_name\": \"Flatten\", \"config\": {}},"
      "{\"class_name\": \"Dropout\", \"config\": {\"rate\": 0.25}},"
      "{\"class_name\": \"Dense\", \"config\": {\"units\": 70, \"activation\": \"relu\", \"kernel_regularizer\":"
      " {\"class_name\": \"L2\", \"config\": {\"l2\": 0.01}}}},"
      "{\"class_name\": \"Dropout\", \"config\": {\"rate\": 0.5}},"
      "{\"class_name\": \"Dense\", \"config\": {\"units\": 10}}],"
      " \"build_input_shape\": [null, 28, 28, 1]}, \"compile_config\": {\"optimizer\": \"adam\","
      " \"loss\": {\"class_name\": \"SparseCategoricalCrossentropy\", \"config\": {\"from_logits\": true}}}}";
  GError      *error = NULL;
  LwModelSpec *model = lw_keras_config_read (config, -1, &error);

  g_assert_no_error (error);
  return model;
}

static void
test_dropout_and_penalty (void)
{
  g_autoptr (LwModelSpec) model = new_dropout_model ();

  check_parts (model, "dropout and L2");
}

static void
test_plan (void)
{
  g_autoptr (LwModelSpec) mlp = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwModelSpec) tiny = lw_model_spec_new_preset ("tiny-cnn");
  g_autoptr (LwModelSpec) convnet = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwModelSpec) dropout = new_dropout_model ();
  g_autoptr (LwSpec)      norm = lw_spec_new (&lw_layer_class_find ("BatchNormalization")->spec, "norm");
  g_autoptr (LwModelSpec) joined = lw_model_spec_with_inserted (tiny, 1, norm);
  const LwShape           digit = LW_SHAPE (28, 28, 1), large = LW_SHAPE (512, 512, 1);
  LwBatchPlan             plan = lw_batch_plan_new (tiny, &digit);

  /* A few images of the small convnets fit a cache; and four of them are work enough for four threads. */
  g_assert_cmpuint (lw_batch_plan_get_rows (&plan, 32), ==, 4);
  g_assert_cmpuint (lw_batch_plan_count_parts (&plan, 32), ==, 8);
  g_assert_cmpuint (lw_batch_plan_get_rows (&plan, 4), ==, 1);
  g_assert_cmpuint (lw_batch_plan_get_rows (&plan, 1), ==, 1);
  g_assert_false (lw_batch_plan_is_small (&plan, 32));
  g_assert_true (lw_batch_plan_is_small (&plan, 1));
  plan = lw_batch_plan_new (convnet, &digit);
  g_assert_cmpuint (lw_batch_plan_get_rows (&plan, 128), <=, 4);

  /* One large image does not; a single one is all there is to share. */
  plan = lw_batch_plan_new (tiny, &large);
  g_assert_cmpuint (lw_batch_plan_get_rows (&plan, 3), ==, 1);
  g_assert_false (lw_batch_plan_is_small (&plan, 1));

  /* The mlp's usual batch stays whole, since its gradients outweigh its activations; it is one thread's. */
  plan = lw_batch_plan_new (mlp, &digit);
  g_assert_cmpuint (lw_batch_plan_count_parts (&plan, 32), ==, 1);
  g_assert_true (lw_batch_plan_is_small (&plan, 32));
  g_assert_false (lw_batch_plan_is_small (&plan, 256));

  /* 70 draws a row: every second one begins at a multiple of four. Never is a joined batch parted. */
  plan = lw_batch_plan_new (dropout, &digit);
  g_assert_cmpuint (plan.multiple, ==, 2);
  g_assert_cmpuint (lw_batch_plan_get_rows (&plan, 2000) % 2, ==, 0);
  plan = lw_batch_plan_new (joined, &digit);
  g_assert_cmpuint (lw_batch_plan_get_rows (&plan, 5000), ==, 5000);
  g_assert_false (lw_batch_plan_is_small (&plan, 32));

  /* Whatever the batch, its parts are even and cover it. */
  plan = lw_batch_plan_new (tiny, &digit);
  for (gsize n = 1; n < 600; n++)
    {
      const gsize rows = lw_batch_plan_get_rows (&plan, n);
      const guint n_parts = lw_batch_plan_count_parts (&plan, n);

      g_assert_cmpuint (rows * n_parts, >=, n);
      g_assert_cmpuint (rows * (n_parts - 1), <, n);
    }
}

/* One bad label in a later part: an error with its sentence, and nothing has moved. */
static void
test_error (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwTensor)    labels = lw_tensor_copy (images->train_labels, NULL);
  Outcome                 outcome = { 0 };
  g_autoptr (GError)      error = NULL;
  LwRng                  *rngs;
  guint                   n;

  ((gint32 *) lw_tensor_get_mutable_data (labels))[22] = 10;
  g_assert_false (differentiate (model, 2, N_IMAGES, 4, labels, &outcome, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
  g_assert_nonnull (strstr (error->message, "Label"));
  rngs = lw_sequential_get_rngs (outcome.sequential, &n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (rngs[i].counter, ==, 0);
  outcome_clear (&outcome);
}

int
main (int argc, char *argv[])
{
  int status;

  g_unsetenv ("LW_ISA");
  g_test_init (&argc, &argv, NULL);
  images = test_images_new (N_IMAGES, 10);
  g_test_add_func ("/batch-gradient/presets", test_presets);
  g_test_add_func ("/batch-gradient/dropout-and-penalty", test_dropout_and_penalty);
  g_test_add_func ("/batch-gradient/plan", test_plan);
  g_test_add_func ("/batch-gradient/error", test_error);
  status = g_test_run ();
  lw_images_unref (images);
  return status;
}
