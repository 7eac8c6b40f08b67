#pragma once

#include <gtk/gtk.h>

#include "ui/train/digit-raster.h"

G_BEGIN_DECLS

/* The Train page's right pane: a pad to draw a digit on, what the model sees of it, its answer with
 * the ten probabilities, and a strip of test digits. It asks nobody itself: after "image-changed"
 * the owner takes the image, has the model answer, and hands the probabilities back.
 *
 * Properties:
 *   "compact"  bars 15 px high and two rows of tiles, for a window below 700 px height;
 *   "narrow"   room for 256 px: "Centre it" is in the pad's menu only, five tiles stand in a row.
 * Signals:
 *   "image-changed"    there is another image to ask about, or none any more; at most once a frame;
 *   "failed" (char *)  a dropped or pasted picture could not be used; the sentence says why. */
#define LW_TYPE_PREDICT_PANE (lw_predict_pane_get_type ())
G_DECLARE_FINAL_TYPE (LwPredictPane, lw_predict_pane, LW, PREDICT_PANE, GtkWidget)

typedef enum {
  LW_PREDICT_UNTRAINED, /* the weights are random: the answer is a guess */
  LW_PREDICT_READY,
  LW_PREDICT_FAULT,     /* the model cannot be built: no answer */
  LW_PREDICT_EMPTY,     /* there is no model yet: no answer either */
} LwPredictState;

GtkWidget     *lw_predict_pane_new               (void);

/* The image to ask about: the selected test digit's, else the pad's. 784 values, row by row, 0 no
 * ink to 1 full ink. FALSE, and @out untouched, when there is nothing to ask: the pad is empty and
 * no test digit selected, or the model has a fault or no layers. */
gboolean       lw_predict_pane_get_image         (LwPredictPane  *self,
                                                  float           out[LW_DIGIT_PIXELS]);

/* The answer for the image above: ten probabilities, or NULL for none. An answer that comes when
 * there is nothing to ask any more is not shown. @from_training: the weights changed rather than
 * the image, so the bars move to their new lengths in 120 ms. */
void           lw_predict_pane_set_probabilities (LwPredictPane  *self,
                                                  const float    *probabilities,
                                                  gboolean        from_training);

/* As lw_test_strip_set_images() and lw_test_strip_set_guesses(). */
void           lw_predict_pane_set_test_images   (LwPredictPane  *self,
                                                  const guint8   *pixels,
                                                  const int      *labels,
                                                  const guint    *indices,
                                                  gsize           n);
void           lw_predict_pane_set_test_guesses  (LwPredictPane  *self,
                                                  const int      *guesses);

/* The words at the right of "Test digits": "untrained", "98.3 % of 10,000 right". */
void           lw_predict_pane_set_note          (LwPredictPane  *self,
                                                  const char     *note);

/* LW_PREDICT_FAULT and LW_PREDICT_EMPTY take the answer and the guesses away; leaving them emits
 * "image-changed" when there is something to ask. */
void           lw_predict_pane_set_state         (LwPredictPane  *self,
                                                  LwPredictState  state);
LwPredictState lw_predict_pane_get_state         (LwPredictPane  *self);

gboolean       lw_predict_pane_get_compact       (LwPredictPane  *self);
void           lw_predict_pane_set_compact       (LwPredictPane  *self,
                                                  gboolean        compact);
gboolean       lw_predict_pane_get_narrow        (LwPredictPane  *self);
void           lw_predict_pane_set_narrow        (LwPredictPane  *self,
                                                  gboolean        narrow);

G_END_DECLS
