#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How the window writes numbers. Both return a newly allocated string. */

/* "10,000": thousands parted by a comma in every locale, as in the rest of the window. */
char *lw_number_text_count (guint64 count) G_GNUC_WARN_UNUSED_RESULT;

/* "99.5 %" for 0.995, with a thin no-break space (U+202F) before the sign. A probability is never
 * certain: what would round to 100.0 reads ">99.9 %". "—" when @probability is not a number. */
char *lw_number_text_probability (double probability) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
