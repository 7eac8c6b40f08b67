/* The body of reference.c, included once per type: REAL is float or double, REFERENCE (name) the
 * name with the type's suffix. reference.h says what each function computes. */

/* Calls BODY for every product of a convolution whose input pixel lies in the image: xi, wi and yi
 * are the elements' indices in the input, the weights and the output. */
#ifndef FOR_EACH_PRODUCT
#define FOR_EACH_PRODUCT(size, BODY)                                                               \
  for (int image = 0; image < size->n; image++)                                                    \
    for (int oy = 0; oy < size->oh; oy++)                                                          \
      for (int ox = 0; ox < size->ow; ox++)                                                        \
        for (int ky = 0; ky < size->kh; ky++)                                                      \
          for (int kx = 0; kx < size->kw; kx++)                                                    \
            {                                                                                      \
              const int iy = oy * size->stride_h - size->pad_top + ky * size->dilation_h;          \
              const int ix = ox * size->stride_w - size->pad_left + kx * size->dilation_w;         \
                                                                                                   \
              if (iy < 0 || iy >= size->h || ix < 0 || ix >= size->w)                              \
                continue;                                                                          \
              for (int ci = 0; ci < size->cin; ci++)                                               \
                for (int co = 0; co < size->cout; co++)                                            \
                  {                                                                                \
                    const gsize xi = (((gsize) image * size->h + iy) * size->w + ix) * size->cin   \
                                     + ci;                                                         \
                    const gsize wi = (((gsize) ky * size->kw + kx) * size->cin + ci) * size->cout  \
                                     + co;                                                         \
                    const gsize yi = (((gsize) image * size->oh + oy) * size->ow + ox)             \
                                         * size->cout                                              \
                                     + co;                                                         \
                                                                                                   \
                    BODY;                                                                          \
                  }                                                                                \
            }
#endif

void
REFERENCE (conv2d) (const LwConv2dSize *size, const REAL *x, const REAL *weights, const REAL *bias,
                    REAL *y)
{
  const gsize pixels = (gsize) size->n * size->oh * size->ow;

  for (gsize pixel = 0; pixel < pixels; pixel++)
    for (int co = 0; co < size->cout; co++)
      y[pixel * size->cout + co] = bias != NULL ? bias[co] : 0;
  FOR_EACH_PRODUCT (size, y[yi] += x[xi] * weights[wi])
}

void
REFERENCE (conv2d_data_gradient) (const LwConv2dSize *size, const REAL *gy, const REAL *weights,
                                  REAL *gx)
{
  memset (gx, 0, (gsize) size->n * size->h * size->w * size->cin * sizeof (REAL));
  FOR_EACH_PRODUCT (size, gx[xi] += gy[yi] * weights[wi])
}

void
REFERENCE (conv2d_weight_gradient) (const LwConv2dSize *size, const REAL *x, const REAL *gy,
                                    REAL *gw)
{
  memset (gw, 0, (gsize) size->kh * size->kw * size->cin * size->cout * sizeof (REAL));
  FOR_EACH_PRODUCT (size, gw[wi] += x[xi] * gy[yi])
}

void
REFERENCE (conv2d_bias_gradient) (const LwConv2dSize *size, const REAL *gy, REAL *gb)
{
  const gsize pixels = (gsize) size->n * size->oh * size->ow;

  for (int co = 0; co < size->cout; co++)
    gb[co] = 0;
  for (gsize pixel = 0; pixel < pixels; pixel++)
    for (int co = 0; co < size->cout; co++)
      gb[co] += gy[pixel * size->cout + co];
}

void
REFERENCE (matmul) (gboolean transpose_a, gboolean transpose_b, int m, int n, int k, const REAL *a,
                    const REAL *b, REAL *c)
{
  const gsize a_row = transpose_a ? 1 : k, a_depth = transpose_a ? m : 1;
  const gsize b_depth = transpose_b ? 1 : n, b_column = transpose_b ? k : 1;

  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++)
      {
        REAL sum = 0;

        for (int l = 0; l < k; l++)
          sum += a[i * a_row + l * a_depth] * b[l * b_depth + j * b_column];
        c[(gsize) i * n + j] = sum;
      }
}

