#pragma once

#include <glib.h>

/* LwPool: a caching allocator for tensors' memory. Blocks are 64-byte aligned, have
 * LW_KERNEL_SLACK readable bytes behind them, and go back to a free list of their size class, so
 * that a steady training step asks the system for nothing. Safe from any thread. */

G_BEGIN_DECLS

typedef struct _LwPool LwPool;

LwPool  *lw_pool_new         (void) G_GNUC_WARN_UNUSED_RESULT;
LwPool  *lw_pool_ref         (LwPool *pool);
void     lw_pool_unref       (LwPool *pool);

/* At least `size` bytes, not cleared; NULL when the system has none left. Each block holds a
 * reference to its pool. lw_pool_free() takes NULL as well. */
gpointer lw_pool_alloc       (LwPool *pool, gsize size);
void     lw_pool_free        (gpointer block);

/* Blocks asked of the system so far: a steady step does not raise it. */
guint64  lw_pool_get_n_system_blocks (LwPool *pool);

/* Gives all free blocks back to the system. */
void     lw_pool_trim        (LwPool *pool);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwPool, lw_pool_unref)

G_END_DECLS
