#pragma once

#include "engine/core/scope.h"
#include "engine/nn/spec.h"

/* Runs the loss a model is compiled with: the mean over the batch, a scalar; the gradient flows to y_pred.
 *
 * SparseCategoricalCrossentropy takes y_true [n] of an integer dtype beside y_pred [n, classes]. The
 * others compare numbers with numbers; y_true may be
 *   - of y_pred's shape, in its dtype or an integer one or bool (which is cast),
 *   - [n] beside y_pred [n, 1]: one number each, cast likewise, as Keras does it,
 *   - [n] of an integer dtype beside y_pred [n, width]: class labels, which become rows of 0 with a 1. A
 *     label outside 0..width-1 is LW_ERROR_VALUE.
 * Other shapes are LW_ERROR_SHAPE. */

G_BEGIN_DECLS

LwTensor *lw_loss_call (LwScope *s, const LwSpec *loss, LwTensor *y_true, LwTensor *y_pred);

G_END_DECLS
