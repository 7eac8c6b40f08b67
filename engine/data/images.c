#include "engine/data/images.h"

#include "engine/core/error.h"
#include "engine/data/npz.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

#define MAX_SIDE 4096

static LwTensor *
read_images (LwNpz *npz, const char *name, const char *path, GError **error)
{
  g_autoptr(LwTensor) images = lw_npz_read (npz, name, error);
  g_autofree char    *found = NULL;
  const LwShape      *shape;

  if (images == NULL)
    return NULL;
  shape = lw_tensor_get_shape (images);
  if (lw_tensor_get_dtype (images) == LW_UINT8
      && (shape->rank == 3 || (shape->rank == 4 && shape->dims[3] == 1)) && shape->dims[0] > 0
      && shape->dims[1] > 0 && shape->dims[1] <= MAX_SIDE && shape->dims[2] > 0
      && shape->dims[2] <= MAX_SIDE)
    return lw_tensor_new_view (images, &LW_SHAPE (shape->dims[0], shape->dims[1], shape->dims[2]));

  found = lw_shape_to_string (shape);
  g_set_error (error, LW_ERROR, LW_ERROR_SHAPE,
               _("%s: %s should be grey images, uint8 of shape n×height×width, but it is %s of shape "
                 "%s"), path, name, lw_dtype_get_name (lw_tensor_get_dtype (images)), found);
  return NULL;
}

/* Whole numbers of any kind, element i; FALSE for a float or a bool. */
static gboolean
get_label (const LwTensor *labels, gsize i, gint64 *label)
{
  gconstpointer data = lw_tensor_get_data (labels);

  switch (lw_tensor_get_dtype (labels))
    {
    case LW_UINT8: *label = ((const guint8 *) data)[i]; return TRUE;
    case LW_INT32: *label = ((const gint32 *) data)[i]; return TRUE;
    case LW_INT64: *label = ((const gint64 *) data)[i]; return TRUE;
    default: return FALSE;
    }
}

static LwTensor *
read_labels (LwNpz *npz, const char *name, gint64 n, const char *path, GError **error)
{
  g_autoptr(LwTensor) raw = lw_npz_read (npz, name, error);
  g_autoptr(LwTensor) labels = NULL;
  gint32             *to;
  gint64              label;

  if (raw == NULL)
    return NULL;
  if (lw_tensor_get_rank (raw) != 1 || lw_tensor_get_dim (raw, 0) != n
      || !get_label (raw, 0, &label))
    {
      g_autofree char *found = lw_shape_to_string (lw_tensor_get_shape (raw));

      g_set_error (error, LW_ERROR, LW_ERROR_SHAPE,
                   _("%s: %s should be %lld whole numbers, one label for each image, but it is %s "
                     "of shape %s"), path, name, (long long) n,
                   lw_dtype_get_name (lw_tensor_get_dtype (raw)), found);
      return NULL;
    }
  labels = lw_tensor_new (NULL, LW_INT32, &LW_SHAPE (n), error);
  if (labels == NULL)
    return NULL;
  to = lw_tensor_get_mutable_data (labels);
  for (gint64 i = 0; i < n; i++)
    {
      get_label (raw, (gsize) i, &label);
      if (label < 0 || label >= LW_IMAGES_N_CLASSES)
        {
          g_set_error (error, LW_ERROR, LW_ERROR_VALUE,
                       _("%s: label %lld of %s is %lld, but labels go from 0 to %d"), path,
                       (long long) i, name, (long long) label, LW_IMAGES_N_CLASSES - 1);
          return NULL;
        }
      to[i] = (gint32) label;
    }
  return g_steal_pointer (&labels);
}

static char *
make_name (const char *path)
{
  g_autofree char *base = g_filename_display_basename (path);
  char            *dot;

  if (g_str_equal (base, "mnist.npz"))
    return g_strdup ("MNIST");
  if (g_str_equal (base, "fashion-mnist.npz"))
    return g_strdup ("Fashion-MNIST");
  dot = g_strrstr (base, ".");
  if (dot != NULL && dot != base)
    *dot = '\0';
  return g_steal_pointer (&base);
}

static gboolean
read_arrays (LwImages *images, LwNpz *npz, const char *path, GError **error)
{
  images->train_images = read_images (npz, "x_train", path, error);
  if (images->train_images == NULL)
    return FALSE;
  images->train_labels = read_labels (npz, "y_train", lw_tensor_get_dim (images->train_images, 0),
                                      path, error);
  if (images->train_labels == NULL)
    return FALSE;
  images->test_images = read_images (npz, "x_test", path, error);
  if (images->test_images == NULL)
    return FALSE;
  images->test_labels = read_labels (npz, "y_test", lw_tensor_get_dim (images->test_images, 0), path,
                                     error);
  if (images->test_labels == NULL)
    return FALSE;

  for (int axis = 1; axis < 3; axis++)
    if (lw_tensor_get_dim (images->train_images, axis)
        != lw_tensor_get_dim (images->test_images, axis))
      {
        g_autofree char *train = lw_shape_to_string (lw_tensor_get_shape (images->train_images));
        g_autofree char *test = lw_shape_to_string (lw_tensor_get_shape (images->test_images));

        g_set_error (error, LW_ERROR, LW_ERROR_SHAPE,
                     _("%s: x_train has shape %s and x_test %s; training and test images must be of "
                       "one height and width"), path, train, test);
        return FALSE;
      }
  return TRUE;
}

/* The cure, where the file is not one that the person has made. */
static void
add_cure (GError **error, const char *path)
{
  g_autofree char *base = g_path_get_basename (path);

  if (error != NULL && g_str_equal (base, "mnist.npz"))
    {
      char *message = g_strdup_printf (_("%s. To get the MNIST images back, install Layerwise again, "
                                         "or set LAYERWISE_DATA_DIR to a folder with mnist.npz"),
                                       (*error)->message);

      g_free ((*error)->message);
      (*error)->message = message;
    }
}

LwImages *
lw_images_load (const char *path, GError **error)
{
  g_autofree char    *subject = g_filename_display_name (path);
  g_autoptr(LwNpz)    npz = lw_npz_open (path, error);
  g_autoptr(LwImages) images = NULL;

  if (npz != NULL)
    {
      images = g_new0 (LwImages, 1);
      g_atomic_ref_count_init (&images->ref_count);
      if (read_arrays (images, npz, subject, error))
        {
          images->name = make_name (path);
          return g_steal_pointer (&images);
        }
    }
  add_cure (error, path);
  return NULL;
}

LwImages *
lw_images_ref (LwImages *images)
{
  g_atomic_ref_count_inc (&images->ref_count);
  return images;
}

void
lw_images_unref (LwImages *images)
{
  if (images == NULL || !g_atomic_ref_count_dec (&images->ref_count))
    return;
  lw_tensor_unref (images->train_images);
  lw_tensor_unref (images->train_labels);
  lw_tensor_unref (images->test_images);
  lw_tensor_unref (images->test_labels);
  g_free (images->name);
  g_free (images);
}

char *
lw_images_find_mnist (void)
{
  const char *override = g_getenv ("LAYERWISE_DATA_DIR");
  const char *places[] = { LW_SOURCE_DATA_DIR, LW_DATA_DIR };

  if (override != NULL && *override != '\0')
    return g_build_filename (override, "mnist.npz", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *path = g_build_filename (places[i], "mnist.npz", NULL);

      if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer (&path);
    }
  return g_build_filename (places[0], "mnist.npz", NULL);
}
