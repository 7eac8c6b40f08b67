#include "engine/autodiff/tape.h"
#include "engine/data/npz.h"
#include "engine/nn/loss.h"
#include "engine/nn/optimizer.h"
#include "engine/nn/sequential.h"
#include "engine/ops/ops.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

/* The engine against Keras: every case of tests/golden/vectors/index.json (or of LW_GOLDEN_DIR),
 * each a test of its own, in float32 and in float64. A case or attribute that is not known here
 * fails, as does an output that was not compared. */

#define MAX_INPUTS 16

typedef struct {
  char       *directory;
  JsonObject *json; /* the case's entry in the index */
} Case;

/* A case on its way: one dtype. */
typedef struct {
  JsonObject *json, *attrs;
  LwNpz      *npz;
  LwDevice   *device;
  LwDType     dtype;
  LwScope    *s;
  LwTape     *tape;
  guint       n_watched;
  LwTensor   *watched[MAX_INPUTS];
  char       *gradients[MAX_INPUTS]; /* what the file calls their gradients */
  GHashTable *compared;
} Run;

static const char *
run_name (Run *run)
{
  return json_object_get_string_member (run->json, "case");
}

/* An array as the file has it; the scope owns it. */
static LwTensor *
stored (Run *run, const char *name)
{
  GError   *error = NULL;
  LwTensor *x = lw_npz_read (run->npz, name, &error);

  if (x == NULL)
    g_error ("%s: %s", run_name (run), error->message);
  return lw_scope_take (run->s, x);
}

static LwTensor *
constant (Run *run, const char *name)
{
  return lw_cast (run->s, stored (run, name), run->dtype);
}

/* An input whose gradient the file has, as "g" and its name. */
static LwTensor *
input (Run *run, const char *name)
{
  LwTensor *x = constant (run, name);

  g_assert_cmpuint (run->n_watched, <, MAX_INPUTS);
  lw_tape_watch (run->tape, x);
  run->watched[run->n_watched] = x;
  run->gradients[run->n_watched++] = g_strconcat ("g", name, NULL);
  return x;
}

static void
compare_with (Run *run, const char *name, LwTensor *got, LwTensor *want)
{
  JsonObject      *tolerance = json_object_get_object_member (run->json, "tolerance");
  const double     rtol = json_object_get_double_member (tolerance, "rtol");
  const double     atol = json_object_get_double_member (tolerance, "atol");
  g_autofree char *have = lw_shape_to_string (lw_tensor_get_shape (got));
  g_autofree char *expected = lw_shape_to_string (lw_tensor_get_shape (want));

  g_hash_table_add (run->compared, g_strdup (name));
  if (strcmp (have, expected) != 0)
    {
      g_test_fail_printf ("%s has shape %s, not %s", name, have, expected);
      return;
    }
  for (gsize i = 0; i < lw_tensor_get_count (want); i++)
    {
      double a = lw_tensor_get_value (got, i), b = lw_tensor_get_value (want, i);

      if (!(fabs (a - b) <= atol + rtol * fabs (b)))
        {
          g_test_fail_printf ("in %s, element %" G_GSIZE_FORMAT " of %s is %.9g, not %.9g",
                              lw_dtype_get_name (run->dtype), i, name, a, b);
          return;
        }
    }
}

static void
compare (Run *run, const char *name, LwTensor *got)
{
  if (lw_scope_has_failed (run->s))
    {
      g_test_fail_printf ("%s", lw_scope_get_error (run->s)->message);
      return;
    }
  compare_with (run, name, got, stored (run, name));
}

static void
compare_gradients (Run *run, LwTensor *target)
{
  GError   *error = NULL;
  LwTensor *grads[MAX_INPUTS];

  if (!lw_tape_gradient (run->tape, run->s, target, run->n_watched, run->watched, grads, &error))
    {
      g_test_fail_printf ("%s", error->message);
      g_error_free (error);
      return;
    }
  for (guint i = 0; i < run->n_watched; i++)
    if (grads[i] != NULL)
      compare (run, run->gradients[i], grads[i]);
}

