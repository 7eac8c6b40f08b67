#include <string.h>

#include "engine/nn/model_spec.h"
#include "engine/nn/summary.h"
#include "tests/engine/model-tools.h"

#define IMAGE (&LW_SHAPE (28, 28, 1))
#define OPEN  (&LW_SHAPE (LW_DIM_ANY, LW_DIM_ANY, 1))

static void
test_presets (void)
{
  static const struct {
    const char *name;
    gint64      parameters;
    guint       batch_size;
    gboolean    from_logits;
  } cases[] = {
    { "tiny-cnn", 2650, 32, TRUE },   { "mlp", 50890, 32, FALSE },    { "convnet", 34826, 128, TRUE },
    { "logistic", 7850, 32, FALSE },  { "lenet5", 61706, 32, TRUE },
  };

  g_assert_cmpuint (g_strv_length ((char **) lw_model_spec_get_presets ()), ==, G_N_ELEMENTS (cases));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (cases[i].name);
      const LwSpec           *loss;

      g_assert_nonnull (model);
      g_assert_true (g_strv_contains (lw_model_spec_get_presets (), cases[i].name));
      g_assert_nonnull (lw_preset_get_summary (cases[i].name));
      g_assert_cmpuint (lw_preset_get_batch_size (cases[i].name), ==, cases[i].batch_size);
      g_assert_cmpstr (lw_model_spec_get_name (model), ==, cases[i].name);
      g_assert_cmpint (lw_model_spec_get_n_parameters (model), ==, cases[i].parameters);
      g_assert_null (lw_model_spec_get_fault (model));
      g_assert_true (lw_shape_equal (lw_model_spec_get_output (model), &LW_SHAPE (10)));
      loss = lw_model_spec_get_loss (model);
      g_assert_true (lw_spec_get_bool (loss, "from_logits") == cases[i].from_logits);
      g_assert_true (lw_spec_is_a (lw_model_spec_get_optimizer (model), "Adam"));
      g_assert_cmpfloat (lw_spec_get_float (lw_model_spec_get_optimizer (model), "learning_rate"), ==,
                         0.001);
    }
  g_assert_null (lw_model_spec_new_preset ("resnet"));
  g_assert_null (lw_preset_get_summary ("resnet"));
}

static void
assert_names (const LwModelSpec *model, const char *expected)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < lw_model_spec_get_n_layers (model); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? " " : "",
                            lw_spec_get_name (lw_model_spec_get_layer (model, i)));
  g_assert_cmpstr (names->str, ==, expected);
}

