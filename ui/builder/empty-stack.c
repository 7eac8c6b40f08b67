#include "ui/builder/empty-stack.h"

#include "ui/ui-resources.h"

struct _LwEmptyStack {
  GtkWidget  parent_instance;

  GtkWidget *box;
};

G_DEFINE_FINAL_TYPE (LwEmptyStack, lw_empty_stack, GTK_TYPE_WIDGET)

static void
lw_empty_stack_dispose (GObject *object)
{
  g_clear_pointer (&LW_EMPTY_STACK (object)->box, gtk_widget_unparent);
  G_OBJECT_CLASS (lw_empty_stack_parent_class)->dispose (object);
}

static void
lw_empty_stack_class_init (LwEmptyStackClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lw_empty_stack_dispose;

  lw_ui_resources_ensure ();
  gtk_widget_class_set_template_from_resource (widget_class,
                                               LW_UI_RESOURCE_PREFIX "/builder/empty-stack.ui");
  gtk_widget_class_bind_template_child (widget_class, LwEmptyStack, box);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "emptystack");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
lw_empty_stack_init (LwEmptyStack *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
lw_empty_stack_new (void)
{
  return g_object_new (LW_TYPE_EMPTY_STACK, NULL);
}
