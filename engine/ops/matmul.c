/* Matrix products: matmul, and Dense with its bias and relu fused in. Outputs are split by rows, never
 * sums, so each element is added up in one order. */

#include "engine/kernels/reference.h"
#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

typedef struct {
  gboolean transpose_a, transpose_b;
} MatmulAttributes;

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

static void
matmul_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  const MatmulAttributes *t = node->attributes;
  LwTensor               *a = node->inputs[0], *b = node->inputs[1];

  if (needs[0])
    gx[0] = t->transpose_a ? lw_matmul (s, b, gy, t->transpose_b, TRUE)
                           : lw_matmul (s, gy, b, FALSE, !t->transpose_b);
  if (needs[1])
    gx[1] = t->transpose_b ? lw_matmul (s, gy, a, TRUE, t->transpose_a)
                           : lw_matmul (s, a, gy, !t->transpose_a, FALSE);
}

static const LwOp matmul_op = { "matmul", matmul_gradient };

LwTensor *
lw_matmul (LwScope *s, LwTensor *a, LwTensor *b, gboolean transpose_a, gboolean transpose_b)
{
  MatmulAttributes attributes = { transpose_a, transpose_b };
  LwTensor        *inputs[] = { a, b };
  gint64           m, k, k_of_b, n;
  LwTensor        *y;

  if (lw_scope_has_failed (s) || !lw_op_check_floating (s, "matmul", a)
      || !lw_op_check_same (s, "matmul", a, b) || !lw_op_check_rank (s, "matmul", a, 2, _("matrices"))
      || !lw_op_check_rank (s, "matmul", b, 2, _("matrices")))
    return lw_scope_get_invalid (s);
  m = lw_tensor_get_dim (a, transpose_a ? 1 : 0);
  k = lw_tensor_get_dim (a, transpose_a ? 0 : 1);
  k_of_b = lw_tensor_get_dim (b, transpose_b ? 1 : 0);
  n = lw_tensor_get_dim (b, transpose_b ? 0 : 1);
  if (k != k_of_b || MAX (MAX (m, n), k) > G_MAXINT32)
    {
      g_autofree char *have_a = lw_shape_to_string (lw_tensor_get_shape (a));
      g_autofree char *have_b = lw_shape_to_string (lw_tensor_get_shape (b));

      return lw_scope_fail (s, LW_ERROR_SHAPE,
                            _("matmul cannot multiply %s%s by %s%s: the inner sizes are %" PRId64
                              " and %" PRId64), have_a, transpose_a ? _(" transposed") : "",
                            have_b, transpose_b ? _(" transposed") : "", k, k_of_b);
    }
  y = lw_scope_new_tensor (s, lw_tensor_get_dtype (a), &LW_SHAPE (m, n));
  if (y == NULL)
    return lw_scope_get_invalid (s);
  product (s, a, transpose_a, b, transpose_b, m, k, n, y);
  lw_scope_record (s, &matmul_op, inputs, 2, y, NULL, &attributes, sizeof attributes);
  return y;
}

/* -- Dense -- */

static const LwOp dense_gradient_op = { "the gradient of dense", NULL };

/* gy masked by y > 0 for relu, and its column sums into gb (NULL: not wanted). */
static LwTensor *
mask_and_sum (LwScope *s, const DenseAttributes *d, LwTensor *y, LwTensor *gy, LwTensor *gb)
{
  LwTensor *masked = gy;

  if (d->relu || (gb != NULL && lw_tensor_get_dtype (gy) == LW_FLOAT32))
    {
      masked = lw_op_new_like (s, gy);
      if (masked == NULL)
        return NULL;
    }
  if (lw_tensor_get_dtype (gy) == LW_FLOAT32)
    {
      if (gb != NULL)
        memset (lw_tensor_get_mutable_data (gb), 0, lw_tensor_get_byte_size (gb));
      if (masked != gy)
        lw_scope_get_device (s)->kernels->mask_gradient (
            1, (int) d->rows, (int) d->units, d->relu ? lw_tensor_get_floats (y) : NULL,
            lw_tensor_get_floats (gy), lw_tensor_get_mutable_data (masked), 0, (ptrdiff_t) d->units,
            gb != NULL ? lw_tensor_get_mutable_data (gb) : NULL);
      return masked;
    }
  if (d->relu)
    lw_reference_relu_gradient_f64 (lw_tensor_get_count (y), lw_tensor_get_data (y), lw_tensor_get_data (gy),
                                    lw_tensor_get_mutable_data (masked));
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
      || (weights->dims[0] > 0 && lw_tensor_get_count (x) / (gsize) weights->dims[0] > G_MAXINT32))
    {
      lw_scope_fail (s, LW_ERROR_SHAPE,
                     _("dense cannot apply a kernel of shape %s (inputs, units) to a tensor of shape %s: the "
                       "last axis must have as many elements as the kernel has inputs"), want, have);
      return FALSE;
    }
  if (bias != NULL && !lw_shape_equal (lw_tensor_get_shape (bias), &LW_SHAPE (weights->dims[1])))
    {
      g_autofree char *biases = lw_shape_to_string (lw_tensor_get_shape (bias));

      lw_scope_fail (s, LW_ERROR_SHAPE, _("dense needs one bias for each unit of its kernel %s, not %s"), want,
                     biases);
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
  for (int i = 0; i < shape.rank - 1; i++)
    attributes.rows *= shape.dims[i];
  attributes.inputs = lw_tensor_get_dim (kernel, 0);
  attributes.units = lw_tensor_get_dim (kernel, 1);
  shape.dims[shape.rank - 1] = attributes.units;
  y = lw_scope_new_tensor (s, lw_tensor_get_dtype (x), &shape);
  if (y == NULL)
    return lw_scope_get_invalid (s);

  if (lw_tensor_get_dtype (x) == LW_FLOAT32)
    lw_op_gemm (s, lw_tensor_get_data (x), FALSE, lw_tensor_get_data (kernel),
                bias != NULL ? lw_tensor_get_data (bias) : NULL, attributes.relu, attributes.rows,
                attributes.inputs, attributes.units, lw_tensor_get_mutable_data (y));
  else
    {
      lw_reference_dense_f64 ((int) attributes.rows, (int) attributes.inputs, (int) attributes.units,
                              lw_tensor_get_data (x), lw_tensor_get_data (kernel),
                              bias != NULL ? lw_tensor_get_data (bias) : NULL, lw_tensor_get_mutable_data (y));
      if (attributes.relu)
        lw_reference_relu_f64 (lw_tensor_get_count (y), lw_tensor_get_data (y),
                               lw_tensor_get_mutable_data (y));
    }
  lw_scope_record (s, &dense_op, inputs, bias != NULL ? 3 : 2, y, NULL, &attributes, sizeof attributes);
  return attributes.relu ? y : lw_activate (s, y, activation);
}
