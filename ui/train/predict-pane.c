#include "ui/train/predict-pane.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "ui/train/digit-pad.h"
#include "ui/train/digit-preview.h"
#include "ui/charts/chart-text.h"
#include "ui/train/number-text.h"
#include "ui/train/probability-bars.h"
#include "ui/train/test-strip.h"
#include "ui/ui-resources.h"

#define N_DIGITS 10

struct _LwPredictPane {
  GtkWidget          parent_instance;

  LwPredictState     state;
  gboolean           compact;
  gboolean           narrow;
  gboolean           answered;
  float              probabilities[N_DIGITS];

  /* template */
  GtkWidget         *content;
  GtkWidget         *clear_button;
  LwDigitPad        *pad;
  LwDigitPreview    *preview;
  GtkLabel          *preview_caption;
  GtkWidget         *centre_row;
  GtkStack          *answer;
  GtkLabel          *message;
  GtkWidget         *guess;
  GtkLabel          *guess_digit;
  GtkLabel          *guess_sure;
  GtkLabel          *guess_detail;
  LwProbabilityBars *bars;
  LwTestStrip       *strip;
};

enum {
  PROP_0,
  PROP_COMPACT,
  PROP_NARROW,
  N_PROPS
};

enum {
  IMAGE_CHANGED,
  FAILED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LwPredictPane, lw_predict_pane, GTK_TYPE_WIDGET)

static gboolean
image_shown (LwPredictPane *self, float out[LW_DIGIT_PIXELS])
{
  int selected = lw_test_strip_get_selected (self->strip);

  if (lw_test_strip_get_image (self->strip, selected, out, NULL, NULL))
    return TRUE;
  if (lw_digit_pad_get_empty (self->pad))
    return FALSE;
  lw_digit_pad_get_image (self->pad, out);
  return TRUE;
}

/* "Test image 1,226 · is 7", or NULL when no test digit is selected. */
static char *
test_image_text (LwPredictPane *self)
{
  g_autofree char *number = NULL;
  guint index;
  int label;

  if (!lw_test_strip_get_image (self->strip, lw_test_strip_get_selected (self->strip), NULL, &label,
                                &index))
    return NULL;
  number = lw_chart_format_count (index);
  if (label < 0)
    return g_strdup_printf (_("Test image %s"), number);
  return g_strdup_printf (_("Test image %s · is %d"), number, label);
}

static void
show_message (LwPredictPane *self, const char *text)
{
  gtk_label_set_text (self->message, text);
  gtk_stack_set_visible_child (self->answer, GTK_WIDGET (self->message));
}

static void
show_guess (LwPredictPane *self, const char *test_image)
{
  const float *p = self->probabilities;
  g_autofree char *sure = NULL, *next = NULL, *sure_line = NULL, *detail = NULL;
  int first = 0, second = -1;
  char digit[16];

  for (int i = 1; i < N_DIGITS; i++)
    if (p[i] > p[first])
      first = i;
  for (int i = 0; i < N_DIGITS; i++)
    if (i != first && (second < 0 || p[i] > p[second]))
      second = i;

  sure = lw_number_text_probability (p[first]);
  next = lw_number_text_probability (p[second]);
  /* TRANSLATORS: how sure the model is of its answer, "99.5 % sure". */
  sure_line = g_strdup_printf (_("%s sure"), sure);
  if (test_image != NULL)
    detail = g_strdup (test_image);
  else if (self->state == LW_PREDICT_UNTRAINED)
    detail = g_strdup (_("A guess: not trained yet"));
  else
    /* TRANSLATORS: the second guess, a digit and its probability: "then 9, 0.4 %". */
    detail = g_strdup_printf (_("then %d, %s"), second, next);
  g_snprintf (digit, sizeof digit, "%d", first);
  gtk_label_set_text (self->guess_digit, digit);
  gtk_label_set_text (self->guess_sure, sure_line);
  gtk_label_set_text (self->guess_detail, detail);
  gtk_stack_set_visible_child (self->answer, self->guess);
}

static gboolean
can_answer (LwPredictState state)
{
  return state == LW_PREDICT_UNTRAINED || state == LW_PREDICT_READY;
}

static void
update_answer (LwPredictPane *self)
{
  g_autofree char *test_image = test_image_text (self);

  if (self->state == LW_PREDICT_FAULT)
    show_message (self, _("No answer while the model has a fault."));
  else if (self->state == LW_PREDICT_EMPTY)
    show_message (self, _("No answer yet: the model has no layers."));
  else if (self->answered)
    show_guess (self, test_image);
  else if (test_image != NULL)
    show_message (self, test_image);
  else if (!lw_digit_pad_get_empty (self->pad))
    show_message (self, _("No answer yet."));
  else if (self->state == LW_PREDICT_UNTRAINED)
    show_message (self, _("Draw something. Before training the answer is a guess."));
  else
    show_message (self, _("Draw something, or choose a test digit."));
}

