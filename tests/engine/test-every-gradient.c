#include "gradient-check.h"

#include <string.h>

/* Every differentiable op, on random shapes with axes of size 1 and 0 and odd numbers of channels, by
 * finite differences; where an op can be differentiated twice, its gradient once more in the same way.
 * The last test reads the ops' sources for the names of all that have a gradient, and fails for each
 * that did not come by. */

#define MAX_X 3
#define N_TRIES 10

/* How one call of an op looks; drawn once for each try. */
typedef struct {
  int       axis; /* one that the first input has */
  int       axes[2];
  int       n_axes;
  int       flags;
  LwTensor *other; /* labels, indices, right answers */
} How;

typedef LwTensor *(*Call) (LwScope *s, LwTensor *const *x, const How *how);

#define UNARY(op)                                                                                  \
  static LwTensor *call_##op (LwScope *s, LwTensor *const *x, const How *how)                      \
  {                                                                                                \
    return lw_##op (s, x[0]);                                                                      \
  }
#define BINARY(op)                                                                                 \
  static LwTensor *call_##op (LwScope *s, LwTensor *const *x, const How *how)                      \
  {                                                                                                \
    return lw_##op (s, x[0], x[1]);                                                                \
  }

UNARY (negate)
UNARY (square)
UNARY (exp)
UNARY (log)
UNARY (sqrt)
UNARY (abs)
UNARY (relu)
UNARY (relu6)
UNARY (softplus)
UNARY (silu)
UNARY (sigmoid)
UNARY (tanh)
BINARY (add)
BINARY (subtract)
BINARY (multiply)
BINARY (divide)
BINARY (pow)
BINARY (maximum)
BINARY (minimum)

static LwTensor *
call_scale (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_scale (s, x[0], -2.5);
}

static LwTensor *
call_clip (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_clip (s, x[0], -0.5, 1);
}

static LwTensor *
call_cast (LwScope *s, LwTensor *const *x, const How *how)
{
  LwDType own = lw_tensor_get_dtype (x[0]);

  return lw_cast (s, lw_square (s, lw_cast (s, x[0], LW_FLOAT64)), own);
}

static LwTensor *
call_relu_with (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_relu_with (s, x[0], 0.1, 1.25, 0.3);
}

static LwTensor *
call_leaky_relu (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_leaky_relu (s, x[0], 0.2);
}

static LwTensor *
call_elu (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_elu (s, x[0], 0.7);
}

static LwTensor *
call_gelu (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_gelu (s, x[0], how->flags & 1);
}

static LwTensor *
call_activate (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_activate (s, x[0], (LwActivation) (how->flags % (LW_ACTIVATION_LOG_SOFTMAX + 1)));
}

static LwTensor *
call_softmax (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_softmax_over (s, x[0], how->axis);
}

static LwTensor *
call_log_softmax (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_log_softmax_over (s, x[0], how->axis);
}

static LwTensor *
call_dropout (LwScope *s, LwTensor *const *x, const How *how)
{
  LwRng rng = lw_rng_new ((guint64) how->flags, LW_STREAM_DROPOUT);

  return lw_dropout (s, x[0], 0.3, &rng);
}

static LwTensor *
call_reshape (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_square (s, lw_reshape (s, x[0], &LW_SHAPE ((gint64) lw_tensor_get_count (x[0]), 1)));
}

static LwTensor *
call_transpose (LwScope *s, LwTensor *const *x, const How *how)
{
  int permutation[LW_MAX_RANK];
  int rank = lw_tensor_get_rank (x[0]);

  for (int i = 0; i < rank; i++)
    permutation[i] = (i + how->flags) % rank;
  return lw_square (s, lw_transpose_axes (s, x[0], permutation));
}

static LwTensor *
call_expand_and_squeeze (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_square (s, lw_squeeze (s, lw_expand_dims (s, x[0], how->axis), how->axis));
}

