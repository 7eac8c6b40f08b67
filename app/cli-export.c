#include <glib/gi18n-lib.h>
#include <string.h>

#include "app/cli-options.h"
#include "app/cli.h"
#include "engine/core/error.h"
#include "engine/data/npz.h"
#include "engine/io/atomic_file.h"
#include "engine/io/keras_archive.h"
#include "engine/io/keras_script.h"
#include "engine/io/weights_h5.h"

/* The command `export`: a model as a Keras script, or its weights in files of other programs. */

#define COMMAND "export"

typedef struct {
  const char *file, *preset; /* one of them is NULL */
  const char *data;
  const char *output;
} Export;

static gboolean
write_file (const char *path, gconstpointer data, gsize length, GError **error)
{
  struct iovec part = { (gpointer) data, length };

  return lw_atomic_file_write (path, &part, 1, error);
}

/* -- keras-script -- */

/* The path as the script will find it from wherever it is run; NULL for mnist, or where it is wrong. */
static gboolean
get_data_path (const char *data, char **path, GError **error)
{
  *path = NULL;
  if (data == NULL || strcmp (data, "mnist") == 0)
    return TRUE;
  if (!g_str_has_suffix (data, ".npz"))
    {
      lw_cli_set_usage_error (error, _("a Keras script reads mnist or an .npz file, not “%s”"), data);
      return FALSE;
    }
  *path = g_canonicalize_filename (data, NULL);
  return TRUE;
}

static gboolean
export_script (const Export *export, GError **error)
{
  LwRunSettings             settings = LW_RUN_SETTINGS_STANDARD;
  LwKerasScriptOptions      options = { .parts = LW_KERAS_SCRIPT_ALL };
  g_autoptr (LwModelSpec)   model = NULL;
  g_autoptr (LwKerasScript) script = NULL;
  g_autofree char          *data_path = NULL;

  if (!get_data_path (export->data, &data_path, error))
    return FALSE;
  if (export->preset != NULL)
    {
      model = lw_cli_get_preset (export->preset, error);
      settings.batch_size = lw_preset_get_batch_size (export->preset);
    }
  else
    model = lw_keras_archive_load_model (export->file, &settings, error);
  if (model == NULL)
    return FALSE;
  options.data_path = data_path;
  script = lw_keras_script_new (model, &settings, &options);
  return write_file (export->output, script->text, strlen (script->text), error);
}

/* -- weights -- */

static gboolean
export_h5 (LwRun *run, const char *output, GError **error)
{
  const LwWeights   weights = { .n_weights = run->state->n_weights, .weights = run->state->weights };
  g_autoptr (GBytes) file = lw_weights_write (run->model, &weights, error);

  return file != NULL
         && write_file (output, g_bytes_get_data (file, NULL), g_bytes_get_size (file), error);
}

/* An array for each weight, called "layer/weight". */
static gboolean
export_npz (LwRun *run, const char *output, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < lw_model_spec_get_n_layers (run->model); i++)
    {
      const char        *layer = lw_spec_get_name (lw_model_spec_get_layer (run->model, i));
      const LwLayerInfo *info = lw_model_spec_get_info (run->model, i);

      for (guint k = 0; info != NULL && k < info->n_weights; k++)
        g_ptr_array_add (names, g_strdup_printf ("%s/%s", layer, info->weights[k].name));
    }
  g_return_val_if_fail (names->len == run->state->n_weights, FALSE);
  return lw_npz_write (output, names->len, (const char *const *) names->pdata, run->state->weights, error);
}

static gboolean
export_weights (const Export *export, gboolean (*write) (LwRun *, const char *, GError **), GError **error)
{
  g_autoptr (LwRun) run = NULL;

  if (export->preset != NULL)
    {
      lw_cli_set_usage_error (error, _("a preset has no weights to export; name the .keras file of a trained "
                                       "model"));
      return FALSE;
    }
  if (export->data != NULL)
    {
      lw_cli_set_usage_error (error, _("--data goes with --format keras-script only"));
      return FALSE;
    }
  run = lw_cli_load_run (export->file, error);
  return run != NULL && write (run, export->output, error);
}

static gboolean
export_to (const char *format, const Export *export, GError **error)
{
  if (strcmp (format, "keras-script") == 0)
    return export_script (export, error);
  if (strcmp (format, "weights-h5") == 0)
    return export_weights (export, export_h5, error);
  if (strcmp (format, "npz") == 0)
    return export_weights (export, export_npz, error);
  lw_cli_set_usage_error (error, _("there is no format “%s”; choose one of keras-script, weights-h5, npz"),
                          format);
  return FALSE;
}

int
lw_cli_export (int argc, char **argv)
{
  g_autofree char   *format = NULL;
  g_autofree char   *output = NULL;
  g_autofree char   *preset = NULL;
  g_autofree char   *data = NULL;
  const GOptionEntry entries[] = {
    { "format", 0, 0, G_OPTION_ARG_STRING, &format, N_("keras-script, weights-h5 or npz"), N_("NAME") },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &output, N_("The file to write"), N_("PATH") },
    { "preset", 0, 0, G_OPTION_ARG_STRING, &preset,
      N_("A model that comes with the program, instead of a file"), N_("NAME") },
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &data,
      N_("What the script trains on: mnist (default), or an .npz with x_train, y_train, x_test and y_test"),
      N_("mnist|FILE") },
    { NULL },
  };
  const LwCliSyntax  syntax = {
    .command = COMMAND,
    .words = _("[FILE]"),
    .summary = _("Writes the model in a .keras file in the form of another program."),
    .description
    = _("keras-script   a Python program for Keras 3 that builds, trains and saves the model\n"
        "weights-h5     the weights for model.load_weights(), which wants PATH to end in .weights.h5\n"
        "npz            the weights for numpy.load(), as arrays called layer/weight"),
    .entries = entries,
    .n_words = 1,
  };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv)     words = lw_cli_parse (&syntax, argc, argv, &error);

  if (words != NULL && (words[0] != NULL) == (preset != NULL))
    lw_cli_set_usage_error (&error, _("export needs either the .keras file of a model or --preset"));
  else if (words != NULL && format == NULL)
    lw_cli_set_usage_error (&error, _("export needs --format with one of keras-script, weights-h5, npz"));
  else if (words != NULL && output == NULL)
    lw_cli_set_usage_error (&error, _("export needs --output with a name for the file"));
  else if (words != NULL
           && export_to (format, &(Export) { words[0], preset, data, output }, &error))
    return 0;
  return lw_cli_fail (COMMAND, g_steal_pointer (&error));
}
