#include "app/answers.h"

#include "ui/charts/chart-text.h"

#include <glib/gi18n.h>
#include <math.h>

/* Test images of the strip: some that every model gets right, some that are hard to read. */
static const guint strip_images[] = {
  0, 61, 15, 32, 247, 7, 84, 449, 20, 36, 340, 1, 582, 938, 259, 1226, 4, 447,
};

#define N_STRIP G_N_ELEMENTS (strip_images)

struct _LwAnswers {
  LwSession     *session;
  LwPredictPane *pane;
  LwPredictor   *predictor;
  LwTensor      *strip; /* [N_STRIP, 28, 28, 1], NULL before the data is there */
  gboolean       weights_changed; /* rather than the image: the bars then glide */
  gulong         handlers[4];
};

static LwTensor *
new_images (guint n, const float *pixels)
{
  return lw_tensor_new_from_data (NULL, LW_FLOAT32, &LW_SHAPE (n, 28, 28, 1), pixels, NULL);
}

static void
ask_pad (LwAnswers *answers, LwState *state)
{
  float                pixels[LW_DIGIT_PIXELS];
  g_autoptr (LwTensor) image = NULL;

  if (state == NULL || !lw_predict_pane_get_image (answers->pane, pixels))
    {
      lw_predictor_forget (answers->predictor, LW_CHANNEL_PAD);
      lw_predict_pane_set_probabilities (answers->pane, NULL, FALSE);
      return;
    }
  image = new_images (1, pixels);
  if (image != NULL)
    lw_predictor_ask (answers->predictor, LW_CHANNEL_PAD, state, image);
}

static void
update_note (LwAnswers *answers)
{
  LwModelSpec     *model = lw_session_get_document (answers->session)->model;
  LwSessionRun    *run = lw_session_get_run (answers->session);
  g_autofree char *note = NULL;

  if (lw_model_spec_get_n_layers (model) == 0)
    note = g_strdup (_("no model yet"));
  else if (lw_model_spec_get_fault (model) != NULL)
    note = g_strdup (_("model at fault"));
  else if (!lw_session_is_trained (answers->session))
    note = g_strdup (_("untrained"));
  else if (run != NULL && isfinite (run->test_accuracy))
    {
      g_autofree char *percent = lw_chart_format_percent (run->test_accuracy, 1);
      g_autofree char *count = lw_chart_format_count ((guint64) run->n_tested);

      note = g_strdup_printf (_("%s of %s right"), percent, count);
    }
  else
    note = g_strdup ("");
  lw_predict_pane_set_note (answers->pane, note);
}

/* The model on the canvas at fault, or none there: no answers, even though a run's weights may still be. */
static LwPredictState
pane_state (LwAnswers *answers)
{
  LwModelSpec *model = lw_session_get_document (answers->session)->model;

  if (lw_model_spec_get_fault (model) != NULL
      && lw_session_get_phase (answers->session) != LW_PHASE_TRAINING)
    return lw_model_spec_get_n_layers (model) == 0 ? LW_PREDICT_EMPTY : LW_PREDICT_FAULT;
  return lw_session_is_trained (answers->session) ? LW_PREDICT_READY : LW_PREDICT_UNTRAINED;
}

static void
ask_all (LwAnswers *answers)
{
  g_autoptr (LwState) state = lw_session_get_state (answers->session);
  LwPredictState      pane = pane_state (answers);

  if (lw_predict_pane_get_state (answers->pane) != pane)
    lw_predict_pane_set_state (answers->pane, pane);
  update_note (answers);
  if (pane == LW_PREDICT_FAULT || pane == LW_PREDICT_EMPTY)
    {
      lw_predictor_forget (answers->predictor, LW_CHANNEL_PAD);
      lw_predictor_forget (answers->predictor, LW_CHANNEL_STRIP);
      return;
    }
  answers->weights_changed = TRUE;
  ask_pad (answers, state);
  if (state != NULL && state->step > 0 && answers->strip != NULL)
    lw_predictor_ask (answers->predictor, LW_CHANNEL_STRIP, state, answers->strip);
  else
    {
      lw_predictor_forget (answers->predictor, LW_CHANNEL_STRIP);
      lw_predict_pane_set_test_guesses (answers->pane, NULL);
    }
}

static void
on_image_changed (LwAnswers *answers)
{
  g_autoptr (LwState) state = lw_session_get_state (answers->session);

  answers->weights_changed = FALSE;
  ask_pad (answers, state);
}

static void
on_state_changed (LwAnswers *answers, gboolean fresh)
{
  ask_all (answers);
}

