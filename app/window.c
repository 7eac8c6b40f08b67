#include "app/window.h"

#include "app/answers.h"
#include "app/application.h"
#include "app/chart-files.h"
#include "app/comparison.h"
#include "app/files.h"
#include "app/header-bar.h"
#include "app/model-actions.h"
#include "app/presentation.h"
#include "app/profiler.h"
#include "app/runs-actions.h"
#include "app/shown-runs.h"
#include "app/slow-motion.h"
#include "app/status.h"
#include "app/toasts.h"
#include "app/train-actions.h"
#include "ui/charts/chart-view.h"
#include "ui/code/code-page.h"
#include "ui/train/run-item.h"
#include "ui/train/status-line.h"
#include "ui/train/train-page.h"

#include <glib/gi18n.h>

/* Milliseconds. While training the curves are drawn this often, and with every third picture the words
 * and figures around them change: one clock, since each picture takes time from the training. A single
 * step is looked for more often. */
#define PICTURE_INTERVAL   200
#define PICTURES_PER_WORDS 3
#define STEP_INTERVAL      20

/* Below these widths the pages' switcher has its icons over its words, and then stands at the bottom; by
 * how much a width has to pass its limit for it to go back. */
#define WIDTH_NARROW 1180
#define WIDTH_BOTTOM 760
#define HYSTERESIS   24

struct _LwWindow {
  AdwApplicationWindow parent;

  /* owned */
  LwSession        *session;
  LwAutosave       *autosave;
  LwAnswers        *answers;
  LwProfiler       *profiler;
  LwSlowMotion     *slow_motion;
  LwPresentation   *presentation;
  LwComparison     *comparison;
  LwShownRuns      *shown_runs;
  LwToasts         *toasts;
  GSettings        *settings;  /* NULL where the schema is not installed */
  guint             refresh_id; /* the timer, while training or stepping */
  guint             n_pictures; /* since it started */
  gboolean          leaving;    /* closed, and kept as it is at this moment */
  gboolean          narrow;     /* below WIDTH_NARROW */
  gboolean          at_bottom;  /* below WIDTH_BOTTOM */
  guint             fold_id;

  /* template */
  LwHeaderBar      *header;
  AdwToastOverlay  *toast_overlay;
  GtkStack         *scenes;
  AdwViewSwitcherBar *switcher_bar;
  AdwViewStack     *stack;
  LwTrainPage      *page;
  GMenuModel       *continue_menu;
  LwCodePage       *code;
  LwStatusLine     *status;
};

G_DEFINE_FINAL_TYPE (LwWindow, lw_window, ADW_TYPE_APPLICATION_WINDOW)

static LwBuilderPane *
builder (LwWindow *self)
{
  return lw_train_page_get_builder (self->page);
}

static LwChartPane *
chart_pane (LwWindow *self)
{
  return lw_train_page_get_chart_pane (self->page);
}

static LwChartModel *
chart (LwWindow *self)
{
  return lw_chart_pane_get_model (chart_pane (self));
}

static void
set_enabled (LwWindow *self, const char *action, gboolean enabled)
{
  g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self), action)), enabled);
}

/* -- what the session tells, shown -- */

static void
update_header (LwWindow *self)
{
  g_autofree char *title = g_strdup_printf (_("%s — Layerwise"), lw_session_get_title (self->session));

  gtk_window_set_title (GTK_WINDOW (self), title);
  set_enabled (self, "undo", lw_session_get_undo_name (self->session) != NULL);
  set_enabled (self, "redo", lw_session_get_redo_name (self->session) != NULL);
  lw_header_bar_update (self->header);
}

static void
update_status (LwWindow *self)
{
  LwStatus status;

  lw_status_fill (&status, self->session);
  lw_status_line_set_severity (self->status, status.error ? LW_STATUS_ERROR : LW_STATUS_NORMAL);
  lw_status_line_set_text (self->status, status.text);
  lw_status_line_set_fraction (self->status, status.fraction);
  lw_status_line_set_button (self->status, status.button, status.icon, status.action);
  lw_status_line_set_menu (self->status, status.more ? self->continue_menu : NULL,
                           _("Continue for another number of epochs"));
  lw_presentation_set_status (self->presentation, &status);
  lw_status_clear (&status);
}

