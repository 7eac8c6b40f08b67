/* Matrix products: matmul, and Dense with its bias and relu fused in. Outputs are split by rows, never
 * sums, so each element is added up in one order: y[i, j] = sum over k, upwards, of a[i, k] · b[k, j].
 *
 * A sparse hint leaves out rows of a, or columns of b, that are wholly 0 where the other matrix is finite
 * throughout: there each product is 0 or -0, the sum began at 0, and 0 is what would have come out, to the
 * bit. A matrix with an infinity or a NaN is multiplied in full, since 0 · infinity is NaN. */

#include "engine/kernels/reference.h"
#include "engine/ops/strided.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

typedef struct {
  gboolean relu;
  gint64   rows, inputs, units;
} DenseAttributes;

/* y [m, n] = op (a) · op (b), into scratch-transposed b where the kernel needs it. */
static void
product (LwScope *s, LwTensor *a, gboolean transpose_a, LwTensor *b, gboolean transpose_b, gint64 m,
         gint64 k, gint64 n, LwTensor *y)
{
  LwDevice *device = lw_scope_get_device (s);
  float    *turned = NULL;

  if (lw_tensor_get_dtype (y) == LW_FLOAT64)
    {
      lw_reference_matmul_f64 (transpose_a, transpose_b, (int) m, (int) n, (int) k, lw_tensor_get_data (a),
                               lw_tensor_get_data (b), lw_tensor_get_mutable_data (y));
      return;
    }
  if (k == 0)
    {
      memset (lw_tensor_get_mutable_data (y), 0, lw_tensor_get_byte_size (y));
      return;
    }
  if (transpose_b)
    {
      turned = lw_pool_alloc (device->pool, (gsize) k * (gsize) n * sizeof (float));
      if (turned == NULL)
        {
          lw_scope_fail (s, LW_ERROR_VALUE, _("There is not enough memory for matmul"));
          return;
        }
      device->kernels->transpose ((int) n, (int) k, lw_tensor_get_data (b), turned);
    }
  lw_op_gemm (s, lw_tensor_get_data (a), transpose_a, turned != NULL ? turned : lw_tensor_get_data (b),
              NULL, FALSE, m, k, n, lw_tensor_get_mutable_data (y));
  lw_pool_free (turned);
}

/* -- matmul -- */

/* One matmul: the matrices' sizes, and for each axis in front of them how many matrices one step goes. */
typedef struct {
  LwMatmul options; /* adjoints turned into transposes */
  gint64   m, k, n;
  LwShape  batch;
  gsize    n_batches;
  gssize   a_strides[LW_MAX_RANK], b_strides[LW_MAX_RANK];
} Matmul;

/* The number of a's matrix and of b's that make up result number `index`. */
static void
find_batch (const Matmul *matmul, gsize index, gsize *a, gsize *b)
{
  gssize at_a = 0, at_b = 0;

  for (int i = matmul->batch.rank - 1; i >= 0; i--)
    {
      gssize here = (gssize) (index % (gsize) matmul->batch.dims[i]);

      index /= (gsize) matmul->batch.dims[i];
      at_a += here * matmul->a_strides[i];
      at_b += here * matmul->b_strides[i];
    }
  *a = (gsize) at_a;
  *b = (gsize) at_b;
}

static LwGemm
describe (const Matmul *matmul, const float *a, const float *b, float *y)
{
  const gboolean transpose_a = matmul->options.transpose_a;

  return (LwGemm) {
    .a_mode = transpose_a ? LW_A_CONTIGUOUS : LW_A_STRIDED,
    .start = LW_START_ZERO,
    .rows = 1,
    .m = (int) matmul->m,
    .n = (int) matmul->n,
    .k = (int) matmul->k,
    .a = a,
    .a_row_stride = transpose_a ? 1 : matmul->k,
    .a_k_stride = transpose_a ? matmul->m : 1,
    .b = b,
    .b_stride = matmul->n,
    .n_segments = 1,
    .c = y,
    .c_row_stride = matmul->n,
  };
}

/* -- many small matrices, some to a thread -- */

typedef struct {
  const Matmul    *matmul;
  const LwKernels *kernels;
  const float     *a, *b;
  float           *y;
  gsize            batches_each;
} Batches;

static void
multiply_batches (gpointer data, int chunk)
{
  const Batches *batches = data;
  const Matmul  *matmul = batches->matmul;
  gsize          first = (gsize) chunk * batches->batches_each;
  gsize          end = MIN (first + batches->batches_each, matmul->n_batches);

  for (gsize i = first; i < end; i++)
    {
      LwGemm gemm;
      gsize  a, b;

      find_batch (matmul, i, &a, &b);
      gemm = describe (matmul, batches->a + a * (gsize) (matmul->m * matmul->k),
                       batches->b + b * (gsize) (matmul->k * matmul->n),
                       batches->y + i * (gsize) (matmul->m * matmul->n));
      batches->kernels->gemm (&gemm);
    }
}

