#include "engine/io/keras_script_columns.h"

#include <string.h>

#include "engine/nn/summary.h"

#define LAST_START 64 /* comments begin no further right, where a line of code does not reach there */

static char *
format_axis (gint64 n)
{
  return n == LW_DIM_ANY ? g_strdup ("None") : lw_summary_format_count (n);
}

static char *
format_shape (const LwShape *shape, const LwScriptColumns *columns)
{
  GString *text = g_string_new (NULL);

  for (int i = 0; i < shape->rank; i++)
    {
      g_autofree char *axis = format_axis (shape->dims[i]);

      g_string_append_printf (text, "%s%*s", i > 0 ? " x " : "", (int) columns->axes[shape->rank][i], axis);
    }
  return g_string_free (text, FALSE);
}

static char *
format_parameters (const LwLayerInfo *info)
{
  const gint64 n = lw_layer_info_get_n_parameters (info);

  return n > 0 ? lw_summary_format_count (n) : g_strdup ("");
}

void
lw_script_columns_measure (const LwModelSpec *model, char *const *codes, LwScriptColumns *columns)
{
  const guint n = lw_model_spec_get_n_layers (model);

  *columns = (LwScriptColumns) { .start = 0 };
  for (guint i = 0; i < n; i++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, i);

      for (int axis = 0; info != NULL && axis < info->output.rank; axis++)
        {
          g_autofree char *text = format_axis (info->output.dims[axis]);
          glong           *width = &columns->axes[info->output.rank][axis];

          *width = MAX (*width, (glong) strlen (text));
        }
    }
  for (guint i = 0; i < n; i++)
    {
      const LwLayerInfo *info = lw_model_spec_get_info (model, i);
      const char        *line = strrchr (codes[i], '\n');
      const glong        width = g_utf8_strlen (line != NULL ? line + 1 : codes[i], -1) + 2;
      g_autofree char   *shape = NULL;
      g_autofree char   *parameters = NULL;

      if (info == NULL)
        continue;
      shape = format_shape (&info->output, columns);
      parameters = format_parameters (info);
      columns->shape = MAX (columns->shape, (glong) strlen (shape));
      columns->parameters = MAX (columns->parameters, (glong) strlen (parameters));
      if (width <= LAST_START)
        columns->start = MAX (columns->start, width);
    }
}

void
lw_script_columns_append (GString *text, const LwLayerInfo *info, const LwScriptColumns *columns)
{
  const char         *line = strrchr (text->str, '\n');
  const glong         width = g_utf8_strlen (line + 1, -1);
  g_autofree char    *shape = format_shape (&info->output, columns);
  g_autofree char    *parameters = format_parameters (info);
  g_autoptr (GString) comment = g_string_new (NULL);

  g_string_append_printf (comment, "# %*s", (int) columns->shape, shape);
  if (*parameters != '\0')
    g_string_append_printf (comment, "   %*s", (int) columns->parameters, parameters);
  g_string_append_printf (text, "%*s%s", (int) MAX (columns->start - width, 2), "", comment->str);
}
