#include "golden-runners.h"

#include "engine/ops/ops.h"

#include <math.h>
#include <string.h>

/* Runners of the plain operations. An op of a kind that differs from its neighbours by nothing but the
 * function stands in a table. */

#define MAX_TENSORS 32

static const char *const paddings[] = { "valid", "same", NULL };
static const char *const activations[]
    = { "linear", "relu", "softmax", "sigmoid", "tanh", "leaky_relu", "elu", "relu6", "softplus", "silu", "gelu",
        "log_softmax", NULL };

/* -- elementwise -- */

static const struct {
  const char *op;
  LwTensor *(*func) (LwScope *s, LwTensor *x);
} unary[] = {
  { "exp", lw_exp },
  { "log", lw_log },
  { "sqrt", lw_sqrt },
  { "square", lw_square },
  { "negate", lw_negate },
  { "negative", lw_negate },
  { "neg", lw_negate },
  { "abs", lw_abs },
  { "absolute", lw_abs },
  { "sigmoid", lw_sigmoid },
  { "tanh", lw_tanh },
  { "softplus", lw_softplus },
  { "silu", lw_silu },
  { "swish", lw_silu },
  { "relu6", lw_relu6 },
  { "flatten", lw_flatten },
  { "stop_gradient", lw_stop_gradient },
  { "ones_like", lw_ones_like },
  { "zeros_like", lw_zeros_like },
};

static void
run_unary (GoldenRun *run)
{
  LwTensor *x = golden_get_input (run, "x|a");

  for (gsize i = 0; i < G_N_ELEMENTS (unary); i++)
    if (strcmp (unary[i].op, run->op) == 0)
      golden_compare_result (run, unary[i].func (run->s, x));
}

static const struct {
  const char *op;
  LwTensor *(*func) (LwScope *s, LwTensor *a, LwTensor *b);
} binary[] = {
  { "add", lw_add },
  { "subtract", lw_subtract },
  { "sub", lw_subtract },
  { "multiply", lw_multiply },
  { "mul", lw_multiply },
  { "divide", lw_divide },
  { "div", lw_divide },
  { "true_divide", lw_divide },
  { "truediv", lw_divide },
  { "pow", lw_pow },
  { "power", lw_pow },
  { "maximum", lw_maximum },
  { "minimum", lw_minimum },
};

static void
run_binary (GoldenRun *run)
{
  LwTensor *a = golden_get_input (run, "a|x1|x"), *b = golden_get_input (run, "b|x2|y|exponent");

  for (gsize i = 0; i < G_N_ELEMENTS (binary); i++)
    if (strcmp (binary[i].op, run->op) == 0)
      golden_compare_result (run, binary[i].func (run->s, a, b));
}

static void
run_clip (GoldenRun *run)
{
  LwTensor *x = golden_get_input (run, "x|a");
  double    low = golden_get_number (run, "low|x_min|clip_value_min|min|min_value|a_min", -INFINITY);
  double    high = golden_get_number (run, "high|x_max|clip_value_max|max|max_value|a_max", INFINITY);

  golden_compare_result (run, lw_clip (run->s, x, low, high));
}

static void
run_cast (GoldenRun *run)
{
  static const char *const dtypes[]
      = { "float32", "float64", "int32", "int64", "uint8", "bool", NULL };
  LwTensor *x = golden_get_input (run, "x|a");
  int       dtype = golden_get_choice (run, "dtype", dtypes);
  LwTensor *y;

  /* A file without float64 means the run's dtype by float32. */
  y = lw_cast (run->s, x, dtype == LW_FLOAT32 ? run->dtype : (LwDType) dtype);
  golden_compare (run, "y", y);
  if (golden_has_array (run, "gy"))
    golden_compare_gradients (run, lw_multiply (run->s, y, lw_cast (run->s, golden_get_constant (run, "gy"),
                                                                    lw_tensor_get_dtype (y))));
}

/* -- activations -- */

static void
run_relu (GoldenRun *run)
{
  LwTensor *x = golden_get_input (run, "x|a");
  double    slope = golden_get_number (run, "negative_slope|alpha", 0);
  double    highest = golden_get_number (run, "max_value", INFINITY);
  double    threshold = golden_get_number (run, "threshold", 0);

  if (slope == 0 && highest == INFINITY && threshold == 0)
    golden_compare_result (run, lw_relu (run->s, x));
  else
    golden_compare_result (run, lw_relu_with (run->s, x, slope, highest, threshold));
}

