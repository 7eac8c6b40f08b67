/* layerwise: the window. */

#include "app/application.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <signal.h>

int
main (int argc, char **argv)
{
  g_autoptr (LwApplication) application = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LW_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_application_name (_("Layerwise"));

  /* A file that may not grow further is a sentence in a dialog, not the end of the program. */
  signal (SIGXFSZ, SIG_IGN);

  application = lw_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
