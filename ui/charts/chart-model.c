#include "ui/charts/chart-model.h"

#include <math.h>

#include "ui/charts/chart-range.h"

#define MIN_ZOOM_STEPS 8

typedef struct {
  guint    id;
  LwCurve *curve;
  char    *name;
  guint    slot;
  gboolean visible;
} Run;

struct _LwChartModel {
  GObject parent_instance;

  GPtrArray *runs;     /* Run, the highest number first */
  GArray    *series;   /* LwChartSeries: the visible runs, the selected one first */
  guint      selected; /* a run's number */

  gint64 steps_per_epoch;
  int    n_epochs;
  int    batch_size;

  LwChartXUnit x_unit;
  gboolean     log_x;
  gboolean     log_y;
  double       smoothing;
  gboolean     following;
  double       x_min, x_max; /* while not following */

  double        hover_x;
  gconstpointer hover_owner;
  double        band_begin, band_end;
};

G_DEFINE_FINAL_TYPE (LwChartModel, lw_chart_model, G_TYPE_OBJECT)

enum {
  PROP_0,
  PROP_X_UNIT,
  PROP_LOG_X,
  PROP_LOG_Y,
  PROP_SMOOTHING,
  PROP_FOLLOWING,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];
static guint       changed_signal;

static void
run_free (gpointer data)
{
  Run *run = data;

  lw_curve_free (run->curve);
  g_free (run->name);
  g_free (run);
}

static void
emit_changed (LwChartModel *self, LwChartChange change)
{
  g_signal_emit (self, changed_signal, 0, (int) change);
}

static Run *
find_run (LwChartModel *self, guint id)
{
  for (guint i = 0; i < self->runs->len; i++)
    {
      Run *run = g_ptr_array_index (self->runs, i);

      if (run->id == id)
        return run;
    }
  return NULL;
}

static void
push_series (LwChartModel *self, const Run *run)
{
  LwChartSeries series = { run->curve, run->name, run->slot };

  if (run->visible)
    g_array_append_val (self->series, series);
}

static void
rebuild_series (LwChartModel *self)
{
  Run *selected = find_run (self, self->selected);

  g_array_set_size (self->series, 0);
  if (selected)
    push_series (self, selected);
  for (guint i = 0; i < self->runs->len; i++)
    {
      Run *run = g_ptr_array_index (self->runs, i);

      if (run != selected)
        push_series (self, run);
    }
}

static void
apply_plan (LwChartModel *self)
{
  Run *run = find_run (self, self->selected);

  if (run && self->steps_per_epoch > 0)
    lw_curve_set_plan (run->curve, self->steps_per_epoch, self->batch_size);
}

static void
lw_chart_model_finalize (GObject *object)
{
  LwChartModel *self = LW_CHART_MODEL (object);

  g_clear_pointer (&self->runs, g_ptr_array_unref);
  g_clear_pointer (&self->series, g_array_unref);

  G_OBJECT_CLASS (lw_chart_model_parent_class)->finalize (object);
}

