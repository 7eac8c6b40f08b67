#include "ui/train/digit-pad-private.h"

#include <glib/gi18n-lib.h>

/* Pictures for the pad, from files, by drag and drop and from the clipboard. */

void
lw_digit_pad_stop_loading (LwDigitPad *self)
{
  g_cancellable_cancel (self->loading);
  g_clear_object (&self->loading);
}

void
lw_digit_pad_set_texture (LwDigitPad *self, GdkTexture *texture)
{
  g_autofree guchar *pixels = NULL;
  int width, height;

  g_return_if_fail (LW_IS_DIGIT_PAD (self));
  g_return_if_fail (GDK_IS_TEXTURE (texture));

  lw_digit_pad_stop_loading (self);
  width = gdk_texture_get_width (texture);
  height = gdk_texture_get_height (texture);
  pixels = g_try_malloc_n ((gsize) width * 4, (gsize) height);
  if (pixels == NULL)
    {
      lw_digit_pad_fail (self, _("The picture is too large for this computer's memory. "
                                 "Make it smaller first."));
      return;
    }
  gdk_texture_download (texture, pixels, (gsize) width * 4);
  if (!lw_digit_raster_picture (self->raster, pixels, width, height, (gsize) width * 4))
    {
      lw_digit_pad_fail (self, _("No digit was found in the picture, because it has one colour only. "
                    "Take a picture with dark ink on a light ground, or the reverse."));
      return;
    }
  self->pen_down = FALSE;
  lw_digit_pad_drawing_changed (self);
}

static void
load_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  GdkTexture *texture = gdk_texture_new_from_file (G_FILE (task_data), &error);

  if (texture == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, texture, g_object_unref);
}

static void
loaded (GObject *object, GAsyncResult *result, gpointer user_data)
{
  LwDigitPad *self = LW_DIGIT_PAD (object);
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkTexture) texture = g_task_propagate_pointer (G_TASK (result), &error);

  if (texture != NULL)
    lw_digit_pad_set_texture (self, texture);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      GFile *file = g_task_get_task_data (G_TASK (result));
      g_autofree char *path = g_file_get_parse_name (file);
      g_autofree char *sentence = NULL;

      sentence = g_strdup_printf (_("“%s” could not be read as a picture: %s. "
                                    "Use a PNG or JPEG file."),
                                  path, error->message);
      lw_digit_pad_fail (self, sentence);
    }
}

void
lw_digit_pad_load_file (LwDigitPad *self, GFile *file)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (LW_IS_DIGIT_PAD (self));
  g_return_if_fail (G_IS_FILE (file));

  lw_digit_pad_stop_loading (self);
  self->loading = g_cancellable_new ();
  task = g_task_new (self, self->loading, loaded, NULL);
  g_task_set_source_tag (task, lw_digit_pad_load_file);
  g_task_set_task_data (task, g_object_ref (file), g_object_unref);
  g_task_run_in_thread (task, load_in_thread);
}

static gboolean
dropped (GtkDropTarget *target, const GValue *value, double x, double y, LwDigitPad *self)
{
  if (G_VALUE_HOLDS (value, GDK_TYPE_TEXTURE))
    lw_digit_pad_set_texture (self, g_value_get_object (value));
  else if (G_VALUE_HOLDS (value, G_TYPE_FILE))
    lw_digit_pad_load_file (self, g_value_get_object (value));
  else if (G_VALUE_HOLDS (value, GDK_TYPE_FILE_LIST))
    {
      g_autoptr (GSList) files = gdk_file_list_get_files (g_value_get_boxed (value));

      if (files == NULL)
        return FALSE;
      lw_digit_pad_load_file (self, files->data);
    }
  else
    return FALSE;
  return TRUE;
}

static void
pasted (GObject *clipboard, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LwDigitPad) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkTexture) texture = NULL;

  texture = gdk_clipboard_read_texture_finish (GDK_CLIPBOARD (clipboard), result, &error);
  if (texture != NULL)
    lw_digit_pad_set_texture (self, texture);
  else
    lw_digit_pad_fail (self, _("There is no picture on the clipboard. Copy one first."));
}

static void
paste_action (GtkWidget *widget, const char *action, GVariant *parameter)
{
  gdk_clipboard_read_texture_async (gtk_widget_get_clipboard (widget), NULL, pasted,
                                    g_object_ref (widget));
}

void
lw_digit_pad_class_add_pictures (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "pad.paste", NULL, paste_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_v, GDK_CONTROL_MASK, "pad.paste",
                                       NULL);
}

void
lw_digit_pad_add_pictures (LwDigitPad *self)
{
  GtkDropTarget *drop = gtk_drop_target_new (G_TYPE_INVALID, GDK_ACTION_COPY);
  GType types[] = { GDK_TYPE_TEXTURE, GDK_TYPE_FILE_LIST, G_TYPE_FILE };

  gtk_drop_target_set_gtypes (drop, types, G_N_ELEMENTS (types));
  g_signal_connect (drop, "drop", G_CALLBACK (dropped), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drop));
}
