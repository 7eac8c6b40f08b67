/* Batch normalisation (S. Ioffe and C. Szegedy, "Batch normalization", 2015; Keras 3
 * layers/normalization/batch_normalization.py): y = (x - m) / sqrt (v + epsilon) · gamma + beta for
 * each channel, with m and v the batch's own mean and biased variance in training, given ones else.
 *
 * With xhat = (x - m) · inv, inv = 1 / sqrt (v + epsilon), over N rows:
 *   gbeta = sum (gy), ggamma = sum (gy · xhat),
 *   gx = gamma · inv · (gy - gbeta / N - xhat · ggamma / N) in training, gamma · inv · gy else.
 *
 * The variance is the mean of squared differences from the mean, never E[x²] - E[x]². In float32 each
 * block of rows gives its sums about its own mean, and the blocks, whose size the shape fixes, are
 * joined one after the other in double (T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and
 * a pairwise algorithm for computing sample variances", 1979). What rounding the mean to float32 takes
 * away is given back through the offset, so that data far from zero loses nothing. */

#include "engine/kernels/reference.h"
#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>
#include <math.h>

enum { GAMMA, BETA, MEAN, VARIANCE, N_VECTORS };

static const char *const vector_names[N_VECTORS] = { "gamma", "beta", "mean", "variance" };

typedef struct {
  gboolean training;
  gsize    rows, channels;
  int      input[N_VECTORS]; /* which of the node's inputs, -1: none */
} Attributes;

/* -- blocks of rows -- */

typedef struct {
  const LwKernels *kernels;
  gsize            rows, channels, block;
  const float     *x, *gy, *mean, *offset, *slope, *factor;
  float           *out;   /* like x */
  float           *parts; /* three rows of channels for each block */
} Pass;

/* Some 16,384 elements, but 32 to 1,024 rows: few enough for float32 sums, enough to be worth a call. */
static void
start_pass (Pass *pass, LwScope *s, gsize rows, gsize channels)
{
  *pass = (Pass) {
    .kernels = lw_scope_get_device (s)->kernels, .rows = rows, .channels = channels,
    .block = CLAMP (16384 / MAX (channels, 1), 32, 1024),
  };
}

static int
count_blocks (const Pass *pass)
{
  return (int) ((pass->rows + pass->block - 1) / pass->block);
}

static int
rows_of_block (const Pass *pass, int block)
{
  return (int) MIN (pass->block, pass->rows - (gsize) block * pass->block);
}

static gsize
start_of_block (const Pass *pass, int block)
{
  return (gsize) block * pass->block * pass->channels;
}

static void
moments_of_block (gpointer data, int block)
{
  const Pass *pass = data;
  float      *parts = pass->parts + 3 * (gsize) block * pass->channels;

  pass->kernels->batch_moments (rows_of_block (pass, block), (int) pass->channels,
                                pass->x + start_of_block (pass, block), parts, parts + pass->channels,
                                parts + 2 * pass->channels);
}

static void
normalize_block (gpointer data, int block)
{
  const Pass *pass = data;
  gsize       start = start_of_block (pass, block);

  pass->kernels->batch_normalize (rows_of_block (pass, block), (int) pass->channels, pass->x + start,
                                  pass->mean, pass->factor, pass->offset, pass->out + start);
}

static void
sums_of_block (gpointer data, int block)
{
  const Pass *pass = data;
  gsize       start = start_of_block (pass, block);
  float      *parts = pass->parts + 3 * (gsize) block * pass->channels;

  pass->kernels->batch_normalize_sums (rows_of_block (pass, block), (int) pass->channels, pass->x + start,
                                       pass->mean, pass->gy + start, parts, parts + pass->channels);
}

static void
gradient_of_block (gpointer data, int block)
{
  const Pass *pass = data;
  gsize       start = start_of_block (pass, block);

  pass->kernels->batch_normalize_gradient (rows_of_block (pass, block), (int) pass->channels,
                                           pass->x + start, pass->mean, pass->gy + start, pass->offset,
                                           pass->slope, pass->factor, pass->out + start);
}

static gboolean
allocate_parts (LwScope *s, Pass *pass)
{
  LwTensor *parts = lw_scope_new_tensor (s, LW_FLOAT32,
                                         &LW_SHAPE (count_blocks (pass), 3, (gint64) pass->channels));

  if (parts == NULL)
    return FALSE;
  pass->parts = lw_tensor_get_mutable_data (parts);
  return TRUE;
}

