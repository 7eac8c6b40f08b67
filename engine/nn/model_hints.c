#include "engine/nn/model_hints.h"

#include <glib/gi18n-lib.h>

#include "engine/nn/layers/layers.h"
#include "engine/nn/model_spec_private.h"
#include "engine/nn/schedule.h"

/* Each check looks at one layer in its place and has at most one thing to say of it. */

#define MANY_WEIGHTS   4000000 /* behind a Flatten: some hundred times what MNIST needs */
#define MUCH_DROPOUT   0.7
#define FAST_SGD       1.0 /* learning rates above which next to every run diverges, or stands still */
#define FAST_ADAPTIVE  0.1
#define USUAL_BATCH    32

typedef struct {
  const LwModelSpec *model;
  GPtrArray         *hints;
  int                last_weighted; /* -1 for none */
} Check;

static void
hint_free (gpointer data)
{
  LwHint *hint = data;

  g_free ((char *) hint->message);
  g_free ((char *) hint->reason);
  g_free (hint);
}

/* Takes the message. Returns TRUE, for `return add (…)`. */
static gboolean
add (Check *check, int layer, char *message, LwFixKind fix)
{
  LwHint *hint = g_new0 (LwHint, 1);

  hint->layer = layer;
  hint->message = message;
  hint->reason = lw_fault_get_reason (message);
  if (fix != LW_FIX_NONE)
    hint->fixes[hint->n_fixes++] = fix;
  g_ptr_array_add (check->hints, hint);
  return TRUE;
}

static const char *
title_of (const Check *check, guint layer)
{
  return lw_layer_get_title (lw_model_spec_get_layer (check->model, layer));
}

static gboolean
is_a (const Check *check, guint layer, const char *class_name)
{
  return lw_model_spec_is_a (check->model, layer, class_name);
}

/* Dense and Conv2D: what multiplies by a kernel. */
static gboolean
is_weighted (const Check *check, guint layer)
{
  return is_a (check, layer, "Dense") || is_a (check, layer, "Conv2D");
}

static gboolean
is_nonlinear (const Check *check, guint layer)
{
  return lw_model_spec_get_activation (check->model, layer) != LW_ACTIVATION_LINEAR
         || is_a (check, layer, "MaxPooling2D") || is_a (check, layer, "GlobalMaxPooling2D")
         || is_a (check, layer, "Softmax");
}

/* The next weighted layer that gets this one's output through nothing that bends it, or -1. */
static int
find_linear_successor (const Check *check, guint layer)
{
  for (guint i = layer; i < lw_model_spec_get_n_layers (check->model); i++)
    {
      if (i > layer && is_weighted (check, i))
        return (int) i;
      if (is_nonlinear (check, i))
        return -1;
    }
  return -1;
}

static gboolean
is_linear_model (const Check *check)
{
  for (int i = 0; i < check->last_weighted; i++)
    if (is_nonlinear (check, (guint) i))
      return FALSE;
  return TRUE;
}

/* Two layers with weights in a row make one linear map. */
static gboolean
check_linear (Check *check, guint layer)
{
  int next;

  if (!is_weighted (check, layer))
    return FALSE;
  next = find_linear_successor (check, layer);
  if (next < 0)
    return FALSE;
  if (is_linear_model (check))
    {
      /* Said once, on the first. */
      for (guint i = 0; i < layer; i++)
        if (is_weighted (check, i))
          return FALSE;
      return add (check, (int) layer,
                  g_strdup_printf (_("This is a linear model: without an activation between them, all its layers "
                                     "can do no more than one Dense; give %s an activation such as relu."),
                                   title_of (check, layer)),
                  LW_FIX_USE_RELU);
    }
  return add (check, (int) layer,
              g_strdup_printf (_("Without an activation between them, %s and %s can do no more than one layer; "
                                 "give %s an activation such as relu."),
                               title_of (check, layer), title_of (check, (guint) next), title_of (check, layer)),
              LW_FIX_USE_RELU);
}

/* Numbers that add up to 1 are an answer, and a narrow way for what is yet to be found out. */
static gboolean
check_softmax (Check *check, guint layer)
{
  if (lw_model_spec_get_activation (check->model, layer) != LW_ACTIVATION_SOFTMAX
      || (int) layer >= check->last_weighted)
    return FALSE;
  return add (check, (int) layer,
              g_strdup_printf (_("The softmax of %s makes its numbers add up to 1 before the layers behind it have "
                                 "seen them, which slows learning; use relu inside of a model."),
                               title_of (check, layer)),
              lw_spec_has_field (lw_model_spec_get_layer (check->model, layer), "activation") ? LW_FIX_USE_RELU
                                                                                              : LW_FIX_REMOVE_LAYER);
}

