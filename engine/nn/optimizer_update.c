/* The elements of one variable's step: clipped gradients, decayed weights, the kind's formula, averages,
 * in pieces that threads share out. Every element is computed on its own and norms are summed in blocks,
 * so no split changes a result. Clipping: Keras 3, optimizers/base_optimizer.py (clip_by_norm and
 * clip_by_global_norm); decay: Loshchilov and Hutter, 2019. */

#include "engine/nn/optimizer_private.h"

#include "engine/ops/op.h"

#include <math.h>

#define GRAIN 8192
/* As many elements are worked on at a time where a copy is needed on the way; norms are summed in
 * blocks of as many. */
#define BLOCK 1024

/* -- clipping -- */

typedef struct {
  LwTensor *grad;
  double   *sums; /* one for each block */
} NormWork;

static void
norm_range (gpointer data, gsize first, gsize n)
{
  const NormWork *work = data;
  const gsize     count = lw_tensor_get_count (work->grad);
  const float    *floats = lw_tensor_get_data (work->grad);
  const double   *doubles = lw_tensor_get_data (work->grad);
  const gboolean  is_float = lw_tensor_get_dtype (work->grad) == LW_FLOAT32;

  for (gsize block = first; block < first + n; block++)
    {
      double sum = 0;

      for (gsize i = block * BLOCK; i < MIN (count, (block + 1) * BLOCK); i++)
        {
          const double g = is_float ? (double) floats[i] : doubles[i];

          sum += g * g;
        }
      work->sums[block] = sum;
    }
}

static double
sum_of_squares (LwScope *s, LwTensor *grad)
{
  const gsize        n_blocks = (lw_tensor_get_count (grad) + BLOCK - 1) / BLOCK;
  g_autofree double *sums = g_new (double, n_blocks);
  NormWork           work = { grad, sums };
  double             sum = 0;

  lw_op_run_range (s, n_blocks, 1, norm_range, &work);
  for (gsize block = 0; block < n_blocks; block++)
    sum += sums[block];
  return sum;
}

/* NaN stays NaN through all of these. */
LwClip
lw_optimizer_get_clip (const LwSpec *spec, LwScope *s, guint n, LwTensor *const *grads, guint i)
{
  const double limit = lw_spec_get_float (spec, "clipvalue");
  const double clipnorm = lw_spec_get_float (spec, "clipnorm");
  const double global = lw_spec_get_float (spec, "global_clipnorm");
  double       norm, squares = 0;

  if (limit > 0)
    return (LwClip) { TRUE, limit, 1 };
  if (clipnorm > 0)
    {
      norm = sqrt (sum_of_squares (s, grads[i]));
      return (LwClip) { !(norm <= clipnorm), INFINITY, clipnorm / norm };
    }
  if (global > 0)
    {
      for (guint k = 0; k < n; k++)
        if (grads[k] != NULL)
          squares += sum_of_squares (s, grads[k]);
      norm = sqrt (squares);
      return (LwClip) { !(norm <= global), INFINITY, isfinite (norm) ? global / norm : NAN };
    }
  return (LwClip) { FALSE, INFINITY, 1 };
}

/* -- one variable's step -- */

typedef struct {
  const LwOptimizerKind *kind;
  const LwKernels       *kernels;
  const LwOptimizerStep *step;
  LwClip                 clip;
  double                 decay; /* rate · weight_decay; 0: none */
  gboolean               is_float;
  const char            *g;
  const char            *in[1 + LW_OPTIMIZER_MAX_SLOTS];
  char                  *out[1 + LW_OPTIMIZER_MAX_SLOTS];
} Work;

static void
block_f32 (const Work *work, gsize n, const float *g, const float **in, float *const *out)
{
  float       clipped[BLOCK], change[BLOCK];
  const float limit = (float) work->clip.limit;

  if (work->clip.is_on)
    {
      work->kernels->scale (n, (float) work->clip.factor, g, clipped);
      for (gsize i = 0; i < n && limit < INFINITY; i++)
        clipped[i] = clipped[i] > limit ? limit : clipped[i] < -limit ? -limit : clipped[i];
      g = clipped;
    }
  if (work->decay != 0)
    {
      work->kernels->scale (n, (float) work->decay, in[0], change);
      work->kernels->subtract (n, in[0], change, out[0]);
      in[0] = out[0];
    }
  work->kind->run_f32 (work->kernels, work->step, n, g, in, out);
}

