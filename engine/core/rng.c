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

/* log (x), 0 < x <= 1 a multiple of 2^-53: x = m · 2^n, m in [sqrt 1/2, sqrt 2), and
 * log (m) = 2 artanh (t) = 2 (t + t³/3 + t⁵/5 + …), t = (m - 1) / (m + 1). */
static double
log_of (double x)
{
  int    n = 0;
  double t, square, sum = 0;

  for (; x < 0x1.6a09e667f3bcdp-1; n--)
    x += x;
  t = (x - 1) / (x + 1);
  square = t * t;
  for (int k = 21; k >= 3; k -= 2)
    sum = (sum + 1.0 / k) * square;
  /* ln 2 in two parts, of which n times the first is exact. */
  return n * 0x1.62e42fee00000p-1 + (n * 0x1.a39ef35793c76p-33 + 2 * (t + t * sum));
}

/* The sum of r^k / k! with alternating signs for k = first, first + 2, … below 20. */
static double
circle_series (double r, int first)
{
  double term = first == 0 ? 1 : r, sum = term;

  for (int k = first + 2; k < 20; k += 2)
    {
      term *= -(r * r) / (k * (k - 1));
      sum += term;
    }
  return sum;
}

/* cos (2 π v), 0 <= v < 1: by the nearest quarter of the circle, at most an eighth away. */
static double
cos_of_turns (double v)
{
  int    quarter = (int) (4 * v + 0.5);
  double r = (v - quarter * 0.25) * (2 * G_PI);

  switch (quarter % 4)
    {
    case 0: return circle_series (r, 0);
    case 1: return -circle_series (r, 1);
    case 2: return -circle_series (r, 0);
    default: return circle_series (r, 1);
    }
}

double
lw_normal_from_uniform (double u, double v)
{
  return sqrt (-2.0 * log_of (u)) * cos_of_turns (v);
}

double
lw_rng_next_normal (LwRng *rng)
{
  double u = 1.0 - lw_rng_next_double (rng); /* in (0, 1] */
  double v = lw_rng_next_double (rng);

  return lw_normal_from_uniform (u, v);
}
