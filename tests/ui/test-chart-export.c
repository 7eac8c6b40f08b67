#include <gio/gio.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "ui/charts/chart-export.h"

/* Pictures in files: what other programs find in them. No display. */

static char *folder;

static LwHistory *
make_history (void)
{
  LwHistory *history = lw_history_new ();

  for (int step = 1; step <= 300; step++)
    {
      LwHistoryPoint point = { .kind = LW_POINT_TRAIN,
                               .epoch = 1 + (step - 1) / 100,
                               .step = step,
                               .loss = 0.1f + 2 * expf (-(float) step / 50),
                               .accuracy = 1 - expf (-(float) step / 60),
                               .seconds = 0.01 * step,
                               .n_images = 128,
                               .rate = step < 200 ? 0.001f : 0.0001f };

      lw_history_append (history, &point);
    }
  return history;
}

static LwChartModel *
make_model (guint n_runs)
{
  LwChartModel         *model = lw_chart_model_new ();
  g_autoptr (LwHistory) history = make_history ();

  lw_chart_model_set_plan (model, 100, 5, 128);
  for (guint i = 0; i < n_runs; i++)
    {
      g_autofree char *name = g_strdup_printf ("Run %u <&\"> with a long name", i + 1);

      lw_chart_model_set_run (model, i + 1, history, name, i);
    }
  return model;
}

static const LwChartMetric all[] = { LW_CHART_LOSS, LW_CHART_ACCURACY, LW_CHART_RATE };

static GBytes *
render (LwPicture *picture, LwPictureType type)
{
  g_autoptr (GError) error = NULL;
  GBytes            *bytes = lw_picture_to_bytes (picture, type, &error);

  g_assert_no_error (error);
  g_assert_nonnull (bytes);
  return bytes;
}

static guint32
big_endian (const guint8 *data)
{
  return (guint32) data[0] << 24 | (guint32) data[1] << 16 | (guint32) data[2] << 8 | data[3];
}

static void
test_png (void)
{
  g_autoptr (LwChartModel) model = make_model (2);
  g_autoptr (LwPicture)    picture = lw_picture_new (model, all, 2, "digits");
  g_autoptr (GBytes)       bytes = render (picture, LW_PICTURE_PNG);
  gsize                    length;
  const guint8            *data = g_bytes_get_data (bytes, &length);
  int                      width, height;

  lw_picture_get_size (picture, &width, &height);
  g_assert_cmpint (width, ==, 960);
  g_assert_cmpint (height, >, 2 * 340);
  g_assert_cmpuint (length, >, 1000);
  g_assert_cmpmem (data, 8, "\211PNG\r\n\032\n", 8);
  g_assert_cmpuint (big_endian (data + 16), ==, 2 * width);
  g_assert_cmpuint (big_endian (data + 20), ==, 2 * height);
}

typedef struct {
  GString *title, *description;
  guint    n_elements, n_groups;
  GString *open;
} Svg;

static void
on_start (GMarkupParseContext *context,
          const char          *element,
          const char         **names,
          const char         **values,
          gpointer             data,
          GError             **error)
{
  Svg *svg = data;

  if (svg->n_elements++ == 0)
    g_assert_cmpstr (element, ==, "svg");
  g_string_assign (svg->open, element);
}

static void
on_end (GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
  g_string_truncate (((Svg *) data)->open, 0);
}

static void
on_text (GMarkupParseContext *context, const char *text, gsize length, gpointer data, GError **error)
{
  Svg *svg = data;

  if (strcmp (svg->open->str, "title") == 0)
    g_string_append_len (svg->title, text, (gssize) length);
  else if (strcmp (svg->open->str, "desc") == 0)
    g_string_append_len (svg->description, text, (gssize) length);
}

