#pragma once

#include <glib.h>

/* LwPyramid: a growing array of numbers that knows the smallest, largest and mean of any stretch.
 *
 * Above the values stand levels of nodes, each over four of the level below. Appending
 * touches one node a level; asking for a stretch of n values visits O(log n) nodes. NaN and
 * infinities are kept as values and left out of every summary. */

G_BEGIN_DECLS

#define LW_PYRAMID_MAX_LEVELS 24
#define LW_PYRAMID_FANOUT     4 /* a node's bounds are multiples of a power of it */

typedef struct {
  float  min; /* +inf and -inf when nothing finite lies below */
  float  max;
  double sum;
  gint64 count; /* of finite values */
} LwPyramidNode;

typedef struct {
  GArray *values; /* float */
  GArray *levels[LW_PYRAMID_MAX_LEVELS];
} LwPyramid;

void     lw_pyramid_init     (LwPyramid *pyramid);
void     lw_pyramid_clear    (LwPyramid *pyramid);
void     lw_pyramid_append   (LwPyramid *pyramid,
                              float      value);

/* Keeps the first `length` values. */
void     lw_pyramid_truncate (LwPyramid *pyramid,
                              gsize      length);
gsize    lw_pyramid_length   (const LwPyramid *pyramid);
float    lw_pyramid_value    (const LwPyramid *pyramid,
                              gsize            index);

/* Sums up the finite values of [first, end); FALSE when there are none. `work`, if not NULL, grows
 * by the number of values and nodes looked at. */
gboolean lw_pyramid_range    (const LwPyramid *pyramid,
                              gsize            first,
                              gsize            end,
                              LwPyramidNode   *node,
                              guint64         *work);

G_END_DECLS
