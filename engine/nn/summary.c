#include "engine/nn/summary.h"

#include <glib/gi18n-lib.h>
#include <json-glib/json-glib.h>

char *
lw_summary_format_count (gint64 n)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "%" G_GINT64_FORMAT, n);
  for (gssize i = (gssize) text->len - 3; i > 0; i -= 3)
    g_string_insert_c (text, i, ',');
  return g_string_free (text, FALSE);
}

/* "(None, 26, 26, 32)" */
static char *
format_shape (const LwShape *shape)
{
  GString *text = g_string_new ("(None");

  for (int i = 0; i < shape->rank; i++)
    if (shape->dims[i] == LW_DIM_ANY)
      g_string_append (text, ", None");
    else
      g_string_append_printf (text, ", %" G_GINT64_FORMAT, shape->dims[i]);
  g_string_append_c (text, ')');
  return g_string_free (text, FALSE);
}

static gint64
count_trainable (const LwModelSpec *model)
{
  gint64 n = 0;

  for (guint i = 0; i < lw_model_spec_get_n_layers (model); i++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, i);

      for (guint w = 0; info != NULL && w < info->n_weights; w++)
        {
          gsize count = 0;

          if (info->weights[w].trainable && lw_shape_get_count (&info->weights[w].shape, &count))
            n += (gint64) count;
        }
    }
  return n;
}

#define N_COLUMNS 3

typedef struct {
  char *cells[N_COLUMNS];
} Row;

static void
row_clear (Row *row)
{
  for (int i = 0; i < N_COLUMNS; i++)
    g_free (row->cells[i]);
}

static void
append_cell (GString *text, const char *cell, glong width, gboolean at_right)
{
  const glong padding = width - g_utf8_strlen (cell, -1);

  if (!at_right)
    g_string_append (text, cell);
  for (glong i = 0; i < padding; i++)
    g_string_append_c (text, ' ');
  if (at_right)
    g_string_append (text, cell);
}

static void
append_rule (GString *text, glong width)
{
  for (glong i = 0; i < width; i++)
    g_string_append (text, "─");
  g_string_append_c (text, '\n');
}

static void
append_total (GString *text, const char *label, gint64 n)
{
  g_autofree char *count = lw_summary_format_count (n);
  g_autofree char *size = g_format_size_full ((guint64) n * 4, G_FORMAT_SIZE_IEC_UNITS);

  g_string_append_printf (text, "%s: %s (%s)\n", label, count, size);
}

char *
lw_model_spec_to_text (const LwModelSpec *model)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (Row));
  GString           *text = g_string_new (NULL);
  const LwFault     *fault = lw_model_spec_get_fault (model);
  const gint64       n_parameters = lw_model_spec_get_n_parameters (model);
  const gint64       n_trainable = count_trainable (model);
  glong              widths[N_COLUMNS] = { 0 };
  glong              width = 2 * (N_COLUMNS - 1);
  Row                row;

  g_array_set_clear_func (rows, (GDestroyNotify) row_clear);
  row = (Row) { { g_strdup (_("Layer (type)")), g_strdup (_("Output shape")),
                  g_strdup (_("Parameters")) } };
  g_array_append_val (rows, row);
  for (guint i = 0; i < lw_model_spec_get_n_layers (model); i++)
    {
      const LwSpec      *layer = lw_model_spec_get_layer (model, i);
      const LwLayerInfo *info = lw_model_spec_get_info (model, i);

      row.cells[0] = g_strdup_printf ("%s (%s)", lw_spec_get_name (layer),
                                      lw_spec_get_class (layer)->class_name);
      row.cells[1] = info != NULL ? format_shape (&info->output) : g_strdup ("?");
      row.cells[2] = info != NULL ? lw_summary_format_count (lw_layer_info_get_n_parameters (info))
                                  : g_strdup ("?");
      g_array_append_val (rows, row);
    }

  for (guint i = 0; i < rows->len; i++)
    for (int c = 0; c < N_COLUMNS; c++)
      widths[c] = MAX (widths[c], g_utf8_strlen (g_array_index (rows, Row, i).cells[c], -1));
  for (int c = 0; c < N_COLUMNS; c++)
    width += widths[c];

  g_string_append_printf (text, _("Model: %s"), lw_model_spec_get_name (model));
  g_string_append_c (text, '\n');
  append_rule (text, width);
  for (guint i = 0; i < rows->len; i++)
    {
      char **cells = g_array_index (rows, Row, i).cells;

      append_cell (text, cells[0], widths[0] + 2, FALSE);
      append_cell (text, cells[1], widths[1] + 2, FALSE);
      append_cell (text, cells[2], widths[2], TRUE);
      g_string_append_c (text, '\n');
      if (i == 0)
        append_rule (text, width);
    }
  append_rule (text, width);

  append_total (text, _("Total parameters"), n_parameters);
  append_total (text, _("Trainable parameters"), n_trainable);
  append_total (text, _("Other parameters"), n_parameters - n_trainable);
  if (fault != NULL)
    g_string_append_printf (text, "%s\n", fault->message);
  return g_string_free (text, FALSE);
}

static void
add_shape (JsonBuilder *json, const char *key, const LwShape *shape)
{
  json_builder_set_member_name (json, key);
  if (shape == NULL)
    {
      json_builder_add_null_value (json);
      return;
    }
  json_builder_begin_array (json);
  json_builder_add_null_value (json);
  for (int i = 0; i < shape->rank; i++)
    if (shape->dims[i] == LW_DIM_ANY)
      json_builder_add_null_value (json);
    else
      json_builder_add_int_value (json, shape->dims[i]);
  json_builder_end_array (json);
}

static void
add_string (JsonBuilder *json, const char *key, const char *value)
{
  json_builder_set_member_name (json, key);
  if (value != NULL)
    json_builder_add_string_value (json, value);
  else
    json_builder_add_null_value (json);
}

static void
add_int (JsonBuilder *json, const char *key, gint64 value)
{
  json_builder_set_member_name (json, key);
  json_builder_add_int_value (json, value);
}

char *
lw_model_spec_to_summary_json (const LwModelSpec *model)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autoptr (JsonNode)    root = NULL;
  const LwFault          *fault = lw_model_spec_get_fault (model);

  json_builder_begin_object (json);
  add_string (json, "name", lw_model_spec_get_name (model));
  add_shape (json, "input_shape", lw_model_spec_get_input (model));
  add_shape (json, "output_shape", lw_model_spec_get_output (model));
  json_builder_set_member_name (json, "layers");
  json_builder_begin_array (json);
  for (guint i = 0; i < lw_model_spec_get_n_layers (model); i++)
    {
      const LwSpec      *layer = lw_model_spec_get_layer (model, i);
      const LwLayerInfo *info = lw_model_spec_get_info (model, i);

      json_builder_begin_object (json);
      add_string (json, "name", lw_spec_get_name (layer));
      add_string (json, "class_name", lw_spec_get_class (layer)->class_name);
      add_shape (json, "output_shape", info != NULL ? &info->output : NULL);
      if (info != NULL)
        add_int (json, "parameters", lw_layer_info_get_n_parameters (info));
      else
        add_string (json, "parameters", NULL);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
  add_int (json, "parameters", lw_model_spec_get_n_parameters (model));
  add_int (json, "trainable_parameters", count_trainable (model));
  add_string (json, "fault", fault != NULL ? fault->message : NULL);
  json_builder_end_object (json);

  root = json_builder_get_root (json);
  return json_to_string (root, FALSE);
}
