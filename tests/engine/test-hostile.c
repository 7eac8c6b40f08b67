#include "gradient-check.h"

#include "engine/core/error.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* Every op against shapes and dtypes that nobody should give it: mismatched, empty, rank 0 and 8, axes
 * that an int cannot hold. Each call gives a right result, with gradients of its inputs' shapes, or an
 * error; an error of shapes names them. What would need too much memory is an error, too. */

#define MAX_TENSORS 5
#define ANY (-1)           /* an input of any rank */
#define AXIS (-2)          /* of a rank that has axes[how · N_AXES / n_ways] */
#define N_RANDOM 600       /* calls of an op with more than two inputs, for each choice of dtypes */
#define MEMORY (G_GUINT64_CONSTANT (3) << 30)
#define LONGEST 1 /* second of computing: a call on a few elements, or none, takes no time at all */

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined (__SANITIZE_ADDRESS__) || __has_feature (address_sanitizer)
/* In place of the limit that setrlimit() sets, under which the sanitizer cannot run. */
const char *__asan_default_options (void);

const char *
__asan_default_options (void)
{
  return "allocator_may_return_null=1:max_allocation_size_mb=3072";
}
#define HAS_LIMIT 0
#else
#define HAS_LIMIT 1
#endif

static const LwShape shapes[] = {
  { 0, { 0 } },
  { 1, { 0 } },
  { 1, { 1 } },
  { 1, { 3 } },
  { 1, { 4 } },
  { 2, { 0, 3 } },
  { 2, { 3, 0 } },
  { 2, { 0, 0 } },
  { 2, { 3, 4 } },
  { 2, { 4, 3 } },
  { 2, { 3, 3 } },
  { 2, { 1, 4 } },
  { 3, { 2, 3, 4 } },
  { 3, { 2, 0, 4 } },
  { 3, { 2, 4, 3 } },
  { 3, { 1, 1, 1 } },
  { 4, { 1, 1, 1, 1 } },
  { 4, { 2, 5, 4, 3 } },
  { 4, { 0, 5, 4, 3 } },
  { 4, { 2, 0, 4, 3 } },
  { 4, { 2, 5, 4, 0 } },
  { 4, { 2, 2, 3, 4 } },
  { 4, { 3, 3, 3, 0 } },
  { 4, { 3, 3, 0, 4 } },
  { 4, { 0, 2, 3, 4 } },
  { 8, { 1, 2, 1, 3, 1, 2, 1, 4 } },
  { 8, { 1, 2, 1, 3, 1, 2, 0, 4 } },
  { 2, { 0, G_MAXINT32 } },
  { 2, { G_MAXINT32, 0 } },
  { 2, { G_GINT64_CONSTANT (1) << 31, 0 } },
  { 2, { (G_GINT64_CONSTANT (1) << 32) + 3, 0 } },
  { 2, { 0, (G_GINT64_CONSTANT (1) << 32) + 4 } },
  { 1, { 0 } },
  { 4, { 0, G_GINT64_CONSTANT (1) << 31, 4, 3 } },
  { 4, { G_GINT64_CONSTANT (1) << 32, 0, 4, 3 } },
  { 4, { 2, G_GINT64_CONSTANT (1) << 31, 0, 3 } },
  { 4, { 2, 5, 0, (G_GINT64_CONSTANT (1) << 32) + 3 } },
  { 4, { 0, 3, 3, G_GINT64_CONSTANT (1) << 33 } },
  { 4, { 3, 0, G_GINT64_CONSTANT (1) << 33, 4 } },
};

#define N_SHAPES ((int) G_N_ELEMENTS (shapes))

/* What the inputs are: for those that hold numbers, and for those that hold indices. */
static const struct {
  LwDType numbers[2]; /* of the first, and of the others */
  LwDType indices;
} choices[] = {
  { { LW_FLOAT32, LW_FLOAT32 }, LW_INT32 }, { { LW_FLOAT64, LW_FLOAT64 }, LW_INT64 },
  { { LW_FLOAT32, LW_FLOAT64 }, LW_UINT8 }, { { LW_INT32, LW_INT32 }, LW_FLOAT32 },
  { { LW_INT64, LW_FLOAT32 }, LW_BOOL },    { { LW_UINT8, LW_UINT8 }, LW_INT32 },
  { { LW_BOOL, LW_BOOL }, LW_INT64 },
};

static LwTensor *tensors[LW_N_DTYPES][G_N_ELEMENTS (shapes)];

