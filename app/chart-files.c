#include "app/chart-files.h"

#include <glib/gi18n.h>

/* -- what is to be saved -- */

static LwPicture *
take_picture (LwWindow *window, LwChartStack *charts)
{
  LwSession    *session = lw_window_get_session (window);
  LwChartMetric metrics[LW_CHART_N_METRICS];
  guint         n = lw_chart_stack_get_shown (charts, metrics);
  const char   *title;

  title = lw_session_get_file (session) != NULL
              ? lw_session_get_title (session)
              : lw_model_spec_get_name (lw_session_get_document (session)->model);
  return lw_picture_new (lw_chart_stack_get_model (charts), metrics, n, title);
}

/* -- writing, in a thread -- */

typedef struct {
  char      *path;
  GBytes    *content;   /* a picture, */
  GPtrArray *histories; /* or histories */
  GPtrArray *names;     /* with a NULL at the end */
} Writing;

static void
writing_free (gpointer data)
{
  Writing *writing = data;

  g_free (writing->path);
  g_clear_pointer (&writing->content, g_bytes_unref);
  g_clear_pointer (&writing->histories, g_ptr_array_unref);
  g_clear_pointer (&writing->names, g_ptr_array_unref);
  g_free (writing);
}

static void
write_in_thread (GTask *task, gpointer object, gpointer data, GCancellable *cancellable)
{
  Writing *writing = data;
  GError  *error = NULL;
  gboolean written;

  if (writing->content != NULL)
    written = lw_picture_write (writing->path, writing->content, &error);
  else
    written = lw_history_write_csv (writing->path,
                                    writing->histories->len,
                                    (const char *const *) writing->names->pdata,
                                    (LwHistory *const *) writing->histories->pdata,
                                    &error);
  if (written)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* A toast has room for one short sentence. */
static char *
explain (const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
    return g_strdup (_("Could not save: the disk is full. The old file is untouched."));
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_READ_ONLY))
    return g_strdup (_("Could not save: this place may not be written to."));
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return g_strdup (_("Could not save: the folder is not there."));
  return g_strdup (error->message);
}

static void
on_written (GObject *object, GAsyncResult *result, gpointer data)
{
  LwWindow          *window = LW_WINDOW (object);
  const Writing     *writing = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  g_autofree char   *text = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_autofree char *base = g_path_get_basename (writing->path);
      g_autofree char *name = g_filename_display_name (base);

      text = g_strdup_printf (_("Saved %s"), name);
    }
  else
    text = explain (error);
  lw_window_toast (window, text);
}

static void
start_writing (LwWindow *window, Writing *writing)
{
  g_autoptr (GTask) task = g_task_new (window, NULL, on_written, NULL);

  g_task_set_task_data (task, writing, writing_free);
  g_task_run_in_thread (task, write_in_thread);
}

void
lw_chart_files_save_picture (LwWindow *window, LwChartStack *charts, const char *path, LwPictureType fallback)
{
  g_autoptr (LwPicture) picture = take_picture (window, charts);
  g_autoptr (GError)    error = NULL;
  LwPictureType         type = fallback;
  gboolean              complete = lw_picture_type_of_path (path, &type);
  GBytes               *content;
  Writing              *writing;

  content = lw_picture_to_bytes (picture, type, &error);
  if (content == NULL)
    {
      lw_window_toast (window, error->message);
      return;
    }
  writing = g_new0 (Writing, 1);
  writing->path = complete ? g_strdup (path) : g_strdup_printf ("%s.%s", path, lw_picture_type_ending (type));
  writing->content = content;
  start_writing (window, writing);
}

void
lw_chart_files_save_csv (LwWindow *window, LwChartStack *charts, const char *path)
{
  Writing *writing = g_new0 (Writing, 1);
  LwChart  chart;

  lw_chart_init (&chart, LW_CHART_LOSS);
  lw_chart_model_fill (lw_chart_stack_get_model (charts), &chart);
  writing->path = g_strconcat (path, g_str_has_suffix (path, ".csv") ? NULL : ".csv", NULL);
  writing->histories = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_history_unref);
  writing->names = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < chart.n_series; i++)
    {
      g_ptr_array_add (writing->histories, lw_history_ref (lw_curve_get_history (chart.series[i].curve)));
      g_ptr_array_add (writing->names, g_strdup (chart.series[i].name));
    }
  start_writing (window, writing);
}

/* -- dialogs -- */

static GtkFileChooserNative *
new_dialog (LwWindow *window, LwChartStack *charts, const char *title, const char *ending, GCallback on_response)
{
  LwSession            *session = lw_window_get_session (window);
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (title, GTK_WINDOW (window),
                                                              GTK_FILE_CHOOSER_ACTION_SAVE, NULL, NULL);
  g_autofree char      *name = g_strdup_printf (
      "%s.%s", lw_model_spec_get_name (lw_session_get_document (session)->model), ending);

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  g_object_set_data (G_OBJECT (dialog), "charts", charts);
  g_signal_connect_object (dialog, "response", on_response, window, 0);
  return dialog;
}

