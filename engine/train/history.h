#pragma once

#include <glib.h>

/* LwHistory: everything a run has to tell, in the order in which it happened.
 *
 * Append-only, in chunks that never move; one thread writes, any number read, each with a cursor of
 * its own. The length is published last, atomically, so that a reader sees whole points only.
 * It is never full and drops nothing. Charts read it as they draw; the log, the saver and tests
 * read the same thing. */

G_BEGIN_DECLS

typedef enum {
  LW_POINT_TRAIN,  /* one training step: the batch's own loss and accuracy */
  LW_POINT_SAMPLE, /* live validation on a fixed subset of the test images */
  LW_POINT_TEST,   /* validation on all of them, at an epoch's or the run's end */
  LW_POINT_EVENT,  /* something happened: `note` says what ("rate 0.0003", "resumed") */
} LwPointKind;

typedef struct {
  LwPointKind kind;
  gint32      epoch;    /* from 1 */
  gint64      step;     /* from 1: the step just taken */
  float       loss;     /* may be NaN or infinite: that is what happened. Events: of the best weights, where they
                         * took the place of the last ones; else 0 */
  float       accuracy; /* share of right answers, 0 to 1 */
  double      seconds;  /* of training since the run's first step, pauses not counted */
  gint32      n_images; /* how many images the figures stand for */
  float       rate;     /* training steps: the learning rate; NaN where a file from before it was kept knows none */
  char        note[24]; /* events: UTF-8, terminated */
} LwHistoryPoint;

typedef struct _LwHistory LwHistory;

typedef struct {
  gpointer chunk; /* private; zero it to start from the beginning */
  gsize    index; /* points read so far */
} LwHistoryCursor;

LwHistory            *lw_history_new    (void) G_GNUC_WARN_UNUSED_RESULT;
LwHistory            *lw_history_ref    (LwHistory *history);
void                  lw_history_unref  (LwHistory *history);

/* The writer's only call. */
void                  lw_history_append (LwHistory *history, const LwHistoryPoint *point);

/* Gives an event its note, cut at a whole character where a point has no room for all of it. */
void                  lw_history_point_set_note (LwHistoryPoint *point, const char *note);

/* Number of points published so far. */
gsize                 lw_history_length (const LwHistory *history);

/* The next run of points behind the cursor, contiguous in memory, or NULL when the reader has caught
 * up. *n_points receives their number. The points live as long as the history. */
const LwHistoryPoint *lw_history_read   (const LwHistory *history,
                                         LwHistoryCursor *cursor,
                                         gsize           *n_points);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwHistory, lw_history_unref)

G_END_DECLS
