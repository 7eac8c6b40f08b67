#include "gradient-check.h"
#include "scope-tools.h"

#include "engine/nn/model_spec.h"
#include "engine/nn/optimizer.h"

#include <malloc.h>
#include <math.h>
#include <string.h>

/* The tape: what it watches, what it gives, and when. */

static void
test_square (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *x = test_scalar (s, 3), *y;

  lw_tape_watch (tape, x);
  y = lw_square (s, x);
  g_assert_cmpuint (lw_tape_get_n_nodes (tape), ==, 1);
  test_assert_value (test_gradient (tape, s, y, x), 6);
  lw_tape_free (tape);
  test_end_well (s);
}

/* Only what depends on something watched leaves a node; what does not has no gradient. */
static void
test_unwatched (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, TRUE);
  LwTensor *x = test_scalar (s, 3), *c = test_scalar (s, 2), *y;
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
  test_assert_value (grads[1], 2);

  /* A target that does not depend on x, one that was computed before the watch. */
  g_assert_null (test_gradient (tape, s, c, x));
  g_assert_null (test_gradient (tape, s, lw_square (s, c), x));
  test_assert_value (test_gradient (tape, s, x, x), 1);
  /* An intermediate result is a source too. */
  test_assert_value (test_gradient (tape, s, lw_square (s, y), y), 12);
  lw_tape_free (tape);
  test_end_well (s);
}

static void
test_nodes (void)
{
  LwScope      *s = lw_scope_begin (check_device ());
  LwTape       *tape = lw_tape_begin (s, FALSE);
  LwTensor     *x = test_scalar (s, 3), *y, *z;
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
  test_assert_value (test_gradient (tape, s, z, x), 21.085536923);
  lw_tape_free (tape);
  test_end_well (s);
}

/* The second call on a tape that is not persistent is an error, and not the scope's. */
static void
test_second_call (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *x = test_scalar (s, 3), *y, *grad;
  GError   *error = NULL;

  lw_tape_watch (tape, x);
  y = lw_square (s, x);
  test_assert_value (test_gradient (tape, s, y, x), 6);
  g_assert_cmpuint (lw_tape_get_n_nodes (tape), ==, 0);
  g_assert_false (lw_tape_gradient (tape, s, y, 1, &x, &grad, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_STATE);
  g_assert_nonnull (strstr (error->message, "persistent"));
  g_assert_null (grad);
  g_error_free (error);
  lw_tape_free (tape);
  test_end_well (s);
}

static void
test_persistent (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, TRUE);
  LwTensor *x = test_scalar (s, 3), *y, *z;

  lw_tape_watch (tape, x);
  y = lw_square (s, x);
  z = lw_square (s, y);
  test_assert_value (test_gradient (tape, s, z, x), 108);
  g_assert_cmpuint (lw_tape_get_n_nodes (tape), >=, 2);
  test_assert_value (test_gradient (tape, s, y, x), 6);
  test_assert_value (test_gradient (tape, s, z, x), 108);
  test_assert_value (test_gradient (tape, s, z, y), 18);
  lw_tape_free (tape);
  test_end_well (s);
}

/* A persistent tape that still records sees its own gradient, as in TensorFlow. */
static void
test_persistent_second_derivative (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, TRUE);
  LwTensor *x = test_scalar (s, 2), *y, *first;

  lw_tape_watch (tape, x);
  y = lw_multiply (s, lw_square (s, x), x);
  first = test_gradient (tape, s, y, x);
  test_assert_value (first, 12);
  test_assert_value (test_gradient (tape, s, first, x), 12);
  lw_tape_free (tape);
  test_end_well (s);
}

static void
test_nested_tapes (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape *third = lw_tape_begin (s, FALSE), *outer = lw_tape_begin (s, FALSE),
         *inner = lw_tape_begin (s, FALSE);
  LwTensor *x = test_scalar (s, 2), *y, *first, *second;

  lw_tape_watch (third, x);
  lw_tape_watch (outer, x);
  lw_tape_watch (inner, x);
  y = lw_multiply (s, lw_multiply (s, x, x), x);
  first = test_gradient (inner, s, y, x);
  test_assert_value (first, 12);
  second = test_gradient (outer, s, first, x);
  test_assert_value (second, 12);
  test_assert_value (test_gradient (third, s, second, x), 6);
  lw_tape_free (inner);
  lw_tape_free (outer);
  lw_tape_free (third);
  test_end_well (s);
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
  grad = test_gradient (tape, s, smooth (s, x[0], x[1]), x[0]);
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
            test_end_well (own);
          }
        data[i] = before;
        g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (grads[k], i),
                                        (sides[1] - sides[0]) / 2e-5, 1e-6);
      }
  lw_tape_free (tape);
  test_end_well (s);
  lw_tensor_unref (x[0]);
  lw_tensor_unref (x[1]);
}