static GtkFileFilter *
add_filter (GtkFileChooserNative *dialog, const char *name, const char *ending)
{
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();

  gtk_file_filter_set_name (filter, name);
  gtk_file_filter_add_suffix (filter, ending);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (dialog), filter);
  return filter; /* the dialog's now */
}

static void
add_picture_filter (GtkFileChooserNative *dialog, const char *name, LwPictureType type)
{
  GtkFileFilter *filter = add_filter (dialog, name, lw_picture_type_ending (type));

  g_object_set_data (G_OBJECT (filter), "type", GUINT_TO_POINTER (type));
}

/* The path chosen, or NULL. */
static char *
take_response (GtkNativeDialog *dialog, int response)
{
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  return file != NULL ? g_file_get_path (file) : NULL;
}

static void
on_picture_response (GtkNativeDialog *dialog, int response, LwWindow *window)
{
  g_autofree char *path = take_response (dialog, response);
  GtkFileFilter   *filter = gtk_file_chooser_get_filter (GTK_FILE_CHOOSER (dialog));
  LwPictureType    type = LW_PICTURE_PNG;

  if (filter != NULL)
    type = (LwPictureType) GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (filter), "type"));
  if (path != NULL)
    lw_chart_files_save_picture (window, g_object_get_data (G_OBJECT (dialog), "charts"), path, type);
  g_object_unref (dialog);
}

static void
on_csv_response (GtkNativeDialog *dialog, int response, LwWindow *window)
{
  g_autofree char *path = take_response (dialog, response);

  if (path != NULL)
    lw_chart_files_save_csv (window, g_object_get_data (G_OBJECT (dialog), "charts"), path);
  g_object_unref (dialog);
}

/* -- actions -- */

static LwWindow *
window_of (LwChartStack *charts)
{
  return LW_WINDOW (gtk_widget_get_root (GTK_WIDGET (charts)));
}

static void
act_copy_chart (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwChartStack          *charts = data;
  LwWindow              *window = window_of (charts);
  g_autoptr (LwPicture)  picture = take_picture (window, charts);
  cairo_surface_t       *surface = lw_picture_to_surface (picture);
  int                    height = cairo_image_surface_get_height (surface);
  int                    stride = cairo_image_surface_get_stride (surface);
  g_autoptr (GBytes)     pixels = NULL;
  g_autoptr (GdkTexture) texture = NULL;

  if (cairo_surface_status (surface) != CAIRO_STATUS_SUCCESS)
    {
      lw_window_toast (window, _("Could not copy: there is not enough memory."));
      cairo_surface_destroy (surface);
      return;
    }
  pixels = g_bytes_new_with_free_func (cairo_image_surface_get_data (surface), (gsize) (stride * height),
                                       (GDestroyNotify) cairo_surface_destroy, surface);
  texture = gdk_memory_texture_new (cairo_image_surface_get_width (surface), height, GDK_MEMORY_DEFAULT,
                                    pixels, (gsize) stride);
  gdk_clipboard_set_texture (gtk_widget_get_clipboard (GTK_WIDGET (charts)), texture);
  lw_window_toast (window, _("Picture copied"));
}

static void
act_export_chart (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  GtkFileChooserNative *dialog = new_dialog (window_of (data), data, _("Save the picture"), "png",
                                             G_CALLBACK (on_picture_response));

  add_picture_filter (dialog, _("PNG, pixels (*.png)"), LW_PICTURE_PNG);
  add_picture_filter (dialog, _("SVG, for the web (*.svg)"), LW_PICTURE_SVG);
  add_picture_filter (dialog, _("PDF, for print (*.pdf)"), LW_PICTURE_PDF);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
act_export_csv (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  GtkFileChooserNative *dialog = new_dialog (window_of (data), data, _("Save the figures"), "csv",
                                             G_CALLBACK (on_csv_response));

  add_filter (dialog, _("Tables (*.csv)"), "csv");
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

/* Figures of visible runs are there once there is one. */
static void
on_chart_changed (LwChartModel *model, LwChartChange change, GSimpleAction *export_csv)
{
  LwChart chart;

  if (change != LW_CHART_CHANGED)
    return;
  lw_chart_init (&chart, LW_CHART_LOSS);
  lw_chart_model_fill (model, &chart);
  g_simple_action_set_enabled (export_csv, chart.n_series > 0);
}

void
lw_chart_files_add_actions (LwWindow *window, LwChartStack *charts)
{
  static const GActionEntry entries[] = {
    { "copy-chart", act_copy_chart, NULL, NULL, NULL, { 0 } },
    { "export-chart", act_export_chart, NULL, NULL, NULL, { 0 } },
    { "export-csv", act_export_csv, NULL, NULL, NULL, { 0 } },
  };
  LwChartModel *model = lw_chart_stack_get_model (charts);
  GAction      *export_csv;

  g_action_map_add_action_entries (G_ACTION_MAP (window), entries, G_N_ELEMENTS (entries), charts);
  export_csv = g_action_map_lookup_action (G_ACTION_MAP (window), "export-csv");
  g_signal_connect_object (model, "changed", G_CALLBACK (on_chart_changed), export_csv, 0);
  on_chart_changed (model, LW_CHART_CHANGED, G_SIMPLE_ACTION (export_csv));
}