void
REFERENCE (dense) (int batch, int inputs, int units, const REAL *x, const REAL *weights,
                   const REAL *bias, REAL *y)
{
  REFERENCE (matmul) (FALSE, FALSE, batch, units, inputs, x, weights, y);
  if (bias != NULL)
    for (int i = 0; i < batch; i++)
      for (int j = 0; j < units; j++)
        y[(gsize) i * units + j] += bias[j];
}

void
REFERENCE (max_pool) (const LwPool2d *pool, int images, const REAL *x, REAL *y, int32_t *winner)
{
  for (int image = 0; image < images; image++)
    for (int oy = 0; oy < pool->oh; oy++)
      for (int ox = 0; ox < pool->ow; ox++)
        for (int c = 0; c < pool->channels; c++)
          {
            const gsize yi = (((gsize) image * pool->oh + oy) * pool->ow + ox) * pool->channels + c;
            const int   y_first = oy * pool->stride_h - pool->pad_top;
            const int   x_first = ox * pool->stride_w - pool->pad_left;
            const int   y_end = (int) MIN ((gint64) y_first + pool->pool_h, pool->h);
            const int   x_end = (int) MIN ((gint64) x_first + pool->pool_w, pool->w);
            REAL        best = 0;
            int32_t     best_cell = -1;

            for (int iy = MAX (y_first, 0); iy < y_end; iy++)
              for (int ix = MAX (x_first, 0); ix < x_end; ix++)
                {
                  const REAL value
                      = x[(((gsize) image * pool->h + iy) * pool->w + ix) * pool->channels + c];

                  if (best_cell < 0 || value > best || (isnan (value) && !isnan (best)))
                    {
                      best = value;
                      best_cell = (iy - y_first) * pool->pool_w + ix - x_first;
                    }
                }
            y[yi] = best;
            winner[yi] = best_cell;
          }
}

void
REFERENCE (max_pool_gradient) (const LwPool2d *pool, int images, const int32_t *winner,
                               const REAL *gy, REAL *gx)
{
  memset (gx, 0, (gsize) images * pool->h * pool->w * pool->channels * sizeof (REAL));
  for (int image = 0; image < images; image++)
    for (int oy = 0; oy < pool->oh; oy++)
      for (int ox = 0; ox < pool->ow; ox++)
        for (int c = 0; c < pool->channels; c++)
          {
            const gsize yi = (((gsize) image * pool->oh + oy) * pool->ow + ox) * pool->channels + c;
            const int   iy = oy * pool->stride_h - pool->pad_top + winner[yi] / pool->pool_w;
            const int   ix = ox * pool->stride_w - pool->pad_left + winner[yi] % pool->pool_w;

            gx[(((gsize) image * pool->h + iy) * pool->w + ix) * pool->channels + c] += gy[yi];
          }
}

void
REFERENCE (average_pool) (const LwPool2d *pool, int images, const REAL *x, REAL *y)
{
  for (int image = 0; image < images; image++)
    for (int oy = 0; oy < pool->oh; oy++)
      for (int ox = 0; ox < pool->ow; ox++)
        for (int c = 0; c < pool->channels; c++)
          {
            const int y_first = oy * pool->stride_h - pool->pad_top;
            const int x_first = ox * pool->stride_w - pool->pad_left;
            const int y_end = (int) MIN ((gint64) y_first + pool->pool_h, pool->h);
            const int x_end = (int) MIN ((gint64) x_first + pool->pool_w, pool->w);
            REAL      sum = 0;
            int       cells = 0;

            for (int iy = MAX (y_first, 0); iy < y_end; iy++)
              for (int ix = MAX (x_first, 0); ix < x_end; ix++)
                {
                  sum += x[(((gsize) image * pool->h + iy) * pool->w + ix) * pool->channels + c];
                  cells++;
                }
            y[(((gsize) image * pool->oh + oy) * pool->ow + ox) * pool->channels + c]
                = sum / (REAL) cells;
          }
}