/* -- ops with and without a second derivative -- */

static LwTensor *
call_conv2d (LwScope *s, LwTensor *x)
{
  const LwConv2d conv = { { 1, 1 }, LW_PADDING_SAME, { 1, 1 } };

  return lw_conv2d (s, x, lw_fill (s, LW_FLOAT64, &LW_SHAPE (2, 2, 3, 2), 1), NULL, &conv,
                    LW_ACTIVATION_LINEAR);
}

static LwTensor *
call_dense (LwScope *s, LwTensor *x)
{
  return lw_dense (s, x, lw_fill (s, LW_FLOAT64, &LW_SHAPE (3, 2), 1), NULL, LW_ACTIVATION_LINEAR);
}

static LwTensor *
call_max_pool (LwScope *s, LwTensor *x)
{
  return lw_max_pool2d (s, x, &(LwPooling) { { 2, 2 }, { 2, 2 }, LW_PADDING_VALID });
}

static LwTensor *
call_average_pool (LwScope *s, LwTensor *x)
{
  return lw_average_pool2d (s, x, &(LwPooling) { { 2, 2 }, { 2, 2 }, LW_PADDING_VALID });
}

static LwTensor *
call_global (LwScope *s, LwTensor *x)
{
  return lw_global_average_pool2d (s, x, FALSE);
}

static LwTensor *
call_dropout (LwScope *s, LwTensor *x)
{
  return lw_dropout (s, x, 0.5, &(LwRng) { 1, 1, 0 });
}

static LwTensor *
call_loss (LwScope *s, LwTensor *x)
{
  return lw_sparse_categorical_crossentropy (s, lw_fill (s, LW_INT32, &LW_SHAPE (2), 1),
                                             lw_reshape (s, x, &LW_SHAPE (2, 24)), TRUE);
}

static LwTensor *
loss_of_probabilities (LwScope *s, LwTensor *x)
{
  return lw_sparse_categorical_crossentropy (s, lw_fill (s, LW_INT32, &LW_SHAPE (2), 1),
                                             lw_reshape (s, x, &LW_SHAPE (2, 24)), FALSE);
}

/* The sum of the first derivative of square (call (x)). */
static LwTensor *
first_of (LwScope *s, LwTensor *(*call) (LwScope *, LwTensor *), LwTensor *x)
{
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *grad;

  lw_tape_watch (tape, x);
  grad = test_gradient (tape, s, lw_square (s, call (s, x)), x);
  lw_tape_free (tape);
  return lw_reduce_sum (s, grad, NULL, 0, FALSE);
}

/* What an outer tape gave is what differences of first derivatives give. */
static void
check_second (const char *name, LwTensor *(*call) (LwScope *, LwTensor *), LwTensor *x, LwTensor *second)
{
  double *data = lw_tensor_get_mutable_data (x);

  g_assert_nonnull (second);
  for (gsize i = 0; i < lw_tensor_get_count (x); i++)
    {
      double before = data[i], sides[2], want;

      for (int side = 0; side < 2; side++)
        {
          LwScope *s = lw_scope_begin (check_device ());

          data[i] = before + (side ? 1e-5 : -1e-5);
          sides[side] = lw_tensor_get_value (first_of (s, call, x), 0);
          test_end_well (s);
        }
      data[i] = before;
      want = (sides[1] - sides[0]) / 2e-5;
      if (fabs (lw_tensor_get_value (second, i) - want) > 1e-5 * (1 + fabs (want)))
        g_error ("the second derivative of %s is %g, not %g", name, lw_tensor_get_value (second, i), want);
    }
}

/* An op through whose gradient an outer tape cannot see is an error that names it; never a zero. Those
 * whose gradient is made of ops that can be differentiated give the second derivative. */
static void
test_second_or_error (void)
{
  static const struct {
    const char *name;
    LwTensor *(*call) (LwScope *, LwTensor *);
  } ops[] = {
    { "conv2d", call_conv2d },
    { "dense", call_dense },
    { "relu", lw_relu },
    { "sigmoid", lw_sigmoid },
    { "tanh", lw_tanh },
    { "softmax", lw_softmax },
    { "pool", call_max_pool },
    { "pool", call_average_pool },
    { "pool", call_global },
    { "dropout", call_dropout },
    { "cross-entropy", call_loss },
    { "cross-entropy", loss_of_probabilities },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ops); i++)
    {
      g_autoptr (LwTensor) x = check_random_tensor (LW_FLOAT64, &LW_SHAPE (1, 4, 4, 3), 0.1, 1);
      LwScope  *s = lw_scope_begin (check_device ());
      LwTape   *outer = lw_tape_begin (s, FALSE);
      LwTensor *second = NULL;
      GError   *error = NULL;
      gboolean  ok;

      lw_tape_watch (outer, x);
      ok = lw_tape_gradient (outer, s, first_of (s, ops[i].call, x), 1, &x, &second, &error);
      if (ok)
        check_second (ops[i].name, ops[i].call, x, second);
      else
        {
          g_assert_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED);
          g_assert_null (second);
          if (strstr (error->message, ops[i].name) == NULL)
            g_error ("%s is not named: %s", ops[i].name, error->message);
          g_clear_error (&error);
        }
      lw_tape_free (outer);
      g_assert_true (lw_scope_end (s, NULL) == ok);
    }
}

