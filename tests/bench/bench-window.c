/* Measures the window: how soon it is there, how soon the first curve point is, how even its frames
 * are while training takes every core, and what the window costs the training.
 *
 *   bench-window [SECONDS [POINTS]]
 *
 * With POINTS, the run that trains has so many behind it. Needs a display; prints one table. Compare figures of one run only. */

#include "app/application.h"
#include "app/window.h"

#include <adwaita.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Microseconds of one spell of the comparison. */
#define SPELL 700000

/* Of the points that were there before. */
#define SECONDS_A_POINT 0.01

typedef struct {
  LwWindow  *window;
  LwSession *session;
  gint64     n_points;    /* training steps that the run begins with */
  double     seconds;
  gint64     asked_at;    /* Space */
  gint64     first_at;    /* the first point in the history */
  gint64     framed_at;   /* the second half, with sixty frames a second asked for */
  gboolean   seen;        /* the first frame */
  gint64     frame_began;
  GArray    *frames;      /* int: microseconds from the beginning of a frame to that of the next */
  GArray    *paints;      /* int: microseconds from before-paint to after-paint */
  double     cpu_from;    /* this thread's, when training began */
} Bench;

/* Processor time of the calling thread, in seconds. */
static double
thread_seconds (void)
{
  struct rusage usage;

  getrusage (RUSAGE_THREAD, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
         + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Microseconds since this process was started, from the kernel's own record (to 10 ms). */
static gint64
since_start (void)
{
  g_autofree char *stat = NULL;
  struct timespec  now;
  unsigned long long start = 0;
  const char      *field;

  if (!g_file_get_contents ("/proc/self/stat", &stat, NULL, NULL))
    return 0;
  field = strrchr (stat, ')') + 2;
  for (int i = 3; i < 22; i++)
    field = strchr (field, ' ') + 1;
  start = strtoull (field, NULL, 10);
  clock_gettime (CLOCK_BOOTTIME, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000
         - (gint64) (start * (unsigned long long) G_USEC_PER_SEC / (unsigned long long) sysconf (_SC_CLK_TCK));
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return *(const int *) a - *(const int *) b;
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
percentile (GArray *values, double share)
{
  if (values->len == 0)
    return 0;
  g_array_sort (values, compare);
  return g_array_index (values, int, MIN (values->len - 1, (guint) (share * values->len))) / 1000.0;
}

static void
before_paint (GdkFrameClock *clock, Bench *bench)
{
  gint64 now = g_get_monotonic_time ();
  int    interval = (int) (now - bench->frame_began);

  if (bench->framed_at != 0 && bench->frame_began > bench->framed_at)
    g_array_append_val (bench->frames, interval);
  bench->frame_began = now;
}

static void
after_paint (GdkFrameClock *clock, Bench *bench)
{
  int paint = (int) (g_get_monotonic_time () - bench->frame_began);

  if (!bench->seen)
    printf ("first frame after process start      %8.0f ms\n", since_start () / 1000.0);
  bench->seen = TRUE;
  if (bench->framed_at != 0)
    g_array_append_val (bench->paints, paint);
}

static gboolean
every_frame (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static LwHistoryPoint
newest_step (Bench *bench)
{
  LwSessionRun   *run = lw_session_get_run (bench->session);
  LwHistoryCursor cursor = run->cursor;
  LwHistoryPoint  newest = run->last;

  for (;;)
    {
      gsize                 n;
      const LwHistoryPoint *points = lw_history_read (run->history, &cursor, &n);

      if (points == NULL)
        return newest;
      for (gsize i = 0; i < n; i++)
        if (points[i].kind == LW_POINT_TRAIN)
          newest = points[i];
    }
}

/* Training steps in a second of training over the next `usec`, with the main loop at work or,
 * `still`, asleep. */
static double
time_spell (Bench *bench, gint64 usec, gboolean still)
{
  gint64         until = g_get_monotonic_time () + usec;
  LwHistoryPoint before = newest_step (bench), after;

  if (still)
    g_usleep ((gulong) usec);
  else
    while (g_get_monotonic_time () < until)
      g_main_context_iteration (NULL, TRUE);
  after = newest_step (bench);
  return (double) (after.step - before.step) / MAX (after.seconds - before.seconds, 1e-6);
}

/* What the window costs the training: spells of the same run with the window at work and with the
 * window held still, by turns. */
static void
report_cost (Bench *bench)
{
  int      n_spells = (int) (bench->seconds / 2 / (2 * SPELL / 1e6));
  GArray  *costs = g_array_new (FALSE, FALSE, sizeof (double));
  double   alive_rate = 0, still_rate = 0;

  for (int i = 0; i < n_spells; i++)
    {
      double first = time_spell (bench, SPELL, i % 2 == 0);
      double second = time_spell (bench, SPELL, i % 2 == 1);
      double still = i % 2 == 0 ? first : second, alive = i % 2 == 0 ? second : first;
      double cost = 100 * (1 - alive / still);

      g_array_append_val (costs, cost);
      alive_rate += alive / n_spells;
      still_rate += still / n_spells;
    }
  g_array_sort (costs, compare_doubles);
  if (n_spells > 0)
    printf ("the window costs the training        %8.1f %% (median of %d pairs, %.1f to %.1f; means %.1f and %.1f steps/s)\n",
            g_array_index (costs, double, n_spells / 2), n_spells, g_array_index (costs, double, 0),
            g_array_index (costs, double, n_spells - 1), alive_rate, still_rate);
  g_array_unref (costs);
}

/* The first half: how fast it trains, and what the window takes. */
static void
report_training (Bench *bench)
{
  LwSessionRun *run = lw_session_get_run (bench->session);
  double        whole = (double) (g_get_monotonic_time () - bench->asked_at) / G_USEC_PER_SEC;
  double        images;

  lw_session_tick (bench->session);
  images = (double) (run->last.step - bench->n_points) * run->document->settings.batch_size;
  printf ("the window's thread                  %8.1f %% of one core\n",
          100 * (thread_seconds () - bench->cpu_from) / whole);
  printf ("training in the window               %8.0f images/s\n", images / (run->last.seconds - SECONDS_A_POINT * (double) bench->n_points));
  printf ("  of all the time that went by       %8.0f images/s\n", images / whole);
}

/* The second half: the frames of a window that never rests. */
static void
report_frames (Bench *bench)
{
  printf ("frames while training                %8u in %.1f s\n", bench->frames->len, bench->seconds / 2);
  printf ("from frame to frame, median          %8.1f ms\n", percentile (bench->frames, 0.5));
  printf ("from frame to frame, 99th percentile %8.1f ms\n", percentile (bench->frames, 0.99));
  printf ("from frame to frame, longest         %8.1f ms\n", percentile (bench->frames, 1.0));
  printf ("painting, median                     %8.1f ms\n", percentile (bench->paints, 0.5));
  printf ("painting, 99th percentile            %8.1f ms\n", percentile (bench->paints, 0.99));
}

/* A run of the document that has taken so many steps, as far as anybody can tell from its history. */
static void
restore_long_run (LwSession *session, gint64 n_points)
{
  LwDocument            *document = lw_session_get_document (session);
  guint                  per_epoch = lw_run_settings_get_steps_per_epoch (&document->settings, 60000);
  g_autoptr (LwHistory)  history = lw_history_new ();
  g_autoptr (LwState)    initial = lw_state_new_initial (document->model, &document->settings, NULL);
  LwState                counters = *initial;
  g_autoptr (LwState)    state = NULL;
  g_autoptr (LwRun)      run = NULL;

  for (gint64 step = 1; step <= n_points; step++)
    {
      LwHistoryPoint point = {
        .kind = LW_POINT_TRAIN,
        .epoch = (gint32) ((step - 1) / per_epoch + 1),
        .step = step,
        .loss = (float) (2.3 / (1 + 1e-4 * (double) step) + 0.1 * g_random_double ()),
        .accuracy = (float) (0.9 + 0.1 * g_random_double ()),
        .seconds = SECONDS_A_POINT * (double) step,
        .n_images = (gint32) document->settings.batch_size,
        .rate = 0.001f,
      };

      lw_history_append (history, &point);
    }
  counters.step = n_points;
  counters.epoch = (guint) (n_points / per_epoch);
  counters.seconds = SECONDS_A_POINT * (double) n_points;
  state = lw_state_new (&counters);
  run = lw_run_new (document->model, &document->settings, state, history);
  lw_session_restore (session, run, NULL);
}

/* The launch preset, for more epochs than the measurement will see. */
static void
train_for_long (Bench *bench)
{
  LwSession             *session = bench->session;
  LwDocument            *now;
  LwRunSettings          settings;
  g_autoptr (LwDocument) document = NULL;

  if (bench->n_points > 0)
    restore_long_run (session, bench->n_points);
  now = lw_session_get_document (session);
  settings = now->settings;
  settings.epochs = 10000;
  document = lw_document_new (now->model, &settings);
  lw_session_edit (session, document, "epochs");
  lw_session_train (session);
}

static gboolean
look (gpointer data)
{
  Bench        *bench = data;
  LwSessionRun *run;
  gint64        now = g_get_monotonic_time ();
  gint64        half = (gint64) (bench->seconds / 2 * G_USEC_PER_SEC);

  if (lw_session_get_images (bench->session) == NULL)
    return G_SOURCE_CONTINUE;
  if (bench->asked_at == 0)
    {
      bench->asked_at = now;
      bench->cpu_from = thread_seconds ();
      train_for_long (bench);
    }
  run = lw_session_get_run (bench->session);
  if (bench->first_at == 0 && run != NULL && (gint64) lw_history_length (run->history) > bench->n_points + 1)
    {
      bench->first_at = now;
      printf ("first point after Space              %8.0f ms\n", (now - bench->asked_at) / 1000.0);
      /* From here on the bench itself should cost nothing. */
      g_timeout_add (500, look, bench);
      return G_SOURCE_REMOVE;
    }
  if (bench->framed_at == 0 && now - bench->asked_at > half)
    {
      report_training (bench);
      report_cost (bench);
      bench->framed_at = g_get_monotonic_time ();
      gtk_widget_add_tick_callback (GTK_WIDGET (bench->window), every_frame, NULL, NULL);
    }
  if (bench->framed_at == 0 || now - bench->framed_at < half)
    return G_SOURCE_CONTINUE;

  report_frames (bench);
  lw_session_stop (bench->session);
  g_application_quit (g_application_get_default ());
  return G_SOURCE_REMOVE;
}

static void
on_activate (GApplication *application, Bench *bench)
{
  LwWindow      *window = LW_WINDOW (gtk_application_get_active_window (GTK_APPLICATION (application)));
  GdkFrameClock *clock = gdk_surface_get_frame_clock (gtk_native_get_surface (GTK_NATIVE (window)));

  bench->window = window;
  bench->session = lw_window_get_session (window);
  g_signal_connect (clock, "before-paint", G_CALLBACK (before_paint), bench);
  g_signal_connect_after (clock, "after-paint", G_CALLBACK (after_paint), bench);
  g_timeout_add (20, look, bench);
}

/* With what autosave has put there while it was measured. */
static void
remove_folder (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char      *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (g_file_test (child, G_FILE_TEST_IS_DIR))
        remove_folder (child);
      else
        g_unlink (child);
    }
  g_rmdir (path);
}

int
main (int argc, char **argv)
{
  g_autoptr (LwApplication) application = NULL;
  Bench                     bench = { .seconds = argc > 1 ? atof (argv[1]) : 10 };
  g_autofree char          *state_home = g_dir_make_tmp ("bench-window-XXXXXX", NULL);

  bench.frames = g_array_new (FALSE, FALSE, sizeof (int));
  bench.paints = g_array_new (FALSE, FALSE, sizeof (int));
  bench.n_points = argc > 2 ? (gint64) atof (argv[2]) : 0;
  g_setenv ("LAYERWISE_NON_UNIQUE", "1", TRUE);
  /* No work that was left is opened, and none is left. */
  g_setenv ("XDG_STATE_HOME", state_home, TRUE);
  application = lw_application_new ();
  g_signal_connect_after (application, "activate", G_CALLBACK (on_activate), &bench);
  g_application_run (G_APPLICATION (application), 1, argv);
  g_array_unref (bench.frames);
  g_array_unref (bench.paints);
  remove_folder (state_home);
  return 0;
}