/* -- one large matrix, some rows to a thread, a block of it at a time -- */

typedef struct {
  const LwKernels *kernels;
  LwGemm           gemm;
  gint64           rows_each;
} Block;

static void
multiply_block_rows (gpointer data, int chunk)
{
  const Block *block = data;
  LwGemm       part = block->gemm;
  gint64       first = chunk * block->rows_each;

  part.m = (int) MIN (block->rows_each, block->gemm.m - first);
  part.a += first * part.a_row_stride;
  part.c += first * part.c_row_stride;
  block->kernels->gemm (&part);
}

static void
multiply_block (LwScope *s, const LwGemm *whole, gint64 row, gint64 rows, gint64 column, gint64 columns)
{
  Block  block = { lw_scope_get_device (s)->kernels, *whole, 0 };
  gint64 work = MAX ((gint64) whole->k * columns, 1);

  block.gemm.m = (int) rows;
  block.gemm.n = (int) columns;
  block.gemm.a += row * whole->a_row_stride;
  block.gemm.b += column;
  block.gemm.c += row * whole->c_row_stride + column;
  block.rows_each = (CLAMP (65536 / work, 8, 4096) + 7) / 8 * 8;
  lw_device_run (lw_scope_get_device (s), (int) ((rows + block.rows_each - 1) / block.rows_each),
                 multiply_block_rows, &block);
}

/* Marks the lines of x that hold a number other than 0: element (line, depth) is
 * x[line · line_stride + depth · depth_stride]. */
static void
mark_lines (const float *x, gint64 lines, gint64 depth, gint64 line_stride, gint64 depth_stride,
            guint8 *used)
{
  memset (used, 0, (gsize) lines);
  if (line_stride == 1)
    {
      for (gint64 d = 0; d < depth; d++)
        for (gint64 line = 0; line < lines; line++)
          used[line] |= x[line + d * depth_stride] != 0;
      return;
    }
  for (gint64 line = 0; line < lines; line++)
    for (gint64 d = 0; d < depth && !used[line]; d++)
      used[line] = x[line * line_stride + d * depth_stride] != 0;
}

/* The next run of lines from *first on, ended by `gap` unused ones; its length, or 0 where none is left. */
static gint64
next_run (const guint8 *used, gint64 lines, gint64 gap, gint64 *first)
{
  gint64 last;

  while (*first < lines && !used[*first])
    ++*first;
  last = *first;
  for (gint64 i = *first; i < lines && i - last <= gap; i++)
    if (used[i])
      last = i;
  return *first < lines ? last - *first + 1 : 0;
}

/* Rows and columns that are 0 are left out where there are enough of them side by side to pay for it. */
static void
multiply_sparse (LwScope *s, const Matmul *matmul, const float *a, const float *b, float *y,
                 guint8 *rows_used, guint8 *columns_used)
{
  const LwKernels *kernels = lw_scope_get_device (s)->kernels;
  const LwGemm     gemm = describe (matmul, a, b, y);
  const gint64     m = matmul->m, k = matmul->k, n = matmul->n;
  gint64           rows, columns;

  memset (rows_used, 1, (gsize) m);
  memset (columns_used, 1, (gsize) n);
  if (matmul->options.a_is_sparse && kernels->all_finite ((gsize) (k * n), b))
    mark_lines (a, m, k, gemm.a_row_stride, gemm.a_k_stride, rows_used);
  if (matmul->options.b_is_sparse && kernels->all_finite ((gsize) (m * k), a))
    mark_lines (b, n, k, 1, n, columns_used);
  memset (y, 0, (gsize) (m * n) * sizeof (float));
  for (gint64 row = 0; (rows = next_run (rows_used, m, 8, &row)) > 0; row += rows)
    for (gint64 column = 0; (columns = next_run (columns_used, n, 32, &column)) > 0; column += columns)
      multiply_block (s, &gemm, row, rows, column, columns);
}

