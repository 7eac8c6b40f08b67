#include "engine/autodiff/variable.h"

#include "engine/ops/ops.h"

#include <glib/gi18n-lib.h>

struct _LwVariable {
  gatomicrefcount ref_count;
  char           *name;
  gboolean        trainable;
  LwTensor       *value;
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
  /* A view, not a copy: a tensor that somebody else holds is never written to. */
  g_autoptr (LwTensor) value = lw_tensor_new_view ((LwTensor *) initial,
                                                   lw_tensor_get_shape (initial));

  return lw_variable_new_holding (value, trainable, name);
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

LwTensor *
lw_variable_read (LwScope *s, LwVariable *variable)
{
  lw_scope_take (s, lw_tensor_ref (variable->value));
  if (variable->trainable)
    lw_scope_watch (s, variable->value, variable);
  return variable->value;
}

gboolean
lw_variable_assign (LwVariable *variable, LwTensor *value, GError **error)
{
  const LwShape *have = lw_tensor_get_shape (variable->value);
  const LwShape *given = lw_tensor_get_shape (value);

  if (lw_tensor_get_dtype (value) != lw_tensor_get_dtype (variable->value))
    {
      g_set_error (error, LW_ERROR, LW_ERROR_DTYPE,
                   _("The variable %s holds %s and cannot be given a value of %s; cast it first"),
                   variable->name != NULL ? variable->name : "Variable",
                   lw_dtype_get_name (lw_tensor_get_dtype (variable->value)),
                   lw_dtype_get_name (lw_tensor_get_dtype (value)));
      return FALSE;
    }
  if (!lw_shape_equal (have, given))
    {
      g_autofree char *have_text = lw_shape_to_string (have);
      g_autofree char *given_text = lw_shape_to_string (given);

      g_set_error (error, LW_ERROR, LW_ERROR_SHAPE,
                   _("The variable %s has shape %s and cannot be given a value of shape %s"),
                   variable->name != NULL ? variable->name : "Variable", have_text, given_text);
      return FALSE;
    }
  /* A view: tapes know tensors by their identity, and the variable is none of those that `value` may
   * be besides (another variable's value, or a result that the tape can trace back). */
  if (value != variable->value)
    {
      value = lw_tensor_new_view (value, given);
      lw_tensor_unref (variable->value);
      variable->value = value;
    }
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
  if (lw_tensor_is_unshared (variable->value))
    return lw_tensor_ref (variable->value);
  return lw_tensor_new (pool, lw_tensor_get_dtype (variable->value),
                        lw_tensor_get_shape (variable->value), error);
}