void
REFERENCE (average_pool_gradient) (const LwPool2d *pool, int images, const REAL *gy, REAL *gx)
{
  memset (gx, 0, (gsize) images * pool->h * pool->w * pool->channels * sizeof (REAL));
  for (int image = 0; image < images; image++)
    for (int oy = 0; oy < pool->oh; oy++)
      for (int ox = 0; ox < pool->ow; ox++)
        {
          const int y_first = oy * pool->stride_h - pool->pad_top;
          const int x_first = ox * pool->stride_w - pool->pad_left;
          const int y_begin = MAX (y_first, 0);
          const int x_begin = MAX (x_first, 0);
          const int y_end = (int) MIN ((gint64) y_first + pool->pool_h, pool->h);
          const int x_end = (int) MIN ((gint64) x_first + pool->pool_w, pool->w);
          const int cells = (y_end - y_begin) * (x_end - x_begin);

          for (int iy = y_begin; iy < y_end; iy++)
            for (int ix = x_begin; ix < x_end; ix++)
              for (int c = 0; c < pool->channels; c++)
                gx[(((gsize) image * pool->h + iy) * pool->w + ix) * pool->channels + c]
                    += gy[(((gsize) image * pool->oh + oy) * pool->ow + ox) * pool->channels + c]
                       / (REAL) cells;
        }
}

void
REFERENCE (global_average) (int images, int pixels, int channels, const REAL *x, REAL *y)
{
  for (int image = 0; image < images; image++)
    for (int c = 0; c < channels; c++)
      {
        REAL sum = 0;

        for (int pixel = 0; pixel < pixels; pixel++)
          sum += x[((gsize) image * pixels + pixel) * channels + c];
        y[(gsize) image * channels + c] = sum / (REAL) pixels;
      }
}

void
REFERENCE (global_average_gradient) (int images, int pixels, int channels, const REAL *gy, REAL *gx)
{
  for (int image = 0; image < images; image++)
    for (int pixel = 0; pixel < pixels; pixel++)
      for (int c = 0; c < channels; c++)
        gx[((gsize) image * pixels + pixel) * channels + c]
            = gy[(gsize) image * channels + c] / (REAL) pixels;
}

void
REFERENCE (global_max) (int images, int pixels, int channels, const REAL *x, REAL *y)
{
  for (int image = 0; image < images; image++)
    for (int c = 0; c < channels; c++)
      {
        REAL best = -INFINITY;

        for (int pixel = 0; pixel < pixels; pixel++)
          {
            const REAL value = x[((gsize) image * pixels + pixel) * channels + c];

            if (value > best || isnan (value))
              best = value;
          }
        y[(gsize) image * channels + c] = best;
      }
}

/* dy / dx = 1 / (how many pixels hold the maximum) for each of them. */
void
REFERENCE (global_max_gradient) (int images, int pixels, int channels, const REAL *x, const REAL *y,
                                 const REAL *gy, REAL *gx)
{
  for (int image = 0; image < images; image++)
    for (int c = 0; c < channels; c++)
      {
        const gsize yi = (gsize) image * channels + c;
        int         count = 0;

        for (int pixel = 0; pixel < pixels; pixel++)
          {
            const REAL value = x[((gsize) image * pixels + pixel) * channels + c];

            count += value == y[yi] || isnan (value);
          }
        for (int pixel = 0; pixel < pixels; pixel++)
          {
            const gsize xi = ((gsize) image * pixels + pixel) * channels + c;

            gx[xi] = x[xi] == y[yi] || isnan (x[xi]) ? gy[yi] / (REAL) count : 0;
          }
      }
}

void
REFERENCE (batch_moments) (gsize rows, gsize channels, const REAL *x, REAL *mean, REAL *variance)
{
  for (gsize c = 0; c < channels; c++)
    {
      REAL sum = 0, squares = 0;

      for (gsize r = 0; r < rows; r++)
        sum += x[r * channels + c];
      mean[c] = sum / (REAL) rows;
      for (gsize r = 0; r < rows; r++)
        squares += (x[r * channels + c] - mean[c]) * (x[r * channels + c] - mean[c]);
      variance[c] = squares / (REAL) rows;
    }
}

