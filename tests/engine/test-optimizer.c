#include "gradient-check.h"

#include "engine/nn/model_spec.h"
#include "engine/nn/optimizer.h"

#include <math.h>
#include <string.h>

/* The optimizers against their formulas, written out here once more in plain double arithmetic. */

#define MAX_LENGTH 1000
#define N_STEPS 5

typedef struct {
  const char *optimizer;
  double      rate, momentum;
  gboolean    nesterov, amsgrad;
  guint       slots_each;
} Case;

static const Case cases[] = {
  { "SGD", 0.1, 0, FALSE, FALSE, 0 },     { "SGD", 0.05, 0.9, FALSE, FALSE, 1 },
  { "SGD", 0.05, 0.9, TRUE, FALSE, 1 },   { "SGD", 0.05, 0, TRUE, FALSE, 0 },
  { "Adam", 0.01, 0, FALSE, FALSE, 2 },   { "Adam", 0.01, 0, FALSE, TRUE, 3 },
};

static LwSpec *
spec_of (const Case *c)
{
  const LwSpecClass *klass = lw_optimizer_class_find (c->optimizer);
  LwSpec            *spec = lw_spec_new (klass, NULL);
  struct {
    const char  *key;
    LwFieldValue value;
  } fields[] = { { "learning_rate", { .x = c->rate } },
                 { "momentum", { .x = c->momentum } },
                 { "nesterov", { .b = c->nesterov } },
                 { "amsgrad", { .b = c->amsgrad } } };

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (lw_spec_class_find (klass, fields[i].key, NULL) != NULL)
      {
        GError *error = NULL;
        LwSpec *next = lw_spec_with_value (spec, fields[i].key, fields[i].value, &error);

        g_assert_no_error (error);
        lw_spec_unref (spec);
        spec = next;
      }
  return spec;
}

/* One element's life in double precision. */
typedef struct {
  double w, m, v, vhat;
} Element;

static void
step_by_hand (const Case *c, Element *e, double g, int t)
{
  if (strcmp (c->optimizer, "SGD") == 0)
    {
      if (c->momentum == 0)
        {
          e->w -= c->rate * g;
          return;
        }
      e->m = c->momentum * e->m - c->rate * g;
      e->w += c->nesterov ? c->momentum * e->m - c->rate * g : e->m;
      return;
    }
  e->m = 0.9 * e->m + 0.1 * g;
  e->v = 0.999 * e->v + 0.001 * g * g;
  e->vhat = fmax (e->vhat, e->v);
  e->w -= c->rate * sqrt (1 - pow (0.999, t)) / (1 - pow (0.9, t)) * e->m
          / (sqrt (c->amsgrad ? e->vhat : e->v) + 1e-7);
}

/* Gradients that shrink and change sign, so that amsgrad's maximum matters; some are zero. */
static double
gradient (gsize i, int t)
{
  return i % 7 == 3 ? 0 : (float) (sin ((double) i * 1.7 + t * 0.9) * pow (0.5, t) * 4);
}

static LwTensor *
gradient_tensor (LwScope *s, LwDType dtype, gsize n, int t)
{
  LwTensor *grad = lw_scope_new_tensor (s, dtype, &LW_SHAPE ((gint64) n));

  for (gsize i = 0; i < n; i++)
    if (dtype == LW_FLOAT32)
      ((float *) lw_tensor_get_mutable_data (grad))[i] = (float) gradient (i, t);
    else
      ((double *) lw_tensor_get_mutable_data (grad))[i] = gradient (i, t);
  return grad;
}

static LwOptimizer *
optimizer_new (const LwSpec *spec, guint n, LwVariable *const *variables)
{
  GError      *error = NULL;
  LwOptimizer *optimizer = lw_optimizer_new (spec, n, variables, &error);

  g_assert_no_error (error);
  return optimizer;
}

static void
apply (LwOptimizer *optimizer, LwScope *s, guint n, LwTensor *const *grads)
{
  GError *error = NULL;

  g_assert_true (lw_optimizer_apply_gradients (optimizer, s, n, grads, &error));
  g_assert_no_error (error);
}

