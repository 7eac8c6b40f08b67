#include "engine/io/zip_writer.h"

#include "engine/io/atomic_file.h"

#include <string.h>
#include <zlib.h>

/* The format is PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.14 to 4.3.16. A member or an
 * archive of 4 GiB or more takes the Zip64 fields. */

enum {
  VERSION = 20,         /* 2.0 is enough to unpack it */
  VERSION_ZIP64 = 45,
  UTF8_NAMES = 1 << 11, /* general purpose bit 11 */
  STORED = 0,
  DEFLATED = 8,
  FIRST_DATE = 1 << 5 | 1,
};

#define MAX_U16 0xffffu
#define MAX_U32 0xffffffffu
/* zlib counts its input in 32 bits, and output comes in pieces of this size. */
#define PIECE   (1 << 20)

typedef struct {
  char   *name;
  guint   method; /* STORED, DEFLATED */
  guint32 crc;
  guint64 size, packed_size, place;
  guint   header; /* index of the part that is its local header */
} Member;

struct _LwZipWriter {
  GArray    *parts;   /* of struct iovec */
  GArray    *members;
  GPtrArray *owned;   /* GBytes */
  GPtrArray *inner;   /* LwZipWriter: archives in this one */
  guint64    length;  /* of all parts */
  z_stream   deflater; /* of the member that was begun last, if it is deflated */
  gboolean   deflating;
};

static void
clear_member (gpointer member)
{
  g_free (((Member *) member)->name);
}

LwZipWriter *
lw_zip_writer_new (void)
{
  LwZipWriter *writer = g_new0 (LwZipWriter, 1);

  writer->parts = g_array_new (FALSE, FALSE, sizeof (struct iovec));
  writer->members = g_array_new (FALSE, FALSE, sizeof (Member));
  g_array_set_clear_func (writer->members, clear_member);
  writer->owned = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  writer->inner = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_zip_writer_free);
  return writer;
}

void
lw_zip_writer_free (LwZipWriter *writer)
{
  if (writer == NULL)
    return;
  if (writer->deflating)
    deflateEnd (&writer->deflater);
  g_array_unref (writer->parts);
  g_array_unref (writer->members);
  g_ptr_array_unref (writer->owned);
  g_ptr_array_unref (writer->inner);
  g_free (writer);
}

static void
put (GString *text, guint64 value, guint n_bytes)
{
  for (guint i = 0; i < n_bytes; i++)
    g_string_append_c (text, (char) (value >> (8 * i) & 0xff));
}

static void
add_part (LwZipWriter *writer, gconstpointer data, gsize length)
{
  struct iovec part = { (gpointer) data, length };

  g_array_append_val (writer->parts, part);
  writer->length += length;
}

