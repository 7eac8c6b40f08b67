#include "engine/train/history.h"

#include <string.h>

/* One writer, several readers: everyone sees every point whole, once and in order. */

#define N_POINTS 200000
#define N_READERS 3

static LwHistoryPoint
point_number (gint64 i)
{
  LwHistoryPoint point = {
    .kind = (LwPointKind) (i % 4),
    .epoch = (gint32) (i / 1000) + 1,
    .step = i + 1,
    .loss = (float) i * 0.5f,
    .accuracy = (float) (i % 100) / 100,
    .seconds = (double) i * 0.25,
    .n_images = (gint32) (i % 128),
  };

  g_snprintf (point.note, sizeof point.note, "point %d", (int) i);
  return point;
}

static void
assert_point (const LwHistoryPoint *point, gint64 i)
{
  LwHistoryPoint want = point_number (i);

  g_assert_cmpint (point->kind, ==, want.kind);
  g_assert_cmpint (point->epoch, ==, want.epoch);
  g_assert_cmpint (point->step, ==, want.step);
  g_assert_cmpfloat (point->loss, ==, want.loss);
  g_assert_cmpfloat (point->accuracy, ==, want.accuracy);
  g_assert_cmpfloat (point->seconds, ==, want.seconds);
  g_assert_cmpint (point->n_images, ==, want.n_images);
  g_assert_cmpstr (point->note, ==, want.note);
}

static gpointer
write_points (gpointer data)
{
  for (gint64 i = 0; i < N_POINTS; i++)
    {
      LwHistoryPoint point = point_number (i);

      lw_history_append (data, &point);
    }
  return NULL;
}

/* Reads to the end with a cursor of its own; returns how many runs of points it came in. */
static gpointer
read_points (gpointer data)
{
  LwHistory            *history = data;
  LwHistoryCursor       cursor = { 0 };
  gint64                i = 0;
  guint                 n_runs = 0;
  const LwHistoryPoint *points;
  gsize                 n;

  while (i < N_POINTS)
    {
      points = lw_history_read (history, &cursor, &n);
      if (points == NULL)
        {
          g_assert_cmpuint (n, ==, 0);
          g_thread_yield ();
          continue;
        }
      g_assert_cmpuint (n, >, 0);
      for (gsize k = 0; k < n; k++)
        assert_point (&points[k], i++);
      g_assert_cmpuint (cursor.index, ==, i);
      g_assert_cmpuint (lw_history_length (history), >=, i);
      n_runs++;
    }
  g_assert_null (lw_history_read (history, &cursor, &n));
  return GUINT_TO_POINTER (n_runs);
}

static void
test_concurrent (void)
{
  g_autoptr (LwHistory) history = lw_history_new ();
  GThread              *readers[N_READERS], *writer;

  for (int i = 0; i < N_READERS; i++)
    readers[i] = g_thread_new ("reader", read_points, history);
  writer = g_thread_new ("writer", write_points, history);
  g_thread_join (writer);
  for (int i = 0; i < N_READERS; i++)
    g_assert_cmpuint (GPOINTER_TO_UINT (g_thread_join (readers[i])), >, 0);
  g_assert_cmpuint (lw_history_length (history), ==, N_POINTS);
}

static void
test_empty (void)
{
  g_autoptr (LwHistory) history = lw_history_new ();
  LwHistoryCursor       cursor = { 0 };
  gsize                 n = 7;

  g_assert_cmpuint (lw_history_length (history), ==, 0);
  g_assert_null (lw_history_read (history, &cursor, &n));
  g_assert_cmpuint (n, ==, 0);
}

/* Points stay where they are while the history grows; a cursor goes on where it left off. */
static void
test_places (void)
{
  g_autoptr (LwHistory) history = lw_history_new ();
  g_autoptr (LwHistory) again = lw_history_ref (history);
  LwHistoryCursor       cursor = { 0 }, late = { 0 };
  LwHistoryPoint        point = point_number (0);
  const LwHistoryPoint *first, *points;
  gsize                 n;
  gint64                i = 0;

  g_assert_true (again == history);
  lw_history_append (history, &point);
  first = lw_history_read (history, &cursor, &n);
  g_assert_cmpuint (n, ==, 1);
  for (gint64 k = 1; k < 5000; k++)
    {
      point = point_number (k);
      lw_history_append (history, &point);
      points = lw_history_read (history, &cursor, &n);
      g_assert_cmpuint (n, ==, 1);
      assert_point (points, k);
    }
  assert_point (first, 0);
  g_assert_true (lw_history_read (history, &late, &n) == first);
  late = (LwHistoryCursor) { 0 };
  while ((points = lw_history_read (history, &late, &n)) != NULL)
    for (gsize k = 0; k < n; k++)
      assert_point (&points[k], i++);
  g_assert_cmpint (i, ==, 5000);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/history/empty", test_empty);
  g_test_add_func ("/history/places", test_places);
  g_test_add_func ("/history/concurrent", test_concurrent);
  return g_test_run ();
}
