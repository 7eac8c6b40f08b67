#include <adwaita.h>
#include <string.h>

#include "tests/wait.h"
#include "ui/builder/builder-pane.h"
#include "ui/builder/card-note.h"
#include "ui/builder/field-control.h"
#include "ui/builder/layer-card.h"
#include "ui/builder/layer-editor.h"
#include "ui/builder/layer-list.h"
#include "ui/builder/layer-palette.h"
#include "ui/builder/number-spin.h"
#include "ui/builder/palette-row.h"
#include "ui/builder/settings-rows.h"

/* The pane in a window whose "model" actions write down what they were asked for. */
typedef struct
{
  GtkWindow     *window;
  LwBuilderPane *pane;
  LwLayerList   *list;
  LwModelSpec   *model;
  GString       *asked; /* "remove-layer 2;" */
} Fixture;

static const char *const actions[][2] = {
  { "add-layer", "(su)" },      { "remove-layer", "u" }, { "move-layer", "(uu)" },
  { "duplicate-layer", "u" },   { "set-field", "(usv)" }, { "rename-layer", "(us)" },
  { "set-input", "(ii)" },      { "apply-fix", "u" },    { "load-preset", "s" },
  { "apply-hint", "(uu)" },     { "fit-input", NULL },   { "start-empty", NULL },
};

static void
on_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Fixture         *f = data;
  g_autofree char *text = parameter != NULL ? g_variant_print (parameter, FALSE) : g_strdup ("-");

  g_string_append_printf (f->asked, "%s %s;", g_action_get_name (G_ACTION (action)), text);
}

static void
on_train (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  g_string_append (((Fixture *) data)->asked, "train;");
}

static void
take_model (Fixture *f, LwModelSpec *model)
{
  g_assert_nonnull (model);
  g_clear_pointer (&f->model, lw_model_spec_unref);
  f->model = model;
  lw_builder_pane_set_model (f->pane, model);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  GSimpleActionGroup *group = g_simple_action_group_new ();
  GSimpleActionGroup *window_group = g_simple_action_group_new ();
  GSimpleAction      *train = g_simple_action_new ("train", NULL);

  f->asked = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    {
      const GVariantType *type = actions[i][1] != NULL ? G_VARIANT_TYPE (actions[i][1]) : NULL;
      GSimpleAction      *action = g_simple_action_new (actions[i][0], type);

      g_signal_connect (action, "activate", G_CALLBACK (on_action), f);
      g_action_map_add_action (G_ACTION_MAP (group), G_ACTION (action));
      g_object_unref (action);
    }

  f->window = GTK_WINDOW (gtk_window_new ());
  gtk_window_set_default_size (f->window, 320, 711);
  gtk_widget_insert_action_group (GTK_WIDGET (f->window), "model", G_ACTION_GROUP (group));
  g_object_unref (group);
  g_signal_connect (train, "activate", G_CALLBACK (on_train), f);
  g_action_map_add_action (G_ACTION_MAP (window_group), G_ACTION (train));
  gtk_widget_insert_action_group (GTK_WIDGET (f->window), "win", G_ACTION_GROUP (window_group));
  g_object_unref (train);
  g_object_unref (window_group);
  f->pane = LW_BUILDER_PANE (lw_builder_pane_new ());
  f->list = LW_LAYER_LIST (lw_builder_pane_get_list (f->pane));
  gtk_window_set_child (f->window, GTK_WIDGET (f->pane));
  take_model (f, lw_model_spec_new_preset ("convnet"));
  gtk_window_present (f->window);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (f->window));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gtk_window_destroy (f->window);
  settle (50);
  g_clear_pointer (&f->model, lw_model_spec_unref);
  g_string_free (f->asked, TRUE);
}

static void
assert_asked (Fixture *f, const char *expected)
{
  g_assert_cmpstr (f->asked->str, ==, expected);
  g_string_truncate (f->asked, 0);
}

static LwLayerCard *
get_card (Fixture *f, int layer)
{
  return LW_LAYER_CARD (lw_layer_list_get_card (f->list, layer));
}

static void
open_card (Fixture *f, int layer)
{
  LwLayerCard *card = get_card (f, layer);

  g_signal_emit_by_name (gtk_widget_get_parent (GTK_WIDGET (card)), "row-activated", card);
  g_assert_true (lw_layer_card_get_expanded (card));
}

static GtkWidget *
get_control (Fixture *f, int layer, const char *key)
{
  GtkWidget *editor = lw_layer_card_get_editor (get_card (f, layer));
  GtkWidget *control = lw_layer_editor_find (LW_LAYER_EDITOR (editor), key);

  g_assert_nonnull (control);
  return control;
}

