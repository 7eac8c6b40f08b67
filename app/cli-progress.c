#include "app/cli-progress.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_INTERVAL (G_USEC_PER_SEC / 20)
#define STANDARD_COLUMNS 80
#define MIN_BAR 8
#define MAX_BAR 30

struct _LwProgress {
  gboolean quiet;
  gboolean is_terminal;
  gboolean is_ascii;
  gboolean is_drawn; /* a bar stands in the terminal's last line */
  gint64   begin, epoch_begin, last_draw;
};

LwProgress *
lw_progress_new (gboolean quiet)
{
  LwProgress *progress = g_new0 (LwProgress, 1);

  progress->quiet = quiet;
  progress->is_terminal
    = !quiet && isatty (STDERR_FILENO) && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
  progress->is_ascii = !g_get_charset (NULL);
  progress->begin = progress->epoch_begin = g_get_monotonic_time ();
  return progress;
}

static void
wipe (LwProgress *progress)
{
  if (progress->is_drawn)
    g_printerr ("\r\033[K");
  progress->is_drawn = FALSE;
}

void
lw_progress_free (LwProgress *progress)
{
  if (progress == NULL)
    return;
  wipe (progress);
  g_free (progress);
}

static int
get_columns (void)
{
  struct winsize size = { 0 };

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return STANDARD_COLUMNS;
}

/* "0:14", "1:02:07" */
static char *
format_time (double seconds)
{
  gint64 n = (gint64) CLAMP (seconds + 0.5, 0.0, 1e9);

  if (n >= 3600)
    return g_strdup_printf ("%" PRId64 ":%02d:%02d", n / 3600, (int) (n / 60 % 60),
                            (int) (n % 60));
  return g_strdup_printf ("%d:%02d", (int) (n / 60), (int) (n % 60));
}

static void
append_bar (GString *text, int width, double share, gboolean ascii)
{
  int filled = (int) (share * width + 0.5);

  for (int i = 0; i < width; i++)
    g_string_append (text, i < filled ? (ascii ? "=" : "━") : (ascii ? "-" : "┄"));
}

char *
lw_progress_format (const LwProgressStatus *status, double seconds_left, int columns,
                    gboolean ascii)
{
  g_autofree char *left = format_time (seconds_left);
  const char      *separator = ascii ? " | " : " · ";
  /* In the order of importance. */
  g_autofree char *epoch = status->n_epochs > 0
                             ? g_strdup_printf (_("Epoch %u/%u"), status->epoch, status->n_epochs)
                             : g_strdup_printf (_("Epoch %u"), status->epoch);
  g_autofree char *loss = g_strdup_printf (_("loss %.4f"), status->loss);
  g_autofree char *time = g_strdup_printf (_("%s left"), left);
  g_autofree char *accuracy = g_strdup_printf (_("accuracy %.4f"), status->accuracy);
  g_autofree char *steps = g_strdup_printf ("%" PRId64, status->steps_per_epoch);
  /* As wide as it will get, so that the bar keeps its length. */
  g_autofree char *step
    = g_strdup_printf ("%*" PRId64 "/%s", (int) strlen (steps), status->step, steps);
  g_autofree char   *speed = g_strdup_printf (_("%.0f images/s"), status->speed);
  const char        *parts[] = { epoch, loss, time, accuracy, step, speed };
  static const guint places[] = { 0, 4, 1, 3, 5, 2 }; /* as they stand in the line */
  gboolean           shown[G_N_ELEMENTS (parts)] = { FALSE };
  g_autoptr (GString) text = g_string_new (NULL);
  glong        room = columns - 1; /* the cursor's column stays free */
  const double share = (double) status->step / (double) MAX (status->steps_per_epoch, 1);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      glong width = g_utf8_strlen (parts[i], -1) + (i > 0 ? 3 : 0);

      if (width > room)
        break;
      shown[i] = TRUE;
      room -= width;
    }
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      if (!shown[places[i]])
        continue;
      if (text->len > 0)
        g_string_append (text, separator);
      g_string_append (text, parts[places[i]]);
      if (i == 0 && room >= MIN_BAR + 1)
        {
          g_string_append_c (text, ' ');
          append_bar (text, (int) MIN (room - 1, MAX_BAR), CLAMP (share, 0.0, 1.0), ascii);
        }
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
lw_progress_update (LwProgress *progress, const LwProgressStatus *status)
{
  gint64           now;
  double           left = 0;
  g_autofree char *line = NULL;

  if (!progress->is_terminal)
    return;
  now = g_get_monotonic_time ();
  if (now - progress->last_draw < REDRAW_INTERVAL)
    return;
  progress->last_draw = now;
  progress->is_drawn = TRUE;
  if (status->n_done > 0)
    left = (double) (now - progress->begin) / G_USEC_PER_SEC / (double) status->n_done
           * (double) (status->n_total - status->n_done);
  line = lw_progress_format (status, left, get_columns (), progress->is_ascii);
  g_printerr ("\r%s\033[K", line);
}

void
lw_progress_end_epoch (LwProgress *progress, const LwProgressStatus *status,
                       const LwEvaluation *validation)
{
  gint64              now = g_get_monotonic_time ();
  double              seconds = (double) (now - progress->epoch_begin) / G_USEC_PER_SEC;
  g_autoptr (GString) line = g_string_new (NULL);

  progress->epoch_begin = now;
  if (progress->quiet)
    return;
  wipe (progress);
  if (status->n_epochs > 0)
    g_string_append_printf (line, _("Epoch %u of %u"), status->epoch, status->n_epochs);
  else
    g_string_append_printf (line, _("Epoch %u"), status->epoch);
  g_string_append_printf (line, _(": loss %.4f, accuracy %.4f"), status->loss, status->accuracy);
  if (validation != NULL)
    g_string_append_printf (line, _(", validation loss %.4f, accuracy %.4f"), validation->loss,
                            validation->accuracy);
  g_string_append_printf (line, _(" (%.1f s, %.0f images/s)"), seconds, status->speed);
  g_printerr ("%s\n", line->str);
}
