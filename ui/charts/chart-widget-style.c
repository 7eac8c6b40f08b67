#include "ui/charts/chart-widget-style.h"

#include <adwaita.h>

static LwRgba
lookup_color (GtkStyleContext *context, const char *name, LwRgba fallback)
{
  GdkRGBA color;

  if (!gtk_style_context_lookup_color (context, name, &color))
    return fallback;
  return (LwRgba) { color.red, color.green, color.blue, color.alpha };
}

static double
luminance (LwRgba color)
{
  return 0.2126 * color.red + 0.7152 * color.green + 0.0722 * color.blue;
}

void
lw_chart_style_init_for_widget (LwChartStyle *style, GtkWidget *widget, double factor)
{
  GtkStyleContext            *context = gtk_widget_get_style_context (widget);
  AdwStyleManager            *manager
      = adw_style_manager_get_for_display (gtk_widget_get_display (widget));
  PangoContext               *pango = gtk_widget_get_pango_context (widget);
  const PangoFontDescription *font = pango_context_get_font_description (pango);
  GdkRGBA                     color;
  double                      size = pango_font_description_get_size (font) / (double) PANGO_SCALE;

  lw_chart_style_init (style, adw_style_manager_get_dark (manager));
  gtk_style_context_get_color (context, &color);
  style->foreground = (LwRgba) { color.red, color.green, color.blue, color.alpha };
  style->background = lookup_color (context, "view_bg_color", style->background);
  style->popover = lookup_color (context, "popover_bg_color", style->popover);
  style->accent = lookup_color (context, "accent_color", style->accent);
  style->dark = luminance (style->foreground) > luminance (style->background);
  style->high_contrast = adw_style_manager_get_high_contrast (manager);
  style->factor = factor;
  if (pango_font_description_get_family (font))
    style->font = pango_font_description_get_family (font);
  if (size > 0)
    {
      if (!pango_font_description_get_size_is_absolute (font))
        {
          double dpi = pango_cairo_context_get_resolution (pango);

          size *= (dpi > 0 ? dpi : 96) / 72;
        }
      style->font_size = size;
    }
}
