#include "engine/io/weights_h5_private.h"

#include "engine/core/error.h"
#include "engine/io/h5_reader.h"
#include "engine/nn/layer_class.h"
#include "engine/nn/schedule.h"

#include <float.h>
#include <glib/gi18n-lib.h>
#include <string.h>

static LwTensor *
look_up (GHashTable *arrays, const char *group, guint i)
{
  g_autofree char *path = g_strdup_printf ("%s/vars/%u", group, i);

  return g_hash_table_lookup (arrays, path);
}

/* How many arrays stand directly in the group's `vars`. */
static guint
count_arrays (GHashTable *arrays, const char *group)
{
  g_autofree char *prefix = g_strconcat (group, "/vars/", NULL);
  gsize            length = strlen (prefix);
  GHashTableIter   iter;
  gpointer         path;
  guint            n = 0;

  g_hash_table_iter_init (&iter, arrays);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    if (g_str_has_prefix (path, prefix) && strchr ((const char *) path + length, '/') == NULL)
      n++;
  return n;
}

/* TRUE if there is any array below the group. */
static gboolean
has_group (GHashTable *arrays, const char *group)
{
  g_autofree char *prefix = g_strconcat (group, "/", NULL);
  GHashTableIter   iter;
  gpointer         path;

  g_hash_table_iter_init (&iter, arrays);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    if (g_str_has_prefix (path, prefix))
      return TRUE;
  return FALSE;
}

static gboolean
check_weight (const LwTensor     *tensor,
              const LwWeightInfo *weight,
              const char         *layer,
              const char         *subject,
              GError            **error)
{
  g_autofree char *expected = NULL;
  g_autofree char *found = NULL;

  if (tensor == NULL)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is damaged: it lacks the %s of %s"), subject, weight->name, layer);
      return FALSE;
    }
  if (lw_tensor_get_dtype (tensor) != LW_FLOAT32)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_DTYPE,
                   _("%s: the %s of %s should be float32, but the file has whole numbers"), subject,
                   weight->name, layer);
      return FALSE;
    }
  if (lw_shape_equal (lw_tensor_get_shape (tensor), &weight->shape))
    return TRUE;
  expected = lw_shape_to_string (&weight->shape);
  found = lw_shape_to_string (lw_tensor_get_shape (tensor));
  g_set_error (error, LW_ERROR, LW_ERROR_SHAPE,
               _("%s: the %s of %s should be %s, but the file has %s; its weights belong to another "
                 "model"), subject, weight->name, layer, expected, found);
  return FALSE;
}

static gboolean
read_layers (GHashTable        *arrays,
             const LwModelSpec *model,
             const char        *subject,
             LwWeights         *weights,
             GError           **error)
{
  const char *root = "layers";

  /* Keras 2.12 and 2.13 called it so. */
  if (!has_group (arrays, root) && has_group (arrays, "_layer_checkpoint_dependencies"))
    root = "_layer_checkpoint_dependencies";
  weights->weights = g_new0 (LwTensor *, lw_weights_count (model));
  for (guint layer = 0; layer < lw_model_spec_get_n_layers (model); layer++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, layer);
      g_autofree char   *group = lw_weights_get_group (model, layer);
      g_autofree char   *path = g_strconcat (root, "/", group, NULL);
      const char        *name = lw_spec_get_name (lw_model_spec_get_layer (model, layer));
      guint              n = count_arrays (arrays, path);

      name = name != NULL ? name : group;
      if (info->n_weights > 0 && n != info->n_weights)
        {
          g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                       _("%s: %s has %u arrays of weights (%s), but the file has %u; it is damaged, "
                         "or belongs to another model"), subject, name, info->n_weights, path, n);
          return FALSE;
        }
      for (guint k = 0; k < info->n_weights; k++)
        {
          LwTensor *tensor = look_up (arrays, path, k);

          if (!check_weight (tensor, &info->weights[k], name, subject, error))
            return FALSE;
          weights->weights[weights->n_weights++] = lw_tensor_ref (tensor);
        }
    }
  return TRUE;
}

