#pragma once

#include "engine/core/pool.h"
#include "engine/core/workers.h"
#include "engine/kernels/kernels.h"

/* LwDevice: what computes: one instruction set's kernels, a pool of memory, a pool of threads. Each
 * trainer has its own; nothing about a device changes a result, but for the x86-64 baseline's
 * rounding. */

G_BEGIN_DECLS

typedef struct {
  gatomicrefcount  ref_count;
  const LwKernels *kernels;
  LwPool          *pool;
  LwWorkers       *workers; /* NULL: the calling thread alone */
} LwDevice;

/* n_threads 0: the processors this process may use (or LW_THREADS). The instruction set is the best
 * one here, or what LW_ISA names; LW_ERROR_UNSUPPORTED when this processor has it not. */
LwDevice *lw_device_new                 (int n_threads, int niceness, GError **error) G_GNUC_WARN_UNUSED_RESULT;
LwDevice *lw_device_ref                 (LwDevice *device);
void      lw_device_unref               (LwDevice *device);
int       lw_device_get_n_threads       (const LwDevice *device);

/* A device on the same kernels and memory without threads of its own: for another thread. */
LwDevice *lw_device_new_single          (LwDevice *device) G_GNUC_WARN_UNUSED_RESULT;

/* Runs the chunks on the device's threads. */
void      lw_device_run                 (LwDevice *device, int n_chunks, LwChunkFunc func, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwDevice, lw_device_unref)

G_END_DECLS
