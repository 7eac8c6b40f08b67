#include "app/slow-motion.h"

#include <adwaita.h>

struct _LwSlowMotion {
  LwSession     *session;
  LwBuilderPane *pane;
  AdwAnimation  *animation; /* from a phase's begin to its end */
};

static void
on_value (double value, gpointer data)
{
  LwSlowMotion *motion = data;

  lw_builder_pane_set_phase (motion->pane, lw_session_get_step_phase (motion->session), value);
}

static void
on_step_phase (LwSlowMotion *motion, int phase)
{
  adw_animation_reset (motion->animation);
  lw_builder_pane_set_phase (motion->pane, (LwStepPhase) phase, 0);
  if (phase != LW_STEP_NONE)
    adw_animation_play (motion->animation);
}

LwSlowMotion *
lw_slow_motion_new (LwSession *session, LwBuilderPane *pane)
{
  LwSlowMotion *motion = g_new0 (LwSlowMotion, 1);

  motion->session = g_object_ref (session);
  motion->pane = pane;
  motion->animation = adw_timed_animation_new (GTK_WIDGET (pane), 0, 1, LW_STEP_PHASE_MS,
                                               adw_callback_animation_target_new (on_value, motion, NULL));
  adw_timed_animation_set_easing (ADW_TIMED_ANIMATION (motion->animation), ADW_LINEAR);
  g_signal_connect_swapped (session, "step-phase", G_CALLBACK (on_step_phase), motion);
  return motion;
}

void
lw_slow_motion_free (LwSlowMotion *motion)
{
  g_signal_handlers_disconnect_by_data (motion->session, motion);
  adw_animation_reset (motion->animation);
  g_object_unref (motion->animation);
  g_object_unref (motion->session);
  g_free (motion);
}
