#include "tests/bench/bench.h"

#include "engine/nn/layers/layers.h"

#include <malloc.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Whole steps and whole predictions, as the command line trains and the digit pad predicts. */

/* Multiplications and additions of a layer's matrix product: for each output element, one pair for
 * each weight that it depends on. 0 for a layer without a matrix of weights. */
static double
product_cost (const LwLayerInfo *info)
{
  double cost;

  if (info == NULL || info->n_weights == 0 || info->weights[0].shape.rank < 2)
    return 0;
  cost = 2 * lw_shape_get_volume (&info->output)
         / (double) info->output.dims[info->output.rank - 1];
  for (int i = 0; i < info->weights[0].shape.rank; i++)
    cost *= (double) info->weights[0].shape.dims[i];
  return cost;
}

static double
cost_of (LwModelSpec *model, int height, int width, gboolean training)
{
  const gint64             channels = lw_model_spec_get_input (model)->dims[2];
  g_autoptr (LwModelSpec)  sized
    = lw_model_spec_with_input (model, &LW_SHAPE (height, width, channels));
  double                   sum = 0;

  for (guint i = 0; i < lw_model_spec_get_n_layers (sized); i++)
    {
      const double   cost = product_cost (lw_model_spec_get_info (sized, i));
      const gboolean first = sum == 0;

      sum += !training ? cost : first ? 2 * cost : 3 * cost;
    }
  return sum;
}

double
bench_training_cost (LwModelSpec *model, int height, int width)
{
  return cost_of (model, height, width, TRUE);
}

double
bench_inference_cost (LwModelSpec *model, int height, int width)
{
  return cost_of (model, height, width, FALSE);
}

LwTraining *
bench_training_new (LwDevice *device, const char *preset, LwImages *images)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (preset);
  g_autoptr (GError)      error = NULL;
  LwRunSettings           settings = LW_RUN_SETTINGS_STANDARD;
  LwTraining             *training;

  settings.batch_size = lw_preset_get_batch_size (preset);
  training = lw_training_new (device, model, &settings, images, &error);
  if (training == NULL)
    g_error ("%s: %s", preset, error->message);
  return training;
}

static guint64
take_step (LwTraining *training)
{
  LwHistoryPoint     point;
  g_autoptr (GError) error = NULL;

  if (!lw_training_step (training, &point, &error))
    g_error ("%s", error->message);
  return (guint64) point.n_images;
}

double
bench_training_speed (LwTraining *training, double seconds)
{
  const double begin = bench_now ();
  double       taken;
  guint64      n = 0;

  do
    {
      n += take_step (training);
      taken = bench_now () - begin;
    }
  while (taken < seconds);
  return (double) n / taken;
}

LwState *
bench_state_new (LwDevice *device, const char *preset, LwImages *images)
{
  g_autoptr (LwTraining) training = bench_training_new (device, preset, images);

  for (int i = 0; i < 20; i++)
    take_step (training);
  return lw_training_get_state (training);
}

double
bench_evaluation_speed (LwState *state, LwDevice *device, LwImages *images, double seconds)
{
  const double       begin = bench_now ();
  double             taken;
  double             n = 0;
  LwEvaluation       result;
  g_autoptr (GError) error = NULL;

  do
    {
      if (!lw_state_evaluate (state, device, images->test_images, images->test_labels, &result,
                              &error))
        g_error ("%s", error->message);
      n += (double) result.n_images;
      taken = bench_now () - begin;
    }
  while (taken < seconds);
  return n / taken;
}

double
bench_latency (LwState *state, LwDevice *device, LwImages *images, double seconds)
{
  enum { MAX_SAMPLES = 100000 };
  const double         end = bench_now () + seconds;
  const gint64         height = lw_tensor_get_dim (images->test_images, 1);
  const gint64         width = lw_tensor_get_dim (images->test_images, 2);
  const guint8        *pixels = lw_tensor_get_data (images->test_images);
  g_autoptr (LwTensor) x = lw_tensor_new (NULL, LW_FLOAT32, &LW_SHAPE (1, height, width, 1), NULL);
  float               *values = lw_tensor_get_mutable_data (x);
  g_autofree double   *samples = g_new (double, MAX_SAMPLES);
  guint                n = 0;

  for (gint64 i = 0; i < height * width; i++)
    values[i] = (float) pixels[i] / 255.f;
  do
    {
      const double         begin = bench_now ();
      g_autoptr (GError)   error = NULL;
      g_autoptr (LwTensor) answer
        = lw_state_predict_probabilities (state, device, x, &error);

      samples[n++] = (bench_now () - begin) * 1e6;
      if (answer == NULL)
        g_error ("%s", error->message);
    }
  while (n < MAX_SAMPLES && bench_now () < end);
  return bench_median (n, samples);
}

/* Bytes that malloc holds of the system, in all its arenas. */
static double
malloc_held (void)
{
  const struct mallinfo2 info = mallinfo2 ();

  return (double) info.arena + (double) info.hblkhd;
}

static const char *const presets[] = { "tiny-cnn", "mlp", "convnet" };

#define N_PRESETS G_N_ELEMENTS (presets)

typedef struct {
  LwDevice   *device;
  LwTraining *training;
  LwState    *state;
  double      peaks[BENCH_MAX_ROUNDS];
  double      values[BENCH_MAX_ROUNDS];
  double      blocks[N_PRESETS], bytes[N_PRESETS]; /* asked of the system, a steady step */
} Side;

static void
sides_clear (Side *sides, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      g_clear_pointer (&sides[i].training, lw_training_free);
      g_clear_pointer (&sides[i].state, lw_state_unref);
    }
}

