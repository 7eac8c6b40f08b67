#include "engine/train/state.h"

#include "engine/nn/sequential.h"
#include "engine/train/tensor_list.h"

#include <string.h>

static gboolean
rng_equal (const LwRng *a, const LwRng *b)
{
  return a->seed == b->seed && a->stream == b->stream && a->counter == b->counter;
}

static gboolean
same_bits (double a, double b)
{
  return memcmp (&a, &b, sizeof a) == 0;
}

/* Which images train, in which order and batches, and what validations lead to; the number of epochs is the
 * caller's affair, and that of threads changes nothing. */
static gboolean
settings_equal (const LwRunSettings *a, const LwRunSettings *b)
{
  return a->batch_size == b->batch_size && a->shuffle == b->shuffle && a->seed == b->seed
         && a->validation == b->validation
         && (a->validation != LW_VALIDATION_FRACTION || same_bits (a->fraction, b->fraction))
         && a->patience == b->patience && !a->keep_best == !b->keep_best;
}

LwState *
lw_state_new (const LwState *from)
{
  LwState *state = g_new0 (LwState, 1);

  *state = *from;
  g_atomic_ref_count_init (&state->ref_count);
  state->model = lw_model_spec_ref (from->model);
  state->weights = lw_tensor_list_copy (from->weights, from->n_weights);
  state->slots = lw_tensor_list_copy (from->slots, from->n_slots);
  state->stopping = lw_early_stopping_copy (&from->stopping);
  state->rngs = g_memdup2 (from->rngs, from->n_rngs * sizeof *from->rngs);
  state->sequential = NULL;
  return state;
}

LwState *
lw_state_ref (LwState *state)
{
  g_atomic_ref_count_inc (&state->ref_count);
  return state;
}

void
lw_state_unref (LwState *state)
{
  if (state == NULL || !g_atomic_ref_count_dec (&state->ref_count))
    return;
  lw_sequential_free (state->sequential);
  lw_tensor_list_free (state->weights, state->n_weights);
  lw_tensor_list_free (state->slots, state->n_slots);
  lw_early_stopping_clear (&state->stopping);
  g_free (state->rngs);
  lw_model_spec_unref (state->model);
  g_free (state);
}

LwSequential *
lw_state_get_sequential (LwState *state, GError **error)
{
  LwSequential *sequential = g_atomic_pointer_get (&state->sequential);

  if (sequential != NULL)
    return sequential;
  sequential = lw_sequential_new_with (state->model, state->n_weights, state->weights, NULL, error);
  if (sequential == NULL || g_atomic_pointer_compare_and_exchange (&state->sequential, NULL, sequential))
    return sequential;
  lw_sequential_free (sequential); /* another thread was first */
  return g_atomic_pointer_get (&state->sequential);
}

gboolean
lw_state_equal (const LwState *a, const LwState *b)
{
  if (!lw_model_spec_equal (a->model, b->model) || !settings_equal (&a->settings, &b->settings)
      || !lw_tensor_list_equal (a->weights, a->n_weights, b->weights, b->n_weights)
      || !lw_tensor_list_equal (a->slots, a->n_slots, b->slots, b->n_slots)
      || a->slots_begin != b->slots_begin || !same_bits (a->learning_rate, b->learning_rate)
      || a->step != b->step || a->epoch != b->epoch
      || a->position != b->position || !rng_equal (&a->shuffle, &b->shuffle)
      || a->n_rngs != b->n_rngs || !same_bits (a->loss_sum, b->loss_sum)
      || !same_bits (a->correct_sum, b->correct_sum)
      || a->n_counted != b->n_counted || !lw_early_stopping_equal (&a->stopping, &b->stopping))
    return FALSE;
  for (guint i = 0; i < a->n_rngs; i++)
    if (!rng_equal (&a->rngs[i], &b->rngs[i]))
      return FALSE;
  return TRUE;
}
