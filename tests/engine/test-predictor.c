#include "train-tools.h"

#include "tests/wait.h"

/* Questions to a model in a thread of its own: the newest counts, none is answered twice. */

static LwImages *images;

typedef struct {
  LwTensor *probabilities; /* the last answer's */
  GError   *error;
  guint     n;
} Answers;

static Answers answers[LW_N_CHANNELS];

static void
on_answer (LwChannel channel, LwTensor *probabilities, const GError *error, double seconds, gpointer data)
{
  g_assert_true (data == answers);
  g_assert_cmpfloat (seconds, >=, 0);
  g_assert_true ((probabilities == NULL) == (error != NULL));
  g_clear_pointer (&answers[channel].probabilities, lw_tensor_unref);
  g_clear_error (&answers[channel].error);
  answers[channel].probabilities = probabilities != NULL ? lw_tensor_ref (probabilities) : NULL;
  answers[channel].error = error != NULL ? g_error_copy (error) : NULL;
  answers[channel].n++;
}

static void
on_pad (LwTensor *probabilities, const GError *error, double seconds, gpointer data)
{
  on_answer (LW_CHANNEL_PAD, probabilities, error, seconds, data);
}

static void
on_strip (LwTensor *probabilities, const GError *error, double seconds, gpointer data)
{
  on_answer (LW_CHANNEL_STRIP, probabilities, error, seconds, data);
}

static const LwPredictedFunc funcs[LW_N_CHANNELS] = { on_pad, on_strip };

static LwPredictor *
predictor_new (void)
{
  GError      *error = NULL;
  LwPredictor *predictor = lw_predictor_new (funcs, answers, &error);

  g_assert_no_error (error);
  return predictor;
}

static void
answers_clear (void)
{
  for (int i = 0; i < LW_N_CHANNELS; i++)
    {
      g_clear_pointer (&answers[i].probabilities, lw_tensor_unref);
      g_clear_error (&answers[i].error);
      answers[i].n = 0;
    }
}

static void
wait_for (LwChannel channel, guint n)
{
  WAIT_UNTIL (answers[channel].n >= n);
}

static LwState *
state_new (const char *preset, guint64 seed)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (preset);
  LwRunSettings           settings = LW_RUN_SETTINGS_STANDARD;
  GError                 *error = NULL;
  LwState                *state;

  settings.seed = seed;
  state = lw_state_new_initial (model, &settings, &error);
  g_assert_no_error (error);
  return state;
}

static LwTensor *
expected (LwState *state, LwTensor *x)
{
  g_autoptr (LwDevice) device = lw_device_new (1, 0, NULL);

  return lw_state_predict_probabilities (state, device, x, NULL);
}

static void
test_channels (void)
{
  g_autoptr (LwPredictor) predictor = predictor_new ();
  LwState                *states[] = { state_new ("mlp", 1), state_new ("convnet", 2), state_new ("tiny-cnn", 3) };
  LwTensor               *x[LW_N_CHANNELS];

  for (int i = 0; i < LW_N_CHANNELS; i++)
    {
      x[i] = test_images_to_input (images->train_images, (gsize) i * 5, (gsize) i * 40 + 1);
      lw_predictor_ask (predictor, (LwChannel) i, states[i], x[i]);
    }
  for (int i = 0; i < LW_N_CHANNELS; i++)
    {
      g_autoptr (LwTensor) want = expected (states[i], x[i]);

      wait_for ((LwChannel) i, 1);
      g_assert_no_error (answers[i].error);
      g_assert_true (lw_tensor_equal (answers[i].probabilities, want));
      lw_tensor_unref (x[i]);
      lw_state_unref (states[i]);
    }
  settle (100);
  for (int i = 0; i < LW_N_CHANNELS; i++)
    g_assert_cmpuint (answers[i].n, ==, 1);
  answers_clear ();
}

