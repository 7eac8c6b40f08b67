#include "ui/builder/palette-row.h"

#include <glib/gi18n-lib.h>

struct _LwPaletteRow {
  GtkListBoxRow      parent_instance;

  const LwSpecClass *klass;
};

G_DEFINE_FINAL_TYPE (LwPaletteRow, lw_palette_row, GTK_TYPE_LIST_BOX_ROW)

enum {
  DRAG_BEGUN,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static GdkContentProvider *
on_drag_prepare (GtkDragSource *source,
                 double         x,
                 double         y,
                 LwPaletteRow  *self)
{
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (GTK_WIDGET (self));
  /* As it looks now: the palette goes while the row is dragged. */
  g_autoptr (GdkPaintable) image = gdk_paintable_get_current_image (paintable);

  gtk_drag_source_set_icon (source, image, (int) x, (int) y);
  return gdk_content_provider_new_typed (LW_TYPE_PALETTE_ROW, self);
}

static void
on_drag_begin (GtkDragSource *source,
               GdkDrag       *drag,
               LwPaletteRow  *self)
{
  g_signal_emit (self, signals[DRAG_BEGUN], 0);
}

static void
lw_palette_row_class_init (LwPaletteRowClass *klass)
{
  signals[DRAG_BEGUN] = g_signal_new ("drag-begun", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                      NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
lw_palette_row_init (LwPaletteRow *self)
{
  GtkDragSource *source = gtk_drag_source_new ();

  gtk_drag_source_set_actions (source, GDK_ACTION_COPY);
  g_signal_connect (source, "prepare", G_CALLBACK (on_drag_prepare), self);
  g_signal_connect (source, "drag-begin", G_CALLBACK (on_drag_begin), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (source));
}

GtkWidget *
lw_palette_row_new (const LwSpecClass *klass)
{
  LwPaletteRow *self;
  GtkWidget *box, *title, *summary;

  g_return_val_if_fail (klass != NULL, NULL);

  self = g_object_new (LW_TYPE_PALETTE_ROW, NULL);
  self->klass = klass;
  box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  title = gtk_label_new (_(klass->label));
  summary = gtk_label_new (_(klass->summary));
  gtk_label_set_xalign (GTK_LABEL (title), 0);
  gtk_label_set_xalign (GTK_LABEL (summary), 0);
  gtk_label_set_wrap (GTK_LABEL (summary), TRUE);
  gtk_label_set_width_chars (GTK_LABEL (summary), 38);
  gtk_label_set_max_width_chars (GTK_LABEL (summary), 38);
  gtk_widget_add_css_class (title, "heading");
  gtk_widget_add_css_class (summary, "caption");
  gtk_widget_add_css_class (summary, "dim-label");
  gtk_box_append (GTK_BOX (box), title);
  gtk_box_append (GTK_BOX (box), summary);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (self), box);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _(klass->label), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  _(klass->summary), -1);

  return GTK_WIDGET (self);
}

const LwSpecClass *
lw_palette_row_get_class (LwPaletteRow *self)
{
  g_return_val_if_fail (LW_IS_PALETTE_ROW (self), NULL);

  return self->klass;
}
