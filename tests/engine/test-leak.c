#include "train-tools.h"

#include "engine/autodiff/tape.h"
#include "engine/io/keras_config.h"
#include "engine/nn/loss.h"
#include "engine/nn/optimizer.h"
#include "engine/nn/sequential.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Training holds on to nothing: after STEADY steps a step asks the pool for no new block, and 9,800
 * steps later the process is at most GROWTH bytes larger. A pointer lost in each step would be
 * 9,800 · 32 bytes, more than twice that. */

#define STEADY 200
#define STEPS  10000
#define GROWTH (128 * 1024)

#ifndef __has_feature
#define __has_feature(x) 0
#endif
/* The sanitizers keep what is freed for a while; they look for leaks by themselves. */
#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__) || __has_feature (address_sanitizer)          \
    || __has_feature (thread_sanitizer)
#define GROWS_BY_ITSELF 1
#else
#define GROWS_BY_ITSELF 0
#endif

#define CONV "{\"class_name\": \"Conv2D\", \"config\": {\"filters\": 3, \"kernel_size\": 3, \"padding\": \"same\"}}"
#define LAYER(name) "{\"class_name\": \"" name "\", \"config\": {}}"

/* Between them, one of each class, in shapes that fit images of 8×8×1. */
static const char *const models[] = {
  "{\"class_name\": \"Rescaling\", \"config\": {\"scale\": 0.5}}," CONV "," LAYER ("BatchNormalization") ","
  LAYER ("ReLU") "," LAYER ("MaxPooling2D") ","
  "{\"class_name\": \"Conv2D\", \"config\": {\"filters\": 4, \"kernel_size\": 3, \"activation\": \"tanh\"}},"
  "{\"class_name\": \"Activation\", \"config\": {\"activation\": \"sigmoid\"}}," LAYER ("AveragePooling2D") ","
  "{\"class_name\": \"Dropout\", \"config\": {\"rate\": 0.25}},"
  "{\"class_name\": \"Reshape\", \"config\": {\"target_shape\": [2, 2]}}," LAYER ("Flatten") ","
  "{\"class_name\": \"Dense\", \"config\": {\"units\": 4}}," LAYER ("Softmax"),
  CONV "," LAYER ("GlobalAveragePooling2D"),
  CONV "," LAYER ("GlobalMaxPooling2D"),
};

typedef struct {
  gint64  resident; /* bytes */
  guint64 blocks;
} Memory;

static gint64
get_resident (void)
{
  g_autofree char *text = NULL;
  const char      *line;

  g_assert_true (g_file_get_contents ("/proc/self/status", &text, NULL, NULL));
  line = strstr (text, "VmRSS:");
  g_assert_nonnull (line);
  return g_ascii_strtoll (line + strlen ("VmRSS:"), NULL, 10) * 1024;
}

static Memory
measure (LwDevice *device)
{
  return (Memory) { get_resident (), lw_device_get_n_system_blocks (device) };
}

static void
check_steady (const char *what, Memory before, Memory after)
{
  const gint64 growth = after.resident - before.resident;

  g_test_message ("%s: %" G_GINT64_FORMAT " KiB, grown by %" G_GINT64_FORMAT " KiB in %d steps, %" G_GUINT64_FORMAT
                  " blocks",
                  what, before.resident / 1024, growth / 1024, STEPS - STEADY, after.blocks);
  g_assert_cmpuint (after.blocks, ==, before.blocks);
  if (!GROWS_BY_ITSELF)
    g_assert_cmpint (growth, <=, GROWTH);
}

static LwModelSpec *
read_model (const char *layers)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *config
      = g_strdup_printf ("{\"class_name\": \"Sequential\", \"config\": {\"name\": \"steady\", \"layers\": [%s], "
                         "\"build_input_shape\": [null, 8, 8, 1]}, \"compile_config\": {\"optimizer\": \"adam\"}}",
                         layers);
  LwModelSpec       *model = lw_keras_config_read (config, -1, &error);

  g_assert_no_error (error);
  return model;
}