static LwTensor *
call_broadcast_to (LwScope *s, LwTensor *const *x, const How *how)
{
  LwShape shape = lw_shape_prepend (lw_tensor_get_shape (x[0]), 3);

  for (int i = 1; i < shape.rank; i++)
    if (shape.dims[i] == 1)
      shape.dims[i] = how->flags % 3;
  return lw_square (s, lw_broadcast_to (s, x[0], &shape));
}

static LwTensor *
call_slice (LwScope *s, LwTensor *const *x, const How *how)
{
  static const LwSlice slices[][2] = {
    { { .start = 1, .stop = LW_SLICE_END, .step = 1 }, { .start = -1, .stop = -9, .step = -1 } },
    { { .all = TRUE }, { .start = 0, .stop = LW_SLICE_END, .step = 2 } },
    { { .start = -2, .stop = -9, .step = -2 }, { .start = 2, .stop = 1, .step = 1 } },
  };
  int n = MIN (lw_tensor_get_rank (x[0]), 2);

  return lw_square (s, lw_slice (s, x[0], slices[how->flags % 3], n));
}

static LwTensor *
call_concat (LwScope *s, LwTensor *const *x, const How *how)
{
  LwTensor *parts[] = { x[0], lw_square (s, x[0]), x[0] };

  return lw_square (s, lw_concat (s, 3, parts, how->axis));
}

static LwTensor *
call_stack (LwScope *s, LwTensor *const *x, const How *how)
{
  LwTensor *parts[] = { x[0], lw_square (s, x[0]) };

  return lw_square (s, lw_stack (s, 2, parts, how->axis));
}

static LwTensor *
call_gather (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_square (s, lw_gather (s, x[0], how->other, how->axis));
}

static LwTensor *
call_reduce_sum (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_reduce_sum (s, lw_square (s, x[0]), how->axes, how->n_axes, how->flags & 1);
}

static LwTensor *
call_reduce_mean (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_reduce_mean (s, lw_square (s, x[0]), how->axes, how->n_axes, how->flags & 1);
}

static LwTensor *
call_reduce_max (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_reduce_max (s, x[0], how->axes, how->n_axes, how->flags & 1);
}

static LwTensor *
call_matmul (LwScope *s, LwTensor *const *x, const How *how)
{
  LwMatmul options = { .transpose_a = how->flags & 1, .transpose_b = how->flags & 2,
                       .a_is_sparse = how->flags & 4, .b_is_sparse = how->flags & 8 };

  return lw_matmul_with (s, x[0], x[1], &options);
}

static LwTensor *
call_dense (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_dense (s, x[0], x[1], x[2], (LwActivation) (how->flags % 5));
}

static LwTensor *
call_conv2d (LwScope *s, LwTensor *const *x, const How *how)
{
  LwConv2d conv = { { 1 + how->flags % 2, 1 + how->flags % 3 }, LW_PADDING_SAME, { 1, 1 + how->flags / 8 % 2 } };

  return lw_conv2d (s, x[0], x[1], x[2], &conv, (LwActivation) (how->flags % 5));
}

static LwTensor *
call_max_pool2d (LwScope *s, LwTensor *const *x, const How *how)
{
  LwPooling pooling = { { 2, 1 + how->flags % 3 }, { 1 + how->flags % 2, 2 }, LW_PADDING_SAME };

  return lw_max_pool2d (s, x[0], &pooling);
}

static LwTensor *
call_average_pool2d (LwScope *s, LwTensor *const *x, const How *how)
{
  LwPooling pooling = { { 2, 1 + how->flags % 3 }, { 1 + how->flags % 2, 2 }, LW_PADDING_SAME };

  return lw_average_pool2d (s, x[0], &pooling);
}

static LwTensor *
call_global_average_pool2d (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_global_average_pool2d (s, x[0], how->flags & 1);
}

