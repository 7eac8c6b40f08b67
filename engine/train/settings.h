#pragma once

#include <glib.h>

/* LwRunSettings: how a run goes through the data; a plain value. What the model is compiled with
 * (optimizer, loss) is in its LwModelSpec. */

G_BEGIN_DECLS

typedef enum {
  LW_VALIDATION_NONE,
  LW_VALIDATION_TEST,     /* the data set's test images */
  LW_VALIDATION_FRACTION, /* the last `fraction` of the training images */
} LwValidation;

typedef struct {
  guint        epochs;     /* 1 to 10,000 */
  guint        batch_size; /* 1 to 4,096 */
  guint        shuffle;    /* shuffle buffer; 0 keeps the order, G_MAXUINT the whole training set */
  guint64      seed;
  LwValidation validation;
  double       fraction;   /* 0 < fraction < 1, for LW_VALIDATION_FRACTION */
  guint        patience;   /* early stopping: the run ends when so many epochs in a row (1 to 1,000) have brought no
                            * lower validation loss than the best; 0 for never. Keras' EarlyStopping with
                            * monitor="val_loss", min_delta=0. */
  gboolean     keep_best;  /* a run that ends leaves the weights of the epoch with the lowest validation loss:
                            * restore_best_weights */
  guint        threads;    /* 1 to 256; 0: all processors. It changes no result. */
} LwRunSettings;

/* 5 epochs, batch 32, a shuffle buffer of everything, seed 1, validation on the test images, no early stopping, the last
 * weights, all processors. */
#define LW_RUN_SETTINGS_STANDARD                                                                   \
  ((LwRunSettings) { 5, 32, G_MAXUINT, 1, LW_VALIDATION_TEST, 0.1, 0, FALSE, 0 })

/* Of n_images training images, how many train (the others validate), and in how many batches. */
gsize lw_run_settings_get_n_training      (const LwRunSettings *settings, gsize n_images);
guint lw_run_settings_get_steps_per_epoch (const LwRunSettings *settings, gsize n_images);

G_END_DECLS
