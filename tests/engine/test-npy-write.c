#include "file-tools.h"

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/data/npz.h"
#include "engine/io/zip_reader.h"

#include <math.h>
#include <string.h>

/* NumPy's files as we write them, against the ones that NumPy wrote (tests/golden/fixtures/numpy, by
 * make.py there), and back. */

static const char *const names[] = { "float32", "float64", "int32", "int64", "uint8", "bool" };

/* The arrays of make.py. */
static LwTensor *
make_array (int dtype)
{
  static const float   floats[] = { -0.5f, -0.25f, 0, 0.25f, 0.5f, 0.75f };
  static const double  doubles[] = { 1.5, -2, 1e300, NAN };
  static const gint32  seven = -7;
  static const guint8  bytes[] = { 250, 251, 252, 253, 254, 255 };
  static const guint8  bools[] = { 1, 0, 1 };
  static const LwShape shapes[] = { { 2, { 2, 3 } }, { 1, { 4 } },       { 0, { 0 } },
                                    { 2, { 0, 5 } }, { 3, { 3, 1, 2 } }, { 1, { 3 } } };
  static const gconstpointer data[] = { floats, doubles, &seven, bytes, bytes, bools };
  GError   *error = NULL;
  LwTensor *array = lw_tensor_new_from_data (NULL, (LwDType) dtype, &shapes[dtype], data[dtype], &error);

  g_assert_no_error (error);
  return array;
}

static char *
fixture (const char *name, const char *ending)
{
  g_autofree char *file = g_strconcat (name, ending, NULL);

  return test_fixture ("numpy", file);
}

/* What np.save wrote is what we write, byte for byte, and what we read. */
static void
test_same_bytes (void)
{
  for (int dtype = 0; dtype < LW_N_DTYPES; dtype++)
    {
      g_autofree char     *path = test_path ("same.npy");
      g_autofree char     *numpy = fixture (names[dtype], ".npy");
      g_autoptr (LwTensor) array = make_array (dtype);
      g_autoptr (LwTensor) back = NULL;
      g_autoptr (GBytes)   want = test_read (numpy);
      g_autoptr (GBytes)   got = NULL;
      GError              *error = NULL;

      g_assert_true (lw_npy_write (path, array, &error));
      g_assert_no_error (error);
      got = test_read (path);
      g_assert_cmpmem (g_bytes_get_data (got, NULL), g_bytes_get_size (got), g_bytes_get_data (want, NULL),
                       g_bytes_get_size (want));
      back = lw_npy_read (numpy, &error);
      g_assert_no_error (error);
      g_assert_true (lw_tensor_equal (back, array));
    }
}

/* Other orders, endians and versions of one 2×3×2 array. */
static void
test_other_forms (void)
{
  static const char *const forms[] = { "fortran", "big_endian", "version2", "version3" };

  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_autofree char     *path = fixture (forms[i], ".npy");
      GError              *error = NULL;
      g_autoptr (LwTensor) array = lw_npy_read (path, &error);

      g_assert_no_error (error);
      g_assert_cmpint (lw_tensor_get_dtype (array), ==, LW_INT32);
      g_assert_true (lw_shape_equal (lw_tensor_get_shape (array), &LW_SHAPE (2, 3, 2)));
      for (gsize k = 0; k < 12; k++)
        g_assert_cmpfloat (lw_tensor_get_value (array, k), ==, (double) k);
    }
}

static void
test_refused (void)
{
  static const struct {
    const char *name, *part;
  } files[] = { { "float16", "float16" }, { "records", "structured" } };

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char   *path = fixture (files[i].name, ".npy");
      g_autoptr (GError) error = NULL;

      g_assert_null (lw_npy_read (path, &error));
      g_assert_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED);
      test_check_error (error, path);
      test_check_error (error, files[i].part);
    }
}

static void
check_archive (const char *path)
{
  GError           *error = NULL;
  g_autoptr (LwNpz) npz = lw_npz_open (path, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length ((char **) lw_npz_get_names (npz)), ==, LW_N_DTYPES);
  for (int dtype = 0; dtype < LW_N_DTYPES; dtype++)
    {
      g_autoptr (LwTensor) want = make_array (dtype);
      g_autoptr (LwTensor) got = lw_npz_read (npz, names[dtype], &error);

      g_assert_no_error (error);
      g_assert_cmpstr (lw_npz_get_names (npz)[dtype], ==, names[dtype]);
      g_assert_true (lw_tensor_equal (got, want));
    }
}

