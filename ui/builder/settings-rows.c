#include "ui/builder/settings-rows.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>

#include "ui/builder/number-spin.h"
#include "ui/builder/run-popover.h"
#include "ui/builder/spec-popover.h"
#include "ui/charts/chart-text.h"
#include "ui/ui-resources.h"

#define N_ROWS 3

struct _LwSettingsRows {
  GtkWidget   parent_instance;

  GtkWidget  *popovers[N_ROWS];
  GtkLabel   *values[N_ROWS];
  GtkWidget  *signs[N_ROWS]; /* of a hint */
  guint       hints[N_ROWS]; /* their numbers */
  LwModelSpec *model;
  LwRunSettings settings;

  GtkWidget  *list;
  GtkWidget  *optimizer_row;
  GtkWidget  *loss_row;
  GtkWidget  *run_row;
};

G_DEFINE_FINAL_TYPE (LwSettingsRows, lw_settings_rows, GTK_TYPE_WIDGET)

static void
on_row_activated (GtkListBox     *list,
                  GtkListBoxRow  *row,
                  LwSettingsRows *self)
{
  gtk_popover_popup (GTK_POPOVER (self->popovers[gtk_list_box_row_get_index (row)]));
}

static void
set_value (LwSettingsRows *self,
           LwSettingsRow   row,
           const char     *value)
{
  GtkWidget *widget = lw_settings_rows_get_row (self, row);
  g_autofree char *name = NULL;

  gtk_label_set_text (self->values[row], value);
  /* Translators: the name of a setting and its value: "Optimizer: Adam · 0.001". */
  name = g_strdup_printf (_("%s: %s"), adw_preferences_row_get_title (ADW_PREFERENCES_ROW (widget)),
                          value);
  gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  gtk_widget_set_tooltip_text (widget, name);
}

static LwCardNote *
get_note (LwSettingsRows *self,
          LwSettingsRow   row)
{
  return row == LW_SETTINGS_RUN ? lw_run_popover_get_note (LW_RUN_POPOVER (self->popovers[row]))
                                : lw_spec_popover_get_note (LW_SPEC_POPOVER (self->popovers[row]));
}

static void
on_note_chosen (LwSettingsRows *self,
                guint           button,
                LwCardNote     *note)
{
  for (LwSettingsRow row = 0; row < N_ROWS; row++)
    if (get_note (self, row) == note)
      gtk_widget_activate_action (GTK_WIDGET (self), "model.apply-hint", "(uu)", self->hints[row], button);
}

static void
update_hint (LwSettingsRows *self,
             GPtrArray      *hints,
             LwSettingsRow   row,
             int             place)
{
  GtkWidget *widget = lw_settings_rows_get_row (self, row);
  const LwHint *hint = NULL;
  char *labels[LW_MAX_FIXES + 1] = { NULL };
  g_autofree char *tooltip = NULL;

  for (guint i = 0; i < hints->len && hint == NULL; i++)
    if (((const LwHint *) g_ptr_array_index (hints, i))->layer == place)
      {
        hint = g_ptr_array_index (hints, i);
        self->hints[row] = i;
      }
  for (guint i = 0; hint != NULL && i < hint->n_fixes; i++)
    labels[i] = lw_fix_to_label (self->model, hint, hint->fixes[i]);

  lw_card_note_set (get_note (self, row), LW_NOTE_HINT, hint != NULL ? hint->message : NULL,
                    (const char *const *) labels);
  gtk_widget_set_visible (self->signs[row], hint != NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  hint != NULL ? hint->message : "", -1);
  if (hint != NULL)
    {
      g_autofree char *before = g_strdup (gtk_widget_get_tooltip_text (widget));

      tooltip = g_strdup_printf ("%s\n%s", before, hint->message);
      gtk_widget_set_tooltip_text (widget, tooltip);
    }
  for (guint i = 0; labels[i] != NULL; i++)
    g_free (labels[i]);
}