static GtkWidget *
get_main (Fixture *f, int layer, const char *key)
{
  return lw_field_control_get_main (LW_FIELD_CONTROL (get_control (f, layer, key)));
}

/* Runs a class binding of `widget` or of what holds it, as the key would. */
static void
press (GtkWidget *widget, const char *trigger)
{
  for (; widget != NULL; widget = gtk_widget_get_parent (widget))
    {
      g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (widget);

      for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
        {
          g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

          if (!GTK_IS_SHORTCUT_CONTROLLER (controller))
            continue;
          for (guint j = 0; j < g_list_model_get_n_items (G_LIST_MODEL (controller)); j++)
            {
              g_autoptr (GtkShortcut) shortcut =
                g_list_model_get_item (G_LIST_MODEL (controller), j);
              g_autofree char *text =
                gtk_shortcut_trigger_to_string (gtk_shortcut_get_trigger (shortcut));

              if (g_str_equal (text, trigger) &&
                  gtk_shortcut_action_activate (gtk_shortcut_get_action (shortcut), 0, widget,
                                                gtk_shortcut_get_arguments (shortcut)))
                return;
            }
        }
    }
}

static void
test_names (Fixture *f, gconstpointer data)
{
  static const LwLayerCost costs[]
    = { { .share = .19 }, { .share = .04 }, { .share = .66 }, { .share = .03 }, { 0 }, { 0 }, { .share = .03 } };
  /* In a variable: the macro's message takes its arguments' text for a format. */
  static const char *with_share = "Conv2D conv2d_1, 64 filters · 3×3 · relu, output 11 × 11 × 64, "
                                  "18,496 parameters, 66\u202f% of time";

  gtk_test_accessible_assert_role (get_card (f, 2), GTK_ACCESSIBLE_ROLE_LIST_ITEM);
  gtk_test_accessible_assert_property (get_card (f, -1), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Input MNIST, output 28 × 28 × 1");
  gtk_test_accessible_assert_property (
    get_card (f, 2), GTK_ACCESSIBLE_PROPERTY_LABEL,
    "Conv2D conv2d_1, 64 filters · 3×3 · relu, output 11 × 11 × 64, 18,496 parameters");
  gtk_test_accessible_assert_property (get_card (f, 4), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Flatten flatten, output 1,600");

  lw_builder_pane_set_costs (f->pane, costs, G_N_ELEMENTS (costs));
  gtk_test_accessible_assert_property (get_card (f, 2), GTK_ACCESSIBLE_PROPERTY_LABEL, with_share);

  /* A share goes with its card, until the cost of every layer is another. */
  take_model (f, lw_model_spec_with_moved (f->model, 4, 5));
  gtk_test_accessible_assert_property (get_card (f, 2), GTK_ACCESSIBLE_PROPERTY_LABEL, with_share);
  take_model (f, lw_model_spec_with_removed (f->model, 4));
  gtk_test_accessible_assert_property (
    get_card (f, 2), GTK_ACCESSIBLE_PROPERTY_LABEL,
    "Conv2D conv2d_1, 64 filters · 3×3 · relu, output 11 × 11 × 64, 18,496 parameters");
}

static void
test_keys (Fixture *f, gconstpointer data)
{
  lw_layer_list_show_layer (f->list, 2);
  g_assert_true (gtk_widget_has_focus (GTK_WIDGET (get_card (f, 2))));
  g_assert_cmpint (lw_layer_list_get_selected (f->list), ==, 2);

  press (GTK_WIDGET (get_card (f, 2)), "Delete");
  assert_asked (f, "remove-layer 2;");
  press (GTK_WIDGET (get_card (f, 2)), "<Alt>Up");
  assert_asked (f, "move-layer (2, 1);");
  press (GTK_WIDGET (get_card (f, 2)), "<Alt>Down");
  assert_asked (f, "move-layer (2, 3);");
  press (GTK_WIDGET (get_card (f, 2)), "<Control>d");
  assert_asked (f, "duplicate-layer 2;");

  /* Space trains, also from a card. */
  press (GTK_WIDGET (get_card (f, 2)), "space");
  assert_asked (f, "train;");
  g_assert_false (lw_layer_card_get_expanded (get_card (f, 2)));

  /* The ends of the stack, and the input, stay where they are. */
  press (GTK_WIDGET (get_card (f, 0)), "<Alt>Up");
  press (GTK_WIDGET (get_card (f, 6)), "<Alt>Down");
  lw_layer_list_show_layer (f->list, -1);
  press (GTK_WIDGET (get_card (f, -1)), "Delete");
  assert_asked (f, "");

  /* In a control of the card, Delete is the control's. */
  open_card (f, 2);
  gtk_widget_grab_focus (get_control (f, 2, "activation"));
  press (GTK_WIDGET (get_card (f, 2)), "Delete");
  assert_asked (f, "");
}

static void
test_focus_survives (Fixture *f, gconstpointer data)
{
  LwLayerCard *card = get_card (f, 2);

  /* A deleted card leaves focus and selection to the one that takes its place. */
  lw_layer_list_show_layer (f->list, 1);
  take_model (f, lw_model_spec_with_removed (f->model, 1));
  g_assert_true (get_card (f, 1) == card);
  g_assert_true (gtk_widget_has_focus (GTK_WIDGET (card)));
  g_assert_cmpint (lw_layer_list_get_selected (f->list), ==, 1);

  /* A moved one takes them along, and stays open. */
  open_card (f, 1);
  take_model (f, lw_model_spec_with_moved (f->model, 1, 0));
  g_assert_true (get_card (f, 0) == card);
  g_assert_true (gtk_list_box_row_get_index (GTK_LIST_BOX_ROW (card)) == 1);
  g_assert_true (gtk_widget_has_focus (GTK_WIDGET (card)));
  g_assert_true (lw_layer_card_get_expanded (card));
}

static void
test_one_open (Fixture *f, gconstpointer data)
{
  open_card (f, 0);
  open_card (f, 2);
  g_assert_false (lw_layer_card_get_expanded (get_card (f, 0)));

  press (GTK_WIDGET (get_card (f, 2)), "Escape");
  g_assert_false (lw_layer_card_get_expanded (get_card (f, 2)));
}

static void
test_spins (Fixture *f, gconstpointer data)
{
  GtkWidget *filters, *kernel, *text;
  g_autoptr (LwSpec) spec = NULL;
  GVariant *value;

  open_card (f, 2);
  filters = get_main (f, 2, "filters");
  kernel = get_main (f, 2, "kernel_size");
  gtk_test_accessible_assert_role (filters, GTK_ACCESSIBLE_ROLE_SPIN_BUTTON);
  gtk_test_accessible_assert_property (filters, GTK_ACCESSIBLE_PROPERTY_LABEL, "Filters");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (kernel)), ==, "3 × 3");
  assert_asked (f, "");

  gtk_spin_button_spin (GTK_SPIN_BUTTON (filters), GTK_SPIN_STEP_FORWARD, 0);
  assert_asked (f, "set-field (2, 'filters', <int64 65>);");

  gtk_editable_set_text (GTK_EDITABLE (kernel), "5x3");
  gtk_spin_button_update (GTK_SPIN_BUTTON (kernel));
  assert_asked (f, "set-field (2, 'kernel_size', <(int64 5, int64 3)>);");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (kernel)), ==, "5 × 3");
  gtk_editable_set_text (GTK_EDITABLE (kernel), "7");
  gtk_spin_button_update (GTK_SPIN_BUTTON (kernel));
  assert_asked (f, "set-field (2, 'kernel_size', <(int64 7, int64 7)>);");
  gtk_editable_set_text (GTK_EDITABLE (kernel), "seven");
  gtk_spin_button_update (GTK_SPIN_BUTTON (kernel));
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (kernel)), ==, "7 × 7");
  assert_asked (f, "");
  /* What assistive tools set is a plain number. */
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (kernel), 4);
  assert_asked (f, "set-field (2, 'kernel_size', <(int64 4, int64 4)>);");

  /* The answer of the model does not disturb what is being typed, nor ask again. */
  gtk_widget_grab_focus (filters);
  gtk_editable_set_text (GTK_EDITABLE (filters), "12");
  value = g_variant_new ("(xx)", G_GINT64_CONSTANT (4), G_GINT64_CONSTANT (4));
  spec = lw_spec_with_variant (lw_model_spec_get_layer (f->model, 2), "kernel_size",
                               g_variant_ref_sink (value), NULL);
  g_variant_unref (value);
  g_assert_nonnull (spec);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (filters), 64);
  g_string_truncate (f->asked, 0);
  gtk_editable_set_text (GTK_EDITABLE (filters), "12");
  take_model (f, lw_model_spec_with_replaced (f->model, 2, spec));
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (filters)), ==, "12");
  text = gtk_root_get_focus (GTK_ROOT (f->window));
  g_assert_true (text == filters || gtk_widget_is_ancestor (text, filters));
  g_assert_true (lw_layer_card_get_expanded (get_card (f, 2)));
  assert_asked (f, "");
}

