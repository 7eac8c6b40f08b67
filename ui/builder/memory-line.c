#include "ui/builder/memory-line.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/builder/cost-bar.h"
#include "ui/charts/chart-text.h"

struct _LwMemoryLine {
  GtkWidget  parent_instance;

  GtkWidget *title;
  LwCostBar *bar;
  GtkLabel  *text;
};

G_DEFINE_FINAL_TYPE (LwMemoryLine, lw_memory_line, GTK_TYPE_WIDGET)

void
lw_memory_line_set (LwMemoryLine *self,
                    gint64        bytes,
                    double        share)
{
  g_autofree char *size = NULL;
  g_autofree char *percent = NULL;
  g_autofree char *text = NULL;

  g_return_if_fail (LW_IS_MEMORY_LINE (self));

  gtk_widget_set_visible (GTK_WIDGET (self), !isnan (share));
  if (isnan (share))
    return;

  size = g_format_size_full ((guint64) bytes, G_FORMAT_SIZE_IEC_UNITS);
  percent = lw_chart_format_percent (share, 0);
  text = g_strdup_printf ("%s · %s", size, percent);
  gtk_label_set_text (self->text, text);
  lw_cost_bar_set_share (self->bar, share);
}

static void
lw_memory_line_dispose (GObject *object)
{
  LwMemoryLine *self = LW_MEMORY_LINE (object);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (lw_memory_line_parent_class)->dispose (object);
}

static void
lw_memory_line_class_init (LwMemoryLineClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lw_memory_line_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "memoryline");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
lw_memory_line_init (LwMemoryLine *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));

  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (layout), 12);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);

  self->title = gtk_label_new (_("Memory"));
  gtk_widget_add_css_class (self->title, "caption");
  gtk_widget_add_css_class (self->title, "dim-label");
  self->bar = LW_COST_BAR (lw_cost_bar_new ());
  gtk_widget_set_hexpand (GTK_WIDGET (self->bar), TRUE);
  gtk_widget_set_valign (GTK_WIDGET (self->bar), GTK_ALIGN_CENTER);
  self->text = GTK_LABEL (gtk_label_new (NULL));
  gtk_widget_add_css_class (GTK_WIDGET (self->text), "caption");
  gtk_widget_add_css_class (GTK_WIDGET (self->text), "numeric");
  gtk_widget_set_parent (self->title, GTK_WIDGET (self));
  gtk_widget_set_parent (GTK_WIDGET (self->bar), GTK_WIDGET (self));
  gtk_widget_set_parent (GTK_WIDGET (self->text), GTK_WIDGET (self));
}

GtkWidget *
lw_memory_line_new (void)
{
  return g_object_new (LW_TYPE_MEMORY_LINE, NULL);
}
