#pragma once

#include "app/session.h"

#include <gtk/gtk.h>

/* LwComparison: the window with what differs between runs, and what keeps it up to date while they train.
 * Owned by the main window. */

G_BEGIN_DECLS

typedef struct _LwComparison LwComparison;

/* @window outlives it. @items: of LwRunItem, the session's runs. */
LwComparison *lw_comparison_new    (GtkWindow *window, LwSession *session, GListModel *items) G_GNUC_WARN_UNUSED_RESULT;
void          lw_comparison_free   (LwComparison *self);

/* Compares the runs that are visible now, in a window for itself; none for fewer than two. */
void          lw_comparison_open   (LwComparison *self);

/* The newest figures, if the window is open; runs that have gone are left out. */
void          lw_comparison_update (LwComparison *self);

G_END_DECLS
