#include "engine/io/weights_h5_private.h"

#include "engine/core/error.h"
#include "engine/nn/layer_class.h"

#include <float.h>
#include <glib/gi18n-lib.h>
#include <hdf5.h>

/* libhdf5 is not built to be used by several threads. */
static GMutex h5_mutex;

/* A group and its `vars`, in which Keras notes the owner's name. The `vars` are handed back. */
static hid_t
make_vars (hid_t file, const char *path, const char *name)
{
  g_autofree char *vars_path = g_strconcat (path, "/vars", NULL);
  hid_t            links = H5Pcreate (H5P_LINK_CREATE), type = H5Tcopy (H5T_C_S1);
  hid_t            space = H5Screate (H5S_SCALAR), group = -1, attribute = -1;

  if (links >= 0 && type >= 0 && space >= 0 && H5Pset_create_intermediate_group (links, 1) >= 0
      && H5Tset_size (type, H5T_VARIABLE) >= 0 && H5Tset_cset (type, H5T_CSET_UTF8) >= 0)
    group = H5Gcreate2 (file, vars_path, links, H5P_DEFAULT, H5P_DEFAULT);
  if (group >= 0)
    attribute = H5Acreate2 (group, "name", type, space, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0 || H5Awrite (attribute, type, &name) < 0)
    {
      H5Gclose (group);
      group = -1;
    }
  H5Aclose (attribute);
  H5Sclose (space);
  H5Tclose (type);
  H5Pclose (links);
  return group;
}

static gboolean
put_array (hid_t group, guint i, hid_t file_type, hid_t memory_type, const LwShape *shape,
           gconstpointer data)
{
  char     name[16];
  hsize_t  dims[LW_MAX_RANK];
  hid_t    list = H5Pcreate (H5P_DATASET_CREATE), space, dataset = -1;
  gboolean good;

  for (int axis = 0; axis < shape->rank; axis++)
    dims[axis] = (hsize_t) shape->dims[axis];
  g_snprintf (name, sizeof name, "%u", i);
  space = shape->rank == 0 ? H5Screate (H5S_SCALAR) : H5Screate_simple (shape->rank, dims, NULL);
  if (list >= 0 && space >= 0 && H5Pset_obj_track_times (list, 0) >= 0)
    dataset = H5Dcreate2 (group, name, file_type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  good = dataset >= 0 && H5Dwrite (dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0;
  H5Dclose (dataset);
  H5Sclose (space);
  H5Pclose (list);
  return good;
}

static gboolean
put_tensor (hid_t group, guint i, const LwTensor *tensor)
{
  return put_array (group, i, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, lw_tensor_get_shape (tensor),
                    lw_tensor_get_floats (tensor));
}

static gboolean
put_layers (hid_t file, const LwModelSpec *model, const LwWeights *weights)
{
  guint at = 0;

  for (guint layer = 0; layer < lw_model_spec_get_n_layers (model); layer++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, layer);
      const char        *name = lw_spec_get_name (lw_model_spec_get_layer (model, layer));
      g_autofree char   *group = lw_weights_get_group (model, layer);
      g_autofree char   *path = g_strconcat ("/layers/", group, NULL);
      hid_t              vars = make_vars (file, path, name != NULL ? name : group);
      gboolean           good = vars >= 0;

      for (guint k = 0; k < info->n_weights && good; k++)
        good = put_tensor (vars, k, weights->weights[at++]);
      H5Gclose (vars);
      if (!good)
        return FALSE;
    }
  return TRUE;
}

static gboolean
put_optimizer (hid_t file, const LwModelSpec *model, const LwWeights *weights)
{
  const LwSpec *optimizer = lw_model_spec_get_optimizer (model);
  /* Keras' own names: all are the snake case of the class but this one. */
  const char   *snake_name = lw_spec_get_class (optimizer)->snake_name;
  hid_t         vars = make_vars (file, "/optimizer",
                                  lw_spec_is_a (optimizer, "SGD") ? "SGD" : snake_name);
  float         rate = (float) MIN (weights->learning_rate, FLT_MAX); /* layerwise.json has it exactly */
  guint         at = 1;
  gboolean      good;

  good = vars >= 0
         && put_array (vars, 0, H5T_STD_I64LE, H5T_NATIVE_INT64, &LW_SCALAR, &weights->step);
  if (good && lw_weights_has_rate (model))
    good = put_array (vars, at++, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, &LW_SCALAR, &rate);
  for (guint i = 0; i < weights->n_slots && good; i++)
    good = put_tensor (vars, at + i, weights->slots[i]);
  H5Gclose (vars);
  return good;
}

static GBytes *
get_image (hid_t file)
{
  gssize           size;
  g_autofree char *image = NULL;

  if (H5Fflush (file, H5F_SCOPE_GLOBAL) < 0 || (size = H5Fget_file_image (file, NULL, 0)) <= 0)
    return NULL;
  image = g_try_malloc ((gsize) size);
  if (image == NULL || H5Fget_file_image (file, image, (gsize) size) != size)
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&image), (gsize) size);
}

