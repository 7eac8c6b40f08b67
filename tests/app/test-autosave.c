#include "app/autosave.h"

#include <glib/gstdio.h>

#include "tests/engine/file-tools.h"
#include "tests/engine/train-tools.h"
#include "tests/wait.h"

/* Unsaved work is kept without being asked for, is found again, and is gone when it is saved or
 * discarded. */

static char *
get_folder (void)
{
  return g_build_filename (g_get_user_state_dir (), "layerwise", "work", NULL);
}

static guint
count_files (void)
{
  g_autofree char *folder = get_folder ();
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint            n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static gboolean
is_kept (void)
{
  g_autofree char *folder = get_folder ();
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char      *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".keras"))
      return TRUE;
  return FALSE;
}

typedef struct {
  gboolean done, ok;
  GError  *error;
} Outcome;

static void
on_finished (GObject *object, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;

  outcome->ok = lw_autosave_finish_finish (LW_AUTOSAVE (object), result, &outcome->error);
  outcome->done = TRUE;
}

static Outcome
finish (LwAutosave *autosave)
{
  Outcome outcome = { FALSE };

  lw_autosave_finish_async (autosave, on_finished, &outcome);
  WAIT_UNTIL (outcome.done);
  return outcome;
}

/* The thread that has written last may hold it for a moment more. */
static void
drop (LwAutosave *autosave)
{
  gpointer gone = autosave;

  g_object_add_weak_pointer (G_OBJECT (autosave), &gone);
  g_object_unref (autosave);
  WAIT_UNTIL (gone == NULL);
}

static void
edit (LwSession *session, const char *preset)
{
  g_autoptr (LwDocument) document = lw_document_new_preset (preset);

  lw_session_edit (session, document, "Preset");
}

/* What was changed is kept soon, and comes back once. */
static void
test_keep (void)
{
  g_autoptr (LwSession)  session = lw_session_new ();
  g_autoptr (LwSession)  other = lw_session_new ();
  LwAutosave            *autosave = lw_autosave_new (session, NULL);
  g_autoptr (GPtrArray)  left = NULL;
  g_autoptr (LwRun)      run = NULL;
  g_autoptr (GFile)      document = NULL;
  g_autoptr (GError)     error = NULL;
  Outcome                outcome;

  g_assert_cmpuint (count_files (), ==, 0);
  outcome = finish (autosave);
  g_assert_true (outcome.ok);
  drop (autosave);
  g_assert_cmpuint (count_files (), ==, 0); /* nothing was changed */

  autosave = lw_autosave_new (session, NULL);
  edit (session, "mlp");
  WAIT_UNTIL (is_kept ());
  left = lw_work_file_claim_all ();
  g_assert_cmpuint (left->len, ==, 0); /* it is in use */
  g_clear_pointer (&left, g_ptr_array_unref);
  edit (session, "lenet5");
  outcome = finish (autosave);
  g_assert_true (outcome.ok);
  drop (autosave);

  left = lw_work_file_claim_all ();
  g_assert_cmpuint (left->len, ==, 1);
  {
    g_autoptr (GPtrArray) nothing = lw_work_file_claim_all ();

    g_assert_cmpuint (nothing->len, ==, 0);
  }
  run = lw_work_file_read (g_ptr_array_index (left, 0), &document, &error);
  g_assert_no_error (error);
  g_assert_null (document);
  lw_session_restore (other, run, document);
  g_assert_true (lw_document_equal (lw_session_get_document (other), lw_session_get_document (session)));
  g_assert_true (lw_session_is_modified (other));
  g_assert_null (lw_session_get_undo_name (other));
  g_assert_null (lw_session_get_run (other));

  /* Discarded, it does not come back. */
  autosave = lw_autosave_new (other, g_ptr_array_steal_index (left, 0));
  lw_autosave_discard (autosave);
  drop (autosave);
  g_assert_cmpuint (count_files (), ==, 0);
}

static void
on_saved (GObject *object, GAsyncResult *result, gpointer data)
{
  gboolean *done = data;

  g_assert_true (lw_session_save_finish (LW_SESSION (object), result, NULL));
  *done = TRUE;
}

