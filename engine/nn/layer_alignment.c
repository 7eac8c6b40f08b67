#include "engine/nn/layer_alignment.h"

#define SAME_CLASS  4
#define SAME_NAME   2
#define SAME_FIELDS 1

static LwAlignedLayer
row_new (guint n_models)
{
  LwAlignedLayer row = { g_new (int, n_models), FALSE };

  for (guint i = 0; i < n_models; i++)
    row.layers[i] = -1;
  return row;
}

/* How well the layer goes with those of the row, of the models before `n`; 0: not at all. */
static int
get_score (LwModelSpec *const *models, guint n, const LwAlignedLayer *row, const LwSpec *layer)
{
  int best = 0;

  for (guint i = 0; i < n; i++)
    {
      const LwSpec *other;
      int           score;

      if (row->layers[i] < 0)
        continue;
      other = lw_model_spec_get_layer (models[i], (guint) row->layers[i]);
      if (lw_spec_get_class (other) != lw_spec_get_class (layer))
        return 0;
      score = SAME_CLASS;
      if (g_strcmp0 (lw_spec_get_name (other), lw_spec_get_name (layer)) == 0)
        score += SAME_NAME;
      if (lw_spec_equal (other, layer))
        score += SAME_FIELDS;
      best = MAX (best, score);
    }
  return best;
}

/* The best total for rows from r and layers from l on, for every r and l. */
static int *
fill_table (LwModelSpec *const *models, guint n, const GArray *rows, guint n_layers)
{
  guint width = n_layers + 1;
  int  *best = g_new0 (int, (rows->len + 1) * width);

  for (guint r = rows->len; r-- > 0;)
    for (guint l = n_layers; l-- > 0;)
      {
        int score = get_score (models, n, &g_array_index (rows, LwAlignedLayer, r),
                               lw_model_spec_get_layer (models[n], l));
        int skipped = MAX (best[(r + 1) * width + l], best[r * width + l + 1]);

        best[r * width + l] = score > 0 ? MAX (skipped, score + best[(r + 1) * width + l + 1]) : skipped;
      }
  return best;
}

/* Takes models[n] into the rows of those before it. */
static GArray *
take_in (LwModelSpec *const *models, guint n, guint n_models, GArray *rows)
{
  guint           n_layers = lw_model_spec_get_n_layers (models[n]);
  guint           width = n_layers + 1;
  g_autofree int *best = fill_table (models, n, rows, n_layers);
  GArray         *merged = g_array_new (FALSE, FALSE, sizeof (LwAlignedLayer));
  guint           r = 0, l = 0;

  while (r < rows->len || l < n_layers)
    {
      int score = r < rows->len && l < n_layers
                      ? get_score (models, n, &g_array_index (rows, LwAlignedLayer, r),
                                   lw_model_spec_get_layer (models[n], l))
                      : 0;

      if (score > 0 && best[r * width + l] == score + best[(r + 1) * width + l + 1])
        {
          g_array_index (rows, LwAlignedLayer, r).layers[n] = (int) l++;
          g_array_append_val (merged, g_array_index (rows, LwAlignedLayer, r));
          r++;
        }
      else if (l == n_layers || (r < rows->len && best[r * width + l] == best[(r + 1) * width + l]))
        {
          g_array_append_val (merged, g_array_index (rows, LwAlignedLayer, r));
          r++;
        }
      else
        {
          LwAlignedLayer row = row_new (n_models);

          row.layers[n] = (int) l++;
          g_array_append_val (merged, row);
        }
    }
  g_array_unref (rows);
  return merged;
}

static const LwSpec *
first_layer (LwModelSpec *const *models, guint n_models, const LwAlignedLayer *row)
{
  for (guint i = 0; i < n_models; i++)
    if (row->layers[i] >= 0)
      return lw_model_spec_get_layer (models[i], (guint) row->layers[i]);
  g_return_val_if_reached (NULL);
}

/* One layer in two rows, in other models each. */
static gboolean
is_moved (LwModelSpec *const *models, guint n_models, const LwAlignedLayer *a, const LwAlignedLayer *b)
{
  const LwSpec *first = first_layer (models, n_models, a), *second = first_layer (models, n_models, b);

  for (guint i = 0; i < n_models; i++)
    if (a->layers[i] >= 0 && b->layers[i] >= 0)
      return FALSE;
  return lw_spec_get_class (first) == lw_spec_get_class (second)
         && g_strcmp0 (lw_spec_get_name (first), lw_spec_get_name (second)) == 0;
}

static void
join_moved (LwModelSpec *const *models, guint n_models, GArray *rows)
{
  for (guint a = 0; a < rows->len; a++)
    for (guint b = rows->len - 1; b > a; b--)
      {
        LwAlignedLayer *row = &g_array_index (rows, LwAlignedLayer, a);
        LwAlignedLayer *other = &g_array_index (rows, LwAlignedLayer, b);

        if (!is_moved (models, n_models, row, other))
          continue;
        for (guint i = 0; i < n_models; i++)
          row->layers[i] = MAX (row->layers[i], other->layers[i]);
        row->moved = TRUE;
        g_free (other->layers);
        g_array_remove_index (rows, b);
      }
}

LwLayerAlignment *
lw_layer_alignment_new (LwModelSpec *const *models, guint n_models)
{
  LwLayerAlignment *alignment = g_new0 (LwLayerAlignment, 1);
  GArray           *rows = g_array_new (FALSE, FALSE, sizeof (LwAlignedLayer));

  for (guint i = 0; i < n_models; i++)
    rows = take_in (models, i, n_models, rows);
  join_moved (models, n_models, rows);
  alignment->n_models = n_models;
  alignment->n_rows = rows->len;
  alignment->rows = (LwAlignedLayer *) (gpointer) g_array_free (rows, FALSE);
  return alignment;
}

void
lw_layer_alignment_free (LwLayerAlignment *alignment)
{
  if (alignment == NULL)
    return;
  for (guint i = 0; i < alignment->n_rows; i++)
    g_free (alignment->rows[i].layers);
  g_free (alignment->rows);
  g_free (alignment);
}
