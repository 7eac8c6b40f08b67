#include "engine/core/device.h"
#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/core/tensor.h"
#include "engine/kernels/philox.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>

/* Tensors, memory, random numbers, threads: what everything else stands on. */

/* -- tensors -- */

static LwTensor *
tensor (LwDType dtype, LwShape shape, gconstpointer data)
{
  GError   *error = NULL;
  LwTensor *x = lw_tensor_new_from_data (NULL, dtype, &shape, data, &error);

  g_assert_no_error (error);
  return x;
}

static void
assert_text (LwTensor *x, const char *expected)
{
  g_autofree char *text = lw_tensor_to_string (x);

  g_assert_cmpstr (text, ==, expected);
  lw_tensor_unref (x);
}

static void
test_tensor (void)
{
  const float          data[] = { 1, 2, 3, 4, 5, 6 };
  g_autoptr (LwTensor) x = tensor (LW_FLOAT32, LW_SHAPE (2, 3), data);
  g_autoptr (LwTensor) y = tensor (LW_FLOAT32, LW_SHAPE (2, 3), data);
  g_autoptr (LwTensor) other = tensor (LW_FLOAT32, LW_SHAPE (3, 2), data);
  g_autoptr (LwTensor) integers = tensor (LW_INT32, LW_SHAPE (2, 3), data);
  g_autoptr (LwTensor) zeros = lw_tensor_new_zeros (NULL, LW_FLOAT64, &LW_SHAPE (3), NULL);

  g_assert_cmpint (lw_tensor_get_rank (x), ==, 2);
  g_assert_cmpint (lw_tensor_get_dim (x, 0), ==, 2);
  g_assert_cmpint (lw_tensor_get_dim (x, -1), ==, 3);
  g_assert_cmpuint (lw_tensor_get_count (x), ==, 6);
  g_assert_cmpuint (lw_tensor_get_byte_size (x), ==, 24);
  g_assert_cmpfloat (lw_tensor_get_value (x, 4), ==, 5);
  g_assert_cmpfloat (lw_tensor_get_floats (x)[5], ==, 6);
  g_assert_cmpuint (lw_tensor_get_id (x), !=, lw_tensor_get_id (y));
  g_assert_true (lw_tensor_equal (x, y));
  g_assert_false (lw_tensor_equal (x, other));
  g_assert_false (lw_tensor_equal (x, integers));
  for (gsize i = 0; i < 3; i++)
    g_assert_cmpfloat (lw_tensor_get_value (zeros, i), ==, 0);

  g_assert_null (lw_tensor_get_name (x));
  lw_tensor_set_name (x, "x");
  lw_tensor_set_name (x, "kernel");
  g_assert_cmpstr (lw_tensor_get_name (x), ==, "kernel");
}

static void
test_views (void)
{
  const gint64         data[] = { 1, 2, 3, 4 };
  g_autoptr (LwTensor) x = tensor (LW_INT64, LW_SHAPE (4), data);
  g_autoptr (LwTensor) copy = NULL;
  LwTensor            *view;

  g_assert_true (lw_tensor_is_unshared (x));
  view = lw_tensor_new_view (x, &LW_SHAPE (2, 2));
  g_assert_false (lw_tensor_is_unshared (x));
  g_assert_false (lw_tensor_is_unshared (view));
  g_assert_true (lw_tensor_get_data (view) == lw_tensor_get_data (x));
  g_assert_cmpuint (lw_tensor_get_id (view), !=, lw_tensor_get_id (x));

  lw_tensor_set_name (view, "view");
  copy = lw_tensor_copy (view, NULL);
  g_assert_true (lw_tensor_equal (copy, view));
  g_assert_cmpstr (lw_tensor_get_name (copy), ==, "view");
  g_assert_true (lw_tensor_get_data (copy) != lw_tensor_get_data (view));
  g_assert_true (lw_tensor_is_unshared (copy));

  {
    g_autoptr (LwTensor) a = lw_tensor_new_invalid ();
    g_autoptr (LwTensor) b = lw_tensor_new_invalid ();

    assert_text (lw_tensor_ref (a), "nan");
    g_assert_cmpint (lw_tensor_get_dtype (a), ==, LW_FLOAT32);
    g_assert_cmpint (lw_tensor_get_rank (a), ==, 0);
    g_assert_cmpuint (lw_tensor_get_id (a), !=, lw_tensor_get_id (b));
    g_assert_false (lw_tensor_is_unshared (a));
  }

  lw_tensor_unref (view);
  g_assert_true (lw_tensor_is_unshared (x));
  lw_tensor_ref (x);
  g_assert_false (lw_tensor_is_unshared (x));
  lw_tensor_unref (x);
  lw_tensor_unref (NULL);

  /* A view keeps the storage of a tensor that is gone. */
  view = lw_tensor_new_view (copy, &LW_SHAPE (1, 4));
  g_clear_pointer (&copy, lw_tensor_unref);
  assert_text (view, "[[1 2 3 4]]");
}

