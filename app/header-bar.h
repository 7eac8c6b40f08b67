#pragma once

#include <adwaita.h>

#include "app/session.h"

/* LwHeaderBar: the window's head: the document's name and its data, undo and redo, the pages' switcher,
 * Reset, Train and Step, their speed, and the main menu. It shows how the session stands; buttons and
 * menus activate "win.*" actions. */

G_BEGIN_DECLS

#define LW_TYPE_HEADER_BAR (lw_header_bar_get_type ())
G_DECLARE_FINAL_TYPE (LwHeaderBar, lw_header_bar, LW, HEADER_BAR, GtkWidget)

/* Whose state is shown; kept. It is not followed: whoever does so calls lw_header_bar_update(). */
void             lw_header_bar_set_session  (LwHeaderBar *self, LwSession *session);
void             lw_header_bar_update       (LwHeaderBar *self);

/* Where there is little room: the pages' icons over their names, the data's name alone, and an icon in place
 * of the speed's words. */
void             lw_header_bar_set_narrow   (LwHeaderBar *self, gboolean narrow);

/* The switcher, for the window's pages. Borrowed. */
AdwViewSwitcher *lw_header_bar_get_switcher (LwHeaderBar *self);

void             lw_header_bar_open_menu    (LwHeaderBar *self);

G_END_DECLS
