#pragma once

#include <adwaita.h>

/* LwToasts: what a window tells in passing. One toast at a time, the others wait.
 *
 * libadwaita 1.2 goes down with a toast that is dismissed while it is still coming. So one that comes takes no
 * clicks yet, and is dismissed from here only when it has come. */

G_BEGIN_DECLS

typedef struct _LwToasts LwToasts;

/* Borrows the overlay, which must live longer. */
LwToasts *lw_toasts_new          (AdwToastOverlay *overlay) G_GNUC_WARN_UNUSED_RESULT;
void      lw_toasts_free         (LwToasts *toasts);

/* With `undo` it has a button for "win.undo". */
void      lw_toasts_add          (LwToasts *toasts, const char *text, gboolean undo);
/* What the newest Undo button offers is done, or no longer the newest edit. */
void      lw_toasts_dismiss_undo (LwToasts *toasts);

G_END_DECLS
