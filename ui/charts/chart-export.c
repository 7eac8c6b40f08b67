#include "ui/charts/chart-export.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "engine/io/atomic_file.h"
#include "ui/charts/chart-range.h"
#include "ui/charts/chart-text.h"

#define WIDTH        960
#define CHART_HEIGHT 340
#define AXIS_HEIGHT  14 /* more for the chart with the axis title */
#define TITLE_HEIGHT 32
#define ROW_HEIGHT   22
#define MARGIN       12
#define SWATCH       28
#define GAP          18 /* between the runs of the legend */
#define PNG_SCALE    2
#define POINTS       0.75 /* a pixel in PDF's unit: 96 in an inch to 72 */

struct _LwPicture {
  LwChart      charts[LW_CHART_N_METRICS];
  guint        n_charts;
  char        *title;
  LwChartStyle style;
  int          legend_height;
};

/* -- the legend: every run, in as many rows as it takes -- */

/* Draws it from `top` on, or with cr == NULL only measures. Returns its height. */
static int
draw_legend (const LwPicture *picture, cairo_t *measure, cairo_t *cr, double top)
{
  const LwChart *chart = &picture->charts[0];
  double         x = MARGIN, y = top;

  if (chart->n_series == 0)
    return 0;
  for (guint i = 0; i < chart->n_series; i++)
    {
      const LwChartSeries *series = &chart->series[i];
      double               width;

      lw_chart_text_size (measure, &picture->style, LW_CHART_CAPTION, series->name, &width, NULL);
      width += SWATCH + 6;
      if (x > MARGIN && x + width > WIDTH - MARGIN)
        {
          x = MARGIN;
          y += ROW_HEIGHT;
        }
      if (cr)
        {
          lw_chart_swatch (cr, &picture->style, series->slot, x, y + ROW_HEIGHT / 2.0, SWATCH);
          lw_chart_set_source (cr, picture->style.foreground, 1);
          lw_chart_text (cr,
                         &picture->style,
                         LW_CHART_CAPTION,
                         series->name,
                         x + SWATCH + 6,
                         y + ROW_HEIGHT / 2.0,
                         0,
                         0.5);
        }
      x += width + GAP;
    }
  return (int) (y - top) + ROW_HEIGHT;
}

LwPicture *
lw_picture_new (LwChartModel        *model,
                const LwChartMetric *metrics,
                guint                n_metrics,
                const char          *title)
{
  LwPicture       *picture;
  cairo_surface_t *surface;
  cairo_t         *measure;

  g_return_val_if_fail (LW_IS_CHART_MODEL (model), NULL);
  g_return_val_if_fail (n_metrics > 0 && n_metrics <= LW_CHART_N_METRICS, NULL);

  picture = g_new0 (LwPicture, 1);
  picture->n_charts = n_metrics;
  picture->title = g_strdup (title);
  lw_chart_style_init (&picture->style, FALSE);
  for (guint i = 0; i < n_metrics; i++)
    {
      LwChart *chart = &picture->charts[i];

      lw_chart_init (chart, metrics[i]);
      lw_chart_model_fill (model, chart);
      lw_chart_fit_y (chart);
      chart->show_epoch_labels = i == 0;
      chart->show_axis_title = i == n_metrics - 1;
      chart->show_hover_table = FALSE;
      chart->hover_x = chart->band_begin = chart->band_end = NAN;
    }

  surface = cairo_image_surface_create (CAIRO_FORMAT_A8, 1, 1);
  measure = cairo_create (surface);
  picture->legend_height = draw_legend (picture, measure, NULL, 0);
  cairo_destroy (measure);
  cairo_surface_destroy (surface);
  return picture;
}

void
lw_picture_free (LwPicture *picture)
{
  if (picture == NULL)
    return;
  g_free (picture->title);
  g_free (picture);
}

void
lw_picture_get_size (const LwPicture *picture, int *width, int *height)
{
  *width = WIDTH;
  *height = (picture->title ? TITLE_HEIGHT : 0) + picture->legend_height
            + (int) picture->n_charts * CHART_HEIGHT + AXIS_HEIGHT;
}

static void
draw (const LwPicture *picture, cairo_t *cr)
{
  double y = 0;

  lw_chart_set_source (cr, picture->style.background, 1);
  cairo_paint (cr);
  if (picture->title)
    {
      lw_chart_set_source (cr, picture->style.foreground, 1);
      lw_chart_text (cr,
                     &picture->style,
                     LW_CHART_HEADING,
                     picture->title,
                     WIDTH / 2.0,
                     TITLE_HEIGHT / 2.0,
                     0.5,
                     0.5);
      y = TITLE_HEIGHT;
    }
  y += draw_legend (picture, cr, cr, y);
  for (guint i = 0; i < picture->n_charts; i++)
    {
      const LwChart *chart = &picture->charts[i];
      double         height = CHART_HEIGHT + (chart->show_axis_title ? AXIS_HEIGHT : 0);

      cairo_save (cr);
      cairo_translate (cr, 0, y);
      lw_chart_draw (cr, WIDTH, height, chart, &picture->style, NULL);
      cairo_restore (cr);
      y += height;
    }
}

