/* Inverted dropout (Srivastava et al., 2014; scaled while training, so that prediction needs nothing).
 * Which elements go is a pure function of the generator's state, whoever computes them. */

#include "engine/kernels/reference.h"
#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>

#define GRAIN 16384

typedef struct {
  double factor;
} Attributes;

typedef struct {
  const LwKernels *kernels;
  uint32_t         key[2];
  guint64          stream, first;
  guint32          threshold;
  float            factor;
  const float     *in;
  float           *out;
  guint8          *mask;
} Work;

static void
forward (gpointer data, gsize first, gsize n)
{
  const Work *work = data;

  work->kernels->dropout (n, work->key, work->stream, work->first + first, work->threshold, work->factor,
                          work->in + first, work->out + first, work->mask + first);
}

static void
backward (gpointer data, gsize first, gsize n)
{
  const Work *work = data;

  work->kernels->dropout_gradient (n, work->factor, work->mask + first, work->in + first, work->out + first);
}

static const LwOp gradient_op = { "the gradient of dropout", NULL };

static void
dropout_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  const Attributes *attributes = node->attributes;
  LwTensor         *out = lw_op_new_like (s, gy);
  gsize             n = lw_tensor_get_count (gy);

  if (out == NULL)
    return;
  if (lw_tensor_get_dtype (gy) == LW_FLOAT32)
    {
      Work work = { .kernels = lw_scope_get_device (s)->kernels, .factor = (float) attributes->factor,
                    .in = lw_tensor_get_floats (gy), .out = lw_tensor_get_mutable_data (out),
                    .mask = lw_tensor_get_mutable_data (node->saved[0]) };

      lw_op_run_range (s, n, GRAIN, backward, &work);
    }
  else
    lw_reference_dropout_f64 (n, attributes->factor, lw_tensor_get_data (node->saved[0]),
                              lw_tensor_get_data (gy), lw_tensor_get_mutable_data (out));
  lw_op_record_opaque (s, &gradient_op, &gy, 1, out);
  gx[0] = out;
}

static const LwOp dropout_op = { "dropout", dropout_gradient };

LwTensor *
lw_dropout (LwScope *s, LwTensor *x, double rate, LwRng *rng)
{
  Attributes attributes;
  gsize      n = lw_tensor_get_count (x);
  guint32    threshold;
  LwTensor  *saved[2] = { NULL, NULL };
  LwTensor  *y;

  if (lw_scope_has_failed (s) || !lw_op_check_floating (s, "dropout", x))
    return lw_scope_get_invalid (s);
  if (!(rate >= 0 && rate < 1))
    return lw_scope_fail (s, LW_ERROR_VALUE, _("dropout needs a rate from 0 to below 1, not %g"), rate);
  attributes.factor = 1.0 / (1.0 - rate);
  threshold = (guint32) (rate * 0x1p32);
  y = lw_op_new_like (s, x);
  saved[0] = lw_scope_new_tensor (s, LW_UINT8, lw_tensor_get_shape (x));
  if (y == NULL || saved[0] == NULL)
    return lw_scope_get_invalid (s);

  /* One draw an element, beginning at a whole block of four. */
  rng->counter = (rng->counter + 3) / 4 * 4;
  if (lw_tensor_get_dtype (x) == LW_FLOAT32)
    {
      Work work = {
        .kernels = lw_scope_get_device (s)->kernels,
        .key = { (uint32_t) rng->seed, (uint32_t) (rng->seed >> 32) },
        .stream = rng->stream,
        .first = rng->counter,
        .threshold = threshold,
        .factor = (float) attributes.factor,
        .in = lw_tensor_get_floats (x),
        .out = lw_tensor_get_mutable_data (y),
        .mask = lw_tensor_get_mutable_data (saved[0]),
      };

      lw_op_run_range (s, n, GRAIN, forward, &work);
      rng->counter += n;
    }
  else
    {
      guint8 *mask = lw_tensor_get_mutable_data (saved[0]);

      for (gsize i = 0; i < n; i++)
        mask[i] = lw_rng_next (rng) >= threshold;
      lw_reference_dropout_f64 (n, attributes.factor, mask, lw_tensor_get_data (x),
                                lw_tensor_get_mutable_data (y));
    }
  lw_scope_record (s, &dropout_op, &x, 1, y, saved, &attributes, sizeof attributes);
  return y;
}