/* -- vectors with one entry for each channel -- */

/* `rows` of them, in one tensor. */
static LwTensor *
new_vectors (LwScope *s, LwDType dtype, int rows, gsize channels)
{
  return lw_scope_new_tensor (s, dtype, &LW_SHAPE (rows, (gint64) channels));
}

static void
put (LwTensor *x, gsize i, double value)
{
  if (lw_tensor_get_dtype (x) == LW_FLOAT32)
    ((float *) lw_tensor_get_mutable_data (x))[i] = (float) value;
  else
    ((double *) lw_tensor_get_mutable_data (x))[i] = value;
}

static const float *
floats_row (LwTensor *x, int row)
{
  return lw_tensor_get_floats (x) + (gsize) row * (gsize) lw_tensor_get_dim (x, 1);
}

static const double *
doubles_row (LwTensor *x, int row)
{
  return (const double *) lw_tensor_get_data (x) + (gsize) row * (gsize) lw_tensor_get_dim (x, 1);
}

/* The batch's mean and biased variance. */
static gboolean
take_moments (LwScope *s, LwTensor *x, gsize rows, gsize channels, double *mean, double *variance)
{
  Pass pass;
  int  n_blocks;

  if (lw_tensor_get_dtype (x) == LW_FLOAT64)
    {
      lw_reference_batch_moments_f64 (rows, channels, lw_tensor_get_data (x), mean, variance);
      return TRUE;
    }
  start_pass (&pass, s, rows, channels);
  if (!allocate_parts (s, &pass))
    return FALSE;
  pass.x = lw_tensor_get_floats (x);
  n_blocks = count_blocks (&pass);
  lw_device_run (lw_scope_get_device (s), n_blocks, moments_of_block, &pass);

  for (gsize c = 0; c < channels; c++)
    {
      double count = 0, squares = 0;

      mean[c] = 0;
      for (int b = 0; b < n_blocks; b++)
        {
          const float *parts = pass.parts + 3 * (gsize) b * channels + c;
          double       n = rows_of_block (&pass, b);
          double       rest = (double) parts[channels] / n;
          double       difference = parts[0] + rest - mean[c];

          squares += parts[2 * channels] - n * rest * rest + difference * difference * count * n / (count + n);
          count += n;
          mean[c] += difference * n / count;
        }
      /* Rounding alone may make it less than nothing; a NaN stays. */
      variance[c] = squares < 0 ? 0 : squares / count;
    }
  return TRUE;
}

/* -- gradient -- */

/* sum (gy) and sum (gy · (x - mean)). */
static gboolean
take_sums (LwScope *s, const Attributes *a, LwTensor *x, LwTensor *gy, LwTensor *vectors, const double *mean,
           double *sum, double *dot)
{
  Pass pass;
  int  n_blocks;

  if (lw_tensor_get_dtype (x) == LW_FLOAT64)
    {
      lw_reference_batch_normalize_sums_f64 (a->rows, a->channels, lw_tensor_get_data (x), mean,
                                             lw_tensor_get_data (gy), sum, dot);
      return TRUE;
    }
  start_pass (&pass, s, a->rows, a->channels);
  if (!allocate_parts (s, &pass))
    return FALSE;
  pass.x = lw_tensor_get_floats (x);
  pass.gy = lw_tensor_get_floats (gy);
  pass.mean = floats_row (vectors, 0);
  n_blocks = count_blocks (&pass);
  lw_device_run (lw_scope_get_device (s), n_blocks, sums_of_block, &pass);

  for (gsize c = 0; c < a->channels; c++)
    {
      sum[c] = dot[c] = 0;
      for (int b = 0; b < n_blocks; b++)
        {
          const float *parts = pass.parts + 3 * (gsize) b * a->channels + c;

          sum[c] += parts[0];
          dot[c] += parts[a->channels];
        }
      /* As if the differences had been from the mean itself. */
      dot[c] -= (mean[c] - pass.mean[c]) * sum[c];
    }
  return TRUE;
}

