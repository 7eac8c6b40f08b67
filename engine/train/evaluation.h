#pragma once

#include "engine/core/device.h"
#include "engine/nn/sequential.h"

/* Loss and accuracy of a model over images, without training: no tape, and as in inference.h a few images
 * at a time through the whole model, on one thread each. */

G_BEGIN_DECLS

typedef struct {
  double loss;     /* mean over the images, regularizers' penalty included */
  double accuracy; /* share of right answers, 0 to 1 */
  gint64 n_images;
} LwEvaluation;

/* Over the first `limit` (0: all) of images [n, height, width] uint8 and labels [n] int32. *cancel (may be
 * NULL), read between images, ends it early with FALSE and no error. */
gboolean lw_evaluate (LwSequential *sequential, LwDevice *device, LwTensor *images, LwTensor *labels,
                      gsize limit, const gint *cancel, LwEvaluation *result, GError **error);

G_END_DECLS
