#include "ui/code/code-gutter.h"

#include "ui/code/code-style.h"

#define MARGIN_START 12
#define MARGIN_END   12
#define BAR_WIDTH    3
#define NUMBER_ALPHA 0.72 /* as secondary words */

struct _LwCodeGutter {
  GtkWidget parent_instance;

  GtkTextView *text; /* borrowed */
  guint first, n;    /* marked */
};

G_DEFINE_FINAL_TYPE (LwCodeGutter, lw_code_gutter, GTK_TYPE_WIDGET)

static int
count_lines (LwCodeGutter *self)
{
  return gtk_text_buffer_get_line_count (gtk_text_view_get_buffer (self->text));
}

static void
lw_code_gutter_measure (GtkWidget     *widget,
                        GtkOrientation orientation,
                        int            for_size,
                        int           *minimum,
                        int           *natural,
                        int           *minimum_baseline,
                        int           *natural_baseline)
{
  LwCodeGutter *self = LW_CODE_GUTTER (widget);
  g_autoptr (PangoLayout) layout = NULL;
  g_autofree char *widest = NULL;
  int width;

  *minimum = *natural = 0;
  *minimum_baseline = *natural_baseline = -1;
  if (orientation == GTK_ORIENTATION_VERTICAL || self->text == NULL)
    return;

  /* Room for two figures at least: the text does not move when the tenth line comes. */
  widest = g_strdup_printf ("%d", MAX (count_lines (self), 10));
  layout = gtk_widget_create_pango_layout (widget, widest);
  pango_layout_get_pixel_size (layout, &width, NULL);
  *minimum = *natural = MARGIN_START + width + MARGIN_END;
}

static void
snapshot_mark (LwCodeGutter *self,
               GtkSnapshot  *snapshot,
               float         y,
               float         height)
{
  GtkStyleContext *context = gtk_widget_get_style_context (GTK_WIDGET (self));
  GdkRGBA accent;
  GdkRGBA faint;

  if (!gtk_style_context_lookup_color (context, "accent_color", &accent))
    gtk_style_context_get_color (context, &accent);
  faint = accent;
  faint.alpha = LW_CODE_MARK_ALPHA;
  gtk_snapshot_append_color (snapshot, &faint,
                             &GRAPHENE_RECT_INIT (0, y, (float) gtk_widget_get_width (GTK_WIDGET (self)),
                                                  height));
  gtk_snapshot_append_color (snapshot, &accent, &GRAPHENE_RECT_INIT (0, y, BAR_WIDTH, height));
}

static void
lw_code_gutter_snapshot (GtkWidget   *widget,
                         GtkSnapshot *snapshot)
{
  LwCodeGutter *self = LW_CODE_GUTTER (widget);
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (widget, NULL);
  GdkRGBA color;
  GdkRectangle visible;
  GtkTextIter iter;
  gboolean more;

  if (self->text == NULL)
    return;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  color.alpha *= NUMBER_ALPHA;
  gtk_text_view_get_visible_rect (self->text, &visible);
  gtk_text_view_get_line_at_y (self->text, &iter, visible.y, NULL);
  do
    {
      const guint line = (guint) gtk_text_iter_get_line (&iter);
      const gboolean is_last = gtk_text_iter_is_end (&iter) && line > 0;
      g_autofree char *number = g_strdup_printf ("%u", line + 1);
      int top, height, y, width, text_height;

      gtk_text_view_get_line_yrange (self->text, &iter, &top, &height);
      if (top > visible.y + visible.height)
        break;
      gtk_text_view_buffer_to_window_coords (self->text, GTK_TEXT_WINDOW_WIDGET, 0, top, NULL, &y);
      if (line >= self->first && line < self->first + self->n)
        snapshot_mark (self, snapshot, (float) y, (float) height);

      /* The empty line behind the last newline is none. */
      if (is_last)
        break;
      pango_layout_set_text (layout, number, -1);
      pango_layout_get_pixel_size (layout, &width, &text_height);
      gtk_snapshot_save (snapshot);
      gtk_snapshot_translate (snapshot,
                              &GRAPHENE_POINT_INIT ((float) (gtk_widget_get_width (widget) - MARGIN_END - width),
                                                    (float) (y + (height - text_height) / 2)));
      gtk_snapshot_append_layout (snapshot, layout, &color);
      gtk_snapshot_restore (snapshot);
      more = gtk_text_iter_forward_line (&iter);
    }
  while (more);
}

static void
lw_code_gutter_class_init (LwCodeGutterClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->measure = lw_code_gutter_measure;
  widget_class->snapshot = lw_code_gutter_snapshot;
  gtk_widget_class_set_css_name (widget_class, "codegutter");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
lw_code_gutter_init (LwCodeGutter *self)
{
  gtk_widget_add_css_class (GTK_WIDGET (self), "monospace");
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
}

GtkWidget *
lw_code_gutter_new (GtkTextView *text)
{
  LwCodeGutter *self = g_object_new (LW_TYPE_CODE_GUTTER, NULL);

  self->text = text;
  return GTK_WIDGET (self);
}

void
lw_code_gutter_set_marked (LwCodeGutter *self,
                           guint         first,
                           guint         n)
{
  g_return_if_fail (LW_IS_CODE_GUTTER (self));

  self->first = first;
  self->n = n;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
