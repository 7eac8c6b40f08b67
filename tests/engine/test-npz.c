#include "file-tools.h"

#include "engine/core/error.h"
#include "engine/data/images.h"
#include "engine/data/npz.h"
#include "engine/io/atomic_file.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* NumPy's files: everything that may stand in one, and everything that may be wrong with one. */

static GBytes *
make_npy (guint8 version, const char *header, gconstpointer data, gsize length)
{
  GByteArray *npy = g_byte_array_new ();
  gsize       n = strlen (header);
  guint8      prefix[12] = { 0x93, 'N', 'U', 'M', 'P', 'Y', version, 0, (guint8) n, (guint8) (n >> 8), 0, 0 };

  g_byte_array_append (npy, prefix, version == 1 ? 10 : 12);
  g_byte_array_append (npy, (const guint8 *) header, (guint) n);
  if (length > 0)
    g_byte_array_append (npy, data, (guint) length);
  return g_byte_array_free_to_bytes (npy);
}

static LwTensor *
parse (GBytes *npy, GError **error)
{
  gsize         length;
  gconstpointer data = g_bytes_get_data (npy, &length);

  return lw_npy_parse (data, length, "x.npy", error);
}

static void
reverse (guint8 *data, gsize size, gsize count)
{
  for (gsize i = 0; i < count; i++)
    for (gsize k = 0; k < size / 2; k++)
      {
        guint8 byte = data[i * size + k];

        data[i * size + k] = data[i * size + size - 1 - k];
        data[i * size + size - 1 - k] = byte;
      }
}

/* A 2×3×2 array whose element (i, j, k) is 100 i + 10 j + k - 1, in every dtype, order, endianness
 * and version. */
static void
test_all_forms (void)
{
  static const char *const codes[] = { "f4", "f8", "i4", "i8", "u1", "b1" };

  for (int dtype = 0; dtype < LW_N_DTYPES; dtype++)
    for (int form = 0; form < 2 * 2 * 3; form++)
      {
        gboolean            fortran = form & 1, big = (form & 2) != 0;
        guint8              version = (guint8) (1 + form / 4), raw[12 * 8];
        gsize               size = lw_dtype_get_size ((LwDType) dtype), at = 0;
        g_autofree char    *header = NULL;
        g_autoptr(GBytes)   npy = NULL;
        g_autoptr(LwTensor) tensor = NULL;
        GError             *error = NULL;

        for (int a = 0; a < (fortran ? 2 : 2); a++)
          for (int b = 0; b < 3; b++)
            for (int c = 0; c < 2; c++, at++)
              {
                /* The file's own order: the index that varies fastest is the innermost loop. */
                int    i = fortran ? c : a, j = b, k = fortran ? a : c;
                int    value = 100 * i + 10 * j + k - (dtype < LW_UINT8);
                guint8 byte = (guint8) value, truth = value != 0;

                switch ((LwDType) dtype)
                  {
                  case LW_FLOAT32: memcpy (raw + at * size, &(float) { (float) value }, size); break;
                  case LW_FLOAT64: memcpy (raw + at * size, &(double) { value }, size); break;
                  case LW_INT32: memcpy (raw + at * size, &(gint32) { value }, size); break;
                  case LW_INT64: memcpy (raw + at * size, &(gint64) { value }, size); break;
                  case LW_UINT8: raw[at] = byte; break;
                  case LW_BOOL: raw[at] = truth ? 1 + byte % 255 : 0; break;
                  case LW_N_DTYPES: g_assert_not_reached ();
                  }
              }
        if (big)
          reverse (raw, size, 12);
        header = g_strdup_printf ("{'descr': '%c%s', 'fortran_order': %s, 'shape': (2, 3, 2), }   \n",
                                  size == 1 ? '|' : big ? '>' : '<', codes[dtype],
                                  fortran ? "True" : "False");
        npy = make_npy (version, header, raw, 12 * size);
        tensor = parse (npy, &error);
        g_assert_no_error (error);
        g_assert_cmpint (lw_tensor_get_dtype (tensor), ==, dtype);
        g_assert_true (lw_shape_equal (lw_tensor_get_shape (tensor), &LW_SHAPE (2, 3, 2)));
        for (gsize e = 0; e < 12; e++)
          {
            int value = 100 * (int) (e / 6) + 10 * (int) (e / 2 % 3) + (int) (e % 2) - (dtype < LW_UINT8);

            g_assert_cmpfloat (lw_tensor_get_value (tensor, e), ==,
                               dtype == LW_BOOL ? value != 0 : value);
          }
      }
}

