/* Reverse-mode differentiation over the recorded nodes: for each, from the last to the first, the
 * gradient of its output becomes those of its inputs by the op's own gradient function (the chain rule;
 * Griewank and Walther, "Evaluating Derivatives", 2008, chapter 3), and what one tensor gets from
 * several uses is added in the order of the walk. */

#include "engine/autodiff/tape.h"

#include "engine/ops/ops.h"

#include <glib/gi18n-lib.h>

/* A value of a variable that was read while the tape recorded. */
typedef struct {
  LwVariable *variable; /* owned by the tape's `variables` */
  guint64     id;
} Reading;

struct _LwTape {
  LwScope    *scope; /* the one it records on; NULL when it no longer does */
  gboolean    persistent;
  gboolean    used;
  guint       n_stops;
  GPtrArray  *nodes;
  GHashTable *tracked; /* set of tensor ids */
  GArray     *readings;
  GPtrArray  *variables; /* those read, each once; owned */
  GPtrArray  *watched;   /* by lw_tape_watch_variable(); owned */
};

/* An id as a table's key, which needs no memory of its own. (Where pointers have 32 bits, ids come round
 * after 2^32 tensors; no tape lives that long.) */
static gpointer
key_of (guint64 id)
{
  return GSIZE_TO_POINTER ((gsize) id);
}

static gboolean
is_tracked (const LwTape *tape, const LwTensor *tensor)
{
  return g_hash_table_contains (tape->tracked, key_of (lw_tensor_get_id (tensor)));
}

static void
track (LwTape *tape, const LwTensor *tensor)
{
  g_hash_table_add (tape->tracked, key_of (lw_tensor_get_id (tensor)));
}

static gboolean
tape_wants (gpointer self, LwTensor *const *inputs, guint n)
{
  const LwTape *tape = self;

  if (tape->n_stops > 0)
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (is_tracked (tape, inputs[i]))
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
add_reading (LwTape *tape, LwTensor *tensor, LwVariable *variable)
{
  Reading reading = { variable, lw_tensor_get_id (tensor) };

  if (!lw_dtype_is_floating (lw_tensor_get_dtype (tensor)))
    return;
  for (guint i = 0; i < tape->readings->len; i++)
    if (g_array_index (tape->readings, Reading, i).id == reading.id
        && g_array_index (tape->readings, Reading, i).variable == variable)
      return;
  if (!g_ptr_array_find (tape->variables, variable, NULL))
    g_ptr_array_add (tape->variables, lw_variable_ref (variable));
  g_array_append_val (tape->readings, reading);
  track (tape, tensor);
}

static void
tape_watch_reading (gpointer self, LwTensor *tensor, gconstpointer variable)
{
  LwTape *tape = self;

  if (tape->n_stops == 0
      && (lw_variable_is_trainable (variable) || g_ptr_array_find (tape->watched, variable, NULL)))
    add_reading (tape, tensor, (LwVariable *) variable);
}

static const LwRecorderInterface tape_recorder = { tape_wants, tape_record, tape_watch_reading };

LwTape *
lw_tape_begin (LwScope *s, gboolean persistent)
{
  LwTape *tape = g_new0 (LwTape, 1);

  tape->scope = s;
  tape->persistent = persistent;
  tape->nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_node_unref);
  tape->tracked = g_hash_table_new (NULL, NULL);
  tape->readings = g_array_new (FALSE, FALSE, sizeof (Reading));
  tape->variables = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_variable_unref);
  tape->watched = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_variable_unref);
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
  g_ptr_array_unref (tape->variables);
  g_ptr_array_unref (tape->watched);
  g_free (tape);
}

void
lw_tape_stop_recording (LwTape *tape)
{
  tape->n_stops++;
}

void
lw_tape_resume_recording (LwTape *tape)
{
  g_return_if_fail (tape->n_stops > 0);
  tape->n_stops--;
}

