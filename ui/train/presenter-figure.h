#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A number for the back row: what it is, the number, and a line about it. Read out as one:
 * "Test accuracy: 98.3 %, after epoch 2, 10,000 images". CSS node: presenterfigure. */
#define LW_TYPE_PRESENTER_FIGURE (lw_presenter_figure_get_type ())
G_DECLARE_FINAL_TYPE (LwPresenterFigure, lw_presenter_figure, LW, PRESENTER_FIGURE, GtkWidget)

GtkWidget *lw_presenter_figure_new (void);

/* @value: "—" for what is not known; @caption may be empty. */
void       lw_presenter_figure_set (LwPresenterFigure *self,
                                    const char        *title,
                                    const char        *value,
                                    const char        *caption);

G_END_DECLS
