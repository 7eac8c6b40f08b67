#include <gio/gio.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "app/cli-progress.h"
#include "engine/engine.h"
#include "engine/io/keras_script.h"
#include "engine/io/weights_h5.h"
#include "engine/io/zip_writer.h"

/* layerwise-cli as a script sees it: exit status, stdout, stderr and files. The program is the one
 * that LAYERWISE_CLI names. Its data is made here: images of ten patterns that a model learns in
 * seconds. */

#define N_TRAIN 200
#define N_TEST 50

static char *folder;

static char *
get_path (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

/* Writes images whose class shows as a bright bar, in noise. */
static void
write_data (const char *name, int size, int n_train, int n_test)
{
  static const char *const names[] = { "x_train", "y_train", "x_test", "y_test" };
  g_autofree char         *path = get_path (name);
  g_autoptr (GError)       error = NULL;
  LwTensor                *arrays[4];
  LwRng                    rng = lw_rng_new (7, 1);

  for (int half = 0; half < 2; half++)
    {
      int       n = half == 0 ? n_train : n_test;
      LwTensor *images = lw_tensor_new (NULL, LW_UINT8, &LW_SHAPE (n, size, size), NULL);
      LwTensor *labels = lw_tensor_new (NULL, LW_UINT8, &LW_SHAPE (n), NULL);
      guint8   *pixels = lw_tensor_get_mutable_data (images);
      guint8   *classes = lw_tensor_get_mutable_data (labels);

      for (int i = 0; i < n; i++)
        {
          classes[i] = (guint8) lw_rng_next_below (&rng, 10);
          for (int y = 0; y < size; y++)
            for (int x = 0; x < size; x++)
              *pixels++ = (guint8) (lw_rng_next_below (&rng, 100)
                                    + (y * 10 / size == classes[i] ? 155 : 0));
        }
      arrays[2 * half] = images;
      arrays[2 * half + 1] = labels;
    }
  lw_npz_write (path, 4, names, arrays, &error);
  g_assert_no_error (error);
  for (int i = 0; i < 4; i++)
    lw_tensor_unref (arrays[i]);
}

typedef struct {
  int   status;
  char *out, *err;
} Answer;

static void
answer_clear (Answer *answer)
{
  g_free (answer->out);
  g_free (answer->err);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

/* Words of the command line; those that start with "@" are names in the test's folder. */
static GStrv
make_command (const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  GPtrArray     *command = g_ptr_array_new ();

  g_ptr_array_add (command, g_strdup (g_getenv ("LAYERWISE_CLI")));
  for (char **word = words; *word != NULL; word++)
    if (**word == '@')
      g_ptr_array_add (command, get_path (*word + 1));
    else if (**word != '\0')
      g_ptr_array_add (command, g_strdup (*word));
  g_ptr_array_add (command, NULL);
  return (GStrv) g_ptr_array_free (command, FALSE);
}

static Answer
run_with (const char *variable, const char *value, const char *line)
{
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autoptr (GSubprocess)         process = NULL;
  g_autoptr (GError)              error = NULL;
  g_auto (GStrv)                  command = make_command (line);
  Answer                          answer = { 0 };

  launcher
    = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  if (variable != NULL)
    g_subprocess_launcher_setenv (launcher, variable, value, TRUE);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) command, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &answer.out, &answer.err, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  answer.status = g_subprocess_get_exit_status (process);
  g_test_message ("%s -> %d\n%s%s", line, answer.status, answer.out, answer.err);
  return answer;
}

static Answer
run (const char *line)
{
  return run_with (NULL, NULL, line);
}

static void
assert_contains (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("“%s” lacks “%s”", text, part);
}

/* It failed with this status, nothing on stdout, and one sentence that has `part` in it. */
static void
assert_fails (const char *line, int status, const char *part)
{
  g_auto (Answer) answer = run (line);
  char           *end;

  g_assert_cmpint (answer.status, ==, status);
  g_assert_cmpstr (answer.out, ==, "");
  g_assert_true (g_str_has_prefix (answer.err, "layerwise-cli: "));
  end = strchr (answer.err, '\n');
  g_assert_nonnull (end);
  g_assert_cmpstr (end, ==, "\n");
  assert_contains (answer.err, part);
  if (status == 2)
    assert_contains (answer.err, "--help");
}

/* The one JSON object on stdout. */
static JsonObject *
parse_json (const Answer *answer, JsonParser **parser)
{
  g_autoptr (GError) error = NULL;

  *parser = json_parser_new ();
  json_parser_load_from_data (*parser, answer->out, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (strchr (answer->out, '\n'), ==, "\n");
  return json_node_get_object (json_parser_get_root (*parser));
}

static double
get_real (JsonObject *object, const char *key)
{
  g_assert_true (json_object_has_member (object, key));
  g_assert_false (json_object_get_null_member (object, key));
  return json_object_get_double_member (object, key);
}

static void
assert_null (JsonObject *object, const char *key)
{
  g_assert_true (json_object_has_member (object, key));
  g_assert_true (json_object_get_null_member (object, key));
}

static LwRun *
load (const char *name)
{
  g_autofree char   *path = get_path (name);
  g_autoptr (GError) error = NULL;
  LwRun             *result = lw_keras_archive_load (path, &error);

  g_assert_no_error (error);
  g_assert_nonnull (result->state);
  return result;
}

#define COLUMNS 7
enum { STEP, EPOCH, LOSS, ACCURACY, VAL_LOSS, VAL_ACCURACY, SECONDS };

/* The log's rows, each a GStrv of columns, without the header. */
static GPtrArray *
read_log (const char *name)
{
  g_autofree char *path = get_path (name);
  g_autofree char *text = NULL;
  g_auto (GStrv)   lines = NULL;
  GPtrArray       *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_true (g_str_has_suffix (text, "\n"));
  lines = g_strsplit (text, "\n", -1);
  g_assert_cmpstr (lines[0], ==, "step,epoch,loss,accuracy,val_loss,val_accuracy,seconds");
  for (int i = 1; *lines[i] != '\0'; i++)
    {
      GStrv row = g_strsplit (lines[i], ",", -1);

      g_assert_cmpuint (g_strv_length (row), ==, COLUMNS);
      g_ptr_array_add (rows, row);
    }
  return rows;
}

static void
test_version (void)
{
  g_auto (Answer) answer = run ("--version");

  g_assert_cmpint (answer.status, ==, 0);
  assert_contains (answer.out, LW_VERSION);
  for (const char *const *name
       = (const char *const[]) { "isa ", "GLib ", "zlib ", "libzip ", "HDF5 ", "json-glib ", NULL };
       *name != NULL; name++)
    assert_contains (answer.out, *name);
}

static void
test_help (void)
{
  g_auto (Answer) all = run ("--help");
  g_auto (Answer) train = run ("train --help");

  g_assert_cmpint (all.status, ==, 0);
  assert_contains (all.out, "evaluate");
  assert_contains (all.out, "export FILE --format NAME --output PATH");
  g_assert_cmpint (train.status, ==, 0);
  for (const char *const *option
       = (const char *const[]) { "--preset", "--model", "--data", "--epochs", "--steps",
                                "--batch-size", "--shuffle", "--optimizer", "--learning-rate",
                                "--loss", "--validation", "--seed", "--threads", "--resume",
                                "--save", "--log", "--json", "--quiet", NULL };
       *option != NULL; option++)
    assert_contains (train.out, *option);
}

static void
test_presets_and_summary (void)
{
  g_auto (Answer)        presets = run ("presets");
  g_auto (Answer)        text = run ("summary --preset tiny-cnn");
  g_auto (Answer)        json = run ("summary --preset convnet --json");
  g_autoptr (JsonParser) parser = NULL;
  JsonObject            *object = parse_json (&json, &parser);

  g_assert_cmpint (presets.status, ==, 0);
  for (const char *const *name = lw_model_spec_get_presets (); *name != NULL; name++)
    assert_contains (presets.out, *name);
  assert_contains (text.out, "conv2d_1 (Conv2D)");
  assert_contains (text.out, "2,650");
  g_assert_cmpint (json_object_get_int_member (object, "parameters"), ==, 34826);
}

static void
test_wrong_usage (void)
{
  static const struct {
    const char *line, *part;
  } cases[] = {
    { "", "a command is missing" },
    { "bake x.keras", "no command “bake”; choose one of train" },
    { "--json", "a command must come before" },
    { "train --bogus", "--bogus" },
    { "train extra", "“extra”" },
    { "train --epochs", "--epochs" },
    { "train --epochs 0", "from 1 to 10000, not “0”" },
    { "train --epochs 2x", "not “2x”" },
    { "train --steps -1", "not “-1”" },
    { "train --batch-size 5000", "from 1 to 4096" },
    { "train --shuffle 1.5", "--shuffle" },
    { "train --seed -1", "--seed" },
    { "train --threads 0", "--threads" },
    { "train --patience -1", "--patience" },
    { "train --patience 1001", "from 0 to 1000" },
    { "train --patience 2 --validation none", "--patience goes by the validation loss" },
    { "train --keep-best --validation none", "--keep-best goes by the validation loss" },
    { "train --learning-rate fast", "--learning-rate" },
    { "train --learning-rate nan", "--learning-rate" },
    { "train --learning-rate -0.1", "negative" },
    { "train --validation 1", "--validation" },
    { "train --validation some", "--validation" },
    { "train --epochs 1 --steps 1", "do not go together" },
    { "train --preset mlp --model x.keras", "do not go together" },
    { "train --preset vgg", "choose one of convnet, tiny-cnn, mlp, logistic, lenet5" },
    { "train --optimizer best", "choose one of Adam, SGD" },
    { "train --loss best", "SparseCategoricalCrossentropy" },
    { "train --save model.h5", ".keras" },
    { "train --resume x.keras --preset mlp", "--preset does not go with --resume" },
    { "train --resume x.keras --optimizer SGD", "--optimizer does not go with --resume" },
    { "train --resume x.keras --seed 1", "--seed does not go with --resume" },
    { "train --resume x.keras --validation 0.5", "--resume" },
    { "evaluate", "needs" },
    { "evaluate a.keras b.keras", "“b.keras”" },
    { "predict a.keras --output y.npz", "--input" },
    { "predict a.keras --input x.npz", "--output" },
    { "export", "either the .keras file of a model or --preset" },
    { "export x.keras --preset mlp --format npz --output y.npz", "either" },
    { "export x.keras --output y.py", "--format" },
    { "export x.keras --format keras-script", "--output" },
    { "export x.keras --format onnx --output y", "no format “onnx”; choose one of keras-script" },
    { "export --preset mlp --format npz --output y.npz", "a preset has no weights" },
    { "export --preset mlp --format weights-h5 --output y.weights.h5", "a preset has no weights" },
    { "export x.keras --format npz --data mnist --output y.npz", "--data goes with" },
    { "export --preset mlp --format keras-script --data x.csv --output y.py", "not “x.csv”" },
    { "export --preset vgg --format keras-script --output y.py", "no preset “vgg”" },
    { "export a.keras b.keras --format npz --output y.npz", "“b.keras”" },
    { "history --output y.csv", "needs" },
    { "history a.keras", "--output" },
    { "history a.keras --output y.svg --format svg", "choose csv" },
    { "history a.keras b.keras --output y.csv", "“b.keras”" },
    { "summary", "either" },
    { "summary x.keras --preset mlp", "either" },
    { "summary --preset vgg", "no preset “vgg”" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_fails (cases[i].line, 2, cases[i].part);
}

static void
test_failures (void)
{
  g_autofree char *path = get_path ("damaged.npz");
  g_auto (Answer)  isa = run_with ("LW_ISA", "nonsense", "train --steps 1");

  g_assert_true (g_file_set_contents (path, "PK\003\004 nothing of the kind", -1, NULL));
  assert_fails ("train --data @damaged.npz", 1, "damaged.npz");
  assert_fails ("train --data @missing.npz", 1, "no file");
  assert_fails ("train --data fashion-mnist", 1, "x_train, y_train, x_test and y_test");
  assert_fails ("train --data @", 1, "this version reads mnist");
  assert_fails ("train --resume @missing.keras", 1, "no file");
  assert_fails ("train --model @damaged.npz --data @data.npz", 1, "damaged.npz");
  assert_fails ("train --data @data.npz --save @nowhere/model.keras", 1, "folder does not exist");
  assert_fails ("train --data @data.npz --log @nowhere/log.csv", 1, "log.csv");
  assert_fails ("evaluate @missing.keras", 1, "no file");
  g_assert_cmpint (isa.status, ==, 1);
  assert_contains (isa.err, "LW_ISA");

  /* Images too small for the model, and for the kernels of a model of any size. */
  write_data ("small.npz", 2, 20, 10);
  assert_fails ("train --data @small.npz", 1, "2×2");
  assert_fails ("train --preset tiny-cnn --data @small.npz", 1, "3×3");
}

static void
test_train (void)
{
  g_auto (Answer) answer
    = run ("train --preset mlp --data @data.npz --epochs 3 --threads 1 --seed 5 "
           "--log @log.csv --save @model.keras --json");
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (LwRun) saved = NULL;
  JsonObject *object;
  double      loss = 0, right = 0;
  guint       n_lines = 0;

  g_assert_cmpint (answer.status, ==, 0);
  object = parse_json (&answer, &parser);
  g_assert_cmpint (json_object_get_int_member (object, "steps"), ==, 21);
  g_assert_cmpint (json_object_get_int_member (object, "epochs"), ==, 3);
  g_assert_cmpint (json_object_get_int_member (object, "threads"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (object, "seed"), ==, 5);
  g_assert_cmpint (json_object_get_int_member (object, "parameters"), ==, 50890);
  g_assert_cmpstr (json_object_get_string_member (object, "preset"), ==, "mlp");
  g_assert_cmpstr (json_object_get_string_member (object, "outcome"), ==, "finished");
  g_assert_nonnull (json_object_get_string_member (object, "isa"));
  g_assert_true (g_str_has_suffix (json_object_get_string_member (object, "saved"), "model.keras"));
  g_assert_cmpfloat (get_real (object, "samples_per_second"), >, 0);
  g_assert_cmpfloat (get_real (object, "seconds"), >, 0);

  /* One line on stderr for each epoch, without the bar's control characters. */
  for (const char *at = answer.err; (at = strstr (at, "Epoch ")) != NULL; at++)
    n_lines++;
  g_assert_cmpuint (n_lines, ==, 3);
  g_assert_null (strchr (answer.err, '\033'));
  g_assert_null (strchr (answer.err, '\r'));

  rows = read_log ("log.csv");
  g_assert_cmpuint (rows->len, ==, 21);
  for (guint i = 0; i < rows->len; i++)
    {
      GStrv row = rows->pdata[i];
      int   n = i % 7 == 6 ? 8 : 32; /* the short last batch */

      g_assert_cmpint (atoi (row[STEP]), ==, i + 1);
      g_assert_cmpint (atoi (row[EPOCH]), ==, i / 7 + 1);
      g_assert_cmpint (*row[VAL_LOSS] != '\0', ==, i % 7 == 6);
      g_assert_cmpint (*row[VAL_ACCURACY] != '\0', ==, i % 7 == 6);
      g_assert_cmpfloat (g_ascii_strtod (row[SECONDS], NULL), >, 0);
      if (i >= 14)
        {
          loss += n * g_ascii_strtod (row[LOSS], NULL);
          right += n * g_ascii_strtod (row[ACCURACY], NULL);
        }
    }
  /* The JSON's are the last epoch's means over its images. */
  g_assert_cmpfloat_with_epsilon (get_real (object, "loss"), loss / N_TRAIN, 1e-6);
  g_assert_cmpfloat_with_epsilon (get_real (object, "accuracy"), right / N_TRAIN, 1e-6);
  g_assert_cmpfloat_with_epsilon (get_real (object, "val_loss"),
                                  g_ascii_strtod (((GStrv) rows->pdata[20])[VAL_LOSS], NULL), 1e-6);
  g_assert_cmpfloat (get_real (object, "val_accuracy"), >, 0.8);

  saved = load ("model.keras");
  g_assert_cmpint (saved->state->step, ==, 21);
  g_assert_cmpuint (saved->state->epoch, ==, 3);
  g_assert_cmpuint (saved->settings.epochs, ==, 3);
  g_assert_cmpuint (saved->settings.seed, ==, 5);
  /* 21 steps and 3 validations. */
  g_assert_cmpuint (lw_history_length (saved->history), ==, 24);
}

static void
test_words (void)
{
  g_auto (Answer) told = run ("train --preset logistic --data @data.npz --steps 2 --optimizer sgd "
                              "--loss sparse_categorical_crossentropy --save @told.keras");
  g_auto (Answer) quiet = run ("train --preset logistic --data @data.npz --steps 2 --quiet");
  g_auto (Answer) quiet_json
    = run ("train --preset logistic --data @data.npz --steps 2 --quiet --json "
           "--validation none");
  g_auto (Answer) held
    = run ("train --preset logistic --data @data.npz --epochs 1 --json --validation 0.5");
  g_autoptr (JsonParser) parser = NULL, held_parser = NULL;
  JsonObject *object;

  g_assert_cmpint (told.status, ==, 0);
  assert_contains (told.out, "logistic");
  assert_contains (told.out, "Validation loss");
  assert_contains (told.out, "told.keras");
  g_assert_cmpint (quiet.status, ==, 0);
  g_assert_cmpstr (quiet.out, ==, "");
  g_assert_cmpstr (quiet.err, ==, "");

  g_assert_cmpstr (quiet_json.err, ==, "");
  object = parse_json (&quiet_json, &parser);
  assert_null (object, "val_loss");
  assert_null (object, "val_accuracy");
  assert_null (object, "saved");

  /* Half of the images are held back: 100 in 4 steps. */
  object = parse_json (&held, &held_parser);
  g_assert_cmpint (json_object_get_int_member (object, "steps"), ==, 4);
  get_real (object, "val_loss");
}

/* The images of data.npz as MNIST's four IDX files: any of them stands for all, and the run is the
 * same. */
static void
test_idx (void)
{
  static const char *const files[] = { "train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                       "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte" };
  static const char *const names[] = { "x_train", "y_train", "x_test", "y_test" };
  g_autofree char         *path = get_path ("data.npz");
  g_autoptr (LwNpz)        npz = lw_npz_open (path, NULL);
  g_auto (Answer)          want = run ("train --preset logistic --data @data.npz --steps 3 --quiet --json");
  g_auto (Answer)          got = { 0 };
  g_autoptr (JsonParser)   want_parser = NULL, got_parser = NULL;
  JsonObject              *want_json, *got_json;

  for (int i = 0; i < 4; i++)
    {
      g_autoptr (LwTensor)  array = lw_npz_read (npz, names[i], NULL);
      g_autoptr (GByteArray) idx = g_byte_array_new ();
      g_autofree char      *file = get_path (files[i]);
      const int             rank = lw_tensor_get_rank (array);

      g_byte_array_append (idx, (const guint8[]) { 0, 0, 0x08, (guint8) rank }, 4);
      for (int axis = 0; axis < rank; axis++)
        {
          guint32 size = GUINT32_TO_BE ((guint32) lw_tensor_get_dim (array, axis));

          g_byte_array_append (idx, (const guint8 *) &size, 4);
        }
      g_byte_array_append (idx, lw_tensor_get_data (array), (guint) lw_tensor_get_byte_size (array));
      g_assert_true (g_file_set_contents (file, (const char *) idx->data, idx->len, NULL));
      if (i == 2)
        assert_fails ("train --data @train-labels-idx1-ubyte", 1, "t10k-labels-idx1-ubyte is not beside it");
    }
  got = run ("train --preset logistic --data @t10k-labels-idx1-ubyte --steps 3 --quiet --json");
  g_assert_cmpint (got.status, ==, 0);
  want_json = parse_json (&want, &want_parser);
  got_json = parse_json (&got, &got_parser);
  g_assert_cmpfloat (get_real (want_json, "loss"), ==, get_real (got_json, "loss"));
  g_assert_cmpfloat (get_real (want_json, "val_loss"), ==, get_real (got_json, "val_loss"));
}

static void
assert_rows_equal (GPtrArray *whole, guint from, GPtrArray *part)
{
  for (guint i = 0; i < part->len; i++)
    {
      GStrv a = whole->pdata[from + i];
      GStrv b = part->pdata[i];

      for (int column = STEP; column < SECONDS; column++)
        g_assert_cmpstr (a[column], ==, b[column]);
    }
}

/* convnet has dropout, Adam's slots and a short last batch: all of it must go on. */
static void
test_resume (void)
{
  g_auto (Answer) whole
    = run ("train --preset convnet --batch-size 32 --data @data.npz --epochs 4 --quiet "
           "--log @whole.csv --save @whole.keras");
  g_auto (Answer) first
    = run ("train --preset convnet --batch-size 32 --data @data.npz --epochs 2 --quiet "
           "--log @first.csv --save @run.keras");
  g_auto (Answer) middle
    = run ("train --resume @run.keras --data @data.npz --steps 3 --quiet --json "
           "--log @middle.csv --save @run.keras --threads 1");
  g_auto (Answer) last
    = run ("train --resume @run.keras --data @data.npz --epochs 2 --quiet --json "
           "--log @last.csv --save @run.keras");
  g_autoptr (GPtrArray) whole_rows = read_log ("whole.csv");
  g_autoptr (GPtrArray) first_rows = read_log ("first.csv");
  g_autoptr (GPtrArray) middle_rows = read_log ("middle.csv");
  g_autoptr (GPtrArray) last_rows = read_log ("last.csv");
  g_autoptr (LwRun) a = load ("whole.keras");
  g_autoptr (LwRun) b = load ("run.keras");
  g_autoptr (JsonParser) middle_parser = NULL, last_parser = NULL;
  JsonObject *object;

  g_assert_cmpint (whole.status, ==, 0);
  g_assert_cmpint (first.status, ==, 0);
  g_assert_cmpint (middle.status, ==, 0);
  g_assert_cmpint (last.status, ==, 0);
  object = parse_json (&middle, &middle_parser);
  g_assert_cmpint (json_object_get_int_member (object, "steps"), ==, 17);
  g_assert_cmpint (json_object_get_int_member (object, "epochs"), ==, 2);
  object = parse_json (&last, &last_parser);
  g_assert_cmpint (json_object_get_int_member (object, "steps"), ==, 28);
  g_assert_cmpint (json_object_get_int_member (object, "epochs"), ==, 4);

  g_assert_true (lw_state_equal (a->state, b->state));
  g_assert_cmpuint (a->settings.epochs, ==, b->settings.epochs);

  g_assert_cmpuint (whole_rows->len, ==, 28);
  g_assert_cmpuint (first_rows->len, ==, 14);
  g_assert_cmpuint (middle_rows->len, ==, 3);
  g_assert_cmpuint (last_rows->len, ==, 11);
  assert_rows_equal (whole_rows, 0, first_rows);
  assert_rows_equal (whole_rows, 14, middle_rows);
  assert_rows_equal (whole_rows, 17, last_rows);

  /* Another seed is another run. */
  {
    g_auto (Answer) other
      = run ("train --preset convnet --batch-size 32 --data @data.npz --epochs 4 --quiet "
             "--seed 2 --save @other.keras");
    g_autoptr (LwRun) c = load ("other.keras");

    g_assert_cmpint (other.status, ==, 0);
    g_assert_false (lw_state_equal (a->state, c->state));
  }
}

/* What --resume does of itself: the rest of the epochs, and a look at the images. */
static void
test_resume_rest (void)
{
  g_auto (Answer) begun
    = run ("train --preset mlp --data @data.npz --steps 10 --quiet --save @rest.keras");
  g_auto (Answer) rest
    = run ("train --resume @rest.keras --data @data.npz --quiet --json --learning-rate 0.5 "
           "--save @rest.keras");
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (LwRun) saved = NULL;

  g_assert_cmpint (begun.status, ==, 0);
  g_assert_cmpint (rest.status, ==, 0);
  g_assert_cmpint (json_object_get_int_member (parse_json (&rest, &parser), "steps"), ==, 35);
  saved = load ("rest.keras");
  g_assert_cmpfloat (saved->state->learning_rate, ==, 0.5);

  write_data ("more.npz", 28, N_TRAIN + 100, N_TEST);
  assert_fails ("train --resume @rest.keras --data @more.npz", 1, "other images");
}

/* The notes of a run's events and the steps they stand at. */
static char *
get_events (const LwRun *run)
{
  GString              *events = g_string_new (NULL);
  LwHistoryCursor       cursor = { 0 };
  const LwHistoryPoint *points;
  gsize                 n;

  while ((points = lw_history_read (run->history, &cursor, &n)) != NULL)
    for (gsize i = 0; i < n; i++)
      if (points[i].kind == LW_POINT_EVENT)
        g_string_append_printf (events, "%s@%d ", points[i].note, (int) points[i].step);
  return g_string_free (events, FALSE);
}

/* At a rate of 0 no epoch is better than the first. What was told so far is in the file, and behind a stop
 * the wait begins again. */
static void
test_early_stop (void)
{
  g_auto (Answer) whole
    = run ("train --preset mlp --optimizer SGD --learning-rate 0 --data @data.npz --epochs 9 "
           "--patience 2 --json --quiet --save @whole.keras");
  g_auto (Answer) first
    = run ("train --preset mlp --optimizer SGD --learning-rate 0 --data @data.npz --steps 16 "
           "--patience 2 --json --quiet --save @part.keras");
  g_auto (Answer) rest
    = run ("train --resume @part.keras --data @data.npz --epochs 7 --save @part.keras");
  g_autoptr (LwRun) a = load ("whole.keras"), b = load ("part.keras"), c = NULL;
  g_autoptr (JsonParser) whole_parser = NULL, first_parser = NULL, more_parser = NULL;
  g_autofree char *events = get_events (a);
  JsonObject *object = parse_json (&whole, &whole_parser);

  g_assert_true (json_object_get_boolean_member (object, "stopped_early"));
  g_assert_true (json_object_get_null_member (object, "best_epoch"));
  g_assert_cmpstr (json_object_get_string_member (object, "outcome"), ==, "finished");
  g_assert_cmpint (json_object_get_int_member (object, "epochs"), ==, 3);
  g_assert_cmpint (json_object_get_int_member (object, "steps"), ==, 21);
  g_assert_cmpstr (events, ==, "early stop@21 ");
  g_assert_cmpuint (a->settings.patience, ==, 2);
  g_assert_cmpuint (a->settings.epochs, ==, 9);
  object = parse_json (&first, &first_parser);
  g_assert_false (json_object_get_boolean_member (object, "stopped_early"));
  g_assert_cmpint (rest.status, ==, 0);
  assert_contains (rest.out, "Stopped early: 2 epochs without a lower validation loss");
  g_assert_true (lw_state_equal (a->state, b->state));

  {
    g_auto (Answer) more
      = run ("train --resume @whole.keras --data @data.npz --json --quiet --save @whole.keras");
    g_auto (Answer) off
      = run ("train --resume @whole.keras --data @data.npz --epochs 4 --patience 0 --save @off.keras");

    object = parse_json (&more, &more_parser);
    g_assert_true (json_object_get_boolean_member (object, "stopped_early"));
    g_assert_cmpint (json_object_get_int_member (object, "epochs"), ==, 5);
    g_assert_cmpint (off.status, ==, 0);
    g_assert_null (strstr (off.out, "Stopped early"));
    c = load ("off.keras");
    g_assert_cmpuint (c->state->epoch, ==, 9);
    g_assert_cmpuint (c->settings.patience, ==, 0);
  }
}

/* The weights are those of the epoch that the log says was the best, and so is what validation gives. */
static void
test_keep_best (void)
{
  g_auto (Answer) answer
    = run ("train --preset mlp --learning-rate 0.1 --data @data.npz --epochs 12 --keep-best --json "
           "--log @best.csv --save @best.keras");
  g_autoptr (JsonParser) parser = NULL, told_parser = NULL;
  g_autoptr (GPtrArray) rows = read_log ("best.csv");
  g_autoptr (LwRun) saved = load ("best.keras");
  g_auto (Answer) told = run ("evaluate @best.keras --data @data.npz --json");
  JsonObject *object = parse_json (&answer, &parser);
  double      best = INFINITY;
  int         epoch = 0;

  for (guint i = 6; i < rows->len; i += 7)
    {
      const double loss = g_ascii_strtod (((GStrv) rows->pdata[i])[VAL_LOSS], NULL);

      if (loss < best)
        {
          best = loss;
          epoch = (int) i / 7 + 1;
        }
    }
  g_assert_cmpint (epoch, <, 12); /* else there would be nothing to see here */
  g_assert_cmpint (json_object_get_int_member (object, "best_epoch"), ==, epoch);
  g_assert_false (json_object_get_boolean_member (object, "stopped_early"));
  g_assert_cmpint (json_object_get_int_member (object, "steps"), ==, 84);
  g_assert_cmpfloat_with_epsilon (get_real (object, "val_loss"), best, 1e-6);
  object = parse_json (&told, &told_parser);
  g_assert_cmpfloat_with_epsilon (get_real (object, "loss"), best, 1e-6);

  g_assert_true (saved->settings.keep_best);
  g_assert_cmpint (saved->state->step, ==, 84);
  g_assert_cmpuint (saved->state->stopping.best_epoch, ==, (guint) epoch);
  {
    g_autofree char *events = get_events (saved);
    g_autofree char *want = g_strdup_printf ("best: epoch %d@84 ", epoch);
    g_auto (Answer)  text = run ("train --resume @best.keras --data @data.npz --steps 1");

    g_assert_cmpstr (events, ==, want);
    assert_contains (text.out, "The weights are those of epoch ");
  }
}

/* Threads are a setting like others: from the option, else from the file. */
static void
test_threads (void)
{
  static const struct {
    const char *line;
    int         threads;
  } cases[] = {
    { "train --preset mlp --data @data.npz --steps 1 --quiet --json --threads 1 --save @threads.keras", 1 },
    { "train --resume @threads.keras --data @data.npz --steps 1 --quiet --json --save @threads.keras", 1 },
    { "train --resume @threads.keras --data @data.npz --steps 1 --quiet --json --threads 2 --save @threads.keras", 2 },
    { "train --model @threads.keras --data @data.npz --steps 1 --quiet --json --save @threads.keras", 2 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Answer)        answer = run (cases[i].line);
      g_autoptr (JsonParser) parser = NULL;
      g_autoptr (LwRun)      saved = load ("threads.keras");

      g_assert_cmpint (json_object_get_int_member (parse_json (&answer, &parser), "threads"), ==, cases[i].threads);
      g_assert_cmpuint (saved->settings.threads, ==, (guint) cases[i].threads);
    }
}

/* A run as the window leaves it: with a name, beside others, in the middle between two batches. Going on
 * loses none of it. */
static void
test_resume_document (void)
{
  g_auto (Answer) begun
    = run ("train --preset mlp --data @data.npz --steps 8 --quiet --save @document.keras");
  g_autofree char       *path = get_path ("document.keras"), *data = get_path ("data.npz");
  g_autoptr (LwRun)      document = load ("document.keras"), saved = NULL;
  g_autoptr (LwImages)   images = lw_images_load (data, NULL);
  g_autoptr (LwDevice)   device = lw_device_new (1, 0, NULL);
  g_autoptr (LwTraining) training = NULL;
  GError                *error = NULL;

  g_assert_cmpint (begun.status, ==, 0);
  training = lw_training_new_from_state (device, document->state, images, &error);
  g_assert_no_error (error);
  lw_training_set_max_rows (training, 1);
  for (int i = 0; i < 5; i++)
    {
      LwHistoryPoint point;

      g_assert_true (lw_training_step (training, &point, &error));
      lw_history_append (document->history, &point);
    }
  lw_state_unref (document->state);
  document->state = lw_training_get_state (training);
  document->name = g_strdup ("Mine");
  document->note = g_strdup ("slow");
  document->slot = 3;
  document->epochs = 3;
  document->settings.epochs = 2;
  document->others = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_run_free);
  g_ptr_array_add (document->others, load ("document.keras"));
  g_assert_true (lw_keras_archive_save (path, document, &error));
  g_assert_no_error (error);
  {
    g_auto (Answer) rest = run ("train --resume @document.keras --data @data.npz --save @document.keras");

    g_assert_cmpint (rest.status, ==, 0);
    assert_contains (rest.err, "Epoch 3 of 3"); /* as planned, not as first set */
  }
  saved = load ("document.keras");
  /* 8 steps and 5 images; then 163 images in 6 steps, and an epoch of 7. */
  g_assert_cmpint (saved->state->step, ==, 8 + 5 + 6 + 7);
  g_assert_cmpuint (saved->state->epoch, ==, 3);
  g_assert_cmpstr (saved->name, ==, "Mine");
  g_assert_cmpstr (saved->note, ==, "slow");
  g_assert_cmpuint (saved->slot, ==, 3);
  g_assert_cmpuint (saved->others->len, ==, 1);
  g_assert_cmpint (((LwRun *) saved->others->pdata[0])->state->step, ==, 8);

  /* It is still the number of images that tells other data. */
  write_data ("fewer.npz", 28, N_TRAIN - 1, N_TEST);
  assert_fails ("train --resume @document.keras --data @fewer.npz", 1, "other images");
}

/* A model that cannot be trained yet has no weights; what asks for them says why. */
static void
test_unfinished (void)
{
  g_autofree char        *path = get_path ("unfinished.keras");
  g_autoptr (LwModelSpec) empty = lw_model_spec_new ("empty", &LW_SHAPE (28, 28, 1));
  g_autoptr (LwRun)       unfinished = lw_run_new (empty, &LW_RUN_SETTINGS_STANDARD, NULL, NULL);
  GError                 *error = NULL;

  g_assert_true (lw_keras_archive_save (path, unfinished, &error));
  g_assert_no_error (error);
  assert_fails ("evaluate @unfinished.keras --data @data.npz", 1, "its model cannot be trained yet");
  assert_fails ("train --resume @unfinished.keras --data @data.npz", 1, "its model cannot be trained yet");
  assert_fails ("train --model @unfinished.keras --data @data.npz", 1, lw_model_spec_get_fault (empty)->reason);
}

static void
test_model (void)
{
  g_auto (Answer) made
    = run ("train --preset mlp --data @data.npz --steps 3 --batch-size 64 --seed 9 --quiet "
           "--optimizer SGD --learning-rate 0.05 --save @source.keras");
  g_auto (Answer) used
    = run ("train --model @source.keras --data @data.npz --steps 3 --quiet --save @used.keras");
  g_autoptr (LwRun) a = load ("source.keras");
  g_autoptr (LwRun) b = load ("used.keras");

  g_assert_cmpint (made.status, ==, 0);
  g_assert_cmpint (used.status, ==, 0);
  /* The same settings from fresh weights: the same run once more. */
  g_assert_true (lw_state_equal (a->state, b->state));
  g_assert_cmpuint (b->settings.batch_size, ==, 64);
}

/* An architecture needs no weights: --model and summary look for none, the others ask for them. */
static void
test_model_without_weights (void)
{
  static const char config[]
    = "{\"module\":\"keras\",\"class_name\":\"Sequential\",\"registered_name\":null,"
      "\"config\":{\"name\":\"drawn\",\"layers\":[{\"module\":\"keras.layers\","
      "\"class_name\":\"InputLayer\",\"config\":{\"batch_shape\":[null,28,28,1],"
      "\"name\":\"input\"},\"registered_name\":null},{\"module\":\"keras.layers\","
      "\"class_name\":\"Flatten\",\"config\":{\"name\":\"flatten\"},\"registered_name\":null},"
      "{\"module\":\"keras.layers\",\"class_name\":\"Dense\",\"config\":{\"name\":\"dense\","
      "\"units\":10},\"registered_name\":null}]}}";
  g_autoptr (LwZipWriter) writer = lw_zip_writer_new ();
  g_autofree char        *path = get_path ("drawn.keras");
  g_autoptr (GError)      error = NULL;
  g_autoptr (JsonParser)  parser = NULL, summary_parser = NULL;
  JsonObject             *object;

  lw_zip_writer_begin (writer, "config.json");
  lw_zip_writer_add (writer, config, strlen (config));
  lw_zip_writer_save (writer, path, &error);
  g_assert_no_error (error);
  {
    g_auto (Answer) trained
      = run ("train --model @drawn.keras --data @data.npz --steps 3 --quiet --json "
             "--save @drawn-and-trained.keras");
    g_auto (Answer) summary = run ("summary @drawn.keras --json");
    g_autoptr (LwRun) saved = load ("drawn-and-trained.keras");

    g_assert_cmpint (trained.status, ==, 0);
    g_assert_cmpint (json_object_get_int_member (parse_json (&trained, &parser), "steps"), ==, 3);
    g_assert_cmpint (saved->state->step, ==, 3);
    g_assert_cmpint (summary.status, ==, 0);
    object = parse_json (&summary, &summary_parser);
    g_assert_cmpint (json_object_get_int_member (object, "parameters"), ==, 7850);
  }
  assert_fails ("evaluate @drawn.keras --data @data.npz", 1, "model.weights.h5");
  assert_fails ("train --resume @drawn.keras --data @data.npz", 1, "model.weights.h5");
}

static void
assert_quiet (const char *line)
{
  g_auto (Answer) answer = run (line);

  g_assert_cmpint (answer.status, ==, 0);
  g_assert_cmpstr (answer.out, ==, "");
  g_assert_cmpstr (answer.err, ==, "");
}

static GBytes *
read_bytes (const char *name)
{
  g_autofree char *path = get_path (name);
  char            *data = NULL;
  gsize            length = 0;

  g_assert_true (g_file_get_contents (path, &data, &length, NULL));
  return g_bytes_new_take (data, length);
}

/* The file is the script of that model and those settings, which reads `data_path`. */
static void
assert_script (const char *name, const LwModelSpec *model, const LwRunSettings *settings, const char *data_path)
{
  const LwKerasScriptOptions options = { .parts = LW_KERAS_SCRIPT_ALL, .data_path = data_path };
  g_autoptr (LwKerasScript)  script = lw_keras_script_new (model, settings, &options);
  g_autoptr (GBytes)         expected = g_bytes_new (script->text, strlen (script->text));
  g_autoptr (GBytes)         bytes = read_bytes (name);

  g_assert_true (g_bytes_equal (bytes, expected));
}

static void
test_export_script (void)
{
  LwRunSettings           settings = LW_RUN_SETTINGS_STANDARD;
  g_autoptr (LwModelSpec) convnet = lw_model_spec_new_preset ("convnet");
  g_autofree char        *data_path = get_path ("data.npz");
  g_autoptr (LwRun)       trained = NULL;

  settings.batch_size = 128;
  assert_quiet ("export --preset convnet --format keras-script --output @convnet.py");
  assert_script ("convnet.py", convnet, &settings, NULL);
  assert_quiet ("export --preset convnet --data mnist --format keras-script --output @convnet.py");
  assert_script ("convnet.py", convnet, &settings, NULL);
  assert_quiet ("export --preset convnet --data @data.npz --format keras-script --output @convnet.py");
  assert_script ("convnet.py", convnet, &settings, data_path);

  /* A file brings its settings along. */
  assert_quiet ("train --preset mlp --data @data.npz --epochs 2 --batch-size 50 --seed 9 --validation 0.25 "
                "--optimizer SGD --learning-rate 0.5 --quiet --save @exported.keras");
  assert_quiet ("export @exported.keras --format keras-script --output @exported.py");
  trained = load ("exported.keras");
  g_assert_cmpuint (trained->settings.batch_size, ==, 50);
  assert_script ("exported.py", trained->model, &trained->settings, NULL);
}

static void
test_export_weights (void)
{
  g_autoptr (GError)    error = NULL;
  g_autoptr (LwRun)     run_of_file = NULL;
  g_autoptr (GBytes)    bytes = NULL;
  g_autoptr (LwWeights) weights = NULL;
  g_autoptr (LwNpz)     npz = NULL;
  g_autofree char      *npz_path = get_path ("exported.npz");
  guint                 w = 0;

  assert_quiet ("train --preset tiny-cnn --data @data.npz --steps 2 --quiet --save @exported.keras");
  assert_quiet ("export @exported.keras --format weights-h5 --output @exported.weights.h5");
  assert_quiet ("export @exported.keras --format npz --output @exported.npz");
  run_of_file = load ("exported.keras");

  bytes = read_bytes ("exported.weights.h5");
  weights = lw_weights_read (bytes, run_of_file->model, "exported.weights.h5", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (weights->n_weights, ==, run_of_file->state->n_weights);
  g_assert_false (weights->has_optimizer);
  npz = lw_npz_open (npz_path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length ((GStrv) lw_npz_get_names (npz)), ==, weights->n_weights);
  for (const char *const *name
       = (const char *const[]) { "conv2d/kernel", "conv2d/bias", "conv2d_1/kernel", "conv2d_1/bias", "dense/kernel",
                                "dense/bias", NULL };
       *name != NULL; name++, w++)
    {
      const LwTensor      *wanted = run_of_file->state->weights[w];
      g_autoptr (LwTensor) array = lw_npz_read (npz, *name, &error);
      const gsize          size = lw_tensor_get_count (wanted) * sizeof (float);

      g_assert_no_error (error);
      g_assert_true (lw_shape_equal (lw_tensor_get_shape (array), lw_tensor_get_shape (wanted)));
      g_assert_cmpmem (lw_tensor_get_data (array), size, lw_tensor_get_data (wanted), size);
      g_assert_cmpmem (lw_tensor_get_data (weights->weights[w]), size, lw_tensor_get_data (wanted), size);
    }
  g_assert_cmpuint (w, ==, weights->n_weights);
}

/* What goes wrong leaves what was there. */
static void
test_export_failures (void)
{
  g_autofree char *path = get_path ("kept.py");
  g_autofree char *text = NULL;

  g_assert_true (g_file_set_contents (path, "mine", -1, NULL));
  assert_fails ("export @missing.keras --format keras-script --output @kept.py", 1, "no file");
  assert_fails ("export @data.npz --format keras-script --output @kept.py", 1, "data.npz");
  assert_fails ("export @drawn.keras --format npz --output @kept.py", 1, "model.weights.h5");
  assert_fails ("export @drawn.keras --format weights-h5 --output @kept.py", 1, "model.weights.h5");
  assert_fails ("export --preset mlp --format keras-script --output @nowhere/x.py", 1, "could not be saved");
  assert_fails ("export --preset mlp --format keras-script --output @", 1, "not a regular file");
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "mine");
  /* An architecture is enough for a script. */
  assert_quiet ("export @drawn.keras --format keras-script --output @kept.py");
}

static void
limit_file_size (gpointer data)
{
  struct rlimit limit = { 8192, 8192 };

  setrlimit (RLIMIT_FSIZE, &limit);
}

/* Where no file may be larger than 8 KiB: the figures are told, the error too, no litter is left. */
static void
test_file_size_limit (void)
{
  g_auto (GStrv) command = make_command ("train --preset logistic --data @data.npz --steps 1 --quiet "
                                         "--json --save @limited.keras");
  g_autoptr (GSubprocessLauncher) launcher
    = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError)      error = NULL;
  g_autoptr (GDir)        dir = NULL;
  g_autoptr (JsonParser)  parser = NULL;
  g_auto (Answer)         answer = { 0 };
  const char             *name;

  g_subprocess_launcher_set_child_setup (launcher, limit_file_size, NULL, NULL);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) command, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &answer.out, &answer.err, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 1);
  assert_null (parse_json (&answer, &parser), "saved");
  assert_contains (answer.err, "could not be saved");

  dir = g_dir_open (folder, 0, &error);
  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_assert_false (g_str_has_suffix (name, ".tmp") || g_str_equal (name, "limited.keras"));
}

static void
test_divergence (void)
{
  g_auto (Answer) answer
    = run ("train --preset mlp --data @data.npz --optimizer SGD --learning-rate 1e30 "
           "--json --quiet --log @nan.csv --save @nan.keras");
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (LwRun) saved = NULL;
  JsonObject      *object = parse_json (&answer, &parser);
  gint64           step = json_object_get_int_member (object, "steps");
  g_autofree char *named = g_strdup_printf ("step %" G_GINT64_FORMAT, step);

  g_assert_cmpint (answer.status, ==, 1);
  g_assert_cmpint (step, >, 1);
  assert_null (object, "loss");
  g_assert_true (isfinite (get_real (object, "val_loss")));
  g_assert_cmpstr (json_object_get_string_member (object, "outcome"), ==, "diverged");
  assert_contains (answer.err, named);
  assert_contains (answer.err, "learning rate");

  rows = read_log ("nan.csv");
  g_assert_cmpuint (rows->len, ==, step);
  saved = load ("nan.keras");
  g_assert_cmpint (saved->state->step, <, step);
  for (guint i = 0; i < saved->state->n_weights; i++)
    for (gsize k = 0; k < lw_tensor_get_count (saved->state->weights[i]); k++)
      g_assert_true (isfinite (lw_tensor_get_value (saved->state->weights[i], k)));
}

/* The last step's loss is a number, but what it made of the weights gives none. */
static void
test_divergence_at_end (void)
{
  g_auto (Answer) answer = run ("train --preset mlp --data @data.npz --optimizer SGD --steps 1 "
                                "--learning-rate 1e30 --json --quiet --save @end.keras");
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (LwRun)      saved = NULL;
  JsonObject            *object = parse_json (&answer, &parser);

  g_assert_cmpint (answer.status, ==, 1);
  assert_null (object, "loss");
  g_assert_true (isfinite (get_real (object, "val_loss")));
  saved = load ("end.keras");
  g_assert_cmpint (saved->state->step, ==, 0);
}

static void
test_interrupt (void)
{
  static const int signals[] = { SIGINT, SIGTERM };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      g_auto (GStrv) command
        = make_command ("train --preset convnet --data @data.npz --epochs 10000 --quiet "
                        "--log @endless.csv --save @endless.keras");
      g_autofree char *log = get_path ("endless.csv");
      g_autofree char *file = get_path ("endless.keras");
      g_autoptr (GSubprocess) process = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (LwRun) saved = NULL;
      GStatBuf info;

      g_remove (log);
      g_remove (file);
      process = g_subprocess_newv ((const char *const *) command, G_SUBPROCESS_FLAGS_NONE, &error);
      g_assert_no_error (error);
      for (int wait = 0; wait < 3000 && (g_stat (log, &info) != 0 || info.st_size == 0); wait++)
        g_usleep (10000);
      g_subprocess_send_signal (process, signals[i]);
      g_subprocess_wait (process, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (g_subprocess_get_if_exited (process));
      g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 130);
      saved = load ("endless.keras");
      g_assert_cmpint (saved->state->step, >, 0);
      g_assert_cmpuint (saved->settings.epochs, ==, 10000);
    }
}

/* What predict says of the test images is what evaluate counts. */
static void
test_evaluate_and_predict (void)
{
  static const char *const names[] = { "unused", "x" };
  g_auto (Answer) trained
    = run ("train --preset mlp --data @data.npz --epochs 2 --quiet --json --save @told.keras");
  g_auto (Answer) text = run ("evaluate @told.keras --data @data.npz");
  g_auto (Answer) answer = run ("evaluate @told.keras --data @data.npz --json");
  g_autoptr (JsonParser) trained_parser = NULL, parser = NULL;
  JsonObject      *before = parse_json (&trained, &trained_parser);
  JsonObject      *object = parse_json (&answer, &parser);
  g_autofree char *data = get_path ("data.npz");
  g_autofree char *input = get_path ("x.npz");
  g_autofree char *output = get_path ("y.npz");
  g_autoptr (LwNpz) npz = lw_npz_open (data, NULL);
  g_autoptr (LwTensor) images = lw_npz_read (npz, "x_test", NULL);
  g_autoptr (LwTensor) labels = lw_npz_read (npz, "y_test", NULL);
  g_autoptr (LwTensor) x = lw_tensor_new (NULL, LW_FLOAT32, &LW_SHAPE (N_TEST, 28, 28, 1), NULL);
  g_autoptr (LwTensor) y = NULL;
  float    *pixels = lw_tensor_get_mutable_data (x);
  LwTensor *arrays[] = { labels, x };
  int       n_right = 0;

  g_assert_cmpint (answer.status, ==, 0);
  g_assert_cmpint (json_object_get_int_member (object, "n_images"), ==, N_TEST);
  g_assert_cmpfloat (get_real (object, "loss"), ==, get_real (before, "val_loss"));
  g_assert_cmpfloat (get_real (object, "accuracy"), ==, get_real (before, "val_accuracy"));
  assert_contains (text.out, "accuracy");

  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    pixels[i] = (float) lw_tensor_get_value (images, i) * (1.0f / 255.0f);
  g_assert_true (lw_npz_write (input, 2, names, arrays, NULL));
  {
    g_auto (Answer) predicted = run ("predict @told.keras --input @x.npz --output @y.npz");

    g_assert_cmpint (predicted.status, ==, 0);
    g_assert_cmpstr (predicted.out, ==, "");
  }
  {
    g_autoptr (LwNpz) result = lw_npz_open (output, NULL);

    g_assert_nonnull (result);
    g_assert_cmpuint (g_strv_length ((char **) lw_npz_get_names (result)), ==, 1);
    y = lw_npz_read (result, "y", NULL);
  }
  g_assert_nonnull (y);
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (y), &LW_SHAPE (N_TEST, 10)));
  for (gsize i = 0; i < N_TEST; i++)
    {
      const float *row = lw_tensor_get_floats (y) + 10 * i;
      int          best = 0;
      float        sum = 0;

      for (int k = 0; k < 10; k++)
        {
          sum += row[k];
          best = row[k] > row[best] ? k : best;
        }
      g_assert_cmpfloat_with_epsilon (sum, 1.0f, 1e-5f);
      n_right += best == (int) lw_tensor_get_value (labels, i);
    }
  g_assert_cmpfloat_with_epsilon (get_real (object, "accuracy"), (double) n_right / N_TEST, 1e-9);

  /* The shape that it should have had. */
  arrays[1] = images;
  g_assert_true (lw_npz_write (input, 2, names, arrays, NULL));
  assert_fails ("predict @told.keras --input @x.npz --output @y2.npz", 1, "n×28×28×1");
  assert_fails ("predict @told.keras --input @data.npz --output @y2.npz", 1, "x_train");
  write_data ("small.npz", 2, 20, 10);
  assert_fails ("evaluate @told.keras --data @small.npz", 1, "2×2×1");
}

