#include "engine/train/state.h"

#include "engine/nn/sequential.h"

#include <string.h>

static LwTensor **
copy_tensors (LwTensor *const *tensors, guint n)
{
  LwTensor **copy = g_new0 (LwTensor *, n);

  for (guint i = 0; i < n; i++)
    copy[i] = lw_tensor_ref (tensors[i]);
  return copy;
}

static void
free_tensors (LwTensor **tensors, guint n)
{
  for (guint i = 0; i < n; i++)
    lw_tensor_unref (tensors[i]);
  g_free (tensors);
}

static gboolean
tensors_equal (LwTensor *const *a, guint n_a, LwTensor *const *b, guint n_b)
{
  if (n_a != n_b)
    return FALSE;
  for (guint i = 0; i < n_a; i++)
    if (!lw_tensor_equal (a[i], b[i]))
      return FALSE;
  return TRUE;
}

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

/* Which images train, in which order and batches; the number of epochs is the caller's affair. */
static gboolean
settings_equal (const LwRunSettings *a, const LwRunSettings *b)
{
  return a->batch_size == b->batch_size && a->shuffle == b->shuffle && a->seed == b->seed
         && a->validation == b->validation
         && (a->validation != LW_VALIDATION_FRACTION || same_bits (a->fraction, b->fraction));
}

LwState *
lw_state_new (const LwState *from)
{
  LwState *state = g_new0 (LwState, 1);

  *state = *from;
  g_atomic_ref_count_init (&state->ref_count);
  state->model = lw_model_spec_ref (from->model);
  state->weights = copy_tensors (from->weights, from->n_weights);
  state->slots = copy_tensors (from->slots, from->n_slots);
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
  free_tensors (state->weights, state->n_weights);
  free_tensors (state->slots, state->n_slots);
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
      || !tensors_equal (a->weights, a->n_weights, b->weights, b->n_weights)
      || !tensors_equal (a->slots, a->n_slots, b->slots, b->n_slots)
      || !same_bits (a->learning_rate, b->learning_rate) || a->step != b->step || a->epoch != b->epoch
      || a->position != b->position || !rng_equal (&a->shuffle, &b->shuffle)
      || a->n_rngs != b->n_rngs || !same_bits (a->loss_sum, b->loss_sum)
      || !same_bits (a->correct_sum, b->correct_sum)
      || a->n_counted != b->n_counted)
    return FALSE;
  for (guint i = 0; i < a->n_rngs; i++)
    if (!rng_equal (&a->rngs[i], &b->rngs[i]))
      return FALSE;
  return TRUE;
}

LwRun *
lw_run_new (LwModelSpec *model, const LwRunSettings *settings, LwState *state, LwHistory *history)
{
  LwRun *run = g_new0 (LwRun, 1);

  run->model = lw_model_spec_ref (model);
  run->settings = *settings;
  run->state = state != NULL ? lw_state_ref (state) : NULL;
  run->history = history != NULL ? lw_history_ref (history) : NULL;
  return run;
}

void
lw_run_free (LwRun *run)
{
  if (run == NULL)
    return;
  lw_model_spec_unref (run->model);
  lw_state_unref (run->state);
  g_clear_pointer (&run->history, lw_history_unref);
  g_free (run);
}
