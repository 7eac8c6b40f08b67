#include "gradient-check.h"

#include "engine/nn/model_spec.h"
#include "engine/nn/optimizer.h"
#include "engine/nn/schedule.h"

#include <math.h>
#include <string.h>

/* The optimizers against their formulas, written out here once more in plain double arithmetic. */

#define MAX_LENGTH 1000
#define N_STEPS 5

typedef struct {
  const char *optimizer, *settings; /* "momentum=0.9 nesterov=1" */
  guint       slots_each, scalars;
} Case;

#define N_CASES G_N_ELEMENTS (cases)

static const Case cases[] = {
  { "SGD", "learning_rate=0.1", 0, 0 },
  { "SGD", "learning_rate=0.05 momentum=0.9", 1, 0 },
  { "SGD", "learning_rate=0.05 momentum=0.9 nesterov=1", 1, 0 },
  { "SGD", "learning_rate=0.05 nesterov=1", 0, 0 },
  { "Adam", "learning_rate=0.01", 2, 0 },
  { "Adam", "learning_rate=0.01 amsgrad=1", 3, 0 },
  { "Adam", "learning_rate=0.01 weight_decay=0.3", 2, 0 },
  { "AdamW", "learning_rate=0.02 beta_1=0.7", 2, 0 },
  { "AdamW", "learning_rate=0.02 weight_decay=0.5 amsgrad=1", 3, 0 },
  { "SGD", "learning_rate=0.05 momentum=0.9 weight_decay=0.2", 1, 0 },
  { "RMSprop", "learning_rate=0.01", 1, 0 },
  { "RMSprop", "learning_rate=0.01 momentum=0.6 rho=0.8", 2, 0 },
  { "RMSprop", "learning_rate=0.01 centered=1 epsilon=0.001", 2, 0 },
  { "RMSprop", "learning_rate=0.01 momentum=0.6 centered=1 epsilon=0.001 weight_decay=0.1", 3, 0 },
  { "Adagrad", "learning_rate=0.1", 1, 0 },
  { "Adagrad", "learning_rate=0.1 initial_accumulator_value=0.5 epsilon=0.01", 1, 0 },
  { "Nadam", "learning_rate=0.01", 2, 1 },
  { "Nadam", "learning_rate=0.01 beta_1=0.6 beta_2=0.9 weight_decay=0.1", 2, 1 },
};

/* The first case of that class. */
static const Case *
case_of (const char *optimizer)
{
  for (gsize i = 0; i < N_CASES; i++)
    if (strcmp (cases[i].optimizer, optimizer) == 0)
      return &cases[i];
  g_assert_not_reached ();
}

static LwSpec *
spec_with (const char *optimizer, const char *settings)
{
  LwSpec         *spec = lw_spec_new (lw_optimizer_class_find (optimizer), NULL);
  g_auto (GStrv)  words = g_strsplit (settings, " ", -1);

  for (char **word = words; *word != NULL && **word != '\0'; word++)
    {
      g_auto (GStrv) parts = g_strsplit (*word, "=", 2);
      const LwField *field = lw_spec_class_find (lw_spec_get_class (spec), parts[0], NULL);
      LwFieldValue   value = { 0 };
      GError        *error = NULL;
      LwSpec        *next;

      g_assert_nonnull (field);
      if (field->type == LW_FIELD_FLOAT)
        value.x = g_ascii_strtod (parts[1], NULL);
      else if (field->type == LW_FIELD_INT)
        value.i = g_ascii_strtoll (parts[1], NULL, 10);
      else if (field->type == LW_FIELD_CHOICE)
        value.choice = (int) g_ascii_strtoll (parts[1], NULL, 10);
      else
        value.b = parts[1][0] == '1';
      next = lw_spec_with_value (spec, parts[0], value, &error);
      g_assert_no_error (error);
      lw_spec_unref (spec);
      spec = next;
    }
  return spec;
}

static LwSpec *
spec_of (const Case *c)
{
  return spec_with (c->optimizer, c->settings);
}

/* One element's life in double precision; slots in the order of the file. */
typedef struct {
  double w, slots[3], product;
} Element;

static void
element_init (const LwSpec *spec, Element *e, double w)
{
  *e = (Element) { .w = w, .product = 1 };
  if (lw_spec_is_a (spec, "Adagrad"))
    e->slots[0] = lw_spec_get_float (spec, "initial_accumulator_value");
}

