#include "engine/train/batch_plan.h"

#include "engine/nn/layer_class.h"

/* What a part's activations and their gradients may take, so that they stay in a core's second-level cache. */
#define PART_BYTES (1 << 20)

/* Parts come in multiples of this many, so that two or four threads have as much to do each. */
#define PARTS_MULTIPLE 4

/* A step of this much work for each is divided into as many parts, also where it fits a cache as a whole. */
#define PART_WORK 8e6

/* A step of less work than this, some 0.15 ms, is one thread's. Measured on Dense layers: 784-32-10 in batches of 32
 * (5 million) ran at 0.8 times the speed on two threads, 784-64-10 (10 million) at 1.0, 784-128-10 (20 million) at
 * 1.07 and in batches of 128 at 1.75. */
#define SMALL_WORK 16e6

/* Rows of `elements` each after which the draws of a row begin at a multiple of four. */
static gsize
rows_of_four (double elements)
{
  const guint rest = (guint) (gint64) elements % 4;

  return rest == 0 ? 1 : rest == 2 ? 2 : 4;
}

LwBatchPlan
lw_batch_plan_new (LwModelSpec *model, const LwShape *image)
{
  g_autoptr (LwModelSpec) sized = lw_model_spec_with_input (model, image);
  LwBatchPlan             plan = { .multiple = 1 };
  double                  before = lw_shape_get_volume (image), elements = before, weights = 0;
  gboolean                joins = FALSE;

  for (guint i = 0; i < lw_model_spec_get_n_layers (sized); i++)
    {
      const LwLayerInfo  *info = lw_model_spec_get_info (sized, i);
      const LwLayerClass *layer = lw_layer_class_of (lw_model_spec_get_layer (sized, i));

      joins = joins || info == NULL || layer->joins_batch;
      if (info == NULL)
        break;
      if (layer->draws)
        plan.multiple = MAX (plan.multiple, rows_of_four (before));
      before = lw_shape_get_volume (&info->output);
      elements += before;
      plan.work += 3 * info->flops; /* forwards once, backwards twice */
      for (guint w = 0; w < info->n_weights; w++)
        weights += lw_shape_get_volume (&info->weights[w].shape);
    }
  plan.cached = (gsize) MAX (PART_BYTES / (2 * elements * sizeof (float)), 1);
  plan.least = joins ? G_MAXSIZE : (gsize) (weights / elements) + 1;
  return plan;
}

gsize
lw_batch_plan_get_rows (const LwBatchPlan *plan, gsize n)
{
  gsize n_parts = (n + plan->cached - 1) / plan->cached, rows;

  n_parts = MAX (n_parts, MIN (PARTS_MULTIPLE, (gsize) ((double) n * plan->work / PART_WORK)));
  if (n_parts <= 1 || plan->least >= n)
    return n;
  n_parts = (n_parts + PARTS_MULTIPLE - 1) / PARTS_MULTIPLE * PARTS_MULTIPLE;
  rows = MAX ((n + n_parts - 1) / n_parts, plan->least);
  return MIN ((rows + plan->multiple - 1) / plan->multiple * plan->multiple, n);
}

guint
lw_batch_plan_count_parts (const LwBatchPlan *plan, gsize n)
{
  const gsize rows = MAX (lw_batch_plan_get_rows (plan, n), 1);

  return (guint) ((n + rows - 1) / rows);
}

gboolean
lw_batch_plan_is_small (const LwBatchPlan *plan, gsize n)
{
  return lw_batch_plan_count_parts (plan, n) <= 1 && (double) n * plan->work < SMALL_WORK;
}