static void
test_edits (void)
{
  g_autoptr (LwModelSpec) model = test_model_build (IMAGE, TRUE, "Conv2D; Conv2D; Flatten; Dense");
  g_autoptr (LwModelSpec) copy = test_model_build (IMAGE, TRUE, "Conv2D; Conv2D; Flatten; Dense");
  g_autoptr (LwSpec)      conv = lw_spec_new (&lw_layer_class_find ("Conv2D")->spec, NULL);
  g_autoptr (LwSpec)      taken = lw_spec_with_name (conv, "dense");
  g_autoptr (LwSpec)      mine = lw_spec_with_name (conv, "edges");
  g_autoptr (LwSpec)      dense = lw_spec_new (&lw_layer_class_find ("Dense")->spec, NULL);
  g_autoptr (LwSpec)      sgd = lw_spec_new (lw_optimizer_class_find ("SGD"), NULL);
  LwModelSpec            *edited;

  assert_names (model, "conv2d conv2d_1 flatten dense");
  g_assert_true (lw_model_spec_equal (model, copy));

  edited = lw_model_spec_with_removed (model, 0);
  assert_names (edited, "conv2d_1 flatten dense");
  lw_model_spec_unref (copy);
  copy = lw_model_spec_with_inserted (edited, 3, conv);
  assert_names (copy, "conv2d_1 flatten dense conv2d");
  lw_model_spec_unref (edited);

  edited = lw_model_spec_with_inserted (model, 1, taken);
  assert_names (edited, "conv2d conv2d_2 conv2d_1 flatten dense");
  lw_model_spec_unref (edited);
  edited = lw_model_spec_with_inserted (model, 0, mine);
  assert_names (edited, "edges conv2d conv2d_1 flatten dense");
  lw_model_spec_unref (edited);

  edited = lw_model_spec_with_replaced (model, 0, conv);
  g_assert_true (lw_model_spec_equal (edited, model));
  lw_model_spec_unref (edited);
  edited = lw_model_spec_with_replaced (model, 1, dense);
  assert_names (edited, "conv2d dense_1 flatten dense");
  lw_model_spec_unref (edited);

  edited = lw_model_spec_with_moved (model, 0, 3);
  assert_names (edited, "conv2d_1 flatten dense conv2d");
  lw_model_spec_unref (edited);
  edited = lw_model_spec_with_moved (model, 3, 0);
  assert_names (edited, "dense conv2d conv2d_1 flatten");
  lw_model_spec_unref (edited);
  edited = lw_model_spec_with_moved (model, 2, 2);
  g_assert_true (lw_model_spec_equal (edited, model));
  lw_model_spec_unref (edited);

  edited = lw_model_spec_with_optimizer (model, sgd);
  g_assert_true (lw_spec_is_a (lw_model_spec_get_optimizer (edited), "SGD"));
  g_assert_false (lw_model_spec_equal (edited, model));
  lw_model_spec_unref (edited);
  edited = lw_model_spec_with_name (model, "digits");
  g_assert_cmpstr (lw_model_spec_get_name (edited), ==, "digits");
  g_assert_false (lw_model_spec_equal (edited, model));
  lw_model_spec_unref (edited);
  edited = lw_model_spec_with_input (model, &LW_SHAPE (32, 32, 3));
  g_assert_true (lw_shape_equal (lw_model_spec_get_input (edited), &LW_SHAPE (32, 32, 3)));
  g_assert_true (lw_shape_equal (&lw_model_spec_get_info (edited, 0)->weights[0].shape,
                                 &LW_SHAPE (3, 3, 3, 32)));
  lw_model_spec_unref (edited);
}

