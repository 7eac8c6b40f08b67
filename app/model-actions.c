#include "app/model-actions.h"

#include <glib/gi18n.h>

typedef struct {
  LwSession    *session;
  LwDeletedFunc deleted;
  gpointer      data;
} Context;

static LwModelSpec *
current_model (LwSession *session)
{
  return lw_session_get_document (session)->model;
}

/* Takes the model; NULL is no edit. */
static void
edit_model (LwSession *session, LwModelSpec *model, const char *format, ...)
{
  LwDocument            *document = lw_session_get_document (session);
  g_autoptr (LwDocument) edited = NULL;
  g_autofree char       *name = NULL;
  va_list                arguments;

  if (model == NULL)
    return;
  va_start (arguments, format);
  name = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  edited = lw_document_new (model, &document->settings);
  lw_session_edit (session, edited, name);
  lw_model_spec_unref (model);
}

/* What a field is called within a sentence. */
static char *
field_word (const LwSpec *spec, const char *key)
{
  const LwField *field = lw_spec_class_find (lw_spec_get_class (spec), key, NULL);

  return field != NULL ? g_utf8_strdown (_(field->label), -1) : g_strdup (key);
}

static const char *
layer_label (LwModelSpec *model, guint layer)
{
  return lw_spec_get_class (lw_model_spec_get_layer (model, layer))->label;
}

static void
add_layer (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwSession          *session = ((Context *) data)->session;
  LwModelSpec        *model = current_model (session);
  const char         *class_name;
  guint               place;
  const LwLayerClass *klass;
  g_autoptr (LwSpec)  layer = NULL;

  g_variant_get (parameter, "(&su)", &class_name, &place);
  klass = lw_layer_class_find (class_name);
  if (klass == NULL)
    return;
  place = MIN (place, lw_model_spec_get_n_layers (model));
  layer = lw_model_spec_suggest_layer (model, place, klass);
  edit_model (session, lw_model_spec_with_inserted (model, place, layer), _("Add %s"), klass->spec.label);
}

static void
remove_layer (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Context         *context = data;
  LwModelSpec     *model = current_model (context->session);
  guint            layer = g_variant_get_uint32 (parameter);
  const char      *label;
  g_autofree char *text = NULL;

  if (layer >= lw_model_spec_get_n_layers (model))
    return;
  label = layer_label (model, layer);
  text = g_strdup_printf (_("%s deleted"), label);
  edit_model (context->session, lw_model_spec_with_removed (model, layer), _("Delete %s"), label);
  context->deleted (text, context->data);
}

static void
move_layer (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwSession   *session = ((Context *) data)->session;
  LwModelSpec *model = current_model (session);
  guint        n = lw_model_spec_get_n_layers (model);
  guint        from, to;

  g_variant_get (parameter, "(uu)", &from, &to);
  if (from < n && to < n && from != to)
    edit_model (session, lw_model_spec_with_moved (model, from, to), _("Move %s"), layer_label (model, from));
}

static void
duplicate_layer (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwSession         *session = ((Context *) data)->session;
  LwModelSpec       *model = current_model (session);
  guint              layer = g_variant_get_uint32 (parameter);
  g_autoptr (LwSpec) copy = NULL;

  if (layer >= lw_model_spec_get_n_layers (model))
    return;
  copy = lw_spec_with_name (lw_model_spec_get_layer (model, layer), NULL);
  edit_model (session, lw_model_spec_with_inserted (model, layer + 1, copy), _("Duplicate %s"),
              layer_label (model, layer));
}

static void
set_field (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwSession           *session = ((Context *) data)->session;
  LwModelSpec         *model = current_model (session);
  guint                layer;
  const char          *key;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (LwSpec)   changed = NULL;
  g_autofree char     *word = NULL;

  g_variant_get (parameter, "(u&sv)", &layer, &key, &value);
  if (layer >= lw_model_spec_get_n_layers (model))
    return;
  changed = lw_spec_with_variant (lw_model_spec_get_layer (model, layer), key, value, NULL);
  if (changed == NULL)
    return;
  word = field_word (changed, key);
  edit_model (session, lw_model_spec_with_replaced (model, layer, changed), _("Change %s of %s"), word,
              layer_label (model, layer));
}

