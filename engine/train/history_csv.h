#pragma once

#include "engine/train/history.h"

/* Histories as a table for other programs: CSV by RFC 4180 (commas, CRLF, a field with a comma, a quote
 * or a line break in quotes, quotes doubled), in UTF-8, with one row for each point, run by run:
 *
 *   run       the run's name
 *   kind      "train": one step. "sample", "test": validation on a part or on all of the test images.
 *             "event": something happened, and `note` says what; no figures then
 *   step      from 1: the step that was taken last
 *   epoch     from 1
 *   seconds   of training since the run's first step, pauses not counted
 *   images    how many the figures stand for
 *   loss      nan, inf and -inf where it was that
 *   accuracy  share of right answers, 0 to 1
 *   rate      the step's learning rate; empty for other kinds and where it is not known
 *   note
 *
 * Every number reads back as exactly the one that was measured. */

G_BEGIN_DECLS

/* Writes the n histories; an old file is replaced only by a whole new one. May be called in any thread,
 * also while the histories grow: each is written as long as it was when its turn came. FALSE and one
 * sentence otherwise. */
gboolean lw_history_write_csv (const char        *path,
                               guint              n,
                               const char *const *names,
                               LwHistory *const  *histories,
                               GError           **error);

G_END_DECLS
