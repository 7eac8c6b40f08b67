#include <adwaita.h>
#include <math.h>
#include <string.h>

#include "tests/wait.h"
#include "ui/builder/layer-list.h"
#include "ui/code/code-page.h"
#include "ui/code/code-style.h"
#include "ui/code/code-view.h"
#include "ui/code/python-scanner.h"

typedef struct {
  GtkWindow   *window;
  LwCodePage  *page;
  LwModelSpec *model;
  GString     *asked;
} Fixture;

static void
on_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  g_string_append_printf (((Fixture *) data)->asked, "%s;", g_action_get_name (G_ACTION (action)));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  static const char *const       names[] = { "copy-script", "save-script-as" };
  g_autoptr (GSimpleActionGroup) group = g_simple_action_group_new ();
  LwRunSettings                  settings = LW_RUN_SETTINGS_STANDARD;

  f->asked = g_string_new (NULL);
  f->window = GTK_WINDOW (gtk_window_new ());
  f->page = LW_CODE_PAGE (lw_code_page_new ());
  f->model = lw_model_spec_new_preset ("convnet");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      GSimpleAction *action = g_simple_action_new (names[i], NULL);

      g_signal_connect (action, "activate", G_CALLBACK (on_action), f);
      g_action_map_add_action (G_ACTION_MAP (group), G_ACTION (action));
      g_object_unref (action);
    }
  gtk_widget_insert_action_group (GTK_WIDGET (f->window), "win", G_ACTION_GROUP (group));

  lw_code_page_set_model (f->page, f->model);
  lw_code_page_set_settings (f->page, &settings);
  gtk_window_set_child (f->window, GTK_WIDGET (f->page));
  gtk_window_set_default_size (f->window, 1100, 400);
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

static GtkTextView *
get_body (Fixture *f)
{
  return GTK_TEXT_VIEW (lw_code_view_get_body (LW_CODE_VIEW (lw_code_page_get_view (f->page))));
}

static GtkTextBuffer *
get_buffer (Fixture *f)
{
  return gtk_text_view_get_buffer (get_body (f));
}

static gboolean
says (Fixture *f, const char *part)
{
  g_autofree char *text = lw_code_page_get_text (f->page);

  return strstr (text, part) != NULL;
}

/* The text that the page should have. */
static void
assert_script (Fixture *f, const LwRunSettings *settings, LwKerasScriptParts parts)
{
  const LwKerasScriptOptions options = { .parts = parts };
  g_autoptr (LwKerasScript)  script = lw_keras_script_new (f->model, settings, &options);
  g_autofree char           *text = lw_code_page_get_text (f->page);

  g_assert_cmpstr (text, ==, script->text);
}

/* Which lines have the mark; each is marked as a whole. */
static char *
get_marked (Fixture *f)
{
  GtkTextBuffer *buffer = get_buffer (f);
  GtkTextTag    *tag = gtk_text_tag_table_lookup (gtk_text_buffer_get_tag_table (buffer), "marked");
  GString       *lines = g_string_new (NULL);

  g_assert_nonnull (tag);
  for (int line = 0; line < gtk_text_buffer_get_line_count (buffer); line++)
    {
      GtkTextIter iter;

      gtk_text_buffer_get_iter_at_line (buffer, &iter, line);
      if (gtk_text_iter_has_tag (&iter, tag))
        g_string_append_printf (lines, "%d ", line);
    }
  return g_string_free (lines, FALSE);
}

static void
assert_marked (Fixture *f, const char *expected)
{
  g_autofree char *lines = get_marked (f);

  g_assert_cmpstr (lines, ==, expected);
}

static void
take_model (Fixture *f, LwModelSpec *model)
{
  lw_model_spec_unref (f->model);
  f->model = model;
  lw_code_page_set_model (f->page, model);
}

static LwModelSpec *
with_filters (const LwModelSpec *model, guint layer, gint64 filters)
{
  g_autoptr (LwSpec) changed = lw_spec_with_value (lw_model_spec_get_layer (model, layer), "filters",
                                                   (LwFieldValue) { .i = filters }, NULL);

  return lw_model_spec_with_replaced (model, layer, changed);
}

