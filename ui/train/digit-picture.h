#pragma once

#include <cairo.h>
#include <glib.h>

G_BEGIN_DECLS

/* The ink of a picture of a digit: CAIRO_FORMAT_A8, with no side longer than 224; the caller owns
 * it. @pixels: CAIRO_FORMAT_ARGB32, as gdk_texture_download() gives it, @stride bytes a row.
 *
 * The border tells how light the background is and how uneven; ink is what differs from it, the
 * strongest 255. So dark on light and light on dark give the same, and so does ink on transparent
 * ground. NULL when nothing differs by a tenth. */
cairo_surface_t *lw_digit_picture_ink (const guchar *pixels,
                                       int           width,
                                       int           height,
                                       gsize         stride) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
