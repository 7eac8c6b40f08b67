/* Pooling: the maximum or the mean of a window's cells, of those that lie inside the image ("same"
 * padding adds none). A window's maximum hands its gradient to the first cell that held it, a whole
 * image's to all that hold it, equally; the mean's is shared equally. Images are independent and
 * shared out among threads. */

#include "engine/kernels/reference.h"
#include "engine/ops/op.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* The fast kernel notes the winning cell in one byte. */
#define MAX_FAST_WINDOW 256

typedef struct {
  LwPool2d pool;
  int      images;
  gboolean maximum;
} Attributes;

typedef struct {
  const LwKernels  *kernels;
  const Attributes *attributes;
  const float      *in; /* x, or gy */
  float            *out;
  guint8           *winner;
} Work;

static gsize
image_x (const LwPool2d *pool)
{
  return (gsize) pool->h * (gsize) pool->w * (gsize) pool->channels;
}

static gsize
image_y (const LwPool2d *pool)
{
  return (gsize) pool->oh * (gsize) pool->ow * (gsize) pool->channels;
}

/* Those that there is anything to do for: none where there are no channels, however large the images. */
static int
count_images (const LwShape *shape)
{
  return shape->dims[3] > 0 ? (int) shape->dims[0] : 0;
}

static gboolean
is_fast (const Attributes *attributes, LwTensor *x)
{
  return lw_tensor_get_dtype (x) == LW_FLOAT32
         && (gint64) attributes->pool.pool_h * attributes->pool.pool_w <= MAX_FAST_WINDOW;
}

static void
forward_image (gpointer data, int image)
{
  const Work     *work = data;
  const LwPool2d *pool = &work->attributes->pool;
  const float    *x = work->in + (gsize) image * image_x (pool);
  float          *y = work->out + (gsize) image * image_y (pool);

  if (work->attributes->maximum)
    work->kernels->max_pool (pool, x, y, work->winner + (gsize) image * image_y (pool));
  else
    work->kernels->average_pool (pool, x, y);
}

static void
backward_image (gpointer data, int image)
{
  const Work     *work = data;
  const LwPool2d *pool = &work->attributes->pool;
  const float    *gy = work->in + (gsize) image * image_y (pool);
  float          *gx = work->out + (gsize) image * image_x (pool);

  memset (gx, 0, image_x (pool) * sizeof (float));
  if (work->attributes->maximum)
    work->kernels->max_pool_gradient (pool, work->winner + (gsize) image * image_y (pool), gy, gx);
  else
    work->kernels->average_pool_gradient (pool, gy, gx);
}

static const LwOp gradient_op = { "the gradient of pooling", NULL };

static void
pool_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  const Attributes *attributes = node->attributes;
  const LwPool2d   *pool = &attributes->pool;
  LwTensor         *out = lw_op_new_like (s, node->inputs[0]);
  gpointer          data;
  gconstpointer     g = lw_tensor_get_data (gy);
  gconstpointer     winner = node->saved[0] != NULL ? lw_tensor_get_data (node->saved[0]) : NULL;

  if (out == NULL)
    return;
  data = lw_tensor_get_mutable_data (out);
  if (is_fast (attributes, gy))
    {
      Work work = { lw_scope_get_device (s)->kernels, attributes, g, data, (guint8 *) winner };

      lw_device_run (lw_scope_get_device (s), attributes->images, backward_image, &work);
    }
  else if (lw_tensor_get_dtype (gy) == LW_FLOAT32)
    {
      if (attributes->maximum)
        lw_reference_max_pool_gradient_f32 (pool, attributes->images, winner, g, data);
      else
        lw_reference_average_pool_gradient_f32 (pool, attributes->images, g, data);
    }
  else if (attributes->maximum)
    lw_reference_max_pool_gradient_f64 (pool, attributes->images, winner, g, data);
  else
    lw_reference_average_pool_gradient_f64 (pool, attributes->images, g, data);
  lw_op_record_opaque (s, &gradient_op, &gy, 1, out);
  gx[0] = out;
}

static const LwOp max_pool_op = { "max_pool2d", pool_gradient };
static const LwOp average_pool_op = { "average_pool2d", pool_gradient };

