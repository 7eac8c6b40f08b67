#include "engine/core/dtype.h"

static const struct {
  const char *name;
  gsize       size;
} dtypes[LW_N_DTYPES] = {
  [LW_FLOAT32] = { "float32", 4 }, [LW_FLOAT64] = { "float64", 8 }, [LW_INT32] = { "int32", 4 },
  [LW_INT64] = { "int64", 8 },     [LW_UINT8] = { "uint8", 1 },     [LW_BOOL] = { "bool", 1 },
};

gsize
lw_dtype_get_size (LwDType dtype)
{
  g_return_val_if_fail (dtype < LW_N_DTYPES, 0);
  return dtypes[dtype].size;
}

const char *
lw_dtype_get_name (LwDType dtype)
{
  g_return_val_if_fail (dtype < LW_N_DTYPES, NULL);
  return dtypes[dtype].name;
}

gboolean
lw_dtype_is_floating (LwDType dtype)
{
  return dtype == LW_FLOAT32 || dtype == LW_FLOAT64;
}