static void
update_hint (LwWindow *self)
{
  g_autofree char *obstacle = lw_session_get_obstacle (self->session);
  g_autofree char *hint = NULL;

  if (lw_session_get_n_runs (self->session) == 0 && obstacle == NULL)
    hint = lw_status_hint (self->session);
  lw_chart_pane_set_hint (chart_pane (self), hint);
  lw_presentation_set_hint (self->presentation, hint);
}

static void
update_times (LwWindow *self)
{
  gboolean measured;
  double   seconds = lw_session_get_epoch_time (self->session, &measured);

  lw_builder_pane_set_epoch_time (builder (self), seconds, measured);
}

/* The script saves the model where the window does. */
static void
update_save_path (LwWindow *self)
{
  GFile           *file = lw_session_get_file (self->session);
  g_autofree char *name = file != NULL ? g_file_get_basename (file) : NULL;

  lw_code_page_set_save_path (self->code, name);
}

/* Whether the images are as the model's input wants them is known here alone; a fault of the model's own
 * comes first. */
static void
update_data_fault (LwWindow *self)
{
  LwModelSpec       *model = lw_session_get_document (self->session)->model;
  LwImages          *images = lw_session_get_images (self->session);
  g_autoptr (GError) error = NULL;
  g_autofree char   *size = NULL;
  g_autofree char   *fix = NULL;

  if (images == NULL || lw_model_spec_get_fault (model) != NULL
      || lw_training_check_images (model, images, &error))
    {
      lw_builder_pane_set_data_fault (builder (self), NULL, NULL);
      return;
    }
  size = lw_shape_to_label (&LW_SHAPE (lw_tensor_get_dim (images->train_images, 1),
                                       lw_tensor_get_dim (images->train_images, 2)));
  fix = g_strdup_printf (_("Use %s of %s"), size, images->name);
  lw_builder_pane_set_data_fault (builder (self), error->message, fix);
}

static void
on_profiled (LwWindow *self, LwProfile *profile)
{
  lw_builder_pane_set_costs (builder (self), profile != NULL ? profile->layers : NULL,
                             profile != NULL ? profile->n_layers : 0);
}

static void
on_document_changed (LwWindow *self)
{
  LwDocument *document = lw_session_get_document (self->session);

  lw_builder_pane_set_model (builder (self), document->model);
  lw_builder_pane_set_settings (builder (self), &document->settings);
  lw_code_page_set_model (self->code, document->model);
  lw_code_page_set_settings (self->code, &document->settings);
  update_data_fault (self);
  update_header (self);
  lw_shown_runs_update_plan (self->shown_runs);
  update_hint (self);
}

static gboolean on_refresh (gpointer data);

static void
on_run_changed (LwWindow *self)
{
  gboolean training = lw_session_get_phase (self->session) == LW_PHASE_TRAINING;

  lw_train_actions_update (G_ACTION_MAP (self), self->session);
  update_header (self);
  update_status (self);
  update_save_path (self);
  update_times (self);
  update_hint (self);
  lw_shown_runs_update_plan (self->shown_runs);
  lw_shown_runs_update_current (self->shown_runs);
  lw_comparison_update (self->comparison);

  if (!training)
    lw_chart_model_settle (chart (self));
  g_clear_handle_id (&self->refresh_id, g_source_remove);
  self->n_pictures = 0;
  if (training || lw_session_is_stepping (self->session))
    self->refresh_id = g_timeout_add (training ? PICTURE_INTERVAL : STEP_INTERVAL, on_refresh, self);
}

/* While training, or until one step is done: newest points, weights, words and figures. The session's
 * "run-changed" ends it. */
