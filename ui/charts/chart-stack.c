#include "ui/charts/chart-stack.h"

#include <string.h>

struct _LwChartStack {
  GtkWidget parent_instance;

  /* owned */
  LwChartModel *model;

  LwChartView  *views[LW_CHART_N_METRICS];
  gboolean      wanted[LW_CHART_N_METRICS];
  LwChartMetric newest; /* asked for last */
  gboolean      low;
};

enum {
  PROP_0,
  PROP_CHARTS,
  PROP_LOW,
  PROP_CROWDED,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static const char *const names[LW_CHART_N_METRICS] = { "loss", "accuracy", "rate" };

/* Rows of the grid, from the first chart shown to the last: the upper ones need the most. */
static const int heights[LW_CHART_N_METRICS] = { 5, 4, 4 };

G_DEFINE_FINAL_TYPE (LwChartStack, lw_chart_stack, GTK_TYPE_WIDGET)

guint
lw_chart_stack_get_n_wanted (LwChartStack *self)
{
  guint n = 0;

  g_return_val_if_fail (LW_IS_CHART_STACK (self), 0);

  for (int i = 0; i < LW_CHART_N_METRICS; i++)
    n += self->wanted[i];
  return n;
}

gboolean
lw_chart_stack_get_crowded (LwChartStack *self)
{
  g_return_val_if_fail (LW_IS_CHART_STACK (self), FALSE);

  return self->low && lw_chart_stack_get_n_wanted (self) == LW_CHART_N_METRICS;
}

guint
lw_chart_stack_get_shown (LwChartStack *self, LwChartMetric metrics[LW_CHART_N_METRICS])
{
  guint n = 0;
  int   left_out = -1;

  g_return_val_if_fail (LW_IS_CHART_STACK (self), 0);

  if (lw_chart_stack_get_crowded (self))
    left_out = self->newest == LW_CHART_RATE ? LW_CHART_ACCURACY : LW_CHART_RATE;
  for (int i = 0; i < LW_CHART_N_METRICS; i++)
    if (self->wanted[i] && i != left_out)
      metrics[n++] = (LwChartMetric) i;
  return n;
}

static void
arrange (LwChartStack *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));
  LwChartMetric     shown[LW_CHART_N_METRICS];
  guint             n = lw_chart_stack_get_shown (self, shown);
  int               row = 0;

  for (int i = 0; i < LW_CHART_N_METRICS; i++)
    {
      gboolean is_shown = FALSE;

      for (guint k = 0; k < n; k++)
        is_shown = is_shown || shown[k] == (LwChartMetric) i;
      gtk_widget_set_visible (GTK_WIDGET (self->views[i]), is_shown);
    }
  for (guint k = 0; k < n; k++)
    {
      LwChartView    *view = self->views[shown[k]];
      GtkLayoutChild *place = gtk_layout_manager_get_layout_child (layout, GTK_WIDGET (view));

      g_object_set (place, "row", row, "row-span", heights[k], NULL);
      row += heights[k];
      lw_chart_view_set_show_epoch_labels (view, k == 0);
      lw_chart_view_set_show_legend (view, k == 0 && self->low);
      lw_chart_view_set_show_axis_title (view, k == n - 1 && !self->low);
    }
}

static void
changed (LwChartStack *self)
{
  arrange (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CHARTS]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CROWDED]);
}

void
lw_chart_stack_set_wanted (LwChartStack *self, LwChartMetric metric, gboolean wanted)
{
  g_return_if_fail (LW_IS_CHART_STACK (self));
  g_return_if_fail (metric < LW_CHART_N_METRICS);

  wanted = !!wanted;
  if (self->wanted[metric] == wanted || (!wanted && lw_chart_stack_get_n_wanted (self) == 1))
    return;
  self->wanted[metric] = wanted;
  if (wanted)
    self->newest = metric;
  changed (self);
}

gboolean
lw_chart_stack_get_wanted (LwChartStack *self, LwChartMetric metric)
{
  g_return_val_if_fail (LW_IS_CHART_STACK (self), FALSE);
  g_return_val_if_fail (metric < LW_CHART_N_METRICS, FALSE);

  return self->wanted[metric];
}

static char **
list_charts (LwChartStack *self)
{
  GStrvBuilder *builder = g_strv_builder_new ();
  char        **list;

  for (int i = 0; i < LW_CHART_N_METRICS; i++)
    if (self->wanted[i])
      g_strv_builder_add (builder, names[i]);
  list = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return list;
}

