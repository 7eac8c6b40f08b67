#pragma once

#include "engine/nn/model_spec.h"

/* Hints: what is suspicious about a model that can train, in sentences, with one-click fixes where one
 * helps. A hint is no fault: it keeps nobody from training. It has a fault's form, so that
 * lw_fix_to_label() and lw_model_spec_with_fix() take it as they take a fault; layers count from 0. */

G_BEGIN_DECLS

typedef LwFault LwHint;

/* Hints that are about no layer. */
#define LW_HINT_OPTIMIZER (-2)
#define LW_HINT_RUN       (-3)

/* All hints for a model trained in batches of `batch_size` images, of LwHint, in the order of the
 * layers, those about none last; at most one on each. None for a model with a fault, which is to be
 * mended first. The caller owns the array, and it its hints. */
GPtrArray *lw_model_hints_new (const LwModelSpec *model, guint batch_size) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
