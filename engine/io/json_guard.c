#include "engine/io/json_guard.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "engine/core/error.h"

/* The scanners take the place where a token begins (a string: after its quote) and return the place
 * after it, or NULL where the text is not JSON. */

static const char *
scan_string (const char *p, const char *end)
{
  while (p < end)
    {
      const guchar c = (guchar) *p++;

      if (c == '"')
        return p;
      if (c < 0x20)
        return NULL;
      if (c != '\\')
        continue;

      if (p == end)
        return NULL;
      if (*p == 'u')
        {
          if (end - p < 5 || strncmp (p, "u0000", 5) == 0)
            return NULL;
          for (int i = 1; i <= 4; i++)
            if (!g_ascii_isxdigit (p[i]))
              return NULL;
          p += 5;
        }
      else if (*p != '\0' && strchr ("\"\\/bfnrt", *p) != NULL)
        p++;
      else
        return NULL;
    }
  return NULL;
}

static const char *
scan_digits (const char *p, const char *end)
{
  const char *start = p;

  while (p < end && g_ascii_isdigit (*p))
    p++;
  return p > start ? p : NULL;
}

static const char *
scan_number (const char *p, const char *end)
{
  const char *start;
  gboolean    is_whole = TRUE;
  gsize       digits;

  if (p < end && *p == '-')
    p++;
  start = p;
  p = scan_digits (p, end);
  if (p == NULL || (*start == '0' && p - start > 1))
    return NULL;
  digits = p - start;

  if (p < end && *p == '.')
    {
      is_whole = FALSE;
      p = scan_digits (p + 1, end);
      if (p == NULL)
        return NULL;
    }
  if (p < end && (*p == 'e' || *p == 'E'))
    {
      is_whole = FALSE;
      p++;
      if (p < end && (*p == '+' || *p == '-'))
        p++;
      p = scan_digits (p, end);
      if (p == NULL)
        return NULL;
    }
  if (is_whole && digits > LW_JSON_MAX_DIGITS)
    return NULL;
  return p;
}

static const char *
scan_word (const char *p, const char *end)
{
  static const char *const words[] = { "true", "false", "null" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      const gsize length = strlen (words[i]);

      if ((gsize) (end - p) >= length && strncmp (p, words[i], length) == 0)
        return p + length;
    }
  return NULL;
}

gboolean
lw_json_guard (const char *json, gssize length, const char *what, GError **error)
{
  const gsize size = length < 0 ? strlen (json) : (gsize) length;
  const char *end = json + size;
  const char *p = json;
  const char *bad = NULL;
  guint       depth = 0;
  gboolean    is_complete = FALSE;

  if (size > LW_JSON_MAX_BYTES)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s has %zu bytes, but a model's description has at most "
                     "8 MiB; the file is damaged or of another kind."),
                   what, size);
      return FALSE;
    }
  if (!g_utf8_validate_len (json, size, &bad))
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s is not UTF-8 text at byte %zu; the file is damaged."),
                   what, (gsize) (bad - json));
      return FALSE;
    }

  while (p < end)
    {
      const char *token = p;

      if (strchr (" \t\r\n", *p) != NULL)
        {
          p++;
          continue;
        }

      if (is_complete)
        p = NULL;
      else if (*p == '{' || *p == '[')
        {
          if (++depth > LW_JSON_MAX_DEPTH)
            {
              g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                           _("%s is nested more than %d deep at byte %zu"
                             "; no model needs that, so the file is not read."),
                           what, LW_JSON_MAX_DEPTH, (gsize) (p - json));
              return FALSE;
            }
          p++;
        }
      else if (*p == '}' || *p == ']')
        {
          p = depth > 0 ? p + 1 : NULL;
          if (p != NULL)
            depth--;
        }
      else if (*p == ',' || *p == ':')
        p = depth > 0 ? p + 1 : NULL;
      else if (*p == '"')
        p = scan_string (p + 1, end);
      else if (*p == '-' || g_ascii_isdigit (*p))
        p = scan_number (p, end);
      else
        p = scan_word (p, end);

      if (p == NULL)
        {
          g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                       _("%s is not valid JSON at byte %zu"
                         "; the file is damaged."),
                       what, (gsize) (token - json));
          return FALSE;
        }
      is_complete = depth == 0;
    }

  if (!is_complete)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_FILE,
                   _("%s ends after %zu bytes in the middle of its JSON; the file "
                     "is truncated."),
                   what, size);
      return FALSE;
    }
  return TRUE;
}
