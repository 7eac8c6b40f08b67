#include "file-tools.h"

#include "engine/core/error.h"
#include "engine/data/npz.h"
#include "engine/io/h5_reader.h"
#include "engine/io/keras_config.h"
#include "engine/io/weights_h5.h"
#include "engine/io/zip_reader.h"
#include "engine/nn/layer_class.h"

#include <glib/gstdio.h>
#include <hdf5.h>
#include <string.h>

/* model.weights.h5: Keras' files, ours, damaged ones and hostile ones. */

#define LIMIT (G_GUINT64_CONSTANT (16) << 20)

static GBytes *
read_fixture (const char *model, const char *member)
{
  g_autofree char        *base = g_strconcat (model, ".keras", NULL);
  g_autofree char        *path = test_fixture (model, base);
  GError                 *error = NULL;
  g_autoptr(LwZipReader)  reader = lw_zip_reader_open (path, 64, &error);
  GBytes                 *bytes;

  g_assert_no_error (error);
  bytes = lw_zip_reader_read (reader, (guint) lw_zip_reader_find (reader, member), 1 << 24, &error);
  g_assert_no_error (error);
  return bytes;
}

/* A model's weights and slots, filled with numbers that all differ. */
static LwWeights *
make_weights (const LwModelSpec *model)
{
  LwWeights *weights = g_new0 (LwWeights, 1);
  guint32    next = 1;
  guint      n_slots = lw_weights_count_slots (model);

  weights->weights = g_new0 (LwTensor *, 4 * lw_model_spec_get_n_layers (model));
  for (guint layer = 0; layer < lw_model_spec_get_n_layers (model); layer++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, layer);

      for (guint k = 0; k < info->n_weights; k++)
        weights->weights[weights->n_weights++] = lw_tensor_new (NULL, LW_FLOAT32,
                                                                &info->weights[k].shape, NULL);
    }
  weights->slots = g_new0 (LwTensor *, n_slots);
  for (guint i = 0; i < n_slots; i++)
    {
      LwShape shape = lw_weights_get_slot_shape (model, i);

      weights->slots[weights->n_slots++] = lw_tensor_new (NULL, LW_FLOAT32, &shape, NULL);
    }
  for (guint i = 0; i < weights->n_weights + weights->n_slots; i++)
    {
      LwTensor *tensor = i < weights->n_weights ? weights->weights[i] : weights->slots[i - weights->n_weights];
      float    *data = lw_tensor_get_mutable_data (tensor);

      for (gsize e = 0; e < lw_tensor_get_count (tensor); e++)
        data[e] = (float) next++ / 1000003;
    }
  weights->has_optimizer = TRUE;
  weights->step = G_GINT64_CONSTANT (5000000000);
  weights->learning_rate = 0.001;
  return weights;
}

static void
assert_equal (const LwWeights *a, const LwWeights *b)
{
  g_assert_cmpuint (a->n_weights, ==, b->n_weights);
  g_assert_cmpuint (a->n_slots, ==, b->n_slots);
  g_assert_cmpint (a->has_optimizer, ==, b->has_optimizer);
  for (guint i = 0; i < a->n_weights; i++)
    g_assert_true (lw_tensor_equal (a->weights[i], b->weights[i]));
  for (guint i = 0; i < a->n_slots; i++)
    g_assert_true (lw_tensor_equal (a->slots[i], b->slots[i]));
  if (a->has_optimizer)
    {
      g_assert_cmpint (a->step, ==, b->step);
      g_assert_cmpfloat ((float) a->learning_rate, ==, (float) b->learning_rate);
    }
}

/* "Adam", "amsgrad", "SGD" or "momentum". */
static LwModelSpec *
make_model (const char *preset, const char *optimizer)
{
  g_autoptr(LwModelSpec) model = lw_model_spec_new_preset (preset);
  gboolean               sgd = g_str_equal (optimizer, "SGD") || g_str_equal (optimizer, "momentum");
  g_autoptr(LwSpec)      spec = lw_spec_new (lw_optimizer_class_find (sgd ? "SGD" : "Adam"), NULL);
  LwSpec                *changed = NULL;
  LwModelSpec           *result;

  if (g_str_equal (optimizer, "amsgrad"))
    changed = lw_spec_with_value (spec, "amsgrad", (LwFieldValue) { .b = TRUE }, NULL);
  else if (g_str_equal (optimizer, "momentum"))
    changed = lw_spec_with_value (spec, "momentum", (LwFieldValue) { .x = 0.9 }, NULL);
  result = lw_model_spec_with_optimizer (model, changed != NULL ? changed : spec);
  if (changed != NULL)
    lw_spec_unref (changed);
  return result;
}

