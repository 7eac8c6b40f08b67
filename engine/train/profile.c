#include "engine/train/profile.h"

#include "engine/autodiff/tape.h"
#include "engine/nn/loss.h"
#include "engine/nn/optimizer.h"
#include "engine/nn/sequential.h"
#include "engine/train/batch_plan.h"
#include "engine/train/training.h"

/* Steps (and rounds through the layers) are taken until they have lasted so long, but at least and at most so
 * many of them; the first, which asks the system for memory, does not count. */
#define MIN_ROUNDS     3
#define MAX_ROUNDS     400
#define STEP_SECONDS   0.3
#define LAYERS_SECONDS 0.1

LwProfile *
lw_profile_ref (LwProfile *profile)
{
  g_atomic_ref_count_inc (&profile->ref_count);
  return profile;
}

void
lw_profile_unref (LwProfile *profile)
{
  if (profile == NULL || !g_atomic_ref_count_dec (&profile->ref_count))
    return;
  g_free (profile->layers);
  g_free (profile);
}

double
lw_profile_get_seconds (const LwProfile *profile, gsize n_images)
{
  return profile->step * (double) n_images / profile->batch_size;
}

/* -- memory -- */

/* Values that the optimizer keeps for trainable variable i of n, beside its weights. */
static guint
count_slots (const LwSpec *optimizer, guint n, guint i)
{
  guint slots = 0;

  for (guint k = 0; k < lw_optimizer_spec_count_slots (optimizer, n); k++)
    if (lw_optimizer_spec_get_slot (optimizer, n, k) == (int) i)
      slots++;
  return slots;
}

void
lw_layer_costs_count_bytes (LwModelSpec *model, const LwShape *image, guint batch_size, LwLayerCost *costs)
{
  g_autoptr (LwModelSpec) sized = lw_model_spec_with_input (model, image);
  const LwSpec           *optimizer = lw_model_spec_get_optimizer (model);
  guint                   n_layers = lw_model_spec_get_n_layers (sized), n = 0, variable = 0;

  for (guint i = 0; i < n_layers; i++)
    for (guint w = 0; w < lw_model_spec_get_info (sized, i)->n_weights; w++)
      n += lw_model_spec_get_info (sized, i)->weights[w].trainable ? 1 : 0;
  for (guint i = 0; i < n_layers; i++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (sized, i);

      costs[i].activation_bytes = 2 * (gint64) (lw_shape_get_volume (&info->output) * batch_size * sizeof (float));
      costs[i].weight_bytes = 0;
      for (guint w = 0; w < info->n_weights; w++)
        {
          const gboolean trainable = info->weights[w].trainable;
          const guint    copies = trainable ? 2 + count_slots (optimizer, n, variable++) : 1;

          costs[i].weight_bytes
            += (gint64) (lw_shape_get_volume (&info->weights[w].shape) * copies * sizeof (float));
        }
    }
}

/* -- time -- */

static double
now (void)
{
  return (double) g_get_monotonic_time () / G_USEC_PER_SEC;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const double x = *(const double *) a, y = *(const double *) b;

  return x < y ? -1 : x > y;
}

static double
median (double *values, guint n)
{
  qsort (values, n, sizeof *values, compare);
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* Whether round n (from 1, the one that does not count included) was not the last. */
static gboolean
goes_on (guint n, double begun, double seconds)
{
  return n <= MIN_ROUNDS || (n <= MAX_ROUNDS && now () - begun < seconds);
}

/* The median of some of the real loop's steps. */
static gboolean
time_steps (LwProfile *profile, LwDevice *device, LwModelSpec *model, const LwRunSettings *settings,
            LwImages *images, GCancellable *cancellable, GError **error)
{
  g_autoptr (LwTraining) training = lw_training_new (device, model, settings, images, error);
  double                 taken[MAX_ROUNDS + 1];
  const double           begun = now ();
  guint                  n = 0;

  if (training == NULL)
    return FALSE;
  do
    {
      LwHistoryPoint point;
      const double   start = now ();

      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || !lw_training_step (training, &point, error))
        return FALSE;
      taken[n++] = now () - start;
    }
  while (goes_on (n, begun, STEP_SECONDS));
  profile->step = median (taken + 1, n - 1);
  return TRUE;
}

