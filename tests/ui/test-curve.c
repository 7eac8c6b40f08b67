#include <math.h>

#include "ui/charts/curve.h"
#include "ui/charts/pyramid.h"

/* A curve against the plainest possible computation of the same thing. */

static void
append (LwHistory *history, int epoch, gint64 step, float loss, float accuracy)
{
  LwHistoryPoint point = { .kind = LW_POINT_TRAIN,
                           .epoch = epoch,
                           .step = step,
                           .loss = loss,
                           .accuracy = accuracy,
                           .seconds = 0.01 * (double) step,
                           .n_images = 128 };

  lw_history_append (history, &point);
}

static void
append_mark (LwHistory *history, LwPointKind kind, int epoch, gint64 step, const char *note)
{
  LwHistoryPoint point = { .kind = kind,
                           .epoch = epoch,
                           .step = step,
                           .loss = 0.5f,
                           .accuracy = 0.9f,
                           .seconds = 0.01 * (double) step,
                           .n_images = 1000 };

  g_strlcpy (point.note, note, sizeof point.note);
  lw_history_append (history, &point);
}

static gboolean
brute_range (const float *values, gsize first, gsize end, LwPyramidNode *node)
{
  *node = (LwPyramidNode) { INFINITY, -INFINITY, 0, 0 };
  for (gsize i = first; i < end; i++)
    if (isfinite (values[i]))
      {
        node->min = MIN (node->min, values[i]);
        node->max = MAX (node->max, values[i]);
        node->sum += values[i];
        node->count++;
      }
  return node->count > 0;
}

static void
assert_same_range (const LwPyramid *pyramid, const float *values, gsize first, gsize end)
{
  LwPyramidNode expected, found;
  gboolean      any = brute_range (values, first, end, &expected);

  g_assert_cmpint (lw_pyramid_range (pyramid, first, end, &found, NULL), ==, any);
  g_assert_cmpint (found.count, ==, expected.count);
  if (!any)
    return;
  g_assert_cmpfloat (found.min, ==, expected.min);
  g_assert_cmpfloat (found.max, ==, expected.max);
  g_assert_cmpfloat_with_epsilon (found.sum, expected.sum, 1e-6 * (double) expected.count);
}

static void
test_pyramid_equals_brute_force (void)
{
  enum { N = 1500 };
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  float             values[N];
  LwPyramid         pyramid;

  lw_pyramid_init (&pyramid);
  for (int i = 0; i < N; i++)
    {
      values[i] = i % 11 == 3 ? NAN : i % 17 == 5 ? INFINITY : (float) g_rand_double (random);
      if (i > 700 && i < 800)
        values[i] = NAN;
      lw_pyramid_append (&pyramid, values[i]);

      /* While it grows, too: the last node of each level is half full then. */
      if (i < 80)
        for (int first = 0; first <= i + 1; first++)
          for (int end = first; end <= i + 1; end++)
            assert_same_range (&pyramid, values, (gsize) first, (gsize) end);
    }
  g_assert_cmpuint (lw_pyramid_length (&pyramid), ==, N);
  for (int i = 0; i < 4000; i++)
    {
      gsize first = (gsize) g_rand_int_range (random, 0, N);
      gsize end = (gsize) g_rand_int_range (random, (int) first, N + 1);

      assert_same_range (&pyramid, values, first, end);
    }
  assert_same_range (&pyramid, values, 701, 800);

  for (gsize length = N - 1; length > 0; length = length * 2 / 3)
    {
      lw_pyramid_truncate (&pyramid, length);
      g_assert_cmpuint (lw_pyramid_length (&pyramid), ==, length);
      assert_same_range (&pyramid, values, 0, length);
      lw_pyramid_append (&pyramid, values[length]);
      assert_same_range (&pyramid, values, 0, length + 1);
      lw_pyramid_truncate (&pyramid, length);
    }
  lw_pyramid_clear (&pyramid);
}

static void
test_pyramid_work (void)
{
  LwPyramid     pyramid;
  LwPyramidNode node;
  guint64       work = 0;

  lw_pyramid_init (&pyramid);
  for (int i = 0; i < 1000000; i++)
    lw_pyramid_append (&pyramid, (float) i);
  g_assert_true (lw_pyramid_range (&pyramid, 1, 999999, &node, &work));
  g_assert_cmpfloat (node.min, ==, 1);
  g_assert_cmpfloat (node.max, ==, 999998);
  /* Three at either end of each of ten levels at most. */
  g_assert_cmpuint (work, <=, 60);
  g_assert_false (lw_pyramid_range (&pyramid, 5, 5, &node, NULL));
  lw_pyramid_clear (&pyramid);
}

