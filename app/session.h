#pragma once

#include <gio/gio.h>

#include "app/session-run.h"
#include "ui/builder/step-phase.h"

/* LwSession: what a window is about: the document with its undo, the data, the runs, and the trainer
 * of the current one. It knows no widgets: a window binds to its properties and signals and calls its
 * verbs from actions. All in the main thread.
 *
 * Signals:
 *   "document-changed"           the model or a setting
 *   "run-changed"                phase, current run, or what can be done next
 *   "runs-changed"               a run came, went, or has another note
 *   "state-changed" (gboolean fresh)  newer weights; fresh: of another run than before
 *   "data-changed"               the data set has been read, or could not be
 *   "step-phase" (int LwStepPhase)  where slow motion is; NONE when it has ended
 *   "toast" (char *text, gboolean undo)  something to tell, with an Undo button or without
 */

G_BEGIN_DECLS

#define LW_TYPE_SESSION (lw_session_get_type ())
G_DECLARE_FINAL_TYPE (LwSession, lw_session, LW, SESSION, GObject)

/* How Train goes about it. */
typedef enum {
  LW_SPEED_FULL,
  LW_SPEED_SLOW,    /* batch by batch, each in four phases that can be followed by eye */
  LW_SPEED_BATCH,   /* one batch each time */
  LW_SPEED_EXAMPLE, /* one image each time */
} LwSpeed;

/* Each phase of slow motion; the step itself is taken as UPDATE begins. */
#define LW_STEP_PHASE_MS 600

LwSession      *lw_session_new               (void) G_GNUC_WARN_UNUSED_RESULT;

/* Reads MNIST in a thread; "data-changed" follows. */
void            lw_session_load_data         (LwSession *self);
LwImages       *lw_session_get_images        (LwSession *self); /* NULL while reading or after failing */
const char     *lw_session_get_data_error    (LwSession *self); /* NULL or a sentence */

/* -- the document -- */
LwDocument     *lw_session_get_document      (LwSession *self);
/* Replaces it as one undoable edit called `name` ("Delete Conv2D"). */
void            lw_session_edit              (LwSession *self, LwDocument *document, const char *name);
gboolean        lw_session_undo              (LwSession *self);
gboolean        lw_session_redo              (LwSession *self);
const char     *lw_session_get_undo_name     (LwSession *self); /* NULL: nothing to undo */
const char     *lw_session_get_redo_name     (LwSession *self);
gboolean        lw_session_is_modified       (LwSession *self); /* since it was saved or opened */
const char     *lw_session_get_title         (LwSession *self); /* "Untitled", "digits" */

/* -- training -- */
LwPhase         lw_session_get_phase         (LwSession *self);
/* NULL if training may start now (or goes on); else the sentence why not. */
char           *lw_session_get_obstacle      (LwSession *self);
gboolean        lw_session_is_waiting        (LwSession *self); /* Train was asked before the data was there */
/* TRUE while Pause has something to end: training, slow motion, or waiting to begin. */
gboolean        lw_session_is_running        (LwSession *self);
/* Also while it runs: at once. */
void            lw_session_set_speed         (LwSession *self, LwSpeed speed);
LwSpeed         lw_session_get_speed         (LwSession *self);
LwStepPhase     lw_session_get_step_phase    (LwSession *self);
/* Starts, goes on, or begins a new run; or takes one step, as the speed says. A fork that has not been
 * trained on takes up what has been changed since. */
void            lw_session_train             (LwSession *self);
void            lw_session_pause             (LwSession *self);
void            lw_session_step              (LwSession *self); /* one batch, or one example at that speed */
gboolean        lw_session_is_stepping       (LwSession *self); /* until that one step is done */
void            lw_session_stop              (LwSession *self);
/* Ends training where it stands and waits until it has: nothing changes any more by itself. Train goes on. */
void            lw_session_halt              (LwSession *self);
void            lw_session_reset             (LwSession *self); /* new weights; undoable */
void            lw_session_continue          (LwSession *self, guint more_epochs);
void            lw_session_roll_back         (LwSession *self); /* after DIVERGED: the last good state */
gint64          lw_session_get_good_step     (LwSession *self);
/* A few times a second while training or stepping: newest figures and weights. */
void            lw_session_tick              (LwSession *self);

LwTrainer      *lw_session_get_trainer       (LwSession *self);
LwSessionRun   *lw_session_get_run           (LwSession *self); /* the current one, or NULL */
/* Newest weights of the current run, or initial ones (a new reference), or NULL. */
LwState        *lw_session_get_state         (LwSession *self);
/* TRUE if those have been trained. */
gboolean        lw_session_is_trained        (LwSession *self);

/* -- the list of runs: each verb is an undoable edit -- */
guint           lw_session_get_n_runs        (LwSession *self);
LwSessionRun   *lw_session_get_nth_run       (LwSession *self, guint i); /* newest first */
LwSessionRun   *lw_session_find_run          (LwSession *self, guint id); /* NULL: not in the list */
/* An id that is not in the list, an empty name, or no change at all: nothing happens. */
void            lw_session_rename_run        (LwSession *self, guint id, const char *name);
void            lw_session_set_run_note      (LwSession *self, guint id, const char *note); /* "": none */
void            lw_session_set_run_slot      (LwSession *self, guint id, guint slot);
void            lw_session_delete_run        (LwSession *self, guint id);
/* A new current run that stands where this one does. What is then changed before it trains counts from
 * there on, where weights fit the layers they keep them. Its training, if any, ends; both can be gone on with. */
void            lw_session_fork_run          (LwSession *self, guint id);
/* Makes it the current one, and the document what it was started with. */
void            lw_session_take_up_run       (LwSession *self, guint id);

/* Seconds per epoch, measured on the current run or else estimated from lw_session_set_image_time(); < 0:
 * not known. */
double          lw_session_get_epoch_time    (LwSession *self, gboolean *measured);
/* What the document's model takes in training, seconds for one image; forgotten when it changes. */
void            lw_session_set_image_time    (LwSession *self, double seconds);
int             lw_session_get_n_threads     (LwSession *self);
const char     *lw_session_get_isa           (LwSession *self);

/* -- files -- */
/* Opens and saves in a thread; "toast" tells how it went, the callback whether. */
void            lw_session_open_async        (LwSession *self, GFile *file, GAsyncReadyCallback callback, gpointer data);
gboolean        lw_session_open_finish       (LwSession *self, GAsyncResult *result, GError **error);
void            lw_session_save_async        (LwSession *self, GFile *file, GAsyncReadyCallback callback, gpointer data);
gboolean        lw_session_save_finish       (LwSession *self, GAsyncResult *result, GError **error);
GFile          *lw_session_get_file          (LwSession *self);
/* All that there is, as a file's content: the document, with the current run where that is the one that the
 * document describes, and the other runs beside it. Any thread may save it. */
LwRun          *lw_session_snapshot          (LwSession *self) G_GNUC_WARN_UNUSED_RESULT;
/* Becomes what was left, in a new session: nothing to undo, not saved. `file` is what Save writes, or NULL. */
void            lw_session_restore           (LwSession *self, const LwRun *run, GFile *file);

G_END_DECLS
