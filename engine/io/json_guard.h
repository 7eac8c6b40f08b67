#pragma once

#include <glib.h>

/* A scan of JSON text before json-glib sees it. json-glib 1.6 recurses as deep as the text nests and
 * crashes at a depth of 100,000, wraps integers that do not fit, takes 0123 for octal, and accepts
 * comments and a second value after the first. The scan lets through only what RFC 8259 calls tokens,
 * in UTF-8, up to a size, a depth and a number of digits. */

G_BEGIN_DECLS

#define LW_JSON_MAX_BYTES  (8 * 1024 * 1024)
#define LW_JSON_MAX_DEPTH  64
#define LW_JSON_MAX_DIGITS 18 /* of a whole number: what an int64 holds whatever the digits */

/* TRUE if `json` (`length` bytes, -1: up to the NUL) may be parsed; FALSE and LW_ERROR_FILE with a
 * sentence that begins with `what`, e.g. "config.json". */
gboolean lw_json_guard (const char *json, gssize length, const char *what, GError **error);

G_END_DECLS
