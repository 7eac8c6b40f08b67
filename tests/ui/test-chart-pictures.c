#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ui/charts/chart-range.h"
#include "ui/charts/chart.h"

/* Charts compared with stored pictures, tests/ui/pictures/NAME.png. After a change that is meant to be seen:
 *
 *   LW_RENEW_PICTURES=1 ./tests/run.sh ui
 *
 * writes them anew; look at each before it is committed.
 *
 * Text is drawn as blocks (block-text.c), since fonts differ from machine to machine; test-chart.c knows the
 * words. What is left is Cairo's rendering of lines. Another version of Cairo may give the edge of a line
 * another shade, so a pixel is clearly another when a channel differs by more than CLEARLY, and a few of
 * those are borne. Grid and bands are paler than that: of pixels that differ SLIGHTLY more are borne, but
 * fewer than a band that moves by a pixel has. A line that moves by a pixel changes hundreds:
 * test_comparison() proves that such changes are found. */

#define WIDTH        580
#define HEIGHT       300
#define CLEARLY      48 /* of 255 */
#define SLIGHTLY     4
#define MAX_CLEARLY  20 /* of the picture's 174,000 pixels */
#define MAX_SLIGHTLY 600

typedef struct {
  const char  *name;
  LwChartMetric metric;
  void       (*fill)  (LwHistory *history, guint run);
  guint        n_runs;
  LwChartXUnit x_unit;
  gboolean     linear_y, log_x, dark, high_contrast, show_legend;
  double       factor;           /* 0: 1 */
  double       x_min, x_max;     /* 0: the whole run */
  double       hover_x;          /* 0: none */
} Case;

static void
append (LwHistory  *history,
        LwPointKind kind,
        int         step,
        int         steps_per_epoch,
        float       loss,
        const char *note)
{
  LwHistoryPoint point = { .kind = kind,
                           .epoch = 1 + (step - 1) / steps_per_epoch,
                           .step = step,
                           .loss = loss,
                           .accuracy = 1 - fminf (loss, 2.3f) / 2.5f,
                           .seconds = 0.01 * step,
                           .n_images = kind == LW_POINT_TEST ? 10000 : kind == LW_POINT_SAMPLE ? 1000 : 128,
                           .rate = 0.001f * powf (0.1f, (float) ((step - 1) / 250)) };

  if (note)
    g_strlcpy (point.note, note, sizeof point.note);
  lw_history_append (history, &point);
}

/* Chance that is the same everywhere: no library's random numbers, no libm's sine. */
static float
noise (guint i)
{
  i = (i ^ 61) ^ (i >> 16);
  i *= 9;
  i ^= i >> 4;
  i *= 0x27d4eb2d;
  i ^= i >> 15;
  return (float) (i & 0xffff) / 65536.0f - 0.5f;
}

static float
falling (int step, guint run)
{
  float level = 0.08f + 0.05f * (float) run + 2.2f / (1 + (float) step / (20 + 8 * (float) run));

  return level * (1 + 0.5f * noise ((guint) step * 31 + run));
}

static void
fill_steps (LwHistory *history, guint run, int first, int last)
{
  for (int step = first; step <= last; step++)
    {
      append (history, LW_POINT_TRAIN, step, 100, falling (step, run), NULL);
      if (step % 100 == 0)
        append (history,
                LW_POINT_TEST,
                step,
                100,
                0.8f * falling (step, run) + (step == 300 ? -0.02f : 0),
                NULL);
      else if (step % 30 == 0)
        append (history, LW_POINT_SAMPLE, step, 100, 0.85f * falling (step, run), NULL);
    }
}

static void
fill_empty (LwHistory *history, guint run)
{
}

static void
fill_one (LwHistory *history, guint run)
{
  append (history, LW_POINT_TRAIN, 1, 100, 2.3f, NULL);
}

static void
fill_usual (LwHistory *history, guint run)
{
  fill_steps (history, run, 1, 360 - 20 * (int) run);
}

static void
fill_long (LwHistory *history, guint run)
{
  for (int step = 1; step <= 40000; step++)
    append (history, LW_POINT_TRAIN, step, 10000, falling (step, run), NULL);
}

static void
fill_nan (LwHistory *history, guint run)
{
  for (int step = 1; step <= 300; step++)
    append (history, LW_POINT_TRAIN, step, 100,
            step % 9 == 0 ? NAN : step > 180 && step < 220 ? INFINITY : falling (step, run), NULL);
  append (history, LW_POINT_TEST, 300, 100, NAN, NULL);
}

static void
fill_constant (LwHistory *history, guint run)
{
  for (int step = 1; step <= 300; step++)
    append (history, LW_POINT_TRAIN, step, 100, 0.5f, NULL);
}

static void
fill_huge (LwHistory *history, guint run)
{
  for (int step = 1; step <= 300; step++)
    append (history,
            LW_POINT_TRAIN,
            step,
            100,
            step < 150 ? falling (step, run) : powf (10, (float) (step - 150) / 5),
            NULL);
}

