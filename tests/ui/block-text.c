#include <math.h>

#include "ui/charts/chart-text.h"

/* Stands in for chart-text.c in a test of pictures, where fonts must not count: each letter is a block, as
 * wide and as high whatever is installed. Words still take room, move and fade as words do. */

static double
text_size (const LwChartStyle *style, LwChartTextRole role)
{
  static const double sizes[] = { 0.82, 0.82, 0.86, 0.86, 1.0 };

  return MAX (style->font_size * sizes[role], 12) * style->factor;
}

void
lw_chart_text_size (cairo_t            *cr,
                    const LwChartStyle *style,
                    LwChartTextRole     role,
                    const char         *text,
                    double             *width,
                    double             *height)
{
  double size = text_size (style, role);

  if (width)
    *width = ceil (0.55 * size * (double) g_utf8_strlen (text, -1));
  if (height)
    *height = ceil (1.35 * size);
}

double
lw_chart_text (cairo_t            *cr,
               const LwChartStyle *style,
               LwChartTextRole     role,
               const char         *text,
               double              x,
               double              y,
               double              align_x,
               double              align_y)
{
  double size = text_size (style, role), width, height;

  lw_chart_text_size (cr, style, role, text, &width, &height);
  x = round (x - align_x * width);
  y = round (y - align_y * height + 0.3 * height);
  for (; *text != '\0'; text = g_utf8_next_char (text), x += 0.55 * size)
    if (*text != ' ')
      cairo_rectangle (cr, floor (x), y, floor (0.4 * size), round (0.55 * size));
  cairo_fill (cr);
  return width;
}
