#pragma once

#include "app/session.h"

/* The action group "runs", by which the list of runs asks for change; the first u is the run's id:
 *   rename (us)    set-note (us), "" for none    set-slot (uu)    delete u
 *   fork u         take-up u: go on with this run
 * Each is one undoable edit. */

G_BEGIN_DECLS

GSimpleActionGroup *lw_runs_actions_new (LwSession *session) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
