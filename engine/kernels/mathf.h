#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

/* exp, log, pow, tanh, the logistic function and the normal distribution for one float, without
 * branches, so that a loop over them becomes vector code. libm's differ by processor and by release;
 * these are sums and products in one order, hence the same bits everywhere (compiled without fused
 * multiply-add).
 *
 * exp, log, tanh and pow lie within 2 ulp of the true value over the normal range, the others within
 * what stands beside them. Results too small for a normal number are 0, and arguments that are denormal
 * count as 0, as they do in engine code (flush-to-zero). NaN gives NaN.
 *
 * The polynomials are near-minimax fits of the degree that single precision asks for; the reductions
 * are the classic ones (W. J. Cody and W. Waite, "Software manual for the elementary functions",
 * 1980). */

static inline uint32_t
lw_float_bits (float x)
{
  uint32_t bits;

  memcpy (&bits, &x, sizeof bits);
  return bits;
}

static inline float
lw_float_from_bits (uint32_t bits)
{
  float x;

  memcpy (&x, &bits, sizeof x);
  return x;
}

/* exp (x) = 2^n · exp (r), n = round (x / ln 2), |r| <= ln 2 / 2. */
static inline float
lw_expf (float x)
{
  const float    lowest = -87.336540f;       /* exp of less is no normal number */
  const float    highest = 88.7228317f;      /* exp of more is not finite */
  const float    round_to_even = 12582912.f; /* 1.5 · 2^23: adding it leaves no fraction bits */
  const float    low_clamped = x < lowest ? lowest : x;
  const float    clamped = low_clamped > highest ? highest : low_clamped;
  const float    shifted = clamped * 1.44269504f + round_to_even;
  const float    n = shifted - round_to_even;
  const uint32_t exponent = lw_float_bits (shifted) - lw_float_bits (round_to_even);
  /* 2^128 is no float: the power is applied in two halves. */
  const uint32_t half = (uint32_t) ((int32_t) exponent >> 1);
  const float    power_1 = lw_float_from_bits ((half + 127u) << 23);
  const float    power_2 = lw_float_from_bits ((exponent - half + 127u) << 23);
  const float    r = (clamped - n * 0.693359375f) - n * -2.12194440e-4f;
  float          p;

  p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.f;
  p = p * power_1 * power_2;
  p = x < lowest ? 0.f : p;
  return x > highest ? INFINITY : p;
}

/* exp (x) - 1 for x <= 0, within 1 ulp near 0 too: 2^n · (exp (r) - 1) + (2^n - 1). */
static inline float
lw_expm1f (float x)
{
  const float    lowest = -87.336540f; /* the result is -1 from -17 on */
  const float    round_to_even = 12582912.f;
  const float    clamped = x < lowest ? lowest : x;
  const float    shifted = clamped * 1.44269504f + round_to_even;
  const float    n = shifted - round_to_even;
  const uint32_t exponent = lw_float_bits (shifted) - lw_float_bits (round_to_even);
  const float    power = lw_float_from_bits ((exponent + 127u) << 23);
  const float    r = (clamped - n * 0.693359375f) - n * -2.12194440e-4f;
  float          p;

  p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r;
  return p * power + (power - 1.f);
}

/* log (x) = n ln 2 + log (1 + f), 1 + f in [sqrt 1/2, sqrt 2). */
static inline float
lw_logf (float x)
{
  const float    smallest = 1.17549435e-38f;
  const uint32_t bits = lw_float_bits (x);
  /* Counting exponents from sqrt 1/2 puts 1 + f into that interval. */
  const uint32_t from_root = bits - 0x3f3504f3u;
  const float    n = (float) ((int32_t) from_root >> 23);
  const float    f = lw_float_from_bits ((from_root & 0x007fffffu) + 0x3f3504f3u) - 1.f;
  const float    f2 = f * f;
  float          p;

  p = 7.0376836292e-2f;
  p = p * f + -1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f + -1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f + -1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f + -2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  p = p * f * f2 + n * -2.12194440e-4f;
  p = p - 0.5f * f2;
  p = (f + p) + n * 0.693359375f;
  p = x < smallest ? -INFINITY : p;
  p = x <= -smallest ? NAN : p;
  p = x > 3.40282347e38f ? INFINITY : p;
  return x != x ? x : p;
}

