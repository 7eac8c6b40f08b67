#include "ui/train/presenter.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/charts/chart-view.h"
#include "ui/train/presenter-figure.h"
#include "ui/train/run-item.h"
#include "ui/train/run-swatch.h"
#include "ui/train/train-hint.h"
#include "ui/ui-resources.h"

#define FACTOR 1.75
#define SWATCH_FACTOR 2
#define LEAVE_HINT_SECONDS 3
/* Pixels; a pointer that trembles has not moved. */
#define MOVED 4

#define LEAST_WIDTH 960
#define LEAST_HEIGHT 600

/* From here on there is room for gaps; without them all of it stands on a screen of 1024 × 640. */
#define HEIGHT_ROOMY 780

/* By how much everything grows, so that the last row reads a large screen as well as a small one. */
static const struct {
  int width, height;
  double factor;
  const char *css_class;
} sizes[] = {
  { 0, 0, FACTOR, NULL },
  { 1700, 1000, FACTOR * 1.35, "large" },
  { 2300, 1350, FACTOR * 1.8, "huge" },
};

struct _LwPresenter {
  GtkWidget parent_instance;

  /* owned */
  LwChartModel *model;
  GListModel *runs;
  GPtrArray *watched; /* the items of runs */

  guint size; /* index of sizes */
  guint n_shown; /* names, with the line that counts the others */
  guint fit_id;
  guint leave_id;
  double pointer_x, pointer_y; /* where it was last seen to move */
  gboolean reads_by_key;

  LwChartView *views[2]; /* by metric */
  LwPresenterFigure *figures_shown[LW_PRESENTER_N_FIGURES];

  /* template */
  GtkWidget *content;
  GtkStack *charts;
  LwTrainHint *hint;
  GtkBox *figures;
  GtkWidget *room;
  GtkBox *names;
  GtkToggleButton *loss_button;
  GtkToggleButton *accuracy_button;
  LwStatusLine *status;
  GtkRevealer *leave_hint;
};

enum {
  PROP_0,
  PROP_CHART_MODEL,
  PROP_RUNS,
  PROP_METRIC,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LwPresenter, lw_presenter, GTK_TYPE_WIDGET)

/* -- the chart -- */

LwChartMetric
lw_presenter_get_metric (LwPresenter *self)
{
  g_return_val_if_fail (LW_IS_PRESENTER (self), LW_CHART_LOSS);

  return gtk_toggle_button_get_active (self->loss_button) ? LW_CHART_LOSS : LW_CHART_ACCURACY;
}

void
lw_presenter_set_metric (LwPresenter *self, LwChartMetric metric)
{
  g_return_if_fail (LW_IS_PRESENTER (self));

  gtk_toggle_button_set_active (metric == LW_CHART_LOSS ? self->loss_button : self->accuracy_button, TRUE);
}

void
lw_presenter_grab_chart_focus (LwPresenter *self)
{
  g_return_if_fail (LW_IS_PRESENTER (self));

  gtk_widget_grab_focus (GTK_WIDGET (self->views[lw_presenter_get_metric (self)]));
}

static void
on_metric_toggled (LwPresenter *self)
{
  LwChartMetric metric = lw_presenter_get_metric (self);

  if (self->views[metric] == NULL)
    return;
  gtk_stack_set_visible_child (self->charts, GTK_WIDGET (self->views[metric]));
  lw_presenter_grab_chart_focus (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_METRIC]);
}

/* -- the names of the runs -- */

static gboolean
is_shown (LwPresenter *self, guint i)
{
  return lw_run_item_get_visible (g_ptr_array_index (self->watched, i));
}

