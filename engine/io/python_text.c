#include "engine/io/python_text.h"

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
lw_python_append_comment (GString *python, const char *text)
{
  append (python, text, FALSE);
}
