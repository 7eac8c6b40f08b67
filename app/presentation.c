#include "app/presentation.h"

#include "app/figures.h"
#include "ui/charts/chart-text.h"
#include "ui/train/presenter.h"

#include <glib/gi18n.h>

G_STATIC_ASSERT (LW_N_FIGURES == LW_PRESENTER_N_FIGURES);

struct _LwPresentation {
  /* owned */
  LwSession    *session;
  LwChartModel *chart;
  GListModel   *runs;
  GPtrArray    *frame;
  LwFigures     figures;
  char         *hint;

  /* borrowed */
  GtkWindow    *window;
  GtkStack     *scenes;
  GtkWidget    *everyday; /* the scene */
  GtkWidget    *focus;    /* weak: what had it before */

  LwPresenter  *presenter; /* NULL when not presenting */
  gboolean      was_fullscreen;
  gboolean      got_fullscreen;
};

static void
set_frame_visible (LwPresentation *self, gboolean visible)
{
  for (guint i = 0; i < self->frame->len; i++)
    gtk_widget_set_visible (g_ptr_array_index (self->frame, i), visible);
}

/* Who leaves the full screen by other means, such as the desktop's, has left presenter mode. */
static void
on_fullscreen_changed (LwPresentation *self)
{
  if (gtk_window_is_fullscreen (self->window))
    self->got_fullscreen = TRUE;
  else if (self->got_fullscreen)
    lw_presentation_leave (self);
}

gboolean
lw_presentation_is_on (LwPresentation *self)
{
  return self->presenter != NULL;
}

void
lw_presentation_enter (LwPresentation *self)
{
  LwStatus status;

  if (self->presenter != NULL)
    return;
  g_clear_weak_pointer (&self->focus);
  g_set_weak_pointer (&self->focus, gtk_window_get_focus (self->window));
  self->was_fullscreen = self->got_fullscreen = gtk_window_is_fullscreen (self->window);
  self->everyday = gtk_stack_get_visible_child (self->scenes);

  self->presenter = LW_PRESENTER (lw_presenter_new (self->chart, self->runs));
  lw_presenter_set_hint (self->presenter, self->hint);
  lw_status_fill (&status, self->session);
  lw_presentation_set_status (self, &status);
  lw_status_clear (&status);

  gtk_stack_add_child (self->scenes, GTK_WIDGET (self->presenter));
  gtk_stack_set_visible_child (self->scenes, GTK_WIDGET (self->presenter));
  set_frame_visible (self, FALSE);
  /* For assistive technology, which would find it behind the presenter. */
  gtk_widget_set_visible (self->everyday, FALSE);
  lw_presenter_grab_chart_focus (self->presenter);
  g_signal_connect_swapped (self->window, "notify::fullscreened", G_CALLBACK (on_fullscreen_changed), self);
  gtk_window_fullscreen (self->window);
}

void
lw_presentation_leave (LwPresentation *self)
{
  LwPresenter *presenter = g_steal_pointer (&self->presenter);

  if (presenter == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->window, self);
  if (!self->was_fullscreen)
    gtk_window_unfullscreen (self->window);
  set_frame_visible (self, TRUE);
  gtk_widget_set_visible (self->everyday, TRUE);
  gtk_stack_set_visible_child (self->scenes, self->everyday);
  gtk_stack_remove (self->scenes, GTK_WIDGET (presenter));
  if (self->focus != NULL)
    gtk_widget_grab_focus (self->focus);
  g_clear_weak_pointer (&self->focus);
  lw_figures_clear (&self->figures);
}

/* While training the figures say most of what the line says otherwise, and Space pauses. */
static void
set_training (LwPresentation *self, LwStatusLine *line, double fraction)
{
  LwRunPlace       place = lw_status_get_place (self->session);
  g_autofree char *step = lw_chart_format_count (place.step);
  g_autofree char *planned = lw_chart_format_count (place.planned);
  g_autofree char *text = g_strdup_printf (_("Epoch %u of %u"), place.epoch, place.epochs);
  g_autofree char *detail = g_strdup_printf (_("step %s of %s"), step, planned);

  lw_status_line_set_severity (line, LW_STATUS_NORMAL);
  lw_status_line_set_text (line, text);
  lw_status_line_set_fraction (line, fraction);
  lw_status_line_set_detail (line, detail);
  lw_status_line_set_button (line, NULL, NULL, NULL);
}

void
lw_presentation_set_status (LwPresentation *self, const LwStatus *status)
{
  LwStatusLine *line;

  if (self->presenter == NULL)
    return;
  line = lw_presenter_get_status_line (self->presenter);
  if (lw_session_get_phase (self->session) == LW_PHASE_TRAINING
      && lw_session_get_step_phase (self->session) == LW_STEP_NONE)
    set_training (self, line, status->fraction);
  else
    {
      lw_status_line_set_severity (line, status->error ? LW_STATUS_ERROR : LW_STATUS_NORMAL);
      lw_status_line_set_text (line, status->text);
      lw_status_line_set_fraction (line, status->fraction);
      lw_status_line_set_detail (line, NULL);
      lw_status_line_set_button (line, status->button, status->icon, status->action);
    }

  lw_figures_update (&self->figures, self->session);
  for (guint i = 0; i < LW_N_FIGURES; i++)
    {
      const LwFigure *figure = &self->figures.figures[i];

      lw_presenter_set_figure (self->presenter, i, figure->title, figure->value, figure->caption);
    }
}

void
lw_presentation_set_hint (LwPresentation *self, const char *hint)
{
  g_free (self->hint);
  self->hint = g_strdup (hint);
  if (self->presenter != NULL)
    lw_presenter_set_hint (self->presenter, hint);
}

void
lw_presentation_add_frame (LwPresentation *self, GtkWidget *widget)
{
  g_ptr_array_add (self->frame, g_object_ref (widget));
}

LwPresentation *
lw_presentation_new (GtkWindow *window, GtkStack *scenes, LwSession *session, LwChartModel *chart,
                     GListModel *runs)
{
  LwPresentation *self = g_new0 (LwPresentation, 1);

  self->window = window;
  self->scenes = scenes;
  self->session = g_object_ref (session);
  self->chart = g_object_ref (chart);
  self->runs = g_object_ref (runs);
  self->frame = g_ptr_array_new_with_free_func (g_object_unref);
  return self;
}

void
lw_presentation_free (LwPresentation *self)
{
  if (self->presenter != NULL)
    g_signal_handlers_disconnect_by_data (self->window, self);
  g_clear_weak_pointer (&self->focus);
  lw_figures_clear (&self->figures);
  g_clear_pointer (&self->frame, g_ptr_array_unref);
  g_clear_object (&self->session);
  g_clear_object (&self->chart);
  g_clear_object (&self->runs);
  g_free (self->hint);
  g_free (self);
}