static void
run_leaky_relu (GoldenRun *run)
{
  double slope = golden_get_number (run, "negative_slope|alpha", 0.2);

  golden_compare_result (run, lw_leaky_relu (run->s, golden_get_input (run, "x|a"), slope));
}

static void
run_elu (GoldenRun *run)
{
  double alpha = golden_get_number (run, "alpha", 1);

  golden_compare_result (run, lw_elu (run->s, golden_get_input (run, "x|a"), alpha));
}

static void
run_gelu (GoldenRun *run)
{
  gboolean approximate = golden_get_flag (run, "approximate", FALSE);

  golden_compare_result (run, lw_gelu (run->s, golden_get_input (run, "x|a"), approximate));
}

static int
get_axis (GoldenRun *run, int standard)
{
  return (int) CLAMP (golden_get_whole (run, "axis|dim", standard), G_MININT, G_MAXINT);
}

static void
run_softmax (GoldenRun *run)
{
  LwTensor *x = golden_get_input (run, "x|a");
  int       axis = get_axis (run, -1);

  if (strcmp (run->op, "log_softmax") == 0)
    golden_compare_result (run, axis == -1 ? lw_log_softmax (run->s, x)
                                           : lw_log_softmax_over (run->s, x, axis));
  else
    golden_compare_result (run, axis == -1 ? lw_softmax (run->s, x)
                                           : lw_softmax_over (run->s, x, axis));
}

/* -- layout -- */

static LwShape
get_shape (GoldenRun *run, const char *names)
{
  LwShape shape = { 0 };
  int     n = golden_get_list (run, names, shape.dims, LW_MAX_RANK);

  if (n < 0)
    lw_scope_fail (run->s, LW_ERROR_UNSUPPORTED, "%s has no attribute %s", run->op, names);
  shape.rank = MAX (n, 0);
  return shape;
}

static void
run_reshape (GoldenRun *run)
{
  LwShape shape = get_shape (run, "shape|newshape|new_shape|target_shape");

  golden_compare_result (run, lw_reshape (run->s, golden_get_input (run, "x|a"), &shape));
}

static void
run_broadcast_to (GoldenRun *run)
{
  LwShape shape = get_shape (run, "shape|target_shape");

  golden_compare_result (run, lw_broadcast_to (run->s, golden_get_input (run, "x|a"), &shape));
}

static void
run_transpose (GoldenRun *run)
{
  LwTensor *x = golden_get_input (run, "x|a");
  gint64    axes[LW_MAX_RANK];
  int       permutation[LW_MAX_RANK];
  int       n = golden_get_list (run, "axes|perm|permutation", axes, LW_MAX_RANK);

  if (n >= 0 && n != lw_tensor_get_rank (x) && !lw_scope_has_failed (run->s))
    lw_scope_fail (run->s, LW_ERROR_UNSUPPORTED, "%d axes for an input of another rank", n);
  for (int i = 0; i < n; i++)
    permutation[i] = (int) axes[i];
  golden_compare_result (run, lw_transpose_axes (run->s, x, n >= 0 ? permutation : NULL));
}

static void
run_expand_dims (GoldenRun *run)
{
  int axis = get_axis (run, -1);

  golden_compare_result (run, lw_expand_dims (run->s, golden_get_input (run, "x|a"), axis));
}

static void
run_squeeze (GoldenRun *run)
{
  LwTensor *x = golden_get_input (run, "x|a");

  if (golden_has_attribute (run, "axis|dim"))
    x = lw_squeeze (run->s, x, get_axis (run, -1));
  else
    for (int axis = lw_tensor_get_rank (x) - 1; axis >= 0; axis--)
      if (lw_tensor_get_dim (x, axis) == 1)
        x = lw_squeeze (run->s, x, axis);
  golden_compare_result (run, x);
}

