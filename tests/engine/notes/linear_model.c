/* The linear model: class Linear with W = 5 and B = 10, fitted to 3x + 2 with noise by SGD (0.01). */

#include "notes.h"

#define NUM_EXAMPLES 2000

/* class Linear (tf.keras.Model) */
typedef struct {
  LwVariable *W, *B;
} Linear;

static void
linear_init (Linear *self, LwScope *s)
{
  self->W = lw_variable_new (LW_TENSOR (s, 5.), TRUE, "weight");
  self->B = lw_variable_new (LW_TENSOR (s, 10.), TRUE, "bias");
}

static LwTensor *
linear_call (Linear *self, LwScope *s, LwTensor *inputs)
{
  return lw_add (s, lw_multiply (s, inputs, lw_variable_read (s, self->W)), lw_variable_read (s, self->B));
}

/* def loss (model, inputs, targets) */
static LwTensor *
loss (Linear *model, LwScope *s, LwTensor *inputs, LwTensor *targets)
{
  LwTensor *error = lw_subtract (s, linear_call (model, s, inputs), targets);

  return lw_reduce_mean (s, lw_square (s, error), NULL, 0, FALSE);
}

/* def grad (model, inputs, targets): of the loss with respect to [model.W, model.B] */
static void
grad (Linear *model, LwScope *s, LwTensor *inputs, LwTensor *targets, LwTensor **grads)
{
  g_autoptr (LwTape) tape = lw_tape_begin (s, FALSE);
  LwTensor          *loss_value = loss (model, s, inputs, targets);
  GError            *error = NULL;

  lw_tape_gradient_of_variables (tape, s, loss_value, 2, (LwVariable *[]) { model->W, model->B }, grads, &error);
  notes_check (error);
}

static double
value_of (LwVariable *variable)
{
  return lw_tensor_get_value (lw_variable_get_value (variable), 0);
}

static void
linear_model (LwScope *s)
{
  /* A toy dataset of points around 3 * x + 2 */
  LwRng     rng = lw_rng_new (1, 0);
  LwTensor *training_inputs = lw_random_normal (s, LW_FLOAT32, &LW_SHAPE (NUM_EXAMPLES), 0, 1, &rng);
  LwTensor *noise = lw_random_normal (s, LW_FLOAT32, &LW_SHAPE (NUM_EXAMPLES), 0, 1, &rng);
  LwTensor *training_outputs = lw_add (s, lw_multiply (s, training_inputs, LW_TENSOR (s, 3.)), LW_TENSOR (s, 2.));
  Linear    model;
  g_autoptr (LwOptimizer) optimizer = NULL;
  double    loss_value, before = G_MAXDOUBLE;
  int       steps = 300;

  training_outputs = lw_add (s, training_outputs, noise);
  linear_init (&model, s);
  optimizer = notes_optimizer ("SGD learning_rate=0.01", 2, (LwVariable *[]) { model.W, model.B });
  loss_value = lw_tensor_get_value (loss (&model, s, training_inputs, training_outputs), 0);
  g_test_message ("Initial loss:%.3f", loss_value);
  g_assert_cmpfloat_with_epsilon (loss_value, 69, 3); /* (5 - 3)² + (10 - 2)² + the noise's 1 */

  for (int i = 0; i < steps; i++)
    {
      LwScope  *step = lw_scope_begin_nested (s);
      LwTensor *grads[2];
      GError   *error = NULL;

      grad (&model, step, training_inputs, training_outputs, grads);
      lw_optimizer_apply_gradients (optimizer, step, 2, grads, &error);
      notes_check (error);
      if (i % 20 == 0)
        {
          loss_value = lw_tensor_get_value (loss (&model, step, training_inputs, training_outputs), 0);
          g_test_message ("Loss at step %03d:%.3f", i, loss_value);
          g_assert_cmpfloat (loss_value, <, before);
          before = loss_value;
        }
      lw_scope_end (step, &error);
      notes_check (error);
    }

  g_test_message ("W = %.3f, B = %.3f", value_of (model.W), value_of (model.B));
  g_assert_cmpfloat_with_epsilon (value_of (model.W), 3, 0.1);
  g_assert_cmpfloat_with_epsilon (value_of (model.B), 2, 0.1);
  lw_variable_unref (model.W);
  lw_variable_unref (model.B);
}

int
main (int argc, char *argv[])
{
  return notes_run (argc, argv, "/notes/linear-model", linear_model);
}