static gboolean
on_refresh (gpointer data)
{
  LwWindow *self = LW_WINDOW (data);
  gboolean  training = lw_session_get_phase (self->session) == LW_PHASE_TRAINING;

  if (training)
    lw_chart_model_update (chart (self));
  if (training && self->n_pictures++ % PICTURES_PER_WORDS != 0)
    return G_SOURCE_CONTINUE;

  lw_session_tick (self->session);
  if (lw_session_get_phase (self->session) == LW_PHASE_TRAINING)
    {
      update_status (self);
      update_times (self);
      lw_shown_runs_update_current (self->shown_runs);
      lw_comparison_update (self->comparison);
    }
  return G_SOURCE_CONTINUE;
}

static void
on_data_changed (LwWindow *self)
{
  LwImages *images = lw_session_get_images (self->session);

  if (images != NULL)
    {
      lw_builder_pane_set_data (builder (self), images->name,
                                (guint) lw_tensor_get_dim (images->train_images, 0));
      lw_code_page_set_data (self->code, images->name, NULL);
    }
  update_data_fault (self);
  update_header (self);
  lw_shown_runs_update_plan (self->shown_runs);
}

static void
on_toast (LwWindow *self, const char *text, gboolean undo)
{
  lw_toasts_add (self->toasts, text, undo);
}

static void
on_deleted (const char *text, gpointer data)
{
  on_toast (LW_WINDOW (data), text, TRUE);
}

static void
on_pane_failed (LwWindow *self, const char *sentence)
{
  on_toast (self, sentence, FALSE);
}

static void
on_not_kept (LwWindow *self, const char *sentence)
{
  g_autofree char *text = g_strdup_printf (_("Unsaved work is not being kept: %s"), sentence);

  on_toast (self, text, FALSE);
}

/* -- actions -- */

static void
act_select_run (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  lw_shown_runs_select (LW_WINDOW (data)->shown_runs, g_variant_get_uint32 (parameter));
}

static void
act_compare_runs (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  lw_comparison_open (LW_WINDOW (data)->comparison);
}

static void
act_undo (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwWindow *self = LW_WINDOW (data);

  lw_toasts_dismiss_undo (self->toasts);
  lw_session_undo (self->session);
}

static void
act_redo (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  lw_session_redo (LW_WINDOW (data)->session);
}

/* What opens in the frame that is hidden meanwhile has to wait. */
static void
act_presenter (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwWindow *self = LW_WINDOW (data);

  if (lw_presentation_is_on (self->presentation))
    lw_presentation_leave (self->presentation);
  else
    lw_presentation_enter (self->presentation);
  set_enabled (self, "menu", !lw_presentation_is_on (self->presentation));
  set_enabled (self, "toggle-sidebar", !lw_presentation_is_on (self->presentation));
}

static void
act_show_fault (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwWindow *self = LW_WINDOW (data);

  if (lw_presentation_is_on (self->presentation))
    act_presenter (NULL, NULL, data);
  adw_view_stack_set_visible_child_name (self->stack, "train");
  lw_train_page_show_fault (self->page);
}

static gboolean
is_on_code (LwWindow *self)
{
  return adw_view_stack_get_visible_child (self->stack) == GTK_WIDGET (self->code);
}

static void
act_copy_script (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwWindow        *self = LW_WINDOW (data);
  g_autofree char *text = lw_code_page_get_text (self->code);

  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
  on_toast (self, _("Script copied"), FALSE);
}

static void
act_save_script_as (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwWindow        *self = LW_WINDOW (data);
  g_autofree char *text = lw_code_page_get_text (self->code);
  g_autofree char *name = lw_code_page_get_file_name (self->code);

  lw_files_save_text (self, name, text);
}

static void
act_reload_data (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwWindow *self = LW_WINDOW (data);

  lw_session_load_data (self->session);
  on_run_changed (self);
}

static void
act_toggle_sidebar (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwWindow *self = LW_WINDOW (data);

  if (is_on_code (self))
    lw_code_page_set_show_settings (self->code, !lw_code_page_get_show_settings (self->code));
  else
    lw_train_page_set_show_left (self->page, !lw_train_page_get_show_left (self->page));
}

