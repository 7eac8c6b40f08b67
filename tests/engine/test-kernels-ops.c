#include "gradient-check.h"

#include "engine/ops/winograd.h"

#include <string.h>

/* The windowed and fused ops over random shapes (every stride, padding, dilation, 1 … MAX_CHANNELS
 * channels) on each instruction set of this machine: outputs and gradients against the plain float64
 * reference, bit for bit between sets that round alike, and with guard words around every array. */

#define TRIALS       150
#define MAX_CHANNELS 40
#define MAX_SOURCES  3
#define MAX_RESULTS  (1 + MAX_SOURCES)

#define GUARD_WORD 0x7fc0beefu /* a NaN: what leaks into a result shows */
#define N_PAINTED  8           /* blocks of one size that wear guards at a time */
#define WORDS_BEFORE 8         /* behind the pool's own words in front of a block */
#define WORDS_BEHIND (LW_KERNEL_SLACK / sizeof (guint32))

typedef struct {
  const char  *name;
  LwConv2d     conv;
  LwPooling    pooling;
  LwActivation activation;
  gboolean     is_pooling, is_mean, is_dense;
  int          n_sources; /* that have a gradient */
  LwShape      shapes[MAX_SOURCES];
} Case;

/* -- guards -- */

/* Blocks that the pool will hand out next for this size: guard words in them and around them. */
static void
paint (LwPool *pool, gsize bytes)
{
  const gsize words = bytes / sizeof (guint32);
  guint32    *blocks[N_PAINTED];

  for (int i = 0; i < N_PAINTED; i++)
    {
      guint32 *block = blocks[i] = lw_pool_alloc (pool, bytes);

      g_assert_nonnull (block);
      for (gsize k = 0; k < WORDS_BEFORE + words + WORDS_BEHIND; k++)
        (block - WORDS_BEFORE)[k] = GUARD_WORD;
    }
  for (int i = 0; i < N_PAINTED; i++)
    lw_pool_free (blocks[i]);
}

static void
check_guards (const Case *test, LwTensor *tensor)
{
  const guint32 *words = lw_tensor_get_data (tensor);
  const gsize    n = lw_tensor_get_count (tensor);

  g_assert_cmpint (lw_tensor_get_dtype (tensor), ==, LW_FLOAT32);
  for (gsize i = 1; i <= WORDS_BEFORE; i++)
    if (*(words - i) != GUARD_WORD)
      g_error ("%s wrote before its result", test->name);
  for (gsize i = 0; i < WORDS_BEHIND; i++)
    if (words[n + i] != GUARD_WORD)
      g_error ("%s wrote behind its result", test->name);
}

/* -- one case on one device -- */

static LwTensor *
call (LwScope *s, const Case *test, LwActivation activation, LwTensor *const *x)
{
  if (test->is_pooling)
    return test->is_mean ? lw_average_pool2d (s, x[0], &test->pooling)
                         : lw_max_pool2d (s, x[0], &test->pooling);
  if (test->is_dense)
    return lw_dense (s, x[0], x[1], test->n_sources > 2 ? x[2] : NULL, activation);
  return lw_conv2d (s, x[0], x[1], test->n_sources > 2 ? x[2] : NULL, &test->conv, activation);
}

/* The output and the gradients, from output gradient gy, all kept. */
static void
run (LwDevice *device, const Case *test, LwActivation activation, LwTensor *const *x, LwTensor *gy,
     gboolean guarded, LwTensor *results[MAX_RESULTS])
{
  const LwGradientOptions options = { &gy, LW_UNCONNECTED_NONE };
  LwScope                *s = lw_scope_begin (device);
  LwTape                 *tape = lw_tape_begin (s, FALSE);
  GError                 *error = NULL;

  for (int i = 0; i < test->n_sources; i++)
    lw_tape_watch (tape, x[i]);
  if (guarded)
    paint (device->pool, lw_tensor_get_byte_size (gy));
  results[0] = call (s, test, activation, x);
  if (guarded)
    {
      check_guards (test, results[0]);
      for (int i = 0; i < test->n_sources; i++)
        paint (device->pool, lw_tensor_get_byte_size (x[i]));
    }
  lw_tape_gradient_with (tape, s, 1, results, (guint) test->n_sources, x, &options, results + 1, &error);
  g_assert_no_error (error);
  for (int i = 0; i <= test->n_sources; i++)
    {
      if (guarded)
        check_guards (test, results[i]);
      lw_tensor_ref (results[i]);
    }
  lw_tape_free (tape);
  lw_scope_end (s, &error);
  g_assert_no_error (error);
}

static void
clear (int n, LwTensor **tensors)
{
  for (int i = 0; i < n; i++)
    lw_tensor_unref (tensors[i]);
}

/* gy where y > 0, else 0; as it is for no relu. In float64. */
static LwTensor *
mask (LwActivation activation, LwTensor *y, LwTensor *gy)
{
  LwTensor *masked = check_convert (gy, LW_FLOAT64);
  double   *values = lw_tensor_get_mutable_data (masked);

  for (gsize i = 0; i < lw_tensor_get_count (y) && activation == LW_ACTIVATION_RELU; i++)
    if (!(lw_tensor_get_value (y, i) > 0))
      values[i] = 0;
  return masked;
}

