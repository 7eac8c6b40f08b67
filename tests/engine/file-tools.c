#include "file-tools.h"

#include <glib/gstdio.h>
#include <string.h>
#include <zlib.h>

static char *folder;

char *
test_path (const char *name)
{
  if (folder == NULL)
    folder = g_dir_make_tmp ("layerwise-test-XXXXXX", NULL);
  g_assert_nonnull (folder);
  return g_build_filename (folder, name, NULL);
}

void
test_remove_folder (void)
{
  g_autoptr(GDir) dir = folder != NULL ? g_dir_open (folder, 0, NULL) : NULL;
  const char     *name;

  if (dir == NULL)
    return;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_remove (path);
    }
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
}

char *
test_fixture (const char *model, const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "golden", "fixtures", model, name, NULL);
}

GBytes *
test_read (const char *path)
{
  char  *data;
  gsize  length;
  GError *error = NULL;

  g_file_get_contents (path, &data, &length, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (data, length);
}

/* Not g_file_set_contents(), nor over an old file: bringing the data to the disk, which ext4 does when a
 * file that was cut to nothing is closed, would make thousands of files slow. */
void
test_write (const char *path, gconstpointer data, gsize length)
{
  FILE *file;

  g_remove (path);
  file = g_fopen (path, "wb");

  g_assert_nonnull (file);
  g_assert_cmpuint (fwrite (data, 1, length, file), ==, length);
  g_assert_cmpint (fclose (file), ==, 0);
}

void
test_check_error (const GError *error, const char *part)
{
  g_assert_nonnull (error);
  g_assert_cmpuint (strlen (error->message), >, 12);
  g_assert_null (strchr (error->message, '\n'));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  if (part != NULL && strstr (error->message, part) == NULL)
    g_error ("“%s” is not in “%s”", part, error->message);
}

/* Every number has its own sequence (splitmix64: Steele, Lea and Flood, 2014). */
static guint64
draw (guint64 *state)
{
  guint64 z = (*state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15));

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ (z >> 31);
}

GByteArray *
test_damage (GBytes *bytes, guint number)
{
  static const guint8 favourites[] = { 0x00, 0xff, 0x7f, 0x80, 0x01, 0x40 };
  guint64             state = number;
  gsize               length;
  gconstpointer       data = g_bytes_get_data (bytes, &length);
  GByteArray         *damaged = g_byte_array_sized_new ((guint) length);
  gsize               place, n;

  g_byte_array_append (damaged, data, (guint) length);
  place = draw (&state) % length;
  n = MIN (1 + draw (&state) % 8, length - place);
  switch (draw (&state) % 8)
    {
    case 0:
    case 1:
    case 2:
      damaged->data[place] ^= (guint8) (1u << draw (&state) % 8);
      break;
    case 3:
    case 4:
    case 5:
      memset (damaged->data + place, favourites[draw (&state) % G_N_ELEMENTS (favourites)], n);
      break;
    case 6:
      g_byte_array_set_size (damaged, (guint) place);
      break;
    default:
      memmove (damaged->data + place, damaged->data, n);
      break;
    }
  return damaged;
}

static void
put (GByteArray *bytes, guint64 value, guint n)
{
  for (guint i = 0; i < n; i++)
    g_byte_array_append (bytes, &(guint8) { i < 8 ? (guint8) (value >> (8 * i)) : 0 }, 1);
}

GByteArray *
test_make_zip (guint n, const char *const *names, GBytes *const *members, guint flags)
{
  GByteArray           *zip = g_byte_array_new ();
  g_autoptr(GByteArray) list = g_byte_array_new ();
  guint                 place;

  for (guint i = 0; i < n; i++)
    {
      gsize         length, name_length = strlen (names[i]);
      gconstpointer data = g_bytes_get_data (members[i], &length);
      guint32       crc = (guint32) crc32_z (0, data, length) ^ (flags & 1);
      guint         start = zip->len;

      put (zip, 0x04034b50, 4);
      put (zip, 20, 2);
      put (zip, 0, 8);
      put (zip, crc, 4);
      put (zip, length, 4);
      put (zip, length, 4);
      put (zip, name_length, 2);
      put (zip, 0, 2);
      g_byte_array_append (zip, (const guint8 *) names[i], (guint) name_length);
      g_byte_array_append (zip, data, (guint) length);

      put (list, 0x02014b50, 4);
      put (list, 20, 2);
      put (list, 20, 2);
      put (list, 0, 8);
      put (list, crc, 4);
      put (list, length, 4);
      put (list, length, 4);
      put (list, name_length, 2);
      put (list, 0, 12);
      put (list, start, 4);
      g_byte_array_append (list, (const guint8 *) names[i], (guint) name_length);
    }
  place = zip->len;
  g_byte_array_append (zip, list->data, list->len);
  put (zip, 0x06054b50, 4);
  put (zip, 0, 4);
  put (zip, n, 2);
  put (zip, n, 2);
  put (zip, list->len, 4);
  put (zip, place, 4);
  put (zip, 0, 2);
  return zip;
}
