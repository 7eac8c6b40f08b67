#include <adwaita.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "tests/wait.h"
#include "ui/train/digit-pad.h"
#include "ui/train/digit-preview.h"
#include "ui/train/predict-pane.h"
#include "ui/train/probability-bars.h"
#include "ui/train/probability-row.h"
#include "ui/train/test-strip.h"
#include "ui/train/test-tile.h"

typedef struct {
  GtkWindow         *window;
  LwPredictPane     *pane;
  LwDigitPad        *pad;
  LwDigitPreview    *preview;
  LwProbabilityBars *bars;
  LwTestStrip       *strip;
  guint              asked;
} Fixture;

static const float seven[10] = { 0, 0, 0, 0.001f, 0, 0, 0, 0.995f, 0, 0.004f };

static gboolean
find (GtkWidget *widget, GType type, GtkWidget **found)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE (widget, type))
    {
      *found = widget;
      return TRUE;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (find (child, type, found))
      return TRUE;
  return FALSE;
}

static gpointer
find_one (gpointer widget, GType type)
{
  GtkWidget *found = NULL;

  g_assert_true (find (widget, type, &found));
  return found;
}

/* The label in @widget that reads @text and can be seen. */
static GtkWidget *
find_text (GtkWidget *widget, const char *text)
{
  if (!gtk_widget_get_child_visible (widget) || !gtk_widget_get_visible (widget))
    return NULL;
  if (GTK_IS_LABEL (widget) && g_str_equal (gtk_label_get_text (GTK_LABEL (widget)), text))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_text (child, text);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static GtkWidget *
find_button (GtkWidget *widget, const char *icon)
{
  if (GTK_IS_BUTTON (widget)
      && g_strcmp0 (gtk_button_get_icon_name (GTK_BUTTON (widget)), icon) == 0)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_button (child, icon);

      if (found != NULL)
        return found;
    }
  return NULL;
}

/* Until @condition or five seconds. */
static void
count (guint *n)
{
  *n += 1;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  guint8 pixels[3 * 784];
  const int labels[3] = { 7, 2, -1 };
  const guint indices[3] = { 1226, 4, 9999 };

  for (int i = 0; i < 3 * 784; i++)
    pixels[i] = (guint8) (i % 784 == 100 + i / 784 ? 255 : 0);
  f->window = GTK_WINDOW (gtk_window_new ());
  gtk_window_set_default_size (f->window, 312, 720);
  f->pane = LW_PREDICT_PANE (lw_predict_pane_new ());
  gtk_window_set_child (f->window, GTK_WIDGET (f->pane));
  f->pad = find_one (f->pane, LW_TYPE_DIGIT_PAD);
  f->preview = find_one (f->pane, LW_TYPE_DIGIT_PREVIEW);
  f->bars = find_one (f->pane, LW_TYPE_PROBABILITY_BARS);
  f->strip = find_one (f->pane, LW_TYPE_TEST_STRIP);
  lw_predict_pane_set_test_images (f->pane, pixels, labels, indices, 3);
  gtk_window_present (f->window);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (f->window));
  f->asked = 0;
  g_signal_connect_swapped (f->pane, "image-changed", G_CALLBACK (count), &f->asked);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gpointer pane = f->pane;

  g_object_add_weak_pointer (pane, &pane);
  gtk_window_destroy (f->window);
  WAIT_UNTIL (pane == NULL);
}

/* What the gesture or key controller of @pad would tell it. */
static gpointer
controller_of (LwDigitPad *pad, GType type)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (GTK_WIDGET (pad));

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GObject) controller = g_list_model_get_item (controllers, i);

      if (G_TYPE_CHECK_INSTANCE_TYPE (controller, type))
        return controller;
    }
  g_assert_not_reached ();
}

static void
draw (LwDigitPad *pad, double x0, double y0, double x1, double y1)
{
  gpointer drag = controller_of (pad, GTK_TYPE_GESTURE_DRAG);
  double side = gtk_widget_get_width (GTK_WIDGET (pad));

  g_signal_emit_by_name (drag, "drag-begin", x0 * side, y0 * side);
  for (int i = 1; i <= 20; i++)
    g_signal_emit_by_name (drag, "drag-update", i / 20.0 * (x1 - x0) * side,
                           i / 20.0 * (y1 - y0) * side);
  g_signal_emit_by_name (drag, "drag-end", (x1 - x0) * side, (y1 - y0) * side);
}

