/* The step of each kind is computed by a kernel, in pieces that threads share out; every element on
 * its own, so no split changes a result. Formulas: Keras 3, optimizers/sgd.py and adam.py; Kingma and
 * Ba, "Adam", 2015. */

#include "engine/nn/optimizer.h"

#include "engine/kernels/reference.h"
#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#define GRAIN 8192

typedef struct _Kind Kind;

struct _LwOptimizer {
  const Kind  *kind;
  LwSpec      *spec;
  guint        n;
  LwVariable **variables;
  GPtrArray   *slots; /* LwVariable, in file order */
  double       learning_rate;
  gint64       iterations;
};

/* What tells one kind of optimizer from another. */
struct _Kind {
  const char *class_name;
  /* Slots of each variable, interleaved, and of those behind all of these. */
  guint (*n_interleaved) (const LwSpec *spec);
  guint (*n_behind)      (const LwSpec *spec);
  void  (*step)          (LwOptimizer *optimizer, LwScope *s, guint i, LwTensor *grad,
                          LwTensor *const *in, LwTensor *const *out);
};

/* in[0] and out[0] are the weight, then its slots. */
#define MAX_SLOTS 3

static LwVariable *
slot_of (LwOptimizer *optimizer, guint i, guint k)
{
  guint interleaved = optimizer->kind->n_interleaved (optimizer->spec);

  if (k < interleaved)
    return g_ptr_array_index (optimizer->slots, i * interleaved + k);
  return g_ptr_array_index (optimizer->slots, optimizer->n * interleaved + (k - interleaved) * optimizer->n + i);
}

static guint
n_slots_each (LwOptimizer *optimizer)
{
  return optimizer->kind->n_interleaved (optimizer->spec) + optimizer->kind->n_behind (optimizer->spec);
}

/* -- SGD -- */

typedef struct {
  const LwKernels *kernels;
  float            rate, momentum;
  gboolean         nesterov;
  const float     *g, *w, *m;
  float           *w_out, *m_out;
} SgdWork;

static void
sgd_range (gpointer data, gsize first, gsize n)
{
  const SgdWork *work = data;

  work->kernels->sgd (n, work->rate, work->momentum, work->nesterov, work->g + first, work->w + first,
                      work->m != NULL ? work->m + first : NULL, work->w_out + first,
                      work->m_out != NULL ? work->m_out + first : NULL);
}

static guint
sgd_interleaved (const LwSpec *spec)
{
  return lw_spec_get_float (spec, "momentum") > 0 ? 1 : 0;
}

static guint
none_behind (const LwSpec *spec)
{
  return 0;
}

static void
sgd_step (LwOptimizer *optimizer, LwScope *s, guint i, LwTensor *grad, LwTensor *const *in,
          LwTensor *const *out)
{
  gboolean has_momentum = in[1] != NULL;
  double   momentum = lw_spec_get_float (optimizer->spec, "momentum");
  gboolean nesterov = lw_spec_get_bool (optimizer->spec, "nesterov");

  if (lw_tensor_get_dtype (grad) == LW_FLOAT32)
    {
      SgdWork work = {
        .kernels = lw_scope_get_device (s)->kernels,
        .rate = (float) optimizer->learning_rate,
        .momentum = (float) momentum,
        .nesterov = nesterov,
        .g = lw_tensor_get_floats (grad),
        .w = lw_tensor_get_floats (in[0]),
        .m = has_momentum ? lw_tensor_get_floats (in[1]) : NULL,
        .w_out = lw_tensor_get_mutable_data (out[0]),
        .m_out = has_momentum ? lw_tensor_get_mutable_data (out[1]) : NULL,
      };

      lw_op_run_range (s, lw_tensor_get_count (grad), GRAIN, sgd_range, &work);
    }
  else
    lw_reference_sgd_f64 (lw_tensor_get_count (grad), optimizer->learning_rate, momentum, nesterov,
                          lw_tensor_get_data (grad), lw_tensor_get_data (in[0]),
                          has_momentum ? lw_tensor_get_data (in[1]) : NULL,
                          lw_tensor_get_mutable_data (out[0]),
                          has_momentum ? lw_tensor_get_mutable_data (out[1]) : NULL);
}

/* -- Adam -- */

typedef struct {
  const LwKernels *kernels;
  LwAdamStep       step;
  const float     *g, *w, *m, *v, *vhat;
  float           *w_out, *m_out, *v_out, *vhat_out;
} AdamWork;

static void
adam_range (gpointer data, gsize first, gsize n)
{
  const AdamWork *work = data;

  work->kernels->adam (n, &work->step, work->g + first, work->w + first, work->m + first, work->v + first,
                       work->vhat != NULL ? work->vhat + first : NULL, work->w_out + first,
                       work->m_out + first, work->v_out + first,
                       work->vhat_out != NULL ? work->vhat_out + first : NULL);
}