static void
compare_output (Run *run, LwTensor *y)
{
  compare (run, "y", y);
  compare_gradients (run, lw_multiply (run->s, y, constant (run, "gy")));
}

/* -- attributes -- */

static void
get_pair (Run *run, const char *name, int pair[2])
{
  JsonArray *array = json_object_get_array_member (run->attrs, name);

  g_assert_cmpuint (json_array_get_length (array), ==, 2);
  for (guint i = 0; i < 2; i++)
    pair[i] = (int) json_array_get_int_element (array, i);
}

static LwPadding
get_padding (Run *run)
{
  const char *padding = json_object_get_string_member (run->attrs, "padding");

  if (strcmp (padding, "same") == 0)
    return LW_PADDING_SAME;
  g_assert_cmpstr (padding, ==, "valid");
  return LW_PADDING_VALID;
}

/* -- ops -- */

static void
run_conv2d (Run *run)
{
  LwConv2d  conv = { .padding = get_padding (run) };
  LwTensor *x = input (run, "x"), *w = input (run, "w"), *b = NULL;

  g_assert_cmpstr (json_object_get_string_member (run->attrs, "layout"), ==, "NHWC");
  g_assert_cmpstr (json_object_get_string_member (run->attrs, "kernel"), ==, "HWIO");
  get_pair (run, "strides", conv.strides);
  get_pair (run, "dilation", conv.dilation);
  if (json_object_has_member (json_object_get_object_member (run->json, "inputs"), "b"))
    b = input (run, "b");
  compare_output (run, lw_conv2d (run->s, x, w, b, &conv, LW_ACTIVATION_LINEAR));
}

static void
run_dense (Run *run)
{
  LwTensor *x = input (run, "x"), *w = input (run, "w"), *b = NULL;

  if (json_object_has_member (json_object_get_object_member (run->json, "inputs"), "b"))
    b = input (run, "b");
  compare_output (run, lw_dense (run->s, x, w, b, LW_ACTIVATION_LINEAR));
}

static void
run_pool (Run *run)
{
  LwPooling pooling = { .padding = get_padding (run) };
  LwTensor *x = input (run, "x");

  get_pair (run, "pool_size", pooling.pool_size);
  get_pair (run, "strides", pooling.strides);
  if (strcmp (json_object_get_string_member (run->json, "op"), "max_pool2d") == 0)
    compare_output (run, lw_max_pool2d (run->s, x, &pooling));
  else
    compare_output (run, lw_average_pool2d (run->s, x, &pooling));
}

static void
run_global_average (Run *run)
{
  compare_output (run, lw_global_average_pool2d (run->s, input (run, "x"), FALSE));
}

static void
run_activation (Run *run)
{
  const char *op = json_object_get_string_member (run->json, "op");
  LwTensor   *x = input (run, "x");

  if (strcmp (op, "softmax") == 0)
    g_assert_cmpint (json_object_get_int_member (run->attrs, "axis"), ==, -1);
  compare_output (run, strcmp (op, "relu") == 0      ? lw_relu (run->s, x)
                       : strcmp (op, "sigmoid") == 0 ? lw_sigmoid (run->s, x)
                       : strcmp (op, "tanh") == 0    ? lw_tanh (run->s, x)
                                                     : lw_softmax (run->s, x));
}

static void
run_matmul (Run *run)
{
  LwTensor *a = input (run, "a"), *b = input (run, "b");

  compare_output (run, lw_matmul (run->s, a, b,
                                  json_object_get_boolean_member (run->attrs, "transpose_a"),
                                  json_object_get_boolean_member (run->attrs, "transpose_b")));
}

static void
run_arithmetic (Run *run)
{
  const char *op = json_object_get_string_member (run->json, "op");
  LwTensor   *a = input (run, "a"), *b = input (run, "b");

  compare_output (run, strcmp (op, "add") == 0        ? lw_add (run->s, a, b)
                       : strcmp (op, "subtract") == 0 ? lw_subtract (run->s, a, b)
                       : strcmp (op, "multiply") == 0 ? lw_multiply (run->s, a, b)
                                                      : lw_divide (run->s, a, b));
}

