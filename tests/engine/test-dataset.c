#include "dataset-tools.h"
#include "gradient-check.h"

#include "engine/data/dataset.h"

#include <malloc.h>
#include <string.h>

/* The input pipeline as training has it, shuffle, batch, map: what an epoch yields and in which order,
 * and that a place decides all of it. Other pipelines: test-pipeline.c. */

#define END (-1) /* in a trace: the end of an epoch */

/* Numbers, shuffled, in batches; any of the stages may be left out with 0. */
static LwDataset *
pipeline_new (gsize n, guint buffer, guint batch, gboolean drop_remainder)
{
  g_autoptr (LwDataset) numbers = test_numbers_new (n);
  g_autoptr (LwDataset) shuffled = lw_dataset_shuffle (numbers, buffer);

  return lw_dataset_batch (shuffled, batch, drop_remainder);
}

/* Appends the next batch's elements to the trace, or END; returns their number. The components must
 * belong together. */
static guint
next (LwIterator *iterator, GArray *trace)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTensor *batch[LW_MAX_COMPONENTS];
  guint     n = 0;

  if (lw_iterator_next (iterator, s, batch))
    {
      n = (guint) lw_tensor_get_dim (batch[0], 0);
      g_assert_true (lw_shape_equal (lw_tensor_get_shape (batch[0]), &LW_SHAPE (n)));
      g_assert_true (lw_shape_equal (lw_tensor_get_shape (batch[1]), &LW_SHAPE (n, 2)));
      g_assert_cmpint (lw_tensor_get_dtype (batch[0]), ==, LW_INT32);
      for (guint i = 0; i < n; i++)
        {
          int element = ((const gint32 *) lw_tensor_get_data (batch[0]))[i];

          g_assert_cmpfloat (lw_tensor_get_floats (batch[1])[2 * i], ==, (float) element);
          g_assert_cmpfloat (lw_tensor_get_floats (batch[1])[2 * i + 1], ==, (float) element + 0.5f);
          g_array_append_val (trace, element);
        }
    }
  else
    {
      int end = END;

      g_array_append_val (trace, end);
    }
  g_assert_true (lw_scope_end (s, NULL));
  return n;
}

/* One epoch's elements, without the END. */
static GArray *
epoch_of (LwIterator *iterator)
{
  GArray *trace = g_array_new (FALSE, FALSE, sizeof (int));

  while (next (iterator, trace) > 0)
    ;
  g_array_set_size (trace, trace->len - 1);
  return trace;
}

static int
at (GArray *trace, guint i)
{
  return g_array_index (trace, int, i);
}

static gboolean
same (GArray *a, GArray *b)
{
  return a->len == b->len && memcmp (a->data, b->data, a->len * sizeof (int)) == 0;
}

static void
assert_permutation (GArray *trace, guint n)
{
  g_autofree gboolean *seen = g_new0 (gboolean, n);

  g_assert_cmpuint (trace->len, ==, n);
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpint (at (trace, i), >=, 0);
      g_assert_cmpint (at (trace, i), <, (int) n);
      g_assert_false (seen[at (trace, i)]);
      seen[at (trace, i)] = TRUE;
    }
}

static void
test_slices (void)
{
  g_autoptr (LwTensor)  four = check_random_tensor (LW_FLOAT32, &LW_SHAPE (4, 3), 0, 1);
  g_autoptr (LwTensor)  five = check_random_tensor (LW_FLOAT32, &LW_SHAPE (5), 0, 1);
  g_autoptr (LwTensor)  scalar = check_random_tensor (LW_FLOAT32, &LW_SCALAR, 0, 1);
  LwTensor             *unequal[] = { four, five };
  g_autoptr (GError)    error = NULL;
  g_autoptr (LwDataset) dataset = lw_dataset_from_tensor_slices (2, unequal, &error);

  g_assert_null (dataset);
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "4×3"));
  g_assert_nonnull (strstr (error->message, "5"));
  g_clear_error (&error);

  dataset = lw_dataset_from_tensor_slices (1, &scalar, &error);
  g_assert_null (dataset);
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_clear_error (&error);

  dataset = lw_dataset_from_tensor_slices (1, &four, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (lw_dataset_get_n_elements (dataset), ==, 4);
  g_assert_cmpuint (lw_dataset_get_n_batches (dataset), ==, 4);
}

