#include "engine/kernels/kernels-private.h"
#include "engine/kernels/mathf.h"

/* Softmax, its logarithm and its cross-entropy, row by row.
 *
 * Sums over a row run over LANES interleaved partial sums, whatever the machine's vector length:
 * column c belongs to sum c % LANES, and the sums are joined pairwise, halves first. */

enum { LANES = 16, VECTORS = LANES / LW_LANES };

/* x[0 .. n-1], then `fill`. */
LW_INLINE void
load_lanes (const float *x, int n, float fill, float lanes[LANES])
{
  if (n >= LANES)
    memcpy (lanes, x, LANES * sizeof (float));
  else
    {
      LW_UNROLL
      for (int v = 0; v < VECTORS; v++)
        {
          const int      here = CLAMP (n - v * LW_LANES, 0, LW_LANES);
          const LwVecInt filled = lw_vec_lane_numbers () >= here;
          const LwVec    part = lw_vec_load_part (x + v * LW_LANES, here);

          lw_vec_store (lanes + v * LW_LANES, lw_vec_select (filled, lw_vec_set (fill), part));
        }
    }
}

LW_INLINE void
store_lanes (float *y, int n, const float lanes[LANES])
{
  if (n >= LANES)
    memcpy (y, lanes, LANES * sizeof (float));
  else
    {
      LW_UNROLL
      for (int v = 0; v < VECTORS; v++)
        lw_vec_store_part (y + v * LW_LANES, CLAMP (n - v * LW_LANES, 0, LW_LANES),
                           lw_vec_load (lanes + v * LW_LANES));
    }
}

LW_INLINE float
join_sums (const float lanes[LANES])
{
  float eight[8], four[4];

  for (int i = 0; i < 8; i++)
    eight[i] = lanes[i] + lanes[i + 8];
  for (int i = 0; i < 4; i++)
    four[i] = eight[i] + eight[i + 4];
  return (four[0] + four[2]) + (four[1] + four[3]);
}

LW_INLINE float
larger (float a, float b)
{
  return a > b ? a : b;
}

LW_INLINE float
join_maxima (const float lanes[LANES])
{
  float eight[8], four[4];

  for (int i = 0; i < 8; i++)
    eight[i] = larger (lanes[i], lanes[i + 8]);
  for (int i = 0; i < 4; i++)
    four[i] = larger (eight[i], eight[i + 4]);
  return larger (larger (four[0], four[2]), larger (four[1], four[3]));
}

static float
row_maximum (int cols, const float *x)
{
  float maxima[LANES], lanes[LANES];

  load_lanes (x, cols, -INFINITY, maxima);
  for (int c = LANES; c < cols; c += LANES)
    {
      load_lanes (x + c, cols - c, -INFINITY, lanes);
      for (int i = 0; i < LANES; i++)
        maxima[i] = larger (lanes[i], maxima[i]);
    }
  return join_maxima (maxima);
}

/* y = exp (x - maximum); returns the sum. NaN anywhere makes the sum NaN, and so do an infinite
 * maximum (inf - inf) and a row of nothing but -inf. */
static float
row_exp (int cols, const float *x, float maximum, float *y)
{
  float sums[LANES] = { 0 };
  float lanes[LANES];

  for (int c = 0; c < cols; c += LANES)
    {
      const int n = cols - c;

      load_lanes (x + c, n, -INFINITY, lanes);
      for (int i = 0; i < LANES; i++)
        lanes[i] = lw_expf (lanes[i] - maximum);
      store_lanes (y + c, n, lanes);
      /* Lanes beyond the row hold exp (-inf) = 0, or a NaN that the row has anyway. */
      for (int i = 0; i < LANES; i++)
        sums[i] += lanes[i];
    }
  return join_sums (sums);
}

static void
row_divide (int cols, float sum, float *y)
{
  float lanes[LANES];

  for (int c = 0; c < cols; c += LANES)
    {
      load_lanes (y + c, cols - c, 0.f, lanes);
      for (int i = 0; i < LANES; i++)
        lanes[i] = lanes[i] / sum;
      store_lanes (y + c, cols - c, lanes);
    }
}

/* One row's probabilities; *maximum and *sum are what its cross-entropy needs. A short row stays in
 * `lanes` from beginning to end: the same steps, without a way through memory. */