static void
add_name (LwPresenter *self, LwRunItem *item)
{
  GtkWidget *row = g_object_new (GTK_TYPE_BOX, "spacing", 12, "accessible-role",
                                 GTK_ACCESSIBLE_ROLE_LIST_ITEM, NULL);
  GtkWidget *swatch = lw_run_swatch_new ();
  GtkWidget *label = gtk_label_new (NULL);

  lw_run_swatch_set_factor (LW_RUN_SWATCH (swatch), SWATCH_FACTOR / FACTOR * sizes[self->size].factor);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  g_object_bind_property (item, "slot", swatch, "slot", G_BINDING_SYNC_CREATE);
  g_object_bind_property (item, "name", label, "label", G_BINDING_SYNC_CREATE);
  gtk_accessible_update_relation (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_RELATION_LABELLED_BY, label, NULL, -1);
  gtk_widget_add_css_class (row, "presenter-run");
  gtk_box_append (GTK_BOX (row), swatch);
  gtk_box_append (GTK_BOX (row), label);
  gtk_box_append (self->names, row);
}

/* The newest visible runs, and how many more there are where not all have room. */
static void
fill_names (LwPresenter *self)
{
  guint n_visible = 0, n_added = 0, n_names;
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->names))) != NULL)
    gtk_box_remove (self->names, child);
  for (guint i = 0; i < self->watched->len; i++)
    n_visible += (guint) is_shown (self, i);
  n_names = n_visible <= self->n_shown ? n_visible : self->n_shown - 1;

  for (guint i = 0; i < self->watched->len && n_added < n_names; i++)
    if (is_shown (self, i))
      {
        add_name (self, g_ptr_array_index (self->watched, i));
        n_added++;
      }
  if (n_added < n_visible)
    {
      guint n = n_visible - n_added;
      g_autofree char *text = g_strdup_printf (n_added > 0 ? ngettext ("and %u more", "and %u more", n)
                                                           : ngettext ("%u run", "%u runs", n), n);
      GtkWidget *label = gtk_label_new (text);

      gtk_label_set_xalign (GTK_LABEL (label), 0);
      gtk_widget_add_css_class (label, "presenter-run");
      gtk_widget_add_css_class (label, "dim-label");
      gtk_box_append (self->names, label);
    }
}

static void
unwatch_runs (LwPresenter *self)
{
  for (guint i = 0; i < self->watched->len; i++)
    g_signal_handlers_disconnect_by_data (g_ptr_array_index (self->watched, i), self);
  g_ptr_array_set_size (self->watched, 0);
}

static void
watch_runs (LwPresenter *self)
{
  unwatch_runs (self);
  for (guint i = 0; i < g_list_model_get_n_items (self->runs); i++)
    {
      LwRunItem *item = g_list_model_get_item (self->runs, i);

      g_ptr_array_add (self->watched, item);
      g_signal_connect_swapped (item, "notify::visible", G_CALLBACK (fill_names), self);
    }
  fill_names (self);
}

/* -- fitting the screen -- */

static guint
size_for (int width, int height)
{
  guint size = G_N_ELEMENTS (sizes) - 1;

  while (size > 0 && (width < sizes[size].width || height < sizes[size].height))
    size--;
  return size;
}

static void
set_size (LwPresenter *self, guint size)
{
  if (sizes[self->size].css_class != NULL)
    gtk_widget_remove_css_class (GTK_WIDGET (self), sizes[self->size].css_class);
  self->size = size;
  if (sizes[size].css_class != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self), sizes[size].css_class);
  for (guint i = 0; i < G_N_ELEMENTS (self->views); i++)
    lw_chart_view_set_factor (self->views[i], sizes[size].factor);
}

static guint
n_that_fit (LwPresenter *self)
{
  GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->names));
  int height;

  if (row == NULL)
    return 1;
  gtk_widget_measure (row, GTK_ORIENTATION_VERTICAL, -1, NULL, &height, NULL, NULL);
  return (guint) MAX (gtk_widget_get_height (self->room) / MAX (height, 1), 1);
}

