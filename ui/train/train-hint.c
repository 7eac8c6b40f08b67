#include "ui/train/train-hint.h"

#include "ui/ui-resources.h"

struct _LwTrainHint {
  GtkWidget parent_instance;

  /* template */
  GtkRevealer *revealer;
  GtkLabel *sentence;
};

G_DEFINE_FINAL_TYPE (LwTrainHint, lw_train_hint, GTK_TYPE_WIDGET)

/* A hint that has faded out is gone for assistive technology as well. */
static void
on_revealed (LwTrainHint *self)
{
  if (!gtk_revealer_get_reveal_child (self->revealer)
      && !gtk_revealer_get_child_revealed (self->revealer))
    gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

void
lw_train_hint_set_sentence (LwTrainHint *self, const char *sentence)
{
  g_return_if_fail (LW_IS_TRAIN_HINT (self));

  /* While it fades the words stay. */
  if (sentence != NULL)
    gtk_label_set_text (self->sentence, sentence);
  if (sentence != NULL)
    gtk_widget_set_visible (GTK_WIDGET (self), TRUE);
  gtk_revealer_set_reveal_child (self->revealer, sentence != NULL);
  on_revealed (self);
}

static void
lw_train_hint_dispose (GObject *object)
{
  LwTrainHint *self = LW_TRAIN_HINT (object);

  if (self->revealer != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->revealer, self);
      gtk_widget_unparent (GTK_WIDGET (self->revealer));
      self->revealer = NULL;
    }

  G_OBJECT_CLASS (lw_train_hint_parent_class)->dispose (object);
}

static void
lw_train_hint_class_init (LwTrainHintClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lw_train_hint_dispose;
  lw_ui_resources_ensure ();
  gtk_widget_class_set_template_from_resource (widget_class,
                                               LW_UI_RESOURCE_PREFIX "/train/train-hint.ui");
  gtk_widget_class_bind_template_child (widget_class, LwTrainHint, revealer);
  gtk_widget_class_bind_template_child (widget_class, LwTrainHint, sentence);
  gtk_widget_class_bind_template_callback (widget_class, on_revealed);
}

static void
lw_train_hint_init (LwTrainHint *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
lw_train_hint_new (void)
{
  return g_object_new (LW_TYPE_TRAIN_HINT, NULL);
}
