#pragma once

#include "engine/core/rng.h"
#include "engine/core/scope.h"

/* The eager operations. Each computes at once, returns a result that the scope owns, and leaves a node
 * on the tapes that watch its inputs. After an error they return the scope's invalid tensor; see
 * scope.h. Images are NHWC: [batch, height, width, channels]; convolution kernels HWIO: [kernel
 * height, kernel width, channels in, filters]; Dense kernels [in, units].
 *
 * Floating ops take float32 (the fast kernels) and float64 (the plain reference); both give every
 * gradient. Mixed dtypes are an error: cast first. */

G_BEGIN_DECLS

typedef enum { LW_PADDING_VALID, LW_PADDING_SAME } LwPadding;

/* Activations that conv2d and dense apply before they return; softmax works on the last axis. */
typedef enum {
  LW_ACTIVATION_LINEAR,
  LW_ACTIVATION_RELU,
  LW_ACTIVATION_SOFTMAX,
  LW_ACTIVATION_SIGMOID,
  LW_ACTIVATION_TANH,
} LwActivation;

typedef struct {
  int       strides[2];
  LwPadding padding;
  int       dilation[2];
} LwConv2d;

typedef struct {
  int       pool_size[2];
  int       strides[2];
  LwPadding padding;
} LwPooling;

/* Constants. Data is copied. */
LwTensor *lw_constant          (LwScope *s, LwDType dtype, const LwShape *shape, gconstpointer data);
LwTensor *lw_constant_scalar   (LwScope *s, LwDType dtype, double value);
LwTensor *lw_fill              (LwScope *s, LwDType dtype, const LwShape *shape, double value);
LwTensor *lw_ones_like         (LwScope *s, LwTensor *x);
LwTensor *lw_zeros_like        (LwScope *s, LwTensor *x);

/* Elementwise with NumPy's broadcasting; any dtype but bool, both of the same. Integer division by
 * zero is LW_ERROR_VALUE. */
LwTensor *lw_add               (LwScope *s, LwTensor *a, LwTensor *b);
LwTensor *lw_subtract          (LwScope *s, LwTensor *a, LwTensor *b);
LwTensor *lw_multiply          (LwScope *s, LwTensor *a, LwTensor *b);
LwTensor *lw_divide            (LwScope *s, LwTensor *a, LwTensor *b);
/* x · factor, the scalar in x's dtype. */
LwTensor *lw_scale             (LwScope *s, LwTensor *x, double factor);
LwTensor *lw_negate            (LwScope *s, LwTensor *x);
LwTensor *lw_square            (LwScope *s, LwTensor *x);
LwTensor *lw_exp               (LwScope *s, LwTensor *x);
LwTensor *lw_log               (LwScope *s, LwTensor *x);

/* Any dtype to any; floats are cut towards zero and saturate, NaN becomes 0; to bool: != 0. Only
 * float to float has a gradient. */
LwTensor *lw_cast              (LwScope *s, LwTensor *x, LwDType dtype);

/* The same elements under another shape; one axis may be -1. Shares the memory. */
LwTensor *lw_reshape           (LwScope *s, LwTensor *x, const LwShape *shape);
/* [n, …] to [n, product of the rest]. */
LwTensor *lw_flatten           (LwScope *s, LwTensor *x);
/* Swaps the two axes of a matrix. */
LwTensor *lw_transpose         (LwScope *s, LwTensor *x);

/* Over n_axes axes (negative ones count from the end), or all of them with n_axes 0. The gradient of
 * the maximum is shared equally among equal maxima. */
LwTensor *lw_reduce_sum        (LwScope *s, LwTensor *x, const int *axes, int n_axes, gboolean keepdims);
LwTensor *lw_reduce_mean       (LwScope *s, LwTensor *x, const int *axes, int n_axes, gboolean keepdims);
LwTensor *lw_reduce_max        (LwScope *s, LwTensor *x, const int *axes, int n_axes, gboolean keepdims);
/* Index of the first maximum along the last axis, int64. */
LwTensor *lw_argmax            (LwScope *s, LwTensor *x);

/* a [m, k] · b [k, n]; with transpose_a, a is given as [k, m], with transpose_b, b as [n, k]. */
LwTensor *lw_matmul            (LwScope *s, LwTensor *a, LwTensor *b, gboolean transpose_a,
                                gboolean transpose_b);

LwTensor *lw_relu              (LwScope *s, LwTensor *x);
LwTensor *lw_sigmoid           (LwScope *s, LwTensor *x);
LwTensor *lw_tanh              (LwScope *s, LwTensor *x);
LwTensor *lw_softmax           (LwScope *s, LwTensor *x); /* over the last axis */
LwTensor *lw_activate          (LwScope *s, LwTensor *x, LwActivation activation);

/* x [n, h, w, c] with kernel [kh, kw, c, filters] and bias [filters] (NULL: none). "same": total
 * padding max ((ceil (n / s) - 1)·s + (k - 1)·d + 1 - n, 0), the smaller half before, as Keras. */
LwTensor *lw_conv2d            (LwScope *s, LwTensor *x, LwTensor *kernel, LwTensor *bias,
                                const LwConv2d *conv, LwActivation activation);
/* x […, in] · kernel [in, units] + bias [units] (NULL: none), on the last axis of any rank >= 2. */
LwTensor *lw_dense             (LwScope *s, LwTensor *x, LwTensor *kernel, LwTensor *bias,
                                LwActivation activation);

/* x [n, h, w, c]. Cells outside the image do not take part: an average divides by those inside. */
LwTensor *lw_max_pool2d        (LwScope *s, LwTensor *x, const LwPooling *pooling);
LwTensor *lw_average_pool2d    (LwScope *s, LwTensor *x, const LwPooling *pooling);
/* [n, h, w, c] to [n, c], or [n, 1, 1, c] with keepdims. */
LwTensor *lw_global_average_pool2d (LwScope *s, LwTensor *x, gboolean keepdims);

/* Inverted dropout with draws from *rng, which moves on: 0 with probability rate (0 <= rate < 1),
 * else x / (1 - rate). */
LwTensor *lw_dropout           (LwScope *s, LwTensor *x, double rate, LwRng *rng);

/* Mean over the rows of y_pred [n, classes] of the cross-entropy with labels [n] (an integer dtype).
 * From logits: fused and stable. From probabilities: each row is divided by its sum, then clipped to
 * [1e-7, 1 - 1e-7] (Keras 3, backend sparse_categorical_crossentropy). A label outside
 * 0..classes-1 is LW_ERROR_VALUE. The gradient flows to y_pred. */
LwTensor *lw_sparse_categorical_crossentropy (LwScope *s, LwTensor *labels, LwTensor *y_pred,
                                              gboolean from_logits);

/* tf.debugging.assert_equal on shapes: fails the scope with both. */
void      lw_assert_shape      (LwScope *s, LwTensor *x, const LwShape *shape);

/* The output size along one axis and the padding before it; < 1 where the window does not fit. */
gint64    lw_window_output     (gint64 n, gint64 window, gint64 stride, gint64 dilation,
                                LwPadding padding, gint64 *pad_before);

G_END_DECLS