/* Output shapes as Keras gives them. */
static void
test_shapes (void)
{
  static const struct {
    const char *layer;
    LwShape     input, output;
    gint64      parameters;
  } cases[] = {
    { "Conv2D", { 3, { 28, 28, 1 } }, { 3, { 26, 26, 32 } }, 320 },
    { "Conv2D padding=same", { 3, { 28, 27, 3 } }, { 3, { 28, 27, 32 } }, 896 },
    { "Conv2D padding=same strides=2,3", { 3, { 27, 28, 1 } }, { 3, { 14, 10, 32 } }, 320 },
    { "Conv2D strides=2,3", { 3, { 27, 28, 1 } }, { 3, { 13, 9, 32 } }, 320 },
    { "Conv2D kernel_size=3,2 dilation_rate=2,3", { 3, { 9, 9, 1 } }, { 3, { 5, 6, 32 } }, 224 },
    { "Conv2D kernel_size=1,1 use_bias=false", { 3, { -1, -1, 4 } }, { 3, { -1, -1, 32 } }, 128 },
    { "Conv2D padding=same kernel_size=512,512 filters=1", { 3, { 1, 1, 1 } }, { 3, { 1, 1, 1 } }, 262145 },
    { "MaxPooling2D", { 3, { 5, 4, 7 } }, { 3, { 2, 2, 7 } }, 0 },
    { "MaxPooling2D padding=same", { 3, { 5, 4, 7 } }, { 3, { 3, 2, 7 } }, 0 },
    { "AveragePooling2D pool_size=3,2 strides=1,1", { 3, { 5, 4, 7 } }, { 3, { 3, 3, 7 } }, 0 },
    { "AveragePooling2D strides=3,3", { 3, { 8, 7, 1 } }, { 3, { 3, 2, 1 } }, 0 },
    { "GlobalAveragePooling2D", { 3, { -1, -1, 7 } }, { 1, { 7 } }, 0 },
    { "GlobalAveragePooling2D keepdims=true", { 3, { 5, 5, 7 } }, { 3, { 1, 1, 7 } }, 0 },
    { "Flatten", { 3, { 5, 4, 7 } }, { 1, { 140 } }, 0 },
    { "Flatten", { 1, { 6 } }, { 1, { 6 } }, 0 },
    { "Flatten", { 3, { -1, 4, 7 } }, { 1, { -1 } }, 0 },
    { "Dense units=5", { 3, { -1, 4, 7 } }, { 3, { -1, 4, 5 } }, 40 },
    { "Dense units=5 use_bias=false", { 1, { 7 } }, { 1, { 5 } }, 35 },
    { "Dropout", { 3, { -1, 4, 7 } }, { 3, { -1, 4, 7 } }, 0 },
    { "GlobalMaxPooling2D", { 3, { -1, -1, 7 } }, { 1, { 7 } }, 0 },
    { "GlobalMaxPooling2D keepdims=true", { 3, { 5, -1, 7 } }, { 3, { 1, 1, 7 } }, 0 },
    { "ReLU", { 3, { -1, 4, 7 } }, { 3, { -1, 4, 7 } }, 0 },
    { "Softmax axis=1", { 2, { 4, 7 } }, { 2, { 4, 7 } }, 0 },
    { "Rescaling", { 3, { -1, 4, 7 } }, { 3, { -1, 4, 7 } }, 0 },
    { "Reshape target_shape=-1,10", { 3, { 5, 4, 7 } }, { 2, { 14, 10 } }, 0 },
    { "Reshape target_shape=7,2,-1,5", { 2, { 14, 10 } }, { 4, { 7, 2, 2, 5 } }, 0 },
    { "Reshape target_shape=7,20", { 3, { 5, 4, 7 } }, { 2, { 7, 20 } }, 0 },
    { "Reshape target_shape=-1,20", { 3, { -1, 4, 7 } }, { 2, { -1, 20 } }, 0 },
    { "Activation", { 2, { 4, 7 } }, { 2, { 4, 7 } }, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      LwModelSpec       *model = NULL;
      const LwLayerInfo *info;
      const LwSpec      *layer;
      LwLayerInfo        direct;
      LwLayerFault       fault = { 0 };

      model = test_model_build (&LW_SHAPE (4096, 4096, 1), TRUE, cases[i].layer);
      layer = lw_model_spec_get_layer (model, 0);
      g_assert_true (lw_layer_class_of (layer)->infer (layer, &cases[i].input, &direct, &fault));
      g_assert_true (lw_shape_equal (&direct.output, &cases[i].output));
      g_assert_cmpint (lw_layer_info_get_n_parameters (&direct), ==, cases[i].parameters);
      g_assert_cmpfloat (direct.flops, >=, 0.0);
      info = &direct;
      for (guint w = 0; w < info->n_weights; w++)
        {
          g_assert_true (info->weights[w].trainable);
          g_assert_cmpstr (info->weights[w].name, ==, w == 0 ? "kernel" : "bias");
          g_assert_cmpint (info->weights[w].initializer, ==,
                           w == 0 ? LW_INIT_GLOROT_UNIFORM : LW_INIT_ZEROS);
        }
      lw_model_spec_unref (model);
    }
}

/* Keras' fans and twice the multiplications. */
static void
test_cost (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("convnet");
  const LwLayerInfo      *conv = lw_model_spec_get_info (model, 2);
  const LwLayerInfo      *dense = lw_model_spec_get_info (model, 6);

  g_assert_cmpint (conv->weights[0].fan_in, ==, 3 * 3 * 32);
  g_assert_cmpint (conv->weights[0].fan_out, ==, 3 * 3 * 64);
  g_assert_cmpfloat (conv->flops, ==, 11.0 * 11 * 64 * (2 * 3 * 3 * 32 + 2));
  g_assert_cmpint (dense->weights[0].fan_in, ==, 1600);
  g_assert_cmpint (dense->weights[0].fan_out, ==, 10);
  g_assert_cmpfloat (dense->flops, ==, 10.0 * (2 * 1600 + 1));
}

typedef struct {
  const char   *layers;
  const LwShape input;
  gboolean      from_logits;
  int           layer;
  const char   *message; /* NULL: no fault */
  const char   *labels;  /* the fixes' labels, joined by "|" */
  const char   *fixed;   /* the layers' names after the first fix */
} FaultCase;

static const FaultCase fault_cases[] = {
  { "Conv2D; MaxPooling2D; Conv2D filters=64; Dense", { 3, { 28, 28, 1 } }, TRUE, 3,
    "The output of dense is 11×11×10, but the loss compares one row of 10 per image; insert Flatten "
    "before it.",
    "Insert Flatten|Insert GlobalAveragePooling2D", "conv2d max_pooling2d conv2d_1 flatten dense" },
  { "Conv2D; Dense; Dropout; Activation activation=softmax", { 3, { 28, 28, 1 } }, FALSE, 1,
    "The output of dense is 26×26×10, but the loss compares one row of 10 per image; insert Flatten "
    "before it.",
    "Insert Flatten|Insert GlobalAveragePooling2D", "conv2d flatten dense dropout activation" },
  { "Conv2D; Dense", { 3, { -1, -1, 1 } }, TRUE, 1,
    "The output of dense is None×None×10, but the loss compares one row of 10 per image; insert "
    "GlobalAveragePooling2D before it.",
    "Insert GlobalAveragePooling2D", "conv2d global_average_pooling2d dense" },
  { "Conv2D", { 3, { 28, 28, 1 } }, TRUE, 0,
    "The output of conv2d is 26×26×32, but the loss compares one row of 10 per image; add Dense with "
    "10 units after it.",
    "Add Dense with 10 units", "conv2d flatten dense" },
  { "Conv2D filters=10", { 3, { 28, 28, 1 } }, TRUE, 0,
    "The output of conv2d is 26×26×10, but the loss compares one row of 10 per image; insert "
    "GlobalAveragePooling2D or Dense after it.",
    "Insert GlobalAveragePooling2D|Add Dense with 10 units", "conv2d global_average_pooling2d" },
  { "Flatten; Dense", { 3, { -1, -1, 1 } }, TRUE, 1,
    "dense needs a known number of inputs, but gets None because the input's height and width are "
    "None; set the input to 28×28 or use GlobalAveragePooling2D.",
    "Set input to 28×28|Insert GlobalAveragePooling2D", "flatten dense" },
  { "Flatten; Dense units=12", { 3, { 28, 28, 1 } }, TRUE, 1,
    "The output of dense is one row of 12, but the loss compares one row of 10 per image; set units "
    "to 10.",
    "Set units to 10|Add Dense with 10 units", "flatten dense" },
  { "Conv2D; GlobalAveragePooling2D", { 3, { 28, 28, 1 } }, TRUE, 1,
    "The output of global_average_pooling2d is one row of 32, but the loss compares one row of 10 "
    "per image; add Dense with 10 units after it.",
    "Add Dense with 10 units", "conv2d global_average_pooling2d dense" },
  { "Flatten; Dense activation=softmax", { 3, { 28, 28, 1 } }, TRUE, 1,
    "The softmax of dense makes probabilities, but the loss expects logits; remove softmax or turn "
    "from_logits off.",
    "Remove softmax|Turn from_logits off", "flatten dense" },
  { "Flatten; Dense; Activation activation=softmax; Dropout", { 3, { 28, 28, 1 } }, TRUE, 2,
    "The softmax of activation makes probabilities, but the loss expects logits; remove softmax or "
    "turn from_logits off.",
    "Remove softmax|Turn from_logits off", "flatten dense dropout" },
  { "Flatten; Dense activation=relu", { 3, { 28, 28, 1 } }, FALSE, 1,
    "The output of dense is not probabilities, but the loss expects them; turn from_logits on or end "
    "the model in softmax.",
    "Turn from_logits on", "flatten dense" },
  { "Flatten; Dense; Softmax; Dropout", { 3, { 28, 28, 1 } }, TRUE, 2,
    "The softmax of softmax makes probabilities, but the loss expects logits; remove softmax or turn "
    "from_logits off.",
    "Remove softmax|Turn from_logits off", "flatten dense dropout" },
  { "Flatten; Dense; Softmax", { 3, { 28, 28, 1 } }, FALSE, 0, NULL, NULL, NULL },
  { "Flatten; Dense; Softmax axis=1", { 3, { 28, 28, 1 } }, FALSE, 0, NULL, NULL, NULL },
  { "Flatten; Dense; Softmax; BatchNormalization", { 3, { 28, 28, 1 } }, FALSE, 3,
    "The output of batch_normalization is not probabilities, but the loss expects them; turn "
    "from_logits on or end the model in softmax.",
    "Turn from_logits on", "flatten dense softmax batch_normalization" },
  { "Flatten; Dense; ReLU", { 3, { 28, 28, 1 } }, FALSE, 2,
    "The output of re_lu is not probabilities, but the loss expects them; turn from_logits on or end "
    "the model in softmax.",
    "Turn from_logits on", "flatten dense re_lu" },
  { "Flatten; Dense activation=relu; ReLU; Dense", { 3, { 28, 28, 1 } }, TRUE, 0, NULL, NULL, NULL },
  { "Rescaling; Conv2D use_bias=false; BatchNormalization; ReLU max_value=6; GlobalMaxPooling2D; Dense",
    { 3, { -1, -1, 1 } }, TRUE, 0, NULL, NULL, NULL },
  { "Flatten; BatchNormalization; Dense", { 3, { -1, -1, 1 } }, TRUE, 1,
    "batch_normalization needs to know how many channels it normalizes, but their number is None "
    "because the input's height and width are None; set the input to 28×28 or move the layer before "
    "Flatten.",
    "Set input to 28×28|Remove BatchNormalization", "flatten batch_normalization dense" },
  { "BatchNormalization axis=0; Flatten; Dense", { 3, { 28, 28, 1 } }, TRUE, 0,
    "batch_normalization works along axis 0, but its input has 3 axes behind the batch's; set axis to "
    "-1 or remove the layer.",
    "Remove BatchNormalization", "flatten dense" },
  { "Flatten; Reshape target_shape=7,7,15; Dense", { 3, { 28, 28, 1 } }, TRUE, 1,
    "reshape cannot lay out 784 as the shape 7, 7, 15, which has another number of numbers; give a "
    "shape of as many, or -1 for one of its sizes.",
    "Remove Reshape", "flatten dense" },
  { "Reshape target_shape=-1,7,-1; Dense", { 3, { 28, 28, 1 } }, TRUE, 0,
    "reshape cannot make the shape -1, 7, -1; give sizes above 0, and at most one -1 for what is left "
    "over.",
    "Remove Reshape", "dense" },
  { "Reshape target_shape=-1,7; Dense", { 3, { -1, -1, 1 } }, TRUE, 1,
    "The length of the output of dense is not known because the input's height and width are None; "
    "set the input to 28×28.",
    "Set input to 28×28", "reshape dense" },
  { "Reshape target_shape=28,28,1; Flatten; Dense", { 1, { 784 } }, TRUE, 0, NULL, NULL, NULL },
  { "BatchNormalization center=false scale=false; Flatten", { 3, { 1, 1, 10 } }, TRUE, 1,
    "The model has no weights to train; add Dense with 10 units.", "Add Dense with 10 units",
    "batch_normalization flatten dense" },
  { "Flatten; Dense activation=softmax; Dense", { 3, { 28, 28, 1 } }, TRUE, 0, NULL, NULL, NULL },
  { "Flatten; Dense activation=sigmoid", { 3, { 28, 28, 1 } }, FALSE, 0, NULL, NULL, NULL },
  { "Conv2D filters=10 activation=softmax; GlobalAveragePooling2D", { 3, { 28, 28, 1 } }, FALSE, 0,
    NULL, NULL, NULL },
  { "Conv2D kernel_size=5,5; GlobalAveragePooling2D; Dense", { 3, { 3, 3, 1 } }, TRUE, 0,
    "The 5×5 kernel of conv2d does not fit in an image of 3×3; use same padding, make it smaller, or "
    "remove the layer.",
    "Use same padding|Remove Conv2D", "conv2d global_average_pooling2d dense" },
  { "Conv2D dilation_rate=4,4; Flatten; Dense", { 3, { 8, 28, 1 } }, TRUE, 0,
    "The 3×3 kernel of conv2d, spread to 9×9 by its dilation, does not fit in an image of 8×28; use "
    "same padding, make it smaller, or remove the layer.",
    "Use same padding|Remove Conv2D", "conv2d flatten dense" },
  { "MaxPooling2D pool_size=4,4; Flatten; Dense", { 3, { 3, 9, 1 } }, TRUE, 0,
    "The 4×4 pool of max_pooling2d does not fit in an image of 3×9; use same padding, make it "
    "smaller, or remove the layer.",
    "Use same padding|Remove MaxPooling2D", "max_pooling2d flatten dense" },
  { "Flatten; Conv2D; Dense", { 3, { 28, 28, 1 } }, TRUE, 1,
    "conv2d needs an image of height×width×channels, but its input is 784; move it before Flatten or "
    "remove it.",
    "Remove Conv2D", "flatten dense" },
  { "Conv2D strides=2,2 dilation_rate=1,2; Flatten; Dense", { 3, { 28, 28, 1 } }, TRUE, 0,
    "conv2d has strides 2×2 and dilation 1×2, which do not go together; set one of them to 1×1.",
    "Set dilation to 1×1|Remove Conv2D", "conv2d flatten dense" },
  { "", { 3, { 28, 28, 1 } }, TRUE, -1, "The model has no layers yet; add a first one, or Dense with 10 units.",
    "Add Dense with 10 units", "flatten dense" },
  { "", { 3, { -1, -1, 1 } }, TRUE, -1, "The model has no layers yet; add a first one, or Dense with 10 units.",
    "Add Dense with 10 units", "global_average_pooling2d dense" },
  { "Flatten", { 3, { 1, 1, 10 } }, TRUE, 0,
    "The model has no weights to train; add Dense with 10 units.", "Add Dense with 10 units",
    "flatten dense" },
  { "Flatten", { 3, { -1, 28, 1 } }, TRUE, 0,
    "The length of the output of flatten is not known because the input's height and width are None; "
    "set the input to 28×28.",
    "Set input to 28×28", "flatten" },
  { "Flatten; Dense", { 3, { 65536, 65536, 65536 } }, TRUE, -1,
    "An input of 65536×65536×65536 has too many numbers; set the input to 28×28.",
    "Set input to 28×28", "flatten dense" },
  { "Conv2D filters=65536 padding=same; Flatten; Dense", { 3, { 4096, 4096, 1 } }, TRUE, 0,
    "The output of conv2d is 4096×4096×65536, which is too many numbers for one image; make the "
    "layer smaller or remove it.",
    "Remove Conv2D", "flatten dense" },
  { "Flatten; Dense units=65536; Dense units=65536; Dense", { 3, { 28, 28, 1 } }, TRUE, 2,
    "The weights of the model are too large, most of all the 65536×65536 of dense_1 with 16.0\u00a0GiB; "
    "the whole model may have 2 GiB, so make this layer smaller.",
    "Set units to 128|Remove Dense", "flatten dense dense_1 dense_2" },
  { "Flatten; Dense units=1024; Dense", { 3, { 1024, 1024, 1 } }, TRUE, 1,
    "The weights of the model are too large, most of all the 1048576×1024 of dense with 4.0\u00a0GiB; the "
    "whole model may have 2 GiB, so make this layer smaller.",
    "Insert GlobalAveragePooling2D|Remove Dense", "global_average_pooling2d dense dense_1" },
};

static void
test_faults (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (fault_cases); i++)
    {
      const FaultCase        *c = &fault_cases[i];
      g_autoptr (LwModelSpec) model = test_model_build (&c->input, c->from_logits, c->layers);
      g_autoptr (LwModelSpec) fixed = NULL;
      const LwFault          *fault = lw_model_spec_get_fault (model);
      g_autoptr (GString)     labels = g_string_new (NULL);
      g_autofree char        *reason = NULL;
      g_autofree char        *text = lw_model_spec_to_text (model);

      if (c->message == NULL)
        {
          if (fault != NULL)
            g_test_message ("%s", fault->message);
          g_assert_null (fault);
          continue;
        }

      g_assert_nonnull (fault);
      g_assert_cmpstr (fault->message, ==, c->message);
      g_assert_cmpint (fault->layer, ==, c->layer);
      reason = g_strndup (c->message, strstr (c->message, "; ") - c->message);
      g_assert_cmpstr (fault->reason, ==, reason);
      g_assert_nonnull (strstr (text, c->message));

      for (guint f = 0; f < fault->n_fixes; f++)
        {
          g_autofree char *label = lw_fix_to_label (model, fault, fault->fixes[f]);

          g_string_append_printf (labels, "%s%s", f > 0 ? "|" : "", label);
        }
      g_assert_cmpstr (labels->str, ==, c->labels);

      fixed = lw_model_spec_with_fix (model, fault, fault->fixes[0]);
      assert_names (fixed, c->fixed);
    }
}

