/* np.load ("mnist.npz"), Dataset.from_tensor_slices, shuffle (1000), batch (32). */

#include "notes.h"

#include "engine/data/dataset.h"
#include "engine/data/images.h"
#include "engine/data/npz.h"

static void
dataset_of_npz (LwScope *s)
{
  /* data = np.load ("./mnist.npz") */
  g_autofree char       *npz_path = lw_images_find_mnist ();
  g_autoptr (LwNpz)      data = NULL;
  g_autoptr (LwTensor)   x_test = NULL, y_test = NULL;
  g_autoptr (LwDataset)  slices = NULL, shuffled = NULL, dataset = NULL;
  g_autoptr (LwIterator) iterator = NULL;
  g_autofree guint8     *seen = g_new0 (guint8, 10000);
  LwTensor              *images, *labels, *batch[2];
  guint                  n_batches = 0, n_late = 0, n_seen = 0;
  GError                *error = NULL;

  data = lw_npz_open (npz_path, &error);
  notes_check (error);
  x_test = lw_npz_read (data, "x_test", &error);
  notes_check (error);
  y_test = lw_npz_read (data, "y_test", &error);
  notes_check (error);
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (x_test), &LW_SHAPE (10000, 28, 28)));

  /* dataset = tf.data.Dataset.from_tensor_slices (
   *     (tf.cast (mnist_images[..., tf.newaxis] / 255, tf.float32), tf.cast (mnist_labels, tf.int64)))
   * The labels' place here is taken by each image's number, to see where it goes. */
  images = lw_scale (s, lw_cast (s, lw_expand_dims (s, x_test, -1), LW_FLOAT32), 1 / 255.);
  labels = lw_cast (s, lw_range (s, LW_INT32, 0, 10000, 1), LW_INT64);
  slices = lw_dataset_from_tensor_slices (2, (LwTensor *[]) { images, labels }, &error);
  notes_check (error);

  /* dataset = dataset.shuffle (1000).batch (32) */
  shuffled = lw_dataset_shuffle (slices, 1000);
  dataset = lw_dataset_batch (shuffled, 32, FALSE);

  /* for images, labels in dataset: */
  iterator = lw_iterator_new (dataset, lw_rng_new (1, LW_STREAM_SHUFFLE));
  for (;;)
    {
      LwScope *step = lw_scope_begin_nested (s);

      if (!lw_iterator_next (iterator, step, batch))
        {
          lw_scope_end (step, NULL);
          break;
        }
      /* 10,000 = 312 · 32 + 16: the last batch is the short one. */
      lw_assert_shape (step, batch[0], &LW_SHAPE (n_batches < 312 ? 32 : 16, 28, 28, 1));
      for (gsize i = 0; i < lw_tensor_get_count (batch[1]); i++)
        {
          gsize at = n_batches * 32 + i, number = (gsize) lw_tensor_get_value (batch[1], i);

          /* A buffer of 1000: an image comes at most 999 places early, however late. */
          g_assert_cmpuint (number, <, at + 1000);
          n_late += number < at;
          n_seen += !seen[number];
          seen[number] = 1;
        }
      n_batches++;
      lw_scope_end (step, &error);
      notes_check (error);
    }
  g_assert_cmpuint (n_batches, ==, 313);
  g_assert_cmpuint (n_seen, ==, 10000); /* each image once */
  g_assert_cmpuint (n_late, >, 1000);   /* and in another order */
}

int
main (int argc, char *argv[])
{
  return notes_run (argc, argv, "/notes/dataset", dataset_of_npz);
}
