#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where the templates of ui.gresource.xml are found. */
#define LW_UI_RESOURCE_PREFIX "/io/github/layerwise/Layerwise/ui"

/* Makes the templates known. Call it in the class_init of every widget that has one: the linker
 * drops the bundle from a static library of which nothing is named. */
void lw_ui_resources_ensure (void);

G_END_DECLS
