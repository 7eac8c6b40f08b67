#include "train-tools.h"

#include "engine/nn/layers/layers.h"
#include "engine/train/batch_plan.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* What a training step takes of memory. A steady one asks the system for nothing: the pool's blocks and
 * what malloc holds stay as they are, and it takes few small pieces from malloc, in a number that
 * depends on the model alone. */

#define WARM_UP 50
#define STEPS   200

/* Parts of the batch over which a convolution's weight gradient is summed. */
#define N_CHUNKS 8

/* What one step may take from malloc besides: for the batch, for each of the parts it is taken in with its
 * scope and tape, and for each layer there. */
#define PIECES_BASE      60
#define PIECES_PER_PART  30
#define PIECES_PER_LAYER 32

#define BATCH 24

/* Bytes that malloc may count more or fewer as taken: what it keeps for a thread counts as such. A piece
 * lost in each step would be 32 bytes at least. */
#define KEPT (STEPS * 24)

/* Bytes by which another thread's arena may still grow, a page at a time: how many parts it takes at once is a
 * matter of chance. What were lost in steps would count as taken. */
#define THREADS_ARENA 32768

#ifndef __has_feature
#define __has_feature(x) 0
#endif
/* The sanitizers have a malloc of their own. */
#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__) || __has_feature (address_sanitizer)          \
    || __has_feature (thread_sanitizer) || !defined (__GLIBC__)
#define COUNTS 0
#else
#define COUNTS 1
#endif

static gint n_pieces; /* atomic: pieces taken from malloc by any thread */

#if COUNTS
extern void *__libc_malloc (size_t size);
extern void *__libc_calloc (size_t n, size_t size);
extern void *__libc_realloc (void *memory, size_t size);
extern void *__libc_memalign (size_t alignment, size_t size);

void *
malloc (size_t size)
{
  __atomic_add_fetch (&n_pieces, 1, __ATOMIC_RELAXED);
  return __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  __atomic_add_fetch (&n_pieces, 1, __ATOMIC_RELAXED);
  return __libc_calloc (n, size);
}

void *
realloc (void *memory, size_t size)
{
  __atomic_add_fetch (&n_pieces, 1, __ATOMIC_RELAXED);
  return __libc_realloc (memory, size);
}

void *
aligned_alloc (size_t alignment, size_t size)
{
  __atomic_add_fetch (&n_pieces, 1, __ATOMIC_RELAXED);
  return __libc_memalign (alignment, size);
}
#endif

typedef struct {
  guint64 blocks;
  gsize   from_system; /* bytes malloc has from the system */
  gsize   in_use;      /* bytes of those that are taken */
  gint    pieces;
} Usage;

static Usage
measure (LwTraining *training)
{
  LwDevice *device = lw_training_get_device (training);
  Usage     usage = { .blocks = lw_device_get_n_system_blocks (device) };

#if COUNTS
  const struct mallinfo2 info = mallinfo2 ();

  usage.from_system = info.arena + info.hblkhd;
  usage.in_use = info.uordblks + info.hblkhd;
#endif
  usage.pieces = __atomic_load_n (&n_pieces, __ATOMIC_RELAXED);
  return usage;
}

static void
check_steady (const char *preset, int threads)
{
  g_autoptr (LwImages)    images = test_images_new (72, 10);
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (preset);
  LwRunSettings           settings = LW_RUN_SETTINGS_STANDARD;
  g_autoptr (LwTraining)  training = NULL;
  const guint             n_layers = lw_model_spec_get_n_layers (model);
  const LwBatchPlan       plan = lw_batch_plan_new (model, &LW_SHAPE (28, 28, 1));
  gint                    n_parts;
  Usage                   before, after;

  /* Whole batches of whole parts only: each step is like the one before, whichever thread takes what. */
  settings.batch_size = BATCH;
  n_parts = (gint) lw_batch_plan_count_parts (&plan, BATCH);
  training = test_training_new (model, &settings, images, threads);
  test_take_steps (training, WARM_UP);
  before = measure (training);
  test_take_steps (training, STEPS);
  after = measure (training);

  g_test_message ("%s, %d threads: %" G_GUINT64_FORMAT " blocks, %.1f pieces a step, malloc's bytes grew by %"
                  G_GSSIZE_FORMAT " from the system and by %" G_GSSIZE_FORMAT " in use",
                  preset, threads, after.blocks, (double) (after.pieces - before.pieces) / STEPS,
                  (gssize) (after.from_system - before.from_system), (gssize) (after.in_use - before.in_use));
  g_assert_cmpuint (after.blocks, ==, before.blocks);
  g_assert_cmpuint (after.from_system, <=, before.from_system + (threads > 1 ? THREADS_ARENA : 0));
  g_assert_cmpuint (after.in_use, <=, before.in_use + KEPT);
  g_assert_cmpint (after.pieces - before.pieces, <=,
                   STEPS * (PIECES_BASE + n_parts * (gint) (PIECES_PER_PART + PIECES_PER_LAYER * n_layers)));
}

