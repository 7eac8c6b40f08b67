#include "engine/data/idx.h"

#include "engine/core/error.h"
#include "engine/io/open_file.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* Deflate cannot shrink anything more (RFC 1951: 258 bytes in 2 bits). */
#define MAX_RATIO 1032
#define MAX_BYTES (G_GUINT64_CONSTANT (8) << 30)
#define PIECE     65536

/* The types by their codes. */
static const struct {
  guint8  size; /* in the file; 0: there is no such type */
  LwDType dtype;
} types[] = {
  [0x08] = { 1, LW_UINT8 }, [0x09] = { 1, LW_INT32 },   [0x0b] = { 2, LW_INT32 },
  [0x0c] = { 4, LW_INT32 }, [0x0d] = { 4, LW_FLOAT32 }, [0x0e] = { 8, LW_FLOAT64 },
};

/* Where the bytes come from: a file or memory, gzipped or not, front to back. */
typedef struct {
  const char   *subject;
  int           fd; /* -1: memory */
  const guint8 *memory;
  guint64       left; /* not read yet, as it is in the file */
  guint64       size; /* of all of it */
  gboolean      gzipped, ended; /* ended: of the gzipped data */
  z_stream      z;
  guint8       *piece; /* read, not yet unpacked */
} Source;

/* Exactly `length` bytes as they are in the file; the caller has looked whether they are left. */
static gboolean
read_raw (Source *source, gpointer buffer, gsize length, GError **error)
{
  char *place = buffer;

  if (length == 0)
    return TRUE;
  source->left -= length;
  if (source->fd < 0)
    {
      memcpy (buffer, source->memory, length);
      source->memory += length;
      return TRUE;
    }
  while (length > 0)
    {
      gssize n = read (source->fd, place, MIN (length, (gsize) 1 << 30));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          int code = errno;

          g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code), _("%s cannot be read: %s"),
                       source->subject, g_strerror (code));
          return FALSE;
        }
      if (n == 0)
        {
          g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                       _("%s became shorter while it was read; try again"), source->subject);
          return FALSE;
        }
      place += n;
      length -= (gsize) n;
    }
  return TRUE;
}

/* Fills z.next_in when it is empty; FALSE on an error. Nothing comes when nothing is left. */
static gboolean
refill (Source *source, GError **error)
{
  gsize n = (gsize) MIN (source->left, PIECE);

  if (source->z.avail_in > 0)
    return TRUE;
  if (!read_raw (source, source->piece, n, error))
    return FALSE;
  source->z.next_in = source->piece;
  source->z.avail_in = (uInt) n;
  return TRUE;
}

/* Behind one gzipped part another may follow, which continues it (RFC 1952, 2.2). */
static gboolean
begin_next_part (Source *source, GError **error)
{
  if (!refill (source, error))
    return FALSE;
  if (source->z.avail_in == 0)
    source->ended = TRUE;
  else
    inflateReset (&source->z);
  return TRUE;
}

/* Up to `length` bytes, unpacked; as many as there are. */
static gboolean
unpack (Source *source, gpointer buffer, gsize length, gsize *got, GError **error)
{
  z_stream *z = &source->z;

  *got = 0;
  while (*got < length && !source->ended)
    {
      uInt wanted = (uInt) MIN (length - *got, (gsize) 1 << 30);
      int  result;

      if (!refill (source, error))
        return FALSE;
      z->next_out = (Bytef *) buffer + *got;
      z->avail_out = wanted;
      result = inflate (z, Z_NO_FLUSH);
      *got += wanted - z->avail_out;
      if (result == Z_STREAM_END)
        {
          if (!begin_next_part (source, error))
            return FALSE;
        }
      else if (result == Z_BUF_ERROR
               || (result == Z_OK && z->avail_in == 0 && source->left == 0 && z->avail_out > 0))
        {
          g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                       _("%s is damaged: its packed data break off; get a fresh copy of the file"),
                       source->subject);
          return FALSE;
        }
      else if (result != Z_OK)
        {
          g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                       _("%s is damaged: it does not unpack as it was packed (%s); get a fresh copy of "
                         "the file"), source->subject, z->msg != NULL ? z->msg : zError (result));
          return FALSE;
        }
    }
  return TRUE;
}

/* Exactly `length` bytes of the IDX data. */
static gboolean
read_bytes (Source *source, gpointer buffer, gsize length, const char *part, GError **error)
{
  gsize got = (gsize) MIN (source->left, length);

  if (source->gzipped ? !unpack (source, buffer, length, &got, error)
                      : got == length && !read_raw (source, buffer, length, error))
    return FALSE;
  if (got == length)
    return TRUE;
  g_set_error (error, LW_ERROR, LW_ERROR_FILE, _("%s is damaged: it ends %zu bytes early, in its %s"),
               source->subject, length - got, part);
  return FALSE;
}

typedef struct {
  guint8  type;
  LwShape shape;
  gsize   count, bytes; /* bytes: of the elements in the file */
} Header;

