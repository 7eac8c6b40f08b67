#include "gradient-check.h"

#include <string.h>

/* The tape: what it watches, what it gives, and when. */

static LwTensor *
scalar (LwScope *s, double value)
{
  return lw_constant_scalar (s, LW_FLOAT64, value);
}

static void
assert_value (LwTensor *x, double expected)
{
  g_assert_nonnull (x);
  g_assert_cmpuint (lw_tensor_get_count (x), ==, 1);
  g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (x, 0), expected, 1e-6);
}

static void
end_well (LwScope *s)
{
  GError *error = NULL;

  g_assert_true (lw_scope_end (s, &error));
  g_assert_no_error (error);
}

/* One gradient that is expected to be had. */
static LwTensor *
gradient (LwTape *tape, LwScope *s, LwTensor *target, LwTensor *source)
{
  GError   *error = NULL;
  LwTensor *grad = NULL;

  g_assert_true (lw_tape_gradient (tape, s, target, 1, &source, &grad, &error));
  g_assert_no_error (error);
  return grad;
}

static LwVariable *
variable_new (double value, gboolean trainable, const char *name)
{
  LwTensor   *x = lw_tensor_new_from_data (NULL, LW_FLOAT64, &LW_SCALAR, &value, NULL);
  LwVariable *variable = lw_variable_new (x, trainable, name);

  lw_tensor_unref (x);
  return variable;
}

/* A variable and the tensor it began as share elements only until one of them changes. */
static void
test_variable_begins (void)
{
  const double         three = 3;
  g_autoptr (LwTensor) x = lw_tensor_new_from_data (NULL, LW_FLOAT64, &LW_SCALAR, &three, NULL);
  LwVariable          *variable = lw_variable_new (x, TRUE, "w");
  LwScope             *s = lw_scope_begin (check_device ());
  g_autoptr (LwTensor) target = lw_variable_get_target (variable, NULL, NULL);
  GError              *error = NULL;

  g_assert_true (lw_tensor_get_data (target) != lw_tensor_get_data (x));
  g_assert_true (lw_variable_assign_add (variable, s, scalar (s, 1), &error));
  g_assert_no_error (error);
  assert_value (lw_variable_get_value (variable), 4);
  assert_value (x, 3);
  end_well (s);
  lw_variable_unref (variable);
}

static void
test_square (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *x = scalar (s, 3), *y;

  lw_tape_watch (tape, x);
  y = lw_square (s, x);
  g_assert_cmpuint (lw_tape_get_n_nodes (tape), ==, 1);
  assert_value (gradient (tape, s, y, x), 6);
  lw_tape_free (tape);
  end_well (s);
}

/* Only what depends on something watched leaves a node; what does not has no gradient. */
static void
test_unwatched (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, TRUE);
  LwTensor *x = scalar (s, 3), *c = scalar (s, 2), *y;
  LwTensor *sources[2], *grads[2];

  lw_multiply (s, c, c);
  g_assert_cmpuint (lw_tape_get_n_nodes (tape), ==, 0);
  lw_tape_watch (tape, x);
  lw_multiply (s, c, c);
  g_assert_cmpuint (lw_tape_get_n_nodes (tape), ==, 0);
  y = lw_multiply (s, x, c);
  g_assert_cmpuint (lw_tape_get_n_nodes (tape), ==, 1);

  sources[0] = c;
  sources[1] = x;
  g_assert_true (lw_tape_gradient (tape, s, y, 2, sources, grads, NULL));
  g_assert_null (grads[0]);
  assert_value (grads[1], 2);

  /* A target that does not depend on x, one that was computed before the watch. */
  g_assert_null (gradient (tape, s, c, x));
  g_assert_null (gradient (tape, s, lw_square (s, c), x));
  assert_value (gradient (tape, s, x, x), 1);
  /* An intermediate result is a source too. */
  assert_value (gradient (tape, s, lw_square (s, y), y), 12);
  lw_tape_free (tape);
  end_well (s);
}

