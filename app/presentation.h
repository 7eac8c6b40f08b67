#pragma once

#include "app/session.h"
#include "app/status.h"
#include "ui/charts/chart-model.h"

#include <gtk/gtk.h>

/* LwPresentation: takes a window into presenter mode and out of it again. Meanwhile the window is full
 * screen, its scene an LwPresenter, and what stands around the scene is hidden; afterwards all is as it
 * was, the focus too. Owned by the window. */

G_BEGIN_DECLS

typedef struct _LwPresentation LwPresentation;

/* @window and @scenes outlive it. The scene of every day is what @scenes shows now; the presenter comes
 * and goes beside it. @chart and @runs are the Train page's. */
LwPresentation *lw_presentation_new       (GtkWindow *window, GtkStack *scenes, LwSession *session,
                                           LwChartModel *chart, GListModel *runs) G_GNUC_WARN_UNUSED_RESULT;
void            lw_presentation_free      (LwPresentation *self);

/* Hides a widget while presenting. */
void            lw_presentation_add_frame (LwPresentation *self, GtkWidget *widget);

gboolean        lw_presentation_is_on     (LwPresentation *self);
void            lw_presentation_enter     (LwPresentation *self);
void            lw_presentation_leave     (LwPresentation *self);

/* What the window's status line says, and the hint on its charts or NULL: to be told with each change.
 * The figures are brought up to date as well. */
void            lw_presentation_set_status (LwPresentation *self, const LwStatus *status);
void            lw_presentation_set_hint   (LwPresentation *self, const char *hint);

G_END_DECLS