static void
lw_chart_model_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  LwChartModel *self = LW_CHART_MODEL (object);

  switch (id)
    {
    case PROP_X_UNIT:
      g_value_set_int (value, (int) self->x_unit);
      break;
    case PROP_LOG_X:
      g_value_set_boolean (value, self->log_x);
      break;
    case PROP_LOG_Y:
      g_value_set_boolean (value, self->log_y);
      break;
    case PROP_SMOOTHING:
      g_value_set_double (value, self->smoothing);
      break;
    case PROP_FOLLOWING:
      g_value_set_boolean (value, self->following);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_chart_model_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  LwChartModel *self = LW_CHART_MODEL (object);

  switch (id)
    {
    case PROP_X_UNIT:
      lw_chart_model_set_x_unit (self, (LwChartXUnit) g_value_get_int (value));
      break;
    case PROP_LOG_X:
      lw_chart_model_set_log_x (self, g_value_get_boolean (value));
      break;
    case PROP_LOG_Y:
      lw_chart_model_set_log_y (self, g_value_get_boolean (value));
      break;
    case PROP_SMOOTHING:
      lw_chart_model_set_smoothing (self, g_value_get_double (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_chart_model_class_init (LwChartModelClass *klass)
{
  GObjectClass    *object_class = G_OBJECT_CLASS (klass);
  GParamFlags      flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = lw_chart_model_finalize;
  object_class->get_property = lw_chart_model_get_property;
  object_class->set_property = lw_chart_model_set_property;

  properties[PROP_X_UNIT] = g_param_spec_int (
      "x-unit", NULL, NULL, LW_CHART_X_STEP, LW_CHART_X_SECONDS, LW_CHART_X_STEP, flags);
  properties[PROP_LOG_X] = g_param_spec_boolean ("log-x", NULL, NULL, FALSE, flags);
  properties[PROP_LOG_Y] = g_param_spec_boolean ("log-y", NULL, NULL, TRUE, flags);
  properties[PROP_SMOOTHING] = g_param_spec_double ("smoothing", NULL, NULL, 0, 0.99, 0.9, flags);
  properties[PROP_FOLLOWING] = g_param_spec_boolean (
      "following", NULL, NULL, TRUE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  changed_signal = g_signal_new ("changed",
                                 G_TYPE_FROM_CLASS (klass),
                                 G_SIGNAL_RUN_LAST,
                                 0,
                                 NULL,
                                 NULL,
                                 g_cclosure_marshal_VOID__INT,
                                 G_TYPE_NONE,
                                 1,
                                 G_TYPE_INT);
}

static void
lw_chart_model_init (LwChartModel *self)
{
  self->runs = g_ptr_array_new_with_free_func (run_free);
  self->series = g_array_new (FALSE, FALSE, sizeof (LwChartSeries));
  self->log_y = TRUE;
  self->smoothing = 0.9;
  self->following = TRUE;
  self->hover_x = NAN;
  self->band_begin = self->band_end = NAN;
}

LwChartModel *
lw_chart_model_new (void)
{
  return g_object_new (LW_TYPE_CHART_MODEL, NULL);
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  const Run *x = *(Run *const *) a, *y = *(Run *const *) b;

  return (x->id < y->id) - (x->id > y->id);
}

void
lw_chart_model_set_run (LwChartModel *self,
                        guint         id,
                        LwHistory    *history,
                        const char   *name,
                        guint         slot)
{
  Run *run;

  g_return_if_fail (LW_IS_CHART_MODEL (self));
  g_return_if_fail (id > 0);
  g_return_if_fail (history != NULL && name != NULL);

  run = find_run (self, id);
  if (run == NULL)
    {
      if (find_run (self, self->selected) == NULL)
        self->selected = id;
      run = g_new0 (Run, 1);
      run->id = id;
      run->visible = TRUE;
      g_ptr_array_add (self->runs, run);
      g_ptr_array_sort (self->runs, compare_ids);
    }
  if (run->curve == NULL || lw_curve_get_history (run->curve) != history)
    {
      g_clear_pointer (&run->curve, lw_curve_free);
      run->curve = lw_curve_new (history);
      lw_curve_set_smoothing (run->curve, self->smoothing);
    }
  run->slot = slot;
  g_free (run->name);
  run->name = g_strdup (name);
  if (id == self->selected)
    apply_plan (self);
  rebuild_series (self);
  emit_changed (self, LW_CHART_CHANGED);
}

static gboolean
is_among (guint id, const guint *ids, guint n)
{
  for (guint i = 0; i < n; i++)
    if (ids[i] == id)
      return TRUE;
  return FALSE;
}

void
lw_chart_model_keep_runs (LwChartModel *self, const guint *ids, guint n)
{
  guint before;

  g_return_if_fail (LW_IS_CHART_MODEL (self));

  before = self->runs->len;
  for (guint i = before; i-- > 0;)
    if (!is_among (((Run *) g_ptr_array_index (self->runs, i))->id, ids, n))
      g_ptr_array_remove_index (self->runs, i);
  if (self->runs->len == before)
    return;
  if (find_run (self, self->selected) == NULL && self->runs->len > 0)
    self->selected = ((Run *) g_ptr_array_index (self->runs, 0))->id;
  rebuild_series (self);
  emit_changed (self, LW_CHART_CHANGED);
}

void
lw_chart_model_set_run_visible (LwChartModel *self, guint id, gboolean visible)
{
  Run *run;

  g_return_if_fail (LW_IS_CHART_MODEL (self));

  run = find_run (self, id);
  if (run == NULL || run->visible == visible)
    return;
  run->visible = visible;
  rebuild_series (self);
  emit_changed (self, LW_CHART_CHANGED);
}

void
lw_chart_model_select_run (LwChartModel *self, guint id)
{
  g_return_if_fail (LW_IS_CHART_MODEL (self));

  if (self->selected == id)
    return;
  self->selected = id;
  rebuild_series (self);
  emit_changed (self, LW_CHART_CHANGED);
}

void
lw_chart_model_set_plan (LwChartModel *self, gint64 steps_per_epoch, int n_epochs, int batch_size)
{
  g_return_if_fail (LW_IS_CHART_MODEL (self));

  self->steps_per_epoch = MAX (steps_per_epoch, 0);
  self->n_epochs = MAX (n_epochs, 0);
  self->batch_size = MAX (batch_size, 0);
  apply_plan (self);
  emit_changed (self, LW_CHART_CHANGED);
}

void
lw_chart_model_set_x_unit (LwChartModel *self, LwChartXUnit x_unit)
{
  g_return_if_fail (LW_IS_CHART_MODEL (self));

  if (self->x_unit == x_unit)
    return;
  self->x_unit = x_unit;
  self->hover_x = NAN;
  self->band_begin = self->band_end = NAN;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_X_UNIT]);
  lw_chart_model_fit (self);
}

LwChartXUnit
lw_chart_model_get_x_unit (LwChartModel *self)
{
  g_return_val_if_fail (LW_IS_CHART_MODEL (self), LW_CHART_X_STEP);

  return self->x_unit;
}

void
lw_chart_model_set_log_x (LwChartModel *self, gboolean log_x)
{
  g_return_if_fail (LW_IS_CHART_MODEL (self));

  log_x = !!log_x;
  if (self->log_x == log_x)
    return;
  self->log_x = log_x;
  self->band_begin = self->band_end = NAN;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOG_X]);
  lw_chart_model_fit (self);
}

gboolean
lw_chart_model_get_log_x (LwChartModel *self)
{
  g_return_val_if_fail (LW_IS_CHART_MODEL (self), FALSE);

  return self->log_x;
}

void
lw_chart_model_set_log_y (LwChartModel *self, gboolean log_y)
{
  g_return_if_fail (LW_IS_CHART_MODEL (self));

  log_y = !!log_y;
  if (self->log_y == log_y)
    return;
  self->log_y = log_y;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOG_Y]);
  emit_changed (self, LW_CHART_CHANGED);
}