/* A saved document needs no keeping, and its file is remembered where more is changed. */
static void
test_saved (void)
{
  g_autoptr (LwSession) session = lw_session_new ();
  LwAutosave           *autosave = lw_autosave_new (session, NULL);
  g_autofree char      *path = test_path ("saved.keras");
  g_autoptr (GFile)     file = g_file_new_for_path (path);
  g_autoptr (GFile)     document = NULL;
  g_autoptr (GPtrArray) left = NULL;
  g_autoptr (LwRun)     run = NULL;
  gboolean              done = FALSE;

  edit (session, "mlp");
  WAIT_UNTIL (is_kept ());
  lw_session_save_async (session, file, on_saved, &done);
  WAIT_UNTIL (done);
  WAIT_UNTIL (count_files () == 0);
  edit (session, "logistic");
  g_assert_true (finish (autosave).ok);
  drop (autosave);
  left = lw_work_file_claim_all ();
  g_assert_cmpuint (left->len, ==, 1);
  run = lw_work_file_read (g_ptr_array_index (left, 0), &document, NULL);
  g_assert_nonnull (run);
  g_assert_true (g_file_equal (document, file));
  lw_work_file_remove (g_ptr_array_index (left, 0));
}

static void
on_failed (LwAutosave *autosave, const char *sentence, guint *n)
{
  g_assert_true (g_utf8_validate (sentence, -1, NULL) && sentence[0] != '\0');
  ++*n;
}

/* A folder that cannot be written is told once, and again when the window closes. */
static void
test_failing (void)
{
  g_autoptr (LwSession) session = lw_session_new ();
  LwAutosave           *autosave = lw_autosave_new (session, NULL);
  g_autofree char      *folder = get_folder ();
  guint                 n = 0;
  Outcome               outcome;

  g_signal_connect (autosave, "failed", G_CALLBACK (on_failed), &n);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  test_write (folder, "a file", 6);
  edit (session, "mlp");
  WAIT_UNTIL (n == 1);
  outcome = finish (autosave);
  g_assert_false (outcome.ok);
  test_check_error (outcome.error, NULL);
  g_clear_error (&outcome.error);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpint (g_unlink (folder), ==, 0);
  outcome = finish (autosave);
  g_assert_no_error (outcome.error);
  lw_autosave_discard (autosave);
  drop (autosave);
  g_assert_cmpuint (count_files (), ==, 0);
}

/* Changes that come one upon the other, as in slow motion, do not put it off. */
static void
test_changing (void)
{
  g_autoptr (LwSession) session = lw_session_new ();
  LwAutosave           *autosave = lw_autosave_new (session, NULL);
  guint                 n = 0;

  edit (session, "mlp");
  WAIT_UNTIL ((lw_session_set_image_time (session, ++n), is_kept ()));
  lw_autosave_discard (autosave);
  drop (autosave);
  g_assert_cmpuint (count_files (), ==, 0);
}

/* What cannot be read is an error, and does not come back again and again. */
static void
test_unreadable (void)
{
  g_autofree char      *folder = get_folder ();
  g_autofree char      *path = g_build_filename (folder, "broken.keras", NULL);
  g_autofree char      *aside = g_strconcat (path, ".unreadable", NULL);
  g_autoptr (GPtrArray) left = NULL;
  g_autoptr (GFile)     document = NULL;
  GError               *error = NULL;

  test_write (path, "PK nothing", 10);
  left = lw_work_file_claim_all ();
  g_assert_cmpuint (left->len, ==, 1);
  g_assert_null (lw_work_file_read (g_ptr_array_index (left, 0), &document, &error));
  test_check_error (error, "broken.keras");
  g_clear_error (&error);
  lw_work_file_set_aside (g_ptr_array_index (left, 0));
  g_clear_pointer (&left, g_ptr_array_unref);
  left = lw_work_file_claim_all ();
  g_assert_cmpuint (left->len, ==, 0);
  g_assert_cmpint (g_unlink (aside), ==, 0);
}

int
main (int argc, char **argv)
{
  g_autofree char *state = NULL;

  g_test_init (&argc, &argv, NULL);
  state = test_path ("state");
  g_setenv ("XDG_STATE_HOME", state, TRUE);
  g_test_add_func ("/autosave/keep", test_keep);
  g_test_add_func ("/autosave/saved", test_saved);
  g_test_add_func ("/autosave/failing", test_failing);
  g_test_add_func ("/autosave/changing", test_changing);
  g_test_add_func ("/autosave/unreadable", test_unreadable);
  return g_test_run ();
}
