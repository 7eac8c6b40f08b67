#pragma once

#include "engine/train/run.h"

/* The .keras archive: Layerwise's document is a Keras v3 archive. A ZIP of metadata.json, config.json and
 * model.weights.h5 (weights and optimizer), and of members of our own for what Keras has no place for:
 * layerwise.json (run settings, generators, the place in the data) and, where there is a history,
 * layerwise.history (packed columns). With keep_best there is layerwise.best.weights.h5 besides, which Keras'
 * load_weights() takes, unless the best weights are the last ones. A document's other runs stand in
 * layerwise/runs/1.keras, …, oldest first, each a whole archive of its own, stored: pulled out, it opens as
 * any. Keras ignores all of these.
 *
 * A model that has a fault is saved without model.weights.h5 where it has no state. Keras opens no such
 * file: it misses the weights, and could not build the model. */

G_BEGIN_DECLS

/* Writes the run and its others: write-new, fsync, rename; on any error the old file is untouched, and the
 * message says so. A run without a state cannot be saved (LW_ERROR_STATE) unless its model has a fault:
 * build one first (lw_state_new_initial()). Once begun it goes to its end; whoever no longer wants the file
 * leaves the call to its thread. Any thread, several at a time. */
gboolean  lw_keras_archive_save (const char *path, const LwRun *run, GError **error);

/* Reads what lw_keras_archive_save() wrote, bit for bit, or what Keras wrote (then settings are the standard
 * ones, generators start from their seed, history is empty, slots may be missing: n_slots 0 where the file
 * was not compiled). The state is NULL where a faulty model was saved without one; the history never is. At
 * most 1,000 other runs, 4 GiB together, none with others of its own. HDF5 is parsed in a private helper
 * process under memory and time limits; what it hands back is checked against the model's shapes. */
LwRun    *lw_keras_archive_load (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The architecture and compile settings alone, and the run's settings (the standard ones if Keras
 * wrote the file; NULL: not wanted). Weights are not looked at, and may be missing: so a config.json
 * in an archive is enough to train from the start. The model may have a fault. */
LwModelSpec *lw_keras_archive_load_model (const char *path, LwRunSettings *settings,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
