#pragma once

#include <glib.h>

/* Free text in a Python program: whatever it is, it stays where it is put. */

G_BEGIN_DECLS

/* Appends `text` as a string literal in double quotes. Python reads back the same characters, and of bytes
 * that are not UTF-8 what it makes of them in a file's name ("surrogateescape"). Signs that cannot be seen,
 * turn the direction of writing or end a line are written as escapes. */
void lw_python_append_string  (GString *python, const char *text);

/* Appends it without quotes, for the inside of a string: its own quotes are escaped. */
void lw_python_append_inside  (GString *python, const char *text);

/* Appends a sentence as comments, each in a line of its own behind `indent`, broken between words. What
 * would end a comment is escaped. */
void lw_python_append_comment (GString *python, const char *indent, const char *sentence);

/* Appends `indent`, `head`, "(", the arguments (char *, Python already), ")" and `tail` in one line, or, where
 * that is too long, the arguments in lines between. */
void lw_python_append_call    (GString *python, const char *indent, const char *head, GPtrArray *arguments,
                               const char *tail);

G_END_DECLS
