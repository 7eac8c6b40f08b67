#include "ui/train/status-line.h"

#include <math.h>

#include "ui/ui-resources.h"

#define NAME_INTERVAL 2 /* seconds; a screen reader cannot follow every frame */
#define WIDTH_STEP 24

struct _LwStatusLine {
  GtkWidget parent_instance;

  guint name_id;
  int reserved; /* width of the widest sentence since the bar came */

  GtkWidget *box;
  GtkWidget *icon;
  GtkLabel *text;
  GtkProgressBar *bar;
  GtkLabel *detail;
  GtkWidget *button;
  GtkImage *button_icon;
  GtkLabel *button_label;
  GtkMenuButton *more;
};

G_DEFINE_FINAL_TYPE (LwStatusLine, lw_status_line, GTK_TYPE_WIDGET)

static void
update_name (LwStatusLine *self)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  gtk_label_get_text (self->text), -1);
}

static gboolean
on_name_timeout (gpointer user_data)
{
  LwStatusLine *self = user_data;

  self->name_id = 0;
  update_name (self);
  return G_SOURCE_REMOVE;
}

/* The bar begins where the sentence ends: it must not tremble with the figures. So the sentence's
 * room only grows, by whole steps, until the bar goes; but not beyond half of the line. */
static void
reserve_width (LwStatusLine *self)
{
  int width = -1;

  if (gtk_widget_get_visible (GTK_WIDGET (self->bar)))
    {
      pango_layout_get_pixel_size (gtk_label_get_layout (self->text), &width, NULL);
      width = (width + WIDTH_STEP - 1) / WIDTH_STEP * WIDTH_STEP;
      width = MAX (width, self->reserved);
      width = MIN (width, gtk_widget_get_width (GTK_WIDGET (self)) / 2);
    }
  if (width == self->reserved)
    return;
  self->reserved = width;
  gtk_widget_set_size_request (GTK_WIDGET (self->text), width, -1);
}

/* The whole sentence, where there was no room for it. */
static gboolean
on_query_tooltip (LwStatusLine *self, int x, int y, gboolean keyboard_mode, GtkTooltip *tooltip)
{
  if (!pango_layout_is_ellipsized (gtk_label_get_layout (self->text)))
    return FALSE;
  gtk_tooltip_set_text (tooltip, gtk_label_get_text (self->text));
  return TRUE;
}

void
lw_status_line_set_text (LwStatusLine *self, const char *text)
{
  g_return_if_fail (LW_IS_STATUS_LINE (self));

  if (g_strcmp0 (gtk_label_get_text (self->text), text) == 0)
    return;
  gtk_label_set_text (self->text, text);
  reserve_width (self);

  if (!gtk_widget_get_visible (GTK_WIDGET (self->bar)))
    {
      g_clear_handle_id (&self->name_id, g_source_remove);
      update_name (self);
    }
  else if (self->name_id == 0)
    {
      self->name_id = g_timeout_add_seconds (NAME_INTERVAL, on_name_timeout, self);
    }
}

const char *
lw_status_line_get_text (LwStatusLine *self)
{
  g_return_val_if_fail (LW_IS_STATUS_LINE (self), NULL);

  return gtk_label_get_text (self->text);
}

void
lw_status_line_set_fraction (LwStatusLine *self, double fraction)
{
  gboolean shown = fraction >= 0;

  g_return_if_fail (LW_IS_STATUS_LINE (self));

  if (shown)
    gtk_progress_bar_set_fraction (self->bar, MIN (fraction, 1));
  if (shown == gtk_widget_get_visible (GTK_WIDGET (self->bar)))
    return;
  gtk_widget_set_visible (GTK_WIDGET (self->bar), shown);
  gtk_widget_set_hexpand (GTK_WIDGET (self->text), !shown);
  reserve_width (self);
}

void
lw_status_line_set_detail (LwStatusLine *self, const char *detail)
{
  g_return_if_fail (LW_IS_STATUS_LINE (self));

  gtk_label_set_text (self->detail, detail != NULL ? detail : "");
  gtk_widget_set_visible (GTK_WIDGET (self->detail), detail != NULL);
  if (detail != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self), "detailed");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "detailed");
}

