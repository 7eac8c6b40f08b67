#include "ui/train/digit-picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* More would not show on the pad. */
#define LARGEST 224

/* A copy of the picture with no side longer than LARGEST. */
static cairo_surface_t *
small_copy (const guchar *pixels, int width, int height, gsize stride)
{
  cairo_surface_t *large, *small;
  cairo_t *cr;
  double scale = MIN (1.0, (double) LARGEST / MAX (width, height));
  int small_width = MAX (1, (int) lround (scale * width));
  int small_height = MAX (1, (int) lround (scale * height));

  large = cairo_image_surface_create_for_data ((guchar *) pixels, CAIRO_FORMAT_ARGB32,
                                               width, height, (int) stride);
  small = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, small_width, small_height);
  cr = cairo_create (small);
  cairo_scale (cr, (double) small_width / width, (double) small_height / height);
  cairo_set_source_surface (cr, large, 0, 0);
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  cairo_set_operator (cr, CAIRO_OPERATOR_SOURCE);
  cairo_paint (cr);
  cairo_destroy (cr);
  cairo_surface_finish (large);
  cairo_surface_destroy (large);
  cairo_surface_flush (small);
  return small;
}

static int
compare_floats (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;

  return (x > y) - (x < y);
}

/* The lightness at place @q, 0 to 1, of the border's sorted pixels. */
static float
border_quantile (const float *light, int width, int height, double q)
{
  g_autofree float *border = g_new (float, 2 * (gsize) (width + height));
  gsize n = 0;

  for (int x = 0; x < width; x++)
    {
      border[n++] = light[x];
      border[n++] = light[(height - 1) * width + x];
    }
  for (int y = 0; y < height; y++)
    {
      border[n++] = light[y * width];
      border[n++] = light[y * width + width - 1];
    }
  qsort (border, n, sizeof *border, compare_floats);
  return border[(gsize) (q * (double) (n - 1))];
}

/* Turns lightness into ink, in place: distance from the background, less the background's own
 * unevenness (a photograph's shade), stretched so that the strongest ink is 1. */
static gboolean
ink_from_light (float *light, int width, int height)
{
  float ground = border_quantile (light, width, height, 0.5);
  float uneven = MAX (border_quantile (light, width, height, 0.9) - ground,
                      ground - border_quantile (light, width, height, 0.1));
  float strongest = 0;

  for (int i = 0; i < width * height; i++)
    {
      /* Only to the far side of the background: a glare on white paper is not ink. */
      light[i] = ground > 0.5f ? ground - light[i] : light[i] - ground;
      strongest = MAX (strongest, light[i]);
    }
  if (strongest - uneven < 0.1f)
    return FALSE;
  for (int i = 0; i < width * height; i++)
    light[i] = CLAMP ((light[i] - uneven) / (strongest - uneven), 0.0f, 1.0f);
  return TRUE;
}

/* Fills @light with the lightness on white paper, and @clear with what shows of the paper. */
static void
read_pixels (cairo_surface_t *surface, float *light, float *clear)
{
  int width = cairo_image_surface_get_width (surface);
  int height = cairo_image_surface_get_height (surface);
  int stride = cairo_image_surface_get_stride (surface);
  const guchar *data = cairo_image_surface_get_data (surface);

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        guint32 pixel;
        float red, green, blue, alpha;

        memcpy (&pixel, data + y * stride + 4 * x, sizeof pixel);
        alpha = (float) (pixel >> 24) / 255.0f;
        red = (float) (pixel >> 16 & 255) / 255.0f;
        green = (float) (pixel >> 8 & 255) / 255.0f;
        blue = (float) (pixel & 255) / 255.0f;
        clear[y * width + x] = 1.0f - alpha;
        /* Colours come multiplied by alpha, so adding what is missing lays them on the paper. */
        light[y * width + x] = 0.2126f * red + 0.7152f * green + 0.0722f * blue + 1.0f - alpha;
      }
}

static cairo_surface_t *
surface_from_ink (const float *ink, int width, int height)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_A8, width, height);
  int stride = cairo_image_surface_get_stride (surface);
  guchar *data = cairo_image_surface_get_data (surface);

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      data[y * stride + x] = (guchar) lrintf (255.0f * ink[y * width + x]);
  cairo_surface_mark_dirty (surface);
  return surface;
}

cairo_surface_t *
lw_digit_picture_ink (const guchar *pixels, int width, int height, gsize stride)
{
  cairo_surface_t *copy;
  g_autofree float *light = NULL;
  g_autofree float *clear = NULL;

  g_return_val_if_fail (pixels != NULL && width > 0 && height > 0, NULL);

  copy = small_copy (pixels, width, height, stride);
  if (cairo_surface_status (copy) != CAIRO_STATUS_SUCCESS)
    {
      cairo_surface_destroy (copy);
      return NULL;
    }
  width = cairo_image_surface_get_width (copy);
  height = cairo_image_surface_get_height (copy);
  light = g_new (float, (gsize) width * (gsize) height);
  clear = g_new (float, (gsize) width * (gsize) height);
  read_pixels (copy, light, clear);
  cairo_surface_destroy (copy);

  if (ink_from_light (light, width, height))
    return surface_from_ink (light, width, height);
  /* White ink on nothing: the shape is in the alpha alone. */
  if (ink_from_light (clear, width, height))
    return surface_from_ink (clear, width, height);
  return NULL;
}
