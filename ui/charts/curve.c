#include "ui/charts/curve.h"

#include <math.h>

#include "ui/charts/pyramid.h"

#define N_MARK_KINDS 3

typedef struct {
  double mean;   /* sum of (1 - s) s^k v, biased towards 0 */
  double weight; /* 1 - s^n: what the weights add up to */
} Average;

typedef struct {
  int    number;
  gsize  first; /* index of its first training point */
  gint64 start; /* the step before its first one */
  double seconds;
} Epoch;

struct _LwCurve {
  LwHistory      *history;
  LwHistoryCursor cursor;

  GArray   *steps;   /* gint64 */
  GArray   *seconds; /* double, never falling */
  GArray   *epochs;  /* Epoch */
  LwPyramid values[LW_CHART_N_METRICS];
  LwPyramid smoothed[LW_CHART_N_METRICS];
  Average   averages[LW_CHART_N_METRICS];
  GArray   *marks[N_MARK_KINDS]; /* LwCurveMark */

  double smoothing;
  gint64 steps_per_epoch;
};

#define EPOCH(curve, i) (&g_array_index ((curve)->epochs, Epoch, (i)))

static float
average_push (Average *average, double smoothing, float value)
{
  if (!isfinite (value))
    return NAN;
  average->mean = smoothing * average->mean + (1 - smoothing) * value;
  average->weight = smoothing * average->weight + (1 - smoothing);
  return (float) (average->mean / average->weight);
}

static void
smooth_again (LwCurve *curve)
{
  for (int metric = 0; metric < LW_CHART_N_METRICS; metric++)
    {
      gsize length = lw_pyramid_length (&curve->values[metric]);

      curve->averages[metric] = (Average) { 0 };
      lw_pyramid_truncate (&curve->smoothed[metric], 0);
      for (gsize i = 0; i < length; i++)
        lw_pyramid_append (&curve->smoothed[metric],
                           average_push (&curve->averages[metric],
                                         curve->smoothing,
                                         lw_pyramid_value (&curve->values[metric], i)));
    }
}

LwCurve *
lw_curve_new (LwHistory *history)
{
  LwCurve *curve;

  g_return_val_if_fail (history != NULL, NULL);

  curve = g_new0 (LwCurve, 1);
  curve->history = lw_history_ref (history);
  curve->steps = g_array_new (FALSE, FALSE, sizeof (gint64));
  curve->seconds = g_array_new (FALSE, FALSE, sizeof (double));
  curve->epochs = g_array_new (FALSE, FALSE, sizeof (Epoch));
  for (int metric = 0; metric < LW_CHART_N_METRICS; metric++)
    {
      lw_pyramid_init (&curve->values[metric]);
      lw_pyramid_init (&curve->smoothed[metric]);
    }
  for (int kind = 0; kind < N_MARK_KINDS; kind++)
    curve->marks[kind] = g_array_new (FALSE, FALSE, sizeof (LwCurveMark));
  curve->smoothing = 0.9;

  lw_curve_update (curve);
  return curve;
}

void
lw_curve_free (LwCurve *curve)
{
  if (curve == NULL)
    return;
  g_clear_pointer (&curve->history, lw_history_unref);
  g_clear_pointer (&curve->steps, g_array_unref);
  g_clear_pointer (&curve->seconds, g_array_unref);
  g_clear_pointer (&curve->epochs, g_array_unref);
  for (int metric = 0; metric < LW_CHART_N_METRICS; metric++)
    {
      lw_pyramid_clear (&curve->values[metric]);
      lw_pyramid_clear (&curve->smoothed[metric]);
    }
  for (int kind = 0; kind < N_MARK_KINDS; kind++)
    g_clear_pointer (&curve->marks[kind], g_array_unref);
  g_free (curve);
}

LwHistory *
lw_curve_get_history (const LwCurve *curve)
{
  return curve->history;
}

static GArray *
marks_of_kind (const LwCurve *curve, LwPointKind kind)
{
  g_assert (kind > LW_POINT_TRAIN && kind <= LW_POINT_EVENT);

  return curve->marks[kind - LW_POINT_SAMPLE];
}