static void
fill_events (LwHistory *history, guint run)
{
  fill_steps (history, run, 1, 120);
  append (history, LW_POINT_EVENT, 120, 100, 0, "rate 0.0003");
  append (history, LW_POINT_EVENT, 120, 100, 0, "resumed");
  fill_steps (history, run, 121, 140);
  append (history, LW_POINT_EVENT, 140, 100, 0, "rate 0.0001");
  fill_steps (history, run, 141, 490);
  append (history, LW_POINT_EVENT, 490, 100, 0, "early stop");
}

static void
fill_resumed (LwHistory *history, guint run)
{
  fill_steps (history, run, 1, 150);
  append (history, LW_POINT_EVENT, 150, 100, 0, "resumed");
}

static const Case cases[] = {
  { "empty", LW_CHART_LOSS, fill_empty, 1 },
  { "one-point", LW_CHART_LOSS, fill_one, 1 },
  { "nan", LW_CHART_LOSS, fill_nan, 1 },
  { "constant", LW_CHART_LOSS, fill_constant, 1 },
  { "huge-range", LW_CHART_LOSS, fill_huge, 1 },
  { "linear", LW_CHART_LOSS, fill_usual, 2, .linear_y = TRUE },
  { "log-y", LW_CHART_LOSS, fill_usual, 2 },
  { "log-x", LW_CHART_LOSS, fill_long, 1, .log_x = TRUE },
  { "log-x-time", LW_CHART_ACCURACY, fill_usual, 2, .x_unit = LW_CHART_X_SECONDS, .log_x = TRUE },
  { "long", LW_CHART_LOSS, fill_long, 1 },
  { "accuracy", LW_CHART_ACCURACY, fill_usual, 2, .x_unit = LW_CHART_X_EPOCH },
  { "rate", LW_CHART_RATE, fill_usual, 1 },
  { "many-runs", LW_CHART_LOSS, fill_usual, 13, .show_legend = TRUE },
  { "zoomed", LW_CHART_LOSS, fill_usual, 2, .x_min = 120, .x_max = 160 },
  { "hover", LW_CHART_LOSS, fill_usual, 3, .hover_x = 200 },
  { "resumed", LW_CHART_LOSS, fill_resumed, 1 },
  { "events", LW_CHART_LOSS, fill_events, 1 },
  { "best-accuracy", LW_CHART_ACCURACY, fill_events, 1 },
  { "dark", LW_CHART_LOSS, fill_events, 3, .dark = TRUE, .hover_x = 200 },
  { "high-contrast", LW_CHART_LOSS, fill_events, 6, .high_contrast = TRUE },
  { "high-contrast-dark", LW_CHART_LOSS, fill_events, 6, .high_contrast = TRUE, .dark = TRUE },
  { "presenter", LW_CHART_LOSS, fill_usual, 2, .factor = 1.75 },
};

typedef struct {
  LwHistory    *histories[13];
  LwChartSeries series[13];
  char         *names[13];
  LwChart       chart;
  LwChartStyle  style;
} Scene;

static void
scene_init (Scene *scene, const Case *c)
{
  *scene = (Scene) { 0 };
  for (guint i = 0; i < c->n_runs; i++)
    {
      LwCurve *curve;

      scene->histories[i] = lw_history_new ();
      c->fill (scene->histories[i], i);
      curve = lw_curve_new (scene->histories[i]);
      scene->names[i] = g_strdup_printf ("Run %u", c->n_runs - i);
      scene->series[i] = (LwChartSeries) { curve, scene->names[i], i };
      lw_curve_set_plan (curve, c->fill == fill_long ? 10000 : 100, 128);
    }
  lw_chart_init (&scene->chart, c->metric);
  scene->chart.series = scene->series;
  scene->chart.n_series = c->n_runs;
  scene->chart.selected = 0;
  scene->chart.steps_per_epoch = c->fill == fill_long ? 10000 : 100;
  scene->chart.n_epochs = 5;
  scene->chart.batch_size = 128;
  scene->chart.x_unit = c->x_unit;
  scene->chart.log_x = c->log_x;
  scene->chart.log_y = c->metric == LW_CHART_LOSS && !c->linear_y;
  scene->chart.show_legend = c->show_legend;
  lw_chart_fit_x (&scene->chart);
  if (c->x_max > 0)
    {
      scene->chart.x_min = c->x_min;
      scene->chart.x_max = c->x_max;
    }
  lw_chart_fit_y (&scene->chart);
  if (c->hover_x > 0)
    scene->chart.hover_x = c->hover_x;
  lw_chart_style_init (&scene->style, c->dark);
  scene->style.high_contrast = c->high_contrast;
  if (c->factor > 0)
    scene->style.factor = c->factor;
}

static void
scene_clear (Scene *scene)
{
  for (guint i = 0; i < scene->chart.n_series; i++)
    {
      lw_curve_free ((LwCurve *) scene->series[i].curve);
      lw_history_unref (scene->histories[i]);
      g_free (scene->names[i]);
    }
}

static cairo_surface_t *
draw (const Scene *scene)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
  cairo_t         *cr = cairo_create (surface);

  lw_chart_set_source (cr, scene->style.background, 1);
  cairo_paint (cr);
  lw_chart_draw (cr, WIDTH, HEIGHT, &scene->chart, &scene->style, NULL);
  g_assert_cmpint (cairo_status (cr), ==, CAIRO_STATUS_SUCCESS);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  return surface;
}

