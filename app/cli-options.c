#include "app/cli-options.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/error.h"
#include "engine/data/idx.h"
#include "engine/io/keras_archive.h"

char **
lw_cli_parse (const LwCliSyntax *syntax, int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (syntax->words);
  g_autofree char           *title = g_strconcat ("layerwise-cli ", syntax->command, NULL);
  char                     **words = g_new0 (char *, (gsize) argc + 1);

  g_set_prgname (title);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, syntax->summary);
  g_option_context_set_description (context, syntax->description);
  if (syntax->entries != NULL)
    g_option_context_add_main_entries (context, syntax->entries, GETTEXT_PACKAGE);

  for (int i = 0; i < argc; i++)
    words[i] = g_strdup (argv[i]);
  if (!g_option_context_parse_strv (context, &words, error))
    {
      g_strfreev (words);
      return NULL;
    }

  /* The command itself, and a "--" that ended the options. */
  for (int i = 0, n = 0; words[i] != NULL; i++)
    {
      char *word = words[i];

      words[i] = NULL;
      if (i == 0 || (strcmp (word, "--") == 0 && n == 0))
        g_free (word);
      else
        words[n++] = word;
    }
  if (g_strv_length (words) > syntax->n_words)
    {
      lw_cli_set_usage_error (error, _("%s does not know what “%s” is for"), syntax->command,
                              words[syntax->n_words]);
      g_strfreev (words);
      return NULL;
    }
  return words;
}

int
lw_cli_fail (const char *command, GError *error)
{
  const gboolean   is_usage = error->domain == G_OPTION_ERROR;
  g_autofree char *sentence = g_strdup (error->message);
  gsize            length = strlen (sentence);

  g_error_free (error);
  /* One line, whatever a file's name may hold. */
  g_strdelimit (sentence, "\n\r", ' ');
  if (!is_usage)
    {
      g_printerr ("layerwise-cli: %s\n", sentence);
      return 1;
    }
  if (length > 0 && sentence[length - 1] == '.')
    sentence[length - 1] = '\0';
  g_printerr (_("layerwise-cli: %s; see layerwise-cli %s%s--help\n"), sentence,
              command != NULL ? command : "", command != NULL ? " " : "");
  return 2;
}

void
lw_cli_set_usage_error (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error != NULL)
    *error = g_error_new_valist (G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, arguments);
  va_end (arguments);
}

gboolean
lw_cli_get_whole (const char *option, const char *text, guint64 minimum, guint64 maximum,
                  guint64 *value, GError **error)
{
  if (g_ascii_string_to_unsigned (text, 10, minimum, maximum, value, NULL))
    return TRUE;
  lw_cli_set_usage_error (error,
                          _("%s takes a whole number from %" PRIu64 " to %" PRIu64 ", not “%s”"),
                          option, minimum, maximum, text);
  return FALSE;
}

gboolean
lw_cli_get_real (const char *option, const char *text, double *value, GError **error)
{
  char *end = NULL;

  *value = g_ascii_strtod (text, &end);
  if (*text != '\0' && !g_ascii_isspace (*text) && *end == '\0' && isfinite (*value))
    return TRUE;
  lw_cli_set_usage_error (error, _("%s takes a number such as 0.001, not “%s”"), option, text);
  return FALSE;
}

LwModelSpec *
lw_cli_get_preset (const char *name, GError **error)
{
  LwModelSpec     *model = lw_model_spec_new_preset (name);
  g_autofree char *names = NULL;

  if (model != NULL)
    return model;
  names = g_strjoinv (", ", (char **) lw_model_spec_get_presets ());
  lw_cli_set_usage_error (error, _("there is no preset “%s”; choose one of %s"), name, names);
  return NULL;
}

/* `format` has two %s: the word and the names there are. */
static const LwSpecClass *
find_class (const LwSpecClass *const *classes, const char *name, const char *format, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; classes[i] != NULL; i++)
    {
      if (g_ascii_strcasecmp (classes[i]->class_name, name) == 0
          || g_ascii_strcasecmp (classes[i]->snake_name, name) == 0)
        return classes[i];
      g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", classes[i]->class_name);
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  lw_cli_set_usage_error (error, format, name, names->str);
#pragma GCC diagnostic pop
  return NULL;
}

