#include "ui/train/probability-row.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/train/number-text.h"

#define HEIGHT 19
#define HEIGHT_COMPACT 15
#define BAR_HEIGHT 9
#define GAP 6

struct _LwProbabilityRow {
  GtkWidget    parent_instance;

  int          digit;
  char        *text;
  gboolean     first;
  gboolean     compact;
  double       fill;

  /* Made on demand, dropped when the style changes. */
  PangoLayout *digit_layout;
  PangoLayout *text_layout;
  int          digit_width;
  int          text_width; /* of the widest percentage */
  int          text_height;
};

G_DEFINE_FINAL_TYPE (LwProbabilityRow, lw_probability_row, GTK_TYPE_WIDGET)

static void
set_bold (PangoLayout *layout, gboolean bold)
{
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

  /* Figures of one width, so that the column stays still while the values change. */
  pango_attr_list_insert (attributes, pango_attr_font_features_new ("tnum=1"));
  if (bold)
    pango_attr_list_insert (attributes, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
  pango_layout_set_attributes (layout, attributes);
}

static void
ensure_layouts (LwProbabilityRow *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  g_autoptr (PangoLayout) widest = NULL;
  g_autofree char *highest = NULL;
  char digit[16];

  if (self->text_layout != NULL)
    return;
  highest = lw_number_text_probability (1.0);
  widest = gtk_widget_create_pango_layout (widget, highest);
  set_bold (widest, TRUE);
  pango_layout_get_pixel_size (widest, &self->text_width, &self->text_height);
  pango_layout_set_text (widest, "0", -1);
  pango_layout_get_pixel_size (widest, &self->digit_width, NULL);

  g_snprintf (digit, sizeof digit, "%d", self->digit);
  self->digit_layout = gtk_widget_create_pango_layout (widget, digit);
  set_bold (self->digit_layout, self->first);
  self->text_layout = gtk_widget_create_pango_layout (widget, self->text);
  set_bold (self->text_layout, self->first);
}

static void
drop_layouts (LwProbabilityRow *self)
{
  g_clear_object (&self->digit_layout);
  g_clear_object (&self->text_layout);
}

static void
lw_probability_row_measure (GtkWidget      *widget,
                            GtkOrientation  orientation,
                            int             for_size,
                            int            *minimum,
                            int            *natural,
                            int            *minimum_baseline,
                            int            *natural_baseline)
{
  LwProbabilityRow *self = LW_PROBABILITY_ROW (widget);

  ensure_layouts (self);
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = self->digit_width + self->text_width + 3 * GAP + 60;
      *natural = *minimum + 100;
    }
  else if (self->compact)
    /* Figures do not use the room that a line of text has above and below. */
    *minimum = *natural = MAX (HEIGHT_COMPACT, (int) (0.8 * self->text_height));
  else
    *minimum = *natural = MAX (HEIGHT, self->text_height);
}

static void
append_text (GtkSnapshot   *snapshot,
             PangoLayout   *layout,
             double         x,
             double         height,
             const GdkRGBA *color)
{
  int text_height;
  double y;

  pango_layout_get_pixel_size (layout, NULL, &text_height);
  gtk_snapshot_save (snapshot);
  y = floor (0.5 * (height - text_height));
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float) x, (float) y));
  gtk_snapshot_append_layout (snapshot, layout, color);
  gtk_snapshot_restore (snapshot);
}

static void
lw_probability_row_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  LwProbabilityRow *self = LW_PROBABILITY_ROW (widget);
  GtkStyleContext *style = gtk_widget_get_style_context (widget);
  double width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  gboolean mirrored = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  double bar_x, bar_width, fill_width;
  GskRoundedRect bar;
  GdkRGBA color, soft, fill;
  int text_width;

  ensure_layouts (self);
  gtk_style_context_get_color (style, &color);
  soft = color;
  soft.alpha *= self->first ? 1.0f : 0.72f;
  pango_layout_get_pixel_size (self->text_layout, &text_width, NULL);
  bar_x = self->digit_width + 1.5 * GAP;
  bar_width = MAX (0, width - bar_x - 1.5 * GAP - self->text_width);
  append_text (snapshot, self->digit_layout, mirrored ? width - self->digit_width : 0, height,
               &color);
  append_text (snapshot, self->text_layout, mirrored ? 0 : width - text_width, height, &soft);

  if (mirrored)
    bar_x = 1.5 * GAP + self->text_width;
  gsk_rounded_rect_init_from_rect (&bar,
                                   &GRAPHENE_RECT_INIT ((float) bar_x,
                                                        (float) floor (0.5 * (height - BAR_HEIGHT)),
                                                        (float) bar_width, BAR_HEIGHT),
                                   0.5f * BAR_HEIGHT);
  gtk_snapshot_push_rounded_clip (snapshot, &bar);
  soft = color;
  soft.alpha *= 0.15f;
  gtk_snapshot_append_color (snapshot, &soft, &bar.bounds);

  /* What is written as more than 0.0 can also be seen. */
  fill_width = self->fill < 0.0005 ? 0 : MAX (3.0, self->fill * bar_width);
  gdk_rgba_parse (&fill, adw_style_manager_get_dark (adw_style_manager_get_default ()) ? "#4f84bd"
                                                                                      : "#5a8fc8");
  if (self->first)
    gtk_style_context_lookup_color (style, "accent_bg_color", &fill);
  if (fill_width > 0)
    {
      graphene_rect_t filled = bar.bounds;

      filled.size.width = (float) fill_width;
      if (mirrored)
        filled.origin.x += (float) (bar_width - fill_width);
      if (fill_width > BAR_HEIGHT)
        {
          GskRoundedRect end;

          gsk_rounded_rect_init_from_rect (&end, &filled, 0.5f * BAR_HEIGHT);
          gtk_snapshot_push_rounded_clip (snapshot, &end);
          gtk_snapshot_append_color (snapshot, &fill, &filled);
          gtk_snapshot_pop (snapshot);
        }
      else
        gtk_snapshot_append_color (snapshot, &fill, &filled);
    }
  gtk_snapshot_pop (snapshot);
}