void
REFERENCE (batch_normalize) (gsize rows, gsize channels, const REAL *x, const REAL *mean,
                             const REAL *factor, const REAL *offset, REAL *y)
{
  for (gsize r = 0; r < rows; r++)
    for (gsize c = 0; c < channels; c++)
      y[r * channels + c] = (x[r * channels + c] - mean[c]) * factor[c] + offset[c];
}

void
REFERENCE (batch_normalize_sums) (gsize rows, gsize channels, const REAL *x, const REAL *mean,
                                  const REAL *gy, REAL *sum, REAL *dot)
{
  for (gsize c = 0; c < channels; c++)
    {
      sum[c] = dot[c] = 0;
      for (gsize r = 0; r < rows; r++)
        {
          sum[c] += gy[r * channels + c];
          dot[c] += gy[r * channels + c] * (x[r * channels + c] - mean[c]);
        }
    }
}

void
REFERENCE (batch_normalize_gradient) (gsize rows, gsize channels, const REAL *x, const REAL *mean,
                                      const REAL *gy, const REAL *gy_mean, const REAL *slope,
                                      const REAL *factor, REAL *gx)
{
  for (gsize r = 0; r < rows; r++)
    for (gsize c = 0; c < channels; c++)
      gx[r * channels + c] = (gy[r * channels + c] - gy_mean[c]
                              - (x[r * channels + c] - mean[c]) * slope[c])
                             * factor[c];
}

static REAL
REFERENCE (maximum) (int cols, const REAL *x)
{
  REAL maximum = x[0];

  for (int c = 1; c < cols; c++)
    maximum = x[c] > maximum ? x[c] : maximum;
  return maximum;
}

void
REFERENCE (softmax) (int rows, int cols, const REAL *x, REAL *y)
{
  for (int r = 0; r < rows; r++, x += cols, y += cols)
    {
      const REAL maximum = REFERENCE (maximum) (cols, x);
      REAL       sum = 0;

      for (int c = 0; c < cols; c++)
        {
          y[c] = (REAL) exp ((double) (x[c] - maximum));
          sum += y[c];
        }
      for (int c = 0; c < cols; c++)
        y[c] /= sum;
    }
}

/* dy_i / dx_j = y_i (δ_ij - y_j) */
void
REFERENCE (softmax_gradient) (int rows, int cols, const REAL *y, const REAL *gy, REAL *gx)
{
  for (int r = 0; r < rows; r++, y += cols, gy += cols, gx += cols)
    {
      REAL dot = 0;

      for (int c = 0; c < cols; c++)
        dot += gy[c] * y[c];
      for (int c = 0; c < cols; c++)
        gx[c] = y[c] * (gy[c] - dot);
    }
}

void
REFERENCE (log_softmax) (int rows, int cols, const REAL *x, REAL *y)
{
  for (int r = 0; r < rows; r++, x += cols, y += cols)
    {
      const REAL maximum = REFERENCE (maximum) (cols, x);
      REAL       sum = 0, log_sum;

      for (int c = 0; c < cols; c++)
        sum += (REAL) exp ((double) (x[c] - maximum));
      log_sum = (REAL) log ((double) sum);
      for (int c = 0; c < cols; c++)
        y[c] = (x[c] - maximum) - log_sum;
    }
}

/* dy_i / dx_j = δ_ij - exp (y_j) */
void
REFERENCE (log_softmax_gradient) (int rows, int cols, const REAL *y, const REAL *gy, REAL *gx)
{
  for (int r = 0; r < rows; r++, y += cols, gy += cols, gx += cols)
    {
      REAL sum = 0;

      for (int c = 0; c < cols; c++)
        sum += gy[c];
      for (int c = 0; c < cols; c++)
        gx[c] = gy[c] - (REAL) exp ((double) y[c]) * sum;
    }
}