static void
act_new (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  lw_application_new_window (LW_APPLICATION (gtk_window_get_application (GTK_WINDOW (data))));
}

static void
act_menu (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  lw_header_bar_open_menu (LW_WINDOW (data)->header);
}

static void
act_about (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  adw_show_about_window (GTK_WINDOW (data),
                         "application-name", _("Layerwise"),
                         "application-icon", LW_APPLICATION_ID,
                         "version", LW_VERSION,
                         "developer-name", _("The Layerwise authors"),
                         "comments", _("Build a neural network by hand and watch it learn."),
                         "license-type", GTK_LICENSE_MIT_X11,
                         "copyright", _("MNIST by Yann LeCun and Corinna Cortes, CC BY-SA 3.0"),
                         NULL);
}

/* Space trains wherever nothing with the focus needs it itself; → and R with the focus on a chart. */
static gboolean
on_key (LwWindow *self, guint key, guint code, GdkModifierType state)
{
  GtkWidget *focus = gtk_window_get_focus (GTK_WINDOW (self));
  gboolean   on_chart = focus != NULL && LW_IS_CHART_VIEW (focus);

  if ((state & gtk_accelerator_get_default_mod_mask ()) != 0)
    return GDK_EVENT_PROPAGATE;
  if (key == GDK_KEY_space || key == GDK_KEY_KP_Space)
    gtk_widget_activate_action (GTK_WIDGET (self), "win.train", NULL);
  else if (on_chart && key == GDK_KEY_Right)
    gtk_widget_activate_action (GTK_WIDGET (self), "win.step", NULL);
  else if (on_chart && (key == GDK_KEY_r || key == GDK_KEY_R))
    gtk_widget_activate_action (GTK_WIDGET (self), "win.reset", NULL);
  else
    return GDK_EVENT_PROPAGATE;
  return GDK_EVENT_STOP;
}

/* -- pages -- */

/* A stack leaves what it does not show where a screen reader finds it. */
static void
update_hidden (LwWindow *self)
{
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->page), GTK_ACCESSIBLE_STATE_HIDDEN, is_on_code (self), -1);
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->code), GTK_ACCESSIBLE_STATE_HIDDEN, !is_on_code (self), -1);
}

/* The switchers' own pictures are nothing beside the pages' names. */
static void
hide_images (GtkWidget *widget)
{
  if (GTK_IS_IMAGE (widget))
    gtk_accessible_update_state (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    hide_images (child);
}

/* A page's main part takes the focus when it comes, unless the page had one that it gets back. There Space
 * trains. Who wants a page does not want to present. */
static void
on_page_changed (LwWindow *self)
{
  GtkWidget *focus;

  update_hidden (self);
  if (self->presentation != NULL && lw_presentation_is_on (self->presentation))
    act_presenter (NULL, NULL, self);
  focus = gtk_window_get_focus (GTK_WINDOW (self));
  if (is_on_code (self))
    lw_code_page_grab_text_focus (self->code);
  else if (focus == NULL || !gtk_widget_is_ancestor (focus, GTK_WIDGET (self->page)))
    lw_chart_pane_grab_chart_focus (chart_pane (self));
}

static gboolean
is_below (int width, int limit, gboolean was_below)
{
  return width < limit + (was_below ? HYSTERESIS : 0);
}

static gboolean
on_fold_idle (gpointer data)
{
  LwWindow *self = LW_WINDOW (data);
  int       width = gtk_widget_get_width (GTK_WIDGET (self));

  self->fold_id = 0;
  self->narrow = is_below (width, WIDTH_NARROW, self->narrow);
  self->at_bottom = is_below (width, WIDTH_BOTTOM, self->at_bottom);
  lw_header_bar_set_narrow (self->header, self->narrow);
  gtk_widget_set_visible (GTK_WIDGET (lw_header_bar_get_switcher (self->header)), !self->at_bottom);
  gtk_widget_set_visible (GTK_WIDGET (self->switcher_bar), self->at_bottom);
  adw_view_switcher_bar_set_reveal (self->switcher_bar, self->at_bottom);
  return G_SOURCE_REMOVE;
}

/* Folding asks for another layout, so it waits until this one is done. */
static void
lw_window_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  LwWindow *self = LW_WINDOW (widget);

  GTK_WIDGET_CLASS (lw_window_parent_class)->size_allocate (widget, width, height, baseline);
  if (self->fold_id == 0
      && (is_below (width, WIDTH_NARROW, self->narrow) != self->narrow
          || is_below (width, WIDTH_BOTTOM, self->at_bottom) != self->at_bottom))
    self->fold_id = g_idle_add_full (G_PRIORITY_HIGH_IDLE, on_fold_idle, self, NULL);
}

