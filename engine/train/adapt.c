#include "engine/train/adapt.h"

#include "engine/core/error.h"
#include "engine/nn/layer_class.h"
#include "engine/nn/optimizer.h"
#include "engine/nn/schedule.h"
#include "engine/train/inference.h"

#include <glib/gi18n-lib.h>

/* What a match is worth: first count layers with weights, then the others, then equal names. */
#define MATCH_WEIGHTS (G_GUINT64_CONSTANT (1) << 40)
#define MATCH_PLAIN   (G_GUINT64_CONSTANT (1) << 20)
#define SAME_NAME     1

#define UNMATCHED G_MAXUINT

/* What of the old model each part of the new one goes on with. */
typedef struct {
  LwModelSpec *from, *to;
  guint       *layers;     /* of each new layer, its old one or UNMATCHED */
  guint       *weights;    /* the same of weights … */
  guint       *trainables; /* … and of the trainable ones among them, counted by themselves */
  guint        n_trainable_from, n_trainable_to;
} Matching;

static void
matching_clear (Matching *matching)
{
  g_free (matching->layers);
  g_free (matching->weights);
  g_free (matching->trainables);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Matching, matching_clear)

/* -- which layers go on -- */

static gboolean
has_same_weights (const LwLayerInfo *a, const LwLayerInfo *b)
{
  if (a->n_weights != b->n_weights)
    return FALSE;
  for (guint i = 0; i < a->n_weights; i++)
    if (!lw_shape_equal (&a->weights[i].shape, &b->weights[i].shape)
        || a->weights[i].trainable != b->weights[i].trainable)
      return FALSE;
  return TRUE;
}

/* What it is worth to match the two layers; 0 where they cannot be. */
static guint64
get_worth (const Matching *matching, guint i, guint k)
{
  const LwSpec *from = lw_model_spec_get_layer (matching->from, i);
  const LwSpec *to = lw_model_spec_get_layer (matching->to, k);
  guint64       worth;

  if (lw_spec_get_class (from) != lw_spec_get_class (to)
      || !has_same_weights (lw_model_spec_get_info (matching->from, i), lw_model_spec_get_info (matching->to, k)))
    return 0;
  worth = lw_model_spec_get_info (matching->to, k)->n_weights > 0 ? MATCH_WEIGHTS : MATCH_PLAIN;
  return worth + (g_strcmp0 (lw_spec_get_name (from), lw_spec_get_name (to)) == 0 ? SAME_NAME : 0);
}

/* The common subsequence of the greatest worth, by the table of what is the best from layers i and k on (Wagner and
 * Fischer, "The string-to-string correction problem", 1974). */
static void
match_layers (Matching *matching)
{
  const guint         n_from = lw_model_spec_get_n_layers (matching->from);
  const guint         n_to = lw_model_spec_get_n_layers (matching->to), row = n_to + 1;
  g_autofree guint64 *best = g_new0 (guint64, (gsize) (n_from + 1) * row);
  guint               i = 0, k = 0;

  for (guint a = n_from; a-- > 0;)
    for (guint b = n_to; b-- > 0;)
      {
        const guint64 worth = get_worth (matching, a, b);
        const guint64 skipped = MAX (best[(a + 1) * row + b], best[a * row + b + 1]);

        best[a * row + b] = worth > 0 ? MAX (skipped, worth + best[(a + 1) * row + b + 1]) : skipped;
      }

  matching->layers = g_new (guint, n_to);
  for (guint b = 0; b < n_to; b++)
    matching->layers[b] = UNMATCHED;
  while (i < n_from && k < n_to)
    {
      const guint64 worth = get_worth (matching, i, k);

      if (worth > 0 && best[i * row + k] == worth + best[(i + 1) * row + k + 1])
        matching->layers[k++] = i++;
      else if (best[i * row + k] == best[(i + 1) * row + k])
        i++;
      else
        k++;
    }
}

/* Where each layer's first weight and first trainable weight are. */
static void
count_weights (const LwModelSpec *model, guint *first, guint *first_trainable)
{
  const guint n = lw_model_spec_get_n_layers (model);

  first[0] = first_trainable[0] = 0;
  for (guint i = 0; i < n; i++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, i);

      first[i + 1] = first[i] + info->n_weights;
      first_trainable[i + 1] = first_trainable[i];
      for (guint w = 0; w < info->n_weights; w++)
        first_trainable[i + 1] += info->weights[w].trainable ? 1 : 0;
    }
}

