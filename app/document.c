#include "app/document.h"

LwDocument *
lw_document_new (LwModelSpec *model, const LwRunSettings *settings)
{
  LwDocument *document = g_new0 (LwDocument, 1);

  g_atomic_ref_count_init (&document->ref_count);
  document->model = lw_model_spec_ref (model);
  document->settings = *settings;
  return document;
}

LwDocument *
lw_document_new_preset (const char *preset)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_new_preset (preset);
  LwRunSettings           settings = LW_RUN_SETTINGS_STANDARD;

  if (model == NULL)
    return NULL;
  settings.batch_size = lw_preset_get_batch_size (preset);
  return lw_document_new (model, &settings);
}

LwDocument *
lw_document_ref (LwDocument *document)
{
  g_atomic_ref_count_inc (&document->ref_count);
  return document;
}

void
lw_document_unref (LwDocument *document)
{
  if (document == NULL || !g_atomic_ref_count_dec (&document->ref_count))
    return;
  lw_model_spec_unref (document->model);
  g_free (document);
}

static gboolean
same_settings (const LwRunSettings *a, const LwRunSettings *b)
{
  return a->batch_size == b->batch_size && a->shuffle == b->shuffle && a->seed == b->seed
         && a->validation == b->validation
         && (a->validation != LW_VALIDATION_FRACTION || a->fraction == b->fraction);
}

/* The model with the other's learning rate, when both have an optimizer of one class; and with its
 * schedule, where the run of the other leaves that for a constant rate (lw_trainer_set_learning_rate()).
 * A schedule that begins with another rate is another run. */
static LwModelSpec *
with_rate_of (const LwModelSpec *model, const LwModelSpec *other)
{
  const LwSpec      *optimizer = lw_model_spec_get_optimizer (model);
  const LwSpec      *others = lw_model_spec_get_optimizer (other);
  g_autoptr (LwSpec) changed = NULL;
  double             initial;

  if (lw_spec_get_class (optimizer) != lw_spec_get_class (others) || lw_schedule_is_used (optimizer))
    return lw_model_spec_ref ((LwModelSpec *) model);
  changed = lw_spec_with_value (optimizer, "learning_rate",
                                (LwFieldValue) { .x = lw_spec_get_float (others, "learning_rate") }, NULL);
  g_return_val_if_fail (changed != NULL, lw_model_spec_ref ((LwModelSpec *) model));
  initial = lw_schedule_get_initial (others);
  if (lw_schedule_is_used (others)
      && lw_spec_get_float (optimizer, "learning_rate") != initial)
    {
      g_autoptr (GVariant) schedule = g_variant_ref_sink (lw_spec_get_variant (others, "schedule"));
      g_autoptr (LwSpec)   scheduled = lw_spec_with_variant (changed, "schedule", schedule, NULL);

      g_return_val_if_fail (scheduled != NULL, lw_model_spec_ref ((LwModelSpec *) model));
      return lw_model_spec_with_optimizer (model, scheduled);
    }
  return lw_model_spec_with_optimizer (model, changed);
}

gboolean
lw_document_same_run (const LwDocument *a, const LwDocument *b)
{
  g_autoptr (LwModelSpec) model = NULL;

  if (!same_settings (&a->settings, &b->settings))
    return FALSE;
  model = with_rate_of (a->model, b->model);
  return lw_model_spec_equal (model, b->model);
}

gboolean
lw_document_equal (const LwDocument *a, const LwDocument *b)
{
  return same_settings (&a->settings, &b->settings) && a->settings.epochs == b->settings.epochs
         && a->settings.patience == b->settings.patience && a->settings.keep_best == b->settings.keep_best
         && a->settings.threads == b->settings.threads && lw_model_spec_equal (a->model, b->model);
}

/* Its weights are the ones that the settings draw, and nothing has happened to them. */
static gboolean
is_untrained (const LwRun *run)
{
  g_autoptr (LwState) initial = NULL;

  if (run->state->step > 0 || (run->history != NULL && lw_history_length (run->history) > 0))
    return FALSE;
  initial = lw_state_new_initial (run->model, &run->settings, NULL);
  return initial != NULL && lw_state_equal (run->state, initial);
}

LwRun *
lw_document_load (const char *path, GError **error)
{
  LwRun *run = lw_keras_archive_load (path, error);

  if (run != NULL && run->state != NULL && is_untrained (run))
    g_clear_pointer (&run->state, lw_state_unref);
  return run;
}

gboolean
lw_document_save (const char *path, LwRun *run, GError **error)
{
  if (run->state == NULL && lw_model_spec_get_fault (run->model) == NULL)
    {
      run->state = lw_state_new_initial (run->model, &run->settings, error);
      if (run->state == NULL)
        return FALSE;
    }
  return lw_keras_archive_save (path, run, error);
}
