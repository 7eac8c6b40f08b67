#pragma once

#include "engine/core/rng.h"
#include "engine/core/scope.h"

/* LwDataset: an input pipeline, as tf.data: from_tensor_slices, map, shuffle, batch, repeat, take,
 * skip, cache, in any order. Immutable and refcounted; each call gives a new one that ends with the
 * new stage, so that one beginning may have several ends:
 *
 *   slices = lw_dataset_from_tensor_slices (2, (LwTensor *[]) { images, labels }, &error);
 *   shuffled = lw_dataset_shuffle (slices, 1000);
 *   batched = lw_dataset_batch (shuffled, 32, FALSE);
 *   iterator = lw_iterator_new (batched, lw_rng_new (seed, LW_STREAM_SHUFFLE));
 *   while (lw_iterator_next (iterator, s, batch))
 *     train_step (s, batch[0], batch[1]);
 *
 * A data set is a sequence of elements. An element has one to LW_MAX_COMPONENTS components, each a
 * tensor: of from_tensor_slices, row i of every tensor; behind batch(), as many rows as the batch
 * has, with the batch's axis in front. The order of stages means what it means in tf.data:
 *
 *   shuffle, batch      batches of mixed rows          batch, shuffle     whole batches in mixed order
 *   shuffle, repeat     each round is whole, mixed     repeat, shuffle    rounds run into each other
 *                       anew
 *   batch, repeat       each round ends with its       repeat, batch      one short batch at most, at
 *                       short batch                                       the very end
 *   batch, take (2)     two batches                    take (2), batch    one batch of two rows
 *   map, batch          func sees single rows          batch, map         func sees whole batches
 *   shuffle, cache      the first round's order,       cache, shuffle     stored once, mixed anew
 *                       ever after                                        each round
 *
 * Until the first map() or batch() what moves through the stages are the rows' numbers, so that a
 * shuffle of all of them copies nothing. An iterator holds O(shuffle buffers + batch) memory; only
 * cache() holds a whole round.
 *
 * A data set may be used from any thread, an iterator from one at a time. */

G_BEGIN_DECLS

#define LW_MAX_COMPONENTS 4

/* For lw_dataset_shuffle_with(): the iterator's own generator. */
#define LW_SEED_NONE (G_GINT64_CONSTANT (-1))
/* For lw_dataset_repeat(). */
#define LW_REPEAT_FOREVER (G_GINT64_CONSTANT (-1))
/* What lw_dataset_get_cardinality() says of an endless data set (tf.data.INFINITE_CARDINALITY). */
#define LW_CARDINALITY_INFINITE (G_GINT64_CONSTANT (-1))

typedef struct _LwDataset LwDataset;
typedef struct _LwIterator LwIterator;

/* Changes an element: puts other tensors (results of scope s, or any of those that came) in the place
 * of its components. Must give the same for the same element, or resuming would not be exact. What
 * fails on s ends the lw_iterator_next() that asked. */
typedef void (*LwMapFunc) (LwScope *s, LwTensor **components, guint n, gpointer data);

/* n tensors (1 to LW_MAX_COMPONENTS; any dtype, any rank from 1 on) cut along their first axes, which
 * must be equally long, at most 2^32 - 1 (LW_ERROR_SHAPE, with both shapes, otherwise). References
 * the tensors. */