static gboolean
press (LwDigitPad *pad, guint keyval, GdkModifierType state)
{
  gboolean handled = FALSE;

  g_signal_emit_by_name (controller_of (pad, GTK_TYPE_EVENT_CONTROLLER_KEY), "key-pressed", keyval,
                         0u, state, &handled);
  return handled;
}

static void
release (LwDigitPad *pad, guint keyval)
{
  g_signal_emit_by_name (controller_of (pad, GTK_TYPE_EVENT_CONTROLLER_KEY), "key-released", keyval,
                         0u, 0);
}

static double
ink_of (Fixture *f)
{
  float image[784];
  double sum = 0;

  lw_digit_pad_get_image (f->pad, image);
  for (int i = 0; i < 784; i++)
    sum += image[i];
  return sum;
}

static void
test_empty (Fixture *f, gconstpointer data)
{
  GtkWidget *pane = GTK_WIDGET (f->pane);
  float image[784];

  g_assert_false (lw_predict_pane_get_image (f->pane, image));
  g_assert_false (lw_digit_preview_get_image (f->preview, NULL));
  g_assert_nonnull (find_text (GTK_WIDGET (f->pane),
                               "Draw something. Before training the answer is a guess."));
  for (int i = 0; i < 10; i++)
    g_assert_cmpstr (lw_probability_bars_get_text (f->bars, i), ==, "—");
  for (int i = 0; i < 3; i++)
    g_assert_cmpstr (lw_test_strip_get_caption (f->strip, i), ==, "?");
  g_assert_false (gtk_widget_get_sensitive (find_button (pane, "edit-undo-symbolic")));
  g_assert_false (gtk_widget_get_sensitive (find_button (pane, "user-trash-symbolic")));
  g_assert_true (gtk_widget_get_sensitive (find_button (pane, "lw-eraser-symbolic")));

  /* Nobody asked, so this answers nothing. */
  lw_predict_pane_set_probabilities (f->pane, seven, FALSE);
  g_assert_cmpstr (lw_probability_bars_get_text (f->bars, 7), ==, "—");
  g_assert_cmpuint (f->asked, ==, 0);
}

