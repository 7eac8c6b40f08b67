#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The columns of the list of runs: name and note, state, training loss, test loss, test accuracy, and the
 * tools: an eye, and on the selected row a button that activates "runs-list.menu". */

/* For a view of LwRunItem. Returns the column of the training loss, borrowed from the view. */
GtkColumnViewColumn *lw_run_columns_append  (GtkColumnView *view);

/* The row that a widget of the list stands in, or NULL. */
GtkWidget           *lw_run_columns_get_row (GtkWidget     *widget);

G_END_DECLS