static guint
adam_interleaved (const LwSpec *spec)
{
  return 2;
}

static guint
adam_behind (const LwSpec *spec)
{
  return lw_spec_get_bool (spec, "amsgrad") ? 1 : 0;
}

/* base^n by squaring: products only, so the same bits everywhere. */
static double
power (double base, gint64 n)
{
  double result = 1;

  for (; n > 0; n >>= 1)
    {
      if (n & 1)
        result *= base;
      base *= base;
    }
  return result;
}

static void
adam_step (LwOptimizer *optimizer, LwScope *s, guint i, LwTensor *grad, LwTensor *const *in,
           LwTensor *const *out)
{
  const double   beta_1 = lw_spec_get_float (optimizer->spec, "beta_1");
  const double   beta_2 = lw_spec_get_float (optimizer->spec, "beta_2");
  const double   epsilon = lw_spec_get_float (optimizer->spec, "epsilon");
  const gint64   t = optimizer->iterations + 1;
  const double   alpha = optimizer->learning_rate * sqrt (1 - power (beta_2, t)) / (1 - power (beta_1, t));
  const gboolean amsgrad = in[3] != NULL;

  if (lw_tensor_get_dtype (grad) == LW_FLOAT32)
    {
      AdamWork work = {
        .kernels = lw_scope_get_device (s)->kernels,
        .step = { (float) alpha, (float) (1 - beta_1), (float) (1 - beta_2), (float) epsilon },
        .g = lw_tensor_get_floats (grad),
        .w = lw_tensor_get_floats (in[0]),
        .m = lw_tensor_get_floats (in[1]),
        .v = lw_tensor_get_floats (in[2]),
        .vhat = amsgrad ? lw_tensor_get_floats (in[3]) : NULL,
        .w_out = lw_tensor_get_mutable_data (out[0]),
        .m_out = lw_tensor_get_mutable_data (out[1]),
        .v_out = lw_tensor_get_mutable_data (out[2]),
        .vhat_out = amsgrad ? lw_tensor_get_mutable_data (out[3]) : NULL,
      };

      lw_op_run_range (s, lw_tensor_get_count (grad), GRAIN, adam_range, &work);
    }
  else
    lw_reference_adam_f64 (lw_tensor_get_count (grad), alpha, 1 - beta_1, 1 - beta_2, epsilon,
                           lw_tensor_get_data (grad), lw_tensor_get_data (in[0]), lw_tensor_get_data (in[1]),
                           lw_tensor_get_data (in[2]), amsgrad ? lw_tensor_get_data (in[3]) : NULL,
                           lw_tensor_get_mutable_data (out[0]), lw_tensor_get_mutable_data (out[1]),
                           lw_tensor_get_mutable_data (out[2]),
                           amsgrad ? lw_tensor_get_mutable_data (out[3]) : NULL);
}

static const Kind kinds[] = {
  { "SGD", sgd_interleaved, none_behind, sgd_step },
  { "Adam", adam_interleaved, adam_behind, adam_step },
};

/* -- the optimizer -- */

LwOptimizer *
lw_optimizer_new (const LwSpec *spec, guint n, LwVariable *const *variables, GError **error)
{
  g_autoptr (LwOptimizer) optimizer = g_new0 (LwOptimizer, 1);
  guint                   n_interleaved, n_all;

  optimizer->spec = lw_spec_ref ((LwSpec *) spec);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (lw_spec_is_a (spec, kinds[i].class_name))
      optimizer->kind = &kinds[i];
  if (optimizer->kind == NULL)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED, _("There is no optimizer called %s"),
                   lw_spec_get_class (spec)->class_name);
      return NULL;
    }
  optimizer->learning_rate = lw_spec_get_float (spec, "learning_rate");
  optimizer->n = n;
  optimizer->variables = g_new0 (LwVariable *, n);
  optimizer->slots = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_variable_unref);
  for (guint i = 0; i < n; i++)
    optimizer->variables[i] = lw_variable_ref (variables[i]);

  n_interleaved = optimizer->kind->n_interleaved (spec);
  n_all = n * n_slots_each (optimizer);
  for (guint k = 0; k < n_all; k++)
    {
      guint                i = k < n * n_interleaved ? k / n_interleaved : (k - n * n_interleaved) % n;
      LwTensor            *value = lw_variable_get_value (variables[i]);
      g_autoptr (LwTensor) zeros = lw_tensor_new_zeros (NULL, lw_tensor_get_dtype (value),
                                                        lw_tensor_get_shape (value), error);

      if (zeros == NULL)
        return NULL;
      g_ptr_array_add (optimizer->slots, lw_variable_new_holding (zeros, FALSE, NULL));
    }
  return g_steal_pointer (&optimizer);
}