/* NumPy's archives, and ours. */
static void
test_archives (void)
{
  static const char *const numpy[] = { "stored", "deflated", "zip64" };
  LwTensor                *arrays[LW_N_DTYPES];
  g_autofree char         *path = test_path ("ours.npz");
  GError                  *error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (numpy); i++)
    {
      g_autofree char *other = fixture (numpy[i], ".npz");

      check_archive (other);
    }
  for (int dtype = 0; dtype < LW_N_DTYPES; dtype++)
    arrays[dtype] = make_array (dtype);
  g_assert_true (lw_npz_write (path, LW_N_DTYPES, names, arrays, &error));
  g_assert_no_error (error);
  check_archive (path);
  g_assert_true (lw_npz_write_compressed (path, LW_N_DTYPES, names, arrays, &error));
  g_assert_no_error (error);
  check_archive (path);
  for (int dtype = 0; dtype < LW_N_DTYPES; dtype++)
    lw_tensor_unref (arrays[dtype]);
}

/* Members of several of zlib's pieces, of which one can be shrunk and one cannot. */
static void
test_large (void)
{
  static const char *const large[] = { "zeros", "noise" };
  const LwShape            shape = LW_SHAPE (3, 1 << 20);
  g_autofree char         *path = test_path ("large.npz");
  GError                  *error = NULL;
  LwTensor                *arrays[2] = { lw_tensor_new_zeros (NULL, LW_UINT8, &shape, NULL),
                                         lw_tensor_new (NULL, LW_UINT8, &shape, NULL) };
  g_autoptr (LwNpz)        npz = NULL;
  g_autoptr (LwZipReader)  zip = NULL;
  g_autoptr (GBytes)       first = NULL, second = NULL;
  LwRng                    rng = lw_rng_new (1, 1);
  guint8                  *noise = lw_tensor_get_mutable_data (arrays[1]);

  for (gsize i = 0; i < lw_tensor_get_count (arrays[1]); i++)
    noise[i] = (guint8) lw_rng_next (&rng);
  g_assert_true (lw_npz_write_compressed (path, 2, large, arrays, &error));
  g_assert_no_error (error);
  first = test_read (path);
  zip = lw_zip_reader_open (path, 2, &error);
  g_assert_cmpuint (lw_zip_reader_get_packed_size (zip, 0), <, 10000);
  g_assert_cmpuint (lw_zip_reader_get_packed_size (zip, 1), >, 3 << 20);
  npz = lw_npz_open (path, &error);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (LwTensor) back = lw_npz_read (npz, large[i], &error);

      g_assert_no_error (error);
      g_assert_true (lw_tensor_equal (back, arrays[i]));
    }
  g_assert_true (lw_npz_write_compressed (path, 2, large, arrays, &error));
  second = test_read (path);
  g_assert_true (g_bytes_equal (first, second));
  lw_tensor_unref (arrays[0]);
  lw_tensor_unref (arrays[1]);
}

static void
test_refused_names (void)
{
  g_autofree char     *long_name = g_strnfill (5000, 'x');
  g_autofree char     *path = test_path ("names.npz");
  g_autoptr (LwTensor) array = make_array (LW_FLOAT32);
  LwTensor            *arrays[] = { array, array };
  const char          *bad[][2] = { { "x", "x" }, { "x", "" }, { "x", "\xff" }, { "x", long_name } };
  const char          *parts[] = { "called x", "array 1", "array 1", "array 1" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (lw_npz_write (path, 2, bad[i], arrays, &error));
      g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
      test_check_error (error, parts[i]);
      g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
    }
}

/* Random elements of every dtype and rank, some axes of size 0. */
static LwTensor *
random_array (LwRng *rng, LwDType dtype, int rank)
{
  LwShape   shape = { rank, { 0 } };
  LwTensor *array;
  guint8   *bytes;

  for (int axis = 0; axis < rank; axis++)
    shape.dims[axis] = lw_rng_next_below (rng, 16) == 0 ? 0 : 1 + lw_rng_next_below (rng, 4);
  array = lw_tensor_new (NULL, dtype, &shape, NULL);
  bytes = lw_tensor_get_mutable_data (array);
  for (gsize i = 0; i < lw_tensor_get_byte_size (array); i++)
    bytes[i] = (guint8) (lw_rng_next (rng) & (dtype == LW_BOOL ? 1 : 0xff));
  return array;
}

