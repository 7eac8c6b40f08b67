#include "ui/builder/run-popover.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "ui/builder/number-spin.h"
#include "ui/ui-resources.h"

#define CONTROL_WIDTH 142
#define STANDARD_DATA_SIZE 60000

struct _LwRunPopover {
  GtkPopover    parent_instance;

  LwRunSettings settings;
  guint         data_size;
  gboolean      updating;

  GtkWidget    *epochs;
  GtkWidget    *batch_size;
  GtkWidget    *shuffle;
  GtkWidget    *fraction;
  GtkWidget    *patience;
  GtkWidget    *threads;

  AdwActionRow *epochs_row;
  AdwActionRow *batch_row;
  AdwActionRow *shuffle_row;
  AdwActionRow *fraction_row;
  AdwActionRow *patience_row;
  AdwActionRow *keep_best_row;
  AdwActionRow *threads_row;
  GtkSwitch    *keep_best;
  LwCardNote   *note;
  GtkWidget    *seed;
  AdwComboRow  *validation;
};

G_DEFINE_FINAL_TYPE (LwRunPopover, lw_run_popover, GTK_TYPE_POPOVER)

/* In the order of LwValidation and of the rows of the list in the template. */
static const char *const validation_words[] = { "none", "test", "fraction" };

static void
on_epochs_edited (LwRunPopover *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "run.set-epochs", "u",
                              (guint) lw_number_spin_get_value (LW_NUMBER_SPIN (self->epochs)));
}

static void
on_batch_size_edited (LwRunPopover *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "run.set-batch-size", "u",
                              (guint) lw_number_spin_get_value (LW_NUMBER_SPIN (self->batch_size)));
}

static void
on_shuffle_edited (LwRunPopover *self)
{
  double buffer = lw_number_spin_get_value (LW_NUMBER_SPIN (self->shuffle));

  gtk_widget_activate_action (GTK_WIDGET (self), "run.set-shuffle", "u",
                              buffer >= self->data_size ? G_MAXUINT32 : (guint) buffer);
}

static void
show_seed (LwRunPopover *self)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, self->settings.seed);

  if (strcmp (gtk_editable_get_text (GTK_EDITABLE (self->seed)), text) != 0)
    gtk_editable_set_text (GTK_EDITABLE (self->seed), text);
}

static void
apply_seed (LwRunPopover *self)
{
  g_autofree char *text = g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->seed)));
  guint64 seed;

  g_strstrip (text);
  if (g_ascii_string_to_unsigned (text, 10, 0, G_GUINT64_CONSTANT (1) << 63, &seed, NULL) &&
      seed != self->settings.seed)
    gtk_widget_activate_action (GTK_WIDGET (self), "run.set-seed", "t", seed);

  /* What is no seed gives way to the one in force. */
  show_seed (self);
}

static void
ask_for_validation (LwRunPopover *self)
{
  guint selected = adw_combo_row_get_selected (self->validation);

  if (self->updating || selected >= G_N_ELEMENTS (validation_words))
    return;

  gtk_widget_activate_action (GTK_WIDGET (self), "run.set-validation", "(sd)",
                              validation_words[selected],
                              lw_number_spin_get_value (LW_NUMBER_SPIN (self->fraction)));
}

static void
on_validation_selected (LwRunPopover *self)
{
  gtk_widget_set_visible (GTK_WIDGET (self->fraction_row),
                          adw_combo_row_get_selected (self->validation) == LW_VALIDATION_FRACTION);
  ask_for_validation (self);
}

static void
on_patience_edited (LwRunPopover *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "run.set-patience", "u",
                              (guint) lw_number_spin_get_value (LW_NUMBER_SPIN (self->patience)));
}

static void
on_keep_best_switched (LwRunPopover *self)
{
  if (!self->updating)
    gtk_widget_activate_action (GTK_WIDGET (self), "run.set-keep-best", "b",
                                gtk_switch_get_active (self->keep_best));
}

static void
on_threads_edited (LwRunPopover *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "run.set-threads", "u",
                              (guint) lw_number_spin_get_value (LW_NUMBER_SPIN (self->threads)));
}

