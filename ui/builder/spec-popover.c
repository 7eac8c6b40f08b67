#include "ui/builder/spec-popover.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>

#include "ui/builder/field-control.h"
#include "ui/ui-resources.h"

/* The controls of a group stand in one column. */
#define CONTROL_WIDTH 142

struct _LwSpecPopover {
  GtkPopover          parent_instance;

  LwSpecFamily        family;
  LwSpec             *spec;
  GPtrArray          *rows;     /* of AdwActionRow, not owned; one for each field */
  GtkWidget          *more;     /* AdwExpanderRow with the rare ones, or NULL */
  GPtrArray          *controls; /* of LwFieldControl, not owned */
  gboolean            updating;

  GtkLabel           *title;
  GtkLabel           *about;
  GtkWidget          *defaults;
  AdwPreferencesGroup *group;
  AdwComboRow        *kind;
  LwCardNote         *note;
};

G_DEFINE_FINAL_TYPE (LwSpecPopover, lw_spec_popover, GTK_TYPE_POPOVER)

static const LwSpecClass *const *
get_classes (LwSpecPopover *self)
{
  return self->family == LW_SPEC_OPTIMIZER ? lw_optimizer_classes () : lw_loss_classes ();
}

static void
ask_for_kind (LwSpecPopover *self,
              const char    *class_name)
{
  gtk_widget_activate_action (
    GTK_WIDGET (self),
    self->family == LW_SPEC_OPTIMIZER ? "model.set-optimizer" : "model.set-loss", "s", class_name);
}

static void
on_kind_selected (AdwComboRow   *row,
                  GParamSpec    *pspec,
                  LwSpecPopover *self)
{
  guint selected = adw_combo_row_get_selected (row);

  if (!self->updating && selected != GTK_INVALID_LIST_POSITION)
    ask_for_kind (self, get_classes (self)[selected]->class_name);
}

static void
on_defaults_clicked (GtkButton     *button,
                     LwSpecPopover *self)
{
  if (self->spec != NULL)
    ask_for_kind (self, lw_spec_get_class (self->spec)->class_name);
}

static void
on_edited (LwFieldControl *control,
           GVariant       *value,
           LwSpecPopover  *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self),
                              self->family == LW_SPEC_OPTIMIZER ? "model.set-optimizer-field"
                                                                : "model.set-loss-field",
                              "(sv)", lw_field_control_get_field (control)->key, value);
}

/* What a schedule needs stands below it, not among the rare ones. */
static gboolean
is_folded (const LwField *field)
{
  return field->rare && !lw_schedule_has_key (field->key);
}

/* A row is there while its setting counts. */
static gboolean
is_shown (LwSpecPopover *self,
          const LwField *field)
{
  if (lw_schedule_has_key (field->key))
    return lw_schedule_uses_key (self->spec, field->key);
  if (g_str_has_prefix (field->key, "ema_"))
    return lw_spec_get_bool (self->spec, "use_ema");
  return TRUE;
}

/* A note below a setting's name, or NULL. */
static const char *
get_note (LwSpecPopover *self,
          const LwField *field)
{
  if (g_str_equal (field->key, "learning_rate"))
    {
      if (lw_schedule_uses_key (self->spec, "values"))
        return _("ends the schedule");
      return lw_schedule_is_used (self->spec) ? _("the schedule's first") : _("changes while training");
    }
  if (g_str_equal (field->key, "ema_overwrite_frequency"))
    return _("steps; 0: never");
  if (g_str_equal (field->key, "boundaries"))
    return _("numbers of steps");
  if (g_str_equal (field->key, "values"))
    return _("one more of them");
  return NULL;
}

static void
add_row (LwSpecPopover *self,
         const LwField *field)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *control = lw_field_control_new (field);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _(field->label));
  gtk_widget_set_valign (control, GTK_ALIGN_CENTER);
  if (field->type != LW_FIELD_BOOL)
    gtk_widget_set_size_request (control, CONTROL_WIDTH, -1);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), control);
  if (field->type == LW_FIELD_BOOL)
    adw_action_row_set_activatable_widget (
      ADW_ACTION_ROW (row), lw_field_control_get_main (LW_FIELD_CONTROL (control)));
  g_signal_connect (control, "edited", G_CALLBACK (on_edited), self);

  if (is_folded (field))
    {
      if (self->more == NULL)
        {
          self->more = adw_expander_row_new ();
          adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->more), _("More"));
        }
      adw_expander_row_add_row (ADW_EXPANDER_ROW (self->more), row);
    }
  else
    adw_preferences_group_add (self->group, row);
  g_ptr_array_add (self->rows, row);
  g_ptr_array_add (self->controls, control);
}

/* One row for each field of the class, in place of those of the class before. */
static void
populate (LwSpecPopover     *self,
          const LwSpecClass *klass)
{
  const LwSpecClass *const *classes = get_classes (self);

  for (guint i = 0; i < self->rows->len; i++)
    if (!is_folded (lw_field_control_get_field (g_ptr_array_index (self->controls, i))))
      adw_preferences_group_remove (self->group, g_ptr_array_index (self->rows, i));
  if (self->more != NULL)
    adw_preferences_group_remove (self->group, self->more);
  self->more = NULL;
  g_ptr_array_set_size (self->rows, 0);
  g_ptr_array_set_size (self->controls, 0);

  for (guint i = 0; i < klass->n_fields; i++)
    add_row (self, &klass->fields[i]);
  if (self->more != NULL)
    adw_preferences_group_add (self->group, self->more);

  for (guint i = 0; classes[i] != NULL; i++)
    if (classes[i] == klass)
      adw_combo_row_set_selected (self->kind, i);
  gtk_label_set_text (self->about, klass->summary != NULL ? _(klass->summary) : "");
}

