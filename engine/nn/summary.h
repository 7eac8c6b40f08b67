#pragma once

#include "engine/nn/model_spec.h"

/* A model as a table, for terminals and for scripts. */

G_BEGIN_DECLS

/* Keras' model.summary(): a row for each layer with its output shape and parameters, then the totals,
 * then the fault if there is one. Ends with a newline. Free with g_free. */
char *lw_model_spec_to_text         (const LwModelSpec *model) G_GNUC_WARN_UNUSED_RESULT;

/* The same as one JSON object on one line: name, input_shape, output_shape, layers (each with name,
 * class_name, output_shape, parameters), parameters, trainable_parameters, fault. Shapes are as Keras
 * gives them, with the batch first; null stands for None, and for what a fault leaves unknown. */
char *lw_model_spec_to_summary_json (const LwModelSpec *model) G_GNUC_WARN_UNUSED_RESULT;

/* "34,826", in every locale, as in the table. Free with g_free. */
char *lw_summary_format_count       (gint64 n) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
