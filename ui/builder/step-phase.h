#pragma once

#include <glib.h>

#include "engine/engine.h"

/* LwStepPhase: where a training step is, for showing it in slow motion. */

G_BEGIN_DECLS

typedef enum {
  LW_STEP_NONE,
  LW_STEP_FORWARD,  /* the batch goes through the layers */
  LW_STEP_LOSS,     /* the answers are compared with the labels */
  LW_STEP_BACKWARD, /* the gradients go back through the layers */
  LW_STEP_UPDATE,   /* the optimizer changes the weights */
} LwStepPhase;

#define LW_STEP_ALL     (-2)
#define LW_STEP_NOWHERE (-3)

/* The layer that `fraction`, 0 to 1, of the way through the phase has come to; -1 is the input. Forwards the
 * batch is first at the input; backwards gradients end at the first layer. LW_STEP_ALL if the phase is about all
 * that it concerns at once, also where nothing is to be `moving`; LW_STEP_NOWHERE if it is about none. */
int      lw_step_phase_get_layer (LwStepPhase phase, double fraction, guint n_layers, gboolean moving);

/* Whether a phase has to do with a layer of the model at all, or with the input for -1. */
gboolean lw_step_phase_concerns  (LwStepPhase phase, const LwModelSpec *model, int layer);

G_END_DECLS
