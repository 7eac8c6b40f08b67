#pragma once

#include "engine/kernels/kernels.h"
#include "engine/kernels/vector.h"

/* What the kernel sources of one instruction set offer its table (table.c): kernels.h says what
 * each does. */

void     LW_KERNEL (lw_gemm)      (const LwGemm *gemm);

gboolean LW_KERNEL (lw_compress)        (int rows, int cols, const float *x, int32_t most,
                                         int32_t *starts, int32_t *columns, float *values);
void     LW_KERNEL (lw_sparse_multiply) (const LwSparse *a, int n, const float *b, const float *bias,
                                         gboolean relu, float *c);

void     LW_KERNEL (lw_winograd_input)  (const LwWinograd *z, int first, int n, const float *x, float *v);
void     LW_KERNEL (lw_winograd_output) (const LwWinograd *z, int first, int n, const float *m,
                                         const float *bias, gboolean relu, float *y);
void     LW_KERNEL (lw_winograd_kernel) (gsize n, gboolean turned, const float *g, float *u);

void     LW_KERNEL (lw_transpose) (int rows, int cols, const float *x, float *y);
void     LW_KERNEL (lw_add)       (gsize n, const float *a, const float *b, float *y);
void     LW_KERNEL (lw_subtract)  (gsize n, const float *a, const float *b, float *y);
void     LW_KERNEL (lw_multiply)  (gsize n, const float *a, const float *b, float *y);
void     LW_KERNEL (lw_divide)    (gsize n, const float *a, const float *b, float *y);
void     LW_KERNEL (lw_pow)       (gsize n, const float *a, const float *b, float *y);
void     LW_KERNEL (lw_maximum)   (gsize n, const float *a, const float *b, float *y);
void     LW_KERNEL (lw_minimum)   (gsize n, const float *a, const float *b, float *y);
void     LW_KERNEL (lw_scale)     (gsize n, float factor, const float *x, float *y);
void     LW_KERNEL (lw_exp)       (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_log)       (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_sqrt)      (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_abs)       (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_relu)      (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_sigmoid)   (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_tanh)      (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_relu_gradient)    (gsize n, const float *y, const float *gy, float *gx);
void     LW_KERNEL (lw_sigmoid_gradient) (gsize n, const float *y, const float *gy, float *gx);
void     LW_KERNEL (lw_tanh_gradient)    (gsize n, const float *y, const float *gy, float *gx);
void     LW_KERNEL (lw_scale_u8)         (gsize n, float factor, float offset, const uint8_t *x,
                                          float *y);
gboolean LW_KERNEL (lw_all_finite)       (gsize n, const float *x);
void     LW_KERNEL (lw_mark_columns) (int rows, int cols, const float *x, uint8_t *used);

void     LW_KERNEL (lw_clip)               (gsize n, float low, float high, const float *x, float *y);
void     LW_KERNEL (lw_clip_gradient)      (gsize n, float low, float high, const float *x,
                                            const float *gy, float *gx);
void     LW_KERNEL (lw_relu_with)          (gsize n, float slope, float max, float threshold,
                                            const float *x, float *y);
void     LW_KERNEL (lw_relu_with_gradient) (gsize n, float slope, float max, float threshold,
                                            const float *x, const float *gy, float *gx);
void     LW_KERNEL (lw_elu)                (gsize n, float alpha, const float *x, float *y);
void     LW_KERNEL (lw_elu_gradient)       (gsize n, float alpha, const float *x, const float *gy,
                                            float *gx);
void     LW_KERNEL (lw_softplus)           (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_softplus_gradient)  (gsize n, const float *x, const float *gy, float *gx);
void     LW_KERNEL (lw_silu)               (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_silu_gradient)      (gsize n, const float *x, const float *gy, float *gx);
void     LW_KERNEL (lw_gelu)               (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_gelu_gradient)      (gsize n, const float *x, const float *gy, float *gx);
void     LW_KERNEL (lw_gelu_tanh)          (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_gelu_tanh_gradient) (gsize n, const float *x, const float *gy, float *gx);

