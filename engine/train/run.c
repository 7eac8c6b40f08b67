#include "engine/train/run.h"

LwRun *
lw_run_new (LwModelSpec *model, const LwRunSettings *settings, LwState *state, LwHistory *history)
{
  LwRun *run = g_new0 (LwRun, 1);

  run->model = lw_model_spec_ref (model);
  run->settings = *settings;
  run->state = state != NULL ? lw_state_ref (state) : NULL;
  run->history = history != NULL ? lw_history_ref (history) : NULL;
  run->epochs = settings->epochs;
  return run;
}

void
lw_run_free (LwRun *run)
{
  if (run == NULL)
    return;
  g_clear_pointer (&run->others, g_ptr_array_unref);
  g_free (run->name);
  g_free (run->note);
  lw_model_spec_unref (run->model);
  lw_state_unref (run->state);
  g_clear_pointer (&run->history, lw_history_unref);
  g_free (run);
}
