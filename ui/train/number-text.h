#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* "99.5 %" for 0.995, with a thin no-break space (U+202F) before the sign. A probability is never
 * certain: what would round to 100.0 reads ">99.9 %". "—" when @probability is not a number. */
char *lw_number_text_probability (double probability) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
