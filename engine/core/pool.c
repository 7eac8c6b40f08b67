#include "engine/core/pool.h"

#include "engine/kernels/kernels.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ALIGNMENT   64
#define N_CLASSES   160 /* four size classes to each power of two, from 64 bytes on */
#define HEADER_SIZE 64
#define LARGE_PAGE  (2 << 20)
#define LARGE_SIZE  (4 * LARGE_PAGE)

typedef struct _Block Block;

struct _Block {
  gatomicrefcount ref_count;
  guint           size_class;
  LwPool         *pool;
  Block          *next;
  gsize           size; /* as asked for */
};

G_STATIC_ASSERT (sizeof (Block) <= HEADER_SIZE);

struct _LwPool {
  gatomicrefcount ref_count;
  pthread_mutex_t mutex; /* not GMutex: the thread sanitizer must see memory change hands */
  Block          *free_blocks[N_CLASSES];
  guint64         n_system_blocks;
  gsize           in_use, peak; /* bytes asked for */
};

/* Sizes 64, 80, 96, 112, 128, 160, …: at most a quarter is wasted. */
static gsize
class_size (guint size_class)
{
  return ((gsize) 4 + size_class % 4) << (4 + size_class / 4);
}

static guint
size_to_class (gsize size)
{
  guint size_class = 0;

  if (size > 64)
    {
      guint power = g_bit_storage (size - 1) - 1; /* 2^power < size <= 2^(power + 1) */

      size_class = (power - 6) * 4;
    }
  while (class_size (size_class) < size)
    size_class++;
  return size_class;
}

LwPool *
lw_pool_new (void)
{
  LwPool *pool = g_new0 (LwPool, 1);

  g_atomic_ref_count_init (&pool->ref_count);
  pthread_mutex_init (&pool->mutex, NULL);
  return pool;
}

LwPool *
lw_pool_ref (LwPool *pool)
{
  g_atomic_ref_count_inc (&pool->ref_count);
  return pool;
}

void
lw_pool_unref (LwPool *pool)
{
  if (pool == NULL || !g_atomic_ref_count_dec (&pool->ref_count))
    return;
  lw_pool_trim (pool);
  pthread_mutex_destroy (&pool->mutex);
  g_free (pool);
}

/* A large block, such as a data set whose rows are read in any order, had better lie on large pages: each row on
 * a small one of its own costs a walk through the page table. */
static Block *
take_from_system (gsize size)
{
  const gsize alignment = size >= LARGE_SIZE ? LARGE_PAGE : ALIGNMENT;
  const gsize total = (size + alignment - 1) & ~(alignment - 1);
  Block      *block = aligned_alloc (alignment, total);

#ifdef MADV_HUGEPAGE
  if (block != NULL && alignment == LARGE_PAGE)
    madvise (block, total, MADV_HUGEPAGE); /* a wish: where it is not granted, nothing is lost */
#endif
  return block;
}

gpointer
lw_pool_alloc (LwPool *pool, gsize size)
{
  guint  size_class;
  Block *block;

  if (size > (G_GUINT64_CONSTANT (1) << 42))
    return NULL;
  size_class = size_to_class (size);

  pthread_mutex_lock (&pool->mutex);
  block = pool->free_blocks[size_class];
  if (block != NULL)
    pool->free_blocks[size_class] = block->next;
  else
    pool->n_system_blocks++;
  pool->in_use += size;
  pool->peak = MAX (pool->peak, pool->in_use);
  pthread_mutex_unlock (&pool->mutex);

  if (block == NULL)
    {
      block = take_from_system (HEADER_SIZE + class_size (size_class) + LW_KERNEL_SLACK);
      if (block == NULL)
        {
          pthread_mutex_lock (&pool->mutex);
          pool->in_use -= size;
          pthread_mutex_unlock (&pool->mutex);
          return NULL;
        }
      block->size_class = size_class;
    }
  g_atomic_ref_count_init (&block->ref_count);
  block->pool = lw_pool_ref (pool);
  block->next = NULL;
  block->size = size;
  return (char *) block + HEADER_SIZE;
}

static Block *
block_of (gconstpointer memory)
{
  return (Block *) ((char *) memory - HEADER_SIZE);
}

gpointer
lw_pool_share (gpointer memory)
{
  g_atomic_ref_count_inc (&block_of (memory)->ref_count);
  return memory;
}

gboolean
lw_pool_is_shared (gconstpointer memory)
{
  return !g_atomic_ref_count_compare (&block_of (memory)->ref_count, 1);
}

void
lw_pool_free (gpointer memory)
{
  Block  *block;
  LwPool *pool;

  if (memory == NULL || !g_atomic_ref_count_dec (&block_of (memory)->ref_count))
    return;
  block = block_of (memory);
  pool = g_steal_pointer (&block->pool);

  pthread_mutex_lock (&pool->mutex);
  block->next = pool->free_blocks[block->size_class];
  pool->free_blocks[block->size_class] = block;
  pool->in_use -= block->size;
  pthread_mutex_unlock (&pool->mutex);
  lw_pool_unref (pool);
}

void
lw_pool_reserve (LwPool *pool, guint n_sizes, const gsize *sizes, guint times)
{
  const guint         n = n_sizes * times;
  g_autofree gpointer *blocks = g_new (gpointer, n);

  for (guint i = 0; i < n; i++)
    blocks[i] = lw_pool_alloc (pool, sizes[i % n_sizes]);
  for (guint i = 0; i < n; i++)
    lw_pool_free (blocks[i]);
}

guint64
lw_pool_get_n_system_blocks (LwPool *pool)
{
  guint64 n;

  pthread_mutex_lock (&pool->mutex);
  n = pool->n_system_blocks;
  pthread_mutex_unlock (&pool->mutex);
  return n;
}

gsize
lw_pool_get_peak (LwPool *pool)
{
  gsize peak;

  pthread_mutex_lock (&pool->mutex);
  peak = pool->peak;
  pthread_mutex_unlock (&pool->mutex);
  return peak;
}

void
lw_pool_trim (LwPool *pool)
{
  pthread_mutex_lock (&pool->mutex);
  for (guint i = 0; i < N_CLASSES; i++)
    while (pool->free_blocks[i] != NULL)
      {
        Block *block = pool->free_blocks[i];

        pool->free_blocks[i] = block->next;
        free (block);
      }
  pthread_mutex_unlock (&pool->mutex);
}
