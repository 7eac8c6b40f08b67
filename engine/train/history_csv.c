#include "engine/train/history_csv.h"

#include "engine/io/atomic_file.h"

#include <math.h>
#include <string.h>

#define LINE_END "\r\n"
#define HEADER   "run,kind,step,epoch,seconds,images,loss,accuracy,rate,note" LINE_END

static void
append_text (GString *csv, const char *text)
{
  if (strpbrk (text, ",\"\r\n") == NULL)
    {
      g_string_append (csv, text);
      return;
    }
  g_string_append_c (csv, '"');
  for (; *text != '\0'; text++)
    {
      if (*text == '"')
        g_string_append_c (csv, '"');
      g_string_append_c (csv, *text);
    }
  g_string_append_c (csv, '"');
}

/* As few digits as read back as the same number; whatever the locale. */
static void
append_number (GString *csv, double value, gboolean is_float)
{
  static const char *const formats[2][3]
    = { { "%.15g", "%.16g", "%.17g" }, { "%.7g", "%.8g", "%.9g" } };
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (value))
    {
      g_string_append (csv, isnan (value) ? "nan" : value > 0 ? "inf" : "-inf");
      return;
    }
  for (int i = 0; i < 3; i++)
    {
      double read;

      g_ascii_formatd (text, sizeof text, formats[is_float][i], value);
      read = g_ascii_strtod (text, NULL);
      if (is_float ? (float) read == (float) value : read == value)
        break;
    }
  g_string_append (csv, text);
}

static void
append_point (GString *csv, const char *name, const LwHistoryPoint *point)
{
  static const char *const kinds[] = {
    [LW_POINT_TRAIN] = "train",
    [LW_POINT_SAMPLE] = "sample",
    [LW_POINT_TEST] = "test",
    [LW_POINT_EVENT] = "event",
  };

  g_string_append (csv, name);
  g_string_append_printf (csv, ",%s,%" G_GINT64_FORMAT ",%d,", kinds[point->kind], point->step, point->epoch);
  append_number (csv, point->seconds, FALSE);
  if (point->kind == LW_POINT_EVENT)
    {
      g_string_append (csv, ",,,,,");
      append_text (csv, point->note);
    }
  else
    {
      g_string_append_printf (csv, ",%d,", point->n_images);
      append_number (csv, point->loss, TRUE);
      g_string_append_c (csv, ',');
      append_number (csv, point->accuracy, TRUE);
      g_string_append_c (csv, ',');
      if (point->kind == LW_POINT_TRAIN && !isnan (point->rate))
        append_number (csv, point->rate, TRUE);
      g_string_append_c (csv, ',');
    }
  g_string_append (csv, LINE_END);
}

static GString *
history_to_csv (const char *name, LwHistory *history)
{
  g_autoptr (GString) quoted = g_string_new (NULL);
  GString            *csv = g_string_new (NULL);
  gsize               left = lw_history_length (history);
  LwHistoryCursor     cursor = { 0 };

  append_text (quoted, name);
  while (left > 0)
    {
      gsize                 n;
      const LwHistoryPoint *points = lw_history_read (history, &cursor, &n);

      n = MIN (n, left);
      for (gsize i = 0; i < n; i++)
        append_point (csv, quoted->str, &points[i]);
      left -= n;
    }
  return csv;
}

static void
free_string (gpointer string)
{
  g_string_free (string, TRUE);
}

gboolean
lw_history_write_csv (const char *path, guint n, const char *const *names, LwHistory *const *histories,
                      GError **error)
{
  g_autoptr (GPtrArray)    texts = g_ptr_array_new_with_free_func (free_string);
  g_autofree struct iovec *parts = g_new (struct iovec, n + 1);

  parts[0] = (struct iovec) { (char *) HEADER, strlen (HEADER) };
  for (guint i = 0; i < n; i++)
    {
      GString *text = history_to_csv (names[i], histories[i]);

      g_ptr_array_add (texts, text);
      parts[i + 1] = (struct iovec) { text->str, text->len };
    }
  return lw_atomic_file_write (path, parts, n + 1, error);
}
