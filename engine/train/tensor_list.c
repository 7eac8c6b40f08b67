#include "engine/train/tensor_list.h"

LwTensor **
lw_tensor_list_copy (LwTensor *const *tensors, guint n)
{
  LwTensor **copy = g_new (LwTensor *, n);

  for (guint i = 0; i < n; i++)
    copy[i] = lw_tensor_ref (tensors[i]);
  return copy;
}

void
lw_tensor_list_free (LwTensor **tensors, guint n)
{
  for (guint i = 0; i < n; i++)
    lw_tensor_unref (tensors[i]);
  g_free (tensors);
}

gboolean
lw_tensor_list_equal (LwTensor *const *a, guint n_a, LwTensor *const *b, guint n_b)
{
  if (n_a != n_b)
    return FALSE;
  for (guint i = 0; i < n_a; i++)
    if (a[i] != b[i] && !lw_tensor_equal (a[i], b[i]))
      return FALSE;
  return TRUE;
}
