#include "app/files.h"

#include <glib/gi18n.h>
#include <string.h>

#include "engine/io/atomic_file.h"

static void
on_opened (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (LwWindow) window = data;
  g_autoptr (GError)   error = NULL;

  if (!lw_session_open_finish (LW_SESSION (object), result, &error))
    lw_window_tell (window, _("The file could not be opened"), error);
}

void
lw_files_open_file (LwWindow *window, GFile *file)
{
  lw_session_open_async (lw_window_get_session (window), file, on_opened, g_object_ref (window));
}

static void
add_filters (GtkFileChooser *chooser)
{
  g_autoptr (GtkFileFilter) keras = gtk_file_filter_new ();
  g_autoptr (GtkFileFilter) all = gtk_file_filter_new ();

  gtk_file_filter_set_name (keras, _("Keras models (*.keras)"));
  gtk_file_filter_add_pattern (keras, "*.keras");
  gtk_file_filter_set_name (all, _("All files"));
  gtk_file_filter_add_pattern (all, "*");
  gtk_file_chooser_add_filter (chooser, keras);
  gtk_file_chooser_add_filter (chooser, all);
}

static void
on_open_response (GtkNativeDialog *dialog, int response, gpointer data)
{
  LwWindow *window = LW_WINDOW (data);

  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));

      if (file != NULL)
        lw_files_open_file (window, file);
    }
  g_object_unref (dialog);
}

static void
act_open (GSimpleAction *action, GVariant *parameter, gpointer window)
{
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (_("Open a model"), GTK_WINDOW (window),
                                                              GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  add_filters (GTK_FILE_CHOOSER (dialog));
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_open_response), window, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

/* -- saving -- */

typedef struct {
  LwWindow *window;
  gboolean  close; /* the window, once saved */
} Saving;

static void
on_saved (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autofree Saving   *saving = data;
  g_autoptr (LwWindow) window = saving->window;
  g_autoptr (GError)   error = NULL;

  if (!lw_session_save_finish (LW_SESSION (object), result, &error))
    lw_window_tell (window, _("The file could not be saved"), error);
  else if (saving->close)
    gtk_window_close (GTK_WINDOW (window)); /* which keeps what has been trained meanwhile, and nothing else */
}

static void
save_to (LwWindow *window, GFile *file, gboolean close)
{
  Saving *saving = g_new0 (Saving, 1);

  saving->window = g_object_ref (window);
  saving->close = close;
  lw_session_save_async (lw_window_get_session (window), file, on_saved, saving);
}

/* The file with the ending that Keras wants. */
static GFile *
with_ending (GFile *file)
{
  g_autofree char *path = g_file_get_path (file);
  g_autofree char *longer = NULL;

  if (path == NULL || g_str_has_suffix (path, ".keras"))
    return g_object_ref (file);
  longer = g_strconcat (path, ".keras", NULL);
  return g_file_new_for_path (longer);
}

static void
on_save_response (GtkNativeDialog *dialog, int response, gpointer data)
{
  LwWindow *window = LW_WINDOW (data);

  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) chosen = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      g_autoptr (GFile) file = chosen != NULL ? with_ending (chosen) : NULL;

      if (file != NULL)
        save_to (window, file, g_object_get_data (G_OBJECT (dialog), "close") != NULL);
    }
  g_object_unref (dialog);
}

static void
ask_for_name (LwWindow *window, gboolean close)
{
  LwSession            *session = lw_window_get_session (window);
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (_("Save the model"), GTK_WINDOW (window),
                                                              GTK_FILE_CHOOSER_ACTION_SAVE, NULL, NULL);

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  add_filters (GTK_FILE_CHOOSER (dialog));
  if (lw_session_get_file (session) != NULL)
    gtk_file_chooser_set_file (GTK_FILE_CHOOSER (dialog), lw_session_get_file (session), NULL);
  else
    {
      g_autofree char *name = g_strdup_printf (
          "%s.keras", lw_model_spec_get_name (lw_session_get_document (session)->model));

      gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
    }
  if (close)
    g_object_set_data (G_OBJECT (dialog), "close", GINT_TO_POINTER (1));
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_save_response), window, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
act_save_as (GSimpleAction *action, GVariant *parameter, gpointer window)
{
  ask_for_name (window, FALSE);
}

static void
act_save (GSimpleAction *action, GVariant *parameter, gpointer window)
{
  GFile *file = lw_session_get_file (lw_window_get_session (window));

  if (file != NULL)
    save_to (window, file, FALSE);
  else
    ask_for_name (window, FALSE);
}

/* -- text -- */

typedef struct {
  LwWindow *window;
  GBytes   *text;
} SavingText;