/* Without a shuffle, and with a buffer of one, the order is kept. */
static void
test_order (void)
{
  for (guint buffer = 0; buffer <= 1; buffer++)
    {
      g_autoptr (LwDataset)  dataset = pipeline_new (23, buffer, 4, FALSE);
      g_autoptr (LwIterator) iterator = lw_iterator_new (dataset, lw_rng_new (1, LW_STREAM_SHUFFLE));

      for (int epoch = 0; epoch < 2; epoch++)
        {
          g_autoptr (GArray) trace = epoch_of (iterator);

          assert_permutation (trace, 23);
          for (guint i = 0; i < trace->len; i++)
            g_assert_cmpint (at (trace, i), ==, i);
        }
    }
}

/* Which batches come: whole ones, then the rest or not. */
static void
test_batches (void)
{
  static const struct {
    gsize n;
    guint batch, n_batches, n_whole, last;
  } sizes[] = { { 10, 4, 3, 2, 2 }, { 12, 4, 3, 3, 4 }, { 3, 4, 1, 0, 3 }, { 5, 1, 5, 5, 1 }, { 0, 4, 0, 0, 0 } };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (int drop = 0; drop < 2; drop++)
      {
        g_autoptr (LwDataset)  dataset = pipeline_new (sizes[i].n, G_MAXUINT, sizes[i].batch, drop);
        g_autoptr (LwIterator) iterator = lw_iterator_new (dataset, lw_rng_new (1, LW_STREAM_SHUFFLE));
        guint                  want = drop ? sizes[i].n_whole : sizes[i].n_batches;

        g_assert_cmpuint (lw_dataset_get_n_elements (dataset), ==, sizes[i].n);
        g_assert_cmpuint (lw_dataset_get_n_batches (dataset), ==, want);
        for (int epoch = 0; epoch < 3; epoch++)
          {
            g_autoptr (GArray) trace = g_array_new (FALSE, FALSE, sizeof (int));

            for (guint k = 0; k < want; k++)
              g_assert_cmpuint (next (iterator, trace), ==,
                                k + 1 == want && !drop ? sizes[i].last : sizes[i].batch);
            g_assert_cmpuint (next (iterator, trace), ==, 0);
          }
      }
}

/* A buffer of b holds elements up to position + b - 1: element k comes no earlier than at k - b + 1. */
static void
test_buffer (void)
{
  static const guint buffers[] = { 1, 2, 5, 16, 99, 100, 101, G_MAXUINT };

  for (gsize b = 0; b < G_N_ELEMENTS (buffers); b++)
    {
      g_autoptr (LwDataset)  dataset = pipeline_new (100, buffers[b], 7, FALSE);
      g_autoptr (LwIterator) iterator = lw_iterator_new (dataset, lw_rng_new (5, LW_STREAM_SHUFFLE));
      gint64                 buffer = MIN (buffers[b], 100);
      gint64                 earliest = G_MAXINT64;
      g_autoptr (GArray)     previous = NULL;

      for (int epoch = 0; epoch < 50; epoch++)
        {
          g_autoptr (GArray) trace = epoch_of (iterator);

          assert_permutation (trace, 100);
          for (guint i = 0; i < 100; i++)
            {
              g_assert_cmpint (i, >=, at (trace, i) - buffer + 1);
              earliest = MIN (earliest, (gint64) i - at (trace, i));
            }
          if (previous != NULL && buffer > 1)
            g_assert_false (same (trace, previous));
          g_clear_pointer (&previous, g_array_unref);
          previous = g_steal_pointer (&trace);
        }
      /* The limit is reached, so it is the buffer's own and no smaller one's. */
      if (buffer < 90)
        g_assert_cmpint (earliest, ==, 1 - buffer);
    }
}

