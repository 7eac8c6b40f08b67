#include "engine/data/dataset_private.h"

#include <glib/gi18n-lib.h>

/* The description of a pipeline: each data set is one stage and references the one before it. */

static LwDataset *
dataset_new (LwDataset *source, const LwStageClass *class)
{
  LwDataset *dataset = g_new0 (LwDataset, 1);

  g_atomic_ref_count_init (&dataset->ref_count);
  dataset->class = class;
  if (source == NULL)
    return dataset;
  dataset->source = lw_dataset_ref (source);
  dataset->n_tensors = source->n_tensors;
  for (guint i = 0; i < source->n_tensors; i++)
    dataset->tensors[i] = source->tensors[i];
  dataset->rows = source->rows;
  dataset->cardinality = source->cardinality;
  dataset->n_rows = source->n_rows;
  dataset->weight = source->weight;
  return dataset;
}

/* a·b, or the greatest number if it is more. */
static guint64
multiply (guint64 a, guint64 b, guint64 greatest)
{
  return b > 0 && a > greatest / b ? greatest : a * b;
}

LwDataset *
lw_dataset_from_tensor_slices (guint n, LwTensor *const *tensors, GError **error)
{
  LwDataset *dataset;

  g_return_val_if_fail (n >= 1 && n <= LW_MAX_COMPONENTS, NULL);
  for (guint i = 0; i < n; i++)
    if (lw_tensor_get_rank (tensors[i]) < 1
        || lw_tensor_get_dim (tensors[i], 0) != lw_tensor_get_dim (tensors[0], 0)
        || lw_tensor_get_dim (tensors[i], 0) > G_MAXUINT32)
      {
        g_autofree char *first = lw_shape_to_string (lw_tensor_get_shape (tensors[0]));
        g_autofree char *other = lw_shape_to_string (lw_tensor_get_shape (tensors[i]));

        g_set_error (error, LW_ERROR, LW_ERROR_SHAPE,
                     _("A data set's tensors are cut along their first axes, which must be equally long: "
                       "the shapes are %s and %s"), first, other);
        return NULL;
      }
  dataset = dataset_new (NULL, &lw_stage_slices);
  dataset->n_tensors = n;
  for (guint i = 0; i < n; i++)
    dataset->tensors[i] = lw_tensor_ref (tensors[i]);
  dataset->rows = TRUE;
  dataset->cardinality = lw_tensor_get_dim (tensors[0], 0);
  dataset->n_rows = (gsize) dataset->cardinality;
  dataset->weight = 1;
  return dataset;
}

LwDataset *
lw_dataset_map (LwDataset *from, LwMapFunc func, gpointer data)
{
  return lw_dataset_map_full (from, func, data, NULL);
}

LwDataset *
lw_dataset_map_full (LwDataset *from, LwMapFunc func, gpointer data, GDestroyNotify destroy)
{
  LwDataset *dataset = dataset_new (from, &lw_stage_map);

  dataset->rows = FALSE;
  dataset->map = func;
  dataset->map_data = data;
  dataset->map_destroy = destroy;
  return dataset;
}

LwDataset *
lw_dataset_shuffle (LwDataset *from, guint size)
{
  return lw_dataset_shuffle_with (from, size, LW_SEED_NONE, TRUE);
}

LwDataset *
lw_dataset_shuffle_with (LwDataset *from, guint size, gint64 seed, gboolean reshuffle_each_iteration)
{
  LwDataset *dataset;

  if (size == 0)
    return lw_dataset_ref (from);
  dataset = dataset_new (from, &lw_stage_shuffle);
  dataset->count = size;
  dataset->seed = seed;
  dataset->reshuffle = reshuffle_each_iteration;
  return dataset;
}