static void
test_smoothing_is_bias_corrected (void)
{
  g_autoptr (LwHistory) history = lw_history_new ();
  g_autoptr (LwCurve)   curve = NULL;

  append (history, 1, 1, 2, 0);
  append (history, 1, 2, 4, 0);
  append (history, 1, 3, 1, 0);
  curve = lw_curve_new (history);
  lw_curve_set_smoothing (curve, 0.5);
  /* Weights 1; 1 2; 1 2 4 from the oldest on, whatever the start value. */
  g_assert_cmpfloat_with_epsilon (lw_curve_get_smoothed (curve, LW_CHART_LOSS, 0), 2, 1e-6);
  g_assert_cmpfloat_with_epsilon (lw_curve_get_smoothed (curve, LW_CHART_LOSS, 1), 10.0 / 3, 1e-6);
  g_assert_cmpfloat_with_epsilon (lw_curve_get_smoothed (curve, LW_CHART_LOSS, 2), 14.0 / 7, 1e-6);

  lw_curve_set_smoothing (curve, 0.9);
  g_assert_cmpfloat_with_epsilon (lw_curve_get_smoothed (curve, LW_CHART_LOSS, 0), 2, 1e-6);
  g_assert_cmpfloat_with_epsilon (lw_curve_get_smoothed (curve, LW_CHART_LOSS, 2),
                                  (0.81 * 2 + 0.9 * 4 + 1) / (0.81 + 0.9 + 1),
                                  1e-6);

  lw_curve_set_smoothing (curve, 0);
  for (gsize i = 0; i < 3; i++)
    g_assert_cmpfloat (lw_curve_get_smoothed (curve, LW_CHART_LOSS, i),
                       ==,
                       lw_curve_get_value (curve, LW_CHART_LOSS, i));

  /* Never 1, where nothing new would count. */
  lw_curve_set_smoothing (curve, 1);
  g_assert_cmpfloat_with_epsilon (lw_curve_get_smoothed (curve, LW_CHART_LOSS, 2),
                                  (0.9801 * 2 + 0.99 * 4 + 1) / (0.9801 + 0.99 + 1),
                                  1e-5);
}

static void
test_gaps (void)
{
  g_autoptr (LwHistory) history = lw_history_new ();
  g_autoptr (LwCurve)   curve = NULL;
  LwCurveRange          range;
  gsize                 last;

  append (history, 1, 1, 2, 0.5f);
  append (history, 1, 2, NAN, 0.5f);
  append (history, 1, 3, INFINITY, 0.5f);
  append (history, 1, 4, 4, 0.5f);
  append (history, 1, 5, NAN, NAN);
  curve = lw_curve_new (history);
  lw_curve_set_smoothing (curve, 0.5);

  g_assert_true (isnan (lw_curve_get_smoothed (curve, LW_CHART_LOSS, 1)));
  g_assert_true (isnan (lw_curve_get_smoothed (curve, LW_CHART_LOSS, 2)));
  /* As if the gap had not been: weights 1 and 2. */
  g_assert_cmpfloat_with_epsilon (lw_curve_get_smoothed (curve, LW_CHART_LOSS, 3), 10.0 / 3, 1e-6);
  g_assert_true (lw_curve_get_range (curve, LW_CHART_LOSS, FALSE, 0, 5, &range, NULL));
  g_assert_cmpfloat (range.min, ==, 2);
  g_assert_cmpfloat (range.max, ==, 4);
  g_assert_cmpfloat (range.mean, ==, 3);
  g_assert_false (lw_curve_get_range (curve, LW_CHART_LOSS, FALSE, 1, 3, &range, NULL));
  g_assert_true (lw_curve_get_last (curve, LW_CHART_LOSS, &last));
  g_assert_cmpuint (last, ==, 3);
}