/* Counts epochs by the order they yield; each of n_orders must come about equally often. */
static void
check_chi_square (gsize n, guint buffer, guint n_orders, double limit)
{
  g_autoptr (LwDataset)  dataset = pipeline_new (n, buffer, 2, FALSE);
  g_autoptr (LwIterator) iterator = lw_iterator_new (dataset, lw_rng_new (17, LW_STREAM_SHUFFLE));
  guint                  counts[5 * 5 * 5 * 5] = { 0 };
  const guint            n_epochs = 500 * n_orders;
  guint                  n_found = 0;
  double                 chi_square = 0;

  for (guint epoch = 0; epoch < n_epochs; epoch++)
    {
      g_autoptr (GArray) trace = epoch_of (iterator);
      guint              code = 0;

      for (guint i = 0; i + 1 < trace->len; i++)
        code = code * 5 + (guint) at (trace, i);
      counts[code]++;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    if (counts[i] > 0)
      {
        chi_square += ((double) counts[i] - 500) * ((double) counts[i] - 500) / 500;
        n_found++;
      }
  g_assert_cmpuint (n_found, ==, n_orders);
  g_assert_cmpfloat (chi_square, <, limit);
}

/* Limits: the 99.9th percentile of chi-square with 119, 23 and 7 degrees of freedom. */
static void
test_uniform (void)
{
  check_chi_square (5, 5, 120, 173.6);
  check_chi_square (4, G_MAXUINT, 24, 49.7);
  /* A buffer of two: one of two each time, until the last is left alone. */
  check_chi_square (4, 2, 8, 24.3);
}

static void
test_seeds (void)
{
  g_autoptr (LwDataset) dataset = pipeline_new (50, G_MAXUINT, 10, FALSE);
  GArray               *traces[3];

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (LwIterator) iterator = lw_iterator_new (dataset, lw_rng_new (i == 2 ? 6 : 5, LW_STREAM_SHUFFLE));

      traces[i] = epoch_of (iterator);
    }
  g_assert_true (same (traces[0], traces[1]));
  g_assert_false (same (traces[0], traces[2]));
  for (guint i = 0; i < 3; i++)
    g_array_unref (traces[i]);
}

static void
test_slice (void)
{
  g_autoptr (LwDataset)  all = test_numbers_new (20);
  g_autoptr (LwDataset)  middle = lw_dataset_slice (all, 5, 10);
  g_autoptr (LwDataset)  inner = lw_dataset_slice (middle, 2, 100);
  g_autoptr (LwDataset)  behind = lw_dataset_slice (middle, 11, 3);
  g_autoptr (LwDataset)  shuffled = lw_dataset_shuffle (inner, G_MAXUINT);
  g_autoptr (LwDataset)  batched = lw_dataset_batch (shuffled, 3, FALSE);
  g_autoptr (LwIterator) iterator = lw_iterator_new (batched, lw_rng_new (1, LW_STREAM_SHUFFLE));
  g_autoptr (GArray)     trace = epoch_of (iterator);

  g_assert_cmpuint (lw_dataset_get_n_elements (middle), ==, 10);
  g_assert_cmpuint (lw_dataset_get_n_elements (inner), ==, 8);
  g_assert_cmpuint (lw_dataset_get_n_elements (behind), ==, 0);
  g_assert_cmpuint (lw_dataset_get_n_batches (batched), ==, 3);
  for (guint i = 0; i < trace->len; i++)
    g_array_index (trace, int, i) -= 7;
  assert_permutation (trace, 8);
}

static void
scale_by (LwScope *s, LwTensor **components, guint n, gpointer data)
{
  g_assert_cmpuint (n, ==, 2);
  components[1] = lw_scale (s, components[1], *(const double *) data);
}

