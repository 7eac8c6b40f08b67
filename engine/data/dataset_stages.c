#include "engine/data/dataset_private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* What each stage of a pipeline does when the one behind it asks for an element. */

void
lw_stage_begin (LwStage *stage)
{
  if (stage->source != NULL)
    lw_stage_begin (stage->source);
  if (stage->class->begin != NULL)
    stage->class->begin (stage);
  stage->round++;
}

static guint64
next_of_source (LwStage *stage, LwScope *s, LwItem *item)
{
  return stage->source->class->next (stage->source, s, item);
}

static gboolean
has_failed (LwScope *s)
{
  return s != NULL && lw_scope_has_failed (s);
}

/* -- items -- */

/* Rows that are asked for before they are needed, and bytes of each. */
#define ROWS_AHEAD   4
#define MAX_PREFETCH 1024

void
lw_item_clear (LwItem *item)
{
  for (guint i = 0; i < LW_MAX_COMPONENTS; i++)
    g_clear_pointer (&item->tensors[i], lw_tensor_unref);
}

/* A tensor that belongs to the caller and not to the scope: it may stay in a buffer. */
static LwTensor *
new_tensor (LwScope *s, LwDType dtype, const LwShape *shape)
{
  GError   *error = NULL;
  LwTensor *tensor = lw_tensor_new (lw_scope_get_device (s)->pool, dtype, shape, &error);

  if (tensor == NULL)
    lw_scope_fail_with (s, error);
  return tensor;
}

/* Asks for memory that is about to be read, as far as the processor does not foresee it by itself. */
static void
prefetch (const char *memory, gsize size)
{
  for (gsize at = 0; at < MIN (size, MAX_PREFETCH); at += 64)
    __builtin_prefetch (memory + at);
}

/* The rows of the source's tensors, under `shape`. Shuffled rows lie far apart, where no cache holds them and
 * no pattern foretells them, so some are asked for ahead. */
static LwTensor *
gather (LwScope *s, LwTensor *source, const LwShape *shape, const guint32 *rows, gsize n)
{
  gsize     size = lw_tensor_get_byte_size (source) / MAX ((gsize) lw_tensor_get_dim (source, 0), 1);
  LwTensor *tensor = new_tensor (s, lw_tensor_get_dtype (source), shape);

  if (tensor != NULL && size > 0)
    {
      const char *from = lw_tensor_get_data (source);
      char       *to = lw_tensor_get_mutable_data (tensor);

      for (gsize i = 0; i < MIN (n, ROWS_AHEAD); i++)
        prefetch (from + rows[i] * size, size);
      for (gsize i = 0; i < n; i++)
        {
          if (i + ROWS_AHEAD < n)
            prefetch (from + rows[i + ROWS_AHEAD] * size, size);
          memcpy (to + i * size, from + rows[i] * size, size);
        }
    }
  return tensor;
}

gboolean
lw_item_make (LwItem *item, LwDataset *dataset, LwScope *s)
{
  if (item->tensors[0] != NULL)
    return TRUE;
  for (guint i = 0; i < dataset->n_tensors; i++)
    {
      LwShape shape = lw_shape_tail (lw_tensor_get_shape (dataset->tensors[i]), 1);

      item->tensors[i] = gather (s, dataset->tensors[i], &shape, &item->row, 1);
      if (item->tensors[i] == NULL)
        {
          lw_item_clear (item);
          return FALSE;
        }
    }
  return TRUE;
}

/* A list of items: of rows alone as long as nobody has made tensors of them. */
static GArray *
items_new (LwStage *stage)
{
  return g_array_new (FALSE, FALSE, stage->dataset->rows ? sizeof (guint32) : sizeof (LwItem));
}

static void
items_clear (LwStage *stage, GArray *items)
{
  if (!stage->dataset->rows)
    for (guint i = 0; i < items->len; i++)
      lw_item_clear (&g_array_index (items, LwItem, i));
  g_array_set_size (items, 0);
}

/* Takes the item. */
static void
items_add (LwStage *stage, GArray *items, const LwItem *item)
{
  if (stage->dataset->rows)
    g_array_append_val (items, item->row);
  else
    g_array_append_vals (items, item, 1);
}

/* Borrowed tensors. */
static LwItem
items_get (LwStage *stage, GArray *items, guint i)
{
  if (stage->dataset->rows)
    return (LwItem) { .row = g_array_index (items, guint32, i), .weight = 1 };
  return g_array_index (items, LwItem, i);
}

/* -- from_tensor_slices -- */

typedef struct {
  LwStage stage;
  guint64 row;
} Slices;