void
REFERENCE (softmax_cross_entropy) (int rows, int cols, const REAL *logits, const int32_t *labels,
                                   REAL *probabilities, REAL *losses)
{
  REFERENCE (softmax) (rows, cols, logits, probabilities);
  for (int r = 0; r < rows; r++, logits += cols)
    {
      const REAL maximum = REFERENCE (maximum) (cols, logits);
      REAL       sum = 0;

      for (int c = 0; c < cols; c++)
        sum += (REAL) exp ((double) (logits[c] - maximum));
      losses[r] = (REAL) log ((double) sum) - (logits[labels[r]] - maximum);
    }
}

void
REFERENCE (softmax_cross_entropy_gradient) (int rows, int cols, const REAL *probabilities,
                                            const int32_t *labels, REAL factor, REAL *gx)
{
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < cols; c++)
      gx[(gsize) r * cols + c]
          = (probabilities[(gsize) r * cols + c] - (c == labels[r] ? 1 : 0)) * factor;
}

void
REFERENCE (relu) (gsize n, const REAL *x, REAL *y)
{
  for (gsize i = 0; i < n; i++)
    y[i] = x[i] < 0 ? 0 : x[i];
}

void
REFERENCE (relu_gradient) (gsize n, const REAL *y, const REAL *gy, REAL *gx)
{
  for (gsize i = 0; i < n; i++)
    gx[i] = y[i] > 0 ? gy[i] : 0;
}

void
REFERENCE (sigmoid) (gsize n, const REAL *x, REAL *y)
{
  for (gsize i = 0; i < n; i++)
    y[i] = (REAL) (1 / (1 + exp (-(double) x[i])));
}

void
REFERENCE (sigmoid_gradient) (gsize n, const REAL *y, const REAL *gy, REAL *gx)
{
  for (gsize i = 0; i < n; i++)
    gx[i] = gy[i] * y[i] * (1 - y[i]);
}

void
REFERENCE (tanh) (gsize n, const REAL *x, REAL *y)
{
  for (gsize i = 0; i < n; i++)
    y[i] = (REAL) tanh ((double) x[i]);
}

void
REFERENCE (tanh_gradient) (gsize n, const REAL *y, const REAL *gy, REAL *gx)
{
  for (gsize i = 0; i < n; i++)
    gx[i] = gy[i] * (1 - y[i] * y[i]);
}

void
REFERENCE (clip) (gsize n, REAL low, REAL high, const REAL *x, REAL *y)
{
  for (gsize i = 0; i < n; i++)
    y[i] = x[i] < low ? low : x[i] > high ? high : x[i];
}

void
REFERENCE (clip_gradient) (gsize n, REAL low, REAL high, const REAL *x, const REAL *gy, REAL *gx)
{
  for (gsize i = 0; i < n; i++)
    gx[i] = x[i] < low || x[i] > high ? 0 : gy[i];
}

void
REFERENCE (relu_with) (gsize n, REAL slope, REAL max, REAL threshold, const REAL *x, REAL *y)
{
  for (gsize i = 0; i < n; i++)
    if (x[i] >= max)
      y[i] = max;
    else if (x[i] < threshold)
      y[i] = slope == 0 ? 0 : (x[i] - threshold) * slope;
    else
      y[i] = x[i];
}

void
REFERENCE (relu_with_gradient) (gsize n, REAL slope, REAL max, REAL threshold, const REAL *x,
                                const REAL *gy, REAL *gx)
{
  for (gsize i = 0; i < n; i++)
    if (x[i] >= max && !isinf (max))
      gx[i] = 0;
    else if (x[i] > threshold)
      gx[i] = gy[i];
    else
      gx[i] = slope == 0 ? 0 : gy[i] * slope;
}

void
REFERENCE (elu) (gsize n, REAL alpha, const REAL *x, REAL *y)
{
  for (gsize i = 0; i < n; i++)
    y[i] = x[i] > 0 ? x[i] : (REAL) ((double) alpha * expm1 ((double) x[i]));
}