static void
test_nodes (void)
{
  LwScope      *s = lw_scope_begin (check_device ());
  LwTape       *tape = lw_tape_begin (s, FALSE);
  LwTensor     *x = scalar (s, 3), *y, *z;
  const LwNode *node;

  lw_tape_watch (tape, x);
  y = lw_exp (s, x);
  z = lw_add (s, y, x);
  g_assert_cmpuint (lw_tape_get_n_nodes (tape), ==, 2);
  node = lw_tape_get_node (tape, 0);
  g_assert_cmpstr (node->op->name, ==, "exp");
  g_assert_true (node->inputs[0] == x && node->output == y);
  node = lw_tape_get_node (tape, 1);
  g_assert_cmpstr (node->op->name, ==, "add");
  g_assert_cmpuint (node->n_inputs, ==, 2);
  g_assert_true (node->inputs[0] == y && node->inputs[1] == x && node->output == z);

  lw_tape_end (tape);
  lw_square (s, x);
  g_assert_cmpuint (lw_tape_get_n_nodes (tape), ==, 2);
  assert_value (gradient (tape, s, z, x), 21.085536923);
  lw_tape_free (tape);
  end_well (s);
}

/* The second call on a tape that is not persistent is an error, and not the scope's. */
static void
test_second_call (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *x = scalar (s, 3), *y, *grad;
  GError   *error = NULL;

  lw_tape_watch (tape, x);
  y = lw_square (s, x);
  assert_value (gradient (tape, s, y, x), 6);
  g_assert_cmpuint (lw_tape_get_n_nodes (tape), ==, 0);
  g_assert_false (lw_tape_gradient (tape, s, y, 1, &x, &grad, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_STATE);
  g_assert_nonnull (strstr (error->message, "persistent"));
  g_assert_null (grad);
  g_error_free (error);
  lw_tape_free (tape);
  end_well (s);
}

static void
test_persistent (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, TRUE);
  LwTensor *x = scalar (s, 3), *y, *z;

  lw_tape_watch (tape, x);
  y = lw_square (s, x);
  z = lw_square (s, y);
  assert_value (gradient (tape, s, z, x), 108);
  g_assert_cmpuint (lw_tape_get_n_nodes (tape), >=, 2);
  assert_value (gradient (tape, s, y, x), 6);
  assert_value (gradient (tape, s, z, x), 108);
  assert_value (gradient (tape, s, z, y), 18);
  lw_tape_free (tape);
  end_well (s);
}

/* A persistent tape that still records sees its own gradient, as in TensorFlow. */
static void
test_persistent_second_derivative (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, TRUE);
  LwTensor *x = scalar (s, 2), *y, *first;

  lw_tape_watch (tape, x);
  y = lw_multiply (s, lw_square (s, x), x);
  first = gradient (tape, s, y, x);
  assert_value (first, 12);
  assert_value (gradient (tape, s, first, x), 12);
  lw_tape_free (tape);
  end_well (s);
}

static void
test_nested_tapes (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape *third = lw_tape_begin (s, FALSE), *outer = lw_tape_begin (s, FALSE),
         *inner = lw_tape_begin (s, FALSE);
  LwTensor *x = scalar (s, 2), *y, *first, *second;

  lw_tape_watch (third, x);
  lw_tape_watch (outer, x);
  lw_tape_watch (inner, x);
  y = lw_multiply (s, lw_multiply (s, x, x), x);
  first = gradient (inner, s, y, x);
  assert_value (first, 12);
  second = gradient (outer, s, first, x);
  assert_value (second, 12);
  assert_value (gradient (third, s, second, x), 6);
  lw_tape_free (inner);
  lw_tape_free (outer);
  lw_tape_free (third);
  end_well (s);
}

/* Second derivatives by the tape against differences of first ones. */
static LwTensor *
smooth (LwScope *s, LwTensor *x, LwTensor *w)
{
  const int one = 1;
  LwTensor *y = lw_matmul (s, lw_exp (s, x), w, FALSE, TRUE);

  y = lw_divide (s, y,
                 lw_add (s, lw_square (s, lw_reduce_sum (s, x, &one, 1, TRUE)),
                         lw_constant_scalar (s, LW_FLOAT64, 2)));
  y = lw_subtract (s, lw_transpose (s, y),
                   lw_log (s, lw_reshape (s, lw_reduce_mean (s, lw_exp (s, x), &one, 1, FALSE),
                                          &LW_SHAPE (1, 3))));
  return lw_scale (s, lw_square (s, y), 0.1);
}

static LwTensor *
first_derivative (LwScope *s, LwTensor *const *x, gpointer data)
{
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *grad;

  lw_tape_watch (tape, x[0]);
  grad = gradient (tape, s, smooth (s, x[0], x[1]), x[0]);
  lw_tape_free (tape);
  return lw_square (s, grad);
}