/* A hand-written train_step(). */
static double
train_step (LwDevice *device, LwSequential *sequential, LwOptimizer *optimizer, LwTensor *x, LwTensor *labels)
{
  const LwModelSpec *model = lw_sequential_get_model (sequential);
  g_autoptr (GError) error = NULL;
  LwScope           *s = lw_scope_begin (device);
  LwTape            *tape = lw_tape_begin (s, FALSE);
  LwTensor          *grads[LW_MAX_LAYER_WEIGHTS * 4], *loss;
  LwVariable *const *variables;
  guint              n;
  double             value;

  variables = lw_sequential_get_trainable_variables (sequential, &n);
  g_assert_cmpuint (n, <=, G_N_ELEMENTS (grads));
  loss = lw_loss_call (s, lw_model_spec_get_loss (model), labels, lw_sequential_call (sequential, s, x, TRUE));
  lw_tape_gradient_of_variables (tape, s, loss, n, variables, grads, &error);
  g_assert_no_error (error);
  lw_optimizer_apply_gradients (optimizer, s, n, grads, &error);
  g_assert_no_error (error);
  value = lw_tensor_get_value (loss, 0);
  lw_tape_free (tape);
  lw_scope_end (s, &error);
  g_assert_no_error (error);
  return value;
}

static void
test_layers (gconstpointer layers)
{
  static const gint32      classes[] = { 0, 1, 2 };
  g_autoptr (GError)       error = NULL;
  g_autoptr (LwModelSpec)  model = read_model (layers);
  g_autoptr (LwSequential) sequential = lw_sequential_new (model, 1, &error);
  g_autoptr (LwDevice)     device = lw_device_new (1, 0, NULL);
  g_autoptr (LwOptimizer)  optimizer = NULL;
  g_autoptr (LwTensor)     x = lw_tensor_new (NULL, LW_FLOAT32, &LW_SHAPE (3, 8, 8, 1), NULL);
  g_autoptr (LwTensor)     labels = lw_tensor_new_from_data (NULL, LW_INT32, &LW_SHAPE (3), classes, NULL);
  LwRng                    rng = lw_rng_new (3, 99);
  Memory                   before = { 0 };
  LwVariable *const       *variables;
  guint                    n;
  double                   first = 0, last = 0;

  g_assert_no_error (error);
  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    ((float *) lw_tensor_get_mutable_data (x))[i] = (float) lw_rng_next_double (&rng);
  variables = lw_sequential_get_trainable_variables (sequential, &n);
  optimizer = lw_optimizer_new (lw_model_spec_get_optimizer (model), n, variables, &error);
  g_assert_no_error (error);

  for (int step = 1; step <= STEPS; step++)
    {
      last = train_step (device, sequential, optimizer, x, labels);
      if (step == 1)
        first = last;
      if (step == STEADY)
        before = measure (device);
    }
  check_steady (layers, before, measure (device));
  g_assert_cmpfloat (last, <, first);
}

/* One of every class that there is trains in one of the models. */
static void
test_all_classes (void)
{
  guint                      n;
  const LwLayerClass *const *classes = lw_layer_classes (&n);

  for (guint i = 0; i < n; i++)
    {
      gboolean found = FALSE;

      for (gsize m = 0; m < G_N_ELEMENTS (models); m++)
        {
          g_autofree char *quoted = g_strdup_printf ("\"%s\"", classes[i]->spec.class_name);

          found |= strstr (models[m], quoted) != NULL;
        }
      if (!found)
        g_test_fail_printf ("no model here has a %s", classes[i]->spec.class_name);
    }
}

/* The trainer's own loop, over a shuffled data set, with a snapshot now and then. */
static void
test_training (void)
{
  g_autoptr (LwImages)    images = test_images_new (40, 10);
  g_autoptr (LwModelSpec) model = test_model_new ("logistic", "Adam", 0.001, 0);
  LwRunSettings           settings = LW_RUN_SETTINGS_STANDARD;
  g_autoptr (LwTraining)  training = NULL;
  Memory                  before = { 0 };

  settings.batch_size = 4;
  training = test_training_new (model, &settings, images, 1);
  for (int step = 1; step <= STEPS; step++)
    {
      test_take_steps (training, 1);
      if (step % 50 == 0)
        lw_state_unref (lw_training_get_state (training));
      if (step == STEADY)
        before = measure (lw_training_get_device (training));
    }
  check_steady ("training", before, measure (lw_training_get_device (training)));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/leak/every-layer", models[0], test_layers);
  g_test_add_data_func ("/leak/global-average", models[1], test_layers);
  g_test_add_data_func ("/leak/global-max", models[2], test_layers);
  g_test_add_func ("/leak/all-classes", test_all_classes);
  g_test_add_func ("/leak/training", test_training);
  return g_test_run ();
}