/* What looks for the best epoch needs something to tell it by. */
static void
update_sensitive (LwRunPopover *self)
{
  const gboolean validated = self->settings.validation != LW_VALIDATION_NONE;
  AdwActionRow *rows[] = { self->patience_row, self->keep_best_row };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gtk_widget_set_sensitive (GTK_WIDGET (rows[i]), validated);
      gtk_widget_set_tooltip_text (GTK_WIDGET (rows[i]),
                                   validated ? NULL
                                             : _("Without validation no epoch is known to be the best: choose the "
                                                 "test images or a part of the training set above"));
    }
}

static GtkWidget *
add_spin (LwRunPopover        *self,
          AdwActionRow        *row,
          const LwNumberRange *range,
          void (*on_edited) (LwRunPopover *))
{
  GtkWidget *spin = lw_number_spin_new (range);

  gtk_widget_set_valign (spin, GTK_ALIGN_CENTER);
  gtk_widget_set_size_request (spin, CONTROL_WIDTH, -1);
  gtk_accessible_update_property (
    GTK_ACCESSIBLE (lw_number_spin_get_button (LW_NUMBER_SPIN (spin))),
    GTK_ACCESSIBLE_PROPERTY_LABEL, adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row)), -1);
  g_signal_connect_swapped (spin, "edited", G_CALLBACK (on_edited), self);
  adw_action_row_add_suffix (row, spin);

  return spin;
}

static void
add_shuffle (LwRunPopover *self)
{
  LwNumberRange range = { LW_NUMBER_STEP_DECADES, TRUE, 0, self->data_size, 0, 100,
                          C_("shuffle buffer", "off"), C_("shuffle buffer", "whole set") };

  self->shuffle = add_spin (self, self->shuffle_row, &range, on_shuffle_edited);
}

void
lw_run_popover_set_settings (LwRunPopover        *self,
                             const LwRunSettings *settings)
{
  g_return_if_fail (LW_IS_RUN_POPOVER (self));
  g_return_if_fail (settings != NULL);

  self->settings = *settings;
  self->updating = TRUE;
  lw_number_spin_set_value (LW_NUMBER_SPIN (self->epochs), settings->epochs);
  lw_number_spin_set_value (LW_NUMBER_SPIN (self->batch_size), settings->batch_size);
  lw_number_spin_set_value (LW_NUMBER_SPIN (self->shuffle),
                            MIN (settings->shuffle, self->data_size));
  lw_number_spin_set_value (LW_NUMBER_SPIN (self->fraction), settings->fraction);
  adw_combo_row_set_selected (self->validation, settings->validation);
  lw_number_spin_set_value (LW_NUMBER_SPIN (self->patience), settings->patience);
  lw_number_spin_set_value (LW_NUMBER_SPIN (self->threads), settings->threads);
  gtk_switch_set_active (self->keep_best, settings->keep_best);
  update_sensitive (self);
  gtk_widget_set_visible (GTK_WIDGET (self->fraction_row),
                          settings->validation == LW_VALIDATION_FRACTION);
  show_seed (self);
  self->updating = FALSE;
}

void
lw_run_popover_set_data_size (LwRunPopover *self,
                              guint         n_images)
{
  LwRunSettings settings;

  g_return_if_fail (LW_IS_RUN_POPOVER (self));
  g_return_if_fail (n_images > 0);

  if (self->data_size == n_images)
    return;

  self->data_size = n_images;
  adw_action_row_remove (self->shuffle_row, self->shuffle);
  add_shuffle (self);
  settings = self->settings;
  lw_run_popover_set_settings (self, &settings);
}

GtkWidget *
lw_run_popover_find (LwRunPopover *self,
                     const char   *setting)
{
  g_return_val_if_fail (LW_IS_RUN_POPOVER (self), NULL);

  if (g_str_equal (setting, "epochs"))
    return self->epochs;
  if (g_str_equal (setting, "batch-size"))
    return self->batch_size;
  if (g_str_equal (setting, "shuffle"))
    return self->shuffle;
  if (g_str_equal (setting, "seed"))
    return self->seed;
  if (g_str_equal (setting, "validation"))
    return GTK_WIDGET (self->validation);
  if (g_str_equal (setting, "fraction"))
    return self->fraction;
  if (g_str_equal (setting, "patience"))
    return self->patience;
  if (g_str_equal (setting, "keep-best"))
    return GTK_WIDGET (self->keep_best);
  if (g_str_equal (setting, "threads"))
    return self->threads;

  return NULL;
}