static void
test_choices (Fixture *f, gconstpointer data)
{
  GtkWidget *valid, *same;

  open_card (f, 0);
  valid = get_main (f, 0, "padding");
  g_assert_true (GTK_IS_TOGGLE_BUTTON (valid));
  gtk_test_accessible_assert_property (valid, GTK_ACCESSIBLE_PROPERTY_LABEL, "Padding: valid");
  same = gtk_widget_get_next_sibling (valid);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (same), TRUE);
  assert_asked (f, "set-field (0, 'padding', <'same'>);");

  gtk_drop_down_set_selected (GTK_DROP_DOWN (get_main (f, 0, "activation")), 0);
  assert_asked (f, "set-field (0, 'activation', <'linear'>);");
  gtk_switch_set_active (GTK_SWITCH (get_main (f, 0, "use_bias")), FALSE);
  assert_asked (f, "set-field (0, 'use_bias', <false>);");

  /* An optional pair is "auto" below 1. */
  open_card (f, 1);
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (get_main (f, 1, "strides"))), ==, "auto");
  gtk_spin_button_spin (GTK_SPIN_BUTTON (get_main (f, 1, "strides")), GTK_SPIN_STEP_FORWARD, 0);
  assert_asked (f, "set-field (1, 'strides', <(int64 1, int64 1)>);");
  gtk_spin_button_spin (GTK_SPIN_BUTTON (get_main (f, 1, "strides")), GTK_SPIN_STEP_BACKWARD, 0);
  assert_asked (f, "set-field (1, 'strides', <(int64 0, int64 0)>);");
}

