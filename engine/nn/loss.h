#pragma once

#include "engine/core/scope.h"
#include "engine/nn/spec.h"

/* Runs the loss a model is compiled with: the mean over the batch, a scalar. */

G_BEGIN_DECLS

LwTensor *lw_loss_call (LwScope *s, const LwSpec *loss, LwTensor *y_true, LwTensor *y_pred);

G_END_DECLS
