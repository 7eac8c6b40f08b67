#include "ui/builder/number-spin.h"

#include "ui/charts/chart-text.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

/* A spin button knows only even steps. Where ours are not even, its increments are these tiny
 * marks: a change by exactly a mark tells that a button or an arrow key asked for the next value,
 * and which way. The value itself stays the real one, so that assistive tools read and set what is
 * shown. */
#define STEP_MARK 1.2345e-9
#define PAGE_MARK 3.4567e-9

/* A pair lives in one number as height + width / PAIR_SCALE. A whole number alone is a square. */
#define PAIR_SCALE 1e6

struct _LwNumberSpin {
  GtkWidget     parent_instance;

  LwNumberRange range;
  char         *low_word;
  char         *high_word;
  double        value;
  gboolean      updating;

  GtkWidget    *button;
};

G_DEFINE_FINAL_TYPE (LwNumberSpin, lw_number_spin, GTK_TYPE_WIDGET)

enum {
  EDITED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static double
pair_to_double (gint64 height, gint64 width)
{
  if (height <= 0 || width <= 0)
    return 0;

  return (double) height + (double) width / PAIR_SCALE;
}

static void
double_to_pair (double value, gint64 pair[2])
{
  pair[0] = (gint64) floor (value + 0.5 / PAIR_SCALE);
  pair[1] = (gint64) round ((value - (double) pair[0]) * PAIR_SCALE);
  if (pair[1] <= 0)
    pair[1] = pair[0];
}

char *
lw_number_spin_format (double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  const char *exponent;
  int power;

  g_ascii_formatd (buffer, sizeof buffer, "%.6g", value);
  exponent = strchr (buffer, 'e');
  if (exponent == NULL)
    return g_strdup (buffer);

  power = atoi (exponent + 1);
  return g_strdup_printf ("%.*se%d", (int) (exponent - buffer), buffer, power);
}

static char *
number_to_text (LwNumberSpin *self,
                double        value)
{
  gint64 pair[2];

  if (self->low_word != NULL && value <= self->range.minimum)
    return g_strdup (self->low_word);
  if (self->high_word != NULL && value >= self->range.maximum)
    return g_strdup (self->high_word);

  if (self->range.step == LW_NUMBER_STEP_PAIR)
    {
      double_to_pair (value, pair);
      return g_strdup_printf ("%" G_GINT64_FORMAT " × %" G_GINT64_FORMAT, pair[0], pair[1]);
    }

  if (self->range.whole && value >= 0)
    return lw_chart_format_count ((guint64) llround (value));
  if (self->range.whole)
    return g_strdup_printf ("%.0f", value);

  return lw_number_spin_format (value);
}

/* One number, or a quotient such as 1/255, up to `*end`. */
static gboolean
parse_real (const char  *text,
            double      *value,
            const char **end)
{
  char *stop;
  double divisor;

  *value = g_ascii_strtod (text, &stop);
  if (stop == text)
    return FALSE;

  while (g_ascii_isspace (*stop))
    stop++;
  if (*stop == '/')
    {
      text = stop + 1;
      divisor = g_ascii_strtod (text, &stop);
      if (stop == text || divisor == 0)
        return FALSE;
      *value /= divisor;
    }

  *end = stop;
  return isfinite (*value);
}

static gboolean
is_word (const char *text,
         const char *word)
{
  g_autofree char *a = NULL;
  g_autofree char *b = NULL;

  if (word == NULL)
    return FALSE;

  a = g_utf8_casefold (text, -1);
  b = g_utf8_casefold (word, -1);
  return strcmp (a, b) == 0;
}

static gboolean
text_to_number (LwNumberSpin *self,
                const char   *text,
                double       *value)
{
  g_autoptr (GString) plain = g_string_new (text);
  const char *rest;
  double height, width;

  g_string_replace (plain, "−", "-", 0);
  g_string_replace (plain, "×", "x", 0);
  g_string_replace (plain, "X", "x", 0);
  /* A comma parts thousands in what we write; in a fraction it is somebody's decimal point. */
  g_string_replace (plain, ",", self->range.whole ? "" : ".", 0);
  g_strstrip (plain->str);

  if (is_word (plain->str, self->low_word) || is_word (plain->str, "none"))
    {
      *value = self->range.minimum;
      return self->low_word != NULL;
    }
  if (is_word (plain->str, self->high_word))
    {
      *value = self->range.maximum;
      return TRUE;
    }

  if (!parse_real (plain->str, &height, &rest))
    return FALSE;

  if (self->range.step == LW_NUMBER_STEP_PAIR)
    {
      width = height;
      if (*rest == 'x' && !parse_real (rest + 1, &width, &rest))
        return FALSE;
      if (*rest != '\0')
        return FALSE;
      height = CLAMP (round (height), self->range.minimum, self->range.maximum);
      width = CLAMP (round (width), self->range.minimum, self->range.maximum);
      *value = pair_to_double ((gint64) height, (gint64) width);
      return TRUE;
    }

  if (*rest != '\0')
    return FALSE;
  *value = CLAMP (self->range.whole ? round (height) : height, self->range.minimum,
                  self->range.maximum);
  return TRUE;
}

/* The next of 1, 2, 5, 10, … after or before `value`. */
static double
next_in_decade (LwNumberSpin *self,
                double        value,
                int           direction)
{
  static const double up[] = { 1, 2, 5, 10 };
  static const double down[] = { 5, 2, 1, 0.5 };
  g_autofree char *text = NULL;
  double mantissa, next = 0;
  int power;

  if (value < self->range.smallest * (1 - 1e-9) ||
      (direction < 0 && value <= self->range.smallest * (1 + 1e-9)))
    return direction > 0 ? self->range.smallest : self->range.minimum;

  power = (int) floor (log10 (value) + 1e-9);
  mantissa = value / pow (10, power);
  for (guint i = 0; i < G_N_ELEMENTS (up); i++)
    {
      next = direction > 0 ? up[i] : down[i];
      if (direction > 0 ? next > mantissa * (1 + 1e-9) : next < mantissa * (1 - 1e-9))
        break;
    }

  /* Through text: 5e-4 is then the same double as one typed. */
  text = g_strdup_printf ("%.0fe%d", next * 10, power - 1);
  return g_ascii_strtod (text, NULL);
}

static double
next_value (LwNumberSpin *self,
            double        value,
            int           direction)
{
  gint64 pair[2], limit = (gint64) self->range.maximum;

  switch (self->range.step)
    {
    case LW_NUMBER_STEP_PAIR:
      double_to_pair (value, pair);
      if (direction < 0 && MIN (pair[0], pair[1]) <= 1)
        return MAX (pair[0], pair[1]) <= 1 && self->range.minimum < 1
                 ? 0
                 : pair_to_double (MAX (pair[0] - 1, 1), MAX (pair[1] - 1, 1));
      return pair_to_double (MIN (pair[0] + direction, limit), MIN (pair[1] + direction, limit));

    case LW_NUMBER_STEP_DECADES:
      return next_in_decade (self, value, direction);

    case LW_NUMBER_STEP_DOUBLING:
      if (direction > 0)
        return value < 1 ? 1 : exp2 (floor (log2 (value) + 1e-9) + 1);
      return value <= 1 ? 0 : exp2 (ceil (log2 (value) - 1e-9) - 1);

    case LW_NUMBER_STEP_EVEN:
      return value + direction * self->range.increment;

    default:
      g_return_val_if_reached (value);
    }
}

static gboolean
is_mark (double change,
         double mark)
{
  return fabs (change - mark) < mark * 0.02;
}

static gboolean
is_step (double change,
         double step)
{
  return fabs (change - step) < step * 1e-9;
}

static void
on_value_changed (GtkSpinButton *button,
                  LwNumberSpin  *self)
{
  double value = gtk_spin_button_get_value (button);
  double change = fabs (value - self->value);
  int direction = value > self->value ? 1 : -1;

  /* The button also tells of changes that are none, when it restores its text. */
  if (self->updating || change == 0)
    {
      self->value = value;
      return;
    }

  if (self->range.step != LW_NUMBER_STEP_EVEN &&
      (is_mark (change, STEP_MARK) || is_mark (change, PAGE_MARK)))
    {
      int steps = is_mark (change, PAGE_MARK) ? 3 : 1;

      value = self->value;
      for (int i = 0; i < steps; i++)
        value = CLAMP (next_value (self, value, direction), self->range.minimum,
                       self->range.step == LW_NUMBER_STEP_PAIR ? G_MAXDOUBLE : self->range.maximum);

      self->updating = TRUE;
      gtk_adjustment_set_value (gtk_spin_button_get_adjustment (button), value);
      self->updating = FALSE;
      value = gtk_spin_button_get_value (button);
    }
  else if (self->range.step == LW_NUMBER_STEP_EVEN && self->range.increment < 1)
    {
      /* Sums of 0.05 pick up dust (0.15000000000000002); nobody means it. What was typed is meant. */
      if (is_step (change, self->range.increment) || is_step (change, self->range.increment * 10))
        value = round (value * 1e9) / 1e9;
    }

  self->value = value;
  g_signal_emit (self, signals[EDITED], 0);
}

static gboolean
on_output (GtkSpinButton *button,
           LwNumberSpin  *self)
{
  g_autofree char *text = number_to_text (self, gtk_spin_button_get_value (button));

  if (g_strcmp0 (text, gtk_editable_get_text (GTK_EDITABLE (button))) != 0)
    gtk_editable_set_text (GTK_EDITABLE (button), text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button),
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, text, -1);
  return TRUE;
}