static void
multiply_all_sparse (LwScope *s, const Matmul *matmul, const float *a, const float *b, float *y)
{
  LwPool *pool = lw_scope_get_device (s)->pool;
  guint8 *used = lw_pool_alloc (pool, (gsize) (matmul->m + matmul->n));

  if (used == NULL)
    {
      lw_scope_fail (s, LW_ERROR_VALUE, _("There is not enough memory for matmul"));
      return;
    }
  for (gsize i = 0; i < matmul->n_batches; i++)
    {
      gsize at_a, at_b;

      find_batch (matmul, i, &at_a, &at_b);
      multiply_sparse (s, matmul, a + at_a * (gsize) (matmul->m * matmul->k),
                       b + at_b * (gsize) (matmul->k * matmul->n),
                       y + i * (gsize) (matmul->m * matmul->n), used, used + matmul->m);
    }
  lw_pool_free (used);
}

static void
multiply_all (LwScope *s, const Matmul *matmul, const float *a, const float *b, float *y)
{
  LwDevice    *device = lw_scope_get_device (s);
  const double work = (double) matmul->m * (double) matmul->k * (double) matmul->n;

  if (matmul->options.a_is_sparse || matmul->options.b_is_sparse)
    multiply_all_sparse (s, matmul, a, b, y);
  else if (matmul->n_batches > 1 && work < 1 << 20)
    {
      Batches batches = { matmul, device->kernels, a, b, y,
                          MAX (MAX ((gsize) (65536.0 / work), 1), matmul->n_batches / 4096 + 1) };

      lw_device_run (device, (int) ((matmul->n_batches + batches.batches_each - 1) / batches.batches_each),
                     multiply_batches, &batches);
    }
  else
    for (gsize i = 0; i < matmul->n_batches; i++)
      {
        gsize at_a, at_b;

        find_batch (matmul, i, &at_a, &at_b);
        lw_op_gemm (s, a + at_a * (gsize) (matmul->m * matmul->k), matmul->options.transpose_a,
                    b + at_b * (gsize) (matmul->k * matmul->n), NULL, FALSE, matmul->m, matmul->k,
                    matmul->n, y + i * (gsize) (matmul->m * matmul->n));
      }
}

static void
multiply_all_f64 (const Matmul *matmul, const double *a, const double *b, double *y)
{
  for (gsize i = 0; i < matmul->n_batches; i++)
    {
      gsize at_a, at_b;

      find_batch (matmul, i, &at_a, &at_b);
      lw_reference_matmul_f64 (matmul->options.transpose_a, matmul->options.transpose_b, (int) matmul->m,
                               (int) matmul->n, (int) matmul->k, a + at_a * (gsize) (matmul->m * matmul->k),
                               b + at_b * (gsize) (matmul->k * matmul->n),
                               y + i * (gsize) (matmul->m * matmul->n));
    }
}

static void
compute_matmul (LwScope *s, const Matmul *matmul, LwTensor *a, LwTensor *b, LwTensor *y)
{
  LwDevice *device = lw_scope_get_device (s);
  gsize     n_b = matmul->k * matmul->n > 0 ? lw_tensor_get_count (b) / (gsize) (matmul->k * matmul->n) : 0;
  float    *turned = NULL;

  if (lw_tensor_get_count (y) == 0 || matmul->k == 0)
    memset (lw_tensor_get_mutable_data (y), 0, lw_tensor_get_byte_size (y));
  else if (lw_tensor_get_dtype (y) == LW_FLOAT64)
    multiply_all_f64 (matmul, lw_tensor_get_data (a), lw_tensor_get_data (b),
                      lw_tensor_get_mutable_data (y));
  else if (!matmul->options.transpose_b)
    multiply_all (s, matmul, lw_tensor_get_floats (a), lw_tensor_get_floats (b),
                  lw_tensor_get_mutable_data (y));
  else if ((turned = lw_pool_alloc (device->pool, lw_tensor_get_byte_size (b))) == NULL)
    lw_scope_fail (s, LW_ERROR_VALUE, _("There is not enough memory for matmul"));
  else
    {
      gsize each = (gsize) (matmul->k * matmul->n);

      for (gsize i = 0; i < n_b; i++)
        device->kernels->transpose ((int) matmul->n, (int) matmul->k, lw_tensor_get_floats (b) + i * each,
                                    turned + i * each);
      multiply_all (s, matmul, lw_tensor_get_floats (a), turned, lw_tensor_get_mutable_data (y));
      lw_pool_free (turned);
    }
}

