#include "ui/train/chart-pane.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/charts/chart-stack.h"
#include "ui/train/runs-list.h"
#include "ui/train/train-hint.h"
#include "ui/ui-resources.h"

struct _LwChartPane {
  GtkWidget parent_instance;

  /* owned */
  LwChartModel *model;
  GListModel *runs;
  GPtrArray *watched; /* the items of runs */

  gboolean low;
  gboolean narrow;

  /* template */
  GtkWidget *content;
  GtkBox *toolbar;
  GtkToggleButton *step;
  GtkToggleButton *epoch;
  GtkToggleButton *time;
  GtkToggleButton *log_y;
  GtkWidget *smoothing_room;
  GtkWidget *smoothing_label;
  GtkWidget *smoothing;
  GtkAdjustment *adjustment;
  GtkLabel *smoothing_value;
  GtkWidget *fit;
  LwChartStack *charts;
  GtkCheckButton *show_loss;
  GtkCheckButton *show_accuracy;
  GtkCheckButton *show_rate;
  GtkWidget *crowded;
  GtkCheckButton *log_x;
  LwTrainHint *hint;
  GtkMenuButton *runs_button;
  LwRunsList *runs_list;
  LwRunsList *folded_list; /* in the popover */
};

enum {
  PROP_0,
  PROP_LOW,
  PROP_NARROW,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LwChartPane, lw_chart_pane, GTK_TYPE_WIDGET)

static void
on_unit_toggled (LwChartPane *self, GtkToggleButton *button)
{
  if (self->model == NULL || !gtk_toggle_button_get_active (button))
    return;
  lw_chart_model_set_x_unit (self->model, button == self->epoch  ? LW_CHART_X_EPOCH
                                          : button == self->time ? LW_CHART_X_SECONDS
                                                                 : LW_CHART_X_STEP);
}

static void
on_unit_changed (LwChartPane *self)
{
  switch (lw_chart_model_get_x_unit (self->model))
    {
    case LW_CHART_X_EPOCH:
      gtk_toggle_button_set_active (self->epoch, TRUE);
      break;
    case LW_CHART_X_SECONDS:
      gtk_toggle_button_set_active (self->time, TRUE);
      break;
    case LW_CHART_X_STEP:
    default:
      gtk_toggle_button_set_active (self->step, TRUE);
      break;
    }
}

static void
on_fit_clicked (LwChartPane *self)
{
  lw_chart_model_fit (self->model);
}

static GtkCheckButton *
chart_check (LwChartPane *self, LwChartMetric metric)
{
  return metric == LW_CHART_LOSS       ? self->show_loss
         : metric == LW_CHART_ACCURACY ? self->show_accuracy
                                       : self->show_rate;
}

static void
on_chart_toggled (LwChartPane *self, GtkCheckButton *button)
{
  for (int i = 0; i < LW_CHART_N_METRICS; i++)
    if (button == chart_check (self, (LwChartMetric) i))
      lw_chart_stack_set_wanted (self->charts, (LwChartMetric) i,
                                 gtk_check_button_get_active (button));
}

/* The last chart cannot be turned off. */
static void
on_charts_changed (LwChartPane *self)
{
  guint n = lw_chart_stack_get_n_wanted (self->charts);

  for (int i = 0; i < LW_CHART_N_METRICS; i++)
    {
      GtkCheckButton *check = chart_check (self, (LwChartMetric) i);
      gboolean wanted = lw_chart_stack_get_wanted (self->charts, (LwChartMetric) i);

      gtk_check_button_set_active (check, wanted);
      gtk_widget_set_sensitive (GTK_WIDGET (check), !wanted || n > 1);
    }
}

/* A moving average that keeps s of the past reaches back about 1 / (1 - s) batches. */
static char *
describe_reach (double smoothing)
{
  guint n = (guint) lround (1 / (1 - MIN (smoothing, 0.99)));

  if (smoothing < 0.005)
    return g_strdup (_("every batch by itself"));
  if (n < 2)
    return g_strdup (_("between 1 and 2 batches"));
  return g_strdup_printf (ngettext ("about %u batch", "about %u batches", n), n);
}

static void
update_smoothing (LwChartPane *self)
{
  double smoothing = lw_chart_model_get_smoothing (self->model);
  g_autofree char *value = g_strdup_printf ("%.2f", smoothing);
  g_autofree char *reach = describe_reach (smoothing);
  g_autofree char *tooltip = g_strdup_printf (_("Smoothing: %s"), reach);
  g_autofree char *spoken = g_strdup_printf ("%s, %s", value, reach);

  gtk_label_set_text (self->smoothing_value, value);
  gtk_widget_set_tooltip_text (self->smoothing, tooltip);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->smoothing_value), tooltip);
  gtk_widget_set_tooltip_text (self->smoothing_label, tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->smoothing),
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, spoken, -1);
}

