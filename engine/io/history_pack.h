#pragma once

#include "engine/train/history.h"

/* A history as bytes, to be kept in a file: "LwHi", a version, the number of points, then one packed
 * little-endian column after another (kind, epoch, step, loss, accuracy, seconds, n_images), then the
 * notes of those points that have one. 33 bytes for a point without a note. */

G_BEGIN_DECLS

/* All points published by now; a writer may go on meanwhile. */
GBytes    *lw_history_pack   (const LwHistory *history) G_GNUC_WARN_UNUSED_RESULT;

/* LW_ERROR_FILE for bytes that lw_history_pack() has not made; `subject` names the file. */
LwHistory *lw_history_unpack (GBytes *bytes, const char *subject,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