/* The run went back: `step` is about to be taken again. */
static void
take_back (LwCurve *curve, gint64 step)
{
  gsize length = lw_curve_find (curve, LW_CHART_X_STEP, (double) step, 0, NULL);

  g_array_set_size (curve->steps, (guint) length);
  g_array_set_size (curve->seconds, (guint) length);
  while (curve->epochs->len > 0 && EPOCH (curve, curve->epochs->len - 1)->first >= length)
    g_array_set_size (curve->epochs, curve->epochs->len - 1);
  for (int metric = 0; metric < LW_CHART_N_METRICS; metric++)
    lw_pyramid_truncate (&curve->values[metric], length);
  for (int kind = 0; kind < N_MARK_KINDS; kind++)
    {
      GArray *marks = curve->marks[kind];

      while (marks->len > 0 && g_array_index (marks, LwCurveMark, marks->len - 1).step >= step)
        g_array_set_size (marks, marks->len - 1);
    }
  smooth_again (curve);
}

static void
append_train (LwCurve *curve, const LwHistoryPoint *point)
{
  float  values[LW_CHART_N_METRICS] = { point->loss, point->accuracy };
  double seconds = isfinite (point->seconds) ? point->seconds : 0;
  gsize  length = curve->steps->len;

  if (length > 0 && point->step <= g_array_index (curve->steps, gint64, length - 1))
    {
      take_back (curve, point->step);
      length = curve->steps->len;
    }
  if (length > 0)
    seconds = MAX (seconds, g_array_index (curve->seconds, double, length - 1));

  if (curve->epochs->len == 0 || EPOCH (curve, curve->epochs->len - 1)->number < point->epoch)
    {
      Epoch epoch = { point->epoch, length, point->step - 1, seconds };

      /* The clock of an epoch starts where the last one's stopped. */
      if (length > 0)
        {
          epoch.start = g_array_index (curve->steps, gint64, length - 1);
          epoch.seconds = g_array_index (curve->seconds, double, length - 1);
        }
      g_array_append_val (curve->epochs, epoch);
    }

  g_array_append_val (curve->steps, point->step);
  g_array_append_val (curve->seconds, seconds);
  for (int metric = 0; metric < LW_CHART_N_METRICS; metric++)
    {
      lw_pyramid_append (&curve->values[metric], values[metric]);
      lw_pyramid_append (&curve->smoothed[metric],
                         average_push (&curve->averages[metric],
                                       curve->smoothing,
                                       values[metric]));
    }
}

static void
append_mark (LwCurve *curve, const LwHistoryPoint *point)
{
  GArray     *marks = marks_of_kind (curve, point->kind);
  LwCurveMark mark = {
    .kind = point->kind,
    .epoch = point->epoch,
    .step = point->step,
    .seconds = isfinite (point->seconds) ? point->seconds : 0,
    .values = { point->loss, point->accuracy },
    .n_images = point->n_images,
  };

  while (marks->len > 0 && g_array_index (marks, LwCurveMark, marks->len - 1).step > mark.step)
    g_array_set_size (marks, marks->len - 1);
  g_strlcpy (mark.note, point->note, sizeof mark.note);
  g_array_append_val (marks, mark);
}

gboolean
lw_curve_update (LwCurve *curve)
{
  const LwHistoryPoint *points;
  gsize                 n_points;
  gboolean              grown = FALSE;

  while ((points = lw_history_read (curve->history, &curve->cursor, &n_points)))
    {
      for (gsize i = 0; i < n_points; i++)
        {
          if (points[i].kind == LW_POINT_TRAIN)
            append_train (curve, &points[i]);
          else
            append_mark (curve, &points[i]);
        }
      grown = TRUE;
    }
  return grown;
}

void
lw_curve_set_smoothing (LwCurve *curve, double smoothing)
{
  smoothing = isfinite (smoothing) ? CLAMP (smoothing, 0.0, 0.99) : 0;
  if (smoothing == curve->smoothing)
    return;
  curve->smoothing = smoothing;
  smooth_again (curve);
}

void
lw_curve_set_steps_per_epoch (LwCurve *curve, gint64 steps_per_epoch)
{
  curve->steps_per_epoch = MAX (steps_per_epoch, 0);
}

gsize
lw_curve_get_length (const LwCurve *curve)
{
  return curve->steps->len;
}

