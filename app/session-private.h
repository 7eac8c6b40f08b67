#pragma once

#include "app/session.h"
#include "app/undo.h"

/* Inside the session: its fields, and what its parts ask of each other. session.c has the document and its
 * undo, session-runs.c the list of runs, session-train.c the trainer, session-files.c files. */

G_BEGIN_DECLS

struct _LwSession {
  GObject       parent;

  LwImages     *images;
  char         *data_error;

  LwDocument   *document;
  LwDocument   *saved; /* the document as it is on disk, or as it began */
  LwState      *saved_state; /* of the current run, with it; NULL: it had none */
  guint         n_changes, n_saved; /* of the runs, by a person: so far, and until then */
  GFile        *file;
  guint         n_moves; /* how often another file, with all that is in it, has come */
  char         *title; /* the file's name without its ending; NULL: not saved yet */
  LwUndo       *undo;

  GPtrArray    *runs; /* LwSessionRun, by id */
  LwSessionRun *run;  /* the current one, one of them, or NULL */
  guint         n_runs_made;

  LwTrainer    *trainer; /* of the current run, or NULL */
  guint         trainer_threads; /* settings.threads that it was made with */
  gulong        phase_handler;
  guint         serial; /* of the state last told */
  LwSpeed       speed;
  gboolean      waiting; /* Train or Step was asked for before the data was there */
  gboolean      waiting_for_step;
  gboolean      stepping; /* one batch or example was asked for and is not done yet */
  LwStepPhase   step_phase;
  guint         step_phase_id; /* the timer of slow motion */

  LwState      *initial;
  GCancellable *initial_cancellable;
  double        image_time; /* seconds that an image takes in training, < 0: not known */
};

typedef enum {
  LW_SESSION_DOCUMENT_CHANGED,
  LW_SESSION_RUN_CHANGED,
  LW_SESSION_RUNS_CHANGED,
  LW_SESSION_STATE_CHANGED,
  LW_SESSION_DATA_CHANGED,
  LW_SESSION_STEP_PHASE,
  LW_SESSION_TOAST,
  LW_SESSION_N_SIGNALS
} LwSessionSignal;

/* Without arguments, but for STATE_CHANGED with `fresh`. */
void      lw_session_emit            (LwSession *self, LwSessionSignal which, ...);
void      lw_session_toast           (LwSession *self, gboolean undo, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* What is on disk from now on: the document, the current run's state (or NULL) and so many changes of the runs. */
void      lw_session_set_saved       (LwSession *self, LwDocument *document, LwState *state, guint n_changes);

/* Shows another document, without an edit; how long a run is planned to be stays. */
void      lw_session_set_document    (LwSession *self, LwDocument *document);
void      lw_session_set_file        (LwSession *self, GFile *file);
/* An edit about runs, begun: with the document and what is current now. */
LwEdit   *lw_session_begin_edit      (LwSession *self, const char *name);
/* Done: what is current now is what the edit leaves. */
void      lw_session_end_edit        (LwSession *self, LwEdit *edit);

/* Weights for answers before training. */
void      lw_session_renew_initial   (LwSession *self);

/* Lists the run, at its place by id; a new one gets the next id, and a name and a slot unless it has them. */
void      lw_session_insert_run      (LwSession *self, LwSessionRun *run);
void      lw_session_remove_run      (LwSession *self, LwSessionRun *run);
/* Makes it the one that Train goes on with; NULL for none. Ends the training of the one before. */
void      lw_session_set_current     (LwSession *self, LwSessionRun *run);
/* Puts an edit's runs, labels and file back, and turns the edit into its opposite. */
void      lw_session_swap_runs       (LwSession *self, LwEdit *edit);

/* Ends the current run's training where it stands; the run keeps its newest state. */
void      lw_session_drop_trainer    (LwSession *self);
/* Tells a training that goes on what the document now says. */
void      lw_session_pass_settings   (LwSession *self, gboolean other_epochs);
void      lw_session_set_step_phase  (LwSession *self, LwStepPhase phase);

G_END_DECLS
