#include "ui/builder/card-words.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ui/charts/chart-text.h"

char *
lw_card_shorten_summary (const char *summary)
{
  const char *first_end = strstr (summary, " · ");
  const char *word = strchr (summary, ' ');

  if (first_end == NULL || word == NULL || word >= first_end || !g_ascii_isdigit (*summary))
    return g_strdup (summary);

  return g_strdup_printf ("%.*s%s", (int) (word - summary), summary, first_end);
}

char *
lw_card_format_shape (const LwShape *shape)
{
  if (shape->rank == 1 && shape->dims[0] >= 0)
    return lw_chart_format_count ((guint64) shape->dims[0]);

  return lw_shape_to_label (shape);
}

static char *
format_bytes (gint64 bytes)
{
  return g_format_size_full ((guint64) bytes, G_FORMAT_SIZE_IEC_UNITS);
}

char *
lw_card_describe_cost (const LwLayerCost *cost)
{
  g_autofree char *percent = NULL;
  g_autofree char *weights = NULL;
  g_autofree char *activations = NULL;
  const double seconds = cost->forward + cost->backward;
  g_autofree char *back = NULL;

  percent = lw_chart_format_percent (cost->share, 0);
  back = lw_chart_format_percent (seconds > 0 ? cost->backward / seconds : 0, 0);
  weights = format_bytes (cost->weight_bytes);
  activations = format_bytes (cost->activation_bytes);
  if (cost->weight_bytes == 0)
    /* Translators: "4 % of a step's time, 71 % of it backwards", "5.3 MiB for the outputs of a batch". */
    return g_strdup_printf (_("%s of a step’s time, %s of it backwards\n%s for the outputs of a batch"),
                            percent, back, activations);
  return g_strdup_printf (_("%s of a step’s time, %s of it backwards\n%s for the outputs of a batch\n"
                            "%s for weights and optimizer"),
                          percent, back, activations, weights);
}
