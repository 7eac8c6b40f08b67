#include "engine/train/batch_gradient.h"

#include "engine/autodiff/tape.h"
#include "engine/nn/loss.h"
#include "engine/nn/metrics.h"
#include "engine/ops/op.h"

#include <string.h>

/* Sums of gradients that are kept beside each other: each of these runs of parts is added up by one
 * thread, and the sums at the end. */
#define MAX_RUNS 16

/* Elements that a thread adds up at a time. */
#define ADD_GRAIN 8192

typedef struct {
  LwSequential      *sequential;
  guint              n_variables;
  LwVariable *const *variables;
  LwTensor          *images, *labels;
  gsize              n, rows; /* in the batch, in a part */
  guint              n_parts, n_runs;
} Batch;

/* The parts that one thread adds up. Room for the sums is there before: so a step's demand for memory does not
 * depend on which thread takes how many of the runs. */
typedef struct {
  LwTensor **sums; /* of gradients: [n_variables], owned; NULL for none, and at first where there is one part */
  gboolean   begun; /* something is in them */
  double     loss;
  gint64     n_right;
  LwRng     *rngs; /* as the run's last part leaves them */
  GError    *error;
} Run;

typedef struct {
  Batch *batch;
  Run   *runs;
} Work;

/* The gradients of one part's share in the mean loss. */
static gboolean
differentiate (const Batch *batch, LwScope *s, gsize first, gsize n, Run *run, LwTensor **grads,
               GError **error)
{
  const LwSpec     *loss_object = lw_model_spec_get_loss (lw_sequential_get_model (batch->sequential));
  LwTensor         *images = lw_scope_take (s, lw_tensor_new_rows (batch->images, first, n));
  LwTensor         *labels = lw_scope_take (s, lw_tensor_new_rows (batch->labels, first, n));
  const double      share = (double) n / (double) batch->n;
  g_autoptr (LwTape) tape = lw_tape_begin (s, FALSE);

  LwTensor *y_pred = lw_sequential_call_part (batch->sequential, s, images, first, run->rngs);
  LwTensor *loss = lw_loss_call (s, loss_object, labels, y_pred);
  LwTensor *share_of_loss = lw_constant_scalar (s, LW_FLOAT32, share);

  if (!lw_tape_gradient_of_variables_with (tape, s, 1, &loss, batch->n_variables, batch->variables,
                                           &(LwGradientOptions) { .output_gradients = &share_of_loss }, grads,
                                           error))
    return FALSE;
  run->loss += lw_tensor_get_value (loss, 0) * share;
  run->n_right += lw_sparse_categorical_accuracy (s, labels, y_pred, NULL);
  return TRUE;
}

static void
add_to (const LwKernels *kernels, LwTensor *sum, LwTensor *grad)
{
  float *sums = lw_tensor_get_mutable_data (sum);

  kernels->add (lw_tensor_get_count (sum), sums, lw_tensor_get_floats (grad), sums);
}

static gboolean
add_part (const Batch *batch, LwScope *s, guint part, Run *run, LwTensor **grads, GError **error)
{
  const gsize first = part * batch->rows;

  if (!differentiate (batch, s, first, MIN (batch->rows, batch->n - first), run, grads, error))
    return FALSE;
  for (guint i = 0; i < batch->n_variables; i++)
    if (batch->n_parts == 1)
      run->sums[i] = grads[i] != NULL ? lw_tensor_ref (grads[i]) : NULL;
    else if (grads[i] == NULL)
      g_clear_pointer (&run->sums[i], lw_tensor_unref);
    else if (run->begun)
      add_to (lw_scope_get_device (s)->kernels, run->sums[i], grads[i]);
    else
      memcpy (lw_tensor_get_mutable_data (run->sums[i]), lw_tensor_get_data (grads[i]),
              lw_tensor_get_byte_size (grads[i]));
  run->begun = TRUE;
  return TRUE;
}

static void
add_parts (gpointer data, int index, LwDevice *single)
{
  const Work          *work = data;
  const Batch         *batch = work->batch;
  Run                 *run = &work->runs[index];
  g_autofree LwTensor **grads = g_new (LwTensor *, batch->n_variables);
  const guint          end = (guint) (index + 1) * batch->n_parts / batch->n_runs;

  for (guint part = (guint) index * batch->n_parts / batch->n_runs; part < end && run->error == NULL; part++)
    {
      LwScope *s = lw_scope_begin (single);
      gboolean ok = add_part (batch, s, part, run, grads, &run->error);

      lw_scope_end (s, ok ? &run->error : NULL);
    }
}

/* -- joining the runs -- */

typedef struct {
  const LwKernels *kernels;
  const Run       *runs;
  guint            n_runs, variable;
} Joining;

static void
join_range (gpointer data, gsize first, gsize n)
{
  const Joining *joining = data;
  float         *sum = (float *) lw_tensor_get_mutable_data (joining->runs[0].sums[joining->variable]) + first;

  for (guint r = 1; r < joining->n_runs; r++)
    joining->kernels->add (n, sum, lw_tensor_get_floats (joining->runs[r].sums[joining->variable]) + first, sum);
}

