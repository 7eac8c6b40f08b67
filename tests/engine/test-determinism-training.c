#include "train-tools.h"

#include "engine/io/keras_config.h"

#include <string.h>

/* The same weights, to the last bit, after STEPS steps of training: for any number of threads, and on
 * AVX2 as on AVX-512. Every preset, channel counts that do and do not fill a vector, and every optimizer
 * with each way of clipping. Runs are compared by a hash of their weights and slots. */

#define STEPS 200
/* No divisor of the number of images (so that each epoch ends in a short batch), and no multiple of the
 * parts that a convolution's weight gradient has. */
#define BATCH    13
#define N_IMAGES 100

static LwImages *images;

static LwDevice *
device_new (LwIsa isa, int threads)
{
  LwDevice *device = lw_device_new_with_kernels (lw_kernels_get (isa), threads, 0);

  g_assert_cmpint (lw_device_get_n_threads (device), ==, threads);
  return device;
}

static void
update (GChecksum *checksum, LwTensor *tensor)
{
  g_checksum_update (checksum, lw_tensor_get_data (tensor), (gssize) lw_tensor_get_byte_size (tensor));
}

static char *
hash_state (LwState *state)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < state->n_weights; i++)
    update (checksum, state->weights[i]);
  for (guint i = 0; i < state->n_slots; i++)
    update (checksum, state->slots[i]);
  return g_strdup (g_checksum_get_string (checksum));
}

/* The hash after so many steps. */
static char *
train (LwModelSpec *model, guint64 seed, LwIsa isa, int threads, guint steps)
{
  g_autoptr (LwDevice)   device = device_new (isa, threads);
  LwRunSettings          settings = LW_RUN_SETTINGS_STANDARD;
  GError                *error = NULL;
  g_autoptr (LwTraining) training = NULL;
  g_autoptr (LwState)    state = NULL;

  settings.batch_size = BATCH;
  settings.seed = seed;
  training = lw_training_new (device, model, &settings, images, &error);
  g_assert_no_error (error);
  test_take_steps (training, steps);
  state = lw_training_get_state (training);
  g_assert_true (test_state_is_finite (state));
  return hash_state (state);
}

static void
check (const char *what, LwModelSpec *model, const char *want, LwIsa isa, int threads, guint steps)
{
  g_autofree char *got = train (model, 1, isa, threads, steps);

  if (strcmp (got, want) != 0)
    g_error ("%s: after %u steps, the weights on %s with %d threads are others", what, steps, lw_isa_name (isa),
             threads);
}

/* The best instruction set on 1, 2, 3 and 8 threads; the others that fuse multiplication and addition
 * on some of them. Returns their one hash. */
static char *
check_model (const char *what, LwModelSpec *model)
{
  static const int threads[] = { 2, 3, 8 };
  const LwIsa      best = lw_kernels_best ()->isa;
  g_autofree char *want = train (model, 1, best, 1, STEPS);

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    check (what, model, want, best, threads[i], STEPS);
  for (LwIsa isa = LW_ISA_BASELINE + 1; isa < LW_N_ISAS; isa++)
    if (isa != best && lw_kernels_get (isa) != NULL)
      {
        check (what, model, want, isa, 1, STEPS);
        check (what, model, want, isa, 3, STEPS);
      }
  return g_steal_pointer (&want);
}

/* What has no fused multiplication and addition agrees with itself; it is slow, so fewer steps do. */
static void
check_baseline (const char *what, LwModelSpec *model)
{
  g_autofree char *want = NULL;

  if (lw_kernels_get (LW_ISA_BASELINE) == NULL)
    return;
  want = train (model, 1, LW_ISA_BASELINE, 1, STEPS / 20);
  check (what, model, want, LW_ISA_BASELINE, 2, STEPS / 20);
  check (what, model, want, LW_ISA_BASELINE, 3, STEPS / 20);
}

static void
test_preset (gconstpointer name)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (name);
  g_autofree char        *hash = check_model (name, model);

  g_assert_nonnull (hash);
  check_baseline (name, model);
}