static gboolean
resolve (LwScope *s, const char *op, LwTensor *x, const LwPooling *pooling, Attributes *attributes)
{
  const LwShape   *shape = lw_tensor_get_shape (x);
  g_autofree char *have = lw_shape_to_string (shape);
  gint64           oh, ow, pad_top, pad_left;

  if (!lw_op_check_floating (s, op, x)
      || !lw_op_check_rank (s, op, x, 4, _("images (batch, height, width, channels)")))
    return FALSE;
  if (MIN (pooling->pool_size[0], pooling->pool_size[1]) < 1
      || MIN (pooling->strides[0], pooling->strides[1]) < 1)
    {
      lw_scope_fail (s, LW_ERROR_VALUE, _("%s needs a window and strides of at least 1"), op);
      return FALSE;
    }
  if ((gint64) pooling->pool_size[0] * pooling->pool_size[1] > G_MAXINT32)
    {
      lw_scope_fail (s, LW_ERROR_VALUE, _("%s cannot look at a window of %d×%d: it has over 2^31 cells"), op,
                     pooling->pool_size[0], pooling->pool_size[1]);
      return FALSE;
    }
  oh = lw_window_output (shape->dims[1], pooling->pool_size[0], pooling->strides[0], 1, pooling->padding,
                         &pad_top);
  ow = lw_window_output (shape->dims[2], pooling->pool_size[1], pooling->strides[1], 1, pooling->padding,
                         &pad_left);
  if (oh < 1 || ow < 1)
    {
      lw_scope_fail (s, LW_ERROR_SHAPE, _("%s cannot fit its %d×%d window into images of shape %s; use same "
                                          "padding or a smaller window"), op, pooling->pool_size[0],
                     pooling->pool_size[1], have);
      return FALSE;
    }
  if (MAX (MAX (shape->dims[0], shape->dims[1]), MAX (shape->dims[2], shape->dims[3])) > G_MAXINT32
      || shape->dims[1] * shape->dims[2] * shape->dims[3] > G_MAXINT32)
    {
      lw_scope_fail (s, LW_ERROR_SHAPE, _("%s cannot work on images of shape %s: one has over 2^31 elements"),
                     op, have);
      return FALSE;
    }
  attributes->images = count_images (shape);
  attributes->pool = (LwPool2d) {
    .h = (int) shape->dims[1], .w = (int) shape->dims[2], .channels = (int) shape->dims[3],
    .oh = (int) oh, .ow = (int) ow, .pool_h = pooling->pool_size[0], .pool_w = pooling->pool_size[1],
    .stride_h = pooling->strides[0], .stride_w = pooling->strides[1], .pad_top = (int) pad_top,
    .pad_left = (int) pad_left,
  };
  return TRUE;
}

static LwTensor *
compute (LwScope *s, const LwOp *op, LwTensor *x, const LwPooling *pooling, gboolean maximum)
{
  Attributes attributes = { .maximum = maximum };
  LwPool2d  *pool = &attributes.pool;
  LwTensor  *saved[2] = { NULL, NULL };
  gpointer   winner = NULL;
  LwTensor  *y;

  if (lw_scope_has_failed (s) || !resolve (s, op->name, x, pooling, &attributes))
    return lw_scope_get_invalid (s);
  y = lw_scope_new_tensor (s, lw_tensor_get_dtype (x),
                           &LW_SHAPE (lw_tensor_get_dim (x, 0), pool->oh, pool->ow, pool->channels));
  if (y == NULL)
    return lw_scope_get_invalid (s);
  if (maximum)
    {
      saved[0] = lw_scope_new_tensor (s, is_fast (&attributes, x) ? LW_UINT8 : LW_INT32,
                                      lw_tensor_get_shape (y));
      if (saved[0] == NULL)
        return lw_scope_get_invalid (s);
      winner = lw_tensor_get_mutable_data (saved[0]);
    }

  if (is_fast (&attributes, x))
    {
      Work work = { lw_scope_get_device (s)->kernels, &attributes, lw_tensor_get_data (x),
                    lw_tensor_get_mutable_data (y), winner };

      lw_device_run (lw_scope_get_device (s), attributes.images, forward_image, &work);
    }
  else if (lw_tensor_get_dtype (x) == LW_FLOAT32)
    {
      if (maximum)
        lw_reference_max_pool_f32 (pool, attributes.images, lw_tensor_get_data (x),
                                   lw_tensor_get_mutable_data (y), winner);
      else
        lw_reference_average_pool_f32 (pool, attributes.images, lw_tensor_get_data (x),
                                       lw_tensor_get_mutable_data (y));
    }
  else if (maximum)
    lw_reference_max_pool_f64 (pool, attributes.images, lw_tensor_get_data (x),
                               lw_tensor_get_mutable_data (y), winner);
  else
    lw_reference_average_pool_f64 (pool, attributes.images, lw_tensor_get_data (x),
                                   lw_tensor_get_mutable_data (y));
  lw_scope_record (s, op, &x, 1, y, saved, &attributes, sizeof attributes);
  return y;
}

LwTensor *
lw_max_pool2d (LwScope *s, LwTensor *x, const LwPooling *pooling)
{
  return compute (s, &max_pool_op, x, pooling, TRUE);
}

LwTensor *
lw_average_pool2d (LwScope *s, LwTensor *x, const LwPooling *pooling)
{
  return compute (s, &average_pool_op, x, pooling, FALSE);
}

/* -- over whole images -- */

typedef struct {
  const LwKernels *kernels;
  gboolean         maximum;
  int              pixels, channels;
  const float     *x, *y, *gy;
  float           *out;
} GlobalWork;

static void
global_image (gpointer data, int image)
{
  const GlobalWork *work = data;
  const float      *x = work->x + (gsize) image * (gsize) work->pixels * (gsize) work->channels;
  float            *y = work->out + (gsize) image * (gsize) work->channels;

  if (work->maximum)
    work->kernels->global_max (work->pixels, work->channels, x, y);
  else
    work->kernels->global_average (work->pixels, work->channels, x, y);
}

