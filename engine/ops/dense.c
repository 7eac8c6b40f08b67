/* Dense: y = x · kernel (+ bias) (relu) on the last axis, one pass, and its gradients. As in matmul.c, outputs
 * are split and never sums.
 *
 * Inputs that are 0, as most pixels of digits are, have no part in y nor in the kernel's gradient. Where most are,
 * only the others are multiplied: to the bit the same, since a sum to which 0 · w is added stays what it was as long
 * as w is finite, which is looked at. */

#include "engine/kernels/reference.h"
#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* To leave out what is 0 takes passes over x: it pays from this many rows, inputs and units on, and up to this share
 * of inputs that are not. */
#define MIN_ROWS   8
#define MIN_INPUTS 128
#define MIN_UNITS  32
#define MAX_USED   0.3

/* Rows of a product for a thread to take at a time. */
#define RANGE_ROWS 64

typedef struct {
  gboolean relu;
  gint64   rows, inputs, units;
  gboolean mostly_zero; /* x was, and so taken on the way forwards */
} Attributes;

/* -- inputs that are mostly 0 -- */

/* A matrix's elements other than 0, and the pool's memory that they are in. */
typedef struct {
  LwSparse matrix;
  gpointer memory;
} Used;

static gboolean
is_worth_it (const Attributes *d)
{
  return d->rows >= MIN_ROWS && d->inputs >= MIN_INPUTS && d->units >= MIN_UNITS
         && d->rows * d->inputs <= G_MAXINT32 / 4;
}

/* TRUE, and x's elements for the caller to free, where so few of them are used that it pays to leave out the others. */
static gboolean
find_used (LwScope *s, gint64 rows, gint64 columns, const float *x, Used *used)
{
  LwDevice   *device = lw_scope_get_device (s);
  const gsize most = (gsize) (MAX_USED * (double) (rows * columns));
  const gsize n_starts = (gsize) rows + 1, room = most + (gsize) columns + LW_KERNEL_SLACK / sizeof (float);
  int32_t    *memory = lw_pool_alloc (device->pool, (n_starts + 2 * room) * sizeof (int32_t));

  if (memory == NULL)
    return FALSE;
  *used = (Used) { { (int) rows, memory, memory + n_starts, (const float *) (memory + n_starts + room) }, memory };
  if (device->kernels->compress ((int) rows, (int) columns, x, (int32_t) most, memory, memory + n_starts,
                                 (float *) (memory + n_starts + room)))
    return TRUE;
  lw_pool_free (memory);
  return FALSE;
}

/* -- their products -- */

typedef struct {
  const LwKernels *kernels;
  const LwSparse  *a;
  int              n;
  const float     *b, *bias;
  gboolean         relu;
  float           *c;
} SparseProduct;

static void
multiply_range (gpointer data, gsize first, gsize n)
{
  const SparseProduct *product = data;
  LwSparse             part = *product->a;

  part.rows = (int) n;
  part.starts += first;
  product->kernels->sparse_multiply (&part, product->n, product->b, product->bias, product->relu,
                                     product->c + first * (gsize) product->n);
}

static void
multiply_used (LwScope *s, const LwSparse *a, const Attributes *d, const float *b, const float *bias, gboolean relu,
               float *c)
{
  SparseProduct product = { lw_scope_get_device (s)->kernels, a, (int) d->units, b, bias, relu, c };

  lw_op_run_range (s, (gsize) a->rows, RANGE_ROWS, multiply_range, &product);
}

/* y from the inputs that are not 0; FALSE, having done nothing, where that would not pay or not be the same. */
static gboolean
compute_used (LwScope *s, const Attributes *d, const float *x, const float *kernel, const float *bias, float *y)
{
  g_autofree float *start = NULL;
  Used              used;

  if (!is_worth_it (d) || !find_used (s, d->rows, d->inputs, x, &used))
    return FALSE;
  if (!lw_scope_get_device (s)->kernels->all_finite ((gsize) (d->inputs * d->units), kernel))
    {
      lw_pool_free (used.memory);
      return FALSE;
    }
  if (bias != NULL)
    {
      /* -0 would have become 0 by the first 0 · w that was added. */
      start = g_new (float, d->units);
      for (gint64 i = 0; i < d->units; i++)
        start[i] = bias[i] + 0.0f;
    }
  multiply_used (s, &used.matrix, d, kernel, start, d->relu, y);
  lw_pool_free (used.memory);
  return TRUE;
}

/* -- gradients -- */

/* gw = xᵀ · gy from the inputs that are not 0, likewise. */
static gboolean
differentiate_used (LwScope *s, const Attributes *d, const float *x, const float *gy, float *gw)
{
  LwDevice *device = lw_scope_get_device (s);
  float    *turned;
  Used      used;
  gboolean  found;

  if (!is_worth_it (d) || !device->kernels->all_finite ((gsize) (d->rows * d->units), gy))
    return FALSE;
  turned = lw_pool_alloc (device->pool, (gsize) (d->rows * d->inputs) * sizeof (float));
  if (turned == NULL)
    return FALSE;
  device->kernels->transpose ((int) d->rows, (int) d->inputs, x, turned);
  found = find_used (s, d->inputs, d->rows, turned, &used);
  lw_pool_free (turned);
  if (!found)
    return FALSE;
  multiply_used (s, &used.matrix, d, gy, NULL, FALSE, gw);
  lw_pool_free (used.memory);
  return TRUE;
}