/* Convolutions with every stride, padding and dilation, batch normalisation, both poolings, dropout. */
static LwModelSpec *
new_channels_model (int channels)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *config = g_strdup_printf (
      "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"channels\", \"layers\": ["
      "{\"class_name\": \"Conv2D\", \"config\": {\"filters\": %d, \"kernel_size\": 3, \"strides\": 2,"
      " \"padding\": \"same\", \"use_bias\": false}},"
      "{\"class_name\": \"BatchNormalization\", \"config\": {}}, {\"class_name\": \"ReLU\", \"config\": {}},"
      "{\"class_name\": \"Conv2D\", \"config\": {\"filters\": %d, \"kernel_size\": [3, 2], \"padding\": \"same\","
      " \"activation\": \"relu\"}},"
      "{\"class_name\": \"MaxPooling2D\", \"config\": {}},"
      "{\"class_name\": \"Conv2D\", \"config\": {\"filters\": %d, \"kernel_size\": 3, \"dilation_rate\": 2,"
      " \"activation\": \"tanh\"}},"
      "{\"class_name\": \"AveragePooling2D\", \"config\": {\"pool_size\": 2, \"strides\": 1,"
      " \"padding\": \"same\"}},"
      "{\"class_name\": \"Dropout\", \"config\": {\"rate\": 0.25}},"
      "{\"class_name\": \"GlobalAveragePooling2D\", \"config\": {}},"
      "{\"class_name\": \"Dense\", \"config\": {\"units\": 10}}],"
      " \"build_input_shape\": [null, 28, 28, 1]}, \"compile_config\": {\"optimizer\": \"adam\","
      " \"loss\": {\"class_name\": \"SparseCategoricalCrossentropy\", \"config\": {\"from_logits\": true}}}}",
      channels, channels, channels);
  LwModelSpec       *model = lw_keras_config_read (config, -1, &error);

  g_assert_no_error (error);
  return model;
}

static void
test_channels (gconstpointer data)
{
  const int               channels = GPOINTER_TO_INT (data);
  g_autoptr (LwModelSpec) model = new_channels_model (channels);
  g_autofree char        *what = g_strdup_printf ("%d channels", channels);
  g_autofree char        *hash = check_model (what, model);

  g_assert_nonnull (hash);
  check_baseline (what, model);
}

/* Replaces *spec by one in which `key` is the number x. */
static void
set (LwSpec **spec, const char *key, double x)
{
  GError *error = NULL;
  LwSpec *changed = lw_spec_with_value (*spec, key, (LwFieldValue) { .x = x }, &error);

  g_assert_no_error (error);
  lw_spec_unref (*spec);
  *spec = changed;
}

static void
set_true (LwSpec **spec, const char *key)
{
  GError              *error = NULL;
  g_autoptr (GVariant) yes = g_variant_ref_sink (g_variant_new_boolean (TRUE));
  LwSpec              *changed = lw_spec_with_variant (*spec, key, yes, &error);

  g_assert_no_error (error);
  lw_spec_unref (*spec);
  *spec = changed;
}

/* mlp: the first kernel has enough elements for threads to share its step and its norm. */
static char *
check_optimizer (const char *what, LwSpec *optimizer)
{
  g_autoptr (LwModelSpec) preset = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwModelSpec) model = lw_model_spec_with_optimizer (preset, optimizer);

  return check_model (what, model);
}

/* Every kind with each way of clipping, at limits that are met: no two give the same weights. */
static void
test_optimizer (gconstpointer name)
{
  static const struct {
    const char *key;
    double      limit;
  } clips[] = { { NULL, 0 }, { "clipnorm", 0.05 }, { "global_clipnorm", 0.05 }, { "clipvalue", 0.001 } };
  g_autoptr (GHashTable) hashes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (clips); i++)
    {
      g_autoptr (LwSpec) optimizer = lw_spec_new (lw_optimizer_class_find (name), NULL);
      g_autofree char   *what = g_strdup_printf ("%s, %s", (const char *) name,
                                                 clips[i].key != NULL ? clips[i].key : "no clipping");

      if (strcmp (name, "SGD") == 0)
        set (&optimizer, "momentum", 0.9);
      if (clips[i].key != NULL)
        set (&optimizer, clips[i].key, clips[i].limit);
      g_assert_true (g_hash_table_add (hashes, check_optimizer (what, optimizer)));
    }
}

