#pragma once

#include "engine/nn/model_spec.h"

/* What model_spec.c and model_faults.c share. */

G_BEGIN_DECLS

struct _LwModelSpec {
  gatomicrefcount ref_count;
  char           *name;
  LwShape         input;
  GPtrArray      *layers; /* of LwSpec */
  LwSpec         *optimizer;
  LwSpec         *loss;

  /* found by lw_model_spec_check () */
  LwLayerInfo *infos;
  guint        n_infos; /* layers that have their info: those before the first fault */
  gint64       n_parameters;
  gboolean     is_faulty;
  LwFault      fault;
};

/* Infers the shapes and looks for the first fault; called once, before anyone else sees the model. */
void lw_model_spec_check (LwModelSpec *model);

/* The shape that goes into a layer whose predecessors have their info. */
const LwShape *lw_model_spec_get_layer_input (const LwModelSpec *model, guint layer);

G_END_DECLS
