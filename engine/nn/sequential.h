#pragma once

#include "engine/autodiff/variable.h"
#include "engine/core/rng.h"
#include "engine/nn/model_spec.h"

/* LwSequential: a model built from its spec: one variable for each weight, one generator for each
 * layer. Calling it runs the layers in order, as keras.Sequential. */

G_BEGIN_DECLS

typedef struct _LwSequential LwSequential;

/* Layer i's weights are drawn from `seed`'s stream LW_STREAM_WEIGHTS + i; its generator is stream
 * LW_STREAM_DROPOUT + i. A spec with a fault in its layers gives LW_ERROR_SHAPE and its sentence. */
LwSequential *lw_sequential_new            (LwModelSpec *model, guint64 seed, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* With these weights (in lw_sequential_get_variables' order; held, not copied) and these generators,
 * one for each layer (NULL: for prediction only). LW_ERROR_SHAPE unless they fit. */
LwSequential *lw_sequential_new_with       (LwModelSpec *model, guint n_weights, LwTensor *const *weights,
                                            const LwRng *rngs, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void          lw_sequential_free           (LwSequential *sequential);

const LwModelSpec *lw_sequential_get_model (LwSequential *sequential);

/* x [n, height, width, channels] float32 to the last layer's output. training: dropout drops, the layers'
 * generators move on, and moving averages are assigned to. With training off, activations are freed as the pass goes on. */
LwTensor     *lw_sequential_call           (LwSequential *sequential, LwScope *s, LwTensor *x, gboolean training);

/* The same as one part of a larger batch in training: x is its rows from row `first` on, at which each layer's
 * draws must have come to a multiple of four (batch_plan.h). The model's generators are read as if all the batch went through, and stay where they are: rngs
 * [layers] tells where the part leaves them, of which lw_sequential_set_rngs() takes over the last part's.
 * So several threads may call it at once, on scopes of their own. Not for models with a layer that
 * joins_batch. */
LwTensor     *lw_sequential_call_part      (LwSequential *sequential, LwScope *s, LwTensor *x, gsize first,
                                            LwRng *rngs);

/* What the layers add to the loss: the sum of l2 · sum (w²) over the weights with a regularizer, a
 * float32 scalar; NULL where no layer has one. As in Keras, training and evaluation both count it. */
LwTensor     *lw_sequential_get_penalty    (LwSequential *sequential, LwScope *s);

/* Every weight, layer by layer, in Keras' file order; and the trainable ones among them. Borrowed. */
LwVariable *const *lw_sequential_get_variables (LwSequential *sequential, guint *n);
LwVariable *const *lw_sequential_get_trainable_variables (LwSequential *sequential, guint *n);

/* One generator for each layer: what decides future draws, to be read and set. */
LwRng        *lw_sequential_get_rngs       (LwSequential *sequential, guint *n);
void          lw_sequential_set_rngs       (LwSequential *sequential, const LwRng *rngs);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwSequential, lw_sequential_free)

G_END_DECLS