static void
match_weights (Matching *matching)
{
  const guint       n_from = lw_model_spec_get_n_layers (matching->from);
  const guint       n_to = lw_model_spec_get_n_layers (matching->to);
  g_autofree guint *from = g_new (guint, n_from + 1), *from_trainable = g_new (guint, n_from + 1);
  g_autofree guint *to = g_new (guint, n_to + 1), *to_trainable = g_new (guint, n_to + 1);

  count_weights (matching->from, from, from_trainable);
  count_weights (matching->to, to, to_trainable);
  matching->n_trainable_from = from_trainable[n_from];
  matching->n_trainable_to = to_trainable[n_to];
  matching->weights = g_new (guint, to[n_to]);
  matching->trainables = g_new (guint, to_trainable[n_to]);
  for (guint k = 0; k < n_to; k++)
    {
      const guint i = matching->layers[k];

      for (guint w = to[k]; w < to[k + 1]; w++)
        matching->weights[w] = i != UNMATCHED ? from[i] + (w - to[k]) : UNMATCHED;
      for (guint w = to_trainable[k]; w < to_trainable[k + 1]; w++)
        matching->trainables[w] = i != UNMATCHED ? from_trainable[i] + (w - to_trainable[k]) : UNMATCHED;
    }
}

/* -- the optimizer -- */

/* Whether steps have the same rate, of the same class. */
static gboolean
has_same_rate (const LwSpec *a, const LwSpec *b)
{
  const LwSpecClass *klass = lw_spec_get_class (a);

  if (klass != lw_spec_get_class (b))
    return FALSE;
  for (guint i = 0; i < klass->n_fields; i++)
    if (g_str_equal (klass->fields[i].key, "learning_rate") || lw_schedule_has_key (klass->fields[i].key))
      {
        g_autofree char *value_a = lw_field_value_to_string (&klass->fields[i], lw_spec_get_value (a, i));
        g_autofree char *value_b = lw_field_value_to_string (&klass->fields[i], lw_spec_get_value (b, i));

        if (!g_str_equal (value_a, value_b))
          return FALSE;
      }
  return TRUE;
}

/* The old slot of that variable (or none's, UNMATCHED) and name, or NULL. */
static LwTensor *
find_slot (const LwState *state, guint n_trainable, guint variable, const char *name)
{
  const LwSpec *optimizer = lw_model_spec_get_optimizer (state->model);

  for (guint i = 0; i < state->n_slots; i++)
    {
      const int of = lw_optimizer_spec_get_slot (optimizer, n_trainable, i);

      if ((of < 0 ? UNMATCHED : (guint) of) == variable
          && g_str_equal (lw_optimizer_spec_get_slot_name (optimizer, n_trainable, i), name))
        return state->slots[i];
    }
  return NULL;
}

/* Which of the state's weights is the trainable one of that number. */
static LwTensor *
get_trainable (const LwState *state, guint number)
{
  guint at = 0;

  for (guint layer = 0; layer < lw_model_spec_get_n_layers (state->model); layer++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (state->model, layer);

      for (guint w = 0; w < info->n_weights; w++, at++)
        if (info->weights[w].trainable && number-- == 0)
          return state->weights[at];
    }
  return NULL;
}

/* The new slots, borrowed: `fields` has its weights, and a fresh optimizer's slots. */
static void
adapt_slots (const LwState *state, const Matching *matching, gboolean same_class, LwState *fields)
{
  const LwSpec *optimizer = lw_model_spec_get_optimizer (matching->to);

  for (guint i = 0; i < fields->n_slots; i++)
    {
      const int   of = lw_optimizer_spec_get_slot (optimizer, matching->n_trainable_to, i);
      const char *name = lw_optimizer_spec_get_slot_name (optimizer, matching->n_trainable_to, i);
      const guint old = of >= 0 ? matching->trainables[of] : UNMATCHED;
      LwTensor   *slot = NULL;

      if (same_class && (of < 0 || old != UNMATCHED))
        slot = find_slot (state, matching->n_trainable_from, old, name);
      if (slot == NULL && same_class && g_str_equal (name, "average"))
        slot = get_trainable (fields, (guint) of);
      if (slot != NULL)
        fields->slots[i] = slot;
    }
}