void     LW_KERNEL (lw_softmax)          (int rows, int cols, const float *x, float *y);
void     LW_KERNEL (lw_softmax_gradient) (int rows, int cols, const float *y, const float *gy,
                                          float *gx);
void     LW_KERNEL (lw_log_softmax)          (int rows, int cols, const float *x, float *y);
void     LW_KERNEL (lw_log_softmax_gradient) (int rows, int cols, const float *y, const float *gy,
                                              float *gx);
void     LW_KERNEL (lw_softmax_cross_entropy)          (int rows, int cols, const float *logits,
                                                        const int32_t *labels,
                                                        float *probabilities, float *losses);
void     LW_KERNEL (lw_softmax_cross_entropy_gradient) (int rows, int cols,
                                                        const float *probabilities,
                                                        const int32_t *labels, float factor,
                                                        float *gx);

void     LW_KERNEL (lw_mask_gradient) (gsize pixels, int channels, const float *y, const float *gy,
                                       float *masked, float *db);
void     LW_KERNEL (lw_max_pool)              (const LwPool2d *pool, const float *x, float *y,
                                               uint8_t *winner);
void     LW_KERNEL (lw_max_pool_gradient)     (const LwPool2d *pool, const uint8_t *winner,
                                               const float *gy, float *gx);
void     LW_KERNEL (lw_average_pool)          (const LwPool2d *pool, const float *x, float *y);
void     LW_KERNEL (lw_average_pool_gradient) (const LwPool2d *pool, const float *gy, float *gx);
void     LW_KERNEL (lw_global_average)        (int pixels, int channels, const float *x, float *y);
void     LW_KERNEL (lw_global_average_gradient) (int pixels, int channels, const float *gy,
                                                 float *gx);

void     LW_KERNEL (lw_global_max)            (int pixels, int channels, const float *x, float *y);
void     LW_KERNEL (lw_global_max_gradient)   (int pixels, int channels, const float *x,
                                               const float *y, const float *gy, float *gx);

void     LW_KERNEL (lw_batch_moments)            (int rows, int channels, const float *x, float *mean,
                                                  float *rest, float *squares);
void     LW_KERNEL (lw_batch_normalize)          (int rows, int channels, const float *x,
                                                  const float *mean, const float *factor,
                                                  const float *offset, float *y);
void     LW_KERNEL (lw_batch_normalize_sums)     (int rows, int channels, const float *x,
                                                  const float *mean, const float *gy, float *sum,
                                                  float *dot);
void     LW_KERNEL (lw_batch_normalize_gradient) (int rows, int channels, const float *x,
                                                  const float *mean, const float *gy,
                                                  const float *gy_mean, const float *slope,
                                                  const float *factor, float *gx);

void     LW_KERNEL (lw_dropout)          (gsize n, const uint32_t key[2], uint64_t stream,
                                          uint64_t first, uint32_t threshold, float factor,
                                          const float *x, float *y, uint8_t *mask);
void     LW_KERNEL (lw_dropout_gradient) (gsize n, float factor, const uint8_t *mask,
                                          const float *gy, float *gx);

void     LW_KERNEL (lw_adam) (gsize n, const LwAdamStep *step, const float *g, const float *w,
                              const float *m, const float *v, const float *vhat, float *w_out,
                              float *m_out, float *v_out, float *vhat_out);
void     LW_KERNEL (lw_sgd)  (gsize n, float rate, float momentum, gboolean nesterov,
                              const float *g, const float *w, const float *m, float *w_out,
                              float *m_out);
void     LW_KERNEL (lw_nadam) (gsize n, const LwNadamStep *step, const float *g, const float *w,
                               const float *m, const float *v, float *w_out, float *m_out,
                               float *v_out);
void     LW_KERNEL (lw_rmsprop) (gsize n, const LwRmspropStep *step, const float *g, const float *w,
                                 const float *v, const float *b, const float *a, float *w_out,
                                 float *v_out, float *b_out, float *a_out);
void     LW_KERNEL (lw_adagrad) (gsize n, float rate, float epsilon, const float *g, const float *w,
                                 const float *sum, float *w_out, float *sum_out);