/* A copy in the device's own memory, guard words behind it: what reads too far sees NaN. */
static LwTensor *
copy_guarded (LwDevice *device, LwTensor *x)
{
  paint (device->pool, lw_tensor_get_byte_size (x));
  return lw_tensor_new_from_data (device->pool, LW_FLOAT32, lw_tensor_get_shape (x), lw_tensor_get_data (x),
                                  NULL);
}

/* The shape of the output, found out by one call. */
static LwShape
output_shape (const Case *test, LwTensor *const *x)
{
  LwScope *s = lw_scope_begin (check_device ());
  LwShape  shape = *lw_tensor_get_shape (call (s, test, LW_ACTIVATION_LINEAR, x));
  GError  *error = NULL;

  lw_scope_end (s, &error);
  g_assert_no_error (error);
  return shape;
}

static void
check_isa (const Case *test, LwIsa isa, LwTensor *const *sources, LwTensor *gy, LwTensor *want[MAX_RESULTS])
{
  g_autoptr (LwDevice) device = lw_device_new_with_kernels (lw_kernels_get (isa), 2, 0);
  LwTensor            *x[MAX_SOURCES], *x64[MAX_SOURCES], *got[MAX_RESULTS], *exact[MAX_RESULTS];
  g_autoptr (LwTensor) guarded_gy = NULL;
  g_autoptr (LwTensor) masked = NULL;
  g_autofree char     *what = g_strdup_printf ("%s on %s", test->name, lw_isa_name (isa));

  for (int i = 0; i < test->n_sources; i++)
    {
      x[i] = copy_guarded (device, sources[i]);
      x64[i] = check_convert (sources[i], LW_FLOAT64);
    }
  guarded_gy = copy_guarded (device, gy);
  run (device, test, test->activation, x, guarded_gy, TRUE, got);

  /* Rounding may set a relu otherwise in float64, so the reference takes float32's word for it. */
  masked = mask (test->activation, got[0], gy);
  run (device, test, LW_ACTIVATION_LINEAR, x64, masked, FALSE, exact);
  for (gsize i = 0; i < lw_tensor_get_count (exact[0]) && test->activation == LW_ACTIVATION_RELU; i++)
    if (lw_tensor_get_value (exact[0], i) < 0)
      ((double *) lw_tensor_get_mutable_data (exact[0]))[i] = 0;
  for (int i = 0; i <= test->n_sources; i++)
    check_close (what, got[i], exact[i], 5e-5);

  for (int i = 0; i <= test->n_sources && isa != LW_ISA_BASELINE; i++)
    {
      if (want[i] == NULL)
        want[i] = lw_tensor_ref (got[i]);
      if (!lw_tensor_equal (got[i], want[i]))
        g_error ("%s: result %d has other bits", what, i);
    }
  clear (test->n_sources, x);
  clear (test->n_sources, x64);
  clear (test->n_sources + 1, got);
  clear (test->n_sources + 1, exact);
}

static void
check_case (const Case *test)
{
  LwTensor            *sources[MAX_SOURCES], *want[MAX_RESULTS] = { NULL };
  g_autoptr (LwTensor) gy = NULL;
  LwShape              shape;

  for (int i = 0; i < test->n_sources; i++)
    sources[i] = check_random_tensor (LW_FLOAT32, &test->shapes[i], -1, 1);
  shape = output_shape (test, sources);
  gy = check_random_tensor (LW_FLOAT32, &shape, -1, 1);
  for (LwIsa isa = 0; isa < LW_N_ISAS; isa++)
    if (lw_kernels_get (isa) != NULL)
      check_isa (test, isa, sources, gy, want);
  clear (test->n_sources, sources);
  clear (MAX_RESULTS, want);
}

/* -- random cases -- */

static LwActivation
random_activation (void)
{
  return check_random_int (0, 1) ? LW_ACTIVATION_RELU : LW_ACTIVATION_LINEAR;
}

static LwPadding
random_padding (void)
{
  return check_random_int (0, 1) ? LW_PADDING_SAME : LW_PADDING_VALID;
}