static void
rename_layer (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwSession         *session = ((Context *) data)->session;
  LwModelSpec       *model = current_model (session);
  guint              layer;
  g_autofree char   *name = NULL;
  g_autoptr (LwSpec) changed = NULL;

  g_variant_get (parameter, "(us)", &layer, &name);
  if (layer >= lw_model_spec_get_n_layers (model) || name[0] == '\0')
    return;
  g_strdelimit (name, "/", '_'); /* Keras opens no file with a slash in a name */
  changed = lw_spec_with_name (lw_model_spec_get_layer (model, layer), name);
  edit_model (session, lw_model_spec_with_replaced (model, layer, changed), _("Rename %s"),
              layer_label (model, layer));
}

static void
set_input (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwSession   *session = ((Context *) data)->session;
  LwModelSpec *model = current_model (session);
  LwShape      input = *lw_model_spec_get_input (model);
  int          height, width;

  g_variant_get (parameter, "(ii)", &height, &width);
  input = LW_SHAPE (height < 0 ? LW_DIM_ANY : height, width < 0 ? LW_DIM_ANY : width,
                    input.rank == 3 ? input.dims[2] : 1);
  edit_model (session, lw_model_spec_with_input (model, &input), "%s", _("Change the input"));
}

static void
apply_fix (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwSession       *session = ((Context *) data)->session;
  LwModelSpec     *model = current_model (session);
  const LwFault   *fault = lw_model_spec_get_fault (model);
  guint            i = g_variant_get_uint32 (parameter);
  g_autofree char *label = NULL;

  if (fault == NULL || i >= fault->n_fixes)
    return;
  label = lw_fix_to_label (model, fault, fault->fixes[i]);
  edit_model (session, lw_model_spec_with_fix (model, fault, fault->fixes[i]), "%s", label);
}

static void
apply_hint (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwSession            *session = ((Context *) data)->session;
  LwDocument           *document = lw_session_get_document (session);
  g_autoptr (GPtrArray) hints = lw_model_hints_new (document->model, document->settings.batch_size);
  const LwHint         *hint;
  guint                 number, fix;
  g_autofree char      *label = NULL;

  g_variant_get (parameter, "(uu)", &number, &fix);
  if (number >= hints->len)
    return;
  hint = g_ptr_array_index (hints, number);
  if (fix >= hint->n_fixes)
    return;
  label = lw_fix_to_label (document->model, hint, hint->fixes[fix]);
  edit_model (session, lw_model_spec_with_fix (document->model, hint, hint->fixes[fix]), "%s", label);
}

/* The input as the images are. */
static void
fit_input (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwSession *session = ((Context *) data)->session;
  LwImages  *images = lw_session_get_images (session);

  if (images == NULL)
    return;
  edit_model (session,
              lw_model_spec_with_input (current_model (session),
                                        &LW_SHAPE (lw_tensor_get_dim (images->train_images, 1),
                                                   lw_tensor_get_dim (images->train_images, 2), 1)),
              _("Use the size of %s"), images->name);
}

static void
set_optimizer (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwSession         *session = ((Context *) data)->session;
  const LwSpecClass *klass = lw_optimizer_class_find (g_variant_get_string (parameter, NULL));
  g_autoptr (LwSpec) optimizer = klass != NULL ? lw_spec_new (klass, NULL) : NULL;

  if (optimizer != NULL)
    edit_model (session, lw_model_spec_with_optimizer (current_model (session), optimizer),
                _("Change the optimizer to %s"), klass->label);
}

typedef LwModelSpec *(*WithSpec) (const LwModelSpec *model, LwSpec *spec);

/* Another rate while a run goes on is constant from there on: the model says so too, as then does a file
 * of the run. Takes the spec. */
static LwSpec *
leave_schedule (LwSession *session, LwSpec *optimizer)
{
  LwSessionRun        *run = lw_session_get_run (session);
  g_autoptr (GVariant) constant = g_variant_ref_sink (g_variant_new_string ("constant"));
  LwSpec              *changed;

  if (!lw_schedule_is_used (optimizer) || run == NULL || !lw_session_is_trained (session)
      || !lw_document_same_run (lw_session_get_document (session), run->document))
    return optimizer;
  changed = lw_spec_with_variant (optimizer, "schedule", constant, NULL);
  g_return_val_if_fail (changed != NULL, optimizer);
  lw_spec_unref (optimizer);
  return changed;
}