static void
test_svg (void)
{
  static const GMarkupParser     parser = { on_start, on_end, on_text, NULL, NULL };
  g_autoptr (LwChartModel)       model = make_model (2);
  g_autoptr (LwPicture)          picture = lw_picture_new (model, all, 3, "a < b & \"c\"");
  g_autoptr (GBytes)             bytes = render (picture, LW_PICTURE_SVG);
  Svg                            svg = { .title = g_string_new (NULL), .description = g_string_new (NULL),
                                         .open = g_string_new (NULL) };
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, &svg, NULL);
  g_autoptr (GError)             error = NULL;
  gsize                          length;
  const char                    *text = g_bytes_get_data (bytes, &length);

  g_markup_parse_context_parse (context, text, (gssize) length, &error);
  g_assert_no_error (error);
  g_markup_parse_context_end_parse (context, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (svg.n_elements, >, 20);
  g_assert_cmpstr (svg.title->str, ==, "a < b & \"c\"");
  g_assert_cmpstr (svg.description->str,
                   ==,
                   "Loss, Accuracy, Learning rate: Run 1 <&\"> with a long name, Run 2 <&\"> with a long name");
  g_string_free (svg.title, TRUE);
  g_string_free (svg.description, TRUE);
  g_string_free (svg.open, TRUE);
}

static guint
count (GBytes *bytes, const char *word)
{
  gsize       length;
  const char *text = g_bytes_get_data (bytes, &length);
  const char *end = text + length;
  guint       n = 0;

  while ((text = memmem (text, (gsize) (end - text), word, strlen (word))) != NULL)
    {
      n++;
      text += strlen (word);
    }
  return n;
}

static void
test_pdf (void)
{
  g_autoptr (LwChartModel) model = make_model (1);
  g_autoptr (LwPicture)    picture = lw_picture_new (model, all, 1, NULL);
  g_autoptr (GBytes)       bytes = render (picture, LW_PICTURE_PDF);
  gsize                    length;
  const char              *text = g_bytes_get_data (bytes, &length);
  g_autofree char         *box = NULL;
  int                      width, height;

  lw_picture_get_size (picture, &width, &height);
  g_assert_cmpmem (text, 5, "%PDF-", 5);
  g_assert_cmpuint (count (bytes, "%%EOF"), ==, 1);
  g_assert_cmpuint (count (bytes, "/Type /Page "), ==, 1);
  /* 96 px in an inch. */
  box = g_strdup_printf ("/MediaBox [ 0 0 %g %g ]", width * 0.75, height * 0.75);
  g_assert_cmpuint (count (bytes, box), ==, 1);
  g_assert_cmpuint (count (bytes, "Layerwise"), >=, 1);
}

static guint32
pixel_at (cairo_surface_t *surface, int x, int y)
{
  const unsigned char *data = cairo_image_surface_get_data (surface);

  return *(const guint32 *) (gconstpointer) (data + y * cairo_image_surface_get_stride (surface) + 4 * x);
}

static int
count_color (cairo_surface_t *surface, guint slot)
{
  LwRgba color = lw_chart_slot_color (slot, FALSE);
  int    n = 0;

  for (int y = 0; y < cairo_image_surface_get_height (surface); y++)
    for (int x = 0; x < cairo_image_surface_get_width (surface); x++)
      {
        guint32 pixel = pixel_at (surface, x, y);

        n += ABS ((int) (pixel >> 16 & 0xff) - 255 * color.red) < 3
             && ABS ((int) (pixel >> 8 & 0xff) - 255 * color.green) < 3
             && ABS ((int) (pixel & 0xff) - 255 * color.blue) < 3;
      }
  return n;
}

