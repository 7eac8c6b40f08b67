#pragma once

#include <glib.h>

#include "engine/train/training.h"

/* LwProgress: what a person sees on stderr while a model trains. On a terminal, a bar for the epoch
 * in one line that is drawn over and over, and a line that stays for each epoch; elsewhere those
 * lines alone; nothing at all when quiet. */

G_BEGIN_DECLS

typedef struct _LwProgress LwProgress;

typedef struct {
  guint  epoch;           /* from 1 */
  guint  n_epochs;        /* the last one; 0 when steps are counted instead */
  gint64 step;            /* of the epoch, from 1 */
  gint64 steps_per_epoch;
  double loss, accuracy;  /* the epoch's means so far */
  double speed;           /* images a second */
  gint64 n_done, n_total; /* steps of the whole command, for the time left */
} LwProgressStatus;

LwProgress *lw_progress_new       (gboolean quiet) G_GNUC_WARN_UNUSED_RESULT;
/* Wipes the bar, if there is one. */
void        lw_progress_free      (LwProgress *progress);

/* Draws the bar, at most 20 times a second: cheap enough to be called after every step. */
void        lw_progress_update    (LwProgress *progress, const LwProgressStatus *status);

/* The epoch's line; validation may be NULL. */
void        lw_progress_end_epoch (LwProgress *progress, const LwProgressStatus *status,
                                   const LwEvaluation *validation);

/* The bar's line for a terminal so many columns wide, ASCII only where the terminal is: the parts
 * that do not fit are left out, the least important first. */
char       *lw_progress_format    (const LwProgressStatus *status, double seconds_left, int columns,
                                   gboolean ascii) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwProgress, lw_progress_free)

G_END_DECLS
