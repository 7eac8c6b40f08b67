#include "engine/autodiff/variable.h"

#include "engine/ops/ops.h"

#include <glib/gi18n-lib.h>

struct _LwVariable {
  gatomicrefcount ref_count;
  char           *name;
  gboolean        trainable;
  LwTensor       *value;
  guint64         target; /* the tensor last handed out to be written into; 0: none */
};

LwVariable *
lw_variable_new_holding (LwTensor *value, gboolean trainable, const char *name)
{
  LwVariable *variable = g_new0 (LwVariable, 1);

  g_atomic_ref_count_init (&variable->ref_count);
  variable->name = g_strdup (name);
  variable->trainable = trainable;
  variable->value = lw_tensor_ref (value);
  return variable;
}

LwVariable *
lw_variable_new (const LwTensor *initial, gboolean trainable, const char *name)
{
  g_autoptr (LwTensor) value = lw_tensor_copy (initial, NULL);

  /* Without memory for a copy, a view: a tensor that somebody else holds is never written to. */
  if (value == NULL)
    value = lw_tensor_new_view ((LwTensor *) initial, lw_tensor_get_shape (initial));
  return lw_variable_new_holding (value, trainable, name);
}

LwVariable *
lw_variable_new_cast (LwScope *s, LwTensor *initial, LwDType dtype, gboolean trainable, const char *name)
{
  LwTensor *value = lw_cast (s, initial, dtype);

  return lw_scope_has_failed (s) ? NULL : lw_variable_new (value, trainable, name);
}

LwVariable *
lw_variable_new_scalar (LwScope *s, LwDType dtype, double initial, gboolean trainable, const char *name)
{
  LwTensor *value = lw_constant_scalar (s, dtype, initial);

  return lw_scope_has_failed (s) ? NULL : lw_variable_new (value, trainable, name);
}

LwVariable *
lw_variable_ref (LwVariable *variable)
{
  g_atomic_ref_count_inc (&variable->ref_count);
  return variable;
}

void
lw_variable_unref (LwVariable *variable)
{
  if (variable == NULL || !g_atomic_ref_count_dec (&variable->ref_count))
    return;
  lw_tensor_unref (variable->value);
  g_free (variable->name);
  g_free (variable);
}

const char *
lw_variable_get_name (const LwVariable *variable)
{
  return variable->name;
}

gboolean
lw_variable_is_trainable (const LwVariable *variable)
{
  return variable->trainable;
}

LwTensor *
lw_variable_get_value (const LwVariable *variable)
{
  return variable->value;
}

LwDType
lw_variable_get_dtype (const LwVariable *variable)
{
  return lw_tensor_get_dtype (variable->value);
}

const LwShape *
lw_variable_get_shape (const LwVariable *variable)
{
  return lw_tensor_get_shape (variable->value);
}

LwTensor *
lw_variable_read (LwScope *s, LwVariable *variable)
{
  lw_scope_take (s, lw_tensor_ref (variable->value));
  lw_scope_watch (s, variable->value, variable);
  return variable->value;
}

static gboolean
check_value (LwVariable *variable, LwTensor *value, GError **error)
{
  const LwShape   *have = lw_tensor_get_shape (variable->value);
  const LwShape   *given = lw_tensor_get_shape (value);
  const char      *name = variable->name != NULL ? variable->name : "Variable";
  g_autofree char *have_text = NULL;
  g_autofree char *given_text = NULL;

  if (lw_tensor_get_dtype (value) != lw_tensor_get_dtype (variable->value))
    {
      g_set_error (error, LW_ERROR, LW_ERROR_DTYPE,
                   _("The variable %s holds %s and cannot be given a value of %s; cast it first"), name,
                   lw_dtype_get_name (lw_tensor_get_dtype (variable->value)),
                   lw_dtype_get_name (lw_tensor_get_dtype (value)));
      return FALSE;
    }
  if (lw_shape_equal (have, given))
    return TRUE;
  have_text = lw_shape_to_string (have);
  given_text = lw_shape_to_string (given);
  g_set_error (error, LW_ERROR, LW_ERROR_SHAPE,
               _("The variable %s has shape %s and cannot be given a value of shape %s"), name, have_text,
               given_text);
  return FALSE;
}

/* Takes the reference. */
static void
set_value (LwVariable *variable, LwTensor *value)
{
  variable->target = 0;
  lw_tensor_unref (variable->value);
  variable->value = value;
}

gboolean
lw_variable_assign_holding (LwVariable *variable, LwTensor *value, GError **error)
{
  if (!check_value (variable, value, error))
    return FALSE;
  /* A tensor of its own, by a view: tapes know tensors by their identity, and the variable is none of
   * those that `value` may be besides (another variable's value, or a result that a tape can trace). */
  if (value != variable->value)
    set_value (variable, lw_tensor_new_view (value, lw_tensor_get_shape (value)));
  return TRUE;
}

gboolean
lw_variable_assign (LwVariable *variable, LwTensor *value, GError **error)
{
  LwTensor *copy;

  if (value == variable->value || lw_tensor_get_id (value) == variable->target)
    return lw_variable_assign_holding (variable, value, error);
  if (!check_value (variable, value, error))
    return FALSE;
  copy = lw_tensor_copy (value, error);
  if (copy == NULL)
    return FALSE;
  set_value (variable, copy);
  return TRUE;
}

static gboolean
assign_result (LwVariable *variable, LwScope *s, LwTensor *result, GError **error)
{
  if (lw_scope_has_failed (s))
    {
      g_propagate_error (error, g_error_copy (lw_scope_get_error (s)));
      return FALSE;
    }
  return lw_variable_assign (variable, result, error);
}

gboolean
lw_variable_assign_add (LwVariable *variable, LwScope *s, LwTensor *delta, GError **error)
{
  return assign_result (variable, s, lw_add (s, variable->value, delta), error);
}

gboolean
lw_variable_assign_sub (LwVariable *variable, LwScope *s, LwTensor *delta, GError **error)
{
  return assign_result (variable, s, lw_subtract (s, variable->value, delta), error);
}

LwTensor *
lw_variable_get_target (LwVariable *variable, LwPool *pool, GError **error)
{
  LwTensor *target;

  if (lw_tensor_is_unshared (variable->value))
    return lw_tensor_ref (variable->value);
  target = lw_tensor_new (pool, lw_tensor_get_dtype (variable->value),
                          lw_tensor_get_shape (variable->value), error);
  variable->target = target != NULL ? lw_tensor_get_id (target) : 0;
  return target;
}
