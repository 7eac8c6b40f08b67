#include "ui/train/run-swatch.h"

#include <adwaita.h>

#include "ui/charts/chart-widget-style.h"

#define WIDTH 28
#define HEIGHT 14

struct _LwRunSwatch {
  GtkWidget parent_instance;

  guint slot;
  double factor;
};

enum {
  PROP_0,
  PROP_SLOT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LwRunSwatch, lw_run_swatch, GTK_TYPE_WIDGET)

static void
lw_run_swatch_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                       int *natural, int *minimum_baseline, int *natural_baseline)
{
  int size = orientation == GTK_ORIENTATION_HORIZONTAL ? WIDTH : HEIGHT;

  *minimum = *natural = (int) (size * LW_RUN_SWATCH (widget)->factor);
  *minimum_baseline = *natural_baseline = -1;
}

static void
lw_run_swatch_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  LwRunSwatch *self = LW_RUN_SWATCH (widget);
  graphene_rect_t bounds = GRAPHENE_RECT_INIT (0, 0, gtk_widget_get_width (widget),
                                               gtk_widget_get_height (widget));
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &bounds);
  LwChartStyle style;

  lw_chart_style_init_for_widget (&style, widget, 1);
  /* The swatch keeps its size in a larger font, or it would outgrow its row. */
  style.factor = self->factor / lw_chart_style_scale (&style);
  lw_chart_swatch (cr, &style, self->slot, 0, bounds.size.height / 2, bounds.size.width);
  cairo_destroy (cr);
}

static void
lw_run_swatch_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (lw_run_swatch_parent_class)->css_changed (widget, change);
  gtk_widget_queue_draw (widget);
}

static void
lw_run_swatch_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_SLOT)
    g_value_set_uint (value, LW_RUN_SWATCH (object)->slot);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
lw_run_swatch_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_SLOT)
    {
      LW_RUN_SWATCH (object)->slot = g_value_get_uint (value);
      gtk_widget_queue_draw (GTK_WIDGET (object));
    }
  else
    {
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
lw_run_swatch_class_init (LwRunSwatchClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = lw_run_swatch_get_property;
  object_class->set_property = lw_run_swatch_set_property;
  widget_class->measure = lw_run_swatch_measure;
  widget_class->snapshot = lw_run_swatch_snapshot;
  widget_class->css_changed = lw_run_swatch_css_changed;

  properties[PROP_SLOT] = g_param_spec_uint ("slot", NULL, NULL, 0, G_MAXUINT, 0,
                                             G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_css_name (widget_class, "runswatch");
  /* The name beside it says the same. */
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
lw_run_swatch_init (LwRunSwatch *self)
{
  self->factor = 1;
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
}

GtkWidget *
lw_run_swatch_new (void)
{
  return g_object_new (LW_TYPE_RUN_SWATCH, NULL);
}

void
lw_run_swatch_set_factor (LwRunSwatch *self, double factor)
{
  g_return_if_fail (LW_IS_RUN_SWATCH (self));
  g_return_if_fail (factor > 0);

  if (self->factor == factor)
    return;
  self->factor = factor;
  gtk_widget_queue_resize (GTK_WIDGET (self));
}
