#include "golden-runners.h"

#include "engine/io/keras_config.h"
#include "engine/nn/optimizer.h"
#include "engine/nn/sequential.h"
#include "engine/ops/ops.h"

#include <string.h>

/* Runners of losses, optimizers and whole models. The attributes of the last two are Keras' own
 * configs, so Keras' config reader builds them: what it learns to read is known here. */

/* -- losses -- */

/* Rows of y_pred with one label each: [n, classes] and [n], whatever the rank was. */
static LwTensor *
sparse_crossentropy (GoldenRun *run, LwTensor *labels, LwTensor *y_pred, LwTensor **each)
{
  const gboolean from_logits = golden_get_flag (run, "from_logits", FALSE);
  const gint64   classes = lw_tensor_get_rank (y_pred) > 0 ? lw_tensor_get_dim (y_pred, -1) : 1;
  LwShape        shape = *lw_tensor_get_shape (y_pred);
  const LwShape  matrix = LW_SHAPE ((gint64) lw_tensor_get_count (y_pred) / MAX (classes, 1), classes);
  const LwShape  vector = LW_SHAPE (matrix.dims[0]);
  LwTensor      *loss, *values;

  labels = lw_reshape (run->s, labels, &vector);
  y_pred = lw_reshape (run->s, y_pred, &matrix);
  loss = lw_sparse_categorical_crossentropy (run->s, labels, y_pred, from_logits);
  values = lw_scope_new_tensor (run->s, LW_FLOAT64, &vector);
  if (lw_scope_has_failed (run->s) || values == NULL)
    return lw_scope_get_invalid (run->s);

  /* The op has the mean alone: each sample's value is the mean over a batch of one. */
  for (gint64 r = 0; r < vector.dims[0]; r++)
    {
      LwScope    *s = lw_scope_begin_nested (run->s);
      const gsize label_size = lw_dtype_get_size (lw_tensor_get_dtype (labels));
      const gsize row_size = (gsize) classes * lw_dtype_get_size (run->dtype);
      LwTensor   *label = lw_constant (s, lw_tensor_get_dtype (labels), &LW_SHAPE (1),
                                       (const char *) lw_tensor_get_data (labels)
                                           + (gsize) r * label_size);
      LwTensor   *row = lw_constant (s, run->dtype, &LW_SHAPE (1, classes),
                                     (const char *) lw_tensor_get_data (y_pred) + (gsize) r * row_size);

      ((double *) lw_tensor_get_mutable_data (values))[r]
          = lw_tensor_get_value (lw_sparse_categorical_crossentropy (s, label, row, from_logits), 0);
      lw_scope_end (s, NULL);
    }
  shape.rank--;
  shape.dims[shape.rank] = 0;
  *each = lw_reshape (run->s, values, &shape);
  return loss;
}

/* The mean loss of that name; *each gets the samples' own. NULL where it is not known. */
static LwTensor *
call_loss (GoldenRun *run, const char *name, LwTensor *y_true, LwTensor *y_pred, LwTensor **each)
{
  LwScope *s = run->s;

  if (strcmp (name, "sparse_categorical_crossentropy") == 0)
    return sparse_crossentropy (run, y_true, y_pred, each);

  y_true = lw_cast (s, y_true, run->dtype);
  if (strcmp (name, "categorical_crossentropy") == 0)
    *each = lw_categorical_crossentropy (s, y_true, y_pred, golden_get_flag (run, "from_logits", FALSE),
                                         golden_get_number (run, "label_smoothing", 0));
  else if (strcmp (name, "binary_crossentropy") == 0)
    *each = lw_binary_crossentropy (s, y_true, y_pred, golden_get_flag (run, "from_logits", FALSE),
                                    golden_get_number (run, "label_smoothing", 0));
  else if (strcmp (name, "mean_squared_error") == 0 || strcmp (name, "mse") == 0)
    *each = lw_mean_squared_error (s, y_true, y_pred);
  else if (strcmp (name, "mean_absolute_error") == 0 || strcmp (name, "mae") == 0)
    *each = lw_mean_absolute_error (s, y_true, y_pred);
  else if (strcmp (name, "huber") == 0)
    *each = lw_huber (s, y_true, y_pred, golden_get_number (run, "delta", 1));
  else
    return NULL;
  return lw_reduce_mean (s, *each, NULL, 0, FALSE);
}

static const char *const losses[]
    = { "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy",
        "mean_squared_error", "mse", "mean_absolute_error", "mae", "huber", NULL };