const LwSpecClass *
lw_cli_get_optimizer (const char *name, GError **error)
{
  return find_class (lw_optimizer_classes (), name,
                     _("there is no optimizer “%s”; choose one of %s"), error);
}

const LwSpecClass *
lw_cli_get_loss (const char *name, GError **error)
{
  return find_class (lw_loss_classes (), name, _("there is no loss “%s”; choose one of %s"),
                     error);
}

/* Whether the file starts as a ZIP archive does, whatever its name. */
static gboolean
is_zip (const char *path)
{
  int      fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  char     magic[2] = { 0 };
  gboolean result;

  if (fd < 0)
    return FALSE;
  result = read (fd, magic, sizeof magic) == sizeof magic && magic[0] == 'P' && magic[1] == 'K';
  close (fd);
  return result;
}

LwImages *
lw_cli_load_images (const char *data, GError **error)
{
  g_autofree char *display = NULL;

  if (data == NULL || strcmp (data, "mnist") == 0)
    {
      g_autofree char *path = lw_images_find_mnist ();

      return lw_images_load (path, error);
    }
  if (g_str_has_suffix (data, ".npz") || is_zip (data) || lw_idx_detect (data))
    return lw_images_load (data, error);

  display = g_filename_display_name (data);
  g_set_error (error, LW_ERROR, LW_ERROR_UNSUPPORTED,
               _("The data %s cannot be read: this version reads mnist, an .npz file with the arrays "
                 "x_train, y_train, x_test and y_test, and one of MNIST's IDX files beside its siblings"),
               display);
  return NULL;
}

LwRun *
lw_cli_load_run (const char *path, GError **error)
{
  g_autoptr (LwRun) run = lw_keras_archive_load (path, error);

  if (run == NULL)
    return NULL;
  if (run->state == NULL)
    {
      g_autofree char *display = g_filename_display_name (path);
      const LwFault   *fault = lw_model_spec_get_fault (run->model);

      g_set_error (error, LW_ERROR, LW_ERROR_STATE,
                   _("%s has no weights, since its model cannot be trained yet: %s"), display,
                   fault != NULL ? fault->message : "?");
      return NULL;
    }
  return g_steal_pointer (&run);
}

GString *
lw_cli_json_begin (void)
{
  return g_string_new ("{");
}

static void
add_key (GString *json, const char *key)
{
  if (json->len > 1)
    g_string_append (json, ", ");
  g_string_append_printf (json, "\"%s\": ", key);
}

void
lw_cli_json_add_real (GString *json, const char *key, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  add_key (json, key);
  if (!isfinite (value))
    {
      g_string_append (json, "null");
      return;
    }
  for (int digits = 1; digits <= 17; digits++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%dg", digits);
      g_ascii_formatd (number, sizeof number, format, value);
      if (g_ascii_strtod (number, NULL) == value)
        break;
    }
  g_string_append (json, number);
}

void
lw_cli_json_add_whole (GString *json, const char *key, guint64 value)
{
  add_key (json, key);
  g_string_append_printf (json, "%" PRIu64, value);
}

void
lw_cli_json_add_boolean (GString *json, const char *key, gboolean value)
{
  add_key (json, key);
  g_string_append (json, value ? "true" : "false");
}

void
lw_cli_json_add_string (GString *json, const char *key, const char *value)
{
  add_key (json, key);
  if (value == NULL)
    {
      g_string_append (json, "null");
      return;
    }
  g_string_append_c (json, '"');
  for (const char *at = value; *at != '\0'; at++)
    if (*at == '"' || *at == '\\')
      g_string_append_printf (json, "\\%c", *at);
    else if ((guchar) *at < 0x20)
      g_string_append_printf (json, "\\u%04x", (guint) *at);
    else
      g_string_append_c (json, *at);
  g_string_append_c (json, '"');
}

gboolean
lw_cli_json_print (GString *json, GError **error)
{
  g_string_append (json, "}\n");
  fputs (json->str, stdout);
  return lw_cli_flush (error);
}

gboolean
lw_cli_flush (GError **error)
{
  int code;

  errno = 0;
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;
  code = errno != 0 ? errno : EIO;
  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code),
               _("The result could not be written to the standard output: %s"), g_strerror (code));
  return FALSE;
}