static void
on_document_changed (LwAnswers *answers)
{
  ask_all (answers);
}

static void
on_data_changed (LwAnswers *answers)
{
  LwImages         *images = lw_session_get_images (answers->session);
  g_autofree guint8 *bytes = NULL;
  g_autofree float *pixels = NULL;
  int               labels[N_STRIP];

  if (images == NULL || lw_tensor_get_dim (images->test_images, 0) < 10000
      || lw_tensor_get_count (images->test_images) / (gsize) lw_tensor_get_dim (images->test_images, 0)
             != LW_DIGIT_PIXELS)
    return;
  bytes = g_new (guint8, N_STRIP * LW_DIGIT_PIXELS);
  pixels = g_new (float, N_STRIP * LW_DIGIT_PIXELS);
  for (gsize i = 0; i < N_STRIP; i++)
    {
      const guint8 *image = (const guint8 *) lw_tensor_get_data (images->test_images)
                            + strip_images[i] * LW_DIGIT_PIXELS;

      labels[i] = (int) lw_tensor_get_value (images->test_labels, strip_images[i]);
      for (gsize p = 0; p < LW_DIGIT_PIXELS; p++)
        {
          bytes[i * LW_DIGIT_PIXELS + p] = image[p];
          pixels[i * LW_DIGIT_PIXELS + p] = (float) image[p] / 255.0f;
        }
    }
  lw_predict_pane_set_test_images (answers->pane, bytes, labels, strip_images, N_STRIP);
  lw_tensor_unref (answers->strip);
  answers->strip = new_images (N_STRIP, pixels);
  ask_all (answers);
}

static void
on_pad_answer (LwTensor *probabilities, const GError *error, double seconds, gpointer data)
{
  LwAnswers *answers = data;

  if (probabilities != NULL && lw_tensor_get_count (probabilities) == 10)
    lw_predict_pane_set_probabilities (answers->pane, lw_tensor_get_floats (probabilities),
                                       answers->weights_changed);
  else
    lw_predict_pane_set_probabilities (answers->pane, NULL, FALSE);
}

static void
on_strip_answer (LwTensor *probabilities, const GError *error, double seconds, gpointer data)
{
  LwAnswers *answers = data;
  int        guesses[N_STRIP];

  if (probabilities == NULL || lw_tensor_get_count (probabilities) != 10 * N_STRIP)
    {
      lw_predict_pane_set_test_guesses (answers->pane, NULL);
      return;
    }
  for (gsize i = 0; i < N_STRIP; i++)
    {
      const float *row = lw_tensor_get_floats (probabilities) + i * 10;

      guesses[i] = 0;
      for (int digit = 1; digit < 10; digit++)
        if (row[digit] > row[guesses[i]])
          guesses[i] = digit;
    }
  lw_predict_pane_set_test_guesses (answers->pane, guesses);
}

LwAnswers *
lw_answers_new (LwSession *session, LwPredictPane *pane, GError **error)
{
  static LwPredictedFunc const funcs[LW_N_CHANNELS] = {
    [LW_CHANNEL_PAD] = on_pad_answer,
    [LW_CHANNEL_STRIP] = on_strip_answer,
  };
  LwAnswers *answers = g_new0 (LwAnswers, 1);

  answers->session = g_object_ref (session);
  answers->pane = g_object_ref (pane);
  answers->predictor = lw_predictor_new (funcs, answers, error);
  if (answers->predictor == NULL)
    {
      lw_answers_free (answers);
      return NULL;
    }
  answers->handlers[0] = g_signal_connect_swapped (pane, "image-changed", G_CALLBACK (on_image_changed), answers);
  answers->handlers[1] = g_signal_connect_data (session, "state-changed", G_CALLBACK (on_state_changed), answers,
                                                NULL, G_CONNECT_SWAPPED);
  answers->handlers[2] = g_signal_connect_swapped (session, "document-changed",
                                                   G_CALLBACK (on_document_changed), answers);
  answers->handlers[3] = g_signal_connect_swapped (session, "data-changed", G_CALLBACK (on_data_changed), answers);
  ask_all (answers);
  return answers;
}

void
lw_answers_free (LwAnswers *answers)
{
  if (answers == NULL)
    return;
  g_clear_signal_handler (&answers->handlers[0], answers->pane);
  for (int i = 1; i < 4; i++)
    g_clear_signal_handler (&answers->handlers[i], answers->session);
  lw_predictor_free (answers->predictor);
  lw_tensor_unref (answers->strip);
  g_object_unref (answers->pane);
  g_object_unref (answers->session);
  g_free (answers);
}
