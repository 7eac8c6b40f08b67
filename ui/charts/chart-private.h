#pragma once

#include "ui/charts/chart.h"

/* Shared between the files that draw a chart. */

G_BEGIN_DECLS

typedef struct {
  cairo_t            *cr;
  const LwChart      *chart;
  const LwChartStyle *style;
  LwChartArea         area;
  double              width;
  double              height;
  double              scale;
  LwChartWork        *work;
} LwChartCanvas;

/* Words beside the data. Adwaita's own .55 fails WCAG AA; high contrast dims nothing. */
static inline double
lw_chart_dim (const LwChartCanvas *canvas)
{
  return canvas->style->high_contrast ? 1 : 0.72;
}

static inline double
lw_chart_canvas_x (const LwChartCanvas *canvas, double x)
{
  return lw_chart_x_to_pixel (canvas->chart, &canvas->area, x);
}

static inline double
lw_chart_canvas_y (const LwChartCanvas *canvas, double y)
{
  return lw_chart_y_to_pixel (canvas->chart, &canvas->area, y);
}

/* The run with batch values and label; NULL when it is not shown. */
static inline const LwChartSeries *
lw_chart_get_selected (const LwChart *chart)
{
  return chart->selected >= 0 && (guint) chart->selected < chart->n_series
             ? &chart->series[chart->selected]
             : NULL;
}

/* chart-series.c, all to be called clipped to the plot area */
void lw_chart_draw_batches    (const LwChartCanvas *canvas,
                               const LwChartSeries *series);
void lw_chart_draw_line       (const LwChartCanvas *canvas,
                               const LwChartSeries *series);

/* chart-marks.c: what stands on the curves */
void lw_chart_ringed_marker   (const LwChartCanvas *canvas,
                               guint                slot,
                               double               x,
                               double               y,
                               double               size);
void lw_chart_ringed_dot      (const LwChartCanvas *canvas,
                               guint                slot,
                               double               x,
                               double               y);
void lw_chart_draw_tests      (const LwChartCanvas *canvas,
                               const LwChartSeries *series);

/* Validation on the subset. */
void lw_chart_draw_samples    (const LwChartCanvas *canvas,
                               const LwChartSeries *series);

/* The current value in its label, and the best epoch. */
void lw_chart_draw_value      (const LwChartCanvas *canvas,
                               const LwChartSeries *series);

/* chart-events.c */
void lw_chart_draw_events     (const LwChartCanvas *canvas,
                               const LwChartSeries *series);

/* chart-bands.c */
void lw_chart_draw_bands      (const LwChartCanvas *canvas);

/* chart-axes.c */
void lw_chart_draw_axes       (const LwChartCanvas *canvas);
void lw_chart_draw_titles     (const LwChartCanvas *canvas);

/* chart-hover.c */
void lw_chart_draw_hover      (const LwChartCanvas *canvas);
void lw_chart_draw_table      (const LwChartCanvas *canvas);

G_END_DECLS
