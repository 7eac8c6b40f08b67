#include "scope-tools.h"

#include <string.h>

LwTensor *
test_floats (LwScope *s, const LwShape *shape, ...)
{
  LwTensor *x = lw_scope_new_tensor (s, LW_FLOAT32, shape);
  va_list   values;

  g_assert_nonnull (x);
  va_start (values, shape);
  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    ((float *) lw_tensor_get_mutable_data (x))[i] = (float) va_arg (values, double);
  va_end (values);
  return x;
}

LwTensor *
test_scalar (LwScope *s, double value)
{
  return lw_constant_scalar (s, LW_FLOAT64, value);
}

LwVariable *
test_variable_new (double value, gboolean trainable, const char *name)
{
  LwTensor   *x = lw_tensor_new_from_data (NULL, LW_FLOAT64, &LW_SCALAR, &value, NULL);
  LwVariable *variable = lw_variable_new (x, trainable, name);

  lw_tensor_unref (x);
  return variable;
}

void
test_assert_value (LwTensor *x, double expected)
{
  g_assert_nonnull (x);
  g_assert_cmpuint (lw_tensor_get_count (x), ==, 1);
  g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (x, 0), expected, 1e-6);
}

void
test_assert_text (LwTensor *x, const char *expected)
{
  g_autofree char *text = lw_tensor_to_string (x);

  g_assert_cmpstr (text, ==, expected);
}

LwTensor *
test_gradient (LwTape *tape, LwScope *s, LwTensor *target, LwTensor *source)
{
  GError   *error = NULL;
  LwTensor *grad = NULL;

  g_assert_true (lw_tape_gradient (tape, s, target, 1, &source, &grad, &error));
  g_assert_no_error (error);
  return grad;
}

void
test_end_well (LwScope *s)
{
  GError *error = NULL;

  g_assert_true (lw_scope_end (s, &error));
  g_assert_no_error (error);
}

void
test_end_badly (LwScope *s, LwError code, ...)
{
  GError     *error = NULL;
  const char *word;
  va_list     words;

  g_assert_false (lw_scope_end (s, &error));
  g_assert_error (error, LW_ERROR, (int) code);
  va_start (words, code);
  while ((word = va_arg (words, const char *)) != NULL)
    if (strstr (error->message, word) == NULL)
      g_error ("“%s” does not say “%s”", error->message, word);
  va_end (words);
  g_error_free (error);
}
