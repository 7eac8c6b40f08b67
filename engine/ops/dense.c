/* Dense: y = x · kernel (+ bias) (relu) on the last axis, one pass, and its gradients. As in matmul.c, outputs
 * are split and never sums.
 *
 * Inputs that are 0 in the whole batch, as the border pixels of digits are, have no part in y, and their rows of
 * the kernel have gradient 0. Where there are many they are left out of both products: to the bit, since a sum
 * to which 0 · w is added stays what it was as long as w is finite, which is looked at. */

#include "engine/kernels/reference.h"
#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* To look for unused inputs takes a pass over x: it pays from this many rows, inputs and units on. And runs of
 * used ones are joined over gaps of this many: each begins anew. */
#define MIN_ROWS   8
#define MIN_INPUTS 128
#define MIN_UNITS  16
#define MAX_GAP    3

typedef struct {
  gboolean relu;
  gint64   rows, inputs, units;
} Attributes;

/* -- inputs that are not used -- */

/* used[i] = 1 for the inputs that are not 0 in every row; NULL where so few are unused, or the product is so
 * small, that it does not pay to leave any out. A result of the scope. */
static LwTensor *
find_used_inputs (LwScope *s, const Attributes *d, LwTensor *x)
{
  LwTensor     *used;
  const guint8 *marks;
  gint64        n = 0;

  if (d->rows < MIN_ROWS || d->inputs < MIN_INPUTS || d->units < MIN_UNITS)
    return NULL;
  used = lw_scope_new_tensor (s, LW_UINT8, &LW_SHAPE (d->inputs));
  if (used == NULL)
    return NULL;
  lw_scope_get_device (s)->kernels->mark_columns ((int) d->rows, (int) d->inputs, lw_tensor_get_floats (x),
                                                  lw_tensor_get_mutable_data (used));
  marks = lw_tensor_get_data (used);
  for (gint64 i = 0; i < d->inputs; i++)
    n += marks[i];
  return n < d->inputs * 7 / 8 ? used : NULL;
}

/* A stretch of inputs. */
typedef struct {
  gint64 first, n;
} Run;

/* The used inputs, with short gaps among them. */
static GArray *
find_runs (const Attributes *d, LwTensor *used)
{
  const guint8 *marks = lw_tensor_get_data (used);
  GArray       *runs = g_array_sized_new (FALSE, FALSE, sizeof (Run), 64);
  Run           run = { 0, 0 };

  while ((run.n = lw_op_next_run (marks, d->inputs, MAX_GAP, &run.first)) > 0)
    {
      g_array_append_val (runs, run);
      run.first += run.n;
    }
  return runs;
}

/* TRUE if the kernel's rows between the runs, of which each number would be multiplied by 0, are finite. */
static gboolean
is_finite_between (const LwKernels *kernels, const Attributes *d, const GArray *runs, const float *kernel)
{
  gint64 end = 0;

  for (guint i = 0; i <= runs->len; i++)
    {
      const Run next = i < runs->len ? g_array_index (runs, Run, i) : (Run) { d->inputs, 0 };

      if (!kernels->all_finite ((gsize) ((next.first - end) * d->units), kernel + end * d->units))
        return FALSE;
      end = next.first + next.n;
    }
  return TRUE;
}

/* y from the used inputs alone; FALSE, having done nothing, where that would not be the same. */
static gboolean
multiply_used (LwScope *s, const Attributes *d, LwTensor *used, const float *x, const float *kernel,
               const float *bias, float *y)
{
  g_autoptr (GArray)    runs = find_runs (d, used);
  const guint           n = runs->len;
  g_autofree ptrdiff_t *a_segments = NULL, *b_segments = NULL;
  g_autofree int32_t   *k_segments = NULL;
  g_autofree float     *start = NULL;

  if (!is_finite_between (lw_scope_get_device (s)->kernels, d, runs, kernel))
    return FALSE;
  a_segments = g_new (ptrdiff_t, n + 1);
  b_segments = g_new (ptrdiff_t, n + 1);
  k_segments = g_new (int32_t, n + 1);
  for (guint i = 0; i < n; i++)
    {
      const Run *run = &g_array_index (runs, Run, i);

      a_segments[i] = (ptrdiff_t) run->first;
      b_segments[i] = (ptrdiff_t) (run->first * d->units);
      k_segments[i] = (int32_t) run->n;
    }
  if (bias != NULL)
    {
      /* -0 would have become 0 by the first 0 · w that was added. */
      start = g_new (float, d->units);
      for (gint64 i = 0; i < d->units; i++)
        start[i] = bias[i] + 0.0f;
    }
  lw_op_run_gemm (s, &(LwGemm) {
                       .a_mode = LW_A_STRIDED,
                       .start = bias != NULL ? LW_START_BIAS : LW_START_ZERO,
                       .relu = d->relu,
                       .rows = 1,
                       .m = (int) d->rows,
                       .n = (int) d->units,
                       .k = (int) (d->inputs / MAX (n, 1)),
                       .a = x,
                       .a_row_stride = d->inputs,
                       .a_k_stride = 1,
                       .b = kernel,
                       .b_stride = d->units,
                       .n_segments = (int) n,
                       .a_segments = a_segments,
                       .b_segments = b_segments,
                       .k_segments = k_segments,
                       .bias = start,
                       .c = y,
                       .c_row_stride = d->units,
                     });
  return TRUE;
}

