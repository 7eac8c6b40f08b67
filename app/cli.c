#include "app/cli.h"

#include <glib/gi18n-lib.h>
#include <hdf5.h>
#include <json-glib/json-glib.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <zip.h>
#include <zlib.h>

#include "app/cli-options.h"
#include "engine/core/device.h"

/* layerwise-cli: finds the command and hands it its arguments. */

static const struct {
  const char *name, *arguments, *summary;
  int (*run) (int argc, char **argv);
} commands[] = {
  { "train", N_("[OPTION…]"), N_("Train a model"), lw_cli_train },
  { "evaluate", N_("FILE [--data …]"), N_("Measure a saved model on the test images"),
    lw_cli_evaluate },
  { "predict", N_("FILE --input X.npz --output Y.npz"),
    N_("Run a saved model on images of your own"), lw_cli_predict },
  { "summary", N_("FILE | --preset NAME"), N_("Print a model's layers and parameters"),
    lw_cli_summary },
  { "export", N_("FILE --format NAME --output PATH"),
    N_("Write a model as a Keras script, or its weights for other programs"), lw_cli_export },
  { "history", N_("FILE --output Y.csv"),
    N_("Write what was measured while a saved model was trained"), lw_cli_history },
  { "presets", "", N_("List the models that come with the program"), lw_cli_presets },
};

static int
print_help (void)
{
  g_autoptr (GError) error = NULL;

  g_print ("%s\n  layerwise-cli %s\n\n%s\n", _("Usage:"), _("COMMAND [OPTION…]"),
           _("Commands:"));
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_print ("  %s%s%s\n      %s\n", commands[i].name, *commands[i].arguments != '\0' ? " " : "",
             *commands[i].arguments != '\0' ? _(commands[i].arguments) : "",
             _(commands[i].summary));
  g_print ("  --version\n      %s\n\n%s\n", _("Print this program's version and its libraries'"),
           _("layerwise-cli COMMAND --help tells the options of a command."));
  return lw_cli_flush (&error) ? 0 : lw_cli_fail (NULL, g_steal_pointer (&error));
}

static int
print_version (void)
{
  g_autoptr (GError)   error = NULL;
  g_autoptr (LwDevice) device = lw_device_new (1, 0, &error);
  unsigned             major = 0, minor = 0, release = 0;

  if (device == NULL)
    return lw_cli_fail (NULL, g_steal_pointer (&error));
  H5get_libversion (&major, &minor, &release);
  g_print ("layerwise-cli %s\n", LW_VERSION);
  g_print ("isa %s\n", device->kernels->name);
  g_print ("GLib %u.%u.%u\n", glib_major_version, glib_minor_version, glib_micro_version);
  g_print ("zlib %s\n", zlibVersion ());
  g_print ("libzip %s\n", zip_libzip_version ());
  g_print ("HDF5 %u.%u.%u\n", major, minor, release);
  g_print ("json-glib %s\n", JSON_VERSION_S);
  return lw_cli_flush (&error) ? 0 : lw_cli_fail (NULL, g_steal_pointer (&error));
}

static void
set_unknown_command (GError **error, const char *word)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", commands[i].name);
  if (word == NULL)
    lw_cli_set_usage_error (error, _("a command is missing; choose one of %s"), names->str);
  else if (word[0] == '-')
    lw_cli_set_usage_error (error, _("a command must come before “%s”; choose one of %s"), word,
                            names->str);
  else
    lw_cli_set_usage_error (error, _("there is no command “%s”; choose one of %s"), word,
                            names->str);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  const char        *word = argc > 1 ? argv[1] : NULL;

  /* A limit on the size of files is an error of the write that meets it, as a full disk is. */
  signal (SIGXFSZ, SIG_IGN);
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LW_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  if (g_strcmp0 (word, "--help") == 0 || g_strcmp0 (word, "-h") == 0)
    return print_help ();
  if (g_strcmp0 (word, "--version") == 0)
    return print_version ();
  for (guint i = 0; word != NULL && i < G_N_ELEMENTS (commands); i++)
    if (strcmp (word, commands[i].name) == 0)
      return commands[i].run (argc - 1, argv + 1);
  set_unknown_command (&error, word);
  return lw_cli_fail (NULL, g_steal_pointer (&error));
}