static void
slices_begin (LwStage *stage)
{
  ((Slices *) stage)->row = 0;
}

static guint64
slices_next (LwStage *stage, LwScope *s, LwItem *item)
{
  Slices *self = (Slices *) stage;

  if (self->row >= (guint64) stage->dataset->cardinality)
    return 0;
  if (item != NULL)
    *item = (LwItem) { .row = (guint32) self->row, .weight = 1 };
  self->row++;
  return 1;
}

const LwStageClass lw_stage_slices = { sizeof (Slices), slices_begin, slices_next, NULL };

/* -- map -- */

static guint64
map_next (LwStage *stage, LwScope *s, LwItem *item)
{
  LwDataset *dataset = stage->dataset;
  LwTensor  *components[LW_MAX_COMPONENTS] = { NULL };
  guint64    weight = next_of_source (stage, s, item);
  LwScope   *inner;

  if (weight == 0 || item == NULL || !lw_item_make (item, dataset->source, s))
    return item == NULL ? weight : 0;

  /* What func makes on the way goes when it is done, not when the whole buffer is full. */
  inner = lw_scope_begin_nested (s);
  for (guint i = 0; i < dataset->n_tensors; i++)
    components[i] = item->tensors[i];
  dataset->map (inner, components, dataset->n_tensors, dataset->map_data);
  for (guint i = 0; i < dataset->n_tensors; i++)
    {
      g_assert (components[i] != NULL);
      lw_tensor_ref (components[i]);
    }
  lw_item_clear (item);
  for (guint i = 0; i < dataset->n_tensors; i++)
    item->tensors[i] = components[i];
  if (lw_scope_end (inner, NULL))
    return weight;
  lw_item_clear (item);
  return 0;
}

const LwStageClass lw_stage_map = { sizeof (LwStage), NULL, map_next, NULL };

/* -- shuffle -- */

typedef struct {
  LwStage  stage;
  LwRng    own;
  LwRng   *rng;   /* the stage's own, or the iterator's */
  GArray  *items;
  gboolean ended; /* the source is */
} Shuffle;

/* A stage's own generator: one sequence for each seed, round of the epoch, and epoch. What must not
 * change from epoch to epoch leaves those out, and depends on the iterator's seed only. */
static LwRng
own_generator (LwStage *stage)
{
  LwDataset    *dataset = stage->dataset;
  const LwRng  *of_all = &stage->iterator->place.rng;
  const guint64 round = dataset->reshuffle ? stage->round : 0;
  guint64       epoch = dataset->reshuffle && !stage->frozen ? stage->iterator->place.epoch : 0;
  LwRng         rng = lw_rng_new ((guint64) dataset->seed, LW_STREAM_SHUFFLE);

  if (dataset->seed < 0)
    {
      rng = lw_rng_new (of_all->seed, of_all->stream);
      epoch = stage->ordinal;
    }
  rng.stream += round << 32;
  rng.counter = epoch << 40;
  return rng;
}

static void
shuffle_begin (LwStage *stage)
{
  Shuffle   *self = (Shuffle *) stage;
  LwDataset *dataset = stage->dataset;

  if (self->items == NULL)
    self->items = items_new (stage);
  items_clear (stage, self->items);
  self->ended = FALSE;
  self->rng = &stage->iterator->rng;
  if (dataset->seed >= 0 || !dataset->reshuffle || stage->frozen)
    {
      self->own = own_generator (stage);
      self->rng = &self->own;
    }
}

/* FALSE when s has failed. */
static gboolean
shuffle_fill (LwStage *stage, LwScope *s)
{
  Shuffle *self = (Shuffle *) stage;
  LwItem   item;

  if (stage->dataset->count == G_MAXUINT && stage->dataset->cardinality == LW_CARDINALITY_INFINITE)
    {
      if (s != NULL)
        lw_scope_fail (s, LW_ERROR_VALUE,
                       _("All elements of an endless data set cannot be shuffled: put shuffle() before "
                         "repeat(), or give it a buffer size"));
      return FALSE;
    }
  while (!self->ended && self->items->len < stage->dataset->count)
    {
      item = (LwItem) { 0 };
      item.weight = next_of_source (stage, s, s != NULL ? &item : NULL);
      if (has_failed (s))
        return FALSE;
      if (item.weight > 0)
        items_add (stage, self->items, &item);
      else
        self->ended = TRUE;
    }
  return TRUE;
}

