#pragma once

#include "engine/data/npy.h"

/* NumPy's .npz files: a ZIP archive of .npy arrays (npy.h says which), each under a name; stored
 * (np.savez) or deflated (np.savez_compressed), with Zip64 or without.
 *
 *   npz = lw_npz_open ("mnist.npz", &error);
 *   x_train = lw_npz_read (npz, "x_train", &error);
 *
 * A damaged, truncated or hostile archive gives LW_ERROR_FILE and one sentence: the file, where in it,
 * what was expected, what was found. Sizes are checked against the file before memory is asked for: a
 * member can unpack to no more than deflate can pack into what is there (1032 times) and to no more
 * than 8 GiB, and must have exactly the bytes that its array's header promises. Its CRC is compared. */

G_BEGIN_DECLS

typedef struct _LwNpz LwNpz;

/* Opens an archive and reads its directory; arrays are unpacked one by one, by lw_npz_read(). Members
 * that are not .npy are passed over. From one thread at a time. */
LwNpz             *lw_npz_open  (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void               lw_npz_close (LwNpz *npz);

/* The arrays' names without ".npy", NULL-terminated, in the file's order; borrowed. */
const char *const *lw_npz_get_names (LwNpz *npz);

/* What the array called `name` is, from its header alone: no memory is asked for its elements. */
gboolean           lw_npz_get_type (LwNpz *npz, const char *name, LwDType *dtype, LwShape *shape,
                                    GError **error);
/* The array called `name`; the tensor bears that name. LW_ERROR_FILE names the arrays there are when
 * there is none of that name. */
LwTensor          *lw_npz_read  (LwNpz *npz, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes n arrays under their names (UTF-8, without ".npy", each once: LW_ERROR_VALUE otherwise) as an
 * .npz that NumPy loads, stored as np.savez does or deflated as np.savez_compressed does. Equal arrays
 * give equal files: no dates are in them. Written new, brought to the disk, renamed: a kill at any
 * moment leaves the old file or the new one. */
gboolean           lw_npz_write            (const char *path, guint n, const char *const *names,
                                            LwTensor *const *arrays, GError **error);
gboolean           lw_npz_write_compressed (const char *path, guint n, const char *const *names,
                                            LwTensor *const *arrays, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwNpz, lw_npz_close)

G_END_DECLS
