#include "engine/core/scope.h"

typedef struct {
  const LwRecorderInterface *interface;
  gpointer                   self;
} Recorder;

struct _LwScope {
  LwDevice *device; /* owned by the outermost scope, borrowed by those within */
  LwScope  *parent;
  GPtrArray *tensors;
  GArray   *recorders; /* Recorder, this scope's own */
  GError   *error;
  LwTensor *invalid;
  LwScope  *spare; /* a nested scope that has ended, for the next one: there is one for each layer and node */
  guint     float_mode;
};

LwNode *
lw_node_ref (LwNode *node)
{
  g_atomic_ref_count_inc (&node->ref_count);
  return node;
}

void
lw_node_unref (LwNode *node)
{
  if (node == NULL || !g_atomic_ref_count_dec (&node->ref_count))
    return;
  for (guint i = 0; i < node->n_inputs; i++)
    lw_tensor_unref (node->inputs[i]);
  lw_tensor_unref (node->output);
  lw_tensor_unref (node->saved[0]);
  lw_tensor_unref (node->saved[1]);
  g_free (node->attributes);
  g_free (node);
}

static LwScope *
scope_new (LwDevice *device, LwScope *parent)
{
  LwScope *s = g_new0 (LwScope, 1);

  s->device = device;
  s->parent = parent;
  s->tensors = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_tensor_unref);
  return s;
}

LwScope *
lw_scope_begin (LwDevice *device)
{
  LwScope *s = scope_new (lw_device_ref (device), NULL);

  s->float_mode = lw_float_mode_enter ();
  return s;
}

LwScope *
lw_scope_begin_nested (LwScope *parent)
{
  return parent->spare != NULL ? g_steal_pointer (&parent->spare) : scope_new (parent->device, parent);
}

static void
scope_free (LwScope *s)
{
  if (s->spare != NULL)
    scope_free (s->spare);
  g_ptr_array_unref (s->tensors);
  g_clear_pointer (&s->recorders, g_array_unref);
  g_free (s);
}

gboolean
lw_scope_end (LwScope *s, GError **error)
{
  gboolean ok = s->error == NULL;

  if (!ok && s->parent != NULL && s->parent->error == NULL)
    s->parent->error = g_error_copy (s->error);
  if (!ok)
    g_propagate_error (error, g_steal_pointer (&s->error));

  g_ptr_array_set_size (s->tensors, 0);
  g_clear_pointer (&s->recorders, g_array_unref);
  g_clear_pointer (&s->invalid, lw_tensor_unref);
  if (s->parent != NULL && s->parent->spare == NULL)
    {
      s->parent->spare = s;
      return ok;
    }
  if (s->parent == NULL)
    {
      lw_float_mode_leave (s->float_mode);
      lw_device_unref (s->device);
    }
  scope_free (s);
  return ok;
}

LwDevice *
lw_scope_get_device (LwScope *s)
{
  return s->device;
}

gboolean
lw_scope_has_failed (LwScope *s)
{
  return s->error != NULL || (s->parent != NULL && lw_scope_has_failed (s->parent));
}

const GError *
lw_scope_get_error (LwScope *s)
{
  if (s->error == NULL && s->parent != NULL)
    return lw_scope_get_error (s->parent);
  return s->error;
}

LwTensor *
lw_scope_get_invalid (LwScope *s)
{
  if (s->invalid == NULL)
    s->invalid = lw_tensor_new_invalid ();
  return s->invalid;
}

LwTensor *
lw_scope_fail_with (LwScope *s, GError *error)
{
  if (s->error == NULL)
    s->error = error;
  else
    g_error_free (error);
  return lw_scope_get_invalid (s);
}

LwTensor *
lw_scope_fail (LwScope *s, LwError code, const char *format, ...)
{
  va_list arguments;

  if (!lw_scope_has_failed (s))
    {
      va_start (arguments, format);
      s->error = g_error_new_valist (LW_ERROR, (int) code, format, arguments);
      va_end (arguments);
    }
  return lw_scope_get_invalid (s);
}

LwTensor *
lw_scope_new_tensor (LwScope *s, LwDType dtype, const LwShape *shape)
{
  GError   *error = NULL;
  LwTensor *tensor = lw_tensor_new (s->device->pool, dtype, shape, &error);

  if (tensor == NULL)
    {
      lw_scope_fail_with (s, error);
      return NULL;
    }
  return lw_scope_take (s, tensor);
}

LwTensor *
lw_scope_take (LwScope *s, LwTensor *tensor)
{
  g_ptr_array_add (s->tensors, tensor);
  return tensor;
}

void
lw_scope_add_recorder (LwScope *s, const LwRecorderInterface *interface, gpointer self)
{
  Recorder recorder = { interface, self };

  if (s->recorders == NULL)
    s->recorders = g_array_new (FALSE, FALSE, sizeof (Recorder));
  g_array_append_val (s->recorders, recorder);
}

void
lw_scope_remove_recorder (LwScope *s, gpointer self)
{
  g_return_if_fail (s->recorders != NULL);
  for (guint i = s->recorders->len; i-- > 0;)
    if (g_array_index (s->recorders, Recorder, i).self == self)
      {
        g_array_remove_index (s->recorders, i);
        return;
      }
  g_return_if_reached ();
}

void
lw_scope_watch (LwScope *s, LwTensor *tensor, gconstpointer variable)
{
  for (; s != NULL; s = s->parent)
    for (guint i = 0; s->recorders != NULL && i < s->recorders->len; i++)
      {
        Recorder *recorder = &g_array_index (s->recorders, Recorder, i);

        recorder->interface->watch (recorder->self, tensor, variable);
      }
}

gboolean
lw_scope_is_recording (LwScope *s, LwTensor *const *inputs, guint n)
{
  for (; s != NULL; s = s->parent)
    for (guint i = 0; s->recorders != NULL && i < s->recorders->len; i++)
      {
        Recorder *recorder = &g_array_index (s->recorders, Recorder, i);

        if (recorder->interface->wants (recorder->self, inputs, n))
          return TRUE;
      }
  return FALSE;
}

void
lw_scope_record (LwScope          *s,
                 const LwOp       *op,
                 LwTensor *const  *inputs,
                 guint             n,
                 LwTensor         *output,
                 LwTensor *const   saved[2],
                 gconstpointer     attributes,
                 gsize             attributes_size)
{
  LwNode *node;

  g_return_if_fail (n <= LW_MAX_INPUTS);
  if (!lw_scope_is_recording (s, inputs, n))
    return;

  node = g_new0 (LwNode, 1);
  g_atomic_ref_count_init (&node->ref_count);
  node->op = op;
  node->n_inputs = n;
  for (guint i = 0; i < n; i++)
    node->inputs[i] = lw_tensor_ref (inputs[i]);
  node->output = lw_tensor_ref (output);
  for (guint i = 0; saved != NULL && i < 2; i++)
    node->saved[i] = saved[i] != NULL ? lw_tensor_ref (saved[i]) : NULL;
  node->attributes = g_memdup2 (attributes, attributes_size);

  for (; s != NULL; s = s->parent)
    for (guint i = 0; s->recorders != NULL && i < s->recorders->len; i++)
      {
        Recorder *recorder = &g_array_index (s->recorders, Recorder, i);

        if (recorder->interface->wants (recorder->self, inputs, n))
          recorder->interface->record (recorder->self, node);
      }
  lw_node_unref (node);
}
