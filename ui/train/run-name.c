#include "ui/train/run-name.h"

#include <glib/gi18n-lib.h>

#include "ui/train/run-columns.h"
#include "ui/train/run-swatch.h"

#define MAX_LENGTH 80
#define LEAST_CHARS 7

struct _LwRunName {
  GtkWidget parent_instance;

  /* owned */
  LwRunItem *item;
  GBindingGroup *bindings;

  GtkWidget *swatch;
  GtkStack *stack;
  GtkWidget *name;
  GtkWidget *entry;
  GtkWidget *note;
};

G_DEFINE_FINAL_TYPE (LwRunName, lw_run_name, GTK_TYPE_WIDGET)

/* The note gives way first. */
static void
reserve_width (LwRunName *self)
{
  glong length = g_utf8_strlen (gtk_label_get_text (GTK_LABEL (self->name)), -1);

  gtk_label_set_width_chars (GTK_LABEL (self->name), (int) MIN (length, LEAST_CHARS));
}

gboolean
lw_run_name_is_editing (LwRunName *self)
{
  g_return_val_if_fail (LW_IS_RUN_NAME (self), FALSE);

  return gtk_stack_get_visible_child (self->stack) == self->entry;
}

/* The list gets its keys back, if they were the entry's. */
static void
show_name (LwRunName *self)
{
  gboolean focused = (gtk_widget_get_state_flags (self->entry) & GTK_STATE_FLAG_FOCUS_WITHIN) != 0;
  GtkWidget *row = lw_run_columns_get_row (GTK_WIDGET (self));

  gtk_stack_set_visible_child (self->stack, self->name);
  gtk_widget_set_visible (self->entry, FALSE);
  gtk_widget_set_visible (self->note, TRUE);
  if (focused && row != NULL)
    gtk_widget_grab_focus (row);
}

static void
finish (LwRunName *self)
{
  g_autofree char *name = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->entry))));

  if (!lw_run_name_is_editing (self))
    return;
  show_name (self);
  if (self->item != NULL && name[0] != '\0' && g_strcmp0 (name, lw_run_item_get_name (self->item)) != 0)
    gtk_widget_activate_action (GTK_WIDGET (self), "runs.rename", "(us)", lw_run_item_get_id (self->item), name);
}

static gboolean
on_key (LwRunName *self, guint key, guint code, GdkModifierType state)
{
  if (key != GDK_KEY_Escape)
    return GDK_EVENT_PROPAGATE;
  show_name (self);
  return GDK_EVENT_STOP;
}

void
lw_run_name_edit (LwRunName *self)
{
  g_return_if_fail (LW_IS_RUN_NAME (self));

  if (self->item == NULL || lw_run_name_is_editing (self))
    return;
  gtk_editable_set_text (GTK_EDITABLE (self->entry), lw_run_item_get_name (self->item));
  gtk_widget_set_visible (self->note, FALSE);
  gtk_widget_set_visible (self->entry, TRUE);
  gtk_stack_set_visible_child (self->stack, self->entry);
  gtk_widget_grab_focus (self->entry);
  gtk_editable_select_region (GTK_EDITABLE (self->entry), 0, -1);
}

void
lw_run_name_set_item (LwRunName *self, LwRunItem *item)
{
  g_return_if_fail (LW_IS_RUN_NAME (self));
  g_return_if_fail (item == NULL || LW_IS_RUN_ITEM (item));

  if (self->item == item)
    return;
  gtk_stack_set_visible_child (self->stack, self->name);
  gtk_widget_set_visible (self->entry, FALSE);
  gtk_widget_set_visible (self->note, TRUE);
  g_set_object (&self->item, item);
  g_binding_group_set_source (self->bindings, item);
}

LwRunItem *
lw_run_name_get_item (LwRunName *self)
{
  g_return_val_if_fail (LW_IS_RUN_NAME (self), NULL);

  return self->item;
}

static void
lw_run_name_dispose (GObject *object)
{
  LwRunName *self = LW_RUN_NAME (object);
  GtkWidget *child;

  g_clear_object (&self->item);
  g_clear_object (&self->bindings);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);

  G_OBJECT_CLASS (lw_run_name_parent_class)->dispose (object);
}

static void
lw_run_name_class_init (LwRunNameClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lw_run_name_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "runname");
}

static void
lw_run_name_init (LwRunName *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));
  GtkEventController *keys = gtk_event_controller_key_new ();
  GtkEventController *focus = gtk_event_controller_focus_new ();

  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (layout), 12);
  self->swatch = lw_run_swatch_new ();
  self->stack = GTK_STACK (gtk_stack_new ());
  self->name = gtk_label_new (NULL);
  self->entry = gtk_entry_new ();
  self->note = gtk_label_new (NULL);
  gtk_widget_set_parent (self->swatch, GTK_WIDGET (self));
  gtk_widget_set_parent (GTK_WIDGET (self->stack), GTK_WIDGET (self));
  gtk_widget_set_parent (self->note, GTK_WIDGET (self));

  gtk_stack_set_hhomogeneous (self->stack, FALSE);
  gtk_stack_add_child (self->stack, self->name);
  gtk_stack_add_child (self->stack, self->entry);
  gtk_label_set_xalign (GTK_LABEL (self->name), 0);
  gtk_label_set_ellipsize (GTK_LABEL (self->name), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (self->name, "heading");
  gtk_editable_set_width_chars (GTK_EDITABLE (self->entry), 16);
  gtk_entry_set_max_length (GTK_ENTRY (self->entry), MAX_LENGTH);
  gtk_widget_set_valign (self->entry, GTK_ALIGN_CENTER);
  /* Assistive technology would find it behind the name. */
  gtk_widget_set_visible (self->entry, FALSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->entry), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Name of the run"),
                                  -1);
  gtk_label_set_xalign (GTK_LABEL (self->note), 0);
  gtk_label_set_ellipsize (GTK_LABEL (self->note), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (self->note, "dim-label");

  g_signal_connect_swapped (self->name, "notify::label", G_CALLBACK (reserve_width), self);
  self->bindings = g_binding_group_new ();
  g_binding_group_bind (self->bindings, "slot", self->swatch, "slot", 0);
  g_binding_group_bind (self->bindings, "name", self->name, "label", 0);
  g_binding_group_bind (self->bindings, "note", self->note, "label", 0);
  g_binding_group_bind (self->bindings, "note", self->note, "tooltip-text", 0);

  g_signal_connect_swapped (self->entry, "activate", G_CALLBACK (finish), self);
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect_swapped (keys, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (self->entry, keys);
  g_signal_connect_swapped (focus, "leave", G_CALLBACK (finish), self);
  gtk_widget_add_controller (self->entry, focus);
}

GtkWidget *
lw_run_name_new (void)
{
  return g_object_new (LW_TYPE_RUN_NAME, NULL);
}
