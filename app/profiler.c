#include "app/profiler.h"

#include <sys/resource.h>
#include <unistd.h>

#define DELAY_MSEC  300 /* while a person goes on changing things */
#define MAX_KEPT    32
#define LOWEST_NICE 19

/* What is known of one model. */
typedef struct {
  LwDocument *document;
  LwProfile  *profile;
} Known;

struct _LwProfiler {
  GObject       parent;

  LwSession    *session;
  gulong        handlers[3];
  GPtrArray    *known; /* Known, oldest first */
  guint         timeout;
  GCancellable *cancellable; /* of the job that runs, or NULL */
  LwDocument   *asked;       /* what it is about */
  LwProfile    *told;
};

G_DEFINE_FINAL_TYPE (LwProfiler, lw_profiler, G_TYPE_OBJECT)

enum {
  PROFILED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
known_free (gpointer data)
{
  Known *known = data;

  lw_document_unref (known->document);
  lw_profile_unref (known->profile);
  g_free (known);
}

/* Whether both cost the same. */
static gboolean
is_alike (const LwDocument *a, const LwDocument *b)
{
  return a->settings.batch_size == b->settings.batch_size && a->settings.threads == b->settings.threads
         && lw_model_spec_equal (a->model, b->model);
}

static LwProfile *
find (LwProfiler *self, LwDocument *document)
{
  for (guint i = self->known->len; i > 0; i--)
    {
      Known *known = g_ptr_array_index (self->known, i - 1);

      if (is_alike (known->document, document))
        return known->profile;
    }
  return NULL;
}

static void
cancel (LwProfiler *self)
{
  g_clear_handle_id (&self->timeout, g_source_remove);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->asked, lw_document_unref);
}

static void
tell (LwProfiler *self, LwProfile *profile)
{
  /* Also when it has been told before: another seed makes the session forget. */
  lw_session_set_image_time (self->session, lw_profile_get_seconds (profile, 1));
  if (self->told == profile)
    return;
  lw_profile_ref (profile);
  g_clear_pointer (&self->told, lw_profile_unref);
  self->told = profile;
  g_signal_emit (self, signals[PROFILED], 0, profile);
}

/* What was told would be another model's for as long as this one trains. */
static void
forget (LwProfiler *self)
{
  if (self->told == NULL)
    return;
  g_clear_pointer (&self->told, lw_profile_unref);
  g_signal_emit (self, signals[PROFILED], 0, NULL);
}

/* -- the job -- */

typedef struct {
  LwDocument *document;
  LwImages   *images;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  lw_document_unref (job->document);
  lw_images_unref (job->images);
  g_free (job);
}

static gpointer
run (gpointer data)
{
  g_autoptr (GTask)    task = data;
  Job                 *job = g_task_get_task_data (task);
  GError              *error = NULL;
  g_autoptr (LwDevice) device = NULL;
  LwProfile           *profile = NULL;

  setpriority (PRIO_PROCESS, (id_t) gettid (), LOWEST_NICE);
  device = lw_device_new ((int) job->document->settings.threads, LOWEST_NICE, &error);
  if (device != NULL)
    profile = lw_profile_new (device, job->document->model, &job->document->settings, job->images,
                              g_task_get_cancellable (task), &error);
  if (profile != NULL)
    g_task_return_pointer (task, profile, (GDestroyNotify) lw_profile_unref);
  else
    g_task_return_error (task, error);
  return NULL;
}

/* Without a profile (it was cancelled, or memory is short) nothing is known, and the next change asks anew. */
static void
on_done (GObject *object, GAsyncResult *result, gpointer data)
{
  LwProfiler           *self = LW_PROFILER (object);
  Job                  *job = g_task_get_task_data (G_TASK (result));
  g_autoptr (LwProfile) profile = g_task_propagate_pointer (G_TASK (result), NULL);
  Known                *known;

  if (self->asked == job->document)
    {
      g_clear_object (&self->cancellable);
      g_clear_pointer (&self->asked, lw_document_unref);
    }
  if (profile == NULL || self->session == NULL)
    return;
  known = g_new0 (Known, 1);
  known->document = lw_document_ref (job->document);
  known->profile = lw_profile_ref (profile);
  g_ptr_array_add (self->known, known);
  if (self->known->len > MAX_KEPT)
    g_ptr_array_remove_index (self->known, 0);
  if (is_alike (job->document, lw_session_get_document (self->session)))
    tell (self, profile);
}

static gboolean
start (gpointer data)
{
  LwProfiler *self = data;
  Job        *job = g_new0 (Job, 1);
  GTask      *task;

  self->timeout = 0;
  self->cancellable = g_cancellable_new ();
  self->asked = lw_document_ref (lw_session_get_document (self->session));
  job->document = lw_document_ref (self->asked);
  job->images = lw_images_ref (lw_session_get_images (self->session));
  task = g_task_new (self, self->cancellable, on_done, NULL);
  g_task_set_task_data (task, job, job_free);
  /* A thread of its own: a lowered priority stays, and those of the pool are others' as well. */
  g_thread_unref (g_thread_new ("profile", run, task));
  return G_SOURCE_REMOVE;
}

static void
on_changed (LwProfiler *self)
{
  LwDocument *document = lw_session_get_document (self->session);
  LwImages   *images = lw_session_get_images (self->session);
  LwProfile  *profile = find (self, document);
  gboolean    training = lw_session_get_phase (self->session) == LW_PHASE_TRAINING
                      || lw_session_is_stepping (self->session);

  if (profile != NULL)
    tell (self, profile);
  else if (training)
    forget (self);
  if (profile != NULL || images == NULL || training
      || !lw_training_check_images (document->model, images, NULL))
    {
      cancel (self);
      return;
    }
  if (self->asked != NULL && is_alike (self->asked, document))
    return;
  cancel (self);
  self->timeout = g_timeout_add (DELAY_MSEC, start, self);
}

static void
lw_profiler_dispose (GObject *object)
{
  LwProfiler *self = LW_PROFILER (object);

  cancel (self);
  if (self->session != NULL)
    for (guint i = 0; i < G_N_ELEMENTS (self->handlers); i++)
      g_clear_signal_handler (&self->handlers[i], self->session);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (lw_profiler_parent_class)->dispose (object);
}

static void
lw_profiler_finalize (GObject *object)
{
  LwProfiler *self = LW_PROFILER (object);

  g_ptr_array_unref (self->known);
  lw_profile_unref (self->told);
  G_OBJECT_CLASS (lw_profiler_parent_class)->finalize (object);
}

static void
lw_profiler_class_init (LwProfilerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = lw_profiler_dispose;
  object_class->finalize = lw_profiler_finalize;
  signals[PROFILED] = g_signal_new ("profiled", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                    NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
}

static void
lw_profiler_init (LwProfiler *self)
{
  self->known = g_ptr_array_new_with_free_func (known_free);
}

LwProfiler *
lw_profiler_new (LwSession *session)
{
  static const char *const names[] = { "document-changed", "run-changed", "data-changed" };
  LwProfiler              *self = g_object_new (LW_TYPE_PROFILER, NULL);

  self->session = g_object_ref (session);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    self->handlers[i] = g_signal_connect_swapped (session, names[i], G_CALLBACK (on_changed), self);
  on_changed (self);
  return self;
}