static void
square (LwScope *s, LwTensor **components, guint n, gpointer data)
{
  components[1] = lw_square (s, components[1]);
}

static void
spoil (LwScope *s, LwTensor **components, guint n, gpointer data)
{
  components[1] = lw_add (s, components[0], components[1]);
}

/* Maps change whole batches, in the order in which they were added. */
static void
test_map (void)
{
  double                 factor = 2;
  g_autoptr (LwDataset)  batched = pipeline_new (5, 0, 2, FALSE);
  g_autoptr (LwDataset)  scaled = lw_dataset_map (batched, scale_by, &factor);
  g_autoptr (LwDataset)  squared = lw_dataset_map (scaled, square, NULL);
  g_autoptr (LwDataset)  spoilt = lw_dataset_map (scaled, spoil, NULL);
  g_autoptr (LwIterator) iterator = lw_iterator_new (squared, lw_rng_new (1, LW_STREAM_SHUFFLE));
  g_autoptr (LwIterator) plain = lw_iterator_new (batched, lw_rng_new (1, LW_STREAM_SHUFFLE));
  g_autoptr (LwIterator) faulty = lw_iterator_new (spoilt, lw_rng_new (1, LW_STREAM_SHUFFLE));
  g_autoptr (GArray)     trace = epoch_of (plain);
  LwTensor              *batch[2];
  LwScope               *s = lw_scope_begin (check_device ());
  int                    element = 0;
  g_autoptr (GError)     error = NULL;

  assert_permutation (trace, 5);
  while (lw_iterator_next (iterator, s, batch))
    for (gint64 i = 0; i < lw_tensor_get_dim (batch[0], 0); i++, element++)
      g_assert_cmpfloat (lw_tensor_get_floats (batch[1])[2 * i + 1], ==,
                         (2 * (float) element + 1) * (2 * (float) element + 1));
  g_assert_cmpint (element, ==, 5);
  g_assert_true (lw_scope_end (s, NULL));

  /* A map that fails, fails the scope; and a failed scope takes nothing. */
  s = lw_scope_begin (check_device ());
  g_assert_false (lw_iterator_next (faulty, s, batch));
  g_assert_false (lw_iterator_next (iterator, s, batch));
  g_assert_cmpuint (lw_iterator_get_place (iterator).position, ==, 0);
  g_assert_false (lw_scope_end (s, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_DTYPE);
}

/* -- places -- */

#define N_EPOCHS 3

static void
check_places (gsize n, guint buffer, guint batch, gboolean drop_remainder)
{
  g_autoptr (LwDataset)  dataset = pipeline_new (n, buffer, batch, drop_remainder);
  g_autoptr (LwIterator) iterator = lw_iterator_new (dataset, lw_rng_new (9, LW_STREAM_SHUFFLE));
  g_autoptr (GArray)     whole = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GArray)     places = g_array_new (FALSE, FALSE, sizeof (LwDatasetPlace));
  g_autoptr (GArray)     lengths = g_array_new (FALSE, FALSE, sizeof (guint)); /* of the trace, at each place */

  for (int epoch = 0; epoch < N_EPOCHS;)
    {
      LwDatasetPlace place = lw_iterator_get_place (iterator);

      g_array_append_val (places, place);
      g_array_append_val (lengths, whole->len);
      if (next (iterator, whole) == 0)
        epoch++;
    }
  for (guint i = 0; i < places->len; i++)
    {
      g_autoptr (LwIterator) resumed = lw_iterator_new_at (dataset, &g_array_index (places, LwDatasetPlace, i));
      g_autoptr (GArray)     rest = g_array_new (FALSE, FALSE, sizeof (int));
      LwDatasetPlace         place = lw_iterator_get_place (resumed);
      guint                  done = g_array_index (lengths, guint, i);

      g_assert_cmpmem (&place, sizeof place, &g_array_index (places, LwDatasetPlace, i), sizeof place);
      while (rest->len < whole->len - done)
        next (resumed, rest);
      g_assert_cmpmem (rest->data, rest->len * sizeof (int), &g_array_index (whole, int, done),
                       (whole->len - done) * sizeof (int));
    }
}