/* ga = gy · bᵀ and gb = aᵀ · gy, or their transposes, summed over the axes along which a or b was repeated. */
static void
matmul_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  const LwMatmul *o = node->attributes;
  LwTensor       *a = node->inputs[0], *b = node->inputs[1];
  LwMatmul        options;

  if (needs[0])
    {
      options = o->transpose_a
                    ? (LwMatmul) { .transpose_a = o->transpose_b,
                                   .transpose_b = TRUE,
                                   .a_is_sparse = o->b_is_sparse }
                    : (LwMatmul) { .transpose_b = !o->transpose_b, .b_is_sparse = o->b_is_sparse };
      gx[0] = o->transpose_a ? lw_matmul_with (s, b, gy, &options) : lw_matmul_with (s, gy, b, &options);
      gx[0] = lw_op_sum_to_shape (s, gx[0], lw_tensor_get_shape (a));
    }
  if (needs[1])
    {
      options = o->transpose_b
                    ? (LwMatmul) { .transpose_a = TRUE,
                                   .transpose_b = o->transpose_a,
                                   .b_is_sparse = o->a_is_sparse }
                    : (LwMatmul) { .transpose_a = !o->transpose_a, .a_is_sparse = o->a_is_sparse };
      gx[1] = o->transpose_b ? lw_matmul_with (s, gy, a, &options) : lw_matmul_with (s, a, gy, &options);
      gx[1] = lw_op_sum_to_shape (s, gx[1], lw_tensor_get_shape (b));
    }
}

static const LwOp matmul_op = { "matmul", matmul_gradient };

/* Without its last two axes. */
static LwShape
batch_of (LwTensor *x)
{
  LwShape shape = *lw_tensor_get_shape (x);

  for (int i = 0; i < 2; i++)
    shape.dims[--shape.rank] = 0;
  return shape;
}

/* FALSE, having failed the scope, where the two have no product. */
static gboolean
prepare_matmul (LwScope *s, LwTensor *a, LwTensor *b, const LwMatmul *options, Matmul *matmul)
{
  g_autofree char *have_a = lw_shape_to_string (lw_tensor_get_shape (a));
  g_autofree char *have_b = lw_shape_to_string (lw_tensor_get_shape (b));
  gboolean         turn_a = options->transpose_a || options->adjoint_a;
  gboolean         turn_b = options->transpose_b || options->adjoint_b;
  LwShape          batch_a, batch_b;
  gint64           k_of_b;

  if (!lw_op_check_floating (s, "matmul", a) || !lw_op_check_same (s, "matmul", a, b))
    return FALSE;
  if ((options->transpose_a && options->adjoint_a) || (options->transpose_b && options->adjoint_b))
    {
      lw_scope_fail (s, LW_ERROR_VALUE,
                     _("matmul cannot both transpose and adjoin %s; for real numbers either does the "
                       "same, so choose one"),
                     options->transpose_a && options->adjoint_a ? "a" : "b");
      return FALSE;
    }
  if (lw_tensor_get_rank (a) < 2 || lw_tensor_get_rank (b) < 2)
    {
      lw_scope_fail (s, LW_ERROR_SHAPE,
                     _("matmul takes matrices, not tensors of shape %s and shape %s; expand_dims "
                       "makes a row or a column"),
                     have_a, have_b);
      return FALSE;
    }
  matmul->options = (LwMatmul) { .transpose_a = turn_a,
                                 .transpose_b = turn_b,
                                 .a_is_sparse = options->a_is_sparse,
                                 .b_is_sparse = options->b_is_sparse };
  matmul->m = lw_tensor_get_dim (a, turn_a ? -1 : -2);
  matmul->k = lw_tensor_get_dim (a, turn_a ? -2 : -1);
  k_of_b = lw_tensor_get_dim (b, turn_b ? -1 : -2);
  matmul->n = lw_tensor_get_dim (b, turn_b ? -2 : -1);
  if (matmul->k != k_of_b || MAX (MAX (matmul->m, matmul->n), matmul->k) > G_MAXINT32)
    {
      lw_scope_fail (s, LW_ERROR_SHAPE,
                     _("matmul cannot multiply %s%s by %s%s: the inner sizes are %" PRId64
                       " and %" PRId64),
                     have_a, turn_a ? _(" transposed") : "", have_b, turn_b ? _(" transposed") : "",
                     matmul->k, k_of_b);
      return FALSE;
    }
  batch_a = batch_of (a);
  batch_b = batch_of (b);
  if (!lw_strided_broadcast (&batch_a, &batch_b, &matmul->batch))
    {
      lw_scope_fail (s, LW_ERROR_SHAPE,
                     _("matmul cannot match the matrices of shapes %s and %s: of the axes in front, "
                       "aligned at their ends, two sizes must be equal or one of them 1"),
                     have_a, have_b);
      return FALSE;
    }
  lw_strided_of_broadcast (&batch_a, &matmul->batch, matmul->a_strides);
  lw_strided_of_broadcast (&batch_b, &matmul->batch, matmul->b_strides);
  return TRUE;
}

