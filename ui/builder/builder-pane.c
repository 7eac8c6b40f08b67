#include "ui/builder/builder-pane.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/builder/layer-list.h"
#include "ui/builder/layer-palette.h"
#include "ui/builder/settings-rows.h"
#include "ui/charts/chart-text.h"
#include "ui/ui-resources.h"

struct _LwBuilderPane {
  GtkWidget       parent_instance;

  LwModelSpec    *model;
  double          epoch_time;
  gint64          bytes; /* all that the layers need; 0 if not known */
  gboolean        data_fault;
  LwStepPhase     phase;
  gboolean        measured;
  gboolean        compact;

  GtkWidget      *box;
  GtkMenuButton  *presets;
  GtkMenuButton  *add;
  LwLayerPalette *palette;
  LwLayerList    *list;
  GtkWidget      *ground;
  GtkWidget      *fault_icon;
  GtkLabel       *phase_label;
  GtkLabel       *total;
  GtkLabel       *epoch;
  GtkLabel       *memory;
  LwSettingsRows *rows;
};

G_DEFINE_FINAL_TYPE (LwBuilderPane, lw_builder_pane, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_COMPACT,
  PROP_EPOCH_TIME,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

static void
on_chosen (LwLayerPalette *palette,
           const char     *class_name,
           LwBuilderPane  *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "model.add-layer", "(su)", class_name,
                              lw_layer_list_get_place (self->list));
  /* The next key is meant for the new card, and Space trains; unless the palette stays open. */
  if (!gtk_widget_get_visible (GTK_WIDGET (palette)) && lw_layer_list_get_selected (self->list) >= 0)
    lw_layer_list_show_layer (self->list, lw_layer_list_get_selected (self->list));
}

/* What happens in a phase, for people and for assistive tools. */
static const char *
get_phase_words (LwStepPhase phase)
{
  switch (phase)
    {
    case LW_STEP_FORWARD:
      return _("Forward: from the images to an answer");
    case LW_STEP_LOSS:
      return _("Loss: how wrong the answers are");
    case LW_STEP_BACKWARD:
      return _("Backward: each weight’s share in the loss");
    case LW_STEP_UPDATE:
      return _("Update: every weight moves a little");
    case LW_STEP_NONE:
    default:
      return "";
    }
}

static char *
format_size (LwBuilderPane *self)
{
  gint64 n = MAX (lw_model_spec_get_n_parameters (self->model), 0);
  g_autofree char *count = lw_chart_format_count (n);

  return g_strdup_printf (ngettext ("%s parameter", "%s parameters", (gulong) n), count);
}

/* Has a line of its own, where there is room for one. */
static void
update_memory (LwBuilderPane *self,
               gboolean       shown)
{
  g_autofree char *bytes = g_format_size_full ((guint64) self->bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *text = NULL;

  /* Translators: memory that training needs: "38.6 MiB of memory". */
  text = g_strdup_printf (_("%s of memory"), bytes);
  gtk_label_set_text (self->memory, text);
  gtk_widget_set_visible (GTK_WIDGET (self->memory), shown && self->bytes > 0 && !self->compact);
}

static void
update_total (LwBuilderPane *self)
{
  gboolean empty = lw_model_spec_get_n_layers (self->model) == 0;
  gboolean faulty = !empty && lw_model_spec_get_fault (self->model) != NULL;
  guint n_faulty = (faulty ? 1 : 0) + (self->data_fault ? 1 : 0);
  gboolean slow = self->phase != LW_STEP_NONE;
  g_autofree char *text = NULL;

  if (n_faulty > 0)
    text = g_strdup_printf (ngettext ("%u card needs a fix", "%u cards need a fix", n_faulty), n_faulty);
  else if (empty)
    text = g_strdup (_("No layers yet"));
  else
    text = format_size (self);

  if (n_faulty > 0)
    gtk_widget_add_css_class (GTK_WIDGET (self->total), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->total), "error");
  gtk_label_set_text (self->total, text);
  gtk_widget_set_visible (GTK_WIDGET (self->total), !slow);
  gtk_widget_set_visible (self->fault_icon, !slow && n_faulty > 0);
  gtk_widget_set_visible (GTK_WIDGET (self->epoch),
                          !slow && n_faulty == 0 && !empty && self->epoch_time >= 0);
  update_memory (self, n_faulty == 0 && !empty);
}

