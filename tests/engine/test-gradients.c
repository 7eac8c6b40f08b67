#include "gradient-check.h"

#include <string.h>

/* Every differentiable op: the tape's gradients against finite differences in float64, and float32
 * against float64, over shapes with axes of size 1 and channel counts that fill no vector. */

static const int channel_counts[] = { 1, 3, 6, 17 };

/* -- elementwise -- */

static LwTensor *
call_binary (LwScope *s, LwTensor *const *x, gpointer data)
{
  LwTensor *(*op) (LwScope *, LwTensor *, LwTensor *) = data;

  return op (s, x[0], x[1]);
}

static LwTensor *
call_unary (LwScope *s, LwTensor *const *x, gpointer data)
{
  LwTensor *(*op) (LwScope *, LwTensor *) = data;

  return op (s, x[0]);
}

static void
test_arithmetic (void)
{
  static const struct {
    const char *name;
    LwTensor *(*op) (LwScope *, LwTensor *, LwTensor *);
  } ops[] = { { "add", lw_add },
              { "subtract", lw_subtract },
              { "multiply", lw_multiply },
              { "divide", lw_divide } };
  const LwShape pairs[][2] = {
    { LW_SHAPE (3, 4), LW_SHAPE (3, 4) },
    { LW_SHAPE (3, 4), LW_SHAPE (4) },
    { LW_SHAPE (4), LW_SHAPE (3, 4) },
    { LW_SHAPE (3, 1), LW_SHAPE (1, 5) },
    { LW_SHAPE (2, 1, 5), LW_SHAPE (3, 1) },
    { LW_SCALAR, LW_SHAPE (2, 3) },
    { LW_SHAPE (2, 3), LW_SCALAR },
    { LW_SCALAR, LW_SCALAR },
    { LW_SHAPE (1), LW_SHAPE (7) },
    { LW_SHAPE (1, 1, 1), LW_SHAPE (1) },
    { LW_SHAPE (2, 3, 4, 5), LW_SHAPE (3, 1, 5) },
    { LW_SHAPE (1, 3, 1, 17), LW_SHAPE (2, 1, 4, 1) },
    { LW_SHAPE (33), LW_SHAPE (33) },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ops); i++)
    for (gsize p = 0; p < G_N_ELEMENTS (pairs); p++)
      {
        LwTensor *x[] = { check_random_tensor (LW_FLOAT64, &pairs[p][0], -2, 2),
                          check_random_tensor (LW_FLOAT64, &pairs[p][1], 0.5, 2) };

        check_gradients (ops[i].name, call_binary, ops[i].op, 2, x);
      }
}

static LwTensor *
scale_by_minus_three (LwScope *s, LwTensor *x)
{
  return lw_scale (s, x, -3);
}

static LwTensor *
use_twice (LwScope *s, LwTensor *x)
{
  return lw_add (s, lw_multiply (s, x, lw_exp (s, x)), lw_subtract (s, x, lw_square (s, x)));
}

static LwTensor *
through_other_dtype (LwScope *s, LwTensor *x)
{
  LwDType own = lw_tensor_get_dtype (x);

  return lw_cast (s, lw_square (s, lw_cast (s, x, LW_FLOAT64)), own);
}

static void
test_unary (void)
{
  static const struct {
    const char *name;
    LwTensor *(*op) (LwScope *, LwTensor *);
    double low, high;
  } ops[] = {
    { "scale", scale_by_minus_three, -2, 2 }, { "negate", lw_negate, -2, 2 },
    { "square", lw_square, -2, 2 },           { "exp", lw_exp, -2, 2 },
    { "log", lw_log, 0.3, 3 },                { "relu", lw_relu, -2, 2 },
    { "sigmoid", lw_sigmoid, -4, 4 },         { "tanh", lw_tanh, -3, 3 },
    { "use twice", use_twice, -1, 1 },        { "cast", through_other_dtype, -2, 2 },
  };
  const LwShape shapes[]
      = { LW_SCALAR, LW_SHAPE (1), LW_SHAPE (17), LW_SHAPE (3, 1, 7), LW_SHAPE (2, 3, 4, 5) };

  for (gsize i = 0; i < G_N_ELEMENTS (ops); i++)
    for (gsize p = 0; p < G_N_ELEMENTS (shapes); p++)
      {
        LwTensor *x = check_random_tensor (LW_FLOAT64, &shapes[p], ops[i].low, ops[i].high);

        check_gradients (ops[i].name, call_unary, ops[i].op, 1, &x);
      }
}