gboolean
lw_chart_model_get_log_y (LwChartModel *self)
{
  g_return_val_if_fail (LW_IS_CHART_MODEL (self), FALSE);

  return self->log_y;
}

void
lw_chart_model_set_smoothing (LwChartModel *self, double smoothing)
{
  g_return_if_fail (LW_IS_CHART_MODEL (self));

  smoothing = isfinite (smoothing) ? CLAMP (smoothing, 0.0, 0.99) : 0;
  if (self->smoothing == smoothing)
    return;
  self->smoothing = smoothing;
  for (guint i = 0; i < self->runs->len; i++)
    lw_curve_set_smoothing (((Run *) g_ptr_array_index (self->runs, i))->curve, smoothing);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SMOOTHING]);
  emit_changed (self, LW_CHART_CHANGED);
}

double
lw_chart_model_get_smoothing (LwChartModel *self)
{
  g_return_val_if_fail (LW_IS_CHART_MODEL (self), 0);

  return self->smoothing;
}

gboolean
lw_chart_model_get_following (LwChartModel *self)
{
  g_return_val_if_fail (LW_IS_CHART_MODEL (self), TRUE);

  return self->following;
}

static gboolean
update_curves (LwChartModel *self)
{
  gboolean grown = FALSE;

  for (guint i = 0; i < self->runs->len; i++)
    if (lw_curve_update (((Run *) g_ptr_array_index (self->runs, i))->curve))
      grown = TRUE;
  return grown;
}

gboolean
lw_chart_model_update (LwChartModel *self)
{
  gboolean grown;

  g_return_val_if_fail (LW_IS_CHART_MODEL (self), FALSE);

  grown = update_curves (self);
  if (grown)
    emit_changed (self, LW_CHART_GREW);
  return grown;
}

