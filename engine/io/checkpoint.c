#include "engine/io/checkpoint.h"

#include "engine/core/error.h"
#include "engine/data/npz.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define MAX_ITERATIONS 1e15 /* whole numbers still, and far from the end of int64 */

typedef struct _Object Object;
typedef struct _Entry  Entry;

/* One kind of object: what it has to keep, and how that is put back. */
typedef struct {
  void     (*list)  (const Object *object, GPtrArray *entries);
  /* FALSE and an error where a value that fits by shape and dtype makes no sense. */
  gboolean (*check) (const Entry *entry, const char *subject, GError **error);
  /* Puts entries that were read back: n of them, all of the object's. Changes nothing if it fails. */
  gboolean (*apply) (const Object *object, Entry *const *entries, guint n, GError **error);
} Kind;

struct _Object {
  const Kind   *kind;
  char         *name;
  LwSequential *model;     /* borrowed */
  LwOptimizer  *optimizer; /* borrowed */
  GPtrArray    *variables; /* owned */
  gboolean      is_list;
};

struct _LwCheckpoint {
  char      *name;
  GPtrArray *objects;
};

/* One array of the file. */
struct _Entry {
  const Object *object;
  char         *name;
  LwTensor     *value; /* as it is */
  LwTensor     *read;  /* as the file has it; NULL where it has not */
  LwVariable   *variable; /* borrowed; the one whose value it is, if it is one's */
  LwRng        *rng;      /* borrowed; likewise */
};

static void
entry_free (Entry *entry)
{
  g_free (entry->name);
  lw_tensor_unref (entry->value);
  if (entry->read != NULL)
    lw_tensor_unref (entry->read);
  g_free (entry);
}

static Entry *
add_entry (GPtrArray *entries, const Object *object, char *name, LwTensor *value)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->object = object;
  entry->name = name;
  entry->value = value;
  g_ptr_array_add (entries, entry);
  return entry;
}

static LwTensor *
new_value (LwDType dtype, const LwShape *shape, gconstpointer data)
{
  LwTensor *value = lw_tensor_new_from_data (NULL, dtype, shape, data, NULL);

  return value != NULL ? value : lw_tensor_new_invalid ();
}

static gboolean
any_value (const Entry *entry, const char *subject, GError **error)
{
  return TRUE;
}

/* -- variables -- */

static void
add_variable_entry (GPtrArray *entries, const Object *object, char *name, LwVariable *variable)
{
  add_entry (entries, object, name, lw_tensor_ref (lw_variable_get_value (variable)))->variable = variable;
}

static gboolean
is_taken (GPtrArray *entries, const char *name)
{
  for (guint i = 0; i < entries->len; i++)
    if (g_str_equal (((const Entry *) g_ptr_array_index (entries, i))->name, name))
      return TRUE;
  return FALSE;
}

static void
list_variables (const Object *object, GPtrArray *entries)
{
  for (guint i = 0; i < object->variables->len; i++)
    {
      LwVariable *variable = g_ptr_array_index (object->variables, i);
      const char *own = lw_variable_get_name (variable);
      char       *name;

      if (!object->is_list)
        name = g_strdup (object->name);
      else
        {
          name = own != NULL ? g_strdup_printf ("%s/%s", object->name, own) : NULL;
          if (name == NULL || is_taken (entries, name))
            {
              g_free (name);
              name = g_strdup_printf ("%s/%u", object->name, i);
            }
          /* Another may be called by that number. */
          while (is_taken (entries, name))
            {
              char *longer = g_strconcat (name, "_", NULL);

              g_free (name);
              name = longer;
            }
        }
      add_variable_entry (entries, object, name, variable);
    }
}

static gboolean
apply_variables (const Object *object, Entry *const *entries, guint n, GError **error)
{
  for (guint i = 0; i < n; i++)
    if (entries[i]->read != NULL && entries[i]->variable != NULL
        && !lw_variable_assign_holding (entries[i]->variable, entries[i]->read, error))
      return FALSE; /* cannot be: shape and dtype have been checked */
  return TRUE;
}

static const Kind variables_kind = { list_variables, any_value, apply_variables };

/* -- models -- */