static void
test_softmax (void)
{
  const LwShape shapes[]
      = { LW_SHAPE (1), LW_SHAPE (10), LW_SHAPE (4, 1), LW_SHAPE (3, 17), LW_SHAPE (2, 3, 6) };

  for (gsize p = 0; p < G_N_ELEMENTS (shapes); p++)
    {
      LwTensor *x = check_random_tensor (LW_FLOAT64, &shapes[p], -3, 3);

      check_gradients ("softmax", call_unary, lw_softmax, 1, &x);
    }
}

/* -- layout -- */

static LwTensor *
call_reshape (LwScope *s, LwTensor *const *x, gpointer data)
{
  return lw_square (s, lw_reshape (s, x[0], data));
}

static void
test_layout (void)
{
  LwShape   to[] = { LW_SHAPE (24), LW_SHAPE (4, -1), LW_SHAPE (1, 2, 1, 12), LW_SHAPE (2, 3, 4) };
  LwTensor *x;

  for (gsize i = 0; i < G_N_ELEMENTS (to); i++)
    {
      x = check_random_tensor (LW_FLOAT64, &LW_SHAPE (2, 3, 4), -1, 1);
      check_gradients ("reshape", call_reshape, &to[i], 1, &x);
    }
  x = check_random_tensor (LW_FLOAT64, &LW_SHAPE (2, 3, 1, 4), -1, 1);
  check_gradients ("flatten", call_unary, lw_flatten, 1, &x);
  for (int rows = 1; rows < 20; rows += 6)
    {
      x = check_random_tensor (LW_FLOAT64, &LW_SHAPE (rows, 5), -1, 1);
      check_gradients ("transpose", call_unary, lw_transpose, 1, &x);
    }
}

/* -- reductions -- */

typedef struct {
  LwTensor *(*op) (LwScope *, LwTensor *, const int *, int, gboolean);
  int      axes[4];
  int      n_axes;
  gboolean keepdims;
} Reduce;

static LwTensor *
call_reduce (LwScope *s, LwTensor *const *x, gpointer data)
{
  const Reduce *reduce = data;

  return reduce->op (s, x[0], reduce->axes, reduce->n_axes, reduce->keepdims);
}

static void
test_reduce (void)
{
  static const struct {
    const char *name;
    LwTensor *(*op) (LwScope *, LwTensor *, const int *, int, gboolean);
  } ops[] = { { "reduce_sum", lw_reduce_sum },
              { "reduce_mean", lw_reduce_mean },
              { "reduce_max", lw_reduce_max } };
  static const struct {
    int axes[4], n;
  } axes[] = { { { 0 }, 0 },    { { 0 }, 1 },     { { 1 }, 1 },       { { -1 }, 1 },
               { { 0, 2 }, 2 }, { { -2, 3 }, 2 }, { { 3, 1, 0 }, 3 }, { { 0, 1, 2, 3 }, 4 } };

  for (gsize i = 0; i < G_N_ELEMENTS (ops); i++)
    for (gsize a = 0; a < G_N_ELEMENTS (axes); a++)
      for (int keepdims = 0; keepdims < 2; keepdims++)
        {
          Reduce    reduce = { .op = ops[i].op, .n_axes = axes[a].n, .keepdims = keepdims };
          LwTensor *x = check_random_tensor (LW_FLOAT64, &LW_SHAPE (2, 3, 1, 5), -2, 2);

          memcpy (reduce.axes, axes[a].axes, sizeof reduce.axes);
          check_gradients (ops[i].name, call_reduce, &reduce, 1, &x);
        }
  for (gsize i = 0; i < G_N_ELEMENTS (ops); i++)
    {
      Reduce    reduce = { .op = ops[i].op };
      LwTensor *x = check_random_tensor (LW_FLOAT64, &LW_SCALAR, -2, 2);

      check_gradients (ops[i].name, call_reduce, &reduce, 1, &x);
    }
}

/* -- products -- */

static LwTensor *
call_matmul (LwScope *s, LwTensor *const *x, gpointer data)
{
  int transposed = GPOINTER_TO_INT (data);

  return lw_matmul (s, x[0], x[1], transposed & 1, transposed >> 1);
}

static void
test_matmul (void)
{
  static const int sizes[][3]
      = { { 1, 1, 1 }, { 3, 1, 2 }, { 1, 7, 1 }, { 5, 4, 17 }, { 19, 33, 6 } };

  for (int t = 0; t < 4; t++)
    for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
      {
        const int m = sizes[i][0], k = sizes[i][1], n = sizes[i][2];
        LwTensor *x[] = {
          check_random_tensor (LW_FLOAT64, t & 1 ? &LW_SHAPE (k, m) : &LW_SHAPE (m, k), -1, 1),
          check_random_tensor (LW_FLOAT64, t & 2 ? &LW_SHAPE (n, k) : &LW_SHAPE (k, n), -1, 1),
        };

        check_gradients ("matmul", call_matmul, GINT_TO_POINTER (t), 2, x);
      }
}

