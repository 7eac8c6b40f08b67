#pragma once

#include "engine/core/tensor.h"

/* Arrays of tensors, as states hold them. */

G_BEGIN_DECLS

/* References each; NULL for none. */
LwTensor **lw_tensor_list_copy  (LwTensor *const *tensors, guint n) G_GNUC_WARN_UNUSED_RESULT;
void       lw_tensor_list_free  (LwTensor **tensors, guint n);
/* The same number, shapes and bits. */
gboolean   lw_tensor_list_equal (LwTensor *const *a, guint n_a, LwTensor *const *b, guint n_b);

G_END_DECLS
