#include <adwaita.h>
#include <string.h>

#include "tests/wait.h"
#include "ui/builder/field-control.h"
#include "ui/builder/number-spin.h"
#include "ui/builder/run-popover.h"
#include "ui/builder/settings-rows.h"
#include "ui/builder/spec-popover.h"

typedef struct
{
  GtkWindow      *window;
  LwSettingsRows *rows;
  LwModelSpec    *model;
  GString        *asked;
} Fixture;

static const char *const actions[][3] = {
  { "model", "set-optimizer", "s" },
  { "model", "set-optimizer-field", "(sv)" },
  { "model", "set-loss", "s" },
  { "model", "set-loss-field", "(sv)" },
  { "run", "set-epochs", "u" },
  { "run", "set-batch-size", "u" },
  { "run", "set-seed", "t" },
  { "run", "set-shuffle", "u" },
  { "run", "set-validation", "(sd)" },
  { "run", "set-patience", "u" },
  { "run", "set-keep-best", "b" },
  { "run", "set-threads", "u" },
  { "model", "apply-hint", "(uu)" },
};

static void
on_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Fixture         *f = data;
  g_autofree char *text = g_variant_print (parameter, FALSE);

  g_string_append_printf (f->asked, "%s %s;", g_action_get_name (G_ACTION (action)), text);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  static const LwRunSettings settings = { 5, 128, G_MAXUINT, 1, LW_VALIDATION_TEST, 0.1 };

  f->asked = g_string_new (NULL);
  f->window = GTK_WINDOW (gtk_window_new ());
  f->rows = LW_SETTINGS_ROWS (lw_settings_rows_new ());
  f->model = lw_model_spec_new_preset ("convnet");

  for (int g = 0; g < 2; g++)
    {
      const char         *name = g == 0 ? "model" : "run";
      GSimpleActionGroup *group = g_simple_action_group_new ();

      for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
        if (g_str_equal (actions[i][0], name))
          {
            GSimpleAction *action =
              g_simple_action_new (actions[i][1], G_VARIANT_TYPE (actions[i][2]));

            g_signal_connect (action, "activate", G_CALLBACK (on_action), f);
            g_action_map_add_action (G_ACTION_MAP (group), G_ACTION (action));
            g_object_unref (action);
          }
      gtk_widget_insert_action_group (GTK_WIDGET (f->window), name, G_ACTION_GROUP (group));
      g_object_unref (group);
    }

  lw_settings_rows_set_model (f->rows, f->model);
  lw_settings_rows_set_settings (f->rows, &settings);
  gtk_window_set_child (f->window, GTK_WIDGET (f->rows));
  gtk_window_present (f->window);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (f->window));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gtk_window_destroy (f->window);
  settle (0);
  lw_model_spec_unref (f->model);
  g_string_free (f->asked, TRUE);
}

static void
assert_asked (Fixture *f, const char *expected)
{
  g_assert_cmpstr (f->asked->str, ==, expected);
  g_string_truncate (f->asked, 0);
}

static LwSpecPopover *
get_spec_popover (Fixture *f, LwSettingsRow row)
{
  return LW_SPEC_POPOVER (lw_settings_rows_get_popover (f->rows, row));
}

static GtkSpinButton *
get_field_spin (Fixture *f, const char *key)
{
  GtkWidget *control = lw_spec_popover_find (get_spec_popover (f, LW_SETTINGS_OPTIMIZER), key);

  g_assert_nonnull (control);
  return GTK_SPIN_BUTTON (lw_field_control_get_main (LW_FIELD_CONTROL (control)));
}

static GtkWidget *
get_run_control (Fixture *f, const char *setting)
{
  GtkWidget *popover = lw_settings_rows_get_popover (f->rows, LW_SETTINGS_RUN);
  GtkWidget *control = lw_run_popover_find (LW_RUN_POPOVER (popover), setting);

  g_assert_nonnull (control);
  return LW_IS_NUMBER_SPIN (control) ? lw_number_spin_get_button (LW_NUMBER_SPIN (control))
                                     : control;
}

static void
type (GtkSpinButton *spin, const char *text)
{
  gtk_editable_set_text (GTK_EDITABLE (spin), text);
  gtk_spin_button_update (spin);
}