/* -- the object -- */

static GSettings *
find_settings (void)
{
  GSettingsSchemaSource       *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema = NULL;

  if (source != NULL)
    schema = g_settings_schema_source_lookup (source, LW_APPLICATION_ID, TRUE);
  return schema != NULL ? g_settings_new (LW_APPLICATION_ID) : NULL;
}

static void
restore_size (LwWindow *self)
{
  int width = 1280, height = 800;

  self->settings = find_settings ();
  if (self->settings != NULL)
    {
      g_settings_get (self->settings, "window-width", "i", &width);
      g_settings_get (self->settings, "window-height", "i", &height);
      if (g_settings_get_boolean (self->settings, "window-maximized"))
        gtk_window_maximize (GTK_WINDOW (self));
      g_settings_bind (self->settings, "smoothing", chart (self), "smoothing", G_SETTINGS_BIND_DEFAULT);
      g_settings_bind (self->settings, "charts", lw_chart_pane_get_charts (chart_pane (self)), "charts",
                       G_SETTINGS_BIND_DEFAULT);
    }
  gtk_window_set_default_size (GTK_WINDOW (self), MAX (width, 640), MAX (height, 480));
}

static void
save_size (LwWindow *self)
{
  int width, height;

  if (self->settings == NULL)
    return;
  gtk_window_get_default_size (GTK_WINDOW (self), &width, &height);
  g_settings_set (self->settings, "window-width", "i", width);
  g_settings_set (self->settings, "window-height", "i", height);
  g_settings_set_boolean (self->settings, "window-maximized", gtk_window_is_maximized (GTK_WINDOW (self)));
}

static void
on_kept (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (LwWindow) self = data;
  g_autoptr (GError)   error = NULL;

  if (lw_autosave_finish_finish (LW_AUTOSAVE (object), result, &error))
    {
      gtk_window_destroy (GTK_WINDOW (self));
      return;
    }
  self->leaving = FALSE;
  gtk_window_present (GTK_WINDOW (self));
  lw_files_ask_without_keeping (self, error);
}

/* Leaving asks nothing and loses nothing: what is not saved is kept for the next time. */
static gboolean
lw_window_close_request (GtkWindow *window)
{
  LwWindow *self = LW_WINDOW (window);

  if (self->leaving)
    return GDK_EVENT_STOP;
  self->leaving = TRUE;
  save_size (self);
  lw_session_halt (self->session);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
  lw_autosave_finish_async (self->autosave, on_kept, g_object_ref (self));
  return GDK_EVENT_STOP;
}

static void
lw_window_dispose (GObject *object)
{
  LwWindow *self = LW_WINDOW (object);

  g_clear_handle_id (&self->refresh_id, g_source_remove);
  g_clear_handle_id (&self->fold_id, g_source_remove);
  g_clear_pointer (&self->toasts, lw_toasts_free);
  if (self->session != NULL)
    g_signal_handlers_disconnect_by_data (self->session, self);
  g_clear_pointer (&self->answers, lw_answers_free);
  g_clear_pointer (&self->shown_runs, lw_shown_runs_free);
  g_clear_pointer (&self->slow_motion, lw_slow_motion_free);
  g_clear_object (&self->autosave);
  /* A job of its own may hold it for a while more, and drop it in another thread. */
  if (self->profiler != NULL)
    g_object_run_dispose (G_OBJECT (self->profiler));
  g_clear_object (&self->profiler);
  g_clear_pointer (&self->presentation, lw_presentation_free);
  g_clear_pointer (&self->comparison, lw_comparison_free);
  g_clear_object (&self->session);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (lw_window_parent_class)->dispose (object);
}

