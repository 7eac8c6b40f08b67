#include "engine/io/zip_reader.h"

#include "engine/core/error.h"
#include "engine/io/open_file.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

struct _LwZipReader {
  zip_t  *zip;
  GBytes *bytes; /* what is read, if it is no file */
  char   *subject;
  guint64 file_size;
  guint   n_members;
};

struct _LwZipMember {
  LwZipReader *reader; /* borrowed */
  zip_file_t  *file;
  const char  *name;   /* borrowed from the archive */
  guint64      size;
};

/* Sizes in a ZIP file, little-endian. */
enum {
  END_LENGTH = 22,
  LOCATOR_LENGTH = 20,
  END64_LENGTH = 56,
  ENTRY_LENGTH = 46,
  MAX_COMMENT = 65535,
};

/* What an archive is read from: a file, or memory. */
typedef struct {
  int     fd;    /* -1: memory */
  GBytes *bytes;
  guint64 size;
} Input;

static gboolean
read_at (const Input *input, guint64 place, gpointer buffer, gsize length)
{
  if (place > input->size || input->size - place < length)
    return FALSE;
  if (input->fd >= 0)
    return pread (input->fd, buffer, length, (off_t) place) == (gssize) length;
  memcpy (buffer, (const char *) g_bytes_get_data (input->bytes, NULL) + place, length);
  return TRUE;
}

static guint64
read_u64 (const guint8 *p)
{
  guint64 value;

  memcpy (&value, p, 8);
  return GUINT64_FROM_LE (value);
}

/* libzip makes a table of as many entries as a Zip64 end record claims before it reads the first of
 * them. So the claim is checked here: the tail is searched for locators of such records. */
static gboolean
check_zip64_claim (const Input *input, guint max_members)
{
  gsize              length = MIN (input->size, MAX_COMMENT + END_LENGTH + LOCATOR_LENGTH);
  g_autofree guint8 *tail = g_malloc (length + 1);

  if (!read_at (input, input->size - length, tail, length))
    return FALSE;
  for (gsize i = 0; i + LOCATOR_LENGTH <= length; i++)
    {
      guint8 end[END64_LENGTH];

      if (memcmp (tail + i, "PK\6\7", 4) != 0
          || !read_at (input, read_u64 (tail + i + 8), end, sizeof end) || memcmp (end, "PK\6\6", 4) != 0)
        continue;
      if (read_u64 (end + 24) > max_members || read_u64 (end + 32) > max_members
          || read_u64 (end + 32) > input->size / ENTRY_LENGTH)
        return FALSE;
    }
  return TRUE;
}

static void
set_open_error (GError **error, const char *subject, int code)
{
  zip_error_t reason;

  if (code == ZIP_ER_NOZIP)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is not a ZIP archive, or its end is missing; it may be another kind of "
                     "file, or a download that broke off"), subject);
      return;
    }
  zip_error_init_with_code (&reason, code);
  g_set_error (error, LW_ERROR, LW_ERROR_FILE,
               _("%s is damaged: the archive's list of members cannot be read (%s)"), subject,
               zip_error_strerror (&reason));
  zip_error_fini (&reason);
}

/* Takes a descriptor. Not by zip_fdopen(): its copy would be inherited by child processes. */
static zip_source_t *
make_source (const Input *input, zip_error_t *reason)
{
  FILE         *file;
  zip_source_t *source;

  if (input->fd < 0)
    return zip_source_buffer_create (g_bytes_get_data (input->bytes, NULL), input->size, 0, reason);
  file = fdopen (input->fd, "rb");
  if (file == NULL)
    {
      close (input->fd);
      zip_error_set (reason, ZIP_ER_MEMORY, 0);
      return NULL;
    }
  source = zip_source_filep_create (file, 0, -1, reason);
  if (source == NULL)
    fclose (file);
  return source;
}

static zip_t *
open_zip (const Input *input, int *code)
{
  zip_error_t   reason;
  zip_source_t *source;
  zip_t        *zip = NULL;

  zip_error_init (&reason);
  source = make_source (input, &reason);
  if (source != NULL)
    zip = zip_open_from_source (source, ZIP_RDONLY, &reason);
  if (zip == NULL && source != NULL)
    zip_source_free (source);
  *code = zip_error_code_zip (&reason);
  zip_error_fini (&reason);
  return zip;
}