static LwTensor *
call_global_max_pool2d (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_global_max_pool2d (s, x[0], how->flags & 1);
}

static LwTensor *
call_batch_normalization (LwScope *s, LwTensor *const *x, const How *how)
{
  const LwShape        channels = LW_SHAPE (lw_tensor_get_dim (x[0], -1));
  const LwDType        dtype = lw_tensor_get_dtype (x[0]);
  LwBatchNormalization options = { -1, 0.9, 1e-2, how->flags & 1 };

  return lw_batch_normalization (s, x[0], x[1], x[2], lw_fill (s, dtype, &channels, 0.3),
                                 lw_fill (s, dtype, &channels, 1.7), &options, NULL, NULL);
}

static LwTensor *
call_sparse_categorical_crossentropy (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_sparse_categorical_crossentropy (s, how->other, x[0], how->flags & 1);
}

static LwTensor *
right_answers (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_cast (s, how->other, lw_tensor_get_dtype (x[0]));
}

static LwTensor *
call_categorical_crossentropy (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_categorical_crossentropy (s, right_answers (s, x, how), x[0], how->flags & 1, how->flags & 2 ? 0.1 : 0);
}

static LwTensor *
call_binary_crossentropy (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_binary_crossentropy (s, right_answers (s, x, how), x[0], how->flags & 1, how->flags & 2 ? 0.1 : 0);
}

static LwTensor *
call_mean_squared_error (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_mean_squared_error (s, right_answers (s, x, how), x[0]);
}

static LwTensor *
call_mean_absolute_error (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_mean_absolute_error (s, right_answers (s, x, how), x[0]);
}

static LwTensor *
call_huber (LwScope *s, LwTensor *const *x, const How *how)
{
  return lw_huber (s, right_answers (s, x, how), x[0], 0.4);
}

/* What the inputs look like. */
typedef enum {
  ANY,       /* any shape, empty ones too */
  FULL,      /* any shape of rank 1 or more without an empty axis */
  BROADCAST, /* two that broadcast */
  MATRICES,
  DENSE,
  CONV,
  IMAGE,
  BATCH,     /* x, gamma, beta */
  LABELS,    /* rows, and a label for each */
  ANSWERS,   /* rows, and numbers beside them */
  INDICES,
} Form;