LwDataset *
lw_dataset_batch (LwDataset *from, guint size, gboolean drop_remainder)
{
  LwDataset *dataset;

  g_return_val_if_fail (size >= 1, lw_dataset_ref (from));
  dataset = dataset_new (from, &lw_stage_batch);
  dataset->rows = FALSE;
  dataset->count = size;
  dataset->drop_remainder = drop_remainder;
  dataset->weight = multiply (from->weight, size, G_MAXUINT64);
  if (from->cardinality > 0)
    dataset->cardinality = from->cardinality / size + (!drop_remainder && from->cardinality % size != 0);
  return dataset;
}

LwDataset *
lw_dataset_repeat (LwDataset *from, gint64 count)
{
  LwDataset *dataset;

  g_return_val_if_fail (count >= LW_REPEAT_FOREVER, lw_dataset_ref (from));
  dataset = dataset_new (from, &lw_stage_repeat);
  dataset->count = count == LW_REPEAT_FOREVER ? G_MAXUINT64 : (guint64) count;
  if (from->cardinality == 0 || count == 0)
    dataset->cardinality = 0, dataset->n_rows = 0;
  else if (from->cardinality == LW_CARDINALITY_INFINITE || count == LW_REPEAT_FOREVER)
    dataset->cardinality = LW_CARDINALITY_INFINITE, dataset->n_rows = G_MAXSIZE;
  else
    {
      dataset->cardinality = (gint64) multiply ((guint64) from->cardinality, dataset->count, G_MAXINT64);
      dataset->n_rows = multiply (from->n_rows, dataset->count, G_MAXSIZE);
    }
  return dataset;
}

LwDataset *
lw_dataset_take (LwDataset *from, guint64 count)
{
  LwDataset *dataset = dataset_new (from, &lw_stage_take);

  dataset->count = count;
  dataset->n_rows = MIN (from->n_rows, multiply (from->weight, count, G_MAXSIZE));
  if (from->cardinality == LW_CARDINALITY_INFINITE && count > G_MAXINT64)
    return dataset;
  if (from->cardinality == LW_CARDINALITY_INFINITE || count < (guint64) from->cardinality)
    dataset->cardinality = (gint64) count;
  return dataset;
}

LwDataset *
lw_dataset_skip (LwDataset *from, guint64 count)
{
  LwDataset *dataset = dataset_new (from, &lw_stage_skip);

  dataset->count = count;
  if (from->cardinality == LW_CARDINALITY_INFINITE)
    return dataset;
  dataset->n_rows -= MIN (from->n_rows, multiply (from->weight, count, G_MAXSIZE));
  dataset->cardinality -= (gint64) MIN ((guint64) from->cardinality, count);
  return dataset;
}

LwDataset *
lw_dataset_slice (LwDataset *from, gsize first, gsize count)
{
  g_autoptr (LwDataset) rest = lw_dataset_skip (from, first);

  return lw_dataset_take (rest, count);
}

LwDataset *
lw_dataset_cache (LwDataset *from)
{
  return dataset_new (from, &lw_stage_cache);
}

LwDataset *
lw_dataset_ref (LwDataset *dataset)
{
  g_atomic_ref_count_inc (&dataset->ref_count);
  return dataset;
}

void
lw_dataset_unref (LwDataset *dataset)
{
  /* Not by calling itself: a pipeline may be long. */
  while (dataset != NULL && g_atomic_ref_count_dec (&dataset->ref_count))
    {
      LwDataset *source = dataset->source;

      if (source == NULL)
        for (guint i = 0; i < dataset->n_tensors; i++)
          lw_tensor_unref (dataset->tensors[i]);
      if (dataset->map_destroy != NULL)
        dataset->map_destroy (dataset->map_data);
      g_free (dataset);
      dataset = source;
    }
}

gint64
lw_dataset_get_cardinality (LwDataset *dataset)
{
  return dataset->cardinality;
}

guint
lw_dataset_get_n_batches (LwDataset *dataset)
{
  return (guint) MIN ((guint64) dataset->cardinality, G_MAXUINT);
}

gsize
lw_dataset_get_n_elements (LwDataset *dataset)
{
  return dataset->n_rows;
}

guint
lw_dataset_get_n_components (LwDataset *dataset)
{
  return dataset->n_tensors;
}
