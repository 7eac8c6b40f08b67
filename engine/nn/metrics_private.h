#pragma once

#include "engine/core/scope.h"

/* What the metrics of classes share. */

G_BEGIN_DECLS

/* FALSE, having failed the scope, unless labels [n] are integers and y_pred [n, classes] floats;
 * `metric` begins the sentence. */
gboolean lw_metric_check     (LwScope *s, const char *metric, LwTensor *labels, LwTensor *y_pred);

/* Label i, exact whatever the integer dtype. */
gint64   lw_metric_get_label (LwTensor *labels, gsize i);

G_END_DECLS