static void
check_formula (const Case *c, LwDType dtype, gsize length)
{
  g_autoptr (LwSpec)      spec = spec_of (c);
  g_autoptr (LwTensor)    initial = check_random_tensor (dtype, &LW_SHAPE ((gint64) length), -1, 1);
  g_autoptr (LwVariable)  variable = lw_variable_new (initial, TRUE, "w");
  g_autoptr (LwOptimizer) optimizer = optimizer_new (spec, 1, &variable);
  Element                 elements[MAX_LENGTH] = { 0 };
  double                  tolerance = dtype == LW_FLOAT64 ? 1e-13 : 3e-6;

  g_assert_cmpuint (lw_optimizer_get_n_slots (optimizer), ==, c->slots_each);
  g_assert_cmpfloat (lw_optimizer_get_learning_rate (optimizer), ==, c->rate);
  for (gsize i = 0; i < length; i++)
    elements[i].w = lw_tensor_get_value (initial, i);
  for (int t = 1; t <= N_STEPS; t++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTensor *grad = gradient_tensor (s, dtype, length, t);

      apply (optimizer, s, 1, &grad);
      g_assert_true (lw_scope_end (s, NULL));
      g_assert_cmpint (lw_optimizer_get_iterations (optimizer), ==, t);
      for (gsize i = 0; i < length; i++)
        {
          step_by_hand (c, &elements[i], gradient (i, t), t);
          g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_variable_get_value (variable), i), elements[i].w,
                                          tolerance * (1 + fabs (elements[i].w)));
          if (c->slots_each > 0)
            g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_optimizer_get_slot (optimizer, 0), i),
                                            elements[i].m, tolerance);
          if (c->slots_each > 1)
            g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_optimizer_get_slot (optimizer, 1), i),
                                            elements[i].v, tolerance);
          if (c->slots_each > 2)
            g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_optimizer_get_slot (optimizer, 2), i),
                                            elements[i].vhat, tolerance);
        }
    }
  g_assert_cmpfloat (lw_tensor_get_value (initial, 0), !=,
                     lw_tensor_get_value (lw_variable_get_value (variable), 0));
}

/* Lengths around a vector's, so that tails are covered. */
static void
test_formulas (void)
{
  static const gsize lengths[] = { 1, 7, 16, 33, MAX_LENGTH };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize k = 0; k < G_N_ELEMENTS (lengths); k++)
      {
        check_formula (&cases[i], LW_FLOAT64, lengths[k]);
        check_formula (&cases[i], LW_FLOAT32, lengths[k]);
      }
}

/* Three steps of Adam on one weight, worked out on paper: with a constant gradient the bias
 * corrections cancel, and each step is the learning rate (but for epsilon). */
static void
test_adam_on_paper (void)
{
  const Case              c = { "Adam", 0.25, 0, FALSE, FALSE, 2 };
  g_autoptr (LwSpec)      spec = spec_of (&c);
  const double            two = 2;
  g_autoptr (LwTensor)    initial = lw_tensor_new_from_data (NULL, LW_FLOAT64, &LW_SCALAR, &two, NULL);
  g_autoptr (LwVariable)  variable = lw_variable_new (initial, TRUE, NULL);
  g_autoptr (LwOptimizer) optimizer = optimizer_new (spec, 1, &variable);

  for (int t = 1; t <= 3; t++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTensor *grad = lw_constant_scalar (s, LW_FLOAT64, -8);

      apply (optimizer, s, 1, &grad);
      g_assert_true (lw_scope_end (s, NULL));
      g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_variable_get_value (variable), 0), 2 + 0.25 * t, 1e-6);
    }
}

/* More elements than one thread takes at a time: the same bits for any number of threads. */
static void
test_threads (void)
{
  const gint64 n = 100003;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LwSpec)   spec = spec_of (&cases[i]);
      g_autoptr (LwTensor) initial = check_random_tensor (LW_FLOAT32, &LW_SHAPE (n), -1, 1);
      g_autoptr (LwTensor) want = NULL;

      for (int threads = 1; threads <= 3; threads++)
        {
          g_autoptr (LwDevice)    device = lw_device_new (threads, 0, NULL);
          g_autoptr (LwVariable)  variable = lw_variable_new (initial, TRUE, NULL);
          g_autoptr (LwOptimizer) optimizer = optimizer_new (spec, 1, &variable);

          for (int t = 1; t <= 2; t++)
            {
              LwScope  *s = lw_scope_begin (device);
              LwTensor *grad = gradient_tensor (s, LW_FLOAT32, (gsize) n, t);

              apply (optimizer, s, 1, &grad);
              g_assert_true (lw_scope_end (s, NULL));
            }
          if (want == NULL)
            want = lw_tensor_ref (lw_variable_get_value (variable));
          g_assert_true (lw_tensor_equal (lw_variable_get_value (variable), want));
        }
    }
}

#define N_VARIABLES 3

static void
variables_new (LwVariable *variables[N_VARIABLES])
{
  for (int i = 0; i < N_VARIABLES; i++)
    {
      g_autoptr (LwTensor) value = check_random_tensor (LW_FLOAT32, &LW_SHAPE (4 + i), -1, 1);

      variables[i] = lw_variable_new (value, TRUE, NULL);
    }
}

