#pragma once

#include "engine/nn/model_spec.h"

/* LwBatchPlan: in which parts batches go through a model in training (batch_gradient.h); a value that the model and
 * the size of its images decide, whatever the machine. */

G_BEGIN_DECLS

typedef struct {
  gsize  cached;   /* images whose activations stay in a core's cache on the way forwards and back */
  gsize  least;    /* images from which on they outweigh the gradient of every weight that a part makes; G_MAXSIZE where
                    * a layer joins the batch, which then is never parted */
  gsize  multiple; /* images after which a part may begin: dropout's draws come in fours */
  double work;     /* additions and multiplications of a step, for one image */
} LwBatchPlan;

/* For images of this size [height, width, channels]. */
LwBatchPlan lw_batch_plan_new         (LwModelSpec *model, const LwShape *image);

/* Images in each part of a batch of n (the last may have fewer): a batch of much work is taken in several even ones,
 * so that threads have as much to do each. */
gsize       lw_batch_plan_get_rows    (const LwBatchPlan *plan, gsize n);
guint       lw_batch_plan_count_parts (const LwBatchPlan *plan, gsize n);

/* TRUE if a step on a batch of n is so little work that several threads would take longer than one: they would send
 * each other the weights they have just changed. */
gboolean    lw_batch_plan_is_small    (const LwBatchPlan *plan, gsize n);

G_END_DECLS