static void
test_places (void)
{
  static const guint buffers[] = { 0, 1, 3, 17, G_MAXUINT };

  for (gsize b = 0; b < G_N_ELEMENTS (buffers); b++)
    for (int drop = 0; drop < 2; drop++)
      {
        check_places (17, buffers[b], 4, drop);
        check_places (16, buffers[b], 4, drop);
        check_places (5, buffers[b], 1, drop);
        check_places (3, buffers[b], 8, drop);
      }
}

/* Leaving an epoch early: the next one is another, and its place decides it. */
static void
test_begin_epoch (void)
{
  g_autoptr (LwDataset)  dataset = pipeline_new (30, G_MAXUINT, 4, FALSE);
  g_autoptr (LwIterator) iterator = lw_iterator_new (dataset, lw_rng_new (2, LW_STREAM_SHUFFLE));
  g_autoptr (LwIterator) resumed = NULL;
  g_autoptr (GArray)     begun = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GArray)     trace = NULL, again = NULL;
  LwDatasetPlace         place;

  next (iterator, begun);
  next (iterator, begun);
  g_assert_cmpuint (lw_iterator_get_place (iterator).position, ==, 8);
  lw_iterator_begin_epoch (iterator);
  place = lw_iterator_get_place (iterator);
  g_assert_cmpuint (place.position, ==, 0);
  g_assert_cmpuint (place.rng.counter, >=, 8);
  trace = epoch_of (iterator);
  assert_permutation (trace, 30);
  g_assert_cmpint (memcmp (begun->data, trace->data, 8 * sizeof (int)), !=, 0);
  resumed = lw_iterator_new_at (dataset, &place);
  again = epoch_of (resumed);
  g_assert_true (same (trace, again));
}

/* A small buffer over many elements costs the buffer, not a list of all of them. */
static void
test_memory (void)
{
  const gint64           n = 4 << 20;
  g_autoptr (LwTensor)   pixels = lw_tensor_new_zeros (NULL, LW_UINT8, &LW_SHAPE (n), NULL);
  g_autoptr (LwDataset)  dataset = lw_dataset_from_tensor_slices (1, &pixels, NULL);
  g_autoptr (LwDataset)  shuffled = lw_dataset_shuffle (dataset, 100);
  g_autoptr (LwDataset)  batched = lw_dataset_batch (shuffled, 32, FALSE);
  struct mallinfo2       before = mallinfo2 ();
  g_autoptr (LwIterator) iterator = lw_iterator_new (batched, lw_rng_new (1, LW_STREAM_SHUFFLE));
  struct mallinfo2       after;

  for (int i = 0; i < 1000; i++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTensor *batch;

      g_assert_true (lw_iterator_next (iterator, s, &batch));
      g_assert_true (lw_scope_end (s, NULL));
    }
  after = mallinfo2 ();
  g_assert_cmpuint (lw_iterator_get_place (iterator).position, ==, 32000);
  g_assert_cmpuint (after.uordblks + after.hblkhd, <, before.uordblks + before.hblkhd + (1 << 20));
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dataset/from-tensor-slices", test_slices);
  g_test_add_func ("/dataset/order", test_order);
  g_test_add_func ("/dataset/batches", test_batches);
  g_test_add_func ("/dataset/shuffle/buffer", test_buffer);
  g_test_add_func ("/dataset/shuffle/uniform", test_uniform);
  g_test_add_func ("/dataset/shuffle/seeds", test_seeds);
  g_test_add_func ("/dataset/slice", test_slice);
  g_test_add_func ("/dataset/map", test_map);
  g_test_add_func ("/dataset/places", test_places);
  g_test_add_func ("/dataset/begin-epoch", test_begin_epoch);
  g_test_add_func ("/dataset/memory", test_memory);
  status = g_test_run ();
  check_device_free ();
  return status;
}
