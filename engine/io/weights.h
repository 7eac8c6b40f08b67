#pragma once

#include "engine/nn/sequential.h"

/* model.save_weights () and model.load_weights (): the weights of a network alone, in the file that
 * Keras 3 calls NAME.weights.h5 and opens too (its form is told in weights_h5.h). Neither the optimizer
 * nor the layers' settings are in it; LwCheckpoint keeps the first, a .keras archive both. */

G_BEGIN_DECLS

/* Writes anew, syncs and renames: a kill at any moment leaves the old file or the new one. */
gboolean lw_save_weights (LwSequential *sequential, const char *path, GError **error);

/* Assigns the file's weights to the network's variables; layers are matched as Keras does, by class and
 * order. All or nothing: on an error every variable is as it was. LW_ERROR_SHAPE names the layer and both
 * shapes where they do not fit, LW_ERROR_FILE says what is wrong with a file that is damaged or lacks a
 * layer. Waits for the process that parses HDF5 (see h5_reader.h). */
gboolean lw_load_weights (LwSequential *sequential, const char *path, GError **error);

G_END_DECLS