/* Some rows of a tensor are one of their own, on the same elements. */
static void
test_rows (void)
{
  const gint64         data[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
  g_autoptr (LwTensor) x = tensor (LW_INT64, LW_SHAPE (4, 2), data);
  g_autoptr (LwTensor) middle = lw_tensor_new_rows (x, 1, 2);
  g_autoptr (LwTensor) last = lw_tensor_new_rows (middle, 1, 1);
  g_autoptr (LwTensor) none = lw_tensor_new_rows (x, 4, 0);
  g_autoptr (LwTensor) flat = lw_tensor_new_view (middle, &LW_SHAPE (4));
  g_autoptr (LwTensor) copy = lw_tensor_copy (last, NULL);

  g_assert_false (lw_tensor_is_unshared (middle));
  g_assert_true ((const gint64 *) lw_tensor_get_data (middle) == (const gint64 *) lw_tensor_get_data (x) + 2);
  g_assert_cmpfloat (lw_tensor_get_value (last, 1), ==, 6);
  g_assert_cmpuint (lw_tensor_get_count (none), ==, 0);
  g_assert_true (lw_tensor_equal (copy, last));
  g_assert_false (lw_tensor_equal (copy, middle));
  g_clear_pointer (&x, lw_tensor_unref);
  assert_text (lw_tensor_ref (middle), "[[3 4]\n [5 6]]");
  assert_text (lw_tensor_ref (flat), "[3 4 5 6]");
}

static void
test_bad_shapes (void)
{
  const LwShape bad[]
      = { LW_SHAPE (LW_DIM_ANY, 3), LW_SHAPE (G_MAXINT64), LW_SHAPE (1 << 20, 1 << 20, 2) };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      GError *error = NULL;

      g_assert_null (lw_tensor_new (NULL, LW_FLOAT32, &bad[i], &error));
      g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
      g_error_free (error);
    }
}

