#include "scope-tools.h"

#include "engine/nn/metrics.h"
#include "engine/ops/ops.h"

#include <glib.h>
#include <math.h>
#include <string.h>

/* Metrics: what they count, over several batches, and what they say to tensors that do not fit. */

static LwDevice *device;

static LwTensor *
labels_of (LwScope *s, gint64 n, ...)
{
  LwTensor *x = lw_scope_new_tensor (s, LW_INT64, &LW_SHAPE (n));
  va_list   values;

  va_start (values, n);
  for (gint64 i = 0; i < n; i++)
    ((gint64 *) lw_tensor_get_mutable_data (x))[i] = va_arg (values, int);
  va_end (values);
  return x;
}

static void
test_mean (void)
{
  LwMean mean = { 0 };

  g_assert_cmpfloat (lw_mean_result (&mean), ==, 0);
  lw_mean_update_state (&mean, 4, 1);
  lw_mean_update_state (&mean, 1, 3);
  g_assert_cmpfloat (lw_mean_result (&mean), ==, 1.75);
  g_assert_cmpfloat (lw_mean_result (&mean), ==, 1.75);
  lw_mean_reset_state (&mean);
  g_assert_cmpfloat (lw_mean_result (&mean), ==, 0);
  lw_mean_update_state (&mean, -2, 1);
  g_assert_cmpfloat (lw_mean_result (&mean), ==, -2);
}

static void
test_accuracy (void)
{
  LwSparseCategoricalAccuracy accuracy = { 0 };
  LwMean    mean = { 0 };
  LwScope  *s = lw_scope_begin (device);
  LwTensor *y = test_floats (s, &LW_SHAPE (4, 3), 1., 2., 2., 0., 0., 0., -1., -3., -2., 9., 8., 9.);

  g_assert_cmpfloat (lw_sparse_categorical_accuracy_result (&accuracy), ==, 0);
  /* Of equal scores the first is the guess: 1, 0, 0, 0. */
  g_assert_true (lw_sparse_categorical_accuracy_update_state (&accuracy, s, labels_of (s, 4, 1, 0, 0, 2), y));
  g_assert_cmpfloat (lw_sparse_categorical_accuracy_result (&accuracy), ==, 0.75);
  /* Batches count by their size, empty ones not at all; a label that no class has is wrong. */
  g_assert_true (lw_sparse_categorical_accuracy_update_state (
      &accuracy, s, labels_of (s, 1, 3), lw_cast (s, test_floats (s, &LW_SHAPE (1, 3), 1., 2., 3.), LW_FLOAT64)));
  g_assert_true (lw_sparse_categorical_accuracy_update_state (&accuracy, s, labels_of (s, 0),
                                                              lw_fill (s, LW_FLOAT32, &LW_SHAPE (0, 3), 0)));
  g_assert_cmpfloat_with_epsilon (lw_sparse_categorical_accuracy_result (&accuracy), 0.6, 1e-12);
  lw_sparse_categorical_accuracy_reset_state (&accuracy);
  g_assert_cmpfloat (lw_sparse_categorical_accuracy_result (&accuracy), ==, 0);

  g_assert_cmpint (lw_sparse_categorical_accuracy (s, labels_of (s, 4, 1, 0, 0, 2), y, &mean), ==, 3);
  g_assert_cmpint (lw_sparse_categorical_accuracy (s, labels_of (s, 4, 0, 1, 2, 1), y, NULL), ==, 0);
  g_assert_cmpfloat (lw_mean_result (&mean), ==, 0.75);
  test_end_well (s);
}

static double
top_k (LwScope *s, int k, LwTensor *labels, LwTensor *y_pred)
{
  LwSparseTopKCategoricalAccuracy accuracy = { k, { 0 } };

  g_assert_true (lw_sparse_top_k_categorical_accuracy_update_state (&accuracy, s, labels, y_pred));
  return lw_sparse_top_k_categorical_accuracy_result (&accuracy);
}

