#include "file-tools.h"

#include "engine/autodiff/tape.h"
#include "engine/engine.h"
#include "engine/nn/loss.h"
#include "engine/nn/optimizer.h"
#include "engine/nn/sequential.h"
#include "engine/ops/ops.h"

#include <math.h>
#include <string.h>

/* The real Keras trained a model for three steps, saved it and trained for three more. From its file the
 * engine takes those steps too: losses, weights and the optimizer's variables are Keras', up to the
 * rounding of float32 in another order. */

#define N_BEFORE 3
#define N_STEPS 3
#define BATCH 16
#define SIDE 8

static LwTensor *
read_array (LwNpz *npz, const char *stem, guint k)
{
  g_autofree char *name = g_strdup_printf ("%s%u", stem, k);
  GError          *error = NULL;
  LwTensor        *tensor = lw_npz_read (npz, name, &error);

  g_assert_no_error (error);
  return tensor;
}

static void
assert_near (LwTensor *got, LwTensor *want)
{
  g_assert_true (lw_shape_equal (lw_tensor_get_shape (got), lw_tensor_get_shape (want)));
  for (gsize i = 0; i < lw_tensor_get_count (got); i++)
    g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (got, i), lw_tensor_get_value (want, i),
                                    2e-5 + 1e-3 * fabs (lw_tensor_get_value (want, i)));
}

static double
train_step (LwDevice *device, LwSequential *model, LwOptimizer *optimizer, const float *x, const gint32 *y)
{
  LwScope              *s = lw_scope_begin (device);
  LwTape               *tape = lw_tape_begin (s, FALSE);
  guint                 n;
  LwVariable *const    *variables = lw_sequential_get_trainable_variables (model, &n);
  g_autofree LwTensor **grads = g_new0 (LwTensor *, n);
  LwTensor             *images = lw_constant (s, LW_FLOAT32, &LW_SHAPE (BATCH, SIDE, SIDE, 1), x);
  LwTensor             *labels = lw_constant (s, LW_INT32, &LW_SHAPE (BATCH), y);
  LwTensor             *y_pred = lw_sequential_call (model, s, images, TRUE);
  LwTensor             *loss = lw_loss_call (s, lw_model_spec_get_loss (lw_sequential_get_model (model)), labels, y_pred);
  GError               *error = NULL;
  double                value;

  g_assert_true (lw_tape_gradient_of_variables (tape, s, loss, n, variables, grads, &error));
  g_assert_no_error (error);
  value = lw_tensor_get_value (loss, 0);
  g_assert_true (lw_optimizer_apply_gradients (optimizer, s, n, grads, &error));
  g_assert_no_error (error);
  lw_tape_free (tape);
  g_assert_true (lw_scope_end (s, NULL));
  return value;
}

static void
test_resume (gconstpointer name)
{
  g_autofree char          *base = g_strconcat (name, ".keras", NULL);
  g_autofree char          *path = test_fixture (name, base), *dump = test_fixture (name, "resume.npz");
  GError                   *error = NULL;
  LwRun                    *run = lw_keras_archive_load (path, &error);
  g_autoptr (LwNpz)         npz = lw_npz_open (dump, NULL);
  g_autoptr (LwDevice)      device = lw_device_new (2, 0, NULL);
  g_autoptr (LwSequential)  model = NULL;
  g_autoptr (LwOptimizer)   optimizer = NULL;
  g_autoptr (LwTensor)      xb = NULL, yb = NULL, losses = NULL;
  LwVariable *const        *variables;
  const LwState            *state;
  guint                     n;

  g_assert_no_error (error);
  g_assert_nonnull (npz);
  state = run->state;
  model = lw_sequential_new_with (run->model, state->n_weights, state->weights, state->rngs, &error);
  g_assert_no_error (error);
  variables = lw_sequential_get_trainable_variables (model, &n);
  optimizer = lw_optimizer_new (lw_model_spec_get_optimizer (run->model), n, variables, &error);
  g_assert_no_error (error);
  g_assert_true (lw_optimizer_set_slots (optimizer, state->n_slots, state->slots, &error));
  lw_optimizer_set_iterations (optimizer, state->step);
  lw_optimizer_set_learning_rate (optimizer, state->learning_rate);
  g_assert_cmpint (state->step, ==, N_BEFORE);

  xb = lw_npz_read (npz, "xb", NULL);
  yb = lw_npz_read (npz, "yb", NULL);
  losses = lw_npz_read (npz, "losses", NULL);
  g_assert_cmpint (lw_tensor_get_dtype (yb), ==, LW_INT32);
  for (guint t = N_BEFORE; t < N_BEFORE + N_STEPS; t++)
    {
      double loss = train_step (device, model, optimizer,
                                (const float *) lw_tensor_get_data (xb) + t * BATCH * SIDE * SIDE,
                                (const gint32 *) lw_tensor_get_data (yb) + t * BATCH);

      g_assert_cmpfloat_with_epsilon (loss, lw_tensor_get_value (losses, t), 1e-4);
    }

  variables = lw_sequential_get_variables (model, &n);
  for (guint k = 0; k < n; k++)
    {
      g_autoptr (LwTensor) want = read_array (npz, "end", k);

      assert_near (lw_variable_get_value (variables[k]), want);
    }
  for (guint k = 0; k < lw_optimizer_get_n_slots (optimizer); k++)
    {
      g_autoptr (LwTensor) want = read_array (npz, "oend", k + 2);

      assert_near (lw_optimizer_get_slot (optimizer, k), want);
    }
  lw_run_free (run);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/keras-resume/adam", "opt_adam", test_resume);
  g_test_add_data_func ("/keras-resume/rmsprop", "opt_rmsprop", test_resume);
  g_test_add_data_func ("/keras-resume/sgd-momentum", "opt_sgd_momentum", test_resume);
  status = g_test_run ();
  test_remove_folder ();
  return status;
}
