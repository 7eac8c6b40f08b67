#include "gradient-check.h"
#include "scope-tools.h"

#include <string.h>

/* Variables: what they begin as, what may be assigned, and that nobody else's tensor changes by it. How a
 * tape sees them is in test-tape.c. */

/* A variable never shares its elements with the tensor it began as. */
static void
test_variable_begins (void)
{
  const double         three = 3;
  g_autoptr (LwTensor) x = lw_tensor_new_from_data (NULL, LW_FLOAT64, &LW_SCALAR, &three, NULL);
  LwVariable          *variable = lw_variable_new (x, TRUE, "w");
  LwScope             *s = lw_scope_begin (check_device ());
  g_autoptr (LwTensor) target = lw_variable_get_target (variable, NULL, NULL);
  GError              *error = NULL;

  g_assert_true (lw_tensor_get_data (lw_variable_get_value (variable)) != lw_tensor_get_data (x));
  g_assert_true (lw_tensor_get_data (target) != lw_tensor_get_data (x));
  g_assert_true (lw_variable_assign_add (variable, s, test_scalar (s, 1), &error));
  g_assert_no_error (error);
  test_assert_value (lw_variable_get_value (variable), 4);
  test_assert_value (x, 3);
  test_end_well (s);
  lw_variable_unref (variable);
}

static void
test_properties (void)
{
  LwScope    *s = lw_scope_begin (check_device ());
  LwTensor   *x = lw_fill (s, LW_FLOAT32, &LW_SHAPE (2, 3), 1.5);
  LwVariable *w = lw_variable_new (x, TRUE, "w"), *nameless = lw_variable_new (x, FALSE, NULL);
  LwVariable *b = lw_variable_new_scalar (s, LW_FLOAT64, 10, TRUE, "bias");
  LwVariable *step = lw_variable_new_cast (s, x, LW_INT64, FALSE, "step");

  g_assert_cmpstr (lw_variable_get_name (w), ==, "w");
  g_assert_true (lw_variable_is_trainable (w));
  g_assert_cmpint (lw_variable_get_dtype (w), ==, LW_FLOAT32);
  g_assert_true (lw_shape_equal (lw_variable_get_shape (w), &LW_SHAPE (2, 3)));
  g_assert_null (lw_variable_get_name (nameless));
  g_assert_false (lw_variable_is_trainable (nameless));
  g_assert_cmpint (lw_variable_get_dtype (b), ==, LW_FLOAT64);
  g_assert_cmpint (lw_variable_get_shape (b)->rank, ==, 0);
  test_assert_value (lw_variable_get_value (b), 10);
  g_assert_cmpint (lw_variable_get_dtype (step), ==, LW_INT64);
  g_assert_cmpfloat (lw_tensor_get_value (lw_variable_get_value (step), 5), ==, 1);
  test_end_well (s);
  lw_variable_unref (w);
  lw_variable_unref (nameless);
  lw_variable_unref (b);
  lw_variable_unref (step);
}

/* Every dtype can be held, also those without derivatives. */
static void
test_dtypes (void)
{
  for (LwDType dtype = 0; dtype < LW_N_DTYPES; dtype++)
    {
      LwScope    *s = lw_scope_begin (check_device ());
      LwVariable *v = lw_variable_new_scalar (s, dtype, 1, FALSE, NULL);

      g_assert_cmpint (lw_variable_get_dtype (v), ==, dtype);
      g_assert_true (lw_variable_assign (v, lw_constant_scalar (s, dtype, 0), NULL));
      g_assert_cmpfloat (lw_tensor_get_value (lw_variable_get_value (v), 0), ==, 0);
      test_end_well (s);
      lw_variable_unref (v);
    }
}

/* A scope that has failed gives no variable, and keeps its error. */
static void
test_failed_scope (void)
{
  LwScope *s = lw_scope_begin (check_device ());

  lw_assert_shape (s, test_scalar (s, 1), &LW_SHAPE (2));
  g_assert_null (lw_variable_new_scalar (s, LW_FLOAT32, 1, TRUE, "w"));
  g_assert_false (lw_scope_end (s, NULL));
}

/* Neither what it was given by assign() nor what was read from it shares its future. */
static void
test_assign_copies (void)
{
  const double         two[] = { 2, 2 };
  g_autoptr (LwTensor) given = lw_tensor_new_from_data (NULL, LW_FLOAT64, &LW_SHAPE (2), two, NULL);
  LwScope             *s = lw_scope_begin (check_device ());
  LwVariable          *w = lw_variable_new (given, TRUE, "w");
  LwTensor            *read;
  double              *elements = lw_tensor_get_mutable_data (given);

  elements[0] = 77;
  g_assert_cmpfloat (lw_tensor_get_value (lw_variable_get_value (w), 0), ==, 2);
  g_assert_true (lw_variable_assign (w, given, NULL));
  elements[0] = 88;
  g_assert_cmpfloat (lw_tensor_get_value (lw_variable_get_value (w), 0), ==, 77);

  read = lw_variable_read (s, w);
  g_assert_true (lw_variable_assign_sub (w, s, lw_fill (s, LW_FLOAT64, &LW_SHAPE (2), 1), NULL));
  g_assert_cmpfloat (lw_tensor_get_value (read, 0), ==, 77);
  g_assert_cmpfloat (lw_tensor_get_value (lw_variable_get_value (w), 0), ==, 76);
  test_end_well (s);
  lw_variable_unref (w);
}

