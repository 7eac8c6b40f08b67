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
  LW_ACTIVATION_LEAKY_RELU, /* slope 0.2, as keras.activations.leaky_relu */
  LW_ACTIVATION_ELU,        /* alpha 1 */
  LW_ACTIVATION_RELU6,
  LW_ACTIVATION_SOFTPLUS,
  LW_ACTIVATION_SILU,
  LW_ACTIVATION_GELU,       /* exact */
  LW_ACTIVATION_LOG_SOFTMAX,
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

/* How matmul reads its operands. For real dtypes adjoint is transpose; both on one side is an error. A
 * sparse hint lets it leave out rows of a, or columns of b, that are wholly 0; it never changes a bit of
 * the result, NaN and infinity among them (float64 takes no notice of it). */
typedef struct {
  gboolean transpose_a, transpose_b;
  gboolean adjoint_a, adjoint_b;
  gboolean a_is_sparse, b_is_sparse;
} LwMatmul;

/* One axis of a slice, as Python's start:stop:step; `all` stands for ":" (the rest is ignored). Negative
 * starts and stops count from the end, and what lies outside is cut off, as in Python. LW_SLICE_END is behind
 * the last element, LW_SLICE_BEGIN before the first: { FALSE, LW_SLICE_END, LW_SLICE_BEGIN, -1 } reverses.
 * A step of 0 is LW_ERROR_VALUE. */
#define LW_SLICE_END   G_MAXINT64
#define LW_SLICE_BEGIN G_MININT64
typedef struct {
  gboolean all;
  gint64   start, stop, step;
} LwSlice;

/* keras.ops.batch_normalization with its moving averages: axis is that of the channels (-1: the last). */
typedef struct {
  int      axis;
  double   momentum, epsilon;
  gboolean training;
} LwBatchNormalization;

/* Constants. Data is copied; a value that the dtype cannot hold is brought into it as lw_cast() does. Shape and
 * dtype from a C value: LW_TENSOR (s, 3.5), in constant.h. */
LwTensor *lw_constant          (LwScope *s, LwDType dtype, const LwShape *shape, gconstpointer data);
LwTensor *lw_constant_scalar   (LwScope *s, LwDType dtype, double value);
LwTensor *lw_fill              (LwScope *s, LwDType dtype, const LwShape *shape, double value);
LwTensor *lw_ones_like         (LwScope *s, LwTensor *x);
LwTensor *lw_zeros_like        (LwScope *s, LwTensor *x);
/* start, start + delta, … below limit (above it where delta < 0): rank 1, maybe empty. Element i is
 * start + i · delta in double, rounded once. Any dtype but bool; LW_ERROR_VALUE where delta is 0, an argument is
 * not finite, or a value is none of the dtype's (a fraction for an integer). */
LwTensor *lw_range             (LwScope *s, LwDType dtype, double start, double limit, double delta);
/* Draws from *rng, which moves on; float32 and float64. Each element is a function of the generator and of
 * its own number alone, and has the same bits on every machine.
 * uniform: in [low, high), or low where both are equal; one draw of 24 bits for a float32, two draws (53 bits)
 * for a float64. normal: four draws each, by Box and Muller (random.c), a float32 being the float64 rounded;
 * stddev >= 0. LW_ERROR_VALUE where the arguments are out of order or not finite. */
LwTensor *lw_random_uniform    (LwScope *s, LwDType dtype, const LwShape *shape, double low, double high,
                                LwRng *rng);
LwTensor *lw_random_normal     (LwScope *s, LwDType dtype, const LwShape *shape, double mean,
                                double stddev, LwRng *rng);
/* indices (int32, int64 or uint8) of any shape to one axis more of `depth`: 1 at the index, 0 elsewhere, all 0
 * for an index outside. No gradient. */
LwTensor *lw_one_hot           (LwScope *s, LwTensor *indices, gint64 depth, LwDType dtype);

/* Elementwise with NumPy's broadcasting: shapes are aligned at their last axes, and two sizes are equal or
 * one of them is 1 and repeated (else LW_ERROR_SHAPE). Any dtype but bool, both of the same. Integers wrap
 * around (uint8 modulo 256) and divide towards zero; dividing them by zero is LW_ERROR_VALUE. The gradient
 * of a repeated input is the sum over its repetitions.
 *
 * Elementwise ops up to lw_clip() can be differentiated any number of times, activations and softmax at
 * least twice. */
