/* How fast Layerwise is on this machine:
 *
 *   layerwise-bench [--short] [--json]   one table: the machine, the kernels, the workloads
 *   layerwise-bench --scale DIRECTORY    a step's time against all that may grow, with a plot
 *   layerwise-bench --spell WORKLOAD …   one number, for compare.py: the speed in one spell
 *
 * A share of the ideal is that of the multiply-adds which the machine could do in registers, of those that the
 * layers' products have as they are written down. Winograd's way to a 3×3 convolution and inputs that are mostly 0
 * need fewer, so that a share may exceed 100 %.
 *
 * Compare figures of one run only, on a machine that does nothing else. */

#include "tests/bench/bench.h"

#include <gio/gio.h>
#include <locale.h>

static char    *isa_name;
static char    *scale_directory;
static char    *cli;
static char    *spell;
static gboolean brief;
static gboolean json;
static gboolean kernels_only;
static int      threads;
static double   seconds;

static const GOptionEntry entries[] = {
  { "short", 0, 0, G_OPTION_ARG_NONE, &brief, "A few milliseconds each: a smoke test", NULL },
  { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print one JSON object", NULL },
  { "kernels", 0, 0, G_OPTION_ARG_NONE, &kernels_only,
    "Only the kernels, for every instruction set that this machine has", NULL },
  { "isa", 0, 0, G_OPTION_ARG_STRING, &isa_name, "With --kernels: only this instruction set",
    "NAME" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &threads, "What \"all threads\" means (0: all processors)",
    "N" },
  { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "Length of a spell", "X" },
  { "cli", 0, 0, G_OPTION_ARG_FILENAME, &cli, "Where layerwise-cli is", "PATH" },
  { "scale", 0, 0, G_OPTION_ARG_FILENAME, &scale_directory,
    "Time steps against batch, image size, channels, depth, threads; draw scale.png there",
    "DIRECTORY" },
  { "spell", 0, 0, G_OPTION_ARG_STRING, &spell,
    "Print one number: samples/s of tiny-cnn, mlp or convnet; images/s of evaluate; us of latency",
    "WORKLOAD" },
  G_OPTION_ENTRY_NULL
};

/* The command line of the same build, unless it was named. */
static char *
find_cli (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *directory = self != NULL ? g_path_get_dirname (self) : g_strdup (".");

  return g_build_filename (directory, "..", "..", "app", "layerwise-cli", NULL);
}

static LwDevice *
device_new (int n, GError **error)
{
  return lw_device_new (n, 0, error);
}

static LwImages *
load_mnist (GError **error)
{
  g_autofree char *path = lw_images_find_mnist ();

  return lw_images_load (path, error);
}

/* Warms up, then measures once. */
static gboolean
run_spell (const BenchOptions *options, GError **error)
{
  g_autoptr (LwDevice) device = device_new (options->n_threads, error);
  g_autoptr (LwImages) images = device != NULL ? load_mnist (error) : NULL;
  double               value;

  if (images == NULL)
    return FALSE;
  if (g_str_equal (spell, "evaluate") || g_str_equal (spell, "latency"))
    {
      double (*measure) (LwState *, LwDevice *, LwImages *, double)
        = g_str_equal (spell, "latency") ? bench_latency : bench_evaluation_speed;
      g_autoptr (LwState) state = bench_state_new (device, "tiny-cnn", images);

      measure (state, device, images, options->spell / 5);
      value = measure (state, device, images, options->spell);
    }
  else if (g_strv_contains (lw_model_spec_get_presets (), spell))
    {
      g_autoptr (LwTraining) training = bench_training_new (device, spell, images);

      bench_training_speed (training, options->spell / 5);
      value = bench_training_speed (training, options->spell);
    }
  else
    {
      g_set_error (error, LW_ERROR, LW_ERROR_VALUE, "There is no workload “%s”", spell);
      return FALSE;
    }
  g_print ("%.6g\n", value);
  return TRUE;
}

static gboolean
run_kernels (BenchReport *report, const BenchOptions *options, GError **error)
{
  LwIsa only;

  if (isa_name != NULL && (!lw_isa_from_name (isa_name, &only) || lw_kernels_get (only) == NULL))
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   "This machine has no instruction set “%s”", isa_name);
      return FALSE;
    }
  for (int isa = LW_N_ISAS - 1; isa >= 0; isa--)
    if (lw_kernels_get ((LwIsa) isa) != NULL && (isa_name == NULL || only == (LwIsa) isa))
      bench_kernels (report, options, lw_kernels_get ((LwIsa) isa));
  return TRUE;
}

static gboolean
run_table (const BenchOptions *options, GError **error)
{
  g_autoptr (BenchReport) report = bench_report_new (json);
  g_autoptr (LwDevice)    one = NULL;
  g_autoptr (LwDevice)    all = NULL;
  g_autoptr (LwImages)    images = NULL;

  if (kernels_only)
    return run_kernels (report, options, error);

  bench_peak_memory (report, options, cli);
  one = device_new (1, error);
  if (one == NULL)
    return FALSE;
  all = options->n_threads == 1 ? lw_device_ref (one) : device_new (options->n_threads, error);
  if (all == NULL || (images = load_mnist (error)) == NULL)
    return FALSE;
  bench_machine (report, options, one, all);
  bench_kernels (report, options, one->kernels);
  bench_workloads (report, options, one, all, images);
  return TRUE;
}

static gboolean
run_scale (const BenchOptions *options, GError **error)
{
  g_autoptr (LwDevice) one = device_new (1, error);
  g_autoptr (LwDevice) all = one != NULL ? device_new (options->n_threads, error) : NULL;

  return all != NULL && bench_scale (options, one, all, scale_directory, error);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError)         error = NULL;
  BenchOptions               options = { .spell = 0.4, .rounds = 7 };
  gboolean                   ok;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc > 1)
    {
      g_printerr ("layerwise-bench: %s\n", error != NULL ? error->message : "no files are taken");
      return 2;
    }
  options.brief = brief;
  if (brief)
    options.spell = 0.02, options.rounds = 3;
  if (seconds > 0)
    options.spell = seconds;
  options.n_threads = threads > 0 ? threads : (int) g_get_num_processors ();
  if (cli == NULL)
    cli = find_cli ();

  if (spell != NULL)
    ok = run_spell (&options, &error);
  else if (scale_directory != NULL)
    ok = run_scale (&options, &error);
  else
    ok = run_table (&options, &error);
  if (!ok)
    g_printerr ("layerwise-bench: %s\n", error->message);
  return ok ? 0 : 1;
}
