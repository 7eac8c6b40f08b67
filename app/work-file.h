#pragma once

#include <gio/gio.h>

#include "app/document.h"

/* LwWorkFile: where one window's unsaved work is kept between times, in a file of the user's state folder
 * ($XDG_STATE_HOME/layerwise/work): a .keras archive, and beside it which document it belongs to. A lock held as
 * long as the object lives tells other windows and processes that the work is not left behind; it ends
 * with the process, however that ends. */

G_BEGIN_DECLS

typedef struct _LwWorkFile LwWorkFile;

/* A new place, with nothing in it. LW_ERROR_FILE with a sentence where the folder cannot be made. */
LwWorkFile *lw_work_file_new       (GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* All work that was left behind, oldest first (LwWorkFile, owned by the array); it is this process' now. */
GPtrArray  *lw_work_file_claim_all (void) G_GNUC_WARN_UNUSED_RESULT;
/* Lets go of it; what is in it stays. */
void        lw_work_file_free      (LwWorkFile *file);

/* Any thread, one at a time. `document` is the file that Save writes, or NULL. Atomic: after an error the
 * work is as it was. */
gboolean    lw_work_file_write     (LwWorkFile *file, LwRun *run, GFile *document, GError **error);
/* *document (a new reference, or NULL) as it was written. */
LwRun      *lw_work_file_read      (LwWorkFile *file, GFile **document, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* There is nothing to come back to. */
void        lw_work_file_remove    (LwWorkFile *file);
/* It cannot be read: it stays on disk, but is not claimed again. */
void        lw_work_file_set_aside (LwWorkFile *file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwWorkFile, lw_work_file_free)

G_END_DECLS