static const struct {
  const char *name;
  Call        call;
  Form        form;
  double      low, high;
  gboolean    twice;
} ops[] = {
#define ROW(op, ...) { #op, call_##op, __VA_ARGS__ }
  ROW (negate, ANY, -2, 2, TRUE),
  ROW (scale, ANY, -2, 2, TRUE),
  ROW (square, ANY, -2, 2, TRUE),
  ROW (exp, ANY, -2, 2, TRUE),
  ROW (log, ANY, 0.3, 3, TRUE),
  ROW (sqrt, ANY, 0.3, 3, TRUE),
  ROW (abs, ANY, -2, 2, TRUE),
  ROW (clip, ANY, -2, 2, TRUE),
  ROW (cast, ANY, -2, 2, TRUE),
  ROW (relu, ANY, -2, 2, FALSE),
  ROW (relu_with, ANY, -2, 2, FALSE),
  ROW (relu6, ANY, -2, 8, FALSE),
  ROW (leaky_relu, ANY, -2, 2, FALSE),
  ROW (elu, ANY, -2, 2, FALSE),
  ROW (softplus, ANY, -3, 3, TRUE),
  ROW (silu, ANY, -3, 3, TRUE),
  ROW (gelu, ANY, -3, 3, TRUE),
  ROW (sigmoid, ANY, -3, 3, TRUE),
  ROW (tanh, ANY, -2, 2, TRUE),
  ROW (activate, FULL, -2, 2, FALSE),
  ROW (softmax, FULL, -2, 2, TRUE),
  ROW (log_softmax, FULL, -2, 2, TRUE),
  ROW (dropout, ANY, -2, 2, FALSE),
  ROW (reshape, ANY, -2, 2, TRUE),
  ROW (transpose, ANY, -2, 2, TRUE),
  ROW (expand_and_squeeze, ANY, -2, 2, TRUE),
  ROW (broadcast_to, ANY, -2, 2, TRUE),
  ROW (slice, ANY, -2, 2, TRUE),
  ROW (concat, FULL, -2, 2, TRUE),
  ROW (stack, ANY, -2, 2, TRUE),
  ROW (gather, INDICES, -2, 2, TRUE),
  ROW (reduce_sum, FULL, -2, 2, TRUE),
  ROW (reduce_mean, FULL, -2, 2, TRUE),
  ROW (reduce_max, FULL, -2, 2, FALSE),
  ROW (add, BROADCAST, 0.5, 2, TRUE),
  ROW (subtract, BROADCAST, 0.5, 2, TRUE),
  ROW (multiply, BROADCAST, 0.5, 2, TRUE),
  ROW (divide, BROADCAST, 0.5, 2, TRUE),
  ROW (pow, BROADCAST, 0.5, 2, TRUE),
  ROW (maximum, BROADCAST, 0.5, 2, FALSE),
  ROW (minimum, BROADCAST, 0.5, 2, FALSE),
  ROW (matmul, MATRICES, -1, 1, TRUE),
  ROW (dense, DENSE, -1, 1, FALSE),
  ROW (conv2d, CONV, -1, 1, FALSE),
  ROW (max_pool2d, IMAGE, -1, 1, FALSE),
  ROW (average_pool2d, IMAGE, -1, 1, FALSE),
  ROW (global_average_pool2d, IMAGE, -1, 1, FALSE),
  ROW (global_max_pool2d, IMAGE, -1, 1, FALSE),
  ROW (batch_normalization, BATCH, -2, 2, FALSE),
  ROW (sparse_categorical_crossentropy, LABELS, 0.1, 0.9, FALSE),
  ROW (categorical_crossentropy, ANSWERS, 0.1, 0.9, FALSE),
  ROW (binary_crossentropy, ANSWERS, 0.1, 0.9, FALSE),
  ROW (mean_squared_error, ANSWERS, -1, 1, FALSE),
  ROW (mean_absolute_error, ANSWERS, -1, 1, FALSE),
  ROW (huber, ANSWERS, -1, 1, FALSE),
#undef ROW
};

/* -- random shapes -- */

static gint64
random_size (gboolean maybe_empty)
{
  static const gint64 sizes[] = { 1, 2, 3, 1, 5, 7 };

  if (maybe_empty && check_random_int (0, 7) == 0)
    return 0;
  return sizes[check_random_int (0, (int) G_N_ELEMENTS (sizes) - 1)];
}

static LwShape
random_shape (int lowest, int highest, gboolean maybe_empty)
{
  LwShape shape = { .rank = check_random_int (lowest, highest) };

  /* Few elements, since differences of a large sum are inexact. */
  for (int i = 0; i < shape.rank; i++)
    {
      shape.dims[i] = random_size (maybe_empty);
      if (i >= 2)
        shape.dims[i] = MIN (shape.dims[i], 3);
    }
  return shape;
}

/* Something that broadcasts to `shape`. */
static LwShape
random_part (const LwShape *shape)
{
  LwShape part = lw_shape_tail (shape, check_random_int (0, shape->rank));

  for (int i = 0; i < part.rank; i++)
    if (check_random_int (0, 2) == 0)
      part.dims[i] = 1;
  return part;
}

static LwTensor *
random_labels (gint64 n, gint64 below)
{
  LwTensor *labels = lw_tensor_new (NULL, LW_INT32, &LW_SHAPE (n), NULL);

  for (gint64 i = 0; i < n; i++)
    ((gint32 *) lw_tensor_get_mutable_data (labels))[i] = check_random_int (0, (int) below - 1);
  return labels;
}

