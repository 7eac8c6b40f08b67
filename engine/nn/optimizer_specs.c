#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "engine/nn/model_spec.h"

/* The optimizer classes, with Keras' keys and defaults. Every class ends in the same fields: the
 * learning-rate schedule (schedule.h), clipping, and moving averages of the weights. */

static const LwFieldValue no = { .b = FALSE };
static const LwFieldValue zero = { .x = 0.0 };
static const LwFieldValue none = { .x = NAN };
static const LwFieldValue constant = { .choice = 0 };

static const char *const schedules[] = { "constant", "ExponentialDecay", "CosineDecay",
                                         "PiecewiseConstantDecay", NULL };

#define LEARNING_RATE(value)                                                                       \
  { .key = "learning_rate",                                                                        \
    .label = N_("Learning rate"),                                                                  \
    .type = LW_FIELD_FLOAT,                                                                        \
    .standard = { .x = value },                                                                    \
    .minimum = 0.0,                                                                                \
    .maximum = 1000.0,                                                                             \
    .brief = "%s" }

/* A share of what was before, for a moving average. */
#define SHARE(its_key, its_label, value)                                                           \
  { .key = its_key,                                                                                \
    .label = its_label,                                                                            \
    .type = LW_FIELD_FLOAT,                                                                        \
    .standard = { .x = value },                                                                    \
    .minimum = 0.0,                                                                                \
    .maximum = 0.9999999,                                                                          \
    .rare = TRUE }

#define EPSILON                                                                                    \
  { .key = "epsilon",                                                                              \
    .label = N_("Epsilon"),                                                                        \
    .type = LW_FIELD_FLOAT,                                                                        \
    .standard = { .x = 1e-7 },                                                                     \
    .minimum = 1e-16,                                                                              \
    .maximum = 1.0,                                                                                \
    .rare = TRUE }

#define AMSGRAD                                                                                    \
  { .key = "amsgrad",                                                                              \
    .label = N_("AMSGrad"),                                                                        \
    .type = LW_FIELD_BOOL,                                                                         \
    .standard = { .b = FALSE },                                                                    \
    .rare = TRUE,                                                                                  \
    .brief = N_("AMSGrad"),                                                                        \
    .silent = &no }

#define WEIGHT_DECAY(value, is_rare)                                                               \
  { .key = "weight_decay",                                                                         \
    .label = N_("Weight decay"),                                                                   \
    .type = LW_FIELD_FLOAT,                                                                        \
    .standard = { .x = value },                                                                    \
    .minimum = 0.0,                                                                                \
    .maximum = 1000.0,                                                                             \
    .optional = TRUE,                                                                              \
    .rare = is_rare,                                                                               \
    .brief = N_("weight decay %s"),                                                                \
    .silent = &none }

#define CLIP(its_key, its_label)                                                                   \
  { .key = its_key,                                                                                \
    .label = its_label,                                                                            \
    .type = LW_FIELD_FLOAT,                                                                        \
    .standard = { .x = NAN },                                                                      \
    .minimum = 0.0,                                                                                \
    .maximum = 1e9,                                                                                \
    .optional = TRUE,                                                                              \
    .rare = TRUE }