/* Channel counts from 1 to MAX_CHANNELS in turn, so that each is met; the other side's at random. */
static void
test_conv2d (void)
{
  for (int trial = 0; trial < 3 * TRIALS; trial++)
    {
      const int turn = 1 + trial % MAX_CHANNELS, other = check_random_int (1, MAX_CHANNELS);
      const int cin = trial / MAX_CHANNELS % 2 ? turn : other, cout = trial / MAX_CHANNELS % 2 ? other : turn;
      const int kh = check_random_int (1, 5), kw = check_random_int (1, 5);
      Case      test = { .name = "conv2d", .activation = random_activation () };
      int       reach_h, reach_w;

      test.conv = (LwConv2d) { { check_random_int (1, 3), check_random_int (1, 3) },
                               random_padding (),
                               { check_random_int (1, 3), check_random_int (1, 3) } };
      if (trial % 3 == 0)
        test.conv.dilation[0] = test.conv.dilation[1] = 1;
      reach_h = (kh - 1) * test.conv.dilation[0] + 1;
      reach_w = (kw - 1) * test.conv.dilation[1] + 1;
      test.n_sources = check_random_int (2, 3);
      test.shapes[0] = LW_SHAPE (check_random_int (1, 3), reach_h + check_random_int (0, 9),
                                 reach_w + check_random_int (0, 20), cin);
      test.shapes[1] = LW_SHAPE (kh, kw, cin, cout);
      test.shapes[2] = LW_SHAPE (cout);
      check_case (&test);
    }
}

/* The sizes that go Winograd's way, forwards and backwards. */
static void
test_conv2d_winograd (void)
{
  for (int trial = 0; trial < 2 * TRIALS; trial++)
    {
      const int cin = check_random_int (16, MAX_CHANNELS), cout = check_random_int (16, MAX_CHANNELS);
      Case      test = { .name = "conv2d by Winograd", .activation = random_activation () };

      test.conv = (LwConv2d) { { 1, 1 }, random_padding (), { 1, 1 } };
      test.n_sources = check_random_int (2, 3);
      test.shapes[0] = LW_SHAPE (check_random_int (1, 6), check_random_int (10, 17), check_random_int (10, 17), cin);
      test.shapes[1] = LW_SHAPE (3, 3, cin, cout);
      test.shapes[2] = LW_SHAPE (cout);
      g_assert_true (lw_winograd_suits (&(LwConv2dSize) { .kh = 3, .kw = 3, .stride_h = 1, .stride_w = 1,
                                                          .dilation_h = 1, .dilation_w = 1, .cin = cin, .cout = cout,
                                                          .oh = 8, .ow = 8 }));
      check_case (&test);
    }
}

/* A "same" window may be larger than the image. */
static void
test_conv2d_small_images (void)
{
  for (int trial = 0; trial < TRIALS; trial++)
    {
      const int cin = check_random_int (1, 20), cout = check_random_int (1, MAX_CHANNELS);
      Case      test = { .name = "conv2d on a small image", .activation = random_activation (),
                         .n_sources = 3 };

      test.conv = (LwConv2d) { { check_random_int (1, 4), check_random_int (1, 4) }, LW_PADDING_SAME,
                               { check_random_int (1, 4), check_random_int (1, 4) } };
      test.shapes[0] = LW_SHAPE (check_random_int (1, 9), check_random_int (1, 4), check_random_int (1, 4), cin);
      test.shapes[1] = LW_SHAPE (check_random_int (1, 5), check_random_int (1, 5), cin, cout);
      test.shapes[2] = LW_SHAPE (cout);
      check_case (&test);
    }
}

static void
test_dense (void)
{
  for (int trial = 0; trial < 2 * TRIALS; trial++)
    {
      const int units = 1 + trial % MAX_CHANNELS, inputs = check_random_int (1, 300);
      Case      test = { .name = "dense", .activation = random_activation (), .is_dense = TRUE };

      test.n_sources = check_random_int (2, 3);
      test.shapes[0] = LW_SHAPE (check_random_int (1, 70), inputs);
      test.shapes[1] = LW_SHAPE (inputs, units);
      test.shapes[2] = LW_SHAPE (units);
      check_case (&test);
    }
}

static void
test_pooling (gconstpointer data)
{
  for (int trial = 0; trial < 2 * TRIALS; trial++)
    {
      const int ph = check_random_int (1, 4), pw = check_random_int (1, 4);
      Case      test = { .is_pooling = TRUE, .is_mean = GPOINTER_TO_INT (data), .n_sources = 1 };

      test.name = test.is_mean ? "average_pool2d" : "max_pool2d";
      test.pooling = (LwPooling) { { ph, pw }, { check_random_int (1, 5), check_random_int (1, 5) },
                                   random_padding () };
      test.shapes[0] = LW_SHAPE (check_random_int (1, 5), ph + check_random_int (0, 9),
                                 pw + check_random_int (0, 9), 1 + trial % MAX_CHANNELS);
      check_case (&test);
    }
}

int
main (int argc, char *argv[])
{
  int status;

  g_unsetenv ("LW_ISA");
  g_unsetenv ("LW_THREADS");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kernels-ops/conv2d", test_conv2d);
  g_test_add_func ("/kernels-ops/conv2d/small-images", test_conv2d_small_images);
  g_test_add_func ("/kernels-ops/conv2d/winograd", test_conv2d_winograd);
  g_test_add_func ("/kernels-ops/dense", test_dense);
  g_test_add_data_func ("/kernels-ops/max-pooling", GINT_TO_POINTER (FALSE), test_pooling);
  g_test_add_data_func ("/kernels-ops/average-pooling", GINT_TO_POINTER (TRUE), test_pooling);
  status = g_test_run ();
  check_device_free ();
  return status;
}
