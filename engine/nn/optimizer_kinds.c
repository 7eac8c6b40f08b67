/* The step of each kind of optimizer, float32 by kernels and float64 by the reference. Formulas: Keras 3,
 * optimizers/sgd.py, adam.py, nadam.py, rmsprop.py, adagrad.py; Kingma and Ba, "Adam", 2015; Loshchilov
 * and Hutter, "Decoupled weight decay regularization", 2019; Dozat, "Incorporating Nesterov momentum
 * into Adam", 2016; Hinton, lecture 6e, 2012; Duchi, Hazan and Singer, "Adaptive subgradient methods",
 * 2011. */

#include "engine/nn/optimizer_private.h"

#include "engine/kernels/reference.h"

#include <math.h>

static guint
no_slots (const LwSpec *spec)
{
  return 0;
}

static guint
one_slot (const LwSpec *spec)
{
  return 1;
}

static guint
two_slots (const LwSpec *spec)
{
  return 2;
}

/* base^n by squaring: products only, so the same bits everywhere. */
static double
power (double base, gint64 n)
{
  double result = 1;

  for (; n > 0; n >>= 1)
    {
      if (n & 1)
        result *= base;
      base *= base;
    }
  return result;
}

/* -- SGD -- */

static guint
sgd_interleaved (const LwSpec *spec)
{
  return lw_spec_get_float (spec, "momentum") > 0 ? 1 : 0;
}

static const char *
sgd_slot_name (const LwSpec *spec, guint k)
{
  return "momentum";
}

static void
sgd_prepare (const LwSpec *spec, gint64 t, double *product, LwOptimizerStep *step)
{
  step->momentum = lw_spec_get_float (spec, "momentum");
  step->nesterov = lw_spec_get_bool (spec, "nesterov");
}

static void
sgd_run_f32 (const LwKernels *kernels, const LwOptimizerStep *step, gsize n, const float *g,
             const float *const *in, float *const *out)
{
  kernels->sgd (n, (float) step->rate, (float) step->momentum, step->nesterov, g, in[0], in[1], out[0],
                out[1]);
}

static void
sgd_run_f64 (const LwOptimizerStep *step, gsize n, const double *g, const double *const *in,
             double *const *out)
{
  lw_reference_sgd_f64 (n, step->rate, step->momentum, step->nesterov, g, in[0], in[1], out[0], out[1]);
}

/* -- Adam, AdamW -- */

static guint
adam_behind (const LwSpec *spec)
{
  return lw_spec_get_bool (spec, "amsgrad") ? 1 : 0;
}

static const char *
adam_slot_name (const LwSpec *spec, guint k)
{
  static const char *const names[] = { "m", "v", "vhat" };

  return names[k];
}

static void
prepare_betas (const LwSpec *spec, LwOptimizerStep *step)
{
  step->one_minus_beta_1 = 1 - lw_spec_get_float (spec, "beta_1");
  step->one_minus_beta_2 = 1 - lw_spec_get_float (spec, "beta_2");
  step->epsilon = lw_spec_get_float (spec, "epsilon");
}

static void
adam_prepare (const LwSpec *spec, gint64 t, double *product, LwOptimizerStep *step)
{
  const double beta_1 = lw_spec_get_float (spec, "beta_1"), beta_2 = lw_spec_get_float (spec, "beta_2");

  prepare_betas (spec, step);
  step->alpha = step->rate * sqrt (1 - power (beta_2, t)) / (1 - power (beta_1, t));
}

static void
adam_run_f32 (const LwKernels *kernels, const LwOptimizerStep *step, gsize n, const float *g,
              const float *const *in, float *const *out)
{
  const LwAdamStep adam = { (float) step->alpha, (float) step->one_minus_beta_1,
                            (float) step->one_minus_beta_2, (float) step->epsilon };

  kernels->adam (n, &adam, g, in[0], in[1], in[2], in[3], out[0], out[1], out[2], out[3]);
}

static void
adam_run_f64 (const LwOptimizerStep *step, gsize n, const double *g, const double *const *in,
              double *const *out)
{
  lw_reference_adam_f64 (n, step->alpha, step->one_minus_beta_1, step->one_minus_beta_2, step->epsilon, g,
                         in[0], in[1], in[2], in[3], out[0], out[1], out[2], out[3]);
}

/* -- Nadam: u(t) = beta_1 (1 - 0.96^t / 2), *product is U = u(1) … u(t); formula in optimizer.h -- */

static void
nadam_prepare (const LwSpec *spec, gint64 t, double *product, LwOptimizerStep *step)
{
  const double beta_1 = lw_spec_get_float (spec, "beta_1"), beta_2 = lw_spec_get_float (spec, "beta_2");
  const double u = beta_1 * (1 - 0.5 * power (0.96, t)), u_next = beta_1 * (1 - 0.5 * power (0.96, t + 1));

  prepare_betas (spec, step);
  *product *= u;
  step->of_m = u_next / (1 - *product * u_next);
  step->of_g = (1 - u) / (1 - *product);
  step->correction = 1 / (1 - power (beta_2, t));
}

