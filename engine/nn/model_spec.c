#include "engine/nn/model_spec.h"

#include <string.h>

#include "engine/nn/model_spec_private.h"

/* A copy of everything that a person sets, nothing of what is inferred. */
static LwModelSpec *
model_copy (const LwModelSpec *model)
{
  LwModelSpec *copy = g_new0 (LwModelSpec, 1);

  g_atomic_ref_count_init (&copy->ref_count);
  copy->name = g_strdup (model->name);
  copy->input = model->input;
  copy->layers = g_ptr_array_new_full (model->layers->len + 1, (GDestroyNotify) lw_spec_unref);
  for (guint i = 0; i < model->layers->len; i++)
    g_ptr_array_add (copy->layers, lw_spec_ref (model->layers->pdata[i]));
  copy->optimizer = lw_spec_ref (model->optimizer);
  copy->loss = lw_spec_ref (model->loss);
  return copy;
}

static LwModelSpec *
model_seal (LwModelSpec *model)
{
  lw_model_spec_check (model);
  return model;
}

static gboolean
input_is_valid (const LwShape *input)
{
  if (input->rank < 1 || input->rank > 3)
    return FALSE;
  for (int i = 0; i < input->rank; i++)
    {
      const gboolean may_be_any = input->rank == 3 && i < 2;

      if (input->dims[i] == LW_DIM_ANY && may_be_any)
        continue;
      if (input->dims[i] < 1 || input->dims[i] > LW_MAX_INPUT_SIZE)
        return FALSE;
    }
  return TRUE;
}

LwModelSpec *
lw_model_spec_new (const char *name, const LwShape *input)
{
  LwModelSpec *model;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (input != NULL && input_is_valid (input), NULL);

  model = g_new0 (LwModelSpec, 1);
  g_atomic_ref_count_init (&model->ref_count);
  model->name = g_strdup (name);
  model->input = *input;
  model->layers = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_spec_unref);
  model->optimizer = lw_spec_new (lw_optimizer_class_find ("Adam"), NULL);
  model->loss = lw_spec_new (lw_loss_class_find ("SparseCategoricalCrossentropy"), NULL);
  return model_seal (model);
}

LwModelSpec *
lw_model_spec_ref (LwModelSpec *model)
{
  g_return_val_if_fail (model != NULL, NULL);
  g_atomic_ref_count_inc (&model->ref_count);
  return model;
}

void
lw_model_spec_unref (LwModelSpec *model)
{
  g_return_if_fail (model != NULL);
  if (!g_atomic_ref_count_dec (&model->ref_count))
    return;

  g_free (model->name);
  g_ptr_array_unref (model->layers);
  lw_spec_unref (model->optimizer);
  lw_spec_unref (model->loss);
  g_free (model->infos);
  g_free ((char *) model->fault.message);
  g_free ((char *) model->fault.reason);
  g_free (model);
}

gboolean
lw_model_spec_equal (const LwModelSpec *a, const LwModelSpec *b)
{
  if (a == b)
    return TRUE;
  if (strcmp (a->name, b->name) != 0 || !lw_shape_equal (&a->input, &b->input)
      || a->layers->len != b->layers->len || !lw_spec_equal (a->optimizer, b->optimizer)
      || !lw_spec_equal (a->loss, b->loss))
    return FALSE;
  for (guint i = 0; i < a->layers->len; i++)
    if (!lw_spec_equal (a->layers->pdata[i], b->layers->pdata[i]))
      return FALSE;
  return TRUE;
}

const char *
lw_model_spec_get_name (const LwModelSpec *model)
{
  return model->name;
}

const LwShape *
lw_model_spec_get_input (const LwModelSpec *model)
{
  return &model->input;
}

guint
lw_model_spec_get_n_layers (const LwModelSpec *model)
{
  return model->layers->len;
}

const LwSpec *
lw_model_spec_get_layer (const LwModelSpec *model, guint layer)
{
  g_return_val_if_fail (layer < model->layers->len, NULL);
  return model->layers->pdata[layer];
}

const LwSpec *
lw_model_spec_get_optimizer (const LwModelSpec *model)
{
  return model->optimizer;
}

const LwSpec *
lw_model_spec_get_loss (const LwModelSpec *model)
{
  return model->loss;
}

static gboolean
name_is_free (const LwModelSpec *model, const char *name)
{
  for (guint i = 0; i < model->layers->len; i++)
    if (g_strcmp0 (lw_spec_get_name (model->layers->pdata[i]), name) == 0)
      return FALSE;
  return TRUE;
}

/* The spec under a name that no other layer of `model` has: its own, else `wanted`, else Keras'
 * automatic one. */
static LwSpec *
name_layer (const LwModelSpec *model, LwSpec *spec, const char *wanted)
{
  const char      *stem = lw_spec_get_class (spec)->snake_name;
  g_autofree char *name = NULL;

  if (lw_spec_get_name (spec) != NULL && name_is_free (model, lw_spec_get_name (spec)))
    return lw_spec_ref (spec);
  if (lw_spec_get_name (spec) == NULL && wanted != NULL && name_is_free (model, wanted))
    return lw_spec_with_name (spec, wanted);

  name = g_strdup (stem);
  for (guint i = 1; !name_is_free (model, name); i++)
    {
      g_free (name);
      name = g_strdup_printf ("%s_%u", stem, i);
    }
  return lw_spec_with_name (spec, name);
}