/* What goes through the layers one by one. */
typedef struct {
  LwModelSpec       *model;
  LwDevice          *single;
  LwVariable *const *variables;
  guint             *first;     /* of each layer, in variables */
  gboolean          *needed;    /* whether the gradient of a layer's input is: not before the first weights */
  LwRng             *rngs;
  LwTensor          *images, *labels; /* of a part of a batch */
  guint              n;
} Layers;

static const LwLayerInfo *
info_of (const Layers *layers, guint i)
{
  return lw_model_spec_get_info (layers->model, i);
}

/* Each layer has a tape of its own, so that its way back can be timed by itself. */
static gboolean
go_back (const Layers *layers, LwScope *s, LwTape *tape, guint i, LwTensor *x, LwTensor *y, LwTensor **gy,
         GError **error)
{
  LwTensor *sources[1 + LW_MAX_LAYER_WEIGHTS], *grads[1 + LW_MAX_LAYER_WEIGHTS] = { NULL };
  guint     n = 0;

  if (layers->needed[i])
    sources[n++] = x;
  for (guint w = 0; w < info_of (layers, i)->n_weights; w++)
    if (info_of (layers, i)->weights[w].trainable)
      sources[n++] = lw_variable_get_value (layers->variables[layers->first[i] + w]);
  if (n > 0
      && !lw_tape_gradient_with (tape, s, 1, &y, n, sources, &(LwGradientOptions) { .output_gradients = gy }, grads,
                                 error))
    return FALSE;
  *gy = layers->needed[i] ? grads[0] : NULL;
  return TRUE;
}

/* The gradient of the loss with respect to the model's output; not a layer's, so not timed. */
static LwTensor *
get_output_gradient (const Layers *layers, LwScope *s, LwTensor *y, GError **error)
{
  g_autoptr (LwTape) tape = lw_tape_begin (s, FALSE);
  LwTensor          *loss, *gy = NULL;

  lw_tape_watch (tape, y);
  loss = lw_loss_call (s, lw_model_spec_get_loss (layers->model), layers->labels, y);
  return lw_tape_gradient (tape, s, loss, 1, &y, &gy, error) ? gy : NULL;
}

/* One way through all layers and back; forward and backward [n]. */
static gboolean
go_round (const Layers *layers, LwScope *s, LwTape **tapes, double *forward, double *backward, GError **error)
{
  g_autofree LwTensor **x = g_new (LwTensor *, layers->n + 1);
  LwTensor             *gy;

  x[0] = layers->images;
  for (guint i = 0; i < layers->n; i++)
    {
      const LwSpec *layer = lw_model_spec_get_layer (layers->model, i);
      double        start;

      tapes[i] = lw_tape_begin (s, FALSE);
      if (layers->needed[i])
        lw_tape_watch (tapes[i], x[i]);
      start = now ();
      x[i + 1] = lw_layer_class_of (layer)->call (s, layer, x[i], layers->variables + layers->first[i], TRUE,
                                                  &layers->rngs[i]);
      forward[i] = now () - start;
      lw_tape_end (tapes[i]);
    }
  gy = get_output_gradient (layers, s, x[layers->n], error);
  if (gy == NULL)
    return FALSE;
  for (guint i = layers->n; i-- > 0;)
    {
      const double start = now ();

      backward[i] = 0;
      if (gy == NULL)
        continue;
      if (!go_back (layers, s, tapes[i], i, x[i], x[i + 1], &gy, error))
        return FALSE;
      backward[i] = now () - start;
    }
  return TRUE;
}

static gboolean
time_round (const Layers *layers, double *forward, double *backward, GError **error)
{
  LwScope            *s = lw_scope_begin (layers->single);
  g_autofree LwTape **tapes = g_new0 (LwTape *, layers->n);
  gboolean            ok = go_round (layers, s, tapes, forward, backward, error);

  for (guint i = 0; i < layers->n; i++)
    lw_tape_free (tapes[i]);
  return lw_scope_end (s, ok ? error : NULL) && ok;
}