/* -- memory -- */

static gsize
sum_bytes (guint n, LwTensor *const *tensors)
{
  gsize sum = 0;

  for (guint i = 0; i < n; i++)
    sum += lw_tensor_get_byte_size (tensors[i]);
  return sum;
}

/* What a layer keeps for the way back: its output; again before an activation that is an op of its
 * own; and a byte for each element that pooling chose or dropout kept. */
static gsize
kept_by (LwModelSpec *model, guint i, gsize *output)
{
  const LwSpec *layer = lw_model_spec_get_layer (model, i);
  const char   *name = lw_spec_get_class (layer)->class_name;
  gsize         count, extra = 0;

  g_assert_true (lw_shape_get_count (&lw_model_spec_get_info (model, i)->output, &count));
  *output = count * sizeof (float);
  if (strcmp (name, "Flatten") == 0)
    return 0; /* a view */
  if (strcmp (name, "MaxPooling2D") == 0 || strcmp (name, "Dropout") == 0)
    extra = count;
  if (strcmp (name, "Conv2D") == 0 || strcmp (name, "Dense") == 0)
    {
      LwActivation activation = lw_layer_get_activation (layer);

      if (activation != LW_ACTIVATION_LINEAR && activation != LW_ACTIVATION_RELU)
        extra = *output;
    }
  return *output + extra;
}

/* At most the activations, the two largest gradients of activations, and the parameters three times
 * and once for each chunk of the batch over which a gradient is summed; and a tenth of all that. */
static void
test_memory (gconstpointer preset)
{
  g_autoptr (LwModelSpec) any_size = lw_model_spec_new_preset (preset);
  g_autoptr (LwModelSpec) model = lw_model_spec_with_input (any_size, &LW_SHAPE (28, 28, 1));
  g_autoptr (LwImages)    images = test_images_new (512, 10);
  LwRunSettings           settings = LW_RUN_SETTINGS_STANDARD;
  g_autoptr (LwTraining)  training = NULL;
  g_autoptr (LwState)     state = NULL;
  gsize                   activations = 28 * 28 * (sizeof (guint8) + sizeof (float));
  gsize                   largest[2] = { 0, 0 }, parameters, held, peak;
  double                  bound;

  settings.batch_size = lw_preset_get_batch_size (preset);
  training = test_training_new (model, &settings, images, 2);
  test_take_steps (training, 5);
  state = lw_training_get_state (training);
  for (guint i = 0; i < lw_model_spec_get_n_layers (model); i++)
    {
      gsize output;

      activations += kept_by (model, i, &output);
      if (output > largest[0])
        {
          largest[1] = largest[0];
          largest[0] = output;
        }
      else if (output > largest[1])
        largest[1] = output;
    }
  parameters = sum_bytes (state->n_weights, state->weights);
  bound = 1.1 * ((double) settings.batch_size * (double) (activations + largest[0] + largest[1])
                 + (double) parameters * (3 + N_CHUNKS));

  /* Weights and slots are variables' own; the rest comes from the device's pool. */
  held = parameters + sum_bytes (state->n_slots, state->slots);
  peak = lw_device_get_peak (lw_training_get_device (training));
  g_test_message ("%s: %.2f MB held and %.2f MB at the peak, of %.2f MB", (const char *) preset,
                  (double) held / 1e6, (double) peak / 1e6, bound / 1e6);
  g_assert_cmpfloat ((double) (held + peak), <=, bound);
}

/* -- the program -- */

static void
test_preset (gconstpointer preset)
{
  check_steady (preset, 1);
  check_steady (preset, 2);
}

int
main (int argc, char *argv[])
{
  const char *const *presets = lw_model_spec_get_presets ();

  g_unsetenv ("LW_THREADS");
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; presets[i] != NULL; i++)
    {
      g_autofree char *path = g_strconcat ("/steady/", presets[i], NULL);

      g_autofree char *memory = g_strconcat ("/steady/memory/", presets[i], NULL);

      g_test_add_data_func (path, presets[i], test_preset);
      g_test_add_data_func (memory, presets[i], test_memory);
    }
  return g_test_run ();
}