void
lw_chart_model_settle (LwChartModel *self)
{
  g_return_if_fail (LW_IS_CHART_MODEL (self));

  update_curves (self);
  emit_changed (self, LW_CHART_CHANGED);
}

static void
set_following (LwChartModel *self, gboolean following)
{
  if (self->following == following)
    return;
  self->following = following;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FOLLOWING]);
}

void
lw_chart_model_fit (LwChartModel *self)
{
  g_return_if_fail (LW_IS_CHART_MODEL (self));

  set_following (self, TRUE);
  emit_changed (self, LW_CHART_CHANGED);
}

/* The whole run, whatever is in view. */
static void
fill_whole (LwChartModel *self, LwChart *whole)
{
  lw_chart_init (whole, LW_CHART_LOSS);
  lw_chart_model_fill (self, whole);
  lw_chart_fit_x (whole);
}

static void
fill_shown (LwChartModel *self, LwChart *shown)
{
  lw_chart_init (shown, LW_CHART_LOSS);
  lw_chart_model_fill (self, shown);
}

/* A few steps about a place, in shares of the whole axis. */
static double
narrowest_zoom (LwChartModel *self, const LwChart *whole, double center)
{
  double n_steps = (double) (self->steps_per_epoch * self->n_epochs);
  double width, x;

  for (guint i = 0; i < self->series->len; i++)
    n_steps = MAX (n_steps,
                   (double) lw_curve_get_length (
                       g_array_index (self->series, LwChartSeries, i).curve));
  width = MIN (MIN_ZOOM_STEPS / MAX (n_steps, 1), 1);
  if (!self->log_x)
    return width;
  x = lw_chart_share_to_x (whole, CLAMP (center, 0, 1));
  return MIN (lw_chart_x_to_share (whole, x + width * (whole->x_max - whole->x_min)) - center, 1);
}

/* By shares of the whole axis, on which a logarithmic one is as even as a linear one. */
static void
show (LwChartModel *self, const LwChart *whole, double begin, double width, LwChartChange change)
{
  begin = CLAMP (begin, 0, 1 - width);
  self->x_min = lw_chart_share_to_x (whole, begin);
  self->x_max = lw_chart_share_to_x (whole, begin + width);
  set_following (self, FALSE);
  emit_changed (self, change);
}

/* Shows a part of the whole axis, by shares of it. */
static void
zoom_to_shares (LwChartModel *self, const LwChart *whole, double begin, double end)
{
  double center = (begin + end) / 2;
  double width = CLAMP (fabs (end - begin), narrowest_zoom (self, whole, center), 1);

  if (width >= 0.999)
    lw_chart_model_fit (self);
  else
    show (self, whole, center - width / 2, width, LW_CHART_CHANGED);
}

void
lw_chart_model_zoom (LwChartModel *self, double begin, double end)
{
  LwChart whole;

  g_return_if_fail (LW_IS_CHART_MODEL (self));
  g_return_if_fail (isfinite (begin) && isfinite (end));

  fill_whole (self, &whole);
  /* The logarithm of next to nothing is far away. */
  zoom_to_shares (self,
                  &whole,
                  MAX (lw_chart_x_to_share (&whole, begin), -2),
                  MAX (lw_chart_x_to_share (&whole, end), -2));
}

void
lw_chart_model_zoom_about (LwChartModel *self, double center, double factor)
{
  LwChart shown, whole;
  double  begin, end;

  g_return_if_fail (LW_IS_CHART_MODEL (self));
  g_return_if_fail (isfinite (center) && factor > 0);

  fill_shown (self, &shown);
  fill_whole (self, &whole);
  begin = lw_chart_x_to_share (&whole, shown.x_min);
  end = lw_chart_x_to_share (&whole, shown.x_max);
  center = CLAMP (lw_chart_x_to_share (&whole, center), begin, end);
  zoom_to_shares (self,
                  &whole,
                  center - (center - begin) * factor,
                  center + (end - center) * factor);
}

