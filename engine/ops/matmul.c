/* Matrix products. Outputs are split by rows, never sums, so each element is added up in one order: y[i, j] = sum over k, upwards, of a[i, k] · b[k, j].
 *
 * A sparse hint leaves out rows of a, or columns of b, that are wholly 0 where the other matrix is finite
 * throughout: there each product is 0 or -0, the sum began at 0, and 0 is what would have come out, to the
 * bit. A matrix with an infinity or a NaN is multiplied in full, since 0 · infinity is NaN. */

#include "engine/kernels/reference.h"
#include "engine/ops/strided.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

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

/* -- one large matrix, a block of it at a time -- */

static void
multiply_block (LwScope *s, const LwGemm *whole, gint64 row, gint64 rows, gint64 column, gint64 columns)
{
  LwGemm gemm = *whole;

  gemm.m = (int) rows;
  gemm.n = (int) columns;
  gemm.a += row * whole->a_row_stride;
  gemm.b += column;
  gemm.c += row * whole->c_row_stride + column;
  lw_op_run_gemm (s, &gemm);
}

/* Marks the rows of x [rows, columns] that hold a number other than 0. */
static void
mark_rows (const float *x, gint64 rows, gint64 columns, guint8 *used)
{
  memset (used, 0, (gsize) rows);
  for (gint64 row = 0; row < rows; row++)
    for (gint64 c = 0; c < columns && !used[row]; c++)
      used[row] = x[row * columns + c] != 0;
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
    {
      if (matmul->options.transpose_a)
        kernels->mark_columns ((int) k, (int) m, a, rows_used);
      else
        mark_rows (a, m, k, rows_used);
    }
  if (matmul->options.b_is_sparse && kernels->all_finite ((gsize) (m * k), a))
    kernels->mark_columns ((int) k, (int) n, b, columns_used);
  memset (y, 0, (gsize) (m * n) * sizeof (float));
  for (gint64 row = 0; (rows = lw_op_next_run (rows_used, m, 8, &row)) > 0; row += rows)
    for (gint64 column = 0; (columns = lw_op_next_run (columns_used, n, 32, &column)) > 0; column += columns)
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