/* Changes one field of the optimizer or the loss, `spec`. */
static void
set_compile_field (LwSession *session, const LwSpec *spec, WithSpec with_spec, GVariant *parameter)
{
  const char          *key;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (LwSpec)   changed = NULL;

  g_variant_get (parameter, "(&sv)", &key, &value);
  changed = lw_spec_with_variant (spec, key, value, NULL);
  if (changed != NULL && g_str_equal (key, "learning_rate"))
    changed = leave_schedule (session, g_steal_pointer (&changed));
  if (changed != NULL)
    {
      g_autofree char *word = field_word (changed, key);

      edit_model (session, with_spec (current_model (session), changed), _("Change %s"), word);
    }
}

static void
set_optimizer_field (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwSession *session = ((Context *) data)->session;

  set_compile_field (session, lw_model_spec_get_optimizer (current_model (session)),
                     lw_model_spec_with_optimizer, parameter);
}

static void
set_loss (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwSession         *session = ((Context *) data)->session;
  const LwSpecClass *klass = lw_loss_class_find (g_variant_get_string (parameter, NULL));
  g_autoptr (LwSpec) loss = klass != NULL ? lw_spec_new (klass, NULL) : NULL;
  g_autoptr (LwSpec) fitting = NULL;

  if (loss == NULL)
    return;
  /* What the model ends in decides what its loss takes. */
  if (lw_spec_class_find (klass, "from_logits", NULL) != NULL)
    fitting = lw_spec_with_value (
        loss, "from_logits",
        (LwFieldValue) { .b = !lw_model_spec_ends_in_probabilities (current_model (session)) }, NULL);
  edit_model (session, lw_model_spec_with_loss (current_model (session), fitting != NULL ? fitting : loss),
              _("Change the loss to %s"), _(klass->label));
}

static void
set_loss_field (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwSession *session = ((Context *) data)->session;

  set_compile_field (session, lw_model_spec_get_loss (current_model (session)), lw_model_spec_with_loss,
                     parameter);
}

/* The layers go; how to train stays as it was chosen. The loss takes logits, as a new Dense gives them. */
static void
start_empty (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwSession              *session = ((Context *) data)->session;
  LwModelSpec            *model = current_model (session);
  g_autoptr (LwModelSpec) empty = lw_model_spec_new ("model", &LW_SHAPE (28, 28, 1));
  LwImages               *images = lw_session_get_images (session);

  if (images != NULL)
    {
      g_autoptr (LwModelSpec) standard = g_steal_pointer (&empty);

      empty = lw_model_spec_with_input (standard, &LW_SHAPE (lw_tensor_get_dim (images->train_images, 1),
                                                             lw_tensor_get_dim (images->train_images, 2), 1));
    }
  edit_model (session,
              lw_model_spec_with_optimizer (empty, (LwSpec *) lw_model_spec_get_optimizer (model)), "%s",
              _("Start empty"));
}

static void
load_preset (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  LwSession             *session = ((Context *) data)->session;
  const char            *preset = g_variant_get_string (parameter, NULL);
  LwDocument            *now = lw_session_get_document (session);
  g_autoptr (LwDocument) document = lw_document_new_preset (preset);
  g_autofree char       *name = g_strdup_printf (_("Preset %s"), preset);

  if (document == NULL)
    return;
  /* What is not the preset's own stays as it was chosen. */
  document->settings.epochs = now->settings.epochs;
  document->settings.seed = now->settings.seed;
  document->settings.shuffle = now->settings.shuffle;
  document->settings.validation = now->settings.validation;
  document->settings.fraction = now->settings.fraction;
  lw_session_edit (session, document, name);
}

GSimpleActionGroup *
lw_model_actions_new (LwSession *session, LwDeletedFunc deleted, gpointer data)
{
  static const GActionEntry entries[] = {
    { "add-layer", add_layer, "(su)", NULL, NULL, { 0 } },
    { "remove-layer", remove_layer, "u", NULL, NULL, { 0 } },
    { "move-layer", move_layer, "(uu)", NULL, NULL, { 0 } },
    { "duplicate-layer", duplicate_layer, "u", NULL, NULL, { 0 } },
    { "set-field", set_field, "(usv)", NULL, NULL, { 0 } },
    { "rename-layer", rename_layer, "(us)", NULL, NULL, { 0 } },
    { "set-input", set_input, "(ii)", NULL, NULL, { 0 } },
    { "apply-fix", apply_fix, "u", NULL, NULL, { 0 } },
    { "apply-hint", apply_hint, "(uu)", NULL, NULL, { 0 } },
    { "fit-input", fit_input, NULL, NULL, NULL, { 0 } },
    { "set-optimizer", set_optimizer, "s", NULL, NULL, { 0 } },
    { "set-optimizer-field", set_optimizer_field, "(sv)", NULL, NULL, { 0 } },
    { "set-loss", set_loss, "s", NULL, NULL, { 0 } },
    { "set-loss-field", set_loss_field, "(sv)", NULL, NULL, { 0 } },
    { "load-preset", load_preset, "s", NULL, NULL, { 0 } },
    { "start-empty", start_empty, NULL, NULL, NULL, { 0 } },
  };
  GSimpleActionGroup *group = g_simple_action_group_new ();
  Context            *context = g_new0 (Context, 1);

  context->session = session;
  context->deleted = deleted;
  context->data = data;
  g_action_map_add_action_entries (G_ACTION_MAP (group), entries, G_N_ELEMENTS (entries), context);
  g_object_set_data_full (G_OBJECT (group), "context", context, g_free);
  return group;
}