static guint64
shuffle_next (LwStage *stage, LwScope *s, LwItem *item)
{
  Shuffle *self = (Shuffle *) stage;
  LwItem   drawn;
  guint    place;

  if (!shuffle_fill (stage, s) || self->items->len == 0)
    return 0;
  place = lw_rng_next_below (self->rng, self->items->len);
  drawn = items_get (stage, self->items, place);
  g_array_remove_index_fast (self->items, place);
  if (item != NULL)
    *item = drawn;
  else
    lw_item_clear (&drawn);
  return drawn.weight;
}

static void
shuffle_clear (LwStage *stage)
{
  Shuffle *self = (Shuffle *) stage;

  if (self->items != NULL)
    items_clear (stage, self->items);
  g_clear_pointer (&self->items, g_array_unref);
}

const LwStageClass lw_stage_shuffle = { sizeof (Shuffle), shuffle_begin, shuffle_next, shuffle_clear };

/* -- batch -- */

static gboolean
check_like_first (LwScope *s, GArray *items, guint component)
{
  LwTensor *first = g_array_index (items, LwItem, 0).tensors[component];

  for (guint i = 1; i < items->len; i++)
    {
      LwTensor *other = g_array_index (items, LwItem, i).tensors[component];

      if (lw_tensor_get_dtype (other) != lw_tensor_get_dtype (first)
          || !lw_shape_equal (lw_tensor_get_shape (other), lw_tensor_get_shape (first)))
        {
          g_autofree char *a = lw_shape_to_string (lw_tensor_get_shape (first));
          g_autofree char *b = lw_shape_to_string (lw_tensor_get_shape (other));

          lw_scope_fail (s, LW_ERROR_SHAPE,
                         _("A batch needs elements of one shape and dtype: its first is %s of shape %s, "
                           "but another is %s of shape %s; let map() make them alike, or put batch() "
                           "before it"),
                         lw_dtype_get_name (lw_tensor_get_dtype (first)), a,
                         lw_dtype_get_name (lw_tensor_get_dtype (other)), b);
          return FALSE;
        }
    }
  if (lw_tensor_get_rank (first) < LW_MAX_RANK)
    return TRUE;
  lw_scope_fail (s, LW_ERROR_SHAPE,
                 _("A batch adds an axis, but its elements have %d already, the most there can be"),
                 LW_MAX_RANK);
  return FALSE;
}

/* The items' tensors on top of each other. */
static LwTensor *
stack (LwScope *s, GArray *items, guint component)
{
  LwTensor *first = g_array_index (items, LwItem, 0).tensors[component];
  gsize     size = lw_tensor_get_byte_size (first);
  LwTensor *tensor;
  LwShape   shape;

  if (!check_like_first (s, items, component))
    return NULL;
  shape = lw_shape_prepend (lw_tensor_get_shape (first), items->len);
  tensor = new_tensor (s, lw_tensor_get_dtype (first), &shape);
  if (tensor != NULL && size > 0)
    for (guint i = 0; i < items->len; i++)
      memcpy ((char *) lw_tensor_get_mutable_data (tensor) + i * size,
              lw_tensor_get_data (g_array_index (items, LwItem, i).tensors[component]), size);
  return tensor;
}

static gboolean
make_batch (LwStage *stage, LwScope *s, GArray *items, LwItem *batch)
{
  LwDataset *dataset = stage->dataset;

  for (guint i = 0; i < dataset->n_tensors; i++)
    {
      if (dataset->source->rows)
        {
          LwShape shape = *lw_tensor_get_shape (dataset->tensors[i]);

          shape.dims[0] = items->len;
          batch->tensors[i] = gather (s, dataset->tensors[i], &shape, (const guint32 *) (gpointer) items->data,
                                      items->len);
        }
      else
        batch->tensors[i] = stack (s, items, i);
      if (batch->tensors[i] == NULL)
        {
          lw_item_clear (batch);
          return FALSE;
        }
    }
  return TRUE;
}

/* TRUE for batches of single rows that come out of the pipeline as they are, or mapped. */
static gboolean
can_be_smaller (LwStage *stage)
{
  for (LwStage *last = stage->iterator->last; last != stage; last = last->source)
    if (last->class != &lw_stage_map)
      return FALSE;
  return stage->dataset->source->weight == 1;
}