/* Forty questions at once: one answer, to the last. */
static void
test_newest_wins (void)
{
  g_autoptr (LwPredictor) predictor = predictor_new ();
  g_autoptr (LwState)     state = state_new ("convnet", 1);
  g_autoptr (LwTensor)    last = NULL, want = NULL;

  for (guint i = 0; i < 40; i++)
    {
      g_clear_pointer (&last, lw_tensor_unref);
      last = test_images_to_input (images->train_images, i, 10);
      lw_predictor_ask (predictor, LW_CHANNEL_STRIP, state, last);
      g_usleep (i % 4 * 500);
    }
  want = expected (state, last);
  wait_for (LW_CHANNEL_STRIP, 1);
  settle (100);
  g_assert_cmpuint (answers[LW_CHANNEL_STRIP].n, ==, 1);
  g_assert_true (lw_tensor_equal (answers[LW_CHANNEL_STRIP].probabilities, want));
  answers_clear ();
}

static void
test_forget (void)
{
  g_autoptr (LwPredictor) predictor = predictor_new ();
  g_autoptr (LwState)     state = state_new ("mlp", 1);
  g_autoptr (LwTensor)    x = test_images_to_input (images->train_images, 0, 4);

  /* Before it is taken up, while it is, and when the answer is on its way. */
  for (guint i = 0; i < 20; i++)
    {
      lw_predictor_ask (predictor, LW_CHANNEL_PAD, state, x);
      g_usleep (i * 200);
      lw_predictor_forget (predictor, LW_CHANNEL_PAD);
      settle (0);
    }
  settle (100);
  g_assert_cmpuint (answers[LW_CHANNEL_PAD].n, ==, 0);
  lw_predictor_ask (predictor, LW_CHANNEL_PAD, state, x);
  wait_for (LW_CHANNEL_PAD, 1);
  g_assert_nonnull (answers[LW_CHANNEL_PAD].probabilities);
  answers_clear ();
}

static void
test_errors (void)
{
  g_autoptr (LwPredictor) predictor = predictor_new ();
  g_autoptr (LwState)     state = state_new ("mlp", 1);
  g_autoptr (LwTensor)    wrong = lw_tensor_new_zeros (NULL, LW_FLOAT32, &LW_SHAPE (1, 20, 20, 1), NULL);
  g_autoptr (LwTensor)    right = test_images_to_input (images->train_images, 0, 1);

  lw_predictor_ask (predictor, LW_CHANNEL_PAD, state, wrong);
  wait_for (LW_CHANNEL_PAD, 1);
  g_assert_error (answers[LW_CHANNEL_PAD].error, LW_ERROR, LW_ERROR_SHAPE);
  g_assert_null (answers[LW_CHANNEL_PAD].probabilities);
  lw_predictor_ask (predictor, LW_CHANNEL_PAD, state, right);
  wait_for (LW_CHANNEL_PAD, 2);
  g_assert_no_error (answers[LW_CHANNEL_PAD].error);
  answers_clear ();
}

/* Freed with questions pending and answers on their way: nobody is called any more. */
static void
test_free (void)
{
  g_autoptr (LwState)  state = state_new ("convnet", 1);
  g_autoptr (LwTensor) x = test_images_to_input (images->train_images, 0, 20);

  for (guint i = 0; i < 12; i++)
    {
      LwPredictor *predictor = predictor_new ();

      for (int channel = 0; channel < LW_N_CHANNELS; channel++)
        lw_predictor_ask (predictor, (LwChannel) channel, state, x);
      g_usleep (i * 700);
      lw_predictor_free (predictor);
    }
  settle (100);
  for (int i = 0; i < LW_N_CHANNELS; i++)
    g_assert_cmpuint (answers[i].n, ==, 0);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  images = test_images_new (120, 10);
  g_test_add_func ("/predictor/channels", test_channels);
  g_test_add_func ("/predictor/newest-wins", test_newest_wins);
  g_test_add_func ("/predictor/forget", test_forget);
  g_test_add_func ("/predictor/errors", test_errors);
  g_test_add_func ("/predictor/free", test_free);
  status = g_test_run ();
  lw_images_unref (images);
  return status;
}
