#include "ui/train/run-note-popover.h"

#include <glib/gi18n-lib.h>

#define MAX_LENGTH 200

struct _LwRunNotePopover {
  GtkPopover parent_instance;

  /* owned */
  LwRunItem *item;

  GtkLabel *title;
  GtkWidget *entry;
};

G_DEFINE_FINAL_TYPE (LwRunNotePopover, lw_run_note_popover, GTK_TYPE_POPOVER)

static void
save (LwRunNotePopover *self)
{
  g_autofree char *note = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->entry))));

  if (self->item != NULL && g_strcmp0 (note, lw_run_item_get_note (self->item)) != 0)
    gtk_widget_activate_action (GTK_WIDGET (self), "runs.set-note", "(us)", lw_run_item_get_id (self->item), note);
  gtk_popover_popdown (GTK_POPOVER (self));
}

void
lw_run_note_popover_set_item (LwRunNotePopover *self, LwRunItem *item)
{
  const char *note;
  g_autofree char *title = NULL;

  g_return_if_fail (LW_IS_RUN_NOTE_POPOVER (self));
  g_return_if_fail (LW_IS_RUN_ITEM (item));

  g_set_object (&self->item, item);
  note = lw_run_item_get_note (item);
  /* Translators: %s is a run's name. */
  title = g_strdup_printf (_("Note on %s"), lw_run_item_get_name (item));
  gtk_label_set_text (self->title, title);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->entry), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  gtk_editable_set_text (GTK_EDITABLE (self->entry), note != NULL ? note : "");
  gtk_editable_select_region (GTK_EDITABLE (self->entry), 0, -1);
}

static void
lw_run_note_popover_dispose (GObject *object)
{
  g_clear_object (&LW_RUN_NOTE_POPOVER (object)->item);
  G_OBJECT_CLASS (lw_run_note_popover_parent_class)->dispose (object);
}

static void
lw_run_note_popover_class_init (LwRunNotePopoverClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = lw_run_note_popover_dispose;
}

static void
lw_run_note_popover_init (LwRunNotePopover *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *button = gtk_button_new_with_mnemonic (_("_Save"));
  GtkWidget *about = gtk_label_new (_("Without a note the list says what differs."));

  self->title = GTK_LABEL (gtk_label_new (NULL));
  self->entry = gtk_entry_new ();
  gtk_label_set_xalign (self->title, 0);
  gtk_label_set_ellipsize (self->title, PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (GTK_WIDGET (self->title), "heading");
  gtk_label_set_xalign (GTK_LABEL (about), 0);
  gtk_widget_add_css_class (about, "caption");
  gtk_widget_add_css_class (about, "dim-label");
  gtk_entry_set_max_length (GTK_ENTRY (self->entry), MAX_LENGTH);
  gtk_editable_set_width_chars (GTK_EDITABLE (self->entry), 32);
  gtk_widget_set_hexpand (self->entry, TRUE);
  gtk_box_append (GTK_BOX (line), self->entry);
  gtk_box_append (GTK_BOX (line), button);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->title));
  gtk_box_append (GTK_BOX (box), line);
  gtk_box_append (GTK_BOX (box), about);
  gtk_widget_add_css_class (GTK_WIDGET (self), "run-popover");
  gtk_popover_set_child (GTK_POPOVER (self), box);

  g_signal_connect_swapped (self->entry, "activate", G_CALLBACK (save), self);
  g_signal_connect_swapped (button, "clicked", G_CALLBACK (save), self);
}

GtkWidget *
lw_run_note_popover_new (void)
{
  return g_object_new (LW_TYPE_RUN_NOTE_POPOVER, NULL);
}
