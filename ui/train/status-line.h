#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The line under the pages: a sentence, a progress bar, a detail at the bar's end, and one button. The sentence may change with
 * every frame: it keeps its width while the bar is shown, and its accessible name follows at most
 * every other second. */
#define LW_TYPE_STATUS_LINE (lw_status_line_get_type ())
G_DECLARE_FINAL_TYPE (LwStatusLine, lw_status_line, LW, STATUS_LINE, GtkWidget)

typedef enum {
  LW_STATUS_NORMAL,
  LW_STATUS_ERROR, /* an icon before the sentence */
} LwStatusSeverity;

GtkWidget  *lw_status_line_new          (void);

void        lw_status_line_set_text     (LwStatusLine    *self,
                                         const char      *text);
const char *lw_status_line_get_text     (LwStatusLine    *self);

/* 0 to 1; below 0, or NaN: no bar. */
void        lw_status_line_set_fraction (LwStatusLine    *self,
                                         double           fraction);

/* "step 1,150 of 2,345"; NULL, as at first: none. */
void        lw_status_line_set_detail   (LwStatusLine    *self,
                                         const char      *detail);
void        lw_status_line_set_severity (LwStatusLine    *self,
                                         LwStatusSeverity severity);

/* The button at the end: with an icon it is flat, as "Stop" is. @label NULL: none. @action_name is
 * detailed: "win.stop", "win.rollback". */
void        lw_status_line_set_button   (LwStatusLine    *self,
                                         const char      *label,
                                         const char      *icon_name,
                                         const char      *action_name);

/* More of what the button does, behind an arrow beside it; NULL: none. @name says what the menu is for. */
void        lw_status_line_set_menu     (LwStatusLine    *self,
                                         GMenuModel      *menu,
                                         const char      *name);

G_END_DECLS