static void
run_reduce (Run *run)
{
  const char *op = json_object_get_string_member (run->json, "op");
  LwTensor   *x = input (run, "x");
  int         axes[LW_MAX_RANK], n = 0;

  if (!json_object_get_null_member (run->attrs, "axis"))
    {
      JsonArray *array = json_object_get_array_member (run->attrs, "axis");

      for (; n < (int) json_array_get_length (array); n++)
        axes[n] = (int) json_array_get_int_element (array, (guint) n);
    }
  compare_output (run, strcmp (op, "reduce_sum") == 0 ? lw_reduce_sum (run->s, x, axes, n, FALSE)
                       : strcmp (op, "reduce_mean") == 0
                           ? lw_reduce_mean (run->s, x, axes, n, FALSE)
                           : lw_reduce_max (run->s, x, axes, n, FALSE));
}

static void
run_crossentropy (Run *run)
{
  const gboolean from_logits = json_object_get_boolean_member (run->attrs, "from_logits");
  LwTensor      *labels = stored (run, "y_true"), *y_pred = input (run, "y_pred"), *loss;
  const gint64   rows = lw_tensor_get_dim (y_pred, 0), classes = lw_tensor_get_dim (y_pred, 1);
  const gsize    size = (gsize) classes * lw_dtype_get_size (run->dtype);
  LwTensor      *each = lw_scope_new_tensor (run->s, LW_FLOAT64, &LW_SHAPE (rows));

  loss = lw_sparse_categorical_crossentropy (run->s, labels, y_pred, from_logits);
  compare (run, "loss", loss);
  for (gint64 r = 0; r < rows; r++)
    {
      LwTensor *label = lw_constant (run->s, LW_INT32, &LW_SHAPE (1),
                                     (const gint32 *) lw_tensor_get_data (labels) + r);
      LwTensor *row = lw_constant (run->s, run->dtype, &LW_SHAPE (1, classes),
                                   (const char *) lw_tensor_get_data (y_pred) + (gsize) r * size);

      ((double *) lw_tensor_get_mutable_data (each))[r]
          = lw_tensor_get_value (lw_sparse_categorical_crossentropy (run->s, label, row,
                                                                     from_logits),
                                 0);
    }
  compare (run, "per_sample", each);
  compare_gradients (run, loss);
}

/* -- optimizers and models: the attributes are Keras' configs -- */

static LwFieldValue
field_value (const LwField *field, JsonNode *node)
{
  LwFieldValue value = { 0 };

  switch (field->type)
    {
    case LW_FIELD_INT:
      value.i = json_node_get_int (node);
      break;
    case LW_FIELD_PAIR:
      for (guint i = 0; i < 2; i++)
        value.pair[i] = json_array_get_int_element (json_node_get_array (node), i);
      break;
    case LW_FIELD_FLOAT:
      value.x = json_node_get_double (node);
      break;
    case LW_FIELD_BOOL:
      value.b = json_node_get_boolean (node);
      break;
    case LW_FIELD_CHOICE:
      while (strcmp (field->choices[value.choice], json_node_get_string (node)) != 0)
        g_assert_nonnull (field->choices[++value.choice]);
      break;
    }
  return value;
}

/* `idle` lists the keys that change nothing as they stand. NULL where a key is not known. */
static LwSpec *
build_spec (const LwSpecClass *klass, JsonObject *config, const char *const *idle)
{
  g_autoptr (GList) keys = json_object_get_members (config);
  LwSpec           *spec = lw_spec_new (klass, NULL);
  GError           *error = NULL;

  for (GList *l = keys; l != NULL; l = l->next)
    {
      const LwField *field = lw_spec_class_find (klass, l->data, NULL);
      LwSpec        *next;

      if (field == NULL && g_strv_contains (idle, l->data))
        continue;
      if (field == NULL)
        {
          g_test_fail_printf ("the attribute %s of %s is not known", (char *) l->data,
                              klass->class_name);
          lw_spec_unref (spec);
          return NULL;
        }
      next = lw_spec_with_value (spec, l->data,
                                 field_value (field, json_object_get_member (config, l->data)),
                                 &error);
      g_assert_no_error (error);
      lw_spec_unref (spec);
      spec = next;
    }
  return spec;
}