static LwTensor *
call_dense (LwScope *s, LwTensor *const *x, gpointer data)
{
  return lw_dense (s, x[0], x[1], x[2], *(LwActivation *) data);
}

static LwTensor *
call_dense_without_bias (LwScope *s, LwTensor *const *x, gpointer data)
{
  return lw_dense (s, x[0], x[1], NULL, *(LwActivation *) data);
}

static void
test_dense (void)
{
  for (LwActivation activation = LW_ACTIVATION_LINEAR; activation <= LW_ACTIVATION_TANH;
       activation++)
    for (gsize i = 0; i < G_N_ELEMENTS (channel_counts); i++)
      for (gsize u = 0; u < G_N_ELEMENTS (channel_counts); u++)
        for (int bias = 0; bias < 2; bias++)
          {
            const int in = channel_counts[i], units = channel_counts[u];
            LwShape   shape = i % 2 ? LW_SHAPE (2, 1, 3, in) : LW_SHAPE (5, in);
            LwTensor *x[]
                = { check_random_tensor (LW_FLOAT64, &shape, -1, 1),
                    check_random_tensor (LW_FLOAT64, &LW_SHAPE (in, units), -1, 1),
                    bias ? check_random_tensor (LW_FLOAT64, &LW_SHAPE (units), -1, 1) : NULL };

            check_gradients ("dense", bias ? call_dense : call_dense_without_bias, &activation,
                             bias ? 3 : 2, x);
          }
}

/* -- images -- */

typedef struct {
  LwConv2d     conv;
  LwActivation activation;
} Convolution;

static LwTensor *
call_conv2d (LwScope *s, LwTensor *const *x, gpointer data)
{
  Convolution *c = data;

  return lw_conv2d (s, x[0], x[1], x[2], &c->conv, c->activation);
}

static LwTensor *
call_conv2d_without_bias (LwScope *s, LwTensor *const *x, gpointer data)
{
  Convolution *c = data;

  return lw_conv2d (s, x[0], x[1], NULL, &c->conv, c->activation);
}

static void
check_conv2d (int n, int h, int w, int cin, int kh, int kw, int cout, Convolution c, gboolean bias)
{
  g_autofree char *what
      = g_strdup_printf ("conv2d %d×%d×%d×%d kernel %d×%d×%d strides %d×%d dilation %d×%d "
                         "padding %d activation %d",
                         n, h, w, cin, kh, kw, cout, c.conv.strides[0], c.conv.strides[1],
                         c.conv.dilation[0], c.conv.dilation[1], c.conv.padding, c.activation);
  LwTensor *x[] = { check_random_tensor (LW_FLOAT64, &LW_SHAPE (n, h, w, cin), -1, 1),
                    check_random_tensor (LW_FLOAT64, &LW_SHAPE (kh, kw, cin, cout), -1, 1),
                    bias ? check_random_tensor (LW_FLOAT64, &LW_SHAPE (cout), -1, 1) : NULL };

  check_gradients (what, bias ? call_conv2d : call_conv2d_without_bias, &c, bias ? 3 : 2, x);
}

static void
test_conv2d (void)
{
  static const int kernels[][2] = { { 1, 1 }, { 3, 3 }, { 2, 3 }, { 5, 1 } };

  for (gsize k = 0; k < G_N_ELEMENTS (kernels); k++)
    for (int stride = 1; stride <= 3; stride++)
      for (int dilation = 1; dilation <= 2; dilation++)
        for (LwPadding padding = LW_PADDING_VALID; padding <= LW_PADDING_SAME; padding++)
          {
            const int   cin = channel_counts[check_random_int (0, 3)];
            const int   cout = channel_counts[check_random_int (0, 3)];
            const int   other = check_random_int (1, 3);
            Convolution c = { { { stride, other }, padding, { dilation, check_random_int (1, 2) } },
                              (LwActivation) check_random_int (0, 4) };

            check_conv2d (check_random_int (1, 3), 9, check_random_int (7, 10), cin, kernels[k][0],
                          kernels[k][1], cout, c, check_random_int (0, 1));
          }
}