/* gx from four rows of vectors: the rounded mean, what to take off gy, slope, factor. */
static LwTensor *
compute_gx (LwScope *s, const Attributes *a, LwTensor *x, LwTensor *gy, LwTensor *vectors)
{
  LwTensor *gx = lw_op_new_like (s, x);
  Pass      pass;

  if (gx == NULL)
    return NULL;
  if (lw_tensor_get_dtype (x) == LW_FLOAT64)
    {
      lw_reference_batch_normalize_gradient_f64 (a->rows, a->channels, lw_tensor_get_data (x),
                                                 doubles_row (vectors, 0), lw_tensor_get_data (gy),
                                                 doubles_row (vectors, 1), doubles_row (vectors, 2),
                                                 doubles_row (vectors, 3), lw_tensor_get_mutable_data (gx));
      return gx;
    }
  start_pass (&pass, s, a->rows, a->channels);
  pass.x = lw_tensor_get_floats (x);
  pass.gy = lw_tensor_get_floats (gy);
  pass.mean = floats_row (vectors, 0);
  pass.offset = floats_row (vectors, 1);
  pass.slope = floats_row (vectors, 2);
  pass.factor = floats_row (vectors, 3);
  pass.out = lw_tensor_get_mutable_data (gx);
  lw_device_run (lw_scope_get_device (s), count_blocks (&pass), gradient_of_block, &pass);
  return gx;
}

static const LwOp gradient_op = { "the gradient of batch_normalization", NULL };

static void
batch_normalization_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs,
                              LwTensor **gx)
{
  const Attributes *a = node->attributes;
  LwTensor         *x = node->inputs[0];
  LwDType           dtype = lw_tensor_get_dtype (x);
  LwTensor         *gamma = a->input[GAMMA] > 0 ? node->inputs[a->input[GAMMA]] : NULL;
  const double     *mean = doubles_row (node->saved[0], 0), *inverse = doubles_row (node->saved[0], 1);
  LwTensor         *sums = new_vectors (s, LW_FLOAT64, 2, a->channels);
  LwTensor         *vectors = new_vectors (s, dtype, 4, a->channels);
  LwTensor         *inputs[] = { gy, x, gamma };
  double            rows = (double) MAX (a->rows, 1);
  double           *sum, *dot;

  if (sums == NULL || vectors == NULL)
    return;
  sum = lw_tensor_get_mutable_data (sums);
  dot = sum + a->channels;
  for (gsize c = 0; c < a->channels; c++)
    put (vectors, c, mean[c]);
  if (!take_sums (s, a, x, gy, vectors, mean, sum, dot))
    return;

  if (needs[0])
    {
      for (gsize c = 0; c < a->channels; c++)
        {
          double slope = a->training ? dot[c] * inverse[c] * inverse[c] / rows : 0;
          double lost = mean[c] - lw_tensor_get_value (vectors, c);

          put (vectors, a->channels + c, a->training ? sum[c] / rows - lost * slope : 0);
          put (vectors, 2 * a->channels + c, slope);
          put (vectors, 3 * a->channels + c,
               (gamma != NULL ? lw_tensor_get_value (gamma, c) : 1) * inverse[c]);
        }
      gx[0] = compute_gx (s, a, x, gy, vectors);
      if (gx[0] == NULL)
        return;
      lw_op_record_opaque (s, &gradient_op, inputs, gamma != NULL ? 3 : 2, gx[0]);
    }

  for (int v = 0; v < N_VECTORS; v++)
    if (a->input[v] > 0 && needs[a->input[v]])
      {
        LwTensor *g = lw_op_new_like (s, node->inputs[a->input[v]]);

        if (g == NULL)
          return;
        for (gsize c = 0; c < a->channels; c++)
          {
            double scale = gamma != NULL ? lw_tensor_get_value (gamma, c) : 1;
            double by_vector[N_VECTORS] = {
              [GAMMA] = dot[c] * inverse[c],
              [BETA] = sum[c],
              [MEAN] = -scale * inverse[c] * sum[c],
              [VARIANCE] = -0.5 * scale * inverse[c] * inverse[c] * inverse[c] * dot[c],
            };

            put (g, c, by_vector[v]);
          }
        lw_op_record_opaque (s, &gradient_op, inputs, gamma != NULL ? 3 : 2, g);
        gx[a->input[v]] = g;
      }
}

/* -- forward -- */

static const LwOp batch_normalization_op = { "batch_normalization", batch_normalization_gradient };

