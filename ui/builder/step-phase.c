#include "ui/builder/step-phase.h"

int
lw_step_phase_get_layer (LwStepPhase phase,
                         double      fraction,
                         guint       n_layers,
                         gboolean    moving)
{
  int n = (int) n_layers;

  fraction = CLAMP (fraction, 0, 1);
  switch (phase)
    {
    case LW_STEP_FORWARD:
      return moving ? MIN ((int) (fraction * (n + 1)), n) - 1 : LW_STEP_ALL;
    case LW_STEP_BACKWARD:
      return moving && n > 0 ? n - 1 - MIN ((int) (fraction * n), n - 1) : LW_STEP_ALL;
    case LW_STEP_UPDATE:
      return LW_STEP_ALL;
    case LW_STEP_LOSS:
    case LW_STEP_NONE:
    default:
      return LW_STEP_NOWHERE;
    }
}

gboolean
lw_step_phase_concerns (LwStepPhase        phase,
                        const LwModelSpec *model,
                        int                layer)
{
  const LwLayerInfo *info = layer >= 0 ? lw_model_spec_get_info (model, (guint) layer) : NULL;

  switch (phase)
    {
    case LW_STEP_FORWARD:
      return TRUE;
    case LW_STEP_BACKWARD:
      return layer >= 0;
    case LW_STEP_UPDATE:
      return info != NULL && info->n_weights > 0;
    case LW_STEP_LOSS:
    case LW_STEP_NONE:
    default:
      return FALSE;
    }
}