static void
make_tensors (void)
{
  for (int d = 0; d < LW_N_DTYPES; d++)
    for (int i = 0; i < N_SHAPES; i++)
      {
        LwTensor *x = lw_tensor_new (NULL, (LwDType) d, &shapes[i], NULL);
        gpointer  data;

        g_assert_nonnull (x);
        data = lw_tensor_get_mutable_data (x);
        for (gsize k = 0; k < lw_tensor_get_count (x); k++)
          switch ((LwDType) d)
            {
            case LW_FLOAT32: ((float *) data)[k] = (float) check_random (0.1, 0.9); break;
            case LW_FLOAT64: ((double *) data)[k] = check_random (0.1, 0.9); break;
            case LW_INT32: ((gint32 *) data)[k] = (gint32) (k % 3); break;
            case LW_INT64: ((gint64 *) data)[k] = (gint64) (k % 3); break;
            case LW_UINT8: ((guint8 *) data)[k] = (guint8) (k % 3); break;
            case LW_BOOL: ((guint8 *) data)[k] = k % 2; break;
            case LW_N_DTYPES:
            default: g_assert_not_reached ();
            }
        tensors[d][i] = x;
      }
}

static void
free_tensors (void)
{
  for (int d = 0; d < LW_N_DTYPES; d++)
    for (int i = 0; i < N_SHAPES; i++)
      lw_tensor_unref (tensors[d][i]);
}

/* -- the ops, each with a number that says how -- */

typedef LwTensor *(*Call) (LwScope *s, LwTensor *const *x, int how);

#define UNARY(op)                                                                                  \
  static LwTensor *call_##op (LwScope *s, LwTensor *const *x, int how)                             \
  {                                                                                                \
    return lw_##op (s, x[0]);                                                                      \
  }
#define BINARY(op)                                                                                 \
  static LwTensor *call_##op (LwScope *s, LwTensor *const *x, int how)                             \
  {                                                                                                \
    return lw_##op (s, x[0], x[1]);                                                                \
  }

UNARY (ones_like)
UNARY (zeros_like)
UNARY (negate)
UNARY (square)
UNARY (exp)
UNARY (log)
UNARY (sqrt)
UNARY (abs)
UNARY (stop_gradient)
UNARY (flatten)
UNARY (transpose)
UNARY (argmax)
UNARY (relu)
UNARY (relu6)
UNARY (softplus)
UNARY (silu)
UNARY (sigmoid)
UNARY (tanh)
UNARY (softmax)
UNARY (log_softmax)
BINARY (add)
BINARY (subtract)
BINARY (multiply)
BINARY (divide)
BINARY (pow)
BINARY (maximum)
BINARY (minimum)
BINARY (mean_squared_error)
BINARY (mean_absolute_error)

static LwTensor *
call_scale (LwScope *s, LwTensor *const *x, int how)
{
  return lw_scale (s, x[0], how - 1);
}

static LwTensor *
call_clip (LwScope *s, LwTensor *const *x, int how)
{
  return lw_clip (s, x[0], 0.25 * how, 0.75);
}

static LwTensor *
call_cast (LwScope *s, LwTensor *const *x, int how)
{
  return lw_cast (s, x[0], (LwDType) how);
}

static LwTensor *
call_relu_with (LwScope *s, LwTensor *const *x, int how)
{
  return lw_relu_with (s, x[0], 0.1 * how, 0.7, 0.2 * how);
}

static LwTensor *
call_leaky_relu (LwScope *s, LwTensor *const *x, int how)
{
  return lw_leaky_relu (s, x[0], 0.2);
}

static LwTensor *
call_elu (LwScope *s, LwTensor *const *x, int how)
{
  return lw_elu (s, x[0], 1);
}

static LwTensor *
call_gelu (LwScope *s, LwTensor *const *x, int how)
{
  return lw_gelu (s, x[0], how);
}

static LwTensor *
call_activate (LwScope *s, LwTensor *const *x, int how)
{
  return lw_activate (s, x[0], (LwActivation) how);
}

static LwTensor *
call_dropout (LwScope *s, LwTensor *const *x, int how)
{
  static const double rates[] = { 0, 0.5, 1, -0.5 };
  LwRng               rng = lw_rng_new (1, LW_STREAM_DROPOUT);

  return lw_dropout (s, x[0], rates[how], &rng);
}

static const int axes[] = { -1, 0, 1, 3, 7, 8, -8, -9, G_MAXINT, G_MININT };
#define N_AXES ((int) G_N_ELEMENTS (axes))

#define OVER_AXIS(op)                                                                              \
  static LwTensor *call_##op (LwScope *s, LwTensor *const *x, int how)                             \
  {                                                                                                \
    return lw_##op (s, x[0], axes[how]);                                                           \
  }

OVER_AXIS (expand_dims)
OVER_AXIS (squeeze)
OVER_AXIS (softmax_over)
OVER_AXIS (log_softmax_over)
OVER_AXIS (argmax_over)

static const struct {
  int n, axes[LW_MAX_RANK + 1];
} sets[] = { { 0, { 0 } },       { 1, { 0 } },       { 1, { -1 } },        { 1, { 4 } },
             { 1, { -9 } },      { 2, { 0, 1 } },    { 2, { 1, 1 } },      { 2, { 0, -1 } },
             { 3, { 2, 0, 1 } }, { 2, { 0, 1000 } }, { 1, { G_MININT } } };