static void
test_round_trip (void)
{
  static const char *const presets[] = { "tiny-cnn", "mlp", "convnet", "logistic", "lenet5" };
  static const struct {
    const char *name;
    guint       per_weight;
  } optimizers[] = { { "Adam", 2 }, { "amsgrad", 3 }, { "SGD", 0 }, { "momentum", 1 } };

  for (gsize p = 0; p < G_N_ELEMENTS (presets); p++)
    for (gsize o = 0; o < G_N_ELEMENTS (optimizers); o++)
      {
        g_autoptr(LwModelSpec) model = make_model (presets[p], optimizers[o].name);
        g_autoptr(LwWeights)   weights = make_weights (model);
        GError                *error = NULL;
        g_autoptr(GBytes)      file = lw_weights_write (model, weights, &error);
        g_autoptr(GBytes)      again = NULL;
        g_autoptr(LwWeights)   back = NULL;

        g_assert_no_error (error);
        g_assert_cmpuint (weights->n_slots, ==, optimizers[o].per_weight * weights->n_weights);
        again = lw_weights_write (model, weights, &error);
        g_assert_true (g_bytes_equal (file, again));
        back = lw_weights_read (file, model, "the file", &error);
        g_assert_no_error (error);
        assert_equal (weights, back);
        /* Little besides the elements: a group takes about a kilobyte and a half. */
        g_assert_cmpuint (g_bytes_get_size (file), <,
                          lw_weights_get_byte_size (model) + 4096 * (4 + lw_model_spec_get_n_layers (model))
                            + 512 * (weights->n_weights + weights->n_slots));
      }
}

static void
test_without_optimizer (void)
{
  g_autoptr(LwModelSpec) model = make_model ("mlp", "Adam");
  g_autoptr(LwModelSpec) other = make_model ("mlp", "amsgrad");
  g_autoptr(LwWeights)   weights = make_weights (model);
  g_autoptr(GBytes)      with = lw_weights_write (model, weights, NULL);
  g_autoptr(GBytes)      without = NULL;
  g_autoptr(LwWeights)   back = NULL;
  g_autoptr(LwWeights)   afresh = NULL;
  GError                *error = NULL;

  weights->has_optimizer = FALSE;
  without = lw_weights_write (model, weights, &error);
  g_assert_no_error (error);
  back = lw_weights_read (without, model, "the file", &error);
  g_assert_no_error (error);
  g_assert_false (back->has_optimizer);
  g_assert_cmpuint (back->n_slots, ==, 0);
  g_assert_cmpuint (back->n_weights, ==, 4);

  /* Another optimizer's variables are no use. */
  afresh = lw_weights_read (with, other, "the file", &error);
  g_assert_no_error (error);
  g_assert_false (afresh->has_optimizer);
  g_assert_cmpuint (afresh->n_slots, ==, 0);
}

/* Those of a run that could not take one step more are not, either. */
static void
test_vast_step (void)
{
  g_autoptr(LwModelSpec) model = make_model ("mlp", "Adam");
  g_autoptr(LwWeights)   weights = make_weights (model);
  g_autoptr(LwWeights)   back = NULL;
  g_autoptr(GBytes)      file = NULL;
  GError                *error = NULL;

  weights->step = G_MAXINT64;
  file = lw_weights_write (model, weights, &error);
  g_assert_no_error (error);
  back = lw_weights_read (file, model, "the file", &error);
  g_assert_no_error (error);
  g_assert_false (back->has_optimizer);
  g_assert_cmpuint (back->n_weights, ==, 4);
}