static char *
read_text (const char *name)
{
  g_autofree char *path = get_path (name);
  char            *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* The table says of each step what the log said while it was taken. */
static void
test_history (void)
{
  g_auto (Answer)  trained = run ("train --preset mlp --data @data.npz --epochs 2 --batch-size 50 --quiet "
                                  "--log @steps.csv --save @remembers.keras");
  g_auto (Answer)  answer = run ("history @remembers.keras --output @table.csv");
  g_auto (Answer)  again = run ("history @remembers.keras --format CSV --output @again.csv");
  g_autofree char *log = read_text ("steps.csv");
  g_autofree char *table = read_text ("table.csv");
  g_autofree char *table_again = read_text ("again.csv");
  g_auto (GStrv)   logged = g_strsplit (log, "\n", -1);
  g_auto (GStrv)   rows = g_strsplit (table, "\r\n", -1);
  guint            n_steps = 0, n_tests = 0;

  g_assert_cmpint (trained.status, ==, 0);
  g_assert_cmpint (answer.status, ==, 0);
  g_assert_cmpstr (answer.out, ==, "");
  g_assert_cmpint (again.status, ==, 0);
  g_assert_cmpstr (table, ==, table_again);
  g_assert_cmpstr (rows[0], ==, "run,kind,step,epoch,seconds,images,loss,accuracy,rate,note");
  for (guint i = 1; rows[i] != NULL && *rows[i] != '\0'; i++)
    {
      g_auto (GStrv) fields = g_strsplit (rows[i], ",", -1);

      g_assert_cmpuint (g_strv_length (fields), ==, 10);
      g_assert_cmpstr (fields[0], ==, "remembers");
      if (g_str_equal (fields[1], "train"))
        {
          g_auto (GStrv) said = g_strsplit (logged[++n_steps], ",", -1);

          g_assert_cmpint (atoi (fields[2]), ==, (int) n_steps);
          g_assert_cmpstr (fields[3], ==, said[1]);
          g_assert_cmpfloat_with_epsilon (g_ascii_strtod (fields[6], NULL), g_ascii_strtod (said[2], NULL), 1e-5);
          g_assert_cmpstr (fields[8], ==, "0.001");
        }
      else
        {
          g_assert_cmpstr (fields[1], ==, "test");
          g_assert_cmpstr (fields[5], ==, "50");
          n_tests++;
        }
    }
  g_assert_cmpuint (n_steps, ==, 2 * N_TRAIN / 50);
  g_assert_cmpuint (n_tests, ==, 2);

  assert_fails ("history @missing.keras --output @table.csv", 1, "no file");
  assert_fails ("history @remembers.keras --output @nowhere/table.csv", 1, "could not be saved");
}

/* Numbers in files and JSON keep their point in a locale with a comma. */
static void
test_locale (void)
{
  g_auto (Answer)        answer = run_with ("LC_ALL", "de_DE.UTF-8",
                                            "train --preset logistic --data @data.npz "
                                            "--epochs 1 --json --quiet --log @locale.csv");
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GPtrArray)  rows = read_log ("locale.csv");

  get_real (parse_json (&answer, &parser), "loss");
  g_assert_cmpuint (rows->len, ==, 7);
}