static void
test_header_forms (void)
{
  static const struct {
    const char *header;
    int         rank;
    gint64      first;
  } good[] = {
    { "{'descr':'<f4','fortran_order':False,'shape':(4,)}", 1, 4 },
    { " {\t\"shape\" : ( 4L , ) , \"fortran_order\" :True,\n\"descr\": \"<f4\" } ", 1, 4 },
    { "{'shape': (2, 2,), 'descr': u'<f4', 'fortran_order': False}", 2, 2 },
    { "{'descr': '=f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 4)}", 8, 1 },
  };
  const float data[4] = { 1, 2, 3, 4 };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      GError             *error = NULL;
      g_autoptr(GBytes)   npy = make_npy (1, good[i].header, data, sizeof data);
      g_autoptr(LwTensor) tensor = parse (npy, &error);

      g_assert_no_error (error);
      g_assert_cmpint (lw_tensor_get_rank (tensor), ==, good[i].rank);
      g_assert_cmpint (lw_tensor_get_dim (tensor, 0), ==, good[i].first);
      g_assert_cmpfloat (lw_tensor_get_value (tensor, 1), ==, 2);
    }
}

/* No elements at all, and exactly one. */
static void
test_small_shapes (void)
{
  GError             *error = NULL;
  g_autoptr(GBytes)   none = make_npy (1, "{'descr':'<i8','fortran_order':True,'shape':(3,0,2)}", NULL, 0);
  g_autoptr(GBytes)   one = make_npy (3, "{'descr':'<i8','fortran_order':False,'shape':()}",
                                      &(gint64) { -5 }, 8);
  g_autoptr(LwTensor) empty = parse (none, &error);
  g_autoptr(LwTensor) scalar = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (lw_tensor_get_count (empty), ==, 0);
  g_assert_cmpint (lw_tensor_get_dim (empty, 2), ==, 2);
  scalar = parse (one, &error);
  g_assert_no_error (error);
  g_assert_cmpint (lw_tensor_get_rank (scalar), ==, 0);
  g_assert_cmpfloat (lw_tensor_get_value (scalar, 0), ==, -5);
}

static void
test_refused_headers (void)
{
  static const struct {
    const char *header, *part;
    int         code;
  } bad[] = {
    { "{'descr':'<i2','fortran_order':False,'shape':(8,)}", "'<i2'", LW_ERROR_UNSUPPORTED },
    { "{'descr':'<u2','fortran_order':False,'shape':(8,)}", "'<u2'", LW_ERROR_UNSUPPORTED },
    { "{'descr':'|i1','fortran_order':False,'shape':(16,)}", "'|i1'", LW_ERROR_UNSUPPORTED },
    { "{'descr':'<f2','fortran_order':False,'shape':(8,)}", "'<f2'", LW_ERROR_UNSUPPORTED },
    { "{'descr':'<c8','fortran_order':False,'shape':(2,)}", "'<c8'", LW_ERROR_UNSUPPORTED },
    { "{'descr':'<U4','fortran_order':False,'shape':(1,)}", "'<U4'", LW_ERROR_UNSUPPORTED },
    { "{'descr':'|O','fortran_order':False,'shape':(2,)}", "Python objects", LW_ERROR_UNSUPPORTED },
    { "{'descr':[('a','<f4')],'fortran_order':False,'shape':(4,)}", "structured", LW_ERROR_UNSUPPORTED },
    { "{'descr':'<f4','fortran_order':False,'shape':(1,1,1,1,1,1,1,1,4)}", "8 axes", LW_ERROR_UNSUPPORTED },
    { "{'descr':'<f4','fortran_order':False,'shape':(4)}", "shape", LW_ERROR_FILE },
    { "{'descr':'<f4','fortran_order':False,'shape':(-4,)}", "shape", LW_ERROR_FILE },
    { "{'descr':'<f4','fortran_order':False,'shape':(4,", "shape", LW_ERROR_FILE },
    { "{'descr':'<f4','fortran_order':False,'shape':(5,)}", "20 bytes, but 16 follow", LW_ERROR_FILE },
    { "{'descr':'<f4','fortran_order':False,'shape':(3,)}", "12 bytes, but 16 follow", LW_ERROR_FILE },
    { "{'descr':'<f8','fortran_order':False,'shape':(4,)}", "32 bytes", LW_ERROR_FILE },
    { "{'descr':'<f4','fortran_order':False,'shape':(1099511627776,1099511627776)}", "any memory", LW_ERROR_FILE },
    { "{'descr':'<f4','fortran_order':False,'shape':(1099511627776,)}", "but 16 follow", LW_ERROR_FILE },
    { "{'descr':'<f4','fortran_order':False,'shape':(99999999999999999999999999,)}", "shape", LW_ERROR_FILE },
    { "{'descr':'<f4','fortran_order':0,'shape':(4,)}", "fortran_order", LW_ERROR_FILE },
    { "{'descr':'<f4','fortran_order':False}", "shape", LW_ERROR_FILE },
    { "{'descr':'<f4','descr':'<f4','fortran_order':False,'shape':(4,)}", "descr", LW_ERROR_FILE },
    { "{'descr':'<f4','fortran_order':False,'shape':(4,),'more':1}", "more", LW_ERROR_FILE },
    { "{'descr':'<f4','fortran_order':False,'shape':(4,)} 1", "}", LW_ERROR_FILE },
    { "__import__('os').system('true')", "{", LW_ERROR_FILE },
    { "", "{", LW_ERROR_FILE },
  };
  const float data[4] = { 1, 2, 3, 4 };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GBytes) npy = make_npy (1, bad[i].header, data, sizeof data);

      g_assert_null (parse (npy, &error));
      g_assert_error (error, LW_ERROR, bad[i].code);
      test_check_error (error, "x.npy");
      test_check_error (error, bad[i].part);
    }
}

