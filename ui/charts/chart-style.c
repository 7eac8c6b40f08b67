#include "ui/charts/chart-style.h"

#include <math.h>

#define BODY_SIZE 14.67 /* 11 pt, GNOME's own */

#define RGB(hex) \
  { (((hex) >> 16) & 0xff) / 255.0, (((hex) >> 8) & 0xff) / 255.0, ((hex) & 0xff) / 255.0, 1.0 }

typedef struct {
  LwRgba light;
  LwRgba dark;
} SlotColor;

static const SlotColor slot_colors[LW_CHART_N_SLOTS] = {
  { RGB (0x0072b2), RGB (0x56b4e9) }, { RGB (0xd55e00), RGB (0xe69f00) },
  { RGB (0x00805c), RGB (0x2dc59a) }, { RGB (0xb0568a), RGB (0xcc79a7) },
  { RGB (0xa06e00), RGB (0xf0e442) }, { RGB (0x000000), RGB (0xffffff) },
};

/* At scale 1, between the middles of the round caps. */
static const struct {
  int    n;
  double lengths[4];
} dashes[LW_CHART_N_SLOTS] = {
  { 0, { 0 } },           { 2, { 7, 4 } },  { 2, { 1.5, 4 } },
  { 4, { 7, 4, 1.5, 4 } }, { 2, { 12, 4 } }, { 2, { 1, 6 } },
};

void
lw_chart_style_init (LwChartStyle *style, gboolean dark)
{
  static const LwRgba white = RGB (0xffffff), ink = RGB (0x2e3436);
  static const LwRgba night = RGB (0x1e1e1e), popover = RGB (0x383838);
  static const LwRgba blue = RGB (0x1c71d8), sky = RGB (0x78aeed);

  *style = (LwChartStyle) {
    .dark = dark,
    .foreground = dark ? white : ink,
    .background = dark ? night : white,
    .popover = dark ? popover : white,
    .accent = dark ? sky : blue,
    .font = "Sans",
    .font_size = BODY_SIZE,
    .factor = 1,
  };
}

double
lw_chart_style_scale (const LwChartStyle *style)
{
  return style->factor * MAX (style->font_size / BODY_SIZE, 0.75);
}

LwRgba
lw_chart_slot_color (guint slot, gboolean dark)
{
  const SlotColor *color = &slot_colors[slot % LW_CHART_N_SLOTS];

  return dark ? color->dark : color->light;
}

LwMarker
lw_chart_slot_marker (guint slot)
{
  return (LwMarker) (slot % LW_CHART_N_SLOTS);
}

void
lw_chart_set_slot_dash (cairo_t *cr, guint slot, double scale)
{
  guint  which = (slot + slot / LW_CHART_N_SLOTS) % LW_CHART_N_SLOTS;
  double lengths[4];

  for (int i = 0; i < dashes[which].n; i++)
    lengths[i] = dashes[which].lengths[i] * scale;
  cairo_set_dash (cr, lengths, dashes[which].n, 0);
  cairo_set_line_cap (cr, CAIRO_LINE_CAP_ROUND);
}

void
lw_chart_set_source (cairo_t *cr, LwRgba color, double alpha)
{
  cairo_set_source_rgba (cr, color.red, color.green, color.blue, color.alpha * alpha);
}

void
lw_chart_marker (cairo_t *cr, LwMarker marker, double x, double y, double size)
{
  double r = size / 2;

  cairo_new_path (cr);
  switch (marker)
    {
    case LW_MARKER_SQUARE:
      cairo_rectangle (cr, x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r);
      break;
    case LW_MARKER_TRIANGLE:
    case LW_MARKER_TRIANGLE_DOWN:
      {
        double up = marker == LW_MARKER_TRIANGLE ? -1 : 1;

        cairo_move_to (cr, x, y + up * r);
        cairo_line_to (cr, x + r, y - up * 0.8 * r);
        cairo_line_to (cr, x - r, y - up * 0.8 * r);
        cairo_close_path (cr);
        break;
      }
    case LW_MARKER_DIAMOND:
      cairo_move_to (cr, x, y - 1.1 * r);
      cairo_line_to (cr, x + 1.1 * r, y);
      cairo_line_to (cr, x, y + 1.1 * r);
      cairo_line_to (cr, x - 1.1 * r, y);
      cairo_close_path (cr);
      break;
    case LW_MARKER_PLUS:
      cairo_rectangle (cr, x - r, y - 0.35 * r, 2 * r, 0.7 * r);
      cairo_rectangle (cr, x - 0.35 * r, y - r, 0.7 * r, 2 * r);
      break;
    case LW_MARKER_CIRCLE:
    default:
      cairo_arc (cr, x, y, r, 0, 2 * G_PI);
      break;
    }
  cairo_fill (cr);
}

void
lw_chart_swatch (cairo_t            *cr,
                 const LwChartStyle *style,
                 guint               slot,
                 double              x,
                 double              y,
                 double              width)
{
  double scale = lw_chart_style_scale (style);

  cairo_save (cr);
  lw_chart_set_source (cr, lw_chart_slot_color (slot, style->dark), 1);
  cairo_set_line_width (cr, 2.4 * scale);
  lw_chart_set_slot_dash (cr, slot, scale);
  cairo_move_to (cr, x, y);
  cairo_line_to (cr, x + width, y);
  cairo_stroke (cr);
  lw_chart_marker (cr, lw_chart_slot_marker (slot), x + width / 2, y, 8 * scale);
  cairo_restore (cr);
}

void
lw_chart_rounded_rect (cairo_t *cr,
                       double   x,
                       double   y,
                       double   width,
                       double   height,
                       double   radius)
{
  cairo_new_sub_path (cr);
  cairo_arc (cr, x + width - radius, y + radius, radius, -G_PI_2, 0);
  cairo_arc (cr, x + width - radius, y + height - radius, radius, 0, G_PI_2);
  cairo_arc (cr, x + radius, y + height - radius, radius, G_PI_2, G_PI);
  cairo_arc (cr, x + radius, y + radius, radius, G_PI, 3 * G_PI_2);
  cairo_close_path (cr);
}
