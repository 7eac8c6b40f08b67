/* Initial distributions, as Keras 3 has them (initializers/random_initializers.py), each with its
 * default arguments. With the variance v
 *   glorot  2 / (fan_in + fan_out)  (Glorot and Bengio, 2010)
 *   he      2 / fan_in              (He et al., 2015)
 *   lecun   1 / fan_in              (LeCun et al., 1998)
 * _uniform is U(-l, l) with l = sqrt (3 v), and _normal a normal of deviation
 * sqrt (v) / 0.87962566103423978, cut off at two deviations so that what is left has variance v.
 * random_normal and random_uniform go by 0.05; truncated_normal is a normal of deviation 0.05, cut off
 * at two deviations and left narrower by it. */

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

static double
draw_uniform (LwRng *rng, double limit)
{
  return limit * (2.0 * (double) lw_rng_next_float (rng) - 1.0);
}

#define STANDARD_SPREAD 0.05
#define TRUNCATED_DEVIATION 0.87962566103423978 /* of a unit normal cut off at ±2 */

LwTensor *
lw_weight_info_draw (const LwWeightInfo *info, LwRng *rng, GError **error)
{
  LwTensor    *weight = lw_tensor_new (NULL, LW_FLOAT32, &info->shape, error);
  const double fan_in = (double) MAX (info->fan_in, 1);
  const double fan_sum = (double) MAX (info->fan_in + info->fan_out, 1);
  double       spread = STANDARD_SPREAD; /* a limit or a deviation */
  gsize        n;
  float       *w;

  if (weight == NULL)
    return NULL;
  n = lw_tensor_get_count (weight);
  w = lw_tensor_get_mutable_data (weight);

  switch (info->initializer)
    {
    case LW_INIT_GLOROT_UNIFORM: spread = sqrt (6.0 / fan_sum); break;
    case LW_INIT_HE_UNIFORM: spread = sqrt (6.0 / fan_in); break;
    case LW_INIT_LECUN_UNIFORM: spread = sqrt (3.0 / fan_in); break;
    case LW_INIT_GLOROT_NORMAL: spread = sqrt (2.0 / fan_sum) / TRUNCATED_DEVIATION; break;
    case LW_INIT_HE_NORMAL: spread = sqrt (2.0 / fan_in) / TRUNCATED_DEVIATION; break;
    case LW_INIT_LECUN_NORMAL: spread = sqrt (1.0 / fan_in) / TRUNCATED_DEVIATION; break;
    default: break;
    }

  for (gsize i = 0; i < n; i++)
    switch (info->initializer)
      {
      case LW_INIT_ZEROS: w[i] = 0; break;
      case LW_INIT_ONES: w[i] = 1; break;
      case LW_INIT_GLOROT_UNIFORM:
      case LW_INIT_HE_UNIFORM:
      case LW_INIT_LECUN_UNIFORM:
      case LW_INIT_RANDOM_UNIFORM: w[i] = (float) draw_uniform (rng, spread); break;
      case LW_INIT_GLOROT_NORMAL:
      case LW_INIT_HE_NORMAL:
      case LW_INIT_LECUN_NORMAL:
      case LW_INIT_TRUNCATED_NORMAL: w[i] = (float) (spread * draw_truncated_normal (rng)); break;
      case LW_INIT_RANDOM_NORMAL: w[i] = (float) (spread * lw_rng_next_normal (rng)); break;
      }
  return weight;
}