/* An odd polynomial near 0; further out 1 - 2 / (exp (2 |x|) + 1) with the sign of x. */
static inline float
lw_tanhf (float x)
{
  const uint32_t sign = lw_float_bits (x) & 0x80000000u;
  const float    magnitude = lw_float_from_bits (lw_float_bits (x) & 0x7fffffffu);
  const float    square = magnitude * magnitude;
  const float    tail = 1.f - 2.f / (lw_expf (magnitude + magnitude) + 1.f);
  float          p;

  p = -5.70498872745e-3f;
  p = p * square + 2.06390887954e-2f;
  p = p * square + -5.37397155531e-2f;
  p = p * square + 1.33314422036e-1f;
  p = p * square + -3.33332819422e-1f;
  p = p * square * magnitude + magnitude;
  p = magnitude < 0.625f ? p : tail;
  return lw_float_from_bits (lw_float_bits (p) | sign);
}

static inline float
lw_sigmoidf (float x)
{
  return 1.f / (1.f + lw_expf (-x));
}

/* log (1 + x) for 0 <= x <= 1, within 3 ulp. The logarithm of w = 1 + x as it was rounded, corrected by
 * x / (w - 1) for what was lost (W. Kahan; see D. Goldberg, "What every computer scientist should know
 * about floating-point arithmetic", 1991, theorem 4). */
static inline float
lw_log1pf (float x)
{
  const float w = 1.f + x;
  const float lost = w - 1.f;
  const float y = lw_logf (w) * (x / lost);

  return lost == 0.f ? x : y;
}

/* log (1 + exp (x)) = max (x, 0) + log (1 + exp (-|x|)) */
static inline float
lw_softplusf (float x)
{
  const float magnitude = lw_float_from_bits (lw_float_bits (x) & 0x7fffffffu);

  return (x < 0.f ? 0.f : x) + lw_log1pf (lw_expf (-magnitude));
}

/* exp (-x² / 2). Rounding x² would cost x² / 2 ulp: it is cut in an exact part and a small rest. */
static inline float
lw_gaussf (float x)
{
  const float beyond = 14.5f; /* the result is no normal number */
  const float magnitude = lw_float_from_bits (lw_float_bits (x) & 0x7fffffffu);
  const float a = magnitude > beyond ? beyond : magnitude;
  const float head = lw_float_from_bits (lw_float_bits (a) & 0xfffff000u);

  return lw_expf (head * head * -0.5f) * lw_expf ((a - head) * (a + head) * -0.5f);
}

/* The normal distribution function Φ (x) = (1 + erf (x / sqrt 2)) / 2, from its tail
 * Φ (-a) = exp (-a² / 2) · t · q (t) with t = 1 / (1 + 0.24 a): q is a Chebyshev interpolation over
 * 0 <= a <= 14.5, of relative error 4e-9, written in the powers of u = -1 … 1. The tail keeps its
 * relative precision, which 1 + erf does not: within 6 ulp. Long enough that clang would call it,
 * and then not vectorize the loop. */
static inline __attribute__ ((always_inline)) float
lw_normalf (float x)
{
  const float beyond = 14.5f;
  const float magnitude = lw_float_from_bits (lw_float_bits (x) & 0x7fffffffu);
  const float a = magnitude > beyond ? beyond : magnitude;
  const float t = 1.f / (1.f + 0.24f * a);
  const float u = 1.f - a * t * 0.617931034f;
  float       p;

  p = 5.167358912e-6f;
  p = p * u + 8.194997305e-6f;
  p = p * u + -8.088526771e-5f;
  p = p * u + -2.726249308e-4f;
  p = p * u + 7.014817045e-4f;
  p = p * u + 7.987740388e-3f;
  p = p * u + 3.203937528e-2f;
  p = p * u + 8.296631259e-2f;
  p = p * u + 1.559941972e-1f;
  p = p * u + 2.206510421e-1f;
  p = p * t * lw_gaussf (a);
  return x < 0.f ? p : 1.f - p;
}

