#include "engine/data/images.h"

#include "engine/core/error.h"
#include "engine/data/idx.h"
#include "engine/data/npz.h"
#include "engine/ops/op.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

#define MAX_SIDE 4096

enum { TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS, N_ARRAYS };

/* Where the four arrays are: in an archive, or each in an IDX file of its own. */
typedef struct {
  char  *subject;         /* the file that was asked for, for messages */
  char  *names[N_ARRAYS]; /* in the archive, or the files' */
  char  *files[N_ARRAYS];
  LwNpz *npz;             /* NULL: IDX */
} Arrays;

static void
arrays_clear (Arrays *arrays)
{
  g_free (arrays->subject);
  for (guint i = 0; i < N_ARRAYS; i++)
    {
      g_free (arrays->names[i]);
      g_free (arrays->files[i]);
    }
  lw_npz_close (arrays->npz);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Arrays, arrays_clear)

static LwTensor *
read_array (const Arrays *arrays, guint which, GError **error)
{
  if (arrays->npz != NULL)
    return lw_npz_read (arrays->npz, arrays->names[which], error);
  return lw_idx_load (arrays->files[which], error);
}

static LwTensor *
read_images (const Arrays *arrays, guint which, GError **error)
{
  g_autoptr(LwTensor) images = read_array (arrays, which, error);
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
                 "%s"), arrays->subject, arrays->names[which],
               lw_dtype_get_name (lw_tensor_get_dtype (images)), found);
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
read_labels (const Arrays *arrays, guint which, gint64 n, GError **error)
{
  g_autoptr(LwTensor) raw = read_array (arrays, which, error);
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
                     "of shape %s"), arrays->subject, arrays->names[which], (long long) n,
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
                       _("%s: label %lld of %s is %lld, but labels go from 0 to %d"), arrays->subject,
                       (long long) i, arrays->names[which], (long long) label,
                       LW_IMAGES_N_CLASSES - 1);
          return NULL;
        }
      to[i] = (gint32) label;
    }
  return g_steal_pointer (&labels);
}

