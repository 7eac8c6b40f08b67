#include <glib/gi18n-lib.h>
#include <string.h>

#include "engine/nn/model_spec.h"

/* What a model is compiled with: the optimizer and loss classes, with Keras' keys and defaults. */

static const LwFieldValue yes = { .b = TRUE };
static const LwFieldValue no = { .b = FALSE };
static const LwFieldValue zero = { .x = 0.0 };

static const LwField adam_fields[] = {
  { .key = "learning_rate",
    .label = N_("Learning rate"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 0.001 },
    .minimum = 0.0,
    .maximum = 1000.0,
    .brief = "%s" },
  { .key = "beta_1",
    .label = N_("Beta 1"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 0.9 },
    .minimum = 0.0,
    .maximum = 0.9999999,
    .rare = TRUE },
  { .key = "beta_2",
    .label = N_("Beta 2"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 0.999 },
    .minimum = 0.0,
    .maximum = 0.9999999,
    .rare = TRUE },
  { .key = "epsilon",
    .label = N_("Epsilon"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 1e-7 },
    .minimum = 1e-16,
    .maximum = 1.0,
    .rare = TRUE },
  { .key = "amsgrad",
    .label = N_("AMSGrad"),
    .type = LW_FIELD_BOOL,
    .standard = { .b = FALSE },
    .rare = TRUE,
    .brief = N_("AMSGrad"),
    .silent = &no },
};

static const LwSpecClass adam_class = {
  .family = LW_SPEC_OPTIMIZER,
  .class_name = "Adam",
  .snake_name = "adam",
  .label = "Adam",
  .summary = N_("Gives every weight a step size of its own; a good first choice"),
  .fields = adam_fields,
  .n_fields = G_N_ELEMENTS (adam_fields),
};

static const LwField sgd_fields[] = {
  { .key = "learning_rate",
    .label = N_("Learning rate"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 0.01 },
    .minimum = 0.0,
    .maximum = 1000.0,
    .brief = "%s" },
  { .key = "momentum",
    .label = N_("Momentum"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 0.0 },
    .minimum = 0.0,
    .maximum = 1.0,
    .brief = N_("momentum %s"),
    .silent = &zero },
  { .key = "nesterov",
    .label = N_("Nesterov"),
    .type = LW_FIELD_BOOL,
    .standard = { .b = FALSE },
    .rare = TRUE,
    .brief = N_("Nesterov"),
    .silent = &no },
};

static const LwSpecClass sgd_class = {
  .family = LW_SPEC_OPTIMIZER,
  .class_name = "SGD",
  .snake_name = "sgd",
  .label = "SGD",
  .summary = N_("Follows the gradient with one step size for all weights"),
  .fields = sgd_fields,
  .n_fields = G_N_ELEMENTS (sgd_fields),
};

static const LwField sparse_cross_entropy_fields[] = {
  { .key = "from_logits",
    .label = N_("From logits"),
    .type = LW_FIELD_BOOL,
    .standard = { .b = TRUE },
    .keras = &no,
    .brief = N_("from probabilities"),
    .silent = &yes },
};

static const LwSpecClass sparse_cross_entropy_class = {
  .family = LW_SPEC_LOSS,
  .class_name = "SparseCategoricalCrossentropy",
  .snake_name = "sparse_categorical_crossentropy",
  .label = N_("Sparse cross-entropy"),
  .summary = N_("Compares ten scores per image with the number of the right class"),
  .fields = sparse_cross_entropy_fields,
  .n_fields = G_N_ELEMENTS (sparse_cross_entropy_fields),
};

static const LwSpecClass *const optimizers[] = { &adam_class, &sgd_class, NULL };
static const LwSpecClass *const losses[] = { &sparse_cross_entropy_class, NULL };

const LwSpecClass *const *
lw_optimizer_classes (void)
{
  return optimizers;
}

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
lw_optimizer_class_find (const char *class_name)
{
  return find (optimizers, class_name);
}

const LwSpecClass *
lw_loss_class_find (const char *class_name)
{
  return find (losses, class_name);
}