/* Fills the shapes of the inputs, and `how`; the number of inputs. */
static guint
draw (Form form, LwShape shapes[MAX_X], How *how)
{
  static const gint64 channels[] = { 1, 3, 6, 17 };
  const gint64        cin = channels[check_random_int (0, 3)], cout = channels[check_random_int (0, 3)];
  LwShape             whole;
  gint64              m, k, n;

  *how = (How) { .flags = check_random_int (0, 255) };
  switch (form)
    {
    case ANY:
      shapes[0] = random_shape (0, 4, TRUE);
      how->axis = shapes[0].rank > 0 ? check_random_int (-shapes[0].rank, shapes[0].rank - 1) : 0;
      return 1;
    case FULL:
      shapes[0] = random_shape (1, 4, FALSE);
      how->axis = check_random_int (-shapes[0].rank, shapes[0].rank - 1);
      how->n_axes = check_random_int (0, MIN (shapes[0].rank, 2));
      how->axes[0] = check_random_int (0, shapes[0].rank - 1);
      how->axes[1] = (how->axes[0] + 1) % shapes[0].rank;
      return 1;
    case BROADCAST:
      whole = random_shape (0, 4, TRUE);
      shapes[0] = random_part (&whole);
      shapes[1] = random_part (&whole);
      return 2;
    case MATRICES:
      m = random_size (TRUE), k = random_size (TRUE), n = random_size (TRUE);
      whole = random_shape (0, 2, TRUE);
      shapes[0] = random_part (&whole);
      shapes[1] = random_part (&whole);
      shapes[0].dims[shapes[0].rank++] = how->flags & 1 ? k : m;
      shapes[0].dims[shapes[0].rank++] = how->flags & 1 ? m : k;
      shapes[1].dims[shapes[1].rank++] = how->flags & 2 ? n : k;
      shapes[1].dims[shapes[1].rank++] = how->flags & 2 ? k : n;
      return 2;
    case DENSE:
      shapes[0] = random_shape (1, 3, TRUE);
      shapes[0].dims[shapes[0].rank++] = cin;
      shapes[1] = LW_SHAPE (cin, cout);
      shapes[2] = LW_SHAPE (cout);
      return 3;
    case CONV:
      shapes[0] = LW_SHAPE (random_size (TRUE), random_size (FALSE), random_size (FALSE), cin);
      shapes[1] = LW_SHAPE (check_random_int (1, 3), check_random_int (1, 3), cin, cout);
      shapes[2] = LW_SHAPE (cout);
      return 3;
    case IMAGE:
      shapes[0] = LW_SHAPE (random_size (TRUE), random_size (FALSE), random_size (FALSE), cin);
      return 1;
    case BATCH:
      shapes[0] = random_shape (1, 3, FALSE);
      shapes[0].dims[0] += 2;
      shapes[0].dims[shapes[0].rank++] = cin;
      shapes[1] = shapes[2] = LW_SHAPE (cin);
      return 3;
    case LABELS:
      shapes[0] = LW_SHAPE (random_size (FALSE), cin);
      how->other = random_labels (shapes[0].dims[0], cin);
      return 1;
    case ANSWERS:
      shapes[0] = random_shape (1, 3, FALSE);
      how->other = check_random_tensor (LW_FLOAT64, &shapes[0], 0.05, 0.95);
      return 1;
    case INDICES:
    default:
      shapes[0] = random_shape (1, 3, FALSE);
      how->axis = check_random_int (0, shapes[0].rank - 1);
      how->other = random_labels (random_size (TRUE), shapes[0].dims[how->axis]);
      return 1;
    }
}

/* -- the tests -- */

typedef struct {
  Call  call;
  How   how;
  guint n;
} Try;

static LwTensor *
call_once (LwScope *s, LwTensor *const *x, gpointer data)
{
  const Try *try = data;

  return try->call (s, x, &try->how);
}