static void
run_loss (GoldenRun *run)
{
  LwTensor *y_pred = golden_get_input (run, "y_pred"), *each = NULL;
  LwTensor *loss = call_loss (run, run->op, golden_get_constant (run, "y_true"), y_pred, &each);

  golden_expect_word (run, "reduction", "sum_over_batch_size");
  if (golden_get_whole (run, "axis", -1) != -1)
    lw_scope_fail (run->s, LW_ERROR_UNSUPPORTED, "a loss over another axis than -1 is not known");
  if (golden_has_output (run, "per_sample") && each != NULL)
    golden_compare (run, "per_sample", each);
  golden_compare (run, "loss", loss);
  golden_compare_gradients (run, loss);
}

/* -- what Keras' config reader makes -- */

/* Options that change nothing as they stand: the reader refuses them where they would. */
static const char *const idle[]
    = { "name", "trainable", "dtype", "data_format", "seed", "noise_shape", "groups", "use_ema", "ema_momentum",
        "ema_overwrite_frequency", "weight_decay", "clipnorm", "clipvalue", "global_clipnorm",
        "loss_scale_factor", "gradient_accumulation_steps", "jit_compile", "is_legacy_optimizer",
        "kernel_initializer", "bias_initializer", "beta_initializer", "gamma_initializer",
        "moving_mean_initializer", "moving_variance_initializer", "kernel_regularizer", "bias_regularizer",
        "activity_regularizer", "beta_regularizer", "gamma_regularizer", "kernel_constraint",
        "bias_constraint", "beta_constraint", "gamma_constraint", "synchronized", "lora_rank",
        "quantization_config", "batch_shape", "batch_input_shape", "input_shape", "sparse", "ragged", NULL };

/* Every option of the config is a field of its spec, or one of `idle`. */
static void
check_options (GoldenRun *run, const LwSpec *spec, JsonObject *config)
{
  g_autoptr (GList) names = config != NULL ? json_object_get_members (config) : NULL;

  for (GList *l = names; l != NULL; l = l->next)
    if (lw_spec_class_find (lw_spec_get_class (spec), l->data, NULL) == NULL
        && !g_strv_contains (idle, l->data))
      lw_scope_fail (run->s, LW_ERROR_UNSUPPORTED, "the option %s of %s is not known", (char *) l->data,
                     lw_spec_get_class (spec)->class_name);
}

/* A Sequential of these layers (NULL: none) for images like x[0], compiled with that optimizer
 * (NULL: any). */
static LwModelSpec *
read_model (GoldenRun *run, JsonArray *layers, const LwShape *input, const char *optimizer)
{
  g_autoptr (JsonObject) root = json_object_new ();
  g_autoptr (JsonNode)   node = json_node_alloc ();
  g_autofree char       *text = NULL;
  g_autoptr (GError)     error = NULL;
  JsonObject            *config = json_object_new ();
  JsonArray             *shape = json_array_new ();
  LwModelSpec           *model;

  json_array_add_null_element (shape);
  for (int i = 0; i < input->rank; i++)
    json_array_add_int_element (shape, input->dims[i]);
  json_object_set_string_member (config, "name", "golden");
  json_object_set_array_member (config, "layers", layers != NULL ? json_array_ref (layers) : json_array_new ());
  json_object_set_array_member (config, "build_input_shape", shape);
  json_object_set_string_member (root, "class_name", "Sequential");
  json_object_set_object_member (root, "config", config);
  if (optimizer != NULL)
    {
      JsonObject *compiled = json_object_new (), *object = json_object_new ();

      json_object_set_string_member (object, "class_name", optimizer);
      json_object_set_object_member (object, "config", json_object_ref (run->attrs));
      json_object_set_object_member (compiled, "optimizer", object);
      json_object_set_object_member (root, "compile_config", compiled);
    }
  text = json_to_string (json_node_init_object (node, root), FALSE);
  model = lw_keras_config_read (text, -1, &error);
  if (model == NULL)
    lw_scope_fail_with (run->s, g_steal_pointer (&error));
  return model;
}

/* -- optimizers -- */

/* Row `step` of a [steps, …] array. */
static LwTensor *
get_row (GoldenRun *run, LwTensor *x, gint64 step)
{
  LwShape     shape;
  const gsize size = lw_tensor_get_byte_size (x) / (gsize) MAX (lw_tensor_get_dim (x, 0), 1);

  if (step >= lw_tensor_get_dim (x, 0))
    return lw_scope_fail (run->s, LW_ERROR_SHAPE, "an array has fewer than %" G_GINT64_FORMAT " steps",
                          step + 1);
  shape = lw_shape_tail (lw_tensor_get_shape (x), 1);
  return lw_constant (run->s, lw_tensor_get_dtype (x), &shape,
                      (const char *) lw_tensor_get_data (x) + (gsize) step * size);
}