void
lw_status_line_set_severity (LwStatusLine *self, LwStatusSeverity severity)
{
  g_return_if_fail (LW_IS_STATUS_LINE (self));

  gtk_widget_set_visible (self->icon, severity == LW_STATUS_ERROR);
}

/* The target before the name: GTK compares them with the action as soon as there is a name. */
static void
set_action (GtkActionable *button, const char *detailed_name)
{
  g_autofree char     *name = NULL;
  g_autoptr (GVariant) target = NULL;

  if (!g_action_parse_detailed_name (detailed_name, &name, &target, NULL))
    g_return_if_reached ();
  gtk_actionable_set_action_name (button, NULL);
  gtk_actionable_set_action_target_value (button, target);
  gtk_actionable_set_action_name (button, name);
}

void
lw_status_line_set_button (LwStatusLine *self, const char *label, const char *icon_name,
                           const char *action_name)
{
  g_return_if_fail (LW_IS_STATUS_LINE (self));

  if (label == NULL)
    {
      gtk_widget_set_visible (self->button, FALSE);
      gtk_actionable_set_action_name (GTK_ACTIONABLE (self->button), NULL);
      return;
    }

  if (g_strcmp0 (gtk_label_get_text (self->button_label), label) != 0)
    {
      gtk_label_set_text (self->button_label, label);
      gtk_accessible_update_property (GTK_ACCESSIBLE (self->button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                      label, -1);
    }
  gtk_image_set_from_icon_name (self->button_icon, icon_name);
  gtk_widget_set_visible (GTK_WIDGET (self->button_icon), icon_name != NULL);
  if (icon_name != NULL)
    gtk_widget_add_css_class (self->button, "flat");
  else
    gtk_widget_remove_css_class (self->button, "flat");
  set_action (GTK_ACTIONABLE (self->button), action_name);
  gtk_widget_set_visible (self->button, TRUE);
}

void
lw_status_line_set_menu (LwStatusLine *self, GMenuModel *menu, const char *name)
{
  g_return_if_fail (LW_IS_STATUS_LINE (self));

  if (gtk_menu_button_get_menu_model (self->more) != menu)
    gtk_menu_button_set_menu_model (self->more, menu);
  if (menu != NULL)
    {
      gtk_widget_set_tooltip_text (GTK_WIDGET (self->more), name);
      gtk_accessible_update_property (GTK_ACCESSIBLE (self->more), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->more), menu != NULL);
}

static void
lw_status_line_dispose (GObject *object)
{
  LwStatusLine *self = LW_STATUS_LINE (object);

  g_clear_handle_id (&self->name_id, g_source_remove);
  g_clear_pointer (&self->box, gtk_widget_unparent);

  G_OBJECT_CLASS (lw_status_line_parent_class)->dispose (object);
}

static void
lw_status_line_class_init (LwStatusLineClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lw_status_line_dispose;

  lw_ui_resources_ensure ();
  gtk_widget_class_set_template_from_resource (widget_class,
                                               LW_UI_RESOURCE_PREFIX "/train/status-line.ui");
  gtk_widget_class_bind_template_child (widget_class, LwStatusLine, box);
  gtk_widget_class_bind_template_child (widget_class, LwStatusLine, icon);
  gtk_widget_class_bind_template_child (widget_class, LwStatusLine, text);
  gtk_widget_class_bind_template_child (widget_class, LwStatusLine, bar);
  gtk_widget_class_bind_template_child (widget_class, LwStatusLine, detail);
  gtk_widget_class_bind_template_child (widget_class, LwStatusLine, button);
  gtk_widget_class_bind_template_child (widget_class, LwStatusLine, button_icon);
  gtk_widget_class_bind_template_child (widget_class, LwStatusLine, button_label);
  gtk_widget_class_bind_template_child (widget_class, LwStatusLine, more);
  gtk_widget_class_bind_template_callback (widget_class, on_query_tooltip);
  gtk_widget_class_set_css_name (widget_class, "statusline");
}

static void
lw_status_line_init (LwStatusLine *self)
{
  self->reserved = -1;
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
lw_status_line_new (void)
{
  return g_object_new (LW_TYPE_STATUS_LINE, NULL);
}
