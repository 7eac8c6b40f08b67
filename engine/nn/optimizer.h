#pragma once

#include "engine/autodiff/variable.h"
#include "engine/nn/spec.h"

/* LwOptimizer: turns gradients into new weights, with Keras 3's formulas. With g the gradient of the
 * weight w, lr the step's learning rate and t the step's number, from 1:
 *
 *   SGD      without momentum w -= lr·g; else m = momentum·m - lr·g, w += m,
 *            nesterov w += momentum·m - lr·g
 *   Adam     m += (g - m)(1 - beta_1); v += (g² - v)(1 - beta_2);
 *            w -= lr·sqrt (1 - beta_2^t) / (1 - beta_1^t) · m / (sqrt (v) + epsilon);
 *            amsgrad: vhat = max (vhat, v) takes v's place in the denominator
 *   AdamW    Adam, with a weight_decay of 0.004 unless told otherwise
 *   Nadam    m and v as Adam; u(t) = beta_1 (1 - 0.96^t / 2), U = u(1) … u(t), u' = u(t + 1);
 *            w -= lr·(u' m / (1 - U u') + (1 - u(t)) g / (1 - U)) / (sqrt (v / (1 - beta_2^t)) + epsilon)
 *   RMSprop  v = rho·v + (1 - rho)·g²; centered: a = rho·a + (1 - rho)·g, and v - a² (not below 0, which
 *            only rounding could make it) takes v's place; step = lr·g / sqrt (v + epsilon);
 *            w -= step, or with momentum b = momentum·b + step, w -= b
 *   Adagrad  sum += g² (from initial_accumulator_value on); w -= lr·g / sqrt (sum + epsilon)
 *
 * Before that, in this order, for every kind:
 *   clipping  clipvalue: each g into ±clipvalue. clipnorm: where the L2 norm of a variable's gradient is
 *             greater, the gradient is scaled down to it. global_clipnorm: the same for the norm over all
 *             variables, which scales all alike (an infinite norm makes every gradient NaN). Only one of
 *             the three may be set; None and 0 are off. Norms are summed in double.
 *   decay     weight_decay: w -= lr·weight_decay·w, for each variable that has a gradient
 * and behind it:
 *   use_ema   average = ema_momentum·average + (1 - ema_momentum)·w (at the first step: = w); at every
 *             ema_overwrite_frequency-th step w = average
 *
 * Values are rounded to the variables' dtype where they are stored; what concerns a whole step (rates,
 * bias corrections, factors) is computed in double. The result is the same for any number of threads.
 *
 * Its slots, the iteration count (and where it began) and the learning rate are values to be read and set: with
 * them an optimizer made anew for the same spec takes the same steps, bit for bit. */

G_BEGIN_DECLS

typedef struct _LwOptimizer LwOptimizer;

/* For these variables (referenced), in this order; slots are zeros of their shapes, or as the kind has
 * it. LW_ERROR_VALUE for settings that do not go together (lw_optimizer_spec_check()). */
LwOptimizer *lw_optimizer_new               (const LwSpec *spec, guint n, LwVariable *const *variables,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void         lw_optimizer_free              (LwOptimizer *optimizer);

/* One step: grads[i] belongs to variable i; NULL ones are skipped. LW_ERROR_VALUE when all are NULL,
 * LW_ERROR_SHAPE when one does not fit. Values that others hold are not overwritten. */
gboolean     lw_optimizer_apply_gradients   (LwOptimizer *optimizer, LwScope *s, guint n,
                                             LwTensor *const *grads, GError **error);

/* The rate as it was set; at first lw_schedule_get_initial(). With a schedule in the spec the steps
 * follow the schedule as long as that is the rate: setting another makes the rate constant from then on,
 * setting the initial one (or the spec's learning_rate) takes up the schedule where the iterations
 * then are. So spec, rate and iterations are all that decides a step's rate. */
double       lw_optimizer_get_learning_rate (LwOptimizer *optimizer);
void         lw_optimizer_set_learning_rate (LwOptimizer *optimizer, double rate);
/* The rate that the next step will use. */
double       lw_optimizer_get_current_rate  (LwOptimizer *optimizer);
gint64       lw_optimizer_get_iterations    (LwOptimizer *optimizer);
void         lw_optimizer_set_iterations    (LwOptimizer *optimizer, gint64 iterations);
/* The iterations at which the slots began, where another optimizer had taken them before; 0 at first. Bias
 * corrections (t above) and use_ema's first average count from there, and a schedule goes by all iterations. */
gint64       lw_optimizer_get_begin         (LwOptimizer *optimizer);
void         lw_optimizer_set_begin         (LwOptimizer *optimizer, gint64 iterations);

/* The slots in Keras' file order behind iteration and learning rate. With use_ema the averages
 * (1) … (n) come first. Then SGD with momentum m(1) … m(n); Adam and AdamW m(1), v(1), m(2), …, with
 * amsgrad then vhat(1) … vhat(n); Nadam m(1), v(1), m(2), … and last, a scalar, U; RMSprop v(1) … v(n),
 * with momentum b(1) … b(n), centered a(1) … a(n); Adagrad sum(1) … sum(n). Borrowed. */
guint        lw_optimizer_get_n_slots       (LwOptimizer *optimizer);
LwTensor    *lw_optimizer_get_slot          (LwOptimizer *optimizer, guint i);
/* All of them at once (referenced); LW_ERROR_SHAPE unless number and shapes fit. */
gboolean     lw_optimizer_set_slots         (LwOptimizer *optimizer, guint n, LwTensor *const *slots,
                                             GError **error);

/* Puts the averages in the variables' place, as Keras does at the end of fit() (a run of Layerwise may
 * always go on, so its trainer does not). Without use_ema, or before the first step, nothing happens. */
gboolean     lw_optimizer_finalize_variable_values (LwOptimizer *optimizer, GError **error);

/* About a spec alone: whether its settings go together; how many slots it has for n variables; and
 * which variable's shape slot i has (-1: a scalar). */
gboolean     lw_optimizer_spec_check        (const LwSpec *spec, GError **error);
guint        lw_optimizer_spec_count_slots  (const LwSpec *spec, guint n);
int          lw_optimizer_spec_get_slot     (const LwSpec *spec, guint n, guint i);
/* What slot i is, in Keras' words: "average" (use_ema's), "m", "v", "vhat", "momentum", "velocity",
 * "average_gradient", "accumulator", "u_product". */
const char  *lw_optimizer_spec_get_slot_name (const LwSpec *spec, guint n, guint i);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwOptimizer, lw_optimizer_free)

G_END_DECLS
