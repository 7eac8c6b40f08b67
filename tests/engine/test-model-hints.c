#include <string.h>

#include "engine/nn/model_hints.h"
#include "engine/nn/schedule.h"
#include "tests/engine/model-tools.h"

/* Hints at what is suspicious, none at what is not, and where their fixes lead. */

typedef struct {
  const char *layers;
  gboolean    from_logits;
  const char *hints; /* "layer: words of the sentence", joined by "|"; "" for none */
  const char *label; /* of the first hint's fix, NULL for none */
} HintCase;

static const HintCase cases[] = {
  /* linear on linear */
  { "Flatten; Dense; Dense", TRUE, "1: This is a linear model", "Use relu" },
  { "Conv2D activation=linear; AveragePooling2D; Dropout; Flatten; Dense", TRUE, "0: This is a linear model",
    "Use relu" },
  { "Conv2D; Flatten; Dense; Dense", TRUE,
    "2: Without an activation between them, dense and dense_1 can do no more than one layer; give dense",
    "Use relu" },
  { "Flatten; Dense; Dense; Dense", TRUE, "1: This is a linear model", "Use relu" },
  { "Flatten; Dense; ReLU; Dense", TRUE, "", NULL },
  { "Flatten; Dense; BatchNormalization; Activation; Dense", TRUE, "", NULL },
  { "Conv2D activation=linear; MaxPooling2D; Flatten; Dense", TRUE, "", NULL },
  { "Flatten; Dense", TRUE, "", NULL },
  /* softmax inside */
  { "Flatten; Dense activation=softmax; Dense", TRUE, "1: The softmax of dense", "Use relu" },
  { "Flatten; Dense; Softmax; Dense activation=softmax", FALSE, "2: The softmax of softmax", "Remove Softmax" },
  /* what comes out */
  { "Flatten; Dense activation=relu", TRUE, "1: The relu of dense cuts off logits below 0", "Remove relu" },
  { "Flatten; Dense; ReLU", TRUE, "2: The relu of re_lu cuts off", "Remove relu" },
  { "Flatten; Dense; Activation activation=tanh", TRUE, "2: The tanh of activation keeps the logits near 0",
    "Remove tanh" },
  { "Flatten; Dense activation=sigmoid", FALSE, "1: The sigmoid of dense rates each class by itself",
    "Use softmax" },
  { "Flatten; Dense activation=softmax", FALSE, "", NULL },
  { "Flatten; Dense activation=log_softmax", TRUE, "", NULL },
  /* dropout */
  { "Flatten; Dense; Dropout", TRUE, "2: dropout leaves out answers of the model itself", "Remove Dropout" },
  { "Flatten; Dropout rate=0.75; Dense", TRUE, "1: dropout leaves out 75\u202f% of its inputs",
    "Set rate to 0.5" },
  { "Flatten; Dropout rate=0.7; Dense", TRUE, "", NULL },
  /* normalization of answers */
  { "Flatten; Dense; BatchNormalization", TRUE, "2: batch_normalization evens out the answers",
    "Remove BatchNormalization" },
  { "Flatten; BatchNormalization; Dense", TRUE, "", NULL },
  /* nothing left to look at */
  { "MaxPooling2D pool_size=28,28; Conv2D padding=same; Flatten; Dense", TRUE,
    "0: max_pooling2d leaves 1×1 of the image, so that conv2d", "Remove MaxPooling2D" },
  { "Conv2D; MaxPooling2D pool_size=26,26; Flatten; Dense", TRUE, "", NULL },
  /* many weights */
  { "Conv2D filters=64 padding=same; Flatten; Dense units=128 activation=relu; Dense", TRUE,
    "2: dense has 6.4 million weights, because flatten", "Insert GlobalAveragePooling2D" },
  { "Flatten; Dense units=6000 activation=relu; Dense", TRUE, "1: dense has 4.7 million weights",
    "Insert GlobalAveragePooling2D" },
  /* weights all alike */
  { "Flatten; Dense kernel_initializer=zeros activation=relu; Dense", TRUE,
    "1: All weights of dense begin with the same number", "Use glorot_uniform" },
  { "Flatten; Dense kernel_initializer=zeros", TRUE, "", NULL },
  /* scaled twice */
  { "Rescaling; Flatten; Dense", TRUE, "0: The pixels come as numbers from 0 to 1 already",
    "Remove Rescaling" },
  { "Rescaling scale=2 offset=-1; Flatten; Dense", TRUE, "", NULL },
  /* a faulty model has its fault alone */
  { "Flatten; Dense; Dense units=12", TRUE, "", NULL },
  { "", TRUE, "", NULL },
};