static void
lw_window_class_init (LwWindowClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = lw_window_dispose;
  widget_class->size_allocate = lw_window_size_allocate;
  GTK_WINDOW_CLASS (klass)->close_request = lw_window_close_request;

  g_type_ensure (LW_TYPE_CODE_PAGE);
  g_type_ensure (LW_TYPE_HEADER_BAR);
  g_type_ensure (LW_TYPE_TRAIN_PAGE);
  g_type_ensure (LW_TYPE_STATUS_LINE);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/layerwise/Layerwise/window.ui");
  gtk_widget_class_bind_template_child (widget_class, LwWindow, header);
  gtk_widget_class_bind_template_child (widget_class, LwWindow, toast_overlay);
  gtk_widget_class_bind_template_child (widget_class, LwWindow, scenes);
  gtk_widget_class_bind_template_child (widget_class, LwWindow, continue_menu);
  gtk_widget_class_bind_template_child (widget_class, LwWindow, switcher_bar);
  gtk_widget_class_bind_template_child (widget_class, LwWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, LwWindow, page);
  gtk_widget_class_bind_template_child (widget_class, LwWindow, code);
  gtk_widget_class_bind_template_child (widget_class, LwWindow, status);
  gtk_widget_class_bind_template_callback (widget_class, on_page_changed);
}