/* Shape known, memory not to be had. */
static void
test_out_of_memory (void)
{
  GError *error = NULL;

  g_assert_null (lw_tensor_new (NULL, LW_FLOAT64, &LW_SHAPE (1 << 20, 1 << 20), &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
  g_assert_nonnull (strstr (error->message, "1048576×1048576"));
  g_error_free (error);
}

static void
test_printing (void)
{
  const float   four = 4;
  const float   mixed[] = { 1.5f, -2, NAN, INFINITY, -INFINITY, 0.1f, 1e-10f, 100 };
  const double  third = 1.0 / 3;
  const gint64  big[] = { G_MAXINT64, G_MININT64 };
  const guint8  flags[] = { 0, 1, 1, 0, 0, 1, 0, 1 };
  g_autofree float *many = g_new0 (float, 2000);
  g_autofree char  *text = NULL;
  LwTensor         *x;

  assert_text (tensor (LW_FLOAT32, LW_SHAPE (1, 1), &four), "[[4.]]");
  assert_text (tensor (LW_FLOAT32, LW_SCALAR, &four), "4.0");
  assert_text (tensor (LW_FLOAT32, LW_SHAPE (8), mixed),
               "[ 1.5e+00 -2.0e+00      nan      inf     -inf  1.0e-01  1.0e-10  1.0e+02]");
  assert_text (tensor (LW_FLOAT32, LW_SHAPE (2, 4), mixed),
               "[[ 1.5e+00 -2.0e+00      nan      inf]\n"
               " [    -inf  1.0e-01  1.0e-10  1.0e+02]]");
  assert_text (tensor (LW_FLOAT64, LW_SCALAR, &third), "0.3333333333333333");
  assert_text (tensor (LW_INT64, LW_SHAPE (2), big), "[ 9223372036854775807 -9223372036854775808]");
  assert_text (tensor (LW_UINT8, LW_SHAPE (2), flags), "[0 1]");
  assert_text (tensor (LW_BOOL, LW_SHAPE (2, 2, 2), flags),
               "[[[False  True]\n  [ True False]]\n\n [[False  True]\n  [False  True]]]");
  assert_text (tensor (LW_FLOAT32, LW_SHAPE (0), NULL), "[]");
  assert_text (tensor (LW_FLOAT32, LW_SHAPE (2, 0), NULL), "[]");

  for (int i = 0; i < 2000; i++)
    many[i] = (float) i;
  assert_text (tensor (LW_FLOAT32, LW_SHAPE (2000), many),
               "[0.000e+00 1.000e+00 2.000e+00 ... 1.997e+03 1.998e+03 1.999e+03]");
  x = tensor (LW_FLOAT32, LW_SHAPE (100, 20), many);
  text = lw_tensor_to_string (x);
  g_assert_true (g_str_has_prefix (text, "[[0.000e+00 1.000e+00 2.000e+00 ... 1.700e+01 1.800e+01 1.900e+01]\n [2.000e+01 "));
  g_assert_true (g_str_has_suffix (text, "\n [1.980e+03 1.981e+03 1.982e+03 ... 1.997e+03 1.998e+03 1.999e+03]]"));
  g_assert_cmpuint (strlen (text), <, 600);
  lw_tensor_unref (x);
}

/* -- the pool -- */

static void
test_pool_blocks (void)
{
  LwPool *pool = lw_pool_new ();

  for (gsize size = 0; size < 70000; size += size < 300 ? 1 : 997)
    {
      guint8 *block = lw_pool_alloc (pool, size);

      g_assert_nonnull (block);
      g_assert_cmpuint ((guintptr) block % 64, ==, 0);
      /* Ours to write, slack included; a second block does not overlap it. */
      memset (block, 0xa5, size + LW_KERNEL_SLACK);
      {
        guint8 *second = lw_pool_alloc (pool, size);

        memset (second, 0x5a, size + LW_KERNEL_SLACK);
        for (gsize i = 0; i < size + LW_KERNEL_SLACK; i++)
          g_assert_cmpuint (block[i], ==, 0xa5);
        lw_pool_free (second);
      }
      lw_pool_free (block);
    }
  lw_pool_free (NULL);
  g_assert_null (lw_pool_alloc (pool, G_MAXSIZE));
  g_assert_null (lw_pool_alloc (pool, G_MAXSIZE / 2));
  lw_pool_unref (pool);
}

/* The same requests over and over ask the system once; trim gives it all back. */
static void
test_pool_steady (void)
{
  LwPool  *pool = lw_pool_new ();
  gpointer blocks[50];
  guint64  n = 0;

  for (int round = 0; round < 20; round++)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (blocks); i++)
        blocks[i] = lw_pool_alloc (pool, 100 + i * i * 37);
      for (gsize i = 0; i < G_N_ELEMENTS (blocks); i++)
        lw_pool_free (blocks[i]);
      if (round == 0)
        n = lw_pool_get_n_system_blocks (pool);
      g_assert_cmpuint (lw_pool_get_n_system_blocks (pool), ==, n);
    }
  g_assert_cmpuint (n, <=, G_N_ELEMENTS (blocks));
  lw_pool_trim (pool);
  lw_pool_free (lw_pool_alloc (pool, 100));
  g_assert_cmpuint (lw_pool_get_n_system_blocks (pool), ==, n + 1);

  /* A block outlives its owner's reference to the pool. */
  blocks[0] = lw_pool_alloc (pool, 64);
  lw_pool_unref (pool);
  memset (blocks[0], 1, 64);
  lw_pool_free (blocks[0]);
}

