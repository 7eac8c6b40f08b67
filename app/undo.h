#pragma once

#include <gio/gio.h>

#include "app/session-run.h"

/* LwEdit: one thing that a person did, as what it takes to undo it: the document as it was, and, where the
 * edit was about runs, what to put back into the list of runs, what to take out of it, and what one of them
 * was called. Undoing an edit makes its opposite, which redoes it.
 *
 * LwUndo: the two stacks of edits. */

G_BEGIN_DECLS

typedef struct {
  char         *name;       /* "Delete Conv2D" */
  LwDocument   *document;   /* as it was; NULL: the edit left it alone */

  gboolean      with_runs;  /* whether the rest counts */
  GPtrArray    *gone;       /* LwSessionRun, that the edit took out of the list */
  GPtrArray    *come;       /* LwSessionRun, that it brought */
  gboolean      moves_run;  /* whether the edit made another run the current one */
  LwSessionRun *run;        /* the current run as it was, or NULL */
  gboolean      moves_file; /* whether the edit changed which file Save writes */
  GFile        *file;       /* as it was, or NULL */

  LwSessionRun *labelled;   /* a run whose name, note or slot changed, or NULL */
  char         *run_name, *run_note;
  guint         run_slot;
} LwEdit;

/* Takes a copy of the name, references to the rest. */
LwEdit     *lw_edit_new       (const char *name, LwDocument *document) G_GNUC_WARN_UNUSED_RESULT;
/* Notes the name, note and slot that the run has now. */
void        lw_edit_set_label (LwEdit *edit, LwSessionRun *run);
void        lw_edit_free      (LwEdit *edit);

typedef struct _LwUndo LwUndo;

LwUndo     *lw_undo_new           (void) G_GNUC_WARN_UNUSED_RESULT;
void        lw_undo_free          (LwUndo *undo);

/* A new edit, taken over: there is nothing to redo from here on. The oldest of more than 200 is forgotten. */
void        lw_undo_push          (LwUndo *undo, LwEdit *edit);

/* The newest edit to undo (or, with `redo`, to redo), handed over; NULL: none. Its opposite goes back with
 * lw_undo_put(), on the other side. */
LwEdit     *lw_undo_take          (LwUndo *undo, gboolean redo) G_GNUC_WARN_UNUSED_RESULT;
void        lw_undo_put           (LwUndo *undo, gboolean redo, LwEdit *edit);

/* What would be undone or redone, or NULL. */
const char *lw_undo_get_name      (LwUndo *undo, gboolean redo);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwEdit, lw_edit_free)

G_END_DECLS
