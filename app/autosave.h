#pragma once

#include "app/session.h"
#include "app/work-file.h"

/* LwAutosave: keeps a session's unsaved work in a work file, so that neither closing the window nor a crash
 * loses it: soon after each change, and every 30 seconds of training. Once everything is saved, nothing is
 * kept. All in the main thread; files are written in another.
 *
 * Signal "failed" (char *sentence): work could not be kept; once, until it can again. */

G_BEGIN_DECLS

#define LW_TYPE_AUTOSAVE (lw_autosave_get_type ())
G_DECLARE_FINAL_TYPE (LwAutosave, lw_autosave, LW, AUTOSAVE, GObject)

/* `file` is where this work has been so far (taken), or NULL for a new session. */
LwAutosave *lw_autosave_new           (LwSession *session, LwWorkFile *file) G_GNUC_WARN_UNUSED_RESULT;

/* Keeps what there is now, for good: the session is about to go. */
void        lw_autosave_finish_async  (LwAutosave *self, GAsyncReadyCallback callback, gpointer data);
gboolean    lw_autosave_finish_finish (LwAutosave *self, GAsyncResult *result, GError **error);

/* Keeps nothing, also of what comes. */
void        lw_autosave_discard       (LwAutosave *self);

G_END_DECLS