static const unsigned char *
get_row (cairo_surface_t *surface, int y)
{
  return cairo_image_surface_get_data (surface) + y * cairo_image_surface_get_stride (surface);
}

typedef struct {
  int clearly, slightly;
} Difference;

static Difference
compare (cairo_surface_t *a, cairo_surface_t *b)
{
  Difference difference = { 0 };

  g_assert_cmpint (cairo_image_surface_get_width (b), ==, WIDTH);
  g_assert_cmpint (cairo_image_surface_get_height (b), ==, HEIGHT);
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      {
        const unsigned char *p = get_row (a, y) + 4 * x, *q = get_row (b, y) + 4 * x;
        int most = MAX (MAX (abs (p[0] - q[0]), abs (p[1] - q[1])), abs (p[2] - q[2]));

        difference.clearly += most > CLEARLY;
        difference.slightly += most > SLIGHTLY;
      }
  return difference;
}

static gboolean
is_other (Difference difference)
{
  return difference.clearly > MAX_CLEARLY || difference.slightly > MAX_SLIGHTLY;
}

static void
test_picture (gconstpointer data)
{
  const Case      *c = data;
  g_autofree char *base = g_strconcat (c->name, ".png", NULL);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "ui", "pictures", base, NULL);
  cairo_surface_t *surface, *stored;
  Scene            scene;
  Difference       difference;

  scene_init (&scene, c);
  surface = draw (&scene);
  if (g_getenv ("LW_RENEW_PICTURES"))
    g_assert_cmpint (cairo_surface_write_to_png (surface, path), ==, CAIRO_STATUS_SUCCESS);

  stored = cairo_image_surface_create_from_png (path);
  if (cairo_surface_status (stored) != CAIRO_STATUS_SUCCESS)
    g_error ("%s cannot be read", path);
  difference = compare (surface, stored);
  if (difference.slightly > 0)
    g_test_message ("%d pixels are others than in %s, and %d clearly so",
                    difference.slightly, path, difference.clearly);
  if (is_other (difference))
    {
      g_autofree char *now = g_test_build_filename (G_TEST_BUILT, base, NULL);

      cairo_surface_write_to_png (surface, now);
      g_test_message ("%s is how it looks now", now);
      g_test_fail ();
    }

  cairo_surface_destroy (stored);
  cairo_surface_destroy (surface);
  scene_clear (&scene);
}

/* The comparison finds what a person would want found. */

static void
move_line (Scene *scene)
{
  /* By one pixel. */
  scene->chart.y_max *= pow (scene->chart.y_max / scene->chart.y_min, 1.0 / (HEIGHT - 68));
}

static void
move_run (Scene *scene)
{
  /* One of 13, by one pixel to the right. */
  double step = (scene->chart.x_max - scene->chart.x_min) / (WIDTH - 72);

  scene->chart.x_min -= step;
  scene->chart.x_max -= step;
}

static void
other_dash (Scene *scene)
{
  scene->series[1].slot += 6;
}

static void
other_color (Scene *scene)
{
  scene->series[scene->chart.n_series - 1].slot += 1;
}

static void
without_band (Scene *scene)
{
  scene->chart.steps_per_epoch = 0;
}

static void
move_bands (Scene *scene)
{
  lw_curve_set_plan ((LwCurve *) scene->series[0].curve, 101, 128);
}

static void
without_batches (Scene *scene)
{
  scene->chart.selected = -1;
}

static void
move_reading_line (Scene *scene)
{
  scene->chart.hover_x += 3;
}

static void
test_comparison (void)
{
  static const struct {
    const char *name;
    void      (*change) (Scene *scene);
  } changes[] = {
    { "log-y", move_line },          { "long", move_line },          { "zoomed", move_run },
    { "log-y", move_run },           { "many-runs", other_dash },    { "many-runs", other_color },
    { "log-y", without_band },      { "log-y", move_bands },       { "events", without_batches },  { "hover", move_reading_line },
    { "high-contrast", move_line },  { "one-point", move_line },
  };

  guint changed = 0;

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    for (guint k = 0; k < G_N_ELEMENTS (cases); k++)
      if (strcmp (cases[k].name, changes[i].name) == 0)
        {
          Scene            scene;
          cairo_surface_t *before, *after;
          Difference       difference;

          scene_init (&scene, &cases[k]);
          before = draw (&scene);
          changes[i].change (&scene);
          after = draw (&scene);
          difference = compare (before, after);
          g_test_message ("change %u, of %s: %d pixels, %d clearly", i, changes[i].name,
                          difference.slightly, difference.clearly);
          g_assert_true (is_other (difference));
          changed++;
          cairo_surface_destroy (before);
          cairo_surface_destroy (after);
          scene_clear (&scene);
        }
  g_assert_cmpuint (changed, ==, G_N_ELEMENTS (changes));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/chart-pictures/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_picture);
    }
  g_test_add_func ("/chart-pictures/comparison", test_comparison);

  return g_test_run ();
}