static void
sgd_by_hand (const LwSpec *spec, Element *e, double g, double rate)
{
  const double momentum = lw_spec_get_float (spec, "momentum");

  if (momentum == 0)
    {
      e->w -= rate * g;
      return;
    }
  e->slots[0] = momentum * e->slots[0] - rate * g;
  e->w += lw_spec_get_bool (spec, "nesterov") ? momentum * e->slots[0] - rate * g : e->slots[0];
}

static void
adam_by_hand (const LwSpec *spec, Element *e, double g, double rate, int t)
{
  const double b1 = lw_spec_get_float (spec, "beta_1"), b2 = lw_spec_get_float (spec, "beta_2");

  e->slots[0] = b1 * e->slots[0] + (1 - b1) * g;
  e->slots[1] = b2 * e->slots[1] + (1 - b2) * g * g;
  if (lw_spec_is_a (spec, "Nadam"))
    {
      const double u = b1 * (1 - 0.5 * pow (0.96, t)), next = b1 * (1 - 0.5 * pow (0.96, t + 1));
      double       m_hat;

      e->product *= u;
      m_hat = next * e->slots[0] / (1 - e->product * next) + (1 - u) * g / (1 - e->product);
      e->w -= rate * m_hat / (sqrt (e->slots[1] / (1 - pow (b2, t))) + lw_spec_get_float (spec, "epsilon"));
      return;
    }
  e->slots[2] = fmax (e->slots[2], e->slots[1]);
  e->w -= rate * sqrt (1 - pow (b2, t)) / (1 - pow (b1, t)) * e->slots[0]
          / (sqrt (e->slots[lw_spec_get_bool (spec, "amsgrad") ? 2 : 1]) + lw_spec_get_float (spec, "epsilon"));
}

static void
rmsprop_by_hand (const LwSpec *spec, Element *e, double g, double rate)
{
  const double rho = lw_spec_get_float (spec, "rho"), momentum = lw_spec_get_float (spec, "momentum");
  double      *average = &e->slots[momentum > 0 ? 2 : 1];
  double       d = e->slots[0] = rho * e->slots[0] + (1 - rho) * g * g, step;

  if (lw_spec_get_bool (spec, "centered"))
    {
      *average = rho * *average + (1 - rho) * g;
      d -= *average * *average;
    }
  step = rate * g / sqrt (d + lw_spec_get_float (spec, "epsilon"));
  if (momentum > 0)
    step = e->slots[1] = momentum * e->slots[1] + step;
  e->w -= step;
}

