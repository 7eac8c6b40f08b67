#include <glib/gi18n-lib.h>
#include <string.h>

#include "engine/nn/layers/layers.h"
#include "engine/nn/model_spec.h"

/* The models that come with the program. Each is a list of layers, each layer a class and, in
 * GVariant's text form, what differs from the class's standard values. */

typedef struct {
  const LwLayerClass *klass;
  const char         *values;
} PresetLayer;

typedef struct {
  const char  *name;
  const char  *summary;
  gint64       size; /* of the input: height and width */
  guint        batch_size;
  gboolean     from_logits;
  PresetLayer  layers[10];
} Preset;

static const Preset presets[] = {
  { .name = "convnet",
    .summary = N_("Two convolutions with max pooling, dropout and one Dense layer"),
    .size = 28,
    .batch_size = 128,
    .from_logits = TRUE,
    .layers = { { &lw_conv2d_class, "{'filters': <int64 32>}" },
                { &lw_max_pooling2d_class, NULL },
                { &lw_conv2d_class, "{'filters': <int64 64>}" },
                { &lw_max_pooling2d_class, NULL },
                { &lw_flatten_class, NULL },
                { &lw_dropout_class, "{'rate': <0.5>}" },
                { &lw_dense_class, "{'units': <int64 10>}" } } },
  { .name = "tiny-cnn",
    .summary = N_("Two convolutions averaged over the image: 2,650 weights, any image size"),
    .size = LW_DIM_ANY,
    .batch_size = 32,
    .from_logits = TRUE,
    .layers = { { &lw_conv2d_class, "{'filters': <int64 16>}" },
                { &lw_conv2d_class, "{'filters': <int64 16>}" },
                { &lw_global_average_pooling2d_class, NULL },
                { &lw_dense_class, "{'units': <int64 10>}" } } },
  { .name = "mlp",
    .summary = N_("One hidden layer of 64 units, ending in softmax"),
    .size = 28,
    .batch_size = 32,
    .from_logits = FALSE,
    .layers = { { &lw_flatten_class, NULL },
                { &lw_dense_class, "{'units': <int64 64>, 'activation': <'relu'>}" },
                { &lw_dense_class, "{'units': <int64 10>, 'activation': <'softmax'>}" } } },
  { .name = "logistic",
    .summary = N_("Softmax regression: one weight for each pixel and class"),
    .size = 28,
    .batch_size = 32,
    .from_logits = FALSE,
    .layers = { { &lw_flatten_class, NULL },
                { &lw_dense_class, "{'units': <int64 10>, 'activation': <'softmax'>}" } } },
  { .name = "lenet5",
    .summary = N_("LeCun's network of 1998 in today's form"),
    .size = 28,
    .batch_size = 32,
    .from_logits = TRUE,
    .layers = { { &lw_conv2d_class,
                  "{'filters': <int64 6>, 'kernel_size': <(int64 5, int64 5)>,"
                  " 'padding': <'same'>, 'activation': <'tanh'>}" },
                { &lw_average_pooling2d_class, NULL },
                { &lw_conv2d_class,
                  "{'filters': <int64 16>, 'kernel_size': <(int64 5, int64 5)>,"
                  " 'activation': <'tanh'>}" },
                { &lw_average_pooling2d_class, NULL },
                { &lw_flatten_class, NULL },
                { &lw_dense_class, "{'units': <int64 120>, 'activation': <'tanh'>}" },
                { &lw_dense_class, "{'units': <int64 84>, 'activation': <'tanh'>}" },
                { &lw_dense_class, "{'units': <int64 10>}" } } },
};

static const char *const names[] = { "convnet", "tiny-cnn", "mlp", "logistic", "lenet5", NULL };

G_STATIC_ASSERT (G_N_ELEMENTS (names) == G_N_ELEMENTS (presets) + 1);

static const Preset *
find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (presets); i++)
    if (strcmp (presets[i].name, name) == 0)
      return &presets[i];
  return NULL;
}

/* Replaces *spec by one with another value for `key`. */
static void
set (LwSpec **spec, const char *key, GVariant *value)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (value);
  LwSpec *changed = lw_spec_with_variant (*spec, key, owned, NULL);

  g_return_if_fail (changed != NULL);
  lw_spec_unref (*spec);
  *spec = changed;
}

static LwSpec *
build_layer (const PresetLayer *layer)
{
  LwSpec              *spec = lw_spec_new (&layer->klass->spec, NULL);
  g_autoptr (GVariant) values = NULL;
  GVariantIter         iter;
  const char          *key;
  GVariant            *value;

  if (layer->values == NULL)
    return spec;
  values = g_variant_parse (G_VARIANT_TYPE_VARDICT, layer->values, NULL, NULL, NULL);
  g_return_val_if_fail (values != NULL, spec);

  g_variant_iter_init (&iter, values);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      set (&spec, key, value);
      g_variant_unref (value);
    }
  return spec;
}

LwModelSpec *
lw_model_spec_new_preset (const char *name)
{
  const Preset      *preset = find (name);
  LwModelSpec       *model;
  LwModelSpec       *next;
  g_autoptr (LwSpec) loss = NULL;

  if (preset == NULL)
    return NULL;

  model = lw_model_spec_new (name, &LW_SHAPE (preset->size, preset->size, 1));
  for (guint i = 0; i < G_N_ELEMENTS (preset->layers) && preset->layers[i].klass != NULL; i++)
    {
      g_autoptr (LwSpec) layer = build_layer (&preset->layers[i]);

      next = lw_model_spec_with_inserted (model, i, layer);
      lw_model_spec_unref (model);
      model = next;
    }

  loss = lw_spec_ref ((LwSpec *) lw_model_spec_get_loss (model));
  set (&loss, "from_logits", g_variant_new_boolean (preset->from_logits));
  next = lw_model_spec_with_loss (model, loss);
  lw_model_spec_unref (model);
  return next;
}

const char *const *
lw_model_spec_get_presets (void)
{
  return names;
}

const char *
lw_preset_get_summary (const char *name)
{
  const Preset *preset = find (name);

  return preset != NULL ? _(preset->summary) : NULL;
}

guint
lw_preset_get_batch_size (const char *name)
{
  const Preset *preset = find (name);

  return preset != NULL ? preset->batch_size : 32;
}
