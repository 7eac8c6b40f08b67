#include "app/header-bar.h"

#include "ui/charts/chart-text.h"

#include <glib/gi18n.h>

struct _LwHeaderBar {
  GtkWidget         parent_instance;

  /* owned */
  LwSession        *session; /* NULL until set */

  gboolean          narrow;

  /* template */
  GtkWidget        *bar;
  GtkLabel         *title;
  GtkLabel         *subtitle;
  GtkButton        *undo;
  GtkButton        *redo;
  GtkButton        *train;
  GtkButton        *step;
  AdwButtonContent *train_content;
  GtkMenuButton    *speed;
  GtkMenuButton    *menu;
  GMenu            *undo_section; /* of the main menu */
  AdwViewSwitcher  *switcher;
};

G_DEFINE_FINAL_TYPE (LwHeaderBar, lw_header_bar, GTK_TYPE_WIDGET)

static void
update_title (LwHeaderBar *self)
{
  const char      *title = lw_session_get_title (self->session);
  gboolean         modified = lw_session_is_modified (self->session);
  LwImages        *images = lw_session_get_images (self->session);
  g_autofree char *shown = g_strdup_printf (modified ? "• %s" : "%s", title);

  gtk_label_set_text (self->title, shown);
  if (images != NULL && self->narrow)
    gtk_label_set_text (self->subtitle, images->name);
  else if (images != NULL)
    {
      g_autofree char *count = lw_chart_format_count ((guint64) lw_tensor_get_dim (images->train_images, 0));
      g_autofree char *text = g_strdup_printf (_("%s, %s images"), images->name, count);

      gtk_label_set_text (self->subtitle, text);
    }
  else
    gtk_label_set_text (self->subtitle, "MNIST");
}

static void
update_undo (LwHeaderBar *self)
{
  const char      *undo = lw_session_get_undo_name (self->session);
  const char      *redo = lw_session_get_redo_name (self->session);
  g_autofree char *undo_tip = undo != NULL ? g_strdup_printf (_("Undo: %s (Ctrl+Z)"), undo) : g_strdup (_("Undo"));
  g_autofree char *redo_tip = redo != NULL ? g_strdup_printf (_("Redo: %s (Ctrl+Shift+Z)"), redo) : g_strdup (_("Redo"));

  g_autofree char *undo_label = undo != NULL ? g_strdup_printf (_("_Undo %s"), undo) : g_strdup (_("_Undo"));
  g_autofree char *redo_label = redo != NULL ? g_strdup_printf (_("_Redo %s"), redo) : g_strdup (_("_Redo"));

  g_menu_remove_all (self->undo_section);
  g_menu_append (self->undo_section, undo_label, "win.undo");
  g_menu_append (self->undo_section, redo_label, "win.redo");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->undo), undo_tip);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->redo), redo_tip);
}

static void
update_train_button (LwHeaderBar *self)
{
  LwPhase          phase = lw_session_get_phase (self->session);
  LwSpeed          speed = lw_session_get_speed (self->session);
  gboolean         single = speed == LW_SPEED_BATCH || speed == LW_SPEED_EXAMPLE;
  gboolean         running = lw_session_is_running (self->session);
  gboolean         finished = phase == LW_PHASE_FINISHED;
  g_autofree char *obstacle = lw_session_get_obstacle (self->session);
  g_autofree char *tooltip = NULL;

  adw_button_content_set_icon_name (self->train_content,
                                    running ? "media-playback-pause-symbolic" : "media-playback-start-symbolic");
  adw_button_content_set_label (self->train_content, running ? _("Pause") : single ? _("Step") : _("Train"));
  if (obstacle != NULL)
    tooltip = g_strdup_printf (_("Train is off: %s"), obstacle);
  else
    tooltip = g_strdup (running ? _("Pause (Space)")
                        : speed == LW_SPEED_BATCH ? _("Train one batch (Space)")
                        : speed == LW_SPEED_EXAMPLE ? _("Train one example (Space)")
                        : finished ? _("Train a new run from the start (Space)") : _("Train (Space)"));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->train), tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->train), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  running ? _("Pause") : single ? _("Step") : _("Train"), -1);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->step), speed == LW_SPEED_EXAMPLE ? _("Train one example (→)")
                                                                                  : _("Train one batch (→)"));
  /* The fix button is the one suggested action while the model has a fault. */
  if (obstacle == NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self->train), "suggested-action");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->train), "suggested-action");
}

