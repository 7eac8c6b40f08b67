#pragma once

#include <glib.h>

#include "engine/nn/model_spec.h"

/* A model as Keras' config.json: the architecture of a Sequential model and its compile settings. */

G_BEGIN_DECLS

/* The explicit form that every Keras 3 loads: string dtypes, channels_last, no initializers, and a
 * compile_config with the optimizer and the loss. Free with g_free. A faulty model is written too. */
char        *lw_keras_config_write (const LwModelSpec *model) G_GNUC_WARN_UNUSED_RESULT;

/* Reads what Keras 3.0 to 3.15 and TF-Keras 2.13 on write (`length` bytes, -1: up to the NUL), for
 * the layers, optimizers and losses that Layerwise has. NULL and LW_ERROR_FILE for text that is not
 * such a config, LW_ERROR_UNSUPPORTED or LW_ERROR_VALUE, naming the layer and the option, for what
 * Layerwise does not know. The result may be a faulty model (see lw_model_spec_get_fault()).
 *
 * Without a compile_config the model gets Adam and sparse cross-entropy, from logits unless the
 * model ends in probabilities. An input of height×width alone, before Flatten, becomes
 * height×width×1, which is the same model for images of one channel. */
LwModelSpec *lw_keras_config_read  (const char *json, gssize length, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
