#pragma once

#include <glib.h>

/* Opening a file that a person chose: it may be a directory, a pipe, empty, or not theirs to read. */

G_BEGIN_DECLS

/* A descriptor of the regular, non-empty file at `path`, and its size; -1 and a sentence that names
 * the path otherwise. Never waits (a FIFO without a writer would make open() wait). */
int lw_open_file (const char *path, guint64 *size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
