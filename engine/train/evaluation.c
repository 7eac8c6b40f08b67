#include "engine/train/evaluation.h"

#include "engine/data/images.h"
#include "engine/nn/loss.h"
#include "engine/nn/metrics.h"
#include "engine/ops/ops.h"
#include "engine/train/inference.h"

/* Parts are added up in their order, whichever thread was faster. */
typedef struct {
  double loss; /* sum over the images */
  gint64 n_right;
} Part;

typedef struct {
  LwSequential *sequential;
  LwTensor     *images, *labels;
  gsize         n, rows; /* in all, in a part */
  const gint   *cancel;
  Part         *parts;
  GError       *error; /* the first one that came */
  gint          ended; /* atomic: cancelled or failed */
} Work;

static void
evaluate_part (gpointer data, int index, LwDevice *device)
{
  Work         *work = data;
  const gsize   first = (gsize) index * work->rows, n = MIN (work->rows, work->n - first);
  const LwSpec *loss_object = lw_model_spec_get_loss (lw_sequential_get_model (work->sequential));
  GError       *error = NULL;
  LwScope      *s;
  LwTensor     *labels, *y_pred, *loss;

  if (g_atomic_int_get (&work->ended))
    return;
  if (work->cancel != NULL && g_atomic_int_get (work->cancel))
    {
      g_atomic_int_set (&work->ended, TRUE);
      return;
    }
  s = lw_scope_begin (device);
  labels = lw_scope_take (s, lw_tensor_new_rows (work->labels, first, n));
  y_pred = lw_sequential_call (work->sequential, s,
                               lw_images_scale (s, lw_scope_take (s, lw_tensor_new_rows (work->images, first, n))),
                               FALSE);
  loss = lw_loss_call (s, loss_object, labels, y_pred);
  work->parts[index] = (Part) { lw_tensor_get_value (loss, 0) * (double) n,
                                lw_sparse_categorical_accuracy (s, labels, y_pred, NULL) };
  if (lw_scope_end (s, &error))
    return;
  if (!g_atomic_int_compare_and_exchange (&work->ended, FALSE, TRUE))
    g_error_free (error);
  else
    work->error = error;
}

/* What regularizers add to the loss. */
static gboolean
get_penalty (LwSequential *sequential, LwDevice *device, double *penalty, GError **error)
{
  LwScope  *s = lw_scope_begin (device);
  LwTensor *value = lw_sequential_get_penalty (sequential, s);

  *penalty = value != NULL ? lw_tensor_get_value (value, 0) : 0;
  return lw_scope_end (s, error);
}

gboolean
lw_evaluate (LwSequential *sequential, LwDevice *device, LwTensor *images, LwTensor *labels, gsize limit,
             const gint *cancel, LwEvaluation *result, GError **error)
{
  const LwShape   *shape = lw_tensor_get_shape (images);
  Work             work = { sequential, images, labels, .n = (gsize) shape->dims[0], .cancel = cancel };
  g_autofree Part *parts = NULL;
  gsize            n_parts;
  double           penalty;

  *result = (LwEvaluation) { 0 };
  if (limit > 0)
    work.n = MIN (work.n, limit);
  if (work.n == 0)
    return TRUE;
  if (!get_penalty (sequential, device, &penalty, error))
    return FALSE;
  work.rows = lw_inference_get_part (lw_sequential_get_model (sequential),
                                     &LW_SHAPE (shape->dims[1], shape->dims[2], 1));
  n_parts = (work.n + work.rows - 1) / work.rows;
  work.parts = parts = g_new0 (Part, n_parts);
  lw_device_run_apart (device, (int) n_parts, evaluate_part, &work);
  if (work.error != NULL)
    g_propagate_error (error, work.error);
  if (work.ended)
    return FALSE;

  for (gsize i = 0; i < n_parts; i++)
    {
      result->loss += parts[i].loss;
      result->accuracy += (double) parts[i].n_right;
    }
  result->n_images = (gint64) work.n;
  result->loss = result->loss / (double) work.n + penalty;
  result->accuracy /= (double) work.n;
  return TRUE;
}
