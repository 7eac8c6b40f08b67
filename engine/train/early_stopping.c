#include "engine/train/early_stopping.h"

#include "engine/train/tensor_list.h"

#include <math.h>
#include <string.h>

LwEarlyStopping
lw_early_stopping_copy (const LwEarlyStopping *stopping)
{
  LwEarlyStopping copy = *stopping;

  copy.weights = lw_tensor_list_copy (stopping->weights, stopping->n_weights);
  return copy;
}

void
lw_early_stopping_clear (LwEarlyStopping *stopping)
{
  lw_tensor_list_free (stopping->weights, stopping->n_weights);
  *stopping = (LwEarlyStopping) { 0 };
}

gboolean
lw_early_stopping_equal (const LwEarlyStopping *a, const LwEarlyStopping *b)
{
  return a->best_epoch == b->best_epoch && a->waited == b->waited && !a->owed == !b->owed
         && (a->best_epoch == 0 || memcmp (&a->best_loss, &b->best_loss, sizeof a->best_loss) == 0)
         && lw_tensor_list_equal (a->weights, a->n_weights, b->weights, b->n_weights);
}

gboolean
lw_early_stopping_is_on (const LwRunSettings *settings)
{
  return (settings->patience > 0 || settings->keep_best) && settings->validation != LW_VALIDATION_NONE;
}

void
lw_early_stopping_fit (LwEarlyStopping *stopping, const LwRunSettings *settings)
{
  const gboolean owed = stopping->owed;

  if (!lw_early_stopping_is_on (settings))
    lw_early_stopping_clear (stopping);
  else if (settings->keep_best && stopping->best_epoch > 0 && stopping->n_weights == 0)
    *stopping = (LwEarlyStopping) { .owed = owed };
  else if (!settings->keep_best)
    {
      lw_tensor_list_free (stopping->weights, stopping->n_weights);
      stopping->weights = NULL;
      stopping->n_weights = 0;
    }
}

gboolean
lw_early_stopping_tell (LwEarlyStopping *stopping, const LwRunSettings *settings, guint epoch, double loss,
                        guint n_weights, LwTensor *const *weights)
{
  stopping->owed = FALSE;
  if (isfinite (loss) && (stopping->best_epoch == 0 || loss < stopping->best_loss))
    {
      lw_early_stopping_clear (stopping);
      stopping->best_epoch = epoch;
      stopping->best_loss = loss;
      if (settings->keep_best)
        {
          stopping->n_weights = n_weights;
          stopping->weights = lw_tensor_list_copy (weights, n_weights);
        }
      return FALSE;
    }
  stopping->waited++;
  if (settings->patience == 0 || stopping->waited < settings->patience || epoch <= 1)
    return FALSE;
  stopping->waited = 0;
  return TRUE;
}

gboolean
lw_early_stopping_has_stopped (const LwEarlyStopping *stopping, const LwRunSettings *settings, guint epoch)
{
  /* An epoch that is not the best one leaves `waited` at 0 only when it is the last to be waited for. */
  return lw_early_stopping_is_on (settings) && settings->patience > 0 && epoch > 1 && !stopping->owed
         && stopping->waited == 0 && stopping->best_epoch > 0 && stopping->best_epoch != epoch;
}