/* x³ with a gradient that no tape can see through. */
static void
cube_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  static const LwOp gradient_op = { "cube's gradient", NULL };
  LwTensor *inputs[] = { gy, node->inputs[0] };
  double    x = lw_tensor_get_value (node->inputs[0], 0);

  gx[0] = lw_constant_scalar (s, LW_FLOAT64, 3 * x * x * lw_tensor_get_value (gy, 0));
  lw_scope_record (s, &gradient_op, inputs, 2, gx[0], NULL, NULL, 0);
}

static LwTensor *
cube (LwScope *s, LwTensor *x)
{
  static const LwOp cube_op = { "cube", cube_gradient };
  LwTensor *y = lw_constant_scalar (s, LW_FLOAT64, pow (lw_tensor_get_value (x, 0), 3));

  lw_scope_record (s, &cube_op, &x, 1, y, NULL, NULL, 0);
  return y;
}

static void
test_no_second_derivative (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *outer = lw_tape_begin (s, FALSE), *inner = lw_tape_begin (s, FALSE);
  LwTensor *x = test_scalar (s, 2), *first, *second;
  GError   *error = NULL;

  lw_tape_watch (outer, x);
  lw_tape_watch (inner, x);
  first = test_gradient (inner, s, cube (s, x), x);
  test_assert_value (first, 12);
  g_assert_false (lw_tape_gradient (outer, s, first, 1, &x, &second, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "cube's gradient"));
  g_assert_null (second);
  g_error_free (error);
  lw_tape_free (inner);
  lw_tape_free (outer);
  g_assert_false (lw_scope_end (s, NULL));
}

/* -- targets and sources -- */

static void
test_target_is_summed (void)
{
  const double data[] = { 1, 2, 3 };
  LwScope     *s = lw_scope_begin (check_device ());
  LwTape      *tape = lw_tape_begin (s, FALSE);
  LwTensor    *x = lw_constant (s, LW_FLOAT64, &LW_SHAPE (3), data), *b = test_scalar (s, 1), *y;
  LwTensor    *sources[2], *grads[2];

  lw_tape_watch (tape, x);
  lw_tape_watch (tape, b);
  y = lw_add (s, lw_square (s, x), b);
  sources[0] = x;
  sources[1] = b;
  g_assert_true (lw_tape_gradient (tape, s, y, 2, sources, grads, NULL));
  for (gsize i = 0; i < 3; i++)
    g_assert_cmpfloat (lw_tensor_get_value (grads[0], i), ==, 2 * data[i]);
  test_assert_value (grads[1], 3);
  lw_tape_free (tape);
  test_end_well (s);
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
  g_assert_null (test_gradient (tape, s, lw_multiply (s, n, n), n));
  g_assert_null (test_gradient (tape, s, lw_multiply (s, x, lw_cast (s, n, LW_FLOAT32)), n));
  g_assert_null (test_gradient (tape, s, lw_cast (s, lw_cast (s, x, LW_INT32), LW_FLOAT32), x));
  lw_tape_free (tape);
  test_end_well (s);
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
  LwTensor *x = test_scalar (s, 3), *y;
  LwScope  *inner;

  lw_tape_watch (tape, x);
  inner = lw_scope_begin_nested (s);
  y = lw_scope_take (s, lw_tensor_ref (lw_square (inner, lw_square (inner, x))));
  test_end_well (inner);
  test_assert_value (test_gradient (tape, s, y, x), 108);
  lw_tape_free (tape);
  test_end_well (s);
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
  test_end_well (forward);
  before = lw_pool_get_n_system_blocks (device->pool);
  g_assert_nonnull (test_gradient (tape, s, y, x));
  g_assert_cmpuint (lw_pool_get_n_system_blocks (device->pool) - before, <, 10);
  lw_tape_free (tape);
  lw_tensor_unref (x);
  lw_tensor_unref (y);
  test_end_well (s);
}

/* A persistent tape keeps its intermediate results until it is freed, one that is not gives each back as
 * soon as it has been used: nothing of them is left after the gradient. */
