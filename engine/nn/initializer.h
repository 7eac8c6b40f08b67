#pragma once

#include "engine/core/rng.h"
#include "engine/core/tensor.h"
#include "engine/nn/layer_class.h"

/* A weight's initial value, float32, drawn from *rng (which moves on), with Keras' distribution: see
 * LwInitializer. Draws go element by element in memory order. */

G_BEGIN_DECLS

LwTensor *lw_weight_info_draw (const LwWeightInfo *info, LwRng *rng, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
