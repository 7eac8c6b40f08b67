#pragma once

#include "engine/ops/op.h"

/* Two tensors to one by NumPy's broadcasting: shapes are aligned at their last axes, an axis of size 1
 * is repeated. Private to engine/ops. */

G_BEGIN_DECLS

typedef enum {
  LW_BROADCAST_ADD,
  LW_BROADCAST_SUBTRACT,
  LW_BROADCAST_MULTIPLY,
  LW_BROADCAST_DIVIDE,
  LW_BROADCAST_POW,
  LW_BROADCAST_MAXIMUM,
  LW_BROADCAST_MINIMUM,
  LW_BROADCAST_COMPARE, /* 1 where a > b, -1 where a < b, else (or with a NaN) 0 */
} LwBroadcast;

/* The result, not recorded, or NULL after failing the scope; `name` begins the sentence. Integers are
 * computed modulo 2^32, 2^64 or 2^8 and divided towards zero; a division by zero and a negative
 * exponent are errors there. */
LwTensor *lw_broadcast          (LwScope *s, const char *name, LwBroadcast kind, LwTensor *a, LwTensor *b);

/* a or b against a number in its dtype. */
LwTensor *lw_broadcast_scalar   (LwScope *s, const char *name, LwBroadcast kind, LwTensor *a, double b);

G_END_DECLS