#define N_SETS ((int) G_N_ELEMENTS (sets) * 2)

#define REDUCE(op)                                                                                 \
  static LwTensor *call_##op (LwScope *s, LwTensor *const *x, int how)                             \
  {                                                                                                \
    return lw_##op (s, x[0], sets[how / 2].axes, sets[how / 2].n, how % 2);                        \
  }

REDUCE (reduce_sum)
REDUCE (reduce_mean)
REDUCE (reduce_max)

static const LwShape targets[] = {
  { 0, { 0 } },
  { 1, { -1 } },
  { 2, { -1, -1 } },
  { 2, { 0, -1 } },
  { 1, { 0 } },
  { 2, { 3, 4 } },
  { 2, { 4, 3 } },
  { 3, { 2, 3, 4 } },
  { 8, { 1, 1, 1, 1, 1, 1, 1, -1 } },
  { 8, { 2, 2, 1, 3, 5, 2, 1, 4 } },
  { 1, { -7 } },
  { 3, { G_GINT64_CONSTANT (1) << 32, G_GINT64_CONSTANT (1) << 32, 0 } },
  { 2, { G_GINT64_CONSTANT (1) << 32, G_GINT64_CONSTANT (1) << 32 } },
  { 2, { 0, G_GINT64_CONSTANT (1) << 32 } },
  { 3, { G_GINT64_CONSTANT (1) << 33, 3, 4 } },
};
#define N_TARGETS ((int) G_N_ELEMENTS (targets))

static LwTensor *
call_reshape (LwScope *s, LwTensor *const *x, int how)
{
  return lw_reshape (s, x[0], &targets[how]);
}

static LwTensor *
call_broadcast_to (LwScope *s, LwTensor *const *x, int how)
{
  return lw_broadcast_to (s, x[0], &targets[how]);
}

static LwTensor *
call_transpose_axes (LwScope *s, LwTensor *const *x, int how)
{
  static const int permutations[][LW_MAX_RANK] = { { 0 },
                                                   { 0, 1, 2, 3, 4, 5, 6, 7 },
                                                   { 1, 0, 2, 3, 4, 5, 6, 7 },
                                                   { 1, 2, 3, 0, 4, 7, 6, 5 },
                                                   { 0, 0, 0, 0, 0, 0, 0, 0 },
                                                   { -1, -2, 5, G_MAXINT, G_MININT, 9, 1, 2 } };

  return lw_transpose_axes (s, x[0], how == 0 ? NULL : permutations[how]);
}

static LwTensor *
call_slice (LwScope *s, LwTensor *const *x, int how)
{
  static const LwSlice slices[][2] = {
    { { .start = 1, .stop = LW_SLICE_END, .step = 1 }, { .all = TRUE } },
    { { .start = 0, .stop = 0, .step = 1 }, { .start = -1, .stop = -9, .step = -1 } },
    { { .start = 5, .stop = 1, .step = 1 }, { .start = G_MININT64, .stop = G_MAXINT64, .step = 2 } },
    { { .start = 0, .stop = 1, .step = 0 }, { .all = TRUE } },
    { { .start = G_MAXINT64, .stop = G_MININT64, .step = G_MININT64 },
      { .start = 0, .stop = LW_SLICE_END, .step = G_MAXINT64 } },
    { { .start = LW_SLICE_END, .stop = -LW_SLICE_END, .step = -1 },
      { .start = G_MININT64, .stop = G_MAXINT64, .step = G_MAXINT64 } },
  };

  LwSlice nine[LW_MAX_RANK + 1] = { { .all = TRUE } };

  if (how == 18)
    return lw_slice (s, x[0], nine, (int) G_N_ELEMENTS (nine));
  return lw_slice (s, x[0], slices[how / 3], how % 3);
}

static LwTensor *
call_concat (LwScope *s, LwTensor *const *x, int how)
{
  return lw_concat (s, 2, x, axes[how]);
}

static LwTensor *
call_stack (LwScope *s, LwTensor *const *x, int how)
{
  return lw_stack (s, 2, x, axes[how]);
}

static LwTensor *
call_gather (LwScope *s, LwTensor *const *x, int how)
{
  return lw_gather (s, x[0], x[1], axes[how]);
}

static LwTensor *
call_one_hot (LwScope *s, LwTensor *const *x, int how)
{
  static const gint64 depths[] = { 3, 0, 1, -1, G_GINT64_CONSTANT (1) << 41, G_MAXINT64, G_MININT64 };

  return lw_one_hot (s, x[0], depths[how % 7], (LwDType) (how / 7));
}

