#include "ui/builder/cost-bar.h"

#include <math.h>

#define HEIGHT 3
#define OPACITY 0.6f

struct _LwCostBar {
  GtkWidget parent_instance;
  double    share;
};

G_DEFINE_FINAL_TYPE (LwCostBar, lw_cost_bar, GTK_TYPE_WIDGET)

static void
lw_cost_bar_snapshot (GtkWidget   *widget,
                      GtkSnapshot *snapshot)
{
  LwCostBar *self = LW_COST_BAR (widget);
  float width = (float) gtk_widget_get_width (widget);
  float height = (float) gtk_widget_get_height (widget);
  float length;
  GdkRGBA color;

  if (isnan (self->share) || self->share <= 0)
    return;

  length = MAX ((float) round (width * self->share), 1);
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  color.alpha *= OPACITY;
  if (gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL)
    gtk_snapshot_append_color (snapshot, &color,
                               &GRAPHENE_RECT_INIT (width - length, 0, length, height));
  else
    gtk_snapshot_append_color (snapshot, &color, &GRAPHENE_RECT_INIT (0, 0, length, height));
}

static void
lw_cost_bar_measure (GtkWidget      *widget,
                     GtkOrientation  orientation,
                     int             for_size,
                     int            *minimum,
                     int            *natural,
                     int            *minimum_baseline,
                     int            *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_VERTICAL ? HEIGHT : 0;
  *minimum_baseline = *natural_baseline = -1;
}

static void
lw_cost_bar_class_init (LwCostBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->snapshot = lw_cost_bar_snapshot;
  widget_class->measure = lw_cost_bar_measure;
  gtk_widget_class_set_css_name (widget_class, "costbar");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
lw_cost_bar_init (LwCostBar *self)
{
  self->share = NAN;
  gtk_widget_set_can_target (GTK_WIDGET (self), FALSE);
}

GtkWidget *
lw_cost_bar_new (void)
{
  return g_object_new (LW_TYPE_COST_BAR, NULL);
}

void
lw_cost_bar_set_share (LwCostBar *self,
                       double     share)
{
  g_return_if_fail (LW_IS_COST_BAR (self));

  self->share = share;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