/* Input or output number i of a kind: w0, w1, …; *name is the caller's. */
static LwTensor *
get_numbered (GoldenRun *run, const char *kind, guint i, gboolean output, char **name)
{
  *name = g_strdup_printf ("%s%u", kind, i);
  return output ? golden_get_output (run, *name) : golden_get_constant (run, *name);
}

static guint
count_numbered (GoldenRun *run, const char *kind, gboolean (*has) (GoldenRun *run, const char *name))
{
  for (guint n = 0;; n++)
    {
      g_autofree char *name = g_strdup_printf ("%s%u", kind, n);

      if (!has (run, name))
        return n;
    }
}

static void
compare_slots (GoldenRun *run, LwOptimizer *optimizer)
{
  const guint n = count_numbered (run, "slot", golden_has_output);

  if (n != lw_optimizer_get_n_slots (optimizer))
    golden_fail (run, "there are %u slots, not %u", lw_optimizer_get_n_slots (optimizer), n);
  else
    for (guint i = 0; i < n; i++)
      {
        g_autofree char *name = g_strdup_printf ("slot%u", i);

        golden_compare (run, name, lw_optimizer_get_slot (optimizer, i));
      }
}

static void
run_steps (GoldenRun *run, LwOptimizer *optimizer, GPtrArray *variables)
{
  const guint           n = variables->len;
  g_autofree LwTensor **gradients = g_new0 (LwTensor *, n), **each = g_new0 (LwTensor *, n);
  g_autofree LwTensor **trajectories = g_new0 (LwTensor *, n);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError)    error = NULL;
  gint64                steps;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *ignored = NULL;
      char            *name;

      gradients[i] = get_numbered (run, "g", i, FALSE, &ignored);
      trajectories[i] = get_numbered (run, "traj", i, TRUE, &name);
      g_ptr_array_add (names, name);
      if (lw_tensor_get_rank (gradients[i]) < 1 || lw_tensor_get_rank (trajectories[i]) < 1)
        lw_scope_fail (run->s, LW_ERROR_SHAPE, "the first axis of gradients and weights is not the step");
    }
  if (lw_scope_has_failed (run->s))
    return;

  steps = lw_tensor_get_dim (trajectories[0], 0);
  for (gint64 step = 0; step < steps && !lw_scope_has_failed (run->s); step++)
    {
      for (guint i = 0; i < n; i++)
        each[i] = get_row (run, gradients[i], step);
      if (lw_scope_has_failed (run->s)
          || !lw_optimizer_apply_gradients (optimizer, run->s, n, each, &error))
        {
          if (error != NULL)
            lw_scope_fail_with (run->s, g_steal_pointer (&error));
          return;
        }
      for (guint i = 0; i < n; i++)
        golden_compare_with (run, names->pdata[i], lw_variable_get_value (variables->pdata[i]),
                             get_row (run, trajectories[i], step));
    }
  compare_slots (run, optimizer);
  if (golden_has_output (run, "iterations"))
    golden_compare (run, "iterations",
                    lw_constant_scalar (run->s, LW_FLOAT64,
                                        (double) lw_optimizer_get_iterations (optimizer)));
}

static GPtrArray *
read_variables (GoldenRun *run, const char *kind)
{
  GPtrArray  *variables = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_variable_unref);
  const guint n = count_numbered (run, kind, golden_has_array);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = NULL;
      LwTensor        *value = get_numbered (run, kind, i, FALSE, &name);

      g_ptr_array_add (variables, lw_variable_new (value, TRUE, name));
    }
  return variables;
}

static void
run_optimizer (GoldenRun *run)
{
  const char              *kind = strchr (run->op, ':') + 1;
  g_autoptr (LwModelSpec)  model = read_model (run, NULL, &LW_SHAPE (1), kind);
  g_autoptr (GPtrArray)    variables = read_variables (run, "w");
  g_autoptr (GList)        names = run->attrs != NULL ? json_object_get_members (run->attrs) : NULL;
  g_autoptr (LwOptimizer)  optimizer = NULL;
  g_autoptr (GError)       error = NULL;

  for (GList *l = names; l != NULL; l = l->next)
    golden_know_attribute (run, l->data);
  if (model == NULL || lw_scope_has_failed (run->s))
    return;
  check_options (run, lw_model_spec_get_optimizer (model), run->attrs);
  optimizer = lw_optimizer_new (lw_model_spec_get_optimizer (model), variables->len,
                                (LwVariable *const *) variables->pdata, &error);
  if (optimizer == NULL)
    lw_scope_fail_with (run->s, g_steal_pointer (&error));
  else
    run_steps (run, optimizer, variables);
}

