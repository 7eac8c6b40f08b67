#pragma once

#include "engine/core/device.h"
#include "engine/data/images.h"
#include "engine/train/evaluation.h"
#include "engine/train/state.h"

/* LwTraining: one run in the making, in the calling thread: the loop
 *
 *   batch -> model (ops on a tape) -> loss -> gradients -> optimizer
 *
 * one step at a time. The window's trainer drives it from a background thread, the command line
 * directly, tests by hand. Not safe from several threads at once. */

G_BEGIN_DECLS

typedef struct _LwTraining LwTraining;

/* FALSE and LW_ERROR_SHAPE with a sentence unless the model can train, on images of this size. */
gboolean            lw_training_check_images    (LwModelSpec *model, LwImages *images, GError **error);

/* A fresh run: weights drawn from the settings' seed. LW_ERROR_SHAPE with the fault's sentence if
 * the model cannot train, or does not fit the images' size. */
LwTraining         *lw_training_new             (LwDevice *device, LwModelSpec *model,
                                                 const LwRunSettings *settings, LwImages *images,
                                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The run that the state is a snapshot of, at that place: its next steps are the ones it would have
 * taken. */
LwTraining         *lw_training_new_from_state  (LwDevice *device, LwState *state, LwImages *images,
                                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
void                lw_training_free            (LwTraining *training);

/* Takes one step and fills *point (LW_POINT_TRAIN). A loss that is not finite is no error: it is in
 * the point, and the caller decides. FALSE only when the step could not be computed (memory). */
gboolean            lw_training_step            (LwTraining *training, LwHistoryPoint *point, GError **error);

/* Steps take at most n images from now on (0: whole batches). The place in the data moves by what was taken;
 * an epoch ends when all images have been, in whatever steps, and whole batches go on from where smaller
 * ones ended. */
void                lw_training_set_max_rows    (LwTraining *training, guint n);

/* Loss and accuracy over the first `limit` validation images (0: all), without training: the test
 * images, or the part of the training images that the settings hold back. FALSE, without an error,
 * when the settings ask for no validation. *cancel (may be NULL), read between batches, ends it
 * early with FALSE. */
gboolean            lw_training_validate        (LwTraining *training, gsize limit, const gint *cancel,
                                                 LwEvaluation *result, GError **error);

/* Early stopping and keep_best (early_stopping.h), which do nothing without validation. From an epoch's end
 * on, until it is told or the next step is taken, such a training owes the loss on all validation images;
 * right from the start where its state was taken in between. */
gboolean            lw_training_owes_validation (LwTraining *training);
/* Tells it what lw_training_validate() with limit 0 gave; where none is owed, that changes nothing. TRUE: the run
 * should end here, and the history has got an event "early stop". */
gboolean            lw_training_tell_validation (LwTraining *training, const LwEvaluation *validation,
                                                 LwHistory *history);
/* To be called where a run ends: with keep_best its weights become those of the best epoch, and nothing else
 * changes: not the optimizer's slots, counters or generators. Returns that epoch, and the history has got an event
 * "best: epoch 3"; 0 where the run has these weights already, or there are none. */
guint               lw_training_keep_best       (LwTraining *training, LwHistory *history);

/* Changes when the run ends and with which weights. Where keep_best begins in the middle, what is best counts from
 * there on, since earlier weights were not kept. */
void                lw_training_set_early_stopping (LwTraining *training, guint patience, gboolean keep_best);

/* An event at the place where the run stands, for its history: with this note, or "rate 0.0005", the rate as it is
 * set. */
LwHistoryPoint      lw_training_make_event      (LwTraining *training, const char *note);
LwHistoryPoint      lw_training_make_rate_event (LwTraining *training);

/* A snapshot; copies nothing (see state.h). */
LwState            *lw_training_get_state       (LwTraining *training) G_GNUC_WARN_UNUSED_RESULT;

/* Changes the rate from the next step on; the only setting that may change in a run. Where the model's
 * optimizer follows a schedule, it is left and the rate constant from then on; the schedule's initial rate
 * takes it up again, at the place where the run then is (lw_optimizer_set_learning_rate()). */
void                lw_training_set_learning_rate (LwTraining *training, double rate);
double              lw_training_get_learning_rate (LwTraining *training);

const LwModelSpec  *lw_training_get_model       (LwTraining *training);
const LwRunSettings *lw_training_get_settings   (LwTraining *training);
LwDevice           *lw_training_get_device      (LwTraining *training);
gint64              lw_training_get_step        (LwTraining *training); /* steps taken */
/* The epoch that the last step belonged to, from 1; 1 before any. */
guint               lw_training_get_epoch       (LwTraining *training);
/* Whole batches in an epoch; and in the rest of the current one (in all of the next, right after an epoch's
 * last step). */
guint               lw_training_get_steps_per_epoch (LwTraining *training);
guint               lw_training_get_steps_left  (LwTraining *training);
/* TRUE right after an epoch's last step (and before any step at all: FALSE). */
gboolean            lw_training_is_epoch_end    (LwTraining *training);
/* The current epoch's sample-weighted means so far (the last epoch's right after its end). */
void                lw_training_get_epoch_means (LwTraining *training, double *loss, double *accuracy);
/* Seconds spent in steps since step 1, and images trained in them since this object was made. */
double              lw_training_get_seconds     (LwTraining *training);
double              lw_training_get_samples_per_second (LwTraining *training);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwTraining, lw_training_free)

G_END_DECLS
