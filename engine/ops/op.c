#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>

typedef struct {
  gsize       n, grain;
  LwRangeFunc func;
  gpointer    data;
} Range;

static void
run_piece (gpointer data, int piece)
{
  const Range *range = data;
  gsize        first = (gsize) piece * range->grain;

  range->func (range->data, first, MIN (range->grain, range->n - first));
}

void
lw_op_run_range (LwScope *s, gsize n, gsize grain, LwRangeFunc func, gpointer data)
{
  /* At most some 4096 pieces, each beginning at a multiple of 64: dropout draws in blocks. */
  Range range = { n, MAX (grain, (n / 4096 + 64) / 64 * 64), func, data };

  if (n == 0)
    return;
  lw_device_run (lw_scope_get_device (s), (int) ((n + range.grain - 1) / range.grain), run_piece,
                 &range);
}

gboolean
lw_op_check_floating (LwScope *s, const char *op, LwTensor *x)
{
  if (lw_dtype_is_floating (lw_tensor_get_dtype (x)))
    return TRUE;
  lw_scope_fail (s, LW_ERROR_DTYPE, _("%s takes float32 or float64, not %s; cast it first"), op,
                 lw_dtype_get_name (lw_tensor_get_dtype (x)));
  return FALSE;
}

gboolean
lw_op_check_same (LwScope *s, const char *op, LwTensor *a, LwTensor *b)
{
  if (lw_tensor_get_dtype (a) == lw_tensor_get_dtype (b))
    return TRUE;
  lw_scope_fail (s, LW_ERROR_DTYPE, _("%s takes tensors of one dtype, not %s and %s; cast one of them"),
                 op, lw_dtype_get_name (lw_tensor_get_dtype (a)),
                 lw_dtype_get_name (lw_tensor_get_dtype (b)));
  return FALSE;
}

gboolean
lw_op_check_rank (LwScope *s, const char *op, LwTensor *x, int rank, const char *meaning)
{
  g_autofree char *shape = NULL;

  if (lw_tensor_get_rank (x) == rank)
    return TRUE;
  shape = lw_shape_to_string (lw_tensor_get_shape (x));
  lw_scope_fail (s, LW_ERROR_SHAPE, _("%s takes %s, not a tensor of shape %s"), op, meaning, shape);
  return FALSE;
}

LwTensor *
lw_op_new_like (LwScope *s, LwTensor *x)
{
  return lw_scope_new_tensor (s, lw_tensor_get_dtype (x), lw_tensor_get_shape (x));
}

LwTensor *
lw_op_sum_to_shape (LwScope *s, LwTensor *x, const LwShape *shape)
{
  const LwShape *have = lw_tensor_get_shape (x);
  int            axes[LW_MAX_RANK];
  int            n = 0;
  int            extra = have->rank - shape->rank;

  if (lw_shape_equal (have, shape))
    return x;
  for (int i = 0; i < have->rank; i++)
    if (i < extra || (shape->dims[i - extra] == 1 && have->dims[i] != 1))
      axes[n++] = i;
  if (n > 0)
    x = lw_reduce_sum (s, x, axes, n, FALSE);
  return lw_reshape (s, x, shape);
}

void
lw_op_record_opaque (LwScope *s, const LwOp *op, LwTensor *const *inputs, guint n, LwTensor *output)
{
  lw_scope_record (s, op, inputs, n, output, NULL, NULL, 0);
}

gint64
lw_op_next_run (const guint8 *used, gint64 n, gint64 gap, gint64 *first)
{
  gint64 last;

  while (*first < n && !used[*first])
    ++*first;
  last = *first;
  for (gint64 i = *first; i < n && i - last <= gap; i++)
    if (used[i])
      last = i;
  return *first < n ? last - *first + 1 : 0;
}

/* Twice the rows of the matrix kernel's widest tile, once those of its narrow one. */
#define ROWS_MULTIPLE 28

/* Multiplications that pay for handing a chunk of rows to another thread. */
#define CHUNK_WORK 250000

typedef struct {
  const LwKernels *kernels;
  const LwGemm    *gemm;
  gint64           rows_each;
} Product;

static void
multiply_rows (gpointer data, int chunk)
{
  const Product *product = data;
  LwGemm         part = *product->gemm;
  gint64         first = chunk * product->rows_each;

  part.m = (int) MIN (product->rows_each, product->gemm->m - first);
  part.a += part.a_mode == LW_A_STRIDED ? first * part.a_row_stride : first;
  part.c += first * part.c_row_stride;
  product->kernels->gemm (&part);
}

void
lw_op_run_gemm (LwScope *s, const LwGemm *gemm)
{
  LwDevice     *device = lw_scope_get_device (s);
  Product       product = { device->kernels, gemm, MAX (gemm->m, 1) };
  const gint64  work = MAX ((gint64) gemm->n_segments * gemm->k * gemm->n, 1);

  g_return_if_fail (gemm->rows == 1);
  if (lw_device_get_n_threads (device) > 1)
    product.rows_each = (CLAMP (CHUNK_WORK / work, 1, 4096) + ROWS_MULTIPLE - 1) / ROWS_MULTIPLE * ROWS_MULTIPLE;
  lw_device_run (device, (int) ((gemm->m + product.rows_each - 1) / product.rows_each), multiply_rows, &product);
}

void
lw_op_gemm (LwScope *s, const float *a, gboolean transpose_a, const float *b, const float *bias,
            gboolean relu, gint64 m, gint64 k, gint64 n, float *y)
{
  if (m == 0 || n == 0)
    return;
  lw_op_run_gemm (s, &(LwGemm) {
                       .a_mode = transpose_a ? LW_A_CONTIGUOUS : LW_A_STRIDED,
                       .start = bias != NULL ? LW_START_BIAS : LW_START_ZERO,
                       .relu = relu,
                       .rows = 1,
                       .m = (int) m,
                       .n = (int) n,
                       .k = (int) k,
                       .a = a,
                       .a_row_stride = transpose_a ? 1 : k,
                       .a_k_stride = transpose_a ? m : 1,
                       .b = b,
                       .b_stride = n,
                       .n_segments = 1,
                       .bias = bias,
                       .c = y,
                       .c_row_stride = n,
                     });
}