LwDataset  *lw_dataset_from_tensor_slices (guint n, LwTensor *const *tensors,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Applies func to each element: to each row before batch(), to each batch behind it. `data` is
 * borrowed; the _full form calls destroy (data) with the last data set that holds it. */
LwDataset  *lw_dataset_map                (LwDataset *dataset, LwMapFunc func,
                                           gpointer data) G_GNUC_WARN_UNUSED_RESULT;
LwDataset  *lw_dataset_map_full           (LwDataset *dataset, LwMapFunc func, gpointer data,
                                           GDestroyNotify destroy) G_GNUC_WARN_UNUSED_RESULT;

/* A buffer of `size` elements is filled from the source; each element that leaves is drawn from it
 * uniformly, and the source's next one takes its place. So the source's element k leaves as number
 * k - size + 1 at the earliest, and all orders are equally likely if size is at least the number of
 * elements (G_MAXUINT: as many as there are; of an endless source that is an error). size 0 or 1 keeps
 * the order. Mixed anew each round, by the iterator's generator. */
LwDataset  *lw_dataset_shuffle            (LwDataset *dataset, guint size) G_GNUC_WARN_UNUSED_RESULT;
/* The same with a seed (0 …) of its own: every iterator then draws alike, whatever its generator. With
 * LW_SEED_NONE it is the iterator's. Without reshuffle_each_iteration, each round and epoch has the
 * order of the first. */
LwDataset  *lw_dataset_shuffle_with       (LwDataset *dataset, guint size, gint64 seed,
                                           gboolean reshuffle_each_iteration) G_GNUC_WARN_UNUSED_RESULT;

/* Batches of `size` (1 …) elements, stacked along a new first axis; the last is shorter, or left out
 * with drop_remainder. Elements must have one shape: iterating fails with LW_ERROR_SHAPE, and both
 * shapes, where map() gave different ones. */
LwDataset  *lw_dataset_batch              (LwDataset *dataset, guint size,
                                           gboolean drop_remainder) G_GNUC_WARN_UNUSED_RESULT;

/* The data set `count` times over (0: nothing), or LW_REPEAT_FOREVER. */
LwDataset  *lw_dataset_repeat             (LwDataset *dataset, gint64 count) G_GNUC_WARN_UNUSED_RESULT;

/* The first `count` elements, or all but those; there may be fewer. G_MAXUINT64: all. */
LwDataset  *lw_dataset_take               (LwDataset *dataset, guint64 count) G_GNUC_WARN_UNUSED_RESULT;
LwDataset  *lw_dataset_skip               (LwDataset *dataset, guint64 count) G_GNUC_WARN_UNUSED_RESULT;
/* skip (first), then take (count). */
LwDataset  *lw_dataset_slice              (LwDataset *dataset, gsize first, gsize count) G_GNUC_WARN_UNUSED_RESULT;

/* Keeps the elements of the first whole round in memory, and gives these from the second on: a
 * costly map() before it runs once. Each iterator has its own. A round that is left early is not
 * kept. A shuffle before it draws the same in every epoch, since the first one's order stays. */
LwDataset  *lw_dataset_cache              (LwDataset *dataset) G_GNUC_WARN_UNUSED_RESULT;

LwDataset  *lw_dataset_ref                (LwDataset *dataset);
void        lw_dataset_unref              (LwDataset *dataset);

/* Elements of one epoch, or LW_CARDINALITY_INFINITE. It is always known, since nothing filters. */
gint64      lw_dataset_get_cardinality    (LwDataset *dataset);
/* The same as an unsigned count, G_MAXUINT for what is more or endless: the steps of one epoch. */
guint       lw_dataset_get_n_batches      (LwDataset *dataset);
/* Rows that go through one epoch, in whatever batches (a place's `position` runs up to it; with
 * drop_remainder it counts the rows left out as well). Where a short batch may come before a take()
 * or skip() of batches, the most that there can be. G_MAXSIZE when endless. */
gsize       lw_dataset_get_n_elements     (LwDataset *dataset);
guint       lw_dataset_get_n_components   (LwDataset *dataset);

/* Where an iterator is: a value that decides everything it will yield. */
typedef struct {
  LwRng   rng;      /* the iterator's generator as it was at the epoch's start */
  guint64 position; /* rows already yielded in this epoch; a batch counts as its rows */
  guint64 epoch;    /* epochs ended or left; only seeded shuffles look at it */
} LwDatasetPlace;

/* Begins an epoch with this generator's draws; references the data set. */
LwIterator *lw_iterator_new               (LwDataset *dataset, LwRng rng) G_GNUC_WARN_UNUSED_RESULT;
/* At a place that an iterator over an equal data set was at. What comes is what came there, bit for bit: the
 * epoch's draws so far are made again when the next element is asked for (maps run again only where a
 * shuffle or cache behind them holds what they gave). Batches of rows at the pipeline's end may have another
 * size than they had there: rows come in the same order. */
LwIterator *lw_iterator_new_at            (LwDataset *dataset,
                                           const LwDatasetPlace *place) G_GNUC_WARN_UNUSED_RESULT;
void        lw_iterator_free              (LwIterator *iterator);

LwDatasetPlace lw_iterator_get_place      (LwIterator *iterator);
void        lw_iterator_set_place         (LwIterator *iterator, const LwDatasetPlace *place);
/* Where a pipeline ends in batch(), after which at most map() comes, and before it single rows: its batches
 * have at most n rows from now on (0: what batch() was told). The place may then be between two whole
 * batches; what follows are the rows behind it, in batches that begin there. Elsewhere it changes nothing. */
void        lw_iterator_set_max_rows      (LwIterator *iterator, guint n);
/* Leaves the rest of this epoch and stands at the next one's start, its draws following on. */
void        lw_iterator_begin_epoch       (LwIterator *iterator);

/* The next element, components[0 … n - 1] as results of scope s. FALSE at the epoch's end, and the
 * iterator then stands at the next epoch's start. Also FALSE when s has failed, before or now: a map,
 * elements of different shapes in a batch (LW_ERROR_SHAPE), memory, a shuffle of *all* elements of an
 * endless source (LW_ERROR_VALUE). The place stays where it was, so that nothing is lost: a next call,
 * on another scope, tries that element again. */
gboolean    lw_iterator_next              (LwIterator *iterator, LwScope *s, LwTensor **components);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwDataset, lw_dataset_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwIterator, lw_iterator_free)

G_END_DECLS
