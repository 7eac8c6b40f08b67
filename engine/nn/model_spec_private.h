#pragma once

#include "engine/nn/model_spec.h"
#include "engine/ops/ops.h"

/* What model_spec.c, model_faults.c, model_fixes.c and model_hints.c share. */

G_BEGIN_DECLS

struct _LwModelSpec {
  gatomicrefcount ref_count;
  char           *name;
  LwShape         input;
  GPtrArray      *layers; /* of LwSpec */
  LwSpec         *optimizer;
  LwSpec         *loss;

  /* found by lw_model_spec_check () */
  LwLayerInfo *infos;
  guint        n_infos; /* layers that have their info: those before the first fault */
  gint64       n_parameters;
  gboolean     is_faulty;
  LwFault      fault;
};

/* Infers the shapes and looks for the first fault; called once, before anyone else sees the model. */
void lw_model_spec_check (LwModelSpec *model);

/* The shape that goes into a layer whose predecessors have their info. */
const LwShape *lw_model_spec_get_layer_input (const LwModelSpec *model, guint layer);

/* What one image may take between two layers, and what the weights may take in all: more would not
 * fit in a laptop once a batch, gradients and the optimizer's moments are added. */
#define LW_MAX_OUTPUT_VALUES (G_GINT64_CONSTANT (1) << 26)
#define LW_MAX_WEIGHT_BYTES  (G_GINT64_CONSTANT (1) << 31)

#define LW_STANDARD_SIZE 28 /* of an input where None will not do */

static inline gboolean
lw_model_spec_is_a (const LwModelSpec *model, guint layer, const char *class_name)
{
  return lw_spec_is_a (model->layers->pdata[layer], class_name);
}

static inline gboolean
lw_spec_has_field (const LwSpec *spec, const char *key)
{
  return lw_spec_class_find (lw_spec_get_class (spec), key, NULL) != NULL;
}

/* Elements of a shape, None counted as 1; LW_MAX_OUTPUT_VALUES + 1 for anything above. */
gint64       lw_shape_get_capped_count           (const LwShape *shape);

/* The Flatten that lays out an image and whose row reaches the layer as it is, or -1. */
int          lw_model_spec_find_flatten_of_image (const LwModelSpec *model, guint layer);

/* Where Flatten or GlobalAveragePooling2D goes: before a layer that wants its input flat, after the
 * last layer where an image comes out of the model. */
guint        lw_model_spec_get_insert_place      (const LwModelSpec *model, int layer);

/* What "Set units to …" sets: the classes on the last layer with weights, else a moderate size. */
int          lw_model_spec_get_fix_units         (const LwModelSpec *model, int layer);

/* What a layer by itself makes of its numbers; LINEAR for those that only leave out, average or lay
 * them out. */
LwActivation lw_model_spec_get_activation        (const LwModelSpec *model, guint layer);

/* The layer whose activation the output has: layers that only leave out, average or lay out numbers
 * make no difference to what the numbers mean. -1 where there is none. */
int          lw_model_spec_get_activating_layer  (const LwModelSpec *model);

/* Binary cross-entropy asks of each number by itself, so its probabilities are a sigmoid's. */
gboolean     lw_model_spec_is_binary             (const LwModelSpec *model);

G_END_DECLS