/* What kinds have besides. */
static void
test_variants (void)
{
  g_autoptr (LwSpec) nesterov = lw_spec_new (lw_optimizer_class_find ("SGD"), NULL);
  g_autoptr (LwSpec) averaged = lw_spec_new (lw_optimizer_class_find ("Adam"), NULL);
  g_autoptr (LwSpec) centered = lw_spec_new (lw_optimizer_class_find ("RMSprop"), NULL);
  g_autofree char   *nesterov_hash = NULL, *averaged_hash = NULL, *centered_hash = NULL;

  set (&nesterov, "momentum", 0.9);
  set (&nesterov, "weight_decay", 0.01);
  set_true (&nesterov, "nesterov");
  nesterov_hash = check_optimizer ("nesterov", nesterov);

  set_true (&averaged, "amsgrad");
  set_true (&averaged, "use_ema");
  averaged_hash = check_optimizer ("amsgrad and averages", averaged);

  set (&centered, "momentum", 0.5);
  set_true (&centered, "centered");
  centered_hash = check_optimizer ("centered", centered);
  g_assert_cmpstr (nesterov_hash, !=, averaged_hash);
  g_assert_cmpstr (averaged_hash, !=, centered_hash);
}

/* The hash sees what it should: another seed, another step, another optimizer. */
static void
test_hash (void)
{
  const LwIsa             best = lw_kernels_best ()->isa;
  g_autoptr (LwModelSpec) adam = test_model_new ("logistic", "Adam", 0.001, 0);
  g_autoptr (LwModelSpec) sgd = test_model_new ("logistic", "SGD", 0.001, 0);
  g_autofree char        *first = train (adam, 1, best, 1, 20);
  g_autofree char        *again = train (adam, 1, best, 1, 20);
  g_autofree char        *seed = train (adam, 2, best, 1, 20);
  g_autofree char        *step = train (adam, 1, best, 1, 21);
  g_autofree char        *other = train (sgd, 1, best, 1, 20);

  g_assert_cmpstr (first, ==, again);
  g_assert_cmpstr (first, !=, seed);
  g_assert_cmpstr (first, !=, step);
  g_assert_cmpstr (first, !=, other);
}

int
main (int argc, char *argv[])
{
  static const char *const optimizers[] = { "SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Nadam" };
  static const int         channels[] = { 6, 8, 24, 40 };
  const char *const       *presets = lw_model_spec_get_presets ();
  int                      status;

  g_unsetenv ("LW_ISA");
  g_unsetenv ("LW_THREADS");
  g_test_init (&argc, &argv, NULL);
  images = test_images_new (N_IMAGES, 10);
  g_test_add_func ("/determinism-training/hash", test_hash);
  for (guint i = 0; presets[i] != NULL; i++)
    {
      g_autofree char *path = g_strconcat ("/determinism-training/preset/", presets[i], NULL);

      g_test_add_data_func (path, presets[i], test_preset);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (channels); i++)
    {
      g_autofree char *path = g_strdup_printf ("/determinism-training/channels/%d", channels[i]);

      g_test_add_data_func (path, GINT_TO_POINTER (channels[i]), test_channels);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (optimizers); i++)
    {
      g_autofree char *path = g_strconcat ("/determinism-training/optimizer/", optimizers[i], NULL);

      g_test_add_data_func (path, optimizers[i], test_optimizer);
    }
  g_test_add_func ("/determinism-training/optimizer-variants", test_variants);
  status = g_test_run ();
  lw_images_unref (images);
  return status;
}
