#include "engine/data/npy.h"

#include "engine/core/error.h"
#include "engine/data/npy_header.h"
#include "engine/data/npy_stream.h"
#include "engine/io/atomic_file.h"
#include "engine/io/open_file.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

static gboolean
read_part (const LwNpyStream *stream,
           gsize             *done,
           gpointer           buffer,
           gsize              length,
           GError           **error)
{
  if (length > stream->size - *done)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is damaged: it ends within the header of the array"), stream->subject);
      return FALSE;
    }
  *done += length;
  return stream->read (stream->source, buffer, length, error);
}

static gboolean
read_header (const LwNpyStream *stream, LwNpyHeader *header, gsize *done, GError **error)
{
  guint8           prefix[LW_NPY_MAX_PREFIX];
  g_autofree char *text = NULL;
  gsize            prefix_length, length;

  *done = 0;
  if (!read_part (stream, done, prefix, LW_NPY_MIN_PREFIX, error)
      || !lw_npy_prefix_parse (prefix, stream->subject, &prefix_length, error)
      || !read_part (stream, done, prefix + LW_NPY_MIN_PREFIX, prefix_length - LW_NPY_MIN_PREFIX,
                     error)
      || !lw_npy_length_parse (prefix, stream->subject, &length, error))
    return FALSE;
  text = g_malloc (length + 1);
  return read_part (stream, done, text, length, error)
         && lw_npy_header_parse (text, length, stream->subject, header, error);
}

gboolean
lw_npy_stream_read_type (const LwNpyStream *stream, LwDType *dtype, LwShape *shape, GError **error)
{
  LwNpyHeader header;
  gsize       done;

  if (!read_header (stream, &header, &done, error))
    return FALSE;
  *dtype = header.dtype;
  *shape = header.shape;
  return TRUE;
}

static void
swap_bytes (gpointer data, gsize size, gsize count)
{
  if (size == 4)
    for (guint32 *p = data; count > 0; count--, p++)
      *p = GUINT32_SWAP_LE_BE (*p);
  else if (size == 8)
    for (guint64 *p = data; count > 0; count--, p++)
      *p = GUINT64_SWAP_LE_BE (*p);
}

/* Any byte but 0 is true; a tensor's is 0 or 1. */
static void
normalise_bools (guint8 *data, gsize count)
{
  for (gsize i = 0; i < count; i++)
    data[i] = data[i] != 0;
}

/* Fortran order (the first axis varies fastest) to C order (the last one does). */
static void
copy_to_c_order (char *to, const char *from, gsize size, const LwShape *shape, gsize count)
{
  gsize  stride[LW_MAX_RANK];
  gint64 index[LW_MAX_RANK] = { 0 };
  gsize  place = 0;

  for (int axis = 0; axis < shape->rank; axis++)
    stride[axis] = axis == 0 ? size : stride[axis - 1] * (gsize) shape->dims[axis - 1];
  for (gsize i = 0; i < count; i++)
    {
      memcpy (to + i * size, from + place, size);
      for (int axis = shape->rank - 1; axis >= 0; axis--)
        {
          place += stride[axis];
          if (++index[axis] < shape->dims[axis])
            break;
          place -= stride[axis] * (gsize) shape->dims[axis];
          index[axis] = 0;
        }
    }
}

LwTensor *
lw_npy_stream_read (const LwNpyStream *stream, GError **error)
{
  g_autoptr(LwTensor) tensor = NULL;
  LwNpyHeader         header;
  gsize               done, size, bytes;
  gpointer            data;

  if (!read_header (stream, &header, &done, error))
    return NULL;
  size = lw_dtype_get_size (header.dtype);
  bytes = header.count * size;
  if (bytes != stream->size - done)
    {
      g_autofree char *shape = lw_shape_to_string (&header.shape);

      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is damaged: its header promises a %s array of shape %s, %zu bytes, but %llu "
                     "follow"), stream->subject, lw_dtype_get_name (header.dtype), shape, bytes,
                   (unsigned long long) (stream->size - done));
      return NULL;
    }
  tensor = lw_tensor_new (NULL, header.dtype, &header.shape, error);
  if (tensor == NULL)
    return NULL;
  data = lw_tensor_get_mutable_data (tensor);
  if (!stream->read (stream->source, data, bytes, error))
    return NULL;
  if (header.swapped)
    swap_bytes (data, size, header.count);
  if (header.dtype == LW_BOOL)
    normalise_bools (data, header.count);
  if (header.fortran && header.shape.rank > 1)
    {
      LwTensor *turned = lw_tensor_new (NULL, header.dtype, &header.shape, error);

      if (turned != NULL)
        copy_to_c_order (lw_tensor_get_mutable_data (turned), data, size, &header.shape,
                         header.count);
      return turned;
    }
  return g_steal_pointer (&tensor);
}

static gboolean
read_memory (gpointer source, gpointer buffer, gsize length, GError **error)
{
  const char **place = source;

  if (length > 0)
    memcpy (buffer, *place, length);
  *place += length;
  return TRUE;
}

LwTensor *
lw_npy_parse (gconstpointer data, gsize length, const char *subject, GError **error)
{
  const char *place = data;

  return lw_npy_stream_read (&(LwNpyStream) { subject, length, read_memory, &place }, error);
}

typedef struct {
  int         fd;
  const char *subject;
} File;

static gboolean
read_file (gpointer source, gpointer buffer, gsize length, GError **error)
{
  File *file = source;
  char *place = buffer;

  while (length > 0)
    {
      gssize n = read (file->fd, place, MIN (length, (gsize) 1 << 30));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          int code = errno;

          g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code),
                       _("%s cannot be read: %s"), file->subject, g_strerror (code));
          return FALSE;
        }
      if (n == 0)
        {
          g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                       _("%s became shorter while it was read; try again"), file->subject);
          return FALSE;
        }
      place += n;
      length -= (gsize) n;
    }
  return TRUE;
}

LwTensor *
lw_npy_read (const char *path, GError **error)
{
  g_autofree char *subject = g_filename_display_name (path);
  LwTensor        *tensor;
  guint64          size;
  File             file = { lw_open_file (path, &size, error), subject };

  if (file.fd < 0)
    return NULL;
  tensor = lw_npy_stream_read (&(LwNpyStream) { subject, size, read_file, &file }, error);
  close (file.fd);
  return tensor;
}

gboolean
lw_npy_write (const char *path, const LwTensor *array, GError **error)
{
  g_autoptr(GBytes) header = lw_npy_header_write (lw_tensor_get_dtype (array),
                                                  lw_tensor_get_shape (array));
  struct iovec      parts[2];

  parts[0].iov_base = (gpointer) g_bytes_get_data (header, &parts[0].iov_len);
  parts[1].iov_base = (gpointer) lw_tensor_get_data (array);
  parts[1].iov_len = lw_tensor_get_byte_size (array);
  return lw_atomic_file_write (path, parts, 2, error);
}
