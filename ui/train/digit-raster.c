#include "ui/train/digit-raster.h"

#include <math.h>
#include <string.h>

#include "ui/train/digit-picture.h"

/* Side of the square on which the ink is measured. */
#define MEASURE_SIDE 224
/* Ink fainter than this, of 255, is a stroke's soft edge and no part of the bounding box. */
#define VISIBLE 40
/* Points nearer than this add nothing but work. */
#define NEAREST 0.004
#define MNIST_BOX 20.0
#define MNIST_PEN 3.0
#define LARGEST_SCALE (4.0 * LW_DIGIT_SIDE)
#define THINNEST_PEN 0.3

typedef enum {
  MARK_PEN,
  MARK_ERASER,
  MARK_PICTURE,
  MARK_CLEAR,
} MarkKind;

typedef struct {
  double x, y;
} Point;

typedef struct {
  MarkKind         kind;
  GArray          *points;  /* of Point; pen and eraser */
  cairo_surface_t *picture; /* A8 */
} Mark;

typedef struct {
  double x0, y0, x1, y1; /* bounding box, in the unit square */
  double x, y;           /* centre of mass */
} Ink;

struct _LwDigitRaster {
  GPtrArray *marks;
  gboolean   empty;
  gboolean   empty_known;
};

static Mark *
mark_new (MarkKind kind)
{
  Mark *mark = g_new0 (Mark, 1);

  mark->kind = kind;
  if (kind == MARK_PEN || kind == MARK_ERASER)
    mark->points = g_array_new (FALSE, FALSE, sizeof (Point));
  return mark;
}

static void
mark_free (gpointer data)
{
  Mark *mark = data;

  g_clear_pointer (&mark->points, g_array_unref);
  g_clear_pointer (&mark->picture, cairo_surface_destroy);
  g_free (mark);
}

LwDigitRaster *
lw_digit_raster_new (void)
{
  LwDigitRaster *self = g_new0 (LwDigitRaster, 1);

  self->marks = g_ptr_array_new_with_free_func (mark_free);
  return self;
}

void
lw_digit_raster_free (LwDigitRaster *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->marks, g_ptr_array_unref);
  g_free (self);
}

static void
add_mark (LwDigitRaster *self, Mark *mark)
{
  g_ptr_array_add (self->marks, mark);
  self->empty_known = FALSE;
}

static gboolean
add_point (Mark *mark, double x, double y)
{
  Point point;

  if (!isfinite (x) || !isfinite (y))
    return FALSE;
  /* Far outside, a stroke's exact course cannot be seen, and cairo's numbers overflow. */
  point.x = CLAMP (x, -1.0, 2.0);
  point.y = CLAMP (y, -1.0, 2.0);
  if (mark->points->len > 0)
    {
      const Point *last = &g_array_index (mark->points, Point, mark->points->len - 1);

      if (hypot (point.x - last->x, point.y - last->y) < NEAREST)
        return FALSE;
    }
  g_array_append_val (mark->points, point);
  return TRUE;
}

gboolean
lw_digit_raster_begin (LwDigitRaster *self, LwDigitTool tool, double x, double y)
{
  Mark *mark;

  g_return_val_if_fail (self != NULL, FALSE);

  mark = mark_new (tool == LW_DIGIT_TOOL_ERASER ? MARK_ERASER : MARK_PEN);
  if (!add_point (mark, x, y))
    {
      mark_free (mark);
      return FALSE;
    }
  add_mark (self, mark);
  return TRUE;
}

gboolean
lw_digit_raster_extend (LwDigitRaster *self, double x, double y)
{
  Mark *mark;

  g_return_val_if_fail (self != NULL, FALSE);

  if (self->marks->len == 0)
    return FALSE;
  mark = g_ptr_array_index (self->marks, self->marks->len - 1);
  if (mark->points == NULL || !add_point (mark, x, y))
    return FALSE;
  self->empty_known = FALSE;
  return TRUE;
}

gboolean
lw_digit_raster_clear (LwDigitRaster *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (lw_digit_raster_is_empty (self))
    return FALSE;
  add_mark (self, mark_new (MARK_CLEAR));
  return TRUE;
}

gboolean
lw_digit_raster_undo (LwDigitRaster *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (self->marks->len == 0)
    return FALSE;
  g_ptr_array_set_size (self->marks, (int) self->marks->len - 1);
  self->empty_known = FALSE;
  return TRUE;
}

gboolean
lw_digit_raster_can_undo (LwDigitRaster *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->marks->len > 0;
}

