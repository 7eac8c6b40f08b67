#include <glib/gi18n-lib.h>

#include "engine/nn/layers/layers.h"

/* Flatten: any shape to one row, in the order of the axes (height, width, channels). */

static gboolean
infer (const LwSpec *layer, const LwShape *input, LwLayerInfo *info, LwLayerFault *fault)
{
  gsize count = 0;

  *info = (LwLayerInfo) { 0 };
  if (!lw_shape_is_known (input))
    {
      info->output = LW_SHAPE (LW_DIM_ANY);
      return TRUE;
    }
  if (!lw_shape_get_count (input, &count))
    {
      g_autofree char *found = lw_shape_to_string (input);

      return lw_layer_fail (fault,
                            g_strdup_printf (_("%s cannot make one row of %s, which has too many "
                                                "numbers; use a smaller input."),
                                             lw_layer_get_title (layer), found),
                            LW_FIX_INSERT_GLOBAL_AVERAGE, LW_FIX_REMOVE_LAYER);
    }
  info->output = LW_SHAPE ((gint64) count);
  return TRUE;
}

static LwTensor *
call (LwScope *s, const LwSpec *layer, LwTensor *x, LwVariable *const *weights, gboolean training,
      LwRng *rng)
{
  return lw_flatten (s, x);
}

const LwLayerClass lw_flatten_class = {
  .spec = { .family = LW_SPEC_LAYER,
            .class_name = "Flatten",
            .snake_name = "flatten",
            .label = "Flatten",
            .summary = N_("Lays all numbers of an image out in one row"),
            .group = N_("Core"),
            .fields = NULL,
            .n_fields = 0 },
  .infer = infer,
  .call = call,
};
