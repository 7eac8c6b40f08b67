#include "ui/train/probability-bars.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/train/probability-row.h"

#define N_ROWS 10
#define DURATION 120

struct _LwProbabilityBars {
  GtkWidget         parent_instance;

  LwProbabilityRow *rows[N_ROWS]; /* children */
  AdwAnimation     *animation;    /* owned */
  double            from[N_ROWS];
  double            to[N_ROWS];
  gboolean          compact;
};

enum {
  PROP_0,
  PROP_COMPACT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LwProbabilityBars, lw_probability_bars, GTK_TYPE_WIDGET)

static void
move_bars (double progress, gpointer user_data)
{
  LwProbabilityBars *self = user_data;

  for (int i = 0; i < N_ROWS; i++)
    lw_probability_row_set_fill (self->rows[i],
                                 self->from[i] + progress * (self->to[i] - self->from[i]));
}

static void
lw_probability_bars_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_COMPACT)
    g_value_set_boolean (value, LW_PROBABILITY_BARS (object)->compact);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
lw_probability_bars_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_COMPACT)
    lw_probability_bars_set_compact (LW_PROBABILITY_BARS (object), g_value_get_boolean (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
lw_probability_bars_dispose (GObject *object)
{
  LwProbabilityBars *self = LW_PROBABILITY_BARS (object);

  if (self->animation != NULL)
    adw_animation_reset (self->animation);
  g_clear_object (&self->animation);
  for (int i = 0; i < N_ROWS; i++)
    if (self->rows[i] != NULL)
      {
        gtk_widget_unparent (GTK_WIDGET (self->rows[i]));
        self->rows[i] = NULL;
      }

  G_OBJECT_CLASS (lw_probability_bars_parent_class)->dispose (object);
}

static void
lw_probability_bars_class_init (LwProbabilityBarsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = lw_probability_bars_get_property;
  object_class->set_property = lw_probability_bars_set_property;
  object_class->dispose = lw_probability_bars_dispose;

  properties[PROP_COMPACT] = g_param_spec_boolean ("compact", NULL, NULL, FALSE,
                                                   G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
                                                     | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_css_name (widget_class, "probabilitybars");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LIST);
}

static void
lw_probability_bars_init (LwProbabilityBars *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  AdwAnimationTarget *target;

  gtk_orientable_set_orientation (GTK_ORIENTABLE (gtk_widget_get_layout_manager (widget)),
                                  GTK_ORIENTATION_VERTICAL);
  for (int i = 0; i < N_ROWS; i++)
    {
      GtkWidget *row = lw_probability_row_new (i);

      self->rows[i] = LW_PROBABILITY_ROW (row);
      gtk_widget_set_parent (row, widget);
    }
  target = adw_callback_animation_target_new (move_bars, self, NULL);
  self->animation = adw_timed_animation_new (widget, 0, 1, DURATION, target);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, _("Probability of each digit"),
                                  -1);
}

GtkWidget *
lw_probability_bars_new (void)
{
  return g_object_new (LW_TYPE_PROBABILITY_BARS, NULL);
}

void
lw_probability_bars_set_values (LwProbabilityBars *self,
                                const float       *probabilities,
                                gboolean           animate)
{
  int first = 0;

  g_return_if_fail (LW_IS_PROBABILITY_BARS (self));

  for (int i = 0; probabilities != NULL && i < N_ROWS; i++)
    if (!isfinite (probabilities[i]))
      probabilities = NULL;
  for (int i = 0; probabilities != NULL && i < N_ROWS; i++)
    if (probabilities[i] > probabilities[first])
      first = i;

  for (int i = 0; i < N_ROWS; i++)
    {
      self->from[i] = lw_probability_row_get_fill (self->rows[i]);
      self->to[i] = probabilities != NULL ? CLAMP (probabilities[i], 0.0f, 1.0f) : 0.0;
      lw_probability_row_set (self->rows[i], probabilities != NULL ? probabilities[i] : NAN,
                              probabilities != NULL && i == first);
    }
  if (animate && gtk_widget_get_mapped (GTK_WIDGET (self)))
    {
      adw_animation_reset (self->animation);
      adw_animation_play (self->animation);
    }
  else
    {
      adw_animation_pause (self->animation);
      move_bars (1.0, self);
    }
}

const char *
lw_probability_bars_get_text (LwProbabilityBars *self, int digit)
{
  g_return_val_if_fail (LW_IS_PROBABILITY_BARS (self), NULL);
  g_return_val_if_fail (digit >= 0 && digit < N_ROWS, NULL);

  return lw_probability_row_get_text (self->rows[digit]);
}

gboolean
lw_probability_bars_get_compact (LwProbabilityBars *self)
{
  g_return_val_if_fail (LW_IS_PROBABILITY_BARS (self), FALSE);

  return self->compact;
}

void
lw_probability_bars_set_compact (LwProbabilityBars *self, gboolean compact)
{
  g_return_if_fail (LW_IS_PROBABILITY_BARS (self));

  compact = !!compact;
  if (self->compact == compact)
    return;
  self->compact = compact;
  for (int i = 0; i < N_ROWS; i++)
    lw_probability_row_set_compact (self->rows[i], compact);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COMPACT]);
}
