#include "engine/nn/loss.h"

#include "engine/ops/ops.h"

#include <glib/gi18n-lib.h>

/* y_true of `width` numbers each from class labels. */
static LwTensor *
spread_labels (LwScope *s, LwTensor *labels, gint64 width, LwDType dtype)
{
  for (gsize i = 0; i < lw_tensor_get_count (labels); i++)
    {
      double label = lw_tensor_get_value (labels, i);

      if (label < 0 || label >= (double) width)
        return lw_scope_fail (s, LW_ERROR_VALUE,
                              _("Label %" G_GSIZE_FORMAT " of the batch is %.0f, but there are classes 0 to "
                                "%" G_GINT64_FORMAT " only"), i, label, width - 1);
    }
  return lw_one_hot (s, labels, width, dtype);
}

/* y_true as numbers to compare y_pred with. What does not fit is left for the loss to complain of. */
static LwTensor *
match (LwScope *s, LwTensor *y_true, LwTensor *y_pred)
{
  LwDType  dtype = lw_tensor_get_dtype (y_pred), have = lw_tensor_get_dtype (y_true);
  gboolean is_column = lw_tensor_get_rank (y_true) == 1 && lw_tensor_get_rank (y_pred) == 2
                       && lw_tensor_get_dim (y_true, 0) == lw_tensor_get_dim (y_pred, 0);

  if (is_column && lw_tensor_get_dim (y_pred, 1) > 1 && !lw_dtype_is_floating (have) && have != LW_BOOL
      && lw_dtype_is_floating (dtype))
    return spread_labels (s, y_true, lw_tensor_get_dim (y_pred, 1), dtype);
  if (is_column && lw_tensor_get_dim (y_pred, 1) == 1)
    y_true = lw_expand_dims (s, y_true, -1);
  return lw_dtype_is_floating (have) ? y_true : lw_cast (s, y_true, dtype);
}

LwTensor *
lw_loss_call (LwScope *s, const LwSpec *loss, LwTensor *y_true, LwTensor *y_pred)
{
  LwTensor *each;

  if (lw_scope_has_failed (s))
    return lw_scope_get_invalid (s);
  if (lw_spec_is_a (loss, "SparseCategoricalCrossentropy"))
    return lw_sparse_categorical_crossentropy (s, y_true, y_pred, lw_spec_get_bool (loss, "from_logits"));

  y_true = match (s, y_true, y_pred);
  if (lw_spec_is_a (loss, "CategoricalCrossentropy"))
    each = lw_categorical_crossentropy (s, y_true, y_pred, lw_spec_get_bool (loss, "from_logits"),
                                        lw_spec_get_float (loss, "label_smoothing"));
  else if (lw_spec_is_a (loss, "BinaryCrossentropy"))
    each = lw_binary_crossentropy (s, y_true, y_pred, lw_spec_get_bool (loss, "from_logits"),
                                   lw_spec_get_float (loss, "label_smoothing"));
  else if (lw_spec_is_a (loss, "MeanSquaredError"))
    each = lw_mean_squared_error (s, y_true, y_pred);
  else if (lw_spec_is_a (loss, "MeanAbsoluteError"))
    each = lw_mean_absolute_error (s, y_true, y_pred);
  else if (lw_spec_is_a (loss, "Huber"))
    each = lw_huber (s, y_true, y_pred, lw_spec_get_float (loss, "delta"));
  else
    return lw_scope_fail (s, LW_ERROR_UNSUPPORTED, _("There is no loss called %s"),
                          lw_spec_get_class (loss)->class_name);
  return lw_reduce_mean (s, each, NULL, 0, FALSE);
}
