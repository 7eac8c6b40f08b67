#include "engine/io/json_text.h"

void
lw_json_append_string (GString *json, const char *text)
{
  g_string_append_c (json, '"');
  for (const char *p = text; *p != '\0'; p++)
    {
      const guchar c = (guchar) *p;

      if (c == '"' || c == '\\')
        g_string_append_c (json, '\\');
      if (c < 0x20)
        g_string_append_printf (json, "\\u%04x", c);
      else
        g_string_append_c (json, *p);
    }
  g_string_append_c (json, '"');
}