LwTensor *lw_add               (LwScope *s, LwTensor *a, LwTensor *b);
LwTensor *lw_subtract          (LwScope *s, LwTensor *a, LwTensor *b);
LwTensor *lw_multiply          (LwScope *s, LwTensor *a, LwTensor *b);
LwTensor *lw_divide            (LwScope *s, LwTensor *a, LwTensor *b);
/* x · factor, the scalar in x's dtype. */
LwTensor *lw_scale             (LwScope *s, LwTensor *x, double factor);
/* Any dtype but bool; -x is an error for uint8, which has no negative numbers, and the least signed integer
 * is its own negative and absolute value. The derivative of abs at 0 is 0. */
LwTensor *lw_negate            (LwScope *s, LwTensor *x);
LwTensor *lw_square            (LwScope *s, LwTensor *x);
LwTensor *lw_abs               (LwScope *s, LwTensor *x);
/* Floating dtypes. log of 0 is -inf; log and sqrt of what is negative are NaN. */
LwTensor *lw_exp               (LwScope *s, LwTensor *x);
LwTensor *lw_log               (LwScope *s, LwTensor *x);
LwTensor *lw_sqrt              (LwScope *s, LwTensor *x);
/* a^b, in floats with C's special cases (x^0 is 1, a fraction of a negative number NaN); a negative integer
 * exponent is LW_ERROR_VALUE. The gradients are b·a^(b - 1), 0 where b and a are 0, and a^b·log (a), 0 where
 * a <= 0 (NaN where a^b is not finite, as in TensorFlow). */
LwTensor *lw_pow               (LwScope *s, LwTensor *a, LwTensor *b);
/* NaN where either is. Where both are equal each gets half of the gradient. */
LwTensor *lw_maximum           (LwScope *s, LwTensor *a, LwTensor *b);
LwTensor *lw_minimum           (LwScope *s, LwTensor *a, LwTensor *b);
/* Into [low, high], where low <= high; the gradient passes where low <= x <= high. Any dtype but bool: integers
 * come into the whole numbers from low to high, of which there must be one. */
LwTensor *lw_clip              (LwScope *s, LwTensor *x, double low, double high);
/* x as it is, through which no gradient flows. */
LwTensor *lw_stop_gradient     (LwScope *s, LwTensor *x);

/* Any dtype to any, rounded once; x itself where it has the dtype already. As tf.cast:
 *
 *   float to float     the nearest, ties to even; too large: infinity; too small for a normal number: 0
 *   integer to float   the nearest, ties to even, straight from the integer
 *   float to integer   cut towards zero; out of range, where tf.cast leaves it to the processor, the nearest end
 *                      of the range, and 0 for NaN (tf.saturate_cast)
 *   integer to integer modulo 2^bits: 300 to uint8 is 44, -1 is 255
 *   to bool            whether x != 0 (a NaN is); from bool: 1 or 0
 *
 * Only float to float has a gradient. */
LwTensor *lw_cast              (LwScope *s, LwTensor *x, LwDType dtype);

/* The same elements under another shape; one axis may be -1. Shares the memory. */
LwTensor *lw_reshape           (LwScope *s, LwTensor *x, const LwShape *shape);
/* [n, …] to [n, product of the rest]. */
LwTensor *lw_flatten           (LwScope *s, LwTensor *x);
/* Swaps the two axes of a matrix. From here on any dtype; and each of these may be differentiated again. */
LwTensor *lw_transpose         (LwScope *s, LwTensor *x);
/* Axis i of the result is axis permutation[i] of x; NULL reverses all. */
LwTensor *lw_transpose_axes    (LwScope *s, LwTensor *x, const int *permutation);
/* A new axis of size 1 at `axis` (negative ones count from the end: -1 makes the last), NumPy's newaxis;
 * and without one that has size 1. */
LwTensor *lw_expand_dims       (LwScope *s, LwTensor *x, int axis);
LwTensor *lw_squeeze           (LwScope *s, LwTensor *x, int axis);
LwTensor *lw_broadcast_to      (LwScope *s, LwTensor *x, const LwShape *shape);
/* x[slices[0], …, slices[n - 1], …]: the axes behind are whole. A slice keeps its axis (lw_squeeze() drops one of
 * size 1), and may be empty. */
