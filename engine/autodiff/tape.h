#pragma once

#include "engine/autodiff/variable.h"

/* LwTape: automatic differentiation in reverse mode, as tf.GradientTape.
 *
 *   LwTape   *tape = lw_tape_begin (s, FALSE);
 *   LwTensor *loss = lw_reduce_mean (s, lw_square (s, lw_subtract (s, call (s, x), y)), NULL, 0, FALSE);
 *   LwTensor *grads[2];
 *
 *   lw_tape_gradient_of_variables (tape, s, loss, 2, variables, grads, &error);
 *   lw_tape_free (tape);
 *
 * While it records, each op on a tensor that depends on something watched leaves a node behind.
 * Trainable variables are watched when they are read; constants, and variables that are not trainable,
 * need lw_tape_watch(). A gradient walks the nodes backwards and adds up, for each tensor used more than
 * once, what its uses contribute. Gradients are computed by ops: another tape that records on the same
 * scope (an outer one, begun before), or a persistent tape itself, sees them, and so gives second
 * derivatives. What an op's gradient cannot be differentiated through is LW_ERROR_UNSUPPORTED, never a
 * zero. */

G_BEGIN_DECLS

typedef struct _LwTape LwTape;

/* What stands for the gradient of a source on which no target depends. */
typedef enum {
  LW_UNCONNECTED_NONE, /* NULL */
  LW_UNCONNECTED_ZERO, /* zeros of the source's shape and dtype */
} LwUnconnected;

typedef struct {
  /* One for each target, of its shape and dtype: what the gradient begins with there; NULL, or a NULL
   * entry, stands for ones, so that a target that is not a scalar is summed. */
  LwTensor *const *output_gradients;
  LwUnconnected    unconnected;
} LwGradientOptions;

/* Starts recording on the scope. persistent: gradients may be asked for more than once; otherwise
 * the first call frees the recorded intermediate results as it goes. */
LwTape     *lw_tape_begin           (LwScope *s, gboolean persistent) G_GNUC_WARN_UNUSED_RESULT;
/* Stops recording for good; gradients may still be asked for. Called by lw_tape_free() if need be. */
void        lw_tape_end             (LwTape *tape);
/* Before its scope ends. */
void        lw_tape_free            (LwTape *tape);

/* What happens between these two, the tape does not see: with tape.stop_recording(). They nest. */
void        lw_tape_stop_recording  (LwTape *tape);
void        lw_tape_resume_recording (LwTape *tape);

/* Integer tensors have no derivative: they are not watched, and their gradient is NULL. */
void        lw_tape_watch           (LwTape *tape, LwTensor *tensor);
/* The variable's value, and all that it is assigned later: for one that is not trainable. */
void        lw_tape_watch_variable  (LwTape *tape, LwVariable *variable);
/* The variables read so far that are watched, each once, in the order of their first reading; borrowed. */
LwVariable *const *lw_tape_get_watched_variables (LwTape *tape, guint *n);

/* Gradients of target with respect to n tensors (or variables): grads[i] is a result of scope s of
 * the source's shape, or NULL where the target does not depend on it. A target that is not a scalar is
 * summed. FALSE with LW_ERROR_STATE on a second call for a tape that is not persistent, with
 * LW_ERROR_UNSUPPORTED where an op has no derivative, or with the scope's first error; grads are all
 * NULL then. */
gboolean    lw_tape_gradient        (LwTape *tape, LwScope *s, LwTensor *target, guint n,
                                     LwTensor *const *sources, LwTensor **grads, GError **error);
gboolean    lw_tape_gradient_of_variables (LwTape *tape, LwScope *s, LwTensor *target, guint n,
                                     LwVariable *const *variables, LwTensor **grads, GError **error);

/* The same for the sum of several targets, each weighted by its output gradient. options NULL: the
 * defaults. LW_ERROR_SHAPE or _DTYPE where an output gradient is not like its target; the tape is then
 * as it was. */
gboolean    lw_tape_gradient_with   (LwTape *tape, LwScope *s,
                                     guint n_targets, LwTensor *const *targets,
                                     guint n_sources, LwTensor *const *sources,
                                     const LwGradientOptions *options, LwTensor **grads, GError **error);
gboolean    lw_tape_gradient_of_variables_with (LwTape *tape, LwScope *s,
                                     guint n_targets, LwTensor *const *targets,
                                     guint n_variables, LwVariable *const *variables,
                                     const LwGradientOptions *options, LwTensor **grads, GError **error);

/* What was recorded, in order; borrowed. A node says its op's name, its inputs and its output. */
guint         lw_tape_get_n_nodes   (const LwTape *tape);
const LwNode *lw_tape_get_node      (const LwTape *tape, guint i);
/* The number of the node whose output the tensor is; -1 for what comes from outside. */
int           lw_tape_find_node     (const LwTape *tape, const LwTensor *tensor);
/* What to call a tensor in a picture: the name of the variable it was read from, or its own; or NULL. */
const char   *lw_tape_get_label     (const LwTape *tape, const LwTensor *tensor);

/* Node i on one line, "%1 = multiply (%0: float32 2×3, W: float32 scalar) -> float32 2×3": %0 is what
 * node 0 gave, "const" what has no name. And all of them, a line each. */
char         *lw_tape_node_to_string (const LwTape *tape, guint i) G_GNUC_WARN_UNUSED_RESULT;
char         *lw_tape_to_string     (const LwTape *tape) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwTape, lw_tape_free)

G_END_DECLS
