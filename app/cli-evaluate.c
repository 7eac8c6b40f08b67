#include <glib/gi18n-lib.h>
#include <inttypes.h>

#include "app/cli-options.h"
#include "app/cli.h"
#include "engine/core/device.h"
#include "engine/core/error.h"
#include "engine/train/inference.h"

/* The command `evaluate`: loss and accuracy of a saved model on the test images. */

#define COMMAND "evaluate"

/* Loss and accuracy are taken from images as the model would train on them. */
static gboolean
check_images (const LwModelSpec *model, LwImages *images, GError **error)
{
  const LwShape   *input = lw_model_spec_get_input (model);
  gint64           height = lw_tensor_get_dim (images->test_images, 1);
  gint64           width = lw_tensor_get_dim (images->test_images, 2);
  g_autofree char *want = NULL;
  g_autofree char *have = NULL;

  if (lw_model_spec_get_fault (model) != NULL)
    {
      g_set_error_literal (error, LW_ERROR, LW_ERROR_SHAPE,
                           lw_model_spec_get_fault (model)->message);
      return FALSE;
    }
  if (input->rank == 3 && (input->dims[0] == LW_DIM_ANY || input->dims[0] == height)
      && (input->dims[1] == LW_DIM_ANY || input->dims[1] == width) && input->dims[2] == 1)
    return TRUE;
  want = lw_shape_to_string (input);
  have = lw_shape_to_string (&LW_SHAPE (height, width, 1));
  g_set_error (
    error, LW_ERROR, LW_ERROR_SHAPE,
    _("The model's input is %s, but the images of %s are %s; name images of the model's size "
      "by --data"),
    want, images->name, have);
  return FALSE;
}

static gboolean
evaluate (const char *path, const char *data, gboolean as_json, GError **error)
{
  g_autoptr (LwDevice) device = lw_device_new (0, 0, error);
  g_autoptr (LwRun)    run = NULL;
  g_autoptr (LwImages) images = NULL;
  g_autoptr (GString)  json = NULL;
  g_autofree char     *file = g_filename_display_name (path);
  LwEvaluation         result;

  if (device == NULL || (run = lw_cli_load_run (path, error)) == NULL
      || (images = lw_cli_load_images (data, error)) == NULL
      || !check_images (run->model, images, error)
      || !lw_state_evaluate (run->state, device, images->test_images, images->test_labels, &result,
                             error))
    return FALSE;

  if (!as_json)
    {
      g_print (_("%s on the %" PRId64 " test images of %s: loss %.4f, accuracy %.4f\n"),
               lw_model_spec_get_name (run->model), result.n_images, images->name, result.loss,
               result.accuracy);
      return lw_cli_flush (error);
    }
  json = lw_cli_json_begin ();
  lw_cli_json_add_real (json, "loss", result.loss);
  lw_cli_json_add_real (json, "accuracy", result.accuracy);
  lw_cli_json_add_whole (json, "n_images", (guint64) result.n_images);
  lw_cli_json_add_whole (json, "steps", (guint64) run->state->step);
  lw_cli_json_add_string (json, "model", lw_model_spec_get_name (run->model));
  lw_cli_json_add_string (json, "file", file);
  lw_cli_json_add_string (json, "data", images->name);
  lw_cli_json_add_whole (json, "threads", (guint64) lw_device_get_n_threads (device));
  lw_cli_json_add_string (json, "isa", device->kernels->name);
  return lw_cli_json_print (json, error);
}

int
lw_cli_evaluate (int argc, char **argv)
{
  g_autofree char   *data = NULL;
  gboolean           as_json = FALSE;
  const GOptionEntry entries[] = {
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &data,
      N_("mnist (default), or an .npz with x_train, y_train, x_test and y_test"),
      N_("mnist|FILE") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &as_json, N_("Print the result as one JSON object"), NULL },
    { NULL },
  };
  const LwCliSyntax  syntax = {
    .command = COMMAND,
    .words = _("FILE"),
    .summary = _("Measures the model in a .keras file on the test images."),
    .entries = entries,
    .n_words = 1,
  };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv)     words = lw_cli_parse (&syntax, argc, argv, &error);

  if (words != NULL && words[0] == NULL)
    lw_cli_set_usage_error (&error, _("evaluate needs the .keras file of a model"));
  else if (words != NULL && evaluate (words[0], data, as_json, &error))
    return 0;
  return lw_cli_fail (COMMAND, g_steal_pointer (&error));
}
