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
