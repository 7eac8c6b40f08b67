/* The list of runs: what comes in, what goes, what each is called, and how that is undone. */

#include "app/session-private.h"

#include <glib/gi18n.h>

guint
lw_session_get_n_runs (LwSession *self)
{
  return self->runs->len;
}

LwSessionRun *
lw_session_get_nth_run (LwSession *self, guint i)
{
  g_return_val_if_fail (i < self->runs->len, NULL);
  return g_ptr_array_index (self->runs, self->runs->len - 1 - i);
}

LwSessionRun *
lw_session_get_run (LwSession *self)
{
  return self->run;
}

LwSessionRun *
lw_session_find_run (LwSession *self, guint id)
{
  for (guint i = 0; i < self->runs->len; i++)
    {
      LwSessionRun *run = g_ptr_array_index (self->runs, i);

      if (run->id == id)
        return run;
    }
  return NULL;
}

static gboolean
has_name (LwSession *self, const char *name)
{
  for (guint i = 0; i < self->runs->len; i++)
    if (g_str_equal (((LwSessionRun *) g_ptr_array_index (self->runs, i))->name, name))
      return TRUE;
  return FALSE;
}

/* "Run 3": the run's number, or the next that no run is called by. */
static char *
free_name (LwSession *self, guint number)
{
  for (;; number++)
    {
      g_autofree char *name = g_strdup_printf (_("Run %u"), number);

      if (!has_name (self, name))
        return g_steal_pointer (&name);
    }
}

static guint
free_slot (LwSession *self)
{
  for (guint slot = 0;; slot++)
    {
      gboolean taken = FALSE;

      for (guint i = 0; i < self->runs->len && !taken; i++)
        taken = ((LwSessionRun *) g_ptr_array_index (self->runs, i))->slot == slot;
      if (!taken)
        return slot;
    }
}

void
lw_session_insert_run (LwSession *self, LwSessionRun *run)
{
  guint place = self->runs->len;

  if (run->id == 0)
    {
      run->id = ++self->n_runs_made;
      if (run->name == NULL)
        {
          run->name = free_name (self, run->id);
          run->slot = free_slot (self);
        }
    }
  while (place > 0 && ((LwSessionRun *) g_ptr_array_index (self->runs, place - 1))->id > run->id)
    place--;
  g_ptr_array_insert (self->runs, (int) place, lw_session_run_ref (run));
}

void
lw_session_remove_run (LwSession *self, LwSessionRun *run)
{
  if (self->run == run)
    lw_session_set_current (self, NULL);
  g_ptr_array_remove (self->runs, run);
}

void
lw_session_set_current (LwSession *self, LwSessionRun *run)
{
  if (self->run == run)
    return;
  lw_session_drop_trainer (self);
  self->run = run;
}

static void
tell_runs (LwSession *self)
{
  self->n_changes++;
  lw_session_emit (self, LW_SESSION_RUNS_CHANGED);
  lw_session_emit (self, LW_SESSION_RUN_CHANGED);
}

static void
swap_strings (char **a, char **b)
{
  char *kept = *a;

  *a = *b;
  *b = kept;
}

static void
swap_labels (LwEdit *edit)
{
  LwSessionRun *run = edit->labelled;
  guint         slot = run->slot;

  swap_strings (&run->name, &edit->run_name);
  swap_strings (&run->note, &edit->run_note);
  run->slot = edit->run_slot;
  edit->run_slot = slot;
}

void
lw_session_swap_runs (LwSession *self, LwEdit *edit)
{
  g_autoptr (LwSessionRun) before = self->run != NULL ? lw_session_run_ref (self->run) : NULL;
  g_autoptr (GFile)        file = self->file != NULL ? g_object_ref (self->file) : NULL;
  GPtrArray               *gone = edit->gone;

  if (edit->labelled != NULL)
    swap_labels (edit);
  for (guint i = 0; i < edit->come->len; i++)
    lw_session_remove_run (self, g_ptr_array_index (edit->come, i));
  for (guint i = 0; i < gone->len; i++)
    lw_session_insert_run (self, g_ptr_array_index (gone, i));
  edit->gone = edit->come;
  edit->come = gone;

  if (edit->moves_run)
    {
      gboolean listed = edit->run != NULL && lw_session_find_run (self, edit->run->id) == edit->run;

      lw_session_set_current (self, listed ? edit->run : NULL);
      lw_session_run_unref (edit->run);
      edit->run = g_steal_pointer (&before);
    }
  if (edit->moves_file)
    {
      self->n_moves++;
      lw_session_set_file (self, edit->file);
      g_set_object (&edit->file, file);
    }
  tell_runs (self);
  if (edit->moves_run)
    {
      if (self->run == NULL)
        lw_session_renew_initial (self);
      lw_session_emit (self, LW_SESSION_STATE_CHANGED, TRUE);
    }
}

/* -- verbs -- */

/* One edit of what the run is called. */
G_GNUC_PRINTF (6, 0) static void
relabel (LwSession *self, LwSessionRun *run, const char *name, const char *note, guint slot, const char *format)
{
  g_autofree char *edit_name = g_strdup_printf (format, run->name);
  LwEdit          *edit = lw_session_begin_edit (self, edit_name);

  lw_edit_set_label (edit, run);
  g_free (run->name);
  run->name = g_strdup (name);
  g_free (run->note);
  run->note = note != NULL && note[0] != '\0' ? g_strdup (note) : NULL;
  run->slot = slot;
  lw_session_end_edit (self, edit);
  tell_runs (self);
}

