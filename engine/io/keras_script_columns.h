#pragma once

#include "engine/nn/model_spec.h"

/* The comments behind the layers of a Keras script, "# 26 x 26 x 32     320": each layer's output and
 * parameters, in columns. */

G_BEGIN_DECLS

typedef struct {
  glong axes[LW_MAX_RANK + 1][LW_MAX_RANK]; /* the widths of shapes' axes, by rank, */
  glong shape, parameters;                  /* of whole shapes, and of the parameters; */
  glong start;                              /* where comments begin */
} LwScriptColumns;

/* For a model's layers and the code of each, whose last line the comment goes behind. */
void lw_script_columns_measure (const LwModelSpec *model, char *const *codes, LwScriptColumns *columns);

/* Appends a layer's comment to the last line of `text`. */
void lw_script_columns_append  (GString *text, const LwLayerInfo *info, const LwScriptColumns *columns);

G_END_DECLS
