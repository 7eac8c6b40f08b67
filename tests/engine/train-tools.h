#pragma once

#include "engine/engine.h"

/* What the tests of training share: a small data set that can be learned in seconds, models, and
 * runs taken step by step. */

G_BEGIN_DECLS

/* Images 28×28 of ten kinds, each a bright square at a place of its own under noise. */
LwImages    *test_images_new      (guint n_train, guint n_test) G_GNUC_WARN_UNUSED_RESULT;

/* The images first … first + n - 1 as a model takes them: [n, 28, 28, 1] float32, 0 to 1. */
LwTensor    *test_images_to_input (LwTensor *images, gsize first, gsize n) G_GNUC_WARN_UNUSED_RESULT;

/* A preset with another optimizer (momentum for SGD). */
LwModelSpec *test_model_new       (const char *preset, const char *optimizer, double learning_rate,
                                   double momentum) G_GNUC_WARN_UNUSED_RESULT;

/* A run on so many threads; `steps` of its steps. */
LwTraining  *test_training_new    (LwModelSpec *model, const LwRunSettings *settings, LwImages *images,
                                   int n_threads) G_GNUC_WARN_UNUSED_RESULT;
void         test_take_steps      (LwTraining *training, guint steps);

/* The state after so many steps of a fresh run, by hand. */
LwState     *test_state_after     (LwModelSpec *model, const LwRunSettings *settings, LwImages *images,
                                   guint steps) G_GNUC_WARN_UNUSED_RESULT;

/* Every weight and slot is a finite number. */
gboolean     test_state_is_finite (LwState *state);

G_END_DECLS
