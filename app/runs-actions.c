#include "app/runs-actions.h"

static void
rename_run (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  const char *name;
  guint       id;

  g_variant_get (parameter, "(u&s)", &id, &name);
  lw_session_rename_run (session, id, name);
}

static void
set_note (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  const char *note;
  guint       id;

  g_variant_get (parameter, "(u&s)", &id, &note);
  lw_session_set_run_note (session, id, note);
}

static void
set_slot (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  guint id, slot;

  g_variant_get (parameter, "(uu)", &id, &slot);
  lw_session_set_run_slot (session, id, slot);
}

static void
delete_run (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  lw_session_delete_run (session, g_variant_get_uint32 (parameter));
}

static void
fork_run (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  lw_session_fork_run (session, g_variant_get_uint32 (parameter));
}

static void
take_up (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  lw_session_take_up_run (session, g_variant_get_uint32 (parameter));
}

GSimpleActionGroup *
lw_runs_actions_new (LwSession *session)
{
  static const GActionEntry entries[] = {
    { "rename", rename_run, "(us)", NULL, NULL, { 0 } },
    { "set-note", set_note, "(us)", NULL, NULL, { 0 } },
    { "set-slot", set_slot, "(uu)", NULL, NULL, { 0 } },
    { "delete", delete_run, "u", NULL, NULL, { 0 } },
    { "fork", fork_run, "u", NULL, NULL, { 0 } },
    { "take-up", take_up, "u", NULL, NULL, { 0 } },
  };
  GSimpleActionGroup *group = g_simple_action_group_new ();

  g_action_map_add_action_entries (G_ACTION_MAP (group), entries, G_N_ELEMENTS (entries), session);
  return group;
}