LwModelSpec *
lw_model_spec_with_name (const LwModelSpec *model, const char *name)
{
  LwModelSpec *copy;

  g_return_val_if_fail (name != NULL, NULL);

  copy = model_copy (model);
  g_free (copy->name);
  copy->name = g_strdup (name);
  return model_seal (copy);
}

LwModelSpec *
lw_model_spec_with_input (const LwModelSpec *model, const LwShape *input)
{
  LwModelSpec *copy;

  g_return_val_if_fail (input_is_valid (input), NULL);

  copy = model_copy (model);
  copy->input = *input;
  return model_seal (copy);
}

LwModelSpec *
lw_model_spec_with_inserted (const LwModelSpec *model, guint layer, LwSpec *spec)
{
  LwModelSpec *copy;

  g_return_val_if_fail (layer <= model->layers->len, NULL);
  g_return_val_if_fail (lw_spec_get_class (spec)->family == LW_SPEC_LAYER, NULL);

  copy = model_copy (model);
  g_ptr_array_insert (copy->layers, (int) layer, name_layer (model, spec, NULL));
  return model_seal (copy);
}

LwModelSpec *
lw_model_spec_with_replaced (const LwModelSpec *model, guint layer, LwSpec *spec)
{
  LwModelSpec      *copy;
  g_autoptr (LwSpec) old = NULL;
  const char       *wanted;

  g_return_val_if_fail (layer < model->layers->len, NULL);
  g_return_val_if_fail (lw_spec_get_class (spec)->family == LW_SPEC_LAYER, NULL);

  copy = model_copy (model);
  old = g_ptr_array_steal_index (copy->layers, layer);
  wanted = lw_spec_get_class (old) == lw_spec_get_class (spec) ? lw_spec_get_name (old) : NULL;
  g_ptr_array_insert (copy->layers, (int) layer, name_layer (copy, spec, wanted));
  return model_seal (copy);
}

LwModelSpec *
lw_model_spec_with_removed (const LwModelSpec *model, guint layer)
{
  LwModelSpec *copy;

  g_return_val_if_fail (layer < model->layers->len, NULL);

  copy = model_copy (model);
  g_ptr_array_remove_index (copy->layers, layer);
  return model_seal (copy);
}

LwModelSpec *
lw_model_spec_with_moved (const LwModelSpec *model, guint layer, guint to)
{
  LwModelSpec *copy;

  g_return_val_if_fail (layer < model->layers->len && to < model->layers->len, NULL);

  copy = model_copy (model);
  g_ptr_array_insert (copy->layers, (int) to, g_ptr_array_steal_index (copy->layers, layer));
  return model_seal (copy);
}

LwModelSpec *
lw_model_spec_with_optimizer (const LwModelSpec *model, LwSpec *optimizer)
{
  LwModelSpec *copy;

  g_return_val_if_fail (lw_spec_get_class (optimizer)->family == LW_SPEC_OPTIMIZER, NULL);

  copy = model_copy (model);
  lw_spec_unref (copy->optimizer);
  copy->optimizer = lw_spec_ref (optimizer);
  return model_seal (copy);
}

LwModelSpec *
lw_model_spec_with_loss (const LwModelSpec *model, LwSpec *loss)
{
  LwModelSpec *copy;

  g_return_val_if_fail (lw_spec_get_class (loss)->family == LW_SPEC_LOSS, NULL);

  copy = model_copy (model);
  lw_spec_unref (copy->loss);
  copy->loss = lw_spec_ref (loss);
  return model_seal (copy);
}

const LwLayerInfo *
lw_model_spec_get_info (const LwModelSpec *model, guint layer)
{
  g_return_val_if_fail (layer < model->layers->len, NULL);
  return layer < model->n_infos ? &model->infos[layer] : NULL;
}

const LwShape *
lw_model_spec_get_output (const LwModelSpec *model)
{
  if (model->layers->len == 0 || model->n_infos < model->layers->len)
    return NULL;
  return &model->infos[model->n_infos - 1].output;
}

const LwShape *
lw_model_spec_get_layer_input (const LwModelSpec *model, guint layer)
{
  return layer == 0 ? &model->input : &model->infos[layer - 1].output;
}

const LwFault *
lw_model_spec_get_fault (const LwModelSpec *model)
{
  return model->is_faulty ? &model->fault : NULL;
}

gint64
lw_model_spec_get_n_parameters (const LwModelSpec *model)
{
  return model->n_parameters;
}

gint64
lw_layer_info_get_n_parameters (const LwLayerInfo *info)
{
  gint64 n = 0;

  for (guint i = 0; i < info->n_weights; i++)
    {
      gsize count;

      /* A layer that is too large for its count says so in its fault. */
      if (lw_shape_get_count (&info->weights[i].shape, &count))
        n += (gint64) count;
    }
  return n;
}
