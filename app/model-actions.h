#pragma once

#include "app/session.h"

/* The action groups by which the builder asks for change: "model" and "run" (their names and
 * parameters are in builder-pane.h). Each is one undoable edit of the session's document. */

G_BEGIN_DECLS

/* Called after a layer was deleted, with what to say of it. */
typedef void (*LwDeletedFunc) (const char *text, gpointer data);

GSimpleActionGroup *lw_model_actions_new (LwSession *session, LwDeletedFunc deleted, gpointer data) G_GNUC_WARN_UNUSED_RESULT;
GSimpleActionGroup *lw_run_actions_new   (LwSession *session) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
