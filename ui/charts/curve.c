#include "ui/charts/curve.h"

#include <math.h>

#include "ui/charts/pyramid.h"

#define N_MARK_KINDS 3
#define N_SMOOTHED   2 /* the first metrics: loss and accuracy */

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

#define NO_BEST G_MAXUINT

struct _LwCurve {
  LwHistory      *history;
  LwHistoryCursor cursor;

  GArray   *steps;   /* gint64 */
  GArray   *seconds; /* double, never falling */
  GArray   *images;  /* gint32: seen in its epoch up to and with this step */
  GArray   *epochs;  /* Epoch */
  LwPyramid values[LW_CHART_N_METRICS];
  LwPyramid smoothed[N_SMOOTHED];
  Average   averages[N_SMOOTHED];
  GArray   *marks[N_MARK_KINDS]; /* LwCurveMark */
  guint     best;                /* of the tests; NO_BEST */

  double smoothing;
  gint64 steps_per_epoch;
  int    batch_size;
  gint32 largest_step; /* images */
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
  for (int metric = 0; metric < N_SMOOTHED; metric++)
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
  curve->images = g_array_new (FALSE, FALSE, sizeof (gint32));
  curve->epochs = g_array_new (FALSE, FALSE, sizeof (Epoch));
  curve->best = NO_BEST;
  for (int metric = 0; metric < LW_CHART_N_METRICS; metric++)
    lw_pyramid_init (&curve->values[metric]);
  for (int metric = 0; metric < N_SMOOTHED; metric++)
    lw_pyramid_init (&curve->smoothed[metric]);
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
  g_clear_pointer (&curve->images, g_array_unref);
  g_clear_pointer (&curve->epochs, g_array_unref);
  for (int metric = 0; metric < LW_CHART_N_METRICS; metric++)
    lw_pyramid_clear (&curve->values[metric]);
  for (int metric = 0; metric < N_SMOOTHED; metric++)
    lw_pyramid_clear (&curve->smoothed[metric]);
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

/* Compares the n-th test with the best one so far. */
static void
consider_best (LwCurve *curve, guint n)
{
  const GArray *tests = marks_of_kind (curve, LW_POINT_TEST);
  float         loss = g_array_index (tests, LwCurveMark, n).values[LW_CHART_LOSS];

  if (isfinite (loss)
      && (curve->best == NO_BEST
          || loss < g_array_index (tests, LwCurveMark, curve->best).values[LW_CHART_LOSS]))
    curve->best = n;
}

static void
truncate_marks (LwCurve *curve, LwPointKind kind, guint length)
{
  GArray *marks = marks_of_kind (curve, kind);

  if (length == marks->len)
    return;
  g_array_set_size (marks, length);
  if (kind != LW_POINT_TEST || curve->best == NO_BEST || curve->best < length)
    return;
  curve->best = NO_BEST;
  for (guint i = 0; i < length; i++)
    consider_best (curve, i);
}

/* Takes back the marks from `step` on. */
static void
drop_marks (LwCurve *curve, LwPointKind kind, gint64 step)
{
  const GArray *marks = marks_of_kind (curve, kind);
  guint         length = marks->len;

  while (length > 0 && g_array_index (marks, LwCurveMark, length - 1).step >= step)
    length--;
  truncate_marks (curve, kind, length);
}

/* The run went back: `step` is about to be taken again. */
static void
take_back (LwCurve *curve, gint64 step)
{
  gsize length = lw_curve_find (curve, LW_CHART_X_STEP, (double) step, 0, NULL);

  g_array_set_size (curve->steps, (guint) length);
  g_array_set_size (curve->seconds, (guint) length);
  g_array_set_size (curve->images, (guint) length);
  while (curve->epochs->len > 0 && EPOCH (curve, curve->epochs->len - 1)->first >= length)
    g_array_set_size (curve->epochs, curve->epochs->len - 1);
  for (int metric = 0; metric < LW_CHART_N_METRICS; metric++)
    lw_pyramid_truncate (&curve->values[metric], length);
  for (LwPointKind kind = LW_POINT_SAMPLE; kind <= LW_POINT_EVENT; kind++)
    drop_marks (curve, kind, step);
  smooth_again (curve);
}

static void
append_train (LwCurve *curve, const LwHistoryPoint *point)
{
  float  values[LW_CHART_N_METRICS] = { point->loss, point->accuracy, point->rate };
  double seconds = isfinite (point->seconds) ? point->seconds : 0;
  gint32 images = MAX (point->n_images, 1);
  gsize  length = curve->steps->len;

  curve->largest_step = MAX (curve->largest_step, images);
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
  else
    {
      gint32 before = g_array_index (curve->images, gint32, length - 1);

      images = images > G_MAXINT32 - before ? G_MAXINT32 : before + images;
    }

  g_array_append_val (curve->steps, point->step);
  g_array_append_val (curve->seconds, seconds);
  g_array_append_val (curve->images, images);
  for (int metric = 0; metric < LW_CHART_N_METRICS; metric++)
    lw_pyramid_append (&curve->values[metric], values[metric]);
  for (int metric = 0; metric < N_SMOOTHED; metric++)
    lw_pyramid_append (&curve->smoothed[metric],
                       average_push (&curve->averages[metric], curve->smoothing, values[metric]));
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
    .values = { point->loss, point->accuracy, NAN },
    .n_images = point->n_images,
  };

