#include "ui/train/presenter-figure.h"

#include <glib/gi18n-lib.h>

struct _LwPresenterFigure {
  GtkWidget parent_instance;

  GtkLabel *title;
  GtkLabel *value;
  GtkLabel *caption;
};

G_DEFINE_FINAL_TYPE (LwPresenterFigure, lw_presenter_figure, GTK_TYPE_WIDGET)

static gboolean
update_text (GtkLabel *label, const char *text)
{
  if (g_strcmp0 (gtk_label_get_text (label), text) == 0)
    return FALSE;
  gtk_label_set_text (label, text);
  return TRUE;
}

void
lw_presenter_figure_set (LwPresenterFigure *self, const char *title, const char *value,
                         const char *caption)
{
  gboolean changed;
  g_autofree char *spoken = NULL;

  g_return_if_fail (LW_IS_PRESENTER_FIGURE (self));
  g_return_if_fail (title != NULL && value != NULL && caption != NULL);

  changed = update_text (self->title, title);
  changed |= update_text (self->value, value);
  changed |= update_text (self->caption, caption);
  if (!changed)
    return;
  if (g_str_equal (value, "—"))
    gtk_widget_add_css_class (GTK_WIDGET (self->value), "dim-label");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->value), "dim-label");
  if (caption[0] != '\0')
    /* Translators: for a screen reader: "Test accuracy: 98.3 %, after epoch 2" */
    spoken = g_strdup_printf (_("%s: %s, %s"), title, value, caption);
  else
    spoken = g_strdup_printf (_("%s: %s"), title, value);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

static void
lw_presenter_figure_dispose (GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);

  G_OBJECT_CLASS (lw_presenter_figure_parent_class)->dispose (object);
}

static void
lw_presenter_figure_class_init (LwPresenterFigureClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lw_presenter_figure_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_set_css_name (widget_class, "presenterfigure");
}

static GtkLabel *
add_label (LwPresenterFigure *self, const char *first_class, const char *second_class)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (label, first_class);
  if (second_class != NULL)
    gtk_widget_add_css_class (label, second_class);
  gtk_widget_set_parent (label, GTK_WIDGET (self));
  return GTK_LABEL (label);
}

static void
lw_presenter_figure_init (LwPresenterFigure *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));

  gtk_orientable_set_orientation (GTK_ORIENTABLE (layout), GTK_ORIENTATION_VERTICAL);
  self->title = add_label (self, "figure-title", "dim-label");
  self->value = add_label (self, "figure-value", "numeric");
  self->caption = add_label (self, "figure-caption", "dim-label");
}

GtkWidget *
lw_presenter_figure_new (void)
{
  return g_object_new (LW_TYPE_PRESENTER_FIGURE, NULL);
}
