#include "tests/bench/bench.h"

#include "engine/nn/layers/layers.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

/* How the time of a training step grows with all that may grow. Models are `depth` convolutions of
 * 3×3 with relu, averaged over the image, and Dense 10; the images are noise. Beside each time stands
 * the local slope: the logarithm of the time's growth over that of the arithmetic's, 1 where the cost
 * is linear in it. */

/* Slopes further than this from 1 are spoken of. */
#define SLOPE_TOLERANCE 0.15

typedef struct {
  int      batch, size, channels, depth;
  gboolean same; /* padding: keeps the image's size, so that layers cost alike */
} Shape;

static const Shape tiny_cnn = { .batch = 32, .size = 28, .channels = 16, .depth = 2 };

static LwTensor *
noise_images (gint64 n, gint64 size)
{
  LwTensor *images = lw_tensor_new (NULL, LW_UINT8, &LW_SHAPE (n, size, size), NULL);
  guint8   *pixels = lw_tensor_get_mutable_data (images);
  guint32   state = 1;

  for (gint64 i = 0; i < n * size * size; i++)
    {
      state = state * 1664525u + 1013904223u; /* Knuth's linear congruential generator */
      pixels[i] = (guint8) (state >> 24);
    }
  return images;
}

static LwTensor *
labels_for (gint64 n)
{
  LwTensor *labels = lw_tensor_new (NULL, LW_INT32, &LW_SHAPE (n), NULL);
  gint32   *values = lw_tensor_get_mutable_data (labels);

  for (gint64 i = 0; i < n; i++)
    values[i] = (gint32) (i % LW_IMAGES_N_CLASSES);
  return labels;
}

static LwImages *
images_new (gint64 n, gint64 size)
{
  LwImages *images = g_new0 (LwImages, 1);

  g_atomic_ref_count_init (&images->ref_count);
  images->train_images = noise_images (n, size);
  images->train_labels = labels_for (n);
  images->test_images = noise_images (1, size);
  images->test_labels = labels_for (1);
  images->name = g_strdup ("Noise");
  return images;
}

static LwModelSpec *
append (LwModelSpec *model, LwSpec *layer)
{
  LwModelSpec *longer
    = lw_model_spec_with_inserted (model, lw_model_spec_get_n_layers (model), layer);

  lw_model_spec_unref (model);
  lw_spec_unref (layer);
  return longer;
}

static LwModelSpec *
model_new (const Shape *shape)
{
  LwModelSpec     *model = lw_model_spec_new ("scale", &LW_SHAPE (shape->size, shape->size, 1));
  g_autofree char *text
    = g_strdup_printf ("{'filters': <int64 %d>, 'padding': <'%s'>}", shape->channels,
                       shape->same ? "same" : "valid");

  for (int i = 0; i < shape->depth; i++)
    {
      g_autoptr (GVariant) values = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);
      LwSpec              *conv = lw_spec_new (&lw_conv2d_class.spec, NULL);
      GVariantIter         iter;
      const char          *key;
      GVariant            *value;

      g_variant_iter_init (&iter, values);
      while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
        {
          LwSpec *changed = lw_spec_with_variant (conv, key, value, NULL);

          lw_spec_unref (conv);
          conv = changed;
          g_variant_unref (value);
        }
      model = append (model, conv);
    }
  model = append (model, lw_spec_new (&lw_global_average_pooling2d_class.spec, NULL));
  return append (model, lw_spec_new (&lw_dense_class.spec, NULL));
}

static double
activation_bytes (LwModelSpec *model, const Shape *shape)
{
  double elements = (double) shape->size * shape->size;

  for (guint i = 0; i < lw_model_spec_get_n_layers (model); i++)
    elements += lw_shape_get_volume (&lw_model_spec_get_info (model, i)->output);
  return elements * shape->batch * (double) sizeof (float);
}

static double
largest_weights (LwModelSpec *model)
{
  double largest = 0;

  for (guint i = 0; i < lw_model_spec_get_n_layers (model); i++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, i);

      largest = MAX (largest, (double) lw_layer_info_get_n_parameters (info));
    }
  return largest * (double) sizeof (float);
}

/* Alternates the sides step by step, so that both see the same machine. */
static void
time_steps (const BenchOptions *options, LwTraining **trainings, guint n_sides, double *medians)
{
  enum { MAX_STEPS = 2000 };
  g_autofree double *samples = g_new (double, BENCH_N_SIDES * MAX_STEPS);
  const guint        n_least = options->brief ? 2 : 5;
  double             end;
  guint              n = 0;

  for (guint side = 0; side < n_sides; side++)
    bench_training_speed (trainings[side], 0); /* one step: memory is asked for in it */
  end = bench_now () + options->spell * n_sides;
  while (n < MAX_STEPS && (n < n_least || bench_now () < end))
    {
      /* A few steps of one side at a time: its threads and its data are warm. */
      const guint burst = MIN (5, MAX_STEPS - n);

      for (guint side = 0; side < n_sides; side++)
        for (guint i = 0; i < burst; i++)
          {
            const double begin = bench_now ();

            bench_training_speed (trainings[side], 0);
            samples[side * MAX_STEPS + n + i] = bench_now () - begin;
          }
      n += burst;
    }
  for (guint side = 0; side < n_sides; side++)
    medians[side] = bench_median (n, samples + side * MAX_STEPS);
}

