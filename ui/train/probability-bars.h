#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Ten rows, one for each digit, with the probability that the model gives it: LwProbabilityRow.
 * Property "compact": rows 15 px high rather than 19. */
#define LW_TYPE_PROBABILITY_BARS (lw_probability_bars_get_type ())
G_DECLARE_FINAL_TYPE (LwProbabilityBars, lw_probability_bars, LW, PROBABILITY_BARS, GtkWidget)

GtkWidget  *lw_probability_bars_new         (void);

/* @probabilities: ten values, copied; NULL, or any that is not a number, shows "—" everywhere.
 * @animate: move the bars there in 120 ms unless animations are off; the figures change at once. */
void        lw_probability_bars_set_values  (LwProbabilityBars *self,
                                             const float       *probabilities,
                                             gboolean           animate);

/* What row @digit says, "99.5 %" or "—". */
const char *lw_probability_bars_get_text    (LwProbabilityBars *self,
                                             int                digit);

gboolean    lw_probability_bars_get_compact (LwProbabilityBars *self);
void        lw_probability_bars_set_compact (LwProbabilityBars *self,
                                             gboolean           compact);

G_END_DECLS