static void
differentiate_kernel (LwScope *s, const Attributes *d, const float *x, const float *gy, float *gw)
{
  if (!d->mostly_zero || !differentiate_used (s, d, x, gy, gw))
    lw_op_gemm (s, x, TRUE, gy, NULL, FALSE, d->inputs, d->rows, d->units, gw);
}

/* gx = gy · kernelᵀ. */
static void
differentiate_inputs (LwScope *s, const Attributes *d, const float *gy, const float *kernel, float *gx)
{
  LwDevice *device = lw_scope_get_device (s);
  float    *turned = lw_pool_alloc (device->pool, (gsize) d->inputs * (gsize) d->units * sizeof (float));

  if (turned == NULL)
    {
      lw_scope_fail (s, LW_ERROR_VALUE, _("There is not enough memory for dense"));
      return;
    }
  device->kernels->transpose ((int) d->inputs, (int) d->units, kernel, turned);
  lw_op_gemm (s, gy, FALSE, turned, NULL, FALSE, d->rows, d->units, d->inputs, gx);
  lw_pool_free (turned);
}

static const LwOp dense_gradient_op = { "the gradient of dense", NULL };

/* gy masked by y > 0 for relu, and its column sums into gb (NULL: not wanted). */
static LwTensor *
mask_and_sum (LwScope *s, const Attributes *d, LwTensor *y, LwTensor *gy, LwTensor *gb)
{
  LwTensor *masked = gy;

  if (d->relu)
    {
      masked = lw_op_new_like (s, gy);
      if (masked == NULL)
        return NULL;
    }
  if (lw_tensor_get_dtype (gy) == LW_FLOAT32)
    {
      if (gb != NULL)
        memset (lw_tensor_get_mutable_data (gb), 0, lw_tensor_get_byte_size (gb));
      if (d->relu || gb != NULL)
        lw_scope_get_device (s)->kernels->mask_gradient (
            (gsize) d->rows, (int) d->units, d->relu ? lw_tensor_get_floats (y) : NULL,
            lw_tensor_get_floats (gy), d->relu ? lw_tensor_get_mutable_data (masked) : NULL,
            gb != NULL ? lw_tensor_get_mutable_data (gb) : NULL);
      return masked;
    }
  if (d->relu)
    lw_reference_relu_gradient_f64 (lw_tensor_get_count (y), lw_tensor_get_data (y),
                                    lw_tensor_get_data (gy), lw_tensor_get_mutable_data (masked));
  if (gb != NULL)
    {
      const double *g = lw_tensor_get_data (masked);
      double       *sums = lw_tensor_get_mutable_data (gb);

      memset (sums, 0, lw_tensor_get_byte_size (gb));
      for (gint64 r = 0; r < d->rows; r++)
        for (gint64 c = 0; c < d->units; c++)
          sums[c] += g[r * d->units + c];
    }
  return masked;
}

static void
dense_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  const Attributes *d = node->attributes;
  LwTensor         *x = node->inputs[0], *kernel = node->inputs[1];
  LwTensor         *inputs[] = { gy, x, kernel };
  LwTensor         *masked;

  for (guint i = 0; i < node->n_inputs; i++)
    if (needs[i] && (gx[i] = lw_op_new_like (s, node->inputs[i])) == NULL)
      return;
  if (lw_tensor_get_count (gy) == 0)
    {
      for (guint i = 0; i < node->n_inputs; i++)
        if (gx[i] != NULL)
          memset (lw_tensor_get_mutable_data (gx[i]), 0, lw_tensor_get_byte_size (gx[i]));
      return;
    }
  masked = mask_and_sum (s, d, node->output, gy, node->n_inputs > 2 ? gx[2] : NULL);
  if (masked == NULL)
    return;
  if (lw_tensor_get_dtype (gy) == LW_FLOAT32)
    {
      if (gx[0] != NULL)
        differentiate_inputs (s, d, lw_tensor_get_floats (masked), lw_tensor_get_floats (kernel),
                              lw_tensor_get_mutable_data (gx[0]));
      if (gx[1] != NULL)
        differentiate_kernel (s, d, lw_tensor_get_floats (x), lw_tensor_get_floats (masked),
                              lw_tensor_get_mutable_data (gx[1]));
    }
  else
    {
      if (gx[0] != NULL)
        lw_reference_matmul_f64 (FALSE, TRUE, (int) d->rows, (int) d->inputs, (int) d->units,
                                 lw_tensor_get_data (masked), lw_tensor_get_data (kernel),
                                 lw_tensor_get_mutable_data (gx[0]));
      if (gx[1] != NULL)
        lw_reference_matmul_f64 (TRUE, FALSE, (int) d->inputs, (int) d->units, (int) d->rows,
                                 lw_tensor_get_data (x), lw_tensor_get_data (masked),
                                 lw_tensor_get_mutable_data (gx[1]));
    }
  for (guint i = 0; i < node->n_inputs; i++)
    if (gx[i] != NULL)
      lw_op_record_opaque (s, &dense_gradient_op, inputs, 3, gx[i]);
}

