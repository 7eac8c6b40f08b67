#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* LwCodeGutter: the numbers of a text's lines, and the mark of some of them. It stands beside the window
 * through which the text is seen, as high as that (a gutter in a GtkTextView is drawn twice by GTK 4.8).
 * What it shows is in the text: it is nothing of its own to a screen reader. */
#define LW_TYPE_CODE_GUTTER (lw_code_gutter_get_type ())
G_DECLARE_FINAL_TYPE (LwCodeGutter, lw_code_gutter, LW, CODE_GUTTER, GtkWidget)

/* For a text, which is borrowed and outlives the gutter. */
GtkWidget *lw_code_gutter_new        (GtkTextView  *text);

/* Marks the lines @first to @first + @n - 1, counted from 0. */
void       lw_code_gutter_set_marked (LwCodeGutter *self,
                                      guint         first,
                                      guint         n);

G_END_DECLS