static void
test_names (Fixture *f, gconstpointer data)
{
  GtkWidget *row = lw_settings_rows_get_row (f->rows, LW_SETTINGS_OPTIMIZER);

  gtk_test_accessible_assert_role (row, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
  gtk_test_accessible_assert_property (row, GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Optimizer: Adam · 0.001");
  gtk_test_accessible_assert_property (lw_settings_rows_get_row (f->rows, LW_SETTINGS_LOSS),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Loss: Sparse cross-entropy");
  gtk_test_accessible_assert_property (lw_settings_rows_get_row (f->rows, LW_SETTINGS_RUN),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Run: 5 epochs · batch 128");
  gtk_test_accessible_assert_property (get_field_spin (f, "learning_rate"),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Learning rate");
  gtk_test_accessible_assert_property (get_run_control (f, "batch-size"),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Batch size");
  assert_asked (f, "");
}

static void
test_learning_rate (Fixture *f, gconstpointer data)
{
  GtkSpinButton *rate = get_field_spin (f, "learning_rate");

  gtk_spin_button_spin (rate, GTK_SPIN_STEP_FORWARD, 0);
  assert_asked (f, "set-optimizer-field ('learning_rate', <0.002>);");
  gtk_spin_button_spin (rate, GTK_SPIN_STEP_FORWARD, 0);
  assert_asked (f, "set-optimizer-field ('learning_rate', <0.0050000000000000001>);");
  gtk_spin_button_spin (rate, GTK_SPIN_PAGE_BACKWARD, 0);
  assert_asked (f, "set-optimizer-field ('learning_rate', <0.00050000000000000001>);");
  type (rate, "1e-4");
  assert_asked (f, "set-optimizer-field ('learning_rate', <0.0001>);");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (rate)), ==, "0.0001");
  type (rate, "3e-5");
  assert_asked (f, "set-optimizer-field ('learning_rate', <3.0000000000000001e-05>);");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (rate)), ==, "3e-5");
  type (rate, "fast");
  assert_asked (f, "");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (rate)), ==, "3e-5");

  /* Leaving a field as it is changes nothing, whatever its rounding hides. */
  gtk_spin_button_set_value (rate, 1.0 / 3.0);
  g_string_truncate (f->asked, 0);
  gtk_spin_button_update (rate);
  assert_asked (f, "");
  g_assert_cmpfloat (gtk_spin_button_get_value (rate), ==, 1.0 / 3.0);
}

static void
test_kind (Fixture *f, gconstpointer data)
{
  LwSpecPopover          *popover = get_spec_popover (f, LW_SETTINGS_OPTIMIZER);
  AdwComboRow            *kind = ADW_COMBO_ROW (lw_spec_popover_get_kind (popover));
  g_autoptr (LwSpec)      sgd = lw_spec_new (lw_optimizer_class_find ("SGD"), NULL);
  g_autoptr (LwModelSpec) model = lw_model_spec_with_optimizer (f->model, sgd);
  guint                   selected = 0;

  while (g_strcmp0 (lw_optimizer_classes ()[selected]->class_name, "SGD") != 0)
    selected++;
  adw_combo_row_set_selected (kind, selected);
  assert_asked (f, "set-optimizer 'SGD';");

  /* The window's answer brings SGD's fields and asks for nothing. */
  lw_settings_rows_set_model (f->rows, model);
  g_assert_nonnull (lw_spec_popover_find (popover, "momentum"));
  g_assert_null (lw_spec_popover_find (popover, "beta_1"));
  gtk_test_accessible_assert_property (lw_settings_rows_get_row (f->rows, LW_SETTINGS_OPTIMIZER),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Optimizer: SGD · 0.01");
  assert_asked (f, "");

  lw_settings_rows_set_model (f->rows, f->model);
  g_assert_cmpuint (adw_combo_row_get_selected (kind), !=, selected);
  assert_asked (f, "");
}

/* The row that a field's control stands in. */
static GtkWidget *
get_field_row (Fixture *f, const char *key)
{
  GtkWidget *control = lw_spec_popover_find (get_spec_popover (f, LW_SETTINGS_OPTIMIZER), key);

  g_assert_nonnull (control);
  return gtk_widget_get_ancestor (control, ADW_TYPE_ACTION_ROW);
}

static gboolean
is_field_shown (Fixture *f, const char *key)
{
  return gtk_widget_get_visible (get_field_row (f, key));
}

/* Shows the model with another optimizer. */
static void
show_optimizer (Fixture *f, LwSpec *optimizer)
{
  g_autoptr (LwModelSpec) model = lw_model_spec_with_optimizer (f->model, optimizer);

  lw_settings_rows_set_model (f->rows, model);
}

static LwSpec *
with_word (LwSpec *spec, const char *key, const char *word)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_string (word));
  GError              *error = NULL;
  LwSpec              *next = lw_spec_with_variant (spec, key, value, &error);

  g_assert_no_error (error);
  lw_spec_unref (spec);
  return next;
}