static gboolean
check (LwScope *s, LwTensor *x, LwTensor *const vectors[N_VECTORS], const LwBatchNormalization *options,
       int *axis)
{
  const LwShape   *shape = lw_tensor_get_shape (x);
  g_autofree char *have = lw_shape_to_string (shape);
  gint64           channels;

  if (!lw_op_check_floating (s, "batch_normalization", x))
    return FALSE;
  *axis = options->axis < 0 ? options->axis + shape->rank : options->axis;
  if (*axis < 0 || *axis >= shape->rank)
    {
      lw_scope_fail (s, LW_ERROR_SHAPE, _("batch_normalization has no axis %d of channels in a tensor of shape "
                                          "%s"), options->axis, have);
      return FALSE;
    }
  channels = shape->dims[*axis];
  for (int v = 0; v < N_VECTORS; v++)
    if (vectors[v] != NULL)
      {
        g_autofree char *found = lw_shape_to_string (lw_tensor_get_shape (vectors[v]));

        if (!lw_op_check_same (s, "batch_normalization", x, vectors[v]))
          return FALSE;
        if (lw_tensor_get_rank (vectors[v]) == 1 && lw_tensor_get_dim (vectors[v], 0) == channels)
          continue;
        lw_scope_fail (s, LW_ERROR_SHAPE,
                       _("batch_normalization takes one %s for each of the %" G_GINT64_FORMAT
                         " channels of shape %s (axis %d), not a tensor of shape %s"),
                       vector_names[v], channels, have, options->axis, found);
        return FALSE;
      }
  if (channels > G_MAXINT32)
    {
      lw_scope_fail (s, LW_ERROR_SHAPE, _("batch_normalization works on fewer than 2^31 channels, not on shape "
                                          "%s"), have);
      return FALSE;
    }
  if (options->training && channels > 0 && lw_tensor_get_count (x) == 0)
    {
      lw_scope_fail (s, LW_ERROR_SHAPE, _("batch_normalization needs at least one value for each channel to "
                                          "train on, and shape %s has none"), have);
      return FALSE;
    }
  if (!(options->epsilon >= 0) || !isfinite (options->epsilon) || !isfinite (options->momentum))
    {
      lw_scope_fail (s, LW_ERROR_VALUE, _("batch_normalization takes an epsilon of at least 0 and a finite "
                                          "momentum, not %g and %g"), options->epsilon, options->momentum);
      return FALSE;
    }
  return TRUE;
}

/* y from three rows of vectors: the rounded mean, factor, offset. */
static LwTensor *
normalize (LwScope *s, LwTensor *x, gsize rows, gsize channels, LwTensor *vectors)
{
  LwTensor *y = lw_op_new_like (s, x);
  Pass      pass;

  if (y == NULL)
    return NULL;
  if (lw_tensor_get_dtype (x) == LW_FLOAT64)
    {
      lw_reference_batch_normalize_f64 (rows, channels, lw_tensor_get_data (x), doubles_row (vectors, 0),
                                        doubles_row (vectors, 1), doubles_row (vectors, 2),
                                        lw_tensor_get_mutable_data (y));
      return y;
    }
  start_pass (&pass, s, rows, channels);
  pass.x = lw_tensor_get_floats (x);
  pass.mean = floats_row (vectors, 0);
  pass.factor = floats_row (vectors, 1);
  pass.offset = floats_row (vectors, 2);
  pass.out = lw_tensor_get_mutable_data (y);
  lw_device_run (lw_scope_get_device (s), count_blocks (&pass), normalize_block, &pass);
  return y;
}

