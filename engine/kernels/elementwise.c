#include "engine/kernels/kernels-private.h"
#include "engine/kernels/mathf.h"

/* Loops over independent elements, written for the compiler to vectorise: one element's value never
 * depends on its neighbours, so vector length cannot change a bit. */

typedef float Four __attribute__ ((vector_size (16)));
typedef float FourUnaligned __attribute__ ((vector_size (16), aligned (4), may_alias));

/* 4 × 4 numbers: halves of pairs of rows are interleaved twice. */
LW_INLINE void
transpose_four (const float *x, gsize x_stride, float *y, gsize y_stride)
{
  const Four row_0 = *(const FourUnaligned *) x;
  const Four row_1 = *(const FourUnaligned *) (x + x_stride);
  const Four row_2 = *(const FourUnaligned *) (x + 2 * x_stride);
  const Four row_3 = *(const FourUnaligned *) (x + 3 * x_stride);
  const Four low_02 = __builtin_shufflevector (row_0, row_2, 0, 4, 1, 5);
  const Four high_02 = __builtin_shufflevector (row_0, row_2, 2, 6, 3, 7);
  const Four low_13 = __builtin_shufflevector (row_1, row_3, 0, 4, 1, 5);
  const Four high_13 = __builtin_shufflevector (row_1, row_3, 2, 6, 3, 7);

  *(FourUnaligned *) y = __builtin_shufflevector (low_02, low_13, 0, 4, 1, 5);
  *(FourUnaligned *) (y + y_stride) = __builtin_shufflevector (low_02, low_13, 2, 6, 3, 7);
  *(FourUnaligned *) (y + 2 * y_stride) = __builtin_shufflevector (high_02, high_13, 0, 4, 1, 5);
  *(FourUnaligned *) (y + 3 * y_stride) = __builtin_shufflevector (high_02, high_13, 2, 6, 3, 7);
}

void
LW_KERNEL (lw_transpose) (int rows, int cols, const float *x, float *y)
{
  enum { BLOCK = 16 }; /* a cache line each way */
  const int whole_rows = rows / 4 * 4, whole_cols = cols / 4 * 4;

  for (int row = 0; row < whole_rows; row += BLOCK)
    for (int col = 0; col < whole_cols; col += BLOCK)
      {
        const int row_end = MIN (row + BLOCK, whole_rows);
        const int col_end = MIN (col + BLOCK, whole_cols);

        for (int c = col; c < col_end; c += 4)
          for (int r = row; r < row_end; r += 4)
            transpose_four (x + (gsize) r * cols + c, cols, y + (gsize) c * rows + r, rows);
      }
  for (int r = 0; r < rows; r++)
    for (int c = r < whole_rows ? whole_cols : 0; c < cols; c++)
      y[(gsize) c * rows + r] = x[(gsize) r * cols + c];
}

void
LW_KERNEL (lw_add) (gsize n, const float *a, const float *b, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    y[i] = a[i] + b[i];
}

void
LW_KERNEL (lw_subtract) (gsize n, const float *a, const float *b, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    y[i] = a[i] - b[i];
}

void
LW_KERNEL (lw_multiply) (gsize n, const float *a, const float *b, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    y[i] = a[i] * b[i];
}

void
LW_KERNEL (lw_divide) (gsize n, const float *a, const float *b, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    y[i] = a[i] / b[i];
}

void
LW_KERNEL (lw_pow) (gsize n, const float *a, const float *b, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    y[i] = lw_powf (a[i], b[i]);
}

/* A NaN on either side is the result. */
void
LW_KERNEL (lw_maximum) (gsize n, const float *a, const float *b, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float u = a[i], v = b[i];
      const float larger = u > v ? u : v;

      y[i] = u != u ? u : larger;
    }
}

void
LW_KERNEL (lw_minimum) (gsize n, const float *a, const float *b, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float u = a[i], v = b[i];
      const float smaller = u < v ? u : v;

      y[i] = u != u ? u : smaller;
    }
}

void
LW_KERNEL (lw_scale) (gsize n, float factor, const float *x, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    y[i] = x[i] * factor;
}

void
LW_KERNEL (lw_exp) (gsize n, const float *x, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    y[i] = lw_expf (x[i]);
}

void
LW_KERNEL (lw_log) (gsize n, const float *x, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    y[i] = lw_logf (x[i]);
}

void
LW_KERNEL (lw_sqrt) (gsize n, const float *x, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    y[i] = sqrtf (x[i]);
}

void
LW_KERNEL (lw_abs) (gsize n, const float *x, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    y[i] = lw_float_from_bits (lw_float_bits (x[i]) & 0x7fffffffu);
}

void
LW_KERNEL (lw_relu) (gsize n, const float *x, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    y[i] = x[i] < 0.f ? 0.f : x[i]; /* this way round a NaN stays one */
}

void
LW_KERNEL (lw_sigmoid) (gsize n, const float *x, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    y[i] = lw_sigmoidf (x[i]);
}

void
LW_KERNEL (lw_tanh) (gsize n, const float *x, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    y[i] = lw_tanhf (x[i]);
}

void
LW_KERNEL (lw_relu_gradient) (gsize n, const float *y, const float *gy, float *gx)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float g = gy[i];

      gx[i] = y[i] > 0.f ? g : 0.f;
    }
}

void
LW_KERNEL (lw_sigmoid_gradient) (gsize n, const float *y, const float *gy, float *gx)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    gx[i] = gy[i] * y[i] * (1.f - y[i]);
}

void
LW_KERNEL (lw_tanh_gradient) (gsize n, const float *y, const float *gy, float *gx)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    gx[i] = gy[i] * (1.f - y[i] * y[i]);
}

void
LW_KERNEL (lw_scale_u8) (gsize n, float factor, float offset, const uint8_t *x, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    y[i] = (float) x[i] * factor + offset;
}

gboolean
LW_KERNEL (lw_all_finite) (gsize n, const float *x)
{
  enum { BLOCK = 4096 }; /* how far to look before leaving early */
  const uint32_t exponent = 0x7f800000u;

  for (gsize begin = 0; begin < n; begin += BLOCK)
    {
      const gsize end = MIN (begin + BLOCK, n);
      uint32_t    bad = 0;

      for (gsize i = begin; i < end; i++)
        bad |= (lw_float_bits (x[i]) & exponent) == exponent;
      if (bad != 0)
        return FALSE;
    }
  return TRUE;
}

void
LW_KERNEL (lw_mark_columns) (int rows, int cols, const float *x, uint8_t *used)
{
  int c = 0;

  for (; c < cols; c += LW_LANES)
    {
      const int n = MIN (cols - c, LW_LANES);
      LwVecInt  any = { 0 };

      for (int r = 0; r < rows; r++)
        {
          const float *row = x + (gsize) r * cols + c;
          const LwVec  v = n == LW_LANES ? lw_vec_load (row) : lw_vec_load_part (row, n);

          any |= v != (LwVec) { 0 };
        }
      lw_vec_store_bytes (used + c, n, any & 1);
    }
}