static void
step_by_hand (const LwSpec *spec, Element *e, double g, int t)
{
  const double rate = lw_schedule_get_rate (spec, t - 1), decay = lw_spec_get_float (spec, "weight_decay");

  if (!isnan (decay))
    e->w -= rate * decay * e->w;
  if (lw_spec_is_a (spec, "SGD"))
    sgd_by_hand (spec, e, g, rate);
  else if (lw_spec_is_a (spec, "RMSprop"))
    rmsprop_by_hand (spec, e, g, rate);
  else if (lw_spec_is_a (spec, "Adagrad"))
    {
      e->slots[0] += g * g;
      e->w -= rate * g / sqrt (e->slots[0] + lw_spec_get_float (spec, "epsilon"));
    }
  else
    adam_by_hand (spec, e, g, rate, t);
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

  g_assert_cmpuint (lw_optimizer_get_n_slots (optimizer), ==, c->slots_each + c->scalars);
  g_assert_cmpfloat (lw_optimizer_get_learning_rate (optimizer), ==, lw_spec_get_float (spec, "learning_rate"));
  for (gsize i = 0; i < length; i++)
    element_init (spec, &elements[i], lw_tensor_get_value (initial, i));
  for (int t = 1; t <= N_STEPS; t++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTensor *grad = gradient_tensor (s, dtype, length, t);

      apply (optimizer, s, 1, &grad);
      g_assert_true (lw_scope_end (s, NULL));
      g_assert_cmpint (lw_optimizer_get_iterations (optimizer), ==, t);
      for (gsize i = 0; i < length; i++)
        {
          step_by_hand (spec, &elements[i], gradient (i, t), t);
          g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_variable_get_value (variable), i), elements[i].w,
                                          tolerance * (1 + fabs (elements[i].w)));
          for (guint k = 0; k < c->slots_each; k++)
            g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_optimizer_get_slot (optimizer, k), i),
                                            elements[i].slots[k], tolerance * (1 + fabs (elements[i].slots[k])));
        }
      if (c->scalars > 0)
        g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_optimizer_get_slot (optimizer, c->slots_each), 0),
                                        elements[0].product, tolerance);
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
  g_autoptr (LwSpec)      spec = spec_with ("Adam", "learning_rate=0.25");
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
  g_autoptr (LwSpec)      spec = spec_of (case_of ("Adam"));
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
  g_autoptr (LwSpec)      spec = spec_with ("SGD", "momentum=0.9");
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
            LwTensor *held[5], *copies[5];
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
      LwTensor               *grads[N_VARIABLES], *slots[3 * N_VARIABLES + 2];
      LwScope                *s = lw_scope_begin (check_device ());
      g_autoptr (GError)      error = NULL;
      guint                   n;

      variables_new (variables);
      optimizer = optimizer_new (spec, N_VARIABLES, variables);
      n = lw_optimizer_get_n_slots (optimizer);
      g_assert_cmpuint (n, ==, N_VARIABLES * cases[c].slots_each + cases[c].scalars);
      g_assert_cmpuint (n, ==, lw_optimizer_spec_count_slots (spec, N_VARIABLES));
      for (int i = 0; i < N_VARIABLES; i++)
        grads[i] = gradient_tensor (s, LW_FLOAT32, (gsize) (4 + i), i);
      apply (optimizer, s, N_VARIABLES, grads);
      lw_optimizer_set_learning_rate (optimizer, 0.125);

      /* Adam's m and v take turns, vhat comes behind them all; RMSprop has group behind group; a scalar
       * is the last. */
      for (guint k = 0; k < n; k++)
        {
          const gboolean take_turns = lw_spec_class_find (lw_spec_get_class (spec), "beta_1", NULL) != NULL;
          guint          i = take_turns && k < 2 * N_VARIABLES ? k / 2 : k % N_VARIABLES;

          slots[k] = lw_optimizer_get_slot (optimizer, k);
          if (k >= N_VARIABLES * cases[c].slots_each)
            {
              g_assert_cmpint (lw_tensor_get_shape (slots[k])->rank, ==, 0);
              g_assert_cmpint (lw_optimizer_spec_get_slot (spec, N_VARIABLES, k), ==, -1);
              continue;
            }
          g_assert_cmpint (lw_tensor_get_dim (slots[k], 0), ==, 4 + i);
          g_assert_cmpint (lw_optimizer_spec_get_slot (spec, N_VARIABLES, k), ==, i);
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

/* Takes one step with gradients 3, -4 and 12 in two variables (norms 5 and 12, together 13), for SGD with
 * rate 1 from 0: the weights are the clipped gradients, negated. */
static void
check_clip (LwDType dtype, const char *settings, double a, double b, double c)
{
  g_autofree char        *all = g_strconcat ("learning_rate=1 ", settings, NULL);
  g_autoptr (LwSpec)      spec = spec_with ("SGD", all);
  LwScope                *s = lw_scope_begin (check_device ());
  LwTensor               *zeros[2] = { lw_fill (s, dtype, &LW_SHAPE (2), 0), lw_fill (s, dtype, &LW_SHAPE (1), 0) };
  LwTensor               *grads[2] = { lw_fill (s, dtype, &LW_SHAPE (2), 3), lw_fill (s, dtype, &LW_SHAPE (1), 12) };
  LwVariable             *variables[2] = { lw_variable_new (zeros[0], TRUE, NULL),
                                           lw_variable_new (zeros[1], TRUE, NULL) };
  g_autoptr (LwOptimizer) optimizer = optimizer_new (spec, 2, variables);

  if (dtype == LW_FLOAT32)
    ((float *) lw_tensor_get_mutable_data (grads[0]))[1] = -4;
  else
    ((double *) lw_tensor_get_mutable_data (grads[0]))[1] = -4;
  apply (optimizer, s, 2, grads);
  g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_variable_get_value (variables[0]), 0), -a, 1e-6);
  g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_variable_get_value (variables[0]), 1), -b, 1e-6);
  g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_variable_get_value (variables[1]), 0), -c, 1e-6);
  g_assert_cmpfloat (lw_tensor_get_value (grads[1], 0), ==, 12);
  g_assert_true (lw_scope_end (s, NULL));
  for (int i = 0; i < 2; i++)
    lw_variable_unref (variables[i]);
}