static const LwOp dense_op = { "dense", dense_gradient };

/* How many vectors along the last axis there are. */
static gint64
count_rows (const LwShape *shape)
{
  gint64 rows = 1;

  for (int i = 0; i < shape->rank - 1; i++)
    rows *= shape->dims[i];
  return rows;
}

static gboolean
check_dense (LwScope *s, LwTensor *x, LwTensor *kernel, LwTensor *bias)
{
  const LwShape   *shape = lw_tensor_get_shape (x);
  const LwShape   *weights = lw_tensor_get_shape (kernel);
  g_autofree char *have = lw_shape_to_string (shape);
  g_autofree char *want = lw_shape_to_string (weights);

  if (!lw_op_check_floating (s, "dense", x) || !lw_op_check_same (s, "dense", x, kernel)
      || (bias != NULL && !lw_op_check_same (s, "dense", x, bias)))
    return FALSE;
  if (shape->rank < 2 || weights->rank != 2 || shape->dims[shape->rank - 1] != weights->dims[0]
      || weights->dims[0] > G_MAXINT32 || weights->dims[1] > G_MAXINT32
      || (count_rows (shape) > G_MAXINT32 && (weights->dims[0] > 0 || weights->dims[1] > 0)))
    {
      lw_scope_fail (s, LW_ERROR_SHAPE,
                     _("dense cannot apply a kernel of shape %s (inputs, units) to a tensor of shape "
                       "%s: the "
                       "last axis must have as many elements as the kernel has inputs"),
                     want, have);
      return FALSE;
    }
  if (bias != NULL && !lw_shape_equal (lw_tensor_get_shape (bias), &LW_SHAPE (weights->dims[1])))
    {
      g_autofree char *biases = lw_shape_to_string (lw_tensor_get_shape (bias));

      lw_scope_fail (s, LW_ERROR_SHAPE,
                     _("dense needs one bias for each unit of its kernel %s, not %s"), want, biases);
      return FALSE;
    }
  return TRUE;
}

static void
compute_f32 (LwScope *s, Attributes *d, LwTensor *x, LwTensor *kernel, LwTensor *bias, LwTensor *y)
{
  const float *biases = bias != NULL ? lw_tensor_get_floats (bias) : NULL;
  float       *out = lw_tensor_get_mutable_data (y);

  d->mostly_zero = compute_used (s, d, lw_tensor_get_floats (x), lw_tensor_get_floats (kernel), biases, out);
  if (!d->mostly_zero)
    lw_op_gemm (s, lw_tensor_get_floats (x), FALSE, lw_tensor_get_floats (kernel), biases, d->relu, d->rows, d->inputs,
                d->units, out);
}

static void
compute_f64 (const Attributes *d, LwTensor *x, LwTensor *kernel, LwTensor *bias, LwTensor *y)
{
  lw_reference_dense_f64 ((int) d->rows, (int) d->inputs, (int) d->units, lw_tensor_get_data (x),
                          lw_tensor_get_data (kernel), bias != NULL ? lw_tensor_get_data (bias) : NULL,
                          lw_tensor_get_mutable_data (y));
  if (d->relu)
    lw_reference_relu_f64 (lw_tensor_get_count (y), lw_tensor_get_data (y), lw_tensor_get_mutable_data (y));
}

LwTensor *
lw_dense (LwScope *s, LwTensor *x, LwTensor *kernel, LwTensor *bias, LwActivation activation)
{
  Attributes attributes = { activation == LW_ACTIVATION_RELU, 1, 0, 0, FALSE };
  LwTensor  *inputs[] = { x, kernel, bias };
  LwShape    shape;
  LwTensor  *y;

  if (lw_scope_has_failed (s) || !check_dense (s, x, kernel, bias))
    return lw_scope_get_invalid (s);
  shape = *lw_tensor_get_shape (x);
  attributes.rows = count_rows (&shape);
  attributes.inputs = lw_tensor_get_dim (kernel, 0);
  attributes.units = lw_tensor_get_dim (kernel, 1);
  shape.dims[shape.rank - 1] = attributes.units;
  y = lw_scope_new_tensor (s, lw_tensor_get_dtype (x), &shape);
  if (y == NULL)
    return lw_scope_get_invalid (s);

  if (lw_tensor_get_count (y) > 0 && lw_tensor_get_dtype (x) == LW_FLOAT32)
    compute_f32 (s, &attributes, x, kernel, bias, y);
  else if (lw_tensor_get_count (y) > 0)
    compute_f64 (&attributes, x, kernel, bias, y);
  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  lw_scope_record (s, &dense_op, inputs, bias != NULL ? 3 : 2, y, NULL, &attributes, sizeof attributes);
  return attributes.relu ? y : lw_activate (s, y, activation);
}