static void
test_refused_prefix (void)
{
  static const struct {
    guint8      bytes[12];
    gsize       length;
    const char *part;
  } bad[] = {
    { "", 0, "ends within" },
    { "\223NUMPY", 6, "ends within" },
    { "\223NUMPX\1\0\2\0{}", 12, "not a NumPy array" },
    { "\223NUMPY\4\0\2\0{}", 12, "4.0" },
    { "\223NUMPY\1\0\3\0{}", 12, "ends within" },
    { "\223NUMPY\2\0\377\377\377\377", 12, "4294967295" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (lw_npy_parse (bad[i].bytes, bad[i].length, "x.npy", &error));
      test_check_error (error, bad[i].part);
    }
}

/* Cut anywhere, it is an error; damaged anyhow, it is an array or an error. */
static void
test_damaged_npy (void)
{
  const float       data[6] = { 1, 2, 3, 4, 5, 6 };
  g_autoptr(GBytes) npy = make_npy (1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", data,
                                    sizeof data);
  gsize             length;
  const guint8     *bytes = g_bytes_get_data (npy, &length);
  guint             n_refused = 0;

  for (gsize n = 0; n < length; n++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree guint8 *part = g_memdup2 (bytes, n);

      g_assert_null (lw_npy_parse (part, n, "x.npy", &error));
      test_check_error (error, "x.npy");
    }
  for (guint i = 0; i < 3000; i++)
    {
      g_autoptr(GError)     error = NULL;
      g_autoptr(GByteArray) damaged = test_damage (npy, i);
      g_autofree guint8    *exact = g_memdup2 (damaged->data, damaged->len);
      g_autoptr(LwTensor)   tensor = lw_npy_parse (exact, damaged->len, "x.npy", &error);

      g_assert_true ((tensor == NULL) == (error != NULL));
      n_refused += tensor == NULL;
    }
  g_assert_cmpuint (n_refused, >, 1000);
}

static void
test_npy_files (void)
{
  g_autofree char    *path = test_path ("a.npy");
  GError             *error = NULL;
  const double        data[3] = { 1.5, -2, 1e300 };
  g_autoptr(LwTensor) tensor = lw_tensor_new_from_data (NULL, LW_FLOAT64, &LW_SHAPE (3), data, &error);
  g_autoptr(LwTensor) back = NULL;
  g_autoptr(GBytes)   bytes = NULL;

  g_assert_true (lw_npy_write (path, tensor, &error));
  g_assert_no_error (error);
  back = lw_npy_read (path, &error);
  g_assert_no_error (error);
  g_assert_true (lw_tensor_equal (tensor, back));
  /* As NumPy lays it out: the elements start at a multiple of 64. */
  bytes = test_read (path);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 128 + 24);
}