/* There and back by all three writers. */
static void
test_round_trips (void)
{
  enum { N = LW_N_DTYPES * (LW_MAX_RANK + 1) };

  g_autofree char *npy_path = test_path ("round.npy");
  g_autofree char *npz_path = test_path ("round.npz");
  LwRng            rng = lw_rng_new (2, 2);
  LwTensor        *arrays[N];
  char            *array_names[N];
  GError          *error = NULL;

  for (int i = 0; i < N; i++)
    {
      g_autoptr (LwTensor) back = NULL;

      arrays[i] = random_array (&rng, (LwDType) (i % LW_N_DTYPES), i / LW_N_DTYPES);
      array_names[i] = g_strdup_printf ("größe/%d", i);
      g_assert_true (lw_npy_write (npy_path, arrays[i], &error));
      back = lw_npy_read (npy_path, &error);
      g_assert_no_error (error);
      g_assert_true (lw_tensor_equal (back, arrays[i]));
    }
  for (int compressed = 0; compressed < 2; compressed++)
    {
      g_autoptr (LwNpz) npz = NULL;

      g_assert_true ((compressed ? lw_npz_write_compressed : lw_npz_write) (
        npz_path, N, (const char *const *) array_names, arrays, &error));
      npz = lw_npz_open (npz_path, &error);
      g_assert_no_error (error);
      for (int i = 0; i < N; i++)
        {
          g_autoptr (LwTensor) back = lw_npz_read (npz, array_names[i], &error);

          g_assert_no_error (error);
          g_assert_true (lw_tensor_equal (back, arrays[i]));
        }
    }
  for (int i = 0; i < N; i++)
    {
      lw_tensor_unref (arrays[i]);
      g_free (array_names[i]);
    }
}

/* Cut at every byte, an archive is an error, whichever way it was packed. */
static void
test_cut (void)
{
  static const char *const numpy[] = { "stored", "deflated", "zip64" };
  g_autofree char         *path = test_path ("cut.npz");

  for (gsize i = 0; i < G_N_ELEMENTS (numpy); i++)
    {
      g_autofree char   *source = fixture (numpy[i], ".npz");
      g_autoptr (GBytes) bytes = test_read (source);

      for (gsize n = 0; n < g_bytes_get_size (bytes); n++)
        {
          g_autoptr (GError) error = NULL;
          g_autoptr (LwNpz)  npz = NULL;

          test_write (path, g_bytes_get_data (bytes, NULL), n);
          npz = lw_npz_open (path, &error);
          g_assert_null (npz);
          test_check_error (error, path);
        }
    }
}

/* Damaged anyhow, an archive is an error or the array it was or another one; never a crash. */
static void
test_damaged (void)
{
  static const char *const numpy[] = { "stored", "deflated", "zip64" };
  g_autofree char         *path = test_path ("damaged.npz");
  guint                    n_refused = 0;

  for (guint round = 0; round < 3000; round++)
    {
      g_autofree char      *source = fixture (numpy[round % 3], ".npz");
      g_autoptr (GBytes)    bytes = test_read (source);
      g_autoptr (GByteArray) damaged = test_damage (bytes, round);
      g_autoptr (GError)    error = NULL;
      g_autoptr (LwNpz)     npz = NULL;

      test_write (path, damaged->data, damaged->len);
      npz = lw_npz_open (path, &error);
      g_assert_true ((npz == NULL) == (error != NULL));
      for (const char *const *name = npz != NULL ? lw_npz_get_names (npz) : NULL;
           name != NULL && *name != NULL && error == NULL; name++)
        {
          g_autoptr (LwTensor) array = lw_npz_read (npz, *name, &error);

          g_assert_true ((array == NULL) == (error != NULL));
        }
      if (error != NULL)
        test_check_error (error, NULL);
      n_refused += error != NULL;
    }
  g_assert_cmpuint (n_refused, >, 1000);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/npy-write/same-bytes", test_same_bytes);
  g_test_add_func ("/npy-write/other-forms", test_other_forms);
  g_test_add_func ("/npy-write/refused", test_refused);
  g_test_add_func ("/npy-write/archives", test_archives);
  g_test_add_func ("/npy-write/large", test_large);
  g_test_add_func ("/npy-write/refused-names", test_refused_names);
  g_test_add_func ("/npy-write/round-trips", test_round_trips);
  g_test_add_func ("/npy-write/cut", test_cut);
  g_test_add_func ("/npy-write/damaged", test_damaged);
  result = g_test_run ();
  test_remove_folder ();
  return result;
}
