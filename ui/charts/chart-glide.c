#include "ui/charts/chart-glide.h"

#include <math.h>

#define DURATION (250 * G_TIME_SPAN_MILLISECOND)

static double
mix (double from, double to, double share)
{
  return from + (to - from) * share;
}

static double
mix_log (double from, double to, double share)
{
  return exp (mix (log (from), log (to), share));
}

void
lw_chart_glide_jump (LwChartGlide *glide, LwChartRange target)
{
  glide->shown = glide->target = target;
  glide->moving = FALSE;
}

void
lw_chart_glide_start (LwChartGlide *glide, LwChartRange target, gboolean log_y, gint64 now)
{
  glide->from = glide->shown;
  glide->target = target;
  glide->log_y = log_y;
  glide->started = now;
  glide->moving = TRUE;
}

void
lw_chart_glide_jump_x (LwChartGlide *glide)
{
  glide->shown.x_min = glide->from.x_min = glide->target.x_min;
  glide->shown.x_max = glide->from.x_max = glide->target.x_max;
}

gboolean
lw_chart_glide_advance (LwChartGlide *glide, gint64 now)
{
  double share = (double) (now - glide->started) / DURATION;
  double (*mix_y) (double, double, double) = glide->log_y ? mix_log : mix;

  if (!glide->moving)
    return FALSE;
  if (share >= 1)
    {
      lw_chart_glide_jump (glide, glide->target);
      return TRUE;
    }
  share = 1 - pow (1 - MAX (share, 0), 3); /* ease-out-cubic */
  glide->shown.x_min = mix (glide->from.x_min, glide->target.x_min, share);
  glide->shown.x_max = mix (glide->from.x_max, glide->target.x_max, share);
  glide->shown.y_min = mix_y (glide->from.y_min, glide->target.y_min, share);
  glide->shown.y_max = mix_y (glide->from.y_max, glide->target.y_max, share);
  return TRUE;
}