/* The button says which speed is chosen; where there is little room, it has an icon in place of words. */
static void
update_speed (LwHeaderBar *self)
{
  static const char *const labels[] = { N_("Full speed"), N_("Slow motion"), N_("One batch"), N_("One example") };
  LwSpeed                  speed = lw_session_get_speed (self->session);
  g_autofree char         *name = g_strdup_printf (_("Speed: %s"), _(labels[speed]));

  if (self->narrow && gtk_menu_button_get_icon_name (self->speed) == NULL)
    gtk_menu_button_set_icon_name (self->speed, "lw-speed-symbolic");
  else if (!self->narrow && g_strcmp0 (gtk_menu_button_get_label (self->speed), _(labels[speed])) != 0)
    gtk_menu_button_set_label (self->speed, _(labels[speed]));
  gtk_menu_button_set_always_show_arrow (self->speed, !self->narrow);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->speed), self->narrow ? name : _("How Train goes about it"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->speed), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

void
lw_header_bar_update (LwHeaderBar *self)
{
  g_return_if_fail (LW_IS_HEADER_BAR (self));
  if (self->session == NULL)
    return;

  update_title (self);
  update_undo (self);
  update_train_button (self);
  update_speed (self);
}

void
lw_header_bar_set_session (LwHeaderBar *self, LwSession *session)
{
  g_return_if_fail (LW_IS_HEADER_BAR (self));

  g_set_object (&self->session, session);
  lw_header_bar_update (self);
}

void
lw_header_bar_set_narrow (LwHeaderBar *self, gboolean narrow)
{
  g_return_if_fail (LW_IS_HEADER_BAR (self));

  self->narrow = narrow;
  adw_view_switcher_set_policy (self->switcher,
                                narrow ? ADW_VIEW_SWITCHER_POLICY_NARROW : ADW_VIEW_SWITCHER_POLICY_WIDE);
  lw_header_bar_update (self);
}

AdwViewSwitcher *
lw_header_bar_get_switcher (LwHeaderBar *self)
{
  g_return_val_if_fail (LW_IS_HEADER_BAR (self), NULL);

  return self->switcher;
}

void
lw_header_bar_open_menu (LwHeaderBar *self)
{
  g_return_if_fail (LW_IS_HEADER_BAR (self));

  gtk_menu_button_popup (self->menu);
}

static void
lw_header_bar_dispose (GObject *object)
{
  LwHeaderBar *self = LW_HEADER_BAR (object);

  g_clear_object (&self->session);
  g_clear_pointer (&self->bar, gtk_widget_unparent);
  G_OBJECT_CLASS (lw_header_bar_parent_class)->dispose (object);
}

static void
lw_header_bar_class_init (LwHeaderBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lw_header_bar_dispose;

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/layerwise/Layerwise/header-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, LwHeaderBar, bar);
  gtk_widget_class_bind_template_child (widget_class, LwHeaderBar, title);
  gtk_widget_class_bind_template_child (widget_class, LwHeaderBar, subtitle);
  gtk_widget_class_bind_template_child (widget_class, LwHeaderBar, undo);
  gtk_widget_class_bind_template_child (widget_class, LwHeaderBar, redo);
  gtk_widget_class_bind_template_child (widget_class, LwHeaderBar, train);
  gtk_widget_class_bind_template_child (widget_class, LwHeaderBar, step);
  gtk_widget_class_bind_template_child (widget_class, LwHeaderBar, train_content);
  gtk_widget_class_bind_template_child (widget_class, LwHeaderBar, speed);
  gtk_widget_class_bind_template_child (widget_class, LwHeaderBar, menu);
  gtk_widget_class_bind_template_child (widget_class, LwHeaderBar, undo_section);
  gtk_widget_class_bind_template_child (widget_class, LwHeaderBar, switcher);
}

static void
lw_header_bar_init (LwHeaderBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
