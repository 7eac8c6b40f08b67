#include "engine/core/device.h"

#include "engine/core/error.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>

#define MAX_THREADS 256

static const LwKernels *
choose_kernels (GError **error)
{
  const char      *name = g_getenv ("LW_ISA");
  const LwKernels *kernels;
  LwIsa            isa;

  if (name == NULL || name[0] == '\0')
    return lw_kernels_best ();
  if (!lw_isa_from_name (name, &isa))
    {
      g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                   _("LW_ISA is “%s”, but must be one of baseline, avx2, avx512, neon"), name);
      return NULL;
    }
  kernels = lw_kernels_get (isa);
  if (kernels == NULL)
    g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                 _("LW_ISA asks for %s, which this processor does not have; leave LW_ISA unset"), name);
  return kernels;
}

static int
choose_threads (int n_threads)
{
  const char *text = g_getenv ("LW_THREADS");

  if (n_threads <= 0 && text != NULL)
    n_threads = atoi (text);
  if (n_threads <= 0)
    n_threads = (int) g_get_num_processors ();
  return CLAMP (n_threads, 1, MAX_THREADS);
}

/* Takes the pool. */
static LwDevice *
device_new (const LwKernels *kernels, LwPool *pool)
{
  LwDevice *device = g_new0 (LwDevice, 1);

  g_atomic_ref_count_init (&device->ref_count);
  device->kernels = kernels;
  device->pool = pool;
  return device;
}

LwDevice *
lw_device_new_with_kernels (const LwKernels *kernels, int n_threads, int niceness)
{
  LwDevice *device = device_new (kernels, lw_pool_new ());

  n_threads = choose_threads (n_threads);
  if (n_threads > 1)
    {
      device->workers = lw_workers_new (n_threads, niceness);
      n_threads = lw_workers_get_n_threads (device->workers);
      device->singles = g_new (LwDevice *, n_threads);
      for (int i = 0; i < n_threads; i++)
        device->singles[i] = device_new (kernels, i == 0 ? lw_pool_ref (device->pool) : lw_pool_new ());
    }
  return device;
}

LwDevice *
lw_device_new (int n_threads, int niceness, GError **error)
{
  const LwKernels *kernels = choose_kernels (error);

  return kernels != NULL ? lw_device_new_with_kernels (kernels, n_threads, niceness) : NULL;
}

LwDevice *
lw_device_new_single (LwDevice *device)
{
  return device_new (device->kernels, lw_pool_ref (device->pool));
}

LwDevice *
lw_device_ref (LwDevice *device)
{
  g_atomic_ref_count_inc (&device->ref_count);
  return device;
}

void
lw_device_unref (LwDevice *device)
{
  if (device == NULL || !g_atomic_ref_count_dec (&device->ref_count))
    return;
  for (int i = 0; device->singles != NULL && i < lw_device_get_n_threads (device); i++)
    lw_device_unref (device->singles[i]);
  g_free (device->singles);
  lw_workers_free (device->workers);
  lw_pool_unref (device->pool);
  g_free (device);
}

int
lw_device_get_n_threads (const LwDevice *device)
{
  return lw_workers_get_n_threads (device->workers);
}

void
lw_device_run (LwDevice *device, int n_chunks, LwChunkFunc func, gpointer data)
{
  lw_workers_run (device->workers, n_chunks, func, data);
}

typedef struct {
  LwDevice   *device;
  LwApartFunc func;
  gpointer    data;
} Apart;

static void
run_part (gpointer data, int part, int thread)
{
  const Apart *apart = data;

  /* Alone, a device is its own single. */
  apart->func (apart->data, part,
               apart->device->singles != NULL ? apart->device->singles[thread] : apart->device);
}

void
lw_device_run_apart (LwDevice *device, int n_parts, LwApartFunc func, gpointer data)
{
  Apart apart = { device, func, data };

  lw_workers_run_by_thread (device->workers, n_parts, run_part, &apart);
}

guint64
lw_device_get_n_system_blocks (LwDevice *device)
{
  guint64 n = lw_pool_get_n_system_blocks (device->pool);

  /* The first thread's pool is the device's. */
  for (int i = 1; device->singles != NULL && i < lw_device_get_n_threads (device); i++)
    n += lw_pool_get_n_system_blocks (device->singles[i]->pool);
  return n;
}

gsize
lw_device_get_peak (LwDevice *device)
{
  gsize peak = lw_pool_get_peak (device->pool);

  for (int i = 1; device->singles != NULL && i < lw_device_get_n_threads (device); i++)
    peak += lw_pool_get_peak (device->singles[i]->pool);
  return peak;
}
