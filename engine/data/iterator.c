#include "engine/data/dataset_private.h"

/* An iterator: the stages of a data set at work, one behind the other, and its place. */

static LwStage *
stage_new (LwIterator *iterator, LwDataset *dataset)
{
  LwStage *stage = g_malloc0 (dataset->class->stage_size);

  stage->class = dataset->class;
  stage->dataset = dataset;
  stage->iterator = iterator;
  return stage;
}

static void
make_stages (LwIterator *iterator)
{
  LwStage **place = &iterator->last;
  gboolean  frozen = FALSE;
  guint     ordinal = 0;

  for (LwDataset *d = iterator->dataset; d->source != NULL; d = d->source)
    ordinal++;
  for (LwDataset *d = iterator->dataset; d != NULL; d = d->source, place = &(*place)->source)
    {
      *place = stage_new (iterator, d);
      (*place)->ordinal = ordinal--;
      (*place)->frozen = frozen;
      frozen |= d->class == &lw_stage_cache;
    }
}

static void
clear_stages (LwIterator *iterator)
{
  for (LwStage *stage = iterator->last; stage != NULL; stage = stage->source)
    if (stage->class->clear != NULL)
      stage->class->clear (stage);
}

static void
start_epoch (LwIterator *iterator)
{
  for (LwStage *stage = iterator->last; stage != NULL; stage = stage->source)
    stage->round = 0;
  lw_stage_begin (iterator->last);
}

LwIterator *
lw_iterator_new (LwDataset *dataset, LwRng rng)
{
  return lw_iterator_new_at (dataset, &(LwDatasetPlace) { rng, 0, 0 });
}

LwIterator *
lw_iterator_new_at (LwDataset *dataset, const LwDatasetPlace *place)
{
  LwIterator *iterator = g_new0 (LwIterator, 1);

  iterator->dataset = lw_dataset_ref (dataset);
  make_stages (iterator);
  lw_iterator_set_place (iterator, place);
  return iterator;
}

void
lw_iterator_free (LwIterator *iterator)
{
  if (iterator == NULL)
    return;
  clear_stages (iterator);
  while (iterator->last != NULL)
    {
      LwStage *stage = iterator->last;

      iterator->last = stage->source;
      g_free (stage);
    }
  lw_dataset_unref (iterator->dataset);
  g_free (iterator);
}

LwDatasetPlace
lw_iterator_get_place (LwIterator *iterator)
{
  return iterator->place;
}

void
lw_iterator_set_place (LwIterator *iterator, const LwDatasetPlace *place)
{
  clear_stages (iterator); /* what a cache holds may be another generator's */
  iterator->place = *place;
  iterator->rng = place->rng;
  iterator->pending = place->position;
  start_epoch (iterator);
}

/* The next element of at most `limit` rows (0: any), where elements can be made smaller. */
static guint64
next_element (LwIterator *iterator, LwScope *s, LwItem *item, guint64 limit)
{
  iterator->row_limit = limit;
  return iterator->last->class->next (iterator->last, s, item);
}

/* Goes to where set_place() was told to, by making the draws again. Ends early at the epoch's end and
 * when s fails; with s NULL it leaves nothing but the generator in order. */
static void
catch_up (LwIterator *iterator, LwScope *s)
{
  while (iterator->pending > 0)
    {
      guint64 weight = next_element (iterator, s, NULL, iterator->pending);

      if (weight == 0 && s != NULL && lw_scope_has_failed (s))
        return;
      iterator->pending -= weight == 0 ? iterator->pending : MIN (weight, iterator->pending);
    }
}

void
lw_iterator_set_max_rows (LwIterator *iterator, guint n)
{
  iterator->max_rows = n;
}

void
lw_iterator_begin_epoch (LwIterator *iterator)
{
  catch_up (iterator, NULL);
  iterator->place = (LwDatasetPlace) { iterator->rng, 0, iterator->place.epoch + 1 };
  start_epoch (iterator);
}

/* The stages may have gone on by part of an element when it failed: back to the place before it. */
static void
go_back (LwIterator *iterator)
{
  iterator->rng = iterator->place.rng;
  iterator->pending = iterator->place.position;
  start_epoch (iterator);
}

gboolean
lw_iterator_next (LwIterator *iterator, LwScope *s, LwTensor **components)
{
  LwItem  item = { 0 };
  guint64 weight = 0;

  if (lw_scope_has_failed (s))
    return FALSE;
  catch_up (iterator, s);
  if (!lw_scope_has_failed (s))
    weight = next_element (iterator, s, &item, iterator->max_rows);
  if (lw_scope_has_failed (s) || (weight > 0 && !lw_item_make (&item, iterator->dataset, s)))
    {
      lw_item_clear (&item);
      go_back (iterator);
      return FALSE;
    }
  if (weight == 0)
    {
      lw_iterator_begin_epoch (iterator);
      return FALSE;
    }
  iterator->place.position += weight;
  for (guint i = 0; i < iterator->dataset->n_tensors; i++)
    components[i] = lw_scope_take (s, item.tensors[i]);
  return TRUE;
}