static void
image_changed (LwPredictPane *self)
{
  float image[LW_DIGIT_PIXELS];
  gboolean shown = image_shown (self, image);

  lw_digit_preview_set_image (self->preview, shown ? image : NULL);
  gtk_widget_set_sensitive (self->clear_button,
                            !lw_digit_pad_get_empty (self->pad)
                              || lw_test_strip_get_selected (self->strip) >= 0);
  if (!shown)
    lw_predict_pane_set_probabilities (self, NULL, FALSE);
  else
    update_answer (self);
  g_signal_emit (self, signals[IMAGE_CHANGED], 0);
}

/* Drawing takes the place of a selected test digit; the selection's handler then does the rest. */
static void
pad_changed (LwPredictPane *self)
{
  if (lw_test_strip_get_selected (self->strip) >= 0)
    lw_test_strip_set_selected (self->strip, -1);
  else
    image_changed (self);
}

static void
pad_failed (LwPredictPane *self, const char *sentence)
{
  g_signal_emit (self, signals[FAILED], 0, sentence);
}

static void
tile_selected (LwPredictPane *self)
{
  image_changed (self);
}

static void
undo_clicked (LwPredictPane *self)
{
  lw_digit_pad_undo (self->pad);
}

static void
clear_clicked (LwPredictPane *self)
{
  lw_test_strip_set_selected (self->strip, -1);
  lw_digit_pad_clear (self->pad);
}

