#pragma once

#include <gtk/gtk.h>

#include "ui/train/digit-raster.h"

G_BEGIN_DECLS

/* One test image with the model's guess under it, for the GtkFlowBox of LwTestStrip. A wrong guess
 * has a border, a cross and bold figures: never colour alone. */
#define LW_TYPE_TEST_TILE (lw_test_tile_get_type ())
G_DECLARE_FINAL_TYPE (LwTestTile, lw_test_tile, LW, TEST_TILE, GtkFlowBoxChild)

/* @pixels: 784 bytes, 0 no ink, copied. @label: the right answer, -1 when unknown. @index: the
 * image's place in the test data. */
GtkWidget  *lw_test_tile_new         (const guint8 *pixels,
                                      int           label,
                                      guint         index);

/* -1: no guess yet, "?". */
void        lw_test_tile_set_guess   (LwTestTile   *self,
                                      int           guess);

void        lw_test_tile_get_image   (LwTestTile   *self,
                                      float         out[LW_DIGIT_PIXELS]);
int         lw_test_tile_get_label   (LwTestTile   *self);
guint       lw_test_tile_get_index   (LwTestTile   *self);

/* What stands under the image, "7", "0 ×" or "?". */
const char *lw_test_tile_get_caption (LwTestTile   *self);

G_END_DECLS