void
lw_chart_model_pan (LwChartModel *self, double widths, LwChartChange change)
{
  LwChart whole;
  double  begin, width;

  g_return_if_fail (LW_IS_CHART_MODEL (self));
  g_return_if_fail (isfinite (widths));

  if (self->following)
    return;
  fill_whole (self, &whole);
  begin = lw_chart_x_to_share (&whole, self->x_min);
  width = MIN (lw_chart_x_to_share (&whole, self->x_max) - begin, 1);
  show (self, &whole, begin + widths * width, width, change);
}

void
lw_chart_model_set_hover (LwChartModel *self, double x, gconstpointer owner)
{
  const LwCurve *curve;
  gsize index;

  g_return_if_fail (LW_IS_CHART_MODEL (self));

  curve = self->series->len > 0 ? g_array_index (self->series, LwChartSeries, 0).curve : NULL;
  if (!isnan (x) && curve != NULL && lw_curve_find_nearest (curve, self->x_unit, x, &index))
    x = lw_curve_get_x (curve, index, self->x_unit);
  else
    x = NAN; /* there is nothing to read */
  if (isnan (x) && isnan (self->hover_x))
    return;
  if (x == self->hover_x && owner == self->hover_owner)
    return;
  self->hover_x = x;
  self->hover_owner = owner;
  emit_changed (self, LW_CHART_CHANGED);
}

double
lw_chart_model_get_hover (LwChartModel *self, gconstpointer *owner)
{
  g_return_val_if_fail (LW_IS_CHART_MODEL (self), NAN);

  if (owner)
    *owner = self->hover_owner;
  return self->hover_x;
}

gboolean
lw_chart_model_move_hover (LwChartModel *self, int n_steps, gconstpointer owner)
{
  const LwCurve *curve;
  LwChart        shown;
  gsize          first, end, index, length;

  g_return_val_if_fail (LW_IS_CHART_MODEL (self), FALSE);

  if (self->series->len == 0)
    return FALSE;
  curve = g_array_index (self->series, LwChartSeries, 0).curve;
  length = lw_curve_get_length (curve);
  fill_shown (self, &shown);
  first = lw_curve_find (curve, self->x_unit, shown.x_min, 0, NULL);
  end = lw_curve_find (curve, self->x_unit, shown.x_max, first, NULL);
  if (end < length && lw_curve_get_x (curve, end, self->x_unit) <= shown.x_max)
    end++;
  if (first >= end)
    return FALSE;

  if (lw_curve_find_nearest (curve, self->x_unit, self->hover_x, &index))
    index = n_steps < 0 ? index - MIN (index, (gsize) -(gint64) n_steps) : index + (gsize) n_steps;
  else
    index = end - 1;
  index = CLAMP (index, first, end - 1);
  lw_chart_model_set_hover (self, lw_curve_get_x (curve, index, self->x_unit), owner);
  return TRUE;
}

void
lw_chart_model_set_band (LwChartModel *self, double begin, double end)
{
  g_return_if_fail (LW_IS_CHART_MODEL (self));

  if (isnan (begin) && isnan (self->band_begin))
    return;
  self->band_begin = begin;
  self->band_end = end;
  emit_changed (self, LW_CHART_CHANGED);
}

static gboolean
selected_is_visible (LwChartModel *self)
{
  const Run *run = find_run (self, self->selected);

  return run != NULL && run->visible;
}

void
lw_chart_model_fill (LwChartModel *self, LwChart *chart)
{
  g_return_if_fail (LW_IS_CHART_MODEL (self));
  g_return_if_fail (chart != NULL);

  chart->series = (const LwChartSeries *) (gpointer) self->series->data;
  chart->n_series = self->series->len;
  chart->selected = selected_is_visible (self) ? 0 : -1;
  chart->steps_per_epoch = self->steps_per_epoch;
  chart->n_epochs = self->n_epochs;
  chart->batch_size = self->batch_size;
  chart->x_unit = self->x_unit;
  chart->log_x = self->log_x;
  chart->log_y = self->log_y && chart->metric == LW_CHART_LOSS;
  chart->hover_x = self->hover_x;
  chart->band_begin = self->band_begin;
  chart->band_end = self->band_end;
  chart->x_min = self->x_min;
  chart->x_max = self->x_max;
  if (self->following)
    lw_chart_fit_x (chart);
}
