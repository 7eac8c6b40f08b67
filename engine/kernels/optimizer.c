#include "engine/kernels/kernels-private.h"

#include <math.h>

/* Each output array is its input array or distinct from all: elements are independent. */

void
LW_KERNEL (lw_adam) (gsize n, const LwAdamStep *step, const float *g, const float *w,
                     const float *m, const float *v, const float *vhat, float *w_out,
                     float *m_out, float *v_out, float *vhat_out)
{
  const float alpha = step->alpha, epsilon = step->epsilon;
  const float rate_1 = step->one_minus_beta_1, rate_2 = step->one_minus_beta_2;

  if (vhat == NULL)
    {
      LW_INDEPENDENT
      for (gsize i = 0; i < n; i++)
        {
          const float m_new = m[i] + (g[i] - m[i]) * rate_1;
          const float v_new = v[i] + (g[i] * g[i] - v[i]) * rate_2;
          const float w_new = w[i] - alpha * m_new / (sqrtf (v_new) + epsilon);

          m_out[i] = m_new;
          v_out[i] = v_new;
          w_out[i] = w_new;
        }
      return;
    }

  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float m_new = m[i] + (g[i] - m[i]) * rate_1;
      const float v_new = v[i] + (g[i] * g[i] - v[i]) * rate_2;
      const float v_max = vhat[i] > v_new ? vhat[i] : v_new;
      const float w_new = w[i] - alpha * m_new / (sqrtf (v_max) + epsilon);

      m_out[i] = m_new;
      v_out[i] = v_new;
      vhat_out[i] = v_max;
      w_out[i] = w_new;
    }
}

void
LW_KERNEL (lw_sgd) (gsize n, float rate, float momentum, gboolean nesterov, const float *g,
                    const float *w, const float *m, float *w_out, float *m_out)
{
  if (m == NULL)
    {
      LW_INDEPENDENT
      for (gsize i = 0; i < n; i++)
        w_out[i] = w[i] - rate * g[i];
    }
  else if (nesterov)
    {
      LW_INDEPENDENT
      for (gsize i = 0; i < n; i++)
        {
          const float step = rate * g[i];
          const float m_new = momentum * m[i] - step;
          const float w_new = w[i] + (momentum * m_new - step);

          m_out[i] = m_new;
          w_out[i] = w_new;
        }
    }
  else
    {
      LW_INDEPENDENT
      for (gsize i = 0; i < n; i++)
        {
          const float m_new = momentum * m[i] - rate * g[i];
          const float w_new = w[i] + m_new;

          m_out[i] = m_new;
          w_out[i] = w_new;
        }
    }
}

void
LW_KERNEL (lw_nadam) (gsize n, const LwNadamStep *step, const float *g, const float *w,
                      const float *m, const float *v, float *w_out, float *m_out, float *v_out)
{
  const float rate = step->rate, of_m = step->of_m, of_g = step->of_g;
  const float correction = step->correction, epsilon = step->epsilon;
  const float rate_1 = step->one_minus_beta_1, rate_2 = step->one_minus_beta_2;

  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float m_new = m[i] + (g[i] - m[i]) * rate_1;
      const float v_new = v[i] + (g[i] * g[i] - v[i]) * rate_2;
      const float ahead = of_m * m_new + of_g * g[i];
      const float w_new = w[i] - rate * ahead / (sqrtf (v_new * correction) + epsilon);

      m_out[i] = m_new;
      v_out[i] = v_new;
      w_out[i] = w_new;
    }
}

/* Momentum and centering each come and go: a loop for each of the four, made from one body. */
static inline void
rmsprop_loop (gsize n, const LwRmspropStep *step, gboolean has_momentum, gboolean centered,
              const float *g, const float *w, const float *v, const float *b, const float *a,
              float *w_out, float *v_out, float *b_out, float *a_out)
{
  const float rate = step->rate, rho = step->rho, one_minus_rho = step->one_minus_rho;
  const float momentum = step->momentum, epsilon = step->epsilon;

  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float v_new = rho * v[i] + one_minus_rho * (g[i] * g[i]);
      float       variance = v_new, move;

      if (centered)
        {
          const float a_new = rho * a[i] + one_minus_rho * g[i];
          const float rest = v_new - a_new * a_new;

          variance = rest < 0 ? 0 : rest;
          a_out[i] = a_new;
        }
      move = rate * g[i] / sqrtf (variance + epsilon);
      if (has_momentum)
        {
          move = momentum * b[i] + move;
          b_out[i] = move;
        }
      w_out[i] = w[i] - move;
      v_out[i] = v_new;
    }
}

void
LW_KERNEL (lw_rmsprop) (gsize n, const LwRmspropStep *step, const float *g, const float *w,
                        const float *v, const float *b, const float *a, float *w_out,
                        float *v_out, float *b_out, float *a_out)
{
  if (b == NULL && a == NULL)
    rmsprop_loop (n, step, FALSE, FALSE, g, w, v, NULL, NULL, w_out, v_out, NULL, NULL);
  else if (a == NULL)
    rmsprop_loop (n, step, TRUE, FALSE, g, w, v, b, NULL, w_out, v_out, b_out, NULL);
  else if (b == NULL)
    rmsprop_loop (n, step, FALSE, TRUE, g, w, v, NULL, a, w_out, v_out, NULL, a_out);
  else
    rmsprop_loop (n, step, TRUE, TRUE, g, w, v, b, a, w_out, v_out, b_out, a_out);
}

void
LW_KERNEL (lw_adagrad) (gsize n, float rate, float epsilon, const float *g, const float *w,
                        const float *sum, float *w_out, float *sum_out)
{
  LW_INDEPENDENT
  for (gsize i = 0; i < n; i++)
    {
      const float sum_new = sum[i] + g[i] * g[i];
      const float w_new = w[i] - rate * g[i] / sqrtf (sum_new + epsilon);

      sum_out[i] = sum_new;
      w_out[i] = w_new;
    }
}
