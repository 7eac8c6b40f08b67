#pragma once

#include <glib-object.h>

#include "engine/train/training.h"

/* LwTrainer: a training run in a background thread, driven by commands.
 *
 * Commands return at once. The curve is read from the history; the weights of the
 * moment from lw_trainer_get_state(). Rare events (phase changed, finished, failed) arrive as
 * "notify::phase" in the main context that created the trainer, coalesced. */

G_BEGIN_DECLS

typedef enum {
  LW_PHASE_IDLE,     /* nothing asked yet */
  LW_PHASE_TRAINING,
  LW_PHASE_PAUSED,
  LW_PHASE_FINISHED, /* all epochs done, or stopped early (the history's last events tell) */
  LW_PHASE_STOPPED,  /* by stop; the result is kept */
  LW_PHASE_DIVERGED, /* the loss became NaN or infinite; see lw_trainer_get_good_state() */
  LW_PHASE_FAILED,   /* see lw_trainer_get_error() */
} LwPhase;

#define LW_TYPE_TRAINER (lw_trainer_get_type ())
G_DECLARE_FINAL_TYPE (LwTrainer, lw_trainer, LW, TRAINER, GObject)

/* Starts from `state`, or from scratch if NULL; of `settings`, epochs, patience and keep_best count in both
 * cases, the others are the state's. history is appended to; epochs count from 1 up to settings.epochs, or
 * more after "Continue". Nothing runs until start or step. The trainer makes its own device with n_threads
 * (0: all) at this niceness. LW_ERROR_* as lw_training_new(); checked in the calling thread. */
LwTrainer     *lw_trainer_new              (LwModelSpec *model, const LwRunSettings *settings,
                                            LwImages *images, LwState *state, LwHistory *history,
                                            int n_threads, int niceness, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Train, or go on after a pause, or after an early stop, with the wait begun anew. */
void           lw_trainer_start            (LwTrainer *trainer);
void           lw_trainer_pause            (LwTrainer *trainer);
void           lw_trainer_step             (LwTrainer *trainer); /* one batch, then paused */
/* A step on the next single image, then paused: the place in the data moves by one
 * (lw_training_set_max_rows()). */
void           lw_trainer_step_example     (LwTrainer *trainer);
/* Ends the run, keeps the result, with keep_best the best epoch's weights as at any end; one that has ended
 * by itself stays FINISHED, DIVERGED or FAILED. */
void           lw_trainer_stop             (LwTrainer *trainer);
/* Constant from then on, also where the model has a schedule: see lw_training_set_learning_rate(). */
void           lw_trainer_set_learning_rate (LwTrainer *trainer, double rate);
/* From the next step on: see lw_training_set_early_stopping(). */
void           lw_trainer_set_early_stopping (LwTrainer *trainer, guint patience, gboolean keep_best);
/* Raises the number of epochs: "Continue for 5 epochs". From FINISHED the run goes on with start. */
void           lw_trainer_set_epochs       (LwTrainer *trainer, guint epochs);
/* Stops and waits for the thread. Called by dispose. */
void           lw_trainer_join             (LwTrainer *trainer);

LwPhase        lw_trainer_get_phase        (LwTrainer *trainer);
/* The newest published state (a new reference): each epoch's start, every 0.4 seconds, every pause
 * and end, and the initial one. `serial` grows with each. */
LwState       *lw_trainer_get_state        (LwTrainer *trainer) G_GNUC_WARN_UNUSED_RESULT;
guint          lw_trainer_get_state_serial (LwTrainer *trainer);
/* After DIVERGED: the newest state before the first loss that was not finite. */
LwState       *lw_trainer_get_good_state   (LwTrainer *trainer) G_GNUC_WARN_UNUSED_RESULT;
/* After FAILED. */
const GError  *lw_trainer_get_error        (LwTrainer *trainer);

LwHistory     *lw_trainer_get_history      (LwTrainer *trainer);
const LwModelSpec *lw_trainer_get_model    (LwTrainer *trainer);
guint          lw_trainer_get_epochs       (LwTrainer *trainer);
guint          lw_trainer_get_steps_per_epoch (LwTrainer *trainer);
int            lw_trainer_get_n_threads    (LwTrainer *trainer);
const char    *lw_trainer_get_isa          (LwTrainer *trainer);
/* Images a second over the last second or so of training; 0 before any. */
double         lw_trainer_get_speed        (LwTrainer *trainer);

G_END_DECLS