static gboolean
read_header (Source *source, Header *header, GError **error)
{
  guint8           start[4], sizes[4 * LW_MAX_RANK];
  guint64          possible;
  g_autofree char *shape = NULL;

  if (!read_bytes (source, start, sizeof start, _("header"), error))
    return FALSE;
  header->type = start[2];
  if (start[0] != 0 || start[1] != 0 || header->type >= G_N_ELEMENTS (types)
      || types[header->type].size == 0)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is not an IDX file: it begins with 0x%02x%02x%02x%02x, but MNIST's images begin "
                     "with 0x00000803 and its labels with 0x00000801"), source->subject, start[0],
                   start[1], start[2], start[3]);
      return FALSE;
    }
  if (start[3] > LW_MAX_RANK)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("%s has %d axes, but at most %d can be read"), source->subject, start[3], LW_MAX_RANK);
      return FALSE;
    }
  if (!read_bytes (source, sizes, 4u * start[3], _("header"), error))
    return FALSE;
  header->shape = LW_SCALAR;
  header->shape.rank = start[3];
  for (int i = 0; i < start[3]; i++)
    header->shape.dims[i] = (gint64) sizes[4 * i] << 24 | (gint64) sizes[4 * i + 1] << 16
                            | (gint64) sizes[4 * i + 2] << 8 | sizes[4 * i + 3];
  shape = lw_shape_to_string (&header->shape);
  if (!lw_shape_get_count (&header->shape, &header->count))
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is damaged: it claims the shape %s, more than any memory holds"), source->subject,
                   shape);
      return FALSE;
    }
  header->bytes = header->count * types[header->type].size;
  possible = source->gzipped ? MIN (source->size * MAX_RATIO, MAX_BYTES) : source->left;
  if (source->gzipped ? header->bytes <= possible : header->bytes == possible)
    return TRUE;
  if (source->gzipped)
    g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                 _("%s is damaged: its header promises the shape %s, %zu bytes, which cannot come out of "
                   "the %" PRIu64 " that are packed in the file"), source->subject, shape,
                 header->bytes, source->size);
  else
    g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                 _("%s is damaged: its header promises the shape %s, %zu bytes, but %" PRIu64
                   " follow"), source->subject, shape, header->bytes, possible);
  return FALSE;
}

/* From the file's elements at `from` to this machine's at `to`; the two overlap. */
static void
convert (guint8 type, const guint8 *from, gpointer to, gsize count)
{
  for (gsize i = 0; i < count; i++)
    switch (type)
      {
      case 0x09: ((gint32 *) to)[i] = (gint8) from[i]; break;
      case 0x0b: ((gint32 *) to)[i] = (gint16) (from[2 * i] << 8 | from[2 * i + 1]); break;
      case 0x0c:
      case 0x0d: ((guint32 *) to)[i] = GUINT32_FROM_BE (((guint32 *) to)[i]); break;
      case 0x0e: ((guint64 *) to)[i] = GUINT64_FROM_BE (((guint64 *) to)[i]); break;
      default: return;
      }
}

/* Nothing may follow the elements. */
static gboolean
check_end (Source *source, GError **error)
{
  guint8 byte;
  gsize  got = 0;

  /* The end of gzipped data, with the CRC, is found by asking for more. */
  if (!source->gzipped || !unpack (source, &byte, 1, &got, error))
    return !source->gzipped;
  if (got == 0)
    return TRUE;
  g_set_error (error, LW_ERROR, LW_ERROR_FILE,
               _("%s is damaged: more follows than the shape in its header has elements"), source->subject);
  return FALSE;
}

static LwTensor *
read_idx (Source *source, GError **error)
{
  g_autoptr (LwTensor) tensor = NULL;
  Header               header;
  guint8              *data, *packed;

  if (!read_header (source, &header, error))
    return NULL;
  tensor = lw_tensor_new (NULL, types[header.type].dtype, &header.shape, error);
  if (tensor == NULL)
    return NULL;
  /* Narrow elements are read into the end of the room of the wide ones, and widened from the front:
   * each is read before it is written over. */
  data = lw_tensor_get_mutable_data (tensor);
  packed = data + (lw_tensor_get_byte_size (tensor) - header.bytes);
  if (!read_bytes (source, packed, header.bytes, _("elements"), error) || !check_end (source, error))
    return NULL;
  convert (header.type, packed, data, header.count);
  return g_steal_pointer (&tensor);
}

/* Finds out whether it is gzipped, and reads it. */
static LwTensor *
read_source (Source *source, const guint8 *start, GError **error)
{
  g_autofree guint8 *piece = NULL;
  LwTensor          *tensor;

  source->size = source->left;
  if (source->left < 2 || start[0] != 0x1f || start[1] != 0x8b)
    return read_idx (source, error);
  if (inflateInit2 (&source->z, 16 + MAX_WBITS) != Z_OK)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_VALUE, _("There is not enough memory to read %s"),
                   source->subject);
      return NULL;
    }
  piece = g_malloc (PIECE);
  source->gzipped = TRUE;
  source->piece = piece;
  tensor = read_idx (source, error);
  inflateEnd (&source->z);
  return tensor;
}

LwTensor *
lw_idx_parse (gconstpointer data, gsize length, const char *subject, GError **error)
{
  Source source = { .subject = subject, .fd = -1, .memory = data, .left = length };

  return read_source (&source, data, error);
}

LwTensor *
lw_idx_load (const char *path, GError **error)
{
  g_autofree char *subject = g_filename_display_name (path);
  Source           source = { .subject = subject };
  guint8           start[2] = { 0 };
  LwTensor        *tensor;

  source.fd = lw_open_file (path, &source.left, error);
  if (source.fd < 0)
    return NULL;
  if (pread (source.fd, start, sizeof start, 0) != (gssize) MIN (source.left, sizeof start))
    start[0] = 0; /* what is wrong will be seen by reading it */
  tensor = read_source (&source, start, error);
  close (source.fd);
  return tensor;
}

gboolean
lw_idx_detect (const char *path)
{
  guint8  start[4] = { 0 };
  guint64 size;
  int     fd = lw_open_file (path, &size, NULL);
  gssize  n;

  if (fd < 0)
    return FALSE;
  n = pread (fd, start, sizeof start, 0);
  close (fd);
  return n == sizeof start
         && ((start[0] == 0x1f && start[1] == 0x8b)
             || (start[0] == 0 && start[1] == 0 && start[2] < G_N_ELEMENTS (types)
                 && types[start[2]].size > 0));
}
