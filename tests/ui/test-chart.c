#include <math.h>

#include "ui/charts/chart-glide.h"
#include "ui/charts/chart-range.h"
#include "ui/charts/chart-text.h"
#include "ui/charts/chart-ticks.h"
#include "ui/charts/chart.h"

/* Charts drawn on image surfaces: no display, only pixels. */

#define WIDTH  580
#define HEIGHT 300

static LwHistory *
make_history (int n_steps, int steps_per_epoch, float (*loss) (int step))
{
  LwHistory *history = lw_history_new ();

  for (int step = 1; step <= n_steps; step++)
    {
      float          value = loss (step);
      LwHistoryPoint point = { .kind = LW_POINT_TRAIN,
                               .epoch = 1 + (step - 1) / steps_per_epoch,
                               .step = step,
                               .loss = value,
                               .accuracy = isnan (value) ? NAN : 1 - fminf (value, 2.2f) / 2.5f,
                               .seconds = 0.01 * step,
                               .n_images = 128,
                               .rate = 0.001f };

      lw_history_append (history, &point);
      if (step % steps_per_epoch == 0)
        {
          point.kind = LW_POINT_TEST;
          point.n_images = 10000;
          lw_history_append (history, &point);
        }
    }
  return history;
}

static float
falling (int step)
{
  return 0.1f + 2.2f * expf (-(float) step / 100) * (1.1f + 0.1f * sinf ((float) step * 37));
}

static float
constant (int step)
{
  return 0.5f;
}

static float
never (int step)
{
  return NAN;
}

static float
holed (int step)
{
  return step % 5 == 0 ? NAN : step % 7 == 0 ? INFINITY : falling (step);
}

static float
exploding (int step)
{
  return step < 200 ? falling (step) : step < 210 ? 1e30f : INFINITY;
}

static float
zero (int step)
{
  return 0;
}

static float
tiny (int step)
{
  return 1e-38f * (float) step;
}

typedef struct {
  LwHistory       *history;
  LwCurve         *curve;
  LwChartSeries    series;
  LwChart          chart;
  LwChartStyle     style;
  cairo_surface_t *surface;
  cairo_t         *cr;
  LwChartWork      work;
} Drawing;

static void
drawing_init (Drawing *drawing, int n_steps, float (*loss) (int step), LwChartMetric metric)
{
  int steps_per_epoch = MAX (n_steps / 4, 1);

  *drawing = (Drawing) { 0 };
  drawing->history = make_history (n_steps, steps_per_epoch, loss);
  drawing->curve = lw_curve_new (drawing->history);
  drawing->series = (LwChartSeries) { drawing->curve, "Run 1", 0 };
  lw_chart_init (&drawing->chart, metric);
  drawing->chart.series = &drawing->series;
  drawing->chart.n_series = 1;
  drawing->chart.selected = 0;
  drawing->chart.steps_per_epoch = steps_per_epoch;
  drawing->chart.n_epochs = 5;
  drawing->chart.batch_size = 128;
  lw_chart_style_init (&drawing->style, FALSE);
  drawing->surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
  drawing->cr = cairo_create (drawing->surface);
}

static void
drawing_clear (Drawing *drawing)
{
  cairo_destroy (drawing->cr);
  cairo_surface_destroy (drawing->surface);
  lw_curve_free (drawing->curve);
  lw_history_unref (drawing->history);
}

static void
draw (Drawing *drawing)
{
  lw_chart_set_source (drawing->cr, drawing->style.background, 1);
  cairo_paint (drawing->cr);
  drawing->work = (LwChartWork) { 0 };
  lw_chart_draw (drawing->cr,
                 WIDTH,
                 HEIGHT,
                 &drawing->chart,
                 &drawing->style,
                 &drawing->work);
  g_assert_cmpint (cairo_status (drawing->cr), ==, CAIRO_STATUS_SUCCESS);
  cairo_surface_flush (drawing->surface);
}

