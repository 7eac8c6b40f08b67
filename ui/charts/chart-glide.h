#pragma once

#include <glib.h>

/* LwChartGlide: the part of the axes in view on its way from one range to another, in 250 ms. */

G_BEGIN_DECLS

typedef struct {
  double x_min, x_max;
  double y_min, y_max;
} LwChartRange;

typedef struct {
  LwChartRange shown;
  LwChartRange from, target;
  gboolean     log_y;
  gboolean     moving;
  gint64       started;
} LwChartGlide;

void     lw_chart_glide_jump    (LwChartGlide *glide,
                                 LwChartRange  target);

/* From what is shown now. `now` in microseconds, as the frame clock's; with log_y, y moves by
 * factors. */
void     lw_chart_glide_start   (LwChartGlide *glide,
                                 LwChartRange  target,
                                 gboolean      log_y,
                                 gint64        now);

/* Puts the x axis where it is to be, whatever y does. */
void     lw_chart_glide_jump_x  (LwChartGlide *glide);

/* Whether anything moved. */
gboolean lw_chart_glide_advance (LwChartGlide *glide,
                                 gint64        now);

G_END_DECLS
