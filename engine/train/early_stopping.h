#pragma once

#include "engine/core/tensor.h"
#include "engine/train/settings.h"

/* LwEarlyStopping: what a run remembers of its validations, in order to end when they get no better and to have
 * its best weights again. A value without threads; zeros are the one that has been told nothing.
 *
 * The meaning is that of Keras' EarlyStopping (monitor="val_loss", mode="min", min_delta=0, patience=P,
 * restore_best_weights=keep_best): only a strictly lower loss is better, so a tie is not, and NaN or
 * infinity never is; the run's first epoch does not end it. Unlike there, weights of an epoch whose loss was
 * NaN are never the best ones, and what has been told lasts as long as the run: it goes on with the wait
 * begun anew after an early stop, and the best stays the best. */

G_BEGIN_DECLS

typedef struct {
  guint      best_epoch; /* from 1; 0: there has been none, and the rest but `waited` is nothing */
  double     best_loss;
  guint      waited;     /* epochs in a row that were not better */
  gboolean   owed;       /* an epoch has ended, and its validation has not been told yet */

  guint      n_weights;  /* the best epoch's, as LwState has them; 0 where the settings do not keep them */
  LwTensor **weights;
} LwEarlyStopping;

/* A copy; tensors are shared (referenced). */
LwEarlyStopping lw_early_stopping_copy  (const LwEarlyStopping *stopping) G_GNUC_WARN_UNUSED_RESULT;
void            lw_early_stopping_clear (LwEarlyStopping *stopping);
gboolean        lw_early_stopping_equal (const LwEarlyStopping *a, const LwEarlyStopping *b);

/* Whether settings ask for any of it. */
gboolean        lw_early_stopping_is_on (const LwRunSettings *settings);

/* Makes it what it may be under (other) settings: nothing where they ask for nothing, without weights where
 * they keep none, and begun anew where the weights that they keep were not kept so far. */
void            lw_early_stopping_fit   (LwEarlyStopping *stopping, const LwRunSettings *settings);

/* Takes the validation loss on all images at the end of epoch `epoch` (from 1), with the weights that gave
 * it (referenced if they are the best and to be kept). TRUE: the run should end here; the wait has begun
 * anew. */
gboolean        lw_early_stopping_tell  (LwEarlyStopping *stopping, const LwRunSettings *settings, guint epoch,
                                         double loss, guint n_weights, LwTensor *const *weights);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LwEarlyStopping, lw_early_stopping_clear)

/* TRUE if the validation of epoch `epoch` (from 1), told last, was the one that ended the run. */
gboolean        lw_early_stopping_has_stopped (const LwEarlyStopping *stopping, const LwRunSettings *settings,
                                               guint epoch) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
