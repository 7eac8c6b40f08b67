#include "engine/io/h5_reader.h"

#include "engine/core/error.h"
#include "engine/io/h5_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define HELPER "layerwise-read-h5"
#define DEADLINE (40 * G_TIME_SPAN_SECOND)

extern char **environ;

/* Where the helper is: in the build tree beside the programs' folders, else where it is installed.
 * LAYERWISE_H5_HELPER is for tests. */
static char *
find_helper (void)
{
  const char      *override = g_getenv ("LAYERWISE_H5_HELPER");
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);

  if (override != NULL && *override != '\0')
    return g_strdup (override);
  if (self != NULL)
    {
      static const char *const places[] = { "../engine", "../../engine", "." };
      g_autofree char         *directory = g_path_get_dirname (self);

      for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
        {
          g_autofree char *path = g_build_filename (directory, places[i], HELPER, NULL);

          if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
            return g_steal_pointer (&path);
        }
    }
#ifdef LW_LIBEXEC_DIR
  return g_build_filename (LW_LIBEXEC_DIR, HELPER, NULL);
#else
  return g_strdup (HELPER);
#endif
}

/* Descriptors 0 to 2 are rearranged for the child, so ours stay clear of them. Takes `fd`. */
static int
move_up (int fd)
{
  int moved;

  if (fd < 0 || fd > 2)
    return fd;
  moved = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  close (fd);
  return moved;
}

static int
make_input (GBytes *file)
{
  gsize       length;
  const char *data = g_bytes_get_data (file, &length);
  int         fd = move_up (memfd_create ("layerwise-weights", MFD_CLOEXEC));

  if (fd < 0)
    return -1;
  while (length > 0)
    {
      gssize n = write (fd, data, MIN (length, (gsize) 1 << 30));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          close (fd);
          return -1;
        }
      data += n;
      length -= (gsize) n;
    }
  if (lseek (fd, 0, SEEK_SET) != 0)
    {
      close (fd);
      return -1;
    }
  return fd;
}

/* An error number, 0 for a helper that runs. posix_spawn() because other threads run: nothing may
 * be allocated or locked between fork and exec. */
static int
spawn (const char *helper, guint64 limit, int input, int output, pid_t *pid)
{
  g_autofree char           *argument = g_strdup_printf ("%" G_GUINT64_FORMAT, limit);
  char                      *argv[] = { (char *) HELPER, argument, NULL };
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t          attributes;
  sigset_t                   none, standard;
  int                        code;

  sigemptyset (&none);
  sigfillset (&standard);
  sigdelset (&standard, SIGKILL);
  sigdelset (&standard, SIGSTOP);
  posix_spawn_file_actions_init (&actions);
  posix_spawnattr_init (&attributes);
  posix_spawnattr_setsigmask (&attributes, &none);
  posix_spawnattr_setsigdefault (&attributes, &standard);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  code = posix_spawn_file_actions_adddup2 (&actions, input, STDIN_FILENO);
  if (code == 0)
    code = posix_spawn_file_actions_adddup2 (&actions, output, STDOUT_FILENO);
  if (code == 0)
    code = posix_spawn_file_actions_addopen (&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
  if (code == 0)
    code = posix_spawn_file_actions_addclosefrom_np (&actions, 3);
#endif
  if (code == 0)
    code = posix_spawn (pid, helper, &actions, &attributes, argv, environ);
  posix_spawnattr_destroy (&attributes);
  posix_spawn_file_actions_destroy (&actions);
  return code;
}

/* All that comes from the pipe until its end; NULL if it is more than `limit`, or too late. */
static GByteArray *
collect (int fd, guint64 limit)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new ();
  g_autofree guint8    *block = g_malloc (65536);
  gint64                end = g_get_monotonic_time () + DEADLINE;

  for (;;)
    {
      struct pollfd watch = { fd, POLLIN, 0 };
      gint64        left = end - g_get_monotonic_time ();
      gssize        n;

      if (left <= 0)
        return NULL;
      if (poll (&watch, 1, (int) (left / 1000) + 1) <= 0)
        continue;
      n = read (fd, block, 65536);
      if (n < 0 && (errno == EINTR || errno == EAGAIN))
        continue;
      if (n < 0 || bytes->len + (guint64) n > limit || bytes->len + (guint64) n > G_MAXUINT / 2)
        return NULL;
      if (n == 0)
        return g_steal_pointer (&bytes);
      g_byte_array_append (bytes, block, (guint) n);
    }
}

