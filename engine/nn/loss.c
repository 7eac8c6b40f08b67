#include "engine/nn/loss.h"

#include "engine/ops/ops.h"

#include <glib/gi18n-lib.h>

LwTensor *
lw_loss_call (LwScope *s, const LwSpec *loss, LwTensor *y_true, LwTensor *y_pred)
{
  if (lw_spec_is_a (loss, "SparseCategoricalCrossentropy"))
    return lw_sparse_categorical_crossentropy (s, y_true, y_pred, lw_spec_get_bool (loss, "from_logits"));
  return lw_scope_fail (s, LW_ERROR_UNSUPPORTED, _("There is no loss called %s"),
                        lw_spec_get_class (loss)->class_name);
}
