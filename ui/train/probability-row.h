#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* One row of LwProbabilityBars: a digit, a bar, a percentage. It draws its own text, because a
 * label that changes with every frame would have the whole window laid out again each time. */
#define LW_TYPE_PROBABILITY_ROW (lw_probability_row_get_type ())
G_DECLARE_FINAL_TYPE (LwProbabilityRow, lw_probability_row, LW, PROBABILITY_ROW, GtkWidget)

GtkWidget  *lw_probability_row_new         (int               digit);

/* @probability: not a number reads "—". @first: the model's first guess, bold and in the accent. */
void        lw_probability_row_set         (LwProbabilityRow *self,
                                            double            probability,
                                            gboolean          first);

/* How far the bar is drawn, 0 to 1; apart from the value, so that it can move towards it. */
void        lw_probability_row_set_fill    (LwProbabilityRow *self,
                                            double            fill);
double      lw_probability_row_get_fill    (LwProbabilityRow *self);

/* 15 px high rather than 19. */
void        lw_probability_row_set_compact (LwProbabilityRow *self,
                                            gboolean          compact);

/* The percentage as it is written; the row owns it. */
const char *lw_probability_row_get_text    (LwProbabilityRow *self);

G_END_DECLS