void
lw_session_rename_run (LwSession *self, guint id, const char *name)
{
  LwSessionRun    *run = lw_session_find_run (self, id);
  g_autofree char *stripped = g_strstrip (g_strdup (name));
  g_autofree char *note = NULL;

  if (run == NULL || stripped[0] == '\0' || g_str_equal (stripped, run->name))
    return;
  note = g_strdup (run->note);
  relabel (self, run, stripped, note, run->slot, _("Rename %s"));
}

void
lw_session_set_run_note (LwSession *self, guint id, const char *note)
{
  LwSessionRun    *run = lw_session_find_run (self, id);
  g_autofree char *stripped = g_strstrip (g_strdup (note));
  g_autofree char *name = NULL;

  if (run == NULL || g_str_equal (stripped, run->note != NULL ? run->note : ""))
    return;
  name = g_strdup (run->name);
  relabel (self, run, name, stripped, run->slot, _("Change the note of %s"));
}

void
lw_session_set_run_slot (LwSession *self, guint id, guint slot)
{
  LwSessionRun    *run = lw_session_find_run (self, id);
  g_autofree char *name = NULL;
  g_autofree char *note = NULL;

  if (run == NULL || slot == run->slot)
    return;
  name = g_strdup (run->name);
  note = g_strdup (run->note);
  relabel (self, run, name, note, slot, _("Change the colour of %s"));
}

/* The weights shown are of another run than before. */
static void
tell_current (LwSession *self)
{
  if (self->run == NULL)
    lw_session_renew_initial (self);
  tell_runs (self);
  lw_session_emit (self, LW_SESSION_STATE_CHANGED, TRUE);
  lw_session_emit (self, LW_SESSION_DOCUMENT_CHANGED);
}

void
lw_session_delete_run (LwSession *self, guint id)
{
  LwSessionRun    *run = lw_session_find_run (self, id);
  gboolean         current = run == self->run;
  g_autofree char *edit_name = NULL;
  g_autofree char *name = NULL;
  LwEdit          *edit;

  if (run == NULL)
    return;
  name = g_strdup (run->name);
  edit_name = g_strdup_printf (_("Delete %s"), name);
  edit = lw_session_begin_edit (self, edit_name);
  g_ptr_array_add (edit->gone, lw_session_run_ref (run));
  lw_session_remove_run (self, run);
  lw_session_end_edit (self, edit);
  if (current)
    tell_current (self);
  else
    {
      tell_runs (self);
      lw_session_emit (self, LW_SESSION_DOCUMENT_CHANGED);
    }
  lw_session_toast (self, TRUE, _("%s deleted"), name);
}

void
lw_session_fork_run (LwSession *self, guint id)
{
  LwSessionRun           *run = lw_session_find_run (self, id);
  g_autoptr (LwSessionRun) fork = NULL;
  g_autofree char         *edit_name = NULL;
  LwEdit                  *edit;
  gboolean                 another;

  if (run == NULL)
    return;
  if (run == self->run)
    lw_session_drop_trainer (self);
  fork = lw_session_run_fork (run);
  if (fork == NULL)
    {
      lw_session_emit (self, LW_SESSION_RUN_CHANGED);
      lw_session_toast (self, FALSE, _("%s has not been trained yet: there is nothing to fork"), run->name);
      return;
    }
  edit_name = g_strdup_printf (_("Fork %s"), run->name);
  edit = lw_session_begin_edit (self, edit_name);
  fork->note = g_strdup_printf (_("from %s, step %d"), run->name, (int) run->state->step);
  g_ptr_array_add (edit->come, lw_session_run_ref (fork));
  lw_session_insert_run (self, fork);
  /* What has been changed since the current run began is meant for the fork. */
  another = run != self->run;
  lw_session_set_current (self, fork);
  if (another)
    lw_session_set_document (self, run->document);
  lw_session_end_edit (self, edit);
  tell_current (self);
  lw_session_toast (self, TRUE, _("%s forked: change something, then train on"), run->name);
}

void
lw_session_take_up_run (LwSession *self, guint id)
{
  LwSessionRun    *run = lw_session_find_run (self, id);
  g_autofree char *edit_name = NULL;
  LwEdit          *edit;

  if (run == NULL || (run == self->run && lw_document_same_run (self->document, run->document)))
    return;
  edit_name = g_strdup_printf (_("Go on with %s"), run->name);
  edit = lw_session_begin_edit (self, edit_name);
  lw_session_set_current (self, run);
  lw_session_set_document (self, run->document);
  lw_session_end_edit (self, edit);
  tell_current (self);
}

void
lw_session_reset (LwSession *self)
{
  LwEdit *edit;

  self->waiting = FALSE;
  if (self->run == NULL)
    return;
  edit = lw_session_begin_edit (self, _("Reset"));
  g_ptr_array_add (edit->gone, lw_session_run_ref (self->run));
  lw_session_remove_run (self, self->run);
  lw_session_end_edit (self, edit);
  tell_current (self);
  lw_session_toast (self, TRUE, "%s", _("Weights reset"));
}