static gboolean
time_point (const BenchOptions *options, const Shape *shape, LwDevice *const *devices,
            BenchSeries *series, double x, GError **error)
{
  g_autoptr (LwModelSpec) model = model_new (shape);
  g_autoptr (LwImages)    images = images_new (2 * shape->batch, shape->size);
  LwRunSettings           settings = LW_RUN_SETTINGS_STANDARD;
  LwTraining             *trainings[BENCH_N_SIDES] = { NULL };
  BenchPoint             *point = &series->points[series->n];
  gboolean                ok = TRUE;

  settings.batch_size = (guint) shape->batch;
  *point = (BenchPoint){ .x = x, .bytes = activation_bytes (model, shape),
                         .weights = largest_weights (model),
                         .cost = shape->batch
                                 * bench_training_cost (model, shape->size, shape->size) };
  for (guint side = 0; ok && side < series->n_sides; side++)
    {
      /* The limit anew for each point: others may take a part of the machine for a while. */
      point->limit[side]
        = point->cost / bench_peak (devices[side], MAX (options->spell / 10, 0.02));
      trainings[side] = lw_training_new (devices[side], model, &settings, images, error);
      ok = trainings[side] != NULL;
    }
  if (ok)
    {
      time_steps (options, trainings, series->n_sides, point->seconds);
      series->n++;
    }
  for (guint side = 0; side < series->n_sides; side++)
    lw_training_free (trainings[side]);
  return ok;
}

static double
cache_size (int name)
{
  const long size = sysconf (name);

  return size > 0 ? (double) size : 0;
}

/* Why the time between two points grew more or less than the arithmetic, as far as figures tell. */
static char *
explain (const BenchSeries *series, const BenchPoint *from, const BenchPoint *to, double slope)
{
  const double caches[] = { cache_size (_SC_LEVEL1_DCACHE_SIZE), cache_size (_SC_LEVEL2_CACHE_SIZE),
                            cache_size (_SC_LEVEL3_CACHE_SIZE) };
  const int    lanes = lw_kernels_best ()->lanes;

  if (slope < 1 && g_str_equal (series->axis, "channels") && from->x < lanes)
    return g_strdup_printf ("fewer than %d channels do not fill a vector", lanes);
  if (slope < 1)
    return g_strdup_printf ("what does not grow with the arithmetic weighs less and less "
                            "(%.0f %% -> %.0f %% of the limit)",
                            100 * from->limit[0] / from->seconds[0],
                            100 * to->limit[0] / to->seconds[0]);
  for (gsize i = G_N_ELEMENTS (caches); i-- > 1;)
    if (from->bytes <= caches[i] && to->bytes > caches[i])
      return g_strdup_printf ("activations grow from %.2g to %.2g MB, past the cache of level %zu "
                              "(%.2g MB)",
                              from->bytes * 1e-6, to->bytes * 1e-6, i + 1, caches[i] * 1e-6);
    else if (from->weights <= caches[i] && to->weights > caches[i])
      return g_strdup_printf ("a layer's weights grow from %.2g to %.2g MB, past the cache of level "
                              "%zu (%.2g MB)",
                              from->weights * 1e-6, to->weights * 1e-6, i + 1, caches[i] * 1e-6);
  return g_strdup_printf ("no cache is outgrown (activations %.2g -> %.2g MB): shapes that tiles fit "
                          "less well, or the machine was disturbed",
                          from->bytes * 1e-6, to->bytes * 1e-6);
}

static void
print_series (const BenchSeries *series, int n_threads)
{
  g_print ("\n%s\n%10s %10s %10s", series->title, series->axis, "MFLOP", "MB");
  for (guint side = 0; side < series->n_sides; side++)
    {
      g_autofree char *name = series->n_sides == 1 ? g_strdup ("")
                              : side == BENCH_ONE  ? g_strdup ("1 thread ")
                                                   : g_strdup_printf ("%d threads ", n_threads);
      g_autofree char *ms = g_strconcat (name, "ms", NULL);

      g_print (" %14s %7s %6s", ms, "ideal", series->n_sides > 1 ? "slope" : "");
    }
  g_print ("\n");
  for (guint i = 0; i < series->n; i++)
    {
      const BenchPoint *point = &series->points[i];

      g_print ("%10g %10.4g %10.3g", point->x, point->cost * 1e-6, point->bytes * 1e-6);
      for (guint side = 0; side < series->n_sides; side++)
        {
          g_print (" %14.4g %5.1f %%", point->seconds[side] * 1e3,
                   100 * point->limit[side] / point->seconds[side]);
          if (i > 0 && series->n_sides > 1)
            g_print (" %6.2f", log (point->seconds[side] / point[-1].seconds[side])
                                 / log (point->cost / point[-1].cost));
          else
            g_print (" %6s", "");
        }
      g_print ("\n");
    }
  for (guint i = 1; series->n_sides > 1 && i < series->n; i++)
    {
      const BenchPoint *to = &series->points[i], *from = to - 1;
      const double      slope
        = log (to->seconds[0] / from->seconds[0]) / log (to->cost / from->cost);
      g_autofree char  *why = NULL;

      if (fabs (slope - 1) <= SLOPE_TOLERANCE)
        continue;
      why = explain (series, from, to, slope);
      g_print ("  not linear from %g to %g (1 thread, slope %.2f): %s\n", from->x, to->x, slope, why);
    }
}

