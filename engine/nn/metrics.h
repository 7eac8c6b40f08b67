#pragma once

#include "engine/core/scope.h"
#include "engine/nn/confusion_matrix.h"

/* Metrics, as tf.keras.metrics: update_state adds a batch, result reads, reset_state starts anew. Plain
 * values: one set to 0 (or reset) is ready for use, and a copy is a snapshot. The confusion matrix, which
 * has memory of its own, is in confusion_matrix.h.
 *
 * Those of classes take labels [n] of an integer dtype and y_pred [n, classes], logits or
 * probabilities, float32 or float64. Other shapes fail the scope with LW_ERROR_SHAPE, other dtypes with
 * LW_ERROR_DTYPE, and then nothing has been added. */

G_BEGIN_DECLS

/* The weighted mean of values. */
typedef struct {
  double total; /* sum of weight · value */
  double count; /* sum of weights */
} LwMean;

void   lw_mean_reset_state  (LwMean *mean);
void   lw_mean_update_state (LwMean *mean, double value, double weight);
double lw_mean_result       (const LwMean *mean); /* 0 before any update, as Keras */

/* The share of rows whose first greatest score is at the label; a label outside 0..classes-1 is wrong. */
typedef struct {
  LwMean mean;
} LwSparseCategoricalAccuracy;

void     lw_sparse_categorical_accuracy_reset_state  (LwSparseCategoricalAccuracy *accuracy);
gboolean lw_sparse_categorical_accuracy_update_state (LwSparseCategoricalAccuracy *accuracy, LwScope *s,
                                                      LwTensor *labels, LwTensor *y_pred);
double   lw_sparse_categorical_accuracy_result       (const LwSparseCategoricalAccuracy *accuracy);

/* The share of rows whose label is among the k greatest scores, by TensorFlow's in_top_k: fewer than k
 * scores are greater than the label's, so that scores that tie at the border all count as in. A row with
 * a score that is not finite is wrong, and so is a label outside 0..classes-1. */
typedef struct {
  int    k; /* 0: Keras' default, 5 */
  LwMean mean;
} LwSparseTopKCategoricalAccuracy;

/* Keeps k. */
void     lw_sparse_top_k_categorical_accuracy_reset_state  (LwSparseTopKCategoricalAccuracy *accuracy);
/* LW_ERROR_VALUE too for a k below 0. */
gboolean lw_sparse_top_k_categorical_accuracy_update_state (LwSparseTopKCategoricalAccuracy *accuracy,
                                                            LwScope *s, LwTensor *labels, LwTensor *y_pred);
double   lw_sparse_top_k_categorical_accuracy_result       (const LwSparseTopKCategoricalAccuracy *accuracy);

/* Right answers of one batch, as LwSparseCategoricalAccuracy counts them. Updates the mean (NULL: none)
 * with each row; returns how many were right, 0 after failing the scope. */
gint64   lw_sparse_categorical_accuracy (LwScope *s, LwTensor *labels, LwTensor *y_pred, LwMean *mean);

G_END_DECLS