/* Takes the text. */
static void
add_text (LwZipWriter *writer, GString *text)
{
  GBytes *bytes = g_string_free_to_bytes (text);

  add_part (writer, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_ptr_array_add (writer->owned, bytes);
}

static gboolean
is_large (const Member *member)
{
  return member->size >= MAX_U32 || member->packed_size >= MAX_U32;
}

/* The fields that a local header and an entry of the directory have in common. */
static void
put_common (GString *text, const Member *member, gboolean zip64)
{
  put (text, zip64 ? VERSION_ZIP64 : VERSION, 2);
  put (text, UTF8_NAMES, 2);
  put (text, member->method, 2);
  put (text, 0, 2); /* midnight */
  put (text, FIRST_DATE, 2);
  put (text, member->crc, 4);
  put (text, zip64 ? MAX_U32 : member->packed_size, 4);
  put (text, zip64 ? MAX_U32 : member->size, 4);
  put (text, strlen (member->name), 2);
}

static GString *
local_header (const Member *member)
{
  GString *text = g_string_new (NULL);
  gboolean zip64 = is_large (member);

  put (text, 0x04034b50, 4);
  put_common (text, member, zip64);
  put (text, zip64 ? 20 : 0, 2);
  g_string_append (text, member->name);
  if (zip64)
    {
      put (text, 1, 2);
      put (text, 16, 2);
      put (text, member->size, 8);
      put (text, member->packed_size, 8);
    }
  return text;
}

static void
put_entry (GString *text, const Member *member)
{
  gboolean zip64 = is_large (member) || member->place >= MAX_U32;

  put (text, 0x02014b50, 4);
  put (text, 3 << 8 | (zip64 ? VERSION_ZIP64 : VERSION), 2); /* made on Unix */
  put_common (text, member, zip64);
  put (text, zip64 ? 28 : 0, 2);
  put (text, 0, 2); /* comment */
  put (text, 0, 2); /* disk */
  put (text, 0, 2);
  put (text, 0100644u << 16, 4);
  put (text, zip64 ? MAX_U32 : member->place, 4);
  g_string_append (text, member->name);
  if (zip64)
    {
      put (text, 1, 2);
      put (text, 24, 2);
      put (text, member->size, 8);
      put (text, member->packed_size, 8);
      put (text, member->place, 8);
    }
}

static void
put_end (GString *text, guint64 n, guint64 size, guint64 place)
{
  gboolean zip64 = n >= MAX_U16 || size >= MAX_U32 || place >= MAX_U32;

  if (zip64)
    {
      put (text, 0x06064b50, 4);
      put (text, 44, 8);
      put (text, 3 << 8 | VERSION_ZIP64, 2);
      put (text, VERSION_ZIP64, 2);
      put (text, 0, 4);
      put (text, 0, 4);
      put (text, n, 8);
      put (text, n, 8);
      put (text, size, 8);
      put (text, place, 8);

      put (text, 0x07064b50, 4);
      put (text, 0, 4);
      put (text, place + size, 8);
      put (text, 1, 4);
    }
  put (text, 0x06054b50, 4);
  put (text, 0, 4);
  put (text, zip64 ? MAX_U16 : n, 2);
  put (text, zip64 ? MAX_U16 : n, 2);
  put (text, zip64 ? MAX_U32 : size, 4);
  put (text, zip64 ? MAX_U32 : place, 4);
  put (text, 0, 2);
}

/* Deflates what is given, with Z_FINISH to the end. */
static void
add_deflated (LwZipWriter *writer, Member *member, gconstpointer data, gsize length, int flush)
{
  z_stream *z = &writer->deflater;

  z->next_in = (Bytef *) data;
  z->avail_in = 0;
  for (;;)
    {
      gsize     taken = z->avail_in == 0 ? MIN (length, (gsize) 1 << 30) : 0;
      gboolean  last;
      GBytes   *bytes;
      guint8   *piece;
      gsize     n;

      z->avail_in += (uInt) taken;
      length -= taken;
      last = length == 0;
      if (last && z->avail_in == 0 && flush == Z_NO_FLUSH)
        return;
      piece = g_malloc (PIECE);
      z->next_out = piece;
      z->avail_out = PIECE;
      deflate (z, last ? flush : Z_NO_FLUSH);
      n = PIECE - z->avail_out;
      last = last && z->avail_in == 0 && z->avail_out > 0;
      if (n == 0)
        g_free (piece);
      else
        {
          bytes = g_bytes_new_take (g_realloc (piece, n), n);
          g_ptr_array_add (writer->owned, bytes);
          add_part (writer, g_bytes_get_data (bytes, NULL), n);
          member->packed_size += n;
        }
      if (last)
        return;
    }
}

/* Size and CRC stand before the data, so a member's header is made when all of it is known. */
static void
end_member (LwZipWriter *writer)
{
  Member       *member;
  struct iovec *part;
  GString      *text;
  GBytes       *bytes;

  if (writer->members->len == 0)
    return;
  member = &g_array_index (writer->members, Member, writer->members->len - 1);
  if (writer->deflating)
    {
      add_deflated (writer, member, "", 0, Z_FINISH);
      deflateEnd (&writer->deflater);
      writer->deflating = FALSE;
    }
  text = local_header (member);
  writer->length += text->len;
  bytes = g_string_free_to_bytes (text);
  part = &g_array_index (writer->parts, struct iovec, member->header);
  part->iov_base = (gpointer) g_bytes_get_data (bytes, &part->iov_len);
  g_ptr_array_add (writer->owned, bytes);
}

void
lw_zip_writer_begin (LwZipWriter *writer, const char *name)
{
  Member member = { .name = g_strdup (name), .crc = (guint32) crc32 (0, NULL, 0) };

  end_member (writer);
  member.place = writer->length;
  member.header = writer->parts->len;
  add_part (writer, NULL, 0);
  g_array_append_val (writer->members, member);
}

void
lw_zip_writer_begin_deflated (LwZipWriter *writer, const char *name)
{
  lw_zip_writer_begin (writer, name);
  writer->deflater = (z_stream) { 0 };
  /* Bare deflate data, at zlib's own level, as Python's zipfile has it. Without the memory for zlib's
   * state the member is stored. */
  if (deflateInit2 (&writer->deflater, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8,
                    Z_DEFAULT_STRATEGY) != Z_OK)
    return;
  writer->deflating = TRUE;
  g_array_index (writer->members, Member, writer->members->len - 1).method = DEFLATED;
}

void
lw_zip_writer_add (LwZipWriter *writer, gconstpointer data, gsize length)
{
  Member *member;

  g_return_if_fail (writer->members->len > 0);
  if (length == 0)
    return;
  member = &g_array_index (writer->members, Member, writer->members->len - 1);
  member->crc = (guint32) crc32_z (member->crc, data, length);
  member->size += length;
  if (writer->deflating)
    add_deflated (writer, member, data, length, Z_NO_FLUSH);
  else
    {
      member->packed_size += length;
      add_part (writer, data, length);
    }
}

void
lw_zip_writer_add_bytes (LwZipWriter *writer, GBytes *bytes)
{
  g_ptr_array_add (writer->owned, g_bytes_ref (bytes));
  lw_zip_writer_add (writer, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

/* The list of members, at the archive's end. */
static void
end_archive (LwZipWriter *writer)
{
  GString *text = g_string_new (NULL);
  guint64  place;

  end_member (writer);
  place = writer->length;
  for (guint i = 0; i < writer->members->len; i++)
    put_entry (text, &g_array_index (writer->members, Member, i));
  put_end (text, writer->members->len, text->len, place);
  add_text (writer, text);
}

void
lw_zip_writer_add_archive (LwZipWriter *writer, LwZipWriter *inner)
{
  end_archive (inner);
  g_ptr_array_add (writer->inner, inner);
  for (guint i = 0; i < inner->parts->len; i++)
    {
      const struct iovec *part = &g_array_index (inner->parts, struct iovec, i);

      lw_zip_writer_add (writer, part->iov_base, part->iov_len);
    }
}

gboolean
lw_zip_writer_save (LwZipWriter *writer, const char *path, GError **error)
{
  end_archive (writer);
  return lw_atomic_file_write (path, (const struct iovec *) (gpointer) writer->parts->data,
                               writer->parts->len, error);
}
