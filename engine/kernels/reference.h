#pragma once

#include <glib.h>
#include <stdint.h>

#include "engine/kernels/kernels.h"

/* The plain reference: every operation as its definition reads, in the obvious loops, written once
 * (reference_impl.h) and compiled for float and for double. It is what the fast kernels are tested
 * against, and it is how the engine computes in float64.
 *
 * Each function below exists as lw_reference_NAME_f32 and lw_reference_NAME_f64. Sums are taken in
 * that type, in the order of the loops; exp, log and tanh are libm's of double, rounded to it.
 * Arrays are dense, in C order, and do not overlap unless said otherwise. Gradients are *written*,
 * not added, whole: the caller need not clear them. gx, gw, gb and gy stand for the gradients with
 * respect to x, w, the bias and y.
 *
 * Convolution: x [n, h, w, cin], weights [kh, kw, cin, cout], y [n, oh, ow, cout], bias [cout]
 * (NULL for none), y[oy, ox] = bias + sum over (ky, kx, ci) of
 * x[oy·stride_h - pad_top + ky·dilation_h, ox·stride_w - pad_left + kx·dilation_w] · weights, where
 * x is 0 outside the image. oh and ow are the caller's choice: "valid" and "same" differ in the
 * padding and in them.
 *
 *   conv2d (size, x, weights, bias, y)
 *   conv2d_data_gradient (size, gy, weights, gx)
 *   conv2d_weight_gradient (size, x, gy, gw)
 *   conv2d_bias_gradient (size, gy, gb)
 *
 * Products: matmul gives c [m, n] = op (a) · op (b) where op (a) is [m, k] and op (b) [k, n]; with
 * transpose_a the array a is [k, m], with transpose_b b is [n, k]. dense is x [batch, inputs] ·
 * weights [inputs, units] + bias [units] (NULL for none).
 *
 *   matmul (transpose_a, transpose_b, m, n, k, a, b, c)
 *   dense (batch, inputs, units, x, weights, bias, y)
 *
 * Pooling over `images` images [h, w, channels] -> [oh, ow, channels]; cells outside the image take
 * no part, neither in the maximum nor in the mean's count. winner holds the index kh · pool_w + kw of
 * the first cell that held the maximum (a NaN counts as the greatest), in as many elements as y.
 *
 *   max_pool (pool, images, x, y, winner)
 *   max_pool_gradient (pool, images, winner, gy, gx)
 *   average_pool (pool, images, x, y)
 *   average_pool_gradient (pool, images, gy, gx)
 *   global_average (images, pixels, channels, x, y)            x [images, pixels, channels]
 *   global_average_gradient (images, pixels, channels, gy, gx)
 *   global_max (images, pixels, channels, x, y)          a NaN counts as the greatest
 *   global_max_gradient (images, pixels, channels, x, y, gy, gx)         shared among equal maxima
 *
 * Batch normalisation of x [rows, channels], the rest with one entry for each channel: mean and
 * variance = mean of (x - mean)², by two passes; y = (x - mean)·factor + offset; sum = sum of gy, dot =
 * sum of gy·(x - mean); gx = (gy - gy_mean - (x - mean)·slope)·factor.
 *
 *   batch_moments (rows, channels, x, mean, variance)
 *   batch_normalize (rows, channels, x, mean, factor, offset, y)
 *   batch_normalize_sums (rows, channels, x, mean, gy, sum, dot)
 *   batch_normalize_gradient (rows, channels, x, mean, gy, gy_mean, slope, factor, gx)
 *
 * Rows: softmax and log-softmax over each of `rows` rows of `cols`, from x - max (x); their gradients
 * are computed from the outputs y. The cross-entropy of row r is -log_softmax (logits)[labels[r]]
 * and its gradient (probabilities - one_hot (label)) · factor.
 *
 *   softmax (rows, cols, x, y)
 *   softmax_gradient (rows, cols, y, gy, gx)
 *   log_softmax (rows, cols, x, y)
 *   log_softmax_gradient (rows, cols, y, gy, gx)
 *   softmax_cross_entropy (rows, cols, logits, labels, probabilities, losses)
 *   softmax_cross_entropy_gradient (rows, cols, probabilities, labels, factor, gx)
 *
 * Activations, in place if the arrays are the same, as the kernels of these names in kernels.h:
 *
 *   clip (n, low, high, x, y)
 *   relu_with (n, slope, max, threshold, x, y)
 *   elu (n, alpha, x, y)
 *   softplus, silu, gelu, gelu_tanh (n, x, y)
 *   NAME_gradient (n, the same parameters, x, gy, gx)         from the inputs x
 *
 * Elementwise, in place if the arrays are the same; gradients from the outputs y. dropout multiplies
 * by factor where mask is not 0 and writes 0 elsewhere; it is its own gradient.
 *
 *   relu, sigmoid, tanh (n, x, y)
 *   relu_gradient, sigmoid_gradient, tanh_gradient (n, y, gy, gx)
 *   dropout (n, factor, mask, x, y)
 *
 * Optimizers: one step each, as LwKernels.adam, sgd, nadam, rmsprop and adagrad (kernels.h) describe
 * them; inputs and outputs may be the same arrays. */