static void
test_progress (void)
{
  const LwProgressStatus status = { .epoch = 2,
                                    .n_epochs = 5,
                                    .step = 50,
                                    .steps_per_epoch = 100,
                                    .loss = 0.25,
                                    .accuracy = 0.5,
                                    .speed = 1000,
                                    .n_done = 1,
                                    .n_total = 2 };

  for (int columns = 1; columns <= 200; columns++)
    for (int ascii = 0; ascii < 2; ascii++)
      {
        g_autofree char *line = lw_progress_format (&status, 3725, columns, ascii);

        g_assert_cmpint (g_utf8_strlen (line, -1), <, columns);
        if (ascii)
          g_assert_true (g_str_is_ascii (line));
        if (columns >= 100)
          {
            assert_contains (line, "Epoch 2/5 ");
            assert_contains (line, "50/100");
            assert_contains (line, "loss 0.2500");
            assert_contains (line, "1:02:05 left");
          }
      }
}

static void
remove_folder (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char      *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = get_path (name);

      g_remove (path);
    }
  g_rmdir (folder);
  g_free (folder);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_assert_nonnull (g_getenv ("LAYERWISE_CLI"));
  folder = g_dir_make_tmp ("layerwise-cli-XXXXXX", NULL);
  g_assert_nonnull (folder);
  write_data ("data.npz", 28, N_TRAIN, N_TEST);

  g_test_add_func ("/cli/version", test_version);
  g_test_add_func ("/cli/help", test_help);
  g_test_add_func ("/cli/presets-and-summary", test_presets_and_summary);
  g_test_add_func ("/cli/wrong-usage", test_wrong_usage);
  g_test_add_func ("/cli/failures", test_failures);
  g_test_add_func ("/cli/train", test_train);
  g_test_add_func ("/cli/words", test_words);
  g_test_add_func ("/cli/idx", test_idx);
  g_test_add_func ("/cli/resume", test_resume);
  g_test_add_func ("/cli/resume-rest", test_resume_rest);
  g_test_add_func ("/cli/early-stop", test_early_stop);
  g_test_add_func ("/cli/keep-best", test_keep_best);
  g_test_add_func ("/cli/threads", test_threads);
  g_test_add_func ("/cli/resume-document", test_resume_document);
  g_test_add_func ("/cli/unfinished", test_unfinished);
  g_test_add_func ("/cli/model", test_model);
  g_test_add_func ("/cli/model-without-weights", test_model_without_weights);
  g_test_add_func ("/cli/export-script", test_export_script);
  g_test_add_func ("/cli/export-weights", test_export_weights);
  g_test_add_func ("/cli/export-failures", test_export_failures);
  g_test_add_func ("/cli/file-size-limit", test_file_size_limit);
  g_test_add_func ("/cli/divergence", test_divergence);
  g_test_add_func ("/cli/divergence-at-end", test_divergence_at_end);
  g_test_add_func ("/cli/interrupt", test_interrupt);
  g_test_add_func ("/cli/evaluate-and-predict", test_evaluate_and_predict);
  g_test_add_func ("/cli/history", test_history);
  g_test_add_func ("/cli/locale", test_locale);
  g_test_add_func ("/cli/progress", test_progress);

  status = g_test_run ();
  remove_folder ();
  return status;
}