static void
run_slice (GoldenRun *run)
{
  LwTensor *x = golden_get_input (run, "x|a");
  LwSlice   slices[LW_MAX_RANK] = { 0 };
  gint64    begin[LW_MAX_RANK], end[LW_MAX_RANK], size[LW_MAX_RANK], strides[LW_MAX_RANK];
  int       n = golden_get_list (run, "begin|start|starts|start_indices", begin, LW_MAX_RANK);
  int       n_end = golden_get_list (run, "end|stop|stops|ends", end, LW_MAX_RANK);
  int       n_size = golden_get_list (run, "size|sizes|shape", size, LW_MAX_RANK);
  int       n_strides = golden_get_list (run, "strides|step|steps", strides, LW_MAX_RANK);

  if (n < 0 || (n_end != n && n_size != n) || (n_strides >= 0 && n_strides != n))
    lw_scope_fail (run->s, LW_ERROR_UNSUPPORTED, "this form of slice is not known");
  for (int i = 0; i < n; i++)
    {
      slices[i].step = n_strides == n ? strides[i] : 1;
      slices[i].start = begin[i];
      slices[i].stop = n_end == n     ? end[i]
                       : size[i] < 0 ? LW_SLICE_END
                                     : begin[i] + size[i];
    }
  golden_compare_result (run, lw_slice (run->s, x, slices, MAX (n, 0)));
}

/* Inputs a, b, c, …, or x0, x1, …, or x1, x2, …. */
static guint
get_tensors (GoldenRun *run, LwTensor *tensors[MAX_TENSORS])
{
  guint n = 0;

  for (guint i = 0; i < 26 && n < MAX_TENSORS; i++)
    {
      g_autofree char *letter = g_strdup_printf ("%c", (int) ('a' + i));
      g_autofree char *numbered = g_strdup_printf ("x%u", i);

      if (letter[0] != 'x' && golden_has_array (run, letter))
        tensors[n++] = golden_get_input (run, letter);
      else if (golden_has_array (run, numbered))
        tensors[n++] = golden_get_input (run, numbered);
    }
  return n;
}

static void
run_join (GoldenRun *run)
{
  LwTensor *tensors[MAX_TENSORS];
  guint     n = get_tensors (run, tensors);

  if (strcmp (run->op, "stack") == 0)
    golden_compare_result (run, lw_stack (run->s, n, tensors, get_axis (run, 0)));
  else
    golden_compare_result (run, lw_concat (run->s, n, tensors, get_axis (run, -1)));
}

static void
run_gather (GoldenRun *run)
{
  LwTensor *x = golden_get_input (run, "x|params|a");
  LwTensor *indices = golden_get_constant (run, "indices|i");

  golden_compare_result (run, lw_gather (run->s, x, indices, get_axis (run, 0)));
}

static void
run_one_hot (GoldenRun *run)
{
  LwTensor *indices = golden_get_constant (run, "indices|x");
  gint64    depth = golden_get_whole (run, "depth|num_classes", -1);

  golden_expect_word (run, "dtype", "float32");
  if (get_axis (run, -1) != -1)
    lw_scope_fail (run->s, LW_ERROR_UNSUPPORTED, "one_hot along another axis than -1 is not known");
  golden_compare_result (run, lw_one_hot (run->s, indices, depth, run->dtype));
}

static void
run_range (GoldenRun *run)
{
  double start = golden_get_number (run, "start", 0), limit = golden_get_number (run, "limit|stop", 0);
  double delta = golden_get_number (run, "delta|step", 1);

  golden_expect_word (run, "dtype", "float32");
  golden_compare_result (run, lw_range (run->s, run->dtype, start, limit, delta));
}

/* -- reductions -- */

static const struct {
  const char *op;
  LwTensor *(*func) (LwScope *s, LwTensor *x, const int *axes, int n_axes, gboolean keepdims);
} reductions[] = {
  { "reduce_sum", lw_reduce_sum },
  { "sum", lw_reduce_sum },
  { "reduce_mean", lw_reduce_mean },
  { "mean", lw_reduce_mean },
  { "reduce_max", lw_reduce_max },
  { "max", lw_reduce_max },
};

