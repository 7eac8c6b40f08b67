#pragma once

#include "app/window.h"

G_BEGIN_DECLS

#define LW_TYPE_APPLICATION (lw_application_get_type ())
G_DECLARE_FINAL_TYPE (LwApplication, lw_application, LW, APPLICATION, AdwApplication)

LwApplication *lw_application_new        (void);
/* A window with a model that nothing has happened to yet. */
LwWindow      *lw_application_new_window (LwApplication *self);

G_END_DECLS
