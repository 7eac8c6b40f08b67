#pragma once

#include "engine/autodiff/variable.h"
#include "engine/nn/spec.h"

/* LwOptimizer: turns gradients into new weights, with Keras 3's formulas (t counts from 1):
 *
 *   SGD   without momentum w -= lr·g; else m = momentum·m - lr·g, w += m, nesterov w += momentum·m - lr·g
 *   Adam  m += (g - m)(1 - beta_1); v += (g² - v)(1 - beta_2);
 *         w -= lr·sqrt (1 - beta_2^t) / (1 - beta_1^t) · m / (sqrt (v) + epsilon);
 *         amsgrad: vhat = max (vhat, v) takes v's place in the denominator
 *
 * Its slots, the iteration count and the learning rate are values to be read and set. */

G_BEGIN_DECLS

typedef struct _LwOptimizer LwOptimizer;

/* For these variables (referenced), in this order; slots are zeros of their shapes. */
LwOptimizer *lw_optimizer_new               (const LwSpec *spec, guint n, LwVariable *const *variables,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void         lw_optimizer_free              (LwOptimizer *optimizer);

/* One step: grads[i] belongs to variable i; NULL ones are skipped. LW_ERROR_VALUE when all are NULL,
 * LW_ERROR_SHAPE when one does not fit. Values that others hold are not overwritten. */
gboolean     lw_optimizer_apply_gradients   (LwOptimizer *optimizer, LwScope *s, guint n,
                                             LwTensor *const *grads, GError **error);

double       lw_optimizer_get_learning_rate (LwOptimizer *optimizer);
void         lw_optimizer_set_learning_rate (LwOptimizer *optimizer, double rate);
gint64       lw_optimizer_get_iterations    (LwOptimizer *optimizer);
void         lw_optimizer_set_iterations    (LwOptimizer *optimizer, gint64 iterations);

/* The slots in Keras' file order behind iteration and learning rate: SGD with momentum m(1) … m(n);
 * Adam m(1), v(1), m(2), …, then with amsgrad vhat(1) … vhat(n). Borrowed. */
guint        lw_optimizer_get_n_slots       (LwOptimizer *optimizer);
LwTensor    *lw_optimizer_get_slot          (LwOptimizer *optimizer, guint i);
/* All of them at once (referenced); LW_ERROR_SHAPE unless number and shapes fit. */
gboolean     lw_optimizer_set_slots         (LwOptimizer *optimizer, guint n, LwTensor *const *slots,
                                             GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwOptimizer, lw_optimizer_free)

G_END_DECLS
