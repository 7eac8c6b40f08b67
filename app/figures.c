#include "app/figures.h"

#include "app/status.h"
#include "ui/charts/chart-text.h"

#include <glib/gi18n.h>
#include <math.h>

static void
clear_figures (LwFigures *self)
{
  for (guint i = 0; i < LW_N_FIGURES; i++)
    {
      g_clear_pointer (&self->figures[i].title, g_free);
      g_clear_pointer (&self->figures[i].value, g_free);
      g_clear_pointer (&self->figures[i].caption, g_free);
    }
}

void
lw_figures_clear (LwFigures *self)
{
  clear_figures (self);
  g_clear_pointer (&self->history, lw_history_unref);
  *self = (LwFigures) { 0 };
}

static void
take_point (LwFigures *self, const LwHistoryPoint *point)
{
  if (point->kind == LW_POINT_TRAIN && isnan (self->first_loss))
    self->first_loss = point->loss;
  /* What all images say is not replaced by what a few of them say a little later. */
  else if (point->kind == LW_POINT_TEST
           || (point->kind == LW_POINT_SAMPLE
               && (self->tested.n_images == 0 || self->tested.kind == LW_POINT_SAMPLE)))
    self->tested = *point;
}

static void
read_history (LwFigures *self, LwHistory *history)
{
  const LwHistoryPoint *points;
  gsize                 n;

  if (history != self->history)
    {
      lw_figures_clear (self);
      self->first_loss = NAN;
      self->history = history != NULL ? lw_history_ref (history) : NULL;
    }
  while (history != NULL && (points = lw_history_read (history, &self->cursor, &n)) != NULL)
    for (gsize i = 0; i < n; i++)
      take_point (self, &points[i]);
}

static void
fill_accuracy (LwFigures *self, LwFigure *figure, const LwRunSettings *settings, gint64 per_epoch)
{
  const LwHistoryPoint *point = &self->tested;
  g_autofree char      *images = lw_chart_format_count (point->n_images);
  g_autofree char      *step = lw_chart_format_count (point->step);

  figure->title = g_strdup (settings->validation == LW_VALIDATION_FRACTION ? _("Validation accuracy")
                                                                           : _("Test accuracy"));
  figure->value = point->n_images > 0 ? lw_chart_format_percent (point->accuracy, 1) : g_strdup ("—");
  if (point->n_images == 0)
    figure->caption = g_strdup (settings->validation == LW_VALIDATION_NONE ? _("without validation")
                                                                           : _("not tested yet"));
  else if (point->kind == LW_POINT_TEST && per_epoch > 0 && point->step % per_epoch == 0)
    figure->caption = g_strdup_printf (ngettext ("after epoch %d, %s image", "after epoch %d, %s images",
                                                 (gulong) point->n_images), point->epoch, images);
  else
    figure->caption = g_strdup_printf (ngettext ("at step %s, %s image", "at step %s, %s images",
                                                 (gulong) point->n_images), step, images);
}

static void
fill_loss (LwFigures *self, LwFigure *figure, double loss)
{
  g_autofree char *first = lw_chart_format_number (self->first_loss, 1);

  figure->title = g_strdup (_("Training loss"));
  figure->value = isnan (loss) ? g_strdup ("—") : lw_chart_format_number (loss, 3);
  if (isnan (loss))
    figure->caption = g_strdup (_("no step yet"));
  else if (isfinite (self->first_loss))
    figure->caption = g_strdup_printf (_("smoothed, started at %s"), first);
  else
    figure->caption = g_strdup (_("smoothed"));
}

static void
fill_time_left (LwFigure *figure, const LwRunPlace *place, double speed)
{
  g_autofree char *rate = lw_chart_format_count ((gint64) (speed >= 1000 ? round (speed / 100) * 100 : speed));

  figure->title = g_strdup (_("Time left"));
  figure->value = speed > 0 ? lw_status_clock ((double) place->images_left / speed) : g_strdup ("—");
  figure->caption = speed > 0 ? g_strdup_printf (_("%s images/s"), rate) : g_strdup ("");
}

static void
fill_time (LwFigure *figure, LwSession *session)
{
  LwSessionRun *run = lw_session_get_run (session);
  LwRunPlace    place = lw_status_get_place (session);
  gboolean      measured;
  double        seconds = lw_session_get_epoch_time (session, &measured);
  guint         epochs = lw_session_get_document (session)->settings.epochs;

  if (run != NULL && lw_session_get_phase (session) == LW_PHASE_TRAINING)
    fill_time_left (figure, &place, lw_trainer_get_speed (lw_session_get_trainer (session)));
  else if (run != NULL && place.step > 0)
    {
      g_autofree char *step = lw_chart_format_count (place.step);
      g_autofree char *planned = lw_chart_format_count (place.planned);

      figure->title = g_strdup (_("Time"));
      figure->value = run->last.step > 0 ? lw_status_clock (run->last.seconds) : g_strdup ("—");
      figure->caption = g_strdup_printf (_("step %s of %s"), step, planned);
    }
  else
    {
      figure->title = g_strdup (_("Time"));
      figure->value = seconds >= 0 ? lw_status_clock (seconds * epochs) : g_strdup ("—");
      figure->caption = g_strdup_printf (ngettext ("estimated for %u epoch", "estimated for %u epochs", epochs),
                                         epochs);
    }
}

void
lw_figures_update (LwFigures *self, LwSession *session)
{
  LwSessionRun *run = lw_session_get_run (session);
  LwDocument   *document = run != NULL ? run->document : lw_session_get_document (session);

  clear_figures (self);
  read_history (self, run != NULL ? run->history : NULL);
  fill_accuracy (self, &self->figures[0], &document->settings,
                 run != NULL ? lw_session_run_get_steps_per_epoch (run, lw_session_get_images (session)) : 0);
  fill_loss (self, &self->figures[1], run != NULL ? run->smoothed_loss : NAN);
  fill_time (&self->figures[2], session);
}
