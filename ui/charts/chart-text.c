#include "ui/charts/chart-text.h"

#include <math.h>

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
