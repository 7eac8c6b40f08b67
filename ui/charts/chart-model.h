#pragma once

#include <glib-object.h>

#include "ui/charts/chart.h"

/* LwChartModel: what the charts of a page share, so that loss and accuracy stay side by side: the
 * runs, the planned run, the x axis and the part of it in view, smoothing, and the reading line.
 *
 * Properties, all with notify:
 *   x-unit     int      LwChartXUnit; a change shows the whole run again
 *   log-x      boolean  whether the x axis is logarithmic; a change shows the whole run again
 *   log-y      boolean  whether loss is drawn on a logarithmic axis; TRUE at first
 *   smoothing  double   0 to 0.99, see lw_curve_set_smoothing(); 0.9 at first
 *   following  boolean  read-only: the whole planned run is in view; FALSE once somebody zooms
 *
 * Signal "changed" (LwChartChange): the views must draw. */

G_BEGIN_DECLS

typedef enum {
  LW_CHART_CHANGED, /* anything */
  LW_CHART_GREW,    /* only the data */
  LW_CHART_PANNED,  /* only the part in view, by a hand that wants to see it move along */
} LwChartChange;

#define LW_TYPE_CHART_MODEL (lw_chart_model_get_type ())
G_DECLARE_FINAL_TYPE (LwChartModel, lw_chart_model, LW, CHART_MODEL, GObject)

LwChartModel *lw_chart_model_new             (void) G_GNUC_WARN_UNUSED_RESULT;

/* Shows a run under a number of its own, from 1, in place of the one that had it. The slot (from 0) gives
 * colour, dash and marker, and runs may share one. The first run becomes the selected one; the others
 * follow it from the highest number to the lowest. Takes a reference to the history. */
void          lw_chart_model_set_run         (LwChartModel *self,
                                              guint         id,
                                              LwHistory    *history,
                                              const char   *name,
                                              guint         slot);

/* Removes every run whose number is not among the n. The part in view stays. */
void          lw_chart_model_keep_runs       (LwChartModel *self,
                                              const guint  *ids,
                                              guint         n);
void          lw_chart_model_set_run_visible (LwChartModel *self,
                                              guint         id,
                                              gboolean      visible);

/* The run that has batch values, value label, key, best epoch and events; listed first. */
void          lw_chart_model_select_run      (LwChartModel *self,
                                              guint         id);

/* What the selected run is to do, 0 where unknown. Epoch bands and x axis come from it, also before
 * there is any run. Runs keep the plan under which they were selected. */
void          lw_chart_model_set_plan        (LwChartModel *self,
                                              gint64        steps_per_epoch,
                                              int           n_epochs,
                                              int           batch_size);

void          lw_chart_model_set_x_unit      (LwChartModel *self,
                                              LwChartXUnit  x_unit);
LwChartXUnit  lw_chart_model_get_x_unit      (LwChartModel *self);
void          lw_chart_model_set_log_x       (LwChartModel *self,
                                              gboolean      log_x);
gboolean      lw_chart_model_get_log_x       (LwChartModel *self);
void          lw_chart_model_set_log_y       (LwChartModel *self,
                                              gboolean      log_y);
gboolean      lw_chart_model_get_log_y       (LwChartModel *self);
void          lw_chart_model_set_smoothing   (LwChartModel *self,
                                              double        smoothing);
double        lw_chart_model_get_smoothing   (LwChartModel *self);
gboolean      lw_chart_model_get_following   (LwChartModel *self);

/* Reads what the histories have gained; TRUE, and "changed", if that was anything. To be called a few
 * times a second while a run goes on: often enough for the eye, and little to take from the training
 * that is shown. */
gboolean      lw_chart_model_update          (LwChartModel *self);

/* The same for a run that has come to rest: "changed" in any case, not as growth, so that what is read
 * out is up to date at once. */
void          lw_chart_model_settle          (LwChartModel *self);

/* The whole planned run again, and follow it. */
void          lw_chart_model_fit             (LwChartModel *self);

/* Shows [begin, end] of the x axis, within the run and not narrower than a few steps. It stays so, whatever
 * the runs gain, until the next fit. */
void          lw_chart_model_zoom            (LwChartModel *self,
                                              double        begin,
                                              double        end);

/* By a factor (below 1: closer) about a place on the x axis. */
void          lw_chart_model_zoom_about      (LwChartModel *self,
                                              double        center,
                                              double        factor);

/* Moves the part in view to the right (to the left below 0) by so many of its widths, as far as the run
 * goes; nothing when all of it is in view. With `change` LW_CHART_PANNED the views follow at once. */
void          lw_chart_model_pan             (LwChartModel *self,
                                              double        widths,
                                              LwChartChange change);

/* The reading line, on the selected run's nearest step; NaN takes it away. `owner` is the view that
 * shows the table, compared only. */
void          lw_chart_model_set_hover       (LwChartModel *self,
                                              double        x,
                                              gconstpointer owner);
double        lw_chart_model_get_hover       (LwChartModel  *self,
                                              gconstpointer *owner);

/* Moves the reading line by steps of the selected run; from nowhere it goes to the last step in
 * view. FALSE when there is nothing to read. */
gboolean      lw_chart_model_move_hover      (LwChartModel *self,
                                              int           n_steps,
                                              gconstpointer owner);

/* The rubber band while it is drawn; NaN for none. */
void          lw_chart_model_set_band        (LwChartModel *self,
                                              double        begin,
                                              double        end);

/* Sets everything in the chart that the model knows: series (valid until the model changes), plan,
 * x axis and its range, log y, reading line and band. */
void          lw_chart_model_fill            (LwChartModel *self,
                                              LwChart      *chart);

G_END_DECLS
