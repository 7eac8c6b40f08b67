/* Sparse categorical cross-entropy: -log p[label] of each row, or the mean of that over rows.
 *
 * From logits p = softmax (x), fused: loss = log (sum (exp (x - max))) - (x[label] - max), and the
 * gradient is (p - one_hot) / rows. From probabilities, as Keras 3 does it (backend
 * sparse_categorical_crossentropy): q = p / sum (p), clipped to [1e-7, 1 - 1e-7]; loss = -log q[label].
 * The clip passes no gradient where it bites. */

#include "engine/kernels/reference.h"
#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <math.h>

#define EPSILON 1e-7

typedef struct {
  int      rows, columns;
  gboolean each; /* a loss for each row, not their mean */
} Attributes;

/* A label of an integer dtype, exactly. */
static gint64
get_label (LwTensor *labels, gsize i)
{
  switch (lw_tensor_get_dtype (labels))
    {
    case LW_INT32: return ((const gint32 *) lw_tensor_get_data (labels))[i];
    case LW_INT64: return ((const gint64 *) lw_tensor_get_data (labels))[i];
    default: return (gint64) lw_tensor_get_value (labels, i);
    }
}

/* The labels as int32, checked against the number of classes; NULL after failing the scope. */
static LwTensor *
check (LwScope *s, LwTensor *labels, LwTensor *y_pred, Attributes *attributes)
{
  const LwShape   *shape = lw_tensor_get_shape (y_pred);
  g_autofree char *have = lw_shape_to_string (shape);
  g_autofree char *have_labels = lw_shape_to_string (lw_tensor_get_shape (labels));

  if (!lw_op_check_floating (s, "sparse_categorical_crossentropy", y_pred))
    return NULL;
  if (shape->rank != 2 || lw_tensor_get_rank (labels) != 1 || lw_tensor_get_dim (labels, 0) != shape->dims[0]
      || shape->dims[0] < 1 || shape->dims[1] < 1 || MAX (shape->dims[0], shape->dims[1]) > G_MAXINT32)
    {
      lw_scope_fail (s, LW_ERROR_SHAPE,
                     _("sparse_categorical_crossentropy compares one row of class scores per label, but the "
                       "labels have shape %s and the predictions %s"), have_labels, have);
      return NULL;
    }
  if (lw_dtype_is_floating (lw_tensor_get_dtype (labels)) || lw_tensor_get_dtype (labels) == LW_BOOL)
    {
      lw_scope_fail (s, LW_ERROR_DTYPE, _("sparse_categorical_crossentropy takes labels of an integer dtype, "
                                          "not %s"), lw_dtype_get_name (lw_tensor_get_dtype (labels)));
      return NULL;
    }
  attributes->rows = (int) shape->dims[0];
  attributes->columns = (int) shape->dims[1];
  for (int r = 0; r < attributes->rows; r++)
    {
      const gint64 label = get_label (labels, (gsize) r);

      if (label < 0 || label >= attributes->columns)
        {
          lw_scope_fail (s, LW_ERROR_VALUE, _("Label %d of the batch is %" PRId64 ", but there are classes 0 to %d "
                                              "only"), r, label, attributes->columns - 1);
          return NULL;
        }
    }
  labels = lw_cast (s, labels, LW_INT32);
  return lw_scope_has_failed (s) ? NULL : labels;
}

/* What is handed out for the rows' losses: themselves or their mean, summed in their order. */
static LwTensor *
finish (LwScope *s, LwTensor *losses, const Attributes *a)
{
  double sum = 0;

  if (a->each)
    return losses;
  for (int r = 0; r < a->rows; r++)
    sum += lw_tensor_get_value (losses, (gsize) r);
  return lw_constant_scalar (s, lw_tensor_get_dtype (losses), sum / a->rows);
}

/* The gradient with respect to row r's loss. */
static double
row_gradient (const Attributes *a, LwTensor *gy, int r)
{
  return a->each ? lw_tensor_get_value (gy, (gsize) r) : lw_tensor_get_value (gy, 0) / a->rows;
}

