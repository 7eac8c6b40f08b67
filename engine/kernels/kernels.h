#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* LwKernels: the numeric inner loops, on plain float arrays.
 *
 * Their sources (gemm.c, elementwise.c) are compiled once per instruction set; lw_kernels_get()
 * hands out the table of function pointers of one of them. Whoever calls splits the work among
 * threads: a kernel runs in the calling thread, allocates nothing and knows no tensors.
 *
 * The rules that keep the bits equal on every machine: each sum is taken in an order that depends
 * on the problem's shape alone, never on vector length; only gemm.c and sparse.c fuse multiply and add; exp,
 * log and tanh are our own. The x86-64 baseline has no fused multiply-add: its results equal
 * themselves, and the others' up to rounding.
 *
 * Arrays that gemm reads as B or writes as C need no padding behind them, but *reading* B may go up
 * to LW_KERNEL_SLACK bytes beyond its last element: every buffer from the pool has that slack.
 * Everything else is read and written within its bounds. Any alignment will do; arrays that begin
 * at a multiple of 64 bytes are faster, as vectors then do not straddle cache lines. */

G_BEGIN_DECLS

#define LW_KERNEL_SLACK 64

typedef enum {
  LW_ISA_BASELINE, /* x86-64's SSE2, or whatever the compiler's target has */
  LW_ISA_AVX2,     /* AVX2 and FMA */
  LW_ISA_AVX512,   /* AVX-512 F, DQ, BW, VL */
  LW_ISA_NEON,     /* arm64 */
  LW_N_ISAS
} LwIsa;

/* How gemm addresses element (row m, depth k) of A. */
typedef enum {
  LW_A_STRIDED,    /* a[m * a_row_stride + k]: forward passes, data gradients */
  LW_A_CONTIGUOUS, /* a[m + k * a_k_stride]: weight gradients (A is read transposed) */
  LW_A_OFFSETS,    /* a[a_offsets[m] + k * a_k_stride]: weight gradients with few channels */
} LwGemmA;

typedef enum {
  LW_START_ZERO,       /* C = A·B */
  LW_START_BIAS,       /* C = bias + A·B, bias[n] the same for each row */
  LW_START_ACCUMULATE, /* C += A·B */
} LwGemmStart;

/* C[r, m, n] = start + sum over segments g, k of A[r, g, m, k] · B[g, k, n], clamped at 0 for relu.
 *
 * For each of `rows` (an image's output rows; 1 for a plain product) A begins at a + r * a_row_block,
 * B at b + r * b_row_block and C at c + r * c_row_block. Segment g adds a_segments[g] to A and b_segments[g] to B (element
 * offsets): a convolution's kernel rows. n_segments == 1 with NULL tables means offset 0.
 * One element's sum runs over g, then k, upwards, one fused multiply-add each: nothing else
 * (blocking, vector length, tile shape) may change that order. */
typedef struct {
  LwGemmA          a_mode;
  LwGemmStart      start;
  gboolean         relu;
  int              rows, m, n, k;
  const float     *a;
  ptrdiff_t        a_row_block, a_row_stride, a_k_stride;
  const int32_t   *a_offsets; /* [m], LW_A_OFFSETS only */
  const float     *b;
  ptrdiff_t        b_row_block; /* from one of `rows` to the next: 0 where all meet the same B */
  ptrdiff_t        b_stride;    /* from one k to the next */
  int              n_segments;
  const ptrdiff_t *a_segments, *b_segments; /* [n_segments] */
  const float     *bias;                    /* [n], LW_START_BIAS only */
  float           *c;
  ptrdiff_t        c_row_block, c_row_stride;
} LwGemm;

/* A matrix of which most elements are 0, by those that are not: row r's are values[i] in the columns columns[i],
 * upwards, for i from starts[r] to below starts[r + 1]. */
typedef struct {
  int            rows;
  const int32_t *starts;  /* [rows + 1] */
  const int32_t *columns;
  const float   *values;
} LwSparse;

/* Winograd's way of a 3×3 convolution over one image [h, w, cin] -> [oh, ow, cout] without strides or dilation
 * (winograd.c): the output is cut into tiles of 2×2, numbered row by row, (oh + 1) / 2 by (ow + 1) / 2 of them. */
typedef struct {
  int h, w, cin, oh, ow, cout;
  int pad_top, pad_left;
} LwWinograd;

#define LW_WINOGRAD_GAP 16

/* A pooling window over one image [h, w, channels] -> [oh, ow, channels]; cells outside the image
 * do not take part ("same" padding: pad_top/pad_left cells lie before it). */
typedef struct {
  int h, w, channels, oh, ow;
  int pool_h, pool_w, stride_h, stride_w, pad_top, pad_left;
} LwPool2d;

