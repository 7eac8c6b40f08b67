#pragma once

#include "engine/kernels/reference.h"

/* A 3×3 convolution over one image by Winograd's F(2×2, 3×3): 16 products for every 36 of the direct way.
 * Private to engine/ops. */

G_BEGIN_DECLS

/* TRUE where it is faster; it depends on the sizes alone, so that a sum is added up the same way everywhere. */
gboolean lw_winograd_suits       (const LwConv2dSize *z);

/* Floats of the transformed kernel, and of room for one image at a time. */
gsize    lw_winograd_get_kernel  (int cin, int cout);
gsize    lw_winograd_get_scratch (const LwWinograd *z);

/* y [oh, ow, cout] = x [h, w, cin] under the transformed kernel u, with bias (or NULL) and relu. */
void     lw_winograd_run         (const LwKernels *kernels, const LwWinograd *z, const float *x, const float *u,
                                  const float *bias, gboolean relu, float *scratch, float *y);

G_END_DECLS
