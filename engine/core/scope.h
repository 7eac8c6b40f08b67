#pragma once

#include "engine/core/device.h"
#include "engine/core/error.h"
#include "engine/core/tensor.h"

/* LwScope: where operations happen. Every op takes one first and never returns NULL.
 *
 * A scope owns each result made in it until it ends (keep one longer with lw_tensor_ref), names the
 * device, holds the recorders (tapes) that watch, and keeps the *first* error: after it, ops return
 * the scope's invalid tensor at once, so that a forward pass reads as straight as a formula, and
 * lw_scope_end() reports what went wrong. A scope belongs to one thread; it is begun and ended there,
 * and the thread's floating-point mode flushes denormals in between. */

G_BEGIN_DECLS

typedef struct _LwScope LwScope;
typedef struct _LwNode LwNode;

#define LW_MAX_INPUTS 6

/* The gradient of an op: gy is the gradient with respect to node->output. For each input i with
 * needs[i], put the gradient into gx[i], as a result of scope s; leaving NULL means zero. Everything
 * is done with ops on s, so that an outer tape may record it. */
typedef void (*LwGradientFunc) (LwScope *s, const LwNode *node, LwTensor *gy, const gboolean *needs,
                                LwTensor **gx);

/* One kind of operation, for tapes: a static constant beside its forward function. gradient NULL: a
 * derivative through it is an error, not zero. */
typedef struct {
  const char    *name;
  LwGradientFunc gradient;
} LwOp;

/* One operation that took place. Refcounted, immutable; several tapes may hold it. */
struct _LwNode {
  gatomicrefcount ref_count;
  const LwOp     *op;
  guint           n_inputs;
  LwTensor       *inputs[LW_MAX_INPUTS];
  LwTensor       *output;
  LwTensor       *saved[2];   /* what the gradient needs besides: a mask, winners; may be NULL */
  gpointer        attributes; /* a copy of the op's own struct; freed with g_free() */
};

LwNode      *lw_node_ref              (LwNode *node);
void         lw_node_unref            (LwNode *node);

/* Who watches a scope's operations; a tape is one. `wants` says whether any input is tracked. */
typedef struct {
  gboolean (*wants)  (gpointer self, LwTensor *const *inputs, guint n);
  void     (*record) (gpointer self, LwNode *node);
  void     (*watch)  (gpointer self, LwTensor *tensor, gconstpointer variable);
} LwRecorderInterface;

LwScope     *lw_scope_begin           (LwDevice *device) G_GNUC_WARN_UNUSED_RESULT;
/* A scope within another: the same device and recorders; its error passes on to the parent. Ends
 * before its parent does. */
LwScope     *lw_scope_begin_nested    (LwScope *parent) G_GNUC_WARN_UNUSED_RESULT;
/* FALSE and the first error, if there was one. Frees every result that nobody has kept. */
gboolean     lw_scope_end             (LwScope *s, GError **error);

LwDevice    *lw_scope_get_device      (LwScope *s);
gboolean     lw_scope_has_failed      (LwScope *s);
const GError *lw_scope_get_error      (LwScope *s);

/* For ops. Sets the first error and returns the invalid tensor, a float32 scalar NaN. */
LwTensor    *lw_scope_fail            (LwScope *s, LwError code, const char *format, ...) G_GNUC_PRINTF (3, 4);
LwTensor    *lw_scope_fail_with       (LwScope *s, GError *error);
LwTensor    *lw_scope_get_invalid     (LwScope *s);
/* A new uninitialised result, or NULL after failing for want of memory or of a valid shape. */
LwTensor    *lw_scope_new_tensor      (LwScope *s, LwDType dtype, const LwShape *shape);
/* Gives the caller's reference to the scope. */
LwTensor    *lw_scope_take            (LwScope *s, LwTensor *tensor);

/* Recorders are borrowed; remove in the reverse order. */
void         lw_scope_add_recorder    (LwScope *s, const LwRecorderInterface *interface, gpointer self);
void         lw_scope_remove_recorder (LwScope *s, gpointer self);
/* Tells the recorders that `tensor` is the value of `variable`, just read. */
void         lw_scope_watch           (LwScope *s, LwTensor *tensor, gconstpointer variable);
/* TRUE if a recorder wants an operation on these inputs; only then need a node be made. */
gboolean     lw_scope_is_recording    (LwScope *s, LwTensor *const *inputs, guint n);
/* Records an operation on whichever recorder wants it. Inputs, output and saved tensors are
 * referenced, attributes copied. saved may be NULL. */
void         lw_scope_record          (LwScope *s, const LwOp *op, LwTensor *const *inputs, guint n,
                                       LwTensor *output, LwTensor *const saved[2],
                                       gconstpointer attributes, gsize attributes_size);

G_END_DECLS
