#include "train-tools.h"

#include "engine/train/batch_gradient.h"

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
differentiate (LwModelSpec *model, int threads, gsize n, guint part, LwTensor *labels, Outcome *outcome,
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
  ok = lw_batch_gradient (outcome->sequential, s, lw_images_scale (s, batch), labels, part, outcome->grads,
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

/* Every part size and short rests, on one thread and on several, against the whole. */
static void
check_parts (LwModelSpec *model, const char *what)
{
  static const struct {
    gsize n;
    guint part;
  } cases[] = { { 40, 4 }, { 40, 8 }, { 37, 4 }, { 33, 12 }, { 9, 4 }, { 5, 4 }, { 40, 20 } };

  for (gsize c = 0; c < G_N_ELEMENTS (cases); c++)
    {
      Outcome whole = { 0 }, alone = { 0 }, shared = { 0 };
      LwRng  *rngs, *whole_rngs;
      guint   n_rngs;
      GError *error = NULL;

      g_assert_cmpuint (lw_batch_gradient_count_parts (cases[c].n, cases[c].part), >, 1);
      g_assert_true (differentiate (model, 1, cases[c].n, G_MAXUINT, images->train_labels, &whole, &error));
      g_assert_true (differentiate (model, 1, cases[c].n, cases[c].part, images->train_labels, &alone, &error));
      g_assert_true (differentiate (model, 3, cases[c].n, cases[c].part, images->train_labels, &shared, &error));
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
test_sizes (void)
{
  g_autoptr (LwModelSpec) mlp = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwModelSpec) tiny = lw_model_spec_new_preset ("tiny-cnn");
  g_autoptr (LwSpec)      norm = lw_spec_new (&lw_layer_class_find ("BatchNormalization")->spec, "norm");
  g_autoptr (LwModelSpec) joined = lw_model_spec_with_inserted (tiny, 1, norm);
  const LwShape           digit = LW_SHAPE (28, 28, 1), large = LW_SHAPE (512, 512, 1);
  const guint             part = lw_batch_gradient_get_part (tiny, &digit);

  /* Four images of the small convnet fit a cache; large ones make do with as few as may be; the batch that
   * the mlp is trained in stays whole, since its gradients outweigh its activations. */
  g_assert_cmpuint (part, ==, 4);
  g_assert_cmpuint (lw_batch_gradient_get_part (tiny, &large), ==, 4);
  g_assert_cmpuint (lw_batch_gradient_get_part (mlp, &digit), >, 32);
  g_assert_cmpuint (lw_batch_gradient_get_part (joined, &digit), ==, G_MAXUINT);

  /* Little work for threads to share. */
  g_assert_true (lw_batch_gradient_is_small (mlp, &digit, 32));
  g_assert_false (lw_batch_gradient_is_small (mlp, &digit, 256));
  g_assert_false (lw_batch_gradient_is_small (tiny, &digit, 32));
  g_assert_true (lw_batch_gradient_is_small (joined, &digit, 1));
  g_assert_false (lw_batch_gradient_is_small (joined, &digit, 32));

  g_assert_cmpuint (lw_batch_gradient_count_parts (32, 4), ==, 8);
  g_assert_cmpuint (lw_batch_gradient_count_parts (32, 12), ==, 4);
  g_assert_cmpuint (lw_batch_gradient_count_parts (32, G_MAXUINT), ==, 1);
  g_assert_cmpuint (lw_batch_gradient_count_parts (1, 4), ==, 1);
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
  g_test_add_func ("/batch-gradient/sizes", test_sizes);
  g_test_add_func ("/batch-gradient/error", test_error);
  status = g_test_run ();
  lw_images_unref (images);
  return status;
}