static gboolean
on_fit_idle (gpointer user_data)
{
  LwPresenter *self = user_data;
  guint size = size_for (gtk_widget_get_width (GTK_WIDGET (self)), gtk_widget_get_height (GTK_WIDGET (self)));
  gboolean roomy = gtk_widget_get_height (GTK_WIDGET (self)) >= HEIGHT_ROOMY;
  guint n;

  self->fit_id = 0;
  if (roomy)
    gtk_widget_add_css_class (GTK_WIDGET (self), "roomy");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "roomy");
  if (size != self->size)
    {
      /* The names are counted once that has been laid out. */
      set_size (self, size);
      fill_names (self);
      return G_SOURCE_REMOVE;
    }
  n = n_that_fit (self);
  if (n != self->n_shown)
    {
      self->n_shown = n;
      fill_names (self);
    }
  return G_SOURCE_REMOVE;
}

static void
lw_presenter_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                      int *minimum_baseline, int *natural_baseline)
{
  LwPresenter *self = LW_PRESENTER (widget);

  gtk_widget_measure (self->content, orientation, for_size, minimum, natural, NULL, NULL);
  /* On a smaller screen its parts will be smaller. */
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    *minimum = MIN (*minimum, LEAST_WIDTH);
  else
    *minimum = MIN (*minimum, LEAST_HEIGHT);
  *minimum_baseline = *natural_baseline = -1;
}

/* Not while it is being allocated: other sizes ask for another layout. */
static void
lw_presenter_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  LwPresenter *self = LW_PRESENTER (widget);

  int least_width, least_height;

  gtk_widget_measure (self->content, GTK_ORIENTATION_HORIZONTAL, -1, &least_width, NULL, NULL, NULL);
  width = MAX (width, least_width);
  gtk_widget_measure (self->content, GTK_ORIENTATION_VERTICAL, width, &least_height, NULL, NULL, NULL);
  gtk_widget_allocate (self->content, width, MAX (height, least_height), baseline, NULL);
  if (self->fit_id == 0)
    self->fit_id = g_idle_add_full (G_PRIORITY_HIGH_IDLE, on_fit_idle, self, NULL);
}

/* -- how to leave -- */

static gboolean
on_leave_timeout (gpointer user_data)
{
  LwPresenter *self = user_data;

  self->leave_id = 0;
  gtk_revealer_set_reveal_child (self->leave_hint, FALSE);
  /* A pointer that was left lying on the chart does not mean to read it. */
  if (!self->reads_by_key)
    lw_chart_model_set_hover (self->model, NAN, NULL);
  return G_SOURCE_REMOVE;
}

/* Gone for assistive technology as well. */
static void
on_leave_hint_revealed (LwPresenter *self)
{
  if (!gtk_revealer_get_reveal_child (self->leave_hint) && !gtk_revealer_get_child_revealed (self->leave_hint))
    gtk_widget_set_visible (GTK_WIDGET (self->leave_hint), FALSE);
}

static void
show_leave_hint (LwPresenter *self)
{
  g_clear_handle_id (&self->leave_id, g_source_remove);
  gtk_widget_set_visible (GTK_WIDGET (self->leave_hint), TRUE);
  self->leave_id = g_timeout_add_seconds (LEAVE_HINT_SECONDS, on_leave_timeout, self);
  gtk_revealer_set_reveal_child (self->leave_hint, TRUE);
}

/* GTK makes up a motion where widgets come and go below a pointer at rest. */
static void
on_motion (LwPresenter *self, double x, double y)
{
  if (ABS (x - self->pointer_x) < MOVED && ABS (y - self->pointer_y) < MOVED)
    return;
  self->pointer_x = x;
  self->pointer_y = y;
  self->reads_by_key = FALSE;
  show_leave_hint (self);
}

