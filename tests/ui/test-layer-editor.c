#include <adwaita.h>
#include <math.h>
#include <string.h>

#include "tests/wait.h"
#include "ui/builder/field-control.h"
#include "ui/builder/layer-editor.h"
#include "ui/builder/layer-palette.h"
#include "ui/builder/number-list-entry.h"
#include "ui/builder/number-spin.h"

/* The controls for every field of every layer, the entry for lists of numbers, and the palette that
 * offers the layers. */

/* A value of the field unlike its standard one. */
static LwFieldValue
get_other (const LwField *field)
{
  LwFieldValue value = field->standard;

  switch (field->type)
    {
    case LW_FIELD_INT:
      value.i = value.i == 1 ? 2 : 1;
      break;
    case LW_FIELD_PAIR:
      value.pair[0] = 4;
      value.pair[1] = 5;
      break;
    case LW_FIELD_FLOAT:
      value.x = 0.25;
      break;
    case LW_FIELD_BOOL:
      value.b = !value.b;
      break;
    case LW_FIELD_LIST:
      value.list = (LwFieldList) { 3, { 7, -1, 16 } };
      break;
    case LW_FIELD_CHOICE:
    default:
      value.choice = value.choice == 0 ? 1 : 0;
      break;
    }
  return value;
}

static void
count_edit (LwFieldControl *control, GVariant *value, int *n_edits)
{
  (*n_edits)++;
}

/* What a control is given it shows and gives back, and it does not take that for an edit. */
static void
test_fields (void)
{
  guint                      n;
  const LwLayerClass *const *classes = lw_layer_classes (&n);

  g_assert_cmpuint (n, ==, 14);
  for (guint i = 0; i < n; i++)
    {
      const LwSpecClass *klass = &classes[i]->spec;
      g_autoptr (LwSpec) spec = lw_spec_new (klass, "it");
      GtkWidget         *editor = g_object_ref_sink (lw_layer_editor_new (klass));
      int                n_edits = 0;

      for (guint f = 0; f < klass->n_fields; f++)
        {
          const LwField     *field = &klass->fields[f];
          LwFieldControl    *control = LW_FIELD_CONTROL (lw_layer_editor_find (LW_LAYER_EDITOR (editor), field->key));
          g_autoptr (LwSpec) changed = lw_spec_with_value (spec, field->key, get_other (field), NULL);
          const LwSpec      *shown[2] = { changed, spec };

          g_assert_nonnull (changed);
          g_signal_connect (control, "edited", G_CALLBACK (count_edit), &n_edits);
          for (int k = 0; k < 2; k++)
            {
              g_autoptr (GVariant) value = NULL;
              g_autoptr (LwSpec)   again = NULL;
              g_autoptr (GError)   error = NULL;

              lw_layer_editor_set_layer (LW_LAYER_EDITOR (editor), 3, shown[k]);
              value = g_variant_ref_sink (lw_field_control_get_variant (control));
              again = lw_spec_with_variant (spec, field->key, value, &error);
              g_assert_no_error (error);
              g_assert_true (lw_spec_equal (again, shown[k]));
            }
        }
      g_assert_cmpint (n_edits, ==, 0);
      g_object_unref (editor);
    }
}

typedef struct {
  GtkWidget         *window;
  LwNumberListEntry *list;
  GtkEditable       *entry;
  int                n_edits;
} ListFixture;

static const LwField shape_field = {
  .key = "target_shape",
  .label = "Shape",
  .type = LW_FIELD_LIST,
  .standard = { .list = { 1, { -1 } } },
  .minimum = -1,
  .maximum = 1000,
  .whole = TRUE,
};

static const LwField rates_field = {
  .key = "values", .label = "Values", .type = LW_FIELD_LIST, .minimum = 0, .maximum = 1, .optional = TRUE,
};

static void
count_list_edit (LwNumberListEntry *list, int *n_edits)
{
  (*n_edits)++;
}

static void
set_up (ListFixture *f, gconstpointer field)
{
  f->window = gtk_window_new ();
  f->list = LW_NUMBER_LIST_ENTRY (lw_number_list_entry_new (field));
  f->entry = GTK_EDITABLE (lw_number_list_entry_get_entry (f->list));
  g_signal_connect (f->list, "edited", G_CALLBACK (count_list_edit), &f->n_edits);
  gtk_window_set_child (GTK_WINDOW (f->window), GTK_WIDGET (f->list));
  gtk_window_present (GTK_WINDOW (f->window));
  settle (30);
}

