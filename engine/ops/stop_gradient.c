/* The identity that ends a derivative: the same elements under another identity, of which no tape knows
 * where they came from. */

#include "engine/ops/op.h"

LwTensor *
lw_stop_gradient (LwScope *s, LwTensor *x)
{
  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  return lw_scope_take (s, lw_tensor_new_view (x, lw_tensor_get_shape (x)));
}