/* Every optimizer is there with all its settings, each with a name for those who do not see it; rare ones
 * are behind "More". */
static void
test_optimizers (Fixture *f, gconstpointer data)
{
  LwSpecPopover *popover = get_spec_popover (f, LW_SETTINGS_OPTIMIZER);

  for (guint i = 0; lw_optimizer_classes ()[i] != NULL; i++)
    {
      const LwSpecClass *klass = lw_optimizer_classes ()[i];
      g_autoptr (LwSpec) spec = lw_spec_new (klass, NULL);
      GtkWidget         *more;

      show_optimizer (f, spec);
      more = lw_spec_popover_get_more (popover);
      g_assert_true (ADW_IS_EXPANDER_ROW (more));
      g_assert_cmpstr (adw_preferences_row_get_title (ADW_PREFERENCES_ROW (more)), ==, "More");
      g_assert_false (adw_expander_row_get_expanded (ADW_EXPANDER_ROW (more)));
      g_assert_cmpuint (adw_combo_row_get_selected (ADW_COMBO_ROW (lw_spec_popover_get_kind (popover))), ==, i);
      for (guint k = 0; k < klass->n_fields; k++)
        {
          const LwField *field = &klass->fields[k];
          GtkWidget     *control = lw_spec_popover_find (popover, field->key);
          gboolean       folded = gtk_widget_is_ancestor (control, more);

          g_assert_cmpstr (adw_preferences_row_get_title (ADW_PREFERENCES_ROW (get_field_row (f, field->key))), ==,
                           field->label);
          if (field->type == LW_FIELD_FLOAT || field->type == LW_FIELD_BOOL || field->type == LW_FIELD_LIST)
            gtk_test_accessible_assert_property (lw_field_control_get_main (LW_FIELD_CONTROL (control)),
                                                 GTK_ACCESSIBLE_PROPERTY_LABEL, field->label);
          g_assert_true (folded == (field->rare && !lw_schedule_has_key (field->key)));
        }
      assert_asked (f, "");
    }
}

/* None is shown as "off", and typed so. */
static void
test_weight_decay (Fixture *f, gconstpointer data)
{
  GtkSpinButton     *decay = get_field_spin (f, "weight_decay");
  g_autoptr (LwSpec) adamw = lw_spec_new (lw_optimizer_class_find ("AdamW"), NULL);

  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (decay)), ==, "off");
  type (decay, "0.01");
  assert_asked (f, "set-optimizer-field ('weight_decay', <0.01>);");
  type (decay, "off");
  assert_asked (f, "set-optimizer-field ('weight_decay', <nan>);");

  show_optimizer (f, adamw);
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (get_field_spin (f, "weight_decay"))), ==, "0.004");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (get_field_spin (f, "global_clipnorm"))), ==, "off");
  assert_asked (f, "");
}

/* A schedule brings the settings that it needs. */
static void
test_schedule (Fixture *f, gconstpointer data)
{
  GtkWidget         *choice, *entry;
  g_autoptr (LwSpec) spec = lw_spec_new (lw_optimizer_class_find ("Nadam"), NULL);

  show_optimizer (f, spec);
  g_assert_false (is_field_shown (f, "decay_steps"));
  g_assert_false (is_field_shown (f, "boundaries"));
  g_assert_false (is_field_shown (f, "ema_momentum"));
  g_assert_cmpstr (adw_action_row_get_subtitle (ADW_ACTION_ROW (get_field_row (f, "learning_rate"))), ==,
                   "changes while training");
  choice = lw_field_control_get_main (
    LW_FIELD_CONTROL (lw_spec_popover_find (get_spec_popover (f, LW_SETTINGS_OPTIMIZER), "schedule")));
  gtk_drop_down_set_selected (GTK_DROP_DOWN (choice), 2);
  assert_asked (f, "set-optimizer-field ('schedule', <'CosineDecay'>);");

  spec = with_word (spec, "schedule", "CosineDecay");
  show_optimizer (f, spec);
  g_assert_true (is_field_shown (f, "decay_steps"));
  g_assert_true (is_field_shown (f, "warmup_target"));
  g_assert_false (is_field_shown (f, "staircase"));
  gtk_test_accessible_assert_property (lw_settings_rows_get_row (f->rows, LW_SETTINGS_OPTIMIZER),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Optimizer: Nadam · 0.001 · CosineDecay");
  type (get_field_spin (f, "decay_steps"), "25000");
  assert_asked (f, "set-optimizer-field ('decay_steps', <int64 25000>);");

  spec = with_word (spec, "schedule", "PiecewiseConstantDecay");
  show_optimizer (f, spec);
  g_assert_false (is_field_shown (f, "decay_steps"));
  g_assert_true (is_field_shown (f, "values"));
  entry = lw_field_control_get_main (
    LW_FIELD_CONTROL (lw_spec_popover_find (get_spec_popover (f, LW_SETTINGS_OPTIMIZER), "boundaries")));
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (entry)), ==, "1000, 2000");
  gtk_editable_set_text (GTK_EDITABLE (entry), "500, 700, 900");
  g_signal_emit_by_name (entry, "activate");
  assert_asked (f, "set-optimizer-field ('boundaries', <[500.0, 700.0, 900.0]>);");
}