/* A quadratic curve to (x, y) with the one control point that it has, as the cubic cairo wants. */
static void
curve_to (cairo_t *cr, Point control, double x, double y)
{
  double x0, y0;

  cairo_get_current_point (cr, &x0, &y0);
  cairo_curve_to (cr,
                  x0 + 2.0 / 3.0 * (control.x - x0), y0 + 2.0 / 3.0 * (control.y - y0),
                  x + 2.0 / 3.0 * (control.x - x), y + 2.0 / 3.0 * (control.y - y),
                  x, y);
}

/* The hand gives corners; a curve through the middles of the pieces between them has none. */
static void
trace (cairo_t *cr, const GArray *points)
{
  const Point *point = &g_array_index (points, Point, 0);
  guint n = points->len;

  cairo_move_to (cr, point[0].x, point[0].y);
  if (n <= 2)
    cairo_line_to (cr, point[n - 1].x, point[n - 1].y);
  for (guint i = 1; i + 1 < n; i++)
    {
      if (i + 2 == n)
        curve_to (cr, point[i], point[i + 1].x, point[i + 1].y);
      else
        curve_to (cr, point[i],
                  0.5 * (point[i].x + point[i + 1].x), 0.5 * (point[i].y + point[i + 1].y));
    }
}

static void
paint_picture (cairo_t *cr, cairo_surface_t *picture)
{
  double width = cairo_image_surface_get_width (picture);
  double height = cairo_image_surface_get_height (picture);
  double scale = 1.0 / MAX (width, height);

  cairo_save (cr);
  cairo_translate (cr, 0.5 * (1.0 - scale * width), 0.5 * (1.0 - scale * height));
  cairo_scale (cr, scale, scale);
  cairo_set_source_surface (cr, picture, 0, 0);
  cairo_paint (cr);
  cairo_restore (cr);
}

/* Draws into the alpha of @cr's target, which must be empty: the eraser erases what is there. */
static void
paint_marks (LwDigitRaster *self, cairo_t *cr, double pen_scale)
{
  guint first = 0;

  for (guint i = 0; i < self->marks->len; i++)
    {
      const Mark *mark = g_ptr_array_index (self->marks, i);

      if (mark->kind == MARK_CLEAR || mark->kind == MARK_PICTURE)
        first = i;
    }

  cairo_save (cr);
  cairo_rectangle (cr, 0, 0, 1, 1);
  cairo_clip (cr);
  cairo_set_line_cap (cr, CAIRO_LINE_CAP_ROUND);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
  cairo_set_source_rgb (cr, 0, 0, 0);
  for (guint i = first; i < self->marks->len; i++)
    {
      const Mark *mark = g_ptr_array_index (self->marks, i);

      if (mark->kind == MARK_PICTURE)
        paint_picture (cr, mark->picture);
      if (mark->points == NULL)
        continue;
      if (mark->kind == MARK_ERASER)
        {
          cairo_set_operator (cr, CAIRO_OPERATOR_DEST_OUT);
          cairo_set_line_width (cr, LW_DIGIT_ERASER * pen_scale);
        }
      else
        {
          cairo_set_operator (cr, CAIRO_OPERATOR_OVER);
          cairo_set_line_width (cr, LW_DIGIT_PEN * pen_scale);
        }
      trace (cr, mark->points);
      cairo_stroke (cr);
    }
  cairo_restore (cr);
}

void
lw_digit_raster_paint (LwDigitRaster *self, cairo_t *cr)
{
  cairo_pattern_t *ink;

  g_return_if_fail (self != NULL);
  g_return_if_fail (cr != NULL);

  cairo_save (cr);
  cairo_rectangle (cr, 0, 0, 1, 1);
  cairo_clip (cr);
  cairo_push_group_with_content (cr, CAIRO_CONTENT_ALPHA);
  paint_marks (self, cr, 1.0);
  ink = cairo_pop_group (cr);
  cairo_mask (cr, ink);
  cairo_pattern_destroy (ink);
  cairo_restore (cr);
}

