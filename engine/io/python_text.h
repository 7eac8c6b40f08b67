#pragma once

#include <glib.h>

/* Free text in a Python program: whatever it is, it stays where it is put. */

G_BEGIN_DECLS

/* Appends `text` as a string literal in double quotes. Python reads back the same characters, and of bytes
 * that are not UTF-8 what it makes of them in a file's name ("surrogateescape"). Signs that cannot be seen,
 * turn the direction of writing or end a line are written as escapes. */
void lw_python_append_string  (GString *python, const char *text);

/* Appends `text` without quotes, escaped in the same way, so that it neither ends a comment nor, with its
 * quotes escaped too, a docstring. */
void lw_python_append_comment (GString *python, const char *text);
void lw_python_append_inside  (GString *python, const char *text);

G_END_DECLS