static void
test_top_k (void)
{
  LwSparseTopKCategoricalAccuracy accuracy = { 0 };
  LwScope  *s = lw_scope_begin (device);
  LwTensor *y = test_floats (s, &LW_SHAPE (1, 7), 7., 6., 5., 4., 3., 2., 1.);
  LwTensor *ties = test_floats (s, &LW_SHAPE (1, 4), 1., 3., 1., 1.);

  for (int label = 0; label < 7; label++)
    {
      g_assert_cmpfloat (top_k (s, 0, labels_of (s, 1, label), y), ==, label < 5);
      for (int k = 1; k < 10; k++)
        g_assert_cmpfloat (top_k (s, k, labels_of (s, 1, label), y), ==, label < k);
      g_assert_true (lw_sparse_top_k_categorical_accuracy_update_state (&accuracy, s, labels_of (s, 1, label), y));
    }
  g_assert_cmpfloat_with_epsilon (lw_sparse_top_k_categorical_accuracy_result (&accuracy), 5. / 7, 1e-12);
  lw_sparse_top_k_categorical_accuracy_reset_state (&accuracy);
  g_assert_cmpfloat (lw_sparse_top_k_categorical_accuracy_result (&accuracy), ==, 0);

  /* Three share the second place: all are in, none is among the first one. */
  for (int label = 0; label < 4; label++)
    {
      g_assert_cmpfloat (top_k (s, 2, labels_of (s, 1, label), ties), ==, 1);
      g_assert_cmpfloat (top_k (s, 1, labels_of (s, 1, label), ties), ==, label == 1);
    }
  /* No score is above one that is not a number, nor below. */
  g_assert_cmpfloat (top_k (s, 5, labels_of (s, 1, 0), test_floats (s, &LW_SHAPE (1, 2), 1., (double) NAN)), ==, 0);
  g_assert_cmpfloat (top_k (s, 5, labels_of (s, 1, 0), test_floats (s, &LW_SHAPE (1, 2), HUGE_VAL, 0.)), ==, 0);
  g_assert_cmpfloat (top_k (s, 5, labels_of (s, 2, -1, 2), test_floats (s, &LW_SHAPE (2, 2), 1., 2., 3., 4.)), ==, 0);
  test_end_well (s);
}

