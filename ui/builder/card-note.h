#pragma once

#include <gtk/gtk.h>

/* LwCardNote: a sentence about what is wrong or suspicious, with an icon, and buttons that mend it. Hidden
 * while there is nothing to say.
 *
 * Signal "chosen" (guint button): the button of that number, from 0, was clicked. */

G_BEGIN_DECLS

typedef enum {
  LW_NOTE_FAULT, /* red, the first button is the suggested one */
  LW_NOTE_HINT,  /* in the colour of warnings */
} LwNoteKind;

#define LW_TYPE_CARD_NOTE (lw_card_note_get_type ())
G_DECLARE_FINAL_TYPE (LwCardNote, lw_card_note, LW, CARD_NOTE, GtkWidget)

GtkWidget  *lw_card_note_new         (void);

/* `message` NULL: nothing to say. `labels` of the buttons, NULL-terminated, or NULL. */
void        lw_card_note_set         (LwCardNote        *self,
                                      LwNoteKind         kind,
                                      const char        *message,
                                      const char *const *labels);

/* The sentence, or NULL. */
const char *lw_card_note_get_message (LwCardNote *self);
LwNoteKind  lw_card_note_get_kind    (LwCardNote *self);
/* The first button, or NULL. */
GtkWidget  *lw_card_note_get_button  (LwCardNote *self);

G_END_DECLS