static void
test_name_and_input (Fixture *f, gconstpointer data)
{
  LwLayerCard *card = get_card (f, 4);
  GtkWidget   *entry, *size;

  open_card (f, 4);
  entry = lw_layer_editor_get_name_entry (LW_LAYER_EDITOR (lw_layer_card_get_editor (card)));
  gtk_editable_set_text (GTK_EDITABLE (entry), "flat");
  g_signal_emit_by_name (entry, "activate");
  assert_asked (f, "rename-layer (4, 'flat');");
  /* Nobody took it up: the name in force comes back. */
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (entry)), ==, "flatten");

  {
    g_autoptr (LwSpec) spec = lw_spec_with_name (lw_model_spec_get_layer (f->model, 4), "flat");

    take_model (f, lw_model_spec_with_replaced (f->model, 4, spec));
  }
  g_assert_true (get_card (f, 4) == card);
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (entry)), ==, "flat");

  open_card (f, -1);
  size = get_main (f, -1, "size");
  gtk_editable_set_text (GTK_EDITABLE (size), "32 × 24");
  gtk_spin_button_update (GTK_SPIN_BUTTON (size));
  assert_asked (f, "set-input (32, 24);");
  gtk_editable_set_text (GTK_EDITABLE (size), "auto");
  gtk_spin_button_update (GTK_SPIN_BUTTON (size));
  assert_asked (f, "set-input (-1, -1);");
}

static void
test_fault (Fixture *f, gconstpointer data)
{
  LwLayerCard *card;
  GtkWidget   *button;

  take_model (f, lw_model_spec_with_removed (f->model, 4));
  card = get_card (f, lw_model_spec_get_fault (f->model)->layer);
  g_assert_true (lw_layer_card_get_faulty (card));
  gtk_test_accessible_assert_state (card, GTK_ACCESSIBLE_STATE_INVALID,
                                    GTK_ACCESSIBLE_INVALID_TRUE);

  lw_builder_pane_show_fault (f->pane);
  button = lw_layer_card_get_fix_button (card);
  g_assert_nonnull (button);
  g_assert_true (gtk_widget_has_focus (button));
  g_assert_true (gtk_widget_has_css_class (button, "suggested-action"));
  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (button)), ==, "Insert Flatten");
  g_signal_emit_by_name (button, "clicked");
  assert_asked (f, "apply-fix 0;");

  /* Mended, with the focus on the new card, which is selected. */
  take_model (f, lw_model_spec_with_fix (f->model, lw_model_spec_get_fault (f->model),
                                         LW_FIX_INSERT_FLATTEN));
  g_assert_false (lw_layer_card_get_faulty (card));
  g_assert_null (lw_model_spec_get_fault (f->model));
  g_assert_true (lw_spec_is_a (
    lw_layer_card_get_spec (get_card (f, lw_layer_list_get_selected (f->list))), "Flatten"));
  g_assert_true (gtk_widget_has_focus (
    GTK_WIDGET (get_card (f, lw_layer_list_get_selected (f->list)))));
}

static GtkWidget *
find (GtkWidget *widget, GType type)
{
  GtkWidget *found = NULL;

  if (G_TYPE_CHECK_INSTANCE_TYPE (widget, type))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find (child, type);
  return found;
}

