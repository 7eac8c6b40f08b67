#include "engine/core/tensor.h"

#include "engine/core/error.h"
#include "engine/kernels/kernels.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

struct _LwTensor {
  gatomicrefcount ref_count;
  LwDType         dtype;
  LwShape         shape;
  gsize           count;
  guint64         id;
  gpointer        block; /* the pool's, one share of it; NULL for what is invalid */
  gpointer        data;  /* somewhere in it */
  char           *name;
};

static LwPool *
process_pool (void)
{
  static gsize pool = 0;

  if (g_once_init_enter (&pool))
    g_once_init_leave (&pool, (gsize) lw_pool_new ());
  return (LwPool *) pool;
}

/* Takes the caller's share of the block. */
static LwTensor *
tensor_new_on (gpointer block, gpointer data, LwDType dtype, const LwShape *shape, gsize count)
{
  static guint64 last_id = 0;
  LwTensor      *tensor = g_new0 (LwTensor, 1);

  g_atomic_ref_count_init (&tensor->ref_count);
  tensor->dtype = dtype;
  tensor->shape = *shape;
  tensor->count = count;
  tensor->id = __atomic_add_fetch (&last_id, 1, __ATOMIC_RELAXED);
  tensor->block = block;
  tensor->data = data;
  return tensor;
}

LwTensor *
lw_tensor_new (LwPool *pool, LwDType dtype, const LwShape *shape, GError **error)
{
  gpointer block;
  gsize    count;

  if (!lw_shape_get_count (shape, &count))
    {
      g_autofree char *text = lw_shape_to_string (shape);

      g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
                   _("A tensor of shape %s cannot be made: every axis needs a known size, and all "
                     "together at most 2^40 elements"), text);
      return NULL;
    }
  block = lw_pool_alloc (pool != NULL ? pool : process_pool (), count * lw_dtype_get_size (dtype));
  if (block == NULL)
    {
      g_autofree char *text = lw_shape_to_string (shape);

      g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
                   _("There is not enough memory for a tensor of shape %s; use a smaller batch or "
                     "a smaller layer"), text);
      return NULL;
    }
  return tensor_new_on (block, block, dtype, shape, count);
}

LwTensor *
lw_tensor_new_zeros (LwPool *pool, LwDType dtype, const LwShape *shape, GError **error)
{
  LwTensor *tensor = lw_tensor_new (pool, dtype, shape, error);

  if (tensor != NULL)
    memset (tensor->data, 0, lw_tensor_get_byte_size (tensor));
  return tensor;
}

LwTensor *
lw_tensor_new_from_data (LwPool        *pool,
                         LwDType        dtype,
                         const LwShape *shape,
                         gconstpointer  data,
                         GError       **error)
{
  LwTensor *tensor = lw_tensor_new (pool, dtype, shape, error);

  if (tensor != NULL && tensor->count > 0)
    memcpy (tensor->data, data, lw_tensor_get_byte_size (tensor));
  return tensor;
}

static gpointer
share_block (LwTensor *tensor)
{
  return tensor->block != NULL ? lw_pool_share (tensor->block) : NULL;
}

LwTensor *
lw_tensor_new_view (LwTensor *tensor, const LwShape *shape)
{
  gsize count;

  g_return_val_if_fail (lw_shape_get_count (shape, &count) && count == tensor->count, NULL);
  return tensor_new_on (share_block (tensor), tensor->data, tensor->dtype, shape, count);
}

LwTensor *
lw_tensor_new_rows (LwTensor *tensor, gsize first, gsize n)
{
  LwShape shape = tensor->shape;
  gsize   row;

  g_return_val_if_fail (shape.rank > 0 && first <= (gsize) shape.dims[0]
                          && n <= (gsize) shape.dims[0] - first, NULL);
  row = tensor->count / MAX ((gsize) shape.dims[0], 1);
  shape.dims[0] = (gint64) n;
  return tensor_new_on (share_block (tensor),
                        (char *) tensor->data + first * row * lw_dtype_get_size (tensor->dtype),
                        tensor->dtype, &shape, n * row);
}

