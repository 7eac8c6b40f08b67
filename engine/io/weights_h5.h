#pragma once

#include "engine/core/tensor.h"
#include "engine/nn/model_spec.h"

/* model.weights.h5, the weights and optimizer variables of a Keras v3 model, in HDF5: the member of
 * a .keras archive, and byte for byte the same as what save_weights() writes.
 *
 *   /layers/<group>/vars/0, 1, …   <group> from the layer's class: conv2d, conv2d_1, dense, …
 *   /optimizer/vars/0, 1, …        iterations, learning rate (with a schedule there is none, and what
 *                                  follows moves up), then the optimizer's slots
 *   /vars                          empty, but Keras before 3.6 wants it */

G_BEGIN_DECLS

typedef struct {
  guint      n_weights; /* layer by layer, as lw_model_spec_get_info() lists them; float32 */
  LwTensor **weights;

  gboolean   has_optimizer; /* the rest counts only then */
  guint      n_slots;       /* lw_weights_count_slots() of them */
  LwTensor **slots;
  gint64     step;          /* `iterations` */
  double     learning_rate;
} LwWeights;

/* How many slots the model's optimizer has, and the shape of slot i, in the order that
 * lw_optimizer_get_slot() describes. */
guint      lw_weights_count_slots   (const LwModelSpec *model);
LwShape    lw_weights_get_slot_shape (const LwModelSpec *model, guint i);

/* How many bytes of elements weights and slots take. The model has no fault in its layers. */
guint64    lw_weights_get_byte_size (const LwModelSpec *model);

/* The file, in memory: contiguous little-endian float32, superblock 0, and no times, so that equal
 * weights give equal bytes. Any thread. */
GBytes    *lw_weights_write         (const LwModelSpec *model, const LwWeights *weights,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads it, from Keras or from us, and checks every shape against the model. Where the optimizer's
 * variables are not those of the model's optimizer, has_optimizer is FALSE, as Keras starts afresh
 * then. `subject` names the file in messages. */
LwWeights *lw_weights_read          (GBytes *file, const LwModelSpec *model, const char *subject,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void       lw_weights_free          (LwWeights *weights);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwWeights, lw_weights_free)

G_END_DECLS
