#pragma once

#include "engine/core/scope.h"

/* LwVariable: a value that changes, as tf.Variable. The tensor it holds at any time is immutable for
 * everyone else: assign puts another in its place, so that what a tape or a state has kept is never
 * overwritten. */

G_BEGIN_DECLS

typedef struct _LwVariable LwVariable;

/* tf.Variable (initial_value, trainable, name): begins with a copy of the elements, so that whatever
 * becomes of `initial` does not change it; dtype and shape are the initial value's. name may be NULL. */
LwVariable *lw_variable_new          (const LwTensor *initial, gboolean trainable,
                                      const char *name) G_GNUC_WARN_UNUSED_RESULT;
/* The same in another dtype, as tf.Variable (…, dtype): a float or whole number is converted by
 * lw_cast()'s rules. NULL when the scope has failed. */
LwVariable *lw_variable_new_cast     (LwScope *s, LwTensor *initial, LwDType dtype, gboolean trainable,
                                      const char *name) G_GNUC_WARN_UNUSED_RESULT;
/* tf.Variable (5.): a scalar. NULL when the scope has failed. */
LwVariable *lw_variable_new_scalar   (LwScope *s, LwDType dtype, double initial, gboolean trainable,
                                      const char *name) G_GNUC_WARN_UNUSED_RESULT;
/* Without a copy, holding the tensor itself: for values that came out of a state. */
LwVariable *lw_variable_new_holding  (LwTensor *value, gboolean trainable,
                                      const char *name) G_GNUC_WARN_UNUSED_RESULT;
LwVariable *lw_variable_ref          (LwVariable *variable);
void        lw_variable_unref        (LwVariable *variable);

const char *lw_variable_get_name     (const LwVariable *variable);
gboolean    lw_variable_is_trainable (const LwVariable *variable);
LwTensor   *lw_variable_get_value    (const LwVariable *variable); /* borrowed */
LwDType        lw_variable_get_dtype (const LwVariable *variable);
const LwShape *lw_variable_get_shape (const LwVariable *variable);

/* The value, for use in ops: kept alive by the scope, and watched by its tapes if trainable. */
LwTensor   *lw_variable_read         (LwScope *s, LwVariable *variable);

/* Another value of the same dtype and shape; LW_ERROR_SHAPE or _DTYPE otherwise, LW_ERROR_VALUE when
 * memory is out, and the variable is then as it was. The elements are copied. What was read before keeps
 * the old ones. assign_add/_sub compute value ± delta (their results are not recorded: a later reading
 * is where a gradient begins); a delta that would broadcast the value into another shape is an error. */
gboolean    lw_variable_assign       (LwVariable *variable, LwTensor *value, GError **error);
gboolean    lw_variable_assign_add   (LwVariable *variable, LwScope *s, LwTensor *delta, GError **error);
gboolean    lw_variable_assign_sub   (LwVariable *variable, LwScope *s, LwTensor *delta, GError **error);
/* Without a copy: for a tensor that nobody will write into again, as one that a file was read into.
 * Fails only by shape and dtype. */
gboolean    lw_variable_assign_holding (LwVariable *variable, LwTensor *value, GError **error);

/* For optimizers: the tensor to write the next value into (this variable's own if nobody else holds
 * it, else a new one), set as the value by lw_variable_assign(), which does not copy this one. NULL when
 * memory is out. */
LwTensor   *lw_variable_get_target   (LwVariable *variable, LwPool *pool, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwVariable, lw_variable_unref)

G_END_DECLS