LwTensor *
lw_tensor_new_invalid (void)
{
  static _Alignas (64) float element[16 + LW_KERNEL_SLACK / sizeof (float)] = { NAN };

  return tensor_new_on (NULL, element, LW_FLOAT32, &LW_SCALAR, 1);
}

LwTensor *
lw_tensor_copy (const LwTensor *tensor, GError **error)
{
  LwTensor *copy = lw_tensor_new_from_data (NULL, tensor->dtype, &tensor->shape,
                                            tensor->data, error);

  if (copy != NULL)
    lw_tensor_set_name (copy, tensor->name);
  return copy;
}

LwTensor *
lw_tensor_ref (LwTensor *tensor)
{
  g_atomic_ref_count_inc (&tensor->ref_count);
  return tensor;
}

void
lw_tensor_unref (LwTensor *tensor)
{
  if (tensor == NULL || !g_atomic_ref_count_dec (&tensor->ref_count))
    return;
  lw_pool_free (tensor->block);
  g_free (tensor->name);
  g_free (tensor);
}

LwDType
lw_tensor_get_dtype (const LwTensor *tensor)
{
  return tensor->dtype;
}

const LwShape *
lw_tensor_get_shape (const LwTensor *tensor)
{
  return &tensor->shape;
}

int
lw_tensor_get_rank (const LwTensor *tensor)
{
  return tensor->shape.rank;
}

gint64
lw_tensor_get_dim (const LwTensor *tensor, int axis)
{
  if (axis < 0)
    axis += tensor->shape.rank;
  g_return_val_if_fail (axis >= 0 && axis < tensor->shape.rank, 0);
  return tensor->shape.dims[axis];
}

gsize
lw_tensor_get_count (const LwTensor *tensor)
{
  return tensor->count;
}

gsize
lw_tensor_get_byte_size (const LwTensor *tensor)
{
  return tensor->count * lw_dtype_get_size (tensor->dtype);
}

const char *
lw_tensor_get_name (const LwTensor *tensor)
{
  return tensor->name;
}

void
lw_tensor_set_name (LwTensor *tensor, const char *name)
{
  char *copy = g_strdup (name); /* which may be the tensor's own */

  g_free (tensor->name);
  tensor->name = copy;
}

guint64
lw_tensor_get_id (const LwTensor *tensor)
{
  return tensor->id;
}

gconstpointer
lw_tensor_get_data (const LwTensor *tensor)
{
  return tensor->data;
}

const float *
lw_tensor_get_floats (const LwTensor *tensor)
{
  g_return_val_if_fail (tensor->dtype == LW_FLOAT32, NULL);
  return tensor->data;
}

gpointer
lw_tensor_get_mutable_data (LwTensor *tensor)
{
  return tensor->data;
}

gboolean
lw_tensor_is_unshared (const LwTensor *tensor)
{
  return g_atomic_ref_count_compare ((gatomicrefcount *) &tensor->ref_count, 1)
         && tensor->block != NULL && !lw_pool_is_shared (tensor->block);
}

double
lw_tensor_get_value (const LwTensor *tensor, gsize i)
{
  gconstpointer data = tensor->data;

  g_return_val_if_fail (i < tensor->count, NAN);
  switch (tensor->dtype)
    {
    case LW_FLOAT32: return ((const float *) data)[i];
    case LW_FLOAT64: return ((const double *) data)[i];
    case LW_INT32: return ((const gint32 *) data)[i];
    case LW_INT64: return (double) ((const gint64 *) data)[i];
    case LW_UINT8:
    case LW_BOOL: return ((const guint8 *) data)[i];
    case LW_N_DTYPES: break;
    }
  g_return_val_if_reached (NAN);
}

gboolean
lw_tensor_equal (const LwTensor *a, const LwTensor *b)
{
  return a->dtype == b->dtype && lw_shape_equal (&a->shape, &b->shape)
         && memcmp (a->data, b->data, lw_tensor_get_byte_size (a)) == 0;
}
