#include "ui/charts/pyramid.h"

#include <math.h>

#define FANOUT_BITS 2
#define FANOUT      LW_PYRAMID_FANOUT

G_STATIC_ASSERT (FANOUT == 1 << FANOUT_BITS);

static const LwPyramidNode empty_node = { INFINITY, -INFINITY, 0, 0 };

static inline LwPyramidNode
node_of_value (float value)
{
  LwPyramidNode node = { value, value, value, 1 };

  return isfinite (value) ? node : empty_node;
}

static inline void
node_merge (LwPyramidNode *node, LwPyramidNode other)
{
  node->min = MIN (node->min, other.min);
  node->max = MAX (node->max, other.max);
  node->sum += other.sum;
  node->count += other.count;
}

static gsize
level_length (const LwPyramid *pyramid, int level)
{
  if (level < 0)
    return pyramid->values->len;
  return pyramid->levels[level] ? pyramid->levels[level]->len : 0;
}

/* Level -1 is the values themselves. */
static inline LwPyramidNode
level_node (const LwPyramid *pyramid, int level, gsize index)
{
  if (level < 0)
    return node_of_value (g_array_index (pyramid->values, float, index));
  return g_array_index (pyramid->levels[level], LwPyramidNode, index);
}

static LwPyramidNode
merge_children (const LwPyramid *pyramid, int level, gsize index)
{
  gsize         first = index << FANOUT_BITS;
  gsize         end = MIN (first + FANOUT, level_length (pyramid, level - 1));
  LwPyramidNode node = empty_node;

  for (gsize i = first; i < end; i++)
    node_merge (&node, level_node (pyramid, level - 1, i));
  return node;
}

void
lw_pyramid_init (LwPyramid *pyramid)
{
  *pyramid = (LwPyramid) { 0 };
  pyramid->values = g_array_new (FALSE, FALSE, sizeof (float));
}

void
lw_pyramid_clear (LwPyramid *pyramid)
{
  g_clear_pointer (&pyramid->values, g_array_unref);
  for (int level = 0; level < LW_PYRAMID_MAX_LEVELS; level++)
    g_clear_pointer (&pyramid->levels[level], g_array_unref);
}

void
lw_pyramid_append (LwPyramid *pyramid, float value)
{
  LwPyramidNode leaf = node_of_value (value);
  gsize         index = pyramid->values->len;

  g_array_append_val (pyramid->values, value);

  for (int level = 0; level < LW_PYRAMID_MAX_LEVELS; level++)
    {
      /* A level is worth having once there are two nodes below it to join. */
      if (level_length (pyramid, level - 1) < 2)
        break;
      if (pyramid->levels[level] == NULL)
        pyramid->levels[level] = g_array_new (FALSE, FALSE, sizeof (LwPyramidNode));

      index >>= FANOUT_BITS;
      if (index == pyramid->levels[level]->len)
        {
          LwPyramidNode node = merge_children (pyramid, level, index);

          g_array_append_val (pyramid->levels[level], node);
        }
      else
        {
          node_merge (&g_array_index (pyramid->levels[level], LwPyramidNode, index), leaf);
        }
    }
}

void
lw_pyramid_truncate (LwPyramid *pyramid, gsize length)
{
  gsize below = length;

  if (length >= pyramid->values->len)
    return;
  g_array_set_size (pyramid->values, (guint) length);

  for (int level = 0; level < LW_PYRAMID_MAX_LEVELS && pyramid->levels[level]; level++)
    {
      gsize n_nodes = below < 2 ? 0 : (below + FANOUT - 1) >> FANOUT_BITS;

      g_array_set_size (pyramid->levels[level], (guint) n_nodes);
      if (n_nodes > 0)
        g_array_index (pyramid->levels[level], LwPyramidNode, n_nodes - 1)
            = merge_children (pyramid, level, n_nodes - 1);
      below = n_nodes;
    }
}

gsize
lw_pyramid_length (const LwPyramid *pyramid)
{
  return pyramid->values->len;
}

float
lw_pyramid_value (const LwPyramid *pyramid, gsize index)
{
  g_return_val_if_fail (index < pyramid->values->len, NAN);

  return g_array_index (pyramid->values, float, index);
}

gboolean
lw_pyramid_range (const LwPyramid *pyramid,
                  gsize            first,
                  gsize            end,
                  LwPyramidNode   *node,
                  guint64         *work)
{
  guint64 visited = 0;

  *node = empty_node;
  end = MIN (end, pyramid->values->len);

  /* Eat the ragged ends of each level; what is left is whole nodes of the next one. */
  for (int level = -1; first < end; level++)
    {
      for (; first < end && (first & (FANOUT - 1)) != 0; visited++)
        node_merge (node, level_node (pyramid, level, first++));
      for (; first < end && (end & (FANOUT - 1)) != 0; visited++)
        node_merge (node, level_node (pyramid, level, --end));
      first >>= FANOUT_BITS;
      end >>= FANOUT_BITS;
    }

  if (work)
    *work += visited;
  return node->count > 0;
}
