#pragma once

#include "ui/charts/chart-view.h"

#include "ui/charts/chart-glide.h"

/* What the parts of LwChartView share: chart-view.c draws the chart and moves its ranges, chart-view-input.c has
 * pointer and keys. */

G_BEGIN_DECLS

struct _LwChartView {
  GtkWidget parent_instance;

  /* owned */
  LwChartModel *model;

  /* state */
  LwChartMetric metric;
  gboolean      show_axis_title;
  gboolean      show_epoch_labels;
  gboolean      show_legend;
  double        factor;
  guint         tick_id;

  LwChartGlide glide;
  gint64       targeted; /* when the glide's target last changed */
  gint64       advanced; /* frame time of its last picture */
  gboolean     by_growth; /* nobody asked for it: the data grew */
  LwChartXUnit x_unit;   /* and the axes it is for */
  gboolean     log_x;
  gboolean     log_y;
  gboolean     has_range;

  double   pointer;    /* where it is on the x axis; NaN when elsewhere */
  double   drag_begin; /* on the x axis */
  gboolean panning;    /* that drag moves the part in view */
  double   panned;     /* px, so far */
  gint64   labelled;   /* when the accessible label last changed */
  guint    label_id;   /* the timeout that catches up with what came too soon after that */
  gboolean reads_by_key;
};

/* The chart with its final ranges, and as it is drawn at this moment. */
void lw_chart_view_fill_chart       (LwChartView *self, LwChart *chart);
void lw_chart_view_get_drawn_chart  (LwChartView *self, LwChart *chart);
/* The latter, and where in the widget it is plotted, in px. */
void lw_chart_view_get_drawn_area   (LwChartView *self, LwChart *chart, LwChartArea *area);

/* chart-view-input.c */
void lw_chart_view_add_keys         (GtkWidgetClass *widget_class);
void lw_chart_view_add_controllers  (LwChartView *self);

G_END_DECLS
