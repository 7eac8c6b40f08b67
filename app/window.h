#pragma once

#include <adwaita.h>

#include "app/autosave.h"

/* LwWindow: the window of one session: header bar, the pages Train and Code, status line. It turns actions into
 * the session's verbs and what the session tells into properties of widgets. */

G_BEGIN_DECLS

#define LW_TYPE_WINDOW (lw_window_get_type ())
G_DECLARE_FINAL_TYPE (LwWindow, lw_window, LW, WINDOW, AdwApplicationWindow)

/* `left` is where the session's work was kept the last time (taken), or NULL. */
LwWindow   *lw_window_new          (AdwApplication *application, LwSession *session, LwWorkFile *left);
LwSession  *lw_window_get_session  (LwWindow *self);
LwAutosave *lw_window_get_autosave (LwWindow *self);
/* Says what went wrong, in a dialog that can be read at leisure. */
void        lw_window_tell         (LwWindow *self, const char *heading, const GError *error);
/* Tells something in passing. */
void        lw_window_toast        (LwWindow *self, const char *text);
/* Opens a file as if chosen in the dialog. */
void        lw_window_open         (LwWindow *self, GFile *file);

G_END_DECLS
