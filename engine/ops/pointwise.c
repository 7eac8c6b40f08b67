/* Functions of one number over the elements of a tensor, on the device's threads: float32 by the
 * kernels, float64 by the reference. */

#include "engine/ops/pointwise.h"

#define GRAIN 16384

typedef struct {
  const LwPointwise *function;
  const LwKernels   *kernels;
  const double      *p;
  LwDType            dtype;
  const char        *x, *gy; /* gy NULL: the function itself */
  char              *out;
} Work;

static void
run (gpointer data, gsize first, gsize n)
{
  const Work        *work = data;
  const LwPointwise *f = work->function;
  gsize              at = first * lw_dtype_get_size (work->dtype);
  gconstpointer      x = work->x + at, gy = work->gy != NULL ? work->gy + at : NULL;
  gpointer           out = work->out + at;

  if (work->dtype == LW_FLOAT32)
    {
      if (gy == NULL)
        f->f32 (work->kernels, work->p, n, x, out);
      else
        f->gradient_f32 (work->kernels, work->p, n, x, gy, out);
    }
  else
    {
      if (gy == NULL)
        f->f64 (work->p, n, x, out);
      else
        f->gradient_f64 (work->p, n, x, gy, out);
    }
}

static LwTensor *
compute (LwScope *s, const LwPointwise *function, const double *p, LwTensor *x, LwTensor *gy)
{
  LwTensor *y = lw_op_new_like (s, x);
  Work      work = { function, lw_scope_get_device (s)->kernels, p, lw_tensor_get_dtype (x),
                     lw_tensor_get_data (x), gy != NULL ? lw_tensor_get_data (gy) : NULL, NULL };

  if (y == NULL)
    return NULL;
  work.out = lw_tensor_get_mutable_data (y);
  lw_op_run_range (s, lw_tensor_get_count (x), GRAIN, run, &work);
  return y;
}

LwTensor *
lw_pointwise (LwScope *s, const LwOp *op, const LwPointwise *function,
              const double p[LW_POINTWISE_PARAMETERS], LwTensor *x)
{
  LwTensor *y;

  if (lw_scope_has_failed (s) || !lw_op_check_floating (s, op->name, x)
      || (y = compute (s, function, p, x, NULL)) == NULL)
    return lw_scope_get_invalid (s);
  lw_scope_record (s, op, &x, 1, y, NULL, p, p != NULL ? LW_POINTWISE_PARAMETERS * sizeof (double) : 0);
  return y;
}

LwTensor *
lw_pointwise_gradient (LwScope *s, const LwPointwise *function, const double *p, LwTensor *x, LwTensor *gy)
{
  LwTensor *gx;

  if (lw_scope_has_failed (s) || (gx = compute (s, function, p, x, gy)) == NULL)
    return lw_scope_get_invalid (s);
  return gx;
}

LwTensor *
lw_pointwise_slope (LwScope *s, const LwPointwise *function, const double *p, LwTensor *x)
{
  return lw_pointwise_gradient (s, function, p, x, lw_ones_like (s, x));
}

gboolean
lw_pointwise_is_watched (LwScope *s, LwTensor *x, LwTensor *gy)
{
  LwTensor *inputs[] = { x, gy };

  return lw_scope_is_recording (s, inputs, 2);
}
