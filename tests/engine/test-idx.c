#include "file-tools.h"

#include "engine/core/error.h"
#include "engine/data/idx.h"
#include "engine/data/images.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <zlib.h>

/* IDX, the format of MNIST's own files: what may stand in one, and what may be wrong with one. */

/* A header of these sizes (rank as told) and the bytes behind it. */
static GBytes *
make_idx (guint8 type, guint8 rank, const guint32 *dims, gconstpointer data, gsize length)
{
  GByteArray *idx = g_byte_array_new ();

  g_byte_array_append (idx, (const guint8[]) { 0, 0, type, rank }, 4);
  for (guint i = 0; i < rank; i++)
    {
      guint32 size = GUINT32_TO_BE (dims[i]);

      g_byte_array_append (idx, (const guint8 *) &size, 4);
    }
  if (length > 0)
    g_byte_array_append (idx, data, (guint) length);
  return g_byte_array_free_to_bytes (idx);
}

static GBytes *
gzip (GBytes *bytes)
{
  gsize    length;
  Bytef   *data = (Bytef *) g_bytes_get_data (bytes, &length);
  z_stream z = { .next_in = data, .avail_in = (uInt) length };
  gsize    room = length + 1000;
  guint8  *out = g_malloc (room);

  g_assert_cmpint (deflateInit2 (&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
  z.next_out = out;
  z.avail_out = (uInt) room;
  g_assert_cmpint (deflate (&z, Z_FINISH), ==, Z_STREAM_END);
  g_assert_cmpint (deflateEnd (&z), ==, Z_OK);
  return g_bytes_new_take (out, room - z.avail_out);
}

static GBytes *
join (GBytes *a, GBytes *b)
{
  GByteArray *both = g_byte_array_new ();

  g_byte_array_append (both, g_bytes_get_data (a, NULL), (guint) g_bytes_get_size (a));
  g_byte_array_append (both, g_bytes_get_data (b, NULL), (guint) g_bytes_get_size (b));
  return g_byte_array_free_to_bytes (both);
}

/* From memory of exactly that size, so that a sanitizer sees any byte too far. */
static LwTensor *
parse_part (gconstpointer data, gsize length, GError **error)
{
  g_autofree guint8 *exact = g_memdup2 (data, length);

  return lw_idx_parse (exact, length, "x-ubyte", error);
}

static LwTensor *
parse (GBytes *idx, GError **error)
{
  gsize         length;
  gconstpointer data = g_bytes_get_data (idx, &length);

  return parse_part (data, length, error);
}

/* Every type, plain and gzipped, from memory and from a file. */
static void
test_types (void)
{
  static const struct {
    guint8      type;
    LwDType     dtype;
    gsize       length;
    const char *bytes;
    double      values[4];
  } types[] = {
    { 0x08, LW_UINT8, 4, "\0\1\177\377", { 0, 1, 127, 255 } },
    { 0x09, LW_INT32, 4, "\0\1\177\377", { 0, 1, 127, -1 } },
    { 0x0b, LW_INT32, 8, "\0\0\1\0\177\377\377\376", { 0, 256, 32767, -2 } },
    { 0x0c, LW_INT32, 16, "\0\0\0\0\0\1\0\0\177\377\377\377\200\0\0\0", { 0, 65536, 2147483647, -2147483648.0 } },
    { 0x0d, LW_FLOAT32, 16, "\0\0\0\0\77\200\0\0\300\100\0\0\102\310\0\0", { 0, 1, -3, 100 } },
    { 0x0e, LW_FLOAT64, 32, "\0\0\0\0\0\0\0\0\77\360\0\0\0\0\0\0\300\10\0\0\0\0\0\0\100\131\0\0\0\0\0\0",
      { 0, 1, -3, 100 } },
  };
  g_autofree char *path = test_path ("types-ubyte");

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    for (int form = 0; form < 4; form++)
      {
        g_autoptr (GBytes)   plain = make_idx (types[i].type, 2, (const guint32[]) { 2, 2 }, types[i].bytes,
                                               types[i].length);
        g_autoptr (GBytes)   packed = gzip (plain);
        GBytes              *idx = form & 1 ? packed : plain;
        GError              *error = NULL;
        g_autoptr (LwTensor) array = NULL;

        test_write (path, g_bytes_get_data (idx, NULL), g_bytes_get_size (idx));
        g_assert_true (lw_idx_detect (path));
        array = form & 2 ? lw_idx_load (path, &error) : parse (idx, &error);
        g_assert_no_error (error);
        g_assert_cmpint (lw_tensor_get_dtype (array), ==, types[i].dtype);
        g_assert_true (lw_shape_equal (lw_tensor_get_shape (array), &LW_SHAPE (2, 2)));
        for (gsize k = 0; k < 4; k++)
          g_assert_cmpfloat (lw_tensor_get_value (array, k), ==, types[i].values[k]);
      }
}

/* Widened in place: long enough that any element overwritten too early would be seen. */
static void
test_widening (void)
{
  g_autofree guint8   *bytes = g_malloc (200000);
  const guint32        dims[] = { 100000 };
  GError              *error = NULL;
  g_autoptr (GBytes)   narrow = NULL, wide = NULL;
  g_autoptr (LwTensor) int8s = NULL, int16s = NULL;

  for (gsize i = 0; i < 200000; i++)
    bytes[i] = (guint8) (i * 7 + i / 251);
  narrow = make_idx (0x09, 1, dims, bytes, 100000);
  wide = make_idx (0x0b, 1, dims, bytes, 200000);
  int8s = parse (narrow, &error);
  g_assert_no_error (error);
  int16s = parse (wide, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < 100000; i++)
    {
      g_assert_cmpint (((const gint32 *) lw_tensor_get_data (int8s))[i], ==, (gint8) bytes[i]);
      g_assert_cmpint (((const gint32 *) lw_tensor_get_data (int16s))[i], ==,
                       (gint16) (bytes[2 * i] << 8 | bytes[2 * i + 1]));
    }
}

/* Rank 0, rank 8, no elements, and gzipped data of several parts. */
static void
test_forms (void)
{
  static const guint32 dims[8] = { 1, 1, 2, 1, 1, 1, 1, 2 }, none[] = { 3, 0, 2 };
  GError              *error = NULL;
  g_autoptr (GBytes)   scalar = make_idx (0x08, 0, NULL, "\7", 1);
  g_autoptr (GBytes)   deep = make_idx (0x08, 8, dims, "abcd", 4);
  g_autoptr (GBytes)   empty = make_idx (0x0e, 3, none, NULL, 0);
  g_autoptr (GBytes)   start = make_idx (0x08, 1, (const guint32[]) { 6 }, "ab", 2);
  g_autoptr (GBytes)   rest = g_bytes_new ("cdef", 4);
  g_autoptr (GBytes)   packed_start = gzip (start);
  g_autoptr (GBytes)   packed_rest = gzip (rest);
  g_autoptr (GBytes)   packed_empty = gzip (empty);
  g_autoptr (GBytes)   parts = join (packed_start, packed_rest);
  g_autoptr (LwTensor) seven = parse (scalar, &error);
  g_autoptr (LwTensor) rank8 = NULL, nothing = NULL, joined = NULL, unpacked = NULL;

  g_assert_no_error (error);
  g_assert_cmpint (lw_tensor_get_rank (seven), ==, 0);
  g_assert_cmpfloat (lw_tensor_get_value (seven, 0), ==, 7);
  rank8 = parse (deep, &error);
  g_assert_no_error (error);
  g_assert_cmpint (lw_tensor_get_rank (rank8), ==, 8);
  g_assert_cmpint (lw_tensor_get_dim (rank8, 7), ==, 2);
  nothing = parse (empty, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (lw_tensor_get_count (nothing), ==, 0);
  joined = parse (parts, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (lw_tensor_get_data (joined), 6, "abcdef", 6);
  unpacked = parse (packed_empty, &error);
  g_assert_no_error (error);
  g_assert_true (lw_tensor_equal (unpacked, nothing));
}

static void
test_refused (void)
{
  static const struct {
    guint8      type, rank;
    guint32     dims[9];
    const char *part;
  } bad[] = {
    { 0x08, 1, { 5 }, "5 bytes, but 4 follow" },
    { 0x08, 1, { 3 }, "3 bytes, but 4 follow" },
    { 0x0e, 1, { 4 }, "32 bytes" },
    { 0x08, 3, { 0xffffffff, 0xffffffff, 0xffffffff }, "any memory" },
    { 0x0e, 2, { 0x80000000, 0x80000000 }, "any memory" },
    { 0x08, 1, { 0xffffffff }, "4294967295 bytes" },
    { 0x0e, 2, { 0xffff, 0xffff }, "34358689800 bytes" },
    { 0x08, 9, { 1, 1, 1, 1, 1, 1, 1, 1, 4 }, "9 axes" },
    { 0x08, 2, { 0, 5 }, "0 bytes, but 4 follow" },
    { 0x0a, 1, { 4 }, "not an IDX file" },
    { 0x00, 1, { 4 }, "not an IDX file" },
    { 0xff, 1, { 4 }, "not an IDX file" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GBytes) plain = make_idx (bad[i].type, bad[i].rank, bad[i].dims, "abcd", 4);
      g_autoptr (GBytes) packed = gzip (plain);
      g_autoptr (GError) error = NULL;

      g_assert_null (parse (plain, &error));
      test_check_error (error, "x-ubyte");
      test_check_error (error, bad[i].part);
      g_clear_error (&error);
      g_assert_null (parse (packed, &error));
      test_check_error (error, "x-ubyte");
    }
}

/* Gzipped data of which the header promises more than there is, or less; the promise rules how much is
 * unpacked and how much memory is asked for. */
static void
test_bombs (void)
{
  g_autofree guint8 *zeros = g_malloc0 (4 << 20);
  const struct {
    guint32     dim;
    const char *part;
  } bombs[] = {
    { 100, "more follows" },         /* 4 MiB where 100 bytes are promised */
    { (4 << 20) + 1, "ends 1 bytes" },
    { 0xffffffff, "cannot come out" },
  };
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (bombs); i++)
    {
      g_autoptr (GBytes) plain = make_idx (0x08, 1, &bombs[i].dim, zeros, 4 << 20);
      g_autoptr (GBytes) packed = gzip (plain);

      g_assert_cmpuint (g_bytes_get_size (packed), <, 10000);
      g_assert_null (parse (packed, &error));
      g_assert_error (error, LW_ERROR, LW_ERROR_FILE);
      test_check_error (error, bombs[i].part);
      g_clear_error (&error);
    }
}

/* Wrong CRC, wrong length, something behind the end. */
static void
test_gzip_trailer (void)
{
  g_autoptr (GBytes) plain = make_idx (0x08, 1, (const guint32[]) { 4 }, "abcd", 4);
  g_autoptr (GBytes) packed = gzip (plain);
  g_autoptr (GBytes) garbage = g_bytes_new ("garbage", 7);
  g_autoptr (GBytes) longer = join (packed, garbage);
  g_autoptr (GBytes) twice = join (packed, packed);
  gsize              length = g_bytes_get_size (packed);
  g_autoptr (GError) error = NULL;

  for (gsize back = 1; back <= 8; back++)
    {
      g_autofree guint8 *copy = g_memdup2 (g_bytes_get_data (packed, NULL), length);

      copy[length - back] ^= 1;
      g_assert_null (parse_part (copy, length, &error));
      test_check_error (error, "get a fresh copy");
      g_clear_error (&error);
    }
  g_assert_null (parse (longer, &error));
  test_check_error (error, "x-ubyte is damaged");
  g_clear_error (&error);
  g_assert_null (parse (twice, &error));
  test_check_error (error, "more follows");
}

/* Cut anywhere it is an error; damaged anyhow, an array or an error. */
static void
test_damaged (void)
{
  static const guint32 dims[] = { 3, 4, 5 };
  guint8               pixels[60];
  g_autoptr (GBytes)   plain = NULL, packed = NULL;

  for (guint i = 0; i < sizeof pixels; i++)
    pixels[i] = (guint8) (i * 37);
  plain = make_idx (0x08, 3, dims, pixels, sizeof pixels);
  packed = gzip (plain);
  for (int form = 0; form < 2; form++)
    {
      GBytes     *whole = form == 0 ? plain : packed;
      gsize       length;
      const char *data = g_bytes_get_data (whole, &length);
      guint       n_refused = 0;

      for (gsize n = 0; n < length; n++)
        {
          g_autoptr (GError) error = NULL;

          g_assert_null (parse_part (data, n, &error));
          test_check_error (error, "x-ubyte");
        }
      for (guint i = 0; i < 4000; i++)
        {
          g_autoptr (GByteArray) damaged = test_damage (whole, i);
          g_autoptr (GError)     error = NULL;
          g_autoptr (LwTensor)   array = parse_part (damaged->data, damaged->len, &error);

          g_assert_true ((array == NULL) == (error != NULL));
          if (error != NULL)
            test_check_error (error, "x-ubyte");
          n_refused += error != NULL;
        }
      g_assert_cmpuint (n_refused, >, 1000);
    }
}

static void
test_not_a_file (void)
{
  g_autofree char *missing = test_path ("missing-ubyte");
  g_autofree char *empty = test_path ("empty-ubyte");
  g_autofree char *folder = g_path_get_dirname (missing);
  const struct {
    const char *path, *part;
  } cases[] = { { missing, "There is no file" }, { empty, "is empty" }, { folder, "is a folder" } };

  test_write (empty, "", 0);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (lw_idx_detect (cases[i].path));
      g_assert_null (lw_idx_load (cases[i].path, &error));
      test_check_error (error, cases[i].part);
      test_check_error (error, cases[i].path);
    }
}

/* -- the four files of a data set -- */

static void
write_set (const char *const *names, guint32 n_labels)
{
  guint8 pixels[2 * 6] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 }, labels[] = { 7, 2, 1 };

  for (int i = 0; i < 4; i++)
    {
      g_autofree char   *path = test_path (names[i]);
      g_autoptr (GBytes) plain = i % 2 == 0
                                   ? make_idx (0x08, 3, (const guint32[]) { 2, 3, 2 }, pixels, sizeof pixels)
                                   : make_idx (0x08, 1, &n_labels, labels, n_labels);
      g_autoptr (GBytes) packed = gzip (plain);
      GBytes            *bytes = g_str_has_suffix (names[i], ".gz") ? packed : plain;

      test_write (path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
    }
}

static void
remove_set (const char *const *names)
{
  for (int i = 0; i < 4; i++)
    {
      g_autofree char *path = test_path (names[i]);

      g_remove (path);
    }
}

/* Any of the four finds the others, whatever their spelling. */
static void
test_siblings (void)
{
  static const char *const sets[][4] = {
    { "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte" },
    { "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
      "t10k-labels-idx1-ubyte.gz" },
    { "train-images.idx3-ubyte", "train-labels-idx1-ubyte.gz", "t10k-images.idx3-ubyte.gz",
      "t10k-labels-idx1-ubyte" },
  };

  for (gsize k = 0; k < G_N_ELEMENTS (sets); k++)
    {
      write_set (sets[k], 2);
      for (int i = 0; i < 4; i++)
        {
          g_autofree char     *path = test_path (sets[k][i]);
          g_autofree char     *folder = g_path_get_dirname (path);
          g_autofree char     *name = g_path_get_basename (folder);
          GError              *error = NULL;
          g_autoptr (LwImages) images = lw_images_load (path, &error);

          g_assert_no_error (error);
          g_assert_cmpstr (images->name, ==, name);
          g_assert_true (lw_shape_equal (lw_tensor_get_shape (images->train_images), &LW_SHAPE (2, 3, 2)));
          g_assert_cmpfloat (lw_tensor_get_value (images->test_images, 11), ==, 11);
          g_assert_cmpint (lw_tensor_get_dtype (images->test_labels), ==, LW_INT32);
          g_assert_cmpfloat (lw_tensor_get_value (images->train_labels, 0), ==, 7);
        }
      remove_set (sets[k]);
    }
}

static void
test_wrong_sets (void)
{
  static const char *const names[4] = { "train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                        "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte" };
  g_autofree char         *first = test_path (names[0]);
  g_autofree char         *third = test_path (names[2]);
  g_autofree char         *other = test_path ("other-ubyte");
  g_autoptr (GError)       error = NULL;

  write_set (names, 3);
  g_assert_null (lw_images_load (first, &error));
  test_check_error (error, "train-labels-idx1-ubyte should be 2 whole numbers");
  g_clear_error (&error);

  write_set (names, 2);
  g_assert_cmpint (g_rename (third, other), ==, 0);
  g_assert_null (lw_images_load (first, &error));
  test_check_error (error, "t10k-images-idx3-ubyte is not beside it");
  g_clear_error (&error);
  g_assert_null (lw_images_load (other, &error));
  test_check_error (error, "call the four files as MNIST does");
  remove_set (names);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/idx/types", test_types);
  g_test_add_func ("/idx/widening", test_widening);
  g_test_add_func ("/idx/forms", test_forms);
  g_test_add_func ("/idx/refused", test_refused);
  g_test_add_func ("/idx/bombs", test_bombs);
  g_test_add_func ("/idx/gzip-trailer", test_gzip_trailer);
  g_test_add_func ("/idx/damaged", test_damaged);
  g_test_add_func ("/idx/not-a-file", test_not_a_file);
  g_test_add_func ("/idx/siblings", test_siblings);
  g_test_add_func ("/idx/wrong-sets", test_wrong_sets);
  result = g_test_run ();
  test_remove_folder ();
  return result;
}