static void
test_accessible (Fixture *f, gconstpointer data)
{
  GtkWidget *row = find_one (f->bars, LW_TYPE_PROBABILITY_ROW);
  GtkWidget *tile = find_one (f->strip, LW_TYPE_TEST_TILE);
  const int guesses[3] = { 2, 2, -1 };
  /* GTK's macro puts the argument into a format, where a literal's % would count. */
  const char *sure = "7: 99.5\u202f%";

  gtk_test_accessible_assert_role (f->pad, GTK_ACCESSIBLE_ROLE_IMG);
  gtk_test_accessible_assert_property (f->pad, GTK_ACCESSIBLE_PROPERTY_LABEL, "Drawing pad");
  gtk_test_accessible_assert_role (f->preview, GTK_ACCESSIBLE_ROLE_IMG);
  gtk_test_accessible_assert_property (f->preview, GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "As the model sees it");
  gtk_test_accessible_assert_role (f->bars, GTK_ACCESSIBLE_ROLE_LIST);
  gtk_test_accessible_assert_property (f->bars, GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Probability of each digit");
  gtk_test_accessible_assert_property (find_button (GTK_WIDGET (f->pane), "edit-undo-symbolic"),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Undo stroke");
  gtk_test_accessible_assert_property (find_button (GTK_WIDGET (f->pane), "lw-eraser-symbolic"),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Eraser");
  gtk_test_accessible_assert_property (find_button (GTK_WIDGET (f->pane), "user-trash-symbolic"),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Clear the pad");
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (find_one (f->pane, GTK_TYPE_SWITCH)),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Centre it");

  gtk_test_accessible_assert_role (row, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
  gtk_test_accessible_assert_property (row, GTK_ACCESSIBLE_PROPERTY_LABEL, "0: —");
  lw_test_strip_set_selected (f->strip, 0);
  lw_predict_pane_set_probabilities (f->pane, seven, FALSE);
  for (int i = 0; i < 7; i++)
    row = gtk_widget_get_next_sibling (row);
  gtk_test_accessible_assert_property (row, GTK_ACCESSIBLE_PROPERTY_LABEL, sure);

  gtk_test_accessible_assert_property (tile, GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Test image 1,226: is 7");
  lw_predict_pane_set_test_guesses (f->pane, guesses);
  gtk_test_accessible_assert_property (tile, GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Test image 1,226: guessed 2, is 7");
  g_assert_true (gtk_widget_has_css_class (tile, "wrong"));
}

static void
test_draw (Fixture *f, gconstpointer data)
{
  float image[784], seen[784];
  GtkWidget *undo = find_button (GTK_WIDGET (f->pane), "edit-undo-symbolic");

  draw (f->pad, 0.3, 0.2, 0.7, 0.8);
  WAIT_UNTIL (f->asked > 0);
  /* 22 events came in one frame: one question. */
  g_assert_cmpuint (f->asked, ==, 1);
  g_assert_true (lw_predict_pane_get_image (f->pane, image));
  g_assert_true (lw_digit_preview_get_image (f->preview, seen));
  g_assert_cmpmem (image, sizeof image, seen, sizeof seen);
  g_assert_true (gtk_widget_get_sensitive (undo));

  lw_predict_pane_set_probabilities (f->pane, seven, FALSE);
  g_assert_nonnull (find_text (GTK_WIDGET (f->pane), "99.5\u202f% sure"));
  g_assert_nonnull (find_text (GTK_WIDGET (f->pane), "A guess: not trained yet"));
  lw_predict_pane_set_state (f->pane, LW_PREDICT_READY);
  g_assert_nonnull (find_text (GTK_WIDGET (f->pane), "then 9, 0.4\u202f%"));
  g_assert_nonnull (find_text (GTK_WIDGET (f->pane), "7"));
  g_assert_cmpstr (lw_probability_bars_get_text (f->bars, 3), ==, "0.1\u202f%");

  /* Centring is another image of the same drawing. */
  gtk_switch_set_active (find_one (f->pane, GTK_TYPE_SWITCH), FALSE);
  g_assert_false (lw_digit_pad_get_centre (f->pad));
  WAIT_UNTIL (f->asked == 2);
  lw_predict_pane_get_image (f->pane, seen);
  g_assert_cmpint (memcmp (image, seen, sizeof image), !=, 0);

  g_signal_emit_by_name (undo, "clicked");
  WAIT_UNTIL (f->asked == 3);
  g_assert_false (lw_predict_pane_get_image (f->pane, image));
  g_assert_false (gtk_widget_get_sensitive (undo));
  g_assert_cmpstr (lw_probability_bars_get_text (f->bars, 7), ==, "—");
  g_assert_nonnull (find_text (GTK_WIDGET (f->pane), "Draw something, or choose a test digit."));
}

static void
test_erase_and_clear (Fixture *f, gconstpointer data)
{
  GtkWidget *eraser = find_button (GTK_WIDGET (f->pane), "lw-eraser-symbolic");
  GtkWidget *clear = find_button (GTK_WIDGET (f->pane), "user-trash-symbolic");
  double whole;

  lw_digit_pad_set_centre (f->pad, FALSE);
  draw (f->pad, 0.2, 0.5, 0.8, 0.5);
  whole = ink_of (f);
  g_assert_cmpfloat (whole, >, 20);

  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (eraser), TRUE);
  g_assert_true (lw_digit_pad_get_erasing (f->pad));
  draw (f->pad, 0.2, 0.5, 0.5, 0.5);
  g_assert_cmpfloat (ink_of (f), <, 0.7 * whole);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (eraser), FALSE);

  WAIT_UNTIL (f->asked > 0);
  g_assert_true (gtk_widget_get_sensitive (clear));
  g_signal_emit_by_name (clear, "clicked");
  g_assert_true (lw_digit_pad_get_empty (f->pad));
  g_assert_true (lw_digit_pad_get_can_undo (f->pad));
  lw_digit_pad_undo (f->pad);
  lw_digit_pad_undo (f->pad);
  g_assert_cmpfloat_with_epsilon (ink_of (f), whole, 1e-6);
}

static void
test_keyboard (Fixture *f, gconstpointer data)
{
  double dot, line;

  lw_digit_pad_set_centre (f->pad, FALSE);
  gtk_widget_grab_focus (GTK_WIDGET (f->pad));
  g_assert_true (gtk_widget_has_focus (GTK_WIDGET (f->pad)));
  gtk_test_accessible_assert_property (f->pad, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                       "Pen up at column 15, row 15");

  /* Moving with the pen up draws nothing. */
  for (int i = 0; i < 5; i++)
    g_assert_true (press (f->pad, GDK_KEY_Left, 0));
  g_assert_true (lw_digit_pad_get_empty (f->pad));

  /* A tap puts the pen down and it stays down. */
  g_assert_true (press (f->pad, GDK_KEY_space, 0));
  g_assert_true (press (f->pad, GDK_KEY_space, 0));
  release (f->pad, GDK_KEY_space);
  dot = ink_of (f);
  g_assert_cmpfloat (dot, >, 1);
  for (int i = 0; i < 10; i++)
    g_assert_true (press (f->pad, GDK_KEY_Right, 0));
  line = ink_of (f);
  g_assert_cmpfloat (line, >, 4 * dot);

  /* Another tap lifts it. */
  g_assert_true (press (f->pad, GDK_KEY_space, 0));
  release (f->pad, GDK_KEY_space);
  g_assert_true (press (f->pad, GDK_KEY_Down, 0));
  g_assert_true (press (f->pad, GDK_KEY_Down, 0));
  g_assert_cmpfloat_with_epsilon (ink_of (f), line, 1e-6);

  /* Held, it draws until it is let go. */
  g_assert_true (press (f->pad, GDK_KEY_space, 0));
  for (int i = 0; i < 5; i++)
    g_assert_true (press (f->pad, GDK_KEY_Down, GDK_SHIFT_MASK));
  release (f->pad, GDK_KEY_space);
  g_assert_cmpfloat (ink_of (f), >, line + 1);
  line = ink_of (f);
  g_assert_true (press (f->pad, GDK_KEY_Down, 0));
  g_assert_cmpfloat_with_epsilon (ink_of (f), line, 1e-6);

  /* Shortcuts of the window are left to it. */
  g_assert_false (press (f->pad, GDK_KEY_Right, GDK_ALT_MASK));
  g_assert_false (press (f->pad, GDK_KEY_Escape, 0));
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (f->pad), "pad.clear", NULL));
  g_assert_true (lw_digit_pad_get_empty (f->pad));
  WAIT_UNTIL (f->asked > 0);
}

static void
test_select (Fixture *f, gconstpointer data)
{
  float image[784];

  lw_predict_pane_set_state (f->pane, LW_PREDICT_READY);
  lw_test_strip_set_selected (f->strip, 0);
  g_assert_cmpint (lw_test_strip_get_selected (f->strip), ==, 0);
  g_assert_cmpuint (f->asked, ==, 1);
  g_assert_true (lw_predict_pane_get_image (f->pane, image));
  g_assert_cmpfloat (image[100], ==, 1);
  g_assert_true (lw_digit_preview_get_image (f->preview, image));
  g_assert_cmpfloat (image[100], ==, 1);
  g_assert_nonnull (find_text (GTK_WIDGET (f->pane), "Test image 1,226 · is 7"));

  lw_predict_pane_set_probabilities (f->pane, seven, TRUE);
  g_assert_nonnull (find_text (GTK_WIDGET (f->pane), "99.5\u202f% sure"));
  g_assert_nonnull (find_text (GTK_WIDGET (f->pane), "Test image 1,226 · is 7"));

  lw_test_strip_set_selected (f->strip, 2);
  g_assert_cmpuint (f->asked, >=, 2);
  g_assert_nonnull (find_text (GTK_WIDGET (f->pane), "Test image 9,999"));
  f->asked = 0;

  /* Drawing takes its place. */
  draw (f->pad, 0.3, 0.2, 0.3, 0.8);
  WAIT_UNTIL (f->asked > 0);
  g_assert_cmpint (lw_test_strip_get_selected (f->strip), ==, -1);
  g_assert_true (lw_predict_pane_get_image (f->pane, image));
  g_assert_cmpfloat (image[102], ==, 0);

  lw_test_strip_set_selected (f->strip, 1);
  g_signal_emit_by_name (find_button (GTK_WIDGET (f->pane), "user-trash-symbolic"), "clicked");
  g_assert_cmpint (lw_test_strip_get_selected (f->strip), ==, -1);
  WAIT_UNTIL (!lw_predict_pane_get_image (f->pane, image));
}

static void
test_guesses (Fixture *f, gconstpointer data)
{
  const int guesses[3] = { 2, 2, 5 };

  lw_predict_pane_set_test_guesses (f->pane, guesses);
  g_assert_cmpstr (lw_test_strip_get_caption (f->strip, 0), ==, "2\u202f×");
  g_assert_cmpstr (lw_test_strip_get_caption (f->strip, 1), ==, "2");
  g_assert_cmpstr (lw_test_strip_get_caption (f->strip, 2), ==, "5");
  g_assert_null (lw_test_strip_get_caption (f->strip, 3));
  lw_predict_pane_set_note (f->pane, "98.3\u202f% of 10,000 right");
  g_assert_nonnull (find_text (GTK_WIDGET (f->pane), "98.3\u202f% of 10,000 right"));
  lw_predict_pane_set_test_guesses (f->pane, NULL);
  g_assert_cmpstr (lw_test_strip_get_caption (f->strip, 0), ==, "?");
}

static void
test_fault (Fixture *f, gconstpointer data)
{
  const int guesses[3] = { 2, 2, 5 };
  float image[784];

  lw_predict_pane_set_state (f->pane, LW_PREDICT_READY);
  draw (f->pad, 0.3, 0.2, 0.3, 0.8);
  WAIT_UNTIL (f->asked == 1);
  lw_predict_pane_set_probabilities (f->pane, seven, FALSE);
  lw_predict_pane_set_test_guesses (f->pane, guesses);

  lw_predict_pane_set_state (f->pane, LW_PREDICT_FAULT);
  g_assert_false (lw_predict_pane_get_image (f->pane, image));
  g_assert_nonnull (find_text (GTK_WIDGET (f->pane), "No answer while the model has a fault."));
  g_assert_cmpstr (lw_probability_bars_get_text (f->bars, 7), ==, "—");
  g_assert_cmpstr (lw_test_strip_get_caption (f->strip, 0), ==, "?");
  lw_predict_pane_set_probabilities (f->pane, seven, FALSE);
  g_assert_cmpstr (lw_probability_bars_get_text (f->bars, 7), ==, "—");

  /* No model at all is nobody's fault. */
  lw_predict_pane_set_state (f->pane, LW_PREDICT_EMPTY);
  g_assert_false (lw_predict_pane_get_image (f->pane, image));
  g_assert_nonnull (find_text (GTK_WIDGET (f->pane), "No answer yet: the model has no layers."));
  g_assert_cmpuint (f->asked, ==, 1);

  /* The drawing is still there, and mending the model asks about it. */
  lw_predict_pane_set_state (f->pane, LW_PREDICT_READY);
  g_assert_cmpuint (f->asked, ==, 2);
  g_assert_true (lw_predict_pane_get_image (f->pane, image));
}

static void
test_not_a_number (Fixture *f, gconstpointer data)
{
  float broken[10];

  lw_test_strip_set_selected (f->strip, 0);
  for (int i = 0; i < 10; i++)
    broken[i] = i == 4 ? NAN : 0.1f;
  lw_predict_pane_set_probabilities (f->pane, broken, TRUE);
  g_assert_cmpstr (lw_probability_bars_get_text (f->bars, 0), ==, "—");
  g_assert_null (find_text (GTK_WIDGET (f->pane), "10.0\u202f% sure"));
}

/* From training the bars move; figures do not wait for them. */
static void
test_animation (Fixture *f, gconstpointer data)
{
  LwProbabilityRow *row = find_one (f->bars, LW_TYPE_PROBABILITY_ROW);
  float zero[10] = { 1 };

  lw_test_strip_set_selected (f->strip, 0);
  lw_predict_pane_set_probabilities (f->pane, zero, TRUE);
  g_assert_cmpstr (lw_probability_bars_get_text (f->bars, 0), ==, ">99.9\u202f%");
  g_assert_cmpfloat (lw_probability_row_get_fill (row), <, 1);
  WAIT_UNTIL (lw_probability_row_get_fill (row) == 1);

  lw_predict_pane_set_probabilities (f->pane, seven, FALSE);
  g_assert_cmpfloat (lw_probability_row_get_fill (row), ==, 0);

  g_object_set (gtk_settings_get_default (), "gtk-enable-animations", FALSE, NULL);
  lw_predict_pane_set_probabilities (f->pane, zero, TRUE);
  g_assert_cmpfloat (lw_probability_row_get_fill (row), ==, 1);
  g_object_set (gtk_settings_get_default (), "gtk-enable-animations", TRUE, NULL);
}

static void
test_folds (Fixture *f, gconstpointer data)
{
  guint8 pixels[20 * 784] = { 0 };
  GtkWidget *centre = find_one (f->pane, GTK_TYPE_SWITCH);
  guint visible;
  int width;

#define COUNT_TILES()                                                                    \
  G_STMT_START                                                                           \
  {                                                                                      \
    GtkWidget *tile = find_one (f->strip, LW_TYPE_TEST_TILE);                            \
    visible = 0;                                                                         \
    for (; tile != NULL; tile = gtk_widget_get_next_sibling (tile))                      \
      visible += gtk_widget_get_visible (tile);                                          \
  }                                                                                      \
  G_STMT_END

  lw_predict_pane_set_test_images (f->pane, pixels, NULL, NULL, 20);
  COUNT_TILES ();
  g_assert_cmpuint (visible, ==, 18);
  lw_test_strip_set_selected (f->strip, 17);
  g_assert_cmpint (lw_test_strip_get_selected (f->strip), ==, 17);
  gtk_widget_measure (GTK_WIDGET (f->pane), GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL,
                      NULL);
  g_assert_cmpint (width, <=, 312);

  g_object_set (f->pane, "compact", TRUE, "narrow", TRUE, NULL);
  COUNT_TILES ();
  g_assert_cmpuint (visible, ==, 10);
  g_assert_cmpint (lw_test_strip_get_selected (f->strip), ==, -1);
  g_assert_true (lw_probability_bars_get_compact (f->bars));
  g_assert_false (gtk_widget_is_visible (centre));
  g_assert_nonnull (find_text (GTK_WIDGET (f->pane), "28 × 28"));
  gtk_widget_measure (GTK_WIDGET (f->pane), GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL,
                      NULL);
  g_assert_cmpint (width, <=, 256);
  /* "Centre it" is still there, in the pad's menu. */
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (f->pad), "pad.centre", NULL));
  g_assert_false (lw_digit_pad_get_centre (f->pad));

  g_object_set (f->pane, "compact", FALSE, "narrow", FALSE, NULL);
  COUNT_TILES ();
  g_assert_cmpuint (visible, ==, 18);
  g_assert_true (gtk_widget_is_visible (centre));
#undef COUNT_TILES
}

static void
take_sentence (GtkWidget *widget, const char *sentence, char **copy)
{
  g_free (*copy);
  *copy = g_strdup (sentence);
}

static void
test_picture (Fixture *f, gconstpointer data)
{
  guint32 *pixels = g_new (guint32, 28 * 28);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GdkTexture) texture = NULL;
  g_autoptr (GFile) nowhere = g_file_new_for_path ("/nowhere/seven.png");
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autofree char *sentence = NULL;
  int fd;

  for (int i = 0; i < 28 * 28; i++)
    pixels[i] = i % 28 >= 12 && i % 28 < 16 && i / 28 >= 6 && i / 28 < 22 ? 0xff000000 : 0xffffffff;
  bytes = g_bytes_new_take (pixels, 28 * 28 * 4);
  texture = gdk_memory_texture_new (28, 28, GDK_MEMORY_DEFAULT, bytes, 28 * 4);
  g_signal_connect (f->pane, "failed", G_CALLBACK (take_sentence), &sentence);

  lw_digit_pad_set_centre (f->pad, FALSE);
  lw_digit_pad_set_texture (f->pad, texture);
  g_assert_cmpfloat_with_epsilon (ink_of (f), 4 * 16, 0.5);
  WAIT_UNTIL (f->asked > 0);
  lw_digit_pad_clear (f->pad);

  fd = g_file_open_tmp ("layerwise-XXXXXX.png", &path, &error);
  g_assert_no_error (error);
  g_close (fd, NULL);
  g_assert_true (gdk_texture_save_to_png (texture, path));
  file = g_file_new_for_path (path);
  lw_digit_pad_load_file (f->pad, file);
  WAIT_UNTIL (!lw_digit_pad_get_empty (f->pad));
  g_assert_cmpfloat_with_epsilon (ink_of (f), 4 * 16, 0.5);
  g_assert_null (sentence);

  lw_digit_pad_load_file (f->pad, nowhere);
  WAIT_UNTIL (sentence != NULL);
  g_assert_nonnull (strstr (sentence, "seven.png"));
  g_assert_false (lw_digit_pad_get_empty (f->pad));

  /* A stroke that comes before the file was read is the newer wish. */
  lw_digit_pad_clear (f->pad);
  lw_digit_pad_load_file (f->pad, file);
  draw (f->pad, 0.5, 0.5, 0.5, 0.55);
  settle (100);
  g_assert_cmpfloat (ink_of (f), <, 20);
  g_unlink (path);
}

