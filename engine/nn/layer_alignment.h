#pragma once

#include "engine/nn/model_spec.h"

/* LwLayerAlignment: which layers of several models are the same layer, so that what differs between the
 * models can be said layer by layer.
 *
 * Models are taken in one after the other: each is laid beside the layers known so far by the longest
 * common subsequence, weighted so that layers of one class go together, preferably of one name, and
 * preferably with equal settings (Needleman and Wunsch 1970, without a price for gaps). What finds no
 * partner stands in a row of its own, at its place. A layer of one class and name that then stands at one
 * place in some models and at another in the others has been moved, and is one row again. */

G_BEGIN_DECLS

typedef struct {
  int     *layers; /* for each model the layer's place, from 0, or -1 where it has none */
  gboolean moved;  /* at another place among its neighbours in some of the models */
} LwAlignedLayer;

typedef struct {
  guint           n_models;
  guint           n_rows; /* in the order of the layers; a moved one where it is first */
  LwAlignedLayer *rows;
} LwLayerAlignment;

LwLayerAlignment *lw_layer_alignment_new  (LwModelSpec *const *models, guint n_models) G_GNUC_WARN_UNUSED_RESULT;
void              lw_layer_alignment_free (LwLayerAlignment *alignment);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwLayerAlignment, lw_layer_alignment_free)

G_END_DECLS
