#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Which parts of a Python program are coloured. Names that are no keywords, and signs, are not. */
typedef enum {
  LW_PYTHON_KEYWORD,
  LW_PYTHON_STRING,
  LW_PYTHON_NUMBER,
  LW_PYTHON_COMMENT,
  LW_PYTHON_N_KINDS
} LwPythonKind;

/* @start and @end are bytes of the text. */
typedef void (*LwPythonFunc) (LwPythonKind kind,
                              gsize        start,
                              gsize        end,
                              gpointer     data);

/* Calls @func for each such part of @text (UTF-8), in order. What is not Python gives parts as well, which
 * do not overlap; a string without an end goes to the end of its line, one in triple quotes to that of the
 * text. */
void lw_python_scan (const char  *text,
                     LwPythonFunc func,
                     gpointer     data);

G_END_DECLS
