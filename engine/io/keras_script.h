#pragma once

#include "engine/nn/model_spec.h"
#include "engine/train/settings.h"

/* A model, how it is compiled and how it is trained, as a Python program for Keras 3 that runs as it
 * stands. What a parameter has by default in Keras is not written; names are where Keras would give
 * another one. Every number is the one that the spec has, to the last bit. */

G_BEGIN_DECLS

typedef enum {
  LW_KERAS_SCRIPT_DATA = 1 << 0,     /* load and scale the images */
  LW_KERAS_SCRIPT_TRAINING = 1 << 1, /* fit and evaluate */
  LW_KERAS_SCRIPT_SAVING = 1 << 2,
  LW_KERAS_SCRIPT_SHAPES = 1 << 3,   /* each layer's output and parameters, as a comment behind it */
} LwKerasScriptParts;

#define LW_KERAS_SCRIPT_ALL                                                                                  \
  (LW_KERAS_SCRIPT_DATA | LW_KERAS_SCRIPT_TRAINING | LW_KERAS_SCRIPT_SAVING | LW_KERAS_SCRIPT_SHAPES)

typedef struct {
  LwKerasScriptParts parts;
  const char        *data_path; /* an .npz with x_train, y_train, x_test, y_test; NULL: keras.datasets.mnist */
  const char        *save_path; /* NULL: the model's name and ".keras" */
} LwKerasScriptOptions;

typedef struct {
  guint first, n; /* lines, counted from 0 */
} LwLineRange;

typedef struct {
  char        *text;     /* UTF-8, each line ends in a newline */
  guint        n_layers;
  LwLineRange *layers;   /* where each of the model's layers is, with the comment of its fault */
} LwKerasScript;

/* Never fails: a model with a fault gives a script that names it in a comment. */
LwKerasScript *lw_keras_script_new  (const LwModelSpec *model, const LwRunSettings *settings,
                                     const LwKerasScriptOptions *options) G_GNUC_WARN_UNUSED_RESULT;
void           lw_keras_script_free (LwKerasScript *script);

/* The layer on a line, or -1. */
int            lw_keras_script_get_layer_at (const LwKerasScript *script, guint line);

/* What the script saves where no path is given: "digits.keras". A name's slashes become "_", for neither
 * Keras nor a file's name takes them. Free with g_free. */
char          *lw_keras_script_get_save_path (const LwModelSpec *model) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LwKerasScript, lw_keras_script_free)

G_END_DECLS
