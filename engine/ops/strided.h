#pragma once

#include "engine/ops/op.h"

/* Walking tensors by strides: what the ops that only move elements have in common; private to
 * engine/ops. Strides are counted in elements and may be 0 (a repeated axis) or negative. */

G_BEGIN_DECLS

/* How far one step along each axis goes in a tensor of this shape in C order. */
void     lw_strided_of           (const LwShape *shape, gssize strides[LW_MAX_RANK]);

/* The same for a tensor of shape x that is read as one of shape y, its repeated axes with 0. */
void     lw_strided_of_broadcast (const LwShape *x, const LwShape *y, gssize strides[LW_MAX_RANK]);

/* to[i · to_strides] = from[i · from_strides] for each index i below `shape`; elements of `size`
 * bytes: 1, 4 or 8. */
void     lw_strided_copy         (const LwShape *shape, gsize size, gconstpointer from,
                                  const gssize *from_strides, gpointer to, const gssize *to_strides);

/* The common shape of a and b under NumPy's broadcasting, aligned at their last axes; FALSE without. */
gboolean lw_strided_broadcast    (const LwShape *a, const LwShape *b, LwShape *y);

/* A negative axis counted from the end of `rank` axes; FALSE, having failed the scope, where there is none.
 * `op` begins the sentence, `shape` stands in it. */
gboolean lw_strided_axis         (LwScope *s, const char *op, const LwShape *shape, int rank, int *axis);

G_END_DECLS