static void
list_model (const Object *object, GPtrArray *entries)
{
  const LwModelSpec *model = lw_sequential_get_model (object->model);
  LwVariable *const *variables;
  LwRng             *rngs;
  guint              n_variables, n_layers;

  variables = lw_sequential_get_variables (object->model, &n_variables);
  for (guint i = 0; i < n_variables; i++)
    add_variable_entry (entries, object,
                        g_strdup_printf ("%s/%s", object->name, lw_variable_get_name (variables[i])),
                        variables[i]);

  rngs = lw_sequential_get_rngs (object->model, &n_layers);
  for (guint i = 0; i < n_layers; i++)
    {
      const LwSpec *layer = lw_model_spec_get_layer (model, i);
      const gint64  state[] = { (gint64) rngs[i].seed, (gint64) rngs[i].stream, (gint64) rngs[i].counter };

      if (lw_spec_is_a (layer, "Dropout"))
        add_entry (entries, object,
                   g_strdup_printf ("%s/%s/generator", object->name, lw_spec_get_name (layer)),
                   new_value (LW_INT64, &LW_SHAPE (3), state))->rng = &rngs[i];
    }
}

static gboolean
apply_model (const Object *object, Entry *const *entries, guint n, GError **error)
{
  for (guint i = 0; i < n; i++)
    if (entries[i]->read != NULL && entries[i]->rng != NULL)
      {
        const gint64 *state = lw_tensor_get_data (entries[i]->read);

        *entries[i]->rng = (LwRng) { (guint64) state[0], (guint64) state[1], (guint64) state[2] };
      }
  return apply_variables (object, entries, n, error);
}

static const Kind model_kind = { list_model, any_value, apply_model };

/* -- optimizers: entry 0 the iterations, 1 the learning rate, the rest slots -- */

static void
list_optimizer (const Object *object, GPtrArray *entries)
{
  const gint64 iterations = lw_optimizer_get_iterations (object->optimizer);
  const double rate = lw_optimizer_get_learning_rate (object->optimizer);

  add_entry (entries, object, g_strdup_printf ("%s/iterations", object->name),
             new_value (LW_INT64, &LW_SCALAR, &iterations));
  add_entry (entries, object, g_strdup_printf ("%s/learning_rate", object->name),
             new_value (LW_FLOAT64, &LW_SCALAR, &rate));
  for (guint i = 0; i < lw_optimizer_get_n_slots (object->optimizer); i++)
    add_entry (entries, object, g_strdup_printf ("%s/slots/%u", object->name, i),
               lw_tensor_ref (lw_optimizer_get_slot (object->optimizer, i)));
}

static gboolean
check_optimizer (const Entry *entry, const char *subject, GError **error)
{
  gboolean is_slot = strstr (entry->name, "/slots/") != NULL; /* which may be anything */
  gboolean is_count = g_str_has_suffix (entry->name, "/iterations");
  double   value = is_slot ? 0 : lw_tensor_get_value (entry->read, 0);

  if (value >= 0 && isfinite (value) && !(is_count && value > MAX_ITERATIONS))
    return TRUE;
  g_set_error (error, LW_ERROR, LW_ERROR_FILE, _("%s is damaged: its %s is %g"), subject, entry->name, value);
  return FALSE;
}

static gboolean
apply_optimizer (const Object *object, Entry *const *entries, guint n, GError **error)
{
  g_autofree LwTensor **slots = g_new (LwTensor *, n);

  for (guint i = 2; i < n; i++)
    slots[i - 2] = entries[i]->read != NULL ? entries[i]->read : entries[i]->value;
  if (n > 2 && !lw_optimizer_set_slots (object->optimizer, n - 2, slots, error))
    return FALSE;
  if (entries[0]->read != NULL)
    lw_optimizer_set_iterations (object->optimizer, *(const gint64 *) lw_tensor_get_data (entries[0]->read));
  if (entries[1]->read != NULL)
    {
      double rate = *(const double *) lw_tensor_get_data (entries[1]->read);

      /* Where a schedule says the same already, it goes on to rule. */
      if (rate != lw_optimizer_get_learning_rate (object->optimizer))
        lw_optimizer_set_learning_rate (object->optimizer, rate);
    }
  return TRUE;
}

static const Kind optimizer_kind = { list_optimizer, check_optimizer, apply_optimizer };

/* -- the checkpoint -- */

static void
object_free (Object *object)
{
  g_free (object->name);
  g_ptr_array_unref (object->variables);
  g_free (object);
}

