#include "engine/train/predictor.h"

typedef struct {
  LwState  *state; /* NULL: no question */
  LwTensor *images;
  guint     number;
} Question;

struct _LwPredictor {
  gatomicrefcount ref_count; /* the owner's, the thread's, and one for each answer under way */
  LwDevice       *device;
  LwPredictedFunc funcs[LW_N_CHANNELS];
  gpointer        data;
  GMainContext   *context;
  GThread        *thread;

  GMutex          mutex;
  GCond           asked;
  gboolean        quit;
  Question        questions[LW_N_CHANNELS];
  guint           numbers[LW_N_CHANNELS]; /* of the newest question, answered or not */
};

typedef struct {
  LwPredictor *predictor;
  LwChannel    channel;
  guint        number;
  LwTensor    *probabilities;
  GError      *error;
  double       seconds;
} Answer;

static void
question_clear (Question *question)
{
  g_clear_pointer (&question->state, lw_state_unref);
  g_clear_pointer (&question->images, lw_tensor_unref);
}

static void
predictor_unref (LwPredictor *predictor)
{
  if (!g_atomic_ref_count_dec (&predictor->ref_count))
    return;
  for (int i = 0; i < LW_N_CHANNELS; i++)
    question_clear (&predictor->questions[i]);
  lw_device_unref (predictor->device);
  g_main_context_unref (predictor->context);
  g_mutex_clear (&predictor->mutex);
  g_cond_clear (&predictor->asked);
  g_free (predictor);
}

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  lw_tensor_unref (answer->probabilities);
  g_clear_error (&answer->error);
  predictor_unref (answer->predictor);
  g_free (answer);
}

static gboolean
deliver (gpointer data)
{
  Answer      *answer = data;
  LwPredictor *predictor = answer->predictor;
  gboolean     fresh;

  g_mutex_lock (&predictor->mutex);
  fresh = !predictor->quit && predictor->numbers[answer->channel] == answer->number;
  g_mutex_unlock (&predictor->mutex);
  if (fresh)
    predictor->funcs[answer->channel] (answer->probabilities, answer->error, answer->seconds, predictor->data);
  return G_SOURCE_REMOVE;
}

/* Waits for a question, the pad's first; FALSE to leave. */
static gboolean
next_question (LwPredictor *predictor, LwChannel *channel, Question *question)
{
  gboolean found = FALSE;

  g_mutex_lock (&predictor->mutex);
  while (!predictor->quit && !found)
    {
      for (int i = 0; i < LW_N_CHANNELS && !found; i++)
        if (predictor->questions[i].state != NULL)
          {
            *channel = (LwChannel) i;
            *question = predictor->questions[i];
            predictor->questions[i] = (Question) { 0 };
            found = TRUE;
          }
      if (!found)
        g_cond_wait (&predictor->asked, &predictor->mutex);
    }
  g_mutex_unlock (&predictor->mutex);
  return found;
}

static gpointer
thread_main (gpointer data)
{
  LwPredictor *predictor = data;
  LwChannel    channel;
  Question     question;

  while (next_question (predictor, &channel, &question))
    {
      g_autoptr (GSource) source = g_idle_source_new ();
      Answer             *answer = g_new0 (Answer, 1);
      gint64              begin = g_get_monotonic_time ();

      g_atomic_ref_count_inc (&predictor->ref_count);
      answer->predictor = predictor;
      answer->channel = channel;
      answer->number = question.number;
      answer->probabilities = lw_state_predict_probabilities (question.state, predictor->device,
                                                              question.images, &answer->error);
      answer->seconds = (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC;
      question_clear (&question);
      g_source_set_priority (source, G_PRIORITY_DEFAULT);
      g_source_set_callback (source, deliver, answer, answer_free);
      g_source_attach (source, predictor->context);
    }
  return NULL;
}

LwPredictor *
lw_predictor_new (LwPredictedFunc const funcs[LW_N_CHANNELS], gpointer data, GError **error)
{
  LwDevice    *device = lw_device_new (1, 0, error);
  LwPredictor *predictor;

  if (device == NULL)
    return NULL;
  predictor = g_new0 (LwPredictor, 1);
  g_atomic_ref_count_init (&predictor->ref_count);
  predictor->device = device;
  for (int i = 0; i < LW_N_CHANNELS; i++)
    predictor->funcs[i] = funcs[i];
  predictor->data = data;
  predictor->context = g_main_context_ref_thread_default ();
  g_mutex_init (&predictor->mutex);
  g_cond_init (&predictor->asked);
  predictor->thread = g_thread_new ("lw-predictor", thread_main, predictor);
  return predictor;
}

void
lw_predictor_free (LwPredictor *predictor)
{
  if (predictor == NULL)
    return;
  g_mutex_lock (&predictor->mutex);
  predictor->quit = TRUE;
  g_cond_signal (&predictor->asked);
  g_mutex_unlock (&predictor->mutex);
  g_thread_join (g_steal_pointer (&predictor->thread));
  predictor_unref (predictor);
}

void
lw_predictor_ask (LwPredictor *predictor, LwChannel channel, LwState *state, LwTensor *images)
{
  Question *question = &predictor->questions[channel];

  g_mutex_lock (&predictor->mutex);
  question_clear (question);
  question->state = lw_state_ref (state);
  question->images = lw_tensor_ref (images);
  question->number = ++predictor->numbers[channel];
  g_cond_signal (&predictor->asked);
  g_mutex_unlock (&predictor->mutex);
}

void
lw_predictor_forget (LwPredictor *predictor, LwChannel channel)
{
  g_mutex_lock (&predictor->mutex);
  question_clear (&predictor->questions[channel]);
  predictor->numbers[channel]++;
  g_mutex_unlock (&predictor->mutex);
}
