#pragma once

#include <gtk/gtk.h>

#include "ui/charts/chart-style.h"

G_BEGIN_DECLS

/* The widget's font and Adwaita's named colours, as they are just now: light or dark, high contrast,
 * the user's accent. The font's name is borrowed from the widget; use the style at once. */
void lw_chart_style_init_for_widget (LwChartStyle *style,
                                     GtkWidget    *widget,
                                     double        factor);

G_END_DECLS