static void
test_palette (Fixture *f, gconstpointer data)
{
  GtkWidget *palette = find (GTK_WIDGET (f->pane), LW_TYPE_LAYER_PALETTE);
  GtkWidget *search = lw_layer_palette_get_search (LW_LAYER_PALETTE (palette));

  lw_builder_pane_open_palette (f->pane);
  settle (50);
  gtk_editable_set_text (GTK_EDITABLE (search), "drop");
  g_signal_emit_by_name (search, "activate");
  assert_asked (f, "add-layer ('Dropout', 4294967295);");
  g_assert_false (gtk_widget_get_mapped (palette));

  lw_layer_list_show_layer (f->list, 2);
  lw_builder_pane_open_palette (f->pane);
  settle (50);
  /* Words in any order. */
  gtk_editable_set_text (GTK_EDITABLE (search), "pool max");
  g_signal_emit_by_name (search, "activate");
  assert_asked (f, "add-layer ('MaxPooling2D', 3);");

  lw_builder_pane_open_palette (f->pane);
  settle (50);
  gtk_editable_set_text (GTK_EDITABLE (search), "no such layer");
  g_signal_emit_by_name (search, "activate");
  assert_asked (f, "");
}

static void
test_place (Fixture *f, gconstpointer data)
{
  graphene_rect_t bounds;

  g_assert_true (gtk_widget_compute_bounds (GTK_WIDGET (get_card (f, 3)), GTK_WIDGET (f->list),
                                            &bounds));
  g_assert_cmpuint (lw_layer_list_get_place_at (f->list, bounds.origin.y + 2), ==, 3);
  g_assert_cmpuint (
    lw_layer_list_get_place_at (f->list, bounds.origin.y + bounds.size.height - 2), ==, 4);
  g_assert_cmpuint (lw_layer_list_get_place_at (f->list, 0), ==, 0);
  g_assert_cmpuint (lw_layer_list_get_place_at (f->list, 5000), ==, 7);
}

/* What the pointer brings to the list: the same signals that a drag gives its drop target. */
static GtkDropTarget *
get_drop_target_of (GtkWidget *widget)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (widget);

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

      if (GTK_IS_DROP_TARGET (controller))
        return GTK_DROP_TARGET (controller);
    }
  return NULL;
}

static GtkDropTarget *
get_drop_target (Fixture *f)
{
  return get_drop_target_of (GTK_WIDGET (f->list));
}

static void
drop_on (GtkDropTarget *target, GtkWidget *row, double y)
{
  GValue         value = G_VALUE_INIT;
  GdkDragAction  action = 0;
  gboolean       taken = FALSE;

  g_value_init (&value, LW_TYPE_PALETTE_ROW);
  g_value_set_object (&value, row);
  g_signal_emit_by_name (target, "motion", 20.0, y, &action);
  g_assert_cmpint (action, ==, GDK_ACTION_COPY);
  g_signal_emit_by_name (target, "drop", &value, 20.0, y, &taken);
  g_assert_true (taken);
  g_value_unset (&value);
}

static void
drop (Fixture *f, GtkWidget *row, double y)
{
  drop_on (get_drop_target (f), row, y);
}

/* The bare ground between the last card and the settings: the first widget below the list that takes drops. */
static GtkDropTarget *
get_ground (Fixture *f)
{
  GtkWidget *next = gtk_widget_get_ancestor (GTK_WIDGET (f->list), GTK_TYPE_SCROLLED_WINDOW);

  while ((next = gtk_widget_get_next_sibling (next)) != NULL)
    if (get_drop_target_of (next) != NULL)
      return get_drop_target_of (next);
  g_assert_not_reached ();
}

