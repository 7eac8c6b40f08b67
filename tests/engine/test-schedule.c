#include "engine/core/error.h"
#include "engine/nn/model_spec.h"
#include "engine/nn/schedule.h"

#include <glib.h>
#include <math.h>
#include <string.h>

/* Learning-rate schedules against libm's functions and against values worked out on paper. */

static LwSpec *
with (LwSpec *spec, const char *key, LwFieldValue value)
{
  GError *error = NULL;
  LwSpec *next = lw_spec_with_value (spec, key, value, &error);

  g_assert_no_error (error);
  lw_spec_unref (spec);
  return next;
}

/* A schedule by its place among the choices: exponential 1, cosine 2, piecewise 3. */
static LwSpec *
spec_new (int schedule, double rate)
{
  LwSpec *spec = lw_spec_new (lw_optimizer_class_find ("Nadam"), NULL);

  spec = with (spec, "schedule", (LwFieldValue) { .choice = schedule });
  return with (spec, "learning_rate", (LwFieldValue) { .x = rate });
}

static void
assert_near (double got, double want)
{
  g_assert_cmpfloat_with_epsilon (got, want, 4e-14 * fabs (want) + 1e-300);
}

static void
test_constant (void)
{
  for (guint i = 0; lw_optimizer_classes ()[i] != NULL; i++)
    {
      g_autoptr (LwSpec) spec = lw_spec_new (lw_optimizer_classes ()[i], NULL);

      g_assert_false (lw_schedule_is_used (spec));
      g_assert_true (lw_schedule_check (spec, NULL));
      g_assert_cmpfloat (lw_schedule_get_rate (spec, 0), ==, lw_spec_get_float (spec, "learning_rate"));
      g_assert_cmpfloat (lw_schedule_get_rate (spec, 123456), ==, lw_spec_get_float (spec, "learning_rate"));
      g_assert_cmpfloat (lw_schedule_get_initial (spec), ==, lw_spec_get_float (spec, "learning_rate"));
      g_assert_false (lw_schedule_uses_key (spec, "decay_steps"));
    }
  g_assert_true (lw_schedule_has_key ("boundaries"));
  g_assert_false (lw_schedule_has_key ("learning_rate"));
}

static void
test_exponential (void)
{
  static const double rates[] = { 0.96, 0.5, 1e-3, 1, 1.01, 0.999999 };
  static const gint64 steps[] = { 0, 1, 2, 6, 7, 8, 13, 14, 99, 700, 1001 };

  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++)
    for (int staircase = 0; staircase < 2; staircase++)
      {
        g_autoptr (LwSpec) spec = spec_new (1, 0.3);

        spec = with (spec, "decay_steps", (LwFieldValue) { .i = 7 });
        spec = with (spec, "decay_rate", (LwFieldValue) { .x = rates[i] });
        spec = with (spec, "staircase", (LwFieldValue) { .b = staircase });
        g_assert_true (lw_schedule_is_used (spec));
        g_assert_true (lw_schedule_uses_key (spec, "staircase"));
        g_assert_false (lw_schedule_uses_key (spec, "alpha"));
        g_assert_cmpfloat (lw_schedule_get_rate (spec, 0), ==, 0.3);
        for (gsize k = 0; k < G_N_ELEMENTS (steps); k++)
          {
            double exponent = (double) steps[k] / 7;

            assert_near (lw_schedule_get_rate (spec, steps[k]),
                         0.3 * pow (rates[i], staircase ? floor (exponent) : exponent));
          }
      }
}

/* No overflow on the way, and nothing but 0 at the end. */
static void
test_exponential_far (void)
{
  g_autoptr (LwSpec) spec = spec_new (1, 1);

  spec = with (spec, "decay_steps", (LwFieldValue) { .i = 1 });
  spec = with (spec, "decay_rate", (LwFieldValue) { .x = 0.9 });
  g_assert_cmpfloat (lw_schedule_get_rate (spec, G_MAXINT64), ==, 0);
  spec = with (spec, "decay_rate", (LwFieldValue) { .x = 0 });
  g_assert_cmpfloat (lw_schedule_get_rate (spec, 0), ==, 1);
  g_assert_cmpfloat (lw_schedule_get_rate (spec, 1), ==, 0);
}

