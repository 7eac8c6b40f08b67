#include "app/work-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sys/file.h>

#define GROUP "document"
#define KEY   "uri"

struct _LwWorkFile {
  char *archive;  /* path of the .keras file */
  char *facts;    /* of the key file beside it */
  char *lock;
  int   lock_fd;  /* -1: the folder knows no locks */
};

static char *
get_folder (void)
{
  return g_build_filename (g_get_user_state_dir (), "layerwise", "work", NULL);
}

/* NULL where another holds it. */
static LwWorkFile *
claim (const char *folder, const char *name)
{
  LwWorkFile      *file = g_new0 (LwWorkFile, 1);
  g_autofree char *base = g_build_filename (folder, name, NULL);

  file->archive = g_strconcat (base, ".keras", NULL);
  file->facts = g_strconcat (base, ".ini", NULL);
  file->lock = g_strconcat (base, ".lock", NULL);
  file->lock_fd = g_open (file->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file->lock_fd >= 0 && flock (file->lock_fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    {
      lw_work_file_free (file);
      return NULL;
    }
  return file;
}

LwWorkFile *
lw_work_file_new (GError **error)
{
  g_autofree char *folder = get_folder ();
  g_autofree char *name = g_uuid_string_random ();

  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE, _("The folder %s cannot be made: %s"), folder,
                   g_strerror (errno));
      return NULL;
    }
  return claim (folder, name);
}

static gint64
get_time (const LwWorkFile *file)
{
  GStatBuf facts;

  return g_stat (file->archive, &facts) == 0 ? (gint64) facts.st_mtime : 0;
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 first = get_time (*(LwWorkFile *const *) a), second = get_time (*(LwWorkFile *const *) b);

  return (first > second) - (first < second);
}

GPtrArray *
lw_work_file_claim_all (void)
{
  GPtrArray       *files = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_work_file_free);
  g_autofree char *folder = get_folder ();
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char      *entry;

  while (dir != NULL && (entry = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *name = g_strdup (entry);
      LwWorkFile      *file;

      if (!g_str_has_suffix (name, ".keras"))
        continue;
      name[strlen (name) - strlen (".keras")] = '\0';
      file = claim (folder, name);
      /* Whoever had it may have let go of it because it was saved. */
      if (file != NULL && !g_file_test (file->archive, G_FILE_TEST_EXISTS))
        {
          g_unlink (file->lock);
          g_clear_pointer (&file, lw_work_file_free);
        }
      if (file != NULL)
        g_ptr_array_add (files, file);
    }
  g_ptr_array_sort (files, compare_times);
  return files;
}

void
lw_work_file_free (LwWorkFile *file)
{
  if (file == NULL)
    return;
  if (file->lock_fd >= 0)
    g_close (file->lock_fd, NULL);
  g_free (file->archive);
  g_free (file->facts);
  g_free (file->lock);
  g_free (file);
}

gboolean
lw_work_file_write (LwWorkFile *file, LwRun *run, GFile *document, GError **error)
{
  g_autoptr (GKeyFile) facts = g_key_file_new ();
  g_autofree char     *uri = document != NULL ? g_file_get_uri (document) : NULL;
  g_autoptr (GError)   local = NULL;

  g_key_file_set_string (facts, GROUP, KEY, uri != NULL ? uri : "");
  if (!g_key_file_save_to_file (facts, file->facts, &local))
    {
      g_set_error_literal (error, LW_ERROR, LW_ERROR_FILE, local->message);
      return FALSE;
    }
  return lw_document_save (file->archive, run, error);
}

LwRun *
lw_work_file_read (LwWorkFile *file, GFile **document, GError **error)
{
  g_autoptr (GKeyFile) facts = g_key_file_new ();
  g_autofree char     *uri = NULL;
  LwRun               *run = lw_document_load (file->archive, error);

  *document = NULL;
  if (run != NULL && g_key_file_load_from_file (facts, file->facts, G_KEY_FILE_NONE, NULL))
    uri = g_key_file_get_string (facts, GROUP, KEY, NULL);
  if (uri != NULL && uri[0] != '\0')
    *document = g_file_new_for_uri (uri);
  return run;
}

void
lw_work_file_remove (LwWorkFile *file)
{
  g_unlink (file->archive);
  g_unlink (file->facts);
  g_unlink (file->lock);
}

void
lw_work_file_set_aside (LwWorkFile *file)
{
  g_autofree char *aside = g_strconcat (file->archive, ".unreadable", NULL);

  if (g_rename (file->archive, aside) != 0)
    g_warning ("%s cannot be renamed: %s", file->archive, g_strerror (errno));
  g_unlink (file->facts);
  g_unlink (file->lock);
}