static void
update_model_value (LwSettingsRows *self)
{
  const LwSpec *optimizer, *loss;
  g_autofree char *rate = NULL;
  g_autofree char *value = NULL;

  optimizer = lw_model_spec_get_optimizer (self->model);
  loss = lw_model_spec_get_loss (self->model);

  if (lw_spec_class_find (lw_spec_get_class (optimizer), "learning_rate", NULL) != NULL)
    {
      rate = lw_number_spin_format (lw_schedule_get_initial (optimizer));
      value = g_strdup_printf ("%s · %s", _(lw_spec_get_class (optimizer)->label), rate);
      if (lw_schedule_is_used (optimizer))
        {
          g_autofree char *constant = g_steal_pointer (&value);

          value = g_strdup_printf ("%s · %s", constant, lw_spec_get_choice (optimizer, "schedule"));
        }
    }
  else
    value = g_strdup (_(lw_spec_get_class (optimizer)->label));

  set_value (self, LW_SETTINGS_OPTIMIZER, value);
  set_value (self, LW_SETTINGS_LOSS, _(lw_spec_get_class (loss)->label));
  lw_spec_popover_set_spec (LW_SPEC_POPOVER (self->popovers[LW_SETTINGS_OPTIMIZER]), optimizer);
  lw_spec_popover_set_spec (LW_SPEC_POPOVER (self->popovers[LW_SETTINGS_LOSS]), loss);
}

static void
update_run_value (LwSettingsRows *self)
{
  const LwRunSettings *settings = &self->settings;
  g_autofree char *epochs = NULL;
  g_autofree char *count = NULL;
  g_autofree char *value = NULL;

  count = lw_chart_format_count (settings->epochs);
  epochs = g_strdup_printf (ngettext ("%s epoch", "%s epochs", settings->epochs), count);
  /* Translators: "5 epochs · batch 128". */
  value = g_strdup_printf (_("%s · batch %u"), epochs, settings->batch_size);
  set_value (self, LW_SETTINGS_RUN, value);
  lw_run_popover_set_settings (LW_RUN_POPOVER (self->popovers[LW_SETTINGS_RUN]), settings);
}

static void
update (LwSettingsRows *self)
{
  g_autoptr (GPtrArray) hints = NULL;

  if (self->model == NULL)
    return;

  hints = lw_model_hints_new (self->model, self->settings.batch_size);
  update_model_value (self);
  update_run_value (self);
  update_hint (self, hints, LW_SETTINGS_OPTIMIZER, LW_HINT_OPTIMIZER);
  update_hint (self, hints, LW_SETTINGS_RUN, LW_HINT_RUN);
}

void
lw_settings_rows_set_model (LwSettingsRows *self,
                            LwModelSpec    *model)
{
  g_return_if_fail (LW_IS_SETTINGS_ROWS (self));
  g_return_if_fail (model != NULL);

  lw_model_spec_ref (model);
  g_clear_pointer (&self->model, lw_model_spec_unref);
  self->model = model;
  update (self);
}

void
lw_settings_rows_set_settings (LwSettingsRows      *self,
                               const LwRunSettings *settings)
{
  g_return_if_fail (LW_IS_SETTINGS_ROWS (self));
  g_return_if_fail (settings != NULL);

  self->settings = *settings;
  if (self->model == NULL)
    update_run_value (self);
  update (self);
}

void
lw_settings_rows_set_lit (LwSettingsRows *self,
                          LwSettingsRow   row,
                          gboolean        lit)
{
  g_return_if_fail (LW_IS_SETTINGS_ROWS (self));

  if (lit)
    gtk_widget_add_css_class (lw_settings_rows_get_row (self, row), "lit");
  else
    gtk_widget_remove_css_class (lw_settings_rows_get_row (self, row), "lit");
}

void
lw_settings_rows_set_data_size (LwSettingsRows *self,
                                guint           n_images)
{
  g_return_if_fail (LW_IS_SETTINGS_ROWS (self));

  lw_run_popover_set_data_size (LW_RUN_POPOVER (self->popovers[LW_SETTINGS_RUN]), n_images);
}

void
lw_settings_rows_open (LwSettingsRows *self,
                       LwSettingsRow   row)
{
  g_return_if_fail (LW_IS_SETTINGS_ROWS (self));

  gtk_popover_popup (GTK_POPOVER (self->popovers[row]));
}

