#pragma once

#include "engine/kernels/kernels.h"
#include "engine/nn/optimizer.h"

/* What tells one kind of optimizer from another (optimizer_kinds.c), and what goes through the elements
 * (optimizer_update.c), for optimizer.c. */

G_BEGIN_DECLS

/* The most slots that a variable has besides its moving average. */
#define LW_OPTIMIZER_MAX_SLOTS 3

/* What one step has in common for all weights. */
typedef struct {
  double   rate; /* the step's learning rate */
  double   momentum, rho, one_minus_beta_1, one_minus_beta_2, epsilon;
  gboolean nesterov, centered;
  double   alpha;                  /* Adam: the rate with both bias corrections */
  double   of_m, of_g, correction; /* Nadam: as LwNadamStep has them */
} LwOptimizerStep;

typedef struct {
  const char *class_name;

  /* Slots of each variable: those that take turns (m(1), v(1), m(2), …), and those that come in
   * groups (velocity(1) … velocity(n), momentum(1) …) behind them; in[] has them in that order. */
  guint (*n_interleaved) (const LwSpec *spec);
  guint (*n_behind)      (const LwSpec *spec);
  /* What a variable's slot k is, those that take turns first (lw_optimizer_spec_get_slot_name()). */
  const char *(*slot_name) (const LwSpec *spec, guint k);
  /* One number for all variables, last in the file, begins at 1: Nadam's u_product. */
  gboolean has_product;
  /* The key of the field that slots begin with, or NULL for zeros. */
  const char *initial_key;

  /* Fills in what the kind needs for step number t (from 1); *product moves on. */
  void (*prepare) (const LwSpec *spec, gint64 t, double *product, LwOptimizerStep *step);

  /* n elements: in[0] and out[0] are the weight, then its slots; each out[k] is in[k] or distinct. */
  void (*run_f32) (const LwKernels *kernels, const LwOptimizerStep *step, gsize n, const float *g,
                   const float *const *in, float *const *out);
  void (*run_f64) (const LwOptimizerStep *step, gsize n, const double *g, const double *const *in,
                   double *const *out);
} LwOptimizerKind;

/* NULL for a class that is none. */
const LwOptimizerKind *lw_optimizer_kind_find (const LwSpec *spec);

/* What clipping does to one variable's gradient. */
typedef struct {
  gboolean is_on;
  double   limit;  /* of each value, or INFINITY */
  double   factor; /* for all values */
} LwClip;

LwClip lw_optimizer_get_clip (const LwSpec *spec, LwScope *s, guint n, LwTensor *const *grads, guint i);

/* One step of one variable; in[] and out[] as above, NULL where there are no more slots. decay is the part
 * of the weight that it loses before. */
void   lw_optimizer_update   (LwScope *s, const LwOptimizerKind *kind, const LwOptimizerStep *step,
                              LwClip clip, double decay, LwTensor *grad, LwTensor *const *in,
                              LwTensor *const *out);

/* out = momentum · average + (1 - momentum) · w. */
void   lw_optimizer_average  (LwScope *s, double momentum, LwTensor *w, LwTensor *average, LwTensor *out);

G_END_DECLS
