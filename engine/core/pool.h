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

/* A block may have several owners: each further one frees it as well. */
gpointer lw_pool_share       (gpointer block);
gboolean lw_pool_is_shared   (gconstpointer block);

/* Sees to it that blocks of these sizes can be had `times` times over at once without asking the system:
 * before threads that take one of each share out their work, so that how many of them happen to do so
 * at the same time makes no difference. Where the system has none left it does nothing. */
void     lw_pool_reserve     (LwPool *pool, guint n_sizes, const gsize *sizes, guint times);

/* Blocks asked of the system so far: a steady step does not raise it. */
guint64  lw_pool_get_n_system_blocks (LwPool *pool);

/* The most bytes that were handed out at one time so far, as they were asked for: blocks may be larger
 * by up to a quarter, which is address space and no memory until it is written. */
gsize    lw_pool_get_peak    (LwPool *pool);

/* Gives all free blocks back to the system. */
void     lw_pool_trim        (LwPool *pool);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwPool, lw_pool_unref)

G_END_DECLS
