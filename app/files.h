#pragma once

#include "app/window.h"

/* Opening and saving from a window: file dialogs, and what to say when it does not work. The window's actions:
 *   open
 *   save, save-as   the first asks for a name the first time
 *   discard         closes the window for good, with all that is not saved, once the person has said so */

G_BEGIN_DECLS

void     lw_files_add_actions (LwWindow *window);

void     lw_files_open_file (LwWindow *window, GFile *file);
/* Asks where to, and writes the text there; `name` is proposed. */
void     lw_files_save_text (LwWindow *window, const char *name, const char *text);

/* The window was to be closed, but its unsaved work cannot be kept for the next time: what now? */
void     lw_files_ask_without_keeping (LwWindow *window, const GError *error);

G_END_DECLS
