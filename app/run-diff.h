#pragma once

#include "app/session-run.h"
#include "ui/train/compare-table.h"

/* What differs between runs: in their models, with layers matched by LwLayerAlignment, in how they are
 * trained, and in what came of it. */

G_BEGIN_DECLS

/* The settings in which the runs differ, and all results, the best of each marked where there are several.
 * A column for each run, in their order. */
LwCompareTable *lw_run_diff          (LwSessionRun *const *runs, guint n_runs) G_GNUC_WARN_UNUSED_RESULT;

/* The most important of what `run` has otherwise than `other`, in a few words: "units 64 → 128, + dropout".
 * NULL where nothing differs, or so much that it is better said what the run is. */
char           *lw_run_diff_describe (LwSessionRun *run, LwSessionRun *other) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