/* Row `step` of a [steps, …] array. */
static LwTensor *
row (Run *run, LwTensor *x, gint64 step)
{
  LwShape     shape = lw_shape_tail (lw_tensor_get_shape (x), 1);
  const gsize size = lw_tensor_get_byte_size (x) / (gsize) lw_tensor_get_dim (x, 0);

  return lw_constant (run->s, lw_tensor_get_dtype (x), &shape,
                      (const char *) lw_tensor_get_data (x) + (gsize) step * size);
}

static void
run_optimizer (Run *run)
{
  static const char *const idle[] = { "use_ema", "ema_momentum", NULL };
  const char              *kind = strchr (json_object_get_string_member (run->json, "op"), ':') + 1;
  const LwSpecClass       *klass = lw_optimizer_class_find (kind);
  g_autoptr (LwSpec)       spec = NULL;
  g_autoptr (LwOptimizer)  optimizer = NULL;
  GError                  *error = NULL;
  LwVariable              *variables[2];
  LwTensor                *gradients[2], *trajectories[2];
  gint64                   steps;

  if (klass == NULL || json_object_get_boolean_member (run->attrs, "use_ema"))
    {
      g_test_fail_printf ("the optimizer %s, or its use_ema, is not known", kind);
      return;
    }
  spec = build_spec (klass, run->attrs, idle);
  if (spec == NULL)
    return;
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *w = g_strdup_printf ("w%u", i), *g = g_strdup_printf ("g%u", i),
                      *t = g_strdup_printf ("traj%u", i);

      variables[i] = lw_variable_new (constant (run, w), TRUE, w);
      gradients[i] = constant (run, g);
      trajectories[i] = stored (run, t);
    }
  optimizer = lw_optimizer_new (spec, 2, variables, &error);
  g_assert_no_error (error);
  if (optimizer == NULL)
    return;

  steps = lw_tensor_get_dim (gradients[0], 0);
  for (gint64 step = 0; step < steps; step++)
    {
      LwTensor *grads[2] = { row (run, gradients[0], step), row (run, gradients[1], step) };

      lw_optimizer_apply_gradients (optimizer, run->s, 2, grads, &error);
      g_assert_no_error (error);
      for (guint i = 0; i < 2; i++)
        compare_with (run, i == 0 ? "traj0" : "traj1", lw_variable_get_value (variables[i]),
                      row (run, trajectories[i], step));
    }
  for (guint i = 0; i < lw_optimizer_get_n_slots (optimizer); i++)
    {
      g_autofree char *name = g_strdup_printf ("slot%u", i);

      compare (run, name, lw_optimizer_get_slot (optimizer, i));
    }
  compare (run, "iterations",
           lw_constant_scalar (run->s, LW_FLOAT64,
                               (double) lw_optimizer_get_iterations (optimizer)));
  for (guint i = 0; i < 2; i++)
    lw_variable_unref (variables[i]);
}

/* NULL where a layer is not known. */
static LwModelSpec *
build_model (Run *run, const LwShape *shape)
{
  static const char *const idle[] = { NULL };
  JsonArray               *layers = json_object_get_array_member (run->attrs, "layers");
  LwModelSpec             *model = lw_model_spec_new ("golden", shape);

  for (guint i = 0; i < json_array_get_length (layers); i++)
    {
      JsonObject         *json = json_array_get_object_element (layers, i);
      const char         *class_name = json_object_get_string_member (json, "class_name");
      const LwLayerClass *klass = lw_layer_class_find (class_name);
      g_autoptr (LwSpec)  layer = NULL;
      LwModelSpec        *longer;

      if (klass != NULL)
        layer = build_spec (&klass->spec, json_object_get_object_member (json, "config"), idle);
      if (layer == NULL)
        {
          g_test_fail_printf ("the layer %s is not known", class_name);
          lw_model_spec_unref (model);
          return NULL;
        }
      longer = lw_model_spec_with_inserted (model, i, layer);
      lw_model_spec_unref (model);
      model = longer;
    }
  return model;
}

