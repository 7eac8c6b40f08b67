#include "engine/io/weights_h5_private.h"

#include "engine/nn/layer_class.h"
#include "engine/nn/optimizer.h"
#include "engine/nn/schedule.h"

/* Which arrays a model's file has, and of what shapes. */

static const LwWeightInfo *
get_trainable (const LwModelSpec *model, guint i)
{
  for (guint layer = 0; layer < lw_model_spec_get_n_layers (model); layer++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, layer);

      for (guint k = 0; info != NULL && k < info->n_weights; k++)
        if (info->weights[k].trainable && i-- == 0)
          return &info->weights[k];
    }
  return NULL;
}

static guint
count_trainable (const LwModelSpec *model)
{
  guint n = 0;

  while (get_trainable (model, n) != NULL)
    n++;
  return n;
}

guint
lw_weights_count_slots (const LwModelSpec *model)
{
  return lw_optimizer_spec_count_slots (lw_model_spec_get_optimizer (model), count_trainable (model));
}

LwShape
lw_weights_get_slot_shape (const LwModelSpec *model, guint i)
{
  const int variable = lw_optimizer_spec_get_slot (lw_model_spec_get_optimizer (model),
                                                   count_trainable (model), i);
  const LwWeightInfo *weight = variable >= 0 ? get_trainable (model, (guint) variable) : NULL;

  return weight != NULL ? weight->shape : LW_SCALAR;
}

gboolean
lw_weights_has_rate (const LwModelSpec *model)
{
  return !lw_schedule_is_used (lw_model_spec_get_optimizer (model));
}

static guint64
shape_bytes (const LwShape *shape)
{
  gsize count;

  return lw_shape_get_count (shape, &count) ? count * sizeof (float) : G_MAXINT64 / 4096;
}

guint
lw_weights_count (const LwModelSpec *model)
{
  guint n = 0;

  for (guint layer = 0; layer < lw_model_spec_get_n_layers (model); layer++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, layer);

      n += info != NULL ? info->n_weights : 0;
    }
  return n;
}

guint64
lw_weights_get_byte_size (const LwModelSpec *model)
{
  guint64 size = 0;
  guint   n_slots = lw_weights_count_slots (model);

  for (guint layer = 0; layer < lw_model_spec_get_n_layers (model); layer++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, layer);

      for (guint k = 0; info != NULL && k < info->n_weights; k++)
        size += shape_bytes (&info->weights[k].shape);
    }
  for (guint i = 0; i < n_slots; i++)
    {
      LwShape shape = lw_weights_get_slot_shape (model, i);

      size += shape_bytes (&shape);
    }
  return MIN (size, G_MAXINT64);
}

char *
lw_weights_get_group (const LwModelSpec *model, guint layer)
{
  const LwSpecClass *klass = lw_spec_get_class (lw_model_spec_get_layer (model, layer));
  guint              before = 0;

  for (guint i = 0; i < layer; i++)
    before += lw_spec_get_class (lw_model_spec_get_layer (model, i)) == klass;
  return before == 0 ? g_strdup (klass->snake_name)
                     : g_strdup_printf ("%s_%u", klass->snake_name, before);
}

void
lw_weights_free (LwWeights *weights)
{
  if (weights == NULL)
    return;
  for (guint i = 0; i < weights->n_weights; i++)
    lw_tensor_unref (weights->weights[i]);
  for (guint i = 0; i < weights->n_slots; i++)
    lw_tensor_unref (weights->slots[i]);
  g_free (weights->weights);
  g_free (weights->slots);
  g_free (weights);
}