/* Adds everything to the first run, in order. All parts are alike, so a gradient is missing in all or none. */
static gboolean
join_runs (LwScope *s, Work *work, GError **error)
{
  Run *first = &work->runs[0];

  for (guint r = 0; r < work->batch->n_runs; r++)
    if (work->runs[r].error != NULL)
      {
        g_propagate_error (error, g_steal_pointer (&work->runs[r].error));
        return FALSE;
      }
  for (guint r = 1; r < work->batch->n_runs; r++)
    {
      first->loss += work->runs[r].loss;
      first->n_right += work->runs[r].n_right;
    }
  for (guint i = 0; i < work->batch->n_variables && work->batch->n_runs > 1; i++)
    {
      Joining joining = { lw_scope_get_device (s)->kernels, work->runs, work->batch->n_runs, i };

      if (first->sums[i] != NULL)
        lw_op_run_range (s, lw_tensor_get_count (first->sums[i]), ADD_GRAIN, join_range, &joining);
    }
  return TRUE;
}

/* What regularizers add, to the loss and to the gradients. */
static gboolean
add_penalty (LwScope *s, const Batch *batch, Run *run, GError **error)
{
  g_autoptr (LwTape)    tape = lw_tape_begin (s, FALSE);
  LwTensor             *penalty = lw_sequential_get_penalty (batch->sequential, s);
  g_autofree LwTensor **grads = NULL;

  if (penalty == NULL)
    return TRUE;
  grads = g_new (LwTensor *, batch->n_variables);
  if (!lw_tape_gradient_of_variables (tape, s, penalty, batch->n_variables, batch->variables, grads, error))
    return FALSE;
  run->loss += lw_tensor_get_value (penalty, 0);
  for (guint i = 0; i < batch->n_variables; i++)
    if (grads[i] != NULL)
      {
        LwTensor *sum = run->sums[i] != NULL ? lw_add (s, run->sums[i], grads[i]) : grads[i];

        lw_tensor_ref (sum);
        lw_tensor_unref (run->sums[i]);
        run->sums[i] = sum;
      }
  return TRUE;
}

/* The penalty's gradients are made in a scope that ends here, so that nothing but the variables themselves
 * holds their values when the optimizer comes. */
static gboolean
finish (LwScope *s, Work *work, GError **error)
{
  LwScope *inner;
  gboolean ok;

  if (!join_runs (s, work, error))
    return FALSE;
  inner = lw_scope_begin_nested (s);
  ok = add_penalty (inner, work->batch, &work->runs[0], error);
  return lw_scope_end (inner, ok ? error : NULL) && ok;
}

static gboolean
run_init (Run *run, const Batch *batch, LwScope *s, guint n_rngs, GError **error)
{
  run->sums = g_new0 (LwTensor *, batch->n_variables);
  run->rngs = g_new0 (LwRng, n_rngs);
  for (guint i = 0; i < batch->n_variables && batch->n_parts > 1; i++)
    {
      run->sums[i] = lw_tensor_new (lw_scope_get_device (s)->pool, LW_FLOAT32,
                                    lw_variable_get_shape (batch->variables[i]), error);
      if (run->sums[i] == NULL)
        return FALSE;
    }
  return TRUE;
}

static void
run_clear (Run *run, guint n_variables)
{
  for (guint i = 0; run->sums != NULL && i < n_variables; i++)
    lw_tensor_unref (run->sums[i]);
  g_free (run->sums);
  g_free (run->rngs);
  g_clear_error (&run->error);
}

gboolean
lw_batch_gradient (LwSequential *sequential, LwScope *s, LwTensor *images, LwTensor *labels, gsize rows,
                   LwTensor **grads, LwBatchResult *result, GError **error)
{
  Batch    batch = { .sequential = sequential, .images = images, .labels = labels,
                     .n = (gsize) lw_tensor_get_dim (images, 0) };
  Run      runs[MAX_RUNS] = { 0 };
  Work     work = { &batch, runs };
  guint    n_rngs;
  gboolean ok;

  g_return_val_if_fail (batch.n >= 1 && rows >= 1 && lw_tensor_get_dim (labels, 0) == (gint64) batch.n, FALSE);
  batch.variables = lw_sequential_get_trainable_variables (sequential, &batch.n_variables);
  lw_sequential_get_rngs (sequential, &n_rngs);
  batch.rows = MIN (rows, batch.n);
  batch.n_parts = (guint) ((batch.n + batch.rows - 1) / batch.rows);
  batch.n_runs = MIN (batch.n_parts, MAX_RUNS);
  ok = TRUE;
  for (guint r = 0; r < batch.n_runs && ok; r++)
    ok = run_init (&runs[r], &batch, s, n_rngs, error);

  if (ok && batch.n_parts > 1)
    lw_device_run_apart (lw_scope_get_device (s), (int) batch.n_runs, add_parts, &work);
  else if (ok)
    add_parts (&work, 0, lw_scope_get_device (s));
  ok = ok && finish (s, &work, error);
  for (guint i = 0; ok && i < batch.n_variables; i++)
    grads[i] = runs[0].sums[i] != NULL ? lw_scope_take (s, g_steal_pointer (&runs[0].sums[i])) : NULL;
  if (ok)
    {
      lw_sequential_set_rngs (sequential, runs[batch.n_runs - 1].rngs);
      *result = (LwBatchResult) { runs[0].loss, runs[0].n_right };
    }
  for (guint r = 0; r < batch.n_runs; r++)
    run_clear (&runs[r], batch.n_variables);
  return ok;
}
