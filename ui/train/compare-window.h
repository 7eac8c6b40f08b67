#pragma once

#include <adwaita.h>

#include "ui/train/compare-table.h"

G_BEGIN_DECLS

/* A window with what differs between runs: the names of things at the left, where they stay, and a column
 * for each run. The best result of a row is bold and has a star. The rows are a list: arrows go through
 * it, and each is read out as one sentence. Ctrl+C and the button in its head copy the table as
 * tab-separated text; Escape closes it. */
#define LW_TYPE_COMPARE_WINDOW (lw_compare_window_get_type ())
G_DECLARE_FINAL_TYPE (LwCompareWindow, lw_compare_window, LW, COMPARE_WINDOW, AdwWindow)

GtkWidget *lw_compare_window_new       (GtkWindow       *parent);

/* Takes a reference. The same rows and columns with other figures keep the place and the selection. */
void       lw_compare_window_set_table (LwCompareWindow *self,
                                        LwCompareTable  *table);

G_END_DECLS
