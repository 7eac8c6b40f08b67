#pragma once

#include "engine/core/scope.h"

/* LwVariable: a value that changes, as tf.Variable. The tensor it holds at any time is immutable for
 * everyone else: assign puts another in its place, so that what a tape or a state has kept is never
 * overwritten. */

G_BEGIN_DECLS

typedef struct _LwVariable LwVariable;

/* Begins as the initial value, which stays what it is. name may be NULL. */
LwVariable *lw_variable_new          (const LwTensor *initial, gboolean trainable,
                                      const char *name) G_GNUC_WARN_UNUSED_RESULT;
/* The same, but holding the tensor itself: for values that came out of a state. */
LwVariable *lw_variable_new_holding  (LwTensor *value, gboolean trainable,
                                      const char *name) G_GNUC_WARN_UNUSED_RESULT;
LwVariable *lw_variable_ref          (LwVariable *variable);
void        lw_variable_unref        (LwVariable *variable);

const char *lw_variable_get_name     (const LwVariable *variable);
gboolean    lw_variable_is_trainable (const LwVariable *variable);
LwTensor   *lw_variable_get_value    (const LwVariable *variable); /* borrowed */

/* The value, for use in ops: kept alive by the scope, and watched by its tapes if trainable. */
LwTensor   *lw_variable_read         (LwScope *s, LwVariable *variable);

/* Another value of the same dtype and shape; LW_ERROR_SHAPE or _DTYPE otherwise. The tensor itself is
 * kept (it is immutable): nothing is copied. assign_add/_sub compute value ± delta. */
gboolean    lw_variable_assign       (LwVariable *variable, LwTensor *value, GError **error);
gboolean    lw_variable_assign_add   (LwVariable *variable, LwScope *s, LwTensor *delta, GError **error);
gboolean    lw_variable_assign_sub   (LwVariable *variable, LwScope *s, LwTensor *delta, GError **error);

/* For optimizers: the tensor to write the next value into (this variable's own if nobody else holds
 * it, else a new one), set as the value by lw_variable_assign(). NULL when memory is out. */
LwTensor   *lw_variable_get_target   (LwVariable *variable, LwPool *pool, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwVariable, lw_variable_unref)

G_END_DECLS
