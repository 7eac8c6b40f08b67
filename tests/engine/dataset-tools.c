#include "dataset-tools.h"

LwDataset *
test_numbers_new (gsize n)
{
  g_autoptr (LwTensor)  numbers = lw_tensor_new (NULL, LW_INT32, &LW_SHAPE ((gint64) n), NULL);
  g_autoptr (LwTensor)  rows = lw_tensor_new (NULL, LW_FLOAT32, &LW_SHAPE ((gint64) n, 2), NULL);
  LwTensor             *tensors[] = { numbers, rows };
  g_autoptr (GError)    error = NULL;
  LwDataset            *dataset;

  for (gsize i = 0; i < n; i++)
    {
      ((gint32 *) lw_tensor_get_mutable_data (numbers))[i] = (gint32) i;
      ((float *) lw_tensor_get_mutable_data (rows))[2 * i] = (float) i;
      ((float *) lw_tensor_get_mutable_data (rows))[2 * i + 1] = (float) i + 0.5f;
    }
  dataset = lw_dataset_from_tensor_slices (2, tensors, &error);
  g_assert_no_error (error);
  return dataset;
}