static void
test_intermediates_freed (void)
{
  for (int persistent = 0; persistent < 2; persistent++)
    {
      g_autoptr (LwDevice) device = lw_device_new (1, 0, NULL);
      LwScope             *s = lw_scope_begin (device), *forward;
      LwTape              *tape = lw_tape_begin (s, persistent);
      LwTensor            *x = lw_fill (s, LW_FLOAT32, &LW_SHAPE (1000), 0.5), *y = x;
      LwTensor            *results[20];
      guint64              before;

      lw_tape_watch (tape, x);
      forward = lw_scope_begin_nested (s);
      for (int i = 0; i < 20; i++)
        y = lw_exp (forward, lw_scale (forward, y, 0.1));
      lw_scope_take (s, lw_tensor_ref (y));
      test_end_well (forward);
      g_assert_cmpuint (lw_tape_get_n_nodes (tape), ==, 40);
      g_assert_nonnull (test_gradient (tape, s, y, x));
      g_assert_cmpuint (lw_tape_get_n_nodes (tape) > 0, ==, persistent);

      /* As many new results as there were: they find room in the old ones' place, or not. */
      before = lw_pool_get_n_system_blocks (device->pool);
      for (int i = 0; i < 20; i++)
        results[i] = lw_tensor_ref (lw_fill (s, LW_FLOAT32, &LW_SHAPE (1000), 1));
      if (persistent)
        g_assert_cmpuint (lw_pool_get_n_system_blocks (device->pool) - before, >=, 10);
      else
        g_assert_cmpuint (lw_pool_get_n_system_blocks (device->pool), ==, before);
      for (int i = 0; i < 20; i++)
        lw_tensor_unref (results[i]);
      lw_tape_free (tape);
      test_end_well (s);
    }
}

/* One step of a small classifier, of every kind of node there is in one. */
static void
take_step (LwDevice *device, LwOptimizer *optimizer, LwVariable *const *variables)
{
  LwScope  *s = lw_scope_begin (device);
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *x = lw_fill (s, LW_FLOAT32, &LW_SHAPE (8, 16), 0.5), *labels = lw_fill (s, LW_INT32, &LW_SHAPE (8), 1);
  LwTensor *hidden, *loss, *grads[4];
  LwRng     rng = lw_rng_new (1, LW_STREAM_DROPOUT);
  GError   *error = NULL;

  hidden = lw_dense (s, x, lw_variable_read (s, variables[0]), lw_variable_read (s, variables[1]),
                     LW_ACTIVATION_RELU);
  hidden = lw_dropout (s, hidden, 0.25, &rng);
  loss = lw_sparse_categorical_crossentropy (s, labels,
                                             lw_dense (s, hidden, lw_variable_read (s, variables[2]),
                                                       lw_variable_read (s, variables[3]), LW_ACTIVATION_LINEAR),
                                             TRUE);
  g_assert_true (lw_tape_gradient_of_variables (tape, s, loss, 4, variables, grads, &error));
  g_assert_true (lw_optimizer_apply_gradients (optimizer, s, 4, grads, &error));
  lw_tape_free (tape);
  test_end_well (s);
}

/* Memory is what it was after the first steps: the pool asks the system for no block more, and the heap
 * does not grow by as much as a byte a step. */
static void
test_ten_thousand_steps (void)
{
  const LwShape          shapes[] = { LW_SHAPE (16, 24), LW_SHAPE (24), LW_SHAPE (24, 10), LW_SHAPE (10) };
  g_autoptr (LwDevice)   device = lw_device_new (1, 0, NULL);
  g_autoptr (LwSpec)     adam = lw_spec_new (lw_optimizer_class_find ("Adam"), NULL);
  g_autoptr (LwOptimizer) optimizer = NULL;
  LwVariable            *variables[4];
  guint64                blocks;
  gsize                  heap;

  for (int i = 0; i < 4; i++)
    {
      g_autoptr (LwTensor) value = check_random_tensor (LW_FLOAT32, &shapes[i], -0.1, 0.1);

      variables[i] = lw_variable_new (value, TRUE, NULL);
    }
  optimizer = lw_optimizer_new (adam, 4, variables, NULL);
  for (int i = 0; i < 10; i++)
    take_step (device, optimizer, variables);
  blocks = lw_pool_get_n_system_blocks (device->pool);
  heap = mallinfo2 ().uordblks;
  for (int i = 10; i < 10000; i++)
    take_step (device, optimizer, variables);
  g_assert_cmpuint (lw_pool_get_n_system_blocks (device->pool), ==, blocks);
  g_assert_cmpuint (mallinfo2 ().uordblks, <, heap + 9990);
  for (int i = 0; i < 4; i++)
    lw_variable_unref (variables[i]);
}