/* The sizes of a two-dimensional convolution, all in elements. */
typedef struct {
  int n, h, w, cin;
  int oh, ow, cout;
  int kh, kw, stride_h, stride_w, dilation_h, dilation_w;
  int pad_top, pad_left; /* rows above and columns left of the image that count as 0 */
} LwConv2dSize;

G_BEGIN_DECLS

#define LW_REFERENCE_PROTOTYPES(REAL, SUFFIX)                                                      \
  void lw_reference_conv2d_##SUFFIX (const LwConv2dSize *size, const REAL *x,                      \
                                     const REAL *weights, const REAL *bias, REAL *y);              \
  void lw_reference_conv2d_data_gradient_##SUFFIX (const LwConv2dSize *size, const REAL *gy,       \
                                                   const REAL *weights, REAL *gx);                 \
  void lw_reference_conv2d_weight_gradient_##SUFFIX (const LwConv2dSize *size, const REAL *x,      \
                                                     const REAL *gy, REAL *gw);                    \
  void lw_reference_conv2d_bias_gradient_##SUFFIX (const LwConv2dSize *size, const REAL *gy,       \
                                                   REAL *gb);                                      \
  void lw_reference_matmul_##SUFFIX (gboolean transpose_a, gboolean transpose_b, int m, int n,     \
                                     int k, const REAL *a, const REAL *b, REAL *c);                \
  void lw_reference_dense_##SUFFIX (int batch, int inputs, int units, const REAL *x,               \
                                    const REAL *weights, const REAL *bias, REAL *y);               \
  void lw_reference_max_pool_##SUFFIX (const LwPool2d *pool, int images, const REAL *x, REAL *y,   \
                                       int32_t *winner);                                           \
  void lw_reference_max_pool_gradient_##SUFFIX (const LwPool2d *pool, int images,                  \
                                                const int32_t *winner, const REAL *gy, REAL *gx);  \
  void lw_reference_average_pool_##SUFFIX (const LwPool2d *pool, int images, const REAL *x,        \
                                           REAL *y);                                               \
  void lw_reference_average_pool_gradient_##SUFFIX (const LwPool2d *pool, int images,              \
                                                    const REAL *gy, REAL *gx);                     \
  void lw_reference_global_average_##SUFFIX (int images, int pixels, int channels, const REAL *x,  \
                                             REAL *y);                                             \
  void lw_reference_global_average_gradient_##SUFFIX (int images, int pixels, int channels,        \
                                                      const REAL *gy, REAL *gx);                   \
  void lw_reference_global_max_##SUFFIX (int images, int pixels, int channels, const REAL *x,      \
                                         REAL *y);                                                 \
  void lw_reference_global_max_gradient_##SUFFIX (int images, int pixels, int channels,            \
                                                  const REAL *x, const REAL *y, const REAL *gy,    \
                                                  REAL *gx);                                       \
  void lw_reference_batch_moments_##SUFFIX (gsize rows, gsize channels, const REAL *x, REAL *mean, \
                                            REAL *variance);                                       \
  void lw_reference_batch_normalize_##SUFFIX (gsize rows, gsize channels, const REAL *x,           \
                                              const REAL *mean, const REAL *factor,                \
                                              const REAL *offset, REAL *y);                        \
  void lw_reference_batch_normalize_sums_##SUFFIX (gsize rows, gsize channels, const REAL *x,      \
                                                   const REAL *mean, const REAL *gy, REAL *sum,    \
                                                   REAL *dot);                                     \
  void lw_reference_batch_normalize_gradient_##SUFFIX (                                            \
      gsize rows, gsize channels, const REAL *x, const REAL *mean, const REAL *gy,                 \
      const REAL *gy_mean, const REAL *slope, const REAL *factor, REAL *gx);                       \
  void lw_reference_softmax_##SUFFIX (int rows, int cols, const REAL *x, REAL *y);                 \
  void lw_reference_softmax_gradient_##SUFFIX (int rows, int cols, const REAL *y, const REAL *gy,  \
                                               REAL *gx);                                          \
  void lw_reference_log_softmax_##SUFFIX (int rows, int cols, const REAL *x, REAL *y);             \
  void lw_reference_log_softmax_gradient_##SUFFIX (int rows, int cols, const REAL *y,              \
                                                   const REAL *gy, REAL *gx);                      \
  void lw_reference_softmax_cross_entropy_##SUFFIX (int rows, int cols, const REAL *logits,        \
                                                    const int32_t *labels, REAL *probabilities,    \
                                                    REAL *losses);                                 \
  void lw_reference_softmax_cross_entropy_gradient_##SUFFIX (                                      \
      int rows, int cols, const REAL *probabilities, const int32_t *labels, REAL factor,           \
      REAL *gx);                                                                                   \
  void lw_reference_relu_##SUFFIX (gsize n, const REAL *x, REAL *y);                               \
  void lw_reference_sigmoid_##SUFFIX (gsize n, const REAL *x, REAL *y);                            \
  void lw_reference_tanh_##SUFFIX (gsize n, const REAL *x, REAL *y);                               \
  void lw_reference_relu_gradient_##SUFFIX (gsize n, const REAL *y, const REAL *gy, REAL *gx);     \
  void lw_reference_sigmoid_gradient_##SUFFIX (gsize n, const REAL *y, const REAL *gy, REAL *gx);  \
  void lw_reference_tanh_gradient_##SUFFIX (gsize n, const REAL *y, const REAL *gy, REAL *gx);     \
  void lw_reference_clip_##SUFFIX (gsize n, REAL low, REAL high, const REAL *x, REAL *y);          \
  void lw_reference_clip_gradient_##SUFFIX (gsize n, REAL low, REAL high,                          \
                                            const REAL *x, const REAL *gy, REAL *gx);              \
  void lw_reference_relu_with_##SUFFIX (gsize n, REAL slope, REAL max, REAL threshold,             \
                                        const REAL *x, REAL *y);                                   \
  void lw_reference_relu_with_gradient_##SUFFIX (gsize n, REAL slope, REAL max, REAL threshold,    \
                                                 const REAL *x, const REAL *gy, REAL *gx);         \
  void lw_reference_elu_##SUFFIX (gsize n, REAL alpha, const REAL *x, REAL *y);                    \
  void lw_reference_elu_gradient_##SUFFIX (gsize n, REAL alpha,                                    \
                                           const REAL *x, const REAL *gy, REAL *gx);               \
  void lw_reference_softplus_##SUFFIX (gsize n, const REAL *x, REAL *y);                           \
  void lw_reference_softplus_gradient_##SUFFIX (gsize n, const REAL *x, const REAL *gy, REAL *gx); \
  void lw_reference_silu_##SUFFIX (gsize n, const REAL *x, REAL *y);                               \
  void lw_reference_silu_gradient_##SUFFIX (gsize n, const REAL *x, const REAL *gy, REAL *gx);     \
  void lw_reference_gelu_##SUFFIX (gsize n, const REAL *x, REAL *y);                               \
  void lw_reference_gelu_gradient_##SUFFIX (gsize n, const REAL *x, const REAL *gy, REAL *gx);     \
  void lw_reference_gelu_tanh_##SUFFIX (gsize n, const REAL *x, REAL *y);                          \
  void lw_reference_gelu_tanh_gradient_##SUFFIX (gsize n,                                          \
                                                 const REAL *x, const REAL *gy, REAL *gx);         \
  void lw_reference_dropout_##SUFFIX (gsize n, REAL factor, const uint8_t *mask, const REAL *x,    \
                                      REAL *y);                                                    \
  void lw_reference_adam_##SUFFIX (gsize n, REAL alpha, REAL one_minus_beta_1,                     \
                                   REAL one_minus_beta_2, REAL epsilon, const REAL *g,             \
                                   const REAL *w, const REAL *m, const REAL *v, const REAL *vhat,  \
                                   REAL *w_out, REAL *m_out, REAL *v_out, REAL *vhat_out);         \
  void lw_reference_sgd_##SUFFIX (gsize n, REAL rate, REAL momentum, gboolean nesterov,            \
                                  const REAL *g, const REAL *w, const REAL *m, REAL *w_out,        \
                                  REAL *m_out);                                                    \
  void lw_reference_nadam_##SUFFIX (gsize n, REAL rate, REAL of_m, REAL of_g, REAL correction,     \
                                    REAL one_minus_beta_1, REAL one_minus_beta_2, REAL epsilon,    \
                                    const REAL *g, const REAL *w, const REAL *m, const REAL *v,    \
                                    REAL *w_out, REAL *m_out, REAL *v_out);                        \
  void lw_reference_rmsprop_##SUFFIX (gsize n, REAL rate, REAL rho, REAL momentum, REAL epsilon,   \
                                      const REAL *g, const REAL *w, const REAL *v, const REAL *b,  \
                                      const REAL *a, REAL *w_out, REAL *v_out, REAL *b_out,        \
                                      REAL *a_out);                                                \
  void lw_reference_adagrad_##SUFFIX (gsize n, REAL rate, REAL epsilon, const REAL *g,             \
                                      const REAL *w, const REAL *sum, REAL *w_out,                 \
                                      REAL *sum_out);

LW_REFERENCE_PROTOTYPES (float, f32)
LW_REFERENCE_PROTOTYPES (double, f64)

G_END_DECLS