/* -- models -- */

/* The part of a weight's path behind the layer, which is numbered by what was built before it. */
static const char *
get_last_part (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash != NULL ? slash + 1 : path;
}

/* The case's weights in variables, one after the other as the model lists them. */
static GPtrArray *
read_weights (GoldenRun *run, LwModelSpec *model)
{
  GPtrArray  *variables = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_variable_unref);
  JsonArray  *paths = golden_get_array (run->attrs, "weights");
  const guint n = count_numbered (run, "w", golden_has_array);

  golden_know_attribute (run, "weights");
  for (guint i = 0; i < lw_model_spec_get_n_layers (model); i++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, i);

      if (info == NULL)
        {
          lw_scope_fail (run->s, LW_ERROR_SHAPE, "%s", lw_model_spec_get_fault (model)->message);
          break;
        }
      for (guint w = 0; w < info->n_weights; w++)
        {
          const guint      k = variables->len;
          g_autofree char *name = NULL;
          JsonNode        *path = paths != NULL && k < json_array_get_length (paths)
                                      ? json_array_get_element (paths, k)
                                      : NULL;
          LwTensor        *value = get_numbered (run, "w", k, FALSE, &name);

          if (path != NULL && JSON_NODE_HOLDS_VALUE (path)
              && g_strcmp0 (get_last_part (json_node_get_string (path)), info->weights[w].name) != 0)
            lw_scope_fail (run->s, LW_ERROR_SHAPE, "weight %u is the %s, not %s", k, info->weights[w].name,
                           json_node_get_string (path));
          lw_assert_shape (run->s, value, &info->weights[w].shape);
          g_ptr_array_add (variables, lw_variable_new (value, info->weights[w].trainable, name));
        }
    }
  if (variables->len != n && !lw_scope_has_failed (run->s))
    lw_scope_fail (run->s, LW_ERROR_SHAPE, "the model has %u weights, not %u", variables->len, n);
  return variables;
}

/* What LwSequential does, for weights of any floating dtype. */
static LwTensor *
call_layers (GoldenRun *run, LwModelSpec *model, GPtrArray *variables, LwTensor *x, gboolean training)
{
  guint first = 0;

  for (guint i = 0; i < lw_model_spec_get_n_layers (model); i++)
    {
      const LwSpec *layer = lw_model_spec_get_layer (model, i);
      LwRng         rng = lw_rng_new (1, LW_STREAM_DROPOUT + i);

      x = lw_layer_class_of (layer)->call (run->s, layer, x,
                                           (LwVariable *const *) variables->pdata + first, training, &rng);
      first += lw_model_spec_get_info (model, i)->n_weights;
    }
  return x;
}

/* A Sequential of that model whose variables have the values of `variables`, which it hands out
 * instead. */
static LwSequential *
build_sequential (GoldenRun *run, LwModelSpec *model, GPtrArray *variables)
{
  g_autoptr (GError)       error = NULL;
  g_autoptr (LwSequential) sequential = lw_sequential_new (model, 1, &error);
  LwVariable *const       *own;
  guint                    n;

  if (sequential == NULL)
    {
      lw_scope_fail_with (run->s, g_steal_pointer (&error));
      return NULL;
    }
  own = lw_sequential_get_variables (sequential, &n);
  if (n != variables->len)
    {
      lw_scope_fail (run->s, LW_ERROR_SHAPE, "the built model has %u weights, not %u", n, variables->len);
      return NULL;
    }
  for (guint i = 0; i < n; i++)
    {
      if (!lw_variable_assign (own[i], lw_variable_get_value (variables->pdata[i]), &error))
        {
          lw_scope_fail_with (run->s, g_steal_pointer (&error));
          return NULL;
        }
      lw_variable_unref (variables->pdata[i]);
      variables->pdata[i] = lw_variable_ref (own[i]);
    }
  return g_steal_pointer (&sequential);
}