static void
test_palette_drop (Fixture *f, gconstpointer data)
{
  GtkWidget      *row = lw_palette_row_new (&lw_layer_class_find ("Dropout")->spec);
  GdkDragAction   action = 0;
  graphene_rect_t bounds;
  gsize           n_types;
  const GType    *types;

  g_object_ref_sink (row);
  types = gtk_drop_target_get_gtypes (get_drop_target (f), &n_types);
  g_assert_cmpuint (n_types, ==, 2);
  g_assert_true (types[0] == LW_TYPE_LAYER_CARD && types[1] == LW_TYPE_PALETTE_ROW);

  /* The mark is where it would fall, and goes when the pointer does. */
  g_assert_true (gtk_widget_compute_bounds (GTK_WIDGET (get_card (f, 3)), GTK_WIDGET (f->list), &bounds));
  g_signal_emit_by_name (get_drop_target (f), "motion", 20.0, (double) bounds.origin.y + 2, &action);
  g_assert_true (gtk_widget_has_css_class (GTK_WIDGET (get_card (f, 3)), "drop-before"));
  g_signal_emit_by_name (get_drop_target (f), "leave");
  g_assert_false (gtk_widget_has_css_class (GTK_WIDGET (get_card (f, 3)), "drop-before"));

  drop (f, row, bounds.origin.y + 2);
  assert_asked (f, "add-layer ('Dropout', 3);");
  drop (f, row, 0);
  assert_asked (f, "add-layer ('Dropout', 0);");
  drop (f, row, 5000);
  assert_asked (f, "add-layer ('Dropout', 7);");

  /* On the ground, wherever it is hit: behind the last card, which has the mark meanwhile. */
  g_signal_emit_by_name (get_ground (f), "motion", 20.0, 3.0, &action);
  g_assert_true (gtk_widget_has_css_class (GTK_WIDGET (get_card (f, 6)), "drop-after"));
  drop_on (get_ground (f), row, 3);
  g_assert_false (gtk_widget_has_css_class (GTK_WIDGET (get_card (f, 6)), "drop-after"));
  assert_asked (f, "add-layer ('Dropout', 7);");

  /* Onto nothing: behind the input. */
  take_model (f, lw_model_spec_new ("empty", &LW_SHAPE (28, 28, 1)));
  g_signal_emit_by_name (get_drop_target (f), "motion", 20.0, 60.0, &action);
  g_assert_true (gtk_widget_has_css_class (GTK_WIDGET (get_card (f, -1)), "drop-after"));
  drop (f, row, 60);
  g_assert_false (gtk_widget_has_css_class (GTK_WIDGET (get_card (f, -1)), "drop-after"));
  assert_asked (f, "add-layer ('Dropout', 0);");
  g_object_unref (row);
}

static void
collect (GtkWidget *widget, GType type, GPtrArray *found)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE (widget, type) && gtk_widget_get_mapped (widget))
    g_ptr_array_add (found, widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    collect (child, type, found);
}

static gboolean
shows_label (Fixture *f, const char *text)
{
  g_autoptr (GPtrArray) labels = g_ptr_array_new ();

  collect (GTK_WIDGET (f->pane), GTK_TYPE_LABEL, labels);
  for (guint i = 0; i < labels->len; i++)
    if (g_str_equal (gtk_label_get_text (labels->pdata[i]), text))
      return TRUE;
  return FALSE;
}

/* Nothing complains; what can be added first is a click away, and a key. */
static void
test_empty (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) buttons = g_ptr_array_new ();
  GtkWidget            *palette = find (GTK_WIDGET (f->pane), LW_TYPE_LAYER_PALETTE);

  g_assert_false (shows_label (f, "Add a first layer"));
  take_model (f, lw_model_spec_new ("empty", &LW_SHAPE (28, 28, 1)));
  settle (50);
  g_assert_true (shows_label (f, "Add a first layer"));
  g_assert_true (shows_label (f, "No layers yet"));
  g_assert_false (lw_layer_card_get_faulty (get_card (f, -1)));

  lw_builder_pane_show_fault (f->pane);
  collect (GTK_WIDGET (f->list), GTK_TYPE_BUTTON, buttons);
  g_assert_cmpuint (buttons->len, ==, 2);
  g_assert_true (gtk_widget_has_focus (buttons->pdata[0]));
  g_signal_emit_by_name (buttons->pdata[0], "clicked");
  assert_asked (f, "add-layer ('Conv2D', 0);");
  g_signal_emit_by_name (buttons->pdata[1], "clicked");
  assert_asked (f, "add-layer ('Flatten', 0);");

  press (GTK_WIDGET (f->pane), "<Control>l");
  settle (50);
  g_assert_true (gtk_widget_get_mapped (palette));
  gtk_popover_popdown (GTK_POPOVER (palette));

  take_model (f, lw_model_spec_new_preset ("mlp"));
  settle (50);
  g_assert_false (shows_label (f, "Add a first layer"));
}

static LwCardNote *
get_note (Fixture *f, int layer)
{
  return LW_CARD_NOTE (find (GTK_WIDGET (get_card (f, layer)), LW_TYPE_CARD_NOTE));
}