void
lw_builder_pane_set_model (LwBuilderPane *self,
                           LwModelSpec   *model)
{
  g_return_if_fail (LW_IS_BUILDER_PANE (self));
  g_return_if_fail (model != NULL);

  if (self->model == model)
    return;

  if (self->model != NULL && lw_model_spec_get_n_layers (self->model) != lw_model_spec_get_n_layers (model))
    self->bytes = 0;
  lw_model_spec_ref (model);
  g_clear_pointer (&self->model, lw_model_spec_unref);
  self->model = model;
  lw_layer_list_set_model (self->list, model);
  lw_settings_rows_set_model (self->rows, model);
  update_total (self);
}

void
lw_builder_pane_set_settings (LwBuilderPane       *self,
                              const LwRunSettings *settings)
{
  g_return_if_fail (LW_IS_BUILDER_PANE (self));

  lw_settings_rows_set_settings (self->rows, settings);
}

void
lw_builder_pane_set_costs (LwBuilderPane     *self,
                           const LwLayerCost *costs,
                           guint              n)
{
  g_return_if_fail (LW_IS_BUILDER_PANE (self));

  self->bytes = 0;
  for (guint i = 0; costs != NULL && i < n; i++)
    self->bytes += costs[i].weight_bytes + costs[i].activation_bytes;
  lw_layer_list_set_costs (self->list, costs, n);
  if (self->model != NULL)
    update_total (self);
}

void
lw_builder_pane_set_data_fault (LwBuilderPane *self,
                                const char    *sentence,
                                const char    *fix)
{
  g_return_if_fail (LW_IS_BUILDER_PANE (self));

  self->data_fault = sentence != NULL;
  lw_layer_list_set_data_fault (self->list, sentence, fix);
  if (self->model != NULL)
    update_total (self);
}

void
lw_builder_pane_set_phase (LwBuilderPane *self,
                           LwStepPhase    phase,
                           double         fraction)
{
  g_return_if_fail (LW_IS_BUILDER_PANE (self));

  lw_layer_list_set_phase (self->list, phase, fraction);
  if (self->phase == phase)
    return;

  self->phase = phase;
  gtk_label_set_text (self->phase_label, get_phase_words (phase));
  gtk_widget_set_visible (GTK_WIDGET (self->phase_label), phase != LW_STEP_NONE);
  lw_settings_rows_set_lit (self->rows, LW_SETTINGS_LOSS, phase == LW_STEP_LOSS);
  lw_settings_rows_set_lit (self->rows, LW_SETTINGS_OPTIMIZER, phase == LW_STEP_UPDATE);
  if (self->model != NULL)
    update_total (self);
}

/* "4.3 s", "25 s", "1:12". */
static char *
format_duration (double seconds)
{
  guint whole = (guint) round (seconds);

  if (seconds < 9.95)
    return g_strdup_printf (_("%.1f s"), seconds);
  if (whole < 60)
    return g_strdup_printf (_("%u s"), whole);
  if (whole < 3600)
    return g_strdup_printf ("%u:%02u", whole / 60, whole % 60);

  return g_strdup_printf ("%u:%02u:%02u", whole / 3600, whole / 60 % 60, whole % 60);
}

static void
update_epoch (LwBuilderPane *self)
{
  g_autofree char *duration = NULL;
  g_autofree char *text = NULL;

  if (self->epoch_time < 0)
    return;

  duration = format_duration (self->epoch_time);
  if (self->measured)
    text = g_strdup_printf (_("%s per epoch"), duration);
  else
    /* Translators: where there is little room, "≈" stands for "about". */
    text = g_strdup_printf (self->compact ? _("≈ %s per epoch") : _("about %s per epoch"),
                            duration);
  gtk_label_set_text (self->epoch, text);
}

