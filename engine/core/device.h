#pragma once

#include "engine/core/pool.h"
#include "engine/core/workers.h"
#include "engine/kernels/kernels.h"

/* LwDevice: what computes: one instruction set's kernels, a pool of memory, a pool of threads. Each
 * trainer has its own; nothing about a device changes a result, but for the x86-64 baseline's
 * rounding. */

G_BEGIN_DECLS

typedef struct _LwDevice LwDevice;

struct _LwDevice {
  gatomicrefcount  ref_count;
  const LwKernels *kernels;
  LwPool          *pool;
  LwWorkers       *workers; /* NULL: the calling thread alone */
  LwDevice       **singles; /* one for each thread, for lw_device_run_apart(); NULL without workers */
};

/* n_threads 0: the processors this process may use (or LW_THREADS). The instruction set is the best
 * one here, or what LW_ISA names; LW_ERROR_UNSUPPORTED when this processor has it not. */
LwDevice *lw_device_new                 (int n_threads, int niceness, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* With kernels of the caller's choice, whatever LW_ISA says. */
LwDevice *lw_device_new_with_kernels    (const LwKernels *kernels, int n_threads, int niceness) G_GNUC_WARN_UNUSED_RESULT;
LwDevice *lw_device_ref                 (LwDevice *device);
void      lw_device_unref               (LwDevice *device);
int       lw_device_get_n_threads       (const LwDevice *device);

/* A device on the same kernels and memory without threads of its own: for another thread. */
LwDevice *lw_device_new_single          (LwDevice *device) G_GNUC_WARN_UNUSED_RESULT;

/* Runs the chunks on the device's threads. */
void      lw_device_run                 (LwDevice *device, int n_chunks, LwChunkFunc func, gpointer data);

typedef void (*LwApartFunc) (gpointer data, int part, LwDevice *single);

/* Runs whole computations side by side, part 0 … n_parts - 1, each on one of the device's threads: in
 * scopes on `single`, a device of that thread's own, without threads and with memory of its own, which
 * stays in that core's cache from one part to the next. What a part keeps outlives the device's use. */
void      lw_device_run_apart           (LwDevice *device, int n_parts, LwApartFunc func, gpointer data);

/* Of all the device's memory: blocks asked of the system, and the most bytes in use at a time, as the
 * pools count them (pool.h). */
guint64   lw_device_get_n_system_blocks (LwDevice *device);
gsize     lw_device_get_peak            (LwDevice *device);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwDevice, lw_device_unref)

G_END_DECLS