static void
fail_parsing (GtkCssProvider *provider, GtkCssSection *section, GError *error, gpointer data)
{
  g_autofree char *place = gtk_css_section_to_string (section);

  g_test_message ("%s: %s", place, error->message);
  g_test_fail ();
}

/* The style sheet is read without a complaint, and the icons that Adwaita lacks are there. */
static void
test_resources (void)
{
  g_autoptr (GtkCssProvider) provider = gtk_css_provider_new ();
  GtkIconTheme *icons = gtk_icon_theme_get_for_display (gdk_display_get_default ());

  g_signal_connect (provider, "parsing-error", G_CALLBACK (fail_parsing), NULL);
  gtk_css_provider_load_from_resource (provider, "/io/github/layerwise/Layerwise/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (),
                                              GTK_STYLE_PROVIDER (provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
  gtk_icon_theme_add_resource_path (icons, "/io/github/layerwise/Layerwise/icons");
  g_assert_true (gtk_icon_theme_has_icon (icons, "lw-eraser-symbolic"));
  g_assert_true (gtk_icon_theme_has_icon (icons, "edit-undo-symbolic"));
  g_assert_true (gtk_icon_theme_has_icon (icons, "user-trash-symbolic"));
}

int
main (int argc, char **argv)
{
  g_setenv ("GTK_A11Y", "test", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();

  g_test_add_func ("/predict-pane/resources", test_resources);
#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)
  ADD ("/predict-pane/empty", test_empty);
  ADD ("/predict-pane/accessible", test_accessible);
  ADD ("/predict-pane/draw", test_draw);
  ADD ("/predict-pane/erase-and-clear", test_erase_and_clear);
  ADD ("/predict-pane/keyboard", test_keyboard);
  ADD ("/predict-pane/select", test_select);
  ADD ("/predict-pane/guesses", test_guesses);
  ADD ("/predict-pane/fault", test_fault);
  ADD ("/predict-pane/not-a-number", test_not_a_number);
  ADD ("/predict-pane/animation", test_animation);
  ADD ("/predict-pane/folds", test_folds);
  ADD ("/predict-pane/picture", test_picture);
#undef ADD

  return g_test_run ();
}