static LwTensor *
call_matmul (LwScope *s, LwTensor *const *x, int how)
{
  return lw_matmul (s, x[0], x[1], how & 1, how >> 1);
}

static LwTensor *
call_matmul_with (LwScope *s, LwTensor *const *x, int how)
{
  LwMatmul options = { how & 1, how & 2, how & 4, how & 8, how & 16, how & 16 };

  return lw_matmul_with (s, x[0], x[1], &options);
}

static LwTensor *
call_dense (LwScope *s, LwTensor *const *x, int how)
{
  return lw_dense (s, x[0], x[1], x[2], how == 0 ? LW_ACTIVATION_LINEAR : LW_ACTIVATION_SOFTMAX);
}

static LwTensor *
call_dense_without_bias (LwScope *s, LwTensor *const *x, int how)
{
  return lw_dense (s, x[0], x[1], NULL, LW_ACTIVATION_RELU);
}

static const LwConv2d convolutions[] = {
  { { 1, 1 }, LW_PADDING_VALID, { 1, 1 } },
  { { 1, 1 }, LW_PADDING_SAME, { 1, 1 } },
  { { 3, 2 }, LW_PADDING_SAME, { 1, 1 } },
  { { 1, 1 }, LW_PADDING_SAME, { 2, 3 } },
  { { 0, 1 }, LW_PADDING_VALID, { 1, 1 } },
  { { 1, 1 }, LW_PADDING_VALID, { 0, -1 } },
  { { G_MAXINT, G_MAXINT }, LW_PADDING_SAME, { 1, 1 } },
  { { 1, 1 }, LW_PADDING_SAME, { G_MAXINT, G_MAXINT } },
  { { -1, G_MININT }, LW_PADDING_VALID, { 1, 1 } },
};
#define N_CONVOLUTIONS ((int) G_N_ELEMENTS (convolutions))

static LwTensor *
call_conv2d (LwScope *s, LwTensor *const *x, int how)
{
  return lw_conv2d (s, x[0], x[1], x[2], &convolutions[how], LW_ACTIVATION_RELU);
}

static LwTensor *
call_conv2d_without_bias (LwScope *s, LwTensor *const *x, int how)
{
  return lw_conv2d (s, x[0], x[1], NULL, &convolutions[how], LW_ACTIVATION_LINEAR);
}

static const LwPooling poolings[] = {
  { { 2, 2 }, { 2, 2 }, LW_PADDING_VALID },
  { { 3, 2 }, { 1, 3 }, LW_PADDING_SAME },
  { { 7, 7 }, { 2, 1 }, LW_PADDING_SAME },
  { { 0, 2 }, { 2, 2 }, LW_PADDING_VALID },
  { { 2, 2 }, { 0, -1 }, LW_PADDING_SAME },
  { { G_MAXINT, G_MAXINT }, { 1, 1 }, LW_PADDING_VALID },
  { { 1, 1 }, { G_MAXINT, G_MAXINT }, LW_PADDING_VALID },
  { { -3, G_MININT }, { 1, 1 }, LW_PADDING_SAME },
};
#define N_POOLINGS ((int) G_N_ELEMENTS (poolings))

static LwTensor *
call_max_pool2d (LwScope *s, LwTensor *const *x, int how)
{
  return lw_max_pool2d (s, x[0], &poolings[how]);
}

static LwTensor *
call_average_pool2d (LwScope *s, LwTensor *const *x, int how)
{
  return lw_average_pool2d (s, x[0], &poolings[how]);
}

static LwTensor *
call_global_average_pool2d (LwScope *s, LwTensor *const *x, int how)
{
  return lw_global_average_pool2d (s, x[0], how);
}

static LwTensor *
call_global_max_pool2d (LwScope *s, LwTensor *const *x, int how)
{
  return lw_global_max_pool2d (s, x[0], how);
}

static LwTensor *
call_batch_normalization (LwScope *s, LwTensor *const *x, int how)
{
  LwBatchNormalization options = { axes[how / 4], 0.9, 1e-3, how & 1 };
  LwTensor            *mean, *variance;

  return lw_batch_normalization (s, x[0], how & 2 ? x[3] : NULL, how & 2 ? x[4] : NULL, x[1], x[2],
                                 &options, &mean, &variance);
}

static LwTensor *
call_sparse_categorical_crossentropy (LwScope *s, LwTensor *const *x, int how)
{
  return lw_sparse_categorical_crossentropy (s, x[1], x[0], how);
}

static LwTensor *
call_categorical_crossentropy (LwScope *s, LwTensor *const *x, int how)
{
  return lw_categorical_crossentropy (s, x[0], x[1], how & 1, how & 2 ? 0.1 : 0);
}

static LwTensor *
call_binary_crossentropy (LwScope *s, LwTensor *const *x, int how)
{
  return lw_binary_crossentropy (s, x[0], x[1], how & 1, how & 2 ? 0.1 : 0);
}

