#include "engine/kernels/kernels-private.h"

#include <math.h>

/* Pooling, and the one other pass that adds up pixels: a gradient's mask and bias sum.
 *
 * Lanes are channels everywhere; what is added runs over pixels in an order that the image's size
 * gives. Channels are outermost where sums of pixels are kept, so that they stay in registers. */

/* The cells of output pixel (oy, ox)'s window that lie in the image. */
typedef struct {
  int y_begin, y_end, x_begin, x_end, y_first, x_first;
} Window;

LW_INLINE Window
window_at (const LwPool2d *pool, int oy, int ox)
{
  Window window;

  window.y_first = oy * pool->stride_h - pool->pad_top;
  window.x_first = ox * pool->stride_w - pool->pad_left;
  window.y_begin = MAX (window.y_first, 0);
  window.x_begin = MAX (window.x_first, 0);
  window.y_end = MIN (window.y_first + pool->pool_h, pool->h);
  window.x_end = MIN (window.x_first + pool->pool_w, pool->w);
  return window;
}

/* One more cell of the window: a NaN wins over numbers and, once it has won, over what follows. */
LW_INLINE void
take_cell (LwVec *best, LwVecInt *best_cell, LwVec value, int cell)
{
  const LwVecInt better = (value > *best) | (value != value);

  *best_cell = lw_vec_select_int (better, (LwVecInt) { 0 } + cell, *best_cell);
  *best = lw_vec_select (better, value, *best);
}

/* n channels of one output pixel; x is the image from the first of these channels on. */
LW_INLINE void
max_pool_channels (const LwPool2d *pool, const Window *window, int n, const float *x, float *y,
                   uint8_t *winner)
{
  const gsize row = (gsize) pool->w * pool->channels;
  const int   first = (window->y_begin - window->y_first) * pool->pool_w
                    + (window->x_begin - window->x_first);
  LwVec       best = lw_vec_set (-INFINITY);
  LwVecInt    best_cell = (LwVecInt) { 0 } + first;

  for (int iy = window->y_begin; iy < window->y_end; iy++)
    {
      const float *p = x + iy * row + (gsize) window->x_begin * pool->channels;
      int          cell = (iy - window->y_first) * pool->pool_w + window->x_begin - window->x_first;

      for (int ix = window->x_begin; ix < window->x_end; ix++, cell++, p += pool->channels)
        take_cell (&best, &best_cell, n == LW_LANES ? lw_vec_load (p) : lw_vec_load_part (p, n),
                   cell);
    }
  if (n == LW_LANES)
    lw_vec_store (y, best);
  else
    lw_vec_store_part (y, n, best);
  lw_vec_store_bytes (winner, n, best_cell);
}

/* The same for a whole vector under a 2×2 window inside the image, which most windows are. */
LW_INLINE void
max_pool_2x2 (int channels, gsize row, const float *x, float *y, uint8_t *winner)
{
  LwVec    best = lw_vec_set (-INFINITY);
  LwVecInt best_cell = { 0 };

  take_cell (&best, &best_cell, lw_vec_load (x), 0);
  take_cell (&best, &best_cell, lw_vec_load (x + channels), 1);
  take_cell (&best, &best_cell, lw_vec_load (x + row), 2);
  take_cell (&best, &best_cell, lw_vec_load (x + row + channels), 3);
  lw_vec_store (y, best);
  lw_vec_store_bytes (winner, LW_LANES, best_cell);
}

void
LW_KERNEL (lw_max_pool) (const LwPool2d *pool, const float *x, float *y, uint8_t *winner)
{
  const int   channels = pool->channels;
  const gsize row = (gsize) pool->w * channels;

  for (int oy = 0; oy < pool->oh; oy++)
    for (int ox = 0; ox < pool->ow; ox++)
      {
        const Window   window = window_at (pool, oy, ox);
        const gboolean plain = pool->pool_w == 2 && window.y_end - window.y_begin == 2
                               && window.x_end - window.x_begin == 2;
        const float   *first = x + window.y_begin * row + (gsize) window.x_begin * channels;
        int            c = 0;

        if (plain && pool->pool_h == 2)
          for (; c + LW_LANES <= channels; c += LW_LANES)
            max_pool_2x2 (channels, row, first + c, y + c, winner + c);
        for (; c + LW_LANES <= channels; c += LW_LANES)
          max_pool_channels (pool, &window, LW_LANES, x + c, y + c, winner + c);
        if (c < channels)
          max_pool_channels (pool, &window, channels - c, x + c, y + c, winner + c);
        y += channels;
        winner += channels;
      }
}

void
LW_KERNEL (lw_max_pool_gradient) (const LwPool2d *pool, const uint8_t *winner, const float *gy,
                                  float *gx)
{
  const int channels = pool->channels;

  for (int oy = 0; oy < pool->oh; oy++)
    for (int ox = 0; ox < pool->ow; ox++)
      {
        const Window window = window_at (pool, oy, ox);

        for (int iy = window.y_begin; iy < window.y_end; iy++)
          for (int ix = window.x_begin; ix < window.x_end; ix++)
            {
              const uint8_t cell = (uint8_t) ((iy - window.y_first) * pool->pool_w
                                              + ix - window.x_first);
              float        *p = gx + ((gsize) iy * pool->w + ix) * channels;

              LW_INDEPENDENT
              for (int c = 0; c < channels; c++)
                {
                  const float g = gy[c];

                  p[c] += winner[c] == cell ? g : 0.f;
                }
            }
        gy += channels;
        winner += channels;
      }
}