/* -- how to train -- */

static void
edit_settings (LwSession *session, const LwRunSettings *settings, const char *name)
{
  LwDocument            *document = lw_session_get_document (session);
  g_autoptr (LwDocument) edited = lw_document_new (document->model, settings);

  lw_session_edit (session, edited, name);
}

static LwRunSettings
current_settings (LwSession *session)
{
  return lw_session_get_document (session)->settings;
}

static void
set_epochs (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  LwRunSettings settings = current_settings (session);

  settings.epochs = CLAMP (g_variant_get_uint32 (parameter), 1, 10000);
  edit_settings (session, &settings, _("Change the epochs"));
}

static void
set_batch_size (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  LwRunSettings settings = current_settings (session);

  settings.batch_size = CLAMP (g_variant_get_uint32 (parameter), 1, 4096);
  edit_settings (session, &settings, _("Change the batch size"));
}

static void
set_seed (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  LwRunSettings settings = current_settings (session);

  settings.seed = g_variant_get_uint64 (parameter);
  edit_settings (session, &settings, _("Change the seed"));
}

static void
set_shuffle (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  LwRunSettings settings = current_settings (session);

  settings.shuffle = g_variant_get_uint32 (parameter);
  edit_settings (session, &settings, _("Change the shuffle buffer"));
}

static void
set_validation (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  LwRunSettings settings = current_settings (session);
  const char   *kind;
  double        fraction;

  g_variant_get (parameter, "(&sd)", &kind, &fraction);
  settings.validation = g_str_equal (kind, "none")   ? LW_VALIDATION_NONE
                        : g_str_equal (kind, "test") ? LW_VALIDATION_TEST
                                                     : LW_VALIDATION_FRACTION;
  if (settings.validation == LW_VALIDATION_FRACTION)
    settings.fraction = CLAMP (fraction, 0.001, 0.9);
  edit_settings (session, &settings, _("Change the validation"));
}

static void
set_patience (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  LwRunSettings settings = current_settings (session);

  settings.patience = MIN (g_variant_get_uint32 (parameter), 1000);
  edit_settings (session, &settings, _("Change early stopping"));
}

static void
set_keep_best (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  LwRunSettings settings = current_settings (session);

  settings.keep_best = g_variant_get_boolean (parameter);
  edit_settings (session, &settings, settings.keep_best ? _("Keep the best weights") : _("Keep the last weights"));
}

static void
set_threads (GSimpleAction *action, GVariant *parameter, gpointer session)
{
  LwRunSettings settings = current_settings (session);

  settings.threads = MIN (g_variant_get_uint32 (parameter), 256);
  edit_settings (session, &settings, _("Change the threads"));
}

GSimpleActionGroup *
lw_run_actions_new (LwSession *session)
{
  static const GActionEntry entries[] = {
    { "set-epochs", set_epochs, "u", NULL, NULL, { 0 } },
    { "set-batch-size", set_batch_size, "u", NULL, NULL, { 0 } },
    { "set-seed", set_seed, "t", NULL, NULL, { 0 } },
    { "set-shuffle", set_shuffle, "u", NULL, NULL, { 0 } },
    { "set-validation", set_validation, "(sd)", NULL, NULL, { 0 } },
    { "set-patience", set_patience, "u", NULL, NULL, { 0 } },
    { "set-keep-best", set_keep_best, "b", NULL, NULL, { 0 } },
    { "set-threads", set_threads, "u", NULL, NULL, { 0 } },
  };
  GSimpleActionGroup *group = g_simple_action_group_new ();

  g_action_map_add_action_entries (G_ACTION_MAP (group), entries, G_N_ELEMENTS (entries), session);
  return group;
}