void
lw_spec_popover_set_spec (LwSpecPopover *self,
                          const LwSpec  *spec)
{
  const LwSpecClass *klass;

  g_return_if_fail (LW_IS_SPEC_POPOVER (self));
  g_return_if_fail (spec != NULL);

  if (self->spec == spec)
    return;

  klass = lw_spec_get_class (spec);
  self->updating = TRUE;
  if (self->spec == NULL || lw_spec_get_class (self->spec) != klass)
    populate (self, klass);
  g_clear_pointer (&self->spec, lw_spec_unref);
  self->spec = lw_spec_ref ((LwSpec *) spec);
  for (guint i = 0; i < self->controls->len; i++)
    {
      GtkWidget  *row = g_ptr_array_index (self->rows, i);
      const char *note = get_note (self, &klass->fields[i]);

      lw_field_control_set_value (g_ptr_array_index (self->controls, i), lw_spec_get_value (spec, i));
      gtk_widget_set_visible (row, is_shown (self, &klass->fields[i]));
      adw_action_row_set_subtitle (ADW_ACTION_ROW (row), note != NULL ? note : "");
    }
  self->updating = FALSE;
}

GtkWidget *
lw_spec_popover_find (LwSpecPopover *self,
                      const char    *key)
{
  g_return_val_if_fail (LW_IS_SPEC_POPOVER (self), NULL);

  for (guint i = 0; i < self->controls->len; i++)
    {
      GtkWidget *control = g_ptr_array_index (self->controls, i);

      if (g_str_equal (lw_field_control_get_field (LW_FIELD_CONTROL (control))->key, key))
        return control;
    }

  return NULL;
}

GtkWidget *
lw_spec_popover_get_more (LwSpecPopover *self)
{
  g_return_val_if_fail (LW_IS_SPEC_POPOVER (self), NULL);

  return self->more;
}

GtkWidget *
lw_spec_popover_get_kind (LwSpecPopover *self)
{
  g_return_val_if_fail (LW_IS_SPEC_POPOVER (self), NULL);

  return GTK_WIDGET (self->kind);
}

LwCardNote *
lw_spec_popover_get_note (LwSpecPopover *self)
{
  g_return_val_if_fail (LW_IS_SPEC_POPOVER (self), NULL);

  return self->note;
}

/* The kind comes first, not the button that undoes every choice. */
static void
lw_spec_popover_show (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (lw_spec_popover_parent_class)->show (widget);
  gtk_widget_grab_focus (GTK_WIDGET (LW_SPEC_POPOVER (widget)->kind));
}

static void
lw_spec_popover_finalize (GObject *object)
{
  LwSpecPopover *self = LW_SPEC_POPOVER (object);

  g_clear_pointer (&self->spec, lw_spec_unref);
  g_ptr_array_unref (self->rows);
  g_ptr_array_unref (self->controls);
  G_OBJECT_CLASS (lw_spec_popover_parent_class)->finalize (object);
}

/* Its sentences wrap: measured without a width it would be a line too low for them. */
static GtkSizeRequestMode
lw_spec_popover_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
lw_spec_popover_class_init (LwSpecPopoverClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = lw_spec_popover_finalize;
  widget_class->show = lw_spec_popover_show;
  widget_class->get_request_mode = lw_spec_popover_get_request_mode;

  g_type_ensure (LW_TYPE_CARD_NOTE);
  lw_ui_resources_ensure ();
  gtk_widget_class_set_template_from_resource (widget_class,
                                               LW_UI_RESOURCE_PREFIX "/builder/spec-popover.ui");
  gtk_widget_class_bind_template_child (widget_class, LwSpecPopover, title);
  gtk_widget_class_bind_template_child (widget_class, LwSpecPopover, about);
  gtk_widget_class_bind_template_child (widget_class, LwSpecPopover, defaults);
  gtk_widget_class_bind_template_child (widget_class, LwSpecPopover, group);
  gtk_widget_class_bind_template_child (widget_class, LwSpecPopover, kind);
  gtk_widget_class_bind_template_child (widget_class, LwSpecPopover, note);
  gtk_widget_class_bind_template_callback (widget_class, on_defaults_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_kind_selected);
}

static void
lw_spec_popover_init (LwSpecPopover *self)
{
  self->rows = g_ptr_array_new ();
  self->controls = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
lw_spec_popover_new (LwSpecFamily family)
{
  LwSpecPopover *self = g_object_new (LW_TYPE_SPEC_POPOVER, NULL);
  const char *title = family == LW_SPEC_OPTIMIZER ? _("Optimizer") : _("Loss");
  g_autoptr (GtkStringList) kinds = gtk_string_list_new (NULL);
  const LwSpecClass *const *classes;

  g_return_val_if_fail (family != LW_SPEC_LAYER, NULL);

  self->family = family;
  classes = get_classes (self);
  for (guint i = 0; classes[i] != NULL; i++)
    gtk_string_list_append (kinds, _(classes[i]->label));

  self->updating = TRUE;
  adw_combo_row_set_model (self->kind, G_LIST_MODEL (kinds));
  self->updating = FALSE;
  gtk_label_set_text (self->title, title);
  gtk_widget_set_visible (self->defaults, family == LW_SPEC_OPTIMIZER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);

  return GTK_WIDGET (self);
}