/* Nadam's one number, last since Keras 3.10, was the first of its slots before. */
static LwTensor *
look_up_slot (GHashTable *arrays, const LwModelSpec *model, guint first, guint n_slots, guint i)
{
  LwTensor *leading = look_up (arrays, "optimizer", first);

  if (n_slots > 1 && lw_spec_is_a (lw_model_spec_get_optimizer (model), "Nadam") && leading != NULL
      && lw_tensor_get_shape (leading)->rank == 0)
    return look_up (arrays, "optimizer", first + (i + 1) % n_slots);
  return look_up (arrays, "optimizer", first + i);
}

/* FALSE if the file's optimizer is not the model's: then nothing of it is taken. */
static gboolean
read_optimizer (GHashTable *arrays, const LwModelSpec *model, LwWeights *weights)
{
  const char    *group = "optimizer";
  const gboolean has_rate = lw_weights_has_rate (model);
  const guint    n_slots = lw_weights_count_slots (model), first = has_rate ? 2 : 1;
  LwTensor      *step = look_up (arrays, group, 0), *rate = look_up (arrays, group, 1);
  const double   initial = lw_schedule_get_initial (lw_model_spec_get_optimizer (model));

  if (count_arrays (arrays, group) != first + n_slots || step == NULL
      || lw_tensor_get_dtype (step) != LW_INT64 || lw_tensor_get_count (step) != 1)
    return FALSE;
  if (has_rate
      && (rate == NULL || lw_tensor_get_dtype (rate) != LW_FLOAT32 || lw_tensor_get_count (rate) != 1))
    return FALSE;
  for (guint i = 0; i < n_slots; i++)
    {
      LwTensor *slot = look_up_slot (arrays, model, first, n_slots, i);
      LwShape   shape = lw_weights_get_slot_shape (model, i);

      if (slot == NULL || lw_tensor_get_dtype (slot) != LW_FLOAT32
          || !lw_shape_equal (lw_tensor_get_shape (slot), &shape))
        return FALSE;
    }
  weights->step = *(const gint64 *) lw_tensor_get_data (step);
  weights->learning_rate = has_rate ? (double) *lw_tensor_get_floats (rate) : initial;
  /* Steps may go on from here, so the end of int64 is not near. */
  if (weights->step < 0 || weights->step > G_MAXINT64 / 2
      || !(weights->learning_rate >= 0.0 && weights->learning_rate <= FLT_MAX))
    return FALSE;
  weights->slots = g_new0 (LwTensor *, n_slots);
  for (guint i = 0; i < n_slots; i++)
    weights->slots[weights->n_slots++] = lw_tensor_ref (look_up_slot (arrays, model, first, n_slots, i));
  return TRUE;
}

LwWeights *
lw_weights_read (GBytes *file, const LwModelSpec *model, const char *subject, GError **error)
{
  g_autoptr(LwWeights)  weights = g_new0 (LwWeights, 1);
  g_autoptr(GHashTable) arrays = NULL;
  guint64               expected;

  for (guint layer = 0; layer < lw_model_spec_get_n_layers (model); layer++)
    if (lw_model_spec_get_info (model, layer) == NULL)
      {
        const LwFault *fault = lw_model_spec_get_fault (model);

        g_set_error (error, LW_ERROR, LW_ERROR_SHAPE,
                     _("The model in %s cannot be built: %s"), subject,
                     fault != NULL ? fault->message : "?");
        return NULL;
      }
  /* Twice, and some, for what else a file may hold: averages, other layers' random states. */
  expected = lw_weights_get_byte_size (model);
  arrays = lw_h5_read (file, MIN (2 * expected + (16 << 20), G_GUINT64_CONSTANT (4) << 30), subject,
                       error);
  if (arrays == NULL || !read_layers (arrays, model, subject, weights, error))
    return NULL;
  weights->has_optimizer = read_optimizer (arrays, model, weights);
  return g_steal_pointer (&weights);
}
