#include "engine/io/weights.h"

#include "engine/core/error.h"
#include "engine/io/atomic_file.h"
#include "engine/io/open_file.h"
#include "engine/io/weights_h5.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

gboolean
lw_save_weights (LwSequential *sequential, const char *path, GError **error)
{
  LwVariable *const    *variables;
  LwWeights             weights = { 0 };
  g_autofree LwTensor **values = NULL;
  g_autoptr (GBytes)    file = NULL;
  struct iovec          part;

  variables = lw_sequential_get_variables (sequential, &weights.n_weights);
  values = g_new (LwTensor *, weights.n_weights);
  for (guint i = 0; i < weights.n_weights; i++)
    values[i] = lw_variable_get_value (variables[i]);
  weights.weights = values;
  file = lw_weights_write (lw_sequential_get_model (sequential), &weights, error);
  if (file == NULL)
    return FALSE;
  part.iov_base = (gpointer) g_bytes_get_data (file, &part.iov_len);
  return lw_atomic_file_write (path, &part, 1, error);
}

/* The whole file, unless it is far larger than any that these weights could be in. */
static GBytes *
read_file (const char *path, const char *subject, guint64 limit, GError **error)
{
  g_autofree char *data = NULL;
  g_autofree char *size_text = NULL;
  guint64          size, done = 0;
  int              fd = lw_open_file (path, &size, error);

  if (fd < 0)
    return NULL;
  size_text = g_format_size (size);
  if (size > limit)
    g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                 _("%s has %s of data, far more than the weights of this model; it belongs to another"),
                 subject, size_text);
  else if ((data = g_try_malloc (size)) == NULL)
    g_set_error (error, LW_ERROR, LW_ERROR_VALUE, _("There is not enough memory to read %s"), subject);
  while (data != NULL && done < size)
    {
      gssize n = read (fd, data + done, size - done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          g_set_error (error, LW_ERROR, LW_ERROR_FILE, _("%s cannot be read to its end: %s"), subject,
                       n < 0 ? g_strerror (errno) : _("it became shorter"));
          g_clear_pointer (&data, g_free);
          break;
        }
      done += (guint64) n;
    }
  close (fd);
  return data != NULL ? g_bytes_new_take (g_steal_pointer (&data), size) : NULL;
}

gboolean
lw_load_weights (LwSequential *sequential, const char *path, GError **error)
{
  const LwModelSpec    *model = lw_sequential_get_model (sequential);
  g_autofree char      *subject = g_filename_display_basename (path);
  g_autoptr (GBytes)    file = NULL;
  g_autoptr (LwWeights) weights = NULL;
  LwVariable *const    *variables;
  guint                 n;

  /* An optimizer's slots may stand in the file as well, and what else Keras keeps. */
  file = read_file (path, subject, 8 * lw_weights_get_byte_size (model) + (64 << 20), error);
  if (file == NULL)
    return FALSE;
  weights = lw_weights_read (file, model, subject, error);
  if (weights == NULL)
    return FALSE;
  variables = lw_sequential_get_variables (sequential, &n);
  g_return_val_if_fail (weights->n_weights == n, FALSE);
  for (guint i = 0; i < n; i++)
    if (!lw_variable_assign_holding (variables[i], weights->weights[i], error))
      return FALSE; /* cannot be: reading has checked each shape */
  return TRUE;
}
