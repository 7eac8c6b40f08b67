#pragma once

#include <glib.h>

/* JSON is put together as text here and not by json-glib, which in 1.6 writes 1e-10 as the invalid "1e-10.0"
 * and 0.9 with seventeen digits. */

G_BEGIN_DECLS

/* Appends `text` (UTF-8) as a JSON string, quotes and all. */
void lw_json_append_string (GString *json, const char *text);

G_END_DECLS
