#pragma once

#include <glib.h>

/* LwZipWriter: writes a ZIP archive of stored (not compressed) members, as np.savez and Keras do, or of
 * deflated ones, as np.savez_compressed does. All members bear the same date, ZIP's first (1 January
 * 1980), so that equal contents give equal files. */

G_BEGIN_DECLS

typedef struct _LwZipWriter LwZipWriter;

LwZipWriter *lw_zip_writer_new       (void) G_GNUC_WARN_UNUSED_RESULT;
void         lw_zip_writer_free      (LwZipWriter *writer);

/* Starts the next member; `name` is UTF-8 and not that of another member. */
void         lw_zip_writer_begin     (LwZipWriter *writer, const char *name);
/* The same; what is added is deflated at once, and its packed form kept until the writer is freed. */
void         lw_zip_writer_begin_deflated (LwZipWriter *writer, const char *name);
/* Adds to the member that was begun last. The data of a stored member are borrowed until the writer is
 * freed; bytes are referenced. */
void         lw_zip_writer_add       (LwZipWriter *writer, gconstpointer data, gsize length);
void         lw_zip_writer_add_bytes (LwZipWriter *writer, GBytes *bytes);

/* Adds a whole archive, ended here, to the member that was begun last. Takes `inner`. */
void         lw_zip_writer_add_archive (LwZipWriter *writer, LwZipWriter *inner);

/* Ends the archive and writes it by lw_atomic_file_write(). To be called once. */
gboolean     lw_zip_writer_save      (LwZipWriter *writer, const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwZipWriter, lw_zip_writer_free)

G_END_DECLS