void
lw_optimizer_free (LwOptimizer *optimizer)
{
  if (optimizer == NULL)
    return;
  for (guint i = 0; i < optimizer->n; i++)
    lw_variable_unref (optimizer->variables[i]);
  g_free (optimizer->variables);
  g_clear_pointer (&optimizer->slots, g_ptr_array_unref);
  lw_spec_unref (optimizer->spec);
  g_free (optimizer);
}

static gboolean
check_gradient (LwOptimizer *optimizer, guint i, LwTensor *grad, GError **error)
{
  LwTensor        *value = lw_variable_get_value (optimizer->variables[i]);
  g_autofree char *have = NULL;
  g_autofree char *want = NULL;

  if (lw_shape_equal (lw_tensor_get_shape (value), lw_tensor_get_shape (grad))
      && lw_tensor_get_dtype (value) == lw_tensor_get_dtype (grad))
    return TRUE;
  have = lw_shape_to_string (lw_tensor_get_shape (grad));
  want = lw_shape_to_string (lw_tensor_get_shape (value));
  g_set_error (error, LW_ERROR, LW_ERROR_SHAPE,
               _("The gradient of variable %u has shape %s (%s), but the variable has %s (%s)"), i, have,
               lw_dtype_get_name (lw_tensor_get_dtype (grad)), want,
               lw_dtype_get_name (lw_tensor_get_dtype (value)));
  return FALSE;
}

static gboolean
update_variable (LwOptimizer *optimizer, LwScope *s, guint i, LwTensor *grad, GError **error)
{
  LwPool     *pool = lw_scope_get_device (s)->pool;
  guint       n = 1 + n_slots_each (optimizer);
  LwVariable *variables[1 + MAX_SLOTS];
  LwTensor   *in[1 + MAX_SLOTS] = { NULL };
  LwTensor   *out[1 + MAX_SLOTS] = { NULL };
  gboolean    ok = TRUE;

  for (guint k = 0; k < n; k++)
    {
      variables[k] = k == 0 ? optimizer->variables[i] : slot_of (optimizer, i, k - 1);
      in[k] = lw_variable_get_value (variables[k]);
      out[k] = lw_variable_get_target (variables[k], pool, error);
      ok = ok && out[k] != NULL;
      if (!ok)
        break;
    }
  if (ok)
    optimizer->kind->step (optimizer, s, i, grad, in, out);
  for (guint k = 0; k < n; k++)
    {
      if (ok && out[k] != in[k])
        ok = lw_variable_assign (variables[k], out[k], error);
      lw_tensor_unref (out[k]);
    }
  return ok;
}

gboolean
lw_optimizer_apply_gradients (LwOptimizer *optimizer, LwScope *s, guint n, LwTensor *const *grads,
                              GError **error)
{
  guint n_given = 0;

  g_return_val_if_fail (n == optimizer->n, FALSE);
  for (guint i = 0; i < n; i++)
    if (grads[i] != NULL)
      {
        if (!check_gradient (optimizer, i, grads[i], error))
          return FALSE;
        n_given++;
      }
  if (n_given == 0)
    {
      g_set_error_literal (error, LW_ERROR, LW_ERROR_VALUE,
                           _("No variable has a gradient: the loss does not depend on any of them"));
      return FALSE;
    }
  for (guint i = 0; i < n; i++)
    if (grads[i] != NULL && !update_variable (optimizer, s, i, grads[i], error))
      return FALSE;
  optimizer->iterations++;
  return TRUE;
}

double
lw_optimizer_get_learning_rate (LwOptimizer *optimizer)
{
  return optimizer->learning_rate;
}

void
lw_optimizer_set_learning_rate (LwOptimizer *optimizer, double rate)
{
  optimizer->learning_rate = rate;
}

gint64
lw_optimizer_get_iterations (LwOptimizer *optimizer)
{
  return optimizer->iterations;
}

void
lw_optimizer_set_iterations (LwOptimizer *optimizer, gint64 iterations)
{
  optimizer->iterations = iterations;
}

guint
lw_optimizer_get_n_slots (LwOptimizer *optimizer)
{
  return optimizer->slots->len;
}

LwTensor *
lw_optimizer_get_slot (LwOptimizer *optimizer, guint i)
{
  g_return_val_if_fail (i < optimizer->slots->len, NULL);
  return lw_variable_get_value (g_ptr_array_index (optimizer->slots, i));
}

gboolean
lw_optimizer_set_slots (LwOptimizer *optimizer, guint n, LwTensor *const *slots, GError **error)
{
  if (n != optimizer->slots->len)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_SHAPE, _("The optimizer %s has %u slots here, but %u were given"),
                   optimizer->kind->class_name, optimizer->slots->len, n);
      return FALSE;
    }
  for (guint i = 0; i < n; i++)
    if (!lw_variable_assign (g_ptr_array_index (optimizer->slots, i), slots[i], error))
      return FALSE;
  return TRUE;
}