/* -- variables -- */

static void
test_variables (void)
{
  LwScope    *s = lw_scope_begin (check_device ());
  LwTape     *tape = lw_tape_begin (s, FALSE);
  LwVariable *variables[] = { test_variable_new (3, TRUE, "w"), test_variable_new (5, FALSE, "fixed"),
                              test_variable_new (7, TRUE, "unused") };
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
  test_assert_value (grads[0], 11);
  g_assert_null (grads[1]);
  g_assert_null (grads[2]);
  lw_tape_free (tape);
  test_end_well (s);
  for (int i = 0; i < 3; i++)
    lw_variable_unref (variables[i]);
}

/* Assigned in between: each reading keeps its value, and both count. */
static void
test_assign_between (void)
{
  LwScope    *s = lw_scope_begin (check_device ());
  LwTape     *tape = lw_tape_begin (s, FALSE);
  LwVariable *w = test_variable_new (3, TRUE, "w");
  LwTensor   *first, *second, *grad;

  first = lw_square (s, lw_variable_read (s, w));
  g_assert_true (lw_variable_assign (w, test_scalar (s, 10), NULL));
  second = lw_square (s, lw_variable_read (s, w));
  test_assert_value (first, 9);
  test_assert_value (second, 100);
  g_assert_true (
      lw_tape_gradient_of_variables (tape, s, lw_add (s, first, second), 1, &w, &grad, NULL));
  test_assert_value (grad, 6 + 20);
  lw_tape_free (tape);
  test_end_well (s);
  lw_variable_unref (w);
}

/* One that is not trainable is watched on request, now and after each assignment; and the tape can say
 * which variables it watches. */
static void
test_watch_variable (void)
{
  LwScope           *s = lw_scope_begin (check_device ());
  LwTape            *tape = lw_tape_begin (s, TRUE);
  LwVariable        *fixed = test_variable_new (5, FALSE, "fixed"), *w = test_variable_new (3, TRUE, "w");
  LwVariable *const *watched;
  LwTensor          *y, *grad;
  guint              n;

  y = lw_square (s, lw_variable_read (s, fixed));
  g_assert_true (lw_tape_gradient_of_variables (tape, s, y, 1, &fixed, &grad, NULL));
  g_assert_null (grad);
  lw_tape_get_watched_variables (tape, &n);
  g_assert_cmpuint (n, ==, 0);

  lw_tape_watch_variable (tape, fixed);
  y = lw_multiply (s, lw_square (s, lw_variable_read (s, fixed)), lw_variable_read (s, w));
  g_assert_true (lw_variable_assign (fixed, test_scalar (s, 7), NULL));
  y = lw_add (s, y, lw_variable_read (s, fixed));
  g_assert_true (lw_tape_gradient_of_variables (tape, s, y, 1, &fixed, &grad, NULL));
  test_assert_value (grad, 2 * 5 * 3 + 1);
  watched = lw_tape_get_watched_variables (tape, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_true (watched[0] == fixed && watched[1] == w);
  lw_tape_free (tape);
  test_end_well (s);
  lw_variable_unref (fixed);
  lw_variable_unref (w);
}

/* A tape keeps the variables that it has read. */
static void
test_variable_outlived (void)
{
  LwScope    *s = lw_scope_begin (check_device ());
  LwTape     *tape = lw_tape_begin (s, FALSE);
  LwVariable *w = test_variable_new (3, TRUE, "w");
  LwTensor   *x = lw_variable_read (s, w), *y = lw_square (s, x);

  lw_variable_unref (w);
  g_assert_cmpstr (lw_tape_get_label (tape, x), ==, "w");
  test_assert_value (test_gradient (tape, s, y, x), 6);
  lw_tape_free (tape);
  test_end_well (s);
}

/* -- what is asked for -- */

/* Mixed dtypes are an error that names both; nothing is promoted, and a C scalar takes the tensor's. */
static void
test_no_promotion (void)
{
  static LwTensor *(*const ops[]) (LwScope *, LwTensor *, LwTensor *)
      = { lw_add, lw_subtract, lw_multiply, lw_divide };

  for (gsize i = 0; i < G_N_ELEMENTS (ops); i++)
    {
      LwScope *s = lw_scope_begin (check_device ());
      GError  *error = NULL;

      ops[i](s, lw_fill (s, LW_FLOAT32, &LW_SHAPE (2), 1), lw_fill (s, LW_FLOAT64, &LW_SHAPE (2), 1));
      g_assert_false (lw_scope_end (s, &error));
      g_assert_error (error, LW_ERROR, LW_ERROR_DTYPE);
      g_assert_nonnull (strstr (error->message, "float32"));
      g_assert_nonnull (strstr (error->message, "float64"));
      g_error_free (error);
    }

  {
    LwScope  *s = lw_scope_begin (check_device ());
    LwTensor *x = lw_scale (s, lw_fill (s, LW_FLOAT64, &LW_SHAPE (2), 1), 0.1);

    g_assert_cmpint (lw_tensor_get_dtype (x), ==, LW_FLOAT64);
    g_assert_cmpfloat (lw_tensor_get_value (x, 0), ==, 0.1);
    test_end_well (s);
  }
}

/* A tensor used twice gets what both uses give: y = x·x + x, by one op and by several. */
static void
test_used_twice (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *x = test_scalar (s, 3);

  lw_tape_watch (tape, x);
  test_assert_value (test_gradient (tape, s, lw_add (s, lw_multiply (s, x, x), x), x), 7);
  lw_tape_free (tape);
  test_end_well (s);
}

/* Several targets give the gradient of their sum, also where one leads to another. */
static void
test_several_targets (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, TRUE);
  LwTensor *x = test_scalar (s, 3), *w = test_scalar (s, 5), *c = test_scalar (s, 1), *targets[3], *sources[2], *grads[2];

  lw_tape_watch (tape, x);
  lw_tape_watch (tape, w);
  targets[0] = lw_square (s, x);
  targets[1] = lw_multiply (s, targets[0], w);
  targets[2] = c; /* depends on nothing */
  sources[0] = x;
  sources[1] = w;
  g_assert_true (lw_tape_gradient_with (tape, s, 3, targets, 2, sources, NULL, grads, NULL));
  test_assert_value (grads[0], 6 + 30);
  test_assert_value (grads[1], 9);
  targets[1] = targets[0];
  g_assert_true (lw_tape_gradient_with (tape, s, 2, targets, 2, sources, NULL, grads, NULL));
  test_assert_value (grads[0], 12);
  g_assert_null (grads[1]);
  lw_tape_free (tape);
  test_end_well (s);
}

