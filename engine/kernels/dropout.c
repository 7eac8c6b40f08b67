#include "engine/kernels/kernels-private.h"
#include "engine/kernels/philox.h"

/* Draws are made BLOCKS Philox blocks at a time: a vector's 64-bit lanes are blocks, the low half of
 * each a word. High halves are never cleared, as no product reads them. */

enum { LANES = LW_LANES / 2, VECTORS = 2, BLOCKS = VECTORS * LANES, DRAWS = 4 * BLOCKS };

/* Words of blocks first_block ... first_block + BLOCKS - 1, in order, two to an element. */
LW_INLINE void
draw (const uint32_t key[2], uint64_t stream, uint64_t first_block, uint64_t pairs[DRAWS / 2])
{
  LwVecWide c0[VECTORS], c1[VECTORS], c2[VECTORS], c3[VECTORS];
  uint64_t  k0 = key[0], k1 = key[1];
  uint64_t  first_words[BLOCKS], last_words[BLOCKS];

  LW_UNROLL
  for (int v = 0; v < VECTORS; v++)
    {
      uint64_t numbers[LANES];

      for (int i = 0; i < LANES; i++)
        numbers[i] = first_block + (uint64_t) (v * LANES + i);
      memcpy (&c0[v], numbers, sizeof numbers);
      c1[v] = c0[v] >> 32;
      c2[v] = (LwVecWide) { 0 } + stream;
      c3[v] = c2[v] >> 32;
    }
  for (int round = 0; round < LW_PHILOX_ROUNDS; round++)
    {
      LW_UNROLL
      for (int v = 0; v < VECTORS; v++)
        {
          const LwVecWide zero = { 0 };
          const LwVecWide p0 = lw_vec_multiply_low (zero + LW_PHILOX_MULTIPLIER_0, c0[v]);
          const LwVecWide p1 = lw_vec_multiply_low (zero + LW_PHILOX_MULTIPLIER_1, c2[v]);

          c0[v] = (p1 >> 32) ^ c1[v] ^ k0;
          c1[v] = p1;
          c2[v] = (p0 >> 32) ^ c3[v] ^ k1;
          c3[v] = p0;
        }
      k0 = (uint32_t) (k0 + LW_PHILOX_WEYL_0);
      k1 = (uint32_t) (k1 + LW_PHILOX_WEYL_1);
    }
  LW_UNROLL
  for (int v = 0; v < VECTORS; v++)
    {
      const LwVecWide first = (c0[v] & UINT32_MAX) | (c1[v] << 32);
      const LwVecWide last = (c2[v] & UINT32_MAX) | (c3[v] << 32);

      memcpy (first_words + v * LANES, &first, sizeof first);
      memcpy (last_words + v * LANES, &last, sizeof last);
    }
  for (int i = 0; i < BLOCKS; i++)
    {
      pairs[2 * i] = first_words[i];
      pairs[2 * i + 1] = last_words[i];
    }
}

LW_INLINE void
dropout_some (int count, const uint32_t draws[DRAWS], uint32_t threshold, float factor,
              const float *x, float *y, uint8_t *mask)
{
  LW_INDEPENDENT
  for (int i = 0; i < count; i++)
    {
      const float scaled = x[i] * factor;

      y[i] = draws[i] >= threshold ? scaled : 0.f;
    }
  LW_INDEPENDENT
  for (int i = 0; i < count; i++)
    mask[i] = draws[i] >= threshold;
}

void
LW_KERNEL (lw_dropout) (gsize n, const uint32_t key[2], uint64_t stream, uint64_t first,
                        uint32_t threshold, float factor, const float *x, float *y, uint8_t *mask)
{
  uint64_t pairs[DRAWS / 2];
  uint32_t draws[DRAWS];

  for (gsize begin = 0; begin < n; begin += DRAWS)
    {
      const int count = (int) MIN (n - begin, DRAWS);

      draw (key, stream, (first + begin) / 4, pairs);
      for (int i = 0; i < DRAWS / 2; i++)
        {
          draws[2 * i] = (uint32_t) pairs[i];
          draws[2 * i + 1] = (uint32_t) (pairs[i] >> 32);
        }
      if (count == DRAWS)
        dropout_some (DRAWS, draws, threshold, factor, x + begin, y + begin, mask + begin);
      else
        dropout_some (count, draws, threshold, factor, x + begin, y + begin, mask + begin);
    }
}

void
LW_KERNEL (lw_dropout_gradient) (gsize n, float factor, const uint8_t *mask, const float *gy,
                                 float *gx)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float scaled = gy[i] * factor;

      gx[i] = mask[i] != 0 ? scaled : 0.f;
    }
}
