#pragma once

#include "engine/ops/ops.h"

/* What the ops share; private to engine/ops. */

G_BEGIN_DECLS

typedef void (*LwRangeFunc) (gpointer data, gsize first, gsize n);

/* Runs func over 0 … n - 1 in pieces of `grain` (the last may be shorter) on the device's threads. */
void      lw_op_run_range       (LwScope *s, gsize n, gsize grain, LwRangeFunc func, gpointer data);

/* FALSE, having failed the scope, unless x is float32 or float64; or unless a and b are of one
 * dtype; or unless x has that rank. `op` begins the sentence. */
gboolean  lw_op_check_floating  (LwScope *s, const char *op, LwTensor *x);
gboolean  lw_op_check_same      (LwScope *s, const char *op, LwTensor *a, LwTensor *b);
gboolean  lw_op_check_rank      (LwScope *s, const char *op, LwTensor *x, int rank, const char *meaning);

/* A result like x, uninitialised, or NULL. */
LwTensor *lw_op_new_like        (LwScope *s, LwTensor *x);

/* x summed over the axes along which `shape` was broadcast to it. */
LwTensor *lw_op_sum_to_shape    (LwScope *s, LwTensor *x, const LwShape *shape);

/* The next run of marked places from *first on, with gaps of at most `gap` unmarked ones; its length, or 0 where
 * none is left. */
gint64    lw_op_next_run        (const guint8 *used, gint64 n, gint64 gap, gint64 *first);

/* Runs the product on the device's threads, split by rows of C, which changes no result. `rows` is 1 in it. */
void      lw_op_run_gemm        (LwScope *s, const LwGemm *gemm);

/* y = a · b (+ bias) (relu) on the kernels: a [m, k] or [k, m] where transposed, b [k, n] row-major
 * behind which LW_KERNEL_SLACK bytes may be read. Split by rows; float32. */
void      lw_op_gemm            (LwScope *s, const float *a, gboolean transpose_a, const float *b,
                                 const float *bias, gboolean relu, gint64 m, gint64 k, gint64 n,
                                 float *y);

/* Marks `output` as computed from the inputs by something without a derivative of its own. */
void      lw_op_record_opaque   (LwScope *s, const LwOp *op, LwTensor *const *inputs, guint n,
                                 LwTensor *output);

G_END_DECLS