void
REFERENCE (elu_gradient) (gsize n, REAL alpha, const REAL *x, const REAL *gy, REAL *gx)
{
  for (gsize i = 0; i < n; i++)
    gx[i] = x[i] > 0 ? gy[i] : gy[i] * (REAL) ((double) alpha * exp ((double) x[i]));
}

void
REFERENCE (softplus) (gsize n, const REAL *x, REAL *y)
{
  for (gsize i = 0; i < n; i++)
    y[i] = (REAL) ((x[i] < 0 ? 0 : (double) x[i]) + log1p (exp (-fabs ((double) x[i]))));
}

void
REFERENCE (softplus_gradient) (gsize n, const REAL *x, const REAL *gy, REAL *gx)
{
  for (gsize i = 0; i < n; i++)
    gx[i] = gy[i] * (REAL) (1 / (1 + exp (-(double) x[i])));
}

/* Beyond these ends silu and gelu are x or 0, and their slopes 1 or 0, in any type: an infinity would
 * make 0 · inf. */
static double
REFERENCE (within) (double x, double end)
{
  return x < -end ? -end : x > end ? end : x;
}

void
REFERENCE (silu) (gsize n, const REAL *x, REAL *y)
{
  for (gsize i = 0; i < n; i++)
    y[i] = x[i] < -800 ? 0 : (REAL) ((double) x[i] / (1 + exp (-(double) x[i])));
}

void
REFERENCE (silu_gradient) (gsize n, const REAL *x, const REAL *gy, REAL *gx)
{
  for (gsize i = 0; i < n; i++)
    {
      const double value = REFERENCE (within) ((double) x[i], 800);
      const double sigmoid = 1 / (1 + exp (-value));

      gx[i] = gy[i] * (REAL) (sigmoid * (1 + value * (1 - sigmoid)));
    }
}

void
REFERENCE (gelu) (gsize n, const REAL *x, REAL *y)
{
  for (gsize i = 0; i < n; i++)
    y[i] = x[i] < -40 ? 0 : (REAL) ((double) x[i] * (0.5 * erfc (-(double) x[i] * G_SQRT2 / 2)));
}

void
REFERENCE (gelu_gradient) (gsize n, const REAL *x, const REAL *gy, REAL *gx)
{
  for (gsize i = 0; i < n; i++)
    {
      const double value = REFERENCE (within) ((double) x[i], 40);
      const double density = exp (-0.5 * value * value) / sqrt (2 * G_PI);

      gx[i] = gy[i] * (REAL) (0.5 * erfc (-value * G_SQRT2 / 2) + value * density);
    }
}

/* (1 + tanh (u)) / 2 as 1 / (1 + exp (-2 u)), which does not cancel. */
void
REFERENCE (gelu_tanh) (gsize n, const REAL *x, REAL *y)
{
  for (gsize i = 0; i < n; i++)
    {
      const double value = REFERENCE (within) ((double) x[i], 40);
      const double u = sqrt (2 / G_PI) * (value + 0.044715 * value * value * value);

      y[i] = x[i] < -40 ? 0 : (REAL) ((double) x[i] / (1 + exp (-2 * u)));
    }
}

void
REFERENCE (gelu_tanh_gradient) (gsize n, const REAL *x, const REAL *gy, REAL *gx)
{
  for (gsize i = 0; i < n; i++)
    {
      const double value = REFERENCE (within) ((double) x[i], 20);
      const double u = sqrt (2 / G_PI) * (value + 0.044715 * value * value * value);
      const double du = sqrt (2 / G_PI) * (1 + 3 * 0.044715 * value * value);
      const double sigmoid = 1 / (1 + exp (-2 * u));

      gx[i] = gy[i] * (REAL) (sigmoid + value * sigmoid * (1 - sigmoid) * 2 * du);
    }
}

void
REFERENCE (dropout) (gsize n, REAL factor, const uint8_t *mask, const REAL *x, REAL *y)
{
  for (gsize i = 0; i < n; i++)
    y[i] = mask[i] != 0 ? x[i] * factor : 0;
}

