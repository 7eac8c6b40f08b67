#pragma once

#include "engine/ops/op.h"

/* Functions of one number, applied to each element: what arithmetic and activations share. Private to
 * engine/ops. */

G_BEGIN_DECLS

#define LW_POINTWISE_PARAMETERS 3

/* One function in both precisions, with parameters p. The fused derivative may be missing; it reads what
 * lw_pointwise_gradient() is given, inputs or outputs. */
typedef struct {
  void (*f32) (const LwKernels *k, const double *p, gsize n, const float *x, float *y);
  void (*f64) (const double *p, gsize n, const double *x, double *y);
  void (*gradient_f32) (const LwKernels *k, const double *p, gsize n, const float *x, const float *gy,
                        float *gx);
  void (*gradient_f64) (const double *p, gsize n, const double *x, const double *gy, double *gx);
} LwPointwise;

/* static const LwPointwise NAME from the kernels and the reference functions of that name; what follows
 * are its parameters, as p[0]. */
#define LW_DEFINE_POINTWISE(NAME, ...)                                                             \
  static void NAME##_f32 (const LwKernels *k, const double *p, gsize n, const float *x, float *y)  \
  {                                                                                                \
    (void) p;                                                                                      \
    k->NAME (n, ##__VA_ARGS__, x, y);                                                              \
  }                                                                                                \
  static void NAME##_f64 (const double *p, gsize n, const double *x, double *y)                    \
  {                                                                                                \
    (void) p;                                                                                      \
    lw_reference_##NAME##_f64 (n, ##__VA_ARGS__, x, y);                                            \
  }                                                                                                \
  static void NAME##_gradient_f32 (const LwKernels *k, const double *p, gsize n, const float *x,   \
                                   const float *gy, float *gx)                                     \
  {                                                                                                \
    (void) p;                                                                                      \
    k->NAME##_gradient (n, ##__VA_ARGS__, x, gy, gx);                                              \
  }                                                                                                \
  static void NAME##_gradient_f64 (const double *p, gsize n, const double *x, const double *gy,    \
                                   double *gx)                                                     \
  {                                                                                                \
    (void) p;                                                                                      \
    lw_reference_##NAME##_gradient_f64 (n, ##__VA_ARGS__, x, gy, gx);                              \
  }                                                                                                \
  static const LwPointwise NAME##_function                                                         \
      = { NAME##_f32, NAME##_f64, NAME##_gradient_f32, NAME##_gradient_f64 };

/* y = f (x), recorded as op with the parameters (NULL for none) as the node's attributes. */
LwTensor *lw_pointwise          (LwScope *s, const LwOp *op, const LwPointwise *function,
                                 const double p[LW_POINTWISE_PARAMETERS], LwTensor *x);

/* gy · f' by the fused kernel; not recorded, hence only for where no tape watches. */
LwTensor *lw_pointwise_gradient (LwScope *s, const LwPointwise *function, const double *p, LwTensor *x,
                                 LwTensor *gy);

/* f' as a constant: the derivative where it does not change from one x to the next. */
LwTensor *lw_pointwise_slope    (LwScope *s, const LwPointwise *function, const double *p, LwTensor *x);

/* TRUE if an outer tape watches a gradient being taken: it must then be made of recorded ops. */
gboolean  lw_pointwise_is_watched (LwScope *s, LwTensor *x, LwTensor *gy);

G_END_DECLS