void
lw_tape_watch (LwTape *tape, LwTensor *tensor)
{
  if (lw_dtype_is_floating (lw_tensor_get_dtype (tensor)))
    track (tape, tensor);
}

void
lw_tape_watch_variable (LwTape *tape, LwVariable *variable)
{
  if (!g_ptr_array_find (tape->watched, variable, NULL))
    g_ptr_array_add (tape->watched, lw_variable_ref (variable));
  add_reading (tape, lw_variable_get_value (variable), variable);
}

LwVariable *const *
lw_tape_get_watched_variables (LwTape *tape, guint *n)
{
  *n = tape->variables->len;
  return (LwVariable *const *) tape->variables->pdata;
}

/* -- what was recorded -- */

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

int
lw_tape_find_node (const LwTape *tape, const LwTensor *tensor)
{
  for (guint i = 0; i < tape->nodes->len; i++)
    if (((const LwNode *) g_ptr_array_index (tape->nodes, i))->output == tensor)
      return (int) i;
  return -1;
}

const char *
lw_tape_get_label (const LwTape *tape, const LwTensor *tensor)
{
  for (guint i = 0; i < tape->readings->len; i++)
    {
      const Reading *reading = &g_array_index (tape->readings, Reading, i);

      if (reading->id == lw_tensor_get_id (tensor) && lw_variable_get_name (reading->variable) != NULL)
        return lw_variable_get_name (reading->variable);
    }
  return lw_tensor_get_name (tensor);
}

static void
append_type (GString *text, const LwTensor *tensor)
{
  g_autofree char *shape = lw_shape_to_string (lw_tensor_get_shape (tensor));

  g_string_append_printf (text, "%s %s", lw_dtype_get_name (lw_tensor_get_dtype (tensor)), shape);
}

char *
lw_tape_node_to_string (const LwTape *tape, guint i)
{
  const LwNode *node = lw_tape_get_node (tape, i);
  GString      *text = g_string_new (NULL);

  g_return_val_if_fail (node != NULL, NULL);
  g_string_printf (text, "%%%u = %s (", i, node->op->name);
  for (guint k = 0; k < node->n_inputs; k++)
    {
      int         from = lw_tape_find_node (tape, node->inputs[k]);
      const char *label = lw_tape_get_label (tape, node->inputs[k]);

      if (k > 0)
        g_string_append (text, ", ");
      if (from >= 0)
        g_string_append_printf (text, "%%%d: ", from);
      else
        g_string_append_printf (text, "%s: ", label != NULL ? label : "const");
      append_type (text, node->inputs[k]);
    }
  g_string_append (text, ") -> ");
  append_type (text, node->output);
  return g_string_free (text, FALSE);
}

char *
lw_tape_to_string (const LwTape *tape)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < tape->nodes->len; i++)
    {
      g_autofree char *line = lw_tape_node_to_string (tape, i);

      g_string_append_printf (text, "%s\n", line);
    }
  return g_string_free (text, FALSE);
}

/* -- gradients -- */

/* The gradients found so far: tensor id -> LwTensor, one reference each. */
static LwTensor *
lookup (GHashTable *grads, guint64 id)
{
  return g_hash_table_lookup (grads, key_of (id));
}