/* mnist.npz is NumPy's; the sums are Python's. */
static void
test_mnist (void)
{
  g_autofree char    *path = lw_images_find_mnist ();
  GError             *error = NULL;
  gint64              start = g_get_monotonic_time ();
  g_autoptr(LwImages) images = lw_images_load (path, &error);
  double              seconds = (double) (g_get_monotonic_time () - start) / 1e6;
  const guint8       *pixels;
  const gint32       *labels;
  guint64             sum = 0;

  g_assert_no_error (error);
  g_test_minimized_result (seconds, "MNIST in %.3f s", seconds);
  g_assert_cmpstr (images->name, ==, "MNIST");
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (images->train_images), &LW_SHAPE (60000, 28, 28)));
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (images->test_images), &LW_SHAPE (10000, 28, 28)));
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (images->train_labels), &LW_SHAPE (60000)));
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (images->test_labels), &LW_SHAPE (10000)));

  pixels = lw_tensor_get_data (images->train_images);
  for (gsize i = 0; i < lw_tensor_get_count (images->train_images); i++)
    sum += pixels[i];
  g_assert_cmpuint (sum, ==, 1567298545);
  pixels = lw_tensor_get_data (images->test_images);
  sum = 0;
  for (gsize i = 0; i < lw_tensor_get_count (images->test_images); i++)
    sum += pixels[i];
  g_assert_cmpuint (sum, ==, 264923200);
  labels = lw_tensor_get_data (images->train_labels);
  sum = 0;
  for (gsize i = 0; i < 60000; i++)
    sum += (guint64) labels[i];
  g_assert_cmpuint (sum, ==, 267236);
  g_assert_cmpint (labels[0], ==, 5);
  labels = lw_tensor_get_data (images->test_labels);
  sum = 0;
  for (gsize i = 0; i < 10000; i++)
    sum += (guint64) labels[i];
  g_assert_cmpuint (sum, ==, 44434);
  g_assert_cmpint (labels[0], ==, 7);
}

static void
test_real_numpy (void)
{
  g_autofree char    *path = test_fixture ("opt_adam", "resume.npz");
  GError             *error = NULL;
  g_autoptr(LwNpz)    npz = lw_npz_open (path, &error);
  g_autoptr(LwTensor) batches = NULL;
  g_autoptr(LwTensor) step = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (lw_npz_get_names (npz)[0], ==, "xb");
  batches = lw_npz_read (npz, "xb", &error);
  g_assert_no_error (error);
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (batches), &LW_SHAPE (6, 16, 8, 8, 1)));
  step = lw_npz_read (npz, "o0", &error);
  g_assert_no_error (error);
  g_assert_cmpint (lw_tensor_get_dtype (step), ==, LW_INT32);
  g_assert_cmpfloat (lw_tensor_get_value (step, 0), ==, 3);

  g_assert_null (lw_npz_read (npz, "x_train", &error));
  test_check_error (error, "there are: xb, yb, start0");
  g_clear_error (&error);
}

static void
test_round_trip (void)
{
  static const char *const names[] = { "x", "größe", "empty", "scalar" };
  g_autofree char         *path = test_path ("round.npz");
  GError                  *error = NULL;
  float                    data[1000];
  LwTensor                *arrays[4];
  g_autoptr(LwNpz)         npz = NULL;
  g_autoptr(GBytes)        first = NULL;
  g_autoptr(GBytes)        second = NULL;

  for (int i = 0; i < 1000; i++)
    data[i] = (float) i / 7;
  arrays[0] = lw_tensor_new_from_data (NULL, LW_FLOAT32, &LW_SHAPE (10, 100), data, &error);
  arrays[1] = lw_tensor_new_from_data (NULL, LW_UINT8, &LW_SHAPE (4000), data, &error);
  arrays[2] = lw_tensor_new (NULL, LW_INT64, &LW_SHAPE (0, 5), &error);
  arrays[3] = lw_tensor_new_from_data (NULL, LW_BOOL, &LW_SCALAR, "\1", &error);
  g_assert_true (lw_npz_write (path, 4, names, arrays, &error));
  g_assert_no_error (error);
  first = test_read (path);
  npz = lw_npz_open (path, &error);
  g_assert_no_error (error);
  for (int i = 0; i < 4; i++)
    {
      g_autoptr(LwTensor) back = lw_npz_read (npz, names[i], &error);

      g_assert_no_error (error);
      g_assert_cmpstr (lw_npz_get_names (npz)[i], ==, names[i]);
      g_assert_cmpstr (lw_tensor_get_name (back), ==, names[i]);
      g_assert_true (lw_tensor_equal (back, arrays[i]));
    }
  g_assert_null (lw_npz_get_names (npz)[4]);
  g_assert_true (lw_npz_write (path, 4, names, arrays, &error));
  second = test_read (path);
  g_assert_true (g_bytes_equal (first, second));
  for (int i = 0; i < 4; i++)
    lw_tensor_unref (arrays[i]);
}

