#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/charts/chart-private.h"
#include "ui/charts/chart-text.h"

/* The reading line: a vertical line, a dot on every curve, and a table of what they say there. */

#define MAX_COLUMNS 4
#define ROW_HEIGHT  21.0
#define PADDING     12.0
#define COLUMN_GAP  14.0
#define SWATCH      28.0
#define DISTANCE    14.0 /* of the table from the line */

typedef struct {
  char    *cells[MAX_COLUMNS];
  guint    slot;
  gboolean is_header;
  gboolean is_rest; /* says how many runs there is no room for */
} Row;

static void
row_clear (gpointer data)
{
  Row *row = data;

  for (int i = 0; i < MAX_COLUMNS; i++)
    g_free (row->cells[i]);
}

static gboolean
has_hover (const LwChart *chart)
{
  return isfinite (chart->hover_x) && chart->hover_x >= chart->x_min
         && chart->hover_x <= chart->x_max;
}

void
lw_chart_draw_hover (const LwChartCanvas *canvas)
{
  const LwChart *chart = canvas->chart;
  double         x;

  if (!has_hover (chart))
    return;

  x = floor (lw_chart_canvas_x (canvas, chart->hover_x)) + 0.5;
  lw_chart_set_source (canvas->cr,
                       canvas->style->foreground,
                       canvas->style->high_contrast ? 1 : 0.5);
  cairo_set_line_width (canvas->cr, canvas->scale);
  cairo_move_to (canvas->cr, x, canvas->area.y);
  cairo_rel_line_to (canvas->cr, 0, canvas->area.height);
  cairo_stroke (canvas->cr);

  /* Backwards: the runs of the first rows of the table lie on top. */
  for (guint i = chart->n_series; i-- > 0;)
    {
      const LwChartSeries *series = &chart->series[i];
      gsize                index;
      double               value, y;

      if (!lw_curve_find_nearest (series->curve, chart->x_unit, chart->hover_x, &index))
        continue;
      value = lw_curve_get_smoothed (series->curve, chart->metric, index);
      y = lw_chart_canvas_y (canvas, isfinite (value) ? value : 0);
      if (isfinite (value) && y >= canvas->area.y && y <= canvas->area.y + canvas->area.height)
        lw_chart_ringed_dot (canvas, series->slot, x, y);
    }
}

static char *
header_for_x (const LwChart *chart)
{
  g_autofree char *number = NULL;

  switch (chart->x_unit)
    {
    case LW_CHART_X_SECONDS:
      return lw_chart_format_time (chart->hover_x, 1);
    case LW_CHART_X_EPOCH:
      number = lw_chart_format_number (chart->hover_x, 2);
      return g_strdup_printf (_("Epoch %s"), number);
    case LW_CHART_X_STEP:
    default:
      number = lw_chart_format_count ((gint64) round (chart->hover_x));
      return g_strdup_printf (_("Step %s"), number);
    }
}

/* The name, the value that counts, for a batch also its own, and when. */
static int
n_columns (const LwChart *chart)
{
  return chart->metric == LW_CHART_RATE ? 3 : 4;
}

static void
fill_header (const LwChart *chart, Row *row)
{
  int column = 0;

  row->is_header = TRUE;
  row->cells[column++] = header_for_x (chart);
  if (chart->metric == LW_CHART_RATE)
    {
      row->cells[column++] = g_strdup (_("Rate"));
    }
  else
    {
      row->cells[column++] = g_strdup (_("Smoothed"));
      row->cells[column++] = g_strdup (_("Batch"));
    }
  row->cells[column] = g_strdup (chart->x_unit == LW_CHART_X_SECONDS ? _("Step") : _("Time"));
}

static void
fill_row (const LwChart *chart, const LwChartSeries *series, Row *row)
{
  const LwCurve *curve = series->curve;
  int            column = 0;
  gsize          index;

  row->slot = series->slot;
  row->cells[column++] = g_strdup (series->name);
  if (!lw_curve_find_nearest (curve, chart->x_unit, chart->hover_x, &index))
    {
      while (column < n_columns (chart))
        row->cells[column++] = g_strdup ("—");
      return;
    }
  row->cells[column++] = lw_chart_format_value (
      chart->metric, lw_curve_get_smoothed (curve, chart->metric, index), 4);
  if (chart->metric != LW_CHART_RATE)
    row->cells[column++] = lw_chart_format_value (
        chart->metric, lw_curve_get_value (curve, chart->metric, index), 4);
  if (chart->x_unit == LW_CHART_X_SECONDS)
    row->cells[column] = lw_chart_format_count (lw_curve_get_step (curve, index));
  else
    row->cells[column]
        = lw_chart_format_time (lw_curve_get_x (curve, index, LW_CHART_X_SECONDS), 1);
}

