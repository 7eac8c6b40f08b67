#pragma once

#include <gtk/gtk.h>

#include "ui/train/digit-raster.h"

G_BEGIN_DECLS

/* A 28×28 image, each value a square: ink in the foreground colour on the view's background.
 * Square: as high as it is wide. The owner gives the accessible label; the role is img. */
#define LW_TYPE_DIGIT_PREVIEW (lw_digit_preview_get_type ())
G_DECLARE_FINAL_TYPE (LwDigitPreview, lw_digit_preview, LW, DIGIT_PREVIEW, GtkWidget)

GtkWidget *lw_digit_preview_new       (void);

/* Smallest and natural side in px, without the border of 1 px. */
void       lw_digit_preview_set_size  (LwDigitPreview *self,
                                       int             minimum,
                                       int             natural);

/* @image: 784 values, 0 no ink to 1 full ink, copied; or NULL for no image. Values outside are
 * clamped, and what is not a number is 0. */
void       lw_digit_preview_set_image (LwDigitPreview *self,
                                       const float    *image);

/* FALSE when no image is set; @out may be NULL. */
gboolean   lw_digit_preview_get_image (LwDigitPreview *self,
                                       float           out[LW_DIGIT_PIXELS]);

G_END_DECLS
