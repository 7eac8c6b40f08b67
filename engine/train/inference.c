#include "engine/train/inference.h"

#include "engine/nn/sequential.h"
#include "engine/ops/constant.h"
#include "engine/ops/ops.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* What a part's activations may take, so that they stay in a core's second-level cache; and the most images
 * that it has: small models gain no more by more. */
#define PART_BYTES (1 << 19)
#define MAX_PART   64

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

/* -- in parts -- */

guint
lw_inference_get_part (const LwModelSpec *model, const LwShape *image)
{
  g_autoptr (LwModelSpec) sized = lw_model_spec_with_input ((LwModelSpec *) model, image);
  double                  before = lw_shape_get_volume (image), largest = before;

  /* A layer's input and output are there at the same time. */
  for (guint i = 0; i < lw_model_spec_get_n_layers (sized); i++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (sized, i);
      const double       here = info != NULL ? lw_shape_get_volume (&info->output) : 0;

      largest = MAX (largest, before + here);
      before = here;
    }
  return (guint) CLAMP (PART_BYTES / (largest * sizeof (float)), 1, MAX_PART);
}

typedef struct {
  LwSequential *sequential;
  Ending        ending;
  LwTensor     *x, *y; /* y is made with the first part */
  gsize         n, rows;
  gint          failed; /* atomic */
  GError       *error;
} Work;

static void
keep_output (Work *work, LwTensor *part, gsize first, GError **error)
{
  LwShape shape = *lw_tensor_get_shape (part);
  gsize   row;

  if (work->y == NULL)
    {
      shape.dims[0] = (gint64) work->n;
      work->y = lw_tensor_new (NULL, LW_FLOAT32, &shape, error);
    }
  if (work->y == NULL || work->n == 0)
    return;
  row = lw_tensor_get_byte_size (work->y) / work->n;
  memcpy ((char *) lw_tensor_get_mutable_data (work->y) + first * row, lw_tensor_get_data (part),
          lw_tensor_get_byte_size (part));
}

static void
predict_part (Work *work, gsize part, LwDevice *device)
{
  const gsize first = part * work->rows;
  GError     *error = NULL;
  LwScope    *s;
  LwTensor   *y;

  if (g_atomic_int_get (&work->failed))
    return;
  s = lw_scope_begin (device);
  y = lw_sequential_call (work->sequential, s,
                          lw_scope_take (s, lw_tensor_new_rows (work->x, first, MIN (work->rows, work->n - first))),
                          FALSE);
  if (work->ending != NULL)
    y = work->ending (s, y);
  if (!lw_scope_has_failed (s))
    keep_output (work, y, first, &error);
  lw_scope_end (s, error == NULL ? &error : NULL);
  if (error == NULL)
    return;
  if (!g_atomic_int_compare_and_exchange (&work->failed, FALSE, TRUE))
    g_error_free (error);
  else
    work->error = error;
}

static void
predict_next_part (gpointer data, int part, LwDevice *single)
{
  predict_part (data, (gsize) part + 1, single);
}

static LwTensor *
predict (LwState *state, LwDevice *device, LwTensor *x, Ending ending, GError **error)
{
  Work work = { .ending = ending, .x = x };

  if (!check_input (state, x, error))
    return NULL;
  work.sequential = lw_state_get_sequential (state, error);
  if (work.sequential == NULL)
    return NULL;
  work.n = (gsize) lw_tensor_get_dim (x, 0);
  work.rows = 1;
  if (work.n > 1)
    {
      const LwShape image = lw_shape_tail (lw_tensor_get_shape (x), 1);

      work.rows = lw_inference_get_part (state->model, &image);
    }
  predict_part (&work, 0, device);
  if (work.n > work.rows)
    lw_device_run_apart (device, (int) ((work.n - 1) / work.rows), predict_next_part, &work);
  if (!work.failed)
    return work.y;
  g_propagate_error (error, work.error);
  lw_tensor_unref (work.y);
  return NULL;
}

LwTensor *
lw_state_predict (LwState *state, LwDevice *device, LwTensor *x, GError **error)
{
  return predict (state, device, x, NULL, error);
}

LwTensor *
lw_state_predict_probabilities (LwState *state, LwDevice *device, LwTensor *x, GError **error)
{
  return predict (state, device, x, get_ending (state), error);
}

gboolean
lw_state_evaluate (LwState *state, LwDevice *device, LwTensor *images, LwTensor *labels, LwEvaluation *result,
                   GError **error)
{
  LwSequential *sequential = lw_state_get_sequential (state, error);

  return sequential != NULL && lw_evaluate (sequential, device, images, labels, 0, NULL, result, error);
}
