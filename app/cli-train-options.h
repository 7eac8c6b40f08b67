#pragma once

#include "engine/nn/spec.h"
#include "engine/train/settings.h"

/* What `layerwise-cli train` is told: the words as they were given, and what they mean. */

G_BEGIN_DECLS

#define LW_CLI_MAX_EPOCHS 10000

/* As given; NULL where not given. */
typedef struct {
  char    *preset, *model, *data, *epochs, *steps, *batch_size, *shuffle, *optimizer,
          *learning_rate, *loss, *validation, *seed, *patience, *threads, *resume, *save, *log;
  gboolean keep_best, json, quiet;
} LwTrainWords;

/* Checked. */
typedef struct {
  guint64            epochs, steps; /* 0: not given */
  guint64            batch_size;    /* 0: not given */
  guint64            shuffle;
  guint64            seed;
  guint64            patience;
  guint64            threads;       /* 0: not given */
  double             learning_rate; /* NaN: not given */
  const LwSpecClass *optimizer, *loss;
  gboolean           has_validation;
  LwValidation       validation;
  double             fraction;
} LwTrainOptions;

/* Reads and checks all that can be checked without opening a file. FALSE is wrong usage. */
gboolean lw_train_options_parse (int argc, char **argv, LwTrainWords *words,
                                 LwTrainOptions *options, GError **error);
void     lw_train_words_clear   (LwTrainWords *words);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LwTrainWords, lw_train_words_clear)

G_END_DECLS