static LwTensor *
call_huber (LwScope *s, LwTensor *const *x, int how)
{
  return lw_huber (s, x[0], x[1], 1);
}

/* What is known beforehand about the shape of the result. */
typedef enum {
  FREE,
  SAME,      /* floats of any shape are taken, and the result has it */
  BROADCAST, /* NumPy's rule says whether it is a shape, and which */
} Rule;

static const struct {
  const char *name;
  Call        call;
  int         n_ways;
  int         n_inputs;
  int         ranks[MAX_TENSORS]; /* those that the inputs have, or ANY */
  guint       indices;            /* bit i: input i holds indices */
  Rule        rule;
} ops[] = {
#define ROW(op, n_ways, n_inputs, ...) { #op, call_##op, n_ways, n_inputs, __VA_ARGS__ }
  ROW (ones_like, 1, 1, { ANY }, 0, SAME),
  ROW (zeros_like, 1, 1, { ANY }, 0, SAME),
  ROW (negate, 1, 1, { ANY }, 0, SAME),
  ROW (square, 1, 1, { ANY }, 0, SAME),
  ROW (exp, 1, 1, { ANY }, 0, SAME),
  ROW (log, 1, 1, { ANY }, 0, SAME),
  ROW (sqrt, 1, 1, { ANY }, 0, SAME),
  ROW (abs, 1, 1, { ANY }, 0, SAME),
  ROW (stop_gradient, 1, 1, { ANY }, 0, SAME),
  ROW (scale, 3, 1, { ANY }, 0, SAME),
  ROW (clip, 3, 1, { ANY }, 0, SAME),
  ROW (cast, LW_N_DTYPES, 1, { ANY }, 0, SAME),
  ROW (relu, 1, 1, { ANY }, 0, SAME),
  ROW (relu_with, 2, 1, { ANY }, 0, SAME),
  ROW (relu6, 1, 1, { ANY }, 0, SAME),
  ROW (leaky_relu, 1, 1, { ANY }, 0, SAME),
  ROW (elu, 1, 1, { ANY }, 0, SAME),
  ROW (softplus, 1, 1, { ANY }, 0, SAME),
  ROW (silu, 1, 1, { ANY }, 0, SAME),
  ROW (gelu, 2, 1, { ANY }, 0, SAME),
  ROW (sigmoid, 1, 1, { ANY }, 0, SAME),
  ROW (tanh, 1, 1, { ANY }, 0, SAME),
  ROW (softmax, 1, 1, { ANY }, 0, FREE),
  ROW (softmax_over, N_AXES, 1, { ANY }, 0, FREE),
  ROW (log_softmax, 1, 1, { ANY }, 0, FREE),
  ROW (log_softmax_over, N_AXES, 1, { ANY }, 0, FREE),
  ROW (activate, LW_ACTIVATION_LOG_SOFTMAX + 1, 1, { ANY }, 0, FREE),
  ROW (dropout, 4, 1, { ANY }, 0, FREE),
  ROW (flatten, 1, 1, { ANY }, 0, FREE),
  ROW (transpose, 1, 1, { 2 }, 0, FREE),
  ROW (transpose_axes, 6, 1, { ANY }, 0, FREE),
  ROW (reshape, N_TARGETS, 1, { ANY }, 0, FREE),
  ROW (broadcast_to, N_TARGETS, 1, { ANY }, 0, FREE),
  ROW (expand_dims, N_AXES, 1, { ANY }, 0, FREE),
  ROW (squeeze, N_AXES, 1, { ANY }, 0, FREE),
  ROW (slice, 19, 1, { ANY }, 0, FREE),
  ROW (reduce_sum, N_SETS, 1, { ANY }, 0, FREE),
  ROW (reduce_mean, N_SETS, 1, { ANY }, 0, FREE),
  ROW (reduce_max, N_SETS, 1, { ANY }, 0, FREE),
  ROW (argmax, 1, 1, { ANY }, 0, FREE),
  ROW (argmax_over, N_AXES, 1, { ANY }, 0, FREE),
  ROW (one_hot, 7 * LW_N_DTYPES, 1, { ANY }, 1, FREE),
  ROW (max_pool2d, N_POOLINGS, 1, { 4 }, 0, FREE),
  ROW (average_pool2d, N_POOLINGS, 1, { 4 }, 0, FREE),
  ROW (global_average_pool2d, 2, 1, { 4 }, 0, FREE),
  ROW (global_max_pool2d, 2, 1, { 4 }, 0, FREE),
  ROW (add, 1, 2, { ANY, ANY }, 0, BROADCAST),
  ROW (subtract, 1, 2, { ANY, ANY }, 0, BROADCAST),
  ROW (multiply, 1, 2, { ANY, ANY }, 0, BROADCAST),
  ROW (divide, 1, 2, { ANY, ANY }, 0, BROADCAST),
  ROW (pow, 1, 2, { ANY, ANY }, 0, BROADCAST),
  ROW (maximum, 1, 2, { ANY, ANY }, 0, BROADCAST),
  ROW (minimum, 1, 2, { ANY, ANY }, 0, BROADCAST),
  ROW (concat, N_AXES, 2, { AXIS, AXIS }, 0, FREE),
  ROW (stack, N_AXES, 2, { AXIS, AXIS }, 0, FREE),
  ROW (gather, N_AXES, 2, { AXIS, ANY }, 2, FREE),
  ROW (matmul, 4, 2, { 2, 2 }, 0, FREE),
  ROW (matmul_with, 32, 2, { ANY, ANY }, 0, FREE),
  ROW (dense_without_bias, 1, 2, { ANY, 2 }, 0, FREE),
  ROW (conv2d_without_bias, N_CONVOLUTIONS, 2, { 4, 4 }, 0, FREE),
  ROW (mean_squared_error, 1, 2, { ANY, ANY }, 0, FREE),
  ROW (mean_absolute_error, 1, 2, { ANY, ANY }, 0, FREE),
  ROW (huber, 1, 2, { ANY, ANY }, 0, FREE),
  ROW (categorical_crossentropy, 4, 2, { ANY, ANY }, 0, FREE),
  ROW (binary_crossentropy, 4, 2, { ANY, ANY }, 0, FREE),
  ROW (sparse_categorical_crossentropy, 2, 2, { 2, 1 }, 2, FREE),
  ROW (dense, 2, 3, { ANY, 2, 1 }, 0, FREE),
  ROW (conv2d, N_CONVOLUTIONS, 3, { 4, 4, 1 }, 0, FREE),
  ROW (batch_normalization, 4 * N_AXES, 5, { AXIS, 1, 1, 1, 1 }, 0, FREE),
#undef ROW
};

