#include "gradient-check.h"

#include <string.h>

/* The same bits for any number of threads, and on AVX2 as on AVX-512: outputs and gradients of a
 * small network of every fused op, in channel counts that do and do not fill a vector. */

#define N_SOURCES 6
#define N_RESULTS (N_SOURCES + 3)

typedef struct {
  int      channels, batch;
  int      stride, dilation;
  LwTensor *sources[N_SOURCES]; /* x, kernel, bias of the convolution; kernel, bias of Dense; second
                                   kernel */
  LwTensor *labels;
} Network;

static Network
network_new (int channels, int batch, int stride, int dilation)
{
  Network  network = { channels, batch, stride, dilation };
  gint32   labels[64];
  LwShape shapes[N_SOURCES] = { LW_SHAPE (batch, 13, 12, 3),
                                LW_SHAPE (3, 3, 3, channels),
                                LW_SHAPE (channels),
                                LW_SHAPE (channels, 10),
                                LW_SHAPE (10),
                                LW_SHAPE (3, 2, channels, channels) };

  for (int i = 0; i < N_SOURCES; i++)
    network.sources[i] = check_random_tensor (LW_FLOAT32, &shapes[i], -1, 1);
  for (int i = 0; i < batch; i++)
    labels[i] = check_random_int (0, 9);
  network.labels = lw_tensor_new_from_data (NULL, LW_INT32, &LW_SHAPE (batch), labels, NULL);
  return network;
}

static void
network_clear (Network *network)
{
  for (int i = 0; i < N_SOURCES; i++)
    lw_tensor_unref (network->sources[i]);
  lw_tensor_unref (network->labels);
}

/* Logits, loss, pooled map and all gradients. */
static void
run (const Network *network, LwDevice *device, LwTensor *results[N_RESULTS])
{
  const LwConv2d   first = { { network->stride, 1 }, LW_PADDING_SAME, { 1, network->dilation } };
  const LwConv2d   second = { { 1, 1 }, LW_PADDING_VALID, { 1, 1 } };
  const LwPooling  greatest = { { 2, 3 }, { 1, 2 }, LW_PADDING_SAME };
  const LwPooling  mean = { { 2, 2 }, { 1, 1 }, LW_PADDING_SAME };
  LwTensor *const *x = network->sources;
  LwScope         *s = lw_scope_begin (device);
  LwTape          *tape = lw_tape_begin (s, FALSE);
  GError          *error = NULL;
  LwRng            rng = lw_rng_new (9, LW_STREAM_DROPOUT);
  LwTensor        *y, *grads[N_SOURCES];

  for (int i = 0; i < N_SOURCES; i++)
    lw_tape_watch (tape, x[i]);
  y = lw_conv2d (s, x[0], x[1], x[2], &first, LW_ACTIVATION_RELU);
  y = lw_max_pool2d (s, y, &greatest);
  y = lw_conv2d (s, y, x[5], NULL, &second, LW_ACTIVATION_TANH);
  y = lw_dropout (s, lw_average_pool2d (s, y, &mean), 0.25, &rng);
  results[0] = lw_global_average_pool2d (s, y, FALSE);
  results[1] = lw_dense (s, results[0], x[3], x[4], LW_ACTIVATION_SIGMOID);
  results[2]
      = lw_sparse_categorical_crossentropy (s, network->labels, lw_softmax (s, results[1]), TRUE);
  lw_tape_gradient (tape, s, results[2], N_SOURCES, x, grads, &error);
  g_assert_no_error (error);
  memcpy (results + 3, grads, sizeof grads);
  for (int i = 0; i < N_RESULTS; i++)
    lw_tensor_ref (results[i]);
  lw_tape_free (tape);
  lw_scope_end (s, &error);
  g_assert_no_error (error);
}

static LwDevice *
device_new (LwIsa isa, int threads)
{
  LwDevice *device = lw_device_new_with_kernels (lw_kernels_get (isa), threads, 0);

  g_assert_cmpint (lw_device_get_n_threads (device), ==, threads);
  return device;
}

static void
results_clear (LwTensor *results[N_RESULTS])
{
  for (int i = 0; i < N_RESULTS; i++)
    lw_tensor_unref (results[i]);
}