static void
accumulate (GHashTable *grads, LwScope *s, guint64 id, LwTensor *grad)
{
  LwTensor *sum = lookup (grads, id);

  sum = sum != NULL ? lw_add (s, sum, grad) : grad;
  g_hash_table_replace (grads, key_of (id), lw_tensor_ref (sum));
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

static gboolean
check_output_gradient (LwTensor *target, LwTensor *grad, GError **error)
{
  g_autofree char *want = NULL;
  g_autofree char *have = NULL;

  if (lw_tensor_get_dtype (target) != lw_tensor_get_dtype (grad))
    {
      g_set_error (error, LW_ERROR, LW_ERROR_DTYPE,
                   _("The output gradient is %s, but its target is %s; cast it first"),
                   lw_dtype_get_name (lw_tensor_get_dtype (grad)),
                   lw_dtype_get_name (lw_tensor_get_dtype (target)));
      return FALSE;
    }
  if (lw_shape_equal (lw_tensor_get_shape (target), lw_tensor_get_shape (grad)))
    return TRUE;
  want = lw_shape_to_string (lw_tensor_get_shape (target));
  have = lw_shape_to_string (lw_tensor_get_shape (grad));
  g_set_error (error, LW_ERROR, LW_ERROR_SHAPE,
               _("The output gradient has shape %s, but its target has shape %s; give one of the "
                 "target's shape"), have, want);
  return FALSE;
}

/* What is asked of a walk. */
typedef struct {
  guint                    n;
  LwTensor *const         *targets;
  const LwGradientOptions *options;
  GHashTable              *wanted; /* set of ids: gradients to keep */
  GHashTable              *found;
} Walk;

static LwTensor *
get_output_gradient (const Walk *walk, guint i)
{
  return walk->options->output_gradients != NULL ? walk->options->output_gradients[i] : NULL;
}

static gboolean
may_begin (LwTape *tape, LwScope *s, const Walk *walk, GError **error)
{
  if (tape->used && !tape->persistent)
    {
      g_set_error_literal (error, LW_ERROR, LW_ERROR_STATE,
                           _("This tape has given its gradient; begin it as persistent to ask more "
                             "than once"));
      return FALSE;
    }
  if (lw_scope_has_failed (s)) /* its results mean nothing: their shapes are not to be judged */
    return TRUE;
  for (guint i = 0; i < walk->n; i++)
    if (get_output_gradient (walk, i) != NULL
        && !check_output_gradient (walk->targets[i], get_output_gradient (walk, i), error))
      return FALSE;
  return TRUE;
}

/* Fills walk->found from the targets backwards; FALSE if the scope has failed. */
static gboolean
run_backwards (LwTape *tape, LwScope *s, const Walk *walk, GError **error)
{
  if (!may_begin (tape, s, walk, error))
    return FALSE;
  tape->used = TRUE;
  if (!tape->persistent)
    lw_tape_end (tape);

  for (guint i = 0; i < walk->n && !lw_scope_has_failed (s); i++)
    {
      LwTensor *target = walk->targets[i];
      LwTensor *grad = get_output_gradient (walk, i);

      if (is_tracked (tape, target) && lw_dtype_is_floating (lw_tensor_get_dtype (target)))
        accumulate (walk->found, s, lw_tensor_get_id (target),
                    grad != NULL ? grad : lw_ones_like (s, target));
    }

  for (guint i = tape->nodes->len; i-- > 0 && !lw_scope_has_failed (s);)
    {
      const LwNode *node = g_ptr_array_index (tape->nodes, i);
      gpointer      key = key_of (lw_tensor_get_id (node->output));

      if (!run_node (tape, s, node, walk->found))
        break;
      if (!g_hash_table_contains (walk->wanted, key))
        g_hash_table_remove (walk->found, key);
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

static void
walk_init (Walk *walk, guint n, LwTensor *const *targets, const LwGradientOptions *options)
{
  static const LwGradientOptions standard = { NULL, LW_UNCONNECTED_NONE };

  walk->n = n;
  walk->targets = targets;
  walk->options = options != NULL ? options : &standard;
  walk->wanted = g_hash_table_new (NULL, NULL);
  walk->found = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) lw_tensor_unref);
}

static void
walk_clear (Walk *walk)
{
  g_hash_table_unref (walk->wanted);
  g_hash_table_unref (walk->found);
}

static void
want (Walk *walk, guint64 id)
{
  g_hash_table_add (walk->wanted, key_of (id));
}

/* A gradient that was found, for the caller; likewise the zeros in its place; FALSE without memory. */
static gboolean
complete (LwScope *s, const Walk *walk, LwTensor *source, LwTensor **grad, GError **error)
{
  if (*grad == NULL && walk->options->unconnected == LW_UNCONNECTED_ZERO)
    *grad = lw_zeros_like (s, source);
  if (!lw_scope_has_failed (s))
    return TRUE;
  *grad = NULL;
  g_propagate_error (error, g_error_copy (lw_scope_get_error (s)));
  return FALSE;
}

static void
forget (guint n, LwTensor **grads)
{
  for (guint i = 0; i < n; i++)
    grads[i] = NULL;
}

gboolean
lw_tape_gradient_with (LwTape                  *tape,
                       LwScope                 *s,
                       guint                    n_targets,
                       LwTensor *const         *targets,
                       guint                    n_sources,
                       LwTensor *const         *sources,
                       const LwGradientOptions *options,
                       LwTensor               **grads,
                       GError                 **error)
{
  Walk     walk;
  gboolean ok;

  forget (n_sources, grads);
  walk_init (&walk, n_targets, targets, options);
  for (guint i = 0; i < n_sources; i++)
    want (&walk, lw_tensor_get_id (sources[i]));
  ok = run_backwards (tape, s, &walk, error);
  for (guint i = 0; ok && i < n_sources; i++)
    {
      LwTensor *grad = lookup (walk.found, lw_tensor_get_id (sources[i]));

      if (grad != NULL && is_tracked (tape, sources[i]))
        grads[i] = lw_scope_take (s, lw_tensor_ref (grad));
      ok = complete (s, &walk, sources[i], &grads[i], error);
    }
  if (!ok)
    forget (n_sources, grads);
  walk_clear (&walk);
  return ok;
}

/* The gradients of all the values that were read from one variable, added up. */
static LwTensor *
sum_readings (LwTape *tape, LwScope *s, const LwVariable *variable, GHashTable *found)
{
  LwTensor *sum = NULL;

  for (guint r = 0; r < tape->readings->len; r++)
    {
      const Reading *reading = &g_array_index (tape->readings, Reading, r);
      LwTensor      *grad = lookup (found, reading->id);

      if (reading->variable != variable || grad == NULL)
        continue;
      grad = lw_scope_take (s, lw_tensor_ref (grad));
      sum = sum != NULL ? lw_add (s, sum, grad) : grad;
    }
  return sum;
}

gboolean
lw_tape_gradient_of_variables_with (LwTape                  *tape,
                                    LwScope                 *s,
                                    guint                    n_targets,
                                    LwTensor *const         *targets,
                                    guint                    n_variables,
                                    LwVariable *const       *variables,
                                    const LwGradientOptions *options,
                                    LwTensor               **grads,
                                    GError                 **error)
{
  Walk     walk;
  gboolean ok;

  forget (n_variables, grads);
  walk_init (&walk, n_targets, targets, options);
  for (guint i = 0; i < tape->readings->len; i++)
    want (&walk, g_array_index (tape->readings, Reading, i).id);
  ok = run_backwards (tape, s, &walk, error);
  for (guint i = 0; ok && i < n_variables; i++)
    {
      grads[i] = sum_readings (tape, s, variables[i], walk.found);
      ok = complete (s, &walk, lw_variable_get_value (variables[i]), &grads[i], error);
    }
  if (!ok)
    forget (n_variables, grads);
  walk_clear (&walk);
  return ok;
}

gboolean
lw_tape_gradient (LwTape *tape, LwScope *s, LwTensor *target, guint n, LwTensor *const *sources,
                  LwTensor **grads, GError **error)
{
  return lw_tape_gradient_with (tape, s, 1, &target, n, sources, NULL, grads, error);
}

gboolean
lw_tape_gradient_of_variables (LwTape *tape, LwScope *s, LwTensor *target, guint n,
                               LwVariable *const *variables, LwTensor **grads, GError **error)
{
  return lw_tape_gradient_of_variables_with (tape, s, 1, &target, n, variables, NULL, grads, error);
}