static void
test_second_derivatives (void)
{
  GError   *error = NULL;
  LwTensor *x[] = { check_random_tensor (LW_FLOAT64, &LW_SHAPE (3, 4), -1, 1),
                    check_random_tensor (LW_FLOAT64, &LW_SHAPE (2, 4), -1, 1) };
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *grads[2], *y;

  lw_tape_watch (tape, x[0]);
  lw_tape_watch (tape, x[1]);
  y = first_derivative (s, x, NULL);
  lw_tape_gradient (tape, s, y, 2, x, grads, &error);
  g_assert_no_error (error);
  for (int k = 0; k < 2; k++)
    for (gsize i = 0; i < lw_tensor_get_count (x[k]); i++)
      {
        double *data = lw_tensor_get_mutable_data (x[k]);
        double  before = data[i], sides[2] = { 0, 0 };

        for (int side = 0; side < 2; side++)
          {
            LwScope *own = lw_scope_begin (check_device ());

            data[i] = before + (side ? 1e-5 : -1e-5);
            sides[side] = lw_tensor_get_value (lw_reduce_sum (own, first_derivative (own, x, NULL),
                                                              NULL, 0, FALSE),
                                               0);
            end_well (own);
          }
        data[i] = before;
        g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (grads[k], i),
                                        (sides[1] - sides[0]) / 2e-5, 1e-6);
      }
  lw_tape_free (tape);
  end_well (s);
  lw_tensor_unref (x[0]);
  lw_tensor_unref (x[1]);
}

/* -- ops without a second derivative say so -- */

static LwTensor *
opaque_conv2d (LwScope *s, LwTensor *x)
{
  const LwConv2d conv = { { 1, 1 }, LW_PADDING_SAME, { 1, 1 } };

  return lw_conv2d (s, x, lw_fill (s, LW_FLOAT64, &LW_SHAPE (2, 2, 3, 2), 1), NULL, &conv,
                    LW_ACTIVATION_LINEAR);
}

static LwTensor *
opaque_dense (LwScope *s, LwTensor *x)
{
  return lw_dense (s, x, lw_fill (s, LW_FLOAT64, &LW_SHAPE (3, 2), 1), NULL, LW_ACTIVATION_LINEAR);
}

static LwTensor *
opaque_max_pool (LwScope *s, LwTensor *x)
{
  return lw_max_pool2d (s, x, &(LwPooling) { { 2, 2 }, { 2, 2 }, LW_PADDING_VALID });
}

static LwTensor *
opaque_average_pool (LwScope *s, LwTensor *x)
{
  return lw_average_pool2d (s, x, &(LwPooling) { { 2, 2 }, { 2, 2 }, LW_PADDING_VALID });
}

static LwTensor *
opaque_global (LwScope *s, LwTensor *x)
{
  return lw_global_average_pool2d (s, x, FALSE);
}

static LwTensor *
opaque_dropout (LwScope *s, LwTensor *x)
{
  return lw_dropout (s, x, 0.5, &(LwRng) { 1, 1, 0 });
}

static LwTensor *
opaque_loss (LwScope *s, LwTensor *x)
{
  return lw_sparse_categorical_crossentropy (s, lw_fill (s, LW_INT32, &LW_SHAPE (2), 1),
                                             lw_reshape (s, x, &LW_SHAPE (2, 24)), TRUE);
}

static LwTensor *
opaque_probabilities (LwScope *s, LwTensor *x)
{
  return lw_sparse_categorical_crossentropy (s, lw_fill (s, LW_INT32, &LW_SHAPE (2), 1),
                                             lw_reshape (s, x, &LW_SHAPE (2, 24)), FALSE);
}

static void
test_no_second_derivative (void)
{
  static const struct {
    const char *name;
    LwTensor *(*call) (LwScope *, LwTensor *);
  } ops[] = {
    { "conv2d", opaque_conv2d },
    { "dense", opaque_dense },
    { "relu", lw_relu },
    { "sigmoid", lw_sigmoid },
    { "tanh", lw_tanh },
    { "softmax", lw_softmax },
    { "pool", opaque_max_pool },
    { "pool", opaque_average_pool },
    { "pool", opaque_global },
    { "dropout", opaque_dropout },
    { "cross-entropy", opaque_loss },
    { "cross-entropy", opaque_probabilities },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ops); i++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTape   *outer = lw_tape_begin (s, FALSE), *inner = lw_tape_begin (s, FALSE);
      LwTensor *x = lw_fill (s, LW_FLOAT64, &LW_SHAPE (1, 4, 4, 3), 0.5);
      LwTensor *y, *first, *second = NULL;
      GError   *error = NULL;

      lw_tape_watch (outer, x);
      lw_tape_watch (inner, x);
      y = lw_square (s, ops[i].call (s, x));
      first = gradient (inner, s, y, x);
      g_assert_false (lw_tape_gradient (outer, s, first, 1, &x, &second, &error));
      g_assert_null (second);
      g_assert_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED);
      if (strstr (error->message, ops[i].name) == NULL)
        g_error ("%s is not named: %s", ops[i].name, error->message);
      g_error_free (error);
      lw_tape_free (inner);
      lw_tape_free (outer);
      g_assert_false (lw_scope_end (s, NULL));
    }
}