/* What each slot is, for two variables, in file order. */
static void
test_slot_names (void)
{
  static const struct {
    const char *class_name, *key;
    LwFieldValue value;
    const char *names;
  } kinds[] = {
    { "SGD", "momentum", { .x = 0.9 }, "momentum/0 momentum/1 " },
    { "Adam", "use_ema", { .b = TRUE }, "average/0 average/1 m/0 v/0 m/1 v/1 " },
    { "AdamW", "amsgrad", { .b = TRUE }, "m/0 v/0 m/1 v/1 vhat/0 vhat/1 " },
    { "Nadam", "beta_1", { .x = 0.8 }, "m/0 v/0 m/1 v/1 u_product/-1 " },
    { "RMSprop", "momentum", { .x = 0.9 }, "velocity/0 velocity/1 momentum/0 momentum/1 " },
    { "RMSprop", "centered", { .b = TRUE }, "velocity/0 velocity/1 average_gradient/0 average_gradient/1 " },
    { "Adagrad", "epsilon", { .x = 1e-6 }, "accumulator/0 accumulator/1 " },
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (LwSpec)  plain = lw_spec_new (lw_optimizer_class_find (kinds[i].class_name), NULL);
      g_autoptr (LwSpec)  spec = lw_spec_with_value (plain, kinds[i].key, kinds[i].value, NULL);
      g_autoptr (GString) names = g_string_new (NULL);

      g_assert_nonnull (spec);
      for (guint k = 0; k < lw_optimizer_spec_count_slots (spec, 2); k++)
        g_string_append_printf (names, "%s/%d ", lw_optimizer_spec_get_slot_name (spec, 2, k),
                                lw_optimizer_spec_get_slot (spec, 2, k));
      g_assert_cmpstr (names->str, ==, kinds[i].names);
    }
}

static void
test_clipping (void)
{
  static const LwDType dtypes[] = { LW_FLOAT32, LW_FLOAT64 };

  for (gsize i = 0; i < G_N_ELEMENTS (dtypes); i++)
    {
      check_clip (dtypes[i], "", 3, -4, 12);
      check_clip (dtypes[i], "clipvalue=3.5", 3, -3.5, 3.5);
      check_clip (dtypes[i], "clipnorm=6", 3, -4, 6);
      check_clip (dtypes[i], "clipnorm=1", 0.6, -0.8, 1);
      check_clip (dtypes[i], "clipnorm=0", 3, -4, 12);
      check_clip (dtypes[i], "global_clipnorm=13", 3, -4, 12);
      check_clip (dtypes[i], "global_clipnorm=6.5", 1.5, -2, 6);
    }
}

/* A long gradient's norm: the same bits for any number of threads, and the norm is right. */
static void
test_long_norm (void)
{
  const gint64         n = 200003;
  g_autoptr (LwSpec)   spec = spec_with ("SGD", "learning_rate=1 clipnorm=2 weight_decay=0.5");
  g_autoptr (LwTensor) zeros = lw_tensor_new_zeros (NULL, LW_FLOAT32, &LW_SHAPE (n), NULL);
  g_autoptr (LwTensor) want = NULL;

  for (int threads = 1; threads <= 3; threads++)
    {
      g_autoptr (LwDevice)    device = lw_device_new (threads, 0, NULL);
      g_autoptr (LwVariable)  variable = lw_variable_new (zeros, TRUE, NULL);
      g_autoptr (LwOptimizer) optimizer = optimizer_new (spec, 1, &variable);
      LwScope                *s = lw_scope_begin (device);
      LwTensor               *grad = gradient_tensor (s, LW_FLOAT32, (gsize) n, 1);
      double                  squares = 0;

      apply (optimizer, s, 1, &grad);
      g_assert_true (lw_scope_end (s, NULL));
      for (gsize i = 0; i < (gsize) n; i++)
        {
          double w = lw_tensor_get_value (lw_variable_get_value (variable), i);

          squares += w * w;
        }
      g_assert_cmpfloat_with_epsilon (sqrt (squares), 2, 1e-5);
      if (want == NULL)
        want = lw_tensor_ref (lw_variable_get_value (variable));
      g_assert_true (lw_tensor_equal (lw_variable_get_value (variable), want));
    }
}