/* Takes a descriptor. */
static LwZipReader *
open_input (const Input *input, const char *subject, guint max_members, GError **error)
{
  LwZipReader *reader;
  zip_t       *zip;
  zip_int64_t  n;
  int          code = 0;

  if (!check_zip64_claim (input, max_members))
    {
      if (input->fd >= 0)
        close (input->fd);
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is damaged: it claims to hold more members than can be in it"), subject);
      return NULL;
    }
  zip = open_zip (input, &code);
  if (zip == NULL)
    {
      set_open_error (error, subject, code);
      return NULL;
    }
  n = zip_get_num_entries (zip, 0);
  if (n < 0 || n > max_members)
    {
      zip_discard (zip);
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s holds %lld members, but at most %u were expected; it is not a file of this "
                     "kind"), subject, (long long) n, max_members);
      return NULL;
    }
  reader = g_new0 (LwZipReader, 1);
  reader->zip = zip;
  reader->bytes = input->bytes != NULL ? g_bytes_ref (input->bytes) : NULL;
  reader->subject = g_strdup (subject);
  reader->file_size = input->size;
  reader->n_members = (guint) n;
  return reader;
}

LwZipReader *
lw_zip_reader_open (const char *path, guint max_members, GError **error)
{
  g_autofree char *subject = g_filename_display_name (path);
  Input            input = { 0 };

  input.fd = lw_open_file (path, &input.size, error);
  return input.fd >= 0 ? open_input (&input, subject, max_members, error) : NULL;
}

LwZipReader *
lw_zip_reader_open_bytes (GBytes *bytes, const char *subject, guint max_members, GError **error)
{
  const Input input = { -1, bytes, g_bytes_get_size (bytes) };

  return open_input (&input, subject, max_members, error);
}

void
lw_zip_reader_close (LwZipReader *reader)
{
  if (reader == NULL)
    return;
  zip_discard (reader->zip);
  g_clear_pointer (&reader->bytes, g_bytes_unref);
  g_free (reader->subject);
  g_free (reader);
}

guint64
lw_zip_reader_get_file_size (LwZipReader *reader)
{
  return reader->file_size;
}

guint
lw_zip_reader_get_n_members (LwZipReader *reader)
{
  return reader->n_members;
}

const char *
lw_zip_reader_get_subject (LwZipReader *reader)
{
  return reader->subject;
}

const char *
lw_zip_reader_get_name (LwZipReader *reader, guint i)
{
  const char *name = zip_get_name (reader->zip, i, ZIP_FL_ENC_GUESS);

  return name != NULL ? name : "";
}

guint64
lw_zip_reader_get_packed_size (LwZipReader *reader, guint i)
{
  zip_stat_t entry;

  if (zip_stat_index (reader->zip, i, 0, &entry) != 0 || !(entry.valid & ZIP_STAT_COMP_SIZE))
    return 0;
  return MIN (entry.comp_size, reader->file_size);
}

int
lw_zip_reader_find (LwZipReader *reader, const char *name)
{
  for (guint i = 0; i < reader->n_members; i++)
    if (strcmp (lw_zip_reader_get_name (reader, i), name) == 0)
      return (int) i;
  return -1;
}

guint
lw_zip_reader_count (LwZipReader *reader, const char *name)
{
  guint n = 0;

  for (guint i = 0; i < reader->n_members; i++)
    n += strcmp (lw_zip_reader_get_name (reader, i), name) == 0;
  return n;
}

