#pragma once

#include <glib.h>

#include "engine/data/images.h"
#include "engine/nn/model_spec.h"
#include "engine/train/run.h"

/* What the commands share: reading their arguments strictly, and saying what went wrong.
 *
 * Wrong usage is an error of the domain G_OPTION_ERROR; everything else is the engine's or the
 * system's. lw_cli_fail() tells them apart by that. */

G_BEGIN_DECLS

typedef struct {
  const char         *command;     /* "train" */
  const char         *words;       /* what follows the options in the usage: "FILE", or NULL */
  const char         *summary;     /* translated, like description; may be NULL */
  const char         *description;
  const GOptionEntry *entries;     /* NULL for none */
  guint               n_words;     /* at most so many words beside the options */
} LwCliSyntax;

/* Fills the entries' variables and returns the words beside the options (free with g_strfreev).
 * --help prints the command's help and exits with 0. */
char      **lw_cli_parse            (const LwCliSyntax *syntax, int argc, char **argv,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Prints the error as "layerwise-cli: sentence" on stderr, frees it and returns the exit status.
 * Wrong usage gets a hint to the command's --help (command NULL: the program's). */
int         lw_cli_fail             (const char *command, GError *error);

/* Sets wrong usage with this sentence, without a full stop. */
void        lw_cli_set_usage_error  (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Numbers as C writes them in every locale, the whole word or nothing. `option` ("--epochs") is
 * what the message calls it. */
gboolean    lw_cli_get_whole        (const char *option, const char *text, guint64 minimum,
                                     guint64 maximum, guint64 *value, GError **error);
gboolean    lw_cli_get_real         (const char *option, const char *text, double *value,
                                     GError **error);

/* The preset, the optimizer class or the loss class of that name; otherwise wrong usage with the
 * names there are. Class names may be in lower case, or in Keras' snake_case. */
LwModelSpec       *lw_cli_get_preset    (const char *name,
                                         GError    **error) G_GNUC_WARN_UNUSED_RESULT;
const LwSpecClass *lw_cli_get_optimizer (const char *name, GError **error);
const LwSpecClass *lw_cli_get_loss      (const char *name, GError **error);

/* The images that --data names (NULL: mnist). */
LwImages   *lw_cli_load_images      (const char *data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The run in a .keras file; it has a state. */
LwRun      *lw_cli_load_run         (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One JSON object, a member after the other. A number that is not finite becomes null, and so does
 * a NULL string. Real numbers get the fewest digits that bring them back (json-glib 1.6 writes
 * 1e+30 as 1e+30.0, which is no JSON). */
GString    *lw_cli_json_begin       (void) G_GNUC_WARN_UNUSED_RESULT;
void        lw_cli_json_add_real    (GString *json, const char *key, double value);
void        lw_cli_json_add_whole   (GString *json, const char *key, guint64 value);
void        lw_cli_json_add_boolean (GString *json, const char *key, gboolean value);
void        lw_cli_json_add_string  (GString *json, const char *key, const char *value);

/* Ends the object and prints it in one line on stdout; FALSE if stdout does not take it. */
gboolean    lw_cli_json_print       (GString *json, GError **error);

/* Brings stdout's buffer out; FALSE if stdout does not take it (a full disk). */
gboolean    lw_cli_flush            (GError **error);

G_END_DECLS
