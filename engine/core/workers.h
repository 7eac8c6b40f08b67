#pragma once

#include <glib.h>

/* LwWorkers: a persistent pool of threads that share out the chunks of one job at a time.
 *
 * The caller is one of the workers. Chunks are fixed by the job, never by the number of threads, and
 * handed out dynamically: each thread takes those it had the time before first (its data is in
 * that core's cache), then steals, so that a preempted thread does not stall the others. Which thread
 * runs a chunk must not change any result. Idle threads spin briefly, then sleep. */

G_BEGIN_DECLS

typedef struct _LwWorkers LwWorkers;

typedef void (*LwChunkFunc) (gpointer data, int chunk);

/* Likewise, told which of the threads runs it: 0 (the caller) to n_threads - 1. */
typedef void (*LwThreadChunkFunc) (gpointer data, int chunk, int thread);

/* `n_threads` in all, the caller included (1: no threads are made). `niceness` is set in each new
 * thread, 0 leaves it; it cannot be taken back. Where the system gives no more threads there are
 * fewer: lw_workers_get_n_threads() tells. */
LwWorkers *lw_workers_new           (int n_threads, int niceness) G_GNUC_WARN_UNUSED_RESULT;
void       lw_workers_free          (LwWorkers *workers);
int        lw_workers_get_n_threads (const LwWorkers *workers);

/* Runs func (data, 0 … n_chunks - 1), each once, and returns when all are done. One caller at a time;
 * func must not call this. workers NULL: all in this thread. */
void       lw_workers_run           (LwWorkers *workers, int n_chunks, LwChunkFunc func, gpointer data);
void       lw_workers_run_by_thread (LwWorkers *workers, int n_chunks, LwThreadChunkFunc func, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwWorkers, lw_workers_free)

G_END_DECLS
