#pragma once

#include "engine/nn/sequential.h"

/* The gradients of the mean loss over a batch: what a hand-written train_step() computes between the
 * tape's beginning and the optimizer.
 *
 * Images do not know of each other until their gradients are added up, unless a layer joins the batch. So
 * a batch of any weight is taken in parts of some images: each part goes forwards and backwards through
 * the whole model, on one thread and on a tape of its own, while its activations are in that core's cache,
 * and the threads do not wait for each other at every operation. How large a part is
 * (batch_plan.h) and in which order gradients are added is fixed by the model and the batch, so the number of
 * threads changes no bit. */

G_BEGIN_DECLS

typedef struct {
  double loss;    /* mean over the batch, regularizers' penalty included */
  gint64 n_right; /* rows of which the greatest output is the label's */
} LwBatchResult;

/* grads[i], results of scope s, are the gradients with respect to the trainable variables, NULL where the
 * loss does not depend on one. images [n, height, width, channels] float32 and labels [n] of an integer
 * dtype go through in parts of `rows` images (lw_batch_plan_get_rows()). The model's generators move on by one call in training.
 * FALSE with the first part's error. */
gboolean lw_batch_gradient (LwSequential *sequential, LwScope *s, LwTensor *images, LwTensor *labels, gsize rows,
                            LwTensor **grads, LwBatchResult *result, GError **error);

G_END_DECLS
