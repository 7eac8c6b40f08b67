/* Measures the charts: how long a picture takes, how much of that depends on the history's length, and
 * what a history and what is kept to draw it take of memory.
 *
 *   bench-chart [REPETITIONS]
 *
 * No display; prints one table. Compare figures of one run only. */

#include "ui/charts/chart-range.h"
#include "ui/charts/chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define WIDTH  640
#define HEIGHT 320

static LwHistory *
make_history (int n_steps)
{
  LwHistory *history = lw_history_new ();

  for (int step = 1; step <= n_steps; step++)
    {
      LwHistoryPoint point = { .kind = LW_POINT_TRAIN,
                               .epoch = 1 + (step - 1) / MAX (n_steps / 5, 1),
                               .step = step,
                               .loss = 0.1f + 2.2f * expf (-10 * (float) step / (float) n_steps)
                                                  * (1.1f + 0.1f * sinf ((float) step * 37)),
                               .accuracy = 1 - expf (-10 * (float) step / (float) n_steps),
                               .seconds = 0.01 * step,
                               .n_images = 128,
                               .rate = 0.001f };

      lw_history_append (history, &point);
    }
  return history;
}

/* Bytes of this process that are in memory. */
static double
resident (void)
{
  g_autofree char *text = NULL;
  long             pages = 0;

  if (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    sscanf (text, "%*d %ld", &pages);
  return (double) pages * (double) sysconf (_SC_PAGESIZE);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* This thread's, in milliseconds: what else runs on the machine does not count. */
static double
processor_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

/* Milliseconds of one picture, ranges and all. */
static double
time_drawing (const LwCurve *curve, LwChartMetric metric, gboolean log_x, gint64 steps_per_epoch)
{
  LwChartSeries    series = { curve, "Run 1", 0 };
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
  cairo_t         *cr = cairo_create (surface);
  double           began = processor_time ();
  LwChartStyle     style;
  LwChart          chart;

  lw_chart_style_init (&style, FALSE);
  lw_chart_init (&chart, metric);
  chart.series = &series;
  chart.n_series = 1;
  chart.selected = 0;
  chart.steps_per_epoch = steps_per_epoch;
  chart.n_epochs = 5;
  chart.log_x = log_x;
  lw_chart_fit_x (&chart);
  lw_chart_fit_y (&chart);
  lw_chart_set_source (cr, style.background, 1);
  cairo_paint (cr);
  lw_chart_draw (cr, WIDTH, HEIGHT, &chart, &style, NULL);
  cairo_surface_flush (surface);
  began = processor_time () - began;
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
  return began;
}

static double
median (double *times, int n)
{
  qsort (times, (gsize) n, sizeof *times, compare);
  return times[n / 2];
}

int
main (int argc, char **argv)
{
  static const char *const names[] = { "loss", "accuracy", "learning rate" };
  static const int         lengths[] = { 10000, 1000000 };
  int                      n = argc > 1 ? MAX (atoi (argv[1]), 1) : 101;
  LwHistory               *histories[2];
  LwCurve                 *curves[2];
  double                   before, between, after;

  /* Fonts and the like are not the history's. */
  histories[0] = make_history (lengths[0]);
  curves[0] = lw_curve_new (histories[0]);
  time_drawing (curves[0], LW_CHART_LOSS, FALSE, lengths[0] / 5);

  before = resident ();
  histories[1] = make_history (lengths[1]);
  between = resident ();
  curves[1] = lw_curve_new (histories[1]);
  after = resident ();

  printf ("%d × %d px, median of %d      10,000 points  1,000,000 points  ratio\n", WIDTH, HEIGHT, n);
  for (int metric = 0; metric < LW_CHART_N_METRICS; metric++)
    for (int log_x = 0; log_x < 2; log_x++)
      {
        g_autofree double *few = g_new (double, (gsize) n);
        g_autofree double *many = g_new (double, (gsize) n);
        double             times[2];

        /* By turns: a machine has better and worse moments. */
        for (int i = 0; i < n; i++)
          {
            few[i] = time_drawing (curves[0], (LwChartMetric) metric, log_x, lengths[0] / 5);
            many[i] = time_drawing (curves[1], (LwChartMetric) metric, log_x, lengths[1] / 5);
          }
        times[0] = median (few, n);
        times[1] = median (many, n);
        printf ("%-14s %-14s %12.2f ms %14.2f ms %6.2f\n",
                names[metric],
                log_x ? "logarithmic x" : "linear x",
                times[0],
                times[1],
                times[1] / times[0]);
      }
  printf ("a million points in the history          %8.1f MB\n", (between - before) / 1e6);
  printf ("what is kept to draw them, besides       %8.1f MB\n", (after - between) / 1e6);

  for (int i = 0; i < 2; i++)
    {
      lw_curve_free (curves[i]);
      lw_history_unref (histories[i]);
    }
  return 0;
}
