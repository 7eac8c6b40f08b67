#pragma once

#include "engine/core/device.h"
#include "engine/data/images.h"
#include "engine/train/evaluation.h"
#include "engine/train/state.h"

/* Answers from a state, without training: no tape, activations freed as the pass goes on. A few images at a
 * time go through the whole model on one thread, so that they stay in that core's cache; threads take
 * different images. */

G_BEGIN_DECLS

/* As many images, of this size [height, width, channels]. */
guint     lw_inference_get_part   (const LwModelSpec *model, const LwShape *image);

/* The model's outputs y for x [n, h, w, c] float32 (what the last layer gives: logits or probabilities); a
 * new tensor. LW_ERROR_SHAPE if x does not fit. */
LwTensor *lw_state_predict        (LwState *state, LwDevice *device, LwTensor *x, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, as probabilities: softmax is applied where the loss takes logits. Under a loss of differences
 * (MeanSquaredError, …) a model that does not end in softmax or sigmoid gives plain numbers near 0 and 1:
 * then each row's numbers above 0 by their sum. */
LwTensor *lw_state_predict_probabilities (LwState *state, LwDevice *device, LwTensor *x, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Loss and accuracy over images [n, h, w] uint8 and labels [n] int32. */
gboolean  lw_state_evaluate       (LwState *state, LwDevice *device, LwTensor *images, LwTensor *labels,
                                   LwEvaluation *result, GError **error);

/* A state with the model's initial weights and nothing trained: what an untrained document saves. */
LwState  *lw_state_new_initial    (LwModelSpec *model, const LwRunSettings *settings, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