/* As many runs as the picture is high enough for. */
static GArray *
make_rows (const LwChart *chart, guint max_rows)
{
  GArray *rows = g_array_new (FALSE, TRUE, sizeof (Row));
  guint   room = MAX (max_rows, 3) - 1;
  guint   n_runs = chart->n_series <= room ? chart->n_series : room - 1;
  guint   n_left = chart->n_series - n_runs;

  g_array_set_clear_func (rows, row_clear);
  g_array_set_size (rows, n_runs + (n_left > 0 ? 2 : 1));
  fill_header (chart, &g_array_index (rows, Row, 0));
  for (guint i = 0; i < n_runs; i++)
    fill_row (chart, &chart->series[i], &g_array_index (rows, Row, i + 1));
  if (n_left > 0)
    {
      Row *rest = &g_array_index (rows, Row, n_runs + 1);

      rest->is_rest = TRUE;
      rest->cells[0] = g_strdup_printf (ngettext ("and %u more", "and %u more", n_left), n_left);
      for (int column = 1; column < n_columns (chart); column++)
        rest->cells[column] = g_strdup ("");
    }
  return rows;
}

static LwChartTextRole
cell_role (const Row *row, int column)
{
  if (row->is_header)
    return LW_CHART_CAPTION_BOLD;
  return column == 1 ? LW_CHART_BODY_SMALL_BOLD : LW_CHART_BODY_SMALL;
}

static double
cell_alpha (const LwChartCanvas *canvas, const Row *row, int column)
{
  if (column == 1 || (row->is_header && column == 0) || canvas->style->high_contrast)
    return 1;
  return row->is_header ? lw_chart_dim (canvas) : 0.85;
}

static void
draw_table_box (const LwChartCanvas *canvas, double x, double y, double width, double height)
{
  cairo_t *cr = canvas->cr;
  double   radius = 12 * canvas->scale;

  for (int i = 4; i >= 1; i--)
    {
      cairo_set_source_rgba (cr, 0, 0, 0, canvas->style->dark ? 0.07 : 0.025);
      lw_chart_rounded_rect (cr, x - i, y - i + 1.5, width + 2 * i, height + 2 * i, radius + i);
      cairo_fill (cr);
    }
  lw_chart_rounded_rect (cr, x, y, width, height, radius);
  lw_chart_set_source (cr, canvas->style->popover, 1);
  cairo_fill (cr);
  lw_chart_rounded_rect (cr, x + 0.5, y + 0.5, width - 1, height - 1, radius - 0.5);
  lw_chart_set_source (cr, canvas->style->foreground, canvas->style->high_contrast ? 0.8 : 0.18);
  cairo_set_line_width (cr, 1);
  cairo_stroke (cr);
}

void
lw_chart_draw_table (const LwChartCanvas *canvas)
{
  const LwChart     *chart = canvas->chart;
  double             scale = canvas->scale;
  double             widths[MAX_COLUMNS] = { 0 };
  double             padding = PADDING * scale;
  double             swatch = (SWATCH + 6) * scale;
  double             row_height = ROW_HEIGHT * scale;
  double             width = 2 * padding + 4 * scale;
  double             height, line, x, y;
  g_autoptr (GArray) rows = NULL;

  if (!has_hover (chart) || chart->n_series == 0)
    return;

  rows = make_rows (chart, (guint) MAX ((canvas->height - padding - 8) / row_height, 0));
  for (guint i = 0; i < rows->len; i++)
    for (int column = 0; column < n_columns (chart); column++)
      {
        const Row *row = &g_array_index (rows, Row, i);
        double     cell;

        lw_chart_text_size (canvas->cr,
                            canvas->style,
                            cell_role (row, column),
                            row->cells[column],
                            &cell,
                            NULL);
        if (column == 0 && !row->is_header && !row->is_rest)
          cell += swatch;
        widths[column] = MAX (widths[column], cell);
      }
  for (int column = 0; column < n_columns (chart); column++)
    width += widths[column] + (column > 0 ? COLUMN_GAP * scale : 0);
  width = ceil (width);
  height = ceil (rows->len * row_height + padding);

  /* To the right of the line, to its left when there is no room, and never out of the picture. */
  line = lw_chart_canvas_x (canvas, chart->hover_x);
  x = line + DISTANCE * scale;
  if (x + width > canvas->width - 4)
    x = line - DISTANCE * scale - width;
  x = round (CLAMP (x, 4, MAX (canvas->width - width - 4, 4)));
  y = round (MIN (canvas->area.y + 4 * scale, MAX (canvas->height - height - 4, 4)));
  draw_table_box (canvas, x, y, width, height);

  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = &g_array_index (rows, Row, i);
      double     middle = y + padding / 2 + (i + 0.5) * row_height;
      double     right = x + padding + 2 * scale;

      for (int column = 0; column < n_columns (chart); column++)
        {
          double left = right;

          right += widths[column];
          if (column == 0 && !row->is_header && !row->is_rest)
            {
              lw_chart_swatch (canvas->cr, canvas->style, row->slot, left, middle, SWATCH * scale);
              left += swatch;
            }
          lw_chart_set_source (canvas->cr, canvas->style->foreground, cell_alpha (canvas, row, column));
          lw_chart_text (canvas->cr,
                         canvas->style,
                         cell_role (row, column),
                         row->cells[column],
                         column == 0 ? left : right,
                         middle,
                         column == 0 ? 0 : 1,
                         0.5);
          right += COLUMN_GAP * scale;
        }
    }
}