/* A kernel larger than the image, an image of one pixel, more images than the batch has parts. */
static void
test_conv2d_edges (void)
{
  const Convolution same = { { { 1, 1 }, LW_PADDING_SAME, { 1, 1 } }, LW_ACTIVATION_RELU };
  const Convolution wide = { { { 2, 1 }, LW_PADDING_SAME, { 3, 2 } }, LW_ACTIVATION_LINEAR };
  const Convolution valid = { { { 1, 1 }, LW_PADDING_VALID, { 1, 1 } }, LW_ACTIVATION_RELU };
  const Convolution sparse = { { { 5, 4 }, LW_PADDING_VALID, { 1, 1 } }, LW_ACTIVATION_LINEAR };

  check_conv2d (1, 1, 1, 1, 3, 3, 1, same, TRUE);
  check_conv2d (2, 2, 1, 3, 5, 5, 6, same, TRUE);
  check_conv2d (2, 2, 3, 17, 3, 3, 2, wide, FALSE);
  check_conv2d (11, 5, 4, 1, 3, 3, 3, valid, TRUE);
  check_conv2d (9, 3, 3, 6, 3, 3, 17, valid, TRUE);
  check_conv2d (2, 12, 11, 3, 2, 2, 3, sparse, TRUE);
}

typedef struct {
  LwTensor *(*op) (LwScope *, LwTensor *, const LwPooling *);
  LwPooling pooling;
} Pool;

static LwTensor *
call_pool (LwScope *s, LwTensor *const *x, gpointer data)
{
  Pool *pool = data;

  return pool->op (s, x[0], &pool->pooling);
}

/* Values at least 1e-3 apart, so that a step of the differences does not change which is greatest.
 */
static LwTensor *
distinct_images (const LwShape *shape)
{
  LwTensor *x = check_random_tensor (LW_FLOAT64, shape, -1, 1);
  double   *data = lw_tensor_get_mutable_data (x);
  gsize     n = lw_tensor_get_count (x);

  for (gsize i = 0; i < n; i++)
    data[i] = (double) i / 512 - 1;
  for (gsize i = n; i > 1; i--)
    {
      int    j = check_random_int (0, (int) i - 1);
      double value = data[j];

      data[j] = data[i - 1];
      data[i - 1] = value;
    }
  return x;
}

static void
test_pooling (void)
{
  static const int windows[][2] = { { 1, 1 }, { 2, 2 }, { 3, 2 }, { 1, 4 }, { 3, 3 } };

  for (int maximum = 0; maximum < 2; maximum++)
    for (gsize k = 0; k < G_N_ELEMENTS (windows); k++)
      for (int stride = 1; stride <= 3; stride++)
        for (LwPadding padding = LW_PADDING_VALID; padding <= LW_PADDING_SAME; padding++)
          {
            Pool pool = {
              maximum ? lw_max_pool2d : lw_average_pool2d,
              { { windows[k][0], windows[k][1] }, { stride, check_random_int (1, 3) }, padding }
            };
            LwTensor *x
                = distinct_images (&LW_SHAPE (check_random_int (1, 2), 5, check_random_int (4, 7),
                                              channel_counts[check_random_int (0, 3)]));

            check_gradients (maximum ? "max_pool2d" : "average_pool2d", call_pool, &pool, 1, &x);
          }
}

/* Windows larger than the image, and of more cells than a byte can count. */
static void
test_pooling_edges (void)
{
  for (int maximum = 0; maximum < 2; maximum++)
    {
      Pool      large = { maximum ? lw_max_pool2d : lw_average_pool2d,
                          { { 17, 16 }, { 3, 2 }, LW_PADDING_SAME } };
      Pool      whole = { large.op, { { 18, 17 }, { 1, 1 }, LW_PADDING_VALID } };
      LwTensor *x = distinct_images (&LW_SHAPE (2, 3, 4, 3));

      check_gradients ("large window", call_pool, &large, 1, &x);
      x = distinct_images (&LW_SHAPE (1, 18, 19, 2));
      check_gradients ("whole image", call_pool, &whole, 1, &x);
    }
}

static LwTensor *
call_global (LwScope *s, LwTensor *const *x, gpointer data)
{
  return lw_global_average_pool2d (s, x[0], GPOINTER_TO_INT (data));
}

static void
test_global_average (void)
{
  static const int sizes[][2] = { { 1, 1 }, { 3, 1 }, { 5, 7 } };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (gsize c = 0; c < G_N_ELEMENTS (channel_counts); c++)
      for (int keepdims = 0; keepdims < 2; keepdims++)
        {
          LwTensor *x
              = check_random_tensor (LW_FLOAT64,
                                     &LW_SHAPE (2, sizes[i][0], sizes[i][1], channel_counts[c]), -1,
                                     1);

          check_gradients ("global_average_pool2d", call_global, GINT_TO_POINTER (keepdims), 1, &x);
        }
}

/* -- losses, dropout -- */

