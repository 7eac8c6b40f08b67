#pragma once

#include "engine/kernels/kernels.h"
#include "engine/kernels/vector.h"

/* What the kernel sources of one instruction set offer its table (table.c): kernels.h says what
 * each does. */

void     LW_KERNEL (lw_gemm)      (const LwGemm *gemm);

void     LW_KERNEL (lw_transpose) (int rows, int cols, const float *x, float *y);
void     LW_KERNEL (lw_add)       (gsize n, const float *a, const float *b, float *y);
void     LW_KERNEL (lw_subtract)  (gsize n, const float *a, const float *b, float *y);
void     LW_KERNEL (lw_multiply)  (gsize n, const float *a, const float *b, float *y);
void     LW_KERNEL (lw_scale)     (gsize n, float factor, const float *x, float *y);
void     LW_KERNEL (lw_exp)       (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_log)       (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_relu)      (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_sigmoid)   (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_tanh)      (gsize n, const float *x, float *y);
void     LW_KERNEL (lw_relu_gradient)    (gsize n, const float *y, const float *gy, float *gx);
void     LW_KERNEL (lw_sigmoid_gradient) (gsize n, const float *y, const float *gy, float *gx);
void     LW_KERNEL (lw_tanh_gradient)    (gsize n, const float *y, const float *gy, float *gx);
void     LW_KERNEL (lw_scale_u8)         (gsize n, float factor, float offset, const uint8_t *x,
                                          float *y);
gboolean LW_KERNEL (lw_all_finite)       (gsize n, const float *x);

void     LW_KERNEL (lw_softmax)          (int rows, int cols, const float *x, float *y);
void     LW_KERNEL (lw_softmax_gradient) (int rows, int cols, const float *y, const float *gy,
                                          float *gx);
void     LW_KERNEL (lw_softmax_cross_entropy)          (int rows, int cols, const float *logits,
                                                        const int32_t *labels,
                                                        float *probabilities, float *losses);
void     LW_KERNEL (lw_softmax_cross_entropy_gradient) (int rows, int cols,
                                                        const float *probabilities,
                                                        const int32_t *labels, float factor,
                                                        float *gx);

void     LW_KERNEL (lw_mask_gradient) (int rows, int cols, int channels, const float *y,
                                       const float *gy, float *scratch, ptrdiff_t row_stride,
                                       ptrdiff_t column_stride, float *db);
void     LW_KERNEL (lw_max_pool)              (const LwPool2d *pool, const float *x, float *y,
                                               uint8_t *winner);
void     LW_KERNEL (lw_max_pool_gradient)     (const LwPool2d *pool, const uint8_t *winner,
                                               const float *gy, float *gx);
void     LW_KERNEL (lw_average_pool)          (const LwPool2d *pool, const float *x, float *y);
void     LW_KERNEL (lw_average_pool_gradient) (const LwPool2d *pool, const float *gy, float *gx);
void     LW_KERNEL (lw_global_average)        (int pixels, int channels, const float *x, float *y);
void     LW_KERNEL (lw_global_average_gradient) (int pixels, int channels, const float *gy,
                                                 float *gx);

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