static char *
make_name (const char *path, gboolean in_folder)
{
  g_autofree char *base = g_filename_display_basename (path);
  char            *dot;

  if (in_folder)
    {
      g_autofree char *whole = g_canonicalize_filename (path, NULL);
      g_autofree char *folder = g_path_get_dirname (whole);

      return g_filename_display_basename (folder);
    }
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
read_arrays (LwImages *images, const Arrays *arrays, GError **error)
{
  images->train_images = read_images (arrays, TRAIN_IMAGES, error);
  if (images->train_images == NULL)
    return FALSE;
  images->train_labels = read_labels (arrays, TRAIN_LABELS, lw_tensor_get_dim (images->train_images, 0),
                                      error);
  if (images->train_labels == NULL)
    return FALSE;
  images->test_images = read_images (arrays, TEST_IMAGES, error);
  if (images->test_images == NULL)
    return FALSE;
  images->test_labels = read_labels (arrays, TEST_LABELS, lw_tensor_get_dim (images->test_images, 0),
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
                     _("%s: %s has shape %s and %s %s; training and test images must be of one height "
                       "and width"), arrays->subject, arrays->names[TRAIN_IMAGES], train,
                     arrays->names[TEST_IMAGES], test);
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

/* What MNIST's four files are called, with "-idx3-ubyte" or ".idx3-ubyte" behind it (1 for labels),
 * and then ".gz" or nothing. */
static const char *const idx_files[N_ARRAYS] = { "train-images", "train-labels", "t10k-images",
                                                 "t10k-labels" };

static char *
spell_idx_file (guint which, char sign, gboolean gzipped)
{
  return g_strdup_printf ("%s%cidx%d-ubyte%s", idx_files[which], sign,
                          which == TRAIN_IMAGES || which == TEST_IMAGES ? 3 : 1, gzipped ? ".gz" : "");
}

/* The file of that array beside the one given, first in the same spelling as that one. */
static gboolean
find_idx_file (Arrays *arrays, guint which, const char *path, char sign, gboolean gzipped, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *expected = NULL;

  for (guint i = 0; i < 4; i++)
    {
      char             other = sign == '-' ? '.' : '-';
      g_autofree char *name = spell_idx_file (which, i & 2 ? other : sign, gzipped ^ (i & 1));
      g_autofree char *file = g_build_filename (folder, name, NULL);

      if (g_file_test (file, G_FILE_TEST_EXISTS))
        {
          arrays->names[which] = g_steal_pointer (&name);
          arrays->files[which] = g_steal_pointer (&file);
          return TRUE;
        }
      if (i == 0)
        expected = g_steal_pointer (&name);
    }
  g_set_error (error, LW_ERROR, LW_ERROR_FILE,
               _("%s is one of a data set's four files, but %s is not beside it; put them into one folder"),
               arrays->subject, expected);
  return FALSE;
}

/* Recognises which of the four files `path` is, and finds the others. */
static gboolean
find_idx_files (Arrays *arrays, const char *path, GError **error)
{
  g_autofree char *base = g_path_get_basename (path);

  for (guint i = 0; i < N_ARRAYS * 4; i++)
    {
      guint            which = i / 4;
      char             sign = i & 2 ? '.' : '-';
      gboolean         gzipped = i & 1;
      g_autofree char *name = spell_idx_file (which, sign, gzipped);

      if (!g_str_equal (base, name))
        continue;
      for (which = 0; which < N_ARRAYS; which++)
        if (!find_idx_file (arrays, which, path, sign, gzipped, error))
          return FALSE;
      return TRUE;
    }
  g_set_error (error, LW_ERROR, LW_ERROR_FILE,
               _("%s is an IDX file, but which images and labels belong together is known by the names "
                 "alone; call the four files as MNIST does: train-images-idx3-ubyte, "
                 "train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, with .gz or "
                 "without"), arrays->subject);
  return FALSE;
}

static gboolean
find_arrays (Arrays *arrays, const char *path, GError **error)
{
  static const char *const names[N_ARRAYS] = { "x_train", "y_train", "x_test", "y_test" };

  arrays->subject = g_filename_display_name (path);
  if (lw_idx_detect (path))
    return find_idx_files (arrays, path, error);
  for (guint i = 0; i < N_ARRAYS; i++)
    arrays->names[i] = g_strdup (names[i]);
  arrays->npz = lw_npz_open (path, error);
  return arrays->npz != NULL;
}

LwImages *
lw_images_load (const char *path, GError **error)
{
  g_auto (Arrays)     arrays = { NULL };
  g_autoptr(LwImages) images = NULL;

  if (find_arrays (&arrays, path, error))
    {
      images = g_new0 (LwImages, 1);
      g_atomic_ref_count_init (&images->ref_count);
      if (read_arrays (images, &arrays, error))
        {
          images->name = make_name (path, arrays.npz == NULL);
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

/* -- what models take -- */

/* Pixels for a thread to scale at a time. */
#define SCALE_GRAIN 8192

typedef struct {
  const LwKernels *kernels;
  const guint8    *pixels;
  float           *scaled;
} Scaling;

static void
scale_range (gpointer data, gsize first, gsize n)
{
  const Scaling *scaling = data;

  scaling->kernels->scale_u8 (n, 1.0f / 255.0f, 0, scaling->pixels + first, scaling->scaled + first);
}

LwTensor *
lw_images_scale (LwScope *s, LwTensor *pixels)
{
  LwShape  shape = *lw_tensor_get_shape (pixels);
  LwTensor *scaled;
  Scaling   scaling = { lw_scope_get_device (s)->kernels, lw_tensor_get_data (pixels), NULL };

  g_return_val_if_fail (shape.rank == 3 && lw_tensor_get_dtype (pixels) == LW_UINT8, lw_scope_get_invalid (s));
  shape.dims[shape.rank++] = 1;
  scaled = lw_scope_new_tensor (s, LW_FLOAT32, &shape);
  if (scaled == NULL)
    return lw_scope_get_invalid (s);
  scaling.scaled = lw_tensor_get_mutable_data (scaled);
  lw_op_run_range (s, lw_tensor_get_count (scaled), SCALE_GRAIN, scale_range, &scaling);
  return scaled;
}
