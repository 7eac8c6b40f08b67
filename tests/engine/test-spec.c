#include <math.h>
#include <string.h>

#include "engine/core/error.h"
#include "engine/nn/layer_class.h"
#include "engine/nn/model_spec.h"

typedef void (*Check) (const LwSpecClass *klass);

static void
for_each_class (Check check)
{
  guint                      n;
  const LwLayerClass *const *layers = lw_layer_classes (&n);

  g_assert_cmpuint (n, ==, 14);
  for (guint i = 0; i < n; i++)
    check (&layers[i]->spec);
  for (const LwSpecClass *const *klass = lw_optimizer_classes (); *klass != NULL; klass++)
    check (*klass);
  for (const LwSpecClass *const *klass = lw_loss_classes (); *klass != NULL; klass++)
    check (*klass);
}

static void
check_class (const LwSpecClass *klass)
{
  g_autoptr (LwSpec) spec = lw_spec_new (klass, "it");

  g_assert_nonnull (klass->label);
  g_assert_nonnull (klass->summary);
  g_assert_true (klass->family != LW_SPEC_LAYER || klass->group != NULL);
  g_assert_true (lw_spec_get_class (spec) == klass);
  g_assert_cmpstr (lw_spec_get_name (spec), ==, "it");
  g_assert_true (lw_spec_is_a (spec, klass->class_name));

  for (guint i = 0; i < klass->n_fields; i++)
    {
      const LwField     *field = &klass->fields[i];
      const LwFieldValue keras = field->keras != NULL ? *field->keras : field->standard;
      g_autoptr (LwSpec) same = NULL;
      g_autoptr (LwSpec) other = NULL;
      g_autoptr (GError) error = NULL;
      guint              index;

      g_assert_true (lw_spec_class_find (klass, field->key, &index) == field);
      g_assert_cmpuint (index, ==, i);
      g_assert_nonnull (field->label);
      g_assert_true ((field->type == LW_FIELD_CHOICE) == (field->choices != NULL));

      /* Defaults keep to the limits, ours and Keras'. */
      same = lw_spec_with_value (spec, field->key, field->standard, &error);
      g_assert_no_error (error);
      g_assert_true (lw_spec_equal (spec, same));
      other = lw_spec_with_value (spec, field->key, keras, &error);
      g_assert_no_error (error);
      g_assert_nonnull (other);
    }
}

static void
test_classes (void)
{
  for_each_class (check_class);
  g_assert_null (lw_layer_class_find ("InputLayer"));
  g_assert_null (lw_layer_class_find ("conv2d"));
  g_assert_null (lw_optimizer_class_find ("rmsprop"));
  g_assert_null (lw_loss_class_find ("huber"));
}

/* What a value away from the standard looks like. */
static LwFieldValue
get_other (const LwField *field)
{
  LwFieldValue value = field->standard;

  switch (field->type)
    {
    case LW_FIELD_INT:
      value.i = (gint64) field->maximum;
      break;
    case LW_FIELD_PAIR:
      value.pair[0] = 3;
      value.pair[1] = 4;
      break;
    case LW_FIELD_FLOAT:
      value.x = 0.25;
      break;
    case LW_FIELD_BOOL:
      value.b = !value.b;
      break;
    case LW_FIELD_LIST:
      value.list = (LwFieldList) { 2, { 3, 4 } };
      break;
    case LW_FIELD_CHOICE:
    default:
      value.choice = value.choice == 0 ? 1 : 0;
      break;
    }
  return value;
}

static void
check_variants (const LwSpecClass *klass)
{
  g_autoptr (LwSpec) spec = lw_spec_new (klass, NULL);

  for (guint i = 0; i < klass->n_fields; i++)
    {
      const LwField       *field = &klass->fields[i];
      g_autoptr (GError)   error = NULL;
      g_autoptr (LwSpec)   changed = NULL;
      g_autoptr (LwSpec)   again = NULL;
      g_autoptr (LwSpec)   wrong = NULL;
      g_autoptr (GVariant) variant = NULL;
      g_autoptr (GVariant) odd = g_variant_ref_sink (g_variant_new_byte (3));

      changed = lw_spec_with_value (spec, field->key, get_other (field), &error);
      g_assert_no_error (error);
      g_assert_false (lw_spec_equal (spec, changed));

      variant = g_variant_ref_sink (lw_spec_get_variant (changed, field->key));
      again = lw_spec_with_variant (spec, field->key, variant, &error);
      g_assert_no_error (error);
      g_assert_true (lw_spec_equal (changed, again));

      wrong = lw_spec_with_variant (spec, field->key, odd, &error);
      g_assert_null (wrong);
      g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
    }
}