/* -- one call -- */

/* "add of 3×4 float32 and 4 float32", for messages. */
static char *
describe (gsize op, int how, LwTensor *const *x)
{
  GString *text = g_string_new (ops[op].name);

  g_string_append_printf (text, " (%d)", how);
  for (int i = 0; i < ops[op].n_inputs; i++)
    {
      g_autofree char *shape = lw_shape_to_string (lw_tensor_get_shape (x[i]));

      g_string_append_printf (text, "%s %s %s", i == 0 ? " of" : " and", shape,
                              lw_dtype_get_name (lw_tensor_get_dtype (x[i])));
    }
  return g_string_free (text, FALSE);
}

/* FALSE where NumPy has no answer. */
static gboolean
broadcast (const LwShape *a, const LwShape *b, LwShape *y)
{
  *y = (LwShape) { .rank = MAX (a->rank, b->rank) };
  for (int i = 1; i <= y->rank; i++)
    {
      gint64 n = i <= a->rank ? a->dims[a->rank - i] : 1, m = i <= b->rank ? b->dims[b->rank - i] : 1;

      if (n != m && n != 1 && m != 1)
        return FALSE;
      y->dims[y->rank - i] = n == 1 ? m : n;
    }
  return TRUE;
}

static gboolean
has_rank (gsize op, int how, int input, LwTensor *x)
{
  const int rank = lw_tensor_get_rank (x), wanted = ops[op].ranks[input];
  int       axis;

  if (wanted != AXIS)
    return wanted == ANY || rank == wanted;
  axis = axes[how * N_AXES / ops[op].n_ways];
  return axis >= -rank && axis < rank;
}

static void
check_error (const char *what, gsize op, int how, LwTensor *const *x, const GError *error)
{
  const int n_inputs = ops[op].n_inputs;
  int       n_named = 0;
  gboolean  ranks_fit = TRUE;

  if (error->domain != LW_ERROR || strlen (error->message) < 20)
    g_error ("%s: not an error of the engine: %s", what, error->message);
  if (strstr (error->message, "(null)") != NULL)
    g_error ("%s: %s", what, error->message);
  if (!g_error_matches (error, LW_ERROR, LW_ERROR_SHAPE))
    return;
  for (int i = 0; i < n_inputs; i++)
    {
      g_autofree char *shape = lw_shape_to_string (lw_tensor_get_shape (x[i]));

      n_named += strstr (error->message, shape) != NULL;
      ranks_fit = ranks_fit && has_rank (op, how, i, x[i]);
    }
  /* Of one input, or where one has no rank to be taken, that shape; of two both; of more, it may be
   * that of something in between. */
  if (n_named < (ranks_fit ? MIN (n_inputs, 2) : 1) && (n_inputs <= 2 || strstr (error->message, "×") == NULL))
    g_error ("%s: the message does not name the shapes: %s", what, error->message);
}

