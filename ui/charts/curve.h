#pragma once

#include "engine/train/history.h"

/* LwCurve: one run as the charts see it.
 *
 * Reads an LwHistory with a cursor of its own, whenever it is told to, and keeps what drawing
 * needs: where each training step lies on the x axis, its loss, accuracy and learning rate, what
 * smoothing makes of the first two, and the marks (validation results and events). Any stretch of a curve can be summed up in O(log n), so
 * that a chart costs the same whatever the length of the history.
 *
 * Values are floats as the history gave them: loss in nats, accuracy as a share from 0 to 1. NaN
 * and infinities are gaps: kept as values, skipped by smoothing and by minimum and maximum.
 * A point whose step is not greater than the last one's takes back everything from that step on:
 * the run went back to it. Not thread-safe; the history may be written meanwhile. */

G_BEGIN_DECLS

typedef enum {
  LW_CHART_LOSS,
  LW_CHART_ACCURACY,
  LW_CHART_RATE, /* the learning rate of a step: never smoothed, and no mark has one */
} LwChartMetric;

#define LW_CHART_N_METRICS 3

typedef enum {
  LW_CHART_X_STEP,
  LW_CHART_X_EPOCH,   /* 0 is the start of epoch 1, 1.5 the middle of epoch 2 */
  LW_CHART_X_SECONDS, /* of training, pauses not counted */
} LwChartXUnit;

typedef struct {
  LwPointKind kind; /* LW_POINT_SAMPLE, LW_POINT_TEST or LW_POINT_EVENT */
  gint32      epoch;
  gint64      step;
  gsize       n_steps; /* training steps of the curve that lie before it */
  double      seconds;
  float       values[LW_CHART_N_METRICS]; /* LW_CHART_RATE: NaN */
  gint32      n_images;
  char        note[28];
} LwCurveMark;

typedef struct {
  float min, max, mean;
} LwCurveRange;

typedef struct _LwCurve LwCurve;

/* Takes a reference to the history and reads what it holds already. */
LwCurve           *lw_curve_new                 (LwHistory *history) G_GNUC_WARN_UNUSED_RESULT;
void               lw_curve_free                (LwCurve *curve);
LwHistory         *lw_curve_get_history         (const LwCurve *curve);

/* Reads what the history has gained; TRUE if that was anything. */
gboolean           lw_curve_update              (LwCurve *curve);

/* The share that the past keeps in the moving average, 0 (no smoothing) to 0.99. The average is
 *   m = s m + (1 - s) v,  smoothed = m / (1 - s^n)
 * whose divisor takes out the bias towards the start value 0 (Kingma & Ba 2015, section 3).
 * Computes all smoothed values anew: O(n). */
void               lw_curve_set_smoothing       (LwCurve *curve,
                                                 double   smoothing);

/* How many steps make an epoch, and how many images a step, as planned; 0 where not known. It says how
 * long the epoch under way will be, and where a history that begins amid an epoch stands in it. Finished
 * epochs measure themselves: by the images they saw, since steps need not all have the same number. */
void               lw_curve_set_plan            (LwCurve *curve,
                                                 gint64   steps_per_epoch,
                                                 int      batch_size);

/* The training steps, from index 0. */
gsize              lw_curve_get_length          (const LwCurve *curve);
gint64             lw_curve_get_step            (const LwCurve *curve,
                                                 gsize          index);
double             lw_curve_get_x               (const LwCurve *curve,
                                                 gsize          index,
                                                 LwChartXUnit   unit);
float              lw_curve_get_value           (const LwCurve *curve,
                                                 LwChartMetric  metric,
                                                 gsize          index);
float              lw_curve_get_smoothed        (const LwCurve *curve,
                                                 LwChartMetric  metric,
                                                 gsize          index);

/* The first index, from `from` on, whose x is not less than `x`; the length when there is none.
 * `work`, if not NULL, grows by the number of points looked at. */
gsize              lw_curve_find                (const LwCurve *curve,
                                                 LwChartXUnit   unit,
                                                 double         x,
                                                 gsize          from,
                                                 guint64       *work);

/* The index whose x is nearest to `x`; FALSE when the curve does not reach there. */
gboolean           lw_curve_find_nearest        (const LwCurve *curve,
                                                 LwChartXUnit   unit,
                                                 double         x,
                                                 gsize         *index);

/* Smallest, largest and mean finite value of [first, end); FALSE when there is none. */
gboolean           lw_curve_get_range           (const LwCurve *curve,
                                                 LwChartMetric  metric,
                                                 gboolean       smoothed,
                                                 gsize          first,
                                                 gsize          end,
                                                 LwCurveRange  *range,
                                                 guint64       *work);

/* The last index whose value is finite; FALSE when there is none. */
gboolean           lw_curve_get_last            (const LwCurve *curve,
                                                 LwChartMetric  metric,
                                                 gsize         *index);

/* Marks of one kind in the order of their steps. Valid until the next lw_curve_update(). */
const LwCurveMark *lw_curve_get_marks           (const LwCurve *curve,
                                                 LwPointKind    kind,
                                                 gsize         *n_marks);
double             lw_curve_get_mark_x          (const LwCurve     *curve,
                                                 const LwCurveMark *mark,
                                                 LwChartXUnit       unit);

/* The first mark of a kind, from `from` on, whose x is not less than `x`. */
gsize              lw_curve_find_mark           (const LwCurve *curve,
                                                 LwPointKind    kind,
                                                 LwChartXUnit   unit,
                                                 double         x,
                                                 gsize          from);

/* The full validation (LW_POINT_TEST) with the lowest loss, the first of equals; NULL when there is none
 * with a finite one. Valid until the next lw_curve_update(). */
const LwCurveMark *lw_curve_get_best            (const LwCurve *curve);

/* Epochs seen so far, and where the n-th of them (from 0) begins and ends on the x axis; the end of
 * the one under way is the planned one, but NaN in seconds. */
guint              lw_curve_get_n_epochs        (const LwCurve *curve);
void               lw_curve_get_epoch           (const LwCurve *curve,
                                                 guint          n,
                                                 LwChartXUnit   unit,
                                                 int           *number,
                                                 double        *begin,
                                                 double        *end);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwCurve, lw_curve_free)

G_END_DECLS