static gpointer
use_pool (gpointer data)
{
  LwPool  *pool = data;
  guint8  *blocks[16] = { NULL };
  LwRng    rng = lw_rng_new ((guintptr) &pool, 1);

  for (int i = 0; i < 20000; i++)
    {
      guint32 slot = lw_rng_next_below (&rng, G_N_ELEMENTS (blocks));

      if (blocks[slot] != NULL)
        {
          g_assert_cmpuint (blocks[slot][1], ==, slot);
          lw_pool_free (blocks[slot]);
        }
      blocks[slot] = lw_pool_alloc (pool, 2 + lw_rng_next_below (&rng, 500));
      blocks[slot][1] = (guint8) slot;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (blocks); i++)
    lw_pool_free (blocks[i]);
  return NULL;
}

static void
test_pool_threads (void)
{
  LwPool  *pool = lw_pool_new ();
  GThread *threads[4];

  for (int i = 0; i < 4; i++)
    threads[i] = g_thread_new ("pool", use_pool, pool);
  for (int i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (lw_pool_get_n_system_blocks (pool), <=, 4 * 16 * 14);
  lw_pool_unref (pool);
}

/* -- random numbers -- */

/* Random123's known answers (kat_vectors, philox4x32 with 10 rounds). */
static void
test_philox_known (void)
{
  static const struct {
    uint32_t counter[4], key[2], words[4];
  } known[] = {
    { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
    { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff }, { 0xffffffff, 0xffffffff },
      { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
    { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 },
      { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    {
      uint32_t words[4];

      lw_philox4x32 (known[i].counter, known[i].key, words);
      for (int k = 0; k < 4; k++)
        g_assert_cmphex (words[k], ==, known[i].words[k]);
    }
}

/* The block's number is the counter's first two words, the stream the other two, the seed the key;
 * a block's words come in order, and any draw can be had without those before it. */
static void
test_rng_order (void)
{
  const guint64 seed = G_GUINT64_CONSTANT (0x299f31d0a4093822),
                stream = G_GUINT64_CONSTANT (0x0370734413198a2e);
  const guint64  block = G_GUINT64_CONSTANT (0x05a308d3243f6a88);
  const uint32_t counter[4] = { 0x243f6a88, 0x05a308d3, 0x13198a2e, 0x03707344 };
  const uint32_t key[2] = { 0xa4093822, 0x299f31d0 };
  uint32_t       words[4];
  LwRng          rng = lw_rng_new (seed, stream), jumped = lw_rng_new (1, LW_STREAM_SHUFFLE);
  guint32        word = 0;

  g_assert_cmpuint (rng.counter, ==, 0);
  rng.counter = 4 * block;
  lw_philox4x32 (counter, key, words);
  for (int i = 0; i < 4; i++)
    g_assert_cmphex (lw_rng_next (&rng), ==, words[i]);
  g_assert_cmpuint (rng.counter, ==, 4 * block + 4);

  rng = lw_rng_new (1, LW_STREAM_SHUFFLE);
  for (int i = 0; i < 1000; i++)
    word = lw_rng_next (&rng);
  jumped.counter = 999;
  g_assert_cmphex (lw_rng_next (&jumped), ==, word);
  g_assert_cmpuint (jumped.counter, ==, rng.counter);
}

static void
test_rng_streams (void)
{
  LwRng a = lw_rng_new (1, 1), b = lw_rng_new (1, 2), c = lw_rng_new (2, 1);
  int   equal = 0;

  for (int i = 0; i < 1000; i++)
    {
      guint32 x = lw_rng_next (&a), y = lw_rng_next (&b), z = lw_rng_next (&c);

      equal += x == y || x == z || y == z;
    }
  g_assert_cmpint (equal, <=, 1);
}

/* Each value as often as the others: chi squared with n - 1 degrees, far from its tail. */
static void
test_rng_below (void)
{
  static const guint32 limits[] = { 1, 2, 3, 7, 10, 100 };
  const int            draws = 100000;
  LwRng                rng = lw_rng_new (11, 1);
  int                  thirds = 0;

  for (gsize k = 0; k < G_N_ELEMENTS (limits); k++)
    {
      const guint32 n = limits[k];
      int           counts[100] = { 0 };
      double        chi = 0;

      for (int i = 0; i < draws; i++)
        {
          guint32 value = lw_rng_next_below (&rng, n);

          g_assert_cmpuint (value, <, n);
          counts[value]++;
        }
      for (guint32 v = 0; v < n; v++)
        chi += (counts[v] - (double) draws / n) * (counts[v] - (double) draws / n)
               / ((double) draws / n);
      g_assert_cmpfloat (chi, <, n - 1 + 6 * sqrt (2.0 * n));
    }

  /* Plain multiplication would draw every third of 3·2^30 values twice as often as the others. */
  for (int i = 0; i < draws; i++)
    thirds += lw_rng_next_below (&rng, 3u << 30) % 3 == 0;
  g_assert_cmpfloat_with_epsilon ((double) thirds / draws, 1 / 3., 0.01);
  g_assert_cmpuint (lw_rng_next_below (&rng, G_MAXUINT32), <, G_MAXUINT32);
}

static void
test_rng_distributions (void)
{
  const int n = 100000;
  LwRng     rng = lw_rng_new (5, 3), draws;
  double    sum = 0, squares = 0, mean = 0, wide = 0;
  guint32   first, second;

  for (int i = 0; i < n; i++)
    {
      double normal = lw_rng_next_normal (&rng), uniform = lw_rng_next_double (&rng);
      float  single = lw_rng_next_float (&rng);

      g_assert_true (isfinite (normal));
      g_assert_true (uniform >= 0 && uniform < 1);
      g_assert_true (single >= 0 && single < 1);
      sum += normal;
      squares += normal * normal;
      mean += uniform;
      wide += fabs (normal) > 2;
    }
  g_assert_cmpuint (rng.counter, ==, n * 7u);
  g_assert_cmpfloat_with_epsilon (sum / n, 0, 0.02);
  g_assert_cmpfloat_with_epsilon (squares / n, 1, 0.03);
  g_assert_cmpfloat_with_epsilon (mean / n, 0.5, 0.005);
  g_assert_cmpfloat_with_epsilon (wide / n, 0.0455, 0.004);

  draws = rng;
  first = lw_rng_next (&draws);
  second = lw_rng_next (&draws);
  g_assert_cmpfloat (lw_rng_next_double (&rng), ==,
                     (double) (((guint64) first << 32 | second) >> 11) / 9007199254740992.0);
  first = lw_rng_next (&draws);
  g_assert_cmpfloat (lw_rng_next_float (&rng), ==, (float) (first >> 8) / 16777216.f);
}

/* -- workers -- */

typedef struct {
  int         n;
  atomic_int *runs;
  int        *plain; /* each written by one chunk only */
} Job;

static void
count_chunk (gpointer data, int chunk)
{
  Job *job = data;

  g_assert_cmpint (chunk, >=, 0);
  g_assert_cmpint (chunk, <, job->n);
  atomic_fetch_add (&job->runs[chunk], 1);
  job->plain[chunk] += chunk;
}

static void
test_workers (void)
{
  static const int      n_threads[] = { 1, 2, 3, 8 };
  enum { MOST = 100 };
  g_autofree atomic_int *runs = g_new0 (atomic_int, MOST);
  g_autofree int        *plain = g_new0 (int, MOST);
  LwRng                  rng = lw_rng_new (8, 1);

  for (gsize t = 0; t < G_N_ELEMENTS (n_threads); t++)
    {
      g_autoptr (LwWorkers) workers = lw_workers_new (n_threads[t], 0);

      g_assert_cmpint (lw_workers_get_n_threads (workers), ==, n_threads[t]);
      for (int i = 0; i < 5000; i++)
        {
          int shape = i % 4;
          int n = shape == 0   ? i / 4 % 4
                  : shape == 1 ? n_threads[t] - 1
                               : (int) lw_rng_next_below (&rng, MOST + 1);
          Job job = { n, runs, plain };

          lw_workers_run (workers, n, count_chunk, &job);
          for (int c = 0; c < MOST; c++)
            {
              g_assert_cmpint (atomic_load (&runs[c]), ==, c < n);
              g_assert_cmpint (plain[c], ==, c < n ? c : 0);
              atomic_store (&runs[c], 0);
              plain[c] = 0;
            }
          /* Now and then long enough for everybody to fall asleep. */
          if (i % 500 == 0)
            g_usleep (2000);
        }
    }
  {
    Job job = { 3, runs, plain };

    lw_workers_run (NULL, 3, count_chunk, &job);
    g_assert_cmpint (atomic_load (&runs[2]), ==, 1);
    g_assert_cmpint (lw_workers_get_n_threads (NULL), ==, 1);
  }
}

#ifndef __SANITIZE_ADDRESS__
/* Where there is no room for the stacks of so many threads, those that there are do the work. */
static void
test_workers_too_few (void)
{
  enum { WANTED = 200, N = 50 };
  const rlim_t         room = 512 << 20;
  const struct rlimit  limit = { room, room };
  atomic_int           runs[N] = { 0 };
  int                  plain[N] = { 0 };
  Job                  job = { N, runs, plain };
  g_autoptr (LwWorkers) workers = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }
  g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);
  workers = lw_workers_new (WANTED, 0);
  g_assert_cmpint (lw_workers_get_n_threads (workers), >=, 1);
  g_assert_cmpint (lw_workers_get_n_threads (workers), <, WANTED);
  for (int i = 0; i < 100; i++)
    lw_workers_run (workers, N, count_chunk, &job);
  for (int i = 0; i < N; i++)
    g_assert_cmpint (atomic_load (&runs[i]), ==, 100);
}
#endif

static void
mark_chunk (gpointer data, int chunk)
{
  ((guint8 *) data)[chunk]++;
}

/* More chunks than one job can number. */
static void
test_workers_many_chunks (void)
{
  const int            n = (1 << 21) + 12345;
  g_autofree guint8   *marks = g_new0 (guint8, n);
  g_autoptr (LwWorkers) workers = lw_workers_new (3, 0);

  lw_workers_run (workers, n, mark_chunk, marks);
  for (int i = 0; i < n; i++)
    if (marks[i] != 1)
      g_error ("chunk %d ran %d times", i, marks[i]);
}

typedef struct {
  int        slow;
  atomic_int done;
} Uneven;

static void
slow_chunk (gpointer data, int chunk)
{
  Uneven *uneven = data;

  g_usleep (chunk == uneven->slow ? 20000 : 100);
  atomic_fetch_add (&uneven->done, 1);
}

/* Another thread's chunk takes long (the first of its share): the caller has done all the others by
 * then, and waits asleep. */
static void
test_workers_uneven (void)
{
  for (int n_threads = 2; n_threads <= 4; n_threads++)
    {
      g_autoptr (LwWorkers) workers = lw_workers_new (n_threads, 0);

      for (int i = 0; i < 5; i++)
        {
          Uneven uneven = { 20 / n_threads, 0 };

          lw_workers_run (workers, 20, slow_chunk, &uneven);
          g_assert_cmpint (atomic_load (&uneven.done), ==, 20);
        }
    }
}

static void
test_workers_unused (void)
{
  for (int i = 0; i < 50; i++)
    lw_workers_free (lw_workers_new (1 + i % 4, 0));
  lw_workers_free (NULL);
}

/* -- devices -- */

static void
test_device_isa (void)
{
  GError *error = NULL;

  for (LwIsa isa = 0; isa < LW_N_ISAS; isa++)
    {
      LwDevice *device;

      g_setenv ("LW_ISA", lw_isa_name (isa), TRUE);
      device = lw_device_new (1, 0, &error);
      if (lw_kernels_get (isa) != NULL)
        {
          g_assert_no_error (error);
          g_assert_cmpint (device->kernels->isa, ==, isa);
          lw_device_unref (device);
        }
      else
        {
          g_assert_null (device);
          g_assert_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED);
          g_assert_nonnull (strstr (error->message, lw_isa_name (isa)));
          g_clear_error (&error);
        }
    }

  g_setenv ("LW_ISA", "sse9", TRUE);
  g_assert_null (lw_device_new (1, 0, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "sse9"));
  g_assert_nonnull (strstr (error->message, "avx512"));
  g_clear_error (&error);

  g_setenv ("LW_ISA", "", TRUE);
  {
    g_autoptr (LwDevice) device = lw_device_new (1, 0, &error);

    g_assert_no_error (error);
    g_assert_true (device->kernels == lw_kernels_best ());
  }
  g_unsetenv ("LW_ISA");
}

static void
test_device_threads (void)
{
  g_autoptr (LwDevice) three = lw_device_new (3, 0, NULL);
  g_autoptr (LwDevice) single = lw_device_new_single (three);
  g_autoptr (LwDevice) named = NULL;
  g_autoptr (LwDevice) all = NULL;

  g_assert_cmpint (lw_device_get_n_threads (three), ==, 3);
  g_assert_cmpint (lw_device_get_n_threads (single), ==, 1);
  g_assert_true (single->pool == three->pool);
  g_assert_true (single->kernels == three->kernels);

  g_setenv ("LW_THREADS", "2", TRUE);
  named = lw_device_new (0, 0, NULL);
  g_assert_cmpint (lw_device_get_n_threads (named), ==, 2);
  g_unsetenv ("LW_THREADS");
  all = lw_device_new (0, 0, NULL);
  g_assert_cmpint (lw_device_get_n_threads (all), ==, (int) g_get_num_processors ());
}

typedef struct {
  LwDevice *whole;
  LwTensor *results[40];
} Apart;

static void
compute_apart (gpointer data, int part, LwDevice *single)
{
  Apart    *apart = data;
  LwTensor *mine = lw_tensor_new (single->pool, LW_FLOAT32, &LW_SHAPE (1000), NULL);

  g_assert_true (single->kernels == apart->whole->kernels);
  g_assert_cmpint (lw_device_get_n_threads (single), ==, 1);
  for (int i = 0; i < 1000; i++)
    ((float *) lw_tensor_get_mutable_data (mine))[i] = (float) (part + i);
  apart->results[part] = mine;
}

/* Parts run once each on devices without threads; what they keep is there when the device is gone. */
static void
test_device_apart (void)
{
  for (int n_threads = 1; n_threads <= 4; n_threads++)
    {
      Apart   apart = { lw_device_new (n_threads, 0, NULL), { NULL } };
      guint64 blocks;

      lw_device_run_apart (apart.whole, 40, compute_apart, &apart);
      blocks = lw_device_get_n_system_blocks (apart.whole);
      g_assert_cmpuint (blocks, ==, 40);
      g_assert_cmpuint (lw_device_get_peak (apart.whole), ==, 40 * 4000);
      lw_device_unref (apart.whole);
      for (int part = 0; part < 40; part++)
        {
          g_assert_cmpfloat (lw_tensor_get_value (apart.results[part], 999), ==, part + 999);
          lw_tensor_unref (apart.results[part]);
        }
    }
}

int
main (int argc, char *argv[])
{
  g_unsetenv ("LW_ISA");
  g_unsetenv ("LW_THREADS");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tensor/basics", test_tensor);
  g_test_add_func ("/tensor/views", test_views);
  g_test_add_func ("/tensor/rows", test_rows);
  g_test_add_func ("/tensor/bad-shapes", test_bad_shapes);
  g_test_add_func ("/tensor/out-of-memory", test_out_of_memory);
  g_test_add_func ("/tensor/printing", test_printing);
  g_test_add_func ("/device/isa", test_device_isa);
  g_test_add_func ("/device/threads", test_device_threads);
  g_test_add_func ("/device/apart", test_device_apart);
  g_test_add_func ("/pool/blocks", test_pool_blocks);
  g_test_add_func ("/pool/steady", test_pool_steady);
  g_test_add_func ("/pool/threads", test_pool_threads);
  g_test_add_func ("/rng/philox", test_philox_known);
  g_test_add_func ("/rng/order", test_rng_order);
  g_test_add_func ("/rng/streams", test_rng_streams);
  g_test_add_func ("/rng/below", test_rng_below);
  g_test_add_func ("/rng/distributions", test_rng_distributions);
  g_test_add_func ("/workers/each-chunk-once", test_workers);
  g_test_add_func ("/workers/many-chunks", test_workers_many_chunks);
#ifndef __SANITIZE_ADDRESS__
  g_test_add_func ("/workers/too-few", test_workers_too_few);
#endif
  g_test_add_func ("/workers/uneven", test_workers_uneven);
  g_test_add_func ("/workers/unused", test_workers_unused);
  return g_test_run ();
}