/* Infos stop at a fault of shapes; a fault of the loss leaves them all. */
static void
test_infos (void)
{
  g_autoptr (LwModelSpec) shapes = test_model_build (IMAGE, TRUE, "Flatten; Conv2D; Dense");
  g_autoptr (LwModelSpec) loss = test_model_build (IMAGE, TRUE, "Flatten; Dense units=12");
  g_autoptr (LwModelSpec) empty = lw_model_spec_new ("empty", IMAGE);

  g_assert_nonnull (lw_model_spec_get_info (shapes, 0));
  g_assert_null (lw_model_spec_get_info (shapes, 1));
  g_assert_null (lw_model_spec_get_info (shapes, 2));
  g_assert_null (lw_model_spec_get_output (shapes));
  g_assert_cmpint (lw_model_spec_get_n_parameters (shapes), ==, 0);

  g_assert_nonnull (lw_model_spec_get_info (loss, 1));
  g_assert_true (lw_shape_equal (lw_model_spec_get_output (loss), &LW_SHAPE (12)));
  g_assert_cmpint (lw_model_spec_get_n_parameters (loss), ==, 785 * 12);

  g_assert_null (lw_model_spec_get_output (empty));
  g_assert_nonnull (lw_model_spec_get_fault (empty));
}

static LwFieldValue
get_random_value (const LwField *field)
{
  LwFieldValue value = field->standard;

  switch (field->type)
    {
    case LW_FIELD_INT:
      value.i = g_test_rand_int_range (0, 4) == 0
                  ? (gint64) field->maximum - g_test_rand_int_range (0, 100)
                  : g_test_rand_int_range (1, 40);
      /* Of an axis: any there is, most often the last. */
      if (field->minimum < 0)
        value.i = g_test_rand_bit () ? -1 : g_test_rand_int_range (-3, 4);
      break;
    case LW_FIELD_LIST:
      value.list = (LwFieldList) { g_test_rand_int_range (1, 5), { 0 } };
      for (int i = 0; i < value.list.n; i++)
        value.list.x[i] = g_test_rand_int_range (0, 3) == 0 ? -1 : g_test_rand_int_range (0, 8);
      break;
    case LW_FIELD_PAIR:
      for (int i = 0; i < 2; i++)
        value.pair[i] = g_test_rand_int_range (0, 12) == 0 ? g_test_rand_int_range (1, 513)
                                                            : g_test_rand_int_range (1, 5);
      break;
    case LW_FIELD_BOOL:
      value.b = g_test_rand_bit ();
      break;
    case LW_FIELD_CHOICE:
      value.choice = g_test_rand_int_range (0, g_strv_length ((char **) field->choices));
      break;
    case LW_FIELD_FLOAT:
    default:
      break;
    }
  return value;
}