gint64
lw_curve_get_step (const LwCurve *curve, gsize index)
{
  g_return_val_if_fail (index < curve->steps->len, 0);

  return g_array_index (curve->steps, gint64, index);
}

/* The step before the n-th epoch's first one. A forked run's history may begin amid an epoch. */
static gint64
epoch_start (const LwCurve *curve, guint n)
{
  const Epoch *epoch = EPOCH (curve, n);

  if (n == 0 && curve->steps_per_epoch > 0)
    return MIN (epoch->start, (epoch->number - 1) * curve->steps_per_epoch);
  return epoch->start;
}

/* How many steps the n-th epoch has, or, for the one under way, most likely will have. */
static double
epoch_length (const LwCurve *curve, guint n)
{
  if (n + 1 < curve->epochs->len)
    return (double) MAX (epoch_start (curve, n + 1) - epoch_start (curve, n), 1);
  if (curve->steps_per_epoch > 0)
    return (double) curve->steps_per_epoch;
  if (n > 0)
    return epoch_length (curve, n - 1);
  return (double) MAX (
      lw_curve_get_step (curve, curve->steps->len - 1) - epoch_start (curve, n), 1);
}

static double
epoch_at (const LwCurve *curve, int number, gint64 step)
{
  guint low = 0, high = curve->epochs->len;

  if (curve->epochs->len == 0)
    return curve->steps_per_epoch > 0 ? (double) step / (double) curve->steps_per_epoch : 0;

  while (high - low > 1)
    {
      guint middle = (low + high) / 2;

      if (EPOCH (curve, middle)->number <= number)
        low = middle;
      else
        high = middle;
    }
  return EPOCH (curve, low)->number - 1
         + CLAMP ((double) (step - epoch_start (curve, low)) / epoch_length (curve, low), 0, 1);
}

static int
epoch_number_at_index (const LwCurve *curve, gsize index)
{
  guint low = 0, high = curve->epochs->len;

  while (high - low > 1)
    {
      guint middle = (low + high) / 2;

      if (EPOCH (curve, middle)->first <= index)
        low = middle;
      else
        high = middle;
    }
  return EPOCH (curve, low)->number;
}

double
lw_curve_get_x (const LwCurve *curve, gsize index, LwChartXUnit unit)
{
  g_return_val_if_fail (index < curve->steps->len, NAN);

  switch (unit)
    {
    case LW_CHART_X_EPOCH:
      return epoch_at (curve,
                       epoch_number_at_index (curve, index),
                       g_array_index (curve->steps, gint64, index));
    case LW_CHART_X_SECONDS:
      return g_array_index (curve->seconds, double, index);
    case LW_CHART_X_STEP:
    default:
      return (double) g_array_index (curve->steps, gint64, index);
    }
}

float
lw_curve_get_value (const LwCurve *curve, LwChartMetric metric, gsize index)
{
  return lw_pyramid_value (&curve->values[metric], index);
}

float
lw_curve_get_smoothed (const LwCurve *curve, LwChartMetric metric, gsize index)
{
  return lw_pyramid_value (&curve->smoothed[metric], index);
}

gsize
lw_curve_find (const LwCurve *curve, LwChartXUnit unit, double x, gsize from, guint64 *work)
{
  gsize   length = curve->steps->len;
  gsize   low = from, stride = 1;
  gsize   high;
  guint64 probes = 0;

  /* Gallop, then halve: a chart asks for the columns one after the other, a few points apart. */
  while (low < length && lw_curve_get_x (curve, MIN (low + stride, length) - 1, unit) < x)
    {
      low = MIN (low + stride, length);
      stride *= 2;
      probes++;
    }
  high = MIN (low + stride, length);
  while (low < high)
    {
      gsize middle = low + (high - low) / 2;

      if (lw_curve_get_x (curve, middle, unit) < x)
        low = middle + 1;
      else
        high = middle;
      probes++;
    }
  if (work)
    *work += probes;
  return low;
}