static void
tear_down (ListFixture *f, gconstpointer field)
{
  gtk_window_destroy (GTK_WINDOW (f->window));
  settle (30);
}

static void
type (ListFixture *f, const char *text)
{
  gtk_editable_set_text (f->entry, text);
  g_signal_emit_by_name (f->entry, "activate");
}

static void
test_list (ListFixture *f, gconstpointer field)
{
  static const struct {
    const char *typed, *shown;
  } good[] = {
    { "7, 7, 16", "7, 7, 16" }, { "7 7,16", "7, 7, 16" },     { "[7,7,-1]", "7, 7, -1" },
    { "(28, 28, 1,)", "28, 28, 1" }, { "  5 ", "5" },          { "−1;4", "-1, 4" },
  };
  static const char *const bad[] = { "",   "seven", "7.5",  "7,,7",              ",7",
                                     "7x7", "-2",   "1001", "1,1,1,1,1,1,1,1,1", "1e400" };
  LwFieldList              list;

  g_assert_cmpstr (gtk_editable_get_text (f->entry), ==, "-1");
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      type (f, "3");
      f->n_edits = 0;
      type (f, good[i].typed);
      g_assert_cmpstr (gtk_editable_get_text (f->entry), ==, good[i].shown);
      g_assert_null (lw_number_list_entry_get_error (f->list));
      g_assert_cmpint (f->n_edits, ==, 1);
      type (f, good[i].typed);
      g_assert_cmpint (f->n_edits, ==, 1);
    }

  /* Wrong text stays, with a sentence; the list does not change until it is right again. */
  type (f, "3, 4");
  f->n_edits = 0;
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      type (f, bad[i]);
      g_assert_cmpstr (gtk_editable_get_text (f->entry), ==, bad[i]);
      g_assert_cmpstr (lw_number_list_entry_get_error (f->list), ==,
                       "Give 1 to 8 whole numbers from -1 to 1000, parted by commas.");
      g_assert_true (gtk_widget_has_css_class (GTK_WIDGET (f->entry), "error"));
      gtk_test_accessible_assert_state (f->entry, GTK_ACCESSIBLE_STATE_INVALID, GTK_ACCESSIBLE_INVALID_TRUE);
      list = lw_number_list_entry_get_list (f->list);
      g_assert_cmpint (list.n, ==, 2);
      g_assert_cmpint (f->n_edits, ==, 0);
    }
  type (f, "3, 4");
  g_assert_null (lw_number_list_entry_get_error (f->list));
  g_assert_false (gtk_widget_has_css_class (GTK_WIDGET (f->entry), "error"));
  g_assert_cmpint (f->n_edits, ==, 0);

  /* From outside. */
  list = (LwFieldList) { 2, { 9, 9 } };
  lw_number_list_entry_set_list (f->list, &list);
  g_assert_cmpstr (gtk_editable_get_text (f->entry), ==, "9, 9");
  g_assert_cmpint (f->n_edits, ==, 0);
}

static void
test_optional_list (ListFixture *f, gconstpointer field)
{
  g_assert_cmpstr (gtk_editable_get_text (f->entry), ==, "");
  type (f, "0.1, 1e-3");
  g_assert_cmpint (f->n_edits, ==, 1);
  g_assert_cmpfloat (lw_number_list_entry_get_list (f->list).x[1], ==, 1e-3);
  g_assert_cmpstr (gtk_editable_get_text (f->entry), ==, "0.1, 0.001");
  type (f, "");
  g_assert_null (lw_number_list_entry_get_error (f->list));
  g_assert_cmpint (f->n_edits, ==, 2);
  g_assert_cmpint (lw_number_list_entry_get_list (f->list).n, ==, 0);
  type (f, "1.5");
  g_assert_nonnull (lw_number_list_entry_get_error (f->list));
}