static void
lw_window_init (LwWindow *self)
{
  static const GActionEntry entries[] = {
    { "undo", act_undo, NULL, NULL, NULL, { 0 } },
    { "redo", act_redo, NULL, NULL, NULL, { 0 } },
    { "show-fault", act_show_fault, NULL, NULL, NULL, { 0 } },
    { "reload-data", act_reload_data, NULL, NULL, NULL, { 0 } },
    { "toggle-sidebar", act_toggle_sidebar, NULL, NULL, NULL, { 0 } },
    { "new", act_new, NULL, NULL, NULL, { 0 } },
    { "copy-script", act_copy_script, NULL, NULL, NULL, { 0 } },
    { "save-script-as", act_save_script_as, NULL, NULL, NULL, { 0 } },
    { "presenter", act_presenter, NULL, NULL, NULL, { 0 } },
    { "menu", act_menu, NULL, NULL, NULL, { 0 } },
    { "about", act_about, NULL, NULL, NULL, { 0 } },
  };
  GtkEventController        *keys = gtk_event_controller_key_new ();
  g_autoptr (GPropertyAction) page = NULL;

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_init_template (GTK_WIDGET (self));
  self->toasts = lw_toasts_new (self->toast_overlay);
  update_hidden (self);
  adw_view_switcher_set_stack (lw_header_bar_get_switcher (self->header), self->stack);
  hide_images (GTK_WIDGET (lw_header_bar_get_switcher (self->header)));
  hide_images (GTK_WIDGET (self->switcher_bar));
  page = g_property_action_new ("page", self->stack, "visible-child-name");
  g_action_map_add_action (G_ACTION_MAP (self), G_ACTION (page));
  g_object_bind_property (lw_builder_pane_get_list (builder (self)), "selected", self->code, "selected-layer",
                          G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  lw_files_add_actions (self);
  lw_chart_files_add_actions (self, lw_chart_pane_get_charts (chart_pane (self)));
  g_signal_connect_swapped (keys, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
}

LwWindow *
lw_window_new (AdwApplication *application, LwSession *session, LwWorkFile *left)
{
  LwWindow               *self = g_object_new (LW_TYPE_WINDOW, "application", application, NULL);
  g_autoptr (GSimpleActionGroup) model = lw_model_actions_new (session, on_deleted, self);
  g_autoptr (GSimpleActionGroup) run = lw_run_actions_new (session);
  g_autoptr (GSimpleActionGroup) runs = lw_runs_actions_new (session);
  static const GActionEntry      runs_entries[] = {
    { "select", act_select_run, "u", NULL, NULL, { 0 } },
    { "compare", act_compare_runs, NULL, NULL, NULL, { 0 } },
  };
  g_autoptr (GError)             error = NULL;
  LwPredictPane          *pane = lw_train_page_get_predict_pane (self->page);

  self->session = g_object_ref (session);
  lw_header_bar_set_session (self->header, session);
  self->autosave = lw_autosave_new (session, left);
  g_signal_connect_swapped (self->autosave, "failed", G_CALLBACK (on_not_kept), self);
  g_action_map_add_action_entries (G_ACTION_MAP (runs), runs_entries, G_N_ELEMENTS (runs_entries), self);
  lw_train_actions_add (G_ACTION_MAP (self), session);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "model", G_ACTION_GROUP (model));
  gtk_widget_insert_action_group (GTK_WIDGET (self), "run", G_ACTION_GROUP (run));
  gtk_widget_insert_action_group (GTK_WIDGET (self), "runs", G_ACTION_GROUP (runs));
  restore_size (self);
  self->shown_runs = lw_shown_runs_new (session, chart_pane (self));
  self->presentation = lw_presentation_new (GTK_WINDOW (self), self->scenes, session, chart (self),
                                            lw_shown_runs_get_items (self->shown_runs));
  self->comparison = lw_comparison_new (GTK_WINDOW (self), session, lw_shown_runs_get_items (self->shown_runs));
  lw_presentation_add_frame (self->presentation, GTK_WIDGET (self->header));
  lw_presentation_add_frame (self->presentation, GTK_WIDGET (self->status));
  lw_presentation_add_frame (self->presentation, GTK_WIDGET (self->switcher_bar));

  g_signal_connect_swapped (session, "document-changed", G_CALLBACK (on_document_changed), self);
  g_signal_connect_swapped (session, "run-changed", G_CALLBACK (on_run_changed), self);
  g_signal_connect_swapped (session, "runs-changed", G_CALLBACK (update_hint), self);
  g_signal_connect_swapped (session, "data-changed", G_CALLBACK (on_data_changed), self);
  g_signal_connect_data (session, "toast", G_CALLBACK (on_toast), self, NULL, G_CONNECT_SWAPPED);
  g_signal_connect_data (pane, "failed", G_CALLBACK (on_pane_failed), self, NULL, G_CONNECT_SWAPPED);

  self->answers = lw_answers_new (session, pane, &error);
  if (self->answers == NULL)
    on_toast (self, error->message, FALSE);
  on_document_changed (self);
  on_run_changed (self);
  self->slow_motion = lw_slow_motion_new (session, builder (self));
  self->profiler = lw_profiler_new (session);
  g_signal_connect_swapped (self->profiler, "profiled", G_CALLBACK (on_profiled), self);
  lw_chart_pane_grab_chart_focus (chart_pane (self));
  return self;
}

LwAutosave *
lw_window_get_autosave (LwWindow *self)
{
  return self->autosave;
}

LwSession *
lw_window_get_session (LwWindow *self)
{
  return self->session;
}

void
lw_window_tell (LwWindow *self, const char *heading, const GError *error)
{
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (self), heading, error->message);

  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _("Close"));
  gtk_window_present (GTK_WINDOW (dialog));
}

void
lw_window_toast (LwWindow *self, const char *text)
{
  /* Whoever tells of a file that was written may come after the window has gone. */
  if (self->session != NULL)
    on_toast (self, text, FALSE);
}

void
lw_window_open (LwWindow *self, GFile *file)
{
  lw_files_open_file (self, file);
}
