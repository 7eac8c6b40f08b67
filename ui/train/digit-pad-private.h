#pragma once

#include "ui/train/digit-pad.h"

/* What the parts of LwDigitPad share: digit-pad.c draws it and tells of it, digit-pad-strokes.c has the hand,
 * digit-pad-pictures.c what comes in ready. */

G_BEGIN_DECLS

struct _LwDigitPad {
  GtkWidget       parent_instance;

  /* owned */
  LwDigitRaster  *raster;
  GtkWidget      *menu;
  GCancellable   *loading;

  gboolean        centre;
  gboolean        erasing;
  gboolean        empty;
  gboolean        can_undo;
  guint           tick;

  gboolean        drawing; /* a stroke of pointer, finger or pen */
  double          start_x, start_y;
  guint32         last_time;

  double          pen_x, pen_y; /* where the keyboard's pen is, in the unit square */
  gboolean        focused;
  gboolean        pen_down;
  gboolean        space_held;
  gboolean        moved_while_held;
};

/* The square within the widget, and its corner, in the widget's px. */
double lw_digit_pad_get_side           (LwDigitPad *self);
void   lw_digit_pad_get_corner         (LwDigitPad *self, double *left, double *top);

/* After the raster has changed: properties, actions, the "changed" of the frame to come. */
void   lw_digit_pad_drawing_changed    (LwDigitPad *self);
void   lw_digit_pad_fail               (LwDigitPad *self, const char *sentence);

/* digit-pad-strokes.c */
void   lw_digit_pad_add_strokes        (LwDigitPad *self);
void   lw_digit_pad_lift_pen           (LwDigitPad *self);
/* Where the keyboard's pen is, for the accessible description. */
void   lw_digit_pad_tell_pen           (LwDigitPad *self);

/* digit-pad-pictures.c */
void   lw_digit_pad_class_add_pictures (GtkWidgetClass *widget_class);
void   lw_digit_pad_add_pictures       (LwDigitPad *self);
/* What is still being read comes too late. */
void   lw_digit_pad_stop_loading       (LwDigitPad *self);

G_END_DECLS