static void
fit_and_draw (Drawing *drawing)
{
  lw_chart_fit_x (&drawing->chart);
  lw_chart_fit_y (&drawing->chart);
  g_assert_cmpfloat (drawing->chart.x_min, <, drawing->chart.x_max);
  g_assert_cmpfloat (drawing->chart.y_min, <, drawing->chart.y_max);
  draw (drawing);
}

static guint32
pixel_at (Drawing *drawing, int x, int y)
{
  const unsigned char *data = cairo_image_surface_get_data (drawing->surface);
  int                  stride = cairo_image_surface_get_stride (drawing->surface);

  return *(const guint32 *) (gconstpointer) (data + y * stride + x * 4) & 0xffffff;
}

/* Pixels within a little of the run's colour, inside or outside the plot area (grown by 9 px for
 * markers, which may stand on its edge). */
static int
count_run_pixels (Drawing *drawing, gboolean inside)
{
  LwRgba      color = lw_chart_slot_color (drawing->series.slot, drawing->style.dark);
  LwChartArea area = lw_chart_plot_area (&drawing->chart, &drawing->style, WIDTH, HEIGHT);
  int         count = 0;

  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      {
        guint32  pixel = pixel_at (drawing, x, y);
        gboolean is_inside = x >= area.x - 9 && x < area.x + area.width + 9 && y >= area.y - 9
                             && y < area.y + area.height + 9;

        if (is_inside == inside && ABS ((int) (pixel >> 16 & 0xff) - 255 * color.red) < 3
            && ABS ((int) (pixel >> 8 & 0xff) - 255 * color.green) < 3
            && ABS ((int) (pixel & 0xff) - 255 * color.blue) < 3)
          count++;
      }
  return count;
}