/* Runs the helper. `code` receives its exit code, -1 for one that did not leave by itself. */
static GByteArray *
run_helper (GBytes *file, guint64 limit, int *code, GError **error)
{
  g_autofree char       *helper = find_helper ();
  g_autoptr(GByteArray)  bytes = NULL;
  int                    pipes[2] = { -1, -1 };
  int                    input = make_input (file), failure, status = 0;
  pid_t                  pid, ended;

  if (input < 0 || pipe2 (pipes, O_CLOEXEC) != 0)
    {
      failure = errno;
      if (input >= 0)
        close (input);
      g_set_error (error, LW_ERROR, LW_ERROR_FILE, _("The weights cannot be read: %s"),
                   g_strerror (failure));
      return NULL;
    }
  pipes[1] = move_up (pipes[1]);
  failure = spawn (helper, limit, input, pipes[1], &pid);
  close (input);
  close (pipes[1]);
  if (failure != 0)
    {
      g_autofree char *display = g_filename_display_name (helper);

      close (pipes[0]);
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("The weights cannot be read: the program %s, a part of Layerwise, cannot be "
                     "started (%s); install Layerwise again"), display, g_strerror (failure));
      return NULL;
    }
  /* Beside the elements, every array takes a record and a path. */
  limit += LW_H5_MAX_ARRAYS * (sizeof (LwH5Record) + LW_H5_MAX_PATH + 8 * LW_H5_MAX_RANK);
  bytes = collect (pipes[0], limit);
  close (pipes[0]);
  if (bytes == NULL)
    kill (pid, SIGKILL);
  do
    ended = waitpid (pid, &status, 0);
  while (ended < 0 && errno == EINTR);

  /* A program that ignores SIGCHLD gets no status; then the end record alone decides. */
  if (ended < 0)
    *code = bytes != NULL ? LW_H5_DONE : -1;
  else
    *code = WIFEXITED (status) ? WEXITSTATUS (status) : -1;
  return bytes != NULL ? g_steal_pointer (&bytes) : g_byte_array_new ();
}

typedef struct {
  const guint8 *p, *end;
} Cursor;

static gboolean
take (Cursor *c, gpointer to, gsize length)
{
  if ((gsize) (c->end - c->p) < length)
    return FALSE;
  memcpy (to, c->p, length);
  c->p += length;
  return TRUE;
}

/* One array; FALSE if it does not make sense. */
static gboolean
parse_array (Cursor *c, const LwH5Record *record, GHashTable *arrays)
{
  g_autoptr(LwTensor) tensor = NULL;
  g_autofree char    *path = NULL;
  LwShape             shape = LW_SCALAR;
  LwDType             dtype = record->kind == LW_H5_FLOAT32 ? LW_FLOAT32 : LW_INT64;
  gsize               count;

  if ((record->kind != LW_H5_FLOAT32 && record->kind != LW_H5_INT64) || record->padding != 0
      || record->path_length == 0 || record->path_length > LW_H5_MAX_PATH
      || record->rank > LW_MAX_RANK || g_hash_table_size (arrays) >= LW_H5_MAX_ARRAYS)
    return FALSE;
  path = g_malloc0 (record->path_length + 1);
  if (!take (c, path, record->path_length) || !g_utf8_validate (path, record->path_length, NULL))
    return FALSE;
  shape.rank = (int) record->rank;
  for (int i = 0; i < shape.rank; i++)
    {
      guint64 size;

      if (!take (c, &size, sizeof size) || size > G_MAXINT64)
        return FALSE;
      shape.dims[i] = (gint64) size;
    }
  if (!lw_shape_get_count (&shape, &count) || record->size != count * lw_dtype_get_size (dtype)
      || record->size > (gsize) (c->end - c->p))
    return FALSE;
  tensor = lw_tensor_new (NULL, dtype, &shape, NULL);
  if (tensor == NULL || !take (c, lw_tensor_get_mutable_data (tensor), record->size))
    return FALSE;
  return g_hash_table_insert (arrays, g_steal_pointer (&path), g_steal_pointer (&tensor));
}

static gboolean
parse_arrays (const GByteArray *bytes, GHashTable *arrays)
{
  Cursor     c;
  LwH5Record record;
  char       magic[8];

  if (bytes->len == 0)
    return FALSE;
  c = (Cursor) { bytes->data, bytes->data + bytes->len };
  if (!take (&c, magic, sizeof magic) || memcmp (magic, LW_H5_MAGIC, 8) != 0)
    return FALSE;
  while (take (&c, &record, sizeof record))
    {
      if (record.kind == LW_H5_END)
        return c.p == c.end;
      if (!parse_array (&c, &record, arrays))
        return FALSE;
    }
  return FALSE;
}

GHashTable *
lw_h5_read (GBytes *file, guint64 limit, const char *subject, GError **error)
{
  g_autoptr(GHashTable) arrays = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                                        (GDestroyNotify) lw_tensor_unref);
  g_autoptr(GByteArray) bytes = NULL;
  int                   code;

  if (g_bytes_get_size (file) == 0)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE, _("The weights in %s are damaged: they are empty"),
                   subject);
      return NULL;
    }
  bytes = run_helper (file, limit, &code, error);
  if (bytes == NULL)
    return NULL;
  if (code == LW_H5_DONE && parse_arrays (bytes, arrays))
    return g_steal_pointer (&arrays);

  if (code == LW_H5_TOO_LARGE)
    g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                 _("The weights in %s are damaged, or belong to another model: they are larger than "
                   "the model can be"), subject);
  else if (code == LW_H5_FOREIGN)
    g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
                 _("The weights in %s point to other files or use a compression that is not HDF5's "
                   "own; save them anew from Keras"), subject);
  else
    g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                 _("The weights in %s are damaged: the HDF5 reader could not read them; use an "
                   "earlier copy of the file"), subject);
  return NULL;
}
