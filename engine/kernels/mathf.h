#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

/* exp, log, tanh and the logistic function for one float, without branches, so that a loop over them
 * becomes vector code. libm's differ by processor and by release; these are sums and products in one
 * order, hence the same bits everywhere (compiled without fused multiply-add).
 *
 * exp, log and tanh lie within 2 ulp of the true value over the normal range. Results too small for
 * a normal number are 0, and arguments that are denormal count as 0, as they do in engine code
 * (flush-to-zero). NaN gives NaN.
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
