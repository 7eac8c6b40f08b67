#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A run's line, dash and marker as the charts draw them, 28 × 14 px times a factor. Property "slot". */
#define LW_TYPE_RUN_SWATCH (lw_run_swatch_get_type ())
G_DECLARE_FINAL_TYPE (LwRunSwatch, lw_run_swatch, LW, RUN_SWATCH, GtkWidget)

GtkWidget *lw_run_swatch_new        (void);

/* 1 at first; presenter mode has larger ones. */
void       lw_run_swatch_set_factor (LwRunSwatch *self,
                                     double       factor);

G_END_DECLS