/* Logits are any numbers; a loss of probabilities asks which one of ten is right. */
static gboolean
check_output (Check *check, guint layer)
{
  const LwSpec *loss = lw_model_spec_get_loss (check->model);
  LwActivation  activation = lw_model_spec_get_activation (check->model, layer);
  const char   *word;
  gboolean      from_logits;

  if ((int) layer != lw_model_spec_get_activating_layer (check->model) || activation == LW_ACTIVATION_LINEAR
      || !lw_spec_has_field (loss, "from_logits") || lw_model_spec_is_binary (check->model))
    return FALSE;
  word = lw_activations[activation];
  from_logits = lw_spec_get_bool (loss, "from_logits");
  if (!from_logits && activation == LW_ACTIVATION_SIGMOID)
    return add (check, (int) layer,
                g_strdup_printf (_("The sigmoid of %s rates each class by itself, but one of ten is right; use "
                                   "softmax, which makes them compete."),
                                 title_of (check, layer)),
                lw_spec_has_field (lw_model_spec_get_layer (check->model, layer), "activation")
                  ? LW_FIX_USE_SOFTMAX : LW_FIX_NONE);
  if (!from_logits || activation == LW_ACTIVATION_LOG_SOFTMAX)
    return FALSE;
  if (activation == LW_ACTIVATION_SIGMOID || activation == LW_ACTIVATION_TANH)
    return add (check, (int) layer,
                g_strdup_printf (_("The %s of %s keeps the logits near 0, so that the model can never be sure; make "
                                   "the last activation linear."),
                                 word, title_of (check, layer)),
                LW_FIX_REMOVE_ACTIVATION);
  return add (check, (int) layer,
              g_strdup_printf (_("The %s of %s cuts off logits below 0, by which a model says what an image is not; "
                                 "make the last activation linear."),
                               word, title_of (check, layer)),
              LW_FIX_REMOVE_ACTIVATION);
}

static gboolean
check_dropout (Check *check, guint layer)
{
  g_autofree char *percent = NULL;
  double           rate;

  if (!is_a (check, layer, "Dropout"))
    return FALSE;
  if ((int) layer > check->last_weighted)
    return add (check, (int) layer,
                g_strdup_printf (_("%s leaves out answers of the model itself, so that right ones are punished; move "
                                   "it before %s or remove it."),
                                 title_of (check, layer), title_of (check, (guint) check->last_weighted)),
                LW_FIX_REMOVE_LAYER);
  rate = lw_spec_get_float (lw_model_spec_get_layer (check->model, layer), "rate");
  if (rate <= MUCH_DROPOUT)
    return FALSE;
  percent = g_strdup_printf ("%.0f\u202f%%", rate * 100);
  return add (check, (int) layer,
              g_strdup_printf (_("%s leaves out %s of its inputs, more than most models learn with; 50\u202f%% is "
                                 "much already."),
                               title_of (check, layer), percent),
              LW_FIX_SET_RATE);
}

static gboolean
check_normalization (Check *check, guint layer)
{
  if (!is_a (check, layer, "BatchNormalization") || (int) layer < check->last_weighted)
    return FALSE;
  return add (check, (int) layer,
              g_strdup_printf (_("%s evens out the answers of the model itself, over the whole batch; move it before "
                                 "%s or remove it."),
                               title_of (check, layer),
                               check->last_weighted >= 0 ? title_of (check, (guint) check->last_weighted)
                                                         : _("the last layer")),
              LW_FIX_REMOVE_LAYER);
}

/* Nothing is left to look at for windows that come after. */
static gboolean
check_pooling (Check *check, guint layer)
{
  const LwShape *input = lw_model_spec_get_layer_input (check->model, layer);
  const LwShape *output = &lw_model_spec_get_info (check->model, layer)->output;

  if (input->rank != 3 || output->rank != 3 || input->dims[0] * input->dims[1] <= 1
      || output->dims[0] != 1 || output->dims[1] != 1)
    return FALSE;
  for (guint i = layer + 1; i < lw_model_spec_get_n_layers (check->model); i++)
    if (is_a (check, i, "Conv2D") || is_a (check, i, "MaxPooling2D") || is_a (check, i, "AveragePooling2D"))
      return add (check, (int) layer,
                  g_strdup_printf (_("%s leaves 1×1 of the image, so that %s behind it has no neighbours to look at; "
                                     "remove it or make its window smaller."),
                                   title_of (check, layer), title_of (check, i)),
                  LW_FIX_REMOVE_LAYER);
  return FALSE;
}