/* Before the chart, which would take the first Escape for its reading line. */
static gboolean
on_key (LwPresenter *self, guint key, guint code, GdkModifierType state)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;
  GdkModifierType modifiers = state & gtk_accelerator_get_default_mod_mask ();

  self->reads_by_key = TRUE;
  if (key == GDK_KEY_Escape && modifiers == 0)
    gtk_widget_activate_action (GTK_WIDGET (self), "win.presenter", NULL);
  else if ((key == GDK_KEY_Tab || key == GDK_KEY_KP_Tab || key == GDK_KEY_ISO_Left_Tab)
           && (modifiers & ~GDK_SHIFT_MASK) == 0 && focus != NULL && LW_IS_CHART_VIEW (focus))
    lw_presenter_set_metric (self, lw_presenter_get_metric (self) == LW_CHART_LOSS ? LW_CHART_ACCURACY
                                                                                   : LW_CHART_LOSS);
  else
    return GDK_EVENT_PROPAGATE;
  return GDK_EVENT_STOP;
}

static void
lw_presenter_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (lw_presenter_parent_class)->map (widget);
  show_leave_hint (LW_PRESENTER (widget));
}

/* -- what it shows -- */

LwStatusLine *
lw_presenter_get_status_line (LwPresenter *self)
{
  g_return_val_if_fail (LW_IS_PRESENTER (self), NULL);

  return self->status;
}

void
lw_presenter_set_hint (LwPresenter *self, const char *sentence)
{
  g_return_if_fail (LW_IS_PRESENTER (self));

  lw_train_hint_set_sentence (self->hint, sentence);
}

void
lw_presenter_set_figure (LwPresenter *self, guint i, const char *title, const char *value, const char *caption)
{
  g_return_if_fail (LW_IS_PRESENTER (self));
  g_return_if_fail (i < LW_PRESENTER_N_FIGURES);

  lw_presenter_figure_set (self->figures_shown[i], title, value, caption);
}

/* -- the object -- */

static void
lw_presenter_constructed (GObject *object)
{
  LwPresenter *self = LW_PRESENTER (object);

  G_OBJECT_CLASS (lw_presenter_parent_class)->constructed (object);

  for (LwChartMetric metric = LW_CHART_LOSS; metric <= LW_CHART_ACCURACY; metric++)
    {
      LwChartView *view = LW_CHART_VIEW (lw_chart_view_new (self->model, metric));

      lw_chart_view_set_show_axis_title (view, TRUE);
      lw_chart_view_set_show_epoch_labels (view, TRUE);
      lw_chart_view_set_factor (view, sizes[0].factor);
      gtk_stack_add_child (self->charts, GTK_WIDGET (view));
      self->views[metric] = view;
    }
  g_signal_connect_swapped (self->runs, "items-changed", G_CALLBACK (watch_runs), self);
  watch_runs (self);
}