static void
test_reads_increments (void)
{
  g_autoptr (LwHistory) history = lw_history_new ();
  g_autoptr (LwCurve)   curve = lw_curve_new (history);
  g_autoptr (LwCurve)   whole = NULL;

  g_assert_false (lw_curve_update (curve));
  g_assert_cmpuint (lw_curve_get_length (curve), ==, 0);
  for (int step = 1; step <= 3000; step++)
    {
      append (history, 1 + (step - 1) / 1000, step, 1.0f / (float) step, 0.5f);
      if (step % 7 == 0)
        {
          g_assert_true (lw_curve_update (curve));
          g_assert_cmpuint (lw_curve_get_length (curve), ==, step);
        }
    }
  g_assert_true (lw_curve_update (curve));
  g_assert_false (lw_curve_update (curve));

  whole = lw_curve_new (history);
  g_assert_cmpuint (lw_curve_get_length (curve), ==, 3000);
  g_assert_cmpuint (lw_curve_get_length (whole), ==, 3000);
  for (gsize i = 0; i < 3000; i++)
    {
      g_assert_cmpint (lw_curve_get_step (curve, i), ==, (gint64) i + 1);
      g_assert_cmpfloat (lw_curve_get_smoothed (curve, LW_CHART_LOSS, i),
                         ==,
                         lw_curve_get_smoothed (whole, LW_CHART_LOSS, i));
    }
}

static void
test_x_units (void)
{
  g_autoptr (LwHistory) history = lw_history_new ();
  g_autoptr (LwCurve)   curve = NULL;
  gsize                 index;

  for (int step = 1; step <= 250; step++)
    append (history, 1 + (step - 1) / 100, step, 1, 0.5f);
  curve = lw_curve_new (history);

  g_assert_cmpfloat (lw_curve_get_x (curve, 0, LW_CHART_X_STEP), ==, 1);
  g_assert_cmpfloat_with_epsilon (lw_curve_get_x (curve, 49, LW_CHART_X_SECONDS), 0.5, 1e-9);
  g_assert_cmpfloat_with_epsilon (lw_curve_get_x (curve, 49, LW_CHART_X_EPOCH), 0.5, 1e-9);
  g_assert_cmpfloat_with_epsilon (lw_curve_get_x (curve, 99, LW_CHART_X_EPOCH), 1, 1e-9);
  /* The epoch under way is taken to be as long as the one before it … */
  g_assert_cmpfloat_with_epsilon (lw_curve_get_x (curve, 249, LW_CHART_X_EPOCH), 2.5, 1e-9);
  /* … unless the plan says otherwise. */
  lw_curve_set_plan (curve, 200, 128);
  g_assert_cmpfloat_with_epsilon (lw_curve_get_x (curve, 249, LW_CHART_X_EPOCH), 2.25, 1e-9);

  for (int unit = LW_CHART_X_STEP; unit <= LW_CHART_X_SECONDS; unit++)
    for (gsize i = 0; i < 250; i++)
      {
        double x = lw_curve_get_x (curve, i, unit);

        if (i > 0)
          g_assert_cmpfloat (x, >, lw_curve_get_x (curve, i - 1, unit));
        g_assert_cmpuint (lw_curve_find (curve, unit, x, 0, NULL), ==, i);
        g_assert_cmpuint (lw_curve_find (curve, unit, x, i / 2, NULL), ==, i);
        g_assert_cmpuint (lw_curve_find (curve, unit, x + 1e-6, 0, NULL), ==, i + 1);
      }
  g_assert_true (lw_curve_find_nearest (curve, LW_CHART_X_STEP, 17.4, &index));
  g_assert_cmpuint (index, ==, 16);
  g_assert_false (lw_curve_find_nearest (curve, LW_CHART_X_STEP, 300, &index));
  g_assert_false (lw_curve_find_nearest (curve, LW_CHART_X_STEP, NAN, &index));
}

/* A run that was forked amid its second epoch still has its steps where they belong. */
static void
test_begins_amid_an_epoch (void)
{
  g_autoptr (LwHistory) history = lw_history_new ();
  g_autoptr (LwCurve)   curve = NULL;

  for (int step = 151; step <= 180; step++)
    append (history, 2, step, 1, 0.5f);
  curve = lw_curve_new (history);
  lw_curve_set_plan (curve, 100, 128);
  g_assert_cmpfloat_with_epsilon (lw_curve_get_x (curve, 0, LW_CHART_X_EPOCH), 1.51, 1e-9);
  g_assert_cmpfloat_with_epsilon (lw_curve_get_x (curve, 29, LW_CHART_X_EPOCH), 1.8, 1e-9);
}