static void
test_loss (Fixture *f, gconstpointer data)
{
  GtkWidget *control = lw_spec_popover_find (get_spec_popover (f, LW_SETTINGS_LOSS), "from_logits");
  GtkWidget *button = lw_field_control_get_main (LW_FIELD_CONTROL (control));

  g_assert_true (gtk_switch_get_active (GTK_SWITCH (button)));
  gtk_switch_set_active (GTK_SWITCH (button), FALSE);
  assert_asked (f, "set-loss-field ('from_logits', <false>);");
}

static void
test_run (Fixture *f, gconstpointer data)
{
  GtkSpinButton *batch = GTK_SPIN_BUTTON (get_run_control (f, "batch-size"));
  GtkSpinButton *shuffle = GTK_SPIN_BUTTON (get_run_control (f, "shuffle"));
  GtkWidget     *seed = get_run_control (f, "seed");
  AdwComboRow   *validation = ADW_COMBO_ROW (get_run_control (f, "validation"));

  gtk_spin_button_spin (GTK_SPIN_BUTTON (get_run_control (f, "epochs")), GTK_SPIN_STEP_FORWARD, 0);
  assert_asked (f, "set-epochs 6;");

  gtk_spin_button_spin (batch, GTK_SPIN_STEP_FORWARD, 0);
  assert_asked (f, "set-batch-size 256;");
  type (batch, "100");
  assert_asked (f, "set-batch-size 100;");
  gtk_spin_button_spin (batch, GTK_SPIN_STEP_BACKWARD, 0);
  assert_asked (f, "set-batch-size 64;");

  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (shuffle)), ==, "whole set");
  gtk_spin_button_spin (shuffle, GTK_SPIN_STEP_BACKWARD, 0);
  assert_asked (f, "set-shuffle 50000;");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (shuffle)), ==, "50,000");
  type (shuffle, "0");
  assert_asked (f, "set-shuffle 0;");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (shuffle)), ==, "off");
  type (shuffle, "70,000");
  assert_asked (f, "set-shuffle 4294967295;");

  gtk_editable_set_text (GTK_EDITABLE (seed), "9223372036854775808");
  g_signal_emit_by_name (seed, "activate");
  assert_asked (f, "set-seed 9223372036854775808;");
  gtk_editable_set_text (GTK_EDITABLE (seed), "-3");
  g_signal_emit_by_name (seed, "activate");
  assert_asked (f, "");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (seed)), ==, "1");

  adw_combo_row_set_selected (validation, LW_VALIDATION_FRACTION);
  assert_asked (f, "set-validation ('fraction', 0.10000000000000001);");
  type (GTK_SPIN_BUTTON (get_run_control (f, "fraction")), "0.25");
  assert_asked (f, "set-validation ('fraction', 0.25);");
  adw_combo_row_set_selected (validation, LW_VALIDATION_NONE);
  assert_asked (f, "set-validation ('none', 0.25);");
}