#define SCHEDULE                                                                                   \
  { .key = "schedule",                                                                             \
    .label = N_("Schedule"),                                                                       \
    .type = LW_FIELD_CHOICE,                                                                       \
    .standard = { .choice = 0 },                                                                   \
    .choices = schedules,                                                                          \
    .brief = "%s",                                                                                 \
    .silent = &constant },                                                                         \
  { .key = "decay_steps",                                                                          \
    .label = N_("Decay steps"),                                                                    \
    .type = LW_FIELD_INT,                                                                          \
    .standard = { .i = 1000 },                                                                     \
    .minimum = 1,                                                                                  \
    .maximum = 1e12,                                                                               \
    .rare = TRUE },                                                                                \
  { .key = "decay_rate",                                                                           \
    .label = N_("Decay rate"),                                                                     \
    .type = LW_FIELD_FLOAT,                                                                        \
    .standard = { .x = 0.96 },                                                                     \
    .minimum = 0.0,                                                                                \
    .maximum = 1000.0,                                                                             \
    .rare = TRUE },                                                                                \
  { .key = "staircase",                                                                            \
    .label = N_("Staircase"),                                                                      \
    .type = LW_FIELD_BOOL,                                                                         \
    .standard = { .b = FALSE },                                                                    \
    .rare = TRUE },                                                                                \
  { .key = "alpha",                                                                                \
    .label = N_("Last share (alpha)"),                                                             \
    .type = LW_FIELD_FLOAT,                                                                        \
    .standard = { .x = 0.0 },                                                                      \
    .minimum = 0.0,                                                                                \
    .maximum = 1.0,                                                                                \
    .rare = TRUE },                                                                                \
  { .key = "warmup_target",                                                                        \
    .label = N_("Warm-up target"),                                                                 \
    .type = LW_FIELD_FLOAT,                                                                        \
    .standard = { .x = NAN },                                                                      \
    .minimum = 0.0,                                                                                \
    .maximum = 1000.0,                                                                             \
    .optional = TRUE,                                                                              \
    .rare = TRUE },                                                                                \
  { .key = "warmup_steps",                                                                         \
    .label = N_("Warm-up steps"),                                                                  \
    .type = LW_FIELD_INT,                                                                          \
    .standard = { .i = 0 },                                                                        \
    .minimum = 0,                                                                                  \
    .maximum = 1e12,                                                                               \
    .rare = TRUE },                                                                                \
  { .key = "boundaries",                                                                           \
    .label = N_("Boundaries"),                                                                     \
    .type = LW_FIELD_LIST,                                                                         \
    .standard = { .list = { 2, { 1000, 2000 } } },                                                 \
    .minimum = 0,                                                                                  \
    .maximum = 1e12,                                                                               \
    .whole = TRUE,                                                                                 \
    .rare = TRUE },                                                                                \
  { .key = "values",                                                                               \
    .label = N_("Values"),                                                                         \
    .type = LW_FIELD_LIST,                                                                         \
    .standard = { .list = { 3, { 0.001, 0.0005, 0.0001 } } },                                      \
    .minimum = 0,                                                                                  \
    .maximum = 1000.0,                                                                             \
    .rare = TRUE }

/* ema_overwrite_frequency: 0 stands for None. */
#define COMMON                                                                                     \
  SCHEDULE,                                                                                        \
  CLIP ("clipnorm", N_("Clip norm")),                                                              \
  CLIP ("clipvalue", N_("Clip value")),                                                            \
  CLIP ("global_clipnorm", N_("Clip global norm")),                                                \
  { .key = "use_ema",                                                                              \
    .label = N_("Average weights"),                                                                \
    .type = LW_FIELD_BOOL,                                                                         \
    .standard = { .b = FALSE },                                                                    \
    .rare = TRUE,                                                                                  \
    .brief = N_("averaged"),                                                                       \
    .silent = &no },                                                                               \
  { .key = "ema_momentum",                                                                         \
    .label = N_("Average momentum"),                                                               \
    .type = LW_FIELD_FLOAT,                                                                        \
    .standard = { .x = 0.99 },                                                                     \
    .minimum = 0.0,                                                                                \
    .maximum = 1.0,                                                                                \
    .rare = TRUE },                                                                                \
  { .key = "ema_overwrite_frequency",                                                              \
    .label = N_("Overwrite every"),                                                                \
    .type = LW_FIELD_INT,                                                                          \
    .standard = { .i = 0 },                                                                        \
    .minimum = 0,                                                                                  \
    .maximum = 1e9,                                                                                \
    .rare = TRUE }

#define BETAS                                                                                      \
  SHARE ("beta_1", N_("Beta 1"), 0.9), SHARE ("beta_2", N_("Beta 2"), 0.999), EPSILON