static void
test_output_gradients (void)
{
  const double data[] = { 1, 2, 3 }, weights[] = { 10, 0, -1 };
  LwScope     *s = lw_scope_begin (check_device ());
  LwTape      *tape = lw_tape_begin (s, TRUE);
  LwTensor    *x = lw_constant (s, LW_FLOAT64, &LW_SHAPE (3), data), *targets[2], *outputs[2], *grad;
  LwGradientOptions options = { outputs, LW_UNCONNECTED_NONE };
  GError      *error = NULL;

  lw_tape_watch (tape, x);
  targets[0] = lw_square (s, x);
  targets[1] = lw_scale (s, x, 100);
  outputs[0] = lw_constant (s, LW_FLOAT64, &LW_SHAPE (3), weights);
  outputs[1] = NULL; /* ones */
  g_assert_true (lw_tape_gradient_with (tape, s, 2, targets, 1, &x, &options, &grad, NULL));
  for (gsize i = 0; i < 3; i++)
    g_assert_cmpfloat (lw_tensor_get_value (grad, i), ==, 2 * data[i] * weights[i] + 100);

  /* One that is not like its target is an error, after which the tape can still be asked. */
  outputs[1] = test_scalar (s, 1);
  g_assert_false (lw_tape_gradient_with (tape, s, 2, targets, 1, &x, &options, &grad, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "scalar"));
  g_assert_nonnull (strstr (error->message, "shape 3"));
  g_assert_null (grad);
  g_clear_error (&error);
  outputs[1] = lw_fill (s, LW_FLOAT32, &LW_SHAPE (3), 1);
  g_assert_false (lw_tape_gradient_with (tape, s, 2, targets, 1, &x, &options, &grad, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_DTYPE);
  g_clear_error (&error);
  outputs[1] = outputs[0];
  g_assert_true (lw_tape_gradient_with (tape, s, 2, targets, 1, &x, &options, &grad, NULL));
  g_assert_cmpfloat (lw_tensor_get_value (grad, 0), ==, 20 + 1000);
  lw_tape_free (tape);
  test_end_well (s);
}

/* A Jacobian, row by row, on one persistent tape. */
static void
test_jacobian (void)
{
  const double data[] = { 0.5, -1, 2 };
  LwScope     *s = lw_scope_begin (check_device ());
  LwTape      *tape = lw_tape_begin (s, TRUE);
  LwTensor    *x = lw_constant (s, LW_FLOAT64, &LW_SHAPE (3), data), *y, *row, *output;

  lw_tape_watch (tape, x);
  y = lw_multiply (s, x, lw_reduce_sum (s, x, NULL, 0, FALSE)); /* dy_i/dx_j = x_i + sum·(i = j) */
  for (gsize i = 0; i < 3; i++)
    {
      double            one[3] = { 0 };
      LwGradientOptions options = { &output, LW_UNCONNECTED_NONE };

      one[i] = 1;
      output = lw_constant (s, LW_FLOAT64, &LW_SHAPE (3), one);
      g_assert_true (lw_tape_gradient_with (tape, s, 1, &y, 1, &x, &options, &row, NULL));
      for (gsize j = 0; j < 3; j++)
        g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (row, j), data[i] + (i == j ? 1.5 : 0), 1e-12);
    }
  lw_tape_free (tape);
  test_end_well (s);
}

