#include "engine/data/npz.h"

#include "engine/core/error.h"
#include "engine/data/npy_header.h"
#include "engine/data/npy_stream.h"
#include "engine/io/zip_reader.h"
#include "engine/io/zip_writer.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_ARRAYS 65535
#define MAX_NAME   1024

struct _LwNpz {
  LwZipReader *reader;
  GPtrArray   *names;   /* NULL-terminated */
  GArray      *members; /* names[k] is member members[k] of the archive */
};

LwNpz *
lw_npz_open (const char *path, GError **error)
{
  LwZipReader           *reader = lw_zip_reader_open (path, MAX_ARRAYS, error);
  g_autoptr(LwNpz)       npz = NULL;
  g_autoptr(GHashTable)  seen = g_hash_table_new (g_str_hash, g_str_equal);

  if (reader == NULL)
    return NULL;
  npz = g_new0 (LwNpz, 1);
  npz->reader = reader;
  npz->names = g_ptr_array_new_with_free_func (g_free);
  npz->members = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < lw_zip_reader_get_n_members (reader); i++)
    {
      const char *member = lw_zip_reader_get_name (reader, i);
      char       *name;

      /* np.load hands out other members as raw bytes; here only arrays count. */
      if (!g_str_has_suffix (member, ".npy") || !g_utf8_validate (member, -1, NULL))
        continue;
      name = g_strndup (member, strlen (member) - strlen (".npy"));
      g_ptr_array_add (npz->names, name);
      g_array_append_val (npz->members, i);
      if (!g_hash_table_add (seen, name))
        {
          g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                       _("%s is damaged: it holds two arrays called %s"),
                       lw_zip_reader_get_subject (reader), name);
          return NULL;
        }
    }
  g_ptr_array_add (npz->names, NULL);
  return g_steal_pointer (&npz);
}

void
lw_npz_close (LwNpz *npz)
{
  if (npz == NULL)
    return;
  lw_zip_reader_close (npz->reader);
  g_ptr_array_unref (npz->names);
  g_array_unref (npz->members);
  g_free (npz);
}

const char *const *
lw_npz_get_names (LwNpz *npz)
{
  return (const char *const *) npz->names->pdata;
}

static gboolean
read_member (gpointer source, gpointer buffer, gsize length, GError **error)
{
  return lw_zip_member_read (source, buffer, length, error);
}

/* An array on its way out of the archive. */
typedef struct {
  char        *subject;
  LwZipMember *member;
  LwNpyStream  stream;
} Array;

static void
array_close (Array *array)
{
  g_clear_pointer (&array->member, lw_zip_member_close);
  g_clear_pointer (&array->subject, g_free);
}

static gboolean
array_open (LwNpz *npz, const char *name, Array *array, GError **error)
{
  const char *subject = lw_zip_reader_get_subject (npz->reader);

  *array = (Array) { NULL };
  for (guint i = 0; i < npz->members->len; i++)
    if (g_str_equal (g_ptr_array_index (npz->names, i), name))
      {
        array->member = lw_zip_member_open (npz->reader, g_array_index (npz->members, guint, i), error);
        if (array->member == NULL)
          return FALSE;
        array->subject = g_strdup_printf (_("The array %s of %s"), name, subject);
        array->stream = (LwNpyStream) { array->subject, lw_zip_member_get_size (array->member), read_member,
                                        array->member };
        return TRUE;
      }

  if (npz->members->len == 0)
    g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                 _("%s holds no NumPy arrays, but an array %s is needed"), subject, name);
  else
    {
      g_autofree char *names = lw_list_names (lw_npz_get_names (npz));

      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s holds no array called %s; there are: %s"), subject, name, names);
    }
  return FALSE;
}

gboolean
lw_npz_get_type (LwNpz *npz, const char *name, LwDType *dtype, LwShape *shape, GError **error)
{
  Array    array;
  gboolean ok = array_open (npz, name, &array, error)
                && lw_npy_stream_read_type (&array.stream, dtype, shape, error);

  array_close (&array);
  return ok;
}

LwTensor *
lw_npz_read (LwNpz *npz, const char *name, GError **error)
{
  Array     array;
  LwTensor *tensor = NULL;

  if (array_open (npz, name, &array, error))
    tensor = lw_npy_stream_read (&array.stream, error);
  if (tensor != NULL && !lw_zip_member_finish (array.member, error))
    g_clear_pointer (&tensor, lw_tensor_unref);
  if (tensor != NULL)
    lw_tensor_set_name (tensor, name);
  array_close (&array);
  return tensor;
}

/* Names are what a reader finds an array by. */
static gboolean
check_names (const char *path, guint n, const char *const *names, GError **error)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char      *subject = g_filename_display_name (path);

  for (guint i = 0; i < n; i++)
    {
      if (*names[i] == '\0' || strlen (names[i]) > MAX_NAME || !g_utf8_validate (names[i], -1, NULL))
        {
          g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
                       _("%s cannot be written: array %u needs a name of 1 to %d bytes of UTF-8"),
                       subject, i, MAX_NAME);
          return FALSE;
        }
      if (!g_hash_table_add (seen, (gpointer) names[i]))
        {
          g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
                       _("%s cannot be written: two of its arrays are called %s; give each a name of "
                         "its own"), subject, names[i]);
          return FALSE;
        }
    }
  if (n <= MAX_ARRAYS)
    return TRUE;
  g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
               _("%s cannot be written: it would hold %u arrays, but at most %d can be read back"),
               subject, n, MAX_ARRAYS);
  return FALSE;
}

static gboolean
write_arrays (const char        *path,
              guint              n,
              const char *const *names,
              LwTensor *const   *arrays,
              gboolean           compressed,
              GError           **error)
{
  g_autoptr(LwZipWriter) writer = NULL;

  if (!check_names (path, n, names, error))
    return FALSE;
  writer = lw_zip_writer_new ();
  for (guint i = 0; i < n; i++)
    {
      g_autofree char  *member = g_strconcat (names[i], ".npy", NULL);
      g_autoptr(GBytes) header = lw_npy_header_write (lw_tensor_get_dtype (arrays[i]),
                                                      lw_tensor_get_shape (arrays[i]));

      if (compressed)
        lw_zip_writer_begin_deflated (writer, member);
      else
        lw_zip_writer_begin (writer, member);
      lw_zip_writer_add_bytes (writer, header);
      lw_zip_writer_add (writer, lw_tensor_get_data (arrays[i]),
                         lw_tensor_get_byte_size (arrays[i]));
    }
  return lw_zip_writer_save (writer, path, error);
}

gboolean
lw_npz_write (const char        *path,
              guint              n,
              const char *const *names,
              LwTensor *const   *arrays,
              GError           **error)
{
  return write_arrays (path, n, names, arrays, FALSE, error);
}

gboolean
lw_npz_write_compressed (const char        *path,
                         guint              n,
                         const char *const *names,
                         LwTensor *const   *arrays,
                         GError           **error)
{
  return write_arrays (path, n, names, arrays, TRUE, error);
}