static LwModelSpec *
build_random (void)
{
  static const gint64        sizes[] = { LW_DIM_ANY, 1, 2, 7, 28, 28, 28, 500, 65536 };
  const int                  n = g_test_rand_int_range (0, 9);
  guint                      n_classes;
  const LwLayerClass *const *classes = lw_layer_classes (&n_classes);
  LwShape                    input;
  LwModelSpec               *model;
  LwModelSpec               *next;
  g_autoptr (LwSpec)         loss = NULL;

  input = LW_SHAPE (sizes[g_test_rand_int_range (0, G_N_ELEMENTS (sizes))],
                    sizes[g_test_rand_int_range (0, G_N_ELEMENTS (sizes))],
                    sizes[g_test_rand_int_range (1, G_N_ELEMENTS (sizes))]);
  if (g_test_rand_int_range (0, 10) == 0)
    input = LW_SHAPE (28, g_test_rand_bit () ? 28 : 65536);
  else if (g_test_rand_int_range (0, 10) == 0)
    input = LW_SHAPE (784);

  model = lw_model_spec_new ("random", &input);
  for (int i = 0; i < n; i++)
    {
      const LwLayerClass *klass = classes[g_test_rand_int_range (0, n_classes)];
      g_autoptr (LwSpec)  layer = lw_spec_new (&klass->spec, NULL);

      for (guint f = 0; f < klass->spec.n_fields; f++)
        {
          const LwField *field = &klass->spec.fields[f];
          LwSpec        *changed;

          changed = lw_spec_with_value (layer, field->key, get_random_value (field), NULL);
          g_assert_nonnull (changed);
          lw_spec_unref (layer);
          layer = changed;
        }
      next = lw_model_spec_with_inserted (model, i, layer);
      lw_model_spec_unref (model);
      model = next;
    }

  loss = lw_spec_with_value (lw_model_spec_get_loss (model), "from_logits",
                             (LwFieldValue) { .b = g_test_rand_bit () }, NULL);
  next = lw_model_spec_with_loss (model, loss);
  lw_model_spec_unref (model);
  return next;
}

