#pragma once

/* LwStepPhase: where a training step is, for showing it in slow motion. */

typedef enum {
  LW_STEP_NONE,
  LW_STEP_FORWARD,  /* the batch goes through the layers */
  LW_STEP_LOSS,     /* the answers are compared with the labels */
  LW_STEP_BACKWARD, /* the gradients go back through the layers */
  LW_STEP_UPDATE,   /* the optimizer changes the weights */
} LwStepPhase;