/* When a run ends, which weights it leaves, and how many threads it has. */
static void
test_run_ends (Fixture *f, gconstpointer data)
{
  GtkSpinButton *patience = GTK_SPIN_BUTTON (get_run_control (f, "patience"));
  GtkSpinButton *threads = GTK_SPIN_BUTTON (get_run_control (f, "threads"));
  GtkWidget     *best = get_run_control (f, "keep-best");
  LwRunSettings  settings = LW_RUN_SETTINGS_STANDARD;

  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (patience)), ==, "off");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (threads)), ==, "all");
  gtk_test_accessible_assert_property (patience, GTK_ACCESSIBLE_PROPERTY_LABEL, "Early stopping");
  gtk_test_accessible_assert_property (best, GTK_ACCESSIBLE_PROPERTY_LABEL, "Keep the best weights");
  gtk_test_accessible_assert_property (threads, GTK_ACCESSIBLE_PROPERTY_LABEL, "Threads");

  gtk_spin_button_spin (patience, GTK_SPIN_STEP_FORWARD, 0);
  assert_asked (f, "set-patience 1;");
  type (patience, "2000");
  assert_asked (f, "set-patience 1000;");
  type (patience, "off");
  assert_asked (f, "set-patience 0;");
  gtk_switch_set_active (GTK_SWITCH (best), TRUE);
  assert_asked (f, "set-keep-best true;");
  type (threads, "1");
  assert_asked (f, "set-threads 1;");
  /* No more than this machine has. */
  type (threads, "100000");
  g_assert_cmpfloat (gtk_spin_button_get_value (threads), <=, g_get_num_processors ());
  g_string_truncate (f->asked, 0);

  /* What the document says is shown, and asks for nothing. */
  settings.patience = 4;
  settings.keep_best = FALSE;
  settings.threads = 1;
  lw_settings_rows_set_settings (f->rows, &settings);
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (patience)), ==, "4");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (threads)), ==, "1");
  g_assert_false (gtk_switch_get_active (GTK_SWITCH (best)));
  assert_asked (f, "");

  /* Nothing tells the best epoch without validation. */
  g_assert_true (gtk_widget_is_sensitive (GTK_WIDGET (patience)));
  settings.validation = LW_VALIDATION_NONE;
  lw_settings_rows_set_settings (f->rows, &settings);
  g_assert_false (gtk_widget_is_sensitive (GTK_WIDGET (patience)));
  g_assert_false (gtk_widget_is_sensitive (best));
  g_assert_nonnull (gtk_widget_get_tooltip_text (gtk_widget_get_ancestor (best, ADW_TYPE_ACTION_ROW)));
  g_assert_true (gtk_widget_is_sensitive (GTK_WIDGET (threads)));
}

static const char *
get_hint (Fixture *f, LwSettingsRow row)
{
  GtkWidget *popover = lw_settings_rows_get_popover (f->rows, row);

  return lw_card_note_get_message (row == LW_SETTINGS_RUN
                                     ? lw_run_popover_get_note (LW_RUN_POPOVER (popover))
                                     : lw_spec_popover_get_note (LW_SPEC_POPOVER (popover)));
}

static void
test_hints (Fixture *f, gconstpointer data)
{
  const LwSpec           *adam = lw_model_spec_get_optimizer (f->model);
  g_autoptr (LwSpec)      fast = lw_spec_with_value (adam, "learning_rate", (LwFieldValue) { .x = 5 }, NULL);
  g_autoptr (LwModelSpec) model = lw_model_spec_with_optimizer (f->model, fast);
  LwRunSettings           settings = LW_RUN_SETTINGS_STANDARD;

  g_assert_null (get_hint (f, LW_SETTINGS_OPTIMIZER));
  g_assert_null (get_hint (f, LW_SETTINGS_RUN));

  lw_settings_rows_set_model (f->rows, model);
  g_assert_true (g_str_has_prefix (get_hint (f, LW_SETTINGS_OPTIMIZER), "A learning rate of 5"));
  g_assert_nonnull (strstr (gtk_widget_get_tooltip_text (lw_settings_rows_get_row (f->rows, LW_SETTINGS_OPTIMIZER)),
                            "A learning rate of 5"));
  g_signal_emit_by_name (
    lw_card_note_get_button (lw_spec_popover_get_note (get_spec_popover (f, LW_SETTINGS_OPTIMIZER))), "clicked");
  assert_asked (f, "apply-hint (0, 0);");

  settings.batch_size = 1;
  lw_settings_rows_set_settings (f->rows, &settings);
  g_assert_true (g_str_has_prefix (get_hint (f, LW_SETTINGS_RUN), "With a batch size of 1"));
  settings.batch_size = 8;
  lw_settings_rows_set_settings (f->rows, &settings);
  g_assert_null (get_hint (f, LW_SETTINGS_RUN));
  lw_settings_rows_set_model (f->rows, f->model);
  g_assert_null (get_hint (f, LW_SETTINGS_OPTIMIZER));
}

int
main (int argc, char **argv)
{
  g_setenv ("GTK_A11Y", "test", TRUE);
  gtk_test_init (&argc, &argv);
  adw_init ();

#define ADD(path, function)                                                                        \
  g_test_add ("/ui/settings-rows/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("names", test_names);
  ADD ("learning-rate", test_learning_rate);
  ADD ("kind", test_kind);
  ADD ("optimizers", test_optimizers);
  ADD ("weight-decay", test_weight_decay);
  ADD ("schedule", test_schedule);
  ADD ("loss", test_loss);
  ADD ("run", test_run);
  ADD ("run-ends", test_run_ends);
  ADD ("hints", test_hints);
#undef ADD

  return g_test_run ();
}