static void
test_variants (void)
{
  g_autoptr (LwSpec)   dense = lw_spec_new (&lw_layer_class_find ("Dense")->spec, "dense");
  g_autoptr (LwSpec)   changed = NULL;
  g_autoptr (LwSpec)   none = NULL;
  g_autoptr (GVariant) five = g_variant_ref_sink (g_variant_new_int32 (5));
  g_autoptr (GVariant) word = g_variant_ref_sink (g_variant_new_string ("cube"));
  g_autoptr (GError)   error = NULL;

  for_each_class (check_variants);

  changed = lw_spec_with_variant (dense, "units", five, &error);
  g_assert_no_error (error);
  g_assert_cmpint (lw_spec_get_int (changed, "units"), ==, 5);

  none = lw_spec_with_variant (dense, "activation", word, &error);
  g_assert_null (none);
  g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
  g_assert_cmpstr (error->message, ==,
                   "The activation of dense cannot be “cube”; choose one of linear, relu, softmax, "
                   "sigmoid, tanh, leaky_relu, elu, relu6, softplus, silu, gelu, log_softmax.");
  g_clear_error (&error);

  none = lw_spec_with_variant (dense, "filters", five, &error);
  g_assert_null (none);
  g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
}

/* Asserts that a class refuses a value for a key. */
static void
assert_refused (const LwSpecClass *klass, const char *key, LwFieldValue value)
{
  g_autoptr (LwSpec) spec = lw_spec_new (klass, NULL);
  g_autoptr (LwSpec) changed = NULL;
  g_autoptr (GError) error = NULL;

  changed = lw_spec_with_value (spec, key, value, &error);
  g_assert_null (changed);
  g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
  g_assert_nonnull (strstr (error->message, key));
}

static void
test_limits (void)
{
  const LwSpecClass *conv = &lw_layer_class_find ("Conv2D")->spec;
  const LwSpecClass *pool = &lw_layer_class_find ("MaxPooling2D")->spec;
  const LwSpecClass *reshape = &lw_layer_class_find ("Reshape")->spec;
  const LwSpecClass *dropout = &lw_layer_class_find ("Dropout")->spec;
  const LwSpecClass *adam = lw_optimizer_class_find ("Adam");

  assert_refused (conv, "filters", (LwFieldValue) { .i = 0 });
  assert_refused (conv, "filters", (LwFieldValue) { .i = 65537 });
  assert_refused (conv, "filters", (LwFieldValue) { .i = G_MININT64 });
  assert_refused (conv, "kernel_size", (LwFieldValue) { .pair = { 0, 0 } });
  assert_refused (conv, "kernel_size", (LwFieldValue) { .pair = { 3, 513 } });
  assert_refused (conv, "strides", (LwFieldValue) { .pair = { 0, 1 } });
  assert_refused (pool, "strides", (LwFieldValue) { .pair = { 0, 1 } });
  assert_refused (conv, "padding", (LwFieldValue) { .choice = 2 });
  assert_refused (conv, "padding", (LwFieldValue) { .choice = -1 });
  assert_refused (reshape, "target_shape", (LwFieldValue) { .list = { 0 } });
  assert_refused (reshape, "target_shape", (LwFieldValue) { .list = { 2, { 7, 7.5 } } });
  assert_refused (reshape, "target_shape", (LwFieldValue) { .list = { 2, { 7, -2 } } });
  assert_refused (reshape, "target_shape", (LwFieldValue) { .list = { 2, { NAN, 7 } } });
  assert_refused (reshape, "target_shape", (LwFieldValue) { .list = { LW_FIELD_MAX_LIST + 1, { 1 } } });
  assert_refused (reshape, "target_shape", (LwFieldValue) { .list = { -1, { 1 } } });
  assert_refused (dropout, "rate", (LwFieldValue) { .x = 1.0 });
  assert_refused (dropout, "rate", (LwFieldValue) { .x = NAN });
  assert_refused (adam, "learning_rate", (LwFieldValue) { .x = -0.001 });
  assert_refused (adam, "learning_rate", (LwFieldValue) { .x = INFINITY });
  assert_refused (adam, "beta_1", (LwFieldValue) { .x = 1.0 });
}

