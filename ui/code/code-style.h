#pragma once

#include <gdk/gdk.h>

#include "ui/code/python-scanner.h"

G_BEGIN_DECLS

/* How much of the accent colour lies behind the marked lines. */
#define LW_CODE_MARK_ALPHA 0.12

/* The colours of Python's parts on the view's background, with marks and without: 4.5:1 at least, and 7:1
 * where more contrast is asked for. */
void lw_code_style_get_colors (gboolean dark,
                               gboolean high_contrast,
                               GdkRGBA  colors[LW_PYTHON_N_KINDS]);

G_END_DECLS