void
REFERENCE (adam) (gsize n, REAL alpha, REAL one_minus_beta_1, REAL one_minus_beta_2, REAL epsilon,
                  const REAL *g, const REAL *w, const REAL *m, const REAL *v, const REAL *vhat,
                  REAL *w_out, REAL *m_out, REAL *v_out, REAL *vhat_out)
{
  for (gsize i = 0; i < n; i++)
    {
      const REAL m_new = m[i] + (g[i] - m[i]) * one_minus_beta_1;
      const REAL v_new = v[i] + (g[i] * g[i] - v[i]) * one_minus_beta_2;
      REAL       denominator = v_new;

      if (vhat != NULL)
        {
          denominator = vhat[i] > v_new ? vhat[i] : v_new;
          vhat_out[i] = denominator;
        }
      w_out[i] = w[i] - alpha * m_new / ((REAL) sqrt ((double) denominator) + epsilon);
      m_out[i] = m_new;
      v_out[i] = v_new;
    }
}

void
REFERENCE (sgd) (gsize n, REAL rate, REAL momentum, gboolean nesterov, const REAL *g, const REAL *w,
                 const REAL *m, REAL *w_out, REAL *m_out)
{
  for (gsize i = 0; i < n; i++)
    {
      const REAL step = rate * g[i];

      if (m == NULL)
        w_out[i] = w[i] - step;
      else
        {
          const REAL m_new = momentum * m[i] - step;

          w_out[i] = nesterov ? w[i] + (momentum * m_new - step) : w[i] + m_new;
          m_out[i] = m_new;
        }
    }
}

void
REFERENCE (nadam) (gsize n, REAL rate, REAL of_m, REAL of_g, REAL correction, REAL one_minus_beta_1,
                   REAL one_minus_beta_2, REAL epsilon, const REAL *g, const REAL *w, const REAL *m,
                   const REAL *v, REAL *w_out, REAL *m_out, REAL *v_out)
{
  for (gsize i = 0; i < n; i++)
    {
      const REAL m_new = m[i] + (g[i] - m[i]) * one_minus_beta_1;
      const REAL v_new = v[i] + (g[i] * g[i] - v[i]) * one_minus_beta_2;

      w_out[i] = w[i]
                 - rate * (of_m * m_new + of_g * g[i])
                     / ((REAL) sqrt ((double) (v_new * correction)) + epsilon);
      m_out[i] = m_new;
      v_out[i] = v_new;
    }
}

void
REFERENCE (rmsprop) (gsize n, REAL rate, REAL rho, REAL momentum, REAL epsilon, const REAL *g,
                     const REAL *w, const REAL *v, const REAL *b, const REAL *a, REAL *w_out,
                     REAL *v_out, REAL *b_out, REAL *a_out)
{
  for (gsize i = 0; i < n; i++)
    {
      const REAL v_new = rho * v[i] + (1 - rho) * (g[i] * g[i]);
      REAL       variance = v_new, move;

      if (a != NULL)
        {
          const REAL a_new = rho * a[i] + (1 - rho) * g[i];

          variance = v_new - a_new * a_new;
          if (variance < 0)
            variance = 0;
          a_out[i] = a_new;
        }
      move = rate * g[i] / (REAL) sqrt ((double) (variance + epsilon));
      if (b != NULL)
        {
          move += momentum * b[i];
          b_out[i] = move;
        }
      w_out[i] = w[i] - move;
      v_out[i] = v_new;
    }
}

void
REFERENCE (adagrad) (gsize n, REAL rate, REAL epsilon, const REAL *g, const REAL *w, const REAL *sum,
                     REAL *w_out, REAL *sum_out)
{
  for (gsize i = 0; i < n; i++)
    {
      const REAL sum_new = sum[i] + g[i] * g[i];

      w_out[i] = w[i] - rate * g[i] / (REAL) sqrt ((double) (sum_new + epsilon));
      sum_out[i] = sum_new;
    }
}
