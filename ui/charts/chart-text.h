#pragma once

#include <pango/pangocairo.h>

#include "ui/charts/chart-numbers.h"
#include "ui/charts/chart-style.h"

/* Words on charts. */

G_BEGIN_DECLS

typedef enum {
  LW_CHART_CAPTION,
  LW_CHART_CAPTION_BOLD,
  LW_CHART_BODY_SMALL,
  LW_CHART_BODY_SMALL_BOLD,
  LW_CHART_HEADING,
  LW_CHART_N_TEXT_ROLES,
} LwChartTextRole;

/* Draws text whose point (align_x, align_y) (0 to 1) of its box lies at (x, y), in the current
 * source. Returns its width. */
double lw_chart_text           (cairo_t            *cr,
                                const LwChartStyle *style,
                                LwChartTextRole     role,
                                const char         *text,
                                double              x,
                                double              y,
                                double              align_x,
                                double              align_y);

void   lw_chart_text_size      (cairo_t            *cr,
                                const LwChartStyle *style,
                                LwChartTextRole     role,
                                const char         *text,
                                double             *width,
                                double             *height);

G_END_DECLS
