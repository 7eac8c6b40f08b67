#pragma once

#include <glib.h>
#include <sys/uio.h>

/* Replacing a file so that nothing is ever lost: the new content is written under another name in
 * the same directory, brought to the disk, and renamed over the old one. A kill, a full disk or a
 * power cut at any moment leaves either the whole old file or the whole new one. */

G_BEGIN_DECLS

/* Writes the n parts, one behind the other, as the file `path` (a symbolic link is followed, so that
 * it stays a link). The old file's permissions are kept. FALSE and one sentence otherwise; the old
 * file is then untouched. */
gboolean lw_atomic_file_write (const char *path, const struct iovec *parts, guint n, GError **error);

G_END_DECLS
