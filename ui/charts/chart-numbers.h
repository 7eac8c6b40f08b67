#pragma once

#include <glib.h>

/* Numbers on charts: thousands with a comma, minus U+2212, "%" after a narrow no-break space U+202F,
 * whatever the locale. */

G_BEGIN_DECLS

char  *lw_chart_format_count   (gint64 count) G_GNUC_MALLOC;

/* `decimals` digits after the point; exponents below 0.0005 and from a million on. "NaN", "∞". */
char  *lw_chart_format_number  (double value,
                                int    decimals) G_GNUC_MALLOC;

/* `digits` significant digits at most, none of them 0 at the end: "0.001", "0.00025", "3e−5". */
char  *lw_chart_format_digits  (double value,
                                int    digits) G_GNUC_MALLOC;

/* The same with an exponent in any case: "1e−3", "2.5e−4"; 0 is "0". */
char  *lw_chart_format_power   (double value,
                                int    digits) G_GNUC_MALLOC;

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

G_END_DECLS
