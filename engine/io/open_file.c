#include "engine/io/open_file.h"

#include "engine/core/error.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>
#include <unistd.h>

int
lw_open_file (const char *path, guint64 *size, GError **error)
{
  g_autofree char *display = g_filename_display_name (path);
  struct stat      info;
  int              fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

  if (fd < 0 || fstat (fd, &info) != 0)
    {
      int code = errno;

      if (fd >= 0)
        close (fd);
      if (code == ENOENT)
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _("There is no file %s"), display);
      else if (code == EACCES)
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                     _("%s may not be read: its permissions do not allow it"), display);
      else
        g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code),
                     _("%s cannot be opened: %s"), display, g_strerror (code));
      return -1;
    }
  if (S_ISDIR (info.st_mode))
    g_set_error (error, LW_ERROR, LW_ERROR_FILE, _("%s is a folder; choose a file in it"), display);
  else if (!S_ISREG (info.st_mode))
    g_set_error (error, LW_ERROR, LW_ERROR_FILE, _("%s is not a regular file"), display);
  else if (info.st_size == 0)
    g_set_error (error, LW_ERROR, LW_ERROR_FILE, _("%s is empty"), display);
  else
    {
      *size = (guint64) info.st_size;
      return fd;
    }
  close (fd);
  return -1;
}
