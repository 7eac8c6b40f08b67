#pragma once

#include "app/window.h"
#include "ui/charts/chart-export.h"
#include "ui/charts/chart-stack.h"

/* Charts out of a window: the actions copy-chart, export-chart and export-csv, with their file dialogs
 * and what to say when it does not work. */

G_BEGIN_DECLS

/* Adds them to the window's; they take what the charts show when they are activated. */
void lw_chart_files_add_actions (LwWindow *window, LwChartStack *charts);

/* What the dialogs do once a file is chosen. The type goes by the name's ending, and `fallback` where it has
 * none that is known: its ending is then added. A toast tells how it went. */
void lw_chart_files_save_picture (LwWindow     *window,
                                  LwChartStack *charts,
                                  const char   *path,
                                  LwPictureType fallback);
void lw_chart_files_save_csv     (LwWindow *window, LwChartStack *charts, const char *path);

G_END_DECLS