static const LwOp gradient_op = { "the gradient of cross-entropy", NULL };

/* (p - one_hot) · factor for `rows` rows from row `first` on. */
static void
logits_gradient_rows (LwScope *s, const LwNode *node, int first, int rows, double factor, LwTensor *gx)
{
  const Attributes *a = node->attributes;
  const gint32     *labels = (const gint32 *) lw_tensor_get_data (node->saved[1]) + first;
  gconstpointer     probabilities = lw_tensor_get_data (node->saved[0]);
  gpointer          out = lw_tensor_get_mutable_data (gx);
  gsize             at = (gsize) first * (gsize) a->columns;

  if (lw_tensor_get_dtype (gx) == LW_FLOAT32)
    lw_scope_get_device (s)->kernels->softmax_cross_entropy_gradient (
        rows, a->columns, (const float *) probabilities + at, labels, (float) factor, (float *) out + at);
  else
    lw_reference_softmax_cross_entropy_gradient_f64 (rows, a->columns, (const double *) probabilities + at,
                                                     labels, factor, (double *) out + at);
}

static void
logits_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  const Attributes *a = node->attributes;
  LwTensor         *inputs[] = { gy, node->inputs[0] };

  gx[0] = lw_op_new_like (s, node->inputs[0]);
  if (gx[0] == NULL)
    return;
  if (a->each)
    for (int r = 0; r < a->rows; r++)
      logits_gradient_rows (s, node, r, 1, row_gradient (a, gy, r), gx[0]);
  else
    logits_gradient_rows (s, node, 0, a->rows, row_gradient (a, gy, 0), gx[0]);
  lw_op_record_opaque (s, &gradient_op, inputs, 2, gx[0]);
}

static const LwOp logits_op = { "sparse_categorical_crossentropy", logits_gradient };

static LwTensor *
from_logits (LwScope *s, LwTensor *labels, LwTensor *logits, const Attributes *a)
{
  LwDType   dtype = lw_tensor_get_dtype (logits);
  LwTensor *probabilities = lw_op_new_like (s, logits);
  LwTensor *losses = lw_scope_new_tensor (s, dtype, &LW_SHAPE (a->rows));
  LwTensor *saved[2] = { probabilities, labels };
  LwTensor *loss;

  if (probabilities == NULL || losses == NULL)
    return lw_scope_get_invalid (s);
  if (dtype == LW_FLOAT32)
    lw_scope_get_device (s)->kernels->softmax_cross_entropy (
        a->rows, a->columns, lw_tensor_get_floats (logits), lw_tensor_get_data (labels),
        lw_tensor_get_mutable_data (probabilities), lw_tensor_get_mutable_data (losses));
  else
    lw_reference_softmax_cross_entropy_f64 (a->rows, a->columns, lw_tensor_get_data (logits),
                                            lw_tensor_get_data (labels),
                                            lw_tensor_get_mutable_data (probabilities),
                                            lw_tensor_get_mutable_data (losses));
  loss = finish (s, losses, a);
  lw_scope_record (s, &logits_op, &logits, 1, loss, saved, a, sizeof *a);
  return loss;
}

/* Row r's sum and its clipped probability of the label; *inside: the clip left it as it was. */
static double
clipped (LwTensor *p, const Attributes *a, int r, gint32 label, double *row_sum, gboolean *inside)
{
  const gsize at = (gsize) r * (gsize) a->columns;
  double      sum = 0, q;

  if (lw_tensor_get_dtype (p) == LW_FLOAT32)
    {
      const float *row = lw_tensor_get_floats (p) + at;

      for (int c = 0; c < a->columns; c++)
        sum += (double) row[c];
      q = (double) row[label] / sum;
    }
  else
    {
      const double *row = (const double *) lw_tensor_get_data (p) + at;

      for (int c = 0; c < a->columns; c++)
        sum += row[c];
      q = row[label] / sum;
    }
  *row_sum = sum;
  *inside = !(q < EPSILON || q > 1 - EPSILON);
  return isnan (q) ? q : CLAMP (q, EPSILON, 1 - EPSILON);
}

