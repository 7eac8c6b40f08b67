#include "engine/train/settings.h"

gsize
lw_run_settings_get_n_training (const LwRunSettings *settings, gsize n_images)
{
  gsize held = 0;

  if (settings->validation == LW_VALIDATION_FRACTION)
    held = CLAMP ((gsize) ((double) n_images * settings->fraction), 1, n_images > 1 ? n_images - 1 : 1);
  return n_images - MIN (held, n_images);
}

guint
lw_run_settings_get_steps_per_epoch (const LwRunSettings *settings, gsize n_images)
{
  gsize n = lw_run_settings_get_n_training (settings, n_images);

  return (guint) ((n + settings->batch_size - 1) / settings->batch_size);
}