static void
append_step (LwHistory *history, int epoch, gint64 step, int n_images, float rate)
{
  LwHistoryPoint point = { .kind = LW_POINT_TRAIN,
                           .epoch = epoch,
                           .step = step,
                           .loss = 1,
                           .accuracy = 0.5f,
                           .seconds = 0.01 * (double) step,
                           .n_images = n_images,
                           .rate = rate };

  lw_history_append (history, &point);
}

/* Ten batches of 100 images an epoch, but in the second one batch was taken image by image: its bounds are
 * those of what was run, and the plan tells of the rest only. */
static void
test_uneven_steps (void)
{
  g_autoptr (LwHistory) history = lw_history_new ();
  g_autoptr (LwCurve)   curve = NULL;
  gint64                step = 0;
  int                   number;
  double                begin, end;

  for (int i = 0; i < 10; i++)
    append_step (history, 1, ++step, 100, 0.1f);
  for (int i = 0; i < 100; i++)
    append_step (history, 2, ++step, 1, 0.1f);
  for (int i = 0; i < 9; i++)
    append_step (history, 2, ++step, 100, 0.1f);
  for (int i = 0; i < 5; i++)
    append_step (history, 3, ++step, 100, 0.1f);
  curve = lw_curve_new (history);
  lw_curve_set_plan (curve, 10, 100);

  lw_curve_get_epoch (curve, 1, LW_CHART_X_STEP, &number, &begin, &end);
  g_assert_cmpint (number, ==, 2);
  g_assert_cmpfloat (begin, ==, 10);
  g_assert_cmpfloat (end, ==, 119);
  lw_curve_get_epoch (curve, 2, LW_CHART_X_STEP, &number, &begin, &end);
  g_assert_cmpfloat (begin, ==, 119);
  g_assert_cmpfloat (end, ==, 129);

  /* By epochs a step of one image is a hundredth as far as one of 100. */
  g_assert_cmpfloat_with_epsilon (lw_curve_get_x (curve, 9, LW_CHART_X_EPOCH), 1, 1e-9);
  g_assert_cmpfloat_with_epsilon (lw_curve_get_x (curve, 59, LW_CHART_X_EPOCH), 1.05, 1e-9);
  g_assert_cmpfloat_with_epsilon (lw_curve_get_x (curve, 109, LW_CHART_X_EPOCH), 1.1, 1e-9);
  g_assert_cmpfloat_with_epsilon (lw_curve_get_x (curve, 118, LW_CHART_X_EPOCH), 2, 1e-9);
  g_assert_cmpfloat_with_epsilon (lw_curve_get_x (curve, 123, LW_CHART_X_EPOCH), 2.5, 1e-9);
  for (gsize i = 1; i < lw_curve_get_length (curve); i++)
    g_assert_cmpfloat (lw_curve_get_x (curve, i, LW_CHART_X_EPOCH), >,
                       lw_curve_get_x (curve, i - 1, LW_CHART_X_EPOCH));
}

/* Rates are what they were: never smoothed, unknown ones are gaps. */
static void
test_rates (void)
{
  g_autoptr (LwHistory) history = lw_history_new ();
  g_autoptr (LwCurve)   curve = NULL;
  LwCurveRange          range;

  for (int step = 1; step <= 10; step++)
    append_step (history, 1, step, 100, step == 3 ? NAN : step <= 5 ? 0.01f : 0.001f);
  curve = lw_curve_new (history);
  lw_curve_set_smoothing (curve, 0.99);
  g_assert_cmpfloat (lw_curve_get_smoothed (curve, LW_CHART_RATE, 4), ==, 0.01f);
  g_assert_cmpfloat (lw_curve_get_smoothed (curve, LW_CHART_RATE, 5), ==, 0.001f);
  g_assert_true (isnan (lw_curve_get_smoothed (curve, LW_CHART_RATE, 2)));
  g_assert_true (lw_curve_get_range (curve, LW_CHART_RATE, TRUE, 0, 10, &range, NULL));
  g_assert_cmpfloat (range.min, ==, 0.001f);
  g_assert_cmpfloat (range.max, ==, 0.01f);
}

static void
append_test (LwHistory *history, gint64 step, float loss, float accuracy)
{
  LwHistoryPoint point = { .kind = LW_POINT_TEST, .epoch = (gint32) step / 10, .step = step, .loss = loss,
                           .accuracy = accuracy, .n_images = 10000 };

  lw_history_append (history, &point);
}

