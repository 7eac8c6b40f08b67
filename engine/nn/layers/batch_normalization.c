#include <glib/gi18n-lib.h>

#include "engine/nn/layers/layers.h"

/* BatchNormalization: any shape, unchanged. Each channel (the axis, by default the last) is brought to
 * mean 0 and variance 1, then multiplied by gamma (scale) and shifted by beta (center), both learned
 * (Ioffe and Szegedy, 2015; keras/src/layers/normalization/batch_normalization.py):
 *   y = (x - mean) / sqrt (variance + epsilon) · gamma + beta
 * Training takes the batch's own mean and biased variance, and moves the averages towards them,
 *   moving = moving · momentum + batch · (1 - momentum);
 * prediction takes the moving averages. Weights, each (channels): gamma, beta, moving_mean,
 * moving_variance; the averages are not trainable. */

#define INITIALIZER(name, text, first) \
  { .key = name, \
    .label = text, \
    .type = LW_FIELD_CHOICE, \
    .standard = { .choice = first }, \
    .choices = lw_initializers, \
    .rare = TRUE }

static const LwField fields[] = {
  { .key = "axis",
    .label = N_("Axis"),
    .type = LW_FIELD_INT,
    .standard = { .i = -1 },
    .minimum = -LW_MAX_RANK,
    .maximum = LW_MAX_RANK - 1,
    .rare = TRUE,
    .brief = N_("axis %s"),
    .silent = &(const LwFieldValue) { .i = -1 } },
  { .key = "momentum",
    .label = N_("Momentum"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 0.99 },
    .minimum = 0,
    .maximum = 1,
    .brief = N_("momentum %s"),
    .silent = &(const LwFieldValue) { .x = 0.99 } },
  { .key = "epsilon",
    .label = N_("Epsilon"),
    .type = LW_FIELD_FLOAT,
    .standard = { .x = 1e-3 },
    .minimum = 0,
    .maximum = 1,
    .rare = TRUE,
    .brief = N_("epsilon %s"),
    .silent = &(const LwFieldValue) { .x = 1e-3 } },
  { .key = "center",
    .label = N_("Center (beta)"),
    .type = LW_FIELD_BOOL,
    .standard = { .b = TRUE },
    .rare = TRUE,
    .brief = N_("no beta"),
    .silent = &lw_true },
  { .key = "scale",
    .label = N_("Scale (gamma)"),
    .type = LW_FIELD_BOOL,
    .standard = { .b = TRUE },
    .rare = TRUE,
    .brief = N_("no gamma"),
    .silent = &lw_true },
  INITIALIZER ("beta_initializer", N_("Beta starts as"), LW_INIT_ZEROS),
  INITIALIZER ("gamma_initializer", N_("Gamma starts as"), LW_INIT_ONES),
  INITIALIZER ("moving_mean_initializer", N_("Mean starts as"), LW_INIT_ZEROS),
  INITIALIZER ("moving_variance_initializer", N_("Variance starts as"), LW_INIT_ONES),
};

static void
add_weight (const LwSpec *layer, LwLayerInfo *info, const char *name, const char *initializer,
            gint64 channels, gboolean trainable)
{
  info->weights[info->n_weights++] = (LwWeightInfo) {
    .name = name,
    .shape = LW_SHAPE (channels),
    .initializer = lw_layer_get_initializer (layer, initializer),
    .fan_in = channels,
    .fan_out = channels,
    .trainable = trainable,
  };
}

static gboolean
infer (const LwSpec *layer, const LwShape *input, LwLayerInfo *info, LwLayerFault *fault)
{
  const int axis = lw_layer_get_axis (layer, input->rank, fault);
  gint64    channels;

  if (axis < 0)
    return FALSE;
  channels = input->dims[axis - 1];
  if (channels == LW_DIM_ANY)
    return lw_layer_fail (fault,
                          g_strdup_printf (_("%s needs to know how many channels it normalizes, but "
                                             "their number is None because the input's height and "
                                             "width are None; set the input to 28×28 or move the "
                                             "layer before Flatten."),
                                           lw_layer_get_title (layer)),
                          LW_FIX_SET_INPUT_SIZE, LW_FIX_REMOVE_LAYER);

  *info = (LwLayerInfo) { .output = *input };
  if (lw_spec_get_bool (layer, "scale"))
    add_weight (layer, info, "gamma", "gamma_initializer", channels, TRUE);
  if (lw_spec_get_bool (layer, "center"))
    add_weight (layer, info, "beta", "beta_initializer", channels, TRUE);
  add_weight (layer, info, "moving_mean", "moving_mean_initializer", channels, FALSE);
  add_weight (layer, info, "moving_variance", "moving_variance_initializer", channels, FALSE);
  info->flops = 2.0 * lw_shape_get_volume (input);
  return TRUE;
}

static LwTensor *
call (LwScope *s, const LwSpec *layer, LwTensor *x, LwVariable *const *weights, gboolean training,
      LwRng *rng)
{
  const LwBatchNormalization options = {
    .axis = (int) lw_spec_get_int (layer, "axis"),
    .momentum = lw_spec_get_float (layer, "momentum"),
    .epsilon = lw_spec_get_float (layer, "epsilon"),
    .training = training,
  };
  guint       n = 0;
  LwTensor   *gamma = lw_spec_get_bool (layer, "scale") ? lw_variable_read (s, weights[n++]) : NULL;
  LwTensor   *beta = lw_spec_get_bool (layer, "center") ? lw_variable_read (s, weights[n++]) : NULL;
  LwVariable *mean = weights[n];
  LwVariable *variance = weights[n + 1];
  LwTensor   *new_mean = NULL;
  LwTensor   *new_variance = NULL;
  GError     *error = NULL;
  LwTensor   *y;

  y = lw_batch_normalization (s, x, gamma, beta, lw_variable_read (s, mean),
                              lw_variable_read (s, variance), &options, &new_mean, &new_variance);
  if (training && !lw_scope_has_failed (s)
      && (!lw_variable_assign (mean, new_mean, &error)
          || !lw_variable_assign (variance, new_variance, &error)))
    return lw_scope_fail_with (s, error);
  return y;
}

const LwLayerClass lw_batch_normalization_class = {
  .spec = { .family = LW_SPEC_LAYER,
            .class_name = "BatchNormalization",
            .snake_name = "batch_normalization",
            .label = "BatchNormalization",
            .summary = N_("Brings each channel to mean 0 and variance 1, which steadies training"),
            .group = N_("Regularize"),
            .fields = fields,
            .n_fields = G_N_ELEMENTS (fields) },
  .joins_batch = TRUE,
  .infer = infer,
  .call = call,
};