static void
variables_clear (LwVariable *variables[N_VARIABLES])
{
  for (int i = 0; i < N_VARIABLES; i++)
    lw_variable_unref (variables[i]);
}

static void
test_missing_gradients (void)
{
  g_autoptr (LwSpec)      spec = spec_of (&cases[4]);
  LwVariable             *variables[N_VARIABLES];
  g_autoptr (LwOptimizer) optimizer = NULL;
  g_autoptr (LwTensor)    before = NULL;
  LwTensor               *grads[N_VARIABLES] = { NULL };
  LwScope                *s;
  g_autoptr (GError)      error = NULL;

  variables_new (variables);
  optimizer = optimizer_new (spec, N_VARIABLES, variables);

  s = lw_scope_begin (check_device ());
  g_assert_false (lw_optimizer_apply_gradients (optimizer, s, N_VARIABLES, grads, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
  g_assert_cmpint (lw_optimizer_get_iterations (optimizer), ==, 0);
  g_clear_error (&error);

  before = lw_tensor_copy (lw_variable_get_value (variables[1]), NULL);
  grads[0] = gradient_tensor (s, LW_FLOAT32, 4, 1);
  grads[2] = gradient_tensor (s, LW_FLOAT32, 6, 1);
  apply (optimizer, s, N_VARIABLES, grads);
  g_assert_true (lw_tensor_equal (lw_variable_get_value (variables[1]), before));
  g_assert_cmpfloat (lw_tensor_get_value (lw_optimizer_get_slot (optimizer, 2), 0), ==, 0); /* m of variable 1 */
  g_assert_cmpfloat (lw_tensor_get_value (lw_optimizer_get_slot (optimizer, 4), 1), !=, 0); /* m of variable 2 */
  g_assert_cmpint (lw_optimizer_get_iterations (optimizer), ==, 1);
  g_assert_true (lw_scope_end (s, NULL));
  variables_clear (variables);
}

static void
test_wrong_gradients (void)
{
  g_autoptr (LwSpec)      spec = spec_of (&cases[1]);
  LwVariable             *variables[N_VARIABLES];
  g_autoptr (LwOptimizer) optimizer = NULL;
  g_autoptr (LwTensor)    before = NULL;
  LwTensor               *grads[N_VARIABLES];
  LwScope                *s = lw_scope_begin (check_device ());
  g_autoptr (GError)      error = NULL;

  variables_new (variables);
  optimizer = optimizer_new (spec, N_VARIABLES, variables);
  before = lw_tensor_copy (lw_variable_get_value (variables[0]), NULL);

  /* The last one does not fit: none is applied. */
  for (int i = 0; i < N_VARIABLES; i++)
    grads[i] = gradient_tensor (s, LW_FLOAT32, (gsize) (i < 2 ? 4 + i : 4), 1);
  g_assert_false (lw_optimizer_apply_gradients (optimizer, s, N_VARIABLES, grads, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "shape 4"));
  g_clear_error (&error);
  grads[2] = gradient_tensor (s, LW_FLOAT64, 6, 1);
  g_assert_false (lw_optimizer_apply_gradients (optimizer, s, N_VARIABLES, grads, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "float64"));

  g_assert_true (lw_tensor_equal (lw_variable_get_value (variables[0]), before));
  g_assert_cmpint (lw_optimizer_get_iterations (optimizer), ==, 0);
  g_assert_true (lw_scope_end (s, NULL));
  variables_clear (variables);
}

/* What a snapshot holds is not written to; what nobody else holds is reused. */
static void
test_held_values (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (int is_double = 0; is_double < 2; is_double++)
      {
        LwDType                 dtype = is_double ? LW_FLOAT64 : LW_FLOAT32;
        g_autoptr (LwSpec)      spec = spec_of (&cases[i]);
        g_autoptr (LwTensor)    initial = check_random_tensor (dtype, &LW_SHAPE (20), -1, 1);
        g_autoptr (LwVariable)  variable = lw_variable_new (initial, TRUE, NULL);
        g_autoptr (LwOptimizer) optimizer = optimizer_new (spec, 1, &variable);
        guint                   n = 1 + lw_optimizer_get_n_slots (optimizer);

        for (int t = 1; t <= 3; t++)
          {
            LwTensor *held[4], *copies[4];
            LwScope  *s = lw_scope_begin (check_device ());
            LwTensor *grad = gradient_tensor (s, dtype, 20, t);

            for (guint k = 0; k < n; k++)
              {
                held[k] = lw_tensor_ref (k == 0 ? lw_variable_get_value (variable)
                                                : lw_optimizer_get_slot (optimizer, k - 1));
                copies[k] = lw_tensor_copy (held[k], NULL);
              }
            apply (optimizer, s, 1, &grad);
            g_assert_true (lw_scope_end (s, NULL));
            for (guint k = 0; k < n; k++)
              {
                g_assert_true (lw_tensor_equal (held[k], copies[k]));
                lw_tensor_unref (held[k]);
                lw_tensor_unref (copies[k]);
              }
            g_assert_true (lw_tensor_is_unshared (lw_variable_get_value (variable)));
          }
      }
}

/* Slots, iterations and rate carried over to another optimizer: its future is the same. */
static void
test_slots (void)
{
  for (gsize c = 0; c < G_N_ELEMENTS (cases); c++)
    {
      g_autoptr (LwSpec)      spec = spec_of (&cases[c]);
      LwVariable             *variables[N_VARIABLES], *others[N_VARIABLES];
      g_autoptr (LwOptimizer) optimizer = NULL, other = NULL;
      LwTensor               *grads[N_VARIABLES], *slots[3 * N_VARIABLES + 1];
      LwScope                *s = lw_scope_begin (check_device ());
      g_autoptr (GError)      error = NULL;
      guint                   n;

      variables_new (variables);
      optimizer = optimizer_new (spec, N_VARIABLES, variables);
      n = lw_optimizer_get_n_slots (optimizer);
      g_assert_cmpuint (n, ==, N_VARIABLES * cases[c].slots_each);
      for (int i = 0; i < N_VARIABLES; i++)
        grads[i] = gradient_tensor (s, LW_FLOAT32, (gsize) (4 + i), i);
      apply (optimizer, s, N_VARIABLES, grads);
      lw_optimizer_set_learning_rate (optimizer, 0.125);

      /* Adam's m and v take turns; vhat comes behind them all. */
      for (guint k = 0; k < n; k++)
        {
          guint i = cases[c].slots_each == 1 ? k : k < 2 * N_VARIABLES ? k / 2 : k - 2 * N_VARIABLES;

          slots[k] = lw_optimizer_get_slot (optimizer, k);
          g_assert_cmpint (lw_tensor_get_dim (slots[k], 0), ==, 4 + i);
        }

      for (int i = 0; i < N_VARIABLES; i++)
        others[i] = lw_variable_new (lw_variable_get_value (variables[i]), TRUE, NULL);
      other = optimizer_new (spec, N_VARIABLES, others);
      g_assert_true (lw_optimizer_set_slots (other, n, slots, &error));
      g_assert_no_error (error);
      lw_optimizer_set_iterations (other, lw_optimizer_get_iterations (optimizer));
      lw_optimizer_set_learning_rate (other, lw_optimizer_get_learning_rate (optimizer));
      apply (optimizer, s, N_VARIABLES, grads);
      apply (other, s, N_VARIABLES, grads);
      for (int i = 0; i < N_VARIABLES; i++)
        g_assert_true (lw_tensor_equal (lw_variable_get_value (variables[i]), lw_variable_get_value (others[i])));
      for (guint k = 0; k < n; k++)
        g_assert_true (lw_tensor_equal (lw_optimizer_get_slot (optimizer, k), lw_optimizer_get_slot (other, k)));

      for (guint k = 0; k < n; k++)
        slots[k] = lw_optimizer_get_slot (other, k);
      slots[n] = grads[0];
      g_assert_false (lw_optimizer_set_slots (other, n + 1, slots, &error));
      g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
      g_clear_error (&error);
      if (n > 0)
        {
          slots[n - 1] = grads[0];
          g_assert_false (lw_optimizer_set_slots (other, n, slots, &error));
          g_assert_error (error, LW_ERROR, LW_ERROR_SHAPE);
        }
      g_assert_true (lw_scope_end (s, NULL));
      variables_clear (variables);
      variables_clear (others);
    }
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/optimizer/formulas", test_formulas);
  g_test_add_func ("/optimizer/adam-on-paper", test_adam_on_paper);
  g_test_add_func ("/optimizer/threads", test_threads);
  g_test_add_func ("/optimizer/missing-gradients", test_missing_gradients);
  g_test_add_func ("/optimizer/wrong-gradients", test_wrong_gradients);
  g_test_add_func ("/optimizer/held-values", test_held_values);
  g_test_add_func ("/optimizer/slots", test_slots);
  status = g_test_run ();
  check_device_free ();
  return status;
}