/* What Keras wrote, array for array as its own NumPy dump has them. */
static void
test_real_keras (gconstpointer model)
{
  static const char *const weights[] = {
    "layers/conv2d/vars/0",              "layers/conv2d/vars/1",
    "layers/batch_normalization/vars/0", "layers/batch_normalization/vars/1",
    "layers/batch_normalization/vars/2", "layers/batch_normalization/vars/3",
    "layers/dense/vars/0",               "layers/dense/vars/1",
    "layers/dense_1/vars/0",             "layers/dense_1/vars/1",
  };
  g_autofree char      *path = test_fixture (model, "resume.npz");
  GError               *error = NULL;
  g_autoptr(LwNpz)      npz = lw_npz_open (path, &error);
  g_autoptr(GBytes)     file = read_fixture (model, "model.weights.h5");
  g_autoptr(GHashTable) arrays = lw_h5_read (file, LIMIT, "the file", &error);
  guint                 n = 0;

  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (weights); i++)
    {
      g_autofree char    *name = g_strdup_printf ("w%" G_GSIZE_FORMAT, i);
      g_autoptr(LwTensor) expected = lw_npz_read (npz, name, &error);
      LwTensor           *found = g_hash_table_lookup (arrays, weights[i]);

      g_assert_no_error (error);
      g_assert_nonnull (found);
      g_assert_true (lw_tensor_equal (found, expected));
    }
  for (;; n++)
    {
      g_autofree char *name = g_strdup_printf ("o%u", n);
      g_autofree char *variable = g_strdup_printf ("optimizer/vars/%u", n);
      g_autoptr(LwTensor) expected = NULL;
      LwTensor        *found = g_hash_table_lookup (arrays, variable);

      if (!g_strv_contains (lw_npz_get_names (npz), name))
        {
          g_assert_null (found);
          break;
        }
      expected = lw_npz_read (npz, name, &error);
      g_assert_nonnull (found);
      g_assert_true (lw_shape_equal (lw_tensor_get_shape (found), lw_tensor_get_shape (expected)));
      for (gsize e = 0; e < lw_tensor_get_count (found); e++)
        g_assert_cmpfloat (lw_tensor_get_value (found, e), ==, lw_tensor_get_value (expected, e));
    }
  g_assert_cmpuint (n, ==, g_str_equal (model, "opt_adam") ? 18 : 10);
}

static void
test_real_models (void)
{
  static const struct {
    const char *name;
    guint       n_weights;
  } models[] = { { "mlp", 4 }, { "mnist_convnet", 6 }, { "seed_cnn", 6 } };

  for (gsize i = 0; i < G_N_ELEMENTS (models); i++)
    {
      g_autoptr(GBytes)      config = read_fixture (models[i].name, "config.json");
      g_autoptr(GBytes)      file = read_fixture (models[i].name, "model.weights.h5");
      GError                *error = NULL;
      g_autoptr(LwModelSpec) model = lw_keras_config_read (g_bytes_get_data (config, NULL),
                                                           (gssize) g_bytes_get_size (config), &error);
      g_autoptr(LwWeights)   weights = NULL;

      g_assert_no_error (error);
      weights = lw_weights_read (file, model, models[i].name, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (weights->n_weights, ==, models[i].n_weights);
    }
}

static void
test_other_model (void)
{
  g_autoptr(LwModelSpec) convnet = make_model ("convnet", "Adam");
  g_autoptr(LwModelSpec) tiny = make_model ("tiny-cnn", "Adam");
  g_autoptr(LwModelSpec) mlp = make_model ("mlp", "Adam");
  g_autoptr(LwWeights)   weights = make_weights (tiny);
  GError                *error = NULL;
  g_autoptr(GBytes)      file = lw_weights_write (tiny, weights, &error);

  g_assert_no_error (error);
  g_assert_null (lw_weights_read (file, convnet, "my.keras", &error));
  test_check_error (error, "the kernel of conv2d should be 3×3×1×32, but the file has 3×3×1×16");
  test_check_error (error, "my.keras");
  g_clear_error (&error);
  g_assert_null (lw_weights_read (file, mlp, "my.keras", &error));
  test_check_error (error, "dense should be 784×64, but the file has 16×10");
  g_clear_error (&error);
  /* Nor are they written as another model's. */
  g_assert_null (lw_weights_write (convnet, weights, &error));
  test_check_error (error, "not those of the model");
  g_clear_error (&error);
}

/* Reads with another program in the helper's place. */
static GError *
read_with (const char *helper)
{
  const char       data[] = "not HDF5";
  g_autoptr(GBytes) file = g_bytes_new_static (data, sizeof data);
  GError           *error = NULL;

  g_setenv ("LAYERWISE_H5_HELPER", helper, TRUE);
  g_assert_null (lw_h5_read (file, 1000, "my.keras", &error));
  g_unsetenv ("LAYERWISE_H5_HELPER");
  return error;
}

static void
test_helper_fails (void)
{
  static const struct {
    const char *script, *part;
  } cases[] = {
    { "kill -SEGV $$", "the HDF5 reader could not read them" },
    { "exit 0", "the HDF5 reader could not read them" },
    { "exit 3", "my.keras are damaged" },
    { "exit 4", "larger than the model" },
    { "exit 5", "other files" },
    { "exec cat", "could not read them" },
    { "exec yes", "could not read them" },
    { "printf 'LwH5\\001\\000\\000\\000'", "could not read them" },
    { "printf 'LwH5\\001\\000\\000\\000'; head -c 4000 /dev/zero", "could not read them" },
    { "printf 'LwH5\\001\\000\\000\\000\\001\\000\\000\\000\\377\\377\\377\\377'; head -c 4000 /dev/zero",
      "could not read them" },
  };
  g_autofree char *path = test_path ("helper");
  GError          *error = read_with ("/nowhere/layerwise-read-h5");

  test_check_error (error, "install Layerwise again");
  g_clear_error (&error);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *script = g_strdup_printf ("#!/bin/sh\n%s\n", cases[i].script);

      test_write (path, script, strlen (script));
      g_assert_cmpint (g_chmod (path, 0700), ==, 0);
      error = read_with (path);
      test_check_error (error, cases[i].part);
      g_clear_error (&error);
    }
}

