#pragma once

#include "engine/core/tensor.h"

/* Reading NumPy's files: .npy (format 1.0, 2.0, 3.0; C and Fortran order; both endians; float32,
 * float64, int32, int64, uint8, bool) and .npz (a ZIP of them, stored or deflated).
 *
 * A damaged, truncated or hostile file gives LW_ERROR_FILE and one sentence: the file, where in it,
 * what was expected, what was found. Sizes are checked against the file before memory is asked for. */

G_BEGIN_DECLS

typedef struct _LwNpz LwNpz;

/* Opens an archive and reads its directory; arrays are inflated one by one, by lw_npz_read(). */
LwNpz             *lw_npz_open      (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void               lw_npz_close     (LwNpz *npz);

/* The arrays' names without ".npy", NULL-terminated, in the file's order. */
const char *const *lw_npz_get_names (LwNpz *npz);

/* The array called `name`, in C order and this machine's endianness. LW_ERROR_FILE names the arrays
 * there are when there is none of that name. */
LwTensor          *lw_npz_read      (LwNpz *npz, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A whole .npy file in memory (`subject` names it in messages) or on disk. */
LwTensor          *lw_npy_parse     (gconstpointer data, gsize length, const char *subject,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
LwTensor          *lw_npy_read      (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes n arrays as an .npz (stored, as np.savez does) that NumPy loads; write-new, fsync, rename:
 * a kill at any moment leaves the old file or the new one. lw_npy_write() writes one .npy. */
gboolean           lw_npz_write     (const char *path, guint n, const char *const *names,
                                     LwTensor *const *arrays, GError **error);
gboolean           lw_npy_write     (const char *path, const LwTensor *array, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwNpz, lw_npz_close)

G_END_DECLS
