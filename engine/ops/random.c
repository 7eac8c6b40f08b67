/* Random tensors, counter-based: element i is a pure function of the generator's seed, stream and counter and
 * of i (Philox4x32-10, engine/core/rng.h), so that a result depends on no order of computing.
 *
 * Normal numbers are those of lw_rng_next_normal(), of two uniform numbers of 53 bits each. */

#include "engine/kernels/philox.h"
#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#define GRAIN 4096

typedef struct {
  LwRng    rng;
  LwDType  dtype;
  double   a, b; /* low and high, or mean and deviation */
  gpointer out;
} Work;

/* The draws from `first` on; a block of four words is computed once. */
typedef struct {
  const LwRng *rng;
  guint64      next;
  uint32_t     words[4];
} Draws;

static guint32
draw (Draws *draws)
{
  const uint32_t key[2] = { (uint32_t) draws->rng->seed, (uint32_t) (draws->rng->seed >> 32) };
  const guint64  number = draws->next++;
  const guint64  block = number / 4;

  if (number % 4 == 0)
    {
      const uint32_t counter[4]
          = { (uint32_t) block, (uint32_t) (block >> 32), (uint32_t) draws->rng->stream,
              (uint32_t) (draws->rng->stream >> 32) };

      lw_philox4x32 (counter, key, draws->words);
    }
  return draws->words[number % 4];
}

static Draws
draws_from (const LwRng *rng, guint64 first)
{
  Draws draws = { .rng = rng, .next = first / 4 * 4 };

  while (draws.next < first)
    draw (&draws);
  return draws;
}

/* In [0, 1), 53 bits of two draws. */
static double
draw_double (Draws *draws)
{
  guint64 high = draw (draws);
  guint64 low = draw (draws);

  return (double) ((high << 32 | low) >> 11) * 0x1p-53;
}

static void
uniform_range (gpointer data, gsize first, gsize n)
{
  const Work *work = data;

  if (work->dtype == LW_FLOAT32)
    {
      const float low = (float) work->a, high = (float) work->b;
      /* Of 24 bits, as is the draw: their product in double is exact. */
      const float width = high - low;
      Draws       draws = draws_from (&work->rng, work->rng.counter + first);

      for (gsize i = first; i < first + n; i++)
        {
          float value = (float) (low + (double) (draw (&draws) >> 8) * 0x1p-24 * width);

          ((float *) work->out)[i] = value < high ? value : low;
        }
    }
  else
    {
      Draws draws = draws_from (&work->rng, work->rng.counter + 2 * first);

      for (gsize i = first; i < first + n; i++)
        {
          double value = work->a + draw_double (&draws) * (work->b - work->a);

          ((double *) work->out)[i] = value < work->b ? value : work->a;
        }
    }
}

static void
normal_range (gpointer data, gsize first, gsize n)
{
  const Work *work = data;
  Draws       draws = draws_from (&work->rng, work->rng.counter + 4 * first);

  for (gsize i = first; i < first + n; i++)
    {
      double u = 1.0 - draw_double (&draws); /* in (0, 1] */
      double v = draw_double (&draws);
      double value = work->a + work->b * lw_normal_from_uniform (u, v);

      if (work->dtype == LW_FLOAT32)
        ((float *) work->out)[i] = (float) value;
      else
        ((double *) work->out)[i] = value;
    }
}

static LwTensor *
fill_randomly (LwScope *s, const char *op, LwRangeFunc func, LwDType dtype, const LwShape *shape, double a,
               double b, guint draws_each, LwRng *rng)
{
  Work      work = { *rng, dtype, a, b, NULL };
  LwTensor *y;

  if (!lw_dtype_is_floating (dtype))
    return lw_scope_fail (s, LW_ERROR_DTYPE,
                          _("%s makes float32 or float64, not %s; cast it afterwards"), op,
                          lw_dtype_get_name (dtype));
  y = lw_scope_new_tensor (s, dtype, shape);
  if (y == NULL)
    return lw_scope_get_invalid (s);
  work.out = lw_tensor_get_mutable_data (y);
  lw_op_run_range (s, lw_tensor_get_count (y), GRAIN, func, &work);
  rng->counter += draws_each * lw_tensor_get_count (y);
  return y;
}

LwTensor *
lw_random_uniform (LwScope *s, LwDType dtype, const LwShape *shape, double low, double high, LwRng *rng)
{
  gboolean fits = isfinite (low) && isfinite (high) && low <= high;

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  if (dtype == LW_FLOAT32)
    fits = fits && isfinite ((float) low) && isfinite ((float) high)
           && isfinite ((float) high - (float) low);
  if (!fits || !isfinite (high - low))
    return lw_scope_fail (s, LW_ERROR_VALUE,
                          _("random_uniform cannot draw from %g to %g: the ends must be finite and "
                            "in order"),
                          low, high);
  return fill_randomly (s, "random_uniform", uniform_range, dtype, shape, low, high,
                        dtype == LW_FLOAT32 ? 1 : 2, rng);
}

LwTensor *
lw_random_normal (LwScope *s, LwDType dtype, const LwShape *shape, double mean, double stddev, LwRng *rng)
{
  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  if (!isfinite (mean) || !isfinite (stddev) || stddev < 0)
    return lw_scope_fail (s, LW_ERROR_VALUE,
                          _("random_normal cannot draw around %g with a deviation of %g: both must be "
                            "finite, and the deviation not negative"),
                          mean, stddev);
  return fill_randomly (s, "random_normal", normal_range, dtype, shape, mean, stddev, 4, rng);
}
