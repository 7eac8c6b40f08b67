#pragma once

#include "engine/autodiff/variable.h"
#include "engine/core/rng.h"
#include "engine/core/shape.h"
#include "engine/nn/spec.h"

/* LwLayerClass: what a layer is, apart from any network: its fields, how it shapes its input, which
 * weights it has. One file per layer in engine/nn/layers/ defines one (`lw_conv2d_class`), beside the
 * function that runs it (see sequential.h). lw_layer_classes() lists them all, in palette order. */

G_BEGIN_DECLS

/* Keras' initializers with their default arguments; initializer.c has the formulas. */
typedef enum {
  LW_INIT_ZEROS,
  LW_INIT_ONES,
  LW_INIT_GLOROT_UNIFORM, /* U(-l, l), l = sqrt (6 / (fan_in + fan_out)); Keras' default kernel */
  LW_INIT_GLOROT_NORMAL,  /* truncated normal, stddev sqrt (2 / (fan_in + fan_out)) */
  LW_INIT_HE_UNIFORM,     /* U(-l, l), l = sqrt (6 / fan_in) */
  LW_INIT_HE_NORMAL,      /* truncated normal, stddev sqrt (2 / fan_in) */
  LW_INIT_LECUN_UNIFORM,  /* U(-l, l), l = sqrt (3 / fan_in) */
  LW_INIT_LECUN_NORMAL,   /* truncated normal, stddev sqrt (1 / fan_in) */
  LW_INIT_RANDOM_NORMAL,  /* normal, stddev 0.05 */
  LW_INIT_RANDOM_UNIFORM, /* U(-0.05, 0.05) */
  LW_INIT_TRUNCATED_NORMAL, /* normal, stddev 0.05, what lies beyond 0.1 drawn again */
} LwInitializer;

typedef struct {
  const char   *name; /* "kernel", "bias" */
  LwShape       shape;
  LwInitializer initializer;
  gint64        fan_in, fan_out;
  gboolean      trainable;
  double        l2; /* what l2 · sum (w²) adds to the loss; 0 for none */
} LwWeightInfo;

#define LW_MAX_LAYER_WEIGHTS 4

/* What a layer makes of an input shape (without the batch axis). */
typedef struct {
  LwShape      output;
  guint        n_weights;
  LwWeightInfo weights[LW_MAX_LAYER_WEIGHTS];
  double       flops; /* of one forward pass over one image; 0 where a size is None */
} LwLayerInfo;

/* Why a layer cannot stand where it stands. `message` is a whole sentence: what, both shapes, "; "
 * and the cure. `fixes` are the class's hints at what would mend it (see model_spec.h). */
typedef enum {
  LW_FIX_NONE,
  LW_FIX_INSERT_FLATTEN,
  LW_FIX_INSERT_GLOBAL_AVERAGE,
  LW_FIX_USE_SAME_PADDING,
  LW_FIX_SET_UNITS,
  LW_FIX_REMOVE_SOFTMAX,
  LW_FIX_FROM_LOGITS_OFF,
  LW_FIX_FROM_LOGITS_ON,
  LW_FIX_SET_INPUT_SIZE,
  LW_FIX_REMOVE_LAYER,
  LW_FIX_ADD_DENSE,
  LW_FIX_SET_DILATION,
  LW_FIX_USE_RELU,
  LW_FIX_USE_SOFTMAX,
  LW_FIX_REMOVE_ACTIVATION,
  LW_FIX_SET_RATE,
  LW_FIX_DRAW_WEIGHTS,
  LW_FIX_SET_LEARNING_RATE,
} LwFixKind;

#define LW_MAX_FIXES 3

typedef struct {
  char     *message;
  LwFixKind fixes[LW_MAX_FIXES]; /* ends at LW_FIX_NONE */
} LwLayerFault;

typedef struct {
  LwSpecClass spec;

  /* In training: takes one draw of its generator for each element of its input, in their order, from a
   * multiple of four on (lw_dropout()); makes of one row of a batch something that depends on the others.
   * A batch goes through layers of the first kind in parts as it does in one go, through the second not. */
  gboolean draws, joins_batch;

  /* Fills *info from the input's shape; FALSE and *fault (message allocated) if it cannot stand
   * there. */
  gboolean (*infer) (const LwSpec *layer, const LwShape *input, LwLayerInfo *info,
                     LwLayerFault *fault);

  /* Runs the layer on a batch x [n, …] with its weights as infer listed them. `rng` is the layer's
   * own generator, for draws while training. Training assigns to weights that are not trainable
   * (moving averages). */
  LwTensor *(*call) (LwScope *s, const LwSpec *layer, LwTensor *x, LwVariable *const *weights,
                     gboolean training, LwRng *rng);
} LwLayerClass;

/* All of them, in palette order, `n` of them. InputLayer is not among them: a model has its input
 * shape. */
const LwLayerClass *const *lw_layer_classes     (guint *n);

/* By Keras' class name ("Conv2D"), or NULL. */
const LwLayerClass        *lw_layer_class_find  (const char *class_name);

const LwLayerClass        *lw_layer_class_of    (const LwSpec *layer);

G_END_DECLS