LwCheckpoint *
lw_checkpoint_new (const char *name)
{
  LwCheckpoint *checkpoint = g_new0 (LwCheckpoint, 1);

  checkpoint->name = g_strdup (name != NULL ? name : "Checkpoint");
  checkpoint->objects = g_ptr_array_new_with_free_func ((GDestroyNotify) object_free);
  return checkpoint;
}

void
lw_checkpoint_free (LwCheckpoint *checkpoint)
{
  if (checkpoint == NULL)
    return;
  g_free (checkpoint->name);
  g_ptr_array_unref (checkpoint->objects);
  g_free (checkpoint);
}

static Object *
add_object (LwCheckpoint *checkpoint, const char *name, const Kind *kind)
{
  Object *object;

  g_return_val_if_fail (name != NULL && *name != '\0' && strchr (name, '/') == NULL, NULL);
  for (guint i = 0; i < checkpoint->objects->len; i++)
    {
      object = g_ptr_array_index (checkpoint->objects, i);
      g_return_val_if_fail (!g_str_equal (object->name, name), NULL);
    }
  object = g_new0 (Object, 1);
  object->kind = kind;
  object->name = g_strdup (name);
  object->variables = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_variable_unref);
  g_ptr_array_add (checkpoint->objects, object);
  return object;
}

void
lw_checkpoint_add_model (LwCheckpoint *checkpoint, const char *name, LwSequential *model)
{
  Object *object = add_object (checkpoint, name, &model_kind);

  if (object != NULL)
    object->model = model;
}

void
lw_checkpoint_add_optimizer (LwCheckpoint *checkpoint, const char *name, LwOptimizer *optimizer)
{
  Object *object = add_object (checkpoint, name, &optimizer_kind);

  if (object != NULL)
    object->optimizer = optimizer;
}

void
lw_checkpoint_add_variable (LwCheckpoint *checkpoint, const char *name, LwVariable *variable)
{
  Object *object = add_object (checkpoint, name, &variables_kind);

  if (object != NULL)
    g_ptr_array_add (object->variables, lw_variable_ref (variable));
}

void
lw_checkpoint_add_variables (LwCheckpoint *checkpoint, const char *name, guint n,
                             LwVariable *const *variables)
{
  Object *object = add_object (checkpoint, name, &variables_kind);

  if (object == NULL)
    return;
  object->is_list = TRUE;
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (object->variables, lw_variable_ref (variables[i]));
}

/* Every array there is to keep, object by object. */
static GPtrArray *
list_entries (LwCheckpoint *checkpoint)
{
  GPtrArray *entries = g_ptr_array_new_with_free_func ((GDestroyNotify) entry_free);

  for (guint i = 0; i < checkpoint->objects->len; i++)
    {
      const Object *object = g_ptr_array_index (checkpoint->objects, i);

      object->kind->list (object, entries);
    }
  return entries;
}

gboolean
lw_checkpoint_save (LwCheckpoint *checkpoint, const char *path, GError **error)
{
  g_autoptr (GPtrArray)   entries = list_entries (checkpoint);
  g_autofree const char **names = g_new (const char *, entries->len);
  g_autofree LwTensor   **values = g_new (LwTensor *, entries->len);

  if (entries->len == 0)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_VALUE, _("%s has no object to save; add one first"),
                   checkpoint->name);
      return FALSE;
    }
  for (guint i = 0; i < entries->len; i++)
    {
      const Entry *entry = g_ptr_array_index (entries, i);

      names[i] = entry->name;
      values[i] = entry->value;
    }
  return lw_npz_write (path, entries->len, names, values, error);
}

/* -- restoring -- */

static gboolean
check_type (const Entry *entry, LwDType dtype, const LwShape *shape, const char *file, GError **error)
{
  const LwShape   *own_shape = lw_tensor_get_shape (entry->value);
  LwDType          own_dtype = lw_tensor_get_dtype (entry->value);
  g_autofree char *subject = NULL;
  g_autofree char *want = NULL;
  g_autofree char *have = NULL;

  if (dtype == own_dtype && lw_shape_equal (shape, own_shape))
    return TRUE;
  subject = g_strdup_printf (_("The array %s of %s"), entry->name, file);
  if (dtype != own_dtype)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_DTYPE,
                   _("%s is %s, but %s here is %s; nothing was restored"), subject,
                   lw_dtype_get_name (dtype), entry->name, lw_dtype_get_name (own_dtype));
      return FALSE;
    }
  want = lw_shape_to_string (own_shape);
  have = lw_shape_to_string (shape);
  g_set_error (error, LW_ERROR, LW_ERROR_SHAPE,
               _("%s has shape %s, but %s here has shape %s; nothing was restored, for it belongs to "
                 "another object"), subject, have, entry->name, want);
  return FALSE;
}