static void
test_damaged (void)
{
  g_autoptr(LwModelSpec) model = make_model ("tiny-cnn", "momentum");
  g_autoptr(LwWeights)   weights = make_weights (model);
  g_autoptr(GBytes)      ours = lw_weights_write (model, weights, NULL);
  g_autoptr(GBytes)      keras = read_fixture ("opt_adam", "model.weights.h5");
  guint                  n_refused = 0, n_read = 0;

  for (guint i = 0; i < 300; i++)
    {
      g_autoptr(GByteArray) damaged = test_damage (i % 2 ? ours : keras, i);
      g_autoptr(GBytes)     file = g_bytes_new (damaged->data, damaged->len);
      GError               *error = NULL;
      g_autoptr(LwWeights)  back = lw_weights_read (file, model, "my.keras", &error);

      g_assert_true ((back == NULL) == (error != NULL));
      if (error != NULL)
        test_check_error (error, "my.keras");
      g_clear_error (&error);
      n_refused += back == NULL;
      n_read += back != NULL;
    }
  g_assert_cmpuint (n_refused, >, 150);
  g_assert_cmpuint (n_read, >, 20);
}

/* An HDF5 file made by `fill`, in memory. */
static GBytes *
make_file (void (*fill) (hid_t file))
{
  hid_t   access = H5Pcreate (H5P_FILE_ACCESS), file;
  char   *image;
  gssize  size;

  H5Pset_fapl_core (access, 65536, 0);
  file = H5Fcreate ("hostile", H5F_ACC_TRUNC, H5P_DEFAULT, access);
  fill (file);
  H5Fflush (file, H5F_SCOPE_GLOBAL);
  size = H5Fget_file_image (file, NULL, 0);
  g_assert_cmpint (size, >, 0);
  image = g_malloc ((gsize) size);
  g_assert_cmpint (H5Fget_file_image (file, image, (gsize) size), ==, size);
  H5Fclose (file);
  H5Pclose (access);
  return g_bytes_new_take (image, (gsize) size);
}

