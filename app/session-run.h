#pragma once

#include "app/document.h"

/* LwSessionRun: a run as the session keeps it, refcounted: how it was started, what has come of it so
 * far, and what the list of runs says about it. Fields are public to read; the session alone changes
 * them, in the main thread. Figures are of the newest points, NaN where there are none. */

G_BEGIN_DECLS

typedef struct {
  guint       id;          /* from 1, the same as long as the run lives, also through Undo */
  char       *name;        /* "Run 3" */
  char       *note;        /* what a person wrote, or where it was forked; NULL: nothing */
  guint       slot;        /* colour, dash and marker, from 0 */
  LwDocument *document;    /* as it was started */
  LwHistory  *history;
  LwState    *state;       /* where to go on from without a trainer; NULL until it has been trained or loaded */
  guint       epochs;      /* planned, grows with "Continue" */
  gboolean    stopped_early; /* by early stopping, and not trained on since */
  gboolean    is_loaded;   /* from a file, and not trained on since */
  gboolean    is_fork;     /* of another run, and not trained on since: what is changed now counts from here */

  LwHistoryCursor cursor;  /* behind the points that the figures know */
  LwHistoryPoint last;     /* the newest training step; step 0: none */
  gint64      epoch_steps, epoch_images; /* taken in that step's epoch, with it */
  double      smoothed_loss, test_loss, test_accuracy;
  LwHistoryPoint best;     /* the validation on all images with the lowest loss; n_images 0: none */
  double      diverged_rate; /* the learning rate with which it diverged */
  gint64      n_tested;
  /*< private >*/
  double      loss_sum, loss_weight; /* behind smoothed_loss */
  int         ref_count;
} LwSessionRun;

/* Without id and name. Takes references; state may be NULL. */
LwSessionRun *lw_session_run_new    (LwDocument *document, LwHistory *history, LwState *state) G_GNUC_WARN_UNUSED_RESULT;
LwSessionRun *lw_session_run_ref    (LwSessionRun *run);
void          lw_session_run_unref  (LwSessionRun *run);

/* Another run that stands at the run's state and has its history until there, with the event "forked". NULL where
 * nothing has been trained. */
LwSessionRun *lw_session_run_fork   (LwSessionRun *run) G_GNUC_WARN_UNUSED_RESULT;

/* Reads what the history has gained into the figures. */
void          lw_session_run_update (LwSessionRun *run);

/* Forgets every point behind the state's step, as if they had not been. */
void          lw_session_run_rewind (LwSessionRun *run);

/* TRUE once there are weights that have taken a step. */
gboolean      lw_session_run_is_trained (const LwSessionRun *run);

/* What it is, where no note says more: "convnet, Adam 0.001". */
char         *lw_session_run_describe (const LwSessionRun *run) G_GNUC_WARN_UNUSED_RESULT;

/* Training steps of an epoch, with the data set or with MNIST's 60,000 images where that is not read yet. */
gint64        lw_session_run_get_steps_per_epoch (const LwSessionRun *run, LwImages *images);

/* As a file keeps it, and back; the file's run must have a history or a state. */
LwRun        *lw_session_run_to_file   (LwSessionRun *run, LwState *state) G_GNUC_WARN_UNUSED_RESULT;
LwSessionRun *lw_session_run_from_file (const LwRun *run) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwSessionRun, lw_session_run_unref)

G_END_DECLS