static void
run_model (Run *run)
{
  LwTensor                *x = constant (run, "x"), *labels = stored (run, "y_true"), *y, *loss;
  LwShape                  shape = lw_shape_tail (lw_tensor_get_shape (x), 1);
  g_autoptr (LwModelSpec)  model = build_model (run, &shape);
  g_autoptr (LwSequential) sequential = NULL;
  GError                  *error = NULL;
  LwVariable *const       *variables;
  LwTensor                *grads[MAX_INPUTS];
  guint                    n;

  if (model == NULL)
    return;
  g_assert_cmpstr (json_object_get_string_member (run->attrs, "loss"), ==,
                   "sparse_categorical_crossentropy");
  sequential = lw_sequential_new (model, 1, &error);
  g_assert_no_error (error);
  if (sequential == NULL)
    return;
  variables = lw_sequential_get_variables (sequential, &n);
  if (n > MAX_INPUTS
      || n != json_array_get_length (json_object_get_array_member (run->attrs, "weights")))
    {
      g_test_fail_printf ("the model has %u weights", n);
      return;
    }
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("w%u", i);

      lw_variable_assign (variables[i], stored (run, name), &error);
      g_assert_no_error (error);
    }

  y = lw_sequential_call (sequential, run->s, x,
                          json_object_get_boolean_member (run->attrs, "training"));
  compare (run, "y_pred", y);
  loss = lw_sparse_categorical_crossentropy (run->s, labels, y,
                                             json_object_get_boolean_member (run->attrs,
                                                                             "from_logits"));
  compare (run, "loss", loss);
  lw_tape_gradient_of_variables (run->tape, run->s, loss, n, variables, grads, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < n; i++)
    if (grads[i] != NULL)
      {
        g_autofree char *name = g_strdup_printf ("gw%u", i);

        compare (run, name, grads[i]);
      }
}

/* -- the table -- */

typedef struct {
  const char *op;
  void (*run) (Run *run);
  const char *attrs[6]; /* those it knows; optimizers check their own */
  gboolean    float32_only;
} Runner;

static const Runner runners[] = {
  { "conv2d", run_conv2d, { "strides", "padding", "dilation", "layout", "kernel" } },
  { "dense", run_dense },
  { "max_pool2d", run_pool, { "pool_size", "strides", "padding" } },
  { "avg_pool2d", run_pool, { "pool_size", "strides", "padding" } },
  { "global_avg_pool2d", run_global_average },
  { "relu", run_activation },
  { "sigmoid", run_activation },
  { "tanh", run_activation },
  { "softmax", run_activation, { "axis" } },
  { "matmul", run_matmul, { "transpose_a", "transpose_b" } },
  { "add", run_arithmetic },
  { "subtract", run_arithmetic },
  { "multiply", run_arithmetic },
  { "divide", run_arithmetic },
  { "reduce_sum", run_reduce, { "axis" } },
  { "reduce_mean", run_reduce, { "axis" } },
  { "reduce_max", run_reduce, { "axis" } },
  { "sparse_categorical_crossentropy", run_crossentropy, { "from_logits" } },
  { "model", run_model, { "layers", "loss", "from_logits", "training", "weights" }, TRUE },
};

static const Runner optimizer_runner = { "optimizer", run_optimizer };

static const Runner *
find_runner (const char *op)
{
  if (g_str_has_prefix (op, "optimizer:"))
    return &optimizer_runner;
  for (gsize i = 0; i < G_N_ELEMENTS (runners); i++)
    if (strcmp (runners[i].op, op) == 0)
      return &runners[i];
  return NULL;
}