/* -- gradients -- */

typedef struct {
  const LwKernels  *kernels;
  const Attributes *d;
  const GArray     *runs;
  const float      *x, *gy;
  float            *gw;
} KernelGradient;

/* The gradient of the kernel's rows that belong to one run of inputs. */
static void
differentiate_run (gpointer data, int index)
{
  const KernelGradient *work = data;
  const Attributes     *d = work->d;
  const Run            *run = &g_array_index (work->runs, Run, index);

  work->kernels->gemm (&(LwGemm) {
    .a_mode = LW_A_CONTIGUOUS,
    .start = LW_START_ZERO,
    .rows = 1,
    .m = (int) run->n,
    .n = (int) d->units,
    .k = (int) d->rows,
    .a = work->x + run->first,
    .a_k_stride = d->inputs,
    .b = work->gy,
    .b_stride = d->units,
    .n_segments = 1,
    .c = work->gw + run->first * d->units,
    .c_row_stride = d->units,
  });
}

/* gw = xᵀ · gy, from the used inputs alone where those are known. */
static void
differentiate_kernel (LwScope *s, const Attributes *d, LwTensor *used, const float *x, const float *gy, float *gw)
{
  LwDevice          *device = lw_scope_get_device (s);
  KernelGradient     work = { device->kernels, d, NULL, x, gy, gw };
  g_autoptr (GArray) runs = NULL;
  gint64             end = 0;

  if (used == NULL || !device->kernels->all_finite ((gsize) (d->rows * d->units), gy))
    {
      lw_op_gemm (s, x, TRUE, gy, NULL, FALSE, d->inputs, d->rows, d->units, gw);
      return;
    }
  work.runs = runs = find_runs (d, used);
  for (guint i = 0; i <= runs->len; i++)
    {
      const Run next = i < runs->len ? g_array_index (runs, Run, i) : (Run) { d->inputs, 0 };

      memset (gw + end * d->units, 0, (gsize) ((next.first - end) * d->units) * sizeof (float));
      end = next.first + next.n;
    }
  lw_device_run (device, (int) runs->len, differentiate_run, &work);
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
        differentiate_kernel (s, d, node->saved[0], lw_tensor_get_floats (x), lw_tensor_get_floats (masked),
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
compute_f32 (LwScope *s, const Attributes *d, LwTensor *used, LwTensor *x, LwTensor *kernel, LwTensor *bias,
             LwTensor *y)
{
  const float *biases = bias != NULL ? lw_tensor_get_floats (bias) : NULL;

  if (used != NULL
      && multiply_used (s, d, used, lw_tensor_get_floats (x), lw_tensor_get_floats (kernel), biases,
                        lw_tensor_get_mutable_data (y)))
    return;
  lw_op_gemm (s, lw_tensor_get_floats (x), FALSE, lw_tensor_get_floats (kernel), biases, d->relu, d->rows, d->inputs,
              d->units, lw_tensor_get_mutable_data (y));
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
  Attributes attributes = { activation == LW_ACTIVATION_RELU, 1, 0, 0 };
  LwTensor  *inputs[] = { x, kernel, bias };
  LwTensor  *saved[2] = { NULL, NULL };
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
    {
      saved[0] = find_used_inputs (s, &attributes, x);
      compute_f32 (s, &attributes, saved[0], x, kernel, bias, y);
    }
  else if (lw_tensor_get_count (y) > 0)
    compute_f64 (&attributes, x, kernel, bias, y);
  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  lw_scope_record (s, &dense_op, inputs, bias != NULL ? 3 : 2, y, saved, &attributes, sizeof attributes);
  return attributes.relu ? y : lw_activate (s, y, activation);
}