static void
test_cosine (void)
{
  for (gsize a = 0; a < 2; a++)
    {
      const double       alpha = a == 0 ? 0 : 0.2;
      g_autoptr (LwSpec) spec = spec_new (2, 0.7);

      spec = with (spec, "decay_steps", (LwFieldValue) { .i = 1000 });
      spec = with (spec, "alpha", (LwFieldValue) { .x = alpha });
      for (gint64 t = 0; t <= 1000; t += 5)
        g_assert_cmpfloat_with_epsilon (lw_schedule_get_rate (spec, t),
                                        0.7 * ((1 - alpha) * (1 + cos (G_PI * (double) t / 1000)) / 2 + alpha), 5e-16);
      g_assert_cmpfloat (lw_schedule_get_rate (spec, 0), ==, 0.7);
      g_assert_cmpfloat (lw_schedule_get_rate (spec, 500), ==, 0.7 * ((1 - alpha) * 0.5 + alpha));
      g_assert_cmpfloat (lw_schedule_get_rate (spec, 1000), ==, 0.7 * alpha);
      g_assert_cmpfloat (lw_schedule_get_rate (spec, 5000), ==, 0.7 * alpha);
    }
}

static void
test_warm_up (void)
{
  g_autoptr (LwSpec) spec = spec_new (2, 0.1);

  spec = with (spec, "decay_steps", (LwFieldValue) { .i = 8 });
  spec = with (spec, "warmup_target", (LwFieldValue) { .x = 0.5 });
  g_assert_cmpfloat_with_epsilon (lw_schedule_get_rate (spec, 0), 0.5, 1e-16);
  spec = with (spec, "warmup_steps", (LwFieldValue) { .i = 4 });
  g_assert_cmpfloat (lw_schedule_get_rate (spec, 0), ==, 0.1);
  g_assert_cmpfloat_with_epsilon (lw_schedule_get_rate (spec, 1), 0.2, 1e-15);
  g_assert_cmpfloat_with_epsilon (lw_schedule_get_rate (spec, 3), 0.4, 1e-15);
  g_assert_cmpfloat (lw_schedule_get_rate (spec, 4), ==, 0.5);
  g_assert_cmpfloat_with_epsilon (lw_schedule_get_rate (spec, 8), 0.25, 1e-15);
  g_assert_cmpfloat_with_epsilon (lw_schedule_get_rate (spec, 12), 0, 1e-15);
  g_assert_cmpfloat_with_epsilon (lw_schedule_get_rate (spec, 13), 0, 1e-15);
}

/* A boundary still belongs to the value before it. */
static void
test_piecewise (void)
{
  g_autoptr (LwSpec) spec = spec_new (3, 0.123);

  spec = with (spec, "boundaries", (LwFieldValue) { .list = { 2, { 10, 20 } } });
  spec = with (spec, "values", (LwFieldValue) { .list = { 3, { 1, 0.5, 0.25 } } });
  g_assert_true (lw_schedule_check (spec, NULL));
  g_assert_cmpfloat (lw_schedule_get_initial (spec), ==, 1);
  g_assert_cmpfloat (lw_schedule_get_rate (spec, 0), ==, 1);
  g_assert_cmpfloat (lw_schedule_get_rate (spec, 10), ==, 1);
  g_assert_cmpfloat (lw_schedule_get_rate (spec, 11), ==, 0.5);
  g_assert_cmpfloat (lw_schedule_get_rate (spec, 20), ==, 0.5);
  g_assert_cmpfloat (lw_schedule_get_rate (spec, 21), ==, 0.25);
  g_assert_cmpfloat (lw_schedule_get_rate (spec, 1000000), ==, 0.25);
}

static void
test_unfit_lists (void)
{
  g_autoptr (LwSpec) spec = spec_new (3, 0.1);
  g_autoptr (GError) error = NULL;

  g_assert_true (lw_schedule_check (spec, NULL)); /* as it comes */
  spec = with (spec, "values", (LwFieldValue) { .list = { 2, { 1, 0.5 } } });
  g_assert_false (lw_schedule_check (spec, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
  g_assert_nonnull (strstr (error->message, "values: 2"));
  g_clear_error (&error);

  spec = with (spec, "values", (LwFieldValue) { .list = { 3, { 1, 0.5, 0.1 } } });
  spec = with (spec, "boundaries", (LwFieldValue) { .list = { 2, { 20, 20 } } });
  g_assert_false (lw_schedule_check (spec, &error));
  g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
  g_assert_nonnull (strstr (error->message, "20 is followed by 20"));

  /* Another schedule does not mind. */
  spec = with (spec, "schedule", (LwFieldValue) { .choice = 0 });
  g_assert_true (lw_schedule_check (spec, NULL));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/schedule/constant", test_constant);
  g_test_add_func ("/schedule/exponential", test_exponential);
  g_test_add_func ("/schedule/exponential-far", test_exponential_far);
  g_test_add_func ("/schedule/cosine", test_cosine);
  g_test_add_func ("/schedule/warm-up", test_warm_up);
  g_test_add_func ("/schedule/piecewise", test_piecewise);
  g_test_add_func ("/schedule/unfit-lists", test_unfit_lists);
  return g_test_run ();
}