static gboolean
check_size (Check *check, guint layer)
{
  gint64           n = lw_layer_info_get_n_parameters (lw_model_spec_get_info (check->model, layer));
  int              flatten;
  g_autofree char *count = NULL;

  if (!is_a (check, layer, "Dense") || n < MANY_WEIGHTS)
    return FALSE;
  flatten = lw_model_spec_find_flatten_of_image (check->model, layer);
  if (flatten < 0)
    return FALSE;
  count = g_strdup_printf (_("%.1f million"), (double) n / 1e6);
  return add (check, (int) layer,
              g_strdup_printf (_("%s has %s weights, because %s hands it every pixel of every channel; pool the image "
                                 "first."),
                               title_of (check, layer), count, title_of (check, (guint) flatten)),
              LW_FIX_INSERT_GLOBAL_AVERAGE);
}

/* Units that begin alike get the same gradients and stay alike. */
static gboolean
check_initializer (Check *check, guint layer)
{
  const LwSpec *spec = lw_model_spec_get_layer (check->model, layer);
  LwInitializer initializer;

  if (!is_weighted (check, layer) || (int) layer >= check->last_weighted)
    return FALSE;
  initializer = lw_layer_get_initializer (spec, "kernel_initializer");
  if (initializer != LW_INIT_ZEROS && initializer != LW_INIT_ONES)
    return FALSE;
  return add (check, (int) layer,
              g_strdup_printf (_("All weights of %s begin with the same number, so that they all learn the same; draw "
                                 "them at random."),
                               title_of (check, layer)),
              LW_FIX_DRAW_WEIGHTS);
}

/* Pixels come scaled (lw_images_scale()). */
static gboolean
check_rescaling (Check *check, guint layer)
{
  double scale;

  if (!is_a (check, layer, "Rescaling"))
    return FALSE;
  for (guint i = 0; i < layer; i++)
    if (lw_model_spec_get_info (check->model, i)->n_weights > 0)
      return FALSE;
  scale = lw_spec_get_float (lw_model_spec_get_layer (check->model, layer), "scale");
  if (scale > 0.01 || scale < -0.01)
    return FALSE;
  return add (check, (int) layer,
              g_strdup_printf (_("The pixels come as numbers from 0 to 1 already, and %s makes them smaller still, "
                                 "which slows learning; remove it."),
                               title_of (check, layer)),
              LW_FIX_REMOVE_LAYER);
}

static void
check_rate (Check *check)
{
  const LwSpec    *optimizer = lw_model_spec_get_optimizer (check->model);
  const char      *label = _(lw_spec_get_class (optimizer)->label);
  const LwField   *field = lw_spec_class_find (lw_spec_get_class (optimizer), "learning_rate", NULL);
  double           rate = lw_schedule_get_initial (optimizer);
  g_autofree char *usual = lw_field_value_to_string (field, &field->standard);
  double           limit
    = lw_spec_is_a (optimizer, "SGD") || lw_spec_is_a (optimizer, "Adagrad") ? FAST_SGD : FAST_ADAPTIVE;

  if (rate > limit)
    add (check, LW_HINT_OPTIMIZER,
         g_strdup_printf (_("A learning rate of %g is very large for %s, so that the loss will hardly fall; %s is "
                            "usual."), rate, label, usual),
         LW_FIX_SET_LEARNING_RATE);
}

static void
check_batch (Check *check, guint batch_size)
{
  if (batch_size != 1)
    return;
  for (guint i = 0; i < lw_model_spec_get_n_layers (check->model); i++)
    if (is_a (check, i, "BatchNormalization"))
      {
        add (check, LW_HINT_RUN,
             g_strdup_printf (_("With a batch size of 1, %s has nothing to compare an image with; %d is usual."),
                              title_of (check, i), USUAL_BATCH), LW_FIX_NONE);
        return;
      }
  add (check, LW_HINT_RUN,
       g_strdup_printf (_("With a batch size of 1, each step follows a single image, which is slow and unsteady; %d is "
                          "usual."), USUAL_BATCH), LW_FIX_NONE);
}

GPtrArray *
lw_model_hints_new (const LwModelSpec *model, guint batch_size)
{
  static gboolean (*const checks[]) (Check *, guint)
    = { check_linear, check_softmax, check_output, check_dropout, check_normalization, check_pooling,
        check_size, check_initializer, check_rescaling };
  Check check = { model, g_ptr_array_new_with_free_func (hint_free), -1 };

  if (lw_model_spec_get_fault (model) != NULL)
    return check.hints;
  for (guint i = 0; i < lw_model_spec_get_n_layers (model); i++)
    if (is_weighted (&check, i))
      check.last_weighted = (int) i;
  for (guint i = 0; i < lw_model_spec_get_n_layers (model); i++)
    for (guint c = 0; c < G_N_ELEMENTS (checks) && !checks[c] (&check, i); c++)
      ;
  check_rate (&check);
  check_batch (&check, batch_size);
  return check.hints;
}