/* Sets `key` from GVariant text and gives the summary, "" for the standard values. */
static char *
summarize (const LwSpecClass *klass, const char *key, const char *text)
{
  g_autoptr (LwSpec) spec = lw_spec_new (klass, NULL);

  if (key != NULL)
    {
      g_autoptr (GVariant) value = g_variant_parse (NULL, text, NULL, NULL, NULL);
      g_autoptr (GError)   error = NULL;
      LwSpec              *changed = lw_spec_with_variant (spec, key, value, &error);

      g_assert_no_error (error);
      lw_spec_unref (spec);
      spec = changed;
    }
  return lw_spec_to_summary (spec);
}

static void
test_summary (void)
{
  static const struct {
    const char *class_name, *key, *value, *summary;
  } cases[] = {
    { "Conv2D", NULL, NULL, "32 filters · 3×3 · relu" },
    { "Conv2D", "padding", "'same'", "32 filters · 3×3 · same · relu" },
    { "Conv2D", "strides", "(int64 2, int64 2)", "32 filters · 3×3 · stride 2×2 · relu" },
    { "Conv2D", "activation", "'linear'", "32 filters · 3×3" },
    { "Conv2D", "use_bias", "false", "32 filters · 3×3 · relu · no bias" },
    { "MaxPooling2D", NULL, NULL, "2×2" },
    { "AveragePooling2D", "strides", "(int64 1, int64 1)", "2×2 · stride 1×1" },
    { "GlobalAveragePooling2D", NULL, NULL, "" },
    { "Flatten", NULL, NULL, "" },
    { "Dense", NULL, NULL, "10 units" },
    { "Dense", "activation", "'softmax'", "10 units · softmax" },
    { "Dropout", NULL, NULL, "rate 0.5" },
    { "Activation", NULL, NULL, "relu" },
    { "Activation", "activation", "'gelu'", "gelu" },
    { "Dense", "kernel_regularizer", "0.01", "10 units · L2 0.01" },
    { "Dense", "kernel_initializer", "'he_normal'", "10 units" },
    { "Reshape", NULL, NULL, "to -1" },
    { "Reshape", "target_shape", "[7.0, 7.0, 16.0]", "to 7, 7, 16" },
    { "ReLU", NULL, NULL, "" },
    { "ReLU", "max_value", "6.0", "at most 6" },
    { "BatchNormalization", NULL, NULL, "" },
    { "BatchNormalization", "momentum", "0.9", "momentum 0.9" },
    { "Softmax", NULL, NULL, "" },
    { "Rescaling", NULL, NULL, "times 0.00392157" },
    { "GlobalMaxPooling2D", "keepdims", "true", "keepdims" },
    { "Adam", NULL, NULL, "0.001" },
    { "Adam", "epsilon", "1e-10", "0.001" },
    { "SGD", "momentum", "0.9", "0.01 · momentum 0.9" },
    { "SparseCategoricalCrossentropy", NULL, NULL, "" },
    { "SparseCategoricalCrossentropy", "from_logits", "false", "from probabilities" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const LwLayerClass *layer = lw_layer_class_find (cases[i].class_name);
      const LwSpecClass  *klass = layer != NULL ? &layer->spec : NULL;
      g_autofree char    *summary = NULL;

      if (klass == NULL)
        klass = lw_optimizer_class_find (cases[i].class_name);
      if (klass == NULL)
        klass = lw_loss_class_find (cases[i].class_name);
      summary = summarize (klass, cases[i].key, cases[i].value);
      g_assert_cmpstr (summary, ==, cases[i].summary);
    }
}

static void
test_immutable (void)
{
  g_autoptr (LwSpec) spec = lw_spec_new (&lw_layer_class_find ("Conv2D")->spec, "a");
  g_autoptr (LwSpec) renamed = lw_spec_with_name (spec, "b");
  g_autoptr (LwSpec) changed = NULL;
  g_autoptr (LwSpec) reference = lw_spec_ref (spec);
  gint64             pair[2];

  changed = lw_spec_with_value (spec, "kernel_size", (LwFieldValue) { .pair = { 5, 7 } }, NULL);
  lw_spec_get_pair (spec, "kernel_size", pair);
  g_assert_cmpint (pair[0], ==, 3);
  lw_spec_get_pair (changed, "kernel_size", pair);
  g_assert_cmpint (pair[0], ==, 5);
  g_assert_cmpint (pair[1], ==, 7);
  g_assert_cmpstr (lw_spec_get_name (changed), ==, "a");
  g_assert_cmpstr (lw_spec_get_name (renamed), ==, "b");
  g_assert_cmpstr (lw_spec_get_choice (changed, "padding"), ==, "valid");
  g_assert_true (lw_spec_get_bool (changed, "use_bias"));
  g_assert_false (lw_spec_equal (spec, renamed));
  g_assert_false (lw_spec_equal (spec, changed));
  g_assert_true (lw_spec_equal (spec, reference));
}

/* Lists of numbers, as values, text and variants. */
static void
test_lists (void)
{
  static const LwField reals = {
    .key = "values", .label = "Values", .type = LW_FIELD_LIST, .minimum = 0, .maximum = 1, .optional = TRUE
  };
  const LwSpecClass    klass = { .family = LW_SPEC_OPTIMIZER, .class_name = "X", .fields = &reals, .n_fields = 1 };
  g_autoptr (LwSpec)   spec = lw_spec_new (&klass, NULL);
  g_autoptr (LwSpec)   some = NULL, same = NULL, longer = NULL, none = NULL;
  g_autoptr (GError)   error = NULL;
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GVariant) nine = g_variant_ref_sink (
    g_variant_new_parsed ("[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]"));
  g_autofree char     *text = NULL;
  g_autofree char     *empty = lw_field_value_to_string (&reals, lw_spec_get_value (spec, 0));

  g_assert_cmpstr (empty, ==, "None");
  some = lw_spec_with_value (spec, "values", (LwFieldValue) { .list = { 3, { 0.1, 1, 1e-4, 77 } } }, &error);
  g_assert_no_error (error);
  text = lw_field_value_to_string (&reals, lw_spec_get_value (some, 0));
  g_assert_cmpstr (text, ==, "0.1, 1, 0.0001");
  g_assert_cmpint (lw_spec_get_list (some, "values").n, ==, 3);
  g_assert_cmpfloat (lw_spec_get_list (some, "values").x[0], ==, 0.1);
  /* What lies behind the list is nobody's. */
  g_assert_cmpfloat (lw_spec_get_list (some, "values").x[3], ==, 0);

  variant = g_variant_ref_sink (lw_spec_get_variant (some, "values"));
  g_assert_cmpstr (g_variant_get_type_string (variant), ==, "ad");
  same = lw_spec_with_variant (spec, "values", variant, &error);
  g_assert_no_error (error);
  g_assert_true (lw_spec_equal (some, same));
  g_assert_false (lw_spec_equal (some, spec));
  longer = lw_spec_with_value (spec, "values", (LwFieldValue) { .list = { 4, { 0.1, 1, 1e-4, 0 } } }, &error);
  g_assert_false (lw_spec_equal (some, longer));

  none = lw_spec_with_variant (spec, "values", nine, &error);
  g_assert_null (none);
  g_assert_error (error, LW_ERROR, LW_ERROR_VALUE);
  g_assert_nonnull (strstr (error->message, "give at most 8 numbers from 0 to 1, parted by commas."));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/spec/classes", test_classes);
  g_test_add_func ("/spec/variants", test_variants);
  g_test_add_func ("/spec/limits", test_limits);
  g_test_add_func ("/spec/summary", test_summary);
  g_test_add_func ("/spec/lists", test_lists);
  g_test_add_func ("/spec/immutable", test_immutable);
  return g_test_run ();
}