/* -- targets and sources -- */

static void
test_target_is_summed (void)
{
  const double data[] = { 1, 2, 3 };
  LwScope     *s = lw_scope_begin (check_device ());
  LwTape      *tape = lw_tape_begin (s, FALSE);
  LwTensor    *x = lw_constant (s, LW_FLOAT64, &LW_SHAPE (3), data), *b = scalar (s, 1), *y;
  LwTensor    *sources[2], *grads[2];

  lw_tape_watch (tape, x);
  lw_tape_watch (tape, b);
  y = lw_add (s, lw_square (s, x), b);
  sources[0] = x;
  sources[1] = b;
  g_assert_true (lw_tape_gradient (tape, s, y, 2, sources, grads, NULL));
  for (gsize i = 0; i < 3; i++)
    g_assert_cmpfloat (lw_tensor_get_value (grads[0], i), ==, 2 * data[i]);
  assert_value (grads[1], 3);
  lw_tape_free (tape);
  end_well (s);
}

static void
test_integer_source (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, TRUE);
  LwTensor *n = lw_fill (s, LW_INT32, &LW_SHAPE (2), 3),
           *x = lw_fill (s, LW_FLOAT32, &LW_SHAPE (2), 1.5);

  lw_tape_watch (tape, n);
  lw_tape_watch (tape, x);
  g_assert_null (gradient (tape, s, lw_multiply (s, n, n), n));
  g_assert_null (gradient (tape, s, lw_multiply (s, x, lw_cast (s, n, LW_FLOAT32)), n));
  g_assert_null (gradient (tape, s, lw_cast (s, lw_cast (s, x, LW_INT32), LW_FLOAT32), x));
  lw_tape_free (tape);
  end_well (s);
}

