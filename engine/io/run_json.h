#pragma once

#include "engine/train/run.h"

/* layerwise.json: what a run is decided by and Keras has no place for. Settings, generators, the
 * place in the data, the exact learning rate, the epoch's sums, what validations have told; and of the
 * run in a document its name, note, slot and planned epochs. Whole numbers of 64 bits and doubles
 * stand in strings, since JSON's readers do not agree on more than 53 bits; doubles with 17 digits,
 * which give the same bits back. */

G_BEGIN_DECLS

/* Other runs that a document may hold. */
#define LW_RUN_MAX_OTHERS 1000

/* Where the best weights are (LwEarlyStopping). */
typedef enum {
  LW_BEST_NONE,
  LW_BEST_CURRENT, /* they are the state's own */
  LW_BEST_KEPT,    /* in a member of their own */
} LwBestWeights;

typedef struct {
  LwRunSettings settings;
  char         *name, *note; /* NULL: none */
  guint         slot, epochs, n_others;
  gboolean      has_state;   /* the rest counts only then */
  LwState       state;       /* all but the model and the tensors; n_slots says how many there should be, and rngs
                              * are allocated */
  LwBestWeights best;
} LwRunFields;

/* Of a run; `best` says where its best weights are. */
char     *lw_run_json_write   (const LwRun *run, LwBestWeights best) G_GNUC_WARN_UNUSED_RESULT;

/* Fills *fields; every value is checked. A state has `n_layers` generators. `subject` names the file. */
gboolean  lw_run_json_read    (const char *json, gssize length, const char *subject, guint n_layers,
                               LwRunFields *fields, GError **error);
void      lw_run_fields_clear (LwRunFields *fields);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LwRunFields, lw_run_fields_clear)

G_END_DECLS
