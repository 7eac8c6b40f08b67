#include "engine/autodiff/tape.h"

#include "engine/ops/ops.h"

#include <glib/gi18n-lib.h>

/* A value of a variable that was read while the tape recorded. */
typedef struct {
  gconstpointer variable;
  guint64       id;
} Reading;

struct _LwTape {
  LwScope    *scope; /* the one it records on; NULL when it no longer does */
  gboolean    persistent;
  gboolean    used;
  GPtrArray  *nodes;
  GHashTable *tracked; /* set of tensor ids (gint64 *) */
  GArray     *readings;
};

static gboolean
is_tracked (const LwTape *tape, const LwTensor *tensor)
{
  gint64 id = (gint64) lw_tensor_get_id (tensor);

  return g_hash_table_contains (tape->tracked, &id);
}

static void
track (LwTape *tape, const LwTensor *tensor)
{
  gint64 id = (gint64) lw_tensor_get_id (tensor);

  g_hash_table_add (tape->tracked, g_memdup2 (&id, sizeof id));
}

static gboolean
tape_wants (gpointer self, LwTensor *const *inputs, guint n)
{
  for (guint i = 0; i < n; i++)
    if (is_tracked (self, inputs[i]))
      return TRUE;
  return FALSE;
}

static void
tape_record (gpointer self, LwNode *node)
{
  LwTape *tape = self;

  g_ptr_array_add (tape->nodes, lw_node_ref (node));
  track (tape, node->output);
}

static void
tape_watch_reading (gpointer self, LwTensor *tensor, gconstpointer variable)
{
  LwTape *tape = self;
  Reading reading = { variable, lw_tensor_get_id (tensor) };

  if (!lw_dtype_is_floating (lw_tensor_get_dtype (tensor)))
    return;
  for (guint i = 0; i < tape->readings->len; i++)
    if (g_array_index (tape->readings, Reading, i).id == reading.id
        && g_array_index (tape->readings, Reading, i).variable == variable)
      return;
  g_array_append_val (tape->readings, reading);
  track (tape, tensor);
}

static const LwRecorderInterface tape_recorder = { tape_wants, tape_record, tape_watch_reading };

LwTape *
lw_tape_begin (LwScope *s, gboolean persistent)
{
  LwTape *tape = g_new0 (LwTape, 1);

  tape->scope = s;
  tape->persistent = persistent;
  tape->nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_node_unref);
  tape->tracked = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  tape->readings = g_array_new (FALSE, FALSE, sizeof (Reading));
  lw_scope_add_recorder (s, &tape_recorder, tape);
  return tape;
}

void
lw_tape_end (LwTape *tape)
{
  if (tape->scope != NULL)
    lw_scope_remove_recorder (tape->scope, tape);
  tape->scope = NULL;
}

void
lw_tape_free (LwTape *tape)
{
  if (tape == NULL)
    return;
  lw_tape_end (tape);
  g_ptr_array_unref (tape->nodes);
  g_hash_table_unref (tape->tracked);
  g_array_unref (tape->readings);
  g_free (tape);
}

void
lw_tape_watch (LwTape *tape, LwTensor *tensor)
{
  if (lw_dtype_is_floating (lw_tensor_get_dtype (tensor)))
    track (tape, tensor);
}

guint
lw_tape_get_n_nodes (const LwTape *tape)
{
  return tape->nodes->len;
}

const LwNode *
lw_tape_get_node (const LwTape *tape, guint i)
{
  g_return_val_if_fail (i < tape->nodes->len, NULL);
  return g_ptr_array_index (tape->nodes, i);
}

/* The gradients found so far: tensor id (gint64 *) -> LwTensor, one reference each. */
static LwTensor *
lookup (GHashTable *grads, guint64 id)
{
  gint64 key = (gint64) id;

  return g_hash_table_lookup (grads, &key);
}

static void
accumulate (GHashTable *grads, LwScope *s, guint64 id, LwTensor *grad)
{
  LwTensor *sum = lookup (grads, id);
  gint64    key = (gint64) id;

  sum = sum != NULL ? lw_add (s, sum, grad) : grad;
  g_hash_table_replace (grads, g_memdup2 (&key, sizeof key), lw_tensor_ref (sum));
}

