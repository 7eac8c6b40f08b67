#pragma once

#include "engine/train/state.h"

/* LwRun: what a document keeps of one run, and of the runs beside it. */

G_BEGIN_DECLS

typedef struct {
  LwModelSpec  *model;    /* may have a fault: work that is not finished */
  LwRunSettings settings;
  LwState      *state;    /* NULL: nothing trained yet */
  LwHistory    *history;  /* the same */

  char         *name;     /* as a person called it, UTF-8; NULL: not at all */
  char         *note;
  guint         slot;     /* which colour and dash its curve has */
  guint         epochs;   /* planned: settings.epochs, or more after "Continue" */
  GPtrArray    *others;   /* the document's other runs (LwRun, owned), oldest first; none of them has others.
                           * NULL: there are none */
} LwRun;

/* Keeps (references) what it is given; epochs from the settings, nothing else set. */
LwRun *lw_run_new  (LwModelSpec *model, const LwRunSettings *settings, LwState *state,
                    LwHistory *history) G_GNUC_WARN_UNUSED_RESULT;
/* The other runs as well. */
void   lw_run_free (LwRun *run);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwRun, lw_run_free)

G_END_DECLS
