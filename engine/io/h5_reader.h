#pragma once

#include "engine/core/tensor.h"

/* Reading HDF5 that nobody vouches for: a private process (layerwise-read-h5) parses it under memory
 * and time limits and hands back plain arrays, which are checked here. A crash of libhdf5, an endless
 * loop or a claim of terabytes ends in one sentence. */

G_BEGIN_DECLS

/* The arrays below /layers, /_layer_checkpoint_dependencies and /optimizer: a table from path
 * ("layers/conv2d/vars/0") to LwTensor, float32 or int64. At most `limit` bytes of elements.
 * `subject` names the file in messages. Waits for the process, at most 40 seconds; any thread. */
GHashTable *lw_h5_read (GBytes *file, guint64 limit, const char *subject,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