static GBytes *
write_image (const LwModelSpec *model, const LwWeights *weights)
{
  GBytes *image = NULL;
  hid_t   access = H5Pcreate (H5P_FILE_ACCESS), file = -1, vars = -1;

  if (access >= 0 && H5Pset_fapl_core (access, 1 << 20, 0) >= 0)
    file = H5Fcreate ("weights", H5F_ACC_TRUNC, H5P_DEFAULT, access);
  if (file >= 0)
    vars = make_vars (file, "", lw_model_spec_get_name (model));
  H5Gclose (vars);
  if (vars >= 0 && put_layers (file, model, weights)
      && (!weights->has_optimizer || put_optimizer (file, model, weights)))
    image = get_image (file);
  H5Fclose (file);
  H5Pclose (access);
  return image;
}

/* The tensors must be those that the model has. */
static gboolean
check_tensors (const LwModelSpec *model, const LwWeights *weights)
{
  guint at = 0;

  if (weights->n_weights != lw_weights_count (model)
      || (weights->has_optimizer && weights->n_slots != lw_weights_count_slots (model)))
    return FALSE;
  for (guint layer = 0; layer < lw_model_spec_get_n_layers (model); layer++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, layer);

      if (info == NULL)
        return FALSE;
      for (guint k = 0; k < info->n_weights; k++, at++)
        if (lw_tensor_get_dtype (weights->weights[at]) != LW_FLOAT32
            || !lw_shape_equal (lw_tensor_get_shape (weights->weights[at]), &info->weights[k].shape))
          return FALSE;
    }
  for (guint i = 0; weights->has_optimizer && i < weights->n_slots; i++)
    {
      LwShape shape = lw_weights_get_slot_shape (model, i);

      if (lw_tensor_get_dtype (weights->slots[i]) != LW_FLOAT32
          || !lw_shape_equal (lw_tensor_get_shape (weights->slots[i]), &shape))
        return FALSE;
    }
  return TRUE;
}

GBytes *
lw_weights_write (const LwModelSpec *model, const LwWeights *weights, GError **error)
{
  GBytes     *image;
  H5E_auto2_t report;
  gpointer    report_data;

  if (!check_tensors (model, weights))
    {
      g_set_error (error, LW_ERROR, LW_ERROR_SHAPE,
                   _("The weights are not those of the model %s, so they cannot be saved with it; "
                     "build the network anew"), lw_model_spec_get_name (model));
      return NULL;
    }
  g_mutex_lock (&h5_mutex);
  H5Eget_auto2 (H5E_DEFAULT, &report, &report_data);
  H5Eset_auto2 (H5E_DEFAULT, NULL, NULL);
  image = write_image (model, weights);
  H5Eset_auto2 (H5E_DEFAULT, report, report_data);
  g_mutex_unlock (&h5_mutex);
  if (image == NULL)
    g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                 _("The weights of %s could not be put into HDF5's form; there may not be enough "
                   "memory"), lw_model_spec_get_name (model));
  return image;
}
