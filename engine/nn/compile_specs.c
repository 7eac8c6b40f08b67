#include <glib/gi18n-lib.h>
#include <string.h>

#include "engine/nn/model_spec.h"

/* The loss classes that a model can be compiled with, with Keras' keys and defaults. */

static const LwFieldValue yes = { .b = TRUE };
static const LwFieldValue no = { .b = FALSE };

static const LwFieldValue zero = { .x = 0.0 };

#define FROM_LOGITS                                                                                \
  { .key = "from_logits",                                                                          \
    .label = N_("From logits"),                                                                    \
    .type = LW_FIELD_BOOL,                                                                         \
    .standard = { .b = TRUE },                                                                     \
    .keras = &no,                                                                                  \
    .brief = N_("from probabilities"),                                                             \
    .silent = &yes }

#define LABEL_SMOOTHING                                                                            \
  { .key = "label_smoothing",                                                                      \
    .label = N_("Label smoothing"),                                                                \
    .type = LW_FIELD_FLOAT,                                                                        \
    .standard = { .x = 0.0 },                                                                      \
    .minimum = 0.0,                                                                                \
    .maximum = 1.0,                                                                                \
    .rare = TRUE,                                                                                  \
    .brief = N_("label smoothing %s"),                                                             \
    .silent = &zero }

static const LwField sparse_cross_entropy_fields[] = { FROM_LOGITS };

static const LwSpecClass sparse_cross_entropy_class = {
  .family = LW_SPEC_LOSS,
  .class_name = "SparseCategoricalCrossentropy",
  .snake_name = "sparse_categorical_crossentropy",
  .label = N_("Sparse cross-entropy"),
  .summary = N_("Compares ten scores per image with the number of the right class"),
  .fields = sparse_cross_entropy_fields,
  .n_fields = G_N_ELEMENTS (sparse_cross_entropy_fields),
};

static const LwField smoothed_cross_entropy_fields[] = { FROM_LOGITS, LABEL_SMOOTHING };

static const LwSpecClass cross_entropy_class = {
  .family = LW_SPEC_LOSS,
  .class_name = "CategoricalCrossentropy",
  .snake_name = "categorical_crossentropy",
  .label = N_("Cross-entropy"),
  .summary = N_("Compares ten scores per image with one 1 among nine 0s, which may be smoothed"),
  .fields = smoothed_cross_entropy_fields,
  .n_fields = G_N_ELEMENTS (smoothed_cross_entropy_fields),
};

static const LwSpecClass binary_cross_entropy_class = {
  .family = LW_SPEC_LOSS,
  .class_name = "BinaryCrossentropy",
  .snake_name = "binary_crossentropy",
  .label = N_("Binary cross-entropy"),
  .summary = N_("Asks of each of the ten scores by itself: this class, yes or no?"),
  .fields = smoothed_cross_entropy_fields,
  .n_fields = G_N_ELEMENTS (smoothed_cross_entropy_fields),
};

static const LwSpecClass mean_squared_error_class = {
  .family = LW_SPEC_LOSS,
  .class_name = "MeanSquaredError",
  .snake_name = "mean_squared_error",
  .label = N_("Mean squared error"),
  .summary = N_("The mean square of the differences: large ones count most"),
};

static const LwSpecClass mean_absolute_error_class = {
  .family = LW_SPEC_LOSS,
  .class_name = "MeanAbsoluteError",
  .snake_name = "mean_absolute_error",
  .label = N_("Mean absolute error"),
  .summary = N_("The mean size of the differences: all count as they are"),
};

static const LwField huber_fields[] = {
  { .key = "delta",
    .label = N_("Delta"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 1.0 },
    .minimum = 1e-6,
    .maximum = 1e6,
    .brief = N_("delta %s") },
};

static const LwSpecClass huber_class = {
  .family = LW_SPEC_LOSS,
  .class_name = "Huber",
  .snake_name = "huber",
  .label = N_("Huber"),
  .summary = N_("Squares differences up to delta, and takes larger ones as they are"),
  .fields = huber_fields,
  .n_fields = G_N_ELEMENTS (huber_fields),
};

static const LwSpecClass *const losses[] = {
  &sparse_cross_entropy_class, &cross_entropy_class,       &binary_cross_entropy_class,
  &mean_squared_error_class,   &mean_absolute_error_class, &huber_class,
  NULL,
};

const LwSpecClass *const *
lw_loss_classes (void)
{
  return losses;
}

static const LwSpecClass *
find (const LwSpecClass *const *classes, const char *class_name)
{
  for (; *classes != NULL; classes++)
    if (strcmp ((*classes)->class_name, class_name) == 0)
      return *classes;
  return NULL;
}

const LwSpecClass *
lw_loss_class_find (const char *class_name)
{
  return find (losses, class_name);
}