static void
count_allocations (Side *side, gsize preset, guint n_steps)
{
  const double  held = malloc_held ();
  const guint64 blocks = lw_device_get_n_system_blocks (side->device);

  for (guint i = 0; i < n_steps; i++)
    take_step (side->training);
  side->blocks[preset] = (double) (lw_device_get_n_system_blocks (side->device) - blocks)
                         / n_steps;
  side->bytes[preset] = (malloc_held () - held) / n_steps;
}

static void
row_of (BenchReport *report, const char *name, Side *side, guint rounds, double cost,
        const char *unit)
{
  const double peak = bench_median (rounds, side->peaks);
  const double value = bench_median (rounds, side->values);

  bench_report_row (report,
                    &(BenchRow){ .name = name, .threads = lw_device_get_n_threads (side->device),
                                 .value = value, .unit = unit, .share = value * cost / peak });
}

static void
bench_training (BenchReport *report, const BenchOptions *options, Side *sides, gsize n,
                gsize number, LwImages *images)
{
  const char *const       preset = presets[number];
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (preset);
  const double            cost = bench_training_cost (model, 28, 28);
  g_autofree char        *name = g_strdup_printf ("%s, batch %u, %.3g MFLOP", preset,
                                                  lw_preset_get_batch_size (preset), cost * 1e-6);

  for (gsize i = 0; i < n; i++)
    {
      sides[i].training = bench_training_new (sides[i].device, preset, images);
      bench_training_speed (sides[i].training, options->spell / 2);
    }
  for (guint round = 0; round < options->rounds; round++)
    for (gsize i = 0; i < n; i++)
      {
        sides[i].peaks[round] = bench_peak (sides[i].device, options->spell / 20);
        sides[i].values[round] = bench_training_speed (sides[i].training, options->spell);
      }
  for (gsize i = 0; i < n; i++)
    row_of (report, name, &sides[i], options->rounds, cost, "samples/s");
  for (gsize i = 0; i < n; i++)
    count_allocations (&sides[i], number, options->brief ? 8 : 200);
  sides_clear (sides, n);
}

static void
bench_inference (BenchReport *report, const BenchOptions *options, Side *sides, gsize n,
                 LwImages *images)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("tiny-cnn");
  const double            cost = bench_inference_cost (model, 28, 28);
  double                  latencies[BENCH_MAX_ROUNDS];
  double                  latency;

  bench_report_section (report, "Inference, tiny-cnn");
  for (gsize i = 0; i < n; i++)
    sides[i].state = bench_state_new (sides[i].device, "tiny-cnn", images);
  for (guint round = 0; round < options->rounds; round++)
    {
      latencies[round] = bench_latency (sides[0].state, sides[0].device, images, options->spell / 2);
      for (gsize i = 0; i < n; i++)
        {
          sides[i].peaks[round] = bench_peak (sides[i].device, options->spell / 20);
          sides[i].values[round]
            = bench_evaluation_speed (sides[i].state, sides[i].device, images, options->spell);
        }
    }
  latency = bench_median (options->rounds, latencies);
  bench_report_row (report, &(BenchRow){ .name = "one image (the digit pad)", .threads = 1,
                                         .value = latency, .unit = "us" });
  for (gsize i = 0; i < n; i++)
    row_of (report, "all test images", &sides[i], options->rounds, cost, "images/s");
  sides_clear (sides, n);
}

void
bench_workloads (BenchReport *report, const BenchOptions *options, LwDevice *one, LwDevice *all,
                 LwImages *images)
{
  Side        sides[2] = { { .device = one }, { .device = all } };
  const gsize n = one == all ? 1 : 2;

  bench_report_section (report, "Training");
  for (gsize i = 0; i < N_PRESETS; i++)
    bench_training (report, options, sides, n, i, images);
  bench_report_section (report, "Asked of the system in a steady training step");
  for (gsize i = 0; i < N_PRESETS; i++)
    for (gsize side = 0; side < n; side++)
      {
        const int        n_threads = lw_device_get_n_threads (sides[side].device);
        g_autofree char *blocks = g_strdup_printf ("%s, blocks of the pool", presets[i]);
        g_autofree char *bytes = g_strdup_printf ("%s, growth of malloc's arenas", presets[i]);

        bench_report_row (report, &(BenchRow){ .name = blocks, .threads = n_threads, .unit = "blocks",
                                               .value = sides[side].blocks[i] });
        bench_report_row (report, &(BenchRow){ .name = bytes, .threads = n_threads, .unit = "bytes",
                                               .value = sides[side].bytes[i] });
      }
  bench_inference (report, options, sides, n, images);
}

void
bench_peak_memory (BenchReport *report, const BenchOptions *options, const char *cli)
{
  const char *const  arguments[] = { cli, "train", "--preset", "tiny-cnn", "--quiet",
                                     options->brief ? "--steps" : "--epochs",
                                     options->brief ? "20" : "1", NULL };
  g_autoptr (GError) error = NULL;
  struct rusage      usage;
  GPid               child;
  int                status;

  bench_report_section (report, "Memory");
  if (!g_spawn_async (NULL, (char **) arguments, NULL,
                      G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, &child,
                      &error))
    {
      g_printerr ("layerwise-bench: %s could not be run: %s; build app/layerwise-cli or name it by "
                  "--cli\n", cli, error->message);
      return;
    }
  while (wait4 (child, &status, 0, &usage) < 0)
    ;
  g_spawn_close_pid (child);
  if (!WIFEXITED (status) || WEXITSTATUS (status) != 0)
    {
      g_printerr ("layerwise-bench: %s train failed; its peak memory is not known\n", cli);
      return;
    }
  bench_report_row (report, &(BenchRow){ .name = "most held by train --preset tiny-cnn",
                                         .value = (double) usage.ru_maxrss * 1024 * 1e-6,
                                         .unit = "MB" });
}
