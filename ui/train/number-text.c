#include "ui/train/number-text.h"

#include <glib/gi18n-lib.h>
#include <math.h>

char *
lw_number_text_probability (double probability)
{
  double percent = 100.0 * probability;
  char digits[32];

  if (!isfinite (percent))
    return g_strdup ("—");
  if (percent >= 99.95)
    /* TRANSLATORS: the space is U+202F, a thin space that does not break the line. */
    return g_strdup (_(">99.9\u202f%"));
  g_ascii_formatd (digits, sizeof digits, "%.1f", MAX (percent, 0.0));
  /* TRANSLATORS: a percentage; the space is U+202F, a thin space that does not break the line. */
  return g_strdup_printf (_("%s\u202f%%"), digits);
}