/* FALSE when there is no ink. */
static gboolean
measure (LwDigitRaster *self, double pen_scale, Ink *ink)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_A8, MEASURE_SIDE,
                                                         MEASURE_SIDE);
  cairo_t *cr = cairo_create (surface);
  const guchar *data;
  int stride;
  int x0 = MEASURE_SIDE, y0 = MEASURE_SIDE, x1 = -1, y1 = -1;
  guint64 sum = 0, sum_x = 0, sum_y = 0;

  cairo_scale (cr, MEASURE_SIDE, MEASURE_SIDE);
  paint_marks (self, cr, pen_scale);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  data = cairo_image_surface_get_data (surface);
  stride = cairo_image_surface_get_stride (surface);
  for (int y = 0; y < MEASURE_SIDE; y++)
    for (int x = 0; x < MEASURE_SIDE; x++)
      {
        guint value = data[y * stride + x];

        sum += value;
        sum_x += value * (guint) x;
        sum_y += value * (guint) y;
        if (value < VISIBLE)
          continue;
        x0 = MIN (x0, x);
        y0 = MIN (y0, y);
        x1 = MAX (x1, x);
        y1 = MAX (y1, y);
      }
  cairo_surface_destroy (surface);
  if (x1 < 0)
    return FALSE;
  ink->x0 = (double) x0 / MEASURE_SIDE;
  ink->y0 = (double) y0 / MEASURE_SIDE;
  ink->x1 = (double) (x1 + 1) / MEASURE_SIDE;
  ink->y1 = (double) (y1 + 1) / MEASURE_SIDE;
  ink->x = ((double) sum_x / (double) sum + 0.5) / MEASURE_SIDE;
  ink->y = ((double) sum_y / (double) sum + 0.5) / MEASURE_SIDE;
  return TRUE;
}

gboolean
lw_digit_raster_is_empty (LwDigitRaster *self)
{
  Ink ink;

  g_return_val_if_fail (self != NULL, TRUE);

  if (!self->empty_known)
    {
      self->empty = self->marks->len == 0 || !measure (self, 1.0, &ink);
      self->empty_known = TRUE;
    }
  return self->empty;
}

static double
scale_for (const Ink *ink)
{
  return MIN (MNIST_BOX / MAX (ink->x1 - ink->x0, ink->y1 - ink->y0), LARGEST_SCALE);
}

/* Where to put 0 so that @mass comes to the middle and the box from @from to @to stays inside. */
static double
offset_for (double scale, double mass, double from, double to)
{
  double offset = 0.5 * LW_DIGIT_SIDE - scale * mass;

  return CLAMP (offset, -scale * from, LW_DIGIT_SIDE - scale * to);
}

void
lw_digit_raster_render (LwDigitRaster *self, gboolean centre, float out[LW_DIGIT_PIXELS])
{
  cairo_surface_t *surface;
  cairo_t *cr;
  const guchar *data;
  int stride;
  double pen_scale = 1.0;

  g_return_if_fail (self != NULL);
  g_return_if_fail (out != NULL);

  memset (out, 0, LW_DIGIT_PIXELS * sizeof *out);
  if (lw_digit_raster_is_empty (self))
    return;

  surface = cairo_image_surface_create (CAIRO_FORMAT_A8, LW_DIGIT_SIDE, LW_DIGIT_SIDE);
  cr = cairo_create (surface);
  if (centre)
    {
      Ink ink, thin;
      double scale;

      measure (self, 1.0, &ink);
      pen_scale = CLAMP (MNIST_PEN / (scale_for (&ink) * LW_DIGIT_PEN), THINNEST_PEN, 1.0);
      if (pen_scale < 1.0 && measure (self, pen_scale, &thin))
        ink = thin;
      scale = scale_for (&ink);
      cairo_translate (cr, offset_for (scale, ink.x, ink.x0, ink.x1),
                       offset_for (scale, ink.y, ink.y0, ink.y1));
      cairo_scale (cr, scale, scale);
    }
  else
    cairo_scale (cr, LW_DIGIT_SIDE, LW_DIGIT_SIDE);
  paint_marks (self, cr, pen_scale);
  cairo_destroy (cr);

  cairo_surface_flush (surface);
  data = cairo_image_surface_get_data (surface);
  stride = cairo_image_surface_get_stride (surface);
  for (int y = 0; y < LW_DIGIT_SIDE; y++)
    for (int x = 0; x < LW_DIGIT_SIDE; x++)
      out[y * LW_DIGIT_SIDE + x] = (float) data[y * stride + x] / 255.0f;
  cairo_surface_destroy (surface);
}

gboolean
lw_digit_raster_picture (LwDigitRaster *self,
                         const guchar  *pixels,
                         int            width,
                         int            height,
                         gsize          stride)
{
  cairo_surface_t *ink;
  Mark *mark;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (pixels != NULL && width > 0 && height > 0, FALSE);

  ink = lw_digit_picture_ink (pixels, width, height, stride);
  if (ink == NULL)
    return FALSE;
  mark = mark_new (MARK_PICTURE);
  mark->picture = ink;
  add_mark (self, mark);
  return TRUE;
}
