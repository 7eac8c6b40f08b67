#pragma once

#include <glib.h>

/* layerwise-cli's commands: the engine without a window. Each takes its own arguments, argv[0]
 * being the command's name, and returns the program's exit status: 0, 1 when it failed, 2 for wrong
 * usage, 130 after Ctrl+C. What a command answers goes to stdout; progress and complaints go to
 * stderr. */

G_BEGIN_DECLS

int lw_cli_train    (int argc, char **argv);
int lw_cli_evaluate (int argc, char **argv);
int lw_cli_predict  (int argc, char **argv);
int lw_cli_summary  (int argc, char **argv);
int lw_cli_export   (int argc, char **argv);
int lw_cli_presets  (int argc, char **argv);
int lw_cli_history  (int argc, char **argv);

G_END_DECLS
