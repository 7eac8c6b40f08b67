#include <gio/gio.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "engine/train/history_csv.h"

/* A table that another program reads: what is written is what was measured, to the bit. */

static char *folder;

/* Splits a CSV of RFC 4180 into rows of fields; fails on anything that is none. */
static GPtrArray *
parse (const char *text)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);

  while (*text != '\0')
    {
      GPtrArray *row = g_ptr_array_new_with_free_func (g_free);

      for (;;)
        {
          GString *field = g_string_new (NULL);

          if (*text == '"')
            {
              for (text++; *text != '"' || text[1] == '"'; text++)
                {
                  g_assert_cmpint (*text, !=, '\0');
                  if (*text == '"')
                    text++;
                  g_string_append_c (field, *text);
                }
              text++;
            }
          else
            {
              while (strchr (",\r\n\"", *text) == NULL)
                g_string_append_c (field, *text++);
            }
          g_ptr_array_add (row, g_string_free (field, FALSE));
          if (*text != ',')
            break;
          text++;
        }
      g_assert_cmpint (text[0], ==, '\r');
      g_assert_cmpint (text[1], ==, '\n');
      text += 2;
      g_ptr_array_add (rows, row);
    }
  return rows;
}

static const char *
field (GPtrArray *rows, guint row, guint column)
{
  GPtrArray *fields = g_ptr_array_index (rows, row);

  g_assert_cmpuint (fields->len, ==, 10);
  return g_ptr_array_index (fields, column);
}

static GPtrArray *
write_and_parse (guint n, const char *const *names, LwHistory *const *histories)
{
  g_autofree char   *path = g_build_filename (folder, "table.csv", NULL);
  g_autofree char   *text = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (lw_history_write_csv (path, n, names, histories, &error));
  g_assert_no_error (error);
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_unlink (path);
  return parse (text);
}

static gboolean
same_float (const char *text, float value)
{
  float read = (float) g_ascii_strtod (text, NULL);

  return isnan (value) ? isnan (read) : memcmp (&read, &value, sizeof read) == 0;
}

static void
test_round_trip (void)
{
  static const float  values[] = { 0.1f, 1.0f / 3, 2.3025851f, 1e-38f, 1e-45f,    3e38f,
                                   0,    -0.0f,    1,          INFINITY, -INFINITY, NAN };
  static const double seconds[] = { 0, 0.1, 1.0 / 3, 1e-9, 123456.789012345 };
  g_autoptr (LwHistory) history = lw_history_new ();
  g_autoptr (GPtrArray) rows = NULL;
  const char           *name = "Run 1";
  const guint           n = 5000;

  for (guint i = 0; i < n; i++)
    {
      LwHistoryPoint point = { .kind = LW_POINT_TRAIN,
                               .epoch = 1 + (gint32) i / 469,
                               .step = (gint64) i + 1 + ((gint64) 1 << 40),
                               .loss = values[i % G_N_ELEMENTS (values)] + (i > 100 ? (float) i * 1e-7f : 0),
                               .accuracy = (float) i / (float) n,
                               .seconds = seconds[i % G_N_ELEMENTS (seconds)] * (1 + i),
                               .n_images = 128,
                               .rate = i % 3 ? 0.001f / (float) (i + 1) : NAN };

      lw_history_append (history, &point);
    }
  rows = write_and_parse (1, &name, &history);
  g_assert_cmpuint (rows->len, ==, n + 1);
  g_assert_cmpstr (field (rows, 0, 0), ==, "run");
  g_assert_cmpstr (field (rows, 0, 9), ==, "note");
  for (guint i = 0; i < n; i++)
    {
      float loss = values[i % G_N_ELEMENTS (values)] + (i > 100 ? (float) i * 1e-7f : 0);

      g_assert_cmpstr (field (rows, i + 1, 0), ==, "Run 1");
      g_assert_cmpstr (field (rows, i + 1, 1), ==, "train");
      g_assert_cmpint (g_ascii_strtoll (field (rows, i + 1, 2), NULL, 10),
                       ==,
                       (gint64) i + 1 + ((gint64) 1 << 40));
      g_assert_cmpint (g_ascii_strtoll (field (rows, i + 1, 3), NULL, 10), ==, 1 + (gint32) i / 469);
      g_assert_cmpfloat (g_ascii_strtod (field (rows, i + 1, 4), NULL), ==,
                         seconds[i % G_N_ELEMENTS (seconds)] * (1 + i));
      g_assert_cmpstr (field (rows, i + 1, 5), ==, "128");
      g_assert_true (same_float (field (rows, i + 1, 6), loss));
      g_assert_true (same_float (field (rows, i + 1, 7), (float) i / (float) n));
      if (i % 3)
        g_assert_true (same_float (field (rows, i + 1, 8), 0.001f / (float) (i + 1)));
      else
        g_assert_cmpstr (field (rows, i + 1, 8), ==, "");
    }
}

static void
test_kinds_and_names (void)
{
  static const char *const names[] = { "first, \"best\"", "two\nlines" };
  g_autoptr (LwHistory)    first = lw_history_new ();
  g_autoptr (LwHistory)    second = lw_history_new ();
  LwHistory *const         histories[] = { first, second };
  g_autoptr (GPtrArray)    rows = NULL;
  LwHistoryPoint           point = { .kind = LW_POINT_TRAIN, .epoch = 1, .step = 1, .loss = 0.1f, .accuracy = 0.5f,
                                     .seconds = 1, .n_images = 32, .rate = 0.001f };

  lw_history_append (first, &point);
  point.kind = LW_POINT_SAMPLE;
  lw_history_append (first, &point);
  point.kind = LW_POINT_TEST;
  lw_history_append (first, &point);
  point.kind = LW_POINT_EVENT;
  g_strlcpy (point.note, "rate 0.1, \"now\"", sizeof point.note);
  lw_history_append (second, &point);

  rows = write_and_parse (2, names, histories);
  g_assert_cmpuint (rows->len, ==, 5);
  g_assert_cmpstr (field (rows, 1, 0), ==, names[0]);
  /* No more digits than it takes. */
  g_assert_cmpstr (field (rows, 1, 6), ==, "0.1");
  g_assert_cmpstr (field (rows, 1, 8), ==, "0.001");
  g_assert_cmpstr (field (rows, 2, 1), ==, "sample");
  g_assert_cmpstr (field (rows, 2, 8), ==, "");
  g_assert_cmpstr (field (rows, 3, 1), ==, "test");
  g_assert_cmpstr (field (rows, 4, 0), ==, names[1]);
  g_assert_cmpstr (field (rows, 4, 1), ==, "event");
  g_assert_cmpstr (field (rows, 4, 6), ==, "");
  g_assert_cmpstr (field (rows, 4, 9), ==, "rate 0.1, \"now\"");
}

static void
test_no_place (void)
{
  g_autofree char   *path = g_build_filename (folder, "nowhere", "table.csv", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (lw_history_write_csv (path, 0, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("history-csv-XXXXXX", NULL);
  g_assert_nonnull (folder);

  g_test_add_func ("/history-csv/round-trip", test_round_trip);
  g_test_add_func ("/history-csv/kinds-and-names", test_kinds_and_names);
  g_test_add_func ("/history-csv/no-place", test_no_place);

  status = g_test_run ();
  g_rmdir (folder);
  g_free (folder);
  return status;
}
