#include "engine/data/dataset.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct {
  LwMapFunc func;
  gpointer  data;
} Map;

struct _LwDataset {
  gatomicrefcount ref_count;
  guint           n_tensors;
  LwTensor       *tensors[LW_MAX_COMPONENTS];
  gsize           first, count; /* the slice of elements used */
  guint           shuffle;      /* buffer size, 0: none */
  guint           batch;
  gboolean        drop_remainder;
  GArray         *maps; /* Map */
};

struct _LwIterator {
  LwDataset     *dataset;
  LwDatasetPlace place;
  LwRng          rng;      /* as it is now */
  gsize          next;     /* the next element to enter the buffer, from 0 */
  guint32       *buffer;   /* element numbers; NULL without a shuffle */
  guint          capacity, n_buffered;
};

static LwDataset *
dataset_copy (LwDataset *from)
{
  LwDataset *dataset = g_new0 (LwDataset, 1);

  *dataset = *from;
  g_atomic_ref_count_init (&dataset->ref_count);
  for (guint i = 0; i < dataset->n_tensors; i++)
    lw_tensor_ref (dataset->tensors[i]);
  dataset->maps = g_array_copy (from->maps);
  return dataset;
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
  dataset = g_new0 (LwDataset, 1);
  g_atomic_ref_count_init (&dataset->ref_count);
  dataset->n_tensors = n;
  for (guint i = 0; i < n; i++)
    dataset->tensors[i] = lw_tensor_ref (tensors[i]);
  dataset->count = (gsize) lw_tensor_get_dim (tensors[0], 0);
  dataset->batch = 1;
  dataset->maps = g_array_new (FALSE, FALSE, sizeof (Map));
  return dataset;
}

LwDataset *
lw_dataset_slice (LwDataset *from, gsize first, gsize count)
{
  LwDataset *dataset = dataset_copy (from);

  dataset->first += MIN (first, from->count);
  dataset->count = MIN (count, from->count - MIN (first, from->count));
  return dataset;
}

LwDataset *
lw_dataset_shuffle (LwDataset *from, guint size)
{
  LwDataset *dataset = dataset_copy (from);

  dataset->shuffle = size;
  return dataset;
}

LwDataset *
lw_dataset_batch (LwDataset *from, guint size, gboolean drop_remainder)
{
  LwDataset *dataset = dataset_copy (from);

  g_return_val_if_fail (size >= 1, dataset);
  dataset->batch = size;
  dataset->drop_remainder = drop_remainder;
  return dataset;
}

LwDataset *
lw_dataset_map (LwDataset *from, LwMapFunc func, gpointer data)
{
  LwDataset *dataset = dataset_copy (from);
  Map        map = { func, data };

  g_array_append_val (dataset->maps, map);
  return dataset;
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
  if (dataset == NULL || !g_atomic_ref_count_dec (&dataset->ref_count))
    return;
  for (guint i = 0; i < dataset->n_tensors; i++)
    lw_tensor_unref (dataset->tensors[i]);
  g_array_unref (dataset->maps);
  g_free (dataset);
}

gsize
lw_dataset_get_n_elements (LwDataset *dataset)
{
  return dataset->count;
}

guint
lw_dataset_get_n_batches (LwDataset *dataset)
{
  return (guint) ((dataset->count + (dataset->drop_remainder ? 0 : dataset->batch - 1)) / dataset->batch);
}

void
lw_iterator_begin_epoch (LwIterator *iterator)
{
  iterator->place = (LwDatasetPlace) { iterator->rng, 0 };
  iterator->next = 0;
  iterator->n_buffered = 0;
}

/* The next element's number, through the shuffle buffer; FALSE at the end. */
static gboolean
next_element (LwIterator *iterator, gsize *element)
{
  LwDataset *dataset = iterator->dataset;
  guint      drawn;

  if (iterator->buffer == NULL)
    {
      if (iterator->next >= dataset->count)
        return FALSE;
      *element = iterator->next++;
    }
  else
    {
      while (iterator->n_buffered < iterator->capacity && iterator->next < dataset->count)
        iterator->buffer[iterator->n_buffered++] = (guint32) iterator->next++;
      if (iterator->n_buffered == 0)
        return FALSE;
      drawn = lw_rng_next_below (&iterator->rng, iterator->n_buffered);
      *element = iterator->buffer[drawn];
      iterator->buffer[drawn] = iterator->buffer[--iterator->n_buffered];
    }
  iterator->place.position++;
  return TRUE;
}

LwIterator *
lw_iterator_new (LwDataset *dataset, LwRng rng)
{
  LwIterator *iterator = g_new0 (LwIterator, 1);

  iterator->dataset = lw_dataset_ref (dataset);
  iterator->rng = rng;
  iterator->capacity = (guint) MIN ((gsize) dataset->shuffle, dataset->count);
  if (iterator->capacity > 0)
    iterator->buffer = g_new (guint32, iterator->capacity);
  lw_iterator_begin_epoch (iterator);
  return iterator;
}

LwIterator *
lw_iterator_new_at (LwDataset *dataset, const LwDatasetPlace *place)
{
  LwIterator *iterator = lw_iterator_new (dataset, place->rng);
  gsize       element;

  for (guint64 i = 0; i < place->position; i++)
    if (!next_element (iterator, &element))
      break;
  return iterator;
}

void
lw_iterator_free (LwIterator *iterator)
{
  if (iterator == NULL)
    return;
  lw_dataset_unref (iterator->dataset);
  g_free (iterator->buffer);
  g_free (iterator);
}

LwDatasetPlace
lw_iterator_get_place (LwIterator *iterator)
{
  return iterator->place;
}

static gboolean
gather (LwScope *s, LwTensor *source, const gsize *elements, guint n, LwTensor **batch)
{
  LwShape shape = *lw_tensor_get_shape (source);
  gsize   size = lw_tensor_get_byte_size (source) / MAX ((gsize) shape.dims[0], 1);
  char   *out;

  shape.dims[0] = n;
  *batch = lw_scope_new_tensor (s, lw_tensor_get_dtype (source), &shape);
  if (*batch == NULL)
    return FALSE;
  out = lw_tensor_get_mutable_data (*batch);
  for (guint i = 0; i < n; i++)
    memcpy (out + (gsize) i * size, (const char *) lw_tensor_get_data (source) + elements[i] * size, size);
  return TRUE;
}

gboolean
lw_iterator_next (LwIterator *iterator, LwScope *s, LwTensor **components)
{
  LwDataset        *dataset = iterator->dataset;
  g_autofree gsize *elements = g_new (gsize, dataset->batch);
  guint             n = 0;

  if (lw_scope_has_failed (s))
    return FALSE;
  while (n < dataset->batch && next_element (iterator, &elements[n]))
    elements[n++] += dataset->first;
  if (n == 0 || (n < dataset->batch && dataset->drop_remainder))
    {
      lw_iterator_begin_epoch (iterator);
      return FALSE;
    }
  for (guint i = 0; i < dataset->n_tensors; i++)
    if (!gather (s, dataset->tensors[i], elements, n, &components[i]))
      return FALSE;
  for (guint i = 0; i < dataset->maps->len; i++)
    {
      const Map *map = &g_array_index (dataset->maps, Map, i);

      map->func (s, components, dataset->n_tensors, map->data);
    }
  return !lw_scope_has_failed (s);
}
