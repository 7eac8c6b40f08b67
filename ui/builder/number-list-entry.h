#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

/* LwNumberListEntry: a text entry for the numbers of a LIST field, parted by commas or spaces
 * ("7, 7, 16"; brackets around them are passed over). Enter, or leaving the entry, takes them over. A
 * text that is no such list, or whose numbers the field does not take, stays in the entry with a
 * sentence under it that says what is expected; Escape brings back the numbers in force.
 *
 * Signal "edited": the person gave another list. Never emitted by lw_number_list_entry_set_list(). */

G_BEGIN_DECLS

#define LW_TYPE_NUMBER_LIST_ENTRY (lw_number_list_entry_get_type ())
G_DECLARE_FINAL_TYPE (LwNumberListEntry, lw_number_list_entry, LW, NUMBER_LIST_ENTRY, GtkWidget)

/* `field` is of type LIST, is kept and must outlive the entry. */
GtkWidget   *lw_number_list_entry_new       (const LwField *field);

void         lw_number_list_entry_set_list  (LwNumberListEntry *self, const LwFieldList *list);
LwFieldList  lw_number_list_entry_get_list  (LwNumberListEntry *self);

/* What takes the focus. */
GtkWidget   *lw_number_list_entry_get_entry (LwNumberListEntry *self);

/* The sentence under the entry, NULL while what stands in it is in order. */
const char  *lw_number_list_entry_get_error (LwNumberListEntry *self);

G_END_DECLS