static void
block_f64 (const Work *work, gsize n, const double *g, const double **in, double *const *out)
{
  double       clipped[BLOCK];
  const double limit = work->clip.limit;

  if (work->clip.is_on)
    {
      for (gsize i = 0; i < n; i++)
        {
          const double x = g[i] * work->clip.factor;

          clipped[i] = x > limit ? limit : x < -limit ? -limit : x;
        }
      g = clipped;
    }
  if (work->decay != 0)
    {
      for (gsize i = 0; i < n; i++)
        out[0][i] = in[0][i] - in[0][i] * work->decay;
      in[0] = out[0];
    }
  work->kind->run_f64 (work->step, n, g, in, out);
}

static void
update_range (gpointer data, gsize first, gsize n)
{
  const Work *work = data;
  const gsize size = work->is_float ? sizeof (float) : sizeof (double);
  const gsize block = work->clip.is_on || work->decay != 0 ? BLOCK : n;

  for (gsize at = first; at < first + n; at += block)
    {
      gconstpointer in[1 + LW_OPTIMIZER_MAX_SLOTS];
      gpointer      out[1 + LW_OPTIMIZER_MAX_SLOTS];
      const gsize   here = MIN (block, first + n - at);

      for (guint k = 0; k <= LW_OPTIMIZER_MAX_SLOTS; k++)
        {
          in[k] = work->in[k] != NULL ? work->in[k] + at * size : NULL;
          out[k] = work->out[k] != NULL ? work->out[k] + at * size : NULL;
        }
      if (work->is_float)
        block_f32 (work, here, (const float *) (gconstpointer) (work->g + at * size), (const float **) in,
                   (float *const *) out);
      else
        block_f64 (work, here, (const double *) (gconstpointer) (work->g + at * size), (const double **) in,
                   (double *const *) out);
    }
}

void
lw_optimizer_update (LwScope *s, const LwOptimizerKind *kind, const LwOptimizerStep *step, LwClip clip,
                     double decay, LwTensor *grad, LwTensor *const *in, LwTensor *const *out)
{
  Work work = { .kind = kind,
                .kernels = lw_scope_get_device (s)->kernels,
                .step = step,
                .clip = clip,
                .decay = decay,
                .is_float = lw_tensor_get_dtype (grad) == LW_FLOAT32,
                .g = lw_tensor_get_data (grad) };

  for (guint k = 0; k <= LW_OPTIMIZER_MAX_SLOTS && in[k] != NULL; k++)
    {
      work.in[k] = lw_tensor_get_data (in[k]);
      work.out[k] = lw_tensor_get_mutable_data (out[k]);
    }
  lw_op_run_range (s, lw_tensor_get_count (grad), GRAIN, update_range, &work);
}

/* -- moving averages of the weights -- */

typedef struct {
  const LwKernels *kernels;
  double           momentum;
  gboolean         is_float;
  gconstpointer    w, average;
  gpointer         out;
} AverageWork;

static void
average_range (gpointer data, gsize first, gsize n)
{
  const AverageWork *work = data;
  const double       share = 1 - work->momentum;

  if (work->is_float)
    for (gsize at = first; at < first + n; at += BLOCK)
      {
        float       part[BLOCK];
        float      *out = (float *) work->out + at;
        const gsize here = MIN (BLOCK, first + n - at);

        work->kernels->scale (here, (float) share, (const float *) work->w + at, part);
        work->kernels->scale (here, (float) work->momentum, (const float *) work->average + at, out);
        work->kernels->add (here, out, part, out);
      }
  else
    for (gsize i = first; i < first + n; i++)
      ((double *) work->out)[i] = work->momentum * ((const double *) work->average)[i]
                                  + share * ((const double *) work->w)[i];
}

void
lw_optimizer_average (LwScope *s, double momentum, LwTensor *w, LwTensor *average, LwTensor *out)
{
  AverageWork work = { .kernels = lw_scope_get_device (s)->kernels,
                       .momentum = momentum,
                       .is_float = lw_tensor_get_dtype (w) == LW_FLOAT32,
                       .w = lw_tensor_get_data (w),
                       .average = lw_tensor_get_data (average),
                       .out = lw_tensor_get_mutable_data (out) };

  lw_op_run_range (s, lw_tensor_get_count (w), GRAIN, average_range, &work);
}