static void
lw_probability_row_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (lw_probability_row_parent_class)->css_changed (widget, change);

  drop_layouts (LW_PROBABILITY_ROW (widget));
  gtk_widget_queue_resize (widget);
}

static void
lw_probability_row_system_setting_changed (GtkWidget *widget, GtkSystemSetting setting)
{
  GTK_WIDGET_CLASS (lw_probability_row_parent_class)->system_setting_changed (widget, setting);

  drop_layouts (LW_PROBABILITY_ROW (widget));
  gtk_widget_queue_resize (widget);
}

static void
lw_probability_row_finalize (GObject *object)
{
  LwProbabilityRow *self = LW_PROBABILITY_ROW (object);

  drop_layouts (self);
  g_free (self->text);

  G_OBJECT_CLASS (lw_probability_row_parent_class)->finalize (object);
}

static void
lw_probability_row_class_init (LwProbabilityRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->finalize = lw_probability_row_finalize;
  widget_class->measure = lw_probability_row_measure;
  widget_class->snapshot = lw_probability_row_snapshot;
  widget_class->css_changed = lw_probability_row_css_changed;
  widget_class->system_setting_changed = lw_probability_row_system_setting_changed;

  gtk_widget_class_set_css_name (widget_class, "probability");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
}

static void
lw_probability_row_init (LwProbabilityRow *self)
{
  gtk_widget_add_css_class (GTK_WIDGET (self), "caption");
  gtk_widget_add_css_class (GTK_WIDGET (self), "numeric");
}

static void
tell (LwProbabilityRow *self)
{
  /* TRANSLATORS: a digit and its probability, "7: 99.5 %", for a screen reader. */
  g_autofree char *label = g_strdup_printf (_("%d: %s"), self->digit, self->text);

  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

GtkWidget *
lw_probability_row_new (int digit)
{
  LwProbabilityRow *self = g_object_new (LW_TYPE_PROBABILITY_ROW, NULL);

  self->digit = digit;
  self->text = lw_number_text_probability (NAN);
  tell (self);
  return GTK_WIDGET (self);
}

void
lw_probability_row_set (LwProbabilityRow *self, double probability, gboolean first)
{
  g_autofree char *text = NULL;

  g_return_if_fail (LW_IS_PROBABILITY_ROW (self));

  first = !!first;
  text = lw_number_text_probability (probability);
  if (self->first != first)
    {
      self->first = first;
      if (self->text_layout != NULL)
        {
          set_bold (self->digit_layout, first);
          set_bold (self->text_layout, first);
        }
      gtk_widget_queue_draw (GTK_WIDGET (self));
    }
  if (!g_str_equal (self->text, text))
    {
      g_free (self->text);
      self->text = g_steal_pointer (&text);
      if (self->text_layout != NULL)
        pango_layout_set_text (self->text_layout, self->text, -1);
      tell (self);
      gtk_widget_queue_draw (GTK_WIDGET (self));
    }
}

void
lw_probability_row_set_fill (LwProbabilityRow *self, double fill)
{
  g_return_if_fail (LW_IS_PROBABILITY_ROW (self));

  fill = isfinite (fill) ? CLAMP (fill, 0.0, 1.0) : 0.0;
  if (self->fill == fill)
    return;
  self->fill = fill;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

double
lw_probability_row_get_fill (LwProbabilityRow *self)
{
  g_return_val_if_fail (LW_IS_PROBABILITY_ROW (self), 0.0);

  return self->fill;
}

void
lw_probability_row_set_compact (LwProbabilityRow *self, gboolean compact)
{
  g_return_if_fail (LW_IS_PROBABILITY_ROW (self));

  self->compact = !!compact;
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

const char *
lw_probability_row_get_text (LwProbabilityRow *self)
{
  g_return_val_if_fail (LW_IS_PROBABILITY_ROW (self), NULL);

  return self->text;
}