LwTensor *lw_slice             (LwScope *s, LwTensor *x, const LwSlice *slices, int n);
/* Along an axis that is there; along a new one. Of one dtype, and of one shape but for that axis. Any number of
 * tensors but 0. */
LwTensor *lw_concat            (LwScope *s, guint n, LwTensor *const *tensors, int axis);
LwTensor *lw_stack             (LwScope *s, guint n, LwTensor *const *tensors, int axis);
/* Entries of x along `axis` by number: shape x[: axis] + indices + x[axis + 1 :]. An index outside is
 * LW_ERROR_VALUE; one that comes twice has its gradients added. */
LwTensor *lw_gather            (LwScope *s, LwTensor *x, LwTensor *indices, int axis);

/* Over n_axes axes (negative ones count from the end), or all of them with n_axes 0; keepdims leaves them
 * with size 1. float32 and float64; sums are taken in double and rounded once. Of no elements the sum is 0,
 * the mean NaN, the maximum -infinity, as in TensorFlow; a NaN counts as the greatest. An axis that is not
 * there, or given twice, is LW_ERROR_SHAPE. The gradient of the maximum is shared equally among equal maxima. */
LwTensor *lw_reduce_sum        (LwScope *s, LwTensor *x, const int *axes, int n_axes, gboolean keepdims);
LwTensor *lw_reduce_mean       (LwScope *s, LwTensor *x, const int *axes, int n_axes, gboolean keepdims);
LwTensor *lw_reduce_max        (LwScope *s, LwTensor *x, const int *axes, int n_axes, gboolean keepdims);
/* Index of the first maximum along the last axis, or `axis`, int64; any dtype. A NaN counts as the greatest. An
 * axis without elements is LW_ERROR_SHAPE. */
LwTensor *lw_argmax            (LwScope *s, LwTensor *x);
LwTensor *lw_argmax_over       (LwScope *s, LwTensor *x, int axis);

/* a [m, k] · b [k, n]; with transpose_a, a is given as [k, m], with transpose_b, b as [n, k]. Batches as
 * in lw_matmul_with(). */
LwTensor *lw_matmul            (LwScope *s, LwTensor *a, LwTensor *b, gboolean transpose_a,
                                gboolean transpose_b);

/* a […, m, k] · b […, k, n]; the axes in front broadcast, and the gradient of what was repeated is summed.
 * Both of rank 2 or more, float32 or float64. Each element is summed over k upwards, however the work is
 * split. */
LwTensor *lw_matmul_with       (LwScope *s, LwTensor *a, LwTensor *b, const LwMatmul *options);

/* Activations, elementwise on floating dtypes. Slopes where two lines meet are those of the lower side; at
 * relu's max_value it is 0. */
LwTensor *lw_relu              (LwScope *s, LwTensor *x);
/* keras.layers.ReLU: max_value where x >= max_value (INFINITY: none), x where threshold <= x, else
 * negative_slope · (x - threshold). Slope and threshold are finite, or LW_ERROR_VALUE. */
LwTensor *lw_relu_with         (LwScope *s, LwTensor *x, double negative_slope, double max_value,
                                double threshold);
/* min (max (x, 0), 6); x or negative_slope · x below 0; x or alpha · (exp (x) - 1) below 0;
 * log (1 + exp (x)); x · sigmoid (x). */
LwTensor *lw_relu6             (LwScope *s, LwTensor *x);
LwTensor *lw_leaky_relu        (LwScope *s, LwTensor *x, double negative_slope);
LwTensor *lw_elu               (LwScope *s, LwTensor *x, double alpha);
LwTensor *lw_softplus          (LwScope *s, LwTensor *x);
LwTensor *lw_silu              (LwScope *s, LwTensor *x);
/* x · Φ (x), Φ the normal distribution function; approximate: Φ (x) as
 * (1 + tanh (sqrt (2 / π) · (x + 0.044715 x³))) / 2. */
LwTensor *lw_gelu              (LwScope *s, LwTensor *x, gboolean approximate);
LwTensor *lw_sigmoid           (LwScope *s, LwTensor *x);
LwTensor *lw_tanh              (LwScope *s, LwTensor *x);
/* exp (x) / sum (exp (x)) over the last axis, or the one named (negative ones count from the end), and its
 * logarithm: both stable. The axis has at least one element, or LW_ERROR_SHAPE. */
