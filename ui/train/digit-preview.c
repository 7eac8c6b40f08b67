#include "ui/train/digit-preview.h"

#include <math.h>
#include <string.h>

#define LARGEST 132

struct _LwDigitPreview {
  GtkWidget        parent_instance;

  int              minimum;
  int              natural;
  gboolean         shown;
  float            image[LW_DIGIT_PIXELS];
  cairo_surface_t *ink; /* owned; A8, 28×28 */
};

G_DEFINE_FINAL_TYPE (LwDigitPreview, lw_digit_preview, GTK_TYPE_WIDGET)

static GtkSizeRequestMode
lw_digit_preview_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
lw_digit_preview_measure (GtkWidget      *widget,
                          GtkOrientation  orientation,
                          int             for_size,
                          int            *minimum,
                          int            *natural,
                          int            *minimum_baseline,
                          int            *natural_baseline)
{
  LwDigitPreview *self = LW_DIGIT_PREVIEW (widget);

  *minimum = self->minimum;
  *natural = self->natural;
  if (orientation == GTK_ORIENTATION_VERTICAL && for_size >= 0)
    *natural = CLAMP (for_size, self->minimum, LARGEST);
}

static void
lw_digit_preview_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  LwDigitPreview *self = LW_DIGIT_PREVIEW (widget);
  float width = (float) gtk_widget_get_width (widget);
  float height = (float) gtk_widget_get_height (widget);
  float side = MIN (width, height);
  cairo_pattern_t *pattern;
  cairo_t *cr;
  GdkRGBA color;

  if (!self->shown || side <= 0)
    return;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, height));
  cairo_translate (cr, 0.5 * (width - side), 0.5 * (height - side));
  cairo_scale (cr, side / LW_DIGIT_SIDE, side / LW_DIGIT_SIDE);
  gdk_cairo_set_source_rgba (cr, &color);
  pattern = cairo_pattern_create_for_surface (self->ink);
  cairo_pattern_set_filter (pattern, CAIRO_FILTER_NEAREST);
  cairo_mask (cr, pattern);
  cairo_pattern_destroy (pattern);
  cairo_destroy (cr);
}

static void
lw_digit_preview_finalize (GObject *object)
{
  LwDigitPreview *self = LW_DIGIT_PREVIEW (object);

  g_clear_pointer (&self->ink, cairo_surface_destroy);

  G_OBJECT_CLASS (lw_digit_preview_parent_class)->finalize (object);
}

static void
lw_digit_preview_class_init (LwDigitPreviewClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->finalize = lw_digit_preview_finalize;
  widget_class->get_request_mode = lw_digit_preview_get_request_mode;
  widget_class->measure = lw_digit_preview_measure;
  widget_class->snapshot = lw_digit_preview_snapshot;

  gtk_widget_class_set_css_name (widget_class, "digitpreview");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
lw_digit_preview_init (LwDigitPreview *self)
{
  self->minimum = LW_DIGIT_SIDE;
  self->natural = LW_DIGIT_SIDE;
  self->ink = cairo_image_surface_create (CAIRO_FORMAT_A8, LW_DIGIT_SIDE, LW_DIGIT_SIDE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
}

GtkWidget *
lw_digit_preview_new (void)
{
  return g_object_new (LW_TYPE_DIGIT_PREVIEW, NULL);
}

void
lw_digit_preview_set_size (LwDigitPreview *self, int minimum, int natural)
{
  g_return_if_fail (LW_IS_DIGIT_PREVIEW (self));
  g_return_if_fail (minimum > 0 && natural >= minimum);

  self->minimum = minimum;
  self->natural = natural;
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

void
lw_digit_preview_set_image (LwDigitPreview *self, const float *image)
{
  cairo_surface_t *ink;
  guchar *data;
  int stride;

  g_return_if_fail (LW_IS_DIGIT_PREVIEW (self));

  if (image == NULL && !self->shown)
    return;
  self->shown = image != NULL;
  gtk_widget_queue_draw (GTK_WIDGET (self));
  if (image == NULL)
    return;

  /* A new surface, because a frame that waits to be drawn still refers to the old one. */
  ink = cairo_image_surface_create (CAIRO_FORMAT_A8, LW_DIGIT_SIDE, LW_DIGIT_SIDE);
  data = cairo_image_surface_get_data (ink);
  stride = cairo_image_surface_get_stride (ink);
  for (int y = 0; y < LW_DIGIT_SIDE; y++)
    for (int x = 0; x < LW_DIGIT_SIDE; x++)
      {
        float value = image[y * LW_DIGIT_SIDE + x];

        value = isfinite (value) ? CLAMP (value, 0.0f, 1.0f) : 0.0f;
        self->image[y * LW_DIGIT_SIDE + x] = value;
        data[y * stride + x] = (guchar) lrintf (255.0f * value);
      }
  cairo_surface_mark_dirty (ink);
  g_clear_pointer (&self->ink, cairo_surface_destroy);
  self->ink = ink;
}

gboolean
lw_digit_preview_get_image (LwDigitPreview *self, float out[LW_DIGIT_PIXELS])
{
  g_return_val_if_fail (LW_IS_DIGIT_PREVIEW (self), FALSE);

  if (!self->shown)
    return FALSE;
  if (out != NULL)
    memcpy (out, self->image, sizeof self->image);
  return TRUE;
}
