#include "engine/kernels/kernels-private.h"

/* Batch normalisation over rows of channels: the sums of one block of rows, and the passes that
 * use them. Lanes are channels; a channel's sum over a block runs in four running sums (row % 4),
 * joined ((0 + 1) + (2 + 3)), and the caller adds up the blocks, in an order that the shape gives. */

enum { SUMS = 4 };

LW_INLINE LwVec
load (const float *p, int n)
{
  return n == LW_LANES ? lw_vec_load (p) : lw_vec_load_part (p, n);
}

LW_INLINE void
store (float *p, int n, LwVec v)
{
  if (n == LW_LANES)
    lw_vec_store (p, v);
  else
    lw_vec_store_part (p, n, v);
}

LW_INLINE LwVec
join (const LwVec sums[SUMS])
{
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* n of a vector's channels, from channel 0 of the pointers on. */
LW_INLINE void
moments_of_channels (int rows, int channels, int n, const float *x, float *mean, float *rest, float *squares)
{
  LwVec sums[SUMS] = { { 0 } }, square_sums[SUMS] = { { 0 } };
  LwVec center;

  for (int r = 0; r < rows; r += SUMS)
    {
      LW_UNROLL
      for (int i = 0; i < SUMS; i++)
        if (r + i < rows)
          sums[i] += load (x + (gsize) (r + i) * channels, n);
    }
  center = join (sums) / (float) rows;

  LW_UNROLL
  for (int i = 0; i < SUMS; i++)
    sums[i] = (LwVec) { 0 };
  for (int r = 0; r < rows; r += SUMS)
    {
      LW_UNROLL
      for (int i = 0; i < SUMS; i++)
        if (r + i < rows)
          {
            const LwVec difference = load (x + (gsize) (r + i) * channels, n) - center;

            sums[i] += difference;
            square_sums[i] += difference * difference;
          }
    }
  store (mean, n, center);
  store (rest, n, join (sums));
  store (squares, n, join (square_sums));
}

void
LW_KERNEL (lw_batch_moments) (int rows, int channels, const float *x, float *mean, float *rest, float *squares)
{
  int c = 0;

  for (; c + LW_LANES <= channels; c += LW_LANES)
    moments_of_channels (rows, channels, LW_LANES, x + c, mean + c, rest + c, squares + c);
  if (c < channels)
    moments_of_channels (rows, channels, channels - c, x + c, mean + c, rest + c, squares + c);
}

void
LW_KERNEL (lw_batch_normalize) (int rows, int channels, const float *x, const float *mean,
                                const float *factor, const float *offset, float *y)
{
  for (int r = 0; r < rows; r++, x += channels, y += channels)
    {
      LW_INDEPENDENT
      for (int c = 0; c < channels; c++)
        y[c] = (x[c] - mean[c]) * factor[c] + offset[c];
    }
}

LW_INLINE void
sums_of_channels (int rows, int channels, int n, const float *x, const float *mean, const float *gy,
                  float *sum, float *dot)
{
  const LwVec center = load (mean, n);
  LwVec       sums[SUMS] = { { 0 } }, dots[SUMS] = { { 0 } };

  for (int r = 0; r < rows; r += SUMS)
    {
      LW_UNROLL
      for (int i = 0; i < SUMS; i++)
        if (r + i < rows)
          {
            const gsize at = (gsize) (r + i) * channels;
            const LwVec g = load (gy + at, n);

            sums[i] += g;
            dots[i] += g * (load (x + at, n) - center);
          }
    }
  store (sum, n, join (sums));
  store (dot, n, join (dots));
}

void
LW_KERNEL (lw_batch_normalize_sums) (int rows, int channels, const float *x, const float *mean,
                                     const float *gy, float *sum, float *dot)
{
  int c = 0;

  for (; c + LW_LANES <= channels; c += LW_LANES)
    sums_of_channels (rows, channels, LW_LANES, x + c, mean + c, gy + c, sum + c, dot + c);
  if (c < channels)
    sums_of_channels (rows, channels, channels - c, x + c, mean + c, gy + c, sum + c, dot + c);
}

void
LW_KERNEL (lw_batch_normalize_gradient) (int rows, int channels, const float *x, const float *mean,
                                         const float *gy, const float *gy_mean, const float *slope,
                                         const float *factor, float *gx)
{
  for (int r = 0; r < rows; r++, x += channels, gy += channels, gx += channels)
    {
      LW_INDEPENDENT
      for (int c = 0; c < channels; c++)
        gx[c] = ((gy[c] - gy_mean[c]) - (x[c] - mean[c]) * slope[c]) * factor[c];
    }
}
