#pragma once

#include <stdint.h>

/* Philox4x32-10: a counter-based generator, so any draw can be had without those before it.
 *
 * Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011): a block of
 * four words is a bijection of a 128-bit counter under a 64-bit key, ten rounds of two 32×32→64 bit
 * products each, the key growing by a Weyl sequence. */

#define LW_PHILOX_MULTIPLIER_0 UINT32_C (0xD2511F53)
#define LW_PHILOX_MULTIPLIER_1 UINT32_C (0xCD9E8D57)
#define LW_PHILOX_WEYL_0 UINT32_C (0x9E3779B9)
#define LW_PHILOX_WEYL_1 UINT32_C (0xBB67AE85)
#define LW_PHILOX_ROUNDS 10

/* The four words of block `counter` under `key`. */
static inline void
lw_philox4x32 (const uint32_t counter[4], const uint32_t key[2], uint32_t words[4])
{
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];

  for (int round = 0; round < LW_PHILOX_ROUNDS; round++)
    {
      const uint64_t p0 = (uint64_t) LW_PHILOX_MULTIPLIER_0 * c0;
      const uint64_t p1 = (uint64_t) LW_PHILOX_MULTIPLIER_1 * c2;

      c0 = (uint32_t) (p1 >> 32) ^ c1 ^ k0;
      c1 = (uint32_t) p1;
      c2 = (uint32_t) (p0 >> 32) ^ c3 ^ k1;
      c3 = (uint32_t) p0;
      k0 += LW_PHILOX_WEYL_0;
      k1 += LW_PHILOX_WEYL_1;
    }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}
