/* The learning rate as a function of the step: formulas in schedule.h, after Keras 3,
 * optimizers/schedules/learning_rate_schedule.py. The functions below have an error of a few units in
 * the last place of a double; they are here because libm's differ between machines. */

#include "engine/nn/schedule.h"

#include "engine/core/error.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define LN_2_HIGH 6.93147180369123816490e-01 /* its last 21 bits are 0, so small multiples are exact */
#define LN_2_LOW 1.90821492927058770002e-10

/* -- functions of our own -- */

/* log x for x > 0: x = m · 2^e with m near 1, log m = 2 artanh ((m - 1) / (m + 1)). */
static double
get_log (double x)
{
  int    e;
  double m = frexp (x, &e), s, square, sum = 0;

  if (m < G_SQRT2 / 2)
    {
      m *= 2;
      e--;
    }
  s = (m - 1) / (m + 1);
  square = s * s;
  for (int k = 23; k >= 1; k -= 2)
    sum = sum * square + 1.0 / k;
  return e * LN_2_HIGH + (e * LN_2_LOW + 2 * s * sum);
}

/* exp x = 2^k · exp r with |r| <= log (2) / 2, by its series. */
static double
get_exp (double x)
{
  double k = floor (x / G_LN2 + 0.5), r, sum = 1;

  if (k > 1023)
    return INFINITY;
  if (k < -1080)
    return 0;
  r = x - k * LN_2_HIGH - k * LN_2_LOW;
  for (int i = 16; i >= 1; i--)
    sum = 1 + sum * r / i;
  return ldexp (sum, (int) k);
}

/* base^exponent for base, exponent >= 0: the whole part by squaring. */
static double
get_power (double base, double exponent)
{
  double whole = floor (exponent), part = exponent - whole, result = 1;

  if (base <= 0)
    return exponent > 0 ? 0 : 1;
  if (part > 0)
    result = get_exp (part * get_log (base));
  for (; whole >= 1 && result > 0 && result < INFINITY; whole = floor (whole / 2))
    {
      if (fmod (whole, 2) != 0)
        result *= base;
      base *= base;
    }
  return result;
}

/* cos (pi · x) for 0 <= x <= 1, by the series of the cosine or the sine of at most pi / 4. */
static double
get_cos_pi (double x)
{
  const gboolean mirrored = x > 0.5;
  const double   u = mirrored ? 1 - x : x;
  const gboolean by_sine = u > 0.25;
  const double   angle = (by_sine ? 0.5 - u : u) * G_PI, square = angle * angle;
  double         sum = 1;

  for (int i = 20; i >= 2; i -= 2)
    sum = 1 - sum * square / (i * (by_sine ? i + 1 : i - 1));
  if (by_sine)
    sum *= angle;
  return mirrored ? -sum : sum;
}

/* -- schedules -- */

typedef struct {
  const char *class_name; /* as in the field's choices */
  const char *keys[6];
  double (*get_rate) (const LwSpec *optimizer, double step);
} Schedule;

static double
get_exponential (const LwSpec *optimizer, double step)
{
  double exponent = step / (double) lw_spec_get_int (optimizer, "decay_steps");

  if (lw_spec_get_bool (optimizer, "staircase"))
    exponent = floor (exponent);
  return lw_spec_get_float (optimizer, "learning_rate")
         * get_power (lw_spec_get_float (optimizer, "decay_rate"), exponent);
}

static double
get_cosine (const LwSpec *optimizer, double step)
{
  const double decay_steps = (double) lw_spec_get_int (optimizer, "decay_steps");
  const double alpha = lw_spec_get_float (optimizer, "alpha");
  const double target = lw_spec_get_float (optimizer, "warmup_target");
  double       from = lw_spec_get_float (optimizer, "learning_rate");

  if (!isnan (target))
    {
      const double warmup_steps = (double) lw_spec_get_int (optimizer, "warmup_steps");

      if (step < warmup_steps)
        return (target - from) * (step / warmup_steps) + from;
      step -= warmup_steps;
      from = target;
    }
  return from * ((1 - alpha) * (0.5 * (1 + get_cos_pi (MIN (step, decay_steps) / decay_steps))) + alpha);
}

