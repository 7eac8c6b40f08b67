#pragma once

#include "engine/nn/model_spec.h"

G_BEGIN_DECLS

/* A model from a compact text: layers separated by ";", each a class name and values, e.g.
 * "Conv2D filters=16 padding=same; Flatten; Dense". */
LwModelSpec *test_model_build (const LwShape *input, gboolean from_logits,
                               const char *text) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