/* With q = p[label] / S: d(-log q) / dp[c] = 1 / S - [c = label] / p[label]. */
static void
probabilities_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  const Attributes *a = node->attributes;
  LwTensor         *p = node->inputs[0];
  const gint32     *labels = lw_tensor_get_data (node->saved[1]);
  LwTensor         *inputs[] = { gy, p };
  gpointer          out;

  gx[0] = lw_op_new_like (s, p);
  if (gx[0] == NULL)
    return;
  out = lw_tensor_get_mutable_data (gx[0]);
  for (int r = 0; r < a->rows; r++)
    {
      double   sum;
      gboolean inside;
      double   q = clipped (p, a, r, labels[r], &sum, &inside);
      double   factor = row_gradient (a, gy, r);

      /* Everywhere alike, but for the label's own. */
      const double others = inside ? factor * (1 / sum) : 0;
      const double at_label = inside ? factor * (1 / sum - 1 / (q * sum)) : 0;
      const gsize  at = (gsize) r * (gsize) a->columns;

      if (lw_tensor_get_dtype (p) == LW_FLOAT32)
        {
          float *row = (float *) out + at;

          for (int c = 0; c < a->columns; c++)
            row[c] = (float) others;
          row[labels[r]] = (float) at_label;
        }
      else
        {
          double *row = (double *) out + at;

          for (int c = 0; c < a->columns; c++)
            row[c] = others;
          row[labels[r]] = at_label;
        }
    }
  lw_op_record_opaque (s, &gradient_op, inputs, 2, gx[0]);
}

static const LwOp probabilities_op = { "sparse_categorical_crossentropy", probabilities_gradient };

static LwTensor *
from_probabilities (LwScope *s, LwTensor *labels, LwTensor *p, const Attributes *a)
{
  const LwKernels *kernels = lw_scope_get_device (s)->kernels;
  const gint32    *label = lw_tensor_get_data (labels);
  LwDType          dtype = lw_tensor_get_dtype (p);
  LwTensor        *losses = lw_scope_new_tensor (s, dtype, &LW_SHAPE (a->rows));
  LwTensor        *saved[2] = { NULL, labels };
  LwTensor        *loss;
  gpointer         out;

  if (losses == NULL)
    return lw_scope_get_invalid (s);
  out = lw_tensor_get_mutable_data (losses);
  for (int r = 0; r < a->rows; r++)
    {
      double   sum;
      gboolean inside;
      double   q = clipped (p, a, r, label[r], &sum, &inside);

      if (dtype == LW_FLOAT32)
        ((float *) out)[r] = (float) q;
      else
        ((double *) out)[r] = -log (q);
    }
  if (dtype == LW_FLOAT32)
    {
      /* float's own logarithm, the same on every machine */
      kernels->log ((gsize) a->rows, out, out);
      kernels->scale ((gsize) a->rows, -1, out, out);
    }
  loss = finish (s, losses, a);
  lw_scope_record (s, &probabilities_op, &p, 1, loss, saved, a, sizeof *a);
  return loss;
}

static LwTensor *
compute (LwScope *s, LwTensor *labels, LwTensor *y_pred, gboolean logits, gboolean each)
{
  Attributes attributes = { .each = each };

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  labels = check (s, labels, y_pred, &attributes);
  if (labels == NULL)
    return lw_scope_get_invalid (s);
  return logits ? from_logits (s, labels, y_pred, &attributes)
                : from_probabilities (s, labels, y_pred, &attributes);
}

LwTensor *
lw_sparse_categorical_crossentropy (LwScope *s, LwTensor *labels, LwTensor *y_pred, gboolean logits)
{
  return compute (s, labels, y_pred, logits, FALSE);
}

LwTensor *
lw_sparse_categorical_crossentropy_each (LwScope *s, LwTensor *labels, LwTensor *y_pred, gboolean logits)
{
  return compute (s, labels, y_pred, logits, TRUE);
}
