/* Initial distributions, as Keras 3 has them (initializers/random_initializers.py):
 * glorot_uniform U(-l, l), l = sqrt (6 / (fan_in + fan_out)) (Glorot and Bengio, 2010);
 * he_normal: a normal of deviation sqrt (2 / fan_in) / 0.87962566103423978, cut off at two deviations
 * so that what is left has deviation sqrt (2 / fan_in) (He et al., 2015). */

#include "engine/nn/initializer.h"

#include <math.h>

static double
draw_truncated_normal (LwRng *rng)
{
  double value;

  do
    value = lw_rng_next_normal (rng);
  while (fabs (value) > 2);
  return value;
}

LwTensor *
lw_weight_info_draw (const LwWeightInfo *info, LwRng *rng, GError **error)
{
  LwTensor *weight = lw_tensor_new (NULL, LW_FLOAT32, &info->shape, error);
  double    limit = sqrt (6.0 / (double) MAX (info->fan_in + info->fan_out, 1));
  double    deviation = sqrt (2.0 / (double) MAX (info->fan_in, 1)) / 0.87962566103423978;
  gsize     n;
  float    *w;

  if (weight == NULL)
    return NULL;
  n = lw_tensor_get_count (weight);
  w = lw_tensor_get_mutable_data (weight);
  for (gsize i = 0; i < n; i++)
    switch (info->initializer)
      {
      case LW_INIT_ZEROS: w[i] = 0; break;
      case LW_INIT_ONES: w[i] = 1; break;
      case LW_INIT_GLOROT_UNIFORM:
        w[i] = (float) (limit * (2.0 * (double) lw_rng_next_float (rng) - 1.0));
        break;
      case LW_INIT_HE_NORMAL: w[i] = (float) (deviation * draw_truncated_normal (rng)); break;
      }
  return weight;
}