static void
global_image_gradient (gpointer data, int image)
{
  const GlobalWork *work = data;
  gsize             at_x = (gsize) image * (gsize) work->pixels * (gsize) work->channels;
  gsize             at_y = (gsize) image * (gsize) work->channels;

  if (work->maximum)
    work->kernels->global_max_gradient (work->pixels, work->channels, work->x + at_x, work->y + at_y,
                                        work->gy + at_y, work->out + at_x);
  else
    work->kernels->global_average_gradient (work->pixels, work->channels, work->gy + at_y,
                                            work->out + at_x);
}

static LwTensor *
compute_global (LwScope *s, const LwOp *op, LwTensor *x, gboolean keepdims, gboolean maximum)
{
  const LwShape *shape = lw_tensor_get_shape (x);
  int            images;
  GlobalWork     work;
  LwShape        result;
  LwTensor      *y;

  if (lw_scope_has_failed (s) || !lw_op_check_floating (s, op->name, x)
      || !lw_op_check_rank (s, op->name, x, 4, _("images (batch, height, width, channels)")))
    return lw_scope_get_invalid (s);
  if (shape->dims[1] * shape->dims[2] < 1 || shape->dims[0] > G_MAXINT32
      || shape->dims[1] * shape->dims[2] * MAX (shape->dims[3], 1) > G_MAXINT32)
    {
      g_autofree char *have = lw_shape_to_string (shape);

      return lw_scope_fail (s, LW_ERROR_SHAPE, _("%s takes images of 1 to 2^31 elements, not %s"), op->name,
                            have);
    }
  result = keepdims ? LW_SHAPE (shape->dims[0], 1, 1, shape->dims[3])
                    : LW_SHAPE (shape->dims[0], shape->dims[3]);
  y = lw_scope_new_tensor (s, lw_tensor_get_dtype (x), &result);
  if (y == NULL)
    return lw_scope_get_invalid (s);
  images = count_images (shape);
  work = (GlobalWork) {
    .kernels = lw_scope_get_device (s)->kernels, .maximum = maximum,
    .pixels = (int) (shape->dims[1] * shape->dims[2]), .channels = (int) shape->dims[3],
    .x = lw_tensor_get_data (x), .out = lw_tensor_get_mutable_data (y),
  };
  if (lw_tensor_get_dtype (x) == LW_FLOAT32)
    lw_device_run (lw_scope_get_device (s), images, global_image, &work);
  else if (maximum)
    lw_reference_global_max_f64 (images, work.pixels, work.channels, lw_tensor_get_data (x),
                                 lw_tensor_get_mutable_data (y));
  else
    lw_reference_global_average_f64 (images, work.pixels, work.channels, lw_tensor_get_data (x),
                                     lw_tensor_get_mutable_data (y));
  lw_scope_record (s, op, &x, 1, y, NULL, &maximum, sizeof maximum);
  return y;
}

static void
global_gradient (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs, LwTensor **gx)
{
  LwTensor      *x = node->inputs[0], *y = node->output;
  const LwShape *shape = lw_tensor_get_shape (x);
  int            images = count_images (shape);
  gboolean       maximum = *(const gboolean *) node->attributes;
  LwTensor      *inputs[] = { gy, x };
  LwTensor      *out = lw_op_new_like (s, x);
  GlobalWork     work;

  if (out == NULL)
    return;
  work = (GlobalWork) {
    .kernels = lw_scope_get_device (s)->kernels, .maximum = maximum,
    .pixels = (int) (shape->dims[1] * shape->dims[2]), .channels = (int) shape->dims[3],
    .x = lw_tensor_get_data (x), .y = lw_tensor_get_data (y), .gy = lw_tensor_get_data (gy),
    .out = lw_tensor_get_mutable_data (out),
  };
  if (lw_tensor_get_dtype (gy) == LW_FLOAT32)
    lw_device_run (lw_scope_get_device (s), images, global_image_gradient, &work);
  else if (maximum)
    lw_reference_global_max_gradient_f64 (images, work.pixels, work.channels, lw_tensor_get_data (x),
                                          lw_tensor_get_data (y), lw_tensor_get_data (gy),
                                          lw_tensor_get_mutable_data (out));
  else
    lw_reference_global_average_gradient_f64 (images, work.pixels, work.channels, lw_tensor_get_data (gy),
                                              lw_tensor_get_mutable_data (out));
  lw_op_record_opaque (s, &gradient_op, inputs, maximum ? 2 : 1, out);
  gx[0] = out;
}

static const LwOp global_average_op = { "global_average_pool2d", global_gradient };
static const LwOp global_max_op = { "global_max_pool2d", global_gradient };

LwTensor *
lw_global_average_pool2d (LwScope *s, LwTensor *x, gboolean keepdims)
{
  return compute_global (s, &global_average_op, x, keepdims, FALSE);
}

LwTensor *
lw_global_max_pool2d (LwScope *s, LwTensor *x, gboolean keepdims)
{
  return compute_global (s, &global_max_op, x, keepdims, TRUE);
}
