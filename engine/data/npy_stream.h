#pragma once

#include "engine/core/tensor.h"

/* Where an .npy array comes from: memory, a file, a member of an archive. Front to back, and of a
 * size that is known (and can be trusted) from the start, so that no array is made for elements that
 * cannot come. */

G_BEGIN_DECLS

typedef struct {
  const char *subject; /* the file or member, for messages */
  guint64     size;
  /* Exactly `length` bytes, or FALSE and an error. */
  gboolean  (*read) (gpointer source, gpointer buffer, gsize length, GError **error);
  gpointer    source;
} LwNpyStream;

/* What array comes, from the header at the stream's start alone; the elements are next in it. */
gboolean  lw_npy_stream_read_type (const LwNpyStream *stream, LwDType *dtype, LwShape *shape, GError **error);
/* Reads the whole stream as one array. */
LwTensor *lw_npy_stream_read (const LwNpyStream *stream, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