static guint64
batch_next (LwStage *stage, LwScope *s, LwItem *batch)
{
  LwDataset        *dataset = stage->dataset;
  g_autoptr (GArray) items = items_new (stage->source);
  const guint64     limit = stage->iterator->row_limit;
  const guint64     size = limit > 0 && can_be_smaller (stage) ? MIN (dataset->count, limit) : dataset->count;
  guint64           weight = 0, n = 0;

  while (n < size)
    {
      LwItem  item = { 0 };
      guint64 one = next_of_source (stage, s, batch != NULL ? &item : NULL);

      if (one == 0)
        break;
      if (batch != NULL)
        items_add (stage->source, items, &item);
      weight += one;
      n++;
    }
  if (has_failed (s) || n == 0 || (n < size && dataset->drop_remainder))
    weight = 0;
  if (weight > 0 && batch != NULL)
    {
      *batch = (LwItem) { .weight = weight };
      if (!make_batch (stage, s, items, batch))
        weight = 0;
    }
  items_clear (stage->source, items);
  return weight;
}

const LwStageClass lw_stage_batch = { sizeof (LwStage), NULL, batch_next, NULL };

/* -- repeat, take, skip -- */

typedef struct {
  LwStage  stage;
  guint64  done;    /* rounds, or elements taken or skipped */
  gboolean yielded; /* in this round of repeat */
} Counter;

static void
counter_begin (LwStage *stage)
{
  Counter *self = (Counter *) stage;

  self->done = 0;
  self->yielded = FALSE;
}

static guint64
repeat_next (LwStage *stage, LwScope *s, LwItem *item)
{
  Counter *self = (Counter *) stage;

  while (self->done < stage->dataset->count)
    {
      guint64 weight = next_of_source (stage, s, item);

      if (weight > 0)
        self->yielded = TRUE;
      if (weight > 0 || has_failed (s))
        return weight;
      if (!self->yielded) /* nothing, however often it is repeated */
        break;
      if (stage->dataset->count != G_MAXUINT64)
        self->done++;
      if (self->done < stage->dataset->count)
        {
          self->yielded = FALSE;
          lw_stage_begin (stage->source);
        }
    }
  return 0;
}

static guint64
take_next (LwStage *stage, LwScope *s, LwItem *item)
{
  Counter *self = (Counter *) stage;
  guint64  weight = self->done < stage->dataset->count ? next_of_source (stage, s, item) : 0;

  self->done += weight > 0;
  return weight;
}

static guint64
skip_next (LwStage *stage, LwScope *s, LwItem *item)
{
  Counter *self = (Counter *) stage;

  if (stage->dataset->count == G_MAXUINT64)
    return 0;
  for (; self->done < stage->dataset->count; self->done++)
    if (next_of_source (stage, s, NULL) == 0)
      return 0;
  return next_of_source (stage, s, item);
}

const LwStageClass lw_stage_repeat = { sizeof (Counter), counter_begin, repeat_next, NULL };
const LwStageClass lw_stage_take = { sizeof (Counter), counter_begin, take_next, NULL };
const LwStageClass lw_stage_skip = { sizeof (Counter), counter_begin, skip_next, NULL };

/* -- cache -- */

typedef struct {
  LwStage  stage;
  GArray  *items;
  gboolean whole;  /* a round of the source is in it */
  gboolean missed; /* an element of this round is not */
  guint    place;
} Cache;

static void
cache_begin (LwStage *stage)
{
  Cache *self = (Cache *) stage;

  if (self->items == NULL)
    self->items = items_new (stage);
  if (!self->whole)
    items_clear (stage, self->items);
  self->missed = FALSE;
  self->place = 0;
}

static void
share (LwItem *item)
{
  for (guint i = 0; i < LW_MAX_COMPONENTS; i++)
    if (item->tensors[i] != NULL)
      lw_tensor_ref (item->tensors[i]);
}

static guint64
cache_next (LwStage *stage, LwScope *s, LwItem *item)
{
  Cache *self = (Cache *) stage;
  LwItem got = { 0 };

  if (self->whole)
    {
      if (self->place == self->items->len)
        return 0;
      got = items_get (stage, self->items, self->place++);
    }
  else
    {
      got.weight = next_of_source (stage, s, s != NULL ? &got : NULL);
      if (got.weight == 0)
        {
          self->whole = !has_failed (s) && !self->missed;
          self->place = self->items->len;
          return 0;
        }
      if (s != NULL)
        items_add (stage, self->items, &got);
      else
        self->missed = TRUE;
    }
  if (item != NULL)
    {
      share (&got);
      *item = got;
    }
  return got.weight;
}

static void
cache_clear (LwStage *stage)
{
  Cache *self = (Cache *) stage;

  if (self->items != NULL)
    items_clear (stage, self->items);
  g_clear_pointer (&self->items, g_array_unref);
  self->whole = FALSE;
}

const LwStageClass lw_stage_cache = { sizeof (Cache), cache_begin, cache_next, cache_clear };
