#include "ui/code/code-style.h"

/* By dark, then high contrast. */
static const char *const names[2][2][LW_PYTHON_N_KINDS] = {
  { { [LW_PYTHON_KEYWORD] = "#a51d2d",
      [LW_PYTHON_STRING] = "#17693f",
      [LW_PYTHON_NUMBER] = "#813d9c",
      [LW_PYTHON_COMMENT] = "#5e5c64" },
    { [LW_PYTHON_KEYWORD] = "#7a0016",
      [LW_PYTHON_STRING] = "#004d2b",
      [LW_PYTHON_NUMBER] = "#5c1f78",
      [LW_PYTHON_COMMENT] = "#3d3846" } },
  { { [LW_PYTHON_KEYWORD] = "#ff8f94",
      [LW_PYTHON_STRING] = "#86d9a5",
      [LW_PYTHON_NUMBER] = "#dfa3e6",
      [LW_PYTHON_COMMENT] = "#b5b2ad" },
    { [LW_PYTHON_KEYWORD] = "#ffc2c5",
      [LW_PYTHON_STRING] = "#b6f2cb",
      [LW_PYTHON_NUMBER] = "#f3d0f6",
      [LW_PYTHON_COMMENT] = "#e6e4e1" } },
};

void
lw_code_style_get_colors (gboolean dark,
                          gboolean high_contrast,
                          GdkRGBA  colors[LW_PYTHON_N_KINDS])
{
  for (guint kind = 0; kind < LW_PYTHON_N_KINDS; kind++)
    gdk_rgba_parse (&colors[kind], names[!!dark][!!high_contrast][kind]);
}