LwCardNote *
lw_run_popover_get_note (LwRunPopover *self)
{
  g_return_val_if_fail (LW_IS_RUN_POPOVER (self), NULL);

  return self->note;
}

static void
lw_run_popover_class_init (LwRunPopoverClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (LW_TYPE_CARD_NOTE);
  lw_ui_resources_ensure ();
  gtk_widget_class_set_template_from_resource (widget_class,
                                               LW_UI_RESOURCE_PREFIX "/builder/run-popover.ui");
  gtk_widget_class_bind_template_child (widget_class, LwRunPopover, epochs_row);
  gtk_widget_class_bind_template_child (widget_class, LwRunPopover, batch_row);
  gtk_widget_class_bind_template_child (widget_class, LwRunPopover, shuffle_row);
  gtk_widget_class_bind_template_child (widget_class, LwRunPopover, fraction_row);
  gtk_widget_class_bind_template_child (widget_class, LwRunPopover, patience_row);
  gtk_widget_class_bind_template_child (widget_class, LwRunPopover, keep_best_row);
  gtk_widget_class_bind_template_child (widget_class, LwRunPopover, threads_row);
  gtk_widget_class_bind_template_child (widget_class, LwRunPopover, keep_best);
  gtk_widget_class_bind_template_child (widget_class, LwRunPopover, note);
  gtk_widget_class_bind_template_child (widget_class, LwRunPopover, seed);
  gtk_widget_class_bind_template_child (widget_class, LwRunPopover, validation);
  gtk_widget_class_bind_template_callback (widget_class, apply_seed);
  gtk_widget_class_bind_template_callback (widget_class, on_validation_selected);
  gtk_widget_class_bind_template_callback (widget_class, on_keep_best_switched);
}

static void
lw_run_popover_init (LwRunPopover *self)
{
  static const LwNumberRange epochs = { LW_NUMBER_STEP_EVEN, TRUE, 1, 10000, 1, 0, NULL, NULL };
  static const LwNumberRange batch_size = { LW_NUMBER_STEP_DOUBLING, TRUE, 1, 4096, 0, 0, NULL,
                                            NULL };
  static const LwNumberRange fraction = { LW_NUMBER_STEP_EVEN, FALSE, 0.01, 0.99, 0.05, 0, NULL,
                                          NULL };
  const LwNumberRange patience = { LW_NUMBER_STEP_EVEN, TRUE, 0, 1000, 1, 0,
                                   C_("early stopping", "off"), NULL };
  const LwNumberRange threads = { LW_NUMBER_STEP_EVEN, TRUE, 0, MIN (g_get_num_processors (), 256), 1, 0,
                                  C_("threads", "all"), NULL };
  GtkEventController *focus = gtk_event_controller_focus_new ();

  self->settings = LW_RUN_SETTINGS_STANDARD;
  self->data_size = STANDARD_DATA_SIZE;
  self->updating = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));

  self->epochs = add_spin (self, self->epochs_row, &epochs, on_epochs_edited);
  self->batch_size = add_spin (self, self->batch_row, &batch_size, on_batch_size_edited);
  self->fraction = add_spin (self, self->fraction_row, &fraction, ask_for_validation);
  self->patience = add_spin (self, self->patience_row, &patience, on_patience_edited);
  self->threads = add_spin (self, self->threads_row, &threads, on_threads_edited);
  add_shuffle (self);

  g_signal_connect_swapped (focus, "leave", G_CALLBACK (apply_seed), self);
  gtk_widget_add_controller (self->seed, focus);
  lw_run_popover_set_settings (self, &self->settings);
}

GtkWidget *
lw_run_popover_new (void)
{
  return g_object_new (LW_TYPE_RUN_POPOVER, NULL);
}
