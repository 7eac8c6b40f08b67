#include "engine/nn/layer_class.h"

#include <string.h>

#include "engine/nn/layers/layers.h"

static const LwLayerClass *const classes[] = {
  &lw_conv2d_class,
  &lw_max_pooling2d_class,
  &lw_average_pooling2d_class,
  &lw_global_average_pooling2d_class,
  &lw_global_max_pooling2d_class,
  &lw_flatten_class,
  &lw_reshape_class,
  &lw_dense_class,
  &lw_activation_class,
  &lw_re_lu_class,
  &lw_softmax_class,
  &lw_rescaling_class,
  &lw_dropout_class,
  &lw_batch_normalization_class,
};

const LwLayerClass *const *
lw_layer_classes (guint *n)
{
  *n = G_N_ELEMENTS (classes);
  return classes;
}

const LwLayerClass *
lw_layer_class_find (const char *class_name)
{
  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    if (strcmp (classes[i]->spec.class_name, class_name) == 0)
      return classes[i];
  return NULL;
}

const LwLayerClass *
lw_layer_class_of (const LwSpec *layer)
{
  const LwSpecClass *klass = lw_spec_get_class (layer);

  /* The spec class is the layer class's first member. */
  g_return_val_if_fail (klass->family == LW_SPEC_LAYER, NULL);
  return (const LwLayerClass *) klass;
}
