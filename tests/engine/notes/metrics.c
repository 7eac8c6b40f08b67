/* tf.keras.metrics: Mean, SparseCategoricalAccuracy, SparseTopKCategoricalAccuracy, and a confusion matrix;
 * update_state, result, reset_state. */

#include "notes.h"

#include "engine/nn/metrics.h"

/* Rows are the true classes, columns the answers. */
static void
confusion (LwScope *s, LwTensor *labels, LwTensor *logits)
{
  g_auto (LwConfusionMatrix) matrix = { 0 };
  LwClassScores              scores;
  GError                    *error = NULL;

  lw_confusion_matrix_init (&matrix, 3, &error);
  notes_check (error);
  lw_confusion_matrix_update_state (&matrix, s, labels, logits);
  notes_print_expect (lw_confusion_matrix_result (&matrix, s), "[[1 1 0]\n [0 1 0]\n [0 0 1]]");
  scores = lw_confusion_matrix_get_scores (&matrix, 1);
  g_assert_cmpfloat (scores.precision, ==, 0.5); /* one of the two answers "1" was right */
  g_assert_cmpfloat (scores.recall, ==, 1);
  g_assert_cmpfloat_with_epsilon (scores.f1, 2 / 3., 1e-12);
}

static void
metrics (LwScope *s)
{
  /* m = tf.keras.metrics.Mean ("loss"): 0 before any value */
  LwMean                          m = { 0 };
  LwSparseCategoricalAccuracy     accuracy = { 0 };
  LwSparseTopKCategoricalAccuracy top_2 = { .k = 2 };
  LwTensor                       *labels, *logits;

  g_assert_cmpfloat (lw_mean_result (&m), ==, 0);

  /* m (0); m (5); m.result () is 2.5; m ([8, 9]); m.result () is 5.5 */
  lw_mean_update_state (&m, 0, 1);
  lw_mean_update_state (&m, 5, 1);
  g_assert_cmpfloat (lw_mean_result (&m), ==, 2.5);
  lw_mean_update_state (&m, 8, 1);
  lw_mean_update_state (&m, 9, 1);
  g_test_message ("%g", lw_mean_result (&m));
  g_assert_cmpfloat (lw_mean_result (&m), ==, 5.5);
  lw_mean_reset_state (&m);
  g_assert_cmpfloat (lw_mean_result (&m), ==, 0);

  /* Batch by batch, each row counted once, however short the batch. */
  labels = LW_TENSOR (s, ((gint64[2]) { 2, 0 }));
  logits = LW_TENSOR (s, ((float[2][3]) { { 0.1, 0.2, 4 }, { -1, 3, 0 } }));
  lw_sparse_categorical_accuracy_update_state (&accuracy, s, labels, logits);
  lw_sparse_top_k_categorical_accuracy_update_state (&top_2, s, labels, logits);
  g_assert_cmpfloat (lw_sparse_categorical_accuracy_result (&accuracy), ==, 0.5);
  g_assert_cmpfloat (lw_sparse_top_k_categorical_accuracy_result (&top_2), ==, 0.5);
  labels = LW_TENSOR (s, ((gint64[1]) { 1 }));
  logits = LW_TENSOR (s, ((float[1][3]) { { 1, 0.5, 0 } }));
  lw_sparse_categorical_accuracy_update_state (&accuracy, s, labels, logits);
  lw_sparse_top_k_categorical_accuracy_update_state (&top_2, s, labels, logits);
  g_assert_cmpfloat_with_epsilon (lw_sparse_categorical_accuracy_result (&accuracy), 1 / 3., 1e-12);
  g_assert_cmpfloat_with_epsilon (lw_sparse_top_k_categorical_accuracy_result (&top_2), 2 / 3., 1e-12);
  lw_sparse_categorical_accuracy_reset_state (&accuracy);
  g_assert_cmpfloat (lw_sparse_categorical_accuracy_result (&accuracy), ==, 0);

  labels = LW_TENSOR (s, ((gint64[4]) { 0, 0, 1, 2 }));
  logits = LW_TENSOR (s, ((float[4][3]) { { 2, 1, 0 }, { 1, 2, 0 }, { 0, 1, 0 }, { 0, 1, 5 } }));
  confusion (s, labels, logits);
}

int
main (int argc, char *argv[])
{
  return notes_run (argc, argv, "/notes/metrics", metrics);
}