/* A quotient is taken as exactly as it is meant. */
static void
test_quotient (void)
{
  guint              index;
  const LwField     *field = lw_spec_class_find (&lw_layer_class_find ("Rescaling")->spec, "scale", &index);
  GtkWidget         *control = g_object_ref_sink (lw_field_control_new (field));
  GtkWidget         *button = lw_field_control_get_main (LW_FIELD_CONTROL (control));
  const LwFieldValue one = { .x = 1.0 };
  g_autoptr (GVariant) value = NULL;

  lw_field_control_set_value (LW_FIELD_CONTROL (control), &one);
  gtk_editable_set_text (GTK_EDITABLE (button), "1/255");
  gtk_spin_button_update (GTK_SPIN_BUTTON (button));
  value = g_variant_ref_sink (lw_field_control_get_variant (LW_FIELD_CONTROL (control)));
  g_assert_cmpfloat (g_variant_get_double (value), ==, 1.0 / 255);
  g_object_unref (control);
}

static void
find_rows (GtkWidget *widget, GPtrArray *rows)
{
  if (GTK_IS_LIST_BOX_ROW (widget))
    g_ptr_array_add (rows, widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    find_rows (child, rows);
}

static void
note_choice (GtkWidget *palette, const char *class_name, char **chosen)
{
  g_free (*chosen);
  *chosen = g_strdup (class_name);
}

/* Every layer has its row, under four groups in a row each; search finds the new ones. */
static void
test_palette (void)
{
  static const char *const searches[][2] = { { "relu", "ReLU" },          { "reshape", "Reshape" },
                                             { "batch", "BatchNormalization" }, { "globalmax", "GlobalMaxPooling2D" },
                                             { "softmax", "Softmax" },    { "scale", "Rescaling" } };
  GtkWidget                *window = gtk_window_new ();
  GtkWidget                *button = gtk_menu_button_new ();
  GtkWidget                *palette = lw_layer_palette_new ();
  g_autoptr (GPtrArray)     rows = g_ptr_array_new ();
  g_autoptr (GString)       groups = g_string_new (NULL);
  g_autofree char          *chosen = NULL;
  guint                     n;
  const LwLayerClass *const *classes = lw_layer_classes (&n);

  gtk_menu_button_set_popover (GTK_MENU_BUTTON (button), palette);
  gtk_window_set_child (GTK_WINDOW (window), button);
  gtk_window_present (GTK_WINDOW (window));
  settle (30);
  g_signal_connect (palette, "chosen", G_CALLBACK (note_choice), &chosen);
  find_rows (palette, rows);
  g_assert_cmpuint (rows->len, ==, n);
  for (guint i = 0; i < n; i++)
    {
      const LwSpecClass *klass = &classes[i]->spec;

      if (i == 0 || strcmp (klass->group, classes[i - 1]->spec.group) != 0)
        g_string_append_printf (groups, "%s ", klass->group);
      gtk_test_accessible_assert_property (rows->pdata[i], GTK_ACCESSIBLE_PROPERTY_LABEL, klass->label);
      gtk_test_accessible_assert_property (rows->pdata[i], GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, klass->summary);
    }
  g_assert_cmpstr (groups->str, ==, "Convolution Pooling Core Regularize ");

  for (guint i = 0; i < G_N_ELEMENTS (searches); i++)
    {
      GtkWidget *search = lw_layer_palette_get_search (LW_LAYER_PALETTE (palette));

      gtk_popover_popup (GTK_POPOVER (palette));
      settle (30);
      gtk_editable_set_text (GTK_EDITABLE (search), searches[i][0]);
      g_signal_emit_by_name (search, "activate");
      g_assert_cmpstr (chosen, ==, searches[i][1]);
    }
  gtk_window_destroy (GTK_WINDOW (window));
  settle (30);
}

int
main (int argc, char *argv[])
{
  g_setenv ("GTK_A11Y", "test", TRUE);
  gtk_test_init (&argc, &argv);
  adw_init ();
  g_test_add_func ("/ui/layer-editor/fields", test_fields);
  g_test_add ("/ui/layer-editor/list", ListFixture, &shape_field, set_up, test_list, tear_down);
  g_test_add ("/ui/layer-editor/optional-list", ListFixture, &rates_field, set_up, test_optional_list, tear_down);
  g_test_add_func ("/ui/layer-editor/quotient", test_quotient);
  g_test_add_func ("/ui/layer-editor/palette", test_palette);
  return g_test_run ();
}
