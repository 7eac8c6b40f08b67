#pragma once

#include "engine/core/rng.h"
#include "engine/core/scope.h"

/* LwDataset: an input pipeline, as tf.data: from_tensor_slices, shuffle, batch, map. Immutable and
 * refcounted; each call gives a new one that ends with the new stage.
 *
 * Elements are slices along the first axis of one or several tensors in step. What moves through the
 * stages before batch() are their numbers, so that shuffling costs nothing; batch() gathers them. An
 * iterator holds O(buffer + batch) memory. */

G_BEGIN_DECLS

#define LW_MAX_COMPONENTS 4

typedef struct _LwDataset LwDataset;
typedef struct _LwIterator LwIterator;

/* Changes a batch in place of its components (each result of scope s). */
typedef void (*LwMapFunc) (LwScope *s, LwTensor **components, guint n, gpointer data);

/* n tensors whose first axes agree (LW_ERROR_SHAPE otherwise); references them. */
LwDataset  *lw_dataset_from_tensor_slices (guint n, LwTensor *const *tensors, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The elements first … first + count - 1 of those. */
LwDataset  *lw_dataset_slice              (LwDataset *dataset, gsize first, gsize count) G_GNUC_WARN_UNUSED_RESULT;
/* A buffer of `size` elements (G_MAXUINT: all of them), drawn from uniformly and refilled from the
 * source; drawn anew each epoch. size 0 keeps the order. */
LwDataset  *lw_dataset_shuffle            (LwDataset *dataset, guint size) G_GNUC_WARN_UNUSED_RESULT;
/* Batches of `size`; the last is shorter, or left out with drop_remainder. */
LwDataset  *lw_dataset_batch              (LwDataset *dataset, guint size, gboolean drop_remainder) G_GNUC_WARN_UNUSED_RESULT;
/* Applies func to each batch. After batch(). */
LwDataset  *lw_dataset_map                (LwDataset *dataset, LwMapFunc func, gpointer data) G_GNUC_WARN_UNUSED_RESULT;
LwDataset  *lw_dataset_ref                (LwDataset *dataset);
void        lw_dataset_unref              (LwDataset *dataset);

/* Elements in one epoch (of which batch makes batches), and batches. */
gsize       lw_dataset_get_n_elements     (LwDataset *dataset);
guint       lw_dataset_get_n_batches      (LwDataset *dataset);

/* Where an iterator is: a value that decides everything it will yield. */
typedef struct {
  LwRng   rng;      /* the shuffle generator as it was at the epoch's start */
  guint64 position; /* elements already yielded in this epoch */
} LwDatasetPlace;

/* Begins an epoch with this generator's draws. */
LwIterator *lw_iterator_new               (LwDataset *dataset, LwRng rng) G_GNUC_WARN_UNUSED_RESULT;
/* At a place that another iterator was at: replays the draws of the epoch so far. */
LwIterator *lw_iterator_new_at            (LwDataset *dataset, const LwDatasetPlace *place) G_GNUC_WARN_UNUSED_RESULT;
void        lw_iterator_free              (LwIterator *iterator);
LwDatasetPlace lw_iterator_get_place      (LwIterator *iterator);
/* Leaves the rest of this epoch and stands at the next one's start, its draws following on. */
void        lw_iterator_begin_epoch       (LwIterator *iterator);

/* The next batch, as results of scope s, components[0 … n-1]; FALSE at the epoch's end, and the
 * iterator then stands at the next epoch's start. Also FALSE when the scope fails. */
gboolean    lw_iterator_next              (LwIterator *iterator, LwScope *s, LwTensor **components);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwDataset, lw_dataset_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwIterator, lw_iterator_free)

G_END_DECLS