static void
assert_hints (GPtrArray *hints, const char *wanted)
{
  g_auto (GStrv) texts = g_strsplit (wanted, "|", -1); /* of "": none */

  for (guint i = 0; i < hints->len; i++)
    g_test_message ("%d: %s", ((LwHint *) hints->pdata[i])->layer, ((LwHint *) hints->pdata[i])->message);
  g_assert_cmpuint (hints->len, ==, g_strv_length (texts));
  for (guint i = 0; i < hints->len; i++)
    {
      const LwHint    *hint = hints->pdata[i];
      g_autofree char *text = g_strdup_printf ("%d: %s", hint->layer, hint->message);

      g_assert_true (g_str_has_prefix (text, texts[i]));
      g_assert_true (g_str_has_suffix (hint->message, "."));
      g_assert_true (g_str_has_prefix (hint->message, hint->reason));
      g_assert_cmpuint (strlen (hint->reason), <, strlen (hint->message));
    }
}

/* Each fix makes another model that can train and of which the same is not said again. */
static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const HintCase         *c = &cases[i];
      g_autoptr (LwModelSpec) model = test_model_build (&LW_SHAPE (28, 28, 1), c->from_logits, c->layers);
      g_autoptr (GPtrArray)   hints = lw_model_hints_new (model, 32);
      g_autoptr (LwModelSpec) fixed = NULL;
      g_autoptr (GPtrArray)   left = NULL;
      g_autofree char        *label = NULL;
      const LwHint           *hint;

      g_test_message ("%s", c->layers);
      assert_hints (hints, c->hints);
      if (hints->len == 0)
        continue;
      hint = hints->pdata[0];
      g_assert_cmpuint (hint->n_fixes, ==, 1);
      label = lw_fix_to_label (model, hint, hint->fixes[0]);
      g_assert_cmpstr (label, ==, c->label);
      fixed = lw_model_spec_with_fix (model, hint, hint->fixes[0]);
      g_assert_null (lw_model_spec_get_fault (fixed));
      left = lw_model_hints_new (fixed, 32);
      for (guint j = 0; j < left->len; j++)
        g_assert_cmpstr (((LwHint *) left->pdata[j])->message, !=, hint->message);
    }
}

static void
test_presets (void)
{
  const char *const *presets = lw_model_spec_get_presets ();

  for (guint i = 0; presets[i] != NULL; i++)
    {
      g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (presets[i]);
      g_autoptr (GPtrArray)   hints = lw_model_hints_new (model, lw_preset_get_batch_size (presets[i]));

      assert_hints (hints, "");
    }
}

static LwModelSpec *
with_rate (const char *class_name, double rate, const char *schedule)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwSpec)      standard = lw_spec_new (lw_optimizer_class_find (class_name), NULL);
  g_autoptr (GVariant)    word = g_variant_ref_sink (g_variant_new_string (schedule));
  g_autoptr (LwSpec)      rated = lw_spec_with_value (standard, "learning_rate", (LwFieldValue) { .x = rate }, NULL);
  g_autoptr (LwSpec)      optimizer = lw_spec_with_variant (rated, "schedule", word, NULL);

  g_assert_nonnull (optimizer);
  return lw_model_spec_with_optimizer (model, optimizer);
}