gboolean
lw_curve_find_nearest (const LwCurve *curve, LwChartXUnit unit, double x, gsize *index)
{
  gsize  length = curve->steps->len;
  double slack;
  gsize  found;

  if (length == 0 || !isfinite (x))
    return FALSE;

  found = lw_curve_find (curve, unit, x, 0, NULL);
  if (found == length)
    found = length - 1;
  if (found > 0
      && fabs (lw_curve_get_x (curve, found - 1, unit) - x)
             < fabs (lw_curve_get_x (curve, found, unit) - x))
    found--;

  /* One step's worth past either end still counts as the end. */
  slack = (lw_curve_get_x (curve, length - 1, unit) - lw_curve_get_x (curve, 0, unit))
          / (double) MAX (length - 1, 1);
  if ((found == 0 || found == length - 1)
      && fabs (lw_curve_get_x (curve, found, unit) - x) > MAX (slack, 1e-9))
    return FALSE;
  *index = found;
  return TRUE;
}

gboolean
lw_curve_get_range (const LwCurve *curve,
                    LwChartMetric  metric,
                    gboolean       smoothed,
                    gsize          first,
                    gsize          end,
                    LwCurveRange  *range,
                    guint64       *work)
{
  const LwPyramid *pyramid = smoothed ? &curve->smoothed[metric] : &curve->values[metric];
  LwPyramidNode    node;

  if (!lw_pyramid_range (pyramid, first, end, &node, work))
    return FALSE;
  range->min = node.min;
  range->max = node.max;
  range->mean = (float) (node.sum / (double) node.count);
  return TRUE;
}

gboolean
lw_curve_get_last (const LwCurve *curve, LwChartMetric metric, gsize *index)
{
  gsize         length = curve->steps->len;
  gsize         begin = 0, end = length;
  LwPyramidNode node;

  if (!lw_pyramid_range (&curve->values[metric], 0, length, &node, NULL))
    return FALSE;

  /* Halve towards the end, always keeping a stretch that has a finite value and none after it. */
  while (end - begin > 1)
    {
      gsize middle = begin + (end - begin) / 2;

      if (lw_pyramid_range (&curve->values[metric], middle, end, &node, NULL))
        begin = middle;
      else
        end = middle;
    }
  *index = begin;
  return TRUE;
}

const LwCurveMark *
lw_curve_get_marks (const LwCurve *curve, LwPointKind kind, gsize *n_marks)
{
  GArray *marks = marks_of_kind (curve, kind);

  *n_marks = marks->len;
  return (const LwCurveMark *) (gpointer) marks->data;
}

double
lw_curve_get_mark_x (const LwCurve *curve, const LwCurveMark *mark, LwChartXUnit unit)
{
  switch (unit)
    {
    case LW_CHART_X_EPOCH:
      return epoch_at (curve, mark->epoch, mark->step);
    case LW_CHART_X_SECONDS:
      return mark->seconds;
    case LW_CHART_X_STEP:
    default:
      return (double) mark->step;
    }
}

gsize
lw_curve_find_mark (const LwCurve *curve,
                    LwPointKind    kind,
                    LwChartXUnit   unit,
                    double         x,
                    gsize          from)
{
  gsize              high;
  const LwCurveMark *marks = lw_curve_get_marks (curve, kind, &high);

  while (from < high)
    {
      gsize middle = from + (high - from) / 2;

      if (lw_curve_get_mark_x (curve, &marks[middle], unit) < x)
        from = middle + 1;
      else
        high = middle;
    }
  return from;
}

guint
lw_curve_get_n_epochs (const LwCurve *curve)
{
  return curve->epochs->len;
}

void
lw_curve_get_epoch (const LwCurve *curve,
                    guint          n,
                    LwChartXUnit   unit,
                    int           *number,
                    double        *begin,
                    double        *end)
{
  const Epoch *epoch, *next;

  g_return_if_fail (n < curve->epochs->len);

  epoch = EPOCH (curve, n);
  next = n + 1 < curve->epochs->len ? EPOCH (curve, n + 1) : NULL;
  *number = epoch->number;
  switch (unit)
    {
    case LW_CHART_X_EPOCH:
      *begin = epoch->number - 1;
      *end = epoch->number;
      break;
    case LW_CHART_X_SECONDS:
      *begin = epoch->seconds;
      *end = next ? next->seconds : NAN;
      break;
    case LW_CHART_X_STEP:
    default:
      *begin = (double) epoch_start (curve, n);
      *end = *begin + epoch_length (curve, n);
      break;
    }
}