/* What the directory says about a member, if it can be true. */
static gboolean
check_entry (LwZipReader *reader, const char *name, const zip_stat_t *entry, GError **error)
{
  const zip_uint64_t wanted = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;

  if ((entry->valid & wanted) != wanted || entry->comp_size > reader->file_size)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is damaged: its member %s claims to be larger than the file"),
                   reader->subject, name);
      return FALSE;
    }
  if ((entry->valid & ZIP_STAT_ENCRYPTION_METHOD) && entry->encryption_method != ZIP_EM_NONE)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("The member %s of %s is encrypted; save it without a password"), name,
                   reader->subject);
      return FALSE;
    }
  if (entry->comp_method != ZIP_CM_STORE && entry->comp_method != ZIP_CM_DEFLATE)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("The member %s of %s is compressed by method %u, but only stored and deflated "
                     "members can be read; pack it anew with one of these"), name,
                   reader->subject, entry->comp_method);
      return FALSE;
    }
  if (entry->size > LW_ZIP_MAX_SIZE
      || (entry->comp_method == ZIP_CM_STORE && entry->size != entry->comp_size)
      || entry->size / 1032 > entry->comp_size)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is damaged: its member %s claims %llu bytes, which cannot come out of the "
                     "%llu that are in the file"), reader->subject, name,
                   (unsigned long long) entry->size, (unsigned long long) entry->comp_size);
      return FALSE;
    }
  return TRUE;
}

LwZipMember *
lw_zip_member_open (LwZipReader *reader, guint i, GError **error)
{
  const char  *name = lw_zip_reader_get_name (reader, i);
  LwZipMember *member;
  zip_file_t  *file;
  zip_stat_t   entry;

  if (zip_stat_index (reader->zip, i, 0, &entry) != 0)
    entry.valid = 0;
  if (!check_entry (reader, name, &entry, error))
    return NULL;
  file = zip_fopen_index (reader->zip, i, 0);
  if (file == NULL)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is damaged: its member %s cannot be found where the archive's list says "
                     "(%s)"), reader->subject, name, zip_strerror (reader->zip));
      return NULL;
    }
  member = g_new0 (LwZipMember, 1);
  member->reader = reader;
  member->file = file;
  member->name = name;
  member->size = entry.size;
  return member;
}

guint64
lw_zip_member_get_size (LwZipMember *member)
{
  return member->size;
}

static gboolean
fail_damaged (LwZipMember *member, GError **error)
{
  g_set_error (error, LW_ERROR, LW_ERROR_FILE,
               _("%s is damaged: its member %s does not come out as it was packed (%s); get a fresh "
                 "copy of the file"), member->reader->subject, member->name,
               zip_file_strerror (member->file));
  return FALSE;
}

gboolean
lw_zip_member_read (LwZipMember *member, gpointer buffer, gsize length, GError **error)
{
  char *place = buffer;

  while (length > 0)
    {
      zip_int64_t n = zip_fread (member->file, place, length);

      if (n < 0)
        return fail_damaged (member, error);
      if (n == 0)
        {
          g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                       _("%s is damaged: its member %s ends %zu bytes early; get a fresh copy of the "
                         "file"), member->reader->subject, member->name, length);
          return FALSE;
        }
      place += n;
      length -= (gsize) n;
    }
  return TRUE;
}

gboolean
lw_zip_member_finish (LwZipMember *member, GError **error)
{
  char        byte;
  zip_int64_t n = zip_fread (member->file, &byte, 1);

  /* The CRC is compared by the read that finds the end. */
  if (n < 0)
    return fail_damaged (member, error);
  if (n > 0)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is damaged: its member %s is longer than the archive's list says"),
                   member->reader->subject, member->name);
      return FALSE;
    }
  return TRUE;
}

void
lw_zip_member_close (LwZipMember *member)
{
  if (member == NULL)
    return;
  zip_fclose (member->file);
  g_free (member);
}

GBytes *
lw_zip_reader_read (LwZipReader *reader, guint i, gsize limit, GError **error)
{
  g_autoptr(LwZipMember) member = lw_zip_member_open (reader, i, error);
  g_autofree char       *data = NULL;
  gsize                  size;

  if (member == NULL)
    return NULL;
  if (member->size > limit)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("The member %s of %s has %llu bytes, but at most %zu are expected; it is damaged, "
                     "or not a file of this kind"), member->name, reader->subject,
                   (unsigned long long) member->size, limit);
      return NULL;
    }
  size = (gsize) member->size;
  data = g_try_malloc (size + 1);
  if (data == NULL)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("There is not enough memory to read %s"), reader->subject);
      return NULL;
    }
  if (!lw_zip_member_read (member, data, size, error) || !lw_zip_member_finish (member, error))
    return NULL;
  data[size] = '\0';
  return g_bytes_new_take (g_steal_pointer (&data), size);
}
