/* Variables: tf.Variable (initial_value, trainable, dtype, name), assign, assign_add, assign_sub. */

#include "notes.h"

static void
variable (LwScope *s)
{
  /* w = tf.Variable ([[1.0]]); tf.print (w) */
  LwTensor   *initial = LW_TENSOR (s, ((float[1][1]) { { 1.0 } }));
  LwVariable *w = lw_variable_new (initial, TRUE, "w");
  LwVariable *step;
  LwTensor   *before;
  GError     *error = NULL;

  notes_print_expect (lw_variable_get_value (w), "[[1.]]");
  g_assert_true (lw_variable_is_trainable (w));
  g_assert_cmpint (lw_variable_get_dtype (w), ==, LW_FLOAT32);
  g_assert_cmpstr (lw_variable_get_name (w), ==, "w");

  /* w.assign ([[3.]]) gives it another value; what was read before, and what it began with, stay. */
  before = lw_variable_read (s, w);
  lw_variable_assign (w, LW_TENSOR (s, ((float[1][1]) { { 3. } })), &error);
  notes_check (error);
  notes_print_expect (lw_variable_get_value (w), "[[3.]]");
  notes_print_expect (before, "[[1.]]");
  notes_print_expect (initial, "[[1.]]");

  lw_variable_assign_add (w, s, LW_TENSOR (s, ((float[1][1]) { { 2. } })), &error);
  notes_check (error);
  lw_variable_assign_sub (w, s, LW_TENSOR (s, ((float[1][1]) { { 0.5 } })), &error);
  notes_check (error);
  notes_print_expect (lw_variable_get_value (w), "[[4.5]]");

  /* Dtype and shape stay what they were: a whole number is not promoted. */
  g_assert_false (lw_variable_assign (w, LW_TENSOR (s, ((int[1][1]) { { 1 } })), &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_DTYPE);
  g_clear_error (&error);
  g_assert_false (lw_variable_assign (w, LW_TENSOR (s, 1.f), &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_clear_error (&error);

  /* step = tf.Variable (1, trainable=False, dtype=tf.int64, name="step") */
  step = lw_variable_new_cast (s, LW_TENSOR (s, 1), LW_INT64, FALSE, "step");
  g_assert_cmpint (lw_variable_get_dtype (step), ==, LW_INT64);
  g_assert_false (lw_variable_is_trainable (step));
  notes_print_expect (lw_variable_get_value (step), "1");

  lw_variable_unref (w);
  lw_variable_unref (step);
}

int
main (int argc, char *argv[])
{
  return notes_run (argc, argv, "/notes/variable", variable);
}
