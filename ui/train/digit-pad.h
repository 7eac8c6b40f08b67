#pragma once

#include <gtk/gtk.h>

#include "ui/train/digit-raster.h"

G_BEGIN_DECLS

/* A square on which a person draws a digit with pointer, finger or pen; the pen's other end erases.
 * A picture can be dropped or pasted. From the keyboard: the arrow keys move the pen (with Shift in
 * small steps), Space puts it down and lifts it, or draws for as long as it is held; Delete clears.
 * Drawing with the pointer leaves the keyboard focus where it is.
 *
 * Properties: "empty" and "can-undo" (read only), "erasing", "centre" (TRUE at first; see
 * lw_digit_raster_render()).
 * Signals:
 *   "changed"          the 28×28 image changed; at most once a frame, also during a stroke;
 *   "failed" (char *)  a picture could not be used; the sentence says why.
 * Actions, for menus inside it: pad.undo, pad.clear, pad.paste, pad.erasing, pad.centre. */
#define LW_TYPE_DIGIT_PAD (lw_digit_pad_get_type ())
G_DECLARE_FINAL_TYPE (LwDigitPad, lw_digit_pad, LW, DIGIT_PAD, GtkWidget)

GtkWidget *lw_digit_pad_new          (void);

/* The drawing as 784 values, 0 no ink to 1 full ink; all 0 when the pad is empty. */
void       lw_digit_pad_get_image    (LwDigitPad   *self,
                                      float         out[LW_DIGIT_PIXELS]);

void       lw_digit_pad_undo         (LwDigitPad   *self);
void       lw_digit_pad_clear        (LwDigitPad   *self);

/* Replaces the drawing by a picture, see lw_digit_raster_picture(). */
void       lw_digit_pad_set_texture  (LwDigitPad   *self,
                                      GdkTexture   *texture);

/* Reads a picture file in a thread, then as lw_digit_pad_set_texture(); unless the person draws
 * or clears meanwhile, which is the newer wish. */
void       lw_digit_pad_load_file    (LwDigitPad   *self,
                                      GFile        *file);

gboolean   lw_digit_pad_get_empty    (LwDigitPad   *self);
gboolean   lw_digit_pad_get_can_undo (LwDigitPad   *self);
gboolean   lw_digit_pad_get_erasing  (LwDigitPad   *self);
void       lw_digit_pad_set_erasing  (LwDigitPad   *self,
                                      gboolean      erasing);
gboolean   lw_digit_pad_get_centre   (LwDigitPad   *self);
void       lw_digit_pad_set_centre   (LwDigitPad   *self,
                                      gboolean      centre);

G_END_DECLS
