#pragma once

#include "engine/nn/spec.h"

/* Learning-rate schedules: the rate of each step, as an optimizer's spec asks for it in its field
 * "schedule" (Keras 3, optimizers/schedules/learning_rate_schedule.py). With r the field
 * "learning_rate" and t the number of steps taken before this one, so 0 at the first:
 *
 *   constant                r
 *   ExponentialDecay        r · decay_rate^(t / decay_steps); staircase: the exponent is cut to a whole
 *                           number
 *   CosineDecay             r · ((1 - alpha) · (1 + cos (pi · min (t, decay_steps) / decay_steps)) / 2
 *                           + alpha). With a warmup_target the rate first goes in a straight line from r
 *                           to it, in warmup_steps steps, and decays from there in decay_steps more
 *   PiecewiseConstantDecay  values[0] while t <= boundaries[0], values[i] while t <= boundaries[i], the
 *                           last value behind the last boundary; r plays no part
 *
 * Rates are computed in double by the four operations alone (a power is exp (p · log x) by series of our
 * own), so that they have the same bits on every machine; Keras computes them in float32. */

G_BEGIN_DECLS

/* Whether the spec's schedule is another than "constant". Specs of classes without the field: FALSE. */
gboolean lw_schedule_is_used      (const LwSpec *optimizer);

/* The rate of the step behind `step` others; learning_rate where no schedule is used. The spec is one
 * that lw_schedule_check() passed. */
double   lw_schedule_get_rate     (const LwSpec *optimizer, gint64 step);

/* What the schedule starts from: learning_rate, or the first of PiecewiseConstantDecay's values. */
double   lw_schedule_get_initial  (const LwSpec *optimizer);

/* LW_ERROR_VALUE unless the fields fit together: PiecewiseConstantDecay needs one value more than
 * boundaries, and these in ascending order. */
gboolean lw_schedule_check        (const LwSpec *optimizer, GError **error);

/* Whether a field belongs to a schedule at all, and to the one that is chosen. */
gboolean lw_schedule_has_key      (const char *key);
gboolean lw_schedule_uses_key     (const LwSpec *optimizer, const char *key);

G_END_DECLS
