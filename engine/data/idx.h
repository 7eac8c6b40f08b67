#pragma once

#include "engine/core/tensor.h"

/* IDX: the format of MNIST's original files, plain or gzipped (train-images-idx3-ubyte.gz …). As its
 * authors describe it (http://yann.lecun.com/exdb/mnist), everything is big-endian:
 *
 *   2 bytes 0, 1 byte the type of the elements, 1 byte the number n of axes,
 *   n × 4 bytes their sizes, then the elements in C order.
 *
 *   0x08 unsigned byte -> uint8      0x0C int    -> int32
 *   0x09 signed byte   -> int32      0x0D float  -> float32
 *   0x0B short         -> int32      0x0E double -> float64
 *
 * So images (0x00000803) come as uint8 n×height×width, labels (0x00000801) as uint8 n. Up to 8 axes.
 *
 * A damaged, truncated or hostile file gives LW_ERROR_FILE and one sentence. A plain file must have
 * exactly the bytes that its sizes ask for, which is known before memory is asked for. A gzipped one
 * may unpack to no more than deflate can pack into it (1032 times) and to no more than 8 GiB; it is
 * unpacked as far as its sizes say, must end there, and its CRC is compared. */

G_BEGIN_DECLS

/* A whole IDX file on disk, or in memory; `subject` names it in messages. Whether it is gzipped is
 * seen by its first bytes, not by its name. */
LwTensor *lw_idx_load    (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
LwTensor *lw_idx_parse   (gconstpointer data, gsize length, const char *subject,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* TRUE if the file begins as an IDX file does, or as a gzipped one; FALSE too when it cannot be
 * read. */
gboolean  lw_idx_detect  (const char *path);

G_END_DECLS
