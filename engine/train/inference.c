#include "engine/train/inference.h"

#include "engine/nn/sequential.h"
#include "engine/ops/constant.h"
#include "engine/ops/ops.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static gboolean
check_input (LwState *state, LwTensor *x, GError **error)
{
  const LwShape   *input = lw_model_spec_get_input (state->model);
  const LwShape   *shape = lw_tensor_get_shape (x);
  gboolean         fits = shape->rank == input->rank + 1 && lw_tensor_get_dtype (x) == LW_FLOAT32;
  g_autofree char *want = NULL;
  g_autofree char *have = NULL;

  for (int i = 0; fits && i < input->rank; i++)
    fits = input->dims[i] == LW_DIM_ANY || input->dims[i] == shape->dims[i + 1];
  if (fits)
    return TRUE;
  want = lw_shape_to_string (input);
  have = lw_shape_to_string (shape);
  g_set_error (error, LW_ERROR, LW_ERROR_SHAPE,
               _("The model takes float32 images of %s, n of them as one array n×%s, but was given %s of %s"),
               want, want, have, lw_dtype_get_name (lw_tensor_get_dtype (x)));
  return FALSE;
}

static LwTensor *
rows_view (LwTensor *x, gsize first, gsize n)
{
  LwShape shape = *lw_tensor_get_shape (x);
  gsize   row = lw_tensor_get_count (x) / MAX ((gsize) shape.dims[0], 1);

  shape.dims[0] = (gint64) n;
  return lw_tensor_new_from_data (NULL, LW_FLOAT32, &shape, lw_tensor_get_floats (x) + first * row, NULL);
}

typedef LwTensor *(*Ending) (LwScope *s, LwTensor *y);

/* A loss of differences fits each row to 0s with one 1, which the numbers may leave on both sides: those
 * above 0 by their sum. (The limit keeps a row without any from 0 / 0.) */
static LwTensor *
to_shares (LwScope *s, LwTensor *y)
{
  LwTensor *above = lw_maximum (s, y, LW_TENSOR (s, 1e-7f));

  return lw_divide (s, above, lw_reduce_sum (s, above, (int[]) { -1 }, 1, TRUE));
}

/* What makes probabilities of the model's outputs; NULL where they are some already. */
static Ending
get_ending (LwState *state)
{
  const LwSpec *loss = lw_model_spec_get_loss (state->model);

  if (lw_spec_class_find (lw_spec_get_class (loss), "from_logits", NULL) != NULL)
    return lw_spec_get_bool (loss, "from_logits") ? lw_softmax : NULL;
  return lw_model_spec_ends_in_probabilities (state->model) ? NULL : to_shares;
}

static LwTensor *
predict (LwState *state, LwDevice *device, LwTensor *x, guint batch, Ending ending, GError **error)
{
  g_autoptr (LwSequential) sequential = NULL;
  g_autoptr (LwTensor)     all = NULL;
  gsize                    n = lw_tensor_get_rank (x) > 0 ? (gsize) lw_tensor_get_dim (x, 0) : 0;

  g_return_val_if_fail (batch >= 1, NULL);
  if (!check_input (state, x, error))
    return NULL;
  sequential = lw_sequential_new_with (state->model, state->n_weights, state->weights, NULL, error);
  if (sequential == NULL)
    return NULL;

  for (gsize first = 0; first == 0 || first < n; first += batch)
    {
      gsize     count = MIN (batch, n - first);
      LwScope  *s = lw_scope_begin (device);
      LwTensor *part = count == n ? x : lw_scope_take (s, rows_view (x, first, count));
      LwTensor *y = lw_sequential_call (sequential, s, part, FALSE);

      if (ending != NULL)
        y = ending (s, y);
      if (!lw_scope_has_failed (s) && all == NULL)
        {
          LwShape shape = *lw_tensor_get_shape (y);

          shape.dims[0] = (gint64) n;
          all = lw_tensor_new (NULL, LW_FLOAT32, &shape, error);
        }
      if (!lw_scope_has_failed (s) && all != NULL && n > 0)
        memcpy ((char *) lw_tensor_get_mutable_data (all) + first * (lw_tensor_get_byte_size (all) / n),
                lw_tensor_get_data (y), lw_tensor_get_byte_size (y));
      if (!lw_scope_end (s, error) || all == NULL)
        return NULL;
    }
  return g_steal_pointer (&all);
}

LwTensor *
lw_state_predict (LwState *state, LwDevice *device, LwTensor *x, guint batch, GError **error)
{
  return predict (state, device, x, batch, NULL, error);
}

LwTensor *
lw_state_predict_probabilities (LwState *state, LwDevice *device, LwTensor *x, guint batch, GError **error)
{
  return predict (state, device, x, batch, get_ending (state), error);
}