/* One step of Adam for a weight array; bias corrections are folded into `alpha` by the caller:
 *   m += (g - m)·(1 - beta_1);  v += (g² - v)·(1 - beta_2);  w -= alpha·m / (sqrt (v) + epsilon)
 * (Keras 3, optimizers/adam.py). With vhat not NULL (amsgrad) vhat = max (vhat, v) takes v's place
 * in the denominator. Output arrays may be the input arrays or distinct from all of them. */
typedef struct {
  float alpha, one_minus_beta_1, one_minus_beta_2, epsilon;
} LwAdamStep;

/* One step of Nadam; what depends on the step alone is folded into three factors by the caller:
 *   m += (g - m)·(1 - beta_1);  v += (g² - v)·(1 - beta_2)
 *   w -= rate·(of_m·m + of_g·g) / (sqrt (v·correction) + epsilon)
 * (Keras 3, optimizers/nadam.py; Dozat, "Incorporating Nesterov momentum into Adam", 2016). */
typedef struct {
  float rate, of_m, of_g, correction, one_minus_beta_1, one_minus_beta_2, epsilon;
} LwNadamStep;

/* One step of RMSprop (Keras 3, optimizers/rmsprop.py): epsilon stands inside the root.
 *   v = rho·v + (1 - rho)·g²;  d = v;  centered: a = rho·a + (1 - rho)·g, d = max (v - a², 0)
 *   step = rate·g / sqrt (d + epsilon);  w -= step, or with momentum b = momentum·b + step, w -= b
 * v - a² is a variance: the maximum only mends what rounding takes from it. */
typedef struct {
  float rate, rho, one_minus_rho, momentum, epsilon;
} LwRmspropStep;