/* Opens the file and reads every array; what came of it. */
static GError *
read_all (const char *path)
{
  GError          *error = NULL;
  g_autoptr(LwNpz) npz = lw_npz_open (path, &error);

  if (npz == NULL)
    return error;
  for (const char *const *name = lw_npz_get_names (npz); *name != NULL; name++)
    {
      g_autoptr(LwTensor) tensor = lw_npz_read (npz, *name, &error);

      if (tensor == NULL)
        return error;
      g_assert_no_error (error);
    }
  return NULL;
}

static GBytes *
small_array (void)
{
  const float data[4] = { 1, 2, 3, 4 };

  return make_npy (1, "{'descr':'<f4','fortran_order':False,'shape':(4,)}", data, sizeof data);
}

static void
test_odd_archives (void)
{
  static const char *const doubled[] = { "x.npy", "x.npy" };
  static const char *const absolute[] = { "/etc/x.npy", "../y.npy" };
  static const char *const others[] = { "README", "notes.txt" };
  g_autofree char         *path = test_path ("odd.npz");
  g_autoptr(GBytes)        array = small_array ();
  GBytes                  *members[] = { array, array };
  g_autoptr(GByteArray)    twice = test_make_zip (2, doubled, members, 0);
  g_autoptr(GByteArray)    roots = test_make_zip (2, absolute, members, 0);
  g_autoptr(GByteArray)    wrong = test_make_zip (1, doubled, members, 1);
  g_autoptr(GByteArray)    texts = test_make_zip (2, others, members, 0);
  g_autoptr(GByteArray)    none = test_make_zip (0, NULL, NULL, 0);
  GError                  *error;

  test_write (path, twice->data, twice->len);
  error = read_all (path);
  test_check_error (error, "two arrays called x");
  g_clear_error (&error);

  test_write (path, wrong->data, wrong->len);
  error = read_all (path);
  test_check_error (error, "CRC");
  g_clear_error (&error);

  /* Names are only names: nothing is unpacked. */
  test_write (path, roots->data, roots->len);
  g_assert_no_error (read_all (path));

  test_write (path, texts->data, texts->len);
  g_assert_no_error (read_all (path));
  test_write (path, none->data, none->len);
  {
    g_autoptr(LwNpz) npz = lw_npz_open (path, &error);

    g_assert_no_error (error);
    g_assert_null (lw_npz_get_names (npz)[0]);
    g_assert_null (lw_npz_read (npz, "x", &error));
    test_check_error (error, "no NumPy arrays");
    g_clear_error (&error);
  }
}

