#pragma once

#include <pango/pangocairo.h>

#include "ui/charts/chart-style.h"

/* Words and numbers on charts. Numbers: thousands with a comma, minus U+2212, "%" after a narrow
 * no-break space U+202F, whatever the locale. */

G_BEGIN_DECLS

typedef enum {
  LW_CHART_CAPTION,
  LW_CHART_CAPTION_BOLD,
  LW_CHART_BODY_SMALL,
  LW_CHART_BODY_SMALL_BOLD,
  LW_CHART_HEADING,
  LW_CHART_N_TEXT_ROLES,
} LwChartTextRole;

char  *lw_chart_format_count   (gint64 count) G_GNUC_MALLOC;

/* `decimals` digits after the point; exponents below 0.0005 and from a million on. "NaN", "∞". */
char  *lw_chart_format_number  (double value,
                                int    decimals) G_GNUC_MALLOC;

/* 0.979 with one decimal is "97.9 %". */
char  *lw_chart_format_percent (double share,
                                int    decimals) G_GNUC_MALLOC;

/* As short as a tick allows: "0.03", "1,000", "10⁻⁶" is "1e−6". `step` is the distance to the next
 * tick and tells how many digits matter; 0 on a logarithmic axis. */
char  *lw_chart_format_tick    (double value,
                                double step) G_GNUC_MALLOC;

/* "9.2 s", "1:05", "1:02:03". */
char  *lw_chart_format_time    (double seconds,
                                int    decimals) G_GNUC_MALLOC;

/* Draws text whose point (align_x, align_y) (0 to 1) of its box lies at (x, y), in the current
 * source. Returns its width. */
double lw_chart_text           (cairo_t            *cr,
                                const LwChartStyle *style,
                                LwChartTextRole     role,
                                const char         *text,
                                double              x,
                                double              y,
                                double              align_x,
                                double              align_y);

void   lw_chart_text_size      (cairo_t            *cr,
                                const LwChartStyle *style,
                                LwChartTextRole     role,
                                const char         *text,
                                double             *width,
                                double             *height);

G_END_DECLS
