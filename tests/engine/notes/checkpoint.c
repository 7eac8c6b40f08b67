/* tf.train.Checkpoint (model=model, optimizer=optimizer, step=tf.Variable (1)). */

#include "notes.h"

#include "engine/io/checkpoint.h"

typedef struct {
  LwSequential *model;
  LwOptimizer  *optimizer;
  LwVariable   *step;
  LwCheckpoint *checkpoint;
} Training;

static void
training_init (Training *self, LwScope *s)
{
  LwVariable *const *variables;
  guint              n;

  self->model = notes_sequential (LW_SHAPE (8, 8, 1), "Flatten", "Dropout rate=0.5", "Dense units=10", NULL);
  variables = lw_sequential_get_trainable_variables (self->model, &n);
  self->optimizer = notes_optimizer ("Adam", n, variables);
  self->step = lw_variable_new (LW_TENSOR (s, 1), FALSE, "step");

  self->checkpoint = lw_checkpoint_new ("my_checkpoint");
  lw_checkpoint_add_model (self->checkpoint, "model", self->model);
  lw_checkpoint_add_optimizer (self->checkpoint, "optimizer", self->optimizer);
  lw_checkpoint_add_variable (self->checkpoint, "step", self->step);
}

static void
training_clear (Training *self)
{
  lw_checkpoint_free (self->checkpoint);
  lw_variable_unref (self->step);
  lw_optimizer_free (self->optimizer);
  lw_sequential_free (self->model);
}

/* A few steps towards one picture's label; the last loss. */
static double
training_go_on (Training *self, LwScope *s, int steps)
{
  LwTensor *image = lw_fill (s, LW_FLOAT32, &LW_SHAPE (1, 8, 8, 1), 1), *label = LW_TENSOR (s, ((int[1]) { 3 }));
  double    last = 0;

  for (int i = 0; i < steps; i++)
    {
      g_autoptr (LwTape) tape = lw_tape_begin (s, FALSE);
      LwTensor          *logits = lw_sequential_call (self->model, s, image, TRUE), *loss, *grads[2];
      LwVariable *const *variables;
      guint              n;
      GError            *error = NULL;

      loss = lw_sparse_categorical_crossentropy (s, label, logits, TRUE);
      variables = lw_sequential_get_trainable_variables (self->model, &n);
      lw_tape_gradient_of_variables (tape, s, loss, n, variables, grads, &error);
      notes_check (error);
      lw_optimizer_apply_gradients (self->optimizer, s, n, grads, &error);
      notes_check (error);
      lw_variable_assign_add (self->step, s, LW_TENSOR (s, 1), &error);
      notes_check (error);
      last = lw_tensor_get_value (loss, 0);
    }
  return last;
}

static void
checkpoint (LwScope *s)
{
  g_autofree char               *path = notes_path ("checkpoint.npz");
  g_autoptr (LwCheckpointStatus) status = NULL;
  Training                       first, second;
  double                         expected;
  GError                        *error = NULL;

  /* checkpoint.save (path) in the middle of a training that then goes on */
  training_init (&first, s);
  training_go_on (&first, s, 5);
  lw_checkpoint_save (first.checkpoint, path, &error);
  notes_check (error);
  expected = training_go_on (&first, s, 5);

  /* Another program, later: status = checkpoint.restore (path); status.assert_consumed () */
  training_init (&second, s);
  training_go_on (&second, s, 1); /* whatever it had done before */
  status = lw_checkpoint_restore (second.checkpoint, path, &error);
  notes_check (error);
  lw_checkpoint_assert_consumed (status, &error);
  notes_check (error);
  for (guint i = 0; status->matched[i] != NULL; i++)
    g_test_message ("%s", status->matched[i]);
  notes_print_expect (lw_variable_get_value (second.step), "6");
  g_assert_cmpint (lw_optimizer_get_iterations (second.optimizer), ==, 5);

  /* It takes the very steps that the first one took. */
  g_assert_cmpfloat (training_go_on (&second, s, 5), ==, expected);
  training_clear (&first);
  training_clear (&second);
}

int
main (int argc, char *argv[])
{
  return notes_run (argc, argv, "/notes/checkpoint", checkpoint);
}