static int
on_input (GtkSpinButton *button,
          double        *value,
          LwNumberSpin  *self)
{
  g_autofree char *shown = number_to_text (self, gtk_spin_button_get_value (button));
  const char *text = gtk_editable_get_text (GTK_EDITABLE (button));

  /* What is shown is rounded: leaving the field untouched must not round the value. */
  if (strcmp (text, shown) == 0)
    {
      *value = gtk_spin_button_get_value (button);
      return TRUE;
    }

  return text_to_number (self, text, value) ? TRUE : GTK_INPUT_ERROR;
}

/* Scrolling the list with the pointer over a spin button must scroll the list. */
static void
disable_scrolling (GtkWidget *button)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (button);

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

      if (GTK_IS_EVENT_CONTROLLER_SCROLL (controller))
        gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_NONE);
    }
}

static void
lw_number_spin_dispose (GObject *object)
{
  LwNumberSpin *self = LW_NUMBER_SPIN (object);

  g_clear_pointer (&self->button, gtk_widget_unparent);
  G_OBJECT_CLASS (lw_number_spin_parent_class)->dispose (object);
}

static void
lw_number_spin_finalize (GObject *object)
{
  LwNumberSpin *self = LW_NUMBER_SPIN (object);

  g_free (self->low_word);
  g_free (self->high_word);
  G_OBJECT_CLASS (lw_number_spin_parent_class)->finalize (object);
}

