#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

/* LwSettingsRows: Optimizer, Loss and Run under the stack of layers, each with its value; a click
 * opens the popover that sets it (see spec-popover.h and run-popover.h for the actions). What is suspicious
 * about a value is hinted at by a sign in its row, and told in its popover with what mends it, which
 * asks for "model.apply-hint". */

G_BEGIN_DECLS

#define LW_TYPE_SETTINGS_ROWS (lw_settings_rows_get_type ())
G_DECLARE_FINAL_TYPE (LwSettingsRows, lw_settings_rows, LW, SETTINGS_ROWS, GtkWidget)

typedef enum {
  LW_SETTINGS_OPTIMIZER,
  LW_SETTINGS_LOSS,
  LW_SETTINGS_RUN,
} LwSettingsRow;

GtkWidget *lw_settings_rows_new           (void);
void       lw_settings_rows_set_model     (LwSettingsRows *self, LwModelSpec *model);
void       lw_settings_rows_set_settings  (LwSettingsRows *self, const LwRunSettings *settings);
void       lw_settings_rows_set_data_size (LwSettingsRows *self, guint n_images);

void       lw_settings_rows_open          (LwSettingsRows *self, LwSettingsRow row);
GtkWidget *lw_settings_rows_get_row       (LwSettingsRows *self, LwSettingsRow row);
GtkWidget *lw_settings_rows_get_popover   (LwSettingsRows *self, LwSettingsRow row);

/* A ring in the accent colour around a row: something happens there. */
void       lw_settings_rows_set_lit       (LwSettingsRows *self, LwSettingsRow row, gboolean lit);

G_END_DECLS
