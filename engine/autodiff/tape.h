#pragma once

#include "engine/autodiff/variable.h"

/* LwTape: automatic differentiation in reverse mode, as tf.GradientTape.
 *
 * While it records, each op on a tensor that depends on something watched leaves a node behind.
 * Trainable variables are watched when they are read; constants need lw_tape_watch().
 * lw_tape_gradient() walks the nodes backwards and adds up, for each tensor used more than once, what
 * its uses contribute. A target that is not a scalar is summed. */

G_BEGIN_DECLS

typedef struct _LwTape LwTape;

/* Starts recording on the scope. persistent: gradients may be asked for more than once; otherwise
 * the first call frees the recorded intermediate results as it goes. */
LwTape     *lw_tape_begin           (LwScope *s, gboolean persistent) G_GNUC_WARN_UNUSED_RESULT;
/* Stops recording; gradients may still be asked for. Called by lw_tape_free() if need be. */
void        lw_tape_end             (LwTape *tape);
/* Before its scope ends. */
void        lw_tape_free            (LwTape *tape);

/* Integer tensors have no derivative: they are not watched, and their gradient is NULL. */
void        lw_tape_watch           (LwTape *tape, LwTensor *tensor);

/* Gradients of target with respect to n tensors (or variables): grads[i] is a result of scope s of
 * the source's shape, or NULL where the target does not depend on it. FALSE with LW_ERROR_STATE on
 * a second call for a tape that is not persistent, with LW_ERROR_UNSUPPORTED where an op has no
 * derivative, or with the scope's first error. */
gboolean    lw_tape_gradient        (LwTape *tape, LwScope *s, LwTensor *target, guint n,
                                     LwTensor *const *sources, LwTensor **grads, GError **error);
gboolean    lw_tape_gradient_of_variables (LwTape *tape, LwScope *s, LwTensor *target, guint n,
                                     LwVariable *const *variables, LwTensor **grads, GError **error);

/* What was recorded, in order; borrowed. */
guint         lw_tape_get_n_nodes   (const LwTape *tape);
const LwNode *lw_tape_get_node      (const LwTape *tape, guint i);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwTape, lw_tape_free)

G_END_DECLS