static void
lw_presenter_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  LwPresenter *self = LW_PRESENTER (object);

  switch (id)
    {
    case PROP_CHART_MODEL:
      g_value_set_object (value, self->model);
      break;
    case PROP_RUNS:
      g_value_set_object (value, self->runs);
      break;
    case PROP_METRIC:
      g_value_set_int (value, (int) lw_presenter_get_metric (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_presenter_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  LwPresenter *self = LW_PRESENTER (object);

  switch (id)
    {
    case PROP_CHART_MODEL:
      self->model = g_value_dup_object (value);
      break;
    case PROP_RUNS:
      self->runs = g_value_dup_object (value);
      break;
    case PROP_METRIC:
      lw_presenter_set_metric (self, (LwChartMetric) g_value_get_int (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_presenter_dispose (GObject *object)
{
  LwPresenter *self = LW_PRESENTER (object);

  g_clear_handle_id (&self->fit_id, g_source_remove);
  g_clear_handle_id (&self->leave_id, g_source_remove);
  if (self->runs != NULL)
    g_signal_handlers_disconnect_by_data (self->runs, self);
  unwatch_runs (self);
  if (self->leave_hint != NULL)
    g_signal_handlers_disconnect_by_data (self->leave_hint, self);
  self->leave_hint = NULL;
  g_clear_pointer (&self->content, gtk_widget_unparent);
  g_clear_object (&self->model);
  g_clear_object (&self->runs);

  G_OBJECT_CLASS (lw_presenter_parent_class)->dispose (object);
}

static void
lw_presenter_finalize (GObject *object)
{
  g_ptr_array_unref (LW_PRESENTER (object)->watched);
  G_OBJECT_CLASS (lw_presenter_parent_class)->finalize (object);
}

static void
lw_presenter_class_init (LwPresenterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags once = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->constructed = lw_presenter_constructed;
  object_class->get_property = lw_presenter_get_property;
  object_class->set_property = lw_presenter_set_property;
  object_class->dispose = lw_presenter_dispose;
  object_class->finalize = lw_presenter_finalize;
  widget_class->measure = lw_presenter_measure;
  widget_class->size_allocate = lw_presenter_size_allocate;
  widget_class->map = lw_presenter_map;

  properties[PROP_CHART_MODEL] = g_param_spec_object ("chart-model", NULL, NULL, LW_TYPE_CHART_MODEL, once);
  properties[PROP_RUNS] = g_param_spec_object ("runs", NULL, NULL, G_TYPE_LIST_MODEL, once);
  properties[PROP_METRIC] = g_param_spec_int ("metric", NULL, NULL, LW_CHART_LOSS, LW_CHART_ACCURACY, LW_CHART_LOSS,
                                              G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (LW_TYPE_STATUS_LINE);
  g_type_ensure (LW_TYPE_TRAIN_HINT);
  lw_ui_resources_ensure ();
  gtk_widget_class_set_template_from_resource (widget_class, LW_UI_RESOURCE_PREFIX "/train/presenter.ui");
  gtk_widget_class_bind_template_child (widget_class, LwPresenter, content);
  gtk_widget_class_bind_template_child (widget_class, LwPresenter, charts);
  gtk_widget_class_bind_template_child (widget_class, LwPresenter, hint);
  gtk_widget_class_bind_template_child (widget_class, LwPresenter, figures);
  gtk_widget_class_bind_template_child (widget_class, LwPresenter, room);
  gtk_widget_class_bind_template_child (widget_class, LwPresenter, names);
  gtk_widget_class_bind_template_child (widget_class, LwPresenter, loss_button);
  gtk_widget_class_bind_template_child (widget_class, LwPresenter, accuracy_button);
  gtk_widget_class_bind_template_child (widget_class, LwPresenter, status);
  gtk_widget_class_bind_template_child (widget_class, LwPresenter, leave_hint);
  gtk_widget_class_bind_template_callback (widget_class, on_metric_toggled);
  gtk_widget_class_bind_template_callback (widget_class, on_leave_hint_revealed);
  gtk_widget_class_set_css_name (widget_class, "presenter");
}

static void
lw_presenter_init (LwPresenter *self)
{
  GtkEventController *keys = gtk_event_controller_key_new ();
  GtkEventController *motion = gtk_event_controller_motion_new ();

  self->watched = g_ptr_array_new_with_free_func (g_object_unref);
  self->n_shown = 1;
  self->pointer_x = self->pointer_y = -1000;
  gtk_widget_init_template (GTK_WIDGET (self));
  for (guint i = 0; i < LW_PRESENTER_N_FIGURES; i++)
    {
      self->figures_shown[i] = LW_PRESENTER_FIGURE (lw_presenter_figure_new ());
      gtk_box_append (self->figures, GTK_WIDGET (self->figures_shown[i]));
    }

  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect_swapped (keys, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
  gtk_event_controller_set_propagation_phase (motion, GTK_PHASE_CAPTURE);
  g_signal_connect_swapped (motion, "motion", G_CALLBACK (on_motion), self);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
}

GtkWidget *
lw_presenter_new (LwChartModel *model, GListModel *runs)
{
  return g_object_new (LW_TYPE_PRESENTER, "chart-model", model, "runs", runs, NULL);
}
