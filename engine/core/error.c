#include "engine/core/error.h"

G_DEFINE_QUARK (lw-error-quark, lw_error)

#define MAX_NAMES 8

char *
lw_list_names (const char *const *names)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; names[i] != NULL && i < MAX_NAMES; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", names[i]);
  if (g_strv_length ((char **) names) > MAX_NAMES)
    g_string_append (text, ", …");
  return g_string_free (text, FALSE);
}