static void
test_follows (Fixture *f, gconstpointer data)
{
  LwRunSettings settings = LW_RUN_SETTINGS_STANDARD;

  assert_script (f, &settings, LW_KERAS_SCRIPT_ALL);
  take_model (f, with_filters (f->model, 0, 24));
  g_assert_true (says (f, "layers.Conv2D(24, 3"));
  assert_script (f, &settings, LW_KERAS_SCRIPT_ALL);
  take_model (f, lw_model_spec_with_removed (f->model, 4));
  g_assert_true (says (f, "# Cannot train: "));
  assert_script (f, &settings, LW_KERAS_SCRIPT_ALL);

  settings.batch_size = 77;
  settings.epochs = 3;
  lw_code_page_set_settings (f->page, &settings);
  g_assert_true (says (f, "batch_size=77, epochs=3"));
  assert_script (f, &settings, LW_KERAS_SCRIPT_ALL);
}

static void
test_data_and_file (Fixture *f, gconstpointer data)
{
  g_autofree char *by_model = lw_code_page_get_file_name (f->page);
  g_autofree char *by_file = NULL;

  g_assert_cmpstr (by_model, ==, "convnet.py");
  lw_code_page_set_data (f->page, "digits", "/data/my \"digits\".npz");
  g_assert_true (says (f, "with np.load(\"/data/my \\\"digits\\\".npz\") as data:"));
  lw_code_page_set_data (f->page, "MNIST", NULL);
  g_assert_true (says (f, "mnist.load_data()"));

  lw_code_page_set_save_path (f->page, "mine & <yours>.keras");
  g_assert_true (says (f, "model.save(\"mine & <yours>.keras\")"));
  by_file = lw_code_page_get_file_name (f->page);
  g_assert_cmpstr (by_file, ==, "mine & <yours>.py");
}

/* As Space does; the switch slides first. */
static void
toggle (GtkWidget *button)
{
  const gboolean before = gtk_switch_get_active (GTK_SWITCH (button));

  g_assert_true (gtk_widget_activate (button));
  WAIT_UNTIL (gtk_switch_get_active (GTK_SWITCH (button)) != before);
}

/* Each switch takes its part out of the script and puts it back. */
static void
test_switches (Fixture *f, gconstpointer data)
{
  const LwRunSettings settings = LW_RUN_SETTINGS_STANDARD;

  for (guint part = 1; part <= LW_KERAS_SCRIPT_SHAPES; part <<= 1)
    {
      GtkWidget *button = lw_code_page_get_switch (f->page, (LwKerasScriptParts) part);

      gtk_test_accessible_assert_role (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_ROLE_SWITCH);
      g_assert_true (gtk_switch_get_active (GTK_SWITCH (button)));
      toggle (button);
      assert_script (f, &settings, (LwKerasScriptParts) (LW_KERAS_SCRIPT_ALL & ~part));
      toggle (button);
      assert_script (f, &settings, LW_KERAS_SCRIPT_ALL);
    }
}

static void
on_notify (GObject *page, GParamSpec *pspec, gpointer data)
{
  ++*(guint *) data;
}

static void
test_marks (Fixture *f, gconstpointer data)
{
  guint told = 0;

  g_signal_connect (f->page, "notify::selected-layer", G_CALLBACK (on_notify), &told);
  assert_marked (f, "");
  lw_code_page_set_selected_layer (f->page, 2);
  assert_marked (f, "14 ");
  lw_code_page_set_selected_layer (f->page, 2);
  g_assert_cmpuint (told, ==, 1);

  /* The mark goes with its layer: lines above it come and go. */
  gtk_switch_set_active (GTK_SWITCH (lw_code_page_get_switch (f->page, LW_KERAS_SCRIPT_DATA)), FALSE);
  assert_marked (f, "10 ");
  gtk_switch_set_active (GTK_SWITCH (lw_code_page_get_switch (f->page, LW_KERAS_SCRIPT_DATA)), TRUE);
  assert_marked (f, "14 ");
  lw_code_page_set_selected_layer (f->page, 6);
  assert_marked (f, "18 ");
  /* With its fault, a layer has several lines; one that is gone has none. */
  take_model (f, lw_model_spec_with_removed (f->model, 4));
  lw_code_page_set_selected_layer (f->page, 5);
  {
    g_autofree char *lines = get_marked (f);

    g_assert_true (g_str_has_prefix (lines, "17 18 19 "));
  }
  lw_code_page_set_selected_layer (f->page, 6);
  assert_marked (f, "");
  lw_code_page_set_selected_layer (f->page, -1);
  assert_marked (f, "");
}

