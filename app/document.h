#pragma once

#include "engine/engine.h"

/* LwDocument: what a person edits, as an immutable, refcounted value: the model and how it is to be
 * trained. Undo is a stack of them. */

G_BEGIN_DECLS

typedef struct {
  LwModelSpec    *model;
  LwRunSettings   settings;
  /*< private >*/
  gatomicrefcount ref_count;
} LwDocument;

LwDocument *lw_document_new   (LwModelSpec *model, const LwRunSettings *settings) G_GNUC_WARN_UNUSED_RESULT;
/* A preset with the settings that go with it. */
LwDocument *lw_document_new_preset (const char *preset) G_GNUC_WARN_UNUSED_RESULT;
LwDocument *lw_document_ref   (LwDocument *document);
void        lw_document_unref (LwDocument *document);

/* TRUE if a run begun with `b` is the run that `a` describes: all but the learning rate and when it ends,
 * which may change while it runs, and the number of threads. */
gboolean    lw_document_same_run (const LwDocument *a, const LwDocument *b);
gboolean    lw_document_equal    (const LwDocument *a, const LwDocument *b);

/* The file of a document and its runs, read and written by any thread. A run that was saved before its first
 * step comes back without a state: it is what the settings draw. Errors as lw_keras_archive_load() and
 * lw_keras_archive_save(). */
LwRun      *lw_document_load     (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Fills in a fresh run's weights where there is no state, since Keras wants some. */
gboolean    lw_document_save     (const char *path, LwRun *run, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwDocument, lw_document_unref)

G_END_DECLS
