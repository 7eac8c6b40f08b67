#pragma once

#include "app/session.h"

/* LwProfiler: finds out what the session's model costs, in a thread of its own at the lowest priority, a
 * moment after the model has changed and while nothing trains. What it has found out once it remembers, so
 * that Undo shows it at once. The session is told how long a step takes.
 *
 * Signal "profiled" (LwProfile *profile): what the document's model costs, as soon as that is known. NULL
 * when it will not be known before a training that has begun is over. */

G_BEGIN_DECLS

#define LW_TYPE_PROFILER (lw_profiler_get_type ())
G_DECLARE_FINAL_TYPE (LwProfiler, lw_profiler, LW, PROFILER, GObject)

/* Keeps the session alive. Unref it to stop. */
LwProfiler *lw_profiler_new (LwSession *session) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