static void
check_result (const char *what, gsize op, LwTensor *const *x, LwTensor *y)
{
  gsize   count;
  LwShape want;

  if (!lw_shape_get_count (lw_tensor_get_shape (y), &count) || count != lw_tensor_get_count (y))
    g_error ("%s: the result has no shape", what);
  if (ops[op].rule == SAME)
    want = *lw_tensor_get_shape (x[0]);
  else if (ops[op].rule == FREE)
    return;
  else if (!broadcast (lw_tensor_get_shape (x[0]), lw_tensor_get_shape (x[1]), &want))
    g_error ("%s: shapes that do not broadcast were taken", what);
  if (!lw_shape_equal (lw_tensor_get_shape (y), &want))
    g_error ("%s: the result has another shape", what);
}

static void
check_gradient_shapes (const char *what, gsize op, LwScope *s, LwTape *tape, LwTensor *y, LwTensor *const *x)
{
  LwTensor          *grads[MAX_TENSORS] = { NULL };
  g_autoptr (GError) error = NULL;

  if (!lw_dtype_is_floating (lw_tensor_get_dtype (y)))
    return;
  if (!lw_tape_gradient (tape, s, y, (guint) ops[op].n_inputs, x, grads, &error))
    {
      /* There may be no memory for it. */
      if (!g_error_matches (error, LW_ERROR, LW_ERROR_VALUE))
        g_error ("%s: no gradient: %s", what, error->message);
      return;
    }
  for (int i = 0; i < ops[op].n_inputs; i++)
    if (grads[i] != NULL
        && (!lw_shape_equal (lw_tensor_get_shape (grads[i]), lw_tensor_get_shape (x[i]))
            || lw_tensor_get_dtype (grads[i]) != lw_tensor_get_dtype (x[i])))
      g_error ("%s: the gradient of input %d has another shape or dtype", what, i);
}

static gboolean
must_succeed (gsize op, LwTensor *const *x)
{
  LwShape shape;
  gsize   count;

  if (ops[op].rule == FREE || !lw_dtype_is_floating (lw_tensor_get_dtype (x[0])))
    return FALSE;
  return ops[op].rule == SAME
         || (lw_tensor_get_dtype (x[0]) == lw_tensor_get_dtype (x[1])
             && broadcast (lw_tensor_get_shape (x[0]), lw_tensor_get_shape (x[1]), &shape)
             && lw_shape_get_count (&shape, &count));
}

/* TRUE if there was a result. */
static gboolean
try_call (gsize op, int how, LwTensor *const *x)
{
  g_autofree char   *what = describe (op, how, x);
  g_autoptr (GError) error = NULL;
  LwScope           *s = lw_scope_begin (check_device ());
  LwTape            *tape = lw_tape_begin (s, FALSE);
  const clock_t      start = clock ();
  LwTensor          *y;
  gboolean           ok;

  if (g_getenv ("LW_HOSTILE_VERBOSE") != NULL)
    g_test_message ("%s", what);
  for (int i = 0; i < ops[op].n_inputs; i++)
    lw_tape_watch (tape, x[i]);
  y = ops[op].call (s, x, how);
  g_assert_nonnull (y);
  ok = !lw_scope_has_failed (s);
  if (ok)
    {
      check_result (what, op, x, y);
      check_gradient_shapes (what, op, s, tape, y, x);
    }
  else
    {
      check_error (what, op, how, x, lw_scope_get_error (s));
      if (y != lw_scope_get_invalid (s))
        g_error ("%s: a failed op returned something", what);
      if (must_succeed (op, x))
        g_error ("%s: %s", what, lw_scope_get_error (s)->message);
    }
  lw_tape_free (tape);
  lw_scope_end (s, &error);
  if (clock () - start > LONGEST * CLOCKS_PER_SEC)
    g_error ("%s took %.1f seconds", what, (double) (clock () - start) / CLOCKS_PER_SEC);
  return ok;
}

/* -- the sweep -- */

static LwTensor *
pick (gsize op, gsize choice, int input, int shape)
{
  LwDType dtype = ops[op].indices >> input & 1 ? choices[choice].indices : choices[choice].numbers[input > 0];

  return tensors[dtype][shape];
}

static void
sweep (gconstpointer data)
{
  const gsize op = GPOINTER_TO_SIZE (data);
  const int   n = ops[op].n_inputs;
  guint       n_results = 0;
  LwTensor   *x[MAX_TENSORS];

  for (gsize choice = 0; choice < G_N_ELEMENTS (choices); choice++)
    for (int how = 0; how < ops[op].n_ways; how++)
      if (n <= 2)
        for (int i = 0; i < N_SHAPES; i++)
          for (int j = 0; j < (n == 2 ? N_SHAPES : 1); j++)
            {
              x[0] = pick (op, choice, 0, i);
              x[1] = pick (op, choice, 1, j);
              n_results += try_call (op, how, x);
            }
      else
        for (int i = 0; i < N_RANDOM / (ops[op].n_ways > 9 ? 4 : 1); i++)
          {
            for (int k = 0; k < n; k++)
              {
                int shape = check_random_int (0, N_SHAPES - 1);

                /* Small ones of the right rank more often than chance has them. */
                for (int again = 0; again < 12 && ops[op].ranks[k] >= 0
                                    && shapes[shape].rank != ops[op].ranks[k]; again++)
                  shape = check_random_int (0, 26);
                x[k] = pick (op, choice, k, shape);
              }
            n_results += try_call (op, how, x);
          }

  /* A sweep that meets errors only would prove nothing. */
  g_assert_cmpuint (n_results, >, 0);
}

