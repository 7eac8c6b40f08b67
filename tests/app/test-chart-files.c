#include "app/chart-files.h"

#include <glib/gstdio.h>

#include "app/application.h"
#include "tests/wait.h"

/* Charts out of a real window: actions, files, clipboard, and what is said of them. */

static LwWindow     *window;
static LwChartStack *charts;
static char         *folder;

/* The first widget of a type below another; NULL when there is none. */
static gpointer
find (GtkWidget *root, GType type)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE (root, type))
    return root;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child; child = gtk_widget_get_next_sibling (child))
    {
      gpointer found = find (child, type);

      if (found)
        return found;
    }
  return NULL;
}

static GtkWidget *
find_label (GtkWidget *root, const char *text)
{
  if (GTK_IS_LABEL (root) && g_strcmp0 (gtk_label_get_text (GTK_LABEL (root)), text) == 0)
    return root;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_label (child, text);

      if (found)
        return found;
    }
  return NULL;
}

/* Toasts show one after the other, for five seconds each. */
static void
wait_toast (const char *text)
{
  WAIT_UNTIL (find_label (GTK_WIDGET (window), text) != NULL);
}

static char *
get_path (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static void
test_actions (void)
{
  static const char *const names[] = { "copy-chart", "export-chart", "export-csv" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      GAction *action = g_action_map_lookup_action (G_ACTION_MAP (window), names[i]);

      g_assert_nonnull (action);
      /* There are no figures before there is a run. */
      g_assert_cmpint (g_action_get_enabled (action), ==, i < 2);
    }
}

static void
test_copy (void)
{
  GdkClipboard       *clipboard = gtk_widget_get_clipboard (GTK_WIDGET (charts));
  GdkContentProvider *content;
  g_auto (GValue)     value = G_VALUE_INIT;
  g_autoptr (GError)  error = NULL;
  GdkTexture         *texture;

  gtk_widget_activate_action (GTK_WIDGET (window), "win.copy-chart", NULL);
  wait_toast ("Picture copied");
  content = gdk_clipboard_get_content (clipboard);
  g_assert_nonnull (content);
  g_value_init (&value, GDK_TYPE_TEXTURE);
  g_assert_true (gdk_content_provider_get_value (content, &value, &error));
  g_assert_no_error (error);
  texture = g_value_get_object (&value);
  g_assert_cmpint (gdk_texture_get_width (texture), ==, 1920);
  g_assert_cmpint (gdk_texture_get_height (texture), >, 1300);
}

/* The ending says the type, and where it says nothing, the dialog does. */
static void
test_types (void)
{
  static const struct {
    const char   *name;
    LwPictureType fallback;
    const char   *written, *toast, *magic;
  } cases[] = {
    { "a.png", LW_PICTURE_SVG, "a.png", "Saved a.png", "\211PNG" },
    { "b.SVG", LW_PICTURE_PNG, "b.SVG", "Saved b.SVG", "<?xml" },
    { "c", LW_PICTURE_PDF, "c.pdf", "Saved c.pdf", "%PDF-" },
    { "d.jpeg", LW_PICTURE_PNG, "d.jpeg.png", "Saved d.jpeg.png", "\211PNG" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = get_path (cases[i].name);
      g_autofree char *written = get_path (cases[i].written);
      g_autofree char *text = NULL;

      lw_chart_files_save_picture (window, charts, path, cases[i].fallback);
      wait_toast (cases[i].toast);
      g_assert_true (g_file_get_contents (written, &text, NULL, NULL));
      g_assert_true (g_str_has_prefix (text, cases[i].magic));
      g_unlink (written);
    }
}

/* The figures of the runs that are shown, under their names; of no others. */
static void
test_csv (void)
{
  LwChartModel         *model = lw_chart_stack_get_model (charts);
  g_autoptr (LwHistory) history = lw_history_new ();
  g_autofree char      *path = get_path ("figures");
  g_autofree char      *written = get_path ("figures.csv");
  g_autofree char      *text = NULL;
  g_auto (GStrv)        lines = NULL;
  LwHistoryPoint        point = { .kind = LW_POINT_TRAIN, .epoch = 1, .step = 1, .loss = 0.5f, .rate = 0.01f };

  lw_history_append (history, &point);
  lw_chart_model_set_run (model, 1, history, "Run 1", 0);
  lw_chart_model_set_run (model, 2, history, "Hidden", 1);
  lw_chart_model_set_run (model, 3, history, "Run, 3", 2);
  lw_chart_model_set_run_visible (model, 2, FALSE);
  g_assert_true (g_action_get_enabled (g_action_map_lookup_action (G_ACTION_MAP (window), "export-csv")));

  lw_chart_files_save_csv (window, charts, path);
  wait_toast ("Saved figures.csv");
  g_assert_true (g_file_get_contents (written, &text, NULL, NULL));
  lines = g_strsplit (text, "\r\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 4);
  g_assert_cmpstr (lines[1], ==, "Run 1,train,1,1,0,0,0.5,0,0.01,");
  g_assert_cmpstr (lines[2], ==, "\"Run, 3\",train,1,1,0,0,0.5,0,0.01,");
  g_unlink (written);

  lw_chart_model_keep_runs (model, NULL, 0);
  g_assert_false (g_action_get_enabled (g_action_map_lookup_action (G_ACTION_MAP (window), "export-csv")));
}

/* A file that is there stays as it was when the new one cannot be written. */
static void
test_failures (void)
{
  g_autofree char *nowhere = get_path ("none/a.png");
  g_autofree char *directory = get_path ("taken.png");
  g_autofree char *sentence = NULL;

  lw_chart_files_save_picture (window, charts, nowhere, LW_PICTURE_PNG);
  wait_toast ("Could not save: the folder is not there.");

  g_assert_cmpint (g_mkdir (directory, 0755), ==, 0);
  sentence = g_strdup_printf (
      "%s is not a regular file, so nothing can be saved there; choose another name", directory);
  lw_chart_files_save_picture (window, charts, directory, LW_PICTURE_PNG);
  wait_toast (sentence);
  g_assert_true (g_file_test (directory, G_FILE_TEST_IS_DIR));
  g_rmdir (directory);
}

/* A picture that is still being written outlives its window. */
static void
test_window_goes (void)
{
  g_autofree char *path = get_path ("late.png");
  gpointer         watched = window;

  g_object_add_weak_pointer (watched, &watched);
  lw_chart_files_save_picture (window, charts, path, LW_PICTURE_PNG);
  gtk_window_destroy (GTK_WINDOW (window));
  WAIT_UNTIL (watched == NULL);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_unlink (path);
}

int
main (int argc, char **argv)
{
  g_autoptr (LwApplication) application = NULL;
  g_autoptr (LwSession)     session = NULL;
  g_autoptr (GError)        error = NULL;
  int                       status;

  gtk_test_init (&argc, &argv, NULL);
  g_setenv ("LAYERWISE_NON_UNIQUE", "1", TRUE);
  folder = g_dir_make_tmp ("chart-files-XXXXXX", NULL);
  g_assert_nonnull (folder);
  application = lw_application_new ();
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, &error));
  session = lw_session_new ();
  window = lw_window_new (ADW_APPLICATION (application), session, NULL);
  charts = find (GTK_WIDGET (window), LW_TYPE_CHART_STACK);
  g_assert_nonnull (charts);
  gtk_window_present (GTK_WINDOW (window));
  gtk_test_widget_wait_for_draw (GTK_WIDGET (window));

  g_test_add_func ("/chart-files/actions", test_actions);
  g_test_add_func ("/chart-files/copy", test_copy);
  g_test_add_func ("/chart-files/types", test_types);
  g_test_add_func ("/chart-files/csv", test_csv);
  g_test_add_func ("/chart-files/failures", test_failures);
  g_test_add_func ("/chart-files/window-goes", test_window_goes);

  status = g_test_run ();
  g_rmdir (folder);
  g_free (folder);
  return status;
}