static inline uint64_t
lw_double_bits (double x)
{
  uint64_t bits;

  memcpy (&bits, &x, sizeof bits);
  return bits;
}

static inline double
lw_double_from_bits (uint64_t bits)
{
  double x;

  memcpy (&x, &bits, sizeof x);
  return x;
}

/* a^b = 2^(b · log2 |a|), in double in between since b may be large; special cases as in C's pow().
 * log2 (m) = 2 / ln 2 · artanh ((m - 1) / (m + 1)) for m in [sqrt 1/2, sqrt 2); 2^f by Taylor's sum for
 * |f| <= 1/2. */
static inline float
lw_powf (float a, float b)
{
  const float    smallest = 1.17549435e-38f;
  const float    largest = 3.40282347e38f;
  const double   round_to_even = 6755399441055744.0; /* 1.5 · 2^52 */
  const uint32_t bits = lw_float_bits (a) & 0x7fffffffu;
  const float    magnitude = lw_float_from_bits (bits);
  const uint32_t from_root = bits - 0x3f3504f3u;
  const double   n = (double) ((int32_t) from_root >> 23);
  const double   m = (double) lw_float_from_bits ((from_root & 0x007fffffu) + 0x3f3504f3u);
  const double   z = (m - 1.0) / (m + 1.0);
  const double   z2 = z * z;
  /* Whole numbers up to 2^24; larger ones are even. */
  const float    b_known = b != b ? 0.f : b;
  const float    b_low = b_known < -16777216.f ? -16777216.f : b_known;
  const float    b_near = b_low > 16777216.f ? 16777216.f : b_low;
  const int32_t  b_whole = (int32_t) b_near;
  const uint32_t odd = (uint32_t) b_whole & ((float) b_whole == b_near ? 1u : 0u);
  const uint32_t sign = lw_float_bits (a) & (odd << 31);
  double         p, t, f, shifted;
  float          y;

  p = 2.0 / 13.0;
  p = p * z2 + 2.0 / 11.0;
  p = p * z2 + 2.0 / 9.0;
  p = p * z2 + 2.0 / 7.0;
  p = p * z2 + 2.0 / 5.0;
  p = p * z2 + 2.0 / 3.0;
  p = p * z2 + 2.0;
  t = (double) b * (n + p * z * 1.4426950408889634);
  t = t < -150.0 ? -150.0 : t;
  t = t > 130.0 ? 130.0 : t;

  shifted = t + round_to_even;
  f = (t - (shifted - round_to_even)) * 0.6931471805599453;
  p = 1.0 / 362880.0;
  p = p * f + 1.0 / 40320.0;
  p = p * f + 1.0 / 5040.0;
  p = p * f + 1.0 / 720.0;
  p = p * f + 1.0 / 120.0;
  p = p * f + 1.0 / 24.0;
  p = p * f + 1.0 / 6.0;
  p = p * f + 0.5;
  p = p * f + 1.0;
  p = p * f + 1.0;
  p = p * lw_double_from_bits ((lw_double_bits (shifted) - lw_double_bits (round_to_even) + 1023u) << 52);

  /* Rounded down to the smallest normal number or up to it: the same on any machine. */
  y = (float) p;
  y = p < 1.1754943508222875e-38 ? 0.f : y;
  y = p >= 3.4028235677973366e38 ? INFINITY : y;
  y = magnitude < smallest ? (b > 0.f ? 0.f : INFINITY) : y;
  y = magnitude > largest ? (b > 0.f ? INFINITY : 0.f) : y;
  y = a < 0.f && (float) b_whole != b_near ? NAN : y;
  y = magnitude > largest && a < 0.f ? (b > 0.f ? INFINITY : 0.f) : y;
  y = magnitude != magnitude || b != b ? NAN : y;
  y = lw_float_from_bits (lw_float_bits (y) | sign);
  y = magnitude == 1.f && (b > largest || b < -largest) ? 1.f : y;
  return a == 1.f || b == 0.f ? 1.f : y;
}