/* On white, nothing see-through, and of what is in view: nothing of a run that begins elsewhere. */
static void
test_surface (void)
{
  g_autoptr (LwChartModel) model = make_model (1);
  g_autoptr (LwHistory)    late = lw_history_new ();
  LwHistoryPoint           point = { .kind = LW_POINT_TRAIN, .epoch = 3, .step = 290, .loss = 1, .n_images = 128 };
  LwPicture               *picture;
  cairo_surface_t         *surface;

  lw_history_append (late, &point);
  lw_history_append (late, &point);
  lw_chart_model_set_run (model, 2, late, "Late", 1);
  lw_chart_model_zoom (model, 100, 200);
  lw_chart_model_set_hover (model, 150, NULL);

  picture = lw_picture_new (model, all, 2, NULL);
  surface = lw_picture_to_surface (picture);
  g_assert_cmpint (cairo_surface_status (surface), ==, CAIRO_STATUS_SUCCESS);
  for (int y = 0; y < cairo_image_surface_get_height (surface); y++)
    for (int x = 0; x < cairo_image_surface_get_width (surface); x++)
      g_assert_cmphex (pixel_at (surface, x, y) >> 24, ==, 0xff);
  g_assert_cmphex (pixel_at (surface, 1, 1), ==, 0xffffffff);
  g_assert_cmpint (count_color (surface, 0), >, 2000);
  /* Its line in the legend is all there is of the other. */
  g_assert_cmpint (count_color (surface, 1), >, 50);
  g_assert_cmpint (count_color (surface, 1), <, 1500);
  cairo_surface_destroy (surface);
  lw_picture_free (picture);
}

/* A legend takes the rows it needs. */
static void
test_legend (void)
{
  int last = 0;

  for (guint n = 0; n <= 13; n += 13)
    {
      g_autoptr (LwChartModel) model = make_model (n);
      g_autoptr (LwPicture)    picture = lw_picture_new (model, all, 1, NULL);
      g_autoptr (GBytes)       bytes = render (picture, LW_PICTURE_PNG);
      int                      width, height;

      lw_picture_get_size (picture, &width, &height);
      g_assert_cmpuint (g_bytes_get_size (bytes), >, 500);
      if (n > 0)
        g_assert_cmpint (height, >=, last + 3 * 22);
      last = height;
    }
}

static void
test_types (void)
{
  static const struct {
    const char   *path;
    gboolean      known;
    LwPictureType type;
  } cases[] = {
    { "/a/b.png", TRUE, LW_PICTURE_PNG }, { "b.SVG", TRUE, LW_PICTURE_SVG },
    { "x.y.Pdf", TRUE, LW_PICTURE_PDF },  { "png", FALSE, 0 },
    { "a.jpeg", FALSE, 0 },               { "", FALSE, 0 },
    { "/svg.d/plain", FALSE, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      LwPictureType type;

      g_assert_cmpint (lw_picture_type_of_path (cases[i].path, &type), ==, cases[i].known);
      if (cases[i].known)
        g_assert_cmpint (type, ==, cases[i].type);
    }
  g_assert_cmpstr (lw_picture_type_ending (LW_PICTURE_PDF), ==, "pdf");
}

static void
test_write (void)
{
  g_autofree char   *path = g_build_filename (folder, "picture.png", NULL);
  g_autofree char   *nowhere = g_build_filename (folder, "none", "picture.png", NULL);
  g_autofree char   *text = NULL;
  g_autoptr (GBytes) old = g_bytes_new_static ("old and longer", 14);
  g_autoptr (GBytes) new = g_bytes_new_static ("new", 3);
  g_autoptr (GError) error = NULL;

  g_assert_true (lw_picture_write (path, old, &error));
  g_assert_true (lw_picture_write (path, new, &error));
  g_assert_no_error (error);
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_cmpstr (text, ==, "new");
  g_unlink (path);

  g_assert_false (lw_picture_write (nowhere, new, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "could not be saved"));
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("chart-export-XXXXXX", NULL);
  g_assert_nonnull (folder);

  g_test_add_func ("/chart-export/png", test_png);
  g_test_add_func ("/chart-export/svg", test_svg);
  g_test_add_func ("/chart-export/pdf", test_pdf);
  g_test_add_func ("/chart-export/surface", test_surface);
  g_test_add_func ("/chart-export/legend", test_legend);
  g_test_add_func ("/chart-export/types", test_types);
  g_test_add_func ("/chart-export/write", test_write);

  status = g_test_run ();
  g_rmdir (folder);
  g_free (folder);
  return status;
}