static void
lw_predict_pane_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  LwPredictPane *self = LW_PREDICT_PANE (object);

  switch (id)
    {
    case PROP_COMPACT:
      g_value_set_boolean (value, self->compact);
      break;
    case PROP_NARROW:
      g_value_set_boolean (value, self->narrow);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_predict_pane_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  LwPredictPane *self = LW_PREDICT_PANE (object);

  switch (id)
    {
    case PROP_COMPACT:
      lw_predict_pane_set_compact (self, g_value_get_boolean (value));
      break;
    case PROP_NARROW:
      lw_predict_pane_set_narrow (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_predict_pane_dispose (GObject *object)
{
  LwPredictPane *self = LW_PREDICT_PANE (object);

  if (self->strip != NULL)
    g_signal_handlers_disconnect_by_data (self->strip, self);
  if (self->pad != NULL)
    g_signal_handlers_disconnect_by_data (self->pad, self);
  g_clear_pointer (&self->content, gtk_widget_unparent);

  G_OBJECT_CLASS (lw_predict_pane_parent_class)->dispose (object);
}

static void
lw_predict_pane_class_init (LwPredictPaneClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = lw_predict_pane_get_property;
  object_class->set_property = lw_predict_pane_set_property;
  object_class->dispose = lw_predict_pane_dispose;

  properties[PROP_COMPACT] = g_param_spec_boolean ("compact", NULL, NULL, FALSE, flags);
  properties[PROP_NARROW] = g_param_spec_boolean ("narrow", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[IMAGE_CHANGED] = g_signal_new ("image-changed", G_TYPE_FROM_CLASS (klass),
                                         G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[FAILED] = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                  0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);

  g_type_ensure (LW_TYPE_DIGIT_PAD);
  g_type_ensure (LW_TYPE_DIGIT_PREVIEW);
  g_type_ensure (LW_TYPE_PROBABILITY_BARS);
  g_type_ensure (LW_TYPE_TEST_STRIP);

  lw_ui_resources_ensure ();
  gtk_widget_class_set_template_from_resource (widget_class,
                                               LW_UI_RESOURCE_PREFIX "/train/predict-pane.ui");
  gtk_widget_class_bind_template_child (widget_class, LwPredictPane, content);
  gtk_widget_class_bind_template_child (widget_class, LwPredictPane, clear_button);
  gtk_widget_class_bind_template_child (widget_class, LwPredictPane, pad);
  gtk_widget_class_bind_template_child (widget_class, LwPredictPane, preview);
  gtk_widget_class_bind_template_child (widget_class, LwPredictPane, preview_caption);
  gtk_widget_class_bind_template_child (widget_class, LwPredictPane, centre_row);
  gtk_widget_class_bind_template_child (widget_class, LwPredictPane, answer);
  gtk_widget_class_bind_template_child (widget_class, LwPredictPane, message);
  gtk_widget_class_bind_template_child (widget_class, LwPredictPane, guess);
  gtk_widget_class_bind_template_child (widget_class, LwPredictPane, guess_digit);
  gtk_widget_class_bind_template_child (widget_class, LwPredictPane, guess_sure);
  gtk_widget_class_bind_template_child (widget_class, LwPredictPane, guess_detail);
  gtk_widget_class_bind_template_child (widget_class, LwPredictPane, bars);
  gtk_widget_class_bind_template_child (widget_class, LwPredictPane, strip);
  gtk_widget_class_bind_template_callback (widget_class, pad_changed);
  gtk_widget_class_bind_template_callback (widget_class, pad_failed);
  gtk_widget_class_bind_template_callback (widget_class, tile_selected);
  gtk_widget_class_bind_template_callback (widget_class, undo_clicked);
  gtk_widget_class_bind_template_callback (widget_class, clear_clicked);

  gtk_widget_class_set_css_name (widget_class, "predictpane");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
lw_predict_pane_init (LwPredictPane *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));

  lw_digit_preview_set_size (self->preview, 84, 106);
  gtk_widget_set_sensitive (self->clear_button, FALSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, _("Draw a digit"),
                                  -1);
  update_answer (self);
}

GtkWidget *
lw_predict_pane_new (void)
{
  return g_object_new (LW_TYPE_PREDICT_PANE, NULL);
}

gboolean
lw_predict_pane_get_image (LwPredictPane *self, float out[LW_DIGIT_PIXELS])
{
  g_return_val_if_fail (LW_IS_PREDICT_PANE (self), FALSE);
  g_return_val_if_fail (out != NULL, FALSE);

  return can_answer (self->state) && image_shown (self, out);
}

void
lw_predict_pane_set_probabilities (LwPredictPane *self,
                                   const float   *probabilities,
                                   gboolean       from_training)
{
  float image[LW_DIGIT_PIXELS];

  g_return_if_fail (LW_IS_PREDICT_PANE (self));

  if (probabilities != NULL && !lw_predict_pane_get_image (self, image))
    probabilities = NULL;
  for (int i = 0; probabilities != NULL && i < N_DIGITS; i++)
    if (!isfinite (probabilities[i]))
      probabilities = NULL;
  self->answered = probabilities != NULL;
  if (probabilities != NULL)
    memcpy (self->probabilities, probabilities, sizeof self->probabilities);
  lw_probability_bars_set_values (self->bars, probabilities, from_training);
  update_answer (self);
}

void
lw_predict_pane_set_test_images (LwPredictPane *self,
                                 const guint8  *pixels,
                                 const int     *labels,
                                 const guint   *indices,
                                 gsize          n)
{
  g_return_if_fail (LW_IS_PREDICT_PANE (self));

  lw_test_strip_set_images (self->strip, pixels, labels, indices, n);
}

void
lw_predict_pane_set_test_guesses (LwPredictPane *self, const int *guesses)
{
  g_return_if_fail (LW_IS_PREDICT_PANE (self));

  lw_test_strip_set_guesses (self->strip, guesses);
}

void
lw_predict_pane_set_note (LwPredictPane *self, const char *note)
{
  g_return_if_fail (LW_IS_PREDICT_PANE (self));

  lw_test_strip_set_note (self->strip, note);
}

void
lw_predict_pane_set_state (LwPredictPane *self, LwPredictState state)
{
  LwPredictState old;
  float image[LW_DIGIT_PIXELS];

  g_return_if_fail (LW_IS_PREDICT_PANE (self));

  old = self->state;
  if (old == state)
    return;
  self->state = state;
  if (!can_answer (state))
    {
      lw_predict_pane_set_probabilities (self, NULL, FALSE);
      lw_test_strip_set_guesses (self->strip, NULL);
    }
  else
    update_answer (self);
  if (!can_answer (old) && lw_predict_pane_get_image (self, image))
    g_signal_emit (self, signals[IMAGE_CHANGED], 0);
}

LwPredictState
lw_predict_pane_get_state (LwPredictPane *self)
{
  g_return_val_if_fail (LW_IS_PREDICT_PANE (self), LW_PREDICT_UNTRAINED);

  return self->state;
}

gboolean
lw_predict_pane_get_compact (LwPredictPane *self)
{
  g_return_val_if_fail (LW_IS_PREDICT_PANE (self), FALSE);

  return self->compact;
}

void
lw_predict_pane_set_compact (LwPredictPane *self, gboolean compact)
{
  g_return_if_fail (LW_IS_PREDICT_PANE (self));

  compact = !!compact;
  if (self->compact == compact)
    return;
  self->compact = compact;
  lw_probability_bars_set_compact (self->bars, compact);
  lw_test_strip_set_compact (self->strip, compact);
  gtk_widget_set_margin_top (GTK_WIDGET (self->strip), compact ? 6 : 18);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COMPACT]);
}

gboolean
lw_predict_pane_get_narrow (LwPredictPane *self)
{
  g_return_val_if_fail (LW_IS_PREDICT_PANE (self), FALSE);

  return self->narrow;
}

void
lw_predict_pane_set_narrow (LwPredictPane *self, gboolean narrow)
{
  g_return_if_fail (LW_IS_PREDICT_PANE (self));

  narrow = !!narrow;
  if (self->narrow == narrow)
    return;
  self->narrow = narrow;
  gtk_widget_set_visible (self->centre_row, !narrow);
  gtk_label_set_text (self->preview_caption, narrow ? _("28 × 28") : _("As the model sees it"));
  lw_test_strip_set_narrow (self->strip, narrow);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NARROW]);
}