static void
compare (const Network *network, LwTensor *want[N_RESULTS], LwIsa isa, int threads)
{
  LwDevice *device = device_new (isa, threads);
  LwTensor *got[N_RESULTS];

  g_assert_cmpint (lw_device_get_n_threads (device), ==, threads);
  run (network, device, got);
  for (int i = 0; i < N_RESULTS; i++)
    if (!lw_tensor_equal (got[i], want[i]))
      g_error ("%d channels, batch %d, stride %d: result %d differs on %s with %d threads",
               network->channels, network->batch, network->stride, i, lw_isa_name (isa), threads);
  results_clear (got);
  lw_device_unref (device);
}

static void
test_bits (void)
{
  static const int channels[] = { 1, 6, 8, 24, 40 };
  static const int threads[] = { 1, 2, 3, 8 };
  static const struct {
    int batch, stride, dilation;
  } shapes[] = { { 1, 1, 1 }, { 7, 2, 1 }, { 32, 1, 2 }, { 19, 1, 1 } };

  for (gsize c = 0; c < G_N_ELEMENTS (channels); c++)
    for (gsize k = 0; k < G_N_ELEMENTS (shapes); k++)
      {
        Network network
            = network_new (channels[c], shapes[k].batch, shapes[k].stride, shapes[k].dilation);

        for (LwIsa isa = 0; isa < LW_N_ISAS; isa++)
          {
            LwTensor *want[N_RESULTS];
            LwDevice *device;

            if (lw_kernels_get (isa) == NULL)
              continue;
            device = device_new (isa, 1);
            run (&network, device, want);
            for (gsize t = 0; t < G_N_ELEMENTS (threads); t++)
              compare (&network, want, isa, threads[t]);
            if (isa == LW_ISA_AVX2 && lw_kernels_get (LW_ISA_AVX512) != NULL)
              compare (&network, want, LW_ISA_AVX512, 2);
            results_clear (want);
            lw_device_unref (device);
          }
        network_clear (&network);
      }
}

/* The baseline rounds otherwise, but computes the same thing. */
static void
test_baseline (void)
{
  Network   network = network_new (24, 5, 1, 1);
  LwTensor *plain[N_RESULTS], *fast[N_RESULTS];

  if (lw_kernels_get (LW_ISA_BASELINE) != NULL)
    {
      LwDevice *device = device_new (LW_ISA_BASELINE, 2);

      run (&network, device, plain);
      lw_device_unref (device);
      run (&network, check_device (), fast);
      for (int i = 0; i < N_RESULTS; i++)
        check_close ("baseline", plain[i], fast[i], 1e-4);
      results_clear (plain);
      results_clear (fast);
    }
  network_clear (&network);
}

/* Products that are split among threads by rows: every row count around the size of a share. */
static void
test_products (void)
{
  static const int sizes[][3]
      = { { 8, 300, 300 }, { 9, 700, 130 }, { 257, 64, 40 }, { 1000, 33, 7 }, { 64, 784, 10 } };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      const int            m = sizes[i][0], k = sizes[i][1], n = sizes[i][2];
      g_autoptr (LwTensor) a = check_random_tensor (LW_FLOAT32, &LW_SHAPE (m, k), -1, 1);
      g_autoptr (LwTensor) at = check_random_tensor (LW_FLOAT32, &LW_SHAPE (k, m), -1, 1);
      g_autoptr (LwTensor) b = check_random_tensor (LW_FLOAT32, &LW_SHAPE (k, n), -1, 1);
      g_autoptr (LwTensor) want = NULL, want_t = NULL;

      for (int threads = 1; threads <= 8; threads++)
        {
          g_autoptr (LwDevice) device = lw_device_new (threads, 0, NULL);
          LwScope             *s = lw_scope_begin (device);
          LwTensor *y = lw_matmul (s, a, b, FALSE, FALSE), *yt = lw_matmul (s, at, b, TRUE, FALSE);

          if (threads == 1)
            {
              want = lw_tensor_ref (y);
              want_t = lw_tensor_ref (yt);
            }
          g_assert_true (lw_tensor_equal (y, want));
          g_assert_true (lw_tensor_equal (yt, want_t));
          g_assert_true (lw_scope_end (s, NULL));
        }
    }
}

int
main (int argc, char *argv[])
{
  int status;

  g_unsetenv ("LW_ISA");
  g_unsetenv ("LW_THREADS");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/determinism/bits", test_bits);
  g_test_add_func ("/determinism/baseline", test_baseline);
  g_test_add_func ("/determinism/products", test_products);
  status = g_test_run ();
  check_device_free ();
  return status;
}