void
lw_builder_pane_set_epoch_time (LwBuilderPane *self,
                                double         seconds,
                                gboolean       measured)
{
  g_return_if_fail (LW_IS_BUILDER_PANE (self));

  if (isnan (seconds))
    seconds = -1;

  self->epoch_time = seconds;
  self->measured = measured;
  update_epoch (self);
  if (self->model != NULL)
    update_total (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_EPOCH_TIME]);
}

void
lw_builder_pane_set_data (LwBuilderPane *self,
                          const char    *name,
                          guint          n_images)
{
  g_return_if_fail (LW_IS_BUILDER_PANE (self));

  lw_layer_list_set_data_name (self->list, name);
  if (n_images > 0)
    lw_settings_rows_set_data_size (self->rows, n_images);
}

void
lw_builder_pane_set_compact (LwBuilderPane *self,
                             gboolean       compact)
{
  g_return_if_fail (LW_IS_BUILDER_PANE (self));

  compact = !!compact;
  if (self->compact == compact)
    return;

  self->compact = compact;
  lw_layer_list_set_compact (self->list, compact);
  update_epoch (self);
  if (self->model != NULL)
    update_total (self);
  if (compact)
    gtk_widget_add_css_class (GTK_WIDGET (self), "compact");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "compact");
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COMPACT]);
}

void
lw_builder_pane_show_fault (LwBuilderPane *self)
{
  g_return_if_fail (LW_IS_BUILDER_PANE (self));

  lw_layer_list_show_fault (self->list);
}

GtkWidget *
lw_builder_pane_get_list (LwBuilderPane *self)
{
  g_return_val_if_fail (LW_IS_BUILDER_PANE (self), NULL);

  return GTK_WIDGET (self->list);
}

GtkWidget *
lw_builder_pane_get_rows (LwBuilderPane *self)
{
  g_return_val_if_fail (LW_IS_BUILDER_PANE (self), NULL);

  return GTK_WIDGET (self->rows);
}

void
lw_builder_pane_open_palette (LwBuilderPane *self)
{
  g_return_if_fail (LW_IS_BUILDER_PANE (self));

  gtk_menu_button_popup (self->add);
}

