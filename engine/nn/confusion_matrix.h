#pragma once

#include "engine/core/scope.h"

/* LwConfusionMatrix: how often the images of each class were taken for which, as tf.math.confusion_matrix;
 * and from it each class's precision, recall and F1.
 *
 *   precision = right guesses of the class / all guesses of it
 *   recall    = right guesses of the class / all images of it
 *   F1        = 2 · precision · recall / (precision + recall), their harmonic mean
 *
 * Where a quotient would be 0 / 0 (a class never guessed, or without images) it is 0, as scikit-learn's
 * zero_division=0. */

G_BEGIN_DECLS

#define LW_MAX_CONFUSION_CLASSES 4096

typedef struct {
  int     n_classes;
  gint64 *counts; /* [true class][guess], n_classes · n_classes; private */
} LwConfusionMatrix;

typedef struct {
  double precision, recall, f1;
  gint64 support; /* images of the class */
} LwClassScores;

/* All zeros, to be cleared with lw_confusion_matrix_clear(). FALSE and LW_ERROR_VALUE, with the matrix
 * empty, unless there are 1 to LW_MAX_CONFUSION_CLASSES classes and memory for them. */
gboolean      lw_confusion_matrix_init              (LwConfusionMatrix *matrix, int n_classes,
                                                     GError **error);
/* Frees the counts; may be called again, and on a struct of zeros. */
void          lw_confusion_matrix_clear             (LwConfusionMatrix *matrix);

void          lw_confusion_matrix_reset_state       (LwConfusionMatrix *matrix);
/* Adds a batch: labels [n] of an integer dtype, y_pred [n, n_classes]; the guess is the first greatest
 * score. LW_ERROR_SHAPE, _DTYPE, or _VALUE for a label outside 0..n_classes-1 fail the scope and leave the
 * matrix as it was. */
gboolean      lw_confusion_matrix_update_state      (LwConfusionMatrix *matrix, LwScope *s,
                                                     LwTensor *labels, LwTensor *y_pred);
/* One answer more, from classes that are known to lie within. */
void          lw_confusion_matrix_add               (LwConfusionMatrix *matrix, int truth, int guess);
/* The counts, int64 [true class, guess]. */
LwTensor     *lw_confusion_matrix_result            (const LwConfusionMatrix *matrix, LwScope *s);

gint64        lw_confusion_matrix_get_count         (const LwConfusionMatrix *matrix, int truth, int guess);
gint64        lw_confusion_matrix_get_total         (const LwConfusionMatrix *matrix);
double        lw_confusion_matrix_get_accuracy      (const LwConfusionMatrix *matrix); /* 0 without images */
LwClassScores lw_confusion_matrix_get_scores        (const LwConfusionMatrix *matrix, int class_index);
/* The plain means over all classes, whatever their support; F1 is the mean of the classes' F1. */
LwClassScores lw_confusion_matrix_get_macro_average (const LwConfusionMatrix *matrix);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LwConfusionMatrix, lw_confusion_matrix_clear)

G_END_DECLS