static void
assert_refused (const char *optimizer, const char *settings, const char *word)
{
  g_autoptr (LwSpec)     spec = spec_with (optimizer, settings);
  g_autoptr (LwTensor)   zero = lw_tensor_new_zeros (NULL, LW_FLOAT32, &LW_SCALAR, NULL);
  g_autoptr (LwVariable) variable = lw_variable_new (zero, TRUE, NULL);
  g_autoptr (GError)     error = NULL;

  g_assert_null (lw_optimizer_new (spec, 1, &variable, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
  g_assert_nonnull (strstr (error->message, word));
}

static void
test_one_clip (void)
{
  assert_refused ("Adam", "clipnorm=1 clipvalue=1", "both clipnorm and clipvalue");
  assert_refused ("RMSprop", "global_clipnorm=1 clipvalue=1", "both clipvalue and global_clipnorm");
  assert_refused ("Nadam", "global_clipnorm=1 clipnorm=1", "both clipnorm and global_clipnorm");
}

/* Keras: the average begins as the first step's weights; it comes before all other slots. */
static void
test_averages (void)
{
  for (int is_double = 0; is_double < 2; is_double++)
    {
      LwDType                 dtype = is_double ? LW_FLOAT64 : LW_FLOAT32;
      g_autoptr (LwSpec)      spec = spec_with ("SGD", "learning_rate=0.1 momentum=0.5 use_ema=1 ema_momentum=0.75 "
                                                       "ema_overwrite_frequency=3");
      g_autoptr (LwTensor)    initial = check_random_tensor (dtype, &LW_SHAPE (1500), -1, 1);
      g_autoptr (LwVariable)  variable = lw_variable_new (initial, TRUE, NULL);
      g_autoptr (LwOptimizer) optimizer = optimizer_new (spec, 1, &variable);
      Element                 e;
      double                  average = 0;

      element_init (spec, &e, lw_tensor_get_value (initial, 1400));
      g_assert_cmpuint (lw_optimizer_get_n_slots (optimizer), ==, 2);
      for (int t = 1; t <= N_STEPS; t++)
        {
          LwScope  *s = lw_scope_begin (check_device ());
          LwTensor *grad = gradient_tensor (s, dtype, 1500, t);

          apply (optimizer, s, 1, &grad);
          g_assert_true (lw_scope_end (s, NULL));
          step_by_hand (spec, &e, gradient (1400, t), t);
          average = t == 1 ? e.w : 0.75 * average + 0.25 * e.w;
          if (t == 3)
            e.w = average;
          g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_variable_get_value (variable), 1400), e.w, 1e-6);
          g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_optimizer_get_slot (optimizer, 0), 1400), average,
                                          1e-6);
          g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_optimizer_get_slot (optimizer, 1), 1400),
                                          e.slots[0], 1e-6);
        }
      g_assert_true (lw_optimizer_finalize_variable_values (optimizer, NULL));
      g_assert_true (lw_tensor_equal (lw_variable_get_value (variable), lw_optimizer_get_slot (optimizer, 0)));
    }
}

/* The rate follows the schedule until another one is set, and again from when the first one is. */
static void
test_schedule (void)
{
  g_autoptr (LwSpec)      spec = spec_with ("SGD", "learning_rate=0.5 schedule=1 decay_steps=2 decay_rate=0.25");
  g_autoptr (LwTensor)    zero = lw_tensor_new_zeros (NULL, LW_FLOAT64, &LW_SCALAR, NULL);
  g_autoptr (LwVariable)  variable = lw_variable_new (zero, TRUE, NULL);
  g_autoptr (LwOptimizer) optimizer = optimizer_new (spec, 1, &variable);
  const double            rates[] = { 0.5, 0.25, 0.125, 2, 2, 0.015625, 0.0078125 };
  double                  w = 0;

  for (gsize t = 0; t < G_N_ELEMENTS (rates); t++)
    {
      LwScope  *s = lw_scope_begin (check_device ());
      LwTensor *grad = lw_constant_scalar (s, LW_FLOAT64, -1);

      if (t == 3)
        lw_optimizer_set_learning_rate (optimizer, 2);
      if (t == 5)
        lw_optimizer_set_learning_rate (optimizer, 0.5);
      g_assert_cmpfloat (lw_optimizer_get_learning_rate (optimizer), ==, t == 3 || t == 4 ? 2 : 0.5);
      g_assert_cmpfloat_with_epsilon (lw_optimizer_get_current_rate (optimizer), rates[t], 1e-15);
      apply (optimizer, s, 1, &grad);
      g_assert_true (lw_scope_end (s, NULL));
      w += rates[t];
      g_assert_cmpfloat_with_epsilon (lw_tensor_get_value (lw_variable_get_value (variable), 0), w, 1e-14);
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
  g_test_add_func ("/optimizer/slot-names", test_slot_names);
  g_test_add_func ("/optimizer/clipping", test_clipping);
  g_test_add_func ("/optimizer/long-norm", test_long_norm);
  g_test_add_func ("/optimizer/one-clip", test_one_clip);
  g_test_add_func ("/optimizer/averages", test_averages);
  g_test_add_func ("/optimizer/schedule", test_schedule);
  status = g_test_run ();
  check_device_free ();
  return status;
}
