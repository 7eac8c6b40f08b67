#include "engine/core/workers.h"

#include "engine/kernels/kernels.h"

#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

/* A thread spins this often for what it waits for (some 50 to 200 µs), then for YIELD_USEC it lets
 * others run but stays ready, then it sleeps. A thread that sleeps too soon leaves its core, the system
 * moves the one that was preempted there, and it takes the system several milliseconds to part them:
 * with a window beside the training, that costs more than all that the window draws. */
#define SPINS      4000
#define YIELD_USEC 10000

/* The share of one thread: which chunks are still to be had, in one word, so that they are taken by
 * one compare-and-swap: the job's number (24 bits), the end (20), the next chunk (20). A thread that
 * wakes late cannot take from a job it does not know. */
#define CHUNK_BITS 20
#define CHUNK_MASK ((1u << CHUNK_BITS) - 1)
#define JOB_MASK   0xffffffu

typedef struct {
  _Alignas (64) _Atomic guint64 left;
} Share;

struct _LwWorkers {
  int             n_threads;
  int             niceness;
  GThread       **threads;
  Share          *shares;

  LwThreadChunkFunc func;
  gpointer          data;
  int             first_chunk; /* of the current job: a run of very many chunks is several jobs */
  _Alignas (64) _Atomic guint32 job;       /* number of the current job */
  _Alignas (64) _Atomic int     remaining; /* chunks not finished */
  _Atomic gboolean stop;

  GMutex          mutex; /* guards the sleepers' conditions */
  GCond           wake;
  GCond           done;
  _Atomic int     n_sleeping;
  _Atomic gboolean caller_sleeps;
};

typedef struct {
  LwWorkers *workers;
  int        index;
} Start;

static inline void
relax (void)
{
#if defined(__x86_64__)
  __builtin_ia32_pause ();
#elif defined(__aarch64__)
  __asm__ volatile ("yield");
#endif
}

static guint64
pack (guint32 job, guint32 end, guint32 next)
{
  return (guint64) (job & JOB_MASK) << (2 * CHUNK_BITS) | (guint64) end << CHUNK_BITS | next;
}

static gboolean
take (Share *share, guint32 job, int *chunk)
{
  guint64 left = atomic_load (&share->left);

  for (;;)
    {
      guint32 next = (guint32) left & CHUNK_MASK;
      guint32 end = (guint32) (left >> CHUNK_BITS) & CHUNK_MASK;

      if (left >> (2 * CHUNK_BITS) != (job & JOB_MASK) || next >= end)
        return FALSE;
      if (atomic_compare_exchange_weak (&share->left, &left, left + 1))
        {
          *chunk = (int) next;
          return TRUE;
        }
    }
}

static void
work (LwWorkers *workers, int self, guint32 job)
{
  for (int i = 0; i < workers->n_threads; i++)
    {
      Share *share = &workers->shares[(self + i) % workers->n_threads];
      int    chunk;

      while (take (share, job, &chunk))
        {
          workers->func (workers->data, workers->first_chunk + chunk, self);
          if (atomic_fetch_sub (&workers->remaining, 1) == 1
              && atomic_load (&workers->caller_sleeps))
            {
              g_mutex_lock (&workers->mutex);
              g_cond_signal (&workers->done);
              g_mutex_unlock (&workers->mutex);
            }
        }
    }
}

/* TRUE while a wait that began at *began (0: now) had better stay on its core: see YIELD_USEC. */
static gboolean
linger (gint64 *began)
{
  gint64 now = g_get_monotonic_time ();

  if (*began == 0)
    *began = now;
  if (now - *began > YIELD_USEC)
    return FALSE;
  sched_yield ();
  return TRUE;
}

/* Returns once the job's number differs from `seen`. */
static guint32
wait_for_job (LwWorkers *workers, guint32 seen)
{
  guint32 job;
  gint64  began = 0;

  for (int i = 0; i < SPINS; i++)
    {
      job = atomic_load_explicit (&workers->job, memory_order_acquire);
      if (job != seen)
        return job;
      relax ();
    }
  while (linger (&began))
    if ((job = atomic_load_explicit (&workers->job, memory_order_acquire)) != seen)
      return job;

  g_mutex_lock (&workers->mutex);
  atomic_fetch_add (&workers->n_sleeping, 1);
  while ((job = atomic_load (&workers->job)) == seen)
    g_cond_wait (&workers->wake, &workers->mutex);
  atomic_fetch_sub (&workers->n_sleeping, 1);
  g_mutex_unlock (&workers->mutex);
  return job;
}

static gpointer
thread_main (gpointer data)
{
  Start     *start = data;
  LwWorkers *workers = start->workers;
  int        self = start->index;
  guint32    job = 0;

  g_free (start);
  if (workers->niceness != 0)
    setpriority (PRIO_PROCESS, (id_t) gettid (), workers->niceness);
  lw_float_mode_enter ();

  for (;;)
    {
      job = wait_for_job (workers, job);
      if (atomic_load (&workers->stop))
        return NULL;
      work (workers, self, job);
    }
}

