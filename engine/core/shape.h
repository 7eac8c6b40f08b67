#pragma once

#include <glib.h>

/* LwShape: the sizes of a tensor's axes, a plain value. Rank 0 is a scalar. LW_DIM_ANY (None in
 * Keras) stands for a size that is not known yet; tensors never have it, specs may. */

G_BEGIN_DECLS

#define LW_MAX_RANK 8
#define LW_DIM_ANY  (-1)

typedef struct {
  int    rank;
  gint64 dims[LW_MAX_RANK]; /* entries from rank on are 0 */
} LwShape;

/* LW_SHAPE (32, 28, 28, 1); LW_SCALAR for rank 0. */
#define LW_SHAPE(...)                                                                              \
  ((LwShape) { (int) (sizeof ((gint64[]) { __VA_ARGS__ }) / sizeof (gint64)), { __VA_ARGS__ } })
#define LW_SCALAR ((LwShape) { 0, { 0 } })

gboolean lw_shape_equal     (const LwShape *a, const LwShape *b);

/* Number of elements; FALSE on an axis that is negative or on a product over 2^40. */
gboolean lw_shape_get_count (const LwShape *shape, gsize *count);

/* The same as a number that never overflows, for estimates; an axis that is LW_DIM_ANY counts as 0. */
double   lw_shape_get_volume (const LwShape *shape);

/* TRUE if no axis is LW_DIM_ANY. */
gboolean lw_shape_is_known  (const LwShape *shape);

/* The shape without its first `n` axes, or with one more in front. */
LwShape  lw_shape_tail      (const LwShape *shape, int n);
LwShape  lw_shape_prepend   (const LwShape *shape, gint64 dim);

/* "26×26×32", "10", "None×None×1", "scalar" for rank 0: for sentences. With spaces around the signs
 * ("26 × 26 × 32") for display. */
char    *lw_shape_to_string (const LwShape *shape) G_GNUC_WARN_UNUSED_RESULT;
char    *lw_shape_to_label  (const LwShape *shape) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
