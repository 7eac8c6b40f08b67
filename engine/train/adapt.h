#pragma once

#include "engine/train/state.h"

/* A fork: a run goes on from a state under another model or other settings. */

G_BEGIN_DECLS

/* The state with which a run of `model` and `settings` goes on from where `state` stands: the same step, epoch,
 * seconds, epoch's sums so far, place in the data and order of the images in this epoch (another shuffle buffer
 * has another order, of which the rest of the epoch is taken). With the same model and settings it is
 * lw_state_equal() to `state`.
 *
 * Layers are matched in their order, as many as can be, first of those with weights: two that are of one class
 * and have weights of the same shapes, of the same name where there is a choice. Matched ones keep their
 * weights and their generator. The others are those of a fresh run with these settings.
 *
 * Where the optimizer has the same class, its slots go on with the weights they belong to; a slot that there
 * was not, or of a weight that was drawn anew, is a fresh optimizer's (use_ema's average is the weight itself).
 * Steps are counted on, so that Adam's bias correction, which all weights share, is that of the old ones.
 * Another class starts with a fresh optimizer's slots, and its bias corrections start with them
 * (LwState.slots_begin); a schedule goes by the run's steps in both cases. The learning rate stays the run's, a
 * rate that was set while it trained included, unless the model's optimizer has another class, rate or
 * schedule: then that counts.
 *
 * What validations told (LwEarlyStopping) stays where it can be compared with what will be told: the same
 * layers, loss and validation images; else it begins anew, as it does for keep_best where no weights were kept.
 *
 * Where the settings' training images are fewer than the epoch has used already, that epoch is over
 * (lw_training_new_from_state()). LW_ERROR_SHAPE with the fault's sentence for a model that has one. */
LwState *lw_state_adapt (LwState *state, LwModelSpec *model, const LwRunSettings *settings,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
