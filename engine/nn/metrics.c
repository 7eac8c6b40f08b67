#include "engine/nn/metrics.h"

#include "engine/nn/metrics_private.h"
#include "engine/ops/ops.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#define STANDARD_K 5

gboolean
lw_metric_check (LwScope *s, const char *metric, LwTensor *labels, LwTensor *y_pred)
{
  LwDType dtype = lw_tensor_get_dtype (labels);

  if (lw_scope_has_failed (s))
    return FALSE;
  if (lw_tensor_get_rank (y_pred) != 2 || lw_tensor_get_rank (labels) != 1
      || lw_tensor_get_dim (labels, 0) != lw_tensor_get_dim (y_pred, 0) || lw_tensor_get_dim (y_pred, 1) < 1)
    {
      g_autofree char *have = lw_shape_to_string (lw_tensor_get_shape (y_pred));
      g_autofree char *have_labels = lw_shape_to_string (lw_tensor_get_shape (labels));

      lw_scope_fail (s, LW_ERROR_SHAPE, _("%s compares one row of scores per label, but the labels have "
                                          "shape %s and the predictions %s"), _(metric), have_labels, have);
      return FALSE;
    }
  if (lw_dtype_is_floating (dtype) || dtype == LW_BOOL || !lw_dtype_is_floating (lw_tensor_get_dtype (y_pred)))
    {
      lw_scope_fail (s, LW_ERROR_DTYPE, _("%s takes labels of an integer dtype and scores in float32 or float64, "
                                          "not %s and %s"), _(metric), lw_dtype_get_name (dtype),
                     lw_dtype_get_name (lw_tensor_get_dtype (y_pred)));
      return FALSE;
    }
  return TRUE;
}

gint64
lw_metric_get_label (LwTensor *labels, gsize i)
{
  return lw_tensor_get_dtype (labels) == LW_INT64 ? ((const gint64 *) lw_tensor_get_data (labels))[i]
                                                  : (gint64) lw_tensor_get_value (labels, i);
}

/* -- Mean -- */

void
lw_mean_reset_state (LwMean *mean)
{
  *mean = (LwMean) { 0, 0 };
}

void
lw_mean_update_state (LwMean *mean, double value, double weight)
{
  mean->total += value * weight;
  mean->count += weight;
}

double
lw_mean_result (const LwMean *mean)
{
  return mean->count != 0 ? mean->total / mean->count : 0;
}

/* -- SparseCategoricalAccuracy -- */

gint64
lw_sparse_categorical_accuracy (LwScope *s, LwTensor *labels, LwTensor *y_pred, LwMean *mean)
{
  LwTensor     *guesses;
  const gint64 *guess;
  gint64        right = 0;
  gsize         n;

  if (!lw_metric_check (s, N_("Accuracy"), labels, y_pred))
    return 0;
  guesses = lw_argmax (s, y_pred);
  if (lw_scope_has_failed (s))
    return 0;
  n = lw_tensor_get_count (guesses);
  guess = lw_tensor_get_data (guesses);
  for (gsize i = 0; i < n; i++)
    right += guess[i] == lw_metric_get_label (labels, i);
  if (mean != NULL)
    lw_mean_update_state (mean, n > 0 ? (double) right / (double) n : 0, (double) n);
  return right;
}

void
lw_sparse_categorical_accuracy_reset_state (LwSparseCategoricalAccuracy *accuracy)
{
  lw_mean_reset_state (&accuracy->mean);
}

gboolean
lw_sparse_categorical_accuracy_update_state (LwSparseCategoricalAccuracy *accuracy, LwScope *s,
                                             LwTensor *labels, LwTensor *y_pred)
{
  lw_sparse_categorical_accuracy (s, labels, y_pred, &accuracy->mean);
  return !lw_scope_has_failed (s);
}

double
lw_sparse_categorical_accuracy_result (const LwSparseCategoricalAccuracy *accuracy)
{
  return lw_mean_result (&accuracy->mean);
}

/* -- SparseTopKCategoricalAccuracy -- */

void
lw_sparse_top_k_categorical_accuracy_reset_state (LwSparseTopKCategoricalAccuracy *accuracy)
{
  lw_mean_reset_state (&accuracy->mean);
}

static gboolean
is_in_top_k (LwTensor *y_pred, gsize row, gint64 label, gint64 k)
{
  gsize  columns = (gsize) lw_tensor_get_dim (y_pred, 1);
  gint64 greater = 0;
  double at_label;

  if (label < 0 || label >= (gint64) columns)
    return FALSE;
  at_label = lw_tensor_get_value (y_pred, row * columns + (gsize) label);
  for (gsize c = 0; c < columns; c++)
    {
      double score = lw_tensor_get_value (y_pred, row * columns + c);

      if (!isfinite (score))
        return FALSE;
      greater += score > at_label;
    }
  return greater < k;
}

gboolean
lw_sparse_top_k_categorical_accuracy_update_state (LwSparseTopKCategoricalAccuracy *accuracy, LwScope *s,
                                                   LwTensor *labels, LwTensor *y_pred)
{
  gint64 right = 0;
  gsize  n;

  if (!lw_metric_check (s, N_("Top-k accuracy"), labels, y_pred))
    return FALSE;
  if (accuracy->k < 0)
    {
      lw_scope_fail (s, LW_ERROR_VALUE, _("Top-k accuracy looks at the k greatest scores, k from 1 on, not %d"),
                     accuracy->k);
      return FALSE;
    }
  n = lw_tensor_get_count (labels);
  for (gsize i = 0; i < n; i++)
    right += is_in_top_k (y_pred, i, lw_metric_get_label (labels, i),
                          accuracy->k > 0 ? accuracy->k : STANDARD_K);
  lw_mean_update_state (&accuracy->mean, n > 0 ? (double) right / (double) n : 0, (double) n);
  return TRUE;
}

double
lw_sparse_top_k_categorical_accuracy_result (const LwSparseTopKCategoricalAccuracy *accuracy)
{
  return lw_mean_result (&accuracy->mean);
}