static void
nadam_run_f32 (const LwKernels *kernels, const LwOptimizerStep *step, gsize n, const float *g,
               const float *const *in, float *const *out)
{
  const LwNadamStep nadam = { (float) step->rate,
                              (float) step->of_m,
                              (float) step->of_g,
                              (float) step->correction,
                              (float) step->one_minus_beta_1,
                              (float) step->one_minus_beta_2,
                              (float) step->epsilon };

  kernels->nadam (n, &nadam, g, in[0], in[1], in[2], out[0], out[1], out[2]);
}

static void
nadam_run_f64 (const LwOptimizerStep *step, gsize n, const double *g, const double *const *in,
               double *const *out)
{
  lw_reference_nadam_f64 (n, step->rate, step->of_m, step->of_g, step->correction, step->one_minus_beta_1,
                          step->one_minus_beta_2, step->epsilon, g, in[0], in[1], in[2], out[0], out[1],
                          out[2]);
}

/* -- RMSprop -- */

static guint
rmsprop_behind (const LwSpec *spec)
{
  return 1 + (lw_spec_get_float (spec, "momentum") > 0) + (lw_spec_get_bool (spec, "centered") ? 1 : 0);
}

static const char *
rmsprop_slot_name (const LwSpec *spec, guint k)
{
  if (k == 0)
    return "velocity";
  return k == 1 && lw_spec_get_float (spec, "momentum") > 0 ? "momentum" : "average_gradient";
}

static void
rmsprop_prepare (const LwSpec *spec, gint64 t, double *product, LwOptimizerStep *step)
{
  step->rho = lw_spec_get_float (spec, "rho");
  step->momentum = lw_spec_get_float (spec, "momentum");
  step->epsilon = lw_spec_get_float (spec, "epsilon");
  step->centered = lw_spec_get_bool (spec, "centered");
}

static void
rmsprop_run_f32 (const LwKernels *kernels, const LwOptimizerStep *step, gsize n, const float *g,
                 const float *const *in, float *const *out)
{
  const LwRmspropStep rmsprop = { (float) step->rate, (float) step->rho, (float) (1 - step->rho),
                                  (float) step->momentum, (float) step->epsilon };
  const gboolean      has_momentum = step->momentum > 0;
  const int           average = 2 + has_momentum;

  kernels->rmsprop (n, &rmsprop, g, in[0], in[1], has_momentum ? in[2] : NULL,
                    step->centered ? in[average] : NULL, out[0], out[1], has_momentum ? out[2] : NULL,
                    step->centered ? out[average] : NULL);
}

static void
rmsprop_run_f64 (const LwOptimizerStep *step, gsize n, const double *g, const double *const *in,
                 double *const *out)
{
  const gboolean has_momentum = step->momentum > 0;
  const int      average = 2 + has_momentum;

  lw_reference_rmsprop_f64 (n, step->rate, step->rho, step->momentum, step->epsilon, g, in[0], in[1],
                            has_momentum ? in[2] : NULL, step->centered ? in[average] : NULL, out[0], out[1],
                            has_momentum ? out[2] : NULL, step->centered ? out[average] : NULL);
}

/* -- Adagrad -- */

static const char *
adagrad_slot_name (const LwSpec *spec, guint k)
{
  return "accumulator";
}

static void
adagrad_prepare (const LwSpec *spec, gint64 t, double *product, LwOptimizerStep *step)
{
  step->epsilon = lw_spec_get_float (spec, "epsilon");
}

static void
adagrad_run_f32 (const LwKernels *kernels, const LwOptimizerStep *step, gsize n, const float *g,
                 const float *const *in, float *const *out)
{
  kernels->adagrad (n, (float) step->rate, (float) step->epsilon, g, in[0], in[1], out[0], out[1]);
}

static void
adagrad_run_f64 (const LwOptimizerStep *step, gsize n, const double *g, const double *const *in,
                 double *const *out)
{
  lw_reference_adagrad_f64 (n, step->rate, step->epsilon, g, in[0], in[1], out[0], out[1]);
}

static const LwOptimizerKind kinds[] = {
  { "SGD", sgd_interleaved, no_slots, sgd_slot_name, FALSE, NULL, sgd_prepare, sgd_run_f32, sgd_run_f64 },
  { "Adam", two_slots, adam_behind, adam_slot_name, FALSE, NULL, adam_prepare, adam_run_f32, adam_run_f64 },
  { "AdamW", two_slots, adam_behind, adam_slot_name, FALSE, NULL, adam_prepare, adam_run_f32, adam_run_f64 },
  { "Nadam", two_slots, no_slots, adam_slot_name, TRUE, NULL, nadam_prepare, nadam_run_f32, nadam_run_f64 },
  { "RMSprop", no_slots, rmsprop_behind, rmsprop_slot_name, FALSE, NULL, rmsprop_prepare, rmsprop_run_f32,
    rmsprop_run_f64 },
  { "Adagrad", one_slot, no_slots, adagrad_slot_name, FALSE, "initial_accumulator_value", adagrad_prepare,
    adagrad_run_f32, adagrad_run_f64 },
};

const LwOptimizerKind *
lw_optimizer_kind_find (const LwSpec *spec)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (lw_spec_is_a (spec, kinds[i].class_name))
      return &kinds[i];
  return NULL;
}
