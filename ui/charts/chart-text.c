#include "ui/charts/chart-text.h"

#include <math.h>
#include <string.h>

#define MINUS   "\342\210\222" /* U+2212 */
#define PERCENT "\342\200\257%" /* U+202F before it */

/* Turns "-1234567.89" into "−1,234,567.89"; takes the string. */
static char *
dress (char *plain)
{
  GString    *dressed = g_string_new (NULL);
  const char *digits = plain;
  gsize       n_digits;

  if (*digits == '-')
    {
      digits++;
      /* A number that rounds to nothing has no sign. */
      if (strpbrk (digits, "123456789"))
        g_string_append (dressed, MINUS);
    }
  n_digits = strspn (digits, "0123456789");
  for (gsize i = 0; i < n_digits; i++)
    {
      if (i > 0 && (n_digits - i) % 3 == 0)
        g_string_append_c (dressed, ',');
      g_string_append_c (dressed, digits[i]);
    }
  g_string_append (dressed, digits + n_digits);
  g_free (plain);
  return g_string_free (dressed, FALSE);
}

static char *
fixed (double value, int decimals)
{
  char format[16];
  char buffer[G_ASCII_DTOSTR_BUF_SIZE * 12];

  g_snprintf (format, sizeof format, "%%.%df", CLAMP (decimals, 0, 12));
  return dress (g_strdup (g_ascii_formatd (buffer, sizeof buffer, format, value)));
}

static char *
exponential (double value, int decimals)
{
  int    power = (int) floor (log10 (fabs (value)) + 1e-12);
  double mantissa = value / pow (10, power);
  char  *digits;
  char  *text;

  if (power < -300) /* pow() would be subnormal */
    mantissa = value * 1e300 / pow (10, power + 300);
  digits = fixed (mantissa, fabs (mantissa - round (mantissa)) < 1e-6 ? 0 : decimals);
  text = g_strdup_printf ("%se%s%d", digits, power < 0 ? MINUS : "", ABS (power));
  g_free (digits);
  return text;
}

char *
lw_chart_format_count (gint64 count)
{
  return dress (g_strdup_printf ("%" G_GINT64_FORMAT, count));
}

char *
lw_chart_format_number (double value, int decimals)
{
  if (isnan (value))
    return g_strdup ("NaN");
  if (isinf (value))
    return g_strdup (value < 0 ? MINUS "∞" : "∞");
  if (value != 0 && (fabs (value) < 0.5 * pow (10, -decimals) || fabs (value) >= 1e6))
    return exponential (value, 1);
  return fixed (value, decimals);
}

char *
lw_chart_format_percent (double share, int decimals)
{
  g_autofree char *number = NULL;

  if (!isfinite (share))
    return g_strdup ("NaN");
  number = fixed (share * 100, decimals);
  return g_strconcat (number, PERCENT, NULL);
}

char *
lw_chart_format_tick (double value, double step)
{
  double digit = step > 0 ? step : fabs (value);
  int    decimals;

  if (value == 0)
    return g_strdup ("0");
  if (fabs (value) >= (step > 0 ? 1e8 : 1e6) || fabs (value) < 1e-4)
    return exponential (value, 1);
  decimals = digit >= 1 ? 0 : (int) ceil (-log10 (digit) - 1e-9);
  /* 2.5 has its digit behind a step of 2.5, not of 2. */
  if (step > 0 && fabs (step * pow (10, decimals) - round (step * pow (10, decimals))) > 1e-6)
    decimals++;
  return fixed (value, decimals);
}

char *
lw_chart_format_time (double seconds, int decimals)
{
  gint64 whole;

  if (!isfinite (seconds) || seconds < 0)
    return g_strdup ("—");
  if (seconds < 60)
    {
      g_autofree char *number = fixed (seconds, decimals);

      return g_strconcat (number, "\302\240s", NULL);
    }
  whole = (gint64) (seconds + 0.5);
  if (whole < 3600)
    return g_strdup_printf ("%d:%02d", (int) (whole / 60), (int) (whole % 60));
  return g_strdup_printf ("%" G_GINT64_FORMAT ":%02d:%02d",
                          whole / 3600,
                          (int) (whole / 60 % 60),
                          (int) (whole % 60));
}

/* A layout finds its fonts when it is made, which takes longer than drawing a label with it: a
 * cairo_t keeps one layout for each role. */
typedef struct {
  PangoLayout *layouts[LW_CHART_N_TEXT_ROLES];
} Layouts;

static const cairo_user_data_key_t layouts_key;

static void
layouts_free (gpointer data)
{
  Layouts *layouts = data;

  for (int role = 0; role < LW_CHART_N_TEXT_ROLES; role++)
    g_clear_object (&layouts->layouts[role]);
  g_free (layouts);
}

static PangoLayout *
new_layout (cairo_t *cr)
{
  PangoLayout              *layout = pango_cairo_create_layout (cr);
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

  /* Figures of one width: a number that changes does not shake its neighbours. */
  pango_attr_list_insert (attributes, pango_attr_font_features_new ("tnum=1"));
  pango_layout_set_attributes (layout, attributes);
  return layout;
}

/* Borrowed from the cairo_t. */
static PangoLayout *
get_layout (cairo_t *cr, const LwChartStyle *style, LwChartTextRole role, const char *text)
{
  /* Adwaita's caption is 82 % of the body, but never below 12 px. */
  static const double   sizes[] = { 0.82, 0.82, 0.86, 0.86, 1.0 };
  PangoFontDescription *font = pango_font_description_new ();
  Layouts              *layouts = cairo_get_user_data (cr, &layouts_key);
  PangoLayout          *layout;
  gboolean              bold = role == LW_CHART_CAPTION_BOLD || role == LW_CHART_BODY_SMALL_BOLD
                  || role == LW_CHART_HEADING;

  if (layouts == NULL)
    {
      layouts = g_new0 (Layouts, 1);
      cairo_set_user_data (cr, &layouts_key, layouts, layouts_free);
    }
  if (layouts->layouts[role] == NULL)
    layouts->layouts[role] = new_layout (cr);
  layout = layouts->layouts[role];

  pango_font_description_set_family (font, style->font);
  pango_font_description_set_weight (font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_font_description_set_absolute_size (
      font, MAX (style->font_size * sizes[role], 12) * style->factor * PANGO_SCALE);
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  pango_layout_set_text (layout, text, -1);
  return layout;
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
  PangoLayout *layout = get_layout (cr, style, role, text);
  int          width, height;

  pango_layout_get_pixel_size (layout, &width, &height);
  /* On whole pixels: text that stands between them is blurred. */
  cairo_move_to (cr, round (x - align_x * width), round (y - align_y * height));
  pango_cairo_show_layout (cr, layout);
  cairo_new_path (cr);
  return width;
}

void
lw_chart_text_size (cairo_t            *cr,
                    const LwChartStyle *style,
                    LwChartTextRole     role,
                    const char         *text,
                    double             *width,
                    double             *height)
{
  PangoLayout *layout = get_layout (cr, style, role, text);
  int          w, h;

  pango_layout_get_pixel_size (layout, &w, &h);
  if (width)
    *width = w;
  if (height)
    *height = h;
}
