#pragma once

#include "engine/core/tensor.h"

/* NumPy's .npy files: one array with its dtype and shape, as np.save writes it.
 *
 * Read are format 1.0, 2.0 and 3.0, C and Fortran order, both endians, rank 0 to 8, and arrays without
 * elements, of the six dtypes float32, float64, int32, int64, uint8 and bool. Any other (float16,
 * int16, text, records, Python objects) is refused with LW_ERROR_UNSUPPORTED by its NumPy name and the
 * cure, astype(). What comes back is in C order and this machine's endianness, whatever the file had;
 * a bool is 0 or 1.
 *
 * A damaged, truncated or hostile file gives LW_ERROR_FILE and one sentence: the file, what its header
 * promises, what was found. The bytes that the shape asks for are compared with those that are there
 * before memory is asked for, so that no header can make it large; bytes left over are an error too.
 * A file that cannot be opened gives a G_IO_ERROR. */

G_BEGIN_DECLS

/* A whole .npy file on disk (np.load), or in memory; `subject` names it in messages. */
LwTensor *lw_npy_read  (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
LwTensor *lw_npy_parse (gconstpointer data, gsize length, const char *subject,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes the array as np.save does, byte for byte (format 1.0, C order, this machine's endianness).
 * Written new, brought to the disk, renamed: a kill at any moment leaves the old file or the new one. */
gboolean  lw_npy_write (const char *path, const LwTensor *array, GError **error);

G_END_DECLS