/* Whoever keeps clicking a fix, the first or any, ends at a model that can train. */
static void
test_fixes_lead_somewhere (gconstpointer data)
{
  const gboolean first = GPOINTER_TO_INT (data);
  const int      limit = first ? 20 : 60;

  for (int i = 0; i < 2000; i++)
    {
      g_autoptr (LwModelSpec) model = build_random ();
      g_autofree char        *start = lw_model_spec_to_text (model);
      const LwFault          *fault;
      int                     steps = 0;

      while ((fault = lw_model_spec_get_fault (model)) != NULL)
        {
          const guint      which = first ? 0 : g_test_rand_int_range (0, MAX (fault->n_fixes, 1));
          g_autofree char *label = NULL;
          LwModelSpec     *next;

          g_assert_cmpuint (fault->n_fixes, >, 0);
          label = lw_fix_to_label (model, fault, fault->fixes[which]);
          g_assert_nonnull (label);
          next = lw_model_spec_with_fix (model, fault, fault->fixes[which]);
          g_assert_nonnull (next);
          steps++;
          if (steps > limit || lw_model_spec_equal (model, next))
            {
              g_autofree char *now = lw_model_spec_to_text (model);

              g_test_message ("%s\n%s\n%s", start, now, label);
            }
          g_assert_cmpint (steps, <=, limit);
          g_assert_false (lw_model_spec_equal (model, next));
          lw_model_spec_unref (model);
          model = next;
        }
      g_assert_true (lw_shape_equal (lw_model_spec_get_output (model), &LW_SHAPE (LW_N_CLASSES)));
      g_assert_cmpint (lw_model_spec_get_n_parameters (model), >, 0);
      g_assert_cmpint (lw_model_spec_get_n_parameters (model), <=, G_GINT64_CONSTANT (1) << 29);
    }
}