typedef struct {
  LwTensor *labels;
  gboolean  from_logits;
} Loss;

static LwTensor *
call_loss (LwScope *s, LwTensor *const *x, gpointer data)
{
  Loss *loss = data;

  return lw_sparse_categorical_crossentropy (s, loss->labels, x[0], loss->from_logits);
}

static void
test_crossentropy (void)
{
  static const int sizes[][2] = { { 1, 1 }, { 1, 10 }, { 5, 3 }, { 7, 17 } };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (int from_logits = 0; from_logits < 2; from_logits++)
      {
        const int rows = sizes[i][0], classes = sizes[i][1];
        gint64    labels[16];
        Loss      loss = { NULL, from_logits };
        LwTensor *x = check_random_tensor (LW_FLOAT64, &LW_SHAPE (rows, classes),
                                           from_logits ? -3 : 0.05, from_logits ? 3 : 1);

        for (int r = 0; r < rows; r++)
          labels[r] = check_random_int (0, classes - 1);
        loss.labels = lw_tensor_new_from_data (NULL, LW_INT64, &LW_SHAPE (rows), labels, NULL);
        check_gradients (from_logits ? "crossentropy of logits" : "crossentropy of probabilities",
                         call_loss, &loss, 1, &x);
        lw_tensor_unref (loss.labels);
      }
}

static LwTensor *
call_dropout (LwScope *s, LwTensor *const *x, gpointer data)
{
  LwRng rng = *(LwRng *) data;

  return lw_dropout (s, x[0], 0.3, &rng);
}

static void
test_dropout (void)
{
  const LwShape shapes[] = { LW_SCALAR, LW_SHAPE (3, 1), LW_SHAPE (7, 17), LW_SHAPE (2, 3, 4, 6) };

  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      LwRng     rng = lw_rng_new (5, LW_STREAM_DROPOUT);
      LwTensor *x = check_random_tensor (LW_FLOAT64, &shapes[i], -1, 1);

      rng.counter = i;
      check_gradients ("dropout", call_dropout, &rng, 1, &x);
    }
}

/* A whole small network, with what is used twice. */
static LwTensor *
call_network (LwScope *s, LwTensor *const *x, gpointer data)
{
  const LwConv2d  conv = { { 1, 1 }, LW_PADDING_SAME, { 1, 1 } };
  const LwPooling pooling = { { 2, 2 }, { 2, 2 }, LW_PADDING_VALID };
  LwTensor       *y = lw_conv2d (s, x[0], x[1], x[2], &conv, LW_ACTIVATION_RELU);

  y = lw_conv2d (s, lw_max_pool2d (s, y, &pooling), x[1], x[2], &conv, LW_ACTIVATION_TANH);
  y = lw_dense (s, lw_flatten (s, y), x[3], x[4], LW_ACTIVATION_SIGMOID);
  return lw_softmax (s, lw_matmul (s, y, y, FALSE, TRUE));
}

static void
test_network (void)
{
  LwTensor *x[] = { check_random_tensor (LW_FLOAT64, &LW_SHAPE (3, 6, 6, 3), -1, 1),
                    check_random_tensor (LW_FLOAT64, &LW_SHAPE (3, 3, 3, 3), -1, 1),
                    check_random_tensor (LW_FLOAT64, &LW_SHAPE (3), -1, 1),
                    check_random_tensor (LW_FLOAT64, &LW_SHAPE (27, 5), -1, 1),
                    check_random_tensor (LW_FLOAT64, &LW_SHAPE (5), -1, 1) };

  check_gradients ("network", call_network, NULL, 5, x);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gradients/arithmetic", test_arithmetic);
  g_test_add_func ("/gradients/unary", test_unary);
  g_test_add_func ("/gradients/softmax", test_softmax);
  g_test_add_func ("/gradients/layout", test_layout);
  g_test_add_func ("/gradients/reduce", test_reduce);
  g_test_add_func ("/gradients/matmul", test_matmul);
  g_test_add_func ("/gradients/dense", test_dense);
  g_test_add_func ("/gradients/conv2d", test_conv2d);
  g_test_add_func ("/gradients/conv2d-edges", test_conv2d_edges);
  g_test_add_func ("/gradients/pooling", test_pooling);
  g_test_add_func ("/gradients/pooling-edges", test_pooling_edges);
  g_test_add_func ("/gradients/global-average", test_global_average);
  g_test_add_func ("/gradients/crossentropy", test_crossentropy);
  g_test_add_func ("/gradients/dropout", test_dropout);
  g_test_add_func ("/gradients/network", test_network);
  status = g_test_run ();
  check_device_free ();
  return status;
}