static void
test_hint (Fixture *f, gconstpointer data)
{
  g_autoptr (LwSpec) dense = lw_spec_new (&lw_layer_class_find ("Dense")->spec, NULL);
  g_autoptr (LwSpec) dropout = lw_spec_new (&lw_layer_class_find ("Dropout")->spec, NULL);
  LwModelSpec       *two;

  g_assert_null (lw_card_note_get_message (get_note (f, 6)));
  take_model (f, lw_model_spec_with_inserted (f->model, 7, dense));
  two = lw_model_spec_with_inserted (f->model, 8, dropout);
  take_model (f, two);

  g_assert_cmpint (lw_card_note_get_kind (get_note (f, 6)), ==, LW_NOTE_HINT);
  g_assert_true (g_str_has_prefix (lw_card_note_get_message (get_note (f, 6)), "Without an activation"));
  g_assert_false (lw_layer_card_get_faulty (get_card (f, 6)));
  gtk_test_accessible_assert_state (get_card (f, 6), GTK_ACCESSIBLE_STATE_INVALID,
                                    GTK_ACCESSIBLE_INVALID_FALSE);
  g_assert_false (gtk_widget_has_css_class (lw_card_note_get_button (get_note (f, 6)), "suggested-action"));
  g_signal_emit_by_name (lw_card_note_get_button (get_note (f, 6)), "clicked");
  assert_asked (f, "apply-hint (0, 0);");
  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (lw_card_note_get_button (get_note (f, 8)))), ==,
                   "Remove Dropout");
  g_signal_emit_by_name (lw_card_note_get_button (get_note (f, 8)), "clicked");
  assert_asked (f, "apply-hint (1, 0);");

  /* A fault takes its place. */
  take_model (f, lw_model_spec_with_removed (f->model, 4));
  g_assert_null (lw_card_note_get_message (get_note (f, 7)));
  g_assert_cmpint (lw_card_note_get_kind (get_note (f, lw_model_spec_get_fault (f->model)->layer)), ==,
                   LW_NOTE_FAULT);
}

/* Images of another size: the input's card says so, and offers theirs. */
static void
test_data_fault (Fixture *f, gconstpointer data)
{
  GtkWidget *button;

  lw_builder_pane_set_data_fault (f->pane, "The images are smaller; use their size", "Use 20 × 20 of squares");
  g_assert_true (lw_layer_card_get_faulty (get_card (f, -1)));
  g_assert_true (shows_label (f, "1 card needs a fix"));
  lw_builder_pane_show_fault (f->pane);
  button = lw_layer_card_get_fix_button (get_card (f, -1));
  g_assert_true (gtk_widget_has_focus (button));
  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (button)), ==, "Use 20 × 20 of squares");
  g_signal_emit_by_name (button, "clicked");
  assert_asked (f, "fit-input -;");

  lw_builder_pane_set_data_fault (f->pane, NULL, NULL);
  g_assert_false (lw_layer_card_get_faulty (get_card (f, -1)));
  g_assert_null (lw_layer_card_get_fix_button (get_card (f, -1)));
  g_assert_false (shows_label (f, "1 card needs a fix"));
}

/* "-+----" for the input and five layers: "+" where the ring is. */
static void
assert_lit (Fixture *f, const char *expected)
{
  g_autoptr (GString) lit = g_string_new (NULL);

  for (int i = -1; lw_layer_list_get_card (f->list, i) != NULL; i++)
    g_string_append_c (lit, gtk_widget_has_css_class (GTK_WIDGET (get_card (f, i)), "lit") ? '+' : '-');
  g_assert_cmpstr (lit->str, ==, expected);
}

static gboolean
is_row_lit (Fixture *f, LwSettingsRow row)
{
  return gtk_widget_has_css_class (
    lw_settings_rows_get_row (LW_SETTINGS_ROWS (lw_builder_pane_get_rows (f->pane)), row), "lit");
}

static void
test_phase (Fixture *f, gconstpointer data)
{
  GtkSettings *settings = gtk_widget_get_settings (GTK_WIDGET (f->pane));
  gboolean     animated;

  g_object_get (settings, "gtk-enable-animations", &animated, NULL);
  g_object_set (settings, "gtk-enable-animations", TRUE, NULL);
  lw_builder_pane_set_phase (f->pane, LW_STEP_FORWARD, 0);
  assert_lit (f, "+-------");
  g_assert_true (shows_label (f, "Forward: from the images to an answer"));
  lw_builder_pane_set_phase (f->pane, LW_STEP_FORWARD, 0.5);
  assert_lit (f, "----+---");
  lw_builder_pane_set_phase (f->pane, LW_STEP_FORWARD, 1);
  assert_lit (f, "-------+");
  lw_builder_pane_set_phase (f->pane, LW_STEP_LOSS, 0.5);
  assert_lit (f, "--------");
  g_assert_true (is_row_lit (f, LW_SETTINGS_LOSS));
  lw_builder_pane_set_phase (f->pane, LW_STEP_BACKWARD, 0);
  assert_lit (f, "-------+");
  g_assert_false (is_row_lit (f, LW_SETTINGS_LOSS));
  lw_builder_pane_set_phase (f->pane, LW_STEP_BACKWARD, 1);
  assert_lit (f, "-+------");
  lw_builder_pane_set_phase (f->pane, LW_STEP_UPDATE, 0.3);
  assert_lit (f, "-+-+---+");
  g_assert_true (is_row_lit (f, LW_SETTINGS_OPTIMIZER));
  lw_builder_pane_set_phase (f->pane, LW_STEP_NONE, 0);
  assert_lit (f, "--------");
  g_assert_false (is_row_lit (f, LW_SETTINGS_OPTIMIZER));
  g_assert_true (shows_label (f, "34,826 parameters"));

  /* Out of range is the nearest end; without animations a phase is one picture. */
  lw_builder_pane_set_phase (f->pane, LW_STEP_BACKWARD, 7);
  assert_lit (f, "-+------");
  g_object_set (settings, "gtk-enable-animations", FALSE, NULL);
  lw_builder_pane_set_phase (f->pane, LW_STEP_FORWARD, 0.2);
  assert_lit (f, "++++++++");
  lw_builder_pane_set_phase (f->pane, LW_STEP_BACKWARD, 0.9);
  assert_lit (f, "-+++++++");
  lw_builder_pane_set_phase (f->pane, LW_STEP_NONE, 0);
  assert_lit (f, "--------");
  g_object_set (settings, "gtk-enable-animations", animated, NULL);

  /* A model without layers has nothing to go through. */
  take_model (f, lw_model_spec_new ("empty", &LW_SHAPE (28, 28, 1)));
  lw_builder_pane_set_phase (f->pane, LW_STEP_BACKWARD, 0.5);
  lw_builder_pane_set_phase (f->pane, LW_STEP_FORWARD, 0.5);
  lw_builder_pane_set_phase (f->pane, LW_STEP_NONE, 0);
  assert_lit (f, "-");
}

