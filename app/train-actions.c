#include "app/train-actions.h"

static void
train (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  if (lw_session_is_running (session))
    lw_session_pause (session);
  else
    lw_session_train (session);
}

static void
step (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  lw_session_step (session);
}

static void
stop (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  lw_session_stop (session);
}

static void
reset (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  lw_session_reset (session);
}

static void
continue_run (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  lw_session_continue (session, CLAMP (g_variant_get_uint32 (parameter), 1, 10000));
}

static void
fork_run (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  lw_session_fork_run (session, lw_session_get_run (session)->id);
}

static void
roll_back (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  lw_session_roll_back (session);
}

static void
change_speed (GSimpleAction *action, GVariant *value, gpointer session)
{
  static const char *const names[] = { "full", "slow", "batch", "example" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (g_variant_get_string (value, NULL), names[i]))
      {
        g_simple_action_set_state (action, value);
        lw_session_set_speed (session, (LwSpeed) i);
      }
}

void
lw_train_actions_add (GActionMap *map, LwSession *session)
{
  static const GActionEntry entries[] = {
    { "train", train, NULL, NULL, NULL, { 0 } },
    { "step", step, NULL, NULL, NULL, { 0 } },
    { "stop", stop, NULL, NULL, NULL, { 0 } },
    { "reset", reset, NULL, NULL, NULL, { 0 } },
    { "fork", fork_run, NULL, NULL, NULL, { 0 } },
    { "continue", continue_run, "u", NULL, NULL, { 0 } },
    { "rollback", roll_back, NULL, NULL, NULL, { 0 } },
    { "speed", NULL, "s", "'full'", change_speed, { 0 } },
  };

  g_action_map_add_action_entries (map, entries, G_N_ELEMENTS (entries), session);
}

static void
set_enabled (GActionMap *map, const char *name, gboolean enabled)
{
  g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (map, name)), enabled);
}

void
lw_train_actions_update (GActionMap *map, LwSession *session)
{
  LwPhase          phase = lw_session_get_phase (session);
  gboolean         running = lw_session_is_running (session);
  gboolean         has_run = lw_session_get_run (session) != NULL;
  g_autofree char *obstacle = lw_session_get_obstacle (session);

  set_enabled (map, "train", obstacle == NULL);
  set_enabled (map, "step", obstacle == NULL && !running);
  set_enabled (map, "stop", running || phase == LW_PHASE_PAUSED);
  set_enabled (map, "reset", has_run);
  set_enabled (map, "fork", has_run && lw_session_is_trained (session));
  set_enabled (map, "continue", phase == LW_PHASE_FINISHED);
  set_enabled (map, "rollback", phase == LW_PHASE_DIVERGED);
}
