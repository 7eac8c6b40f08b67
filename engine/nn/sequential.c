#include "engine/nn/sequential.h"

#include "engine/nn/initializer.h"
#include "engine/ops/ops.h"

#include <glib/gi18n-lib.h>

struct _LwSequential {
  LwModelSpec *model;
  GPtrArray   *variables; /* LwVariable, owned */
  GPtrArray   *trainable; /* borrowed from variables */
  guint       *first;     /* of each layer, in variables */
  guint        n_layers;
  LwRng       *rngs;
};

static LwSequential *
sequential_new (LwModelSpec *model, guint64 seed)
{
  LwSequential *sequential = g_new0 (LwSequential, 1);

  sequential->model = lw_model_spec_ref (model);
  sequential->variables = g_ptr_array_new_with_free_func ((GDestroyNotify) lw_variable_unref);
  sequential->trainable = g_ptr_array_new ();
  sequential->n_layers = lw_model_spec_get_n_layers (model);
  sequential->first = g_new0 (guint, sequential->n_layers + 1);
  sequential->rngs = g_new0 (LwRng, sequential->n_layers + 1);
  for (guint i = 0; i < sequential->n_layers; i++)
    sequential->rngs[i] = lw_rng_new (seed, LW_STREAM_DROPOUT + i);
  return sequential;
}

void
lw_sequential_free (LwSequential *sequential)
{
  if (sequential == NULL)
    return;
  lw_model_spec_unref (sequential->model);
  g_ptr_array_unref (sequential->variables);
  g_ptr_array_unref (sequential->trainable);
  g_free (sequential->first);
  g_free (sequential->rngs);
  g_free (sequential);
}

/* Adds the variable for one weight of a layer; called for all of them in order. */
typedef gboolean (*WeightFunc) (LwSequential *sequential, guint layer, const char *name,
                                const LwWeightInfo *weight, gpointer data, GError **error);

static void
add_variable (LwSequential *sequential, LwVariable *variable)
{
  g_ptr_array_add (sequential->variables, variable);
  if (lw_variable_is_trainable (variable))
    g_ptr_array_add (sequential->trainable, variable);
}

static gboolean
build (LwSequential *sequential, WeightFunc func, gpointer data, GError **error)
{
  for (guint i = 0; i < sequential->n_layers; i++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (sequential->model, i);
      const LwSpec      *layer = lw_model_spec_get_layer (sequential->model, i);

      sequential->first[i] = sequential->variables->len;
      if (info == NULL)
        {
          const LwFault *fault = lw_model_spec_get_fault (sequential->model);

          g_set_error_literal (error, LW_ERROR, LW_ERROR_SHAPE,
                               fault != NULL ? fault->message : _("The model has a fault"));
          return FALSE;
        }
      for (guint w = 0; w < info->n_weights; w++)
        {
          g_autofree char *name = g_strdup_printf ("%s/%s", lw_spec_get_name (layer), info->weights[w].name);

          if (!func (sequential, i, name, &info->weights[w], data, error))
            return FALSE;
        }
    }
  return TRUE;
}

static gboolean
draw_weight (LwSequential *sequential, guint layer, const char *name, const LwWeightInfo *weight,
             gpointer data, GError **error)
{
  LwRng               *rngs = data;
  g_autoptr (LwTensor) value = lw_weight_info_draw (weight, &rngs[layer], error);

  if (value == NULL)
    return FALSE;
  add_variable (sequential, lw_variable_new_holding (value, weight->trainable, name));
  return TRUE;
}

LwSequential *
lw_sequential_new (LwModelSpec *model, guint64 seed, GError **error)
{
  g_autoptr (LwSequential) sequential = sequential_new (model, seed);
  g_autofree LwRng        *rngs = g_new (LwRng, sequential->n_layers + 1);

  for (guint i = 0; i < sequential->n_layers; i++)
    rngs[i] = lw_rng_new (seed, LW_STREAM_WEIGHTS + i);
  if (!build (sequential, draw_weight, rngs, error))
    return NULL;
  return g_steal_pointer (&sequential);
}

typedef struct {
  LwTensor *const *weights;
  guint            n;
} Given;

static gboolean
hold_weight (LwSequential *sequential, guint layer, const char *name, const LwWeightInfo *weight,
             gpointer data, GError **error)
{
  const Given     *given = data;
  guint            i = sequential->variables->len;
  LwTensor        *value = i < given->n ? given->weights[i] : NULL;
  g_autofree char *want = lw_shape_to_string (&weight->shape);
  g_autofree char *have = value != NULL ? lw_shape_to_string (lw_tensor_get_shape (value)) : NULL;

  if (value == NULL || !lw_shape_equal (lw_tensor_get_shape (value), &weight->shape)
      || lw_tensor_get_dtype (value) != LW_FLOAT32)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_SHAPE, _("The weight %s should be %s, but is %s"), name, want,
                   have != NULL ? have : _("missing"));
      return FALSE;
    }
  add_variable (sequential, lw_variable_new_holding (value, weight->trainable, name));
  return TRUE;
}

