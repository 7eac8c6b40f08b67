#pragma once

#include <gtk/gtk.h>

#include "engine/engine.h"

/* LwLayerEditor: the fields of one layer, or of the input, in two columns, made from its class.
 * Every change is asked for at once: "model.set-field", "model.rename-layer", "model.set-input". */

G_BEGIN_DECLS

#define LW_TYPE_LAYER_EDITOR (lw_layer_editor_get_type ())
G_DECLARE_FINAL_TYPE (LwLayerEditor, lw_layer_editor, LW, LAYER_EDITOR, GtkWidget)

/* For layers of a class, or for the model's input if `klass` is NULL. */
GtkWidget *lw_layer_editor_new       (const LwSpecClass *klass);

/* Shows a layer of that class, or the input's shape. Controls that show the value already are left
 * alone, so that nobody is disturbed while typing. */
void       lw_layer_editor_set_layer (LwLayerEditor *self, guint index, const LwSpec *layer);
void       lw_layer_editor_set_input (LwLayerEditor *self, const LwShape *input);

/* The control for a field, or NULL; the entry for the layer's name. */
GtkWidget *lw_layer_editor_find      (LwLayerEditor *self, const char *key);
GtkWidget *lw_layer_editor_get_name_entry (LwLayerEditor *self);

G_END_DECLS