/* The gradient of the op's output, weighted so that it has no symmetry, as a function of the inputs. */
static LwTensor *
call_gradient (LwScope *s, LwTensor *const *x, gpointer data)
{
  const Try         *try = data;
  LwTape            *tape = lw_tape_begin (s, TRUE);
  LwTensor          *grads[MAX_X], *y, *sum = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < try->n; i++)
    lw_tape_watch (tape, x[i]);
  y = try->call (s, x, &try->how);
  y = lw_multiply (s, y, lw_add (s, y, lw_constant_scalar (s, lw_tensor_get_dtype (y), 0.7)));
  lw_tape_gradient (tape, s, y, try->n, x, grads, &error);
  g_assert_no_error (error);
  lw_tape_end (tape);
  for (guint i = 0; i < try->n; i++)
    {
      LwTensor *part = lw_reduce_sum (s, lw_multiply (s, grads[i], x[i]), NULL, 0, FALSE);

      sum = sum != NULL ? lw_add (s, sum, part) : part;
    }
  lw_tape_free (tape);
  return sum;
}

static void
test_op (gconstpointer data)
{
  const gsize op = GPOINTER_TO_SIZE (data);

  for (int i = 0; i < N_TRIES; i++)
    for (int order = 1; order <= (ops[op].twice ? 2 : 1); order++)
      {
        LwShape             shapes[MAX_X];
        LwTensor           *x[MAX_X];
        Try                 try = { .call = ops[op].call };
        g_autoptr (GString) what = g_string_new (ops[op].name);

        try.n = draw (ops[op].form, shapes, &try.how);
        for (guint k = 0; k < try.n; k++)
          {
            g_autofree char *shape = lw_shape_to_string (&shapes[k]);

            g_string_append_printf (what, " %s", shape);
            x[k] = check_random_tensor (LW_FLOAT64, &shapes[k], ops[op].low, ops[op].high);
          }
        g_string_append_printf (what, " (axis %d, flags %d, order %d)", try.how.axis, try.how.flags, order);
        check_gradients (what->str, order == 1 ? call_once : call_gradient, &try, try.n, x);
        if (try.how.other != NULL)
          lw_tensor_unref (try.how.other);
      }
}

/* Each `LwOp … = { "name", …_gradient }` in the engine's sources has been differentiated. */
static void
test_all (void)
{
  g_autofree char    *folder = g_test_build_filename (G_TEST_DIST, "..", "engine", "ops", NULL);
  g_autoptr (GError)  error = NULL;
  g_autoptr (GDir)    directory = g_dir_open (folder, 0, &error);
  g_autoptr (GRegex)  regex = g_regex_new ("const LwOp \\w+\\s*=\\s*\\{\\s*\"([^\"]+)\",\\s*(\\w+)", 0, 0, NULL);
  const char         *name;
  guint               n = 0;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char       *path = g_build_filename (folder, name, NULL), *text = NULL;
      g_autoptr (GMatchInfo) match = NULL;

      if (!g_str_has_suffix (name, ".c"))
        continue;
      g_assert_true (g_file_get_contents (path, &text, NULL, &error));
      for (g_regex_match (regex, text, 0, &match); g_match_info_matches (match); g_match_info_next (match, NULL))
        {
          g_autofree char *op = g_match_info_fetch (match, 1), *gradient = g_match_info_fetch (match, 2);

          if (strcmp (gradient, "NULL") == 0)
            continue;
          n++;
          if (!check_has_differentiated (op))
            g_test_fail_printf ("%s in %s was not differentiated", op, name);
        }
    }
  g_assert_cmpuint (n, >, 30);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (ops); i++)
    {
      g_autofree char *path = g_strconcat ("/every-gradient/", ops[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_op);
    }
  g_test_add_func ("/every-gradient/all", test_all);
  status = g_test_run ();
  check_device_free ();
  return status;
}