LW_INLINE void
row_softmax (int cols, const float *x, float *y, float *maximum, float *sum)
{
  float lanes[LANES];

  if (cols > LANES)
    {
      *maximum = row_maximum (cols, x);
      *sum = row_exp (cols, x, *maximum, y);
      row_divide (cols, *sum, y);
      return;
    }
  load_lanes (x, cols, -INFINITY, lanes);
  *maximum = join_maxima (lanes);
  for (int i = 0; i < LANES; i++)
    lanes[i] = lw_expf (lanes[i] - *maximum);
  *sum = join_sums (lanes);
  for (int i = 0; i < LANES; i++)
    lanes[i] = lanes[i] / *sum;
  store_lanes (y, cols, lanes);
}

void
LW_KERNEL (lw_softmax) (int rows, int cols, const float *x, float *y)
{
  for (int r = 0; r < rows; r++, x += cols, y += cols)
    {
      float maximum, sum;

      row_softmax (cols, x, y, &maximum, &sum);
    }
}

/* gx = y · (gy - sum (gy · y)) */
void
LW_KERNEL (lw_softmax_gradient) (int rows, int cols, const float *y, const float *gy, float *gx)
{
  for (int r = 0; r < rows; r++, y += cols, gy += cols, gx += cols)
    {
      float lanes[LANES] = { 0 };
      float dot;
      int   c = 0;

      for (; c + LANES <= cols; c += LANES)
        for (int i = 0; i < LANES; i++)
          lanes[i] += gy[c + i] * y[c + i];
      for (int i = 0; c < cols; c++, i++)
        lanes[i] += gy[c] * y[c];
      dot = join_sums (lanes);

      LW_INDEPENDENT
      for (c = 0; c < cols; c++)
        gx[c] = y[c] * (gy[c] - dot);
    }
}

/* Its own pass over the row, since x and y may be one array. */
static float
row_sum_of_exp (int cols, const float *x, float maximum)
{
  float sums[LANES] = { 0 };
  float lanes[LANES];

  for (int c = 0; c < cols; c += LANES)
    {
      load_lanes (x + c, cols - c, -INFINITY, lanes);
      for (int i = 0; i < LANES; i++)
        sums[i] += lw_expf (lanes[i] - maximum);
    }
  return join_sums (sums);
}

void
LW_KERNEL (lw_log_softmax) (int rows, int cols, const float *x, float *y)
{
  for (int r = 0; r < rows; r++, x += cols, y += cols)
    {
      const float maximum = row_maximum (cols, x);
      const float log_sum = lw_logf (row_sum_of_exp (cols, x, maximum));

      LW_INDEPENDENT
      for (int c = 0; c < cols; c++)
        y[c] = (x[c] - maximum) - log_sum;
    }
}

/* gx = gy - exp (y) · sum (gy) */
void
LW_KERNEL (lw_log_softmax_gradient) (int rows, int cols, const float *y, const float *gy, float *gx)
{
  for (int r = 0; r < rows; r++, y += cols, gy += cols, gx += cols)
    {
      float sums[LANES] = { 0 };
      float lanes[LANES];
      float sum;

      for (int c = 0; c < cols; c += LANES)
        {
          load_lanes (gy + c, cols - c, 0.f, lanes);
          for (int i = 0; i < LANES; i++)
            sums[i] += lanes[i];
        }
      sum = join_sums (sums);

      LW_INDEPENDENT
      for (int c = 0; c < cols; c++)
        gx[c] = gy[c] - lw_expf (y[c]) * sum;
    }
}

void
LW_KERNEL (lw_softmax_cross_entropy) (int rows, int cols, const float *logits,
                                      const int32_t *labels, float *probabilities, float *losses)
{
  for (int r = 0; r < rows; r++, logits += cols, probabilities += cols)
    {
      const float at_label = logits[labels[r]];
      float       maximum, sum;

      row_softmax (cols, logits, probabilities, &maximum, &sum);
      losses[r] = lw_logf (sum) - (at_label - maximum);
    }
}

void
LW_KERNEL (lw_softmax_cross_entropy_gradient) (int rows, int cols, const float *probabilities,
                                               const int32_t *labels, float factor, float *gx)
{
  for (int r = 0; r < rows; r++, probabilities += cols, gx += cols)
    {
      const float at_label = probabilities[labels[r]];

      LW_INDEPENDENT
      for (int c = 0; c < cols; c++)
        gx[c] = probabilities[c] * factor;
      gx[labels[r]] = (at_label - 1.f) * factor;
    }
}
