#include "engine/io/python_text.h"

#include <string.h>

#define WIDTH  76 /* columns */
#define INDENT "    "

static gboolean
is_plain (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
      return FALSE;
    default:
      return TRUE;
    }
}

static void
append_escape (GString *python, gunichar c)
{
  if (c == '\n')
    g_string_append (python, "\\n");
  else if (c == '\r')
    g_string_append (python, "\\r");
  else if (c == '\t')
    g_string_append (python, "\\t");
  else if (c < 0x100)
    g_string_append_printf (python, "\\x%02x", c);
  else if (c < 0x10000)
    g_string_append_printf (python, "\\u%04x", c);
  else
    g_string_append_printf (python, "\\U%08x", c);
}

/* `quoted`: between quotes, where a quote and a backslash mean something. */
static void
append (GString *python, const char *text, gboolean quoted)
{
  while (*text != '\0')
    {
      const gunichar c = g_utf8_get_char_validated (text, -1);

      if (c == (gunichar) -1 || c == (gunichar) -2)
        {
          g_string_append_printf (python, "\\udc%02x", (guchar) *text);
          text++;
          continue;
        }
      if (quoted && (c == '"' || c == '\\'))
        g_string_append_c (python, '\\');
      if (is_plain (c))
        g_string_append_unichar (python, c);
      else
        append_escape (python, c);
      text = g_utf8_next_char (text);
    }
}

void
lw_python_append_string (GString *python, const char *text)
{
  g_string_append_c (python, '"');
  append (python, text, TRUE);
  g_string_append_c (python, '"');
}

void
lw_python_append_inside (GString *python, const char *text)
{
  append (python, text, TRUE);
}

void
lw_python_append_comment (GString *text, const char *indent, const char *sentence)
{
  g_autoptr (GString) safe = g_string_new (NULL);
  g_auto (GStrv)      words = NULL;
  glong               width = 0;

  append (safe, sentence, FALSE);
  words = g_strsplit (safe->str, " ", -1);
  for (char **word = words; *word != NULL; word++)
    {
      const glong length = g_utf8_strlen (*word, -1);

      if (width > 0 && width + 1 + length > WIDTH)
        {
          g_string_append_c (text, '\n');
          width = 0;
        }
      if (width == 0)
        {
          g_string_append_printf (text, "%s#", indent);
          width = (glong) strlen (indent) + 1;
        }
      g_string_append_printf (text, " %s", *word);
      width += 1 + length;
    }
  g_string_append_c (text, '\n');
}

void
lw_python_append_call (GString *text, const char *indent, const char *head, GPtrArray *arguments,
                       const char *tail)
{
  g_autoptr (GString) line = g_string_new (NULL);

  g_string_append_printf (line, "%s%s(", indent, head);
  for (guint i = 0; i < arguments->len; i++)
    g_string_append_printf (line, "%s%s", i > 0 ? ", " : "", (char *) g_ptr_array_index (arguments, i));
  g_string_append_printf (line, ")%s", tail);
  if (g_utf8_strlen (line->str, -1) <= WIDTH || arguments->len == 0)
    {
      g_string_append (text, line->str);
      return;
    }

  g_string_append_printf (text, "%s%s(\n", indent, head);
  g_string_assign (line, "");
  for (guint i = 0; i < arguments->len; i++)
    {
      const char *argument = g_ptr_array_index (arguments, i);

      if (line->len > 0
          && g_utf8_strlen (line->str, -1) + g_utf8_strlen (argument, -1) + 2 > WIDTH)
        {
          g_string_append_printf (text, "%s\n", line->str);
          g_string_assign (line, "");
        }
      g_string_append_printf (line, "%s%s,", line->len == 0 ? "" : " ", argument);
      if (line->len == strlen (argument) + 1)
        {
          g_string_prepend (line, INDENT);
          g_string_prepend (line, indent);
        }
    }
  g_string_append_printf (text, "%s\n%s)%s", line->str, indent, tail);
}
