#pragma once

#include <gio/gio.h>

#include "engine/core/device.h"
#include "engine/data/images.h"
#include "engine/nn/model_spec.h"
#include "engine/train/settings.h"

/* LwProfile: what a model costs, before anyone trains it: a few real training steps are timed, for how long
 * an epoch takes; and each layer by itself, forwards and backwards, for its share in that. Memory is
 * counted, not measured. An immutable, refcounted value. */

G_BEGIN_DECLS

typedef struct {
  double forward, backward; /* seconds for a part of a batch on one thread: good for comparing layers */
  double share;             /* of what all layers take, 0 to 1; all shares together are 1 */
  gint64 weight_bytes;      /* weights, their gradients, and what the optimizer keeps for them */
  gint64 activation_bytes;  /* the outputs for one batch, and their gradients */
} LwLayerCost;

typedef struct {
  guint        n_layers;
  LwLayerCost *layers;
  guint        batch_size;
  double       step; /* seconds of one training step on a batch, all of it: the median of several */

  /*< private >*/
  gatomicrefcount ref_count;
} LwProfile;

/* Takes some tenths of a second, or three steps of a model for which that is not enough. The model, weights
 * from the settings' seed, is trained on `images` and thrown away. LW_ERROR_SHAPE with the fault's sentence
 * if it cannot train on them; G_IO_ERROR_CANCELLED soon after `cancellable` (may be NULL) is cancelled, one
 * step later at the latest. */
LwProfile *lw_profile_new      (LwDevice *device, LwModelSpec *model, const LwRunSettings *settings, LwImages *images,
                                GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;
LwProfile *lw_profile_ref      (LwProfile *profile);
void       lw_profile_unref    (LwProfile *profile); /* NULL is fine */

/* The estimate: seconds for training steps on so many images. */
double     lw_profile_get_seconds (const LwProfile *profile, gsize n_images);

/* weight_bytes and activation_bytes of every layer of a model without a fault, for images of this size
 * [height, width, channels]; costs [n_layers]. */
void       lw_layer_costs_count_bytes (LwModelSpec *model, const LwShape *image, guint batch_size, LwLayerCost *costs);
/* Each layer's share from its forward and backward; equal shares where all are 0. */
void       lw_layer_costs_share_out   (LwLayerCost *costs, guint n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwProfile, lw_profile_unref)

G_END_DECLS
