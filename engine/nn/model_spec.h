#pragma once

#include "engine/core/shape.h"
#include "engine/nn/layer_class.h"
#include "engine/nn/spec.h"

/* LwModelSpec: the model that a person edits, as an immutable, refcounted value: a name, the input's
 * shape, a list of layer specs, and the compile settings (optimizer and loss).
 *
 * Shapes, parameter counts, faults with their fixes, the saved file, the Keras script and the built
 * LwSequential are all functions of it. Every edit gives a new spec that shares what did not change;
 * undo is a stack of them. Nothing here can fail on a faulty model: a spec may be wrong, and says so
 * on the layer at fault. */

G_BEGIN_DECLS

typedef struct _LwModelSpec LwModelSpec;

/* How many classes the loss tells apart: a model ends in one row of as many numbers. */
#define LW_N_CLASSES 10

/* Heights, widths and channels of an input go from 1 to this. */
#define LW_MAX_INPUT_SIZE 65536

/* A fault as the window shows it: on card `layer` (0-based), with a sentence and one-click fixes. */
typedef struct {
  int         layer;
  const char *message; /* "The output of dense is 11×11×10, but …; insert Flatten before it." */
  const char *reason;  /* the sentence up to the semicolon */
  guint       n_fixes;
  LwFixKind   fixes[LW_MAX_FIXES];
} LwFault;

/* The presets: "tiny-cnn", "mlp", "convnet", "logistic", "lenet5". NULL for an unknown name; a
 * NULL-terminated list of names; one line about each, translatable. */
LwModelSpec        *lw_model_spec_new_preset    (const char *preset) G_GNUC_WARN_UNUSED_RESULT;
const char *const  *lw_model_spec_get_presets   (void);
const char         *lw_preset_get_summary       (const char *preset);
/* The batch size a preset trains with: 128 for convnet, else 32. */
guint               lw_preset_get_batch_size    (const char *preset);

/* A model without layers, compiled with Adam and sparse cross-entropy from logits. `input` is
 * height, width, channels; height and width may be LW_DIM_ANY. */
LwModelSpec        *lw_model_spec_new           (const char *name, const LwShape *input) G_GNUC_WARN_UNUSED_RESULT;
LwModelSpec        *lw_model_spec_ref           (LwModelSpec *model);
void                lw_model_spec_unref         (LwModelSpec *model);
gboolean            lw_model_spec_equal         (const LwModelSpec *a, const LwModelSpec *b);

const char         *lw_model_spec_get_name      (const LwModelSpec *model);
const LwShape      *lw_model_spec_get_input     (const LwModelSpec *model);
guint               lw_model_spec_get_n_layers  (const LwModelSpec *model);
const LwSpec       *lw_model_spec_get_layer     (const LwModelSpec *model, guint layer);
const LwSpec       *lw_model_spec_get_optimizer (const LwModelSpec *model);
const LwSpec       *lw_model_spec_get_loss      (const LwModelSpec *model);

/* Edits. Each returns a new spec. New layers without a name get Keras' automatic one (conv2d,
 * conv2d_1, …: the first that is free); so do those whose name is taken, for names are unique in a
 * model. A replacement without a name keeps the old one if it is of the same class. Specs that are
 * passed in are referenced, not taken over. `layer` counts from 0; insert before it, n_layers at the end. */
LwModelSpec        *lw_model_spec_with_name      (const LwModelSpec *model, const char *name) G_GNUC_WARN_UNUSED_RESULT;
LwModelSpec        *lw_model_spec_with_input     (const LwModelSpec *model, const LwShape *input) G_GNUC_WARN_UNUSED_RESULT;
LwModelSpec        *lw_model_spec_with_inserted  (const LwModelSpec *model, guint layer, LwSpec *spec) G_GNUC_WARN_UNUSED_RESULT;
LwModelSpec        *lw_model_spec_with_replaced  (const LwModelSpec *model, guint layer, LwSpec *spec) G_GNUC_WARN_UNUSED_RESULT;
LwModelSpec        *lw_model_spec_with_removed   (const LwModelSpec *model, guint layer) G_GNUC_WARN_UNUSED_RESULT;
/* Moves a layer so that it ends up at place `to`. */
LwModelSpec        *lw_model_spec_with_moved     (const LwModelSpec *model, guint layer, guint to) G_GNUC_WARN_UNUSED_RESULT;
LwModelSpec        *lw_model_spec_with_optimizer (const LwModelSpec *model, LwSpec *optimizer) G_GNUC_WARN_UNUSED_RESULT;
LwModelSpec        *lw_model_spec_with_loss      (const LwModelSpec *model, LwSpec *loss) G_GNUC_WARN_UNUSED_RESULT;

/* A new layer of the class with what suits that place: a Dense with no weights behind it is the model's
 * answer, of one unit for each class and the activation that the loss asks for; any other is a hidden one
 * with relu. */
LwSpec             *lw_model_spec_suggest_layer (const LwModelSpec *model, guint place, const LwLayerClass *klass) G_GNUC_WARN_UNUSED_RESULT;

/* What shape inference found, computed once. Info is NULL from the first fault on (a fault that only
 * concerns the loss leaves every layer its info). The output is NULL where no layer, or not every
 * layer, has its info. Parameters are those of the layers that have. */
const LwLayerInfo  *lw_model_spec_get_info      (const LwModelSpec *model, guint layer);
const LwShape      *lw_model_spec_get_output    (const LwModelSpec *model);
/* The first fault, or NULL for a model that can train. An empty model's fault, and a
 * fault of the input or of the optimizer's settings, are on layer -1. */
const LwFault      *lw_model_spec_get_fault     (const LwModelSpec *model);
/* Whether the last activation is softmax or sigmoid: such a model goes with from_logits off. */
gboolean            lw_model_spec_ends_in_probabilities (const LwModelSpec *model);
gint64              lw_model_spec_get_n_parameters (const LwModelSpec *model);
gint64              lw_layer_info_get_n_parameters (const LwLayerInfo *info);

/* A sentence up to the semicolon, whichever semicolon the language has: what is wrong without the cure. */
char               *lw_fault_get_reason         (const char *message) G_GNUC_WARN_UNUSED_RESULT;

/* A fix's button text ("Insert Flatten", "Set units to 10") and the model it makes. */
char               *lw_fix_to_label             (const LwModelSpec *model, const LwFault *fault, LwFixKind fix) G_GNUC_WARN_UNUSED_RESULT;
LwModelSpec        *lw_model_spec_with_fix      (const LwModelSpec *model, const LwFault *fault, LwFixKind fix) G_GNUC_WARN_UNUSED_RESULT;

/* Optimizer and loss classes, NULL-terminated lists, and by Keras' class name (NULL if unknown). */
const LwSpecClass *const *lw_optimizer_classes     (void);
const LwSpecClass *const *lw_loss_classes          (void);
const LwSpecClass        *lw_optimizer_class_find  (const char *class_name);
const LwSpecClass        *lw_loss_class_find       (const char *class_name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwModelSpec, lw_model_spec_unref)

G_END_DECLS
