/* model.save_weights ("weights"), model.load_weights ("weights"). */

#include "notes.h"

#include "engine/io/weights.h"

static LwSequential *
new_model (int units)
{
  g_autofree char *hidden = g_strdup_printf ("Dense units=%d activation=relu", units);

  return notes_sequential (LW_SHAPE (28, 28, 1), "Flatten", hidden, "Dense units=10 activation=softmax", NULL);
}

static void
save_and_load (LwScope *s)
{
  g_autoptr (LwSequential) model = new_model (64), other = new_model (32);
  g_autofree char         *path = notes_path ("weights.weights.h5");
  LwTensor                *image = lw_fill (s, LW_FLOAT32, &LW_SHAPE (1, 28, 28, 1), 0.5);
  LwTensor                *before = lw_sequential_call (model, s, image, FALSE), *after;
  LwVariable *const       *variables;
  guint                    n;
  GError                  *error = NULL;

  lw_save_weights (model, path, &error);
  notes_check (error);

  /* What becomes of the model now … */
  variables = lw_sequential_get_variables (model, &n);
  for (guint i = 0; i < n; i++)
    {
      lw_variable_assign (variables[i], lw_zeros_like (s, lw_variable_get_value (variables[i])), &error);
      notes_check (error);
    }
  notes_print_expect (lw_sequential_call (model, s, image, FALSE),
                      "[[0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1]]");

  /* … loading undoes. */
  lw_load_weights (model, path, &error);
  notes_check (error);
  after = lw_sequential_call (model, s, image, FALSE);
  notes_print (after);
  g_assert_true (lw_tensor_equal (before, after));

  /* Into a model of other shapes they do not go, and the sentence says which layer and which shapes. */
  g_assert_false (lw_load_weights (other, path, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "784×32"));
  g_assert_nonnull (strstr (error->message, "784×64"));
  g_error_free (error);
}

int
main (int argc, char *argv[])
{
  return notes_run (argc, argv, "/notes/save-weights", save_and_load);
}