/* Unconnected and integer sources: NULL, or zeros of their own shape and dtype on request. */
static void
test_unconnected_zero (void)
{
  const LwGradientOptions options = { NULL, LW_UNCONNECTED_ZERO };
  LwScope    *s = lw_scope_begin (check_device ());
  LwTape     *tape = lw_tape_begin (s, TRUE);
  LwTensor   *x = test_scalar (s, 3), *y, *sources[3], *grads[3];
  LwVariable *w = test_variable_new (4, TRUE, "w"), *fixed = test_variable_new (5, FALSE, NULL);
  LwVariable *variables[] = { w, fixed };

  lw_tape_watch (tape, x);
  sources[0] = x;
  sources[1] = lw_fill (s, LW_FLOAT32, &LW_SHAPE (2, 3), 1);
  sources[2] = lw_fill (s, LW_INT32, &LW_SHAPE (4), 1);
  y = lw_square (s, x);
  g_assert_true (lw_tape_gradient_with (tape, s, 1, &y, 3, sources, NULL, grads, NULL));
  test_assert_value (grads[0], 6);
  g_assert_null (grads[1]);
  g_assert_null (grads[2]);
  g_assert_true (lw_tape_gradient_with (tape, s, 1, &y, 3, sources, &options, grads, NULL));
  test_assert_value (grads[0], 6);
  for (int i = 1; i < 3; i++)
    {
      g_assert_cmpint (lw_tensor_get_dtype (grads[i]), ==, lw_tensor_get_dtype (sources[i]));
      g_assert_true (lw_shape_equal (lw_tensor_get_shape (grads[i]), lw_tensor_get_shape (sources[i])));
      for (gsize k = 0; k < lw_tensor_get_count (grads[i]); k++)
        g_assert_cmpfloat (lw_tensor_get_value (grads[i], k), ==, 0);
    }
  g_assert_true (lw_tape_gradient_of_variables_with (tape, s, 1, &y, 2, variables, &options, grads, NULL));
  test_assert_value (grads[0], 0);
  test_assert_value (grads[1], 0);
  lw_tape_free (tape);
  test_end_well (s);
  lw_variable_unref (w);
  lw_variable_unref (fixed);
}

/* A target of whole numbers has no gradient. */
static void
test_integer_target (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, FALSE);
  LwTensor *x = test_scalar (s, 3.5);

  lw_tape_watch (tape, x);
  g_assert_null (test_gradient (tape, s, lw_cast (s, lw_square (s, x), LW_INT32), x));
  lw_tape_free (tape);
  test_end_well (s);
}

/* x · stop_gradient (x): the second factor counts as a constant; it leaves no node. */
static void
test_stop_gradient (void)
{
  LwScope  *s = lw_scope_begin (check_device ());
  LwTape   *tape = lw_tape_begin (s, TRUE);
  LwTensor *x = test_scalar (s, 3), *stopped, *y;

  lw_tape_watch (tape, x);
  stopped = lw_stop_gradient (s, lw_square (s, x));
  g_assert_cmpuint (lw_tape_get_n_nodes (tape), ==, 1);
  test_assert_value (stopped, 9);
  g_assert_true (lw_tensor_get_data (stopped) == lw_tensor_get_data (lw_tape_get_node (tape, 0)->output));
  y = lw_multiply (s, x, stopped);
  test_assert_value (y, 27);
  test_assert_value (test_gradient (tape, s, y, x), 9);
  g_assert_null (test_gradient (tape, s, stopped, x));
  g_assert_null (test_gradient (tape, s, y, stopped));
  lw_tape_free (tape);
  test_end_well (s);
}

