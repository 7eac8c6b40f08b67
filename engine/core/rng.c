#include "engine/core/rng.h"

#include "engine/kernels/philox.h"

#include <math.h>

LwRng
lw_rng_new (guint64 seed, guint64 stream)
{
  return (LwRng) { seed, stream, 0 };
}

guint32
lw_rng_next (LwRng *rng)
{
  const guint64  block = rng->counter / 4;
  const uint32_t counter[4] = { (uint32_t) block, (uint32_t) (block >> 32), (uint32_t) rng->stream,
                                (uint32_t) (rng->stream >> 32) };
  const uint32_t key[2] = { (uint32_t) rng->seed, (uint32_t) (rng->seed >> 32) };
  uint32_t       words[4];

  lw_philox4x32 (counter, key, words);
  return words[rng->counter++ % 4];
}

guint32
lw_rng_next_below (LwRng *rng, guint32 n)
{
  guint64 product = (guint64) lw_rng_next (rng) * n;

  if ((guint32) product < n)
    {
      const guint32 threshold = -n % n;

      while ((guint32) product < threshold)
        product = (guint64) lw_rng_next (rng) * n;
    }
  return (guint32) (product >> 32);
}

float
lw_rng_next_float (LwRng *rng)
{
  return (float) (lw_rng_next (rng) >> 8) * 0x1p-24f;
}

double
lw_rng_next_double (LwRng *rng)
{
  guint64 high = lw_rng_next (rng);
  guint64 low = lw_rng_next (rng);

  return (double) ((high << 32 | low) >> 11) * 0x1p-53;
}

double
lw_rng_next_normal (LwRng *rng)
{
  double u = 1.0 - lw_rng_next_double (rng); /* in (0, 1] */
  double v = lw_rng_next_double (rng);

  return sqrt (-2.0 * log (u)) * cos (2.0 * G_PI * v);
}
