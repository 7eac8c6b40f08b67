#include <math.h>
#include <string.h>

#include "ui/train/digit-raster.h"
#include "ui/charts/chart-text.h"
#include "ui/train/number-text.h"

typedef struct {
  double sum, x, y; /* centre of mass in indices, 0 to 27 */
  int x0, y0, x1, y1;
} Ink;

static Ink
ink_of (const float *image)
{
  Ink ink = { .x0 = 28, .y0 = 28, .x1 = -1, .y1 = -1 };

  for (int y = 0; y < 28; y++)
    for (int x = 0; x < 28; x++)
      {
        double value = image[y * 28 + x];

        g_assert_cmpfloat (value, >=, 0);
        g_assert_cmpfloat (value, <=, 1);
        ink.sum += value;
        ink.x += value * x;
        ink.y += value * y;
        if (value > 0.1)
          {
            ink.x0 = MIN (ink.x0, x);
            ink.y0 = MIN (ink.y0, y);
            ink.x1 = MAX (ink.x1, x);
            ink.y1 = MAX (ink.y1, y);
          }
      }
  ink.x /= ink.sum;
  ink.y /= ink.sum;
  return ink;
}

static void
draw_line (LwDigitRaster *raster, LwDigitTool tool, double x0, double y0, double x1, double y1)
{
  g_assert_true (lw_digit_raster_begin (raster, tool, x0, y0));
  for (int i = 1; i <= 20; i++)
    g_assert_true (lw_digit_raster_extend (raster, x0 + i / 20.0 * (x1 - x0),
                                           y0 + i / 20.0 * (y1 - y0)));
}

static void
test_empty (void)
{
  g_autoptr (LwDigitRaster) raster = lw_digit_raster_new ();
  float image[LW_DIGIT_PIXELS];

  g_assert_true (lw_digit_raster_is_empty (raster));
  g_assert_false (lw_digit_raster_can_undo (raster));
  g_assert_false (lw_digit_raster_undo (raster));
  g_assert_false (lw_digit_raster_clear (raster));
  g_assert_false (lw_digit_raster_extend (raster, 0.5, 0.5));
  for (int centre = 0; centre < 2; centre++)
    {
      memset (image, 0xff, sizeof image);
      lw_digit_raster_render (raster, centre, image);
      for (int i = 0; i < LW_DIGIT_PIXELS; i++)
        g_assert_cmpfloat (image[i], ==, 0);
    }
}