/* What happens while it is stopped, a tape does not see; an outer one does. */
static void
test_stop_recording (void)
{
  LwScope    *s = lw_scope_begin (check_device ());
  LwTape     *outer = lw_tape_begin (s, FALSE), *tape = lw_tape_begin (s, TRUE);
  LwVariable *w = test_variable_new (2, TRUE, "w");
  LwTensor   *x = test_scalar (s, 3), *y, *z, *grad;

  lw_tape_watch (tape, x);
  lw_tape_watch (outer, x);
  lw_tape_stop_recording (tape);
  y = lw_multiply (s, lw_square (s, x), lw_variable_read (s, w));
  lw_tape_stop_recording (tape);
  lw_tape_resume_recording (tape);
  z = lw_square (s, x);
  lw_tape_resume_recording (tape);
  g_assert_cmpuint (lw_tape_get_n_nodes (tape), ==, 0);
  g_assert_null (test_gradient (tape, s, y, x));
  g_assert_null (test_gradient (tape, s, z, x));
  g_assert_true (lw_tape_gradient_of_variables (tape, s, y, 1, &w, &grad, NULL));
  g_assert_null (grad);
  test_assert_value (test_gradient (tape, s, lw_square (s, x), x), 6);
  test_assert_value (test_gradient (outer, s, y, x), 12);
  lw_tape_free (tape);
  lw_tape_free (outer);
  test_end_well (s);
  lw_variable_unref (w);
}

/* The list of nodes says op, inputs, output and shapes, for display. */
static void
test_listing (void)
{
  LwScope         *s = lw_scope_begin (check_device ());
  LwTape          *tape = lw_tape_begin (s, TRUE);
  LwVariable      *w = test_variable_new (5, TRUE, "W"), *b = test_variable_new (10, TRUE, "B");
  LwTensor        *x = lw_fill (s, LW_FLOAT64, &LW_SHAPE (2, 3), 1), *y;
  g_autofree char *text = NULL;

  lw_tensor_set_name (x, "x");
  y = lw_multiply (s, x, lw_variable_read (s, w));
  y = lw_add (s, y, lw_variable_read (s, b));
  y = lw_subtract (s, y, test_scalar (s, 1));
  text = lw_tape_to_string (tape);
  g_assert_cmpstr (text, ==,
                   "%0 = multiply (x: float64 2×3, W: float64 scalar) -> float64 2×3\n"
                   "%1 = add (%0: float64 2×3, B: float64 scalar) -> float64 2×3\n"
                   "%2 = subtract (%1: float64 2×3, const: float64 scalar) -> float64 2×3\n");
  g_assert_cmpint (lw_tape_find_node (tape, y), ==, 2);
  g_assert_cmpint (lw_tape_find_node (tape, x), ==, -1);
  g_assert_cmpstr (lw_tape_get_label (tape, x), ==, "x");
  g_assert_null (lw_tape_get_label (tape, y));
  lw_tape_free (tape);
  test_end_well (s);
  lw_variable_unref (w);
  lw_variable_unref (b);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tape/square", test_square);
  g_test_add_func ("/tape/unwatched", test_unwatched);
  g_test_add_func ("/tape/nodes", test_nodes);
  g_test_add_func ("/tape/second-call", test_second_call);
  g_test_add_func ("/tape/persistent", test_persistent);
  g_test_add_func ("/tape/persistent-second-derivative", test_persistent_second_derivative);
  g_test_add_func ("/tape/nested", test_nested_tapes);
  g_test_add_func ("/tape/second-derivatives", test_second_derivatives);
  g_test_add_func ("/tape/second-or-error", test_second_or_error);
  g_test_add_func ("/tape/no-second-derivative", test_no_second_derivative);
  g_test_add_func ("/tape/target-is-summed", test_target_is_summed);
  g_test_add_func ("/tape/integer-source", test_integer_source);
  g_test_add_func ("/tape/failed-scope", test_failed_scope);
  g_test_add_func ("/tape/nested-scope", test_nested_scope);
  g_test_add_func ("/tape/memory", test_memory);
  g_test_add_func ("/tape/intermediates-freed", test_intermediates_freed);
  g_test_add_func ("/tape/ten-thousand-steps", test_ten_thousand_steps);
  g_test_add_func ("/tape/variables", test_variables);
  g_test_add_func ("/tape/assign-between", test_assign_between);
  g_test_add_func ("/tape/watch-variable", test_watch_variable);
  g_test_add_func ("/tape/variable-outlived", test_variable_outlived);
  g_test_add_func ("/tape/no-promotion", test_no_promotion);
  g_test_add_func ("/tape/used-twice", test_used_twice);
  g_test_add_func ("/tape/several-targets", test_several_targets);
  g_test_add_func ("/tape/output-gradients", test_output_gradients);
  g_test_add_func ("/tape/jacobian", test_jacobian);
  g_test_add_func ("/tape/unconnected-zero", test_unconnected_zero);
  g_test_add_func ("/tape/integer-target", test_integer_target);
  g_test_add_func ("/tape/stop-gradient", test_stop_gradient);
  g_test_add_func ("/tape/stop-recording", test_stop_recording);
  g_test_add_func ("/tape/listing", test_listing);
  status = g_test_run ();
  check_device_free ();
  return status;
}
