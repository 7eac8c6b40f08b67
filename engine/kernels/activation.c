#include "engine/kernels/kernels-private.h"
#include "engine/kernels/mathf.h"

/* Activations with their gradients from the *inputs* x, element by element, as elementwise.c does it.
 * The formulas are in kernels.h. */

void
LW_KERNEL (lw_clip) (gsize n, float low, float high, const float *x, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float from_low = x[i] < low ? low : x[i]; /* this way round a NaN stays one */

      y[i] = from_low > high ? high : from_low;
    }
}

void
LW_KERNEL (lw_clip_gradient) (gsize n, float low, float high, const float *x, const float *gy, float *gx)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float g = x[i] < low ? 0.f : gy[i];

      gx[i] = x[i] > high ? 0.f : g;
    }
}

/* The slope may be 0 and x infinite: then the product is not to be taken. */
void
LW_KERNEL (lw_relu_with) (gsize n, float slope, float max, float threshold, const float *x, float *y)
{
  const gboolean flat = slope == 0.f;

  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float below = (x[i] - threshold) * slope;
      const float low = flat ? 0.f : below;
      const float value = x[i] < threshold ? low : x[i];

      y[i] = x[i] >= max ? max : value;
    }
}

void
LW_KERNEL (lw_relu_with_gradient) (gsize n, float slope, float max, float threshold, const float *x,
                                   const float *gy, float *gx)
{
  const gboolean flat = slope == 0.f;
  const float    end = max == INFINITY ? NAN : max; /* an infinite x has not reached it either */

  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float g = gy[i];
      const float below = g * slope;
      const float low = flat ? 0.f : below;
      const float value = x[i] > threshold ? g : low;

      gx[i] = x[i] >= end ? 0.f : value;
    }
}

void
LW_KERNEL (lw_elu) (gsize n, float alpha, const float *x, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float value = x[i];
      const float below = lw_expm1f (value > 0.f ? 0.f : value) * alpha;

      y[i] = value > 0.f ? value : below;
    }
}

void
LW_KERNEL (lw_elu_gradient) (gsize n, float alpha, const float *x, const float *gy, float *gx)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float value = x[i];
      const float below = lw_expf (value > 0.f ? 0.f : value) * alpha;

      gx[i] = gy[i] * (value > 0.f ? 1.f : below);
    }
}

void
LW_KERNEL (lw_softplus) (gsize n, const float *x, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    y[i] = lw_softplusf (x[i]);
}

void
LW_KERNEL (lw_softplus_gradient) (gsize n, const float *x, const float *gy, float *gx)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    gx[i] = gy[i] * lw_sigmoidf (x[i]);
}

/* Further out than this silu is x or 0; an infinity would make 0 · inf. */
#define SILU_END 104.f

void
LW_KERNEL (lw_silu) (gsize n, const float *x, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float value = x[i] < -SILU_END ? -SILU_END : x[i];

      y[i] = value / (1.f + lw_expf (-value));
    }
}

void
LW_KERNEL (lw_silu_gradient) (gsize n, const float *x, const float *gy, float *gx)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float from_low = x[i] < -SILU_END ? -SILU_END : x[i];
      const float value = from_low > SILU_END ? SILU_END : from_low;
      const float sigmoid = lw_sigmoidf (value);

      gx[i] = gy[i] * (sigmoid * (1.f + value * (1.f - sigmoid)));
    }
}

/* Likewise for both kinds of gelu. */
#define GELU_END 14.5f

void
LW_KERNEL (lw_gelu) (gsize n, const float *x, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float value = x[i] < -GELU_END ? -GELU_END : x[i];

      y[i] = value * lw_normalf (value);
    }
}

void
LW_KERNEL (lw_gelu_gradient) (gsize n, const float *x, const float *gy, float *gx)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float from_low = x[i] < -GELU_END ? -GELU_END : x[i];
      const float value = from_low > GELU_END ? GELU_END : from_low;

      gx[i] = gy[i] * (lw_normalf (value) + value * (lw_gaussf (value) * 0.398942280f));
    }
}

/* (1 + tanh (u)) / 2 is sigmoid (2 u), without the cancellation; 2 u = x·(a + b·x²). */
#define TANH_A 1.59576912f
#define TANH_B 0.0713548163f

void
LW_KERNEL (lw_gelu_tanh) (gsize n, const float *x, float *y)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float from_low = x[i] < -GELU_END ? -GELU_END : x[i];
      const float value = from_low > GELU_END ? GELU_END : from_low;

      y[i] = from_low * lw_sigmoidf (value * (TANH_A + TANH_B * (value * value)));
    }
}

void
LW_KERNEL (lw_gelu_tanh_gradient) (gsize n, const float *x, const float *gy, float *gx)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float from_low = x[i] < -GELU_END ? -GELU_END : x[i];
      const float value = from_low > GELU_END ? GELU_END : from_low;
      const float square = value * value;
      const float sigmoid = lw_sigmoidf (value * (TANH_A + TANH_B * square));
      const float slope = TANH_A + TANH_B * 3.f * square;

      gx[i] = gy[i] * (sigmoid * (1.f + value * ((1.f - sigmoid) * slope)));
    }
}
