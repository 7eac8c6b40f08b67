#pragma once

#include "engine/train/inference.h"

/* LwPredictor: answers questions to a model in a thread of its own, without the training's workers and
 * at normal priority, so that the digit pad answers while training saturates every core.
 *
 * There are a few channels; on each the newest question wins, and an answer to an older one is
 * dropped. */

G_BEGIN_DECLS

typedef struct _LwPredictor LwPredictor;

typedef enum {
  LW_CHANNEL_PAD,
  LW_CHANNEL_STRIP,
  LW_N_CHANNELS
} LwChannel;

/* In the main context that made the predictor. probabilities [n, classes], or NULL and an error;
 * `seconds` is what computing them took. */
typedef void (*LwPredictedFunc) (LwTensor *probabilities, const GError *error, double seconds, gpointer data);

LwPredictor *lw_predictor_new  (LwPredictedFunc const funcs[LW_N_CHANNELS], gpointer data,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Waits for the question being answered; no function is called any more. */
void         lw_predictor_free (LwPredictor *predictor);

/* Asks what the state makes of images [n, h, w, c] float32. */
void         lw_predictor_ask  (LwPredictor *predictor, LwChannel channel, LwState *state, LwTensor *images);
/* Drops the question and the answer of a channel. */
void         lw_predictor_forget (LwPredictor *predictor, LwChannel channel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwPredictor, lw_predictor_free)

G_END_DECLS
