#include "engine/io/atomic_file.h"

#include "engine/core/error.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* FALSE with errno. Pieces of at most 1 GiB: Linux writes no more at once. */
static gboolean
write_all (int fd, const char *data, gsize length)
{
  while (length > 0)
    {
      gssize n = write (fd, data, MIN (length, (gsize) 1 << 30));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      length -= (gsize) n;
    }
  return TRUE;
}

static gboolean
write_parts (int fd, const struct iovec *parts, guint n)
{
  for (guint i = 0; i < n; i++)
    if (!write_all (fd, parts[i].iov_base, parts[i].iov_len))
      return FALSE;
  return TRUE;
}

/* The permissions that the file had, or those that a new file gets. */
static gboolean
set_mode (int fd, const struct stat *old)
{
  if (old == NULL)
    return TRUE;
  /* The owner may differ where a group shares a directory; the mode still counts. */
  return fchmod (fd, old->st_mode & 07777) == 0 || errno == EPERM;
}

static int
open_temporary (const char *directory, char **name)
{
  for (int attempt = 0; attempt < 100; attempt++)
    {
      g_autofree char *base = g_strdup_printf (".layerwise-%08x%08x.tmp", g_random_int (),
                                               (guint) getpid ());
      g_autofree char *path = g_build_filename (directory, base, NULL);
      int              fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

      if (fd >= 0)
        {
          *name = g_steal_pointer (&path);
          return fd;
        }
      if (errno != EEXIST)
        return -1;
    }
  return -1;
}

/* A rename is on the disk once its directory is. File systems that cannot do that say EINVAL. */
static void
sync_directory (const char *directory)
{
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return;
  fsync (fd);
  close (fd);
}

static gboolean
fail (const char *path, int code, GError **error)
{
  g_autofree char *display = g_filename_display_name (path);

  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code),
               _("%s could not be saved: %s; what was there before is unchanged; free some space "
                 "or choose another place"), display, g_strerror (code));
  return FALSE;
}

gboolean
lw_atomic_file_write (const char *path, const struct iovec *parts, guint n, GError **error)
{
  char            *real = realpath (path, NULL);
  g_autofree char *target = g_strdup (real != NULL ? real : path);
  g_autofree char *directory = g_path_get_dirname (target);
  g_autofree char *temporary = NULL;
  struct stat      old;
  gboolean         exists = stat (target, &old) == 0;
  int              fd, code = 0;

  free (real);
  if (exists && !S_ISREG (old.st_mode))
    {
      g_autofree char *display = g_filename_display_name (path);

      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is not a regular file, so nothing can be saved there; choose another name"),
                   display);
      return FALSE;
    }
  fd = open_temporary (directory, &temporary);
  if (fd < 0)
    return fail (path, errno, error);

  if (!write_parts (fd, parts, n) || !set_mode (fd, exists ? &old : NULL) || fsync (fd) != 0)
    code = errno;
  /* Network file systems may report a failed write no sooner than here. */
  if (close (fd) != 0 && code == 0)
    code = errno;
  if (code == 0 && rename (temporary, target) != 0)
    code = errno;
  if (code != 0)
    {
      unlink (temporary);
      return fail (path, code, error);
    }
  sync_directory (directory);
  return TRUE;
}