static gboolean
check_attributes (const Runner *runner, Run *run)
{
  g_autoptr (GList) keys = json_object_get_members (run->attrs);

  for (GList *l = keys; l != NULL && runner != &optimizer_runner; l = l->next)
    {
      gboolean known = FALSE;

      for (gsize i = 0; i < G_N_ELEMENTS (runner->attrs) && runner->attrs[i] != NULL; i++)
        known |= strcmp (runner->attrs[i], l->data) == 0;
      if (!known)
        {
          g_test_fail_printf ("the attribute %s of %s is not known", (char *) l->data, runner->op);
          return FALSE;
        }
    }
  return TRUE;
}

static void
run_case (const Runner *runner, const Case *test, LwDType dtype)
{
  g_autofree char *path
      = g_build_filename (test->directory, json_object_get_string_member (test->json, "file"),
                          NULL);
  g_autoptr (GList) outputs
      = json_object_get_members (json_object_get_object_member (test->json, "outputs"));
  GError           *error = NULL;
  Run               run = { .json = test->json, .dtype = dtype };

  run.attrs = json_object_get_object_member (test->json, "attrs");
  run.npz = lw_npz_open (path, &error);
  run.device = error == NULL ? lw_device_new (2, 0, &error) : NULL;
  if (run.device == NULL)
    {
      g_test_fail_printf ("%s", error->message);
      g_error_free (error);
      g_clear_pointer (&run.npz, lw_npz_close);
      return;
    }
  run.s = lw_scope_begin (run.device);
  run.tape = lw_tape_begin (run.s, FALSE);
  run.compared = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  if (check_attributes (runner, &run))
    runner->run (&run);
  for (GList *l = outputs; l != NULL; l = l->next)
    if (!g_test_failed () && !g_hash_table_contains (run.compared, l->data))
      g_test_fail_printf ("nothing was compared with %s", (char *) l->data);

  for (guint i = 0; i < run.n_watched; i++)
    g_free (run.gradients[i]);
  g_hash_table_unref (run.compared);
  lw_tape_free (run.tape);
  if (!lw_scope_end (run.s, &error))
    {
      g_test_fail_printf ("%s", error->message);
      g_clear_error (&error);
    }
  lw_npz_close (run.npz);
  lw_device_unref (run.device);
}

static void
test_case (gconstpointer data)
{
  const Case   *test = data;
  const char   *op = json_object_get_string_member (test->json, "op");
  const Runner *runner = find_runner (op);

  if (runner == NULL)
    {
      g_test_fail_printf ("%s is not known", op);
      return;
    }
  run_case (runner, test, LW_FLOAT32);
  if (!runner->float32_only)
    run_case (runner, test, LW_FLOAT64);
}

static void
case_free (gpointer data)
{
  Case *test = data;

  g_free (test->directory);
  json_object_unref (test->json);
  g_free (test);
}

int
main (int argc, char *argv[])
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char       *directory = NULL, *index = NULL;
  GError                *error = NULL;
  JsonArray             *cases;

  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions (); /* a failed case does not keep the others from running */
  directory = g_strdup (g_getenv ("LW_GOLDEN_DIR"));
  if (directory == NULL)
    directory = g_test_build_filename (G_TEST_DIST, "golden", "vectors", NULL);
  index = g_build_filename (directory, "index.json", NULL);
  if (!json_parser_load_from_file (parser, index, &error))
    g_error ("%s: %s", index, error->message);
  cases = json_node_get_array (json_parser_get_root (parser));
  g_assert_cmpuint (json_array_get_length (cases), >, 0);
  for (guint i = 0; i < json_array_get_length (cases); i++)
    {
      Case            *test = g_new0 (Case, 1);
      g_autofree char *path = NULL;

      test->directory = g_strdup (directory);
      test->json = json_object_ref (json_array_get_object_element (cases, i));
      path = g_strconcat ("/golden/", json_object_get_string_member (test->json, "case"), NULL);
      g_test_add_data_func_full (path, test, test_case, case_free);
    }
  return g_test_run ();
}
