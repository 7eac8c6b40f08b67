#include <glib/gi18n-lib.h>
#include <stdio.h>

#include "app/cli-options.h"
#include "app/cli.h"
#include "engine/io/keras_archive.h"
#include "engine/nn/summary.h"

/* The commands `summary`, a model as a table, and `presets`, the models that come with it. */

static LwModelSpec *
get_model (const char *path, const char *preset, GError **error)
{
  if ((path != NULL) == (preset != NULL))
    {
      lw_cli_set_usage_error (error,
                              _("summary needs either the .keras file of a model or --preset"));
      return NULL;
    }
  if (preset != NULL)
    return lw_cli_get_preset (preset, error);
  return lw_keras_archive_load_model (path, NULL, error);
}

int
lw_cli_summary (int argc, char **argv)
{
  g_autofree char        *preset = NULL;
  gboolean                as_json = FALSE;
  const GOptionEntry      entries[] = {
    { "preset", 0, 0, G_OPTION_ARG_STRING, &preset,
      N_("A model that comes with the program, instead of a file"), N_("NAME") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &as_json, N_("Print the table as one JSON object"), NULL },
    { NULL },
  };
  const LwCliSyntax       syntax = {
    .command = "summary",
    .words = _("[FILE]"),
    .summary = _("Prints a model's layers, their output shapes and parameters."),
    .entries = entries,
    .n_words = 1,
  };
  g_autoptr (GError)      error = NULL;
  g_auto (GStrv)          words = lw_cli_parse (&syntax, argc, argv, &error);
  g_autoptr (LwModelSpec) model = words != NULL ? get_model (words[0], preset, &error) : NULL;
  g_autofree char        *text = NULL;

  if (model == NULL)
    return lw_cli_fail (syntax.command, g_steal_pointer (&error));
  if (as_json)
    {
      text = lw_model_spec_to_summary_json (model);
      fputs (text, stdout);
      fputc ('\n', stdout);
    }
  else
    {
      text = lw_model_spec_to_text (model);
      g_print ("%s", text);
    }
  return lw_cli_flush (&error) ? 0 : lw_cli_fail (syntax.command, g_steal_pointer (&error));
}

int
lw_cli_presets (int argc, char **argv)
{
  const LwCliSyntax  syntax = {
    .command = "presets",
    .summary = _("Lists the models that come with the program."),
  };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv)     words = lw_cli_parse (&syntax, argc, argv, &error);

  if (words == NULL)
    return lw_cli_fail (syntax.command, g_steal_pointer (&error));
  for (const char *const *name = lw_model_spec_get_presets (); *name != NULL; name++)
    {
      g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (*name);
      g_autofree char        *count = lw_summary_format_count (lw_model_spec_get_n_parameters (model));

      /* Translators: name, what it is, its number of parameters. */
      g_print (_("%-10s %s (%s parameters)\n"), *name, lw_preset_get_summary (*name), count);
    }
  return lw_cli_flush (&error) ? 0 : lw_cli_fail (syntax.command, g_steal_pointer (&error));
}
