#include "ui/builder/card-match.h"

#include "ui/builder/layer-card.h"

static gboolean
is_same_layer (LwLayerCard  *card,
               const LwSpec *layer,
               gboolean      by_name)
{
  const LwSpec *shown = lw_layer_card_get_spec (card);

  return lw_spec_get_class (shown) == lw_spec_get_class (layer) &&
         (!by_name || g_strcmp0 (lw_spec_get_name (shown), lw_spec_get_name (layer)) == 0);
}

GPtrArray *
lw_match_cards (const LwModelSpec *model,
                GPtrArray         *old)
{
  guint n = lw_model_spec_get_n_layers (model);
  GPtrArray *cards = g_ptr_array_sized_new (n);

  for (guint i = 0; i < n; i++)
    {
      const LwSpec *layer = lw_model_spec_get_layer (model, i);

      g_ptr_array_add (cards, NULL);
      for (guint j = 0; j < old->len && g_ptr_array_index (cards, i) == NULL; j++)
        if (g_ptr_array_index (old, j) != NULL &&
            is_same_layer (g_ptr_array_index (old, j), layer, TRUE))
          {
            g_ptr_array_index (cards, i) = g_ptr_array_index (old, j);
            g_ptr_array_index (old, j) = NULL;
          }
    }

  for (guint i = 0; i < MIN (n, old->len); i++)
    if (n == old->len && g_ptr_array_index (cards, i) == NULL &&
        g_ptr_array_index (old, i) != NULL &&
        is_same_layer (g_ptr_array_index (old, i), lw_model_spec_get_layer (model, i), FALSE))
      {
        g_ptr_array_index (cards, i) = g_ptr_array_index (old, i);
        g_ptr_array_index (old, i) = NULL;
      }

  return cards;
}
