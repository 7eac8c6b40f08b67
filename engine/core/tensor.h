#pragma once

#include "engine/core/dtype.h"
#include "engine/core/pool.h"
#include "engine/core/shape.h"

/* LwTensor: an n-dimensional array in C order, refcounted, immutable once it has been handed out.
 *
 * Several tensors may share one storage (neither reshape nor a stretch of rows makes a copy). Whoever has just created a tensor
 * and holds its only reference may fill it through lw_tensor_get_mutable_data(). Safe to ref, unref
 * and read from any thread. */

G_BEGIN_DECLS

typedef struct _LwTensor LwTensor;

/* An uninitialised tensor; NULL and LW_ERROR_VALUE when the shape is not known, over 2^40 elements,
 * or the memory is not there. pool NULL: the process-wide pool. */
LwTensor      *lw_tensor_new              (LwPool *pool, LwDType dtype, const LwShape *shape,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
LwTensor      *lw_tensor_new_zeros        (LwPool *pool, LwDType dtype, const LwShape *shape,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A copy of `data`, as many elements as the shape has. */
LwTensor      *lw_tensor_new_from_data    (LwPool *pool, LwDType dtype, const LwShape *shape,
                                           gconstpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same elements under another shape of the same count (a programmer's mistake otherwise);
 * shares the storage. */
LwTensor      *lw_tensor_new_view         (LwTensor *tensor, const LwShape *shape) G_GNUC_WARN_UNUSED_RESULT;
/* n rows from row `first` on, as a tensor of their own that shares the storage; its data is aligned to its
 * elements only. Rows that are not there are a programmer's mistake. */
LwTensor      *lw_tensor_new_rows         (LwTensor *tensor, gsize first, gsize n) G_GNUC_WARN_UNUSED_RESULT;
/* Elements of its own, and the name. LW_ERROR_VALUE when memory is out. */
LwTensor      *lw_tensor_copy             (const LwTensor *tensor, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A float32 scalar NaN that needs no memory from a pool: what stands for a result where memory may be
 * out. Its element is shared by all of them. */
LwTensor      *lw_tensor_new_invalid      (void) G_GNUC_WARN_UNUSED_RESULT;

LwTensor      *lw_tensor_ref              (LwTensor *tensor);
void           lw_tensor_unref            (LwTensor *tensor);

LwDType        lw_tensor_get_dtype        (const LwTensor *tensor);
const LwShape *lw_tensor_get_shape        (const LwTensor *tensor);
int            lw_tensor_get_rank         (const LwTensor *tensor);
gint64         lw_tensor_get_dim          (const LwTensor *tensor, int axis); /* -1: the last */
gsize          lw_tensor_get_count        (const LwTensor *tensor);
gsize          lw_tensor_get_byte_size    (const LwTensor *tensor);
const char    *lw_tensor_get_name         (const LwTensor *tensor); /* may be NULL */
void           lw_tensor_set_name         (LwTensor *tensor, const char *name);

/* Different for every tensor that this process ever makes; tapes know tensors by it. */
guint64        lw_tensor_get_id           (const LwTensor *tensor);

/* The elements, borrowed. */
gconstpointer  lw_tensor_get_data         (const LwTensor *tensor);
const float   *lw_tensor_get_floats       (const LwTensor *tensor); /* float32 only */
gpointer       lw_tensor_get_mutable_data (LwTensor *tensor);

/* TRUE if nobody else holds the tensor or its storage, so that it may be overwritten. */
gboolean       lw_tensor_is_unshared      (const LwTensor *tensor);

/* Element i as a double (exact but for int64 beyond 2^53). */
double         lw_tensor_get_value        (const LwTensor *tensor, gsize i);

/* The same dtype, shape and bytes. */
gboolean       lw_tensor_equal            (const LwTensor *a, const LwTensor *b);

/* As str (array) of NumPy prints it, character for character under its usual options: "[[4.]]", columns
 * aligned, lines of 75 characters, more than 1,000 elements abbreviated with "..."; a scalar is "4.0". */
char          *lw_tensor_to_string        (const LwTensor *tensor) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwTensor, lw_tensor_unref)

G_END_DECLS