static void
run_reduce (GoldenRun *run)
{
  LwTensor *x = golden_get_input (run, "x|a");
  gboolean  keepdims = golden_get_flag (run, "keepdims|keep_dims", FALSE);
  gint64    list[LW_MAX_RANK];
  int       axes[LW_MAX_RANK] = { 0 };
  int       n = golden_get_list (run, "axis|axes", list, LW_MAX_RANK);

  if (n == 0)
    lw_scope_fail (run->s, LW_ERROR_UNSUPPORTED, "an empty list of axes is not known");
  for (int i = 0; i < n; i++)
    axes[i] = (int) CLAMP (list[i], G_MININT, G_MAXINT);
  for (gsize i = 0; i < G_N_ELEMENTS (reductions); i++)
    if (strcmp (reductions[i].op, run->op) == 0)
      golden_compare_result (run, reductions[i].func (run->s, x, axes, MAX (n, 0), keepdims));
}

static void
run_argmax (GoldenRun *run)
{
  LwTensor *x = golden_get_constant (run, "x|a");
  int       axis = get_axis (run, -1);

  golden_compare_result (run, axis == -1 ? lw_argmax (run->s, x) : lw_argmax_over (run->s, x, axis));
}

/* -- products -- */

static void
run_matmul (GoldenRun *run)
{
  LwTensor *a = golden_get_input (run, "a|x1|x"), *b = golden_get_input (run, "b|x2|w");
  LwMatmul  options = { .transpose_a = golden_get_flag (run, "transpose_a", FALSE),
                        .transpose_b = golden_get_flag (run, "transpose_b", FALSE),
                        .adjoint_a = golden_get_flag (run, "adjoint_a", FALSE),
                        .adjoint_b = golden_get_flag (run, "adjoint_b", FALSE),
                        .a_is_sparse = golden_get_flag (run, "a_is_sparse", FALSE),
                        .b_is_sparse = golden_get_flag (run, "b_is_sparse", FALSE) };

  golden_compare_result (run, lw_matmul_with (run->s, a, b, &options));
}

/* The bias, watched, or NULL where the case has none; use_bias must agree with that. */
static LwTensor *
get_bias (GoldenRun *run)
{
  gboolean has = golden_has_array (run, "b|bias");

  if (golden_get_flag (run, "use_bias", has) != has)
    lw_scope_fail (run->s, LW_ERROR_UNSUPPORTED, "use_bias does not agree with the inputs");
  return has ? golden_get_input (run, "b|bias") : NULL;
}

static void
run_dense (GoldenRun *run)
{
  LwTensor    *x = golden_get_input (run, "x"), *w = golden_get_input (run, "w|kernel");
  LwTensor    *b = get_bias (run);
  LwActivation activation = (LwActivation) golden_get_choice (run, "activation", activations);

  golden_compare_result (run, lw_dense (run->s, x, w, b, activation));
}

/* -- images -- */

static void
expect_image_layout (GoldenRun *run)
{
  golden_expect_word (run, "layout", "NHWC");
  golden_expect_word (run, "data_format", "channels_last");
}

static void
run_conv2d (GoldenRun *run)
{
  LwTensor    *x = golden_get_input (run, "x"), *w = golden_get_input (run, "w|kernel");
  LwTensor    *b = get_bias (run);
  LwConv2d     conv = { { 1, 1 }, LW_PADDING_VALID, { 1, 1 } };
  LwActivation activation = (LwActivation) golden_get_choice (run, "activation", activations);

  expect_image_layout (run);
  golden_expect_word (run, "kernel", "HWIO");
  golden_get_pair (run, "strides", conv.strides);
  golden_get_pair (run, "dilation|dilations|dilation_rate", conv.dilation);
  conv.padding = (LwPadding) golden_get_choice (run, "padding", paddings);
  if (golden_get_whole (run, "groups", 1) != 1)
    lw_scope_fail (run->s, LW_ERROR_UNSUPPORTED, "groups are not known");
  golden_compare_result (run, lw_conv2d (run->s, x, w, b, &conv, activation));
}

static void
run_pool (GoldenRun *run)
{
  LwTensor *x = golden_get_input (run, "x");
  LwPooling pooling = { { 2, 2 }, { 2, 2 }, LW_PADDING_VALID };

  expect_image_layout (run);
  golden_get_pair (run, "pool_size|ksize", pooling.pool_size);
  if (!golden_get_pair (run, "strides", pooling.strides))
    memcpy (pooling.strides, pooling.pool_size, sizeof pooling.strides);
  pooling.padding = (LwPadding) golden_get_choice (run, "padding", paddings);
  if (g_str_has_prefix (run->op, "max"))
    golden_compare_result (run, lw_max_pool2d (run->s, x, &pooling));
  else
    golden_compare_result (run, lw_average_pool2d (run->s, x, &pooling));
}

