#pragma once

#include <gtk/gtk.h>

#include "ui/train/digit-raster.h"

G_BEGIN_DECLS

/* "Test digits": up to 18 images of the test data, three rows of six, each with the model's guess.
 * One can be selected; the arrow keys move, Escape selects none.
 *
 * Properties: "note", what stands at the right of the heading, "98.3 % of 10,000 right";
 * "selected", the position of the selected tile or -1; "compact", two rows; "narrow", five columns.
 * Signal "activated" (int position): a tile was clicked, or chosen with Enter. */
#define LW_TYPE_TEST_STRIP (lw_test_strip_get_type ())
G_DECLARE_FINAL_TYPE (LwTestStrip, lw_test_strip, LW, TEST_STRIP, GtkWidget)

#define LW_TEST_STRIP_MAX 18

GtkWidget  *lw_test_strip_new          (void);

/* @pixels: @n images of 784 bytes, 0 no ink, copied. @labels: @n right answers, -1 or NULL when
 * unknown. @indices: @n places in the test data; NULL counts from 0. More than LW_TEST_STRIP_MAX
 * are left out. Selects none, and forgets the guesses. */
void        lw_test_strip_set_images   (LwTestStrip  *self,
                                        const guint8 *pixels,
                                        const int    *labels,
                                        const guint  *indices,
                                        gsize         n);

/* @guesses: one for each image that was set, -1 where there is none; NULL forgets all. */
void        lw_test_strip_set_guesses  (LwTestStrip  *self,
                                        const int    *guesses);

gsize       lw_test_strip_get_n_images (LwTestStrip  *self);

/* The image, right answer and place of the tile at @position; FALSE when there is none. Each of the
 * out parameters may be NULL. */
gboolean    lw_test_strip_get_image    (LwTestStrip  *self,
                                        int           position,
                                        float        *image,
                                        int          *label,
                                        guint        *index);

/* What stands under the tile at @position; the strip owns it. NULL when there is none. */
const char *lw_test_strip_get_caption  (LwTestStrip  *self,
                                        int           position);

int         lw_test_strip_get_selected (LwTestStrip  *self);
void        lw_test_strip_set_selected (LwTestStrip  *self,
                                        int           position);
const char *lw_test_strip_get_note     (LwTestStrip  *self);
void        lw_test_strip_set_note     (LwTestStrip  *self,
                                        const char   *note);
gboolean    lw_test_strip_get_compact  (LwTestStrip  *self);
void        lw_test_strip_set_compact  (LwTestStrip  *self,
                                        gboolean      compact);
gboolean    lw_test_strip_get_narrow   (LwTestStrip  *self);
void        lw_test_strip_set_narrow   (LwTestStrip  *self,
                                        gboolean      narrow);

G_END_DECLS
