#include "engine/kernels/kernels-private.h"

/* The table of one instruction set; kernels.c chooses among them. */

extern const LwKernels LW_KERNEL (lw_kernels);

const LwKernels LW_KERNEL (lw_kernels) = {
#if defined LW_KERNEL_AVX512
  .isa = LW_ISA_AVX512,
  .name = "avx512",
#elif defined LW_KERNEL_AVX2
  .isa = LW_ISA_AVX2,
  .name = "avx2",
#elif defined LW_KERNEL_NEON
  .isa = LW_ISA_NEON,
  .name = "neon",
#else
  .isa = LW_ISA_BASELINE,
  .name = "baseline",
#endif
  .lanes = LW_LANES,
  .gemm = LW_KERNEL (lw_gemm),
  .transpose = LW_KERNEL (lw_transpose),
  .add = LW_KERNEL (lw_add),
  .subtract = LW_KERNEL (lw_subtract),
  .multiply = LW_KERNEL (lw_multiply),
  .scale = LW_KERNEL (lw_scale),
  .exp = LW_KERNEL (lw_exp),
  .log = LW_KERNEL (lw_log),
  .relu = LW_KERNEL (lw_relu),
  .sigmoid = LW_KERNEL (lw_sigmoid),
  .tanh = LW_KERNEL (lw_tanh),
  .relu_gradient = LW_KERNEL (lw_relu_gradient),
  .sigmoid_gradient = LW_KERNEL (lw_sigmoid_gradient),
  .tanh_gradient = LW_KERNEL (lw_tanh_gradient),
  .scale_u8 = LW_KERNEL (lw_scale_u8),
  .all_finite = LW_KERNEL (lw_all_finite),
  .softmax = LW_KERNEL (lw_softmax),
  .softmax_gradient = LW_KERNEL (lw_softmax_gradient),
  .softmax_cross_entropy = LW_KERNEL (lw_softmax_cross_entropy),
  .softmax_cross_entropy_gradient = LW_KERNEL (lw_softmax_cross_entropy_gradient),
  .mask_gradient = LW_KERNEL (lw_mask_gradient),
  .max_pool = LW_KERNEL (lw_max_pool),
  .max_pool_gradient = LW_KERNEL (lw_max_pool_gradient),
  .average_pool = LW_KERNEL (lw_average_pool),
  .average_pool_gradient = LW_KERNEL (lw_average_pool_gradient),
  .global_average = LW_KERNEL (lw_global_average),
  .global_average_gradient = LW_KERNEL (lw_global_average_gradient),
  .dropout = LW_KERNEL (lw_dropout),
  .dropout_gradient = LW_KERNEL (lw_dropout_gradient),
  .adam = LW_KERNEL (lw_adam),
  .sgd = LW_KERNEL (lw_sgd),
};