static gboolean
time_rounds (LwProfile *profile, const Layers *layers, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) rounds = g_array_new (FALSE, FALSE, 2 * layers->n * sizeof (double));
  g_autofree double *values = NULL;
  const double       begun = now ();

  do
    {
      double *round;

      g_array_set_size (rounds, rounds->len + 1);
      round = (double *) (gpointer) rounds->data + (rounds->len - 1) * 2 * layers->n;
      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || !time_round (layers, round, round + layers->n, error))
        return FALSE;
    }
  while (goes_on (rounds->len, begun, LAYERS_SECONDS));

  values = g_new (double, rounds->len);
  for (guint i = 0; i < 2 * layers->n; i++)
    {
      for (guint r = 1; r < rounds->len; r++)
        values[r - 1] = ((double *) (gpointer) rounds->data)[r * 2 * layers->n + i];
      if (i < layers->n)
        profile->layers[i].forward = median (values, rounds->len - 1);
      else
        profile->layers[i - layers->n].backward = median (values, rounds->len - 1);
    }
  return TRUE;
}

/* As training takes them: a part of a batch that fits a core's cache, on one thread. */
static gboolean
time_layers (LwProfile *profile, LwDevice *device, LwModelSpec *model, const LwRunSettings *settings,
             LwImages *images, GCancellable *cancellable, GError **error)
{
  const LwShape            image = LW_SHAPE (lw_tensor_get_dim (images->train_images, 1),
                                             lw_tensor_get_dim (images->train_images, 2), 1);
  const LwBatchPlan        plan = lw_batch_plan_new (model, &image);
  const gsize              all = (gsize) lw_tensor_get_dim (images->train_images, 0);
  const gsize              rows = MIN (lw_batch_plan_get_rows (&plan, settings->batch_size), all);
  g_autoptr (LwSequential) sequential = lw_sequential_new (model, settings->seed, error);
  g_autoptr (LwDevice)     single = lw_device_new_single (device);
  g_autofree guint        *first = g_new0 (guint, profile->n_layers + 1);
  g_autofree gboolean     *needed = g_new0 (gboolean, profile->n_layers + 1);
  Layers                   layers = { .model = model, .single = single, .first = first, .needed = needed,
                                      .n = profile->n_layers };
  guint                    n;
  LwScope                 *s;
  gboolean                 ok;

  if (sequential == NULL)
    return FALSE;
  layers.variables = lw_sequential_get_variables (sequential, &n);
  layers.rngs = lw_sequential_get_rngs (sequential, &n);
  for (guint i = 0; i < layers.n; i++)
    {
      first[i + 1] = first[i] + info_of (&layers, i)->n_weights;
      needed[i + 1] = needed[i] || info_of (&layers, i)->n_weights > 0;
    }

  s = lw_scope_begin (single);
  layers.images = lw_images_scale (s, lw_scope_take (s, lw_tensor_new_rows (images->train_images, 0, rows)));
  layers.labels = lw_scope_take (s, lw_tensor_new_rows (images->train_labels, 0, rows));
  ok = lw_scope_has_failed (s) || time_rounds (profile, &layers, cancellable, error);
  return lw_scope_end (s, ok ? error : NULL) && ok;
}

void
lw_layer_costs_share_out (LwLayerCost *costs, guint n)
{
  double sum = 0;

  for (guint i = 0; i < n; i++)
    sum += costs[i].forward + costs[i].backward;
  for (guint i = 0; i < n; i++)
    costs[i].share = sum > 0 ? (costs[i].forward + costs[i].backward) / sum : 1.0 / n;
}

LwProfile *
lw_profile_new (LwDevice *device, LwModelSpec *model, const LwRunSettings *settings, LwImages *images,
                GCancellable *cancellable, GError **error)
{
  g_autoptr (LwProfile) profile = g_new0 (LwProfile, 1);

  g_atomic_ref_count_init (&profile->ref_count);
  if (!lw_training_check_images (model, images, error))
    return NULL;
  profile->n_layers = lw_model_spec_get_n_layers (model);
  profile->layers = g_new0 (LwLayerCost, profile->n_layers);
  profile->batch_size = settings->batch_size;
  lw_layer_costs_count_bytes (model,
                              &LW_SHAPE (lw_tensor_get_dim (images->train_images, 1),
                                         lw_tensor_get_dim (images->train_images, 2), 1),
                              settings->batch_size, profile->layers);
  if (!time_steps (profile, device, model, settings, images, cancellable, error)
      || !time_layers (profile, device, model, settings, images, cancellable, error))
    return NULL;
  lw_layer_costs_share_out (profile->layers, profile->n_layers);
  return g_steal_pointer (&profile);
}