/* With the channels on the last axis. stats: rows mean and 1 / sqrt (variance + epsilon), float64. */
static LwTensor *
normalize_last (LwScope *s, LwTensor *x, LwTensor *const given[N_VECTORS], gboolean training, gsize rows,
                gsize channels, LwTensor *stats)
{
  const double *mean = doubles_row (stats, 0), *inverse = doubles_row (stats, 1);
  LwTensor     *vectors = new_vectors (s, lw_tensor_get_dtype (x), 3, channels);
  LwTensor     *inputs[LW_MAX_INPUTS] = { x };
  LwTensor     *saved[2] = { stats, NULL };
  Attributes    attributes = { .training = training, .rows = rows, .channels = channels };
  guint         n = 1;
  LwTensor     *y;

  if (vectors == NULL)
    return lw_scope_get_invalid (s);
  for (gsize c = 0; c < channels; c++)
    {
      double factor = (given[GAMMA] != NULL ? lw_tensor_get_value (given[GAMMA], c) : 1) * inverse[c];
      double beta = given[BETA] != NULL ? lw_tensor_get_value (given[BETA], c) : 0;

      put (vectors, c, mean[c]);
      put (vectors, channels + c, factor);
      put (vectors, 2 * channels + c, beta - (mean[c] - lw_tensor_get_value (vectors, c)) * factor);
    }
  y = normalize (s, x, rows, channels, vectors);
  if (y == NULL)
    return lw_scope_get_invalid (s);

  for (int v = 0; v < N_VECTORS; v++)
    {
      gboolean takes_part = given[v] != NULL && !(training && (v == MEAN || v == VARIANCE));

      attributes.input[v] = takes_part ? (int) n : -1;
      if (takes_part)
        inputs[n++] = given[v];
    }
  lw_scope_record (s, &batch_normalization_op, inputs, n, y, saved, &attributes, sizeof attributes);
  return y;
}

static LwTensor *
moving_average (LwScope *s, LwTensor *old, const double *batch, double momentum)
{
  LwTensor *moved = lw_op_new_like (s, old);

  if (moved == NULL)
    return lw_scope_get_invalid (s);
  for (gsize c = 0; c < lw_tensor_get_count (old); c++)
    put (moved, c, lw_tensor_get_value (old, c) * momentum + batch[c] * (1 - momentum));
  return moved;
}

LwTensor *
lw_batch_normalization (LwScope *s, LwTensor *x, LwTensor *gamma, LwTensor *beta, LwTensor *mean,
                        LwTensor *variance, const LwBatchNormalization *options, LwTensor **new_mean,
                        LwTensor **new_variance)
{
  LwTensor *given[N_VECTORS] = { gamma, beta, mean, variance };
  LwTensor *stats, *y;
  double   *means, *variances;
  gsize     channels, rows;
  int       axis, permutation[LW_MAX_RANK], rank = lw_tensor_get_rank (x);

  g_return_val_if_fail (mean != NULL && variance != NULL, lw_scope_get_invalid (s));

  if (new_mean != NULL)
    *new_mean = lw_scope_get_invalid (s);
  if (new_variance != NULL)
    *new_variance = lw_scope_get_invalid (s);
  if (lw_scope_has_failed (s) || !check (s, x, given, options, &axis))
    return lw_scope_get_invalid (s);

  /* The channels change places with the last axis, and back: its own inverse. */
  for (int i = 0; i < rank; i++)
    permutation[i] = i;
  permutation[axis] = rank - 1;
  permutation[rank - 1] = axis;
  if (axis != rank - 1)
    x = lw_transpose_axes (s, x, permutation);
  channels = (gsize) lw_tensor_get_dim (mean, 0);
  rows = channels > 0 ? lw_tensor_get_count (x) / channels : 0;
  stats = new_vectors (s, LW_FLOAT64, 2, channels);
  if (lw_scope_has_failed (s) || stats == NULL)
    return lw_scope_get_invalid (s);
  means = lw_tensor_get_mutable_data (stats);
  variances = means + channels;

  if (options->training)
    {
      if (!take_moments (s, x, rows, channels, means, variances))
        return lw_scope_get_invalid (s);
      if (new_mean != NULL)
        *new_mean = moving_average (s, mean, means, options->momentum);
      if (new_variance != NULL)
        *new_variance = moving_average (s, variance, variances, options->momentum);
    }
  else
    {
      for (gsize c = 0; c < channels; c++)
        {
          means[c] = lw_tensor_get_value (mean, c);
          variances[c] = lw_tensor_get_value (variance, c);
        }
      if (new_mean != NULL)
        *new_mean = mean;
      if (new_variance != NULL)
        *new_variance = variance;
    }
  for (gsize c = 0; c < channels; c++)
    variances[c] = 1 / sqrt (variances[c] + options->epsilon);

  y = normalize_last (s, x, given, options->training, rows, channels, stats);
  return axis != rank - 1 ? lw_transpose_axes (s, y, permutation) : y;
}