static void
test_best (void)
{
  static const float    losses[] = { NAN, 0.5f, 0.2f, 0.3f, 0.2f };
  g_autoptr (LwHistory) history = lw_history_new ();
  g_autoptr (LwCurve)   curve = lw_curve_new (history);

  g_assert_null (lw_curve_get_best (curve));
  for (int epoch = 1; epoch <= 5; epoch++)
    {
      for (int i = 1; i <= 10; i++)
        append (history, epoch, 10 * (epoch - 1) + i, 1, 0.5f);
      /* The most accurate one is another. */
      append_test (history, 10 * epoch, losses[epoch - 1], epoch == 4 ? 0.99f : 0.9f);
      lw_curve_update (curve);
      if (epoch == 1)
        g_assert_null (lw_curve_get_best (curve));
      else
        g_assert_cmpint (lw_curve_get_best (curve)->step, ==, epoch == 2 ? 20 : 30);
    }

  /* The run went back to before its best: it was not. */
  append (history, 3, 25, 1, 0.5f);
  lw_curve_update (curve);
  g_assert_cmpint (lw_curve_get_best (curve)->step, ==, 20);
  append (history, 2, 12, 1, 0.5f);
  lw_curve_update (curve);
  g_assert_null (lw_curve_get_best (curve));
}

static void
test_marks_and_going_back (void)
{
  g_autoptr (LwHistory) history = lw_history_new ();
  g_autoptr (LwCurve)   curve = NULL;
  g_autoptr (LwHistory) straight_history = lw_history_new ();
  g_autoptr (LwCurve)   straight = NULL;
  const LwCurveMark    *marks;
  gsize                 n_marks;

  for (int step = 1; step <= 30; step++)
    {
      append (history, 1 + (step - 1) / 10, step, (float) step, 0.5f);
      if (step % 10 == 0)
        append_mark (history, LW_POINT_TEST, step / 10, step, "");
    }
  append_mark (history, LW_POINT_EVENT, 2, 15, "resumed");
  for (int step = 16; step <= 18; step++)
    append (history, 2, step, 100, 0.5f);
  curve = lw_curve_new (history);

  for (int step = 1; step <= 18; step++)
    append (straight_history, 1 + (step - 1) / 10, step, step > 15 ? 100 : (float) step, 0.5f);
  straight = lw_curve_new (straight_history);

  g_assert_cmpuint (lw_curve_get_length (curve), ==, 18);
  g_assert_cmpuint (lw_curve_get_n_epochs (curve), ==, 2);
  for (gsize i = 0; i < 18; i++)
    {
      g_assert_cmpint (lw_curve_get_step (curve, i), ==, (gint64) i + 1);
      g_assert_cmpfloat (lw_curve_get_smoothed (curve, LW_CHART_LOSS, i),
                         ==,
                         lw_curve_get_smoothed (straight, LW_CHART_LOSS, i));
    }
  marks = lw_curve_get_marks (curve, LW_POINT_TEST, &n_marks);
  g_assert_cmpuint (n_marks, ==, 1);
  g_assert_cmpint (marks[0].step, ==, 10);
  g_assert_cmpfloat (lw_curve_get_mark_x (curve, &marks[0], LW_CHART_X_EPOCH), ==, 1);
  marks = lw_curve_get_marks (curve, LW_POINT_EVENT, &n_marks);
  g_assert_cmpuint (n_marks, ==, 1);
  g_assert_cmpstr (marks[0].note, ==, "resumed");
  g_assert_cmpuint (lw_curve_find_mark (curve, LW_POINT_EVENT, LW_CHART_X_STEP, 15, 0), ==, 0);
  g_assert_cmpuint (lw_curve_find_mark (curve, LW_POINT_EVENT, LW_CHART_X_STEP, 16, 0), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/curve/pyramid/brute-force", test_pyramid_equals_brute_force);
  g_test_add_func ("/curve/pyramid/work", test_pyramid_work);
  g_test_add_func ("/curve/smoothing", test_smoothing_is_bias_corrected);
  g_test_add_func ("/curve/gaps", test_gaps);
  g_test_add_func ("/curve/increments", test_reads_increments);
  g_test_add_func ("/curve/x-units", test_x_units);
  g_test_add_func ("/curve/amid-an-epoch", test_begins_amid_an_epoch);
  g_test_add_func ("/curve/uneven-steps", test_uneven_steps);
  g_test_add_func ("/curve/rates", test_rates);
  g_test_add_func ("/curve/best", test_best);
  g_test_add_func ("/curve/going-back", test_marks_and_going_back);

  return g_test_run ();
}