static gboolean
lw_number_spin_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (LW_NUMBER_SPIN (widget)->button);
}

static void
lw_number_spin_class_init (LwNumberSpinClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = lw_number_spin_dispose;
  object_class->finalize = lw_number_spin_finalize;
  widget_class->grab_focus = lw_number_spin_grab_focus;

  signals[EDITED] = g_signal_new ("edited", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "numberspin");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GENERIC);
}

static void
lw_number_spin_init (LwNumberSpin *self)
{
}

GtkWidget *
lw_number_spin_new (const LwNumberRange *range)
{
  LwNumberSpin *self = g_object_new (LW_TYPE_NUMBER_SPIN, NULL);
  gboolean even = range->step == LW_NUMBER_STEP_EVEN;
  double upper = range->maximum;
  GtkAdjustment *adjustment;

  self->range = *range;
  self->low_word = g_strdup (range->low_word);
  self->high_word = g_strdup (range->high_word);
  self->range.low_word = self->range.high_word = NULL;
  self->range.whole |= range->step == LW_NUMBER_STEP_PAIR;
  if (range->step == LW_NUMBER_STEP_PAIR)
    upper = pair_to_double ((gint64) upper, (gint64) upper);

  adjustment = gtk_adjustment_new (range->minimum, range->minimum, upper,
                                   even ? range->increment : STEP_MARK,
                                   even ? range->increment * 10 : PAGE_MARK, 0);
  self->value = range->minimum;

  self->button = gtk_spin_button_new (adjustment, even && range->whole ? 0.5 : 0, 0);
  gtk_spin_button_set_update_policy (GTK_SPIN_BUTTON (self->button), GTK_UPDATE_IF_VALID);
  gtk_editable_set_width_chars (GTK_EDITABLE (self->button), 5);
  gtk_editable_set_max_width_chars (GTK_EDITABLE (self->button), 8);
  gtk_widget_add_css_class (self->button, "numeric");
  gtk_widget_set_parent (self->button, GTK_WIDGET (self));
  disable_scrolling (self->button);

  g_signal_connect (self->button, "input", G_CALLBACK (on_input), self);
  g_signal_connect (self->button, "output", G_CALLBACK (on_output), self);
  g_signal_connect (self->button, "value-changed", G_CALLBACK (on_value_changed), self);
  on_output (GTK_SPIN_BUTTON (self->button), self);

  return GTK_WIDGET (self);
}

void
lw_number_spin_set_value (LwNumberSpin *self,
                          double        value)
{
  g_return_if_fail (LW_IS_NUMBER_SPIN (self));

  if (self->value == value)
    return;

  self->updating = TRUE;
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (self->button), value);
  self->updating = FALSE;
}

void
lw_number_spin_set_pair (LwNumberSpin *self,
                         const gint64  pair[2])
{
  lw_number_spin_set_value (self, pair_to_double (pair[0], pair[1]));
}

double
lw_number_spin_get_value (LwNumberSpin *self)
{
  g_return_val_if_fail (LW_IS_NUMBER_SPIN (self), 0);

  return self->value;
}

void
lw_number_spin_get_pair (LwNumberSpin *self,
                         gint64        pair[2])
{
  g_return_if_fail (LW_IS_NUMBER_SPIN (self));

  double_to_pair (self->value, pair);
}

GtkWidget *
lw_number_spin_get_button (LwNumberSpin *self)
{
  g_return_val_if_fail (LW_IS_NUMBER_SPIN (self), NULL);

  return self->button;
}
