#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

G_BEGIN_DECLS

/* The Code page: the model, its compile settings and its data as a Keras script, and beside it what the
 * script is to have. It asks by the actions "win.copy-script" and "win.save-script-as"; whoever answers
 * takes the script from lw_code_page_get_text(). With little room the settings become a flap.
 *
 * Properties:
 *   "selected-layer"  the layer whose lines are marked, -1 for none; a click on a layer's line, or the
 *                     cursor in it, selects that layer
 *   "show-settings"   whether the settings are seen */
#define LW_TYPE_CODE_PAGE (lw_code_page_get_type ())
G_DECLARE_FINAL_TYPE (LwCodePage, lw_code_page, LW, CODE_PAGE, GtkWidget)

GtkWidget *lw_code_page_new                (void);

void       lw_code_page_set_model          (LwCodePage          *self,
                                            LwModelSpec         *model);
void       lw_code_page_set_settings       (LwCodePage          *self,
                                            const LwRunSettings *settings);
/* What the data is called, and the .npz that the script loads it from; NULL for MNIST. */
void       lw_code_page_set_data           (LwCodePage          *self,
                                            const char          *name,
                                            const char          *path);
/* The file that the script saves ("digits.keras"); NULL: it is called after the model. */
void       lw_code_page_set_save_path      (LwCodePage          *self,
                                            const char          *path);

/* The script as it is seen. Free with g_free. */
char      *lw_code_page_get_text           (LwCodePage          *self);
/* What a file with it may be called: "digits.py". Free with g_free. */
char      *lw_code_page_get_file_name      (LwCodePage          *self);

int        lw_code_page_get_selected_layer (LwCodePage          *self);
void       lw_code_page_set_selected_layer (LwCodePage          *self,
                                            int                  layer);
gboolean   lw_code_page_get_show_settings  (LwCodePage          *self);
void       lw_code_page_set_show_settings  (LwCodePage          *self,
                                            gboolean             show);

/* Puts the focus on the script. */
void       lw_code_page_grab_text_focus    (LwCodePage          *self);
/* The LwCodeView; the switch of a part of the script. */
GtkWidget *lw_code_page_get_view           (LwCodePage          *self);
GtkWidget *lw_code_page_get_switch         (LwCodePage          *self,
                                            LwKerasScriptParts   part);

G_END_DECLS