/* A failed scope's error comes out of the gradient too. */
static void
test_failed_scope (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *x = lw_fill (s, LW_FLOAT32, &LW_SHAPE (2), 3), *grad, *y;
  GError   *error = NULL;

  lw_tape_watch (tape, x);
  y = lw_add (s, x, lw_fill (s, LW_FLOAT32, &LW_SHAPE (3), 3));
  g_assert_false (lw_tape_gradient (tape, s, y, 1, &x, &grad, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_null (grad);
  g_error_free (error);
  lw_tape_free (tape);
  g_assert_false (lw_scope_end (s, NULL));
}

/* The tape sees what happens in a scope within its own, and its results after that scope has ended.
 */
static void
test_nested_scope (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *x = scalar (s, 3), *y;
  LwScope  *inner;

  lw_tape_watch (tape, x);
  inner = lw_scope_begin_nested (s);
  y = lw_scope_take (s, lw_tensor_ref (lw_square (inner, lw_square (inner, x))));
  end_well (inner);
  assert_value (gradient (tape, s, y, x), 108);
  lw_tape_free (tape);
  end_well (s);
}

/* A tape that is not persistent gives the intermediate results back while it goes: a deep chain
 * needs no more memory for its gradients than for itself. */
static void
test_memory (void)
{
  const int            depth = 200;
  g_autoptr (LwDevice) device = lw_device_new (1, 0, NULL);
  guint64              before;
  LwScope             *s = lw_scope_begin (device);
  LwTape              *tape = lw_tape_begin (s, FALSE);
  LwTensor            *x = lw_tensor_ref (lw_fill (s, LW_FLOAT32, &LW_SHAPE (1000), 1)), *y;
  LwScope             *forward = lw_scope_begin_nested (s);

  lw_tape_watch (tape, x);
  y = x;
  for (int i = 0; i < depth; i++)
    y = lw_sigmoid (forward, y);
  lw_tensor_ref (y);
  end_well (forward);
  before = lw_pool_get_n_system_blocks (device->pool);
  g_assert_nonnull (gradient (tape, s, y, x));
  g_assert_cmpuint (lw_pool_get_n_system_blocks (device->pool) - before, <, 10);
  lw_tape_free (tape);
  lw_tensor_unref (x);
  lw_tensor_unref (y);
  end_well (s);
}

/* -- variables -- */

static void
test_variables (void)
{
  LwScope    *s = lw_scope_begin (check_device ());
  LwTape     *tape = lw_tape_begin (s, FALSE);
  LwVariable *variables[] = { variable_new (3, TRUE, "w"), variable_new (5, FALSE, "fixed"),
                              variable_new (7, TRUE, "unused") };
  LwTensor   *grads[3], *y;

  g_assert_cmpstr (lw_variable_get_name (variables[0]), ==, "w");
  g_assert_true (lw_variable_is_trainable (variables[0]));
  g_assert_false (lw_variable_is_trainable (variables[1]));
  /* w read twice: w² + 5w */
  y = lw_multiply (s, lw_variable_read (s, variables[0]), lw_variable_read (s, variables[0]));
  y = lw_add (s, y,
              lw_multiply (s, lw_variable_read (s, variables[0]),
                           lw_variable_read (s, variables[1])));
  g_assert_true (lw_tape_gradient_of_variables (tape, s, y, 3, variables, grads, NULL));
  assert_value (grads[0], 11);
  g_assert_null (grads[1]);
  g_assert_null (grads[2]);
  lw_tape_free (tape);
  end_well (s);
  for (int i = 0; i < 3; i++)
    lw_variable_unref (variables[i]);
}

/* Assigned in between: each reading keeps its value, and both count. */
static void
test_assign_between (void)
{
  LwScope    *s = lw_scope_begin (check_device ());
  LwTape     *tape = lw_tape_begin (s, FALSE);
  LwVariable *w = variable_new (3, TRUE, "w");
  LwTensor   *first, *second, *grad;

  first = lw_square (s, lw_variable_read (s, w));
  g_assert_true (lw_variable_assign (w, scalar (s, 10), NULL));
  second = lw_square (s, lw_variable_read (s, w));
  assert_value (first, 9);
  assert_value (second, 100);
  g_assert_true (
      lw_tape_gradient_of_variables (tape, s, lw_add (s, first, second), 1, &w, &grad, NULL));
  assert_value (grad, 6 + 20);
  lw_tape_free (tape);
  end_well (s);
  lw_variable_unref (w);
}

/* assign gives a value, not an identity: no gradient flows through it, and two variables that were
 * given the same tensor stay two. */
static void
test_assigned_identity (void)
{
  LwScope    *s = lw_scope_begin (check_device ());
  LwTape     *tape = lw_tape_begin (s, TRUE);
  LwVariable *variables[] = { variable_new (1, TRUE, "a"), variable_new (2, TRUE, "b") };
  LwTensor   *x = scalar (s, 4), *y, *grads[2];

  lw_tape_watch (tape, x);
  for (int i = 0; i < 2; i++)
    g_assert_true (lw_variable_assign (variables[i], x, NULL));
  y = lw_multiply (s, lw_square (s, lw_variable_read (s, variables[0])),
                   lw_variable_read (s, variables[1]));
  assert_value (y, 64);
  g_assert_true (lw_tape_gradient_of_variables (tape, s, y, 2, variables, grads, NULL));
  assert_value (grads[0], 32);
  assert_value (grads[1], 16);
  g_assert_null (gradient (tape, s, y, x));
  lw_tape_free (tape);
  end_well (s);
  for (int i = 0; i < 2; i++)
    lw_variable_unref (variables[i]);
}

static void
test_assign (void)
{
  LwScope    *s = lw_scope_begin (check_device ());
  LwVariable *w = variable_new (3, TRUE, "w");
  LwTensor   *kept = lw_tensor_ref (lw_variable_get_value (w));
  GError     *error = NULL;

  g_assert_true (lw_variable_assign_add (w, s, scalar (s, 2), &error));
  assert_value (lw_variable_get_value (w), 5);
  g_assert_true (lw_variable_assign_sub (w, s, scalar (s, 1), &error));
  assert_value (lw_variable_get_value (w), 4);
  assert_value (kept, 3);
  g_assert_true (lw_variable_assign (w, lw_variable_get_value (w), &error));
  assert_value (lw_variable_get_value (w), 4);

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
  assert_value (lw_variable_get_value (w), 4);
  end_well (s);
  lw_tensor_unref (kept);
  lw_variable_unref (w);
}

/* An optimizer's way: written in place if nobody looks, into another tensor otherwise. */
static void
test_target (void)
{
  LwVariable *w = variable_new (3, TRUE, "w");
  LwTensor   *kept, *target = lw_variable_get_target (w, NULL, NULL);

  g_assert_true (target == lw_variable_get_value (w));
  *(double *) lw_tensor_get_mutable_data (target) = 4;
  g_assert_true (lw_variable_assign (w, target, NULL));
  lw_tensor_unref (target);
  assert_value (lw_variable_get_value (w), 4);

  kept = lw_tensor_ref (lw_variable_get_value (w));
  target = lw_variable_get_target (w, NULL, NULL);
  g_assert_true (lw_tensor_get_data (target) != lw_tensor_get_data (kept));
  *(double *) lw_tensor_get_mutable_data (target) = 5;
  g_assert_true (lw_variable_assign (w, target, NULL));
  lw_tensor_unref (target);
  assert_value (kept, 4);
  assert_value (lw_variable_get_value (w), 5);
  lw_tensor_unref (kept);
  target = lw_variable_get_target (w, NULL, NULL);
  g_assert_true (target == lw_variable_get_value (w));
  lw_tensor_unref (target);
  lw_variable_unref (w);
}

/* The study notes' loop by hand: y = 3x + 2 found by gradient descent. */
static void
test_linear_regression (void)
{
  LwVariable *variables[] = { variable_new (5, TRUE, "W"), variable_new (10, TRUE, "B") };
  LwTensor   *x = check_random_tensor (LW_FLOAT64, &LW_SHAPE (1000), -1.7, 1.7);

  for (int step = 0; step < 600; step++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTape   *tape = lw_tape_begin (s, FALSE);
      LwTensor *y = lw_add (s, lw_scale (s, x, 3), scalar (s, 2));
      LwTensor *guess = lw_add (s, lw_multiply (s, x, lw_variable_read (s, variables[0])),
                                lw_variable_read (s, variables[1]));
      LwTensor *loss = lw_reduce_mean (s, lw_square (s, lw_subtract (s, guess, y)), NULL, 0, FALSE);
      LwTensor *grads[2];

      g_assert_true (lw_tape_gradient_of_variables (tape, s, loss, 2, variables, grads, NULL));
      for (int i = 0; i < 2; i++)
        g_assert_true (
            lw_variable_assign_sub (variables[i], s, lw_scale (s, grads[i], 0.03), NULL));
      lw_tape_free (tape);
      end_well (s);
    }
  assert_value (lw_variable_get_value (variables[0]), 3);
  assert_value (lw_variable_get_value (variables[1]), 2);
  lw_tensor_unref (x);
  lw_variable_unref (variables[0]);
  lw_variable_unref (variables[1]);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/variable/begins", test_variable_begins);
  g_test_add_func ("/tape/square", test_square);
  g_test_add_func ("/tape/unwatched", test_unwatched);
  g_test_add_func ("/tape/nodes", test_nodes);
  g_test_add_func ("/tape/second-call", test_second_call);
  g_test_add_func ("/tape/persistent", test_persistent);
  g_test_add_func ("/tape/persistent-second-derivative", test_persistent_second_derivative);
  g_test_add_func ("/tape/nested", test_nested_tapes);
  g_test_add_func ("/tape/second-derivatives", test_second_derivatives);
  g_test_add_func ("/tape/no-second-derivative", test_no_second_derivative);
  g_test_add_func ("/tape/target-is-summed", test_target_is_summed);
  g_test_add_func ("/tape/integer-source", test_integer_source);
  g_test_add_func ("/tape/failed-scope", test_failed_scope);
  g_test_add_func ("/tape/nested-scope", test_nested_scope);
  g_test_add_func ("/tape/memory", test_memory);
  g_test_add_func ("/variable/gradients", test_variables);
  g_test_add_func ("/variable/assign-between", test_assign_between);
  g_test_add_func ("/variable/assigned-identity", test_assigned_identity);
  g_test_add_func ("/variable/assign", test_assign);
  g_test_add_func ("/variable/target", test_target);
  g_test_add_func ("/variable/linear-regression", test_linear_regression);
  status = g_test_run ();
  check_device_free ();
  return status;
}