cairo_surface_t *
lw_picture_to_surface (const LwPicture *picture)
{
  cairo_surface_t *surface;
  cairo_t         *cr;
  int              width, height;

  lw_picture_get_size (picture, &width, &height);
  surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width * PNG_SCALE, height * PNG_SCALE);
  cr = cairo_create (surface);
  cairo_scale (cr, PNG_SCALE, PNG_SCALE);
  draw (picture, cr);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  return surface;
}

/* -- as a file -- */

static cairo_status_t
append_bytes (void *closure, const unsigned char *data, unsigned int length)
{
  g_byte_array_append (closure, data, length);
  return CAIRO_STATUS_SUCCESS;
}

/* "Loss, Accuracy: Run 3, Run 2" */
static char *
describe (const LwPicture *picture)
{
  GString *words = g_string_new (NULL);

  for (guint i = 0; i < picture->n_charts; i++)
    g_string_append_printf (words,
                            "%s%s",
                            i > 0 ? _(", ") : "",
                            lw_chart_metric_name (picture->charts[i].metric));
  for (guint i = 0; i < picture->charts[0].n_series; i++)
    g_string_append_printf (words,
                            "%s%s",
                            i > 0 ? _(", ") : _(": "),
                            picture->charts[0].series[i].name);
  return g_string_free (words, FALSE);
}

static const char *
get_title (const LwPicture *picture)
{
  return picture->title ? picture->title : lw_chart_metric_name (picture->charts[0].metric);
}

/* Cairo has no words for what an SVG shows: they go behind the start tag of its root. */
static void
insert_words (GByteArray *svg, const LwPicture *picture)
{
  g_autofree char *description = describe (picture);
  g_autofree char *words = g_markup_printf_escaped ("\n<title>%s</title>\n<desc>%s</desc>",
                                                    get_title (picture),
                                                    description);
  const char      *text = (const char *) svg->data;
  const char      *root = g_strstr_len (text, svg->len, "<svg");
  const char      *end = root ? memchr (root, '>', svg->len - (gsize) (root - text)) : NULL;
  gsize            place, length = strlen (words);

  if (end == NULL)
    return;
  place = (gsize) (end + 1 - text);
  g_byte_array_append (svg, (const guint8 *) words, (guint) length);
  memmove (svg->data + place + length, svg->data + place, svg->len - length - place);
  memcpy (svg->data + place, words, length);
}

static cairo_status_t
write_vectors (const LwPicture *picture, LwPictureType type, GByteArray *bytes)
{
  int              width, height;
  cairo_surface_t *surface;
  cairo_t         *cr;
  cairo_status_t   status;

  lw_picture_get_size (picture, &width, &height);
  if (type == LW_PICTURE_SVG)
    {
      surface = cairo_svg_surface_create_for_stream (append_bytes, bytes, width, height);
      cairo_svg_surface_set_document_unit (surface, CAIRO_SVG_UNIT_PX);
    }
  else
    {
      g_autofree char *description = describe (picture);

      surface = cairo_pdf_surface_create_for_stream (append_bytes,
                                                     bytes,
                                                     width * POINTS,
                                                     height * POINTS);
      cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_TITLE, get_title (picture));
      cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_SUBJECT, description);
      cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_CREATOR, "Layerwise");
    }
  cr = cairo_create (surface);
  if (type == LW_PICTURE_PDF)
    cairo_scale (cr, POINTS, POINTS);
  draw (picture, cr);
  cairo_show_page (cr);
  cairo_destroy (cr);
  cairo_surface_finish (surface);
  status = cairo_surface_status (surface);
  cairo_surface_destroy (surface);
  return status;
}

GBytes *
lw_picture_to_bytes (const LwPicture *picture, LwPictureType type, GError **error)
{
  GByteArray    *bytes = g_byte_array_new ();
  cairo_status_t status;

  if (type == LW_PICTURE_PNG)
    {
      cairo_surface_t *surface = lw_picture_to_surface (picture);

      status = cairo_surface_write_to_png_stream (surface, append_bytes, bytes);
      cairo_surface_destroy (surface);
    }
  else
    {
      status = write_vectors (picture, type, bytes);
      if (status == CAIRO_STATUS_SUCCESS && type == LW_PICTURE_SVG)
        insert_words (bytes, picture);
    }
  if (status == CAIRO_STATUS_SUCCESS)
    return g_byte_array_free_to_bytes (bytes);
  g_byte_array_unref (bytes);
  g_set_error (error,
               G_IO_ERROR,
               G_IO_ERROR_FAILED,
               _("The picture could not be drawn: %s"),
               cairo_status_to_string (status));
  return NULL;
}

static const char *const endings[LW_N_PICTURE_TYPES] = { "png", "svg", "pdf" };

gboolean
lw_picture_type_of_path (const char *path, LwPictureType *type)
{
  const char *dot = strrchr (path, '.');

  for (guint i = 0; dot != NULL && i < LW_N_PICTURE_TYPES; i++)
    if (g_ascii_strcasecmp (dot + 1, endings[i]) == 0)
      {
        *type = (LwPictureType) i;
        return TRUE;
      }
  return FALSE;
}

const char *
lw_picture_type_ending (LwPictureType type)
{
  return endings[type];
}

gboolean
lw_picture_write (const char *path, GBytes *content, GError **error)
{
  gsize        length;
  const void  *data = g_bytes_get_data (content, &length);
  struct iovec part = { (void *) data, length };

  return lw_atomic_file_write (path, &part, 1, error);
}