static void
assert_ticks (LwChartTicks ticks, guint n, const double *values)
{
  g_assert_cmpuint (ticks.n_values, ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon (ticks.values[i], values[i], 1e-9 * MAX (1, fabs (values[i])));
}

static void
test_linear_ticks (void)
{
  g_assert_cmpfloat_with_epsilon (lw_chart_nice_step (3), 5, 1e-9);
  g_assert_cmpfloat_with_epsilon (lw_chart_nice_step (0.021), 0.05, 1e-9);
  g_assert_cmpfloat_with_epsilon (lw_chart_nice_step (200), 200, 1e-9);
  g_assert_cmpfloat_with_epsilon (lw_chart_nice_step (6e5), 1e6, 1e-9);

  assert_ticks (lw_chart_ticks_linear (0, 2345, 6, 1), 5, (double[]) { 0, 500, 1000, 1500, 2000 });
  assert_ticks (lw_chart_ticks_linear (0.84, 1, 6, 0), 4, (double[]) { 0.85, 0.9, 0.95, 1 });
  assert_ticks (lw_chart_ticks_linear (-1, 1, 5, 0), 5, (double[]) { -1, -0.5, 0, 0.5, 1 });
  /* Never half a step. */
  assert_ticks (lw_chart_ticks_linear (7, 9, 9, 1), 3, (double[]) { 7, 8, 9 });
  g_assert_cmpuint (lw_chart_ticks_linear (1, 1, 5, 0).n_values, ==, 0);
  g_assert_cmpuint (lw_chart_ticks_linear (NAN, 1, 5, 0).n_values, ==, 0);
  g_assert_cmpuint (lw_chart_ticks_linear (0, INFINITY, 5, 0).n_values, ==, 0);

  for (double span = 1e-12; span < 1e12; span *= 1.7)
    {
      LwChartTicks ticks = lw_chart_ticks_linear (span / 3, span * 4 / 3, 6, 0);

      g_assert_cmpuint (ticks.n_values, >=, 2);
      g_assert_cmpuint (ticks.n_values, <=, 6);
    }
}

static void
test_log_ticks (void)
{
  assert_ticks (lw_chart_ticks_log (0.02, 6, 6), 5, (double[]) { 0.03, 0.1, 0.3, 1, 3 });
  assert_ticks (lw_chart_ticks_log (0.1, 100, 4), 4, (double[]) { 0.1, 1, 10, 100 });
  /* Within a decade: linear steps. */
  assert_ticks (lw_chart_ticks_log (1.9, 2.6, 6), 4, (double[]) { 2, 2.2, 2.4, 2.6 });
  g_assert_cmpuint (lw_chart_ticks_log (0, 1, 5).n_values, ==, 0);

  for (int decades = 1; decades < 300; decades++)
    {
      LwChartTicks ticks = lw_chart_ticks_log (1e-150, 1e-150 * pow (10, decades), 6);

      g_assert_cmpuint (ticks.n_values, >=, 1);
      g_assert_cmpuint (ticks.n_values, <=, 6);
    }
}

static void
test_time_ticks (void)
{
  assert_ticks (lw_chart_ticks_time (0, 25, 6), 6, (double[]) { 0, 5, 10, 15, 20, 25 });
  assert_ticks (lw_chart_ticks_time (0, 150, 6), 6, (double[]) { 0, 30, 60, 90, 120, 150 });
  assert_ticks (lw_chart_ticks_time (0, 7200, 4), 3, (double[]) { 0, 3600, 7200 });
  assert_ticks (lw_chart_ticks_time (0, 1, 4), 3, (double[]) { 0, 0.5, 1 });
}

static void
assert_text (char *text, const char *expected)
{
  g_assert_cmpstr (text, ==, expected);
  g_free (text);
}

static void
test_numbers (void)
{
  assert_text (lw_chart_format_count (1150), "1,150");
  assert_text (lw_chart_format_count (999), "999");
  assert_text (lw_chart_format_count (-1234567), "−1,234,567");
  assert_text (lw_chart_format_number (0.0652, 3), "0.065");
  assert_text (lw_chart_format_number (-2.5, 1), "−2.5");
  assert_text (lw_chart_format_number (-0.0, 1), "0.0");
  assert_text (lw_chart_format_number (0.00001, 3), "1e−5");
  assert_text (lw_chart_format_number (1234.5678, 2), "1,234.57");
  assert_text (lw_chart_format_number (NAN, 2), "NaN");
  assert_text (lw_chart_format_number (-INFINITY, 2), "−∞");
  assert_text (lw_chart_format_percent (0.979, 1), "97.9\342\200\257%");
  assert_text (lw_chart_format_percent (1, 0), "100\342\200\257%");
  assert_text (lw_chart_format_tick (0.03, 0), "0.03");
  assert_text (lw_chart_format_tick (3, 0), "3");
  assert_text (lw_chart_format_tick (2000, 500), "2,000");
  assert_text (lw_chart_format_tick (1000000, 200000), "1,000,000");
  assert_text (lw_chart_format_tick (2, 0.5), "2.0");
  assert_text (lw_chart_format_tick (1e-6, 0), "1e−6");
  assert_text (lw_chart_format_time (9.2, 1), "9.2\302\240s");
  assert_text (lw_chart_format_time (65, 1), "1:05");
  assert_text (lw_chart_format_time (3723, 1), "1:02:03");
  assert_text (lw_chart_format_value (LW_CHART_ACCURACY, 0.9791, 3), "97.9\342\200\257%");
  assert_text (lw_chart_format_value (LW_CHART_RATE, 0.001, 3), "0.001");
  assert_text (lw_chart_format_value (LW_CHART_RATE, 0.00024999, 3), "0.00025");
  assert_text (lw_chart_format_value (LW_CHART_RATE, 0.000123456, 4), "0.0001235");
  assert_text (lw_chart_format_value (LW_CHART_RATE, 3e-5, 3), "3e−5");
  assert_text (lw_chart_format_value (LW_CHART_RATE, NAN, 3), "NaN");
  assert_text (lw_chart_format_digits (0, 3), "0");
  assert_text (lw_chart_format_digits (12.5, 3), "12.5");
  assert_text (lw_chart_format_digits (1000, 3), "1,000");
  assert_text (lw_chart_format_power (0.0005, 3), "5e−4");
  assert_text (lw_chart_format_power (0.001, 3), "1e−3");
  assert_text (lw_chart_format_power (1e-310, 2), "0e−300");
}

static void
test_ranges (void)
{
  Drawing drawing;

  drawing_init (&drawing, 0, falling, LW_CHART_LOSS);
  drawing.chart.steps_per_epoch = 469;
  lw_chart_fit_x (&drawing.chart);
  lw_chart_fit_y (&drawing.chart);
  g_assert_cmpfloat (drawing.chart.x_min, ==, 0);
  g_assert_cmpfloat (drawing.chart.x_max, ==, 5 * 469);
  g_assert_cmpfloat (drawing.chart.y_min, ==, 0.02);
  g_assert_cmpfloat (drawing.chart.y_max, ==, 6);
  drawing_clear (&drawing);

  /* 2,000 steps of 500 an epoch: past the plan of 3 epochs, so the fourth is shown whole. */
  drawing_init (&drawing, 2000, falling, LW_CHART_LOSS);
  drawing.chart.n_epochs = 3;
  lw_chart_fit_x (&drawing.chart);
  g_assert_cmpfloat (drawing.chart.x_max, ==, 2000);
  lw_chart_fit_y (&drawing.chart);
  g_assert_cmpfloat (drawing.chart.y_max, >, 2.6 * 2.2);
  g_assert_cmpfloat (drawing.chart.y_min, <=, 0.1);
  g_assert_cmpfloat (drawing.chart.y_min, >, 0.02);
  drawing.chart.log_y = FALSE;
  lw_chart_fit_y (&drawing.chart);
  g_assert_cmpfloat (drawing.chart.y_min, ==, 0);
  g_assert_cmpfloat (drawing.chart.y_max, <, 4);
  drawing_clear (&drawing);

  drawing_init (&drawing, 2000, falling, LW_CHART_ACCURACY);
  lw_chart_fit_x (&drawing.chart);
  lw_chart_fit_y (&drawing.chart);
  g_assert_cmpfloat (drawing.chart.y_max, ==, 1);
  g_assert_cmpfloat (drawing.chart.y_min, <, 0.96);
  g_assert_cmpfloat (drawing.chart.y_min, >=, 0.38);
  drawing_clear (&drawing);
}

/* On a logarithmic axis: there and back, evenly by factors, and nothing to the left of all. */
static void
test_log_x (void)
{
  LwChart     chart;
  LwChartArea area = { 50, 10, 400, 200 };

  lw_chart_init (&chart, LW_CHART_LOSS);
  chart.log_x = TRUE;
  chart.x_min = 1;
  chart.x_max = 10000;
  g_assert_cmpfloat_with_epsilon (lw_chart_x_to_pixel (&chart, &area, 1), 50, 1e-9);
  g_assert_cmpfloat_with_epsilon (lw_chart_x_to_pixel (&chart, &area, 10), 150, 1e-9);
  g_assert_cmpfloat_with_epsilon (lw_chart_x_to_pixel (&chart, &area, 10000), 450, 1e-9);
  g_assert_cmpfloat (lw_chart_x_to_pixel (&chart, &area, 0), <, -1000);
  g_assert_cmpfloat (lw_chart_x_to_pixel (&chart, &area, -5), <, -1000);
  for (double x = 0.01; x < 1e7; x *= 1.37)
    g_assert_cmpfloat_with_epsilon (
        lw_chart_pixel_to_x (&chart, &area, lw_chart_x_to_pixel (&chart, &area, x)) / x, 1, 1e-9);
  for (double share = -1; share <= 2; share += 0.125)
    g_assert_cmpfloat_with_epsilon (
        lw_chart_x_to_share (&chart, lw_chart_share_to_x (&chart, share)), share, 1e-9);
}

static void
test_log_x_ranges (void)
{
  static const struct {
    LwChartXUnit unit;
    double       begin, end;
  } cases[] = {
    { LW_CHART_X_STEP, 1, 2500 },
    { LW_CHART_X_EPOCH, 1.0 / 500, 5 },
    { LW_CHART_X_SECONDS, 0.01, 25 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (int n_steps = 0; n_steps <= 2000; n_steps += 2000)
      {
        Drawing drawing;

        drawing_init (&drawing, n_steps, falling, LW_CHART_LOSS);
        drawing.chart.steps_per_epoch = 500;
        drawing.chart.x_unit = cases[i].unit;
        drawing.chart.log_x = TRUE;
        lw_chart_fit_x (&drawing.chart);
        if (n_steps > 0 || cases[i].unit != LW_CHART_X_SECONDS)
          {
            g_assert_cmpfloat_with_epsilon (drawing.chart.x_min, cases[i].begin, 1e-9);
            g_assert_cmpfloat_with_epsilon (drawing.chart.x_max, cases[i].end, 1e-9);
          }
        else
          g_assert_cmpfloat (drawing.chart.x_min, >, 0);
        drawing_clear (&drawing);
      }
}

/* Seconds as a person counts them. */
static void
test_log_time_ticks (void)
{
  assert_ticks (lw_chart_ticks_log_time (0.05, 700, 8), 5, (double[]) { 0.1, 1, 10, 60, 600 });
  assert_ticks (lw_chart_ticks_log_time (1, 10000, 8), 5, (double[]) { 1, 10, 60, 600, 3600 });
  /* Between two of them: linear steps. */
  assert_ticks (lw_chart_ticks_log_time (100, 400, 6), 5, (double[]) { 120, 180, 240, 300, 360 });
  g_assert_cmpuint (lw_chart_ticks_log_time (0, 10, 6).n_values, ==, 0);
}

typedef struct {
  float first, last;
  gboolean log;
  double low, high;
} RateCase;

/* From 0 on, or by factors where the rates ask for it. */
static void
test_rate_ranges (void)
{
  static const RateCase cases[] = {
    { 0.001f, 0.001f, FALSE, 0, 0.0012 },
    { 0.001f, 0.0002f, FALSE, 0, 0.0012 },
    { 0.01f, 0.0003f, TRUE, 0.0002, 0.012 },
    { 0.1f, 1e-6f, TRUE, 5e-7, 0.12 },
    { 0, 0.5f, FALSE, 0, 0.6 },
    { NAN, NAN, FALSE, 0, 0.002 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Drawing        drawing;
      LwHistoryPoint point = { .kind = LW_POINT_TRAIN, .epoch = 1, .loss = 1, .accuracy = 0.5f };

      drawing_init (&drawing, 0, falling, LW_CHART_RATE);
      for (point.step = 1; point.step <= 100; point.step++)
        {
          point.rate = point.step <= 50 ? cases[i].first : cases[i].last;
          lw_history_append (drawing.history, &point);
        }
      lw_curve_update (drawing.curve);
      drawing.chart.steps_per_epoch = 50;
      fit_and_draw (&drawing);
      g_assert_cmpint (drawing.chart.log_y, ==, cases[i].log);
      g_assert_cmpfloat_with_epsilon (drawing.chart.y_min, cases[i].low, 1e-9);
      g_assert_cmpfloat_with_epsilon (drawing.chart.y_max, cases[i].high, 1e-9);
      g_assert_cmpint (count_run_pixels (&drawing, FALSE), ==, 0);
      if (!isnan (cases[i].first))
        g_assert_cmpint (count_run_pixels (&drawing, TRUE), >, 100);
      drawing_clear (&drawing);
    }
}

static gboolean
is_run_pixel (Drawing *drawing, double step, double rate)
{
  LwRgba      color = lw_chart_slot_color (drawing->series.slot, drawing->style.dark);
  LwChartArea area = lw_chart_plot_area (&drawing->chart, &drawing->style, WIDTH, HEIGHT);
  LwChart    *chart = &drawing->chart;
  double      x = area.x + (step - chart->x_min) / (chart->x_max - chart->x_min) * area.width;
  double      y = area.y + (chart->y_max - rate) / (chart->y_max - chart->y_min) * area.height;
  guint32     pixel = pixel_at (drawing, (int) x, (int) y);

  return fabs ((pixel >> 16) / 255.0 - color.red) < 0.1 && fabs ((pixel >> 8 & 0xff) / 255.0 - color.green) < 0.1
         && fabs ((pixel & 0xff) / 255.0 - color.blue) < 0.1;
}

/* However near one looks, a learning rate that was changed is another at once: no slope leads there. */
static void
test_rate_stairs (void)
{
  Drawing        drawing;
  LwHistoryPoint point = { .kind = LW_POINT_TRAIN, .epoch = 1, .loss = 1, .accuracy = 0.5f };

  drawing_init (&drawing, 0, falling, LW_CHART_RATE);
  for (point.step = 1; point.step <= 100; point.step++)
    {
      point.rate = point.step <= 50 ? 0.001f : 0.0005f;
      lw_history_append (drawing.history, &point);
    }
  lw_curve_update (drawing.curve);
  drawing.chart.steps_per_epoch = 100;
  lw_chart_fit_y (&drawing.chart);
  drawing.chart.x_min = 48;
  drawing.chart.x_max = 53;
  draw (&drawing);
  g_assert_true (is_run_pixel (&drawing, 49.5, 0.001));
  g_assert_true (is_run_pixel (&drawing, 50, 0.00075));
  g_assert_true (is_run_pixel (&drawing, 50.5, 0.0005));
  g_assert_false (is_run_pixel (&drawing, 50.5, 0.00075));
  g_assert_true (is_run_pixel (&drawing, 51.5, 0.0005));
  drawing_clear (&drawing);
}

/* Steps of one image make an epoch longer than planned; what is left of the plan comes behind it. */
static void
test_range_of_uneven_epochs (void)
{
  Drawing        drawing;
  LwHistoryPoint point = { .kind = LW_POINT_TRAIN, .epoch = 1, .loss = 1, .accuracy = 0.5f };

  drawing_init (&drawing, 0, falling, LW_CHART_LOSS);
  drawing.chart.steps_per_epoch = 100;
  lw_curve_set_plan (drawing.curve, 100, 128);
  for (point.step = 1; point.step <= 100; point.step++)
    {
      point.n_images = point.step <= 64 ? 1 : 128;
      lw_history_append (drawing.history, &point);
    }
  lw_curve_update (drawing.curve);
  lw_chart_fit_x (&drawing.chart);
  /* 64 images and 36 batches are behind, 63.5 batches to come, then four epochs. */
  g_assert_cmpfloat (drawing.chart.x_max, ==, 164 + 400);
  drawing_clear (&drawing);
}

/* Anything a loss may do, on either axis, by any unit: drawn, and only inside. */
static void
test_odd_data (void)
{
  float (*losses[]) (int) = { falling, constant, holed, exploding, zero, tiny, never };
  static const int lengths[] = { 0, 1, 2, 30, 700, 5000 };

  for (guint i = 0; i < G_N_ELEMENTS (losses); i++)
    for (guint j = 0; j < G_N_ELEMENTS (lengths); j++)
      for (int k = 0; k < 36; k++)
        {
          Drawing drawing;
          int     visible;

          drawing_init (&drawing, lengths[j], losses[i], (LwChartMetric) (k % 3));
          drawing.chart.log_y = drawing.chart.metric == LW_CHART_LOSS && k / 3 % 2;
          drawing.chart.log_x = k / 6 % 2;
          drawing.chart.x_unit = (LwChartXUnit) (k / 12);
          fit_and_draw (&drawing);

          g_assert_cmpint (count_run_pixels (&drawing, FALSE), ==, 0);
          visible = count_run_pixels (&drawing, TRUE);
          if (drawing.chart.metric == LW_CHART_RATE)
            g_assert_cmpint (visible > 20, ==, lengths[j] > 0);
          else if (lengths[j] == 0 || losses[i] == never)
            g_assert_cmpint (visible, ==, 0);
          else if (losses[i] == falling || losses[i] == constant || losses[i] == holed)
            g_assert_cmpint (visible, >, 20);
          drawing_clear (&drawing);
        }
}

static void
test_zoomed_and_hovered (void)
{
  Drawing     drawing;
  LwChartArea area;
  gsize       index;
  int         x, y;

  drawing_init (&drawing, 2000, falling, LW_CHART_LOSS);
  lw_chart_fit_x (&drawing.chart);
  drawing.chart.x_min = 900;
  drawing.chart.x_max = 960;
  lw_chart_fit_y (&drawing.chart);
  draw (&drawing);
  g_assert_cmpint (count_run_pixels (&drawing, FALSE), ==, 0);
  g_assert_cmpint (count_run_pixels (&drawing, TRUE), >, 200);

  /* A line down the plot, and on the curve a dot of the run's colour in a ring of the background. */
  area = lw_chart_plot_area (&drawing.chart, &drawing.style, WIDTH, HEIGHT);
  g_assert_true (lw_curve_find_nearest (drawing.curve, LW_CHART_X_STEP, 930, &index));
  x = (int) lw_chart_x_to_pixel (&drawing.chart, &area, 930);
  y = (int) lw_chart_y_to_pixel (&drawing.chart,
                                 &area,
                                 lw_curve_get_smoothed (drawing.curve, LW_CHART_LOSS, index));
  g_assert_cmphex (pixel_at (&drawing, x, (int) area.y + 2), >, 0xf0f0f0);
  drawing.chart.hover_x = 930;
  drawing.chart.show_hover_table = FALSE;
  draw (&drawing);
  g_assert_cmphex (pixel_at (&drawing, x, (int) area.y + 2), <, 0xd0d0d0);
  for (int dy = -3; dy <= 3; dy++)
    g_assert_cmphex (pixel_at (&drawing, x, y + dy), ==, 0x0072b2);
  g_assert_cmphex (pixel_at (&drawing, x, y + 5), >, 0xd0d0d0);

  g_assert_cmpfloat_with_epsilon (lw_chart_pixel_to_x (&drawing.chart,
                                                       &area,
                                                       lw_chart_x_to_pixel (&drawing.chart,
                                                                            &area,
                                                                            930)),
                                  930,
                                  1e-6);
  g_assert_cmpfloat (area.x, ==, 54);
  g_assert_cmpfloat (area.y, ==, 30);
  g_assert_cmpfloat (area.x + area.width, ==, WIDTH - 18);
  g_assert_cmpfloat (area.y + area.height, ==, HEIGHT - 38);

  /* With a table on it, at every place and both ends, in a picture smaller than the table. */
  drawing.chart.show_hover_table = TRUE;
  for (double at = 890; at < 970; at += 5)
    {
      drawing.chart.hover_x = at;
      draw (&drawing);
    }
  lw_chart_draw (drawing.cr, 30, 20, &drawing.chart, &drawing.style, NULL);
  g_assert_cmpint (cairo_status (drawing.cr), ==, CAIRO_STATUS_SUCCESS);
  drawing_clear (&drawing);
}

static void
test_styles_differ (void)
{
  for (guint slot = 0; slot < LW_CHART_N_SLOTS; slot++)
    for (guint other = slot + 1; other < LW_CHART_N_SLOTS; other++)
      {
        g_assert_cmpint (lw_chart_slot_marker (slot), !=, lw_chart_slot_marker (other));
        for (int dark = 0; dark < 2; dark++)
          {
            LwRgba a = lw_chart_slot_color (slot, dark), b = lw_chart_slot_color (other, dark);

            g_assert_cmpfloat (fabs (a.red - b.red) + fabs (a.green - b.green)
                                   + fabs (a.blue - b.blue),
                               >,
                               0.2);
          }
      }
}

/* Every slot's run is to be seen, solid or dashed, in the dark as well. */
static void
test_slots_are_drawn (void)
{
  for (guint slot = 0; slot < 2 * LW_CHART_N_SLOTS; slot++)
    for (int dark = 0; dark < 2; dark++)
      {
        Drawing drawing;

        drawing_init (&drawing, 400, falling, LW_CHART_LOSS);
        drawing.series.slot = slot;
        lw_chart_style_init (&drawing.style, dark);
        fit_and_draw (&drawing);
        g_assert_cmpint (count_run_pixels (&drawing, TRUE), >, 200);
        drawing_clear (&drawing);
      }
}

static void
test_glide (void)
{
  LwChartGlide glide = { 0 };

  lw_chart_glide_jump (&glide, (LwChartRange) { 0, 100, 0.01, 10 });
  g_assert_false (lw_chart_glide_advance (&glide, 5));
  lw_chart_glide_start (&glide, (LwChartRange) { 50, 100, 0.1, 10 }, TRUE, 1000);
  g_assert_cmpfloat (glide.shown.x_min, ==, 0);
  g_assert_true (lw_chart_glide_advance (&glide, 126000));
  /* 1 - (1 - 1/2)^3 of the way; y by factors. */
  g_assert_cmpfloat_with_epsilon (glide.shown.x_min, 43.75, 1e-9);
  g_assert_cmpfloat_with_epsilon (glide.shown.y_min, pow (10, -2 + 0.875), 1e-9);
  g_assert_true (lw_chart_glide_advance (&glide, 251000));
  g_assert_cmpfloat (glide.shown.x_min, ==, 50);
  g_assert_false (lw_chart_glide_advance (&glide, 252000));
}

static LwChartWork
work_for (int n_steps, gboolean log_x, LwChartXUnit unit)
{
  Drawing     drawing;
  LwChartWork work;

  drawing_init (&drawing, n_steps, falling, LW_CHART_LOSS);
  drawing.chart.log_x = log_x;
  drawing.chart.x_unit = unit;
  fit_and_draw (&drawing);
  g_assert_cmpint (count_run_pixels (&drawing, TRUE), >, 500);
  g_assert_cmpint (count_run_pixels (&drawing, FALSE), ==, 0);
  work = drawing.work;
  drawing_clear (&drawing);
  return work;
}

static void
test_cost_does_not_grow (void)
{
  for (int i = 0; i < 6; i++)
    {
      gboolean    log_x = i % 2;
      LwChartWork few = work_for (10000, log_x, (LwChartXUnit) (i / 2));
      LwChartWork many = work_for (1000000, log_x, (LwChartXUnit) (i / 2));

      g_test_message ("10,000 points: %" G_GUINT64_FORMAT " columns, %" G_GUINT64_FORMAT
                      " visited; 1,000,000: %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT,
                      few.n_columns,
                      few.n_visited,
                      many.n_columns,
                      many.n_visited);
      /* Those of batch values and of the line. */
      g_assert_cmpuint (many.n_columns, <=, 2 * WIDTH);
      g_assert_cmpuint (many.n_columns, <=, few.n_columns + WIDTH);
      g_assert_cmpuint (many.n_visited, <, 2 * few.n_visited);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/chart/ticks/linear", test_linear_ticks);
  g_test_add_func ("/chart/ticks/log", test_log_ticks);
  g_test_add_func ("/chart/ticks/time", test_time_ticks);
  g_test_add_func ("/chart/numbers", test_numbers);
  g_test_add_func ("/chart/ranges", test_ranges);
  g_test_add_func ("/chart/ticks/log-time", test_log_time_ticks);
  g_test_add_func ("/chart/log-x/mapping", test_log_x);
  g_test_add_func ("/chart/log-x/ranges", test_log_x_ranges);
  g_test_add_func ("/chart/rate-ranges", test_rate_ranges);
  g_test_add_func ("/chart/rate-stairs", test_rate_stairs);
  g_test_add_func ("/chart/uneven-epochs", test_range_of_uneven_epochs);
  g_test_add_func ("/chart/glide", test_glide);
  g_test_add_func ("/chart/odd-data", test_odd_data);
  g_test_add_func ("/chart/zoom-and-hover", test_zoomed_and_hovered);
  g_test_add_func ("/chart/styles-differ", test_styles_differ);
  g_test_add_func ("/chart/slots", test_slots_are_drawn);
  g_test_add_func ("/chart/cost", test_cost_does_not_grow);

  return g_test_run ();
}
