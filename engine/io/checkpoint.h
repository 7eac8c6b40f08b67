#pragma once

#include "engine/nn/optimizer.h"
#include "engine/nn/sequential.h"

/* LwCheckpoint: named objects that are saved and restored together, as
 * tf.train.Checkpoint (model=…, optimizer=…, step=…).
 *
 *   g_autoptr (LwCheckpoint) checkpoint = lw_checkpoint_new ("my_checkpoint");
 *
 *   lw_checkpoint_add_model (checkpoint, "model", model);
 *   lw_checkpoint_add_optimizer (checkpoint, "optimizer", optimizer);
 *   lw_checkpoint_add_variable (checkpoint, "step", step);
 *   lw_checkpoint_save (checkpoint, "training.npz", &error);
 *
 * The file is an .npz, which numpy.load() opens. Its arrays are called after the objects:
 *
 *   model/conv2d/kernel         a weight: the layer's name and the weight's
 *   model/dropout/generator     int64 [3], seed, stream and counter of the next draw: training goes on
 *                               with the draws it would have had
 *   optimizer/iterations        int64; optimizer/learning_rate, float64; optimizer/slots/0, 1, … in the
 *                               order of lw_optimizer_get_slot(). lw_optimizer_get_begin() is not among them: slots
 *                               that began later than their optimizer are a run's affair (engine/io/keras_archive.h)
 *   step                        a variable
 *   linear/weight, linear/1     variables of a list: by name, or by place where one has no name of its own
 *                               (with "_" behind it where another is called by that number)
 *
 * Restoring goes by these names. An optimizer is restored into one made for the same spec and variables:
 * slots of another kind are told apart only where their number or a shape differs. */

G_BEGIN_DECLS

typedef struct _LwCheckpoint LwCheckpoint;

/* What a restore did, arrays by name, each list NULL-terminated and in order. */
typedef struct {
  char **matched; /* in the file and among the objects: restored */
  char **missing; /* among the objects, not in the file: left as they were */
  char **unused;  /* in the file, for no object here */
} LwCheckpointStatus;

/* `name` stands in messages, to tell one checkpoint from another; NULL: "Checkpoint". */
LwCheckpoint *lw_checkpoint_new            (const char *name) G_GNUC_WARN_UNUSED_RESULT;
void          lw_checkpoint_free           (LwCheckpoint *checkpoint);

/* The objects, each under a name of its own, without "/". Variables are referenced; model and optimizer
 * are borrowed, and live as long as the checkpoint. */
void          lw_checkpoint_add_model      (LwCheckpoint *checkpoint, const char *name, LwSequential *model);
void          lw_checkpoint_add_optimizer  (LwCheckpoint *checkpoint, const char *name, LwOptimizer *optimizer);
void          lw_checkpoint_add_variable   (LwCheckpoint *checkpoint, const char *name, LwVariable *variable);
/* Those of a model written by hand. */
void          lw_checkpoint_add_variables  (LwCheckpoint *checkpoint, const char *name, guint n,
                                            LwVariable *const *variables);

/* Writes anew, syncs and renames: a kill at any moment leaves the old file or the new one. */
gboolean      lw_checkpoint_save           (LwCheckpoint *checkpoint, const char *path, GError **error);

/* All or nothing: NULL, with every object as it was, where the file is damaged (LW_ERROR_FILE) or an
 * array that is needed has another shape (LW_ERROR_SHAPE, with both) or dtype (LW_ERROR_DTYPE). No array
 * is made before its header has been found to fit. Names without a counterpart are no error here; ask
 * lw_checkpoint_assert_consumed(). */
LwCheckpointStatus *lw_checkpoint_restore  (LwCheckpoint *checkpoint, const char *path,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void          lw_checkpoint_status_free    (LwCheckpointStatus *status);

/* FALSE and LW_ERROR_STATE, with the names, unless everything matched: nothing missing, nothing unused. */
gboolean      lw_checkpoint_assert_consumed (const LwCheckpointStatus *status, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwCheckpoint, lw_checkpoint_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwCheckpointStatus, lw_checkpoint_status_free)

G_END_DECLS
