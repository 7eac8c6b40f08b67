/* What all optimizers have in common: their slots, and the order of things in a step (Keras 3,
 * optimizers/base_optimizer.py). optimizer_update.c goes through the elements, with the formulas of
 * optimizer_kinds.c. */

#include "engine/nn/optimizer_private.h"

#include "engine/nn/schedule.h"

#include <glib/gi18n-lib.h>
#include <math.h>

struct _LwOptimizer {
  const LwOptimizerKind *kind;
  LwSpec                *spec;
  guint                  n;
  LwVariable           **variables;
  GPtrArray             *slots; /* LwVariable, in file order */
  double                 learning_rate;
  gint64                 iterations;
  gint64                 begin; /* iterations before the slots' first */
};

/* -- which slots there are -- */

typedef struct {
  guint averages, interleaved, behind; /* for each variable */
  guint scalars;
} Layout;

static Layout
get_layout (const LwSpec *spec)
{
  const LwOptimizerKind *kind = lw_optimizer_kind_find (spec);

  if (kind == NULL)
    return (Layout) { 0 };
  return (Layout) { lw_spec_get_bool (spec, "use_ema") ? 1 : 0, kind->n_interleaved (spec),
                    kind->n_behind (spec), kind->has_product ? 1 : 0 };
}

guint
lw_optimizer_spec_count_slots (const LwSpec *spec, guint n)
{
  const Layout layout = get_layout (spec);

  return n * (layout.averages + layout.interleaved + layout.behind) + layout.scalars;
}

int
lw_optimizer_spec_get_slot (const LwSpec *spec, guint n, guint i)
{
  const Layout layout = get_layout (spec);

  if (i < n * layout.averages)
    return (int) i;
  i -= n * layout.averages;
  if (i < n * layout.interleaved)
    return (int) (i / layout.interleaved);
  i -= n * layout.interleaved;
  return i < n * layout.behind ? (int) (i % n) : -1;
}

const char *
lw_optimizer_spec_get_slot_name (const LwSpec *spec, guint n, guint i)
{
  const Layout layout = get_layout (spec);

  if (i < n * layout.averages)
    return "average";
  i -= n * layout.averages;
  if (i < n * layout.interleaved)
    return lw_optimizer_kind_find (spec)->slot_name (spec, i % layout.interleaved);
  i -= n * layout.interleaved;
  return i < n * layout.behind ? lw_optimizer_kind_find (spec)->slot_name (spec, layout.interleaved + i / n)
                               : "u_product";
}

/* The slot k of variable i, moving averages not counted. */
static LwVariable *
slot_of (LwOptimizer *optimizer, guint i, guint k)
{
  const Layout layout = get_layout (optimizer->spec);
  const guint  first = optimizer->n * layout.averages;

  if (k < layout.interleaved)
    return g_ptr_array_index (optimizer->slots, first + i * layout.interleaved + k);
  return g_ptr_array_index (optimizer->slots, first + optimizer->n * k + i);
}

/* -- making one -- */

gboolean
lw_optimizer_spec_check (const LwSpec *spec, GError **error)
{
  static const char *const clips[] = { "clipnorm", "clipvalue", "global_clipnorm" };
  const char              *first = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (clips); i++)
    {
      if (isnan (lw_spec_get_float (spec, clips[i])))
        continue;
      if (first != NULL)
        {
          g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
                       _("%s has both %s and %s, but only one of clipnorm, clipvalue and global_clipnorm "
                         "can be set; leave the others off."),
                       lw_spec_get_class (spec)->class_name, first, clips[i]);
          return FALSE;
        }
      first = clips[i];
    }
  return lw_schedule_check (spec, error);
}

static LwVariable *
slot_new (LwOptimizer *optimizer, guint i, GError **error)
{
  const int            of = lw_optimizer_spec_get_slot (optimizer->spec, optimizer->n, i);
  LwTensor            *like = lw_variable_get_value (optimizer->variables[MAX (of, 0)]);
  g_autoptr (LwTensor) value = lw_tensor_new_zeros (NULL, lw_tensor_get_dtype (like),
                                                    of < 0 ? &LW_SCALAR : lw_tensor_get_shape (like), error);
  const guint          first = optimizer->n * get_layout (optimizer->spec).averages;
  double               initial = 0;

  if (value == NULL)
    return NULL;
  if (of < 0)
    initial = 1;
  else if (optimizer->kind->initial_key != NULL && i >= first)
    initial = lw_spec_get_float (optimizer->spec, optimizer->kind->initial_key);
  for (gsize k = 0; initial != 0 && k < lw_tensor_get_count (value); k++)
    if (lw_tensor_get_dtype (value) == LW_FLOAT32)
      ((float *) lw_tensor_get_mutable_data (value))[k] = (float) initial;
    else
      ((double *) lw_tensor_get_mutable_data (value))[k] = initial;
  return lw_variable_new_holding (value, FALSE, NULL);
}