static void
test_confusion_matrix (void)
{
  g_auto (LwConfusionMatrix) matrix = { 0 };
  GError       *error = NULL;
  LwScope      *s = lw_scope_begin (device);
  LwTensor     *result;
  LwClassScores scores;

  g_assert_true (lw_confusion_matrix_init (&matrix, 3, &error));
  g_assert_no_error (error);
  g_assert_cmpfloat (lw_confusion_matrix_get_accuracy (&matrix), ==, 0);
  g_assert_cmpfloat (lw_confusion_matrix_get_macro_average (&matrix).f1, ==, 0);

  /* 0 taken for 0, 0, 1; 1 taken for 1, 0; nothing is a 2, and nothing taken for one. */
  g_assert_true (lw_confusion_matrix_update_state (
      &matrix, s, labels_of (s, 3, 0, 0, 1),
      test_floats (s, &LW_SHAPE (3, 3), 1., 0., 0., 2., 2., 1., 0., 5., 1.)));
  g_assert_true (lw_confusion_matrix_update_state (&matrix, s, labels_of (s, 2, 0, 1),
                                                   test_floats (s, &LW_SHAPE (2, 3), 0., 1., 0., 1., 0., 0.)));
  result = lw_confusion_matrix_result (&matrix, s);
  {
    g_autofree char *text = lw_tensor_to_string (result);

    g_assert_cmpstr (text, ==, "[[2 1 0]\n [1 1 0]\n [0 0 0]]");
  }
  g_assert_cmpint (lw_tensor_get_dtype (result), ==, LW_INT64);
  g_assert_cmpint (lw_confusion_matrix_get_count (&matrix, 0, 1), ==, 1);
  g_assert_cmpint (lw_confusion_matrix_get_count (&matrix, 0, 0), ==, 2);
  g_assert_cmpint (lw_confusion_matrix_get_total (&matrix), ==, 5);
  g_assert_cmpfloat_with_epsilon (lw_confusion_matrix_get_accuracy (&matrix), 0.6, 1e-12);

  scores = lw_confusion_matrix_get_scores (&matrix, 0);
  g_assert_cmpfloat_with_epsilon (scores.precision, 2. / 3, 1e-12);
  g_assert_cmpfloat_with_epsilon (scores.recall, 2. / 3, 1e-12);
  g_assert_cmpfloat_with_epsilon (scores.f1, 2. / 3, 1e-12);
  g_assert_cmpint (scores.support, ==, 3);
  scores = lw_confusion_matrix_get_scores (&matrix, 1);
  g_assert_cmpfloat_with_epsilon (scores.f1, 0.5, 1e-12);
  scores = lw_confusion_matrix_get_scores (&matrix, 2);
  g_assert_cmpfloat (scores.precision, ==, 0);
  g_assert_cmpfloat (scores.recall, ==, 0);
  g_assert_cmpfloat (scores.f1, ==, 0);
  g_assert_cmpint (scores.support, ==, 0);
  scores = lw_confusion_matrix_get_macro_average (&matrix);
  g_assert_cmpfloat_with_epsilon (scores.precision, (2. / 3 + 0.5) / 3, 1e-12);
  g_assert_cmpfloat_with_epsilon (scores.f1, (2. / 3 + 0.5) / 3, 1e-12);
  g_assert_cmpint (scores.support, ==, 5);

  lw_confusion_matrix_reset_state (&matrix);
  g_assert_cmpint (lw_confusion_matrix_get_total (&matrix), ==, 0);
  lw_confusion_matrix_add (&matrix, 2, 1);
  g_assert_cmpint (lw_confusion_matrix_get_count (&matrix, 2, 1), ==, 1);
  test_end_well (s);
  lw_confusion_matrix_clear (&matrix);
  lw_confusion_matrix_clear (&matrix);
}