static gboolean
run_series (const BenchOptions *options, BenchSeries *series, LwDevice *const *devices,
            const Shape *base, gsize field, gsize n, const int *values,
            GError **error)
{
  for (gsize i = 0; i < n; i++)
    {
      Shape shape = *base;

      G_STRUCT_MEMBER (int, &shape, field) = values[i];
      if (!time_point (options, &shape, devices, series, values[i], error))
        return FALSE;
    }
  print_series (series, lw_device_get_n_threads (devices[BENCH_ALL]));
  return TRUE;
}

/* Up to all processors, and twice as many: more threads than processors must not harm. */
static gboolean
run_threads (const BenchOptions *options, BenchSeries *series, int n_threads, GError **error)
{
  for (int n = 1; n <= 2 * n_threads && series->n < G_N_ELEMENTS (series->points);
       n = n < 4 || 2 * n > 2 * n_threads ? n + 1 : 2 * n)
    {
      g_autoptr (LwDevice) device = lw_device_new (n, 0, error);

      if (device == NULL || !time_point (options, &tiny_cnn, &device, series, n, error))
        return FALSE;
    }
  print_series (series, n_threads);
  return TRUE;
}

gboolean
bench_scale (const BenchOptions *options, LwDevice *one, LwDevice *all, const char *directory,
             GError **error)
{
  static const int batches[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024 };
  static const int sizes[] = { 28, 40, 56, 80, 112, 160, 224, 320, 512 };
  static const int channels[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256 };
  static const int depths[] = { 1, 2, 3, 4, 6, 8, 12, 16 };
  const Shape      large = { .batch = 4, .channels = 16, .depth = 2 };
  const Shape      wide = { .batch = 8, .size = 28, .depth = 2 };
  const Shape      deep = { .batch = 32, .size = 28, .channels = 16, .same = TRUE };
  BenchSeries      series[] = {
    { .title = "Batch size: tiny-cnn", .axis = "batch", .n_sides = BENCH_N_SIDES },
    { .title = "Image size: tiny-cnn, batch 4", .axis = "side", .n_sides = BENCH_N_SIDES },
    { .title = "Channels: two convolutions, 28x28, batch 8", .axis = "channels",
      .n_sides = BENCH_N_SIDES },
    { .title = "Depth: convolutions of 16, same padding, 28x28, batch 32", .axis = "depth",
      .n_sides = BENCH_N_SIDES },
    { .title = "Threads: tiny-cnn, batch 32", .axis = "threads", .n_sides = 1 },
  };
  LwDevice *const  devices[] = { one, all };
  const int        n_threads = lw_device_get_n_threads (all);
  const gsize      few = options->brief ? 3 : G_MAXSIZE;
  g_autofree char *path = g_build_filename (directory, "scale.png", NULL);

  if (g_mkdir_with_parents (directory, 0777) != 0)
    {
      const int code = errno;

      g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (code),
                   "The folder %s could not be made: %s", directory, g_strerror (code));
      return FALSE;
    }
  if (!run_series (options, &series[0], devices, &tiny_cnn, G_STRUCT_OFFSET (Shape, batch),
                   MIN (few, G_N_ELEMENTS (batches)), batches, error)
      || !run_series (options, &series[1], devices, &large, G_STRUCT_OFFSET (Shape, size),
                      MIN (few, G_N_ELEMENTS (sizes)), sizes, error)
      || !run_series (options, &series[2], devices, &wide, G_STRUCT_OFFSET (Shape, channels),
                      MIN (few, G_N_ELEMENTS (channels)), channels, error)
      || !run_series (options, &series[3], devices, &deep, G_STRUCT_OFFSET (Shape, depth),
                      MIN (few, G_N_ELEMENTS (depths)), depths, error)
      || !run_threads (options, &series[4], n_threads, error)
      || !bench_plot (path, series, G_N_ELEMENTS (series), n_threads, error))
    return FALSE;
  g_print ("\nDrawn: %s\n", path);
  return TRUE;
}