/* -- results that no memory holds -- */

static void
expect_error (LwScope *s, const char *what)
{
  GError *error = NULL;

  if (!lw_scope_has_failed (s))
    g_error ("%s gave a result of more elements than there can be", what);
  lw_scope_end (s, &error);
  g_assert_true (error->domain == LW_ERROR);
  g_assert_cmpuint (strlen (error->message), >, 20);
  g_error_free (error);
}

static void
test_too_large (void)
{
  const gint64         n = G_GINT64_CONSTANT (1) << 21;
  g_autoptr (LwTensor) column = lw_tensor_new_zeros (NULL, LW_FLOAT32, &LW_SHAPE (n, 1), NULL);
  g_autoptr (LwTensor) row = lw_tensor_new_view (column, &LW_SHAPE (1, n));
  LwTensor            *both[] = { column, row };
  LwScope             *s;

  for (gsize op = 0; op < G_N_ELEMENTS (ops); op++)
    if (ops[op].rule == BROADCAST || strcmp (ops[op].name, "matmul") == 0
        || strcmp (ops[op].name, "matmul_with") == 0
        || strcmp (ops[op].name, "dense_without_bias") == 0)
      {
        s = lw_scope_begin (check_device ());
        ops[op].call (s, both, 0);
        expect_error (s, ops[op].name);
      }

  s = lw_scope_begin (check_device ());
  lw_broadcast_to (s, row, &LW_SHAPE (n, n));
  expect_error (s, "broadcast_to");
  s = lw_scope_begin (check_device ());
  lw_fill (s, LW_FLOAT32, &LW_SHAPE (n, n), 0);
  expect_error (s, "fill");
  s = lw_scope_begin (check_device ());
  lw_range (s, LW_FLOAT64, 0, 1e300, 1);
  expect_error (s, "range");
  s = lw_scope_begin (check_device ());
  lw_range (s, LW_INT32, 0, 5, 0);
  expect_error (s, "range without a step");
}

static void
test_random (void)
{
  const LwShape odd[] = { { 1, { -5 } }, { 2, { G_MAXINT64, G_MAXINT64 } }, { 1, { LW_DIM_ANY } } };
  LwRng         rng = lw_rng_new (1, LW_STREAM_DROPOUT);

  for (gsize i = 0; i < G_N_ELEMENTS (odd); i++)
    {
      LwScope *s = lw_scope_begin (check_device ());

      lw_random_uniform (s, LW_FLOAT32, &odd[i], 0, 1, &rng);
      expect_error (s, "random_uniform");
      s = lw_scope_begin (check_device ());
      lw_random_normal (s, LW_FLOAT64, &odd[i], 0, 1, &rng);
      expect_error (s, "random_normal");
    }
  for (LwDType dtype = LW_INT32; dtype < LW_N_DTYPES; dtype++)
    {
      LwScope *s = lw_scope_begin (check_device ());

      lw_random_uniform (s, dtype, &LW_SHAPE (3), 0, 1, &rng);
      expect_error (s, "random_uniform of integers");
    }
  for (int i = 0; i < N_SHAPES; i++)
    {
      LwScope           *s = lw_scope_begin (check_device ());
      g_autoptr (GError) error = NULL;
      LwTensor          *x = lw_random_normal (s, LW_FLOAT32, &shapes[i], 0, 1, &rng);

      g_assert_true (lw_shape_equal (lw_tensor_get_shape (x), &shapes[i]));
      lw_scope_end (s, &error);
      g_assert_no_error (error);
    }
}

int
main (int argc, char *argv[])
{
  struct rlimit limit = { MEMORY, MEMORY };
  int           status;

  g_test_init (&argc, &argv, NULL);
  if (HAS_LIMIT)
    setrlimit (RLIMIT_AS, &limit);
  make_tensors ();
  for (gsize i = 0; i < G_N_ELEMENTS (ops); i++)
    {
      g_autofree char *path = g_strconcat ("/hostile/", ops[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), sweep);
    }
  g_test_add_func ("/hostile/too-large", test_too_large);
  g_test_add_func ("/hostile/random", test_random);
  status = g_test_run ();
  free_tensors ();
  check_device_free ();
  return status;
}
