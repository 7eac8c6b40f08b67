#pragma once

#include "engine/core/scope.h"

/* Metrics, as tf.keras.metrics: update_state adds, result reads, reset_state starts anew. Plain
 * values. */

G_BEGIN_DECLS

typedef struct {
  double total; /* sum of weight · value */
  double count; /* sum of weights */
} LwMean;

void   lw_mean_reset_state  (LwMean *mean);
void   lw_mean_update_state (LwMean *mean, double value, double weight);
double lw_mean_result       (const LwMean *mean); /* 0 before any update, as Keras */

/* Right answers among the rows of y_pred [n, classes] (logits or probabilities, float32 or float64):
 * those whose first greatest entry is at labels[i] (an integer dtype). Updates the mean with each
 * row; returns how many were right. LW_ERROR_SHAPE fails the scope. */
gint64 lw_sparse_categorical_accuracy (LwScope *s, LwTensor *labels, LwTensor *y_pred, LwMean *mean);

G_END_DECLS