static void
on_visible_changed (LwRunItem *item, GParamSpec *pspec, LwChartPane *self)
{
  lw_chart_model_set_run_visible (self->model, lw_run_item_get_id (item),
                                  lw_run_item_get_visible (item));
}

static void
update_runs_button (LwChartPane *self)
{
  gboolean any = self->runs != NULL && g_list_model_get_n_items (self->runs) > 0;

  gtk_widget_set_visible (GTK_WIDGET (self->runs_button), self->low && any);
}

static void
watch_runs (LwChartPane *self)
{
  guint n = self->runs != NULL ? g_list_model_get_n_items (self->runs) : 0;

  update_runs_button (self);
  for (guint i = 0; i < self->watched->len; i++)
    g_signal_handlers_disconnect_by_data (g_ptr_array_index (self->watched, i), self);
  g_ptr_array_set_size (self->watched, 0);

  for (guint i = 0; i < n; i++)
    {
      LwRunItem *item = g_list_model_get_item (self->runs, i);

      g_ptr_array_add (self->watched, item);
      g_signal_connect (item, "notify::visible", G_CALLBACK (on_visible_changed), self);
      on_visible_changed (item, NULL, self);
    }
}

void
lw_chart_pane_set_runs (LwChartPane *self, GListModel *runs)
{
  g_return_if_fail (LW_IS_CHART_PANE (self));
  g_return_if_fail (runs == NULL || G_IS_LIST_MODEL (runs));

  if (self->runs == runs)
    return;
  if (self->runs != NULL)
    g_signal_handlers_disconnect_by_data (self->runs, self);
  g_set_object (&self->runs, runs);
  if (runs != NULL)
    g_signal_connect_swapped (runs, "items-changed", G_CALLBACK (watch_runs), self);
  watch_runs (self);
  lw_runs_list_set_model (self->runs_list, runs);
  lw_runs_list_set_model (self->folded_list, runs);
}

LwChartStack *
lw_chart_pane_get_charts (LwChartPane *self)
{
  g_return_val_if_fail (LW_IS_CHART_PANE (self), NULL);

  return self->charts;
}

LwChartModel *
lw_chart_pane_get_model (LwChartPane *self)
{
  g_return_val_if_fail (LW_IS_CHART_PANE (self), NULL);

  return self->model;
}

void
lw_chart_pane_set_hint (LwChartPane *self, const char *sentence)
{
  g_return_if_fail (LW_IS_CHART_PANE (self));

  lw_train_hint_set_sentence (self->hint, sentence);
}

void
lw_chart_pane_set_selected_run (LwChartPane *self, guint id)
{
  g_return_if_fail (LW_IS_CHART_PANE (self));

  lw_runs_list_set_selected (self->runs_list, id);
  lw_runs_list_set_selected (self->folded_list, id);
}

void
lw_chart_pane_grab_chart_focus (LwChartPane *self)
{
  g_return_if_fail (LW_IS_CHART_PANE (self));

  gtk_widget_grab_focus (GTK_WIDGET (self->charts));
}

void
lw_chart_pane_add_start_button (LwChartPane *self, GtkWidget *button)
{
  g_return_if_fail (LW_IS_CHART_PANE (self));

  gtk_box_prepend (self->toolbar, button);
}

void
lw_chart_pane_add_end_button (LwChartPane *self, GtkWidget *button)
{
  g_return_if_fail (LW_IS_CHART_PANE (self));

  gtk_box_append (self->toolbar, button);
}

gboolean
lw_chart_pane_get_low (LwChartPane *self)
{
  g_return_val_if_fail (LW_IS_CHART_PANE (self), FALSE);

  return self->low;
}

void
lw_chart_pane_set_low (LwChartPane *self, gboolean low)
{
  g_return_if_fail (LW_IS_CHART_PANE (self));

  low = !!low;
  if (self->low == low)
    return;
  self->low = low;
  lw_chart_stack_set_low (self->charts, low);
  gtk_widget_set_visible (GTK_WIDGET (self->runs_list), !low);
  update_runs_button (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOW]);
}

gboolean
lw_chart_pane_get_narrow (LwChartPane *self)
{
  g_return_val_if_fail (LW_IS_CHART_PANE (self), FALSE);

  return self->narrow;
}

void
lw_chart_pane_set_narrow (LwChartPane *self, gboolean narrow)
{
  g_return_if_fail (LW_IS_CHART_PANE (self));

  narrow = !!narrow;
  if (self->narrow == narrow)
    return;
  self->narrow = narrow;
  gtk_widget_set_visible (self->smoothing_room, !narrow);
  gtk_box_set_spacing (self->toolbar, narrow ? 6 : 12);
  lw_runs_list_set_narrow (self->runs_list, narrow);
  if (narrow)
    gtk_widget_add_css_class (GTK_WIDGET (self), "narrow");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "narrow");
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NARROW]);
}