static void
run_global_pool (GoldenRun *run)
{
  LwTensor *x = golden_get_input (run, "x");
  gboolean  keepdims = golden_get_flag (run, "keepdims", FALSE);

  expect_image_layout (run);
  if (g_str_has_prefix (run->op, "global_max"))
    golden_compare_result (run, lw_global_max_pool2d (run->s, x, keepdims));
  else
    golden_compare_result (run, lw_global_average_pool2d (run->s, x, keepdims));
}

static LwTensor *
get_if_flag (GoldenRun *run, const char *flag, const char *input)
{
  gboolean has = golden_has_array (run, input);

  if (golden_get_flag (run, flag, has) != has)
    lw_scope_fail (run->s, LW_ERROR_UNSUPPORTED, "%s does not agree with the inputs", flag);
  return has ? golden_get_input (run, input) : NULL;
}

static void
run_batch_normalization (GoldenRun *run)
{
  LwTensor            *x = golden_get_input (run, "x");
  LwTensor            *gamma = get_if_flag (run, "scale", "gamma");
  LwTensor            *beta = get_if_flag (run, "center", "beta");
  LwTensor            *mean = golden_get_input (run, "moving_mean|mean");
  LwTensor            *variance = golden_get_input (run, "moving_variance|variance");
  LwTensor            *new_mean = NULL, *new_variance = NULL, *y;
  LwBatchNormalization options = {
    .axis = get_axis (run, -1),
    .momentum = golden_get_number (run, "momentum", 0.99),
    .epsilon = golden_get_number (run, "epsilon", 1e-3),
    .training = golden_get_flag (run, "training", FALSE),
  };

  y = lw_batch_normalization (run->s, x, gamma, beta, mean, variance, &options, &new_mean, &new_variance);
  if (options.training && new_mean != NULL && new_variance != NULL)
    {
      golden_compare (run, "new_moving_mean", new_mean);
      golden_compare (run, "new_moving_variance", new_variance);
    }
  golden_compare_result (run, y);
}

/* -- the table -- */

static const struct {
  const char *op;
  GoldenFunc  func;
} others[] = {
  { "clip", run_clip },
  { "clip_by_value", run_clip },
  { "cast", run_cast },
  { "relu", run_relu },
  { "leaky_relu", run_leaky_relu },
  { "elu", run_elu },
  { "gelu", run_gelu },
  { "softmax", run_softmax },
  { "log_softmax", run_softmax },
  { "reshape", run_reshape },
  { "broadcast_to", run_broadcast_to },
  { "transpose", run_transpose },
  { "expand_dims", run_expand_dims },
  { "squeeze", run_squeeze },
  { "slice", run_slice },
  { "strided_slice", run_slice },
  { "concat", run_join },
  { "concatenate", run_join },
  { "stack", run_join },
  { "gather", run_gather },
  { "take", run_gather },
  { "one_hot", run_one_hot },
  { "range", run_range },
  { "arange", run_range },
  { "argmax", run_argmax },
  { "matmul", run_matmul },
  { "dense", run_dense },
  { "conv2d", run_conv2d },
  { "max_pool2d", run_pool },
  { "avg_pool2d", run_pool },
  { "average_pool2d", run_pool },
  { "global_avg_pool2d", run_global_pool },
  { "global_average_pool2d", run_global_pool },
  { "global_max_pool2d", run_global_pool },
  { "batch_normalization", run_batch_normalization },
};

GoldenFunc
golden_find_runner (const char *op)
{
  for (gsize i = 0; i < G_N_ELEMENTS (unary); i++)
    if (strcmp (unary[i].op, op) == 0)
      return run_unary;
  for (gsize i = 0; i < G_N_ELEMENTS (binary); i++)
    if (strcmp (binary[i].op, op) == 0)
      return run_binary;
  for (gsize i = 0; i < G_N_ELEMENTS (reductions); i++)
    if (strcmp (reductions[i].op, op) == 0)
      return run_reduce;
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    if (strcmp (others[i].op, op) == 0)
      return others[i].func;
  return golden_find_nn_runner (op);
}