/* Runs one node backwards, within a scope of its own so that nothing but the gradients remains. */
static gboolean
run_node (LwTape *tape, LwScope *s, const LwNode *node, GHashTable *grads)
{
  LwTensor *gy = lookup (grads, lw_tensor_get_id (node->output));
  LwTensor *gx[LW_MAX_INPUTS] = { NULL };
  gboolean  needs[LW_MAX_INPUTS] = { FALSE };
  LwScope  *inner;

  if (gy == NULL)
    return TRUE;
  if (node->op->gradient == NULL)
    {
      lw_scope_fail (s, LW_ERROR_UNSUPPORTED,
                     _("%s has no derivative here; take this gradient outside the outer tape"),
                     node->op->name);
      return FALSE;
    }

  inner = lw_scope_begin_nested (s);
  for (guint i = 0; i < node->n_inputs; i++)
    needs[i] = is_tracked (tape, node->inputs[i]);
  node->op->gradient (inner, node, gy, needs, gx);
  if (!lw_scope_has_failed (inner))
    for (guint i = 0; i < node->n_inputs; i++)
      if (needs[i] && gx[i] != NULL)
        accumulate (grads, inner, lw_tensor_get_id (node->inputs[i]), gx[i]);
  return lw_scope_end (inner, NULL);
}

/* Fills grads by id from the target backwards; FALSE if the scope has failed. */
static gboolean
run_backwards (LwTape *tape, LwScope *s, LwTensor *target, GHashTable *grads, GHashTable *wanted,
               GError **error)
{
  if (tape->used && !tape->persistent)
    {
      g_set_error_literal (error, LW_ERROR, LW_ERROR_STATE,
                           _("This tape has given its gradient; begin it as persistent to ask more "
                             "than once"));
      return FALSE;
    }
  tape->used = TRUE;
  if (!tape->persistent)
    lw_tape_end (tape);

  if (!lw_scope_has_failed (s) && is_tracked (tape, target))
    accumulate (grads, s, lw_tensor_get_id (target), lw_ones_like (s, target));

  for (guint i = tape->nodes->len; i-- > 0 && !lw_scope_has_failed (s);)
    {
      const LwNode *node = g_ptr_array_index (tape->nodes, i);
      gint64        id = (gint64) lw_tensor_get_id (node->output);

      if (!run_node (tape, s, node, grads))
        break;
      if (!g_hash_table_contains (wanted, &id))
        g_hash_table_remove (grads, &id);
      if (!tape->persistent)
        g_ptr_array_set_size (tape->nodes, (int) i);
    }

  if (lw_scope_has_failed (s))
    {
      g_propagate_error (error, g_error_copy (lw_scope_get_error (s)));
      return FALSE;
    }
  return TRUE;
}

static GHashTable *
new_grads (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) lw_tensor_unref);
}

static void
want (GHashTable *wanted, guint64 id)
{
  gint64 key = (gint64) id;

  g_hash_table_add (wanted, g_memdup2 (&key, sizeof key));
}

gboolean
lw_tape_gradient (LwTape *tape, LwScope *s, LwTensor *target, guint n, LwTensor *const *sources,
                  LwTensor **grads, GError **error)
{
  g_autoptr (GHashTable) found = new_grads ();
  g_autoptr (GHashTable) wanted = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (guint i = 0; i < n; i++)
    {
      grads[i] = NULL;
      want (wanted, lw_tensor_get_id (sources[i]));
    }
  if (!run_backwards (tape, s, target, found, wanted, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      LwTensor *grad = lookup (found, lw_tensor_get_id (sources[i]));

      if (grad != NULL && is_tracked (tape, sources[i]))
        grads[i] = lw_scope_take (s, lw_tensor_ref (grad));
    }
  return TRUE;
}

gboolean
lw_tape_gradient_of_variables (LwTape *tape, LwScope *s, LwTensor *target, guint n,
                               LwVariable *const *variables, LwTensor **grads, GError **error)
{
  g_autoptr (GHashTable) found = new_grads ();
  g_autoptr (GHashTable) wanted = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (guint i = 0; i < n; i++)
    grads[i] = NULL;
  for (guint i = 0; i < tape->readings->len; i++)
    want (wanted, g_array_index (tape->readings, Reading, i).id);
  if (!run_backwards (tape, s, target, found, wanted, error))
    return FALSE;

  for (guint i = 0; i < n; i++)
    for (guint r = 0; r < tape->readings->len; r++)
      {
        const Reading *reading = &g_array_index (tape->readings, Reading, r);
        LwTensor      *grad = lookup (found, reading->id);

        if (reading->variable != variables[i] || grad == NULL)
          continue;
        grad = lw_scope_take (s, lw_tensor_ref (grad));
        grads[i] = grads[i] != NULL ? lw_add (s, grads[i], grad) : grad;
      }
  return TRUE;
}
