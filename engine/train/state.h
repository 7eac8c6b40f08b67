#pragma once

#include "engine/core/rng.h"
#include "engine/core/tensor.h"
#include "engine/nn/model_spec.h"
#include "engine/train/early_stopping.h"
#include "engine/train/history.h"
#include "engine/train/settings.h"

/* LwState: the one immutable snapshot of a run. Whatever decides the run's future is in it, so that
 * a run continued from a state takes the very steps it would have taken: weights, optimizer slots,
 * counters, generators, the place in the data. Taking one copies nothing: the trainer's next step
 * writes new tensors where a state still holds the old ones.
 *
 * Fields are public to read and never change; lw_state_new() copies everything it is given. */

G_BEGIN_DECLS

typedef struct {
  LwModelSpec  *model;
  LwRunSettings settings;

  guint         n_weights; /* every layer's weights, layer by layer, in Keras' file order */
  LwTensor    **weights;
  guint         n_slots;   /* the optimizer's variables behind iteration and learning rate, in Keras' */
  LwTensor    **slots;     /* file order */
  gint64        slots_begin; /* steps taken when the slots began: 0, or those at which a fork took another optimizer
                              * (lw_optimizer_set_begin()) */
  double        learning_rate; /* lw_optimizer_get_learning_rate(): with `step`, it tells whether and where
                                * a schedule is followed */

  gint64        step;      /* steps taken; the optimizer's `iterations` */
  guint         epoch;     /* epochs finished */
  guint64       position;  /* training images of the current epoch already used */
  LwRng         shuffle;   /* the shuffle buffer's generator as it was at the epoch's start */
  guint         n_rngs;    /* one generator for each layer of the model, used or not */
  LwRng        *rngs;

  /* The current epoch so far, for its means: sample-weighted sums, and images counted. */
  double        loss_sum, correct_sum;
  gint64        n_counted;
  double        seconds;   /* trained since step 1, pauses not counted */

  LwEarlyStopping stopping; /* what validations have told; zeros where the settings do not ask for it */

  /*< private >*/
  gatomicrefcount      ref_count;
  struct _LwSequential *sequential; /* atomic: made when first asked for */
} LwState;

/* A copy of `from`'s fields; tensors are shared (referenced). */
LwState *lw_state_new   (const LwState *from) G_GNUC_WARN_UNUSED_RESULT;
LwState *lw_state_ref   (LwState *state);
void     lw_state_unref (LwState *state);

/* The network with these weights, for prediction alone; the state's own, made once. Any thread may ask. NULL
 * with LW_ERROR_SHAPE where the weights do not fit the model. */
struct _LwSequential *lw_state_get_sequential (LwState *state, GError **error);

/* TRUE if the two decide the same future: the same bits everywhere (seconds and the number of epochs
 * are not compared). */
gboolean lw_state_equal (const LwState *a, const LwState *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwState, lw_state_unref)

G_END_DECLS
