#include "engine/nn/metrics.h"

#include "engine/ops/ops.h"

#include <glib/gi18n-lib.h>

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

gint64
lw_sparse_categorical_accuracy (LwScope *s, LwTensor *labels, LwTensor *y_pred, LwMean *mean)
{
  LwTensor     *guesses = lw_argmax (s, y_pred);
  const gint64 *guess;
  gint64        right = 0;
  gsize         n;

  if (lw_scope_has_failed (s))
    return 0;
  n = lw_tensor_get_count (guesses);
  if (lw_tensor_get_rank (y_pred) != 2 || lw_tensor_get_rank (labels) != 1 || lw_tensor_get_count (labels) != n)
    {
      g_autofree char *have = lw_shape_to_string (lw_tensor_get_shape (y_pred));
      g_autofree char *have_labels = lw_shape_to_string (lw_tensor_get_shape (labels));

      lw_scope_fail (s, LW_ERROR_SHAPE, _("Accuracy compares one row of scores per label, but the labels have "
                                          "shape %s and the predictions %s"), have_labels, have);
      return 0;
    }
  guess = lw_tensor_get_data (guesses);
  for (gsize i = 0; i < n; i++)
    right += guess[i] == (gint64) lw_tensor_get_value (labels, i);
  if (mean != NULL)
    lw_mean_update_state (mean, n > 0 ? (double) right / (double) n : 0, (double) n);
  return right;
}