static void
put_cursor (Fixture *f, int line)
{
  GtkTextIter iter;

  gtk_text_buffer_get_iter_at_line (get_buffer (f), &iter, line);
  gtk_text_buffer_place_cursor (get_buffer (f), &iter);
}

/* Without a pointer: the cursor on a layer's line selects the layer, elsewhere it leaves it selected. */
static void
test_cursor (Fixture *f, gconstpointer data)
{
  lw_code_page_grab_text_focus (f->page);
  g_assert_true (gtk_widget_has_focus (GTK_WIDGET (get_body (f))));
  g_assert_cmpint (lw_code_page_get_selected_layer (f->page), ==, -1);
  put_cursor (f, 12);
  g_assert_cmpint (lw_code_page_get_selected_layer (f->page), ==, 0);
  assert_marked (f, "12 ");
  for (int i = 0; i < 3; i++)
    g_signal_emit_by_name (get_body (f), "move-cursor", GTK_MOVEMENT_DISPLAY_LINES, 1, FALSE);
  g_assert_cmpint (lw_code_page_get_selected_layer (f->page), ==, 3);
  put_cursor (f, 30);
  g_assert_cmpint (lw_code_page_get_selected_layer (f->page), ==, 3);
  assert_marked (f, "15 ");

  /* A change of the model moves the cursor with its text, and selects nothing. */
  put_cursor (f, 17);
  g_assert_cmpint (lw_code_page_get_selected_layer (f->page), ==, 5);
  lw_code_page_set_selected_layer (f->page, 1);
  take_model (f, with_filters (f->model, 2, 5));
  take_model (f, lw_model_spec_with_removed (f->model, 6));
  g_assert_cmpint (lw_code_page_get_selected_layer (f->page), ==, 1);
}

static void
test_read_only (Fixture *f, gconstpointer data)
{
  const LwRunSettings settings = LW_RUN_SETTINGS_STANDARD;

  g_signal_emit_by_name (get_body (f), "insert-at-cursor", "rm -rf /");
  g_signal_emit_by_name (get_body (f), "delete-from-cursor", GTK_DELETE_PARAGRAPHS, 1);
  assert_script (f, &settings, LW_KERAS_SCRIPT_ALL);
  g_assert_false (gtk_text_view_get_editable (get_body (f)));
  g_assert_false (gtk_text_view_get_accepts_tab (get_body (f)));
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (get_body (f)), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Keras script");
}

static void
wait_frames (Fixture *f)
{
  for (int i = 0; i < 5; i++)
    {
      gtk_widget_queue_draw (GTK_WIDGET (f->window));
      gtk_test_widget_wait_for_draw (GTK_WIDGET (f->window));
      settle (0); /* lines out of sight are laid out when there is nothing else to do */
    }
}

static void
assert_in_sight (Fixture *f, int line)
{
  GdkRectangle visible;
  GtkTextIter  iter;
  int          y, height;

  gtk_text_view_get_visible_rect (get_body (f), &visible);
  gtk_text_buffer_get_iter_at_line (get_buffer (f), &iter, line);
  gtk_text_view_get_line_yrange (get_body (f), &iter, &y, &height);
  g_assert_cmpint (y, >=, visible.y);
  g_assert_cmpint (y + height, <=, visible.y + visible.height);
}

/* The text stays where it was scrolled to, whatever changes above or below; a selection from outside is
 * scrolled to. */
static void
test_scrolling (Fixture *f, gconstpointer data)
{
  GtkAdjustment *adjustment = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (get_body (f)));
  double         place;

  wait_frames (f);
  g_assert_cmpfloat (gtk_adjustment_get_upper (adjustment), >, gtk_adjustment_get_page_size (adjustment) + 150);
  gtk_adjustment_set_value (adjustment, 120);
  wait_frames (f);
  place = gtk_adjustment_get_value (adjustment);
  g_assert_cmpfloat (place, ==, 120);
  take_model (f, with_filters (f->model, 0, 5));
  wait_frames (f);
  g_assert_cmpfloat (gtk_adjustment_get_value (adjustment), ==, place);
  gtk_switch_set_active (GTK_SWITCH (lw_code_page_get_switch (f->page, LW_KERAS_SCRIPT_SHAPES)), FALSE);
  wait_frames (f);
  g_assert_cmpfloat (gtk_adjustment_get_value (adjustment), ==, place);

  gtk_adjustment_set_value (adjustment, 0);
  wait_frames (f);
  lw_code_page_set_selected_layer (f->page, 6);
  wait_frames (f);
  assert_in_sight (f, 18);

  /* Also one that was made while another page was shown. */
  gtk_widget_set_visible (GTK_WIDGET (f->page), FALSE);
  lw_code_page_set_selected_layer (f->page, 0);
  wait_frames (f);
  gtk_widget_set_visible (GTK_WIDGET (f->page), TRUE);
  wait_frames (f);
  assert_in_sight (f, 12);
}