LW_INLINE int
window_cells (Window window)
{
  return (window.y_end - window.y_begin) * (window.x_end - window.x_begin);
}

void
LW_KERNEL (lw_average_pool) (const LwPool2d *pool, const float *x, float *y)
{
  const int channels = pool->channels;

  for (int oy = 0; oy < pool->oh; oy++)
    for (int ox = 0; ox < pool->ow; ox++)
      {
        const Window window = window_at (pool, oy, ox);
        const float  cells = (float) window_cells (window);

        for (int c = 0; c < channels; c += LW_LANES)
          {
            const int n = MIN (channels - c, LW_LANES);
            LwVec     sum = { 0 };

            for (int iy = window.y_begin; iy < window.y_end; iy++)
              for (int ix = window.x_begin; ix < window.x_end; ix++)
                {
                  const float *p = x + ((gsize) iy * pool->w + ix) * channels + c;

                  sum += n == LW_LANES ? lw_vec_load (p) : lw_vec_load_part (p, n);
                }
            if (n == LW_LANES)
              lw_vec_store (y + c, sum / cells);
            else
              lw_vec_store_part (y + c, n, sum / cells);
          }
        y += channels;
      }
}

void
LW_KERNEL (lw_average_pool_gradient) (const LwPool2d *pool, const float *gy, float *gx)
{
  const int channels = pool->channels;

  for (int oy = 0; oy < pool->oh; oy++)
    for (int ox = 0; ox < pool->ow; ox++)
      {
        const Window window = window_at (pool, oy, ox);
        const float  cells = (float) window_cells (window);

        for (int iy = window.y_begin; iy < window.y_end; iy++)
          for (int ix = window.x_begin; ix < window.x_end; ix++)
            {
              float *p = gx + ((gsize) iy * pool->w + ix) * channels;

              LW_INDEPENDENT
              for (int c = 0; c < channels; c++)
                p[c] += gy[c] / cells;
            }
        gy += channels;
      }
}