static double
get_piecewise (const LwSpec *optimizer, double step)
{
  const LwFieldList boundaries = lw_spec_get_list (optimizer, "boundaries");
  const LwFieldList values = lw_spec_get_list (optimizer, "values");
  int               i = 0;

  while (i < boundaries.n && step > boundaries.x[i])
    i++;
  return values.x[i];
}

static const Schedule schedules[] = {
  { "ExponentialDecay", { "decay_steps", "decay_rate", "staircase" }, get_exponential },
  { "CosineDecay", { "decay_steps", "alpha", "warmup_target", "warmup_steps" }, get_cosine },
  { "PiecewiseConstantDecay", { "boundaries", "values" }, get_piecewise },
};

static const Schedule *
get_schedule (const LwSpec *optimizer)
{
  const char *name;

  if (lw_spec_class_find (lw_spec_get_class (optimizer), "schedule", NULL) == NULL)
    return NULL;
  name = lw_spec_get_choice (optimizer, "schedule");
  for (guint i = 0; i < G_N_ELEMENTS (schedules); i++)
    if (strcmp (schedules[i].class_name, name) == 0)
      return &schedules[i];
  return NULL;
}

gboolean
lw_schedule_is_used (const LwSpec *optimizer)
{
  return get_schedule (optimizer) != NULL;
}

double
lw_schedule_get_rate (const LwSpec *optimizer, gint64 step)
{
  const Schedule *schedule = get_schedule (optimizer);

  if (schedule == NULL)
    return lw_spec_get_float (optimizer, "learning_rate");
  return schedule->get_rate (optimizer, (double) step);
}

static gboolean
is_piecewise (const LwSpec *optimizer)
{
  const Schedule *schedule = get_schedule (optimizer);

  return schedule != NULL && schedule->get_rate == get_piecewise;
}

double
lw_schedule_get_initial (const LwSpec *optimizer)
{
  if (is_piecewise (optimizer))
    return lw_spec_get_list (optimizer, "values").x[0];
  return lw_spec_get_float (optimizer, "learning_rate");
}

gboolean
lw_schedule_check (const LwSpec *optimizer, GError **error)
{
  LwFieldList boundaries, values;

  if (!is_piecewise (optimizer))
    return TRUE;
  boundaries = lw_spec_get_list (optimizer, "boundaries");
  values = lw_spec_get_list (optimizer, "values");
  if (values.n != boundaries.n + 1)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
                   _("PiecewiseConstantDecay has boundaries: %d, values: %d; it needs one value more than "
                     "boundaries."), boundaries.n, values.n);
      return FALSE;
    }
  for (int i = 1; i < boundaries.n; i++)
    if (!(boundaries.x[i - 1] < boundaries.x[i]))
      {
        g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
                     _("The boundaries of PiecewiseConstantDecay must ascend, but %.15g is followed by "
                       "%.15g; put them in order."), boundaries.x[i - 1], boundaries.x[i]);
        return FALSE;
      }
  return TRUE;
}

static gboolean
has_key (const Schedule *schedule, const char *key)
{
  for (guint i = 0; schedule->keys[i] != NULL; i++)
    if (strcmp (schedule->keys[i], key) == 0)
      return TRUE;
  return FALSE;
}

gboolean
lw_schedule_has_key (const char *key)
{
  for (guint i = 0; i < G_N_ELEMENTS (schedules); i++)
    if (has_key (&schedules[i], key))
      return TRUE;
  return FALSE;
}

gboolean
lw_schedule_uses_key (const LwSpec *optimizer, const char *key)
{
  const Schedule *schedule = get_schedule (optimizer);

  return schedule != NULL && has_key (schedule, key);
}