static hid_t
make_layers (hid_t file)
{
  return H5Gcreate2 (file, "layers", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
}

static void
make_dataset (hid_t group, const char *name, hid_t type, int rank, const hsize_t *dims, hid_t list)
{
  hid_t space = rank == 0 ? H5Screate (H5S_SCALAR) : H5Screate_simple (rank, dims, NULL);
  hid_t dataset = H5Dcreate2 (group, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);

  g_assert_cmpint (dataset, >=, 0);
  H5Dclose (dataset);
  H5Sclose (space);
}

static void
fill_external_link (hid_t file)
{
  hid_t group = make_layers (file);

  H5Lcreate_external ("/etc/passwd", "/", group, "dense", H5P_DEFAULT, H5P_DEFAULT);
  H5Gclose (group);
}

static void
fill_soft_link (hid_t file)
{
  hid_t group = make_layers (file);

  H5Lcreate_soft ("/layers", group, "dense", H5P_DEFAULT, H5P_DEFAULT);
  H5Gclose (group);
}

static void
fill_external_data (hid_t file)
{
  hid_t group = make_layers (file), list = H5Pcreate (H5P_DATASET_CREATE);

  H5Pset_external (list, "/etc/passwd", 0, 16);
  make_dataset (group, "0", H5T_IEEE_F32LE, 1, (hsize_t[]) { 4 }, list);
  H5Pclose (list);
  H5Gclose (group);
}

/* Terabytes of nothing in a few bytes. */
static void
fill_bomb (hid_t file)
{
  hid_t group = make_layers (file), list = H5Pcreate (H5P_DATASET_CREATE);

  H5Pset_chunk (list, 2, (hsize_t[]) { 1024, 1024 });
  H5Pset_deflate (list, 9);
  make_dataset (group, "0", H5T_IEEE_F32LE, 2, (hsize_t[]) { 1 << 20, 1 << 20 }, list);
  H5Pclose (list);
  H5Gclose (group);
}

static void
fill_many (hid_t file)
{
  hid_t group = make_layers (file);

  for (int i = 0; i < 5000; i++)
    {
      char name[16];

      g_snprintf (name, sizeof name, "%d", i);
      make_dataset (group, name, H5T_IEEE_F32LE, 0, NULL, H5P_DEFAULT);
    }
  H5Gclose (group);
}

/* A group that is its own child. */
static void
fill_cycle (hid_t file)
{
  hid_t group = make_layers (file);

  H5Lcreate_hard (file, "layers", group, "again", H5P_DEFAULT, H5P_DEFAULT);
  H5Gclose (group);
}

static void
fill_strange (hid_t file)
{
  hid_t group = make_layers (file), text = H5Tcopy (H5T_C_S1), space = H5Screate (H5S_NULL);

  H5Tset_size (text, H5T_VARIABLE);
  make_dataset (group, "text", text, 1, (hsize_t[]) { 3 }, H5P_DEFAULT);
  make_dataset (group, "deep", H5T_IEEE_F32LE, 9, (hsize_t[]) { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, H5P_DEFAULT);
  H5Dclose (H5Dcreate2 (group, "null", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  make_dataset (group, "good", H5T_IEEE_F64BE, 1, (hsize_t[]) { 3 }, H5P_DEFAULT);
  make_dataset (group, "count", H5T_STD_U8LE, 0, NULL, H5P_DEFAULT);
  H5Sclose (space);
  H5Tclose (text);
  H5Gclose (group);
  H5Lcreate_external ("/etc/passwd", "/", file, "elsewhere", H5P_DEFAULT, H5P_DEFAULT);
}

static void
test_hostile (void)
{
  static const struct {
    void      (*fill) (hid_t file);
    const char *part;
  } cases[] = {
    { fill_external_link, "other files" }, { fill_soft_link, "other files" },
    { fill_external_data, "other files" }, { fill_bomb, "larger than the model" },
    { fill_many, "larger than the model" },  { fill_cycle, "damaged" },
  };
  GError *error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GBytes) file = make_file (cases[i].fill);

      g_assert_null (lw_h5_read (file, LIMIT, "my.keras", &error));
      test_check_error (error, cases[i].part);
      g_clear_error (&error);
    }
  {
    g_autoptr(GBytes)     file = make_file (fill_strange);
    g_autoptr(GHashTable) arrays = lw_h5_read (file, LIMIT, "my.keras", &error);

    g_assert_no_error (error);
    g_assert_cmpuint (g_hash_table_size (arrays), ==, 2);
    g_assert_cmpint (lw_tensor_get_dtype (g_hash_table_lookup (arrays, "layers/good")), ==, LW_FLOAT32);
    g_assert_cmpint (lw_tensor_get_dtype (g_hash_table_lookup (arrays, "layers/count")), ==, LW_INT64);
  }
}

static gpointer
save_and_read (gpointer model)
{
  for (int i = 0; i < 10; i++)
    {
      g_autoptr(LwWeights) weights = make_weights (model);
      GError              *error = NULL;
      g_autoptr(GBytes)    file = lw_weights_write (model, weights, &error);
      g_autoptr(LwWeights) back = NULL;

      g_assert_no_error (error);
      back = lw_weights_read (file, model, "the file", &error);
      g_assert_no_error (error);
      assert_equal (weights, back);
    }
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr(LwModelSpec) model = make_model ("mlp", "Adam");
  GThread               *threads[4];

  for (int i = 0; i < 4; i++)
    threads[i] = g_thread_new ("save", save_and_read, model);
  for (int i = 0; i < 4; i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/weights/round-trip", test_round_trip);
  g_test_add_func ("/weights/without-optimizer", test_without_optimizer);
  g_test_add_func ("/weights/vast-step", test_vast_step);
  g_test_add_data_func ("/weights/keras-adam", "opt_adam", test_real_keras);
  g_test_add_data_func ("/weights/keras-momentum", "opt_sgd_momentum", test_real_keras);
  g_test_add_func ("/weights/keras-models", test_real_models);
  g_test_add_func ("/weights/other-model", test_other_model);
  g_test_add_func ("/weights/helper-fails", test_helper_fails);
  g_test_add_func ("/weights/damaged", test_damaged);
  g_test_add_func ("/weights/hostile", test_hostile);
  g_test_add_func ("/weights/threads", test_threads);
  result = g_test_run ();
  test_remove_folder ();
  return result;
}