/* assign gives a value, not an identity: no gradient flows through it, and two variables that were
 * given the same tensor stay two. */
static void
test_assigned_identity (void)
{
  LwScope    *s = lw_scope_begin (check_device ());
  LwTape     *tape = lw_tape_begin (s, TRUE);
  LwVariable *variables[] = { test_variable_new (1, TRUE, "a"), test_variable_new (2, TRUE, "b") };
  LwTensor   *x = test_scalar (s, 4), *y, *grads[2];

  lw_tape_watch (tape, x);
  for (int i = 0; i < 2; i++)
    g_assert_true (lw_variable_assign (variables[i], x, NULL));
  y = lw_multiply (s, lw_square (s, lw_variable_read (s, variables[0])),
                   lw_variable_read (s, variables[1]));
  test_assert_value (y, 64);
  g_assert_true (lw_tape_gradient_of_variables (tape, s, y, 2, variables, grads, NULL));
  test_assert_value (grads[0], 32);
  test_assert_value (grads[1], 16);
  g_assert_null (test_gradient (tape, s, y, x));
  lw_tape_free (tape);
  test_end_well (s);
  for (int i = 0; i < 2; i++)
    lw_variable_unref (variables[i]);
}

static void
test_assign (void)
{
  LwScope    *s = lw_scope_begin (check_device ());
  LwVariable *w = test_variable_new (3, TRUE, "w");
  LwTensor   *kept = lw_tensor_ref (lw_variable_get_value (w));
  GError     *error = NULL;

  g_assert_true (lw_variable_assign_add (w, s, test_scalar (s, 2), &error));
  test_assert_value (lw_variable_get_value (w), 5);
  g_assert_true (lw_variable_assign_sub (w, s, test_scalar (s, 1), &error));
  test_assert_value (lw_variable_get_value (w), 4);
  test_assert_value (kept, 3);
  g_assert_true (lw_variable_assign (w, lw_variable_get_value (w), &error));
  test_assert_value (lw_variable_get_value (w), 4);

  g_assert_false (lw_variable_assign (w, lw_fill (s, LW_FLOAT64, &LW_SHAPE (2, 3), 1), &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "2×3"));
  g_assert_nonnull (strstr (error->message, "scalar"));
  g_clear_error (&error);
  g_assert_false (lw_variable_assign (w, lw_fill (s, LW_FLOAT32, &LW_SCALAR, 1), &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_DTYPE);
  g_clear_error (&error);
  /* assign_add does not broadcast the variable into another shape. */
  g_assert_false (lw_variable_assign_add (w, s, lw_fill (s, LW_FLOAT64, &LW_SHAPE (2), 1), &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_clear_error (&error);
  test_assert_value (lw_variable_get_value (w), 4);
  test_end_well (s);
  lw_tensor_unref (kept);
  lw_variable_unref (w);
}

/* An optimizer's way: written in place if nobody looks, into another tensor otherwise. */
static void
test_target (void)
{
  LwVariable *w = test_variable_new (3, TRUE, "w");
  LwTensor   *kept, *target = lw_variable_get_target (w, NULL, NULL);

  g_assert_true (target == lw_variable_get_value (w));
  *(double *) lw_tensor_get_mutable_data (target) = 4;
  g_assert_true (lw_variable_assign (w, target, NULL));
  lw_tensor_unref (target);
  test_assert_value (lw_variable_get_value (w), 4);

  kept = lw_tensor_ref (lw_variable_get_value (w));
  target = lw_variable_get_target (w, NULL, NULL);
  g_assert_true (lw_tensor_get_data (target) != lw_tensor_get_data (kept));
  *(double *) lw_tensor_get_mutable_data (target) = 5;
  g_assert_true (lw_variable_assign (w, target, NULL));
  lw_tensor_unref (target);
  test_assert_value (kept, 4);
  test_assert_value (lw_variable_get_value (w), 5);
  lw_tensor_unref (kept);
  target = lw_variable_get_target (w, NULL, NULL);
  g_assert_true (target == lw_variable_get_value (w));
  lw_tensor_unref (target);
  lw_variable_unref (w);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/variable/begins", test_variable_begins);
  g_test_add_func ("/variable/properties", test_properties);
  g_test_add_func ("/variable/dtypes", test_dtypes);
  g_test_add_func ("/variable/failed-scope", test_failed_scope);
  g_test_add_func ("/variable/assign", test_assign);
  g_test_add_func ("/variable/assign-copies", test_assign_copies);
  g_test_add_func ("/variable/assigned-identity", test_assigned_identity);
  g_test_add_func ("/variable/target", test_target);
  status = g_test_run ();
  check_device_free ();
  return status;
}