static void
test_learning_rate (void)
{
  static const struct {
    const char *class_name;
    double      rate;
    const char *schedule, *message, *label;
  } rates[] = {
    { "SGD", 2, "constant", "-2: A learning rate of 2 is very large for SGD", "Set learning rate to 0.01" },
    { "SGD", 1, "constant", "", NULL },
    { "Adam", 0.2, "constant", "-2: A learning rate of 0.2 is very large for Adam", "Set learning rate to 0.001" },
    { "Adam", 0.2, "CosineDecay", "-2: A learning rate of 0.2", "Set learning rate to 0.001" },
    { "Adam", 0.1, "constant", "", NULL },
    { "RMSprop", 0.5, "constant", "-2: A learning rate of 0.5", "Set learning rate to 0.001" },
    { "Adagrad", 0.5, "constant", "", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      g_autoptr (LwModelSpec) model = with_rate (rates[i].class_name, rates[i].rate, rates[i].schedule);
      g_autoptr (GPtrArray)   hints = lw_model_hints_new (model, 128);
      g_autoptr (LwModelSpec) fixed = NULL;
      g_autoptr (GPtrArray)   left = NULL;
      g_autofree char        *label = NULL;
      const LwHint           *hint;

      assert_hints (hints, rates[i].message);
      if (hints->len == 0)
        continue;
      hint = hints->pdata[0];
      label = lw_fix_to_label (model, hint, hint->fixes[0]);
      g_assert_cmpstr (label, ==, rates[i].label);
      fixed = lw_model_spec_with_fix (model, hint, hint->fixes[0]);
      left = lw_model_hints_new (fixed, 128);
      assert_hints (left, "");
      g_assert_true (lw_schedule_is_used (lw_model_spec_get_optimizer (fixed))
                     == lw_schedule_is_used (lw_model_spec_get_optimizer (model)));
    }
}

static void
test_batch_size (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwModelSpec) norm
    = test_model_build (&LW_SHAPE (28, 28, 1), TRUE, "Flatten; BatchNormalization; Dense");
  g_autoptr (GPtrArray)   plain = lw_model_hints_new (model, 1);
  g_autoptr (GPtrArray)   two = lw_model_hints_new (model, 2);
  g_autoptr (GPtrArray)   normalized = lw_model_hints_new (norm, 1);

  assert_hints (plain, "-3: With a batch size of 1, each step follows a single image");
  assert_hints (two, "");
  assert_hints (normalized, "-3: With a batch size of 1, batch_normalization has nothing to compare");
}

/* A Dense knows whether it gives the model's answer. */
static void
test_suggestions (void)
{
  const LwLayerClass     *dense = lw_layer_class_find ("Dense");
  g_autoptr (LwModelSpec) logits = lw_model_spec_new_preset ("convnet");
  g_autoptr (LwModelSpec) probabilities = lw_model_spec_new_preset ("mlp");
  g_autoptr (LwModelSpec) empty = lw_model_spec_new ("empty", &LW_SHAPE (28, 28, 1));
  g_autoptr (LwSpec)      last = lw_model_spec_suggest_layer (logits, 7, dense);
  g_autoptr (LwSpec)      middle = lw_model_spec_suggest_layer (logits, 5, dense);
  g_autoptr (LwSpec)      softmax = lw_model_spec_suggest_layer (probabilities, 3, dense);
  g_autoptr (LwSpec)      only = lw_model_spec_suggest_layer (empty, 0, dense);
  g_autoptr (LwSpec)      conv = lw_model_spec_suggest_layer (empty, 0, lw_layer_class_find ("Conv2D"));

  g_assert_cmpint (lw_spec_get_int (last, "units"), ==, LW_N_CLASSES);
  g_assert_cmpstr (lw_spec_get_choice (last, "activation"), ==, "linear");
  g_assert_cmpint (lw_spec_get_int (middle, "units"), >, LW_N_CLASSES);
  g_assert_cmpstr (lw_spec_get_choice (middle, "activation"), ==, "relu");
  g_assert_cmpstr (lw_spec_get_choice (softmax, "activation"), ==, "softmax");
  g_assert_cmpstr (lw_spec_get_choice (only, "activation"), ==, "linear");
  g_assert_cmpstr (lw_spec_get_choice (conv, "activation"), ==, "relu");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model-hints/cases", test_cases);
  g_test_add_func ("/model-hints/presets", test_presets);
  g_test_add_func ("/model-hints/learning-rate", test_learning_rate);
  g_test_add_func ("/model-hints/batch-size", test_batch_size);
  g_test_add_func ("/model-hints/suggestions", test_suggestions);
  return g_test_run ();
}