LwOptimizer *
lw_optimizer_new (const LwSpec *spec, guint n, LwVariable *const *variables, GError **error)
{
  g_autoptr (LwOptimizer) optimizer = g_new0 (LwOptimizer, 1);
  guint                   n_slots;

  optimizer->spec = lw_spec_ref ((LwSpec *) spec);
  optimizer->kind = lw_optimizer_kind_find (spec);
  if (optimizer->kind == NULL)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED, _("There is no optimizer called %s"),
                   lw_spec_get_class (spec)->class_name);
      return NULL;
    }
  if (!lw_optimizer_spec_check (spec, error))
    return NULL;
  optimizer->learning_rate = lw_schedule_get_initial (spec);
  optimizer->n = n;
  optimizer->variables = g_new0 (LwVariable *, n);
  optimizer->slots = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_variable_unref);
  for (guint i = 0; i < n; i++)
    optimizer->variables[i] = lw_variable_ref (variables[i]);

  n_slots = n > 0 ? lw_optimizer_spec_count_slots (spec, n) : 0;
  for (guint i = 0; i < n_slots; i++)
    {
      LwVariable *slot = slot_new (optimizer, i, error);

      if (slot == NULL)
        return NULL;
      g_ptr_array_add (optimizer->slots, slot);
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

/* -- one variable -- */

static gboolean
update_variable (LwOptimizer *optimizer, LwScope *s, const LwOptimizerStep *step, LwClip clip, guint i,
                 LwTensor *grad, GError **error)
{
  LwPool      *pool = lw_scope_get_device (s)->pool;
  const Layout layout = get_layout (optimizer->spec);
  const guint  n = 1 + layout.interleaved + layout.behind;
  const double weight_decay = lw_spec_get_float (optimizer->spec, "weight_decay");
  LwVariable  *variables[1 + LW_OPTIMIZER_MAX_SLOTS];
  LwTensor    *in[1 + LW_OPTIMIZER_MAX_SLOTS] = { NULL };
  LwTensor    *out[1 + LW_OPTIMIZER_MAX_SLOTS] = { NULL };
  const double decay = isnan (weight_decay) ? 0 : step->rate * weight_decay;
  gboolean     ok = TRUE;

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
    lw_optimizer_update (s, optimizer->kind, step, clip, decay, grad, in, out);
  for (guint k = 0; k < n; k++)
    {
      if (ok && out[k] != in[k])
        ok = lw_variable_assign (variables[k], out[k], error);
      lw_tensor_unref (out[k]);
    }
  return ok;
}

static gboolean
update_average (LwOptimizer *optimizer, LwScope *s, guint i, GError **error)
{
  LwVariable          *slot = g_ptr_array_index (optimizer->slots, i);
  LwTensor            *w = lw_variable_get_value (optimizer->variables[i]);
  LwTensor            *average = lw_variable_get_value (slot);
  g_autoptr (LwTensor) out = lw_variable_get_target (slot, lw_scope_get_device (s)->pool, error);
  double               momentum = 0;

  if (out == NULL)
    return FALSE;
  if (optimizer->iterations > optimizer->begin)
    momentum = lw_spec_get_float (optimizer->spec, "ema_momentum");
  lw_optimizer_average (s, momentum, w, average, out);
  return out == average || lw_variable_assign (slot, out, error);
}

static gboolean
take_averages (LwOptimizer *optimizer, GError **error)
{
  for (guint i = 0; i < optimizer->n; i++)
    if (!lw_variable_assign (optimizer->variables[i],
                             lw_variable_get_value (g_ptr_array_index (optimizer->slots, i)), error))
      return FALSE;
  return TRUE;
}

static gboolean
update_averages (LwOptimizer *optimizer, LwScope *s, GError **error)
{
  const gint64 frequency = lw_spec_get_int (optimizer->spec, "ema_overwrite_frequency");

  for (guint i = 0; i < optimizer->n; i++)
    if (!update_average (optimizer, s, i, error))
      return FALSE;
  return frequency == 0 || (optimizer->iterations + 1) % frequency != 0 || take_averages (optimizer, error);
}

gboolean
lw_optimizer_finalize_variable_values (LwOptimizer *optimizer, GError **error)
{
  return !lw_spec_get_bool (optimizer->spec, "use_ema") || optimizer->iterations == optimizer->begin
         || take_averages (optimizer, error);
}

/* -- the step -- */

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

/* What the step has in common, and the number that all variables share, moved on. */
static gboolean
prepare_step (LwOptimizer *optimizer, LwScope *s, LwOptimizerStep *step, GError **error)
{
  const gint64         t = optimizer->iterations - optimizer->begin + 1;
  LwVariable          *slot;
  g_autoptr (LwTensor) out = NULL;
  double               product = 1;

  *step = (LwOptimizerStep) { .rate = lw_optimizer_get_current_rate (optimizer) };
  if (!optimizer->kind->has_product)
    {
      optimizer->kind->prepare (optimizer->spec, t, &product, step);
      return TRUE;
    }

  slot = g_ptr_array_index (optimizer->slots, optimizer->slots->len - 1);
  product = lw_tensor_get_value (lw_variable_get_value (slot), 0);
  optimizer->kind->prepare (optimizer->spec, t, &product, step);
  out = lw_variable_get_target (slot, lw_scope_get_device (s)->pool, error);
  if (out == NULL)
    return FALSE;
  if (lw_tensor_get_dtype (out) == LW_FLOAT32)
    *(float *) lw_tensor_get_mutable_data (out) = (float) product;
  else
    *(double *) lw_tensor_get_mutable_data (out) = product;
  return out == lw_variable_get_value (slot) || lw_variable_assign (slot, out, error);
}

gboolean
lw_optimizer_apply_gradients (LwOptimizer *optimizer, LwScope *s, guint n, LwTensor *const *grads,
                              GError **error)
{
  guint           n_given = 0;
  LwOptimizerStep step;
  LwClip          clip = { 0 };

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
  if (!prepare_step (optimizer, s, &step, error))
    return FALSE;
  for (guint i = 0, given = 0; i < n; i++)
    if (grads[i] != NULL)
      {
        /* The global norm is the same for all. */
        if (given++ == 0 || !(lw_spec_get_float (optimizer->spec, "global_clipnorm") > 0))
          clip = lw_optimizer_get_clip (optimizer->spec, s, n, grads, i);
        if (!update_variable (optimizer, s, &step, clip, i, grads[i], error))
          return FALSE;
      }
  if (lw_spec_get_bool (optimizer->spec, "use_ema") && !update_averages (optimizer, s, error))
    return FALSE;
  optimizer->iterations++;
  return TRUE;
}

/* -- values -- */

double
lw_optimizer_get_learning_rate (LwOptimizer *optimizer)
{
  return optimizer->learning_rate;
}

void
lw_optimizer_set_learning_rate (LwOptimizer *optimizer, double rate)
{
  if (rate == lw_spec_get_float (optimizer->spec, "learning_rate"))
    rate = lw_schedule_get_initial (optimizer->spec);
  optimizer->learning_rate = rate;
}

double
lw_optimizer_get_current_rate (LwOptimizer *optimizer)
{
  if (optimizer->learning_rate == lw_schedule_get_initial (optimizer->spec))
    return lw_schedule_get_rate (optimizer->spec, optimizer->iterations);
  return optimizer->learning_rate;
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

gint64
lw_optimizer_get_begin (LwOptimizer *optimizer)
{
  return optimizer->begin;
}

void
lw_optimizer_set_begin (LwOptimizer *optimizer, gint64 iterations)
{
  optimizer->begin = iterations;
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
      g_set_error (error, LW_ERROR, LW_ERROR_SHAPE,
                   _("The optimizer %s has %u slots here, but %u were given"),
                   optimizer->kind->class_name, optimizer->slots->len, n);
      return FALSE;
    }
  for (guint i = 0; i < n; i++)
    if (!lw_variable_assign (g_ptr_array_index (optimizer->slots, i), slots[i], error))
      return FALSE;
  return TRUE;
}