LwTensor *lw_softmax           (LwScope *s, LwTensor *x);
LwTensor *lw_softmax_over      (LwScope *s, LwTensor *x, int axis);
LwTensor *lw_log_softmax       (LwScope *s, LwTensor *x);
LwTensor *lw_log_softmax_over  (LwScope *s, LwTensor *x, int axis);
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

/* The same for the maximum; its gradient is shared equally among equal maxima. */
LwTensor *lw_global_max_pool2d (LwScope *s, LwTensor *x, gboolean keepdims);

/* (x - mean) / sqrt (variance + epsilon) · gamma + beta for each channel; gamma and beta [channels] may be
 * NULL. training: with the batch's own mean and (biased) variance, which takes at least one value for each
 * channel, and *new_mean = mean · momentum + batch mean · (1 - momentum), likewise *new_variance, for
 * whoever keeps them (both may be NULL); else with `mean` and `variance`, which are also the new ones.
 * Gradients flow to x, gamma and beta, and to mean and variance where they are used, but not through the
 * new averages. */
LwTensor *lw_batch_normalization (LwScope *s, LwTensor *x, LwTensor *gamma, LwTensor *beta,
                                  LwTensor *mean, LwTensor *variance,
                                  const LwBatchNormalization *options,
                                  LwTensor **new_mean, LwTensor **new_variance);

/* Inverted dropout with draws from *rng, which moves on: 0 with probability rate (0 <= rate < 1),
 * else x / (1 - rate). */
LwTensor *lw_dropout           (LwScope *s, LwTensor *x, double rate, LwRng *rng);

/* Mean over the rows of y_pred [n, classes] of the cross-entropy with labels [n] (an integer dtype).
 * From logits: fused and stable. From probabilities: each row is divided by its sum, then clipped to
 * [1e-7, 1 - 1e-7] (Keras 3, backend sparse_categorical_crossentropy). A label outside
 * 0..classes-1 is LW_ERROR_VALUE. The gradient flows to y_pred. */
LwTensor *lw_sparse_categorical_crossentropy (LwScope *s, LwTensor *labels, LwTensor *y_pred,
                                              gboolean from_logits);
/* The same for each row: shape [n]. */
LwTensor *lw_sparse_categorical_crossentropy_each (LwScope *s, LwTensor *labels, LwTensor *y_pred,
                                                   gboolean from_logits);

/* Losses as the functions in keras.losses: one value for each sample, y_pred's shape without the last axis,
 * namely the mean over that axis (the sum of a categorical cross-entropy's row), to be averaged by
 * lw_reduce_mean(). y_true has y_pred's shape and dtype, and no gradient flows to it; LW_ERROR_SHAPE or
 * _DTYPE otherwise. Probabilities are normalised (categorical only), then clipped to [1e-7, 1 - 1e-7].
 * label_smoothing 0 to 1 moves y_true that far towards 1 / classes (binary: 1/2). delta > 0 is where
 * Huber's square becomes a straight line. LW_ERROR_VALUE for others. */
LwTensor *lw_categorical_crossentropy (LwScope *s, LwTensor *y_true, LwTensor *y_pred, gboolean from_logits,
                                       double label_smoothing);
LwTensor *lw_binary_crossentropy      (LwScope *s, LwTensor *y_true, LwTensor *y_pred, gboolean from_logits,
                                       double label_smoothing);
LwTensor *lw_mean_squared_error       (LwScope *s, LwTensor *y_true, LwTensor *y_pred);
LwTensor *lw_mean_absolute_error      (LwScope *s, LwTensor *y_true, LwTensor *y_pred);
LwTensor *lw_huber                    (LwScope *s, LwTensor *y_true, LwTensor *y_pred, double delta);

/* tf.debugging.assert_equal on shapes: fails the scope with both. */
void      lw_assert_shape      (LwScope *s, LwTensor *x, const LwShape *shape);

/* The output size along one axis and the padding before it; < 1 where the window does not fit. */
gint64    lw_window_output     (gint64 n, gint64 window, gint64 stride, gint64 dilation,
                                LwPadding padding, gint64 *pad_before);

G_END_DECLS
