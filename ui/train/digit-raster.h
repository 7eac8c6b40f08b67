#pragma once

#include <cairo.h>
#include <glib.h>

G_BEGIN_DECLS

/* A drawing of one digit: strokes of a pen and an eraser, or a picture, and how they become the
 * 28×28 values that a network trained on MNIST expects. Knows nothing of widgets.
 *
 * Positions are in the unit square, x to the right and y down. What lies outside the square is
 * kept, but not seen. Every change, also a clearing, can be undone. */
typedef struct _LwDigitRaster LwDigitRaster;

#define LW_DIGIT_SIDE 28
#define LW_DIGIT_PIXELS (LW_DIGIT_SIDE * LW_DIGIT_SIDE)

/* Width of the pen and of the eraser, in the unit square. */
#define LW_DIGIT_PEN 0.08
#define LW_DIGIT_ERASER 0.16

typedef enum {
  LW_DIGIT_TOOL_PEN,
  LW_DIGIT_TOOL_ERASER,
} LwDigitTool;

LwDigitRaster *lw_digit_raster_new      (void);
void           lw_digit_raster_free     (LwDigitRaster *self);

/* Starts a stroke with a dot at (x, y), and lengthens the newest stroke. Both return TRUE when the
 * drawing changed: a position that is not finite, or too near the last one to show, is left out. */
gboolean       lw_digit_raster_begin    (LwDigitRaster *self,
                                         LwDigitTool    tool,
                                         double         x,
                                         double         y);
gboolean       lw_digit_raster_extend   (LwDigitRaster *self,
                                         double         x,
                                         double         y);

/* Replaces the drawing by the ink of a picture, see lw_digit_picture_ink(). FALSE, and no change,
 * when there is no ink in it. */
gboolean       lw_digit_raster_picture  (LwDigitRaster *self,
                                         const guchar  *pixels,
                                         int            width,
                                         int            height,
                                         gsize          stride);

/* Takes all ink away. FALSE when there was none. */
gboolean       lw_digit_raster_clear    (LwDigitRaster *self);

/* Takes back the newest stroke, picture or clearing. */
gboolean       lw_digit_raster_undo     (LwDigitRaster *self);
gboolean       lw_digit_raster_can_undo (LwDigitRaster *self);

/* TRUE when no ink can be seen, also after everything was erased. */
gboolean       lw_digit_raster_is_empty (LwDigitRaster *self);

/* Paints the ink over the unit square of @cr with the source that is set in it. */
void           lw_digit_raster_paint    (LwDigitRaster *self,
                                         cairo_t       *cr);

/* Writes the drawing as 28×28 values, row by row: 0 no ink, 1 full ink.
 *
 * Without @centre the square is only made smaller. With it, as MNIST was made (LeCun, Cortes and
 * Burges, "The MNIST database"): the ink's bounding box is scaled to fit 20×20, its aspect ratio
 * kept, and its centre of mass is put at the middle, position 14,14 of 28×28, which is index 13.5.
 * Three things differ on purpose: no ink is pushed out over the edge; a pen that the scaling would
 * make wider than 3 values is drawn thinner, because MNIST has no thicker digits; and a dot stays a
 * dot, for nothing is enlarged more than fourfold. */
void           lw_digit_raster_render   (LwDigitRaster *self,
                                         gboolean       centre,
                                         float          out[LW_DIGIT_PIXELS]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwDigitRaster, lw_digit_raster_free)

G_END_DECLS
