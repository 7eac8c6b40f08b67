#include "app/undo.h"

#define MAX_UNDO 200

struct _LwUndo {
  GPtrArray *edits[2]; /* LwEdit, oldest first: to undo, to redo */
};

LwEdit *
lw_edit_new (const char *name, LwDocument *document)
{
  LwEdit *edit = g_new0 (LwEdit, 1);

  edit->name = g_strdup (name);
  edit->document = document != NULL ? lw_document_ref (document) : NULL;
  edit->gone = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_session_run_unref);
  edit->come = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_session_run_unref);
  return edit;
}

void
lw_edit_set_label (LwEdit *edit, LwSessionRun *run)
{
  edit->labelled = lw_session_run_ref (run);
  edit->run_name = g_strdup (run->name);
  edit->run_note = g_strdup (run->note);
  edit->run_slot = run->slot;
}

void
lw_edit_free (LwEdit *edit)
{
  if (edit == NULL)
    return;
  g_free (edit->name);
  lw_document_unref (edit->document);
  g_ptr_array_unref (edit->gone);
  g_ptr_array_unref (edit->come);
  lw_session_run_unref (edit->run);
  g_clear_object (&edit->file);
  lw_session_run_unref (edit->labelled);
  g_free (edit->run_name);
  g_free (edit->run_note);
  g_free (edit);
}

LwUndo *
lw_undo_new (void)
{
  LwUndo *undo = g_new (LwUndo, 1);

  for (int i = 0; i < 2; i++)
    undo->edits[i] = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_edit_free);
  return undo;
}

void
lw_undo_free (LwUndo *undo)
{
  for (int i = 0; i < 2; i++)
    g_ptr_array_unref (undo->edits[i]);
  g_free (undo);
}

void
lw_undo_put (LwUndo *undo, gboolean redo, LwEdit *edit)
{
  GPtrArray *edits = undo->edits[redo];

  g_ptr_array_add (edits, edit);
  if (edits->len > MAX_UNDO)
    g_ptr_array_remove_index (edits, 0);
}

void
lw_undo_push (LwUndo *undo, LwEdit *edit)
{
  lw_undo_put (undo, FALSE, edit);
  g_ptr_array_set_size (undo->edits[TRUE], 0);
}

LwEdit *
lw_undo_take (LwUndo *undo, gboolean redo)
{
  GPtrArray *edits = undo->edits[redo];

  return edits->len > 0 ? g_ptr_array_steal_index (edits, edits->len - 1) : NULL;
}

const char *
lw_undo_get_name (LwUndo *undo, gboolean redo)
{
  GPtrArray *edits = undo->edits[redo];

  return edits->len > 0 ? ((LwEdit *) g_ptr_array_index (edits, edits->len - 1))->name : NULL;
}
