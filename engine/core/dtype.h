#pragma once

#include <glib.h>

/* LwDType: what a tensor's elements are. There is no implicit promotion: operations on two tensors
 * want one dtype, and say so otherwise. */

G_BEGIN_DECLS

typedef enum {
  LW_FLOAT32,
  LW_FLOAT64,
  LW_INT32,
  LW_INT64,
  LW_UINT8,
  LW_BOOL, /* one byte, 0 or 1 */
  LW_N_DTYPES
} LwDType;

gsize       lw_dtype_get_size    (LwDType dtype);
const char *lw_dtype_get_name    (LwDType dtype); /* "float32", as NumPy says it */
gboolean    lw_dtype_is_floating (LwDType dtype);

G_END_DECLS