static void
announce (LwWorkers *workers)
{
  atomic_fetch_add (&workers->job, 1);
  if (atomic_load (&workers->n_sleeping) > 0)
    {
      g_mutex_lock (&workers->mutex);
      g_cond_broadcast (&workers->wake);
      g_mutex_unlock (&workers->mutex);
    }
}

LwWorkers *
lw_workers_new (int n_threads, int niceness)
{
  LwWorkers *workers;

  g_return_val_if_fail (n_threads >= 1, NULL);
  workers = g_aligned_alloc0 (1, sizeof *workers, 64);
  workers->n_threads = n_threads;
  workers->niceness = niceness;
  workers->shares = g_aligned_alloc0 ((gsize) n_threads, sizeof *workers->shares, 64);
  workers->threads = g_new0 (GThread *, n_threads);
  g_mutex_init (&workers->mutex);
  g_cond_init (&workers->wake);
  g_cond_init (&workers->done);

  for (int i = 1; i < workers->n_threads; i++)
    {
      Start *start = g_new (Start, 1);

      start->workers = workers;
      start->index = i;
      workers->threads[i] = g_thread_try_new ("lw-worker", thread_main, start, NULL);
      if (workers->threads[i] == NULL)
        {
          /* The system gives no more: fewer do the same work. Nobody has read the number yet, for
           * it is read in a job. */
          g_free (start);
          workers->n_threads = i;
        }
    }
  return workers;
}

void
lw_workers_free (LwWorkers *workers)
{
  if (workers == NULL)
    return;
  atomic_store (&workers->stop, TRUE);
  announce (workers);
  for (int i = 1; i < workers->n_threads; i++)
    g_thread_join (workers->threads[i]);
  g_mutex_clear (&workers->mutex);
  g_cond_clear (&workers->wake);
  g_cond_clear (&workers->done);
  g_free (workers->threads);
  g_aligned_free (workers->shares);
  g_aligned_free (workers);
}

int
lw_workers_get_n_threads (const LwWorkers *workers)
{
  return workers != NULL ? workers->n_threads : 1;
}

/* Chunks first_chunk … first_chunk + n_chunks - 1, at most CHUNK_MASK of them. */
static void
run_job (LwWorkers *workers, int first_chunk, int n_chunks, LwThreadChunkFunc func, gpointer data)
{
  gint64  began = 0;
  guint32 job;

  job = atomic_load_explicit (&workers->job, memory_order_relaxed) + 1;
  workers->func = func;
  workers->data = data;
  workers->first_chunk = first_chunk;
  atomic_store_explicit (&workers->remaining, n_chunks, memory_order_relaxed);
  for (int i = 0; i < workers->n_threads; i++)
    {
      guint32 first = (guint32) ((gint64) i * n_chunks / workers->n_threads);
      guint32 end = (guint32) ((gint64) (i + 1) * n_chunks / workers->n_threads);

      atomic_store (&workers->shares[i].left, pack (job, end, first));
    }
  announce (workers);
  work (workers, 0, job);

  for (int i = 0; i < SPINS; i++)
    {
      if (atomic_load_explicit (&workers->remaining, memory_order_acquire) == 0)
        return;
      relax ();
    }
  while (linger (&began))
    if (atomic_load_explicit (&workers->remaining, memory_order_acquire) == 0)
      return;
  g_mutex_lock (&workers->mutex);
  atomic_store (&workers->caller_sleeps, TRUE);
  while (atomic_load (&workers->remaining) > 0)
    g_cond_wait (&workers->done, &workers->mutex);
  atomic_store (&workers->caller_sleeps, FALSE);
  g_mutex_unlock (&workers->mutex);
}

void
lw_workers_run_by_thread (LwWorkers *workers, int n_chunks, LwThreadChunkFunc func, gpointer data)
{
  if (workers == NULL || workers->n_threads == 1 || n_chunks <= 1)
    {
      for (int i = 0; i < n_chunks; i++)
        func (data, i, 0);
      return;
    }
  for (int first = 0, n; first < n_chunks; first += n)
    {
      n = MIN (n_chunks - first, (int) CHUNK_MASK);
      run_job (workers, first, n, func, data);
    }
}

typedef struct {
  LwChunkFunc func;
  gpointer    data;
} Anywhere;

static void
run_anywhere (gpointer data, int chunk, int thread)
{
  const Anywhere *anywhere = data;

  anywhere->func (anywhere->data, chunk);
}

void
lw_workers_run (LwWorkers *workers, int n_chunks, LwChunkFunc func, gpointer data)
{
  Anywhere anywhere = { func, data };

  lw_workers_run_by_thread (workers, n_chunks, run_anywhere, &anywhere);
}
