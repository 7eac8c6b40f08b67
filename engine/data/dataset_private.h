#pragma once

#include "engine/data/dataset.h"

/* What dataset.c (the description), stages.c (what each stage does) and iterator.c share. */

G_BEGIN_DECLS

/* An element on its way: as long as nothing has made tensors of it, the number of a row. */
typedef struct {
  guint32   row;
  guint64   weight;                     /* rows that are in it */
  LwTensor *tensors[LW_MAX_COMPONENTS]; /* owned; NULL while it is a row */
} LwItem;

/* One stage at work, in an iterator. */
typedef struct _LwStage LwStage;

typedef struct {
  gsize stage_size;
  /* Begins a round; the stages before it are begun already. */
  void    (*begin) (LwStage *stage);
  /* The next element's weight; 0 at the end of the round, and when s has failed. item NULL: nobody
   * will look at it, so that it need not be made. s NULL (then item is NULL too): nobody will look at
   * any that is still in the stage either; only the draws count. */
  guint64 (*next)  (LwStage *stage, LwScope *s, LwItem *item);
  void    (*clear) (LwStage *stage);
} LwStageClass;

struct _LwStage {
  const LwStageClass *class;
  LwDataset          *dataset; /* borrowed from the iterator */
  LwIterator         *iterator;
  LwStage            *source;  /* NULL: this one reads the tensors */
  gboolean            frozen;  /* a cache follows, so that every epoch must be the same */
  guint               ordinal; /* stages before it */
  guint64             round;   /* begun in this epoch, from 0 */
};

struct _LwDataset {
  gatomicrefcount     ref_count;
  const LwStageClass *class;
  LwDataset          *source; /* the data set that this one adds a stage to */

  guint     n_tensors;
  LwTensor *tensors[LW_MAX_COMPONENTS]; /* of the first stage; borrowed by the others */
  gboolean  rows;                       /* elements are still rows' numbers */

  gint64    cardinality; /* elements of a round */
  gsize     n_rows;      /* rows of a round */
  guint64   weight;      /* rows of a full element */

  guint64   count;       /* shuffle's and batch's size; take's, skip's and repeat's count */
  gboolean  drop_remainder;
  gboolean  reshuffle;
  gint64    seed;
  LwMapFunc map;
  gpointer  map_data;
  GDestroyNotify map_destroy;
};

struct _LwIterator {
  LwDataset     *dataset;
  LwDatasetPlace place;
  LwRng          rng;     /* as it is now */
  guint64        pending; /* rows of this epoch that are still to be gone through, after set_place() */
  guint64        max_rows; /* of a batch, where the pipeline ends in batches of rows; 0: as many as it has */
  guint64        row_limit; /* the same, of the batch that is being taken */
  LwStage       *last;    /* the stage that elements come out of */
};

extern const LwStageClass lw_stage_slices, lw_stage_map, lw_stage_shuffle, lw_stage_batch, lw_stage_repeat,
  lw_stage_take, lw_stage_skip, lw_stage_cache;

/* Begins a round of the stage and of all before it. */
void     lw_stage_begin (LwStage *stage);

/* Makes tensors of what is still a row. FALSE when memory is out: s has failed, the item is empty. */
gboolean lw_item_make   (LwItem *item, LwDataset *dataset, LwScope *s);
void     lw_item_clear  (LwItem *item);

G_END_DECLS