/* Eight running sums per channel, pixel p in sum p % 8, joined pairwise. */
LW_INLINE LwVec
sum_pixels (int pixels, int channels, const float *x, int n)
{
  LwVec sums[8] = { { 0 } };
  int   pixel = 0;

  for (; pixel + 8 <= pixels; pixel += 8)
    {
      LW_UNROLL
      for (int i = 0; i < 8; i++)
        {
          const float *p = x + (gsize) (pixel + i) * channels;

          sums[i] += n == LW_LANES ? lw_vec_load (p) : lw_vec_load_part (p, n);
        }
    }
  LW_UNROLL
  for (int i = 0; i < 8; i++)
    if (pixel + i < pixels)
      {
        const float *p = x + (gsize) (pixel + i) * channels;

        sums[i] += n == LW_LANES ? lw_vec_load (p) : lw_vec_load_part (p, n);
      }
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

void
LW_KERNEL (lw_global_average) (int pixels, int channels, const float *x, float *y)
{
  const float count = (float) pixels;
  int         c = 0;

  for (; c + LW_LANES <= channels; c += LW_LANES)
    lw_vec_store (y + c, sum_pixels (pixels, channels, x + c, LW_LANES) / count);
  if (c < channels)
    lw_vec_store_part (y + c, channels - c,
                       sum_pixels (pixels, channels, x + c, channels - c) / count);
}

void
LW_KERNEL (lw_global_average_gradient) (int pixels, int channels, const float *gy, float *gx)
{
  const float count = (float) pixels;

  for (int c = 0; c < channels; c += LW_LANES)
    {
      const int n = MIN (channels - c, LW_LANES);

      if (n == LW_LANES)
        {
          const LwVec g = lw_vec_load (gy + c) / count;

          for (int pixel = 0; pixel < pixels; pixel++)
            lw_vec_store (gx + (gsize) pixel * channels + c, g);
        }
      else
        {
          const LwVec g = lw_vec_load_part (gy + c, n) / count;

          for (int pixel = 0; pixel < pixels; pixel++)
            lw_vec_store_part (gx + (gsize) pixel * channels + c, n, g);
        }
    }
}

LW_INLINE LwVec
larger_or_nan (LwVec best, LwVec value)
{
  return lw_vec_select ((value > best) | (value != value), value, best);
}

/* Four running maxima per channel, so that they need not wait for each other. */
LW_INLINE LwVec
maximum_of_pixels (int pixels, int channels, const float *x, int n)
{
  LwVec maxima[4];

  LW_UNROLL
  for (int i = 0; i < 4; i++)
    maxima[i] = lw_vec_set (-INFINITY);
  for (int pixel = 0; pixel < pixels; pixel += 4)
    {
      LW_UNROLL
      for (int i = 0; i < 4; i++)
        if (pixel + i < pixels)
          {
            const float *p = x + (gsize) (pixel + i) * channels;

            maxima[i] = larger_or_nan (maxima[i],
                                       n == LW_LANES ? lw_vec_load (p) : lw_vec_load_part (p, n));
          }
    }
  return larger_or_nan (larger_or_nan (maxima[0], maxima[1]), larger_or_nan (maxima[2], maxima[3]));
}

void
LW_KERNEL (lw_global_max) (int pixels, int channels, const float *x, float *y)
{
  int c = 0;

  for (; c + LW_LANES <= channels; c += LW_LANES)
    lw_vec_store (y + c, maximum_of_pixels (pixels, channels, x + c, LW_LANES));
  if (c < channels)
    lw_vec_store_part (y + c, channels - c,
                       maximum_of_pixels (pixels, channels, x + c, channels - c));
}

/* The lanes whose pixel holds the maximum. Where the maximum is a number, no pixel is NaN. */
LW_INLINE LwVecInt
holds_maximum (LwVec value, LwVec maximum)
{
  return (value == maximum) | (value != value);
}

LW_INLINE void
share_among_maxima (int pixels, int channels, int n, const float *x, const float *y, const float *gy,
                    float *gx)
{
  const LwVec maximum = n == LW_LANES ? lw_vec_load (y) : lw_vec_load_part (y, n);
  LwVecInt    count = { 0 };
  LwVec       share;

  for (int pixel = 0; pixel < pixels; pixel++)
    {
      const float *p = x + (gsize) pixel * channels;

      /* A mask's lanes are 0 or -1. */
      count -= holds_maximum (n == LW_LANES ? lw_vec_load (p) : lw_vec_load_part (p, n), maximum);
    }
  share = (n == LW_LANES ? lw_vec_load (gy) : lw_vec_load_part (gy, n))
          / __builtin_convertvector (count, LwVec);
  for (int pixel = 0; pixel < pixels; pixel++)
    {
      const gsize at = (gsize) pixel * channels;
      const LwVec value = n == LW_LANES ? lw_vec_load (x + at) : lw_vec_load_part (x + at, n);
      const LwVec g = (LwVec) (holds_maximum (value, maximum) & (LwVecInt) share);

      if (n == LW_LANES)
        lw_vec_store (gx + at, g);
      else
        lw_vec_store_part (gx + at, n, g);
    }
}

void
LW_KERNEL (lw_global_max_gradient) (int pixels, int channels, const float *x, const float *y,
                                    const float *gy, float *gx)
{
  int c = 0;

  for (; c + LW_LANES <= channels; c += LW_LANES)
    share_among_maxima (pixels, channels, LW_LANES, x + c, y + c, gy + c, gx + c);
  if (c < channels)
    share_among_maxima (pixels, channels, channels - c, x + c, y + c, gy + c, gx + c);
}

/* n of a vector's channels, from channel 0 of the pointers on. Pixels go into four running sums
 * (pixel % 4), which are joined at the end: ((0 + 1) + (2 + 3)). */
LW_INLINE void
mask_channels (gsize pixels, int channels, int n, const float *y, const float *gy, float *masked,
               float *db)
{
  LwVec sums[4] = { { 0 } };

  for (gsize pixel = 0; pixel < pixels; pixel += 4)
    {
      LW_UNROLL
      for (gsize i = 0; i < 4; i++)
        if (pixel + i < pixels)
          {
            const gsize at = (pixel + i) * (gsize) channels;
            LwVec       g = n == LW_LANES ? lw_vec_load (gy + at) : lw_vec_load_part (gy + at, n);

            if (y != NULL)
              {
                const LwVec active
                  = n == LW_LANES ? lw_vec_load (y + at) : lw_vec_load_part (y + at, n);

                g = (LwVec) ((LwVecInt) g & (LwVecInt) (active > (LwVec) { 0 }));
              }
            if (masked != NULL && n == LW_LANES)
              lw_vec_store (masked + at, g);
            else if (masked != NULL)
              lw_vec_store_part (masked + at, n, g);
            sums[i] += g;
          }
    }
  if (db != NULL)
    {
      const LwVec sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);

      lw_vec_store_part (db, n, lw_vec_load_part (db, n) + sum);
    }
}

void
LW_KERNEL (lw_mask_gradient) (gsize pixels, int channels, const float *y, const float *gy,
                              float *masked, float *db)
{
  for (int c = 0; c < channels; c += LW_LANES)
    {
      const int    n = MIN (channels - c, LW_LANES);
      const float *y_c = y != NULL ? y + c : NULL;
      float       *masked_c = masked != NULL ? masked + c : NULL;
      float       *db_c = db != NULL ? db + c : NULL;

      if (n == LW_LANES)
        mask_channels (pixels, channels, LW_LANES, y_c, gy + c, masked_c, db_c);
      else
        mask_channels (pixels, channels, n, y_c, gy + c, masked_c, db_c);
    }
}
