#pragma once

#include <adwaita.h>

#include "app/session.h"

/* LwWindow: the window of one session: header bar, the Train page, status line. It turns actions into
 * the session's verbs and what the session tells into properties of widgets. */

G_BEGIN_DECLS

#define LW_TYPE_WINDOW (lw_window_get_type ())
G_DECLARE_FINAL_TYPE (LwWindow, lw_window, LW, WINDOW, AdwApplicationWindow)

LwWindow  *lw_window_new         (AdwApplication *application, LwSession *session);
LwSession *lw_window_get_session (LwWindow *self);
/* Tells something in passing, without a button. */
void       lw_window_toast       (LwWindow *self, const char *text);
/* Opens a file as if chosen in the dialog. */
void       lw_window_open        (LwWindow *self, GFile *file);

G_END_DECLS