GtkWidget *
lw_settings_rows_get_row (LwSettingsRows *self,
                          LwSettingsRow   row)
{
  g_return_val_if_fail (LW_IS_SETTINGS_ROWS (self), NULL);

  return GTK_WIDGET (gtk_list_box_get_row_at_index (GTK_LIST_BOX (self->list), (int) row));
}

GtkWidget *
lw_settings_rows_get_popover (LwSettingsRows *self,
                              LwSettingsRow   row)
{
  g_return_val_if_fail (LW_IS_SETTINGS_ROWS (self), NULL);

  return self->popovers[row];
}

static void
lw_settings_rows_dispose (GObject *object)
{
  LwSettingsRows *self = LW_SETTINGS_ROWS (object);

  for (int i = 0; i < N_ROWS; i++)
    g_clear_pointer (&self->popovers[i], gtk_widget_unparent);
  g_clear_pointer (&self->list, gtk_widget_unparent);
  g_clear_pointer (&self->model, lw_model_spec_unref);
  G_OBJECT_CLASS (lw_settings_rows_parent_class)->dispose (object);
}

static void
lw_settings_rows_class_init (LwSettingsRowsClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lw_settings_rows_dispose;

  lw_ui_resources_ensure ();
  gtk_widget_class_set_template_from_resource (widget_class,
                                               LW_UI_RESOURCE_PREFIX "/builder/settings-rows.ui");
  gtk_widget_class_bind_template_child (widget_class, LwSettingsRows, list);
  gtk_widget_class_bind_template_child (widget_class, LwSettingsRows, optimizer_row);
  gtk_widget_class_bind_template_child (widget_class, LwSettingsRows, loss_row);
  gtk_widget_class_bind_template_child (widget_class, LwSettingsRows, run_row);
  gtk_widget_class_bind_template_callback (widget_class, on_row_activated);
}

static void
lw_settings_rows_init (LwSettingsRows *self)
{
  self->settings = LW_RUN_SETTINGS_STANDARD;
  gtk_widget_init_template (GTK_WIDGET (self));

  self->popovers[LW_SETTINGS_OPTIMIZER] = lw_spec_popover_new (LW_SPEC_OPTIMIZER);
  self->popovers[LW_SETTINGS_LOSS] = lw_spec_popover_new (LW_SPEC_LOSS);
  self->popovers[LW_SETTINGS_RUN] = lw_run_popover_new ();

  for (int i = 0; i < N_ROWS; i++)
    {
      GtkWidget *row = lw_settings_rows_get_row (self, i);
      GtkWidget *value = gtk_label_new (NULL);
      GtkWidget *arrow = g_object_new (GTK_TYPE_IMAGE, "icon-name", "go-next-symbolic",
                                       "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);

      gtk_label_set_ellipsize (GTK_LABEL (value), PANGO_ELLIPSIZE_END);
      gtk_label_set_xalign (GTK_LABEL (value), 1);
      gtk_widget_add_css_class (value, "dim-label");
      gtk_widget_add_css_class (value, "numeric");
      self->signs[i] = g_object_new (GTK_TYPE_IMAGE, "icon-name", "dialog-warning-symbolic",
                                     "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, "visible",
                                     FALSE, NULL);
      gtk_widget_add_css_class (self->signs[i], "warning");
      adw_action_row_add_suffix (ADW_ACTION_ROW (row), self->signs[i]);
      adw_action_row_add_suffix (ADW_ACTION_ROW (row), value);
      adw_action_row_add_suffix (ADW_ACTION_ROW (row), arrow);
      self->values[i] = GTK_LABEL (value);

      gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_HAS_POPUP, TRUE,
                                      -1);
      gtk_widget_set_parent (self->popovers[i], row);
      g_signal_connect_swapped (get_note (self, (LwSettingsRow) i), "chosen", G_CALLBACK (on_note_chosen), self);
    }
}

GtkWidget *
lw_settings_rows_new (void)
{
  return g_object_new (LW_TYPE_SETTINGS_ROWS, NULL);
}
