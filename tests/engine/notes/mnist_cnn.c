/* The notes' convolutional network with its hand-written train_step() and train (epochs), on MNIST.
 *
 * So that it takes seconds: two epochs over the first 6,400 of the 60,000 training images. A network this
 * small, averaged over the whole image, has by then just begun to learn. */

#include "notes.h"

#include "engine/data/dataset.h"
#include "engine/data/images.h"
#include "engine/nn/metrics.h"

#define N_IMAGES 6400
#define N_STEPS  (2 * N_IMAGES / 32)

static LwSequential *mnist_model;
static LwOptimizer  *optimizer;
static LwDataset    *dataset;
static LwIterator   *iterator;
static double        loss_history[N_STEPS];
static guint         n_steps;

static void
train_step (LwScope *s, LwTensor *images, LwTensor *labels)
{
  LwVariable *const *trainable_variables;
  LwTensor          *logits, *loss_value, *grads[16];
  LwTape            *tape;
  guint              n;
  GError            *error = NULL;

  /* with tf.GradientTape () as tape: */
  tape = lw_tape_begin (s, FALSE);
  logits = lw_sequential_call (mnist_model, s, images, TRUE);

  /* tf.debugging.assert_equal (logits.shape, (32, 10)) */
  lw_assert_shape (s, logits, &LW_SHAPE (32, 10));

  /* SparseCategoricalCrossentropy (from_logits=True) */
  loss_value = lw_sparse_categorical_crossentropy (s, labels, logits, TRUE);

  loss_history[n_steps++] = lw_tensor_get_value (loss_value, 0);
  trainable_variables = lw_sequential_get_trainable_variables (mnist_model, &n);
  lw_tape_gradient_of_variables (tape, s, loss_value, n, trainable_variables, grads, &error);
  notes_check (error);
  lw_optimizer_apply_gradients (optimizer, s, n, grads, &error);
  notes_check (error);
  lw_tape_free (tape);
}

static void
train (LwScope *s, int epochs)
{
  for (int epoch = 0; epoch < epochs; epoch++)
    {
      gboolean more = TRUE;

      while (more)
        {
          LwScope  *step = lw_scope_begin_nested (s); /* what a step made goes with it */
          LwTensor *batch[2];
          GError   *error = NULL;

          more = lw_iterator_next (iterator, step, batch);
          if (more)
            train_step (step, batch[0], batch[1]);
          lw_scope_end (step, &error);
          notes_check (error);
        }
      g_test_message ("Epoch %d finished", epoch);
    }
}

static double
mean (const double *values, guint n)
{
  LwMean mean_of = { 0, 0 };

  for (guint i = 0; i < n; i++)
    lw_mean_update_state (&mean_of, values[i], 1);
  return lw_mean_result (&mean_of);
}

/* input_shape=(None, None, 1): the same network takes images of any size. */
static void
call_on_other_sizes (LwScope *s)
{
  static const int sizes[][2] = { { 28, 28 }, { 32, 48 }, { 100, 7 } };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      LwTensor *images = lw_fill (s, LW_FLOAT32, &LW_SHAPE (3, sizes[i][0], sizes[i][1], 1), 0.5);

      lw_assert_shape (s, lw_sequential_call (mnist_model, s, images, FALSE), &LW_SHAPE (3, 10));
    }
}

static void
mnist_cnn (LwScope *s)
{
  g_autofree char      *path = lw_images_find_mnist ();
  g_autoptr (LwImages)  mnist = NULL;
  g_autoptr (LwDataset) slices = NULL, shuffled = NULL;
  LwVariable *const    *variables;
  LwTensor             *images, *labels;
  double                first, last;
  guint                 n;
  GError               *error = NULL;

  mnist = lw_images_load (path, &error);
  notes_check (error);
  images = lw_slice (s, mnist->train_images, &(LwSlice) { .stop = N_IMAGES, .step = 1 }, 1);
  labels = lw_slice (s, mnist->train_labels, &(LwSlice) { .stop = N_IMAGES, .step = 1 }, 1);
  images = lw_scale (s, lw_cast (s, lw_expand_dims (s, images, -1), LW_FLOAT32), 1 / 255.);
  labels = lw_cast (s, labels, LW_INT64);
  slices = lw_dataset_from_tensor_slices (2, (LwTensor *[]) { images, labels }, &error);
  notes_check (error);
  shuffled = lw_dataset_shuffle (slices, 1000);
  dataset = lw_dataset_batch (shuffled, 32, FALSE);
  iterator = lw_iterator_new (dataset, lw_rng_new (1, LW_STREAM_SHUFFLE));

  mnist_model = notes_sequential (LW_SHAPE (LW_DIM_ANY, LW_DIM_ANY, 1),
                                  "Conv2D filters=16 kernel_size=3,3 activation=relu",
                                  "Conv2D filters=16 kernel_size=3,3 activation=relu",
                                  "GlobalAveragePooling2D",
                                  "Dense units=10",
                                  NULL);
  variables = lw_sequential_get_trainable_variables (mnist_model, &n);
  optimizer = notes_optimizer ("Adam", n, variables);

  train (s, 2);
  g_assert_cmpuint (n_steps, ==, N_STEPS);
  first = mean (loss_history, 50);
  last = mean (loss_history + N_STEPS - 50, 50);
  g_test_message ("loss %.3f -> %.3f", first, last);
  g_assert_cmpfloat (first, >, 2.2); /* log 10 is 2.303 */
  g_assert_cmpfloat (last, <, 2.1);
  call_on_other_sizes (s);

  lw_iterator_free (iterator);
  lw_dataset_unref (dataset);
  lw_optimizer_free (optimizer);
  lw_sequential_free (mnist_model);
}

int
main (int argc, char *argv[])
{
  return notes_run (argc, argv, "/notes/mnist-cnn", mnist_cnn);
}