  drop_marks (curve, point->kind, mark.step + 1);
  mark.n_steps = curve->steps->len;
  if (mark.n_steps > 0 && g_array_index (curve->steps, gint64, mark.n_steps - 1) > mark.step)
    mark.n_steps = lw_curve_find (curve, LW_CHART_X_STEP, (double) mark.step + 1, 0, NULL);
  g_strlcpy (mark.note, point->note, sizeof mark.note);
  g_array_append_val (marks, mark);
  if (point->kind == LW_POINT_TEST)
    consider_best (curve, marks->len - 1);
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
lw_curve_set_plan (LwCurve *curve, gint64 steps_per_epoch, int batch_size)
{
  curve->steps_per_epoch = MAX (steps_per_epoch, 0);
  curve->batch_size = MAX (batch_size, 0);
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

/* Images of a step that goes by the plan. */
static double
images_per_step (const LwCurve *curve)
{
  return MAX (curve->batch_size > 0 ? curve->batch_size : curve->largest_step, 1);
}

/* Steps that the n-th epoch had before the history begins: one of a forked run may begin amid it. */
static gint64
steps_before (const LwCurve *curve, guint n)
{
  const Epoch *epoch = EPOCH (curve, n);

  if (n > 0 || curve->steps_per_epoch <= 0)
    return 0;
  return CLAMP (epoch->start - (epoch->number - 1) * curve->steps_per_epoch,
                0,
                curve->steps_per_epoch - 1);
}

static double
images_before (const LwCurve *curve, guint n)
{
  return (double) steps_before (curve, n) * images_per_step (curve);
}

/* Images that the n-th epoch saw in the first `n_steps` steps of the curve. */
static double
images_seen (const LwCurve *curve, guint n, gsize n_steps)
{
  double before = images_before (curve, n);

  if (n_steps <= EPOCH (curve, n)->first)
    return before;
  return before + g_array_index (curve->images, gint32, n_steps - 1);
}

static gsize
epoch_end (const LwCurve *curve, guint n)
{
  return n + 1 < curve->epochs->len ? EPOCH (curve, n + 1)->first : curve->steps->len;
}

/* How many images the n-th epoch has, or, for the one under way, most likely will have. */
static double
epoch_images (const LwCurve *curve, guint n)
{
  double seen = images_seen (curve, n, epoch_end (curve, n));

  if (n + 1 < curve->epochs->len)
    return seen;
  if (curve->steps_per_epoch > 0)
    return MAX ((double) curve->steps_per_epoch * images_per_step (curve), seen);
  return n > 0 ? MAX (epoch_images (curve, n - 1), seen) : seen;
}

/* The epoch that the step at `index` belongs to. */
static guint
epoch_at_index (const LwCurve *curve, gsize index)
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
  return low;
}

/* Where the curve is, in epochs, after its first `n_steps` steps. */
static double
epochs_after (const LwCurve *curve, gsize n_steps)
{
  guint n;

  if (curve->epochs->len == 0)
    return 0;
  n = epoch_at_index (curve, n_steps > 0 ? n_steps - 1 : 0);
  return EPOCH (curve, n)->number - 1 + images_seen (curve, n, n_steps) / epoch_images (curve, n);
}

double
lw_curve_get_x (const LwCurve *curve, gsize index, LwChartXUnit unit)
{
  g_return_val_if_fail (index < curve->steps->len, NAN);

  switch (unit)
    {
    case LW_CHART_X_EPOCH:
      return epochs_after (curve, index + 1);
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

static const LwPyramid *
get_pyramid (const LwCurve *curve, LwChartMetric metric, gboolean smoothed)
{
  return smoothed && metric < N_SMOOTHED ? &curve->smoothed[metric] : &curve->values[metric];
}

float
lw_curve_get_smoothed (const LwCurve *curve, LwChartMetric metric, gsize index)
{
  return lw_pyramid_value (get_pyramid (curve, metric, TRUE), index);
}

/* Where x would be if the points from `from` to the last one lay evenly, as they mostly do. */
static gsize
guess_index (const LwCurve *curve, LwChartXUnit unit, double x, gsize from)
{
  gsize  last = curve->steps->len - 1;
  double begin = lw_curve_get_x (curve, from, unit);
  double end = lw_curve_get_x (curve, last, unit);

  if (!(end > begin) || x >= end)
    return last;
  return MIN (from + (gsize) ((x - begin) / (end - begin) * (double) (last - from)), last);
}

gsize
lw_curve_find (const LwCurve *curve, LwChartXUnit unit, double x, gsize from, guint64 *work)
{
  gsize   length = curve->steps->len;
  gsize   low = from, high = length, stride = 1;
  gsize   guess;
  guint64 probes = 2;

  if (low >= length || lw_curve_get_x (curve, low, unit) >= x)
    return MIN (low, length);

  /* Gallop away from the guess, then halve: a chart asks for column after column. */
  guess = guess_index (curve, unit, x, from);
  if (lw_curve_get_x (curve, guess, unit) < x)
    {
      low = guess + 1;
      while (low < length && lw_curve_get_x (curve, MIN (low + stride, length) - 1, unit) < x)
        {
          low = MIN (low + stride, length);
          stride *= 2;
          probes++;
        }
      high = MIN (low + stride, length);
    }
  else
    {
      high = guess;
      while (high - low > stride && lw_curve_get_x (curve, high - stride, unit) >= x)
        {
          high -= stride;
          stride *= 2;
          probes++;
        }
      low = high - low > stride ? high - stride : low;
    }
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
  LwPyramidNode node;

  if (!lw_pyramid_range (get_pyramid (curve, metric, smoothed), first, end, &node, work))
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
      /* A history that begins amid an epoch says so with its first step. */
      return curve->epochs->len > 0 ? epochs_after (curve, mark->n_steps) : MAX (mark->epoch - 1, 0);
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

const LwCurveMark *
lw_curve_get_best (const LwCurve *curve)
{
  if (curve->best == NO_BEST)
    return NULL;
  return &g_array_index (marks_of_kind (curve, LW_POINT_TEST), LwCurveMark, curve->best);
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
      *begin = (double) (epoch->start - steps_before (curve, n));
      if (next)
        *end = (double) next->start;
      else
        *end = (double) lw_curve_get_step (curve, curve->steps->len - 1)
               + ceil ((epoch_images (curve, n) - images_seen (curve, n, curve->steps->len))
                       / images_per_step (curve));
      break;
    }
}
