#pragma once

#include "engine/io/weights_h5.h"

/* What reading and writing weights have in common. */

G_BEGIN_DECLS

/* Weights of all layers together. */
guint lw_weights_count     (const LwModelSpec *model);

/* "conv2d_1" for the second Conv2D, whatever its name: Keras counts each class by itself. */
char *lw_weights_get_group (const LwModelSpec *model, guint layer) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the learning rate is among the optimizer's arrays: not with a schedule. */
gboolean lw_weights_has_rate (const LwModelSpec *model);

G_END_DECLS
