#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* LwCodeView: a Python program to read: coloured, with numbered lines, some of them marked.
 *
 * Signal "line-chosen" (guint line): a click, or the cursor by keys, has come to a line, counted from 0. */
#define LW_TYPE_CODE_VIEW (lw_code_view_get_type ())
G_DECLARE_FINAL_TYPE (LwCodeView, lw_code_view, LW, CODE_VIEW, GtkWidget)

GtkWidget *lw_code_view_new        (void);

/* What stays the same keeps its place in the window, and the cursor in it. */
void       lw_code_view_set_text   (LwCodeView *self,
                                    const char *text);
char      *lw_code_view_get_text   (LwCodeView *self);

/* Marks @n lines from @first on, counted from 0; with @show it scrolls to them. */
void       lw_code_view_set_marked (LwCodeView *self,
                                    guint       first,
                                    guint       n,
                                    gboolean    show);

/* The GtkTextView. */
GtkWidget *lw_code_view_get_body   (LwCodeView *self);

G_END_DECLS