static void
lw_builder_pane_get_property (GObject    *object,
                              guint       id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  LwBuilderPane *self = LW_BUILDER_PANE (object);

  switch (id)
    {
    case PROP_COMPACT:
      g_value_set_boolean (value, self->compact);
      break;
    case PROP_EPOCH_TIME:
      g_value_set_double (value, self->epoch_time);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_builder_pane_set_property (GObject      *object,
                              guint         id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  LwBuilderPane *self = LW_BUILDER_PANE (object);

  switch (id)
    {
    case PROP_COMPACT:
      lw_builder_pane_set_compact (self, g_value_get_boolean (value));
      break;
    case PROP_EPOCH_TIME:
      lw_builder_pane_set_epoch_time (self, g_value_get_double (value), self->measured);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_builder_pane_dispose (GObject *object)
{
  LwBuilderPane *self = LW_BUILDER_PANE (object);

  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_pointer (&self->model, lw_model_spec_unref);
  G_OBJECT_CLASS (lw_builder_pane_parent_class)->dispose (object);
}

static void
lw_builder_pane_class_init (LwBuilderPaneClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = lw_builder_pane_get_property;
  object_class->set_property = lw_builder_pane_set_property;
  object_class->dispose = lw_builder_pane_dispose;

  properties[PROP_COMPACT] = g_param_spec_boolean ("compact", NULL, NULL, FALSE,
                                                   G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                     G_PARAM_EXPLICIT_NOTIFY);
  properties[PROP_EPOCH_TIME] = g_param_spec_double ("epoch-time", NULL, NULL, -1, G_MAXDOUBLE, -1,
                                                     G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                       G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  g_type_ensure (LW_TYPE_LAYER_LIST);
  g_type_ensure (LW_TYPE_LAYER_PALETTE);
  g_type_ensure (LW_TYPE_SETTINGS_ROWS);
  lw_ui_resources_ensure ();
  gtk_widget_class_set_template_from_resource (widget_class,
                                               LW_UI_RESOURCE_PREFIX "/builder/builder-pane.ui");
  gtk_widget_class_bind_template_child (widget_class, LwBuilderPane, box);
  gtk_widget_class_bind_template_child (widget_class, LwBuilderPane, presets);
  gtk_widget_class_bind_template_child (widget_class, LwBuilderPane, add);
  gtk_widget_class_bind_template_child (widget_class, LwBuilderPane, palette);
  gtk_widget_class_bind_template_child (widget_class, LwBuilderPane, list);
  gtk_widget_class_bind_template_child (widget_class, LwBuilderPane, ground);
  gtk_widget_class_bind_template_child (widget_class, LwBuilderPane, fault_icon);
  gtk_widget_class_bind_template_child (widget_class, LwBuilderPane, phase_label);
  gtk_widget_class_bind_template_child (widget_class, LwBuilderPane, total);
  gtk_widget_class_bind_template_child (widget_class, LwBuilderPane, epoch);
  gtk_widget_class_bind_template_child (widget_class, LwBuilderPane, memory);
  gtk_widget_class_bind_template_child (widget_class, LwBuilderPane, rows);
  gtk_widget_class_bind_template_callback (widget_class, on_chosen);
  gtk_widget_class_set_css_name (widget_class, "builderpane");
}

static gboolean
on_palette_key (GtkWidget *widget,
                GVariant  *arguments,
                gpointer   data)
{
  LwBuilderPane *self = LW_BUILDER_PANE (widget);

  if (!gtk_widget_get_mapped (GTK_WIDGET (self->add)))
    return FALSE;

  gtk_menu_button_popup (self->add);
  return TRUE;
}

static gboolean
on_fix_key (GtkWidget *widget,
            GVariant  *arguments,
            gpointer   data)
{
  return lw_layer_list_fix_fault (LW_BUILDER_PANE (widget)->list);
}

static void
lw_builder_pane_init (LwBuilderPane *self)
{
  const char *const *presets = lw_model_spec_get_presets ();
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GMenu) empty = g_menu_new ();
  g_autoptr (GMenu) sections = g_menu_new ();
  GtkEventController *keys = gtk_shortcut_controller_new ();

  self->epoch_time = -1;
  gtk_widget_init_template (GTK_WIDGET (self));
  lw_layer_list_add_ground (self->list, self->ground);

  for (guint i = 0; presets[i] != NULL; i++)
    {
      g_autoptr (GMenuItem) item = g_menu_item_new (presets[i], NULL);

      g_menu_item_set_action_and_target (item, "model.load-preset", "s", presets[i]);
      g_menu_append_item (menu, item);
    }
  g_menu_append (empty, _("Start empty"), "model.start-empty");
  g_menu_append_section (sections, NULL, G_MENU_MODEL (menu));
  g_menu_append_section (sections, NULL, G_MENU_MODEL (empty));
  gtk_menu_button_set_menu_model (self->presets, G_MENU_MODEL (sections));

  gtk_shortcut_controller_set_scope (GTK_SHORTCUT_CONTROLLER (keys), GTK_SHORTCUT_SCOPE_GLOBAL);
  gtk_shortcut_controller_add_shortcut (
    GTK_SHORTCUT_CONTROLLER (keys),
    gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_l, GDK_CONTROL_MASK),
                      gtk_callback_action_new (on_palette_key, NULL, NULL)));
  gtk_shortcut_controller_add_shortcut (
    GTK_SHORTCUT_CONTROLLER (keys),
    gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_period, GDK_CONTROL_MASK),
                      gtk_callback_action_new (on_fix_key, NULL, NULL)));
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
}

GtkWidget *
lw_builder_pane_new (void)
{
  return g_object_new (LW_TYPE_BUILDER_PANE, NULL);
}
