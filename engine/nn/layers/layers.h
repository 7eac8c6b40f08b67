#pragma once

#include "engine/nn/layer_class.h"
#include "engine/ops/ops.h"

/* The layer classes, one per file beside this one, and what they share. */

G_BEGIN_DECLS

extern const LwLayerClass lw_conv2d_class;
extern const LwLayerClass lw_max_pooling2d_class;
extern const LwLayerClass lw_average_pooling2d_class;
extern const LwLayerClass lw_global_average_pooling2d_class;
extern const LwLayerClass lw_global_max_pooling2d_class;
extern const LwLayerClass lw_flatten_class;
extern const LwLayerClass lw_reshape_class;
extern const LwLayerClass lw_dense_class;
extern const LwLayerClass lw_activation_class;
extern const LwLayerClass lw_re_lu_class;
extern const LwLayerClass lw_softmax_class;
extern const LwLayerClass lw_rescaling_class;
extern const LwLayerClass lw_dropout_class;
extern const LwLayerClass lw_batch_normalization_class;

/* Keras' words, in the order of LwPadding and LwActivation (ops.h) and LwInitializer. */
extern const char *const  lw_paddings[];
extern const char *const  lw_activations[];
extern const char *const  lw_initializers[];
extern const LwFieldValue lw_choice_first; /* "valid", "linear": what goes without saying */
extern const LwFieldValue lw_float_zero;
extern const LwFieldValue lw_pair_one;
extern const LwFieldValue lw_pair_none;
extern const LwFieldValue lw_true;
extern const LwFieldValue lw_false;

LwPadding    lw_layer_get_padding    (const LwSpec *layer);
LwActivation lw_layer_get_activation (const LwSpec *layer);
/* pool_size, strides (the pool's size where None) and padding of a pooling layer. */
LwPooling    lw_layer_get_pooling    (const LwSpec *layer);

/* Of a field such as "kernel_initializer", and of "kernel_regularizer": its l2, 0 for none. */
LwInitializer lw_layer_get_initializer (const LwSpec *layer, const char *key);
double       lw_layer_get_l2         (const LwSpec *layer);

/* The fields of layers with a kernel and a bias, under "More". */
#define LW_KERNEL_INITIALIZER_FIELD \
  { .key = "kernel_initializer", \
    .label = N_("Kernel starts as"), \
    .type = LW_FIELD_CHOICE, \
    .standard = { .choice = LW_INIT_GLOROT_UNIFORM }, \
    .choices = lw_initializers, \
    .rare = TRUE }
#define LW_BIAS_INITIALIZER_FIELD \
  { .key = "bias_initializer", \
    .label = N_("Bias starts as"), \
    .type = LW_FIELD_CHOICE, \
    .standard = { .choice = LW_INIT_ZEROS }, \
    .choices = lw_initializers, \
    .rare = TRUE }
#define LW_KERNEL_REGULARIZER_FIELD \
  { .key = "kernel_regularizer", \
    .label = N_("L2 penalty"), \
    .type = LW_FIELD_FLOAT, \
    .standard = { .x = 0.0 }, \
    .minimum = 0, \
    .maximum = 1000, \
    .rare = TRUE, \
    .brief = N_("L2 %s"), \
    .silent = &lw_float_zero }

/* The axis field, counted from the front with the batch as axis 0, for an input of `rank` axes without
 * the batch. -1 and a fault (may be NULL) where there is no such axis, or it is the batch's. */
int          lw_layer_get_axis       (const LwSpec *layer, int rank, LwLayerFault *fault);

/* TRUE for layers whose output has the shape of their input. */
gboolean     lw_layer_keeps_shape    (const LwSpec *layer);

/* The layer's name, or its class's where it has none: for sentences. */
const char  *lw_layer_get_title      (const LwSpec *layer);

/* Fills *fault (may be NULL) with a message, which it takes over, and up to two hints. Returns
 * FALSE, for `return lw_layer_fail (…)`. */
gboolean     lw_layer_fail           (LwLayerFault *fault, char *message, LwFixKind first, LwFixKind second);

/* Operations that an activation takes on `n` numbers. */
double       lw_activation_get_flops (LwActivation activation, double n);

/* The output height and width of a window of `size` that slides over the first two axes of `input`
 * (height, width, channels) by `strides`, its cells `dilation` apart: as Keras,
 *   valid: floor ((n - ((size - 1) * dilation + 1)) / stride) + 1
 *   same:  ceil (n / stride)
 * None stays None. FALSE and a fault where the input is not an image or the window does not fit;
 * `noun` is what sentences call the window, e.g. _("kernel"). */
gboolean     lw_layer_slide          (const LwSpec *layer, const char *noun, const LwShape *input,
                                      const gint64 size[2], const gint64 strides[2],
                                      const gint64 dilation[2], LwShape *output,
                                      LwLayerFault *fault);

/* FALSE and a fault where the input is not height × width × channels. */
gboolean     lw_layer_needs_image    (const LwSpec *layer, const LwShape *input, LwLayerFault *fault);

G_END_DECLS
