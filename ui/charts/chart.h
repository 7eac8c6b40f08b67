#pragma once

#include <cairo.h>

#include "ui/charts/chart-style.h"
#include "ui/charts/curve.h"

/* Draws one metric of one or several runs: a function of a cairo_t, a size, the data and a style.
 * The widget, a picture in a file and a test all call it; it keeps nothing.
 *
 * The cost is that of the pixel columns, not of the histories' lengths. */

G_BEGIN_DECLS

typedef struct {
  const LwCurve *curve;
  const char    *name; /* "Run 3"; borrowed */
  guint          slot; /* colour, dash and marker, from 0 */
} LwChartSeries;

typedef struct {
  LwChartMetric        metric;
  const LwChartSeries *series;
  guint                n_series;
  int                  selected; /* index of the run with batch values and label, or -1 */

  LwChartXUnit x_unit;
  double       x_min, x_max; /* with log_x both positive */
  gboolean     log_x;
  double       y_min, y_max; /* with log_y both positive */
  gboolean     log_y;

  /* The planned run; 0 where not known. */
  gint64 steps_per_epoch;
  int    n_epochs;
  int    batch_size;

  gboolean show_axis_title;
  gboolean show_epoch_labels;
  gboolean show_legend; /* names of the runs at the top right, in place of the key */

  double   hover_x; /* on the x axis; NaN for none */
  gboolean show_hover_table;
  double   band_begin, band_end; /* rubber band on the x axis; NaN for none */
} LwChart;

typedef struct {
  double x, y, width, height;
} LwChartArea;

/* What a drawing took: pixel columns gone through, and points and pyramid nodes looked at. */
typedef struct {
  guint64 n_columns;
  guint64 n_visited;
} LwChartWork;

/* No series, x 0 to 1, no hover. The y range before any data: loss 0.02 to 6 (logarithmic),
 * accuracy 84 to 100 %, learning rate 0 to 0.002. */
void        lw_chart_init       (LwChart      *chart,
                                 LwChartMetric metric);

/* `work` may be NULL. */
void        lw_chart_draw       (cairo_t            *cr,
                                 double              width,
                                 double              height,
                                 const LwChart      *chart,
                                 const LwChartStyle *style,
                                 LwChartWork        *work);

/* Where the curves are, inside the margins. */
LwChartArea lw_chart_plot_area  (const LwChart      *chart,
                                 const LwChartStyle *style,
                                 double              width,
                                 double              height);

/* Where a value is on the x axis, 0 at its left end and 1 at its right one, and back. With log_x a value
 * that has no logarithm is far to the left. */
double      lw_chart_x_to_share (const LwChart *chart,
                                 double         x);
double      lw_chart_share_to_x (const LwChart *chart,
                                 double         share);
double      lw_chart_x_to_pixel (const LwChart     *chart,
                                 const LwChartArea *area,
                                 double             x);
double      lw_chart_pixel_to_x (const LwChart     *chart,
                                 const LwChartArea *area,
                                 double             pixel);
double      lw_chart_y_to_pixel (const LwChart     *chart,
                                 const LwChartArea *area,
                                 double             y);

/* "Loss", "Accuracy" or "Learning rate", in the user's language. */
const char *lw_chart_metric_name  (LwChartMetric metric);

/* A value as the chart writes it: loss with `decimals`, accuracy in percent with two fewer, a learning
 * rate with as many significant digits. */
char       *lw_chart_format_value (LwChartMetric metric,
                                   double        value,
                                   int           decimals) G_GNUC_MALLOC;

G_END_DECLS
