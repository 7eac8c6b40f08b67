#include "ui/code/python-scanner.h"

#include <string.h>

static const char *const keywords[] = {
  "False", "None", "True", "and", "as", "assert", "break", "class", "continue", "def", "del", "elif",
  "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
  "not", "or", "pass", "raise", "return", "try", "while", "with", "yield", NULL
};

/* Letters of other scripts count as such: they are never the beginning of anything else. */
static gboolean
is_name (char c)
{
  return g_ascii_isalnum (c) || c == '_' || (guchar) c >= 0x80;
}

static gboolean
is_keyword (const char *word,
            gsize       length)
{
  for (guint i = 0; keywords[i] != NULL; i++)
    if (strlen (keywords[i]) == length && strncmp (keywords[i], word, length) == 0)
      return TRUE;
  return FALSE;
}

static const char *
skip_string (const char *p)
{
  const char quote = *p;
  const gboolean triple = p[1] == quote && p[2] == quote;

  for (p += triple ? 3 : 1; *p != '\0'; p++)
    {
      if (*p == '\\' && p[1] != '\0')
        p++;
      else if (!triple && *p == quote)
        return p + 1;
      else if (!triple && *p == '\n')
        return p;
      else if (triple && *p == quote && p[1] == quote && p[2] == quote)
        return p + 3;
    }

  return p;
}

/* 255, 0.001, 1e-07, 5e+20, 0x1f. */
static const char *
skip_number (const char *p)
{
  for (; g_ascii_isalnum (*p) || *p == '.' || *p == '_'; p++)
    if ((*p == 'e' || *p == 'E') && (p[1] == '-' || p[1] == '+'))
      p++;

  return p;
}

void
lw_python_scan (const char  *text,
                LwPythonFunc func,
                gpointer     data)
{
  const char *p = text;

  while (*p != '\0')
    {
      const char *start = p;
      LwPythonKind kind;

      if (*p == '#')
        {
          kind = LW_PYTHON_COMMENT;
          p += strcspn (p, "\n");
        }
      else if (*p == '"' || *p == '\'')
        {
          kind = LW_PYTHON_STRING;
          p = skip_string (p);
        }
      else if (g_ascii_isdigit (*p) || (*p == '.' && g_ascii_isdigit (p[1])))
        {
          kind = LW_PYTHON_NUMBER;
          p = skip_number (p);
        }
      else if (is_name (*p))
        {
          while (is_name (*p))
            p++;
          if (!is_keyword (start, (gsize) (p - start)))
            continue;
          kind = LW_PYTHON_KEYWORD;
        }
      else
        {
          p++;
          continue;
        }

      func (kind, (gsize) (start - text), (gsize) (p - text), data);
    }
}