static void
test_summaries (void)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset ("tiny-cnn");
  g_autoptr (LwModelSpec) faulty = test_model_build (IMAGE, TRUE, "Flatten; Conv2D");
  g_autofree char        *text = lw_model_spec_to_text (model);
  g_autofree char        *json = lw_model_spec_to_summary_json (model);
  g_autofree char        *faulty_json = lw_model_spec_to_summary_json (faulty);

  g_assert_nonnull (strstr (text, "conv2d_1 (Conv2D)"));
  g_assert_nonnull (strstr (text, "(None, None, None, 16)"));
  g_assert_nonnull (strstr (text, "Total parameters: 2,650 (10.4\u00a0KiB)\n"));
  g_assert_nonnull (strstr (json, "{\"name\":\"dense\",\"class_name\":\"Dense\",\"output_shape\":"
                                  "[null,10],\"parameters\":170}"));
  g_assert_nonnull (strstr (json, "\"parameters\":2650,\"trainable_parameters\":2650,\"fault\":null}"));
  g_assert_nonnull (strstr (faulty_json, "\"class_name\":\"Conv2D\",\"output_shape\":null,"
                                         "\"parameters\":null}"));
  g_assert_nonnull (strstr (faulty_json, "\"fault\":\"conv2d needs an image"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model-spec/presets", test_presets);
  g_test_add_func ("/model-spec/edits", test_edits);
  g_test_add_func ("/model-spec/shapes", test_shapes);
  g_test_add_func ("/model-spec/cost", test_cost);
  g_test_add_func ("/model-spec/faults", test_faults);
  g_test_add_func ("/model-spec/infos", test_infos);
  g_test_add_data_func ("/model-spec/first-fix", GINT_TO_POINTER (TRUE), test_fixes_lead_somewhere);
  g_test_add_data_func ("/model-spec/any-fix", GINT_TO_POINTER (FALSE), test_fixes_lead_somewhere);
  g_test_add_func ("/model-spec/summaries", test_summaries);
  return g_test_run ();
}
