#include <glib/gi18n-lib.h>

#include "engine/nn/layers/layers.h"

/* Reshape: any shape to target_shape (without the batch axis), the numbers in the same order. One entry
 * may be -1: whatever is left over. An input with None sizes leaves a -1 None, and is compared with the
 * target when it is there. */

#define MAX_RANK (LW_MAX_RANK - 1) /* the batch axis is the eighth */

static const LwField fields[] = {
  { .key = "target_shape",
    .label = N_("Shape"),
    .type = LW_FIELD_LIST,
    .standard = { .list = { 1, { -1 } } },
    .minimum = -1,
    .maximum = 1 << 26,
    .whole = TRUE,
    .required = TRUE,
    .brief = N_("to %s") },
};

/* `cure` is what would help, as the end of the sentence. */
static gboolean
fail_target (const LwSpec *layer, LwLayerFault *fault, const char *cure)
{
  const LwFieldValue value = { .list = lw_spec_get_list (layer, "target_shape") };
  g_autofree char   *target = lw_field_value_to_string (&fields[0], &value);

  /* Translators: a layer, a list of sizes, and what would help. */
  return lw_layer_fail (fault,
                        g_strdup_printf (_("%s cannot make the shape %s; %s."),
                                         lw_layer_get_title (layer), target, cure),
                        LW_FIX_REMOVE_LAYER, LW_FIX_NONE);
}

/* The elements of the target without its -1, whose place goes to *open (-1: none). FALSE and a fault
 * where the target cannot be a shape. */
static gboolean
read_target (const LwSpec *layer, LwShape *target, gint64 *product, int *open, LwLayerFault *fault)
{
  const LwFieldList list = lw_spec_get_list (layer, "target_shape");

  *open = -1;
  *product = 1;
  *target = (LwShape) { .rank = list.n };
  if (list.n > MAX_RANK)
    return fail_target (layer, fault, _("use at most 7 axes"));
  for (int i = 0; i < list.n; i++)
    {
      const gint64 n = (gint64) list.x[i];

      if (n == 0 || (n == -1 && *open >= 0))
        return fail_target (layer, fault, _("give sizes above 0, and at most one -1 for what is left "
                                            "over"));
      target->dims[i] = n;
      if (n == -1)
        *open = i;
      else if (n > G_MAXINT64 / *product)
        return fail_target (layer, fault, _("make it smaller"));
      else
        *product *= n;
    }
  return TRUE;
}

static gboolean
infer (const LwSpec *layer, const LwShape *input, LwLayerInfo *info, LwLayerFault *fault)
{
  LwShape  target;
  gint64   product;
  int      open;
  gsize    count = 0;
  gboolean fits;

  *info = (LwLayerInfo) { 0 };
  if (!read_target (layer, &target, &product, &open, fault))
    return FALSE;

  if (!lw_shape_is_known (input))
    {
      if (open >= 0)
        target.dims[open] = LW_DIM_ANY;
      info->output = target;
      return TRUE;
    }

  fits = lw_shape_get_count (input, &count);
  if (fits && open >= 0)
    {
      fits = (gint64) count % product == 0 && count > 0;
      target.dims[open] = (gint64) count / product;
    }
  else if (fits)
    fits = (gint64) count == product;
  if (!fits)
    {
      const LwFieldValue value = { .list = lw_spec_get_list (layer, "target_shape") };
      g_autofree char   *wanted = lw_field_value_to_string (&fields[0], &value);
      g_autofree char   *found = lw_shape_to_string (input);

      return lw_layer_fail (fault,
                            g_strdup_printf (_("%s cannot lay out %s as the shape %s, which has "
                                               "another number of numbers; give a shape of as "
                                               "many, or -1 for one of its sizes."),
                                             lw_layer_get_title (layer), found, wanted),
                            LW_FIX_REMOVE_LAYER, LW_FIX_NONE);
    }
  info->output = target;
  return TRUE;
}

static LwTensor *
call (LwScope *s, const LwSpec *layer, LwTensor *x, LwVariable *const *weights, gboolean training,
      LwRng *rng)
{
  LwShape target, shape;
  gint64  product, batch = lw_tensor_get_dim (x, 0), each = 1;
  int     open;

  if (!read_target (layer, &target, &product, &open, NULL))
    return lw_scope_fail (s, LW_ERROR_SHAPE, _("%s has a target_shape that is no shape"),
                          lw_layer_get_title (layer));
  for (int i = 1; i < lw_tensor_get_rank (x); i++)
    each *= lw_tensor_get_dim (x, i);
  if (open >= 0)
    target.dims[open] = each / product;
  shape = (LwShape) { .rank = target.rank + 1, .dims = { batch } };
  for (int i = 0; i < target.rank; i++)
    shape.dims[i + 1] = target.dims[i];
  return lw_reshape (s, x, &shape);
}

const LwLayerClass lw_reshape_class = {
  .spec = { .family = LW_SPEC_LAYER,
            .class_name = "Reshape",
            .snake_name = "reshape",
            .label = "Reshape",
            .summary = N_("Lays the same numbers out in another shape"),
            .group = N_("Core"),
            .fields = fields,
            .n_fields = G_N_ELEMENTS (fields) },
  .infer = infer,
  .call = call,
};