/* a's rows stand one below another, and all meet the same b: one product of two matrices. */
static LwTensor *
matmul_folded (LwScope *s, const Matmul *matmul, LwTensor *a, LwTensor *b)
{
  LwShape   shape = *lw_tensor_get_shape (a);
  LwTensor *y
      = lw_matmul_with (s,
                        lw_reshape (s, a,
                                    &LW_SHAPE ((gint64) matmul->n_batches * matmul->m, matmul->k)),
                        b, &matmul->options);

  shape.dims[shape.rank - 1] = matmul->n;
  return lw_reshape (s, y, &shape);
}

LwTensor *
lw_matmul_with (LwScope *s, LwTensor *a, LwTensor *b, const LwMatmul *options)
{
  LwTensor *inputs[] = { a, b };
  LwShape   shape;
  Matmul    matmul;
  LwTensor *y;

  if (lw_scope_has_failed (s) || !prepare_matmul (s, a, b, options, &matmul))
    return lw_scope_get_invalid (s);
  shape = matmul.batch;
  shape.dims[shape.rank++] = matmul.m;
  shape.dims[shape.rank++] = matmul.n;
  if (!lw_shape_get_count (&matmul.batch, &matmul.n_batches))
    matmul.n_batches = G_MAXSIZE;
  if (lw_tensor_get_rank (a) > 2 && lw_tensor_get_rank (b) == 2 && !matmul.options.transpose_a
      && matmul.n_batches <= (gsize) (G_MAXINT32 / MAX (matmul.m, 1)))
    return matmul_folded (s, &matmul, a, b);

  y = lw_scope_new_tensor (s, lw_tensor_get_dtype (a), &shape);
  if (y == NULL)
    return lw_scope_get_invalid (s);
  compute_matmul (s, &matmul, a, b, y);
  lw_scope_record (s, &matmul_op, inputs, 2, y, NULL, &matmul.options, sizeof matmul.options);
  return y;
}

LwTensor *
lw_matmul (LwScope *s, LwTensor *a, LwTensor *b, gboolean transpose_a, gboolean transpose_b)
{
  return lw_matmul_with (s, a, b, &(LwMatmul) { .transpose_a = transpose_a, .transpose_b = transpose_b });
}

/* -- Dense -- */

static const LwOp dense_gradient_op = { "the gradient of dense", NULL };

/* gy masked by y > 0 for relu, and its column sums into gb (NULL: not wanted). */
static LwTensor *
mask_and_sum (LwScope *s, const DenseAttributes *d, LwTensor *y, LwTensor *gy, LwTensor *gb)
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
  const DenseAttributes *d = node->attributes;
  LwTensor              *inputs[] = { gy, node->inputs[0], node->inputs[1] };
  LwTensor              *masked;

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
  if (gx[0] != NULL)
    product (s, masked, FALSE, node->inputs[1], TRUE, d->rows, d->units, d->inputs, gx[0]);
  if (gx[1] != NULL)
    product (s, node->inputs[0], TRUE, masked, FALSE, d->inputs, d->rows, d->units, gx[1]);
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

LwTensor *
lw_dense (LwScope *s, LwTensor *x, LwTensor *kernel, LwTensor *bias, LwActivation activation)
{
  DenseAttributes attributes = { activation == LW_ACTIVATION_RELU, 1, 0, 0 };
  LwTensor       *inputs[] = { x, kernel, bias };
  LwShape         shape;
  LwTensor       *y;

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

  if (lw_tensor_get_count (y) == 0)
    ;
  else if (lw_tensor_get_dtype (x) == LW_FLOAT32)
    lw_op_gemm (s, lw_tensor_get_data (x), FALSE, lw_tensor_get_data (kernel),
                bias != NULL ? lw_tensor_get_data (bias) : NULL, attributes.relu, attributes.rows,
                attributes.inputs, attributes.units, lw_tensor_get_mutable_data (y));
  else
    {
      lw_reference_dense_f64 ((int) attributes.rows, (int) attributes.inputs, (int) attributes.units,
                              lw_tensor_get_data (x), lw_tensor_get_data (kernel),
                              bias != NULL ? lw_tensor_get_data (bias) : NULL,
                              lw_tensor_get_mutable_data (y));
      if (attributes.relu)
        lw_reference_relu_f64 (lw_tensor_get_count (y), lw_tensor_get_data (y),
                               lw_tensor_get_mutable_data (y));
    }
  lw_scope_record (s, &dense_op, inputs, bias != NULL ? 3 : 2, y, NULL, &attributes, sizeof attributes);
  return attributes.relu ? y : lw_activate (s, y, activation);
}
