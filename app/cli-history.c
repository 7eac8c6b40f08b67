#include <glib/gi18n-lib.h>

#include "app/cli-options.h"
#include "app/cli.h"
#include "engine/core/error.h"
#include "engine/train/history_csv.h"

/* The command `history`: what a saved run's curves are drawn from, as a table. */

#define COMMAND "history"

static gboolean
write_history (const char *path, const char *output, GError **error)
{
  g_autoptr (LwRun) run = lw_cli_load_run (path, error);
  g_autofree char  *base = g_path_get_basename (path);
  g_autofree char  *name = g_filename_display_name (base);

  if (run == NULL)
    return FALSE;
  if (run->history == NULL || lw_history_length (run->history) == 0)
    {
      g_autofree char *display = g_filename_display_name (path);

      g_set_error (error, LW_ERROR, LW_ERROR_STATE,
                   _("%s holds no history: it was not trained, or not by this program"), display);
      return FALSE;
    }
  if (g_str_has_suffix (name, ".keras"))
    name[strlen (name) - strlen (".keras")] = '\0';
  return lw_history_write_csv (output, 1, (const char *const *) &name, &run->history, error);
}

int
lw_cli_history (int argc, char **argv)
{
  g_autofree char   *format = NULL;
  g_autofree char   *output = NULL;
  const GOptionEntry entries[] = {
    { "format", 0, 0, G_OPTION_ARG_STRING, &format, N_("csv, which it is without this, too"), N_("NAME") },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &output, N_("Where the table goes"), N_("FILE.csv") },
    { NULL },
  };
  const LwCliSyntax  syntax = {
    .command = COMMAND,
    .words = _("FILE"),
    .summary = _("Writes what was measured during a saved model's training as a table."),
    .description
    = _("One row for each training step, validation and event: run, kind (train, sample, test,\n"
        "event), step, epoch, seconds, images, loss, accuracy, rate, note."),
    .entries = entries,
    .n_words = 1,
  };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv)     words = lw_cli_parse (&syntax, argc, argv, &error);

  if (words != NULL && words[0] == NULL)
    lw_cli_set_usage_error (&error, _("history needs the .keras file of a model"));
  else if (words != NULL && format != NULL && g_ascii_strcasecmp (format, "csv") != 0)
    lw_cli_set_usage_error (&error, _("there is no format “%s”; choose csv"), format);
  else if (words != NULL && output == NULL)
    lw_cli_set_usage_error (&error, _("history needs --output with a name for a .csv file"));
  else if (words != NULL && write_history (words[0], output, &error))
    return 0;
  return lw_cli_fail (COMMAND, g_steal_pointer (&error));
}