/* -- what validations told -- */

static gboolean
has_same_layers (const LwModelSpec *a, const LwModelSpec *b)
{
  const guint n = lw_model_spec_get_n_layers (a);

  if (n != lw_model_spec_get_n_layers (b)
      || !lw_spec_equal (lw_model_spec_get_loss (a), lw_model_spec_get_loss (b)))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!lw_spec_equal (lw_model_spec_get_layer (a, i), lw_model_spec_get_layer (b, i)))
      return FALSE;
  return TRUE;
}

static LwEarlyStopping
adapt_stopping (const LwState *state, LwModelSpec *model, const LwRunSettings *settings)
{
  LwEarlyStopping      stopping = { 0 };
  const LwRunSettings *old = &state->settings;

  if (settings->validation != old->validation
      || (settings->validation == LW_VALIDATION_FRACTION && settings->fraction != old->fraction)
      || !has_same_layers (state->model, model))
    return stopping;
  stopping = lw_early_stopping_copy (&state->stopping);
  lw_early_stopping_fit (&stopping, settings);
  return stopping;
}

/* A state that somebody put together may not have what its model asks for. */
static gboolean
check_state (const LwState *state, GError **error)
{
  guint n = 0;

  for (guint i = 0; i < lw_model_spec_get_n_layers (state->model); i++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (state->model, i);

      n = info != NULL ? n + info->n_weights : G_MAXUINT / 2;
    }
  if (n == state->n_weights && state->n_rngs == lw_model_spec_get_n_layers (state->model))
    return TRUE;
  g_set_error (error, LW_ERROR, LW_ERROR_SHAPE, _("The state is not one of its model %s"),
               lw_model_spec_get_name (state->model));
  return FALSE;
}

LwState *
lw_state_adapt (LwState *state, LwModelSpec *model, const LwRunSettings *settings, GError **error)
{
  const LwSpec            *from = lw_model_spec_get_optimizer (state->model);
  const LwSpec            *to = lw_model_spec_get_optimizer (model);
  const gboolean           same_class = lw_spec_get_class (from) == lw_spec_get_class (to);
  g_auto (Matching)        matching = { .from = state->model, .to = model };
  const LwFault           *fault = lw_model_spec_get_fault (model);
  g_autoptr (LwState)      fresh = NULL;
  g_autofree LwTensor    **weights = NULL, **slots = NULL;
  g_autofree LwRng        *rngs = NULL;
  g_auto (LwEarlyStopping) stopping = { 0 };
  LwState                  fields = *state;

  if (fault != NULL)
    {
      g_set_error_literal (error, LW_ERROR, LW_ERROR_SHAPE, fault->message);
      return NULL;
    }
  fresh = lw_state_new_initial (model, settings, error);
  if (fresh == NULL || !check_state (state, error))
    return NULL;
  match_layers (&matching);
  match_weights (&matching);

  fields.model = model;
  fields.settings = *settings;
  fields.n_weights = fresh->n_weights;
  fields.weights = weights = g_memdup2 (fresh->weights, fresh->n_weights * sizeof *weights);
  for (guint i = 0; i < fields.n_weights; i++)
    if (matching.weights[i] != UNMATCHED)
      weights[i] = state->weights[matching.weights[i]];
  fields.n_rngs = fresh->n_rngs;
  fields.rngs = rngs = g_memdup2 (fresh->rngs, fresh->n_rngs * sizeof *rngs);
  for (guint i = 0; i < fields.n_rngs; i++)
    if (matching.layers[i] != UNMATCHED)
      rngs[i] = state->rngs[matching.layers[i]];

  fields.n_slots = fresh->n_slots;
  fields.slots = slots = g_memdup2 (fresh->slots, fresh->n_slots * sizeof *slots);
  if (same_class && state->n_slots == 0 && fresh->n_slots > 0)
    fields.n_slots = 0; /* a state without an optimizer goes on without one */
  adapt_slots (state, &matching, same_class, &fields);
  if (!same_class)
    fields.slots_begin = state->step;
  if (!has_same_rate (from, to))
    fields.learning_rate = fresh->learning_rate;
  fields.stopping = stopping = adapt_stopping (state, model, settings);
  return lw_state_new (&fields);
}