/* Reads what is wanted, each array after its type alone has been found to fit; the names of what is not
 * wanted go to `unused`. */
static gboolean
read_entries (LwNpz *npz, const char *file, GPtrArray *entries, GPtrArray *unused, GError **error)
{
  g_autoptr (GHashTable) by_name = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (entries, i);

      g_hash_table_insert (by_name, entry->name, entry);
    }
  for (const char *const *name = lw_npz_get_names (npz); *name != NULL; name++)
    {
      Entry  *entry = g_hash_table_lookup (by_name, *name);
      LwDType dtype;
      LwShape shape;

      if (entry == NULL)
        {
          g_ptr_array_add (unused, g_strdup (*name));
          continue;
        }
      if (!lw_npz_get_type (npz, *name, &dtype, &shape, error)
          || !check_type (entry, dtype, &shape, file, error))
        return FALSE;
      entry->read = lw_npz_read (npz, *name, error);
      if (entry->read == NULL || !entry->object->kind->check (entry, file, error))
        return FALSE;
    }
  return TRUE;
}

/* Entries of one object stand together. */
static gboolean
apply_entries (GPtrArray *entries, GError **error)
{
  for (guint first = 0, n; first < entries->len; first += n)
    {
      Entry *const *group = (Entry *const *) entries->pdata + first;

      for (n = 1; first + n < entries->len && group[n]->object == group[0]->object; n++)
        ;
      if (!group[0]->object->kind->apply (group[0]->object, group, n, error))
        return FALSE;
    }
  return TRUE;
}

static char **
take_names (GPtrArray *names)
{
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

LwCheckpointStatus *
lw_checkpoint_restore (LwCheckpoint *checkpoint, const char *path, GError **error)
{
  g_autoptr (LwNpz)     npz = lw_npz_open (path, error);
  g_autofree char      *file = g_filename_display_name (path);
  g_autoptr (GPtrArray) entries = NULL;
  g_autoptr (GPtrArray) unused = g_ptr_array_new_with_free_func (g_free);
  GPtrArray            *matched, *missing;
  LwCheckpointStatus   *status;

  if (npz == NULL)
    return NULL;
  entries = list_entries (checkpoint);
  if (!read_entries (npz, file, entries, unused, error) || !apply_entries (entries, error))
    return NULL;

  matched = g_ptr_array_new ();
  missing = g_ptr_array_new ();
  for (guint i = 0; i < entries->len; i++)
    {
      const Entry *entry = g_ptr_array_index (entries, i);

      g_ptr_array_add (entry->read != NULL ? matched : missing, g_strdup (entry->name));
    }
  status = g_new (LwCheckpointStatus, 1);
  status->matched = take_names (matched);
  status->missing = take_names (missing);
  status->unused = take_names (g_steal_pointer (&unused));
  return status;
}

void
lw_checkpoint_status_free (LwCheckpointStatus *status)
{
  if (status == NULL)
    return;
  g_strfreev (status->matched);
  g_strfreev (status->missing);
  g_strfreev (status->unused);
  g_free (status);
}

gboolean
lw_checkpoint_assert_consumed (const LwCheckpointStatus *status, GError **error)
{
  g_autofree char *missing = lw_list_names ((const char *const *) status->missing);
  g_autofree char *unused = lw_list_names ((const char *const *) status->unused);

  if (*missing == '\0' && *unused == '\0')
    return TRUE;
  if (*unused == '\0')
    g_set_error (error, LW_ERROR, LW_ERROR_STATE,
                 _("The checkpoint's file lacks %s; they were left as they were"), missing);
  else if (*missing == '\0')
    g_set_error (error, LW_ERROR, LW_ERROR_STATE,
                 _("The checkpoint's file has %s, for which there is no object here"), unused);
  else
    g_set_error (error, LW_ERROR, LW_ERROR_STATE,
                 _("The checkpoint's file lacks %s, and has %s, for which there is no object here"),
                 missing, unused);
  return FALSE;
}