static void
saving_text_free (gpointer data)
{
  SavingText *saving = data;

  g_object_unref (saving->window);
  g_bytes_unref (saving->text);
  g_free (saving);
}

static void
write_text (GTask *task, gpointer file, gpointer data, GCancellable *cancellable)
{
  SavingText      *saving = data;
  g_autofree char *path = g_file_get_path (file);
  GError          *error = NULL;
  struct iovec     part;

  part.iov_base = (gpointer) g_bytes_get_data (saving->text, &part.iov_len);
  if (lw_atomic_file_write (path, &part, 1, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_text_saved (GObject *file, GAsyncResult *result, gpointer data)
{
  SavingText        *saving = g_task_get_task_data (G_TASK (result));
  g_autofree char   *name = g_file_get_basename (G_FILE (file));
  g_autofree char   *shown = g_filename_display_name (name);
  g_autofree char   *text = g_strdup_printf (_("Saved %s"), shown);
  g_autoptr (GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    lw_window_toast (saving->window, text);
  else
    lw_window_tell (saving->window, _("The file could not be saved"), error);
}

static void
on_save_text_response (GtkNativeDialog *dialog, int response, gpointer data)
{
  g_autoptr (GFile) file = NULL;
  GBytes           *text = g_object_get_data (G_OBJECT (dialog), "text");

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  if (file != NULL && g_file_peek_path (file) != NULL)
    {
      g_autoptr (GTask) task = g_task_new (file, NULL, on_text_saved, NULL);
      SavingText       *saving = g_new0 (SavingText, 1);

      saving->window = g_object_ref (LW_WINDOW (data));
      saving->text = g_bytes_ref (text);
      g_task_set_task_data (task, saving, saving_text_free);
      g_task_run_in_thread (task, write_text);
    }
  g_object_unref (dialog);
}

void
lw_files_save_text (LwWindow *window, const char *name, const char *text)
{
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (_("Save the script"), GTK_WINDOW (window),
                                                              GTK_FILE_CHOOSER_ACTION_SAVE, NULL, NULL);

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  g_object_set_data_full (G_OBJECT (dialog), "text", g_bytes_new (text, strlen (text)),
                          (GDestroyNotify) g_bytes_unref);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_save_text_response), window, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

/* -- leaving without what is not saved -- */

static void
leave (LwWindow *window)
{
  lw_autosave_discard (lw_window_get_autosave (window));
  gtk_window_destroy (GTK_WINDOW (window));
}

static void
on_leave_response (AdwMessageDialog *dialog, const char *response, gpointer data)
{
  LwWindow *window = LW_WINDOW (data);
  GFile    *file = lw_session_get_file (lw_window_get_session (window));

  if (g_str_equal (response, "discard"))
    {
      /* The dialog outlives the window by a little, and would look for it when it goes. */
      gtk_window_set_transient_for (GTK_WINDOW (dialog), NULL);
      leave (window);
    }
  else if (g_str_equal (response, "save") && file != NULL)
    save_to (window, file, TRUE);
  else if (g_str_equal (response, "save"))
    ask_for_name (window, TRUE);
}

static void
ask_to_leave (LwWindow *window, const char *heading, const char *body)
{
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (GTK_WINDOW (window), heading, body));

  adw_message_dialog_add_responses (dialog, "cancel", _("_Cancel"), "discard", _("_Discard"), "save", _("_Save"),
                                    NULL);
  adw_message_dialog_set_response_appearance (dialog, "discard", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_response_appearance (dialog, "save", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (dialog, "save");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_leave_response), window, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
act_discard (GSimpleAction *action, GVariant *parameter, gpointer window)
{
  if (lw_session_is_modified (lw_window_get_session (window)))
    ask_to_leave (window, _("Discard what is not saved?"),
                  _("The model and its runs will not come back the next time Layerwise starts."));
  else
    leave (window);
}

void
lw_files_ask_without_keeping (LwWindow *window, const GError *error)
{
  g_autofree char *body = g_strdup_printf (_("It could not be kept for the next time: %s"), error->message);

  ask_to_leave (window, _("Save what it has learned?"), body);
}

void
lw_files_add_actions (LwWindow *window)
{
  static const GActionEntry entries[] = {
    { "open", act_open, NULL, NULL, NULL, { 0 } },
    { "save", act_save, NULL, NULL, NULL, { 0 } },
    { "save-as", act_save_as, NULL, NULL, NULL, { 0 } },
    { "discard", act_discard, NULL, NULL, NULL, { 0 } },
  };

  g_action_map_add_action_entries (G_ACTION_MAP (window), entries, G_N_ELEMENTS (entries), window);
}