/* Memory: in the open card, and under the stack. */
static void
test_memory (Fixture *f, gconstpointer data)
{
  LwLayerCost costs[7] = { { .share = .5, .weight_bytes = 1024, .activation_bytes = 2048 } };

  costs[2] = (LwLayerCost) { .share = .5, .activation_bytes = 1024 };
  open_card (f, 0);
  lw_builder_pane_set_costs (f->pane, costs, G_N_ELEMENTS (costs));
  settle (50);
  g_assert_true (shows_label (f, "3.0\u00a0KiB · 75\u202f%"));
  g_assert_true (shows_label (f, "4.0\u00a0KiB of memory"));

  /* Of another number of layers nothing is known. */
  take_model (f, lw_model_spec_with_removed (f->model, 5));
  settle (50);
  g_assert_false (shows_label (f, "3.0\u00a0KiB · 75\u202f%"));
  g_assert_false (shows_label (f, "4.0\u00a0KiB of memory"));
}

/* Every field of every class has a control in its card that takes the focus and has a name. */
static void
test_every_field (Fixture *f, gconstpointer data)
{
  const LwLayerClass *const *classes;
  guint                      n;

  classes = lw_layer_classes (&n);
  for (guint c = 0; c < n; c++)
    {
      g_autoptr (LwSpec) layer = lw_spec_new (&classes[c]->spec, NULL);

      take_model (f, lw_model_spec_with_inserted (f->model, 0, layer));
      open_card (f, 0);
      for (guint i = 0; i < classes[c]->spec.n_fields; i++)
        {
          GtkWidget *more = find (lw_layer_card_get_editor (get_card (f, 0)), GTK_TYPE_EXPANDER);
          GtkWidget *control;

          if (more != NULL)
            gtk_expander_set_expanded (GTK_EXPANDER (more), TRUE);
          control = get_main (f, 0, classes[c]->spec.fields[i].key);
          g_assert_true (gtk_widget_grab_focus (control));
          g_assert_true (gtk_test_accessible_has_property (GTK_ACCESSIBLE (control), GTK_ACCESSIBLE_PROPERTY_LABEL));
        }
      take_model (f, lw_model_spec_with_removed (f->model, 0));
    }
}

int
main (int argc, char **argv)
{
  g_setenv ("GTK_A11Y", "test", TRUE);
  gtk_test_init (&argc, &argv);
  adw_init ();

#define ADD(path, function)                                                                        \
  g_test_add ("/ui/layer-list/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("names", test_names);
  ADD ("keys", test_keys);
  ADD ("focus-survives", test_focus_survives);
  ADD ("one-open", test_one_open);
  ADD ("spins", test_spins);
  ADD ("choices", test_choices);
  ADD ("name-and-input", test_name_and_input);
  ADD ("fault", test_fault);
  ADD ("palette", test_palette);
  ADD ("place", test_place);
  ADD ("palette-drop", test_palette_drop);
  ADD ("empty", test_empty);
  ADD ("hint", test_hint);
  ADD ("data-fault", test_data_fault);
  ADD ("phase", test_phase);
  ADD ("memory", test_memory);
  ADD ("every-field", test_every_field);
#undef ADD

  return g_test_run ();
}