/* The directory's and the headers' claims against each other and against the file. */
static void
test_false_claims (void)
{
  static const char *const names[] = { "x.npy" };
  g_autofree char         *path = test_path ("claims.npz");
  g_autoptr(GBytes)        array = small_array ();
  g_autoptr(GBytes)        huge = make_npy (1, "{'descr':'<f4','fortran_order':False,"
                                            "'shape':(1000000,1000)}", "abcd", 4);
  GBytes                  *members[] = { array };
  g_autoptr(GByteArray)    zip = test_make_zip (1, names, members, 0);
  guint                    end = zip->len - 22, entry = end - 46 - 5;
  GError                  *error;
  /* What to write where, and what the answer has in it. */
  const struct {
    guint       place, n;
    guint8      bytes[4];
    const char *part;
  } claims[] = {
    { entry + 24, 4, { 0, 0, 0, 0x7f }, "cannot come out" },          /* unpacked size, stored */
    { entry + 20, 4, { 0, 0, 0, 0x7f }, "larger than the file" },     /* packed size */
    { entry + 8, 1, { 1 }, "encrypted" },
    { entry + 10, 1, { 12 }, "method 12" },                           /* bzip2 */
    { entry + 42, 4, { 0xff, 0xff, 0, 0 }, "claims.npz" },            /* place of the member */
    { end + 10, 2, { 0xff, 0xff }, "claims.npz" },                    /* number of members */
    { end + 16, 4, { 0xff, 0xff, 0xff, 0 }, "claims.npz" },           /* place of the list */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (claims); i++)
    {
      g_autofree guint8 *copy = g_memdup2 (zip->data, zip->len);

      memcpy (copy + claims[i].place, claims[i].bytes, claims[i].n);
      if (claims[i].place == entry + 10)
        copy[8] = 12;
      test_write (path, copy, zip->len);
      error = read_all (path);
      test_check_error (error, claims[i].part);
      g_clear_error (&error);
    }

  /* Deflated, with a size that deflate cannot reach. */
  {
    g_autofree guint8 *copy = g_memdup2 (zip->data, zip->len);

    copy[8] = copy[entry + 10] = 8;
    memcpy (copy + entry + 24, "\0\0\0\x10", 4);
    test_write (path, copy, zip->len);
    error = read_all (path);
    test_check_error (error, "cannot come out");
    g_clear_error (&error);
  }

  members[0] = huge;
  g_byte_array_unref (g_steal_pointer (&zip));
  zip = test_make_zip (1, names, members, 0);
  test_write (path, zip->data, zip->len);
  error = read_all (path);
  test_check_error (error, "4000000000 bytes, but 4 follow");
  g_clear_error (&error);
}

/* A Zip64 end record that claims 2^32 members, for which libzip would make a table at once. */
static void
test_zip64_claim (void)
{
  g_autofree char      *path = test_path ("zip64.npz");
  g_autoptr(GByteArray) zip = test_make_zip (0, NULL, NULL, 0);
  g_autoptr(GByteArray) file = g_byte_array_new ();
  guint8                end64[56] = "PK\6\6\54", locator[20] = "PK\6\7";
  GError               *error;

  end64[28] = end64[36] = 1;
  locator[16] = 1;
  memset (zip->data + 8, 0xff, 12);
  g_byte_array_append (file, end64, sizeof end64);
  g_byte_array_append (file, locator, sizeof locator);
  g_byte_array_append (file, zip->data, zip->len);
  test_write (path, file->data, file->len);
  error = read_all (path);
  test_check_error (error, "more members");
  g_clear_error (&error);
}

static void
test_damaged_npz (void)
{
  g_autofree char  *source = test_fixture ("opt_adam", "resume.npz");
  g_autofree char  *path = test_path ("damaged.npz");
  g_autoptr(GBytes) bytes = test_read (source);
  gsize             length;
  const guint8     *data = g_bytes_get_data (bytes, &length);
  guint             n_refused = 0;

  for (guint i = 0; i < 100; i++)
    {
      GError *error;

      test_write (path, data, length * i / 100);
      error = read_all (path);
      test_check_error (error, NULL);
      g_clear_error (&error);
    }
  for (guint i = 0; i < 600; i++)
    {
      g_autoptr(GByteArray) damaged = test_damage (bytes, i);
      GError               *error;

      test_write (path, damaged->data, damaged->len);
      error = read_all (path);
      n_refused += error != NULL;
      if (error != NULL)
        test_check_error (error, NULL);
      g_clear_error (&error);
    }
  /* Dates and such do no harm; what a CRC or a size covers does. */
  g_assert_cmpuint (n_refused, >, 300);
}

static void
test_not_a_file (void)
{
  g_autofree char *missing = test_path ("missing.npz");
  g_autofree char *empty = test_path ("empty.npz");
  g_autofree char *text = test_path ("text.npz");
  g_autofree char *fifo = test_path ("fifo.npz");
  g_autofree char *folder = g_path_get_dirname (missing);
  const struct {
    const char *path, *part;
  } cases[] = { { missing, "There is no file" }, { empty, "is empty" },  { text, "not a ZIP" },
                { fifo, "not a regular" },       { folder, "is a folder" }, { "/dev/null", "not a regular" } };

  test_write (empty, "", 0);
  test_write (text, "hello\n", 6);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (lw_npz_open (cases[i].path, &error));
      test_check_error (error, cases[i].part);
      test_check_error (error, cases[i].path);
      g_clear_error (&error);
      g_assert_null (lw_npy_read (cases[i].path, &error));
      test_check_error (error, cases[i].path);
      g_clear_error (&error);
      g_assert_null (lw_images_load (cases[i].path, &error));
      test_check_error (error, cases[i].path);
    }
}