/* A stroke far from the middle comes to the middle, 20 high. */
static void
test_centred (void)
{
  static const double line[][4] = {
    { 0.10, 0.10, 0.10, 0.50 },
    { 0.80, 0.30, 0.80, 0.90 },
    { 0.20, 0.80, 0.70, 0.85 },
    { 0.10, 0.20, 0.60, 0.90 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (line); i++)
    {
      g_autoptr (LwDigitRaster) raster = lw_digit_raster_new ();
      float image[LW_DIGIT_PIXELS];
      Ink ink;

      draw_line (raster, LW_DIGIT_TOOL_PEN, line[i][0], line[i][1], line[i][2], line[i][3]);
      lw_digit_raster_render (raster, TRUE, image);
      ink = ink_of (image);
      g_assert_cmpfloat_with_epsilon (ink.x, 13.5, 0.5);
      g_assert_cmpfloat_with_epsilon (ink.y, 13.5, 0.5);
      g_assert_cmpint (MAX (ink.x1 - ink.x0, ink.y1 - ink.y0) + 1, >=, 19);
      g_assert_cmpint (MAX (ink.x1 - ink.x0, ink.y1 - ink.y0) + 1, <=, 22);
    }
}

/* A 1 stays thin: width and height are scaled alike. */
static void
test_aspect (void)
{
  g_autoptr (LwDigitRaster) raster = lw_digit_raster_new ();
  float image[LW_DIGIT_PIXELS];
  Ink ink;

  draw_line (raster, LW_DIGIT_TOOL_PEN, 0.3, 0.1, 0.3, 0.9);
  lw_digit_raster_render (raster, TRUE, image);
  ink = ink_of (image);
  g_assert_cmpint (ink.x1 - ink.x0 + 1, <=, 4);
  g_assert_cmpint (ink.y1 - ink.y0 + 1, >=, 19);
}

/* However small the drawing, the pen becomes no wider than MNIST's. */
static void
test_small_drawing (void)
{
  g_autoptr (LwDigitRaster) raster = lw_digit_raster_new ();
  float image[LW_DIGIT_PIXELS];
  Ink ink;

  draw_line (raster, LW_DIGIT_TOOL_PEN, 0.7, 0.7, 0.7, 0.9);
  lw_digit_raster_render (raster, TRUE, image);
  ink = ink_of (image);
  g_assert_cmpfloat_with_epsilon (ink.y, 13.5, 0.5);
  g_assert_cmpint (ink.y1 - ink.y0 + 1, >=, 18);
  g_assert_cmpint (ink.x1 - ink.x0 + 1, <=, 5);
}

/* Ink with its mass at one end: the box stays inside, and the mass then is off the middle. */
static void
test_not_pushed_out (void)
{
  g_autoptr (LwDigitRaster) raster = lw_digit_raster_new ();
  float image[LW_DIGIT_PIXELS];
  Ink ink;

  for (int i = 0; i < 12; i++)
    draw_line (raster, LW_DIGIT_TOOL_PEN, 0.1, 0.90 - 0.004 * i, 0.9, 0.90 - 0.004 * i);
  draw_line (raster, LW_DIGIT_TOOL_PEN, 0.5, 0.05, 0.5, 0.9);
  lw_digit_raster_render (raster, TRUE, image);
  ink = ink_of (image);
  g_assert_cmpint (ink.y1 - ink.y0 + 1, >=, 20);
  g_assert_cmpfloat (ink.y, >, 14.0);
}

static void
test_plain (void)
{
  g_autoptr (LwDigitRaster) raster = lw_digit_raster_new ();
  float image[LW_DIGIT_PIXELS];
  Ink ink;

  draw_line (raster, LW_DIGIT_TOOL_PEN, 0.25, 0.25, 0.25, 0.75);
  lw_digit_raster_render (raster, FALSE, image);
  ink = ink_of (image);
  g_assert_cmpfloat_with_epsilon (ink.x, 0.25 * 28 - 0.5, 0.1);
  g_assert_cmpfloat_with_epsilon (ink.y, 0.50 * 28 - 0.5, 0.1);
  /* A rectangle of pen width by length, and a round cap of half a circle at each end. */
  g_assert_cmpfloat_with_epsilon (ink.sum,
                                  28 * 28 * (0.5 * LW_DIGIT_PEN
                                             + G_PI * LW_DIGIT_PEN * LW_DIGIT_PEN / 4),
                                  0.5);
}

static void
test_dot (void)
{
  g_autoptr (LwDigitRaster) raster = lw_digit_raster_new ();
  float image[LW_DIGIT_PIXELS];
  Ink ink;

  g_assert_true (lw_digit_raster_begin (raster, LW_DIGIT_TOOL_PEN, 0.2, 0.8));
  g_assert_false (lw_digit_raster_is_empty (raster));
  lw_digit_raster_render (raster, TRUE, image);
  ink = ink_of (image);
  g_assert_cmpfloat (ink.sum, >, 1);
  g_assert_cmpint (ink.x1 - ink.x0 + 1, <=, 5);
  g_assert_cmpfloat_with_epsilon (ink.x, 13.5, 0.5);
  g_assert_cmpfloat_with_epsilon (ink.y, 13.5, 0.5);
}

static void
test_out_of_bounds (void)
{
  g_autoptr (LwDigitRaster) raster = lw_digit_raster_new ();
  float image[LW_DIGIT_PIXELS];

  g_assert_false (lw_digit_raster_begin (raster, LW_DIGIT_TOOL_PEN, NAN, 0.5));
  g_assert_false (lw_digit_raster_begin (raster, LW_DIGIT_TOOL_PEN, 0.5, INFINITY));
  g_assert_false (lw_digit_raster_can_undo (raster));

  /* Wholly outside: kept, to be undone, but it is not ink. */
  g_assert_true (lw_digit_raster_begin (raster, LW_DIGIT_TOOL_PEN, -0.5, -0.5));
  g_assert_true (lw_digit_raster_extend (raster, -1e30, 5e30));
  g_assert_false (lw_digit_raster_extend (raster, 0.5, NAN));
  g_assert_true (lw_digit_raster_is_empty (raster));
  g_assert_true (lw_digit_raster_can_undo (raster));
  g_assert_true (lw_digit_raster_undo (raster));

  /* Through the square from side to side: what is seen is what is inside. */
  draw_line (raster, LW_DIGIT_TOOL_PEN, -0.9, 0.5, 1.9, 0.5);
  lw_digit_raster_render (raster, FALSE, image);
  g_assert_cmpfloat (image[13 * 28 + 0], >, 0.9);
  g_assert_cmpfloat (image[13 * 28 + 27], >, 0.9);
  lw_digit_raster_render (raster, TRUE, image);
  g_assert_cmpint (ink_of (image).x1 - ink_of (image).x0 + 1, <=, 21);
}

static void
test_undo_erase_clear (void)
{
  g_autoptr (LwDigitRaster) raster = lw_digit_raster_new ();
  float before[LW_DIGIT_PIXELS], image[LW_DIGIT_PIXELS];

  draw_line (raster, LW_DIGIT_TOOL_PEN, 0.3, 0.2, 0.7, 0.8);
  lw_digit_raster_render (raster, FALSE, before);

  draw_line (raster, LW_DIGIT_TOOL_ERASER, 0.3, 0.2, 0.5, 0.5);
  lw_digit_raster_render (raster, FALSE, image);
  g_assert_cmpfloat (ink_of (image).sum, <, 0.7 * ink_of (before).sum);
  g_assert_cmpfloat (ink_of (image).sum, >, 0.2 * ink_of (before).sum);

  draw_line (raster, LW_DIGIT_TOOL_ERASER, 0.3, 0.2, 0.7, 0.8);
  g_assert_true (lw_digit_raster_is_empty (raster));
  g_assert_false (lw_digit_raster_clear (raster));
  g_assert_true (lw_digit_raster_undo (raster));
  g_assert_true (lw_digit_raster_undo (raster));
  lw_digit_raster_render (raster, FALSE, image);
  g_assert_cmpmem (image, sizeof image, before, sizeof before);

  g_assert_true (lw_digit_raster_clear (raster));
  g_assert_true (lw_digit_raster_is_empty (raster));
  g_assert_true (lw_digit_raster_undo (raster));
  lw_digit_raster_render (raster, FALSE, image);
  g_assert_cmpmem (image, sizeof image, before, sizeof before);
  g_assert_true (lw_digit_raster_undo (raster));
  g_assert_false (lw_digit_raster_can_undo (raster));
}

/* A vertical bar of @ink on @ground, 28×28. */
static void
make_picture (guint32 *pixels, guint32 ground, guint32 ink)
{
  for (int y = 0; y < 28; y++)
    for (int x = 0; x < 28; x++)
      pixels[y * 28 + x] = x >= 12 && x < 16 && y >= 6 && y < 22 ? ink : ground;
}

static void
test_picture (void)
{
  static const guint32 colors[][2] = {
    { 0xffffffff, 0xff000000 }, /* dark on light */
    { 0xff000000, 0xffffffff }, /* light on dark, as MNIST's own files */
    { 0xffe0d0c0, 0xff202080 }, /* a blue pen on brownish paper */
    { 0x00000000, 0xff000000 }, /* dark on nothing */
    { 0x00000000, 0xffffffff }, /* light on nothing */
  };
  guint32 pixels[28 * 28];
  float image[LW_DIGIT_PIXELS];

  for (gsize i = 0; i < G_N_ELEMENTS (colors); i++)
    {
      g_autoptr (LwDigitRaster) raster = lw_digit_raster_new ();

      make_picture (pixels, colors[i][0], colors[i][1]);
      g_assert_true (lw_digit_raster_picture (raster, (guchar *) pixels, 28, 28, 28 * 4));
      lw_digit_raster_render (raster, FALSE, image);
      for (int y = 0; y < 28; y++)
        for (int x = 0; x < 28; x++)
          g_assert_cmpfloat_with_epsilon (image[y * 28 + x],
                                          x >= 12 && x < 16 && y >= 6 && y < 22 ? 1 : 0, 0.01);
      /* Pen strokes go on top of it, and undoing them leaves it. */
      draw_line (raster, LW_DIGIT_TOOL_PEN, 0.1, 0.1, 0.1, 0.9);
      g_assert_true (lw_digit_raster_undo (raster));
      g_assert_false (lw_digit_raster_is_empty (raster));
      g_assert_true (lw_digit_raster_undo (raster));
      g_assert_true (lw_digit_raster_is_empty (raster));
    }
}

static void
test_picture_without_ink (void)
{
  g_autoptr (LwDigitRaster) raster = lw_digit_raster_new ();
  guint32 pixels[28 * 28];

  make_picture (pixels, 0xff808080, 0xff808080);
  g_assert_false (lw_digit_raster_picture (raster, (guchar *) pixels, 28, 28, 28 * 4));
  make_picture (pixels, 0, 0);
  g_assert_false (lw_digit_raster_picture (raster, (guchar *) pixels, 28, 28, 28 * 4));
  g_assert_false (lw_digit_raster_picture (raster, (guchar *) pixels, 1, 1, 4));
  g_assert_false (lw_digit_raster_can_undo (raster));
}

/* Wide, and much larger than the pad: fits the square, in the middle. */
static void
test_picture_large (void)
{
  g_autoptr (LwDigitRaster) raster = lw_digit_raster_new ();
  g_autofree guint32 *pixels = g_new (guint32, 1600 * 800);
  float image[LW_DIGIT_PIXELS];
  Ink ink;

  for (int y = 0; y < 800; y++)
    for (int x = 0; x < 1600; x++)
      pixels[y * 1600 + x] = x >= 700 && x < 900 && y >= 200 && y < 600 ? 0xff000000 : 0xffffffff;
  g_assert_true (lw_digit_raster_picture (raster, (guchar *) pixels, 1600, 800, 1600 * 4));
  lw_digit_raster_render (raster, FALSE, image);
  ink = ink_of (image);
  g_assert_cmpfloat_with_epsilon (ink.x, 13.5, 0.1);
  g_assert_cmpfloat_with_epsilon (ink.y, 13.5, 0.1);
  g_assert_cmpfloat_with_epsilon (ink.sum, 3.5 * 7.0, 1.0);
}

static void
assert_probability (double probability, const char *expected)
{
  g_autofree char *text = lw_number_text_probability (probability);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_number_text (void)
{
  static const struct {
    guint64     count;
    const char *text;
  } counts[] = {
    { 0, "0" }, { 999, "999" }, { 1226, "1,226" }, { 10000, "10,000" }, { 1234567, "1,234,567" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autofree char *text = lw_chart_format_count (counts[i].count);

      g_assert_cmpstr (text, ==, counts[i].text);
    }
  assert_probability (0.995, "99.5\u202f%");
  assert_probability (0.0, "0.0\u202f%");
  assert_probability (-1e-9, "0.0\u202f%");
  assert_probability (0.99949, "99.9\u202f%");
  assert_probability (0.99951, ">99.9\u202f%");
  assert_probability (1.0, ">99.9\u202f%");
  assert_probability (NAN, "—");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/digit-raster/empty", test_empty);
  g_test_add_func ("/digit-raster/centred", test_centred);
  g_test_add_func ("/digit-raster/aspect", test_aspect);
  g_test_add_func ("/digit-raster/small-drawing", test_small_drawing);
  g_test_add_func ("/digit-raster/not-pushed-out", test_not_pushed_out);
  g_test_add_func ("/digit-raster/plain", test_plain);
  g_test_add_func ("/digit-raster/dot", test_dot);
  g_test_add_func ("/digit-raster/out-of-bounds", test_out_of_bounds);
  g_test_add_func ("/digit-raster/undo-erase-clear", test_undo_erase_clear);
  g_test_add_func ("/digit-raster/picture", test_picture);
  g_test_add_func ("/digit-raster/picture-without-ink", test_picture_without_ink);
  g_test_add_func ("/digit-raster/picture-large", test_picture_large);
  g_test_add_func ("/number-text", test_number_text);

  return g_test_run ();
}