static GtkWidget *
find_button (GtkWidget *widget, const char *action)
{
  const char *name = GTK_IS_ACTIONABLE (widget) ? gtk_actionable_get_action_name (GTK_ACTIONABLE (widget)) : NULL;
  GtkWidget  *found = g_strcmp0 (name, action) == 0 ? widget : NULL;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_button (child, action);
  return found;
}

static void
test_buttons (Fixture *f, gconstpointer data)
{
  g_signal_emit_by_name (find_button (GTK_WIDGET (f->page), "win.copy-script"), "clicked");
  g_signal_emit_by_name (find_button (GTK_WIDGET (f->page), "win.save-script-as"), "clicked");
  g_assert_cmpstr (f->asked->str, ==, "copy-script;save-script-as;");
}

/* A selection of the list of cards is that of the page, in both directions, as the window binds them. */
static void
test_with_cards (Fixture *f, gconstpointer data)
{
  LwLayerList *list = LW_LAYER_LIST (g_object_ref_sink (lw_layer_list_new ()));

  lw_layer_list_set_model (list, f->model);
  g_object_bind_property (list, "selected", f->page, "selected-layer",
                          G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  lw_code_page_set_selected_layer (f->page, 2);
  g_assert_cmpint (lw_layer_list_get_selected (list), ==, 2);
  lw_layer_list_set_selected (list, 4);
  g_assert_cmpint (lw_code_page_get_selected_layer (f->page), ==, 4);
  assert_marked (f, "16 ");

  /* A card that moves takes the mark along. */
  {
    LwModelSpec *moved = lw_model_spec_with_moved (f->model, 4, 5);

    lw_layer_list_set_model (list, moved);
    take_model (f, moved);
  }
  g_assert_cmpint (lw_code_page_get_selected_layer (f->page), ==, 5);
  assert_marked (f, "17 ");

  lw_layer_list_set_selected (list, -1);
  g_assert_cmpint (lw_code_page_get_selected_layer (f->page), ==, -1);
  g_object_unref (list);
}

/* With little room the settings are a flap, and Tab leaves the text. */
static void
test_narrow (void)
{
  for (int width = 1100; width >= 620; width -= 480)
    {
      GtkWindow   *window = GTK_WINDOW (gtk_window_new ());
      LwCodePage  *page = LW_CODE_PAGE (lw_code_page_new ());
      GtkWidget   *button = lw_code_page_get_switch (page, LW_KERAS_SCRIPT_DATA);
      LwModelSpec *model = lw_model_spec_new_preset ("mlp");

      lw_code_page_set_model (page, model);
      gtk_window_set_child (window, GTK_WIDGET (page));
      gtk_window_set_default_size (window, width, 500);
      gtk_window_present (window);
      gtk_test_widget_wait_for_draw (GTK_WIDGET (window));
      settle (0);
      g_assert_cmpint (gtk_widget_get_width (GTK_WIDGET (page)), ==, width);
      g_assert_cmpint (lw_code_page_get_show_settings (page), ==, width > 800);

      lw_code_page_set_show_settings (page, TRUE);
      g_assert_true (gtk_widget_grab_focus (button));
      lw_code_page_set_show_settings (page, FALSE);
      g_assert_false (gtk_widget_has_focus (button));
      g_assert_true (gtk_widget_has_focus (lw_code_view_get_body (LW_CODE_VIEW (lw_code_page_get_view (page)))));
      g_assert_true (gtk_widget_child_focus (GTK_WIDGET (window), GTK_DIR_TAB_FORWARD)
                     || gtk_widget_child_focus (GTK_WIDGET (window), GTK_DIR_TAB_FORWARD));
      lw_model_spec_unref (model);
      gtk_window_destroy (window);
      settle (0);
    }
}

/* -- without a window -- */

static void
on_part (LwPythonKind kind, gsize start, gsize end, gpointer data)
{
  static const char letters[] = { 'k', 's', 'n', 'c' };
  gpointer        *both = data;
  GString          *parts = both[0];
  const char       *text = both[1];

  g_string_append_printf (parts, "%c<%.*s>", letters[kind], (int) (end - start), text + start);
}

static void
test_scanner (void)
{
  static const char *const cases[][2] = {
    { "", "" },
    { "import keras", "k<import>" },
    { "imports important Nonesuch None", "k<None>" },
    { "x[..., None] / 255", "k<None>n<255>" },
    { "layer1 = 2.5e-07+1e3", "n<2.5e-07>n<1e3>" },
    { "a = .5, 1_000, 0x1f", "n<.5>n<1_000>n<0x1f>" },
    { "x = \"a\\\"b\" # c", "s<\"a\\\"b\">c<# c>" },
    { "'it' \"x", "s<'it'>s<\"x>" },
    { "\"open\nTrue", "s<\"open>k<True>" },
    { "\"\"\"a\n\"b\" # in\n\"\"\" True", "s<\"\"\"a\n\"b\" # in\n\"\"\">k<True>" },
    { "\"\"\"never ends \\\"", "s<\"\"\"never ends \\\">" },
    { "# comment \"not a string\"\nfrom", "c<# comment \"not a string\">k<from>" },
    { "\"#\"", "s<\"#\">" },
    { "卷积 = \"卷\" # 积", "s<\"卷\">c<# 积>" },
    { "\"ends in \\", "s<\"ends in \\>" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) parts = g_string_new (NULL);
      gpointer            both[] = { parts, (gpointer) cases[i][0] };

      lw_python_scan (cases[i][0], on_part, both);
      g_assert_cmpstr (parts->str, ==, cases[i][1]);
    }
}

static double
get_linear (double channel)
{
  return channel <= 0.04045 ? channel / 12.92 : pow ((channel + 0.055) / 1.055, 2.4);
}

/* WCAG 2.1: relative luminance. */
static double
get_luminance (const GdkRGBA *color)
{
  return 0.2126 * get_linear (color->red) + 0.7152 * get_linear (color->green) + 0.0722 * get_linear (color->blue);
}

static double
get_contrast (const GdkRGBA *a, const GdkRGBA *b)
{
  const double la = get_luminance (a), lb = get_luminance (b);

  return (MAX (la, lb) + 0.05) / (MIN (la, lb) + 0.05);
}

/* On Adwaita's views, marked (with its light and its dark accent) and not. */
static void
test_contrast (void)
{
  static const char *const views[] = { "#ffffff", "#1e1e1e" };
  static const char *const accents[] = { "#1c71d8", "#78aeed" };

  for (int dark = 0; dark < 2; dark++)
    for (int high = 0; high < 2; high++)
      for (int marked = 0; marked < 2; marked++)
        {
          GdkRGBA colors[LW_PYTHON_N_KINDS];
          GdkRGBA view, accent;

          g_assert_true (gdk_rgba_parse (&view, views[dark]));
          g_assert_true (gdk_rgba_parse (&accent, accents[dark]));
          if (marked)
            {
              view.red += (float) LW_CODE_MARK_ALPHA * (accent.red - view.red);
              view.green += (float) LW_CODE_MARK_ALPHA * (accent.green - view.green);
              view.blue += (float) LW_CODE_MARK_ALPHA * (accent.blue - view.blue);
            }
          lw_code_style_get_colors (dark, high, colors);
          for (guint kind = 0; kind < LW_PYTHON_N_KINDS; kind++)
            g_assert_cmpfloat (get_contrast (&colors[kind], &view), >=, high ? 7.0 : 4.5);
        }
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv);
  adw_init ();

#define ADD(name, func) g_test_add ("/code-page/" name, Fixture, NULL, set_up, func, tear_down)
  g_test_add_func ("/code-page/scanner", test_scanner);
  g_test_add_func ("/code-page/contrast", test_contrast);
  ADD ("follows", test_follows);
  ADD ("data-and-file", test_data_and_file);
  ADD ("switches", test_switches);
  ADD ("marks", test_marks);
  ADD ("cursor", test_cursor);
  ADD ("read-only", test_read_only);
  ADD ("scrolling", test_scrolling);
  ADD ("buttons", test_buttons);
  ADD ("with-cards", test_with_cards);
  g_test_add_func ("/code-page/narrow", test_narrow);

  return g_test_run ();
}