/* An image file whose arrays are as told, and what loading it says. */
static void
check_images (const LwShape *train, guint8 label, LwDType label_dtype, gint64 n_labels, const char *part)
{
  static const char *const names[] = { "x_train", "y_train", "x_test", "y_test" };
  g_autofree char         *path = test_path ("images.npz");
  g_autoptr(GError)        error = NULL;
  LwTensor                *arrays[4];
  g_autoptr(LwImages)      images = NULL;

  arrays[0] = lw_tensor_new_zeros (NULL, LW_UINT8, train, &error);
  arrays[1] = lw_tensor_new_zeros (NULL, label_dtype, &LW_SHAPE (n_labels), &error);
  arrays[2] = lw_tensor_new_zeros (NULL, LW_UINT8, &LW_SHAPE (2, 28, 28), &error);
  arrays[3] = lw_tensor_new_zeros (NULL, LW_INT64, &LW_SHAPE (2), &error);
  ((guint8 *) lw_tensor_get_mutable_data (arrays[1]))[0] = label;
  g_assert_true (lw_npz_write (path, 4, names, arrays, &error));
  for (int i = 0; i < 4; i++)
    lw_tensor_unref (arrays[i]);
  images = lw_images_load (path, &error);
  if (part != NULL)
    {
      g_assert_null (images);
      test_check_error (error, part);
      test_check_error (error, path);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpstr (images->name, ==, "images");
  g_assert_cmpint (lw_tensor_get_rank (images->train_images), ==, 3);
  g_assert_cmpint (lw_tensor_get_dtype (images->train_labels), ==, LW_INT32);
  g_assert_cmpint (*(const gint32 *) lw_tensor_get_data (images->train_labels), ==, label);
}

static void
test_images (void)
{
  check_images (&LW_SHAPE (5, 28, 28), 9, LW_UINT8, 5, NULL);
  check_images (&LW_SHAPE (5, 28, 28, 1), 3, LW_INT32, 5, NULL);
  check_images (&LW_SHAPE (5, 28, 28), 3, LW_INT64, 5, NULL);
  check_images (&LW_SHAPE (5, 28, 28), 10, LW_UINT8, 5, "from 0 to 9");
  check_images (&LW_SHAPE (5, 28, 28), 1, LW_UINT8, 4, "5 whole numbers");
  check_images (&LW_SHAPE (5, 28, 28), 1, LW_FLOAT32, 5, "float32");
  check_images (&LW_SHAPE (5, 28, 28, 3), 1, LW_UINT8, 5, "5×28×28×3");
  check_images (&LW_SHAPE (5, 784), 1, LW_UINT8, 5, "5×784");
  check_images (&LW_SHAPE (5, 32, 28), 1, LW_UINT8, 5, "2×28×28");
  check_images (&LW_SHAPE (0, 28, 28), 0, LW_UINT8, 1, "0×28×28");
}

static void
test_find_mnist (void)
{
  g_autofree char  *found = NULL;
  g_autoptr(GError) error = NULL;

  g_setenv ("LAYERWISE_DATA_DIR", "/nowhere", TRUE);
  found = lw_images_find_mnist ();
  g_unsetenv ("LAYERWISE_DATA_DIR");
  g_assert_cmpstr (found, ==, "/nowhere/mnist.npz");
  g_assert_null (lw_images_load (found, &error));
  test_check_error (error, "install Layerwise again");
  test_check_error (error, found);
}

static guint
count_temporaries (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr(GDir)  dir = g_dir_open (folder, 0, NULL);
  const char      *name;
  guint            n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    n += g_str_has_prefix (name, ".layerwise-");
  return n;
}

/* A write that fails half-way (here by a limit on file sizes) leaves the old file and no litter. */
static void
test_failed_write (void)
{
  g_autofree char  *path = test_path ("kept");
  g_autofree char  *nowhere = g_build_filename (path, "below-a-file", NULL);
  g_autofree char  *data = g_malloc0 (300000);
  struct iovec      part = { data, 300000 };
  struct rlimit     old, small;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = NULL;

  test_write (path, "old", 3);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  small = (struct rlimit) { 100000, old.rlim_max };
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  g_assert_false (lw_atomic_file_write (path, &part, 1, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
  signal (SIGXFSZ, SIG_DFL);
  test_check_error (error, "unchanged");
  test_check_error (error, path);
  bytes = test_read (path);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "old", 3);
  g_assert_cmpuint (count_temporaries (path), ==, 0);

  g_clear_error (&error);
  g_assert_false (lw_atomic_file_write (nowhere, &part, 1, &error));
  test_check_error (error, nowhere);
  g_clear_error (&error);
  g_assert_false (lw_atomic_file_write ("/dev/null", &part, 1, &error));
  test_check_error (error, "not a regular file");
}

/* A link stays a link, and permissions stay what they were. */
static void
test_write_keeps (void)
{
  g_autofree char  *path = test_path ("target");
  g_autofree char  *linked = test_path ("link");
  struct iovec      part = { (char *) "new", 3 };
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = NULL;
  struct stat       info;

  test_write (path, "old", 3);
  g_assert_cmpint (chmod (path, 0640), ==, 0);
  g_assert_cmpint (symlink ("target", linked), ==, 0);
  g_assert_true (lw_atomic_file_write (linked, &part, 1, &error));
  g_assert_no_error (error);
  g_assert_cmpint (lstat (linked, &info), ==, 0);
  g_assert_true (S_ISLNK (info.st_mode));
  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 07777, ==, 0640);
  bytes = test_read (path);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "new", 3);
}

