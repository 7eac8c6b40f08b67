#pragma once

#include "engine/train/state.h"

/* layerwise.json: what a run is decided by and Keras has no place for. Settings, generators, the
 * place in the data, the exact learning rate, the epoch's sums. Whole numbers of 64 bits and doubles
 * stand in strings, since JSON's readers do not agree on more than 53 bits; doubles with 17 digits,
 * which give the same bits back. */

G_BEGIN_DECLS

/* Of a run with a state. */
char     *lw_run_json_write (const LwRun *run) G_GNUC_WARN_UNUSED_RESULT;

/* Fills every field of *state but the model and the tensors (n_slots says how many there should be);
 * `rngs` is allocated, `n_layers` of them. Every value is checked. `subject` names the file. */
gboolean  lw_run_json_read  (const char *json, gssize length, const char *subject, guint n_layers,
                             LwState *state, GError **error);

G_END_DECLS