/* The loss with what regularizers add to it, as Keras counts it. */
static LwTensor *
add_penalties (GoldenRun *run, LwModelSpec *model, GPtrArray *variables, LwTensor *loss)
{
  guint k = 0;

  for (guint i = 0; i < lw_model_spec_get_n_layers (model); i++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, i);

      for (guint w = 0; w < info->n_weights; w++, k++)
        if (info->weights[w].l2 > 0)
          {
            LwTensor *square = lw_square (run->s, lw_variable_read (run->s, variables->pdata[k]));

            loss = lw_add (run->s, loss, lw_scale (run->s, lw_reduce_sum (run->s, square, NULL, 0, FALSE),
                                                   info->weights[w].l2));
          }
    }
  return loss;
}

static void
compare_weights (GoldenRun *run, GPtrArray *variables, LwTensor *loss)
{
  g_autofree LwTensor **grads = g_new0 (LwTensor *, variables->len + 1);
  g_autoptr (GError)    error = NULL;

  if (lw_scope_has_failed (run->s))
    return;
  if (!lw_tape_gradient_of_variables (run->tape, run->s, loss, variables->len,
                                      (LwVariable *const *) variables->pdata, grads, &error))
    {
      lw_scope_fail_with (run->s, g_steal_pointer (&error));
      return;
    }
  for (guint i = 0; i < variables->len; i++)
    {
      g_autofree char *gradient = g_strdup_printf ("gw%u", i), *value = g_strdup_printf ("new_w%u", i);

      if (grads[i] != NULL && golden_has_output (run, gradient))
        golden_compare (run, gradient, grads[i]);
      if (golden_has_output (run, value))
        golden_compare (run, value, lw_variable_get_value (variables->pdata[i]));
    }
}

static void
check_layers (GoldenRun *run, LwModelSpec *model, JsonArray *layers)
{
  const guint n = lw_model_spec_get_n_layers (model), n_given = json_array_get_length (layers);

  /* An InputLayer in front is no layer of ours. */
  for (guint i = 0; i < n && n_given >= n; i++)
    {
      JsonNode *node = json_array_get_element (layers, i + n_given - n);

      if (JSON_NODE_HOLDS_OBJECT (node))
        check_options (run, lw_model_spec_get_layer (model, i),
                       golden_get_object (json_node_get_object (node), "config"));
    }
}

static void
run_model (GoldenRun *run)
{
  LwTensor                *x = golden_get_constant (run, "x"), *y_true = golden_get_constant (run, "y_true");
  JsonArray               *layers = golden_get_array (run->attrs, "layers");
  const char              *loss_name = golden_get_text (run->attrs, "loss");
  const gboolean           training = golden_get_flag (run, "training", TRUE);
  g_autoptr (LwModelSpec)  model = NULL;
  g_autoptr (GPtrArray)    variables = NULL;
  g_autoptr (LwSequential) sequential = NULL;
  LwShape                  shape;
  LwTensor                *y, *loss = NULL, *each = NULL;

  golden_know_attribute (run, "layers");
  golden_know_attribute (run, "loss");
  if (layers == NULL || loss_name == NULL || lw_tensor_get_rank (x) < 2)
    lw_scope_fail (run->s, LW_ERROR_UNSUPPORTED, "the case has no layers, no loss, or no batch of inputs");
  if (lw_scope_has_failed (run->s))
    return;
  shape = lw_shape_tail (lw_tensor_get_shape (x), 1);
  model = read_model (run, layers, &shape, NULL);
  if (model == NULL)
    return;
  check_layers (run, model, layers);
  variables = read_weights (run, model);
  if (lw_scope_has_failed (run->s))
    return;

  if (run->dtype == LW_FLOAT32)
    {
      sequential = build_sequential (run, model, variables);
      if (sequential == NULL)
        return;
      y = lw_sequential_call (sequential, run->s, x, training);
    }
  else
    y = call_layers (run, model, variables, x, training);
  golden_compare (run, "y_pred", y);
  if (!lw_scope_has_failed (run->s))
    loss = call_loss (run, loss_name, y_true, y, &each);
  if (loss == NULL)
    {
      lw_scope_fail (run->s, LW_ERROR_UNSUPPORTED, "the loss %s is not known", loss_name);
      return;
    }
  if (golden_has_output (run, "per_sample") && each != NULL)
    golden_compare (run, "per_sample", each);
  loss = add_penalties (run, model, variables, loss);
  golden_compare (run, "loss", loss);
  compare_weights (run, variables, loss);
}

GoldenFunc
golden_find_nn_runner (const char *op)
{
  if (g_str_has_prefix (op, "optimizer:"))
    return run_optimizer;
  if (strcmp (op, "model") == 0)
    return run_model;
  return g_strv_contains (losses, op) ? run_loss : NULL;
}
