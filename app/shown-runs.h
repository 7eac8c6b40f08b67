#pragma once

#include "app/session.h"
#include "ui/train/chart-pane.h"

/* LwShownRuns: what charts and list show of a session's runs: an item for each run, its curve, and which of them
 * is selected: the one whose batch values, plan and events are drawn. */

G_BEGIN_DECLS

typedef struct _LwShownRuns LwShownRuns;

/* Follows the session's runs from now on. Borrows the pane, which must live longer. */
LwShownRuns *lw_shown_runs_new            (LwSession *session, LwChartPane *pane) G_GNUC_WARN_UNUSED_RESULT;
void         lw_shown_runs_free           (LwShownRuns *shown);

/* Of LwRunItem, newest first; an item lives as long as its run. */
GListModel  *lw_shown_runs_get_items      (LwShownRuns *shown);
/* An id that is not in the list: nothing happens. */
void         lw_shown_runs_select         (LwShownRuns *shown, guint id);

/* The figures of the run that trains have changed; the plan of the run to come, or of the current one. */
void         lw_shown_runs_update_current (LwShownRuns *shown);
void         lw_shown_runs_update_plan    (LwShownRuns *shown);

G_END_DECLS
