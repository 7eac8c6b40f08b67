#include "engine/nn/confusion_matrix.h"

#include "engine/nn/metrics_private.h"
#include "engine/ops/ops.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static gsize
get_size (const LwConfusionMatrix *matrix)
{
  return (gsize) matrix->n_classes * (gsize) matrix->n_classes;
}

static gsize
get_place (const LwConfusionMatrix *matrix, int truth, int guess)
{
  return (gsize) truth * (gsize) matrix->n_classes + (gsize) guess;
}

gboolean
lw_confusion_matrix_init (LwConfusionMatrix *matrix, int n_classes, GError **error)
{
  *matrix = (LwConfusionMatrix) { 0, NULL };
  if (n_classes < 1 || n_classes > LW_MAX_CONFUSION_CLASSES)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_VALUE, _("A confusion matrix has 1 to %d classes, not %d"),
                   LW_MAX_CONFUSION_CLASSES, n_classes);
      return FALSE;
    }
  matrix->counts = g_try_new0 (gint64, (gsize) n_classes * (gsize) n_classes);
  if (matrix->counts == NULL)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
                   _("There is no memory for a confusion matrix of %d classes; close other programs"),
                   n_classes);
      return FALSE;
    }
  matrix->n_classes = n_classes;
  return TRUE;
}

void
lw_confusion_matrix_clear (LwConfusionMatrix *matrix)
{
  g_clear_pointer (&matrix->counts, g_free);
  matrix->n_classes = 0;
}

void
lw_confusion_matrix_reset_state (LwConfusionMatrix *matrix)
{
  if (matrix->counts != NULL)
    memset (matrix->counts, 0, get_size (matrix) * sizeof (gint64));
}

gboolean
lw_confusion_matrix_update_state (LwConfusionMatrix *matrix, LwScope *s, LwTensor *labels, LwTensor *y_pred)
{
  LwTensor *guesses;
  gsize     n;

  if (!lw_metric_check (s, N_("The confusion matrix"), labels, y_pred))
    return FALSE;
  if (lw_tensor_get_dim (y_pred, 1) != matrix->n_classes)
    {
      g_autofree char *have = lw_shape_to_string (lw_tensor_get_shape (y_pred));

      lw_scope_fail (s, LW_ERROR_SHAPE, _("The confusion matrix tells %d classes apart, but the predictions have "
                                          "shape %s"), matrix->n_classes, have);
      return FALSE;
    }
  n = lw_tensor_get_count (labels);
  for (gsize i = 0; i < n; i++)
    {
      gint64 label = lw_metric_get_label (labels, i);

      if (label < 0 || label >= matrix->n_classes)
        {
          lw_scope_fail (s, LW_ERROR_VALUE,
                         _("Label %" G_GSIZE_FORMAT " of the batch is %" G_GINT64_FORMAT
                           ", but there are classes 0 to %d only"),
                         i, label, matrix->n_classes - 1);
          return FALSE;
        }
    }
  guesses = lw_argmax (s, y_pred);
  if (lw_scope_has_failed (s))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    lw_confusion_matrix_add (matrix, (int) lw_metric_get_label (labels, i),
                             (int) lw_metric_get_label (guesses, i));
  return TRUE;
}

void
lw_confusion_matrix_add (LwConfusionMatrix *matrix, int truth, int guess)
{
  g_return_if_fail (truth >= 0 && truth < matrix->n_classes);
  g_return_if_fail (guess >= 0 && guess < matrix->n_classes);

  matrix->counts[get_place (matrix, truth, guess)]++;
}

LwTensor *
lw_confusion_matrix_result (const LwConfusionMatrix *matrix, LwScope *s)
{
  return lw_constant (s, LW_INT64, &LW_SHAPE (matrix->n_classes, matrix->n_classes), matrix->counts);
}

gint64
lw_confusion_matrix_get_count (const LwConfusionMatrix *matrix, int truth, int guess)
{
  g_return_val_if_fail (truth >= 0 && truth < matrix->n_classes, 0);
  g_return_val_if_fail (guess >= 0 && guess < matrix->n_classes, 0);

  return matrix->counts[get_place (matrix, truth, guess)];
}

gint64
lw_confusion_matrix_get_total (const LwConfusionMatrix *matrix)
{
  gint64 total = 0;

  for (gsize i = 0; i < get_size (matrix); i++)
    total += matrix->counts[i];
  return total;
}

static double
divide (double a, double b)
{
  return b != 0 ? a / b : 0;
}

double
lw_confusion_matrix_get_accuracy (const LwConfusionMatrix *matrix)
{
  gint64 right = 0;

  for (int c = 0; c < matrix->n_classes; c++)
    right += matrix->counts[get_place (matrix, c, c)];
  return divide ((double) right, (double) lw_confusion_matrix_get_total (matrix));
}

LwClassScores
lw_confusion_matrix_get_scores (const LwConfusionMatrix *matrix, int class_index)
{
  LwClassScores scores = { 0 };
  gint64        guesses = 0;
  double        right;

  g_return_val_if_fail (class_index >= 0 && class_index < matrix->n_classes, scores);

  for (int c = 0; c < matrix->n_classes; c++)
    {
      scores.support += matrix->counts[get_place (matrix, class_index, c)];
      guesses += matrix->counts[get_place (matrix, c, class_index)];
    }
  right = (double) matrix->counts[get_place (matrix, class_index, class_index)];
  scores.precision = divide (right, (double) guesses);
  scores.recall = divide (right, (double) scores.support);
  scores.f1 = divide (2 * scores.precision * scores.recall, scores.precision + scores.recall);
  return scores;
}

LwClassScores
lw_confusion_matrix_get_macro_average (const LwConfusionMatrix *matrix)
{
  LwClassScores mean = { 0 };

  for (int c = 0; c < matrix->n_classes; c++)
    {
      LwClassScores scores = lw_confusion_matrix_get_scores (matrix, c);

      mean.precision += scores.precision / matrix->n_classes;
      mean.recall += scores.recall / matrix->n_classes;
      mean.f1 += scores.f1 / matrix->n_classes;
      mean.support += scores.support;
    }
  return mean;
}
