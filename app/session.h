#pragma once

#include <gio/gio.h>

#include "app/document.h"

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
 *   "toast" (char *text, gboolean undo)  something to tell, with an Undo button or without
 */

G_BEGIN_DECLS

#define LW_TYPE_SESSION (lw_session_get_type ())
G_DECLARE_FINAL_TYPE (LwSession, lw_session, LW, SESSION, GObject)

/* A run as the session keeps it: `state` is NULL until it has been trained or loaded; figures are of
 * its newest points, NaN where there are none. Borrowed from the session. */
typedef struct {
  guint       id;          /* from 1, the same as long as the run lives, also through Undo */
  char       *name;        /* "Run 3" */
  char       *note;        /* "convnet, Adam 0.001" */
  guint       slot;        /* colour, dash and marker */
  LwDocument *document;    /* as it was started */
  LwHistory  *history;
  LwState    *state;       /* where to go on from without a trainer */
  guint       epochs;      /* planned, grows with "Continue" */
  LwHistoryCursor cursor;  /* behind the points that the figures know */
  LwHistoryPoint last;     /* the newest training step */
  double      smoothed_loss, test_loss, test_accuracy;
  double      diverged_rate; /* the learning rate with which it diverged */
  double      loss_sum, loss_weight; /* private: behind smoothed_loss */
  gint64      n_tested;
} LwSessionRun;

#define LW_MAX_RUNS 6

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
void            lw_session_train             (LwSession *self); /* start, go on, or begin a new run */
void            lw_session_pause             (LwSession *self);
void            lw_session_step              (LwSession *self);
gboolean        lw_session_is_stepping       (LwSession *self); /* until that one batch is done */
void            lw_session_stop              (LwSession *self);
void            lw_session_reset             (LwSession *self); /* new weights; undoable */
void            lw_session_continue          (LwSession *self, guint more_epochs);
void            lw_session_roll_back         (LwSession *self); /* after DIVERGED: the last good state */
gint64          lw_session_get_good_step     (LwSession *self);
/* A few times a second while training or stepping: newest figures and weights. */
void            lw_session_tick              (LwSession *self);

LwTrainer      *lw_session_get_trainer       (LwSession *self);
LwSessionRun   *lw_session_get_run           (LwSession *self); /* the current one, or NULL */
guint           lw_session_get_n_runs        (LwSession *self);
LwSessionRun   *lw_session_get_nth_run       (LwSession *self, guint i); /* newest first */
/* Newest weights of the current run, or initial ones (a new reference), or NULL. */
LwState        *lw_session_get_state         (LwSession *self);
/* TRUE if those have been trained. */
gboolean        lw_session_is_trained        (LwSession *self);

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

G_END_DECLS
