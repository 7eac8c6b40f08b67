#include "ui/builder/card-note.h"


struct _LwCardNote {
  GtkWidget  parent_instance;

  LwNoteKind kind;
  char      *message;

  GtkWidget *icon;
  GtkWidget *column;
  GtkLabel  *label;
  GtkWidget *buttons;
};

G_DEFINE_FINAL_TYPE (LwCardNote, lw_card_note, GTK_TYPE_WIDGET)

enum {
  CHOSEN,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
on_clicked (GtkWidget  *button,
            LwCardNote *self)
{
  g_signal_emit (self, signals[CHOSEN], 0,
                 GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "lw-number")));
}

static GtkWidget *
append_button (LwCardNote *self,
               guint       number)
{
  GtkWidget *button = gtk_button_new ();

  gtk_widget_set_halign (button, GTK_ALIGN_START);
  gtk_widget_add_css_class (button, "small");
  g_object_set_data (G_OBJECT (button), "lw-number", GUINT_TO_POINTER (number));
  g_signal_connect (button, "clicked", G_CALLBACK (on_clicked), self);
  gtk_box_append (GTK_BOX (self->buttons), button);

  return button;
}

/* Buttons are kept where there are enough of them: one may be just now under the pointer. */
static void
update_buttons (LwCardNote        *self,
                const char *const *labels)
{
  GtkWidget *button = gtk_widget_get_first_child (self->buttons);

  for (guint i = 0; labels != NULL && labels[i] != NULL; i++)
    {
      if (button == NULL)
        button = append_button (self, i);
      gtk_button_set_label (GTK_BUTTON (button), labels[i]);
      gtk_label_set_ellipsize (GTK_LABEL (gtk_button_get_child (GTK_BUTTON (button))),
                               PANGO_ELLIPSIZE_MIDDLE);
      if (i == 0 && self->kind == LW_NOTE_FAULT)
        gtk_widget_add_css_class (button, "suggested-action");
      else
        gtk_widget_remove_css_class (button, "suggested-action");
      button = gtk_widget_get_next_sibling (button);
    }

  while (button != NULL)
    {
      GtkWidget *next = gtk_widget_get_next_sibling (button);

      gtk_box_remove (GTK_BOX (self->buttons), button);
      button = next;
    }
  gtk_widget_set_visible (self->buttons, gtk_widget_get_first_child (self->buttons) != NULL);
}

void
lw_card_note_set (LwCardNote        *self,
                  LwNoteKind         kind,
                  const char        *message,
                  const char *const *labels)
{
  const gboolean fault = kind == LW_NOTE_FAULT;

  g_return_if_fail (LW_IS_CARD_NOTE (self));

  self->kind = kind;
  if (g_strcmp0 (self->message, message) != 0)
    {
      g_free (self->message);
      self->message = g_strdup (message);
      gtk_label_set_text (self->label, message != NULL ? message : "");
    }
  for (int i = 0; i < 2; i++)
    {
      GtkWidget *widget = i == 0 ? self->icon : GTK_WIDGET (self->label);

      gtk_widget_remove_css_class (widget, fault ? "warning" : "error");
      gtk_widget_add_css_class (widget, fault ? "error" : "warning");
    }
  gtk_image_set_from_icon_name (GTK_IMAGE (self->icon),
                                fault ? "dialog-error-symbolic" : "dialog-warning-symbolic");
  update_buttons (self, message != NULL ? labels : NULL);
  gtk_widget_set_visible (GTK_WIDGET (self), message != NULL);
}

const char *
lw_card_note_get_message (LwCardNote *self)
{
  g_return_val_if_fail (LW_IS_CARD_NOTE (self), NULL);

  return self->message;
}

LwNoteKind
lw_card_note_get_kind (LwCardNote *self)
{
  g_return_val_if_fail (LW_IS_CARD_NOTE (self), LW_NOTE_FAULT);

  return self->kind;
}

GtkWidget *
lw_card_note_get_button (LwCardNote *self)
{
  g_return_val_if_fail (LW_IS_CARD_NOTE (self), NULL);

  return gtk_widget_get_first_child (self->buttons);
}

static void
lw_card_note_dispose (GObject *object)
{
  LwCardNote *self = LW_CARD_NOTE (object);

  g_clear_pointer (&self->icon, gtk_widget_unparent);
  g_clear_pointer (&self->column, gtk_widget_unparent);
  g_clear_pointer (&self->message, g_free);
  G_OBJECT_CLASS (lw_card_note_parent_class)->dispose (object);
}

static void
lw_card_note_class_init (LwCardNoteClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lw_card_note_dispose;
  signals[CHOSEN] = g_signal_new ("chosen", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "cardnote");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
lw_card_note_init (LwCardNote *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));

  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (layout), 6);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);

  self->icon = g_object_new (GTK_TYPE_IMAGE, "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION,
                             "valign", GTK_ALIGN_START, NULL);
  gtk_widget_set_parent (self->icon, GTK_WIDGET (self));

  self->column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  gtk_widget_set_hexpand (self->column, TRUE);
  gtk_widget_set_parent (self->column, GTK_WIDGET (self));
  self->label = g_object_new (GTK_TYPE_LABEL, "xalign", 0.0, "wrap", TRUE, "wrap-mode",
                              PANGO_WRAP_WORD_CHAR, "natural-wrap-mode", GTK_NATURAL_WRAP_NONE, NULL);
  gtk_widget_add_css_class (GTK_WIDGET (self->label), "caption");
  gtk_box_append (GTK_BOX (self->column), GTK_WIDGET (self->label));
  self->buttons = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  gtk_box_append (GTK_BOX (self->column), self->buttons);
}

GtkWidget *
lw_card_note_new (void)
{
  return g_object_new (LW_TYPE_CARD_NOTE, NULL);
}