LwSequential *
lw_sequential_new_with (LwModelSpec *model, guint n_weights, LwTensor *const *weights, const LwRng *rngs,
                        GError **error)
{
  g_autoptr (LwSequential) sequential = sequential_new (model, 0);
  Given                    given = { weights, n_weights };

  if (!build (sequential, hold_weight, &given, error))
    return NULL;
  if (sequential->variables->len != n_weights)
    {
      g_set_error (error, LW_ERROR, LW_ERROR_SHAPE, _("The model has %u weights, but %u were given"),
                   sequential->variables->len, n_weights);
      return NULL;
    }
  for (guint i = 0; rngs != NULL && i < sequential->n_layers; i++)
    sequential->rngs[i] = rngs[i];
  return g_steal_pointer (&sequential);
}

const LwModelSpec *
lw_sequential_get_model (LwSequential *sequential)
{
  return sequential->model;
}

static LwTensor *
call_layer (LwSequential *sequential, LwScope *s, guint i, LwTensor *x, gboolean training, LwRng *rng)
{
  const LwSpec *layer = lw_model_spec_get_layer (sequential->model, i);

  return lw_layer_class_of (layer)->call (s, layer, x,
                                          (LwVariable *const *) sequential->variables->pdata
                                              + sequential->first[i],
                                          training, rng);
}

static LwTensor *
call_and_free (LwSequential *sequential, LwScope *s, LwTensor *x)
{
  lw_tensor_ref (x);
  for (guint i = 0; i < sequential->n_layers; i++)
    {
      LwScope  *inner = lw_scope_begin_nested (s);
      LwTensor *y = lw_tensor_ref (call_layer (sequential, inner, i, x, FALSE, &sequential->rngs[i]));
      gboolean  ok = lw_scope_end (inner, NULL);

      lw_tensor_unref (x);
      x = y;
      if (!ok)
        break;
    }
  return lw_scope_take (s, x);
}

LwTensor *
lw_sequential_call (LwSequential *sequential, LwScope *s, LwTensor *x, gboolean training)
{
  if (!training)
    return call_and_free (sequential, s, x);
  for (guint i = 0; i < sequential->n_layers; i++)
    x = call_layer (sequential, s, i, x, TRUE, &sequential->rngs[i]);
  return x;
}

/* Layer i's generator as it stands where the part begins whose input is x. */
static LwRng
generator_at (LwSequential *sequential, guint i, LwTensor *x, gsize first)
{
  LwRng rng = sequential->rngs[i];

  if (first > 0 && lw_tensor_get_rank (x) > 0)
    rng.counter = (rng.counter + 3) / 4 * 4
                  + first * (lw_tensor_get_count (x) / MAX ((gsize) lw_tensor_get_dim (x, 0), 1));
  return rng;
}

LwTensor *
lw_sequential_call_part (LwSequential *sequential, LwScope *s, LwTensor *x, gsize first, LwRng *rngs)
{
  for (guint i = 0; i < sequential->n_layers; i++)
    {
      const LwSpec *layer = lw_model_spec_get_layer (sequential->model, i);
      const LwRng   begin = lw_layer_class_of (layer)->draws ? generator_at (sequential, i, x, first)
                                                             : sequential->rngs[i];

      rngs[i] = begin;
      x = call_layer (sequential, s, i, x, TRUE, &rngs[i]);
      if (rngs[i].counter == begin.counter) /* nothing was drawn after all */
        rngs[i] = sequential->rngs[i];
    }
  return x;
}

LwTensor *
lw_sequential_get_penalty (LwSequential *sequential, LwScope *s)
{
  LwTensor *sum = NULL;

  for (guint i = 0; i < sequential->n_layers; i++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (sequential->model, i);

      for (guint w = 0; w < info->n_weights; w++)
        {
          LwVariable *variable = sequential->variables->pdata[sequential->first[i] + w];
          LwTensor   *squares, *term;

          if (info->weights[w].l2 == 0)
            continue;
          squares = lw_reduce_sum (s, lw_square (s, lw_variable_read (s, variable)), NULL, 0, FALSE);
          term = lw_multiply (s, squares, lw_constant_scalar (s, LW_FLOAT32, info->weights[w].l2));
          sum = sum != NULL ? lw_add (s, sum, term) : term;
        }
    }
  return sum;
}

LwVariable *const *
lw_sequential_get_variables (LwSequential *sequential, guint *n)
{
  *n = sequential->variables->len;
  return (LwVariable *const *) sequential->variables->pdata;
}

LwVariable *const *
lw_sequential_get_trainable_variables (LwSequential *sequential, guint *n)
{
  *n = sequential->trainable->len;
  return (LwVariable *const *) sequential->trainable->pdata;
}

LwRng *
lw_sequential_get_rngs (LwSequential *sequential, guint *n)
{
  *n = sequential->n_layers;
  return sequential->rngs;
}

void
lw_sequential_set_rngs (LwSequential *sequential, const LwRng *rngs)
{
  for (guint i = 0; i < sequential->n_layers; i++)
    sequential->rngs[i] = rngs[i];
}
