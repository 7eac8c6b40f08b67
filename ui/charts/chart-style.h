#pragma once

#include <cairo.h>
#include <glib.h>

/* LwChartStyle: colours, type and line widths, everything about a chart that is not data. */

G_BEGIN_DECLS

typedef struct {
  double red, green, blue, alpha;
} LwRgba;

typedef struct {
  gboolean    dark;
  gboolean    high_contrast;
  LwRgba      foreground;
  LwRgba      background;
  LwRgba      popover;   /* behind the hover table */
  LwRgba      accent;    /* rubber band */
  const char *font;      /* family; borrowed */
  double      font_size; /* of body text in px; the margins grow with it */
  double      factor;    /* 1; presenter mode 1.75: type, margins, lines and markers */
} LwChartStyle;

typedef enum {
  LW_MARKER_CIRCLE,
  LW_MARKER_SQUARE,
  LW_MARKER_TRIANGLE,
  LW_MARKER_DIAMOND,
  LW_MARKER_TRIANGLE_DOWN,
  LW_MARKER_PLUS,
} LwMarker;

#define LW_CHART_N_SLOTS 6

/* Adwaita's colours, "Sans" at 14.67 px. */
void     lw_chart_style_init     (LwChartStyle *style,
                                  gboolean      dark);

/* What px at scale 1 in UI.md become. */
double   lw_chart_style_scale    (const LwChartStyle *style);

/* A run's looks by slot, from 0: Okabe & Ito's colours, darkened on white below 3:1. Past the sixth
 * slot the colours and markers start over and the dashes move on by one, so that 36 differ. */
LwRgba   lw_chart_slot_color     (guint    slot,
                                  gboolean dark);
LwMarker lw_chart_slot_marker    (guint slot);

/* Sets the dash and the round caps that go with it. */
void     lw_chart_set_slot_dash  (cairo_t *cr,
                                  guint    slot,
                                  double   scale);

void     lw_chart_set_source     (cairo_t *cr,
                                  LwRgba   color,
                                  double   alpha);

/* Fills a marker `size` px across, in the current source. */
void     lw_chart_marker         (cairo_t *cr,
                                  LwMarker marker,
                                  double   x,
                                  double   y,
                                  double   size);

/* A run's line and marker side by side, as in the list of runs: from x, `width` px, middle at y. */
void     lw_chart_swatch         (cairo_t            *cr,
                                  const LwChartStyle *style,
                                  guint               slot,
                                  double              x,
                                  double              y,
                                  double              width);

void     lw_chart_rounded_rect   (cairo_t *cr,
                                  double   x,
                                  double   y,
                                  double   width,
                                  double   height,
                                  double   radius);

G_END_DECLS