#define OPTIMIZER(its_fields, its_name, its_snake_name, its_summary)                               \
  { .family = LW_SPEC_OPTIMIZER,                                                                   \
    .class_name = its_name,                                                                        \
    .snake_name = its_snake_name,                                                                  \
    .label = its_name,                                                                             \
    .summary = its_summary,                                                                        \
    .fields = its_fields,                                                                          \
    .n_fields = G_N_ELEMENTS (its_fields) }

static const LwField adam_fields[] = {
  LEARNING_RATE (0.001), BETAS, AMSGRAD, WEIGHT_DECAY (NAN, TRUE), COMMON,
};

static const LwField adamw_fields[] = {
  LEARNING_RATE (0.001), WEIGHT_DECAY (0.004, FALSE), BETAS, AMSGRAD, COMMON,
};

static const LwField nadam_fields[] = {
  LEARNING_RATE (0.001), BETAS, WEIGHT_DECAY (NAN, TRUE), COMMON,
};

static const LwField sgd_fields[] = {
  LEARNING_RATE (0.01),
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
  WEIGHT_DECAY (NAN, TRUE),
  COMMON,
};

static const LwField rmsprop_fields[] = {
  LEARNING_RATE (0.001),
  SHARE ("rho", N_("Rho"), 0.9),
  { .key = "momentum",
    .label = N_("Momentum"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 0.0 },
    .minimum = 0.0,
    .maximum = 1.0,
    .rare = TRUE,
    .brief = N_("momentum %s"),
    .silent = &zero },
  EPSILON,
  { .key = "centered",
    .label = N_("Centered"),
    .type = LW_FIELD_BOOL,
    .standard = { .b = FALSE },
    .rare = TRUE,
    .brief = N_("centered"),
    .silent = &no },
  WEIGHT_DECAY (NAN, TRUE),
  COMMON,
};

static const LwField adagrad_fields[] = {
  LEARNING_RATE (0.001),
  { .key = "initial_accumulator_value",
    .label = N_("First accumulator"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 0.1 },
    .minimum = 0.0,
    .maximum = 1e9,
    .rare = TRUE },
  EPSILON,
  WEIGHT_DECAY (NAN, TRUE),
  COMMON,
};

static const LwSpecClass adam_class
  = OPTIMIZER (adam_fields, "Adam", "adam",
               N_("Gives every weight a step size of its own; a good first choice"));
static const LwSpecClass sgd_class
  = OPTIMIZER (sgd_fields, "SGD", "sgd", N_("Follows the gradient with one step size for all weights"));
static const LwSpecClass adamw_class
  = OPTIMIZER (adamw_fields, "AdamW", "adamw",
               N_("Adam, and lets every weight shrink a little at each step"));
static const LwSpecClass rmsprop_class
  = OPTIMIZER (rmsprop_fields, "RMSprop", "rmsprop",
               N_("Divides each step by the recent size of the weight's gradient"));
static const LwSpecClass adagrad_class
  = OPTIMIZER (adagrad_fields, "Adagrad", "adagrad",
               N_("Makes smaller steps the more a weight has moved already"));
static const LwSpecClass nadam_class
  = OPTIMIZER (nadam_fields, "Nadam", "nadam", N_("Adam that looks one step ahead, as Nesterov's momentum"));

static const LwSpecClass *const optimizers[] = { &adam_class,    &sgd_class,   &adamw_class, &rmsprop_class,
                                                 &adagrad_class, &nadam_class, NULL };

const LwSpecClass *const *
lw_optimizer_classes (void)
{
  return optimizers;
}

const LwSpecClass *
lw_optimizer_class_find (const char *class_name)
{
  for (guint i = 0; optimizers[i] != NULL; i++)
    if (strcmp (optimizers[i]->class_name, class_name) == 0)
      return optimizers[i];
  return NULL;
}