/* Each metric on each kind of nonsense: the scope fails and nothing has been added. */
static void
test_bad_arguments (void)
{
  const struct {
    LwShape     labels, y_pred;
    LwDType     labels_dtype, dtype;
    LwError     code;
    const char *first, *second;
  } cases[] = {
    { LW_SHAPE (3), LW_SHAPE (2, 3), LW_INT32, LW_FLOAT32, LW_ERROR_SHAPE, "shape 3", "2×3" },
    { LW_SHAPE (2), LW_SHAPE (2), LW_INT32, LW_FLOAT32, LW_ERROR_SHAPE, "shape 2", "predictions 2" },
    { LW_SHAPE (2, 1), LW_SHAPE (2, 3), LW_INT32, LW_FLOAT32, LW_ERROR_SHAPE, "2×1", "2×3" },
    { LW_SCALAR, LW_SCALAR, LW_INT32, LW_FLOAT32, LW_ERROR_SHAPE, "scalar", "predictions scalar" },
    { LW_SHAPE (2), LW_SHAPE (2, 0), LW_INT32, LW_FLOAT32, LW_ERROR_SHAPE, "shape 2", "2×0" },
    { LW_SHAPE (0), LW_SHAPE (1 << 30, 0), LW_INT32, LW_FLOAT32, LW_ERROR_SHAPE, "shape 0", "1073741824×0" },
    { LW_SHAPE (2), LW_SHAPE (2, 3), LW_FLOAT32, LW_FLOAT32, LW_ERROR_DTYPE, "float32", "integer" },
    { LW_SHAPE (2), LW_SHAPE (2, 3), LW_BOOL, LW_FLOAT32, LW_ERROR_DTYPE, "bool", "float32" },
    { LW_SHAPE (2), LW_SHAPE (2, 3), LW_INT32, LW_INT64, LW_ERROR_DTYPE, "int32", "int64" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (int metric = 0; metric < 3; metric++)
      {
        LwSparseCategoricalAccuracy     accuracy = { 0 };
        LwSparseTopKCategoricalAccuracy k_accuracy = { 0 };
        g_auto (LwConfusionMatrix)      matrix = { 0 };
        LwScope                        *s = lw_scope_begin (device);
        LwTensor *labels = lw_fill (s, cases[i].labels_dtype, &cases[i].labels, 0);
        LwTensor *y_pred = lw_fill (s, cases[i].dtype, &cases[i].y_pred, 0);

        g_assert_true (lw_confusion_matrix_init (&matrix, 3, NULL));
        if (metric == 0)
          g_assert_false (lw_sparse_categorical_accuracy_update_state (&accuracy, s, labels, y_pred));
        else if (metric == 1)
          g_assert_false (lw_sparse_top_k_categorical_accuracy_update_state (&k_accuracy, s, labels, y_pred));
        else
          g_assert_false (lw_confusion_matrix_update_state (&matrix, s, labels, y_pred));
        test_end_badly (s, cases[i].code, cases[i].first, cases[i].second, NULL);
        g_assert_cmpfloat (accuracy.mean.count, ==, 0);
        g_assert_cmpfloat (k_accuracy.mean.count, ==, 0);
        g_assert_cmpint (lw_confusion_matrix_get_total (&matrix), ==, 0);
      }
}

static void
test_bad_matrix (void)
{
  static const int           counts[] = { 0, -1, G_MININT, LW_MAX_CONFUSION_CLASSES + 1, G_MAXINT };
  LwSparseTopKCategoricalAccuracy accuracy = { -1, { 0 } };
  g_auto (LwConfusionMatrix) matrix = { 0 };
  LwScope                   *s;

  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      GError *error = NULL;

      g_assert_false (lw_confusion_matrix_init (&matrix, counts[i], &error));
      g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
      g_assert_null (matrix.counts);
      g_error_free (error);
    }
  g_assert_true (lw_confusion_matrix_init (&matrix, 2, NULL));

  /* The batch is taken whole or not at all. */
  s = lw_scope_begin (device);
  g_assert_false (lw_confusion_matrix_update_state (&matrix, s, labels_of (s, 2, 0, 2),
                                                    lw_fill (s, LW_FLOAT32, &LW_SHAPE (2, 2), 0)));
  test_end_badly (s, LW_ERROR_VALUE, "Label 1", "is 2", NULL);
  s = lw_scope_begin (device);
  g_assert_false (lw_confusion_matrix_update_state (&matrix, s, labels_of (s, 2, 0, 1),
                                                    lw_fill (s, LW_FLOAT32, &LW_SHAPE (2, 3), 0)));
  test_end_badly (s, LW_ERROR_SHAPE, "2 classes", "2×3", NULL);
  g_assert_cmpint (lw_confusion_matrix_get_total (&matrix), ==, 0);

  s = lw_scope_begin (device);
  g_assert_false (lw_sparse_top_k_categorical_accuracy_update_state (
      &accuracy, s, labels_of (s, 1, 0), lw_fill (s, LW_FLOAT32, &LW_SHAPE (1, 2), 0)));
  test_end_badly (s, LW_ERROR_VALUE, "-1", NULL);
}

int
main (int argc, char **argv)
{
  GError *error = NULL;
  int     result;

  g_test_init (&argc, &argv, NULL);
  device = lw_device_new (2, 0, &error);
  g_assert_no_error (error);
  g_test_add_func ("/metrics/mean", test_mean);
  g_test_add_func ("/metrics/accuracy", test_accuracy);
  g_test_add_func ("/metrics/top-k", test_top_k);
  g_test_add_func ("/metrics/confusion-matrix", test_confusion_matrix);
  g_test_add_func ("/metrics/bad-arguments", test_bad_arguments);
  g_test_add_func ("/metrics/bad-matrix", test_bad_matrix);
  result = g_test_run ();
  lw_device_unref (device);
  return result;
}