static void
set_charts (LwChartStack *self, const char *const *list)
{
  gboolean wanted[LW_CHART_N_METRICS];
  gboolean any = FALSE;

  for (int i = 0; i < LW_CHART_N_METRICS; i++)
    {
      wanted[i] = list != NULL && g_strv_contains (list, names[i]);
      any = any || wanted[i];
    }
  if (!any || memcmp (wanted, self->wanted, sizeof wanted) == 0)
    return;
  memcpy (self->wanted, wanted, sizeof wanted);
  changed (self);
}

gboolean
lw_chart_stack_get_low (LwChartStack *self)
{
  g_return_val_if_fail (LW_IS_CHART_STACK (self), FALSE);

  return self->low;
}

void
lw_chart_stack_set_low (LwChartStack *self, gboolean low)
{
  g_return_if_fail (LW_IS_CHART_STACK (self));

  low = !!low;
  if (self->low == low)
    return;
  self->low = low;
  arrange (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOW]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CROWDED]);
}

LwChartModel *
lw_chart_stack_get_model (LwChartStack *self)
{
  g_return_val_if_fail (LW_IS_CHART_STACK (self), NULL);

  return self->model;
}

LwChartView *
lw_chart_stack_get_view (LwChartStack *self, LwChartMetric metric)
{
  g_return_val_if_fail (LW_IS_CHART_STACK (self), NULL);
  g_return_val_if_fail (metric < LW_CHART_N_METRICS, NULL);

  return self->views[metric];
}

/* Any chart may have the focus, but only those shown. A focus that Shift+Tab takes out of the charts comes by
 * here on its way, and is not to be held. */
static gboolean
lw_chart_stack_grab_focus (GtkWidget *widget)
{
  LwChartStack *self = LW_CHART_STACK (widget);
  LwChartMetric shown[LW_CHART_N_METRICS];
  GtkRoot *root = gtk_widget_get_root (widget);
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  if (focus != NULL && gtk_widget_is_ancestor (focus, widget))
    return FALSE;
  lw_chart_stack_get_shown (self, shown);
  return gtk_widget_grab_focus (GTK_WIDGET (self->views[shown[0]]));
}

static void
lw_chart_stack_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  LwChartStack *self = LW_CHART_STACK (object);

  switch (id)
    {
    case PROP_CHARTS:
      g_value_take_boxed (value, list_charts (self));
      break;
    case PROP_LOW:
      g_value_set_boolean (value, self->low);
      break;
    case PROP_CROWDED:
      g_value_set_boolean (value, lw_chart_stack_get_crowded (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_chart_stack_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  LwChartStack *self = LW_CHART_STACK (object);

  switch (id)
    {
    case PROP_CHARTS:
      set_charts (self, g_value_get_boxed (value));
      break;
    case PROP_LOW:
      lw_chart_stack_set_low (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_chart_stack_dispose (GObject *object)
{
  LwChartStack *self = LW_CHART_STACK (object);

  for (int i = 0; i < LW_CHART_N_METRICS; i++)
    if (self->views[i] != NULL)
      {
        gtk_widget_unparent (GTK_WIDGET (self->views[i]));
        self->views[i] = NULL;
      }
  g_clear_object (&self->model);
  G_OBJECT_CLASS (lw_chart_stack_parent_class)->dispose (object);
}

static void
lw_chart_stack_class_init (LwChartStackClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass   *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = lw_chart_stack_get_property;
  object_class->set_property = lw_chart_stack_set_property;
  object_class->dispose = lw_chart_stack_dispose;
  widget_class->grab_focus = lw_chart_stack_grab_focus;

  properties[PROP_CHARTS] = g_param_spec_boxed ("charts", NULL, NULL, G_TYPE_STRV, flags);
  properties[PROP_LOW] = g_param_spec_boolean ("low", NULL, NULL, FALSE, flags);
  properties[PROP_CROWDED] = g_param_spec_boolean (
      "crowded", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_css_name (widget_class, "chartstack");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_GRID_LAYOUT);
}

static void
lw_chart_stack_init (LwChartStack *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));

  gtk_grid_layout_set_row_homogeneous (GTK_GRID_LAYOUT (layout), TRUE);
  gtk_widget_add_css_class (GTK_WIDGET (self), "view");
  self->model = lw_chart_model_new ();
  self->wanted[LW_CHART_LOSS] = self->wanted[LW_CHART_ACCURACY] = TRUE;
  for (int i = 0; i < LW_CHART_N_METRICS; i++)
    {
      self->views[i] = LW_CHART_VIEW (lw_chart_view_new (self->model, (LwChartMetric) i));
      gtk_widget_set_parent (GTK_WIDGET (self->views[i]), GTK_WIDGET (self));
    }
  arrange (self);
}

GtkWidget *
lw_chart_stack_new (void)
{
  return g_object_new (LW_TYPE_CHART_STACK, NULL);
}