/* Killed at any moment, the writer leaves one of the two whole files. */
static void
test_killed_writer (void)
{
  enum { LENGTH = 1 << 20 };

  g_autofree char *path = test_path ("killed");
  g_autofree char *data = g_malloc (LENGTH);

  memset (data, 'a', LENGTH);
  test_write (path, data, LENGTH);
  for (guint round = 0; round < 20; round++)
    {
      g_autoptr(GBytes) bytes = NULL;
      const char       *content;
      gsize             length;
      pid_t             pid = fork ();

      g_assert_cmpint (pid, >=, 0);
      if (pid == 0)
        for (guint i = 0;; i++)
          {
            memset (data, 'a' + (int) (i % 26), LENGTH);
            lw_atomic_file_write (path, &(struct iovec) { data, LENGTH }, 1, NULL);
          }
      g_usleep (1000 + 700 * round);
      kill (pid, SIGKILL);
      waitpid (pid, NULL, 0);
      bytes = test_read (path);
      content = g_bytes_get_data (bytes, &length);
      g_assert_cmpuint (length, ==, LENGTH);
      for (gsize i = 1; i < length; i++)
        if (content[i] != content[0])
          g_error ("two files are mixed at byte %" G_GSIZE_FORMAT, i);
    }
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/npy/all-forms", test_all_forms);
  g_test_add_func ("/npy/header-forms", test_header_forms);
  g_test_add_func ("/npy/small-shapes", test_small_shapes);
  g_test_add_func ("/npy/refused-headers", test_refused_headers);
  g_test_add_func ("/npy/refused-prefix", test_refused_prefix);
  g_test_add_func ("/npy/damaged", test_damaged_npy);
  g_test_add_func ("/npy/files", test_npy_files);
  g_test_add_func ("/npz/mnist", test_mnist);
  g_test_add_func ("/npz/real-numpy", test_real_numpy);
  g_test_add_func ("/npz/round-trip", test_round_trip);
  g_test_add_func ("/npz/odd-archives", test_odd_archives);
  g_test_add_func ("/npz/false-claims", test_false_claims);
  g_test_add_func ("/npz/zip64-claim", test_zip64_claim);
  g_test_add_func ("/npz/damaged", test_damaged_npz);
  g_test_add_func ("/npz/not-a-file", test_not_a_file);
  g_test_add_func ("/images/checks", test_images);
  g_test_add_func ("/images/find-mnist", test_find_mnist);
  g_test_add_func ("/atomic-file/failed-write", test_failed_write);
  g_test_add_func ("/atomic-file/keeps", test_write_keeps);
  g_test_add_func ("/atomic-file/killed-writer", test_killed_writer);
  result = g_test_run ();
  test_remove_folder ();
  return result;
}