static void
lw_chart_pane_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  LwChartPane *self = LW_CHART_PANE (object);

  switch (id)
    {
    case PROP_LOW:
      g_value_set_boolean (value, self->low);
      break;
    case PROP_NARROW:
      g_value_set_boolean (value, self->narrow);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_chart_pane_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  LwChartPane *self = LW_CHART_PANE (object);

  switch (id)
    {
    case PROP_LOW:
      lw_chart_pane_set_low (self, g_value_get_boolean (value));
      break;
    case PROP_NARROW:
      lw_chart_pane_set_narrow (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_chart_pane_dispose (GObject *object)
{
  LwChartPane *self = LW_CHART_PANE (object);

  if (self->runs_list != NULL)
    lw_chart_pane_set_runs (self, NULL);
  self->folded_list = NULL;
  if (self->model != NULL)
    g_signal_handlers_disconnect_by_data (self->model, self);
  self->runs_list = NULL;
  g_clear_pointer (&self->content, gtk_widget_unparent);
  g_clear_object (&self->model);

  G_OBJECT_CLASS (lw_chart_pane_parent_class)->dispose (object);
}

static void
lw_chart_pane_finalize (GObject *object)
{
  g_clear_pointer (&LW_CHART_PANE (object)->watched, g_ptr_array_unref);
  G_OBJECT_CLASS (lw_chart_pane_parent_class)->finalize (object);
}

static void
lw_chart_pane_class_init (LwChartPaneClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = lw_chart_pane_get_property;
  object_class->set_property = lw_chart_pane_set_property;
  object_class->dispose = lw_chart_pane_dispose;
  object_class->finalize = lw_chart_pane_finalize;

  properties[PROP_LOW] = g_param_spec_boolean ("low", NULL, NULL, FALSE, flags);
  properties[PROP_NARROW] = g_param_spec_boolean ("narrow", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (ADW_TYPE_SQUEEZER);
  g_type_ensure (LW_TYPE_CHART_STACK);
  g_type_ensure (LW_TYPE_RUNS_LIST);
  g_type_ensure (LW_TYPE_TRAIN_HINT);
  lw_ui_resources_ensure ();
  gtk_widget_class_set_template_from_resource (widget_class,
                                               LW_UI_RESOURCE_PREFIX "/train/chart-pane.ui");
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, content);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, toolbar);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, step);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, epoch);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, time);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, log_y);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, smoothing_room);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, smoothing_label);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, smoothing);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, adjustment);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, smoothing_value);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, fit);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, charts);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, show_loss);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, show_accuracy);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, show_rate);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, crowded);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, log_x);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, hint);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, runs_button);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, runs_list);
  gtk_widget_class_bind_template_child (widget_class, LwChartPane, folded_list);
  gtk_widget_class_bind_template_callback (widget_class, on_unit_toggled);
  gtk_widget_class_bind_template_callback (widget_class, on_fit_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_chart_toggled);
  gtk_widget_class_set_css_name (widget_class, "chartpane");
}

static void
lw_chart_pane_init (LwChartPane *self)
{
  const GBindingFlags both = G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL;

  self->watched = g_ptr_array_new_with_free_func (g_object_unref);
  gtk_widget_init_template (GTK_WIDGET (self));

  self->model = g_object_ref (lw_chart_stack_get_model (self->charts));
  g_signal_connect_object (self->charts, "notify::charts", G_CALLBACK (on_charts_changed), self,
                           G_CONNECT_SWAPPED);
  g_object_bind_property (self->charts, "crowded", self->crowded, "visible", G_BINDING_SYNC_CREATE);
  on_charts_changed (self);

  g_object_bind_property (self->model, "log-x", self->log_x, "active", both);
  g_object_bind_property (self->model, "log-y", self->log_y, "active", both);
  g_object_bind_property (self->model, "smoothing", self->adjustment, "value", both);
  g_object_bind_property (self->model, "following", self->fit, "sensitive",
                          G_BINDING_SYNC_CREATE | G_BINDING_INVERT_BOOLEAN);
  g_signal_connect_swapped (self->model, "notify::smoothing", G_CALLBACK (update_smoothing), self);
  g_signal_connect_swapped (self->model, "notify::x-unit", G_CALLBACK (on_unit_changed), self);
  update_smoothing (self);
}

GtkWidget *
lw_chart_pane_new (void)
{
  return g_object_new (LW_TYPE_CHART_PANE, NULL);
}
