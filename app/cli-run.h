#pragma once

#include <stdio.h>

#include "app/cli-progress.h"
#include "engine/train/training.h"

/* The command line's training loop: steps until the last epoch or step that was asked for, or an early stop;
 * validation at each epoch's end, the log, the best weights, and the way back from a loss that is not finite. */

G_BEGIN_DECLS

typedef enum {
  LW_OUTCOME_FINISHED,
  LW_OUTCOME_INTERRUPTED, /* *cancel became TRUE */
  LW_OUTCOME_DIVERGED,    /* the loss became NaN or infinite */
} LwOutcome;

/* Everything is borrowed. */
typedef struct {
  LwTraining *training;
  LwImages   *images;      /* what the training was made with */
  LwHistory  *history;     /* is appended to */
  LwProgress *progress;
  FILE       *log;         /* NULL for none; the header is written too */
  guint       until_epoch; /* the last epoch, counted from the run's first; 0: see until_step */
  gint64      until_step;  /* the same for steps */
  const gint *cancel;      /* read between steps, and between the batches of a validation */
} LwCliPlan;

typedef struct {
  LwOutcome    outcome;
  gint64       step;           /* the last one taken, from the run's first */
  gint64       n_steps;        /* taken here */
  guint        epoch;          /* the one that step belongs to; 0 before any step */
  guint        n_epochs;       /* finished since the run's first */
  double       loss, accuracy; /* the last epoch's means; NaN before any step */
  double       seconds, samples_per_second;
  gboolean     stopped_early;
  guint        best_epoch;     /* whose weights the settings kept, the last one's or others; 0: kept none */
  gboolean     has_validation; /* FALSE too after INTERRUPTED */
  LwEvaluation validation;     /* of `state` */
  LwState     *state;          /* owned: the end's; after DIVERGED the newest good one */
} LwCliResult;

/* FALSE if a step could not be computed or the log not be written; then too the result has the
 * newest state. After DIVERGED the loss is NaN. */
gboolean   lw_cli_run              (const LwCliPlan *plan, LwCliResult *result, GError **error);
void       lw_cli_result_clear     (LwCliResult *result);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LwCliResult, lw_cli_result_clear)

G_END_DECLS
