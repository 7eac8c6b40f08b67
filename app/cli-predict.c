#include <glib/gi18n-lib.h>

#include "app/cli-options.h"
#include "app/cli.h"
#include "engine/core/device.h"
#include "engine/core/error.h"
#include "engine/data/npz.h"
#include "engine/train/inference.h"

/* The command `predict`: a model's outputs for arrays that another program made. */

#define COMMAND "predict"

#define BATCH 250

/* The input's size: n×height×width×channels, float32. */
static gboolean
check_input (const LwModelSpec *model, const LwTensor *x, const char *path, GError **error)
{
  const LwShape *have = lw_tensor_get_shape (x);
  const LwShape *want = lw_model_spec_get_input (model);
  gboolean       fits
    = lw_tensor_get_dtype (x) == LW_FLOAT32 && have->rank == want->rank + 1 && have->dims[0] > 0;
  g_autofree char *file = NULL;
  g_autofree char *wanted = NULL;
  g_autofree char *found = NULL;

  for (int i = 0; fits && i < want->rank; i++)
    fits = want->dims[i] == LW_DIM_ANY ? have->dims[i + 1] > 0 : want->dims[i] == have->dims[i + 1];
  if (fits)
    return TRUE;
  file = g_filename_display_name (path);
  wanted = lw_shape_to_string (want);
  found = lw_shape_to_string (have);
  g_set_error (
    error, LW_ERROR, LW_ERROR_SHAPE,
    _("%s: x should be float32 of shape n×%s, as the model's input, but it is %s of shape %s"),
    file, wanted, lw_dtype_get_name (lw_tensor_get_dtype (x)), found);
  return FALSE;
}

static gboolean
predict (const char *path, const char *input, const char *output, GError **error)
{
  static const char *const names[] = { "y" };
  g_autoptr (LwDevice)     device = lw_device_new (0, 0, error);
  g_autoptr (LwRun)        run = NULL;
  g_autoptr (LwNpz)        npz = NULL;
  g_autoptr (LwTensor)     x = NULL;
  g_autoptr (LwTensor)     y = NULL;

  if (device == NULL || (run = lw_cli_load_run (path, error)) == NULL
      || (npz = lw_npz_open (input, error)) == NULL || (x = lw_npz_read (npz, "x", error)) == NULL
      || !check_input (run->model, x, input, error))
    return FALSE;
  y = lw_state_predict (run->state, device, x, error);
  return y != NULL && lw_npz_write (output, 1, names, &y, error);
}

int
lw_cli_predict (int argc, char **argv)
{
  g_autofree char   *input = NULL;
  g_autofree char   *output = NULL;
  const GOptionEntry entries[] = {
    { "input", 0, 0, G_OPTION_ARG_FILENAME, &input,
      N_("Images: the array x, float32 of shape n×height×width×channels"), N_("X.npz") },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &output,
      N_("Where the array y goes: what the last layer gives for each"), N_("Y.npz") },
    { NULL },
  };
  const LwCliSyntax  syntax = {
    .command = COMMAND,
    .words = _("FILE"),
    .summary = _("Runs the model in a .keras file on images of your own."),
    .description
    = _("Models trained here expect pixels from 0 to 1 with 0 as the background. Other arrays\n"
        "in the input are ignored."),
    .entries = entries,
    .n_words = 1,
  };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv)     words = lw_cli_parse (&syntax, argc, argv, &error);

  if (words != NULL && words[0] == NULL)
    lw_cli_set_usage_error (&error, _("predict needs the .keras file of a model"));
  else if (words != NULL && input == NULL)
    lw_cli_set_usage_error (&error, _("predict needs --input with an .npz file"));
  else if (words != NULL && output == NULL)
    lw_cli_set_usage_error (&error, _("predict needs --output with a name for an .npz file"));
  else if (words != NULL && predict (words[0], input, output, &error))
    return 0;
  return lw_cli_fail (COMMAND, g_steal_pointer (&error));
}
