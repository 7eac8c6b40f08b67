#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The card in front of empty charts: "Press Space to train", what that will do, and the keys. It takes
 * no clicks, and fades out when there is something to see. CSS class of the card: train-hint. */
#define LW_TYPE_TRAIN_HINT (lw_train_hint_get_type ())
G_DECLARE_FINAL_TYPE (LwTrainHint, lw_train_hint, LW, TRAIN_HINT, GtkWidget)

GtkWidget *lw_train_hint_new          (void);

/* "5 epochs over 60,000 handwritten digits, about 25 seconds on this computer."; NULL, as at first,
 * takes the card away. */
void       lw_train_hint_set_sentence (LwTrainHint *self,
                                       const char  *sentence);

G_END_DECLS