typedef struct {
  LwIsa       isa;
  const char *name;  /* "baseline", "avx2", "avx512", "neon": the words of LW_ISA and --json */
  int         lanes; /* floats in a vector */

  void (*gemm) (const LwGemm *gemm);

  /* The elements other than 0 of x [rows, cols], if there are at most `most`: starts [rows + 1], columns and values,
   * which have room for as many and one row and LW_KERNEL_SLACK bytes. */
  gboolean (*compress) (int rows, int cols, const float *x, int32_t most, int32_t *starts, int32_t *columns,
                        float *values);
  /* c [rows, n] = bias + a·b, clamped at 0 for relu, b [columns, n]: to the bit what gemm makes of it where b is finite
   * and no bias (NULL for zeros) is -0. */
  void (*sparse_multiply) (const LwSparse *a, int n, const float *b, const float *bias, gboolean relu, float *c);

  /* Of tiles first … first + n - 1: the patches that they depend on, transformed, v [16, n, cin]; and from the
   * products m [16, n, cout] their pixels of y, with bias (or NULL) and relu. */
  void (*winograd_input) (const LwWinograd *z, int first, int n, const float *x, float *v);
  void (*winograd_output) (const LwWinograd *z, int first, int n, const float *m, const float *bias,
                           gboolean relu, float *y);
  /* The kernel's nine cells g [9, n], turned round by half a circle if so asked, as u [16, n]. */
  void (*winograd_kernel) (gsize n, gboolean turned, const float *g, float *u);

  /* y[c * rows + r] = x[r * cols + c]: the transpose of x [rows, cols]. */
  void (*transpose) (int rows, int cols, const float *x, float *y);

  /* Elementwise over n floats; x and y may be the same array. */
  void (*add) (gsize n, const float *a, const float *b, float *y);
  void (*subtract) (gsize n, const float *a, const float *b, float *y);
  void (*multiply) (gsize n, const float *a, const float *b, float *y);
  void (*divide) (gsize n, const float *a, const float *b, float *y);
  void (*pow) (gsize n, const float *a, const float *b, float *y);     /* C's pow() in every case */
  void (*maximum) (gsize n, const float *a, const float *b, float *y); /* NaN where either is */
  void (*minimum) (gsize n, const float *a, const float *b, float *y);
  void (*scale) (gsize n, float factor, const float *x, float *y);
  void (*exp) (gsize n, const float *x, float *y);
  void (*log) (gsize n, const float *x, float *y);
  void (*sqrt) (gsize n, const float *x, float *y);
  void (*abs) (gsize n, const float *x, float *y);
  void (*relu) (gsize n, const float *x, float *y);
  void (*sigmoid) (gsize n, const float *x, float *y);
  void (*tanh) (gsize n, const float *x, float *y);
  /* gx = gy where y > 0, else 0; gy·y·(1 - y); gy·(1 - y²): from the *outputs* y. */
  void (*relu_gradient) (gsize n, const float *y, const float *gy, float *gx);
  void (*sigmoid_gradient) (gsize n, const float *y, const float *gy, float *gx);
  void (*tanh_gradient) (gsize n, const float *y, const float *gy, float *gx);
  /* From the *inputs* x; a NaN stays one, infinities give the limits.
   * clip: x held within low … high; gx = gy where low <= x <= high, else 0.
   * relu_with: max where x >= max, x where threshold <= x, else slope·(x - threshold); gx = 0 where
   *   x >= max, gy where x > threshold, else slope·gy.
   * elu: x where x > 0, else alpha·(exp (x) - 1).
   * softplus: log (1 + exp (x)).
   * silu: x·sigmoid (x); gx = gy·s·(1 + x·(1 - s)).
   * gelu: x·Φ (x), Φ the normal distribution function; gx = gy·(Φ (x) + x·exp (-x² / 2) / sqrt (2 π)).
   * gelu_tanh: x·(1 + tanh (sqrt (2 / π)·(x + 0.044715·x³))) / 2.
   * (Hendrycks and Gimpel, "Gaussian error linear units", 2016; Clevert et al., "Fast and accurate
   * deep network learning by exponential linear units", 2015.) */
  void (*clip) (gsize n, float low, float high, const float *x, float *y);
  void (*clip_gradient) (gsize n, float low, float high, const float *x, const float *gy, float *gx);
  void (*relu_with) (gsize n, float slope, float max, float threshold, const float *x, float *y);
  void (*relu_with_gradient) (gsize n, float slope, float max, float threshold, const float *x,
                              const float *gy, float *gx);
  void (*elu) (gsize n, float alpha, const float *x, float *y);
  void (*elu_gradient) (gsize n, float alpha, const float *x, const float *gy, float *gx);
  void (*softplus) (gsize n, const float *x, float *y);
  void (*softplus_gradient) (gsize n, const float *x, const float *gy, float *gx);
  void (*silu) (gsize n, const float *x, float *y);
  void (*silu_gradient) (gsize n, const float *x, const float *gy, float *gx);
  void (*gelu) (gsize n, const float *x, float *y);
  void (*gelu_gradient) (gsize n, const float *x, const float *gy, float *gx);
  void (*gelu_tanh) (gsize n, const float *x, float *y);
  void (*gelu_tanh_gradient) (gsize n, const float *x, const float *gy, float *gx);
  /* y = (float) x · factor + offset: the data path's cast and scale (one rounding each). */
  void (*scale_u8) (gsize n, float factor, float offset, const uint8_t *x, float *y);
  /* TRUE if every element is finite. */
  gboolean (*all_finite) (gsize n, const float *x);
  /* used[c] = 1 if column c of x [rows, cols] has an element other than 0, else 0. */
  void (*mark_columns) (int rows, int cols, const float *x, uint8_t *used);

  /* Softmax over each of `rows` rows of `cols`: exp (x - max) / sum, stable. */
  void (*softmax) (int rows, int cols, const float *x, float *y);
  void (*softmax_gradient) (int rows, int cols, const float *y, const float *gy, float *gx);
  /* x - max - log (sum (exp (x - max))), and gx = gy - exp (y)·sum (gy). */
  void (*log_softmax) (int rows, int cols, const float *x, float *y);
  void (*log_softmax_gradient) (int rows, int cols, const float *y, const float *gy, float *gx);
  /* Fused: probabilities [rows, cols] and each row's cross-entropy -log softmax (x)[label] [rows];
   * labels lie in 0..cols-1 (the caller checks). */
  void (*softmax_cross_entropy) (int rows, int cols, const float *logits, const int32_t *labels,
                                 float *probabilities, float *losses);
  /* gx = (p - one_hot (label)) · factor. */
  void (*softmax_cross_entropy_gradient) (int rows, int cols, const float *probabilities,
                                          const int32_t *labels, float factor, float *gx);

  /* The first step of a convolution's or Dense's gradient, in one pass over the upstream gradient gy
   * [pixels, channels]: masks it by y > 0 (y NULL: no relu) into `masked` (NULL: not wanted) and adds
   * it to db [channels] (NULL: no bias). */
  void (*mask_gradient) (gsize pixels, int channels, const float *y, const float *gy, float *masked,
                         float *db);

  /* One image each. max_pool also leaves, in `winner`, the index kh * pool_w + kw of the first
   * cell that held the maximum (so a window has at most 256 cells); a NaN counts as the greatest.
   * Both gradients add to gx, which the caller has cleared. average_pool divides by the number of
   * cells inside the image. */
  void (*max_pool) (const LwPool2d *pool, const float *x, float *y, uint8_t *winner);
  void (*max_pool_gradient) (const LwPool2d *pool, const uint8_t *winner, const float *gy, float *gx);
  void (*average_pool) (const LwPool2d *pool, const float *x, float *y);
  void (*average_pool_gradient) (const LwPool2d *pool, const float *gy, float *gx);
  /* y[c] = mean over `pixels` of x [pixels, channels]; the sum runs over 8 interleaved partial sums
   * (pixel % 8) joined pairwise, whatever the vector length. gx = gy / pixels. */
  void (*global_average) (int pixels, int channels, const float *x, float *y);
  void (*global_average_gradient) (int pixels, int channels, const float *gy, float *gx);

  /* The maximum likewise, a NaN counting as the greatest. gx = gy shared equally among the pixels where
   * x equals the maximum y (or is NaN), 0 elsewhere. */
  void (*global_max) (int pixels, int channels, const float *x, float *y);
  void (*global_max_gradient) (int pixels, int channels, const float *x, const float *y,
                               const float *gy, float *gx);

  /* Batch normalisation, a block of rows (at least one) of x [rows, channels] at a time; everything
   * else has one entry for each channel.
   * batch_moments: `mean` of the block, and about it, as it is rounded, rest = sum (x - mean) and
   * squares = sum ((x - mean)²): from these, blocks can be joined exactly.
   * batch_normalize: y = (x - mean)·factor + offset.
   * batch_normalize_sums: sum = sum (gy), dot = sum (gy·(x - mean)).
   * batch_normalize_gradient: gx = ((gy - gy_mean) - (x - mean)·slope)·factor. */
  void (*batch_moments) (int rows, int channels, const float *x, float *mean, float *rest,
                         float *squares);
  void (*batch_normalize) (int rows, int channels, const float *x, const float *mean,
                           const float *factor, const float *offset, float *y);
  void (*batch_normalize_sums) (int rows, int channels, const float *x, const float *mean,
                                const float *gy, float *sum, float *dot);
  void (*batch_normalize_gradient) (int rows, int channels, const float *x, const float *mean,
                                    const float *gy, const float *gy_mean, const float *slope,
                                    const float *factor, float *gx);

  /* Inverted dropout: y = x · factor where the generator's 32-bit draw for element `first + i` is
   * >= threshold, else 0, mask[i] = 1 or 0. Draw number j is word j % 4 of Philox4x32-10 (Salmon et
   * al., "Parallel random numbers: as easy as 1, 2, 3", 2011) with counter {lo, hi of j / 4,
   * stream lo, stream hi} and the given key. first is a multiple of 4. */
  void (*dropout) (gsize n, const uint32_t key[2], uint64_t stream, uint64_t first,
                   uint32_t threshold, float factor, const float *x, float *y, uint8_t *mask);
  void (*dropout_gradient) (gsize n, float factor, const uint8_t *mask, const float *gy, float *gx);

  void (*adam) (gsize n, const LwAdamStep *step, const float *g,
                const float *w, const float *m, const float *v, const float *vhat,
                float *w_out, float *m_out, float *v_out, float *vhat_out);
  /* SGD, Keras 3 optimizers/sgd.py: without momentum (m NULL) w -= rate·g; else
   * m = momentum·m - rate·g and w += m, or with nesterov w += momentum·m - rate·g (the new m). */
  void (*sgd) (gsize n, float rate, float momentum, gboolean nesterov, const float *g,
               const float *w, const float *m, float *w_out, float *m_out);
  void (*nadam) (gsize n, const LwNadamStep *step, const float *g,
                 const float *w, const float *m, const float *v,
                 float *w_out, float *m_out, float *v_out);
  /* b NULL: without momentum; a NULL: not centered. */
  void (*rmsprop) (gsize n, const LwRmspropStep *step, const float *g,
                   const float *w, const float *v, const float *b, const float *a,
                   float *w_out, float *v_out, float *b_out, float *a_out);
  /* Adagrad, Keras 3 optimizers/adagrad.py: sum += g²;  w -= rate·g / sqrt (sum + epsilon). */
  void (*adagrad) (gsize n, float rate, float epsilon, const float *g,
                   const float *w, const float *sum, float *w_out, float *sum_out);
} LwKernels;

/* The table for one instruction set, or NULL when this build or this processor (or the operating
 * system, which must save the registers) has it not. */
const LwKernels *lw_kernels_get       (LwIsa isa);

/* The best one here. */
const LwKernels *lw_kernels_best      (void);

/* "avx2" -> LW_ISA_AVX2; FALSE for an unknown word. */
gboolean         lw_isa_from_name     (const char *name, LwIsa *isa);
const char      *lw_isa_name          (LwIsa isa);

/* Sets flush-to-zero and denormals-are-zero in the calling thread and returns what to hand to
 * lw_float_mode_leave(): Adam's moments of dead pixels turn denormal and would slow it by half. */
guint            lw_float_mode_enter  (void);
void             lw_float_mode_leave  (guint previous);

G_END_DECLS
